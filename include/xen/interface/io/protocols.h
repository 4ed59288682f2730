/* SPDX-License-Identifier: MIT */
/*
 * protocols.h: what a front end writes to its "protocol" node: whose struct layout its ring has.
 */
#ifndef __XEN_PROTOCOLS_H__
#define __XEN_PROTOCOLS_H__

#define XEN_IO_PROTO_ABI_X86_32 "x86_32-abi"
#define XEN_IO_PROTO_ABI_X86_64 "x86_64-abi"
#define XEN_IO_PROTO_ABI_ARM    "arm-abi"

/* These headers give the x86 layouts on every host. */
#ifdef __i386__
#define XEN_IO_PROTO_ABI_NATIVE XEN_IO_PROTO_ABI_X86_32
#else
#define XEN_IO_PROTO_ABI_NATIVE XEN_IO_PROTO_ABI_X86_64
#endif

#endif /* __XEN_PROTOCOLS_H__ */
