/* SPDX-License-Identifier: MIT */
/* tbuf.c: see tbuf.h. */
#include "hv/tbuf.h"

#include "hv/frame.h"

#include <string.h>

static unsigned int order_of(uint32_t pages)
{
    unsigned int order = 0;

    while (UINT32_C(1) << order < pages)
        order++;
    return order;
}

static unsigned char *word(const struct xd_hv *hv, xd_mfn info, uint32_t i)
{
    return hv->mem + info.v * XD_PAGE_SIZE + i * sizeof(uint32_t);
}

static void write(struct xd_hv *hv, void *at, const void *from, size_t n)
{
    xd_arena_write(xd_arena_of(hv), at, from, n);
}

xd_mfn xd_tbuf_page(const struct xd_hv *hv, uint32_t i)
{
    uint32_t mfn;

    memcpy(&mfn, word(hv, hv->trace_info, XD_TBUF_FIRST + i), sizeof(mfn));
    return xd_mfn_of(mfn);
}

bool xd_tbuf_has(const struct xd_hv *hv, xd_mfn mfn)
{
    return hv->trace_info.v &&
           (hv->frame[mfn.v].owner == XD_DOMID_XEN ||
            mfn.v - hv->trace_info.v < UINT64_C(1) << order_of(hv->trace_info_pages));
}

/* Control domains may map it. AS-XEN: share_xen_page_with_privileged_guests */
static void share(struct xd_hv *hv, xd_mfn mfn, enum xd_type type)
{
    XD_PUT(
        hv, *xd_frame_at(hv, mfn),
        ((struct xd_frame){.count = 1,
                           .type_count = 1,
                           .owner = XD_DOMID_XEN,
                           .type = (uint8_t)type,
                           .flags = XD_FRAME_ALLOCATED | XD_FRAME_XEN_HEAP | XD_FRAME_VALIDATED}));
    XD_PUT(hv, *xd_m2p_entry(hv, mfn), ~UINT64_C(0));
}

/* What was taken for the list beyond its pages is Xen's, and nobody's besides. */
static void share_info(struct xd_hv *hv)
{
    for (uint32_t i = 0; i < UINT32_C(1) << order_of(hv->trace_info_pages); i++) {
        const xd_mfn mfn = xd_mfn_of(hv->trace_info.v + i);

        share(hv, mfn, XD_TYPE_NONE);
        if (i < hv->trace_info_pages)
            continue;
        XD_PUT(hv, *xd_frame_at(hv, mfn),
               ((struct xd_frame){.owner = XD_DOMID_NONE, .flags = XD_FRAME_XEN_HEAP}));
    }
}

static void give_back(struct xd_hv *hv, xd_mfn info, unsigned int order, uint32_t pages)
{
    for (uint32_t i = 0; i < pages; i++) {
        uint32_t mfn;

        memcpy(&mfn, word(hv, info, XD_TBUF_FIRST + i), sizeof(mfn));
        xd_frame_put(hv, xd_mfn_of(mfn));
    }
    for (uint32_t i = 0; i < UINT32_C(1) << order; i++)
        xd_frame_put(hv, xd_mfn_of(info.v + i));
}

/* Takes the frames of a buffer, and lists them. */
static bool take_pages(struct xd_hv *hv, xd_mfn info, unsigned int order, uint32_t pages)
{
    for (uint32_t i = 0; i < pages; i++) {
        uint32_t number;
        xd_mfn mfn;

        if (!xd_frames_take(hv, 0, UINT64_MAX, &mfn)) {
            give_back(hv, info, order, i);
            return false;
        }
        number = (uint32_t)mfn.v;
        write(hv, word(hv, info, XD_TBUF_FIRST + i), &number, sizeof(number));
    }
    return true;
}

bool xd_tbuf_make(struct xd_hv *hv, uint32_t pages)
{
    static const uint64_t empty = 0; /* where records are read next, and written */
    const uint32_t size = pages < XD_TBUF_PAGES_MAX ? pages : XD_TBUF_PAGES_MAX,
                   info_pages = xd_tbuf_info_pages(size);
    const uint16_t head[] = {(uint16_t)size, XD_TBUF_FIRST};
    const unsigned int order = order_of(info_pages);
    xd_mfn info;

    XD_PUT(hv, hv->trace_info_pages, info_pages);
    if (!xd_frames_take(hv, order, UINT64_MAX, &info))
        return false;
    xd_arena_zero(xd_arena_of(hv), word(hv, info, 0), info_pages * XD_PAGE_SIZE);
    write(hv, word(hv, info, 0), head, sizeof(head));
    if (!take_pages(hv, info, order, size))
        return false;

    XD_PUT(hv, hv->trace_info, info);
    XD_PUT(hv, hv->trace_pages, size);
    for (uint32_t i = 0; i < size; i++)
        share(hv, xd_tbuf_page(hv, i), XD_TYPE_WRITABLE);
    write(hv, xd_frame_words(hv, xd_tbuf_page(hv, 0)), &empty, sizeof(empty));
    share_info(hv);
    return true;
}

bool xd_tbuf_head_ok(const struct xd_hv *hv)
{
    uint16_t head[2];

    memcpy(head, word(hv, hv->trace_info, 0), sizeof(head));
    return head[0] == hv->trace_pages && head[1] == XD_TBUF_FIRST;
}
