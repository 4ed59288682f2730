/* SPDX-License-Identifier: MIT */
/*
 * test-journal.c: what the undo journal promises: after whatever happened since a mark, undoing it
 * gives back every byte. A write to machine state that goes round XD_PUT is found here.
 *
 * Long programs alone would not find one: what is written often has been recorded before, and is put
 * right by that. So each step is also done, undone, compared, and done again.
 */
#include "mm.h"
#include "random.h"

#include "hv/call/cpu.h"
#include "hv/descriptor.h"
#include "hv/evtchn.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEPS      4000u
#define STEPS_EACH 600u
#define SEEDS      3
#define SEEDS_EACH 8
#define RUNS       20u

static struct random r;

static void setup(void)
{
    random_init(&r, random_seed(1));
}

static void teardown(void)
{
    random_fini(&r);
}

static struct xd_arena *arena(void)
{
    return &r.hv->host->arena;
}

static unsigned char *copy_of_state(void)
{
    unsigned char *copy = malloc(arena()->size);

    ck_assert_ptr_nonnull(copy);
    memcpy(copy, arena()->base, arena()->size);
    return copy;
}

/* Offset of the first byte of [from, to) that differs from (want); (to) if none does. */
static size_t differs(const unsigned char *want, size_t from, size_t to)
{
    const unsigned char *got = arena()->base;

    if (memcmp(got + from, want + from, to - from) == 0)
        return to;
    while (got[from] == want[from])
        from++;
    return from;
}

/* The first byte of the machine that is not as in (want), past what is scratch; its size if there is none. */
static size_t first_difference(const unsigned char *want)
{
    const size_t scratch = sizeof(struct xd_vcpu) - offsetof(struct xd_vcpu, rec);
    size_t from = 0, to;

    for (unsigned int i = 0; i < r.hv->config.domains_max; i++)
        for (unsigned int id = 0; id < XD_VCPUS; id++, from = to + scratch) {
            to = (size_t)((unsigned char *)&r.hv->domain[i].vcpu[id].rec - arena()->base);
            if (differs(want, from, to) != to)
                return differs(want, from, to);
        }
    return differs(want, from, arena()->size);
}

static void ck_same_state(const unsigned char *want)
{
    size_t at = first_difference(want),
           domains = (size_t)((unsigned char *)r.hv->domain - arena()->base);
    size_t frames = (size_t)((unsigned char *)r.hv->frame - arena()->base);
    size_t mem = (size_t)(r.hv->mem - arena()->base);

    if (at == arena()->size)
        return;
    if (at < frames && at >= domains)
        ck_abort_msg("seed %" PRIu64
                     ", step %u, %s: byte %#zx of domain slot %zu is %#x and was %#x",
                     r.seed, r.step, r.what, (at - domains) % sizeof(struct xd_domain),
                     (at - domains) / sizeof(struct xd_domain), arena()->base[at], want[at]);
    if (at < mem && at >= frames)
        ck_abort_msg("seed %" PRIu64
                     ", step %u, %s: byte %zu of the record of frame %#zx is %#x and was %#x",
                     r.seed, r.step, r.what, (at - frames) % sizeof(struct xd_frame),
                     (at - frames) / sizeof(struct xd_frame), arena()->base[at], want[at]);
    ck_abort_msg("seed %" PRIu64 ", step %u, %s: byte %#zx of %s is %#x and was %#x", r.seed,
                 r.step, r.what, at < mem ? at : at - mem, at < mem ? "the machine" : "memory",
                 arena()->base[at], want[at]);
}

static void steps(unsigned int n)
{
    for (unsigned int i = 0; i < n; i++)
        random_step(&r);
}

START_TEST(undo_gives_back_every_byte_after_a_long_program)
{
    unsigned char *before;
    uint64_t digest;
    size_t mark;

    random_fini(&r);
    random_init(&r, random_seed((uint64_t)_i + 100));
    steps(200); /* not from the start of day only */
    before = copy_of_state();
    digest = xd_digest(r.hv);
    mark = xd_arena_mark(arena());
    steps(random_steps(STEPS));
    ck_assert_uint_ne(xd_digest(r.hv), digest);
    xd_arena_undo(arena(), mark);
    ck_same_state(before);
    ck_assert_uint_eq(xd_digest(r.hv), digest);
    ck_assert_uint_eq(xd_audit(r.hv, NULL), 0);
    free(before);
}
END_TEST

/* What the journal holds since (mark) is what (shadow) has to learn of the last step. */
static void follow(unsigned char *shadow, size_t mark)
{
    for (size_t i = mark; i < arena()->undo_nr; i++) {
        size_t at = arena()->undo[i].word * 8;

        memcpy(shadow + at, arena()->base + at, 8);
    }
}

START_TEST(undo_gives_back_every_byte_after_each_step)
{
    unsigned int n = random_steps(STEPS_EACH);
    unsigned char *shadow;
    struct random keep;
    size_t mark;

    random_fini(&r);
    random_init(&r, random_seed((uint64_t)_i + 200));
    shadow = copy_of_state();
    mark = xd_arena_mark(arena());
    while (r.step < n) {
        keep = r;
        random_step(&r);
        xd_arena_undo(arena(), mark);
        ck_same_state(shadow);
        r = keep;
        random_step(&r);
        follow(shadow, mark);
        xd_arena_forget(arena());
        mark = xd_arena_mark(arena());
    }
    free(shadow);
}
END_TEST

/* With frames that nobody had before, which come from the heap as they are. */
START_TEST(making_domains_can_be_undone)
{
    static const struct xd_domain_config configs[] = {
        {.domid = 0,
         .pages = 1100,
         .vcpus = 2,
         .vcpus_online = 2,
         .privileged = true,
         .order = XD_ORDER_DOM0,
         .virt_base = UINT64_C(0xffffffff80000000),
         .kernel_pages = 4,
         .initrd_len = 5000,
         .port_max = 100,
         .command_line = "console=hvc0",
         .handle = {1, 2, 3}},
        {.domid = 5,
         .pages = 1100,
         .vcpus = 3,
         .vcpus_online = 1,
         .virt_base = 0x400000,
         .kernel_pages = 4,
         .init_p2m = 0x100000000,
         .port_max = 100,
         .iomem = {{3, 4}}},
    };
    struct xd_config c = XD_CONFIG_DEFAULT;
    struct xd_domain *d[2];
    unsigned char *before;
    uint64_t digest;
    size_t mark;

    random_fini(&r);
    c.frames = 4096;
    c.domains_max = 4;
    ck_assert_int_eq(xd_hv_create(&r.hv, &c), 0);
    before = copy_of_state();
    digest = xd_digest(r.hv);
    mark = xd_arena_mark(arena());
    for (unsigned int round = 0; round < 2; round++) {
        for (unsigned int i = 0; i < XD_ARRAY_SIZE(configs); i++)
            ck_assert_msg(xd_domain_create(r.hv, &configs[i], &d[i]) == 0, "%s", xd_hv_error(r.hv));
        ck_assert_uint_eq(xd_audit(r.hv, NULL), 0);
        if (round)
            xd_domain_destroy(d[0]);
        xd_arena_undo(arena(), mark);
        ck_same_state(before);
        ck_assert_uint_eq(xd_digest(r.hv), digest);
    }
    free(before);
}
END_TEST

/* Many short programs from one state: each is undone before the next. A broken undo would let them pile up. */
START_TEST(a_machine_can_be_reset_again_and_again)
{
    unsigned char *before;
    struct random keep;
    size_t mark;

    steps(300);
    keep = r;
    before = copy_of_state();
    mark = xd_arena_mark(arena());
    for (unsigned int i = 0; i < RUNS; i++) {
        r = keep;
        r.rng = r.seed = random_seed(1000 + i);
        steps(60);
        xd_arena_undo(arena(), mark);
        ck_same_state(before);
    }
    free(before);
}
END_TEST

START_TEST(marks_nest)
{
    uint64_t digest[5];
    size_t mark[5];

    for (unsigned int i = 0; i < 5; i++) {
        digest[i] = xd_digest(r.hv);
        mark[i] = xd_arena_mark(arena());
        steps(100);
    }
    xd_arena_undo(arena(), mark[4]);
    ck_assert_uint_eq(xd_digest(r.hv), digest[4]);
    xd_arena_undo(arena(), mark[2]); /* two at once */
    ck_assert_uint_eq(xd_digest(r.hv), digest[2]);
    steps(100);
    xd_arena_undo(arena(), mark[2]); /* a mark can be gone back to twice */
    ck_assert_uint_eq(xd_digest(r.hv), digest[2]);
    xd_arena_undo(arena(), mark[0]);
    ck_assert_uint_eq(xd_digest(r.hv), digest[0]);
}
END_TEST

START_TEST(what_is_forgotten_stays)
{
    uint64_t digest;

    xd_arena_mark(arena());
    steps(100);
    digest = xd_digest(r.hv);
    xd_arena_forget(arena());
    ck_assert_uint_eq(arena()->undo_nr, 0);
    ck_assert_uint_eq(xd_digest(r.hv), digest);
    steps(50);
    ck_assert_uint_eq(arena()->undo_nr, 0); /* closed: nothing is recorded */
    ck_assert_uint_eq(xd_audit(r.hv, NULL), 0);
}
END_TEST

/* The same steps, journaled or not, come out the same. */
START_TEST(a_journal_changes_nothing)
{
    uint64_t digest;

    steps(500);
    digest = xd_digest(r.hv);
    random_fini(&r);
    random_init(&r, random_seed(1));
    xd_arena_mark(arena());
    steps(500);
    ck_assert_uint_eq(xd_digest(r.hv), digest);
}
END_TEST

/* Writes that go round the journal, one in each part of the machine. */
static unsigned char *unrecorded(int i)
{
    switch (i) {
    case 0: return (unsigned char *)&r.hv->frame[r.hv->heap_first + 9].count;
    case 1: return (unsigned char *)&r.hv->domain[1].vcpu[1].blocked;
    case 2: return (unsigned char *)&r.hv->domain[1].port[3].state;
    case 3: return (unsigned char *)&r.hv->now_ns;
    default: return r.hv->mem + (size_t)r.pool[1][0] * XD_PAGE_SIZE;
    }
}

START_TEST(a_write_that_was_not_recorded_is_found)
{
    unsigned char *before = copy_of_state(), *p = unrecorded(_i);
    uint64_t digest = xd_digest(r.hv);
    size_t mark = xd_arena_mark(arena());

    *p ^= 1;
    xd_arena_undo(arena(), mark);
    ck_assert_uint_ne(xd_digest(r.hv), digest);
    ck_assert_uint_eq(first_difference(before), (size_t)(p - arena()->base));
    *p ^= 1;
    ck_assert_uint_eq(xd_digest(r.hv), digest);
    ck_same_state(before);
    free(before);
}
END_TEST

/* ---- What random programs seldom do: one thing at a time, so that nothing recorded before covers for it ---- */

static struct xd_fixture f;
static uint32_t unbound, pair1, pair2; /* ports: of d1 for d2; of d1 and d2, joined */

static void bind_ports(void)
{
    struct xd_abi_evtchn_alloc_unbound alloc = {DOMID_SELF, 2, 0};
    struct xd_abi_evtchn_bind_interdomain bind = {1, 0, 0, 0};

    ck_ok(f.v1, fixture_run(&f, f.v1, 32, 6, &alloc));
    bind.remote_port = pair1 = alloc.port;
    ck_ok(f.v2, fixture_run(&f, f.v2, 32, 0, &bind));
    pair2 = bind.local_port;
    ck_ok(f.v1, fixture_run(&f, f.v1, 32, 6, &alloc));
    unbound = alloc.port;
}

static void bind_interdomain(void)
{
    struct xd_abi_evtchn_bind_interdomain bind = {1, 0, unbound, 0};

    ck_ok(f.v2, fixture_run(&f, f.v2, 32, 0, &bind));
}

static void close_pair(void)
{
    xd_port_close(f.d1, pair1);
}

static void send_event(void)
{
    xd_port_clear_pending(f.d2, pair2);
    xd_port_raise(f.d2, pair2);
}

static void many_ports(void)
{
    for (unsigned int i = 0; i < 70; i++) /* beyond the first bucket */
        ck_ok(f.v2, fixture_call(f.v2, 32, 7, mm_va(f.d2, 0)));
}

static void audit_descriptors(void)
{
    fixture_call(f.v1, 2, mm_va(f.d1, 1), 1);
}

static void fail_to_audit_descriptors(void)
{
    fixture_call(f.v1, 2, mm_va(f.d1, 2), 1);
}

static void drop_ldt_page(void)
{
    xd_ldt_release(f.v1);
}

static void destroy_linear(void)
{
    xd_domain_destroy(f.d1);
}

static void destroy_mapped(void)
{
    xd_domain_destroy(f.d2);
}

static void last_foreign_mapping(void)
{
    ck_ok(f.v0, mm_map(f.v0, mm_va(f.d0, 5), 0));
}

static void read_console(void)
{
    fixture_call(f.v0, 18, 1, 3, mm_va(f.d0, 0));
}

static void nmi(void)
{
    fixture_call(f.v1, 30, 0, mm_va(f.d1, 4));
}

static void nmi_off(void)
{
    fixture_call(f.v1, 30, 1, mm_va(f.d1, 4));
}

static void poll_any(void)
{
    fixture_call(f.v1, 29, 3, mm_va(f.d1, 5));
}

static void one_exit(struct xd_cpu *cpu, struct xd_vcpu *v, struct xd_exit *e)
{
    (void)cpu;
    (void)v;
    *e = (struct xd_exit){.kind = XD_EXIT_HYPERCALL};
}

static void cpu_hypercall(void)
{
    struct xd_cpu cpu = {one_exit};
    struct xd_outcome out;

    xd_cpu_step(&cpu, f.v1, &out); /* rax 0, and the answer -ENOSYS in it */
}

static void (*const acts[])(void) = {
    bind_interdomain,  close_pair,
    send_event,        many_ports,
    audit_descriptors, fail_to_audit_descriptors,
    drop_ldt_page,     destroy_linear,
    destroy_mapped,    last_foreign_mapping,
    read_console,      nmi,
    nmi_off,           poll_any,
    cpu_hypercall,
};

/* Everything the acts above find: ports, linear L4 tables, descriptors, foreign mappings, console input. */
static void prepare(void)
{
    static const uint64_t good = UINT64_C(0x00af9b000000ffff), tss = UINT64_C(0x0000890000000067);
    struct xd_abi_callback_register callback = {4, 0, 0, UINT64_C(0xffffffff80001000)};
    struct xd_abi_sched_poll poll = {.ports = mm_va(f.d1, 6), .nr_ports = 2};
    uint64_t frames[3] = {mm_page(f.d1, 0), mm_page(f.d1, 1), mm_page(f.d1, 2)};
    uint64_t a = mm_page(f.d1, 10), b = mm_page(f.d1, 11), low = a < b ? a : b;

    bind_ports();
    mm_poke(f.hv, frames[0], 3, good);
    mm_poke(f.hv, frames[1], 3, tss);
    fixture_store(f.v1, mm_va(f.d1, 1), &frames[0], 8);
    fixture_store(f.v1, mm_va(f.d1, 2), &frames[1], 8);
    fixture_store(f.v1, mm_va(f.d1, 4), &callback, sizeof(callback));
    fixture_store(f.v1, mm_va(f.d1, 5), &poll, sizeof(poll));
    fixture_store(f.v1, mm_va(f.d1, 6), &(uint32_t[2]){unbound, unbound}, 8);
    ck_ok(f.v1, mm_ext(&f, f.v1, PIN_L4, a));
    ck_ok(f.v1, mm_ext(&f, f.v1, PIN_L4, b));
    ck_ok(f.v1, mm_update(&f, f.v1, mm_ptr(low == a ? b : a, 3), mm_pte(low, 0x1)));
    ck_ok(f.v1, mm_update(&f, f.v1, mm_ptr(low, 4), mm_pte(mm_page(f.d1, 12), 0x3)));
    ck_ok(f.v0, fixture_call(f.v0, 22, mm_va(f.d0, 4), mm_pte(mm_page(f.d2, 0), 0x3), 0, 2));
    ck_ok(f.v0, fixture_call(f.v0, 22, mm_va(f.d0, 6),
                             mm_pte(xd_domain_start(f.d2)->shared_info_mfn, 0x3), 0, 2));
    ck_assert_int_eq(
        xd_page_and_type_get(f.v1, xd_mfn_of(frames[2]), 1, XD_TYPE_SEG_DESC, XD_WHY_GDT_FRAME), 0);
    f.v1->ldt_frame[1] = xd_mfn_of(frames[2]);
    xd_console_input(f.hv, "hello", 5);
}

START_TEST(undo_gives_back_every_byte_after_one_act)
{
    unsigned char *before;
    size_t mark;

    random_fini(&r);
    fixture_setup(&f);
    prepare();
    if (acts[_i] == last_foreign_mapping) {
        ck_ok(f.v0, fixture_call(f.v0, 22, mm_va(f.d0, 5), mm_pte(mm_page(f.d1, 0), 0x3), 0, 1));
        xd_domain_destroy(f.d1);
    }
    if (acts[_i] == nmi_off)
        nmi();
    snprintf(r.what, sizeof(r.what), "act %d", _i);
    r.hv = f.hv;
    before = copy_of_state();
    mark = xd_arena_mark(arena());
    acts[_i]();
    ck_assert_uint_gt(arena()->undo_nr, mark);
    ck_assert_uint_eq(xd_audit(f.hv, NULL), 0);
    xd_arena_undo(arena(), mark);
    ck_same_state(before);
    free(before);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("journal");
    TCase *t = tcase_create("undo");

    tcase_set_timeout(t, 300);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, undo_gives_back_every_byte_after_a_long_program, 0, SEEDS);
    tcase_add_loop_test(t, undo_gives_back_every_byte_after_each_step, 0, SEEDS_EACH);
    tcase_add_test(t, making_domains_can_be_undone);
    tcase_add_test(t, a_machine_can_be_reset_again_and_again);
    tcase_add_test(t, marks_nest);
    tcase_add_test(t, what_is_forgotten_stays);
    tcase_add_test(t, a_journal_changes_nothing);
    tcase_add_loop_test(t, undo_gives_back_every_byte_after_one_act, 0, (int)XD_ARRAY_SIZE(acts));
    tcase_add_loop_test(t, a_write_that_was_not_recorded_is_found, 0, 5);
    suite_add_tcase(suite, t);
    return fixture_main(suite);
}
