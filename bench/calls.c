/* SPDX-License-Identifier: MIT */
/* calls.c: what a call costs: nothing asked, one event sent, many calls in a list, and undoing
 * them. */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

#define CALL_MULTICALL      13
#define CALL_XEN_VERSION    17
#define CALL_EVENT_CHANNEL  32
#define OP_BIND_INTERDOMAIN 0
#define OP_SEND             4
#define OP_ALLOC_UNBOUND    6
#define LIST_NR             32u

struct calls {
    struct xd_hv *hv;
    struct xd_domain *d;
    struct xd_vcpu *v;
    uint64_t area;
    long (*table[64])(void *, const uint64_t *);
    struct xd_abi_shared_info *shared;
    struct xd_abi_shared_info floor;
    uint32_t port; /* sending here raises the other end */
};

static long nothing(void *v, const uint64_t *arg)
{
    bench_use((uintptr_t)v + arg[0]);
    return 0;
}

static uint64_t evtchn(struct calls *c, uint64_t cmd, void *op, size_t n)
{
    long rc;

    bench_store(c->v, c->area, op, n);
    rc = xd_hypercall(c->v, CALL_EVENT_CHANNEL, (const uint64_t[6]){cmd, c->area});
    XD_ALWAYS(rc == 0);
    XD_ALWAYS(xd_copy_in(c->v, op, c->area, n));
    return 0;
}

static void *setup(const struct bench *b)
{
    struct calls *c = xd_zalloc(sizeof(*c));
    struct xd_abi_evtchn_alloc_unbound un = {.dom = XD_DOMID_SELF, .remote_dom = XD_DOMID_SELF};
    struct xd_abi_evtchn_bind_interdomain in = {.remote_dom = XD_DOMID_SELF};
    struct xd_abi_multicall_entry list[LIST_NR];

    (void)b;
    c->d = bench_domain(8192, 2048, false);
    c->hv = xd_domain_hv(c->d);
    c->v = xd_vcpu_at(c->d, 0);
    c->area = xd_domain_start(c->d)->padding_va;
    c->shared = xd_shared_info(c->d);
    for (size_t i = 0; i < XD_ARRAY_SIZE(c->table); i++)
        c->table[i] = nothing;
    evtchn(c, OP_ALLOC_UNBOUND, &un, sizeof(un));
    in.remote_port = un.port;
    evtchn(c, OP_BIND_INTERDOMAIN, &in, sizeof(in));
    c->port = un.port;
    bench_store(c->v, c->area, &c->port, sizeof(c->port));
    for (unsigned int i = 0; i < LIST_NR; i++)
        list[i] = (struct xd_abi_multicall_entry){.op = CALL_XEN_VERSION};
    bench_store(c->v, c->area + 4096, list, sizeof(list));
    return c;
}

static void teardown(void *ctx)
{
    struct calls *c = ctx;

    xd_hv_destroy(c->hv);
    free(c);
}

static void null_call(void *ctx, uint64_t n)
{
    struct calls *c = ctx;
    const uint64_t arg[6] = {0};

    while (n--)
        bench_use((uint64_t)xd_hypercall(c->v, CALL_XEN_VERSION, arg));
}

static void table_call(void *ctx, uint64_t n)
{
    struct calls *c = ctx;
    const uint64_t arg[6] = {0};
    volatile unsigned int nr = CALL_XEN_VERSION;

    while (n--)
        bench_use((uint64_t)c->table[nr & 63](c->v, arg));
}

static void forget_event(struct xd_abi_shared_info *s)
{
    s->evtchn_pending[0] = 0;
    s->vcpu_info[0].evtchn_pending_sel = 0;
    s->vcpu_info[0].evtchn_upcall_pending = 0;
}

static void send(void *ctx, uint64_t n)
{
    struct calls *c = ctx;
    const uint64_t arg[6] = {OP_SEND, c->area};

    while (n--) {
        forget_event(c->shared); /* the guest's part */
        bench_use((uint64_t)xd_hypercall(c->v, CALL_EVENT_CHANNEL, arg));
    }
}

static void three_stores(void *ctx, uint64_t n)
{
    struct calls *c = ctx;

    while (n--) {
        c->floor.evtchn_pending[0] = n;
        c->floor.vcpu_info[0].evtchn_pending_sel = n;
        c->floor.vcpu_info[0].evtchn_upcall_pending = (uint8_t)n;
        bench_use((uintptr_t)&c->floor);
    }
}

/* A unit is one entry. */
static void list_call(void *ctx, uint64_t n)
{
    struct calls *c = ctx;
    const uint64_t arg[6] = {c->area + 4096, LIST_NR};

    for (n = (n + LIST_NR - 1) / LIST_NR; n; n--)
        bench_use((uint64_t)xd_hypercall(c->v, CALL_MULTICALL, arg));
}

/* A unit is a journaled word: written by sending, and put back. */
static void send_and_undo(void *ctx, uint64_t n)
{
    struct calls *c = ctx;
    struct xd_arena *a = xd_arena_of(c->hv);
    const uint64_t arg[6] = {OP_SEND, c->area};
    size_t mark = xd_arena_mark(a);

    forget_event(c->shared);
    for (uint64_t done = 0; done < n;) {
        bench_use((uint64_t)xd_hypercall(c->v, CALL_EVENT_CHANNEL, arg));
        done += a->undo_nr - mark;
        xd_arena_undo(a, mark);
    }
    xd_arena_forget(a);
}

const struct bench bench_calls[] = {
    {"null hypercall", "indirect call through a table of 64", 4, 0, setup, null_call, table_call,
     teardown, 0},
    {"evtchn send, not pending", "three plain stores", 6, 0, setup, send, three_stores, teardown,
     0},
    {"multicall of 32, an entry", "the same call made directly", 0, 0, setup, list_call, null_call,
     teardown, 0},
    {"send with journal and undo, a journaled word", "send without them", 0, 0, setup,
     send_and_undo, send, teardown, 0},
    {0},
};
