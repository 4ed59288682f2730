/* SPDX-License-Identifier: MIT */
/*
 * xenoprof.c: xenoprof_op. The hardware domain becomes the primary profiler by init, and ceases to be by shutdown.
 *
 * In between it reserves the processor's counters, sets them, and lets them count. Domains on its first list take part: they get
 * buffers for samples (hv/profile.h), say when they are ready, and hear when it is over. Of those on its second list it gets the
 * buffers itself. No counter ever overflows, so there are no samples.
 */
#include "hv/call/call.h"
#include "hv/evtchn.h"
#include "hv/profile.h"

#include <string.h>

#define HC_XENOPROF_OP 31u

enum {
    INIT = 0,
    RESET_ACTIVE = 1,
    RESET_PASSIVE = 2,
    SET_ACTIVE = 3,
    SET_PASSIVE = 4,
    RESERVE_COUNTERS = 5,
    COUNTER = 6,
    SETUP_EVENTS = 7,
    ENABLE_VIRQ = 8,
    START = 9,
    STOP = 10,
    DISABLE_VIRQ = 11,
    RELEASE_COUNTERS = 12,
    SHUTDOWN = 13,
    GET_BUFFER = 14,
    SET_BACKTRACE = 15,
    GET_IBS_CAPS = 16,
    IBS_COUNTER = 17
};
#define LAST          17
#define EVENTS        4 /* counters of the machine's processor, */
#define VIRQ_XENOPROF 7u
#define COUNTERS_MAX  8u /* ... and of which Xen keeps settings */

enum { IDLE, INITIALIZED, RESERVED, READY, PROFILING };

static int64_t fault(struct xd_vcpu *v, uint64_t at, size_t n)
{
    return xd_reject(v, XD_WHY_COPY_IN, at, n);
}

static int64_t enter(struct xd_vcpu *v, unsigned int state)
{
    XD_PUT(v->hv, v->hv->profiler_state, (uint8_t)state);
    return 0;
}

static bool is_primary(const struct xd_vcpu *v)
{
    return v->hv->profiler && v->domain->hardware;
}

/* AS-XEN: xenoprof_op_init: who can't be told has become it all the same. */
static int64_t init(struct xd_vcpu *v, uint64_t at)
{
    static const char cpu[] = "x86-64/hammer";
    struct xd_abi_xenoprof_init op;

    if (!xd_copy_in(v, &op, at, sizeof(op)))
        return fault(v, at, sizeof(op));
    op.num_events = EVENTS;
    memcpy(op.cpu_type, cpu, sizeof(cpu)); /* what lies behind it stays */
    op.is_primary = v->domain->hardware;
    if (op.is_primary)
        XD_PUT(v->hv, v->hv->profiler, true);
    if (!xd_copy_out(v, at, &op, sizeof(op)))
        return xd_reject(v, XD_WHY_COPY_OUT, at, sizeof(op));
    return op.is_primary ? enter(v, INITIALIZED) : 0;
}

static int64_t no_memory(struct xd_vcpu *v, const struct xd_domain *d, int32_t samples)
{
    const uint32_t pages = xd_profile_pages(d, samples);

    return xd_reject(v, XD_WHY_XENOPROF_NO_MEMORY, UINT64_C(1) << xd_profile_order(pages));
}

/* AS-XEN: xenoprof_op_get_buffer: of a domain that has buffers, profiling is over, though it is refused. */
static int64_t get_buffer(struct xd_vcpu *v, uint64_t at)
{
    struct xd_abi_xenoprof_get_buffer op;
    struct xd_domain *d = v->domain;
    xd_mfn busy;

    if (!xd_copy_in(v, &op, at, sizeof(op)))
        return fault(v, at, sizeof(op));
    if (d->prof.pages)
        XD_PUT(d->hv, d->prof.how, XD_PROFILED_NOT);
    else if (!xd_profile_make(d, op.max_samples))
        return no_memory(v, d, op.max_samples);
    if (!xd_profile_share(d, d, &busy))
        return xd_reject(v, XD_WHY_XENOPROF_BUSY, busy.v);
    xd_profile_empty(d);
    op.nbuf = (int32_t)d->vcpus;
    op.bufsize = (int32_t)d->prof.size;
    op.buf_gmaddr = d->prof.first.v * XD_PAGE_SIZE;
    return xd_copy_out(v, at, &op, sizeof(op)) ? 0 : xd_reject(v, XD_WHY_COPY_OUT, at, sizeof(op));
}

/* ---- Domains that are profiled with their knowledge ---- */

/* The first entry of (d), or as many as there are. */
static uint8_t entry_of(const struct xd_domain *d)
{
    uint8_t i = 0;

    while (i < d->hv->profiled_nr && d->hv->profiled[i] != d->domid)
        i++;
    return i;
}

/* May (d) be told that it is ready, or is not any more? */
static int64_t listed(struct xd_vcpu *v, const struct xd_domain *d)
{
    if (entry_of(d) == d->hv->profiled_nr)
        return xd_reject(v, XD_WHY_XENOPROF_INACTIVE, d->domid);
    return d->prof.pages ? 0 : xd_reject(v, XD_WHY_XENOPROF_NO_BUFFER, d->domid);
}

/* AS-XEN: reset_active: the list is given up when nobody on it is ready, with those that never were. */
static void deactivate(struct xd_domain *d)
{
    const uint8_t i = entry_of(d);
    struct xd_hv *hv = d->hv;

    XD_PUT(hv, d->prof.how, XD_PROFILED_NOT);
    XD_PUT(hv, hv->profiled_ready[i], false);
    XD_PUT(hv, hv->profiled[i], XD_DOMID_NONE);
    XD_PUT(hv, hv->activated, hv->activated - 1);
    if (hv->activated == 0)
        XD_PUT(hv, hv->profiled_nr, 0);
    xd_profile_let_go(d);
}

/* AS-XEN: do_xenoprof_op: what Xen had in its buffers is forgotten, though a domain that is not on the list is refused. */
static int64_t enable_virq(struct xd_vcpu *v)
{
    struct xd_domain *d = v->domain;
    struct xd_hv *hv = v->hv;
    int64_t rc;

    if (is_primary(v)) {
        if (hv->profiler_state != READY)
            return xd_reject(v, XD_WHY_XENOPROF_NOT_RESERVED, ENABLE_VIRQ);
        for (uint8_t i = 0; i < hv->passive_nr; i++)
            xd_profile_empty(xd_domain_by_id(hv, hv->passive[i]));
    }
    xd_profile_empty(d);
    rc = listed(v, d);
    if (rc)
        return rc;
    XD_PUT(hv, d->prof.how, XD_PROFILED_ACTIVE);
    XD_PUT(hv, hv->profiled_ready[entry_of(d)], true);
    XD_PUT(hv, hv->activated, hv->activated + 1);
    return 0;
}

/* Xen stops at a BUG when the buffers are shared with another than who would give them back. */
static int64_t bug(struct xd_vcpu *v, int32_t op)
{
    return xd_reject(v, XD_WHY_XEN_ENDS, HC_XENOPROF_OP, (uint64_t)op);
}

static int64_t disable_virq(struct xd_vcpu *v)
{
    struct xd_domain *d = v->domain;
    int64_t rc;

    if (v->hv->profiler_state == PROFILING && d->prof.how == XD_PROFILED_ACTIVE)
        return xd_reject(v, XD_WHY_XENOPROF_PROFILED, d->domid);
    rc = listed(v, d);
    if (rc)
        return rc;
    if (!xd_profile_is_with(d, d))
        return bug(v, DISABLE_VIRQ);
    deactivate(d);
    xd_profile_unshare(d);
    return 0;
}

/* ---- What only the primary profiler may do ---- */

static int64_t set_active(struct xd_vcpu *v, uint64_t at)
{
    struct xd_hv *hv = v->hv;
    struct xd_domain *d;
    uint16_t domid;

    if (!xd_copy_in(v, &domid, at, sizeof(domid)))
        return fault(v, at, sizeof(domid));
    if (hv->profiled_nr == XD_PROFILED)
        return xd_reject(v, XD_WHY_XENOPROF_MANY);
    d = xd_domain_by_id(hv, domid);
    if (!d)
        return xd_reject(v, XD_WHY_XENOPROF_DOMAIN, domid);
    xd_profile_hold(d);
    XD_PUT(hv, hv->profiled[hv->profiled_nr], domid);
    XD_PUT(hv, hv->profiled_ready[hv->profiled_nr], false);
    XD_PUT(hv, hv->profiled_nr, (uint8_t)(hv->profiled_nr + 1));
    return 0;
}

/* AS-XEN: add_passive_list: when its answer can't be written, the domain is not on the list, and its buffers are shared. */
static int64_t set_passive(struct xd_vcpu *v, uint64_t at)
{
    struct xd_abi_xenoprof_passive op;
    struct xd_hv *hv = v->hv;
    struct xd_domain *d;
    xd_mfn busy;

    if (hv->passive_nr == XD_PROFILED)
        return xd_reject(v, XD_WHY_XENOPROF_MANY);
    if (!xd_copy_in(v, &op, at, sizeof(op)))
        return fault(v, at, sizeof(op));
    d = xd_domain_by_id(hv, op.domain_id);
    if (!d)
        return xd_reject(v, XD_WHY_XENOPROF_DOMAIN, op.domain_id);
    if (!d->vcpus)
        return xd_reject(v, XD_WHY_XENOPROF_BLANK, d->domid);
    if (!d->prof.pages && !xd_profile_make(d, op.max_samples))
        return no_memory(v, d, op.max_samples);
    if (!xd_profile_share(d, v->domain, &busy))
        return xd_reject(v, XD_WHY_XENOPROF_BUSY, busy.v);
    XD_PUT(hv, d->prof.how, XD_PROFILED_PASSIVE);
    op.nbuf = (int32_t)d->vcpus;
    op.bufsize = (int32_t)d->prof.size;
    op.buf_gmaddr = d->prof.first.v * XD_PAGE_SIZE;
    if (!xd_copy_out(v, at, &op, sizeof(op)))
        return xd_reject(v, XD_WHY_COPY_OUT, at, sizeof(op));
    xd_profile_hold(d);
    XD_PUT(hv, hv->passive[hv->passive_nr], d->domid);
    XD_PUT(hv, hv->passive_nr, (uint8_t)(hv->passive_nr + 1));
    return 0;
}

/* How a counter is to count can be seen by nobody. */
static int64_t counter(struct xd_vcpu *v, uint64_t at)
{
    struct xd_abi_xenoprof_counter op;

    if (!xd_copy_in(v, &op, at, sizeof(op)))
        return fault(v, at, sizeof(op));
    return op.ind < COUNTERS_MAX ? 0 : xd_reject(v, XD_WHY_XENOPROF_COUNTER, op.ind);
}

static int64_t copied(struct xd_vcpu *v, uint64_t at, size_t n)
{
    unsigned char op[sizeof(struct xd_abi_xenoprof_ibs_counter)];

    return xd_copy_in(v, op, at, n) ? 0 : fault(v, at, n);
}

/* Who is on the list stays held, for ever. */
static int64_t forget(struct xd_vcpu *v)
{
    XD_PUT(v->hv, v->hv->profiled_nr, 0);
    XD_PUT(v->hv, v->hv->activated, 0);
    return 0;
}

/* AS-XEN: reset_active_list: who is on the list and not ready is not let go, and never goes. */
static int64_t reset_active(struct xd_vcpu *v)
{
    struct xd_hv *hv = v->hv;

    for (uint8_t i = 0; i < hv->profiled_nr; i++)
        if (hv->profiled_ready[i])
            deactivate(xd_domain_by_id(hv, hv->profiled[i]));
    return forget(v);
}

static int64_t reset_passive(struct xd_vcpu *v, int32_t op)
{
    struct xd_hv *hv = v->hv;

    for (uint8_t i = 0; i < hv->passive_nr; i++)
        if (!xd_profile_is_with(xd_domain_by_id(hv, hv->passive[i]), v->domain))
            return bug(v, op);
    for (uint8_t i = 0; i < hv->passive_nr; i++) {
        struct xd_domain *d = xd_domain_by_id(hv, hv->passive[i]);

        XD_PUT(hv, d->prof.how, XD_PROFILED_NOT);
        xd_profile_unshare(d);
        xd_profile_let_go(d);
    }
    XD_PUT(hv, hv->passive_nr, 0);
    return 0;
}

static int64_t release(struct xd_vcpu *v)
{
    const int64_t rc = reset_passive(v, RELEASE_COUNTERS);

    return rc ? rc : enter(v, INITIALIZED);
}

static int64_t start(struct xd_vcpu *v)
{
    struct xd_hv *hv = v->hv;

    if (hv->profiled_nr != hv->activated)
        return xd_reject(v, XD_WHY_XENOPROF_NOT_ALL, hv->profiled_nr, hv->activated);
    return enter(v, PROFILING);
}

/* All who are ready are told that there are samples. */
static int64_t stop(struct xd_vcpu *v)
{
    struct xd_hv *hv = v->hv;

    for (uint8_t i = 0; i < hv->profiled_nr; i++) {
        struct xd_domain *d = hv->profiled_ready[i] ? xd_domain_by_id(hv, hv->profiled[i]) : NULL;

        for (uint32_t id = 0; d && id < d->vcpus; id++)
            xd_virq_send_vcpu(&d->vcpu[id], VIRQ_XENOPROF);
    }
    return enter(v, READY);
}

/* AS-XEN: do_xenoprof_op: who is on the list is not let go, ready or not, and never goes; the other list stays. */
static int64_t shut_down(struct xd_vcpu *v)
{
    XD_PUT(v->hv, v->hv->profiler, false);
    return forget(v);
}

/* In which states an operation can be carried out, by bit. */
static unsigned int states_of(int32_t op)
{
    switch (op) {
    case SET_ACTIVE:
    case SET_PASSIVE:
    case RESERVE_COUNTERS:
    case SHUTDOWN: return 1u << INITIALIZED;
    case COUNTER:
    case IBS_COUNTER:
    case SETUP_EVENTS: return 1u << RESERVED;
    case START: return 1u << READY;
    case STOP: return 1u << PROFILING;
    case RELEASE_COUNTERS: return 1u << RESERVED | 1u << READY;
    default: return ~0u;
    }
}

static int64_t primary(struct xd_vcpu *v, int32_t op, uint64_t at)
{
    const unsigned int states = states_of(op);

    if (!(states >> v->hv->profiler_state & 1))
        return xd_reject(v,
                         states == 1u << INITIALIZED ? XD_WHY_XENOPROF_NOT_INITIALISED
                                                     : XD_WHY_XENOPROF_NOT_RESERVED,
                         (uint64_t)op);
    if ((op == COUNTER || op == IBS_COUNTER) && !v->hv->profiled_nr)
        return xd_reject(v, XD_WHY_XENOPROF_NOBODY);
    switch (op) {
    case RESET_ACTIVE: return reset_active(v);
    case RESET_PASSIVE: return reset_passive(v, op);
    case SET_ACTIVE: return set_active(v, at);
    case SET_PASSIVE: return set_passive(v, at);
    case RESERVE_COUNTERS: return enter(v, RESERVED);
    case COUNTER: return counter(v, at);
    case IBS_COUNTER: return copied(v, at, sizeof(struct xd_abi_xenoprof_ibs_counter));
    case SETUP_EVENTS: return enter(v, READY);
    case START: return start(v);
    case STOP: return stop(v);
    case RELEASE_COUNTERS: return release(v);
    case SHUTDOWN: return shut_down(v);
    case SET_BACKTRACE: return copied(v, at, sizeof(uint32_t));
    default: return 0; /* GET_IBS_CAPS: the processor has none */
    }
}

int64_t xd_hc_xenoprof_op(struct xd_vcpu *v, const struct xd_args_xenoprof_op *arg)
{
    if (arg->op < 0 || arg->op > LAST)
        return xd_reject(v, XD_WHY_XENOPROF_OP, (uint64_t)arg->op);
    switch (arg->op) {
    case INIT: return init(v, arg->arg);
    case GET_BUFFER: return get_buffer(v, arg->arg);
    case ENABLE_VIRQ: return enable_virq(v);
    case DISABLE_VIRQ: return disable_virq(v);
    default:
        return is_primary(v) ? primary(v, arg->op, arg->arg)
                             : xd_reject(v, XD_WHY_XENOPROF_PRIMARY, (uint64_t)arg->op);
    }
}
