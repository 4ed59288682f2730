/* SPDX-License-Identifier: MIT */
/*
 * features.h: bit numbers in the maps that XENVER_get_features returns.
 *
 * A kernel's ELF notes use the same numbers to say what it needs.
 */
#ifndef __XEN_PUBLIC_FEATURES_H__
#define __XEN_PUBLIC_FEATURES_H__

#define XENFEAT_writable_page_tables       0  /* the guest may map its page tables writable */
#define XENFEAT_writable_descriptor_tables 1  /* and its descriptor tables */
#define XENFEAT_auto_translated_physmap    2  /* page tables hold pfns */
#define XENFEAT_supervisor_mode_kernel     3  /* the kernel runs in ring 0 */
#define XENFEAT_pae_pgdir_above_4gb        4  /* 32-bit: the root table may lie above 4 GiB */
#define XENFEAT_mmu_pt_update_preserve_ad  5  /* MMU_PT_UPDATE_PRESERVE_AD is known */
#define XENFEAT_highmem_assist             6  /* 32-bit: MMUEXT_CLEAR_PAGE and COPY_PAGE */
#define XENFEAT_gnttab_map_avail_bits      7  /* GNTMAP_guest_avail* reach the mapping */
#define XENFEAT_hvm_callback_vector        8  /* HVM: events by a vector */
#define XENFEAT_hvm_safe_pvclock           9  /* HVM: the pvclock is reliable */
#define XENFEAT_hvm_pirqs                  10 /* HVM: interrupts by event channels */
#define XENFEAT_dom0                       11 /* may run as initial domain */
#define XENFEAT_memory_op_vnode_supported  13 /* XENMEMF_vnode is known */
#define XENFEAT_ARM_SMCCC_supported        14
#define XENFEAT_linux_rsdp_unrestricted    15 /* the ACPI root pointer may be anywhere */
#define XENFEAT_not_direct_mapped          16 /* pfn and mfn differ */
#define XENFEAT_direct_mapped              17 /* pfn and mfn are equal */

#define XENFEAT_NR_SUBMAPS 1

#endif /* __XEN_PUBLIC_FEATURES_H__ */
