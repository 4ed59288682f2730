/* SPDX-License-Identifier: MIT */
/* guest.c: linked guests: a hypercall through each door, an upcall each way, going to another vCPU, and
 * what a test's fixture costs. */
#define _GNU_SOURCE
#include "bench.h"

#include "guest/guest.h"
#include "hv/tlb.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <xen/interface/event_channel.h>
#include <xen/interface/sched.h>
#include <xen/interface/xen.h>

#if defined(__x86_64__)

void bench_event_entry(void); /* clears what is pending and returns by iret */
void bench_calls_by_stub(uint64_t n);
void bench_full_switches(uint64_t n);
void bench_short_switches(uint64_t n);
extern struct xd_abi_vcpu_info *bench_info;
struct xd_abi_vcpu_info *bench_info;

struct guest {
    struct xd_hv *hv;
    struct xd_vcpu *v;
    struct xd_abi_shared_info *shared;
    struct evtchn_send send;
    long (*table[64])(void *, const uint64_t *);
};

static long nothing(void *v, const uint64_t *arg)
{
    bench_use((uintptr_t)v + arg[0]);
    return 0;
}

static void clear(struct guest *g)
{
    g->shared->evtchn_pending[0] = 0;
    g->shared->vcpu_info[0].evtchn_pending_sel = 0;
    g->shared->vcpu_info[0].evtchn_upcall_pending = 0;
}

static void hear(void *ctx)
{
    clear(ctx);
}

/* (arg) 0: events stay masked; 1: upcalls to C; 2: to assembly; 3: masked, and the domain is watched, as
 * check.h has it. */
#define WATCHED 3
static void *setup(const struct bench *b)
{
    struct guest *g = xd_zalloc(sizeof(*g));
    struct xd_domain *d = bench_domain(8192, 2048, false);
    struct evtchn_bind_ipi ipi = {.vcpu = 0};

    g->hv = xd_domain_hv(d);
    g->v = xd_vcpu_at(d, 0);
    g->shared = xd_shared_info(d);
    bench_info = &g->shared->vcpu_info[0];
    for (size_t i = 0; i < XD_ARRAY_SIZE(g->table); i++)
        g->table[i] = nothing;
    XD_ALWAYS(xd_enter(g->v) == 0);
    XD_ALWAYS(HYPERVISOR_event_channel_op(EVTCHNOP_bind_ipi, &ipi) == 0);
    g->send.port = ipi.port;
    if (b->arg == WATCHED) {
        xd_guest_watch(d);
    } else if (b->arg) {
        bench_info->evtchn_upcall_mask = 0;
        HYPERVISOR_set_callbacks((uintptr_t)bench_event_entry, 0, 0);
    }
    if (b->arg == 1)
        xd_guest_on_upcall(g->v, hear, g);
    return g;
}

static void teardown(void *ctx)
{
    struct guest *g = ctx;

    xd_leave();
    xd_hv_destroy(g->hv);
    free(g);
}

static void by_function(void *ctx, uint64_t n)
{
    (void)ctx;
    while (n--)
        bench_use((uint64_t)HYPERVISOR_xen_version(0, NULL));
}

static void by_stub(void *ctx, uint64_t n)
{
    (void)ctx;
    bench_calls_by_stub(n);
}

/* Whether the thread looks after each call what its domain holds. */
static void watch(bool watched)
{
    xd_this_thread.watched = watched;
    xd_self_settle(&xd_this_thread);
}

static void unwatched(void *ctx, uint64_t n)
{
    watch(false);
    by_function(ctx, n);
    watch(true);
}

static void bind_and_close(void *ctx, uint64_t n)
{
    (void)ctx;
    while (n--) {
        struct evtchn_bind_ipi ipi = {.vcpu = 0};
        struct evtchn_close close = {0};

        bench_use((uint64_t)HYPERVISOR_event_channel_op(EVTCHNOP_bind_ipi, &ipi));
        close.port = ipi.port;
        bench_use((uint64_t)HYPERVISOR_event_channel_op(EVTCHNOP_close, &close));
    }
}

static void bind_and_close_unwatched(void *ctx, uint64_t n)
{
    watch(false);
    bind_and_close(ctx, n);
    watch(true);
}

static void table_call(void *ctx, uint64_t n)
{
    struct guest *g = ctx;
    const uint64_t arg[6] = {0};
    volatile unsigned int nr = 17;

    while (n--)
        bench_use((uint64_t)g->table[nr & 63](g->v, arg));
}

static void send(void *ctx, uint64_t n)
{
    struct guest *g = ctx;

    while (n--) {
        clear(g);
        bench_use((uint64_t)HYPERVISOR_event_channel_op(EVTCHNOP_send, &g->send));
    }
}

/* What a send costs without an upcall, and a frame with all registers each way. */
static void send_masked_and_switch(void *ctx, uint64_t n)
{
    struct guest *g = ctx;

    bench_info->evtchn_upcall_mask = 1;
    while (n--) {
        clear(g);
        bench_use((uint64_t)HYPERVISOR_event_channel_op(EVTCHNOP_send, &g->send));
        bench_full_switches(1);
    }
    bench_info->evtchn_upcall_mask = 0;
}

/* ---- Switches: two vCPUs that do nothing but offer each other a turn ---- */

struct turns {
    struct xd_hv *hv;
    struct xd_vcpu *v[2];
    uint64_t left;
};

static void offer(void *ctx)
{
    struct turns *t = ctx;

    while (t->left) {
        t->left--;
        xd_preempt();
    }
}

static void *setup_turns(const struct bench *b)
{
    struct turns *t = xd_zalloc(sizeof(*t));
    struct xd_domain *d = bench_domain(8192, 2048, false), *other;
    struct xd_domain_config c = XD_DOMAIN_CONFIG_DEFAULT;

    (void)b;
    t->hv = xd_domain_hv(d);
    t->v[0] = xd_vcpu_at(d, 0);
    xd_domain_destroy(d);
    c.vcpus = c.vcpus_online = 2;
    XD_ALWAYS(xd_domain_create(t->hv, &c, &other) == 0);
    t->v[0] = xd_vcpu_at(other, 0);
    t->v[1] = xd_vcpu_at(other, 1);
    return t;
}

static void turns(void *ctx, uint64_t n)
{
    struct turns *t = ctx;
    struct xd_run_config c = XD_RUN_CONFIG_DEFAULT;

    c.points_max = 0;
    t->left = n;
    XD_ALWAYS(xd_vcpu_start(t->v[0], offer, t) == 0 && xd_vcpu_start(t->v[1], offer, t) == 0);
    XD_ALWAYS(xd_run(t->hv, &c) == XD_RUN_FINISHED);
}

static void short_switches(void *ctx, uint64_t n)
{
    (void)ctx;
    bench_short_switches(n);
}

static void teardown_turns(void *ctx)
{
    struct turns *t = ctx;

    xd_hv_destroy(t->hv);
    free(t);
}

/* ---- A fixture ---- */

static void *setup_nothing(const struct bench *b)
{
    (void)b;
    return NULL;
}

static void teardown_nothing(void *ctx)
{
    (void)ctx;
}

static void fixture(void *ctx, uint64_t n)
{
    (void)ctx;
    while (n--) {
        struct xd_hv *hv;
        struct xd_domain *d;

        XD_ALWAYS(xd_hv_create(&hv, NULL) == 0 && xd_domain_create(hv, NULL, &d) == 0);
        XD_ALWAYS(xd_enter(xd_vcpu_at(d, 0)) == 0);
        xd_hv_destroy(hv);
    }
}

/* What the tables and lists of such a domain take, written once. */
static void fill_pages(void *ctx, uint64_t n)
{
    (void)ctx;
    while (n--) {
        const size_t size = (size_t)32 * XD_PAGE_SIZE;
        void *p = malloc(size);

        __builtin_memset(p, 1, size);
        bench_use((uintptr_t)p);
        free(p);
    }
}

/* ---- Mirror: a page that is used for the first time ---- */

struct mirrored {
    struct xd_hv *hv;
    struct xd_vcpu *v;
    volatile unsigned char *page;
    unsigned char *window, *bare; /* without a guest: as much room, and the same page of it */
    size_t size;
};

static struct mirrored *mirrored; /* for the bare handler */

static void map_bare(int sig, siginfo_t *info, void *uc)
{
    const struct xd_arena *a = &mirrored->hv->host->arena;

    (void)sig;
    (void)uc;
    XD_ALWAYS(info->si_addr == mirrored->bare);
    XD_ALWAYS(mmap(mirrored->bare, XD_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
                   a->fd, 0) != MAP_FAILED);
}

static void *setup_mirror(const struct bench *b)
{
    struct xd_domain_config c = XD_DOMAIN_CONFIG_DEFAULT;
    struct mirrored *m = xd_zalloc(sizeof(*m));
    struct xd_domain *d;

    (void)b;
    c.virt_base = xd_guest_room(UINT64_C(1) << 30);
    XD_ALWAYS(xd_hv_create(&m->hv, NULL) == 0 && xd_domain_create(m->hv, &c, &d) == 0);
    m->size = xd_domain_start(d)->virt_end - xd_domain_start(d)->virt_base;
    m->window = mmap(NULL, m->size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    XD_ALWAYS(m->window != MAP_FAILED);
    m->bare = m->window + (xd_domain_start(d)->padding_va - xd_domain_start(d)->virt_base);
    XD_ALWAYS(xd_guest_mirror(d, NULL) == 0);
    m->v = xd_vcpu_at(d, 0);
    XD_ALWAYS(xd_enter(m->v) == 0);
    m->page = xd_guest_at(d, xd_domain_start(d)->padding_va);
    mirrored = m;
    return m;
}

static void teardown_mirror(void *ctx)
{
    struct mirrored *m = ctx;

    xd_leave();
    munmap(m->window, m->size);
    xd_hv_destroy(m->hv);
    free(m);
}

static void fill(void *ctx, uint64_t n)
{
    struct mirrored *m = ctx;

    while (n--) {
        *m->page = 1;
        xd_tlb_invlpg(m->v, (uintptr_t)m->page);
    }
}

static void fill_bare(void *ctx, uint64_t n)
{
    struct mirrored *m = ctx;
    struct sigaction sa = {.sa_flags = SA_SIGINFO | SA_ONSTACK}, ours;

    sa.sa_sigaction = map_bare;
    sigaction(SIGSEGV, &sa, &ours);
    while (n--) {
        *(volatile unsigned char *)m->bare = 1;
        XD_ALWAYS(mmap(m->bare, XD_PAGE_SIZE, PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1,
                       0) != MAP_FAILED);
    }
    sigaction(SIGSEGV, &ours, NULL);
}

#define CALL_FLOOR   "indirect call through a table of 64"
#define UPCALL_FLOOR "the same send, masked, and a full frame each way"

const struct bench bench_guest[] = {
    {"null hypercall by the stub", CALL_FLOOR, 2.5, 0, setup, by_stub, table_call, teardown, 0},
    {"null hypercall by HYPERVISOR_", CALL_FLOOR, 4, 0, setup, by_function, table_call, teardown,
     0},
    {"watched null hypercall", "the same, unwatched", 0, 0, setup, by_function, unwatched, teardown,
     WATCHED},
    {"watched bind and close of a port", "the same, unwatched", 0, 0, setup, bind_and_close,
     bind_and_close_unwatched, teardown, WATCHED},
    {"send and upcall to C", UPCALL_FLOOR, 1.5, 0, setup, send, send_masked_and_switch, teardown,
     1},
    {"send and upcall by bounce frame and iret", UPCALL_FLOOR, 1.5, 0, setup, send,
     send_masked_and_switch, teardown, 2},
    {"going to another vCPU", "the registers a function keeps, pop and jmp", 7, 0, setup_turns,
     turns, short_switches, teardown_turns, 0},
    {"mirror: a page filled and flushed", "bare SIGSEGV, mmap, retry, unmap", 1.2, 0, setup_mirror,
     fill, fill_bare, teardown_mirror, 0},
    {"machine with a domain, made and destroyed", "its pages written once", 0, 0, setup_nothing,
     fixture, fill_pages, teardown_nothing, 0},
    {0},
};

#else

const struct bench bench_guest[] = {{0}};

#endif
