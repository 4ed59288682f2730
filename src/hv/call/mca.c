/* SPDX-License-Identifier: MIT */
/*
 * mca.c: mca: a machine that never has a machine check of its own, and what can be put into its one processor and raised there.
 *
 * AS-XEN: mca_cap_init: the set of banks that Xen looks at is empty, so it finds no error, whatever was put into them; only the
 * register that all banks share makes a difference when a check is raised.
 */
#include "hv/call/sysctl.h"
#include "hv/evtchn.h"

#include "hv/cpupolicy.h"

#include <string.h>

#define HC_MCA 48u

enum { FETCH = 1, PHYSCPUINFO = 3, MSRINJECT, MCEINJECT, INJECT_V2 };
#define VERSION 0x01ecc003u
#define QUEUES  3u /* non-urgent 1, urgent 2 */
#define ACK     4u
#define NODATA  2u
#define CPUS    1u

static int64_t answer(struct xd_vcpu *v, uint64_t at, const struct xd_abi_mc *op)
{
    return xd_copy_out(v, at, op, sizeof(*op)) ? 0 : xd_reject(v, XD_WHY_COPY_OUT, at, sizeof(*op));
}

static int64_t fetch(struct xd_vcpu *v, uint64_t at, struct xd_abi_mc *op)
{
    uint32_t queue = op->u.fetch.flags & QUEUES;

    if (queue == 0 || queue == QUEUES)
        return xd_reject(v, XD_WHY_MCA_FLAGS, op->u.fetch.flags);
    if (op->u.fetch.flags & ACK)
        return 0;
    if (!op->u.fetch.data)
        return xd_reject(v, XD_WHY_MCA_BUFFER);
    op->u.fetch.flags = NODATA;
    op->u.fetch.fetch_id = 0;
    return answer(v, at, op);
}

/* ---- The processor ---- */

#define AMD             2u
#define CACHE_SIZE      0x4000u
#define CACHE_ALIGNMENT 0x40u
#define MSR_MCG_CAP     0x179u
#define MCG_CAP         UINT64_C(0x0100010a)
#define BANKS           10u

/* Family, model and stepping stand in 1.EAX, as AMD has them. */
static struct xd_abi_mc_cpu processor(void)
{
    const struct xd_abi_cpuid_leaf vendor = xd_policy_leaf(XD_POLICY_RAW, 0, XD_CPUID_NO_SUBLEAF),
                                   signature =
                                       xd_policy_leaf(XD_POLICY_RAW, 1, XD_CPUID_NO_SUBLEAF);
    struct xd_abi_mc_cpu cpu = {.ncores = 1,
                                .ncores_active = 1,
                                .nthreads = 1,
                                .cpuid_level = (int32_t)vendor.a,
                                .family = (signature.a >> 8 & 0xf) + (signature.a >> 20 & 0xff),
                                .vendor = AMD,
                                .model = (signature.a >> 4 & 0xf) | (signature.a >> 12 & 0xf0),
                                .step = signature.a & 0xf,
                                .cache_size = CACHE_SIZE,
                                .cache_alignment = CACHE_ALIGNMENT,
                                .nmsrvals = 1,
                                .msr = {{MSR_MCG_CAP, MCG_CAP}}};
    uint32_t cap[XD_HW_CAP_WORDS];

    memcpy(cpu.vendorid, &vendor.b, 4);
    memcpy(cpu.vendorid + 4, &vendor.d, 4);
    memcpy(cpu.vendorid + 8, &vendor.c, 4);
    for (uint32_t i = 0; i < 3; i++) {
        const struct xd_abi_cpuid_leaf name =
            xd_policy_leaf(XD_POLICY_RAW, 0x80000002u + i, XD_CPUID_NO_SUBLEAF);

        memcpy(cpu.brandid + 16 * i, &name.a, 16);
    }
    xd_policy_hw_cap(cap);
    memcpy(cpu.cpu_caps, cap, sizeof(cpu.cpu_caps));
    return cpu;
}

/* AS-XEN: do_mca: a number that is negative as an int is too much to set room aside for. */
static int64_t physcpuinfo(struct xd_vcpu *v, uint64_t at, struct xd_abi_mc *op)
{
    const struct xd_abi_mc_cpu cpu = processor();
    const uint64_t info = op->u.physcpuinfo.info;
    int64_t rc = 0;

    if (info) {
        if (op->u.physcpuinfo.ncpus == 0)
            return xd_reject(v, XD_WHY_MCA_COUNT);
        if (op->u.physcpuinfo.ncpus > INT32_MAX)
            return xd_reject(v, XD_WHY_MCA_MANY, op->u.physcpuinfo.ncpus);
        if (!xd_copy_out(v, info, &cpu, sizeof(cpu)))
            rc = xd_reject(v, XD_WHY_COPY_OUT, info, sizeof(cpu));
    }
    op->u.physcpuinfo.ncpus = CPUS;
    return answer(v, at, op) ? xd_reject(v, XD_WHY_COPY_OUT, at, sizeof(*op)) : rc;
}

/* ---- Injection ---- */

#define MSR_MC0_CTL    0x400u
#define MSR_MCG_STATUS 0x17au
#define VIRQ_MCA       16u
#define F_INTERPOSE    1u
#define F_GPADDR       2u
#define MSRS_MAX       8u

/* A bank's registers but the one that enables it, and the status of all. */
static bool can_inject(uint64_t msr)
{
    return msr == MSR_MCG_STATUS ||
           (msr >= MSR_MC0_CTL && msr < MSR_MC0_CTL + 4 * BANKS && (msr - MSR_MC0_CTL) % 4);
}

/* A value that is interposed is read in place of the register's, until Xen writes there. */
static void inject(struct xd_hv *hv, const struct xd_abi_mc_msr *msr, bool pose)
{
    if (msr->reg != MSR_MCG_STATUS)
        return;
    if (pose) {
        XD_PUT(hv, hv->mcg_posed, msr->value);
        XD_PUT(hv, hv->mcg_is_posed, true);
    } else {
        XD_PUT(hv, hv->mcg_status, msr->value);
    }
}

static int64_t msrinject(struct xd_vcpu *v, const struct xd_abi_mc *op)
{
    const uint32_t nr = op->u.msrinject.count;

    if (op->u.msrinject.cpunr >= CPUS)
        return xd_reject(v, XD_WHY_NO_CPU, op->u.msrinject.cpunr);
    if (nr == 0)
        return 0;
    if (op->u.msrinject.flags & F_GPADDR && !xd_domain_any_id(v, op->u.msrinject.domid))
        return xd_reject(v, XD_WHY_MCA_DOMAIN, op->u.msrinject.domid);
    if (nr > MSRS_MAX) /* AS-XEN: do_mca goes on behind the end of its copy */
        return xd_reject(v, XD_WHY_MCA_MSR_COUNT, nr, MSRS_MAX);
    for (uint32_t i = 0; i < nr; i++)
        if (!can_inject(op->u.msrinject.msr[i].reg))
            return xd_reject(v, XD_WHY_MCA_MSR, op->u.msrinject.msr[i].reg);
    for (uint32_t i = 0; i < nr; i++)
        inject(v->hv, &op->u.msrinject.msr[i], op->u.msrinject.flags & F_INTERPOSE);
    return 0;
}

#define IN_PROGRESS UINT64_C(4)
#define LOCAL       UINT64_C(8)

/*
 * AS-XEN: mcheck_cmn_handler, mce_softirq: who is told is whoever handles the VIRQ, if the hardware domain has bound it. A check that
 * is said to be one processor's alone ends the machine, since Xen finds no error there.
 */
static int64_t raise(struct xd_vcpu *v, uint32_t cmd)
{
    struct xd_hv *hv = v->hv;
    const uint64_t status = hv->mcg_is_posed ? hv->mcg_posed : hv->mcg_status;
    const struct xd_domain *d = xd_hardware_domain(hv);

    if (status & LOCAL)
        return xd_reject(v, XD_WHY_XEN_ENDS, HC_MCA, cmd);
    if (status & IN_PROGRESS && hv->mcg_is_posed)
        XD_PUT(hv, hv->mcg_is_posed, false);
    else if (status & IN_PROGRESS)
        XD_PUT(hv, hv->mcg_status, 0);
    if (d && d->vcpu[0].virq_port[VIRQ_MCA])
        xd_virq_send_global(hv, VIRQ_MCA);
    return 0;
}

static int64_t mceinject(struct xd_vcpu *v, const struct xd_abi_mc *op)
{
    return op->u.mceinject.cpunr < CPUS ? raise(v, MCEINJECT)
                                        : xd_reject(v, XD_WHY_NO_CPU, op->u.mceinject.cpunr);
}

#define TYPES     7u
#define TYPE_MCE  0u
#define BROADCAST 8u

/* Corrected errors by interrupt and local machine checks are not for the processors of this vendor. */
static int64_t inject_v2(struct xd_vcpu *v, const struct xd_abi_mc *op)
{
    const uint32_t flags = op->u.inject.flags;
    bool cpu0 = true;
    int64_t rc = flags & BROADCAST ? 0 : xd_cpus_in(v, &op->u.inject.cpumap, &cpu0);

    if (rc)
        return rc;
    if (!cpu0)
        return xd_reject(v, XD_WHY_MCA_NO_CPUS);
    return (flags & TYPES) == TYPE_MCE ? raise(v, INJECT_V2)
                                       : xd_reject(v, XD_WHY_MCA_TYPE, flags & TYPES);
}

int64_t xd_hc_mca(struct xd_vcpu *v, const struct xd_args_mca *arg)
{
    struct xd_abi_mc op;

    if (!v->domain->privileged)
        return xd_reject(v, XD_WHY_CONTROL_ONLY, HC_MCA, v->domain->domid);
    if (!xd_copy_in(v, &op, arg->op, sizeof(op)))
        return xd_reject(v, XD_WHY_COPY_IN, arg->op, sizeof(op));
    if (op.interface_version != VERSION)
        return xd_reject(v, XD_WHY_CONTROL_VERSION, HC_MCA, op.interface_version, VERSION);
    switch (op.cmd) {
    case FETCH: return fetch(v, arg->op, &op);
    case PHYSCPUINFO: return physcpuinfo(v, arg->op, &op);
    case MSRINJECT: return msrinject(v, &op);
    case MCEINJECT: return mceinject(v, &op);
    case INJECT_V2: return inject_v2(v, &op);
    default: return xd_reject(v, XD_WHY_MCA_CMD, op.cmd);
    }
}
