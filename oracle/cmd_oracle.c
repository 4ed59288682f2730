/* SPDX-License-Identifier: MIT */
/*
 * cmd_oracle.c: runs scenarios on the real hypervisor and on the double, and compares what they did.
 *
 * The real run is a process of its own, xendouble-oracle; its first line says how the machine was laid out, and the double
 * is then laid out alike, so that the two texts are equal byte for byte or tell of a difference.
 */
#define _GNU_SOURCE
#include "witness.h"

#include "cli/cli.h"
#include "program/forms.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_MISSING 77
#define SHOWN        12u /* lines of a difference */

struct oracle {
    const char *qemu, *xen, *kernel, *runner;
    uint64_t programs, different, skipped, calls, refused;
    struct xd_paths files;
};

struct run {
    struct xd_witness *w; /* first: the witness finds itself here */
};

static void nobody_failed(void *ctx, const struct xd_failure *f)
{
    (void)ctx;
    (void)f;
}

static void nobody_told(void *ctx, const char *lines)
{
    (void)ctx;
    (void)lines;
}

/* NULL if real Xen can run it, else why not. */
static const char *unfit(const struct xd_program *p)
{
    if (p->domains != 1 || strcmp(xd_text_at(p, p->domain[0].name), "d0"))
        return "it has other domains than d0";
    for (uint32_t i = 1; i < p->steps; i++) {
        const struct xd_step *s = &p->step[i];

        switch (s->kind) {
        case XD_STEP_DOMAIN:
            if (xd_form_item(p, s, "vcpus"))
                return "its domain has several vCPUs";
            if (xd_form_item(p, s, "pages_max"))
                return "its domain has a limit of its own";
            break;
        case XD_STEP_CALL:
            if (xd_item_find(p, s->out, XD_KEY_BLOCKED))
                return "it blocks";
            if (s->call && !strcmp(s->call->name, "set_trap_table"))
                return "it takes the trap table that the oracle's kernel needs";
            if (s->op && !strcmp(s->op->name, "shutdown"))
                return "it shuts the domain down";
            break;
        case XD_STEP_ADVANCE:
        case XD_STEP_INJECT:
        case XD_STEP_CONSOLE_INPUT:
        case XD_STEP_VIRQ:
        case XD_STEP_DESTROY: return "it does what only the host of a double can do";
        }
    }
    return NULL;
}

/* The text of the real run. False after complaining. */
static bool run_real(const struct oracle *o, const char *path, struct xd_str *text)
{
    char buf[65536];
    int fd[2], status;
    ssize_t n;
    pid_t pid;

    if (pipe(fd))
        return xd_complain("no pipe can be made"), false;
    pid = fork();
    if (pid == 0) {
        dup2(fd[1], STDOUT_FILENO);
        close(fd[0]);
        close(fd[1]);
        execl(o->runner, o->runner, o->qemu, o->xen, o->kernel, path, (char *)NULL);
        _exit(127);
    }
    close(fd[1]);
    while (pid > 0 && (n = read(fd[0], buf, sizeof(buf))) > 0)
        xd_str_addn(text, buf, (size_t)n);
    close(fd[0]);
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status ||
        strncmp(xd_str_text(text), "place ", 6))
        return xd_complain("%s: Xen could not run it", path), false;
    return true;
}

/* Reads the place line; returns where the rest begins. The frames are to be freed. */
static const char *read_place(const char *text, struct xd_run_place *place, uint64_t **frames)
{
    char *at = NULL;
    uint64_t cap = 0;

    *place = (struct xd_run_place){0};
    *frames = NULL;
    place->kernel_pages = (uint32_t)strtoul(text + 6, &at, 10);
    place->frames = (uint32_t)strtoul(at, &at, 10);
    while (*at == ' ') {
        if (place->nr == cap)
            *frames = xd_realloc(*frames, (cap = cap ? 2 * cap : 4096) * sizeof(**frames));
        (*frames)[place->nr++] = strtoull(at, &at, 16);
    }
    place->frame = *frames;
    return *at ? at + 1 : at;
}

static void run_double(struct oracle *o, const struct xd_program *p,
                       const struct xd_run_place *place, struct xd_str *text)
{
    struct run run = {.w = xd_witness_new(text)};
    const struct xd_run_options opt = {.keep_going = true,
                                       .place = place,
                                       .watch = &xd_witness_watch,
                                       .ctx = &run,
                                       .failed = nobody_failed,
                                       .tell = nobody_told};
    struct xd_run_result result;
    uint64_t calls, refused;

    xd_program_run(p, &opt, &result);
    xd_witness_counts(run.w, &calls, &refused);
    o->calls += calls;
    o->refused += refused;
    xd_witness_free(run.w);
}

static size_t line_length(const char *s)
{
    const char *end = strchr(s, '\n');

    return end ? (size_t)(end - s) + 1 : strlen(s);
}

static void show(const char *who, const char *from, const char *block)
{
    unsigned int lines = 0;

    printf("  %s:\n", who);
    for (const char *s = block + line_length(block); *s == ' ' && lines < SHOWN;
         s += line_length(s))
        if (s + line_length(s) > from)
            lines++, printf("  %.*s", (int)line_length(s), s);
    if (!lines)
        puts("    (nothing)");
}

/* True: equal. Else shows the first step that went differently. */
static bool same(const char *path, const char *xen, const char *dbl)
{
    const char *block_x = xen, *block_d = dbl;

    while (*xen && *dbl) {
        size_t n = line_length(xen);

        if (*xen != ' ')
            block_x = xen, block_d = dbl;
        if (n != line_length(dbl) || memcmp(xen, dbl, n))
            break;
        xen += n;
        dbl += n;
    }
    if (!strcmp(xen, "end\n") && !*dbl)
        return true;
    if (!strncmp(xen, "died\n", 5)) {
        printf("%s: Xen's domain died before the program was over; the double went on\n", path);
        return false;
    }
    printf("%s:%.*s", path, (int)line_length(block_x), block_x);
    show("Xen", xen, block_x);
    show("double", dbl, block_d);
    return false;
}

static int compare(struct oracle *o, const char *path)
{
    struct xd_str real = {0}, dbl = {0};
    struct xd_run_place place;
    const char *why, *text;
    uint64_t *frames;
    char *error;
    struct xd_program *p = xd_load_program(path, &error);

    if (!p) {
        fputs(error, stderr);
        free(error);
        return XD_UNUSABLE;
    }
    why = unfit(p);
    if (why) {
        printf("%s: skipped: %s\n", path, why);
        o->skipped++;
        xd_program_free(p);
        return XD_PASSED;
    }
    o->programs++;
    if (!run_real(o, path, &real)) {
        xd_program_free(p);
        xd_str_free(&real);
        return XD_UNUSABLE;
    }
    text = read_place(xd_str_text(&real), &place, &frames);
    run_double(o, p, &place, &dbl);
    why = same(path, text, xd_str_text(&dbl)) ? NULL : "different";
    o->different += why != NULL;
    free(frames);
    xd_program_free(p);
    xd_str_free(&real);
    xd_str_free(&dbl);
    return why ? XD_FAILED : XD_PASSED;
}

/* ---- Options ---- */

static const char usage[] =
    "usage: xendouble oracle [OPTION...] FILE|DIR...\n\n"
    "Runs scenarios on the real Xen hypervisor, in QEMU, and on the double, and shows what went differently.\n\n"
    "  -q, --qemu PATH     qemu-system-x86_64 (or XENDOUBLE_QEMU)\n"
    "  -x, --xen PATH      the hypervisor, not compressed (or XENDOUBLE_XEN; else Debian's place in /boot)\n"
    "  -k, --kernel PATH   the oracle's kernel (or XENDOUBLE_ORACLE_KERNEL)\n"
    "  -r, --runner PATH   xendouble-oracle (or XENDOUBLE_ORACLE_RUNNER)\n\n"
    "Only scenarios with d0 alone, on one vCPU, can run; the others are named and skipped.\n"
    "exit codes: 0 no difference, 1 differences, 2 bad usage or input, 77 QEMU or Xen is missing\n";

const struct xd_command xd_cmd_oracle;

static const char *from_env(const char *option, const char *name, const char *otherwise)
{
    const char *value = getenv(name);

    return option ? option : value && *value ? value : otherwise;
}

static bool there(const char *what, const char *path, const char *how)
{
    if (path && access(path, R_OK) == 0)
        return true;
    xd_complain("%s is missing%s%s; %s", what, path ? ": " : "", path ? path : "", how);
    return false;
}

static bool complete(struct oracle *o)
{
    o->qemu = from_env(o->qemu, "XENDOUBLE_QEMU", "/usr/bin/qemu-system-x86_64");
    o->xen = from_env(o->xen, "XENDOUBLE_XEN", "/boot/xen-4.17-amd64");
    o->kernel = from_env(o->kernel, "XENDOUBLE_ORACLE_KERNEL", NULL);
    o->runner = from_env(o->runner, "XENDOUBLE_ORACLE_RUNNER", NULL);
    return there("QEMU", o->qemu, "on Debian: apt-get install qemu-system-x86") &&
           there(
               "the Xen hypervisor", o->xen,
               "on Debian: apt-get download xen-hypervisor-4.17-amd64; dpkg-deb -x xen-hypervisor-*.deb DIR; "
               "gunzip DIR/boot/xen-4.17-amd64.gz; then --xen DIR/boot/xen-4.17-amd64") &&
           there("the oracle's kernel", o->kernel,
                 "build with -Doracle=true and name it by --kernel") &&
           there("xendouble-oracle", o->runner, "build with -Doracle=true and name it by --runner");
}

static int command(int argc, char **argv)
{
    static const struct option options[] = {
        {"qemu", required_argument, NULL, 'q'},   {"xen", required_argument, NULL, 'x'},
        {"kernel", required_argument, NULL, 'k'}, {"runner", required_argument, NULL, 'r'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0}};
    struct oracle o = {0};
    int c, code = XD_PASSED;

    while ((c = getopt_long(argc, argv, "q:x:k:r:h", options, NULL)) != -1) {
        switch (c) {
        case 'q': o.qemu = optarg; break;
        case 'x': o.xen = optarg; break;
        case 'k': o.kernel = optarg; break;
        case 'r': o.runner = optarg; break;
        default: return xd_usage(&xd_cmd_oracle, c == 'h');
        }
    }
    if (optind == argc)
        return xd_complain(
            "oracle needs a scenario or a directory; `xendouble oracle --help` tells more");
    if (!complete(&o))
        return EXIT_MISSING;
    if (xd_find_scenarios(&o.files, argv + optind, argc - optind))
        return XD_UNUSABLE;
    for (size_t i = 0; i < o.files.nr; i++) {
        int got = compare(&o, o.files.path[i]);

        code = got > code ? got : code;
        fflush(stdout);
    }
    printf("%" PRIu64 " programs, %" PRIu64 " skipped, %" PRIu64 " calls, %" PRIu64
           " of them refused, %" PRIu64 " programs with differences\n",
           o.programs, o.skipped, o.calls, o.refused, o.different);
    xd_paths_free(&o.files);
    return xd_flush(code);
}

const struct xd_command xd_cmd_oracle = {"oracle", "compare with real Xen in QEMU", usage, command};
