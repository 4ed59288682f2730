/* SPDX-License-Identifier: MIT */
/*
 * memory.c: memory_op: giving pages back, getting new ones, exchanging them, and asking how many
 * there are.
 *
 * Reservation calls return the number of extents done, whatever went wrong; only the record says
 * why they stopped.
 */
#include "hv/call/call.h"

#include "hv/pagetype.h"

#define START_EXTENT_SHIFT      6
#define ORDER_DOMU              9u
#define ORDER_IO                12u
#define ORDER_CONTROL           18u
#define MEMF_BITS(flags)        ((flags)&0xff)
#define MEMF_NODE(flags)        ((flags) >> 8 & 0xff) /* plus one; 0: any */
#define MEMF_POPULATE_ON_DEMAND (1u << 16)
#define MEMF_EXACT_NODE         (1u << 17)
#define MEMF_VNODE              (1u << 18)
#define NODES_MAX               64u
#define MACH2PHYS_ENTRIES       (UINT64_C(1) << 35)

enum {
    XENMEM_INCREASE = 0,
    XENMEM_DECREASE = 1,
    XENMEM_MAXIMUM_RAM_PAGE = 2,
    XENMEM_CURRENT_RESERVATION = 3,
    XENMEM_MAXIMUM_RESERVATION = 4,
    XENMEM_MACHPHYS_MFN_LIST = 5,
    XENMEM_POPULATE = 6,
    XENMEM_EXCHANGE = 11,
    XENMEM_MACHPHYS_MAPPING = 12,
    XENMEM_MAXIMUM_GPFN = 14,
};

static unsigned int order_max(const struct xd_domain *d)
{
    if (d->privileged)
        return ORDER_CONTROL;
    return xd_has_io_rights(d) ? ORDER_IO : ORDER_DOMU;
}

/* May the caller ask for memory of this node? AS-XEN: propagate_node: a wish is ignored, insisting
 * is not. */
static bool node_ok(const struct xd_domain *d, uint32_t flags)
{
    if (!MEMF_NODE(flags))
        return true;
    return d->privileged ? MEMF_NODE(flags) - 1 < NODES_MAX : !(flags & MEMF_EXACT_NODE);
}

/* Only frames below this can be given. Frames of other nodes than 0 are not there to be insisted on. */
static uint64_t below(const struct xd_domain *d, uint32_t flags)
{
    unsigned int bits = MEMF_BITS(flags);

    if (d->privileged && flags & MEMF_EXACT_NODE && MEMF_NODE(flags) > 1)
        return 0;
    if (bits == 0 || bits > 52)
        return UINT64_MAX;
    return bits <= XD_PAGE_SHIFT ? 2
                                 : UINT64_C(1) << (bits - XD_PAGE_SHIFT); /* AS-XEN: bits_to_zone */
}

/* AS-XEN: construct_memop_from_reservation. Guests here have no virtual nodes, so naming one means
 * nothing. */
static bool flags_ok(struct xd_vcpu *v, uint32_t flags)
{
    unsigned int width = XD_PAGE_SHIFT;

    while (UINT64_C(1) << (width - XD_PAGE_SHIFT) < v->hv->frames)
        width++;
    if (MEMF_BITS(flags) && MEMF_BITS(flags) < width && MEMF_BITS(flags) <= XD_PAGE_SHIFT)
        return false;
    return flags & MEMF_VNODE || node_ok(v->domain, flags);
}

/* AS-XEN: guest_handle_subrange_okay: where the rest begins, and that its size does not overflow.
 */
static bool list_ok(uint64_t list, uint64_t first, uint64_t nr)
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

/* Frames are handed out one by one and scattered, so there is no run of more than one. LIMIT:
 * orders above 0. */
static bool allocate(struct xd_vcpu *v, const struct reserve *r, uint64_t pfn, xd_mfn *mfn)
{
    if (r->d->dying) {
        xd_reject(v, XD_WHY_RESERVE_DYING, r->d->domid);
        return false;
    }
    if (r->d->pages + (UINT64_C(1) << r->op.extent_order) > r->d->pages_max) {
        xd_reject(v, XD_WHY_RESERVE_LIMIT, r->d->pages + (UINT64_C(1) << r->op.extent_order),
                  r->d->pages_max);
        return false;
    }
    if (r->op.extent_order == 0 &&
        xd_frame_alloc(v->hv, r->d, pfn, false, below(v->domain, r->op.mem_flags), mfn))
        return true;
    xd_reject(v, XD_WHY_RESERVE_NO_MEMORY, UINT64_C(1) << r->op.extent_order);
    return false;
}

static bool increase_one(struct xd_vcpu *v, const struct reserve *r)
{
    xd_mfn mfn;

    if (!allocate(v, r, ~UINT64_C(0), &mfn))
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
    return allocate(v, r, pfn, &mfn) && list_put(v, r, mfn.v);
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
    unsigned int order = on_demand ? ORDER_CONTROL : order_max(v->domain);

    if (r->op.nr_extents > UINT32_MAX >> START_EXTENT_SHIFT || r->done >= r->op.nr_extents) {
        arg[0] = r->op.nr_extents;
        arg[1] = r->done;
        return XD_WHY_RESERVE_COUNT;
    }
    r->d = xd_domain_any_id(v, r->op.domid);
    arg[0] = r->op.domid;
    arg[1] = v->domain->domid;
    if (!r->d)
        return XD_WHY_RESERVE_DOMAIN;
    if (!flags_ok(v, r->op.mem_flags)) {
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
    if (r->op.extent_start && !list_ok(r->op.extent_start, r->done, r->op.nr_extents)) {
        arg[0] = r->op.extent_start;
        arg[1] = 0;
        return XD_WHY_RESERVE_LIST;
    }
    return XD_WHY_NONE;
}

static int64_t reservation(struct xd_vcpu *v, uint64_t cmd, uint64_t at)
{
    uint64_t op = cmd & ((1u << START_EXTENT_SHIFT) - 1), arg[3] = {0};
    struct reserve r = {.done = cmd >> START_EXTENT_SHIFT};
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

/* ---- Exchange ---- */

/* AS-XEN: memory_exchange: whatever goes wrong after the sizes are known, how far it came is told.
 */
static int64_t exchange_end(struct xd_vcpu *v, uint64_t at, uint64_t exchanged, int64_t rc)
{
    at += offsetof(struct xd_abi_memory_exchange, nr_exchanged);
    if (!xd_store_out(v, at, &exchanged, sizeof(exchanged)))
        return xd_reject(v, XD_WHY_COPY_OUT, at, sizeof(exchanged));
    return rc;
}

static int64_t exchange_check(struct xd_vcpu *v, const struct xd_abi_memory_exchange *x)
{
    uint64_t in = x->in.nr_extents, out = x->out.nr_extents;
    uint32_t order =
        x->in.extent_order > x->out.extent_order ? x->in.extent_order : x->out.extent_order;

    if (order > order_max(v->domain))
        return xd_reject(v, XD_WHY_EXCHANGE_ORDER, order, order_max(v->domain));
    if (x->nr_exchanged > in || x->in.domid != x->out.domid ||
        UINT64_MAX >> x->in.extent_order < in || UINT64_MAX >> x->out.extent_order < out ||
        in << x->in.extent_order != out << x->out.extent_order)
        return xd_reject(v, XD_WHY_EXCHANGE_SHAPE, in << x->in.extent_order,
                         out << x->out.extent_order, x->nr_exchanged);
    return 0;
}

/* One frame out, one frame in. */
static int64_t exchange_frame(struct xd_vcpu *v, struct xd_domain *d,
                              const struct xd_abi_memory_exchange *x, uint64_t i)
{
    uint64_t old, pfn;
    xd_mfn mfn;

    if (!xd_copy_in(v, &old, x->in.extent_start + i * 8, sizeof(old)))
        return xd_reject(v, XD_WHY_EXCHANGE_LIST, x->in.extent_start, i);
    if (!xd_mfn_valid(v->hv, xd_mfn_of(old)))
        return xd_reject(v, XD_WHY_EXCHANGE_FRAME, old);
    if (!xd_frame_steal(v->hv, d, xd_mfn_of(old)))
        return xd_reject(v, XD_WHY_STEAL_BUSY, old);
    if (!xd_frame_alloc(v->hv, d, ~UINT64_C(0), false, below(v->domain, x->out.mem_flags), &mfn)) {
        xd_frame_give(v->hv, d, xd_mfn_of(old));
        return xd_reject(v, XD_WHY_EXCHANGE_NO_MEMORY, 1);
    }
    xd_frame_put(v->hv, xd_mfn_of(old));
    if (!xd_copy_in(v, &pfn, x->out.extent_start + i * 8, sizeof(pfn)))
        return xd_reject(v, XD_WHY_EXCHANGE_LIST, x->out.extent_start, i);
    XD_PUT(v->hv, *xd_m2p_entry(v->hv, mfn), pfn);
    if (!xd_store_out(v, x->out.extent_start + i * 8, &mfn.v, sizeof(mfn.v)))
        return xd_reject(v, XD_WHY_EXCHANGE_LIST, x->out.extent_start, i);
    return 0;
}

/*
 * The frames of one extent of a higher order: they are taken one by one, so that the first that
 * can't be decides; then there is no run of frames to be had for them (LIMIT), and they are given
 * back. Taken frames are linked through type_count.
 */
static int64_t exchange_chunk(struct xd_vcpu *v, struct xd_domain *d,
                              const struct xd_abi_memory_exchange *x, uint64_t first)
{
    uint64_t nr = UINT64_C(1) << x->out.extent_order, at = x->in.extent_start + first * 8, mfn;
    uint32_t taken = 0, next;
    int64_t rc = 0;

    for (uint64_t i = 0; i < nr && rc == 0; i++, at += 8) {
        if (!xd_copy_in(v, &mfn, at, sizeof(mfn))) {
            rc = xd_reject(v, XD_WHY_EXCHANGE_LIST, x->in.extent_start, first + i);
        } else if (!xd_mfn_valid(v->hv, xd_mfn_of(mfn))) {
            rc = xd_reject(v, XD_WHY_EXCHANGE_FRAME, mfn);
        } else if (!xd_frame_steal(v->hv, d, xd_mfn_of(mfn))) {
            rc = xd_reject(v, XD_WHY_STEAL_BUSY, mfn);
        } else {
            XD_PUT(v->hv, xd_frame_at(v->hv, xd_mfn_of(mfn))->type_count, taken);
            taken = (uint32_t)mfn;
        }
    }
    for (; taken; taken = next) {
        next = xd_frame_at(v->hv, xd_mfn_of(taken))->type_count;
        xd_frame_give(v->hv, d, xd_mfn_of(taken));
    }
    return rc ? rc : xd_reject(v, XD_WHY_EXCHANGE_NO_MEMORY, nr);
}

static int64_t exchange(struct xd_vcpu *v, uint64_t at)
{
    struct xd_abi_memory_exchange x;
    struct xd_domain *d;
    uint64_t i;
    int64_t rc;

    if (!xd_copy_in(v, &x, at, sizeof(x)))
        return xd_reject(v, XD_WHY_COPY_IN, at, sizeof(x));
    rc = exchange_check(v, &x);
    if (rc)
        return exchange_end(v, at, x.nr_exchanged, rc);
    i = x.nr_exchanged;
    if (i == x.in.nr_extents)
        return 0;
    if (!list_ok(x.in.extent_start, i, x.in.nr_extents) ||
        !list_ok(x.out.extent_start, i >> x.out.extent_order, x.out.nr_extents))
        return exchange_end(v, at, i, xd_reject(v, XD_WHY_EXCHANGE_RANGE, x.in.extent_start));
    if (!node_ok(v->domain, x.out.mem_flags))
        return exchange_end(v, at, i, xd_reject(v, XD_WHY_EXCHANGE_FLAGS, x.out.mem_flags));
    d = xd_domain_any_id(v, x.in.domid);
    if (!d)
        return exchange_end(v, at, i, xd_reject(v, XD_WHY_MEMOP_DOMAIN, x.in.domid));
    if (!xd_may_target(v, d))
        return exchange_end(v, at, i,
                            xd_reject(v, XD_WHY_MEMOP_PERMISSION, x.in.domid, v->domain->domid));
    if (x.in.extent_order) /* LIMIT: splitting extents */
        return exchange_end(v, at, i,
                            xd_reject(v, XD_WHY_NOT_MODELLED, v->rec.nr, XENMEM_EXCHANGE));
    if (x.out.extent_order) {
        i = i >> x.out.extent_order << x.out.extent_order;
        return exchange_end(v, at, i, exchange_chunk(v, d, &x, i));
    }
    for (; i < x.in.nr_extents; i++) {
        rc = exchange_frame(v, d, &x, i);
        if (rc)
            break;
    }
    return exchange_end(v, at, i, rc);
}

/* ---- Queries ---- */

static int64_t maximum_ram_page(struct xd_vcpu *v, void *copy)
{
    (void)copy;
    return v->hv->frames;
}

static int64_t domain_query(struct xd_vcpu *v, const void *copy, struct xd_domain **d)
{
    uint16_t domid = ((const struct xd_abi_memory_domid *)copy)->domid;

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
    int64_t rc = domain_query(v, copy, &d);

    return rc ? rc : (int64_t)d->pages;
}

static int64_t maximum_reservation(struct xd_vcpu *v, void *copy)
{
    struct xd_domain *d;
    int64_t rc = domain_query(v, copy, &d);

    return rc ? rc : (int64_t)d->pages_max;
}

/* AS-XEN: domain_get_maximum_gpfn: what the guest itself wrote into shared_info, minus one. */
static int64_t maximum_gpfn(struct xd_vcpu *v, void *copy)
{
    struct xd_domain *d;
    int64_t rc = domain_query(v, copy, &d);

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

static xd_op_fn *const query[] = {
    [XENMEM_MAXIMUM_RAM_PAGE] = maximum_ram_page,
    [XENMEM_CURRENT_RESERVATION] = current_reservation,
    [XENMEM_MAXIMUM_RESERVATION] = maximum_reservation,
    [XENMEM_MACHPHYS_MFN_LIST] = machphys_mfn_list,
    [XENMEM_MACHPHYS_MAPPING] = machphys_mapping,
    [XENMEM_MAXIMUM_GPFN] = maximum_gpfn,
};

/* Operations 0 to 28 exist in Xen; those without a row here are not modelled. */
#define XENMEM_LAST 28

int64_t xd_hc_memory_op(struct xd_vcpu *v, const struct xd_args_memory_op *arg)
{
    uint64_t op = arg->cmd & ((1u << START_EXTENT_SHIFT) - 1),
             start = arg->cmd >> START_EXTENT_SHIFT;

    if (op == XENMEM_INCREASE || op == XENMEM_DECREASE || op == XENMEM_POPULATE)
        return reservation(v, arg->cmd, arg->arg);
    if (op <= XENMEM_LAST && !xd_op_at(&xd_group_memory, op))
        return xd_reject(v, XD_WHY_NOT_MODELLED, v->rec.nr, op);
    if (start &&
        (op == XENMEM_MACHPHYS_MFN_LIST || op == XENMEM_MACHPHYS_MAPPING || op > XENMEM_LAST))
        return xd_reject(v, XD_WHY_OP_UNKNOWN,
                         arg->cmd); /* AS-XEN: arch_memory_op compares the whole number */
    if (start)
        return xd_reject(v, XD_WHY_MEMOP_START_EXTENT, start);
    if (op == XENMEM_EXCHANGE)
        return exchange(v, arg->arg);
    return xd_op_run(v, &xd_group_memory, query, XD_ARRAY_SIZE(query), op, arg->arg);
}
