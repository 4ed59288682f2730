/* SPDX-License-Identifier: MIT */
/*
 * ioapic.h: the machine's I/O APIC as its registers show it, and the vectors that interrupts are routed to.
 *
 * It has the pins of xd_hv.gsi. Pin 2 is the timer's, which is Xen's IRQ 0; pin 0 is connected to nothing.
 */
#ifndef XD_HV_IOAPIC_H
#define XD_HV_IOAPIC_H

#include "hv/hv.h"

/* The lines of a new machine: those of the old PC are routed. */
void xd_gsi_init(struct xd_hv *hv);

/* What register (reg) holds; of (reg), the low 8 bits count. AS-XEN: ioapic_guest_read */
uint32_t xd_ioapic_read(const struct xd_hv *hv, uint32_t reg);

/* The IRQ behind (pin) of the I/O APIC. */
static inline uint32_t xd_ioapic_irq(uint32_t pin)
{
    return pin == 2 ? 0 : pin;
}

/* A vector for an interrupt, which is its until it is given back; 0: none is left. Changes where the next one is looked for.
 * AS-XEN: _assign_irq_vector */
uint8_t xd_vector_take(struct xd_hv *hv);

/* (gsi) gets a vector, unless it has one. False: none is left. */
bool xd_gsi_route(struct xd_hv *hv, uint32_t gsi);

/* (gsi), which has a vector, is triggered so from now on. */
void xd_gsi_write(struct xd_hv *hv, uint32_t gsi, bool level, bool low, bool masked);

#endif
