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
    xd_changed(v->hv, XD_CHANGING_FRAMES); /* the call may map them */
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

bool xd_batch_begin(struct xd_vcpu *v, struct xd_batch *b, int64_t *rc)
{
    if (XD_UNLIKELY(v->table_left))
        XD_PUT(v->hv, v->table_left, false);
    if (b->count == MMU_UPDATE_PREEMPTED && !b->reqs) {
        *rc =
            (int32_t)b
                ->foreigndom; /* AS-XEN: the result of a call that was unwound rides in this argument */
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

/* The arguments by which Xen goes on, as a multicall's entry shows them. */
static bool show_continuation(struct xd_vcpu *v, uint64_t reqs, uint32_t count, uint64_t pdone,
                              uint32_t foreigndom)
{
    const uint64_t arg[] = {reqs, count | MMU_UPDATE_PREEMPTED, pdone, foreigndom};

    XD_PUT(v->hv, v->table_left, false);
    return !v->in_multicall ||
           xd_copy_out(v, v->entry + offsetof(struct xd_abi_multicall_entry, args), arg,
                       sizeof(arg));
}

bool xd_batch_go_on(struct xd_vcpu *v, const struct xd_batch *b, uint32_t n, int *rc)
{
    if (XD_LIKELY(!v->table_left) ||
        show_continuation(v, b->reqs + n * b->size, b->count - n, b->pdone, b->foreigndom))
        return true;
    *rc = (int)xd_reject(v, XD_WHY_MULTICALL_RESULT, v->entry, n);
    return false;
}

int xd_batch_end(struct xd_vcpu *v, const struct xd_batch *b, uint32_t n, int rc)
{
    uint32_t done = b->done + n;

    if (XD_UNLIKELY(v->table_left)) /* that it can't be shown, the multicall finds by itself */
        (void)show_continuation(v, 0, 0, 0, (uint32_t)rc);
    if (b->pdone)
        (void)xd_copy_out(v, b->pdone, &done, sizeof(done));
    return rc;
}
