/* SPDX-License-Identifier: MIT */
/*
 * resume.c: what a toolstack does to a suspended domain. AS-XEN: xc_domain_resume,
 * xg_sr_restore_x86_pv.c, of which Xen's own part is domain_resume.
 *
 * The toolstack finds the frame of start_info in RDX of vCPU 0, which is why HYPERVISOR_suspend has
 * a third argument, and the frames of the xenstore and console pages by the pfns that the guest has
 * put in their place there.
 */
#include "hv/evtchn.h"
#include "hv/evtchn_fifo.h"
#include "hv/descriptor.h"
#include "hv/pagetype.h"
#include "hv/pirq.h"
#include "hv/sched.h"
#include "hv/shinfo.h"

#include <inttypes.h>

/* start_info of a domain, and what goes into it. */
struct place {
    struct xd_abi_start_info *si;
    uint64_t store, console; /* mfns */
};

/* ---- Can it be resumed? ---- */

/* By the M2P, which holds what a right p2m list does. */
static bool find_pfn(struct xd_domain *d, uint64_t pfn, uint64_t *mfn)
{
    struct xd_hv *hv = d->hv;

    for (*mfn = hv->heap_first; *mfn < hv->frames; ++*mfn)
        if (xd_frame_owned(hv, xd_mfn_of(*mfn), d->domid) &&
            !(hv->frame[*mfn].flags & XD_FRAME_XEN_HEAP) &&
            *xd_m2p_entry(hv, xd_mfn_of(*mfn)) == pfn)
            return true;
    return false;
}

static int no_pfn(struct xd_domain *d, const char *field, uint64_t value)
{
    return xd_hv_misuse(
        d->hv, XD_HOST_EINVAL,
        "d%u can't be resumed: start_info.%s is %#" PRIx64
        ", and d%u has no such pfn: a guest puts pfns in the place of its mfns there "
        "before it suspends",
        d->domid, field, value, d->domid);
}

static int find_start_info(struct xd_domain *d, struct place *at)
{
    const uint64_t rdx = d->vcpu[0].regs.rdx;
    const xd_mfn mfn = xd_mfn_of(rdx);

    if (!xd_frame_owned(d->hv, mfn, d->domid) || d->hv->frame[rdx].flags & XD_FRAME_XEN_HEAP)
        return xd_hv_misuse(d->hv, XD_HOST_EINVAL,
                            "d%u can't be resumed: RDX of its vCPU 0 is %#" PRIx64
                            ", which is no frame of its own: a guest suspends by "
                            "sched_op(SCHEDOP_shutdown, arg, mfn of start_info)",
                            d->domid, rdx);
    if (d->hv->frame[rdx].type_count && d->hv->frame[rdx].type != XD_TYPE_WRITABLE)
        return xd_hv_misuse(d->hv, XD_HOST_EINVAL,
                            "d%u can't be resumed: RDX of its vCPU 0 is frame %#" PRIx64
                            ", which is in use as %s, not as start_info",
                            d->domid, rdx, xd_type_name(d->hv->frame[rdx].type));
    at->si = (struct xd_abi_start_info *)(void *)xd_frame_words(d->hv, mfn);
    if (!find_pfn(d, at->si->store_mfn, &at->store))
        return no_pfn(d, "store_mfn", at->si->store_mfn);
    if (!find_pfn(d, at->si->console.domU.mfn, &at->console))
        return no_pfn(d, "console.domU.mfn", at->si->console.domU.mfn);
    return 0;
}

static int check(struct xd_domain *d, enum xd_resume how, struct place *at)
{
    struct xd_hv *hv = d->hv;

    if (how > XD_RESUME_RESTORED)
        return xd_hv_misuse(hv, XD_HOST_EINVAL,
                            "there is no way %u to resume a domain: see enum xd_resume",
                            (unsigned int)how);
    if (hv->off)
        return xd_hv_misuse(hv, XD_HOST_EINVAL, "d%u can't be resumed: the machine is off",
                            d->domid);
    if (d->dying)
        return xd_hv_misuse(hv, XD_HOST_EINVAL, "d%u can't be resumed: it was destroyed", d->domid);
    if (!d->shut_down)
        return xd_hv_misuse(hv, XD_HOST_EINVAL, "d%u can't be resumed: it runs", d->domid);
    if (d->shutdown_code != XD_SHUTDOWN_SUSPEND)
        return xd_hv_misuse(
            hv, XD_HOST_EINVAL,
            "d%u can't be resumed: it shut down with code %d, and %u, suspend, is what "
            "one comes back from",
            d->domid, (int)d->shutdown_code, XD_SHUTDOWN_SUSPEND);
    if (!d->vcpu[0].initialised ||
        (how == XD_RESUME_RESTORED && d->vcpu[0].down && !d->vcpu[0].up_asleep))
        return xd_hv_misuse(hv, XD_HOST_EINVAL,
                            "d%u can't be resumed: its vCPU 0 is down, of which %s", d->domid,
                            d->vcpu[0].initialised ? "no toolstack saves anything"
                                                   : "nobody can read the registers");
    if (how != XD_RESUME_CANCELLED)
        return find_start_info(d, at);
    if (d->vcpu[0].continuing)
        return xd_hv_misuse(
            hv, XD_HOST_EINVAL,
            "d%u can't be told that suspending was cancelled: its vCPU 0 is in the middle "
            "of a multicall, and the 1 in RAX would be the number of its next call",
            d->domid);
    return 0;
}

/* ---- The same domain ---- */

static void write_frames(struct xd_domain *d, const struct place *at)
{
    XD_PUT(d->hv, at->si->store_mfn, at->store);
    XD_PUT(d->hv, at->si->console.domU.mfn, at->console);
}

static void reset(struct xd_vcpu *v)
{
    xd_vcpu_reset(v);
    if (v->hv->host->linked.reset)
        v->hv->host->linked.reset(v);
}

/* ---- Another one, on a host with the same frames free ---- */

/* What Xen knows of a vCPU, and no record of a saved domain tells. */
static void forget(struct xd_vcpu *v)
{
    struct xd_hv *hv = v->hv;

    xd_timer_stop(v);
    XD_PUT(hv, v->poll_timer_on, false);
    XD_PUT(hv, v->poll_timer_ns, 0);
    XD_PUT(hv, v->tick_loose, false);
    XD_PUT(hv, v->period_ns, XD_TICK_NS);
    XD_PUT(hv, v->tick_ns, v->down ? 0 : hv->now_ns);
    XD_PUT(hv, v->runstate_area, 0);
    XD_PUT(hv, v->time_area, 0);
    xd_arena_zero(xd_arena_of(hv), v->runstate_time, sizeof(v->runstate_time));
    XD_PUT(hv, v->runstate_since, hv->now_ns);
    XD_PUT(hv, v->pin_override, false);
    XD_PUT(hv, v->nmi_pending, false);
    XD_PUT(hv, v->nmi_in_service, false);
    XD_PUT(hv, v->io_ports, 0);
    XD_PUT(hv, v->io_bitmap, 0);
    xd_ldt_release(v);
    xd_info_release(v);
}

static void forget_entries(struct xd_vcpu *v)
{
    static const struct xd_callback none;

    XD_PUT(v->hv, v->event, none);
    XD_PUT(v->hv, v->failsafe, none);
    XD_PUT(v->hv, v->syscall, none);
    XD_PUT(v->hv, v->syscall32, none);
    XD_PUT(v->hv, v->sysenter, none);
    xd_arena_zero(xd_arena_of(v->hv), v->trap, sizeof(v->trap));
}

/* Of a vCPU that is down nothing is saved; who was up runs, though it was asleep. */
static void restore_vcpu(struct xd_vcpu *v)
{
    const bool saved = !v->down || v->up_asleep;

    forget(v);
    if (!saved) {
        reset(v);
        xd_given_init(v);
        forget_entries(v);
        return;
    }
    XD_PUT(v->hv, v->down, false);
    XD_PUT(v->hv, v->up_asleep, false);
    xd_vcpu_unblock(v);
}

/* The toolstack makes the ports of xenstore and console first, so they are 1 and 2. */
static void renew_ports(struct xd_domain *d)
{
    const struct xd_start *s = &d->start;
    uint32_t store, console;

    xd_evtchn_close_all(d);
    xd_pirqs_end(d);
    xd_fifo_end(d);
    if (!s->store_port)
        return;
    store = xd_evtchn_open_unbound(d, d->evtchn_remote);
    console = xd_evtchn_open_unbound(d, d->evtchn_remote);
    XD_INVARIANT(d->hv, store == s->store_port && console == s->console_port);
}

/* AS-XEN: handle_shared_info: vcpu_info and arch are the saved ones, and no event is under way. The wall clock is written
 * when vCPU 0 gets its context, for the first time. */
static void renew_shared_info(struct xd_domain *d)
{
    struct xd_abi_shared_info *s = xd_shared_info(d);
    struct xd_arena *arena = xd_arena_of(d->hv);

    xd_arena_zero(arena, s->evtchn_pending, sizeof(s->evtchn_pending));
    for (size_t i = 0; i < XD_ARRAY_SIZE(s->evtchn_mask); i++)
        XD_PUT(d->hv, s->evtchn_mask[i], ~UINT64_C(0));
    for (size_t i = 0; i < XD_ARRAY_SIZE(s->vcpu_info); i++)
        XD_PUT(d->hv, s->vcpu_info[i].evtchn_pending_sel, 0);
    XD_PUT(d->hv, s->pfn_to_mfn_frame_list_list, 0);
    XD_PUT(d->hv, s->wc_version, 0);
    xd_wallclock_tell(d);
}

/* AS-XEN: process_start_info */
static void write_start_info(struct xd_domain *d, const struct place *at)
{
    struct xd_hv *hv = d->hv;
    const uint64_t pages = xd_shared_info(d)->max_pfn;

    write_frames(d, at);
    XD_PUT(hv, at->si->store_evtchn, d->start.store_port);
    XD_PUT(hv, at->si->console.domU.evtchn, d->start.console_port);
    XD_PUT(hv, at->si->nr_pages, pages ? pages : d->start.pages);
    XD_PUT(hv, at->si->shared_info, d->shared_info.v << XD_PAGE_SHIFT);
    XD_PUT(hv, at->si->flags, 0);
}

static void restore(struct xd_domain *d, const struct place *at)
{
    renew_ports(d);
    for (unsigned int i = 0; i < XD_WATCHDOGS; i++)
        xd_watchdog_stop(d, i);
    xd_domain_unclaim(d);
    XD_PUT(d->hv, d->auto_unmask, false);
    for (uint32_t id = 0; id < d->vcpus; id++)
        restore_vcpu(&d->vcpu[id]);
    renew_shared_info(d);
    write_start_info(d, at);
}

int xd_domain_resume(struct xd_domain *d, enum xd_resume how)
{
    const struct xd_told told = {.what = XD_DEED_RESUME, .d = d, .number = how};
    struct place at = {0};
    int rc;

    if (!d || !d->hv)
        xd_misused("xd_domain_resume: there is no such domain: it is %s",
                   d ? "gone, destroyed before" : "NULL");
    rc = check(d, how, &at);
    if (rc)
        return rc;
    XD_INVARIANT(d->hv, how == XD_RESUME_CANCELLED || at.si);
    xd_tell_before(d->hv, &told);
    switch (how) {
    case XD_RESUME_CANCELLED:
        XD_PUT(d->hv, d->vcpu[0].regs.rax, 1);
        if (d->hv->host->linked.returns)
            d->hv->host->linked.returns(&d->vcpu[0], 1);
        break;
    case XD_RESUME_ANEW:
        write_frames(d, &at);
        for (uint32_t id = 1; id < d->vcpus; id++)
            reset(&d->vcpu[id]);
        break;
    case XD_RESUME_RESTORED: restore(d, &at); break;
    }
    xd_domain_go_on(d);
    for (uint32_t id = 0; how == XD_RESUME_RESTORED && id < d->vcpus; id++) {
        xd_runstate_init(&d->vcpu[id]);
        if (!d->vcpu[id].down)
            xd_shinfo_time(&d->vcpu[id], &d->vcpu[id]);
    }
    xd_tell_after(d->hv, &told);
    return 0;
}
