/* SPDX-License-Identifier: MIT */
/* test-check.c: what check.h asserts, and that it fails where it should. */
#include "xendouble/check.h"

#include <signal.h>
#include <xen/interface/errno.h>
#include <xen/interface/event_channel.h>
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

static evtchn_port_t open_port(void)
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

static int pin(unsigned int cmd, uint64_t mfn)
{
    struct mmuext_op op = {.cmd = cmd, .arg1.mfn = mfn};

    return HYPERVISOR_mmuext_op(&op, 1, NULL, DOMID_SELF);
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
    ck_assert_call_ok(HYPERVISOR_set_timer_op(xd_now_ns(x.hv) + 1000000));
    xd_check_teardown(&x);
}

static const struct {
    void (*fn)(void);
    const char *says; /* must stand in what libcheck reports */
} failing[] = {
    {fail_answer, "was answered 262161, not 262160"},
    {fail_errno, "was answered -14 for reason copy-in, not -22 for copy-in"},
    {fail_reason, "refused: EFAULT, copy-in"},
    {fail_unknown_reason, "there is no reason called no-such"},
    {fail_port, "port 1 of d1 is unbound, not interdomain"},
    {fail_pending, "no event is pending on port 1 of d1"},
    {fail_frame, "has type l4 (count 3), not l4 (count 2)"},
    {leak_port, "d1: port 3 is still bound (unbound)"},
    {leak_pin, "is still pinned as l1"},
    {leak_timer, "d1: the timer of v0 is still set"},
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
    if (failing[_i].fn == leak_port && strstr(tr_msg(results[0]), "#0")) /* there is libunwind */
        ck_assert_msg(strstr(tr_msg(results[0]), "HYPERVISOR_event_channel_op") != NULL,
                      "it says: %s", tr_msg(results[0]));
    free(results);
    srunner_free(runner);
}
END_TEST

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
    tcase_add_loop_test(tc, what_does_not_hold_fails, 0, (int)FAILING);
    tcase_add_test(tc, what_was_there_before_is_no_leak);
    suite_add_tcase(suite, tc);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
