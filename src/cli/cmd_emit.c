/* SPDX-License-Identifier: MIT */
/* cmd_emit.c: writes a scenario as a test in C. */
#define _GNU_SOURCE
#include "cli/cli.h"

#include "base/file.h"
#include "program/emit.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

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

static int emit(const char *path, const char *output)
{
    struct xd_str text = {0};
    int code = XD_UNUSABLE;
    char *error = NULL;
    struct xd_program *p = xd_load_program(path, &error);

    if (p && xd_program_emit_c(p, &text, &error))
        code = write_out(output, &text);
    else
        fprintf(stderr, "%s%s", error, xd_ends_in(error, "\n") ? "" : "\n");
    free(error);
    if (p)
        xd_program_free(p);
    xd_str_free(&text);
    return code;
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
    return xd_flush(emit(argv[optind], output));
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
        "The scenario is run once, so that the sizes of its domains are known. Lists of calls that sleep in the middle,\n"
        "lists in lists and of more than 512 entries, what an argument of an entry points at, divisions by what is no\n"
        "plain number, a size= that is none, and what recordings say of linked code's memory, can't be written in C; then\n"
        "the line is named. Names of the scenario have x_ before them, captured ones got_.\n"
        "In the end it destroys all domains and checks that nothing is left. What else `xendouble fuzz` asks beside the\n"
        "audit is not asked there: what guests can reach, what refused calls changed, who makes calls, and digests.\n\n"
        "  -o, --output FILE   write there; else to standard output\n\n"
        "exit codes: 0 fine, 2 bad usage or a scenario that can't be read, run or written in C\n",
};
