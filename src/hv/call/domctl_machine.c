/* SPDX-License-Identifier: MIT */
/*
 * domctl_machine.c: domctl: what depends on the machine: devices behind an IOMMU, nodes of memory, cache monitoring, the
 * TSC, other sizes of addresses; and what is for HVM domains only.
 */
#include "hv/call/domctl.h"
#include "hv/call/policy.h"

#include "hv/create.h"
#include "hv/sched.h"
#include "hv/tsc.h"

#define HVM_SAVE   33u
#define ADDRESS_64 64u
#define ADDRESS_32 32u

enum { PSR_COMMANDS = 10 };

/* AS-XEN: iommu_do_domctl */
static int64_t device(struct xd_domctl *c)
{
    return xd_reject(c->v, XD_WHY_DOMCTL_NO_IOMMU);
}

/* ---- Nodes of memory: there is one ---- */

/*
 * AS-XEN: domain_set_node_affinity: all of them means those of where its vCPUs may run, and that is looked at when it has
 * some; others that there are not are kept.
 */
static int64_t setnodeaffinity(struct xd_domctl *c)
{
    uint64_t nodes;
    int64_t rc =
        xd_bits_in(c->v, &c->op.u.nodeaffinity.nodes, (unsigned char *)&nodes, sizeof(nodes));

    if (rc)
        return rc;
    if (!(nodes & XD_NODES))
        return xd_reject(c->v, XD_WHY_DOMCTL_NODES, c->d->domid);
    XD_PUT(c->v->hv, c->d->nodes_said, nodes != XD_NODES_ALL);
    if (c->d->nodes_said)
        XD_PUT(c->v->hv, c->d->nodes, nodes);
    else
        xd_domain_nodes_follow(c->d);
    return 0;
}

static int64_t getnodeaffinity(struct xd_domctl *c)
{
    return xd_bits_out(c->v, &c->op.u.nodeaffinity.nodes, (const unsigned char *)&c->d->nodes,
                       sizeof(c->d->nodes));
}

/* ---- The processor ---- */

/* AS-XEN: psr_cmt_enabled, get_socket_info: no such processor */
static int64_t psr_cmt_op(struct xd_domctl *c)
{
    return xd_reject(c->v, XD_WHY_DOMCTL_NO_PSR);
}

/* What was not found is stored as the answer all the same, so that is not told. */
static int64_t psr_alloc(struct xd_domctl *c)
{
    return c->op.u.psr_alloc.cmd < PSR_COMMANDS
               ? xd_reject(c->v, XD_WHY_DOMCTL_NO_PSR)
               : xd_reject(c->v, XD_WHY_DOMCTL_PSR_CMD, c->op.u.psr_alloc.cmd);
}

/* Dom0 has no more than others here. AS-XEN: arch_do_domctl: the struct goes back if all could be told. */
static int64_t get_cpu_policy(struct xd_domctl *c)
{
    struct xd_cpu_policy p;
    int64_t rc;

    xd_policy_of_domain(c->d, &p);
    rc = xd_policy_tell_leaves(c->v, &p, c->op.u.cpu_policy.leaves, &c->op.u.cpu_policy.nr_leaves);
    if (rc == 0)
        rc = xd_policy_tell_msrs(c->v, &p, c->op.u.cpu_policy.msrs, &c->op.u.cpu_policy.nr_msrs);
    c->copyback = rc == 0;
    return rc;
}

/* It can be another while the domain is being made. */
static int64_t set_cpu_policy(struct xd_domctl *c)
{
    struct xd_policy_brought b = {.leaves_at = c->op.u.cpu_policy.leaves,
                                  .msrs_at = c->op.u.cpu_policy.msrs,
                                  .leaves = c->op.u.cpu_policy.nr_leaves,
                                  .msrs = c->op.u.cpu_policy.nr_msrs};
    struct xd_cpu_policy next;
    int64_t rc = xd_domctl_not_self(c);

    if (rc)
        return rc;
    if (c->d->finished)
        return xd_reject(c->v, XD_WHY_DOMCTL_POLICY_LATE, c->d->domid);
    xd_policy_of_domain(c->d, &next);
    rc = xd_policy_take(c->v, &b, &next);
    if (rc == 0) {
        next.own = true;
        XD_PUT(c->v->hv, c->d->policy, next);
        return 0;
    }
    c->op.u.cpu_policy.err_leaf = b.err_leaf;
    c->op.u.cpu_policy.err_subleaf = b.err_subleaf;
    c->op.u.cpu_policy.err_msr = b.err_msr;
    c->copyback = true;
    return rc;
}

/* ---- The TSC ---- */

static int64_t gettscinfo(struct xd_domctl *c)
{
    int64_t rc = xd_domctl_not_self(c);

    if (rc)
        return rc;
    c->op.u.tsc_info.tsc_mode = c->d->tsc_mode;
    c->op.u.tsc_info.incarnation = c->d->tsc_incarnation;
    c->op.u.tsc_info.elapsed_nsec = xd_tsc_elapsed(c->d, &c->op.u.tsc_info.gtsc_khz);
    c->copyback = true;
    return 0;
}

/* AS-XEN: do_domctl: the domain stands still meanwhile, and its clocks are told anew when it goes on. */
static int64_t settscinfo(struct xd_domctl *c)
{
    const uint32_t mode = c->op.u.tsc_info.tsc_mode;
    int64_t rc = xd_domctl_not_self(c);

    if (rc)
        return rc;
    if (mode > XD_TSC_NATIVE && !c->d->hardware)
        return xd_reject(c->v, XD_WHY_DOMCTL_TSC_MODE, mode);
    xd_tsc_set(c->d, mode, c->op.u.tsc_info.elapsed_nsec, c->op.u.tsc_info.gtsc_khz,
               c->op.u.tsc_info.incarnation);
    xd_domain_repause(c->d);
    return 0;
}

/* ---- 32-bit PV domains are not built in ---- */

static int64_t set_address_size(struct xd_domctl *c)
{
    switch (c->op.u.address_size.size) {
    case ADDRESS_64: return 0;
    case ADDRESS_32: return xd_reject(c->v, XD_WHY_DOMCTL_PV32, c->d->domid);
    default: return xd_reject(c->v, XD_WHY_DOMCTL_ADDRESS_SIZE, c->op.u.address_size.size);
    }
}

static int64_t get_address_size(struct xd_domctl *c)
{
    c->op.u.address_size.size = ADDRESS_64;
    c->copyback = true;
    return 0;
}

/* ---- HVM domains ---- */

/* AS-XEN: arch_do_domctl: gethvmcontext copies back in any case. */
static int64_t hvmcontext(struct xd_domctl *c)
{
    c->copyback = c->op.cmd == HVM_SAVE;
    return c->d == c->v->domain ? xd_reject(c->v, XD_WHY_DOMCTL_SELF, c->d->domid)
                                : xd_reject(c->v, XD_WHY_DOMCTL_HVM_CONTEXT, c->d->domid);
}

/* AS-XEN: do_vmtrace_op: a domain without a buffer, as all PV ones are. */
static int64_t vmtrace_op(struct xd_domctl *c)
{
    return xd_reject(c->v, XD_WHY_DOMCTL_NO_TRACE, c->d->domid);
}

const struct xd_domctl_row xd_domctl_machine[] = {
    {HVM_SAVE, hvmcontext}, {34, hvmcontext}, {35, set_address_size}, {36, get_address_size},
    {37, device},           {45, device},     {47, device},           {55, hvmcontext},
    {59, gettscinfo},       {60, settscinfo}, {68, setnodeaffinity},  {69, getnodeaffinity},
    {75, psr_cmt_op},       {78, psr_alloc},  {82, get_cpu_policy},   {83, set_cpu_policy},
    {84, vmtrace_op},       {0, NULL},
};
