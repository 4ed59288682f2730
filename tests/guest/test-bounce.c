/* SPDX-License-Identifier: MIT */
/* test-bounce.c: upcalls that enter a guest's own assembly by Xen's frame, and the iret hypercall. */
#include "dies.h"
#include "guest.h"

#include <xen/interface/callback.h>

#define RFLAGS_IF 0x200u
#define RFLAGS_CF 0x1u

struct frame {
    uint64_t rcx, r11, rip, cs, rflags, rsp, ss;
};

struct failsafe_frame {
    uint64_t rcx, r11, ds, es, fs, gs, rip, cs, rflags, rsp, ss;
};

void event_entry(void);
void handle_event(const struct frame *f);
void failsafe_entry(void);
void handle_failsafe(const struct failsafe_frame *f);
void leave_by_iret(uint64_t *seen, uint64_t rflags);
extern uint64_t entry_rcx, entry_r11, entry_rsp;
extern char hypercall_page[128][32];

static struct machine m;
static struct evtchn_send ipi;
static unsigned int handled, depth, depth_max;
static uint64_t spoil; /* what the handler leaves in pending */
static unsigned int again;
static struct frame frame;
static uint8_t mask_inside, mask_in_failsafe_seen;
static bool lose_the_vcpu, call_inside;
static struct failsafe_frame failed;
static unsigned int failures, handled_before, through_before, fail_again, send_inside;
static uint64_t entered_at;

static void setup(void)
{
    struct evtchn_bind_ipi op = {.vcpu = 0};

    machine_setup(&m);
    ck_assert_int_eq(xd_enter(m.v0), 0);
    ck_assert_int_eq(HYPERVISOR_event_channel_op(EVTCHNOP_bind_ipi, &op), 0);
    ipi.port = op.port;
    ck_assert_int_eq(HYPERVISOR_set_callbacks((uintptr_t)event_entry, (uintptr_t)failsafe_entry, 0),
                     0);
    xd_guest_vcpu_info(m.v0)->evtchn_upcall_mask = 0;
    handled = depth = depth_max = again = failures = fail_again = send_inside = 0;
}

static void teardown(void)
{
    machine_teardown(&m);
}

static void clear(void)
{
    struct vcpu_info *info = xd_guest_vcpu_info(m.v0);

    info->evtchn_upcall_pending = 0;
    info->evtchn_pending_sel = 0;
    xd_guest_shared_info(m.d1)->evtchn_pending[0] = 0;
}

static void send(void)
{
    ck_assert_int_eq(HYPERVISOR_event_channel_op(EVTCHNOP_send, &ipi), 0);
}

void handle_event(const struct frame *f)
{
    handled++;
    if (++depth > depth_max)
        depth_max = depth;
    frame = *f;
    mask_inside = xd_guest_vcpu_info(m.v0)->evtchn_upcall_mask;
    clear();
    if (lose_the_vcpu) {
        xd_leave();
        HYPERVISOR_xen_version(XENVER_version, NULL);
    }
    if (call_inside)
        HYPERVISOR_xen_version(XENVER_version, NULL);
    if (again) {
        again--;
        send(); /* masked: it waits until the iret */
        ck_assert_uint_eq(depth, 1);
    }
    if (spoil) {
        spoil--;
        xd_guest_vcpu_info(m.v0)->evtchn_upcall_mask = 0; /* lets itself be interrupted */
        send();
    }
    depth--;
}

void handle_failsafe(const struct failsafe_frame *f)
{
    failed = *f;
    entered_at = entry_rsp;
    mask_inside = mask_in_failsafe_seen = xd_guest_vcpu_info(m.v0)->evtchn_upcall_mask;
    handled_before = handled;
    through_before = handled - depth;
    failures++;
    if (send_inside) {
        send_inside--;
        send();
    }
    if (fail_again) {
        fail_again--;
        xd_failsafe_raise(m.v0, NULL);
    }
}

START_TEST(the_frame_is_xens)
{
    send();
    ck_assert_uint_eq(handled, 1);
    ck_assert_uint_eq(entry_rsp % 16, 8);
    ck_assert_uint_eq(entry_rcx, (uintptr_t)event_entry);
    ck_assert_uint_eq(entry_r11 & RFLAGS_IF, RFLAGS_IF);
    ck_assert_uint_eq(frame.ss, FLAT_KERNEL_SS);
    ck_assert_uint_eq(frame.cs, 0xe030); /* kernel: privilege level 0; saved mask: 0 */
    ck_assert_uint_eq(frame.rflags & 0x3200, RFLAGS_IF);
    ck_assert_uint_eq(mask_inside, 1);
    /* Nothing was switched: the frame lies right below the stack of whom it interrupted. */
    ck_assert_uint_eq((frame.rsp & ~UINT64_C(15)) - 56, entry_rsp);
    ck_assert_uint_lt((uintptr_t)__builtin_frame_address(0) - entry_rsp, 4096);
    ck_assert_uint_eq(xd_guest_vcpu_info(m.v0)->evtchn_upcall_mask, 0);
}
END_TEST

START_TEST(masked_events_wait)
{
    xd_guest_vcpu_info(m.v0)->evtchn_upcall_mask = 1;
    send();
    ck_assert_uint_eq(handled, 0);
    xd_guest_vcpu_info(m.v0)->evtchn_upcall_mask = 0;
    ck_assert_uint_eq(handled, 0);
    xd_preempt();
    ck_assert_uint_eq(handled, 1);
}
END_TEST

START_TEST(what_comes_meanwhile_follows)
{
    again = 5;
    send();
    ck_assert_uint_eq(handled, 6);
    ck_assert_uint_eq(depth_max, 1);
}
END_TEST

START_TEST(a_handler_that_unmasks_is_interrupted)
{
    spoil = 3;
    send();
    ck_assert_uint_eq(handled, 4);
    ck_assert_uint_eq(depth_max, 4);
    ck_assert_uint_eq(xd_guest_vcpu_info(m.v0)->evtchn_upcall_mask, 0);
}
END_TEST

START_TEST(the_result_of_the_call_survives)
{
    ck_assert_int_eq(HYPERVISOR_xen_version(XENVER_version, NULL), 0x40011);
    xd_guest_vcpu_info(m.v0)->evtchn_upcall_pending = 1;
    ck_assert_int_eq(HYPERVISOR_xen_version(XENVER_version, NULL), 0x40011);
    ck_assert_uint_eq(handled, 1);
}
END_TEST

START_TEST(iret_loads_what_the_frame_says)
{
    uint64_t seen[4] = {0};

    leave_by_iret(seen, RFLAGS_IF | RFLAGS_CF);
    ck_assert_uint_eq(seen[0], 0x11);
    ck_assert_uint_eq(seen[1], 0x22);
    ck_assert_uint_eq(seen[2], 0x33);
    ck_assert_uint_eq(seen[3] & RFLAGS_CF, RFLAGS_CF);
    ck_assert_uint_eq(xd_guest_vcpu_info(m.v0)->evtchn_upcall_mask, 0);
    leave_by_iret(seen, 0);
    ck_assert_uint_eq(seen[3] & RFLAGS_CF, 0);
    ck_assert_uint_eq(xd_guest_vcpu_info(m.v0)->evtchn_upcall_mask, 1);
}
END_TEST

START_TEST(iret_that_unmasks_delivers_first)
{
    uint64_t seen[4] = {0};

    xd_guest_vcpu_info(m.v0)->evtchn_upcall_mask = 1;
    send();
    leave_by_iret(seen, 0);
    ck_assert_uint_eq(handled, 0);
    leave_by_iret(seen, RFLAGS_IF);
    ck_assert_uint_eq(handled, 1);
    ck_assert_uint_eq(seen[0], 0x11);
}
END_TEST

static void __attribute__((noinline)) send_and_lose(void *unused)
{
    (void)unused;
    lose_the_vcpu = true;
    send();
    __asm__ volatile(""); /* no tail call: it is to be seen */
}

/* From the handler through the guest's entry and the frame to whom the upcall interrupted. */
START_TEST(backtraces_go_through_the_frame)
{
    if (!XD_HAVE_UNWIND)
        return;
    ck_dies_saying(send_and_lose, NULL, "handle_event");
    ck_dies_saying(send_and_lose, NULL, "event_entry");
    ck_dies_saying(send_and_lose, NULL, "send_and_lose");
}
END_TEST

static void hear_in_a_thread(void *unused)
{
    (void)unused;
    again = 2;
    send();
}

/* (_i): 0 as a context, 1 as a thread */
START_TEST(contexts_and_threads_are_entered_too)
{
    struct xd_run_config c = XD_RUN_CONFIG_DEFAULT;

    xd_leave();
    c.threads = _i;
    ck_assert_int_eq(xd_vcpu_start(m.v0, hear_in_a_thread, NULL), 0);
    ck_assert_int_eq(xd_run(m.hv, &c), XD_RUN_FINISHED);
    ck_assert_uint_eq(handled, 3);
    ck_assert_uint_eq(depth_max, 1);
    ck_assert_uint_eq(xd_guest_vcpu_info(m.v0)->evtchn_upcall_mask, 0);
}
END_TEST

/* AS-XEN: create_bounce_frame: the saved mask is in the frame, and what had been masked stays so. */
START_TEST(iret_keeps_a_mask_that_the_frame_names)
{
    uint64_t seen[4] = {0};

    leave_by_iret(seen, 0);
    send();
    ck_assert_uint_eq(handled, 0);
    ck_assert_uint_eq(xd_guest_vcpu_info(m.v0)->evtchn_upcall_pending, 1);
}
END_TEST

static const struct xd_selectors bad = {.ds = 0x33, .es = 0x3b, .fs = 0x43, .gs = 0x4b};

static void mask_in_failsafe(void)
{
    struct callback_register reg = {.type = CALLBACKTYPE_failsafe,
                                    .flags = CALLBACKF_mask_events,
                                    .address = (uintptr_t)failsafe_entry};

    ck_assert_int_eq(HYPERVISOR_callback_op(CALLBACKOP_register, &reg), 0);
}

/* AS-XEN: load_segments: what could not be loaded stands above R11, DS first. */
START_TEST(the_failsafe_frame_is_xens)
{
    xd_failsafe_raise(m.v0, &bad);
    ck_assert_uint_eq(failures, 0); /* it waits for the way back */
    HYPERVISOR_xen_version(XENVER_version, NULL);
    ck_assert_uint_eq(failures, 1);
    ck_assert_uint_eq(failed.ds, 0x33);
    ck_assert_uint_eq(failed.es, 0x3b);
    ck_assert_uint_eq(failed.fs, 0x43);
    ck_assert_uint_eq(failed.gs, 0x4b);
    ck_assert_uint_eq(failed.cs, 0xe030);
    ck_assert_uint_eq(failed.ss, FLAT_KERNEL_SS);
    ck_assert_uint_eq(failed.rflags & 0x3200, RFLAGS_IF);
    ck_assert_uint_eq(entered_at % 16, 8);
    ck_assert_uint_eq((failed.rsp & ~UINT64_C(15)) - sizeof(failed), entered_at);
    ck_assert_uint_eq(mask_inside, 0);
    ck_assert_uint_eq(xd_guest_vcpu_info(m.v0)->evtchn_upcall_mask, 0);
    HYPERVISOR_xen_version(XENVER_version, NULL);
    xd_preempt();
    ck_assert_uint_eq(failures, 1);
}
END_TEST

START_TEST(failsafe_shows_the_mask_and_keeps_it)
{
    xd_guest_vcpu_info(m.v0)->evtchn_upcall_mask = 1;
    send();
    xd_failsafe_raise(m.v0, NULL);
    xd_preempt();
    ck_assert_uint_eq(failures, 1);
    ck_assert_uint_eq(failed.cs, 0xe030 | UINT64_C(1) << 32);
    ck_assert_uint_eq(failed.rflags & RFLAGS_IF, 0);
    ck_assert_uint_eq(mask_inside, 1);
    ck_assert_uint_eq(handled, 0);
    ck_assert_uint_eq(xd_guest_vcpu_info(m.v0)->evtchn_upcall_mask, 1);
}
END_TEST

/* (_i): 1: it was registered with CALLBACKF_mask_events. The event's handler may make calls: it is through first. */
START_TEST(an_event_comes_before_failsafe_unless_that_masks)
{
    if (_i)
        mask_in_failsafe();
    call_inside = true;
    xd_guest_vcpu_info(m.v0)->evtchn_upcall_mask = 1;
    send();
    xd_guest_vcpu_info(m.v0)->evtchn_upcall_mask = 0;
    xd_failsafe_raise(m.v0, &bad);
    xd_preempt();
    ck_assert_uint_eq(failures, 1);
    ck_assert_uint_eq(handled, 1);
    ck_assert_uint_eq(handled_before, !_i);
    ck_assert_uint_eq(through_before, !_i);
    ck_assert_uint_eq(mask_in_failsafe_seen, _i);
    ck_assert_uint_eq(failed.cs, 0xe030); /* the mask from before is saved */
    ck_assert_uint_eq(xd_guest_vcpu_info(m.v0)->evtchn_upcall_mask, 0);
}
END_TEST

START_TEST(failsafe_is_interrupted_by_what_it_brings_about)
{
    send_inside = 1;
    fail_again = 2;
    xd_failsafe_raise(m.v0, NULL);
    xd_preempt();
    ck_assert_uint_eq(failures, 3);
    ck_assert_uint_eq(handled, 1);
}
END_TEST

START_TEST(iret_enters_failsafe_before_it_leaves)
{
    uint64_t seen[4] = {0};

    xd_failsafe_raise(m.v0, &bad);
    leave_by_iret(seen, RFLAGS_IF);
    ck_assert_uint_eq(failures, 1);
    ck_assert_uint_eq(seen[0], 0x11);
    ck_assert_uint_eq(seen[1], 0x22);
    ck_assert_uint_eq(seen[2], 0x33);
}
END_TEST

START_TEST(going_back_takes_failsafe_back)
{
    struct xd_snapshot snap = xd_snapshot(m.hv);

    xd_failsafe_raise(m.v0, &bad);
    ck_assert_int_eq(xd_restore(m.hv, snap), 0);
    xd_preempt();
    ck_assert_uint_eq(failures, 0);
    xd_failsafe_raise(m.v0, &bad);
    xd_preempt();
    ck_assert_uint_eq(failures, 1);
}
END_TEST

static void fail_inside(void *unused)
{
    (void)unused;
    xd_failsafe_raise(m.v0, &bad);
    HYPERVISOR_xen_version(XENVER_version, NULL);
}

/* (_i): 0 as a context, 1 as a thread */
START_TEST(contexts_and_threads_enter_failsafe)
{
    struct xd_run_config c = XD_RUN_CONFIG_DEFAULT;

    xd_leave();
    c.threads = _i;
    ck_assert_int_eq(xd_vcpu_start(m.v0, fail_inside, NULL), 0);
    ck_assert_int_eq(xd_run(m.hv, &c), XD_RUN_FINISHED);
    ck_assert_uint_eq(failures, 1);
    ck_assert_uint_eq(failed.ds, 0x33);
}
END_TEST

START_TEST(a_domain_without_a_failsafe_callback_crashes)
{
    HYPERVISOR_set_callbacks((uintptr_t)event_entry, 0, 0);
    xd_failsafe_raise(m.v0, &bad);
    xd_preempt();
}
END_TEST

START_TEST(a_domain_without_a_callback_crashes)
{
    HYPERVISOR_set_callbacks(0, 0, 0);
    send();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("bounce");
    TCase *tc = tcase_create("bounce");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, the_frame_is_xens);
    tcase_add_test(tc, masked_events_wait);
    tcase_add_test(tc, what_comes_meanwhile_follows);
    tcase_add_test(tc, a_handler_that_unmasks_is_interrupted);
    tcase_add_test(tc, the_result_of_the_call_survives);
    tcase_add_test(tc, iret_loads_what_the_frame_says);
    tcase_add_test(tc, iret_that_unmasks_delivers_first);
    tcase_add_test(tc, backtraces_go_through_the_frame);
    tcase_add_loop_test(tc, contexts_and_threads_are_entered_too, 0, 2);
    tcase_add_test(tc, iret_keeps_a_mask_that_the_frame_names);
    tcase_add_test(tc, the_failsafe_frame_is_xens);
    tcase_add_test(tc, failsafe_shows_the_mask_and_keeps_it);
    tcase_add_loop_test(tc, an_event_comes_before_failsafe_unless_that_masks, 0, 2);
    tcase_add_test(tc, failsafe_is_interrupted_by_what_it_brings_about);
    tcase_add_test(tc, iret_enters_failsafe_before_it_leaves);
    tcase_add_test(tc, going_back_takes_failsafe_back);
    tcase_add_loop_test(tc, contexts_and_threads_enter_failsafe, 0, 2);
    tcase_add_test_raise_signal(tc, a_domain_without_a_failsafe_callback_crashes, SIGABRT);
    tcase_add_test_raise_signal(tc, a_domain_without_a_callback_crashes, SIGABRT);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
