/* SPDX-License-Identifier: MIT */
/*
 * faults.S: a guest's #PF entry: shows C the frame, which it may change, and returns by the iret
 * hypercall.
 */
    .text
    .globl pf_entry
    .type pf_entry, @function
pf_entry:
    .cfi_startproc
    .cfi_signal_frame
    .cfi_def_cfa %rsp, 64
    .cfi_offset %rip, -40
    .cfi_offset %rsp, -16
    .irp r, rax, rdx, rsi, rdi, r8, r9, r10, rbx
    pushq %\r
    .cfi_adjust_cfa_offset 8
    .endr
    leaq 64(%rsp), %rdi
    movq %rsp, %rbx
    .cfi_def_cfa_register %rbx
    andq $-16, %rsp
    cld
    call pf_handle
    movq %rbx, %rsp
    .cfi_def_cfa_register %rsp
    .irp r, rbx, r10, r9, r8, rdi, rsi, rdx, rax
    popq %\r
    .cfi_adjust_cfa_offset -8
    .endr
    popq %rcx
    .cfi_adjust_cfa_offset -8
    popq %r11
    .cfi_adjust_cfa_offset -8
    movq $0, (%rsp)                 /* instead of the error code: flags */
    jmp hypercall_page + 23 * 32
    .cfi_endproc
    .size pf_entry, . - pf_entry
    .section .note.GNU-stack, "", @progbits
