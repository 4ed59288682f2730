/* SPDX-License-Identifier: MIT */
/*
 * pirq.h: interrupts of devices, as far as guests see them: the pins of the machine's I/O APIC (GSIs, which are Xen's
 * IRQs too), what a domain calls them (its pirqs), and how one becomes an event.
 *
 * A line is edge- or level-triggered, once Xen or the hardware domain has said so. One that is level-triggered is held back,
 * after it was raised, until each domain that is bound to it has acknowledged it (PHYSDEVOP_eoi) or a millisecond is over.
 */
#ifndef XD_HV_PIRQ_H
#define XD_HV_PIRQ_H

#include "hv/hv.h"

#define XD_PIRQ_ALLOCATED (-1) /* xd_pirq.irq: given out by get_free_pirq, and nothing behind it */

/* Physical IRQs that (d) may speak of. AS-XEN: domain_create: the hardware domain has all of a PC with one CPU, others the pins
 * and 32 more. */
static inline uint32_t xd_pirqs(const struct xd_domain *d)
{
    return d->hardware ? XD_PIRQS : XD_GSIS + 32;
}

/* The IRQ that is mapped to (pirq); 0 or less: none. */
static inline int xd_pirq_irq(const struct xd_domain *d, uint32_t pirq)
{
    return pirq < xd_pirqs(d) ? d->pirq[pirq].irq : 0;
}

/* The pirq of (d) that (irq) was last mapped to; its negative if that was unmapped while it was bound; 0: none, or pirq 0,
 * which does not keep the line from being mapped once more. AS-XEN: domain_irq_to_pirq */
static inline int xd_pirq_of_irq(const struct xd_domain *d, uint32_t irq)
{
    return d->line[irq].pirq;
}

/* A pirq of (d) with nothing behind it: a pin's, if one of those from 16 on is free, or the highest; negative: none is. */
int xd_pirq_find_free(struct xd_domain *d, bool pin);

/* May (d) be given the IRQ behind (pirq)? */
bool xd_pirq_permitted(const struct xd_domain *d, uint32_t pirq);

/* Domains that get (irq); one that has bound two pirqs to it counts twice. */
uint32_t xd_irq_guests(const struct xd_hv *hv, uint32_t irq);

/* Maps (pirq) of (d) to (irq), or not if one of them is mapped otherwise. AS-XEN: map_domain_pirq: that is no error. */
void xd_pirq_map(struct xd_domain *d, uint32_t pirq, uint32_t irq);
/* Takes mapped (pirq) away from (d), which keeps its port until it closes it; nothing comes to that any more. */
void xd_pirq_unmap(struct xd_domain *d, uint32_t pirq);

/* Events of permitted (pirq) go to free (port). False: others have the line, and not all share it. */
bool xd_pirq_bind(struct xd_domain *d, uint32_t pirq, uint32_t port, bool share);
/* Its port is closed. */
void xd_pirq_unbind(struct xd_domain *d, uint32_t pirq);

/* (d) has dealt with what (pirq) told it. */
void xd_pirq_eoi(struct xd_domain *d, uint32_t pirq);

/* Nobody has acknowledged (irq) for a millisecond: Xen does. AS-XEN: irq_guest_eoi_timer_fn */
void xd_irq_eoi_timeout(struct xd_hv *hv, uint32_t irq);

/* (d) ends: its pirqs, and the page in which it sees which of them want an EOI. */
void xd_pirqs_end(struct xd_domain *d);

#endif
