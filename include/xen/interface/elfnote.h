/* SPDX-License-Identifier: MIT */
/*
 * elfnote.h: types of the ELF notes, of owner "Xen", by which a kernel image says how it wants to
 * be started.
 *
 * A note holds a number (4 or 8 bytes) or a string.
 */
#ifndef __XEN_PUBLIC_ELFNOTE_H__
#define __XEN_PUBLIC_ELFNOTE_H__

#define XEN_ELFNOTE_INFO               0  /* unused */
#define XEN_ELFNOTE_ENTRY              1  /* number: where execution starts */
#define XEN_ELFNOTE_HYPERCALL_PAGE     2  /* number: page to fill with hypercall stubs */
#define XEN_ELFNOTE_VIRT_BASE          3  /* number: linear address of pfn 0 */
#define XEN_ELFNOTE_PADDR_OFFSET       4  /* number: to subtract from ELF physical addresses */
#define XEN_ELFNOTE_XEN_VERSION        5  /* string: "xen-3.0" */
#define XEN_ELFNOTE_GUEST_OS           6  /* string */
#define XEN_ELFNOTE_GUEST_VERSION      7  /* string */
#define XEN_ELFNOTE_LOADER             8  /* string: "generic" */
#define XEN_ELFNOTE_PAE_MODE           9  /* string: "yes", "no", "bimodal"; "[extended-cr3]" */
#define XEN_ELFNOTE_FEATURES           10 /* string: names joined by '|'; '!' before one: needed */
#define XEN_ELFNOTE_BSD_SYMTAB         11 /* string: "yes" to have the symbol table loaded */
#define XEN_ELFNOTE_HV_START_LOW       12 /* number: lowest address the hypervisor may start at */
#define XEN_ELFNOTE_L1_MFN_VALID       13 /* mask and value: entries that hold an mfn */
#define XEN_ELFNOTE_SUSPEND_CANCEL     14 /* number: suspend may return 1, cancelled */
#define XEN_ELFNOTE_INIT_P2M           15 /* number: linear address for the p2m, out of the way */
#define XEN_ELFNOTE_MOD_START_PFN      16 /* number: the module need not be mapped */
#define XEN_ELFNOTE_SUPPORTED_FEATURES 17 /* number: bit per XENFEAT_* */
#define XEN_ELFNOTE_PHYS32_ENTRY       18 /* number: 32-bit entry point without paging (PVH) */
#define XEN_ELFNOTE_MAX                XEN_ELFNOTE_PHYS32_ENTRY

/* Notes of the hypervisor's own crash dumps. */
#define XEN_ELFNOTE_CRASH_INFO 0x1000001
#define XEN_ELFNOTE_CRASH_REGS 0x1000002

/* Notes of a dump of a domain. */
#define XEN_ELFNOTE_DUMPCORE_NONE           0x2000000
#define XEN_ELFNOTE_DUMPCORE_HEADER         0x2000001
#define XEN_ELFNOTE_DUMPCORE_XEN_VERSION    0x2000002
#define XEN_ELFNOTE_DUMPCORE_FORMAT_VERSION 0x2000003

#endif /* __XEN_PUBLIC_ELFNOTE_H__ */
