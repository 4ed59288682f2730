/* SPDX-License-Identifier: MIT */
/* place.c: where the frames of the real machine's domains lie, and which are free, told so that a double can be laid out alike. */
#include "real.h"

#include "hv/hv.h"

#include <inttypes.h>

#define FREE_TOLD     256u
#define FREE_TOLD_LOW 16u /* besides, for calls that want a narrow address: */
#define FREE_LOW      0x1000u

static struct xd_machine *const machine = &xd_real_machine;

static bool is_free(uint64_t mfn)
{
    struct xd_xen_frame f;

    xd_xen_frame_at(&machine->xen, mfn, &f);
    return !f.count && !f.type_count && !f.pinned;
}

/* Some frames that Xen has left; the same ones as long as it has them. */
static void print_free(struct xd_str *out)
{
    static uint64_t left[FREE_TOLD + FREE_TOLD_LOW];
    static unsigned int nr;
    uint64_t frames = machine->frames;
    bool still = nr > 0;

    for (unsigned int i = 0; i < nr; i++)
        still = still && is_free(left[i]);
    if (!still)
        nr = 0;
    for (uint64_t mfn = frames; !still && mfn-- > frames / 2 && nr < FREE_TOLD;)
        if (is_free(mfn))
            left[nr++] = mfn;
    for (uint64_t mfn = FREE_LOW;
         !still && mfn-- > XD_LOW_FRAMES && nr < FREE_TOLD + FREE_TOLD_LOW;)
        if (is_free(mfn))
            left[nr++] = mfn;
    xd_str_addf(out, "place free 0 %u", machine->frames);
    for (unsigned int i = 0; i < nr; i++)
        xd_str_addf(out, " 0x%" PRIx64, left[i]);
    xd_str_addc(out, '\n');
}

void xd_real_print_place(struct xd_str *out)
{
    for (unsigned int g = 0; g < XD_XEN_DOMAINS; g++) {
        if (!machine->guest[g].there)
            continue;
        xd_str_addf(out, "place d%u %u %u 0x%" PRIx64, g, XD_KERNEL_PAGES, machine->frames,
                    machine->guest[g].start.shared_info_mfn);
        for (uint64_t pfn = 0; pfn < machine->guest[g].start.pages; pfn++)
            xd_str_addf(out, " 0x%" PRIx64, machine->guest[g].mfn[pfn]);
        xd_str_addc(out, '\n');
    }
    print_free(out);
}
