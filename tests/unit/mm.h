/* SPDX-License-Identifier: MIT */
/*
 * mm.h: what the tests of memory management share: frames of a domain by what they are used for,
 * calls of one request, and a frame's whole state in one assertion.
 */
#ifndef XD_TESTS_MM_H
#define XD_TESTS_MM_H

#include "fixture.h"

#include "hv/pagetype.h"

enum { PIN_L1, PIN_L2, PIN_L3, PIN_L4, UNPIN, NEW_BASEPTR, NEW_USER_BASEPTR = 15 };

/* The (k)-th page of (d) that nothing maps and nothing uses. */
uint64_t mm_page(struct xd_domain *d, unsigned int k);

/* The (k)-th page that is mapped writable once, and where. fixture_place uses others. */
uint64_t mm_va(struct xd_domain *d, unsigned int k);
uint64_t mm_mapped(struct xd_domain *d, unsigned int k);

/* A frame that is free. */
uint64_t mm_free(struct xd_hv *hv);

/* The table of (level) that maps the start of the domain's region. */
uint64_t mm_table(struct xd_domain *d, unsigned int level);

/* The entry of (level) for (va), and where it lies: frame << 12 | slot * 8. */
uint64_t mm_entry(struct xd_domain *d, uint64_t va, unsigned int level);
uint64_t mm_entry_at(struct xd_domain *d, uint64_t va, unsigned int level);

static inline uint64_t mm_pte(uint64_t mfn, uint64_t flags)
{
    return xd_pte_make(xd_mfn_of(mfn), flags);
}

/* Words of memory, past all rules; only for frames that nobody uses. */
void mm_poke(struct xd_hv *hv, uint64_t mfn, unsigned int slot, uint64_t val);
uint64_t mm_word(struct xd_hv *hv, uint64_t mfn, unsigned int slot);

static inline struct xd_frame *mm_frame(struct xd_hv *hv, uint64_t mfn)
{
    return xd_frame_at(hv, xd_mfn_of(mfn));
}

/* mmu_update with one request; (ptr) includes the command. */
long mm_update_as(struct xd_fixture *f, struct xd_vcpu *v, uint64_t ptr, uint64_t val, uint64_t fd);
#define mm_update(f, v, ptr, val) mm_update_as((f), (v), (ptr), (val), DOMID_SELF)

static inline uint64_t mm_ptr(uint64_t mfn, unsigned int slot)
{
    return mfn << XD_PAGE_SHIFT | slot * 8;
}

/* mmuext_op with one request. */
long mm_ext_as(struct xd_fixture *f, struct xd_vcpu *v, uint32_t cmd, uint64_t arg1, uint64_t arg2,
               uint64_t fd);
#define mm_ext(f, v, cmd, arg1) mm_ext_as((f), (v), (cmd), (arg1), 0, DOMID_SELF)

/* update_va_mapping without a flush. */
#define mm_map(v, va, pte) fixture_call((v), 14, (va), (pte))

/* What is known of a frame: type, its users, general references, flags. */
#define ck_frame(hv, mfn, type_, type_count_, count_, flags_)                                     \
    do {                                                                                          \
        const struct xd_frame *f_ = mm_frame((hv), (mfn));                                        \
        ck_assert_msg(f_->type == (type_) && f_->type_count == (type_count_) &&                   \
                          f_->count == (count_) && f_->flags == (flags_),                         \
                      "frame %#lx is %s, %u users, %u references, flags %#x",                     \
                      (unsigned long)(mfn), xd_type_name((enum xd_type)f_->type), f_->type_count, \
                      f_->count, f_->flags);                                                      \
    } while (0)

#define ALLOC  XD_FRAME_ALLOCATED
#define VALID  XD_FRAME_VALIDATED
#define PINNED XD_FRAME_PINNED

#endif
