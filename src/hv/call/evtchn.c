/* SPDX-License-Identifier: MIT */
/* evtchn.c: event_channel_op, and its old form with command and operand behind one pointer. */
#include "hv/call/call.h"
#include "hv/evtchn.h"
#include "hv/evtchn_fifo.h"
#include "hv/frame.h"
#include "hv/pagetype.h"
#include "hv/pirq.h"

#define COMPAT_OPS  10u /* operations 0..9 exist in the old form */
#define WILL_SHARE  1u  /* bind_pirq */
#define COMPAT_SIZE 28u /* of its struct: the command, then the largest operand */

static int64_t no_vcpu(struct xd_vcpu *v, uint32_t id)
{
    return xd_reject(v, XD_WHY_EVTCHN_VCPU_UNKNOWN, id, v->domain->domid, v->domain->vcpus);
}

static int64_t not_valid(struct xd_vcpu *v, struct xd_domain *d, uint32_t port)
{
    return xd_reject(v, XD_WHY_EVTCHN_PORT_RANGE, port, d->domid, d->ports_valid - 1);
}

/* Refuses a port of the caller that is valid but bound to nothing. */
static int64_t not_bound(struct xd_vcpu *v, uint32_t port)
{
    if (v->domain->port[port].state == XD_PORT_RESERVED)
        return xd_reject(v, XD_WHY_EVTCHN_PORT_RESERVED, port, v->domain->domid);
    return xd_reject(v, XD_WHY_EVTCHN_PORT_FREE, port, v->domain->domid);
}

static int64_t alloc_unbound(struct xd_vcpu *v, struct xd_abi_evtchn_alloc_unbound *op)
{
    struct xd_domain *d = xd_domain_any_id(v, op->dom);
    struct xd_port as = {.state = XD_PORT_UNBOUND, .remote_dom = op->remote_dom};
    uint32_t port;
    int64_t rc;

    if (!d)
        return xd_reject(v, XD_WHY_EVTCHN_DOMAIN_UNKNOWN, op->dom);
    rc = xd_port_alloc(v, d, &port);
    if (rc)
        return rc;
    if (!xd_may_target(v, d))
        return xd_reject(v, XD_WHY_EVTCHN_PERMISSION, d->domid, v->domain->domid);

    if (op->remote_dom == XD_DOMID_SELF)
        as.remote_dom =
            v->domain->domid; /* AS-XEN: the caller, also for a port in another domain */
    xd_port_bind(d, port, as);
    op->port = port;
    return 0;
}

static int64_t bind_interdomain(struct xd_vcpu *v, struct xd_abi_evtchn_bind_interdomain *op)
{
    struct xd_domain *ld = v->domain, *rd = xd_domain_any_id(v, op->remote_dom);
    const struct xd_port *p;
    uint32_t port;
    int64_t rc;

    if (!rd)
        return xd_reject(v, XD_WHY_EVTCHN_DOMAIN_UNKNOWN, op->remote_dom);
    rc = xd_port_alloc(v, ld, &port);
    if (rc)
        return rc;
    p = xd_port_find(rd, op->remote_port);
    if (!p)
        return xd_reject(v, XD_WHY_EVTCHN_REMOTE_RANGE, op->remote_port, rd->domid,
                         rd->ports_valid - 1);
    if (p->state != XD_PORT_UNBOUND)
        return xd_reject(v, XD_WHY_EVTCHN_NOT_UNBOUND, op->remote_port, rd->domid);
    if (p->remote_dom != ld->domid)
        return xd_reject(v, XD_WHY_EVTCHN_RESERVED_FOR_OTHER, op->remote_port, rd->domid,
                         p->remote_dom, ld->domid);

    xd_port_pair(ld, port, rd, op->remote_port);
    op->local_port = port;
    return 0;
}

static int64_t bind_virq(struct xd_vcpu *v, struct xd_abi_evtchn_bind_virq *op)
{
    struct xd_domain *d = v->domain;
    struct xd_vcpu *target = xd_vcpu_find(d, op->vcpu);
    uint32_t port;
    int64_t rc;

    if (op->virq >= XD_VIRQS)
        return xd_reject(v, XD_WHY_EVTCHN_VIRQ_RANGE, op->virq);
    if (xd_virq_is_global(op->virq) && op->vcpu != 0)
        return xd_reject(v, XD_WHY_EVTCHN_VIRQ_GLOBAL, op->virq, op->vcpu);
    if (!target)
        return no_vcpu(v, op->vcpu);
    if (target->virq_port[op->virq])
        return xd_reject(v, XD_WHY_EVTCHN_VIRQ_BOUND, target->virq_port[op->virq], d->domid,
                         op->virq, op->vcpu);
    rc = xd_port_alloc(v, d, &port);
    if (rc)
        return rc;

    xd_port_bind(d, port,
                 (struct xd_port){.state = XD_PORT_VIRQ,
                                  .notify_vcpu = (uint16_t)op->vcpu,
                                  .virq = (uint16_t)op->virq});
    XD_PUT(d->hv, target->virq_port[op->virq], port);
    op->port = port;
    return 0;
}

static int64_t bind_ipi(struct xd_vcpu *v, struct xd_abi_evtchn_bind_ipi *op)
{
    uint32_t port;
    int64_t rc;

    if (!xd_vcpu_find(v->domain, op->vcpu))
        return no_vcpu(v, op->vcpu);
    rc = xd_port_alloc(v, v->domain, &port);
    if (rc)
        return rc;

    xd_port_bind(v->domain, port,
                 (struct xd_port){.state = XD_PORT_IPI, .notify_vcpu = (uint16_t)op->vcpu});
    op->port = port;
    return 0;
}

static int64_t bind_pirq(struct xd_vcpu *v, struct xd_abi_evtchn_bind_pirq *op)
{
    struct xd_domain *d = v->domain;
    uint32_t port;
    int64_t rc;

    if (op->pirq >= xd_pirqs(d))
        return xd_reject(v, XD_WHY_EVTCHN_PIRQ_RANGE, op->pirq, d->domid, xd_pirqs(d) - 1);
    if (!xd_pirq_permitted(d, op->pirq))
        return xd_reject(v, XD_WHY_EVTCHN_PIRQ_RIGHTS, op->pirq, d->domid);
    if (d->pirq[op->pirq].port)
        return xd_reject(v, XD_WHY_EVTCHN_PIRQ_BOUND, d->pirq[op->pirq].port, d->domid, op->pirq);
    rc = xd_port_alloc(v, d, &port);
    if (rc)
        return rc;
    if (!xd_pirq_bind(d, op->pirq, port, op->flags & WILL_SHARE)) {
        uint32_t irq = (uint32_t)xd_pirq_irq(d, op->pirq);

        return xd_reject(v, XD_WHY_EVTCHN_PIRQ_BUSY, irq, xd_irq_guests(d->hv, irq));
    }
    xd_port_bind(d, port, (struct xd_port){.state = XD_PORT_PIRQ, .virq = (uint16_t)op->pirq});
    op->port = port;
    return 0;
}

static int64_t close(struct xd_vcpu *v, struct xd_abi_evtchn_port *op)
{
    const struct xd_port *p = xd_port_find(v->domain, op->port);

    if (!p)
        return not_valid(v, v->domain, op->port);
    if (!xd_port_usable(p))
        return not_bound(v, op->port);

    xd_port_close(v->domain, op->port);
    return 0;
}

static int64_t send(struct xd_vcpu *v, struct xd_abi_evtchn_port *op)
{
    struct xd_domain *d = v->domain;
    const struct xd_port *p = xd_port_find(d, op->port);

    if (!p)
        return not_valid(v, d, op->port);
    switch (p->state) {
    case XD_PORT_INTERDOMAIN:
    case XD_PORT_IPI:
    case XD_PORT_UNBOUND: xd_port_send(d, op->port); return 0;
    case XD_PORT_VIRQ: return xd_reject(v, XD_WHY_EVTCHN_SEND_VIRQ, op->port, d->domid, p->virq);
    case XD_PORT_PIRQ: return xd_reject(v, XD_WHY_EVTCHN_SEND_PIRQ, op->port, d->domid, p->virq);
    default: return not_bound(v, op->port);
    }
}

static int64_t status(struct xd_vcpu *v, struct xd_abi_evtchn_status *op)
{
    static const uint8_t shown[] = {
        [XD_PORT_FREE] = XD_STATUS_CLOSED,     [XD_PORT_RESERVED] = XD_STATUS_CLOSED,
        [XD_PORT_UNBOUND] = XD_STATUS_UNBOUND, [XD_PORT_INTERDOMAIN] = XD_STATUS_INTERDOMAIN,
        [XD_PORT_PIRQ] = XD_STATUS_PIRQ,       [XD_PORT_VIRQ] = XD_STATUS_VIRQ,
        [XD_PORT_IPI] = XD_STATUS_IPI,
    };
    struct xd_domain *d = xd_domain_any_id(v, op->dom);
    const struct xd_port *p;

    if (!d)
        return xd_reject(v, XD_WHY_EVTCHN_DOMAIN_UNKNOWN, op->dom);
    p = xd_port_find(d, op->port);
    if (!p)
        return not_valid(v, d, op->port);
    if (!xd_may_target(v, d))
        return xd_reject(v, XD_WHY_EVTCHN_PERMISSION, d->domid, v->domain->domid);

    op->status = shown[p->state];
    op->vcpu = p->notify_vcpu;
    if (p->state == XD_PORT_UNBOUND) {
        op->u.unbound.dom = p->remote_dom;
    } else if (p->state == XD_PORT_INTERDOMAIN) {
        op->u.interdomain.dom = p->remote_dom;
        op->u.interdomain.port = p->remote_port;
    } else if (p->state == XD_PORT_VIRQ || p->state == XD_PORT_PIRQ) {
        op->u.virq = p->virq; /* where the pirq stands, too */
    }
    return 0;
}

static int64_t bind_vcpu(struct xd_vcpu *v, struct xd_abi_evtchn_bind_vcpu *op)
{
    struct xd_domain *d = v->domain;
    struct xd_port *p = xd_port_find(d, op->port);

    if (!xd_vcpu_find(d, op->vcpu))
        return no_vcpu(v, op->vcpu);
    if (!p)
        return not_valid(v, d, op->port);
    if (!xd_port_usable(p))
        return not_bound(v, op->port);
    if (p->state == XD_PORT_IPI)
        return xd_reject(v, XD_WHY_EVTCHN_MOVE_IPI, op->port, d->domid, p->notify_vcpu);
    if (p->state == XD_PORT_VIRQ && !xd_virq_is_global(p->virq))
        return xd_reject(v, XD_WHY_EVTCHN_MOVE_VIRQ, op->port, d->domid, p->virq, p->notify_vcpu);

    XD_PUT(d->hv, p->notify_vcpu,
           (uint16_t)op->vcpu); /* what is pending already stays with the old vCPU */
    return 0;
}

static int64_t unmask(struct xd_vcpu *v, struct xd_abi_evtchn_port *op)
{
    if (!xd_port_find(v->domain, op->port))
        return not_valid(v, v->domain, op->port);

    xd_port_unmask(v->domain, op->port);
    return 0;
}

static int64_t check_reset(struct xd_vcpu *v, uint16_t dom)
{
    struct xd_domain *d = xd_domain_any_id(v, dom);

    if (!d)
        return xd_reject(v, XD_WHY_EVTCHN_DOMAIN_UNKNOWN, dom);
    if (!xd_may_target(v, d))
        return xd_reject(v, XD_WHY_EVTCHN_PERMISSION, d->domid, v->domain->domid);
    if (d != v->domain && !d->pauses)
        return xd_reject(v, XD_WHY_EVTCHN_RESET_NOT_PAUSED, d->domid);
    return 0;
}

static int64_t reset(struct xd_vcpu *v, struct xd_abi_evtchn_reset *op)
{
    int64_t rc = check_reset(v, op->dom);

    if (rc)
        return rc;
    xd_evtchn_close_all(xd_domain_any_id(v, op->dom));
    xd_fifo_end(xd_domain_any_id(v, op->dom));
    return 0;
}

/* Resets here are never cut short, so there is never one to continue. */
static int64_t reset_cont(struct xd_vcpu *v, struct xd_abi_evtchn_reset *op)
{
    int64_t rc = check_reset(v, op->dom);

    if (rc)
        return rc;
    return xd_reject(v, XD_WHY_EVTCHN_RESET_NOT_RUNNING, xd_domain_any_id(v, op->dom)->domid);
}

/* Takes a page of the caller's into use for its events; it won't become a table while it is. AS-XEN: map_guest_page */
static int64_t use_page(struct xd_vcpu *v, uint64_t gfn)
{
    const xd_mfn mfn = xd_mfn_of(gfn);

    if (!xd_frame_get(v->hv, mfn, v->domain->domid))
        return xd_reject(v, XD_WHY_EVTCHN_FIFO_FRAME, gfn, v->domain->domid);
    if (!xd_writable_get(v->hv, mfn)) {
        xd_frame_put(v->hv, mfn);
        return xd_reject(v, XD_WHY_EVTCHN_FIFO_TYPE, gfn, xd_frame_at(v->hv, mfn)->type);
    }
    return 0;
}

static int64_t init_control(struct xd_vcpu *v, struct xd_abi_evtchn_init_control *op)
{
    struct xd_vcpu *t = xd_vcpu_find(v->domain, op->vcpu);
    int64_t rc;

    if (!t)
        return no_vcpu(v, op->vcpu);
    if (op->offset > XD_PAGE_SIZE - XD_FIFO_BLOCK)
        return xd_reject(v, XD_WHY_EVTCHN_FIFO_OFFSET, op->offset);
    if (op->offset % 8)
        return xd_reject(v, XD_WHY_EVTCHN_FIFO_ALIGN, op->offset);
    if (t->fifo.mfn.v)
        return xd_reject(v, XD_WHY_EVTCHN_FIFO_TWICE, t->fifo.mfn.v, t->id);
    rc = use_page(v, op->control_gfn);
    if (rc)
        return rc;
    xd_fifo_set_block(t, xd_mfn_of(op->control_gfn), op->offset);
    op->link_bits = XD_FIFO_LINK_BITS;
    return 0;
}

static int64_t expand_array(struct xd_vcpu *v, struct xd_abi_evtchn_expand_array *op)
{
    struct xd_domain *d = v->domain;
    int64_t rc;

    if (!d->fifo.on)
        return xd_reject(v, XD_WHY_EVTCHN_FIFO_NO_ARRAY, d->domid);
    if (d->fifo.pages == XD_FIFO_PAGES)
        return xd_reject(v, XD_WHY_EVTCHN_FIFO_FULL, XD_FIFO_PAGES);
    rc = use_page(v, op->array_gfn);
    if (rc == 0)
        xd_fifo_add_page(d, xd_mfn_of(op->array_gfn));
    return rc;
}

static int64_t set_priority(struct xd_vcpu *v, struct xd_abi_evtchn_set_priority *op)
{
    struct xd_port *p = xd_port_find(v->domain, op->port);

    if (!p)
        return not_valid(v, v->domain, op->port);
    if (!v->domain->fifo.on)
        return xd_reject(v, XD_WHY_EVTCHN_FIFO_NO_PRIORITY, v->domain->domid);
    if (!xd_port_usable(p))
        return xd_reject(v, XD_WHY_EVTCHN_FIFO_PORT_FREE, op->port, v->domain->domid);
    if (op->priority > XD_FIFO_PRIORITY_MIN)
        return xd_reject(v, XD_WHY_EVTCHN_FIFO_PRIORITY, op->priority);
    XD_PUT(v->hv, p->priority, (uint8_t)op->priority);
    return 0;
}

#define OP XD_OP_THUNK
#include "abi/ops_evtchn.def"
#undef OP

static xd_op_fn *const run[] = {
#define OP XD_OP_SLOT
#include "abi/ops_evtchn.def"
#undef OP
};

int64_t xd_hc_event_channel_op(struct xd_vcpu *v, const struct xd_args_event_channel_op *arg)
{
    return xd_op_run(v, &xd_group_evtchn, run, XD_ARRAY_SIZE(run), arg->cmd, arg->arg);
}

/*
 * AS-XEN: do_event_channel_op_compat: reads the whole struct to learn the command, then hands on
 * where the operand is.
 */
int64_t xd_hc_event_channel_op_compat(struct xd_vcpu *v,
                                      const struct xd_args_event_channel_op_compat *arg)
{
    uint32_t whole[COMPAT_SIZE / 4];

    if (!xd_copy_in(v, whole, arg->op, sizeof(whole)))
        return xd_reject(v, XD_WHY_COPY_IN, arg->op, sizeof(whole));
    if (whole[0] >= COMPAT_OPS)
        return xd_reject(v, XD_WHY_EVTCHN_COMPAT_OP, whole[0]);
    return xd_op_run(v, &xd_group_evtchn, run, XD_ARRAY_SIZE(run), whole[0],
                     arg->op + sizeof(whole[0]));
}
