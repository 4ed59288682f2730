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
int64_t xd_policy_tell_leaves(struct xd_vcpu *v, enum xd_policy policy, uint64_t at, uint32_t *nr);
int64_t xd_policy_tell_msrs(struct xd_vcpu *v, enum xd_policy policy, uint64_t at, uint32_t *nr);

#endif
