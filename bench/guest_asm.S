/* SPDX-License-Identifier: MIT */
/* guest_asm.S: the guest's side of what guest.c measures: calls through the page, an event entry, and
 * the floors of a switch: a frame of registers, written and read back. */
#if defined(__x86_64__)
    .text
    .globl bench_calls_by_stub
bench_calls_by_stub:
    pushq %rbx
    movq %rdi, %rbx
    testq %rbx, %rbx
    jz 2f
1:  xorl %edi, %edi
    xorl %esi, %esi
    call hypercall_page + 17 * 32
    decq %rbx
    jnz 1b
2:  popq %rbx
    ret

/* Clears upcall_pending (byte 0 of vcpu_info) and the selector (at 8); the sender clears the port. */
    .globl bench_event_entry
bench_event_entry:
    popq %rcx
    popq %r11
    pushq %rax
    movq bench_info@GOTPCREL(%rip), %rax
    movq (%rax), %rax
    movb $0, (%rax)
    movq $0, 8(%rax)
    popq %rax
    pushq $0
    jmp hypercall_page + 23 * 32

    .macro all_out
    .irp r, rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15
    pushq %\r
    .endr
    .endm
    .macro all_in
    .irp r, r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax
    popq %\r
    .endr
    .endm

    .globl bench_full_switches
bench_full_switches:
    testq %rdi, %rdi
    jz 2f
1:  leaq 3f(%rip), %rax
    all_out
    jmp *%rax
3:  all_in
    all_out
    leaq 4f(%rip), %rax
    jmp *%rax
4:  all_in
    decq %rdi
    jnz 1b
2:  ret

/* What a function keeps is left on the stack and found there again, (rdi) times. */
    .globl bench_short_switches
bench_short_switches:
    subq $8, %rsp
1:  leaq 2f(%rip), %rax
    pushq %rax
    .irp r, rbp, rbx, r12, r13, r14, r15
    pushq %\r
    .endr
    movq %rsp, 56(%rsp)
    movq 56(%rsp), %rsp
    .irp r, r15, r14, r13, r12, rbx, rbp
    popq %\r
    .endr
    popq %rax
    jmp *%rax
2:  decq %rdi
    jnz 1b
    addq $8, %rsp
    ret
#endif
    .section .note.GNU-stack, "", @progbits
