/* SPDX-License-Identifier: MIT */
/* mtrr.c: see mtrr.h. */
#include "hv/mtrr.h"

#define UNCACHABLE    0u
#define WRITE_THROUGH 4u
#define WRITE_BACK    6u
#define DEVICES       0x80000u /* frames: 2 GiB */

void xd_mtrr_init(struct xd_hv *hv)
{
    hv->mtrr[0] =
        (struct xd_mtrr){.first = DEVICES, .frames = DEVICES, .users = 1, .type = UNCACHABLE};
}

/* May a range of one type lie within one of the other? */
static bool go_together(uint32_t a, uint32_t b)
{
    return a == UNCACHABLE || b == UNCACHABLE || (a == WRITE_THROUGH && b == WRITE_BACK) ||
           (a == WRITE_BACK && b == WRITE_THROUGH);
}

enum xd_mtrr_wrong xd_mtrr_find(const struct xd_hv *hv, uint64_t first, uint64_t frames,
                                uint32_t type, uint32_t *reg, bool *there)
{
    const uint64_t last = first + frames - 1;
    uint32_t within = 0, inner = 0;

    *there = false;
    for (uint32_t i = 0; i < XD_MTRRS; i++) {
        const struct xd_mtrr *m = &hv->mtrr[i];
        const uint64_t end = m->first + m->frames - 1;

        *reg = i;
        if (!m->frames || first > end || last < m->first)
            continue;
        if (first < m->first || last > end) {
            if (first > m->first || last < end || (type != m->type && !go_together(type, m->type)))
                return XD_MTRR_OVERLAP;
            within += type == m->type;
            inner = type == m->type ? i : inner;
            continue;
        }
        if (m->type == type) {
            *there = true;
            return XD_MTRR_FINE;
        }
        if (!go_together(type, m->type))
            return XD_MTRR_MISMATCH;
    }
    if (within == 1) { /* it grows */
        *reg = inner;
        return XD_MTRR_FINE;
    }
    for (uint32_t i = 0; i < XD_MTRRS; i++) {
        *reg = i;
        if (!hv->mtrr[i].frames)
            return XD_MTRR_FINE;
    }
    return XD_MTRR_FULL;
}

void xd_mtrr_add(struct xd_hv *hv, uint64_t first, uint64_t frames, uint32_t type, uint32_t reg,
                 bool there)
{
    struct xd_mtrr *m = &hv->mtrr[reg];
    const bool grows = !there && m->frames;

    XD_PUT(hv, m->users, there || grows ? m->users + 1 : 1);
    if (there)
        return;
    XD_PUT(hv, m->first, first);
    XD_PUT(hv, m->frames, frames);
    XD_PUT(hv, m->type, (uint8_t)type);
}

void xd_mtrr_put(struct xd_hv *hv, uint32_t reg)
{
    struct xd_mtrr *m = &hv->mtrr[reg];

    XD_PUT(hv, m->users, m->users - 1);
    if (m->users)
        return;
    XD_PUT(hv, m->first, 0);
    XD_PUT(hv, m->frames, 0);
    XD_PUT(hv, m->type, 0);
}
