/* SPDX-License-Identifier: MIT */
/*
 * mtrr.h: registers of the processor that rule how ranges of memory are cached, as a control domain has them set.
 */
#ifndef XD_HV_MTRR_H
#define XD_HV_MTRR_H

#include "hv/hv.h"

#define XD_MTRR_TYPES 7u

/* As the firmware left them: what lies above 2 GiB is devices'. */
void xd_mtrr_init(struct xd_hv *hv);

/* What may be in the way of a range. */
enum xd_mtrr_wrong {
    XD_MTRR_FINE,
    XD_MTRR_OVERLAP,  /* it lies across the edge of another */
    XD_MTRR_MISMATCH, /* it lies within one of another type */
    XD_MTRR_FULL,     /* all registers are in use */
};

/*
 * Looks for the register that is to have (frames) frames, 1 or more, from (first) on, of (type): (*reg). It covers them already
 * if they are (*there), or has the only range of that type among those that lie within, and grows. Of another kind than
 * FINE: (*reg) is the register that is in the way. AS-XEN: mtrr_add_page
 */
enum xd_mtrr_wrong xd_mtrr_find(const struct xd_hv *hv, uint64_t first, uint64_t frames,
                                uint32_t type, uint32_t *reg, bool *there);

/* What was found is asked for: one user more if it was (there), else the range is set. */
void xd_mtrr_add(struct xd_hv *hv, uint64_t first, uint64_t frames, uint32_t type, uint32_t reg,
                 bool there);

/* A user less of (reg), which is in use; the last one frees it. */
void xd_mtrr_put(struct xd_hv *hv, uint32_t reg);

#endif
