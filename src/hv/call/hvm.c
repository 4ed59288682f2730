/* SPDX-License-Identifier: MIT */
/* hvm.c: hvm_op and dm_op in a world of PV domains: all that is left of them is refusals. */
#include "hv/call/call.h"

enum {
    SET_PARAM = 0,
    GET_PARAM = 1,
    FLUSH_TLBS = 5,
    PAGETABLE_DYING = 9,
    GET_TIME = 10,
    XENTRACE = 11,
    GET_MEM_TYPE = 15,
    SET_EVTCHN_UPCALL_VECTOR = 23,
    GUEST_REQUEST_VM_EVENT = 24,
    ALTP2M = 25,
};

#define HVM_PARAMS      39u
#define TRACE_EVENT_END 0x1000u

static int64_t not_hvm(struct xd_vcpu *v, const struct xd_domain *d)
{
    return xd_reject(v, XD_WHY_HVM_NOT_HVM, d->domid);
}

static int64_t param(struct xd_vcpu *v, uint64_t arg)
{
    struct xd_abi_hvm_param a;
    struct xd_domain *d;

    if (!xd_copy_in(v, &a, arg, sizeof(a)))
        return xd_reject(v, XD_WHY_COPY_IN, arg, sizeof(a));
    if (a.index >= HVM_PARAMS)
        return xd_reject(v, XD_WHY_HVM_PARAM_INDEX, a.index);
    d = xd_domain_any_id(v, a.domid);
    return d ? not_hvm(v, d) : xd_reject(v, XD_WHY_HVM_DOMAIN, a.domid);
}

static int64_t get_mem_type(struct xd_vcpu *v, uint64_t arg)
{
    struct xd_abi_hvm_get_mem_type a;
    struct xd_domain *d;

    if (!xd_copy_in(v, &a, arg, sizeof(a)))
        return xd_reject(v, XD_WHY_COPY_IN, arg, sizeof(a));
    d = xd_domain_any_id(v, a.domid);
    if (!d)
        return xd_reject(v, XD_WHY_HVM_DOMAIN, a.domid);
    if (!xd_may_target(v, d))
        return xd_reject(v, XD_WHY_HVM_PERMISSION, d->domid, v->domain->domid);
    return not_hvm(v, d);
}

static int64_t pagetable_dying(struct xd_vcpu *v, uint64_t arg)
{
    struct xd_abi_hvm_pagetable_dying a;
    struct xd_domain *d;

    if (!xd_copy_in(v, &a, arg, sizeof(a)))
        return xd_reject(v, XD_WHY_COPY_IN, arg, sizeof(a));
    d = xd_domain_any_id(v, a.domid);
    if (!d)
        return xd_reject(v, XD_WHY_HVM_DOMAIN, a.domid);
    return d == v->domain ? not_hvm(v, d) : xd_reject(v, XD_WHY_HVM_SELF_ONLY, d->domid);
}

static int64_t get_time(struct xd_vcpu *v, uint64_t arg)
{
    uint64_t now = v->hv->now_ns;

    return xd_copy_out(v, arg, &now, sizeof(now)) ? 0
                                                  : xd_reject(v, XD_WHY_COPY_OUT, arg, sizeof(now));
}

/* Nobody traces. */
static int64_t xentrace(struct xd_vcpu *v, uint64_t arg)
{
    struct xd_abi_hvm_xentrace a;

    if (!xd_copy_in(v, &a, arg, sizeof(a)))
        return xd_reject(v, XD_WHY_COPY_IN, arg, sizeof(a));
    if (a.extra_bytes > sizeof(a.extra) || a.event >= TRACE_EVENT_END)
        return xd_reject(v, XD_WHY_HVM_TRACE, a.event, a.extra_bytes);
    return 0;
}

int64_t xd_hc_hvm_op(struct xd_vcpu *v, const struct xd_args_hvm_op *arg)
{
    switch (arg->op) {
    case SET_PARAM:
    case GET_PARAM: return param(v, arg->arg);
    case FLUSH_TLBS:
        return arg->arg ? xd_reject(v, XD_WHY_HVM_NO_ARGUMENT, arg->op, arg->arg)
                        : not_hvm(v, v->domain);
    case PAGETABLE_DYING: return pagetable_dying(v, arg->arg);
    case GET_TIME: return get_time(v, arg->arg);
    case XENTRACE: return xentrace(v, arg->arg);
    case GET_MEM_TYPE: return get_mem_type(v, arg->arg);
    case SET_EVTCHN_UPCALL_VECTOR: return not_hvm(v, v->domain);
    case GUEST_REQUEST_VM_EVENT: /* nobody monitors */
        return arg->arg ? xd_reject(v, XD_WHY_HVM_NO_ARGUMENT, arg->op, arg->arg) : 0;
    case ALTP2M: return xd_reject(v, XD_WHY_HVM_ALTP2M);
    default: return xd_reject(v, XD_WHY_OP_UNKNOWN, arg->op);
    }
}

int64_t xd_hc_dm_op(struct xd_vcpu *v, const struct xd_args_dm_op *arg)
{
    struct xd_abi_dm_op_buf bufs[2];
    size_t size = arg->nr_bufs * sizeof(bufs[0]);
    struct xd_domain *d;

    if (arg->nr_bufs == 0)
        return xd_reject(v, XD_WHY_DM_NO_BUFFER);
    if (arg->nr_bufs > XD_ARRAY_SIZE(bufs))
        return xd_reject(v, XD_WHY_DM_BUFFERS, arg->nr_bufs);
    if (!xd_copy_in(v, bufs, arg->bufs, size))
        return xd_reject(v, XD_WHY_COPY_IN, arg->bufs, size);
    d = xd_domain_by_id(v->hv, arg->domid);
    if (!d)
        return xd_reject(v, XD_WHY_DM_DOMAIN, arg->domid);
    return d == v->domain ? xd_reject(v, XD_WHY_DM_SELF, d->domid)
                          : xd_reject(v, XD_WHY_DM_NOT_HVM, d->domid);
}
