/* SPDX-License-Identifier: MIT */
/*
 * ptmod.c: changing one entry of a live table.
 *
 * Always: look at the bits, adjust, and where nothing that is counted changes, just store. Else
 * take what the new entry holds first, store, and give back what the old one held.
 */
#include "hv/pagetype.h"

static int mod_upper(struct xd_vcpu *v, xd_mfn mfn, unsigned int level, unsigned int i,
                     struct xd_domain *d, uint64_t val, bool preserve_ad)
{
    uint64_t *slot = &xd_frame_words(v->hv, mfn)[i], old = *slot;
    int rc;

    if (level == 4 && !xd_l4_slot_guest(i))
        return (int)xd_reject(v, XD_WHY_L4_SLOT_RESERVED, mfn.v, i);
    if (val & XD_PTE_P) {
        if (val & XD_PTE_UPPER_DISALLOWED)
            return xd_upper_refuse_bits(v, val, level);
        val = xd_pte_adjust(val, level);
        if (xd_pte_counts_alike(old, val)) {
            xd_entry_store(v->hv, slot, val, preserve_ad);
            return 0;
        }
        rc = xd_upper_get(v, val, level, mfn, d);
        if (rc)
            return rc;
    }
    xd_entry_store(v->hv, slot, val, preserve_ad);
    xd_upper_put(v->hv, old, level, mfn);
    if (old & XD_PTE_P && xd_pte_mfn(old).v != mfn.v)
        XD_PUT(v->hv, v->table_left, true);
    return 0;
}

int xd_entry_mod(struct xd_vcpu *v, xd_mfn mfn, unsigned int level, unsigned int slot, uint64_t val,
                 uint16_t pg, bool preserve_ad)
{
    struct xd_frame *f = xd_frame_at(v->hv, mfn);
    struct xd_domain *d =
        f->owner == v->domain->domid ? v->domain : xd_domain_by_id(v->hv, f->owner);

    /* Xen holds references to the table meanwhile. Here nothing can take it away: an entry never
     * holds its own table (a self map holds nothing, linear entries reach one step), so dropping
     * one cannot drop the table. */
    XD_INVARIANT(v->hv, d && xd_frame_lockable(f));
    if (level == 1)
        return xd_l1e_mod(v, &xd_frame_words(v->hv, mfn)[slot], d, val, pg, preserve_ad);
    return mod_upper(v, mfn, level, slot, d, val, preserve_ad);
}
