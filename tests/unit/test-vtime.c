/* SPDX-License-Identifier: MIT */
/* test-vtime.c: virtual time: poll timers and watchdogs fire in order, each at its own moment. */
#include "fixture.h"

#define HC_VCPU_OP 24
#define HC_SCHED   29
#define HC_EVTCHN  32
#define SECOND     UINT64_C(1000000000)

static struct xd_fixture f;

static void setup(void)
{
    fixture_setup(&f);
}

static void teardown(void)
{
    fixture_teardown(&f);
}

static const struct xd_abi_vcpu_time_info *clock_of(struct xd_vcpu *v)
{
    return &fixture_vcpu_info(v)->time;
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
    digest = xd_digest_state(f.hv);
    fixture_teardown(&f);
    fixture_setup(&f);
    ck_answered(f.v1, watchdog(f.v1, 5), 1);
    ck_answered(f.v2, watchdog(f.v2, 3), 1);
    poll_until(f.v1b, 5 * SECOND);
    poll_until(f.v0, 7 * SECOND);
    xd_advance(f.hv, 8 * SECOND);
    ck_assert_uint_eq(xd_digest_state(f.hv),
                      digest); /* frames tell how often clocks were written */
    ck_assert_uint_eq(clock_of(f.v0)->system_time, xd_now_ns(f.hv));
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

/* Its TSC counts from when the domain began. */
static const struct xd_abi_vcpu_time_info written = {.tsc_timestamp = 2 * SECOND,
                                                     .system_time = 3 * SECOND,
                                                     .tsc_to_system_mul = 1u << 31,
                                                     .tsc_shift = 1};

START_TEST(clocks_are_written_when_time_has_passed)
{
    const uint32_t before = clock_of(f.v1)->version;
    struct xd_abi_vcpu_time_info now, want = written;
    struct xd_snapshot s = xd_snapshot(f.hv);
    const uint64_t digest = xd_digest(f.hv);

    want.version = before + 2;
    ck_assert_uint_eq(before % 2, 0);
    xd_advance(f.hv, 0);
    ck_assert_uint_eq(xd_digest(f.hv), digest);
    xd_advance(f.hv, 2 * SECOND);
    now = *clock_of(f.v1);
    ck_assert_mem_eq(&now, &want, sizeof(now));
    ck_assert_uint_eq(clock_of(f.v2)->system_time, 3 * SECOND);
    ck_assert_uint_eq(clock_of(f.v1down)->version, 0);
    ck_assert_int_eq(xd_restore(f.hv, s), 0);
    ck_assert_uint_eq(xd_digest(f.hv), digest);
}
END_TEST

/* What a guest put into its clock stays no longer than any of Xen's. */
START_TEST(an_odd_version_becomes_even)
{
    const uint64_t page = fixture_map_shared_info(f.v1);
    const uint32_t odd[] = {UINT32_MAX, 7};
    const uint32_t even[] = {2, 10}; /* the next that is odd, and one more */

    for (unsigned int i = 0; i < 2; i++) {
        fixture_set_shared(f.v1, page, vcpu_info[0].time.version, odd[i]);
        fixture_set_shared(f.v1, page, vcpu_info[0].time.pad0, 5u);
        xd_advance(f.hv, 1);
        ck_assert_uint_eq(clock_of(f.v1)->version, even[i]);
        ck_assert_uint_eq(clock_of(f.v1)->pad0, 0);
    }
}
END_TEST

START_TEST(who_sleeps_has_an_old_clock_until_it_wakes)
{
    poll_until(f.v1, 3 * SECOND);
    xd_advance(f.hv, SECOND);
    ck_assert_uint_eq(clock_of(f.v1)->system_time, SECOND);
    ck_assert_uint_eq(clock_of(f.v1b)->system_time, 2 * SECOND);
    xd_advance(f.hv, SECOND);
    ck_assert_uint_eq(clock_of(f.v1)->system_time, 3 * SECOND);
}
END_TEST

START_TEST(an_area_that_cannot_be_reached_is_left_alone)
{
    const uint64_t at = fixture_place(&f, f.v1, NULL, sizeof(struct xd_abi_vcpu_time_info));
    const uint64_t hole = fixture_hole(f.v1) - 8; /* the page before it is there */
    struct xd_abi_vcpu_time_info copy;

    ck_ok(f.v1, fixture_call(f.v1, HC_VCPU_OP, 13, 0, fixture_place(&f, f.v1, &at, sizeof(at))));
    xd_advance(f.hv, SECOND);
    fixture_load(f.v1, at, &copy, sizeof(copy));
    ck_assert_mem_eq(&copy, clock_of(f.v1), sizeof(copy));
    ck_ok(f.v1,
          fixture_call(f.v1, HC_VCPU_OP, 13, 0, fixture_place(&f, f.v1, &hole, sizeof(hole))));
    xd_advance(f.hv, SECOND);
    ck_assert_uint_eq(clock_of(f.v1)->system_time, 3 * SECOND);
    fixture_load(f.v1, at, &copy, sizeof(copy));
    ck_assert_uint_eq(copy.system_time, 2 * SECOND);
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
    tcase_add_test(tc, clocks_are_written_when_time_has_passed);
    tcase_add_test(tc, an_odd_version_becomes_even);
    tcase_add_test(tc, who_sleeps_has_an_old_clock_until_it_wakes);
    tcase_add_test(tc, an_area_that_cannot_be_reached_is_left_alone);
    tcase_add_test(tc, nothing_fires_on_a_machine_that_is_off);
    suite_add_tcase(s, tc);
    return fixture_main(s);
}
