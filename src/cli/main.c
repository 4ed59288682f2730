/* SPDX-License-Identifier: MIT */
/* main.c: finds the command. */
#define _GNU_SOURCE
#include "base/suggest.h"
#include "cli/cli.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const struct xd_command *const commands[] = {&xd_cmd_replay, &xd_cmd_fmt,  &xd_cmd_shrink,
                                                    &xd_cmd_fuzz,   &xd_cmd_emit, &xd_cmd_show,
                                                    &xd_cmd_oracle, &xd_cmd_list};

int xd_complain(const char *fmt, ...)
{
    va_list ap;

    fflush(stdout);
    fputs("xendouble: ", stderr);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    return XD_UNUSABLE;
}

int xd_usage(const struct xd_command *c, bool asked)
{
    if (asked) {
        fputs(c->usage, stdout);
        return xd_flush(XD_PASSED);
    }
    fprintf(stderr, "`xendouble %s --help` tells more.\n", c->name);
    return XD_UNUSABLE;
}

int xd_flush(int code)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    xd_complain("standard output can't be written");
    return code > XD_UNUSABLE ? code : XD_UNUSABLE;
}

static void help(FILE *to)
{
    fputs("usage: xendouble COMMAND [ARGUMENT...]\n\n"
          "A user-space double of the Xen PV hypervisor.\n\n",
          to);
    for (size_t i = 0; i < XD_ARRAY_SIZE(commands); i++)
        fprintf(to, "  %-8s %s\n", commands[i]->name, commands[i]->summary);
    fputs(
        "\n  `xendouble COMMAND --help` tells about one of them; --version prints the version.\n"
        "\nexit codes: 0 fine, 1 an expectation or check failed, 2 bad usage or input, 3 xendouble itself is wrong\n",
        to);
}

static const struct xd_command *find(const char *name)
{
    for (size_t i = 0; i < XD_ARRAY_SIZE(commands); i++)
        if (!strcmp(commands[i]->name, name))
            return commands[i];
    return NULL;
}

static int unknown(const char *name)
{
    struct xd_suggest near;

    xd_suggest_init(&near, name, strlen(name));
    for (size_t i = 0; i < XD_ARRAY_SIZE(commands); i++)
        xd_suggest_offer(&near, commands[i]->name);
    if (near.best)
        return xd_complain(
            "there is no command \"%s\" (did you mean %s?); `xendouble --help` lists them", name,
            near.best);
    return xd_complain("there is no command \"%s\"; `xendouble --help` lists them", name);
}

/*
 * The library ends the process when it finds itself wrong, or has no memory for its own
 * bookkeeping; both have said so. The second is told from the first by asking for some memory.
 */
static void on_abort(int signal_nr)
{
    /* mmap takes no lock of ours. NOLINTNEXTLINE(bugprone-signal-handler) */
    void *p = mmap(NULL, 64u << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)signal_nr;
    _exit(p == MAP_FAILED ? XD_UNUSABLE : XD_BROKEN);
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    char me[] = "xendouble"; /* what getopt begins its complaints with */
    const struct xd_command *c;

    signal(SIGABRT, on_abort);
    if (!strcmp(name, "--version") || !strcmp(name, "-V")) {
        puts("xendouble " XD_VERSION_STRING);
        return xd_flush(XD_PASSED);
    }
    if (!strcmp(name, "--help") || !strcmp(name, "-h") || (!strcmp(name, "help") && argc == 2)) {
        help(stdout);
        return xd_flush(XD_PASSED);
    }
    if (!*name) {
        help(stderr);
        return XD_UNUSABLE;
    }
    if (!strcmp(name, "help")) {
        c = find(argv[2]);
        return c ? xd_usage(c, true) : unknown(argv[2]);
    }
    if (*name == '-')
        return xd_complain(
            "unknown option \"%s\" (a command comes first); `xendouble --help` tells more", name);
    c = find(name);
    if (!c)
        return unknown(name);
    argv[1] = me;
    return c->run(argc - 1, argv + 1);
}
