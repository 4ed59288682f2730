/* SPDX-License-Identifier: MIT */
/* random-calls.c: what random programs draw: numbers, frames, entries, addresses, whole calls. */
#include "random-draw.h"

#include "hv/copy.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ARGS_VA     UINT64_C(0x00007f0000000000) /* where the hooks put (args) */
#define SCRATCH     3u /* the page of a domain's padding that operands go to first */
#define MULTI_CALLS 5u

/* ---- Choices ---- */

uint64_t random_any(struct random *r, uint64_t n)
{
    return xd_rng_next(&r->rng) % n;
}

bool random_chance(struct random *r, unsigned int percent)
{
    return random_any(r, 100) < percent;
}

struct xd_domain *random_domain(struct random *r, unsigned int i)
{
    return xd_domain_find(r->hv, i);
}

static uint64_t any_mfn(struct random *r, unsigned int self)
{
    uint64_t dice = random_any(r, 100);

    if (dice < 72)
        return ONE_OF(r, r->pool[self]);
    if (dice < 82)
        return ONE_OF(r, r->pool[random_any(r, RANDOM_DOMAINS)]);
    switch (random_any(r, 9)) {
    case 0: return 0;
    case 1: return 0xa0;
    case 2: return XD_MFN_INVALID;
    case 3: return r->hv->frames + random_any(r, 3) - 1;
    case 4: return r->start[self].shared_info_mfn;
    case 5: return ONE_OF(r, r->start).shared_info_mfn;
    case 6: return r->hv->m2p_first.v + random_any(r, 12);
    case 7: {
        struct xd_domain *d = random_domain(r, self);
        uint64_t pfn = random_any(r, RANDOM_PAGES);

        return d ? xd_domain_mfn(d, pfn) : pfn;
    }
    default: return random_any(r, r->hv->frames);
    }
}

static uint64_t any_slot(struct random *r)
{
    static const uint16_t slots[] = {0, 1, 2, 3, 4, 256, 258, 271, 272, 509, 510, 511};

    return random_chance(r, 90) ? ONE_OF(r, slots) : random_any(r, XD_PT_SLOTS);
}

static uint64_t any_flags(struct random *r)
{
    static const uint64_t usual[] = {
        0x1, 0x3, 0x5, 0x7, 0x21, 0x27, 0x61, 0x63, 0x67, 0x65, 0x27 | XD_PTE_GK};
    static const uint64_t extra[] = {XD_PTE_PWT, XD_PTE_PCD, XD_PTE_PSE, XD_PTE_G,  XD_PTE_NX,
                                     XD_PTE_GK,  0x200,      0x800,      1ull << 60};
    uint64_t flags = ONE_OF(r, usual);

    if (random_chance(r, 10))
        flags |= ONE_OF(r, extra);
    if (random_chance(r, 10))
        flags &= ~XD_PTE_P;
    return flags;
}

uint64_t random_pte(struct random *r, unsigned int self)
{
    if (random_chance(r, 15))
        return 0;
    if (random_chance(r, 2))
        return xd_rng_next(&r->rng);
    return xd_pte_make(xd_mfn_of(any_mfn(r, self)), any_flags(r));
}

uint64_t random_va(struct random *r, unsigned int self)
{
    const struct xd_start *s = &r->start[self];
    uint64_t off = random_any(r, 512) * 8;

    switch (random_any(r, 8)) {
    case 0: return s->virt_base + random_any(r, s->mapped_pages) * XD_PAGE_SIZE + off;
    case 1: return s->pt_va + random_any(r, s->pt_frames) * XD_PAGE_SIZE + off;
    case 2: return s->pt_va + random_any(r, s->pt_frames) * XD_PAGE_SIZE + any_slot(r) * 8;
    case 3:
        return random_any(r, 5) << 39 | random_any(r, 5) << 30 | random_any(r, 5) << 21 |
               random_any(r, 5) << 12 | off;
    case 4: return any_slot(r) << 39 | any_slot(r) << 30 | any_slot(r) << 21 | off;
    case 5: return XD_RO_M2P_START + random_any(r, r->hv->frames + 9) * 8;
    case 6: return xd_rng_next(&r->rng);
    default: return s->padding_va + random_any(r, 8) * XD_PAGE_SIZE + off;
    }
}

static uint64_t any_desc(struct random *r)
{
    static const uint64_t descs[] = {0,
                                     UINT64_C(0x00af9b000000ffff),
                                     UINT64_C(0x00cff3000000ffff),
                                     UINT64_C(0x00008c00e0330000),
                                     UINT64_C(0x0000ec00e0230000),
                                     UINT64_C(0x0000890000000067),
                                     UINT64_C(0x0000800000000001)};

    return random_chance(r, 90) ? ONE_OF(r, descs) : xd_rng_next(&r->rng);
}

static uint16_t any_domid(struct random *r)
{
    static const uint16_t ids[] = {0, 1, 2, 3, XD_DOMID_IO, XD_DOMID_XEN, XD_DOMID_NONE};

    return random_chance(r, 75) ? XD_DOMID_SELF : ONE_OF(r, ids);
}

/* ---- Operands: in guest memory if the guest can still reach it, else in (args) behind the hooks ---- */

static bool read_args(void *ctx, struct xd_vcpu *v, uint64_t va, void *buf, size_t n)
{
    struct random *r = ctx;
    struct xd_hooks *h = &r->hv->host->hooks;
    bool (*self)(void *, struct xd_vcpu *, uint64_t, void *, size_t) = h->read;
    bool ok;

    if (va >= ARGS_VA && va - ARGS_VA + n <= RANDOM_ARGS) {
        memcpy(buf, r->args + (va - ARGS_VA), n);
        return true;
    }
    h->read = NULL;
    ok = xd_copy_in(v, buf, va, n);
    h->read = self;
    return ok;
}

static bool write_args(void *ctx, struct xd_vcpu *v, uint64_t va, const void *buf, size_t n)
{
    struct random *r = ctx;
    struct xd_hooks *h = &r->hv->host->hooks;
    bool (*self)(void *, struct xd_vcpu *, uint64_t, const void *, size_t) = h->write;
    bool ok;

    if (va >= ARGS_VA && va - ARGS_VA + n <= RANDOM_ARGS) {
        memcpy(r->args + (va - ARGS_VA), buf, n);
        return true;
    }
    h->write = NULL;
    ok = xd_copy_out(v, va, buf, n);
    h->write = self;
    return ok;
}

uint64_t random_place(struct random *r, struct xd_vcpu *v, size_t off, const void *data, size_t n)
{
    uint64_t va = r->start[v->domain->domid].padding_va + SCRATCH * XD_PAGE_SIZE + off;
    struct xd_hooks *h = &r->hv->host->hooks;

    if (!h->read && xd_guest_store(v, va, data, n, NULL) == XD_ACCESS_OK)
        return va;
    h->read = read_args;
    h->write = write_args;
    memcpy(r->args + off, data, n);
    return ARGS_VA + off;
}

static const void *placed(struct random *r, struct xd_vcpu *v, uint64_t va, void *copy, size_t n)
{
    if (va >= ARGS_VA && va - ARGS_VA < RANDOM_ARGS)
        memcpy(copy, r->args + (va - ARGS_VA), n);
    else if (xd_guest_load(v, va, copy, n, NULL) != XD_ACCESS_OK)
        memset(copy, 0, n);
    return copy;
}

/* ---- Calls: each fills in the registers and returns the number ---- */

static uint64_t mmu_update(struct random *r, struct xd_vcpu *v, size_t off, uint64_t arg[6])
{
    struct xd_abi_mmu_update req[6];
    uint64_t nr = 1 + random_any(r, XD_ARRAY_SIZE(req));
    unsigned int self = v->domain->domid, owner = self;

    if (v->domain->privileged && random_chance(r, 20))
        owner = (unsigned int)random_any(r, RANDOM_DOMAINS);
    for (uint64_t i = 0; i < nr; i++) {
        uint64_t cmd = random_chance(r, 85) ? 0 : random_any(r, 5);

        req[i].ptr = any_mfn(r, owner) << XD_PAGE_SHIFT | any_slot(r) * 8 | cmd;
        req[i].val = random_chance(r, 92) ? random_pte(r, owner) : any_desc(r);
    }
    arg[0] = random_place(r, v, off, req, nr * sizeof(req[0]));
    arg[1] = nr;
    arg[2] = random_chance(r, 50) ? arg[0] : 0;
    arg[3] =
        any_domid(r) | (owner != self || random_chance(r, 3) ? (uint64_t)(owner + 1) << 16 : 0);
    return 1;
}

static uint64_t mmuext_op(struct random *r, struct xd_vcpu *v, size_t off, uint64_t arg[6])
{
    static const uint32_t often[] = {0, 1, 2, 3, 4, 4, 4, 5, 15, 16, 17};
    struct xd_abi_mmuext_op op[3];
    uint64_t nr = 1 + random_any(r, XD_ARRAY_SIZE(op));
    uint16_t fd = any_domid(r);
    unsigned int owner = fd < RANDOM_DOMAINS ? fd : v->domain->domid;

    for (uint64_t i = 0; i < nr; i++) {
        op[i] = (struct xd_abi_mmuext_op){.cmd = ONE_OF(r, often), .arg1 = any_mfn(r, owner)};
        op[i].arg2 = any_mfn(r, owner);
        if (random_chance(r, 20))
            op[i].cmd = (uint32_t)random_any(r, 23);
        if (op[i].cmd >= 6 && op[i].cmd <= 13)
            op[i].arg1 = random_va(r, v->domain->domid);
        if (op[i].cmd == 8 || op[i].cmd == 9)
            op[i].arg2 = random_chance(r, 50) ? r->start[v->domain->domid].padding_va
                                              : random_va(r, v->domain->domid);
        if (op[i].cmd == 13) {
            op[i].arg1 &= random_chance(r, 80) ? ~UINT64_C(0xfff) : ~UINT64_C(0);
            op[i].arg2 = random_any(r, 8200);
        }
    }
    arg[0] = random_place(r, v, off, op, nr * sizeof(op[0]));
    arg[1] = nr;
    arg[2] = random_chance(r, 50) ? arg[0] : 0;
    arg[3] = fd;
    return 26;
}

static uint64_t va_mapping(struct random *r, struct xd_vcpu *v, size_t off, uint64_t arg[6])
{
    unsigned int self = v->domain->domid;

    (void)off;
    arg[0] = random_va(r, self);
    arg[1] = random_pte(r, self);
    arg[2] = random_chance(r, 80) ? random_any(r, 8) : random_va(r, self);
    arg[3] = any_domid(r);
    return random_chance(r, 75) ? 14 : 22;
}

static uint64_t descriptors(struct random *r, struct xd_vcpu *v, size_t off, uint64_t arg[6])
{
    uint64_t frames[3];

    if (random_chance(r, 50)) {
        arg[0] = any_mfn(r, v->domain->domid) << XD_PAGE_SHIFT | any_slot(r) * 8;
        arg[1] = any_desc(r);
        return 10;
    }
    for (unsigned int i = 0; i < XD_ARRAY_SIZE(frames); i++)
        frames[i] = any_mfn(r, v->domain->domid);
    arg[0] = random_place(r, v, off, frames, sizeof(frames));
    arg[1] = random_any(r, 4) * 512 - (random_chance(r, 50) ? random_any(r, 3) : 0);
    return 2;
}

static uint64_t memory_op(struct random *r, struct xd_vcpu *v, size_t off, uint64_t arg[6])
{
    static const uint8_t ops[] = {0, 0, 1, 1, 1, 1, 1, 1, 2, 3, 4, 5, 6, 6, 11, 11, 12, 14, 25, 40};
    union {
        struct xd_abi_memory_reservation rsv;
        struct xd_abi_memory_exchange x;
        unsigned char bytes[72];
    } op = {.bytes = {0}};
    struct xd_abi_memory_reservation rsv = {.nr_extents = 1 + random_any(r, 4),
                                            .domid = any_domid(r)};
    uint64_t list[4];

    arg[0] = ONE_OF(r, ops);
    for (unsigned int i = 0; i < XD_ARRAY_SIZE(list); i++)
        list[i] = arg[0] == 1 || arg[0] == 11 ? any_mfn(r, v->domain->domid)
                                              : random_any(r, RANDOM_PAGES);
    rsv.extent_start = random_place(r, v, off + 128, list, sizeof(list));
    if (random_chance(r, 10))
        rsv.extent_order = (uint32_t)random_any(r, 20);
    if (random_chance(r, 5))
        rsv.mem_flags = (uint32_t)xd_rng_next(&r->rng);
    op.rsv = rsv;
    if (arg[0] == 11) {
        op.x.out = rsv;
        if (random_chance(r, 10))
            op.x.nr_exchanged = random_any(r, 5);
    } else if (arg[0] == 3 || arg[0] == 4 || arg[0] == 14) {
        memcpy(op.bytes, &rsv.domid, sizeof(rsv.domid));
    } else if (arg[0] == 5) {
        struct xd_abi_memory_machphys_mfn_list want = {.max_extents = 4,
                                                       .extent_start = rsv.extent_start};

        memcpy(op.bytes, &want, sizeof(want));
    }
    arg[1] = random_place(r, v, off, &op, sizeof(op));
    if (random_chance(r, 5))
        arg[0] |= random_any(r, 4) << 6;
    return 12;
}

static uint64_t events(struct random *r, struct xd_vcpu *v, size_t off, uint64_t arg[6])
{
    uint32_t op[7] = {0};

    for (unsigned int i = 0; i < XD_ARRAY_SIZE(op); i++)
        op[i] = (uint32_t)random_any(r, 12);
    arg[0] = random_any(r, 15);
    if (arg[0] == 6)
        op[0] = any_domid(r) | (uint32_t)any_domid(r) << 16;
    else if (arg[0] == 10 || arg[0] == 14 || arg[0] == 5)
        op[0] = any_domid(r);
    else if (arg[0] == 0)
        op[0] = (uint32_t)random_any(r, RANDOM_DOMAINS);
    arg[1] = random_place(r, v, off, op, sizeof(op));
    return 32;
}

static uint64_t sleeps(struct random *r, struct xd_vcpu *v, size_t off, uint64_t arg[6])
{
    static const uint8_t ops[] = {0, 1, 3, 3, 3, 4, 5, 6, 6, 6, 7, 7};
    uint64_t op[3] = {random_any(r, 3), random_any(r, 3),
                      random_any(r, 2) ? v->hv->now_ns + random_any(r, 5000) : 0};
    uint32_t ports[3] = {(uint32_t)random_any(r, 4), (uint32_t)random_any(r, 4),
                         (uint32_t)random_any(r, 4)};

    arg[0] = ONE_OF(r, ops);
    if (arg[0] == 6 && v->domain->privileged)
        arg[0] = 0; /* its watchdog would turn the machine off */
    if (arg[0] == 3)
        op[0] = random_place(r, v, off + 64, ports, sizeof(ports));
    else if (arg[0] == 4)
        op[0] = any_domid(r) % 3 + 1; /* not the control domain: the machine would go off */
    else if (arg[0] == 6)
        op[0] |= random_any(r, 3) << 32;
    else if (arg[0] == 7)
        op[0] = random_any(r, 2) ? 0 : UINT32_MAX;
    arg[1] = random_place(r, v, off, op, sizeof(op));
    return 29;
}

static uint64_t others(struct random *r, struct xd_vcpu *v, size_t off, uint64_t arg[6])
{
    static const uint8_t assists[] = {2, 2, 32, 32, 3, 7};
    static const uint8_t calls[] = {4, 17, 18, 18, 30, 30, 30, 37, 40, 41, 63};
    uint64_t bytes[4];

    if (random_chance(r, 40)) {
        arg[0] = random_any(r, 2);
        arg[1] = ONE_OF(r, assists);
        return 21;
    }
    for (unsigned int i = 0; i < XD_ARRAY_SIZE(bytes); i++)
        bytes[i] = random_any(r, 16);
    arg[0] = random_any(r, 12);
    arg[1] = arg[2] = random_place(r, v, off, bytes, sizeof(bytes));
    arg[3] = ONE_OF(r, calls);
    if (arg[3] == 18) { /* console_io: command, bytes, where */
        arg[0] = random_any(r, 2);
        arg[1] = random_any(r, sizeof(bytes));
    } else if (arg[3] == 30) {
        arg[0] = random_any(r, 3);
    }
    return arg[3];
}

/* What a guest sets for its own vCPUs, and what it is mostly refused. */
static uint64_t own_state(struct random *r, struct xd_vcpu *v, size_t off, uint64_t arg[6])
{
    static const uint8_t calls[] = {0,  3,  5,  8,  9,  15, 24, 24, 24, 24, 24,
                                    25, 28, 31, 33, 33, 34, 35, 36, 37, 37, 48};
    uint64_t words[24] = {0}, nr = ONE_OF(r, calls);

    for (unsigned int i = 0; i < 6; i++)
        words[i] = random_any(r, 8) << 32 | random_any(r, 8);
    if (random_chance(r, 60))
        words[0] = random_chance(r, 50) ? v->hv->now_ns + random_any(r, 40000)
                                        : random_va(r, v->domain->domid) & ~UINT64_C(7);
    for (unsigned int i = 0; i < 2; i++)
        arg[i] = random_any(r, 9);
    if (nr == 15)
        arg[0] = words[0];
    else if (nr == 24)
        arg[0] = random_any(r, 14);
    else if (nr == 8 || nr == 25)
        arg[1] = random_chance(r, 30) ? random_any(r, 1 << 17) << 3 : words[0];
    else if (nr == 33)
        arg[0] = random_any(r, 32);
    if (nr == 24 && arg[0] == 2 && v->domain->privileged)
        arg[0] = 3; /* its last vCPU would turn the machine off */
    if (nr == 24)
        arg[2] = random_place(r, v, off, words, sizeof(words));
    else if (nr == 0 || nr == 35 || nr == 36 || nr == 48)
        arg[0] = random_place(r, v, off, words, sizeof(words));
    else if (nr == 28 || nr == 31 || nr == 33 || nr == 34 || nr == 37)
        arg[1] = random_place(r, v, off, words, sizeof(words));
    return nr;
}

typedef uint64_t call_fn(struct random *r, struct xd_vcpu *v, size_t off, uint64_t arg[6]);

static uint64_t any_call(struct random *r, struct xd_vcpu *v, size_t off, uint64_t arg[6])
{
    static call_fn *const calls[] = {mmu_update, mmu_update,  mmu_update, mmu_update,
                                     mmuext_op,  mmuext_op,   mmuext_op,  va_mapping,
                                     va_mapping, descriptors, memory_op,  events,
                                     events,     sleeps,      others,     own_state};

    return ONE_OF(r, calls)(r, v, off, arg);
}

static uint64_t multicall(struct random *r, struct xd_vcpu *v, uint64_t arg[6])
{
    struct xd_abi_multicall_entry e[MULTI_CALLS];
    uint64_t nr = 1 + random_any(r, MULTI_CALLS);

    memset(e, 0, sizeof(e));
    for (unsigned int i = 0; i < nr; i++)
        e[i].op = random_chance(r, 97) ? any_call(r, v, 512 * (i + 1), e[i].args) : 13;
    arg[0] = random_place(r, v, 0, e, nr * sizeof(e[0]));
    arg[1] = nr;
    return 13;
}

/* A reservation call told new frames: they take the place of old ones in the pool. */
static void note_frames(struct random *r, struct xd_vcpu *v, const uint64_t arg[6], long rc)
{
    struct xd_abi_memory_reservation rsv;
    uint64_t mfn;

    if ((arg[0] != 0 && arg[0] != 6 && arg[0] != 11) || rc < 0)
        return;
    placed(r, v, arg[1], &rsv, sizeof(rsv));
    for (uint64_t i = 0; i < rsv.nr_extents && i < 4; i++) {
        placed(r, v, rsv.extent_start + i * 8, &mfn, sizeof(mfn));
        if (xd_frame_owned(r->hv, xd_mfn_of(mfn), v->domain->domid))
            r->pool[v->domain->domid][8 + random_any(r, RANDOM_POOL - 8)] = mfn;
    }
}

void random_hypercall(struct random *r, struct xd_vcpu *v)
{
    uint64_t arg[6] = {0}, nr;
    long rc;

    nr = random_chance(r, 12) ? multicall(r, v, arg) : any_call(r, v, 0, arg);
    if (random_chance(r, 4))
        arg[random_any(r, 4)] =
            random_chance(r, 50) ? random_va(r, v->domain->domid) : xd_rng_next(&r->rng);
    snprintf(r->what, sizeof(r->what),
             "d%uv%u hypercall %" PRIu64 " (%#" PRIx64 ", %#" PRIx64 ", %#" PRIx64 ", %#" PRIx64
             ")",
             v->domain->domid, v->id, nr, arg[0], arg[1], arg[2], arg[3]);
    rc = xd_hypercall(v, nr, arg);
    r->calls++;
    r->refused += xd_why(v) != 0;
    if (nr == 12)
        note_frames(r, v, arg, rc);
}
