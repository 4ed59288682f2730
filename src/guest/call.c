/* SPDX-License-Identifier: MIT */
/*
 * call.c: a hypercall by a function: the common way; enter.c has the others.
 *
 * On the path of every hypercall, and compiled as access.c is.
 */
#include "guest/guest.h"

static inline int64_t call(struct xd_self *self, uint64_t nr, const uint64_t *arg, bool stays)
{
    struct xd_vcpu *v = self->plain;
    int64_t rc;

    if (XD_UNLIKELY(!v || !xd_may_call(v))) {
        rc = xd_call_with_care(self, nr, arg);
        return stays ? rc : xd_leave_if(self, rc);
    }
    rc = xd_call_guarded(v, nr, arg);
    if (XD_UNLIKELY(v->rec.reject.why))
        xd_keep_caller(v);
    if (XD_LIKELY(xd_goes_on(v)))
        return rc;
    rc = xd_guest_return(self, rc);
    return stays ? rc : xd_leave_if(self, rc);
}

int64_t xd_guest_call(uint64_t nr, const uint64_t *arg)
{
    return call(&xd_this_thread, nr, arg, false);
}

int64_t xd_guest_call_stays(uint64_t nr, const uint64_t *arg)
{
    return call(&xd_this_thread, nr, arg, true);
}
