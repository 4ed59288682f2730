/* SPDX-License-Identifier: MIT */
/*
 * hypercall_page.S: the page that guest objects call into: 128 stubs of 32 bytes, by number.
 *
 * In an archive of its own, so that it always becomes part of the program: guest objects reach it by
 * 32-bit displacements from `hypercall_page`, which can't lead into a shared library.
 * The stub of iret is jumped to, with an interrupt frame and a word of flags on the stack.
 */
    .text
    .globl hypercall_page
    .type hypercall_page, @object
    .balign 4096
hypercall_page:
    .set nr, 0
    .rept 128
    .balign 32, 0xcc
    .cfi_startproc
    .if nr == 23
    .cfi_def_cfa %rsp, 48
    .cfi_offset %rip, -40
    .cfi_offset %rsp, -16
    pushq %rcx
    .cfi_adjust_cfa_offset 8
    pushq %r11
    .cfi_adjust_cfa_offset 8
    pushq %rax
    .cfi_adjust_cfa_offset 8
    jmp *xd_iret_entry@GOTPCREL(%rip)
    .else
    movl $nr, %eax
    jmp *xd_hypercall_entry@GOTPCREL(%rip)
    .endif
    .cfi_endproc
    .set nr, nr + 1
    .endr
    .balign 4096, 0xcc
    .size hypercall_page, . - hypercall_page
    .section .note.GNU-stack, "", @progbits
