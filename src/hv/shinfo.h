/* SPDX-License-Identifier: MIT */
/* shinfo.h: what Xen writes into shared_info besides events: the masks of the start, and the
 * clocks. */
#ifndef XD_HV_SHINFO_H
#define XD_HV_SHINFO_H

#include "hv/hv.h"

/* As the builders leave it: all vCPUs masked, no port masked or pending, clocks filled in. */
void xd_shinfo_init(struct xd_domain *d);

/* Rewrites the clock of (v) by the version protocol. AS-XEN: __update_vcpu_system_time */
void xd_shinfo_time(struct xd_vcpu *v);

/* vcpu_info of (v) lies in its slot of shared_info again, and no page is held for it. */
void xd_info_release(struct xd_vcpu *v);

#endif
