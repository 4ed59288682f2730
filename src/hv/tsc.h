/* SPDX-License-Identifier: MIT */
/* tsc.h: the time stamp counter as a domain finds it: the machine's own, or one that Xen emulates. */
#ifndef XD_HV_TSC_H
#define XD_HV_TSC_H

#include "hv/hv.h"

/* Modes of DOMCTL_settscinfo. */
enum { XD_TSC_DEFAULT, XD_TSC_EMULATED, XD_TSC_NATIVE };

/* Multiplier and shift that turn ticks of a counter of (hz) into ns. AS-XEN: set_time_scale */
void xd_time_scale(uint64_t hz, uint32_t *mul, int8_t *shift);

/*
 * The counter of (d) from now on, which has counted for (elapsed) ns, at (khz), or at the machine's rate for 0. By XD_TSC_DEFAULT it
 * is the machine's own if that can be trusted, and counts at the same rate. The hardware domain always has the machine's. AS-XEN: tsc_set_info
 */
void xd_tsc_set(struct xd_domain *d, uint32_t mode, uint64_t elapsed, uint32_t khz,
                uint32_t incarnation);

/* For how many ns it has counted, and at which rate; 0 of a domain that said it wants the machine's. AS-XEN: tsc_get_info */
uint64_t xd_tsc_elapsed(const struct xd_domain *d, uint32_t *khz);

/* What it shows at system time (ns), of which the machine's is (native), and what turns its ticks into ns. AS-XEN: gtime_to_gtsc */
uint64_t xd_tsc_at(const struct xd_domain *d, uint64_t ns, uint64_t native);
void xd_tsc_scale(const struct xd_domain *d, uint32_t *mul, int8_t *shift);

#endif
