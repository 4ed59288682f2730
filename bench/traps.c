/* SPDX-License-Identifier: MIT */
/* traps.c: into the guest's kernel by its trap table, and back by the iret hypercall. */
#include "bench.h"

#include "hv/bounce.h"
#include "hv/frame.h"

#include <stdlib.h>
#include <string.h>

#define CALL_SET_TRAP_TABLE 0
#define CALL_XEN_VERSION    17
#define CALL_IRET           23
#define VECTOR              0x80
#define FRAME               7u /* RCX R11 RIP CS RFLAGS RSP SS */
#define IRET                4u /* what the handler puts in the place of RCX and R11: RAX R11 RCX flags */

struct traps {
    struct xd_vcpu *v;
    uint64_t table;     /* of one entry, VA */
    uint64_t *stack;    /* where the frame will lie */
    uint64_t stack_end; /* its address for the guest */
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
    t->stack_end = s->stack_va + XD_PAGE_SIZE;
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

/* What a round trip reads and writes of the guest's, and the two calls that it makes. */
static void calls_and_copies(void *ctx, uint64_t n)
{
    struct traps *t = ctx;
    const uint64_t at = t->stack_end - sizeof(t->floor);
    struct xd_abi_trap_info table[2];
    const uint64_t none[6] = {0};

    while (n--) {
        bench_use((uint64_t)xd_hypercall(t->v, CALL_XEN_VERSION, none));
        XD_ALWAYS(xd_copy_in(t->v, table, t->table, sizeof(table)));
        XD_ALWAYS(xd_copy_out(t->v, at, t->floor, FRAME * sizeof(t->floor[0])));
        bench_use((uint64_t)xd_hypercall(t->v, CALL_XEN_VERSION, none));
        XD_ALWAYS(xd_copy_in(t->v, t->floor, at, sizeof(t->floor)));
        bench_use(t->floor[0] + table[0].address);
    }
}

const struct bench bench_traps[] = {
    {"set_trap_table, INT, handler, iret", "two null calls; table and frames copied", 3.5, 0, setup,
     round_trip, calls_and_copies, teardown, 0},
    {0},
};
