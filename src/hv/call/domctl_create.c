/* SPDX-License-Identifier: MIT */
/* domctl_create.c: domctl: createdomain: what is asked of a domain before it is there, and how its number is found. */
#include "hv/call/domctl.h"

#include "hv/create.h"
#include "hv/frame.h"
#include "hv/pool.h"

#define CDF_HVM       0x01u
#define CDF_HAP       0x02u
#define CDF_INTEGRITY 0x04u
#define CDF_OOS_OFF   0x08u /* Xen sets it for PV domains */
#define CDF_XENSTORE  0x10u
#define CDF_IOMMU     0x20u
#define CDF_NESTED    0x40u
#define CDF_VPMU      0x80u
#define CDF_ALL       0xffu
#define NO_SHAREPT    1u /* the only option for an IOMMU */
#define GRANT_VERSION 0xfu
#define GRANTS_MAX    2u /* the highest version */
#define VCPUS_PV      8192u
#define MSR_RELAXED   1u /* the only flag of x86 */
#define EMULATED_PIT  0x100u
#define EMULATED_ALL  0x7ffu

typedef struct xd_abi_domctl_createdomain config;

/* AS-XEN: sanitise_domain_config. What is modelled of devices, traces and counters: that there are none. */
static int64_t check_options(struct xd_vcpu *v, const config *o)
{
    if (o->flags & ~CDF_ALL)
        return xd_reject(v, XD_WHY_DOMCTL_NEW_FLAGS, o->flags & ~CDF_ALL);
    if (o->grant_opts & ~GRANT_VERSION)
        return xd_reject(v, XD_WHY_DOMCTL_NEW_GRANT_OPTS, o->grant_opts & ~GRANT_VERSION);
    if (o->max_vcpus == 0)
        return xd_reject(v, XD_WHY_DOMCTL_NEW_NO_VCPUS);
    if ((o->flags & (CDF_HAP | CDF_HVM)) == CDF_HAP)
        return xd_reject(v, XD_WHY_DOMCTL_NEW_HAP);
    if (o->flags & CDF_IOMMU)
        return o->iommu_opts & ~NO_SHAREPT
                   ? xd_reject(v, XD_WHY_DOMCTL_NEW_IOMMU_OPTS, o->iommu_opts & ~NO_SHAREPT)
                   : xd_reject(v, XD_WHY_DOMCTL_NEW_IOMMU);
    if (o->iommu_opts)
        return xd_reject(v, XD_WHY_DOMCTL_NEW_IOMMU_UNUSED, o->iommu_opts);
    if (o->vmtrace_size)
        return xd_reject(v, XD_WHY_DOMCTL_NEW_TRACE, o->vmtrace_size);
    if (o->flags & CDF_VPMU)
        return xd_reject(v, XD_WHY_DOMCTL_NEW_VPMU);
    return 0;
}

/* AS-XEN: arch_sanitise_domain_config */
static int64_t check_arch(struct xd_domctl *c, const config *o)
{
    if (o->flags & CDF_HVM)
        return xd_reject(c->v, XD_WHY_DOMCTL_NEW_HVM);
    if (o->max_vcpus > VCPUS_PV)
        return xd_reject(c->v, XD_WHY_DOMCTL_NEW_VCPUS, o->max_vcpus, VCPUS_PV);
    if (o->flags & CDF_INTEGRITY)
        return xd_reject(c->v, XD_WHY_DOMCTL_NEW_INTEGRITY);
    if (o->flags & CDF_NESTED)
        return xd_reject(c->v, XD_WHY_DOMCTL_NEW_NESTED);
    if (o->misc_flags & ~MSR_RELAXED)
        return xd_reject(c->v, XD_WHY_DOMCTL_NEW_MISC, o->misc_flags & ~MSR_RELAXED);
    return 0;
}

/* AS-XEN: arch_domain_create, up to where the shared_info is taken */
static int64_t check_emulated(struct xd_domctl *c, const config *o)
{
    if (o->emulation_flags & ~EMULATED_ALL)
        return xd_reject(c->v, XD_WHY_DOMCTL_NEW_EMULATED, o->emulation_flags & ~EMULATED_ALL);
    if (o->emulation_flags & ~EMULATED_PIT)
        return xd_reject(c->v, XD_WHY_DOMCTL_NEW_EMULATED_PV, o->emulation_flags);
    return xd_frames_unclaimed(c->v->hv) ? 0 : xd_reject(c->v, XD_WHY_DOMCTL_NEW_NO_MEMORY);
}

/* AS-XEN: grant_table_init: of numbers below 0 the machine's limits are meant. */
static int64_t check_grants(struct xd_vcpu *v, const config *o)
{
    const int32_t limit = (int32_t)v->hv->setting.grant_frames,
                  maps_limit = (int32_t)v->hv->setting.maptrack_frames;
    const int32_t frames = o->max_grant_frames < 0 ? limit : o->max_grant_frames;
    const int32_t maps = o->max_maptrack_frames < 0 ? maps_limit : o->max_maptrack_frames;

    if (o->grant_opts == 0 || o->grant_opts > GRANTS_MAX)
        return xd_reject(v, XD_WHY_DOMCTL_NEW_GRANTS, o->grant_opts);
    if (frames < 1 || frames > limit || maps > maps_limit)
        return xd_reject(v, XD_WHY_DOMCTL_NEW_GRANT_FRAMES, (uint64_t)frames, (uint64_t)maps,
                         (uint64_t)limit, (uint64_t)maps_limit);
    return 0;
}

/* AS-XEN: cpupool_add_domain: the first pool has the only processor. */
static int64_t check_pool(struct xd_vcpu *v, uint32_t id)
{
    const struct xd_pool *p = xd_pool_find(v->hv, id);

    if (!p)
        return xd_reject(v, XD_WHY_DOMCTL_NEW_POOL, id);
    return p == &v->hv->pool[0] ? 0 : xd_reject(v, XD_WHY_DOMCTL_NEW_POOL_EMPTY, id);
}

/* LIMIT: room for vCPUs ends where a domain of this machine ends; grants are looked at, and nothing follows from them yet. */
static int64_t check(struct xd_domctl *c, const config *o)
{
    int64_t rc = check_options(c->v, o);

    if (rc == 0)
        rc = check_arch(c, o);
    if (rc)
        return rc;
    if (!c->d)
        return xd_reject(c->v, XD_WHY_DOMCTL_NEW_FULL, c->v->hv->config.domains_max);
    rc = check_emulated(c, o);
    if (rc == 0)
        rc = check_grants(c->v, o);
    if (rc == 0)
        rc = check_pool(c->v, o->cpupool_id);
    if (rc == 0 && o->max_vcpus > XD_VCPUS)
        rc = xd_reject(c->v, XD_WHY_DOMCTL_NEW_VCPU_ROOM, o->max_vcpus, XD_VCPUS);
    return rc;
}

/* AS-XEN: do_domctl: the next one behind the last that was chosen, which then counts as chosen, whatever comes of it. */
static uint16_t next_number(struct xd_hv *hv)
{
    uint16_t id = hv->domid_last;

    do
        id = id < XD_DOMID_FIRST_RESERVED - 1 ? (uint16_t)(id + 1) : 1;
    while (xd_domain_by_id(hv, id));
    XD_PUT(hv, hv->domid_last, id);
    return id;
}

static int64_t find_number(struct xd_domctl *c, uint16_t *id)
{
    *id = c->op.domain;
    if (*id == 0 || *id >= XD_DOMID_FIRST_RESERVED)
        *id = next_number(c->v->hv);
    else if (xd_domain_by_id(c->v->hv, *id))
        return xd_reject(c->v, XD_WHY_DOMCTL_NEW_TAKEN, *id);
    return 0;
}

int64_t xd_domctl_createdomain(struct xd_domctl *c)
{
    const config o = c->op.u.createdomain;
    struct xd_newborn as = {.vcpus = o.max_vcpus, .handle = o.handle};
    struct xd_hv *hv = c->v->hv;
    int64_t rc = find_number(c, &as.domid);

    c->d = xd_domain_slot(hv);
    if (rc == 0)
        rc = check(c, &o);
    if (rc)
        return rc;

    as.port_max = o.max_evtchn_port < XD_PORTS ? o.max_evtchn_port : XD_PORTS - 1;
    xd_domain_make(hv, c->d, &as);
    XD_PUT(hv, c->d->pauses, 1);
    XD_PUT(hv, c->d->xenstore, (o.flags & CDF_XENSTORE) != 0);
    XD_PUT(hv, c->d->pit, (o.emulation_flags & EMULATED_PIT) != 0);
    c->op.domain = as.domid;
    c->op.u.createdomain.flags |= CDF_OOS_OFF;
    c->copyback = true;
    return 0;
}
