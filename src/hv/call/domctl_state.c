/* SPDX-License-Identifier: MIT */
/*
 * domctl_state.c: domctl: the state of one vCPU, told and set: its context, what belongs to it besides, its MSRs and its
 * extended state. Nobody does so to a vCPU that makes the call.
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
#define CR4_DE                 UINT64_C(0x08)
#define CR4_REST               UINT64_C(0x660) /* of Xen's choice: OSXMMEXCPT OSFXSR MCE PAE */
#define FCW_RESET              0x37fu
#define MXCSR_RESET            0x1f80u
#define MXCSR_AT               24
#define RFLAGS_IOPL_SHIFT      12
#define SET_EXT_VCPUCONTEXT    42u
#define GETVCPUEXTSTATE        63u
#define EXT_SIZE_MIN           offsetof(struct xd_abi_domctl_ext_context, mcg_cap)

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
           (t->kernel_mode ? XD_VGCF_IN_KERNEL : 0);
}

static void tell_context(const struct xd_vcpu *t, context *c)
{
    const uint16_t fcw = FCW_RESET;
    const uint32_t mxcsr = MXCSR_RESET;

    memset(c, 0, sizeof(*c));
    memcpy(c->fpu_ctxt, &fcw, sizeof(fcw)); /* DIFFERS: the FPU is never used */
    memcpy(c->fpu_ctxt + MXCSR_AT, &mxcsr, sizeof(mxcsr));
    c->flags = flags_of(t);
    tell_registers(t, c);
    tell_tables(t, c);
    c->kernel_ss = t->kernel_ss;
    c->kernel_sp = t->kernel_sp;
    c->ctrlreg[0] = CR0_REST | (t->ts ? CR0_TS : 0);
    c->ctrlreg[2] = t->cr2;
    c->ctrlreg[4] = CR4_REST | (t->cr4_de ? CR4_DE : 0);
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
    xd_vcpu_reset(t);
    if (t->hv->host->linked.reset)
        t->hv->host->linked.reset(t);
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
    if (was_down && t->hv->host->linked.up)
        t->hv->host->linked.up(t);
    XD_PUT(t->hv, t->begins, false);
}

/* AS-XEN: do_domctl: the domain stands still meanwhile, so a vCPU that is up afterwards is woken, too. */
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
    if (rc == 0 && c->d->dying) /* what it takes would never be given back */
        return xd_domctl_not_modelled(c);
    if (rc == 0)
        rc = xd_vcpu_set_context(c->v, t, &next);
    if (rc == 0)
        bring_up(t, (next.flags & XD_VGCF_ONLINE) != 0);
    return rc;
}

/* ---- What belongs to it besides ---- */

/* AS-XEN: arch_do_domctl: what a caller gets of himself is nothing, and -ESRCH. */
static int64_t find_other(struct xd_domctl *c, uint32_t id, struct xd_vcpu **t)
{
    *t = xd_vcpu_find(c->d, id);
    return *t ? 0 : xd_reject(c->v, XD_WHY_DOMCTL_VCPU_UNKNOWN, c->d->domid, id);
}

static int64_t ext_vcpucontext(struct xd_domctl *c)
{
    const struct xd_abi_domctl_ext_context *e = &c->op.u.ext_vcpucontext;
    struct xd_vcpu *t;
    int64_t rc = find_other(c, e->vcpu, &t);

    if (rc)
        return rc;
    if (c->op.cmd == SET_EXT_VCPUCONTEXT ? c->d == c->v->domain : t == c->v)
        return xd_reject(c->v, XD_WHY_DOMCTL_EXT_SELF, c->d->domid);
    if (c->op.cmd == SET_EXT_VCPUCONTEXT && e->size < EXT_SIZE_MIN)
        return xd_reject(c->v, XD_WHY_DOMCTL_EXT_SIZE, e->size, EXT_SIZE_MIN);
    if (c->op.cmd == SET_EXT_VCPUCONTEXT &&
        !(xd_va_canonical(e->sysenter_eip) && xd_va_canonical(e->syscall32_eip)))
        return xd_reject(c->v, XD_WHY_DOMCTL_EXT_ADDRESS, e->sysenter_eip, e->syscall32_eip);
    return xd_domctl_not_modelled(c);
}

/* MSRs and extended state are the machine's. AS-XEN: arch_do_domctl: who asks for the latter gets the struct back in any case. */
static int64_t machines_state(struct xd_domctl *c)
{
    struct xd_vcpu *t;
    int64_t rc = find_other(c, c->op.u.vcpu_msrs.vcpu, &t);

    c->copyback = c->op.cmd == GETVCPUEXTSTATE;
    if (rc)
        return rc;
    return t == c->v ? xd_reject(c->v, XD_WHY_DOMCTL_VCPU_SELF, c->d->domid, t->id)
                     : xd_domctl_not_modelled(c);
}

const struct xd_domctl_row xd_domctl_state[] = {
    {12, setvcpucontext},
    {13, getvcpucontext},
    {SET_EXT_VCPUCONTEXT, ext_vcpucontext},
    {43, ext_vcpucontext},
    {62, machines_state}, /* setvcpuextstate */
    {GETVCPUEXTSTATE, machines_state},
    {72, machines_state}, /* get_vcpu_msrs */
    {73, machines_state}, /* set_vcpu_msrs */
    {0, NULL},
};
