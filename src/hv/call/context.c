/* SPDX-License-Identifier: MIT */
/* context.c: what a kernel switches with its tasks: stack, FPU trap, segment bases. */
#include "hv/bounce.h"
#include "hv/call/call.h"
#include "hv/descriptor.h"

#define DESC_P        (UINT64_C(1) << 47)
#define DESC_S        (UINT64_C(1) << 44)
#define DESC_CODE     (UINT64_C(1) << 43)
#define DESC_READABLE (UINT64_C(1) << 41)

enum { FS, GS_USER, GS_KERNEL, GS_USER_SEL };

/* AS-XEN: do_stack_switch: nothing is checked; the stack is looked at when it is used. */
int64_t xd_hc_stack_switch(struct xd_vcpu *v, const struct xd_args_stack_switch *arg)
{
    XD_PUT(v->hv, v->kernel_ss, arg->ss | XD_RPL);
    XD_PUT(v->hv, v->kernel_sp, arg->sp);
    return 0;
}

int64_t xd_hc_fpu_taskswitch(struct xd_vcpu *v, const struct xd_args_fpu_taskswitch *arg)
{
    XD_PUT(v->hv, v->ts, arg->set != 0);
    return 0;
}

static uint64_t base_of(uint64_t desc)
{
    return (desc >> 16 & 0xffffff) | (desc >> 56 & 0xff) << 24;
}

/* Does the processor load (sel) into a data segment register? *base is what it finds; it marks what it loads. */
static bool load_data(struct xd_vcpu *v, unsigned int sel, uint64_t *base)
{
    uint64_t desc;

    *base = 0;
    if (xd_descriptor_at(v, sel, &desc) != XD_DESC_FOUND || !(desc & DESC_P) || !(desc & DESC_S) ||
        (desc & DESC_CODE && !(desc & DESC_READABLE)))
        return false;
    *base = base_of(desc);
    xd_descriptor_accessed(v, sel);
    return true;
}

/* AS-XEN: do_set_segment_base: a selector that can't be loaded becomes 0, and nobody is told. */
static int64_t user_gs(struct xd_vcpu *v, unsigned int sel)
{
    uint64_t base = 0;

    if (sel > XD_RPL) {
        sel |= XD_RPL;
        if (!load_data(v, sel, &base))
            sel = 0;
    }
    XD_PUT(v->hv, v->regs.gs, (uint16_t)sel);
    XD_PUT(v->hv, v->gs_base_user, base);
    return 0;
}

int64_t xd_hc_set_segment_base(struct xd_vcpu *v, const struct xd_args_set_segment_base *arg)
{
    if (arg->which > GS_USER_SEL)
        return xd_reject(v, XD_WHY_SEGBASE_WHICH, arg->which);
    if (arg->which == GS_USER_SEL)
        return user_gs(v, (uint16_t)arg->base);
    if (!xd_va_canonical(arg->base))
        return xd_reject(v, XD_WHY_SEGBASE_ADDRESS, arg->base);

    switch (arg->which) {
    case FS: XD_PUT(v->hv, v->fs_base, arg->base); break;
    case GS_USER: XD_PUT(v->hv, v->gs_base_user, arg->base); break;
    case GS_KERNEL: XD_PUT(v->hv, v->gs_base_kernel, arg->base); break;
    }
    return 0;
}
