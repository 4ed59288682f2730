/* SPDX-License-Identifier: MIT */
/* domctl64.h: what a 64-bit control domain tells domctl: struct xen_domctl, by commands. Included by guest64.h. */
#ifndef XD_ABI_DOMCTL64_H
#define XD_ABI_DOMCTL64_H

#include <stdint.h>

/* A list of bits behind a guest address. AS-XEN: xenctl_bitmap */
struct xd_abi_bitmap {
    uint64_t at;
    uint32_t nr, pad;
};

struct xd_abi_domctl_info {
    uint16_t domain, pad;
    uint32_t flags; /* XEN_DOMINF_* */
    uint64_t tot_pages, max_pages, outstanding_pages, shr_pages, paged_pages, shared_info_frame;
    uint64_t cpu_time; /* ns */
    uint32_t nr_online_vcpus, max_vcpu_id, ssidref;
    uint8_t handle[16];
    uint32_t cpupool;
    uint8_t gpaddr_bits, pad2[7];
    uint32_t emulation_flags, misc_flags;
};

struct xd_abi_domctl_createdomain {
    uint32_t ssidref;
    uint8_t handle[16];
    uint32_t flags, iommu_opts, max_vcpus, max_evtchn_port;
    int32_t max_grant_frames, max_maptrack_frames;
    uint32_t grant_opts, vmtrace_size, cpupool_id, emulation_flags, misc_flags;
};

struct xd_abi_domctl_ext_context {
    uint32_t vcpu, size;
    uint64_t syscall32_eip, sysenter_eip;
    uint16_t syscall32_cs, sysenter_cs;
    uint8_t syscall32_mask, sysenter_mask, pad[2];
    uint64_t mcg_cap, mci_ctl2[2], mcg_ext_ctl;
};

struct xd_abi_vcpu_msr {
    uint32_t index, reserved;
    uint64_t value;
};

struct xd_abi_domctl {
    uint32_t cmd, interface_version;
    uint16_t domain, pad[3];
    union {
        struct xd_abi_domctl_createdomain createdomain;
        struct xd_abi_domctl_info info;
        struct {
            uint64_t num, array;
        } pageframes;
        struct {
            uint32_t op, mode, mb, pad;
            uint64_t dirty_bitmap, pages;
            uint32_t fault_count, dirty_count;
        } shadow_op;
        struct {
            uint64_t memkb;
        } max_mem;
        struct {
            uint32_t vcpu, pad;
            uint64_t ctxt;
        } vcpucontext;
        struct {
            uint32_t vcpu;
            uint8_t online, blocked, running, pad;
            uint64_t cpu_time; /* ns */
            uint32_t cpu;
        } vcpuinfo;
        struct {
            struct xd_abi_bitmap nodes;
        } nodeaffinity;
        struct {
            uint32_t vcpu, flags;
            struct xd_abi_bitmap hard, soft;
        } vcpuaffinity;
        struct {
            uint32_t max;
        } max_vcpus;
        struct {
            uint32_t sched_id, cmd;
            uint16_t weight, cap; /* of credit2 */
        } scheduler_op;
        struct {
            uint8_t handle[16];
        } setdomainhandle;
        struct {
            uint8_t enable;
        } setdebugging;
        struct {
            uint32_t pirq;
            uint8_t allow_access;
        } irq_permission;
        struct {
            uint64_t first_mfn, nr_mfns;
            uint8_t allow_access;
        } iomem_permission;
        struct {
            uint32_t first_port, nr_ports;
            uint8_t allow_access;
        } ioport_permission;
        struct {
            uint64_t gmfn;
        } hypercall_init;
        struct {
            int64_t seconds;
        } settimeoffset;
        struct {
            uint32_t size;
        } address_size;
        struct {
            uint32_t trigger, vcpu;
        } sendtrigger;
        struct {
            uint64_t first_gfn, first_mfn, nr_mfns;
        } memory_mapping;
        struct xd_abi_domctl_ext_context ext_vcpucontext;
        struct {
            uint16_t target;
        } set_target;
        struct {
            uint32_t port;
        } subscribe;
        struct {
            uint32_t op, vcpu;
        } debug_op;
        struct {
            uint32_t tsc_mode, gtsc_khz, incarnation, pad;
            uint64_t elapsed_nsec;
        } tsc_info;
        struct {
            uint32_t op, mode, version;
        } vm_event_op;
        struct {
            uint64_t orphans, m2p_bad, p2m_bad; /* out */
        } audit_p2m;
        struct {
            uint32_t virq;
        } set_virq_handler;
        struct {
            uint32_t vcpu, msr_count;
            uint64_t msrs;
        } vcpu_msrs;
        struct {
            uint32_t cmd, target;
            uint64_t data;
        } psr_alloc;
        struct {
            uint32_t op, event;
        } monitor_op;
        struct {
            uint32_t nr_vnodes, nr_vmemranges, nr_vcpus, pad;
            uint64_t vdistance, vcpu_to_vnode, vnode_to_pnode, vmemrange;
        } vnuma;
        struct {
            uint32_t nr_leaves, nr_msrs;
            uint64_t leaves, msrs;
            uint32_t err_leaf, err_subleaf, err_msr;
        } cpu_policy;
        struct {
            uint32_t vcpu, pad;
            uint64_t xfeature_mask, size, buffer;
        } vcpuextstate;
        uint8_t rest[128];
    } u;
};

_Static_assert(sizeof(struct xd_abi_domctl) == 144, "domctl");
_Static_assert(sizeof(struct xd_abi_domctl_info) == 112, "domctl_info");
_Static_assert(sizeof(struct xd_abi_domctl_createdomain) == 64, "domctl_createdomain");
_Static_assert(sizeof(struct xd_abi_domctl_ext_context) == 64, "domctl_ext_context");

#endif
