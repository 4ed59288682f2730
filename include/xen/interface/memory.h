/* SPDX-License-Identifier: MIT */
/*
 * memory.h: memory_op: a domain's reservation, the p2m and M2P, memory maps.
 *
 * The number of an operation sits in the low six bits of the command; the bits above say how many
 * extents a call that was interrupted has done already.
 */
#ifndef __XEN_PUBLIC_MEMORY_H__
#define __XEN_PUBLIC_MEMORY_H__

#include <xen/interface/physdev.h>
#include <xen/interface/xen.h>

/* xen_memory_reservation; the result is the number of extents done. */
#define XENMEM_increase_reservation 0 /* extent_start, if any, receives mfns */
#define XENMEM_decrease_reservation 1 /* extent_start holds gfns (mfns for a PV guest) */
#define XENMEM_populate_physmap     6 /* extent_start holds pfns, and receives mfns */

#define XENMEM_maximum_ram_page           2  /* no argument; the highest mfn of the machine */
#define XENMEM_current_reservation        3  /* xen_memory_domain; pages */
#define XENMEM_maximum_reservation        4  /* xen_memory_domain; pages */
#define XENMEM_machphys_mfn_list          5  /* xen_machphys_mfn_list */
#define XENMEM_add_to_physmap             7  /* xen_add_to_physmap */
#define XENMEM_translate_gpfn_list        8  /* no longer answered */
#define XENMEM_memory_map                 9  /* xen_memory_map */
#define XENMEM_machine_memory_map         10 /* xen_memory_map, dom0 */
#define XENMEM_exchange                   11 /* xen_memory_exchange */
#define XENMEM_machphys_mapping           12 /* xen_machphys_mapping */
#define XENMEM_set_memory_map             13 /* xen_foreign_memory_map */
#define XENMEM_maximum_gpfn               14 /* xen_memory_domain; the highest gpfn */
#define XENMEM_remove_from_physmap        15 /* xen_remove_from_physmap */
#define XENMEM_set_pod_target             16 /* xen_pod_target */
#define XENMEM_get_pod_target             17 /* xen_pod_target */
#define XENMEM_get_sharing_freed_pages    18
#define XENMEM_get_sharing_shared_pages   19
#define XENMEM_paging_op                  20
#define XENMEM_access_op                  21
#define XENMEM_sharing_op                 22
#define XENMEM_add_to_physmap_range       23 /* xen_add_to_physmap_range */
#define XENMEM_add_to_physmap_batch       XENMEM_add_to_physmap_range
#define XENMEM_claim_pages                24 /* xen_memory_reservation: set pages aside */
#define XENMEM_machphys_compat_mfn_list   25 /* as 5, for the 32-bit M2P; dom0 */
#define XENMEM_get_vnumainfo              26 /* xen_vnuma_topology_info */
#define XENMEM_reserved_device_memory_map 27 /* xen_reserved_device_memory_map */
#define XENMEM_acquire_resource           28 /* xen_mem_acquire_resource */

/* xen_memory_reservation.mem_flags: address bits, 1 + NUMA node from bit 8, wishes from bit 16. */
#define XENMEMF_address_bits(x)     (x)
#define XENMEMF_get_address_bits(x) ((x)&0xffu)
#define XENMEMF_node(x)             (((x) + 1) << 8)
#define XENMEMF_get_node(x)         ((((x) >> 8) - 1) & 0xffu)
#define XENMEMF_populate_on_demand  (1 << 16)
#define XENMEMF_exact_node_request  (1 << 17)
#define XENMEMF_exact_node(n)       (XENMEMF_node(n) | XENMEMF_exact_node_request)
#define XENMEMF_vnode               (1 << 18)

/* What add_to_physmap can put into a guest's physical address space. */
#define XENMAPSPACE_shared_info  0
#define XENMAPSPACE_grant_table  1
#define XENMAPSPACE_gmfn         2
#define XENMAPSPACE_gmfn_range   3 /* add_to_physmap only */
#define XENMAPSPACE_gmfn_foreign 4 /* add_to_physmap_range only */
#define XENMAPSPACE_dev_mmio     5

/* xen_add_to_physmap.idx with XENMAPSPACE_grant_table: a frame of the status array. */
#define XENMAPIDX_grant_table_status 0x80000000

/* xen_reserved_device_memory_map.flags: all devices, not the one in dev. */
#define XENMEM_RDM_ALL 1

/* xen_mem_acquire_resource.type and, depending on it, id and frame */
#define XENMEM_resource_ioreq_server                0
#define XENMEM_resource_grant_table                 1
#define XENMEM_resource_vmtrace_buf                 2
#define XENMEM_resource_grant_table_id_shared       0
#define XENMEM_resource_grant_table_id_status       1
#define XENMEM_resource_ioreq_server_frame_bufioreq 0
#define XENMEM_resource_ioreq_server_frame_ioreq(n) (1 + (n))

#ifndef __ASSEMBLY__

/* nr_extents blocks of 2^extent_order pages each. */
struct xen_memory_reservation {
    GUEST_HANDLE(xen_pfn_t) extent_start;
    xen_ulong_t nr_extents;
    unsigned int extent_order;
    __extension__ union {
        unsigned int address_bits; /* pages below 2^address_bits; 0: anywhere */
        unsigned int mem_flags;    /* XENMEMF_* */
    };
    domid_t domid;
};
DEFINE_GUEST_HANDLE_STRUCT(xen_memory_reservation);

/*
 * Give the pages of `in` for as many others, shaped as `out` says.  nr_exchanged must start as 0
 * and tells, whatever the result, how much of `in` is gone.
 */
struct xen_memory_exchange {
    struct xen_memory_reservation in;
    struct xen_memory_reservation out;
    xen_ulong_t nr_exchanged;
};
DEFINE_GUEST_HANDLE_STRUCT(xen_memory_exchange);

struct xen_memory_domain {
    domid_t domid;
};
DEFINE_GUEST_HANDLE_STRUCT(xen_memory_domain);

/* The frames of the M2P, one for each 2 MiB of it. */
struct xen_machphys_mfn_list {
    unsigned int max_extents; /* room in extent_start */
    GUEST_HANDLE(xen_pfn_t) extent_start;
    unsigned int nr_extents; /* OUT */
};
DEFINE_GUEST_HANDLE_STRUCT(xen_machphys_mfn_list);

/* Where the M2P is mapped for the caller. */
struct xen_machphys_mapping {
    xen_ulong_t v_start, v_end; /* OUT */
    xen_ulong_t max_mfn;        /* OUT */
};
DEFINE_GUEST_HANDLE_STRUCT(xen_machphys_mapping);

struct xen_add_to_physmap {
    domid_t domid;
    uint16_t size;      /* pages, XENMAPSPACE_gmfn_range only */
    unsigned int space; /* XENMAPSPACE_* */
    xen_ulong_t idx;    /* which frame of that space */
    xen_pfn_t gpfn;     /* where it goes */
};
DEFINE_GUEST_HANDLE_STRUCT(xen_add_to_physmap);

struct xen_add_to_physmap_range {
    domid_t domid;
    uint16_t space; /* XENMAPSPACE_* */
    uint16_t size;  /* entries in each list */
    domid_t foreign_domid;
    GUEST_HANDLE(xen_ulong_t) idxs;
    GUEST_HANDLE(xen_pfn_t) gpfns;
    GUEST_HANDLE(int) errs; /* OUT: an error number for each entry */
};
DEFINE_GUEST_HANDLE_STRUCT(xen_add_to_physmap_range);

struct xen_remove_from_physmap {
    domid_t domid;
    xen_pfn_t gpfn;
};
DEFINE_GUEST_HANDLE_STRUCT(xen_remove_from_physmap);

struct xen_translate_gpfn_list {
    domid_t domid;
    xen_ulong_t nr_gpfns;
    GUEST_HANDLE(xen_pfn_t) gpfn_list;
    GUEST_HANDLE(xen_pfn_t) mfn_list;
};
DEFINE_GUEST_HANDLE_STRUCT(xen_translate_gpfn_list);

/* The buffer receives an e820 table: 20-byte entries of start, length and kind. */
struct xen_memory_map {
    unsigned int nr_entries; /* room, then OUT: entries written */
    GUEST_HANDLE(void) buffer;
};
DEFINE_GUEST_HANDLE_STRUCT(xen_memory_map);

struct xen_foreign_memory_map {
    domid_t domid;
    struct xen_memory_map map;
};
DEFINE_GUEST_HANDLE_STRUCT(xen_foreign_memory_map);

struct xen_pod_target {
    uint64_t target_pages;
    uint64_t tot_pages;       /* OUT */
    uint64_t pod_cache_pages; /* OUT */
    uint64_t pod_entries;     /* OUT */
    domid_t domid;
};
DEFINE_GUEST_HANDLE_STRUCT(xen_pod_target);

struct xen_reserved_device_memory {
    xen_pfn_t start_pfn;
    xen_ulong_t nr_pages;
};
DEFINE_GUEST_HANDLE_STRUCT(xen_reserved_device_memory);

struct xen_reserved_device_memory_map {
    uint32_t flags;          /* XENMEM_RDM_* */
    unsigned int nr_entries; /* room, then OUT: entries there are */
    GUEST_HANDLE(xen_reserved_device_memory) buffer;
    union {
        struct physdev_pci_device pci;
    } dev;
};
DEFINE_GUEST_HANDLE_STRUCT(xen_reserved_device_memory_map);

/* Frames that belong to the hypervisor but that a domain may map. */
struct xen_mem_acquire_resource {
    domid_t domid;
    uint16_t type; /* XENMEM_resource_* */
    uint32_t id;
    uint32_t nr_frames; /* 0 with no list asks how many there are */
    uint32_t pad;
    uint64_t frame; /* first one */
    GUEST_HANDLE(xen_pfn_t) frame_list;
};
DEFINE_GUEST_HANDLE_STRUCT(xen_mem_acquire_resource);

struct xen_vmemrange {
    uint64_t start, end;
    unsigned int flags;
    unsigned int nid;
};
DEFINE_GUEST_HANDLE_STRUCT(xen_vmemrange);

struct xen_vnuma_topology_info {
    domid_t domid;
    uint16_t pad;
    unsigned int nr_vnodes; /* each: room, then OUT: entries there are */
    unsigned int nr_vcpus;
    unsigned int nr_vmemranges;
    union {
        GUEST_HANDLE(uint) h;
        uint64_t pad;
    } vdistance;
    union {
        GUEST_HANDLE(uint) h;
        uint64_t pad;
    } vcpu_to_vnode;
    union {
        GUEST_HANDLE(xen_vmemrange) h;
        uint64_t pad;
    } vmemrange;
};
DEFINE_GUEST_HANDLE_STRUCT(xen_vnuma_topology_info);

#endif /* !__ASSEMBLY__ */

#endif /* __XEN_PUBLIC_MEMORY_H__ */
