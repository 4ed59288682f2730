/* SPDX-License-Identifier: MIT */
/* policy.c: what CPUID and MSRs are to whom, told in lists: by sysctl and by domctl. */
#include "hv/call/policy.h"

#include "hv/call/call.h"

#define LEAF_BASIC    0u
#define LEAF_FEATURES 7u
#define LEAF_EXTENDED 0x80000000u
#define UNTOLD        UINT32_MAX

/* The list of MSRs, or of leaves of CPUID, to (at), and how many they are; without an address how many there can be. */
static int64_t tell(struct xd_vcpu *v, const struct xd_cpu_policy *p, bool msrs, uint64_t at,
                    uint32_t *nr)
{
    union {
        struct xd_abi_cpuid_leaf leaf;
        struct xd_abi_msr_entry msr;
    } e;
    const size_t size = msrs ? sizeof(e.msr) : sizeof(e.leaf);
    uint32_t n = 0;

    if (!at) {
        *nr = msrs ? XD_POLICY_MSRS : XD_POLICY_LEAVES;
        return 0;
    }
    for (; msrs ? xd_policy_msr(p, n, &e.msr) : xd_policy_nth(p, n, &e.leaf); n++) {
        if (n == *nr)
            return xd_reject(v, XD_WHY_POLICY_ROOM, n);
        if (!xd_copy_out(v, at + n * size, &e, size))
            return xd_reject(v, XD_WHY_COPY_OUT, at + n * size, size);
    }
    *nr = n;
    return 0;
}

int64_t xd_policy_tell_leaves(struct xd_vcpu *v, const struct xd_cpu_policy *p, uint64_t at,
                              uint32_t *nr)
{
    return tell(v, p, false, at, nr);
}

int64_t xd_policy_tell_msrs(struct xd_vcpu *v, const struct xd_cpu_policy *p, uint64_t at,
                            uint32_t *nr)
{
    return tell(v, p, true, at, nr);
}

/* ---- A policy that is brought ---- */

static int64_t wrong_leaf(struct xd_vcpu *v, struct xd_policy_brought *b, enum xd_why why,
                          uint32_t leaf, uint32_t subleaf)
{
    b->err_leaf = leaf;
    b->err_subleaf = subleaf;
    return xd_reject(v, why, leaf, subleaf);
}

static int64_t wrong_msr(struct xd_vcpu *v, struct xd_policy_brought *b, enum xd_why why,
                         const struct xd_abi_msr_entry *e)
{
    b->err_msr = e->idx;
    return xd_reject(v, why, e->idx, e->val, e->flags);
}

static int64_t read_leaves(struct xd_vcpu *v, struct xd_policy_brought *b, struct xd_cpu_policy *p)
{
    if (b->leaves > XD_POLICY_LEAVES)
        return xd_reject(v, XD_WHY_POLICY_LEAVES, b->leaves, XD_POLICY_LEAVES);
    for (uint32_t i = 0; i < b->leaves; i++) {
        const uint64_t at = b->leaves_at + i * sizeof(struct xd_abi_cpuid_leaf);
        struct xd_abi_cpuid_leaf l;

        if (!xd_copy_in(v, &l, at, sizeof(l)))
            return xd_reject(v, XD_WHY_COPY_IN, at, sizeof(l));
        if (!xd_policy_merge(p, &l))
            return wrong_leaf(v, b, XD_WHY_POLICY_LEAF, l.leaf, l.subleaf);
    }
    return 0;
}

static int64_t merge_msr(struct xd_vcpu *v, struct xd_policy_brought *b, struct xd_cpu_policy *p,
                         const struct xd_abi_msr_entry *e)
{
    if (e->flags)
        return wrong_msr(v, b, XD_WHY_POLICY_MSR_FLAGS, e);
    switch (e->idx) {
    case XD_MSR_PLATFORM_INFO:
        if (e->val > UINT32_MAX)
            return wrong_msr(v, b, XD_WHY_POLICY_MSR_VALUE, e);
        p->platform_info = (uint32_t)e->val;
        return 0;
    case XD_MSR_ARCH_CAPABILITIES:
        p->arch_caps[0] = (uint32_t)e->val;
        p->arch_caps[1] = (uint32_t)(e->val >> 32);
        return 0;
    default: return wrong_msr(v, b, XD_WHY_POLICY_MSR, e);
    }
}

static int64_t read_msrs(struct xd_vcpu *v, struct xd_policy_brought *b, struct xd_cpu_policy *p)
{
    int64_t rc = 0;

    if (b->msrs > XD_POLICY_MSRS)
        return xd_reject(v, XD_WHY_POLICY_MSRS, b->msrs, XD_POLICY_MSRS);
    for (uint32_t i = 0; rc == 0 && i < b->msrs; i++) {
        const uint64_t at = b->msrs_at + i * sizeof(struct xd_abi_msr_entry);
        struct xd_abi_msr_entry e;

        if (!xd_copy_in(v, &e, at, sizeof(e)))
            return xd_reject(v, XD_WHY_COPY_IN, at, sizeof(e));
        rc = merge_msr(v, b, p, &e);
    }
    return rc;
}

/* The most is what PV domains can have at all. */
static int64_t compare(struct xd_vcpu *v, struct xd_policy_brought *b,
                       const struct xd_cpu_policy *p)
{
    struct xd_cpu_policy most;

    xd_policy_of_machine(XD_POLICY_PV_MAX, &most);
    if (p->basic[0].a > most.basic[0].a)
        return wrong_leaf(v, b, XD_WHY_POLICY_MORE, LEAF_BASIC, XD_CPUID_NO_SUBLEAF);
    if (p->feat[0].a > most.feat[0].a)
        return wrong_leaf(v, b, XD_WHY_POLICY_MORE, LEAF_FEATURES, 0);
    if (p->extd[0].a > most.extd[0].a)
        return wrong_leaf(v, b, XD_WHY_POLICY_MORE, LEAF_EXTENDED, XD_CPUID_NO_SUBLEAF);
    if (p->platform_info & ~most.platform_info) {
        b->err_msr = XD_MSR_PLATFORM_INFO;
        return xd_reject(v, XD_WHY_POLICY_MSR_MORE, XD_MSR_PLATFORM_INFO, p->platform_info);
    }
    return 0;
}

int64_t xd_policy_take(struct xd_vcpu *v, struct xd_policy_brought *b, struct xd_cpu_policy *p)
{
    int64_t rc;

    b->err_leaf = b->err_subleaf = b->err_msr = UNTOLD;
    rc = read_leaves(v, b, p);
    if (rc == 0)
        rc = read_msrs(v, b, p);
    if (rc)
        return rc;
    xd_policy_trim(p);
    rc = compare(v, b, p);
    if (rc == 0)
        xd_policy_remake(p);
    return rc;
}
