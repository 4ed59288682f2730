/* SPDX-License-Identifier: MIT */
/*
 * ioapic.c: what a control domain writes to the I/O APIC. Xen takes the low half of a pin's entry only, as a wish: the vector
 * is the pirq that the line is to be, and how it is triggered counts; all else is Xen's own.
 */
#include "hv/call/physdev.h"

#include "hv/ioapic.h"
#include "hv/pirq.h"

#define FIRST_ENTRY   0x10u
#define LOWEST_PRIO   1u /* the highest mode of delivery that is taken */
#define MODE(value)   ((value) >> 8 & 7)
#define LOW           0x2000u
#define LEVEL         0x8000u
#define MASKED        0x10000u
#define VECTOR(value) ((value)&0xff)

/* A device is served by Xen or by domains: how its line is routed stays. */
static bool in_use(const struct xd_hv *hv, uint32_t irq)
{
    return irq == 0 || xd_irq_guests(hv, irq);
}

int64_t xd_apic_write(struct xd_vcpu *v, const struct xd_abi_physdev_apic *op)
{
    struct xd_domain *d = xd_hardware_domain(v->hv);
    const uint32_t pin = (op->reg - FIRST_ENTRY) / 2, pirq = VECTOR(op->value);
    const uint32_t pirqs =
        d ? xd_pirqs(d) : 0; /* it may have been destroyed, where others control */
    uint32_t irq;
    int64_t rc;

    if (op->apic_physbase != XD_IO_APIC)
        return xd_reject(v, XD_WHY_PHYSDEV_APIC, op->apic_physbase);
    if (op->reg < FIRST_ENTRY || op->reg & 1)
        return 0;
    if (MODE(op->value) > LOWEST_PRIO)
        return xd_reject(v, XD_WHY_PHYSDEV_APIC_MODE, MODE(op->value));
    if (pin >= XD_GSIS) /* DIFFERS: Xen takes an IRQ that is no pin's, or none at all */
        return xd_reject(v, XD_WHY_PHYSDEV_APIC_PIN, pin);
    irq = xd_ioapic_irq(pin);
    if (!(op->value & MASKED) && pirq >= pirqs)
        return xd_reject(v, XD_WHY_PHYSDEV_PIRQ_RANGE, pirq, d ? d->domid : 0, pirqs - 1);
    if (in_use(v->hv, irq))
        return 0;

    /* AS-XEN: the vector stays with the line, whatever comes of the rest. */
    if (!xd_gsi_route(v->hv, irq))
        return xd_reject(v, XD_WHY_PHYSDEV_GSI_NO_VECTOR, irq);
    rc = op->value & MASKED ? 0 : xd_pirq_may_map(v, d, (int32_t)pirq, irq);
    if (rc)
        return rc;
    if (!(op->value & MASKED))
        xd_pirq_map(d, pirq, irq);
    xd_gsi_write(v->hv, irq, op->value & LEVEL, op->value & LOW, op->value & LEVEL);
    return 0;
}
