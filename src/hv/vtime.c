/* SPDX-License-Identifier: MIT */
/*
 * vtime.c: lets virtual time pass.
 *
 * Timers fire in the order of their deadlines, each at its own time; those due at the same moment
 * in the order of their domains' slots, vCPUs' timers before watchdogs, Xen's own last. What one of them does may
 * arm or stop others. Of the ticks of a periodic timer between two other timers only the first is
 * raised: the guest does not run meanwhile, so the others would find it pending.
 */
#include "hv/pirq.h"
#include "hv/sched.h"
#include "hv/shinfo.h"

#define TIME_MAX ((uint64_t)INT64_MAX) /* Xen's times are signed */

enum timer_kind { POLL, SHOT, TICK, WATCHDOG, EOI };

/* One timer, of a domain but for EOI. */
struct timer {
    bool set;
    struct xd_domain *d;
    struct xd_vcpu *v; /* whose it is, but for a watchdog */
    enum timer_kind kind;
    unsigned int watchdog; /* EOI: the IRQ */
    uint64_t deadline_ns;
};

static void earliest_of(struct xd_domain *d, bool ticks, struct timer *best)
{
    for (uint32_t i = 0; i < d->vcpus; i++) {
        struct xd_vcpu *v = &d->vcpu[i];

        if (v->poll_timer_on && v->poll_timer_ns < best->deadline_ns)
            *best = (struct timer){
                .set = true, .d = d, .v = v, .kind = POLL, .deadline_ns = v->poll_timer_ns};
        if (v->shot_on && v->shot_ns < best->deadline_ns)
            *best = (struct timer){
                .set = true, .d = d, .v = v, .kind = SHOT, .deadline_ns = v->shot_ns};
        if (ticks && xd_timer_next_tick(v) < best->deadline_ns)
            *best = (struct timer){
                .set = true, .d = d, .v = v, .kind = TICK, .deadline_ns = xd_timer_next_tick(v)};
    }
    for (unsigned int i = 0; i < XD_WATCHDOGS; i++)
        if (d->watchdog[i].armed && d->watchdog[i].deadline_ns < best->deadline_ns)
            *best = (struct timer){.set = true,
                                   .d = d,
                                   .kind = WATCHDOG,
                                   .watchdog = i,
                                   .deadline_ns = d->watchdog[i].deadline_ns};
}

/* The timer to fire next, if its deadline is (until) or earlier. */
static struct timer next_timer(struct xd_hv *hv, uint64_t until, bool ticks)
{
    struct timer best = {.deadline_ns = until + 1};

    for (uint32_t i = 0; i < hv->config.domains_max; i++)
        if (hv->domain[i].used)
            earliest_of(&hv->domain[i], ticks, &best);
    for (uint32_t irq = 0; irq < XD_GSIS; irq++)
        if (hv->gsi[irq].eoi_ns && hv->gsi[irq].eoi_ns < best.deadline_ns)
            best = (struct timer){
                .set = true, .kind = EOI, .watchdog = irq, .deadline_ns = hv->gsi[irq].eoi_ns};
    return best;
}

static void fire(struct xd_hv *hv, const struct timer *t, uint64_t until)
{
    switch (t->kind) {
    case POLL: xd_poll_timeout(t->v); break;
    case SHOT: xd_timer_fire(t->v); break;
    case TICK: {
        struct timer other = next_timer(t->v->hv, until, false);

        xd_timer_tick(t->v);
        xd_timer_skip_ticks(t->v, other.set ? other.deadline_ns : until);
        break;
    }
    case WATCHDOG: xd_watchdog_expire(t->d, t->watchdog); break;
    case EOI: xd_irq_eoi_timeout(hv, t->watchdog); break;
    }
}

static void note_runstates(struct xd_hv *hv)
{
    for (uint32_t i = 0; i < hv->config.domains_max; i++)
        for (uint32_t id = 0; hv->domain[i].used && id < hv->domain[i].vcpus; id++)
            xd_runstate_note(&hv->domain[i].vcpu[id]);
}

static void refresh_clocks(struct xd_hv *hv)
{
    for (uint32_t i = 0; i < hv->config.domains_max; i++)
        for (uint32_t id = 0; hv->domain[i].used && id < hv->domain[i].vcpus; id++)
            xd_shinfo_refresh(&hv->domain[i].vcpu[id]);
}

static void move_to(struct xd_hv *hv, uint64_t to)
{
    note_runstates(hv);
    XD_PUT(hv, hv->now_ns, to);
}

void xd_vtime_advance(struct xd_hv *hv, uint64_t ns)
{
    uint64_t left = hv->now_ns < TIME_MAX ? TIME_MAX - hv->now_ns : 0;
    uint64_t until = hv->now_ns + (ns < left ? ns : left);
    const struct xd_told told = {.what = XD_DEED_TIME, .number = ns};
    struct timer t;

    xd_tell_before(hv, &told);
    while (!hv->off && (t = next_timer(hv, until, true)).set) {
        if (t.deadline_ns > hv->now_ns)
            move_to(hv, t.deadline_ns);
        fire(hv, &t, until);
    }
    move_to(hv, until);
    refresh_clocks(hv);
    xd_tell_after(hv, &told);
}

bool xd_vtime_next(struct xd_hv *hv, uint64_t *deadline_ns)
{
    struct timer t = next_timer(hv, TIME_MAX, false);

    /* Ticks are for who runs, and wake nobody; but for those that go on while their vCPU sleeps. */
    for (uint32_t i = 0; i < hv->config.domains_max; i++)
        for (uint32_t id = 0; hv->domain[i].used && id < hv->domain[i].vcpus; id++) {
            struct xd_vcpu *v = &hv->domain[i].vcpu[id];

            if (xd_vcpu_state(v) == XD_STATE_BLOCKED && xd_timer_next_tick(v) < t.deadline_ns)
                t = (struct timer){.set = true,
                                   .d = v->domain,
                                   .v = v,
                                   .kind = TICK,
                                   .deadline_ns = xd_timer_next_tick(v)};
        }
    *deadline_ns = t.deadline_ns;
    return !hv->off && t.set;
}

void xd_clock_catch_up(struct xd_hv *hv)
{
    const uint64_t ns = xd_hostclock_look(hv->host->clock);

    if (ns > hv->now_ns)
        xd_vtime_advance(hv, ns - hv->now_ns);
}

void xd_clock_went_back(struct xd_hv *hv)
{
    if (!hv->host->clock)
        return;
    xd_hostclock_set(hv->host->clock, hv->now_ns);
    refresh_clocks(hv);
}

void xd_advance(struct xd_hv *hv, uint64_t ns)
{
    if (hv->host->clock) {
        xd_clock_catch_up(hv);
        if (ns > TIME_MAX - hv->now_ns)
            ns = TIME_MAX - hv->now_ns;
        xd_hostclock_skip(hv->host->clock, ns);
    }
    xd_vtime_advance(hv, ns);
}

uint64_t xd_now_ns(const struct xd_hv *hv)
{
    return hv->now_ns;
}
