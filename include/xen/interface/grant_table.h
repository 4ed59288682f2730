/* SPDX-License-Identifier: MIT */
/*
 * grant_table.h: grant_table_op, and the table by which a domain lends its frames to others.
 *
 * The granting domain writes entries; the hypervisor sets the "in use" bits.  A grant may be taken
 * back only while those are clear, so flags must be changed by compare-and-exchange.
 */
#ifndef __XEN_PUBLIC_GRANT_TABLE_H__
#define __XEN_PUBLIC_GRANT_TABLE_H__

#include <xen/interface/xen.h>

/* Entries that tools fill in before the domain starts. */
#define GNTTAB_NR_RESERVED_ENTRIES 8
#define GNTTAB_RESERVED_CONSOLE    0
#define GNTTAB_RESERVED_XENSTORE   1

/* Kind of entry: the low two bits of flags. */
#define GTF_invalid         (xen_mk_uint(0) << 0)
#define GTF_permit_access   (xen_mk_uint(1) << 0)
#define GTF_accept_transfer (xen_mk_uint(2) << 0)
#define GTF_transitive      (xen_mk_uint(3) << 0) /* version 2: pass on another domain's grant */
#define GTF_type_mask       (xen_mk_uint(3) << 0)

/* permit_access: readonly, PWT, PCD, PAT and sub_page are the guest's; reading and writing are
 * the hypervisor's, and in version 2 stand in the status array instead. */
#define _GTF_readonly (2)
#define GTF_readonly  (xen_mk_uint(1) << _GTF_readonly)
#define _GTF_reading  (3)
#define GTF_reading   (xen_mk_uint(1) << _GTF_reading)
#define _GTF_writing  (4)
#define GTF_writing   (xen_mk_uint(1) << _GTF_writing)
#define _GTF_PWT      (5)
#define GTF_PWT       (xen_mk_uint(1) << _GTF_PWT)
#define _GTF_PCD      (6)
#define GTF_PCD       (xen_mk_uint(1) << _GTF_PCD)
#define _GTF_PAT      (7)
#define GTF_PAT       (xen_mk_uint(1) << _GTF_PAT)
#define _GTF_sub_page (8)
#define GTF_sub_page  (xen_mk_uint(1) << _GTF_sub_page)

/* accept_transfer: the slot is taken; the frame number is there. */
#define _GTF_transfer_committed (2)
#define GTF_transfer_committed  (xen_mk_uint(1) << _GTF_transfer_committed)
#define _GTF_transfer_completed (3)
#define GTF_transfer_completed  (xen_mk_uint(1) << _GTF_transfer_completed)

#define GNTTABOP_map_grant_ref     0
#define GNTTABOP_unmap_grant_ref   1
#define GNTTABOP_setup_table       2
#define GNTTABOP_dump_table        3
#define GNTTABOP_transfer          4
#define GNTTABOP_copy              5
#define GNTTABOP_query_size        6
#define GNTTABOP_unmap_and_replace 7
#define GNTTABOP_set_version       8
#define GNTTABOP_get_status_frames 9
#define GNTTABOP_get_version       10
#define GNTTABOP_swap_grant_ref    11
#define GNTTABOP_cache_flush       12

/* gnttab_map_grant_ref.flags */
#define _GNTMAP_device_map      (0) /* for DMA; answered in dev_bus_addr */
#define GNTMAP_device_map       (1 << _GNTMAP_device_map)
#define _GNTMAP_host_map        (1) /* for the CPU, at host_addr */
#define GNTMAP_host_map         (1 << _GNTMAP_host_map)
#define _GNTMAP_readonly        (2)
#define GNTMAP_readonly         (1 << _GNTMAP_readonly)
#define _GNTMAP_application_map (3) /* reachable from user mode */
#define GNTMAP_application_map  (1 << _GNTMAP_application_map)
#define _GNTMAP_contains_pte    (4) /* host_addr is the machine address of an L1 entry */
#define GNTMAP_contains_pte     (1 << _GNTMAP_contains_pte)
#define _GNTMAP_can_fail        (5) /* bookkeeping of old guests; the hypervisor ignores it */
#define GNTMAP_can_fail         (1 << _GNTMAP_can_fail)
#define _GNTMAP_guest_avail0    (16) /* from here up: software bits for the new entry */
#define GNTMAP_guest_avail_mask ((uint32_t)~0 << _GNTMAP_guest_avail0)

/* gnttab_copy.flags: which side is a grant reference rather than a frame number. */
#define _GNTCOPY_source_gref (0)
#define GNTCOPY_source_gref  (1 << _GNTCOPY_source_gref)
#define _GNTCOPY_dest_gref   (1)
#define GNTCOPY_dest_gref    (1 << _GNTCOPY_dest_gref)

/* gnttab_cache_flush.op */
#define GNTTAB_CACHE_CLEAN       (xen_mk_uint(1) << 0)
#define GNTTAB_CACHE_INVAL       (xen_mk_uint(1) << 1)
#define GNTTAB_CACHE_SOURCE_GREF (xen_mk_uint(1) << 31)

/* The status fields below. */
#define GNTST_okay              (0)
#define GNTST_general_error     (-1)
#define GNTST_bad_domain        (-2)
#define GNTST_bad_gntref        (-3)
#define GNTST_bad_handle        (-4)
#define GNTST_bad_virt_addr     (-5)
#define GNTST_bad_dev_addr      (-6)
#define GNTST_no_device_space   (-7)
#define GNTST_permission_denied (-8)
#define GNTST_bad_page          (-9)
#define GNTST_bad_copy_arg      (-10)
#define GNTST_address_too_big   (-11)
#define GNTST_eagain            (-12)
#define GNTST_no_space          (-13)

#ifndef __ASSEMBLY__

/* Initialiser for an array that -status indexes. */
/* clang-format off */
#define GNTTABOP_error_msgs {                                \
    "done",                                                  \
    "refused for another reason",                            \
    "there is no such domain, or it may not be used",        \
    "the grant reference does not exist or is not a grant",  \
    "there is no such mapping handle",                       \
    "the virtual address cannot be used",                    \
    "the device address cannot be used",                     \
    "the I/O MMU has no room left",                          \
    "not allowed",                                           \
    "the frame cannot be used",                              \
    "the copy runs over the end of a page",                  \
    "the frame lies too high for its new owner",             \
    "not now: try again",                                    \
    "no room left",                                          \
}
/* clang-format on */

typedef uint32_t grant_ref_t;
typedef uint32_t grant_handle_t;
typedef uint16_t grant_status_t; /* version 2: GTF_reading and GTF_writing of an entry */

struct grant_entry_v1 {
    uint16_t flags; /* GTF_* */
    domid_t domid;  /* who may use it */
    uint32_t frame; /* gfn lent, or received */
};

struct grant_entry_header {
    uint16_t flags;
    domid_t domid;
};

union grant_entry_v2 {
    struct grant_entry_header hdr;
    struct {
        struct grant_entry_header hdr;
        uint32_t pad0;
        uint64_t frame;
    } full_page; /* also accept_transfer */
    struct {
        struct grant_entry_header hdr;
        uint16_t page_off; /* bytes */
        uint16_t length;   /* bytes */
        uint64_t frame;
    } sub_page; /* GTF_sub_page: for copies only */
    struct {
        struct grant_entry_header hdr;
        domid_t trans_domid;
        uint16_t pad0;
        grant_ref_t gref; /* trans_domid's */
    } transitive;
    uint32_t __spacer[4];
};

struct gnttab_map_grant_ref {
    uint64_t host_addr;
    uint32_t flags; /* GNTMAP_* */
    grant_ref_t ref;
    domid_t dom;
    int16_t status;        /* OUT: GNTST_* */
    grant_handle_t handle; /* OUT */
    uint64_t dev_bus_addr; /* OUT */
};
DEFINE_GUEST_HANDLE_STRUCT(gnttab_map_grant_ref);

/* An address of 0 leaves that kind of mapping alone. */
struct gnttab_unmap_grant_ref {
    uint64_t host_addr;
    uint64_t dev_bus_addr;
    grant_handle_t handle;
    int16_t status; /* OUT */
};
DEFINE_GUEST_HANDLE_STRUCT(gnttab_unmap_grant_ref);

/* Make the table at least nr_frames long and list its frames. */
struct gnttab_setup_table {
    domid_t dom;
    uint32_t nr_frames;
    int16_t status; /* OUT */
    GUEST_HANDLE(xen_pfn_t) frame_list;
};
DEFINE_GUEST_HANDLE_STRUCT(gnttab_setup_table);

struct gnttab_dump_table {
    domid_t dom;
    int16_t status; /* OUT */
};
DEFINE_GUEST_HANDLE_STRUCT(gnttab_dump_table);

/* Give a frame away for good, into a slot that accepts transfers. */
struct gnttab_transfer {
    xen_pfn_t mfn;
    domid_t domid;
    grant_ref_t ref;
    int16_t status; /* OUT */
};
DEFINE_GUEST_HANDLE_STRUCT(gnttab_transfer);

struct gnttab_copy {
    struct gnttab_copy_ptr {
        union {
            grant_ref_t ref;
            xen_pfn_t gmfn;
        } u;
        domid_t domid;
        uint16_t offset; /* bytes */
    } source, dest;
    uint16_t len;   /* bytes */
    uint16_t flags; /* GNTCOPY_* */
    int16_t status; /* OUT */
};
DEFINE_GUEST_HANDLE_STRUCT(gnttab_copy);

struct gnttab_query_size {
    domid_t dom;
    uint32_t nr_frames;     /* OUT */
    uint32_t max_nr_frames; /* OUT */
    int16_t status;         /* OUT */
};
DEFINE_GUEST_HANDLE_STRUCT(gnttab_query_size);

/* Unmap at host_addr and put there what new_addr maps; that mapping moves. */
struct gnttab_unmap_and_replace {
    uint64_t host_addr;
    uint64_t new_addr;
    grant_handle_t handle;
    int16_t status; /* OUT */
};
DEFINE_GUEST_HANDLE_STRUCT(gnttab_unmap_and_replace);

struct gnttab_set_version {
    uint32_t version; /* 1 or 2, then OUT: the one in use */
};
DEFINE_GUEST_HANDLE_STRUCT(gnttab_set_version);

struct gnttab_get_status_frames {
    uint32_t nr_frames;
    domid_t dom;
    int16_t status; /* OUT */
    GUEST_HANDLE(uint64_t) frame_list;
};
DEFINE_GUEST_HANDLE_STRUCT(gnttab_get_status_frames);

struct gnttab_get_version {
    domid_t dom;
    uint16_t pad;
    uint32_t version; /* OUT */
};
DEFINE_GUEST_HANDLE_STRUCT(gnttab_get_version);

struct gnttab_swap_grant_ref {
    grant_ref_t ref_a;
    grant_ref_t ref_b;
    int16_t status; /* OUT */
};
DEFINE_GUEST_HANDLE_STRUCT(gnttab_swap_grant_ref);

struct gnttab_cache_flush {
    union {
        uint64_t dev_bus_addr;
        grant_ref_t ref; /* GNTTAB_CACHE_SOURCE_GREF */
    } a;
    uint16_t offset; /* bytes */
    uint16_t length; /* bytes */
    uint32_t op;     /* GNTTAB_CACHE_* */
};
DEFINE_GUEST_HANDLE_STRUCT(gnttab_cache_flush);

#endif /* !__ASSEMBLY__ */

#endif /* __XEN_PUBLIC_GRANT_TABLE_H__ */
