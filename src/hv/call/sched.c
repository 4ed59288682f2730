/* SPDX-License-Identifier: MIT */
/*
 * sched.c: sched_op and its old form.
 *
 * A call that puts its vCPU to sleep returns 0 at once: that is what RAX holds when the vCPU runs
 * again. Whoever runs the guest looks at the vCPU's state.
 */
#include "hv/call/call.h"
#include "hv/evtchn.h"
#include "hv/sched.h"

#define POLL_PORTS_MAX  128u
#define OP_PIN_OVERRIDE 7u

static int64_t yield(struct xd_vcpu *v)
{
    (void)v; /* which vCPU runs next is its runner's choice */
    return 0;
}

static int64_t block(struct xd_vcpu *v)
{
    xd_vcpu_block(v);
    return 0;
}

/*
 * What the domain's toolstack finds in RDX, and takes for the frame of start_info if the domain suspends, stays there
 * when the call is over; linked code keeps its registers for itself.
 */
static int64_t end(struct xd_vcpu *v, uint32_t reason)
{
    if (!v->in_multicall)
        XD_PUT(v->hv, v->regs.rdx, v->rec.arg[2]);
    xd_domain_shutdown(v->domain, (uint8_t)reason);
    return 0;
}

static int64_t shutdown(struct xd_vcpu *v, struct xd_abi_sched_shutdown *op)
{
    return end(v, op->reason);
}

/*
 * Looks at the ports in order. A refusal, or 0 with *pending telling whether one of them holds an
 * event (what follows it is not looked at) and *last the last one.
 */
static int64_t check_ports(struct xd_vcpu *v, const struct xd_abi_sched_poll *op, bool *pending,
                           uint32_t *last)
{
    struct xd_domain *d = v->domain;

    *pending = false;
    *last = 0;
    for (uint32_t i = 0; i < op->nr_ports; i++) {
        uint32_t port;
        const struct xd_port *p;

        if (!xd_copy_in(v, &port, op->ports + i * sizeof(port), sizeof(port)))
            return xd_reject(v, XD_WHY_SCHED_POLL_LIST, op->ports, i);
        p = xd_port_find(d, port);
        if (!p)
            return xd_reject(v, XD_WHY_SCHED_POLL_PORT_RANGE, port, d->domid, d->ports_valid - 1,
                             i);
        if (!xd_port_usable(p))
            return xd_reject(v, XD_WHY_SCHED_POLL_PORT_UNUSABLE, port, d->domid, i);
        *last = port;
        *pending = xd_port_is_pending(d, port);
        if (*pending)
            return 0;
    }
    return 0;
}

static int64_t poll(struct xd_vcpu *v, struct xd_abi_sched_poll *op)
{
    bool pending;
    uint32_t last;
    int64_t rc;

    if (op->nr_ports > POLL_PORTS_MAX)
        return xd_reject(v, XD_WHY_SCHED_POLL_COUNT, op->nr_ports);
    if (!xd_handle_ok(op->ports, op->nr_ports, sizeof(uint32_t)))
        return xd_reject(v, XD_WHY_SCHED_POLL_LIST_RANGE, op->ports);
    if (xd_upcall_due(v))
        return 0;
    rc = check_ports(v, op, &pending, &last);
    if (rc || pending)
        return rc;

    /*
     * AS-XEN: do_poll: more ports than one are not remembered; any event of the domain ends the
     * poll.
     */
    xd_vcpu_poll(v, op->nr_ports == 1 ? last : 0, op->timeout);
    return 0;
}

static int64_t remote_shutdown(struct xd_vcpu *v, struct xd_abi_sched_remote_shutdown *op)
{
    struct xd_domain *d = xd_domain_by_id(v->hv, op->domain_id);

    if (!d)
        return xd_reject(v, XD_WHY_SCHED_REMOTE_UNKNOWN, op->domain_id);
    if (!v->domain->privileged)
        return xd_reject(v, XD_WHY_SCHED_REMOTE_PERMISSION, d->domid, v->domain->domid);

    xd_domain_shutdown(d, (uint8_t)op->reason);
    return 0;
}

static int64_t shutdown_code(struct xd_vcpu *v, struct xd_abi_sched_shutdown *op)
{
    if (v->domain->shutdown_code < 0)
        XD_PUT(v->hv, v->domain->shutdown_code, (uint8_t)op->reason);
    return 0;
}

static int64_t watchdog(struct xd_vcpu *v, struct xd_abi_sched_watchdog *op)
{
    struct xd_domain *d = v->domain;
    unsigned int i;

    if (op->id > XD_WATCHDOGS)
        return xd_reject(v, XD_WHY_SCHED_WATCHDOG_ID, op->id);
    if (op->id == 0) {
        for (i = 0; i < XD_WATCHDOGS && d->watchdog[i].used; i++)
            ;
        if (i == XD_WATCHDOGS) /* AS-XEN: domain_watchdog: the errno went through an unsigned int */
            return (int64_t)(uint32_t)xd_reject(v, XD_WHY_SCHED_WATCHDOG_NONE_FREE, d->domid);
        xd_watchdog_arm(d, i, op->timeout);
        return (int64_t)i + 1;
    }
    i = op->id - 1;
    if (!d->watchdog[i].used)
        return xd_reject(v, XD_WHY_SCHED_WATCHDOG_UNUSED, op->id, d->domid);
    if (op->timeout)
        xd_watchdog_arm(d, i, op->timeout);
    else
        xd_watchdog_stop(d, i);
    return 0;
}

/* The machine has one physical CPU, so all that shows of the override is whether it is in force. */
static int64_t pin_override(struct xd_vcpu *v, struct xd_abi_sched_pin_override *op)
{
    if (op->pcpu > 0)
        return xd_reject(v, XD_WHY_SCHED_PIN_CPU, (uint64_t)op->pcpu);
    if (op->pcpu < 0 && !v->pin_override)
        return xd_reject(v, XD_WHY_SCHED_PIN_NONE, v->id);
    if (op->pcpu == 0 && v->pin_override)
        return xd_reject(v, XD_WHY_SCHED_PIN_TWICE, v->id);

    XD_PUT(v->hv, v->pin_override, op->pcpu == 0);
    return 0;
}

#define OP0 XD_OP0_THUNK
#define OP  XD_OP_THUNK
#include "abi/ops_sched.def"
#undef OP0
#undef OP

static xd_op_fn *const run[] = {
#define OP0 XD_OP0_SLOT
#define OP  XD_OP_SLOT
#include "abi/ops_sched.def"
#undef OP0
#undef OP
};

int64_t xd_hc_sched_op(struct xd_vcpu *v, const struct xd_args_sched_op *arg)
{
    /* AS-XEN: do_sched_op asks for this right before it reads the operand. */
    if (arg->cmd == OP_PIN_OVERRIDE && !v->domain->hardware)
        return xd_reject(v, XD_WHY_SCHED_PIN_RIGHTS, v->domain->domid);
    return xd_op_run(v, &xd_group_sched, run, XD_ARRAY_SIZE(run), arg->cmd, arg->arg);
}

int64_t xd_hc_sched_op_compat(struct xd_vcpu *v, const struct xd_args_sched_op_compat *arg)
{
    switch (arg->cmd) {
    case 0: return yield(v);
    case 1: return block(v);
    case 2: return end(v, (uint32_t)arg->arg); /* the reason itself, not a pointer to it */
    default: return xd_reject(v, XD_WHY_SCHED_COMPAT_OP, arg->cmd);
    }
}
