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
#include "xendouble/levers.h"

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

/* Is its state XD_STATE_RUNNING? */
static inline bool xd_vcpu_running(const struct xd_vcpu *v)
{
    return !(v->blocked | v->down | v->paused_for_shutdown | v->paused | v->hv->off);
}

/* Does Xen count it as up? It may be asleep. */
static inline bool xd_vcpu_is_up(const struct xd_vcpu *v)
{
    return !v->down || v->up_asleep;
}

/* Is (v) in SCHEDOP_poll? */
static inline bool xd_vcpu_polls(const struct xd_vcpu *v)
{
    return v->domain->poll_mask >> v->id & 1;
}

/* Ends block or poll. AS-XEN: vcpu_unblock */
void xd_vcpu_unblock(struct xd_vcpu *v);

/* An upcall became due on (v): wakes it whatever its mask. AS-XEN: vcpu_kick */
static inline void xd_vcpu_kick(struct xd_vcpu *v)
{
    if (v->blocked)
        xd_vcpu_unblock(v);
}

/* (port) became pending: wakes those that poll for it. AS-XEN: evtchn_check_pollers */
void xd_wake_pollers(struct xd_domain *d, uint32_t port);
static inline void xd_poll_wake(struct xd_domain *d, uint32_t port)
{
    if (XD_UNLIKELY(d->poll_mask))
        xd_wake_pollers(d, port);
}

/* (pauses) of (d) is another than before. */
void xd_domain_repause(struct xd_domain *d);

/* (v) came to run, or ceased to: what follows from that besides. */
void xd_vcpu_scheduled(struct xd_vcpu *v);

/* The single-shot timer: fires at system time (at_ns), at once if that is past. In timer.c. */
void xd_timer_set(struct xd_vcpu *v, uint64_t at_ns);
void xd_timer_stop(struct xd_vcpu *v);
void xd_timer_fire(struct xd_vcpu *v);

/* The periodic timer; 0 stops it. A tick comes if one is due. */
#define XD_TICK_NS UINT64_C(10000000) /* every vCPU's period to begin with */
void xd_timer_period(struct xd_vcpu *v, uint64_t period_ns);
void xd_timer_tick(struct xd_vcpu *v);
/* When the next tick is due; UINT64_MAX: never, as things are. */
uint64_t xd_timer_next_tick(const struct xd_vcpu *v);
/* Counts the ticks up to (until) as done: nobody looks before that, so they would change nothing. */
void xd_timer_skip_ticks(struct xd_vcpu *v, uint64_t until);

/* Accounts of the time (v) spends in each state, in runstate.c. */
void xd_runstate_init(struct xd_vcpu *v);
void xd_runstate_note(struct xd_vcpu *v);
void xd_runstate_get(const struct xd_vcpu *v, struct xd_abi_vcpu_runstate_info *info);
/* The same without what the present state has lasted. */
void xd_runstate_noted(const struct xd_vcpu *v, struct xd_abi_vcpu_runstate_info *info);

/* The time of (v)'s poll timer has come. */
void xd_poll_timeout(struct xd_vcpu *v);

/*
 * Shuts (d) down: its vCPUs stand still, the control domain hears VIRQ_DOM_EXC. A code latched
 * before wins over (reason). Of a hardware domain the machine goes off. Nothing happens if (d) is
 * shutting down already.
 */
void xd_domain_shutdown(struct xd_domain *d, uint8_t reason);

/* (d) is not shut down any more: its vCPUs go on where they stood. AS-XEN: domain_resume */
void xd_domain_go_on(struct xd_domain *d);

/* What a call does to (d), which lives: as xd_domain_destroy, but nobody is told who watches the host. What runs its linked
 * code is to hear of it before. In destroy.c. */
void xd_domain_kill(struct xd_domain *d);

/*
 * (v) is down and was never initialised: its tables and its GDT go. A dead domain that nothing else kept goes with them, and (v).
 * AS-XEN: vcpu_reset
 */
void xd_vcpu_reset(struct xd_vcpu *v);
/* Its root tables and its GDT go, likewise, and it is what it was else. AS-XEN: vcpu_destroy_pagetables, pv_destroy_gdt */
void xd_vcpu_drop_tables(struct xd_vcpu *v);

#define XD_SHUTDOWN_SUSPEND  2u
#define XD_SHUTDOWN_CRASH    3u
#define XD_SHUTDOWN_WATCHDOG 4u

/* Arms watchdog (i), 0 or 1, (seconds) from now; 0 expires at once. */
void xd_watchdog_arm(struct xd_domain *d, unsigned int i, uint32_t seconds);
void xd_watchdog_stop(struct xd_domain *d, unsigned int i);
void xd_watchdog_expire(struct xd_domain *d, unsigned int i);

#endif
