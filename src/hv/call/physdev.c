/* SPDX-License-Identifier: MIT */
/*
 * physdev.c: physdev_op and its old form. A machine with one I/O APIC and no IOMMU, whose PCI devices have neither MSI nor
 * MSI-X.
 */
#include "hv/call/call.h"
#include "hv/call/physdev.h"
#include "hv/evtchn.h"
#include "hv/ioapic.h"
#include "hv/pagetype.h"
#include "hv/pci.h"
#include "hv/pirq.h"

#define IOPORTS           65536u
#define IOBITMAP_BYTES    8192u
#define NEEDS_EOI         1u
#define SHARED            2u
#define MAP_MSI           0
#define MAP_GSI           1
#define MAP_MSI_SEG       3
#define MAP_MULTI_MSI     4
#define OP_APIC_READ      8u
#define OP_MAP_PIRQ       13u
#define MSIS_MAX          32
#define OP_MMCFG_RESERVED 24u
#define MMCFG_RESERVED    1u
#define OP_PCI_DEVICE_ADD 25u
#define DEVICE_IS_VIRTUAL 2u
#define DEVICE_HAS_PXM    4u
#define OP_DBGP           29u
#define COMPAT_SIZE       24u
#define COMPAT_UNION      8u

static int64_t pirq_range(struct xd_vcpu *v, const struct xd_domain *d, uint32_t pirq)
{
    return xd_reject(v, XD_WHY_PHYSDEV_PIRQ_RANGE, pirq, d->domid, xd_pirqs(d) - 1);
}

static int64_t irq_unmask_notify(struct xd_vcpu *v)
{
    struct xd_domain *d = v->domain;

    for (uint32_t pirq = 0; pirq < xd_pirqs(d); pirq++)
        if (d->pirq[pirq].masked && !xd_port_is_masked(d, d->pirq[pirq].port))
            xd_pirq_eoi(d, pirq);
    return 0;
}

static int64_t irq_status_query(struct xd_vcpu *v, struct xd_abi_physdev_irq_status_query *op)
{
    if (op->irq >= xd_pirqs(v->domain))
        return pirq_range(v, v->domain, op->irq);
    op->flags = NEEDS_EOI; /* AS-XEN: whatever is behind it */
    if (xd_pirq_irq(v->domain, op->irq) > 0 &&
        xd_irq_guests(v->hv, (uint32_t)xd_pirq_irq(v->domain, op->irq)) > 1)
        op->flags |= SHARED;
    return 0;
}

static int64_t set_iopl(struct xd_vcpu *v, struct xd_abi_physdev_set_iopl *op)
{
    if (op->iopl > 3)
        return xd_reject(v, XD_WHY_PHYSDEV_IOPL, op->iopl);
    XD_PUT(v->hv, v->iopl, (uint8_t)op->iopl);
    return 0;
}

static int64_t set_iobitmap(struct xd_vcpu *v, struct xd_abi_physdev_set_iobitmap *op)
{
    if (!xd_handle_ok(op->bitmap, IOBITMAP_BYTES, 1) || op->nr_ports > IOPORTS)
        return xd_reject(v, XD_WHY_PHYSDEV_IOBITMAP, op->bitmap, op->nr_ports);
    XD_PUT(v->hv, v->io_bitmap, op->bitmap);
    XD_PUT(v->hv, v->io_ports, op->nr_ports);
    return 0;
}

static int64_t apic_read(struct xd_vcpu *v, struct xd_abi_physdev_apic *op)
{
    if (!v->domain->privileged)
        return xd_physdev_rights(v, 8);
    if (op->apic_physbase != XD_IO_APIC)
        return xd_reject(v, XD_WHY_PHYSDEV_APIC, op->apic_physbase);
    op->value = xd_ioapic_read(v->hv, op->reg);
    return 0;
}

static int64_t apic_write(struct xd_vcpu *v, struct xd_abi_physdev_apic *op)
{
    return v->domain->privileged ? xd_apic_write(v, op) : xd_physdev_rights(v, 9);
}

/* AS-XEN: do_physdev_op: vectors are Xen's business, and this is for old kernels. */
static int64_t alloc_irq_vector(struct xd_vcpu *v, struct xd_abi_physdev_irq *op)
{
    if (!v->domain->privileged)
        return xd_physdev_rights(v, 10);
    op->vector = op->irq;
    return 0;
}

static int64_t eoi(struct xd_vcpu *v, struct xd_abi_physdev_eoi *op)
{
    struct xd_domain *d = v->domain;

    if (op->irq >= xd_pirqs(d))
        return pirq_range(v, d, op->irq);
    if (!d->pirq[op->irq].known)
        return xd_reject(v, XD_WHY_PHYSDEV_PIRQ_UNMAPPED, op->irq, d->domid);
    if (d->auto_unmask)
        xd_port_unmask(d, d->pirq[op->irq].port); /* of port 0, if it has none: that does nothing */
    xd_pirq_eoi(d, op->irq);
    return 0;
}

/* ---- Mapping ---- */

static int64_t no_free_pirq(struct xd_vcpu *v, const struct xd_domain *d)
{
    return xd_reject(v, XD_WHY_PHYSDEV_NO_FREE_PIRQ, d->domid, xd_pirqs(d) - 1);
}

/* Which pirq (irq) is to be: the one asked for in (*pirq), the one it is, or one that is free. AS-XEN: allocate_pirq */
static int64_t choose_pirq(struct xd_vcpu *v, struct xd_domain *d, uint32_t irq, bool pin,
                           int32_t *pirq)
{
    int now = xd_pirq_of_irq(d, irq);

    if (*pirq >= 0 && now && *pirq != now)
        return xd_reject(v, XD_WHY_PHYSDEV_MAP_EXISTS, irq, (uint64_t)now);
    if (*pirq >= 0)
        return 0;
    if (now < 0)
        return xd_reject(v, XD_WHY_PHYSDEV_MAP_BUSY, irq, (uint64_t)-now);
    *pirq = now ? now : xd_pirq_find_free(d, pin);
    return *pirq < 0 ? no_free_pirq(v, d) : 0;
}

int64_t xd_pirq_may_map(struct xd_vcpu *v, const struct xd_domain *d, int32_t pirq, uint32_t irq)
{
    if (irq >= XD_GSIS || !(v->domain->irqs >> irq & 1))
        return xd_reject(v, XD_WHY_PHYSDEV_MAP_RIGHTS, irq, v->domain->domid);
    return (uint32_t)pirq >= xd_pirqs(d) ? pirq_range(v, d, (uint32_t)pirq) : 0;
}

static int64_t map_gsi(struct xd_vcpu *v, struct xd_domain *d, struct xd_abi_physdev_map_pirq *op)
{
    int32_t pirq = op->pirq, irq;
    int64_t rc;

    if (op->index < 0 || op->index >= (int)XD_GSIS)
        return xd_reject(v, XD_WHY_PHYSDEV_MAP_GSI, (uint64_t)op->index);
    irq = xd_pirq_irq(v->domain, (uint32_t)op->index);
    if (irq <= 0 && !v->domain->hardware)
        return xd_reject(v, XD_WHY_PHYSDEV_MAP_UNKNOWN, (uint64_t)op->index, v->domain->domid);
    if (irq <= 0)
        irq = op->index;
    rc = choose_pirq(v, d, (uint32_t)irq, true, &pirq);
    rc = rc ? rc : xd_pirq_may_map(v, d, pirq, (uint32_t)irq);
    if (rc)
        return rc;
    xd_pirq_map(d, (uint32_t)pirq, (uint32_t)irq);
    op->pirq = pirq;
    return 0;
}

/* AS-XEN: pci_enable_msi. No device of this machine can be made to send one. */
static int64_t enable_msi(struct xd_vcpu *v, const struct xd_domain *d, uint16_t seg,
                          const struct xd_abi_physdev_map_pirq *op)
{
    const uint8_t bus = (uint8_t)op->bus, devfn = (uint8_t)op->devfn;

    if (!d->hardware || !xd_pci_known(v->hv, seg, bus, devfn))
        return xd_physdev_no_device(v, seg, bus, devfn);
    return xd_reject(v, XD_WHY_PHYSDEV_NO_MSI, xd_pci_name(seg, bus, devfn));
}

/* AS-XEN: the IRQ that an MSI would have is new, and the caller's; what is refused gives it back. */
static int64_t map_msi(struct xd_vcpu *v, struct xd_domain *d, uint16_t seg,
                       struct xd_abi_physdev_map_pirq *op)
{
    bool several = op->type == MAP_MULTI_MSI, made = several || op->index == -1;
    uint8_t vector = made ? xd_vector_take(v->hv) : 0;
    int32_t pirq = op->pirq;

    if (made && !vector)
        return xd_reject(v, XD_WHY_PHYSDEV_NO_VECTOR);
    if (!made && (op->index < (int)XD_GSIS || op->index >= (int)XD_PIRQS))
        return xd_reject(v, XD_WHY_PHYSDEV_MSI_INDEX, (uint64_t)op->index);
    if (pirq < 0 && several && (op->entry_nr == 0 || op->entry_nr > MSIS_MAX))
        return xd_reject(v, XD_WHY_PHYSDEV_MSI_COUNT, op->entry_nr);
    if (pirq < 0 && several && op->entry_nr != 1)
        return xd_reject(v, XD_WHY_PHYSDEV_MSI_SEVERAL);
    if (pirq < 0)
        pirq = xd_pirq_find_free(d, false);
    if (pirq < 0)
        return no_free_pirq(v, d);
    if (!made)
        return xd_reject(v, XD_WHY_PHYSDEV_MAP_RIGHTS, (uint64_t)op->index, v->domain->domid);
    if ((uint32_t)pirq >= xd_pirqs(d))
        return pirq_range(v, d, (uint32_t)pirq);
    if (xd_pirq_irq(d, (uint32_t)pirq) > 0) {
        /* AS-XEN: map_domain_pirq: a pirq that is another IRQ stays so, and that is no error; so the new IRQ is not given
         * back, and nobody has it. */
        XD_PUT(v->hv, v->hv->vector_lost[vector / 8],
               (uint8_t)(v->hv->vector_lost[vector / 8] | 1u << vector % 8));
        op->pirq = pirq;
        return 0;
    }
    if (!d->pirq[pirq].irq)
        XD_PUT(v->hv, d->pirq[pirq].known, d->pirq[pirq].port != 0);
    return enable_msi(v, d, seg, op);
}

static int64_t map_pirq(struct xd_vcpu *v, struct xd_abi_physdev_map_pirq *op)
{
    struct xd_domain *d = xd_domain_any_id(v, op->domid);
    const uint16_t seg = op->type == MAP_MSI ? 0 : (uint16_t)((uint32_t)op->bus >> 16);

    if (op->type == MAP_MSI_SEG)
        op->type = MAP_MSI;
    if (!d)
        return xd_reject(v, XD_WHY_PHYSDEV_DOMAIN, op->domid);
    if (!v->domain->privileged)
        return xd_physdev_rights(v, OP_MAP_PIRQ);
    switch (op->type) {
    case MAP_GSI: return map_gsi(v, d, op);
    case MAP_MSI:
    case MAP_MULTI_MSI: return map_msi(v, d, seg, op);
    default: return xd_reject(v, XD_WHY_PHYSDEV_MAP_TYPE, (uint64_t)op->type);
    }
}

static int64_t unmap_pirq(struct xd_vcpu *v, struct xd_abi_physdev_unmap_pirq *op)
{
    struct xd_domain *d = xd_domain_any_id(v, op->domid);

    if (!d)
        return xd_reject(v, XD_WHY_PHYSDEV_DOMAIN, op->domid);
    if (!v->domain->privileged)
        return xd_physdev_rights(v, 14);
    if (op->pirq < 0 || (uint32_t)op->pirq >= xd_pirqs(d))
        return pirq_range(v, d, (uint32_t)op->pirq);
    if (xd_pirq_irq(d, (uint32_t)op->pirq) <= 0)
        return xd_reject(v, XD_WHY_PHYSDEV_PIRQ_UNMAPPED, (uint32_t)op->pirq, d->domid);
    xd_pirq_unmap(d, (uint32_t)op->pirq);
    return 0;
}

/* ---- PCI devices: pci.c ---- */

static int64_t manage_pci_add(struct xd_vcpu *v, struct xd_abi_physdev_manage_pci *op)
{
    return xd_physdev_pci_add(v, 15, 0, op->bus, op->devfn);
}

static int64_t manage_pci_remove(struct xd_vcpu *v, struct xd_abi_physdev_manage_pci *op)
{
    return xd_physdev_pci_remove(v, 16, 0, op->bus, op->devfn);
}

/* A page of the caller's where Xen marks, when they are bound, which pirqs want an EOI. It won't be a table while the domain
 * lives. */
static int64_t set_eoi_map(struct xd_vcpu *v, uint64_t gmfn)
{
    struct xd_domain *d = v->domain;
    const xd_mfn mfn = xd_mfn_of(gmfn);

    if (!xd_frame_get(v->hv, mfn, d->domid))
        return xd_reject(v, XD_WHY_PHYSDEV_EOI_FRAME, gmfn, d->domid);
    if (!xd_writable_get(v->hv, mfn)) {
        xd_frame_put(v->hv, mfn);
        return xd_reject(v, XD_WHY_PHYSDEV_EOI_TYPE, gmfn, xd_frame_at(v->hv, mfn)->type);
    }
    if (d->eoi_map.v) {
        xd_page_and_type_put(v->hv, mfn);
        return xd_reject(v, XD_WHY_PHYSDEV_EOI_TWICE, d->eoi_map.v);
    }
    XD_PUT(v->hv, d->eoi_map, mfn);
    return 0;
}

static int64_t pirq_eoi_gmfn_v1(struct xd_vcpu *v, struct xd_abi_physdev_pirq_eoi_gmfn *op)
{
    int64_t rc = set_eoi_map(v, op->gmfn);

    if (rc == 0)
        XD_PUT(v->hv, v->domain->auto_unmask, true);
    return rc;
}

static int64_t restore_msi(struct xd_vcpu *v, struct xd_abi_physdev_manage_pci *op)
{
    return xd_physdev_msi_restore(v, 19, 0, op->bus, op->devfn);
}

static int64_t manage_pci_add_ext(struct xd_vcpu *v, struct xd_abi_physdev_manage_pci_ext *op)
{
    if (op->is_extfn > 1 || op->is_virtfn > 1)
        return xd_reject(v, XD_WHY_PHYSDEV_FUNCTION, op->is_extfn, op->is_virtfn);
    if (!op->is_virtfn)
        return xd_physdev_pci_add(v, 20, 0, op->bus, op->devfn);
    return xd_physdev_pci_add_virtual(v, 20, (struct xd_pci){0, op->bus, op->devfn},
                                      (struct xd_pci){0, op->physfn_bus, op->physfn_devfn});
}

/* AS-XEN: mp_register_gsi, built without CONFIG_ACPI_BUS: the firmware's own line is like any other. */
static int64_t setup_gsi(struct xd_vcpu *v, struct xd_abi_physdev_setup_gsi *op)
{
    struct xd_gsi *g;

    if (op->gsi < 0 || op->gsi >= (int)XD_GSIS)
        return xd_reject(v, XD_WHY_PHYSDEV_GSI, (uint64_t)op->gsi);
    if (!v->domain->privileged)
        return xd_physdev_rights(v, 21);
    g = &v->hv->gsi[op->gsi];
    if (op->gsi == 0 || (g->trigger != XD_GSI_UNSET && xd_irq_guests(v->hv, (uint32_t)op->gsi)))
        return xd_reject(v, XD_WHY_PHYSDEV_GSI_IN_USE, (uint64_t)op->gsi);
    if (g->programmed)
        return xd_reject(v, XD_WHY_PHYSDEV_GSI_TWICE, (uint64_t)op->gsi);
    XD_PUT(v->hv, g->programmed, true);
    if (!xd_gsi_route(v->hv, (uint32_t)op->gsi))
        return xd_reject(v, XD_WHY_PHYSDEV_GSI_NO_VECTOR, (uint64_t)op->gsi);
    xd_gsi_write(v->hv, (uint32_t)op->gsi, op->triggering, op->polarity, true);
    return 0;
}

static int64_t get_free_pirq(struct xd_vcpu *v, struct xd_abi_physdev_get_free_pirq *op)
{
    int pirq = xd_pirq_find_free(v->domain, op->type == MAP_GSI);

    if (pirq < 0)
        return no_free_pirq(v, v->domain);
    XD_PUT(v->hv, v->domain->pirq[pirq].irq, XD_PIRQ_ALLOCATED);
    op->pirq = (uint32_t)pirq;
    return 0;
}

/* Firmware of an old PC: no table MCFG, so there is no area that could be reserved. Who may ask: see physdev. */
static int64_t pci_mmcfg_reserved(struct xd_vcpu *v, struct xd_abi_physdev_pci_mmcfg_reserved *op)
{
    if (op->flags & ~MMCFG_RESERVED)
        return xd_reject(v, XD_WHY_PHYSDEV_MMCFG_FLAGS, op->flags);
    return xd_reject(v, XD_WHY_PHYSDEV_NO_MMCFG, op->segment, op->start_bus, op->end_bus);
}

static int64_t pci_device_add(struct xd_vcpu *v, struct xd_abi_physdev_pci_device_add *op)
{
    if (!(op->flags & DEVICE_IS_VIRTUAL))
        return xd_physdev_pci_add(v, 25, op->seg, op->bus, op->devfn);
    return xd_physdev_pci_add_virtual(v, 25, (struct xd_pci){op->seg, op->bus, op->devfn},
                                      (struct xd_pci){op->seg, op->physfn_bus, op->physfn_devfn});
}

static int64_t pci_device_remove(struct xd_vcpu *v, struct xd_abi_physdev_pci_device *op)
{
    return xd_physdev_pci_remove(v, 26, op->seg, op->bus, op->devfn);
}

static int64_t restore_msi_ext(struct xd_vcpu *v, struct xd_abi_physdev_pci_device *op)
{
    return xd_physdev_msi_restore(v, 27, op->seg, op->bus, op->devfn);
}

static int64_t pirq_eoi_gmfn_v2(struct xd_vcpu *v, struct xd_abi_physdev_pirq_eoi_gmfn *op)
{
    return set_eoi_map(v, op->gmfn);
}

static int64_t dbgp_op(struct xd_vcpu *v, struct xd_abi_physdev_dbgp_op *op)
{
    (void)v;
    (void)op;
    return 0; /* AS-XEN: dbgp_op: there is no debug port, so all is well */
}

static int64_t prepare_msix(struct xd_vcpu *v, struct xd_abi_physdev_pci_device *op)
{
    return xd_physdev_msix(v, 30, op);
}

static int64_t release_msix(struct xd_vcpu *v, struct xd_abi_physdev_pci_device *op)
{
    return xd_physdev_msix(v, 31, op);
}

#define OP0 XD_OP0_THUNK
#define OP  XD_OP_THUNK
#include "abi/ops_physdev.def"
#undef OP0
#undef OP

static xd_op_fn *const run[] = {
#define OP0 XD_OP0_SLOT
#define OP  XD_OP_SLOT
#include "abi/ops_physdev.def"
#undef OP0
#undef OP
};

/* AS-XEN: do_physdev_op: what it was asked goes back to the guest whatever came out. */
static int64_t map_pirq_back(struct xd_vcpu *v, uint64_t arg)
{
    struct xd_abi_physdev_map_pirq op;
    int64_t rc;

    if (!xd_copy_in(v, &op, arg, sizeof(op)))
        return xd_reject(v, XD_WHY_COPY_IN, arg, sizeof(op));
    if (op.type == MAP_MULTI_MSI && op.table_base)
        return xd_reject(v, XD_WHY_PHYSDEV_TABLE, op.table_base);
    rc = map_pirq(v, &op);
    if (!xd_copy_out(v, arg, &op, sizeof(op)))
        return xd_reject(v, XD_WHY_COPY_OUT, arg, sizeof(op));
    return rc;
}

/* AS-XEN: pci_physdev_op: a device's proximity domain stands behind its struct, and is read before anybody asks for rights. */
static int64_t read_pxm(struct xd_vcpu *v, uint64_t arg)
{
    struct xd_abi_physdev_pci_device_add op;
    uint32_t pxm;

    if (!xd_copy_in(v, &op, arg, sizeof(op)))
        return xd_reject(v, XD_WHY_COPY_IN, arg, sizeof(op));
    if (op.flags & DEVICE_HAS_PXM && !xd_copy_in(v, &pxm, arg + sizeof(op), sizeof(pxm)))
        return xd_reject(v, XD_WHY_COPY_IN, arg + sizeof(op), sizeof(pxm));
    return 0;
}

/* AS-XEN: do_physdev_op: what was asked of an I/O APIC that there isn't goes back, too. */
static int64_t unread_back(struct xd_vcpu *v, uint64_t arg, int64_t rc)
{
    struct xd_abi_physdev_apic op;

    if (v->rec.reject.why != XD_WHY_PHYSDEV_APIC)
        return rc;
    if (!xd_copy_in(v, &op, arg, sizeof(op)) || !xd_copy_out(v, arg, &op, sizeof(op)))
        return xd_reject(v, XD_WHY_COPY_OUT, arg, sizeof(op));
    return rc;
}

static int64_t physdev(struct xd_vcpu *v, uint32_t cmd, uint64_t arg)
{
    int64_t rc = cmd == OP_PCI_DEVICE_ADD ? read_pxm(v, arg) : 0;

    if (rc)
        return rc;
    if (cmd == OP_MAP_PIRQ)
        return map_pirq_back(v, arg);
    if (cmd == OP_MMCFG_RESERVED && !v->domain->privileged)
        return xd_physdev_rights(v, cmd); /* before the operand is read */
    if (cmd == OP_DBGP && !v->domain->hardware)
        return xd_reject(v, XD_WHY_PHYSDEV_RIGHTS, cmd, v->domain->domid);
    rc = xd_op_run(v, &xd_group_physdev, run, XD_ARRAY_SIZE(run), cmd, arg);
    return cmd == OP_APIC_READ ? unread_back(v, arg, rc) : rc;
}

int64_t xd_hc_physdev_op(struct xd_vcpu *v, const struct xd_args_physdev_op *arg)
{
    return physdev(v, arg->cmd, arg->arg);
}

int64_t xd_hc_physdev_op_compat(struct xd_vcpu *v, const struct xd_args_physdev_op_compat *arg)
{
    unsigned char all[COMPAT_SIZE];
    uint32_t cmd;

    if (!xd_copy_in(v, all, arg->op, sizeof(all)))
        return xd_reject(v, XD_WHY_COPY_IN, arg->op, sizeof(all));
    __builtin_memcpy(&cmd, all, sizeof(cmd));
    return physdev(v, cmd, arg->op + COMPAT_UNION);
}
