/* SPDX-License-Identifier: MIT */
/*
 * test-host-clock.c: guests on the host's time.
 *
 * A busy host may be late by any time, so nothing here asserts that anything is early enough.
 */
#define _GNU_SOURCE
#include "dies.h"
#include "guest.h"

#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <xen/interface/vcpu.h>

static struct machine m;

#define MS     UINT64_C(1000000)
#define ROUNDS 200u
#define STABLE 1u /* flags: XEN_PVCLOCK_TSC_STABLE_BIT */

static struct evtchn_bind_ipi *ipi; /* where a child's can be seen */

static void setup_host(void)
{
    struct xd_config config = XD_CONFIG_DEFAULT;
    struct xd_domain_config c = XD_DOMAIN_CONFIG_DEFAULT;

    config.clock = XD_CLOCK_HOST;
    c.vcpus = c.vcpus_online = 2;
    ipi = mmap(NULL, sizeof(*ipi), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(ipi, MAP_FAILED);
    ck_assert_int_eq(xd_hv_create(&m.hv, &config), 0);
    ck_assert_int_eq(xd_domain_create(m.hv, &c, &m.d1), 0);
    ck_assert_int_eq(xd_domain_create(m.hv, NULL, &m.d2), 0);
    m.v0 = xd_vcpu_at(m.d1, 0);
    m.v1 = xd_vcpu_at(m.d1, 1);
    m.peer = xd_vcpu_at(m.d2, 0);
    ck_assert_int_eq(xd_enter(m.v0), 0);
}

static void teardown_host(void)
{
    xd_leave();
    machine_teardown(&m);
    munmap(ipi, sizeof(*ipi));
}

static uint64_t host_ns(clockid_t which)
{
    struct timespec t;

    clock_gettime(which, &t);
    return (uint64_t)t.tv_sec * 1000 * MS + (uint64_t)t.tv_nsec;
}

static void nap(long ms)
{
    const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * (long)MS};

    nanosleep(&t, NULL);
}

static void call(void)
{
    ck_assert_int_eq(HYPERVISOR_xen_version(XENVER_version, NULL), 0x40011);
}

#if defined(__x86_64__)

/* As a guest kernel does. */
static uint64_t guest_ns(struct xd_vcpu *v)
{
    struct pvclock_vcpu_time_info *t = &xd_guest_vcpu_info(v)->time;
    uint64_t delta, ns;
    uint32_t version;

    do {
        version = __atomic_load_n(&t->version, __ATOMIC_ACQUIRE);
        __builtin_ia32_lfence();
        delta = __builtin_ia32_rdtsc() - t->tsc_timestamp;
        delta = t->tsc_shift < 0 ? delta >> -t->tsc_shift : delta << t->tsc_shift;
        ns = t->system_time +
             (uint64_t)((__extension__(unsigned __int128) delta) * t->tsc_to_system_mul >> 32);
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
    } while (version % 2 || version != t->version);
    return ns;
}

START_TEST(a_guest_reads_the_hosts_time)
{
    const uint64_t host0 = host_ns(CLOCK_MONOTONIC), guest0 = guest_ns(m.v0);
    uint64_t last = guest0, now = guest0;

    if (!(xd_guest_vcpu_info(m.v0)->time.flags & STABLE) || RUNNING_ON_VALGRIND)
        return;
    for (unsigned int i = 0; i < ROUNDS || now - guest0 < 20 * MS; i++) {
        now = guest_ns(i % 3 ? m.v0 : m.v1);
        ck_assert_uint_ge(now, last);
        last = now;
        call();
        ck_assert_uint_le(last, xd_now_ns(m.hv)); /* Xen saw it later */
        ck_assert_uint_le(xd_now_ns(m.hv), guest_ns(m.v0));
        xd_preempt();
    }
    /* A hundredth for the rate, which is measured. */
    ck_assert_uint_le(now - guest0, (host_ns(CLOCK_MONOTONIC) - host0) / 100 * 101 + MS);
}
END_TEST

START_TEST(a_guest_never_goes_back_though_the_host_skips_time)
{
    const uint64_t before = guest_ns(m.v0);

    if (!(xd_guest_vcpu_info(m.v0)->time.flags & STABLE) || RUNNING_ON_VALGRIND)
        return;
    xd_advance(m.hv, 3600 * 1000 * MS);
    ck_assert_uint_ge(guest_ns(m.v0), before + 3600 * 1000 * MS);
}
END_TEST

#endif

START_TEST(time_passes_by_itself)
{
    const uint64_t host0 = host_ns(CLOCK_MONOTONIC);
    uint64_t before;

    call();
    before = xd_now_ns(m.hv);
    nap(5);
    ck_assert_uint_eq(xd_now_ns(m.hv), before);
    call();
    ck_assert_uint_gt(xd_now_ns(m.hv), before + 4 * MS);
    ck_assert_uint_gt(host_ns(CLOCK_MONOTONIC) - host0, (xd_now_ns(m.hv) - before) / 100 * 99);
    ck_assert_uint_eq(xd_guest_vcpu_info(m.v0)->time.system_time, xd_now_ns(m.hv));
    xd_leave();
    nap(5);
    xd_advance(m.hv, 0);
    ck_assert_uint_gt(xd_now_ns(m.hv), before + 9 * MS);
}
END_TEST

START_TEST(the_wall_clock_is_the_hosts)
{
    const struct shared_info *s = xd_guest_shared_info(m.d1);
    const uint64_t sec = s->wc.sec + (xd_now_ns(m.hv) + s->wc.nsec) / (1000 * MS);

    ck_assert_uint_le(sec, host_ns(CLOCK_REALTIME) / (1000 * MS) + 1);
    ck_assert_uint_ge(sec + 3600, host_ns(CLOCK_REALTIME) / (1000 * MS));
}
END_TEST

static uint64_t now(void)
{
    uint64_t ns;

    xd_guest_lock(m.hv);
    ns = xd_now_ns(m.hv);
    xd_guest_unlock(m.hv);
    return ns;
}

static unsigned int ticks;

static void tick(void *port)
{
    struct vcpu_info *info = xd_guest_vcpu_info(m.v0);

    info->evtchn_upcall_pending = 0;
    info->evtchn_pending_sel = 0;
    xd_guest_shared_info(m.d1)->evtchn_pending[0] &= ~(UINT64_C(1) << *(evtchn_port_t *)port);
    ticks++;
}

static evtchn_port_t timer_port;

static void bind_timer(void)
{
    struct evtchn_bind_virq bind = {.virq = VIRQ_TIMER, .vcpu = 0};

    ck_assert_int_eq(HYPERVISOR_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL), 0);
    ck_assert_int_eq(HYPERVISOR_event_channel_op(EVTCHNOP_bind_virq, &bind), 0);
    timer_port = bind.port;
    ticks = 0;
    xd_guest_on_upcall(m.v0, tick, &timer_port);
}

static void sleep_until_timer(void *unused)
{
    const uint64_t at = now() + 5 * MS;
    struct vcpu_set_singleshot_timer shot = {.timeout_abs_ns = at};

    (void)unused;
    xd_guest_vcpu_info(m.v0)->evtchn_upcall_mask =
        1; /* it may fire before the block, which lets it in */
    if (HYPERVISOR_vcpu_op(VCPUOP_set_singleshot_timer, 0, &shot) ||
        HYPERVISOR_sched_op(SCHEDOP_block, NULL))
        abort();
    if (now() < at)
        abort();
}

START_TEST(who_sleeps_wakes_when_the_host_says_so)
{
    const uint64_t host0 = host_ns(CLOCK_MONOTONIC);

    bind_timer();
    sleep_until_timer(NULL);
    ck_assert_uint_eq(ticks, 1);
    ck_assert_uint_ge(host_ns(CLOCK_MONOTONIC) - host0, 4 * MS);
}
END_TEST

/* An event of the domain ends a poll, too. */
static void poll_for(void *ms)
{
    const uint64_t at = now() + *(const unsigned int *)ms * MS;
    struct sched_poll poll = {.nr_ports = 0, .timeout = at};

    while (now() < at)
        if (HYPERVISOR_sched_op(SCHEDOP_poll, &poll))
            abort();
}

START_TEST(runs_end_when_all_have_slept)
{
    struct xd_run_config c = XD_RUN_CONFIG_DEFAULT;
    const uint64_t before = xd_now_ns(m.hv), host0 = host_ns(CLOCK_MONOTONIC);
    unsigned int ms[2] = {9, 4};

    c.threads = _i;
    bind_timer();
    xd_leave();
    for (unsigned int again = 1; again <= 2; again++) {
        start(m.v0, sleep_until_timer, NULL);
        start(m.v1, poll_for, &ms[0]);
        start(m.peer, poll_for, &ms[1]);
        ck_assert_int_eq(xd_run(m.hv, &c), XD_RUN_FINISHED);
        ck_assert_uint_ge(xd_now_ns(m.hv), before + 9 * again * MS);
        ck_assert_uint_ge(host_ns(CLOCK_MONOTONIC) - host0, 8 * again * MS);
        ck_assert_uint_eq(ticks, again);
    }
}
END_TEST

static void wait_for_ever(void *unused)
{
    struct sched_poll poll = {.nr_ports = 0};

    (void)unused;
    (void)HYPERVISOR_sched_op(SCHEDOP_poll, &poll);
}

START_TEST(a_deadlock_is_told_and_nothing_is_promised)
{
    struct xd_run_config c = XD_RUN_CONFIG_DEFAULT;
    unsigned int ms = 3;

    c.threads = _i;
    c.quiet = true;
    xd_leave();
    start(m.v0, wait_for_ever, NULL);
    start(m.v1, poll_for, &ms);
    ck_assert_int_eq(xd_run(m.hv, &c), XD_RUN_DEADLOCK);
    ck_assert_ptr_nonnull(strstr(xd_run_report(m.hv), "d1v0 is blocked"));
    ck_assert_ptr_nonnull(strstr(xd_run_report(m.hv), "the next run may end otherwise"));
    ck_assert_ptr_null(strstr(xd_run_report(m.hv), "XENDOUBLE_SCHED"));
}
END_TEST

static unsigned int stage_of_naps;

static void sleep_till_the_tick(void *unused)
{
    (void)unused;
    __atomic_store_n(&stage_of_naps, 1, __ATOMIC_SEQ_CST);
    (void)HYPERVISOR_sched_op(SCHEDOP_block, NULL);
    __atomic_store_n(&stage_of_naps, 2, __ATOMIC_SEQ_CST);
}

/* Sets the sleeper's timer, and computes from then on without a call. */
static void tick_for_a_sleeper(void *unused)
{
    /* Longer than the last tick is ago. */
    struct vcpu_set_periodic_timer period = {.period_ns = 300 * MS};
    bool sleeps = false;

    (void)unused;
    while (!sleeps) {
        xd_preempt();
        xd_guest_lock(m.hv);
        sleeps = xd_vcpu_state(m.v0) == XD_STATE_BLOCKED;
        xd_guest_unlock(m.hv);
    }
    nap(20);
    if (HYPERVISOR_vcpu_op(VCPUOP_set_periodic_timer, 0, &period))
        abort();
    while (__atomic_load_n(&stage_of_naps, __ATOMIC_SEQ_CST) < 2)
        ;
}

START_TEST(who_sleeps_hears_of_an_earlier_timer)
{
    struct xd_run_config c = XD_RUN_CONFIG_DEFAULT;

    c.threads = true;
    bind_timer();
    xd_leave();
    start(m.v0, sleep_till_the_tick, NULL);
    start(m.v1, tick_for_a_sleeper, NULL);
    ck_assert_int_eq(xd_run(m.hv, &c), XD_RUN_FINISHED);
    ck_assert_uint_eq(ticks, 1);
}
END_TEST

/* Ends the run while its own single shot is set. */
static void return_with_a_timer_set(void *unused)
{
    struct vcpu_set_singleshot_timer shot = {.timeout_abs_ns = now() + 300 * MS};
    bool down = false;

    (void)unused;
    if (HYPERVISOR_vcpu_op(VCPUOP_set_singleshot_timer, 0, &shot))
        abort();
    __atomic_store_n(&stage_of_naps, 1, __ATOMIC_SEQ_CST);
    while (!down) {
        xd_preempt();
        xd_guest_lock(m.hv);
        down = xd_vcpu_state(m.v1) == XD_STATE_DOWN;
        xd_guest_unlock(m.hv);
    }
    nap(20); /* it is parked by then */
}

static void go_down(void *unused)
{
    (void)unused;
    while (!__atomic_load_n(&stage_of_naps, __ATOMIC_SEQ_CST))
        xd_preempt();
    (void)HYPERVISOR_vcpu_op(VCPUOP_down, 1, NULL);
}

START_TEST(behind_a_run_its_threads_leave_the_machine_alone)
{
    struct xd_run_config c = XD_RUN_CONFIG_DEFAULT;
    uint64_t before;

    c.threads = true;
    xd_leave();
    start(m.v0, return_with_a_timer_set, NULL);
    start(m.v1, go_down, NULL);
    ck_assert_int_eq(xd_run(m.hv, &c), XD_RUN_FINISHED);
    before = xd_now_ns(m.hv);
    nap(500);
    ck_assert_uint_eq(xd_now_ns(m.hv), before);
}
END_TEST

static void set_watchdog(void)
{
    struct sched_watchdog dog = {.timeout = 1};

    if (HYPERVISOR_sched_op(SCHEDOP_watchdog, &dog) != 1)
        abort();
}

static void bind_behind_the_watchdog(void *unused)
{
    (void)unused;
    set_watchdog();
    nap(1100);
    (void)HYPERVISOR_event_channel_op(EVTCHNOP_bind_ipi, ipi);
    abort();
}

START_TEST(who_the_watchdog_ends_before_its_call_makes_none)
{
    struct xd_run_config c = XD_RUN_CONFIG_DEFAULT;

    c.threads = _i;
    xd_leave();
    start(m.v0, bind_behind_the_watchdog, NULL);
    ck_assert_int_eq(xd_run(m.hv, &c), XD_RUN_FINISHED);
    ck_assert_int_eq(xd_domain_shutdown_code(m.d1), SHUTDOWN_watchdog);
    ck_assert_uint_eq(ipi->port, 0);
}
END_TEST

START_TEST(who_entered_has_nowhere_to_go_when_the_watchdog_ends_it)
{
    ck_dies_saying(bind_behind_the_watchdog, NULL, "d1 shut down with code 4, and this thread");
    ck_assert_uint_eq(ipi->port, 0);
}
END_TEST

START_TEST(who_was_shut_down_meanwhile_is_not_entered)
{
    set_watchdog();
    xd_leave();
    nap(1100);
    ck_assert_int_eq(xd_enter(m.v0), -22);
    ck_assert_ptr_null(xd_self());
    ck_assert_int_eq(xd_vcpu_state(m.v0), XD_STATE_SHUTDOWN);
}
END_TEST

START_TEST(ticks_come_one_after_the_other_and_what_was_missed_is_one)
{
    struct vcpu_set_periodic_timer period = {.period_ns = 2 * MS};

    bind_timer();
    xd_guest_vcpu_info(m.v0)->evtchn_upcall_mask = 0;
    ck_assert_int_eq(HYPERVISOR_vcpu_op(VCPUOP_set_periodic_timer, 0, &period), 0);
    ticks = 0;
    nap(20);
    ck_assert_uint_eq(ticks, 0);
    call();
    ck_assert_uint_eq(ticks, 1);
    while (ticks < 4)
        call();
}
END_TEST

START_TEST(time_goes_on_from_a_snapshot)
{
    const struct xd_snapshot s = xd_snapshot(m.hv);
    const uint64_t before = xd_now_ns(m.hv);

    xd_advance(m.hv, 3600 * 1000 * MS);
    ck_assert_uint_ge(xd_now_ns(m.hv), before + 3600 * 1000 * MS);
    call();
    ck_assert_uint_ge(xd_now_ns(m.hv), before + 3600 * 1000 * MS);
    ck_assert_int_eq(xd_restore(m.hv, s), 0);
    ck_assert_uint_eq(xd_now_ns(m.hv), before);
    ck_assert_uint_eq(xd_guest_vcpu_info(m.v0)->time.system_time, before);
    call();
    ck_assert_uint_gt(xd_now_ns(m.hv), before);
    ck_assert_uint_lt(xd_now_ns(m.hv), before + 3600 * 1000 * MS);
}
END_TEST

#if defined(__x86_64__)

/* The machine's time is that of the last stamp then, and yet the TSC went on. */
START_TEST(a_guest_does_not_go_back_behind_a_restore)
{
    struct xd_snapshot s;
    uint64_t first;

    if (RUNNING_ON_VALGRIND)
        return;
    call();
    s = xd_snapshot(m.hv);
    nap(50);
    ck_assert_int_eq(xd_restore(m.hv, s), 0);
    first = guest_ns(m.v0);
    call();
    ck_assert_uint_le(first, guest_ns(m.v0));
}
END_TEST

#endif

START_TEST(what_can_not_be_followed_is_refused)
{
    struct xd_config c = XD_CONFIG_DEFAULT;

    c.clock = (enum xd_clock)2;
    ck_assert_str_eq(xd_config_error(&c), "clock must be XD_CLOCK_VIRTUAL or XD_CLOCK_HOST");
    c.clock = XD_CLOCK_HOST;
    ck_assert_ptr_null(xd_config_error(&c));
    c.cpu_khz = 2000000;
    ck_assert_ptr_nonnull(strstr(xd_config_error(&c), "cpu_khz can't be chosen"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("host-clock");
    TCase *host = tcase_create("host");

    tcase_add_checked_fixture(host, setup_host, teardown_host);
    tcase_set_timeout(host, 60);
#if defined(__x86_64__)
    tcase_add_test(host, a_guest_reads_the_hosts_time);
    tcase_add_test(host, a_guest_never_goes_back_though_the_host_skips_time);
#endif
    tcase_add_test(host, time_passes_by_itself);
    tcase_add_test(host, the_wall_clock_is_the_hosts);
    tcase_add_test(host, who_sleeps_wakes_when_the_host_says_so);
    tcase_add_loop_test(host, runs_end_when_all_have_slept, 0, 2);
    tcase_add_loop_test(host, a_deadlock_is_told_and_nothing_is_promised, 0, 2);
    tcase_add_test(host, behind_a_run_its_threads_leave_the_machine_alone);
    tcase_add_loop_test(host, who_the_watchdog_ends_before_its_call_makes_none, 0, 2);
    tcase_add_test(host, who_entered_has_nowhere_to_go_when_the_watchdog_ends_it);
    tcase_add_test(host, who_was_shut_down_meanwhile_is_not_entered);
    tcase_add_test(host, who_sleeps_hears_of_an_earlier_timer);
    tcase_add_test(host, ticks_come_one_after_the_other_and_what_was_missed_is_one);
    tcase_add_test(host, time_goes_on_from_a_snapshot);
#if defined(__x86_64__)
    tcase_add_test(host, a_guest_does_not_go_back_behind_a_restore);
#endif
    tcase_add_test(host, what_can_not_be_followed_is_refused);
    suite_add_tcase(suite, host);
    return run_suite(suite);
}
