/* SPDX-License-Identifier: MIT */
/* hv.c: making and ending a machine, its hooks, its digest, and what happens when we are wrong. */
#include "hv/hv.h"

#include "hv/frame.h"
#include "hv/ioapic.h"
#include "hv/lever.h"
#include "hv/mtrr.h"
#include "hv/pirq.h"
#include "hv/pool.h"
#include "hv/setting.h"
#include "hv/shinfo.h"
#include "hv/tsc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRACE_ALL 0x0ffff000u

static const struct xd_config config_default = XD_CONFIG_DEFAULT;

const char *xd_config_error(const struct xd_config *c)
{
    if (c->frames < XD_FRAMES_MIN || c->frames > XD_FRAMES_MAX)
        return "frames must be 1024 (4 MiB) to 1048576 (4 GiB)";
    if (c->domains_max < 1 || c->domains_max > XD_DOMAINS_MAX)
        return "domains_max must be 1 to 64";
    if (c->cpu_khz < 1 || c->cpu_khz > 1000000000)
        return "cpu_khz must be 1 to 1000000000";
    if (c->boot_ns > UINT64_C(1) << 62)
        return "boot_ns must be at most 2^62 (146 years)";
    if ((unsigned int)c->profile > XD_PROFILE_DEBUG)
        return "profile must be XD_PROFILE_RELEASE or XD_PROFILE_DEBUG";
    if ((unsigned int)c->clock > XD_CLOCK_HOST)
        return "clock must be XD_CLOCK_VIRTUAL or XD_CLOCK_HOST";
    if (c->clock == XD_CLOCK_HOST && c->cpu_khz != config_default.cpu_khz)
        return "cpu_khz can't be chosen with XD_CLOCK_HOST, where it is the host's: leave it at 1000000";
    if (!memchr(c->extraversion, 0, sizeof(c->extraversion)))
        return "extraversion must be 15 characters or less";
    if (!memchr(c->command_line, 0, sizeof(c->command_line)))
        return "command_line must be 255 characters or less";
    return NULL;
}

/* Frames that Xen keeps: M2P, its top table, one per-domain table a domain, two that stand for its
 * own mappings. */
static uint32_t xen_frames(const struct xd_config *c)
{
    return (c->frames + XD_PT_SLOTS - 1) / XD_PT_SLOTS + 1 + c->domains_max + 2;
}

static size_t page_up(size_t n)
{
    return (n + XD_PAGE_SIZE - 1) & ~(size_t)(XD_PAGE_SIZE - 1);
}

static void own_frames(struct xd_hv *hv, uint64_t first, uint64_t end, struct xd_frame as)
{
    for (uint64_t mfn = first; mfn < end; mfn++)
        hv->frame[mfn] = as;
}

static void lay_out_low_memory(struct xd_hv *hv)
{
    static const struct xd_frame io = {.count = 1,
                                       .type_count = 1,
                                       .owner = XD_DOMID_IO,
                                       .type = XD_TYPE_WRITABLE,
                                       .flags = XD_FRAME_VALIDATED};
    static const struct xd_frame m2p = {.count = 1,
                                        .type_count = 1,
                                        .owner = XD_DOMID_XEN,
                                        .type = XD_TYPE_NONE,
                                        .flags = XD_FRAME_VALIDATED | XD_FRAME_XEN_HEAP};
    static const struct xd_frame xen = {.count = 1, .owner = XD_DOMID_NONE};
    uint64_t m2p_nr = (hv->frames + XD_PT_SLOTS - 1) / XD_PT_SLOTS;

    hv->m2p_first = xd_mfn_of(XD_LOW_FRAMES);
    hv->m2p_l3 = xd_mfn_of(XD_LOW_FRAMES + m2p_nr);
    hv->heap_first = XD_LOW_FRAMES + xen_frames(&hv->config);
    hv->frames_free = hv->frames - hv->heap_first;
    own_frames(hv, 0, XD_LOW_FRAMES, io);
    own_frames(hv, hv->m2p_first.v, hv->m2p_l3.v, m2p);
    own_frames(hv, hv->m2p_l3.v, hv->heap_first, xen);
    memset(xd_frame_words(hv, hv->m2p_first), 0xff, m2p_nr * XD_PAGE_SIZE);
}

/* What it follows is no state of the machine: a copy of it need not. */
static void follow_host(struct xd_hv *hv)
{
    struct xd_hostclock *clock = xd_hostclock_make();
    uint64_t epoch;

    hv->host->clock = clock;
    hv->config.clock = XD_CLOCK_VIRTUAL;
    hv->config.cpu_khz = clock->khz;
    xd_time_scale(clock->khz * 1000, &clock->mul, &clock->shift);
    xd_hostclock_set(clock, hv->now_ns);
    epoch = xd_hostclock_epoch(clock);
    hv->wc_sec = epoch / XD_SECOND_NS;
    hv->wc_nsec = (uint32_t)(epoch % XD_SECOND_NS);
}

int xd_hv_create(struct xd_hv **out, const struct xd_config *config)
{
    const struct xd_config *c = config ? config : &config_default;
    size_t head = page_up(sizeof(struct xd_hv));
    size_t domains, frames;
    uint64_t total;
    struct xd_host *host;
    struct xd_hv *hv;

    *out = NULL;
    if (xd_config_error(c))
        return -XD_HOST_EINVAL;
    domains = page_up(sizeof(struct xd_domain) * c->domains_max);
    frames = page_up(sizeof(struct xd_frame) * c->frames);
    total = head + domains + frames + (uint64_t)c->frames * XD_PAGE_SIZE;
    if (total > SIZE_MAX)
        return -XD_HOST_ENOMEM;
    host = xd_zalloc(sizeof(*host));
    if (xd_arena_init(&host->arena, (size_t)total)) {
        free(host);
        return -XD_HOST_ENOMEM;
    }
    hv = (struct xd_hv *)(void *)host->arena.base;
    hv->host = host;
    hv->config = *c;
    hv->now_ns = c->boot_ns;
    hv->frames = c->frames;
    hv->domain = (struct xd_domain *)(void *)(host->arena.base + head);
    hv->frame = (struct xd_frame *)(void *)(host->arena.base + head + domains);
    hv->mem = host->arena.base + head + domains + frames;
    for (unsigned int i = 0; i < XD_RANGES; i++)
        hv->mmio_ro[i] = c->mmio_ro[i].last
                             ? (struct xd_range){c->mmio_ro[i].first, c->mmio_ro[i].last}
                             : (struct xd_range){1, 0};
    if (c->clock == XD_CLOCK_HOST)
        follow_host(hv);
    lay_out_low_memory(hv);
    xd_gsi_init(hv);
    xd_settings_init(hv);
    hv->trace_mask = TRACE_ALL;
    hv->cstate_max[0] = 1;
    hv->cstate_max[1] = UINT32_MAX;
    hv->cx_states = XD_CX_STATES;
    xd_pool_make(hv, 0, 0, XD_SCHED_CREDIT2);
    xd_mtrr_init(hv);
    hv->cpu_ids[0] = 1; /* the processor there is */
    *out = hv;
    return 0;
}

void xd_hv_destroy(struct xd_hv *hv)
{
    struct xd_host *host;

    if (!hv)
        return;
    host = hv->host;
    if (host->linked.free)
        host->linked.free(host->linked.guest);
    xd_levers_free(host);
    while (host->asked) {
        struct xd_asked_domain *a = host->asked;

        host->asked = a->next;
        free((char *)(uintptr_t)a->config.command_line);
        free(a);
    }
    xd_arena_fini(&host->arena);
    free(host->snapshot);
    free(host->clock);
    free(host);
}

const char *xd_hv_error(const struct xd_hv *hv)
{
    return hv->host->error;
}

int xd_hv_misuse(struct xd_hv *hv, int err, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(hv->host->error, sizeof(hv->host->error), fmt, ap);
    va_end(ap);
    return -err;
}

_Noreturn void xd_hv_bug(struct xd_hv *hv, const char *file, int line, const char *func,
                         const char *cond)
{
    struct xd_hooks h = hv->host->hooks;

    hv->host->hooks = (struct xd_hooks){0}; /* a bug inside the hook must not come back here */
    if (h.bug)
        h.bug(h.ctx, hv);
    xd_bug(file, line, func, cond);
}

void xd_hooks_settle(struct xd_hv *hv)
{
    struct xd_host *host = hv->host;
    struct xd_hooks *h = &host->hooks;

    host->observed = h->call || h->ret || h->inject || host->levers_on || host->observer ||
                     (host->watcher && host->watcher->called);
    host->long_way = xd_is_debug_build(hv) || host->observed || host->watcher || h->console ||
                     h->inval || h->flush || (h->read && h->read != host->linked.read) ||
                     (h->write && h->write != host->linked.write);
    if (!h->read)
        h->read = host->linked.read;
    if (!h->write)
        h->write = host->linked.write;
}

void xd_hooks_set(struct xd_hv *hv, const struct xd_hooks *hooks)
{
    hv->host->hooks = hooks ? *hooks : (struct xd_hooks){0};
    xd_hooks_settle(hv);
}

void xd_tell_before(struct xd_hv *hv, const struct xd_told *told)
{
    const struct xd_observer *o = hv->host->observer;

    if (o)
        o->before(o->ctx, told);
}

void xd_tell_after(struct xd_hv *hv, const struct xd_told *told)
{
    const struct xd_observer *o = hv->host->observer;

    if (o)
        o->after(o->ctx, told);
}

const void *xd_frame_contents(struct xd_hv *hv, uint64_t mfn)
{
    return mfn < hv->frames ? xd_frame_words(hv, xd_mfn_of(mfn)) : NULL;
}

uint64_t *xd_m2p_entry(struct xd_hv *hv, xd_mfn mfn)
{
    return xd_frame_words(hv, hv->m2p_first) + mfn.v;
}

uint64_t xd_m2p(struct xd_hv *hv, uint64_t mfn)
{
    return mfn < hv->frames ? *xd_m2p_entry(hv, xd_mfn_of(mfn)) : ~UINT64_C(0);
}

static bool page_used(void *ctx, size_t mfn)
{
    return xd_frame_ever_used(ctx, xd_mfn_of(mfn));
}

int xd_hv_share(struct xd_hv *hv)
{
    struct xd_arena *a = xd_arena_of(hv);

    return xd_arena_share(a, (size_t)(hv->mem - a->base), page_used, hv);
}

static bool frame_is_zero(struct xd_hv *hv, xd_mfn mfn)
{
    const uint64_t *w = xd_frame_words(hv, mfn);

    return w[0] == 0 && memcmp(w, w + 1, XD_PAGE_SIZE - sizeof(*w)) == 0;
}

#define RIGHTS_SIZE(r) (offsetof(struct xd_rights, range) + sizeof((r).range[0]) * (r).nr)

/* Pointers and scratch stay out, so that equal states have equal digests whatever their address. */
static uint64_t hash_domain(uint64_t h, struct xd_domain *d)
{
    h = xd_hash64(h, &d->domid,
                  offsetof(struct xd_domain, vcpu) - offsetof(struct xd_domain, domid));
    for (unsigned int i = 0; i < d->vcpus; i++)
        h = xd_hash64(h, &d->vcpu[i].id,
                      offsetof(struct xd_vcpu, rec) - offsetof(struct xd_vcpu, id));
    h = xd_hash64(h, d->e820, sizeof(d->e820[0]) * d->e820_nr);
    h = xd_hash64(h, &d->vnuma, d->vnuma.nodes ? sizeof(d->vnuma) : sizeof(d->vnuma.nodes));
    h = xd_hash64(h, &d->iomem, RIGHTS_SIZE(d->iomem));
    h = xd_hash64(h, &d->ioport, RIGHTS_SIZE(d->ioport));
    h = xd_hash64(h, &d->policy, d->policy.own ? sizeof(d->policy) : sizeof(d->policy.own));
    return xd_hash64(h, d->port, sizeof(d->port[0]) * d->ports_valid);
}

uint64_t xd_digest_state(struct xd_hv *hv)
{
    uint64_t h =
        xd_hash64(0, &hv->config, offsetof(struct xd_hv, domain) - offsetof(struct xd_hv, config));

    for (unsigned int i = 0; i < hv->config.domains_max; i++)
        if (hv->domain[i].used)
            h = hash_domain(xd_hash64(h, &i, sizeof(i)), &hv->domain[i]);
    return xd_hash64(h, hv->frame, sizeof(*hv->frame) * hv->frames);
}

uint64_t xd_digest(struct xd_hv *hv)
{
    uint64_t h = xd_digest_state(hv);

    for (uint64_t mfn = 0; mfn < hv->frames; mfn++)
        if (xd_frame_ever_used(hv, xd_mfn_of(mfn)) && !frame_is_zero(hv, xd_mfn_of(mfn)))
            h = xd_hash64(h ^ mfn, xd_frame_words(hv, xd_mfn_of(mfn)), XD_PAGE_SIZE);
    return h;
}
