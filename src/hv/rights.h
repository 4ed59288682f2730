/* SPDX-License-Identifier: MIT */
/*
 * rights.h: what of I/O memory, or of the I/O ports, a domain may use: ranges in order of addresses, none beside another.
 * AS-XEN: rangeset.c
 */
#ifndef XD_HV_RIGHTS_H
#define XD_HV_RIGHTS_H

#include "hv/hv.h"

/* Are all from (first) to (last) among them? AS-XEN: rangeset_contains_range */
bool xd_rights_hold(const struct xd_rights *r, uint64_t first, uint64_t last);

/*
 * From now on those from (first) to (last) are among them, or are not (allow). False: it would be more ranges than there is room for, and
 * nothing has changed. AS-XEN: rangeset_add_range, rangeset_remove_range
 */
bool xd_rights_change(struct xd_hv *hv, struct xd_rights *r, uint64_t first, uint64_t last,
                      bool allow);

/* There are none any more. */
void xd_rights_forget(struct xd_hv *hv, struct xd_rights *r);

#endif
