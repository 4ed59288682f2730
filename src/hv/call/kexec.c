/* SPDX-License-Identifier: MIT */
/*
 * kexec.c: kexec_op of a machine booted without crashkernel= on which no image has been loaded:
 * loading one is not modelled.
 */
#include "hv/call/call.h"

#define HC_KEXEC_OP 37u

enum { EXEC, LOAD_V1, UNLOAD_V1, GET_RANGE, LOAD, UNLOAD, STATUS };
enum { RANGE_CRASH = 0, RANGE_XEN = 1, RANGE_CPU = 2, RANGE_VMCOREINFO = 6 };

#define TYPES        2u /* default and crash */
#define TYPE_CRASH   1u
#define SEGMENTS_END 16u

static int64_t fault(struct xd_vcpu *v, uint64_t arg, size_t size)
{
    return xd_reject(v, XD_WHY_COPY_IN, arg, size);
}

static int64_t todo(struct xd_vcpu *v, uint64_t op)
{
    return xd_reject(v, XD_WHY_NOT_MODELLED, HC_KEXEC_OP, op);
}

static int64_t get_range(struct xd_vcpu *v, uint64_t arg)
{
    struct xd_abi_kexec_range r;

    if (!xd_copy_in(v, &r, arg, sizeof(r)))
        return fault(v, arg, sizeof(r));
    switch (r.range) {
    case RANGE_CRASH: break;
    case RANGE_CPU:
        return r.nr ? xd_reject(v, XD_WHY_KEXEC_CPU, (uint64_t)r.nr)
                    : xd_reject(v, XD_WHY_KEXEC_NO_NOTES);
    case RANGE_XEN:
    case RANGE_VMCOREINFO: return todo(v, GET_RANGE); /* addresses inside a real Xen */
    default: return xd_reject(v, XD_WHY_KEXEC_RANGE, (uint64_t)r.range);
    }
    r.start = r.size = 0;
    return xd_copy_out(v, arg, &r, sizeof(r)) ? 0 : xd_reject(v, XD_WHY_COPY_OUT, arg, sizeof(r));
}

static int64_t exec(struct xd_vcpu *v, uint64_t arg)
{
    uint32_t type;

    if (!xd_copy_in(v, &type, arg, sizeof(type)))
        return fault(v, arg, sizeof(type));
    return type < TYPES ? xd_reject(v, XD_WHY_KEXEC_NOT_LOADED, type)
                        : xd_reject(v, XD_WHY_KEXEC_TYPE, type);
}

static int64_t load(struct xd_vcpu *v, uint64_t arg)
{
    struct xd_abi_kexec_segment segment[SEGMENTS_END];
    struct xd_abi_kexec_load op;

    if (!xd_copy_in(v, &op, arg, sizeof(op)))
        return fault(v, arg, sizeof(op));
    if (op.nr_segments >= SEGMENTS_END)
        return xd_reject(v, XD_WHY_KEXEC_SEGMENTS, op.nr_segments);
    if (!xd_copy_in(v, segment, op.segments, op.nr_segments * sizeof(segment[0])))
        return fault(v, op.segments, op.nr_segments * sizeof(segment[0]));
    if (op.type >= TYPES)
        return xd_reject(v, XD_WHY_KEXEC_TYPE, op.type);
    if (op.type == TYPE_CRASH && op.entry_maddr)
        return xd_reject(v, XD_WHY_KEXEC_NO_CRASH_AREA, op.entry_maddr);
    return todo(v, LOAD);
}

static int64_t load_v1(struct xd_vcpu *v, uint64_t arg)
{
    struct xd_abi_kexec_load_v1 op;

    return xd_copy_in(v, &op, arg, sizeof(op)) ? todo(v, LOAD_V1) : fault(v, arg, sizeof(op));
}

/* AS-XEN: kexec_swap_images: the two places of an image change roles even if both are empty. */
static int64_t unload(struct xd_vcpu *v, uint8_t type)
{
    if (type >= TYPES)
        return xd_reject(v, XD_WHY_KEXEC_TYPE, type);
    XD_PUT(v->hv, v->hv->kexec_flip[type], !v->hv->kexec_flip[type]);
    return 0;
}

static int64_t unload_old(struct xd_vcpu *v, uint64_t arg)
{
    struct xd_abi_kexec_load_v1 op;

    return xd_copy_in(v, &op, arg, sizeof(op)) ? unload(v, (uint8_t)op.type)
                                               : fault(v, arg, sizeof(op));
}

static int64_t unload_new(struct xd_vcpu *v, uint64_t arg)
{
    uint8_t type;

    return xd_copy_in(v, &type, arg, sizeof(type)) ? unload(v, type) : fault(v, arg, sizeof(type));
}

/* AS-XEN: kexec_status: tells which place is in use, not whether it holds an image. */
static int64_t status(struct xd_vcpu *v, uint64_t arg)
{
    uint8_t type;

    if (!xd_copy_in(v, &type, arg, sizeof(type)))
        return fault(v, arg, sizeof(type));
    return type < TYPES ? v->hv->kexec_flip[type] : xd_reject(v, XD_WHY_KEXEC_TYPE, type);
}

int64_t xd_hc_kexec_op(struct xd_vcpu *v, const struct xd_args_kexec_op *arg)
{
    if (!v->domain->privileged)
        return xd_reject(v, XD_WHY_CONTROL_ONLY, HC_KEXEC_OP, v->domain->domid);
    switch (arg->op) {
    case EXEC: return exec(v, arg->arg);
    case LOAD_V1: return load_v1(v, arg->arg);
    case UNLOAD_V1: return unload_old(v, arg->arg);
    case GET_RANGE: return get_range(v, arg->arg);
    case LOAD: return load(v, arg->arg);
    case UNLOAD: return unload_new(v, arg->arg);
    case STATUS: return status(v, arg->arg);
    default: return 0; /* AS-XEN: do_kexec_op_internal knows no others, and does not mind */
    }
}
