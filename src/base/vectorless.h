/* SPDX-License-Identifier: MIT */
/*
 * vectorless.h: keeps what runs below a hypercall off the vector registers.
 *
 * Guests' inline assembly assumes that a hypercall leaves them alone. The compiler is told so for
 * its own code (-mgeneral-regs-only), but libc's memory functions use them, and the compiler calls
 * these unasked. So the build includes this before everything of src/base, src/abi, src/hv and
 * src/hv/call on x86-64, and the assembler takes our own for them. The C side sees nothing of it.
 */
#ifndef XD_BASE_VECTORLESS_H
#define XD_BASE_VECTORLESS_H

__asm__("memcpy = xd_memcpy");
__asm__("memmove = xd_memmove");
__asm__("memset = xd_memset");
__asm__("memcmp = xd_memcmp");
__asm__("memchr = xd_memchr");
__asm__("strlen = xd_strlen");
__asm__("strncpy = xd_strncpy");

#endif
