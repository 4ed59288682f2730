/* SPDX-License-Identifier: MIT */
/* callback.c: set_callbacks, callback_op and nmi_op: where Xen enters a vCPU's kernel. */
#include "hv/call/call.h"

enum { EVENT = 0, FAILSAFE = 1, SYSCALL = 2, NMI = 4, SYSENTER = 5, SYSCALL32 = 7 };

#define FLAG_MASK_EVENTS  1u
#define TRAP_NMI          2
#define TRAP_MASKS_EVENTS 4u
#define KERNEL_CS         0xe033u

static void set(struct xd_vcpu *v, struct xd_callback *cb, uint64_t address, bool mask)
{
    XD_PUT(v->hv, cb->address, address);
    XD_PUT(v->hv, cb->mask, mask);
}

static void set_nmi(struct xd_vcpu *v, uint64_t address)
{
    struct xd_trap t = {
        .vector = TRAP_NMI, .flags = TRAP_MASKS_EVENTS, .cs = KERNEL_CS, .address = address};

    XD_PUT(v->hv, v->trap[TRAP_NMI], t);
    if (v->id == 0 && xd_shared_info(v->domain)->nmi_reason)
        XD_PUT(v->hv, v->nmi_pending, true); /* it waited for a handler */
}

/* The callback of (type), or NULL. */
static struct xd_callback *callback_of(struct xd_vcpu *v, unsigned int type)
{
    switch (type) {
    case EVENT: return &v->event;
    case FAILSAFE: return &v->failsafe;
    case SYSCALL: return &v->syscall;
    case SYSENTER: return &v->sysenter;
    case SYSCALL32: return &v->syscall32;
    default: return NULL;
    }
}

/* Called `register` in the table, a word that C keeps for itself. */
static int64_t do_register(struct xd_vcpu *v, struct xd_abi_callback_register *op)
{
    struct xd_callback *cb = callback_of(v, op->type);

    if (!xd_va_canonical(op->address))
        return xd_reject(v, XD_WHY_CALLBACK_ADDRESS, op->address);
    if (!cb && op->type != NMI)
        return xd_reject(v, XD_WHY_CALLBACK_TYPE, op->type);

    if (cb)
        set(v, cb, op->address, op->type == EVENT || (op->flags & FLAG_MASK_EVENTS));
    else
        set_nmi(v, op->address);
    return 0;
}

static int64_t do_unregister(struct xd_vcpu *v, struct xd_abi_callback_unregister *op)
{
    if (callback_of(v, op->type))
        return xd_reject(v, XD_WHY_CALLBACK_KEEP, op->type);
    if (op->type != NMI)
        return xd_reject(v, XD_WHY_CALLBACK_TYPE, op->type);

    XD_PUT(v->hv, v->trap[TRAP_NMI], (struct xd_trap){0});
    return 0;
}

static int64_t run_register(struct xd_vcpu *v, void *copy)
{
    return do_register(v, copy);
}

static int64_t run_unregister(struct xd_vcpu *v, void *copy)
{
    return do_unregister(v, copy);
}

static xd_op_fn *const run[] = {
#define OP XD_OP_SLOT
#include "abi/ops_callback.def"
#undef OP
};

/* ---- nmi_op: the same handler, by its older name ---- */

static int64_t register_nmi(struct xd_vcpu *v, void *copy)
{
    const struct xd_abi_nmi_callback *op = copy;

    if (!xd_va_canonical(op->handler_address))
        return xd_reject(v, XD_WHY_CALLBACK_ADDRESS, op->handler_address);
    set_nmi(v, op->handler_address);
    return 0;
}

static int64_t unregister_nmi(struct xd_vcpu *v, void *copy)
{
    (void)copy;
    XD_PUT(v->hv, v->trap[TRAP_NMI], (struct xd_trap){0});
    return 0;
}

int64_t xd_hc_nmi_op(struct xd_vcpu *v, const struct xd_args_nmi_op *arg)
{
    static xd_op_fn *const nmi[] = {register_nmi, unregister_nmi};

    return xd_op_run(v, &xd_group_nmi, nmi, XD_ARRAY_SIZE(nmi), arg->cmd, arg->arg);
}

int64_t xd_hc_callback_op(struct xd_vcpu *v, const struct xd_args_callback_op *arg)
{
    return xd_op_run(v, &xd_group_callback, run, XD_ARRAY_SIZE(run), arg->cmd, arg->arg);
}

/*
 * AS-XEN: do_set_callbacks: three registrations without flags, and nobody looks at what became of
 * them.
 */
int64_t xd_hc_set_callbacks(struct xd_vcpu *v, const struct xd_args_set_callbacks *arg)
{
    if (xd_va_canonical(arg->event))
        set(v, &v->event, arg->event, true);
    if (xd_va_canonical(arg->failsafe))
        set(v, &v->failsafe, arg->failsafe, false);
    if (xd_va_canonical(arg->syscall))
        set(v, &v->syscall, arg->syscall, false);
    return 0;
}
