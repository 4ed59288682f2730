/* SPDX-License-Identifier: MIT */
/* shinfo.h: what Xen writes into shared_info besides events: the masks of the start, and the
 * clocks. */
#ifndef XD_HV_SHINFO_H
#define XD_HV_SHINFO_H

#include "hv/hv.h"

/* As the builders leave it: all vCPUs masked, no port masked or pending, clocks filled in. */
void xd_shinfo_init(struct xd_domain *d);

/* Rewrites the clock of (v) by the version protocol, and its copy in the area that was registered, if one was, through
 * the page tables of (by). AS-XEN: __update_vcpu_system_time, forced */
void xd_shinfo_time(struct xd_vcpu *v, struct xd_vcpu *by);

/* The same of a vCPU that runs, if time has moved since, or its TSC is another. Whenever it did, and whenever a vCPU comes to run: so nobody
 * finds an old clock of his own. AS-XEN: local_time_calibration, context_switch: update_vcpu_system_time */
void xd_shinfo_refresh(struct xd_vcpu *v);

/* The wall clock is (secs) and (nsecs) at system time (at_ns): all domains are told, and those that come. Wraps like Xen's sum of
 * them in ns. AS-XEN: do_settime */
void xd_wallclock_set(struct xd_hv *hv, uint64_t secs, uint32_t nsecs, uint64_t at_ns);

/* Writes the wall clock of (d) once more. AS-XEN: update_domain_wallclock_time */
void xd_wallclock_tell(struct xd_domain *d);

/* vcpu_info lies where a new vCPU's does: in its slot of shared_info, if there is one. */
void xd_info_back(struct xd_vcpu *v);
/* vcpu_info of (v) lies in its slot of shared_info again, and no page is held for it. */
void xd_info_release(struct xd_vcpu *v);

#endif
