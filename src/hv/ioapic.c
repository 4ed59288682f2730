/* SPDX-License-Identifier: MIT */
/* ioapic.c: see ioapic.h. */
#include "hv/ioapic.h"

#include "hv/pirq.h"

#define LEGACY         16u /* IRQs of the old PC */
#define TIMER_PIN      2u
#define CONSOLE        4u
#define TIMER_VECTOR   0xf0u
#define CONSOLE_VECTOR 0xf1u
#define VERSION        (0x20u | (XD_GSIS - 1) << 16)

/* Vectors that are handed out: 0x20 to 0xef, but those of the old PC and the guests' INT 0x80. */
#define FIRST_VECTOR   0x20u
#define LAST_VECTOR    0xefu
#define LAST_OLD       0x2fu
#define SYSCALL_VECTOR 0x80u
#define STEP           8u

/* Of a pin's entry: to whoever is least busy, by the bits of the processors' logical names; here, CPU 0. */
#define ROUTED 0x900u
#define LOW    0x2000u
#define IRR    0x4000u /* it waits for an EOI */
#define LEVEL  0x8000u
#define MASKED 0x10000u
#define CPU_0  0x1000000u

/* Firmware says of these that they are shared by PCI devices, or its own. */
static bool is_level(uint32_t irq)
{
    return irq == 5 || irq == 9 || irq == 10 || irq == 11;
}

void xd_gsi_init(struct xd_hv *hv)
{
    hv->vector_last = FIRST_VECTOR;
    for (uint32_t gsi = 0; gsi < LEGACY; gsi++) {
        struct xd_gsi *g = &hv->gsi[gsi];

        g->trigger = gsi == TIMER_PIN ? XD_GSI_UNSET : is_level(gsi) ? XD_GSI_LEVEL : XD_GSI_EDGE;
        g->masked = is_level(gsi);
        if (gsi == CONSOLE)
            g->vector = CONSOLE_VECTOR;
        else if (gsi && gsi != TIMER_PIN)
            g->vector = xd_vector_take(hv);
        g->written = g->vector != 0;
    }
}

static bool is_taken(const struct xd_hv *hv, uint32_t vector)
{
    if (vector <= LAST_OLD || vector == SYSCALL_VECTOR)
        return true;
    for (uint32_t gsi = 0; gsi < XD_GSIS; gsi++)
        if (hv->gsi[gsi].vector == vector)
            return true;
    return hv->vector_lost[vector / 8] >> vector % 8 & 1;
}

uint8_t xd_vector_take(struct xd_hv *hv)
{
    uint32_t vector = hv->vector_last, offset = hv->vector_offset;

    for (uint32_t i = 0; i < XD_VECTORS; i++) { /* more than there are to be seen */
        vector += STEP;
        if (vector > LAST_VECTOR) {
            offset = (offset + 1) % STEP;
            vector = FIRST_VECTOR + offset;
        }
        if (vector == hv->vector_last)
            return 0;
        if (is_taken(hv, vector))
            continue;
        XD_PUT(hv, hv->vector_last, (uint8_t)vector);
        XD_PUT(hv, hv->vector_offset, (uint8_t)offset);
        return (uint8_t)vector;
    }
    return 0;
}

bool xd_gsi_route(struct xd_hv *hv, uint32_t gsi)
{
    uint8_t vector = hv->gsi[gsi].vector;

    if (!vector)
        vector = xd_vector_take(hv);
    XD_PUT(hv, hv->gsi[gsi].vector, vector);
    return vector != 0;
}

void xd_gsi_write(struct xd_hv *hv, uint32_t gsi, bool level, bool low, bool masked)
{
    struct xd_gsi *g = &hv->gsi[gsi];

    XD_PUT(hv, g->trigger, level ? XD_GSI_LEVEL : XD_GSI_EDGE);
    XD_PUT(hv, g->low, low);
    XD_PUT(hv, g->masked, masked);
    XD_PUT(hv, g->written, true);
}

static uint32_t entry(const struct xd_hv *hv, uint32_t pin)
{
    const struct xd_gsi *g = &hv->gsi[pin];

    if (pin == TIMER_PIN && !g->written)
        return ROUTED | TIMER_VECTOR;
    if (!g->written)
        return MASKED;
    return ROUTED | g->vector | (g->low ? LOW : 0) | (g->trigger == XD_GSI_LEVEL ? LEVEL : 0) |
           (g->trigger == XD_GSI_LEVEL && g->eoi_ns ? IRR : 0) | (g->masked ? MASKED : 0);
}

uint32_t xd_ioapic_read(const struct xd_hv *hv, uint32_t reg)
{
    const uint32_t pin = ((reg & 0xff) - 0x10) / 2;

    if ((reg & 0xff) == 1)
        return VERSION;
    if ((reg & 0xff) < 0x10 || pin >= XD_GSIS)
        return 0;
    if (reg & 1)
        return pin == TIMER_PIN || hv->gsi[pin].written ? CPU_0 : 0;
    return entry(hv, pin);
}
