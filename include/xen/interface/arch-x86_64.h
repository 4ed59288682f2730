/* SPDX-License-Identifier: MIT */
/*
 * arch-x86_64.h: selectors, address-space constants and registers of 64-bit guests.
 *
 * Include arch-x86.h; on i386 this file is empty.  Kernel and user of a 64-bit PV guest both run in
 * ring 3; the hypervisor keeps their page-table roots apart and swaps gs between them.
 */
#if !defined(__i386__) && !defined(__XEN_PUBLIC_ARCH_X86_64_H__)
#define __XEN_PUBLIC_ARCH_X86_64_H__

#include <xen/interface/base.h>

/* How a hypercall traps: rax number; rdi, rsi, rdx, r10, r8, r9 arguments; rcx and r11 are lost. */
#ifdef __ASSEMBLY__
#define TRAP_INSTR syscall
#else
#define TRAP_INSTR "syscall"
#endif

/* Flat segments that the hypervisor keeps in every guest's GDT. */
#define FLAT_RING3_CS32 0xe023
#define FLAT_RING3_CS64 0xe033
#define FLAT_RING3_DS32 0xe02b
#define FLAT_RING3_DS64 0x0000
#define FLAT_RING3_SS32 0xe02b
#define FLAT_RING3_SS64 0xe02b

#define FLAT_KERNEL_DS64 FLAT_RING3_DS64
#define FLAT_KERNEL_DS32 FLAT_RING3_DS32
#define FLAT_KERNEL_DS   FLAT_KERNEL_DS64
#define FLAT_KERNEL_CS64 FLAT_RING3_CS64
#define FLAT_KERNEL_CS32 FLAT_RING3_CS32
#define FLAT_KERNEL_CS   FLAT_KERNEL_CS64
#define FLAT_KERNEL_SS64 FLAT_RING3_SS64
#define FLAT_KERNEL_SS32 FLAT_RING3_SS32
#define FLAT_KERNEL_SS   FLAT_KERNEL_SS64

#define FLAT_USER_DS64 FLAT_RING3_DS64
#define FLAT_USER_DS32 FLAT_RING3_DS32
#define FLAT_USER_DS   FLAT_USER_DS64
#define FLAT_USER_CS64 FLAT_RING3_CS64
#define FLAT_USER_CS32 FLAT_RING3_CS32
#define FLAT_USER_CS   FLAT_USER_CS64
#define FLAT_USER_SS64 FLAT_RING3_SS64
#define FLAT_USER_SS32 FLAT_RING3_SS32
#define FLAT_USER_SS   FLAT_USER_SS64

/* The part of the address space that guests may not map, and the read-only M2P at its start. */
#define __HYPERVISOR_VIRT_START 0xFFFF800000000000
#define __HYPERVISOR_VIRT_END   0xFFFF880000000000
#define __MACH2PHYS_VIRT_START  0xFFFF800000000000
#define __MACH2PHYS_VIRT_END    0xFFFF804000000000

#ifndef HYPERVISOR_VIRT_START
#define HYPERVISOR_VIRT_START mk_unsigned_long(__HYPERVISOR_VIRT_START)
#define HYPERVISOR_VIRT_END   mk_unsigned_long(__HYPERVISOR_VIRT_END)
#endif

#define MACH2PHYS_VIRT_START mk_unsigned_long(__MACH2PHYS_VIRT_START)
#define MACH2PHYS_VIRT_END   mk_unsigned_long(__MACH2PHYS_VIRT_END)
#define MACH2PHYS_NR_ENTRIES ((MACH2PHYS_VIRT_END - MACH2PHYS_VIRT_START) >> 3)
/* A guest that finds the table elsewhere defines this name before it includes the header. */
#ifndef machine_to_phys_mapping
#define machine_to_phys_mapping ((unsigned long *)MACH2PHYS_VIRT_START)
#endif

/* set_segment_base(which, base) */
#define SEGBASE_FS          0
#define SEGBASE_GS_USER     1
#define SEGBASE_GS_KERNEL   2
#define SEGBASE_GS_USER_SEL 3 /* the low 16 bits of base are a selector to load */

/* iret_context.flags: return as sysret would, rcx and r11 lost. */
#define _VGCF_in_syscall 8
#define VGCF_in_syscall  (1 << _VGCF_in_syscall)
#define VGCF_IN_SYSCALL  VGCF_in_syscall

#ifndef __ASSEMBLY__

/* What the iret hypercall, which takes no arguments, finds at the top of the kernel stack. */
struct iret_context {
    uint64_t rax, r11, rcx, flags, rip, cs, rflags, rsp, ss;
};

/* Each register by its 64-bit name, its 32-bit name (still 64 bits wide) and its low half. */
#ifdef __GNUC__
#define __DECL_REG(name)           \
    __extension__ union {          \
        uint64_t r##name, e##name; \
        uint32_t _e##name;         \
    }
#else
#define __DECL_REG(name) uint64_t r##name
#endif

struct cpu_user_regs {
    uint64_t r15;
    uint64_t r14;
    uint64_t r13;
    uint64_t r12;
    __DECL_REG(bp);
    __DECL_REG(bx);
    uint64_t r11;
    uint64_t r10;
    uint64_t r9;
    uint64_t r8;
    __DECL_REG(ax);
    __DECL_REG(cx);
    __DECL_REG(dx);
    __DECL_REG(si);
    __DECL_REG(di);
    uint32_t error_code;   /* the hypervisor's own */
    uint32_t entry_vector; /* the hypervisor's own */
    __DECL_REG(ip);
    uint16_t cs, _pad0[1];
    uint8_t saved_upcall_mask;
    uint8_t _pad1[3];
    __DECL_REG(flags); /* IF stands for "event upcalls not masked" */
    __DECL_REG(sp);
    uint16_t ss, _pad2[3];
    uint16_t es, _pad3[3];
    uint16_t ds, _pad4[3];
    uint16_t fs, _pad5[3];
    uint16_t gs, _pad6[3];
};
DEFINE_GUEST_HANDLE_STRUCT(cpu_user_regs);

#undef __DECL_REG

/* vcpu_guest_context.ctrlreg[1] and [3] hold the address of the root table. */
#define xen_pfn_to_cr3(pfn) ((unsigned long)(pfn) << 12)
#define xen_cr3_to_pfn(cr3) ((unsigned long)(cr3) >> 12)

struct arch_vcpu_info {
    unsigned long cr2; /* address of the last page fault bounced to the guest */
    unsigned long pad;
};

typedef unsigned long xen_callback_t;
#define XEN_CALLBACK(cs, rip) ((unsigned long)(rip))

#endif /* !__ASSEMBLY__ */

#endif /* __XEN_PUBLIC_ARCH_X86_64_H__ */
