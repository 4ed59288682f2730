/* SPDX-License-Identifier: MIT */
/* device.h: the machine's devices, and what a domain has of them: interrupts, ranges, types of memory. */
#ifndef XD_HV_DEVICE_H
#define XD_HV_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#define XD_GSIS          24u      /* pins of the I/O APIC, */
#define XD_IO_APIC_FRAME 0xfec00u /* ... whose registers lie there */
#define XD_PIRQS         208u     /* that the hardware domain can have; others have fewer */
#define XD_VECTORS       256u
#define XD_CX_STATES     2u  /* idle states of the processor that Xen knows by itself: C0 and C1, */
#define XD_CX_STATES_MAX 12u /* ... and that it has room for */
#define XD_MTRRS         8u
#define XD_PCI_DEVICES   256u
#define XD_APIC_IDS      1024u
#define XD_ACPI_IDS      512u

struct xd_range {
    uint64_t first, last; /* inclusive; first > last: unused */
};

/* What a domain calls a device's interrupt. */
struct xd_pirq {
    int16_t irq;   /* 0: none; XD_PIRQ_ALLOCATED; negative too: unmapped while it was bound */
    bool known;    /* Xen has a record of it */
    bool masked;   /* it was raised, and waits for an EOI */
    uint32_t port; /* 0: none */
};

/* What an IRQ is to a domain. AS-XEN: irq_pirq, where pirq 0 is like none; and the guests of the IRQ's action */
struct xd_line {
    int16_t pirq;    /* negative: it was unmapped while it was bound */
    uint16_t guests; /* how many times the domain gets it */
};

enum { XD_GSI_UNSET, XD_GSI_EDGE, XD_GSI_LEVEL };

/* A pin of the I/O APIC. */
struct xd_gsi {
    uint8_t trigger; /* XD_GSI_* */
    bool programmed; /* by PHYSDEVOP_setup_gsi */
    bool shared;     /* who has it shares it */
    bool waits;      /* it was raised again, before all had acknowledged it */
    uint8_t vector;  /* that is the line's; 0: none yet */
    bool written;    /* its entry was, with that vector */
    bool low;        /* active low */
    bool masked;
    uint64_t eoi_ns; /* when Xen acknowledges it for them; 0: nothing is in flight */
};

/* A range of memory whose caching is ruled by a register of the processor. */
struct xd_mtrr {
    uint64_t first, frames; /* 0 frames: the register is free */
    uint32_t users;         /* how often it was asked for */
    uint8_t type, pad[3];
};

/* A PCI device, by where it is. */
struct xd_pci {
    uint16_t seg;
    uint8_t bus, devfn;
};

#endif
