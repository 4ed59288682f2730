/* SPDX-License-Identifier: MIT */
/*
 * control.c: domctl and its continuation: up to where a control domain would
 * get something done, which is not modelled. Who may not gets Xen's refusal, in Xen's order.
 */
#include "hv/call/call.h"
#include "hv/pirq.h"
#include "hv/sched.h"
#include "hv/shinfo.h"

#include <string.h>

#define HC_DOMCTL             36u
#define HC_PAGING_DOMCTL_CONT 49u

#define DOMCTL_VERSION 0x15u

#define IOPORTS              65536u
#define MADDR_BITS           40
#define VM_EVENT_VERSION     7u
#define VM_EVENT_GET_VERSION 3u

/* What is left of a call that has passed every check: (cmd) exists if its bit or range says so. */
static int64_t not_modelled(struct xd_vcpu *v, uint32_t nr, uint32_t cmd, bool exists)
{
    return exists ? xd_reject(v, XD_WHY_NOT_MODELLED, nr, cmd)
                  : xd_reject(v, XD_WHY_OP_UNKNOWN, cmd);
}

#define BIT(n) (UINT64_C(1) << (n))

static bool among(uint32_t cmd, uint64_t bits)
{
    return cmd < 64 && bits >> cmd & 1;
}

enum domctl_cmd {
    CREATEDOMAIN = 1,
    GETDOMAININFO = 5,
    SHADOW_OP = 10,
    IRQ_PERMISSION = 19,
    IOMEM_PERMISSION = 20,
    IOPORT_PERMISSION = 21,
    RESUMEDOMAIN = 27,
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

static bool domctl_exists(uint32_t cmd)
{
    static const uint64_t low =
        BIT(1) | BIT(2) | BIT(3) | BIT(4) | BIT(5) | BIT(9) | BIT(10) | BIT(11) | BIT(12) |
        BIT(13) | BIT(14) | BIT(15) | BIT(16) | BIT(17) | BIT(18) | BIT(19) | BIT(20) | BIT(21) |
        BIT(22) | BIT(23) | BIT(24) | BIT(25) | BIT(27) | BIT(28) | BIT(29) | BIT(33) | BIT(34) |
        BIT(35) | BIT(36) | BIT(37) | BIT(38) | BIT(39) | BIT(40) | BIT(42) | BIT(43) | BIT(45) |
        BIT(46) | BIT(47) | BIT(48) | BIT(50) | BIT(54) | BIT(55) | BIT(56) | BIT(57) | BIT(59) |
        BIT(60) | BIT(61) | BIT(62) | BIT(63);

    return among(cmd, low) || (cmd >= 64 && cmd <= 86) || (cmd >= 1000 && cmd <= 1003);
}

/* AS-XEN: do_domctl. Which domain is meant; *d stays NULL where none needs to be. */
static int64_t domctl_domain(struct xd_vcpu *v, const struct xd_abi_domctl *op,
                             struct xd_domain **d)
{
    bool device = op->cmd == ASSIGN_DEVICE || op->cmd == DEASSIGN_DEVICE;

    *d = NULL;
    if (op->cmd == CREATEDOMAIN || (device && op->domain == XD_DOMID_IO))
        return 0;
    if ((op->cmd == TEST_ASSIGN_DEVICE || op->cmd == VM_EVENT_OP) && op->domain == XD_DOMID_NONE)
        return 0;
    *d = xd_domain_by_id(v->hv, op->domain);
    return *d || op->cmd == GETDOMAININFO ? 0 : xd_reject(v, XD_WHY_DOMCTL_DOMAIN, op->domain);
}

/* What every command without rules of its own gets. */
static int64_t control_only(struct xd_vcpu *v, const struct xd_abi_domctl *op)
{
    if (!v->domain->privileged)
        return xd_reject(v, XD_WHY_CONTROL_ONLY, HC_DOMCTL, v->domain->domid);
    return not_modelled(v, HC_DOMCTL, op->cmd, domctl_exists(op->cmd));
}

/* The search goes on to the next domain there is. */
static int64_t getdomaininfo(struct xd_vcpu *v, const struct xd_abi_domctl *op, struct xd_domain *d)
{
    if (!d && op->domain >= XD_DOMID_FIRST_RESERVED)
        return xd_reject(v, XD_WHY_DOMCTL_RESERVED, op->domain);
    for (uint32_t id = op->domain; !d && id < XD_DOMID_FIRST_RESERVED; id++)
        d = xd_domain_by_id(v->hv, (uint16_t)id);
    if (!d)
        return xd_reject(v, XD_WHY_DOMCTL_DOMAIN, op->domain);
    return control_only(v, op);
}

static int64_t irq_permission(struct xd_vcpu *v, const struct xd_abi_domctl *op,
                              struct xd_domain *d)
{
    uint32_t pirq = op->u.irq_permission.pirq, pirqs = xd_pirqs(v->domain), irq;

    if (pirq >= pirqs)
        return xd_reject(v, XD_WHY_DOMCTL_PIRQ, pirq, pirqs - 1);
    if (!xd_pirq_permitted(v->domain, pirq))
        return xd_reject(v, XD_WHY_DOMCTL_IRQ, pirq);
    if (!v->domain->privileged)
        return xd_reject(v, XD_WHY_CONTROL_ONLY, HC_DOMCTL, v->domain->domid);
    irq = UINT32_C(1) << xd_pirq_irq(v->domain, pirq);
    XD_PUT(v->hv, d->irqs, op->u.irq_permission.allow_access ? d->irqs | irq : d->irqs & ~irq);
    return 0;
}

static int64_t iomem_permission(struct xd_vcpu *v, const struct xd_abi_domctl *op)
{
    uint64_t first = op->u.iomem_permission.first_mfn, nr = op->u.iomem_permission.nr_mfns;

    if (first + nr - 1 < first)
        return xd_reject(v, XD_WHY_DOMCTL_RANGE, first, nr);
    return control_only(v, op);
}

static int64_t ioport_permission(struct xd_vcpu *v, const struct xd_abi_domctl *op)
{
    uint32_t first = op->u.ioport_permission.first_port, nr = op->u.ioport_permission.nr_ports;

    if (first + nr <= first || first + nr > IOPORTS)
        return xd_reject(v, XD_WHY_DOMCTL_RANGE, first, nr);
    return control_only(v, op);
}

/* For a PV domain there is nothing to be done. */
static int64_t memory_mapping(struct xd_vcpu *v, const struct xd_abi_domctl *op)
{
    uint64_t gfn = op->u.memory_mapping.first_gfn, mfn = op->u.memory_mapping.first_mfn;
    uint64_t nr = op->u.memory_mapping.nr_mfns, last = mfn + nr - 1;

    if (last < mfn || (mfn | last) >> (MADDR_BITS - XD_PAGE_SHIFT))
        return xd_reject(v, XD_WHY_DOMCTL_RANGE, mfn, nr);
    if (gfn + nr - 1 < gfn)
        return xd_reject(v, XD_WHY_DOMCTL_RANGE, gfn, nr);
    if (!v->domain->privileged)
        return xd_reject(v, XD_WHY_CONTROL_ONLY, HC_DOMCTL, v->domain->domid);
    return 0;
}

static int64_t set_target(struct xd_vcpu *v, const struct xd_abi_domctl *op, struct xd_domain *d)
{
    struct xd_domain *e = xd_domain_by_id(v->hv, op->u.set_target.target);

    if (!e)
        return xd_reject(v, XD_WHY_DOMCTL_DOMAIN, op->u.set_target.target);
    if (d == e)
        return xd_reject(v, XD_WHY_DOMCTL_TARGET_SELF, d->domid);
    return xd_reject(v, XD_WHY_DOMCTL_HVM_ONLY, e->domid);
}

/* AS-XEN: do_domctl: whatever the domain shut down with; what else a toolstack does is its own business. */
static int64_t resumedomain(struct xd_vcpu *v, struct xd_domain *d)
{
    if (!v->domain->privileged)
        return xd_reject(v, XD_WHY_CONTROL_ONLY, HC_DOMCTL, v->domain->domid);
    if (d == v->domain)
        return xd_reject(v, XD_WHY_DOMCTL_RESUME_SELF, d->domid);
    xd_domain_go_on(d);
    return 0;
}

/* AS-XEN: do_domctl: anybody may ask for the version. */
static int64_t vm_event_op(struct xd_vcpu *v, struct xd_abi_domctl *op, uint64_t at,
                           struct xd_domain *d)
{
    if (op->u.vm_event_op.op == VM_EVENT_GET_VERSION) {
        op->u.vm_event_op.version = VM_EVENT_VERSION;
        return xd_copy_out(v, at, op, sizeof(*op)) ? 0
                                                   : xd_reject(v, XD_WHY_COPY_OUT, at, sizeof(*op));
    }
    if (!d)
        return xd_reject(v, XD_WHY_DOMCTL_DOMAIN, op->domain);
    return control_only(v, op);
}

int64_t xd_hc_domctl(struct xd_vcpu *v, const struct xd_args_domctl *arg)
{
    struct xd_abi_domctl op;
    struct xd_domain *d;
    int64_t rc;

    if (!xd_copy_in(v, &op, arg->op, sizeof(op)))
        return xd_reject(v, XD_WHY_COPY_IN, arg->op, sizeof(op));
    if (op.interface_version != DOMCTL_VERSION)
        return xd_reject(v, XD_WHY_CONTROL_VERSION, HC_DOMCTL, op.interface_version,
                         DOMCTL_VERSION);
    rc = domctl_domain(v, &op, &d);
    if (rc)
        return rc;
    switch (op.cmd) {
    case GETDOMAININFO: return getdomaininfo(v, &op, d);
    case IRQ_PERMISSION: return irq_permission(v, &op, d);
    case IOMEM_PERMISSION: return iomem_permission(v, &op);
    case IOPORT_PERMISSION: return ioport_permission(v, &op);
    case MEMORY_MAPPING: return memory_mapping(v, &op);
    case IOPORT_MAPPING: return xd_reject(v, XD_WHY_DOMCTL_HVM_ONLY, d->domid);
    case BIND_PT_IRQ:
    case UNBIND_PT_IRQ: return xd_reject(v, XD_WHY_DOMCTL_HVM_IRQ, d->domid);
    case RESUMEDOMAIN: return resumedomain(v, d);
    case SET_TARGET: return set_target(v, &op, d);
    case GET_DEVICE_GROUP: return xd_reject(v, XD_WHY_DOMCTL_NO_IOMMU);
    case VM_EVENT_OP: return vm_event_op(v, &op, arg->op, d);
    default: return control_only(v, &op);
    }
}

static int64_t paging_cont(struct xd_vcpu *v, struct xd_domain *d)
{
    if (!v->domain->privileged)
        return xd_reject(v, XD_WHY_CONTROL_ONLY, HC_PAGING_DOMCTL_CONT, v->domain->domid);
    if (d == v->domain)
        return xd_reject(v, XD_WHY_PAGING_SELF, d->domid);
    return d->dying ? 0 : xd_reject(v, XD_WHY_PAGING_NOTHING_BEGUN, d->domid);
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
    if (!xd_copy_out(v, at, op.u.shadow_op, sizeof(op.u.shadow_op)))
        return xd_reject(v, XD_WHY_COPY_OUT, at, sizeof(op.u.shadow_op));
    return rc;
}
