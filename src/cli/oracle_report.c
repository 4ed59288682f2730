/* SPDX-License-Identifier: MIT */
/* oracle_report.c: what was compared, in sum and row by row. */
#include "cli/oracle.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PASSING_ONE_IN 20000u
#define UNFIT_ONE_IN   1000u
#define KNOWN_ONE_IN   500u
#define KNOWN_ANYHOW   3u /* a scenario about it, and others that meet it by chance */

uint64_t xd_oracle_passing_max(const struct xd_counts *c)
{
    return c->programs / PASSING_ONE_IN;
}

uint64_t xd_oracle_unfit_max(const struct xd_counts *c)
{
    return c->programs / UNFIT_ONE_IN;
}

uint64_t xd_oracle_known_max(const struct xd_counts *c)
{
    return KNOWN_ANYHOW + c->programs / KNOWN_ONE_IN;
}

static const char *plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

void xd_oracle_totals(const struct xd_oracle *o, const struct xd_counts *c, double seconds)
{
    const uint64_t answered = c->calls - c->left;
    size_t met = 0;

    for (size_t i = 1; i < XD_WHYS; i++)
        met += c->why[i] != 0;
    printf("%" PRIu64 " program%s", c->programs, plural(c->programs));
    if (o->programs)
        printf(" (seed 0x%" PRIx64 ")", o->seed);
    printf(", %" PRIu64 " call%s (%" PRIu64 ".%" PRIu64 " %% granted) and %" PRIu64
           " access%s compared, %" PRIu64 " of them refused",
           c->calls, plural(c->calls), answered ? c->granted * 100 / answered : 0,
           answered ? c->granted * 1000 / answered % 10 : 0, c->accesses,
           c->accesses == 1 ? "" : "es", c->refused);
    if (c->refused)
        printf(" for %zu reason%s", met, plural(met));
    printf("; %" PRIu64 " program%s differ%s\n", c->different, plural(c->different),
           c->different == 1 ? "s" : "");
    if (c->passing)
        printf("warning: %" PRIu64 " more differed once and not again: by chance%s\n", c->passing,
               c->passing > xd_oracle_passing_max(c) ? ", but that is too many for chance" : "");
    if (c->known)
        printf("%" PRIu64
               " more met a difference that docs/DIFFERENCES.md explains, and ended there%s\n",
               c->known, c->known > xd_oracle_known_max(c) ? ": too many" : "");
    if (c->guests)
        printf("%" PRIu64 " of the calls %s made in dom0, %" PRIu64 " in unprivileged domains\n",
               c->calls - c->guests, c->calls - c->guests == 1 ? "was" : "were", c->guests);
    if (c->left_out)
        printf("%" PRIu64 " step%s run on neither side: it was up to the heap who had a frame "
               "that %s named\n",
               c->left_out, c->left_out == 1 ? " was" : "s were", c->left_out == 1 ? "it" : "they");
    if (c->skipped)
        printf("%" PRIu64 " skipped%s\n", c->skipped, o->verbose ? "" : " (--verbose tells why)");
    if (c->unfit)
        printf("%" PRIu64 " generated program%s could not be run on real Xen%s\n", c->unfit,
               plural(c->unfit),
               c->unfit > xd_oracle_unfit_max(c) ? ", more than one in a thousand" : "");
    if (c->unusable)
        printf("%" PRIu64 " could not be compared\n", c->unusable);
    printf("%" PRIu64 " boot%s of Xen, %" PRIu64 " domain%s built again, %" PRIu64
           " ended by Xen; ",
           c->boots, plural(c->boots), c->rebuilds, plural(c->rebuilds), c->died);
    printf("%.1f s, %.1f programs and %.0f calls a second\n", seconds,
           (double)c->programs / seconds, (double)c->calls / seconds);
    if (c->refused && !o->report) {
        puts("refused:");
        xd_counts_print_reasons(c);
    }
}
