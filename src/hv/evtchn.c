/* SPDX-License-Identifier: MIT */
/*
 * evtchn.c: the table of ports.
 *
 * The lowest free port is always the next one taken, also when it was closed a moment ago. Ports
 * become valid in buckets of 64 and never stop being valid.
 */
#include "hv/evtchn.h"

#include "hv/evtchn_fifo.h"
#include "hv/pirq.h"

void xd_evtchn_init(struct xd_domain *d)
{
    XD_PUT(d->hv, d->ports_valid, XD_PORT_BUCKET);
    XD_PUT(d->hv, d->ports_active, 0);
    XD_PUT(d->hv, d->port[0].state, XD_PORT_RESERVED);
}

/* The highest port that may be handed out now. */
static uint32_t highest(const struct xd_domain *d)
{
    return d->fifo.on || d->port_max < XD_PORTS_2L ? d->port_max : XD_PORTS_2L - 1;
}

/*
 * The lowest free port, which may be the first one beyond the valid ones; more than the highest if there is
 * none.
 */
static uint32_t lowest_free(struct xd_domain *d)
{
    uint32_t port = 0, end = highest(d);

    while (port <= end && port < d->ports_valid &&
           (d->port[port].state != XD_PORT_FREE || (d->fifo.on && xd_fifo_is_busy(d, port))))
        port++;
    return port;
}

static void make_valid(struct xd_domain *d, uint32_t port)
{
    XD_INVARIANT(d->hv, port < XD_PORTS && port <= d->ports_valid);
    if (port == d->ports_valid)
        XD_PUT(d->hv, d->ports_valid, port + XD_PORT_BUCKET);
}

int64_t xd_port_alloc(struct xd_vcpu *v, struct xd_domain *d, uint32_t *port)
{
    uint32_t free = lowest_free(d);

    if (d->dying)
        return xd_reject(v, XD_WHY_EVTCHN_DYING, d->domid);
    if (free > highest(d))
        return xd_reject(v, XD_WHY_EVTCHN_FULL, d->domid, highest(d));
    make_valid(d, free);
    *port = free;
    return 0;
}

/* (as), with what outlives the binding of (p). */
static struct xd_port lasting(const struct xd_port *p, struct xd_port as)
{
    as.priority = p->priority;
    as.last_priority = p->last_priority;
    as.last_vcpu = p->last_vcpu;
    as.early = p->early;
    return as;
}

void xd_port_bind(struct xd_domain *d, uint32_t port, struct xd_port as)
{
    XD_INVARIANT(d->hv, d->port[port].state == XD_PORT_FREE);
    as = lasting(&d->port[port], as);
    if (d->fifo.on)
        as.priority = XD_FIFO_PRIORITY;
    XD_PUT(d->hv, d->port[port], as);
    xd_changed(d->hv, XD_CHANGING_PORTS);
    XD_PUT(d->hv, d->ports_active, d->ports_active + 1);
}

uint32_t xd_evtchn_open_unbound(struct xd_domain *d, uint16_t remote)
{
    uint32_t port = lowest_free(d);

    XD_INVARIANT(d->hv, port <= d->port_max);
    make_valid(d, port);
    xd_port_bind(d, port, (struct xd_port){.state = XD_PORT_UNBOUND, .remote_dom = remote});
    return port;
}

struct xd_domain *xd_port_peer(struct xd_domain *d, const struct xd_port *p)
{
    struct xd_domain *rd = xd_domain_by_id(d->hv, p->remote_dom);

    XD_INVARIANT(d->hv, rd && p->remote_port < rd->ports_valid);
    return rd;
}

void xd_port_pair(struct xd_domain *ld, uint32_t local, struct xd_domain *rd, uint32_t remote)
{
    struct xd_port waiting = rd->port[remote];

    waiting.state = XD_PORT_INTERDOMAIN;
    waiting.remote_dom = ld->domid;
    waiting.remote_port = local;
    XD_PUT(rd->hv, rd->port[remote], waiting);
    xd_port_bind(ld, local,
                 (struct xd_port){
                     .state = XD_PORT_INTERDOMAIN, .remote_dom = rd->domid, .remote_port = remote});
    /*
     * The other end may have sent before there was anybody to hear it. AS-XEN:
     * evtchn_bind_interdomain
     */
    xd_port_raise(ld, local);
}

static void free_port(struct xd_domain *d, uint32_t port)
{
    xd_port_clear_pending(d, port);
    XD_PUT(d->hv, d->port[port], lasting(&d->port[port], (struct xd_port){0}));
    xd_changed(d->hv, XD_CHANGING_PORTS);
    XD_PUT(d->hv, d->ports_active, d->ports_active - 1);
}

/* The peer of a closed port waits for its domain again, on the vCPU it had. */
static void leave_peer(struct xd_domain *d, const struct xd_port *p)
{
    struct xd_domain *rd = xd_port_peer(d, p);
    struct xd_port left = rd->port[p->remote_port];

    left.state = XD_PORT_UNBOUND;
    left.remote_dom = d->domid;
    left.remote_port = 0;
    XD_PUT(d->hv, rd->port[p->remote_port], left);
}

void xd_port_close(struct xd_domain *d, uint32_t port)
{
    const struct xd_port p = d->port[port];

    XD_INVARIANT(d->hv, xd_port_usable(&p));
    if (p.state == XD_PORT_VIRQ)
        XD_PUT(d->hv, d->vcpu[xd_virq_is_global(p.virq) ? 0 : p.notify_vcpu].virq_port[p.virq], 0);
    else if (p.state == XD_PORT_INTERDOMAIN)
        leave_peer(d, &p);
    else if (p.state == XD_PORT_PIRQ)
        xd_pirq_unbind(d, p.virq);
    free_port(d, port);
}

void xd_evtchn_close_all(struct xd_domain *d)
{
    for (uint32_t port = 1; port < d->ports_valid && d->ports_active; port++)
        if (xd_port_usable(&d->port[port]))
            xd_port_close(d, port);
}

bool xd_virq_is_global(uint32_t virq)
{
    return virq != 0 && virq != 1 && virq != 7 && virq != 13; /* TIMER, DEBUG, XENOPROF, XENPMU */
}

void xd_virq_send_vcpu(struct xd_vcpu *v, uint32_t virq)
{
    if (v->virq_port[virq])
        xd_port_raise_on(v, v->virq_port[virq]);
}

void xd_virq_send_global(struct xd_hv *hv, uint32_t virq)
{
    struct xd_domain *d = hv->virq_handler[virq]
                              ? xd_domain_by_id(hv, (uint16_t)(hv->virq_handler[virq] - 1))
                              : xd_hardware_domain(hv);

    if (d && d->vcpu[0].virq_port[virq])
        xd_port_raise(d, d->vcpu[0].virq_port[virq]);
}

bool xd_virq_keeps(const struct xd_domain *d)
{
    for (uint32_t virq = 0; virq < XD_VIRQS; virq++)
        if (d->hv->virq_handler[virq] == d->domid + 1)
            return true;
    return false;
}

void xd_virq_raise(struct xd_vcpu *v, uint32_t virq)
{
    const struct xd_told told = {.what = XD_DEED_VIRQ, .v = v, .number = virq};

    if (virq >= XD_VIRQS) {
        xd_hv_misuse(v->hv, XD_HOST_EINVAL, "there is no VIRQ %u to raise: they are 0 to %u", virq,
                     XD_VIRQS - 1);
        return;
    }
    xd_tell_before(v->hv, &told);
    if (xd_virq_is_global(virq))
        xd_virq_send_global(v->hv, virq);
    else
        xd_virq_send_vcpu(v, virq);
    xd_tell_after(v->hv, &told);
}

size_t xd_console_input(struct xd_hv *hv, const void *bytes, size_t n)
{
    const struct xd_told told = {.what = XD_DEED_TYPED, .bytes = bytes, .number = n};
    size_t room = XD_CONSOLE_INPUT - hv->console_nr;
    unsigned char ring[XD_CONSOLE_INPUT];

    if (n == 0)
        return 0;
    xd_tell_before(hv, &told);
    if (n > room)
        n = room;
    __builtin_memcpy(ring, hv->console, sizeof(ring));
    for (size_t i = 0; i < n; i++) /* AS-XEN: serial_rx_interrupt: of 7 bits each */
        ring[(hv->console_at + hv->console_nr + i) % XD_CONSOLE_INPUT] =
            ((const unsigned char *)bytes)[i] & 0x7f;
    xd_arena_write(xd_arena_of(hv), hv->console, ring, sizeof(ring));
    XD_PUT(hv, hv->console_nr, hv->console_nr + (uint32_t)n);
    xd_virq_send_global(hv, XD_VIRQ_CONSOLE); /* AS-XEN: __serial_rx: for bytes that are lost too */
    xd_tell_after(hv, &told);
    return n;
}
