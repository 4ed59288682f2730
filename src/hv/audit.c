/* SPDX-License-Identifier: MIT */
/*
 * audit.c: the definition of the counts.
 *
 * Starts from what the rules say holds a frame (allocation, pins, every present entry of every live
 * table, base pointers, descriptor tables), adds it all up afresh, and compares. The code that
 * keeps the counts must agree with this file; this file shares nothing with it.
 */
#include "hv/audit.h"
#include "hv/evtchn.h"
#include "hv/pagetype.h"

#include <stdlib.h>

struct tally {
    uint32_t count, type_count;
    int32_t linear;
};

struct audit {
    struct xd_hv *hv;
    struct tally *t;
    uint32_t *used; /* frames that ever were, Xen's too */
    uint32_t uses;
    uint64_t held; /* the sum of all references found */
    struct xd_str *out;
    unsigned int found;
};

#define COMPLAIN(a, ...)                    \
    do {                                    \
        xd_str_addf((a)->out, __VA_ARGS__); \
        xd_str_addc((a)->out, '\n');        \
        (a)->found++;                       \
    } while (0)

static bool live_table(const struct xd_frame *f)
{
    return xd_type_is_table(f->type) && f->type_count && f->flags & XD_FRAME_VALIDATED;
}

static void refer(struct audit *a, xd_mfn mfn)
{
    a->t[mfn.v].count++;
    a->held++;
}

/* (who) holds (mfn) as (type). */
static void hold(struct audit *a, xd_mfn mfn, enum xd_type type, const char *who, uint64_t where)
{
    struct xd_frame *f;

    if (!xd_mfn_valid(a->hv, mfn)) {
        COMPLAIN(a, "%s 0x%llx names frame 0x%llx, which does not exist", who,
                 (unsigned long long)where, (unsigned long long)mfn.v);
        return;
    }
    f = xd_frame_at(a->hv, mfn);
    refer(a, mfn);
    a->t[mfn.v].type_count++;
    if (f->type != type)
        COMPLAIN(a, "%s 0x%llx uses frame 0x%llx as %s, but its type is %s", who,
                 (unsigned long long)where, (unsigned long long)mfn.v, xd_type_name(type),
                 xd_type_name(f->type));
}

static bool is_io(struct xd_hv *hv, xd_mfn mfn)
{
    return !xd_mfn_valid(hv, mfn) ||
           (xd_frame_at(hv, mfn)->count && xd_frame_at(hv, mfn)->owner == XD_DOMID_IO);
}

static void count_l1(struct audit *a, xd_mfn table)
{
    const uint64_t *e = xd_frame_words(a->hv, table);

    for (unsigned int i = 0; i < XD_PT_SLOTS; i++) {
        xd_mfn mfn = xd_pte_mfn(e[i]);

        if (!(e[i] & XD_PTE_P))
            continue;
        if (!(e[i] & XD_PTE_US) || !(e[i] & (XD_PTE_GK | XD_PTE_G)))
            COMPLAIN(a, "slot %u of L1 table 0x%llx is not adjusted: 0x%llx", i,
                     (unsigned long long)table.v, (unsigned long long)e[i]);
        if (is_io(a->hv, mfn))
            continue;
        if (e[i] & XD_PTE_RW)
            hold(a, mfn, XD_TYPE_WRITABLE, "a writable entry of L1 table", table.v);
        else
            refer(a, mfn);
    }
}

static void count_upper(struct audit *a, xd_mfn table, unsigned int level)
{
    const uint64_t *e = xd_frame_words(a->hv, table);

    for (unsigned int i = 0; i < XD_PT_SLOTS; i++) {
        xd_mfn mfn = xd_pte_mfn(e[i]);

        if (!(e[i] & XD_PTE_P) || (level == 4 && !xd_l4_slot_guest(i)))
            continue;
        if (e[i] & XD_PTE_UPPER_DISALLOWED || !(e[i] & XD_PTE_US))
            COMPLAIN(a, "slot %u of L%u table 0x%llx holds 0x%llx, which no check lets through", i,
                     level, (unsigned long long)table.v, (unsigned long long)e[i]);
        if (mfn.v == table.v) {
            if (e[i] & XD_PTE_RW)
                COMPLAIN(a, "slot %u of L%u table 0x%llx maps the table itself writable", i, level,
                         (unsigned long long)table.v);
            continue;
        }
        if (xd_mfn_valid(a->hv, mfn) && xd_frame_at(a->hv, mfn)->type == level) {
            a->t[table.v].linear++;
            a->t[mfn.v].linear--;
            hold(a, mfn, (enum xd_type)level, "a linear entry of table", table.v);
        } else {
            hold(a, mfn, (enum xd_type)(level - 1), "an entry of table", table.v);
        }
        if (xd_mfn_valid(a->hv, mfn) &&
            xd_frame_at(a->hv, mfn)->owner != xd_frame_at(a->hv, table)->owner)
            COMPLAIN(a, "slot %u of table 0x%llx links frame 0x%llx of another owner", i,
                     (unsigned long long)table.v, (unsigned long long)mfn.v);
    }
}

static void count_frame(struct audit *a, xd_mfn mfn)
{
    const struct xd_frame *f = xd_frame_at(a->hv, mfn);
    struct tally *t = &a->t[mfn.v];

    if (!f->count)
        return;
    if (mfn.v < a->hv->heap_first) { /* Xen's own: one reference for ever, and one in its type
                                        unless private */
        refer(a, mfn);
        t->type_count += f->owner != XD_DOMID_NONE;
        return;
    }
    if (f->flags & XD_FRAME_ALLOCATED)
        refer(a, mfn);
    if (f->flags & XD_FRAME_XEN_HEAP)
        t->type_count++;
    if (f->flags & XD_FRAME_PINNED) {
        if (!xd_type_is_table(f->type))
            COMPLAIN(a, "frame 0x%llx is pinned but is no table", (unsigned long long)mfn.v);
        hold(a, mfn, (enum xd_type)f->type, "the pin of frame", mfn.v);
    }
    t->count += f->lost;
    a->held += f->lost;
    t->type_count += f->lost;
    if (!live_table(f))
        return;
    if (f->type == XD_TYPE_L1)
        count_l1(a, mfn);
    else
        count_upper(a, mfn, f->type);
}

/* (v) holds a frame of its domain. */
static void hold_own(struct audit *a, const struct xd_vcpu *v, xd_mfn mfn, enum xd_type type,
                     const char *who)
{
    hold(a, mfn, type, who, v->id);
    if (xd_mfn_valid(a->hv, mfn) && xd_frame_at(a->hv, mfn)->owner != v->domain->domid)
        COMPLAIN(a, "%s %u is frame 0x%llx, which is not d%u's", who, v->id,
                 (unsigned long long)mfn.v, v->domain->domid);
}

static void count_vcpu(struct audit *a, const struct xd_vcpu *v)
{
    if (v->cr3.v)
        hold_own(a, v, v->cr3, XD_TYPE_L4, "the base pointer of vCPU");
    if (v->user_cr3.v)
        hold_own(a, v, v->user_cr3, XD_TYPE_L4, "the user base pointer of vCPU");
    if (v->info_moved)
        hold_own(a, v, v->info_mfn, XD_TYPE_WRITABLE, "the vcpu_info of vCPU");
    if (v->fifo.mfn.v)
        hold_own(a, v, v->fifo.mfn, XD_TYPE_WRITABLE, "the FIFO control block of vCPU");
    for (uint32_t i = 0; i < XD_GDT_FRAMES; i++)
        if (i * XD_PT_SLOTS < v->gdt_ents)
            hold_own(a, v, v->gdt_frame[i], XD_TYPE_SEG_DESC, "the GDT of vCPU");
    for (unsigned int i = 0; i < XD_LDT_PAGES; i++)
        if (v->ldt_frame[i].v)
            hold_own(a, v, v->ldt_frame[i], XD_TYPE_SEG_DESC, "the LDT of vCPU");
}

/* (d) holds the page that says which pirqs want an EOI. */
static void count_eoi_map(struct audit *a, const struct xd_domain *d)
{
    if (!d->eoi_map.v)
        return;
    hold(a, d->eoi_map, XD_TYPE_WRITABLE, "the EOI map of domain", d->domid);
    if (xd_mfn_valid(a->hv, d->eoi_map) && xd_frame_at(a->hv, d->eoi_map)->owner != d->domid)
        COMPLAIN(a, "the EOI map of d%u is frame 0x%llx, which is not its own", d->domid,
                 (unsigned long long)d->eoi_map.v);
}

/* (d) holds page (nr) of its event array. */
static void count_events(struct audit *a, const struct xd_domain *d, uint32_t nr)
{
    xd_mfn mfn = d->fifo.page[nr];

    hold(a, mfn, XD_TYPE_WRITABLE, "event array, page", nr);
    if (xd_mfn_valid(a->hv, mfn) && xd_frame_at(a->hv, mfn)->owner != d->domid)
        COMPLAIN(a, "page %u of the event array is frame 0x%llx, which is not d%u's", nr,
                 (unsigned long long)mfn.v, d->domid);
}

static void compare_frame(struct audit *a, xd_mfn mfn)
{
    const struct xd_frame *f = xd_frame_at(a->hv, mfn);
    const struct tally *t = &a->t[mfn.v];
    uint32_t type_count = f->count ? f->type_count : 0; /* a free frame links to the next there */

    if (mfn.v >= a->hv->m2p_l3.v && mfn.v < a->hv->heap_first && t->count > 1)
        COMPLAIN(a, "frame 0x%llx is Xen's alone, and something leads to it",
                 (unsigned long long)mfn.v);
    if (t->count == f->count && t->type_count == type_count &&
        (!live_table(f) || !f->count || t->linear == f->linear))
        return;
    COMPLAIN(
        a,
        "frame 0x%llx (%s): %u references and %u in its type are recorded, %u and %u are held; linear %d, %d",
        (unsigned long long)mfn.v, xd_type_name(f->type), f->count, type_count, t->count,
        t->type_count, f->linear, t->linear);
}

static void check_domains(struct audit *a)
{
    struct xd_hv *hv = a->hv;
    uint32_t pages[XD_DOMAINS_MAX] = {0};
    struct xd_domain *last = NULL;

    for (uint32_t i = 0; i < a->uses; i++) {
        const struct xd_frame *f = &hv->frame[a->used[i]];
        const struct xd_domain *d;

        if (a->used[i] < hv->heap_first || !f->count || f->flags & XD_FRAME_XEN_HEAP)
            continue;
        d = xd_audit_owner(hv, f->owner, &last);
        if (d)
            pages[d - hv->domain]++;
    }
    for (uint32_t i = 0; i < hv->config.domains_max; i++) {
        struct xd_domain *d = &hv->domain[i];

        if (!d->used)
            continue;
        if (pages[i] != d->pages)
            COMPLAIN(a, "d%u: %u pages are recorded, it owns %u", d->domid, d->pages, pages[i]);
        for (uint32_t id = 0; id < d->vcpus; id++)
            count_vcpu(a, &d->vcpu[id]);
        for (uint32_t page = 0; page < d->fifo.pages && page < XD_FIFO_PAGES; page++)
            count_events(a, d, page);
        count_eoi_map(a, d);
    }
}

static void find_used(struct audit *a)
{
    a->used = xd_realloc(NULL, a->hv->frames * sizeof(*a->used));
    for (uint32_t mfn = 0; (mfn = xd_frame_next_used(a->hv, mfn)) < a->hv->frames; mfn++)
        a->used[a->uses++] = mfn;
}

static void compare(struct audit *a)
{
    uint64_t held = 0;

    for (uint32_t i = 0; i < a->uses; i++)
        held += a->t[a->used[i]].count;
    if (held == a->held) /* none that never was is held */
        for (uint32_t i = 0; i < a->uses; i++)
            compare_frame(a, xd_mfn_of(a->used[i]));
    else
        for (uint64_t mfn = 0; mfn < a->hv->frames; mfn++)
            compare_frame(a, xd_mfn_of(mfn));
}

unsigned int xd_audit_memory(struct xd_hv *hv, struct xd_str *out)
{
    struct audit a = {
        .hv = hv, .out = out, .t = xd_zalloc((size_t)hv->frames * sizeof(struct tally))};

    find_used(&a);
    a.found += xd_audit_frames(hv, a.used, a.uses, out);
    check_domains(&a);
    for (uint32_t i = 0; i < a.uses; i++)
        count_frame(&a, xd_mfn_of(a.used[i]));
    compare(&a);
    free(a.t);
    free(a.used);
    return a.found;
}

unsigned int xd_audit(struct xd_hv *hv, char **report)
{
    struct xd_str out = {0};
    unsigned int found = xd_audit_memory(hv, &out);

    found += xd_audit_events(hv, &out);
    if (report)
        *report = found ? xd_strdup(xd_str_text(&out)) : NULL;
    xd_str_free(&out);
    return found;
}
