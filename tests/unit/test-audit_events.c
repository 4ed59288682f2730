/* SPDX-License-Identifier: MIT */
/*
 * test-audit_events.c: ports in words, faults the audit must find, and random calls under its eyes.
 */
#include "events.h"

#include "base/rng.h"

START_TEST(ports_are_explained_in_words)
{
    static const struct {
        unsigned int kind;
        const char *says;
    } words[] = {
        {FREE, "free"},
        {RESERVED, "reserved"},
        {UNBOUND, "waits for d0"},
        {INTERDOMAIN, "port 3 of d2"},
        {TIMER, "VIRQ 0 (TIMER)"},
        {GLOBAL, "the machine's VIRQ 2"},
        {IPI, "ipi"},
        {RANGE, "not valid"},
    };
    uint32_t port[KINDS];

    one_of_each(port);
    for (unsigned int i = 0; i < XD_ARRAY_SIZE(words); i++) {
        struct xd_str s = {0};

        xd_explain_port(f.d1, port[words[i].kind], &s);
        ck_assert_msg(strstr(xd_str_text(&s), words[i].says), "%s", xd_str_text(&s));
        xd_str_free(&s);
    }
}
END_TEST

static void plant_peer(void)
{
    f.d1->port[6].remote_port = 9;
}
static void plant_count(void)
{
    f.d1->ports_active++;
}
static void plant_virq(void)
{
    f.d1->vcpu[0].virq_port[0] = 5;
}
static void plant_lost_virq(void)
{
    f.d1->vcpu[0].virq_port[2] = 0;
}
static void plant_beyond(void)
{
    f.d1->port[100].state = XD_PORT_IPI;
    f.d1->ports_active++;
}
static void plant_vcpu(void)
{
    f.d1->port[5].notify_vcpu = 3;
}
static void plant_poll(void)
{
    f.d1->poll_mask = 1;
}
static void plant_foreign_poll(void)
{
    f.d1->poll_mask = UINT32_C(1) << f.d1->vcpus;
}
static void plant_info(void)
{
    f.d1->vcpu[1].info_off = 4040;
}
static void plant_info_frame(void)
{
    f.d1->vcpu[1].info_mfn = f.d2->shared_info;
}
static void plant_callback(void)
{
    f.d1->vcpu[0].event.address = UINT64_C(1) << 63;
}
static void plant_shutdown(void)
{
    f.d1->vcpu[1].paused_for_shutdown = true;
}

static void plant_tick(void)
{
    f.d1->vcpu[0].tick_ns = f.hv->now_ns + 1;
}
static void plant_half_dead(void)
{
    f.d1->dying = true;
}
static void plant_hardware(void)
{
    f.d1->hardware = true;
}
static void plant_list(void)
{
    f.d1->vcpu[0].continuing = true;
    f.d1->vcpu[0].cont.nr = 5;
}
static void plant_life(void)
{
    f.d1->vcpu[0].initialised = false;
}

static void (*const plants[])(void) = {
    plant_peer,     plant_count,       plant_virq,      plant_lost_virq,  plant_beyond,
    plant_vcpu,     plant_poll,        plant_info,      plant_info_frame, plant_callback,
    plant_shutdown, plant_tick,        plant_half_dead, plant_hardware,   plant_list,
    plant_life,     plant_foreign_poll};

START_TEST(the_audit_finds_a_planted_fault)
{
    struct xd_str s = {0};
    uint32_t port[KINDS];

    one_of_each(port);
    ck_assert_uint_eq(xd_audit_events(f.hv, &s), 0);
    plants[_i]();
    ck_assert_uint_gt(xd_audit_events(f.hv, &s), 0);
    ck_assert_uint_gt(s.len, 0);
    xd_str_free(&s);
    xd_hv_destroy(f.hv);
    fixture_setup(&f); /* for the teardown */
}
END_TEST

static uint32_t below(uint64_t *r, uint32_t n)
{
    return (uint32_t)(xd_rng_next(r) % n);
}

/* A number that is mostly small, at times at an edge. */
static uint32_t some(uint64_t *r)
{
    static const uint32_t edges[] = {63,   64,   127,        128,        1023, 1024,
                                     4095, 4096, DOMID_SELF, 0x7fffffff, ~0u};

    return below(r, 8) ? below(r, 9) : edges[below(r, (uint32_t)XD_ARRAY_SIZE(edges))];
}

static void any_call(uint64_t *r, struct xd_vcpu *v, uint64_t va)
{
    uint32_t nr = below(r, 6) ? HC : 29;
    uint32_t op[6];

    if (xd_vcpu_state(v) != XD_STATE_RUNNING)
        return;
    for (unsigned int i = 0; i < 6; i++)
        op[i] = some(r);
    if (below(r, 2)) /* two small halves, as in alloc_unbound */
        op[0] = below(r, 3) | below(r, 3) << 16;
    fixture_store(v, va, op, sizeof(op));
    xd_hypercall(v, nr, (const uint64_t[6]){below(r, nr == HC ? 16 : 8), va});
}

/*
 * Hundreds of random calls leave the machine consistent after each one, and undone they leave no
 * trace.
 */
START_TEST(random_calls_keep_the_machine_in_order)
{
    struct xd_arena *arena = xd_arena_of(f.hv);
    uint64_t r = (uint64_t)_i + 1;
    struct xd_vcpu *v[] = {f.v0, f.v1, f.v1b, f.v2};
    uint64_t va[4], digest;
    size_t mark;

    for (unsigned int i = 0; i < 4; i++)
        va[i] = fixture_place(&f, v[i], NULL, 24);
    digest = xd_digest(f.hv);
    mark = xd_arena_mark(arena);
    for (unsigned int n = 0; n < 400; n++) {
        unsigned int i = below(&r, 4);
        struct xd_str s = {0};

        any_call(&r, v[i], va[i]);
        if (!below(&r, 20))
            xd_virq_raise(v[i], below(&r, XD_VIRQS));
        if (!below(&r, 20))
            xd_advance(f.hv, below(&r, 100000));
        ck_assert_msg(xd_audit_events(f.hv, &s) == 0, "seed %d, call %u: %s", _i + 1, n,
                      xd_str_text(&s));
        xd_str_free(&s);
    }
    ck_assert_uint_ne(xd_digest(f.hv), digest);
    xd_arena_undo(arena, mark);
    xd_arena_forget(arena);
    ck_assert_uint_eq(xd_digest(f.hv), digest);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("audit_events");
    TCase *tc = tcase_create("audit_events");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, ports_are_explained_in_words);
    tcase_add_loop_test(tc, the_audit_finds_a_planted_fault, 0, XD_ARRAY_SIZE(plants));
    tcase_add_loop_test(tc, random_calls_keep_the_machine_in_order, 0, 20);
    suite_add_tcase(s, tc);
    return fixture_main(s);
}
