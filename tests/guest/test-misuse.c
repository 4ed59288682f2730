/* SPDX-License-Identifier: MIT */
/*
 * test-misuse.c: calls of this library by which nothing can be meant end the process with a sentence that
 * names the function, and what goes wrong in guest code is told with the place and the setting of the run.
 */
#define _GNU_SOURCE
#include "dies.h"
#include "guest.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>

static struct machine m;

static void setup(void)
{
    machine_enter(&m);
}

static void teardown(void)
{
    machine_leave(&m);
}

/* ---- What ends the process ---- */

static const uint64_t no_arg[6];

static void nothing(void *unused)
{
    (void)unused;
}

static void enter_null(void *unused)
{
    (void)unused;
    ck_assert_int_eq(xd_enter(xd_vcpu_at(m.d1, 77)), 0);
}

static void enter_gone(void *unused)
{
    (void)unused;
    xd_domain_destroy(m.d1);
    ck_assert_int_eq(xd_enter(m.v0), 0);
}

static void start_null(void *unused)
{
    (void)unused;
    start(NULL, nothing, NULL);
}

static void start_nothing(void *unused)
{
    (void)unused;
    start(m.v1, NULL, NULL);
}

static void run_null(void *unused)
{
    (void)unused;
    xd_run(NULL, NULL);
}

static void run_by_no_policy(void *unused)
{
    struct xd_run_config c = XD_RUN_CONFIG_DEFAULT;

    (void)unused;
    c.policy = (enum xd_policy)77;
    xd_run(m.hv, &c);
}

static void run_by_setting(void *text)
{
    setenv("XENDOUBLE_SCHED", text, 1);
    xd_run(m.hv, NULL);
}

static void call_without_arguments(void *unused)
{
    (void)unused;
    xd_hypercall(m.peer, __HYPERVISOR_xen_version, NULL);
}

static void call_of_null(void *unused)
{
    (void)unused;
    xd_hypercall(NULL, __HYPERVISOR_xen_version, no_arg);
}

static void call_of_the_gone(void *unused)
{
    (void)unused;
    xd_domain_destroy(m.d1);
    ck_assert_ptr_null(xd_self());
    HYPERVISOR_xen_version(XENVER_version, NULL);
}

static void run_too_deep(void *unused)
{
    struct xd_run_config c = XD_RUN_CONFIG_DEFAULT;

    (void)unused;
    c.policy = XD_POLICY_PCT;
    c.depth = 66;
    xd_run(m.hv, &c);
}

static void destroy_twice(void *unused)
{
    (void)unused;
    xd_domain_destroy(m.d2);
    xd_domain_destroy(m.d2);
}

static void destroy_null(void *unused)
{
    (void)unused;
    xd_domain_destroy(NULL);
}

static void destroy_the_machine(void *unused)
{
    (void)unused;
    xd_hv_destroy(m.hv);
}

static void destroy_the_domain(void *unused)
{
    (void)unused;
    xd_domain_destroy(m.d1);
}

static void in_a_run(void *fn)
{
    start(m.v1, *(void (**)(void *))fn, NULL);
    xd_run(m.hv, NULL);
}

static void (*const machine_from_inside)(void *) = destroy_the_machine;
static void (*const domain_from_inside)(void *) = destroy_the_domain;

static char negative[] = "random:-3", blank[] = "pct: 1:2:3", too_deep[] = "pct:1:66:3",
            deeper[] = "pct:1:4294967297:3", too_long[] = "round-robin:4294967297",
            no_seed[] = "random:18446744073709551616", too_many[] = "pct:1:2:3:4";

#define FN(fn) ((void *)(uintptr_t) & (fn))

static const struct {
    void (*fn)(void *arg);
    void *arg;
    const char *says;
} ending[] = {
    {enter_null, NULL, "xd_enter: the vCPU is NULL"},
    {enter_gone, NULL, "xd_enter: the vCPU is none: its domain was destroyed"},
    {start_null, NULL, "xd_vcpu_start: the vCPU is NULL"},
    {start_nothing, NULL, "xd_vcpu_start: there is no code for d1v1 to run"},
    {run_null, NULL, "xd_run: the machine is NULL"},
    {run_by_no_policy, NULL, "xd_run: there is no policy 77"},
    {run_by_setting, negative, "XENDOUBLE_SCHED=random:-3 is none of"},
    {run_by_setting, blank, "XENDOUBLE_SCHED=pct: 1:2:3 is none of"},
    {run_by_setting, too_deep, "DEPTH is 1 to 65"},
    {run_by_setting, deeper, "XENDOUBLE_SCHED=pct:1:4294967297:3 is none of"},
    {run_by_setting, too_long, "SLICE and POINTS are 1 to 4294967295"},
    {run_by_setting, no_seed, "SEED is a 64-bit number"},
    {run_by_setting, too_many, "XENDOUBLE_SCHED=pct:1:2:3:4 is none of"},
    {run_too_deep, NULL, "xd_run: a PCT run has a depth of 1 to 65, not 66"},
    {call_without_arguments, NULL, "xd_hypercall: the arguments are NULL"},
    {call_of_null, NULL, "xd_hypercall: there is no such vCPU"},
    {call_of_the_gone, NULL, "xen_version: this thread is no vCPU; xd_enter() makes it one"},
    {destroy_twice, NULL, "xd_domain_destroy: there is no such domain: it is gone"},
    {destroy_null, NULL, "xd_domain_destroy: there is no such domain: it is NULL"},
    {in_a_run, FN(machine_from_inside), "xd_hv_destroy: called by code of d1v1, which xd_run runs"},
    {in_a_run, FN(domain_from_inside), "xd_domain_destroy: called by code of d1v1"},
    {in_a_run, FN(machine_from_inside), "the same again: XENDOUBLE_SCHED=round-robin:1"},
};

START_TEST(misuse_is_told)
{
    ck_dies_saying(ending[_i].fn, ending[_i].arg, ending[_i].says);
}
END_TEST

/* ---- What does not ---- */

static void block(void *unused)
{
    (void)unused;
    HYPERVISOR_sched_op(SCHEDOP_block, NULL);
}

/* Its code goes with it, that of others stays. */
START_TEST(a_domain_that_is_destroyed_takes_its_contexts_along)
{
    struct xd_run_config c = XD_RUN_CONFIG_DEFAULT;

    c.quiet = true;
    xd_leave();
    start(m.v0, block, NULL);
    start(m.peer, block, NULL);
    ck_assert_int_eq(xd_run(m.hv, &c), XD_RUN_DEADLOCK);
    ck_assert_ptr_nonnull(strstr(xd_run_report(m.hv), "d1v0 is blocked"));
    xd_domain_destroy(m.d1);
    ck_assert_int_eq(xd_run(m.hv, &c), XD_RUN_DEADLOCK);
    ck_assert_ptr_null(strstr(xd_run_report(m.hv), "d1v0 is blocked"));
    ck_assert_ptr_nonnull(strstr(xd_run_report(m.hv), "d2v0 is blocked"));
}
END_TEST

START_TEST(nobody_was_refused_nothing)
{
    char *text = xd_explain(NULL);

    ck_assert_uint_eq(xd_why(NULL), 0);
    ck_assert_ptr_nonnull(strstr(text, "there is no vCPU"));
    free(text);
}
END_TEST

START_TEST(who_blocks_faults_is_refused)
{
    sigset_t segv, old;

    xd_leave();
    sigemptyset(&segv);
    sigaddset(&segv, SIGSEGV);
    pthread_sigmask(SIG_BLOCK, &segv, &old);
    ck_assert_int_lt(xd_enter(m.v0), 0);
    ck_assert_ptr_nonnull(strstr(xd_hv_error(m.hv), "blocks SIGSEGV"));
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    ck_assert_int_eq(xd_enter(m.v0), 0);
}
END_TEST

/* ---- Handlers of the user's own ---- */

static sigjmp_buf out;
static volatile int heard[3];

static void hear_first(int sig)
{
    (void)sig;
    heard[1]++;
    siglongjmp(out, 1);
}

static void hear_second(int sig)
{
    (void)sig;
    heard[2]++;
    siglongjmp(out, 1);
}

/* The domain being watched, ours comes first again at the next call; a fault of the user's own stays his. */
static void fault_here(void)
{
    if (sigsetjmp(out, 1) == 0)
        fault();
}

#define BAD ((void *)8)

START_TEST(a_handler_that_was_installed_later_does_not_get_our_faults)
{
    struct sigaction first = {.sa_handler = hear_first}, second = {.sa_handler = hear_second}, old;

    heard[1] = heard[2] = 0;
    xd_guest_watch(m.d1);
    sigaction(SIGSEGV, &first, NULL);
    ck_refused(m.v0, HYPERVISOR_event_channel_op(EVTCHNOP_bind_ipi, BAD), EFAULT, COPY_IN);
    fault_here();
    ck_assert_int_eq(heard[1], 1);
    for (int i = 0; i < 9; i++) { /* as a test that expects a fault does */
        sigaction(SIGSEGV, &second, &old);
        ck_refused(m.v0, HYPERVISOR_event_channel_op(EVTCHNOP_bind_ipi, BAD), EFAULT, COPY_IN);
        fault_here();
        sigaction(SIGSEGV, &old, NULL);
    }
    ck_assert_int_eq(heard[1], 1);
    ck_assert_int_eq(heard[2], 9);
    ck_refused(m.v0, HYPERVISOR_event_channel_op(EVTCHNOP_bind_ipi, BAD), EFAULT, COPY_IN);
    fault_here();
    ck_assert_int_eq(heard[1], 2);
}
END_TEST

#ifndef XD_CRASH_CODE /* a sanitizer tells faults by itself */

/* ---- What is told of faults ---- */

static void __attribute__((noinline)) guest_that_faults(void *unused)
{
    (void)unused;
    fault();
}

static volatile int returned;

static void upcall_that_faults(void *unused)
{
    guest_that_faults(unused);
    returned++; /* no tail call */
}

static void fault_in_a_run(void *unused)
{
    struct xd_run_config c = XD_RUN_CONFIG_DEFAULT;

    c.policy = XD_POLICY_RANDOM;
    c.seed = 4711;
    start(m.v1, guest_that_faults, unused);
    xd_run(m.hv, &c);
}

static void fault_in_an_upcall(void *unused)
{
    xd_guest_on_upcall(m.v0, upcall_that_faults, unused);
    xd_guest_vcpu_info(m.v0)->evtchn_upcall_mask = 0;
    xd_guest_vcpu_info(m.v0)->evtchn_upcall_pending = 1;
    xd_preempt();
}

static volatile bool enough; /* it never is */

static void __attribute__((noinline)) recurse(volatile char *deep)
{
    volatile char here[4096];

    here[0] = deep ? deep[0] : 1;
    if (!enough)
        recurse(here);
    here[1] = here[0];
}

static void overflow(void *unused)
{
    (void)unused;
    recurse(NULL);
}

static void crash(void *unused)
{
    struct sched_shutdown op = {.reason = SHUTDOWN_crash};

    (void)unused;
    HYPERVISOR_sched_op(SCHEDOP_shutdown, &op);
}

static void crash_in_a_run(void *unused)
{
    struct xd_run_config c = XD_RUN_CONFIG_DEFAULT;

    c.policy = XD_POLICY_PCT;
    start(m.v1, crash, unused);
    xd_run(m.hv, &c);
    abort();
}

static const struct {
    void (*fn)(void *arg);
    const char *says;
    bool by_place; /* only with libunwind */
} faults[] = {
    {fault_in_a_run, "in guest code of d1v1", false},
    {fault_in_a_run, "the same again: XENDOUBLE_SCHED=random:4711", false},
    {fault_in_a_run, " guest_that_faults+", true},
    {fault_in_an_upcall, "in the upcall handler of d1v0", false},
    {fault_in_an_upcall, " upcall_that_faults+", true},
    {overflow, "in guest code of d1v0", false},
    {overflow, " recurse", true},
    {crash_in_a_run, "the same again: XENDOUBLE_SCHED=pct:1:3:1000", false},
    {crash_in_a_run, "#0 HYPERVISOR_sched_op+", true},
};

START_TEST(what_faults_is_told_with_its_place_and_setting)
{
    if (faults[_i].by_place && !XD_HAVE_UNWIND)
        return;
    ck_dies_saying(faults[_i].fn, NULL, faults[_i].says);
}
END_TEST

#endif

int main(void)
{
    Suite *suite = suite_create("misuse");
    TCase *tc = tcase_create("misuse");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, misuse_is_told, 0, (int)(sizeof(ending) / sizeof(ending[0])));
    tcase_add_test(tc, a_domain_that_is_destroyed_takes_its_contexts_along);
    tcase_add_test(tc, nobody_was_refused_nothing);
    tcase_add_test(tc, who_blocks_faults_is_refused);
    if (!RUNNING_ON_VALGRIND)
        tcase_add_test(tc, a_handler_that_was_installed_later_does_not_get_our_faults);
#ifndef XD_CRASH_CODE
    if (!RUNNING_ON_VALGRIND)
        tcase_add_loop_test(tc, what_faults_is_told_with_its_place_and_setting, 0,
                            (int)(sizeof(faults) / sizeof(faults[0])));
#endif
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
