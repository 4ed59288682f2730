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

#define RFLAGS_IF  0x200u
#define RUNAWAY_NR 10000u

static void set_mask(struct xd_vcpu *v, uint8_t mask)
{
    XD_PUT(v->hv, xd_vcpu_info(v)->evtchn_upcall_mask, mask);
}

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

bool xd_deliver_upcalls(struct xd_self *self)
{
    struct xd_vcpu *v = self->v;
    unsigned int nr = 0;

    while (xd_upcall_due(v)) {
        struct xd_side *s = xd_side_of(v);

        if (++nr > RUNAWAY_NR)
            xd_guest_die("d%uv%u: the upcall handler has returned %u times in a row and "
                         "evtchn_upcall_pending is still set: a handler clears it before it looks "
                         "for work",
                         v->domain->domid, v->id, RUNAWAY_NR);
        if (s->upcall) {
            set_mask(v, 1);
            s->upcall(s->upcall_ctx);
            set_mask(v, 0);
        } else if (v->event.address && XD_CAN_BOUNCE) {
            set_mask(v, 1);
            xd_bounce(v->event.address);
        } else {
            no_handler(v);
            return false;
        }
    }
    return true;
}

void xd_guest_on_upcall(struct xd_vcpu *v, void (*fn)(void *ctx), void *ctx)
{
    struct xd_side *s = xd_side_of(v);

    s->upcall = fn;
    s->upcall_ctx = ctx;
}
