/* SPDX-License-Identifier: MIT */
/* tsc.c: the time stamp counter as a domain finds it. */
#include "hv/tsc.h"

#define MUL_HIGHEST 0x80000000u /* a multiplier that halves */

void xd_time_scale(uint64_t hz, uint32_t *mul, int8_t *shift)
{
    for (*shift = 0; hz > 2 * XD_SECOND_NS; hz >>= 1)
        --*shift;
    for (; hz <= XD_SECOND_NS; hz <<= 1)
        ++*shift;
    *mul = (uint32_t)((XD_SECOND_NS << 32) / hz);
}

/* AS-XEN: scale_reciprocal */
static void invert(uint32_t *mul, int8_t *shift)
{
    uint64_t dividend = MUL_HIGHEST;

    for (*shift = (int8_t)(1 - *shift); dividend >= *mul; dividend >>= 1)
        ++*shift;
    *mul = (uint32_t)((dividend << 32) / *mul);
}

/* AS-XEN: scale_delta */
static uint64_t scale(uint64_t delta, uint32_t mul, int8_t shift)
{
    delta = shift < 0 ? delta >> -shift : delta << shift;
    return (uint64_t)((delta >> 32) * mul + ((delta & UINT32_MAX) * mul >> 32));
}

void xd_tsc_scale(const struct xd_domain *d, uint32_t *mul, int8_t *shift)
{
    xd_time_scale((d->vtsc_khz ? d->vtsc_khz : d->hv->config.cpu_khz) * UINT64_C(1000), mul, shift);
}

/*
 * AS-XEN: host_tsc_is_safe: the processor does not say that its counter is invariant. DIFFERS: the host's counts as such, where that
 * is followed: linked code reads it.
 */
static bool is_trusted(const struct xd_hv *hv)
{
    return hv->host->clock != NULL;
}

void xd_tsc_set(struct xd_domain *d, uint32_t mode, uint64_t elapsed, uint32_t khz,
                uint32_t incarnation)
{
    struct xd_hv *hv = d->hv;
    const uint32_t own = (uint32_t)hv->config.cpu_khz;
    const bool emulated = mode == XD_TSC_EMULATED ||
                          (mode == XD_TSC_DEFAULT && (!is_trusted(hv) || (khz && khz != own)));

    if (d->hardware)
        return;
    XD_PUT(hv, d->vtsc_khz, !emulated ? 0 : khz ? khz : own);
    XD_PUT(hv, d->vtsc_since, emulated ? hv->now_ns - elapsed : 0);
    XD_PUT(hv, d->tsc_mode, mode);
    XD_PUT(hv, d->tsc_incarnation, incarnation + 1);
}

uint64_t xd_tsc_elapsed(const struct xd_domain *d, uint32_t *khz)
{
    uint64_t ns = d->hv->now_ns - d->vtsc_since;

    *khz = 0;
    if (d->tsc_mode == XD_TSC_NATIVE)
        return 0;
    *khz = d->vtsc_khz ? d->vtsc_khz : (uint32_t)d->hv->config.cpu_khz;
    if (d->hardware || (int64_t)ns < 0) /* for the hardware domain Xen never set by what to count */
        return 0;
    return ns;
}

/* Times before it began to count are compared as unsigned numbers: one that began before system time 0 counts wrong in Xen, too. */
uint64_t xd_tsc_at(const struct xd_domain *d, uint64_t ns, uint64_t native)
{
    uint32_t mul;
    int8_t shift;

    if (!d->vtsc_khz)
        return native;
    xd_tsc_scale(d, &mul, &shift);
    invert(&mul, &shift);
    return ns < d->vtsc_since ? -scale(d->vtsc_since - ns, mul, shift)
                              : scale(ns - d->vtsc_since, mul, shift);
}
