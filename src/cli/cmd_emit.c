/* SPDX-License-Identifier: MIT */
/* cmd_emit.c: writes a scenario as a test in C. */
#define _GNU_SOURCE
#include "cli/cli.h"

#include "base/file.h"
#include "fuzz/judge.h"
#include "program/emit.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define PATIENCE_S 60u /* of processor time, for running the scenario */

static int write_out(const char *path, const struct xd_str *text)
{
    int err;

    if (!path) {
        fputs(xd_str_text(text), stdout);
        return XD_PASSED;
    }
    err = xd_file_write(path, xd_str_text(text), text->len);
    return err ? xd_complain("%s: %s", path, xd_file_error(err)) : XD_PASSED;
}

/* A scenario may show that xendouble is wrong by ending the process that runs it. */
struct attempt {
    const struct xd_program *p;
    const char *output;
    const struct xd_emit_progress *end;         /* what ended the process before; or NULL */
    volatile struct xd_emit_progress *progress; /* seen by both processes */
};

static int emit(void *ctx)
{
    const struct attempt *a = ctx;
    struct xd_str text = {0};
    int code = XD_UNUSABLE;
    char *error = NULL;

    if (xd_program_emit_c(a->p, a->end, a->progress, &text, &error))
        code = write_out(a->output, &text);
    else
        (void)fprintf(stderr, "%s%s", error, xd_ends_in(error, "\n") ? "" : "\n");
    free(error);
    xd_str_free(&text);
    return xd_flush(code);
}

static void tell_end(const struct xd_program *p, uint32_t at, const struct xd_str *said)
{
    const char *bug = xd_complaint_line(xd_str_text(said));
    struct xd_str step = {0};

    xd_step_print(p, at, &step);
    (void)fprintf(
        stderr,
        "%s:%u: %s\n  xendouble is wrong: this step ends the process, and the test with it\n",
        p->file, p->step[at].line, xd_str_text(&step));
    if (*bug)
        (void)fprintf(stderr, "  %.*s\n", (int)strcspn(bug, "\n"), bug);
    xd_str_free(&step);
}

static bool ended_itself(int code)
{
    return code == XD_PASSED || code == XD_UNUSABLE;
}

/* Somebody else ended it: that is no fault of a step. */
static bool ended_by_others(int code)
{
    return xd_patience_lost(code) || code == 128 + SIGKILL || code == 128 + SIGTERM ||
           code == 128 + SIGINT || code == 128 + SIGPIPE;
}

static int tell_others(const struct xd_program *p, const struct xd_emit_progress *at, int code)
{
    const unsigned int line = at->step < p->steps ? p->step[at->step].line : 0;

    if (code == 128 + SIGPIPE) /* nobody reads on: that ends us, too, as it ends all commands */
        (void)raise(SIGPIPE);
    if (xd_patience_lost(code))
        return xd_complain(
            "%s:%u: the run was not done after %u s of processor time; fewer steps or "
            "smaller lists take less",
            p->file, line, PATIENCE_S);
    return xd_complain("%s:%u: the run was ended by signal %d (%s) from outside%s", p->file, line,
                       code - 128, strsignal(code - 128),
                       code == 128 + SIGKILL ? "; the host may be short of memory" : "");
}

static int emit_apart(const struct xd_program *p, const char *output)
{
    struct attempt a = {.p = p, .output = output};
    struct xd_str said = {0};
    struct xd_emit_progress end;
    int code;

    a.progress =
        mmap(NULL, sizeof(*a.progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (a.progress == MAP_FAILED)
        return xd_complain("the host has no memory");
    code = xd_in_child(emit, &a, PATIENCE_S, &said);
    end = *a.progress;
    if (code >= 0 && !ended_itself(code) && !ended_by_others(code) && end.step &&
        end.step < p->steps) {
        tell_end(p, end.step, &said);
        xd_str_clear(&said);
        a.end = &end;
        code = xd_in_child(emit, &a, PATIENCE_S, &said);
    }
    fputs(xd_str_text(&said), stderr);
    if (code < 0)
        code = xd_complain("a process can't be started: %s", strerror(errno));
    else if (ended_by_others(code))
        code = tell_others(p, &end, code);
    else if (!ended_itself(code))
        code = XD_BROKEN;
    munmap((void *)(uintptr_t)a.progress, sizeof(*a.progress));
    xd_str_free(&said);
    return code;
}

static int emit_file(const char *path, const char *output)
{
    char *error = NULL;
    struct xd_program *p = xd_load_program(path, &error);
    int code;

    if (!p) {
        (void)fprintf(stderr, "%s%s", error, xd_ends_in(error, "\n") ? "" : "\n");
        free(error);
        return XD_UNUSABLE;
    }
    code = emit_apart(p, output);
    xd_program_free(p);
    return code;
}

static bool is_one_file(const char *a, const char *b)
{
    struct stat x, y;

    return stat(a, &x) == 0 && stat(b, &y) == 0 && S_ISREG(x.st_mode) && x.st_dev == y.st_dev &&
           x.st_ino == y.st_ino;
}

static int emit_c(int argc, char **argv)
{
    static const struct option longs[] = {{"output", required_argument, NULL, 'o'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    const char *output = NULL;
    int o;

    while ((o = getopt_long(argc, argv, "o:h", longs, NULL)) != -1) {
        if (o != 'o')
            return xd_usage(&xd_cmd_emit, o == 'h');
        output = optarg;
    }
    if (optind + 1 != argc) {
        xd_complain("emit-c: which scenario? One at a time");
        return xd_usage(&xd_cmd_emit, false);
    }
    if (output && is_one_file(argv[optind], output))
        return xd_complain("--output: %s: that is the scenario itself, which would be lost",
                           output);
    return xd_flush(emit_file(argv[optind], output));
}

const struct xd_command xd_cmd_emit = {
    .name = "emit-c",
    .summary = "write a scenario as a test in C",
    .run = emit_c,
    .usage =
        "usage: xendouble emit-c [-o OUTPUT] FILE\n\n"
        "Writes a stand-alone C program with one libcheck test that does what the scenario does, and fails at the same\n"
        "line, with the same values, where the scenario fails. It includes <xendouble/scenario.h> alone:\n\n"
        "    xendouble emit-c -o test.c lost-pin.xds && cc test.c $(pkg-config --cflags --libs xendouble check)\n\n"
        "The scenario is run once, and what is written is what happened then. A call with no form in C of its own (a list that\n"
        "sleeps or holds lists, arg= beside fields) is written as the memory that it put down and its words; a step that could\n"
        "do nothing fails the test with what was said of it. A scenario is refused, with the line, if it can't be run: a\n"
        "machine or domain that can't be, a recording that is not whole. Names of the scenario have x_ before them, captured\n"
        "ones got_.\n"
        "Where the scenario ends the process, because xendouble is wrong, the test ends with that step, as its process does.\n"
        "After each step the test asks all oracles that `xendouble fuzz` asks; in the end it destroys all domains and\n"
        "checks that nothing is left; it does all that twice, and compares digests. So it fails too where `fuzz` complains.\n\n"
        "  -o, --output FILE   write there; else to standard output\n\n"
        "exit codes: 0 the test is written, 2 bad usage or a scenario that can't be read or run, 3 the scenario\n"
        "ends the process and no step of it can be blamed\n",
};
