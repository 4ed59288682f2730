/* SPDX-License-Identifier: MIT */
/*
 * copy.h: guest memory, reached as the processor would: by walking the vCPU's kernel page tables.
 *
 * All four levels must be present and allow user access (a PV kernel runs in ring 3); a write needs
 * RW in all four. Walking sets A, and D in the last entry on a write, as hardware does. A linked
 * guest's memory is reached through the read and write hooks instead.
 */
#ifndef XD_HV_COPY_H
#define XD_HV_COPY_H

#include "hv/hv.h"

/* Do the entries still hold that led to the (n) bytes at (va)? */
static inline bool xd_walk_holds(const struct xd_vcpu *v, uint64_t va, size_t n)
{
    const struct xd_walked *w = &v->walked;

    return w->mem && va - w->page < XD_PAGE_SIZE && va - w->page + n <= XD_PAGE_SIZE &&
           w->cr3 == v->cr3.v &&
           !((*w->entry[0] ^ w->value[0]) | (*w->entry[1] ^ w->value[1]) |
             (*w->entry[2] ^ w->value[2]) | (*w->entry[3] ^ w->value[3]));
}

/* Copy between Xen and the guest at (va). False: part of the range can't be reached; what lay
 * before it is copied. */
bool xd_copy_in(struct xd_vcpu *v, void *dst, uint64_t va, size_t n);
bool xd_copy_out(struct xd_vcpu *v, uint64_t va, const void *src, size_t n);

/* xd_copy_in of (n) bytes that are one of many in their page. */
static inline bool xd_copy_next(struct xd_vcpu *v, void *dst, uint64_t va, size_t n)
{
    if (XD_UNLIKELY(v->hv->host->hooks.read || !xd_walk_holds(v, va, n)))
        return xd_copy_in(v, dst, va, n);
    __builtin_memcpy(dst, v->walked.mem + (va - v->walked.page), n);
    return true;
}

/* Could (n) bytes be written by one store? */
static inline bool xd_one_store(size_t n)
{
    return n && n <= 8 && !(n & (n - 1));
}

/* The same of 1, 2, 4 or 8 bytes by one store: all of it or nothing. AS-XEN: __copy_to_guest of a size that
 * the compiler knows; copy_to_guest, which checks the address, goes byte by byte. Other sizes are copied. */
bool xd_store_out(struct xd_vcpu *v, uint64_t va, const void *src, size_t n);

/* May an array of (count) elements of (size) start at (va)? AS-XEN: guest_handle_okay: only the
 * start is range-checked. */
bool xd_handle_ok(uint64_t va, uint64_t count, size_t size);

#endif
