/* SPDX-License-Identifier: MIT */
/*
 * memory.c: memory_op: giving pages back, getting new ones, and asking how many there are. Exchange,
 * memory maps and what concerns other domains than PV ones have files of their own.
 *
 * Reservation calls return the number of extents done, whatever went wrong; only the record says
 * why they stopped.
 */
#include "hv/call/memory.h"

#include "hv/pagetype.h"

#define ORDER_DOMU                9u
#define ORDER_IO                  12u
#define ORDER_CONTROL             18u
#define MEMF_BITS(flags)          ((flags)&0xff)
#define MEMF_NODE(flags)          ((flags) >> 8 & 0xff) /* plus one; 0: any */
#define MEMF_POPULATE_ON_DEMAND   (1u << 16)
#define MEMF_EXACT_NODE           (1u << 17)
#define MEMF_VNODE                (1u << 18)
#define XENMEM_INCREASE           0u
#define XENMEM_DECREASE           1u
#define XENMEM_POPULATE           6u
#define XENMEM_MACHINE_MEMORY_MAP 10u
#define XENMEM_EXCHANGE           11u
#define XENMEM_GET_VNUMAINFO      26u
#define XENMEM_ACQUIRE_RESOURCE   28u
#define MACH2PHYS_ENTRIES         (UINT64_C(1) << 35)

unsigned int xd_memory_order_max(const struct xd_domain *d)
{
    if (d->privileged)
        return ORDER_CONTROL;
    return xd_has_io_rights(d) ? ORDER_IO : ORDER_DOMU;
}

/* May the caller ask for memory of this node? AS-XEN: propagate_node: a wish is ignored, insisting
 * is not. */
bool xd_memory_node_ok(const struct xd_domain *d, uint32_t flags)
{
    if (!MEMF_NODE(flags))
        return true;
    return d->privileged ? MEMF_NODE(flags) - 1 < XD_NODES_MAX : !(flags & MEMF_EXACT_NODE);
}

/* Only frames below this can be given. Frames of other nodes than 0 are not there to be insisted on. */
uint64_t xd_memory_below(const struct xd_domain *d, uint32_t flags)
{
    unsigned int bits = MEMF_BITS(flags);

    if (d->privileged && flags & MEMF_EXACT_NODE && MEMF_NODE(flags) > 1)
        return 0;
    if (bits == 0 || bits > 52)
        return UINT64_MAX;
    return bits <= XD_PAGE_SHIFT ? 2
                                 : UINT64_C(1) << (bits - XD_PAGE_SHIFT); /* AS-XEN: bits_to_zone */
}

/* AS-XEN: construct_memop_from_reservation: a virtual node means nothing to a domain without any. */
static bool flags_ok(struct xd_vcpu *v, const struct xd_domain *d, uint32_t flags)
{
    unsigned int width = XD_PAGE_SHIFT;

    while (UINT64_C(1) << (width - XD_PAGE_SHIFT) < v->hv->frames)
        width++;
    if (MEMF_BITS(flags) && MEMF_BITS(flags) < width && MEMF_BITS(flags) <= XD_PAGE_SHIFT)
        return false;
    if (flags & MEMF_VNODE)
        return !d->vnuma.nodes || (uint8_t)(MEMF_NODE(flags) - 1) < d->vnuma.nodes;
    return xd_memory_node_ok(v->domain, flags);
}

/* Anybody may insist on a virtual node, and so on the node that it lies on. */
static uint64_t below(struct xd_vcpu *v, const struct xd_domain *d, uint32_t flags)
{
    if (!(flags & MEMF_VNODE))
        return xd_memory_below(v->domain, flags);
    if (d->vnuma.nodes && flags & MEMF_EXACT_NODE && d->vnuma.node[MEMF_NODE(flags) - 1] > 0)
        return 0;
    return xd_memory_below(v->domain, MEMF_BITS(flags));
}

/* AS-XEN: guest_handle_subrange_okay: where the rest begins, and that its size does not overflow.
 */
bool xd_memory_list_ok(uint64_t list, uint64_t first, uint64_t nr)
{
    return xd_handle_ok(list + first * 8, nr - first, 8);
}

/* One reservation call: what is done of it so far, and for whom. */
struct reserve {
    struct xd_abi_memory_reservation op;
    struct xd_domain *d;
    uint64_t done;
};

static bool list_get(struct xd_vcpu *v, const struct reserve *r, uint64_t *value)
{
    if (xd_copy_in(v, value, r->op.extent_start + r->done * 8, 8))
        return true;
    xd_reject(v, XD_WHY_RESERVE_LIST, r->op.extent_start, r->done);
    return false;
}

static bool list_put(struct xd_vcpu *v, const struct reserve *r, uint64_t value)
{
    if (xd_store_out(v, r->op.extent_start + r->done * 8, &value, 8))
        return true;
    xd_reject(v, XD_WHY_RESERVE_LIST, r->op.extent_start, r->done);
    return false;
}

static bool allocate(struct xd_vcpu *v, const struct reserve *r, xd_mfn *first)
{
    uint64_t nr = UINT64_C(1) << r->op.extent_order;

    if (r->d->dying) {
        xd_reject(v, XD_WHY_RESERVE_DYING, r->d->domid);
        return false;
    }
    if (r->d->pages + nr > r->d->pages_max) {
        xd_reject(v, XD_WHY_RESERVE_LIMIT, r->d->pages + nr, r->d->pages_max);
        return false;
    }
    if (xd_frames_alloc(r->d, r->op.extent_order, below(v, r->d, r->op.mem_flags), first))
        return true;
    xd_reject(v, XD_WHY_RESERVE_NO_MEMORY, nr);
    return false;
}

static bool increase_one(struct xd_vcpu *v, const struct reserve *r)
{
    xd_mfn mfn;

    if (!allocate(v, r, &mfn))
        return false;
    /* AS-XEN: increase_reservation: a frame whose number can't be told stays with the domain. */
    return !r->op.extent_start || list_put(v, r, mfn.v);
}

static bool populate_one(struct xd_vcpu *v, const struct reserve *r)
{
    uint64_t pfn;
    xd_mfn mfn;

    if (!list_get(v, r, &pfn))
        return false;
    if (r->op.mem_flags & MEMF_POPULATE_ON_DEMAND) {
        if (r->d != v->domain)
            return true; /* AS-XEN: populate_physmap: nothing is done for another PV domain, and it
                            counts */
        xd_reject(v, XD_WHY_RESERVE_FLAGS, r->op.mem_flags);
        return false;
    }
    if (!allocate(v, r, &mfn))
        return false;
    xd_m2p_run(v->hv, mfn, r->op.extent_order, pfn);
    return list_put(v, r, mfn.v);
}

static bool decrease_one(struct xd_vcpu *v, const struct reserve *r)
{
    uint64_t first;

    if (!list_get(v, r, &first))
        return false;
    for (uint64_t i = 0; i < UINT64_C(1) << r->op.extent_order; i++) {
        uint64_t mfn = first + i;

        if (!xd_frame_owned(v->hv, xd_mfn_of(mfn), r->d->domid)) {
            xd_reject(v, XD_WHY_RESERVE_FRAME, mfn, r->d->domid);
            return false;
        }
        xd_frame_put_allocated(v->hv, xd_mfn_of(mfn));
    }
    return true;
}

/* Every check before the first extent, in Xen's order. */
static enum xd_why reserve_check(struct xd_vcpu *v, struct reserve *r, uint64_t op, uint64_t arg[3])
{
    bool on_demand = op == XENMEM_POPULATE && r->op.mem_flags & MEMF_POPULATE_ON_DEMAND;
    unsigned int order = on_demand ? ORDER_CONTROL : xd_memory_order_max(v->domain);

    if (r->op.nr_extents > UINT32_MAX >> XD_MEMOP_SHIFT || r->done >= r->op.nr_extents) {
        arg[0] = r->op.nr_extents;
        arg[1] = r->done;
        return XD_WHY_RESERVE_COUNT;
    }
    r->d = xd_domain_any_id(v, r->op.domid);
    arg[0] = r->op.domid;
    arg[1] = v->domain->domid;
    if (!r->d)
        return XD_WHY_RESERVE_DOMAIN;
    if (!flags_ok(v, r->d, r->op.mem_flags)) {
        arg[0] = r->op.mem_flags;
        return XD_WHY_RESERVE_FLAGS;
    }
    if (!xd_may_target(v, r->d))
        return XD_WHY_RESERVE_PERMISSION;
    if (r->op.extent_order > order) {
        arg[0] = r->op.extent_order;
        arg[1] = order;
        return XD_WHY_RESERVE_ORDER;
    }
    if (r->op.extent_start && !xd_memory_list_ok(r->op.extent_start, r->done, r->op.nr_extents)) {
        arg[0] = r->op.extent_start;
        arg[1] = 0;
        return XD_WHY_RESERVE_LIST;
    }
    return XD_WHY_NONE;
}

static int64_t reservation(struct xd_vcpu *v, uint64_t cmd, uint64_t at)
{
    uint64_t op = cmd & ((1u << XD_MEMOP_SHIFT) - 1), arg[3] = {0};
    struct reserve r = {.done = cmd >> XD_MEMOP_SHIFT};
    bool (*one)(struct xd_vcpu *, const struct reserve *) = op == XENMEM_INCREASE   ? increase_one
                                                            : op == XENMEM_DECREASE ? decrease_one
                                                                                    : populate_one;
    enum xd_why why;

    if (!xd_copy_in(v, &r.op, at, sizeof(r.op))) {
        xd_reject(v, XD_WHY_RESERVE_ARG, at);
        return (int64_t)r.done;
    }
    why = reserve_check(v, &r, op, arg);
    if (why != XD_WHY_NONE) {
        xd_reject(v, why, arg[0], arg[1], arg[2]);
        return (int64_t)r.done;
    }
    while (r.done < r.op.nr_extents && one(v, &r))
        r.done++;
    return (int64_t)r.done;
}

/* ---- Queries ---- */

static int64_t maximum_ram_page(struct xd_vcpu *v, void *copy)
{
    (void)copy;
    return v->hv->frames;
}

int64_t xd_memory_domain(struct xd_vcpu *v, uint16_t domid, struct xd_domain **d)
{
    *d = xd_domain_any_id(v, domid);
    if (!*d)
        return xd_reject(v, XD_WHY_MEMOP_DOMAIN, domid);
    if (!xd_may_target(v, *d))
        return xd_reject(v, XD_WHY_MEMOP_PERMISSION, domid, v->domain->domid);
    return 0;
}

static int64_t current_reservation(struct xd_vcpu *v, void *copy)
{
    struct xd_domain *d;
    int64_t rc = xd_memory_domain(v, ((struct xd_abi_memory_domid *)copy)->domid, &d);

    return rc ? rc : (int64_t)d->pages;
}

static int64_t maximum_reservation(struct xd_vcpu *v, void *copy)
{
    struct xd_domain *d;
    int64_t rc = xd_memory_domain(v, ((struct xd_abi_memory_domid *)copy)->domid, &d);

    return rc ? rc : (int64_t)d->pages_max;
}

/* AS-XEN: domain_get_maximum_gpfn: what the guest itself wrote into shared_info, minus one. */
static int64_t maximum_gpfn(struct xd_vcpu *v, void *copy)
{
    struct xd_domain *d;
    int64_t rc = xd_memory_domain(v, ((struct xd_abi_memory_domid *)copy)->domid, &d);

    if (rc || xd_shared_info(d)->max_pfn == 0)
        return rc;
    return (int64_t)(xd_shared_info(d)->max_pfn - 1);
}

/* One frame number for each 2 MiB of the M2P. */
static int64_t machphys_mfn_list(struct xd_vcpu *v, void *copy)
{
    struct xd_abi_memory_machphys_mfn_list *op = copy;
    uint64_t chunks = ((uint64_t)v->hv->frames * 8 + (1u << 21) - 1) >> 21;

    op->nr_extents = 0;
    for (; op->nr_extents < op->max_extents && op->nr_extents < chunks; op->nr_extents++) {
        uint64_t mfn = v->hv->m2p_first.v + (uint64_t)op->nr_extents * XD_PT_SLOTS;
        uint64_t at = op->extent_start + (uint64_t)op->nr_extents * sizeof(mfn);

        if (!xd_copy_out(v, at, &mfn, sizeof(mfn)))
            return xd_reject(v, XD_WHY_COPY_OUT, at, sizeof(mfn));
    }
    return 0;
}

static int64_t machphys_mapping(struct xd_vcpu *v, void *copy)
{
    struct xd_abi_memory_machphys_mapping *op = copy;

    op->v_start = XD_RO_M2P_START;
    op->v_end = XD_RO_M2P_END;
    op->max_mfn = (v->domain->hardware ? v->hv->frames : MACH2PHYS_ENTRIES) - 1;
    return 0;
}

static xd_op_fn *const run[] = {
    [2] = maximum_ram_page,
    [3] = current_reservation,
    [4] = maximum_reservation,
    [5] = machphys_mfn_list,
    [7] = xd_memory_add_to_physmap,
    [9] = xd_memory_map,
    [10] = xd_memory_machine_map,
    [12] = machphys_mapping,
    [13] = xd_memory_set_map,
    [14] = maximum_gpfn,
    [15] = xd_memory_remove_from_physmap,
    [16] = xd_memory_pod_target,
    [17] = xd_memory_pod_target,
    [18] = xd_memory_sharing,
    [19] = xd_memory_sharing,
    [21] = xd_memory_access,
    [23] = xd_memory_add_to_physmap_batch,
    [24] = xd_memory_claim,
    [25] = xd_memory_compat_m2p,
    [27] = xd_memory_rdm_map,
};

/*
 * What becomes of a start extent. AS-XEN: do_memory_op refuses it for the operations that it knows itself;
 * arch_memory_op compares the whole number, so that with one there is no such operation.
 */
enum start { START_NONE, START_ARCH, START_LIST, START_USED };

static enum start start_of(uint64_t op)
{
    switch (op) {
    case XENMEM_INCREASE:
    case XENMEM_DECREASE:
    case XENMEM_POPULATE:
    case 21: /* access_op */
    case XENMEM_ACQUIRE_RESOURCE: return START_USED;
    case 7: /* add_to_physmap */
    case 23: return START_LIST;
    case 2: /* maximum_ram_page */
    case 3:
    case 4:
    case XENMEM_EXCHANGE:
    case 14: /* maximum_gpfn */
    case 15:
    case 24: /* claim_pages */
    case XENMEM_GET_VNUMAINFO:
    case 27: return START_NONE;
    default: return START_ARCH;
    }
}

int64_t xd_hc_memory_op(struct xd_vcpu *v, const struct xd_args_memory_op *arg)
{
    uint64_t op = arg->cmd & ((1u << XD_MEMOP_SHIFT) - 1), start = arg->cmd >> XD_MEMOP_SHIFT;
    enum start takes = start_of(op);

    if (op == XENMEM_INCREASE || op == XENMEM_DECREASE || op == XENMEM_POPULATE)
        return reservation(v, arg->cmd, arg->arg);
    if (start && takes == START_NONE)
        return xd_reject(v, XD_WHY_MEMOP_START_EXTENT, start);
    if (start && takes == START_ARCH)
        return xd_reject(v, XD_WHY_OP_UNKNOWN, arg->cmd);
    if (start > UINT16_MAX && takes == START_LIST)
        return xd_reject(v, XD_WHY_PHYSMAP_START, start);
    if (op == XENMEM_EXCHANGE)
        return xd_memory_exchange(v, arg->arg);
    if (op == XENMEM_ACQUIRE_RESOURCE)
        return xd_memory_resource(v, arg->arg);
    if (op == XENMEM_GET_VNUMAINFO)
        return xd_memory_vnuma(v, arg->arg);
    if (op == XENMEM_MACHINE_MEMORY_MAP && !v->domain->privileged)
        return xd_reject(v, XD_WHY_MEMMAP_RIGHTS,
                         v->domain->domid); /* before the operand is read */
    return xd_op_run(v, &xd_group_memory, run, XD_ARRAY_SIZE(run), op, arg->arg);
}
