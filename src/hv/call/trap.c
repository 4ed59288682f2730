/* SPDX-License-Identifier: MIT */
/* trap.c: set_trap_table: where the guest's kernel handles exceptions. */
#include "hv/bounce.h"
#include "hv/call/call.h"

_Static_assert(sizeof(struct xd_trap) == sizeof(struct xd_abi_trap_info), "trap_info");

/* AS-XEN: do_set_trap_table: entries take effect one by one, up to the one that is refused. */
int64_t xd_hc_set_trap_table(struct xd_vcpu *v, const struct xd_args_set_trap_table *arg)
{
    struct xd_trap t;

    if (!arg->traps) {
        xd_arena_zero(xd_arena_of(v->hv), v->trap, sizeof(v->trap));
        return 0;
    }
    for (uint64_t at = arg->traps;; at += sizeof(t)) {
        if (!xd_copy_in(v, &t, at, sizeof(t)))
            return xd_reject(v, XD_WHY_COPY_IN, at, sizeof(t));
        if (t.address == 0)
            return 0;
        if (!xd_va_canonical(t.address))
            return xd_reject(v, XD_WHY_TRAP_ADDRESS, t.address, t.vector);
        t.cs |= XD_RPL;
        XD_PUT(v->hv, v->trap[t.vector], t);
    }
}
