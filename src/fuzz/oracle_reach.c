/* SPDX-License-Identifier: MIT */
/*
 * oracle_reach.c: what guests can reach through their tables, as the processor would.
 *
 * From every live table down all paths, with the right to write that the entries on the way leave.
 * What is reached is followed by the entries alone. Counts and types are believed in three places only: which
 * frames are live tables to begin at, whether a frame that is reached is free, and what it is in use as; that they agree
 * with what holds them, the audit says. Where a privileged domain has changed a domain's tables, no frame is too
 * foreign for these any more (served), and where it has changed a domain's rights, what that had before stays (revised).
 */
#include "fuzz/oracles.h"

#include "base/strbuf.h"
#include "hv/bounce.h"
#include "hv/pagetype.h"

#include <stdlib.h>

#define DESC_P         (UINT64_C(1) << 47)
#define DESC_S         (UINT64_C(1) << 44)
#define DESC_DPL(d)    ((unsigned int)((d) >> 45 & 3))
#define DESC_TYPE(d)   ((unsigned int)((d) >> 40 & 0xf))
#define CALL_GATE      12u
#define FLAT_KERNEL_CS 0xe033u
#define SAID_MAX       2000u /* bytes: enough to understand */

struct reach {
    struct xd_hv *hv;
    struct xd_str *out;
    uint8_t *seen; /* a bit for each level, and whether writing is possible so far */
    const struct xd_domain *d;
    bool io; /* (d) may set cache attributes */
    uint64_t served, revised;
};

#define COMPLAIN(r, ...)                                          \
    do {                                                          \
        if ((r)->out->len < SAID_MAX) {                           \
            xd_str_addf((r)->out, "reach: d%u: ", (r)->d->domid); \
            xd_str_addf((r)->out, __VA_ARGS__);                   \
            xd_str_addc((r)->out, '\n');                          \
        }                                                         \
    } while (0)
#define X(mfn) ((unsigned long long)(mfn).v)

static bool in_use_as(const struct xd_frame *f)
{
    return f->count && f->type_count && (xd_type_is_table(f->type) || f->type == XD_TYPE_SEG_DESC);
}

/* What a dead domain shared with Xen is nobody's, but for those that still map it. Xen's trace buffers are shared to be written. */
static bool xens_own(const struct xd_frame *f)
{
    return (f->owner == XD_DOMID_XEN && f->type != XD_TYPE_WRITABLE) ||
           (f->owner == XD_DOMID_NONE && f->flags & (XD_FRAME_XEN_HEAP | XD_FRAME_ALLOCATED));
}

static bool in_ranges(const struct xd_range *r, unsigned int nr, xd_mfn mfn)
{
    for (unsigned int i = 0; i < nr; i++)
        if (mfn.v >= r[i].first && mfn.v <= r[i].last)
            return true;
    return false;
}

static bool is_one_of(const struct reach *r, uint64_t domains)
{
    return domains >> (r->d - r->hv->domain) & 1;
}

static void leaf(struct reach *r, xd_mfn table, unsigned int slot, xd_mfn mfn, bool write)
{
    const struct xd_frame *f;

    if (mfn.v >= r->hv->frames || r->hv->frame[mfn.v].owner == XD_DOMID_IO) {
        if (!in_ranges(r->d->iomem.range, r->d->iomem.nr, mfn) && !is_one_of(r, r->revised))
            COMPLAIN(r, "slot %u of table 0x%llx maps I/O memory 0x%llx that it has no right to",
                     slot, X(table), X(mfn));
        if (write && (mfn.v == XD_IO_APIC_FRAME || in_ranges(r->hv->mmio_ro, XD_RANGES, mfn)))
            COMPLAIN(r, "slot %u of table 0x%llx maps read-only I/O memory 0x%llx writable", slot,
                     X(table), X(mfn));
        return;
    }
    f = &r->hv->frame[mfn.v];
    if (!f->count)
        COMPLAIN(r, "slot %u of table 0x%llx maps frame 0x%llx, which is free", slot, X(table),
                 X(mfn));
    else if (f->owner != r->d->domid && !r->d->privileged && !is_one_of(r, r->served))
        COMPLAIN(r, "slot %u of table 0x%llx maps frame 0x%llx of another owner", slot, X(table),
                 X(mfn));
    else if (write && (in_use_as(f) || xens_own(f)))
        COMPLAIN(r, "slot %u of table 0x%llx maps frame 0x%llx writable, which is in use as %s",
                 slot, X(table), X(mfn),
                 f->type == XD_TYPE_NONE ? "Xen's own" : xd_type_name((enum xd_type)f->type));
}

/* All that (table), used at (level), leads to. */
static void walk(struct reach *r, xd_mfn table, unsigned int level, bool write)
{
    const uint64_t *e = xd_frame_words(r->hv, table);
    uint8_t bit = (uint8_t)(1u << (2 * (level - 1) + write));

    if (r->seen[table.v] & bit)
        return;
    r->seen[table.v] |= bit;
    for (unsigned int i = 0; i < XD_PT_SLOTS; i++) {
        xd_mfn to = xd_pte_mfn(e[i]);
        bool can_write = write && e[i] & XD_PTE_RW;

        if ((e[i] & (XD_PTE_P | XD_PTE_US)) != (XD_PTE_P | XD_PTE_US))
            continue;
        if (to.v == r->hv->m2p_l3.v && !can_write)
            continue;
        if (level == 1)
            leaf(r, table, i, to, can_write);
        else if (e[i] & XD_PTE_PSE)
            COMPLAIN(r, "slot %u of table 0x%llx is a superpage at level %u", i, X(table), level);
        else if (to.v >= r->hv->frames || r->hv->frame[to.v].owner != r->d->domid)
            COMPLAIN(r, "slot %u of table 0x%llx leads to frame 0x%llx, which is not its own", i,
                     X(table), X(to));
        else
            walk(r, to, level - 1, can_write);
    }
}

static void check_bits(struct reach *r, xd_mfn table, unsigned int level)
{
    const uint64_t *e = xd_frame_words(r->hv, table);
    uint64_t forbidden = level > 1 ? XD_PTE_UPPER_DISALLOWED : r->io ? 0 : XD_PTE_CACHE;

    for (unsigned int i = 0; i < XD_PT_SLOTS; i++)
        if (e[i] & XD_PTE_P && e[i] & forbidden && (level < 4 || xd_l4_slot_guest(i)))
            COMPLAIN(r, "slot %u of L%u table 0x%llx has bits 0x%llx", i, level, X(table),
                     (unsigned long long)(e[i] & forbidden));
}

/* Xen's slots: the M2P for reading if anything; the rest out of the guest's reach. */
static void check_xen_slots(struct reach *r, xd_mfn table)
{
    const uint64_t *e = xd_frame_words(r->hv, table);

    for (unsigned int i = XD_L4_XEN_FIRST; i < XD_L4_XEN_END; i++) {
        bool m2p =
            i == XD_L4_SLOT_RO_M2P && xd_pte_mfn(e[i]).v == r->hv->m2p_l3.v && !(e[i] & XD_PTE_RW);

        if (e[i] & XD_PTE_P && e[i] & XD_PTE_US && !m2p)
            COMPLAIN(r, "Xen's slot %u of L4 table 0x%llx is 0x%llx", i, X(table),
                     (unsigned long long)e[i]);
    }
    if (xd_pte_mfn(e[XD_L4_SLOT_LINEAR]).v != table.v || !(e[XD_L4_SLOT_LINEAR] & XD_PTE_P))
        COMPLAIN(r, "Xen's slot %u of L4 table 0x%llx does not lead to the table itself",
                 XD_L4_SLOT_LINEAR, X(table));
    if (xd_pte_mfn(e[XD_L4_SLOT_PERDOMAIN]).v != r->d->perdomain.v)
        COMPLAIN(r, "Xen's slot %u of L4 table 0x%llx is not its per-domain one",
                 XD_L4_SLOT_PERDOMAIN, X(table));
}

/* Absent; code or data of ring 3; the rest of a gate; a call gate that faults when it is used. */
static bool descriptor_harmless(uint64_t d)
{
    unsigned int sel = (unsigned int)(d >> 16) & 0xffff;

    if (!(d & DESC_P))
        return true;
    if (d & DESC_S)
        return DESC_DPL(d) == 3;
    if (DESC_TYPE(d) == 0)
        return true;
    return DESC_TYPE(d) == CALL_GATE && DESC_DPL(d) == 0 && !(d >> 32 & 0xff) && (sel & 3) == 3 &&
           (sel >> 3 < XD_GDT_ENTRIES_MAX || sel == FLAT_KERNEL_CS || sel & 4);
}

static void check_descriptors(struct reach *r, xd_mfn mfn)
{
    const uint64_t *e = xd_frame_words(r->hv, mfn);

    for (unsigned int i = 0; i < XD_PT_SLOTS; i++)
        if (!descriptor_harmless(e[i]))
            COMPLAIN(r, "descriptor %u of frame 0x%llx is 0x%llx", i, X(mfn),
                     (unsigned long long)e[i]);
}

static void check_base(struct reach *r, const struct xd_vcpu *v, const char *name, xd_mfn mfn)
{
    const struct xd_frame *f = mfn.v < r->hv->frames ? &r->hv->frame[mfn.v] : NULL;

    if (!f || !f->count || !f->type_count || f->type != XD_TYPE_L4 || f->owner != r->d->domid)
        COMPLAIN(r, "vCPU %u: its %s 0x%llx is no live L4 table of its own", v->id, name, X(mfn));
}

/* What a guest runs with keeps it in its place: as Xen leaves it, whatever it asked for. */
static void check_registers(struct reach *r, const struct xd_vcpu *v)
{
    const struct xd_regs *g = &v->regs;

    if (v->half_context) /* it may have anything, as in Xen, and is not fit to run */
        return;
    if (!(g->rflags & XD_RFLAGS_IF) || g->rflags & (XD_RFLAGS_IOPL | XD_RFLAGS_VM))
        COMPLAIN(r, "vCPU %u runs with flags 0x%llx", v->id, (unsigned long long)g->rflags);
    if ((g->cs & g->ss & XD_RPL) != XD_RPL)
        COMPLAIN(r, "vCPU %u runs with CS 0x%x and SS 0x%x", v->id, g->cs, g->ss);
    if (!v->in_multicall &&
        !xd_va_canonical(g->rip)) /* behind an iret in a list it is in Xen still */
        COMPLAIN(r, "vCPU %u runs at 0x%llx", v->id, (unsigned long long)g->rip);
    if (!v->kernel_mode && !v->user_cr3.v)
        COMPLAIN(r, "vCPU %u is in user mode, which has no root table", v->id);
}

static void check_vcpu(struct reach *r, const struct xd_vcpu *v)
{
    if (v->initialised && !v->down && xd_vcpu_state(v) != XD_STATE_SHUTDOWN && !v->domain->dying)
        check_registers(r, v);
    if (v->initialised && (v->cr3.v || !v->domain->dying))
        check_base(r, v, "base pointer", v->cr3);
    if (v->user_cr3.v)
        check_base(r, v, "user base pointer", v->user_cr3);
    if (v->gdt_ents > XD_GDT_ENTRIES_MAX)
        COMPLAIN(r, "vCPU %u: its GDT has %u entries", v->id, v->gdt_ents);
    if (v->ldt_ents > XD_LDT_PAGES * XD_PT_SLOTS ||
        (v->ldt_ents && (v->ldt_base % XD_PAGE_SIZE || !xd_va_ok(v->ldt_base))))
        COMPLAIN(r, "vCPU %u: its LDT has %u entries at 0x%llx", v->id, v->ldt_ents,
                 (unsigned long long)v->ldt_base);
    if (!xd_va_canonical(v->fs_base) || !xd_va_canonical(v->gs_base_kernel) ||
        !xd_va_canonical(v->gs_base_user))
        COMPLAIN(r, "vCPU %u: a segment base is not canonical", v->id);
    for (unsigned int i = 0; i < 4; i++)
        if (!xd_va_ok(v->dr[i]) || !xd_va_canonical(v->dr[i]))
            COMPLAIN(r, "vCPU %u: breakpoint %u is at 0x%llx", v->id, i,
                     (unsigned long long)v->dr[i]);
    for (unsigned int i = 0; i < 256; i++)
        if (!xd_va_canonical(v->trap[i].address))
            COMPLAIN(r, "vCPU %u: the handler of vector %u is at 0x%llx", v->id, i,
                     (unsigned long long)v->trap[i].address);
    if (!xd_va_ok(v->runstate_area) || !xd_va_ok(v->time_area))
        COMPLAIN(r, "vCPU %u: Xen writes its times to 0x%llx and 0x%llx", v->id,
                 (unsigned long long)v->runstate_area, (unsigned long long)v->time_area);
}

static void check_frame(struct reach *r, xd_mfn mfn)
{
    const struct xd_frame *f = xd_frame_at(r->hv, mfn);

    if (f->type == XD_TYPE_SEG_DESC && f->flags & XD_FRAME_VALIDATED)
        check_descriptors(r, mfn);
    if (!xd_type_is_table(f->type) || !f->type_count)
        return;
    check_bits(r, mfn, f->type);
    if (f->type == XD_TYPE_L4)
        check_xen_slots(r, mfn);
    walk(r, mfn, f->type, true);
}

/* Mostly the same one as the last time. */
static const struct xd_domain *domain_of(const struct reach *r, uint16_t domid)
{
    if (r->d && r->d->domid == domid)
        return r->d;
    for (uint32_t i = 0; i < r->hv->config.domains_max; i++)
        if (r->hv->domain[i].used && r->hv->domain[i].domid == domid)
            return &r->hv->domain[i];
    return NULL;
}

void xd_oracle_reach(struct xd_hv *hv, uint64_t served, uint64_t revised, struct xd_str *out)
{
    struct reach r = {
        .hv = hv, .out = out, .seen = xd_zalloc(hv->frames), .served = served, .revised = revised};

    for (uint32_t mfn = hv->heap_first; (mfn = xd_frame_next_used(hv, mfn)) < hv->frames; mfn++) {
        const struct xd_frame *f = &hv->frame[mfn];

        if (!f->count || f->type == XD_TYPE_NONE || f->type == XD_TYPE_WRITABLE)
            continue;
        r.d = domain_of(&r, f->owner);
        if (!r.d)
            continue;
        r.io = xd_has_rights(r.d) || is_one_of(&r, revised);
        check_frame(&r, xd_mfn_of(mfn));
    }
    free(r.seen);
}

void xd_oracle_reach_vcpus(struct xd_hv *hv, struct xd_str *out)
{
    struct reach r = {.hv = hv, .out = out};

    for (uint32_t i = 0; i < hv->config.domains_max; i++) {
        r.d = &hv->domain[i];
        for (uint32_t id = 0; r.d->used && id < r.d->vcpus; id++)
            check_vcpu(&r, &r.d->vcpu[id]);
    }
}
