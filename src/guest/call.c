/* SPDX-License-Identifier: MIT */
/*
 * call.c: a hypercall by a function: the common way; enter.c has the others.
 *
 * On the path of every hypercall, and compiled as access.c is.
 */
#include "guest/guest.h"

int64_t xd_guest_call(uint64_t nr, const uint64_t *arg)
{
    struct xd_self *self = &xd_this_thread;
    struct xd_vcpu *v = self->plain;
    int64_t rc;

    if (XD_UNLIKELY(!v || !xd_may_call(v)))
        return xd_call_with_care(self, nr, arg);
    rc = xd_call_guarded(v, nr, arg);
    if (XD_UNLIKELY(v->rec.reject.why))
        xd_keep_caller(v);
    if (XD_LIKELY(xd_goes_on(v)))
        return rc;
    return xd_guest_return(self, rc);
}
