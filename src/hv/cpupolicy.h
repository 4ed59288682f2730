/* SPDX-License-Identifier: MIT */
/* cpupolicy.h: the machine's one processor: what CPUID says of it, and what Xen lets guests see. */
#ifndef XD_HV_CPUPOLICY_H
#define XD_HV_CPUPOLICY_H

#include "abi/sysctl64.h"
#include "hv/control.h"

#include <stdbool.h>

/* By the numbers of sysctl's get_cpu_policy. */
enum xd_policy {
    XD_POLICY_RAW,
    XD_POLICY_HOST,
    XD_POLICY_PV_MAX,
    XD_POLICY_HVM_MAX,
    XD_POLICY_PV_DEF,
    XD_POLICY_HVM_DEF,
    XD_POLICIES
};

/* Words of a feature set: the leaf, E for 0x8000 before it, and the register; behind a 7 or 0xd the subleaf. */
enum xd_feature_word {
    XD_FEATURES_1D,
    XD_FEATURES_1C,
    XD_FEATURES_E1D,
    XD_FEATURES_E1C,
    XD_FEATURES_D1A,
    XD_FEATURES_7B0,
    XD_FEATURES_7C0,
    XD_FEATURES_E7D,
    XD_FEATURES_E8B,
    XD_FEATURES_7D0,
    XD_FEATURES_7A1,
    XD_FEATURES_E21A,
    XD_FEATURES_7B1,
    XD_FEATURES_7D2,
    XD_FEATURES_7C1,
    XD_FEATURES_7D1,
    XD_FEATURES_CAPS_LOW, /* of MSR 0x10a */
    XD_FEATURES_CAPS_HIGH,
    XD_FEATURES_E21C,
    XD_FEATURE_WORDS
};

#define XD_CPUID_NO_SUBLEAF  UINT32_MAX
#define XD_HW_CAP_WORDS      8u
#define XD_POLICY_LEAVES     120u /* room that Xen asks for */
#define XD_POLICY_MSRS       2u
#define XD_CACHE_TYPE        0x1fu       /* in EAX of leaf 4; 0: there is no such cache */
#define XD_POLICY_COMMON_E1D 0x0183f3ffu /* bits of 1.EDX that AMD repeats in 80000001.EDX */

#define XD_MSR_PLATFORM_INFO     0xceu
#define XD_MSR_ARCH_CAPABILITIES 0x10au

struct xd_domain;

/* One of the machine's policies: row for row what (policy) has. */
void xd_policy_of_machine(enum xd_policy policy, struct xd_cpu_policy *out);
/* That of a PV domain: its own, or what nobody chose anything for. In cpupolicy_made.c. */
void xd_policy_of_domain(const struct xd_domain *d, struct xd_cpu_policy *out);

/* What CPUID gives under the machine's (policy); (subleaf) is XD_CPUID_NO_SUBLEAF where a leaf has none. */
struct xd_abi_cpuid_leaf xd_policy_leaf(enum xd_policy policy, uint32_t leaf, uint32_t subleaf);

/* The (nth) leaf in the order in which Xen lists them; false: there are fewer. Likewise the MSRs of any.
 * AS-XEN: x86_cpuid_copy_to_buffer, x86_msr_copy_to_buffer */
bool xd_policy_nth(const struct xd_cpu_policy *p, uint32_t nth, struct xd_abi_cpuid_leaf *out);
bool xd_policy_msr(const struct xd_cpu_policy *p, uint32_t nth, struct xd_abi_msr_entry *out);

/* Merges a leaf; false: Xen keeps no room for it under this number of a subleaf. AS-XEN: x86_cpuid_copy_from_buffer */
bool xd_policy_merge(struct xd_cpu_policy *p, const struct xd_abi_cpuid_leaf *l);

/* All states that XSAVE saves, in XCR0 or not, and those that XCR0 can have. AS-XEN: cpu_policy_xstates, cpu_policy_xcr0_max */
uint64_t xd_policy_xstates(const struct xd_cpu_policy *p);
uint64_t xd_policy_xcr0(const struct xd_cpu_policy *p);

/* AS-XEN: x86_cpu_policy_to_featureset, x86_cpu_featureset_to_policy */
void xd_policy_features(const struct xd_cpu_policy *p, uint32_t set[XD_FEATURE_WORDS]);
void xd_policy_set_features(struct xd_cpu_policy *p, const uint32_t set[XD_FEATURE_WORDS]);

/* What lies behind the last leaf or subleaf becomes 0. AS-XEN: x86_cpu_policy_clear_out_of_range_leaves */
void xd_policy_trim(struct xd_cpu_policy *p);
/* Makes of what was said for a PV domain what it gets on this machine. AS-XEN: recalculate_cpuid_policy */
void xd_policy_remake(struct xd_cpu_policy *p);

/* The first words of what Xen itself goes by. AS-XEN: boot_cpu_data.x86_capability */
void xd_policy_hw_cap(uint32_t cap[XD_HW_CAP_WORDS]);

#endif
