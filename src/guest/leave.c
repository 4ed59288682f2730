/* SPDX-License-Identifier: MIT */
/*
 * leave.c: where linked code goes by an iret that is no stub's: an entry of a multicall, or xd_hypercall.
 *
 * The registers are the processor's own, so the code leaves for the frame when its call is over, and what is due then
 * is delivered (enter.c). AS-XEN: do_iret, pv_do_multicall_call
 *
 * On the path of a stub's call, and compiled as access.c is.
 */
#include "guest/bounce.h"
#include "guest/record.h"

_Noreturn void xd_no_user_mode(const struct xd_vcpu *v, uint64_t cs)
{
    xd_guest_die("d%uv%u: iret to user mode (CS %#x): linked code has no user mode",
                 v->domain->domid, v->id, (unsigned int)cs);
}

#if XD_CAN_BOUNCE

static bool is_of_code(struct xd_vcpu *v, uint64_t *frame)
{
    struct xd_recorder *r = xd_guest_of(v->hv)->recorder;

    if (!v->hv->host->in_call && xd_this_thread.v != v)
        return false;
    if (r)
        xd_record_give_up(r,
                          "d%uv%u makes an iret in a list of calls or by xd_hypercall, and goes on "
                          "with registers that no replay has",
                          v->domain->domid, v->id);
    if (!*frame && v->in_multicall)
        *frame = xd_side_of(v)->frame_at;
    if (!*frame)
        xd_guest_die("d%uv%u: iret by a function, whose stack pointer leads to no frame: the "
                     "hypercall's first argument names one (struct iret_context)",
                     v->domain->domid, v->id);
    return true;
}

static void leaves(struct xd_vcpu *v, const struct xd_iret_frame *f)
{
    if ((f->cs & XD_RPL) == XD_RPL)
        xd_no_user_mode(v, f->cs);
    xd_side_of(v)->left = *f;
    v->hv->host->left = true;
}

static void leave_here(struct xd_vcpu *v, int64_t rc)
{
    struct xd_self *self = &xd_this_thread;

    if (self->threads)
        xd_guest_die("d%uv%u: iret by xd_hypercall, between xd_guest_lock and xd_guest_unlock: "
                     "nobody else can run before it returns",
                     v->domain->domid, v->id);
    (void)xd_leave_if(self, xd_guest_return(self, rc));
}

/* AS-XEN: restore_all_guest: by SYSRET, if the frame says so, which loads RIP from RCX and RFLAGS from R11. */
struct xd_iret_frame *xd_leave_ready(struct xd_side *s, int64_t rax, uintptr_t here)
{
    struct xd_iret_frame *f = &s->left;

    s->leaves = false;
    f->rax = (uint64_t)rax;
    if (f->flags & XD_VGCF_IN_SYSCALL) {
        f->rcx = f->rip;
        f->r11 = (f->rflags & ~(uint64_t)(XD_RFLAGS_IOPL | XD_RFLAGS_VM)) | XD_RFLAGS_IF;
    }
    xd_leave_to(f, f->rflags & XD_RFLAGS_CODE, here);
    return f;
}

int64_t xd_leave_if(struct xd_self *self, int64_t rc)
{
    if (XD_UNLIKELY(self->side && self->side->leaves))
        xd_leave_by(xd_leave_ready(self->side, rc, (uintptr_t)__builtin_frame_address(0)));
    return rc;
}

void xd_leave_hook(struct xd_host *host)
{
    host->linked.iret = is_of_code;
    host->linked.leaves = leaves;
    host->linked.leave = leave_here;
}

#else

int64_t xd_leave_if(struct xd_self *self, int64_t rc)
{
    (void)self;
    return rc;
}

void xd_leave_hook(struct xd_host *host)
{
    (void)host;
}

#endif
