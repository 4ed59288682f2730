/* SPDX-License-Identifier: MIT */
/* domain.c: finding domains and vCPUs, the pages Xen shares with them, and the record of a refusal.
 */
#include "hv/shared.h"

struct xd_domain *xd_domain_by_id(struct xd_hv *hv, uint16_t domid)
{
    for (uint32_t i = 0; i < hv->config.domains_max; i++)
        if (hv->domain[i].used && hv->domain[i].domid == domid)
            return &hv->domain[i];
    return NULL;
}

struct xd_domain *xd_hardware_domain(struct xd_hv *hv)
{
    for (uint32_t i = 0; i < hv->config.domains_max; i++)
        if (hv->domain[i].used && hv->domain[i].hardware)
            return &hv->domain[i];
    return NULL;
}

struct xd_domain *xd_domain_any_id(struct xd_vcpu *v, uint16_t domid)
{
    return domid == XD_DOMID_SELF ? v->domain : xd_domain_by_id(v->hv, domid);
}

struct xd_domain *xd_domain_find(struct xd_hv *hv, uint32_t domid)
{
    return domid < XD_DOMID_FIRST_RESERVED ? xd_domain_by_id(hv, (uint16_t)domid) : NULL;
}

int xd_domain_shutdown_code(const struct xd_domain *d)
{
    return d->shut_down ? d->shutdown_code : -1;
}

uint32_t xd_domain_id(const struct xd_domain *d)
{
    return d->domid;
}

struct xd_hv *xd_domain_hv(const struct xd_domain *d)
{
    return d->hv;
}

struct xd_vcpu *xd_vcpu_at(struct xd_domain *d, uint32_t id)
{
    return xd_vcpu_find(d, id);
}

struct xd_domain *xd_vcpu_domain(struct xd_vcpu *v)
{
    return v->domain;
}

const struct xd_start *xd_domain_start(const struct xd_domain *d)
{
    return &d->start;
}

struct xd_abi_shared_info *xd_shared_info(struct xd_domain *d)
{
    return xd_shared_page(d);
}

struct xd_abi_vcpu_info *xd_vcpu_info(struct xd_vcpu *v)
{
    return xd_info_place(v);
}

int64_t xd_reject_record(struct xd_vcpu *v, const uint64_t *why_and_args)
{
    struct xd_reject *r = &v->rec.reject;

    v->rec.stack_kept = v->rec.operand_kept = false;
    r->why = (uint16_t)why_and_args[0];
    r->also = XD_WHY_NONE;
    r->via_nr = 0;
    for (unsigned int i = 0; i < XD_REJECT_ARGS; i++)
        r->arg[i] = why_and_args[i + 1];
    return -(int64_t)xd_why_row(r->why)->err;
}

void xd_reject_via(struct xd_vcpu *v, xd_mfn mfn, unsigned int level, unsigned int slot)
{
    struct xd_reject *r = &v->rec.reject;

    if (r->via_nr == XD_REJECT_VIA)
        return;
    r->via[r->via_nr].mfn = mfn.v;
    r->via[r->via_nr].level = (uint16_t)level;
    r->via[r->via_nr].slot = (uint16_t)slot;
    r->via_nr++;
}

unsigned int xd_why(const struct xd_vcpu *v)
{
    return v ? v->rec.reject.why : XD_WHY_NONE;
}
