/* SPDX-License-Identifier: MIT */
/* sched.c: blocking, polling, waking, and the end of a domain. */
#include "hv/sched.h"

#include "hv/descriptor.h"
#include "hv/evtchn.h"
#include "hv/pagetype.h"
#include "hv/shared.h"
#include "hv/shinfo.h"

enum xd_state xd_vcpu_state(const struct xd_vcpu *v)
{
    if (v->paused_for_shutdown || v->hv->off)
        return XD_STATE_SHUTDOWN;
    if (v->down)
        return XD_STATE_DOWN;
    if (v->paused)
        return XD_STATE_PAUSED;
    return v->blocked ? XD_STATE_BLOCKED : XD_STATE_RUNNING;
}

bool xd_upcall_due(struct xd_vcpu *v)
{
    return xd_info_upcall_due(xd_vcpu_info(v));
}

void xd_vcpu_block(struct xd_vcpu *v)
{
    struct xd_abi_vcpu_info *info = xd_vcpu_info(v);

    xd_info_set_mask(v->hv, info, 0);
    if (xd_info_upcall_due(info))
        return;
    XD_PUT(v->hv, v->blocked, true);
    xd_vcpu_scheduled(v);
}

void xd_vcpu_scheduled(struct xd_vcpu *v)
{
    xd_runstate_note(v);
    xd_shinfo_refresh(v);
    if (xd_vcpu_state(v) == XD_STATE_RUNNING)
        xd_timer_tick(v);
    else if (v->tick_loose)
        XD_PUT(v->hv, v->tick_loose, false);
}

static void set_polling(struct xd_vcpu *v, bool on)
{
    const uint64_t bit = UINT64_C(1) << v->id, mask = v->domain->poll_mask;

    XD_PUT(v->hv, v->domain->poll_mask, on ? mask | bit : mask & ~bit);
}

static void stop_polling(struct xd_vcpu *v)
{
    set_polling(v, false);
    XD_PUT(v->hv, v->polling_any, false);
    XD_PUT(v->hv, v->poll_port, 0);
}

void xd_vcpu_poll(struct xd_vcpu *v, uint32_t port, uint64_t timeout_ns)
{
    struct xd_hv *hv = v->hv;

    XD_PUT(hv, v->blocked, true);
    set_polling(v, true);
    XD_PUT(hv, v->polling_any, port == 0);
    XD_PUT(hv, v->poll_port, port);
    xd_vcpu_scheduled(v);
    if (timeout_ns == 0)
        return;
    XD_PUT(hv, v->poll_timer_on, true);
    XD_PUT(hv, v->poll_timer_ns, timeout_ns);
    /* Xen's times are signed: 2^63 and up lie in the past. */
    if (timeout_ns <= hv->now_ns || timeout_ns > INT64_MAX)
        xd_poll_timeout(v);
}

void xd_vcpu_unblock(struct xd_vcpu *v)
{
    if (!v->blocked)
        return;
    XD_PUT(v->hv, v->blocked, false);
    if (xd_vcpu_polls(v))
        stop_polling(v);
    xd_vcpu_scheduled(v);
}

void xd_wake_pollers(struct xd_domain *d, uint32_t port)
{
    for (uint32_t i = 0; i < d->vcpus; i++) {
        struct xd_vcpu *v = &d->vcpu[i];

        if (xd_vcpu_polls(v) && (v->polling_any || v->poll_port == port))
            xd_vcpu_unblock(v);
    }
}

void xd_poll_timeout(struct xd_vcpu *v)
{
    XD_PUT(v->hv, v->poll_timer_on, false);
    XD_PUT(v->hv, v->poll_timer_ns, 0);
    if (xd_vcpu_polls(v))
        xd_vcpu_unblock(v);
}

/* AS-XEN: __domain_finalise_shutdown: instead of the VIRQ, even if the port is none that can be sent through. */
static void tell_subscriber(struct xd_domain *d)
{
    if (xd_port_find(d, d->suspend_port))
        xd_port_send(d, d->suspend_port);
}

void xd_domain_shutdown(struct xd_domain *d, uint8_t reason)
{
    struct xd_hv *hv = d->hv;

    if (d->shutdown_code < 0)
        XD_PUT(hv, d->shutdown_code, reason);
    if (d->shutting_down)
        return;
    XD_PUT(hv, d->shutting_down, true);
    for (uint32_t i = 0; i < d->vcpus; i++)
        XD_PUT(hv, d->vcpu[i].paused_for_shutdown, true);
    XD_PUT(hv, d->shut_down, true);
    if (d->hardware)
        XD_PUT(hv, hv->off, true);
    else if (d->shutdown_code == XD_SHUTDOWN_SUSPEND && d->suspend_port)
        tell_subscriber(d);
    else
        xd_virq_send_global(hv, XD_VIRQ_DOM_EXC);
}

void xd_domain_go_on(struct xd_domain *d)
{
    XD_PUT(d->hv, d->shutting_down, false);
    XD_PUT(d->hv, d->shut_down, false);
    XD_PUT(d->hv, d->shutdown_code, -1);
    for (uint32_t i = 0; i < d->vcpus; i++) {
        XD_PUT(d->hv, d->vcpu[i].paused_for_shutdown, false);
        xd_vcpu_scheduled(&d->vcpu[i]);
    }
}

void xd_domain_repause(struct xd_domain *d)
{
    for (uint32_t i = 0; i < d->vcpus; i++) {
        struct xd_vcpu *v = &d->vcpu[i];

        XD_PUT(d->hv, v->paused, d->pauses || d->dying);
        xd_vcpu_scheduled(v);
    }
}

/* What is put last may be all that kept a dead domain; then there is no (v) any more. */
static void put_tables(struct xd_vcpu *v, xd_mfn kernel, xd_mfn user)
{
    struct xd_hv *hv = v->hv;

    xd_gdt_release(v);
    if (kernel.v)
        xd_page_and_type_put(hv, kernel);
    if (user.v)
        xd_page_and_type_put(hv, user);
}

static void forget_roots(struct xd_vcpu *v)
{
    XD_PUT(v->hv, v->cr3, xd_mfn_of(0));
    XD_PUT(v->hv, v->user_cr3, xd_mfn_of(0));
}

void xd_vcpu_drop_tables(struct xd_vcpu *v)
{
    const xd_mfn kernel = v->cr3, user = v->user_cr3;

    forget_roots(v);
    put_tables(v, kernel, user);
}

void xd_vcpu_reset(struct xd_vcpu *v)
{
    const xd_mfn kernel = v->cr3, user = v->user_cr3;
    struct xd_hv *hv = v->hv;

    XD_PUT(hv, v->half_context, false);
    forget_roots(v);
    XD_PUT(hv, v->initialised, false);
    XD_PUT(hv, v->begins, false);
    XD_PUT(hv, v->down, true);
    XD_PUT(hv, v->up_asleep, false);
    XD_PUT(hv, v->pin_override, false);
    XD_PUT(hv, v->blocked, false);
    XD_PUT(hv, v->continuing, false);
    xd_arena_zero(xd_arena_of(hv), &v->cont, sizeof(v->cont));
    XD_PUT(hv, v->nmi_pending, false);
    XD_PUT(hv, v->nmi_in_service, false);
    if (xd_vcpu_polls(v))
        stop_polling(v);
    xd_vcpu_scheduled(v);
    put_tables(v, kernel, user);
}

void xd_domain_crash(struct xd_domain *d)
{
    xd_domain_shutdown(d, XD_SHUTDOWN_CRASH);
}

void xd_watchdog_arm(struct xd_domain *d, unsigned int i, uint32_t seconds)
{
    struct xd_hv *hv = d->hv;

    XD_PUT(hv, d->watchdog[i].used, true);
    xd_changed(hv, XD_CHANGING_TIMERS);
    XD_PUT(hv, d->watchdog[i].armed, true);
    XD_PUT(hv, d->watchdog[i].deadline_ns, hv->now_ns + seconds * UINT64_C(1000000000));
    if (seconds == 0)
        xd_watchdog_expire(d, i);
}

void xd_watchdog_stop(struct xd_domain *d, unsigned int i)
{
    xd_changed(d->hv, XD_CHANGING_TIMERS);
    XD_PUT(d->hv, d->watchdog[i].used, false);
    XD_PUT(d->hv, d->watchdog[i].armed, false);
    XD_PUT(d->hv, d->watchdog[i].deadline_ns, 0);
}

void xd_watchdog_expire(struct xd_domain *d, unsigned int i)
{
    XD_PUT(d->hv, d->watchdog[i].armed, false);
    if (!d->shutting_down && !d->dying)
        xd_domain_shutdown(d, XD_SHUTDOWN_WATCHDOG);
}
