/* SPDX-License-Identifier: MIT */
/* test-nmi.c: NMIs that enter a C function, and a guest's own assembly: when, how masked, in which order. */
#include "dies.h"
#include "guest.h"

#include <string.h>
#include <xen/interface/callback.h>
#include <xen/interface/nmi.h>
#include <xen/interface/vcpu.h>

#define RFLAGS_IF 0x200u

enum { BY_C, BY_FRAME, FORMS };
#if defined(__x86_64__)
#define FORMS_HERE FORMS

struct frame {
    uint64_t rcx, r11, rip, cs, rflags, rsp, ss;
};

void event_entry(void);
void handle_event(const struct frame *f);
void failsafe_entry(void);
void handle_failsafe(const void *f);
void nmi_entry(void);
void handle_nmi(const struct frame *f);
void leave_by_iret(uint64_t *seen, uint64_t rflags);
extern uint64_t entry_rcx, entry_r11, entry_rsp;

static struct frame frame;
static uint64_t entered_at;
static bool iret_inside;
static uint8_t mask_after_iret;
#else
#define FORMS_HERE BY_FRAME
#endif

static struct machine m;
static struct evtchn_send ipi;
static char entered[32]; /* who was entered, in order */
static unsigned int depth, depth_max;
static unsigned int more, events_inside;
static bool unmask_inside;
static uint8_t mask_inside;
static bool pending_inside, service_inside, service_after;

static void note(char who)
{
    const size_t n = strlen(entered);

    ck_assert_uint_lt(n, sizeof(entered) - 1);
    entered[n] = who;
}

static struct xd_registers state(struct xd_vcpu *v)
{
    struct xd_vcpu_info info;

    xd_vcpu_look(v, &info);
    return info.registers;
}

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

static void send_event(void)
{
    ck_assert_int_eq(HYPERVISOR_event_channel_op(EVTCHNOP_send, &ipi), 0);
}

static void send_nmi(void)
{
    ck_assert_int_eq(HYPERVISOR_vcpu_op(VCPUOP_send_nmi, 0, NULL), 0);
}

/* From outside: it stays pending until (v) comes by. */
static void nmi_arrives(struct xd_vcpu *v)
{
    const uint64_t arg[6] = {VCPUOP_send_nmi, v == m.v1};

    ck_assert_int_eq((int)xd_hypercall(v == m.v1 ? m.v0 : m.v1, __HYPERVISOR_vcpu_op, arg), 0);
}

/* It is due, and waits until d1v0 comes by. */
static void event_arrives(void)
{
    info()->evtchn_upcall_mask = 1;
    send_event();
    info()->evtchn_upcall_mask = 0;
}

static void on_event(void *unused)
{
    (void)unused;
    note('E');
    clear();
}

static void on_failsafe(void *unused, const struct xd_selectors *sel)
{
    (void)unused, (void)sel;
    note('F');
}

static void on_nmi(void *unused)
{
    struct xd_registers r = state(m.v0);

    (void)unused;
    note('N');
    if (++depth > depth_max)
        depth_max = depth;
    mask_inside = info()->evtchn_upcall_mask;
    pending_inside = r.nmi_pending;
    service_inside = r.nmi_in_service;
    if (unmask_inside) {
        unmask_inside = false;
        info()->evtchn_upcall_mask = 0;
    }
    if (events_inside) {
        events_inside--;
        send_event();
    }
#if defined(__x86_64__)
    if (iret_inside) {
        uint64_t seen[4] = {0};

        iret_inside = false;
        leave_by_iret(seen, 0);
        mask_after_iret = info()->evtchn_upcall_mask;
    }
#endif
    service_after = state(m.v0).nmi_in_service;
    if (more) {
        more--;
        send_nmi();
    }
    depth--;
}

#if defined(__x86_64__)
void handle_event(const struct frame *f)
{
    (void)f;
    on_event(NULL);
}

void handle_failsafe(const void *f)
{
    (void)f;
    on_failsafe(NULL, NULL);
}

void handle_nmi(const struct frame *f)
{
    frame = *f;
    entered_at = entry_rsp;
    on_nmi(NULL);
}
#endif

/* All handlers of d1v0 are of one form. */
static void handled(int form)
{
#if defined(__x86_64__)
    struct xennmi_callback nmi = {.handler_address = (uintptr_t)nmi_entry};

    if (form == BY_FRAME) {
        ck_assert_int_eq(
            HYPERVISOR_set_callbacks((uintptr_t)event_entry, (uintptr_t)failsafe_entry, 0), 0);
        ck_assert_int_eq(HYPERVISOR_nmi_op(XENNMI_register_callback, (uintptr_t)&nmi), 0);
        return;
    }
#endif
    (void)form;
    xd_guest_on_upcall(m.v0, on_event, NULL);
    xd_guest_on_failsafe(m.v0, on_failsafe, NULL);
    xd_guest_on_nmi(m.v0, on_nmi, NULL);
}

static void setup(void)
{
    struct evtchn_bind_ipi op = {.vcpu = 0};

    machine_enter(&m);
    ck_assert_int_eq(HYPERVISOR_event_channel_op(EVTCHNOP_bind_ipi, &op), 0);
    ipi.port = op.port;
    info()->evtchn_upcall_mask = 0;
}

static void teardown(void)
{
    machine_leave(&m);
}

static void expect_quiet(void)
{
    ck_assert(!state(m.v0).nmi_pending);
    ck_assert(!state(m.v0).nmi_in_service);
}

/* (_i): by form, and whether events are masked before. */
START_TEST(an_nmi_is_heard_whatever_the_mask)
{
    const uint8_t mask = (uint8_t)(_i / FORMS_HERE);

    handled(_i % FORMS_HERE);
    info()->evtchn_upcall_mask = mask;
    send_nmi();
    ck_assert_str_eq(entered, "N");
    ck_assert_uint_eq(mask_inside, 1);
    ck_assert(!pending_inside);
    ck_assert(service_inside);
    ck_assert_uint_eq(info()->evtchn_upcall_mask, mask);
    expect_quiet();
    HYPERVISOR_xen_version(XENVER_version, NULL);
    xd_preempt();
    ck_assert_str_eq(entered, "N");
    send_nmi();
    ck_assert_str_eq(entered, "NN");
}
END_TEST

START_TEST(the_next_one_waits_for_iret)
{
    handled(_i);
    more = 3;
    send_nmi();
    ck_assert_str_eq(entered, "NNNN");
    ck_assert_uint_eq(depth_max, 1);
    expect_quiet();
}
END_TEST

START_TEST(an_nmi_comes_before_an_event)
{
    handled(_i);
    event_arrives();
    nmi_arrives(m.v0);
    xd_preempt();
    ck_assert_str_eq(entered, "NE");
    events_inside = 1; /* masked: it waits */
    send_nmi();
    ck_assert_str_eq(entered, "NENE");
    expect_quiet();
}
END_TEST

/* AS-XEN: do_iret: whichever handler's it is. */
START_TEST(an_events_iret_ends_its_service)
{
    handled(_i);
    unmask_inside = true;
    events_inside = 1;
    more = 1;
    send_nmi();
    ck_assert_str_eq(entered, "NEN");
    ck_assert_uint_eq(depth_max, 2);
    expect_quiet();
}
END_TEST

/* (_i): by form, and whether the failsafe callback masks events. */
START_TEST(both_come_before_failsafe_unless_that_masks)
{
    const bool masks = _i / FORMS_HERE;
    struct callback_register reg = {.type = CALLBACKTYPE_failsafe,
                                    .flags = masks ? CALLBACKF_mask_events : 0};

    handled(_i % FORMS_HERE);
#if defined(__x86_64__)
    reg.address = (uintptr_t)failsafe_entry;
#endif
    ck_assert_int_eq(HYPERVISOR_callback_op(CALLBACKOP_register, &reg), 0);
    event_arrives();
    nmi_arrives(m.v0);
    xd_failsafe_raise(m.v0, NULL);
    xd_preempt();
    ck_assert_str_eq(entered, masks ? "NFE" : "NEF");
#if defined(__x86_64__)
    if (_i % FORMS_HERE ==
        BY_FRAME) /* it interrupts the failsafe callback, at its first instruction */
        ck_assert_uint_eq(frame.cs, 0xe030 | (uint64_t)masks << 32);
#endif
    ck_assert_uint_eq(info()->evtchn_upcall_mask, 0);
    expect_quiet();
}
END_TEST

START_TEST(a_handler_of_the_trap_table_need_not_mask)
{
    struct trap_info table[2] = {{.vector = 2, .cs = FLAT_KERNEL_CS, .address = 4096}};

    handled(_i);
#if defined(__x86_64__)
    table[0].address = (uintptr_t)nmi_entry;
#endif
    ck_assert_int_eq(HYPERVISOR_set_trap_table(table), 0);
    event_arrives();
    nmi_arrives(m.v0);
    xd_preempt();
    ck_assert_str_eq(entered, "EN"); /* the event's frame lies on top */
    ck_assert_uint_eq(mask_inside, 0);
    ck_assert(!service_inside); /* that frame's iret */
    expect_quiet();
}
END_TEST

START_TEST(without_a_handler_it_is_lost)
{
    handled(BY_C);
    xd_guest_on_nmi(m.v0, NULL, NULL);
    send_nmi();
    expect_quiet();
    handled(_i);
    xd_preempt();
    ck_assert_str_eq(entered, "");
    if (_i == BY_FRAME)
        ck_assert_int_eq(HYPERVISOR_nmi_op(XENNMI_unregister_callback, 0), 0);
    else
        xd_guest_on_nmi(m.v0, NULL, NULL);
    event_arrives();
    nmi_arrives(m.v0);
    xd_preempt();
    ck_assert_str_eq(entered, "E");
    expect_quiet();
}
END_TEST

START_TEST(going_back_takes_it_back)
{
    struct xd_snapshot snap = xd_snapshot(m.hv);

    handled(BY_C);
    nmi_arrives(m.v0);
    ck_assert_int_eq(xd_restore(m.hv, snap), 0);
    xd_preempt();
    ck_assert_str_eq(entered, "");
    expect_quiet();
    nmi_arrives(m.v0);
    xd_preempt();
    ck_assert_str_eq(entered, "N");
}
END_TEST

/* ---- Contexts and threads ---- */

static char seen_when_woken[sizeof(entered)];

static void sleep_until_woken(void *form)
{
    handled(*(const int *)form);
    ck_assert_int_eq(HYPERVISOR_sched_op(SCHEDOP_block, NULL), 0);
    memcpy(seen_when_woken, entered, sizeof(entered));
}

static void wake(void *unused)
{
    bool asleep = false;

    (void)unused;
    while (!asleep) {
        xd_preempt();
        xd_guest_lock(m.hv);
        asleep = xd_vcpu_state(m.v0) == XD_STATE_BLOCKED;
        xd_guest_unlock(m.hv);
    }
    send_nmi();
}

/* (_i): by form, and 0 as contexts, 1 as threads */
START_TEST(who_is_woken_enters_its_handler_first)
{
    struct xd_run_config c = XD_RUN_CONFIG_DEFAULT;
    int form = _i % FORMS_HERE;

    xd_leave();
    c.threads = _i / FORMS_HERE;
    start(m.v0, sleep_until_woken, &form);
    start(m.v1, wake, NULL);
    ck_assert_int_eq(xd_run(m.hv, &c), XD_RUN_FINISHED);
    ck_assert_str_eq(seen_when_woken, "N");
    ck_assert_str_eq(entered, "N");
    expect_quiet();
}
END_TEST

/* The thread that entered a vCPU sleeps, too. */
START_TEST(an_entered_vcpu_is_woken_too)
{
    handled(_i);
    start(m.v1, wake, NULL);
    ck_assert_int_eq(HYPERVISOR_sched_op(SCHEDOP_block, NULL), 0);
    ck_assert_str_eq(entered, "N");
    expect_quiet();
}
END_TEST

/* ---- Frames ---- */

#if defined(__x86_64__)

START_TEST(the_frame_is_xens)
{
    handled(BY_FRAME);
    for (uint64_t mask = 0; mask < 2; mask++) {
        info()->evtchn_upcall_mask = (uint8_t)mask;
        send_nmi();
        ck_assert_uint_eq(entered_at % 16, 8);
        ck_assert_uint_eq(entry_rcx, (uintptr_t)nmi_entry);
        ck_assert_uint_eq(frame.cs, 0xe030 | mask << 32);
        ck_assert_uint_eq(frame.ss, FLAT_KERNEL_SS);
        ck_assert_uint_eq(frame.rflags & 0x3200, mask ? 0 : RFLAGS_IF);
        ck_assert_uint_eq((frame.rsp & ~UINT64_C(15)) - sizeof(frame), entered_at);
        ck_assert_uint_lt((uintptr_t)__builtin_frame_address(0) - entered_at, 4096);
    }
}
END_TEST

START_TEST(an_iret_inside_ends_its_service)
{
    handled(BY_FRAME);
    iret_inside = true;
    send_nmi();
    ck_assert_str_eq(entered, "N");
    ck_assert(service_inside);
    ck_assert(!service_after);
    ck_assert_uint_eq(mask_after_iret, 1);
    ck_assert_uint_eq(info()->evtchn_upcall_mask, 0);
}
END_TEST

START_TEST(iret_delivers_before_it_leaves)
{
    uint64_t seen[4] = {0};

    handled(BY_FRAME);
    nmi_arrives(m.v0);
    leave_by_iret(seen, 0);
    ck_assert_str_eq(entered, "N");
    ck_assert_uint_eq(seen[0], 0x11);
    ck_assert_uint_eq(seen[1], 0x22);
    ck_assert_uint_eq(seen[2], 0x33);
    ck_assert_uint_eq(info()->evtchn_upcall_mask, 1);
    expect_quiet();
}
END_TEST

/* An NMI of vCPU 0 waited for its handler. */
START_TEST(registering_takes_what_shared_info_names)
{
    xd_guest_shared_info(m.d1)->arch.nmi_reason = XEN_NMIREASON_io_error;
    handled(BY_FRAME);
    ck_assert_str_eq(entered, "N");
}
END_TEST

#endif

/* ---- Who may be told ---- */

#if !defined(XD_CRASH_CODE) /* a sanitizer's handler comes first, and has a report of its own */

static void run_into_a_fault(void *unused)
{
    (void)unused;
    fault();
}

static void fault_in_handler(void *unused)
{
    (void)unused;
    xd_guest_on_nmi(m.v0, run_into_a_fault, NULL);
    send_nmi();
}

START_TEST(a_fault_is_told_as_its)
{
    ck_dies_saying(fault_in_handler, NULL, "in the NMI handler of d1v0");
}
END_TEST

#endif

static void leave_inside(void *unused)
{
    (void)unused;
    xd_leave();
}

static void lose_whom_it_interrupts(void *unused)
{
    (void)unused;
    xd_guest_on_nmi(m.v0, leave_inside, NULL);
    send_nmi();
}

START_TEST(its_handler_may_not_take_its_vcpu_away)
{
    ck_dies_saying(lose_whom_it_interrupts, NULL, "the NMI handler returned, and its thread");
}
END_TEST

static void on_nobody(void *unused)
{
    (void)unused;
    xd_guest_on_nmi(NULL, on_nmi, NULL);
}

START_TEST(its_handler_wants_a_vcpu)
{
    ck_dies_saying(on_nobody, NULL, "xd_guest_on_nmi: the vCPU is NULL");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("nmi");
    TCase *tc = tcase_create("nmi");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, an_nmi_is_heard_whatever_the_mask, 0, 2 * FORMS_HERE);
    tcase_add_loop_test(tc, the_next_one_waits_for_iret, 0, FORMS_HERE);
    tcase_add_loop_test(tc, an_nmi_comes_before_an_event, 0, FORMS_HERE);
    tcase_add_loop_test(tc, an_events_iret_ends_its_service, 0, FORMS_HERE);
    tcase_add_loop_test(tc, both_come_before_failsafe_unless_that_masks, 0, 2 * FORMS_HERE);
    tcase_add_loop_test(tc, a_handler_of_the_trap_table_need_not_mask, 0, FORMS_HERE);
    tcase_add_loop_test(tc, without_a_handler_it_is_lost, 0, FORMS_HERE);
    tcase_add_test(tc, going_back_takes_it_back);
    tcase_add_loop_test(tc, who_is_woken_enters_its_handler_first, 0, 2 * FORMS_HERE);
    tcase_add_loop_test(tc, an_entered_vcpu_is_woken_too, 0, FORMS_HERE);
#if defined(__x86_64__)
    tcase_add_test(tc, the_frame_is_xens);
    tcase_add_test(tc, an_iret_inside_ends_its_service);
    tcase_add_test(tc, iret_delivers_before_it_leaves);
    tcase_add_test(tc, registering_takes_what_shared_info_names);
#endif
#if !defined(XD_CRASH_CODE)
    tcase_add_test(tc, a_fault_is_told_as_its);
#endif
    tcase_add_test(tc, its_handler_may_not_take_its_vcpu_away);
    tcase_add_test(tc, its_handler_wants_a_vcpu);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
