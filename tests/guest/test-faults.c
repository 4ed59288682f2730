/* SPDX-License-Identifier: MIT */
/*
 * test-faults.c: guests that do what they must not: pointers that lead nowhere in every call, handlers
 * that fault, calls at impossible moments. Each is answered or reported, and nothing hangs.
 */
#define _GNU_SOURCE
#include "dies.h"
#include "nowhere.h"

#include "abi/table.h"
#include "guest/guest.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>

static struct machine m;

static void setup(void)
{
    machine_enter(&m);
}

static void teardown(void)
{
    machine_leave(&m);
}

/* ---- Every call, every pointer ---- */

static bool is_pointer(const struct xd_field *arg)
{
    return arg->kind == XD_K_PTR || arg->kind == XD_K_ENTRIES;
}

/* It would put the vCPU to sleep, or has no pointer to be wrong. */
static bool sleeps(uint64_t nr, uint64_t first)
{
    return (nr == __HYPERVISOR_sched_op_new && first == SCHEDOP_block) ||
           (nr == __HYPERVISOR_sched_op_compat && first != 0);
}

static void call_with_bad_pointer(struct xd_vcpu *v, const struct xd_call *row, unsigned int at,
                                  uint64_t first, uint64_t other, uint64_t bad)
{
    uint64_t arg[XD_CALL_ARGS] = {first, other, other, other, other, other};
    int64_t rc;

    if (sleeps(row->nr, first))
        return;
    arg[at] = bad;
    rc = xd_guest_call(row->nr, arg);
    ck_assert_msg(rc >= 0 || xd_why(v) != XD_WHY_NONE,
                  "%s (first argument %#lx, others %#lx) at %#lx: %ld without a reason", row->name,
                  (unsigned long)first, (unsigned long)other, (unsigned long)bad, (long)rc);
    ck_assert_msg(xd_vcpu_state(v) == XD_STATE_RUNNING,
                  "%s (first argument %#lx, others %#lx) at %#lx stopped the vCPU", row->name,
                  (unsigned long)first, (unsigned long)other, (unsigned long)bad);
}

/* (_i): 0 an unprivileged domain, 1 the control domain */
START_TEST(no_pointer_of_any_call_crashes)
{
    static const uint64_t others[] = {1, DOMID_SELF};
    struct xd_domain_config c = XD_DOMAIN_CONFIG_DEFAULT;
    struct xd_domain *d = m.d1;
    unsigned int pointers = 0;

    c.vcpus = 2;
    c.privileged = true;
    c.order = XD_ORDER_DOM0;
    if (_i)
        ck_assert_int_eq(xd_domain_create(m.hv, &c, &d), 0);
    ck_assert_int_eq(xd_enter(xd_vcpu_at(d, 0)), 0);
    for (uint64_t nr = 0; nr < XD_CALLS; nr++) {
        const struct xd_call *row = xd_call_at(nr);

        if (nr == __HYPERVISOR_iret) /* without a frame it ends the domain */
            continue;
        for (unsigned int at = 0; row && at < XD_CALL_ARGS && row->arg[at].name; at++) {
            if (!is_pointer(&row->arg[at]))
                continue;
            pointers++;
            for (uint64_t first = 0; first < (at ? 64 : 1); first++)
                for (size_t o = 0; o < XD_ARRAY_SIZE(others); o++)
                    for (size_t b = 0; b < NOWHERE_NR; b++)
                        call_with_bad_pointer(xd_vcpu_at(d, 0), row, at, first, others[o],
                                              nowhere(b));
        }
    }
    ck_assert_uint_ge(pointers, 32);
}
END_TEST

/* Where the operand is all that an operation has, it must be read before anything else is said. */
START_TEST(operands_that_lead_nowhere_are_efault)
{
    static const struct {
        uint64_t nr;
        const struct xd_group *group;
    } table[] = {{__HYPERVISOR_event_channel_op, &xd_group_evtchn},
                 {__HYPERVISOR_callback_op, &xd_group_callback},
                 {__HYPERVISOR_sched_op_new, &xd_group_sched}};
    unsigned int nr = 0;

    for (size_t i = 0; i < XD_ARRAY_SIZE(table); i++)
        for (const struct xd_op *op = table[i].group->ops; op->name; op++)
            for (size_t b = 0; op->size && b < NOWHERE_NR; b++) {
                const uint64_t arg[XD_CALL_ARGS] = {op->nr, nowhere(b)};

                if (!strcmp(op->name, "pin_override")) /* the hardware domain's */
                    continue;
                ck_refused(m.v0, xd_guest_call(table[i].nr, arg), EFAULT, COPY_IN);
                nr++;
            }
    ck_assert_uint_gt(nr, 100);
}
END_TEST

/* ---- Faults of guest code ---- */

static void hear_and_fault(void *unused)
{
    (void)unused;
    fault();
}

static void raise_upcall(void)
{
    xd_guest_vcpu_info(m.v0)->evtchn_upcall_mask = 0;
    xd_guest_vcpu_info(m.v0)->evtchn_upcall_pending = 1;
    xd_preempt();
}

static void fault_in_a_handler(void *unused)
{
    (void)unused;
    xd_guest_on_upcall(m.v0, hear_and_fault, NULL);
    raise_upcall();
}

static void fault_in_code(void *unused)
{
    (void)unused;
    fault();
}

static void run_code(void (*fn)(void *), bool threads)
{
    struct xd_run_config c = XD_RUN_CONFIG_DEFAULT;

    xd_leave();
    c.threads = threads;
    if (xd_vcpu_start(m.v1, fn, NULL) == 0)
        xd_run(m.hv, &c);
}

static void fault_in_a_run(void *threads)
{
    run_code(fault_in_code, threads != NULL);
}

#if !defined(XD_CRASH_CODE) /* a sanitizer's handler comes first, and has a report of its own */

START_TEST(a_handler_that_faults_is_told)
{
    ck_dies_saying(fault_in_a_handler, NULL, "in the upcall handler of d1v0");
}
END_TEST

START_TEST(code_that_faults_is_told)
{
    ck_dies_saying(fault_in_a_run, _i ? &m : NULL, "in guest code of d1v1");
}
END_TEST

#else

START_TEST(a_handler_that_faults_is_told)
{
    ck_dies_saying(fault_in_a_handler, NULL, "hear_and_fault");
}
END_TEST

START_TEST(code_that_faults_is_told)
{
    ck_dies_saying(fault_in_a_run, _i ? &m : NULL, "fault_in_code");
}
END_TEST

#endif

static unsigned char overflow(unsigned int n)
{
    volatile unsigned char some[2048];

    memset((void *)(uintptr_t)some, (int)n, sizeof(some));
    return (unsigned char)(n ? overflow(n - 1) + some[n % sizeof(some)] : some[0]);
}

static void overflow_it(void *unused)
{
    (void)unused;
    exit(overflow(10000));
}

static void overflow_in_a_run(void *threads)
{
    run_code(overflow_it, threads != NULL);
}

START_TEST(an_overflow_is_told)
{
    ck_dies_saying(overflow_in_a_run, _i ? &m : NULL, "the stack of d1v1 overflows");
}
END_TEST

static void call_without_a_vcpu(void *unused)
{
    (void)unused;
    xd_leave();
    HYPERVISOR_xen_version(XENVER_version, NULL);
}

START_TEST(a_call_before_xd_enter_is_told)
{
    ck_dies_saying(call_without_a_vcpu, NULL,
                   "xen_version: this thread is no vCPU; xd_enter() makes it one");
}
END_TEST

/* ---- Signals of the test's own ---- */

static volatile sig_atomic_t ticks;
static long from_handler;

static void call_from_a_handler(int sig)
{
    (void)sig;
    from_handler = HYPERVISOR_xen_version(XENVER_version, NULL);
}

static bool interrupted_read(void *ctx, struct xd_vcpu *v, uint64_t va, void *buf, size_t n)
{
    (void)ctx;
    (void)v;
    (void)va;
    (void)buf;
    (void)n;
    raise(SIGUSR1);
    return false;
}

START_TEST(a_signals_handler_can_make_a_call)
{
    signal(SIGUSR1, call_from_a_handler);
    raise(SIGUSR1);
    ck_assert_int_eq(from_handler, 0x40011);
}
END_TEST

static void call_in_the_middle_of_one(void *unused)
{
    const struct xd_hooks hooks = {.read = interrupted_read};
    struct evtchn_send send = {.port = 1};

    (void)unused;
    signal(SIGUSR1, call_from_a_handler);
    xd_hooks_set(m.hv, &hooks);
    HYPERVISOR_event_channel_op(EVTCHNOP_send, &send);
}

static void send_in_a_run(void *unused)
{
    call_in_the_middle_of_one(unused);
}

static void call_in_the_middle_in_a_thread(void *unused)
{
    (void)unused;
    run_code(send_in_a_run, true);
}

START_TEST(but_not_in_the_middle_of_one)
{
    ck_dies_saying(_i ? call_in_the_middle_in_a_thread : call_in_the_middle_of_one, NULL,
                   "can't make a hypercall in the middle of one (event_channel_op)");
}
END_TEST

static void tick(int sig)
{
    (void)sig;
    ticks++;
}

static void call_until_ticked(void *unused)
{
    struct evtchn_alloc_unbound un = {.dom = DOMID_SELF, .remote_dom = DOMID_SELF};
    struct evtchn_close close;

    (void)unused;
    while (ticks < 20) {
        if (HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, &un))
            abort();
        close.port = un.port;
        if (HYPERVISOR_event_channel_op(EVTCHNOP_close, &close) ||
            HYPERVISOR_event_channel_op(EVTCHNOP_send, NULL) != -(int)XD_EFAULT)
            abort();
    }
}

/* (_i): 0 entered, 1 as a context, 2 as a thread */
START_TEST(signals_do_calls_no_harm)
{
    struct itimerval every = {{0, 500}, {0, 500}}, never = {{0, 0}, {0, 0}};

    signal(SIGALRM, tick);
    ticks = 0;
    setitimer(ITIMER_REAL, &every, NULL);
    if (_i)
        run_code(call_until_ticked, _i == 2);
    else
        call_until_ticked(NULL);
    setitimer(ITIMER_REAL, &never, NULL);
    ck_assert_int_ge(ticks, 20);
}
END_TEST

/* ---- fork(): the fixture runs once, in the process that all these tests are forked from ---- */

static unsigned int done;

static void wait_for_ever(void *unused)
{
    (void)unused;
    if (HYPERVISOR_sched_op(SCHEDOP_block, NULL) == 0)
        done++;
}

static void hear(void *unused)
{
    (void)unused;
    xd_guest_vcpu_info(m.v1)->evtchn_upcall_pending = 0;
    xd_guest_vcpu_info(m.v1)->evtchn_pending_sel = 0;
}

static void setup_before_the_fork(void)
{
    struct xd_run_config c = XD_RUN_CONFIG_DEFAULT;

    setup();
    xd_leave();
    c.quiet = true;
    xd_guest_on_upcall(m.v1, hear, NULL);
    ck_assert_int_eq(xd_vcpu_start(m.v1, wait_for_ever, NULL), 0);
    ck_assert_int_eq(xd_run(m.hv, &c), XD_RUN_DEADLOCK);
    ck_assert_int_eq(xd_enter(m.v0), 0);
}

/* Twice, each in a child of its own: neither sees what the other did. */
START_TEST(a_forked_test_goes_on_where_the_fixture_was)
{
    struct evtchn_bind_ipi ipi = {.vcpu = 1};
    struct evtchn_send send;

    ck_assert_ptr_eq(xd_self(), m.v0);
    ck_refused(m.v0, HYPERVISOR_event_channel_op(EVTCHNOP_send, NULL), EFAULT, COPY_IN);
    ck_assert_int_eq(HYPERVISOR_event_channel_op(EVTCHNOP_bind_ipi, &ipi), 0);
    ck_assert_uint_eq(ipi.port, 3);
    send.port = ipi.port;
    ck_assert_int_eq(HYPERVISOR_event_channel_op(EVTCHNOP_send, &send), 0);
    ck_assert_int_eq(xd_run(m.hv, NULL), XD_RUN_FINISHED);
    ck_assert_uint_eq(done, 1);
    machine_teardown(&m);
}
END_TEST

/* ---- Two machines ---- */

static pthread_barrier_t both;

/* (_i): which of them; both end a process that does nothing about them. */
static const int sent[] = {SIGSEGV, SIGBUS};

static void send_to_myself(int sig)
{
    struct rlimit none = {0};

    setrlimit(RLIMIT_CORE, &none);
    raise(sig);
    _exit(77); /* it was swallowed */
}

START_TEST(a_signal_that_was_sent_is_no_fault)
{
    int status;
    pid_t child = fork();

    if (child == 0)
        send_to_myself(sent[_i]);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(!WIFEXITED(status) || WEXITSTATUS(status) != 77, "status %#x", status);
}
END_TEST

/* Who ignores them goes on, and bad pointers are guarded as before. */
START_TEST(an_ignored_signal_leaves_the_guard_in_place)
{
    static struct machine other;

    xd_leave();
    signal(sent[_i], SIG_IGN);
    machine_setup(&other);
    ck_assert_int_eq(xd_enter(other.v0), 0);
    raise(sent[_i]);
    ck_assert_int_eq(HYPERVISOR_xen_version(XENVER_extraversion, (void *)nowhere(1)), -XD_EFAULT);
    machine_leave(&other);
}
END_TEST

static void meet(void *unused)
{
    (void)unused;
    pthread_barrier_wait(&both);
    for (unsigned int i = 0; i < 200; i++)
        if (HYPERVISOR_xen_version(XENVER_version, NULL) != 0x40011)
            abort();
}

static void *run_other(void *other)
{
    struct machine *o = other;
    struct xd_run_config c = XD_RUN_CONFIG_DEFAULT;

    c.threads = true;
    return xd_run(o->hv, &c) == XD_RUN_FINISHED ? o : NULL;
}

START_TEST(two_machines_run_at_once)
{
    struct machine other;
    pthread_t thread;
    void *finished;

    machine_setup(&other);
    xd_leave();
    pthread_barrier_init(&both, NULL, 2);
    ck_assert_int_eq(xd_vcpu_start(m.v1, meet, NULL), 0);
    ck_assert_int_eq(xd_vcpu_start(other.v1, meet, NULL), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, run_other, &other), 0);
    ck_assert_ptr_nonnull(run_other(&m));
    ck_assert_int_eq(pthread_join(thread, &finished), 0);
    ck_assert_ptr_eq(finished, &other);
    machine_teardown(&other);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("faults");
    TCase *tc = tcase_create("faults"), *forked = tcase_create("forked");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, no_pointer_of_any_call_crashes, 0, 2);
    tcase_add_test(tc, operands_that_lead_nowhere_are_efault);
    tcase_add_test(tc, a_handler_that_faults_is_told);
    tcase_add_loop_test(tc, code_that_faults_is_told, 0, 2);
    tcase_add_loop_test(tc, an_overflow_is_told, 0, 2);
    tcase_add_test(tc, a_call_before_xd_enter_is_told);
    tcase_add_test(tc, a_signals_handler_can_make_a_call);
    tcase_add_loop_test(tc, but_not_in_the_middle_of_one, 0, 2);
    tcase_add_loop_test(tc, signals_do_calls_no_harm, 0, 3);
    tcase_add_loop_test(tc, a_signal_that_was_sent_is_no_fault, 0, 2);
    tcase_add_loop_test(tc, an_ignored_signal_leaves_the_guard_in_place, 0, 2);
    tcase_add_test(tc, two_machines_run_at_once);
    suite_add_tcase(suite, tc);
    tcase_add_unchecked_fixture(forked, setup_before_the_fork, teardown);
    tcase_add_loop_test(forked, a_forked_test_goes_on_where_the_fixture_was, 0, 2);
    suite_add_tcase(suite, forked);
    return run_suite(suite);
}
