/* SPDX-License-Identifier: MIT */
/* traps.c: into the guest's kernel by its trap table, and back by the iret hypercall. */
#include "bench.h"

#include "hv/bounce.h"
#include "hv/frame.h"

#include <stdlib.h>
#include <string.h>

#define CALL_SET_TRAP_TABLE 0
#define CALL_IRET           23
#define VECTOR              0x80
#define FRAME               7u /* RCX R11 RIP CS RFLAGS RSP SS */
#define IRET                4u /* what the handler puts in the place of RCX and R11: RAX R11 RCX flags */

struct traps {
    struct xd_vcpu *v;
    uint64_t table;  /* of one entry, VA */
    uint64_t *stack; /* where the frame will lie */
    uint64_t floor[FRAME + IRET];
};

static void *setup(const struct bench *b)
{
    static const struct xd_abi_trap_info table[2] = {
        {.vector = VECTOR, .flags = 3, .cs = XD_FLAT_CS64, .address = 0x4000}};
    struct traps *t = xd_zalloc(sizeof(*t));
    struct xd_domain *d = bench_domain(8192, 2048, false);
    const struct xd_start *s = xd_domain_start(d);
    uint64_t pfn = (s->stack_va - s->virt_base) / XD_PAGE_SIZE;

    (void)b;
    t->v = xd_vcpu_at(d, 0);
    t->table = s->padding_va;
    t->stack = xd_frame_words(xd_domain_hv(d), xd_mfn_of(xd_domain_mfn(d, pfn))) + XD_PT_SLOTS;
    bench_store(t->v, t->table, table, sizeof(table));
    return t;
}

static void teardown(void *ctx)
{
    struct traps *t = ctx;

    xd_hv_destroy(t->v->hv);
    free(t);
}

/* A table of one entry, INT, and the handler's iret to where it was. */
static void round_trip(void *ctx, uint64_t n)
{
    struct traps *t = ctx;
    uint64_t *frame = t->stack - FRAME;
    const uint64_t table[6] = {t->table}, none[6] = {0};

    while (n--) {
        struct xd_registers r;

        XD_ALWAYS(xd_hypercall(t->v, CALL_SET_TRAP_TABLE, table) == 0);
        XD_ALWAYS(xd_guest_int(t->v, VECTOR) == XD_ENTERED_HANDLER);
        frame[-2] = n & 0xff; /* RAX */
        frame[-1] = frame[1]; /* R11 */
        frame[1] = 0;         /* no SYSCALL; RCX lies there already */
        xd_guest_registers(t->v, &r);
        r.rsp -= 2 * sizeof(*frame);
        XD_ALWAYS(xd_guest_registers_set(t->v, &r) == 0);
        XD_ALWAYS(xd_hypercall(t->v, CALL_IRET, none) == (int64_t)(n & 0xff));
    }
}

static void words(void *ctx, uint64_t n)
{
    struct traps *t = ctx;

    while (n--) {
        for (unsigned int i = 0; i < FRAME + IRET; i++) {
            t->floor[i] = n;
            bench_use(n);
        }
        for (unsigned int i = 0; i < FRAME + IRET; i++)
            bench_use(t->floor[i]);
    }
}

const struct bench bench_traps[] = {
    {"set_trap_table, INT, handler, iret", "its words stored and loaded", 0, 0, setup, round_trip,
     words, teardown, 0},
    {0},
};
