/* SPDX-License-Identifier: MIT */
/*
 * shinfo.c: masks and clocks in shared_info.
 *
 * The virtual TSC counts cpu_khz from system time 0, so it needs no state of its own.
 */
#include "hv/shinfo.h"

#include "hv/copy.h"
#include "hv/pagetype.h"
#include "hv/sched.h"
#include "hv/shared.h"
#include "hv/tsc.h"

#include <string.h>

#define TSC_STABLE 1u /* XEN_PVCLOCK_TSC_STABLE_BIT */

typedef uint32_t __attribute__((may_alias)) xd_word;

/* What the clocks are to say: this moment's, or that of the last look at the host's. */
static uint64_t stamp_ns(const struct xd_hv *hv)
{
    return hv->host->clock ? hv->host->clock->at_ns : hv->now_ns;
}

static uint64_t stamp_tsc(const struct xd_domain *d)
{
    const struct xd_hv *hv = d->hv;
    const uint64_t ns = hv->now_ns, khz = hv->config.cpu_khz;
    const uint64_t native = hv->host->clock ? hv->host->clock->at_tsc
                                            : ns / 1000000 * khz + ns % 1000000 * khz / 1000000;

    return xd_tsc_at(d, stamp_ns(hv), native);
}

/* One side of the version protocol: whoever reads a new word finds the odd version that was put there
 * before. Word by word, since a processor may have no store of 64 bits. */
static void put_word(struct xd_abi_vcpu_time_info *to, const struct xd_abi_vcpu_time_info *from,
                     size_t off)
{
    uint32_t word;

    __builtin_memcpy(&word, (const unsigned char *)from + off, sizeof(word));
    __atomic_store_n((xd_word *)(void *)((unsigned char *)to + off), word, __ATOMIC_RELEASE);
}

/* The copy that the guest asked for, through the tables of (by). AS-XEN: update_secondary_system_time */
static void copy_time(struct xd_vcpu *v, struct xd_vcpu *by, struct xd_abi_vcpu_time_info *now)
{
    const uint64_t at = v->time_area;

    if (!at || !by->cr3.v || by->domain->dying)
        return;
    now->version--;
    if (!xd_store_out(by, at, &now->version, sizeof(now->version)))
        return;
    xd_shared_order();
    (void)xd_copy_out(by, at, now, sizeof(*now));
    xd_shared_order();
    now->version++;
    (void)xd_store_out(by, at, &now->version, sizeof(now->version));
}

/* All but the version. */
static struct xd_abi_vcpu_time_info time_of(const struct xd_vcpu *v)
{
    const struct xd_hostclock *clock = v->hv->host->clock;
    struct xd_abi_vcpu_time_info now = {.tsc_timestamp = stamp_tsc(v->domain),
                                        .system_time = stamp_ns(v->hv),
                                        .flags = clock && clock->tsc ? TSC_STABLE : 0};

    xd_tsc_scale(v->domain, &now.tsc_to_system_mul, &now.tsc_shift);
    return now;
}

static void put_time(struct xd_vcpu *v, struct xd_vcpu *by, struct xd_abi_vcpu_time_info *now)
{
    struct xd_abi_vcpu_time_info *t = &xd_vcpu_info(v)->time;
    const uint32_t odd = (t->version + 1) | 1;

    now->version = odd + 1;
    xd_arena_touch(xd_arena_of(v->hv), t, sizeof(*t));
    __atomic_store_n(&t->version, odd, __ATOMIC_RELAXED);
    for (size_t off = sizeof(now->version); off < sizeof(*now); off += sizeof(uint32_t))
        put_word(t, now, off);
    __atomic_store_n(&t->version, now->version, __ATOMIC_RELEASE);
    copy_time(v, by, now);
}

void xd_shinfo_time(struct xd_vcpu *v, struct xd_vcpu *by)
{
    struct xd_abi_vcpu_time_info now = time_of(v);

    put_time(v, by, &now);
}

void xd_shinfo_refresh(struct xd_vcpu *v)
{
    const struct xd_abi_vcpu_time_info *t = &xd_vcpu_info(v)->time;
    struct xd_abi_vcpu_time_info now;

    if (!xd_vcpu_running(v) || v->domain->dying)
        return;
    now = time_of(v);
    now.version = t->version;
    if (memcmp(t, &now, sizeof(now)) != 0)
        put_time(v, v, &now);
}

/* Odd while the wall clock is written, and in order for who reads on another thread. */
static void put_version(struct xd_domain *d, uint32_t version)
{
    uint32_t *at = &xd_shared_info(d)->wc_version;

    xd_arena_touch(xd_arena_of(d->hv), at, sizeof(*at));
    xd_shared_order();
    __atomic_store_n(at, version, __ATOMIC_RELAXED);
    xd_shared_order();
}

static void put_wallclock(struct xd_domain *d)
{
    struct xd_abi_shared_info *s = xd_shared_info(d);

    const uint64_t sec = d->hv->wc_sec + (uint64_t)d->time_offset;

    XD_PUT(d->hv, s->wc_sec, (uint32_t)sec);
    XD_PUT(d->hv, s->wc_nsec, d->hv->wc_nsec);
    XD_PUT(d->hv, s->wc_sec_hi, (uint32_t)(sec >> 32));
}

void xd_wallclock_tell(struct xd_domain *d)
{
    put_version(d, (xd_shared_info(d)->wc_version + 1) | 1);
    put_wallclock(d);
    put_version(d, xd_shared_info(d)->wc_version + 1);
}

void xd_shinfo_init(struct xd_domain *d)
{
    struct xd_abi_shared_info *s = xd_shared_info(d);

    for (uint32_t id = 0; id < XD_VCPUS_SHARED; id++)
        XD_PUT(d->hv, s->vcpu_info[id].evtchn_upcall_mask, 1);
    XD_PUT(d->hv, s->wc_version, 2);
    put_wallclock(d);
    for (uint32_t id = 0; id < d->vcpus; id++)
        if (!d->vcpu[id].down)
            xd_shinfo_time(&d->vcpu[id], &d->vcpu[id]);
}

void xd_wallclock_set(struct xd_hv *hv, uint64_t secs, uint32_t nsecs, uint64_t at_ns)
{
    const uint64_t epoch_ns = secs * XD_SECOND_NS + nsecs - at_ns;

    XD_PUT(hv, hv->wc_sec, epoch_ns / XD_SECOND_NS);
    XD_PUT(hv, hv->wc_nsec, (uint32_t)(epoch_ns % XD_SECOND_NS));
    for (uint32_t i = 0; i < hv->config.domains_max; i++) {
        struct xd_domain *d = &hv->domain[i];

        if (d->used)
            xd_wallclock_tell(d);
    }
}

/* AS-XEN: vcpu_info_reset */
void xd_info_back(struct xd_vcpu *v)
{
    const bool shared = v->id < XD_VCPUS_SHARED;

    XD_PUT(v->hv, v->info_mfn, shared ? v->domain->shared_info : xd_mfn_of(0));
    XD_PUT(v->hv, v->info_off, shared ? v->id * (uint32_t)sizeof(struct xd_abi_vcpu_info) : 0);
}

void xd_info_release(struct xd_vcpu *v)
{
    if (v->info_moved)
        xd_page_and_type_put(v->hv, v->info_mfn);
    XD_PUT(v->hv, v->info_moved, false);
    xd_info_back(v);
}
