/* SPDX-License-Identifier: MIT */
/*
 * blkif.h: block devices: the ring between a disk's front end and back end.
 *
 * Sectors count 512 bytes.  The layout differs between 32-bit and 64-bit guests; the front end
 * says which it uses (see protocols.h).
 */
#ifndef __XEN_PUBLIC_IO_BLKIF_H__
#define __XEN_PUBLIC_IO_BLKIF_H__

#include <xen/interface/grant_table.h>
#include <xen/interface/io/ring.h>

/* blkif_request.operation; which of them a back end knows, it says in its feature nodes. */
#define BLKIF_OP_READ            0
#define BLKIF_OP_WRITE           1
#define BLKIF_OP_WRITE_BARRIER   2 /* a write before and after which all others are complete */
#define BLKIF_OP_FLUSH_DISKCACHE 3
#define BLKIF_OP_RESERVED_1      4
#define BLKIF_OP_DISCARD         5
#define BLKIF_OP_INDIRECT        6 /* a read or write whose segments stand in pages of their own */

#define BLKIF_RSP_EOPNOTSUPP (-2)
#define BLKIF_RSP_ERROR      (-1)
#define BLKIF_RSP_OKAY       0

#define BLKIF_MAX_SEGMENTS_PER_REQUEST       11
#define BLKIF_MAX_INDIRECT_PAGES_PER_REQUEST 8

/* blkif_request_discard.flag */
#define BLKIF_DISCARD_SECURE (1 << 0)

/* The "info" node of a back end. */
#define VDISK_CDROM     0x1
#define VDISK_REMOVABLE 0x2
#define VDISK_READONLY  0x4

/* Device numbers of virtual disks: the majors of Linux, written down here to stay the same. */
#define XEN_IDE0_MAJOR        3
#define XEN_IDE1_MAJOR        22
#define XEN_SCSI_DISK0_MAJOR  8
#define XEN_SCSI_DISK1_MAJOR  65
#define XEN_SCSI_DISK2_MAJOR  66
#define XEN_SCSI_DISK3_MAJOR  67
#define XEN_SCSI_DISK4_MAJOR  68
#define XEN_SCSI_DISK5_MAJOR  69
#define XEN_SCSI_DISK6_MAJOR  70
#define XEN_SCSI_DISK7_MAJOR  71
#define XEN_SCSI_DISK8_MAJOR  128
#define XEN_SCSI_DISK9_MAJOR  129
#define XEN_SCSI_DISK10_MAJOR 130
#define XEN_SCSI_DISK11_MAJOR 131
#define XEN_SCSI_DISK12_MAJOR 132
#define XEN_SCSI_DISK13_MAJOR 133
#define XEN_SCSI_DISK14_MAJOR 134
#define XEN_SCSI_DISK15_MAJOR 135

#ifndef __ASSEMBLY__

typedef uint16_t blkif_vdev_t;
typedef uint64_t blkif_sector_t;

struct blkif_request_segment {
    grant_ref_t gref;
    uint8_t first_sect, last_sect; /* within the page; both are meant */
};

/*
 * The forms below follow the operation byte.  They are packed because they start at offset 1; the
 * padding puts what comes after where natural alignment would have it.
 */
struct blkif_request_rw {
    uint8_t nr_segments;
    blkif_vdev_t handle;
#ifndef __i386__
    uint32_t _pad1;
#endif
    uint64_t id; /* the response repeats it */
    blkif_sector_t sector_number;
    struct blkif_request_segment seg[BLKIF_MAX_SEGMENTS_PER_REQUEST];
} __attribute__((__packed__));

struct blkif_request_discard {
    uint8_t flag; /* BLKIF_DISCARD_* */
    blkif_vdev_t _pad1;
#ifndef __i386__
    uint32_t _pad2;
#endif
    uint64_t id;
    blkif_sector_t sector_number;
    uint64_t nr_sectors;
    uint8_t _pad3;
} __attribute__((__packed__));

/* What all forms have in common. */
struct blkif_request_other {
    uint8_t _pad1;
    blkif_vdev_t _pad2;
#ifndef __i386__
    uint32_t _pad3;
#endif
    uint64_t id;
} __attribute__((__packed__));

struct blkif_request_indirect {
    uint8_t indirect_op; /* BLKIF_OP_READ or BLKIF_OP_WRITE */
    uint16_t nr_segments;
#ifndef __i386__
    uint32_t _pad1;
#endif
    uint64_t id;
    blkif_sector_t sector_number;
    blkif_vdev_t handle;
    uint16_t _pad2;
    grant_ref_t indirect_grefs[BLKIF_MAX_INDIRECT_PAGES_PER_REQUEST];
#ifndef __i386__
    uint32_t _pad3;
#else
    uint64_t _pad3;
#endif
} __attribute__((__packed__));

struct blkif_request {
    uint8_t operation; /* BLKIF_OP_* */
    union {
        struct blkif_request_rw rw;
        struct blkif_request_discard discard;
        struct blkif_request_other other;
        struct blkif_request_indirect indirect;
    } u;
} __attribute__((__packed__));

struct blkif_response {
    uint64_t id;
    uint8_t operation;
    int16_t status; /* BLKIF_RSP_* */
};

DEFINE_RING_TYPES(blkif, struct blkif_request, struct blkif_response);

#endif /* !__ASSEMBLY__ */

#endif /* __XEN_PUBLIC_IO_BLKIF_H__ */
