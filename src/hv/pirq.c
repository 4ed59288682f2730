/* SPDX-License-Identifier: MIT */
/* pirq.c: pins of the I/O APIC, domains' pirqs, and interrupts on their way to a port. */
#include "hv/pirq.h"

#include "hv/evtchn.h"
#include "hv/frame.h"
#include "hv/pagetype.h"
#include "hv/shared.h"
#include "xendouble/levers.h"

#define LEGACY       16u /* IRQs of the old PC */
#define SHARERS_MAX  32u /* AS-XEN: irq_max_guests */
#define EOI_PATIENCE UINT64_C(1000000)

/* ---- Mapping ---- */

static int take_free(struct xd_domain *d, uint32_t pirq)
{
    XD_PUT(d->hv, d->pirq[pirq].known, true);
    return (int)pirq;
}

int xd_pirq_find_free(struct xd_domain *d, bool pin)
{
    for (uint32_t pirq = LEGACY; pin && pirq < XD_GSIS; pirq++)
        if (!d->pirq[pirq].irq)
            return take_free(d, pirq);
    for (uint32_t pirq = xd_pirqs(d); pirq-- > XD_GSIS;)
        if (!d->pirq[pirq].irq)
            return take_free(d, pirq);
    return -1;
}

bool xd_pirq_permitted(const struct xd_domain *d, uint32_t pirq)
{
    int irq = xd_pirq_irq(d, pirq);

    return irq > 0 && d->irqs >> irq & 1;
}

void xd_pirq_map(struct xd_domain *d, uint32_t pirq, uint32_t irq)
{
    int other = xd_pirq_of_irq(d, irq), now = d->pirq[pirq].irq;

    if ((now > 0 && now != (int)irq) || (other && other != (int)pirq))
        return;
    XD_PUT(d->hv, d->irqs, d->irqs | UINT32_C(1) << irq);
    XD_PUT(d->hv, d->line[irq].pirq, (int16_t)pirq);
    XD_PUT(d->hv, d->pirq[pirq].irq, (int16_t)irq);
    XD_PUT(d->hv, d->pirq[pirq].known, true);
}

/* AS-XEN: pirq_cleanup_check: what has neither an IRQ nor a port is forgotten. */
static void forget(struct xd_domain *d, uint32_t pirq)
{
    if (!d->pirq[pirq].irq && !d->pirq[pirq].port)
        XD_PUT(d->hv, d->pirq[pirq].known, false);
}

/* ---- On the way ---- */

uint32_t xd_irq_guests(const struct xd_hv *hv, uint32_t irq)
{
    uint32_t guests = 0;

    for (uint32_t i = 0; i < hv->config.domains_max; i++)
        guests += hv->domain[i].used ? hv->domain[i].line[irq].guests : 0u;
    return guests;
}

static bool in_flight(const struct xd_hv *hv, uint32_t irq)
{
    for (uint32_t i = 0; i < hv->config.domains_max; i++)
        for (uint32_t pirq = 0; hv->domain[i].used && pirq < XD_PIRQS; pirq++)
            if (hv->domain[i].pirq[pirq].irq == (int)irq && hv->domain[i].pirq[pirq].masked)
                return true;
    return false;
}

/* AS-XEN: do_IRQ_guest: to the pirq that the line was last mapped to, whichever is bound. */
static void deliver(struct xd_hv *hv, uint32_t irq)
{
    bool level = hv->gsi[irq].trigger == XD_GSI_LEVEL, any = false;

    for (uint32_t i = 0; i < hv->config.domains_max; i++) {
        struct xd_domain *d = &hv->domain[i];
        const int pirq = d->used && d->line[irq].guests ? d->line[irq].pirq : -1;

        if (pirq < 0 || d->pirq[pirq].irq != (int)irq)
            continue;
        if (level)
            XD_PUT(hv, d->pirq[pirq].masked, true);
        if (d->pirq[pirq].port)
            xd_port_raise(d, d->pirq[pirq].port);
        any = true;
    }
    XD_PUT(hv, hv->gsi[irq].waits, false);
    XD_PUT(hv, hv->gsi[irq].eoi_ns, any && level ? hv->now_ns + EOI_PATIENCE : 0);
}

/* All who were told have acknowledged it, or gone. */
static void settle(struct xd_hv *hv, uint32_t irq)
{
    if (in_flight(hv, irq))
        return;
    XD_PUT(hv, hv->gsi[irq].eoi_ns, 0);
    if (hv->gsi[irq].waits)
        deliver(hv, irq);
}

int xd_irq_raise(struct xd_hv *hv, uint32_t irq)
{
    const struct xd_told told = {.what = XD_DEED_IRQ, .number = irq};

    if (irq == 0 || irq >= XD_GSIS)
        return xd_hv_misuse(
            hv, XD_HOST_EINVAL,
            "there is no line %u of a device: the I/O APIC has 1 to %u, and 0 is Xen's timer", irq,
            XD_GSIS - 1);
    xd_tell_before(hv, &told);
    if (hv->gsi[irq].trigger == XD_GSI_LEVEL && in_flight(hv, irq))
        XD_PUT(hv, hv->gsi[irq].waits, true);
    else if (hv->gsi[irq].trigger != XD_GSI_UNSET)
        deliver(hv, irq);
    xd_tell_after(hv, &told);
    return 0;
}

void xd_pirq_eoi(struct xd_domain *d, uint32_t pirq)
{
    struct xd_pirq *p = &d->pirq[pirq];

    if (p->irq <= 0 || !p->masked)
        return;
    XD_PUT(d->hv, p->masked, false);
    settle(d->hv, (uint32_t)p->irq);
}

void xd_irq_eoi_timeout(struct xd_hv *hv, uint32_t irq)
{
    for (uint32_t i = 0; i < hv->config.domains_max; i++)
        for (uint32_t pirq = 0; hv->domain[i].used && pirq < XD_PIRQS; pirq++)
            if (hv->domain[i].pirq[pirq].irq == (int)irq && hv->domain[i].pirq[pirq].masked)
                XD_PUT(hv, hv->domain[i].pirq[pirq].masked, false);
    settle(hv, irq);
}

/* ---- Ports ---- */

bool xd_pirq_bind(struct xd_domain *d, uint32_t pirq, uint32_t port, bool share)
{
    uint32_t irq = (uint32_t)d->pirq[pirq].irq, others = xd_irq_guests(d->hv, irq);
    struct xd_gsi *g = &d->hv->gsi[irq];

    if (others && (!share || !g->shared || others >= SHARERS_MAX))
        return false;
    XD_PUT(d->hv, g->shared, share);
    if (!others)
        XD_PUT(d->hv, g->masked, false);
    XD_PUT(d->hv, d->pirq[pirq].port, port);
    XD_PUT(d->hv, d->line[irq].guests, d->line[irq].guests + 1);
    if (d->eoi_map.v && g->trigger == XD_GSI_LEVEL)
        (void)xd_shared_set(d->hv, xd_frame_words(d->hv, d->eoi_map), pirq);
    else if (d->eoi_map.v)
        (void)xd_shared_clear(d->hv, xd_frame_words(d->hv, d->eoi_map), pirq);
    return true;
}

/* Mapped (pirq) gets its line no more. False: it did not. AS-XEN: __pirq_guest_unbind */
static bool leave(struct xd_domain *d, uint32_t pirq)
{
    const uint32_t irq = (uint32_t)d->pirq[pirq].irq;
    struct xd_line *line = &d->line[irq];
    struct xd_gsi *g = &d->hv->gsi[irq];

    if (!line->guests)
        return false;
    XD_PUT(d->hv, line->guests, line->guests - 1);
    for (uint32_t i = 0; i < xd_pirqs(d); i++)
        if (d->pirq[i].irq == (int)irq && d->pirq[i].masked && (i == pirq || !line->guests))
            XD_PUT(d->hv, d->pirq[i].masked, false);
    if (g->trigger == XD_GSI_LEVEL && !xd_irq_guests(d->hv, irq))
        XD_PUT(d->hv, g->masked, true);
    return true;
}

/* No line any more; (bound): it had been one for the port that is still there. */
static void cut(struct xd_domain *d, uint32_t pirq, uint32_t irq, bool bound)
{
    XD_PUT(d->hv, d->pirq[pirq].irq, (int16_t)(bound ? -(int)irq : 0));
    XD_PUT(d->hv, d->line[irq].pirq, (int16_t)(bound ? -(int)pirq : 0));
}

void xd_pirq_unbind(struct xd_domain *d, uint32_t pirq)
{
    const int irq = d->pirq[pirq].irq;

    XD_PUT(d->hv, d->pirq[pirq].port, 0);
    if (irq > 0 && leave(d, pirq))
        settle(d->hv, (uint32_t)irq);
    else if (irq < 0) /* it was unmapped already */
        cut(d, pirq, (uint32_t)-irq, false);
    forget(d, pirq);
}

void xd_pirq_unmap(struct xd_domain *d, uint32_t pirq)
{
    const uint32_t irq = (uint32_t)d->pirq[pirq].irq;
    const bool bound = leave(d, pirq);

    cut(d, pirq, irq, bound);
    forget(d, pirq);
    if (bound)
        settle(d->hv, irq);
    XD_PUT(d->hv, d->irqs, d->irqs & ~(UINT32_C(1) << irq));
}

void xd_pirqs_end(struct xd_domain *d)
{
    for (uint32_t pirq = 0; pirq < XD_PIRQS; pirq++)
        if (d->pirq[pirq].irq > 0)
            xd_pirq_unmap(d, pirq);
    if (d->eoi_map.v)
        xd_page_and_type_put(d->hv, d->eoi_map);
    XD_PUT(d->hv, d->eoi_map, xd_mfn_of(0));
}
