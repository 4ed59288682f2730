/* SPDX-License-Identifier: MIT */
/*
 * entries.S: a guest's assembly: its entries, and leaving by an iret frame of its own making.
 */
    .text

/* A callback's entry: tells C of the frame, lets it do its work, and returns by the iret hypercall. (above): bytes between
 * R11 and RIP. */
    .macro callback name, handler, above
    .globl \name
    .type \name, @function
\name:
    .cfi_startproc
    .cfi_signal_frame
    .cfi_def_cfa %rsp, 56 + \above
    .cfi_offset %rip, -40
    .cfi_offset %rsp, -16
    movq %rcx, entry_rcx(%rip)
    movq %r11, entry_r11(%rip)
    movq %rsp, entry_rsp(%rip)
    .irp r, rax, rdx, rsi, rdi, r8, r9, r10, rbx
    pushq %\r
    .cfi_adjust_cfa_offset 8
    .endr
    movq entry_rsp(%rip), %rdi
    movq %rsp, %rbx
    .cfi_def_cfa_register %rbx
    andq $-16, %rsp
    call \handler
    movq %rbx, %rsp
    .cfi_def_cfa_register %rsp
    .irp r, rbx, r10, r9, r8, rdi, rsi, rdx, rax, rcx, r11
    popq %\r
    .cfi_adjust_cfa_offset -8
    .endr
    leaq \above(%rsp), %rsp
    .cfi_adjust_cfa_offset -\above
    pushq $0
    jmp hypercall_page + 23 * 32
    .cfi_endproc
    .size \name, . - \name
    .endm

    callback event_entry, handle_event, 0
    callback failsafe_entry, handle_failsafe, 32
    .weak handle_nmi                /* not every test has one */
    callback nmi_entry, handle_nmi, 0

/*
 * void leave_by_iret(struct { uint64_t rax, rcx, r11; } *seen, uint64_t rflags): goes to its own end
 * by iret, with chosen registers, and tells what arrived.
 */
    .globl leave_by_iret
    .type leave_by_iret, @function
leave_by_iret:
    .cfi_startproc
    movq %rsp, %rdx
    pushq $0xe02b
    pushq %rdx
    pushq %rsi
    pushq $0xe030
    leaq 1f(%rip), %rax
    pushq %rax
    pushq $0
    movl $0x11, %eax
    movl $0x22, %ecx
    movl $0x33, %r11d
    jmp hypercall_page + 23 * 32
1:  movq %rax, (%rdi)
    movq %rcx, 8(%rdi)
    movq %r11, 16(%rdi)
    pushfq
    popq 24(%rdi)
    ret
    .cfi_endproc
    .size leave_by_iret, . - leave_by_iret

    .bss
    .balign 8
    .globl entry_rcx, entry_r11, entry_rsp
entry_rcx: .quad 0
entry_r11: .quad 0
entry_rsp: .quad 0
    .section .note.GNU-stack, "", @progbits
