/* SPDX-License-Identifier: MIT */
/* iret.c: the hypercall by which a guest's kernel goes back to what was interrupted, or to user mode. */
#include "hv/bounce.h"
#include "hv/call/call.h"
#include "hv/call/cpu.h"
#include "hv/shared.h"

#define ASSIST_IOPL 4u
#define IOPL_SHIFT  12

/* What Xen keeps of a context beside its registers. */
static void load_state(struct xd_vcpu *v, const struct xd_iret_frame *f)
{
    if (v->domain->vm_assist >> ASSIST_IOPL & 1)
        XD_PUT(v->hv, v->iopl, (uint8_t)((f->rflags & XD_RFLAGS_IOPL) >> IOPL_SHIFT));
    xd_info_set_mask(v->hv, xd_vcpu_info(v), !(f->rflags & XD_RFLAGS_IF));
    XD_PUT(v->hv, v->nmi_in_service, false);
}

/* What SYSCALL left in RCX and R11, and the target's frame. AS-XEN: do_iret */
static void load_context(struct xd_vcpu *v, const struct xd_iret_frame *f)
{
    struct xd_regs r = v->regs;

    r.rcx = r.rip;
    r.r11 = r.rflags;
    r.rip = f->rip;
    r.rax = f->rax;
    r.cs = (uint16_t)(f->cs | XD_RPL);
    r.ss = (uint16_t)(f->ss | XD_RPL);
    r.rsp = f->rsp;
    r.rflags = (f->rflags & ~(uint64_t)(XD_RFLAGS_IOPL | XD_RFLAGS_VM)) | XD_RFLAGS_IF;
    if (!(f->flags & XD_VGCF_IN_SYSCALL)) {
        r.r11 = f->r11;
        r.rcx = f->rcx;
    }
    XD_PUT(v->hv, v->regs, r);
    load_state(v, f);
}

/* AS-XEN: restore_all_guest: SYSRET where that is safe. False: the domain crashed. */
static bool back_to_guest(struct xd_vcpu *v, bool in_syscall)
{
    struct xd_bad_return bad;
    unsigned int frames = 1;

    if ((in_syscall && xd_sysret(v)) || xd_iretq(v, &bad))
        return true;
    if (bad.vector == XD_VECTOR_PF) {
        XD_PUT(v->hv, v->cr2, bad.cr2);
        XD_PUT(v->hv, xd_vcpu_info(v)->cr2, bad.cr2);
    }
    return xd_bounce_trap(v, bad.vector, bad.error) && xd_bounce_due(v, &frames);
}

bool xd_iret_leave(struct xd_vcpu *v, bool sysret)
{
    unsigned int nr = 0;

    return xd_bounce_due(v, &nr) && (nr || back_to_guest(v, sysret));
}

/* The registers of linked code are the processor's own: it goes there by itself. */
static int64_t leave_code(struct xd_vcpu *v, const struct xd_iret_frame *f)
{
    v->hv->host->linked.leaves(v, f);
    load_state(v, f);
    return (int64_t)f->rax;
}

int64_t xd_hc_iret(struct xd_vcpu *v, const struct xd_args_iret *arg)
{
    const struct xd_host *host = v->hv->host;
    uint64_t at = arg->frame;
    const bool of_code = host->linked.iret && host->linked.iret(v, &at);
    struct xd_iret_frame f;

    if (!of_code && xd_registers_elsewhere(v->hv))
        return xd_reject(v, XD_WHY_NOT_MODELLED, v->rec.nr, 0);
    if (!at)
        at = v->regs.rsp;
    if (!xd_copy_in(v, &f, at, sizeof(f))) {
        (void)xd_reject(v, XD_WHY_IRET_FRAME, at);
        return xd_bounce_crash(v);
    }
    if (of_code)
        return leave_code(v, &f);
    if ((f.cs & XD_RPL) == XD_RPL && !v->user_cr3.v) {
        (void)xd_reject(v, XD_WHY_IRET_NO_USER_TABLE, f.cs & 0xffff);
        return xd_bounce_crash(v);
    }
    if ((f.cs & XD_RPL) == XD_RPL)
        xd_toggle_mode(v);
    load_context(v, &f);
    if (v->in_multicall) /* it is left when the list is over */
        XD_PUT(v->hv, v->sysret, f.flags & XD_VGCF_IN_SYSCALL);
    else if (!xd_iret_leave(v, f.flags & XD_VGCF_IN_SYSCALL))
        return 0;
    return (int64_t)f.rax;
}
