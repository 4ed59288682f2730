/* SPDX-License-Identifier: MIT */
/* bounce.c: frames on a guest's stack. */
#include "hv/bounce.h"

#include "hv/copy.h"
#include "hv/pt.h"
#include "hv/sched.h"
#include "hv/shared.h"

#define DR6_CAUSES       UINT64_C(0xe00f) /* breakpoints 0 to 3, DR access, single step, task switch */
#define WORD             8u
#define STACK_ALIGN      UINT64_C(0xf)
#define HAVE_ERROR       0x60227d00u /* vectors 8, 10 to 14, 17, 21, 29 and 30 push an error code */
#define ASSIST_IOPL      4u          /* VMASST_TYPE_architectural_iopl */
#define IOPL_SHIFT       12
#define FAILSAFE_WORDS   11u
#define SELECTOR_RPL_OFF 0xfffcu

bool xd_bounce_crash(struct xd_vcpu *v)
{
    xd_domain_crash(v->domain);
    return false;
}

void xd_toggle_mode(struct xd_vcpu *v)
{
    XD_PUT(v->hv, v->kernel_mode, !v->kernel_mode);
}

void xd_ran(struct xd_vcpu *v, bool rf)
{
    uint64_t flags = v->regs.rflags & XD_RFLAGS_KNOWN & ~(XD_RFLAGS_IOPL | XD_RFLAGS_VM);

    flags |= XD_RFLAGS_FIXED | XD_RFLAGS_IF;
    XD_PUT(v->hv, v->regs.rflags, rf ? flags | XD_RFLAGS_RF : flags & ~(uint64_t)XD_RFLAGS_RF);
}

uint64_t xd_frame_flags(const struct xd_vcpu *v, uint64_t rflags, uint8_t mask)
{
    uint64_t flags = (uint32_t)rflags & ~(XD_RFLAGS_IF | XD_RFLAGS_IOPL);

    if (v->domain->vm_assist >> ASSIST_IOPL & 1)
        flags |= (uint64_t)v->iopl << IOPL_SHIFT;
    return mask ? flags : flags | XD_RFLAGS_IF;
}

/* The upcall mask and what lies behind it in vcpu_info, which Xen saves with it. */
static uint32_t saved_mask(struct xd_vcpu *v)
{
    uint32_t saved;

    __builtin_memcpy(&saved, &xd_vcpu_info(v)->evtchn_upcall_mask, sizeof(saved));
    return saved;
}

static void mask_events(struct xd_vcpu *v)
{
    struct xd_abi_vcpu_info *info = xd_vcpu_info(v);

    xd_info_set_mask(v->hv, info, info->evtchn_upcall_mask | 1);
}

/* A kernel is told by RPL 0 that the frame is its own. The top of the frame: aligned, on whose stack. */
static uint64_t into_kernel(struct xd_vcpu *v, uint16_t *cs)
{
    *cs = v->regs.cs;
    if (v->kernel_mode) {
        *cs &= SELECTOR_RPL_OFF;
        return v->regs.rsp & ~STACK_ALIGN;
    }
    xd_toggle_mode(v);
    return v->kernel_sp & ~STACK_ALIGN;
}

static bool push(struct xd_vcpu *v, uint64_t top, unsigned int below, uint64_t word)
{
    const uint64_t at = top - (uint64_t)below * WORD;

    if (xd_store_out(v, at, &word, WORD))
        return true;
    (void)xd_reject(v, XD_WHY_BOUNCE_STACK, at, top);
    return xd_bounce_crash(v);
}

static void enter(struct xd_vcpu *v, uint64_t address, uint64_t rsp)
{
    struct xd_regs r = v->regs;

    r.rflags &=
        ~(uint64_t)(XD_RFLAGS_AC | XD_RFLAGS_VM | XD_RFLAGS_RF | XD_RFLAGS_NT | XD_RFLAGS_TF);
    r.ss = XD_FLAT_SS;
    r.cs = XD_FLAT_CS64;
    r.rsp = rsp;
    r.rip = address;
    XD_PUT(v->hv, v->regs, r);
}

bool xd_bounce_to(struct xd_vcpu *v, const struct xd_entry_point *to)
{
    const struct xd_regs was = v->regs;
    const unsigned int size = XD_FRAME_WORDS + to->has_error;
    uint16_t cs;
    const uint64_t top = into_kernel(v, &cs);
    uint32_t saved;

    if (top > XD_HYPERVISOR_START && top < XD_HYPERVISOR_END + 8 * WORD) {
        (void)xd_reject(v, XD_WHY_BOUNCE_STACK_RANGE, top);
        return xd_bounce_crash(v);
    }
    /* In Xen's order, which shows where the frame lies across a page's edge. */
    if (!push(v, top, XD_FRAME_WORDS - XD_FRAME_SS, was.ss) ||
        !push(v, top, XD_FRAME_WORDS - XD_FRAME_RSP, was.rsp))
        return false;
    saved = saved_mask(v);
    if (to->mask)
        mask_events(v);
    if (!push(v, top, XD_FRAME_WORDS - XD_FRAME_CS, cs | (uint64_t)saved << 32) ||
        !push(v, top, XD_FRAME_WORDS - XD_FRAME_RFLAGS,
              xd_frame_flags(v, v->regs.rflags, (uint8_t)saved)) ||
        !push(v, top, XD_FRAME_WORDS - XD_FRAME_RIP, was.rip) ||
        (to->has_error && !push(v, top, XD_FRAME_WORDS - XD_FRAME_RIP + 1, to->error)) ||
        !push(v, top, size - XD_FRAME_R11, was.r11) || !push(v, top, size - XD_FRAME_RCX, was.rcx))
        return false;
    enter(v, to->address, top - (uint64_t)size * WORD);
    if (to->address)
        return true;
    (void)xd_reject(v, to->nowhere, to->vector);
    return xd_bounce_crash(v);
}

static struct xd_entry_point trap_entry(const struct xd_vcpu *v, unsigned int vector)
{
    return (struct xd_entry_point){.address = v->trap[vector].address,
                                   .mask = v->trap[vector].flags & XD_TRAP_MASKS,
                                   .nowhere = XD_WHY_BOUNCE_NO_HANDLER,
                                   .vector = vector};
}

bool xd_bounce_trap(struct xd_vcpu *v, unsigned int vector, uint32_t error)
{
    struct xd_entry_point to = trap_entry(v, vector);

    to.has_error = vector < 32 && HAVE_ERROR >> vector & 1;
    to.error = error;
    return xd_bounce_to(v, &to);
}

bool xd_sysret(struct xd_vcpu *v)
{
    const bool compat = v->regs.cs == XD_FLAT_USER_CS32;
    struct xd_regs r;

    XD_PUT(v->hv, v->regs.rcx, v->regs.rip);
    XD_PUT(v->hv, v->regs.r11, v->regs.rflags);
    r = v->regs;
    if (!xd_va_canonical(r.rip))
        return false;
    r.cs = compat ? XD_FLAT_USER_CS32 : XD_FLAT_CS64;
    r.ss = XD_FLAT_SS;
    r.rip = compat ? (uint32_t)r.rip : r.rip;
    r.rflags = (r.rflags & XD_RFLAGS_KNOWN & ~(XD_RFLAGS_RF | XD_RFLAGS_VM)) | XD_RFLAGS_FIXED;
    XD_PUT(v->hv, v->regs, r);
    return true;
}

/* Nothing more is due. */
static bool back(struct xd_vcpu *v, unsigned int frames)
{
    if (frames)
        (void)xd_sysret(v); /* no entry point is an address that is not canonical */
    return true;
}

bool xd_bounce_due(struct xd_vcpu *v, unsigned int *nr)
{
    for (;; ++*nr) {
        struct xd_entry_point to = {
            .address = v->event.address, .mask = true, .nowhere = XD_WHY_BOUNCE_NO_CALLBACK};

        if (v->nmi_pending && !v->nmi_in_service) {
            XD_PUT(v->hv, v->nmi_pending, false);
            if (v->trap[XD_VECTOR_NMI].address) {
                XD_PUT(v->hv, v->nmi_in_service, true);
                to = trap_entry(v, XD_VECTOR_NMI);
            } else if (!xd_info_upcall_due(xd_vcpu_info(v))) {
                return back(v, *nr); /* nobody wants it */
            }
        } else if (!xd_info_upcall_due(xd_vcpu_info(v))) {
            return back(v, *nr);
        }
        if (!xd_bounce_to(v, &to))
            return false;
    }
}

/* ---- What the host has a guest run into ---- */

/* Can (v)'s guest run here at all? */
static bool runs(struct xd_vcpu *v)
{
    const struct xd_hooks *h = &v->hv->host->hooks;

    if (h->read || h->write)
        xd_hv_misuse(v->hv, XD_HOST_EINVAL,
                     "d%uv%u has no registers here: its guest is linked code", v->domain->domid,
                     v->id);
    else if (!xd_vcpu_running(v) || v->continuing || v->hv->host->in_call)
        xd_hv_misuse(v->hv, XD_HOST_EINVAL, "d%uv%u runs into nothing: it is %s", v->domain->domid,
                     v->id, xd_vcpu_running(v) ? "in the middle of a call" : "not running");
    else
        return true;
    return false;
}

/* What stood there of the last call is over. */
static void begin(struct xd_vcpu *v, bool rf)
{
    v->rec.reject.why = XD_WHY_NONE;
    v->rec.nr = XD_NR_NONE;
    xd_ran(v, rf);
}

static enum xd_entered finish(struct xd_vcpu *v, bool there, enum xd_entered how)
{
    unsigned int frames = 1;

    return there && xd_bounce_due(v, &frames) ? how : XD_ENTERED_CRASH;
}

#define GUEST_TRAPS 0xb7cfbu /* 0, 1, 3 to 7, 10 to 14, 16, 17 and 19: what a PV guest can raise */
#define TRAPS_AFTER 0x1au    /* 1, 3 and 4: reported behind the instruction, so without RF */

enum xd_entered xd_guest_trap(struct xd_vcpu *v, unsigned int vector, uint32_t error, uint64_t cr2)
{
    if (vector >= 32 || !(GUEST_TRAPS >> vector & 1)) {
        xd_hv_misuse(
            v->hv, XD_HOST_EINVAL,
            "vector %u is no exception that a PV guest's code raises: those are 0, 1, 3 to 7, 10 to "
            "14, 16, 17 and 19",
            vector);
        return XD_ENTERED_MISUSE;
    }
    if (!runs(v))
        return XD_ENTERED_MISUSE;
    begin(v, !(TRAPS_AFTER >> vector & 1));
    if (vector == XD_VECTOR_NM) { /* AS-XEN: do_device_not_available: else it is Xen's own affair */
        if (!v->ts)
            return XD_ENTERED_NONE;
        XD_PUT(v->hv, v->ts, false);
    }
    if (vector == XD_VECTOR_DB) /* AS-XEN: do_debug: what was there stays */
        XD_PUT(v->hv, v->dr6, v->dr6 | (cr2 & DR6_CAUSES));
    if (vector == XD_VECTOR_PF) {
        error &= ~(uint32_t)XD_PF_USER;
        if (!v->kernel_mode)
            error |= XD_PF_USER;
        XD_PUT(v->hv, v->cr2, cr2);
        XD_PUT(v->hv, xd_vcpu_info(v)->cr2, cr2);
    }
    return finish(v, xd_bounce_trap(v, vector, error), XD_ENTERED_HANDLER);
}

/* AS-XEN: trap_init: these gates are open to all code. */
static bool gate_is_open(unsigned int vector, const struct xd_entry_point *to)
{
    return vector == XD_VECTOR_BP || vector == XD_VECTOR_OF ||
           (vector == XD_VECTOR_INT80 && to->address);
}

/*
 * AS-XEN: do_general_protection: the processor's gates are closed but for a few, so Xen sees a #GP and judges by
 * the guest's table; where the gate is open, no DPL is looked at.
 */
enum xd_entered xd_guest_int(struct xd_vcpu *v, unsigned int vector)
{
    const unsigned int need = v->kernel_mode ? 1 : XD_RPL;
    struct xd_entry_point to;
    bool direct;

    if (vector > 255) {
        xd_hv_misuse(v->hv, XD_HOST_EINVAL, "int %u: there are vectors 0 to 255", vector);
        return XD_ENTERED_MISUSE;
    }
    if (!runs(v))
        return XD_ENTERED_MISUSE;
    to = trap_entry(v, vector);
    direct = gate_is_open(vector, &to);
    begin(v, !direct && vector != XD_VECTOR_INT80);
    if (!direct && (v->trap[vector].flags & XD_TRAP_DPL_MASK) < need) {
        (void)xd_reject(v, XD_WHY_SOFTINT_DPL, vector, v->trap[vector].flags & XD_TRAP_DPL_MASK,
                        need);
        return finish(v, xd_bounce_trap(v, XD_VECTOR_GP, vector * 8 + 2), XD_ENTERED_GP);
    }
    XD_PUT(v->hv, v->regs.rip, v->regs.rip + 2);
    return finish(v, xd_bounce_to(v, &to), XD_ENTERED_HANDLER);
}

/*
 * AS-XEN: switch_to_kernel, create_bounce_frame: the register that says which flags to clear (DF, or none behind #UD) is not kept
 * while the frame is pushed, and then holds where that lies.
 */
static bool by_syscall(struct xd_vcpu *v, const struct xd_entry_point *to)
{
    if (!xd_bounce_to(v, to))
        return false;
    XD_PUT(v->hv, v->regs.rflags, (v->regs.rflags & (uint32_t)v->regs.rsp) | XD_RFLAGS_IF);
    return true;
}

/* AS-XEN: switch_to_kernel: 32-bit code has its own callback, but not its own mask flag. */
enum xd_entered xd_guest_syscall(struct xd_vcpu *v)
{
    struct xd_entry_point to = {.mask = v->syscall.mask};

    if (!runs(v))
        return XD_ENTERED_MISUSE;
    if (v->kernel_mode) {
        xd_hv_misuse(v->hv, XD_HOST_EINVAL,
                     "d%uv%u is in kernel mode, where SYSCALL is a hypercall: make that",
                     v->domain->domid, v->id);
        return XD_ENTERED_MISUSE;
    }
    begin(v, false);
    XD_PUT(v->hv, v->regs.rcx, v->regs.rip);
    XD_PUT(v->hv, v->regs.r11, v->regs.rflags);
    XD_PUT(v->hv, v->regs.cs, xd_code_is_long(v) ? XD_FLAT_CS64 : XD_FLAT_USER_CS32);
    XD_PUT(v->hv, v->regs.ss, XD_FLAT_SS);
    to.address = v->regs.cs == XD_FLAT_USER_CS32 ? v->syscall32.address : v->syscall.address;
    if (!to.address) {
        (void)xd_reject(v, XD_WHY_SYSCALL_NO_CALLBACK, v->regs.rip);
        XD_PUT(v->hv, v->regs.rip, v->regs.rip - 2);
        to = trap_entry(v, XD_VECTOR_UD);
        return finish(v, by_syscall(v, &to), XD_ENTERED_UD);
    }
    return finish(v, by_syscall(v, &to), XD_ENTERED_HANDLER);
}

/* AS-XEN: load_segments: no error code, but the selectors; and whether there is a callback nobody asks. */
enum xd_entered xd_guest_failsafe(struct xd_vcpu *v)
{
    const struct xd_regs was = v->regs;
    uint64_t top;
    uint16_t cs;
    uint8_t mask;

    if (!runs(v))
        return XD_ENTERED_MISUSE;
    begin(v, false);
    mask = xd_vcpu_info(v)->evtchn_upcall_mask;
    top = into_kernel(v, &cs);
    {
        const uint64_t word[FAILSAFE_WORDS] = {was.ss,
                                               was.rsp,
                                               xd_frame_flags(v, was.rflags, mask),
                                               cs | (uint64_t)mask << 32,
                                               was.rip,
                                               was.gs,
                                               was.fs,
                                               was.es,
                                               was.ds,
                                               was.r11,
                                               was.rcx};

        for (unsigned int i = 0; i < FAILSAFE_WORDS; i++)
            if (!push(v, top, i + 1, word[i]))
                return XD_ENTERED_CRASH;
    }
    if (v->failsafe.mask)
        xd_info_set_mask(v->hv, xd_vcpu_info(v), 1);
    enter(v, v->failsafe.address, top - (uint64_t)FAILSAFE_WORDS * WORD);
    return finish(v, true, XD_ENTERED_HANDLER);
}

enum xd_entered xd_guest_deliver(struct xd_vcpu *v)
{
    unsigned int nr = 0;

    if (!runs(v))
        return XD_ENTERED_MISUSE;
    begin(v, false);
    if (!xd_bounce_due(v, &nr))
        return XD_ENTERED_CRASH;
    return nr ? XD_ENTERED_HANDLER : XD_ENTERED_NONE;
}

void xd_guest_registers(const struct xd_vcpu *v, struct xd_registers *r)
{
    *r = (struct xd_registers){.rax = v->regs.rax,
                               .rcx = v->regs.rcx,
                               .rdx = v->regs.rdx,
                               .r11 = v->regs.r11,
                               .rip = v->regs.rip,
                               .rsp = v->regs.rsp,
                               .rflags = v->regs.rflags,
                               .cs = v->regs.cs,
                               .ss = v->regs.ss,
                               .cr2 = v->cr2,
                               .user = !v->kernel_mode,
                               .nmi_pending = v->nmi_pending,
                               .nmi_in_service = v->nmi_in_service};
}

int xd_guest_registers_set(struct xd_vcpu *v, const struct xd_registers *r)
{
    if (!runs(v))
        return -XD_HOST_EINVAL;
    if (!xd_va_canonical(r->rip))
        return xd_hv_misuse(v->hv, XD_HOST_EINVAL, "no guest runs at 0x%llx: not canonical",
                            (unsigned long long)r->rip);
    XD_PUT(v->hv, v->regs.rax, r->rax);
    XD_PUT(v->hv, v->regs.rcx, r->rcx);
    XD_PUT(v->hv, v->regs.rdx, r->rdx);
    XD_PUT(v->hv, v->regs.r11, r->r11);
    XD_PUT(v->hv, v->regs.rip, r->rip);
    XD_PUT(v->hv, v->regs.rsp, r->rsp);
    XD_PUT(v->hv, v->regs.rflags, r->rflags);
    xd_ran(v, false);
    return 0;
}
