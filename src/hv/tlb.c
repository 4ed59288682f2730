/* SPDX-License-Identifier: MIT */
/*
 * tlb.c: when a translation dies.
 *
 * The machine itself always walks, so it has nothing stale. Whatever executes a guest may keep
 * translations, and is told here which ones Xen would flush; the counters let tests see it.
 */
#include "hv/tlb.h"

#include "hv/copy.h"

void xd_tlb_flush(struct xd_vcpu *v)
{
    const struct xd_hooks *h = &v->hv->host->hooks;
    const struct xd_watcher *w = v->hv->host->watcher;

    XD_PUT(v->hv, v->tlb_flushes, v->tlb_flushes + 1);
    if (h->flush)
        h->flush(h->ctx, v);
    if (w)
        w->flush(v);
}

void xd_tlb_invlpg(struct xd_vcpu *v, uint64_t va)
{
    const struct xd_hooks *h = &v->hv->host->hooks;
    const struct xd_watcher *w = v->hv->host->watcher;

    XD_PUT(v->hv, v->tlb_invlpgs, v->tlb_invlpgs + 1);
    if (h->inval)
        h->inval(h->ctx, v, va);
    if (w)
        w->inval(v, va);
}

void xd_tlb_flush_domain(struct xd_domain *d)
{
    for (uint32_t i = 0; i < d->vcpus; i++)
        if (!d->vcpu[i].down)
            xd_tlb_flush(&d->vcpu[i]);
}

void xd_tlb_invlpg_domain(struct xd_domain *d, uint64_t va)
{
    for (uint32_t i = 0; i < d->vcpus; i++)
        if (!d->vcpu[i].down)
            xd_tlb_invlpg(&d->vcpu[i], va);
}

bool xd_vcpumask_get(struct xd_vcpu *v, uint64_t ptr, uint64_t *mask)
{
    *mask = 0;
    return xd_copy_in(v, mask, ptr, sizeof(*mask));
}

void xd_flush_mask(struct xd_vcpu *v, uint64_t mask, const uint64_t *va)
{
    for (uint32_t i = 0; i < v->domain->vcpus; i++) {
        struct xd_vcpu *other = &v->domain->vcpu[i];

        if (!(mask >> i & 1) || other->down)
            continue;
        if (va)
            xd_tlb_invlpg(other, *va);
        else
            xd_tlb_flush(other);
    }
}
