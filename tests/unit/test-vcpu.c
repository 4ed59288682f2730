/* SPDX-License-Identifier: MIT */
/*
 * test-vcpu.c: what a guest sets for its vCPUs, as the machine keeps it: context, debug registers,
 * trap table, timers, accounts of time.
 */
#include "mm.h"

#include "hv/evtchn.h"
#include "hv/sched.h"

#include <string.h>

enum {
    HC_SET_TRAP_TABLE = 0,
    HC_SET_GDT = 2,
    HC_STACK_SWITCH = 3,
    HC_FPU_TASKSWITCH = 5,
    HC_SET_DEBUGREG = 8,
    HC_SET_TIMER_OP = 15,
    HC_VCPU_OP = 24,
    HC_SET_SEGMENT_BASE = 25,
    HC_NMI_OP = 28,
    HC_SCHED_OP = 29,
    HC_EVTCHN_OP = 32,
    HC_PHYSDEV_OP = 33,
};
enum { VCPU_INITIALISE, VCPU_UP, VCPU_DOWN, VCPU_PERIODIC = 6, VCPU_STOP_PERIODIC, VCPU_NMI = 11 };

#define MS UINT64_C(1000000)

static struct xd_fixture f;

static void setup(void)
{
    fixture_setup(&f);
}

static void teardown(void)
{
    fixture_teardown(&f);
}

START_TEST(a_context_is_kept_as_it_is_set)
{
    uint64_t digest = xd_digest(f.hv);

    ck_ok(f.v1, fixture_call(f.v1, HC_STACK_SWITCH, 0x10, UINT64_C(0x800000000000)));
    ck_assert_uint_eq(f.v1->kernel_ss, 0x13);
    ck_assert_uint_eq(f.v1->kernel_sp, UINT64_C(0x800000000000));
    ck_ok(f.v1, fixture_call(f.v1, HC_FPU_TASKSWITCH, 5));
    ck_assert(f.v1->ts);
    ck_ok(f.v1, fixture_call(f.v1, HC_FPU_TASKSWITCH, UINT64_C(1) << 32)); /* 32 bits of it */
    ck_assert(!f.v1->ts);
    for (uint64_t which = 0; which < 3; which++)
        ck_ok(f.v1, fixture_call(f.v1, HC_SET_SEGMENT_BASE, which, 0x1000 + which));
    ck_assert_uint_eq(f.v1->fs_base, 0x1000);
    ck_assert_uint_eq(f.v1->gs_base_user, 0x1001);
    ck_assert_uint_eq(f.v1->gs_base_kernel, 0x1002);
    ck_assert_uint_eq(f.v1b->fs_base, 0);
    ck_refused(f.v1, fixture_call(f.v1, HC_SET_SEGMENT_BASE, 4, 0), EINVAL, SEGBASE_WHICH);
    ck_refused(f.v1, fixture_call(f.v1, HC_SET_SEGMENT_BASE, 0, UINT64_C(1) << 47), EINVAL,
               SEGBASE_ADDRESS);
    ck_assert_uint_eq(f.v1->fs_base, 0x1000);
    ck_assert_uint_ne(xd_digest(f.hv), digest);
}
END_TEST

/* Descriptors 1 to 5 of the GDT, and what is left in GS when their selectors are asked for. */
static const struct {
    uint64_t desc;
    uint16_t sel;
    uint64_t base;
} gs[] = {
    {UINT64_C(0x12cf93345678ffff), 0x0b, 0x12345678}, /* data */
    {UINT64_C(0x00cf9b000001ffff), 0x13, 1},          /* readable code */
    {UINT64_C(0x00cf99000000ffff), 0, 0},             /* code that can't be read */
    {UINT64_C(0x00cf13000000ffff), 0, 0},             /* not present */
    {UINT64_C(0x00008c0000080000), 0, 0},             /* a call gate, no segment */
};

START_TEST(a_user_gs_is_loaded_as_the_processor_would)
{
    uint64_t frame = mm_page(f.d1, 0), list;

    for (unsigned int i = 0; i < XD_ARRAY_SIZE(gs); i++)
        mm_poke(f.hv, frame, i + 1, gs[i].desc);
    list = fixture_place(&f, f.v1, &frame, sizeof(frame));
    ck_ok(f.v1, fixture_call(f.v1, HC_SET_GDT, list, XD_ARRAY_SIZE(gs) + 1));
    for (unsigned int i = 0; i < XD_ARRAY_SIZE(gs); i++) {
        ck_ok(f.v1, fixture_call(f.v1, HC_SET_SEGMENT_BASE, 3, 0x30000 | (i + 1) << 3));
        ck_assert_uint_eq(f.v1->regs.gs, gs[i].sel);
        ck_assert_uint_eq(f.v1->gs_base_user, gs[i].base);
    }
    ck_ok(f.v1, fixture_call(f.v1, HC_SET_SEGMENT_BASE, 3, 0x08)); /* the first, once more */
    ck_ok(f.v1, fixture_call(f.v1, HC_SET_SEGMENT_BASE, 3, (XD_ARRAY_SIZE(gs) + 1) << 3));
    ck_assert_uint_eq(f.v1->regs.gs, 0);
    ck_assert_uint_eq(f.v1->gs_base_user, 0);
    ck_ok(f.v1, fixture_call(f.v1, HC_SET_SEGMENT_BASE, 3, 0xe028)); /* Xen's flat data segment */
    ck_assert_uint_eq(f.v1->regs.gs, 0xe02b);
    ck_ok(f.v1, fixture_call(f.v1, HC_SET_SEGMENT_BASE, 3, 3));
    ck_assert_uint_eq(f.v1->regs.gs, 3);
    ck_ok(f.v1, fixture_call(f.v1, HC_SET_SEGMENT_BASE, 3, 0x0f)); /* no LDT */
    ck_assert_uint_eq(f.v1->regs.gs, 0);
}
END_TEST

START_TEST(trap_handlers_take_effect_one_by_one)
{
    struct xd_abi_trap_info list[] = {
        {3, 0, 0xe030, 0, 0x1000}, {14, 4, 0xe033, 0, 0x2000}, {0, 0, 0, 0, 0}};
    uint64_t at = fixture_place(&f, f.v1, list, sizeof(list));
    struct xd_abi_nmi_callback nmi = {.handler_address = 0x5000};

    ck_ok(f.v1, fixture_call(f.v1, HC_SET_TRAP_TABLE, at));
    ck_assert_uint_eq(f.v1->trap[3].address, 0x1000);
    ck_assert_uint_eq(f.v1->trap[3].cs, 0xe033);
    ck_assert_uint_eq(f.v1->trap[14].flags, 4);
    ck_assert_uint_eq(f.v1b->trap[3].address, 0);
    list[0].address = 0x3000;
    list[1].address = UINT64_C(1) << 47;
    fixture_store(f.v1, at, list, sizeof(list));
    ck_refused(f.v1, fixture_call(f.v1, HC_SET_TRAP_TABLE, at), EINVAL, TRAP_ADDRESS);
    ck_assert_uint_eq(f.v1->trap[3].address, 0x3000);
    ck_assert_uint_eq(f.v1->trap[14].address, 0x2000);
    ck_ok(f.v1, fixture_run(&f, f.v1, HC_NMI_OP, 0, &nmi));
    ck_assert_uint_eq(f.v1->trap[2].address, 0x5000);
    ck_assert_uint_eq(f.v1->trap[2].flags, 4);
    ck_ok(f.v1, fixture_call(f.v1, HC_NMI_OP, 1, 0));
    ck_assert_uint_eq(f.v1->trap[2].address, 0);
    ck_ok(f.v1, fixture_call(f.v1, HC_SET_TRAP_TABLE, 0));
    for (unsigned int i = 0; i < XD_ARRAY_SIZE(f.v1->trap); i++)
        ck_assert_uint_eq(f.v1->trap[i].address, 0);
}
END_TEST

START_TEST(io_rights_are_kept_for_one_vcpu)
{
    struct xd_abi_physdev_set_iopl iopl = {2};
    struct xd_abi_physdev_set_iobitmap map = {0x1234, 100, 0};

    ck_ok(f.v1, fixture_run(&f, f.v1, HC_PHYSDEV_OP, 6, &iopl));
    ck_ok(f.v1, fixture_run(&f, f.v1, HC_PHYSDEV_OP, 7, &map));
    ck_assert_uint_eq(f.v1->iopl, 2);
    ck_assert_uint_eq(f.v1->io_bitmap, 0x1234);
    ck_assert_uint_eq(f.v1->io_ports, 100);
    ck_assert_uint_eq(f.v1b->iopl, 0);
    iopl.iopl = 4;
    ck_refused(f.v1, fixture_run(&f, f.v1, HC_PHYSDEV_OP, 6, &iopl), EINVAL, PHYSDEV_IOPL);
    ck_assert_uint_eq(f.v1->iopl, 2);
}
END_TEST

static uint32_t bind_timer(struct xd_vcpu *v)
{
    struct xd_abi_evtchn_bind_virq op = {XD_VIRQ_TIMER, v->id, 0};

    ck_ok(v, fixture_run(&f, v, HC_EVTCHN_OP, 1, &op));
    return op.port;
}

static long set_period(struct xd_vcpu *v, uint64_t id, uint64_t period)
{
    return fixture_call(v, HC_VCPU_OP, VCPU_PERIODIC, id, fixture_place(&f, v, &period, 8));
}

/* All ticks of a long sleep of the host are one event, and take no time to make. */
START_TEST(ticks_of_a_long_time_are_counted_at_once)
{
    uint32_t port = bind_timer(f.v1);
    uint64_t start = xd_now_ns(f.hv);

    xd_advance(f.hv, UINT64_C(1) << 62);
    ck_assert(xd_port_is_pending(f.d1, port));
    ck_assert_uint_lt(xd_now_ns(f.hv) - f.v1->tick_ns, XD_TICK_NS);
    ck_assert_uint_eq((f.v1->tick_ns - start) % XD_TICK_NS, 0);
    ck_assert_uint_eq(f.v1b->tick_ns, f.v1->tick_ns);
    ck_assert_uint_eq(f.v1down->tick_ns, 0);
}
END_TEST

START_TEST(a_sleeper_does_not_tick_until_it_wakes)
{
    uint32_t port = bind_timer(f.v1b);

    ck_ok(f.v1b, fixture_call(f.v1b, HC_SCHED_OP, 1, 0));
    xd_advance(f.hv, 25 * MS);
    ck_assert_int_eq(xd_vcpu_state(f.v1b), XD_STATE_BLOCKED);
    ck_assert(!xd_port_is_pending(f.d1, port));
    ck_ok(f.v1, fixture_call(f.v1, HC_VCPU_OP, VCPU_NMI, 1, 0));
    ck_assert_int_eq(xd_vcpu_state(f.v1b), XD_STATE_RUNNING);
    ck_assert(f.v1b->nmi_pending);
    ck_assert(xd_port_is_pending(f.d1, port));
    ck_assert_uint_eq(f.v1b->tick_ns, xd_now_ns(f.hv));
}
END_TEST

/* Xen starts the timer for whoever it belongs to; only going to sleep stops it. */
START_TEST(a_period_set_from_outside_ticks_in_sleep)
{
    uint32_t port = bind_timer(f.v1b);

    ck_ok(f.v1b, fixture_call(f.v1b, HC_SCHED_OP, 1, 0));
    ck_ok(f.v1, set_period(f.v1, 1, 4 * MS));
    xd_advance(f.hv, 4 * MS - 1);
    ck_assert_int_eq(xd_vcpu_state(f.v1b), XD_STATE_BLOCKED);
    xd_advance(f.hv, 1);
    ck_assert_int_eq(xd_vcpu_state(f.v1b), XD_STATE_RUNNING);
    xd_port_clear_pending(f.d1, port);
    ((struct xd_abi_vcpu_info *)(uintptr_t)fixture_vcpu_info(f.v1b))->evtchn_upcall_pending = 0;
    ck_ok(f.v1b, fixture_call(f.v1b, HC_SCHED_OP, 1, 0));
    xd_advance(f.hv, 100 * MS);
    ck_assert_int_eq(xd_vcpu_state(f.v1b), XD_STATE_BLOCKED);
    ck_refused(f.v1, set_period(f.v1, 1, MS - 1), EINVAL, VCPU_PERIOD);
}
END_TEST

START_TEST(a_timer_wakes_and_is_spent)
{
    uint32_t port = bind_timer(f.v1);

    ck_ok(f.v1, fixture_call(f.v1, HC_VCPU_OP, VCPU_STOP_PERIODIC, 0, 0));
    ck_ok(f.v1, fixture_call(f.v1, HC_SET_TIMER_OP, xd_now_ns(f.hv) + 50));
    ck_ok(f.v1, fixture_call(f.v1, HC_SCHED_OP, 1, 0));
    xd_advance(f.hv, 49);
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_BLOCKED);
    xd_advance(f.hv, 1);
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_RUNNING);
    ck_assert(xd_port_is_pending(f.d1, port));
    ck_assert(!f.v1->shot_on);
    xd_port_clear_pending(f.d1, port);
    xd_advance(f.hv, 1000 * MS);
    ck_assert(!xd_port_is_pending(f.d1, port));
}
END_TEST

START_TEST(accounts_add_up_to_all_time)
{
    struct xd_abi_vcpu_runstate_info info;
    uint64_t start = xd_now_ns(f.hv), sum = 0;

    xd_advance(f.hv, 3);
    ck_ok(f.v1b, fixture_call(f.v1b, HC_SCHED_OP, 1, 0));
    xd_advance(f.hv, 5);
    xd_vcpu_kick(f.v1b);
    xd_advance(f.hv, 7);
    ck_ok(f.v1, fixture_call(f.v1, HC_VCPU_OP, VCPU_DOWN, 1, 0));
    xd_advance(f.hv, 11);
    ck_ok(f.v1, fixture_call(f.v1, HC_VCPU_OP, VCPU_UP, 1, 0));
    xd_advance(f.hv, 13);
    xd_runstate_get(f.v1b, &info);
    ck_assert_int_eq(info.state, 0);
    ck_assert_uint_eq(info.state_entry_time, start + 3 + 5 + 7 + 11);
    ck_assert_uint_eq(info.time[0], 3 + 7 + 13);
    ck_assert_uint_eq(info.time[2], 5);
    ck_assert_uint_eq(info.time[3], 11);
    for (unsigned int i = 0; i < 4; i++)
        sum += info.time[i];
    ck_assert_uint_eq(sum, xd_now_ns(f.hv) - start);
}
END_TEST

START_TEST(a_new_vcpu_starts_with_its_context)
{
    static struct xd_abi_vcpu_guest_context c;
    const struct xd_vcpu *t = f.v1down;

    memset(&c, 0, sizeof(c));
    c.flags = 4 | 8 | 16; /* in kernel mode; failsafe and syscall mask events */
    c.user_regs.r15 = 1;
    c.user_regs.rdi = 2;
    c.user_regs.rip = 0x1000;
    c.user_regs.cs = 0xe030;
    c.user_regs.rflags = 0x3002; /* IOPL 3, IF clear */
    c.user_regs.rsp = 0x2000;
    c.user_regs.gs = 5;
    c.trap[14] = (struct xd_abi_trap_info){.vector = 99, .flags = 4, .cs = 0x10, .address = 0x3000};
    c.kernel_ss = 0x18;
    c.kernel_sp = 0x4000;
    c.ctrlreg[0] = 8; /* TS */
    c.ctrlreg[3] = f.v1->cr3.v << XD_PAGE_SHIFT;
    c.event_callback = 0x5000;
    c.failsafe_callback = 0x6000;
    c.syscall_callback = 0x7000;
    c.fs_base = 0x8000;
    c.gs_base_kernel = 0x9000;
    c.gs_base_user = 0xa000;
    c.debugreg[6] = 1;
    ck_ok(f.v1, fixture_call(f.v1, HC_VCPU_OP, VCPU_INITIALISE, t->id,
                             fixture_place(&f, f.v1, &c, sizeof(c))));

    ck_assert_uint_eq(t->regs.r15, 1);
    ck_assert_uint_eq(t->regs.rdi, 2);
    ck_assert_uint_eq(t->regs.rip, 0x1000);
    ck_assert_uint_eq(t->regs.cs, 0xe033);
    ck_assert_uint_eq(t->regs.rflags, 0x202);
    ck_assert_uint_eq(t->iopl, 3);
    ck_assert_uint_eq(t->regs.rsp, 0x2000);
    ck_assert_uint_eq(t->regs.gs, 5);
    ck_assert_uint_eq(t->trap[14].address, 0x3000); /* by position; (vector) is not looked at */
    ck_assert_uint_eq(t->trap[14].cs, 0x13);
    ck_assert_uint_eq(t->trap[99].address, 0);
    ck_assert_uint_eq(t->kernel_ss, 0x1b);
    ck_assert_uint_eq(t->kernel_sp, 0x4000);
    ck_assert(t->ts && t->kernel_mode && t->initialised && t->down);
    ck_assert(t->cr3.v == f.v1->cr3.v && t->user_cr3.v == 0);
    ck_assert_uint_eq(t->event.address, 0x5000);
    ck_assert(t->failsafe.address == 0x6000 && t->failsafe.mask);
    ck_assert(t->syscall.address == 0x7000 && t->syscall.mask);
    ck_assert_uint_eq(t->fs_base, 0x8000);
    ck_assert_uint_eq(t->gs_base_kernel, 0x9000);
    ck_assert_uint_eq(t->gs_base_user, 0xa000);
    ck_assert_uint_eq(t->dr6, 0xffff0ff1);
    ck_assert_uint_eq(t->dr7, 0x400);
}
END_TEST

START_TEST(debug_registers_belong_to_a_vcpu)
{
    ck_ok(f.v1, fixture_call(f.v1, HC_SET_DEBUGREG, 2, 0x1000));
    ck_assert_uint_eq(f.v1->dr[2], 0x1000);
    ck_assert_uint_eq(f.v1b->dr[2], 0);
    ck_assert_uint_eq(f.v1b->dr6, 0xffff0ff0);
    ck_assert_uint_eq(f.v1b->dr7, 0x400);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vcpu");
    TCase *t = tcase_create("vcpu");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, a_context_is_kept_as_it_is_set);
    tcase_add_test(t, a_user_gs_is_loaded_as_the_processor_would);
    tcase_add_test(t, trap_handlers_take_effect_one_by_one);
    tcase_add_test(t, io_rights_are_kept_for_one_vcpu);
    tcase_add_test(t, ticks_of_a_long_time_are_counted_at_once);
    tcase_add_test(t, a_sleeper_does_not_tick_until_it_wakes);
    tcase_add_test(t, a_period_set_from_outside_ticks_in_sleep);
    tcase_add_test(t, a_timer_wakes_and_is_spent);
    tcase_add_test(t, accounts_add_up_to_all_time);
    tcase_add_test(t, a_new_vcpu_starts_with_its_context);
    tcase_add_test(t, debug_registers_belong_to_a_vcpu);
    suite_add_tcase(suite, t);
    return fixture_main(suite);
}
