/* SPDX-License-Identifier: MIT */
/*
 * pagetype.c: type references, audits and their undoing.
 *
 * Up: xd_type_get on a frame nobody uses audits it, entry by entry, depth first; each present entry
 * takes references of what it points at. Down: when the last user of a table goes, every entry
 * gives its references back. An audit that fails gives back what it took, but leaves the bits it
 * had added to the entries before: so does Xen.
 */
#include "hv/pagetype.h"

#include "abi/errno.h"
#include "hv/tlb.h"

#define ASSIST_M2P_STRICT 32

/* ---- Linear tables: an entry may lead to a table of its own level, read-only, one step deep. ----
 */

/* Why entry (e) of (table) can't be a linear one; NONE: it can. AS-XEN: define_get_linear_pagetable
 */
static enum xd_why linear_refusal(struct xd_hv *hv, uint64_t e, unsigned int level, xd_mfn table)
{
    const struct xd_frame *holder = xd_frame_at(hv, table),
                          *target = xd_frame_at(hv, xd_pte_mfn(e));

    if (e & XD_PTE_RW)
        return XD_WHY_LINEAR_WRITABLE;
    if (xd_pte_mfn(e).v == table.v)
        return XD_WHY_NONE;
    if (holder->linear < 0 || holder->linear == INT16_MAX)
        return XD_WHY_LINEAR_HOLDER_IS_TARGET;
    if (target->linear > 0 || target->linear == INT16_MIN)
        return XD_WHY_LINEAR_TARGET_IS_HOLDER;
    if (target->type != level || !xd_frame_lockable(target))
        return XD_WHY_LINEAR_NOT_VALIDATED;
    return XD_WHY_NONE;
}

static void linear_get(struct xd_hv *hv, xd_mfn target_mfn, xd_mfn table)
{
    struct xd_frame *holder = xd_frame_at(hv, table), *target = xd_frame_at(hv, target_mfn);

    if (target_mfn.v == table.v)
        return; /* a table that maps itself holds nothing by it */
    xd_frame_get(hv, target_mfn, target->owner);
    XD_PUT(hv, target->type_count, target->type_count + 1);
    XD_PUT(hv, holder->linear, (int16_t)(holder->linear + 1));
    XD_PUT(hv, target->linear, (int16_t)(target->linear - 1));
}

/* The frame is in use as something else: try the linear way, else let the refusal stand. */
static int linear_or(struct xd_vcpu *v, int rc, uint64_t e, unsigned int level, xd_mfn table,
                     struct xd_domain *d)
{
    xd_mfn target = xd_pte_mfn(e);
    enum xd_why why;

    if (rc != -XD_EINVAL || !xd_frame_owned(v->hv, target, d->domid))
        return rc;
    why = linear_refusal(v->hv, e, level, table);
    if (why == XD_WHY_NONE) {
        linear_get(v->hv, target, table);
        v->rec.reject.why = XD_WHY_NONE;
        return 0;
    }
    if (xd_frame_at(v->hv, target)->type == level) {
        v->rec.reject.also = (uint16_t)why;
        v->rec.reject.also_arg[0] = why == XD_WHY_LINEAR_HOLDER_IS_TARGET ? table.v : target.v;
        v->rec.reject.also_arg[1] = level;
    }
    return rc;
}

/* ---- Entries above L1 ---- */

int xd_upper_refuse_bits(struct xd_vcpu *v, uint64_t e, unsigned int level)
{
    static const enum xd_why why[] = {
        [2] = XD_WHY_L2E_BITS, [3] = XD_WHY_L3E_BITS, [4] = XD_WHY_L4E_BITS};

    return (int)xd_reject(v, why[level], e, e & XD_PTE_UPPER_DISALLOWED);
}

int xd_upper_get(struct xd_vcpu *v, uint64_t e, unsigned int level, xd_mfn table,
                 struct xd_domain *d)
{
    int rc;

    if (XD_UNLIKELY(e & XD_PTE_UPPER_DISALLOWED))
        return xd_upper_refuse_bits(v, e, level);
    if (!xd_frame_get(v->hv, xd_pte_mfn(e), d->domid))
        return (int)xd_reject(v, XD_WHY_CHILD_NOT_OWNED, xd_pte_mfn(e).v, d->domid, level - 1);
    rc = xd_type_get(v, xd_pte_mfn(e), (enum xd_type)(level - 1));
    if (rc == 0)
        return 0;
    xd_frame_put(v->hv, xd_pte_mfn(e));
    return linear_or(v, rc, e, level, table, d);
}

void xd_upper_put(struct xd_hv *hv, uint64_t e, unsigned int level, xd_mfn table)
{
    xd_mfn mfn = xd_pte_mfn(e);
    struct xd_frame *f = xd_frame_at(hv, mfn), *holder = xd_frame_at(hv, table);

    if (!(e & XD_PTE_P) || mfn.v == table.v)
        return;
    if (f->type == level) {
        XD_PUT(hv, holder->linear, (int16_t)(holder->linear - 1));
        XD_PUT(hv, f->linear, (int16_t)(f->linear + 1));
    }
    xd_page_and_type_put(hv, mfn);
}

/* ---- Xen's slots of an L4 table ---- */

uint64_t xd_l4_m2p_entry(const struct xd_hv *hv)
{
    return xd_pte_make(hv->m2p_l3, XD_PTE_P | XD_PTE_US | XD_PTE_A);
}

void xd_l4_show_m2p(struct xd_hv *hv, xd_mfn mfn, bool shown)
{
    XD_PUT(hv, xd_frame_words(hv, mfn)[XD_L4_SLOT_RO_M2P], shown ? xd_l4_m2p_entry(hv) : 0);
}

bool xd_m2p_strict(const struct xd_domain *d)
{
    return d->vm_assist >> ASSIST_M2P_STRICT & 1;
}

void xd_l4_xen_slots(const struct xd_domain *d, xd_mfn mfn, uint64_t *slot)
{
    const struct xd_hv *hv = d->hv;
    uint64_t own = XD_PTE_P | XD_PTE_RW | XD_PTE_A | XD_PTE_D |
                   XD_PTE_NX; /* no US: out of the guest's reach */

    for (unsigned int i = 0; i < XD_L4_XEN_END - XD_L4_XEN_FIRST; i++)
        slot[i] = 0;
    if (xd_m2p_strict(d))
        slot[XD_L4_SLOT_RO_M2P - XD_L4_XEN_FIRST] = xd_l4_m2p_entry(hv);
    slot[XD_L4_SLOT_LINEAR - XD_L4_XEN_FIRST] = xd_pte_make(mfn, own);
    slot[XD_L4_SLOT_PERDOMAIN - XD_L4_XEN_FIRST] = xd_pte_make(d->perdomain, own);
    slot[XD_L4_SLOT_PERDOMAIN + 1 - XD_L4_XEN_FIRST] =
        xd_pte_make(xd_mfn_of(hv->heap_first - 2), own & ~XD_PTE_NX); /* its text, too */
    slot[XD_L4_SLOT_PERDOMAIN + 2 - XD_L4_XEN_FIRST] =
        xd_pte_make(xd_mfn_of(hv->heap_first - 1), own);
}

static void fill_xen_slots(struct xd_hv *hv, xd_mfn mfn, const struct xd_domain *d)
{
    uint64_t slot[XD_L4_XEN_END - XD_L4_XEN_FIRST];

    xd_l4_xen_slots(d, mfn, slot);
    xd_arena_write(xd_arena_of(hv), xd_frame_words(hv, mfn) + XD_L4_XEN_FIRST, slot, sizeof(slot));
}

/* ---- Audits ---- */

static void put_upper_slots(struct xd_hv *hv, xd_mfn mfn, unsigned int level, unsigned int end)
{
    const uint64_t *e = xd_frame_words(hv, mfn);

    for (unsigned int i = 0; i < end; i++)
        if (e[i] & XD_PTE_P && (level < 4 || xd_l4_slot_guest(i)))
            xd_upper_put(hv, e[i], level, mfn);
}

static int audit_upper(struct xd_vcpu *v, xd_mfn mfn, unsigned int level, struct xd_domain *d)
{
    uint64_t *e = xd_frame_words(v->hv, mfn);

    for (unsigned int i = 0; i < XD_PT_SLOTS; i++) {
        int rc;

        if (!(e[i] & XD_PTE_P) || (level == 4 && !xd_l4_slot_guest(i)))
            continue;
        rc = xd_upper_get(v, e[i], level, mfn, d);
        if (XD_UNLIKELY(rc)) {
            xd_reject_via(v, mfn, level, i);
            put_upper_slots(v->hv, mfn, level, i);
            if (i == 0) /* AS-XEN: validate_page: with nothing to unwind, the type goes too */
                XD_PUT(v->hv, xd_frame_at(v->hv, mfn)->type, XD_TYPE_NONE);
            else
                XD_PUT(v->hv, v->table_left, true);
            return rc;
        }
        xd_entry_adjusted(v->hv, &e[i], xd_pte_adjust(e[i], level));
    }
    if (level == 4)
        fill_xen_slots(v->hv, mfn, d);
    return 0;
}

static int audit(struct xd_vcpu *v, xd_mfn mfn, enum xd_type type)
{
    struct xd_frame *f = xd_frame_at(v->hv, mfn);
    struct xd_domain *d;
    int rc;

    if (type == XD_TYPE_SEG_DESC) {
        rc = xd_segdesc_audit(v, mfn);
    } else {
        d = xd_domain_by_id(v->hv, f->owner);
        XD_INVARIANT(v->hv, d != NULL);
        rc = type == XD_TYPE_L1 ? xd_l1_take(v, mfn, d) : audit_upper(v, mfn, type, d);
    }
    if (rc == 0) {
        XD_PUT(v->hv, f->flags, f->flags | XD_FRAME_VALIDATED);
        return 0;
    }
    XD_PUT(v->hv, f->type_count, 0);
    return rc;
}

/* The first user of a frame in (type). The count is 0, so what it was before does not matter. */
static int type_take(struct xd_vcpu *v, xd_mfn mfn, enum xd_type type)
{
    struct xd_frame *f = xd_frame_at(v->hv, mfn);
    uint8_t old = f->type;
    struct xd_domain *d;

    if (old == type && f->flags & XD_FRAME_VALIDATED) {
        XD_PUT(v->hv, f->type_count, 1);
        return 0;
    }
    XD_PUT(v->hv, f->type, (uint8_t)type);
    XD_PUT(v->hv, f->flags, (uint8_t)(f->flags & ~XD_FRAME_VALIDATED));
    XD_PUT(v->hv, f->linear, 0);
    XD_PUT(v->hv, f->type_count, 1);
    if (old != type && old != XD_TYPE_NONE) {
        d = xd_domain_by_id(v->hv, f->owner);
        if (d)
            xd_tlb_flush_domain(d);
    }
    if (type == XD_TYPE_WRITABLE) {
        XD_PUT(v->hv, f->flags, f->flags | XD_FRAME_VALIDATED);
        return 0;
    }
    return audit(v, mfn, type);
}

int xd_type_get(struct xd_vcpu *v, xd_mfn mfn, enum xd_type type)
{
    struct xd_frame *f = xd_frame_at(v->hv, mfn);

    if (f->type_count == 0)
        return type_take(v, mfn, type);
    if (f->type != type)
        return (int)xd_reject(
            v, f->type == XD_TYPE_WRITABLE ? XD_WHY_FRAME_MAPPED_WRITABLE : XD_WHY_FRAME_OTHER_TYPE,
            mfn.v, type, f->type_count, f->type);
    /* A frame under audit can only be met again at another level, so it was refused just above. */
    XD_INVARIANT(v->hv, f->flags & XD_FRAME_VALIDATED);
    XD_PUT(v->hv, f->type_count, f->type_count + 1);
    return 0;
}

void xd_type_put(struct xd_hv *hv, xd_mfn mfn)
{
    struct xd_frame *f = xd_frame_at(hv, mfn);

    XD_INVARIANT(hv, f->type_count > 0);
    if (f->type_count == 1 && xd_type_is_table(f->type)) {
        XD_INVARIANT(hv, f->flags & XD_FRAME_VALIDATED);
        XD_PUT(hv, f->flags, (uint8_t)(f->flags & ~XD_FRAME_VALIDATED));
        if (f->type == XD_TYPE_L1)
            xd_l1_drop(hv, mfn, XD_PT_SLOTS);
        else
            put_upper_slots(hv, mfn, f->type, XD_PT_SLOTS);
    }
    XD_PUT(hv, f->type_count, f->type_count - 1);
}

int xd_page_and_type_get(struct xd_vcpu *v, xd_mfn mfn, uint16_t owner, enum xd_type type,
                         enum xd_why not_owned)
{
    int rc;

    if (!xd_frame_get(v->hv, mfn, owner))
        return (int)xd_reject(v, not_owned, mfn.v, owner);
    rc = xd_type_get(v, mfn, type);
    if (rc)
        xd_frame_put(v->hv, mfn);
    return rc;
}

void xd_page_and_type_put(struct xd_hv *hv, xd_mfn mfn)
{
    xd_type_put(hv, mfn);
    xd_frame_put(hv, mfn);
}
