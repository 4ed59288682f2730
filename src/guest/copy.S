/* SPDX-License-Identifier: MIT */
/*
 * copy.S: size_t xd_try_copy(void *dst, const void *src, size_t n): copies, and returns how many
 * bytes are left, which is not 0 if one of the addresses leads nowhere. xd_try_store does the same by one
 * store of 1, 2, 4 or 8 bytes, of which all are left if it faults.
 *
 * A fault between xd_try_words and xd_try_bytes goes on at xd_try_bytes, which finds the
 * exact byte; one from there to xd_try_end goes on at xd_try_end. Only rax, rcx, rsi, rdi are
 * used; rcx counts what is left.
 */
    .text
    .globl xd_try_copy, xd_try_store, xd_try_words, xd_try_bytes, xd_try_end
    .hidden xd_try_copy, xd_try_store, xd_try_words, xd_try_bytes, xd_try_end
    .type xd_try_copy, @function
    .balign 16
xd_try_copy:
    .cfi_startproc
    movq %rdx, %rcx
    cmpq $256, %rcx
    jae 4f
xd_try_words:
1:  cmpq $8, %rcx
    jb 2f
    movq (%rsi), %rax
    movq %rax, (%rdi)
    addq $8, %rsi
    addq $8, %rdi
    subq $8, %rcx
    jmp 1b
2:  cmpq $4, %rcx
    jb xd_try_bytes
    movl (%rsi), %eax
    movl %eax, (%rdi)
    addq $4, %rsi
    addq $4, %rdi
    subq $4, %rcx
xd_try_bytes:
3:  testq %rcx, %rcx
    jz xd_try_end
    movb (%rsi), %al
    movb %al, (%rdi)
    incq %rsi
    incq %rdi
    decq %rcx
    jmp 3b
4:  rep movsb
    movq %rcx, %rax
    ret
    .cfi_endproc
    .size xd_try_copy, . - xd_try_copy

    .type xd_try_store, @function
    .balign 16
xd_try_store:
    .cfi_startproc
    movq %rdx, %rcx
    cmpq $4, %rcx
    jb 2f
    je 1f
    movq (%rsi), %rax
    movq %rax, (%rdi)
    jmp 4f
1:  movl (%rsi), %eax
    movl %eax, (%rdi)
    jmp 4f
2:  cmpq $2, %rcx
    jb 3f
    movw (%rsi), %ax
    movw %ax, (%rdi)
    jmp 4f
3:  movb (%rsi), %al
    movb %al, (%rdi)
4:  xorl %ecx, %ecx
xd_try_end:
    movq %rcx, %rax
    ret
    .cfi_endproc
    .size xd_try_store, . - xd_try_store

/*
 * uint32_t xd_probe(const void *nowhere): faults twice: in the first instruction of a function, where RIP may be shown as it
 * was at the call, and between two values of eax. What the handler saw of eax the second time; 0 if RIP was wrong.
 */
    .globl xd_probe, xd_probe_rip, xd_probe_next, xd_probe_eax, xd_probe_back, xd_probe_end
    .hidden xd_probe, xd_probe_rip, xd_probe_next, xd_probe_eax, xd_probe_back, xd_probe_end
    .type xd_probe, @function
    .balign 16
xd_probe:
    .cfi_startproc
    pushq %rbp
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %rbp, 0
    movq %rsp, %rbp
    .cfi_def_cfa_register %rbp
    call 1f                         /* behind it a piece of code begins for Valgrind, */
    xorl %eax, %eax
    call xd_probe_rip               /* which has room for what is called here */
xd_probe_back:
    leave
    .cfi_def_cfa %rsp, 8
    ret
    .balign 16
xd_probe_rip:
    .cfi_def_cfa %rbp, 16
    movq (%rdi), %rcx
xd_probe_next:
    movl $0x5eed5eed, %eax
xd_probe_eax:
    movq (%rdi), %rcx
    xorl %eax, %eax
1:  ret
xd_probe_end:
    .cfi_endproc
    .size xd_probe, . - xd_probe
    .section .note.GNU-stack, "", @progbits
