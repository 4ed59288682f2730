/* SPDX-License-Identifier: MIT */
/*
 * upcall.c: events that reach the guest: masks, and who is called.
 *
 * AS-XEN: create_bounce_frame, do_iret: entering sets upcall_mask and returning clears it, since it
 * was clear; upcall_pending is the guest's to clear, before it looks for work.
 */
#include "guest/guest.h"

#include "guest/bounce.h"
#include "hv/sched.h"

#include <stdio.h>

#define RUNAWAY_NR 10000u

/* AS-XEN: create_bounce_frame: no handler, and that ends the domain. */
static void no_handler(struct xd_vcpu *v)
{
    fprintf(stderr,
            "xendouble: d%uv%u lets events in (evtchn_upcall_mask is 0) and one is pending, but it "
            "has no event callback: the domain crashes, as under Xen\n",
            v->domain->domid, v->id);
    xd_tell_before(v->hv, &(struct xd_told){.what = XD_DEED_CRASH, .d = v->domain});
    xd_domain_crash(v->domain);
    xd_tell_after(v->hv, &(struct xd_told){.what = XD_DEED_CRASH, .d = v->domain});
}

/* The guest's own code, during which the machine is everybody's. */
static void run_handler(const struct xd_self *self, struct xd_side *s)
{
    struct xd_vcpu *v = self->v;
    void (*fn)(void *ctx) = s->upcall;
    void *ctx = s->upcall_ctx;
    uint64_t address = v->event.address;

    s->upcalls++;
    xd_info_set_mask(v->hv, xd_info_place(v), 1);
    s->handling++;
    xd_self_unlock(self);
    if (fn)
        fn(ctx);
    else
        xd_bounce(address); /* its iret puts the mask back */
    xd_self_lock(self);
    s->handling--;
    if (fn)
        xd_info_set_mask(v->hv, xd_info_place(v), 0);
}

bool xd_deliver_upcalls(struct xd_self *self)
{
    struct xd_vcpu *v = self->v;
    unsigned int nr = 0;

    while (xd_info_upcall_due(xd_info_place(v))) {
        struct xd_side *s = self->side;

        if (XD_UNLIKELY(s->domid != v->domain->domid)) /* the domain that was entered is gone */
            s = self->side = xd_side_of(v);

        if (++nr > RUNAWAY_NR)
            xd_guest_die("d%uv%u: the upcall handler has returned %u times in a row and "
                         "evtchn_upcall_pending is still set: a handler clears it before it looks "
                         "for work",
                         v->domain->domid, v->id, RUNAWAY_NR);
        if (!s->upcall && !(v->event.address && XD_CAN_BOUNCE)) {
            no_handler(v);
            return false;
        }
        run_handler(self, s);
    }
    return true;
}

uint64_t xd_guest_upcalls(struct xd_vcpu *v)
{
    return xd_side_of(v)->upcalls;
}

void xd_guest_on_upcall(struct xd_vcpu *v, void (*fn)(void *ctx), void *ctx)
{
    struct xd_side *s;

    xd_guest_lock(v->hv);
    s = xd_side_of(v);
    s->upcall = fn;
    s->upcall_ctx = ctx;
    xd_guest_unlock(v->hv);
}
