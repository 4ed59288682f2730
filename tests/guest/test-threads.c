/* SPDX-License-Identifier: MIT */
/*
 * test-threads.c: vCPUs as threads: they really run at once, and everything else is as with contexts.
 *
 * Guest code here does not use ck_assert, which writes to a file unguarded; must() does for it.
 */
#define _GNU_SOURCE
#include "dies.h"
#include "guest.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <xen/interface/vcpu.h>

#define ROUNDS 300u

static struct machine m;
static evtchn_port_t to_peer, to_v0; /* ends of one channel: d1's and d2's */
static pthread_t thread_of_v0;
static unsigned int heard, plain, stage;

#define must(cond) ((cond) ? (void)0 : broken(#cond, __LINE__))

static void broken(const char *what, int line)
{
    fprintf(stderr, "test-threads.c:%d: %s does not hold\n", line, what);
    abort();
}

static void setup(void)
{
    machine_setup(&m);
    heard = plain = stage = 0;
}

static void teardown(void)
{
    machine_teardown(&m);
}

static enum xd_run_end run_points(uint64_t points_max)
{
    struct xd_run_config c = XD_RUN_CONFIG_DEFAULT;

    c.threads = c.quiet = true;
    c.points_max = points_max;
    return xd_run(m.hv, &c);
}

static enum xd_run_end run(void)
{
    return run_points(0);
}

static void send(evtchn_port_t port)
{
    struct evtchn_send op = {.port = port};

    must(HYPERVISOR_event_channel_op(EVTCHNOP_send, &op) == 0);
}

static bool take(struct xd_domain *d, evtchn_port_t port)
{
    return __atomic_fetch_and(&xd_guest_shared_info(d)->evtchn_pending[port / 64],
                              ~(1ul << port % 64), __ATOMIC_SEQ_CST) >>
               port % 64 &
           1;
}

static void poll_until(evtchn_port_t port, uint64_t until)
{
    struct sched_poll poll = {.nr_ports = 1, .timeout = until};

    set_xen_guest_handle(poll.ports, &port);
    must(HYPERVISOR_sched_op(SCHEDOP_poll, &poll) == 0);
}

static uint64_t now(void)
{
    uint64_t ns;

    xd_guest_lock(m.hv);
    ns = xd_now_ns(m.hv);
    xd_guest_unlock(m.hv);
    return ns;
}

/* ---- At once ---- */

/* Neither could be left if the other did not run meanwhile: there is no hypercall in here. */
static void meet(void *unused)
{
    (void)unused;
    __atomic_add_fetch(&stage, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&stage, __ATOMIC_SEQ_CST) < 3)
        ;
}

START_TEST(they_run_at_once)
{
    start(m.v0, meet, NULL);
    start(m.v1, meet, NULL);
    start(m.peer, meet, NULL);
    ck_assert_int_eq(run(), XD_RUN_FINISHED);
    ck_assert_str_eq(xd_run_report(m.hv), "");
    ck_assert_ptr_null(xd_self());
}
END_TEST

/* (plain) is guarded by nothing but the events. */
static void serve(void *unused)
{
    (void)unused;
    for (unsigned int i = 0; i < ROUNDS; i++) {
        while (!take(m.d1, to_peer))
            poll_until(to_peer, 0);
        must(plain == 2 * i + 1);
        plain++;
        send(to_peer);
    }
}

static void ask(void *unused)
{
    (void)unused;
    for (unsigned int i = 0; i < ROUNDS; i++) {
        must(plain == 2 * i);
        plain++;
        send(to_v0);
        while (!take(m.d2, to_v0))
            poll_until(to_v0, 0);
    }
}

START_TEST(events_carry_data_across)
{
    machine_connect(&m, &to_peer, &to_v0);
    (void)take(m.d2, to_v0); /* binding raised it */
    start(m.v0, serve, NULL);
    start(m.peer, ask, NULL);
    ck_assert_int_eq(run(), XD_RUN_FINISHED);
    ck_assert_uint_eq(plain, 2 * ROUNDS);
}
END_TEST

static void call_a_lot(void *unused)
{
    struct evtchn_alloc_unbound un = {.dom = DOMID_SELF, .remote_dom = DOMID_SELF};
    struct evtchn_close close;

    (void)unused;
    for (unsigned int i = 0; i < ROUNDS; i++) {
        must(HYPERVISOR_xen_version(XENVER_version, NULL) == 0x40011);
        must(HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, &un) == 0);
        close.port = un.port;
        must(HYPERVISOR_event_channel_op(EVTCHNOP_close, &close) == 0);
        must(HYPERVISOR_event_channel_op(EVTCHNOP_close, &close) == -(int)XD_EINVAL);
        must(xd_why(xd_self()) != XD_WHY_NONE);
    }
}

START_TEST(hypercalls_do_not_mix)
{
    start(m.v0, call_a_lot, NULL);
    start(m.peer, call_a_lot, NULL);
    ck_assert_int_eq(run(), XD_RUN_FINISHED);
}
END_TEST

/* ---- Upcalls ---- */

static void hear(void *v)
{
    struct vcpu_info *info = xd_guest_vcpu_info(v);

    must(pthread_equal(pthread_self(), thread_of_v0));
    must(xd_self() == v && info->evtchn_upcall_mask == 1);
    __atomic_store_n(&info->evtchn_upcall_pending, 0, __ATOMIC_SEQ_CST);
    must(__atomic_exchange_n(&info->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST) != 0);
    must(take(m.d1, to_peer));
    heard = __atomic_load_n(&plain, __ATOMIC_ACQUIRE);
}

static void listen(void *unused)
{
    (void)unused;
    thread_of_v0 = pthread_self();
    while (heard < ROUNDS)
        must(HYPERVISOR_sched_op(SCHEDOP_block, NULL) == 0);
}

static void listen_busily(void *unused)
{
    (void)unused;
    thread_of_v0 = pthread_self();
    xd_guest_vcpu_info(m.v0)->evtchn_upcall_mask = 0;
    while (heard < ROUNDS)
        xd_preempt();
}

static void tell(void *unused)
{
    (void)unused;
    for (unsigned int i = 0; i < ROUNDS; i++) {
        __atomic_add_fetch(&plain, 1, __ATOMIC_RELEASE);
        send(to_v0);
    }
}

START_TEST(upcalls_come_on_the_vcpus_own_thread_and_none_is_lost)
{
    machine_connect(&m, &to_peer, &to_v0);
    xd_guest_on_upcall(m.v0, hear, m.v0);
    start(m.v0, _i ? listen_busily : listen, NULL);
    start(m.peer, tell, NULL);
    ck_assert_int_eq(run(), XD_RUN_FINISHED);
    ck_assert_uint_eq(heard, ROUNDS);
}
END_TEST

/* ---- Waiting ---- */

static void wait_until(void *when)
{
    poll_until(to_peer, *(const uint64_t *)when);
    must(now() >= *(const uint64_t *)when);
}

START_TEST(when_all_sleep_time_passes)
{
    uint64_t start_ns = xd_now_ns(m.hv), when[2] = {start_ns + 3000, start_ns + 2000};

    machine_connect(&m, &to_peer, &to_v0);
    start(m.v0, wait_until, &when[0]);
    start(m.v1, wait_until, &when[1]);
    ck_assert_int_eq(run(), XD_RUN_FINISHED);
    ck_assert_uint_eq(xd_now_ns(m.hv), start_ns + 3000);
}
END_TEST

static void wait_for_ever(void *port)
{
    poll_until(*(const evtchn_port_t *)port, 0);
    __atomic_add_fetch(&stage, 1, __ATOMIC_SEQ_CST);
}

static void host_sends(struct xd_vcpu *v, evtchn_port_t port)
{
    struct evtchn_send send = {.port = port};
    uint64_t arg[6] = {EVTCHNOP_send, (uintptr_t)&send};

    ck_assert_int_eq((int)xd_hypercall(v, __HYPERVISOR_event_channel_op, arg), 0);
}

static void deadlock(void)
{
    machine_connect(&m, &to_peer, &to_v0);
    (void)take(m.d2, to_v0);
    start(m.v0, wait_for_ever, &to_peer);
    start(m.peer, wait_for_ever, &to_v0);
    ck_assert_int_eq(run(), XD_RUN_DEADLOCK);
}

START_TEST(a_deadlock_is_told_and_can_be_ended)
{
    const char *report, *second;

    deadlock();
    report = xd_run_report(m.hv);
    ck_assert_ptr_nonnull(strstr(report, "deadlock"));
    ck_assert_ptr_nonnull(strstr(report, "d1v0 is blocked: SCHEDOP_poll for port 3"));
    second = strstr(report, "d2v0 is blocked: SCHEDOP_poll for port 3");
    ck_assert_ptr_nonnull(second);
    if (strstr(report, "#0")) { /* there is libunwind: both stacks are shown */
        ck_assert_ptr_nonnull(strstr(report, "HYPERVISOR_sched_op"));
        ck_assert_ptr_nonnull(strstr(second, "HYPERVISOR_sched_op"));
    }
    ck_assert_uint_eq(stage, 0);
    host_sends(m.v1, to_peer);
    ck_assert_int_eq(run(), XD_RUN_DEADLOCK);
    ck_assert_uint_eq(stage, 1);
    host_sends(m.peer, to_v0);
    ck_assert_int_eq(run(), XD_RUN_FINISHED);
    ck_assert_uint_eq(stage, 2);
}
END_TEST

START_TEST(a_machine_goes_with_threads_that_wait)
{
    deadlock();
}
END_TEST

static void for_ever(void *unused)
{
    (void)unused;
    for (;;)
        xd_preempt();
}

START_TEST(a_run_that_does_not_end_is_given_up)
{
    start(m.v0, for_ever, NULL);
    start(m.v1, call_a_lot, NULL);
    ck_assert_int_eq(run_points(100), XD_RUN_LIMIT);
    ck_assert_ptr_nonnull(strstr(xd_run_report(m.hv), "d1v0 can run"));
}
END_TEST

/* ---- Vcpus that come and go ---- */

static void power_off(void *unused)
{
    struct sched_shutdown op = {SHUTDOWN_poweroff};

    (void)unused;
    HYPERVISOR_sched_op(SCHEDOP_shutdown, &op);
    must(!"a domain that is shut down runs no more");
}

START_TEST(a_shutdown_ends_all_vcpus_of_the_domain)
{
    start(m.v1, for_ever, NULL);
    start(m.v0, power_off, NULL);
    start(m.peer, call_a_lot, NULL);
    ck_assert_int_eq(run(), XD_RUN_FINISHED);
    ck_assert_int_eq(xd_vcpu_state(m.v1), XD_STATE_SHUTDOWN);
}
END_TEST

static void bring_down_and_up(void *unused)
{
    (void)unused;
    must(HYPERVISOR_vcpu_op(VCPUOP_down, 1, NULL) == 0);
    must(HYPERVISOR_vcpu_op(VCPUOP_is_up, 1, NULL) == 0);
    must(HYPERVISOR_vcpu_op(VCPUOP_up, 1, NULL) == 0);
    __atomic_store_n(&stage, 1, __ATOMIC_SEQ_CST);
}

static void call_until_told(void *unused)
{
    (void)unused;
    while (!__atomic_load_n(&stage, __ATOMIC_SEQ_CST))
        must(HYPERVISOR_xen_version(XENVER_version, NULL) == 0x40011);
}

/* It is taken down in the middle of its code, which is no fault of it. */
START_TEST(a_vcpu_that_is_taken_down_goes_on_when_it_is_up)
{
    start(m.v1, call_until_told, NULL);
    start(m.v0, bring_down_and_up, NULL);
    ck_assert_int_eq(run(), XD_RUN_FINISHED);
}
END_TEST

static void meet_by_starting(void *unused)
{
    must(xd_vcpu_start(m.v1, meet, NULL) == 0);
    xd_guest_lock(m.hv); /* which is not needed, and does no harm */
    must(xd_vcpu_start(m.peer, meet, NULL) == 0);
    must(xd_vcpu_start(m.peer, meet, NULL) == -(int)XD_EINVAL);
    xd_guest_unlock(m.hv);
    meet(unused);
}

START_TEST(code_that_is_given_in_a_run_runs_in_it)
{
    start(m.v0, meet_by_starting, NULL);
    ck_assert_int_eq(run(), XD_RUN_FINISHED);
    ck_assert_uint_eq(stage, 3);
}
END_TEST

static void answer(void *unused)
{
    (void)unused;
    must(HYPERVISOR_xen_version(XENVER_version, NULL) == 0x40011);
    plain++;
    __atomic_add_fetch(&stage, 1, __ATOMIC_RELEASE);
}

/* The usual way to bring up a processor: its code first, then VCPUOP_up. Again and again, for the end of the one
 * and the start of the next are close together. */
static void bring_up(void *unused)
{
    (void)unused;
    must(HYPERVISOR_vcpu_op(VCPUOP_down, 1, NULL) == 0);
    for (unsigned int i = 0; i < 50; i++) {
        while (xd_vcpu_start(m.v1, answer, NULL))
            xd_preempt();
        must(__atomic_load_n(&stage, __ATOMIC_ACQUIRE) == i && plain == i);
        must(HYPERVISOR_vcpu_op(VCPUOP_up, 1, NULL) == 0);
        while (__atomic_load_n(&stage, __ATOMIC_ACQUIRE) == i)
            xd_preempt();
        must(HYPERVISOR_vcpu_op(VCPUOP_down, 1, NULL) == 0);
    }
}

static void want_a_mirror(void *unused)
{
    (void)unused;
    xd_guest_lock(m.hv);
    must(xd_guest_mirror(m.d1, NULL) == -EINVAL);
    xd_guest_unlock(m.hv);
}

START_TEST(a_run_of_threads_gets_no_mirror)
{
    start(m.v0, want_a_mirror, NULL);
    ck_assert_int_eq(run(), XD_RUN_FINISHED);
}
END_TEST

START_TEST(a_vcpu_is_brought_up_in_a_run)
{
    start(m.v0, bring_up, NULL);
    ck_assert_int_eq(run(), XD_RUN_FINISHED);
    ck_assert_uint_eq(plain, 50);
}
END_TEST

START_TEST(the_environment_can_ask_for_threads)
{
    setenv("XENDOUBLE_SCHED", "threads", 1);
    start(m.v0, meet, NULL);
    start(m.v1, meet, NULL);
    start(m.peer, meet, NULL);
    ck_assert_int_eq(xd_run(m.hv, NULL), XD_RUN_FINISHED);
}
END_TEST

#if defined(__SANITIZE_THREAD__)

/* Both are under way before one begins: the machine's lock would order one behind the other. */
static void count(void *unused)
{
    static unsigned int here;

    (void)unused;
    __atomic_fetch_add(&here, 1, __ATOMIC_RELAXED);
    while (__atomic_load_n(&here, __ATOMIC_RELAXED) < 2)
        ;
    for (unsigned int i = 0; i < ROUNDS; i++)
        plain++;
}

/* The proof that a race of guest code would be seen. */
START_TEST(a_race_is_seen)
{
    start(m.v0, count, NULL);
    start(m.v1, count, NULL);
    ck_assert_int_eq(run(), XD_RUN_FINISHED);
}
END_TEST

#endif

/* ---- What can't be ---- */

static void once(void *unused)
{
    (void)unused;
    HYPERVISOR_xen_version(XENVER_version, NULL);
    poll_until(to_peer, 0);
}

START_TEST(what_began_without_a_thread_gets_none)
{
    struct xd_run_config c = XD_RUN_CONFIG_DEFAULT;

    c.quiet = true;
    machine_connect(&m, &to_peer, &to_v0);
    start(m.v0, once, NULL);
    ck_assert_int_eq(xd_run(m.hv, &c), XD_RUN_DEADLOCK);
    run();
}
END_TEST

static void call_with_the_lock(void *unused)
{
    (void)unused;
    xd_guest_lock(m.hv);
    HYPERVISOR_xen_version(XENVER_version, NULL);
}

START_TEST(a_hypercall_under_the_lock_ends_the_test)
{
    start(m.v0, call_with_the_lock, NULL);
    run();
}
END_TEST

static void end_the_thread(void *unused)
{
    (void)unused;
    pthread_exit(NULL);
}

static void run_what_ends_its_thread(void *unused)
{
    start(m.v0, end_the_thread, unused);
    run();
}

START_TEST(code_that_ends_its_thread_ends_the_test)
{
    ck_dies_saying(run_what_ends_its_thread, NULL, "the code of d1v0 ended its thread");
}
END_TEST

static unsigned char overflow(unsigned int n)
{
    volatile unsigned char some[2048];

    memset((void *)(uintptr_t)some, (int)n, sizeof(some));
    return (unsigned char)(n ? overflow(n - 1) + some[n % sizeof(some)] : some[0]);
}

static void overflow_it(void *unused)
{
    (void)unused;
    plain = overflow(10000);
}

START_TEST(an_overflow_of_a_stack_ends_the_test)
{
    start(m.v0, overflow_it, NULL);
    run();
}
END_TEST

/* ---- fork(): made by the fixture once, in the process that all tests are forked from ---- */

static void setup_before_the_fork(void)
{
    setup();
    deadlock();
}

START_TEST(a_machine_can_be_looked_at_and_goes_where_its_threads_are_not)
{
    struct xd_port_info info;

    ck_assert(xd_port_look(m.d1, to_peer, &info));
    machine_teardown(&m);
}
END_TEST

START_TEST(threads_that_a_fork_left_behind_are_not_run)
{
    run();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("threads");
    TCase *tc = tcase_create("threads"), *forked = tcase_create("forked");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, they_run_at_once);
    tcase_add_test(tc, events_carry_data_across);
    tcase_add_test(tc, hypercalls_do_not_mix);
    tcase_add_loop_test(tc, upcalls_come_on_the_vcpus_own_thread_and_none_is_lost, 0, 2);
    tcase_add_test(tc, when_all_sleep_time_passes);
    tcase_add_test(tc, a_deadlock_is_told_and_can_be_ended);
    tcase_add_test(tc, a_machine_goes_with_threads_that_wait);
    tcase_add_test(tc, a_run_that_does_not_end_is_given_up);
    tcase_add_test(tc, a_shutdown_ends_all_vcpus_of_the_domain);
    tcase_add_test(tc, a_vcpu_that_is_taken_down_goes_on_when_it_is_up);
    tcase_add_test(tc, code_that_is_given_in_a_run_runs_in_it);
    tcase_add_test(tc, a_run_of_threads_gets_no_mirror);
    tcase_add_test(tc, a_vcpu_is_brought_up_in_a_run);
    tcase_add_test(tc, the_environment_can_ask_for_threads);
    tcase_add_test_raise_signal(tc, what_began_without_a_thread_gets_none, SIGABRT);
    tcase_add_test_raise_signal(tc, a_hypercall_under_the_lock_ends_the_test, SIGABRT);
    tcase_add_test(tc, code_that_ends_its_thread_ends_the_test);
    tcase_add_crash(tc, an_overflow_of_a_stack_ends_the_test);
#if defined(__SANITIZE_THREAD__)
    tcase_add_exit_test(tc, a_race_is_seen, 66);
#endif
    suite_add_tcase(suite, tc);
    tcase_add_unchecked_fixture(forked, setup_before_the_fork, teardown);
    tcase_set_timeout(forked, 60);
    tcase_add_test(forked, a_machine_can_be_looked_at_and_goes_where_its_threads_are_not);
    tcase_add_test_raise_signal(forked, threads_that_a_fork_left_behind_are_not_run, SIGABRT);
    suite_add_tcase(suite, forked);
    return run_suite(suite);
}
