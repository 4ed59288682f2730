/* SPDX-License-Identifier: MIT */
/*
 * domctl_rights.c: domctl: what of the machine a domain may use: interrupts, I/O memory, I/O ports. Each range is checked
 * before privilege is, and nobody passes on what he does not have.
 */
#include "hv/call/domctl.h"
#include "hv/pagetype.h"
#include "hv/pirq.h"
#include "hv/rights.h"

#define IOPORTS    65536u
#define MADDR_BITS 40

int64_t xd_domctl_irq_permission(struct xd_domctl *c)
{
    struct xd_vcpu *v = c->v;
    struct xd_domain *d = c->d;
    uint32_t pirq = c->op.u.irq_permission.pirq, pirqs = xd_pirqs(v->domain), irq;
    int64_t rc;

    if (pirq >= pirqs)
        return xd_reject(v, XD_WHY_DOMCTL_PIRQ, pirq, pirqs - 1);
    if (!xd_pirq_permitted(v->domain, pirq))
        return xd_reject(v, XD_WHY_DOMCTL_IRQ, pirq);
    rc = xd_domctl_privilege(c);
    if (rc)
        return rc;
    irq = UINT32_C(1) << xd_pirq_irq(v->domain, pirq);
    XD_PUT(v->hv, d->irqs, c->op.u.irq_permission.allow_access ? d->irqs | irq : d->irqs & ~irq);
    return 0;
}

/* ---- Ranges ---- */

/* (list) of the domain, by the rights of the caller's (own). (none) is why he can't give what he has not. */
static int64_t give(struct xd_domctl *c, struct xd_rights *list, const struct xd_rights *own,
                    struct xd_range r, bool allow, enum xd_why none)
{
    if (!xd_rights_hold(own, r.first, r.last))
        return xd_reject(c->v, none, r.first, r.last, c->v->domain->domid);
    if (!xd_rights_change(c->v->hv, list, r.first, r.last, allow)) /* LIMIT: XD_RIGHTS ranges */
        return xd_reject(c->v, XD_WHY_DOMCTL_RIGHTS_ROOM, XD_RIGHTS);
    XD_PUT(c->v->hv, c->d->l1_disallowed, xd_l1_disallowed(c->d));
    return 0;
}

int64_t xd_domctl_iomem_permission(struct xd_domctl *c)
{
    uint64_t first = c->op.u.iomem_permission.first_mfn, nr = c->op.u.iomem_permission.nr_mfns;
    struct xd_range r = {first, first + nr - 1};
    int64_t rc;

    if (r.last < first)
        return xd_reject(c->v, XD_WHY_DOMCTL_RANGE, first, nr);
    rc = xd_domctl_privilege(c);
    if (rc)
        return rc;
    return give(c, &c->d->iomem, &c->v->domain->iomem, r,
                c->op.u.iomem_permission.allow_access != 0, XD_WHY_DOMCTL_IOMEM);
}

int64_t xd_domctl_ioport_permission(struct xd_domctl *c)
{
    uint32_t first = c->op.u.ioport_permission.first_port, nr = c->op.u.ioport_permission.nr_ports;
    struct xd_range r = {first, first + nr - 1};
    int64_t rc;

    if (first + nr <= first || first + nr > IOPORTS)
        return xd_reject(c->v, XD_WHY_DOMCTL_RANGE, first, nr);
    rc = xd_domctl_privilege(c);
    if (rc)
        return rc;
    return give(c, &c->d->ioport, &c->v->domain->ioport, r,
                c->op.u.ioport_permission.allow_access != 0, XD_WHY_DOMCTL_IOPORT);
}

/* For a PV domain there is nothing to be done. */
int64_t xd_domctl_memory_mapping(struct xd_domctl *c)
{
    uint64_t gfn = c->op.u.memory_mapping.first_gfn, mfn = c->op.u.memory_mapping.first_mfn;
    uint64_t nr = c->op.u.memory_mapping.nr_mfns, last = mfn + nr - 1;

    if (last < mfn || (mfn | last) >> (MADDR_BITS - XD_PAGE_SHIFT))
        return xd_reject(c->v, XD_WHY_DOMCTL_RANGE, mfn, nr);
    if (gfn + nr - 1 < gfn)
        return xd_reject(c->v, XD_WHY_DOMCTL_RANGE, gfn, nr);
    return xd_domctl_privilege(c);
}
