/* SPDX-License-Identifier: MIT */
/* poke.c: the guest's memory written from outside, for tests in C that do what scenarios do: as xd_area_put writes. */
#include <xendouble/guest.h>

#include "hv/copy.h"

bool xd_guest_poke(struct xd_vcpu *v, uint64_t va, const void *buf, size_t n)
{
    bool there;

    xd_guest_lock(v->hv);
    there = xd_copy_out(v, va, buf, n);
    xd_guest_unlock(v->hv);
    return there;
}
