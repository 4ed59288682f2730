/* SPDX-License-Identifier: MIT */
/*
 * entry.S: the first instructions, the hypercall page, the trap entries, and the notes by which Xen knows the kernel.
 *
 * A trap in kernel mode has no return: it leaves what Xen reported on the vCPU's page and goes back to the point that
 * guarded() has marked.  Xen knows of no "inside an exception", so nothing has to be undone.
 */
#include "../mailbox.h"

#define NOTE(type, bytes)                  \
    .balign 4;                             \
    .long 4, 2f - 1f, type;                \
    .asciz "Xen";                          \
    1: bytes;                              \
    2: .balign 4

    .section .note.xen, "a", @note
    NOTE(6, .asciz "xendouble-oracle")     /* GUEST_OS */
    NOTE(7, .asciz "1")                    /* GUEST_VERSION */
    NOTE(5, .asciz "xen-3.0")              /* XEN_VERSION */
    NOTE(8, .asciz "generic")              /* LOADER */
    NOTE(3, .quad KERNEL_BASE)             /* VIRT_BASE */
    NOTE(4, .quad 0)                       /* PADDR_OFFSET */
    NOTE(1, .quad _start)                  /* ENTRY */
    NOTE(2, .quad hypercall_page)          /* HYPERCALL_PAGE */

/*
 * Each vCPU has one page: its stack, and at the bottom what is its own.  So "my own" is where the stack pointer is.
 */
#define RESUME_AT 0  /* where a trap goes on; 0: none is expected */
#define LAST_TRAP 8  /* vector, error code, rip of the last one */
#define UPCALLS   32 /* taken */
#define TRAP_CS   40 /* of the last one: RPL 0 if it was in kernel mode */
    .macro OWN reg
    mov %rsp, \reg
    and $-4096, \reg
    .endm

/* The number of the vCPU comes in rdi, which Xen and a toolstack leave zero for the first. */
    .section .head, "ax", @progbits
    .globl _start
_start:
    mov %rcx, stacks+XD_DETOUR_AT+8(%rip)   /* no flag changes, and no stack is used */
    mov stacks+XD_DETOUR_AT(%rip), %rcx
    jrcxz 1f
    mov %rcx, stacks+XD_DETOUR_AT+16(%rip)
    movq $0, stacks+XD_DETOUR_AT(%rip)
    mov stacks+XD_DETOUR_AT+8(%rip), %rcx
    jmp *stacks+XD_DETOUR_AT+16(%rip)
1:  cld
    mov %rdi, %rdx
    mov %rsi, %rdi
    mov %rsp, %rsi
    lea stacks+4096-16(%rip), %rsp
    mov %rdx, %rax
    shl $12, %rax
    add %rax, %rsp
    OWN %rcx
    xor %ebp, %ebp
    call kernel_main
0:  jmp 0b

/* A vCPU that came up by another way, and was caught: it has the stack that the host made for it, and its number in rbx. */
    .globl newcomer
newcomer:
    OWN %rcx
    lea 4096-16(%rcx), %rsp
    movq $0, RESUME_AT(%rcx)
    mov %rbx, %rdx
    xor %edi, %edi
    xor %esi, %esi
    xor %ebp, %ebp
    call kernel_main
0:  jmp 0b

/* bool guarded(void (*access)(struct xd_mailbox *), struct xd_mailbox *): false if it trapped */
    .globl guarded
guarded:
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    OWN %rcx
    mov %rsp, RESUME_AT(%rcx)
    mov %rdi, %rax
    mov %rsi, %rdi
    call *%rax
    mov $1, %eax
    jmp 1f
resume:
    xor %eax, %eax
1:  OWN %rcx
    movq $0, RESUME_AT(%rcx)
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    ret

    .macro TRAP vector, has_error
trap_\vector:
    pop %rcx
    pop %r11
    .if !\has_error
    push $0
    .endif
    push $\vector
    jmp trapped
    .endm

    TRAP 0, 0
    TRAP 1, 0
    TRAP 3, 0
    TRAP 4, 0
    TRAP 5, 0
    TRAP 6, 0
    TRAP 7, 0
    TRAP 10, 1
    TRAP 11, 1
    TRAP 12, 1
    TRAP 13, 1
    TRAP 14, 1
    TRAP 16, 0
    TRAP 17, 1
    TRAP 19, 0

trapped:
    OWN %rcx
    popq LAST_TRAP(%rcx)
    popq LAST_TRAP+8(%rcx)
    popq LAST_TRAP+16(%rcx)
    mov (%rsp), %r11d
    movzwl %r11w, %r11d
    mov %r11, TRAP_CS(%rcx)
    mov RESUME_AT(%rcx), %rsp
    test %rsp, %rsp
    jnz resume
    lea 4096-16(%rcx), %rsp
    jmp unexpected_trap

/*
 * void enter(struct xd_mailbox *): goes on with other registers. Some code that the host has put where it may lead jumps
 * to its part of caught_of, which knows its mailbox by itself, touches no flag and no stack before they are saved, and returns.
 */
#define IN(i)  (XD_ENTER_AT + 8 * (i))
#define OUT(i) (XD_ENTER_OUT_AT + 8 * (i))
#define BY_IRET   IN(11)
#define KERNEL_SP IN(13)
#define UNMASK    IN(14)
    .globl enter, caught_of
enter:
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rdi, %rbx
    mov %rsp, KERNEL_SP(%rbx)
    cmpq $0, BY_IRET(%rbx)
    mov IN(9)(%rbx), %rdi
    mov IN(10)(%rbx), %rsi
    jnz 1f
    pushq IN(6)(%rbx)
    popfq
    mov IN(0)(%rbx), %rax
    mov IN(1)(%rbx), %r11
    mov IN(2)(%rbx), %rcx
    mov IN(7)(%rbx), %rsp
    mov UNMASK(%rbx), %rdx
    movb $0, (%rdx)
    jmp *IN(4)(%rbx)
1:  lea IN(0)(%rbx), %rsp
    mov $23, %eax           /* iret */
    syscall
    ud2

    .balign 16
caught_of:
    .irp n, 0, 1, 2, 3
    .balign 16
    mov mailbox_of+8*\n, %rbx
    jmp caught
    .endr
caught:
    mov %rax, OUT(1)(%rbx)
    mov %rcx, OUT(2)(%rbx)
    mov %rdx, OUT(8)(%rbx)
    mov %r11, OUT(3)(%rbx)
    mov %rsp, OUT(4)(%rbx)
    mov KERNEL_SP(%rbx), %rsp
    pushfq
    popq OUT(5)(%rbx)
    pushq $0x202
    popfq
    mov %cs, %eax
    mov %rax, OUT(6)(%rbx)
    mov %ss, %eax
    mov %rax, OUT(7)(%rbx)
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    ret

/*
 * Events: counted, no more.  The way back is no hypercall, so the mask that Xen set stays set until the host clears it.  Nor
 * is it an iretq: QEMU reads its frame as the supervisor would, which SMAP forbids.  So rip, flags and rax go below the
 * interrupted stack's end, over what was read of the frame.
 */
    .globl event_entry, failsafe_entry
event_entry:
    OWN %rcx
    incq UPCALLS(%rcx)
    pop %rcx
    pop %r11
    push %rax
    push %rdx
    mov 40(%rsp), %rax      /* rsp */
    mov 16(%rsp), %rdx      /* rip */
    mov %rdx, -8(%rax)
    mov 32(%rsp), %rdx      /* flags */
    mov %rdx, -16(%rax)
    mov 8(%rsp), %rdx
    mov %rdx, -24(%rax)
    pop %rdx
    lea -24(%rax), %rsp
    pop %rax
    popfq
    ret

failsafe_entry:
    jmp unexpected_trap

    .section .rodata
    .globl trap_table
    .macro ROW vector
    .byte \vector, 0
    .short 0xe033
    .long 0
    .quad trap_\vector
    .endm
    .balign 8
trap_table:
    .irp v, 0, 1, 3, 4, 5, 6, 7, 10, 11, 12, 13, 14, 16, 17, 19
    ROW \v
    .endr
    .quad 0, 0

    .section .hypercalls, "ax", @progbits
    .globl hypercall_page
hypercall_page:
    .skip 4096, 0x90

    .bss
    .balign 4096
    .globl stacks
stacks:
    .skip 4 * 4096 /* XD_MAIL_VCPUS */

    .section .note.GNU-stack, "", @progbits
