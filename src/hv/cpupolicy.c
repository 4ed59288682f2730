/* SPDX-License-Identifier: MIT */
/*
 * cpupolicy.c: the machine's one processor, as CPUID describes it, and what Xen makes of that for guests.
 *
 * Feature sets and lists of leaves follow from the rows, which hold what is not 0. They are those of the processor
 * that QEMU's TCG plays ("-cpu max,-svm" of QEMU 7.2), to which Debian's Xen 4.17 was booted: DIFFERENCES.md 14. It can run no
 * HVM domain, so Xen makes no policies for such.
 */
#include "hv/cpupolicy.h"

#include "base/bug.h"

#include <string.h>

#define NONE XD_CPUID_NO_SUBLEAF

/* In the policies that (policies) has a bit for. */
static const struct row {
    uint32_t leaf, subleaf, policies, a, b, c, d;
} rows[] = {
    /* clang-format off */
    {0x0, NONE, 0x17, 0xd, 0x68747541, 0x444d4163, 0x69746e65},
    {0x1, NONE, 0x01, 0x60fb1, 0x800, 0xfed83203, 0xfcbfbfd},
    {0x1, NONE, 0x02, 0x60fb1, 0x800, 0xf6d83203, 0xfcbf3fd},
    {0x1, NONE, 0x04, 0x60fb1, 0x800, 0xf6f83203, 0x1fc9c3f5},
    {0x1, NONE, 0x10, 0x60fb1, 0x800, 0xf6d83203, 0xfc9c3f5},
    {0x5, NONE, 0x01, 0x0, 0x0, 0x3, 0x0},
    {0x6, NONE, 0x01, 0x4, 0x0, 0x0, 0x0},
    {0x7, 0, 0x01, 0x0, 0x1d843a9, 0x8001021c, 0x0},
    {0x7, 0, 0x02, 0x0, 0x19843a9, 0x20c, 0x0},
    {0x7, 0, 0x04, 0x2, 0x1880329, 0x200, 0x0},
    {0x7, 0, 0x10, 0x0, 0x1880329, 0x200, 0x0},
    {0xb, 0, 0x01, 0x0, 0x1, 0x100, 0x0},
    {0xb, 1, 0x01, 0x0, 0x1, 0x201, 0x0},
    {0xd, 0, 0x01, 0x21f, 0xa88, 0xa88, 0x0},
    {0xd, 0, 0x02, 0x21f, 0x0, 0xa88, 0x0},
    {0xd, 0, 0x14, 0x7, 0x0, 0x340, 0x0},
    {0xd, 1, 0x01, 0x5, 0x3c8, 0x0, 0x0},
    {0xd, 1, 0x16, 0x5, 0x0, 0x0, 0x0},
    {0xd, 2, 0x17, 0x100, 0x240, 0x0, 0x0},
    {0xd, 3, 0x03, 0x40, 0x3c0, 0x0, 0x0},
    {0xd, 4, 0x03, 0x40, 0x400, 0x0, 0x0},
    {0xd, 9, 0x03, 0x8, 0xa80, 0x0, 0x0},
    {0x80000000, NONE, 0x01, 0x8000000a, 0x68747541, 0x444d4163, 0x69746e65},
    {0x80000000, NONE, 0x16, 0x80000021, 0x68747541, 0x444d4163, 0x69746e65},
    {0x80000001, NONE, 0x03, 0x60fb1, 0x0, 0x71, 0xedd3fbfd},
    {0x80000001, NONE, 0x04, 0x60fb1, 0x0, 0x63, 0xe8500800},
    {0x80000001, NONE, 0x10, 0x60fb1, 0x0, 0x61, 0xe8500800},
    {0x80000002, NONE, 0x17, 0x554d4551, 0x47435420, 0x55504320, 0x72657620},
    {0x80000003, NONE, 0x17, 0x6e6f6973, 0x352e3220, 0x2b, 0x0},
    {0x80000005, NONE, 0x17, 0x1ff01ff, 0x1ff01ff, 0x40020140, 0x40020140},
    {0x80000006, NONE, 0x17, 0x0, 0x42004200, 0x2008140, 0x808140},
    {0x80000008, NONE, 0x17, 0x3928, 0x0, 0x0, 0x0},
    {0x80000021, NONE, 0x12, 0x4, 0x0, 0x0, 0x0},
    {0x80000021, NONE, 0x04, 0x24, 0x0, 0x0, 0x0},
    /* clang-format on */
};

#define EXTD   0x80000000u
#define HV     0x40000000u
#define XEN    0x40000100u
#define COMMON 0x0183f3ffu /* bits of 1.EDX that AMD repeats in 80000001.EDX */

#define VA_WIDTH 48u /* bits */

#define BASICS     0xeu /* leaves, and subleaves, that Xen keeps room for */
#define EXTENDED   0x22u
#define CACHES     6u
#define FEATURES   3u
#define TOPOLOGIES 2u
#define XSTATES    63u

#define MSR_PLATFORM_INFO     0xceu
#define MSR_ARCH_CAPABILITIES 0x10au

/* AS-XEN: recalculate_cpuid_policy: AMD's repeated features, and the addresses of four levels of tables. */
static struct xd_abi_cpuid_leaf domains_leaf(uint32_t leaf, uint32_t subleaf)
{
    struct xd_abi_cpuid_leaf l = xd_policy_leaf(XD_POLICY_PV_DEF, leaf, subleaf);

    if (leaf == EXTD + 1)
        l.d |= xd_policy_leaf(XD_POLICY_PV_DEF, 1, NONE).d & COMMON;
    if (leaf == EXTD + 8)
        l.a = (l.a & 0xff) | VA_WIDTH << 8;
    return l;
}

struct xd_abi_cpuid_leaf xd_policy_leaf(enum xd_policy policy, uint32_t leaf, uint32_t subleaf)
{
    if (policy == XD_POLICY_DOMAIN)
        return domains_leaf(leaf, subleaf);
    for (size_t i = 0; i < XD_ARRAY_SIZE(rows); i++) {
        const struct row *r = &rows[i];

        if (r->leaf == leaf && r->subleaf == subleaf && r->policies >> policy & 1)
            return (struct xd_abi_cpuid_leaf){leaf, subleaf, r->a, r->b, r->c, r->d};
    }
    return (struct xd_abi_cpuid_leaf){.leaf = leaf, .subleaf = subleaf};
}

bool xd_policy_has_leaf(uint32_t leaf, uint32_t subleaf)
{
    switch (leaf) {
    case 4: return subleaf < CACHES;
    case 7: return subleaf < FEATURES;
    case 0xb: return subleaf < TOPOLOGIES;
    case 0xd: return subleaf < XSTATES;
    default:
        return subleaf == NONE &&
               (leaf < BASICS || leaf == HV || leaf == XEN || leaf - EXTD < EXTENDED);
    }
}

/* How many subleaves of (leaf) are told: caches and topologies up to the first that is none. */
static uint32_t subleaves(enum xd_policy policy, uint32_t leaf)
{
    struct xd_abi_cpuid_leaf l = xd_policy_leaf(policy, leaf, 0), l1;
    uint64_t states;
    uint32_t n = 1;

    switch (leaf) {
    case 4:
        while (n < CACHES && xd_policy_leaf(policy, leaf, n - 1).a & 0x1f)
            n++;
        return n;
    case 7: return l.a < FEATURES ? l.a + 1 : FEATURES;
    case 0xb:
        while (n < TOPOLOGIES && xd_policy_leaf(policy, leaf, n - 1).c >> 8 & 0xff)
            n++;
        return n;
    case 0xd:
        l1 = xd_policy_leaf(policy, leaf, 1);
        states = ((uint64_t)(l.d | l1.d) << 32 | l.a | l1.c) >> 2;
        for (n = 2; states && n < XSTATES; states >>= 1)
            n++;
        return n;
    default: return 0;
    }
}

/* (left) leaves are passed over before the one that is meant; false: it lies behind these. */
static bool among(enum xd_policy policy, uint32_t first, uint32_t last, uint32_t *left,
                  struct xd_abi_cpuid_leaf *out)
{
    for (uint32_t leaf = first; leaf - first <= last - first; leaf++) {
        uint32_t n = subleaves(policy, leaf), here = n ? n : 1;

        if (*left < here) {
            *out = xd_policy_leaf(policy, leaf, n ? *left : NONE);
            return true;
        }
        *left -= here;
    }
    return false;
}

bool xd_policy_nth(enum xd_policy policy, uint32_t nth, struct xd_abi_cpuid_leaf *out)
{
    return among(policy, 0, xd_policy_leaf(policy, 0, NONE).a, &nth, out) ||
           among(policy, HV, HV, &nth, out) || among(policy, XEN, XEN, &nth, out) ||
           among(policy, EXTD, EXTD | (xd_policy_leaf(policy, EXTD, NONE).a & 0xffff), &nth, out);
}

/* The processor has no CPUID faulting, so nobody gets it. */
bool xd_policy_msr(uint32_t nth, struct xd_abi_msr_entry *out)
{
    static const uint32_t msr[XD_POLICY_MSRS] = {MSR_PLATFORM_INFO, MSR_ARCH_CAPABILITIES};

    if (nth >= XD_ARRAY_SIZE(msr))
        return false;
    *out = (struct xd_abi_msr_entry){.idx = msr[nth]};
    return true;
}

void xd_policy_features(enum xd_policy policy, uint32_t set[XD_FEATURE_WORDS])
{
    const struct xd_abi_cpuid_leaf l1 = xd_policy_leaf(policy, 1, NONE),
                                   e1 = xd_policy_leaf(policy, EXTD + 1, NONE),
                                   e7 = xd_policy_leaf(policy, EXTD + 7, NONE),
                                   e8 = xd_policy_leaf(policy, EXTD + 8, NONE),
                                   e21 = xd_policy_leaf(policy, EXTD + 0x21, NONE),
                                   s70 = xd_policy_leaf(policy, 7, 0),
                                   s71 = xd_policy_leaf(policy, 7, 1),
                                   s72 = xd_policy_leaf(policy, 7, 2),
                                   sd1 = xd_policy_leaf(policy, 0xd, 1);
    const uint32_t words[XD_FEATURE_WORDS] = {l1.d,  l1.c,  e1.d,  e1.c,  sd1.a, s70.b, s70.c,
                                              e7.d,  e8.b,  s70.d, s71.a, e21.a, s71.b, s72.d,
                                              s71.c, s71.d, 0,     0,     e21.c};

    memcpy(set, words, sizeof(words));
}

void xd_policy_hw_cap(uint32_t cap[XD_HW_CAP_WORDS])
{
    uint32_t set[XD_FEATURE_WORDS];

    xd_policy_features(XD_POLICY_HOST, set);
    set[2] &= ~COMMON;
    memcpy(cap, set, XD_HW_CAP_WORDS * sizeof(*cap));
}
