/* SPDX-License-Identifier: MIT */
/*
 * guest64.h: the structures that a 64-bit PV guest hands over, in types whose size does not depend
 * on the host.
 *
 * The guest's own headers (include/xen/interface) say `unsigned long`; the machine here is 64-bit
 * on any host. abicheck.c ties the two together where the host is x86-64.
 */
#ifndef XD_ABI_GUEST64_H
#define XD_ABI_GUEST64_H

#include "abi/domctl64.h"

#include <stdint.h>

struct xd_abi_mmu_update {
    uint64_t ptr, val;
};

struct xd_abi_mmuext_op {
    uint32_t cmd, pad;
    uint64_t arg1; /* mfn or linear_addr */
    uint64_t arg2; /* nr_ents (low half), vcpumask or src_mfn */
};

struct xd_abi_multicall_entry {
    uint64_t op;
    int64_t result;
    uint64_t args[6];
};

/* event_channel_op */
struct xd_abi_evtchn_bind_interdomain {
    uint16_t remote_dom, pad;
    uint32_t remote_port, local_port;
};
struct xd_abi_evtchn_bind_virq {
    uint32_t virq, vcpu, port;
};
struct xd_abi_evtchn_bind_pirq {
    uint32_t pirq, flags, port;
};
struct xd_abi_evtchn_port {
    uint32_t port; /* close, send, unmask */
};
struct xd_abi_evtchn_status {
    uint16_t dom, pad;
    uint32_t port, status, vcpu;
    union {
        struct {
            uint16_t dom;
        } unbound;
        struct {
            uint16_t dom;
            uint32_t port;
        } interdomain;
        uint32_t pirq, virq;
    } u;
};
struct xd_abi_evtchn_alloc_unbound {
    uint16_t dom, remote_dom;
    uint32_t port;
};
struct xd_abi_evtchn_bind_ipi {
    uint32_t vcpu, port;
};
struct xd_abi_evtchn_bind_vcpu {
    uint32_t port, vcpu;
};
struct xd_abi_evtchn_reset {
    uint16_t dom;
};
struct xd_abi_evtchn_init_control {
    uint64_t control_gfn;
    uint32_t offset, vcpu;
    uint8_t link_bits, pad[7];
};
struct xd_abi_evtchn_expand_array {
    uint64_t array_gfn;
};
struct xd_abi_evtchn_set_priority {
    uint32_t port, priority;
};

/* sched_op */
struct xd_abi_sched_shutdown {
    uint32_t reason; /* shutdown, shutdown_code */
};
struct xd_abi_sched_poll {
    uint64_t ports;
    uint32_t nr_ports, pad;
    uint64_t timeout;
};
struct xd_abi_sched_remote_shutdown {
    uint16_t domain_id, pad;
    uint32_t reason;
};
struct xd_abi_sched_watchdog {
    uint32_t id, timeout;
};
struct xd_abi_sched_pin_override {
    int32_t pcpu;
};

/* callback_op */
struct xd_abi_callback_register {
    uint16_t type, flags;
    uint32_t pad;
    uint64_t address;
};
struct xd_abi_callback_unregister {
    uint16_t type, unused;
};

/* xen_version */
struct xd_abi_xenver_text16 {
    char text[16]; /* extraversion */
};
struct xd_abi_xenver_compile_info {
    char compiler[64], compile_by[16], compile_domain[32], compile_date[32];
};
struct xd_abi_xenver_text1024 {
    char text[1024]; /* capabilities, commandline */
};
struct xd_abi_xenver_text64 {
    char text[64]; /* changeset */
};
struct xd_abi_xenver_platform_parameters {
    uint64_t virt_start;
};
struct xd_abi_xenver_feature_info {
    uint32_t submap_idx, submap;
};
struct xd_abi_xenver_guest_handle {
    uint8_t handle[16];
};
struct xd_abi_xenver_build_id {
    uint32_t len;
    unsigned char buf[];
};

/* memory_op */
struct xd_abi_memory_reservation {
    uint64_t extent_start, nr_extents;
    uint32_t extent_order, mem_flags;
    uint16_t domid, pad[3];
};
struct xd_abi_memory_exchange {
    struct xd_abi_memory_reservation in, out;
    uint64_t nr_exchanged;
};
struct xd_abi_memory_domid {
    uint16_t domid;
};
struct xd_abi_memory_machphys_mapping {
    uint64_t v_start, v_end, max_mfn;
};
struct xd_abi_memory_machphys_mfn_list {
    uint32_t max_extents, pad;
    uint64_t extent_start;
    uint32_t nr_extents, pad2;
};
struct xd_abi_memory_add_to_physmap {
    uint16_t domid, size;
    uint32_t space;
    uint64_t idx, gpfn;
};
struct xd_abi_memory_add_to_physmap_batch {
    uint16_t domid, space, size, foreign_domid;
    uint64_t idxs, gpfns, errs;
};
struct xd_abi_memory_remove_from_physmap {
    uint16_t domid, pad[3];
    uint64_t gpfn;
};
/* Its 64-bit numbers are not aligned. */
struct xd_abi_e820entry {
    uint32_t addr[2], size[2], type;
};
struct xd_abi_memory_map {
    uint32_t nr_entries, pad;
    uint64_t buffer;
};
struct xd_abi_memory_foreign_map {
    uint16_t domid, pad[3];
    struct xd_abi_memory_map map;
};
struct xd_abi_memory_pod_target {
    uint64_t target_pages, tot_pages, pod_cache_pages, pod_entries;
    uint16_t domid, pad[3];
};
struct xd_abi_memory_access_op {
    uint8_t op, access;
    uint16_t domid;
    uint32_t nr;
    uint64_t pfn, pfn_list, access_list;
};
struct xd_abi_vmemrange {
    uint64_t start, end; /* bytes */
    uint32_t flags, nid;
};
struct xd_abi_memory_vnuma {
    uint16_t domid, pad;
    uint32_t nr_vnodes, nr_vcpus, nr_vmemranges;
    uint64_t vdistance, vcpu_to_vnode, vmemrange;
};
struct xd_abi_memory_rdm_map {
    uint32_t flags, nr_entries;
    uint64_t buffer;
    struct {
        uint16_t seg;
        uint8_t bus, devfn;
    } dev;
    uint32_t pad;
};
struct xd_abi_memory_resource {
    uint16_t domid, type;
    uint32_t id, nr_frames, pad;
    uint64_t frame, frame_list;
};

/* Calls of the control domain: heads, and what is looked at before they are refused. */
/* Commands of platform_op, by the names of their structs xenpf_*. */
struct xd_abi_settime32 {
    uint32_t secs, nsecs;
    uint64_t system_time;
};
struct xd_abi_settime64 {
    uint64_t secs;
    uint32_t nsecs, mbz;
    uint64_t system_time;
};
struct xd_abi_add_memtype {
    uint64_t mfn, nr_mfns;
    uint32_t type, handle, reg, pad;
};
struct xd_abi_del_memtype {
    uint32_t handle, reg;
};
struct xd_abi_read_memtype {
    uint32_t reg, pad;
    uint64_t mfn, nr_mfns;
    uint32_t type, pad2;
};
struct xd_abi_firmware_info {
    uint32_t type, index;
    uint8_t kbd_shift_flags; /* and much more, which depends on (type) */
};
struct xd_abi_enter_acpi_sleep {
    uint16_t val_a, val_b;
    uint32_t sleep_state, flags;
};
struct xd_abi_pcpuinfo {
    uint32_t xen_cpuid, max_present, flags, apic_id, acpi_id;
};
struct xd_abi_pcpu_version {
    uint32_t xen_cpuid, max_present;
    char vendor_id[12];
    uint32_t family, model, stepping;
};
struct xd_abi_cpu_hotadd {
    uint32_t apic_id, acpi_id, pxm;
};
struct xd_abi_mem_hotadd {
    uint64_t spfn, epfn;
    uint32_t pxm, flags;
};
struct xd_abi_core_parking {
    uint32_t type, idle_nums;
};
struct xd_abi_resource_entry {
    uint32_t cmd, rsvd; /* (cmd): what became of it, a negative errno, if it failed */
    uint64_t idx, val;
};
struct xd_abi_resource_op {
    uint32_t nr_entries, cpu;
    uint64_t entries;
};
struct xd_abi_symdata {
    uint32_t namelen, symnum;
    uint64_t name, address;
    char type, pad[7];
};
struct xd_abi_processor_cx {
    uint32_t space_id, bit_width, bit_offset, access_size;
    uint64_t address;
    uint8_t type, pad[3];
    uint32_t latency, power, dpcnt;
    uint64_t dp;
};
struct xd_abi_processor_px {
    uint64_t core_frequency, power, transition_latency, bus_master_latency, control, status;
};
struct xd_abi_pct_register {
    uint8_t descriptor, pad;
    uint16_t length;
    uint8_t space_id, bit_width, bit_offset, reserved;
    uint64_t address;
};
struct xd_abi_set_processor_pminfo {
    uint32_t id, type;
    union {
        struct {
            uint32_t count, flags;
            uint64_t states;
        } cx;
        struct {
            uint32_t flags, platform_limit;
            struct xd_abi_pct_register control_register, status_register;
            uint32_t state_count, pad;
            uint64_t states, num_entries, revision, domain, coord_type, num_processors;
            uint32_t shared_type, pad2;
        } px;
        uint64_t pdc;
    } u;
};
struct xd_abi_platform_op {
    uint32_t cmd, interface_version;
    union {
        uint32_t quirk_id, cpuid;
        struct xd_abi_settime32 settime32;
        struct xd_abi_settime64 settime64;
        struct xd_abi_add_memtype add_memtype;
        struct xd_abi_del_memtype del_memtype;
        struct xd_abi_read_memtype read_memtype;
        struct xd_abi_firmware_info firmware_info;
        struct xd_abi_enter_acpi_sleep enter_acpi_sleep;
        struct xd_abi_set_processor_pminfo set_processor_pminfo;
        struct xd_abi_pcpuinfo pcpuinfo;
        struct xd_abi_pcpu_version pcpu_version;
        struct xd_abi_cpu_hotadd cpu_hotadd;
        struct xd_abi_mem_hotadd mem_hotadd;
        struct xd_abi_core_parking core_parking;
        struct xd_abi_resource_op resource_op;
        struct xd_abi_symdata symdata;
        uint8_t pad[128];
    } u;
};
struct xd_abi_kexec_range {
    int32_t range, nr;
    uint64_t size, start;
};
struct xd_abi_kexec_load {
    uint8_t type, pad;
    uint16_t arch;
    uint32_t nr_segments;
    uint64_t segments, entry_maddr;
};
struct xd_abi_kexec_segment {
    uint64_t buf, buf_size, dest_maddr, dest_size;
};
struct xd_abi_kexec_load_v1 {
    int32_t type, pad;
    uint64_t page_list[17], indirection_page, start_address;
};

/* set_trap_table, nmi_op, vcpu_op */
struct xd_abi_trap_info {
    uint8_t vector, flags;
    uint16_t cs;
    uint32_t pad;
    uint64_t address;
};
struct xd_abi_vcpu_guest_context {
    unsigned char fpu_ctxt[512];
    uint64_t flags; /* VGCF_* */
    struct {
        uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
        uint32_t error_code, entry_vector;
        uint64_t rip;
        uint16_t cs, pad;
        uint8_t saved_upcall_mask, pad1[3];
        uint64_t rflags, rsp;
        uint16_t ss, pad2[3], es, pad3[3], ds, pad4[3], fs, pad5[3], gs, pad6[3];
    } user_regs;
    struct xd_abi_trap_info trap[256]; /* by position; their vectors are not looked at */
    uint64_t ldt_base, ldt_ents;
    uint64_t gdt_frame[16], gdt_ents;
    uint64_t kernel_ss, kernel_sp;
    uint64_t ctrlreg[8]; /* 0: TS; 1, 3: addresses of the user's and the kernel's root table */
    uint64_t debugreg[8];
    uint64_t event_callback, failsafe_callback, syscall_callback;
    uint64_t vm_assist; /* of the domain: with vCPU 0 only */
    uint64_t fs_base, gs_base_kernel, gs_base_user;
};
struct xd_abi_nmi_callback {
    uint64_t handler_address, pad;
};
struct xd_abi_vcpu_set_singleshot_timer {
    uint64_t timeout_abs_ns;
    uint32_t flags, pad;
};
struct xd_abi_vcpu_runstate_info {
    int32_t state, pad;
    uint64_t state_entry_time, time[4];
};
struct xd_abi_vcpu_register_vcpu_info {
    uint64_t mfn;
    uint32_t offset, rsvd;
};

/* physdev_op */
struct xd_abi_physdev_irq_status_query {
    uint32_t irq, flags;
};
struct xd_abi_physdev_set_iopl {
    uint32_t iopl;
};
struct xd_abi_physdev_set_iobitmap {
    uint64_t bitmap;
    uint32_t nr_ports, pad;
};
struct xd_abi_physdev_apic {
    uint64_t apic_physbase;
    uint32_t reg, value;
};
struct xd_abi_physdev_irq {
    uint32_t irq, vector;
};
struct xd_abi_physdev_eoi {
    uint32_t irq;
};
struct xd_abi_physdev_map_pirq {
    uint16_t domid, pad;
    int32_t type, index, pirq, bus, devfn;
    uint32_t entry_nr, pad2;
    uint64_t table_base;
};
struct xd_abi_physdev_unmap_pirq {
    uint16_t domid, pad;
    int32_t pirq;
};
struct xd_abi_physdev_manage_pci {
    uint8_t bus, devfn; /* restore_msi too */
};
struct xd_abi_physdev_manage_pci_ext {
    uint8_t bus, devfn, pad[2];
    uint32_t is_extfn, is_virtfn;
    uint8_t physfn_bus, physfn_devfn, pad2[2];
};
struct xd_abi_physdev_pirq_eoi_gmfn {
    uint64_t gmfn;
};
struct xd_abi_physdev_setup_gsi {
    int32_t gsi;
    uint8_t triggering, polarity, pad[2];
};
struct xd_abi_physdev_get_free_pirq {
    int32_t type;
    uint32_t pirq;
};
struct xd_abi_physdev_pci_mmcfg_reserved {
    uint64_t address;
    uint16_t segment;
    uint8_t start_bus, end_bus;
    uint32_t flags;
};
struct xd_abi_physdev_pci_device_add {
    uint16_t seg;
    uint8_t bus, devfn;
    uint32_t flags;
    uint8_t physfn_bus, physfn_devfn, pad[2];
};
struct xd_abi_physdev_pci_device {
    uint16_t seg;
    uint8_t bus, devfn;
};
struct xd_abi_physdev_dbgp_op {
    uint8_t op, bus;
    uint16_t seg;
    uint8_t pci_bus, devfn;
};

/* hvm_op, dm_op, xenoprof_op */
struct xd_abi_hvm_param {
    uint16_t domid, pad;
    uint32_t index;
    uint64_t value;
};
struct xd_abi_hvm_get_mem_type {
    uint16_t domid, mem_type, pad[2];
    uint64_t pfn;
};
struct xd_abi_hvm_pagetable_dying {
    uint16_t domid, pad[3];
    uint64_t gpa;
};
struct xd_abi_hvm_xentrace {
    uint16_t event, extra_bytes;
    uint8_t extra[28];
};
struct xd_abi_dm_op_buf {
    uint64_t h, size;
};
struct xd_abi_xenoprof_init {
    int32_t num_events, is_primary;
    char cpu_type[64];
};
struct xd_abi_xenoprof_get_buffer {
    int32_t max_samples, nbuf, bufsize, pad;
    uint64_t buf_gmaddr;
};
struct xd_abi_xenoprof_counter {
    uint32_t ind, pad;
    uint64_t count;
    uint32_t enabled, event, hypervisor, kernel, user, pad2;
    uint64_t unit_mask;
};
struct xd_abi_xenoprof_passive {
    uint16_t domain_id, pad;
    int32_t max_samples, nbuf, bufsize;
    uint64_t buf_gmaddr;
};
struct xd_abi_xenoprof_ibs_counter {
    uint64_t op_enabled, fetch_enabled, max_cnt_fetch, max_cnt_op, rand_en, dispatched_ops;
};

/* Pages that both sides see. */
struct xd_abi_vcpu_time_info {
    uint32_t version, pad0;
    uint64_t tsc_timestamp, system_time;
    uint32_t tsc_to_system_mul;
    int8_t tsc_shift;
    uint8_t flags, pad1[2];
};
struct xd_abi_vcpu_info {
    uint8_t evtchn_upcall_pending, evtchn_upcall_mask, pad[6];
    uint64_t evtchn_pending_sel;
    uint64_t cr2, arch_pad;
    struct xd_abi_vcpu_time_info time;
};
struct xd_abi_shared_info {
    struct xd_abi_vcpu_info vcpu_info[32];
    uint64_t evtchn_pending[64], evtchn_mask[64];
    uint32_t wc_version, wc_sec, wc_nsec, wc_sec_hi;
    uint64_t max_pfn, pfn_to_mfn_frame_list_list, nmi_reason, p2m_cr3, p2m_vaddr, p2m_generation;
};
struct xd_abi_start_info {
    char magic[32];
    uint64_t nr_pages, shared_info;
    uint32_t flags, pad0;
    uint64_t store_mfn;
    uint32_t store_evtchn, pad1;
    union {
        struct {
            uint64_t mfn;
            uint32_t evtchn, pad;
        } domU;
        struct {
            uint32_t info_off, info_size;
        } dom0;
    } console;
    uint64_t pt_base, nr_pt_frames, mfn_list, mod_start, mod_len;
    char cmd_line[1024];
    uint64_t first_p2m_pfn, nr_p2m_frames;
};

_Static_assert(sizeof(struct xd_abi_mmuext_op) == 24, "mmuext_op");
_Static_assert(sizeof(struct xd_abi_evtchn_status) == 24, "evtchn_status");
_Static_assert(sizeof(struct xd_abi_memory_exchange) == 72, "memory_exchange");
_Static_assert(sizeof(struct xd_abi_e820entry) == 20, "e820entry");
_Static_assert(sizeof(struct xd_abi_memory_access_op) == 32, "mem_access_op");
_Static_assert(sizeof(struct xd_abi_platform_op) == 136, "platform_op");
_Static_assert(sizeof(struct xd_abi_kexec_load_v1) == 160, "kexec_load_v1");
_Static_assert(sizeof(struct xd_abi_hvm_xentrace) == 32, "hvm_xentrace");
_Static_assert(sizeof(struct xd_abi_xenoprof_init) == 72, "xenoprof_init");
_Static_assert(sizeof(struct xd_abi_vcpu_guest_context) == 5168, "vcpu_guest_context");
_Static_assert(sizeof(struct xd_abi_vcpu_info) == 64, "vcpu_info");
_Static_assert(sizeof(struct xd_abi_shared_info) == 3136, "shared_info");
_Static_assert(sizeof(struct xd_abi_start_info) == 1168, "start_info");

#endif
