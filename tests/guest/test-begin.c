/* SPDX-License-Identifier: MIT */
/* test-begin.c: linked vCPUs that begin with the registers of VCPUOP_initialise: where, with what, and beside whom. */
#include "begin.h"

/* ---- Where and how ---- */

START_TEST(it_has_its_registers)
{
    const uint64_t flags = 0xcd5; /* all of them, and DF */
    struct begun expected = {.rip = (uintptr_t)begin_entry, .mxcsr = 0x1f80, .fpu_cw = 0x37f};

#define REG(name, value) context.user_regs.name = expected.name = UINT64_C(value)
    REG(rax, 0xa1a2a3a4a5a6a7a8);
    REG(rbx, 0xb1b2b3b4b5b6b7b8);
    REG(rcx, 0xc1c2c3c4c5c6c7c8);
    REG(rdx, 0xd1d2d3d4d5d6d7d8);
    REG(rsi, 0xe1e2e3e4e5e6e7e8);
    REG(rbp, 0xf1f2f3f4f5f6f7f8);
    REG(r8, 0x8182838485868788);
    REG(r9, 0x9192939495969798);
    REG(r10, 0x1011121314151617);
    REG(r11, 0x1112131415161718);
    REG(r12, 0x1213141516171819);
    REG(r13, 0x131415161718191a);
    REG(r14, 0x1415161718191a1b);
    REG(r15, 0x15161718191a1b1c);
#undef REG
    expected.rsp = context.user_regs.rsp = (uintptr_t)stack + STACK - 24; /* aligned or not */
    expected.rdi = (uintptr_t)&begun;
    context.user_regs.rflags = flags | 0x3000; /* IOPL is Xen's business */
    expected.rflags = flags;
    start(m.v0, brings_up, NULL);
    ck_assert_int_eq(run(_i), XD_RUN_FINISHED);
    ck_assert_uint_eq(begun.times, 1);
    begun.times = 0;
    begun.main = NULL;
    begun.rflags &= ~UINT64_C(0x202); /* IF; Valgrind has none */
    ck_assert_mem_eq(&begun, &expected, sizeof(begun));
    ck_assert_str_eq(xd_run_report(m.hv), "");
}
END_TEST

static void waits_for_it(void *unused)
{
    brings_up(unused);
    while (is_up(1))
        HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
    must(HYPERVISOR_vcpu_op(VCPUOP_initialise, 1, &context) == -EEXIST);
    must(HYPERVISOR_vcpu_op(VCPUOP_up, 1, NULL) == 0);
}

/* A vCPU that took itself down goes on behind the call, as it would on Xen. */
START_TEST(it_goes_on_when_it_is_up_again)
{
    start(m.v0, waits_for_it, NULL);
    ck_assert_int_eq(run(_i), XD_RUN_FINISHED);
    ck_assert_uint_eq(begun.times, 1);
    ck_assert_uint_eq(went, 1);
}
END_TEST

static volatile unsigned int rounds;

static void comes_back(struct begun *b)
{
    (void)b;
    for (;;) {
        rounds++;
        go_down();
    }
}

static void brings_up_again(void *unused)
{
    (void)unused;
    must(HYPERVISOR_vcpu_op(VCPUOP_initialise, 1, &context) == -EEXIST);
    must(HYPERVISOR_vcpu_op(VCPUOP_up, 1, NULL) == 0);
}

START_TEST(it_goes_on_in_a_later_run)
{
    rounds = 0;
    begun.main = comes_back;
    start(m.v0, brings_up, NULL);
    for (unsigned int i = 1; i < 4; i++) {
        ck_assert_int_eq(run(_i), XD_RUN_FINISHED);
        ck_assert_uint_eq(rounds, i);
        ck_assert_uint_eq(went, 1);
        start(m.v0, brings_up_again, NULL);
    }
}
END_TEST

/* It was down again before it had its turn. */
static void brings_up_twice(void *unused)
{
    brings_up(unused);
    must(HYPERVISOR_vcpu_op(VCPUOP_down, 1, NULL) == 0);
}

START_TEST(it_begins_when_it_is_up_at_last)
{
    struct xd_run_config c = XD_RUN_CONFIG_DEFAULT;

    c.slice = 100;
    start(m.v0, brings_up_twice, NULL);
    ck_assert_int_eq(xd_run(m.hv, &c), XD_RUN_FINISHED);
    ck_assert_uint_eq(begun.times, 0);
    start(m.v0, brings_up_again, NULL);
    ck_assert_int_eq(xd_run(m.hv, &c), XD_RUN_FINISHED);
    ck_assert_uint_eq(begun.times, 1);
}
END_TEST

START_TEST(its_stack_may_end_where_memory_does)
{
    unsigned char *at = mmap(NULL, STACK + 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    ck_assert_ptr_ne(at, MAP_FAILED);
    ck_assert_int_eq(mprotect(at, STACK, PROT_READ | PROT_WRITE), 0);
    context.user_regs.rip = (uintptr_t)bare_entry;
    context.user_regs.rsp = (uintptr_t)at + STACK;
    start(m.v0, brings_up, NULL);
    ck_assert_int_eq(run(_i), XD_RUN_FINISHED);
    ck_assert_uint_eq(begun.times, 1);
}
END_TEST

/* ---- What is due ---- */

static void with_an_event(void *unused)
{
    struct evtchn_bind_ipi bind = {.vcpu = 1};
    struct evtchn_send send;

    must(HYPERVISOR_event_channel_op(EVTCHNOP_bind_ipi, &bind) == 0);
    send.port = bind.port;
    must(HYPERVISOR_event_channel_op(EVTCHNOP_send, &send) == 0);
    brings_up(unused);
}

static void with_both(void *unused)
{
    must(HYPERVISOR_vcpu_op(VCPUOP_initialise, 1, &context) == 0);
    must(HYPERVISOR_vcpu_op(VCPUOP_send_nmi, 1, NULL) == 0);
    must(HYPERVISOR_vcpu_op(VCPUOP_up, 1, NULL) == 0);
    (void)unused;
}

static const struct {
    bool by_address, masked;
    void (*code)(void *unused);
    unsigned int upcalls, nmis;
} due[] = {
    {true, false, with_an_event, 1, 0},
    {false, false, with_an_event, 1, 0},
    {true, true, with_an_event, 0, 0},
    {true, true, with_both, 0, 1},
};

START_TEST(what_is_due_comes_first)
{
    const bool threads = _i >= (int)XD_ARRAY_SIZE(due);
    const unsigned int i = (unsigned int)_i % XD_ARRAY_SIZE(due);

    xd_guest_vcpu_info(m.v1)->evtchn_upcall_mask = due[i].masked;
    if (due[i].by_address)
        context.event_callback_eip = (uintptr_t)event_entry;
    else
        xd_guest_on_upcall(m.v1, on_upcall, NULL);
    context.failsafe_callback_eip = (uintptr_t)failsafe_entry;
    context.trap_ctxt[2].address = (uintptr_t)nmi_entry;
    context.user_regs.rbx = 0x1234;
    start(m.v0, due[i].code, NULL);
    ck_assert_int_eq(run(threads), XD_RUN_FINISHED);
    ck_assert_uint_eq(upcalls, due[i].upcalls);
    ck_assert_uint_eq(nmis, due[i].nmis);
    ck_assert_uint_eq(went, 1 + due[i].upcalls + due[i].nmis); /* the code's is the last */
    ck_assert_uint_eq(begun.times, 1);
    ck_assert_uint_eq(begun.rbx, 0x1234);
    ck_assert_uint_eq(begun.rsp, (uintptr_t)stack + STACK);
    if (due[i].by_address && due[i].upcalls) { /* on the stack of the context */
        ck_assert_uint_gt((uintptr_t)frame_of_event, (uintptr_t)stack);
        ck_assert_uint_lt((uintptr_t)frame_of_event, (uintptr_t)stack + STACK);
    }
}
END_TEST

/* No callback: as for any vCPU. */
START_TEST(without_a_callback_it_does_not_begin)
{
    xd_guest_vcpu_info(m.v1)->evtchn_upcall_mask = 0;
    start(m.v0, with_an_event, NULL);
    ck_assert_int_eq(run(_i), XD_RUN_FINISHED);
    ck_assert_int_eq(xd_domain_shutdown_code(m.d1), SHUTDOWN_crash);
    ck_assert_uint_eq(begun.times, 0);
}
END_TEST

/* ---- Who else runs it ---- */

static void other(void *unused)
{
    (void)unused;
    must(xd_self() == m.v1);
    other_code++;
}

static void takes_it_down_and_up(void *unused)
{
    (void)unused;
    must(HYPERVISOR_vcpu_op(VCPUOP_down, 1, NULL) == 0);
    must(HYPERVISOR_vcpu_op(VCPUOP_up, 1, NULL) == 0);
}

static void gives_code(void *unused)
{
    brings_up(unused);
    must(xd_vcpu_start(m.v1, other, NULL) == 0);
}

START_TEST(code_that_is_given_goes_first)
{
    start(m.v1, other, NULL);
    start(m.v0, brings_up, NULL);
    ck_assert_int_eq(run(_i), XD_RUN_FINISHED);
    ck_assert_uint_eq(other_code, 1);
    ck_assert_uint_eq(begun.times, 0);
}
END_TEST

/* As long as it has not begun. */
START_TEST(code_that_is_given_later_does_too)
{
    struct xd_run_config c = XD_RUN_CONFIG_DEFAULT;

    c.slice = 100;
    start(m.v0, gives_code, NULL);
    ck_assert_int_eq(xd_run(m.hv, &c), XD_RUN_FINISHED);
    ck_assert_uint_eq(other_code, 1);
    ck_assert_uint_eq(begun.times, 0);
}
END_TEST

/* What it ran returned: there is nowhere to go on, as there would be none on Xen. */
START_TEST(it_begins_once_only)
{
    start(m.v1, other, NULL);
    start(m.v0, brings_up, NULL);
    ck_assert_int_eq(run(_i), XD_RUN_FINISHED);
    start(m.v0, takes_it_down_and_up, NULL);
    ck_assert_int_eq(run(_i), XD_RUN_NO_CODE);
    ck_assert_ptr_nonnull(
        strstr(xd_run_report(m.hv), "d1v1 was brought up by VCPUOP_up and has no code"));
    ck_assert_uint_eq(begun.times, 0);
}
END_TEST

/* A thread that entered its vCPU waits, and the other one begins meanwhile. */
static evtchn_port_t to_v0;

static void tells(struct begun *b)
{
    struct evtchn_send send = {.port = to_v0};

    must(HYPERVISOR_event_channel_op(EVTCHNOP_send, &send) == 0);
    ends(b);
}

START_TEST(beside_a_thread_that_entered)
{
    struct evtchn_bind_ipi bind = {.vcpu = 0};
    struct sched_poll poll = {.nr_ports = 1};

    ck_assert_int_eq(xd_enter(m.v0), 0);
    ck_assert_int_eq(HYPERVISOR_event_channel_op(EVTCHNOP_bind_ipi, &bind), 0);
    to_v0 = bind.port;
    set_xen_guest_handle(poll.ports, &to_v0);
    begun.main = tells;
    brings_up(NULL);
    ck_assert_uint_eq(went, 0);
    ck_assert_int_eq(HYPERVISOR_sched_op(SCHEDOP_poll, &poll), 0);
    ck_assert_uint_eq(went, 1);
    xd_leave();
    ck_assert_int_eq(run(false), XD_RUN_FINISHED);
    ck_assert_uint_eq(begun.times, 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("begin");
    TCase *tc = tcase_create("begin");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, it_has_its_registers, 0, 2);
    tcase_add_loop_test(tc, it_goes_on_when_it_is_up_again, 0, 2);
    tcase_add_loop_test(tc, it_goes_on_in_a_later_run, 0, 2);
    tcase_add_test(tc, it_begins_when_it_is_up_at_last);
    tcase_add_loop_test(tc, its_stack_may_end_where_memory_does, 0, 2);
    tcase_add_loop_test(tc, what_is_due_comes_first, 0, 2 * XD_ARRAY_SIZE(due));
    tcase_add_loop_test(tc, without_a_callback_it_does_not_begin, 0, 2);
    tcase_add_loop_test(tc, code_that_is_given_goes_first, 0, 2);
    tcase_add_test(tc, code_that_is_given_later_does_too);
    tcase_add_loop_test(tc, it_begins_once_only, 0, 2);
    tcase_add_test(tc, beside_a_thread_that_entered);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
