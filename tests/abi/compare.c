/* SPDX-License-Identifier: MIT */
/*
 * compare.c: the comparison of two tables, row by row.
 */
#include "abi.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

static bool same(const struct abi_row *a, const struct abi_row *b)
{
    if (a->value != b->value || a->width != b->width || strcmp(a->what, b->what) != 0)
        return false;
    return a->text && b->text ? strcmp(a->text, b->text) == 0 : a->text == b->text;
}

static void print_row(FILE *out, const char *whose, const struct abi_row *row)
{
    if (row->text)
        fprintf(out, "%s %s is \"%s\"", whose, row->name, row->text);
    else
        fprintf(out, "%s %s has %" PRIu64 " (%#" PRIx64 ") and %" PRIu64, whose, row->name,
                row->value, row->value, row->width);
}

unsigned int abi_compare(const struct abi_table *ours, const struct abi_table *theirs, FILE *out)
{
    unsigned int differences = 0;

    if (ours->count != theirs->count) {
        fprintf(out, "our table has %zu rows and Xen's %zu: they do not expand the same list\n",
                ours->count, theirs->count);
        return 1;
    }
    for (size_t i = 0; i < ours->count; i++) {
        if (same(&ours->rows[i], &theirs->rows[i]))
            continue;
        differences++;
        fprintf(out, "%s: ", ours->rows[i].what);
        print_row(out, "our", &ours->rows[i]);
        print_row(out, ", Xen's", &theirs->rows[i]);
        fputc('\n', out);
    }
    return differences;
}
