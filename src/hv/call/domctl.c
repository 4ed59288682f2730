/* SPDX-License-Identifier: MIT */
/*
 * domctl.c: domctl and its continuation: whom a command is about, who may give it, and which there are. What each
 * does stands in domctl_*.c, by topic.
 */
#include "hv/call/domctl.h"

#include "hv/sched.h"

#define HC_PAGING_DOMCTL_CONT 49u
#define DOMCTL_VERSION        0x15u
#define VM_EVENT_VERSION      7u
#define VM_EVENT_GET_VERSION  3u

enum domctl_cmd {
    CREATEDOMAIN = 1,
    GETDOMAININFO = 5,
    SHADOW_OP = 10,
    IRQ_PERMISSION = 19,
    IOMEM_PERMISSION = 20,
    IOPORT_PERMISSION = 21,
    ASSIGN_DEVICE = 37,
    BIND_PT_IRQ = 38,
    MEMORY_MAPPING = 39,
    IOPORT_MAPPING = 40,
    TEST_ASSIGN_DEVICE = 45,
    SET_TARGET = 46,
    DEASSIGN_DEVICE = 47,
    UNBIND_PT_IRQ = 48,
    GET_DEVICE_GROUP = 50,
    VM_EVENT_OP = 56,
};

/* AS-XEN: do_domctl. Whom it is about; stays NULL where nobody needs to be. */
static int64_t find_domain(struct xd_domctl *c)
{
    const struct xd_abi_domctl *op = &c->op;
    bool device = op->cmd == ASSIGN_DEVICE || op->cmd == DEASSIGN_DEVICE;

    if (op->cmd == CREATEDOMAIN || (device && op->domain == XD_DOMID_IO))
        return 0;
    if ((op->cmd == TEST_ASSIGN_DEVICE || op->cmd == VM_EVENT_OP) && op->domain == XD_DOMID_NONE)
        return 0;
    c->d = xd_domain_by_id(c->v->hv, op->domain);
    return c->d || op->cmd == GETDOMAININFO ? 0 : xd_reject(c->v, XD_WHY_DOMCTL_DOMAIN, op->domain);
}

/* ---- getdomaininfo ---- */

/* The search goes on to the next domain there is, by number. */
static int64_t getdomaininfo(struct xd_domctl *c)
{
    const uint16_t from = c->op.domain;
    int64_t rc;

    if (!c->d && from >= XD_DOMID_FIRST_RESERVED)
        return xd_reject(c->v, XD_WHY_DOMCTL_RESERVED, from);
    c->d = xd_domain_from(c->v->hv, from);
    if (!c->d)
        return xd_reject(c->v, XD_WHY_DOMCTL_DOMAIN, from);
    rc = xd_domctl_privilege(c);
    if (rc)
        return rc;
    xd_domain_info(c->d, &c->op.u.info);
    c->op.domain = c->d->domid;
    c->copyback = true;
    return 0;
}

/* ---- Others that Xen handles on its way to the rest ---- */

static int64_t set_target(struct xd_domctl *c)
{
    struct xd_domain *e = xd_domain_by_id(c->v->hv, c->op.u.set_target.target);

    if (!e)
        return xd_reject(c->v, XD_WHY_DOMCTL_DOMAIN, c->op.u.set_target.target);
    if (c->d == e)
        return xd_reject(c->v, XD_WHY_DOMCTL_TARGET_SELF, e->domid);
    return xd_reject(c->v, XD_WHY_DOMCTL_HVM_ONLY, e->domid);
}

static int64_t run_row(struct xd_domctl *c)
{
    static const struct xd_domctl_row *const files[] = {xd_domctl_domain, xd_domctl_vcpu,
                                                        xd_domctl_state,  xd_domctl_given,
                                                        xd_domctl_memory, xd_domctl_machine};
    int64_t rc = xd_domctl_privilege(c);

    if (rc)
        return rc;
    for (size_t i = 0; i < XD_ARRAY_SIZE(files); i++)
        for (const struct xd_domctl_row *row = files[i]; row->fn; row++)
            if (row->cmd == c->op.cmd)
                return row->fn(c);
    return xd_reject(c->v, XD_WHY_OP_UNKNOWN, c->op.cmd);
}

/* AS-XEN: do_domctl: anybody may ask for the version. */
static int64_t vm_event_op(struct xd_domctl *c)
{
    if (c->op.u.vm_event_op.op == VM_EVENT_GET_VERSION) {
        c->op.u.vm_event_op.version = VM_EVENT_VERSION;
        c->copyback = true;
        return 0;
    }
    if (!c->d)
        return xd_reject(c->v, XD_WHY_DOMCTL_DOMAIN, c->op.domain);
    return run_row(c);
}

static int64_t run(struct xd_domctl *c)
{
    switch (c->op.cmd) {
    case GETDOMAININFO: return getdomaininfo(c);
    case IRQ_PERMISSION: return xd_domctl_irq_permission(c);
    case IOMEM_PERMISSION: return xd_domctl_iomem_permission(c);
    case IOPORT_PERMISSION: return xd_domctl_ioport_permission(c);
    case MEMORY_MAPPING: return xd_domctl_memory_mapping(c);
    case IOPORT_MAPPING: return xd_reject(c->v, XD_WHY_DOMCTL_HVM_ONLY, c->d->domid);
    case BIND_PT_IRQ:
    case UNBIND_PT_IRQ: return xd_reject(c->v, XD_WHY_DOMCTL_HVM_IRQ, c->d->domid);
    case SET_TARGET: return set_target(c);
    case GET_DEVICE_GROUP: return xd_reject(c->v, XD_WHY_DOMCTL_NO_IOMMU);
    case VM_EVENT_OP: return vm_event_op(c);
    default: return run_row(c);
    }
}

int64_t xd_hc_domctl(struct xd_vcpu *v, const struct xd_args_domctl *arg)
{
    struct xd_domctl c = {.v = v};
    int64_t rc;

    if (!xd_copy_in(v, &c.op, arg->op, sizeof(c.op)))
        return xd_reject(v, XD_WHY_COPY_IN, arg->op, sizeof(c.op));
    if (c.op.interface_version != DOMCTL_VERSION)
        return xd_reject(v, XD_WHY_CONTROL_VERSION, XD_HC_DOMCTL, c.op.interface_version,
                         DOMCTL_VERSION);
    rc = find_domain(&c);
    if (rc)
        return rc;
    rc = run(&c);
    if (c.copyback && !xd_copy_out(v, arg->op, &c.op, sizeof(c.op)))
        return xd_reject(v, XD_WHY_COPY_OUT, arg->op, sizeof(c.op));
    return rc;
}

/* ---- The continuation ---- */

static int64_t paging_cont(struct xd_vcpu *v, struct xd_domain *d)
{
    if (!v->domain->privileged)
        return xd_reject(v, XD_WHY_CONTROL_ONLY, HC_PAGING_DOMCTL_CONT, v->domain->domid);
    if (d == v->domain)
        return xd_reject(v, XD_WHY_PAGING_SELF, d->domid);
    if (d->dying)
        return 0;
    return xd_reject(v, d->vcpus ? XD_WHY_PAGING_NOTHING_BEGUN : XD_WHY_DOMCTL_BLANK, d->domid);
}

/* AS-XEN: do_paging_domctl_cont: its part of the struct goes back to the guest whatever came out. */
int64_t xd_hc_paging_domctl_cont(struct xd_vcpu *v, const struct xd_args_paging_domctl_cont *arg)
{
    uint64_t at = arg->op + offsetof(struct xd_abi_domctl, u);
    struct xd_abi_domctl op;
    struct xd_domain *d;
    int64_t rc;

    if (!xd_copy_in(v, &op, arg->op, sizeof(op)))
        return xd_reject(v, XD_WHY_COPY_IN, arg->op, sizeof(op));
    if (op.interface_version != DOMCTL_VERSION || op.cmd != SHADOW_OP)
        return xd_reject(v, XD_WHY_PAGING_CONT_SHAPE, op.cmd, op.interface_version);
    d = xd_domain_by_id(v->hv, op.domain);
    if (!d)
        return xd_reject(v, XD_WHY_DOMCTL_DOMAIN, op.domain);
    rc = paging_cont(v, d);
    if (!xd_copy_out(v, at, &op.u.shadow_op, sizeof(op.u.shadow_op)))
        return xd_reject(v, XD_WHY_COPY_OUT, at, sizeof(op.u.shadow_op));
    return rc;
}
