/* SPDX-License-Identifier: MIT */
/* domctl_domain.c: domctl: a domain as a whole: its life, its limits, and what is said of it. */
#include "hv/call/domctl.h"

#include "hv/create.h"
#include "hv/evtchn.h"
#include "hv/evtchn_fifo.h"
#include "hv/frame.h"
#include "hv/sched.h"
#include "hv/shinfo.h"

#define SOFT_RESET_CONT  23u
#define PAUSES_MAX       255u
#define KB_SHIFT         (XD_PAGE_SHIFT - 10)
#define SCHED_CREDIT2    6u
#define SCHED_CAP        100u /* of one vCPU */
#define VM_EVENT_MONITOR 2u

enum { SCHED_PUT, SCHED_GET, SCHED_PUT_VCPU, SCHED_GET_VCPU };
enum { MONITOR_ENABLE, MONITOR_DISABLE, MONITOR_CAPABILITIES, MONITOR_EACH_REP, MONITOR_REGISTERS };
enum { VM_EVENT_ENABLE, VM_EVENT_DISABLE, VM_EVENT_RESUME };

/* ---- Its life ---- */

static int64_t pausedomain(struct xd_domctl *c)
{
    int64_t rc = xd_domctl_not_self(c);

    if (rc)
        return rc;
    if (c->d->pauses == PAUSES_MAX)
        return xd_reject(c->v, XD_WHY_DOMCTL_PAUSES, c->d->domid, PAUSES_MAX);
    XD_PUT(c->v->hv, c->d->pauses, (uint8_t)(c->d->pauses + 1));
    xd_domain_repause(c->d);
    return 0;
}

static int64_t unpausedomain(struct xd_domctl *c)
{
    if (c->d->pauses == 0)
        return xd_reject(c->v, XD_WHY_DOMCTL_NOT_PAUSED, c->d->domid);
    XD_PUT(c->v->hv, c->d->pauses, (uint8_t)(c->d->pauses - 1));
    if (!c->d->pauses)
        XD_PUT(c->v->hv, c->d->finished, true);
    xd_domain_repause(c->d);
    return 0;
}

/* AS-XEN: do_domctl: whatever the domain shut down with; what else a toolstack does is its own business. */
static int64_t resumedomain(struct xd_domctl *c)
{
    if (c->d == c->v->domain)
        return xd_reject(c->v, XD_WHY_DOMCTL_RESUME_SELF, c->d->domid);
    xd_domain_go_on(c->d);
    return 0;
}

/* AS-XEN: domain_kill: one that is dying goes on to, and one that is dead stays so. */
static int64_t destroydomain(struct xd_domctl *c)
{
    struct xd_host *host = c->v->hv->host;
    int64_t rc = xd_domctl_not_self(c);

    if (rc)
        return rc;
    if (c->d->dying)
        return 0;
    if (host->concurrent) /* LIMIT: code of its vCPUs may be running on threads of their own */
        return xd_domctl_not_modelled(c);
    if (host->linked.gone)
        host->linked.gone(c->d);
    xd_domain_kill(c->d);
    return 0;
}

/*
 * AS-XEN: domain_soft_reset: what the domain made for itself goes, and only then it turns out that it is PV. It crashes
 * for that, which means nothing to one that has shut down.
 */
static int64_t soft_reset(struct xd_domctl *c)
{
    struct xd_domain *d = c->d;
    int64_t rc = xd_domctl_not_self(c);

    if (rc)
        return rc;
    if (!d->shutting_down && d->vcpus)
        return xd_reject(c->v, XD_WHY_DOMCTL_RUNS, d->domid);
    if (!d->pauses)
        return xd_reject(c->v, XD_WHY_EVTCHN_RESET_NOT_PAUSED, d->domid);
    if (c->op.cmd == SOFT_RESET_CONT) /* none is ever cut short */
        return xd_reject(c->v, XD_WHY_EVTCHN_RESET_NOT_RUNNING, d->domid);

    xd_evtchn_close_all(d);
    xd_fifo_end(d);
    for (uint32_t id = 0; id < d->vcpus; id++) {
        XD_PUT(d->hv, d->vcpu[id].runstate_area, 0);
        xd_info_release(&d->vcpu[id]);
    }
    xd_domain_crash(d);
    return xd_reject(c->v, XD_WHY_DOMCTL_RESET_PV, d->domid);
}

/* ---- Limits ---- */

/* AS-XEN: do_domctl: how many there are was said when the domain was created; that there be any is all that is left to say. */
static int64_t max_vcpus(struct xd_domctl *c)
{
    int64_t rc = xd_domctl_not_self(c);

    if (rc)
        return rc;
    if (c->op.u.max_vcpus.max != c->d->vcpus_max)
        return xd_reject(c->v, XD_WHY_DOMCTL_MAX_VCPUS, c->d->domid, c->op.u.max_vcpus.max,
                         c->d->vcpus_max);
    xd_domain_make_vcpus(c->d);
    return 0;
}

/* It may be less than the domain has; then it gets no more. */
static int64_t max_mem(struct xd_domctl *c)
{
    uint64_t pages = c->op.u.max_mem.memkb >> KB_SHIFT;

    XD_PUT(c->v->hv, c->d->pages_max, pages < UINT32_MAX ? (uint32_t)pages : UINT32_MAX);
    return 0;
}

/* ---- The scheduler ---- */

static int64_t put_sched(struct xd_domctl *c)
{
    const uint16_t weight = c->op.u.scheduler_op.weight, cap = c->op.u.scheduler_op.cap;
    struct xd_domain *d = c->d;

    /* AS-XEN: csched2_dom_cntl: the weight is stored before the cap is looked at. */
    if (weight)
        XD_PUT(d->hv, d->weight, weight);
    if (cap > SCHED_CAP * d->vcpus)
        return xd_reject(c->v, XD_WHY_DOMCTL_CAP, d->domid, cap, SCHED_CAP * d->vcpus);
    XD_PUT(d->hv, d->cap, cap);
    return 0;
}

/* Which of its vCPUs runs is no question here, as each always can; so all that is kept is what was said. */
static int64_t scheduler_op(struct xd_domctl *c)
{
    c->copyback = true;
    if (c->op.u.scheduler_op.sched_id != SCHED_CREDIT2)
        return xd_reject(c->v, XD_WHY_DOMCTL_SCHEDULER, c->op.u.scheduler_op.sched_id,
                         SCHED_CREDIT2);
    switch (c->op.u.scheduler_op.cmd) {
    case SCHED_PUT: return put_sched(c);
    case SCHED_GET:
        c->op.u.scheduler_op.weight = c->d->weight;
        c->op.u.scheduler_op.cap = c->d->cap;
        return 0;
    default: return xd_reject(c->v, XD_WHY_DOMCTL_SCHED_CMD, c->op.u.scheduler_op.cmd);
    }
}

/* ---- What is said of it ---- */

static int64_t setdomainhandle(struct xd_domctl *c)
{
    xd_arena_write(xd_arena_of(c->v->hv), c->d->handle, c->op.u.setdomainhandle.handle,
                   sizeof(c->d->handle));
    return 0;
}

static int64_t setdebugging(struct xd_domctl *c)
{
    int64_t rc = xd_domctl_not_self(c);

    if (rc)
        return rc;
    XD_PUT(c->v->hv, c->d->debugged, c->op.u.setdebugging.enable != 0);
    return 0;
}

static int64_t settimeoffset(struct xd_domctl *c)
{
    XD_PUT(c->v->hv, c->d->time_offset, c->op.u.settimeoffset.seconds);
    xd_wallclock_tell(c->d);
    return 0;
}

static int64_t subscribe(struct xd_domctl *c)
{
    XD_PUT(c->v->hv, c->d->suspend_port, c->op.u.subscribe.port);
    return 0;
}

/* AS-XEN: set_global_virq_handler: one that is dying may become it, too; it stays then, until there is another handler. */
static int64_t set_virq_handler(struct xd_domctl *c)
{
    const uint32_t virq = c->op.u.set_virq_handler.virq;
    struct xd_hv *hv = c->v->hv;
    struct xd_domain *old;

    if (virq >= XD_VIRQS || !xd_virq_is_global(virq))
        return xd_reject(c->v, XD_WHY_DOMCTL_VIRQ, virq);
    old =
        hv->virq_handler[virq] ? xd_domain_by_id(hv, (uint16_t)(hv->virq_handler[virq] - 1)) : NULL;
    XD_PUT(hv, hv->virq_handler[virq], (uint16_t)(c->d->domid + 1));
    if (old)
        xd_domain_go(old);
    return 0;
}

/* ---- Events of its memory and its processor: there are none of a PV domain ---- */

static int64_t set_access_required(struct xd_domctl *c)
{
    return c->d == c->v->domain ? xd_reject(c->v, XD_WHY_DOMCTL_SELF_RIGHT, c->d->domid) : 0;
}

static int64_t monitor_op(struct xd_domctl *c)
{
    const uint32_t event = c->op.u.monitor_op.event;

    if (c->d == c->v->domain)
        return xd_reject(c->v, XD_WHY_DOMCTL_SELF_RIGHT, c->d->domid);
    switch (c->op.u.monitor_op.op) {
    case MONITOR_ENABLE:
    case MONITOR_DISABLE:
        return event > 31 ? xd_reject(c->v, XD_WHY_DOMCTL_MONITOR_EVENT, event)
                          : xd_reject(c->v, XD_WHY_DOMCTL_HVM_ONLY, c->d->domid);
    case MONITOR_CAPABILITIES:
        c->op.u.monitor_op.event = 0;
        c->copyback = true;
        return 0;
    case MONITOR_EACH_REP: return xd_reject(c->v, XD_WHY_DOMCTL_NO_RING, c->d->domid);
    case MONITOR_REGISTERS: c->copyback = true; return 0;
    default: return xd_reject(c->v, XD_WHY_DOMCTL_MONITOR_OP, c->op.u.monitor_op.op);
    }
}

/* AS-XEN: vm_event_domctl: of three kinds of events only those of the monitor are built in. */
static int64_t vm_event_op(struct xd_domctl *c)
{
    const uint32_t mode = c->op.u.vm_event_op.mode;
    int64_t rc = xd_domctl_not_self(c);

    if (rc)
        return rc;
    if (c->d->dying) {
        c->copyback = true;
        return 0;
    }
    if (!c->d->vcpus)
        return xd_reject(c->v, XD_WHY_DOMCTL_BLANK, c->d->domid);
    if (mode != VM_EVENT_MONITOR)
        return xd_reject(c->v, XD_WHY_DOMCTL_VM_EVENT, mode, c->op.u.vm_event_op.op);
    switch (c->op.u.vm_event_op.op) {
    case VM_EVENT_ENABLE: return xd_reject(c->v, XD_WHY_XEN_ENDS, XD_HC_DOMCTL, c->op.cmd);
    case VM_EVENT_DISABLE: return xd_reject(c->v, XD_WHY_DOMCTL_NO_RING, c->d->domid);
    case VM_EVENT_RESUME: return xd_reject(c->v, XD_WHY_DOMCTL_NO_RING_RESUME, c->d->domid);
    default: return xd_reject(c->v, XD_WHY_DOMCTL_VM_EVENT, mode, c->op.u.vm_event_op.op);
    }
}

const struct xd_domctl_row xd_domctl_domain[] = {
    {1, xd_domctl_createdomain},
    {2, destroydomain},
    {3, pausedomain},
    {4, unpausedomain},
    {11, max_mem},
    {15, max_vcpus},
    {16, scheduler_op},
    {17, setdomainhandle},
    {18, setdebugging},
    {SOFT_RESET_CONT, soft_reset},
    {24, settimeoffset},
    {27, resumedomain},
    {29, subscribe},
    {56, vm_event_op},
    {64, set_access_required},
    {66, set_virq_handler},
    {77, monitor_op},
    {79, soft_reset},
    {0, NULL},
};
