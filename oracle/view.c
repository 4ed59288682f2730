/* SPDX-License-Identifier: MIT */
/*
 * view.c: see view.h.
 *
 * The start of day is told as what differs from pages that are mapped or free, and its tables by digests.
 *
 * Left out is what can't be equal: accessed and dirty bits in tables (a real TLB keeps them from being set), Xen's own L4
 * slots, memory that is no RAM, what a page was once validated as, and frames once they were given back. Frames that came
 * from the heap later are told of in the order in which they came, their numbers as one for all.
 */
#include "view_state.h"

#include "hv/evtchn.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct xd_view *xd_view_new(struct xd_str *out)
{
    struct xd_view *s = xd_zalloc(sizeof(*s));

    s->out = out;
    return s;
}

void xd_view_free(struct xd_view *s)
{
    for (unsigned int i = 0; i < XD_DOMAINS_MAX; i++) {
        free(s->domain[i].held);
        free(s->domain[i].store);
        free(s->domain[i].at_start);
        free(s->domain[i].port);
        free(s->domain[i].info.page);
    }
    for (uint32_t i = 0; i < s->nr_fresh; i++)
        free(s->fresh[i].page);
    free(s->ours);
    free(s->has);
    free(s->whose);
    free(s->doing);
    free(s);
}

/* ---- What a step does ---- */

static void doing(struct xd_view *s, struct xd_doing d)
{
    if (s->nr_doing == s->room_doing) {
        s->room_doing = s->room_doing ? 2 * s->room_doing : 16;
        s->doing = xd_realloc(s->doing, s->room_doing * sizeof(*s->doing));
    }
    s->doing[s->nr_doing++] = d;
}

void xd_view_root(struct xd_view *s, uint64_t mfn, bool walked, bool certain)
{
    doing(s, (struct xd_doing){.what = walked ? WALKED : ROOT, .certain = certain, .mfn = mfn});
}

void xd_view_copied(struct xd_view *s, uint64_t to, uint64_t from)
{
    doing(s, (struct xd_doing){.what = COPIED, .mfn = to, .from = from});
}

/* The domain whose shared_info lies in the frame; NULL: none of the program's. */
static const struct xd_seen_domain *info_of(const struct xd_view *s, uint64_t mfn)
{
    for (unsigned int i = 0; i < XD_DOMAINS_MAX; i++)
        if (s->domain[i].started && s->domain[i].info.mfn == mfn)
            return &s->domain[i];
    return NULL;
}

void xd_view_machines(struct xd_view *s, struct xd_vcpu *v, uint64_t va, uint64_t n)
{
    while (n) {
        uint64_t off = va % XD_PAGE_SIZE, len = XD_PAGE_SIZE - off, table, e, mfn;

        len = len < n ? len : n;
        if (xd_table_of(v, 1, va, &table)) {
            e = xd_frame_words(v->hv, xd_mfn_of(table))[va / XD_PAGE_SIZE % XD_PT_SLOTS];
            mfn = (e & XD_PTE_MFN) / XD_PAGE_SIZE;
            if (e & XD_PTE_P && e & XD_PTE_RW && xd_view_ours(s, mfn) && !info_of(s, mfn))
                memset((char *)xd_frame_words(v->hv, xd_mfn_of(mfn)) + off, 0, len);
        }
        va += len;
        n -= len;
    }
}

struct xd_held *xd_held_by(struct xd_view *s, uint64_t mfn)
{
    for (uint32_t i = s->nr_fresh; i-- > 0;)
        if (s->fresh[i].mfn == mfn && !s->fresh[i].lost)
            return &s->fresh[i];
    for (unsigned int i = 0; i < XD_DOMAINS_MAX; i++)
        for (uint64_t pfn = 0; pfn < s->domain[i].pages; pfn++)
            if (s->domain[i].held[pfn].mfn == mfn && !s->domain[i].held[pfn].lost)
                return &s->domain[i].held[pfn];
    return NULL;
}

void xd_view_given_back(struct xd_view *s, uint64_t mfn)
{
    struct xd_held *h = xd_held_by(s, mfn);

    if (h)
        h->lost = true;
    if (mfn >= s->frames)
        return;
    s->ours[mfn] = false;
    if (s->whose[mfn] == KNOWN)
        s->whose[mfn] = GIVEN_BACK;
}

void xd_view_handed_out(struct xd_view *s)
{
    s->anew = true;
    for (uint32_t mfn = 0; mfn < s->frames; mfn++)
        if (s->whose[mfn] == GIVEN_BACK)
            s->whose[mfn] = HANDED_OUT;
}

static void new_frame(struct xd_view *s, struct xd_hv *hv, uint64_t mfn, bool xens)
{
    struct xd_held *h = &s->fresh[s->nr_fresh];
    const struct xd_frame *f;

    if (s->nr_fresh == FRESH_MAX || mfn >= s->frames || mfn < XD_LOW_FRAMES || s->ours[mfn])
        return;
    f = xd_frame_at(hv, xd_mfn_of(mfn));
    if (!f->count || !(f->flags & XD_FRAME_ALLOCATED) || !(f->flags & XD_FRAME_XEN_HEAP) == xens ||
        (f->owner >= XD_DOMID_FIRST_RESERVED && (!xens || f->owner != XD_DOMID_XEN)))
        return;
    *h = (struct xd_held){.mfn = mfn, .m2p = ~UINT64_C(0), .page = xd_zalloc(sizeof(*h->page))};
    h->page->is_new = true;
    if (!xens)
        memset(xd_frame_words(hv, xd_mfn_of(mfn)), 0, XD_PAGE_SIZE);
    s->ours[mfn] = true;
    s->anew = true;
    if (s->whose[mfn] == KNOWN)
        s->whose[mfn] = NEW;
    s->nr_fresh++;
}

void xd_view_new_frame(struct xd_view *s, struct xd_hv *hv, uint64_t mfn)
{
    new_frame(s, hv, mfn, false);
}

void xd_view_shared_frame(struct xd_view *s, struct xd_hv *hv, uint64_t mfn)
{
    new_frame(s, hv, mfn, true);
}

bool xd_view_is_info(const struct xd_view *s, uint64_t mfn)
{
    return info_of(s, mfn) != NULL;
}

bool xd_view_ours(const struct xd_view *s, uint64_t mfn)
{
    return mfn < s->frames && s->ours[mfn];
}

bool xd_hidden(const struct xd_view *s, uint64_t maddr)
{
    for (unsigned int i = 0; i < s->nr_moved; i++) {
        uint64_t in = maddr - s->moved[i].at;

        if (in < VCPU_WORDS * 8 &&
            (in >= VCPU_CLOCK * 8 || (s->moved[i].runs && in < VCPU_EVENTS * 8)))
            return true;
    }
    return false;
}

/* Each vcpu_info that lies in a page of the domain's. Its clock is made zero, too, lest it be copied to where it is compared. */
static void find_moved(struct xd_view *s, struct xd_domain *d)
{
    struct xd_vcpu *v;

    for (uint32_t id = 0; (v = xd_vcpu_at(d, id)) != NULL; id++) {
        unsigned char *page = (unsigned char *)xd_frame_words(d->hv, v->info_mfn);

        if (!v->info_moved || s->nr_moved == MOVED_MAX)
            continue;
        s->moved[s->nr_moved].at = v->info_mfn.v * XD_PAGE_SIZE + v->info_off;
        s->moved[s->nr_moved++].runs = id < VCPUS_SEEN && xd_vcpu_state(v) != XD_STATE_DOWN;
        memset(page + v->info_off + VCPU_CLOCK * 8, 0, (VCPU_WORDS - VCPU_CLOCK) * 8);
    }
}

void xd_view_tsc(struct xd_view *s, uint32_t i, enum xd_view_tsc tsc)
{
    s->domain[i].tsc = tsc;
}

bool xd_view_rate(const struct xd_view *s, uint32_t i)
{
    return s->domain[i].tsc != XD_VIEW_TSC_MACHINES;
}

bool xd_view_comparable(const struct xd_view *s, uint64_t maddr)
{
    const uint64_t word = maddr % XD_PAGE_SIZE / 8;
    const struct xd_seen_domain *d = info_of(s, maddr / XD_PAGE_SIZE);

    if (!xd_view_ours(s, maddr / XD_PAGE_SIZE) || xd_hidden(s, maddr))
        return false;
    if (!d || (word >= INFO_PENDING && (word < INFO_CLOCK || word >= INFO_ARCH)))
        return true;
    return word % VCPU_WORDS == VCPU_RATE && word < VCPUS_SEEN * VCPU_WORDS &&
           d->tsc == XD_VIEW_TSC_GIVEN;
}

bool xd_view_uncertain(const struct xd_view *s, uint64_t mfn)
{
    return mfn < s->frames && s->whose[mfn] == HANDED_OUT;
}

/* Did it come from the heap, or may it have? Given back by one and got by another, it has two meanings on one machine only. */
bool xd_heaps(const struct xd_view *s, uint64_t mfn)
{
    return mfn < s->frames && (s->whose[mfn] == HANDED_OUT || s->whose[mfn] == NEW);
}

uint64_t xd_view_loaded(const struct xd_view *s, uint64_t value)
{
    return xd_heaps(s, (value & XD_PTE_MFN) / XD_PAGE_SIZE) ? (value & ~XD_PTE_MFN) | HEAPS_FRAME
                                                            : xd_view_number(s, value);
}

uint64_t xd_view_number(const struct xd_view *s, uint64_t mfn)
{
    return xd_heaps(s, mfn) ? HEAPS_FRAME / XD_PAGE_SIZE : mfn;
}

/* ---- Frames ---- */

static void frame(struct xd_view *s, struct xd_hv *hv, const char *name, uint64_t nr,
                  struct xd_held *h)
{
    const struct xd_frame *raw = xd_frame_at(hv, xd_mfn_of(h->mfn));
    uint64_t m2p = xd_m2p(hv, h->mfn);
    struct xd_frame f = *raw;

    if (m2p == h->m2p && !memcmp(raw, &h->raw, sizeof(*raw)))
        return;
    h->raw = *raw;
    if (!f.count) {
        xd_str_addf(s->out, "  %s %" PRIu64 ": given up\n", name, nr);
        xd_view_given_back(s, h->mfn);
        return;
    }
    if (!f.type_count)
        f = (struct xd_frame){.count = f.count,
                              .owner = f.owner,
                              .flags = f.flags & (XD_FRAME_ALLOCATED | XD_FRAME_XEN_HEAP)};
    f.flags &= XD_FRAME_ALLOCATED | XD_FRAME_XEN_HEAP | XD_FRAME_PINNED | XD_FRAME_VALIDATED;
    f.lost = 0; /* Xen does not tell them from others */
    h->table = h->table || (f.type >= XD_TYPE_L1 && f.type <= XD_TYPE_L4);
    if (memcmp(&f, &h->told, sizeof(f)))
        xd_str_addf(s->out, "  %s %" PRIu64 ": refs=%u %s=%u%s%s%s%s owner=%u linear=%d\n", name,
                    nr, f.count, xd_type_name((enum xd_type)f.type), f.type_count,
                    f.flags & XD_FRAME_PINNED ? " pinned" : "",
                    f.flags & XD_FRAME_VALIDATED ? " validated" : "",
                    f.flags & XD_FRAME_ALLOCATED ? "" : " !allocated",
                    f.flags & XD_FRAME_XEN_HEAP ? " xen" : "", f.owner, f.linear);
    if (m2p != h->m2p)
        xd_str_addf(s->out, "  %s %" PRIu64 " m2p: 0x%" PRIx64 "\n", name, nr, m2p);
    h->told = f;
    h->m2p = m2p;
}

/* ---- Events ---- */

static void port(struct xd_view *s, struct xd_seen_domain *d, struct xd_domain *now, uint32_t nr)
{
    const struct xd_port *p = xd_port_find(now, nr);
    struct xd_port seen = {0};

    if (p && xd_port_usable(p)) {
        seen.state = p->state;
        seen.notify_vcpu = p->notify_vcpu;
        seen.remote_dom =
            p->state == XD_PORT_UNBOUND || p->state == XD_PORT_INTERDOMAIN ? p->remote_dom : 0;
        seen.remote_port = p->state == XD_PORT_INTERDOMAIN ? p->remote_port : 0;
        seen.virq = p->state == XD_PORT_VIRQ || p->state == XD_PORT_PIRQ ? p->virq : 0;
    }
    if (memcmp(&seen, &d->port[nr], sizeof(seen)))
        xd_str_addf(s->out, "  %s port %u: %s vcpu=%u remote=%u:%u virq=%u\n", d->name, nr,
                    xd_port_state_name(seen.state), seen.notify_vcpu, seen.remote_dom,
                    seen.remote_port, seen.virq);
    d->port[nr] = seen;
}

static void ports(struct xd_view *s, struct xd_seen_domain *d, struct xd_domain *now)
{
    uint32_t nr = now->ports_valid > d->ports ? now->ports_valid : d->ports;

    for (uint32_t i = 1; i < nr; i++)
        port(s, d, now, i);
    d->ports = nr;
}

/* All words of shared_info but time, and but the bits of vCPUs that vcpu() tells. */
static void shared_info(struct xd_view *s, struct xd_seen_domain *d, struct xd_domain *now,
                        bool first)
{
    const uint64_t *word = (const uint64_t *)(const void *)xd_shared_info(now);

    for (unsigned int i = 0; i < INFO_WORDS; i++) {
        bool vcpus = i < INFO_PENDING, told_by_vcpu = i / VCPU_WORDS < VCPUS_SEEN &&
                                                      xd_vcpu_at(now, i / VCPU_WORDS) &&
                                                      i % VCPU_WORDS < VCPU_EVENTS;

        if (word[i] == d->info_now[i] ||
            (vcpus && (i % VCPU_WORDS >= VCPU_CLOCK || told_by_vcpu)) ||
            (i >= INFO_CLOCK && i < INFO_ARCH))
            continue;
        if (!first || (i >= INFO_PENDING && i < INFO_CLOCK))
            xd_str_addf(s->out, "  %s shared_info word %u: 0x%" PRIx64 "\n", d->name, i, word[i]);
        d->info_now[i] = word[i];
    }
}

static void vcpu(struct xd_view *s, struct xd_seen_domain *d, struct xd_vcpu *v)
{
    static const char *const names[BITS_SEEN] = {"upcall_pending", "upcall_mask", "pending_sel",
                                                 "upcall due",     "waits",       "in a list"};
    const struct xd_abi_vcpu_info *vi = xd_vcpu_info(v);
    const uint64_t now[BITS_SEEN] = {vi->evtchn_upcall_pending,
                                     vi->evtchn_upcall_mask,
                                     vi->evtchn_pending_sel,
                                     xd_upcall_due(v),
                                     xd_vcpu_state(v) == XD_STATE_BLOCKED,
                                     xd_continuing(v)};

    for (unsigned int i = 0; i < BITS_SEEN; i++) {
        if (now[i] != d->vcpu[v->id].bits[i])
            xd_str_addf(s->out, "  %s.%u %s: 0x%" PRIx64 "\n", d->name, v->id, names[i], now[i]);
        d->vcpu[v->id].bits[i] = now[i];
    }
    if (v->cr3.v != d->vcpu[v->id].cr3 && xd_vcpu_state(v) != XD_STATE_DOWN)
        xd_str_addf(s->out, "  %s.%u cr3: 0x%" PRIx64 "\n", d->name, v->id,
                    xd_view_number(s, v->cr3.v));
    d->vcpu[v->id].cr3 = v->cr3.v;
}

/* ---- All of a domain ---- */

/* (nr) pages from (pfn) on are looked at after each step. */
static struct xd_seen_page *watch(struct xd_seen_domain *d, struct xd_seen_page *store,
                                  uint64_t pfn, uint64_t nr, bool table)
{
    for (uint64_t i = 0; i < nr && pfn + i < d->pages; i++) {
        if (d->held[pfn + i].page)
            continue;
        d->held[pfn + i].page = store++;
        d->held[pfn + i].page->is_new = true;
        d->held[pfn + i].table = table;
    }
    return store;
}

static void start(struct xd_view *s, struct xd_seen_domain *d, const struct xd_env *env)
{
    uint64_t tables = (env->start.pt_va - env->start.virt_base) / XD_PAGE_SIZE,
             area = (env->start.padding_va - env->start.virt_base) / XD_PAGE_SIZE;
    struct xd_seen_page *store;

    d->pages = env->start.pages;
    d->area = area;
    d->held = xd_zalloc(d->pages * sizeof(*d->held));
    d->port = xd_zalloc(XD_PORTS * sizeof(*d->port));
    d->store = store =
        xd_zalloc((FREE_SEEN + AREA_SEEN + env->start.pt_frames) * sizeof(*d->store));
    d->at_start = xd_zalloc((size_t)START_SEEN * XD_PAGE_SIZE);
    snprintf(d->name, sizeof(d->name), "d%u", env->domid);
    s->frames = env->d->hv->frames;
    if (!s->ours)
        s->ours = xd_zalloc(s->frames * sizeof(*s->ours));
    if (!s->whose)
        s->whose = xd_zalloc(s->frames * sizeof(*s->whose));
    for (uint64_t pfn = 0; pfn < d->pages; pfn++) {
        bool mapped = pfn < env->start.mapped_pages;
        struct xd_held *h = &d->held[pfn];

        h->mfn = xd_domain_mfn(env->d, pfn);
        h->m2p = pfn;
        h->lost = h->mfn >= s->frames;
        if (!h->lost)
            s->ours[h->mfn] = true;
        h->told =
            (struct xd_frame){.count = mapped ? 2 : 1,
                              .type_count = mapped,
                              .type = mapped ? XD_TYPE_WRITABLE : XD_TYPE_NONE,
                              .owner = env->domid,
                              .flags = XD_FRAME_ALLOCATED | (mapped ? XD_FRAME_VALIDATED : 0)};
        if (pfn < START_SEEN && pfn < area && !h->lost)
            memcpy(d->at_start + pfn * XD_PT_SLOTS, xd_frame_words(env->d->hv, xd_mfn_of(h->mfn)),
                   XD_PAGE_SIZE);
    }
    store = watch(d, store, tables, env->start.pt_frames, true);
    store = watch(d, store, env->start.first_free_pfn, FREE_SEEN, false);
    /* Arguments hold entries that were read from tables. */
    watch(d, store, area, AREA_SEEN, true);
    d->info = (struct xd_held){.mfn = env->start.shared_info_mfn};
    s->ours[d->info.mfn] = true;
    for (unsigned int id = 0; id < VCPUS_SEEN; id++)
        d->vcpu[id].cr3 = ~UINT64_C(0);
}

static void look(struct xd_view *s, struct xd_seen_domain *d, const struct xd_env *env, bool all)
{
    struct xd_hv *hv = env->d->hv;
    bool first = !d->started;
    char name[16];

    if (first)
        start(s, d, env);
    d->started = true;
    snprintf(name, sizeof(name), "%s pfn", d->name);
    for (uint64_t pfn = 0; pfn < d->pages; pfn++)
        if (!d->held[pfn].lost)
            frame(s, hv, name, pfn, &d->held[pfn]);
    for (uint64_t pfn = 0; pfn < d->pages; pfn++)
        if (!d->held[pfn].lost && d->held[pfn].page)
            xd_look_at_words(s, hv, name, pfn, &d->held[pfn]);
    if (all)
        xd_look_at_others(s, hv, name, d);
    snprintf(name, sizeof(name), "%s info", d->name);
    if (!d->info.lost)
        frame(s, hv, name, 0, &d->info);
    ports(s, d, env->d);
    shared_info(s, d, env->d, first);
    for (unsigned int id = 0; id < VCPUS_SEEN && xd_vcpu_at(env->d, id); id++)
        vcpu(s, d, xd_vcpu_at(env->d, id));
}

/* The domain was destroyed: what nobody holds of it is the heap's. */
static void gone(struct xd_view *s, const struct xd_seen_domain *d, struct xd_hv *hv)
{
    for (uint64_t pfn = 0; pfn < d->pages; pfn++)
        if (!d->held[pfn].lost && !xd_frame_at(hv, xd_mfn_of(d->held[pfn].mfn))->count)
            xd_view_given_back(s, d->held[pfn].mfn);
}

/* What is written over a frame's number later may leave a part of it, which nobody could tell from other numbers. */
static void forget_area(const struct xd_view *s, struct xd_seen_domain *d, struct xd_hv *hv)
{
    for (uint64_t pfn = d->area; pfn < d->area + AREA_SEEN && pfn < d->pages; pfn++) {
        struct xd_held *h = &d->held[pfn];

        if (h->lost || !xd_view_ours(s, h->mfn))
            continue;
        memset(xd_frame_words(hv, xd_mfn_of(h->mfn)), 0, XD_PAGE_SIZE);
        memset(h->page->now, 0, sizeof(h->page->now));
        memset(h->page->told, 0, sizeof(h->page->told));
    }
}

void xd_view_look(struct xd_view *s, const struct xd_runner *r, bool all)
{
    struct xd_hv *hv = NULL;

    s->nr_moved = 0;
    for (uint32_t i = 0; i < r->p->domains; i++)
        if (r->env[i].d)
            find_moved(s, r->env[i].d);
    for (uint32_t i = 0; i < r->p->domains; i++)
        if (r->env[i].d) {
            if (all && !hv)
                xd_find_memory(s, r->env[i].d->hv);
            hv = r->env[i].d->hv;
            look(s, &s->domain[i], &r->env[i], all);
        }
    for (uint32_t i = 0; hv && i < r->p->domains; i++)
        if (!r->env[i].d && s->domain[i].started)
            gone(s, &s->domain[i], hv);
    for (uint32_t i = 0; hv && i < s->nr_fresh; i++) {
        if (!s->fresh[i].lost)
            frame(s, hv, "new", i, &s->fresh[i]);
        if (!s->fresh[i].lost)
            xd_look_at_words(s, hv, "new", i, &s->fresh[i]);
    }
    for (uint32_t i = 0; s->nr_fresh && i < r->p->domains; i++)
        if (r->env[i].d)
            forget_area(s, &s->domain[i], hv);
    s->nr_doing = 0;
    s->anew = false;
}
