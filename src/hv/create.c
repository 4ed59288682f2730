/* SPDX-License-Identifier: MIT */
/* create.c: see create.h. */
#include "hv/create.h"

#include "hv/evtchn.h"
#include "hv/frame.h"
#include "hv/pagetype.h"
#include "hv/pt.h"
#include "hv/sched.h"
#include "hv/shinfo.h"
#include "hv/tsc.h"

#define DR6_RESET 0xffff0ff0u
#define DR7_RESET 0x400u

struct xd_domain *xd_domain_slot(struct xd_hv *hv)
{
    for (uint32_t i = 0; i < hv->config.domains_max; i++)
        if (!hv->domain[i].used)
            return &hv->domain[i];
    return NULL;
}

void xd_domain_make(struct xd_hv *hv, struct xd_domain *d, const struct xd_newborn *as)
{
    xd_mfn shared;
    bool found;

    XD_PUT(hv, d->hv, hv);
    XD_PUT(hv, d->domid, as->domid);
    XD_PUT(hv, d->used, true);
    XD_PUT(hv, d->hardware, as->hardware);
    XD_PUT(hv, d->vcpus_max, as->vcpus);
    XD_PUT(hv, d->port_max, as->port_max);
    xd_arena_write(xd_arena_of(hv), d->handle, as->handle, sizeof(d->handle));
    XD_PUT(hv, d->shutdown_code, -1);
    XD_PUT(hv, d->weight, XD_WEIGHT_DEFAULT);
    XD_PUT(hv, d->nodes, XD_NODES_ALL);
    xd_tsc_set(d, XD_TSC_DEFAULT, 0, 0, 0);
    XD_PUT(hv, d->perdomain, xd_perdomain_of(d));
    XD_PUT(hv, d->l1_disallowed, xd_l1_disallowed(d));
    xd_evtchn_init(d);
    found = xd_frame_alloc_xen(hv, as->domid, &shared);
    XD_INVARIANT(hv, found);
    XD_PUT(hv, d->shared_info, shared);
}

void xd_vcpu_make(struct xd_domain *d, uint32_t id, bool up)
{
    struct xd_hv *hv = d->hv;
    struct xd_vcpu *v = &d->vcpu[id];

    XD_PUT(hv, v->hv, hv);
    XD_PUT(hv, v->domain, d);
    XD_PUT(hv, v->id, id);
    XD_PUT(hv, v->down, !up);
    XD_PUT(hv, v->initialised, up);
    XD_PUT(hv, v->paused, d->pauses || d->dying);
    XD_PUT(hv, v->paused_for_shutdown, d->shutting_down);
    XD_PUT(hv, v->kernel_mode, true);
    XD_PUT(hv, v->dr6, DR6_RESET);
    XD_PUT(hv, v->dr7, DR7_RESET);
    XD_PUT(hv, v->period_ns, XD_TICK_NS);
    XD_PUT(hv, v->tick_ns, up ? hv->now_ns : 0); /* its first: when it comes to run */
    xd_runstate_init(v);
    xd_given_init(v);
    xd_info_back(v);
}

void xd_domain_make_vcpus(struct xd_domain *d)
{
    for (uint32_t id = d->vcpus; id < d->vcpus_max; id++)
        xd_vcpu_make(d, id, false);
    XD_PUT(d->hv, d->vcpus, d->vcpus_max);
    xd_domain_nodes_follow(d);
}

void xd_domain_nodes_follow(struct xd_domain *d)
{
    if (d->vcpus && !d->nodes_said)
        XD_PUT(d->hv, d->nodes, XD_NODES);
}
