/* SPDX-License-Identifier: MIT */
/*
 * profile.h: a domain's buffers for xenoprof's samples: one for each of its vCPUs, in a row of Xen's own pages.
 *
 * The pages are made once, and stay until the domain is gone. In between they are shared with one domain, which may map them:
 * the one that is profiled, or the profiler, and given back by it. Who still maps one then keeps all from being shared anew.
 */
#ifndef XD_HV_PROFILE_H
#define XD_HV_PROFILE_H

#include "hv/hv.h"

#define XD_PROFILE_PAGES  32u /* a domain's at most */
#define XD_PROFILE_HEAD   48u /* bytes of a buffer before its samples, */
#define XD_PROFILE_SAMPLE 16u /* ... and of a sample */

enum xd_profiled { XD_PROFILED_NOT, XD_PROFILED_ACTIVE, XD_PROFILED_PASSIVE };

/* The binary logarithm of how many frames (pages) were taken for. */
unsigned int xd_profile_order(uint32_t pages);

/* How many pages (d)'s buffers for (samples) samples each take; more than there is room for are so many, and so are fewer than 0. */
uint32_t xd_profile_pages(const struct xd_domain *d, int32_t samples);

/*
 * Makes buffers for up to (samples) samples each, or as many as there is room for if they are too many, or fewer than none. The first
 * word but two of each tells how many. False: there are no frames. AS-XEN: alloc_xenoprof_struct
 */
bool xd_profile_make(struct xd_domain *d, int32_t samples);

/*
 * Shares (d)'s pages with (with). False: page *busy is shared or mapped still, and those before are nobody's.
 * AS-XEN: share_xenoprof_page_with_guest
 */
bool xd_profile_share(struct xd_domain *d, const struct xd_domain *with, xd_mfn *busy);

/* Are all of (d)'s pages shared with (with), or were they last? If not, Xen stops at a BUG when they are to be given back. */
bool xd_profile_is_with(const struct xd_domain *d, const struct xd_domain *with);
/* They are shared with nobody; who maps them may go on. AS-XEN: unshare_xenoprof_page_with_guest */
void xd_profile_unshare(struct xd_domain *d);

/* Xen forgets the samples in (d)'s buffers: those it has. AS-XEN: xenoprof_reset_buf */
void xd_profile_empty(struct xd_domain *d);

/* The profiler keeps (d) from going away; does so no more. */
void xd_profile_hold(struct xd_domain *d);
void xd_profile_let_go(struct xd_domain *d);

/* Does it, or does somebody map pages still that are shared with (d)? */
bool xd_profile_keeps(const struct xd_domain *d);
/* (d) is being destroyed, and what was shared with it no more; it is gone, and its pages are free once nobody maps them. */
void xd_profile_end(struct xd_domain *d);
void xd_profile_free(struct xd_domain *d);

/* Whose buffers lie in frame (mfn); NULL: nobody's. */
const struct xd_domain *xd_profile_of(const struct xd_hv *hv, xd_mfn mfn);

#endif
