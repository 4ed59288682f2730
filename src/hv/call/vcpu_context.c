/* SPDX-License-Identifier: MIT */
/*
 * vcpu_context.c: the registers, tables and callbacks that a vCPU is given: by VCPUOP_initialise to begin with, or by
 * its domain's controller at any time. AS-XEN: arch_set_info_guest
 *
 * Xen stores as it goes, and what it has stored by the time it refuses stays. So it is here: a vCPU that runs may be
 * given a context that is refused half-way.
 */
#include "hv/call/vcpu.h"
#include "hv/bounce.h"
#include "hv/cpupolicy.h"
#include "hv/descriptor.h"
#include "hv/sched.h"
#include "hv/shinfo.h"

#include <string.h>

#define VGCF_I387_VALID        UINT64_C(0x01)
#define VGCF_FAILSAFE_DISABLES UINT64_C(0x08)
#define VGCF_SYSCALL_DISABLES  UINT64_C(0x10)
#define CTRLREG_USER           1
#define CTRLREG_CR2            2
#define CTRLREG_KERNEL         3
#define CTRLREG_CR4            4
#define CR0_TS                 UINT64_C(8)
#define FEATURE_DE             (UINT32_C(1) << 2)  /* of 1.EDX */
#define FEATURE_TSC            (UINT32_C(1) << 4)  /* likewise */
#define FEATURE_XSAVE          (UINT32_C(1) << 26) /* of 1.ECX */
#define FEATURE_FSGSBASE       (UINT32_C(1) << 0)  /* of 7.EBX */
#define RFLAGS_IOPL_SHIFT      12
#define LDT_ENTRIES_MAX        8192u

typedef struct xd_abi_vcpu_guest_context context;

/* The fields that hold addresses and are looked at, by where they are. */
static const uint16_t addresses[] = {
    offsetof(context, user_regs.rip),     offsetof(context, user_regs.rsp),
    offsetof(context, kernel_sp),         offsetof(context, fs_base),
    offsetof(context, gs_base_kernel),    offsetof(context, gs_base_user),
    offsetof(context, event_callback),    offsetof(context, syscall_callback),
    offsetof(context, failsafe_callback),
};

static int64_t refuse_address(struct xd_vcpu *v, const struct xd_vcpu *t, size_t at, uint64_t value)
{
    return xd_va_canonical(value) ? 0 : xd_reject(v, XD_WHY_VCPU_CONTEXT_ADDRESS, t->id, at, value);
}

static int64_t check_addresses(struct xd_vcpu *v, const struct xd_vcpu *t, const context *c)
{
    int64_t rc = 0;

    for (size_t i = 0; rc == 0 && i < XD_ARRAY_SIZE(addresses); i++) {
        uint64_t value;

        memcpy(&value, (const unsigned char *)c + addresses[i], sizeof(value));
        rc = refuse_address(v, t, addresses[i], value);
    }
    if (rc == 0 && c->ldt_ents)
        rc = refuse_address(v, t, offsetof(context, ldt_base), c->ldt_base);
    for (size_t i = 0; rc == 0 && i < XD_ARRAY_SIZE(c->trap); i++)
        rc = refuse_address(v, t, offsetof(context, trap) + i * sizeof(c->trap[0]),
                            c->trap[i].address);
    return rc;
}

/* AS-XEN: arch_set_info_guest: an unsigned int; and of the entries' number pv_set_gdt gets the low half. */
static uint32_t gdt_frames(const context *c)
{
    return (uint32_t)((c->gdt_ents + XD_PT_SLOTS - 1) / XD_PT_SLOTS);
}

static int64_t check(struct xd_vcpu *v, const struct xd_vcpu *t, const context *c)
{
    int64_t rc = check_addresses(v, t, c);

    if (rc)
        return rc;
    if (!xd_va_ok(c->ldt_base) || c->ldt_base % XD_PAGE_SIZE || c->ldt_ents > LDT_ENTRIES_MAX)
        return xd_reject(v, XD_WHY_VCPU_CONTEXT_LDT, t->id, c->ldt_base, c->ldt_ents);
    return 0;
}

/* Its tables, which nobody exchanges while it is initialised: they must be those that it has. */
static bool same_tables(const struct xd_vcpu *t, const context *c)
{
    const uint64_t user = c->ctrlreg[CTRLREG_USER];
    bool same = c->ctrlreg[CTRLREG_KERNEL] == t->cr3.v << XD_PAGE_SHIFT;

    same &= t->user_cr3.v ? user == t->user_cr3.v << XD_PAGE_SHIFT
                          : !user && c->flags & XD_VGCF_IN_KERNEL;
    same &= c->gdt_ents == t->gdt_ents && c->ldt_ents == t->ldt_ents;
    for (uint32_t i = 0; same && i < gdt_frames(c); i++)
        same = c->gdt_frame[i] == t->gdt_frame[i].v;
    return same && (!t->ldt_ents || c->ldt_base == t->ldt_base);
}

static int64_t check_tables(struct xd_vcpu *v, const struct xd_vcpu *t, const context *c)
{
    if (gdt_frames(c) > XD_GDT_FRAMES)
        return xd_reject(v, XD_WHY_VCPU_CONTEXT_GDT, t->id, c->gdt_ents);
    if (t->initialised)
        return same_tables(t, c)
                   ? 0
                   : xd_reject(v, XD_WHY_DOMCTL_CONTEXT_TABLES, t->domain->domid, t->id);
    if (!(c->flags & XD_VGCF_IN_KERNEL) && !c->ctrlreg[CTRLREG_USER])
        return xd_reject(v, XD_WHY_VCPU_CONTEXT_USER, t->id);
    return 0;
}

/*
 * AS-XEN: arch_set_info_guest: the root of an attempt that failed behind it is not given back, neither then nor
 * when another takes its place.
 */
static void lose_root(struct xd_vcpu *t)
{
    struct xd_frame *f = xd_frame_at(t->hv, t->cr3);

    if (!t->cr3.v)
        return;
    if (f->lost < UINT16_MAX)
        XD_PUT(t->hv, f->lost, (uint16_t)(f->lost + 1));
    else
        xd_page_and_type_put(t->hv, t->cr3);
    XD_PUT(t->hv, t->cr3, xd_mfn_of(0));
}

/* The root tables, kernel's, which the vCPU then has, and user's. */
static int64_t take_roots(struct xd_vcpu *v, struct xd_vcpu *t, const context *c, xd_mfn *user)
{
    const xd_mfn kernel = xd_mfn_of(c->ctrlreg[CTRLREG_KERNEL] >> XD_PAGE_SHIFT);
    const uint16_t owner = t->domain->domid;
    int rc;

    *user = xd_mfn_of(c->ctrlreg[CTRLREG_USER] >> XD_PAGE_SHIFT);
    rc = xd_page_and_type_get(v, kernel, owner, XD_TYPE_L4, XD_WHY_BASEPTR_FRAME);
    if (rc)
        return rc;
    if (!xd_m2p_strict(t->domain))
        xd_l4_show_m2p(v->hv, kernel, true);
    lose_root(t);
    XD_PUT(t->hv, t->cr3, kernel);
    if (!c->ctrlreg[CTRLREG_USER])
        return 0;
    rc = xd_page_and_type_get(v, *user, owner, XD_TYPE_L4, XD_WHY_BASEPTR_FRAME);
    if (rc == 0 && xd_m2p_strict(t->domain))
        xd_l4_show_m2p(v->hv, *user, false);
    return rc;
}

static void set_registers(struct xd_vcpu *t, const context *c)
{
    const struct xd_regs r = {
        .rax = c->user_regs.rax,
        .rbx = c->user_regs.rbx,
        .rcx = c->user_regs.rcx,
        .rdx = c->user_regs.rdx,
        .rsi = c->user_regs.rsi,
        .rdi = c->user_regs.rdi,
        .rbp = c->user_regs.rbp,
        .rsp = c->user_regs.rsp,
        .r8 = c->user_regs.r8,
        .r9 = c->user_regs.r9,
        .r10 = c->user_regs.r10,
        .r11 = c->user_regs.r11,
        .r12 = c->user_regs.r12,
        .r13 = c->user_regs.r13,
        .r14 = c->user_regs.r14,
        .r15 = c->user_regs.r15,
        .rip = c->user_regs.rip,
        .rflags = c->user_regs.rflags,
        .cs = c->user_regs.cs | XD_RPL,
        .ss = c->user_regs.ss | XD_RPL,
        .ds = c->user_regs.ds,
        .es = c->user_regs.es,
        .fs = c->user_regs.fs,
        .gs = c->user_regs.gs,
    };

    XD_PUT(t->hv, t->regs, r);
    XD_PUT(t->hv, t->context_flags, c->flags);
    XD_PUT(t->hv, t->kernel_mode, (c->flags & XD_VGCF_IN_KERNEL) != 0);
    for (size_t i = 0; i < XD_ARRAY_SIZE(c->trap); i++) {
        struct xd_trap trap;

        memcpy(&trap, &c->trap[i], sizeof(trap));
        trap.cs |= XD_RPL;
        XD_PUT(t->hv, t->trap[i], trap);
    }
}

static void set_flags(struct xd_vcpu *t, const context *c)
{
    XD_PUT(t->hv, t->iopl, (uint8_t)((c->user_regs.rflags & XD_RFLAGS_IOPL) >> RFLAGS_IOPL_SHIFT));
    XD_PUT(t->hv, t->regs.rflags,
           (c->user_regs.rflags & ~(uint64_t)(XD_RFLAGS_IOPL | XD_RFLAGS_VM)) | XD_RFLAGS_IF);
}

static void set_stacks(struct xd_vcpu *t, const context *c)
{
    XD_PUT(t->hv, t->kernel_ss, c->kernel_ss | XD_RPL);
    XD_PUT(t->hv, t->kernel_sp, c->kernel_sp);
    XD_PUT(t->hv, t->fs_base, c->fs_base);
    XD_PUT(t->hv, t->gs_base_kernel, c->gs_base_kernel);
    XD_PUT(t->hv, t->gs_base_user, c->gs_base_user);
    XD_PUT(t->hv, t->ts, (c->ctrlreg[0] & CR0_TS) != 0);
    XD_PUT(t->hv, t->cr2, c->ctrlreg[CTRLREG_CR2]);
}

static void set_entries(struct xd_vcpu *t, const context *c)
{
    XD_PUT(t->hv, t->event.address, c->event_callback);
    XD_PUT(t->hv, t->failsafe.address, c->failsafe_callback);
    XD_PUT(t->hv, t->failsafe.mask, (c->flags & VGCF_FAILSAFE_DISABLES) != 0);
    XD_PUT(t->hv, t->syscall.address, c->syscall_callback);
    XD_PUT(t->hv, t->syscall.mask, (c->flags & VGCF_SYSCALL_DISABLES) != 0);
}

/* AS-XEN: pv_fixup_guest_cr4: a bit of CR4 is had by those whose policy has what it is for. */
static uint32_t guests_cr4(const struct xd_vcpu *t, uint64_t asked)
{
    struct xd_cpu_policy p;
    uint32_t can = 0;

    if (!(asked & XD_CR4_GUESTS))
        return 0;
    xd_policy_of_domain(t->domain, &p);
    can |= p.basic[1].d & FEATURE_TSC ? XD_CR4_TSD : 0;
    can |= p.basic[1].d & FEATURE_DE ? XD_CR4_DE : 0;
    can |= p.feat[0].b & FEATURE_FSGSBASE ? XD_CR4_FSGSBASE : 0;
    can |= p.basic[1].c & FEATURE_XSAVE ? XD_CR4_OSXSAVE : 0;
    return (uint32_t)asked & can;
}

/* AS-XEN: values that set_debugreg would refuse leave the register as it is after a reset. */
static void set_debugregs(struct xd_vcpu *t, const context *c)
{
    static const int32_t regs[] = {0, 1, 2, 3, 6, 7};

    XD_PUT(t->hv, t->cr4, guests_cr4(t, c->ctrlreg[CTRLREG_CR4]));
    xd_debugreg_reset(t);
    for (size_t i = 0; i < XD_ARRAY_SIZE(regs); i++)
        (void)xd_debugreg_set(t, regs[i], c->debugreg[regs[i]]);
}

/* AS-XEN: only of vCPU 0, with which a domain begins. */
static int64_t check_assists(struct xd_vcpu *v, const struct xd_vcpu *t, const context *c)
{
    return t->id == 0 && c->vm_assist & ~XD_ASSISTS
               ? xd_reject(v, XD_WHY_VCPU_CONTEXT_ASSIST, t->domain->domid,
                           c->vm_assist & ~XD_ASSISTS)
               : 0;
}

/*
 * AS-XEN: arch_set_info_guest: a domain whose tables were made before it is known to want the M2P hidden from its users
 * has them show it to its kernel.
 */
static void set_assists(struct xd_vcpu *v, struct xd_vcpu *t, const context *c)
{
    struct xd_domain *d = t->domain;
    struct xd_hv *hv = t->hv;
    const bool was_strict = xd_m2p_strict(d);

    XD_PUT(hv, d->vm_assist, c->vm_assist);
    if (d == v->domain || was_strict || !xd_m2p_strict(d))
        return;
    for (uint64_t mfn = hv->heap_first; mfn < hv->frames; mfn++)
        if (xd_frame_owned(hv, xd_mfn_of(mfn), d->domid) && hv->frame[mfn].type == XD_TYPE_L4 &&
            hv->frame[mfn].flags & XD_FRAME_VALIDATED)
            xd_l4_show_m2p(hv, xd_mfn_of(mfn), true);
}

/* A vCPU that is not initialised gets tables with its context. */
static int64_t set_tables(struct xd_vcpu *v, struct xd_vcpu *t, const context *c)
{
    xd_mfn user;
    int64_t rc;

    if (t->id == 0)
        set_assists(v, t, c);
    rc = xd_gdt_set(v, t, c->gdt_frame, (uint32_t)c->gdt_ents);
    if (rc)
        return rc;
    rc = take_roots(v, t, c, &user);
    if (rc) {
        xd_gdt_release(t);
        return rc;
    }
    XD_PUT(t->hv, t->user_cr3, user);
    if (t->id == 0)
        xd_wallclock_tell(t->domain);
    XD_PUT(t->hv, t->initialised, true);
    return 0;
}

int64_t xd_vcpu_set_context(struct xd_vcpu *v, struct xd_vcpu *t, const context *c)
{
    int64_t rc = check(v, t, c);

    if (rc)
        return rc;
    set_registers(t, c);
    XD_PUT(t->hv, t->half_context, true);
    xd_given_fpu(t, c->flags & VGCF_I387_VALID ? c->fpu_ctxt : NULL);
    rc = check_assists(v, t, c);
    if (rc)
        return rc;
    set_flags(t, c);
    rc = check_tables(v, t, c);
    if (rc)
        return rc;
    if (!t->initialised) {
        XD_PUT(t->hv, t->ldt_ents, (uint32_t)c->ldt_ents);
        XD_PUT(t->hv, t->ldt_base, c->ldt_ents ? c->ldt_base : 0);
    }
    set_stacks(t, c);
    set_entries(t, c);
    set_debugregs(t, c);
    rc = t->initialised ? 0 : set_tables(v, t, c);
    if (rc == 0)
        XD_PUT(t->hv, t->half_context, false);
    return rc;
}

/*
 * AS-XEN: with VGCF_online the vCPU counts as up, but nothing wakes it, and VCPUOP_up does not
 * either, since it is up.
 */
int64_t xd_vcpu_initialise(struct xd_vcpu *v, struct xd_vcpu *t, uint64_t arg)
{
    context c;
    int64_t rc;

    if (!t->info_mfn.v)
        return xd_reject(v, XD_WHY_VCPU_NO_INFO, t->id);
    if (!xd_copy_in(v, &c, arg, sizeof(c)))
        return xd_reject(v, XD_WHY_COPY_IN, arg, sizeof(c));
    if (t->initialised)
        return xd_reject(v, XD_WHY_VCPU_INITIALISED, t->id);
    rc = xd_vcpu_set_context(v, t, &c);
    if (rc)
        return rc;
    XD_PUT(t->hv, t->begins, true);
    XD_PUT(t->hv, t->up_asleep, (c.flags & XD_VGCF_ONLINE) != 0);
    return 0;
}
