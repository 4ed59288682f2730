/* SPDX-License-Identifier: MIT */
/* test-levers.c: calls that fail, are answered or watched, and what comes out of nowhere. */
#include "xendouble/check.h"

#include "dies.h"
#include "says.h"

#include <signal.h>
#include <xen/interface/errno.h>
#include <xen/interface/event_channel.h>
#include <xen/interface/memory.h>
#include <xen/interface/sched.h>
#include <xen/interface/vcpu.h>
#include <xen/interface/version.h>
#include <xen/interface/xen.h>

static struct xd_check x;

static void setup(void)
{
    xd_check_setup(&x);
}

static void teardown(void)
{
    xd_check_teardown(&x);
}

static long version(void)
{
    return HYPERVISOR_xen_version(XENVER_version, NULL);
}

static int bind_ipi(evtchn_port_t *port)
{
    struct evtchn_bind_ipi op = {.vcpu = 0};
    int rc = HYPERVISOR_event_channel_op(EVTCHNOP_bind_ipi, &op);

    *port = op.port;
    return rc;
}

static void close_port(evtchn_port_t port)
{
    struct evtchn_close op = {.port = port};

    ck_assert_call_ok(HYPERVISOR_event_channel_op(EVTCHNOP_close, &op));
}

static uint64_t page(unsigned int i)
{
    return xd_domain_mfn(x.d, xd_domain_start(x.d)->first_free_pfn + i);
}

/* ---- Failing ---- */

START_TEST(the_nth_fails_and_says_which_lever_did_it)
{
    evtchn_port_t a, b;
    int lever = xd_fail_nth(x.d, "event_channel_op.bind_ipi", 2, XEN_ENOSPC);

    ck_assert_int_eq(lever, 1);
    ck_assert_call_ok(bind_ipi(&a));
    ck_assert_lever_hits(x.hv, lever, 0);
    ck_assert_call_ok(send_to(a)); /* another operation */
    ck_assert_refused(bind_ipi(&b), XEN_ENOSPC, "injected");
    says(xd_explain(x.v), "refused: ENOSPC, injected");
    ck_assert_lever_hits(x.hv, lever, 1);
    says(xd_explain(x.v), "lever 1 (event_channel_op.bind_ipi of d1, the 2nd: ENOSPC)");
    ck_assert_call_ok(bind_ipi(&b));
    ck_assert_lever_hits(x.hv, lever, 1);
    close_port(a);
    close_port(b);
}
END_TEST

static long domctl(const uint32_t op[64])
{
    const uint64_t arg[6] = {(uintptr_t)op};

    return (long)xd_hypercall(x.v, __HYPERVISOR_domctl, arg);
}

START_TEST(calls_are_named_in_many_ways)
{
    static const struct {
        const char *call;
        bool hit; /* xen_version(version) */
    } rows[] = {{"xen_version", true},
                {"xen_version.version", true},
                {"17", true},
                {"17.0", true},
                {"xen_version.0", true},
                {"*", true},
                {"xen_version.pagesize", false},
                {"32", false},
                {"17.1", false}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int lever = xd_fail_nth(x.d, rows[i].call, 1, XEN_EPERM);

        ck_assert_msg(version() == (rows[i].hit ? -XEN_EPERM : 0x40011), "%s", rows[i].call);
        ck_assert_lever_hits(x.hv, lever, rows[i].hit);
        xd_lever_clear(x.hv, lever);
    }
    ck_assert_int_gt(xd_fail_nth(x.d, "vcpu_op.is_up", 1, XEN_EPERM), 0);
    ck_assert_refused(HYPERVISOR_vcpu_op(VCPUOP_is_up, 0, NULL), XEN_EPERM, "injected");
    ck_assert_call(HYPERVISOR_vcpu_op(VCPUOP_is_up, 0, NULL), 1);
    ck_assert_int_gt(xd_fail_nth(x.d, "event_channel_op_compat.send", 1, XEN_EPERM), 0);
    {
        struct evtchn_op op = {.cmd = EVTCHNOP_send, .u.send.port = 999};

        ck_assert_refused(HYPERVISOR_event_channel_op_compat(&op), XEN_EPERM, "injected");
        ck_assert_refused(HYPERVISOR_event_channel_op_compat(&op), XEN_EINVAL, "evtchn-port-range");
    }
    /* The command of this one lies in the guest's memory. */
    ck_assert_int_gt(xd_fail_nth(x.d, "domctl.getdomaininfo", 1, XEN_EIO), 0);
    {
        uint32_t op[64] = {3, 0x15, 1}; /* pausedomain */

        ck_assert_refused(domctl(op), XEN_EPERM, "control-only");
        op[0] = 5;
        ck_assert_refused(domctl(op), XEN_EIO, "injected");
        ck_assert_refused(domctl(op), XEN_EPERM, "control-only");
    }
}
END_TEST

START_TEST(what_can_not_be_named_is_told)
{
    static const struct {
        const char *call, *says;
    } rows[] = {
        {"xen_versiom", "there is no hypercall \"xen_versiom\" (did you mean xen_version?)"},
        {"event_channel_op.bind_virk", "(did you mean bind_virq?)"},
        {"event_channel_op.qqqqqqqqqq", "; `xendouble list ops` tells"},
        {"domctl.getdomaininf", "(did you mean getdomaininfo?)"},
        {"hypfs_op.qqqqqqqqqq", "; `xendouble list commands` tells"},
        {"vcpu_op.upp", "vcpu_op has no operation \"upp\" (did you mean up?)"},
        {"update_va_mapping.3", "update_va_mapping has no operations"},
        {"event_channel_op.", "wants the name or number of an operation"},
        {"event_channel_op send", "goes on behind the name of a call"},
        {"", "a call is named so"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ck_assert_int_eq(xd_fail_nth(x.d, rows[i].call, 1, XEN_EPERM), -XEN_EINVAL);
        ck_assert_msg(strstr(xd_hv_error(x.hv), rows[i].says) != NULL, "%s", xd_hv_error(x.hv));
    }
    ck_assert_int_eq(xd_fail_nth(x.d, "*", 1, -XEN_EPERM), -XEN_EINVAL);
    ck_assert_ptr_nonnull(strstr(xd_hv_error(x.hv), "errno of 1 to 4095"));
    ck_assert_int_eq(xd_fail_randomly(x.d, "*", 101, 1, XEN_EPERM), -XEN_EINVAL);
    ck_assert_ptr_nonnull(strstr(xd_hv_error(x.hv), "1 to 100 in 100"));
    ck_assert_int_eq(xd_mock(x.d, "*", NULL, NULL), -XEN_EINVAL);
    ck_assert_int_eq(xd_spy(x.d, "*", NULL, NULL), -XEN_EINVAL);
    ck_assert_str_eq(xd_hv_error(x.hv), "xd_spy: there is no function to call behind *");
    ck_assert_call(version(), 0x40011); /* nothing of it is in force */
}
END_TEST

/* Bit i: the i-th call was hit. */
static uint64_t pattern(uint32_t percent, uint64_t seed)
{
    int lever = xd_fail_randomly(x.d, "xen_version", percent, seed, XEN_EAGAIN);
    uint64_t bits = 0;

    for (unsigned int i = 0; i < 64; i++)
        bits |= (uint64_t)(version() == -XEN_EAGAIN) << i;
    ck_assert_lever_hits(x.hv, lever, __builtin_popcountll(bits));
    xd_lever_clear(x.hv, lever);
    return bits;
}

START_TEST(chance_follows_from_the_seed)
{
    uint64_t once = pattern(50, 1);

    ck_assert_uint_eq(pattern(50, 1), once);
    ck_assert_uint_ne(pattern(50, 2), once);
    ck_assert_int_gt(__builtin_popcountll(once), 16);
    ck_assert_int_lt(__builtin_popcountll(once), 48);
    ck_assert_uint_eq(pattern(100, 1), UINT64_MAX);
    ck_assert_int_lt(__builtin_popcountll(pattern(5, 1)), 16);
}
END_TEST

START_TEST(a_lever_is_for_whom_it_says)
{
    struct xd_lever_config c = {
        .vcpu = xd_vcpu_at(x.d, 1), .nth = 2, .times = 2, .answer = -XEN_EIO};
    int lever = xd_lever_set(x.hv, &c), everybody;

    ck_assert_int_gt(lever, 0);
    for (int i = 0; i < 5; i++)
        ck_assert_call(version(), 0x40011);
    ck_assert_int_eq(xd_enter(c.vcpu), 0);
    ck_assert_call(version(), 0x40011);
    ck_assert_call(version(), -XEN_EIO);
    ck_assert_call(version(), -XEN_EIO);
    ck_assert_call(version(), 0x40011);
    c = (struct xd_lever_config){.call = "xen_version", .answer = 7};
    everybody = xd_lever_set(x.hv, &c);
    ck_assert_call(version(), 7); /* no refusal, so no reason */
    ck_assert_uint_eq(xd_why(xd_self()), 0);
    ck_assert_int_eq(xd_enter(xd_vcpu_at(x.peer, 0)), 0);
    ck_assert_call(version(), 7);
    xd_lever_clear(x.hv, 0);
    ck_assert_call(version(), 0x40011);
    ck_assert_lever_hits(x.hv, everybody, 2);
    ck_assert_lever_hits(x.hv, 99, 0);
    ck_assert_lever_hits(x.hv, 0, 0);
}
END_TEST

START_TEST(the_first_that_is_set_answers)
{
    xd_fail_nth(x.d, "xen_version", 1, XEN_EPERM);
    xd_fail_nth(x.d, "*", 1, XEN_EIO);
    ck_assert_call(version(), -XEN_EPERM);
    ck_assert_call(version(), -XEN_EIO); /* the second did not count what the first one answered */
    ck_assert_call(version(), 0x40011);
}
END_TEST

START_TEST(entries_of_a_multicall_are_calls)
{
    struct multicall_entry list[3] = {{.op = __HYPERVISOR_xen_version},
                                      {.op = __HYPERVISOR_xen_version},
                                      {.op = __HYPERVISOR_xen_version, .args = {XENVER_pagesize}}};

    xd_fail_nth(x.d, "xen_version.version", 2, XEN_EIO);
    ck_assert_call_ok(HYPERVISOR_multicall(list, 3));
    ck_assert_uint_eq(list[0].result, 0x40011);
    ck_assert_int_eq((long)list[1].result, -XEN_EIO);
    ck_assert_uint_eq(list[2].result, 4096);
    says(xd_explain(x.v), "lever 1 (xen_version.version");
    xd_fail_nth(x.d, "multicall", 1, XEN_EFAULT);
    ck_assert_refused(HYPERVISOR_multicall(list, 3), XEN_EFAULT, "injected");
}
END_TEST

START_TEST(an_element_that_fails_ends_its_list)
{
    struct mmuext_op op[3] = {{.cmd = MMUEXT_PIN_L1_TABLE, .arg1.mfn = page(0)},
                              {.cmd = MMUEXT_PIN_L1_TABLE, .arg1.mfn = page(1)},
                              {.cmd = MMUEXT_UNPIN_TABLE, .arg1.mfn = page(0)}};
    struct mmu_update up[2] = {{.ptr = page(2) << 12, .val = 5},
                               {.ptr = (page(2) << 12) + 8, .val = 6}};
    const uint64_t *w = xd_frame_contents(x.hv, page(2));
    int done = 7;

    xd_fail_nth(x.d, "mmuext_op.PIN_L1_TABLE", 2, XEN_EBUSY);
    ck_assert_refused(HYPERVISOR_mmuext_op(op, 3, &done, DOMID_SELF), XEN_EBUSY, "injected");
    ck_assert_int_eq(done, 1);
    says(xd_explain(x.v), "request 1: PIN_L1_TABLE");
    ck_assert_frame(x.hv, page(0), "l1", 1);
    ck_assert_pinned(x.hv, page(0));
    ck_assert_not_pinned(x.hv, page(1));
    ck_assert_call_ok(HYPERVISOR_mmuext_op(op + 2, 1, &done, DOMID_SELF));
    xd_fail_nth(x.d, "mmuext_op", 1, XEN_EIO); /* all of it */
    done = 7;
    ck_assert_refused(HYPERVISOR_mmuext_op(op, 3, &done, DOMID_SELF), XEN_EIO, "injected");
    ck_assert_int_eq(done, 7);
    xd_fail_nth(x.d, "mmu_update.normal", 2, XEN_ENOMEM);
    ck_assert_refused(HYPERVISOR_mmu_update(up, 2, &done, DOMID_SELF), XEN_ENOMEM, "injected");
    ck_assert_int_eq(done, 1);
    ck_assert_uint_eq(w[0], 5);
    ck_assert_uint_eq(w[1], 0);
}
END_TEST

START_TEST(an_element_can_be_mocked_and_watched)
{
    struct mmu_update up = {.ptr = page(2) << 12, .val = 5};
    struct xd_lever_config c = {.call = "mmu_update.normal", .answer = 0};
    int done;

    xd_lever_set(x.hv, &c); /* it seems to be done, and is not */
    ck_assert_call_ok(HYPERVISOR_mmu_update(&up, 1, &done, DOMID_SELF));
    ck_assert_int_eq(done, 1);
    ck_assert_uint_eq(*(const uint64_t *)xd_frame_contents(x.hv, page(2)), 0);
}
END_TEST

/* ---- Mocks, spies, hooks ---- */

struct seen {
    unsigned int calls, answered;
    uint64_t nr, arg0;
    int64_t rc;
};

static bool even_ones(void *ctx, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg, int64_t *rc)
{
    struct seen *s = ctx;

    s->nr = nr;
    s->arg0 = arg[0];
    ck_assert_int_eq(xd_hypercall(v, 63, (const uint64_t[6]){0}), -XEN_ENOSYS); /* of its own */
    if (s->calls++ % 2)
        return false;
    s->answered++;
    *rc = -XEN_ENOTCONN;
    return true;
}

static void look(void *ctx, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg, int64_t rc)
{
    struct seen *s = ctx;

    (void)v;
    s->calls++;
    s->nr = nr;
    s->arg0 = arg[0];
    s->rc = rc;
}

START_TEST(mocks_answer_what_they_like_and_spies_see_it)
{
    struct seen mock = {0}, spy = {0};
    struct evtchn_send op = {.port = 999};

    ck_assert_int_gt(xd_spy(x.d, "event_channel_op", look, &spy), 0);
    ck_assert_int_gt(xd_mock(x.d, "event_channel_op.send", even_ones, &mock), 0);
    ck_assert_refused(HYPERVISOR_event_channel_op(EVTCHNOP_send, &op), XEN_ENOTCONN, "injected");
    says(xd_explain(x.v), "answered by lever 2 (event_channel_op.send of d1, all: a mock)");
    ck_assert_int_eq(spy.rc, -XEN_ENOTCONN);
    ck_assert_refused(HYPERVISOR_event_channel_op(EVTCHNOP_send, &op), XEN_EINVAL,
                      "evtchn-port-range");
    ck_assert_int_eq(spy.rc, -XEN_EINVAL);
    ck_assert_uint_eq(mock.nr, __HYPERVISOR_event_channel_op);
    ck_assert_uint_eq(mock.arg0, EVTCHNOP_send);
    ck_assert_uint_eq(mock.calls, 2);
    ck_assert_uint_eq(mock.answered, 1);
    ck_assert_uint_eq(spy.calls, 2);
    ck_assert_call(version(), 0x40011);
    ck_assert_uint_eq(spy.calls, 2);
}
END_TEST

static bool hook(void *ctx, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg, int64_t *rc)
{
    (void)ctx;
    (void)v;
    (void)arg;
    *rc = -XEN_EXDEV;
    return nr == __HYPERVISOR_xen_version;
}

START_TEST(the_hosts_own_hook_comes_first)
{
    struct seen spy = {0};
    const struct xd_hooks hooks = {.inject = hook};
    evtchn_port_t port;

    xd_hooks_set(x.hv, &hooks);
    xd_spy(x.d, "xen_version", look, &spy);
    xd_fail_nth(x.d, "xen_version", 1, XEN_EIO);
    xd_fail_nth(x.d, "event_channel_op", 1, XEN_EIO);
    ck_assert_refused(version(), XEN_EXDEV, "injected");
    says(xd_explain(x.v), "it was answered by the host's hook (inject)");
    ck_assert_int_eq(spy.rc, -XEN_EXDEV);
    ck_assert_refused(bind_ipi(&port), XEN_EIO, "injected"); /* what the hook let through */
    xd_hooks_set(x.hv, NULL);
    ck_assert_refused(version(), XEN_EIO, "injected");
}
END_TEST

static void set_another(void *ctx, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg, int64_t rc)
{
    (void)nr;
    (void)arg;
    (void)rc;
    xd_fail_nth(xd_vcpu_domain(v), "xen_version", 1, XEN_EIO);
    xd_lever_clear(xd_domain_hv(xd_vcpu_domain(v)), *(int *)ctx);
}

START_TEST(levers_may_be_set_while_one_is_asked)
{
    int spy = 0;

    spy = xd_spy(x.d, "xen_version", set_another, &spy);
    for (int i = 0; i < 20; i++)
        xd_lever_clear(x.hv, xd_fail_nth(x.d, "iret", 1, XEN_EIO)); /* makes the list move */
    ck_assert_call(version(), 0x40011);
    ck_assert_call(version(), -XEN_EIO);
    ck_assert_call(version(), 0x40011);
}
END_TEST

START_TEST(what_was_not_hit_is_told)
{
    struct seen s = {0};
    char *left;
    int lever = xd_fail_nth(x.d, "event_channel_op.reset", 3, XEN_EIO);

    xd_spy(x.d, "*", look, &s);
    xd_fail_randomly(x.d, "*", 1, 1, XEN_EIO);
    left = xd_levers_left(x.hv);
    ck_assert_str_eq(left, "lever 1 (event_channel_op.reset of d1, the 3rd: EIO) hit 0 calls; "
                           "there were 0 such calls\n");
    free(left);
    xd_lever_clear(x.hv, lever);
    ck_assert_no_levers_left(x.hv);
}
END_TEST

START_TEST(levers_go_with_their_domain)
{
    struct xd_domain_config c = XD_DOMAIN_CONFIG_DEFAULT;
    struct xd_domain *next;

    xd_leave();
    xd_fail_nth(x.peer, "xen_version", 1, XEN_EIO);
    ck_expect_call(x.peer, "xen_version");
    xd_domain_destroy(x.peer);
    c.domid = 2;
    ck_assert_int_eq(xd_domain_create(x.hv, &c, &next), 0);
    ck_assert_ptr_eq(next, x.peer); /* in its place */
    ck_assert_int_eq(xd_hypercall(xd_vcpu_at(next, 0), 17, (const uint64_t[6]){0}), 0x40011);
}
END_TEST

static void on_upcall(void *ctx)
{
    xd_guest_vcpu_info(x.v)->evtchn_upcall_pending = 0;
    ++*(unsigned int *)ctx;
}

static void destroy_the_caller(void *ctx, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg,
                               int64_t rc)
{
    (void)ctx, (void)nr, (void)arg, (void)rc;
    xd_domain_destroy(xd_vcpu_domain(v));
}

static void call_that_is_the_last(void *unused)
{
    (void)unused;
    ck_assert_int_ge(xd_spy(x.d, "xen_version", destroy_the_caller, NULL), 1);
    version();
}

START_TEST(a_spy_may_not_destroy_the_caller)
{
    ck_dies_saying(call_that_is_the_last, NULL, "destroyed the domain whose call it was shown");
}
END_TEST

START_TEST(a_suspended_multicall_is_one_call)
{
    struct multicall_entry list[3] = {{.op = __HYPERVISOR_xen_version},
                                      {.op = __HYPERVISOR_sched_op_new, .args = {SCHEDOP_block}},
                                      {.op = __HYPERVISOR_xen_version}};
    struct seen spy = {0}, inner = {0};
    unsigned int heard = 0;

    xd_spy(x.d, "multicall", look, &spy);
    xd_spy(x.d, "xen_version", look, &inner);
    ck_expect_call(x.d, "set_timer_op");
    ck_expect_call(x.d, "multicall nr_calls=3 = 0");
    ck_expect_call(x.d, "xen_version.version = 0x40011");
    ck_expect_call(x.d, "sched_op.block = 0");
    ck_expect_call(x.d, "xen_version.version = 0x40011");
    {
        struct evtchn_bind_virq op = {.virq = VIRQ_TIMER};

        xd_expect_ignore(x.d, "event_channel_op");
        ck_assert_call_ok(HYPERVISOR_event_channel_op(EVTCHNOP_bind_virq, &op));
        ck_assert_call_ok(HYPERVISOR_set_timer_op(xd_now_ns(x.hv) + 1000));
        xd_guest_on_upcall(x.v, on_upcall, &heard);
        ck_assert_call_ok(HYPERVISOR_multicall(list, 3));
        close_port(op.port);
    }
    ck_assert_uint_eq(spy.calls, 1);
    ck_assert_uint_eq(inner.calls, 2);
    ck_assert_upcalls(x.v, 1);
}
END_TEST

/* ---- Out of nowhere ---- */

START_TEST(events_come_out_of_nowhere)
{
    unsigned int heard = 0;
    evtchn_port_t port;

    ck_assert_call_ok(bind_ipi(&port));
    xd_guest_on_upcall(x.v, on_upcall, &heard);
    xd_guest_vcpu_info(x.v)->evtchn_upcall_mask = 0;
    ck_assert_int_eq(xd_event_raise(x.d, port), 0);
    ck_assert_pending(x.d, port);
    ck_assert_upcalls(x.v, 0);
    xd_preempt();
    ck_assert_upcalls(x.v, 1);
    close_port(port);
    ck_assert_int_eq(xd_event_raise(x.d, port), -XEN_EINVAL);
    ck_assert_str_eq(xd_hv_error(x.hv), "port 3 of d1 is free: no event can arrive there");
    ck_assert_int_eq(xd_event_raise(x.d, 4000), -XEN_EINVAL);
    ck_assert_str_eq(xd_hv_error(x.hv), "port 4000 of d1 is none: no event can arrive there");
    xd_upcall_spurious(x.v);
    ck_assert_upcalls(x.v, 1);
    ck_assert_call(version(), 0x40011);
    ck_assert_upcalls(x.v, 2);
    ck_assert_uint_eq(heard, 2);
}
END_TEST

START_TEST(the_other_end_can_be_made_to_send)
{
    struct evtchn_alloc_unbound op = {.dom = DOMID_SELF, .remote_dom = 2};
    struct evtchn_bind_interdomain bind = {.remote_dom = 1};

    ck_assert_call_ok(HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, &op));
    ck_assert_int_eq(xd_enter(xd_vcpu_at(x.peer, 0)), 0);
    bind.remote_port = op.port;
    ck_assert_call_ok(HYPERVISOR_event_channel_op(EVTCHNOP_bind_interdomain, &bind));
    ck_assert_int_eq(xd_enter(x.v), 0);
    ck_assert_int_eq(xd_event_send(x.peer, bind.local_port), 0);
    ck_assert_pending(x.d, op.port);
    ck_assert_int_eq(xd_event_send(x.d, 1), 0); /* unbound: nobody hears it */
    ck_assert_not_pending(x.d, 1);
    ck_assert_int_eq(xd_event_send(x.d, 0), -XEN_EINVAL);
    ck_assert_str_eq(xd_hv_error(x.hv), "port 0 of d1 is reserved: nothing can be sent through it");
    close_port(op.port);
}
END_TEST

static int populate(uint64_t pfn)
{
    struct xen_memory_reservation r = {.nr_extents = 1, .domid = DOMID_SELF};
    xen_pfn_t list[1] = {pfn};

    set_xen_guest_handle(r.extent_start, list);
    return (int)HYPERVISOR_memory_op(XENMEM_populate_physmap, &r);
}

START_TEST(frames_become_scarce)
{
    struct xen_memory_reservation r = {.nr_extents = 1, .domid = DOMID_SELF};
    xen_pfn_t list[1] = {page(0)};
    uint64_t pfn = xd_domain_start(x.d)->first_free_pfn;
    struct xd_domain *more;

    set_xen_guest_handle(r.extent_start, list);
    xd_frames_scarce(x.hv, 0);
    ck_assert_int_eq(xd_domain_create(x.hv, NULL, &more), -XEN_ENOSPC);
    ck_assert_call(HYPERVISOR_memory_op(XENMEM_decrease_reservation, &r), 1);
    ck_assert_call(populate(pfn), 1); /* the one that was given back */
    list[0] = xd_domain_mfn(x.d, pfn + 1);
    ck_assert_call(HYPERVISOR_memory_op(XENMEM_decrease_reservation, &r), 1);
    xd_frames_scarce(x.hv, 0);
    ck_assert_call(populate(pfn + 1), 0);
    says(xd_explain(x.v), "heap: 0 frames to hand out, ");
    says(xd_explain(x.v), "more that the host keeps back (xd_frames_scarce)");
    xd_frames_scarce(x.hv, UINT64_MAX);
    ck_assert_call(populate(pfn + 1), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("levers");
    TCase *tc = tcase_create("levers");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, the_nth_fails_and_says_which_lever_did_it);
    tcase_add_test(tc, calls_are_named_in_many_ways);
    tcase_add_test(tc, what_can_not_be_named_is_told);
    tcase_add_test(tc, chance_follows_from_the_seed);
    tcase_add_test(tc, a_lever_is_for_whom_it_says);
    tcase_add_test(tc, the_first_that_is_set_answers);
    tcase_add_test(tc, entries_of_a_multicall_are_calls);
    tcase_add_test(tc, an_element_that_fails_ends_its_list);
    tcase_add_test(tc, an_element_can_be_mocked_and_watched);
    tcase_add_test(tc, mocks_answer_what_they_like_and_spies_see_it);
    tcase_add_test(tc, the_hosts_own_hook_comes_first);
    tcase_add_test(tc, levers_may_be_set_while_one_is_asked);
    tcase_add_test(tc, what_was_not_hit_is_told);
    tcase_add_test(tc, levers_go_with_their_domain);
    tcase_add_test(tc, a_spy_may_not_destroy_the_caller);
    tcase_add_test(tc, a_suspended_multicall_is_one_call);
    tcase_add_test(tc, events_come_out_of_nowhere);
    tcase_add_test(tc, the_other_end_can_be_made_to_send);
    tcase_add_test(tc, frames_become_scarce);
    suite_add_tcase(suite, tc);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
