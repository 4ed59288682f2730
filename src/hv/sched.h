/* SPDX-License-Identifier: MIT */
/*
 * sched.h: which vCPUs can run, and why not.
 *
 * A vCPU runs unless it is blocked (waits for an event), down (never brought up, or taken down) or
 * its domain has shut down. These are independent: an event wakes a blocked vCPU, but does not run
 * it while it is down.
 */
#ifndef XD_HV_SCHED_H
#define XD_HV_SCHED_H

#include "hv/hv.h"

/*
 * SCHEDOP_block: events are let in, and unless one is pending already the vCPU sleeps until its
 * next.
 */
void xd_vcpu_block(struct xd_vcpu *v);

/*
 * SCHEDOP_poll, once its ports are checked: sleeps for (port), or with 0 for any port of the
 * domain, until (timeout_ns) if that is not 0. AS-XEN: do_poll: a timer set earlier is neither
 * cancelled by waking up nor by polling without one.
 */
void xd_vcpu_poll(struct xd_vcpu *v, uint32_t port, uint64_t timeout_ns);

/* Ends block or poll. AS-XEN: vcpu_unblock */
void xd_vcpu_unblock(struct xd_vcpu *v);

/* An upcall became due on (v): wakes it whatever its mask. AS-XEN: vcpu_kick */
void xd_vcpu_kick(struct xd_vcpu *v);

/* (port) became pending: wakes those that poll for it. AS-XEN: evtchn_check_pollers */
void xd_poll_wake(struct xd_domain *d, uint32_t port);

/* The time of (v)'s poll timer has come. */
void xd_poll_timeout(struct xd_vcpu *v);

/*
 * Shuts (d) down: its vCPUs never run again, the control domain hears VIRQ_DOM_EXC. A code latched
 * before wins over (reason). Of a hardware domain the machine goes off. Nothing happens if (d) is
 * shutting down already.
 */
void xd_domain_shutdown(struct xd_domain *d, uint8_t reason);

#define XD_SHUTDOWN_CRASH    3u
#define XD_SHUTDOWN_WATCHDOG 4u

/* The guest did what Xen can't survive for it. */
void xd_domain_crash(struct xd_domain *d);

/* Arms watchdog (i), 0 or 1, (seconds) from now; 0 expires at once. */
void xd_watchdog_arm(struct xd_domain *d, unsigned int i, uint32_t seconds);
void xd_watchdog_stop(struct xd_domain *d, unsigned int i);
void xd_watchdog_expire(struct xd_domain *d, unsigned int i);

#endif
