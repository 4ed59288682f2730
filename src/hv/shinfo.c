/* SPDX-License-Identifier: MIT */
/*
 * shinfo.c: masks and clocks in shared_info.
 *
 * The virtual TSC counts cpu_khz from system time 0, so it needs no state of its own.
 */
#include "hv/shinfo.h"

#include "hv/pagetype.h"

/* Multiplier and shift that turn TSC ticks into ns. AS-XEN: set_time_scale */
static void time_scale(uint64_t hz, uint32_t *mul, int8_t *shift)
{
    const uint64_t ghz = UINT64_C(1000000000);

    for (*shift = 0; hz > 2 * ghz; hz >>= 1)
        --*shift;
    for (; hz <= ghz; hz <<= 1)
        ++*shift;
    *mul = (uint32_t)((ghz << 32) / hz);
}

static uint64_t tsc_at(const struct xd_hv *hv, uint64_t ns)
{
    return ns / 1000000 * hv->config.cpu_khz + ns % 1000000 * hv->config.cpu_khz / 1000000;
}

void xd_shinfo_time(struct xd_vcpu *v)
{
    struct xd_abi_vcpu_time_info *t = &xd_vcpu_info(v)->time, now = *t;

    now.version =
        ((now.version + 1) | 1) + 1; /* odd while it is written, which nobody can see here */
    now.tsc_timestamp = tsc_at(v->hv, v->hv->now_ns);
    now.system_time = v->hv->now_ns;
    time_scale(v->hv->config.cpu_khz * 1000, &now.tsc_to_system_mul, &now.tsc_shift);
    now.flags = 0;
    XD_PUT(v->hv, *t, now);
}

void xd_shinfo_init(struct xd_domain *d)
{
    struct xd_abi_shared_info *s = xd_shared_info(d);

    for (uint32_t id = 0; id < XD_VCPUS; id++)
        XD_PUT(d->hv, s->vcpu_info[id].evtchn_upcall_mask, 1);
    XD_PUT(d->hv, s->wc_version, 2); /* wall clock: system time 0 was the epoch */
    for (uint32_t id = 0; id < d->vcpus; id++)
        if (!d->vcpu[id].down)
            xd_shinfo_time(&d->vcpu[id]);
}

void xd_info_release(struct xd_vcpu *v)
{
    if (v->info_moved)
        xd_page_and_type_put(v->hv, v->info_mfn);
    XD_PUT(v->hv, v->info_moved, false);
    XD_PUT(v->hv, v->info_mfn, v->domain->shared_info);
    XD_PUT(v->hv, v->info_off, v->id * (uint32_t)sizeof(struct xd_abi_vcpu_info));
}
