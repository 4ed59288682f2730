/* SPDX-License-Identifier: MIT */
/* pci.c: physdev_op on PCI devices: those that the control domain tells of, and their MSIs, of which this machine has none. */
#include "hv/call/physdev.h"

#include "hv/pci.h"

int64_t xd_physdev_rights(struct xd_vcpu *v, uint32_t op)
{
    return xd_reject(v, XD_WHY_PHYSDEV_RIGHTS, op, v->domain->domid);
}

int64_t xd_physdev_no_device(struct xd_vcpu *v, uint16_t seg, uint8_t bus, uint8_t devfn)
{
    return xd_reject(v, XD_WHY_PHYSDEV_NO_DEVICE, xd_pci_name(seg, bus, devfn));
}

int64_t xd_physdev_pci_add(struct xd_vcpu *v, uint32_t op, uint16_t seg, uint8_t bus, uint8_t devfn)
{
    if (!v->domain->privileged)
        return xd_physdev_rights(v, op);
    if (!xd_pci_add(v->hv, seg, bus, devfn))
        return xd_reject(v, XD_WHY_PHYSDEV_PCI_ROOM, XD_PCI_DEVICES);
    return 0;
}

/* AS-XEN: pci_add_device: the physical function that (virtual) one belongs to is added first, and nobody asks what became of
 * it. */
int64_t xd_physdev_pci_add_virtual(struct xd_vcpu *v, uint32_t op, struct xd_pci virtual,
                                   struct xd_pci physical)
{
    if (!xd_pci_known(v->hv, physical.seg, physical.bus, physical.devfn))
        (void)xd_physdev_pci_add(v, op, physical.seg, physical.bus, physical.devfn);
    return xd_physdev_pci_add(v, op, virtual.seg, virtual.bus, virtual.devfn);
}

int64_t xd_physdev_pci_remove(struct xd_vcpu *v, uint32_t op, uint16_t seg, uint8_t bus,
                              uint8_t devfn)
{
    if (!v->domain->privileged)
        return xd_physdev_rights(v, op);
    return xd_pci_remove(v->hv, seg, bus, devfn) ? 0 : xd_physdev_no_device(v, seg, bus, devfn);
}

/* AS-XEN: pci_restore_msi_state: there are none to be restored. */
int64_t xd_physdev_msi_restore(struct xd_vcpu *v, uint32_t op, uint16_t seg, uint8_t bus,
                               uint8_t devfn)
{
    if (!xd_pci_known(v->hv, seg, bus, devfn))
        return xd_physdev_no_device(v, seg, bus, devfn);
    return v->domain->privileged ? 0 : xd_physdev_rights(v, op);
}

/* DIFFERS: pci_prepare_msix looks into what a device without MSI-X has not got, and Xen ends. */
int64_t xd_physdev_msix(struct xd_vcpu *v, uint32_t op, const struct xd_abi_physdev_pci_device *at)
{
    if (!v->domain->privileged)
        return xd_physdev_rights(v, op);
    if (!xd_pci_known(v->hv, at->seg, at->bus, at->devfn))
        return xd_physdev_no_device(v, at->seg, at->bus, at->devfn);
    return xd_reject(v, XD_WHY_PHYSDEV_NO_MSIX, xd_pci_name(at->seg, at->bus, at->devfn));
}
