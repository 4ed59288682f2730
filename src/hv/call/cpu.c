/* SPDX-License-Identifier: MIT */
/* cpu.c: what follows from an exit. */
#include "hv/call/cpu.h"

#include "hv/bounce.h"
#include "hv/sched.h"

#define HYPERCALL_IRET 23u

static void returned(struct xd_vcpu *v, int64_t rc, struct xd_outcome *out)
{
    out->rc = rc;
    out->kind = xd_continuing(v) ? XD_OUTCOME_SUSPENDED : XD_OUTCOME_RETURNED;
    if (out->kind == XD_OUTCOME_RETURNED)
        XD_PUT(v->hv, v->regs.rax, (uint64_t)rc);
}

static void hypercall(struct xd_vcpu *v, struct xd_outcome *out)
{
    const struct xd_regs *r = &v->regs;
    const uint64_t arg[XD_CALL_ARGS] = {r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9};
    const bool comes_back = r->rax != HYPERCALL_IRET;

    xd_ran(v, false);
    if (comes_back) { /* as SYSCALL leaves them, and SYSRET */
        XD_PUT(v->hv, v->regs.rcx, r->rip);
        XD_PUT(v->hv, v->regs.r11, r->rflags);
    }
    returned(v, xd_hypercall(v, r->rax, arg), out);
}

static void exception(struct xd_vcpu *v, const struct xd_exit *e, struct xd_outcome *out)
{
    out->kind = XD_OUTCOME_TRAP;
    out->vector = e->vector;
    if (e->kind == XD_EXIT_SOFTINT || e->vector != XD_VECTOR_PF)
        return;
    if (e->size) { /* the store itself tells the guest of the fault unless it can be carried out */
        enum xd_access how = xd_guest_store(v, e->va, e->bytes, e->size, &out->fault);

        if (how == XD_ACCESS_GP)
            out->vector = XD_VECTOR_GP;
        else if (how != XD_ACCESS_FAULT)
            out->kind = XD_OUTCOME_EMULATED;
        return;
    }
    out->fault = (struct xd_fault){.error = e->error, .cr2 = e->addr};
    XD_PUT(v->hv, v->cr2, e->addr);
    XD_PUT(v->hv, xd_vcpu_info(v)->cr2, e->addr);
}

void xd_cpu_step(struct xd_cpu *cpu, struct xd_vcpu *v, struct xd_outcome *out)
{
    struct xd_exit e = {.kind = XD_EXIT_KICKED};

    *out = (struct xd_outcome){.kind = XD_OUTCOME_NOTHING};
    XD_INVARIANT(v->hv, xd_vcpu_state(v) == XD_STATE_RUNNING);
    if (xd_continuing(v)) {
        returned(v, xd_continue(v), out);
        return;
    }
    cpu->run(cpu, v, &e);
    switch (e.kind) {
    case XD_EXIT_KICKED: break;
    case XD_EXIT_HYPERCALL: hypercall(v, out); break;
    case XD_EXIT_EXCEPTION:
    case XD_EXIT_SOFTINT: exception(v, &e, out); break;
    case XD_EXIT_FATAL:
        xd_domain_crash(v->domain);
        out->kind = XD_OUTCOME_CRASHED;
        break;
    }
}
