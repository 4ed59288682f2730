/* SPDX-License-Identifier: MIT */
/*
 * evtchn_2l.c: how an event reaches a guest that uses the 2-level bitmaps; one that uses queues is passed on to
 * evtchn_fifo.c.
 *
 * Three bits on the way, each set only if the one before was not set yet: the port's pending bit in
 * shared_info; unless the port is masked, the bit of its word in the vCPU's selector; the vCPU's
 * upcall_pending. A bit found set means that somebody else is on the way already, so Xen stops
 * there, even if the guest set the bit itself.
 */
#include "hv/evtchn.h"
#include "hv/evtchn_fifo.h"
#include "hv/sched.h"
#include "hv/shared.h"

/* Sets bits of a byte and tells what it held. (quiet): xd_shared_quiet, asked once for the whole way. */
static inline uint8_t set(struct xd_hv *hv, uint8_t *byte, uint8_t mask, bool quiet)
{
    uint8_t old;

    if (!quiet)
        return xd_shared_or(hv, byte, mask);
    old = *byte;
    *byte = old | mask;
    return old;
}

static inline bool set_bit(struct xd_hv *hv, uint64_t *bitmap, uint32_t bit, bool quiet)
{
    return set(hv, xd_shared_byte(bitmap, bit), (uint8_t)(1u << bit % 8), quiet) >> bit % 8 & 1;
}

static inline void mark_upcall(struct xd_vcpu *v, struct xd_abi_vcpu_info *info, bool quiet)
{
    if (!(set(v->hv, &info->evtchn_upcall_pending, 1, quiet) & 1))
        xd_vcpu_kick(v);
}

void xd_vcpu_mark_upcall(struct xd_vcpu *v)
{
    mark_upcall(v, xd_info_place(v), false);
}

/* Tells (v) that a port in its word (port / 64) waits. */
static inline void select_word(struct xd_vcpu *v, uint32_t port, bool quiet)
{
    struct xd_abi_vcpu_info *info = xd_info_place(v);

    if (!set_bit(v->hv, &info->evtchn_pending_sel, port / 64, quiet))
        mark_upcall(v, info, quiet);
}

static inline void raise(struct xd_vcpu *v, uint32_t port, bool quiet)
{
    struct xd_abi_shared_info *si = xd_shared_page(v->domain);

    if (!xd_port_usable(&v->domain->port[port]))
        return;
    if (set_bit(v->hv, si->evtchn_pending, port, quiet))
        return;
    if (!xd_shared_test(si->evtchn_mask, port))
        select_word(v, port, quiet);
    xd_poll_wake(v->domain, port);
}

static XD_COLD void raise_with_care(struct xd_vcpu *v, uint32_t port)
{
    if (!v->domain->fifo.on)
        raise(v, port, false);
    else if (xd_port_usable(&v->domain->port[port]))
        xd_fifo_raise_on(v, port);
}

void xd_port_raise_on(struct xd_vcpu *v, uint32_t port)
{
    if (XD_LIKELY(xd_shared_quiet(v->hv) && !v->domain->fifo.on))
        raise(v, port, true);
    else
        raise_with_care(v, port);
}

void xd_port_raise(struct xd_domain *d, uint32_t port)
{
    if (XD_UNLIKELY(!d->vcpus)) /* DIFFERS: Xen 4.17 ends here */
        return;
    xd_port_raise_on(&d->vcpu[d->port[port].notify_vcpu], port);
}

void xd_port_unmask(struct xd_domain *d, uint32_t port)
{
    struct xd_abi_shared_info *si = xd_shared_info(d);

    if (!xd_port_usable(&d->port[port]))
        return;
    if (d->fifo.on)
        xd_fifo_unmask(d, port);
    else if (xd_shared_clear(d->hv, si->evtchn_mask, port) && xd_port_is_pending(d, port))
        select_word(&d->vcpu[d->port[port].notify_vcpu], port, false);
}

void xd_port_clear_pending(struct xd_domain *d, uint32_t port)
{
    if (d->fifo.on)
        xd_fifo_clear_pending(d, port);
    else
        xd_shared_clear(d->hv, xd_shared_info(d)->evtchn_pending, port);
}

bool xd_port_is_pending(struct xd_domain *d, uint32_t port)
{
    if (d->fifo.on)
        return xd_fifo_is_pending(d, port);
    return port < XD_PORTS_2L && xd_shared_test(xd_shared_info(d)->evtchn_pending, port);
}

bool xd_port_is_masked(struct xd_domain *d, uint32_t port)
{
    if (d->fifo.on)
        return xd_fifo_is_masked(d, port);
    return port >= XD_PORTS_2L || xd_shared_test(xd_shared_info(d)->evtchn_mask, port);
}
