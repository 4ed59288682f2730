/* SPDX-License-Identifier: MIT */
/*
 * snapshot.c: states of a machine that can be gone back to: marks in the arena's journal.
 *
 * The journal is one of words, not of pages. A hypercall writes few words in many pages: frame
 * records, the domain, the entry. Where a word in each of 8 frames was touched, going back by words took
 * a thirtieth of the time that copying the pages out and back took (bench/snapshot.c).
 */
#include "hv/hv.h"

#include <stdlib.h>

struct xd_snapshot xd_snapshot(struct xd_hv *hv)
{
    struct xd_host *h = hv->host;

    if (h->snapshots == h->snapshots_cap) {
        h->snapshots_cap = h->snapshots_cap * 2 + 8;
        h->snapshot = xd_realloc(h->snapshot, h->snapshots_cap * sizeof(*h->snapshot));
    }
    h->snapshot[h->snapshots].nr = ++h->snapshots_made;
    h->snapshot[h->snapshots++].mark = xd_arena_mark(&h->arena);
    return (struct xd_snapshot){hv, h->arena.born_ns, h->snapshots_made};
}

/* Where (s) stands among those there are; -1 after saying that it does not. */
static int64_t find(struct xd_hv *hv, struct xd_snapshot s)
{
    const struct xd_host *h = hv->host;

    if (s.hv != hv || s.machine != h->arena.born_ns) {
        xd_hv_misuse(hv, XD_HOST_EINVAL, "snapshot %llu is one of another machine",
                     (unsigned long long)s.nr);
        return -1;
    }
    for (uint32_t i = h->snapshots; i-- > 0 && h->snapshot[i].nr >= s.nr;)
        if (h->snapshot[i].nr == s.nr)
            return i;
    xd_hv_misuse(hv, XD_HOST_EINVAL,
                 s.nr && s.nr <= h->snapshots_made
                     ? "snapshot %llu is gone: it was discarded, or an older one was restored"
                     : "snapshot %llu was never taken",
                 (unsigned long long)s.nr);
    return -1;
}

int xd_restore(struct xd_hv *hv, struct xd_snapshot s)
{
    struct xd_host *h = hv->host;
    int64_t at = find(hv, s);

    if (at < 0)
        return -XD_HOST_EINVAL;
    xd_arena_undo(&h->arena, h->snapshot[at].mark);
    h->snapshots = (uint32_t)at + 1;
    h->restored++;
    xd_clock_went_back(hv);
    return 0;
}

int xd_discard(struct xd_hv *hv, struct xd_snapshot s)
{
    struct xd_host *h = hv->host;
    int64_t at = find(hv, s);

    if (at < 0)
        return -XD_HOST_EINVAL;
    if (at + 1 < h->snapshots)
        return xd_hv_misuse(
            hv, XD_HOST_EINVAL,
            "snapshot %llu can't be discarded before snapshot %llu, which was taken later",
            (unsigned long long)s.nr, (unsigned long long)h->snapshot[h->snapshots - 1].nr);
    if (at == 0)
        xd_arena_forget(&h->arena);
    else
        xd_arena_merge(&h->arena, h->snapshot[at - 1].mark);
    h->snapshots--;
    return 0;
}
