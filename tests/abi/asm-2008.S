/* SPDX-License-Identifier: MIT */
/*
 * asm-2008.S: are the constants of 2008 good for assembly?  It emits nothing; a constant that is
 * missing, or that the assembler cannot read, stops it.
 */
#define __ASSEMBLY__ 1

#include <xen/interface/xen.h>

#define CONST(n, value)  \
    .if (n) - (value);   \
    .error #n;           \
    .endif;
#define U_CONST(n, value) CONST(n, value)
#define UL_CONST(n, value) CONST(n, value)

#include "names-2008.def"

    .section .note.GNU-stack, "", %progbits
