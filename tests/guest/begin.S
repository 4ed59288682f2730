/* SPDX-License-Identifier: MIT */
/*
 * begin.S: the first instructions of a vCPU that begins with the registers of its context: tells what they are.
 */
    .text

/* rdi: struct begun; all registers go there, then begun_main(begun) goes on, never to return. */
    .globl begin_entry
    .type begin_entry, @function
begin_entry:
    .cfi_startproc
    .cfi_undefined %rip
    movq %rsp, 56(%rdi)
    pushfq
    popq 136(%rdi)
    movq %rax, (%rdi)
    movq %rbx, 8(%rdi)
    movq %rcx, 16(%rdi)
    movq %rdx, 24(%rdi)
    movq %rsi, 32(%rdi)
    movq %rdi, 40(%rdi)
    movq %rbp, 48(%rdi)
    movq %r8, 64(%rdi)
    movq %r9, 72(%rdi)
    movq %r10, 80(%rdi)
    movq %r11, 88(%rdi)
    movq %r12, 96(%rdi)
    movq %r13, 104(%rdi)
    movq %r14, 112(%rdi)
    movq %r15, 120(%rdi)
    leaq begin_entry(%rip), %rax
    movq %rax, 128(%rdi)
    stmxcsr 144(%rdi)
    fnstcw 148(%rdi)
    cld
    andq $-16, %rsp
    call begun_main
    ud2
    .cfi_endproc
    .size begin_entry, . - begin_entry
/* Says nothing of its frame, as much assembly does. */
    .globl bare_entry
    .type bare_entry, @function
bare_entry:
    call bare_main
    ud2
    .size bare_entry, . - bare_entry
    .section .note.GNU-stack, "", @progbits
