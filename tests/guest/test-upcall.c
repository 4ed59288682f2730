/* SPDX-License-Identifier: MIT */
/* test-upcall.c: upcalls and the failsafe callback in C: when, how masked, how deep. */
#define _GNU_SOURCE
#include "dies.h"
#include "guest.h"
#include "nowhere.h"

static struct machine m;
static struct evtchn_send ipi;
static unsigned int heard, depth, depth_max, resend, reopen;
static bool forgetful;

static struct vcpu_info *info(void)
{
    return xd_guest_vcpu_info(m.v0);
}

static void clear(void)
{
    info()->evtchn_upcall_pending = 0;
    info()->evtchn_pending_sel = 0;
    xd_guest_shared_info(m.d1)->evtchn_pending[0] = 0;
}

static void send(void)
{
    ck_assert_int_eq(HYPERVISOR_event_channel_op(EVTCHNOP_send, &ipi), 0);
}

static void hear(void *ctx)
{
    ck_assert_ptr_eq(ctx, &m);
    ck_assert_uint_eq(info()->evtchn_upcall_mask, 1);
    ck_assert_uint_eq(info()->evtchn_upcall_pending, 1);
    heard++;
    if (++depth > depth_max)
        depth_max = depth;
    if (!forgetful)
        clear();
    if (resend) {
        resend--;
        send();
    }
    if (reopen) {
        reopen--;
        info()->evtchn_upcall_mask = 0;
        send();
    }
    depth--;
}

static void setup(void)
{
    struct evtchn_bind_ipi op = {.vcpu = 0};

    machine_setup(&m);
    ck_assert_int_eq(xd_enter(m.v0), 0);
    ck_assert_int_eq(HYPERVISOR_event_channel_op(EVTCHNOP_bind_ipi, &op), 0);
    ipi.port = op.port;
    xd_guest_on_upcall(m.v0, hear, &m);
    info()->evtchn_upcall_mask = 0;
    heard = depth = depth_max = resend = reopen = 0;
    forgetful = false;
}

static void teardown(void)
{
    machine_teardown(&m);
}

START_TEST(an_event_is_heard_when_the_call_returns)
{
    send();
    ck_assert_uint_eq(heard, 1);
    ck_assert_uint_eq(info()->evtchn_upcall_mask, 0);
    HYPERVISOR_xen_version(XENVER_version, NULL);
    ck_assert_uint_eq(heard, 1);
}
END_TEST

START_TEST(a_masked_vcpu_hears_when_it_unmasks)
{
    info()->evtchn_upcall_mask = 1;
    send();
    xd_preempt();
    ck_assert_uint_eq(heard, 0);
    info()->evtchn_upcall_mask = 0;
    xd_preempt();
    ck_assert_uint_eq(heard, 1);
}
END_TEST

START_TEST(block_unmasks_and_does_not_sleep_on_a_pending_event)
{
    info()->evtchn_upcall_mask = 1;
    send();
    ck_assert_int_eq(HYPERVISOR_sched_op(SCHEDOP_block, NULL), 0);
    ck_assert_uint_eq(heard, 1);
}
END_TEST

START_TEST(what_comes_meanwhile_follows)
{
    resend = 7;
    send();
    ck_assert_uint_eq(heard, 8);
    ck_assert_uint_eq(depth_max, 1);
}
END_TEST

START_TEST(a_handler_that_unmasks_is_interrupted)
{
    reopen = 4;
    send();
    ck_assert_uint_eq(heard, 5);
    ck_assert_uint_eq(depth_max, 5);
    ck_assert_uint_eq(info()->evtchn_upcall_mask, 0);
}
END_TEST

START_TEST(a_spurious_upcall_is_one_too)
{
    info()->evtchn_upcall_pending = 1;
    xd_preempt();
    ck_assert_uint_eq(heard, 1);
}
END_TEST

START_TEST(another_vcpus_event_is_not_ours)
{
    struct evtchn_bind_ipi op = {.vcpu = 1};
    struct evtchn_send to_1;

    ck_assert_int_eq(HYPERVISOR_event_channel_op(EVTCHNOP_bind_ipi, &op), 0);
    to_1.port = op.port;
    ck_assert_int_eq(HYPERVISOR_event_channel_op(EVTCHNOP_send, &to_1), 0);
    ck_assert_uint_eq(heard, 0);
    ck_assert_uint_eq(xd_guest_vcpu_info(m.v1)->evtchn_upcall_pending, 1);
}
END_TEST

static struct xd_selectors found;
static unsigned int failures, heard_before;

static void repair(void *ctx, const struct xd_selectors *sel)
{
    ck_assert_ptr_eq(ctx, &m);
    found = *sel;
    failures++;
    heard_before = heard;
    if (failures == 1)
        send(); /* it is let in: this handler is interrupted */
}

START_TEST(failsafe_reaches_c_too)
{
    const struct xd_selectors bad = {.ds = 7, .gs = 0x33};

    xd_guest_on_failsafe(m.v0, repair, &m);
    xd_preempt();
    ck_assert_uint_eq(failures, 0);
    xd_failsafe_raise(m.v0, &bad);
    xd_preempt();
    ck_assert_uint_eq(failures, 1);
    ck_assert_uint_eq(heard_before, 0);
    ck_assert_uint_eq(heard, 1);
    ck_assert_uint_eq(found.ds, 7);
    ck_assert_uint_eq(found.es, 0);
    ck_assert_uint_eq(found.gs, 0x33);
    info()->evtchn_upcall_mask = 1;
    xd_failsafe_raise(m.v0, NULL);
    HYPERVISOR_xen_version(XENVER_version, NULL);
    ck_assert_uint_eq(failures, 2);
    ck_assert_uint_eq(info()->evtchn_upcall_mask, 1);
}
END_TEST

static void go_away(void *what)
{
    switch (*(const int *)what) {
    case 0: xd_leave(); break;
    case 1: (void)!xd_enter(m.v1); break;
    case 2: xd_domain_destroy(m.d1); break;
    default: xd_hv_destroy(m.hv);
    }
}

static void lose_whom_it_interrupts(void *what)
{
    xd_guest_on_upcall(m.v0, go_away, what);
    send();
}

START_TEST(a_handler_may_not_take_its_vcpu_away)
{
    ck_dies_saying(lose_whom_it_interrupts, &_i, "no longer the vCPU that it interrupted");
}
END_TEST

#if !defined(XD_CRASH_CODE) /* a sanitizer's handler comes first, and has a report of its own */

static void fault_in_failsafe(void *ctx, const struct xd_selectors *sel)
{
    (void)ctx;
    (void)sel;
    *(volatile int *)(uintptr_t)nowhere(NOWHERE_NR - 1) = 0;
}

static void fail_with_a_fault(void *unused)
{
    (void)unused;
    xd_guest_on_failsafe(m.v0, fault_in_failsafe, NULL);
    xd_failsafe_raise(m.v0, NULL);
    xd_preempt();
}

START_TEST(a_fault_in_failsafe_is_told_as_such)
{
    ck_dies_saying(fail_with_a_fault, NULL, "in the failsafe handler of d1v0");
}
END_TEST

#endif

static void raise_on_nobody(void *unused)
{
    (void)unused;
    xd_failsafe_raise(NULL, NULL);
}

START_TEST(failsafe_wants_a_vcpu)
{
    ck_dies_saying(raise_on_nobody, NULL, "xd_failsafe_raise: the vCPU is NULL");
}
END_TEST

START_TEST(a_handler_that_clears_nothing_ends_the_test)
{
    forgetful = true;
    send();
}
END_TEST

START_TEST(without_a_handler_the_domain_crashes)
{
    xd_guest_on_upcall(m.v0, NULL, NULL);
    send();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("upcall");
    TCase *tc = tcase_create("upcall");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, an_event_is_heard_when_the_call_returns);
    tcase_add_test(tc, a_masked_vcpu_hears_when_it_unmasks);
    tcase_add_test(tc, block_unmasks_and_does_not_sleep_on_a_pending_event);
    tcase_add_test(tc, what_comes_meanwhile_follows);
    tcase_add_test(tc, a_handler_that_unmasks_is_interrupted);
    tcase_add_test(tc, a_spurious_upcall_is_one_too);
    tcase_add_test(tc, another_vcpus_event_is_not_ours);
    tcase_add_test(tc, failsafe_reaches_c_too);
    tcase_add_loop_test(tc, a_handler_may_not_take_its_vcpu_away, 0, 4);
#if !defined(XD_CRASH_CODE)
    tcase_add_test(tc, a_fault_in_failsafe_is_told_as_such);
#endif
    tcase_add_test(tc, failsafe_wants_a_vcpu);
    tcase_add_test_raise_signal(tc, a_handler_that_clears_nothing_ends_the_test, SIGABRT);
    tcase_add_test_raise_signal(tc, without_a_handler_the_domain_crashes, SIGABRT);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
