/* SPDX-License-Identifier: MIT */
/*
 * entry.S: the assembly of entry.c's guest: where it begins, where events enter it, and its
 * hypercalls, which go through Xen's page of stubs.
 */
#define STUB(nr) hypercall_page + (nr) * 32
#define set_callbacks 4
#define iret 23
#define sched_op_new 29
#define SCHEDOP_yield 0
#define XSAVE_SIZE 2816             /* x87, SSE, AVX and AVX-512, each at the place it always has */
#define XSAVE_MASK 0xe7

/* void guest_start(void *info): says where events enter, lets them in, and goes on in C. */
    .text
    .globl guest_start
    .type guest_start, @function
guest_start:
    .cfi_startproc
    pushq %rbx
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %rbx, 0
    movq %rdi, %rbx
    leaq event_entry(%rip), %rdi
    xorl %esi, %esi                 /* no failsafe callback */
    xorl %edx, %edx                 /* no system calls */
    call STUB(set_callbacks)
    testq %rax, %rax
    jnz 1f
    movb $0, 1(%rbx)                /* vcpu_info.evtchn_upcall_mask */
    movl $SCHEDOP_yield, %edi       /* what is pending arrives before the stub returns */
    xorl %esi, %esi
    call STUB(sched_op_new)
    movq %rbx, %rdi
    call guest_main
1:  popq %rbx
    .cfi_adjust_cfa_offset -8
    .cfi_restore %rbx
    ret
    .cfi_endproc
    .size guest_start, . - guest_start

/*
 * Xen enters here as the processor does an interrupt handler, with RCX and R11 on top of the frame:
 * RCX R11 RIP CS RFLAGS RSP SS. Nothing is saved; the stack pointer is a multiple of 16 plus 8. The C code
 * uses vector registers too, and whoever is interrupted may be in the middle of using them.
 */
    .globl event_entry
    .type event_entry, @function
event_entry:
    .cfi_startproc
    .cfi_signal_frame
    .cfi_def_cfa %rsp, 56
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
    movq %rsp, %rbx
    .cfi_def_cfa_register %rbx
    subq $XSAVE_SIZE, %rsp
    andq $-64, %rsp
    cld
    leaq 512(%rsp), %rdi            /* the header wants zeroes */
    xorl %eax, %eax
    movl $8, %ecx
    rep stosq
    movl $XSAVE_MASK, %eax
    xorl %edx, %edx
    xsave (%rsp)
    call handle_events
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
    pushq $0                        /* flags: a full iret */
    jmp STUB(iret)
    .cfi_endproc
    .size event_entry, . - event_entry
    .section .note.GNU-stack, "", @progbits
