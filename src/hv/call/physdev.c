/* SPDX-License-Identifier: MIT */
/*
 * physdev.c: physdev_op and its old form. A machine with I/O APICs, no IOMMU, and no PCI device
 * that Xen was told of; no physical IRQ is mapped, since mapping one is not modelled.
 */
#include "hv/call/call.h"
#include "hv/evtchn.h"

#define GSIS              24
#define IOPORTS           65536u
#define IOBITMAP_BYTES    8192u
#define NEEDS_EOI         1u
#define MAP_MSI           0
#define MAP_GSI           1
#define MAP_MSI_SEG       3
#define MAP_MULTI_MSI     4
#define OP_MAP_PIRQ       13u
#define IO_APIC           0xfec00000u
#define OP_MMCFG_RESERVED 24u
#define OP_DBGP           29u
#define COMPAT_SIZE       24u
#define COMPAT_UNION      8u

static int64_t control_only(struct xd_vcpu *v, uint32_t op)
{
    if (!v->domain->privileged)
        return xd_reject(v, XD_WHY_PHYSDEV_RIGHTS, op, v->domain->domid);
    return xd_reject(v, XD_WHY_NOT_MODELLED, v->rec.nr, op);
}

static int64_t pirq_range(struct xd_vcpu *v, const struct xd_domain *d, uint32_t pirq)
{
    return xd_reject(v, XD_WHY_PHYSDEV_PIRQ_RANGE, pirq, d->domid, xd_pirqs(d) - 1);
}

static int64_t irq_unmask_notify(struct xd_vcpu *v)
{
    (void)v; /* for every IRQ that is bound: none */
    return 0;
}

static int64_t irq_status_query(struct xd_vcpu *v, struct xd_abi_physdev_irq_status_query *op)
{
    if (op->irq >= xd_pirqs(v->domain))
        return pirq_range(v, v->domain, op->irq);
    op->flags = NEEDS_EOI;
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

static int64_t apic(struct xd_vcpu *v, const struct xd_abi_physdev_apic *op, unsigned int cmd)
{
    if (v->domain->privileged && op->apic_physbase != IO_APIC)
        return xd_reject(v, XD_WHY_PHYSDEV_APIC, op->apic_physbase);
    return control_only(v, cmd);
}

static int64_t apic_read(struct xd_vcpu *v, struct xd_abi_physdev_apic *op)
{
    return apic(v, op, 8);
}

static int64_t apic_write(struct xd_vcpu *v, struct xd_abi_physdev_apic *op)
{
    return apic(v, op, 9);
}

/* AS-XEN: do_physdev_op: vectors are Xen's business, and this is for old kernels. */
static int64_t alloc_irq_vector(struct xd_vcpu *v, struct xd_abi_physdev_irq *op)
{
    if (!v->domain->privileged)
        return control_only(v, 10);
    op->vector = op->irq;
    return 0;
}

static int64_t eoi(struct xd_vcpu *v, struct xd_abi_physdev_eoi *op)
{
    if (op->irq >= xd_pirqs(v->domain))
        return pirq_range(v, v->domain, op->irq);
    return xd_reject(v, XD_WHY_PHYSDEV_PIRQ_UNMAPPED, op->irq, v->domain->domid);
}

static int64_t map_pirq(struct xd_vcpu *v, struct xd_abi_physdev_map_pirq *op)
{
    if (op->type == MAP_MSI_SEG)
        op->type = MAP_MSI;
    if (!xd_domain_any_id(v, op->domid))
        return xd_reject(v, XD_WHY_PHYSDEV_DOMAIN, op->domid);
    if (v->domain->privileged && op->type != MAP_MSI && op->type != MAP_GSI &&
        op->type != MAP_MULTI_MSI)
        return xd_reject(v, XD_WHY_PHYSDEV_MAP_TYPE, (uint64_t)op->type);
    return control_only(v, OP_MAP_PIRQ);
}

static int64_t unmap_pirq(struct xd_vcpu *v, struct xd_abi_physdev_unmap_pirq *op)
{
    const struct xd_domain *d = xd_domain_any_id(v, op->domid);

    if (!d)
        return xd_reject(v, XD_WHY_PHYSDEV_DOMAIN, op->domid);
    if (!v->domain->privileged)
        return control_only(v, 14);
    if (op->pirq < 0 || (uint32_t)op->pirq >= xd_pirqs(d))
        return pirq_range(v, d, (uint32_t)op->pirq);
    return xd_reject(v, XD_WHY_PHYSDEV_PIRQ_UNMAPPED, (uint32_t)op->pirq, d->domid);
}

static int64_t no_device(struct xd_vcpu *v, uint32_t seg, uint32_t bus, uint32_t devfn)
{
    return xd_reject(v, XD_WHY_PHYSDEV_NO_DEVICE, seg << 16 | bus << 8 | devfn);
}

static int64_t manage_pci_add(struct xd_vcpu *v, struct xd_abi_physdev_manage_pci *op)
{
    (void)op;
    return control_only(v, 15);
}

static int64_t manage_pci_remove(struct xd_vcpu *v, struct xd_abi_physdev_manage_pci *op)
{
    return v->domain->privileged ? no_device(v, 0, op->bus, op->devfn) : control_only(v, 16);
}

static int64_t pirq_eoi_gmfn_v1(struct xd_vcpu *v, struct xd_abi_physdev_pirq_eoi_gmfn *op)
{
    (void)op;
    return xd_reject(v, XD_WHY_NOT_MODELLED, v->rec.nr, 17);
}

static int64_t restore_msi(struct xd_vcpu *v, struct xd_abi_physdev_manage_pci *op)
{
    return no_device(v, 0, op->bus, op->devfn);
}

static int64_t manage_pci_add_ext(struct xd_vcpu *v, struct xd_abi_physdev_manage_pci_ext *op)
{
    if (op->is_extfn > 1 || op->is_virtfn > 1)
        return xd_reject(v, XD_WHY_PHYSDEV_FUNCTION, op->is_extfn, op->is_virtfn);
    return control_only(v, 20);
}

static int64_t setup_gsi(struct xd_vcpu *v, struct xd_abi_physdev_setup_gsi *op)
{
    if (op->gsi < 0 || op->gsi >= GSIS)
        return xd_reject(v, XD_WHY_PHYSDEV_GSI, (uint64_t)op->gsi);
    return control_only(v, 21);
}

static int64_t get_free_pirq(struct xd_vcpu *v, struct xd_abi_physdev_get_free_pirq *op)
{
    (void)op;
    return xd_reject(v, XD_WHY_NOT_MODELLED, v->rec.nr, 23);
}

static int64_t pci_mmcfg_reserved(struct xd_vcpu *v, struct xd_abi_physdev_pci_mmcfg_reserved *op)
{
    (void)op;
    return control_only(v, OP_MMCFG_RESERVED);
}

static int64_t pci_device_add(struct xd_vcpu *v, struct xd_abi_physdev_pci_device_add *op)
{
    (void)op;
    return control_only(v, 25);
}

static int64_t pci_device_remove(struct xd_vcpu *v, struct xd_abi_physdev_pci_device *op)
{
    return v->domain->privileged ? no_device(v, op->seg, op->bus, op->devfn) : control_only(v, 26);
}

static int64_t restore_msi_ext(struct xd_vcpu *v, struct xd_abi_physdev_pci_device *op)
{
    return no_device(v, op->seg, op->bus, op->devfn);
}

static int64_t pirq_eoi_gmfn_v2(struct xd_vcpu *v, struct xd_abi_physdev_pirq_eoi_gmfn *op)
{
    (void)op;
    return xd_reject(v, XD_WHY_NOT_MODELLED, v->rec.nr, 28);
}

static int64_t dbgp_op(struct xd_vcpu *v, struct xd_abi_physdev_dbgp_op *op)
{
    (void)op;
    return control_only(v, OP_DBGP);
}

static int64_t prepare_msix(struct xd_vcpu *v, struct xd_abi_physdev_pci_device *op)
{
    (void)op;
    return control_only(v, 30);
}

static int64_t release_msix(struct xd_vcpu *v, struct xd_abi_physdev_pci_device *op)
{
    (void)op;
    return control_only(v, 31);
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

static int64_t physdev(struct xd_vcpu *v, uint32_t cmd, uint64_t arg)
{
    if (cmd == OP_MAP_PIRQ)
        return map_pirq_back(v, arg);
    if (cmd == OP_MMCFG_RESERVED && !v->domain->privileged)
        return control_only(v, cmd); /* before the operand is read */
    if (cmd == OP_DBGP && !v->domain->hardware)
        return xd_reject(v, XD_WHY_PHYSDEV_RIGHTS, cmd, v->domain->domid);
    return xd_op_run(v, &xd_group_physdev, run, XD_ARRAY_SIZE(run), cmd, arg);
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
