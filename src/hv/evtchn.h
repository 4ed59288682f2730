/* SPDX-License-Identifier: MIT */
/*
 * evtchn.h: event channels: a domain's table of ports, how ports are joined, and how an event
 * reaches a vCPU.
 *
 * The table (state, peer, vCPU) is Xen's own and can be trusted; evtchn.c keeps it. The bits by
 * which a guest learns of events lie in shared_info and vcpu_info, or in pages of its own, where the
 * guest writes too; evtchn_2l.c and evtchn_fifo.c set them and believe nothing there.
 */
#ifndef XD_HV_EVTCHN_H
#define XD_HV_EVTCHN_H

#include "base/strbuf.h"
#include "hv/hv.h"

#define XD_VIRQ_TIMER   0u
#define XD_VIRQ_CONSOLE 2u
#define XD_VIRQ_DOM_EXC 3u

/* What guests are told of a port: EVTCHNSTAT_*. */
enum {
    XD_STATUS_CLOSED,
    XD_STATUS_UNBOUND,
    XD_STATUS_INTERDOMAIN,
    XD_STATUS_PIRQ,
    XD_STATUS_VIRQ,
    XD_STATUS_IPI
};

/*
 * The port's record, or NULL if it is not valid. A valid port stays valid while its domain lives;
 * it may be free.
 */
static inline struct xd_port *xd_port_find(struct xd_domain *d, uint32_t port)
{
    return port < d->ports_valid ? &d->port[port] : NULL;
}

/* Events can arrive through it. */
static inline bool xd_port_usable(const struct xd_port *p)
{
    return p->state > XD_PORT_RESERVED;
}

/* The table of a new domain: port 0 reserved, the first bucket valid. */
void xd_evtchn_init(struct xd_domain *d);

/*
 * Takes the lowest free port for a domain's builder and lets (remote) bind to it. The table must
 * have room.
 */
uint32_t xd_evtchn_open_unbound(struct xd_domain *d, uint16_t remote);

/* Closes all ports. Peers wait for (d) again, and hear nothing of it. */
void xd_evtchn_close_all(struct xd_domain *d);

/*
 * Finds the lowest free port of (d) for a call by (v): 0, or a refusal. The port is still free;
 * xd_port_bind takes it. AS-XEN: evtchn_allocate_port: the table grows if it must, and stays grown
 * though the call be refused later.
 */
int64_t xd_port_alloc(struct xd_vcpu *v, struct xd_domain *d, uint32_t *port);

/* Makes free (port) what (as) says; its mask and pending bits stay as they are. */
void xd_port_bind(struct xd_domain *d, uint32_t port, struct xd_port as);

/* Makes (port) of (d) and free (local) of (ld) a pair. The local end is set pending. */
void xd_port_pair(struct xd_domain *ld, uint32_t local, struct xd_domain *rd, uint32_t remote);

/* Closes a usable port. Its pending bit is cleared; mask, selector and upcall_pending stay. */
void xd_port_close(struct xd_domain *d, uint32_t port);

/* The port that an interdomain port leads to. */
struct xd_domain *xd_port_peer(struct xd_domain *d, const struct xd_port *p);

/*
 * Global VIRQs are bound through vCPU 0 and go to the hardware domain, or whom it appointed; the others belong to
 * each vCPU.
 */
bool xd_virq_is_global(uint32_t virq);
void xd_virq_send_vcpu(struct xd_vcpu *v, uint32_t virq);
void xd_virq_send_global(struct xd_hv *hv, uint32_t virq);

/* Is (d) the handler of a global VIRQ, by DOMCTL_set_virq_handler? Then it stays, if it is destroyed. */
bool xd_virq_keeps(const struct xd_domain *d);

/* ---- Delivery, in evtchn_2l.c and evtchn_fifo.c ---- */

/* There is an event for (v). */
void xd_vcpu_mark_upcall(struct xd_vcpu *v);

/*
 * An event arrives at (port): on the vCPU it notifies, or on (v) of its domain. Unusable ports lose
 * it.
 */
void xd_port_raise(struct xd_domain *d, uint32_t port);
void xd_port_raise_on(struct xd_vcpu *v, uint32_t port);

/* An event goes out through (port): unbound, interdomain or for IPIs. */
static inline void xd_port_send(struct xd_domain *d, uint32_t port)
{
    const struct xd_port *p = &d->port[port];

    if (p->state == XD_PORT_INTERDOMAIN)
        xd_port_raise(xd_port_peer(d, p), p->remote_port);
    else if (p->state == XD_PORT_IPI)
        xd_port_raise(d, port);
    /* AS-XEN: evtchn_send: nobody is behind an unbound one, and that is no error. */
}

/* EVTCHNOP_unmask: clears the mask bit, and raises again what it had held back. */
void xd_port_unmask(struct xd_domain *d, uint32_t port);
void xd_port_clear_pending(struct xd_domain *d, uint32_t port);
bool xd_port_is_pending(struct xd_domain *d, uint32_t port);
bool xd_port_is_masked(struct xd_domain *d, uint32_t port);

/* ---- For people ---- */

const char *xd_port_state_name(unsigned int state);

/* Says what (port) is, whom it leads to and where its events stand; whole lines. */
void xd_explain_port(struct xd_domain *d, uint32_t port, struct xd_str *out);

/*
 * Checks ports, VIRQs, sleepers and shutdown state against each other; a line for each
 * disagreement, and their number.
 */
unsigned int xd_audit_events(struct xd_hv *hv, struct xd_str *out);

#endif
