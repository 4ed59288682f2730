/* SPDX-License-Identifier: MIT */
/*
 * audit_frames.c: is each frame's record possible, does its owner exist, do free frames stand on one list, and
 * do frames that Xen vouches for hold what it let through? How often a frame is held: audit.c.
 */
#include "hv/audit.h"
#include "hv/evtchn.h"
#include "hv/pagetype.h"
#include "hv/profile.h"
#include "hv/tbuf.h"

#include <stdlib.h>

struct audit {
    struct xd_hv *hv;
    struct xd_str *out;
    unsigned int found;
    bool *listed;         /* the free frame stands on a list */
    const uint32_t *used; /* frames that ever were, but for Xen's own */
    uint32_t uses;
};

static uint32_t walk_list(struct audit *a, uint32_t mfn)
{
    struct xd_hv *hv = a->hv;
    uint32_t n = 0;

    for (; mfn; mfn = hv->frame[mfn].type_count, n++) {
        bool good = mfn >= hv->heap_first && mfn < hv->frames &&
                    xd_frame_is_free(&hv->frame[mfn]) && !a->listed[mfn];
        const struct xd_frame *f;

        EXPECT(a, good, "the list of free frames is broken at 0x%x", mfn);
        if (!good)
            break;
        a->listed[mfn] = true;
        f = &hv->frame[mfn];
        EXPECT(a, f->owner == XD_DOMID_NONE && !f->type && !f->flags,
               "frame 0x%x is free, and its record is not that of a free one", mfn);
    }
    return n;
}

static void check_free(struct audit *a)
{
    struct xd_hv *hv = a->hv;
    uint32_t fresh = hv->frames - hv->heap_first - a->uses, n = walk_list(a, hv->free_list);

    n += walk_list(a, hv->scrub_list);
    for (uint32_t i = 0; i < a->uses; i++)
        EXPECT(a, a->listed[a->used[i]] || !xd_frame_is_free(&hv->frame[a->used[i]]),
               "frame 0x%x is free and stands on no list", a->used[i]);
    EXPECT(a, fresh == hv->frames - hv->heap_first - hv->heap_taken - hv->heap_early,
           "%u frames were never handed out, the heap says %u", fresh,
           hv->frames - hv->heap_first - hv->heap_taken - hv->heap_early);
    EXPECT(a, n + fresh == hv->frames_free,
           "%u frames are recorded as free, the list and the heap have %u", hv->frames_free,
           n + fresh);
}

/* Xen's slots hold what Xen wrote; only whether the M2P is shown may change. */
static void check_xen_slots(struct audit *a, const struct xd_domain *d, xd_mfn table)
{
    const uint64_t *e = xd_frame_words(a->hv, table);
    uint64_t slot[XD_L4_XEN_END - XD_L4_XEN_FIRST];

    xd_l4_xen_slots(d, table, slot);
    for (unsigned int i = XD_L4_XEN_FIRST; i < XD_L4_XEN_END; i++)
        EXPECT(a,
               i == XD_L4_SLOT_RO_M2P ? e[i] == 0 || e[i] == xd_l4_m2p_entry(a->hv)
                                      : e[i] == slot[i - XD_L4_XEN_FIRST],
               "slot %u of L4 table 0x%llx, which is Xen's, holds 0x%llx", i,
               (unsigned long long)table.v, (unsigned long long)e[i]);
}

static void check_descriptors(struct audit *a, xd_mfn mfn)
{
    const uint64_t *e = xd_frame_words(a->hv, mfn);

    for (unsigned int i = 0; i < XD_PT_SLOTS; i++) {
        uint64_t desc = e[i];

        EXPECT(a, xd_descriptor_ok(&desc) && desc == e[i],
               "descriptor %u of frame 0x%llx is 0x%llx, which no check lets through", i,
               (unsigned long long)mfn.v, (unsigned long long)e[i]);
    }
}

/* Does it belong to a domain's profiling buffers? Nobody, that domain, or the profiler may have it. */
static bool is_buffer(const struct audit *a, xd_mfn mfn, const struct xd_domain *owner)
{
    const struct xd_domain *d = xd_profile_of(a->hv, mfn);

    return d && (!owner || owner == d || owner->hardware);
}

static bool is_shared_info(const struct xd_hv *hv, uint64_t mfn)
{
    for (uint32_t i = 0; i < hv->config.domains_max; i++)
        if (hv->domain[i].used && hv->domain[i].shared_info.v == mfn)
            return true;
    return false;
}

/* Buffers lie in Xen's pages, of which those behind them are for nobody; who stands on a list is held. */
static void check_profile(struct audit *a, const struct xd_domain *d)
{
    uint32_t listed = 0;

    for (uint32_t i = 0; i < a->hv->profiled_nr; i++)
        listed += a->hv->profiled[i] == d->domid;
    for (uint32_t i = 0; i < a->hv->passive_nr; i++)
        listed += a->hv->passive[i] == d->domid;
    EXPECT(a, listed <= d->prof.holds,
           "d%u stands %u times on the profiler's lists, and is held %u times", d->domid, listed,
           d->prof.holds);
    if (!d->prof.pages)
        return;
    for (uint64_t i = 0; i < UINT64_C(1) << xd_profile_order(d->prof.pages); i++) {
        const uint64_t mfn = d->prof.first.v + i;
        bool good = mfn >= a->hv->heap_first && mfn < a->hv->frames;
        const struct xd_frame *f;

        EXPECT(a, good, "d%u: no page of the heap is 0x%llx, where its profiling buffers lie",
               d->domid, (unsigned long long)mfn);
        if (!good)
            return;
        f = xd_frame_at(a->hv, xd_mfn_of(mfn));
        EXPECT(a, f->flags & XD_FRAME_XEN_HEAP && f->type_count && f->type == XD_TYPE_WRITABLE,
               "d%u: page 0x%llx of its profiling buffers is not Xen's", d->domid,
               (unsigned long long)mfn);
        EXPECT(a, xd_profile_of(a->hv, xd_mfn_of(mfn)) == d,
               "d%u: page 0x%llx of its profiling buffers is another domain's, too", d->domid,
               (unsigned long long)mfn);
        EXPECT(a, !is_shared_info(a->hv, mfn),
               "d%u: page 0x%llx of its profiling buffers is a shared_info", d->domid,
               (unsigned long long)mfn);
        EXPECT(a, !f->count || i < d->prof.pages,
               "d%u: page 0x%llx behind its profiling buffers is shared", d->domid,
               (unsigned long long)mfn);
    }
    EXPECT(a,
           d->prof.size >= XD_PROFILE_HEAD &&
               (d->prof.size - XD_PROFILE_HEAD) % XD_PROFILE_SAMPLE == 0,
           "d%u: a profiling buffer of %u bytes does not hold whole samples", d->domid,
           d->prof.size);
    EXPECT(a, (uint64_t)d->prof.size * d->vcpus <= (uint64_t)d->prof.pages * XD_PAGE_SIZE,
           "d%u: %u profiling buffers of %u bytes do not fit into %u pages", d->domid, d->vcpus,
           d->prof.size, d->prof.pages);
}

/* All frames of DOMID_XEN in the heap are of the trace buffer or of its list, and listed there. */
static void check_trace(struct audit *a)
{
    const struct xd_hv *hv = a->hv;
    const uint32_t pages = hv->trace_info.v ? hv->trace_pages + hv->trace_info_pages : 0;
    const bool placed = hv->trace_info.v
                            ? hv->trace_pages &&
                                  hv->trace_info_pages == xd_tbuf_info_pages(hv->trace_pages) &&
                                  hv->trace_info.v >= hv->heap_first &&
                                  hv->trace_info.v + hv->trace_info_pages <= hv->frames
                            : !hv->trace_pages;
    uint32_t xens = 0;
    bool good;

    for (uint32_t i = 0; i < a->uses; i++)
        xens += hv->frame[a->used[i]].owner == XD_DOMID_XEN;
    EXPECT(a, xens == pages, "Xen shares %u frames with control domains, and %u are for its trace",
           xens, pages);
    EXPECT(a, placed, "a trace buffer of %u pages is listed in frame 0x%llx", hv->trace_pages,
           (unsigned long long)hv->trace_info.v);
    if (!placed || xens != pages || !xens)
        return;
    good = xd_tbuf_head_ok(hv);
    for (uint32_t i = 0; i < hv->trace_info_pages; i++)
        good &= hv->frame[hv->trace_info.v + i].owner == XD_DOMID_XEN &&
                hv->frame[hv->trace_info.v + i].type == XD_TYPE_NONE;
    for (uint32_t i = 0; i < hv->trace_pages; i++) {
        const xd_mfn mfn = xd_tbuf_page(hv, i);

        good &= xd_mfn_valid(hv, mfn) && hv->frame[mfn.v].owner == XD_DOMID_XEN &&
                hv->frame[mfn.v].type == XD_TYPE_WRITABLE;
    }
    EXPECT(a, good, "frames of the trace buffer, or of its list at 0x%llx, are not Xen's",
           (unsigned long long)hv->trace_info.v);
}

static void check_lists(struct audit *a)
{
    struct xd_hv *hv = a->hv;

    for (uint32_t i = 0; i < hv->profiled_nr; i++)
        EXPECT(a,
               hv->profiled[i] == XD_DOMID_NONE ? !hv->profiled_ready[i]
                                                : xd_domain_by_id(hv, hv->profiled[i]) != NULL,
               "the profiler's list names d%u, which does not exist", hv->profiled[i]);
    for (uint32_t i = 0; i < hv->passive_nr; i++)
        EXPECT(a, xd_domain_by_id(hv, hv->passive[i]),
               "the profiler's list of passive domains names d%u, which does not exist",
               hv->passive[i]);
}

static void check_used(struct audit *a, xd_mfn mfn, const struct xd_domain *d)
{
    const struct xd_frame *f = xd_frame_at(a->hv, mfn);
    bool validated = f->flags & XD_FRAME_VALIDATED;

    /* A page that a domain shared with Xen outlives it while others map it, and is nobody's. */
    EXPECT(
        a,
        d || ((f->owner == XD_DOMID_NONE || xd_tbuf_has(a->hv, mfn)) && !xd_type_is_table(f->type)),
        "frame 0x%llx belongs to d%u, which does not exist", (unsigned long long)mfn.v, f->owner);
    EXPECT(a, f->type <= XD_TYPE_WRITABLE && f->type != XD_TYPE_SHARED,
           "frame 0x%llx has type %u, which does not exist", (unsigned long long)mfn.v, f->type);
    EXPECT(a,
           !f->type_count || (validated && (f->type != XD_TYPE_NONE || f->owner == XD_DOMID_XEN)),
           "frame 0x%llx is in use as %s and was not validated", (unsigned long long)mfn.v,
           xd_type_name(f->type));
    EXPECT(a, f->type_count || !validated || !xd_type_is_table(f->type),
           "frame 0x%llx is validated as a table that nobody uses", (unsigned long long)mfn.v);
    EXPECT(a,
           !(f->flags & XD_FRAME_XEN_HEAP) || (d && d->shared_info.v == mfn.v) ||
               is_buffer(a, mfn, d) || xd_tbuf_has(a->hv, mfn),
           "frame 0x%llx is shared with d%u, and is not its shared_info", (unsigned long long)mfn.v,
           f->owner);
    EXPECT(a, !f->lost || (f->type == XD_TYPE_L4 && !(f->flags & XD_FRAME_XEN_HEAP)),
           "Xen has lost %u references to frame 0x%llx, which is no root table", f->lost,
           (unsigned long long)mfn.v);
    if (d && validated && f->type == XD_TYPE_L4)
        check_xen_slots(a, d, mfn);
    if (validated && f->type == XD_TYPE_SEG_DESC)
        check_descriptors(a, mfn);
}

static void check_claims(struct audit *a)
{
    uint64_t claimed = 0;

    for (uint32_t i = 0; i < a->hv->config.domains_max; i++)
        claimed += a->hv->domain[i].claimed;
    EXPECT(a, claimed == a->hv->claimed, "%u pages are recorded as claimed, domains claim %llu",
           a->hv->claimed, (unsigned long long)claimed);
}

static void check_shared_info(struct audit *a, const struct xd_domain *d)
{
    const struct xd_frame *f = xd_frame_at(a->hv, d->shared_info);

    EXPECT(a, f->flags & XD_FRAME_XEN_HEAP && f->owner == d->domid,
           "d%u: its shared_info is frame 0x%llx, which is not shared with it", d->domid,
           (unsigned long long)d->shared_info.v);
}

unsigned int xd_audit_frames(struct xd_hv *hv, const uint32_t *used, uint32_t uses,
                             struct xd_str *out)
{
    struct audit a = {.hv = hv, .out = out, .listed = xd_zalloc(hv->frames)};
    struct xd_domain *last = NULL;

    for (; uses && *used < hv->heap_first; uses--)
        used++;
    a.used = used;
    a.uses = uses;
    check_free(&a);
    check_claims(&a);
    check_lists(&a);
    check_trace(&a);
    for (uint32_t i = 0; i < uses; i++)
        if (!xd_frame_is_free(&hv->frame[used[i]]))
            check_used(&a, xd_mfn_of(used[i]), xd_audit_owner(hv, hv->frame[used[i]].owner, &last));
    for (uint32_t i = 0; i < hv->config.domains_max; i++)
        if (hv->domain[i].used) {
            check_shared_info(&a, &hv->domain[i]);
            check_profile(&a, &hv->domain[i]);
        }
    free(a.listed);
    return a.found;
}
