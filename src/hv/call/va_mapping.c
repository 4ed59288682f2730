/* SPDX-License-Identifier: MIT */
/*
 * va_mapping.c: update_va_mapping: the L1 entry for an address of the current kernel page tables,
 * and a flush.
 *
 * The flush happens only if the entry was changed; a bitmap that can't be read is found only
 * afterwards.
 */
#include "hv/call/foreign.h"
#include "hv/pagetype.h"
#include "hv/tlb.h"

enum { UVMF_TLB_FLUSH = 1, UVMF_INVLPG = 2, UVMF_TYPE_MASK = 3, UVMF_LOCAL = 0, UVMF_ALL = 4 };

/* The L1 table that maps (va); every level above must be present. AS-XEN: map_guest_l1e reads them
 * as the processor would */
static int find_table(struct xd_vcpu *v, uint64_t va, xd_mfn *table)
{
    *table = v->cr3;
    for (unsigned int level = 4; level > 1; level--) {
        uint64_t e = xd_frame_words(v->hv, *table)[xd_pt_slot(va, level)];

        if (!(e & XD_PTE_P) || (level == 2 && e & XD_PTE_PSE))
            return (int)xd_reject(v, XD_WHY_VA_NO_TABLE, va, level, e);
        *table = xd_pte_mfn(e);
        if (level > 2)
            XD_INVARIANT(v->hv,
                         xd_mfn_valid(v->hv, *table)); /* a live table links live tables only */
    }
    return 0;
}

static int change(struct xd_vcpu *v, uint64_t va, uint64_t val, uint16_t pg)
{
    struct xd_frame *f;
    xd_mfn table;
    int rc;

    if (!xd_va_ok(va))
        return (int)xd_reject(v, XD_WHY_VA_RANGE, va);
    rc = find_table(v, va, &table);
    if (rc)
        return rc;
    if (!xd_frame_owned(v->hv, table, v->domain->domid))
        return (int)xd_reject(v, XD_WHY_VA_TABLE_FOREIGN, table.v);
    f = xd_frame_at(v->hv, table);
    if (!xd_frame_lockable(f) || f->type != XD_TYPE_L1)
        return (int)xd_reject(v, XD_WHY_VA_TABLE_TYPE, table.v, f->type);
    return xd_entry_mod(v, table, 1, xd_pt_slot(va, 1), val, pg, false);
}

static int flush(struct xd_vcpu *v, uint64_t va, uint64_t flags)
{
    uint64_t type = flags & UVMF_TYPE_MASK, whom = flags & ~(uint64_t)UVMF_TYPE_MASK;
    const uint64_t *one = type == UVMF_INVLPG ? &va : NULL;
    uint64_t mask = UINT64_C(1) << v->id;

    if (type != UVMF_TLB_FLUSH && type != UVMF_INVLPG)
        return 0;
    if (whom == UVMF_ALL)
        mask = ~UINT64_C(0);
    else if (whom != UVMF_LOCAL && !xd_vcpumask_get(v, whom, &mask))
        return (int)xd_reject(v, XD_WHY_VA_FLUSH_MASK, whom);
    xd_flush_mask(v, mask, one);
    return 0;
}

static int64_t update(struct xd_vcpu *v, uint64_t va, uint64_t val, uint64_t flags,
                      const struct xd_foreign *fd)
{
    int rc;

    if (!xd_foreign_allowed(v, fd))
        return xd_reject(v, XD_WHY_VA_MAPPING_PERMISSION, fd->id, v->domain->domid);
    rc = change(v, va, val, fd->id);
    return rc ? rc : flush(v, va, flags);
}

int64_t xd_hc_update_va_mapping(struct xd_vcpu *v, const struct xd_args_update_va_mapping *arg)
{
    struct xd_foreign self = {v->domain->domid, v->domain};

    return update(v, arg->va, arg->val, arg->flags, &self);
}

int64_t xd_hc_update_va_mapping_otherdomain(struct xd_vcpu *v,
                                            const struct xd_args_update_va_mapping_otherdomain *arg)
{
    struct xd_foreign fd;

    if (!xd_foreign_find(v, arg->domid, &fd))
        return xd_reject(v, XD_WHY_FD_UNKNOWN, arg->domid);
    return update(v, arg->va, arg->val, arg->flags, &fd);
}
