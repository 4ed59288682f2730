/* SPDX-License-Identifier: MIT */
/*
 * paging.S: where paging.c's guest is entered for a page fault, as the processor would a handler, with RCX and R11
 * on top of the frame: RCX R11 error RIP CS RFLAGS RSP SS. Returns by the iret hypercall to the instruction, which is
 * tried again. That may be one of a copy by vector registers, which the handler's C code uses too: so they are saved.
 */
#define iret 23
#define XSAVE_SIZE 2816             /* x87, SSE, AVX and AVX-512, each at the place it always has */
#define XSAVE_MASK 0xe7

    .text
    .globl page_fault_entry
    .type page_fault_entry, @function
page_fault_entry:
    .cfi_startproc
    .cfi_signal_frame
    .cfi_def_cfa %rsp, 64
    .cfi_offset %rip, -40
    .cfi_offset %rsp, -16
    popq %rcx
    .cfi_adjust_cfa_offset -8
    popq %r11
    .cfi_adjust_cfa_offset -8
    .irp reg, rax, rcx, rdx, rsi, rdi, r8, r9, r10, r11, rbx
    pushq %\reg
    .cfi_adjust_cfa_offset 8
    .endr
    .cfi_rel_offset %rbx, 0
    movq 80(%rsp), %rdi             /* the error code, behind ten registers */
    movq %rsp, %rbx
    .cfi_def_cfa_register %rbx
    subq $XSAVE_SIZE, %rsp
    andq $-64, %rsp
    cld
    movq %rdi, %rsi
    leaq 512(%rsp), %rdi            /* the header wants zeroes */
    xorl %eax, %eax
    movl $8, %ecx
    rep stosq
    movl $XSAVE_MASK, %eax
    xorl %edx, %edx
    xsave (%rsp)
    movq %rsi, %rdi
    call page_fault
    movl $XSAVE_MASK, %eax
    xorl %edx, %edx
    xrstor (%rsp)
    movq %rbx, %rsp
    .cfi_def_cfa_register %rsp
    .irp reg, rbx, r11, r10, r9, r8, rdi, rsi, rdx, rcx, rax
    popq %\reg
    .cfi_adjust_cfa_offset -8
    .endr
    .cfi_restore %rbx
    movq $0, (%rsp)                 /* flags take the error code's place: a full iret */
    jmp hypercall_page + iret * 32
    .cfi_endproc
    .size page_fault_entry, . - page_fault_entry
    .section .note.GNU-stack, "", @progbits
