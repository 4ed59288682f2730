/* SPDX-License-Identifier: MIT */
/*
 * frame.c: where frames come from and where they go.
 *
 * The heap hands frames out in the order of a seeded permutation, so that neighbours in
 * pseudo-physical memory are not neighbours in machine memory and a guest that mixes pfns with mfns
 * is found out. Freed frames are taken first, those that Xen would have to clear last. Aligned runs of
 * frames are looked for upwards from where the last one ended; what is fresh of them is passed over when its
 * turn in the permutation comes.
 */
#include "hv/frame.h"

#include "base/rng.h"

#include <string.h>

#define DEBUG_PATTERN 0xc2

/* The next of the frames that the heap hands out, which may have gone in a run. */
static bool next_fresh(struct xd_hv *hv, xd_mfn *mfn)
{
    const struct xd_host *host = hv->host;
    uint32_t heap = hv->frames - hv->heap_first, named = hv->heap_taken - host->place_first,
             spare = hv->heap_taken - host->placed;

    if (hv->heap_taken >= heap)
        return false;
    if (!host->place)
        *mfn = xd_mfn_of(hv->heap_first + xd_rng_permute(hv->config.seed, heap, hv->heap_taken));
    else if (named < host->places)
        *mfn = xd_mfn_of(host->place[named]);
    else if (spare < host->spares)
        *mfn = xd_mfn_of(host->spare[spare]);
    else
        return false;
    XD_PUT(hv, hv->heap_taken, hv->heap_taken + 1);
    return true;
}

/* A frame that was never handed out. */
static bool fresh(struct xd_hv *hv, xd_mfn *mfn)
{
    while (next_fresh(hv, mfn)) {
        if (XD_LIKELY(!hv->heap_early) || !xd_frame_ever_used(hv, *mfn))
            return true;
        XD_PUT(hv, hv->heap_early, hv->heap_early - 1);
    }
    return false;
}

static void list_push(struct xd_hv *hv, uint32_t *list, xd_mfn mfn)
{
    XD_PUT(hv, *xd_frame_at(hv, mfn),
           ((struct xd_frame){.owner = XD_DOMID_NONE, .type_count = *list}));
    XD_PUT(hv, *list, (uint32_t)mfn.v);
}

enum contents { AS_IT_IS, SCRUBBED, ZERO };

/* AS-XEN: scrub_one_page: a debug build leaves a pattern, lest a guest rely on zeros. */
static void fill(struct xd_hv *hv, xd_mfn mfn, enum contents contents)
{
    const int byte = contents == SCRUBBED && xd_is_debug_build(hv) ? DEBUG_PATTERN : 0;

    if (contents == AS_IT_IS)
        return;
    xd_arena_touch(xd_arena_of(hv), xd_frame_words(hv, mfn), XD_PAGE_SIZE);
    memset(xd_frame_words(hv, mfn), byte, XD_PAGE_SIZE);
}

/* Likewise of a frame that nobody has had: Xen scrubs all of them after it has booted, and here they are 0. */
static void fill_fresh(struct xd_hv *hv, xd_mfn mfn, bool clean)
{
    if (!clean && XD_UNLIKELY(xd_is_debug_build(hv)))
        fill(hv, mfn, SCRUBBED);
}

/* Takes the frame that (*link) names off its list. */
static xd_mfn list_unlink(struct xd_hv *hv, uint32_t *link, enum contents contents)
{
    xd_mfn mfn = xd_mfn_of(*link);

    XD_PUT(hv, *link, xd_frame_at(hv, mfn)->type_count);
    if (hv->host->watcher) /* AS-XEN: alloc_heap_pages: no stale translation outlives this */
        hv->host->watcher->reused(hv, mfn);
    fill(hv, mfn, contents);
    return mfn;
}

/* The first of the list that lies below (below). */
static bool list_take(struct xd_hv *hv, uint32_t *list, enum contents contents, uint64_t below,
                      xd_mfn *mfn)
{
    while (*list && *list >= below)
        list = &xd_frame_at(hv, xd_mfn_of(*list))->type_count;
    if (!*list)
        return false;
    *mfn = list_unlink(hv, list, contents);
    return true;
}

/*
 * What was given back last goes first, what is yet to be cleared last: as in Xen's lists of single frames (get_free_buddy),
 * where what lies between depends on how its heap is split.
 */
static bool take_one(struct xd_hv *hv, bool clean, uint64_t below, xd_mfn *mfn)
{
    bool found = list_take(hv, &hv->free_list, clean ? ZERO : AS_IT_IS, below, mfn);

    while (!found && below > hv->heap_first && fresh(hv, mfn)) {
        found = mfn->v < below;
        fill_fresh(hv, *mfn, clean && found);
        if (!found)
            list_push(hv, &hv->free_list, *mfn);
    }
    return found || list_take(hv, &hv->scrub_list, clean ? ZERO : SCRUBBED, below, mfn);
}

/* ---- Runs ---- */

/* Frames that the host names are handed out one by one, so that it can name them. */
static bool can_run(struct xd_hv *hv, uint64_t mfn)
{
    const struct xd_frame *f = &hv->frame[mfn];

    return xd_frame_is_free(f) && (!hv->host->place || xd_frame_ever_used(hv, xd_mfn_of(mfn)));
}

/* The first run of (nr) that begins in [from, to). */
static bool run_find(struct xd_hv *hv, uint64_t from, uint64_t to, uint64_t nr, uint64_t *first)
{
    for (uint64_t at = (from + nr - 1) & ~(nr - 1), n; at < to; at += nr) {
        for (n = 0; n < nr && at + n < hv->frames && can_run(hv, at + n);)
            n++;
        *first = at;
        if (n == nr)
            return true;
    }
    return false;
}

/* Takes what lies in the run off its list. */
static void list_take_run(struct xd_hv *hv, uint32_t *list, enum contents contents, uint64_t first,
                          uint64_t nr)
{
    while (*list)
        if (*list - first < nr)
            list_unlink(hv, list, contents);
        else
            list = &xd_frame_at(hv, xd_mfn_of(*list))->type_count;
}

/* AS-XEN: alloc_heap_pages: a run begins at a multiple of its size. */
static bool take_run(struct xd_hv *hv, uint64_t nr, uint64_t below, xd_mfn *mfn)
{
    uint64_t end = below < hv->frames ? below : hv->frames,
             next = hv->heap_next < hv->heap_first ? hv->heap_first : hv->heap_next, first;
    uint32_t early = 0;

    if (nr > end)
        return false;
    end -= nr - 1; /* the last place where one may begin, plus 1 */
    if (!run_find(hv, next, end, nr, &first) &&
        !run_find(hv, hv->heap_first, next < end ? next : end, nr, &first))
        return false;
    for (uint64_t i = 0; i < nr; i++)
        if (!xd_frame_ever_used(hv, xd_mfn_of(first + i))) {
            fill_fresh(hv, xd_mfn_of(first + i), false);
            early++;
        }
    if (early < nr) {
        list_take_run(hv, &hv->free_list, AS_IT_IS, first, nr);
        list_take_run(hv, &hv->scrub_list, SCRUBBED, first, nr);
    }
    XD_PUT(hv, hv->heap_early, hv->heap_early + early);
    XD_PUT(hv, hv->heap_next, (uint32_t)(first + nr));
    *mfn = xd_mfn_of(first);
    return true;
}

/* ---- The heap ---- */

/* For whom (claim) pages are set aside. AS-XEN: alloc_heap_pages: what is claimed counts as used, but for who may take all
 * of a request from a claim. */
static bool heap_take(struct xd_hv *hv, unsigned int order, bool clean, uint64_t below,
                      uint32_t claim, xd_mfn *mfn)
{
    uint64_t nr = UINT64_C(1) << order;

    if (nr > (claim < nr ? xd_frames_unclaimed(hv) : xd_frames_left(hv)))
        return false;
    if (order ? !take_run(hv, nr, below, mfn) : !take_one(hv, clean, below, mfn))
        return false;
    XD_PUT(hv, hv->frames_free, hv->frames_free - (uint32_t)nr);
    return true;
}

/* AS-XEN: domain_adjust_tot_pages: pages that come are taken from the claim, those that go return to it. */
static void count_pages(struct xd_domain *d, int64_t more)
{
    int64_t claimed = (int64_t)d->claimed - more;

    XD_PUT(d->hv, d->pages, (uint32_t)(d->pages + more));
    if (XD_LIKELY(!d->claimed))
        return;
    if (claimed < 0)
        claimed = 0;
    XD_PUT(d->hv, d->hv->claimed, (uint32_t)(d->hv->claimed - d->claimed + claimed));
    XD_PUT(d->hv, d->claimed, (uint32_t)claimed);
}

static void record_allocated(struct xd_domain *d, xd_mfn mfn)
{
    struct xd_frame *f = xd_frame_at(d->hv, mfn);
    const uint8_t flags = (uint8_t)(XD_FRAME_ALLOCATED | (f->flags & XD_FRAME_OFFLINE));

    XD_PUT(d->hv, *f, ((struct xd_frame){.count = 1, .owner = d->domid, .flags = flags}));
}

bool xd_frame_alloc(struct xd_hv *hv, struct xd_domain *d, uint64_t pfn, bool clean, uint64_t below,
                    xd_mfn *mfn)
{
    if (!heap_take(hv, 0, clean, below, d->claimed, mfn))
        return false;
    record_allocated(d, *mfn);
    XD_PUT(hv, *xd_m2p_entry(hv, *mfn), pfn);
    count_pages(d, 1);
    return true;
}

bool xd_frames_alloc(struct xd_domain *d, unsigned int order, uint64_t below, xd_mfn *first)
{
    uint64_t nr = UINT64_C(1) << order;

    if (!heap_take(d->hv, order, false, below, d->claimed, first))
        return false;
    for (uint64_t i = 0; i < nr; i++)
        record_allocated(d, xd_mfn_of(first->v + i));
    count_pages(d, (int64_t)nr);
    return true;
}

bool xd_frames_take(struct xd_hv *hv, unsigned int order, uint64_t below, xd_mfn *first)
{
    if (!heap_take(hv, order, false, below, 0, first))
        return false;
    for (uint64_t i = 0; i < UINT64_C(1) << order; i++)
        XD_PUT(hv, *xd_frame_at(hv, xd_mfn_of(first->v + i)),
               ((struct xd_frame){.count = 1, .owner = XD_DOMID_NONE}));
    return true;
}

void xd_m2p_run(struct xd_hv *hv, xd_mfn first, unsigned int order, uint64_t pfn)
{
    for (uint64_t i = 0; i < UINT64_C(1) << order; i++)
        XD_PUT(hv, *xd_m2p_entry(hv, xd_mfn_of(first.v + i)), pfn + i);
}

bool xd_frame_alloc_xen(struct xd_hv *hv, uint16_t owner, xd_mfn *mfn)
{
    if (!heap_take(hv, 0, true, UINT64_MAX, 0, mfn))
        return false;
    XD_PUT(
        hv, *xd_frame_at(hv, *mfn),
        ((struct xd_frame){.count = 1,
                           .type_count = 1,
                           .owner = owner,
                           .type = XD_TYPE_WRITABLE,
                           .flags = XD_FRAME_ALLOCATED | XD_FRAME_XEN_HEAP | XD_FRAME_VALIDATED}));
    return true;
}

static void list_free(struct xd_hv *hv, uint32_t *list, xd_mfn mfn)
{
    list_push(hv, list, mfn);
    XD_PUT(hv, hv->frames_free, hv->frames_free + 1);
}

static void keep_offline(struct xd_hv *hv, xd_mfn mfn)
{
    XD_PUT(hv, *xd_frame_at(hv, mfn),
           ((struct xd_frame){.owner = XD_DOMID_NONE, .flags = XD_FRAME_OFFLINE}));
}

/* AS-XEN: reserve_offlined_page */
void xd_frame_offline(struct xd_hv *hv, xd_mfn mfn)
{
    struct xd_frame *f = xd_frame_at(hv, mfn);

    if (!xd_frame_is_free(f)) {
        XD_PUT(hv, f->flags, f->flags | XD_FRAME_OFFLINE);
        return;
    }
    if (xd_frame_ever_used(hv, mfn)) {
        list_take_run(hv, &hv->free_list, AS_IT_IS, mfn.v, 1);
        list_take_run(hv, &hv->scrub_list, AS_IT_IS, mfn.v, 1);
    } else {
        fill_fresh(hv, mfn, false);
        XD_PUT(hv, hv->heap_early, hv->heap_early + 1);
    }
    XD_PUT(hv, hv->frames_free, hv->frames_free - 1);
    keep_offline(hv, mfn);
}

/* AS-XEN: online_page: what would have been cleared is not, any more. */
void xd_frame_online(struct xd_hv *hv, xd_mfn mfn)
{
    struct xd_frame *f = xd_frame_at(hv, mfn);

    if (xd_frame_is_offline(f))
        list_free(hv, &hv->free_list, mfn);
    else
        XD_PUT(hv, f->flags, (uint8_t)(f->flags & ~XD_FRAME_OFFLINE));
}

void xd_frame_free(struct xd_hv *hv, xd_mfn mfn)
{
    struct xd_frame *f = xd_frame_at(hv, mfn);
    struct xd_domain *d = xd_domain_by_id(hv, f->owner);

    if (f->flags &
        XD_FRAME_XEN_HEAP) { /* AS-XEN: free_domheap_pages: the guest has lost it, Xen still uses it */
        if (d && XD_UNLIKELY(d->dead))
            xd_domain_go(d);
        return;
    }
    XD_INVARIANT(hv, f->type_count == 0);
    XD_INVARIANT(hv, !(f->flags & (XD_FRAME_PINNED | XD_FRAME_ALLOCATED)));
    XD_INVARIANT(hv, mfn.v >= hv->heap_first);
    if (d)
        count_pages(d, -1);
    /*
     * AS-XEN: free_domheap_pages: a living domain is expected to clear what it gives back itself; booted without an option, in
     * a debug build too.
     */
    if (XD_UNLIKELY(f->flags & XD_FRAME_OFFLINE))
        keep_offline(hv, mfn);
    else
        list_free(hv, d && !d->dying ? &hv->free_list : &hv->scrub_list, mfn);
    XD_PUT(hv, *xd_m2p_entry(hv, mfn), ~UINT64_C(0));
    if (d && XD_UNLIKELY(d->dead))
        xd_domain_go(d);
}

void xd_frame_unshare(struct xd_hv *hv, xd_mfn mfn)
{
    struct xd_frame *f = xd_frame_at(hv, mfn);

    XD_INVARIANT(hv, f->flags & XD_FRAME_XEN_HEAP && f->type_count > 0);
    if (!(f->flags & XD_FRAME_ALLOCATED))
        XD_PUT(hv, f->count,
               f->count +
                   1); /* the guest gave its reference back: Xen frees the frame all the same */
    XD_PUT(hv, f->type_count, f->type_count - 1);
    XD_PUT(hv, f->flags, (uint8_t)(f->flags & ~(XD_FRAME_XEN_HEAP | XD_FRAME_ALLOCATED)));
    XD_PUT(hv, f->owner, XD_DOMID_NONE);
    xd_frame_put(hv, mfn);
}

void xd_frame_put_allocated(struct xd_hv *hv, xd_mfn mfn)
{
    struct xd_frame *f = xd_frame_at(hv, mfn);

    if (!(f->flags & XD_FRAME_ALLOCATED))
        return;
    XD_PUT(hv, f->flags, (uint8_t)(f->flags & ~XD_FRAME_ALLOCATED));
    xd_frame_put(hv, mfn);
}

bool xd_frame_steal(struct xd_hv *hv, struct xd_domain *d, xd_mfn mfn)
{
    struct xd_frame *f = xd_frame_at(hv, mfn);

    if (!xd_frame_owned(hv, mfn, d->domid) || f->flags & XD_FRAME_XEN_HEAP ||
        !(f->flags & XD_FRAME_ALLOCATED) || f->count != 1)
        return false;
    XD_INVARIANT(hv, f->type_count == 0);
    XD_PUT(hv, *f,
           ((struct xd_frame){.count = 1,
                              .owner = XD_DOMID_NONE,
                              .flags = (uint8_t)(f->flags & XD_FRAME_OFFLINE)}));
    XD_PUT(hv, d->pages, d->pages - 1);
    return true;
}

void xd_frame_give(struct xd_hv *hv, struct xd_domain *d, xd_mfn mfn)
{
    record_allocated(d, mfn);
    XD_PUT(hv, d->pages, d->pages + 1);
}

const char *xd_type_name(enum xd_type t)
{
    static const char *const name[] = {"none", "l1",       "l2",     "l3",
                                       "l4",   "seg_desc", "shared", "writable"};

    return (unsigned int)t < XD_ARRAY_SIZE(name) ? name[t] : "?";
}
