/* SPDX-License-Identifier: MIT */
/* events.c: upcalls that take events by the guest's part of both protocols, timers, and a balloon. */
#include "bench.h"

#include "hv/evtchn_fifo.h"
#include "hv/frame.h"
#include "xendouble/guest.h"

#include <stdlib.h>
#include <string.h>

#define CALL_MEMORY     12
#define CALL_SET_TIMER  15
#define CALL_EVTCHN     32
#define OP_BIND_VIRQ    1
#define OP_SEND         4
#define OP_BIND_IPI     7
#define OP_INIT_CONTROL 11
#define OP_EXPAND_ARRAY 12
#define OP_DECREASE     1
#define OP_POPULATE     6
#define ALL_BITS        4095u /* all that bitmaps have room for: 0 is no port */
#define MANY_PORTS      4096u
#define WORDS           1024u /* of events in a page */
#define WORD_LINK       UINT32_C(0x1ffff)
#define WORD_FLAGS      UINT32_C(0xa0000000) /* pending, linked */
#define BALLOON         16384u
#define QUEUES          1u /* (arg) of a bench: events come by queues */

struct events {
    struct xd_hv *hv;
    struct xd_domain *d;
    struct xd_vcpu *v;
    struct xd_abi_shared_info *shared;
    uint64_t area;
    uint32_t ports; /* 1 to (ports) are bound */
    uint32_t *block, *words[MANY_PORTS / WORDS + 1];
    uint32_t *port; /* what calls are given once the domain is linked */
    uint32_t taken; /* by upcalls */
    uint64_t floor[MANY_PORTS / 64 + 1];
    uint64_t *frames;
    uint32_t *floor_count;
};

static uint64_t page(struct events *e, uint64_t k)
{
    return xd_domain_mfn(e->d, e->d->start.first_free_pfn + k);
}

static void evtchn(struct events *e, uint64_t cmd, const void *op, size_t n)
{
    bench_store(e->v, e->area, op, n);
    XD_ALWAYS(xd_hypercall(e->v, CALL_EVTCHN, (const uint64_t[6]){cmd, e->area}) == 0);
}

static struct events *machine(uint32_t frames, uint32_t pages)
{
    struct events *e = xd_zalloc(sizeof(*e));

    e->d = bench_domain(frames, pages, true);
    e->hv = xd_domain_hv(e->d);
    e->v = xd_vcpu_at(e->d, 0);
    e->shared = xd_shared_info(e->d);
    e->area = xd_domain_start(e->d)->padding_va;
    return e;
}

static void use_queues(struct events *e)
{
    const struct xd_abi_evtchn_init_control control = {.control_gfn = page(e, 0)};

    evtchn(e, OP_INIT_CONTROL, &control, sizeof(control));
    e->block = (uint32_t *)(void *)xd_frame_words(e->hv, xd_mfn_of(page(e, 0)));
    for (uint64_t i = 0; i < XD_ARRAY_SIZE(e->words); i++) {
        const struct xd_abi_evtchn_expand_array array = {.array_gfn = page(e, i + 1)};

        evtchn(e, OP_EXPAND_ARRAY, &array, sizeof(array));
        e->words[i] = (uint32_t *)(void *)xd_frame_words(e->hv, xd_mfn_of(page(e, i + 1)));
    }
}

static void take(void *events);

/* (arg): how many ports, and above them QUEUES. */
static void *setup(const struct bench *b)
{
    struct events *e = machine(8192, 2048);
    const struct xd_abi_evtchn_bind_ipi ipi = {0};

    e->ports = (uint32_t)b->arg;
    if (b->arg >> 32)
        use_queues(e);
    e->port = xd_zalloc(e->ports * sizeof(*e->port));
    for (uint32_t i = 0; i < e->ports; i++) {
        evtchn(e, OP_BIND_IPI, &ipi, sizeof(ipi));
        e->port[i] = i + 1;
    }
    XD_ALWAYS(xd_enter(e->v) == 0);
    xd_guest_on_upcall(e->v, take, e);
    return e;
}

static void teardown(void *ctx)
{
    struct events *e = ctx;

    if (e->ports)
        xd_leave();
    xd_hv_destroy(e->hv);
    free(e->port);
    free(e->frames);
    free(e->floor_count);
    free(e);
}

static uint32_t take_from_bitmaps(struct events *e)
{
    uint32_t taken = 0;

    e->shared->vcpu_info[0].evtchn_upcall_pending = 0;
    for (uint64_t sel = e->shared->vcpu_info[0].evtchn_pending_sel; sel; sel &= sel - 1) {
        uint64_t *word = &e->shared->evtchn_pending[__builtin_ctzll(sel)];

        for (; *word; *word &= *word - 1)
            taken++;
    }
    e->shared->vcpu_info[0].evtchn_pending_sel = 0;
    return taken;
}

static uint32_t take_from_queue(struct events *e)
{
    uint32_t taken = 0;

    e->shared->vcpu_info[0].evtchn_upcall_pending = 0;
    e->block[0] = 0; /* no queue is ready any more */
    for (uint32_t port = e->block[2 + XD_FIFO_PRIORITY], *word; port; port = *word & WORD_LINK) {
        word = &e->words[port / WORDS][port % WORDS];
        *word &= ~WORD_FLAGS;
        taken++;
    }
    return taken;
}

static void take(void *events)
{
    struct events *e = events;

    e->taken = e->block ? take_from_queue(e) : take_from_bitmaps(e);
}

/* A unit is an event: all ports are raised, and then an upcall takes what is pending. */
static void raise_and_take(void *ctx, uint64_t n)
{
    struct events *e = ctx;
    uint8_t *mask = &e->shared->vcpu_info[0].evtchn_upcall_mask;

    for (uint64_t done = 0; done < n; done += e->ports) {
        *mask = 1;
        for (uint32_t i = 0; i < e->ports; i++)
            bench_use((uint64_t)xd_hypercall(e->v, CALL_EVTCHN,
                                             (const uint64_t[6]){OP_SEND, (uintptr_t)&e->port[i]}));
        *mask = 0;
        e->taken = 0;
        xd_preempt();
        XD_ALWAYS(e->taken == e->ports);
    }
}

static void bits(void *ctx, uint64_t n)
{
    struct events *e = ctx;

    for (uint64_t done = 0; done < n; done += e->ports) {
        for (uint32_t i = 1; i <= e->ports; i++) {
            e->floor[i / 64] |= UINT64_C(1) << i % 64;
            bench_use(i);
        }
        for (uint32_t i = 0; i <= e->ports / 64; i++)
            for (; e->floor[i]; e->floor[i] &= e->floor[i] - 1)
                bench_use(i);
    }
}

/* ---- A timer ---- */

static void *setup_timer(const struct bench *b)
{
    struct events *e = machine(8192, 2048);
    const struct xd_abi_evtchn_bind_virq timer = {0};

    (void)b;
    evtchn(e, OP_BIND_VIRQ, &timer, sizeof(timer));
    return e;
}

static void set_and_fire(void *ctx, uint64_t n)
{
    struct events *e = ctx;

    while (n--) {
        const uint64_t arg[6] = {xd_now_ns(e->hv) + 1000};

        bench_use((uint64_t)xd_hypercall(e->v, CALL_SET_TIMER, arg));
        xd_advance(e->hv, 1000);
        XD_ALWAYS(take_from_bitmaps(e) == 1);
    }
}

static void store_and_bits(void *ctx, uint64_t n)
{
    struct events *e = ctx;

    while (n--) {
        e->floor[0] += 1000;
        bench_use(e->floor[0]);
        e->floor[1] = e->floor[2] = e->floor[3] = n;
        bench_use(n);
        e->floor[1] = e->floor[2] = e->floor[3] = 0;
        bench_use(n);
    }
}

/* ---- A balloon ---- */

/* A list of frames behind the reservation; populating leaves there what the next turn gives away. */
static void *setup_balloon(const struct bench *b)
{
    struct events *e = machine(40000, 30000);

    (void)b;
    e->frames = xd_zalloc(BALLOON * sizeof(*e->frames));
    e->floor_count = xd_zalloc(BALLOON * sizeof(*e->floor_count));
    for (uint64_t i = 0; i < BALLOON; i++)
        e->frames[i] = page(e, i);
    bench_store(e->v, e->area + XD_PAGE_SIZE, e->frames, BALLOON * sizeof(*e->frames));
    for (uint64_t i = 0; i < BALLOON; i++)
        e->frames[i] = e->d->start.first_free_pfn + i;
    return e;
}

static void reserve(struct events *e, uint64_t cmd)
{
    const uint64_t list = e->area + XD_PAGE_SIZE;
    const struct xd_abi_memory_reservation r = {
        .extent_start = list, .nr_extents = BALLOON, .domid = XD_DOMID_SELF};
    long rc;

    bench_store(e->v, e->area, &r, sizeof(r));
    rc = xd_hypercall(e->v, CALL_MEMORY, (const uint64_t[6]){cmd, e->area});
    XD_ALWAYS(rc == BALLOON);
}

/* A unit is all frames given away and taken again. */
static void balloon(void *ctx, uint64_t n)
{
    struct events *e = ctx;

    while (n--) {
        reserve(e, OP_DECREASE);
        bench_store(e->v, e->area + XD_PAGE_SIZE, e->frames, BALLOON * sizeof(*e->frames));
        reserve(e, OP_POPULATE);
    }
}

/* The count of a frame down and up, and what the lists say of it. */
static void count_frames(void *ctx, uint64_t n)
{
    struct events *e = ctx;

    while (n--)
        for (unsigned int up = 0; up < 2; up++)
            for (uint64_t i = 0; i < BALLOON; i++) {
                e->floor_count[i] += up ? 1 : UINT32_MAX;
                bench_use(e->frames[i]);
            }
}

#define BITS    "its bit set, found and cleared"
#define BY_FIFO ((uint64_t)QUEUES << 32)

const struct bench bench_events[] = {
    {"upcall by bitmaps, 1 pending", BITS, 0, 0, setup, raise_and_take, bits, teardown, 1},
    {"upcall by bitmaps, 4095 pending, an event", BITS, 0, 0, setup, raise_and_take, bits, teardown,
     ALL_BITS},
    {"upcall by queues, 1 pending", BITS, 0, 0, setup, raise_and_take, bits, teardown, BY_FIFO | 1},
    {"upcall by queues, 4096 pending, an event", BITS, 0, 0, setup, raise_and_take, bits, teardown,
     BY_FIFO | MANY_PORTS},
    {"timer set and fired", "a deadline and three bits stored", 0, 0, setup_timer, set_and_fire,
     store_and_bits, teardown, 0},
    {"balloon of 16384 frames out and in", "counters and lists touched", 0, 0, setup_balloon,
     balloon, count_frames, teardown, 0},
    {0},
};
