/* SPDX-License-Identifier: MIT */
/*
 * dispatch.c: from a number to a handler.
 *
 * The life of every hypercall: record what was asked, let observers see it, look the number up, cut
 * the registers to the widths of the handler's arguments, run it, let observers see the result.
 */
#include "hv/call/call.h"
#include "hv/call/count.h"
#include "hv/lever.h"

#include <limits.h>

/* One thunk a row: assignments, since the order of evaluation inside an initialiser is not fixed.
 */
#define VAL(kind, name) in.name = (xd_arg_##kind) * reg++;
#define HC(nr, name, shape, args)                                      \
    static int64_t call_##name(struct xd_vcpu *v, const uint64_t *reg) \
    {                                                                  \
        struct xd_args_##name in;                                      \
                                                                       \
        xd_count_made(v, nr, reg);                                     \
        args return xd_hc_##name(v, &in);                              \
    }
#define TODO(nr, name, args)                                           \
    static int64_t call_##name(struct xd_vcpu *v, const uint64_t *reg) \
    {                                                                  \
        xd_count_made(v, nr, reg);                                     \
        return xd_reject(v, XD_WHY_NOT_MODELLED, (nr), reg[0]);        \
    }
#include "abi/hypercalls.def"
#undef HC
#undef TODO
#undef VAL

xd_call_fn *const xd_call_handler[XD_CALLS] = {
#define HC(nr, name, shape, args) [nr] = call_##name,
#define TODO(nr, name, args)      [nr] = call_##name,
#include "abi/hypercalls.def"
#undef HC
#undef TODO
};

XD_COLD int64_t xd_call_unknown(struct xd_vcpu *v)
{
    return xd_reject(v, XD_WHY_HYPERCALL_UNKNOWN, v->rec.nr);
}

static void show_call(struct xd_vcpu *v, uint64_t nr, const uint64_t *arg, unsigned int depth)
{
    const struct xd_hooks *h = &v->hv->host->hooks;

    xd_hook_begins(v);
    h->call(h->ctx, v, nr, arg, depth);
    xd_hook_ended(v);
}

static void show_ret(struct xd_vcpu *v, uint64_t nr, const uint64_t *arg, int64_t rc,
                     unsigned int depth)
{
    const struct xd_hooks *h = &v->hv->host->hooks;

    xd_hook_begins(v);
    h->ret(h->ctx, v, nr, arg, rc, depth);
    xd_hook_ended(v);
}

static bool inject(struct xd_vcpu *v, uint64_t nr, const uint64_t *arg, int64_t *rc)
{
    const struct xd_hooks *h = &v->hv->host->hooks;
    bool answered;

    xd_hook_begins(v);
    answered = h->inject(h->ctx, v, nr, arg, rc);
    xd_hook_ended(v);
    return answered;
}

/*
 * Observers and levers stand before and after the call, and may make calls of their own. (again): a call
 * that was cut short goes on; levers have seen it.
 */
static XD_COLD int64_t run_observed(struct xd_vcpu *v, uint64_t nr, const uint64_t *arg,
                                    unsigned int depth, bool again)
{
    struct xd_host *host = v->hv->host;
    const struct xd_hooks *h = &host->hooks;
    const struct xd_watcher *w = host->watcher;
    const struct xd_observer *o = host->observer;
    const bool in_call = host->in_call, levers = host->levers_on && !again;
    struct xd_asked asked;
    bool answered = false, left;
    int64_t rc;

    host->in_call = false;
    if (h->call)
        show_call(v, nr, arg, depth);
    if (levers)
        xd_levers_called(v, nr, arg, &asked);
    if (o)
        o->call(o->ctx, v, nr, arg);
    if (h->inject && inject(v, nr, arg, &rc)) {
        xd_lever_answered(v, 0, rc);
        answered = true;
    } else if (levers) {
        answered = xd_levers_answer(v, &asked, &rc);
    }
    host->in_call = in_call;
    if (!answered)
        rc = xd_call_asked(v, nr, arg);
    left = host->left; /* no call of theirs leaves for it */
    host->in_call = host->left = false;
    if (levers)
        xd_levers_returned(v, &asked, rc);
    if (o)
        o->ret(o->ctx, v, rc, answered);
    if (h->ret)
        show_ret(v, nr, arg, rc, depth);
    if (w && w->called && depth == 0)
        w->called(v);
    host->in_call = in_call;
    host->left = left;
    return rc;
}

static inline int64_t run_call(struct xd_vcpu *v, uint64_t nr, const uint64_t *arg,
                               unsigned int depth, bool again)
{
    uint64_t *noted = xd_call_note(v, nr);

    for (unsigned int i = 0; i < XD_CALL_ARGS; i++)
        noted[i] = arg[i];
    if (XD_UNLIKELY(v->hv->host->observed))
        return run_observed(v, nr, arg, depth, again);
    return xd_call_asked(v, nr, noted);
}

int64_t xd_call_run(struct xd_vcpu *v, uint64_t nr, const uint64_t *arg, unsigned int depth)
{
    return run_call(v, nr, arg, depth, false);
}

static XD_COLD int64_t cannot_call(struct xd_vcpu *v, const uint64_t *arg)
{
    const char *why;

    if (!v || !v->hv)
        xd_misused(
            "xd_hypercall: there is no such vCPU: xd_vcpu_at() returned NULL for it, or its domain was "
            "destroyed");
    if (!arg)
        xd_misused("xd_hypercall: the arguments are NULL; they are an array of six");
    why = v->hv->host->in_call ? "a guest's call is under way"
          : v->continuing      ? "it is in the middle of one (xd_continue)"
                               : "it is not running";

    xd_hv_misuse(v->hv, XD_HOST_EINVAL, "d%uv%u can't make a hypercall: %s", v->domain->domid,
                 v->id, why);
    return XD_NOT_RUNNING;
}

/* Linked code that made an iret by this door does not come back. */
static inline int64_t went(struct xd_vcpu *v, int64_t rc)
{
    if (XD_UNLIKELY(v->hv->host->left))
        v->hv->host->linked.leave(v, rc);
    return rc;
}

int64_t xd_hypercall(struct xd_vcpu *v, uint64_t nr, const uint64_t arg[6])
{
    if (XD_UNLIKELY(!v || !arg || !v->hv || !xd_may_call(v)))
        return cannot_call(v, arg);
    return went(v, xd_call_run(v, nr, arg, 0));
}

bool xd_continuing(const struct xd_vcpu *v)
{
    return v->continuing;
}

int64_t xd_continue(struct xd_vcpu *v)
{
    struct xd_continuation c = v->cont;
    int64_t rc;

    if (!v->continuing || xd_vcpu_state(v) != XD_STATE_RUNNING) {
        xd_hv_misuse(v->hv, XD_HOST_EINVAL, "d%uv%u has no call to finish, or is not running",
                     v->domain->domid, v->id);
        return XD_NOT_RUNNING;
    }
    XD_PUT(v->hv, v->continuing, false);
    rc = run_call(v, c.nr, c.arg, 0, true);
    return v->hv->host->in_call ? rc : went(v, rc);
}

static XD_COLD int64_t no_op(struct xd_vcpu *v, const struct xd_op *op, uint64_t cmd)
{
    return op ? xd_reject(v, XD_WHY_NOT_MODELLED, v->rec.nr, cmd)
              : xd_reject(v, XD_WHY_OP_UNKNOWN, cmd);
}

static XD_COLD int64_t refuse(struct xd_vcpu *v, enum xd_why why, uint64_t at, uint64_t size)
{
    return xd_reject(v, why, at, size);
}

int64_t xd_op_run(struct xd_vcpu *v, const struct xd_group *group, xd_op_fn *const *run,
                  size_t run_nr, uint64_t cmd, uint64_t arg)
{
    _Alignas(16) unsigned char copy[1024];
    const struct xd_op *op = xd_op_at(group, cmd);
    int64_t rc;

    if (XD_UNLIKELY(!op || cmd >= run_nr || !run[cmd]))
        return no_op(v, op, cmd);
    XD_ALWAYS(op->size <= sizeof(copy));
    if (op->dir & XD_IN) {
        if (XD_UNLIKELY(!xd_copy_in(v, copy, arg, op->size)))
            return refuse(v, XD_WHY_COPY_IN, arg, op->size);
    } else if (op->size) {
        /* AS-XEN: XENMEM_machphys_mapping: an operand that is only written need not be readable. */
        __builtin_memset(copy, 0, op->size);
    }
    rc = run[cmd](v, copy);
    if (rc == 0 && op->dir & XD_OUT && XD_UNLIKELY(!xd_store_out(v, arg, copy, op->size)))
        return refuse(v, XD_WHY_COPY_OUT, arg, op->size);
    return rc;
}
