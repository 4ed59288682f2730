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

/* Copy between Xen and the guest at (va). False: part of the range can't be reached; what lay
 * before it is copied. */
bool xd_copy_in(struct xd_vcpu *v, void *dst, uint64_t va, size_t n);
bool xd_copy_out(struct xd_vcpu *v, uint64_t va, const void *src, size_t n);

/* The same of 1, 2, 4 or 8 bytes by one store: all of it or nothing. AS-XEN: __copy_to_guest of a size that
 * the compiler knows; copy_to_guest, which checks the address, goes byte by byte. Other sizes are copied.
 * Where linked guests have hooks, these decide (DIFFERENCES 17). */
bool xd_store_out(struct xd_vcpu *v, uint64_t va, const void *src, size_t n);

/* May an array of (count) elements of (size) start at (va)? AS-XEN: guest_handle_okay: only the
 * start is range-checked. */
bool xd_handle_ok(uint64_t va, uint64_t count, size_t size);

/*
 * A place in guest memory that is read again and again: keeps the walk's result and the entries it
 * rests on, and walks anew when one of them has changed, so what it reads is always what a fresh
 * walk would.
 */
struct xd_reader {
    uint64_t page; /* va of the page held; 1: none */
    uint64_t cr3;
    const uint64_t *entry[4];
    uint64_t value[4];
    const unsigned char *mem;
};
#define XD_READER_INIT \
    {                  \
        .page = 1      \
    }
/* Reads (n) bytes at (va), anew or from what is held. */
bool xd_reader_fill(struct xd_vcpu *v, struct xd_reader *r, void *dst, uint64_t va, size_t n);

static inline bool xd_reader_fresh(const struct xd_vcpu *v, const struct xd_reader *r,
                                   uint64_t page)
{
    return r->mem && r->page == page && r->cr3 == v->cr3.v &&
           !((*r->entry[0] ^ r->value[0]) | (*r->entry[1] ^ r->value[1]) |
             (*r->entry[2] ^ r->value[2]) | (*r->entry[3] ^ r->value[3]));
}

static inline bool xd_reader_get(struct xd_vcpu *v, struct xd_reader *r, void *dst, uint64_t va,
                                 size_t n)
{
    uint64_t off = va % XD_PAGE_SIZE;

    if (XD_UNLIKELY(off + n > XD_PAGE_SIZE || !xd_reader_fresh(v, r, va - off)))
        return xd_reader_fill(v, r, dst, va, n);
    __builtin_memcpy(dst, r->mem + off, n);
    return true;
}

#endif
