/* SPDX-License-Identifier: MIT */
/*
 * domctl_given.c: domctl: what belongs to a vCPU besides its context: entries of 32-bit code, banks of machine checks, MSRs
 * and the state that XSAVE saves. A toolstack takes it from one host to another; nobody asks for his own.
 */
#include "hv/call/domctl.h"

#include "hv/bounce.h"
#include "hv/cpupolicy.h"

#include <string.h>

enum {
    SET_EXT_VCPUCONTEXT = 42,
    GET_EXT_VCPUCONTEXT = 43,
    SETVCPUEXTSTATE = 62,
    GETVCPUEXTSTATE = 63,
    GET_VCPU_MSRS = 72,
    SET_VCPU_MSRS = 73,
};

/* AS-XEN: arch_do_domctl: whom there is not, and a caller himself */
static int64_t find_other(struct xd_domctl *c, uint32_t id, enum xd_why self, struct xd_vcpu **t)
{
    *t = xd_vcpu_find(c->d, id);
    if (!*t)
        return xd_reject(c->v, XD_WHY_DOMCTL_VCPU_UNKNOWN, c->d->domid, id);
    return *t == c->v ? xd_reject(c->v, self, c->d->domid, id) : 0;
}

/* ---- Entries, banks of machine checks ---- */

#define EXT_SIZE_MIN  offsetof(struct xd_abi_domctl_ext_context, mcg_cap)
#define MCG_CAPS      UINT64_C(0x1ff) /* of an AMD: how many there are, and MCG_CTL_P */
#define BANKS_ALL     32u
#define BANKS_NO_EXT  24u
#define BANKS_CAP_ALL 8u

static int64_t get_ext(struct xd_domctl *c)
{
    struct xd_abi_domctl_ext_context *e = &c->op.u.ext_vcpucontext;
    struct xd_vcpu *t;
    int64_t rc = find_other(c, e->vcpu, XD_WHY_DOMCTL_EXT_SELF, &t);

    if (rc)
        return rc;
    e->size = sizeof(*e);
    e->syscall32_cs = t->given.syscall32_cs;
    e->syscall32_eip = t->syscall32.address;
    e->syscall32_mask = t->syscall32.mask;
    e->sysenter_cs = t->given.sysenter_cs;
    e->sysenter_eip = t->sysenter.address;
    e->sysenter_mask = t->sysenter.mask;
    e->mcg_cap = t->given.mcg_cap;
    memcpy(e->mci_ctl2, t->given.mci_ctl2, sizeof(e->mci_ctl2));
    e->mcg_ext_ctl = t->given.mcg_ext_ctl;
    c->copyback = true;
    return 0;
}

/* Of older callers' shorter structs, what they lack is 0; and all stays, if they knew nothing of banks. AS-XEN: vcpu_set_vmce */
static int64_t set_banks(struct xd_domctl *c, struct xd_vcpu *t)
{
    const struct xd_abi_domctl_ext_context *e = &c->op.u.ext_vcpucontext;
    const uint64_t size = e->size - EXT_SIZE_MIN;
    uint64_t ctl2[2] = {0};

    if (size < BANKS_CAP_ALL)
        return 0;
    if (e->mcg_cap & ~MCG_CAPS)
        return xd_reject(c->v, XD_WHY_DOMCTL_EXT_MCE, e->mcg_cap);
    if (size >= BANKS_NO_EXT)
        memcpy(ctl2, e->mci_ctl2, sizeof(ctl2));
    XD_PUT(t->hv, t->given.mcg_cap, e->mcg_cap);
    xd_arena_write(xd_arena_of(t->hv), t->given.mci_ctl2, ctl2, sizeof(ctl2));
    XD_PUT(t->hv, t->given.mcg_ext_ctl, size >= BANKS_ALL ? e->mcg_ext_ctl : 0);
    return 0;
}

/* AS-XEN: arch_do_domctl: the entries are stored before the banks are looked at. */
static int64_t set_ext(struct xd_domctl *c)
{
    const struct xd_abi_domctl_ext_context *e = &c->op.u.ext_vcpucontext;
    struct xd_vcpu *t = xd_vcpu_find(c->d, e->vcpu);

    if (!t)
        return xd_reject(c->v, XD_WHY_DOMCTL_VCPU_UNKNOWN, c->d->domid, e->vcpu);
    if (c->d == c->v->domain)
        return xd_reject(c->v, XD_WHY_DOMCTL_EXT_SELF, c->d->domid);
    if (e->size < EXT_SIZE_MIN)
        return xd_reject(c->v, XD_WHY_DOMCTL_EXT_SIZE, e->size, EXT_SIZE_MIN);
    if (!(xd_va_canonical(e->sysenter_eip) && xd_va_canonical(e->syscall32_eip)))
        return xd_reject(c->v, XD_WHY_DOMCTL_EXT_ADDRESS, e->sysenter_eip, e->syscall32_eip);

    XD_PUT(t->hv, t->given.sysenter_cs, e->sysenter_cs | XD_RPL);
    XD_PUT(t->hv, t->sysenter.address, e->sysenter_eip);
    XD_PUT(t->hv, t->sysenter.mask, e->sysenter_mask != 0);
    XD_PUT(t->hv, t->given.syscall32_cs, e->syscall32_cs | XD_RPL);
    XD_PUT(t->hv, t->syscall32.address, e->syscall32_eip);
    XD_PUT(t->hv, t->syscall32.mask, e->syscall32_mask != 0);
    return set_banks(c, t);
}

/* ---- MSRs ---- */

#define MSRS                7u /* that Xen knows of: the processor has no breakpoint extensions */
#define MSR_FEATURE_ENABLES 0x140u
#define MSR_TSC_AUX         0xc0000103u
#define RDTSCP              (1u << 27) /* of 80000001.EDX */
#define RDPID               (1u << 22) /* of 7.0.ECX */

/* By one of two features. AS-XEN: guest_rdmsr, guest_wrmsr */
static bool has_tsc_aux(const struct xd_domain *d)
{
    struct xd_cpu_policy p;

    xd_policy_of_domain(d, &p);
    return p.extd[1].d & RDTSCP || p.feat[0].c & RDPID;
}

/* AS-XEN: guest_wrmsr: by the features that a domain has; of MISC_FEATURES_ENABLES PV domains have none here. */
static bool msr_set(struct xd_vcpu *t, uint32_t index, uint64_t value)
{
    if (index == MSR_FEATURE_ENABLES)
        return value == 0;
    if (index != MSR_TSC_AUX || !has_tsc_aux(t->domain) || value > UINT32_MAX)
        return false;
    XD_PUT(t->hv, t->given.tsc_aux, (uint32_t)value);
    return true;
}

/* Those that it has, and that are not 0, are told: TSC_AUX, if at all. */
static int64_t get_msrs(struct xd_domctl *c)
{
    struct xd_abi_vcpu_msr msr = {.index = MSR_TSC_AUX};
    const uint32_t room = c->op.u.vcpu_msrs.msr_count;
    const uint64_t at = c->op.u.vcpu_msrs.msrs;
    struct xd_vcpu *t;
    int64_t rc = find_other(c, c->op.u.vcpu_msrs.vcpu, XD_WHY_DOMCTL_VCPU_SELF, &t);

    if (rc)
        return rc;
    c->copyback = true;
    msr.value = has_tsc_aux(c->d) ? t->given.tsc_aux : 0;
    c->op.u.vcpu_msrs.msr_count = !at ? MSRS : msr.value ? 1 : 0;
    if (!at || !msr.value)
        return 0;
    return room ? xd_domctl_write(c, at, &msr, sizeof(msr))
                : xd_reject(c->v, XD_WHY_DOMCTL_MSR_ROOM, 1, room);
}

static int64_t set_msr(struct xd_domctl *c, struct xd_vcpu *t, uint32_t i)
{
    struct xd_abi_vcpu_msr msr;
    int64_t rc = xd_domctl_read(c, &msr, c->op.u.vcpu_msrs.msrs + i * sizeof(msr), sizeof(msr));

    if (rc)
        return rc;
    if (msr.reserved)
        return xd_reject(c->v, XD_WHY_DOMCTL_MSR_RESERVED, msr.index, msr.reserved);
    return msr_set(t, msr.index, msr.value)
               ? 0
               : xd_reject(c->v, XD_WHY_DOMCTL_MSR, msr.index, msr.value);
}

/* AS-XEN: arch_do_domctl: those before the first that is refused stay set, and how many that are is told. */
static int64_t set_msrs(struct xd_domctl *c)
{
    const uint32_t nr = c->op.u.vcpu_msrs.msr_count;
    struct xd_vcpu *t;
    int64_t rc = find_other(c, c->op.u.vcpu_msrs.vcpu, XD_WHY_DOMCTL_VCPU_SELF, &t);

    if (rc)
        return rc;
    if (nr > MSRS)
        return xd_reject(c->v, XD_WHY_DOMCTL_MSR_COUNT, nr, MSRS);
    for (uint32_t i = 0; i < nr; i++) {
        rc = set_msr(c, t, i);
        if (rc) {
            c->op.u.vcpu_msrs.msr_count = i;
            c->copyback = true;
            return rc;
        }
    }
    return 0;
}

/* ---- What XSAVE saves ---- */

struct saved {
    uint64_t xcr0, used;
    unsigned char image[XD_FPU_IMAGE];
    uint64_t components, compacted, reserved[6];
    unsigned char rest[XD_XSAVE_ALL - XD_XSAVE_LEAST];
};

#define HEAD      offsetof(struct saved, image)
#define COMPACTED (UINT64_C(1) << 63)
#define AVX       UINT64_C(4)

_Static_assert(sizeof(struct saved) == HEAD + XD_XSAVE_ALL, "saved");

/* Bytes that XSAVE writes when XCR0 is (xcr0), one that PV domains can have. AS-XEN: xstate_ctxt_size */
static uint64_t size_of(uint64_t xcr0)
{
    if (xcr0 == 0)
        return 0;
    return xcr0 & AVX ? XD_XSAVE_GUEST : XD_XSAVE_LEAST;
}

/* AS-XEN: valid_xcr0, as far as PV domains come: x87, and with AVX SSE */
static bool xcr0_ok(uint64_t xcr0)
{
    return xcr0 == 1 || xcr0 == 3 || xcr0 == 7;
}

/* AS-XEN: arch_do_domctl: it goes back in any case, and says how much there is if all could be told. */
static int64_t get_extstate(struct xd_domctl *c)
{
    const uint64_t at = c->op.u.vcpuextstate.buffer, room = c->op.u.vcpuextstate.size;
    const uint64_t mask = c->op.u.vcpuextstate.xfeature_mask;
    struct xd_vcpu *t;
    uint64_t size;
    int64_t rc = find_other(c, c->op.u.vcpuextstate.vcpu, XD_WHY_DOMCTL_VCPU_SELF, &t);

    c->copyback = true;
    if (rc)
        return rc;
    if ((!room && !mask) || !at) {
        c->op.u.vcpuextstate.xfeature_mask = XD_XSTATES;
        c->op.u.vcpuextstate.size = HEAD + XD_XSAVE_ALL;
        return 0;
    }
    size = HEAD + size_of(t->given.xcr0_used);
    if (room < size)
        return xd_reject(c->v, XD_WHY_DOMCTL_XSTATE_ROOM, room, size);
    if (mask != XD_XSTATES)
        return xd_reject(c->v, XD_WHY_DOMCTL_XSTATE_MASK, mask, XD_XSTATES);
    rc = xd_domctl_write(c, at, &t->given.xcr0, sizeof(uint64_t));
    if (rc == 0)
        rc = xd_domctl_write(c, at + 8, &t->given.xcr0_used, sizeof(uint64_t));
    if (rc == 0)
        rc = xd_domctl_write(c, at + HEAD, t->given.xsave, size - HEAD);
    if (rc == 0)
        c->op.u.vcpuextstate.size = size;
    return rc;
}

/* AS-XEN: validate_xstate */
static int64_t check_header(struct xd_domctl *c, const struct saved *s)
{
    struct xd_cpu_policy p;

    xd_policy_of_domain(c->d, &p);
    if (s->components & ~s->used || s->xcr0 & ~s->used || s->used & ~xd_policy_xcr0(&p) ||
        !xcr0_ok(s->xcr0) || !xcr0_ok(s->used))
        return xd_reject(c->v, XD_WHY_DOMCTL_XSTATE_BITS, s->components, s->xcr0, s->used);
    if (s->compacted)
        return xd_reject(c->v, XD_WHY_DOMCTL_XSTATE_COMPACT, s->compacted);
    for (size_t i = 0; i < XD_ARRAY_SIZE(s->reserved); i++)
        if (s->reserved[i])
            return xd_reject(c->v, XD_WHY_DOMCTL_XSTATE_RESERVED, i + 2);
    return 0;
}

static int64_t check_saved(struct xd_domctl *c, const struct saved *s, uint64_t size)
{
    const bool whole = size >= HEAD + XD_XSAVE_LEAST;
    int64_t rc;

    if (s->used && !whole)
        return xd_reject(c->v, XD_WHY_DOMCTL_XSTATE_SHORT, size, HEAD + XD_XSAVE_LEAST);
    if (!s->used && s->xcr0)
        return xd_reject(c->v, XD_WHY_DOMCTL_XSTATE_UNUSED, s->xcr0);
    rc = s->used ? check_header(c, s) : 0;
    if (rc || size == HEAD)
        return rc;
    if (!whole)
        return xd_reject(c->v, XD_WHY_DOMCTL_XSTATE_SHORT, size, HEAD + XD_XSAVE_LEAST);
    if (s->compacted & COMPACTED)
        return xd_reject(c->v, XD_WHY_DOMCTL_XSTATE_COMPACT, s->compacted);
    if (size != HEAD + size_of(s->used))
        return xd_reject(c->v, XD_WHY_DOMCTL_XSTATE_LENGTH, size, HEAD + size_of(s->used), s->used);
    return 0;
}

static int64_t set_extstate(struct xd_domctl *c)
{
    const uint64_t size = c->op.u.vcpuextstate.size;
    struct saved s = {0};
    struct xd_vcpu *t;
    int64_t rc = find_other(c, c->op.u.vcpuextstate.vcpu, XD_WHY_DOMCTL_VCPU_SELF, &t);

    if (rc)
        return rc;
    if (size < HEAD || size > HEAD + XD_XSAVE_ALL)
        return xd_reject(c->v, XD_WHY_DOMCTL_XSTATE_SIZE, size, HEAD, HEAD + XD_XSAVE_ALL);
    rc = xd_domctl_read(c, &s, c->op.u.vcpuextstate.buffer, size);
    if (rc == 0)
        rc = check_saved(c, &s, size);
    if (rc || size == HEAD)
        return rc;

    XD_PUT(t->hv, t->given.xcr0, s.xcr0);
    XD_PUT(t->hv, t->given.xcr0_used, s.used);
    xd_arena_write(xd_arena_of(t->hv), t->given.xsave, (const unsigned char *)&s + HEAD,
                   size - HEAD);
    return 0;
}

const struct xd_domctl_row xd_domctl_given[] = {
    {SET_EXT_VCPUCONTEXT, set_ext},
    {GET_EXT_VCPUCONTEXT, get_ext},
    {SETVCPUEXTSTATE, set_extstate},
    {GETVCPUEXTSTATE, get_extstate},
    {GET_VCPU_MSRS, get_msrs},
    {SET_VCPU_MSRS, set_msrs},
    {0, NULL},
};
