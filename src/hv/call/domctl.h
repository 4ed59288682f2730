/* SPDX-License-Identifier: MIT */
/*
 * domctl.h: what the files that handle domctl share: a command's handler, and what most of them ask first.
 *
 * Who calls is privileged, and the domain is there, when a handler of xd_domctl_rows runs; those that Xen lets look
 * at their operands before it asks for privilege are called by domctl.c itself.
 */
#ifndef XD_HV_CALL_DOMCTL_H
#define XD_HV_CALL_DOMCTL_H

#include "hv/call/call.h"

#define XD_HC_DOMCTL 36u

struct xd_domctl {
    struct xd_vcpu *v;   /* who calls */
    struct xd_domain *d; /* whom it is about; NULL: nobody in particular, or who is to be created */
    struct xd_abi_domctl op; /* a private copy */
    bool copyback;           /* it goes back to the caller, whatever the result */
};

typedef int64_t xd_domctl_fn(struct xd_domctl *c);

struct xd_domctl_row {
    uint32_t cmd;
    xd_domctl_fn *fn;
};

/* Rows of one file each; the last has no function. */
extern const struct xd_domctl_row xd_domctl_domain[], xd_domctl_vcpu[], xd_domctl_state[],
    xd_domctl_given[], xd_domctl_memory[], xd_domctl_machine[];

/* In domctl_create.c, domctl_vnuma.c. */
xd_domctl_fn xd_domctl_createdomain, xd_domctl_setvnumainfo;

/* Commands whose place among the checks is their own. In domctl_rights.c. */
xd_domctl_fn xd_domctl_irq_permission, xd_domctl_iomem_permission, xd_domctl_ioport_permission,
    xd_domctl_memory_mapping;

/* What Xen does here and the machine does not. */
static inline int64_t xd_domctl_not_modelled(struct xd_domctl *c)
{
    return xd_reject(c->v, XD_WHY_NOT_MODELLED, XD_HC_DOMCTL, c->op.cmd);
}

/* Xen lets nobody do this to himself, who would wait for himself to stand still. */
static inline int64_t xd_domctl_not_self(struct xd_domctl *c)
{
    return c->d == c->v->domain ? xd_reject(c->v, XD_WHY_DOMCTL_SELF, c->d->domid) : 0;
}

/* Refuses who is no control domain. */
static inline int64_t xd_domctl_privilege(struct xd_domctl *c)
{
    return c->v->domain->privileged
               ? 0
               : xd_reject(c->v, XD_WHY_CONTROL_ONLY, XD_HC_DOMCTL, c->v->domain->domid);
}

/* Copies between the caller and Xen, of (n) bytes at (at) that are no part of the struct. */
static inline int64_t xd_domctl_read(struct xd_domctl *c, void *dst, uint64_t at, size_t n)
{
    return xd_copy_in(c->v, dst, at, n) ? 0 : xd_reject(c->v, XD_WHY_COPY_IN, at, n);
}

static inline int64_t xd_domctl_write(struct xd_domctl *c, uint64_t at, const void *src, size_t n)
{
    return xd_copy_out(c->v, at, src, n) ? 0 : xd_reject(c->v, XD_WHY_COPY_OUT, at, n);
}

/* The domain with the lowest number from (domid) on, or NULL. In domain_info.c, as the next. */
struct xd_domain *xd_domain_from(struct xd_hv *hv, uint32_t domid);
/* What Xen tells of (d). AS-XEN: getdomaininfo */
void xd_domain_info(const struct xd_domain *d, struct xd_abi_domctl_info *info);

#endif
