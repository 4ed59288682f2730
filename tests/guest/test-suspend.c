/* SPDX-License-Identifier: MIT */
/*
 * test-suspend.c: linked code that suspends its domain comes back from that call, with 1 or 0, in a later run or in the
 * same one, as a context or as a thread. must() stands in for ck_assert, which is no good in threads.
 */
#include "guest.h"

#include "dies.h"
#include "xendouble/levers.h"

#include <stdio.h>
#include <xen/interface/vcpu.h>

#define must(cond) ((cond) ? (void)0 : broken(#cond, __LINE__))

static struct machine m;
static int returned; /* by HYPERVISOR_suspend */
static unsigned int others, upcalls;
static struct start_info before;

static void broken(const char *what, int line)
{
    fprintf(stderr, "test-suspend.c:%d: %s does not hold\n", line, what);
    abort();
}

static void setup(void)
{
    machine_setup(&m);
    returned = -1;
    others = upcalls = 0;
    before = *xd_guest_start_info(m.d1);
}

static void teardown(void)
{
    machine_teardown(&m);
}

static enum xd_run_end run(bool threads)
{
    struct xd_run_config c = XD_RUN_CONFIG_DEFAULT;

    c.threads = threads;
    c.quiet = true;
    return xd_run(m.hv, &c);
}

static xen_pfn_t pfn_of(uint64_t va)
{
    const struct xd_start *s = xd_domain_start(m.d1);

    return (va - s->virt_base) / 4096;
}

/* As a kernel does that can be cancelled. */
static void suspends(void *unused)
{
    const struct xd_start *s = xd_domain_start(m.d1);
    struct start_info *si = xd_guest_start_info(m.d1);

    (void)unused;
    si->store_mfn = pfn_of(s->store_va);
    si->console.domU.mfn = (uint32_t)pfn_of(s->console_va);
    returned = HYPERVISOR_suspend(xd_domain_mfn(m.d1, pfn_of(s->start_info_va)));
    must(HYPERVISOR_xen_version(XENVER_version, NULL) == 0x40011);
    if (returned == 1) {
        si->store_mfn = before.store_mfn;
        si->console.domU.mfn = before.console.domU.mfn;
    }
    must(si->store_mfn == before.store_mfn);
    must(si->console.domU.mfn == before.console.domU.mfn);
}

static void counts(void *unused)
{
    (void)unused;
    for (int i = 0; i < 8; i++) {
        must(HYPERVISOR_xen_version(XENVER_version, NULL) == 0x40011);
        others++;
    }
}

START_TEST(it_returns_in_a_later_run)
{
    const bool threads = _i & 1;
    const enum xd_resume how = (enum xd_resume)(_i / 2);

    start(m.v0, suspends, NULL);
    ck_assert_int_eq(run(threads), XD_RUN_FINISHED);
    ck_assert_int_eq(xd_domain_shutdown_code(m.d1), SHUTDOWN_suspend);
    ck_assert_int_eq(returned, -1);
    ck_assert_int_eq(run(threads), XD_RUN_FINISHED); /* nobody came */
    ck_assert_int_eq(returned, -1);
    ck_assert_int_eq(xd_domain_resume(m.d1, how), 0);
    ck_assert_int_eq(run(threads), XD_RUN_FINISHED);
    ck_assert_int_eq(returned, how == XD_RESUME_CANCELLED);
    ck_assert_int_eq(xd_domain_shutdown_code(m.d1), -1);
}
END_TEST

/* Another vCPU stood in a call of its own, which returns what it would have. */
START_TEST(other_vcpus_go_on_if_it_is_cancelled)
{
    start(m.v1, counts, NULL);
    start(m.v0, suspends, NULL);
    ck_assert_int_eq(run(_i), XD_RUN_FINISHED);
    if (!_i)
        ck_assert_uint_lt(others, 8);
    ck_assert_int_eq(xd_domain_resume(m.d1, XD_RESUME_CANCELLED), 0);
    ck_assert_int_eq(run(_i), XD_RUN_FINISHED);
    ck_assert_int_eq(returned, 1);
    ck_assert_uint_eq(others, 8);
}
END_TEST

static void comes_up(void *unused)
{
    (void)unused;
    others += 100;
}

/* Else they were reset where they stood, and the code that they are given next is another. */
START_TEST(other_vcpus_do_not_if_it_is_not)
{
    unsigned int so_far;

    start(m.v1, counts, NULL);
    start(m.v0, suspends, NULL);
    ck_assert_int_eq(run(_i), XD_RUN_FINISHED);
    so_far = others;
    ck_assert_int_eq(xd_domain_resume(m.d1, XD_RESUME_ANEW), 0);
    ck_assert_int_eq(xd_vcpu_state(m.v1), XD_STATE_DOWN);
    if (so_far && so_far < 8) /* it had begun, and was not done */
        start(m.v1, comes_up, NULL);
    ck_assert_int_eq(run(_i), XD_RUN_FINISHED);
    ck_assert_int_eq(returned, 0);
    ck_assert_uint_eq(others, so_far);
}
END_TEST

/* ---- What is left of a vCPU that was reset ---- */

/* As a kernel does whose other vCPUs are gone when it comes back. */
static void suspends_and_brings_up(void *unused)
{
    static struct vcpu_guest_context c;

    suspends(unused);
    memset(&c, 0, sizeof(c));
    c.flags = VGCF_in_kernel;
    c.ctrlreg[3] = xd_domain_start(m.d1)->cr3_mfn << 12;
    must(HYPERVISOR_vcpu_op(VCPUOP_initialise, 1, &c) == 0);
    must(HYPERVISOR_vcpu_op(VCPUOP_up, 1, NULL) == 0);
}

/* The others shall have begun. */
static void suspends_later(void *unused)
{
    for (bool on = false; !on; HYPERVISOR_sched_op(SCHEDOP_yield, NULL)) {
        xd_guest_lock(m.hv);
        on = others + upcalls > 0;
        xd_guest_unlock(m.hv);
    }
    suspends_and_brings_up(unused);
}

static void never_returns(void)
{
    upcalls++;
    while (HYPERVISOR_sched_op(SCHEDOP_yield, NULL) == 0)
        ;
    must(!"it is over");
}

static void in_a_failsafe_handler(void *unused, const struct xd_selectors *sel)
{
    (void)unused;
    (void)sel;
    never_returns();
}

#if !defined(XD_CRASH_CODE) /* a sanitizer's handler comes first, and has a report of its own */

static void in_an_upcall(void *unused)
{
    (void)unused;
    never_returns();
}

static void is_interrupted(void *unused)
{
    (void)unused;
    xd_guest_vcpu_info(m.v1)->evtchn_upcall_mask = 0;
    HYPERVISOR_xen_version(XENVER_version, NULL);
    must(!"its handler never returns");
}

static volatile int *volatile nowhere = (volatile int *)8;

static void faults(void *unused)
{
    (void)unused;
    HYPERVISOR_xen_version(XENVER_version, NULL);
    *nowhere = 1;
}

/* Its handler is no longer under way. */
static void faults_after_a_reset(void *failsafe)
{
    if (failsafe) {
        xd_guest_on_failsafe(m.v1, in_a_failsafe_handler, NULL);
        xd_failsafe_raise(m.v1, NULL);
    } else {
        xd_guest_on_upcall(m.v1, in_an_upcall, NULL);
        xd_upcall_spurious(m.v1);
    }
    must(xd_vcpu_start(m.v1, is_interrupted, NULL) == 0);
    must(xd_vcpu_start(m.v0, suspends_later, NULL) == 0);
    must(run(false) == XD_RUN_FINISHED);
    must(upcalls == 1);
    must(xd_domain_resume(m.d1, XD_RESUME_ANEW) == 0);
    must(xd_vcpu_start(m.v1, faults, NULL) == 0);
    (void)run(false);
}

START_TEST(its_handlers_are_over)
{
    ck_dies_saying(faults_after_a_reset, _i ? &m : NULL, "in guest code of d1v1");
}
END_TEST

#endif

/* Selectors that could not be loaded were the old code's. */
START_TEST(its_failsafe_callback_is_not_due)
{
    xd_guest_on_failsafe(m.v1, in_a_failsafe_handler, NULL);
    start(m.v1, counts, NULL);
    start(m.v0, suspends_later, NULL);
    ck_assert_int_eq(run(false), XD_RUN_FINISHED);
    ck_assert(others > 0 && others < 8);
    xd_failsafe_raise(m.v1, NULL);
    ck_assert_int_eq(xd_domain_resume(m.d1, XD_RESUME_ANEW), 0);
    others = 0;
    start(m.v1, counts, NULL);
    ck_assert_int_eq(run(false), XD_RUN_FINISHED);
    ck_assert_uint_eq(others, 8);
    ck_assert_uint_eq(upcalls, 0);
}
END_TEST

static void tells_that_it_runs(void)
{
    xd_guest_lock(m.hv);
    others++;
    xd_guest_unlock(m.hv);
}

static void spins(void *unused)
{
    (void)unused;
    tells_that_it_runs();
    for (volatile bool on = true; on;)
        ;
}

static void destroys(void *unused)
{
    (void)unused;
    for (bool over = false; !over; HYPERVISOR_sched_op(SCHEDOP_yield, NULL)) {
        xd_guest_lock(m.hv);
        over = xd_domain_shutdown_code(m.d1) == SHUTDOWN_suspend;
        if (over) {
            must(xd_domain_resume(m.d1, XD_RESUME_ANEW) == 0);
            xd_domain_destroy(m.d1);
        }
        xd_guest_unlock(m.hv);
    }
}

/* Nobody stops a thread that makes no hypercall, so nobody may wait for its end. */
static void destroyed_while_it_runs(void *unused)
{
    (void)unused;
    alarm(20);
    must(xd_vcpu_start(m.v1, spins, NULL) == 0);
    must(xd_vcpu_start(m.v0, suspends_later, NULL) == 0);
    must(xd_vcpu_start(m.peer, destroys, NULL) == 0);
    (void)run(true);
}

START_TEST(its_thread_is_known_to_run)
{
    ck_dies_saying(destroyed_while_it_runs, NULL, "xd_domain_destroy: d1v1 runs on its thread");
}
END_TEST

/* It stands at a point of its code, and is let go of when the run is over. */
static void leaves_it_behind(void *unused)
{
    (void)unused;
    while (HYPERVISOR_sched_op(SCHEDOP_yield, NULL) == 0)
        tells_that_it_runs();
}

static void resumes_anew(void *unused)
{
    (void)unused;
    for (bool back = false; !back; HYPERVISOR_sched_op(SCHEDOP_yield, NULL)) {
        xd_guest_lock(m.hv);
        back = xd_domain_shutdown_code(m.d1) == SHUTDOWN_suspend;
        if (back) {
            must(xd_domain_resume(m.d1, XD_RESUME_ANEW) == 0);
            must(xd_vcpu_start(m.v1, comes_up, NULL) == 0);
        }
        xd_guest_unlock(m.hv);
    }
}

/* In the same run, in which the old code's stack, and its thread, are there still. */
START_TEST(its_new_code_runs_beside_what_is_left_of_the_old)
{
    start(m.v1, leaves_it_behind, NULL);
    start(m.peer, resumes_anew, NULL);
    start(m.v0, suspends_later, NULL);
    ck_assert_int_eq(run(_i), XD_RUN_FINISHED);
    ck_assert_int_eq(returned, 0);
    ck_assert_uint_ge(others, 100);
    ck_assert_int_eq(xd_vcpu_state(m.v1), XD_STATE_RUNNING);
    ck_assert_int_eq(xd_vcpu_start(m.v1, counts, NULL), 0);
    ck_assert_int_eq(run(_i), XD_RUN_FINISHED);
}
END_TEST

/* dN's code is the toolstack, and the run goes on. */
static void resumes(void *unused)
{
    (void)unused;
    for (bool back = false; !back; HYPERVISOR_sched_op(SCHEDOP_yield, NULL)) {
        xd_guest_lock(m.hv);
        back = xd_domain_shutdown_code(m.d1) == SHUTDOWN_suspend;
        if (back)
            must(xd_domain_resume(m.d1, XD_RESUME_CANCELLED) == 0);
        xd_guest_unlock(m.hv);
    }
}

START_TEST(it_returns_in_the_same_run)
{
    start(m.peer, resumes, NULL);
    start(m.v0, suspends, NULL);
    ck_assert_int_eq(run(_i), XD_RUN_FINISHED);
    ck_assert_int_eq(returned, 1);
}
END_TEST

/* An event that came meanwhile is delivered before the call returns, and its handler's calls have their own answers. */
static void on_upcall(void *unused)
{
    (void)unused;
    upcalls++;
    must(HYPERVISOR_xen_version(XENVER_version, NULL) == 0x40011);
    xd_guest_vcpu_info(m.v0)->evtchn_upcall_pending = 0;
}

static void lets_events_in(void *unused)
{
    xd_guest_vcpu_info(m.v0)->evtchn_upcall_mask = 0;
    suspends(unused);
}

START_TEST(events_come_first)
{
    xd_guest_on_upcall(m.v0, on_upcall, NULL);
    start(m.v0, lets_events_in, NULL);
    ck_assert_int_eq(run(false), XD_RUN_FINISHED);
    xd_upcall_spurious(m.v0);
    ck_assert_int_eq(xd_domain_resume(m.d1, XD_RESUME_CANCELLED), 0);
    ck_assert_int_eq(run(false), XD_RUN_FINISHED);
    ck_assert_uint_eq(upcalls, 1);
    ck_assert_int_eq(returned, 1);
}
END_TEST

/* Who crashed stays where it is. */
static void crashes(void *unused)
{
    struct sched_shutdown op = {.reason = SHUTDOWN_poweroff};

    (void)unused;
    HYPERVISOR_sched_op(SCHEDOP_shutdown, &op);
    must(!"it is over");
}

START_TEST(other_ends_are_final)
{
    start(m.v0, crashes, NULL);
    ck_assert_int_eq(run(_i), XD_RUN_FINISHED);
    ck_assert_int_eq(xd_domain_resume(m.d1, XD_RESUME_CANCELLED), -22);
    ck_assert_int_eq(run(_i), XD_RUN_FINISHED);
}
END_TEST

static void brings_up_nobodys(void *unused)
{
    (void)unused;
    must(HYPERVISOR_vcpu_op(VCPUOP_down, 1, NULL) == 0);
    must(HYPERVISOR_vcpu_op(VCPUOP_up, 1, NULL) == 0);
}

static void answers(void *unused)
{
    (void)unused;
    others++;
}

/* It would wait for ever, and the run look as if all were well. */
START_TEST(who_is_up_without_code_is_named)
{
    start(m.v0, brings_up_nobodys, NULL);
    ck_assert_int_eq(run(_i), XD_RUN_NO_CODE);
    ck_assert_ptr_nonnull(
        strstr(xd_run_report(m.hv), "d1v1 was brought up by VCPUOP_up and has no code"));
    start(m.v1, answers, NULL);
    ck_assert_int_eq(run(_i), XD_RUN_FINISHED);
    ck_assert_uint_eq(others, 1);
    ck_assert_str_eq(xd_run_report(m.hv), "");
    start(m.v0, brings_up_nobodys, NULL);
    ck_assert_int_eq(run(_i), XD_RUN_NO_CODE);
    ck_assert_int_eq(xd_enter(m.v1), 0);
    xd_leave();
    ck_assert_int_eq(run(_i), XD_RUN_FINISHED);
}
END_TEST

/* A host that brings vCPUs up makes their calls itself, or none. */
START_TEST(who_the_host_brought_up_needs_no_code)
{
    uint64_t down[6] = {VCPUOP_down, 1}, up[6] = {VCPUOP_up, 1};
    uint64_t version[6] = {XENVER_version};

    ck_assert_int_eq((int)xd_hypercall(m.v0, __HYPERVISOR_vcpu_op, down), 0);
    ck_assert_int_eq((int)xd_hypercall(m.v0, __HYPERVISOR_vcpu_op, up), 0);
    ck_assert_int_eq((int)xd_hypercall(m.v1, __HYPERVISOR_xen_version, version), 0x40011);
    start(m.v0, answers, NULL);
    ck_assert_int_eq(run(_i), XD_RUN_FINISHED);
    ck_assert_str_eq(xd_run_report(m.hv), "");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("suspend");
    TCase *tc = tcase_create("suspend");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, it_returns_in_a_later_run, 0, 6);
    tcase_add_loop_test(tc, other_vcpus_go_on_if_it_is_cancelled, 0, 2);
    tcase_add_loop_test(tc, other_vcpus_do_not_if_it_is_not, 0, 2);
#if !defined(XD_CRASH_CODE)
    tcase_add_loop_test(tc, its_handlers_are_over, 0, 2);
#endif
    tcase_add_test(tc, its_failsafe_callback_is_not_due);
    tcase_add_test(tc, its_thread_is_known_to_run);
    tcase_add_loop_test(tc, its_new_code_runs_beside_what_is_left_of_the_old, 0, 2);
    tcase_add_loop_test(tc, it_returns_in_the_same_run, 0, 2);
    tcase_add_test(tc, events_come_first);
    tcase_add_loop_test(tc, other_ends_are_final, 0, 2);
    tcase_add_loop_test(tc, who_is_up_without_code_is_named, 0, 2);
    tcase_add_loop_test(tc, who_the_host_brought_up_needs_no_code, 0, 2);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
