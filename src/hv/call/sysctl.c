/* SPDX-License-Identifier: MIT */
/*
 * sysctl.c: sysctl: who may, which commands there are, and those about Xen's console, tracing and domains. What they
 * tell of the machine stands in sysctl_machine.c, power in sysctl_power.c, pools of processors in sysctl_pool.c.
 *
 * Xen's own messages are not written here, so the ring that readconsole reads is empty.
 */
#include "hv/call/sysctl.h"

#include "hv/call/domctl.h"
#include "hv/evtchn.h"
#include "hv/sched.h"
#include "hv/tbuf.h"

#define VERSION    0x15u
#define CREDIT2    6u
#define VIRQ_DEBUG 1u

static int64_t readconsole(struct xd_sysctl *c)
{
    c->op.u.readconsole.count = 0;
    c->op.u.readconsole.index = 0;
    return 0;
}

/* ---- Trace buffers, of which there are none until their size is set ---- */

enum { TBUF_INFO, TBUF_CPU_MASK, TBUF_EVENT_MASK, TBUF_SET_SIZE, TBUF_ENABLE, TBUF_DISABLE };

/* AS-XEN: tb_set_size, alloc_trace_bufs: the size is said once, and what is too much becomes as much as can be. */
static int64_t tbuf_make(struct xd_sysctl *c)
{
    const uint32_t pages = c->op.u.tbuf.size, now = c->v->hv->trace_pages;

    if (now && pages != now)
        return xd_reject(c->v, XD_WHY_TBUF_RESIZE, now, pages);
    if (now)
        return xd_reject(c->v, XD_WHY_TBUF_BUSY, now);
    if (!pages)
        return xd_reject(c->v, XD_WHY_TBUF_SIZE);
    return xd_tbuf_make(c->v->hv, pages) ? 0 : xd_reject(c->v, XD_WHY_TBUF_NO_MEMORY, pages);
}

/* DIFFERS: nothing is traced, whatever the masks are. */
static int64_t tbuf(struct xd_sysctl *c)
{
    struct xd_hv *hv = c->v->hv;
    bool cpu0;

    switch (c->op.u.tbuf.cmd) {
    case TBUF_INFO:
        c->op.u.tbuf.evt_mask = hv->trace_mask;
        c->op.u.tbuf.buffer_mfn = hv->trace_info.v;
        c->op.u.tbuf.size = hv->trace_info_pages * (uint32_t)XD_PAGE_SIZE;
        return 0;
    case TBUF_CPU_MASK: return xd_cpus_in(c->v, &c->op.u.tbuf.cpu_mask, &cpu0);
    case TBUF_EVENT_MASK: XD_PUT(c->v->hv, c->v->hv->trace_mask, c->op.u.tbuf.evt_mask); return 0;
    case TBUF_SET_SIZE: return tbuf_make(c);
    case TBUF_ENABLE: return hv->trace_pages ? 0 : xd_reject(c->v, XD_WHY_TBUF_NONE);
    case TBUF_DISABLE: return 0;
    default: return xd_reject(c->v, XD_WHY_TBUF_CMD, c->op.u.tbuf.cmd);
    }
}

static int64_t sched_id(struct xd_sysctl *c)
{
    c->op.u.sched_id.sched_id = CREDIT2;
    return 0;
}

/* ---- Domains ---- */

static int64_t getdomaininfolist(struct xd_sysctl *c)
{
    const struct xd_domain *d = xd_domain_from(c->v->hv, c->op.u.domains.first_domain);
    uint32_t told = 0;

    for (; d && told < c->op.u.domains.max_domains; told++) {
        struct xd_abi_domctl_info info;
        int64_t rc;

        xd_domain_info(d, &info);
        rc = xd_sysctl_write(c, c->op.u.domains.buffer + told * sizeof(info), &info, sizeof(info));
        if (rc)
            return rc;
        d = xd_domain_from(c->v->hv, d->domid + 1u);
    }
    c->op.u.domains.num_domains = told;
    return 0;
}

/* ---- Keys of Xen's console. Most only write to it, or change what is written there. ---- */

#define NMI_UNKNOWN 2 /* bit of nmi_reason */

/* AS-XEN: dump_domains: all vCPUs are told to do the same. */
static void debug_everybody(struct xd_hv *hv)
{
    for (uint32_t i = 0; i < hv->config.domains_max; i++)
        for (uint32_t id = 0; hv->domain[i].used && id < hv->domain[i].vcpus; id++)
            xd_virq_send_vcpu(&hv->domain[i].vcpu[id], VIRQ_DEBUG);
}

/* AS-XEN: do_nmi_trigger: an NMI that nobody knows the reason of is the hardware domain's. */
static void unknown_nmi(struct xd_hv *hv)
{
    struct xd_domain *d = xd_hardware_domain(hv);
    struct xd_abi_shared_info *info;

    if (!d)
        return;
    info = xd_shared_info(d);
    XD_PUT(hv, info->nmi_reason, info->nmi_reason | UINT64_C(1) << NMI_UNKNOWN);
    if (d->vcpu[0].nmi_pending)
        return;
    XD_PUT(hv, d->vcpu[0].nmi_pending, true);
    xd_vcpu_kick(&d->vcpu[0]);
}

static int64_t debug_keys(struct xd_sysctl *c)
{
    c->copyback = XD_COPYBACK_NEVER;
    for (uint32_t i = 0; i < c->op.u.debug_keys.nr_keys; i++) {
        char key;
        int64_t rc = xd_sysctl_read(c, &key, c->op.u.debug_keys.keys + i, 1);

        if (rc)
            return rc;
        if (i == XD_LIST_MAX)
            return xd_sysctl_not_modelled(c, c->op.cmd);
        switch (key) {
        case 'q':
        case '*': debug_everybody(c->v->hv); break;
        case 'N': unknown_nmi(c->v->hv); break;
        case 'R': XD_PUT(c->v->hv, c->v->hv->off, true); return 0; /* boots the machine anew */
        default: break;
        }
    }
    return 0;
}

/* ---- What this processor or this build has not ---- */

/* AS-XEN: do_sysctl: copied back though it is refused. */
static int64_t coverage(struct xd_sysctl *c)
{
    c->copyback = XD_COPYBACK_ALWAYS;
    return xd_reject(c->v, XD_WHY_COVERAGE_NONE);
}

static int64_t psr_cmt(struct xd_sysctl *c)
{
    return xd_reject(c->v, XD_WHY_PSR_NONE);
}

static int64_t psr_alloc(struct xd_sysctl *c)
{
    return c->op.u.psr_alloc.cmd < 3 ? xd_reject(c->v, XD_WHY_PSR_NONE)
                                     : xd_reject(c->v, XD_WHY_PSR_CMD, c->op.u.psr_alloc.cmd);
}

/* ---- All of them ---- */

/* By command; counters of performance and locks (5, 15) are not built in. */
static xd_sysctl_fn *const run[] = {
    [1] = readconsole,
    [2] = tbuf,
    [3] = xd_sysctl_physinfo,
    [4] = sched_id,
    [6] = getdomaininfolist,
    [7] = debug_keys,
    [8] = xd_sysctl_cpuinfo,
    [9] = xd_sysctl_availheap,
    [10] = xd_sysctl_pmstat,
    [11] = xd_sysctl_hotplug,
    [12] = xd_sysctl_pm,
    [14] = xd_sysctl_offline,
    [16] = xd_sysctl_cputopo,
    [17] = xd_sysctl_numainfo,
    [18] = xd_sysctl_pool,
    [19] = xd_sysctl_scheduler,
    [20] = coverage,
    [21] = psr_cmt,
    [22] = xd_sysctl_pcitopo,
    [23] = psr_alloc,
    [25] = xd_sysctl_levelling,
    [26] = xd_sysctl_featureset,
    [27] = xd_sysctl_livepatch,
    [29] = xd_sysctl_policy,
};

int64_t xd_hc_sysctl(struct xd_vcpu *v, const struct xd_args_sysctl *arg)
{
    struct xd_sysctl c = {.v = v, .at = arg->op};
    int64_t rc;

    if (!xd_copy_in(v, &c.op, arg->op, sizeof(c.op)))
        return xd_reject(v, XD_WHY_COPY_IN, arg->op, sizeof(c.op));
    if (c.op.interface_version != VERSION)
        return xd_reject(v, XD_WHY_CONTROL_VERSION, XD_HC_SYSCTL, c.op.interface_version, VERSION);
    if (!v->domain->privileged)
        return xd_reject(v, XD_WHY_CONTROL_ONLY, XD_HC_SYSCTL, v->domain->domid);
    if (c.op.cmd >= XD_ARRAY_SIZE(run) || !run[c.op.cmd])
        return xd_reject(v, XD_WHY_OP_UNKNOWN, c.op.cmd);
    rc = run[c.op.cmd](&c);
    if (c.copyback == XD_COPYBACK_NEVER || (rc && c.copyback == XD_COPYBACK_DONE))
        return rc;
    return xd_copy_out(v, arg->op, &c.op, sizeof(c.op))
               ? rc
               : xd_reject(v, XD_WHY_COPY_OUT, arg->op, sizeof(c.op));
}
