/* SPDX-License-Identifier: MIT */
/* rights.c: see rights.h. */
#include "hv/rights.h"

#include <stddef.h>
#include <string.h>

/* The first range that ends at (n) or behind it. */
static uint32_t find(const struct xd_rights *r, uint64_t n)
{
    uint32_t from = 0, to = r->nr;

    while (from < to) {
        const uint32_t half = from + (to - from) / 2;

        if (r->range[half].last < n)
            from = half + 1;
        else
            to = half;
    }
    return from;
}

bool xd_rights_hold(const struct xd_rights *r, uint64_t first, uint64_t last)
{
    const uint32_t at = find(r, last);

    return at < r->nr && first >= r->range[at].first && last <= r->range[at].last;
}

/* Puts (n) ranges in the place of (gone) ones. What lies behind the last range is unused, and 0. */
static bool replace(struct xd_hv *hv, struct xd_rights *r, uint32_t at, uint32_t gone,
                    const struct xd_range *with, uint32_t n)
{
    const uint32_t behind = r->nr - at - gone, nr = r->nr - gone + n,
                   touched = (nr > r->nr ? nr : r->nr) - at;

    if (nr > XD_RIGHTS)
        return false;
    xd_arena_touch(xd_arena_of(hv), &r->range[at], touched * sizeof(r->range[0]));
    memmove(&r->range[at + n], &r->range[at + gone], behind * sizeof(r->range[0]));
    for (uint32_t i = 0; i < n; i++)
        r->range[at + i] = with[i];
    if (nr < r->nr)
        memset(&r->range[nr], 0, (r->nr - nr) * sizeof(r->range[0]));
    XD_PUT(hv, r->nr, nr);
    return true;
}

/* Neighbours become one range. The lowest and the highest number have none beyond them. */
static bool add(struct xd_hv *hv, struct xd_rights *r, struct xd_range more)
{
    const uint32_t at = find(r, more.first ? more.first - 1 : 0);
    uint32_t end = at;

    while (end < r->nr &&
           (r->range[end].first <= more.last || r->range[end].first - 1 == more.last))
        end++;
    if (end > at) {
        more.first = r->range[at].first < more.first ? r->range[at].first : more.first;
        more.last = r->range[end - 1].last > more.last ? r->range[end - 1].last : more.last;
    }
    return replace(hv, r, at, end - at, &more, 1);
}

static bool cut(struct xd_hv *hv, struct xd_rights *r, struct xd_range less)
{
    const uint32_t at = find(r, less.first);
    struct xd_range left[2];
    uint32_t end = at, n = 0;

    while (end < r->nr && r->range[end].first <= less.last)
        end++;
    if (end == at)
        return true;
    if (r->range[at].first < less.first)
        left[n++] = (struct xd_range){r->range[at].first, less.first - 1};
    if (r->range[end - 1].last > less.last)
        left[n++] = (struct xd_range){less.last + 1, r->range[end - 1].last};
    return replace(hv, r, at, end - at, left, n);
}

bool xd_rights_change(struct xd_hv *hv, struct xd_rights *r, uint64_t first, uint64_t last,
                      bool allow)
{
    const struct xd_range range = {first, last};

    return allow ? add(hv, r, range) : cut(hv, r, range);
}

void xd_rights_forget(struct xd_hv *hv, struct xd_rights *r)
{
    xd_arena_zero(xd_arena_of(hv), r, offsetof(struct xd_rights, range[r->nr]));
}
