/* SPDX-License-Identifier: MIT */
/* pci.c: see pci.h. */
#include "hv/pci.h"

/* Where it stands among those that are known; (pci_nr): it does not. */
static uint32_t place(const struct xd_hv *hv, uint16_t seg, uint8_t bus, uint8_t devfn)
{
    uint32_t i = 0;

    while (i < hv->pci_nr && xd_pci_name(hv->pci[i].seg, hv->pci[i].bus, hv->pci[i].devfn) !=
                                 xd_pci_name(seg, bus, devfn))
        i++;
    return i;
}

bool xd_pci_known(const struct xd_hv *hv, uint16_t seg, uint8_t bus, uint8_t devfn)
{
    return place(hv, seg, bus, devfn) < hv->pci_nr;
}

static void put(struct xd_hv *hv, uint32_t i, struct xd_pci to)
{
    XD_PUT(hv, hv->pci[i].seg, to.seg);
    XD_PUT(hv, hv->pci[i].bus, to.bus);
    XD_PUT(hv, hv->pci[i].devfn, to.devfn);
}

bool xd_pci_add(struct xd_hv *hv, uint16_t seg, uint8_t bus, uint8_t devfn)
{
    if (xd_pci_known(hv, seg, bus, devfn))
        return true;
    if (hv->pci_nr == XD_PCI_DEVICES)
        return false;
    put(hv, hv->pci_nr, (struct xd_pci){seg, bus, devfn});
    XD_PUT(hv, hv->pci_nr, hv->pci_nr + 1);
    return true;
}

bool xd_pci_remove(struct xd_hv *hv, uint16_t seg, uint8_t bus, uint8_t devfn)
{
    const uint32_t i = place(hv, seg, bus, devfn);

    if (i == hv->pci_nr)
        return false;
    put(hv, i, hv->pci[hv->pci_nr - 1]);
    put(hv, hv->pci_nr - 1, (struct xd_pci){0});
    XD_PUT(hv, hv->pci_nr, hv->pci_nr - 1);
    return true;
}
