/* SPDX-License-Identifier: MIT */
/* bench.c: runs the measurements and prints the table. */
#define _GNU_SOURCE
#include "bench.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUND_NS   20e6 /* how long one round of either side takes, about */
#define ROUNDS_MAX 31

static double now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

struct xd_domain *bench_domain(uint32_t frames, uint32_t pages, bool privileged)
{
    struct xd_config c = XD_CONFIG_DEFAULT;
    struct xd_domain_config dc = XD_DOMAIN_CONFIG_DEFAULT;
    struct xd_domain *d = NULL;
    struct xd_hv *hv;

    c.frames = frames;
    c.domains_max = 1;
    dc.pages = pages;
    dc.privileged = privileged;
    dc.order = privileged ? XD_ORDER_DOM0 : XD_ORDER_DOMU;
    if (xd_hv_create(&hv, &c) || xd_domain_create(hv, &dc, &d)) {
        fprintf(stderr,
                "xendouble-bench: no machine of %u frames with a domain of %u pages can be made\n",
                frames, pages);
        exit(2);
    }
    return d;
}

void bench_store(struct xd_vcpu *v, uint64_t va, const void *data, size_t n)
{
    XD_ALWAYS(xd_copy_out(v, va, data, n));
}

static double time_of(void (*run)(void *, uint64_t), void *ctx, uint64_t n)
{
    double start = now_ns();

    run(ctx, n);
    return (now_ns() - start) / (double)n;
}

/* How many units fill a round. */
static uint64_t units(void (*run)(void *, uint64_t), void *ctx)
{
    uint64_t n = 1;

    while (time_of(run, ctx, n) * (double)n < ROUND_NS / 4 && n < UINT64_C(1) << 40)
        n *= 4;
    return n;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void measure(const struct bench *b)
{
    double op[ROUNDS_MAX], floor[ROUNDS_MAX], ratio[ROUNDS_MAX];
    void *ctx = b->setup(b);
    unsigned int rounds = b->rounds ? b->rounds : 9;
    uint64_t n = rounds == 1 ? 1 : units(b->run, ctx), nf = units(b->run_floor, ctx);

    for (unsigned int i = 0; i < rounds; i++) {
        floor[i] = time_of(b->run_floor, ctx, nf);
        op[i] = time_of(b->run, ctx, n);
        ratio[i] = op[i] / floor[i];
    }
    b->teardown(ctx);
    qsort(op, rounds, sizeof(op[0]), by_value);
    qsort(floor, rounds, sizeof(floor[0]), by_value);
    qsort(ratio, rounds, sizeof(ratio[0]), by_value);
    printf("%-44s %12.2f %12.2f %9.2f ", b->name, op[rounds / 2], floor[rounds / 2],
           ratio[rounds / 2]);
    if (b->target > 0)
        printf("%8.1f", b->target);
    else if (b->target < 0)
        printf("%5.0f ns", -b->target);
    else
        printf("%8s", "-");
    printf("  %s\n", b->floor);
    fflush(stdout);
}

static void usage(FILE *f)
{
    fputs(
        "usage: xendouble-bench [--list] [WORD...]\n\n"
        "Measures operations of xendouble against a floor that is run in the same turns, and prints the medians.\n"
        "With WORDs only those whose name contains one of them.\n\n"
        "  -l, --list   names only\n",
        f);
}

static bool wanted(const struct bench *b, char **words, int nr)
{
    for (int i = 0; i < nr; i++)
        if (strstr(b->name, words[i]))
            return true;
    return nr == 0;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"help", no_argument, NULL, 'h'}, {"list", no_argument, NULL, 'l'}, {0}};
    const struct bench *const all[] = {bench_calls,   bench_events,   bench_guest, bench_memory,
                                       bench_process, bench_snapshot, bench_traps};
    bool list = false;

    for (int c; (c = getopt_long(argc, argv, "hl", options, NULL)) != -1;) {
        if (c == 'l') {
            list = true;
        } else {
            usage(c == 'h' ? stdout : stderr);
            return c == 'h' ? 0 : 2;
        }
    }
    if (!list)
        printf("%-44s %12s %12s %9s %8s  %s\n", "operation, a unit", "ns", "floor ns", "ratio",
               "reach", "floor");
    for (size_t i = 0; i < XD_ARRAY_SIZE(all); i++)
        for (const struct bench *b = all[i]; b->name; b++) {
            if (!wanted(b, argv + optind, argc - optind))
                continue;
            if (list)
                puts(b->name);
            else
                measure(b);
        }
    return 0;
}
