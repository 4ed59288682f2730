/* SPDX-License-Identifier: MIT */
/*
 * exchange.c: memory_op exchange: frames of the guest's for others.
 *
 * It goes by chunks: as many extents of the smaller size as make one of the larger. All frames of a chunk are taken from the
 * domain and all new ones from the heap before any is given away; so a chunk is exchanged or left as it was, but for
 * what can't be told. AS-XEN: memory_exchange
 */
#include "hv/call/memory.h"

/* Bare frames, linked through type_count. */
struct frames {
    uint32_t first;
};

static void push(struct xd_hv *hv, struct frames *list, xd_mfn mfn)
{
    XD_PUT(hv, xd_frame_at(hv, mfn)->type_count, list->first);
    list->first = (uint32_t)mfn.v;
}

static bool pop(struct xd_hv *hv, struct frames *list, xd_mfn *mfn)
{
    if (!list->first)
        return false;
    *mfn = xd_mfn_of(list->first);
    list->first = xd_frame_at(hv, *mfn)->type_count;
    XD_PUT(hv, xd_frame_at(hv, *mfn)->type_count, 0);
    return true;
}

/* One call, once it is clear what it asks for. */
struct exchange {
    struct xd_vcpu *v;
    struct xd_domain *d;
    struct xd_abi_memory_exchange x;
    uint64_t in_chunk, out_chunk; /* extents of a chunk; one of them is 1 */
    uint64_t below;
};

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

    if (order > xd_memory_order_max(v->domain))
        return xd_reject(v, XD_WHY_EXCHANGE_ORDER, order, xd_memory_order_max(v->domain));
    if (x->nr_exchanged > in || x->in.domid != x->out.domid ||
        UINT64_MAX >> x->in.extent_order < in || UINT64_MAX >> x->out.extent_order < out ||
        in << x->in.extent_order != out << x->out.extent_order)
        return xd_reject(v, XD_WHY_EXCHANGE_SHAPE, in << x->in.extent_order,
                         out << x->out.extent_order, x->nr_exchanged);
    return 0;
}

/* Takes the (j)-th extent of the list to give away from the domain. */
static int64_t steal_extent(struct exchange *e, uint64_t j, struct frames *taken)
{
    struct xd_vcpu *v = e->v;
    uint64_t first;

    if (!xd_copy_in(v, &first, e->x.in.extent_start + j * 8, sizeof(first)))
        return xd_reject(v, XD_WHY_EXCHANGE_LIST, e->x.in.extent_start, j);
    for (uint64_t k = 0; k < UINT64_C(1) << e->x.in.extent_order; k++) {
        xd_mfn mfn = xd_mfn_of(first + k);

        if (!xd_mfn_valid(v->hv, mfn))
            return xd_reject(v, XD_WHY_EXCHANGE_FRAME, mfn.v);
        if (!xd_frame_steal(v->hv, e->d, mfn))
            return xd_reject(v, XD_WHY_STEAL_BUSY, mfn.v);
        push(v->hv, taken, mfn);
    }
    return 0;
}

/* Takes extent after extent for the domain from the heap. */
static int64_t take_new(struct exchange *e, struct frames *fresh)
{
    for (uint64_t j = 0; j < e->out_chunk; j++) {
        xd_mfn first;

        if (!xd_frames_take(e->v->hv, e->x.out.extent_order, e->below, &first))
            return xd_reject(e->v, XD_WHY_EXCHANGE_NO_MEMORY, UINT64_C(1) << e->x.out.extent_order);
        push(e->v->hv, fresh, first);
    }
    return 0;
}

/* Gives the domain a new extent, and tells it by element (j) of the list, which has the page number. */
static int64_t give_extent(struct exchange *e, uint64_t j, xd_mfn first)
{
    struct xd_vcpu *v = e->v;
    uint64_t at = e->x.out.extent_start + j * 8, pfn;

    for (uint64_t k = 0; k < UINT64_C(1) << e->x.out.extent_order; k++)
        xd_frame_give(v->hv, e->d, xd_mfn_of(first.v + k));
    if (!xd_copy_in(v, &pfn, at, sizeof(pfn)))
        return xd_reject(v, XD_WHY_EXCHANGE_LIST, e->x.out.extent_start, j);
    xd_m2p_run(v->hv, first, e->x.out.extent_order, pfn);
    if (!xd_store_out(v, at, &first.v, sizeof(first.v)))
        return xd_reject(v, XD_WHY_EXCHANGE_LIST, e->x.out.extent_start, j);
    return 0;
}

/* Back to where they came from. */
static void undo_chunk(struct exchange *e, struct frames *taken, struct frames *fresh)
{
    struct xd_hv *hv = e->v->hv;
    xd_mfn mfn;

    while (pop(hv, taken, &mfn))
        xd_frame_give(hv, e->d, mfn);
    while (pop(hv, fresh, &mfn))
        for (uint64_t k = 0; k < UINT64_C(1) << e->x.out.extent_order; k++)
            xd_frame_put(hv, xd_mfn_of(mfn.v + k));
}

static int64_t exchange_chunk(struct exchange *e, uint64_t chunk)
{
    struct frames taken = {0}, fresh = {0};
    int64_t rc = 0, told;
    xd_mfn mfn;

    for (uint64_t j = 0; j < e->in_chunk && rc == 0; j++)
        rc = steal_extent(e, chunk * e->in_chunk + j, &taken);
    if (rc == 0)
        rc = take_new(e, &fresh);
    if (rc) {
        undo_chunk(e, &taken, &fresh);
        return rc;
    }
    while (pop(e->v->hv, &taken, &mfn))
        xd_frame_put(e->v->hv, mfn);
    for (uint64_t j = 0; pop(e->v->hv, &fresh, &mfn); j++) {
        told = give_extent(e, chunk * e->out_chunk + j, mfn);
        rc = told ? told : rc; /* AS-XEN: the others are given and told all the same */
    }
    return rc;
}

/* Are the lists where lists can be? What was exchanged before is not looked at. */
static bool lists_ok(const struct exchange *e)
{
    const struct xd_abi_memory_exchange *x = &e->x;
    uint64_t done = x->nr_exchanged / e->in_chunk * e->out_chunk; /* of the second list */

    return xd_memory_list_ok(x->in.extent_start, x->nr_exchanged, x->in.nr_extents) &&
           xd_memory_list_ok(x->out.extent_start, done, x->out.nr_extents);
}

int64_t xd_memory_exchange(struct xd_vcpu *v, uint64_t at)
{
    struct exchange e = {.v = v};
    const struct xd_abi_memory_exchange *x = &e.x;
    uint64_t chunk;
    int64_t rc;

    if (!xd_copy_in(v, &e.x, at, sizeof(e.x)))
        return xd_reject(v, XD_WHY_COPY_IN, at, sizeof(e.x));
    rc = exchange_check(v, x);
    if (rc)
        return exchange_end(v, at, x->nr_exchanged, rc);
    if (x->nr_exchanged == x->in.nr_extents)
        return 0;
    e.in_chunk = x->in.extent_order < x->out.extent_order
                     ? UINT64_C(1) << (x->out.extent_order - x->in.extent_order)
                     : 1;
    e.out_chunk = x->out.extent_order < x->in.extent_order
                      ? UINT64_C(1) << (x->in.extent_order - x->out.extent_order)
                      : 1;
    if (!lists_ok(&e))
        rc = xd_reject(v, XD_WHY_EXCHANGE_RANGE, x->in.extent_start);
    else if (!xd_memory_node_ok(v->domain, x->out.mem_flags))
        rc = xd_reject(v, XD_WHY_EXCHANGE_FLAGS, x->out.mem_flags);
    else
        rc = xd_memory_domain(v, x->in.domid, &e.d);
    if (rc)
        return exchange_end(v, at, x->nr_exchanged, rc);
    e.below = xd_memory_below(v->domain, x->out.mem_flags);
    for (chunk = x->nr_exchanged / e.in_chunk; chunk < x->in.nr_extents / e.in_chunk; chunk++) {
        rc = exchange_chunk(&e, chunk);
        if (rc)
            break;
    }
    return exchange_end(v, at, rc ? chunk * e.in_chunk : x->in.nr_extents, rc);
}
