/* SPDX-License-Identifier: MIT */
/*
 * destroy.c: taking a domain apart. AS-XEN: domain_relinquish_resources, relinquish_memory
 *
 * What its vCPUs hold goes first, then its pages, from L4 down: pin, allocation, and for tables
 * that only linear entries still keep, the entries themselves. Frames that other domains map stay
 * until those mappings go, and the domain with them: it can be named and gets nothing new. Whoever
 * holds it last takes it away: its last frame, the profiler's list, or a VIRQ that it was made the
 * handler of since.
 */
#include "hv/descriptor.h"
#include "hv/evtchn.h"
#include "hv/evtchn_fifo.h"
#include "hv/lever.h"
#include "hv/pirq.h"
#include "hv/profile.h"
#include "hv/rights.h"
#include "hv/sched.h"
#include "hv/shinfo.h"
#include "hv/tlb.h"

/* It stands still for ever, and Xen keeps its registers, and whether it is up or asleep, until the domain is gone. */
static void release_vcpu(struct xd_vcpu *v)
{
    xd_vcpu_drop_tables(v);
    xd_info_release(v);
    xd_ldt_release(v);
}

/* Cuts a table that circular linear entries keep alive: its own entries go, its type count stays to
 * be drained. */
static void force_demote(struct xd_hv *hv, xd_mfn mfn, unsigned int level)
{
    uint64_t *e = xd_frame_words(hv, mfn);

    for (unsigned int i = 0; i < XD_PT_SLOTS; i++) {
        uint64_t old = e[i];

        if (!(old & XD_PTE_P) || (level == 4 && !xd_l4_slot_guest(i)))
            continue;
        XD_PUT(hv, e[i], 0);
        xd_upper_put(hv, old, level, mfn);
    }
}

static void release_frame(struct xd_hv *hv, xd_mfn mfn, unsigned int level)
{
    struct xd_frame *f = xd_frame_at(hv, mfn);

    XD_PUT(hv, f->count, f->count + 1); /* keep it while we look at it */
    while (f->lost) {
        XD_PUT(hv, f->lost, (uint16_t)(f->lost - 1));
        xd_page_and_type_put(hv, mfn);
    }
    if (f->flags & XD_FRAME_PINNED) {
        XD_PUT(hv, f->flags, (uint8_t)(f->flags & ~XD_FRAME_PINNED));
        xd_page_and_type_put(hv, mfn);
    }
    xd_frame_put_allocated(hv, mfn);
    if (f->type == level && f->type_count && f->flags & XD_FRAME_VALIDATED)
        force_demote(hv, mfn, level);
    xd_frame_put(hv, mfn);
}

/* AS-XEN: clear_global_virq_handlers */
static void forget_handler(const struct xd_domain *d)
{
    for (uint32_t virq = 0; virq < XD_VIRQS; virq++)
        if (d->hv->virq_handler[virq] == d->domid + 1)
            XD_PUT(d->hv, d->hv->virq_handler[virq], 0);
}

void xd_domain_kill(struct xd_domain *d)
{
    struct xd_hv *hv = d->hv;

    if (hv->host->watcher)
        hv->host->watcher->gone(d);
    XD_PUT(hv, d->dying, true);
    xd_domain_repause(d);
    if (d->vnuma.nodes)
        xd_arena_zero(xd_arena_of(hv), &d->vnuma, sizeof(d->vnuma));
    xd_domain_unclaim(d);
    xd_levers_forget(d);
    xd_evtchn_close_all(d);
    forget_handler(d);
    xd_pirqs_end(d);
    xd_fifo_end(d);
    xd_profile_end(d);
    for (uint32_t id = 0; id < d->vcpus; id++)
        release_vcpu(&d->vcpu[id]);
    for (unsigned int level = 4; level >= 2; level--)
        for (uint64_t mfn = hv->heap_first; mfn < hv->frames; mfn++)
            if (xd_frame_owned(hv, xd_mfn_of(mfn), d->domid) &&
                !(hv->frame[mfn].flags & XD_FRAME_XEN_HEAP))
                release_frame(hv, xd_mfn_of(mfn), level);
    XD_PUT(hv, d->dead, true);
    xd_virq_send_global(hv, XD_VIRQ_DOM_EXC); /* AS-XEN: domain_kill */
    xd_domain_go(d);
}

void xd_domain_destroy(struct xd_domain *d)
{
    const struct xd_told told = {.what = XD_DEED_DESTROY, .d = d};
    struct xd_hv *hv;

    if (!d || !d->hv)
        xd_misused("xd_domain_destroy: there is no such domain: it is %s",
                   d ? "gone, destroyed before" : "NULL");
    hv = d->hv;
    if (d->dying)
        return;
    if (hv->host->linked.gone)
        hv->host->linked.gone(d);
    xd_tell_before(hv, &told);
    xd_domain_kill(d);
    xd_tell_after(hv, &told);
}

void xd_domain_go(struct xd_domain *d)
{
    struct xd_hv *hv = d->hv;

    if (!d->dead || d->pages || xd_profile_keeps(d) || xd_virq_keeps(d))
        return;
    xd_profile_free(d);
    xd_domain_unclaim(d); /* of what was claimed for it since it was destroyed */
    xd_frame_unshare(hv, d->shared_info);
    /* What was never in use is zero: ports that are not valid, rights behind the last one, the policy of who was given none. */
    xd_arena_zero(xd_arena_of(hv), d->port, sizeof(d->port[0]) * d->ports_valid);
    xd_rights_forget(hv, &d->iomem);
    xd_rights_forget(hv, &d->ioport);
    if (d->policy.own)
        xd_arena_zero(xd_arena_of(hv), &d->policy, sizeof(d->policy));
    xd_arena_zero(xd_arena_of(hv), d, offsetof(struct xd_domain, iomem));
    xd_virq_send_global(hv, XD_VIRQ_DOM_EXC); /* AS-XEN: complete_domain_destroy */
}
