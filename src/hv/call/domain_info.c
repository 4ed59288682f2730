/* SPDX-License-Identifier: MIT */
/* domain_info.c: what domctl and sysctl tell of a domain. */
#include "hv/call/domctl.h"

#include "hv/sched.h"

#define NO_VCPU           UINT32_MAX
#define GPADDR_BITS       40 /* the machine's: see DIFFERENCES.md 14 */
#define DOMINF_DYING      0x01u
#define DOMINF_SHUTDOWN   0x04u
#define DOMINF_PAUSED     0x08u
#define DOMINF_BLOCKED    0x10u
#define DOMINF_RUNNING    0x20u
#define DOMINF_DEBUGGED   0x40u
#define DOMINF_XENSTORE   0x80u
#define DOMINF_CODE_SHIFT 16
#define EMULATION_PIT     0x100u

struct xd_domain *xd_domain_from(struct xd_hv *hv, uint32_t domid)
{
    struct xd_domain *next = NULL;

    for (uint32_t i = 0; i < hv->config.domains_max; i++) {
        struct xd_domain *d = &hv->domain[i];

        if (d->used && d->domid >= domid && (!next || d->domid < next->domid))
            next = d;
    }
    return next;
}

/* AS-XEN: getdomaininfo: the domain is blocked if all that are up are, and runs if any does. */
static void tell_vcpus(const struct xd_domain *d, struct xd_abi_domctl_info *info)
{
    uint32_t flags = DOMINF_BLOCKED;

    info->max_vcpu_id = NO_VCPU;
    for (uint32_t id = 0; id < d->vcpus; id++) {
        const struct xd_vcpu *v = &d->vcpu[id];
        struct xd_abi_vcpu_runstate_info time;

        xd_runstate_get(v, &time);
        info->cpu_time += time.time[0];
        info->max_vcpu_id = id;
        if (!xd_vcpu_is_up(v))
            continue;
        info->nr_online_vcpus++;
        if (!v->blocked)
            flags &= ~DOMINF_BLOCKED;
        if (xd_vcpu_running(v))
            flags |= DOMINF_RUNNING;
    }
    info->flags = info->nr_online_vcpus ? flags : 0;
}

/* The code of a domain that did not shut down is -1, and stands in its bits all the same. */
void xd_domain_info(const struct xd_domain *d, struct xd_abi_domctl_info *info)
{
    *info = (struct xd_abi_domctl_info){.domain = d->domid,
                                        .tot_pages = d->pages,
                                        .max_pages = d->pages_max,
                                        .outstanding_pages = d->claimed,
                                        .shared_info_frame = d->shared_info.v,
                                        .gpaddr_bits = GPADDR_BITS,
                                        .emulation_flags = d->pit ? EMULATION_PIT : 0};
    __builtin_memcpy(info->handle, d->handle, sizeof(info->handle));
    tell_vcpus(d, info);
    info->flags |= (d->dead ? DOMINF_DYING : 0) | (d->shut_down ? DOMINF_SHUTDOWN : 0) |
                   (d->pauses ? DOMINF_PAUSED : 0) | (d->debugged ? DOMINF_DEBUGGED : 0) |
                   (d->xenstore ? DOMINF_XENSTORE : 0) |
                   (uint32_t)d->shutdown_code << DOMINF_CODE_SHIFT;
}
