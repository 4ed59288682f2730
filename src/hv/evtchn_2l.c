/* SPDX-License-Identifier: MIT */
/*
 * evtchn_2l.c: how an event reaches a guest that uses the 2-level bitmaps.
 *
 * Three bits on the way, each set only if the one before was not set yet: the port's pending bit in
 * shared_info; unless the port is masked, the bit of its word in the vCPU's selector; the vCPU's
 * upcall_pending. A bit found set means that somebody else is on the way already, so Xen stops
 * there, even if the guest set the bit itself.
 */
#include "hv/evtchn.h"
#include "hv/sched.h"
#include "hv/shared.h"

/* Tells (v) that a port in its word (port / 64) waits. */
static void select_word(struct xd_vcpu *v, uint32_t port)
{
    struct xd_abi_vcpu_info *info = xd_vcpu_info(v);

    if (xd_shared_set(v->hv, &info->evtchn_pending_sel, port / 64))
        return;
    if (xd_shared_or(v->hv, &info->evtchn_upcall_pending, 1) & 1)
        return;
    xd_vcpu_kick(v);
}

void xd_port_raise_on(struct xd_vcpu *v, uint32_t port)
{
    struct xd_abi_shared_info *si = xd_shared_info(v->domain);

    if (!xd_port_usable(&v->domain->port[port]))
        return;
    if (xd_shared_set(v->hv, si->evtchn_pending, port))
        return;
    if (!xd_shared_test(si->evtchn_mask, port))
        select_word(v, port);
    xd_poll_wake(v->domain, port);
}

void xd_port_raise(struct xd_domain *d, uint32_t port)
{
    xd_port_raise_on(&d->vcpu[d->port[port].notify_vcpu], port);
}

void xd_port_unmask(struct xd_domain *d, uint32_t port)
{
    struct xd_abi_shared_info *si = xd_shared_info(d);

    if (!xd_port_usable(&d->port[port]))
        return;
    if (xd_shared_clear(d->hv, si->evtchn_mask, port) && xd_port_is_pending(d, port))
        select_word(&d->vcpu[d->port[port].notify_vcpu], port);
}

void xd_port_clear_pending(struct xd_domain *d, uint32_t port)
{
    xd_shared_clear(d->hv, xd_shared_info(d)->evtchn_pending, port);
}

bool xd_port_is_pending(struct xd_domain *d, uint32_t port)
{
    return xd_shared_test(xd_shared_info(d)->evtchn_pending, port);
}

bool xd_port_is_masked(struct xd_domain *d, uint32_t port)
{
    return xd_shared_test(xd_shared_info(d)->evtchn_mask, port);
}
