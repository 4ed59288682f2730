/* SPDX-License-Identifier: MIT */
/* suggest.c: edit distance over short names; letters that differ in case only cost nothing much. */
#include "base/suggest.h"

#include <string.h>

#define LONGEST 48

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static unsigned int min3(unsigned int a, unsigned int b, unsigned int c)
{
    a = a < b ? a : b;
    return a < c ? a : c;
}

static unsigned int distance(const char *a, size_t na, const char *b, size_t nb)
{
    unsigned int row[LONGEST + 1];

    for (unsigned int j = 0; j <= nb; j++)
        row[j] = j;
    for (unsigned int i = 1; i <= na; i++) {
        unsigned int diagonal = row[0];

        row[0] = i;
        for (unsigned int j = 1; j <= nb; j++) {
            unsigned int above = row[j];

            row[j] =
                min3(above + 1, row[j - 1] + 1, diagonal + (lower(a[i - 1]) != lower(b[j - 1])));
            diagonal = above;
        }
    }
    return row[nb];
}

void xd_suggest_init(struct xd_suggest *s, const char *wanted, size_t len)
{
    *s = (struct xd_suggest){.wanted = wanted, .len = len, .distance = (unsigned int)(len / 3 + 2)};
}

void xd_suggest_offer(struct xd_suggest *s, const char *name)
{
    size_t n = strlen(name);
    unsigned int d;

    if (s->len == 0 || s->len > LONGEST || n > LONGEST)
        return;
    d = distance(s->wanted, s->len, name, n);
    if (d < s->distance && d < n) {
        s->distance = d;
        s->best = name;
    }
}
