/* SPDX-License-Identifier: MIT */
/*
 * switch.S: void xd_switch(void **from, void *to): leaves the present stack, keeping what a call
 * keeps, and goes on where (to) was left. The layout is known to context.c (struct xd_left).
 * And where a context begins: ours, and a vCPU's.
 */
    .text
    .globl xd_switch
    .hidden xd_switch
    .type xd_switch, @function
    .balign 32
xd_switch:
    .cfi_startproc
    pushq %rbp
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %rbp, 0
    pushq %rbx
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %rbx, 0
    pushq %r12
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r12, 0
    pushq %r13
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r13, 0
    pushq %r14
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r14, 0
    pushq %r15
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r15, 0
    subq $8, %rsp
    .cfi_adjust_cfa_offset 8
    stmxcsr (%rsp)
    fnstcw 4(%rsp)
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    ldmxcsr (%rsp)
    fldcw 4(%rsp)
    addq $8, %rsp
    .cfi_adjust_cfa_offset -8
    popq %r15
    .cfi_adjust_cfa_offset -8
    popq %r14
    .cfi_adjust_cfa_offset -8
    popq %r13
    .cfi_adjust_cfa_offset -8
    popq %r12
    .cfi_adjust_cfa_offset -8
    popq %rbx
    .cfi_adjust_cfa_offset -8
    popq %rbp
    .cfi_adjust_cfa_offset -8
    ret
    .cfi_endproc
    .size xd_switch, . - xd_switch

/* The first instruction of a new context: here a backtrace ends. */
    .globl xd_context_start
    .hidden xd_context_start
    .type xd_context_start, @function
    .balign 16
xd_context_start:
    .cfi_startproc
    .cfi_undefined %rip
    xorl %ebp, %ebp
    call xd_context_main
    ud2
    .cfi_endproc
    .size xd_context_start, . - xd_context_start
/*
 * The first instruction on the stack of a vCPU's context: delivers what is due there, and goes where xd_begin_main says
 * (struct xd_regs). Two words below that stack pointer take RFLAGS and RIP.
 */
    .globl xd_begin_start
    .hidden xd_begin_start
    .type xd_begin_start, @function
    .balign 16
xd_begin_start:
    .cfi_startproc
    .cfi_undefined %rip
    xorl %ebp, %ebp
    call xd_begin_main
    movq 56(%rax), %rsp
    pushq 128(%rax)
    pushq 136(%rax)
    movq 8(%rax), %rbx
    movq 16(%rax), %rcx
    movq 24(%rax), %rdx
    movq 32(%rax), %rsi
    movq 40(%rax), %rdi
    movq 48(%rax), %rbp
    movq 64(%rax), %r8
    movq 72(%rax), %r9
    movq 80(%rax), %r10
    movq 88(%rax), %r11
    movq 96(%rax), %r12
    movq 104(%rax), %r13
    movq 112(%rax), %r14
    movq 120(%rax), %r15
    movq (%rax), %rax
    popfq
    ret
    .cfi_endproc
    .size xd_begin_start, . - xd_begin_start
    .section .note.GNU-stack, "", @progbits
