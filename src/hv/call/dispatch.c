/* SPDX-License-Identifier: MIT */
/*
 * dispatch.c: from a number to a handler.
 *
 * The life of every hypercall: record what was asked, let observers see it, look the number up, cut
 * the registers to the widths of the handler's arguments, run it, let observers see the result.
 */
#include "hv/call/call.h"

#include <limits.h>

/* One thunk a row: assignments, since the order of evaluation inside an initialiser is not fixed.
 */
#define VAL(kind, name) in.name = (xd_arg_##kind) * reg++;
#define HC(nr, name, shape, args)                                      \
    static int64_t call_##name(struct xd_vcpu *v, const uint64_t *reg) \
    {                                                                  \
        struct xd_args_##name in;                                      \
                                                                       \
        args return xd_hc_##name(v, &in);                              \
    }
#define TODO(nr, name, args)                                           \
    static int64_t call_##name(struct xd_vcpu *v, const uint64_t *reg) \
    {                                                                  \
        return xd_reject(v, XD_WHY_NOT_MODELLED, (nr), reg[0]);        \
    }
#include "abi/hypercalls.def"
#undef HC
#undef TODO
#undef VAL

static int64_t (*const handler[XD_CALLS])(struct xd_vcpu *, const uint64_t *) = {
#define HC(nr, name, shape, args) [nr] = call_##name,
#define TODO(nr, name, args)      [nr] = call_##name,
#include "abi/hypercalls.def"
#undef HC
#undef TODO
};

static int64_t look_up_and_run(struct xd_vcpu *v, uint64_t nr, const uint64_t *arg)
{
    if (XD_UNLIKELY(nr >= XD_CALLS || !handler[nr]))
        return xd_reject(v, XD_WHY_HYPERCALL_UNKNOWN, nr);
    return handler[nr](v, arg);
}

static int64_t run_observed(struct xd_vcpu *v, uint64_t nr, const uint64_t *arg, unsigned int depth)
{
    const struct xd_hooks *h = &v->hv->host->hooks;
    const struct xd_watcher *w = v->hv->host->watcher;
    const struct xd_observer *o = v->hv->host->observer;
    bool injected;
    int64_t rc;

    if (h->call)
        h->call(h->ctx, v, nr, arg, depth);
    if (o)
        o->call(o->ctx, v, nr, arg);
    injected = h->inject && h->inject(h->ctx, v, nr, arg, &rc);
    if (!injected)
        rc = look_up_and_run(v, nr, arg);
    if (o)
        o->ret(o->ctx, v, rc, injected);
    if (h->ret)
        h->ret(h->ctx, v, nr, arg, rc, depth);
    if (w && w->called && depth == 0)
        w->called(v);
    return rc;
}

int64_t xd_call_run(struct xd_vcpu *v, uint64_t nr, const uint64_t *arg, unsigned int depth)
{
    struct xd_record *rec = &v->rec;

    rec->nr = nr;
    for (unsigned int i = 0; i < XD_CALL_ARGS; i++)
        rec->arg[i] = arg[i];
    rec->reject.why = XD_WHY_NONE;
    rec->batch = false;
    if (XD_UNLIKELY(v->hv->host->observed))
        return run_observed(v, nr, arg, depth);
    return look_up_and_run(v, nr, arg);
}

int64_t xd_hypercall(struct xd_vcpu *v, uint64_t nr, const uint64_t arg[6])
{
    if (XD_UNLIKELY(xd_vcpu_state(v) != XD_STATE_RUNNING || v->cont.active)) {
        xd_hv_misuse(v->hv, XD_HOST_EINVAL, "d%uv%u can't make a hypercall: it is %s",
                     v->domain->domid, v->id,
                     v->cont.active ? "in the middle of one (xd_continue)" : "not running");
        return XD_NOT_RUNNING;
    }
    return xd_call_run(v, nr, arg, 0);
}

bool xd_continuing(const struct xd_vcpu *v)
{
    return v->cont.active;
}

int64_t xd_continue(struct xd_vcpu *v)
{
    struct xd_continuation c = v->cont;

    if (!c.active || xd_vcpu_state(v) != XD_STATE_RUNNING) {
        xd_hv_misuse(v->hv, XD_HOST_EINVAL, "d%uv%u has no call to finish, or is not running",
                     v->domain->domid, v->id);
        return XD_NOT_RUNNING;
    }
    XD_PUT(v->hv, v->cont.active, false);
    return xd_call_run(v, c.nr, c.arg, 0);
}

int64_t xd_op_run(struct xd_vcpu *v, const struct xd_group *group, xd_op_fn *const *run,
                  size_t run_nr, uint64_t cmd, uint64_t arg)
{
    _Alignas(16) unsigned char copy[1024];
    const struct xd_op *op = xd_op_at(group, cmd);
    int64_t rc;

    if (!op)
        return xd_reject(v, XD_WHY_OP_UNKNOWN, cmd);
    if (op->nr >= run_nr || !run[op->nr])
        return xd_reject(v, XD_WHY_NOT_MODELLED, v->rec.nr, cmd);
    XD_ALWAYS(op->size <= sizeof(copy));
    if (op->size && !xd_copy_in(v, copy, arg, op->size))
        return xd_reject(v, XD_WHY_COPY_IN, arg, op->size);
    rc = run[op->nr](v, copy);
    if (rc == 0 && op->writes && !xd_copy_out(v, arg, copy, op->size))
        rc = xd_reject(v, XD_WHY_COPY_OUT, arg, op->size);
    return rc;
}
