/* SPDX-License-Identifier: MIT */
/* count.h: tests/coverage/count.c, in builds that count; nothing in others. */
#ifndef XD_HV_CALL_COUNT_H
#define XD_HV_CALL_COUNT_H

#include "hv/hv.h"

#ifdef XD_COUNT
/* (v) makes call (nr), which has a row, with these registers. */
void xd_count_made(struct xd_vcpu *v, uint64_t nr, const uint64_t *arg);
#else
static inline void xd_count_made(struct xd_vcpu *v, uint64_t nr, const uint64_t *arg)
{
    (void)v;
    (void)nr;
    (void)arg;
}
#endif

#endif
