/* SPDX-License-Identifier: MIT */
/*
 * multicall.c: a list of calls, each with its own result. The list as a whole fails only where its
 * memory can't be read or written.
 *
 * AS-XEN: pv_do_multicall_call: behind an iret the list does not go on; the entry's result is RAX of the frame, the list's the
 * lower half of it, with its sign (do_multicall has it in an int).
 * An entry that blocks the vCPU suspends the list: the rest becomes a continuation that runs when
 * the vCPU does.
 * AS-XEN: continue_hypercall_on_cpu: what an entry has done outside of it results in RAX, where Xen has put the number of this call, to
 * go on with the rest. So a list that is over results in it, and else the call with that number gets the rest of the list as arguments.
 */
#include "hv/bounce.h"
#include "hv/call/call.h"

#include <string.h>

#define HC_IRET 23u

static void suspend(struct xd_vcpu *v, uint64_t calls, uint32_t nr)
{
    struct xd_continuation c = {.nr = 13, .arg = {calls, nr}};

    XD_PUT(v->hv, v->cont, c);
    XD_PUT(v->hv, v->continuing, true);
}

/* (own) is the record of the multicall itself: a refusal of the list is told as one of that call.
 */
static int64_t refuse(struct xd_vcpu *v, const struct xd_record *own, enum xd_why why, uint64_t at,
                      uint32_t i)
{
    v->rec = *own;
    return xd_reject(v, why, at, i);
}

/* AS-XEN: do_multicall, debug builds: of an entry that has run only the result can be relied on. */
static XD_COLD void spoil(struct xd_vcpu *v, uint64_t entry)
{
    struct xd_abi_multicall_entry junk;

    memset(&junk, 0xaa, sizeof(junk));
    (void)xd_copy_out(v, entry, &junk, sizeof(junk));
}

int64_t xd_answer_outside(struct xd_vcpu *v, int64_t rc)
{
    if (!v->in_multicall || v->hv->off)
        return rc;
    XD_PUT(v->hv, v->answered, true);
    XD_PUT(v->hv, v->answer, rc);
    return 0;
}

/* Entries of a list that have not run. */
struct rest {
    uint64_t calls;
    uint32_t nr;
};

/* (left): its last entry that ran was an iret. (rest): of one whose entry is answered outside. */
static int64_t run_list(struct xd_vcpu *v, uint64_t calls, uint32_t nr, bool *left,
                        struct rest *rest)
{
    struct xd_record own = v->rec, refused = v->rec;
    struct xd_abi_multicall_entry e;
    int64_t rc = 0;

    for (uint32_t i = 0; i < nr && !*left && !v->answered; i++, calls += sizeof(e)) {
        if (i && xd_vcpu_state(v) != XD_STATE_RUNNING) {
            suspend(v, calls, nr - i);
            break;
        }
        if (!xd_copy_in(v, &e, calls, sizeof(e)))
            return refuse(v, &own, XD_WHY_MULTICALL_ENTRY, calls, i);
        XD_PUT(v->hv, v->entry, calls);
        e.result = xd_call_run(v, e.op, e.args, 1);
        if (v->rec.reject.why != XD_WHY_NONE)
            refused = v->rec;
        if (XD_UNLIKELY(xd_is_debug_build(v->hv)))
            spoil(v, calls);
        *left = e.op == HC_IRET && v->rec.reject.why != XD_WHY_NOT_MODELLED;
        if (*left)
            rc = (int32_t)e.result;
        if (!xd_store_out(v, calls + offsetof(struct xd_abi_multicall_entry, result), &e.result,
                          sizeof(e.result))) {
            *rest = (struct rest){0, 0}; /* of a list that fails nothing is left */
            if (*left || v->answered)
                continue;
            return refuse(v, &own, XD_WHY_MULTICALL_RESULT, calls, i);
        }
        *rest = (struct rest){calls + sizeof(e), nr - i - 1};
    }
    v->rec = refused;
    return rc;
}

static XD_COLD int64_t answer(struct xd_vcpu *v, const struct rest *rest, uint64_t *arg)
{
    const int64_t answer = v->answer;

    XD_PUT(v->hv, v->answered, false);
    XD_PUT(v->hv, v->answer, 0);
    if (!rest->nr)
        return answer;
    arg[0] = rest->calls;
    arg[1] = rest->nr;
    return xd_call_run(v, (uint64_t)answer, arg, 1);
}

int64_t xd_hc_multicall(struct xd_vcpu *v, const struct xd_args_multicall *arg)
{
    uint64_t registers[XD_CALL_ARGS];
    struct rest rest = {0, 0};
    bool left = false;
    int64_t rc;

    memcpy(registers, v->rec.arg, sizeof(registers));

    if (v->in_multicall)
        return xd_reject(v, XD_WHY_MULTICALL_NESTED);
    if (!xd_handle_ok(arg->calls, arg->nr_calls, sizeof(struct xd_abi_multicall_entry)))
        return xd_reject(v, XD_WHY_MULTICALL_RANGE, arg->calls);
    XD_PUT(v->hv, v->in_multicall, true);
    rc = run_list(v, arg->calls, arg->nr_calls, &left, &rest);
    XD_PUT(v->hv, v->in_multicall, false);
    if (XD_UNLIKELY(v->answered))
        return answer(v, &rest, registers);
    if (left && !xd_registers_elsewhere(v->hv) && xd_vcpu_state(v) == XD_STATE_RUNNING) {
        const bool sysret = v->sysret;

        XD_PUT(v->hv, v->sysret, false);
        XD_PUT(v->hv, v->regs.rax, (uint64_t)rc);
        if (!xd_iret_leave(v, sysret))
            return 0;
    }
    return rc;
}
