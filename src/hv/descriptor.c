/* SPDX-License-Identifier: MIT */
/* descriptor.c: GDT and LDT frames, and what selectors find there. */
#include "hv/descriptor.h"

#include "hv/bounce.h"
#include "hv/pt.h"
#include "hv/tlb.h"

#define SELECTOR_LDT  4u
#define DESC_ACCESSED (UINT64_C(1) << 40)

static uint32_t gdt_frames(uint32_t entries)
{
    return (entries + XD_PT_SLOTS - 1) / XD_PT_SLOTS;
}

static int take_frames(struct xd_vcpu *v, uint16_t owner, const uint64_t *frames, uint32_t nr)
{
    for (uint32_t i = 0; i < nr; i++) {
        int rc = xd_page_and_type_get(v, xd_mfn_of(frames[i]), owner, XD_TYPE_SEG_DESC,
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
    rc = take_frames(v, t->domain->domid, frames, nr);
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
    const uint32_t nr = gdt_frames(v->gdt_ents);
    struct xd_hv *hv = v->hv;

    XD_PUT(hv, v->gdt_ents, 0);
    for (uint32_t i = 0; i < nr; i++) {
        const xd_mfn mfn = v->gdt_frame[i];

        XD_PUT(hv, v->gdt_frame[i], xd_mfn_of(0));
        xd_page_and_type_put(hv, mfn); /* the last one of a dead domain takes that away */
    }
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

/* AS-XEN: pv_map_ldt_shadow_page: pages of the LDT come into use one by one. Nobody is refused by it. */
static bool ldt_page(struct xd_vcpu *v, unsigned int page)
{
    const struct xd_reject before = v->rec.reject;
    struct xd_walk w;
    int rc;

    if (v->ldt_frame[page].v)
        return true;
    xd_walk(v->hv, v->cr3, v->ldt_base + (uint64_t)page * XD_PAGE_SIZE, false, &w);
    if (!w.ok || w.m2p)
        return false;
    rc = xd_page_and_type_get(v, xd_pte_mfn(w.value[1]), v->domain->domid, XD_TYPE_SEG_DESC,
                              XD_WHY_GDT_FRAME);
    v->rec.reject = before;
    if (rc)
        return false;
    XD_PUT(v->hv, v->ldt_frame[page], xd_pte_mfn(w.value[1]));
    return true;
}

/* The frame of the guest's in which the descriptor of (sel) lies. It is in use as such. */
static xd_mfn frame_of(const struct xd_vcpu *v, unsigned int sel)
{
    const unsigned int page = (sel >> 3) / XD_PT_SLOTS;

    return sel & SELECTOR_LDT ? v->ldt_frame[page] : v->gdt_frame[page];
}

void xd_descriptor_accessed(struct xd_vcpu *v, unsigned int sel)
{
    uint64_t *desc;

    if (!(sel & SELECTOR_LDT) && sel >> 3 >= XD_GDT_ENTRIES_MAX)
        return; /* Xen's own */
    desc = &xd_frame_words(v->hv, frame_of(v, sel))[(sel >> 3) % XD_PT_SLOTS];
    XD_PUT(v->hv, *desc, *desc | DESC_ACCESSED);
}

enum xd_descriptor_found xd_descriptor_at(struct xd_vcpu *v, unsigned int sel, uint64_t *desc)
{
    static const struct {
        uint16_t sel;
        uint64_t desc;
    } flat[] = {{XD_FLAT_USER_CS32, UINT64_C(0x00cffb000000ffff)},
                {XD_FLAT_SS, UINT64_C(0x00cff3000000ffff)},
                {XD_FLAT_CS64, UINT64_C(0x00affb000000ffff)}};
    const unsigned int at = sel >> 3;

    if (sel & SELECTOR_LDT) {
        if (at >= v->ldt_ents)
            return XD_DESC_BEYOND;
        if (!ldt_page(v, at / XD_PT_SLOTS))
            return XD_DESC_FAULT;
    } else {
        for (size_t i = 0; i < XD_ARRAY_SIZE(flat); i++)
            if (sel == flat[i].sel) {
                *desc = flat[i].desc;
                return XD_DESC_FOUND;
            }
        if (at >= v->gdt_ents)
            return XD_DESC_BEYOND;
    }
    *desc = xd_frame_words(v->hv, frame_of(v, sel))[at % XD_PT_SLOTS];
    return XD_DESC_FOUND;
}
