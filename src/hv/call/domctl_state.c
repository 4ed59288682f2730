/* SPDX-License-Identifier: MIT */
/*
 * domctl_state.c: domctl: the context of one vCPU, told and set. Nobody does so to a vCPU that makes the call. What belongs
 * to it besides: domctl_given.c.
 */
#include "hv/call/domctl.h"
#include "hv/call/vcpu.h"

#include "hv/bounce.h"
#include "hv/sched.h"

#include <string.h>

#define VGCF_I387_VALID        UINT64_C(0x01)
#define VGCF_FAILSAFE_DISABLES UINT64_C(0x08)
#define VGCF_SYSCALL_DISABLES  UINT64_C(0x10)
#define CR0_TS                 UINT64_C(0x08)
#define CR0_REST               UINT64_C(0x80050033) /* of the processor as it is: PG AM WP NE ET MP PE */
#define CR4_REST               UINT64_C(0x660)      /* of Xen's choice: OSXMMEXCPT OSFXSR MCE PAE */
#define RFLAGS_IOPL_SHIFT      12

typedef struct xd_abi_vcpu_guest_context context;

/* ---- The context ---- */

static void tell_registers(const struct xd_vcpu *t, context *c)
{
    const struct xd_regs *r = &t->regs;

    c->user_regs.rax = r->rax;
    c->user_regs.rbx = r->rbx;
    c->user_regs.rcx = r->rcx;
    c->user_regs.rdx = r->rdx;
    c->user_regs.rsi = r->rsi;
    c->user_regs.rdi = r->rdi;
    c->user_regs.rbp = r->rbp;
    c->user_regs.rsp = r->rsp;
    c->user_regs.r8 = r->r8;
    c->user_regs.r9 = r->r9;
    c->user_regs.r10 = r->r10;
    c->user_regs.r11 = r->r11;
    c->user_regs.r12 = r->r12;
    c->user_regs.r13 = r->r13;
    c->user_regs.r14 = r->r14;
    c->user_regs.r15 = r->r15;
    c->user_regs.rip = r->rip;
    c->user_regs.rflags = r->rflags | (uint64_t)t->iopl << RFLAGS_IOPL_SHIFT;
    c->user_regs.cs = r->cs;
    c->user_regs.ss = r->ss;
    c->user_regs.ds = r->ds;
    c->user_regs.es = r->es;
    c->user_regs.fs = r->fs;
    c->user_regs.gs = r->gs;
}

static void tell_tables(const struct xd_vcpu *t, context *c)
{
    for (size_t i = 0; i < XD_ARRAY_SIZE(c->trap); i++)
        memcpy(&c->trap[i], &t->trap[i], sizeof(c->trap[i]));
    c->ldt_ents = t->ldt_ents;
    c->ldt_base = t->ldt_ents ? t->ldt_base : 0;
    c->gdt_ents = t->gdt_ents;
    for (size_t i = 0; i < XD_ARRAY_SIZE(c->gdt_frame); i++)
        c->gdt_frame[i] = t->gdt_frame[i].v;
    c->ctrlreg[3] = t->cr3.v << XD_PAGE_SHIFT;
    c->ctrlreg[1] = t->user_cr3.v << XD_PAGE_SHIFT;
}

/* AS-XEN: arch_get_info_guest: what the callbacks hold now counts, not what the flags said once. */
static uint64_t flags_of(const struct xd_vcpu *t)
{
    uint64_t flags = t->context_flags & ~(VGCF_I387_VALID | XD_VGCF_IN_KERNEL |
                                          VGCF_FAILSAFE_DISABLES | VGCF_SYSCALL_DISABLES);

    return flags | (t->failsafe.mask ? VGCF_FAILSAFE_DISABLES : 0) |
           (t->syscall.mask ? VGCF_SYSCALL_DISABLES : 0) | (xd_vcpu_is_up(t) ? XD_VGCF_ONLINE : 0) |
           (t->kernel_mode ? XD_VGCF_IN_KERNEL : 0) | (t->given.fpu ? VGCF_I387_VALID : 0);
}

static void tell_context(const struct xd_vcpu *t, context *c)
{
    memset(c, 0, sizeof(*c));
    memcpy(c->fpu_ctxt, t->given.xsave, sizeof(c->fpu_ctxt)); /* DIFFERS: it is never used */
    c->flags = flags_of(t);
    tell_registers(t, c);
    tell_tables(t, c);
    c->kernel_ss = t->kernel_ss;
    c->kernel_sp = t->kernel_sp;
    c->ctrlreg[0] = CR0_REST | (t->ts ? CR0_TS : 0);
    c->ctrlreg[2] = t->cr2;
    c->ctrlreg[4] = CR4_REST | t->cr4;
    for (size_t i = 0; i < XD_ARRAY_SIZE(t->dr); i++)
        c->debugreg[i] = t->dr[i];
    c->debugreg[6] = t->dr6;
    c->debugreg[7] = t->dr7;
    c->event_callback = t->event.address;
    c->failsafe_callback = t->failsafe.address;
    c->syscall_callback = t->syscall.address;
    c->fs_base = t->fs_base;
    c->gs_base_kernel = t->gs_base_kernel;
    c->gs_base_user = t->gs_base_user;
    c->vm_assist = t->domain->vm_assist;
}

static int64_t getvcpucontext(struct xd_domctl *c)
{
    struct xd_vcpu *t = xd_vcpu_find(c->d, c->op.u.vcpucontext.vcpu);
    context now;

    if (!t)
        return xd_reject(c->v, XD_WHY_DOMCTL_VCPU, c->d->domid, c->op.u.vcpucontext.vcpu);
    if (t == c->v)
        return xd_reject(c->v, XD_WHY_DOMCTL_VCPU_SELF, c->d->domid, t->id);
    if (!t->initialised)
        return xd_reject(c->v, XD_WHY_DOMCTL_VCPU_BLANK, c->d->domid, t->id);
    tell_context(t, &now);
    c->copyback = true;
    return xd_domctl_write(c, c->op.u.vcpucontext.ctxt, &now, sizeof(now));
}

/* What runs it, if that is linked code, does not go on where it stood. */
static void reset(struct xd_vcpu *t)
{
    const struct xd_host *host = t->hv->host;
    const bool dead =
        t->domain->dead; /* there may be no vCPU any more behind this, and no code is known of it */

    xd_vcpu_reset(t);
    if (!dead && host->linked.reset)
        host->linked.reset(t);
}

/* A list of calls in which it stands is over: it was part of what the registers said. */
static void bring_up(struct xd_vcpu *t, bool up)
{
    const bool was_down = t->down;

    XD_PUT(t->hv, t->continuing, false);
    xd_arena_zero(xd_arena_of(t->hv), &t->cont, sizeof(t->cont));
    XD_PUT(t->hv, t->down, !up);
    XD_PUT(t->hv, t->up_asleep, false);
    xd_vcpu_scheduled(t);
    if (!up)
        return;
    if (was_down && !t->domain->dying && t->hv->host->linked.up)
        t->hv->host->linked.up(t);
    XD_PUT(t->hv, t->begins, false);
}

/*
 * AS-XEN: do_domctl: the domain stands still meanwhile, so a vCPU that is up afterwards is woken, too. Of a dead domain it may have
 * frames that others map, and keeps the domain by them until it is reset.
 */
static int64_t setvcpucontext(struct xd_domctl *c)
{
    const uint64_t at = c->op.u.vcpucontext.ctxt;
    struct xd_vcpu *t = xd_vcpu_find(c->d, c->op.u.vcpucontext.vcpu);
    context next;
    int64_t rc = xd_domctl_not_self(c);

    if (rc)
        return rc;
    if (!t)
        return xd_reject(c->v, XD_WHY_DOMCTL_VCPU, c->d->domid, c->op.u.vcpucontext.vcpu);
    if (!at) {
        reset(t);
        return 0;
    }
    rc = xd_domctl_read(c, &next, at, sizeof(next));
    if (rc == 0)
        rc = xd_vcpu_set_context(c->v, t, &next);
    if (rc == 0)
        bring_up(t, (next.flags & XD_VGCF_ONLINE) != 0);
    return rc;
}

const struct xd_domctl_row xd_domctl_state[] = {
    {12, setvcpucontext},
    {13, getvcpucontext},
    {0, NULL},
};
