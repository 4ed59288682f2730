/* SPDX-License-Identifier: MIT */
/* test-pause.c: a linked control domain pauses another one, whose code stands still meanwhile, resets or destroys it. */
#include "guest.h"

#include <string.h>

enum { DESTROY = 2, PAUSE = 3, UNPAUSE = 4, RESET_CONTEXT = 12, HEAD = 16 };

static struct machine m;
static struct xd_domain *d0;
static unsigned int counted, when_paused, later;

static void setup(void)
{
    struct xd_domain_config c = XD_DOMAIN_CONFIG_DEFAULT;

    machine_setup(&m);
    c.privileged = true;
    ck_assert_int_eq(xd_domain_create(m.hv, &c, &d0), 0);
    counted = when_paused = later = 0;
}

static void teardown(void)
{
    machine_teardown(&m);
}

/* About d1. */
static long domctl(uint32_t cmd)
{
    uint32_t op[36] = {cmd, 0x15, 1};
    uint64_t arg[6] = {(uintptr_t)op};

    return (long)xd_hypercall(xd_self(), __HYPERVISOR_domctl, arg);
}

static void counts(void *unused)
{
    (void)unused;
    for (int i = 0; i < 20; i++) {
        counted++;
        HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
    }
}

static void pass(unsigned int turns)
{
    while (turns--)
        HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
}

static void controls(void *unused)
{
    (void)unused;
    pass(3);
    ck_assert_int_eq(domctl(PAUSE), 0);
    when_paused = counted;
    pass(10);
    later = counted;
    ck_assert_int_eq(domctl(UNPAUSE), 0);
}

START_TEST(code_of_a_paused_domain_stands_still)
{
    start(xd_vcpu_at(d0, 0), controls, NULL);
    start(m.v0, counts, NULL);
    ck_assert_int_eq(xd_run(m.hv, NULL), XD_RUN_FINISHED);
    ck_assert_uint_gt(when_paused, 1);
    ck_assert_uint_eq(later, when_paused);
    ck_assert_uint_eq(counted, 20);
}
END_TEST

static void pauses(void *unused)
{
    (void)unused;
    pass(3);
    ck_assert_int_eq(domctl(PAUSE), 0);
}

/* The run is over while it is paused, and another one goes on where it stood. */
START_TEST(a_paused_domain_goes_on_in_a_later_run)
{
    start(xd_vcpu_at(d0, 0), pauses, NULL);
    start(m.v0, counts, NULL);
    ck_assert_int_eq(xd_run(m.hv, NULL), XD_RUN_FINISHED);
    ck_assert_uint_lt(counted, 20);
    ck_assert_int_eq(xd_vcpu_state(m.v0), XD_STATE_PAUSED);
    ck_assert_int_ne(xd_enter(m.v1), 0);
    ck_assert_ptr_nonnull(strstr(xd_hv_error(m.hv), "paused"));
    ck_assert_int_eq(xd_enter(xd_vcpu_at(d0, 0)), 0);
    ck_assert_int_eq(domctl(UNPAUSE), 0);
    xd_leave();
    ck_assert_int_eq(xd_run(m.hv, NULL), XD_RUN_FINISHED);
    ck_assert_uint_eq(counted, 20);
}
END_TEST

static void resets(void *unused)
{
    uint32_t op[36] = {RESET_CONTEXT, 0x15, 1}; /* vCPU 0, no context */
    uint64_t arg[6] = {(uintptr_t)op};

    (void)unused;
    pass(3);
    ck_assert_int_eq((int)xd_hypercall(xd_self(), __HYPERVISOR_domctl, arg), 0);
}

START_TEST(code_of_a_vcpu_that_is_reset_never_goes_on)
{
    start(xd_vcpu_at(d0, 0), resets, NULL);
    start(m.v0, counts, NULL);
    ck_assert_int_eq(xd_run(m.hv, NULL), XD_RUN_FINISHED);
    ck_assert_uint_lt(counted, 20);
    ck_assert_int_eq(xd_vcpu_state(m.v0), XD_STATE_DOWN);
}
END_TEST

static void destroys(void *unused)
{
    (void)unused;
    pass(3);
    ck_assert_int_eq(domctl(DESTROY), 0);
    pass(2);
}

START_TEST(code_of_a_destroyed_domain_is_gone)
{
    start(xd_vcpu_at(d0, 0), destroys, NULL);
    start(m.v0, counts, NULL);
    start(m.v1, counts, NULL);
    ck_assert_int_eq(xd_run(m.hv, NULL), XD_RUN_FINISHED);
    ck_assert_uint_lt(counted, 20);
    ck_assert_ptr_null(xd_domain_find(m.hv, 1));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pause");
    TCase *t = tcase_create("pause");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, code_of_a_paused_domain_stands_still);
    tcase_add_test(t, a_paused_domain_goes_on_in_a_later_run);
    tcase_add_test(t, code_of_a_vcpu_that_is_reset_never_goes_on);
    tcase_add_test(t, code_of_a_destroyed_domain_is_gone);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
