/* SPDX-License-Identifier: MIT */
/*
 * run.c: runs one program on the real hypervisor and writes down what it did: the other half of `xendouble oracle`.
 *
 *   xendouble-oracle QEMU XEN KERNEL FILE
 *
 * First the line "place KERNEL-PAGES MACHINE-FRAMES FRAME...", then what witness.h says, then "end" or "died".
 */
#include "real.h"
#include "witness.h"

#include "program/runner.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define SOURCE_MAX (4u << 20)

struct run {
    struct xd_witness *w; /* first: the witness finds itself here */
    bool unusable;
};

static void failed(void *ctx, const struct xd_failure *f)
{
    struct run *run = ctx;

    if (f->verdict == XD_UNUSABLE) {
        fprintf(stderr, "line %u: %s", f->line, f->details);
        run->unusable = true;
    }
}

static void tell(void *ctx, const char *lines)
{
    (void)ctx;
    (void)lines;
}

int main(int argc, char **argv)
{
    struct xd_str out = {0};
    struct run run = {0};
    struct xd_run_options opt = {.keep_going = true,
                                 .watch = &xd_witness_watch,
                                 .ctx = &run,
                                 .failed = failed,
                                 .tell = tell};
    struct xd_run_result result;
    struct xd_program *p;
    char *text = xd_zalloc(SOURCE_MAX), *error = NULL;
    size_t n;
    FILE *f;

    if (argc != 5) {
        fputs("usage: xendouble-oracle QEMU XEN KERNEL FILE\n", stderr);
        return XD_UNUSABLE;
    }
    f = fopen(argv[4], "r");
    if (!f) {
        perror(argv[4]);
        return XD_UNUSABLE;
    }
    n = fread(text, 1, SOURCE_MAX, f);
    fclose(f);
    p = xd_program_parse(argv[4], text, n, &error);
    if (!p) {
        fputs(error, stderr);
        return XD_UNUSABLE;
    }
    xd_real_config.qemu = argv[1];
    xd_real_config.xen = argv[2];
    xd_real_config.kernel = argv[3];
    run.w = xd_witness_new(&out);
    xd_program_run(p, &opt, &result);
    if (run.unusable)
        return XD_UNUSABLE;
    xd_real_print_place(stdout);
    fputs(xd_str_text(&out), stdout);
    puts(xd_real_died() ? "died" : "end");
    xd_witness_free(run.w);
    xd_str_free(&out);
    xd_program_free(p);
    free(text);
    return fflush(stdout) ? XD_UNUSABLE : XD_PASSED;
}
