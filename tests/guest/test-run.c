/* SPDX-License-Identifier: MIT */
/* test-run.c: vCPUs as contexts: turns, waiting, time, the ends of a run. */
#define _POSIX_C_SOURCE 200809L
#include "dies.h"
#include "guest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct machine m;
static char name_a[] = "a", name_b[] = "b", name_c[] = "c", name_o[] = "o", name_x[] = "x";
static char order[512];
static size_t order_nr;

static void setup(void)
{
    machine_setup(&m);
    order_nr = 0;
}

static void teardown(void)
{
    machine_teardown(&m);
}

static void note(char c)
{
    ck_assert_uint_lt(order_nr, sizeof(order) - 1);
    order[order_nr++] = c;
    order[order_nr] = '\0';
}

static enum xd_run_end run_quietly(enum xd_policy policy, uint64_t seed)
{
    struct xd_run_config c = XD_RUN_CONFIG_DEFAULT;

    c.policy = policy;
    c.seed = seed;
    c.points = 16;
    c.quiet = true;
    return xd_run(m.hv, &c);
}

static void yield(void)
{
    ck_assert_int_eq(HYPERVISOR_sched_op(SCHEDOP_yield, NULL), 0);
}

/* ---- Turns ---- */

static void three_steps(void *name)
{
    for (int i = 0; i < 3; i++) {
        note(*(const char *)name);
        HYPERVISOR_xen_version(XENVER_version, NULL);
    }
}

START_TEST(they_take_turns)
{
    start(m.v0, three_steps, name_a);
    start(m.v1, three_steps, name_b);
    start(m.peer, three_steps, name_c);
    ck_assert_int_eq(xd_run(m.hv, NULL), XD_RUN_FINISHED);
    ck_assert_str_eq(order, "abcabcabc");
    ck_assert_str_eq(xd_run_report(m.hv), "");
    ck_assert_ptr_null(xd_self());
}
END_TEST

START_TEST(turns_can_be_longer)
{
    struct xd_run_config c = XD_RUN_CONFIG_DEFAULT;

    c.slice = 2;
    start(m.v0, three_steps, name_a);
    start(m.v1, three_steps, name_b);
    ck_assert_int_eq(xd_run(m.hv, &c), XD_RUN_FINISHED);
    ck_assert_str_eq(order, "aabbab");
}
END_TEST

START_TEST(same_seed_same_order)
{
    char first[sizeof(order)];
    unsigned int differ = 0;
    enum xd_policy policy = _i ? XD_POLICY_PCT : XD_POLICY_RANDOM;

    for (uint64_t seed = 0; seed < 20; seed++) {
        for (int again = 0; again < 2; again++) {
            order_nr = 0;
            start(m.v0, three_steps, name_a);
            start(m.v1, three_steps, name_b);
            start(m.peer, three_steps, name_c);
            ck_assert_int_eq(run_quietly(policy, seed), XD_RUN_FINISHED);
            ck_assert_uint_eq(order_nr, 9);
            if (again)
                ck_assert_str_eq(order, first);
            differ += !again && seed && strcmp(order, first) != 0;
            strcpy(first, order);
        }
    }
    ck_assert_uint_gt(differ, 10);
}
END_TEST

static void start_two(void *unused)
{
    (void)unused;
    start(m.v1, three_steps, name_b);
    start(m.peer, three_steps, name_c);
    three_steps(name_a);
}

/* Each of the six orders is as likely as another, whenever the code was given. */
START_TEST(code_that_is_given_in_a_run_gets_its_priority_from_the_seed)
{
    struct xd_run_config c = XD_RUN_CONFIG_DEFAULT;
    unsigned int early[3] = {0}, before = 0;

    c.policy = XD_POLICY_PCT;
    c.depth = 1;
    for (c.seed = 0; c.seed < 120; c.seed++) {
        order_nr = 0;
        start(m.v0, start_two, NULL);
        ck_assert_int_eq(xd_run(m.hv, &c), XD_RUN_FINISHED);
        ck_assert_uint_eq(order_nr, 9);
        early[order[1] - 'a']++;
        before += strchr(order, 'b') < strchr(order, 'c');
    }
    ck_assert_msg(early[0] > 20 && early[1] > 20 && early[2] > 20, "%u %u %u", early[0], early[1],
                  early[2]);
    ck_assert_msg(before > 30 && before < 90, "%u", before);
}
END_TEST

static int shared;

static void lose_an_update(void *unused)
{
    int mine = shared;

    (void)unused;
    xd_preempt();
    shared = mine + 1;
}

/* The race shows under some seeds, and under each of them again. */
START_TEST(a_race_is_found_and_found_again)
{
    unsigned int lost = 0, seeds = 50;

    for (uint64_t seed = 0; seed < seeds; seed++) {
        int first;

        for (int again = 0; again < 2; again++) {
            shared = 0;
            start(m.v0, lose_an_update, NULL);
            start(m.v1, lose_an_update, NULL);
            ck_assert_int_eq(run_quietly(_i ? XD_POLICY_PCT : XD_POLICY_RANDOM, seed),
                             XD_RUN_FINISHED);
            if (again)
                ck_assert_int_eq(shared, first);
            first = shared;
        }
        lost += shared == 1;
    }
    ck_assert_uint_gt(lost, 0);
    ck_assert_uint_lt(lost, seeds);
}
END_TEST

/* Strict priorities must not starve whom a spinning vCPU waits for. */
static void set_it(void *unused)
{
    (void)unused;
    xd_preempt();
    shared = 1;
}

/* By the new call and by the old one. */
static void spin_for_it(void *old)
{
    while (!*(volatile int *)&shared) {
        if (old)
            ck_assert_int_eq(HYPERVISOR_sched_op_compat(SCHEDOP_yield, 0), 0);
        else
            yield();
    }
}

START_TEST(who_yields_lets_others_run)
{
    for (uint64_t seed = 0; seed < 20; seed++) {
        shared = 0;
        start(m.v0, spin_for_it, seed % 2 ? &shared : NULL);
        start(m.v1, set_it, NULL);
        ck_assert_int_eq(run_quietly((enum xd_policy)_i, seed), XD_RUN_FINISHED);
    }
}
END_TEST

static void yield_once(void *name)
{
    yield();
    for (int i = 0; i < 8; i++) {
        note(*(const char *)name);
        xd_preempt();
    }
}

/* What comes behind it by xd_preempt is no yield. */
START_TEST(a_yield_counts_once)
{
    struct xd_run_config c = XD_RUN_CONFIG_DEFAULT;

    c.slice = 4;
    start(m.v0, yield_once, name_a);
    start(m.v1, yield_once, name_b);
    ck_assert_int_eq(xd_run(m.hv, &c), XD_RUN_FINISHED);
    ck_assert_str_eq(order, "aaaabbbbaaaabbbb");
}
END_TEST

static void use_the_stack(void *depth)
{
    volatile unsigned char page[4096];

    memset((void *)(uintptr_t)page, (int)*(const unsigned int *)depth, sizeof(page));
    yield();
    if (*(unsigned int *)depth) {
        unsigned int next = *(unsigned int *)depth - 1;

        use_the_stack(&next);
    }
    for (size_t i = 0; i < sizeof(page); i++)
        ck_assert_uint_eq(page[i], *(const unsigned int *)depth);
}

START_TEST(stacks_are_apart)
{
    unsigned int depth[3] = {10, 20, 30};

    start(m.v0, use_the_stack, &depth[0]);
    start(m.v1, use_the_stack, &depth[1]);
    start(m.peer, use_the_stack, &depth[2]);
    ck_assert_int_eq(run_quietly(XD_POLICY_RANDOM, 3), XD_RUN_FINISHED);
}
END_TEST

/* ---- Waiting ---- */

static evtchn_port_t port_of_1, port_of_2;

static void poll_for(evtchn_port_t port, uint64_t until)
{
    struct sched_poll poll = {.nr_ports = 1, .timeout = until};

    set_xen_guest_handle(poll.ports, &port);
    ck_assert_int_eq(HYPERVISOR_sched_op(SCHEDOP_poll, &poll), 0);
}

static void wait_and_tell(void *unused)
{
    (void)unused;
    note('w');
    poll_for(port_of_1, 0);
    note('g');
}

static void wait_a_little_and_send(void *unused)
{
    struct evtchn_send send = {.port = port_of_2};

    (void)unused;
    for (int i = 0; i < 3; i++) {
        note('.');
        yield();
    }
    note('s');
    ck_assert_int_eq(HYPERVISOR_event_channel_op(EVTCHNOP_send, &send), 0);
}

START_TEST(a_send_wakes_who_polls)
{
    machine_connect(&m, &port_of_1, &port_of_2);
    start(m.v0, wait_and_tell, NULL);
    start(m.peer, wait_a_little_and_send, NULL);
    ck_assert_int_eq(xd_run(m.hv, NULL), XD_RUN_FINISHED);
    ck_assert_str_eq(order, "w...sg");
}
END_TEST

static void wait_until(void *when)
{
    poll_for(port_of_1, *(const uint64_t *)when);
    note(xd_now_ns(m.hv) == *(const uint64_t *)when ? 't' : '!');
}

START_TEST(when_all_sleep_time_passes)
{
    uint64_t now = xd_now_ns(m.hv), when[2] = {now + 3000, now + 2000};

    machine_connect(&m, &port_of_1, &port_of_2);
    start(m.v0, wait_until, &when[0]);
    start(m.v1, wait_until, &when[1]);
    ck_assert_int_eq(xd_run(m.hv, NULL), XD_RUN_FINISHED);
    ck_assert_str_eq(order, "tt");
    ck_assert_uint_eq(xd_now_ns(m.hv), now + 3000);
}
END_TEST

START_TEST(a_deadlock_is_told_and_can_be_ended)
{
    struct evtchn_send send = {.port = port_of_2};
    uint64_t arg[6] = {EVTCHNOP_send, (uintptr_t)&send};
    const char *report;
    uint64_t now;

    machine_connect(&m, &port_of_1, &port_of_2);
    send.port = port_of_2;
    start(m.v0, wait_and_tell, NULL);
    start(m.v1, three_steps, name_x);
    now = xd_now_ns(m.hv);
    ck_assert_int_eq(run_quietly(XD_POLICY_RANDOM, 5), XD_RUN_DEADLOCK);
    ck_assert_uint_eq(xd_now_ns(m.hv), now);
    report = xd_run_report(m.hv);
    ck_assert_ptr_nonnull(strstr(report, "deadlock"));
    ck_assert_ptr_nonnull(strstr(report, "d1v0 is blocked: SCHEDOP_poll for port 3"));
    ck_assert_ptr_nonnull(strstr(report, "XENDOUBLE_SCHED=random:5"));
    ck_assert_ptr_null(strstr(report, "d1v1"));
    if (strstr(report, "#0")) /* there is libunwind: the stack that stands still is shown */
        ck_assert_ptr_nonnull(strstr(report, "HYPERVISOR_sched_op"));
    ck_assert_int_eq((int)xd_hypercall(m.peer, __HYPERVISOR_event_channel_op, arg), 0);
    ck_assert_int_eq(xd_run(m.hv, NULL), XD_RUN_FINISHED);
    ck_assert_uint_eq(order[order_nr - 1], 'g');
}
END_TEST

static void for_ever(void *unused)
{
    (void)unused;
    for (;;)
        yield();
}

START_TEST(a_run_that_does_not_end_is_given_up)
{
    struct xd_run_config c = XD_RUN_CONFIG_DEFAULT;

    c.points_max = 1000;
    c.quiet = true;
    start(m.v0, for_ever, NULL);
    start(m.v1, three_steps, name_x);
    ck_assert_int_eq(xd_run(m.hv, &c), XD_RUN_LIMIT);
    ck_assert_ptr_nonnull(strstr(xd_run_report(m.hv), "d1v0 can run"));
    ck_assert_str_eq(order, "xxx");
}
END_TEST

/* ---- Ends ---- */

static void power_off(void *unused)
{
    struct sched_shutdown op = {SHUTDOWN_poweroff};

    (void)unused;
    note('p');
    HYPERVISOR_sched_op(SCHEDOP_shutdown, &op);
    note('!'); /* a domain that is shut down runs no more */
}

START_TEST(a_shutdown_ends_all_vcpus_of_the_domain)
{
    start(m.v1, for_ever, NULL);
    start(m.v0, power_off, NULL);
    start(m.peer, three_steps, name_c);
    ck_assert_int_eq(xd_run(m.hv, NULL), XD_RUN_FINISHED);
    ck_assert_str_eq(order, "pccc");
    ck_assert_int_eq(xd_vcpu_state(m.v1), XD_STATE_SHUTDOWN);
}
END_TEST

START_TEST(code_is_given_once)
{
    start(m.v0, three_steps, name_a);
    ck_assert_int_lt(xd_vcpu_start(m.v0, three_steps, name_b), 0);
    ck_assert_str_eq(xd_hv_error(m.hv), "d1v0 has code to run already");
    ck_assert_int_lt(xd_enter(m.v0), 0);
    ck_assert_int_eq(xd_enter(m.v1), 0);
    ck_assert_int_lt(xd_vcpu_start(m.v1, three_steps, name_b), 0);
    ck_assert_int_eq(xd_run(m.hv, NULL), XD_RUN_FINISHED);
    ck_assert_ptr_eq(xd_self(), m.v1);
    start(m.v0, three_steps, name_b);
    ck_assert_int_eq(xd_run(m.hv, NULL), XD_RUN_FINISHED);
    ck_assert_str_eq(order, "aaabbb");
}
END_TEST

START_TEST(machines_do_not_mix)
{
    struct machine other;

    machine_setup(&other);
    start(m.v0, three_steps, name_a);
    start(other.v0, three_steps, name_o);
    ck_assert_int_eq(xd_run(other.hv, NULL), XD_RUN_FINISHED);
    ck_assert_int_eq(xd_run(m.hv, NULL), XD_RUN_FINISHED);
    ck_assert_str_eq(order, "oooaaa");
    machine_teardown(&other);
}
END_TEST

START_TEST(a_machine_goes_with_code_that_never_ran)
{
    start(m.v0, three_steps, name_a);
}
END_TEST

/* The thread is d1v0; d2's code runs while it waits. */
START_TEST(who_entered_waits_for_the_others)
{
    machine_connect(&m, &port_of_1, &port_of_2);
    ck_assert_int_eq(xd_enter(m.v0), 0);
    start(m.peer, wait_a_little_and_send, NULL);
    wait_and_tell(NULL);
    ck_assert_str_eq(order, "w...sg");
    ck_assert_ptr_eq(xd_self(), m.v0);
    ck_assert_int_eq(xd_run(m.hv, NULL), XD_RUN_FINISHED);
}
END_TEST

static void hear(void *v)
{
    struct vcpu_info *info = xd_guest_vcpu_info(v);

    info->evtchn_upcall_pending = 0;
    info->evtchn_pending_sel = 0;
    note('u');
}

static void block(void *unused)
{
    (void)unused;
    note('b');
    ck_assert_int_eq(HYPERVISOR_sched_op(SCHEDOP_block, NULL), 0);
    note('r');
}

static void block_until(void *when)
{
    struct evtchn_bind_virq virq = {.virq = VIRQ_TIMER, .vcpu = 0};

    ck_assert_int_eq(HYPERVISOR_event_channel_op(EVTCHNOP_bind_virq, &virq), 0);
    ck_assert_int_eq(HYPERVISOR_set_timer_op(*(uint64_t *)when), 0);
    ck_assert_int_eq(HYPERVISOR_sched_op(SCHEDOP_block, NULL), 0);
    note(xd_now_ns(m.hv) == *(uint64_t *)when ? 't' : '!');
}

START_TEST(a_timer_wakes_who_blocks)
{
    uint64_t when = xd_now_ns(m.hv) + 5000;

    xd_guest_on_upcall(m.v0, hear, m.v0);
    start(m.v0, block_until, &when);
    ck_assert_int_eq(xd_run(m.hv, NULL), XD_RUN_FINISHED);
    ck_assert_str_eq(order, "ut");
}
END_TEST

START_TEST(upcalls_come_before_the_call_returns)
{
    machine_connect(&m, &port_of_1, &port_of_2);
    xd_guest_on_upcall(m.v0, hear, m.v0);
    start(m.v0, block, NULL);
    start(m.peer, wait_a_little_and_send, NULL);
    ck_assert_int_eq(xd_run(m.hv, NULL), XD_RUN_FINISHED);
    /* Binding set d2's end pending, not ours: one upcall, for the send. */
    ck_assert_str_eq(order, "b...sur");
}
END_TEST

START_TEST(a_crash_for_want_of_a_handler_ends_the_code)
{
    machine_connect(&m, &port_of_1, &port_of_2);
    start(m.v0, block, NULL);
    start(m.peer, wait_a_little_and_send, NULL);
    ck_assert_int_eq(xd_run(m.hv, NULL), XD_RUN_FINISHED);
    ck_assert_int_eq(xd_vcpu_state(m.v0), XD_STATE_SHUTDOWN);
    ck_assert_ptr_null(strchr(order, 'r'));
}
END_TEST

START_TEST(the_environment_names_the_setting)
{
    char a[sizeof(order)];

    start(m.v0, three_steps, name_a);
    start(m.v1, three_steps, name_b);
    ck_assert_int_eq(run_quietly(XD_POLICY_PCT, 11), XD_RUN_FINISHED);
    strcpy(a, order);
    order_nr = 0;
    setenv("XENDOUBLE_SCHED", "pct:11:3:16", 1);
    start(m.v0, three_steps, name_a);
    start(m.v1, three_steps, name_b);
    ck_assert_int_eq(xd_run(m.hv, NULL), XD_RUN_FINISHED);
    ck_assert_str_eq(order, a);
}
END_TEST

static uint32_t wakes_v0;

static void three_steps_and_a_send(void *name)
{
    struct evtchn_send send = {.port = wakes_v0};

    three_steps(name);
    ck_assert_int_eq(HYPERVISOR_event_channel_op(EVTCHNOP_send, &send), 0);
}

static void wait_as(const char *setting, char *way)
{
    struct sched_poll poll = {.nr_ports = 1};

    setenv("XENDOUBLE_SCHED", setting, 1);
    order_nr = 0;
    set_xen_guest_handle(poll.ports, &wakes_v0);
    start(m.v1, three_steps, name_b);
    start(m.peer, three_steps_and_a_send, name_c);
    ck_assert_int_eq(HYPERVISOR_sched_op(SCHEDOP_poll, &poll), 0);
    strcpy(way, order);
    unsetenv("XENDOUBLE_SCHED");
    xd_guest_shared_info(m.d1)->evtchn_pending[wakes_v0 / 64] &= ~(1ul << wakes_v0 % 64);
    ck_assert_int_eq(xd_run(m.hv, NULL), XD_RUN_FINISHED);
}

START_TEST(the_environment_holds_for_an_entered_thread_that_waits)
{
    char way[sizeof(order)], again[sizeof(order)], first[sizeof(order)] = "", setting[64];
    unsigned int differ = 0;
    uint32_t peers;

    machine_connect(&m, &wakes_v0, &peers);
    ck_assert_int_eq(xd_enter(m.v0), 0);
    for (unsigned int seed = 0; seed < 20; seed++) {
        snprintf(setting, sizeof(setting), "%s:%u%s", _i ? "pct" : "random", seed,
                 _i ? ":3:8" : "");
        wait_as(setting, way);
        wait_as(setting, again);
        ck_assert_str_eq(way, again);
        differ += seed && strcmp(way, first) != 0;
        strcpy(first, way);
    }
    ck_assert_uint_gt(differ, 5);
}
END_TEST

START_TEST(a_bad_setting_ends_the_test)
{
    setenv("XENDOUBLE_SCHED", "pct:11", 1);
    xd_run(m.hv, NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("run");
    TCase *tc = tcase_create("run");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, they_take_turns);
    tcase_add_test(tc, turns_can_be_longer);
    tcase_add_loop_test(tc, same_seed_same_order, 0, 2);
    tcase_add_test(tc, code_that_is_given_in_a_run_gets_its_priority_from_the_seed);
    tcase_add_loop_test(tc, a_race_is_found_and_found_again, 0, 2);
    tcase_add_test(tc, a_yield_counts_once);
    tcase_add_loop_test(tc, who_yields_lets_others_run, 0, 3);
    tcase_add_test(tc, stacks_are_apart);
    tcase_add_test(tc, a_send_wakes_who_polls);
    tcase_add_test(tc, when_all_sleep_time_passes);
    tcase_add_test(tc, a_deadlock_is_told_and_can_be_ended);
    tcase_add_test(tc, a_run_that_does_not_end_is_given_up);
    tcase_add_test(tc, a_shutdown_ends_all_vcpus_of_the_domain);
    tcase_add_test(tc, code_is_given_once);
    tcase_add_test(tc, machines_do_not_mix);
    tcase_add_test(tc, a_machine_goes_with_code_that_never_ran);
    tcase_add_test(tc, who_entered_waits_for_the_others);
    tcase_add_test(tc, a_timer_wakes_who_blocks);
    tcase_add_test(tc, upcalls_come_before_the_call_returns);
    tcase_add_test(tc, a_crash_for_want_of_a_handler_ends_the_code);
    tcase_add_test(tc, the_environment_names_the_setting);
    tcase_add_loop_test(tc, the_environment_holds_for_an_entered_thread_that_waits, 0, 2);
    tcase_add_test_raise_signal(tc, a_bad_setting_ends_the_test, SIGABRT);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
