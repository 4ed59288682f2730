/* SPDX-License-Identifier: MIT */
/* desc.c: set_gdt and update_descriptor. */
#include "hv/call/call.h"
#include "hv/descriptor.h"
#include "hv/tlb.h"

int64_t xd_hc_set_gdt(struct xd_vcpu *v, const struct xd_args_set_gdt *arg)
{
    uint64_t frames[XD_GDT_FRAMES];
    uint32_t nr = (uint32_t)(((uint64_t)arg->entries + XD_PT_SLOTS - 1) / XD_PT_SLOTS);
    int rc;

    if (arg->entries > XD_GDT_ENTRIES_MAX)
        return xd_reject(v, XD_WHY_GDT_ENTRIES, arg->entries);
    if (!xd_copy_in(v, frames, arg->frames, nr * sizeof(frames[0])))
        return xd_reject(v, XD_WHY_GDT_LIST, arg->frames, nr);
    rc = xd_gdt_set(v, v, frames, arg->entries);
    if (rc == 0)
        xd_tlb_flush(v);
    return rc;
}

int64_t xd_hc_update_descriptor(struct xd_vcpu *v, const struct xd_args_update_descriptor *arg)
{
    xd_mfn mfn = xd_mfn_of(arg->maddr >> XD_PAGE_SHIFT);
    uint64_t desc = arg->desc;
    struct xd_frame *f;

    if (arg->maddr % 8)
        return xd_reject(v, XD_WHY_DESC_ALIGN, arg->maddr);
    if (!xd_descriptor_ok(&desc))
        return xd_reject(v, XD_WHY_DESC_VALUE, arg->desc);
    if (!xd_frame_get(v->hv, mfn, v->domain->domid))
        return xd_reject(v, XD_WHY_DESC_FRAME, mfn.v);
    f = xd_frame_at(v->hv, mfn);
    /* AS-XEN: the type field decides even when nobody uses the frame as that type. */
    if (f->type == XD_TYPE_SEG_DESC ? xd_type_get(v, mfn, XD_TYPE_SEG_DESC) != 0
                                    : !xd_writable_get(v->hv, mfn)) {
        xd_frame_put(v->hv, mfn);
        return xd_reject(v, XD_WHY_DESC_TYPE, mfn.v, f->type);
    }
    XD_PUT(v->hv, xd_frame_words(v->hv, mfn)[arg->maddr % XD_PAGE_SIZE / 8], desc);
    xd_page_and_type_put(v->hv, mfn);
    return 0;
}
