/* SPDX-License-Identifier: MIT */
/* records.c: see records.h. */
#include "records.h"

#include "hv/frame.h"

#include <stdlib.h>
#include <string.h>

#define RECORDS (XD_PAGE_SIZE / XD_XEN_RECORD_SIZE)

static struct xd_hv *hv;
static struct xd_machine *machine;
static unsigned char *seen; /* records as they were last looked at, by pages of them */
static uint64_t seen_made;  /* machines and domains, when they were */
static bool *lively;        /* by pages of records */

void xd_records_begin(struct xd_hv *view, struct xd_machine *of)
{
    const uint64_t frames = of->xen.ram_size / XD_PAGE_SIZE, made = of->boots + of->rebuilds;

    hv = view;
    machine = of;
    if (!seen) {
        hv->frame = xd_zalloc(frames * sizeof(*hv->frame));
        seen = xd_zalloc(frames * XD_XEN_RECORD_SIZE);
        lively = xd_zalloc(frames / RECORDS * sizeof(*lively));
    }
    if (seen_made != made) /* records may be the same, and the owner's number not */
        memset(seen, 0xff, frames * XD_XEN_RECORD_SIZE);
    seen_made = made;
    memset(lively, 0, frames / RECORDS * sizeof(*lively));
}

void xd_records_lively(uint64_t mfn)
{
    lively[mfn / RECORDS] = true;
}

static void see_frame(uint64_t mfn)
{
    struct xd_xen_frame f;

    xd_xen_frame_at(&machine->xen, mfn, &f);
    hv->frame[mfn] = (struct xd_frame){
        .count = (uint32_t)f.count,
        .type_count = (uint32_t)f.type_count,
        .type = (uint8_t)f.type,
        .owner = f.owner == ~0u ? XD_DOMID_NONE : (uint16_t)f.owner,
        .linear = (int16_t)f.linear,
        .flags = (uint8_t)((f.allocated ? XD_FRAME_ALLOCATED : 0) |
                           (f.xen_heap ? XD_FRAME_XEN_HEAP : 0) | (f.pinned ? XD_FRAME_PINNED : 0) |
                           (f.validated ? XD_FRAME_VALIDATED : 0)),
    };
}

void xd_records_look(bool all)
{
    uint64_t pages = (hv->frames + RECORDS - 1) / RECORDS;

    for (uint64_t i = 0; i < pages; i++) {
        const unsigned char *now = machine->xen.records[i];
        unsigned char *then = seen + i * XD_PAGE_SIZE;

        if (!(all || lively[i]) || !memcmp(now, then, XD_PAGE_SIZE))
            continue;
        lively[i] = true;
        for (uint64_t mfn = i * RECORDS; mfn < (i + 1) * RECORDS && mfn < hv->frames; mfn++)
            if (memcmp(now + mfn % RECORDS * XD_XEN_RECORD_SIZE,
                       then + mfn % RECORDS * XD_XEN_RECORD_SIZE, XD_XEN_RECORD_SIZE))
                see_frame(mfn);
        memcpy(then, now, XD_PAGE_SIZE);
    }
}
