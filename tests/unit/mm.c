/* SPDX-License-Identifier: MIT */
/* mm.c: see mm.h. */
#include "mm.h"

#include "hv/pt.h"

#define FIRST_MAPPED 70u /* pages of the padding before it belong to the fixture */

uint64_t mm_page(struct xd_domain *d, unsigned int k)
{
    return xd_domain_mfn(d, xd_domain_start(d)->first_free_pfn + k);
}

uint64_t mm_va(struct xd_domain *d, unsigned int k)
{
    return xd_domain_start(d)->padding_va + (FIRST_MAPPED + k) * (uint64_t)XD_PAGE_SIZE;
}

uint64_t mm_mapped(struct xd_domain *d, unsigned int k)
{
    const struct xd_start *s = xd_domain_start(d);

    return xd_domain_mfn(d, (mm_va(d, k) - s->virt_base) / XD_PAGE_SIZE);
}

uint64_t mm_free(struct xd_hv *hv)
{
    uint64_t mfn = hv->frames - 1;

    while (mm_frame(hv, mfn)->count)
        mfn--;
    ck_assert_uint_ge(mfn, hv->heap_first);
    return mfn;
}

static const uint64_t *entry(struct xd_domain *d, uint64_t va, unsigned int level)
{
    struct xd_walk w;

    xd_walk(xd_domain_hv(d), xd_vcpu_at(d, 0)->cr3, va, false, &w);
    ck_assert_ptr_nonnull(w.entry[level]);
    return w.entry[level];
}

uint64_t mm_entry(struct xd_domain *d, uint64_t va, unsigned int level)
{
    return *entry(d, va, level);
}

uint64_t mm_entry_at(struct xd_domain *d, uint64_t va, unsigned int level)
{
    return (uint64_t)((const unsigned char *)entry(d, va, level) - xd_domain_hv(d)->mem);
}

uint64_t mm_table(struct xd_domain *d, unsigned int level)
{
    const struct xd_start *s = xd_domain_start(d);

    return level == 4 ? s->cr3_mfn : xd_pte_mfn(mm_entry(d, s->virt_base, level + 1)).v;
}

void mm_poke(struct xd_hv *hv, uint64_t mfn, unsigned int slot, uint64_t val)
{
    XD_PUT(hv, xd_frame_words(hv, xd_mfn_of(mfn))[slot], val);
}

uint64_t mm_word(struct xd_hv *hv, uint64_t mfn, unsigned int slot)
{
    return xd_frame_words(hv, xd_mfn_of(mfn))[slot];
}

long mm_update_as(struct xd_fixture *f, struct xd_vcpu *v, uint64_t ptr, uint64_t val, uint64_t fd)
{
    struct xd_abi_mmu_update req = {ptr, val};

    return fixture_call(v, 1, fixture_place(f, v, &req, sizeof(req)), 1, 0, fd);
}

long mm_ext_as(struct xd_fixture *f, struct xd_vcpu *v, uint32_t cmd, uint64_t arg1, uint64_t arg2,
               uint64_t fd)
{
    struct xd_abi_mmuext_op op = {cmd, 0, arg1, arg2};

    return fixture_call(v, 26, fixture_place(f, v, &op, sizeof(op)), 1, 0, fd);
}
