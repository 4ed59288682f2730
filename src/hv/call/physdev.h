/* SPDX-License-Identifier: MIT */
/* physdev.h: what the files that carry out physdev_op say to each other. */
#ifndef XD_HV_CALL_PHYSDEV_H
#define XD_HV_CALL_PHYSDEV_H

#include "hv/call/call.h"
#include "hv/pci.h"

#define XD_IO_APIC (XD_IO_APIC_FRAME << XD_PAGE_SHIFT)

/* May the caller map (irq) to (pirq) of (d)? AS-XEN: map_domain_pirq: its checks. */
int64_t xd_pirq_may_map(struct xd_vcpu *v, const struct xd_domain *d, int32_t pirq, uint32_t irq);

/* A control domain writes a register of the I/O APIC. AS-XEN: ioapic_guest_write */
int64_t xd_apic_write(struct xd_vcpu *v, const struct xd_abi_physdev_apic *op);

/* Refusals: operation (op) is the control domain's; Xen does not know this device. */
int64_t xd_physdev_rights(struct xd_vcpu *v, uint32_t op);
int64_t xd_physdev_no_device(struct xd_vcpu *v, uint16_t seg, uint8_t bus, uint8_t devfn);

/* By operation (op): a device is told of, also one that brings its physical function with it; forgotten; its MSIs are restored. */
int64_t xd_physdev_pci_add(struct xd_vcpu *v, uint32_t op, uint16_t seg, uint8_t bus,
                           uint8_t devfn);
int64_t xd_physdev_pci_add_virtual(struct xd_vcpu *v, uint32_t op, struct xd_pci virtual,
                                   struct xd_pci physical);
int64_t xd_physdev_pci_remove(struct xd_vcpu *v, uint32_t op, uint16_t seg, uint8_t bus,
                              uint8_t devfn);
int64_t xd_physdev_msi_restore(struct xd_vcpu *v, uint32_t op, uint16_t seg, uint8_t bus,
                               uint8_t devfn);
/* prepare_msix, release_msix. */
int64_t xd_physdev_msix(struct xd_vcpu *v, uint32_t op, const struct xd_abi_physdev_pci_device *at);

#endif
