/* SPDX-License-Identifier: MIT */
/* test-leave.c: iret as an entry of a list of calls, by its number, and by xd_hypercall. */
#include "dies.h"
#include "guest.h"

#include "hv/hv.h"
#include "xendouble/levers.h"

#include <string.h>
#include <xen/interface/vcpu.h>

#define RFLAGS_IF 0x200u
#define RFLAGS_CF 0x1u
#define KERNEL_CS 0xe030u
#define SPOILED   UINT64_C(0xdeadbeefdeadf00d)

/* What arrived; known to leave.S. */
struct left {
    uint64_t rax, rcx, r11, rflags, rdi, rsi, rdx, r10, r8, r9, rbp,
        rsp;               /* rsp: from the frame's */
    uint64_t next, target; /* behind the call, and where the frame leads */
    uint64_t returned;     /* ... or it came back */
};

void list_iret(struct left *out, struct multicall_entry *list, uint64_t nr, uint64_t rflags,
               uint64_t flags, uint64_t cs);
void land(struct left *out, struct iret_context *f, void (*fn)(void *arg), void *arg);
void raw_iret(struct left *out, uint64_t rflags);
extern uint64_t vector_in[2], vector_out[2]; /* XMM7 before and after a list */

static struct machine m;
static struct left left;
static struct multicall_entry list[3];
static struct iret_context frame;
static unsigned int upcalls;
static evtchn_port_t port;

static void setup(void)
{
    struct evtchn_bind_ipi op = {.vcpu = 0};

    machine_setup(&m);
    ck_assert_int_eq(xd_enter(m.v0), 0);
    ck_assert_int_eq(HYPERVISOR_event_channel_op(EVTCHNOP_bind_ipi, &op), 0);
    port = op.port;
    memset(&left, 0, sizeof(left));
    memset(list, 0, sizeof(list));
    list[0].op = __HYPERVISOR_xen_version;
    list[1].op = __HYPERVISOR_iret;
    list[2].op = __HYPERVISOR_xen_version;
    list[2].result = 77;
    frame = (struct iret_context){.rax = UINT64_C(0x123456789),
                                  .r11 = 0x33,
                                  .rcx = 0x22,
                                  .cs = KERNEL_CS,
                                  .rflags = RFLAGS_CF,
                                  .ss = FLAT_KERNEL_SS};
    upcalls = 0;
}

static void teardown(void)
{
    machine_teardown(&m);
}

static void clear(void)
{
    xd_guest_vcpu_info(m.v0)->evtchn_upcall_pending = 0;
    xd_guest_vcpu_info(m.v0)->evtchn_pending_sel = 0;
    xd_guest_shared_info(m.d1)->evtchn_pending[0] = 0;
}

static void on_upcall(void *unused)
{
    (void)unused;
    upcalls++;
    ck_assert_uint_eq(left.rax, 0);
    clear();
}

static void pend(void)
{
    struct evtchn_send send = {.port = port};

    ck_assert_int_eq(HYPERVISOR_event_channel_op(EVTCHNOP_send, &send), 0);
}

static uint8_t mask(void)
{
    return xd_guest_vcpu_info(m.v0)->evtchn_upcall_mask;
}

/* The list stops there; RAX is its result, with 32 bits, and the frame's lowest words are what Xen's stub pushes. */
START_TEST(a_list_is_left_by_iret)
{
    xd_guest_vcpu_info(m.v0)->evtchn_upcall_mask = 0;
    vector_in[0] = 0x0123456789abcdef;
    vector_in[1] = 0xfedcba9876543210;
    list_iret(&left, list, 3, RFLAGS_CF, 0, KERNEL_CS);
    ck_assert_uint_eq(left.returned, 0);
    ck_assert_mem_eq(vector_out, vector_in, sizeof(vector_in));
    ck_assert_int_eq(list[0].result, 0x40011);
    ck_assert_int_eq(list[1].result, 0x80000011);
    ck_assert_int_eq(list[2].result, 77);
    ck_assert_uint_eq(left.rax, UINT64_C(0xffffffff80000011)); /* R11 was pushed last */
    ck_assert_uint_eq(left.r11, 0x22);
    ck_assert_uint_eq(left.rcx, left.next);
    ck_assert_uint_eq(left.rflags & 0xcd5, RFLAGS_CF);
    ck_assert_uint_eq(left.rsp, 0);
    ck_assert_uint_eq(left.rdi, (uintptr_t)list);
    ck_assert_uint_eq(left.rsi, 3);
    ck_assert_uint_eq(left.rdx, 0x103);
    ck_assert_uint_eq(left.r10, 0x104);
    ck_assert_uint_eq(left.r8, 0x105);
    ck_assert_uint_eq(left.r9, 0x106);
    ck_assert_uint_eq(left.rbp, 0x107);
    ck_assert_uint_eq(mask(), 1); /* no IF in the frame */
    ck_assert_int_eq(HYPERVISOR_xen_version(XENVER_version, NULL), 0x40011);
}
END_TEST

/* VGCF_in_syscall: by SYSRET. */
START_TEST(sysret_takes_two_registers)
{
    list_iret(&left, list, 3, RFLAGS_CF, 0x100, KERNEL_CS);
    ck_assert_uint_eq(left.returned, 0);
    ck_assert_uint_eq(left.rcx, left.target);
    ck_assert_uint_eq(left.r11, RFLAGS_CF | RFLAGS_IF);
}
END_TEST

/* What it lets in is delivered before the first instruction there. */
START_TEST(events_come_first)
{
    xd_guest_on_upcall(m.v0, on_upcall, NULL);
    xd_guest_vcpu_info(m.v0)->evtchn_upcall_mask = 1;
    pend();
    ck_assert_uint_eq(upcalls, 0);
    if (_i) {
        list_iret(&left, list, 3, RFLAGS_CF, 0, KERNEL_CS);
        ck_assert_uint_eq(upcalls, 0);
        memset(&left, 0, sizeof(left));
    }
    vector_in[0] = 0x0f1e2d3c4b5a6978;
    list_iret(&left, list, 3, RFLAGS_IF, 0, KERNEL_CS);
    ck_assert_mem_eq(vector_out, vector_in, sizeof(vector_in));
    ck_assert_uint_eq(upcalls, 1);
    ck_assert_uint_eq(left.returned, 0);
    ck_assert_uint_eq(left.rax, UINT64_C(0xffffffff80000011));
    ck_assert_uint_eq(mask(), 0);
}
END_TEST

/* A handler's own list, left by iret, is not that of whom it interrupts. */
static void makes_a_list_of_its_own(void *unused)
{
    struct multicall_entry own[1] = {{.op = __HYPERVISOR_iret}};
    struct left here = {0};

    on_upcall(unused);
    list_iret(&here, own, 1, 0, 0, KERNEL_CS);
    ck_assert_uint_eq(here.returned, 0);
    ck_assert_uint_eq(here.rsi, 1);
}

START_TEST(each_goes_where_its_own_leads)
{
    xd_guest_on_upcall(m.v0, makes_a_list_of_its_own, NULL);
    xd_guest_vcpu_info(m.v0)->evtchn_upcall_mask = 1;
    pend();
    list_iret(&left, list, 3, RFLAGS_IF, 0, KERNEL_CS);
    ck_assert_uint_eq(upcalls, 1);
    ck_assert_uint_eq(left.returned, 0);
    ck_assert_uint_eq(left.rsi, 3);
}
END_TEST

START_TEST(it_ends_the_service_of_an_nmi)
{
    struct xd_vcpu *v = m.v0;

    xd_guest_on_nmi(m.v0, makes_a_list_of_its_own, NULL);
    ck_assert_int_eq(HYPERVISOR_vcpu_op(VCPUOP_send_nmi, 0, NULL), 0);
    ck_assert_uint_eq(upcalls, 1);
    ck_assert(!v->nmi_in_service);
}
END_TEST

/* ---- A frame that is named ---- */

static void by_a_function(void *unused)
{
    (void)unused;
    list[1].args[0] = (uintptr_t)&frame;
    HYPERVISOR_multicall(list, 3);
}

static void by_the_hosts_door(void *unused)
{
    const uint64_t arg[6] = {(uintptr_t)&frame};

    (void)unused;
    xd_hypercall(m.v0, __HYPERVISOR_iret, arg);
}

static void by_a_list_through_the_hosts_door(void *unused)
{
    const uint64_t arg[6] = {(uintptr_t)list, 3};

    (void)unused;
    list[1].args[0] = (uintptr_t)&frame;
    xd_hypercall(m.v0, __HYPERVISOR_multicall, arg);
}

static void (*const doors[])(void *unused) = {by_a_function, by_the_hosts_door,
                                              by_a_list_through_the_hosts_door};

START_TEST(a_frame_may_be_named)
{
    const bool is_list = _i != 1;

    xd_guest_on_upcall(m.v0, on_upcall, NULL);
    xd_guest_vcpu_info(m.v0)->evtchn_upcall_mask = 1;
    pend();
    frame.rflags |= RFLAGS_IF;
    land(&left, &frame, doors[_i], NULL);
    ck_assert_uint_eq(left.returned, 0);
    ck_assert_uint_eq(left.rax, is_list ? UINT64_C(0x23456789) : UINT64_C(0x123456789));
    ck_assert_uint_eq(left.rcx, 0x22);
    ck_assert_uint_eq(left.r11, 0x33);
    ck_assert_uint_eq(left.rflags & 0xcd5, RFLAGS_CF);
    ck_assert_uint_eq(left.rsp, 0);
    ck_assert_uint_eq(upcalls, 1);
    ck_assert_uint_eq(mask(), 0);
    if (is_list)
        ck_assert_int_eq(list[1].result, 0x123456789);
    ck_assert_int_eq(list[2].result, 77);
}
END_TEST

START_TEST(the_number_does_what_the_stub_does)
{
    raw_iret(&left, RFLAGS_CF | RFLAGS_IF);
    ck_assert_uint_eq(left.rax, 0x11);
    ck_assert_uint_eq(left.rcx, 0x22);
    ck_assert_uint_eq(left.r11, 0x33);
    ck_assert_uint_eq(left.rflags & 0xcd5, RFLAGS_CF);
    ck_assert_uint_eq(mask(), 0);
}
END_TEST

/* ---- Runs ---- */

/* The list sleeps before it comes to its iret. */
static void sleeps_in_the_list(void *unused)
{
    (void)unused;
    ck_assert_int_eq(HYPERVISOR_set_timer_op(xd_now_ns(m.hv) + 1000000), 0);
    list[0].op = __HYPERVISOR_sched_op_new;
    list[0].args[0] = SCHEDOP_block;
    list_iret(&left, list, 3, RFLAGS_CF | RFLAGS_IF, 0, KERNEL_CS);
}

START_TEST(it_may_come_late)
{
    struct evtchn_bind_virq op = {.virq = VIRQ_TIMER, .vcpu = 0};

    ck_assert_int_eq(HYPERVISOR_event_channel_op(EVTCHNOP_bind_virq, &op), 0);
    xd_leave();
    xd_guest_on_upcall(m.v0, on_upcall, NULL);
    start(m.v0, sleeps_in_the_list, NULL);
    ck_assert_int_eq(xd_run(m.hv, NULL), XD_RUN_FINISHED);
    ck_assert_uint_eq(left.returned, 0);
    ck_assert_uint_ge(upcalls, 1);
    ck_assert_uint_eq(left.rax, UINT64_C(0xffffffff80000011));
    ck_assert_int_eq(list[2].result, 77);
}
END_TEST

static void leaves_a_list(void *unused)
{
    (void)unused;
    for (unsigned int i = 0; i < 100; i++) {
        memset(&left, 0, sizeof(left));
        list_iret(&left, list, 3, RFLAGS_CF, 0, KERNEL_CS);
        if (left.returned || left.rsi != 3)
            abort();
        memset(&left, 0, sizeof(left));
        land(&left, &frame, by_a_function, NULL);
        if (left.returned || left.r11 != 0x33)
            abort();
        list[1].args[0] = 0;
    }
}

static void makes_calls(void *unused)
{
    (void)unused;
    for (unsigned int i = 0; i < 300; i++)
        if (HYPERVISOR_xen_version(XENVER_version, NULL) != 0x40011)
            abort();
}

START_TEST(contexts_and_threads_leave_lists)
{
    struct xd_run_config c = XD_RUN_CONFIG_DEFAULT;

    xd_leave();
    c.threads = _i;
    start(m.v0, leaves_a_list, NULL);
    start(m.v1, makes_calls, NULL);
    ck_assert_int_eq(xd_run(m.hv, &c), XD_RUN_FINISHED);
    ck_assert_uint_eq(left.r11, 0x33);
}
END_TEST

/* Whoever looks on makes calls of its own, and they do not leave for it. */
static void looks_on(void *ctx, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg, int64_t rc)
{
    const uint64_t none[6] = {0};

    (void)v, (void)nr, (void)arg, (void)rc;
    ck_assert_int_eq(xd_hypercall(m.peer, __HYPERVISOR_xen_version, none), 0x40011);
    ++*(unsigned int *)ctx;
}

START_TEST(whoever_looks_on_does_not_leave)
{
    unsigned int seen = 0;

    xd_spy(m.d1, "*", looks_on, &seen);
    list_iret(&left, list, 3, RFLAGS_CF, 0, KERNEL_CS);
    ck_assert_uint_eq(left.returned, 0);
    ck_assert_uint_eq(left.rsi, 3);
    ck_assert_uint_ge(seen, 2);
}
END_TEST

/* A debug build overwrites the registers that held arguments. */
START_TEST(a_debug_build_spoils_what_held_arguments)
{
    struct xd_config c = XD_CONFIG_DEFAULT;
    struct xd_hv *hv;
    struct xd_domain *d;

    c.profile = XD_PROFILE_DEBUG;
    xd_leave();
    ck_assert_int_eq(xd_hv_create(&hv, &c), 0);
    ck_assert_int_eq(xd_domain_create(hv, NULL, &d), 0);
    ck_assert_int_eq(xd_enter(xd_vcpu_at(d, 0)), 0);
    list_iret(&left, list, 3, RFLAGS_CF, 0, KERNEL_CS);
    ck_assert_uint_eq(left.returned, 0);
    ck_assert_uint_eq(left.rdi, SPOILED);
    ck_assert_uint_eq(left.rsi, SPOILED);
    ck_assert_uint_eq(left.rdx, 0x103);
    ck_assert_uint_eq(left.rax, UINT64_C(0xffffffff80000011));
    xd_leave();
    xd_hv_destroy(hv);
}
END_TEST

/* ---- What does not go ---- */

static void to_user_mode(void *unused)
{
    (void)unused;
    list_iret(&left, list, 3, 0, 0, 0xe033);
}

START_TEST(there_is_no_user_mode)
{
    ck_dies_saying(to_user_mode, NULL,
                   "d1v0: iret to user mode (CS 0xe033): linked code has no user mode");
    frame.cs = 0xe033;
    ck_dies_saying(doors[_i], NULL,
                   "d1v0: iret to user mode (CS 0xe033): linked code has no user mode");
}
END_TEST

static void without_a_frame(void *unused)
{
    (void)unused;
    HYPERVISOR_multicall(list, 3);
}

START_TEST(a_function_has_no_stack_to_find_it_on)
{
    list_iret(&left, list, 3, 0, 0, KERNEL_CS); /* a stub has, */
    ck_dies_saying(without_a_frame, NULL, "iret by a function");
}
END_TEST

static void without_memory(void *unused)
{
    (void)unused;
    list[1].args[0] = 8;
    HYPERVISOR_multicall(list, 3);
    abort();
}

/* AS-XEN: do_iret: a frame that can't be read ends the domain. */
START_TEST(a_frame_that_leads_nowhere_crashes_the_domain)
{
    xd_leave();
    start(m.v0, without_memory, NULL);
    ck_assert_int_eq(xd_run(m.hv, NULL), XD_RUN_FINISHED);
    ck_assert_int_eq(xd_domain_shutdown_code(m.d1), SHUTDOWN_crash);
}
END_TEST

/* Whoever is not the vCPU's code has no registers of its. */
START_TEST(a_host_makes_none)
{
    const uint64_t arg[6] = {(uintptr_t)&frame}, calls[6] = {(uintptr_t)list, 3};

    ck_refused(m.peer, xd_hypercall(m.peer, __HYPERVISOR_iret, arg), ENOSYS, NOT_MODELLED);
    ck_assert_int_eq(xd_hypercall(m.peer, __HYPERVISOR_multicall, calls), 0);
    ck_assert_int_eq(list[1].result, -XD_ENOSYS);
    ck_assert_int_eq(list[2].result, 0x40011);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("leave");
    TCase *tc = tcase_create("leave");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, a_list_is_left_by_iret);
    tcase_add_test(tc, sysret_takes_two_registers);
    tcase_add_loop_test(tc, events_come_first, 0, 2);
    tcase_add_test(tc, each_goes_where_its_own_leads);
    tcase_add_test(tc, it_ends_the_service_of_an_nmi);
    tcase_add_loop_test(tc, a_frame_may_be_named, 0, XD_ARRAY_SIZE(doors));
    tcase_add_test(tc, the_number_does_what_the_stub_does);
    tcase_add_test(tc, it_may_come_late);
    tcase_add_loop_test(tc, contexts_and_threads_leave_lists, 0, 2);
    tcase_add_test(tc, whoever_looks_on_does_not_leave);
    tcase_add_test(tc, a_debug_build_spoils_what_held_arguments);
    tcase_add_loop_test(tc, there_is_no_user_mode, 0, XD_ARRAY_SIZE(doors));
    tcase_add_test(tc, a_function_has_no_stack_to_find_it_on);
    tcase_add_test(tc, a_frame_that_leads_nowhere_crashes_the_domain);
    tcase_add_test(tc, a_host_makes_none);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
