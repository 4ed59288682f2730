/* SPDX-License-Identifier: MIT */
/*
 * vtime.c: lets virtual time pass.
 *
 * Timers fire in the order of their deadlines, each at its own time; those due at the same moment
 * in the order of their domains' slots, vCPUs' poll timers before watchdogs. What one of them does
 * may arm or stop others.
 */
#include "hv/sched.h"

#define TIME_MAX ((uint64_t)INT64_MAX) /* Xen's times are signed */

/* One timer of a domain: a vCPU's poll timer, or a watchdog if (v) is NULL. */
struct timer {
    struct xd_domain *d;
    struct xd_vcpu *v;
    unsigned int watchdog;
    uint64_t deadline_ns;
};

static void earliest_of(struct xd_domain *d, struct timer *best)
{
    for (uint32_t i = 0; i < d->vcpus; i++)
        if (d->vcpu[i].poll_timer_on && d->vcpu[i].poll_timer_ns < best->deadline_ns)
            *best =
                (struct timer){.d = d, .v = &d->vcpu[i], .deadline_ns = d->vcpu[i].poll_timer_ns};
    for (unsigned int i = 0; i < XD_WATCHDOGS; i++)
        if (d->watchdog[i].armed && d->watchdog[i].deadline_ns < best->deadline_ns)
            *best =
                (struct timer){.d = d, .watchdog = i, .deadline_ns = d->watchdog[i].deadline_ns};
}

/* The timer to fire next, if its deadline is (until) or earlier; else .d is NULL. */
static struct timer next_timer(struct xd_hv *hv, uint64_t until)
{
    struct timer best = {.deadline_ns = until + 1};

    for (uint32_t i = 0; i < hv->config.domains_max; i++)
        if (hv->domain[i].used)
            earliest_of(&hv->domain[i], &best);
    return best;
}

void xd_vtime_advance(struct xd_hv *hv, uint64_t ns)
{
    uint64_t left = hv->now_ns < TIME_MAX ? TIME_MAX - hv->now_ns : 0;
    uint64_t until = hv->now_ns + (ns < left ? ns : left);
    struct timer t;

    while (!hv->off && (t = next_timer(hv, until)).d) {
        if (t.deadline_ns > hv->now_ns)
            XD_PUT(hv, hv->now_ns, t.deadline_ns);
        if (t.v)
            xd_poll_timeout(t.v);
        else
            xd_watchdog_expire(t.d, t.watchdog);
    }
    XD_PUT(hv, hv->now_ns, until);
}

bool xd_vtime_next(struct xd_hv *hv, uint64_t *deadline_ns)
{
    struct timer t = next_timer(hv, TIME_MAX);

    *deadline_ns = t.deadline_ns;
    return !hv->off && t.d;
}

void xd_advance(struct xd_hv *hv, uint64_t ns)
{
    xd_vtime_advance(hv, ns);
}

uint64_t xd_now_ns(const struct xd_hv *hv)
{
    return hv->now_ns;
}
