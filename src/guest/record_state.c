/* SPDX-License-Identifier: MIT */
/*
 * record_state.c: what changed in a machine, by comparing it with a copy.
 *
 * Between two calls only guests write, and only into frames: what differs is their stores. During a
 * call only Xen writes: what differs is what it did. Pages that the host never gave memory to are as
 * they were and are not looked at, so a comparison costs what the machine has touched.
 */
#define _GNU_SOURCE
#include "guest/record.h"

#include "hv/frame.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define RUN_MAX 32u /* words in one poke */

static unsigned char *arena(const struct xd_recorder *r)
{
    return r->hv->host->arena.base;
}

static size_t pages(const struct xd_recorder *r)
{
    return r->hv->host->arena.size / XD_PAGE_SIZE;
}

/* The first page that holds a frame; those before it hold Xen's own state. */
static size_t first_frame_page(const struct xd_recorder *r)
{
    return (size_t)(r->hv->mem - arena(r)) / XD_PAGE_SIZE;
}

static void look_what_is_there(struct xd_recorder *r)
{
#if defined(__linux__)
    if (!mincore(arena(r), r->hv->host->arena.size, r->resident))
        return;
#endif
    memset(r->resident, 1, pages(r));
}

static bool differs(const struct xd_recorder *r, size_t page)
{
    size_t at = page * XD_PAGE_SIZE;

    return (r->resident[page] & 1) && memcmp(arena(r) + at, r->shadow + at, XD_PAGE_SIZE) != 0;
}

static void take(struct xd_recorder *r, size_t page)
{
    memcpy(r->shadow + page * XD_PAGE_SIZE, arena(r) + page * XD_PAGE_SIZE, XD_PAGE_SIZE);
}

void xd_record_names(struct xd_recorder *r, struct xd_domain *d)
{
    struct xd_known *k = &r->known[d - r->hv->domain];
    const struct xd_start *s = &d->start;

    *k = (struct xd_known){.used = true, .domid = d->domid};
    for (uint64_t mfn = 0; mfn < r->hv->frames; mfn++)
        if (r->hv->frame[mfn].owner == d->domid)
            r->first[mfn] = r->hv->frame[mfn];
    for (uint64_t pfn = s->first_free_pfn; pfn < s->pages; pfn++) {
        uint64_t mfn = xd_domain_mfn(d, pfn);

        if (mfn >= r->hv->frames)
            continue;
        r->frame[mfn].named = true;
        r->frame[mfn].domid = d->domid;
        r->frame[mfn].page = (uint32_t)(pfn - s->first_free_pfn);
    }
}

bool xd_shadow_make(struct xd_recorder *r)
{
    struct xd_hv *hv = r->hv;

    r->known = xd_zalloc(hv->config.domains_max * sizeof(*r->known));
    r->frame = xd_zalloc(hv->frames * sizeof(*r->frame));
    r->resident = xd_zalloc(pages(r));
    r->first = xd_zalloc(hv->frames * sizeof(*r->first));
    memcpy(r->first, hv->frame, hv->frames * sizeof(*r->first));
    r->shadow = mmap(NULL, hv->host->arena.size, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (r->shadow == MAP_FAILED)
        r->shadow = NULL;
    return r->shadow != NULL;
}

void xd_shadow_free(struct xd_recorder *r)
{
    if (r->shadow)
        munmap(r->shadow, r->hv->host->arena.size);
    free(r->known);
    free(r->frame);
    free(r->resident);
    free(r->first);
}

/* ---- Guests' stores ---- */

/* Words (from) to (to) of frame (mfn) are as they are now. */
static void say_poke(struct xd_recorder *r, uint64_t mfn, unsigned int from, unsigned int to,
                     struct xd_str *out)
{
    const uint64_t *w = xd_frame_words(r->hv, xd_mfn_of(mfn));

    xd_str_add(out, "poke ");
    xd_say_frame(r, r->current, mfn, out);
    xd_str_addf(out, "[%u] %s", from, to - from > 1 ? "[" : "");
    for (unsigned int i = from; i < to; i++) {
        xd_str_add(out, i > from ? ", " : "");
        if (xd_is_shared_info(r, mfn))
            xd_say_word(out, w[i]);
        else
            xd_say_pte(r, r->current, w[i], out);
    }
    xd_str_add(out, to - from > 1 ? "]\n" : "\n");
}

static void say_stores(struct xd_recorder *r, uint64_t mfn, struct xd_str *out)
{
    const uint64_t *now = xd_frame_words(r->hv, xd_mfn_of(mfn));
    const uint64_t *was =
        (const uint64_t *)(const void *)(r->shadow + (first_frame_page(r) + mfn) * XD_PAGE_SIZE);

    for (unsigned int i = 0, end; i < XD_PT_SLOTS; i = end) {
        for (end = i; end < XD_PT_SLOTS && end - i < RUN_MAX && now[end] != was[end];)
            end++;
        if (end > i)
            say_poke(r, mfn, i, end, out);
        else
            end++;
    }
}

/* Is this word of Xen's state scratch, which tells of the last call and means nothing to the next? */
static bool is_scratch(const struct xd_recorder *r, size_t at)
{
    size_t domains = (size_t)((unsigned char *)r->hv->domain - arena(r)), in;

    if (at < domains || at >= domains + r->hv->config.domains_max * sizeof(struct xd_domain))
        return false;
    in = (at - domains) % sizeof(struct xd_domain);
    return in >= offsetof(struct xd_domain, vcpu) &&
           in < offsetof(struct xd_domain, vcpu) + XD_VCPUS * sizeof(struct xd_vcpu) &&
           (in - offsetof(struct xd_domain, vcpu)) % sizeof(struct xd_vcpu) >=
               offsetof(struct xd_vcpu, rec);
}

/* Xen's own state changed, and nothing that is recorded did it. */
static bool is_meddled_with(struct xd_recorder *r, size_t page)
{
    for (size_t at = page * XD_PAGE_SIZE; at < (page + 1) * XD_PAGE_SIZE; at += 8)
        if (memcmp(arena(r) + at, r->shadow + at, 8) && !is_scratch(r, at))
            return true;
    return false;
}

void xd_shadow_know(struct xd_recorder *r, const void *at, size_t n)
{
    memcpy(r->shadow + ((const unsigned char *)at - arena(r)), at, n);
}

void xd_shadow_stores(struct xd_recorder *r)
{
    size_t frames = first_frame_page(r);
    struct xd_str out = {0};

    look_what_is_there(r);
    for (size_t page = 0; page < pages(r) && !r->over; page++) {
        if (!differs(r, page))
            continue;
        if (page < frames && is_meddled_with(r, page))
            xd_record_give_up(r, "the state of the machine was changed by something that is no "
                                 "step of a program");
        else if (page >= frames)
            say_stores(r, page - frames, &out);
        take(r, page);
    }
    if (out.len)
        xd_record_say(r, NULL, out.text);
    xd_str_free(&out);
    xd_shadow_settle(r, true);
}

void xd_shadow_wrote(struct xd_recorder *r, const unsigned char *at, size_t n, struct xd_str *out)
{
    uint64_t mfn = (uint64_t)(at - r->hv->mem) / XD_PAGE_SIZE;
    unsigned int off = (unsigned int)((size_t)(at - r->hv->mem) % XD_PAGE_SIZE);

    if (off + n > XD_PAGE_SIZE) {
        xd_shadow_wrote(r, at + (XD_PAGE_SIZE - off), n - (XD_PAGE_SIZE - off), out);
        n = XD_PAGE_SIZE - off;
    }
    say_poke(r, mfn, off / 8, (unsigned int)((off + n + 7) / 8), out);
}

/* ---- What Xen did ---- */

static void expect_ports(struct xd_domain *d, struct xd_known *k, struct xd_str *out)
{
    const struct xd_abi_shared_info *info = xd_shared_info(d);

    for (unsigned int w = 0; w < 64; w++) {
        uint64_t now = info->evtchn_pending[w], changed = now ^ k->pending[w];

        k->pending[w] = now;
        for (unsigned int b = 0; out && changed; b++, changed >>= 1)
            if (changed & 1 && w * 64 + b < d->ports_valid)
                xd_str_addf(out, "expect d%u port %u %spending\n", d->domid, w * 64 + b,
                            now >> b & 1 ? "" : "!");
    }
}

static void expect_vcpus(struct xd_domain *d, struct xd_known *k, struct xd_str *out)
{
    static const char *const states[] = {"running", "blocked", "down", "shutdown", "paused"};

    for (uint32_t id = 0; id < d->vcpus; id++) {
        struct xd_vcpu *v = &d->vcpu[id];
        uint8_t state = (uint8_t)xd_vcpu_state(v);
        uint8_t upcall = xd_vcpu_info(v)->evtchn_upcall_pending;

        if (out && (state != k->vcpu[id].state || upcall != k->vcpu[id].upcall)) {
            xd_str_addf(out, "expect d%u.%u", d->domid, id);
            if (state != k->vcpu[id].state)
                xd_str_addf(out, " %s", states[state]);
            xd_str_addf(out, " %supcall_pending\n", upcall ? "" : "!");
        }
        k->vcpu[id].state = state;
        k->vcpu[id].upcall = upcall;
    }
}

void xd_shadow_take(struct xd_recorder *r)
{
    look_what_is_there(r);
    for (size_t page = 0; page < pages(r); page++)
        if (differs(r, page))
            take(r, page);
}

bool xd_shadow_same(struct xd_recorder *r)
{
    look_what_is_there(r);
    for (size_t page = 0; page < pages(r); page++)
        if (differs(r, page) && (page >= first_frame_page(r) || is_meddled_with(r, page)))
            return false;
    return true;
}

void xd_shadow_settle(struct xd_recorder *r, bool quiet)
{
    struct xd_str out = {0};

    if (!quiet)
        xd_shadow_take(r);
    for (uint32_t i = 0; i < r->hv->config.domains_max; i++) {
        struct xd_domain *d = &r->hv->domain[i];

        if (!d->used || d->dying) {
            r->known[i].used = false;
            continue;
        }
        if (!d->start.pages) /* a guest created it, and it has no name */
            continue;
        expect_ports(d, &r->known[i], quiet ? NULL : &out);
        expect_vcpus(d, &r->known[i], quiet ? NULL : &out);
    }
    if (out.len)
        xd_record_say(r, NULL, out.text);
    xd_str_free(&out);
    for (struct xd_said *c = r->suspended; c; c = c->next)
        c->ready |= xd_vcpu_state(c->v) == XD_STATE_RUNNING;
}

/* Does it belong to a domain that a guest created? */
static bool is_of_created(const struct xd_recorder *r, const struct xd_frame *f)
{
    const struct xd_domain *d = xd_domain_by_id(r->hv, f->owner);

    return d && !d->start.pages;
}

void xd_shadow_expect_frames(struct xd_recorder *r)
{
    struct xd_str out = {0};

    for (uint64_t mfn = r->hv->heap_first; mfn < r->hv->frames; mfn++) {
        const struct xd_frame *f = xd_frame_at(r->hv, xd_mfn_of(mfn));

        if (!memcmp(f, &r->first[mfn], sizeof(*f)) || !f->count ||
            f->owner >= XD_DOMID_FIRST_RESERVED || is_of_created(r, f))
            continue;
        xd_str_add(&out, "expect frame ");
        xd_say_frame(r, r->current, mfn, &out);
        xd_str_addf(&out, " type=%s count=%u refs=%u %spinned\n",
                    xd_type_name((enum xd_type)f->type), f->type_count, f->count,
                    f->flags & XD_FRAME_PINNED ? "" : "!");
    }
    if (out.len)
        xd_record_say(r, NULL, out.text);
    xd_str_free(&out);
}
