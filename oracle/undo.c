/* SPDX-License-Identifier: MIT */
/*
 * undo.c: brings the domains of the real machine back to their start, by hypercalls that each makes itself.
 *
 * What no call can change back is written into RAM, where it is not Xen's. Whether all of it worked is not asked here:
 * machine.c compares.
 */
#include "machine.h"

#include "hv/pte.h"

#include <stdlib.h>
#include <string.h>

#define HC_SET_TRAP_TABLE       0u
#define HC_MMU_UPDATE           1u
#define HC_SET_GDT              2u
#define HC_STACK_SWITCH         3u
#define HC_SET_CALLBACKS        4u
#define HC_FPU_TASKSWITCH       5u
#define HC_SET_DEBUGREG         8u
#define HC_MEMORY_OP            12u
#define HC_SET_TIMER            15u
#define HC_VM_ASSIST            21u
#define HC_VCPU_OP              24u
#define HC_SET_SEGMENT_BASE     25u
#define HC_MMUEXT_OP            26u
#define HC_NMI_OP               28u
#define HC_SCHED_OP             29u
#define HC_CALLBACK_OP          30u
#define HC_PHYSDEV_OP           33u
#define HC_PHYSDEV_COMPAT       19u
#define HC_EVENT_CHANNEL_OP     32u
#define HC_EVENT_CHANNEL_COMPAT 16u
#define MMUEXT_UNPIN            4u
#define MMUEXT_NEW_BASEPTR      5u
#define MMUEXT_TLB_FLUSH_ALL    8u
#define MMUEXT_SET_LDT          13u
#define MMUEXT_NEW_USER         15u
#define MMU_MACHPHYS            1u
#define EVTCHNOP_RESET          10u
#define SCHEDOP_WATCHDOG        6u
#define SCHEDOP_PIN_OVERRIDE    7u
#define WATCHDOGS               2u
#define SEGBASES                4u
#define VCPUOP_RUNSTATE_AREA    5u
#define VCPUOP_STOP_PERIODIC    7u
#define VCPUOP_STOP_SINGLESHOT  9u
#define VCPUOP_TIME_AREA        13u
#define ASSISTS                 33u
#define PHYSDEVOP_SET_IOPL      6u
#define PHYSDEVOP_SET_IOBITMAP  7u
#define CALLBACKOP_REGISTER     0u
#define CALLBACK_SYSENTER       5u
#define CALLBACK_SYSCALL32      7u
#define NMI_UNREGISTER          1u
#define XD_EINVAL               22
#define MEM_DECREASE            1u
#define MEM_POPULATE            6u
#define MEM_SET_MAP             13u
#define MEM_CLAIM               24u
#define DOMID_SELF              0x7ff0u
#define LOST                    (~UINT64_C(0))
#define PASSES                  3u /* over the tables: an entry can need another one first */
#define FLAT_SS                 0xe02bu
#define VCPU_INFO_GUEST         32u /* bytes of a vcpu_info that Xen does not write by itself */
#define VCPU_INFO               64u
#define NO_PFN                  (~UINT64_C(0)) /* M2P entry of a frame that no pfn names */
#define SHARED_BITS             2048u /* offset of the pending bits in shared_info; the masks follow */
#define SHARED_BITS_END         3072u
#define SHARED_ARCH             3088u /* behind the wall clock, which is Xen's */
#define SHARED_INFO_END         4096u

/* ---- Calls of a guest: a vCPU that runs the kernel ---- */

static void mmuext(struct xd_machine *m, unsigned int g, uint32_t cmd, uint64_t arg1, uint64_t arg2)
{
    uint64_t op[3] = {cmd, arg1, arg2};

    xd_xen_queue(&m->xen, g, HC_MMUEXT_OP, (uint64_t[6]){0, 1, 0, DOMID_SELF}, 0, op, sizeof(op));
}

static void mmu_update(struct xd_machine *m, unsigned int g, uint64_t ptr, uint64_t value)
{
    uint64_t req[2] = {ptr, value};

    xd_xen_queue(&m->xen, g, HC_MMU_UPDATE, (uint64_t[6]){0, 1, 0, DOMID_SELF}, 0, req,
                 sizeof(req));
}

static void plain(struct xd_machine *m, unsigned int g, unsigned int nr, uint64_t a0, uint64_t a1)
{
    xd_xen_queue(&m->xen, g, nr, (uint64_t[6]){a0, a1}, 0, NULL, 0);
}

/* One extent: for MEM_POPULATE (*frame) goes in as a pfn and comes out as an mfn. */
static int64_t memory(struct xd_machine *m, unsigned int g, uint64_t cmd, uint64_t *frame)
{
    struct {
        uint64_t extents, nr;
        uint32_t order, flags;
        uint16_t domid, pad[3];
        uint64_t frame;
    } r = {.nr = 1, .domid = DOMID_SELF, .frame = *frame};
    int64_t rc;

    r.extents = m->xen.guest[g].mail_va + offsetof(struct xd_mailbox, scratch) + 32;
    rc = xd_xen_call(&m->xen, g, HC_MEMORY_OP, (uint64_t[6]){cmd}, 1, &r, sizeof(r));
    *frame = r.frame;
    return rc;
}

/* Tables of the start that are tables no more are plain memory, and can be written as such. */
static void rewrite_tables(struct xd_machine *m, unsigned int nr)
{
    const struct xd_real_guest *g = &m->guest[nr];
    struct xd_xen_frame f;

    for (uint64_t i = 0; i < g->tables; i++) {
        xd_xen_frame_at(&m->xen, g->mfn[xd_first_table(g) + i], &f);
        if (f.owner == nr && !f.type_count && !f.partial)
            memcpy(xd_machine_words(m, g->mfn[xd_first_table(g) + i]), g->word + i * XD_PT_SLOTS,
                   XD_PAGE_SIZE);
    }
}

/* Results in 0, or the domain did not come back. */
static void surely(struct xd_machine *m, unsigned int g, unsigned int nr, uint64_t a0, uint64_t a1)
{
    plain(m, g, nr, a0, a1);
    xd_xen_expect(&m->xen, g, 0);
}

/* The same with (n) bytes at (data), whose address is argument (at); (other): another result that does not matter. */
static void surely_with(struct xd_machine *m, unsigned int g, unsigned int nr, uint64_t cmd,
                        uint64_t a1, unsigned int at, const void *data, size_t n, int64_t other)
{
    xd_xen_queue(&m->xen, g, nr, (uint64_t[6]){cmd, a1}, at, data, n);
    xd_xen_expect(&m->xen, g, other);
}

static void drop_bases(struct xd_machine *m, unsigned int g, const struct xd_start *s)
{
    /* A selector can name what the table below still has. */
    for (unsigned int which = SEGBASES; xd_machine_used(m, HC_SET_SEGMENT_BASE) && which--;)
        surely(m, g, HC_SET_SEGMENT_BASE, which, 0);
    if (xd_machine_used(m, HC_MMUEXT_OP)) {
        mmuext(m, g, MMUEXT_NEW_BASEPTR, s->cr3_mfn, 0);
        mmuext(m, g, MMUEXT_NEW_USER, 0, 0);
        mmuext(m, g, MMUEXT_SET_LDT, 0, 0);
        xd_xen_expect(&m->xen, g, 0);
    }
    if (xd_machine_used(m, HC_SET_GDT))
        surely(m, g, HC_SET_GDT, 0, 0);
    if (xd_machine_used(m, HC_STACK_SWITCH))
        surely(m, g, HC_STACK_SWITCH, FLAT_SS, s->stack_va + XD_PAGE_SIZE);
}

static void drop_timers(struct xd_machine *m, unsigned int g)
{
    unsigned int vcpu = g % XD_MAIL_VCPUS;
    uint32_t watchdog[2] = {0, 0};
    uint64_t nowhere = 0;
    int32_t none = -1;

    if (xd_machine_used(m, HC_SET_TIMER))
        surely(m, g, HC_SET_TIMER, 0, 0);
    if (xd_machine_used(m, HC_VCPU_OP)) {
        surely(m, g, HC_VCPU_OP, VCPUOP_STOP_PERIODIC, vcpu);
        surely(m, g, HC_VCPU_OP, VCPUOP_STOP_SINGLESHOT, vcpu);
        surely_with(m, g, HC_VCPU_OP, VCPUOP_RUNSTATE_AREA, vcpu, 2, &nowhere, sizeof(nowhere), 0);
        surely_with(m, g, HC_VCPU_OP, VCPUOP_TIME_AREA, vcpu, 2, &nowhere, sizeof(nowhere), 0);
    }
    if (!xd_machine_used(m, HC_SCHED_OP))
        return;
    for (watchdog[0] = 1; watchdog[0] <= WATCHDOGS; watchdog[0]++)
        surely_with(m, g, HC_SCHED_OP, SCHEDOP_WATCHDOG, 0, 1, watchdog, sizeof(watchdog),
                    -XD_EINVAL); /* it was not running */
    if (g < XD_MAIL_VCPUS)       /* nobody else may */
        surely_with(m, g, HC_SCHED_OP, SCHEDOP_PIN_OVERRIDE, 0, 1, &none, sizeof(none), -XD_EINVAL);
}

static void drop_entries(struct xd_machine *m, unsigned int g)
{
    struct {
        uint16_t type, flags;
        uint64_t address;
    } reg = {.type = CALLBACK_SYSENTER};

    if (xd_machine_used(m, HC_CALLBACK_OP)) {
        surely_with(m, g, HC_CALLBACK_OP, CALLBACKOP_REGISTER, 0, 1, &reg, sizeof(reg), 0);
        reg.type = CALLBACK_SYSCALL32;
        surely_with(m, g, HC_CALLBACK_OP, CALLBACKOP_REGISTER, 0, 1, &reg, sizeof(reg), 0);
    }
    if (xd_machine_used(m, HC_NMI_OP) || xd_machine_used(m, HC_CALLBACK_OP))
        surely(m, g, HC_NMI_OP, NMI_UNREGISTER, 0);
    if (xd_machine_used(m, HC_SET_CALLBACKS) || xd_machine_used(m, HC_CALLBACK_OP) ||
        xd_machine_used(m, HC_SET_TRAP_TABLE)) {
        struct xd_xen_guest *guest = &m->xen.guest[g];

        xd_xen_flush(&m->xen, g);
        guest->mail->op = XD_MAIL_ENTRIES;
        if (xd_xen_ask(&m->xen, g) && guest->mail->result) {
            guest->surprised = true;
            guest->unexpected.nr = HC_SET_TRAP_TABLE;
            guest->unexpected.result = (int64_t)guest->mail->result;
        }
    }
}

static void drop_registers(struct xd_machine *m, unsigned int g, const struct xd_start *s)
{
    struct {
        uint64_t bitmap;
        uint32_t ports, pad;
    } none = {0};

    m->xen.guest[g].surprised = false;
    drop_bases(m, g, s);
    for (unsigned int type = 0; xd_machine_used(m, HC_VM_ASSIST) && type < ASSISTS; type++) {
        plain(m, g, HC_VM_ASSIST, 1, type);
        xd_xen_expect(&m->xen, g, -XD_EINVAL); /* Xen knows of no such */
    }
    if (xd_machine_used(m, HC_FPU_TASKSWITCH))
        surely(m, g, HC_FPU_TASKSWITCH, 0, 0);
    for (unsigned int reg = 0; xd_machine_used(m, HC_SET_DEBUGREG) && reg < XD_DEBUG_REGISTERS;
         reg++)
        surely(m, g, HC_SET_DEBUGREG, reg, 0);
    if (xd_machine_used(m, HC_PHYSDEV_OP) || xd_machine_used(m, HC_PHYSDEV_COMPAT)) {
        surely_with(m, g, HC_PHYSDEV_OP, PHYSDEVOP_SET_IOPL, 0, 1, &none, sizeof(none), 0);
        surely_with(m, g, HC_PHYSDEV_OP, PHYSDEVOP_SET_IOBITMAP, 0, 1, &none, sizeof(none), 0);
    }
    drop_timers(m, g);
    drop_entries(m, g);
    xd_xen_flush(&m->xen, g);
}

static void close_ports(struct xd_machine *m, unsigned int nr)
{
    static struct xd_real_port port[XD_PORTS_SEEN];
    uint16_t self[2] = {DOMID_SELF, 0};
    uint32_t opened;
    uint64_t valid;

    if (!(xd_machine_used(m, HC_EVENT_CHANNEL_OP) || xd_machine_used(m, HC_EVENT_CHANNEL_COMPAT)) ||
        !xd_machine_ports(m, nr, port, &valid) || !memcmp(port, m->guest[nr].port, sizeof(port)))
        return;
    xd_xen_call(&m->xen, xd_xen_guest(nr, 0), HC_EVENT_CHANNEL_OP, (uint64_t[6]){EVTCHNOP_RESET}, 1,
                self, sizeof(self));
    for (unsigned int i = 0; nr && i < 2; i++)
        xd_toolstack_open_port(&m->xen, nr, &opened);
}

static void restore_tables(struct xd_machine *m, unsigned int nr)
{
    const struct xd_real_guest *g = &m->guest[nr];
    bool changed = true;

    for (unsigned int pass = 0; changed && pass < PASSES; pass++) {
        changed = false;
        xd_xen_flush(&m->xen, xd_xen_guest(nr, 0));
        for (uint64_t i = 0; i < g->tables * XD_PT_SLOTS; i++) {
            uint64_t mfn = g->mfn[xd_first_table(g) + i / XD_PT_SLOTS];
            unsigned int slot = i % XD_PT_SLOTS;
            uint64_t now = xd_machine_words(m, mfn)[slot];
            bool l4 = mfn == g->start.cr3_mfn;

            if (now == g->word[i] ||
                xd_start_entry(now, l4, slot) == xd_start_entry(g->word[i], l4, slot))
                continue;
            changed = true;
            mmu_update(m, xd_xen_guest(nr, 0), mfn * XD_PAGE_SIZE + slot * 8, g->word[i]);
        }
    }
}

static void restore_pins(struct xd_machine *m, unsigned int nr)
{
    const struct xd_real_guest *g = &m->guest[nr];
    struct xd_xen_frame f;

    for (uint64_t pfn = 0; pfn < g->start.pages; pfn++) {
        xd_xen_frame_at(&m->xen, g->mfn[pfn], &f);
        if (f.owner != nr || f.pinned == g->frame[pfn].pinned)
            continue;
        if (f.pinned)
            mmuext(m, xd_xen_guest(nr, 0), MMUEXT_UNPIN, g->mfn[pfn], 0);
        else
            mmuext(m, xd_xen_guest(nr, 0), g->frame[pfn].type - 1, g->mfn[pfn], 0);
    }
    xd_xen_flush(&m->xen, xd_xen_guest(nr, 0));
}

static bool owns(struct xd_machine *m, unsigned int nr, uint64_t mfn)
{
    struct xd_xen_frame f;

    xd_xen_frame_at(&m->xen, mfn, &f);
    return f.owner == nr && f.allocated && !f.xen_heap;
}

/* Nothing is set aside for the domain, and it has no memory map. */
static void drop_map_and_claim(struct xd_machine *m, unsigned int nr)
{
    struct {
        uint64_t extents, nr;
        uint32_t order, flags;
        uint16_t domid, pad[3];
    } claim = {.domid = (uint16_t)nr};
    struct {
        uint16_t domid, pad[3];
        uint64_t nr, buffer;
    } map = {.domid = DOMID_SELF};
    unsigned int g = xd_xen_guest(nr, 0);

    xd_xen_flush(&m->xen, g);
    surely_with(m, 0, HC_MEMORY_OP, MEM_CLAIM, 0, 1, &claim, sizeof(claim), 0);
    surely_with(m, g, HC_MEMORY_OP, MEM_SET_MAP, 0, 1, &map, sizeof(map), 0);
    xd_xen_flush(&m->xen, 0);
    xd_xen_flush(&m->xen, g);
}

/* Gives back the frames that the domain did not have at the start, and takes others for those it lost. */
static void restore_memory(struct xd_machine *m, unsigned int nr)
{
    struct xd_real_guest *g = &m->guest[nr];
    uint64_t frames = m->xen.ram_size / XD_PAGE_SIZE;
    bool *mine = xd_zalloc(frames * sizeof(*mine));

    for (uint64_t pfn = 0; pfn < g->start.pages; pfn++)
        mine[g->mfn[pfn]] = true;
    for (uint64_t mfn = 0; mfn < frames; mfn++) {
        uint64_t frame = mfn;
        struct xd_xen_frame f;

        xd_xen_frame_at(&m->xen, mfn, &f);
        if (mine[mfn] || f.owner != nr || f.xen_heap)
            continue;
        if (f.pinned)
            mmuext(m, xd_xen_guest(nr, 0), MMUEXT_UNPIN, mfn, 0);
        if (f.allocated)
            memory(m, xd_xen_guest(nr, 0), MEM_DECREASE, &frame);
    }
    free(mine);
    for (uint64_t pfn = 0; pfn < g->start.pages;
         pfn++) /* all before the first comes: it may be one of them */
        if (!owns(m, nr, g->mfn[pfn]))
            g->mfn[pfn] = LOST;
    for (uint64_t pfn = 0; pfn < g->start.pages; pfn++) {
        uint64_t frame = pfn, p2m;

        if (g->mfn[pfn] != LOST)
            continue;
        g->mfn[pfn] = 0;
        if (memory(m, xd_xen_guest(nr, 0), MEM_POPULATE, &frame) != 1)
            continue; /* machine.c finds that it is missing */
        g->mfn[pfn] = frame;
        p2m = (g->start.p2m_va - g->start.virt_base) / XD_PAGE_SIZE + pfn / XD_PT_SLOTS;
        if (p2m < g->start.pages)
            memcpy(g->memory + p2m * XD_PAGE_SIZE + pfn % XD_PT_SLOTS * 8, &frame, 8);
    }
}

static void restore_info(struct xd_machine *m, unsigned int nr)
{
    const struct xd_real_guest *g = &m->guest[nr];
    unsigned char *info = m->xen.ram + g->start.shared_info_mfn * XD_PAGE_SIZE;

    for (size_t at = 0; at < SHARED_BITS; at += VCPU_INFO)
        memcpy(info + at, g->info + at, VCPU_INFO_GUEST);
    memcpy(info + SHARED_BITS, g->info + SHARED_BITS, SHARED_BITS_END - SHARED_BITS);
    memcpy(info + SHARED_ARCH, g->info + SHARED_ARCH, SHARED_INFO_END - SHARED_ARCH);
    for (uint64_t pfn = 0; pfn < g->start.pages; pfn++)
        if (xd_xen_m2p(&m->xen, g->mfn[pfn]) != pfn)
            mmu_update(m, xd_xen_guest(nr, 0), g->mfn[pfn] * XD_PAGE_SIZE | MMU_MACHPHYS, pfn);
    if (xd_xen_m2p(&m->xen, g->start.shared_info_mfn) != NO_PFN)
        mmu_update(m, xd_xen_guest(nr, 0), g->start.shared_info_mfn * XD_PAGE_SIZE | MMU_MACHPHYS,
                   NO_PFN);
}

static bool alive(const struct xd_machine *m, unsigned int nr)
{
    for (uint32_t id = 0; id < m->guest[nr].config.vcpus_online; id++)
        if (m->xen.guest[xd_xen_guest(nr, id)].dead)
            return false;
    return m->guest[nr].there;
}

void xd_machine_undo(struct xd_machine *m)
{
    for (unsigned int nr = 0; nr < XD_XEN_DOMAINS; nr++) {
        if (!alive(m, nr))
            continue;
        rewrite_tables(m, nr);
        for (uint32_t id = 0; id < m->guest[nr].config.vcpus_online; id++)
            drop_registers(m, xd_xen_guest(nr, id), &m->guest[nr].start);
    }
    for (unsigned int nr = 0; nr < XD_XEN_DOMAINS; nr++)
        if (alive(m, nr))
            close_ports(m, nr), restore_tables(m, nr);
    for (unsigned int nr = 0; nr < XD_XEN_DOMAINS; nr++)
        if (alive(m, nr))
            restore_pins(m, nr);
    for (unsigned int nr = 0; nr < XD_XEN_DOMAINS; nr++) {
        if (!alive(m, nr))
            continue;
        restore_tables(m, nr);
        if (xd_machine_used(m, HC_MEMORY_OP)) {
            drop_map_and_claim(m, nr);
            restore_memory(m, nr);
            m->gave_back++;
        }
        restore_info(m, nr);
        mmuext(m, xd_xen_guest(nr, 0), MMUEXT_TLB_FLUSH_ALL, 0, 0);
        xd_xen_flush(&m->xen, xd_xen_guest(nr, 0));
    }
}
