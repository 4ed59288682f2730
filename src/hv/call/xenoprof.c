/* SPDX-License-Identifier: MIT */
/*
 * xenoprof.c: xenoprof_op. The hardware domain becomes the primary profiler by init, and ceases to be by shutdown.
 *
 * In between it reserves the processor's counters, sets them, and lets them count. Nobody has a buffer for samples,
 * which is not modelled: so no domain is ever ready to be profiled, and a list of domains keeps start from going well.
 */
#include "hv/call/call.h"

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
#define LAST         17
#define EVENTS       4  /* counters of the machine's processor, */
#define COUNTERS_MAX 8u /* ... and of which Xen keeps settings */

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

static int64_t get_buffer(struct xd_vcpu *v, uint64_t at)
{
    struct xd_abi_xenoprof_get_buffer op;

    if (!xd_copy_in(v, &op, at, sizeof(op)))
        return fault(v, at, sizeof(op));
    return xd_reject(v, XD_WHY_NOT_MODELLED, HC_XENOPROF_OP, GET_BUFFER);
}

/* ---- What only the primary profiler may do ---- */

static int64_t set_active(struct xd_vcpu *v, uint64_t at)
{
    struct xd_hv *hv = v->hv;
    uint16_t domid;

    if (!xd_copy_in(v, &domid, at, sizeof(domid)))
        return fault(v, at, sizeof(domid));
    if (hv->profiled_nr == XD_PROFILED)
        return xd_reject(v, XD_WHY_XENOPROF_MANY);
    if (!xd_domain_by_id(hv, domid))
        return xd_reject(v, XD_WHY_XENOPROF_DOMAIN, domid);
    XD_PUT(hv, hv->profiled[hv->profiled_nr], domid);
    XD_PUT(hv, hv->profiled_nr, (uint8_t)(hv->profiled_nr + 1));
    return 0;
}

static int64_t set_passive(struct xd_vcpu *v, uint64_t at)
{
    struct xd_abi_xenoprof_passive op;

    if (!xd_copy_in(v, &op, at, sizeof(op)))
        return fault(v, at, sizeof(op));
    if (!xd_domain_by_id(v->hv, op.domain_id))
        return xd_reject(v, XD_WHY_XENOPROF_DOMAIN, op.domain_id);
    return xd_reject(v, XD_WHY_NOT_MODELLED, HC_XENOPROF_OP, SET_PASSIVE);
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

/* The domains that are on the list are none. */
static int64_t forget(struct xd_vcpu *v)
{
    XD_PUT(v->hv, v->hv->profiled_nr, 0);
    return 0;
}

static int64_t start(struct xd_vcpu *v)
{
    if (v->hv->profiled_nr)
        return xd_reject(v, XD_WHY_XENOPROF_NOT_ALL, v->hv->profiled_nr);
    return enter(v, PROFILING);
}

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
    case RESET_ACTIVE: return forget(v);
    case SET_ACTIVE: return set_active(v, at);
    case SET_PASSIVE: return set_passive(v, at);
    case RESERVE_COUNTERS: return enter(v, RESERVED);
    case COUNTER: return counter(v, at);
    case IBS_COUNTER: return copied(v, at, sizeof(struct xd_abi_xenoprof_ibs_counter));
    case SETUP_EVENTS: return enter(v, READY);
    case START: return start(v);
    case STOP: return enter(v, READY);
    case RELEASE_COUNTERS: return enter(v, INITIALIZED);
    case SHUTDOWN: return shut_down(v);
    case SET_BACKTRACE: return copied(v, at, sizeof(uint32_t));
    default: return 0; /* RESET_PASSIVE: nobody is; GET_IBS_CAPS: the processor has none */
    }
}

int64_t xd_hc_xenoprof_op(struct xd_vcpu *v, const struct xd_args_xenoprof_op *arg)
{
    if (arg->op < 0 || arg->op > LAST)
        return xd_reject(v, XD_WHY_XENOPROF_OP, (uint64_t)arg->op);
    switch (arg->op) {
    case INIT: return init(v, arg->arg);
    case GET_BUFFER: return get_buffer(v, arg->arg);
    case ENABLE_VIRQ:
    case DISABLE_VIRQ: return xd_reject(v, XD_WHY_XENOPROF_INACTIVE, v->domain->domid);
    default:
        return v->hv->profiler && v->domain->hardware
                   ? primary(v, arg->op, arg->arg)
                   : xd_reject(v, XD_WHY_XENOPROF_PRIMARY, (uint64_t)arg->op);
    }
}
