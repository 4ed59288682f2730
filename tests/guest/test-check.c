/* SPDX-License-Identifier: MIT */
/* test-check.c: what check.h asserts, and that it fails where it should. */
#include "xendouble/check.h"

#include <stdio.h>
#include <xen/interface/errno.h>
#include <xen/interface/event_channel.h>
#include <xen/interface/sched.h>
#include <xen/interface/vcpu.h>
#include <xen/interface/version.h>
#include <xen/interface/xen.h>

static struct xd_check x;
static bool leave_it;

static void setup(void)
{
    leave_it = false;
    xd_check_setup(&x);
}

static void teardown(void)
{
    if (!leave_it)
        xd_check_teardown(&x);
}

/* The functions that make what leaks are to be found in backtraces, under their own names. */
#define GUEST_CODE __attribute__((noinline))

GUEST_CODE static evtchn_port_t open_port(void)
{
    struct evtchn_alloc_unbound op = {.dom = DOMID_SELF, .remote_dom = 2};

    ck_assert_call_ok(HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, &op));
    return op.port;
}

static void close_port(evtchn_port_t port)
{
    struct evtchn_close op = {.port = port};

    ck_assert_call_ok(HYPERVISOR_event_channel_op(EVTCHNOP_close, &op));
}

/* Not a tail call, which would not be in the backtrace. */
GUEST_CODE static int pin(unsigned int cmd, uint64_t mfn)
{
    struct mmuext_op op = {.cmd = cmd, .arg1.mfn = mfn};
    volatile int rc = HYPERVISOR_mmuext_op(&op, 1, NULL, DOMID_SELF);

    return rc;
}

GUEST_CODE static void set_timer(uint64_t at)
{
    ck_assert_call_ok(HYPERVISOR_set_timer_op(at));
}

GUEST_CODE static int set_watchdog(uint32_t id, uint32_t timeout)
{
    struct sched_watchdog op = {.id = id, .timeout = timeout};
    volatile int rc = HYPERVISOR_sched_op(SCHEDOP_watchdog, &op);

    return rc;
}

/* Maps the first free page of the peer over an address of our padding. */
GUEST_CODE static void map_foreign(void)
{
    uint64_t mfn = xd_domain_mfn(x.peer, xd_domain_start(x.peer)->first_free_pfn);

    ck_assert_call_ok(HYPERVISOR_update_va_mapping_otherdomain(
        xd_domain_start(x.d)->padding_va, mfn << 12 | 7, 0, (uint16_t)xd_domain_id(x.peer)));
}

static void unmap_foreign(void)
{
    ck_assert_call_ok(
        HYPERVISOR_update_va_mapping(xd_domain_start(x.d)->padding_va, 0, UVMF_INVLPG));
}

START_TEST(what_holds_passes)
{
    struct evtchn_send send = {.port = 999};
    const struct xd_start *s = xd_domain_start(x.d);
    uint64_t page = xd_domain_mfn(x.d, s->first_free_pfn);
    evtchn_port_t port = open_port();

    ck_assert_call(HYPERVISOR_xen_version(XENVER_version, NULL), 0x40011);
    ck_assert_refused(HYPERVISOR_event_channel_op(EVTCHNOP_send, &send), XEN_EINVAL,
                      "evtchn-port-range");
    ck_assert_refused(HYPERVISOR_event_channel_op(EVTCHNOP_send, NULL), XEN_EFAULT, "copy-in");
    ck_assert_port(x.d, port, "unbound");
    ck_assert_not_pending(x.d, port);
    close_port(port);
    ck_assert_port(x.d, port, "free");
    ck_assert_frame(x.hv, s->cr3_mfn, "l4", 3); /* the pin, and two vCPUs */
    ck_assert_call_ok(pin(MMUEXT_PIN_L1_TABLE, page));
    ck_assert_frame(x.hv, page, "l1", 1);
    ck_assert_call_ok(pin(MMUEXT_UNPIN_TABLE, page));
    ck_assert_no_leaks(x.d);
}
END_TEST

/* Each of these fails its test; libcheck is told to run them aside and not to mind. */
static void fail_answer(void)
{
    ck_assert_call(HYPERVISOR_xen_version(XENVER_version, NULL), 0x40010);
}

static void fail_errno(void)
{
    ck_assert_refused(HYPERVISOR_event_channel_op(EVTCHNOP_send, NULL), XEN_EINVAL, "copy-in");
}

static void fail_reason(void)
{
    ck_assert_refused(HYPERVISOR_event_channel_op(EVTCHNOP_send, NULL), XEN_EFAULT, "copy-out");
}

static void fail_unknown_reason(void)
{
    ck_assert_refused(HYPERVISOR_event_channel_op(EVTCHNOP_send, NULL), XEN_EFAULT, "no-such");
}

static void fail_port(void)
{
    ck_assert_port(x.d, 1, "interdomain");
}

static void fail_pending(void)
{
    ck_assert_pending(x.d, 1);
}

static void fail_frame(void)
{
    ck_assert_frame(x.hv, xd_domain_start(x.d)->cr3_mfn, "l4", 2);
}

static void leak_port(void)
{
    open_port();
    xd_check_teardown(&x);
}

static void leak_pin(void)
{
    ck_assert_call_ok(
        pin(MMUEXT_PIN_L1_TABLE, xd_domain_mfn(x.d, xd_domain_start(x.d)->first_free_pfn)));
    xd_check_teardown(&x);
}

static void leak_timer(void)
{
    set_timer(xd_now_ns(x.hv) + 1000000);
    xd_check_teardown(&x);
}

/* Set twice: the second call is the one to blame. */
static void leak_timer_again(void)
{
    struct vcpu_set_singleshot_timer op = {.timeout_abs_ns = xd_now_ns(x.hv) + 1000000};

    ck_assert_call_ok(HYPERVISOR_vcpu_op(VCPUOP_set_singleshot_timer, 0, &op));
    set_timer(xd_now_ns(x.hv) + 2000000);
    xd_check_teardown(&x);
}

GUEST_CODE static void set_period(uint64_t ns)
{
    struct vcpu_set_periodic_timer op = {.period_ns = ns};

    ck_assert_call_ok(HYPERVISOR_vcpu_op(VCPUOP_set_periodic_timer, 1, &op));
}

static void leak_period(void)
{
    static volatile uint64_t period =
        123456789; /* not a copy of the function for this one, under another name */

    set_period(period);
    xd_check_teardown(&x);
}

static void leak_of_peer(void)
{
    xd_hv_destroy(x.hv);
    xd_check_setup_with(&x, &(struct xd_check_options){.peer_too = true});
    ck_assert_int_eq(xd_enter(xd_vcpu_at(x.peer, 0)), 0);
    open_port();
    xd_check_teardown(&x);
}

static void leak_unwatched(void)
{
    struct xd_domain *d;

    ck_assert_int_eq(xd_domain_create(x.hv, NULL, &d), 0);
    ck_assert_no_leaks(d);
}

/* What is taken away and made again is the second call's. */
static void leak_foreign_again(void)
{
    xd_hv_destroy(x.hv);
    xd_check_setup_with(&x, &(struct xd_check_options){.privileged = true});
    ck_assert_call_ok(HYPERVISOR_update_va_mapping_otherdomain(
        xd_domain_start(x.d)->padding_va,
        xd_domain_mfn(x.peer, xd_domain_start(x.peer)->first_free_pfn) << 12 | 7, 0, 1));
    unmap_foreign();
    map_foreign();
    xd_check_teardown(&x);
}

static void leak_watchdog(void)
{
    ck_assert_call(set_watchdog(0, 10), 1);
    xd_check_teardown(&x);
}

static void leak_foreign(void)
{
    xd_hv_destroy(x.hv);
    xd_check_setup_with(&x, &(struct xd_check_options){.privileged = true});
    map_foreign();
    xd_check_teardown(&x);
}

static void fail_masked(void)
{
    ck_assert_masked(x.d, 1);
}

static void fail_owner(void)
{
    ck_assert_frame_owner(x.hv, xd_domain_start(x.peer)->cr3_mfn, 1);
}

static void fail_pinned(void)
{
    ck_assert_not_pinned(x.hv, xd_domain_start(x.d)->cr3_mfn);
}

static void fail_upcalls(void)
{
    ck_assert_upcalls(x.v, 1);
}

static void fail_vcpu(void)
{
    ck_assert_vcpu(x.v, "blocked");
}

static void fail_shutdown(void)
{
    ck_assert_shutdown(x.d, SHUTDOWN_crash);
}

static void fail_runs(void)
{
    struct sched_shutdown op = {.reason = SHUTDOWN_reboot};
    const uint64_t arg[6] = {SCHEDOP_shutdown, (uintptr_t)&op};

    ck_assert_int_eq(xd_hypercall(xd_vcpu_at(x.d, 1), __HYPERVISOR_sched_op_new, arg), 0);
    ck_assert_domain_runs(x.d);
}

static void fail_now(void)
{
    ck_assert_now(x.hv, 5);
}

static void fail_expectation(void)
{
    ck_expect_call(x.d, "xen_version.pagesize");
    xd_check_teardown(&x);
}

static void fail_expected_text(void)
{
    ck_expect_call(x.d, "xen_version.%s", "pagesiz");
}

static void fail_ignored_text(void)
{
    ck_expect_ignore(x.d, "xen_versions");
}

static void fail_peers_expectation(void)
{
    xd_expect_none(x.peer);
    xd_hypercall(xd_vcpu_at(x.peer, 0), __HYPERVISOR_xen_version, (const uint64_t[6]){0});
    xd_check_teardown(&x);
}

static void fail_left(void)
{
    xd_fail_nth(x.d, "mmuext_op.PIN_L4_TABLE", 1, XEN_EBUSY);
    xd_check_teardown(&x);
}

static void fail_hits(void)
{
    ck_assert_lever_hits(x.hv, xd_fail_nth(x.d, "*", 1, XEN_EBUSY), 1);
}

static void fail_options(void)
{
    struct xd_check other;

    xd_check_setup_with(&other, &(struct xd_check_options){.vcpus = 33});
}

static void fail_frames(void)
{
    struct xd_check other;

    xd_check_setup_with(&other, &(struct xd_check_options){.frames = 5});
}

static void shut_down_crashed(void *arg)
{
    struct sched_shutdown op = {.reason = SHUTDOWN_crash};

    (void)arg;
    HYPERVISOR_sched_op(SCHEDOP_shutdown, &op);
}

static void crash_in_a_run(void)
{
    ck_assert_int_eq(xd_vcpu_start(xd_vcpu_at(x.peer, 0), shut_down_crashed, NULL), 0);
    ck_assert_int_eq(xd_run(x.hv, NULL), XD_RUN_FINISHED);
    xd_check_teardown(&x);
}

/* That a domain runs is no word of how it is to end. */
static void crash_that_ran_before(void)
{
    ck_assert_domain_runs(x.peer);
    crash_in_a_run();
}

/* The number of a domain that was to crash goes to another one, which was not. */
static void crash_under_an_old_number(void)
{
    ck_assert_int_eq(xd_vcpu_start(xd_vcpu_at(x.peer, 0), shut_down_crashed, NULL), 0);
    ck_assert_int_eq(xd_run(x.hv, NULL), XD_RUN_FINISHED);
    ck_assert_shutdown(x.peer, SHUTDOWN_crash);
    xd_domain_destroy(x.peer);
    ck_assert_int_eq(xd_domain_create(x.hv, NULL, &x.peer), 0);
    ck_assert_uint_eq(xd_domain_id(x.peer), 2);
    crash_in_a_run();
}

/* More than libcheck has room for. */
static void leak_much(void)
{
    for (unsigned int i = 0; i < 100; i++)
        open_port();
    xd_check_teardown(&x);
}

static const struct {
    void (*fn)(void);
    const char *says;  /* must stand in what libcheck reports */
    const char *where; /* must stand in the backtrace, if there are backtraces */
} failing[] = {
    {fail_answer, "was answered 262161, not 262160", NULL},
    {fail_errno, "was answered -14 for reason copy-in, not -22 for copy-in", NULL},
    {fail_reason, "refused: EFAULT, copy-in", NULL},
    {fail_unknown_reason, "there is no reason called no-such", NULL},
    {fail_port, "port 1 of d1 is unbound, not interdomain", NULL},
    {fail_pending, "no event is pending on port 1 of d1", NULL},
    {fail_masked, "port 1 of d1 is not masked", NULL},
    {fail_frame, "has type l4 (count 3), not l4 (count 2)", NULL},
    {fail_owner, "belongs to d2, not to d1", NULL},
    {fail_pinned, " is pinned", NULL},
    {fail_upcalls, "0 upcalls were delivered, not 1", NULL},
    {fail_vcpu, "the vCPU is running, not blocked", NULL},
    {fail_shutdown, "d1 has shutdown code -1, not 3 (-1: it runs)", NULL},
    {fail_runs, "d1 has shutdown code 1, not -1 (-1: it runs)", NULL},
    {fail_now, "it is 1000000000 ns, not 5", NULL},
    {fail_expectation, "missing: expectation 1, xen_version.pagesize", NULL},
    {fail_expected_text, "xen_version has no operation \"pagesiz\" (did you mean pagesize?)", NULL},
    {fail_ignored_text, "there is no hypercall \"xen_versions\" (did you mean xen_version?)", NULL},
    {fail_peers_expectation, "d2 was expected to make 0 calls and made 1", NULL},
    {fail_left, "have not hit:\nlever 1 (mmuext_op.PIN_L4_TABLE of d1, the 1st: EBUSY)", NULL},
    {fail_hits, "lever 1 has hit 0 calls, not 1", NULL},
    {fail_options, "vcpus", NULL},
    {fail_frames, "frames must be 1024", NULL},
    {crash_in_a_run, "d2 has crashed; a test that wants that says ck_assert_shutdown", NULL},
    {crash_that_ran_before, "d2 has crashed", NULL},
    {crash_under_an_old_number, "d2 has crashed", NULL},
    {leak_much, "(cut here; standard error has the whole text)", NULL},
    {leak_port, "d1: port 3 is still bound (unbound)", "open_port"},
    {leak_pin, "is still pinned as l1", "pin"},
    {leak_timer, "d1: the timer of v0 is still set", "set_timer"},
    {leak_watchdog, "d1: watchdog 1 is still armed", "set_watchdog"},
    {leak_foreign, "of domain 1 is still mapped", "map_foreign"},
    {leak_foreign_again, "of domain 1 is still mapped", "map_foreign"},
    {leak_timer_again, "d1: the timer of v0 is still set", "set_timer"},
    {leak_period, "d1: the periodic timer of v1 is still running, every 123456789 ns",
     "set_period"},
    {leak_of_peer, "d2: port 3 is still bound (unbound)", "open_port"},
    {leak_unwatched, "d3 is not watched: call xd_guest_watch", NULL},
};
#define FAILING (sizeof(failing) / sizeof(failing[0]))

static int which;

START_TEST(run_one)
{
    xd_check_setup(&x);
    failing[which].fn();
}
END_TEST

/* An inner libcheck runs the failing test in a process of its own, and its message is looked at. */
START_TEST(what_does_not_hold_fails)
{
    TCase *tc = tcase_create("inner");
    Suite *suite = suite_create("inner");
    SRunner *runner = srunner_create(suite);
    TestResult **results;

    which = _i;
    xd_check_teardown(&x);
    leave_it = true;
    tcase_add_test(tc, run_one);
    suite_add_tcase(suite, tc);
    srunner_set_fork_status(runner, CK_FORK);
    srunner_run_all(runner, CK_SILENT);
    ck_assert_int_eq(srunner_ntests_failed(runner), 1);
    results = srunner_failures(runner);
    ck_assert_msg(strstr(tr_msg(results[0]), failing[_i].says) != NULL, "it says: %s",
                  tr_msg(results[0]));
    if (failing[_i].where && strstr(tr_msg(results[0]), "#0")) { /* there is libunwind */
        const char *call = strstr(tr_msg(results[0]), " HYPERVISOR_"), *line;
        char where[32];

        snprintf(where, sizeof(where), " %s+", failing[_i].where);
        line = call ? strchr(call, '\n') : NULL; /* the caller of the hypercall is next */
        ck_assert_msg(line && strstr(line, where) && strstr(line, where) < strchr(line + 1, '\n'),
                      "it says: %s", tr_msg(results[0]));
    }
    free(results);
    srunner_free(runner);
}
END_TEST

START_TEST(a_crash_that_was_asked_for_is_none)
{
    ck_assert_int_eq(xd_vcpu_start(xd_vcpu_at(x.peer, 0), shut_down_crashed, NULL), 0);
    ck_assert_int_eq(xd_run(x.hv, NULL), XD_RUN_FINISHED);
    ck_assert_shutdown(x.peer, SHUTDOWN_crash);
}
END_TEST

/* The code of a shutdown that may come is none yet, and a question links no machine. */
START_TEST(what_runs_has_not_crashed)
{
    struct sched_shutdown op = {.reason = SHUTDOWN_crash};
    struct xd_hv *hv;
    struct xd_domain *d;

    ck_assert_call_ok(HYPERVISOR_sched_op(SCHEDOP_shutdown_code, &op));
    ck_assert(!xd_guest_crashed_unasked(x.d));
    ck_assert_int_eq(xd_hv_create(&hv, NULL), 0);
    ck_assert_int_eq(xd_domain_create(hv, NULL, &d), 0);
    xd_guest_end_known(d);
    ck_assert(!xd_guest_crashed_unasked(d));
    ck_assert_int_eq(xd_hypercall(xd_vcpu_at(d, 0), 17, (const uint64_t[6]){1, (uintptr_t)&op}),
                     -14);
    xd_domain_destroy(d);
    xd_guest_end_known(d);
    xd_hv_destroy(hv);
}
END_TEST

/* All kinds at once, each with its own call; and what is given back is forgotten. */
START_TEST(what_is_given_back_is_no_leak)
{
    evtchn_port_t port;
    uint64_t table;
    char *leaks;
    unsigned int lines = 0;

    xd_check_teardown(&x);
    xd_check_setup_with(&x, &(struct xd_check_options){.privileged = true, .pages = 4096});
    table = xd_domain_mfn(x.d, xd_domain_start(x.d)->first_free_pfn);
    {
        struct evtchn_alloc_unbound op = {.dom = DOMID_SELF, .remote_dom = 1};

        ck_assert_call_ok(HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, &op));
        port = op.port;
    }
    ck_assert_call_ok(pin(MMUEXT_PIN_L1_TABLE, table));
    map_foreign();
    set_timer(xd_now_ns(x.hv) + 1000000);
    ck_assert_call(set_watchdog(0, 10), 1);
    leaks = xd_guest_leaks(x.d);
    for (const char *at = leaks; (at = strstr(at, " is still ")); at++)
        lines++;
    ck_assert_msg(lines == 5, "%s", leaks);
    free(leaks);
    close_port(port);
    ck_assert_call_ok(pin(MMUEXT_UNPIN_TABLE, table));
    unmap_foreign();
    set_timer(0);
    ck_assert_call_ok(set_watchdog(1, 0));
    ck_assert_no_leaks(x.d);
}
END_TEST

START_TEST(the_fixture_is_as_asked_for)
{
    const struct xd_check_options o = {
        .privileged = true, .vcpus = 4, .pages = 3000, .frames = 8192, .seed = 9};

    xd_check_teardown(&x);
    xd_check_setup_with(&x, &o);
    ck_assert_uint_eq(xd_domain_id(x.d), 0);
    ck_assert_uint_eq(xd_domain_id(x.peer), 1);
    ck_assert_uint_eq(xd_domain_start(x.d)->pages, 3000);
    ck_assert_vcpu(xd_vcpu_at(x.d, 3), "running");
    ck_assert_ptr_null(xd_vcpu_at(x.d, 4));
    ck_assert_ptr_nonnull(xd_frame_contents(x.hv, 8191));
    ck_assert_ptr_null(xd_frame_contents(x.hv, 8192));
    ck_assert_call(HYPERVISOR_vcpu_op(1, 3, NULL), 0); /* it is up already */
    ck_assert_frame_owner(x.hv, xd_domain_start(x.d)->cr3_mfn, 0);
    ck_assert_pinned(x.hv, xd_domain_start(x.d)->cr3_mfn);
    ck_assert_not_masked(x.peer, 1);
    ck_assert_domain_runs(x.d);
    ck_assert_now(x.hv, 1000000000);
    xd_advance(x.hv, 5);
    ck_assert_now(x.hv, 1000000005);
}
END_TEST

#if defined(__x86_64__) && defined(__linux__)
/* (_i): a strict one. Under tools that know no mirrors there is nothing to see. */
START_TEST(the_fixture_may_have_a_mirror)
{
    const struct xd_check_options o = {.mirror = !_i, .strict = _i};
    const struct xd_start *s;
    volatile unsigned char *page;
    const unsigned char *frame;

    if (xd_guest_mirror(x.peer, NULL)) {
        ck_assert_ptr_nonnull(strstr(xd_hv_error(x.hv), "there is no mirror under"));
        return;
    }
    xd_check_teardown(&x);
    xd_check_setup_with(&x, &o);
    s = xd_domain_start(x.d);
    page = xd_guest_at(x.d, s->padding_va);
    ck_assert_msg(page != NULL, "%s", xd_hv_error(x.hv));
    *page = 7;
    frame = xd_frame_contents(x.hv, xd_domain_mfn(x.d, (s->padding_va - s->virt_base) / 4096));
    ck_assert_uint_eq(frame[0], 7);
    ck_assert_ptr_nonnull(xd_guest_p2m(x.d));
    ck_assert_ptr_null(xd_guest_p2m(x.peer));
    ck_assert_ptr_nonnull(strstr(xd_hv_error(x.hv), "a virt_base of xd_guest_room()"));
}
END_TEST
#endif

START_TEST(what_was_there_before_is_no_leak)
{
    struct evtchn_close op = {.port = 1};
    char *leaks;

    xd_guest_watch(x.d); /* twice is once */
    ck_assert_call_ok(HYPERVISOR_event_channel_op(EVTCHNOP_close, &op));
    ck_assert_no_leaks(x.d);
    open_port(); /* the lowest is 1 again, and now it is the guest's own */
    leaks = xd_guest_leaks(x.d);
    ck_assert_ptr_nonnull(strstr(leaks, "port 1 is still bound"));
    free(leaks);
    close_port(1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("check");
    TCase *tc = tcase_create("check");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, what_holds_passes);
    tcase_add_test(tc, a_crash_that_was_asked_for_is_none);
    tcase_add_test(tc, what_runs_has_not_crashed);
    tcase_add_loop_test(tc, what_does_not_hold_fails, 0, (int)FAILING);
    tcase_add_test(tc, what_was_there_before_is_no_leak);
    tcase_add_test(tc, what_is_given_back_is_no_leak);
    tcase_add_test(tc, the_fixture_is_as_asked_for);
#if defined(__x86_64__) && defined(__linux__)
    tcase_add_loop_test(tc, the_fixture_may_have_a_mirror, 0, 2);
#endif
    suite_add_tcase(suite, tc);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
