/* SPDX-License-Identifier: MIT */
/* ptwr.c: trap-and-emulate of page-table writes (vm_assist writable_pagetables), and of read-only
 * I/O memory. */
#include "hv/ptwr.h"

#include "hv/pagetype.h"

#include <string.h>

#define ASSIST_WRITABLE_PAGETABLES 2

static bool refuse(struct xd_vcpu *v, enum xd_why why, uint64_t a, uint64_t b)
{
    xd_reject(v, why, a, b);
    return false;
}

/* The new entry replaces the old one with full counting; there is no short cut here, and A and D
 * are not kept. */
static bool write_entry(struct xd_vcpu *v, xd_mfn table, unsigned int slot, uint64_t val)
{
    uint64_t *e = &xd_frame_words(v->hv, table)[slot], old = *e;

    if (val & XD_PTE_P && xd_l1e_get(v, &val, v->domain, v->domain->domid))
        return false;
    XD_PUT(v->hv, *e, xd_pte_adjust(val, 1));
    xd_l1e_put(v->hv, old);
    return true;
}

static bool swallowed(const struct xd_vcpu *v, const struct xd_walk *w)
{
    return v->domain->hardware && xd_mmio_read_only(v->hv, xd_pte_mfn(w->value[1]));
}

bool xd_ptwr_wants(struct xd_vcpu *v, uint64_t va, const struct xd_walk *w)
{
    struct xd_domain *d = v->domain;
    bool assist = d->vm_assist >> ASSIST_WRITABLE_PAGETABLES & 1;
    const struct xd_frame *f;
    xd_mfn mfn;

    if ((va >= XD_HYPERVISOR_START && va < XD_HYPERVISOR_END) || !v->kernel_mode)
        return false;
    if (!(w->error & XD_PF_PRESENT) || w->value[1] & XD_PTE_RW)
        return false; /* not present, or forbidden by a table above alone: the guest's own fault */
    mfn = xd_pte_mfn(w->value[1]);
    if (swallowed(v, w))
        return true;
    if (!assist && !d->hardware)
        return refuse(v, XD_WHY_PTWR_OFF, mfn.v, 0);
    if (!xd_frame_owned(v->hv, mfn, d->domid))
        return refuse(v, XD_WHY_PTWR_NOT_OWNED, mfn.v, d->domid);
    f = xd_frame_at(v->hv, mfn);
    if (!xd_frame_lockable(f) || f->type != XD_TYPE_L1)
        return refuse(v, XD_WHY_PTWR_NOT_L1, mfn.v, f->type_count ? f->type : XD_TYPE_NONE);
    return true;
}

void xd_ptwr_misshapen(struct xd_vcpu *v, uint64_t va, size_t size)
{
    refuse(v, XD_WHY_PTWR_SHAPE, va, size);
}

bool xd_ptwr(struct xd_vcpu *v, uint64_t va, const struct xd_walk *w, const void *buf, size_t size)
{
    const unsigned int off = (unsigned int)(va & (XD_PAGE_SIZE - 1));
    const xd_mfn mfn = xd_pte_mfn(w->value[1]);
    uint64_t val;

    if (!xd_ptwr_wants(v, va, w))
        return false;
    if (swallowed(v, w))
        return size <= 8 && va % size == 0;
    if ((size != 1 && size != 2 && size != 4 && size != 8) || va % size) {
        xd_ptwr_misshapen(v, va, size);
        return false;
    }
    val = xd_frame_words(v->hv, mfn)[off / 8];
    memcpy((unsigned char *)&val + off % 8, buf, size);
    return write_entry(v, mfn, off / 8, val);
}
