/* SPDX-License-Identifier: MIT */
/* foreign.c: naming a foreign domain, and the frame that both batch calls share. */
#include "hv/call/foreign.h"

#define MMU_UPDATE_PREEMPTED 0x80000000u

bool xd_foreign_find(struct xd_vcpu *v, uint16_t domid, struct xd_foreign *f)
{
    if (domid == XD_DOMID_SELF) {
        *f = (struct xd_foreign){v->domain->domid, v->domain};
        return true;
    }
    if (domid == XD_DOMID_IO || domid == XD_DOMID_XEN) {
        *f = (struct xd_foreign){domid, NULL};
        return true;
    }
    f->id = domid;
    f->d = domid == v->domain->domid ? NULL : xd_domain_by_id(v->hv, domid);
    return f->d != NULL;
}

bool xd_foreign_allowed(const struct xd_vcpu *v, const struct xd_foreign *f)
{
    return v->domain->privileged || f->d == v->domain;
}

bool xd_batch_begin(struct xd_vcpu *v, struct xd_batch *b, uint32_t foreigndom, int64_t *rc)
{
    if (b->count == MMU_UPDATE_PREEMPTED && !b->reqs) {
        *rc = (int32_t)
            foreigndom; /* AS-XEN: the result of a call that was unwound rides in this argument */
        return true;
    }
    if (b->count & MMU_UPDATE_PREEMPTED) {
        b->count &= ~MMU_UPDATE_PREEMPTED;
        if (b->pdone && !xd_copy_in(v, &b->done, b->pdone, sizeof(b->done)))
            b->done = 0;
    }
    if (!xd_handle_ok(b->reqs, b->count, b->size)) {
        *rc = xd_reject(v, XD_WHY_HANDLE_RANGE, b->reqs, b->count);
        return true;
    }
    return false;
}

void xd_batch_end(struct xd_vcpu *v, const struct xd_batch *b, uint32_t n)
{
    uint32_t done = b->done + n;

    if (b->pdone)
        (void)xd_copy_out(v, b->pdone, &done, sizeof(done));
}
