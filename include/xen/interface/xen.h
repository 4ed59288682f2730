/* SPDX-License-Identifier: MIT */
/*
 * xen.h: the core of the guest interface: hypercall numbers, memory-management requests, and the
 * pages that hypervisor and guest share.
 *
 * Names and layouts are those that Linux used in 2008, plus what Xen has added up to 4.17.  Beware
 * of one name: __HYPERVISOR_sched_op is the old hypercall 6 here; the present one, 29, is
 * __HYPERVISOR_sched_op_new.
 */
#ifndef __XEN_PUBLIC_XEN_H__
#define __XEN_PUBLIC_XEN_H__

#include <xen/interface/base.h>
#include <xen/interface/arch-x86.h>
#include <xen/interface/pvclock.h>

/*
 * Hypercalls.  64-bit: number in rax, arguments in rdi rsi rdx r10 r8 r9, result in rax, rcx and
 * r11 lost.  32-bit: number in eax, arguments in ebx ecx edx esi edi ebp, result in eax.
 * Argument registers may change.
 */
#define __HYPERVISOR_set_trap_table                0
#define __HYPERVISOR_mmu_update                    1
#define __HYPERVISOR_set_gdt                       2
#define __HYPERVISOR_stack_switch                  3
#define __HYPERVISOR_set_callbacks                 4
#define __HYPERVISOR_fpu_taskswitch                5
#define __HYPERVISOR_sched_op                      6
#define __HYPERVISOR_sched_op_compat               6
#define __HYPERVISOR_dom0_op                       7
#define __HYPERVISOR_platform_op                   7
#define __HYPERVISOR_set_debugreg                  8
#define __HYPERVISOR_get_debugreg                  9
#define __HYPERVISOR_update_descriptor             10
#define __HYPERVISOR_memory_op                     12
#define __HYPERVISOR_multicall                     13
#define __HYPERVISOR_update_va_mapping             14
#define __HYPERVISOR_set_timer_op                  15
#define __HYPERVISOR_event_channel_op_compat       16
#define __HYPERVISOR_xen_version                   17
#define __HYPERVISOR_console_io                    18
#define __HYPERVISOR_physdev_op_compat             19
#define __HYPERVISOR_grant_table_op                20
#define __HYPERVISOR_vm_assist                     21
#define __HYPERVISOR_update_va_mapping_otherdomain 22
#define __HYPERVISOR_iret                          23 /* x86 only */
#define __HYPERVISOR_vcpu_op                       24
#define __HYPERVISOR_set_segment_base              25 /* 64-bit only */
#define __HYPERVISOR_mmuext_op                     26
#define __HYPERVISOR_acm_op                        27
#define __HYPERVISOR_xsm_op                        27
#define __HYPERVISOR_nmi_op                        28
#define __HYPERVISOR_sched_op_new                  29
#define __HYPERVISOR_callback_op                   30
#define __HYPERVISOR_xenoprof_op                   31
#define __HYPERVISOR_event_channel_op              32
#define __HYPERVISOR_physdev_op                    33
#define __HYPERVISOR_hvm_op                        34
#define __HYPERVISOR_sysctl                        35
#define __HYPERVISOR_domctl                        36
#define __HYPERVISOR_kexec_op                      37
#define __HYPERVISOR_tmem_op                       38
#define __HYPERVISOR_argo_op                       39
#define __HYPERVISOR_xenpmu_op                     40
#define __HYPERVISOR_dm_op                         41
#define __HYPERVISOR_hypfs_op                      42

#define __HYPERVISOR_arch_0 48
#define __HYPERVISOR_arch_1 49
#define __HYPERVISOR_arch_2 50
#define __HYPERVISOR_arch_3 51
#define __HYPERVISOR_arch_4 52
#define __HYPERVISOR_arch_5 53
#define __HYPERVISOR_arch_6 54
#define __HYPERVISOR_arch_7 55

/*
 * Virtual interrupts, to be bound with EVTCHNOP_bind_virq.  V: one binding per vCPU; G: one for
 * the domain; dom0: only a privileged domain gets it.
 */
#define VIRQ_TIMER      0  /* V: the clock moved on, or the deadline that was asked for came */
#define VIRQ_DEBUG      1  /* V: dump your state */
#define VIRQ_CONSOLE    2  /* G, dom0: input on the emergency console */
#define VIRQ_DOM_EXC    3  /* G, dom0: some domain shut down or crashed */
#define VIRQ_TBUF       4  /* G, dom0: trace buffers have records */
#define VIRQ_DEBUGGER   6  /* G, dom0: a domain stopped for its debugger */
#define VIRQ_XENOPROF   7  /* V: profiling samples are waiting */
#define VIRQ_CON_RING   8  /* G, dom0: output in the hypervisor's console ring */
#define VIRQ_PCPU_STATE 9  /* G, dom0: a physical CPU came or went */
#define VIRQ_MEM_EVENT  10 /* G, dom0: a memory event */
#define VIRQ_ARGO       11 /* G: an inter-domain message */
#define VIRQ_ENOMEM     12 /* G, dom0: little free memory left */
#define VIRQ_XENPMU     13 /* V: performance-counter interrupt */

#define VIRQ_ARCH_0 16
#define VIRQ_ARCH_1 17
#define VIRQ_ARCH_2 18
#define VIRQ_ARCH_3 19
#define VIRQ_ARCH_4 20
#define VIRQ_ARCH_5 21
#define VIRQ_ARCH_6 22
#define VIRQ_ARCH_7 23

#define NR_VIRQS 24

/*
 * mmu_update: the command is in the low two bits of mmu_update.ptr, a machine address is in the
 * rest.  The foreigndom argument names the owner of the frames that new L1 entries map; its upper
 * half, if not 0, is 1 + the owner of the page tables.
 */
#define MMU_NORMAL_PT_UPDATE       0 /* write val into the page-table entry at ptr */
#define MMU_MACHPHYS_UPDATE        1 /* M2P entry of the frame at ptr becomes val */
#define MMU_PT_UPDATE_PRESERVE_AD  2 /* as 0, but keep the accessed and dirty bits that are set */
#define MMU_PT_UPDATE_NO_TRANSLATE 3 /* as 0; val holds an mfn even where guests deal in gfns */

/*
 * mmuext_op.  "mfn" and "src_mfn" are machine frame numbers of frames that the foreigndom owns;
 * "vcpumask" points at a bitmap of vCPUs.
 */
#define MMUEXT_PIN_L1_TABLE       0 /* mfn: validate it as a page table and hold it so */
#define MMUEXT_PIN_L2_TABLE       1
#define MMUEXT_PIN_L3_TABLE       2
#define MMUEXT_PIN_L4_TABLE       3
#define MMUEXT_UNPIN_TABLE        4 /* mfn: let go of a pin of any level */
#define MMUEXT_NEW_BASEPTR        5 /* mfn: new root */
#define MMUEXT_TLB_FLUSH_LOCAL    6
#define MMUEXT_INVLPG_LOCAL       7 /* linear_addr */
#define MMUEXT_TLB_FLUSH_MULTI    8 /* vcpumask */
#define MMUEXT_INVLPG_MULTI       9 /* linear_addr, vcpumask */
#define MMUEXT_TLB_FLUSH_ALL      10
#define MMUEXT_INVLPG_ALL         11 /* linear_addr */
#define MMUEXT_FLUSH_CACHE        12
#define MMUEXT_SET_LDT            13 /* linear_addr, page-aligned; nr_ents */
#define MMUEXT_NEW_USER_BASEPTR   15 /* mfn: new root for user mode, or 0 (64-bit only) */
#define MMUEXT_CLEAR_PAGE         16 /* mfn: fill with zeroes */
#define MMUEXT_COPY_PAGE          17 /* mfn from src_mfn */
#define MMUEXT_FLUSH_CACHE_GLOBAL 18
#define MMUEXT_MARK_SUPER         19 /* mfn: no longer answered */
#define MMUEXT_UNMARK_SUPER       20 /* mfn: no longer answered */

#ifndef __ASSEMBLY__
struct mmuext_op {
    unsigned int cmd; /* MMUEXT_* */
    union {
        xen_pfn_t mfn;
        unsigned long linear_addr;
    } arg1;
    union {
        unsigned int nr_ents;
        void *vcpumask;
        xen_pfn_t src_mfn;
    } arg2;
};
DEFINE_GUEST_HANDLE_STRUCT(mmuext_op);
#endif

/*
 * Flags of update_va_mapping: what to flush, and where.  UVMF_MULTI takes the address of a vCPU
 * bitmap in the upper bits; a null address leaves the calling vCPU, which is UVMF_LOCAL.
 */
#define UVMF_NONE           (xen_mk_ulong(0) << 0)
#define UVMF_TLB_FLUSH      (xen_mk_ulong(1) << 0)
#define UVMF_INVLPG         (xen_mk_ulong(2) << 0)
#define UVMF_FLUSHTYPE_MASK (xen_mk_ulong(3) << 0)
#define UVMF_MULTI          (xen_mk_ulong(0) << 2)
#define UVMF_LOCAL          (xen_mk_ulong(0) << 2)
#define UVMF_ALL            (xen_mk_ulong(1) << 2)

/* console_io(command, count, buffer) */
#define CONSOLEIO_write 0
#define CONSOLEIO_read  1

/* vm_assist(command, type) */
#define VMASST_CMD_enable  0
#define VMASST_CMD_disable 1

#define VMASST_TYPE_4gb_segments         0  /* 32-bit: emulate accesses beyond a truncated limit */
#define VMASST_TYPE_4gb_segments_notify  1  /* 32-bit: tell by trap 15 that this happened */
#define VMASST_TYPE_writable_pagetables  2  /* emulate stores to page tables; always so now */
#define VMASST_TYPE_pae_extended_cr3     3  /* 32-bit: root tables above 4 GiB */
#define VMASST_TYPE_architectural_iopl   4  /* iopl is kept in the guest's flags register */
#define VMASST_TYPE_runstate_update_flag 5  /* XEN_RUNSTATE_UPDATE is set during updates */
#define VMASST_TYPE_m2p_strict           32 /* user mode does not get to see the M2P */
#define MAX_VMASST_TYPE                  3  /* of 2008; later types have no upper bound */

/* Domain ids from DOMID_FIRST_RESERVED on are not domains but have a meaning of their own. */
#define DOMID_FIRST_RESERVED (xen_mk_uint(0x7FF0))
#define DOMID_SELF           (xen_mk_uint(0x7FF0)) /* the caller */
#define DOMID_IO             (xen_mk_uint(0x7FF1)) /* owner of I/O memory */
#define DOMID_XEN            (xen_mk_uint(0x7FF2)) /* owner of the hypervisor's own frames */
#define DOMID_COW            (xen_mk_uint(0x7FF3)) /* owner of frames shared copy-on-write */
#define DOMID_INVALID        (xen_mk_uint(0x7FF4)) /* nobody */
#define DOMID_IDLE           (xen_mk_uint(0x7FFF)) /* the idle domain */
#define DOMID_MASK           (xen_mk_uint(0x7FFF))

/* start_info.flags; SIF_PM_MASK covers the processor power-management choice (dom0). */
#define SIF_PRIVILEGED      (1 << 0)
#define SIF_INITDOMAIN      (1 << 1)
#define SIF_MULTIBOOT_MOD   (1 << 2) /* mod_start is a list of xen_multiboot_mod_list */
#define SIF_MOD_START_PFN   (1 << 3) /* mod_start is a pfn and the module is not mapped */
#define SIF_VIRT_P2M_4TOOLS (1 << 4) /* tools understand the linear p2m of arch_shared_info */
#define SIF_PM_MASK         (0xFF << 8)

#define MAX_GUEST_CMDLINE 1024

/* dom0_vga_console_info.video_type */
#define XEN_VGATYPE_TEXT_MODE_3 0x03
#define XEN_VGATYPE_VESA_LFB    0x23
#define XEN_VGATYPE_EFI_LFB     0x70

#ifndef __ASSEMBLY__

typedef uint16_t domid_t;

struct mmu_update {
    uint64_t ptr; /* machine address, MMU_* command in the low two bits */
    uint64_t val;
};
DEFINE_GUEST_HANDLE_STRUCT(mmu_update);

struct multicall_entry {
    xen_ulong_t op; /* __HYPERVISOR_* */
    xen_long_t result;
    xen_ulong_t args[6];
};
DEFINE_GUEST_HANDLE_STRUCT(multicall_entry);

/* Ports of the two-level event ABI: 1024 for 32-bit guests, 4096 for 64-bit ones. */
#define NR_EVENT_CHANNELS (sizeof(unsigned long) * sizeof(unsigned long) * 64)

/* The same record as pvclock_vcpu_time_info, under the interface's first name for it. */
struct vcpu_time_info {
    uint32_t version;
    uint32_t pad0;
    uint64_t tsc_timestamp;
    uint64_t system_time; /* ns since boot */
    uint32_t tsc_to_system_mul;
    int8_t tsc_shift;
    int8_t pad1[3];
};
DEFINE_GUEST_HANDLE_STRUCT(vcpu_time_info);

/*
 * Event state of one vCPU.  The hypervisor sets evtchn_upcall_pending; the guest clears it before
 * it looks for work, never after, or it would lose an event.  While evtchn_upcall_mask is not 0 no
 * upcall is delivered; blocking clears it.  Only the vCPU itself should write the two bytes.
 * evtchn_pending_sel has a bit for each word of shared_info.evtchn_pending worth looking at.
 */
struct vcpu_info {
    uint8_t evtchn_upcall_pending;
    uint8_t evtchn_upcall_mask;
    xen_ulong_t evtchn_pending_sel;
    struct arch_vcpu_info arch;
    struct pvclock_vcpu_time_info time;
};

/*
 * The page that a domain shares with the hypervisor; start_info gives its machine address.
 *
 * Each port has a bit in evtchn_pending, set by the hypervisor and cleared by the guest, and one
 * in evtchn_mask, which is the guest's.  An upcall follows only from pending going 0 to 1 while
 * unmasked; what arrives while masked stays pending, and whoever unmasks must look for it.
 */
struct shared_info {
    struct vcpu_info vcpu_info[MAX_VIRT_CPUS];
    xen_ulong_t evtchn_pending[sizeof(xen_ulong_t) * 8];
    xen_ulong_t evtchn_mask[sizeof(xen_ulong_t) * 8];
    struct pvclock_wall_clock wc;
#ifndef __i386__
    uint32_t wc_sec_hi; /* 32-bit guests find it in arch */
#endif
    struct arch_shared_info arch;
};

/*
 * The page that a PV kernel is started with (rsi or esi point at it).  On resume after suspend,
 * fields up to `console` are filled in anew, the rest only at boot.
 */
struct start_info {
    char magic[32]; /* "xen-<version>-<platform>" */
    unsigned long nr_pages;
    unsigned long shared_info; /* machine address */
    uint32_t flags;            /* SIF_* */
    xen_pfn_t store_mfn;       /* xenstore ring */
    uint32_t store_evtchn;
    union {
        struct {
            xen_pfn_t mfn; /* console ring */
            uint32_t evtchn;
        } domU;
        struct {
            uint32_t info_off; /* bytes from start_info to dom0_vga_console_info */
            uint32_t info_size;
        } dom0;
    } console;
    unsigned long pt_base; /* linear address of the root table */
    unsigned long nr_pt_frames;
    unsigned long mfn_list;  /* linear address of the p2m */
    unsigned long mod_start; /* linear address, or a pfn with SIF_MOD_START_PFN; 0 if none */
    unsigned long mod_len;   /* bytes */
    int8_t cmd_line[MAX_GUEST_CMDLINE];
    /* The frames of a p2m that the kernel asked to have outside its initial mapping. */
    unsigned long first_p2m_pfn;
    unsigned long nr_p2m_frames;
};

/* A boot module, if SIF_MULTIBOOT_MOD is set; addresses are relative to mod_start. */
struct xen_multiboot_mod_list {
    uint32_t mod_start;
    uint32_t mod_end; /* one past the last byte */
    uint32_t cmdline;
    uint32_t pad;
};

/* The screen as dom0 takes it over. */
struct dom0_vga_console_info {
    uint8_t video_type; /* XEN_VGATYPE_* */
    union {
        struct {
            uint16_t font_height;
            uint16_t cursor_x, cursor_y;
            uint16_t rows, columns;
        } text_mode_3;
        struct {
            uint16_t width, height; /* pixels */
            uint16_t bytes_per_line;
            uint16_t bits_per_pixel;
            uint32_t lfb_base;
            uint32_t lfb_size; /* in units of 64 KiB */
            uint8_t red_pos, red_size;
            uint8_t green_pos, green_size;
            uint8_t blue_pos, blue_size;
            uint8_t rsvd_pos, rsvd_size;
            uint32_t gbl_caps;   /* VESA */
            uint16_t mode_attrs; /* VESA */
            uint16_t pad;
            uint32_t ext_lfb_base; /* upper half of lfb_base */
        } vesa_lfb;
    } u;
};

typedef uint64_t cpumap_t;
typedef uint8_t xen_domain_handle_t[16];

#endif /* !__ASSEMBLY__ */

#endif /* __XEN_PUBLIC_XEN_H__ */
