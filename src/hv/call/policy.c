/* SPDX-License-Identifier: MIT */
/* policy.c: what CPUID and MSRs are to whom, told in lists: by sysctl and by domctl. */
#include "hv/call/policy.h"

#include "hv/call/call.h"

static int64_t tell(struct xd_vcpu *v, uint64_t at, const void *src, size_t n)
{
    return xd_copy_out(v, at, src, n) ? 0 : xd_reject(v, XD_WHY_COPY_OUT, at, n);
}

int64_t xd_policy_tell_leaves(struct xd_vcpu *v, enum xd_policy policy, uint64_t at, uint32_t *nr)
{
    struct xd_abi_cpuid_leaf leaf;
    uint32_t n = 0;

    if (!at) {
        *nr = XD_POLICY_LEAVES;
        return 0;
    }
    for (; xd_policy_nth(policy, n, &leaf); n++) {
        int64_t rc;

        if (n == *nr)
            return xd_reject(v, XD_WHY_POLICY_ROOM, n);
        rc = tell(v, at + n * sizeof(leaf), &leaf, sizeof(leaf));
        if (rc)
            return rc;
    }
    *nr = n;
    return 0;
}

int64_t xd_policy_tell_msrs(struct xd_vcpu *v, enum xd_policy policy, uint64_t at, uint32_t *nr)
{
    struct xd_abi_msr_entry msr;
    uint32_t n = 0;

    if (!at) {
        *nr = XD_POLICY_MSRS;
        return 0;
    }
    for (; xd_policy_msr(policy, n, &msr); n++) {
        int64_t rc;

        if (n == *nr)
            return xd_reject(v, XD_WHY_POLICY_ROOM, n);
        rc = tell(v, at + n * sizeof(msr), &msr, sizeof(msr));
        if (rc)
            return rc;
    }
    *nr = n;
    return 0;
}
