/* SPDX-License-Identifier: MIT */
/*
 * platform.c: platform_op, by which a control domain looks after the machine. Facts of the machine are those of a PC as QEMU
 * shows it: booted without EFI, without disks and display (docs/DIFFERENCES.md, 14).
 */
#include "hv/call/platform.h"

#include "hv/mtrr.h"
#include "hv/sched.h"
#include "hv/shinfo.h"

#include <stdio.h>
#include <string.h>

#define HC_PLATFORM_OP 7u
#define VERSION        0x03000001u

enum cmd {
    SETTIME32 = 17,
    ADD_MEMTYPE = 31,
    DEL_MEMTYPE = 32,
    READ_MEMTYPE = 33,
    MICROCODE_UPDATE = 35,
    PLATFORM_QUIRK = 39,
    GET_CPU_VERSION = 48,
    EFI_RUNTIME_CALL = 49,
    FIRMWARE_INFO = 50,
    ENTER_ACPI_SLEEP = 51,
    CHANGE_FREQ = 52,
    GETIDLETIME = 53,
    SET_PROCESSOR_PMINFO = 54,
    GET_CPUINFO = 55,
    CPU_ONLINE = 56,
    CPU_OFFLINE = 57,
    CPU_HOTADD = 58,
    MEM_HOTADD = 59,
    CORE_PARKING = 60,
    RESOURCE_OP = 61,
    SETTIME64 = 62,
    GET_SYMBOL = 63,
};

int64_t xd_platform_back(struct xd_vcpu *v, uint64_t at, const struct xd_abi_platform_op *op,
                         const void *from, size_t n)
{
    at += (uint64_t)((const unsigned char *)from - (const unsigned char *)op);
    return xd_copy_out(v, at, from, n) ? 0 : xd_reject(v, XD_WHY_COPY_OUT, at, n);
}

static int64_t settime(struct xd_vcpu *v, const struct xd_abi_platform_op *op)
{
    const struct xd_abi_settime32 t32 = op->u.settime32;
    struct xd_abi_settime64 t64 = op->u.settime64;

    if (op->cmd == SETTIME32)
        t64 = (struct xd_abi_settime64){
            .secs = t32.secs, .nsecs = t32.nsecs, .system_time = t32.system_time};
    if (t64.mbz)
        return xd_reject(v, XD_WHY_PLATFORM_SETTIME_MBZ, t64.mbz);
    xd_wallclock_set(v->hv, t64.secs, t64.nsecs, t64.system_time);
    return 0;
}

/* ---- Types of memory ---- */

#define ADDRESSED (UINT64_C(1) << 28) /* frames */

/* A power of two, at a multiple of itself; AS-XEN: mtrr_validate_add_page finds nothing wrong with no frames at 0, either. */
static bool is_aligned(uint64_t first, uint64_t frames)
{
    return frames ? !(frames & (frames - 1)) && !(first & (frames - 1)) : first == 0;
}

static int64_t add_memtype(struct xd_vcpu *v, struct xd_abi_platform_op *op, uint64_t at)
{
    struct xd_abi_add_memtype *a = &op->u.add_memtype;
    const uint64_t first = a->mfn, frames = a->nr_mfns;
    uint32_t reg;
    bool there;

    if (!is_aligned(first, frames))
        return xd_reject(v, XD_WHY_PLATFORM_MTRR_SHAPE, first, frames);
    if (a->type >= XD_MTRR_TYPES)
        return xd_reject(v, XD_WHY_PLATFORM_MTRR_TYPE, a->type);
    if (!frames)
        return xd_reject(v, XD_WHY_PLATFORM_MTRR_EMPTY);
    if ((first | (first + frames - 1)) >= ADDRESSED)
        return xd_reject(v, XD_WHY_PLATFORM_MTRR_WIDTH, first, frames);
    switch (xd_mtrr_find(v->hv, first, frames, a->type, &reg, &there)) {
    case XD_MTRR_FINE: break;
    case XD_MTRR_OVERLAP: return xd_reject(v, XD_WHY_PLATFORM_MTRR_OVERLAP, first, frames, reg);
    case XD_MTRR_MISMATCH:
        return xd_reject(v, XD_WHY_PLATFORM_MTRR_MISMATCH, reg, v->hv->mtrr[reg].type, a->type);
    case XD_MTRR_FULL: return xd_reject(v, XD_WHY_PLATFORM_MTRR_FULL, XD_MTRRS);
    }

    /* AS-XEN: do_platform_op: it stays set, though nobody may be told: what would be taken back is another register. */
    xd_mtrr_add(v->hv, first, frames, a->type, reg, there);
    a->handle = 0;
    a->reg = reg;
    return xd_platform_back(v, at, op, a, sizeof(*a));
}

static int64_t del_memtype(struct xd_vcpu *v, const struct xd_abi_platform_op *op)
{
    const struct xd_abi_del_memtype d = op->u.del_memtype;

    if (d.handle || (int32_t)d.reg < 0)
        return xd_reject(v, XD_WHY_PLATFORM_MTRR_HANDLE, d.handle, (uint64_t)(int32_t)d.reg);
    if (d.reg >= XD_MTRRS)
        return xd_reject(v, XD_WHY_PLATFORM_MTRR_NUMBER, d.reg, XD_MTRRS - 1);
    if (!v->hv->mtrr[d.reg].frames)
        return xd_reject(v, XD_WHY_PLATFORM_MTRR_UNUSED, d.reg);
    xd_mtrr_put(v->hv, d.reg);
    return 0;
}

static int64_t read_memtype(struct xd_vcpu *v, struct xd_abi_platform_op *op, uint64_t at)
{
    struct xd_abi_read_memtype *r = &op->u.read_memtype;

    if (r->reg >= XD_MTRRS)
        return xd_reject(v, XD_WHY_PLATFORM_MTRR_NUMBER, r->reg, XD_MTRRS - 1);
    r->mfn = v->hv->mtrr[r->reg].first;
    r->nr_mfns = v->hv->mtrr[r->reg].frames;
    r->type = v->hv->mtrr[r->reg].type;
    return xd_platform_back(v, at, op, r, sizeof(*r));
}

/* ---- Firmware ---- */

/* Ways to balance interrupts and to reach an old I/O APIC: nothing that a guest could see. */
static int64_t platform_quirk(struct xd_vcpu *v, const struct xd_abi_platform_op *op)
{
    const uint32_t quirk = op->u.quirk_id;

    return quirk >= 1 && quirk <= 3 ? 0 : xd_reject(v, XD_WHY_PLATFORM_QUIRK, quirk);
}

static int64_t firmware_info(struct xd_vcpu *v, struct xd_abi_platform_op *op, uint64_t at)
{
    enum { DISK_INFO = 1, DISK_MBR_SIGNATURE, VBEDDC_INFO, EFI_INFO, KBD_SHIFT_FLAGS };
    struct xd_abi_firmware_info *info = &op->u.firmware_info;

    switch (info->type) {
    case EFI_INFO: return xd_reject(v, XD_WHY_PLATFORM_NO_EFI);
    case DISK_INFO:
    case DISK_MBR_SIGNATURE:
    case VBEDDC_INFO: break;
    case KBD_SHIFT_FLAGS:
        if (info->index)
            break;
        info->kbd_shift_flags = 0; /* no key is held down */
        return xd_platform_back(v, at, op, &info->kbd_shift_flags, 1);
    default: return xd_reject(v, XD_WHY_PLATFORM_FIRMWARE_TYPE, info->type);
    }
    return xd_reject(v, XD_WHY_PLATFORM_FIRMWARE_NONE, info->type, info->index);
}

/* ---- Sleep ---- */

/* AS-XEN: freeze_domains */
static void freeze(struct xd_domain *d)
{
    for (uint32_t id = 0; id < d->vcpus; id++) {
        XD_PUT(d->hv, d->vcpu[id].paused, true);
        xd_vcpu_scheduled(&d->vcpu[id]);
    }
}

/*
 * AS-XEN: enter_state, thaw_domains: all that there is to it but the sleep happens for any state. The wall clock goes on from what the
 * machine's own clock says, which knows whole seconds.
 */
static int64_t enter_state(struct xd_vcpu *v, uint32_t state, uint32_t pm1)
{
    enum { S1 = 1, S3 = 3, S5 = 5, BEGIN = 0x2000, TYPE = 0x1c00, TYPE_S3 = 0x400 };
    struct xd_hv *hv = v->hv;

    if (state < S1 || state > S5)
        return xd_reject(v, XD_WHY_PLATFORM_SLEEP_STATE, state);
    if (state == S5 || (state == S3 && (pm1 & (BEGIN | TYPE)) != (BEGIN | TYPE_S3))) {
        XD_PUT(hv, hv->off, true); /* or for ever waiting for a sleep that did not begin */
        return 0;
    }
    for (uint32_t i = 0; i < hv->config.domains_max; i++)
        freeze(&hv->domain[i]);
    xd_wallclock_set(hv, hv->wc_sec + (hv->wc_nsec + hv->now_ns) / XD_SECOND_NS, 0, hv->now_ns);
    for (uint32_t i = 0; i < hv->config.domains_max; i++)
        xd_domain_repause(&hv->domain[i]);
    return state == S3 ? 0 : xd_reject(v, XD_WHY_PLATFORM_SLEEP_NONE, state);
}

static int64_t enter_acpi_sleep(struct xd_vcpu *v, const struct xd_abi_platform_op *op)
{
    enum { EXTENDED = 1, BEGIN = 0x2000 };
    const struct xd_abi_enter_acpi_sleep s = op->u.enter_acpi_sleep;

    if (s.flags & EXTENDED)
        return xd_reject(v, XD_WHY_PLATFORM_SLEEP_EXTENDED);
    if (s.val_b && (s.val_a ^ s.val_b) & BEGIN)
        return xd_reject(v, XD_WHY_PLATFORM_SLEEP_MISMATCH, s.val_a, s.val_b);
    if (s.flags)
        return xd_reject(v, XD_WHY_PLATFORM_SLEEP_FLAGS, s.flags);
    return xd_answer_outside(v, enter_state(v, s.sleep_state, s.val_a));
}

/* ---- Memory and symbols ---- */

/* Memory may come later only where firmware said so (SRAT), which this one did not. */
static int64_t mem_hotadd(struct xd_vcpu *v, const struct xd_abi_platform_op *op)
{
    const uint64_t group = 65536, large = 512, all = UINT64_C(1) << 32;
    const struct xd_abi_mem_hotadd m = op->u.mem_hotadd;

    if (m.spfn >= m.epfn || m.epfn > all || (m.spfn | m.epfn) & (large - 1) ||
        (m.spfn + group - 1) / group >= (m.epfn - 1) / group)
        return xd_reject(v, XD_WHY_PLATFORM_MEMORY_SHAPE, m.spfn, m.epfn);
    return xd_reject(v, XD_WHY_PLATFORM_MEMORY_NODE, m.spfn, m.epfn);
}

/* The symbols of this Xen: the functions that carry out its hypercalls. */
static const struct xd_call *symbol(uint32_t number, uint32_t *all)
{
    const struct xd_call *found = NULL;

    *all = 0;
    for (uint64_t nr = 0; nr < XD_CALLS; nr++)
        if (xd_call_at(nr) && (*all)++ == number)
            found = xd_call_at(nr);
    return found;
}

static int64_t get_symbol(struct xd_vcpu *v, struct xd_abi_platform_op *op, uint64_t at)
{
    static const uint64_t text = UINT64_C(0xffff82d040200000), apart = 0x400;
    struct xd_abi_symdata *s = &op->u.symdata;
    char name[64] = "";
    uint32_t all, n;
    const struct xd_call *c = symbol(s->symnum, &all);

    if (s->symnum > all)
        return xd_reject(v, XD_WHY_PLATFORM_SYMBOL, s->symnum, all - 1);
    if (c) { /* else it is the end, told by a name without letters */
        snprintf(name, sizeof(name), "do_%s", c->name);
        s->type = 'T';
        s->address = text + c->nr * apart;
        s->symnum++;
    }
    n = (uint32_t)strlen(name) + 1;
    if (s->namelen && !xd_copy_out(v, s->name, name, n < s->namelen ? n : s->namelen))
        return xd_reject(v, XD_WHY_COPY_OUT, s->name, n < s->namelen ? n : s->namelen);
    s->namelen = n;
    return xd_platform_back(v, at, op, s, sizeof(*s));
}

/*
 * LIMIT: Xen carries out core_parking and enter_acpi_sleep, when nothing is wrong with them, outside of the call. It puts the
 * vCPU aside until they are done and only then gives it its result, so in a list of calls what follows them goes astray.
 */
static int64_t carry_out(struct xd_vcpu *v, struct xd_abi_platform_op *op, uint64_t at)
{
    switch (op->cmd) {
    case SETTIME32:
    case SETTIME64: return settime(v, op);
    case ADD_MEMTYPE: return add_memtype(v, op, at);
    case DEL_MEMTYPE: return del_memtype(v, op);
    case READ_MEMTYPE: return read_memtype(v, op, at);
    case MICROCODE_UPDATE: return xd_reject(v, XD_WHY_PLATFORM_NO_MICROCODE);
    case PLATFORM_QUIRK: return platform_quirk(v, op);
    case GET_CPU_VERSION: return xd_platform_cpu_version(v, op, at);
    case EFI_RUNTIME_CALL: return xd_reject(v, XD_WHY_PLATFORM_NO_EFI);
    case FIRMWARE_INFO: return firmware_info(v, op, at);
    case ENTER_ACPI_SLEEP: return enter_acpi_sleep(v, op);
    case CHANGE_FREQ:
    case GETIDLETIME: return xd_reject(v, XD_WHY_PLATFORM_NO_FREQUENCY, op->cmd);
    case SET_PROCESSOR_PMINFO: return xd_platform_pminfo(v, &op->u.set_processor_pminfo);
    case GET_CPUINFO: return xd_platform_cpuinfo(v, op, at);
    case CPU_ONLINE: return xd_platform_cpu_online(v, op->u.cpuid);
    case CPU_OFFLINE: return xd_platform_cpu_offline(v, op->u.cpuid);
    case CPU_HOTADD: return xd_platform_cpu_add(v, &op->u.cpu_hotadd);
    case MEM_HOTADD: return mem_hotadd(v, op);
    case CORE_PARKING: return xd_platform_core_parking(v, op, at);
    case RESOURCE_OP: return xd_platform_resource_op(v, &op->u.resource_op);
    case GET_SYMBOL: return get_symbol(v, op, at);
    default: return xd_reject(v, XD_WHY_OP_UNKNOWN, op->cmd);
    }
}

int64_t xd_hc_platform_op(struct xd_vcpu *v, const struct xd_args_platform_op *arg)
{
    struct xd_abi_platform_op op;

    if (!xd_copy_in(v, &op, arg->op, sizeof(op)))
        return xd_reject(v, XD_WHY_COPY_IN, arg->op, sizeof(op));
    if (op.interface_version != VERSION)
        return xd_reject(v, XD_WHY_CONTROL_VERSION, HC_PLATFORM_OP, op.interface_version, VERSION);
    if (!v->domain->privileged)
        return xd_reject(v, XD_WHY_CONTROL_ONLY, HC_PLATFORM_OP, v->domain->domid);
    return carry_out(v, &op, arg->op);
}
