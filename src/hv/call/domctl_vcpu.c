/* SPDX-License-Identifier: MIT */
/*
 * domctl_vcpu.c: domctl: one vCPU of a domain: where it runs, whether it does, and what is sent to it. The machine has one
 * processor.
 */
#include "hv/call/domctl.h"

#include "hv/sched.h"

#define PROCESSOR      0u
#define AFFINITY_HARD  1u
#define AFFINITY_SOFT  2u
#define AFFINITY_FORCE 4u
#define SET_AFFINITY   9u

enum { TRIGGER_NMI = 0, TRIGGER_POWER = 3, TRIGGER_SLEEP = 4 };

/* The vCPU, or why there is none: (why) */
static int64_t find(struct xd_domctl *c, uint32_t id, enum xd_why why, struct xd_vcpu **t)
{
    *t = xd_vcpu_find(c->d, id);
    return *t ? 0 : xd_reject(c->v, why, c->d->domid, id);
}

/* AS-XEN: do_domctl, vcpu_affinity_domctl: one that the domain may have and has not is another error than one that it may not. */
static int64_t find_made(struct xd_domctl *c, uint32_t id, struct xd_vcpu **t)
{
    return find(c, id, id < c->d->vcpus_max ? XD_WHY_DOMCTL_VCPU_UNKNOWN : XD_WHY_DOMCTL_VCPU, t);
}

static int64_t getvcpuinfo(struct xd_domctl *c)
{
    struct xd_abi_vcpu_runstate_info time;
    struct xd_vcpu *t;
    int64_t rc = find_made(c, c->op.u.vcpuinfo.vcpu, &t);

    if (rc)
        return rc;
    xd_runstate_get(t, &time);
    c->op.u.vcpuinfo.online = xd_vcpu_is_up(t);
    c->op.u.vcpuinfo.blocked = t->blocked;
    c->op.u.vcpuinfo.running = xd_vcpu_running(t);
    c->op.u.vcpuinfo.cpu_time = time.time[0];
    c->op.u.vcpuinfo.cpu = PROCESSOR;
    c->copyback = true;
    return 0;
}

/* ---- Affinity ---- */

/* Where it must run is where it is allowed to and a processor is: here or nowhere. AS-XEN: vcpu_set_hard_affinity */
static int64_t set_hard(struct xd_domctl *c, struct xd_vcpu *t)
{
    bool here;
    int64_t rc = xd_cpus_in(c->v, &c->op.u.vcpuaffinity.hard, &here);

    if (rc)
        return rc;
    if (!here)
        return xd_reject(c->v, XD_WHY_DOMCTL_AFFINITY_NONE, c->d->domid, t->id);
    if (t->pin_override)
        return xd_reject(c->v, XD_WHY_DOMCTL_AFFINITY_BUSY, c->d->domid, t->id);
    return xd_cpus_out(c->v, &c->op.u.vcpuaffinity.hard, true);
}

static int64_t set_soft(struct xd_domctl *c, struct xd_vcpu *t)
{
    bool here;
    int64_t rc = xd_cpus_in(c->v, &c->op.u.vcpuaffinity.soft, &here);

    if (rc)
        return rc;
    if (t->pin_override)
        return xd_reject(c->v, XD_WHY_DOMCTL_AFFINITY_BUSY, c->d->domid, t->id);
    XD_PUT(t->hv, t->soft_nowhere, !here);
    return xd_cpus_out(c->v, &c->op.u.vcpuaffinity.soft, here);
}

/* AS-XEN: vcpu_affinity_domctl: a hard affinity whose list could not be written back is set, and what comes of the soft one
 * is the result of both. */
static int64_t set_affinity(struct xd_domctl *c, struct xd_vcpu *t)
{
    const uint32_t flags = c->op.u.vcpuaffinity.flags;
    int64_t rc = 0;

    if (flags & AFFINITY_FORCE)
        XD_PUT(t->hv, t->pin_override, false);
    if (flags & AFFINITY_HARD) {
        rc = set_hard(c, t);
        if (rc && c->v->rec.reject.why != XD_WHY_COPY_OUT)
            return rc;
    }
    if (flags & AFFINITY_SOFT) {
        rc = set_soft(c, t);
        if (rc == 0)
            c->v->rec.reject.why = XD_WHY_NONE;
    }
    return rc;
}

static int64_t vcpuaffinity(struct xd_domctl *c)
{
    const uint32_t flags = c->op.u.vcpuaffinity.flags;
    struct xd_vcpu *t;
    int64_t rc = find_made(c, c->op.u.vcpuaffinity.vcpu, &t);

    if (rc)
        return rc;
    if (flags == 0 || (flags & AFFINITY_HARD && !c->op.u.vcpuaffinity.hard.at) ||
        (flags & AFFINITY_SOFT && !c->op.u.vcpuaffinity.soft.at))
        return xd_reject(c->v, XD_WHY_DOMCTL_AFFINITY_ARGS, flags);
    if (c->op.cmd == SET_AFFINITY)
        return set_affinity(c, t);
    if (flags & AFFINITY_HARD)
        rc = xd_cpus_out(c->v, &c->op.u.vcpuaffinity.hard, true);
    /* AS-XEN: vcpu_affinity_domctl: of both lists, the result is the last one's. */
    if (flags & AFFINITY_SOFT) {
        rc = xd_cpus_out(c->v, &c->op.u.vcpuaffinity.soft, !t->soft_nowhere);
        if (rc == 0)
            c->v->rec.reject.why = XD_WHY_NONE;
    }
    return rc;
}

/* ---- What is sent to it ---- */

static int64_t sendtrigger(struct xd_domctl *c)
{
    struct xd_vcpu *t;
    int64_t rc = find(c, c->op.u.sendtrigger.vcpu, XD_WHY_DOMCTL_VCPU_UNKNOWN, &t);

    if (rc)
        return rc;
    switch (c->op.u.sendtrigger.trigger) {
    case TRIGGER_NMI:
        if (!t->nmi_pending) {
            XD_PUT(t->hv, t->nmi_pending, true);
            xd_vcpu_kick(t);
        }
        return 0;
    case TRIGGER_POWER:
    case TRIGGER_SLEEP: return xd_reject(c->v, XD_WHY_DOMCTL_TRIGGER_HVM, c->d->domid);
    default: return xd_reject(c->v, XD_WHY_DOMCTL_TRIGGER, c->op.u.sendtrigger.trigger);
    }
}

/* AS-XEN: arch_do_domctl: what a debugger does by domctl to an HVM domain; for others (gdbsx) it is not built in. */
static int64_t debug_op(struct xd_domctl *c)
{
    struct xd_vcpu *t;
    int64_t rc = find(c, c->op.u.debug_op.vcpu, XD_WHY_DOMCTL_VCPU, &t);

    return rc ? rc : xd_reject(c->v, XD_WHY_DOMCTL_HVM_DEBUG, c->d->domid);
}

const struct xd_domctl_row xd_domctl_vcpu[] = {
    {SET_AFFINITY, vcpuaffinity},
    {14, getvcpuinfo},
    {25, vcpuaffinity},
    {28, sendtrigger},
    {54, debug_op},
    {0, NULL},
};
