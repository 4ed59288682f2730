/* SPDX-License-Identifier: MIT */
/*
 * sysctl.h: what the files that handle sysctl share.
 *
 * Who calls is privileged when a handler runs. It works on a private copy of the struct; what of it goes back is
 * (copyback), as each command of Xen has it.
 */
#ifndef XD_HV_CALL_SYSCTL_H
#define XD_HV_CALL_SYSCTL_H

#include "abi/sysctl64.h"
#include "hv/call/call.h"

#define XD_HC_SYSCTL 35u

enum xd_copyback {
    XD_COPYBACK_DONE, /* if all went well */
    XD_COPYBACK_NEVER,
    XD_COPYBACK_ALWAYS
};

struct xd_sysctl {
    struct xd_vcpu *v;
    uint64_t at; /* where the struct lies */
    struct xd_abi_sysctl op;
    enum xd_copyback copyback;
};

typedef int64_t xd_sysctl_fn(struct xd_sysctl *c);

/* In sysctl_machine.c, */
xd_sysctl_fn xd_sysctl_physinfo, xd_sysctl_cpuinfo, xd_sysctl_availheap, xd_sysctl_cputopo,
    xd_sysctl_numainfo, xd_sysctl_pcitopo, xd_sysctl_offline, xd_sysctl_levelling,
    xd_sysctl_featureset, xd_sysctl_policy;
/* ... in sysctl_power.c, sysctl_pool.c and sysctl_livepatch.c. */
xd_sysctl_fn xd_sysctl_pmstat, xd_sysctl_hotplug, xd_sysctl_pm, xd_sysctl_pool, xd_sysctl_scheduler,
    xd_sysctl_livepatch;

/* What Xen does here and the machine does not; (what) is the command. */
static inline int64_t xd_sysctl_not_modelled(struct xd_sysctl *c, uint64_t what)
{
    return xd_reject(c->v, XD_WHY_NOT_MODELLED, XD_HC_SYSCTL, what);
}

/* Copies of (n) bytes at (at), which are no part of the struct. */
static inline int64_t xd_sysctl_read(struct xd_sysctl *c, void *dst, uint64_t at, size_t n)
{
    return xd_copy_in(c->v, dst, at, n) ? 0 : xd_reject(c->v, XD_WHY_COPY_IN, at, n);
}

static inline int64_t xd_sysctl_write(struct xd_sysctl *c, uint64_t at, const void *src, size_t n)
{
    return xd_copy_out(c->v, at, src, n) ? 0 : xd_reject(c->v, XD_WHY_COPY_OUT, at, n);
}

/* One field of the struct, by one store. AS-XEN: __copy_field_to_guest */
#define xd_sysctl_tell(c, field)                                                               \
    (xd_store_out((c)->v, (c)->at + offsetof(struct xd_abi_sysctl, field), &(c)->op.field,     \
                  sizeof((c)->op.field))                                                       \
         ? 0                                                                                   \
         : xd_reject((c)->v, XD_WHY_COPY_OUT, (c)->at + offsetof(struct xd_abi_sysctl, field), \
                     sizeof((c)->op.field)))

#endif
