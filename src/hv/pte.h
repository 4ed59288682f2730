/* SPDX-License-Identifier: MIT */
/* pte.h: page-table entries as x86-64 defines them and as Xen restricts them. */
#ifndef XD_HV_PTE_H
#define XD_HV_PTE_H

#include "base/bug.h"
#include "base/newtype.h"

#define XD_PAGE_SHIFT 12
#define XD_PAGE_SIZE  4096u
#define XD_PT_SLOTS   512u

#define XD_PTE_P      UINT64_C(0x001)
#define XD_PTE_RW     UINT64_C(0x002)
#define XD_PTE_US     UINT64_C(0x004)
#define XD_PTE_PWT    UINT64_C(0x008)
#define XD_PTE_PCD    UINT64_C(0x010)
#define XD_PTE_A      UINT64_C(0x020)
#define XD_PTE_D      UINT64_C(0x040)
#define XD_PTE_PAT    UINT64_C(0x080) /* L1 */
#define XD_PTE_PSE    UINT64_C(0x080) /* L2 and up */
#define XD_PTE_G      UINT64_C(0x100)
#define XD_PTE_GK     (UINT64_C(1) << 52) /* Xen's mark of a guest kernel mapping */
#define XD_PTE_GNTTAB (UINT64_C(1) << 62) /* of a grant's, in debug builds */
#define XD_PTE_NX     (UINT64_C(1) << 63)
#define XD_PTE_MFN    UINT64_C(0x000ffffffffff000)
#define XD_PTE_CACHE  (XD_PTE_PWT | XD_PTE_PCD | XD_PTE_PAT)

/* Bits a guest may not set in an entry above L1, and in an L1 entry without I/O rights. */
#define XD_PTE_UPPER_DISALLOWED (XD_PTE_PWT | XD_PTE_PCD | XD_PTE_PSE | XD_PTE_G)
#define XD_PTE_L1_DISALLOWED    XD_PTE_CACHE

/* Entries that agree in these bits differ in nothing that is counted: no check is needed to go from
 * one to the other. */
#define XD_PTE_COUNTED (XD_PTE_MFN | XD_PTE_P | XD_PTE_RW | XD_PTE_PWT | XD_PTE_PCD | XD_PTE_PAT)

static inline bool xd_pte_counts_alike(uint64_t a, uint64_t b) /* AS-XEN: FASTPATH_FLAG_WHITELIST */
{
    return !((a ^ b) & XD_PTE_COUNTED);
}

/* The frame number that says "none" in an entry. */
#define XD_MFN_INVALID UINT64_C(0xffffffffff)

/* L4 slots 256 to 271 are Xen's. */
#define XD_L4_XEN_FIRST      256u
#define XD_L4_XEN_END        272u
#define XD_L4_SLOT_RO_M2P    256u
#define XD_L4_SLOT_LINEAR    258u
#define XD_L4_SLOT_PERDOMAIN 260u

#define XD_GUEST_LOW_END    UINT64_C(0x0000800000000000)
#define XD_HYPERVISOR_START UINT64_C(0xffff800000000000)
#define XD_HYPERVISOR_END   UINT64_C(0xffff880000000000)
#define XD_RO_M2P_START     XD_HYPERVISOR_START
#define XD_RO_M2P_END       UINT64_C(0xffff804000000000)

static inline bool xd_l4_slot_guest(unsigned int slot)
{
    return slot < XD_L4_XEN_FIRST || slot >= XD_L4_XEN_END;
}

/* May Xen follow (va) for a guest? Start address only, as Xen's own range check. AS-XEN: __addr_ok
 */
static inline bool xd_va_ok(uint64_t va)
{
    return va < XD_GUEST_LOW_END || va >= XD_HYPERVISOR_END;
}

static inline bool xd_va_canonical(uint64_t va)
{
    return (va >> 47) == 0 || (va >> 47) == 0x1ffff;
}

static inline xd_mfn xd_pte_mfn(uint64_t pte)
{
    return xd_mfn_of((pte & XD_PTE_MFN) >> XD_PAGE_SHIFT);
}

static inline uint64_t xd_pte_make(xd_mfn mfn, uint64_t flags)
{
    return (mfn.v << XD_PAGE_SHIFT & XD_PTE_MFN) | flags;
}

/* Index of (va) in a table of (level) 1..4. */
static inline unsigned int xd_pt_slot(uint64_t va, unsigned int level)
{
    return (unsigned int)(va >> (XD_PAGE_SHIFT + 9 * (level - 1))) & (XD_PT_SLOTS - 1);
}

/*
 * The bits Xen adds to a present entry of (level) before it stores it; it never removes any.
 * AS-XEN: adjust_guest_l1e: a kernel entry gets US and GK, a user entry G.
 */
static inline uint64_t xd_pte_adjust(uint64_t pte, unsigned int level)
{
    if (!(pte & XD_PTE_P))
        return pte;
    if (level == 4)
        return pte | XD_PTE_US | XD_PTE_A;
    if (level > 1)
        return pte | XD_PTE_US;
    if (!(pte & XD_PTE_US))
        pte |= XD_PTE_US | XD_PTE_GK;
    if (!(pte & XD_PTE_GK))
        pte |= XD_PTE_G;
    return pte;
}

#endif
