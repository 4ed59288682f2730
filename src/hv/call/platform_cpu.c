/* SPDX-License-Identifier: MIT */
/*
 * platform_cpu.c: commands of platform_op about the machine's processors. There is one, as QEMU shows it: AMD's family 15,
 * model 107, stepping 1, whose frequency no driver of Xen's sets.
 */
#include "hv/call/platform.h"

#include "abi/errno.h"

#define ONLINE  1u
#define INVALID 2u
#define PXMS    256u

/* ---- Which there are ---- */

int64_t xd_platform_cpuinfo(struct xd_vcpu *v, struct xd_abi_platform_op *op, uint64_t at)
{
    struct xd_abi_pcpuinfo *info = &op->u.pcpuinfo;

    if (info->xen_cpuid)
        info->flags = INVALID; /* the rest stays what it was */
    else
        *info = (struct xd_abi_pcpuinfo){.flags = ONLINE};
    info->max_present = 0;
    return xd_platform_back(v, at, op, info, sizeof(*info));
}

int64_t xd_platform_cpu_version(struct xd_vcpu *v, struct xd_abi_platform_op *op, uint64_t at)
{
    static const struct xd_abi_pcpu_version processor = {
        .vendor_id = {'A', 'u', 't', 'h', 'e', 'n', 't', 'i', 'c', 'A', 'M', 'D'},
        .family = 0xf,
        .model = 0x6b,
        .stepping = 1};
    struct xd_abi_pcpu_version *version = &op->u.pcpu_version;

    if (version->xen_cpuid)
        *version = (struct xd_abi_pcpu_version){.xen_cpuid = version->xen_cpuid};
    else
        *version = processor;
    return xd_platform_back(v, at, op, version, sizeof(*version));
}

int64_t xd_platform_cpu_online(struct xd_vcpu *v, uint32_t cpu)
{
    return cpu ? xd_reject(v, XD_WHY_PLATFORM_CPU, cpu) : 0;
}

int64_t xd_platform_cpu_offline(struct xd_vcpu *v, uint32_t cpu)
{
    return cpu ? xd_reject(v, XD_WHY_PLATFORM_CPU, cpu) : xd_reject(v, XD_WHY_PLATFORM_CPU_BOOT);
}

/* AS-XEN: MP_processor_info_x: the APIC id is taken before it is seen that there is no room. */
int64_t xd_platform_cpu_add(struct xd_vcpu *v, const struct xd_abi_cpu_hotadd *op)
{
    const uint32_t apic = op->apic_id;
    uint8_t *ids = &v->hv->cpu_ids[apic / 8 % sizeof(v->hv->cpu_ids)];

    if (op->acpi_id >= XD_ACPI_IDS || apic >= XD_APIC_IDS || op->pxm >= PXMS)
        return xd_reject(v, XD_WHY_PLATFORM_CPU_ADD_RANGE, apic, op->acpi_id, op->pxm);
    if (op->acpi_id == 0 && apic != 0)
        return xd_reject(v, XD_WHY_PLATFORM_CPU_ADD_OTHER, apic, op->acpi_id);
    if (*ids >> apic % 8 & 1)
        return xd_reject(v, XD_WHY_PLATFORM_CPU_ADD_TWICE, apic);
    XD_PUT(v->hv, *ids, (uint8_t)(*ids | 1u << apic % 8));
    return xd_reject(v, XD_WHY_PLATFORM_CPU_ADD_FULL);
}

int64_t xd_platform_core_parking(struct xd_vcpu *v, struct xd_abi_platform_op *op, uint64_t at)
{
    enum { SET = 1, GET = 2 };
    struct xd_abi_core_parking *parking = &op->u.core_parking;

    if (parking->type == SET)
        return xd_answer_outside(v, 0); /* of one processor none can be parked */
    if (parking->type != GET)
        return xd_reject(v, XD_WHY_PLATFORM_PARKING, parking->type);
    parking->idle_nums = 0;
    return xd_platform_back(v, at, op, parking, sizeof(*parking));
}

/* ---- What they can do ---- */

#define SET_PROCESSOR_PMINFO 54u

#define SPACE_IO       1u
#define SPACE_FIXED    0x7fu
#define INTEL          1u
#define BEYOND_HALT    2u
#define MWAIT_SUBSTATE 0xfu

/*
 * Does this become a state behind C1? What is called C2 or C3 needs a timer that goes on in it, which this processor has not. AS-XEN:
 * check_cx, acpi_processor_ffh_cstate_probe: of MWAIT it is asked for its leaf, not whether it is there.
 */
static bool is_deeper(const struct xd_abi_processor_cx *state)
{
    enum { C4 = 4 };

    if (state->type < C4)
        return false;
    if (state->space_id == SPACE_IO)
        return state->address != 0;
    return state->space_id == SPACE_FIXED && state->bit_width == INTEL &&
           state->bit_offset == BEYOND_HALT && !(state->address & MWAIT_SUBSTATE);
}

/* _CST. AS-XEN: set_cx_pminfo: the states before one that can't be read are kept. LIMIT: an I/O port by which a state is entered stays the
 * hardware domain's. */
static int64_t c_states(struct xd_vcpu *v, const struct xd_abi_set_processor_pminfo *pm)
{
    struct xd_abi_processor_cx state;
    struct xd_hv *hv = v->hv;

    if (!xd_handle_ok(pm->u.cx.states, pm->u.cx.count, sizeof(state)))
        return xd_reject(v, XD_WHY_COPY_IN, pm->u.cx.states, sizeof(state));
    if (pm->id)
        return xd_reject(v, XD_WHY_PLATFORM_PM_CPU, pm->id);
    XD_PUT(hv, hv->cx_states, XD_CX_STATES);
    for (uint32_t i = 0; i < pm->u.cx.count; i++) {
        if (!xd_copy_in(v, &state, pm->u.cx.states + i * sizeof(state), sizeof(state)))
            return xd_reject(v, XD_WHY_COPY_IN, pm->u.cx.states + i * sizeof(state), sizeof(state));
        if (i == XD_LIST_MAX)
            return xd_reject(v, XD_WHY_NOT_MODELLED, v->rec.nr, SET_PROCESSOR_PMINFO);
        if (is_deeper(&state) && hv->cx_states < XD_CX_STATES_MAX)
            XD_PUT(hv, hv->cx_states, (uint8_t)(hv->cx_states + 1));
    }
    XD_PUT(hv, hv->cx_told, true);
    return 0;
}

/* As many as Xen's allocator would give it memory for at once. */
static bool room_for_states(const struct xd_hv *hv, uint32_t count)
{
    const uint64_t bytes = (uint64_t)count * sizeof(struct xd_abi_processor_px);
    uint64_t pages = 1;

    while (pages * XD_PAGE_SIZE < bytes)
        pages *= 2;
    return bytes <= UINT32_MAX && pages <= hv->frames_free;
}

static int64_t p_state_list(struct xd_vcpu *v, uint32_t count, uint64_t states)
{
    struct xd_abi_processor_px state;

    if (count <= 1)
        return xd_reject(v, XD_WHY_PLATFORM_PX_COUNT, count);
    if (!room_for_states(v->hv, count))
        return xd_reject(v, XD_WHY_PLATFORM_PX_MEMORY, count);
    if (!xd_handle_ok(states, count, sizeof(state)))
        return xd_reject(v, XD_WHY_COPY_IN, states, sizeof(state));
    for (uint32_t i = 0; i < count; i++)
        if (!xd_copy_in(v, &state, states + i * sizeof(state), sizeof(state)))
            return xd_reject(v, XD_WHY_COPY_IN, states + i * sizeof(state), sizeof(state));
    return 0;
}

/* _PCT, _PSS, _PSD, _PPC. AS-XEN: set_px_pminfo: each part is kept that came before one that is refused. */
static int64_t p_states(struct xd_vcpu *v, const struct xd_abi_set_processor_pminfo *pm)
{
    enum { PCT = 1, PSS = 2, PPC = 4, PSD = 8, ALL = 15, SHARED_HW = 1, SHARED_ANY = 3 };
    const uint32_t flags = pm->u.px.flags, shared = pm->u.px.shared_type;
    const uint32_t control = pm->u.px.control_register.space_id,
                   status = pm->u.px.status_register.space_id;

    if (pm->id)
        return xd_reject(v, XD_WHY_PLATFORM_PM_CPU, pm->id);
    if (flags & PCT && control != status)
        return xd_reject(v, XD_WHY_PLATFORM_PX_REGISTERS, control, status);
    if (flags & PSS) {
        int64_t rc = p_state_list(v, pm->u.px.state_count, pm->u.px.states);

        if (rc)
            return rc;
    }
    if (flags & PSD && (shared < SHARED_HW || shared > SHARED_ANY))
        return xd_reject(v, XD_WHY_PLATFORM_PX_SHARED, shared);
    if (flags & PPC && v->hv->px_known)
        return xd_reject(v, XD_WHY_PLATFORM_PX_POLICY);
    if (flags == ALL)
        XD_PUT(v->hv, v->hv->px_known, true);
    return 0;
}

/* Bits of _PDC: what the system is able to do about C, P and T states. */
#define PDC_P_FFH         0x1u
#define PDC_C_C1_HALT     0x2u
#define PDC_T_FFH         0x4u
#define PDC_SMP_C1PT      0x8u
#define PDC_SMP_C2C3      0x10u
#define PDC_SMP_P_SWCOORD 0x20u
#define PDC_SMP_C_SWCOORD 0x40u
#define PDC_SMP_T_SWCOORD 0x80u
#define PDC_C_C1_FFH      0x100u
#define PDC_C_C2C3_FFH    0x200u
#define PDC_SMP_P_HWCOORD 0x800u
#define PDC_C             (PDC_C_C1_HALT | PDC_C_C1_FFH | PDC_SMP_C2C3 | PDC_SMP_C_SWCOORD | PDC_C_C2C3_FFH)
#define PDC_P             (PDC_P_FFH | PDC_SMP_P_SWCOORD | PDC_SMP_P_HWCOORD)
#define PDC_T             (PDC_T_FFH | PDC_SMP_T_SWCOORD)

/*
 * AS-XEN: acpi_set_pdc_bits: of what the domain's kernel says, T states stay, which Xen leaves to it; of the rest it is told
 * what Xen does itself. This processor has neither MWAIT nor frequencies.
 */
static int64_t pdc(struct xd_vcpu *v, const struct xd_abi_set_processor_pminfo *pm)
{
    const uint64_t at = pm->u.pdc, at_bits = at + 2 * sizeof(uint32_t);
    uint32_t head[2], bits;

    if (!xd_copy_in(v, head, at, sizeof(head)))
        return xd_reject(v, XD_WHY_COPY_IN, at, sizeof(head));
    if (head[0] != 1 || !head[1])
        return xd_reject(v, XD_WHY_PLATFORM_PDC, head[0], head[1]);
    if (!xd_copy_in(v, &bits, at_bits, sizeof(bits)))
        return xd_reject(v, XD_WHY_COPY_IN, at_bits, sizeof(bits));
    if (pm->id != 0 && pm->id != UINT32_MAX)
        return xd_reject(v, XD_WHY_PLATFORM_PM_CPU, pm->id);

    bits = (bits & PDC_T) | PDC_C_C1_HALT | PDC_SMP_C1PT | PDC_SMP_C2C3;
    return xd_copy_out(v, at_bits, &bits, sizeof(bits))
               ? 0
               : xd_reject(v, XD_WHY_COPY_OUT, at_bits, sizeof(bits));
}

int64_t xd_platform_pminfo(struct xd_vcpu *v, const struct xd_abi_set_processor_pminfo *pm)
{
    enum { CX, PX, TX, PDC };

    switch (pm->type) {
    case CX: return c_states(v, pm);
    case PX: return p_states(v, pm);
    case TX: return xd_reject(v, XD_WHY_PLATFORM_PM_THROTTLING);
    case PDC: return pdc(v, pm);
    default: return xd_reject(v, XD_WHY_PLATFORM_PM_TYPE, pm->type);
    }
}

/* ---- Registers of a processor ---- */

#define ENTRIES_MAX 3u
#define MSR_TSC     0x10u
#define SECONDS(n)  ((uint64_t)(n)*1000000000u)

/* What is wrong with an entry, as a negative errno. The processor has none of the registers that can be read but its TSC. */
static int32_t entry_wrong(const struct xd_abi_resource_entry *e)
{
    enum { READ = 0, WRITE = 1 };

    if (e->rsvd)
        return -XD_EINVAL;
    if (e->cmd != READ && e->cmd != WRITE)
        return -XD_EOPNOTSUPP;
    if (e->idx >> 32)
        return -XD_EINVAL;
    return e->cmd == READ && e->idx == MSR_TSC ? 0 : -XD_EPERM;
}

/* AS-XEN: resource_access: the TSC is told as system time, from a secret moment on, which is the machine's seed's here. */
static uint64_t told_tsc(const struct xd_hv *hv)
{
    const uint32_t secret = (uint32_t)((hv->config.seed + 1) * UINT64_C(0x9e3779b97f4a7c15) >> 32);

    return hv->now_ns + SECONDS(secret) - secret;
}

int64_t xd_platform_resource_op(struct xd_vcpu *v, const struct xd_abi_resource_op *op)
{
    struct xd_abi_resource_entry entry[ENTRIES_MAX];
    uint32_t good = 0, back;

    if (op->nr_entries > ENTRIES_MAX)
        return xd_reject(v, XD_WHY_PLATFORM_RESOURCES, op->nr_entries);
    if (op->nr_entries == 0)
        return 0;
    if (!xd_copy_in(v, entry, op->entries, op->nr_entries * sizeof(entry[0])))
        return xd_reject(v, XD_WHY_COPY_IN, op->entries, op->nr_entries * sizeof(entry[0]));
    while (good < op->nr_entries && !entry_wrong(&entry[good]))
        good++;
    if (good && op->cpu)
        return xd_reject(v, XD_WHY_PLATFORM_RESOURCE_CPU, op->cpu);

    for (uint32_t i = 0; i < good; i++)
        entry[i].val = told_tsc(v->hv);
    if (good < op->nr_entries)
        entry[good].cmd = (uint32_t)entry_wrong(&entry[good]);
    back = good < op->nr_entries ? good + 1 : good;
    if (!xd_copy_out(v, op->entries, entry, back * sizeof(entry[0])))
        return xd_reject(v, XD_WHY_COPY_OUT, op->entries, back * sizeof(entry[0]));
    return good;
}
