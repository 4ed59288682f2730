/* SPDX-License-Identifier: MIT */
/* cpupolicy.h: the machine's one processor: what CPUID says of it, and what Xen lets guests see. */
#ifndef XD_HV_CPUPOLICY_H
#define XD_HV_CPUPOLICY_H

#include "abi/sysctl64.h"

#include <stdbool.h>

/* By the numbers of sysctl's get_cpu_policy. */
enum xd_policy {
    XD_POLICY_RAW,
    XD_POLICY_HOST,
    XD_POLICY_PV_MAX,
    XD_POLICY_HVM_MAX,
    XD_POLICY_PV_DEF,
    XD_POLICY_HVM_DEF,
    XD_POLICIES,
    XD_POLICY_DOMAIN = XD_POLICIES /* what a PV domain has that nobody chose anything for */
};

#define XD_CPUID_NO_SUBLEAF UINT32_MAX
#define XD_FEATURE_WORDS    19u
#define XD_HW_CAP_WORDS     8u
#define XD_POLICY_LEAVES    120u /* room that Xen asks for */
#define XD_POLICY_MSRS      2u

/* What CPUID gives under (policy); (subleaf) is XD_CPUID_NO_SUBLEAF where a leaf has none. */
struct xd_abi_cpuid_leaf xd_policy_leaf(enum xd_policy policy, uint32_t leaf, uint32_t subleaf);

/* The (nth) leaf in the order in which Xen lists them; false: there are fewer. Likewise the MSRs of any.
 * AS-XEN: x86_cpuid_copy_to_buffer, x86_msr_copy_to_buffer */
bool xd_policy_nth(enum xd_policy policy, uint32_t nth, struct xd_abi_cpuid_leaf *out);
bool xd_policy_msr(uint32_t nth, struct xd_abi_msr_entry *out);

/* Does Xen keep room for this leaf in a policy, under this number of a subleaf? AS-XEN: x86_cpuid_copy_from_buffer */
bool xd_policy_has_leaf(uint32_t leaf, uint32_t subleaf);

/* AS-XEN: x86_cpu_policy_to_featureset */
void xd_policy_features(enum xd_policy policy, uint32_t set[XD_FEATURE_WORDS]);

/* The first words of what Xen itself goes by. AS-XEN: boot_cpu_data.x86_capability */
void xd_policy_hw_cap(uint32_t cap[XD_HW_CAP_WORDS]);

#endif
