/* SPDX-License-Identifier: MIT */
/* holders.c: who holds a frame, found by looking through every live table and vCPU; slow and only
 * for people. */
#include "hv/holders.h"

#include "abi/show.h"
#include "hv/profile.h"
#include "hv/pt.h"

#include <inttypes.h>
#include <string.h>

#define HOLDERS_MAX 12u /* lines printed; the rest is counted */

struct search {
    struct xd_hv *hv;
    xd_mfn mfn;
    struct xd_str *out;
    unsigned int found;
};

static bool room(struct search *s)
{
    return s->found++ < HOLDERS_MAX;
}

/* The address that slot (i) of (table) stands for, following the first link upwards at each level.
 */
static bool address_of(struct xd_hv *hv, xd_mfn table, unsigned int level, unsigned int i,
                       uint64_t *va)
{
    *va |= (uint64_t)i << (XD_PAGE_SHIFT + 9 * (level - 1));
    if (level == 4) {
        if (*va >> 47 & 1)
            *va |= UINT64_C(0xffff) << 48;
        return true;
    }
    for (uint64_t up = hv->heap_first; up < hv->frames; up++) {
        const struct xd_frame *f = &hv->frame[up];
        const uint64_t *e = xd_frame_words(hv, xd_mfn_of(up));

        if (f->type != level + 1 || !f->count || !xd_frame_lockable(f))
            continue;
        for (unsigned int slot = 0; slot < XD_PT_SLOTS; slot++)
            if (e[slot] & XD_PTE_P && xd_pte_mfn(e[slot]).v == table.v &&
                (level < 3 || xd_l4_slot_guest(slot)))
                return address_of(hv, xd_mfn_of(up), level + 1, slot, va);
    }
    return false;
}

static void add_entry(struct search *s, xd_mfn table, const struct xd_frame *f, unsigned int i,
                      uint64_t e)
{
    uint64_t va = 0;

    if (!room(s))
        return;
    if (f->type == XD_TYPE_L1) {
        xd_str_addf(s->out, "    mapped %s by slot %u of L1 table %#" PRIx64,
                    e & XD_PTE_RW ? "writable" : "read-only", i, table.v);
        if (address_of(s->hv, table, 1, i, &va))
            xd_str_addf(s->out, " (at %#" PRIx64 ")", va);
    } else {
        xd_str_addf(s->out, "    linked by slot %u of L%u table %#" PRIx64, i, f->type, table.v);
    }
    xd_str_addf(s->out, ", d%u\n", f->owner);
}

static void search_table(struct search *s, xd_mfn table)
{
    const struct xd_frame *f = xd_frame_at(s->hv, table);
    const uint64_t *e = xd_frame_words(s->hv, table);

    if (!f->count || !xd_type_is_table(f->type) || !xd_frame_lockable(f))
        return;
    for (unsigned int i = 0; i < XD_PT_SLOTS; i++)
        if (e[i] & XD_PTE_P && xd_pte_mfn(e[i]).v == s->mfn.v &&
            (f->type != XD_TYPE_L4 || xd_l4_slot_guest(i)))
            add_entry(s, table, f, i, e[i]);
}

static void search_vcpu(struct search *s, const struct xd_vcpu *v)
{
    const char *what = NULL;

    if (v->cr3.v && v->cr3.v == s->mfn.v)
        what = "the kernel base pointer";
    else if (v->user_cr3.v && v->user_cr3.v == s->mfn.v)
        what = "the user base pointer";
    if (v->info_moved && v->info_mfn.v == s->mfn.v)
        what = "the vcpu_info";
    if (v->fifo.mfn.v && v->fifo.mfn.v == s->mfn.v)
        what = "the FIFO control block";
    for (uint32_t i = 0; i * XD_PT_SLOTS < v->gdt_ents; i++)
        if (v->gdt_frame[i].v == s->mfn.v)
            what = "a GDT frame";
    for (unsigned int i = 0; i < XD_LDT_PAGES; i++)
        if (v->ldt_frame[i].v && v->ldt_frame[i].v == s->mfn.v)
            what = "an LDT page";
    if (what && room(s))
        xd_str_addf(s->out, "    %s of d%uv%u\n", what, v->domain->domid, v->id);
}

static void add_state(struct search *s, const struct xd_frame *f)
{
    uint64_t pfn = *xd_m2p_entry(s->hv, s->mfn);

    xd_str_addf(s->out, "  frame %#" PRIx64 ": ", s->mfn.v);
    if (!f->count) {
        xd_str_add(s->out, f->flags & XD_FRAME_XEN_HEAP  ? "Xen's own\n"
                           : f->flags & XD_FRAME_OFFLINE ? "out of use\n"
                                                         : "free\n");
        return;
    }
    xd_str_add(s->out, "owner ");
    if (f->owner == XD_DOMID_NONE)
        xd_str_add(s->out, "Xen");
    else
        xd_show_value(s->out, XD_K_DOMID, f->owner);
    if (pfn != ~UINT64_C(0))
        xd_str_addf(s->out, ", pfn %#" PRIx64, pfn);
    xd_str_addf(s->out, ", type %s (count %u), %u references%s%s%s%s\n",
                xd_type_name((enum xd_type)f->type), f->type_count, f->count,
                f->flags & XD_FRAME_VALIDATED ? ", validated" : "",
                f->flags & XD_FRAME_PINNED ? ", pinned" : "",
                f->flags & XD_FRAME_ALLOCATED ? "" : ", given back",
                f->flags & XD_FRAME_XEN_HEAP ? ", shared by Xen" : "");
}

void xd_explain_frame(struct xd_hv *hv, xd_mfn mfn, struct xd_str *out)
{
    struct search s = {hv, mfn, out, 0};
    const struct xd_frame *f;

    if (!xd_mfn_valid(hv, mfn)) {
        xd_str_addf(out, "  frame %#" PRIx64 ": not RAM: the machine's frames end at %#x\n", mfn.v,
                    hv->frames);
        return;
    }
    f = xd_frame_at(hv, mfn);
    add_state(&s, f);
    if (!f->count)
        return;
    if (f->flags & XD_FRAME_PINNED && room(&s))
        xd_str_add(out, "    pinned\n");
    if (f->lost && room(&s))
        xd_str_addf(out, "    lost %u times by attempts to bring up a vCPU\n", f->lost);
    for (uint32_t i = 0; i < hv->config.domains_max; i++)
        for (uint32_t id = 0; hv->domain[i].used && id < hv->domain[i].vcpus; id++)
            search_vcpu(&s, &hv->domain[i].vcpu[id]);
    for (uint32_t i = 0; i < hv->config.domains_max; i++)
        for (uint32_t page = 0; hv->domain[i].used && page < hv->domain[i].fifo.pages; page++)
            if (hv->domain[i].fifo.page[page].v == mfn.v && room(&s))
                xd_str_addf(out, "    page %u of the event array of d%u\n", page,
                            hv->domain[i].domid);
    for (uint32_t i = 0; i < hv->config.domains_max; i++)
        if (hv->domain[i].used && hv->domain[i].eoi_map.v == mfn.v && mfn.v && room(&s))
            xd_str_addf(out, "    the EOI map of d%u\n", hv->domain[i].domid);
    if (xd_profile_of(hv, mfn) && room(&s))
        xd_str_addf(out, "    profiling buffers of d%u\n", xd_profile_of(hv, mfn)->domid);
    for (uint64_t table = hv->heap_first; table < hv->frames; table++)
        search_table(&s, xd_mfn_of(table));
    if (s.found > HOLDERS_MAX)
        xd_str_addf(out, "    and %u more\n", s.found - HOLDERS_MAX);
}

bool xd_look_by_tables(struct xd_vcpu *v, void *dst, uint64_t va, size_t n)
{
    unsigned char *to = dst;

    for (; n; n--, va++, to++) {
        struct xd_walk w;

        xd_walk(v->hv, v->cr3, va, false, &w);
        if (!w.ok || !w.mem)
            return false;
        memcpy(to, w.mem, 1);
    }
    return true;
}

bool xd_look(struct xd_vcpu *v, void *dst, uint64_t va, size_t n)
{
    const struct xd_host *host = v->hv->host;
    const struct xd_hooks *h = &host->hooks;

    if (!h->read)
        return xd_look_by_tables(v, dst, va, n);
    if (h->read == host->linked.read)
        return host->linked.look(v, va, dst, n);
    return n == 0 || h->read(h->ctx, v, va, dst, n);
}
