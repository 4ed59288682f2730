/* SPDX-License-Identifier: MIT */
/*
 * outside.c: what the host does to a guest that no guest could: events without a sender, upcalls
 * without an event, a heap that keeps its frames back.
 */
#include "hv/evtchn.h"
#include "hv/sched.h"
#include "xendouble/levers.h"

#include <inttypes.h>

/* The port if (wanted) says that its state will do; else the host is told. */
static const struct xd_port *port_at(struct xd_domain *d, uint32_t port,
                                     bool (*wanted)(const struct xd_port *), const char *why)
{
    const struct xd_port *p = xd_port_find(d, port);

    if (p && wanted(p))
        return p;
    xd_hv_misuse(d->hv, XD_HOST_EINVAL, "port %" PRIu32 " of d%u is %s: %s", port, d->domid,
                 p ? xd_port_state_name(p->state) : "none", why);
    return NULL;
}

int xd_event_raise(struct xd_domain *d, uint32_t port)
{
    const struct xd_told told = {.what = XD_DEED_EVENT, .d = d, .number = port};

    if (!port_at(d, port, xd_port_usable, "no event can arrive there"))
        return -XD_HOST_EINVAL;
    xd_tell_before(d->hv, &told);
    xd_port_raise(d, port);
    xd_tell_after(d->hv, &told);
    return 0;
}

static bool sends(const struct xd_port *p)
{
    return p->state == XD_PORT_INTERDOMAIN || p->state == XD_PORT_IPI ||
           p->state == XD_PORT_UNBOUND;
}

int xd_event_send(struct xd_domain *d, uint32_t port)
{
    const struct xd_port *p = port_at(d, port, sends, "nothing can be sent through it");

    if (!p)
        return -XD_HOST_EINVAL;
    if (p->state == XD_PORT_INTERDOMAIN)
        return xd_event_raise(xd_port_peer(d, p), p->remote_port);
    return p->state == XD_PORT_IPI ? xd_event_raise(d, port) : 0;
}

void xd_upcall_spurious(struct xd_vcpu *v)
{
    const struct xd_told told = {.what = XD_DEED_UPCALL, .v = v};
    struct xd_abi_vcpu_info *info = xd_vcpu_info(v);

    xd_tell_before(v->hv, &told);
    XD_PUT(v->hv, info->evtchn_upcall_pending, info->evtchn_upcall_pending | 1);
    xd_vcpu_kick(v);
    xd_tell_after(v->hv, &told);
}

void xd_frames_scarce(struct xd_hv *hv, uint64_t left)
{
    const struct xd_told told = {.what = XD_DEED_SCARCE, .number = left};

    xd_tell_before(hv, &told);
    XD_PUT(hv, hv->frames_kept, left < hv->frames_free ? hv->frames_free - (uint32_t)left : 0);
    xd_tell_after(hv, &told);
}
