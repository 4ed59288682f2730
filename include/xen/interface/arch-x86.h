/* SPDX-License-Identifier: MIT */
/*
 * arch-x86.h: what the interface has because the CPU is an x86, for both word sizes.
 *
 * Registers, selectors and address-space constants are in arch-x86_32.h and arch-x86_64.h.
 */
#ifndef __XEN_PUBLIC_ARCH_X86_H__
#define __XEN_PUBLIC_ARCH_X86_H__

#include <xen/interface/base.h>

#ifdef __i386__
#include <xen/interface/arch-x86_32.h>
#else
#include <xen/interface/arch-x86_64.h>
#endif

/* vCPUs that have their vcpu_info inside shared_info; further ones must register their own. */
#define MAX_VIRT_CPUS        32
#define XEN_LEGACY_MAX_VCPUS MAX_VIRT_CPUS

#define XEN_HAVE_PV_GUEST_ENTRY 1
#define XEN_HAVE_PV_UPCALL_MASK 1

/* Descriptor slots from here to the end of the GDT belong to the hypervisor. */
#define FIRST_RESERVED_GDT_PAGE  14
#define FIRST_RESERVED_GDT_BYTE  (FIRST_RESERVED_GDT_PAGE * 4096)
#define FIRST_RESERVED_GDT_ENTRY (FIRST_RESERVED_GDT_BYTE / 8)

/* Machine checks: the first architecture-specific hypercall. */
#define __HYPERVISOR_mca __HYPERVISOR_arch_0

/* vcpu_guest_context.flags; the upper-case spellings are the older ones. */
#define VGCF_I387_VALID                (1 << 0)
#define VGCF_IN_KERNEL                 (1 << 2)
#define _VGCF_i387_valid               0
#define VGCF_i387_valid                (1 << _VGCF_i387_valid)
#define _VGCF_in_kernel                2
#define VGCF_in_kernel                 (1 << _VGCF_in_kernel)
#define _VGCF_failsafe_disables_events 3
#define VGCF_failsafe_disables_events  (1 << _VGCF_failsafe_disables_events)
#define _VGCF_syscall_disables_events  4
#define VGCF_syscall_disables_events   (1 << _VGCF_syscall_disables_events)
#define _VGCF_online                   5
#define VGCF_online                    (1 << _VGCF_online)

/* Before an instruction: have the hypervisor emulate it (ud2 and the letters "xen"). */
#ifdef __ASSEMBLY__
#define XEN_EMULATE_PREFIX .byte 0x0f, 0x0b, 0x78, 0x65, 0x6e;
#define XEN_CPUID          XEN_EMULATE_PREFIX cpuid
#else
#define XEN_EMULATE_PREFIX ".byte 0x0f,0x0b,0x78,0x65,0x6e ; "
#define XEN_CPUID          XEN_EMULATE_PREFIX "cpuid"
#endif

#ifndef __ASSEMBLY__

/*
 * An entry of the table given to set_trap_table, which a zero address ends.  The low two bits of
 * flags are the lowest privilege that may raise the vector by `int`; bit 2 masks event upcalls on
 * entry, as an interrupt gate would.
 */
#define TI_GET_DPL(ti)      ((ti)->flags & 3)
#define TI_GET_IF(ti)       ((ti)->flags & 4)
#define TI_SET_DPL(ti, dpl) ((ti)->flags |= (dpl))
#define TI_SET_IF(ti, on)   ((ti)->flags |= ((!!(on)) << 2))

struct trap_info {
    uint8_t vector;
    uint8_t flags;
    uint16_t cs;
    unsigned long address;
};
DEFINE_GUEST_HANDLE_STRUCT(trap_info);

/* State of a vCPU that has not run yet, as VCPUOP_initialise and the toolstack give it. */
struct vcpu_guest_context {
    struct {
        char x[512];
    } fpu_ctxt;          /* FXSAVE image */
    unsigned long flags; /* VGCF_* */
    struct cpu_user_regs user_regs;
    struct trap_info trap_ctxt[256];
    unsigned long ldt_base, ldt_ents;
    unsigned long gdt_frames[16], gdt_ents; /* frames are mfns; ents counts descriptors */
    unsigned long kernel_ss, kernel_sp;
    unsigned long ctrlreg[8]; /* 1: root of the user tables (64-bit only); 3: of the kernel's */
    unsigned long debugreg[8];
#ifdef __i386__
    unsigned long event_callback_cs;
    unsigned long event_callback_eip;
    unsigned long failsafe_callback_cs;
    unsigned long failsafe_callback_eip;
#else
    unsigned long event_callback_eip;
    unsigned long failsafe_callback_eip;
    unsigned long syscall_callback_eip;
#endif
    unsigned long vm_assist; /* bit per VMASST_TYPE_* */
#ifndef __i386__
    uint64_t fs_base;
    uint64_t gs_base_kernel;
    uint64_t gs_base_user;
#endif
};
DEFINE_GUEST_HANDLE_STRUCT(vcpu_guest_context);

/* The guest writes these so that tools can find its p2m; nmi_reason is the hypervisor's. */
struct arch_shared_info {
    unsigned long max_pfn; /* one past the highest pfn in the p2m */
    xen_pfn_t pfn_to_mfn_frame_list_list;
    unsigned long nmi_reason; /* XEN_NMIREASON_* */
    /* Linear p2m, instead of the frame lists when p2m_cr3 is not 0. */
    unsigned long p2m_cr3;
    unsigned long p2m_vaddr;
    unsigned long p2m_generation; /* odd while the guest changes the mapping */
#ifdef __i386__
    uint32_t wc_sec_hi;
#endif
};

#endif /* !__ASSEMBLY__ */

#endif /* __XEN_PUBLIC_ARCH_X86_H__ */
