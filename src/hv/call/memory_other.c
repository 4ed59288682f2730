/* SPDX-License-Identifier: MIT */
/*
 * memory_other.c: memory_op: what exists for domains that Xen keeps a physmap for, and what is done to other domains:
 * claims, resources. A PV domain is told that it has none of it.
 */
#include "hv/call/memory.h"

#define SPACE_RANGE     3u
#define SPACE_FOREIGN   4u
#define RESOURCE_GRANTS 1u
#define RESOURCES       3u
#define GRANT_IDS       2u
#define RESOURCE_SIZE_ODD \
    0xffffffa1u /* AS-XEN: resource_max_frames: -EOPNOTSUPP as an unsigned number */

static int64_t no_physmap(struct xd_vcpu *v, uint16_t domid, enum xd_why why)
{
    const struct xd_domain *d = xd_domain_any_id(v, domid);

    if (!d)
        return xd_reject(v, XD_WHY_MEMOP_DOMAIN, domid);
    return xd_reject(v, why, d->domid);
}

int64_t xd_memory_add_to_physmap(struct xd_vcpu *v, void *copy)
{
    const struct xd_abi_memory_add_to_physmap *op = copy;

    if (op->space == SPACE_FOREIGN)
        return xd_reject(v, XD_WHY_PHYSMAP_FOREIGN);
    return no_physmap(v, op->domid, XD_WHY_PHYSMAP_PV);
}

int64_t xd_memory_add_to_physmap_batch(struct xd_vcpu *v, void *copy)
{
    const struct xd_abi_memory_add_to_physmap_batch *op = copy;

    if (op->space == SPACE_RANGE)
        return xd_reject(v, XD_WHY_PHYSMAP_RANGE);
    return no_physmap(v, op->domid, XD_WHY_PHYSMAP_PV);
}

int64_t xd_memory_remove_from_physmap(struct xd_vcpu *v, void *copy)
{
    return no_physmap(v, ((struct xd_abi_memory_remove_from_physmap *)copy)->domid,
                      XD_WHY_PHYSMAP_PV);
}

int64_t xd_memory_pod_target(struct xd_vcpu *v, void *copy)
{
    return no_physmap(v, ((struct xd_abi_memory_pod_target *)copy)->domid, XD_WHY_POD_PV);
}

/* How many pages sharing saves: this Xen is built without it. */
int64_t xd_memory_sharing(struct xd_vcpu *v, void *copy)
{
    (void)v;
    (void)copy;
    return 0;
}

int64_t xd_memory_compat_m2p(struct xd_vcpu *v, void *copy)
{
    (void)copy;
    return xd_reject(v, XD_WHY_M2P_COMPAT);
}

/* AS-XEN: rcu_lock_remote_domain_by_id: any domain but the caller. */
static int64_t remote(struct xd_vcpu *v, uint16_t domid, struct xd_domain **d)
{
    *d = xd_domain_by_id(v->hv, domid);
    if (!*d)
        return xd_reject(v, XD_WHY_RESOURCE_DOMAIN, domid);
    if (*d == v->domain)
        return xd_reject(v, XD_WHY_RESOURCE_SELF, domid);
    return 0;
}

int64_t xd_memory_access(struct xd_vcpu *v, void *copy)
{
    struct xd_domain *d;
    int64_t rc = remote(v, ((struct xd_abi_memory_access_op *)copy)->domid, &d);

    return rc ? rc : xd_reject(v, XD_WHY_ACCESS_PV, d->domid);
}

static int64_t claim(struct xd_vcpu *v, struct xd_domain *d, uint64_t pages)
{
    uint64_t more = pages - d->pages;

    if (pages == 0) {
        xd_domain_unclaim(d);
        return 0;
    }
    if (d->claimed)
        return xd_reject(v, XD_WHY_CLAIM_TWICE, d->domid, d->claimed);
    if (pages <= d->pages || pages > d->pages_max)
        return xd_reject(v, XD_WHY_CLAIM_RANGE, d->domid, pages, d->pages, d->pages_max);
    if (more > xd_frames_unclaimed(v->hv))
        return xd_reject(v, XD_WHY_CLAIM_NO_MEMORY, more, xd_frames_unclaimed(v->hv));
    XD_PUT(v->hv, d->claimed, (uint32_t)more);
    XD_PUT(v->hv, v->hv->claimed, v->hv->claimed + (uint32_t)more);
    return 0;
}

int64_t xd_memory_claim(struct xd_vcpu *v, void *copy)
{
    const struct xd_abi_memory_reservation *op = copy;
    struct xd_domain *d;

    if (op->extent_start)
        return xd_reject(v, XD_WHY_CLAIM_LIST, op->extent_start);
    if (op->extent_order)
        return xd_reject(v, XD_WHY_CLAIM_ORDER, op->extent_order);
    if (op->mem_flags)
        return xd_reject(v, XD_WHY_CLAIM_FLAGS, op->mem_flags);
    d = xd_domain_by_id(v->hv, op->domid);
    if (!d)
        return xd_reject(v, XD_WHY_CLAIM_DOMAIN, op->domid);
    if (!v->domain->privileged)
        return xd_reject(v, XD_WHY_MEMOP_PERMISSION, op->domid, v->domain->domid);
    return claim(v, d, op->nr_extents);
}

/* Frames of Xen's that a toolstack maps of the domain it builds. A PV domain has those of its grant table, which is not
 * modelled. */
static int64_t resource(struct xd_vcpu *v, const struct xd_abi_memory_resource *op,
                        const struct xd_domain *d, uint64_t at)
{
    const uint32_t odd = RESOURCE_SIZE_ODD;
    uint64_t start = v->rec.arg[0] >> XD_MEMOP_SHIFT;

    if (op->type < RESOURCES && (op->type != RESOURCE_GRANTS || op->id >= GRANT_IDS))
        return xd_reject(v, XD_WHY_RESOURCE_NONE, d->domid, op->type, op->id);
    if (!op->frame_list) {
        if (op->nr_frames || start)
            return xd_reject(v, XD_WHY_RESOURCE_QUESTION, op->nr_frames);
        if (op->type == RESOURCE_GRANTS)
            return xd_reject(v, XD_WHY_NOT_MODELLED, v->rec.nr, 28);
        at += offsetof(struct xd_abi_memory_resource,
                       nr_frames); /* of the struct, nothing but this */
        return xd_store_out(v, at, &odd, sizeof(odd))
                   ? 0
                   : xd_reject(v, XD_WHY_COPY_OUT, at, sizeof(odd));
    }
    if (start >= op->nr_frames || op->nr_frames > UINT32_MAX >> XD_MEMOP_SHIFT)
        return xd_reject(v, XD_WHY_RESOURCE_COUNT, op->nr_frames, start);
    if (op->type == RESOURCE_GRANTS)
        return xd_reject(v, XD_WHY_NOT_MODELLED, v->rec.nr, 28);
    return xd_reject(v, XD_WHY_RESOURCE_TYPE, op->type);
}

int64_t xd_memory_resource(struct xd_vcpu *v, uint64_t at)
{
    struct xd_abi_memory_resource op;
    struct xd_domain *d;
    int64_t rc;

    if (!xd_copy_in(v, &op, at, sizeof(op)))
        return xd_reject(v, XD_WHY_COPY_IN, at, sizeof(op));
    if (op.pad)
        return xd_reject(v, XD_WHY_RESOURCE_PAD, op.pad);
    if (op.frame >> 32 || (op.frame + op.nr_frames) >> 32)
        return xd_reject(v, XD_WHY_RESOURCE_FRAMES, op.frame, op.nr_frames);
    rc = remote(v, op.domid, &d);
    if (rc)
        return rc;
    if (!v->domain->privileged)
        return xd_reject(v, XD_WHY_MEMOP_PERMISSION, op.domid, v->domain->domid);
    return resource(v, &op, d, at);
}
