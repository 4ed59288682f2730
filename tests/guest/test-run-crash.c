/* SPDX-License-Identifier: MIT */
/* test-run-crash.c: code that xd_run runs and that crashes its domain, or overflows its stack, is told with its place. */
#include "dies.h"
#include "guest.h"

static struct machine m;

static void setup(void)
{
    machine_setup(&m);
}

static void teardown(void)
{
    machine_teardown(&m);
}

static void __attribute__((noinline)) panic_guest(void *reason)
{
    struct sched_shutdown s = {*(const unsigned int *)reason};

    HYPERVISOR_sched_op(SCHEDOP_shutdown, &s);
    __asm__ volatile(""); /* no tail call: it is to be seen */
}

static void run_and_end(void *reason)
{
    start(m.v0, panic_guest, reason);
    start(m.peer, panic_guest, reason);
    xd_run(m.hv, NULL);
    abort();
}

static void crash_go_back_and_crash(void *reason)
{
    struct xd_snapshot s = xd_snapshot(m.hv);

    for (unsigned int i = 0; i < 2; i++) {
        start(i ? m.v1 : m.v0, panic_guest, reason);
        xd_run(m.hv, NULL);
        ck_assert_int_eq(xd_restore(m.hv, s), 0);
    }
    abort();
}

START_TEST(a_crash_after_going_back_is_told_too)
{
    unsigned int reason = SHUTDOWN_crash;

    ck_dies_saying(crash_go_back_and_crash, &reason, "d1 crashed (shutdown code 3); d1v1 is here");
}
END_TEST

START_TEST(a_crash_is_told_with_where_the_code_was)
{
    unsigned int reason = SHUTDOWN_crash;

    ck_dies_saying(run_and_end, &reason, "d1 crashed (shutdown code 3); d1v0 is here:\n");
    ck_dies_saying(run_and_end, &reason, "d2 crashed");
    if (XD_HAVE_UNWIND)
        ck_dies_saying(run_and_end, &reason, "panic_guest");
}
END_TEST

static unsigned char overflow(unsigned int n)
{
    volatile unsigned char some[2048];

    memset((void *)(uintptr_t)some, (int)n, sizeof(some));
    return (unsigned char)(n ? overflow(n - 1) + some[n % sizeof(some)] : some[0]);
}

static volatile unsigned char sink;

static void overflow_it(void *unused)
{
    (void)unused;
    sink = overflow(10000);
}

START_TEST(an_overflow_of_a_stack_ends_the_test)
{
    start(m.v0, overflow_it, NULL);
    xd_run(m.hv, NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("run-crash");
    TCase *tc = tcase_create("run-crash");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, a_crash_is_told_with_where_the_code_was);
    tcase_add_test(tc, a_crash_after_going_back_is_told_too);
    tcase_add_crash(tc, an_overflow_of_a_stack_ends_the_test);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
