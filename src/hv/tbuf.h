/* SPDX-License-Identifier: MIT */
/*
 * tbuf.h: buffers for the records of Xen's own trace: frames of Xen's that control domains may map, writable, and frames that tell
 * which these are, read-only. They are made once, and stay.
 *
 * The first of what tells holds the buffer's size in pages (16 bits), for each processor at which word of 32 bits the list of its
 * frames begins (16 bits each), and the lists. Nothing is traced, so the buffer of the only processor stays empty. AS-XEN: trace.c
 */
#ifndef XD_HV_TBUF_H
#define XD_HV_TBUF_H

#include "hv/hv.h"

#define XD_TBUF_FIRST     129u                         /* word where the first list begins */
#define XD_TBUF_PAGES_MAX (UINT16_MAX - XD_TBUF_FIRST) /* of a buffer: more are so many */
#define XD_TBUF_INFO_MAX  64u                          /* frames of the list of so many */

/* How many frames the list of a buffer of (pages) takes. */
static inline uint32_t xd_tbuf_info_pages(uint32_t pages)
{
    return (uint32_t)((XD_TBUF_FIRST + pages) * sizeof(uint32_t) - 1) / XD_PAGE_SIZE + 1;
}

/*
 * Makes a buffer of (pages), at least 1, where there is none. False: there are not so many frames, and get_info tells the size of what
 * would have listed them. AS-XEN: alloc_trace_bufs
 */
bool xd_tbuf_make(struct xd_hv *hv, uint32_t pages);

/* Does frame (mfn) belong to the buffer, to its list, or to the run that was taken for that? */
bool xd_tbuf_has(const struct xd_hv *hv, xd_mfn mfn);

/* Does what tells begin with the size that the buffer has, and the place of the list? */
bool xd_tbuf_head_ok(const struct xd_hv *hv);

/* The frame of the buffer's page (i). */
xd_mfn xd_tbuf_page(const struct xd_hv *hv, uint32_t i);

#endif
