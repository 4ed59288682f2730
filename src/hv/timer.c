/* SPDX-License-Identifier: MIT */
/*
 * timer.c: the timers a guest sets for a vCPU: one that fires once and one that fires again and
 * again. Both raise VIRQ_TIMER, which is lost if it is not bound.
 *
 * The periodic one stands still while its vCPU does not run. What it missed meanwhile is one tick,
 * which comes as soon as the vCPU runs again. AS-XEN: vcpu_periodic_timer_work; and when another
 * vCPU sets the period, it runs until its own vCPU next goes to sleep.
 */
#include "hv/evtchn.h"
#include "hv/sched.h"

void xd_timer_set(struct xd_vcpu *v, uint64_t at_ns)
{
    xd_changed(v->hv, XD_CHANGING_TIMERS);
    XD_PUT(v->hv, v->shot_on, true);
    XD_PUT(v->hv, v->shot_ns, at_ns);
    /* Xen's times are signed: 2^63 and up lie in the past. */
    if (at_ns <= v->hv->now_ns || at_ns > INT64_MAX)
        xd_timer_fire(v);
}

void xd_timer_stop(struct xd_vcpu *v)
{
    xd_changed(v->hv, XD_CHANGING_TIMERS);
    XD_PUT(v->hv, v->shot_on, false);
    XD_PUT(v->hv, v->shot_ns, 0);
}

void xd_timer_fire(struct xd_vcpu *v)
{
    xd_timer_stop(v);
    xd_virq_send_vcpu(v, XD_VIRQ_TIMER);
}

static bool ticking(const struct xd_vcpu *v)
{
    return v->tick_loose || xd_vcpu_state(v) == XD_STATE_RUNNING;
}

void xd_timer_period(struct xd_vcpu *v, uint64_t period_ns)
{
    xd_changed(v->hv, XD_CHANGING_TIMERS);
    XD_PUT(v->hv, v->period_ns, period_ns);
    XD_PUT(v->hv, v->tick_loose, period_ns && !ticking(v));
    xd_timer_tick(v);
}

void xd_timer_tick(struct xd_vcpu *v)
{
    if (v->period_ns == 0 || v->hv->now_ns - v->tick_ns < v->period_ns)
        return;
    XD_PUT(v->hv, v->tick_ns, v->hv->now_ns);
    xd_virq_send_vcpu(v, XD_VIRQ_TIMER);
}

uint64_t xd_timer_next_tick(const struct xd_vcpu *v)
{
    if (v->period_ns == 0 || !ticking(v) || (v->tick_loose && !v->virq_port[XD_VIRQ_TIMER]))
        return UINT64_MAX; /* nobody who sleeps would hear of it */
    return v->tick_ns + v->period_ns;
}

void xd_timer_skip_ticks(struct xd_vcpu *v, uint64_t until)
{
    if (v->period_ns == 0 || until <= v->tick_ns || !ticking(v))
        return;
    XD_PUT(v->hv, v->tick_ns, until - (until - v->tick_ns) % v->period_ns);
}
