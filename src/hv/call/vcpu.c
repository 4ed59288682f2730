/* SPDX-License-Identifier: MIT */
/*
 * vcpu.c: vcpu_op and set_timer_op. The context that `initialise` gives a vCPU: vcpu_context.c.
 */
#include "hv/call/vcpu.h"

#include "hv/evtchn.h"
#include "hv/pagetype.h"
#include "hv/sched.h"
#include "hv/shinfo.h"

enum {
    INITIALISE,
    UP,
    DOWN,
    IS_UP,
    GET_RUNSTATE_INFO,
    REGISTER_RUNSTATE_MEMORY_AREA,
    SET_PERIODIC_TIMER,
    STOP_PERIODIC_TIMER,
    SET_SINGLESHOT_TIMER,
    STOP_SINGLESHOT_TIMER,
    REGISTER_VCPU_INFO,
    SEND_NMI,
    GET_PHYSID,
    REGISTER_VCPU_TIME_MEMORY_AREA,
};

#define PERIOD_MIN   UINT64_C(1000000)
#define PERIOD_MAX   ((UINT64_C(1) << 62) - 1)
#define MISTAKE_NS   UINT64_C(100000000)
#define SHUTDOWN_OFF 0

static int64_t copy_in(struct xd_vcpu *v, void *dst, uint64_t arg, size_t size)
{
    return xd_copy_in(v, dst, arg, size) ? 0 : xd_reject(v, XD_WHY_COPY_IN, arg, size);
}

static int64_t copy_out(struct xd_vcpu *v, uint64_t arg, const void *src, size_t size)
{
    return xd_copy_out(v, arg, src, size) ? 0 : xd_reject(v, XD_WHY_COPY_OUT, arg, size);
}

/* AS-XEN: common_vcpu_op: only going from down to up wakes a vCPU. */
static int64_t up(struct xd_vcpu *v, struct xd_vcpu *t)
{
    if (!t->initialised)
        return xd_reject(v, XD_WHY_VCPU_NOT_INITIALISED, t->id);
    if (!xd_vcpu_is_up(t)) {
        XD_PUT(t->hv, t->down, false);
        xd_vcpu_scheduled(t);
        if (t->hv->host->linked.up)
            t->hv->host->linked.up(t);
        XD_PUT(t->hv, t->begins, false);
    }
    return 0;
}

/* AS-XEN: common_vcpu_op: the last vCPU that goes down takes the domain with it. */
static int64_t down(struct xd_vcpu *t)
{
    struct xd_domain *d = t->domain;
    bool other = false;

    for (uint32_t i = 0; i < d->vcpus; i++)
        other |= i != t->id && xd_vcpu_is_up(&d->vcpu[i]);
    if (!other) {
        xd_domain_shutdown(d, SHUTDOWN_OFF);
    } else if (!t->down) {
        XD_PUT(t->hv, t->down, true);
        xd_vcpu_scheduled(t);
    } else {
        XD_PUT(t->hv, t->up_asleep, false);
    }
    return 0;
}

static int64_t get_runstate(struct xd_vcpu *v, struct xd_vcpu *t, uint64_t arg)
{
    struct xd_abi_vcpu_runstate_info info;

    xd_runstate_get(t, &info);
    return copy_out(v, arg, &info, sizeof(info));
}

/* The address of an area that Xen is to keep up to date; it need not be mapped. */
static int64_t area_at(struct xd_vcpu *v, uint64_t arg, size_t size, uint64_t *at)
{
    int64_t rc = copy_in(v, at, arg, sizeof(*at));

    if (rc)
        return rc;
    return xd_handle_ok(*at, 1, size) ? 0 : xd_reject(v, XD_WHY_VCPU_AREA_RANGE, *at);
}

/*
 * AS-XEN: common_vcpu_op: the first copy is written through the caller's tables, to address 0 too, which stands for no
 * area; and to the caller's own area without the time since its state began.
 */
static int64_t register_runstate(struct xd_vcpu *v, struct xd_vcpu *t, uint64_t arg)
{
    struct xd_abi_vcpu_runstate_info info;
    uint64_t at;
    int64_t rc = area_at(v, arg, sizeof(info), &at);

    if (rc)
        return rc;
    XD_PUT(t->hv, t->runstate_area, at);
    if (t == v)
        xd_runstate_noted(t, &info);
    else
        xd_runstate_get(t, &info);
    (void)xd_copy_out(v, at, &info, sizeof(info));
    return 0;
}

static int64_t register_time(struct xd_vcpu *v, struct xd_vcpu *t, uint64_t arg)
{
    uint64_t at;
    int64_t rc = area_at(v, arg, sizeof(struct xd_abi_vcpu_time_info), &at);

    if (rc)
        return rc;
    XD_PUT(t->hv, t->time_area, at);
    xd_shinfo_time(t, v);
    return 0;
}

static int64_t info_refused(struct xd_vcpu *v, const struct xd_vcpu *t,
                            const struct xd_abi_vcpu_register_vcpu_info *op)
{
    const xd_mfn mfn = xd_mfn_of(op->mfn);

    if (op->offset > XD_PAGE_SIZE - sizeof(struct xd_abi_vcpu_info) || op->offset % 8)
        return xd_reject(v, XD_WHY_VCPU_INFO_OFFSET, t->id, op->offset);
    if (t->info_moved)
        return xd_reject(v, XD_WHY_VCPU_INFO_TWICE, t->id, t->info_mfn.v);
    if (t != v && xd_vcpu_is_up(t))
        return xd_reject(v, XD_WHY_VCPU_INFO_OTHER, t->id);
    if (!xd_frame_get(v->hv, mfn, v->domain->domid))
        return xd_reject(v, XD_WHY_VCPU_INFO_FRAME, mfn.v, t->id);
    if (!xd_writable_get(v->hv, mfn)) {
        xd_frame_put(v->hv, mfn);
        return xd_reject(v, XD_WHY_VCPU_INFO_TYPE, mfn.v, t->id, xd_frame_at(v->hv, mfn)->type);
    }
    return 0;
}

/*
 * The page is held writable for the vCPU's life, so it never becomes a page table. Everything is
 * marked as pending, lest an event get lost on the way: the guest sees an upcall without one.
 * AS-XEN: map_vcpu_info
 */
static void move_info(struct xd_vcpu *t, const struct xd_abi_vcpu_register_vcpu_info *op)
{
    struct xd_abi_vcpu_info info = {.evtchn_upcall_mask = 1};

    if (t->info_mfn.v)
        info = *xd_vcpu_info(t);
    info.evtchn_pending_sel = UINT64_MAX;
    XD_PUT(t->hv, t->info_mfn, xd_mfn_of(op->mfn));
    XD_PUT(t->hv, t->info_off, op->offset);
    XD_PUT(t->hv, t->info_moved, true);
    xd_arena_write(xd_arena_of(t->hv), xd_vcpu_info(t), &info, sizeof(info));
    xd_vcpu_mark_upcall(t);
}

/* AS-XEN: common_vcpu_op: the clock is written anew even if the move was refused. */
static int64_t register_info(struct xd_vcpu *v, struct xd_vcpu *t, uint64_t arg)
{
    struct xd_abi_vcpu_register_vcpu_info op;
    int64_t rc = copy_in(v, &op, arg, sizeof(op));

    if (rc)
        return rc;
    rc = info_refused(v, t, &op);
    if (rc == 0)
        move_info(t, &op);
    xd_shinfo_time(t, v);
    return rc;
}

static int64_t set_periodic(struct xd_vcpu *v, struct xd_vcpu *t, uint64_t arg)
{
    uint64_t period;
    int64_t rc = copy_in(v, &period, arg, sizeof(period));

    if (rc)
        return rc;
    if (period < PERIOD_MIN || period > PERIOD_MAX)
        return xd_reject(v, XD_WHY_VCPU_PERIOD, period);
    xd_timer_period(t, period);
    return 0;
}

static int64_t set_singleshot(struct xd_vcpu *v, struct xd_vcpu *t, uint64_t arg)
{
    struct xd_abi_vcpu_set_singleshot_timer set;
    int64_t rc;

    if (t != v)
        return xd_reject(v, XD_WHY_VCPU_OTHER, t->id);
    rc = copy_in(v, &set, arg, sizeof(set));
    if (rc)
        return rc;
    xd_timer_set(v, set.timeout_abs_ns);
    return 0;
}

static int64_t stop_singleshot(struct xd_vcpu *v, struct xd_vcpu *t)
{
    if (t != v)
        return xd_reject(v, XD_WHY_VCPU_OTHER, t->id);
    xd_timer_stop(v);
    return 0;
}

static int64_t send_nmi(struct xd_vcpu *v, struct xd_vcpu *t, uint64_t arg)
{
    if (arg)
        return xd_reject(v, XD_WHY_VCPU_NMI_ARGUMENT, arg);
    if (!t->nmi_pending) {
        XD_PUT(t->hv, t->nmi_pending, true);
        xd_vcpu_kick(t);
    }
    return 0;
}

/*
 * The machine has one CPU, 0, so every vCPU of the hardware domain is bound to one. AS-XEN: arch_do_vcpu_op: told is the CPU
 * that has the vCPU's number, and where there is none, that there is none.
 */
static int64_t get_physid(struct xd_vcpu *v, struct xd_vcpu *t, uint64_t arg)
{
    const uint64_t physid = t->id == 0 ? 0 : ~UINT64_C(0); /* APIC's number; ACPI's above it */

    if (!t->domain->hardware)
        return xd_reject(v, XD_WHY_VCPU_NOT_PINNED, t->domain->domid);
    return copy_out(v, arg, &physid, sizeof(physid));
}

int64_t xd_hc_vcpu_op(struct xd_vcpu *v, const struct xd_args_vcpu_op *arg)
{
    struct xd_vcpu *t = xd_vcpu_find(v->domain, arg->vcpuid);

    if (!t)
        return xd_reject(v, XD_WHY_VCPU_UNKNOWN, arg->vcpuid, v->domain->domid, v->domain->vcpus);
    switch (arg->cmd) {
    case INITIALISE: return xd_vcpu_initialise(v, t, arg->arg);
    case UP: return up(v, t);
    case DOWN: return down(t);
    case IS_UP: return xd_vcpu_is_up(t);
    case GET_RUNSTATE_INFO: return get_runstate(v, t, arg->arg);
    case REGISTER_RUNSTATE_MEMORY_AREA: return register_runstate(v, t, arg->arg);
    case SET_PERIODIC_TIMER: return set_periodic(v, t, arg->arg);
    case STOP_PERIODIC_TIMER: xd_timer_period(t, 0); return 0;
    case SET_SINGLESHOT_TIMER: return set_singleshot(v, t, arg->arg);
    case STOP_SINGLESHOT_TIMER: return stop_singleshot(v, t);
    case REGISTER_VCPU_INFO: return register_info(v, t, arg->arg);
    case SEND_NMI: return send_nmi(v, t, arg->arg);
    case GET_PHYSID: return get_physid(v, t, arg->arg);
    case REGISTER_VCPU_TIME_MEMORY_AREA: return register_time(v, t, arg->arg);
    default: return xd_reject(v, XD_WHY_OP_UNKNOWN, arg->cmd);
    }
}

/* AS-XEN: do_set_timer_op: what looks like a mistake of the guest fires in 100 ms. */
int64_t xd_hc_set_timer_op(struct xd_vcpu *v, const struct xd_args_set_timer_op *arg)
{
    uint64_t now = v->hv->now_ns, at = arg->timeout_ns;

    if (at == 0)
        xd_timer_stop(v);
    else if (at > INT64_MAX || (at > now && (uint32_t)((at - now) >> 50) != 0))
        xd_timer_set(v, now + MISTAKE_NS);
    else
        xd_timer_set(v, at);
    return 0;
}
