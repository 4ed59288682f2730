/* SPDX-License-Identifier: MIT */
/*
 * cpupolicy_made.c: what a PV domain gets of the CPUID and MSRs that were said for it: no feature that its kind can't
 * have here, none without those that it needs, and of the rest what Xen passes on.
 */
#include "hv/cpupolicy.h"

#include "hv/hv.h"

#include <string.h>

#define LEAF_XSTATE 0xdu
#define EXTD        0x80000000u

/* ---- Features ---- */

#define BIT(n)    (UINT32_C(1) << (n))
#define W(word)   XD_FEATURES_##word
#define PAE       BIT(6)  /* of 1.EDX */
#define PSE36     BIT(17) /* ... */
#define XSAVE     BIT(26) /* of 1.ECX */
#define AVX       BIT(28) /* ... */
#define SVM       BIT(2)  /* of 80000001.ECX */
#define PAGE_1GB  BIT(26) /* of 80000001.EDX */
#define LONG_MODE BIT(29) /* ... */
#define MPX       BIT(14) /* of 7.0.EBX */
#define AVX512F   BIT(16) /* ... */
#define PKU       BIT(3)  /* of 7.0.ECX */
/* How the FPU keeps its pointers, which no policy can change. */
#define FPU_WAYS (BIT(6) | BIT(13)) /* of 7.0.EBX */

/* Without feature (bit) of (word) there are none of (mask) in word (of). AS-XEN: gen-cpuid.py */
static const struct need {
    uint8_t word, bit, of;
    uint32_t mask;
} needs[] = {
    /* x87 and MMX: error pointers; 3DNow and its extensions */
    {W(1D), 0, W(1D), BIT(23)},
    {W(1D), 0, W(E8B), BIT(2)},
    {W(1D), 23, W(E1D), BIT(22) | BIT(31)},
    {W(E1D), 31, W(E1D), BIT(30)},
    /* PSE: PSE36. PAE: NX, long mode. NX: SMAP */
    {W(1D), 3, W(1D), PSE36},
    {W(1D), 6, W(E1D), BIT(20) | LONG_MODE},
    {W(E1D), 20, W(7B0), BIT(20)},
    /* TSC: its deadlines, RDTSCP, TSC_ADJUST, an invariant one. APIC: X2APIC, deadlines, AMD's extensions */
    {W(1D), 4, W(1C), BIT(24)},
    {W(1D), 4, W(E1D), BIT(27)},
    {W(1D), 4, W(7B0), BIT(1)},
    {W(1D), 4, W(E7D), BIT(8)},
    {W(1D), 9, W(1C), BIT(21) | BIT(24)},
    {W(1D), 9, W(E1C), BIT(3)},
    /* FXSR: FFXSR, SSE. SSE: SSE2, misaligned SSE */
    {W(1D), 24, W(E1D), BIT(25)},
    {W(1D), 24, W(1D), BIT(25)},
    {W(1D), 25, W(1D), BIT(26)},
    {W(1D), 25, W(E1C), BIT(7)},
    /* SSE2: SSE3, PCLMULQDQ, AES; long mode; SHA; GFNI */
    {W(1D), 26, W(1C), BIT(0) | BIT(1) | BIT(25)},
    {W(1D), 26, W(E1D), LONG_MODE},
    {W(1D), 26, W(7B0), BIT(29)},
    {W(1D), 26, W(7C0), BIT(8)},
    /* SSE3: SSSE3, SSE4A. SSSE3: SSE4.1. That: SSE4.2. PCLMULQDQ, AES: their wide forms */
    {W(1C), 0, W(1C), BIT(9)},
    {W(1C), 0, W(E1C), BIT(6)},
    {W(1C), 9, W(1C), BIT(19)},
    {W(1C), 19, W(1C), BIT(20)},
    {W(1C), 1, W(7C0), BIT(10)},
    {W(1C), 25, W(7C0), BIT(9)},
    /* XSAVE: its further instructions, AVX, LWP, MPX, PKU */
    {W(1C), 26, W(D1A), 0xf},
    {W(1C), 26, W(1C), AVX},
    {W(1C), 26, W(E1C), BIT(15)},
    {W(1C), 26, W(7B0), MPX},
    {W(1C), 26, W(7C0), PKU},
    /* AVX: FMA, F16C; XOP, FMA4; AVX2 */
    {W(1C), 28, W(1C), BIT(12) | BIT(29)},
    {W(1C), 28, W(E1C), BIT(11) | BIT(16)},
    {W(1C), 28, W(7B0), BIT(5)},
    /* Long mode: CX16, PCID; LAHF; pages of 1 GiB; PKU; no segment limits */
    {W(E1D), 29, W(1C), BIT(13) | BIT(17)},
    {W(E1D), 29, W(E1C), BIT(0)},
    {W(E1D), 29, W(E1D), PAGE_1GB},
    {W(E1D), 29, W(7C0), PKU},
    {W(E1D), 29, W(E8B), BIT(20)},
    /* AVX2: AVX512F, wide AES and PCLMULQDQ, VNNI */
    {W(7B0), 5, W(7B0), AVX512F},
    {W(7B0), 5, W(7C0), BIT(9) | BIT(10)},
    {W(7B0), 5, W(7A1), BIT(4)},
    /* AVX512F, and AVX512BW: the rest of AVX512 */
    {W(7B0), 16, W(7B0), BIT(17) | BIT(21) | BIT(26) | BIT(27) | BIT(28) | BIT(30) | BIT(31)},
    {W(7B0), 16, W(7C0), BIT(11) | BIT(14)},
    {W(7B0), 16, W(7D0), BIT(2) | BIT(3) | BIT(8)},
    {W(7B0), 30, W(7C0), BIT(1) | BIT(6) | BIT(12)},
    {W(7B0), 30, W(7D0), BIT(23)},
    {W(7B0), 30, W(7A1), BIT(5)},
    /* RTM: TSXLDTRK */
    {W(7B0), 11, W(7D0), BIT(16)},
    /* SPEC_CTRL, by Intel's bit and by AMD's, and what is in it; IBPB; STIBP */
    {W(7D0), 26, W(7D0), BIT(27) | BIT(31)},
    {W(7D0), 26, W(7D2), BIT(0) | BIT(1) | BIT(2) | BIT(4)},
    {W(7D0), 26, W(CAPS_LOW), BIT(1)},
    {W(E8B), 14, W(E8B), BIT(15) | BIT(16) | BIT(18) | BIT(19) | BIT(24) | BIT(28)},
    {W(E8B), 12, W(E8B), BIT(30)},
    {W(E8B), 12, W(E21A), BIT(27) | BIT(28)},
    {W(E8B), 15, W(E8B), BIT(17)},
    /* ARCH_CAPS: all of its MSR; and there enhanced IBRS: RRSBA */
    {W(7D0), 29, W(CAPS_LOW), UINT32_MAX},
    {W(7D0), 29, W(CAPS_HIGH), UINT32_MAX},
    {W(CAPS_LOW), 1, W(CAPS_LOW), BIT(19)},
};

/* Xen's way through its list is another, and ends with the same. AS-XEN: sanitise_featureset; the mask of known ones is in the most. */
static void drop_unfounded(uint32_t set[XD_FEATURE_WORDS])
{
    bool dropped;

    do {
        dropped = false;
        for (size_t i = 0; i < XD_ARRAY_SIZE(needs); i++) {
            const struct need *n = &needs[i];

            if (set[n->word] >> n->bit & 1 || !(set[n->of] & n->mask))
                continue;
            set[n->of] &= ~n->mask;
            dropped = true;
        }
    } while (dropped);
}

static void limit_features(struct xd_cpu_policy *p, const struct xd_cpu_policy *host,
                           const struct xd_cpu_policy *most)
{
    uint32_t set[XD_FEATURE_WORDS], can[XD_FEATURE_WORDS], is[XD_FEATURE_WORDS];

    xd_policy_features(p, set);
    xd_policy_features(most, can);
    xd_policy_features(host, is);
    for (unsigned int i = 0; i < XD_FEATURE_WORDS; i++)
        set[i] &= can[i];
    if (p->basic[0].a < LEAF_XSTATE)
        set[W(1C)] &= ~XSAVE;
    drop_unfounded(set);
    set[W(7B0)] = (set[W(7B0)] & ~FPU_WAYS) | (is[W(7B0)] & FPU_WAYS);
    xd_policy_set_features(p, set);
}

/* ---- Vendors ---- */

enum vendor { VENDOR_OTHER, VENDOR_INTEL, VENDOR_AMD /* or Hygon, who has AMD's leaves */ };

static enum vendor vendor_of(const struct xd_cpu_policy *p)
{
    static const struct {
        char name[13];
        enum vendor is;
    } vendors[] = {
        {"GenuineIntel", VENDOR_INTEL}, {"AuthenticAMD", VENDOR_AMD}, {"HygonGenuine", VENDOR_AMD}};
    const uint32_t name[3] = {p->basic[0].b, p->basic[0].d, p->basic[0].c};

    for (size_t i = 0; i < XD_ARRAY_SIZE(vendors); i++)
        if (!memcmp(name, vendors[i].name, sizeof(name)))
            return vendors[i].is;
    return VENDOR_OTHER;
}

/* ---- What is not told by features ---- */

#define NOTHING         ((struct xd_cpuid_regs){0})
#define FMS             0x0fff0fffu /* family, model, stepping */
#define LAST_EXTD_AMD   0x21u
#define LAST_EXTD_INTEL 8u
#define XSAVE_LEAST     UINT32_C(0x240)
#define XSTATES_LEAST   UINT64_C(3) /* x87 and SSE */

static void clear(struct xd_cpuid_regs *regs, uint32_t first, uint32_t nr)
{
    if (first < nr)
        memset(&regs[first], 0, (nr - first) * sizeof(*regs));
}

static void clear_leaves(struct xd_cpuid_regs *regs, uint32_t first, uint32_t last)
{
    clear(regs, first, last + 1);
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Where a component lies, and its size, is the processor's business. AS-XEN: recalculate_xstate */
static void remake_xstate(struct xd_cpu_policy *p, const struct xd_cpu_policy *host)
{
    const uint32_t features = p->xstate[1].a;
    uint64_t states = XSTATES_LEAST;
    uint32_t size = XSAVE_LEAST;

    memset(p->xstate, 0, sizeof(p->xstate));
    if (!(p->basic[1].c & XSAVE))
        return;
    states |= p->basic[1].c & AVX ? UINT64_C(1) << 2 : 0;
    states |= p->feat[0].b & MPX ? UINT64_C(3) << 3 : 0;
    states |= p->feat[0].b & AVX512F ? UINT64_C(7) << 5 : 0;
    states |= p->feat[0].c & PKU ? UINT64_C(1) << 9 : 0;
    for (unsigned int i = 2; i < XD_ARRAY_SIZE(p->xstate); i++)
        if (states >> i & 1) {
            p->xstate[i] = host->xstate[i];
            if (p->xstate[i].a + p->xstate[i].b > size)
                size = p->xstate[i].a + p->xstate[i].b;
        }
    p->xstate[0].a = (uint32_t)states;
    p->xstate[0].c = size;
    p->xstate[1].a = features;
}

/* AS-XEN: paging_max_paddr_bits: as many as the processor has, which the most tells, too */
static void remake_widths(struct xd_cpu_policy *p, const struct xd_cpu_policy *most)
{
    const uint32_t floor = p->basic[1].d & (PAE | PSE36) ? 36 : 32;
    uint32_t physical = least(p->extd[8].a & 0xff, most->extd[8].a & 0xff);

    if (physical < floor)
        physical = floor;
    p->extd[8].a =
        (p->extd[8].a & ~UINT32_C(0xffff)) | physical | (p->extd[1].d & LONG_MODE ? 48u : 32u) << 8;
}

static void remake_intel(struct xd_cpu_policy *p)
{
    p->basic[2].a = (p->basic[2].a & ~UINT32_C(0xff)) | 1;
    p->basic[3] = NOTHING;
    p->basic[9] = NOTHING;
    p->extd[0].b = p->extd[0].c = p->extd[0].d = 0;
    p->extd[1].a = p->extd[1].b = 0;
    p->extd[5] = NOTHING;
    p->extd[6].a = p->extd[6].b = p->extd[6].d = 0;
    p->extd[8].a &= 0xffff;
    p->extd[8].c = 0;
}

static void remake_amd(struct xd_cpu_policy *p)
{
    clear_leaves(p->basic, 2, 3);
    memset(p->cache, 0, sizeof(p->cache));
    clear_leaves(p->basic, 9, 0xa);
    p->extd[0].b = p->basic[0].b;
    p->extd[0].c = p->basic[0].c;
    p->extd[0].d = p->basic[0].d;
    p->extd[1].a = p->basic[1].a;
    p->extd[1].b &= 0xff00ffff;
    p->extd[1].d |= p->basic[1].d & XD_POLICY_COMMON_E1D;
    p->extd[8].a &= 0xffff;
    p->extd[8].c &= 0x3f0ff;
    p->extd[9] = NOTHING;
    clear_leaves(p->extd, 0xb, 0x18);
    clear_leaves(p->extd, 0x1b, 0x20);
    p->extd[0x21].b = p->extd[0x21].d = 0;
}

/* What guests are not told, or told twice. AS-XEN: recalculate_misc */
static void remake_rest(struct xd_cpu_policy *p, enum vendor vendor)
{
    p->basic[1].a &= FMS;
    p->basic[1].b &= 0x00ffffff; /* a vCPU's own number */
    clear_leaves(p->basic, 5, 6);
    p->basic[8] = NOTHING;
    memset(p->topo, 0, sizeof(p->topo));
    p->basic[0xc] = NOTHING;
    p->extd[1].d &= ~XD_POLICY_COMMON_E1D;
    p->extd[7].a = p->extd[7].b = p->extd[7].c = 0;
    p->extd[8].d = 0;
    if (vendor == VENDOR_INTEL)
        remake_intel(p);
    if (vendor == VENDOR_AMD)
        remake_amd(p);
}

/* Data, code and unified ones, up to the first that is none of these. */
static void remake_caches(struct xd_cpu_policy *p)
{
    for (uint32_t i = 0; i < XD_ARRAY_SIZE(p->cache); i++) {
        const uint32_t type = p->cache[i].a & XD_CACHE_TYPE;

        if (type == 0 || type > 3) {
            clear(p->cache, i, XD_ARRAY_SIZE(p->cache));
            break;
        }
        p->cache[i].a &= 0xffffc3ff;
        p->cache[i].d &= 7;
    }
}

/* Performance counters (0xa) are told of where Xen was booted to have them (vpmu=), which it was not. */
void xd_policy_remake(struct xd_cpu_policy *p)
{
    const enum vendor vendor = vendor_of(p);
    struct xd_cpu_policy host, most;

    xd_policy_of_machine(XD_POLICY_HOST, &host);
    xd_policy_of_machine(XD_POLICY_PV_MAX, &most);
    p->basic[0].a = least(p->basic[0].a, most.basic[0].a);
    p->feat[0].a = least(p->feat[0].a, most.feat[0].a);
    p->extd[0].a =
        EXTD | least(p->extd[0].a & 0xffff, vendor == VENDOR_AMD ? LAST_EXTD_AMD : LAST_EXTD_INTEL);
    limit_features(p, &host, &most);
    p->basic[1].b = (p->basic[1].b & ~UINT32_C(0xff00)) | (most.basic[1].b & 0xff00);
    remake_widths(p, &most);
    remake_xstate(p, &host);
    remake_rest(p, vendor);
    remake_caches(p);
    p->basic[0xa] = NOTHING;
    if (!(p->extd[1].c & SVM))
        p->extd[0xa] = NOTHING;
    if (!(p->extd[1].d & PAGE_1GB))
        p->extd[0x19] = NOTHING;
}

/* AS-XEN: init_domain_cpu_policy */
void xd_policy_of_domain(const struct xd_domain *d, struct xd_cpu_policy *out)
{
    if (d->policy.own) {
        *out = d->policy;
        return;
    }
    xd_policy_of_machine(XD_POLICY_PV_DEF, out);
    xd_policy_remake(out);
}

/* ---- What lies behind the last ---- */

static uint32_t leading(uint64_t states)
{
    uint32_t n = 0;

    for (; states; states >>= 1)
        n++;
    return n;
}

/* The last leaf's number plus 1 is 0 if it is all ones, and then there is none at all: not even its number. */
void xd_policy_trim(struct xd_cpu_policy *p)
{
    uint32_t n;

    clear(p->basic, p->basic[0].a + 1, XD_ARRAY_SIZE(p->basic));
    for (n = 0; n < XD_ARRAY_SIZE(p->cache) && p->cache[n].a & XD_CACHE_TYPE;)
        n++;
    clear(p->cache, p->basic[0].a < 4 ? 0 : n, XD_ARRAY_SIZE(p->cache));
    clear(p->feat, p->basic[0].a < 7 ? 0 : p->feat[0].a + 1, XD_ARRAY_SIZE(p->feat));
    for (n = 0; n < XD_ARRAY_SIZE(p->topo) && p->topo[n].c >> 8 & 0xff;)
        n++;
    clear(p->topo, p->basic[0].a < 0xb ? 0 : n, XD_ARRAY_SIZE(p->topo));
    n = leading(xd_policy_xstates(p));
    clear(p->xstate,
          p->basic[0].a < LEAF_XSTATE || n == 0 ? 0
          : n < 2                               ? 2
                                                : n,
          XD_ARRAY_SIZE(p->xstate));
    clear(p->extd, (p->extd[0].a & 0xffff) + 1, XD_ARRAY_SIZE(p->extd));
}
