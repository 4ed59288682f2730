/* SPDX-License-Identifier: MIT */
/* l1e.c: L1 entries: what one may map, what it holds (nothing of I/O memory, a reference or two of
 * RAM), and changing one. */
#include "hv/descriptor.h"
#include "hv/rights.h"
#include "hv/tlb.h"

bool xd_has_io_rights(const struct xd_domain *d)
{
    return xd_has_rights(d);
}

bool xd_iomem_allowed(const struct xd_domain *d, xd_mfn mfn)
{
    return xd_rights_hold(&d->iomem, mfn.v, mfn.v);
}

bool xd_mmio_read_only(const struct xd_hv *hv, xd_mfn mfn)
{
    if (mfn.v == XD_IO_APIC_FRAME)
        return true;
    for (unsigned int i = 0; i < XD_RANGES; i++)
        if (mfn.v >= hv->mmio_ro[i].first && mfn.v <= hv->mmio_ro[i].last)
            return true;
    return false;
}

static bool is_io_memory(struct xd_hv *hv, xd_mfn mfn)
{
    return !xd_mfn_valid(hv, mfn) || xd_frame_owned(hv, mfn, XD_DOMID_IO);
}

/* AS-XEN: get_page_from_l1e: cached I/O mappings become uncached ones, so that no two mappings
 * disagree. */
static uint64_t uncached(uint64_t e)
{
    switch (e & XD_PTE_CACHE) {
    case 0: /* write-back */ return e | XD_PTE_PCD | XD_PTE_PWT;
    case XD_PTE_PWT: /* write-through */ return e | XD_PTE_PCD;
    case XD_PTE_PAT | XD_PTE_PWT: /* write-protected */ return (e & ~XD_PTE_PAT) | XD_PTE_PCD;
    default: return e;
    }
}

static int io_entry(struct xd_vcpu *v, uint64_t *e, struct xd_domain *d, uint16_t pg)
{
    xd_mfn mfn = xd_pte_mfn(*e);
    struct xd_domain *may = pg == XD_DOMID_IO ? v->domain : xd_domain_by_id(v->hv, pg);

    if (!may || !xd_iomem_allowed(may, mfn) || (may != d && !xd_iomem_allowed(d, mfn))) {
        if (mfn.v == XD_MFN_INVALID)
            return (int)xd_reject(v, XD_WHY_L1E_MFN_INVALID, mfn.v);
        return (int)xd_reject(v, XD_WHY_L1E_IOMEM, mfn.v,
                              may && !xd_iomem_allowed(may, mfn) ? may->domid : d->domid);
    }
    xd_changed(v->hv, XD_CHANGING_FRAMES);
    if (xd_mmio_read_only(v->hv, mfn))
        *e &= ~XD_PTE_RW;
    *e = uncached(*e);
    return 0;
}

/* May (pg), which is not the owner, hand out the frame into (d)'s tables? AS-XEN: xsm_priv_mapping
 */
static bool may_hand_out(struct xd_hv *hv, const struct xd_domain *d, uint16_t pg, uint16_t owner)
{
    struct xd_domain *from = xd_domain_by_id(hv, pg);

    return from && from != d && from->privileged && owner != XD_DOMID_NONE;
}

bool xd_writable_get(struct xd_hv *hv, xd_mfn mfn)
{
    struct xd_frame *f = xd_frame_at(hv, mfn);
    uint8_t old = f->type;
    struct xd_domain *d;

    if (old == XD_TYPE_WRITABLE && f->flags & XD_FRAME_VALIDATED) {
        XD_PUT(hv, f->type_count, f->type_count + 1);
        return true;
    }
    if (f->type_count)
        return false;
    XD_PUT(hv, f->type, XD_TYPE_WRITABLE);
    XD_PUT(hv, f->flags, f->flags | XD_FRAME_VALIDATED);
    XD_PUT(hv, f->type_count, 1);
    if (old != XD_TYPE_NONE && (d = xd_domain_by_id(hv, f->owner)))
        xd_tlb_flush_domain(d);
    return true;
}

/* The way back for a writable reference: such a frame is no table, so nothing else goes with it. */
static void writable_put(struct xd_hv *hv, struct xd_frame *f)
{
    XD_INVARIANT(hv, f->type == XD_TYPE_WRITABLE && f->type_count > 0);
    XD_PUT(hv, f->type_count, f->type_count - 1);
}

/* Adds (by) to both counts of a frame in writable use: they lie in one word, so the journal is asked once. */
static inline void count_writable(struct xd_hv *hv, struct xd_frame *f, uint32_t by)
{
    _Static_assert(offsetof(struct xd_frame, count) == 0 &&
                       offsetof(struct xd_frame, type_count) == 4,
                   "one word");

    xd_arena_touch(xd_arena_of(hv), f, 8);
    f->count += by;
    f->type_count += by;
}

static int refuse_ram(struct xd_vcpu *v, xd_mfn mfn, uint16_t pg)
{
    const struct xd_frame *f = xd_frame_at(v->hv, mfn);

    return (int)xd_reject(v, XD_WHY_L1E_NOT_OWNER, mfn.v, pg, f->count ? f->owner : XD_DOMID_NONE);
}

/* What (e), whose flags are fine, holds of RAM. */
static inline int ram_get(struct xd_vcpu *v, uint64_t e, struct xd_domain *d, uint16_t pg)
{
    struct xd_hv *hv = v->hv;
    xd_mfn mfn = xd_pte_mfn(e);
    struct xd_frame *f = xd_frame_at(hv, mfn);

    if (XD_UNLIKELY(!f->count || (f->owner != pg && !may_hand_out(hv, d, pg, f->owner))))
        return refuse_ram(v, mfn, pg);
    if (XD_LIKELY((e & (XD_PTE_RW | XD_PTE_CACHE)) == XD_PTE_RW && f->type == XD_TYPE_WRITABLE &&
                  f->flags & XD_FRAME_VALIDATED)) {
        count_writable(hv, f, 1);
        return 0;
    }
    if (e & XD_PTE_RW && XD_UNLIKELY(!xd_writable_get(hv, mfn)))
        return (int)xd_reject(v, XD_WHY_L1E_RW_TABLE, mfn.v, f->type, f->type_count);
    if (XD_UNLIKELY(e & XD_PTE_CACHE && f->flags & XD_FRAME_XEN_HEAP)) {
        if (e & XD_PTE_RW)
            writable_put(hv, f);
        return (int)xd_reject(v, XD_WHY_L1E_CACHE_SPECIAL, mfn.v, e & XD_PTE_CACHE);
    }
    XD_PUT(hv, f->count, f->count + 1);
    return 0;
}

/* (*e) with its bits checked. */
static inline int entry_get(struct xd_vcpu *v, uint64_t *e, struct xd_domain *d, uint16_t pg)
{
    if (XD_UNLIKELY(is_io_memory(v->hv, xd_pte_mfn(*e))))
        return io_entry(v, e, d, pg);
    return ram_get(v, *e, d, pg);
}

static int refuse_bits(struct xd_vcpu *v, uint64_t e, const struct xd_domain *d)
{
    return (int)xd_reject(v, XD_WHY_L1E_BITS, e, e & d->l1_disallowed);
}

int xd_l1e_get(struct xd_vcpu *v, uint64_t *e, struct xd_domain *d, uint16_t pg)
{
    if (XD_UNLIKELY(*e & d->l1_disallowed))
        return refuse_bits(v, *e, d);
    return entry_get(v, e, d, pg);
}

/* AS-XEN: put_page_from_l1e: a page of an LDT stays in use, whatever becomes of its mapping. */
static inline void entry_put(struct xd_hv *hv, uint64_t e)
{
    xd_mfn mfn = xd_pte_mfn(e);
    struct xd_frame *f;

    if (!(e & XD_PTE_P) || is_io_memory(hv, mfn))
        return;
    f = xd_frame_at(hv, mfn);
    if (e & XD_PTE_RW && XD_LIKELY(f->count > 1)) {
        XD_INVARIANT(hv, f->type == XD_TYPE_WRITABLE && f->type_count > 0);
        count_writable(hv, f, UINT32_MAX);
        return;
    }
    if (e & XD_PTE_RW)
        writable_put(hv, f);
    xd_frame_put(hv, mfn);
}

void xd_l1e_put(struct xd_hv *hv, uint64_t e)
{
    entry_put(hv, e);
}

int xd_l1e_mod(struct xd_vcpu *v, uint64_t *slot, struct xd_domain *d, uint64_t val, uint16_t pg,
               bool preserve_ad)
{
    uint64_t old = *slot;
    int rc;

    if (val & XD_PTE_P) {
        if (XD_UNLIKELY(val & d->l1_disallowed))
            return refuse_bits(v, val, d);
        val = xd_pte_adjust(val, 1);
        if (xd_pte_counts_alike(old, val)) {
            xd_entry_store(v->hv, slot, val, preserve_ad);
            return 0;
        }
        rc = entry_get(v, &val, d, pg);
        if (XD_UNLIKELY(rc))
            return rc;
    }
    xd_entry_store(v->hv, slot, val, preserve_ad);
    entry_put(v->hv, old);
    return 0;
}

int xd_l1_take(struct xd_vcpu *v, xd_mfn mfn, struct xd_domain *d)
{
    uint64_t *e = xd_frame_words(v->hv, mfn);

    for (unsigned int i = 0; i < XD_PT_SLOTS; i++) {
        uint64_t entry = e[i];
        int rc;

        if (!(entry & XD_PTE_P))
            continue;
        rc = XD_UNLIKELY(entry & d->l1_disallowed) ? refuse_bits(v, entry, d)
                                                   : entry_get(v, &entry, d, d->domid);
        if (XD_UNLIKELY(rc)) {
            xd_reject_via(v, mfn, 1, i);
            xd_l1_drop(v->hv, mfn, i);
            XD_PUT(v->hv, xd_frame_at(v->hv, mfn)->type, XD_TYPE_NONE);
            return rc;
        }
        xd_entry_adjusted(v->hv, &e[i], xd_pte_adjust(entry, 1));
    }
    return 0;
}

void xd_l1_drop(struct xd_hv *hv, xd_mfn mfn, unsigned int end)
{
    const uint64_t *e = xd_frame_words(hv, mfn);

    for (unsigned int i = 0; i < end; i++)
        if (e[i] & XD_PTE_P)
            entry_put(hv, e[i]);
}
