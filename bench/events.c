/* SPDX-License-Identifier: MIT */
/* events.c: upcalls that take events by the guest's part of both protocols, timers, and a balloon. */
#include "bench.h"

#include "hv/evtchn_fifo.h"
#include "hv/frame.h"
#include "xendouble/guest.h"

#include <stdlib.h>
#include <string.h>

#define CALL_MEMORY      12
#define CALL_SET_TIMER   15
#define CALL_XEN_VERSION 17
#define CALL_EVTCHN      32
#define OP_BIND_VIRQ     1
#define OP_SEND          4
#define OP_BIND_IPI      7
#define OP_INIT_CONTROL  11
#define OP_EXPAND_ARRAY  12
#define OP_DECREASE      1
#define OP_POPULATE      6
#define ALL_BITS         4095u /* all that bitmaps have room for: 0 is no port */
#define MANY_PORTS       4096u
#define WORDS            1024u /* of events in a page */
#define WORD_LINK        UINT32_C(0x1ffff)
#define WORD_FLAGS       UINT32_C(0xa0000000) /* pending, linked */
#define BALLOON          16384u
#define QUEUES           1u /* (arg) of a bench: events come by queues */

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
    uint64_t *frames;
    struct floor_frame {
        uint64_t record[2], next, p2m, m2p;
    } * floor_frame;
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
    free(e->floor_frame);
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

static void send_all(struct events *e)
{
    for (uint32_t i = 0; i < e->ports; i++)
        bench_use((uint64_t)xd_hypercall(e->v, CALL_EVTCHN,
                                         (const uint64_t[6]){OP_SEND, (uintptr_t)&e->port[i]}));
}

/* A unit is an event: all ports are raised, and then an upcall takes what is pending. */
static void raise_and_take(void *ctx, uint64_t n)
{
    struct events *e = ctx;
    uint8_t *mask = &e->shared->vcpu_info[0].evtchn_upcall_mask;

    for (uint64_t done = 0; done < n; done += e->ports) {
        *mask = 1;
        send_all(e);
        *mask = 0;
        e->taken = 0;
        xd_preempt();
        XD_ALWAYS(e->taken == e->ports);
    }
}

/* The same without an upcall. */
static void raise_masked_and_take(void *ctx, uint64_t n)
{
    struct events *e = ctx;

    e->shared->vcpu_info[0].evtchn_upcall_mask = 1;
    for (uint64_t done = 0; done < n; done += e->ports) {
        send_all(e);
        take(e);
        XD_ALWAYS(e->taken == e->ports);
    }
    e->shared->vcpu_info[0].evtchn_upcall_mask = 0;
}

/* ---- A timer ---- */

static void *setup_timer(const struct bench *b)
{
    struct events *e = machine(8192, 2048);
    const struct xd_abi_evtchn_bind_virq timer = {0};
    const struct xd_abi_evtchn_bind_ipi ipi = {0};
    const uint32_t port = 2;

    (void)b;
    evtchn(e, OP_BIND_VIRQ, &timer, sizeof(timer));
    evtchn(e, OP_BIND_IPI, &ipi, sizeof(ipi));
    bench_store(e->v, e->area, &port, sizeof(port));
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

static void call_and_event(void *ctx, uint64_t n)
{
    struct events *e = ctx;

    while (n--) {
        bench_use((uint64_t)xd_hypercall(e->v, CALL_XEN_VERSION, (const uint64_t[6]){0}));
        bench_use((uint64_t)xd_hypercall(e->v, CALL_EVTCHN, (const uint64_t[6]){OP_SEND, e->area}));
        XD_ALWAYS(take_from_bitmaps(e) == 1);
    }
}

/* ---- A balloon ---- */

/* A list of frames behind the reservation; populating leaves there what the next turn gives away. */
static void *setup_balloon(const struct bench *b)
{
    struct events *e = machine(40000, 30000);

    (void)b;
    e->frames = xd_zalloc(BALLOON * sizeof(*e->frames));
    e->floor_frame = xd_zalloc(BALLOON * sizeof(*e->floor_frame));
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

/* What is known of a frame, once as it goes and once as it comes: its record, its place in the list of free ones, and the two
 * lists that say which page it is; the guest's list is read each time, and written as it comes. */
static void write_records(void *ctx, uint64_t n)
{
    struct events *e = ctx;
    uint64_t last = 0, entry;

    while (n--)
        for (unsigned int up = 0; up < 2; up++)
            for (uint64_t i = 0; i < BALLOON; i++) {
                const uint64_t at = e->area + XD_PAGE_SIZE + i * sizeof(entry);
                struct floor_frame *f = &e->floor_frame[i];

                XD_ALWAYS(xd_copy_in(e->v, &entry, at, sizeof(entry)));
                f->record[0] = f->record[1] = up ? entry : 0;
                f->next = up ? 0 : last;
                f->p2m = f->m2p = up ? i : UINT64_MAX;
                last = i;
                if (up)
                    XD_ALWAYS(xd_copy_out(e->v, at, &entry, sizeof(entry)));
            }
}

#define MASKED  "the same sends, masked, taken without it"
#define BY_FIFO ((uint64_t)QUEUES << 32)

const struct bench bench_events[] = {
    {"upcall by bitmaps, 1 pending", MASKED, 2, 0, setup, raise_and_take, raise_masked_and_take,
     teardown, 1},
    {"upcall by bitmaps, 4095 pending, an event", MASKED, 1.1, 0, setup, raise_and_take,
     raise_masked_and_take, teardown, ALL_BITS},
    {"upcall by queues, 1 pending", MASKED, 2, 0, setup, raise_and_take, raise_masked_and_take,
     teardown, BY_FIFO | 1},
    {"upcall by queues, 4096 pending, an event", MASKED, 1.1, 0, setup, raise_and_take,
     raise_masked_and_take, teardown, BY_FIFO | MANY_PORTS},
    {"timer set and fired", "a null call, an event sent and taken", 3.5, 0, setup_timer,
     set_and_fire, call_and_event, teardown, 0},
    {"balloon of 16384 frames out and in", "records written, the list copied by entries", 3.5, 0,
     setup_balloon, balloon, write_records, teardown, 0},
    {0},
};
