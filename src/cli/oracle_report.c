/* SPDX-License-Identifier: MIT */
/* oracle_report.c: what was compared, in sum and row by row. */
#include "cli/oracle.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH          100u
#define PASSING_ONE_IN 20000u

void xd_oracle_add(struct xd_oracle_counts *sum, const struct xd_oracle_counts *more)
{
    uint64_t to[XD_ORACLE_NUMBERS], from[XD_ORACLE_NUMBERS];

    memcpy(to, sum, sizeof(to));
    memcpy(from, more, sizeof(from));
    for (size_t i = 0; i < XD_ORACLE_NUMBERS; i++)
        to[i] += from[i];
    memcpy(sum, to, sizeof(to));
}

/* ---- Rows: a name, and how often ---- */

struct row {
    uint64_t count;
    char name[64];
};

static int most_first(const void *a, const void *b)
{
    const struct row *x = a, *y = b;

    return x->count != y->count ? (x->count < y->count ? 1 : -1) : strcmp(x->name, y->name);
}

struct rows {
    struct row *row;
    size_t nr, never;
};

static void add(struct rows *rows, const char *group, const char *name, uint64_t count)
{
    struct row *r = &rows->row[rows->nr++];

    r->count = count;
    snprintf(r->name, sizeof(r->name), "%s%s%s", group, *group ? " " : "", name);
    rows->never += count == 0;
}

static struct rows reasons(const struct xd_oracle_counts *c)
{
    struct rows rows = {.row = xd_zalloc(XD_WHYS * sizeof(struct row))};

    for (int why = 1; why < XD_WHYS; why++) {
        char name[XD_WHY_NAME_MAX];

        add(&rows, "", xd_why_name((enum xd_why)why, name), c->why[why]);
    }
    qsort(rows.row, rows.nr, sizeof(*rows.row), most_first);
    return rows;
}

static struct rows calls(const struct xd_oracle_counts *c)
{
    struct rows rows = {.row = xd_zalloc((XD_CALLS + XD_ORACLE_OPS) * sizeof(struct row))};
    const struct xd_group *g;
    const struct xd_op *op;

    for (uint64_t nr = 0; nr < XD_CALLS; nr++)
        if (xd_call_at(nr))
            add(&rows, "", xd_call_at(nr)->name, c->call[nr]);
    for (unsigned int i = 0; (op = xd_oracle_op_at(i, &g)); i++) {
        XD_ALWAYS(i < XD_ORACLE_OPS);
        add(&rows, g->name, op->name, c->op[i]);
    }
    qsort(rows.row, rows.nr, sizeof(*rows.row), most_first);
    return rows;
}

/* Words of a list, in lines of WIDTH. */
struct list {
    size_t column;
    const char *margin;
};

static void item(struct list *l, const char *text)
{
    size_t n = strlen(text);

    if (l->column && l->column + n + 2 > WIDTH) {
        printf(",\n");
        l->column = 0;
    }
    l->column += (size_t)printf("%s%s", l->column ? ", " : l->margin, text);
}

uint64_t xd_oracle_passing_max(const struct xd_oracle_counts *c)
{
    return 1 + c->programs / (PASSING_ONE_IN + 1);
}

void xd_oracle_totals(const struct xd_oracle *o, const struct xd_oracle_counts *c, double seconds)
{
    struct list l = {.margin = "  "};
    struct rows why = reasons(c);

    printf("%" PRIu64 " program%s", c->programs, c->programs == 1 ? "" : "s");
    if (o->programs)
        printf(" (seed 0x%" PRIx64 ")", o->seed);
    printf(", %" PRIu64 " calls (%" PRIu64 ".%" PRIu64 " %% granted) and %" PRIu64
           " accesses compared, %" PRIu64 " of them refused",
           c->calls, c->calls ? c->granted * 100 / c->calls : 0,
           c->calls ? c->granted * 1000 / c->calls % 10 : 0, c->accesses, c->refused);
    if (c->refused)
        printf(" for %zu reasons", why.nr - why.never);
    printf("; %" PRIu64 " program%s differ%s\n", c->different, c->different == 1 ? "" : "s",
           c->different == 1 ? "s" : "");
    if (c->passing)
        printf("warning: %" PRIu64 " more differed once and not again: by chance%s\n", c->passing,
               c->passing > xd_oracle_passing_max(c) ? ", but that is too many for chance" : "");
    if (c->known)
        printf("%" PRIu64
               " more met a difference that docs/DIFFERENCES.md explains, and ended there\n",
               c->known);
    if (c->guests)
        printf("%" PRIu64 " of the calls were made in dom0, %" PRIu64 " in unprivileged domains\n",
               c->calls - c->guests, c->guests);
    if (c->left_out)
        printf("%" PRIu64 " steps were run on neither side: it was up to the heap who had a frame "
               "that they named\n",
               c->left_out);
    if (c->skipped)
        printf("%" PRIu64 " skipped%s\n", c->skipped, o->verbose ? "" : " (--verbose tells why)");
    if (c->unfit)
        printf("%" PRIu64 " generated program%s could not be run on real Xen\n", c->unfit,
               c->unfit == 1 ? "" : "s");
    if (c->unusable)
        printf("%" PRIu64 " could not be compared\n", c->unusable);
    printf("%" PRIu64 " boot%s of Xen, %" PRIu64 " domain%s built again, %" PRIu64
           " ended by Xen; ",
           c->boots, c->boots == 1 ? "" : "s", c->rebuilds, c->rebuilds == 1 ? "" : "s", c->died);
    printf("%.1f s, %.1f programs and %.0f calls a second\n", seconds,
           (double)c->programs / seconds, (double)c->calls / seconds);
    if (c->refused && !o->report) {
        puts("refused:");
        for (size_t i = 0; i < why.nr && why.row[i].count; i++) {
            char text[96];

            snprintf(text, sizeof(text), "%" PRIu64 " %s", why.row[i].count, why.row[i].name);
            item(&l, text);
        }
        putchar('\n');
    }
    free(why.row);
}

static void table(const char *title, const char *done, struct rows rows)
{
    struct list l = {.margin = "  "};

    printf("\n%s: %zu of %zu %s\n", title, rows.nr - rows.never, rows.nr, done);
    for (size_t i = 0; i < rows.nr && rows.row[i].count; i++)
        printf("  %10" PRIu64 " %s\n", rows.row[i].count, rows.row[i].name);
    if (rows.never) {
        printf("%s never %s:\n", title, done);
        for (size_t i = rows.nr - rows.never; i < rows.nr; i++)
            item(&l, rows.row[i].name);
        putchar('\n');
    }
    free(rows.row);
}

void xd_oracle_report(const struct xd_oracle_counts *c, const char *done)
{
    table("reasons", done, reasons(c));
    table("calls and operations", done, calls(c));
}
