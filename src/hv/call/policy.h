/* SPDX-License-Identifier: MIT */
/* policy.h: lists of what CPUID and MSRs are, as callers get them. */
#ifndef XD_HV_CALL_POLICY_H
#define XD_HV_CALL_POLICY_H

#include "hv/cpupolicy.h"

struct xd_vcpu;

/*
 * Writes the leaves, or the MSRs, of (policy) to address (at) of the caller's, which has room for (*nr), and how many there are to
 * (*nr); if (at) is 0, how many there can be. -ENOBUFS behind those that there was room for, -EFAULT.
 * AS-XEN: x86_cpuid_copy_to_buffer, x86_msr_copy_to_buffer
 */
int64_t xd_policy_tell_leaves(struct xd_vcpu *v, const struct xd_cpu_policy *p, uint64_t at,
                              uint32_t *nr);
int64_t xd_policy_tell_msrs(struct xd_vcpu *v, const struct xd_cpu_policy *p, uint64_t at,
                            uint32_t *nr);

/* What a caller brings to be merged with a PV domain's policy: so many (leaves) and (msrs) at these addresses. */
struct xd_policy_brought {
    uint64_t leaves_at, msrs_at;
    uint32_t leaves, msrs;
    uint32_t err_leaf, err_subleaf,
        err_msr; /* told: what was wrong in particular; all bits: nothing */
};

/*
 * Merges (b) into (p), of a PV domain, and judges the whole; if it can be had (0), (p) is what the domain gets of it, and
 * otherwise of no use: -E2BIG, -EFAULT, -ERANGE, -EINVAL, -EOVERFLOW.
 * AS-XEN: update_domain_cpu_policy, x86_cpuid_copy_from_buffer, x86_msr_copy_from_buffer, x86_cpu_policies_are_compatible
 */
int64_t xd_policy_take(struct xd_vcpu *v, struct xd_policy_brought *b, struct xd_cpu_policy *p);

#endif
