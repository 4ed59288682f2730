/* SPDX-License-Identifier: MIT */
/*
 * domctl_rights.c: domctl: what of the machine a domain may use: interrupts, I/O memory, I/O ports. Each range is checked
 * before privilege is, and nobody passes on what he does not have.
 */
#include "hv/call/domctl.h"
#include "hv/pagetype.h"
#include "hv/pirq.h"

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

/* Neighbours are one range, in each list. */
static bool held(const struct xd_range *list, uint64_t first, uint64_t last)
{
    for (unsigned int i = 0; i < XD_RIGHTS; i++)
        if (first >= list[i].first && last <= list[i].last)
            return true;
    return false;
}

/* Adds (r) to the (*nr) ranges of (list), which do not touch it. False: there is no room. */
static bool put(struct xd_range *list, unsigned int *nr, struct xd_range r)
{
    unsigned int at = *nr;

    if (*nr == XD_RIGHTS)
        return false;
    for (; at && list[at - 1].first > r.first; at--)
        list[at] = list[at - 1];
    list[at] = r;
    ++*nr;
    return true;
}

/* (list) with or without (first) to (last), in order of addresses. False: it has more ranges than there is room for. */
static bool changed(const struct xd_range *list, struct xd_range *out, uint64_t first,
                    uint64_t last, bool allow)
{
    struct xd_range add = {first, last};
    unsigned int nr = 0;
    bool fits = true;

    for (unsigned int i = 0; i < XD_RIGHTS; i++) {
        const struct xd_range r = list[i];

        if (r.first > r.last)
            continue;
        if (allow) {
            /* Is it apart from what is added? One that ends at the last address has none behind it. */
            if ((r.last < add.first && r.last + 1 != add.first) ||
                (r.first > add.last && add.last + 1 != r.first)) {
                fits &= put(out, &nr, r);
                continue;
            }
            add.first = r.first < add.first ? r.first : add.first;
            add.last = r.last > add.last ? r.last : add.last;
            continue;
        }
        if (r.first < first)
            fits &= put(out, &nr, (struct xd_range){r.first, r.last < first ? r.last : first - 1});
        if (r.last > last)
            fits &= put(out, &nr, (struct xd_range){r.first > last ? r.first : last + 1, r.last});
    }
    if (allow)
        fits &= put(out, &nr, add);
    for (; nr < XD_RIGHTS; nr++)
        out[nr] = (struct xd_range){1, 0};
    return fits;
}

/* (list) of the domain, by the rights of the caller's (own). (none) is why he can't give what he has not. */
static int64_t give(struct xd_domctl *c, struct xd_range *list, const struct xd_range *own,
                    struct xd_range r, bool allow, enum xd_why none)
{
    struct xd_range now[XD_RIGHTS];

    if (!held(own, r.first, r.last))
        return xd_reject(c->v, none, r.first, r.last, c->v->domain->domid);
    if (!changed(list, now, r.first, r.last, allow))
        return xd_domctl_not_modelled(c);

    for (unsigned int i = 0; i < XD_RIGHTS; i++)
        XD_PUT(c->v->hv, list[i], now[i]);
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
    return give(c, c->d->iomem, c->v->domain->iomem, r, c->op.u.iomem_permission.allow_access != 0,
                XD_WHY_DOMCTL_IOMEM);
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
    return give(c, c->d->ioport, c->v->domain->ioport, r,
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
