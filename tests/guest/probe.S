/* SPDX-License-Identifier: MIT */
/*
 * probe.S: void probe_run(const struct probe *in, struct probe *out): loads every register from
 * *in, calls probe_target with the stack moved by probe_skew bytes, and stores every register to
 * *out. Not for use in parallel.
 */
    .macro each_gpr op, base
    \op 8, %rbx, \base
    \op 16, %rcx, \base
    \op 24, %rdx, \base
    \op 32, %rsi, \base
    \op 40, %rdi, \base
    \op 48, %rbp, \base
    \op 64, %r8, \base
    \op 72, %r9, \base
    \op 80, %r10, \base
    \op 88, %r11, \base
    \op 96, %r12, \base
    \op 104, %r13, \base
    \op 112, %r14, \base
    .endm
    .macro load off, reg, base
    movq \off(\base), \reg
    .endm
    .macro store off, reg, base
    movq \reg, \off(\base)
    .endm
    .macro each_ymm load_it
    .set i, 0
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    .if \load_it
    vmovups 128 + i(%rax), %ymm\n
    .else
    vmovups %ymm\n, 128 + i(%rax)
    .endif
    .set i, i + 32
    .endr
    .endm

    .text
    .globl probe_run
    .type probe_run, @function
probe_run:
    .cfi_startproc
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, probe_sp(%rip)
    movq %rsi, probe_out(%rip)
    subq probe_skew(%rip), %rsp
    movq %rdi, %rax
    cmpl $0, probe_avx(%rip)
    je 1f
    each_ymm 1
1:  movq %rdi, %r15
    each_gpr load, %r15
    movq 0(%r15), %rax
    movq 120(%r15), %r15
    call *probe_target(%rip)
    movq %rax, probe_rax(%rip)
    movq probe_out(%rip), %rax
    each_gpr store, %rax
    movq %r15, 120(%rax)
    movq %rsp, 56(%rax)
    cmpl $0, probe_avx(%rip)
    je 2f
    each_ymm 0
    vzeroupper
2:  movq probe_rax(%rip), %rcx
    movq %rcx, 0(%rax)
    movq probe_sp(%rip), %rcx
    subq probe_skew(%rip), %rcx
    movq 56(%rax), %rdx
    subq %rcx, %rdx
    movq %rdx, 56(%rax)         /* how far the stack pointer is off */
    movq probe_sp(%rip), %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    ret
    .cfi_endproc
    .size probe_run, . - probe_run

    .bss
    .balign 8
    .globl probe_target, probe_skew, probe_avx
probe_target: .quad 0
probe_skew: .quad 0
probe_sp: .quad 0
probe_out: .quad 0
probe_rax: .quad 0
probe_avx: .quad 0
    .section .note.GNU-stack, "", @progbits
