/* SPDX-License-Identifier: MIT */
/*
 * console.h: the page through which a domain's console talks to its back end.
 *
 * Indices run freely; MASK_XENCONS_IDX makes a position of one.  `in` is read by the guest.
 */
#ifndef __XEN_PUBLIC_IO_CONSOLE_H__
#define __XEN_PUBLIC_IO_CONSOLE_H__

#define MASK_XENCONS_IDX(idx, ring) ((idx) & (sizeof(ring) - 1))

#ifndef __ASSEMBLY__

#include <stdint.h>

typedef uint32_t XENCONS_RING_IDX;

struct xencons_interface {
    char in[1024];
    char out[2048];
    XENCONS_RING_IDX in_cons, in_prod;
    XENCONS_RING_IDX out_cons, out_prod;
};

#endif /* !__ASSEMBLY__ */

#endif /* __XEN_PUBLIC_IO_CONSOLE_H__ */
