/* SPDX-License-Identifier: MIT */
/*
 * memory.c: page-table updates, pins, and making machines.
 *
 * The floor of an update touches what any implementation must: the entry, and the two counters of
 * the frame that comes and of the frame that goes. It uses arrays of the same size and the same
 * random places.
 */
#include "bench.h"

#include "base/rng.h"
#include "hv/frame.h"

#include <stdlib.h>
#include <string.h>

#define CALL_MMU_UPDATE 1
#define CALL_MMUEXT_OP  26
#define PIN_L1          0
#define PIN_L4          3
#define UNPIN           4
#define REQUESTS        4096u /* in guest memory; runs go round through them */
#define FLAGS_L1        (XD_PTE_P | XD_PTE_RW | XD_PTE_US | XD_PTE_GK)
#define FLAGS_UPPER     (XD_PTE_P | XD_PTE_RW | XD_PTE_US | XD_PTE_A)
#define PAGES_64M       16384u

struct counters {
    uint32_t count, type_count;
    uint64_t rest;
};

struct memory {
    struct xd_hv *hv;
    struct xd_domain *d;
    struct xd_vcpu *v;
    uint64_t area;
    uint64_t batch;
    uint32_t tables;
    uint64_t l4;
    struct xd_abi_mmu_update *req; /* REQUESTS of them, as they stand in guest memory */
    uint64_t at;                   /* next of them */
    uint64_t *floor_entry;         /* the tables' entries, by request */
    struct counters *floor_frame;
    uint32_t frames;
};

static uint64_t free_page(struct memory *m, uint64_t k)
{
    return xd_domain_mfn(m->d, xd_domain_start(m->d)->first_free_pfn + k);
}

static long mmuext(struct memory *m, uint32_t cmd, uint64_t mfn)
{
    struct xd_abi_mmuext_op op = {.cmd = cmd, .arg1 = mfn};
    uint64_t at = m->area + REQUESTS * sizeof(*m->req);

    bench_store(m->v, at, &op, sizeof(op));
    return xd_hypercall(m->v, CALL_MMUEXT_OP, (const uint64_t[6]){at, 1, 0, XD_DOMID_SELF});
}

static struct memory *machine(uint32_t frames, uint32_t pages)
{
    struct memory *m = xd_zalloc(sizeof(*m));

    m->frames = frames;
    m->d = bench_domain(frames, pages, false);
    m->hv = xd_domain_hv(m->d);
    m->v = xd_vcpu_at(m->d, 0);
    m->area = xd_domain_start(m->d)->padding_va;
    m->floor_frame = xd_zalloc(frames * sizeof(*m->floor_frame));
    return m;
}

static void teardown(void *ctx)
{
    struct memory *m = ctx;

    xd_hv_destroy(m->hv);
    free(m->req);
    free(m->floor_entry);
    free(m->floor_frame);
    free(m);
}

/* Pinned empty L1 tables, and requests that put random frames into random slots of them. */
static void *setup_updates(const struct bench *b)
{
    bool large = b->arg >> 32;
    struct memory *m = large ? machine(XD_FRAMES_MAX, 1000000) : machine(20000, PAGES_64M);
    uint64_t rng = 1, spare = m->d->start.pages - m->d->start.first_free_pfn;

    m->batch = b->arg & UINT32_MAX;
    m->tables = large ? 4096 : 32;
    m->req = xd_zalloc(REQUESTS * sizeof(*m->req));
    m->floor_entry = xd_zalloc((size_t)m->tables * XD_PT_SLOTS * 8);
    for (uint32_t i = 0; i < m->tables; i++)
        XD_ALWAYS(mmuext(m, PIN_L1, free_page(m, i)) == 0);
    for (uint32_t i = 0; i < REQUESTS; i++) {
        uint64_t table = xd_rng_next(&rng) % m->tables, slot = xd_rng_next(&rng) % XD_PT_SLOTS;
        uint64_t page = m->tables + xd_rng_next(&rng) % (spare - m->tables);

        m->req[i].ptr = free_page(m, table) << XD_PAGE_SHIFT | slot * 8;
        m->req[i].val = free_page(m, page) << XD_PAGE_SHIFT | FLAGS_L1;
    }
    bench_store(m->v, m->area, m->req, REQUESTS * sizeof(*m->req));
    return m;
}

static void update(void *ctx, uint64_t n)
{
    struct memory *m = ctx;

    for (uint64_t done = 0; done < n; done += m->batch) {
        const uint64_t arg[6] = {m->area + m->at * sizeof(*m->req), m->batch, 0, XD_DOMID_SELF};
        long rc = xd_hypercall(m->v, CALL_MMU_UPDATE, arg);

        XD_ALWAYS(rc == 0);
        m->at = (m->at + m->batch) % REQUESTS;
    }
}

static void touch(void *ctx, uint64_t n)
{
    struct memory *m = ctx;
    uint64_t i = 0;

    for (uint64_t done = 0; done < n; done++, i = (i + 1) % REQUESTS) {
        uint64_t place = m->req[i].ptr >> 3,
                 *e = &m->floor_entry[place % ((uint64_t)m->tables * XD_PT_SLOTS)];
        uint64_t old = *e;
        struct counters *in = &m->floor_frame[m->req[i].val >> XD_PAGE_SHIFT & (XD_FRAMES_MAX - 1)];
        struct counters *out = &m->floor_frame[old >> XD_PAGE_SHIFT & (XD_FRAMES_MAX - 1)];

        in->count++;
        in->type_count++;
        *e = m->req[i].val;
        out->count--;
        out->type_count--;
    }
}

static void put_word(struct memory *m, uint64_t table, uint64_t slot, uint64_t val)
{
    struct xd_abi_mmu_update u = {table << XD_PAGE_SHIFT | slot * 8, val};
    long rc;

    bench_store(m->v, m->area, &u, sizeof(u));
    rc = xd_hypercall(m->v, CALL_MMU_UPDATE, (const uint64_t[6]){m->area, 1, 0, XD_DOMID_SELF});
    XD_ALWAYS(rc == 0);
}

/* A tree of its own that maps 64 MiB: 32 L1, one L2, L3 and L4. */
static void *setup_tree(const struct bench *b)
{
    struct memory *m = machine(20000, PAGES_64M);
    uint64_t l2 = free_page(m, 32), l3 = free_page(m, 33), data = 35;
    uint64_t spare = m->d->start.pages - m->d->start.first_free_pfn - data;

    (void)b;
    m->tables = 32;
    m->l4 = free_page(m, 34);
    for (uint64_t i = 0; i < PAGES_64M; i++)
        put_word(m, free_page(m, i / XD_PT_SLOTS), i % XD_PT_SLOTS,
                 free_page(m, data + i % spare) << XD_PAGE_SHIFT | FLAGS_L1);
    for (uint64_t i = 0; i < m->tables; i++)
        put_word(m, l2, i, free_page(m, i) << XD_PAGE_SHIFT | FLAGS_UPPER);
    put_word(m, l3, 0, l2 << XD_PAGE_SHIFT | FLAGS_UPPER);
    put_word(m, m->l4, 0, l3 << XD_PAGE_SHIFT | FLAGS_UPPER);
    return m;
}

/* A unit is an L1 entry, taken and given back. */
static void pin_unpin(void *ctx, uint64_t n)
{
    struct memory *m = ctx;

    for (uint64_t done = 0; done < n; done += PAGES_64M) {
        XD_ALWAYS(mmuext(m, PIN_L4, m->l4) == 0);
        XD_ALWAYS(mmuext(m, UNPIN, m->l4) == 0);
    }
}

static void scan(struct memory *m, uint32_t by)
{
    for (uint64_t t = 0; t < m->tables; t++) {
        const uint64_t *e = xd_frame_contents(m->hv, free_page(m, t));

        for (unsigned int i = 0; i < XD_PT_SLOTS; i++) {
            struct counters *f = &m->floor_frame[xd_pte_mfn(e[i]).v];

            f->count += by;
            f->type_count += by;
        }
    }
}

static void scan_twice(void *ctx, uint64_t n)
{
    for (uint64_t done = 0; done < n; done += PAGES_64M) {
        scan(ctx, 1);
        scan(ctx, UINT32_MAX);
    }
}

static void *setup_nothing(const struct bench *b)
{
    (void)b;
    return machine(20000, PAGES_64M);
}

static void create_destroy(void *ctx, uint64_t n)
{
    (void)ctx;
    while (n--)
        xd_hv_destroy(xd_domain_hv(bench_domain(20000, PAGES_64M, false)));
}

/* What a new domain of 64 MiB must have written: its p2m list, the M2P, and the records of its
 * frames. */
static void write_lists(void *ctx, uint64_t n)
{
    const size_t bytes =
        (size_t)PAGES_64M * 8 + 20000 * 8 + (size_t)20000 * sizeof(struct xd_frame);
    struct xd_arena a;

    (void)ctx;
    while (n--) {
        XD_ALWAYS(xd_arena_init(&a, bytes) == 0);
        memset(a.base, 1, bytes);
        bench_use((uintptr_t)a.base);
        xd_arena_fini(&a);
    }
}

#define LARGE(batch) (UINT64_C(1) << 32 | (batch))
#define TOUCH        "the entry and four counters touched"

const struct bench bench_memory[] = {
    {"mmu_update, 64 MiB, batch 1, a request", TOUCH, 0, 0, setup_updates, update, touch, teardown,
     1},
    {"mmu_update, 64 MiB, batch 32, a request", TOUCH, 0, 0, setup_updates, update, touch, teardown,
     32},
    {"mmu_update, 64 MiB, batch 512, a request", TOUCH, 4, 0, setup_updates, update, touch,
     teardown, 512},
    {"mmu_update, 4 GiB, batch 1, a request", TOUCH, 0, 0, setup_updates, update, touch, teardown,
     LARGE(1)},
    {"mmu_update, 4 GiB, batch 32, a request", TOUCH, 0, 0, setup_updates, update, touch, teardown,
     LARGE(32)},
    {"mmu_update, 4 GiB, batch 512, a request", TOUCH, 1.5, 0, setup_updates, update, touch,
     teardown, LARGE(512)},
    {"pin and unpin 64 MiB, an entry", "entries scanned, counters up and down", 2.5, 0, setup_tree,
     pin_unpin, scan_twice, teardown, 0},
    {"create and destroy a 64 MiB machine", "its lists written to fresh memory", 0, 0,
     setup_nothing, create_destroy, write_lists, teardown, 0},
    {0},
};
