/* SPDX-License-Identifier: MIT */
/*
 * iretq.c: what the processor makes of a context that a guest's kernel returns to.
 *
 * AS-XEN: iret_exit_to_guest: IRETQ runs in Xen, and what it finds wrong is reported to the guest as if the
 * target's code had run into it. The order is the processor's: CS, SS, RIP.
 */
#include "hv/bounce.h"
#include "hv/descriptor.h"
#include "hv/pt.h"

#define DESC_P        (UINT64_C(1) << 47)
#define DESC_S        (UINT64_C(1) << 44)
#define DESC_CODE     (UINT64_C(1) << 43)
#define DESC_CONFORMS (UINT64_C(1) << 42)
#define DESC_WRITABLE (UINT64_C(1) << 41)
#define DESC_L        (UINT64_C(1) << 53)
#define DESC_D        (UINT64_C(1) << 54)
#define DESC_G        (UINT64_C(1) << 55)
#define DESC_DPL(d)   ((unsigned int)((d) >> 45 & 3))

static uint64_t limit_of(uint64_t desc)
{
    uint64_t limit = (desc & 0xffff) | (desc >> 32 & 0xf0000);

    return desc & DESC_G ? limit << 12 | 0xfff : limit;
}

static bool bad(struct xd_bad_return *b, unsigned int vector, uint32_t error)
{
    *b = (struct xd_bad_return){.vector = vector, .error = error};
    return false;
}

/* The descriptor that (sel), of ring 3, names; false: there is none. */
static bool fetch(struct xd_vcpu *v, unsigned int sel, uint64_t *desc, struct xd_bad_return *b)
{
    const uint32_t error = sel & ~XD_RPL;

    if (!error)
        return bad(b, XD_VECTOR_GP, 0);
    switch (xd_descriptor_at(v, sel, desc)) {
    case XD_DESC_FOUND: return true;
    case XD_DESC_BEYOND: return bad(b, XD_VECTOR_GP, error);
    case XD_DESC_FAULT: break;
    }
    bad(b, XD_VECTOR_PF, v->kernel_mode ? 0 : XD_PF_USER);
    b->cr2 = v->ldt_base + (sel & ~7u);
    return false;
}

static bool code_ok(struct xd_vcpu *v, uint64_t *desc, struct xd_bad_return *b)
{
    const unsigned int sel = v->regs.cs;
    const uint32_t error = sel & ~XD_RPL;

    if (!fetch(v, sel, desc, b))
        return false;
    if (!(*desc & DESC_S) || !(*desc & DESC_CODE) ||
        (!(*desc & DESC_CONFORMS) && DESC_DPL(*desc) != XD_RPL))
        return bad(b, XD_VECTOR_GP, error);
    if (!(*desc & DESC_P))
        return bad(b, XD_VECTOR_NP, error);
    return (*desc & (DESC_L | DESC_D)) != (DESC_L | DESC_D) || bad(b, XD_VECTOR_GP, error);
}

static bool stack_ok(struct xd_vcpu *v, struct xd_bad_return *b)
{
    const unsigned int sel = v->regs.ss;
    const uint32_t error = sel & ~XD_RPL;
    uint64_t desc;

    if (!fetch(v, sel, &desc, b))
        return false;
    if (!(desc & DESC_S) || desc & DESC_CODE || !(desc & DESC_WRITABLE) || DESC_DPL(desc) != XD_RPL)
        return bad(b, XD_VECTOR_GP, error);
    return desc & DESC_P || bad(b, XD_VECTOR_SS, error);
}

bool xd_iretq(struct xd_vcpu *v, struct xd_bad_return *b)
{
    uint64_t code;

    if (!code_ok(v, &code, b)) {
        (void)xd_reject(v, XD_WHY_IRET_CS, v->regs.cs, b->vector, b->error);
        return false;
    }
    if (!stack_ok(v, b)) {
        (void)xd_reject(v, XD_WHY_IRET_SS, v->regs.ss, b->vector, b->error);
        return false;
    }
    if (code & DESC_L ? xd_va_canonical(v->regs.rip) : v->regs.rip <= limit_of(code)) {
        XD_PUT(v->hv, v->regs.rflags,
               (v->regs.rflags & XD_RFLAGS_KNOWN & ~(uint64_t)XD_RFLAGS_VM) | XD_RFLAGS_FIXED);
        return true;
    }
    bad(b, XD_VECTOR_GP, 0);
    (void)xd_reject(v, XD_WHY_IRET_RIP, v->regs.rip, v->regs.cs);
    return false;
}

bool xd_code_is_long(struct xd_vcpu *v)
{
    uint64_t desc;

    return xd_descriptor_at(v, v->regs.cs, &desc) == XD_DESC_FOUND && desc & DESC_L;
}
