/* SPDX-License-Identifier: MIT */
/*
 * entry.S: where hypercall_page's stubs lead, the bounce frame, and calling what may use vector
 * registers.
 *
 * Everything but rax survives a hypercall (of a release build of Xen), whatever the alignment of the stack.
 */
    .text

/*
 * eax: number; rdi rsi rdx r10 r8 r9: arguments, of which C wants the fourth in rcx; the number comes last, and where RSP
 * stands in Xen's own page by then: rcx and r11 are pushed. An iret is jumped to, as its stub is.
 */
    .globl xd_hypercall_entry
    .type xd_hypercall_entry, @function
    .balign 32
xd_hypercall_entry:
    .cfi_startproc
    cmpq $23, %rax
    je .Liret
    pushq %rcx
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %rcx, 0
    pushq %r11
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r11, 0
    pushq %rbp
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %rbp, 0
    movq %rsp, %rbp
    .cfi_def_cfa_register %rbp
    andq $-16, %rsp
    pushq %r9
    pushq %r8
    pushq %r10
    pushq %rdx
    pushq %rsi
    pushq %rdi
    leaq 8(%rbp), %rcx
    pushq %rcx
    pushq %rax
    movq %r10, %rcx
    cld
    call xd_stub_call
    addq $16, %rsp
    testq %rdx, %rdx
    jnz 2f
1:  popq %rdi
    popq %rsi
    popq %rdx
    popq %r10
    popq %r8
    popq %r9
    movq %rbp, %rsp
    .cfi_remember_state
    .cfi_def_cfa_register %rsp
    popq %rbp
    .cfi_adjust_cfa_offset -8
    .cfi_restore %rbp
    popq %r11
    .cfi_adjust_cfa_offset -8
    .cfi_restore %r11
    popq %rcx
    .cfi_adjust_cfa_offset -8
    .cfi_restore %rcx
    ret
    .cfi_restore_state
/* A debug build of Xen: so many argument registers come back as this. */
2:  movq %rdx, %r11
    andl $0xff, %edx
    jz 4f
    movabsq $0xdeadbeefdeadf00d, %rcx
3:  movq %rcx, -8(%rsp,%rdx,8)
    decq %rdx
    jnz 3b
4:  testl $0x100, %r11d             /* XD_STUB_LEAVES */
    jz 1b
    popq %rdi
    popq %rsi
    popq %rdx
    popq %r10
    popq %r8
    popq %r9
    movq (%rbp), %rbp
    .cfi_undefined %rip
    jmp 5f
    .cfi_endproc
    .size xd_hypercall_entry, . - xd_hypercall_entry

/* void xd_leave_by(const struct xd_iret_frame *f), whose flags are the stack pointer that finds RFLAGS and RIP. */
    .globl xd_leave_by
    .hidden xd_leave_by
    .type xd_leave_by, @function
xd_leave_by:
    .cfi_startproc
    .cfi_undefined %rip
    movq %rdi, %rax
5:  movq 8(%rax), %r11
    movq 16(%rax), %rcx
    movq 24(%rax), %rsp
    movq (%rax), %rax
    popfq
    ret
    .cfi_endproc
    .size xd_leave_by, . - xd_leave_by

/* The stack holds a struct xd_iret_frame; all other registers are the target's already. */
    .globl xd_iret_entry
    .type xd_iret_entry, @function
    .balign 32
xd_iret_entry:
.Liret:
    .cfi_startproc
    .cfi_def_cfa %rsp, 72
    .cfi_offset %rip, -40
    .cfi_offset %rsp, -16
    .cfi_offset %rax, -72
    .cfi_offset %r11, -64
    .cfi_offset %rcx, -56
    pushq %rbp
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %rbp, 0
    movq %rsp, %rbp
    .cfi_def_cfa_register %rbp
    pushq %r9
    pushq %r8
    pushq %r10
    pushq %rdx
    pushq %rsi
    pushq %rdi
    leaq 8(%rbp), %rdi
    andq $-16, %rsp
    cld
    call xd_stub_iret
    testb %al, %al                  /* nothing below touches flags before jnz */
    leaq -48(%rbp), %rsp
    popq %rdi
    popq %rsi
    popq %rdx
    popq %r10
    popq %r8
    popq %r9
    popq %rbp
    .cfi_def_cfa %rsp, 72
    .cfi_restore %rbp
    popq %rax
    popq %r11
    popq %rcx
    movq (%rsp), %rsp
    .cfi_def_cfa %rsp, 16
    .cfi_restore %rip
    .cfi_restore %rsp
    .cfi_restore %rax
    .cfi_restore %r11
    .cfi_restore %rcx
    .cfi_remember_state
    jnz 1f
    popfq
    .cfi_adjust_cfa_offset -8
    ret
    .cfi_restore_state
1:  leaq 8(%rsp), %rsp
    .cfi_adjust_cfa_offset -8
    ret
    .cfi_endproc
    .size xd_iret_entry, . - xd_iret_entry
    .globl xd_iret_over_red_zone
    .hidden xd_iret_over_red_zone
    .type xd_iret_over_red_zone, @function
xd_iret_over_red_zone:
    .cfi_startproc
    ret $128
    .cfi_endproc
    .size xd_iret_over_red_zone, . - xd_iret_over_red_zone

/*
 * void xd_bounce(uint64_t handler). The frame, upwards from a stack pointer that is 8 modulo 16:
 * RCX R11 RIP CS|mask<<32 RFLAGS RSP SS; the mask saved in it is 0, since an upcall was due.
 * The handler keeps all registers, so none is saved here.
 */
    .globl xd_bounce, xd_bounce_back
    .hidden xd_bounce, xd_bounce_back
    .type xd_bounce, @function
    .balign 32
xd_bounce:
    .cfi_startproc
    pushq %rbp
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %rbp, 0
    movq %rsp, %rbp
    .cfi_def_cfa_register %rbp
    .cfi_remember_state
    call 1f                         /* the processor guesses by it where the iret stub's ret leads */
xd_bounce_back:
    popq %rbp
    .cfi_def_cfa %rsp, 8
    ret
    .cfi_restore_state
1:  addq $8, %rsp
    pushfq
    popq %r11
    andq $~0x3000, %r11             /* IOPL */
    orq $0x200, %r11                /* IF: events were let in */
    movq %rsp, %rax
    andq $-16, %rsp
    pushq $0xe02b
    pushq %rax
    pushq %r11
    pushq $0xe030
    leaq xd_bounce_back(%rip), %rcx
    pushq %rcx
    pushq %r11
    pushq %rcx
    movq %rdi, %rcx                 /* as sysret leaves it */
    jmp *%rdi
    .cfi_endproc
    .size xd_bounce, . - xd_bounce

/*
 * void xd_bounce_frame(handler, cs_and_mask, rflags, sel). The frame, upwards:
 * RCX R11 DS ES FS GS RIP CS|mask<<32 RFLAGS RSP SS; without DS to GS, if sel is NULL. It is left as the one above.
 */
    .globl xd_bounce_frame
    .hidden xd_bounce_frame
    .type xd_bounce_frame, @function
    .balign 32
xd_bounce_frame:
    .cfi_startproc
    pushq %rbp
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %rbp, 0
    movq %rsp, %rbp
    .cfi_def_cfa_register %rbp
    andq $-16, %rsp
    pushq $0xe02b
    pushq %rbp
    pushq %rdx
    pushq %rsi
    leaq xd_bounce_back(%rip), %r8
    pushq %r8
    testq %rcx, %rcx
    jz 1f
    .irp at, 6, 4, 2, 0
    movzwl \at(%rcx), %eax
    pushq %rax
    .endr
1:  pushq %rdx
    pushq %r8
    movq %rdi, %rcx                 /* as sysret leaves it */
    movq %rdx, %r11
    jmp *%rdi
    .cfi_endproc
    .size xd_bounce_frame, . - xd_bounce_frame

/*
 * long xd_with_vectors(fn, a, b): fn(a, b) with x87, SSE, AVX and AVX-512 state put back
 * afterwards. xsave takes the part of the mask that the processor has.
 */
    .globl xd_with_vectors
    .hidden xd_with_vectors
    .type xd_with_vectors, @function
    .balign 32
xd_with_vectors:
    .cfi_startproc
    pushq %rbp
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %rbp, 0
    movq %rsp, %rbp
    .cfi_def_cfa_register %rbp
    pushq %rbx
    .cfi_offset %rbx, -24
    subq $2760, %rsp
    andq $-64, %rsp
    movq %rsp, %rbx
    movq %rdi, %r8
    movq %rsi, %r9
    movq %rdx, %r10
    leaq 512(%rbx), %rdi            /* the header wants zeroes */
    xorl %eax, %eax
    movl $8, %ecx
    rep stosq
    movl $0xe7, %eax
    xorl %edx, %edx
    xsave (%rbx)
    movq %r9, %rdi
    movq %r10, %rsi
    call *%r8
    movq %rax, %rcx
    movl $0xe7, %eax
    xorl %edx, %edx
    xrstor (%rbx)
    movq %rcx, %rax
    movq -8(%rbp), %rbx
    leave
    .cfi_def_cfa %rsp, 8
    ret
    .cfi_endproc
    .size xd_with_vectors, . - xd_with_vectors
    .section .note.GNU-stack, "", @progbits
