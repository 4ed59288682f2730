/* SPDX-License-Identifier: MIT */
/*
 * leave.S: a guest's assembly that leaves by an iret which is no stub's.
 */
    .text

/* What arrived, to (rbx): struct left. The stack is that of the frame, r13 in all of these. */
    .macro tell
    movq %rax, 0(%rbx)
    movq %rcx, 8(%rbx)
    movq %r11, 16(%rbx)
    movq %rdi, 32(%rbx)
    movq %rsi, 40(%rbx)
    movq %rdx, 48(%rbx)
    movq %r10, 56(%rbx)
    movq %r8, 64(%rbx)
    movq %r9, 72(%rbx)
    movq %rbp, 80(%rbx)
    movq %rsp, 88(%rbx)
    pushfq
    popq 24(%rbx)
    subq %r13, 88(%rbx)
    movq %r13, %rsp
    .endm
    .macro enter_function
    .cfi_startproc
    .irp r, rbx, rbp, r12, r13, r14, r15
    pushq %\r
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %\r, 0
    .endr
    movq %rdi, %rbx
    movq %rsp, %r13
    .cfi_def_cfa_register %r13
    .endm
    .macro leave_function
    cld
    .irp r, r15, r14, r13, r12, rbp, rbx
    popq %\r
    .endr
    ret
    .cfi_endproc
    .endm

/*
 * void list_iret(struct left *out, struct multicall_entry *list, uint64_t nr, uint64_t rflags, uint64_t flags, uint64_t cs):
 * makes the list with the part of a frame on its stack that is not what Xen's own stub pushes.
 */
    .globl list_iret
    .type list_iret, @function
list_iret:
    enter_function
    pushq $0xe02b
    pushq %r13
    pushq %rcx
    pushq %r9
    leaq 1f(%rip), %rax
    pushq %rax
    pushq %r8
    leaq 2f(%rip), %rax
    movq %rax, 96(%rbx)
    leaq 1f(%rip), %rax
    movq %rax, 104(%rbx)
    movq %rsi, %rdi
    movq %rdx, %rsi
    movl $0x103, %edx
    movl $0x104, %r10d
    movl $0x105, %r8d
    movl $0x106, %r9d
    movl $0x107, %ebp
    movl $0x80000011, %r11d
    movl $0x22, %ecx
    movups vector_in(%rip), %xmm7
    call hypercall_page + 13 * 32
2:  incq 112(%rbx)                  /* it came back */
1:  movups %xmm7, vector_out(%rip)
    tell
    leave_function
    .size list_iret, . - list_iret

/* void land(struct left *out, struct iret_context *f, void (*fn)(void *arg), void *arg): fn(arg) makes an iret to (f). */
    .globl land
    .type land, @function
land:
    enter_function
    leaq 1f(%rip), %rax
    movq %rax, 32(%rsi)
    movq %rax, 104(%rdi)
    movq %r13, 56(%rsi)
    movq %rdi, land_out(%rip)
    movq %r13, land_sp(%rip)
    movq %rcx, %rdi
    andq $-16, %rsp
    call *%rdx
    incq 112(%rbx)
1:  movq land_out(%rip), %rbx       /* a function keeps nobody's registers where it does not return */
    movq land_sp(%rip), %r13
    tell
    leave_function
    .size land, . - land

/* void raw_iret(struct left *out, uint64_t rflags): the entry of all hypercalls with the number of iret. */
    .globl raw_iret
    .type raw_iret, @function
raw_iret:
    enter_function
    pushq $0xe02b
    pushq %r13
    pushq %rsi
    pushq $0xe030
    leaq 1f(%rip), %rax
    pushq %rax
    pushq $0
    pushq $0x22
    pushq $0x33
    pushq $0x11
    movl $23, %eax
    jmp *xd_hypercall_entry@GOTPCREL(%rip)
1:  tell
    leave_function
    .size raw_iret, . - raw_iret

    .bss
    .balign 16
    .globl vector_in, vector_out
vector_in: .zero 16
vector_out: .zero 16
land_out: .quad 0
land_sp: .quad 0
    .section .note.GNU-stack, "", @progbits
