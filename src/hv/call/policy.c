/* SPDX-License-Identifier: MIT */
/* policy.c: what CPUID and MSRs are to whom, told in lists: by sysctl and by domctl. */
#include "hv/call/policy.h"

#include "hv/call/call.h"

#define LEAF_BASIC        0u
#define LEAF_FEATURES     7u
#define LEAF_HV           0x40000000u
#define LEAF_XEN          0x40000100u
#define LEAF_EXTENDED     0x80000000u
#define MSR_PLATFORM_INFO 0xceu
#define UNTOLD            UINT32_MAX

/* The list of MSRs, or of leaves of CPUID, to (at), and how many they are; without an address how many there can be. */
static int64_t tell(struct xd_vcpu *v, enum xd_policy policy, bool msrs, uint64_t at, uint32_t *nr)
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
    for (; msrs ? xd_policy_msr(n, &e.msr) : xd_policy_nth(policy, n, &e.leaf); n++) {
        if (n == *nr)
            return xd_reject(v, XD_WHY_POLICY_ROOM, n);
        if (!xd_copy_out(v, at + n * size, &e, size))
            return xd_reject(v, XD_WHY_COPY_OUT, at + n * size, size);
    }
    *nr = n;
    return 0;
}

int64_t xd_policy_tell_leaves(struct xd_vcpu *v, enum xd_policy policy, uint64_t at, uint32_t *nr)
{
    return tell(v, policy, false, at, nr);
}

int64_t xd_policy_tell_msrs(struct xd_vcpu *v, enum xd_policy policy, uint64_t at, uint32_t *nr)
{
    return tell(v, policy, true, at, nr);
}

/* ---- A policy that is brought ---- */

/* How far a policy goes that (b) was merged into: only that is compared with what there can be. */
struct limits {
    uint32_t basic, features, extended;
    uint64_t platform_info;
};

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

static void merge_leaf(struct xd_policy_brought *b, const struct xd_abi_cpuid_leaf *l,
                       struct limits *to)
{
    const struct xd_abi_cpuid_leaf is = xd_policy_leaf(XD_POLICY_DOMAIN, l->leaf, l->subleaf);

    b->changes |= l->a != is.a;
    if (l->leaf != LEAF_HV && l->leaf != LEAF_XEN)
        b->changes |= l->b != is.b || l->c != is.c || l->d != is.d;
    if (l->leaf == LEAF_BASIC)
        to->basic = l->a;
    if (l->leaf == LEAF_FEATURES && l->subleaf == 0)
        to->features = l->a;
    if (l->leaf == LEAF_EXTENDED)
        to->extended = l->a;
}

static int64_t read_leaves(struct xd_vcpu *v, struct xd_policy_brought *b, struct limits *to)
{
    if (b->leaves > XD_POLICY_LEAVES)
        return xd_reject(v, XD_WHY_POLICY_LEAVES, b->leaves, XD_POLICY_LEAVES);
    for (uint32_t i = 0; i < b->leaves; i++) {
        const uint64_t at = b->leaves_at + i * sizeof(struct xd_abi_cpuid_leaf);
        struct xd_abi_cpuid_leaf l;

        if (!xd_copy_in(v, &l, at, sizeof(l)))
            return xd_reject(v, XD_WHY_COPY_IN, at, sizeof(l));
        if (!xd_policy_has_leaf(l.leaf, l.subleaf))
            return wrong_leaf(v, b, XD_WHY_POLICY_LEAF, l.leaf, l.subleaf);
        merge_leaf(b, &l, to);
    }
    return 0;
}

static int64_t read_msrs(struct xd_vcpu *v, struct xd_policy_brought *b, struct limits *to)
{
    if (b->msrs > XD_POLICY_MSRS)
        return xd_reject(v, XD_WHY_POLICY_MSRS, b->msrs, XD_POLICY_MSRS);
    for (uint32_t i = 0; i < b->msrs; i++) {
        const uint64_t at = b->msrs_at + i * sizeof(struct xd_abi_msr_entry);
        struct xd_abi_msr_entry e, is;
        uint32_t nth = 0;

        if (!xd_copy_in(v, &e, at, sizeof(e)))
            return xd_reject(v, XD_WHY_COPY_IN, at, sizeof(e));
        if (e.flags)
            return wrong_msr(v, b, XD_WHY_POLICY_MSR_FLAGS, &e);
        while (xd_policy_msr(nth, &is) && is.idx != e.idx)
            nth++;
        if (nth == XD_POLICY_MSRS)
            return wrong_msr(v, b, XD_WHY_POLICY_MSR, &e);
        if (e.idx == MSR_PLATFORM_INFO && e.val > UINT32_MAX)
            return wrong_msr(v, b, XD_WHY_POLICY_MSR_VALUE, &e);
        b->changes |= e.val != is.val;
        if (e.idx == MSR_PLATFORM_INFO)
            to->platform_info = e.val;
    }
    return 0;
}

/* The most is what PV domains can have at all, whose platform_info has no bit. */
static int64_t compare(struct xd_vcpu *v, struct xd_policy_brought *b, const struct limits *to)
{
    const enum xd_policy most = XD_POLICY_PV_MAX;

    if (to->basic > xd_policy_leaf(most, LEAF_BASIC, XD_CPUID_NO_SUBLEAF).a)
        return wrong_leaf(v, b, XD_WHY_POLICY_MORE, LEAF_BASIC, XD_CPUID_NO_SUBLEAF);
    if (to->features > xd_policy_leaf(most, LEAF_FEATURES, 0).a)
        return wrong_leaf(v, b, XD_WHY_POLICY_MORE, LEAF_FEATURES, 0);
    if (to->extended > xd_policy_leaf(most, LEAF_EXTENDED, XD_CPUID_NO_SUBLEAF).a)
        return wrong_leaf(v, b, XD_WHY_POLICY_MORE, LEAF_EXTENDED, XD_CPUID_NO_SUBLEAF);
    if (to->platform_info) {
        b->err_msr = MSR_PLATFORM_INFO;
        return xd_reject(v, XD_WHY_POLICY_MSR_MORE, MSR_PLATFORM_INFO, to->platform_info);
    }
    return 0;
}

int64_t xd_policy_judge(struct xd_vcpu *v, struct xd_policy_brought *b)
{
    const enum xd_policy is = XD_POLICY_DOMAIN;
    struct limits to = {.basic = xd_policy_leaf(is, LEAF_BASIC, XD_CPUID_NO_SUBLEAF).a,
                        .features = xd_policy_leaf(is, LEAF_FEATURES, 0).a,
                        .extended = xd_policy_leaf(is, LEAF_EXTENDED, XD_CPUID_NO_SUBLEAF).a};
    int64_t rc;

    b->err_leaf = b->err_subleaf = b->err_msr = UNTOLD;
    b->changes = false;
    rc = read_leaves(v, b, &to);
    if (rc == 0)
        rc = read_msrs(v, b, &to);
    return rc ? rc : compare(v, b, &to);
}
