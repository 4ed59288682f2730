/* SPDX-License-Identifier: MIT */
/* test-vtime.c: virtual time: poll timers and watchdogs fire in order, each at its own moment. */
#include "fixture.h"

#define HC_SCHED  29
#define HC_EVTCHN 32
#define SECOND    UINT64_C(1000000000)

static struct xd_fixture f;

static void setup(void)
{
    fixture_setup(&f);
}

static void teardown(void)
{
    fixture_teardown(&f);
}

static void poll_until(struct xd_vcpu *v, uint64_t timeout)
{
    struct xd_abi_sched_poll op = {.timeout = timeout};

    ck_ok(v, fixture_run(&f, v, HC_SCHED, 3, &op));
}

static long watchdog(struct xd_vcpu *v, uint32_t seconds)
{
    struct xd_abi_sched_watchdog op = {0, seconds};

    return fixture_run(&f, v, HC_SCHED, 6, &op);
}

START_TEST(time_stands_still_but_for_advance)
{
    uint64_t start = xd_now_ns(f.hv);

    ck_assert_uint_eq(start, SECOND);
    ck_ok(f.v1, fixture_call(f.v1, HC_SCHED, 0, 0));
    ck_assert_uint_eq(xd_now_ns(f.hv), start);
    xd_advance(f.hv, 5);
    ck_assert_uint_eq(xd_now_ns(f.hv), start + 5);
    xd_advance(f.hv, 0);
    ck_assert_uint_eq(xd_now_ns(f.hv), start + 5);
    xd_advance(f.hv, UINT64_MAX);
    ck_assert_uint_eq(xd_now_ns(f.hv), INT64_MAX);
    xd_advance(f.hv, UINT64_MAX);
    ck_assert_uint_eq(xd_now_ns(f.hv), INT64_MAX);
}
END_TEST

START_TEST(a_poll_ends_at_its_timeout)
{
    poll_until(f.v1, SECOND + 100);
    xd_advance(f.hv, 99);
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_BLOCKED);
    xd_advance(f.hv, 1);
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_RUNNING);
}
END_TEST

START_TEST(a_poll_without_timeout_never_ends_by_itself)
{
    poll_until(f.v1, 0);
    xd_advance(f.hv, UINT64_MAX);
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_BLOCKED);
}
END_TEST

static const uint64_t past[] = {1, SECOND - 1, SECOND, UINT64_C(1) << 63, UINT64_MAX};

START_TEST(a_timeout_in_the_past_is_over_at_once)
{
    poll_until(f.v1, past[_i]);
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_RUNNING);
}
END_TEST

/* Ends a poll of (f.v1) for any port by an event, before its time. */
static void wake_early(void)
{
    struct xd_abi_evtchn_bind_ipi bind = {0, 0};
    struct xd_abi_evtchn_port port;

    ck_ok(f.v1b, fixture_run(&f, f.v1b, HC_EVTCHN, 7, &bind));
    port.port = bind.port;
    ck_ok(f.v1b, fixture_run(&f, f.v1b, HC_EVTCHN, 4, &port));
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_RUNNING);
}

static void mask_all(void)
{
    fixture_set_shared(f.v1, fixture_map_shared_info(f.v1), evtchn_mask[0], ~UINT64_C(0));
}

/* As in Xen: waking up early leaves the timer running, and it ends whatever poll it finds. */
START_TEST(an_old_timer_ends_a_later_poll)
{
    mask_all();
    poll_until(f.v1, 2 * SECOND);
    wake_early();
    poll_until(f.v1, 0);
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_BLOCKED);
    xd_advance(f.hv, SECOND);
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_RUNNING);
    poll_until(f.v1, 0); /* it fires once only */
    xd_advance(f.hv, 9 * SECOND);
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_BLOCKED);
}
END_TEST

START_TEST(an_old_timer_does_not_end_a_block)
{
    mask_all();
    poll_until(f.v1, 2 * SECOND);
    wake_early();
    ck_ok(f.v1, fixture_call(f.v1, HC_SCHED, 1, 0));
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_BLOCKED);
    xd_advance(f.hv, 9 * SECOND);
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_BLOCKED);
}
END_TEST

START_TEST(a_new_timeout_replaces_an_old_one)
{
    mask_all();
    poll_until(f.v1, 2 * SECOND);
    wake_early();
    poll_until(f.v1, 4 * SECOND);
    xd_advance(f.hv, 3 * SECOND - 1);
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_BLOCKED);
    xd_advance(f.hv, 1);
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_RUNNING);
}
END_TEST

/*
 * A watchdog shuts its domain down at its own deadline, although a later one of another domain
 * fires in the same step.
 */
START_TEST(timers_fire_in_the_order_of_their_deadlines)
{
    uint64_t digest;

    ck_answered(f.v1, watchdog(f.v1, 5), 1);
    ck_answered(f.v2, watchdog(f.v2, 3), 1);
    poll_until(f.v1b, 5 * SECOND);
    poll_until(f.v0, 7 * SECOND);
    xd_advance(f.hv, 4 * SECOND);
    ck_assert_int_eq(xd_vcpu_state(f.v2), XD_STATE_SHUTDOWN);
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_RUNNING);
    ck_assert_int_eq(xd_vcpu_state(f.v1b), XD_STATE_RUNNING);
    ck_assert_int_eq(xd_vcpu_state(f.v0), XD_STATE_BLOCKED);
    xd_advance(f.hv, 4 * SECOND);
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_SHUTDOWN);
    ck_assert_int_eq(xd_vcpu_state(f.v0), XD_STATE_RUNNING);
    ck_assert_uint_eq(xd_now_ns(f.hv), 9 * SECOND);

    /* The same in one step leads to the same state. */
    digest = xd_digest(f.hv);
    fixture_teardown(&f);
    fixture_setup(&f);
    ck_answered(f.v1, watchdog(f.v1, 5), 1);
    ck_answered(f.v2, watchdog(f.v2, 3), 1);
    poll_until(f.v1b, 5 * SECOND);
    poll_until(f.v0, 7 * SECOND);
    xd_advance(f.hv, 8 * SECOND);
    ck_assert_uint_eq(xd_digest(f.hv), digest);
}
END_TEST

START_TEST(of_two_watchdogs_the_earlier_bites_and_the_later_finds_it_done)
{
    ck_answered(f.v1, watchdog(f.v1, 9), 1);
    ck_answered(f.v1, watchdog(f.v1, 2), 2);
    xd_advance(f.hv, 2 * SECOND);
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_SHUTDOWN);
    ck_assert_int_eq(f.d1->shutdown_code, 4);
    xd_advance(f.hv, 20 * SECOND);
    ck_assert_int_eq(f.d1->shutdown_code, 4);
}
END_TEST

START_TEST(nothing_fires_on_a_machine_that_is_off)
{
    struct xd_abi_sched_shutdown op = {0};

    ck_answered(f.v1, watchdog(f.v1, 2), 1);
    ck_ok(f.v0, fixture_run(&f, f.v0, HC_SCHED, 2, &op));
    xd_advance(f.hv, 9 * SECOND);
    ck_assert_int_eq(f.d1->shutdown_code, -1);
    ck_assert_uint_eq(xd_now_ns(f.hv), 10 * SECOND);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("vtime");
    TCase *tc = tcase_create("vtime");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, time_stands_still_but_for_advance);
    tcase_add_test(tc, a_poll_ends_at_its_timeout);
    tcase_add_test(tc, a_poll_without_timeout_never_ends_by_itself);
    tcase_add_loop_test(tc, a_timeout_in_the_past_is_over_at_once, 0, XD_ARRAY_SIZE(past));
    tcase_add_test(tc, an_old_timer_ends_a_later_poll);
    tcase_add_test(tc, an_old_timer_does_not_end_a_block);
    tcase_add_test(tc, a_new_timeout_replaces_an_old_one);
    tcase_add_test(tc, timers_fire_in_the_order_of_their_deadlines);
    tcase_add_test(tc, of_two_watchdogs_the_earlier_bites_and_the_later_finds_it_done);
    tcase_add_test(tc, nothing_fires_on_a_machine_that_is_off);
    suite_add_tcase(s, tc);
    return fixture_main(s);
}
