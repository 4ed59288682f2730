/* SPDX-License-Identifier: MIT */
/*
 * build.c: a domain's start of day.
 *
 * Pages are taken, the p2m list, start_info and page tables are written as plain memory, and then
 * the L4 is pinned and loaded by the ordinary rules, so that every count is what an audit of those
 * tables makes it.
 */
#include "base/bug.h"
#include "hv/bounce.h"
#include "hv/create.h"
#include "hv/evtchn.h"
#include "hv/layout.h"
#include "hv/pagetype.h"
#include "hv/pt.h"
#include "hv/rights.h"
#include "hv/sched.h"
#include "hv/shinfo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct xd_domain_config config_default = XD_DOMAIN_CONFIG_DEFAULT;

#define TABLE_FLAGS         (XD_PTE_P | XD_PTE_RW | XD_PTE_US | XD_PTE_A | XD_PTE_D)
#define SIF_PRIVILEGED      1u
#define SIF_INITDOMAIN      2u
#define SIF_MOD_START_PFN   8u
#define SIF_VIRT_P2M_4TOOLS 16u

struct builder {
    struct xd_hv *hv;
    struct xd_domain *d;
    const struct xd_domain_config *c;
    struct xd_layout l;
    uint64_t *p2m;    /* pfn -> mfn, while building */
    uint64_t next[5]; /* next table pfn, by level; [0] where the order is "as needed" */
};

static unsigned char *page_at(struct builder *b, uint64_t pfn)
{
    return (unsigned char *)xd_frame_words(b->hv, xd_mfn_of(b->p2m[pfn]));
}

static void write_at(struct builder *b, uint64_t pfn, size_t off, const void *src, size_t n)
{
    xd_arena_write(xd_arena_of(b->hv), page_at(b, pfn) + off, src, n);
}

/* ---- Page tables ---- */

static uint64_t take_table(struct builder *b, unsigned int level)
{
    uint64_t *next = b->next[level] ? &b->next[level] : &b->next[0];

    return b->p2m[(*next)++];
}

/* AS-XEN: dom0's builder hands tables out as they are first needed, L1 before L2 before L3. */
static void add_missing(struct builder *b, uint64_t va)
{
    uint64_t made[4] = {0}, table = b->d->start.cr3_mfn;
    unsigned int level;

    for (level = 4; level > 1; level--) {
        uint64_t e = xd_frame_words(b->hv, xd_mfn_of(table))[xd_pt_slot(va, level)];

        if (!(e & XD_PTE_P))
            break;
        table = xd_pte_mfn(e).v;
    }
    for (unsigned int l = 1; l < level; l++)
        made[l] = take_table(b, l);
    for (; level > 1; level--) {
        uint64_t *e = &xd_frame_words(b->hv, xd_mfn_of(table))[xd_pt_slot(va, level)];

        XD_PUT(b->hv, *e, xd_pte_make(xd_mfn_of(made[level - 1]), TABLE_FLAGS));
        table = made[level - 1];
    }
}

static void map(struct builder *b, uint64_t va, uint64_t pfn, bool writable)
{
    uint64_t flags = XD_PTE_P | XD_PTE_A | (writable ? XD_PTE_RW : 0);
    uint64_t table = b->d->start.cr3_mfn;

    if (b->c->order == XD_ORDER_DOM0)
        flags |= XD_PTE_US | XD_PTE_GK;
    add_missing(b, va);
    for (unsigned int level = 4; level > 1; level--)
        table = xd_pte_mfn(xd_frame_words(b->hv, xd_mfn_of(table))[xd_pt_slot(va, level)]).v;
    XD_PUT(b->hv, xd_frame_words(b->hv, xd_mfn_of(table))[xd_pt_slot(va, 1)],
           xd_pte_make(xd_mfn_of(b->p2m[pfn]), flags));
}

static void build_tables(struct builder *b)
{
    const struct xd_start *s = &b->l.start;
    uint64_t pt = b->l.pt_pfn, end = s->virt_end;

    XD_PUT(b->hv, b->d->start.cr3_mfn, b->p2m[pt]);
    b->next[0] = pt + 1;
    if (b->c->order == XD_ORDER_DOMU) {
        b->next[3] = pt + 1;
        b->next[2] = b->next[3] + xd_layout_tables(s->virt_base, end, 3);
        b->next[1] = b->next[2] + xd_layout_tables(s->virt_base, end, 2);
    }
    for (uint64_t pfn = 0; pfn < s->mapped_pages; pfn++)
        map(b, s->virt_base + pfn * XD_PAGE_SIZE, pfn, pfn < pt || pfn >= pt + s->pt_frames);
    if (b->l.p2m_pt_pages) {
        memset(b->next, 0, sizeof(b->next));
        b->next[0] = b->l.p2m_pt_pfn;
        for (uint64_t i = 0; i < b->l.p2m_pages; i++)
            map(b, s->p2m_va + i * XD_PAGE_SIZE, b->l.p2m_pfn + i, true);
    }
}

/* ---- Contents ---- */

void xd_hypercall_page_fill(unsigned char page[XD_PAGE_SIZE])
{
    memset(page, 0xcc, XD_PAGE_SIZE);
    for (unsigned int i = 0; i < XD_PAGE_SIZE / 32; i++) {
        static const unsigned char call[] = {0x51, 0x41, 0x53, 0xb8, 0,    0,    0,
                                             0,    0x0f, 0x05, 0x41, 0x5b, 0x59, 0xc3};
        static const unsigned char iret[] = {0x51, 0x41, 0x53, 0x50, 0xb8, 23, 0, 0, 0, 0x0f, 0x05};
        unsigned char *stub = page + (size_t)i * 32;

        if (i == 23) {
            memcpy(stub, iret, sizeof(iret));
        } else {
            memcpy(stub, call, sizeof(call));
            stub[4] = (unsigned char)i;
        }
    }
}

static void write_hypercall_page(struct builder *b)
{
    unsigned char page[XD_PAGE_SIZE];

    xd_hypercall_page_fill(page);
    write_at(b, 1, 0, page, sizeof(page));
}

static void write_start_info(struct builder *b)
{
    const struct xd_start *s = &b->d->start;
    bool dom0 = b->c->order == XD_ORDER_DOM0;
    struct xd_abi_start_info si = {.nr_pages = s->pages,
                                   .shared_info = s->shared_info_mfn << XD_PAGE_SHIFT,
                                   .pt_base = s->pt_va,
                                   .nr_pt_frames = s->pt_frames,
                                   .mfn_list = s->p2m_va,
                                   .mod_start = s->mod_start,
                                   .mod_len = s->mod_len};

    /* AS-XEN: for dom0 a "p" follows if its kernel's notes name a PAE mode, which also sets an
     * assist; none do here. */
    snprintf(si.magic, sizeof(si.magic), "xen-3.0-x86_64");
    if (b->c->privileged)
        si.flags |= SIF_PRIVILEGED | SIF_INITDOMAIN;
    if (!dom0)
        si.flags |= SIF_VIRT_P2M_4TOOLS;
    if (b->l.initrd_pages && b->c->initrd_unmapped)
        si.flags |= SIF_MOD_START_PFN;
    if (s->store_va) {
        si.store_mfn = b->p2m[(s->store_va - s->virt_base) / XD_PAGE_SIZE];
        si.store_evtchn = s->store_port;
        si.console.domU.mfn = b->p2m[(s->console_va - s->virt_base) / XD_PAGE_SIZE];
        si.console.domU.evtchn = s->console_port;
    }
    if (b->c->command_line)
        snprintf(si.cmd_line, sizeof(si.cmd_line), "%s", b->c->command_line);
    if (b->c->init_p2m) {
        si.first_p2m_pfn = b->l.p2m_pfn;
        si.nr_p2m_frames = b->l.p2m_pages + b->l.p2m_pt_pages;
    } else if (dom0) {
        /* AS-XEN: dom0_construct_pv writes it whether or not the kernel asked: the pages dom0 has
         * before the rest comes. */
        si.first_p2m_pfn = s->first_free_pfn;
    }
    write_at(b, (s->start_info_va - s->virt_base) / XD_PAGE_SIZE, 0, &si, sizeof(si));
}

static void write_p2m(struct builder *b)
{
    for (uint64_t i = 0; i < b->l.p2m_pages; i++) {
        uint64_t n = b->c->pages - i * XD_PT_SLOTS;

        write_at(b, b->l.p2m_pfn + i, 0, b->p2m + i * XD_PT_SLOTS,
                 (size_t)(n < XD_PT_SLOTS ? n : XD_PT_SLOTS) * 8);
    }
}

/* ---- Domain and vCPUs ---- */

static void grant(struct xd_domain *d, struct xd_rights *r, uint64_t first, uint64_t last)
{
    const bool fits = first > last || xd_rights_change(d->hv, r, first, last, true);

    XD_INVARIANT(d->hv, fits);
}

static void grant_io(struct xd_domain *d, const struct xd_domain_config *c)
{
    /*
     * AS-XEN: dom0_setup_permissions: everything but local APIC, the MSI window, and what HyperTransport keeps for
     * itself: the last 12 GiB of an AMD processor's 40 address bits. The I/O APIC may be looked at (xd_mmio_read_only).
     */
    static const struct xd_range dom0[] = {{0, 0xfedff}, {0xfef00, 0xfcfffff}};

    /*
     * All ports but those of the interrupt controllers, the timers, the speaker, PCI's configuration, and Xen's own
     * console.
     */
    static const struct xd_range dom0_ports[] = {{0, 0x1f},      {0x22, 0x3f},   {0x44, 0x60},
                                                 {0x62, 0x9f},   {0xa2, 0x3f7},  {0x400, 0x607},
                                                 {0x60c, 0xcfb}, {0xd00, 0xffff}};
    static const struct xd_range domu_ports[] = {{0x300, 0x307}};

    for (unsigned int i = 0; c->privileged && i < XD_ARRAY_SIZE(dom0); i++)
        grant(d, &d->iomem, dom0[i].first, dom0[i].last);
    for (unsigned int i = 0; c->privileged && i < XD_ARRAY_SIZE(dom0_ports); i++)
        grant(d, &d->ioport, dom0_ports[i].first, dom0_ports[i].last);
    for (unsigned int i = 0; !c->privileged && i < XD_RANGES_CONFIG; i++)
        if (c->iomem[i].first || c->iomem[i].last)
            grant(d, &d->iomem, c->iomem[i].first, c->iomem[i].last);
    for (unsigned int i = 0; !c->privileged && c->ioports && i < XD_ARRAY_SIZE(domu_ports); i++)
        grant(d, &d->ioport, domu_ports[i].first, domu_ports[i].last);
    XD_PUT(d->hv, d->l1_disallowed, xd_l1_disallowed(d));
    /* AS-XEN: dom0_setup_permissions: all pins but the timer's. */
    XD_PUT(d->hv, d->irqs, d->hardware ? (UINT32_C(1) << XD_GSIS) - 2 : 0);
}

static void init_vcpus(struct builder *b)
{
    const struct xd_start *s = &b->d->start;

    for (uint32_t id = 0; id < b->c->vcpus; id++) {
        struct xd_vcpu *v = &b->d->vcpu[id];
        const bool up = id < b->c->vcpus_online;

        xd_vcpu_make(b->d, id, up);
        if (!up)
            continue;
        if (b->c->order == XD_ORDER_DOMU)
            XD_PUT(b->hv, v->context_flags, XD_VGCF_IN_KERNEL | XD_VGCF_ONLINE);
        XD_PUT(b->hv, v->regs.rip, s->kernel_va);
        XD_PUT(b->hv, v->regs.rsp, s->stack_va + XD_PAGE_SIZE);
        XD_PUT(b->hv, v->regs.rsi, s->start_info_va);
        XD_PUT(b->hv, v->regs.rflags, XD_RFLAGS_IF);
        XD_PUT(b->hv, v->regs.cs, XD_FLAT_CS64);
        XD_PUT(b->hv, v->regs.ss, XD_FLAT_SS);
        XD_PUT(b->hv, v->kernel_ss, XD_FLAT_SS);
        XD_PUT(b->hv, v->kernel_sp, s->stack_va + XD_PAGE_SIZE);
    }
}

/* Pins the L4 and loads it into each running vCPU. */
static void load_tables(struct builder *b)
{
    xd_mfn l4 = xd_mfn_of(b->d->start.cr3_mfn);
    struct xd_frame *f = xd_frame_at(b->hv, l4);
    int rc =
        xd_page_and_type_get(&b->d->vcpu[0], l4, b->d->domid, XD_TYPE_L4, XD_WHY_BASEPTR_FRAME);

    XD_INVARIANT(b->hv, rc == 0);
    XD_PUT(b->hv, f->flags, f->flags | XD_FRAME_PINNED);
    for (uint32_t id = 0; id < b->c->vcpus_online; id++) {
        rc = xd_page_and_type_get(&b->d->vcpu[id], l4, b->d->domid, XD_TYPE_L4,
                                  XD_WHY_BASEPTR_FRAME);
        XD_INVARIANT(b->hv, rc == 0);
        XD_PUT(b->hv, b->d->vcpu[id].cr3, l4);
    }
    xd_l4_show_m2p(b->hv, l4, true);
}

static void init_domain(struct builder *b, uint16_t domid)
{
    struct xd_domain *d = b->d;
    const struct xd_domain_config *c = b->c;
    uint32_t unlimited = c->privileged ? UINT32_MAX : c->pages;
    const struct xd_newborn as = {.domid = domid,
                                  .vcpus = c->vcpus,
                                  .port_max = c->privileged ? XD_PORTS - 1 : c->port_max,
                                  .handle = c->handle,
                                  .hardware = c->privileged && !xd_hardware_domain(b->hv)};

    xd_domain_make(b->hv, d, &as);
    XD_PUT(b->hv, d->privileged, c->privileged);
    XD_PUT(b->hv, d->pit, d->hardware);
    XD_PUT(b->hv, d->finished, true);
    XD_PUT(b->hv, d->vcpus, c->vcpus);
    XD_PUT(b->hv, d->pages_max, c->pages_max ? c->pages_max : unlimited);
    XD_PUT(b->hv, d->start, b->l.start);
    XD_PUT(b->hv, d->start.shared_info_mfn, d->shared_info.v);
    xd_domain_nodes_follow(d);
    grant_io(d, c);
}

/* Does the builder write to page (pfn), or clear it? Others of a debug build hold what they were scrubbed with. */
static bool is_written(const struct builder *b, uint64_t pfn)
{
    const struct xd_start *s = &b->l.start;
    const uint64_t va = s->virt_base + pfn * XD_PAGE_SIZE;

    if (!xd_is_debug_build(b->hv))
        return true;
    if (pfn >= s->mapped_pages)
        return pfn < s->first_free_pfn;
    return va < s->padding_va && va != s->stack_va;
}

static void build(struct builder *b, uint16_t domid)
{
    struct xd_domain *d = b->d;
    bool found;

    init_domain(b, domid);
    for (uint64_t pfn = 0; pfn < b->c->pages; pfn++) {
        xd_mfn mfn;

        found = xd_frame_alloc(b->hv, d, pfn, is_written(b, pfn), UINT64_MAX, &mfn);
        XD_INVARIANT(b->hv, found);
        b->p2m[pfn] = mfn.v;
    }
    XD_PUT(b->hv, d->evtchn_remote, (uint16_t)b->c->evtchn_remote);
    if (b->c->order == XD_ORDER_DOMU) {
        XD_PUT(b->hv, d->start.store_port, xd_evtchn_open_unbound(d, d->evtchn_remote));
        XD_PUT(b->hv, d->start.console_port, xd_evtchn_open_unbound(d, d->evtchn_remote));
    }
    write_hypercall_page(b);
    write_p2m(b);
    build_tables(b);
    write_start_info(b);
    init_vcpus(b);
    load_tables(b);
    xd_shinfo_init(d);
}

/* ---- The host's way in ---- */

static uint32_t free_domid(struct xd_hv *hv, bool privileged)
{
    uint32_t id = privileged ? 0 : 1;

    while (xd_domain_find(hv, id))
        id++;
    return id;
}

static void remember(const struct builder *b, uint32_t domid)
{
    struct xd_asked_domain *a = xd_zalloc(sizeof(*a)), **last = &b->hv->host->asked;

    a->d = b->d;
    a->config = *b->c;
    a->config.domid = domid;
    if (b->c->command_line)
        a->config.command_line = xd_strdup(b->c->command_line);
    while (*last) {
        struct xd_asked_domain *old = *last;

        if (old->d != b->d) {
            last = &old->next;
            continue;
        }
        *last = old->next; /* the slot had another domain */
        free((char *)(uintptr_t)old->config.command_line);
        free(old);
    }
    *last = a;
}

int xd_domain_create(struct xd_hv *hv, const struct xd_domain_config *config,
                     struct xd_domain **out)
{
    struct builder b = {.hv = hv, .c = config ? config : &config_default, .d = xd_domain_slot(hv)};
    uint32_t domid = b.c->domid == XD_DOMID_AUTO ? free_domid(hv, b.c->privileged) : b.c->domid;
    const char *bad = xd_layout(b.c, &b.l);

    *out = NULL;
    if (bad)
        return xd_hv_misuse(hv, XD_HOST_EINVAL, "%s", bad);
    if (domid >= XD_DOMID_FIRST_RESERVED)
        return xd_hv_misuse(hv, XD_HOST_EINVAL, "domid %u is not one of 0 to %u", domid,
                            XD_DOMID_FIRST_RESERVED - 1);
    if (b.c->evtchn_remote >= XD_DOMID_FIRST_RESERVED)
        return xd_hv_misuse(hv, XD_HOST_EINVAL, "evtchn_remote %u is not a domain number",
                            b.c->evtchn_remote);
    if (xd_domain_find(hv, domid))
        return xd_hv_misuse(hv, XD_HOST_EEXIST, "there is a domain %u already", domid);
    if (!b.d)
        return xd_hv_misuse(hv, XD_HOST_ENOSPC, "the machine has room for %u domains",
                            hv->config.domains_max);
    if (b.c->pages + 1 > xd_frames_unclaimed(hv))
        return xd_hv_misuse(hv, XD_HOST_ENOSPC,
                            "%u pages are asked for and the machine has %u frames left", b.c->pages,
                            xd_frames_unclaimed(hv) ? xd_frames_unclaimed(hv) - 1 : 0);
    xd_tell_before(hv, &(struct xd_told){.what = XD_DEED_CREATE});
    b.p2m = xd_zalloc((size_t)b.c->pages * sizeof(*b.p2m));
    build(&b, (uint16_t)domid);
    free(b.p2m);
    *out = b.d;
    remember(&b, domid);
    xd_tell_after(hv, &(struct xd_told){.what = XD_DEED_CREATE, .d = b.d});
    return 0;
}

/* Reads the guest's list without leaving a mark in it. */
uint64_t xd_domain_mfn(struct xd_domain *d, uint64_t pfn)
{
    uint64_t mfn;
    struct xd_walk w;

    if (pfn >= d->start.pages)
        return ~UINT64_C(0);
    xd_walk(d->hv, d->vcpu[0].cr3, d->start.p2m_va + pfn * 8, false, &w);
    if (!w.ok || !w.mem)
        return ~UINT64_C(0);
    memcpy(&mfn, w.mem, sizeof(mfn));
    return mfn;
}
