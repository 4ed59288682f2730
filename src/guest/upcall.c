/* SPDX-License-Identifier: MIT */
/*
 * upcall.c: events and NMIs that reach the guest, and the failsafe callback: masks, and who is called.
 *
 * AS-XEN: create_bounce_frame, do_iret: entering sets upcall_mask and returning puts it back;
 * upcall_pending is the guest's to clear, before it looks for work. Each handler's return is its iret, a C
 * function's too, and any iret ends the service of an NMI.
 */
#include "guest/guest.h"

#include "guest/bounce.h"
#include "hv/sched.h"

#include <stdio.h>

#define RUNAWAY_NR 10000u
#define KERNEL_CS  UINT64_C(0xe030) /* FLAT_KERNEL_CS, with privilege level 0 */

#if defined(__x86_64__)
static uint64_t flags_here(void)
{
    return __builtin_ia32_readeflags_u64();
}

static struct xd_selectors selectors_here(void)
{
    struct xd_selectors s;

    __asm__("mov %%ds, %0\n\tmov %%es, %1\n\tmov %%fs, %2\n\tmov %%gs, %3"
            : "=r"(s.ds), "=r"(s.es), "=r"(s.fs), "=r"(s.gs));
    return s;
}
#else
static uint64_t flags_here(void)
{
    return 0;
}

static struct xd_selectors selectors_here(void)
{
    return (struct xd_selectors){0};
}
#endif

/* AS-XEN: create_bounce_frame: no handler, and that ends the domain. */
static bool no_handler(struct xd_vcpu *v, const char *why)
{
    fprintf(stderr, "xendouble: d%uv%u %s: the domain crashes\n", v->domain->domid, v->id, why);
    xd_tell_before(v->hv, &(struct xd_told){.what = XD_DEED_CRASH, .d = v->domain});
    xd_domain_crash(v->domain);
    xd_tell_after(v->hv, &(struct xd_told){.what = XD_DEED_CRASH, .d = v->domain});
    return false;
}

/* A handler may not take away whom it runs as: what it would return to is his. */
static void still_the_same(const struct xd_self *self, const struct xd_vcpu *v, const char *handler)
{
    if (XD_UNLIKELY(self->v != v))
        xd_guest_die(
            "%s returned, and its thread is no longer the vCPU that it interrupted: it left it "
            "(xd_leave), entered another, or destroyed its domain or machine",
            handler);
}

/* Iret of any handler that is a C function. */
static void leave(struct xd_vcpu *v, uint8_t mask)
{
    xd_info_set_mask(v->hv, xd_info_place(v), mask);
    xd_nmi_end(v);
}

/* By an assembly handler, which interrupts what was masked so; (sel): it is the failsafe callback. */
static void bounce(const struct xd_vcpu *v, uint64_t address, uint8_t mask,
                   const struct xd_selectors *sel)
{
    xd_bounce_frame(address, KERNEL_CS | (uint64_t)mask << 32,
                    xd_frame_flags(v, flags_here(), mask), sel);
}

bool xd_is_way_back(uint64_t rip)
{
#if XD_CAN_BOUNCE
    return rip == (uintptr_t)xd_bounce_back;
#else
    (void)rip;
    return false;
#endif
}

/* The guest's own code, during which the machine is everybody's. */
static bool run_upcall(struct xd_self *self)
{
    struct xd_vcpu *v = self->v;
    struct xd_side *s = self->side;
    void (*fn)(void *ctx) = s->upcall;
    void *ctx = s->upcall_ctx;
    uint64_t address = v->event.address;

    if (!fn && !(address && XD_CAN_BOUNCE))
        return no_handler(v, "lets events in (evtchn_upcall_mask is 0) and one is pending, but it "
                             "has no event callback, which Xen ends a domain for");
    s->upcalls++;
    xd_info_set_mask(v->hv, xd_info_place(v), 1);
    s->handling++;
    xd_self_unlock(self);
    if (fn)
        fn(ctx);
    else
        xd_bounce(address); /* its iret puts the mask back */
    still_the_same(self, v, "the upcall handler");
    xd_self_lock(self);
    s->handling--;
    if (fn)
        leave(v, 0);
    return true;
}

static void nmi_state(struct xd_vcpu *v, bool pending, bool in_service)
{
    const struct xd_told told = {.what = XD_DEED_NMI, .v = v, .number = in_service};

    xd_tell_before(v->hv, &told);
    XD_PUT(v->hv, v->nmi_pending, pending);
    XD_PUT(v->hv, v->nmi_in_service, in_service);
    xd_tell_after(v->hv, &told);
}

void xd_nmi_end(struct xd_vcpu *v)
{
    if (XD_UNLIKELY(v->nmi_in_service))
        nmi_state(v, v->nmi_pending, false);
}

/* AS-XEN: process_nmi: a vCPU without a handler has heard of it all the same. */
static bool run_nmi(struct xd_self *self)
{
    struct xd_vcpu *v = self->v;
    struct xd_side *s = self->side;
    void (*fn)(void *ctx) = s->nmi;
    void *ctx = s->nmi_ctx;
    const struct xd_trap trap = v->trap[XD_VECTOR_NMI];
    const uint8_t mask = xd_vcpu_info(v)->evtchn_upcall_mask;

    nmi_state(v, false, fn || trap.address);
    if (!v->nmi_in_service)
        return true;
    if (!fn && !XD_CAN_BOUNCE)
        return no_handler(v, "is sent an NMI, whose handler is entered on x86-64 hosts only "
                             "(xd_guest_on_nmi gives it a C function)");
    if (!trap.address || trap.flags & XD_TRAP_MASKS)
        xd_info_set_mask(v->hv, xd_info_place(v), 1);
    if (!xd_deliver_upcalls(self))
        return false;
    s->nmis++;
    xd_self_unlock(self);
    if (fn)
        fn(ctx);
    else
        bounce(v, trap.address, mask, NULL);
    still_the_same(self, v, "the NMI handler");
    xd_self_lock(self);
    s->nmis--;
    if (fn)
        leave(v, mask);
    return true;
}

/* AS-XEN: load_segments: the mask is left alone unless the callback was registered to set it. */
static bool run_failsafe(struct xd_self *self)
{
    struct xd_vcpu *v = self->v;
    struct xd_side *s = self->side;
    void (*fn)(void *ctx, const struct xd_selectors *sel) = s->failsafe;
    void *ctx = s->failsafe_ctx;
    const struct xd_selectors sel = s->failsafe_sel;
    const uint8_t mask = xd_vcpu_info(v)->evtchn_upcall_mask;
    const uint64_t address = v->failsafe.address;

    s->failsafe_raised = 0;
    xd_self_settle(self);
    if (!fn && !(address && XD_CAN_BOUNCE))
        return no_handler(v, "has no failsafe callback, and Xen, which could not load its data "
                             "segments, enters address 0");
    if (v->failsafe.mask)
        xd_info_set_mask(v->hv, xd_info_place(v), 1);
    if (!xd_deliver_upcalls(self))
        return false;
    s->failsafes++;
    xd_self_unlock(self);
    if (fn)
        fn(ctx, &sel);
    else
        bounce(v, address, mask, &sel);
    still_the_same(self, v, "the failsafe handler");
    xd_self_lock(self);
    s->failsafes--;
    if (fn)
        leave(v, mask);
    return true;
}

/*
 * AS-XEN: test_all_events: the failsafe callback's frame comes first, then an NMI's, then an event's, each on top of the
 * one before, unless events are masked there: the first instruction of a handler comes when those above are through.
 */
bool xd_deliver_upcalls(struct xd_self *self)
{
    struct xd_vcpu *v = self->v;
    bool (*run)(struct xd_self * self);

    for (unsigned int nr = 0;; nr++) {
        if (XD_UNLIKELY(self->side->domid != v->domain->domid)) /* who was entered is gone */
            self->side = xd_side_of(v);
        run = xd_failsafe_due(self)                  ? run_failsafe
              : xd_nmi_due(v)                        ? run_nmi
              : xd_info_upcall_due(xd_info_place(v)) ? run_upcall
                                                     : NULL;
        if (!run)
            return true;
        if (nr == RUNAWAY_NR)
            xd_guest_die(
                "d%uv%u: the upcall, NMI or failsafe handler has returned %u times in a row and "
                "is due again: a handler clears evtchn_upcall_pending before it looks for work",
                v->domain->domid, v->id, RUNAWAY_NR);
        if (!run(self))
            return false;
    }
}

uint64_t xd_guest_upcalls(struct xd_vcpu *v)
{
    xd_must_exist("xd_guest_upcalls", v);
    return xd_side_of(v)->upcalls;
}

void xd_guest_on_upcall(struct xd_vcpu *v, void (*fn)(void *ctx), void *ctx)
{
    struct xd_side *s;

    xd_must_exist("xd_guest_on_upcall", v);
    xd_guest_lock(v->hv);
    s = xd_side_of(v);
    s->upcall = fn;
    s->upcall_ctx = ctx;
    xd_guest_unlock(v->hv);
}

void xd_guest_on_nmi(struct xd_vcpu *v, void (*fn)(void *ctx), void *ctx)
{
    struct xd_side *s;

    xd_must_exist("xd_guest_on_nmi", v);
    xd_guest_lock(v->hv);
    s = xd_side_of(v);
    s->nmi = fn;
    s->nmi_ctx = ctx;
    xd_guest_unlock(v->hv);
}

void xd_guest_on_failsafe(struct xd_vcpu *v, void (*fn)(void *ctx, const struct xd_selectors *sel),
                          void *ctx)
{
    struct xd_side *s;

    xd_must_exist("xd_guest_on_failsafe", v);
    xd_guest_lock(v->hv);
    s = xd_side_of(v);
    s->failsafe = fn;
    s->failsafe_ctx = ctx;
    xd_guest_unlock(v->hv);
}

void xd_failsafe_raise(struct xd_vcpu *v, const struct xd_selectors *sel)
{
    struct xd_side *s;

    xd_must_exist("xd_failsafe_raise", v);
    xd_guest_lock(v->hv);
    s = xd_side_of(v);
    s->failsafe_sel = sel ? *sel : selectors_here();
    s->failsafe_raised = v->hv->host->restored + 1;
    if (xd_this_thread.v == v)
        xd_self_settle(&xd_this_thread);
    xd_guest_unlock(v->hv);
}
