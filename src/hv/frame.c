/* SPDX-License-Identifier: MIT */
/*
 * frame.c: where frames come from and where they go.
 *
 * The heap hands frames out in the order of a seeded permutation, so that neighbours in
 * pseudo-physical memory are not neighbours in machine memory and a guest that mixes pfns with mfns
 * is found out. Freed frames are taken first, those that Xen would have to clear last.
 */
#include "hv/frame.h"

#include "base/rng.h"

#include <string.h>

/* A frame that was never handed out. */
static bool fresh(struct xd_hv *hv, xd_mfn *mfn)
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

static void list_push(struct xd_hv *hv, uint32_t *list, xd_mfn mfn)
{
    XD_PUT(hv, *xd_frame_at(hv, mfn),
           ((struct xd_frame){.owner = XD_DOMID_NONE, .type_count = *list}));
    XD_PUT(hv, *list, (uint32_t)mfn.v);
}

/* The first of the list that lies below (below). */
static bool list_take(struct xd_hv *hv, uint32_t *list, bool clean, uint64_t below, xd_mfn *mfn)
{
    while (*list && *list >= below)
        list = &xd_frame_at(hv, xd_mfn_of(*list))->type_count;
    if (!*list)
        return false;
    *mfn = xd_mfn_of(*list);
    XD_PUT(hv, *list, xd_frame_at(hv, *mfn)->type_count);
    if (hv->host->watcher) /* AS-XEN: alloc_heap_pages: no stale translation outlives this */
        hv->host->watcher->reused(hv, *mfn);
    if (clean)
        xd_arena_zero(xd_arena_of(hv), xd_frame_words(hv, *mfn), XD_PAGE_SIZE);
    return true;
}

/*
 * What was given back last goes first, what is yet to be cleared last: as in Xen's lists of single frames (get_free_buddy),
 * where what lies between depends on how its heap is split.
 */
static bool heap_take(struct xd_hv *hv, bool clean, uint64_t below, xd_mfn *mfn)
{
    bool found;

    if (xd_frames_left(hv) == 0)
        return false;
    found = list_take(hv, &hv->free_list, clean, below, mfn);
    while (!found && below > hv->heap_first && fresh(hv, mfn)) {
        found = mfn->v < below;
        if (!found)
            list_push(hv, &hv->free_list, *mfn);
    }
    if (!found && !list_take(hv, &hv->scrub_list, true, below, mfn))
        return false;
    XD_PUT(hv, hv->frames_free, hv->frames_free - 1);
    return true;
}

bool xd_frame_alloc(struct xd_hv *hv, struct xd_domain *d, uint64_t pfn, bool clean, uint64_t below,
                    xd_mfn *mfn)
{
    if (!heap_take(hv, clean, below, mfn))
        return false;
    XD_PUT(hv, *xd_frame_at(hv, *mfn),
           ((struct xd_frame){.count = 1, .owner = d->domid, .flags = XD_FRAME_ALLOCATED}));
    XD_PUT(hv, *xd_m2p_entry(hv, *mfn), pfn);
    XD_PUT(hv, d->pages, d->pages + 1);
    return true;
}

bool xd_frame_alloc_xen(struct xd_hv *hv, uint16_t owner, xd_mfn *mfn)
{
    if (!heap_take(hv, true, UINT64_MAX, mfn))
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

void xd_frame_free(struct xd_hv *hv, xd_mfn mfn)
{
    struct xd_frame *f = xd_frame_at(hv, mfn);
    struct xd_domain *d = xd_domain_by_id(hv, f->owner);

    if (f->flags & XD_FRAME_XEN_HEAP)
        return; /* AS-XEN: free_domheap_pages: the guest has lost it, Xen still uses it */
    XD_INVARIANT(hv, f->type_count == 0);
    XD_INVARIANT(hv, !(f->flags & (XD_FRAME_PINNED | XD_FRAME_ALLOCATED)));
    XD_INVARIANT(hv, mfn.v >= hv->heap_first);
    if (d)
        XD_PUT(hv, d->pages, d->pages - 1);
    /* AS-XEN: free_domheap_pages: a living domain is expected to clear what it gives back itself.
     */
    list_push(hv, d && !d->dying ? &hv->free_list : &hv->scrub_list, mfn);
    XD_PUT(hv, *xd_m2p_entry(hv, mfn), ~UINT64_C(0));
    XD_PUT(hv, hv->frames_free, hv->frames_free + 1);
    if (d && XD_UNLIKELY(d->dead) && d->pages == 0)
        xd_domain_forget(d);
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
    XD_PUT(hv, *f, ((struct xd_frame){.count = 1, .owner = XD_DOMID_NONE}));
    XD_PUT(hv, d->pages, d->pages - 1);
    return true;
}

void xd_frame_give(struct xd_hv *hv, struct xd_domain *d, xd_mfn mfn)
{
    XD_PUT(hv, *xd_frame_at(hv, mfn),
           ((struct xd_frame){.count = 1, .owner = d->domid, .flags = XD_FRAME_ALLOCATED}));
    XD_PUT(hv, d->pages, d->pages + 1);
}

const char *xd_type_name(enum xd_type t)
{
    static const char *const name[] = {"none", "l1",       "l2",     "l3",
                                       "l4",   "seg_desc", "shared", "writable"};

    return (unsigned int)t < XD_ARRAY_SIZE(name) ? name[t] : "?";
}
