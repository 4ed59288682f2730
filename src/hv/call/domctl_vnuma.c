/* SPDX-License-Identifier: MIT */
/* domctl_vnuma.c: the nodes of memory that a domain is told it has: by domctl; and memory_op, which tells them. */
#include "hv/call/domctl.h"
#include "hv/call/memory.h"

#include <stdlib.h>

_Static_assert(XD_VNODES_VCPUS == XD_VCPUS, "vnuma");

/* ---- What is told to a domain ---- */

static int64_t check_numbers(struct xd_domctl *c)
{
    const uint32_t nodes = c->op.u.vnuma.nr_vnodes, ranges = c->op.u.vnuma.nr_vmemranges;

    if (c->op.u.vnuma.nr_vcpus != c->d->vcpus_max)
        return xd_reject(c->v, XD_WHY_DOMCTL_VNUMA_VCPUS, c->d->domid, c->op.u.vnuma.nr_vcpus,
                         c->d->vcpus_max);
    if (c->op.u.vnuma.pad)
        return xd_reject(c->v, XD_WHY_VNUMA_PAD, c->op.u.vnuma.pad);
    if (nodes == 0 || nodes > XD_VNODES || ranges > XD_VMEMRANGES)
        return xd_reject(c->v, XD_WHY_DOMCTL_VNUMA_SIZE, nodes, ranges);
    return 0;
}

/* Where each virtual node lies: read one by one, and judged before the next is read. AS-XEN: vnuma_init */
static int64_t read_nodes(struct xd_domctl *c, struct xd_vnuma *next)
{
    for (uint32_t i = 0; i < next->nodes; i++) {
        uint32_t node;
        int64_t rc =
            xd_domctl_read(c, &node, c->op.u.vnuma.vnode_to_pnode + i * sizeof(node), sizeof(node));

        if (rc)
            return rc;
        if (node >= XD_NODES_MAX)
            return xd_reject(c->v, XD_WHY_DOMCTL_VNUMA_NODE, i, node);
        next->node[i] = (uint8_t)node;
    }
    return 0;
}

static int64_t read_all(struct xd_domctl *c, struct xd_vnuma *next)
{
    const uint32_t vcpus = c->d->vcpus_max;
    int64_t rc;

    next->nodes = c->op.u.vnuma.nr_vnodes;
    next->ranges = c->op.u.vnuma.nr_vmemranges;
    rc = xd_domctl_read(c, next->distance, c->op.u.vnuma.vdistance,
                        sizeof(*next->distance) * next->nodes * next->nodes);
    if (rc == 0)
        rc = xd_domctl_read(c, next->range, c->op.u.vnuma.vmemrange,
                            sizeof(*next->range) * next->ranges);
    if (rc == 0)
        rc = xd_domctl_read(c, next->of_vcpu, c->op.u.vnuma.vcpu_to_vnode,
                            sizeof(*next->of_vcpu) * vcpus);
    for (uint32_t i = 0; rc == 0 && i < vcpus; i++)
        if (next->of_vcpu[i] >= next->nodes)
            return xd_reject(c->v, XD_WHY_DOMCTL_VNUMA_VNODE, i, next->of_vcpu[i], next->nodes);
    if (rc == 0)
        rc = read_nodes(c, next);
    for (uint32_t i = 0; rc == 0 && i < next->ranges; i++)
        if (next->range[i].flags)
            return xd_reject(c->v, XD_WHY_DOMCTL_VNUMA_FLAGS, i, next->range[i].flags);
    return rc;
}

int64_t xd_domctl_setvnumainfo(struct xd_domctl *c)
{
    struct xd_vnuma *next;
    int64_t rc = check_numbers(c);

    if (rc)
        return rc;
    next = xd_zalloc(sizeof(*next));
    rc = read_all(c, next);
    if (rc == 0)
        xd_arena_write(xd_arena_of(c->v->hv), &c->d->vnuma, next, sizeof(*next));
    free(next);
    return rc;
}

/* ---- What a domain is told ---- */

static int64_t tell(struct xd_vcpu *v, uint64_t at, const void *src, size_t n)
{
    return xd_copy_out(v, at, src, n) ? 0 : xd_reject(v, XD_WHY_COPY_OUT, at, n);
}

/* AS-XEN: do_memory_op: who has not enough room for all learns how much that is. */
int64_t xd_memory_vnuma(struct xd_vcpu *v, uint64_t at)
{
    struct xd_abi_memory_vnuma op;
    const struct xd_vnuma *is;
    struct xd_domain *d;
    bool room;
    int64_t rc;

    if (!xd_copy_in(v, &op, at, sizeof(op)))
        return xd_reject(v, XD_WHY_COPY_IN, at, sizeof(op));
    if (op.pad)
        return xd_reject(v, XD_WHY_VNUMA_PAD, op.pad);
    rc = xd_memory_domain(v, op.domid, &d);
    if (rc)
        return rc;
    is = &d->vnuma;
    if (!is->nodes)
        return xd_reject(v, XD_WHY_VNUMA_NONE, d->domid);

    room =
        op.nr_vnodes >= is->nodes && op.nr_vcpus >= d->vcpus_max && op.nr_vmemranges >= is->ranges;
    if (room)
        rc = tell(v, op.vmemrange, is->range, sizeof(*is->range) * is->ranges);
    if (room && rc == 0)
        rc = tell(v, op.vdistance, is->distance, sizeof(*is->distance) * is->nodes * is->nodes);
    if (room && rc == 0)
        rc = tell(v, op.vcpu_to_vnode, is->of_vcpu, sizeof(*is->of_vcpu) * d->vcpus_max);
    if (rc)
        return rc;
    op.nr_vnodes = is->nodes;
    op.nr_vcpus = d->vcpus_max;
    op.nr_vmemranges = is->ranges;
    rc = tell(v, at, &op, sizeof(op));
    if (rc || room)
        return rc;
    return xd_reject(v, XD_WHY_VNUMA_ROOM, d->domid, is->nodes, is->ranges, d->vcpus_max);
}
