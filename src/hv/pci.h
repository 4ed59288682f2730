/* SPDX-License-Identifier: MIT */
/*
 * pci.h: PCI devices that Xen was told of. It does not look whether they are there: whoever tells is trusted.
 */
#ifndef XD_HV_PCI_H
#define XD_HV_PCI_H

#include "hv/hv.h"

/* A device's number in words: segment, bus and function, as Xen prints them. */
static inline uint32_t xd_pci_name(uint16_t seg, uint8_t bus, uint8_t devfn)
{
    return (uint32_t)seg << 16 | (uint32_t)bus << 8 | devfn;
}

bool xd_pci_known(const struct xd_hv *hv, uint16_t seg, uint8_t bus, uint8_t devfn);

/* It is known from now on. False: there is no room for more than XD_PCI_DEVICES. */
bool xd_pci_add(struct xd_hv *hv, uint16_t seg, uint8_t bus, uint8_t devfn);

/* It is forgotten. False: it was not known. */
bool xd_pci_remove(struct xd_hv *hv, uint16_t seg, uint8_t bus, uint8_t devfn);

#endif
