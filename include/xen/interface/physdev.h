/* SPDX-License-Identifier: MIT */
/*
 * physdev.h: physdev_op: interrupts, I/O ports and PCI devices of a PV guest.
 *
 * Most operations need a privileged domain or a device that was assigned to the caller.
 */
#ifndef __XEN_PUBLIC_PHYSDEV_H__
#define __XEN_PUBLIC_PHYSDEV_H__

#include <xen/interface/xen.h>

#define PHYSDEVOP_IRQ_UNMASK_NOTIFY  4  /* obsolete */
#define PHYSDEVOP_irq_status_query   5  /* physdev_irq_status_query */
#define PHYSDEVOP_set_iopl           6  /* physdev_set_iopl */
#define PHYSDEVOP_set_iobitmap       7  /* physdev_set_iobitmap */
#define PHYSDEVOP_apic_read          8  /* physdev_apic */
#define PHYSDEVOP_apic_write         9  /* physdev_apic */
#define PHYSDEVOP_alloc_irq_vector   10 /* physdev_irq */
#define PHYSDEVOP_free_irq_vector    11 /* physdev_irq */
#define PHYSDEVOP_eoi                12 /* physdev_eoi */
#define PHYSDEVOP_map_pirq           13 /* physdev_map_pirq */
#define PHYSDEVOP_unmap_pirq         14 /* physdev_unmap_pirq */
#define PHYSDEVOP_manage_pci_add     15 /* physdev_manage_pci */
#define PHYSDEVOP_manage_pci_remove  16 /* physdev_manage_pci */
#define PHYSDEVOP_pirq_eoi_gmfn_v1   17 /* physdev_pirq_eoi_gmfn; an unmask also means eoi */
#define PHYSDEVOP_restore_msi        19 /* physdev_restore_msi */
#define PHYSDEVOP_manage_pci_add_ext 20 /* physdev_manage_pci_ext */
#define PHYSDEVOP_setup_gsi          21 /* physdev_setup_gsi */
#define PHYSDEVOP_get_free_pirq      23 /* physdev_get_free_pirq */
#define PHYSDEVOP_pci_mmcfg_reserved 24 /* physdev_pci_mmcfg_reserved */
#define PHYSDEVOP_pci_device_add     25 /* physdev_pci_device_add */
#define PHYSDEVOP_pci_device_remove  26 /* physdev_pci_device */
#define PHYSDEVOP_restore_msi_ext    27 /* physdev_pci_device */
#define PHYSDEVOP_pirq_eoi_gmfn_v2   28 /* physdev_pirq_eoi_gmfn */
#define PHYSDEVOP_dbgp_op            29 /* physdev_dbgp_op */
#define PHYSDEVOP_prepare_msix       30 /* physdev_pci_device */
#define PHYSDEVOP_release_msix       31 /* physdev_pci_device */

/* The first names of some of them. */
#define PHYSDEVOP_IRQ_STATUS_QUERY        PHYSDEVOP_irq_status_query
#define PHYSDEVOP_SET_IOPL                PHYSDEVOP_set_iopl
#define PHYSDEVOP_SET_IOBITMAP            PHYSDEVOP_set_iobitmap
#define PHYSDEVOP_APIC_READ               PHYSDEVOP_apic_read
#define PHYSDEVOP_APIC_WRITE              PHYSDEVOP_apic_write
#define PHYSDEVOP_ASSIGN_VECTOR           PHYSDEVOP_alloc_irq_vector
#define PHYSDEVOP_FREE_VECTOR             PHYSDEVOP_free_irq_vector
#define PHYSDEVOP_IRQ_NEEDS_UNMASK_NOTIFY XENIRQSTAT_needs_eoi
#define PHYSDEVOP_IRQ_SHARED              XENIRQSTAT_shared

/* physdev_irq_status_query.flags */
#define _XENIRQSTAT_needs_eoi (0)
#define XENIRQSTAT_needs_eoi  (1U << _XENIRQSTAT_needs_eoi)
#define _XENIRQSTAT_shared    (1)
#define XENIRQSTAT_shared     (1U << _XENIRQSTAT_shared)

/* physdev_map_pirq.type, physdev_get_free_pirq.type */
#define MAP_PIRQ_TYPE_MSI       0x0
#define MAP_PIRQ_TYPE_GSI       0x1
#define MAP_PIRQ_TYPE_UNKNOWN   0x2
#define MAP_PIRQ_TYPE_MSI_SEG   0x3
#define MAP_PIRQ_TYPE_MULTI_MSI 0x4

/* physdev_pci_mmcfg_reserved.flags, physdev_pci_device_add.flags */
#define XEN_PCI_MMCFG_RESERVED 0x1
#define XEN_PCI_DEV_EXTFN      0x1
#define XEN_PCI_DEV_VIRTFN     0x2
#define XEN_PCI_DEV_PXM        0x4 /* optarr[0] is the proximity domain */

/* physdev_dbgp_op.op and .bus */
#define PHYSDEVOP_DBGP_RESET_PREPARE 1
#define PHYSDEVOP_DBGP_RESET_DONE    2
#define PHYSDEVOP_DBGP_BUS_UNKNOWN   0
#define PHYSDEVOP_DBGP_BUS_PCI       1

#ifndef __ASSEMBLY__

struct physdev_eoi {
    uint32_t irq;
};
DEFINE_GUEST_HANDLE_STRUCT(physdev_eoi);

/* A page of the guest in which bit n says that pirq n needs an eoi. */
struct physdev_pirq_eoi_gmfn {
    xen_ulong_t gmfn;
};
DEFINE_GUEST_HANDLE_STRUCT(physdev_pirq_eoi_gmfn);

struct physdev_irq_status_query {
    uint32_t irq;
    uint32_t flags; /* OUT: XENIRQSTAT_* */
};
DEFINE_GUEST_HANDLE_STRUCT(physdev_irq_status_query);

struct physdev_set_iopl {
    uint32_t iopl; /* 0 to 3 */
};
DEFINE_GUEST_HANDLE_STRUCT(physdev_set_iopl);

/* Ports that user mode may reach; a clear bit allows. */
struct physdev_set_iobitmap {
    uint8_t *bitmap;
    uint32_t nr_ports;
};
DEFINE_GUEST_HANDLE_STRUCT(physdev_set_iobitmap);

struct physdev_apic {
    unsigned long apic_physbase;
    uint32_t reg;
    uint32_t value; /* OUT for a read */
};
DEFINE_GUEST_HANDLE_STRUCT(physdev_apic);

struct physdev_irq {
    uint32_t irq;
    uint32_t vector; /* OUT */
};
DEFINE_GUEST_HANDLE_STRUCT(physdev_irq);

struct physdev_map_pirq {
    domid_t domid;
    int type;  /* MAP_PIRQ_TYPE_* */
    int index; /* GSI, or -1 */
    int pirq;  /* the one wanted or -1, then OUT */
    int bus;   /* MSI_SEG: segment << 16 | bus */
    int devfn;
    int entry_nr; /* MSI-X entry; MULTI_MSI: how many vectors, then OUT: how many are possible */
    uint64_t table_base; /* machine address of the MSI-X table; 0 for MSI */
};
DEFINE_GUEST_HANDLE_STRUCT(physdev_map_pirq);

struct physdev_unmap_pirq {
    domid_t domid;
    int pirq;
};
DEFINE_GUEST_HANDLE_STRUCT(physdev_unmap_pirq);

struct physdev_manage_pci {
    uint8_t bus;
    uint8_t devfn;
};
DEFINE_GUEST_HANDLE_STRUCT(physdev_manage_pci);

struct physdev_restore_msi {
    uint8_t bus;
    uint8_t devfn;
};
DEFINE_GUEST_HANDLE_STRUCT(physdev_restore_msi);

struct physdev_manage_pci_ext {
    uint8_t bus;
    uint8_t devfn;
    uint32_t is_extfn;
    uint32_t is_virtfn;
    struct {
        uint8_t bus;
        uint8_t devfn;
    } physfn;
};
DEFINE_GUEST_HANDLE_STRUCT(physdev_manage_pci_ext);

/* Argument of physdev_op_compat, and of nothing else. */
struct physdev_op {
    uint32_t cmd;
    union {
        struct physdev_irq_status_query irq_status_query;
        struct physdev_set_iopl set_iopl;
        struct physdev_set_iobitmap set_iobitmap;
        struct physdev_apic apic_op;
        struct physdev_irq irq_op;
    } u;
};
DEFINE_GUEST_HANDLE_STRUCT(physdev_op);

struct physdev_setup_gsi {
    int gsi;
    uint8_t triggering; /* 0 edge, 1 level */
    uint8_t polarity;   /* 0 active high, 1 active low */
};
DEFINE_GUEST_HANDLE_STRUCT(physdev_setup_gsi);

struct physdev_get_free_pirq {
    int type;      /* MAP_PIRQ_TYPE_* */
    uint32_t pirq; /* OUT */
};
DEFINE_GUEST_HANDLE_STRUCT(physdev_get_free_pirq);

struct physdev_pci_mmcfg_reserved {
    uint64_t address;
    uint16_t segment;
    uint8_t start_bus;
    uint8_t end_bus;
    uint32_t flags; /* XEN_PCI_MMCFG_* */
};
DEFINE_GUEST_HANDLE_STRUCT(physdev_pci_mmcfg_reserved);

struct physdev_pci_device_add {
    uint16_t seg;
    uint8_t bus;
    uint8_t devfn;
    uint32_t flags; /* XEN_PCI_DEV_* */
    struct {
        uint8_t bus;
        uint8_t devfn;
    } physfn; /* of a virtual function */
    __extension__ uint32_t optarr[XEN_FLEX_ARRAY_DIM];
};
DEFINE_GUEST_HANDLE_STRUCT(physdev_pci_device_add);

struct physdev_pci_device {
    uint16_t seg;
    uint8_t bus;
    uint8_t devfn;
};
DEFINE_GUEST_HANDLE_STRUCT(physdev_pci_device);

/* The USB debug port is about to be reset, or has been. */
struct physdev_dbgp_op {
    uint8_t op;  /* PHYSDEVOP_DBGP_RESET_* */
    uint8_t bus; /* PHYSDEVOP_DBGP_BUS_* */
    union {
        struct physdev_pci_device pci;
    } u;
};
DEFINE_GUEST_HANDLE_STRUCT(physdev_dbgp_op);

#endif /* !__ASSEMBLY__ */

#endif /* __XEN_PUBLIC_PHYSDEV_H__ */
