/* SPDX-License-Identifier: MIT */
/*
 * cpupolicy.c: the machine's one processor, as CPUID describes it, and what Xen makes of that for guests.
 *
 * Feature sets and lists of leaves follow from the rows, which hold what is not 0. They are those of the processor
 * that QEMU's TCG plays ("-cpu max,-monitor,-svm" of QEMU 7.2), to which Debian's Xen 4.17 was booted: DIFFERENCES.md 14. It can run no
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

#define EXTD 0x80000000u
#define HV   0x40000000u
#define XEN  0x40000100u

/* Of platform_info: HVM guests are intercepted anyway, others can't have it here. */

/* ---- Leaves and their places ---- */

#define AMONG(array, n)                                                               \
    ((n) < XD_ARRAY_SIZE(((struct xd_cpu_policy *)0)->array)                          \
         ? offsetof(struct xd_cpu_policy, array) + (n) * sizeof(struct xd_cpuid_regs) \
         : 0)

/* Bytes from the beginning of a policy; 0: there is no room for it. */
static size_t place(uint32_t leaf, uint32_t subleaf)
{
    switch (leaf) {
    case 4: return AMONG(cache, subleaf);
    case 7: return AMONG(feat, subleaf);
    case 0xb: return AMONG(topo, subleaf);
    case 0xd: return AMONG(xstate, subleaf);
    default: break;
    }
    if (subleaf != NONE)
        return 0;
    return leaf < EXTD ? AMONG(basic, leaf) : AMONG(extd, leaf - EXTD);
}

bool xd_policy_merge(struct xd_cpu_policy *p, const struct xd_abi_cpuid_leaf *l)
{
    const struct xd_cpuid_regs regs = {l->a, l->b, l->c, l->d};
    const size_t at = place(l->leaf, l->subleaf);

    if (l->subleaf == NONE && (l->leaf == HV || l->leaf == XEN)) {
        p->limit[l->leaf == XEN] = (uint8_t)l->a;
        return true;
    }
    if (at)
        memcpy((unsigned char *)p + at, &regs, sizeof(regs));
    return at != 0;
}

/* ---- The machine's policies ---- */

struct xd_abi_cpuid_leaf xd_policy_leaf(enum xd_policy policy, uint32_t leaf, uint32_t subleaf)
{
    for (size_t i = 0; i < XD_ARRAY_SIZE(rows); i++) {
        const struct row *r = &rows[i];

        if (r->leaf == leaf && r->subleaf == subleaf && r->policies >> policy & 1)
            return (struct xd_abi_cpuid_leaf){leaf, subleaf, r->a, r->b, r->c, r->d};
    }
    return (struct xd_abi_cpuid_leaf){.leaf = leaf, .subleaf = subleaf};
}

void xd_policy_of_machine(enum xd_policy policy, struct xd_cpu_policy *out)
{
    *out = (struct xd_cpu_policy){0};
    for (size_t i = 0; i < XD_ARRAY_SIZE(rows); i++) {
        const struct row *r = &rows[i];
        const struct xd_abi_cpuid_leaf l = {r->leaf, r->subleaf, r->a, r->b, r->c, r->d};

        if (r->policies >> policy & 1)
            XD_ALWAYS(xd_policy_merge(out, &l));
    }
}

/* ---- Lists ---- */

uint64_t xd_policy_xstates(const struct xd_cpu_policy *p)
{
    return xd_policy_xcr0(p) | (uint64_t)p->xstate[1].d << 32 | p->xstate[1].c;
}

uint64_t xd_policy_xcr0(const struct xd_cpu_policy *p)
{
    return (uint64_t)p->xstate[0].d << 32 | p->xstate[0].a;
}

/* How many subleaves of (leaf) are told: caches and topologies up to the first that is none. 0: it has none. */
static uint32_t subleaves(const struct xd_cpu_policy *p, uint32_t leaf)
{
    uint32_t n = 1;

    switch (leaf) {
    case 4:
        while (n < XD_ARRAY_SIZE(p->cache) && p->cache[n - 1].a & XD_CACHE_TYPE)
            n++;
        return n;
    case 7:
        return p->feat[0].a < XD_ARRAY_SIZE(p->feat) ? p->feat[0].a + 1 : XD_ARRAY_SIZE(p->feat);
    case 0xb:
        while (n < XD_ARRAY_SIZE(p->topo) && p->topo[n - 1].c >> 8 & 0xff)
            n++;
        return n;
    case 0xd:
        n = 2;
        for (uint64_t left = xd_policy_xstates(p) >> 2; left && n < XD_ARRAY_SIZE(p->xstate);
             left >>= 1)
            n++;
        return n;
    default: return 0;
    }
}

/* (left) leaves are passed over before the one that is meant; false: it lies behind these. */
static bool among(const struct xd_cpu_policy *p, uint32_t first, uint32_t nr, uint32_t *left,
                  struct xd_abi_cpuid_leaf *out)
{
    for (uint32_t leaf = first; leaf - first < nr; leaf++) {
        const uint32_t n = subleaves(p, leaf), here = n ? n : 1;

        if (*left < here) {
            const uint32_t subleaf = n ? *left : NONE;
            struct xd_cpuid_regs r;

            memcpy(&r, (const unsigned char *)p + place(leaf, subleaf), sizeof(r));
            *out = (struct xd_abi_cpuid_leaf){leaf, subleaf, r.a, r.b, r.c, r.d};
            return true;
        }
        *left -= here;
    }
    return false;
}

/* How many of (room) leaves are in use, of which the last has the number (last). */
static uint32_t in_use(uint32_t last, size_t room)
{
    return last < room ? last + 1 : (uint32_t)room;
}

bool xd_policy_nth(const struct xd_cpu_policy *p, uint32_t nth, struct xd_abi_cpuid_leaf *out)
{
    if (among(p, 0, in_use(p->basic[0].a, XD_ARRAY_SIZE(p->basic)), &nth, out))
        return true;
    if (nth < XD_ARRAY_SIZE(p->limit)) {
        *out = (struct xd_abi_cpuid_leaf){nth ? XEN : HV, NONE, .a = p->limit[nth]};
        return true;
    }
    nth -= XD_ARRAY_SIZE(p->limit);
    return among(p, EXTD, in_use(p->extd[0].a & 0xffff, XD_ARRAY_SIZE(p->extd)), &nth, out);
}

bool xd_policy_msr(const struct xd_cpu_policy *p, uint32_t nth, struct xd_abi_msr_entry *out)
{
    const struct xd_abi_msr_entry msr[XD_POLICY_MSRS] = {
        {.idx = XD_MSR_PLATFORM_INFO, .val = p->platform_info},
        {.idx = XD_MSR_ARCH_CAPABILITIES,
         .val = (uint64_t)p->arch_caps[1] << 32 | p->arch_caps[0]}};

    if (nth >= XD_ARRAY_SIZE(msr))
        return false;
    *out = msr[nth];
    return true;
}

/* ---- Feature sets ---- */

static const uint16_t word_at[XD_FEATURE_WORDS] = {
    [XD_FEATURES_1D] = offsetof(struct xd_cpu_policy, basic[1].d),
    [XD_FEATURES_1C] = offsetof(struct xd_cpu_policy, basic[1].c),
    [XD_FEATURES_E1D] = offsetof(struct xd_cpu_policy, extd[1].d),
    [XD_FEATURES_E1C] = offsetof(struct xd_cpu_policy, extd[1].c),
    [XD_FEATURES_D1A] = offsetof(struct xd_cpu_policy, xstate[1].a),
    [XD_FEATURES_7B0] = offsetof(struct xd_cpu_policy, feat[0].b),
    [XD_FEATURES_7C0] = offsetof(struct xd_cpu_policy, feat[0].c),
    [XD_FEATURES_E7D] = offsetof(struct xd_cpu_policy, extd[7].d),
    [XD_FEATURES_E8B] = offsetof(struct xd_cpu_policy, extd[8].b),
    [XD_FEATURES_7D0] = offsetof(struct xd_cpu_policy, feat[0].d),
    [XD_FEATURES_7A1] = offsetof(struct xd_cpu_policy, feat[1].a),
    [XD_FEATURES_E21A] = offsetof(struct xd_cpu_policy, extd[0x21].a),
    [XD_FEATURES_7B1] = offsetof(struct xd_cpu_policy, feat[1].b),
    [XD_FEATURES_7D2] = offsetof(struct xd_cpu_policy, feat[2].d),
    [XD_FEATURES_7C1] = offsetof(struct xd_cpu_policy, feat[1].c),
    [XD_FEATURES_7D1] = offsetof(struct xd_cpu_policy, feat[1].d),
    [XD_FEATURES_CAPS_LOW] = offsetof(struct xd_cpu_policy, arch_caps[0]),
    [XD_FEATURES_CAPS_HIGH] = offsetof(struct xd_cpu_policy, arch_caps[1]),
    [XD_FEATURES_E21C] = offsetof(struct xd_cpu_policy, extd[0x21].c),
};

void xd_policy_features(const struct xd_cpu_policy *p, uint32_t set[XD_FEATURE_WORDS])
{
    for (unsigned int i = 0; i < XD_FEATURE_WORDS; i++)
        memcpy(&set[i], (const unsigned char *)p + word_at[i], sizeof(*set));
}

void xd_policy_set_features(struct xd_cpu_policy *p, const uint32_t set[XD_FEATURE_WORDS])
{
    for (unsigned int i = 0; i < XD_FEATURE_WORDS; i++)
        memcpy((unsigned char *)p + word_at[i], &set[i], sizeof(*set));
}

void xd_policy_hw_cap(uint32_t cap[XD_HW_CAP_WORDS])
{
    struct xd_cpu_policy host;
    uint32_t set[XD_FEATURE_WORDS];

    xd_policy_of_machine(XD_POLICY_HOST, &host);
    xd_policy_features(&host, set);
    set[XD_FEATURES_E1D] &= ~XD_POLICY_COMMON_E1D;
    memcpy(cap, set, XD_HW_CAP_WORDS * sizeof(*cap));
}
