/* SPDX-License-Identifier: MIT */
/* context.c: what a kernel switches with its tasks: stack, FPU trap, segment bases. */
#include "hv/call/call.h"

#define RPL              3u
#define SELECTOR_LDT     4u
#define FLAT_USER_CS32   0xe023u
#define FLAT_USER_DS32   0xe02bu
#define FLAT_USER_CS64   0xe033u
#define DESC_P           (UINT64_C(1) << 47)
#define DESC_S           (UINT64_C(1) << 44)
#define DESC_CODE        (UINT64_C(1) << 43)
#define DESC_READABLE    (UINT64_C(1) << 41)
#define DESCRIPTOR_SLOTS 512u

enum { FS, GS_USER, GS_KERNEL, GS_USER_SEL };

/* AS-XEN: do_stack_switch: nothing is checked; the stack is looked at when it is used. */
int64_t xd_hc_stack_switch(struct xd_vcpu *v, const struct xd_args_stack_switch *arg)
{
    XD_PUT(v->hv, v->kernel_ss, arg->ss | RPL);
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

/* Would the processor load (sel) into a data segment register? *base is what it finds. */
static bool loadable(struct xd_vcpu *v, unsigned int sel, uint64_t *base)
{
    unsigned int at = sel >> 3;
    uint64_t desc;

    *base = 0;
    if (sel == FLAT_USER_CS32 || sel == FLAT_USER_DS32 || sel == FLAT_USER_CS64)
        return true;
    if (at >= v->gdt_ents)
        return false;
    desc = xd_frame_words(v->hv, v->gdt_frame[at / DESCRIPTOR_SLOTS])[at % DESCRIPTOR_SLOTS];
    if (!(desc & DESC_P) || !(desc & DESC_S) || (desc & DESC_CODE && !(desc & DESC_READABLE)))
        return false;
    *base = base_of(desc);
    return true;
}

/* AS-XEN: do_set_segment_base: a selector that can't be loaded becomes 0, and nobody is told. */
static int64_t user_gs(struct xd_vcpu *v, unsigned int sel)
{
    uint64_t base = 0;

    if (sel > RPL) {
        sel |= RPL;
        if (sel & SELECTOR_LDT && sel >> 3 < v->ldt_ents)
            return xd_reject(v, XD_WHY_NOT_MODELLED, v->rec.nr, GS_USER_SEL);
        if (sel & SELECTOR_LDT || !loadable(v, sel, &base))
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
