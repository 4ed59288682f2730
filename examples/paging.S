/* SPDX-License-Identifier: MIT */
/*
 * paging.S: where paging.c's guest is entered for a page fault, as the processor would a handler, with RCX and R11
 * on top of the frame: RCX R11 error RIP CS RFLAGS RSP SS. Returns by the iret hypercall to the instruction, which is
 * tried again.
 */
#define iret 23

    .text
    .globl page_fault_entry
    .type page_fault_entry, @function
page_fault_entry:
    popq %rcx
    popq %r11
    .irp reg, rax, rcx, rdx, rsi, rdi, r8, r9, r10, r11, rbx
    pushq %\reg
    .endr
    movq 80(%rsp), %rdi             /* the error code, behind ten registers */
    movq %rsp, %rbx
    andq $-16, %rsp
    cld
    call page_fault
    movq %rbx, %rsp
    .irp reg, rbx, r11, r10, r9, r8, rdi, rsi, rdx, rcx, rax
    popq %\reg
    .endr
    movq $0, (%rsp)                 /* flags take the error code's place: a full iret */
    jmp hypercall_page + iret * 32
    .size page_fault_entry, . - page_fault_entry
    .section .note.GNU-stack, "", @progbits
