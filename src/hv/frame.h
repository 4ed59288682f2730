/* SPDX-License-Identifier: MIT */
/*
 * frame.h: machine frames, and the general reference count that keeps them.
 *
 * A frame is free while its count is 0. Allocation gives one reference, marked ALLOCATED; every
 * present L1 entry, link, pin, base pointer and descriptor-table slot holds one more. What the
 * frame may be used as is its type: pagetype.h.
 */
#ifndef XD_HV_FRAME_H
#define XD_HV_FRAME_H

#include "base/strbuf.h"
#include "hv/hv.h"

enum xd_type {
    XD_TYPE_NONE,
    XD_TYPE_L1, /* tables: the number is the level */
    XD_TYPE_L2,
    XD_TYPE_L3,
    XD_TYPE_L4,
    XD_TYPE_SEG_DESC,
    XD_TYPE_SHARED, /* copy-on-write between HVM domains; never here */
    XD_TYPE_WRITABLE,
};

#define XD_FRAME_ALLOCATED 0x01u /* its domain still "has" it; worth one general reference */
#define XD_FRAME_XEN_HEAP  0x02u /* Xen's memory, shared with a guest */
#define XD_FRAME_PINNED    0x04u /* the guest's pin; worth one general and one type reference */
#define XD_FRAME_VALIDATED 0x08u /* contents audited for the present type */
#define XD_FRAME_OFFLINE   0x10u /* nobody gets it any more: it is free, and on no list, or will be */

struct xd_frame {
    uint32_t count;      /* general references */
    uint32_t type_count; /* users in the present type; in a freed frame the next free one */
    uint16_t owner;      /* domid; XD_DOMID_NONE */
    uint8_t type;        /* enum xd_type */
    uint8_t flags;
    int16_t linear; /* > 0: linear entries this table holds; < 0: linear entries that lead here */
    uint16_t lost;  /* references that nobody can give back; each is one in the type, too */
};

_Static_assert(sizeof(struct xd_frame) == 16, "four frames a cache line");

static inline bool xd_mfn_valid(const struct xd_hv *hv, xd_mfn mfn)
{
    return mfn.v < hv->frames;
}

/* The record of an existing frame. */
static inline struct xd_frame *xd_frame_at(struct xd_hv *hv, xd_mfn mfn)
{
    return &hv->frame[mfn.v];
}

/* Its contents: 512 entries. Writing goes through XD_PUT. */
static inline uint64_t *xd_frame_words(struct xd_hv *hv, xd_mfn mfn)
{
    return (uint64_t *)(void *)(hv->mem + mfn.v * XD_PAGE_SIZE);
}

static inline bool xd_frame_owned(struct xd_hv *hv, xd_mfn mfn, uint16_t owner)
{
    return xd_mfn_valid(hv, mfn) && xd_frame_at(hv, mfn)->count &&
           xd_frame_at(hv, mfn)->owner == owner;
}

/* Takes a general reference if the frame exists, is in use and belongs to (owner). AS-XEN: get_page
 */
static inline bool xd_frame_get(struct xd_hv *hv, xd_mfn mfn, uint16_t owner)
{
    struct xd_frame *f;

    if (!xd_frame_owned(hv, mfn, owner))
        return false;
    f = xd_frame_at(hv, mfn);
    XD_PUT(hv, f->count, f->count + 1);
    return true;
}

/* What was never handed out was never written. */
static inline bool xd_frame_ever_used(const struct xd_hv *hv, xd_mfn mfn)
{
    typedef uint64_t __attribute__((may_alias)) word;
    const word *w = (const word *)(const void *)&hv->frame[mfn.v];

    return w[0] | w[1];
}

/* The first frame from (mfn) on that ever was; hv->frames if there is none. */
static inline uint32_t xd_frame_next_used(const struct xd_hv *hv, uint32_t mfn)
{
    typedef uint64_t __attribute__((may_alias)) word;
    const word *w = (const word *)(const void *)hv->frame;

    for (w += 2 * (size_t)mfn; mfn + 4 <= hv->frames; mfn += 4, w += 8)
        if (w[0] | w[1] | w[2] | w[3] | w[4] | w[5] | w[6] | w[7])
            break;
    while (mfn < hv->frames && !xd_frame_ever_used(hv, xd_mfn_of(mfn)))
        mfn++;
    return mfn;
}

/* Xen's table for what is (d)'s alone: each slot of a domain has one. */
static inline xd_mfn xd_perdomain_of(const struct xd_domain *d)
{
    return xd_mfn_of(d->hv->m2p_l3.v + 1 + (uint64_t)(d - d->hv->domain));
}

/* Something that kept (d) went: if it is dead, and nothing else does, its number is free again. In destroy.c. */
void xd_domain_go(struct xd_domain *d);

/* Frees the frame whose last reference just went. */
void xd_frame_free(struct xd_hv *hv, xd_mfn mfn);

/* Drops a general reference; the last one frees the frame. */
static inline void xd_frame_put(struct xd_hv *hv, xd_mfn mfn)
{
    struct xd_frame *f = xd_frame_at(hv, mfn);

    XD_INVARIANT(hv, f->count > 0);
    XD_PUT(hv, f->count, f->count - 1);
    if (XD_UNLIKELY(f->count == 0))
        xd_frame_free(hv, mfn);
}

/* Frames that the heap can still hand out. */
static inline uint32_t xd_frames_left(const struct xd_hv *hv)
{
    return hv->frames_free > hv->frames_kept ? hv->frames_free - hv->frames_kept : 0;
}

/* ... of those, what nobody has a claim to. */
static inline uint32_t xd_frames_unclaimed(const struct xd_hv *hv)
{
    return xd_frames_left(hv) > hv->claimed ? xd_frames_left(hv) - hv->claimed : 0;
}

/* What is set aside for (d) is anybody's again. */
static inline void xd_domain_unclaim(struct xd_domain *d)
{
    XD_PUT(d->hv, d->hv->claimed, d->hv->claimed - d->claimed);
    XD_PUT(d->hv, d->claimed, 0);
}

/* Is it neither in use nor kept out of use? */
static inline bool xd_frame_is_free(const struct xd_frame *f)
{
    return !f->count && !(f->flags & (XD_FRAME_XEN_HEAP | XD_FRAME_OFFLINE));
}

/* Is it out of use? If it only is to be, somebody has it still. */
static inline bool xd_frame_is_offline(const struct xd_frame *f)
{
    return f->flags & XD_FRAME_OFFLINE && !f->count && !(f->flags & XD_FRAME_XEN_HEAP);
}

/* Takes a frame out of use, as soon as nobody has it; gives it back to the heap, or to whoever has it still. */
void xd_frame_offline(struct xd_hv *hv, xd_mfn mfn);
void xd_frame_online(struct xd_hv *hv, xd_mfn mfn);

/* Drops the ALLOCATED reference if it is still there. */
void xd_frame_put_allocated(struct xd_hv *hv, xd_mfn mfn);

/*
 * Takes a frame below (below) from the heap for (d): type none, ALLOCATED, M2P entry (pfn), all
 * zeros if (clean). False when none is free. Does not look at d->pages_max. What a living domain
 * gave back keeps its contents, as in Xen.
 */
bool xd_frame_alloc(struct xd_hv *hv, struct xd_domain *d, uint64_t pfn, bool clean, uint64_t below,
                    xd_mfn *mfn);

/*
 * Takes a run of 2^(order) frames, which lies below (below) and begins at a multiple of its size, for (d). Their M2P entries
 * stay invalid. False when there is none.
 */
bool xd_frames_alloc(struct xd_domain *d, unsigned int order, uint64_t below, xd_mfn *first);

/* The same for nobody: the caller holds bare frames, by one reference each, and gives or puts them. Claims are no help. */
bool xd_frames_take(struct xd_hv *hv, unsigned int order, uint64_t below, xd_mfn *first);

/* Sets the M2P entries of a run to (pfn) and what follows. */
void xd_m2p_run(struct xd_hv *hv, xd_mfn first, unsigned int order, uint64_t pfn);

/* Takes a frame for Xen itself: count 1, validated writable, XEN_HEAP, shared with (owner). */
bool xd_frame_alloc_xen(struct xd_hv *hv, uint16_t owner, xd_mfn *mfn);

/* The owner of a frame that Xen shares is gone: it is freed when nobody maps it any more. */
void xd_frame_unshare(struct xd_hv *hv, xd_mfn mfn);

/*
 * Takes frame (mfn) away from (d), which must have nothing but the allocation of it. True: the
 * caller holds the bare frame, by one reference. AS-XEN: steal_page
 */
bool xd_frame_steal(struct xd_hv *hv, struct xd_domain *d, xd_mfn mfn);
/* Gives (d) a bare frame. Claims are not touched by either. AS-XEN: MEMF_no_refcount */
void xd_frame_give(struct xd_hv *hv, struct xd_domain *d, xd_mfn mfn);

uint64_t *xd_m2p_entry(struct xd_hv *hv, xd_mfn mfn);

const char *xd_type_name(enum xd_type t);

#endif
