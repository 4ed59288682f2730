/* SPDX-License-Identifier: MIT */
/* descriptor.c: GDT and LDT frames. */
#include "hv/descriptor.h"

static uint32_t gdt_frames(uint32_t entries)
{
    return (entries + XD_PT_SLOTS - 1) / XD_PT_SLOTS;
}

static int take_frames(struct xd_vcpu *v, const uint64_t *frames, uint32_t nr)
{
    for (uint32_t i = 0; i < nr; i++) {
        int rc = xd_page_and_type_get(v, xd_mfn_of(frames[i]), v->domain->domid, XD_TYPE_SEG_DESC,
                                      XD_WHY_GDT_FRAME);

        if (rc) {
            if (v->rec.reject.why == XD_WHY_GDT_FRAME)
                v->rec.reject.arg[1] = i;
            while (i-- > 0)
                xd_page_and_type_put(v->hv, xd_mfn_of(frames[i]));
            return rc;
        }
    }
    return 0;
}

int xd_gdt_set(struct xd_vcpu *v, struct xd_vcpu *t, const uint64_t *frames, uint32_t entries)
{
    uint32_t nr = gdt_frames(entries);
    int rc;

    if (entries > XD_GDT_ENTRIES_MAX)
        return (int)xd_reject(v, XD_WHY_GDT_ENTRIES, entries);
    rc = take_frames(v, frames, nr);
    if (rc)
        return rc;
    xd_gdt_release(t);
    for (uint32_t i = 0; i < nr; i++)
        XD_PUT(t->hv, t->gdt_frame[i], xd_mfn_of(frames[i]));
    XD_PUT(t->hv, t->gdt_ents, entries);
    return 0;
}

void xd_gdt_release(struct xd_vcpu *v)
{
    for (uint32_t i = 0; i < gdt_frames(v->gdt_ents); i++) {
        xd_page_and_type_put(v->hv, v->gdt_frame[i]);
        XD_PUT(v->hv, v->gdt_frame[i], xd_mfn_of(0));
    }
    XD_PUT(v->hv, v->gdt_ents, 0);
}

bool xd_ldt_release(struct xd_vcpu *v)
{
    bool any = false;

    for (unsigned int i = 0; i < XD_LDT_PAGES; i++) {
        if (!v->ldt_frame[i].v)
            continue;
        xd_page_and_type_put(v->hv, v->ldt_frame[i]);
        XD_PUT(v->hv, v->ldt_frame[i], xd_mfn_of(0));
        any = true;
    }
    return any;
}
