/* SPDX-License-Identifier: MIT */
/*
 * debugreg.c: set_debugreg and get_debugreg. 4 and 5 are other names of 6 and 7, and there are no breakpoints
 * on I/O, unless the vCPU was brought up with CR4.DE.
 */
#include "hv/call/vcpu.h"

#define DR6_ONES   UINT64_C(0xffff0ff0)
#define DR6_KEPT   UINT64_C(0xffffefff)
#define DR7_ONES   UINT64_C(0x400)
#define DR7_KEPT   UINT64_C(0xffff27ff)
#define DR7_DETECT UINT64_C(0x2000)
#define DR7_ACTIVE UINT64_C(0xff)

/* One of the four breakpoints of (dr7) is on I/O. */
static bool breaks_on_io(uint64_t dr7)
{
    for (unsigned int i = 16; i < 32; i += 4)
        if ((dr7 >> i & 3) == 2)
            return true;
    return false;
}

static enum xd_why set_control(struct xd_vcpu *v, uint64_t value)
{
    value = (value & DR7_KEPT) | DR7_ONES;
    if (value & DR7_DETECT)
        return XD_WHY_DEBUGREG_DETECT;
    if (value & DR7_ACTIVE && breaks_on_io(value) && !(v->cr4 & XD_CR4_DE))
        return XD_WHY_DEBUGREG_IO;

    XD_PUT(v->hv, v->dr7, value);
    return XD_WHY_NONE;
}

enum xd_why xd_debugreg_set(struct xd_vcpu *v, int32_t reg, uint64_t value)
{
    if (reg < 0 || reg > 7)
        return XD_WHY_DEBUGREG_NUMBER;
    if (reg < 4) {
        if (!xd_va_ok(value))
            return XD_WHY_DEBUGREG_ADDRESS;
        XD_PUT(v->hv, v->dr[reg], value);
        return XD_WHY_NONE;
    }
    if (reg < 6 && (v->cr4 & XD_CR4_DE))
        return XD_WHY_DEBUGREG_NUMBER;
    if (value > UINT32_MAX)
        return XD_WHY_DEBUGREG_BITS;
    if (reg % 2)
        return set_control(v, value);
    XD_PUT(v->hv, v->dr6, (value & DR6_KEPT) | DR6_ONES);
    return XD_WHY_NONE;
}

void xd_debugreg_reset(struct xd_vcpu *v)
{
    xd_arena_zero(xd_arena_of(v->hv), v->dr, sizeof(v->dr));
    XD_PUT(v->hv, v->dr6, DR6_ONES);
    XD_PUT(v->hv, v->dr7, DR7_ONES);
}

int64_t xd_hc_set_debugreg(struct xd_vcpu *v, const struct xd_args_set_debugreg *arg)
{
    enum xd_why why = xd_debugreg_set(v, arg->reg, arg->value);

    return why ? xd_reject(v, why, (uint64_t)arg->reg, arg->value) : 0;
}

int64_t xd_hc_get_debugreg(struct xd_vcpu *v, const struct xd_args_get_debugreg *arg)
{
    if ((v->cr4 & XD_CR4_DE) && (arg->reg == 4 || arg->reg == 5))
        return xd_reject(v, XD_WHY_DEBUGREG_NUMBER, (uint64_t)arg->reg);
    switch (arg->reg) {
    case 0:
    case 1:
    case 2:
    case 3: return (int64_t)v->dr[arg->reg];
    case 4:
    case 6: return (int64_t)v->dr6;
    case 5:
    case 7: return (int64_t)v->dr7;
    default: return xd_reject(v, XD_WHY_DEBUGREG_NUMBER, (uint64_t)arg->reg);
    }
}
