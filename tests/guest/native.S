/* SPDX-License-Identifier: MIT */
/*
 * native.S: void native_run(void): loads what native_regs (struct xd_insn_regs) says, jumps to its rip,
 * and stores what is found at native_back, to where the code there jumps.
 */
    .set regs, native_regs
    .set rflags, native_regs + 136
    .set rip, native_regs + 128

    .text
    .globl native_run, native_back
native_run:
    .irp r, rbx, rbp, r12, r13, r14, r15
    pushq %\r
    .endr
    pushfq
    movq %rsp, stack(%rip)
    leaq native_regs(%rip), %rax
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    movdqu 144 + 16 * \n(%rax), %xmm\n
    .endr
    pushq rflags(%rip)
    popfq
    .set at, 8
    .irp r, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15
    movq native_regs + at(%rip), %\r
    .set at, at + 8
    .endr
    movq regs(%rip), %rax
    jmp *rip(%rip)

native_back:
    .set at, 0
    .irp r, rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15
    movq %\r, native_regs + at(%rip)
    .set at, at + 8
    .endr
    movq stack(%rip), %rsp
    pushfq
    popq rflags(%rip)
    popfq
    .irp r, r15, r14, r13, r12, rbp, rbx
    popq %\r
    .endr
    ret

    .bss
    .balign 8
stack:
    .skip 8
    .section .note.GNU-stack, "", @progbits
