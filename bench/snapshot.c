/* SPDX-License-Identifier: MIT */
/*
 * snapshot.c: going back: after touched frames and after short programs.
 *
 * The floor of going back is a journal of pages: each touched page copied out and back; and what a harness costs that
 * does nothing at all.
 */
#include "bench.h"

#include "base/strbuf.h"
#include "program/run.h"

#include <stdlib.h>
#include <string.h>

#define FRAMES_64M 16384u
#define PAGES      1024u /* of the domain */

struct going_back {
    struct xd_hv *hv;
    struct xd_vcpu *v;
    struct xd_snapshot snapshot;
    uint64_t touched; /* frames a turn */
    uint64_t mfn[PAGES];
    unsigned char (*page)[XD_PAGE_SIZE]; /* the floor's */
    uint64_t version_va, updates_va;
};

static void *setup(const struct bench *b)
{
    struct going_back *g = xd_zalloc(sizeof(*g));
    struct xd_domain *d = bench_domain(FRAMES_64M, 2 * PAGES, false);
    const struct xd_start *s = xd_domain_start(d);
    uint64_t pfn = (s->padding_va - s->virt_base) / XD_PAGE_SIZE;

    g->hv = xd_domain_hv(d);
    g->v = xd_vcpu_at(d, 0);
    g->touched = b->arg;
    g->updates_va = s->padding_va;
    for (unsigned int i = 0; i < PAGES; i++)
        g->mfn[i] = xd_domain_mfn(d, i);
    bench_store(g->v, g->updates_va,
                &(struct xd_abi_mmu_update){xd_domain_mfn(d, pfn + 1) * XD_PAGE_SIZE | 1, pfn + 1},
                16);
    g->page = xd_zalloc(PAGES * sizeof(*g->page));
    g->snapshot = xd_snapshot(g->hv);
    return g;
}

static void teardown(void *ctx)
{
    struct going_back *g = ctx;

    xd_hv_destroy(g->hv);
    free(g->page);
    free(g);
}

static uint64_t *word(const struct going_back *g, uint64_t i)
{
    return (uint64_t *)(void *)(g->hv->mem + g->mfn[i % PAGES] * XD_PAGE_SIZE) + i % XD_PT_SLOTS;
}

/* One word in each of the frames, as a call would write it; then back. */
static void touch_and_reset(void *ctx, uint64_t n)
{
    struct going_back *g = ctx;

    while (n--) {
        for (uint64_t i = 0; i < g->touched; i++)
            XD_PUT(g->hv, *word(g, i), n);
        XD_ALWAYS(xd_restore(g->hv, g->snapshot) == 0);
    }
}

static void touch_and_copy(void *ctx, uint64_t n)
{
    struct going_back *g = ctx;

    while (n--) {
        for (uint64_t i = 0; i < g->touched; i++) {
            memcpy(g->page[i], (void *)((uintptr_t)word(g, i) & ~(uintptr_t)4095), XD_PAGE_SIZE);
            *word(g, i) = n;
        }
        for (uint64_t i = 0; i < g->touched; i++)
            memcpy((void *)((uintptr_t)word(g, i) & ~(uintptr_t)4095), g->page[i], XD_PAGE_SIZE);
        bench_use(n);
    }
}

static void journal_words(void *ctx, uint64_t n)
{
    struct going_back *g = ctx;

    while (n) {
        uint64_t turn = n < 512 ? n : 512;

        for (uint64_t i = 0; i < turn; i++)
            XD_PUT(g->hv, word(g, 0)[i], n);
        XD_ALWAYS(xd_restore(g->hv, g->snapshot) == 0);
        n -= turn;
    }
}

static void store_words(void *ctx, uint64_t n)
{
    struct going_back *g = ctx;

    while (n) {
        uint64_t turn = n < 512 ? n : 512;

        for (uint64_t i = 0; i < turn; i++) {
            word(g, 0)[i] = n;
            bench_use(n);
        }
        n -= turn;
    }
}

/* The records of 512 words stay in the journal's memory, so that going back is all there is in a turn. */
static void put_back(void *ctx, uint64_t n)
{
    struct going_back *g = ctx;
    struct xd_arena *a = xd_arena_of(g->hv);
    const size_t mark = a->undo_nr;

    for (uint64_t i = 0; i < XD_PT_SLOTS; i++)
        XD_PUT(g->hv, word(g, 0)[i], i);
    for (const size_t end = a->undo_nr; n; n -= n < XD_PT_SLOTS ? n : XD_PT_SLOTS) {
        a->undo_nr = mark + (n < XD_PT_SLOTS ? n : XD_PT_SLOTS);
        XD_ALWAYS(a->undo_nr <= end);
        xd_arena_undo(a, mark);
    }
}

/* 16 calls: versions, entries of the M2P, the switch of the FPU, yields. */
static void program(struct going_back *g)
{
    for (unsigned int i = 0; i < 4; i++) {
        bench_use((uint64_t)xd_hypercall(g->v, 17, (uint64_t[6]){0}));
        bench_use((uint64_t)xd_hypercall(g->v, 1, (uint64_t[6]){g->updates_va, 1, 0, 0x7ff0}));
        bench_use((uint64_t)xd_hypercall(g->v, 5, (uint64_t[6]){i}));
        bench_use((uint64_t)xd_hypercall(g->v, 29, (uint64_t[6]){0}));
    }
}

static void programs(void *ctx, uint64_t n)
{
    struct going_back *g = ctx;

    while (n--) {
        program(g);
        XD_ALWAYS(xd_restore(g->hv, g->snapshot) == 0);
    }
}

static void no_programs(void *ctx, uint64_t n)
{
    void (*volatile nothing)(void *, uint64_t) = store_words;

    while (n--)
        nothing(ctx, 0);
}

#define COPIED "those pages copied out and back"
#define EMPTY  "an empty function"

const struct bench bench_snapshot[] = {
    {"reset, 64 MiB, nothing touched", COPIED, -200, 0, setup, touch_and_reset, touch_and_copy,
     teardown, 0},
    {"reset, 64 MiB, nothing touched, bare", EMPTY, -200, 0, setup, touch_and_reset, no_programs,
     teardown, 0},
    {"reset, 64 MiB, 8 frames touched", COPIED, 0, 0, setup, touch_and_reset, touch_and_copy,
     teardown, 8},
    {"reset, 64 MiB, 8 frames touched, bare", EMPTY, 0, 0, setup, touch_and_reset, no_programs,
     teardown, 8},
    {"reset, 64 MiB, 64 frames touched", COPIED, 0, 0, setup, touch_and_reset, touch_and_copy,
     teardown, 64},
    {"reset, 64 MiB, 64 frames touched, bare", EMPTY, 0, 0, setup, touch_and_reset, no_programs,
     teardown, 64},
    {"reset, 64 MiB, 512 frames touched", COPIED, 0, 0, setup, touch_and_reset, touch_and_copy,
     teardown, 512},
    {"reset, 64 MiB, 512 frames touched, bare", EMPTY, 0, 0, setup, touch_and_reset, no_programs,
     teardown, 512},
    {"journaled and put back, a word", "plain stores", 0, 0, setup, journal_words, store_words,
     teardown, 0},
    {"put back, a word", "plain stores", -3, 0, setup, put_back, store_words, teardown, 0},
    {"program of 16 calls and reset", EMPTY, 0, 0, setup, programs, no_programs, teardown, 0},
    {0},
};
