/* SPDX-License-Identifier: MIT */
/* test-sched.c: sched_op: sleeping, waking, watchdogs, and the end of a domain. */
#include "fixture.h"

#include "hv/evtchn.h"
#include "hv/sched.h"

#define HC        29
#define HC_COMPAT 6
#define HC_EVTCHN 32
#define SECOND    UINT64_C(1000000000)

enum { YIELD, BLOCK, SHUTDOWN, POLL, REMOTE_SHUTDOWN, SHUTDOWN_CODE, WATCHDOG, PIN_OVERRIDE };

static struct xd_fixture f;
static uint64_t shared; /* shared_info in d1 */
static uint32_t p1, p2; /* a pair between d1 and d2 */

static void setup(void)
{
    struct xd_abi_evtchn_alloc_unbound alloc = {DOMID_SELF, 2, 0};
    struct xd_abi_evtchn_bind_interdomain bind = {1, 0, 0, 0};

    fixture_setup(&f);
    shared = fixture_map_shared_info(f.v1);
    ck_ok(f.v1, fixture_run(&f, f.v1, HC_EVTCHN, 6, &alloc));
    bind.remote_port = p1 = alloc.port;
    ck_ok(f.v2, fixture_run(&f, f.v2, HC_EVTCHN, 0, &bind));
    p2 = bind.local_port;
}

static void teardown(void)
{
    fixture_teardown(&f);
}

static void send(struct xd_vcpu *v, uint32_t port)
{
    struct xd_abi_evtchn_port op = {port};

    ck_ok(v, fixture_run(&f, v, HC_EVTCHN, 4, &op));
}

static uint32_t bind_ipi(struct xd_vcpu *v, uint32_t vcpu)
{
    struct xd_abi_evtchn_bind_ipi op = {vcpu, 0};

    ck_ok(v, fixture_run(&f, v, HC_EVTCHN, 7, &op));
    return op.port;
}

static long poll(struct xd_vcpu *v, const uint32_t *ports, uint32_t nr, uint64_t timeout)
{
    struct xd_abi_sched_poll op = {.nr_ports = nr, .timeout = timeout};

    if (nr)
        op.ports = fixture_place(&f, v, ports, nr * sizeof(*ports));
    return fixture_run(&f, v, HC, POLL, &op);
}

static long watchdog(uint32_t id, uint32_t seconds)
{
    struct xd_abi_sched_watchdog op = {id, seconds};

    return fixture_run(&f, f.v1, HC, WATCHDOG, &op);
}

static void set_mask(uint8_t mask)
{
    fixture_set_shared(f.v1, shared, vcpu_info[0].evtchn_upcall_mask, mask);
}

static void set_pending(uint8_t pending)
{
    fixture_set_shared(f.v1, shared, vcpu_info[0].evtchn_upcall_pending, pending);
}

/* ---- block ---- */

START_TEST(yield_is_nothing)
{
    ck_ok(f.v1, fixture_call(f.v1, HC, YIELD, 0));
    ck_ok(f.v1, fixture_call(f.v1, HC_COMPAT, YIELD, 0));
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_RUNNING);
}
END_TEST

START_TEST(block_sleeps_until_an_event)
{
    ck_assert_uint_eq(fixture_vcpu_info(f.v1)->evtchn_upcall_mask, 1);
    ck_ok(f.v1, fixture_call(f.v1, _i ? HC : HC_COMPAT, BLOCK, 0));
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_BLOCKED);
    ck_assert_uint_eq(fixture_vcpu_info(f.v1)->evtchn_upcall_mask, 0);
    ck_assert_int_eq(fixture_call(f.v1, 17, 0), XD_NOT_RUNNING);
    ck_assert_int_eq(xd_vcpu_state(f.v1b), XD_STATE_RUNNING);
    send(f.v2, p2);
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_RUNNING);
    ck_assert(xd_upcall_due(f.v1));
}
END_TEST

START_TEST(block_with_an_event_pending_does_not_sleep)
{
    send(f.v2, p2);
    ck_ok(f.v1, fixture_call(f.v1, HC, BLOCK, 0));
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_RUNNING);
    ck_assert(xd_upcall_due(f.v1));
}
END_TEST

START_TEST(a_masked_port_does_not_wake_a_blocked_vcpu)
{
    fixture_set_shared(f.v1, shared, evtchn_mask[0], UINT64_C(1) << p1);
    ck_ok(f.v1, fixture_call(f.v1, HC, BLOCK, 0));
    send(f.v2, p2);
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_BLOCKED);
}
END_TEST

START_TEST(a_down_vcpu_hears_events_but_does_not_run)
{
    uint32_t ipi = bind_ipi(f.v1, 2);

    ck_assert_int_eq(xd_vcpu_state(f.v1down), XD_STATE_DOWN);
    ck_assert_int_eq(fixture_call(f.v1down, 17, 0), XD_NOT_RUNNING);
    send(f.v1, ipi);
    ck_assert_uint_eq(fixture_vcpu_info(f.v1down)->evtchn_upcall_pending, 1);
    ck_assert_int_eq(xd_vcpu_state(f.v1down), XD_STATE_DOWN);
}
END_TEST

/* ---- poll ---- */

START_TEST(poll_checks_its_argument)
{
    static uint32_t ports[129];
    struct xd_abi_sched_poll op = {.nr_ports = 1};
    uint64_t last = fixture_hole(f.v1) - 4;

    for (unsigned int i = 0; i < XD_ARRAY_SIZE(ports); i++)
        ports[i] = p1;
    ck_refused(f.v1, fixture_call(f.v1, HC, POLL, fixture_hole(f.v1)), EFAULT, COPY_IN);
    ck_refused(f.v1, poll(f.v1, ports, 129, 1), EINVAL, SCHED_POLL_COUNT);
    op.ports = XD_HYPERVISOR_START;
    ck_refused(f.v1, fixture_run(&f, f.v1, HC, POLL, &op), EFAULT, SCHED_POLL_LIST_RANGE);
    op.nr_ports = 0;
    ck_refused(f.v1, fixture_run(&f, f.v1, HC, POLL, &op), EFAULT, SCHED_POLL_LIST_RANGE);
    fixture_store(f.v1, last, &p1, 4);
    op.ports = last;
    op.nr_ports = 2;
    ck_refused(f.v1, fixture_run(&f, f.v1, HC, POLL, &op), EFAULT, SCHED_POLL_LIST);
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_RUNNING);
    ck_ok(f.v1, poll(f.v1, ports, 128, 0));
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_BLOCKED);
}
END_TEST

static const struct {
    uint32_t port;
    int err;
    enum xd_why why;
} polled[] = {
    {0, XD_EINVAL, XD_WHY_SCHED_POLL_PORT_UNUSABLE},
    {60, XD_EINVAL, XD_WHY_SCHED_POLL_PORT_UNUSABLE},
    {64, XD_EINVAL, XD_WHY_SCHED_POLL_PORT_RANGE},
    {5000, XD_EINVAL, XD_WHY_SCHED_POLL_PORT_RANGE},
    {0xffffffff, XD_EINVAL, XD_WHY_SCHED_POLL_PORT_RANGE},
    {1, 0, XD_WHY_NONE},
};

START_TEST(poll_wants_ports_that_events_can_arrive_at)
{
    ck_refused_as(f.v1, poll(f.v1, &polled[_i].port, 1, 0), polled[_i].err, polled[_i].why);
    ck_assert_int_eq(xd_vcpu_state(f.v1), polled[_i].err ? XD_STATE_RUNNING : XD_STATE_BLOCKED);
}
END_TEST

START_TEST(poll_returns_at_once_for_a_pending_port)
{
    const uint32_t list[] = {p1, 5000}; /* what follows the pending one is not looked at */
    const uint32_t wrong_first[] = {5000, p1};

    send(f.v2, p2);
    set_pending(0);
    ck_ok(f.v1, poll(f.v1, list, 2, 0));
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_RUNNING);
    ck_assert_uint_eq(fixture_shared_info(f.d1)->evtchn_pending[0], UINT64_C(1) << p1);
    ck_refused(f.v1, poll(f.v1, wrong_first, 2, 0), EINVAL, SCHED_POLL_PORT_RANGE);
}
END_TEST

START_TEST(poll_returns_at_once_when_an_upcall_is_due)
{
    const uint32_t bad = 5000;

    set_pending(1);
    ck_refused(f.v1, poll(f.v1, &bad, 1, 0), EINVAL, SCHED_POLL_PORT_RANGE);
    set_mask(0);
    ck_ok(f.v1, poll(f.v1, &bad, 1, 0)); /* the ports are not even looked at */
    ck_ok(f.v1, poll(f.v1, NULL, 0, 0));
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_RUNNING);
}
END_TEST

/* Masked ports wake pollers too; that is what polling is for. */
START_TEST(one_port_is_polled_for_alone)
{
    uint32_t other = bind_ipi(f.v1, 0);

    fixture_set_shared(f.v1, shared, evtchn_mask[0], ~UINT64_C(0));
    ck_ok(f.v1, poll(f.v1, &p1, 1, 0));
    send(f.v1b, other);
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_BLOCKED);
    send(f.v2, p2);
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_RUNNING);
    ck_assert_uint_eq(fixture_vcpu_info(f.v1)->evtchn_upcall_pending, 0);
    ck_assert_uint_eq(fixture_vcpu_info(f.v1)->evtchn_upcall_mask, 1);
}
END_TEST

START_TEST(several_ports_or_none_mean_any_port_of_the_domain)
{
    const uint32_t list[] = {1, 2};
    uint32_t other = bind_ipi(f.v1, 1);

    fixture_set_shared(f.v1, shared, evtchn_mask[0], ~UINT64_C(0));
    ck_ok(f.v1, poll(f.v1, list, _i ? 2 : 0, 0));
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_BLOCKED);
    send(f.v1b, other);
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_RUNNING);
}
END_TEST

START_TEST(a_kick_ends_a_poll_for_another_port_even_when_masked)
{
    uint32_t other = bind_ipi(f.v1, 0);

    ck_ok(f.v1, poll(f.v1, &p1, 1, 0));
    send(f.v1b, other); /* not masked as a port, so upcall_pending is set */
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_RUNNING);
    ck_assert_uint_eq(fixture_vcpu_info(f.v1)->evtchn_upcall_mask, 1);
}
END_TEST

START_TEST(an_event_that_is_pending_already_wakes_no_poller)
{
    uint32_t other = bind_ipi(f.v1, 0);

    fixture_set_shared(f.v1, shared, evtchn_mask[0], ~UINT64_C(0));
    send(f.v1, other);
    ck_ok(f.v1, poll(f.v1, NULL, 0, 0));
    send(f.v1b, other);
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_BLOCKED);
}
END_TEST

START_TEST(both_pollers_of_a_port_wake)
{
    fixture_set_shared(f.v1, shared, evtchn_mask[0], ~UINT64_C(0));
    ck_ok(f.v1, poll(f.v1, &p1, 1, 0));
    ck_ok(f.v1b, poll(f.v1b, NULL, 0, 0));
    send(f.v2, p2);
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_RUNNING);
    ck_assert_int_eq(xd_vcpu_state(f.v1b), XD_STATE_RUNNING);
}
END_TEST

/* ---- shutdown ---- */

static void bind_dom_exc(void)
{
    struct xd_abi_evtchn_bind_virq op = {XD_VIRQ_DOM_EXC, 0, 0};

    ck_ok(f.v0, fixture_run(&f, f.v0, HC_EVTCHN, 1, &op));
    ck_assert_uint_eq(fixture_vcpu_info(f.v0)->evtchn_upcall_pending, 0);
}

static void check_shut_down(int code)
{
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_SHUTDOWN);
    ck_assert_int_eq(xd_vcpu_state(f.v1b), XD_STATE_SHUTDOWN);
    ck_assert_int_eq(xd_vcpu_state(f.v1down), XD_STATE_SHUTDOWN);
    ck_assert_int_eq(xd_vcpu_state(f.v2), XD_STATE_RUNNING);
    ck_assert_int_eq(f.d1->shutdown_code, code);
    ck_assert_int_eq(fixture_call(f.v1, 17, 0), XD_NOT_RUNNING);
    ck_assert_uint_eq(fixture_vcpu_info(f.v0)->evtchn_upcall_pending, 1);
}

static const struct {
    uint32_t reason;
    int code;
} reasons[] = {{0, 0}, {1, 1}, {2, 2}, {3, 3}, {5, 5}, {77, 77}, {0x1ff, 0xff}, {0x100, 0}};

START_TEST(shutdown_ends_the_domain_and_tells_the_control_domain)
{
    struct xd_abi_sched_shutdown op = {reasons[_i].reason};

    bind_dom_exc();
    ck_ok(f.v1, fixture_run(&f, f.v1, HC, SHUTDOWN, &op));
    check_shut_down(reasons[_i].code);
}
END_TEST

START_TEST(the_old_form_takes_the_reason_itself)
{
    bind_dom_exc();
    ck_ok(f.v1, fixture_call(f.v1, HC_COMPAT, SHUTDOWN, 0x105));
    check_shut_down(5);
}
END_TEST

START_TEST(the_old_form_knows_three_operations)
{
    for (unsigned int cmd = POLL; cmd <= 9; cmd++)
        ck_refused(f.v1, fixture_call(f.v1, HC_COMPAT, cmd, 0), ENOSYS, SCHED_COMPAT_OP);
}
END_TEST

START_TEST(a_latched_code_wins)
{
    struct xd_abi_sched_shutdown first = {0x142}, second = {9}, end = {0};

    bind_dom_exc();
    ck_ok(f.v1, fixture_run(&f, f.v1, HC, SHUTDOWN_CODE, &first));
    ck_ok(f.v1, fixture_run(&f, f.v1, HC, SHUTDOWN_CODE, &second));
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_RUNNING);
    if (_i)
        ck_ok(f.v1, fixture_run(&f, f.v1, HC, SHUTDOWN, &end));
    else
        xd_domain_crash(f.d1);
    check_shut_down(0x42);
}
END_TEST

START_TEST(a_domain_shuts_down_once)
{
    bind_dom_exc();
    xd_domain_crash(f.d1);
    check_shut_down(3);
    xd_domain_shutdown(f.d1, 0);
    check_shut_down(3);
}
END_TEST

START_TEST(a_shut_down_domain_still_gets_event_bits)
{
    xd_domain_crash(f.d1);
    send(f.v2, p2);
    ck_assert_uint_eq(fixture_shared_info(f.d1)->evtchn_pending[0], UINT64_C(1) << p1);
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_SHUTDOWN);
}
END_TEST

START_TEST(the_hardware_domain_takes_the_machine_with_it)
{
    struct xd_abi_sched_shutdown op = {1};

    ck_ok(f.v0, fixture_run(&f, f.v0, HC, SHUTDOWN, &op));
    ck_assert_int_eq(xd_vcpu_state(f.v0), XD_STATE_SHUTDOWN);
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_SHUTDOWN);
    ck_assert_int_eq(fixture_call(f.v2, 17, 0), XD_NOT_RUNNING);
    ck_assert_int_eq(f.d0->shutdown_code, 1);
}
END_TEST

static const struct {
    uint32_t caller, domid;
    int err;
    enum xd_why why;
} remotes[] = {
    {1, 2, XD_EPERM, XD_WHY_SCHED_REMOTE_PERMISSION},
    {1, 1, XD_EPERM, XD_WHY_SCHED_REMOTE_PERMISSION},
    {1, DOMID_SELF, XD_ESRCH, XD_WHY_SCHED_REMOTE_UNKNOWN},
    {1, 9, XD_ESRCH, XD_WHY_SCHED_REMOTE_UNKNOWN},
    {0, DOMID_SELF, XD_ESRCH, XD_WHY_SCHED_REMOTE_UNKNOWN},
    {0, 2, 0, XD_WHY_NONE},
};

START_TEST(remote_shutdown_is_for_the_control_domain)
{
    struct xd_vcpu *v = xd_vcpu_at(xd_domain_find(f.hv, remotes[_i].caller), 0);
    struct xd_abi_sched_remote_shutdown op = {(uint16_t)remotes[_i].domid, 0, 0x101};

    ck_refused_as(v, fixture_run(&f, v, HC, REMOTE_SHUTDOWN, &op), remotes[_i].err,
                  remotes[_i].why);
    ck_assert_int_eq(xd_vcpu_state(f.v2), remotes[_i].err ? XD_STATE_RUNNING : XD_STATE_SHUTDOWN);
    if (!remotes[_i].err)
        ck_assert_int_eq(f.d2->shutdown_code, 1);
}
END_TEST

/* ---- watchdog, pin_override ---- */

START_TEST(there_are_two_watchdogs)
{
    ck_refused(f.v1, watchdog(3, 1), EINVAL, SCHED_WATCHDOG_ID);
    ck_refused(f.v1, watchdog(1, 1), EINVAL, SCHED_WATCHDOG_UNUSED);
    ck_refused(f.v1, watchdog(2, 0), EINVAL, SCHED_WATCHDOG_UNUSED);
    ck_answered(f.v1, watchdog(0, 5), 1);
    ck_answered(f.v1, watchdog(0, 5), 2);
    ck_assert_int_eq(watchdog(0, 5), 0xffffffe4); /* -ENOSPC without its sign */
    ck_assert_uint_eq(xd_why(f.v1), XD_WHY_SCHED_WATCHDOG_NONE_FREE);
    ck_ok(f.v1, watchdog(1, 0));
    ck_refused(f.v1, watchdog(1, 5), EINVAL, SCHED_WATCHDOG_UNUSED);
    ck_answered(f.v1, watchdog(0, 5), 1);
}
END_TEST

START_TEST(a_watchdog_bites_unless_patted)
{
    bind_dom_exc();
    ck_answered(f.v1, watchdog(0, 5), 1);
    xd_advance(f.hv, 4 * SECOND);
    ck_ok(f.v1, watchdog(1, 5));
    xd_advance(f.hv, 5 * SECOND - 1);
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_RUNNING);
    xd_advance(f.hv, 1);
    check_shut_down(XD_SHUTDOWN_WATCHDOG);
}
END_TEST

START_TEST(a_new_watchdog_of_no_time_bites_at_once)
{
    bind_dom_exc();
    ck_answered(f.v1, watchdog(0, 0), 1);
    check_shut_down(XD_SHUTDOWN_WATCHDOG);
}
END_TEST

START_TEST(pin_override_is_for_the_hardware_domain)
{
    struct xd_abi_sched_pin_override to0 = {0}, to1 = {1}, undo = {-1};

    ck_refused(f.v1, fixture_call(f.v1, HC, PIN_OVERRIDE, fixture_hole(f.v1)), EPERM,
               SCHED_PIN_RIGHTS);
    ck_refused(f.v0, fixture_call(f.v0, HC, PIN_OVERRIDE, fixture_hole(f.v0)), EFAULT, COPY_IN);
    ck_refused(f.v0, fixture_run(&f, f.v0, HC, PIN_OVERRIDE, &undo), EINVAL, SCHED_PIN_NONE);
    ck_refused(f.v0, fixture_run(&f, f.v0, HC, PIN_OVERRIDE, &to1), EINVAL, SCHED_PIN_CPU);
    ck_ok(f.v0, fixture_run(&f, f.v0, HC, PIN_OVERRIDE, &to0));
    ck_refused(f.v0, fixture_run(&f, f.v0, HC, PIN_OVERRIDE, &to0), EBUSY, SCHED_PIN_TWICE);
    ck_ok(f.v0, fixture_run(&f, f.v0, HC, PIN_OVERRIDE, &undo));
    ck_ok(f.v0, fixture_run(&f, f.v0, HC, PIN_OVERRIDE, &to0));
}
END_TEST

START_TEST(operands_are_read_first_and_unknown_operations_not_at_all)
{
    for (unsigned int cmd = SHUTDOWN; cmd <= WATCHDOG; cmd++)
        ck_refused(f.v1, fixture_call(f.v1, HC, cmd, fixture_hole(f.v1)), EFAULT, COPY_IN);
    ck_refused(f.v1, fixture_call(f.v1, HC, 8, fixture_hole(f.v1)), ENOSYS, OP_UNKNOWN);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("sched");
    TCase *tc = tcase_create("sched");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, yield_is_nothing);
    tcase_add_loop_test(tc, block_sleeps_until_an_event, 0, 2);
    tcase_add_test(tc, block_with_an_event_pending_does_not_sleep);
    tcase_add_test(tc, a_masked_port_does_not_wake_a_blocked_vcpu);
    tcase_add_test(tc, a_down_vcpu_hears_events_but_does_not_run);
    tcase_add_test(tc, poll_checks_its_argument);
    tcase_add_loop_test(tc, poll_wants_ports_that_events_can_arrive_at, 0, XD_ARRAY_SIZE(polled));
    tcase_add_test(tc, poll_returns_at_once_for_a_pending_port);
    tcase_add_test(tc, poll_returns_at_once_when_an_upcall_is_due);
    tcase_add_test(tc, one_port_is_polled_for_alone);
    tcase_add_loop_test(tc, several_ports_or_none_mean_any_port_of_the_domain, 0, 2);
    tcase_add_test(tc, a_kick_ends_a_poll_for_another_port_even_when_masked);
    tcase_add_test(tc, an_event_that_is_pending_already_wakes_no_poller);
    tcase_add_test(tc, both_pollers_of_a_port_wake);
    tcase_add_loop_test(tc, shutdown_ends_the_domain_and_tells_the_control_domain, 0,
                        XD_ARRAY_SIZE(reasons));
    tcase_add_test(tc, the_old_form_takes_the_reason_itself);
    tcase_add_test(tc, the_old_form_knows_three_operations);
    tcase_add_loop_test(tc, a_latched_code_wins, 0, 2);
    tcase_add_test(tc, a_domain_shuts_down_once);
    tcase_add_test(tc, a_shut_down_domain_still_gets_event_bits);
    tcase_add_test(tc, the_hardware_domain_takes_the_machine_with_it);
    tcase_add_loop_test(tc, remote_shutdown_is_for_the_control_domain, 0, XD_ARRAY_SIZE(remotes));
    tcase_add_test(tc, there_are_two_watchdogs);
    tcase_add_test(tc, a_watchdog_bites_unless_patted);
    tcase_add_test(tc, a_new_watchdog_of_no_time_bites_at_once);
    tcase_add_test(tc, pin_override_is_for_the_hardware_domain);
    tcase_add_test(tc, operands_are_read_first_and_unknown_operations_not_at_all);
    suite_add_tcase(s, tc);
    return fixture_main(s);
}
