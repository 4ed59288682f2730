/* SPDX-License-Identifier: MIT */
/*
 * base.h: number suffixes, guest handles and frame-number types that all interface headers share.
 *
 * Layouts are those of x86: 32-bit when compiled for i386, 64-bit everywhere else, whatever the
 * host CPU is.  Constants must stay usable from assembly, where C suffixes do not exist.
 */
#ifndef __XEN_PUBLIC_BASE_H__
#define __XEN_PUBLIC_BASE_H__

#if !defined(__i386__) && defined(__SIZEOF_LONG__) && __SIZEOF_LONG__ != 8
#error "The Xen guest interface needs a 64-bit long, or an i386 target."
#endif

#ifdef __ASSEMBLY__

#define mk_unsigned_long(x) x
#define xen_mk_uint(x)      x
#define xen_mk_ullong(x)    x

#else /* !__ASSEMBLY__ */

#include <stdint.h>

#define __mk_unsigned_long(x) x##UL
#define mk_unsigned_long(x)   __mk_unsigned_long(x)
#define __xen_mk_uint(x)      x##U
#define xen_mk_uint(x)        __xen_mk_uint(x)
#define __xen_mk_ullong(x)    x##ULL
#define xen_mk_ullong(x)      __xen_mk_ullong(x)

/* Dimension of a trailing array whose length the caller knows; C++ has no [] there. */
#ifdef __cplusplus
#define XEN_FLEX_ARRAY_DIM 0
#else
#define XEN_FLEX_ARRAY_DIM
#endif

/* A guest handle is a pointer that is passed to the hypervisor: a guest linear address. */
#define __DEFINE_GUEST_HANDLE(name, type) typedef type *__guest_handle_##name
#define DEFINE_GUEST_HANDLE_STRUCT(name)  __DEFINE_GUEST_HANDLE(name, struct name)
#define DEFINE_GUEST_HANDLE(name)         __DEFINE_GUEST_HANDLE(name, name)
#define GUEST_HANDLE(name)                __guest_handle_##name
#define set_xen_guest_handle(hnd, val) \
    do {                               \
        (hnd) = (val);                 \
    } while (0)

/* Frame numbers and register-sized values in hypercall arguments. */
typedef unsigned long xen_pfn_t;
typedef unsigned long xen_ulong_t;
typedef long xen_long_t;

#define PRI_xen_pfn   "lx"
#define PRIu_xen_pfn  "lu"
#define PRI_xen_ulong "lx"
#define PRI_xen_long  "lx"

__DEFINE_GUEST_HANDLE(uchar, unsigned char);
__DEFINE_GUEST_HANDLE(uint, unsigned int);
__DEFINE_GUEST_HANDLE(ulong, unsigned long);
DEFINE_GUEST_HANDLE(char);
DEFINE_GUEST_HANDLE(int);
DEFINE_GUEST_HANDLE(long);
DEFINE_GUEST_HANDLE(void);
DEFINE_GUEST_HANDLE(uint8_t);
DEFINE_GUEST_HANDLE(uint16_t);
DEFINE_GUEST_HANDLE(uint32_t);
DEFINE_GUEST_HANDLE(uint64_t);
DEFINE_GUEST_HANDLE(xen_pfn_t);
DEFINE_GUEST_HANDLE(xen_ulong_t);

#endif /* !__ASSEMBLY__ */

#define xen_mk_ulong(x) mk_unsigned_long(x)

#endif /* __XEN_PUBLIC_BASE_H__ */
