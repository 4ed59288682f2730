/* SPDX-License-Identifier: MIT */
/*
 * segdesc.c: segment descriptors a guest may have.
 *
 * Code and data segments of any shape, raised to ring 3; call gates to the guest's own selectors.
 * Nothing else that is present. What is accepted is stored as Xen rewrites it.
 */
#include "hv/pagetype.h"

#define DESC_P         (UINT64_C(1) << 47)
#define DESC_DPL       (UINT64_C(3) << 45)
#define DESC_S         (UINT64_C(1) << 44)
#define DESC_TYPE(d)   ((unsigned int)((d) >> 40 & 0xf))
#define CALL_GATE      0xcu
#define FLAT_KERNEL_CS 0xe033u

/* Index below Xen's part of the GDT, Xen's own flat kernel code segment, or an LDT selector. */
static bool gate_target_ok(unsigned int sel)
{
    return sel >> 3 < XD_GDT_ENTRIES_MAX || sel == FLAT_KERNEL_CS || (sel & 4);
}

bool xd_descriptor_ok(uint64_t *desc)
{
    uint64_t d = *desc;
    unsigned int sel;

    if (!(d & DESC_P))
        return true;
    d |= DESC_DPL;
    if (d & DESC_S) {
        *desc = d;
        return true;
    }
    if (DESC_TYPE(d) == 0)
        return true; /* upper half of a 16-byte gate: stays as it is */
    if (DESC_TYPE(d) != CALL_GATE)
        return false;
    sel = (unsigned int)(d >> 16) & 0xffff;
    if (!gate_target_ok(sel) || (d >> 32 & 0xff))
        return false;
    /* The gate itself must fault in hardware, so that Xen sees its use: DPL 0, and the true DPL as
     * the target's RPL. */
    d = (d & ~DESC_DPL) | UINT64_C(3) << 16;
    *desc = d;
    return true;
}

int xd_segdesc_audit(struct xd_vcpu *v, xd_mfn mfn)
{
    uint64_t *e = xd_frame_words(v->hv, mfn);

    for (unsigned int i = 0; i < XD_PT_SLOTS; i++) {
        uint64_t d = e[i];

        if (!xd_descriptor_ok(&d)) {
            XD_PUT(v->hv, xd_frame_at(v->hv, mfn)->type, XD_TYPE_NONE);
            return (int)xd_reject(v, XD_WHY_DESC_BAD, mfn.v, i, e[i]);
        }
        if (d != e[i])
            XD_PUT(v->hv, e[i], d);
    }
    return 0;
}
