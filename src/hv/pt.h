/* SPDX-License-Identifier: MIT */
/*
 * pt.h: walking page tables as the processor does.
 */
#ifndef XD_HV_PT_H
#define XD_HV_PT_H

#include "hv/frame.h"

#define XD_PF_PRESENT 1u
#define XD_PF_WRITE   2u
#define XD_PF_USER    4u

struct xd_walk {
    uint64_t *entry[5]; /* [4]..[1]: the entries on the way; NULL where the walk did not get */
    uint64_t value[5];  /* what stood there */
    unsigned char *mem; /* the byte at the address; NULL: beyond RAM, or the fault below */
    bool m2p;           /* inside Xen's read-only M2P window, below the guest's L4 */
    bool ok;
    unsigned int level; /* not ok: level of the entry that stopped the walk; 0: the address is not
                           canonical */
    uint32_t error; /* not ok: XD_PF_PRESENT if the entry was there and forbids it; XD_PF_WRITE for
                       a write */
};

/* Walks (va) from root table (cr3) for a user-level (write or) read. Changes nothing. */
void xd_walk(struct xd_hv *hv, xd_mfn cr3, uint64_t va, bool write, struct xd_walk *w);

/* Sets A in the entries of a walk that was ok, and D in the last one if it was for a write. */
void xd_walk_mark(struct xd_hv *hv, const struct xd_walk *w, bool write);

/* #PF for an access at (va) that the walk (w) did not allow: fills *fault, and CR2 where the guest finds
 * it. XD_ACCESS_FAULT. */
enum xd_access xd_page_fault(struct xd_vcpu *v, uint64_t va, const struct xd_walk *w,
                             struct xd_fault *fault);

/* The root that (v) runs on in its present mode. */
static inline xd_mfn xd_vcpu_root(const struct xd_vcpu *v)
{
    return v->kernel_mode ? v->cr3 : v->user_cr3;
}

#endif
