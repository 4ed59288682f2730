/* SPDX-License-Identifier: MIT */
/* test-pause.c: a linked control domain pauses another one, whose code stands still meanwhile, resets, begins or destroys it. */
#include "guest.h"

#include <string.h>
#include <xen/interface/vcpu.h>

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

#ifdef __x86_64__
static struct vcpu_guest_context context;
static unsigned char stack[65536] __attribute__((aligned(16)));
static unsigned int begun, rounds;

/* Where nobody returns from. */
static void begins(void)
{
    begun++;
    for (;;) {
        rounds++;
        (void)HYPERVISOR_vcpu_op(VCPUOP_down, 1, NULL);
    }
}

static void gives_context(void *to)
{
    uint32_t op[36] = {RESET_CONTEXT, 0x15, 1, 0, 1}; /* vCPU 1 */

    memcpy(&op[6], &(uint64_t){(uintptr_t)to}, sizeof(uint64_t));
    ck_assert_int_eq(HYPERVISOR_domctl(op), 0);
}

static void initialises(void *unused)
{
    (void)unused;
    ck_assert_int_eq(HYPERVISOR_vcpu_op(VCPUOP_initialise, 1, &context), 0);
}

static void ups(void *unused)
{
    (void)unused;
    ck_assert_int_eq(HYPERVISOR_vcpu_op(VCPUOP_up, 1, NULL), 0);
}

static void run_by(struct xd_vcpu *v, void (*code)(void *arg), void *arg)
{
    start(v, code, arg);
    ck_assert_int_eq(xd_run(m.hv, NULL), XD_RUN_FINISHED);
}

/* What its controller lets begin goes on behind its call when it is up again. */
START_TEST(a_vcpu_that_is_brought_up_begins_once)
{
    struct xd_vcpu *v = xd_vcpu_at(d0, 0);

    context.flags = VGCF_in_kernel | VGCF_online;
    context.ctrlreg[3] = xd_domain_start(m.d1)->cr3_mfn << 12;
    context.user_regs.rip = (uintptr_t)begins;
    context.user_regs.rsp = (uintptr_t)stack + sizeof(stack) - 8;
    run_by(v, gives_context, NULL);
    run_by(m.v0, initialises, NULL);
    run_by(v, gives_context, &context);
    ck_assert_uint_eq(rounds, 1);
    run_by(m.v0, ups, NULL);
    ck_assert_uint_eq(rounds, 2);
    ck_assert_uint_eq(begun, 1);
}
END_TEST
#endif

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
#ifdef __x86_64__
    tcase_add_test(t, a_vcpu_that_is_brought_up_begins_once);
#endif
    tcase_add_test(t, code_of_a_destroyed_domain_is_gone);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
