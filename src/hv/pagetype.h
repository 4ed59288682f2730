/* SPDX-License-Identifier: MIT */
/*
 * pagetype.h: what a frame may be used as.
 *
 * A frame has one type at a time, and a count of its users in that type. The type may change only
 * while that count is 0: this alone keeps a guest from writing to its page tables. Becoming a page
 * table or a descriptor page means an audit of the contents; while the frame stays one, every
 * change of it is checked.
 *
 * Functions that can refuse take the calling vCPU, for the record of the reason, and return 0 or a
 * negative Xen errno.
 */
#ifndef XD_HV_PAGETYPE_H
#define XD_HV_PAGETYPE_H

#include "hv/frame.h"

static inline bool xd_type_is_table(unsigned int t)
{
    return t >= XD_TYPE_L1 && t <= XD_TYPE_L4;
}

/* Takes a reference in (type), auditing the contents if the frame is new to it. The caller holds a
 * general reference. */
int xd_type_get(struct xd_vcpu *v, xd_mfn mfn, enum xd_type type);

/* Drops a type reference; the last one of a table gives back what its entries hold. */
void xd_type_put(struct xd_hv *hv, xd_mfn mfn);

/* Both references at once. (not_owned) is the reason if the frame isn't (owner)'s. */
int xd_page_and_type_get(struct xd_vcpu *v, xd_mfn mfn, uint16_t owner, enum xd_type type,
                         enum xd_why not_owned);
void xd_page_and_type_put(struct xd_hv *hv, xd_mfn mfn);

/* A writable type reference, quietly: false if the frame is in use as something else. */
bool xd_writable_get(struct xd_hv *hv, xd_mfn mfn);

/* Can the contents be edited entry by entry? AS-XEN: page_lock */
static inline bool xd_frame_lockable(const struct xd_frame *f)
{
    return f->flags & XD_FRAME_VALIDATED && f->type_count > 0;
}

/*
 * Takes what the present L1 entry *e holds, in a table of (d), for a frame that must belong to
 * (pg). May change bits of *e, as Xen does for I/O memory.
 */
int xd_l1e_get(struct xd_vcpu *v, uint64_t *e, struct xd_domain *d, uint16_t pg);
void xd_l1e_put(struct xd_hv *hv, uint64_t e);

/* Changes L1 entry *slot of a table of (d). */
int xd_l1e_mod(struct xd_vcpu *v, uint64_t *slot, struct xd_domain *d, uint64_t val, uint16_t pg,
               bool preserve_ad);

/*
 * Takes what all entries of L1 table (mfn) of (d) hold, and adjusts them. If one is refused, gives
 * back what it took (not the adjustments) and the table is none any more. AS-XEN: promote_l1_table
 */
int xd_l1_take(struct xd_vcpu *v, xd_mfn mfn, struct xd_domain *d);
/* Gives back what the first (end) entries hold. */
void xd_l1_drop(struct xd_hv *hv, xd_mfn mfn, unsigned int end);

/* Writes an adjusted entry back, if it changed. */
static inline void xd_entry_adjusted(struct xd_hv *hv, uint64_t *slot, uint64_t e)
{
    if (*slot != e)
        XD_PUT(hv, *slot, e);
}

/* Stores (val) in a live table; (preserve_ad) keeps A and D of what stood there. */
static inline void xd_entry_store(struct xd_hv *hv, uint64_t *slot, uint64_t val, bool preserve_ad)
{
    if (preserve_ad)
        val |= *slot & (XD_PTE_A | XD_PTE_D);
    XD_PUT(hv, *slot, val);
}

/* Refuses entry (e) above L1 for its bits. */
int xd_upper_refuse_bits(struct xd_vcpu *v, uint64_t e, unsigned int level);

/* The same for an entry of a table (mfn) of (level) 2 to 4. */
int xd_upper_get(struct xd_vcpu *v, uint64_t e, unsigned int level, xd_mfn table,
                 struct xd_domain *d);
void xd_upper_put(struct xd_hv *hv, uint64_t e, unsigned int level, xd_mfn table);

/* Cache attributes and cache flushes are for domains that have I/O memory or ports. */
bool xd_has_io_rights(const struct xd_domain *d);
/* The bits of L1 entries that its rights keep it from setting: xd_domain.l1_disallowed. */
static inline uint64_t xd_l1_disallowed(const struct xd_domain *d)
{
    return (xd_has_io_rights(d) ? 0 : XD_PTE_L1_DISALLOWED) |
           (xd_is_debug_build(d->hv) ? XD_PTE_GNTTAB : 0);
}
bool xd_iomem_allowed(const struct xd_domain *d, xd_mfn mfn);
bool xd_mmio_read_only(const struct xd_hv *hv, xd_mfn mfn);

/* What Xen writes to its own slots, 256 to 271, of an L4 table (mfn) of (d). */
void xd_l4_xen_slots(const struct xd_domain *d, xd_mfn mfn, uint64_t *slot);
uint64_t xd_l4_m2p_entry(const struct xd_hv *hv);
/* Shows the M2P to users of L4 table (mfn), or hides it. AS-XEN: fill_ro_mpt, zap_ro_mpt */
void xd_l4_show_m2p(struct xd_hv *hv, xd_mfn mfn, bool shown);
/* The domain's L4 tables show the M2P from the start, and its user tables don't (vm_assist). */
bool xd_m2p_strict(const struct xd_domain *d);

/*
 * Changes slot (slot) of table (mfn), which is lockable and of (level) 1..4; (pg) owns what an L1
 * entry may map. (preserve_ad) keeps the old A and D bits.
 */
int xd_entry_mod(struct xd_vcpu *v, xd_mfn mfn, unsigned int level, unsigned int slot, uint64_t val,
                 uint16_t pg, bool preserve_ad);

/* Audits all descriptors of a frame, rewriting them as Xen does. */
int xd_segdesc_audit(struct xd_vcpu *v, xd_mfn mfn);
/* May a guest have this descriptor? *desc becomes what is stored. AS-XEN: check_descriptor */
bool xd_descriptor_ok(uint64_t *desc);

#endif
