/* SPDX-License-Identifier: MIT */
/* policy.c: what CPUID and MSRs are to whom, told in lists: by sysctl and by domctl. */
#include "hv/call/policy.h"

#include "hv/call/call.h"

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
    for (; msrs ? xd_policy_msr(policy, n, &e.msr) : xd_policy_nth(policy, n, &e.leaf); n++) {
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
