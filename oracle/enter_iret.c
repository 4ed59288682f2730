/* SPDX-License-Identifier: MIT */
/* enter_iret.c: see enter.h. The hypercall iret, alone and in a list of calls. */
#include "enter_apart.h"

#include "hv/copy.h"
#include "hv/pt.h"

#define HC_MMU_UPDATE       1u
#define HC_SET_DEBUGREG     8u
#define HC_GET_DEBUGREG     9u
#define HC_MULTICALL        13u
#define HC_XEN_VERSION      17u
#define HC_IRET             23u
#define HC_VCPU_OP          24u
#define HC_EVENT_CHANNEL_OP 32u
#define LIST_SEEN           1024u
#define ANYWHERE            UINT64_C(0x00005ee11a7d4000)

/* May code that reports be where (f) leads? */
static bool lay_target(const struct xd_vcpu *v, const struct xd_iret_frame *f)
{
    const bool user = (f->cs & XD_RPL) == XD_RPL;

    if (user && xd_apart[xd_number_of(v)].root_unknown)
        return xd_enter_cant("the root of user mode was changed by calls of which not all succeed");
    if (user && !v->user_cr3.v) /* which ends the domain */
        return true;
    if (f->rflags & XD_RFLAGS_TF)
        return xd_enter_cant("the processor would stop behind each instruction");
    if (!xd_va_canonical(f->rip) || (f->rip >= XD_HYPERVISOR_START && f->rip < XD_HYPERVISOR_END))
        return true;
    return xd_lay(f->rip, xd_mode_of(user, f->cs), NULL, 0) || xd_enter_cant(xd_lay_why());
}

/* Does anything show where the hypercall was made? It left that address in RCX, which the frame fills but for one that says not to. */
static bool shows_caller(struct xd_vcpu *v, const struct xd_iret_frame *f)
{
    return f->flags & XD_VGCF_IN_SYSCALL &&
           (!xd_va_canonical(f->rip) || xd_vcpu_info(v)->evtchn_upcall_pending);
}

/* The hypercall of (go), which comes to an iret with its frame at (at), or where the stack pointer is. */
static int64_t leave(struct xd_going *go, uint64_t at)
{
    struct xd_iret_frame f = {0};

    go->calls = true;
    go->rsp = at ? at : go->rsp;
    go->rip -= 2;
    if (go->g->regs.rflags & XD_RFLAGS_TF)
        return xd_enter_cant("the processor would stop behind each instruction"), XD_NOT_RUNNING;
    if (xd_look(go->v, &f, go->rsp, sizeof(f)) && !lay_target(go->v, &f))
        return XD_NOT_RUNNING;
    go->user = (f.cs & XD_RPL) == XD_RPL;
    if (xd_lay_touches(go->rsp, sizeof(f)))
        return xd_enter_cant("its frame is too near to where it may go on"), XD_NOT_RUNNING;
    if (!shows_caller(go->v, &f))
        go->rip = ANYWHERE;
    if (!xd_run_into(go, "\x0f\x05", 2))
        return XD_NOT_RUNNING;
    return (int64_t)go->g->regs.rax;
}

int64_t xd_enter_iret(struct xd_vcpu *v, uint64_t at)
{
    struct xd_going go;

    if (!xd_going_begin(&go, v))
        return XD_NOT_RUNNING;
    go.rax = HC_IRET;
    return leave(&go, at);
}

/* What comes before must change nothing by which it is known where the vCPU may go on. */
static bool harmless_before_iret(uint64_t op)
{
    return op == HC_XEN_VERSION || op == HC_EVENT_CHANNEL_OP || op == HC_MMU_UPDATE ||
           op == HC_VCPU_OP || op == HC_SET_DEBUGREG || op == HC_GET_DEBUGREG ||
           xd_enter_cant("a list of calls with an iret does something else before");
}

bool xd_enter_list(struct xd_vcpu *v, uint64_t nr, const uint64_t *arg, uint64_t *at)
{
    struct xd_abi_multicall_entry e;

    for (uint64_t i = 0; nr == HC_MULTICALL && i < (uint32_t)arg[1] && i < LIST_SEEN &&
                         xd_look(v, &e, arg[0] + i * sizeof(e), sizeof(e));
         i++)
        if (e.op == HC_IRET) {
            if (at)
                *at = e.args[0];
            return true;
        }
    return false;
}

int64_t xd_enter_iret_in_list(struct xd_vcpu *v, const uint64_t *arg, uint64_t at)
{
    struct xd_abi_multicall_entry e;
    struct xd_going go;

    if (!xd_going_begin(&go, v))
        return XD_NOT_RUNNING;
    for (uint64_t i = 0; xd_look(v, &e, arg[0] + i * sizeof(e), sizeof(e)) && e.op != HC_IRET; i++)
        if (!harmless_before_iret(e.op))
            return XD_NOT_RUNNING;
    go.rax = HC_MULTICALL;
    go.rdi = arg[0];
    go.rsi = arg[1];
    return leave(&go, at);
}
