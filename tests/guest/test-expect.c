/* SPDX-License-Identifier: MIT */
/* test-expect.c: calls that are expected: what meets an expectation, and how each difference is told. */
#include "xendouble/check.h"

#include <xen/interface/errno.h>
#include <xen/interface/event_channel.h>
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

static void version(void)
{
    ck_assert_int_eq(HYPERVISOR_xen_version(XENVER_version, NULL), 0x40011);
}

static int send_to(evtchn_port_t port)
{
    struct evtchn_send op = {.port = port};

    return HYPERVISOR_event_channel_op(EVTCHNOP_send, &op);
}

static uint64_t page(unsigned int i)
{
    return xd_domain_mfn(x.d, xd_domain_start(x.d)->first_free_pfn + i);
}

START_TEST(what_is_expected_and_done_is_nothing_to_tell)
{
    struct evtchn_bind_virq virq = {.virq = VIRQ_DEBUG, .vcpu = 1};
    struct evtchn_alloc_unbound unbound = {.dom = DOMID_SELF, .remote_dom = 2};
    struct mmu_update up[2] = {{.ptr = page(2) << 12, .val = 5},
                               {.ptr = (page(2) << 12) + 8, .val = 6}};
    struct mmuext_op ext = {.cmd = MMUEXT_PIN_L1_TABLE, .arg1.mfn = page(0)};
    struct evtchn_op compat = {.cmd = EVTCHNOP_close};
    struct multicall_entry entry = {.op = __HYPERVISOR_xen_version, .args = {XENVER_pagesize}};

    ck_expect_call(x.d, "xen_version");
    ck_expect_call(x.d, "event_channel_op.bind_virq virq=DEBUG vcpu=1 = 0");
    ck_expect_call(x.d, "event_channel_op.alloc_unbound dom=SELF remote_dom=d%u", 2);
    ck_expect_call(x.d, "event_channel_op.send port=0x%x = EINVAL", 999);
    ck_expect_call(x.d, "event_channel_op.9"); /* unmask */
    ck_expect_call(x.d, "mmu_update.normal ptr=%#llx val=5", (unsigned long long)up[0].ptr);
    ck_expect_call(x.d, "mmu_update.normal val=%d", 6);
    ck_expect_call(x.d, "mmuext_op.PIN_L1_TABLE mfn=%llu = 0", (unsigned long long)page(0));
    ck_expect_call(x.d, "mmuext_op.UNPIN_TABLE");
    ck_expect_call(x.d, "event_channel_op_compat.close port=%u", 3);
    ck_expect_call(x.d, "event_channel_op.close");
    ck_expect_call(x.d, "multicall nr_calls=1");
    ck_expect_call(x.d, "xen_version.pagesize = 4096");
    ck_expect_call(x.d, "console_io.write count=0 = EPERM");
    ck_expect_call(x.d, "63 = ENOSYS");
    ck_expect_call(x.d, "set_debugreg reg=-1");

    version();
    ck_assert_call_ok(HYPERVISOR_event_channel_op(EVTCHNOP_bind_virq, &virq));
    ck_assert_call_ok(HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, &unbound));
    ck_assert_int_eq(send_to(999), -XEN_EINVAL);
    ck_assert_call_ok(HYPERVISOR_event_channel_op(EVTCHNOP_unmask, &virq.port));
    ck_assert_call_ok(HYPERVISOR_mmu_update(up, 2, NULL, DOMID_SELF));
    ck_assert_call_ok(HYPERVISOR_mmuext_op(&ext, 1, NULL, DOMID_SELF));
    ext.cmd = MMUEXT_UNPIN_TABLE;
    ck_assert_call_ok(HYPERVISOR_mmuext_op(&ext, 1, NULL, DOMID_SELF));
    compat.u.close.port = virq.port;
    ck_assert_call_ok(HYPERVISOR_event_channel_op_compat(&compat));
    ck_assert_call_ok(HYPERVISOR_event_channel_op(EVTCHNOP_close, &unbound.port));
    ck_assert_call_ok(HYPERVISOR_multicall(&entry, 1));
    ck_assert_call(HYPERVISOR_console_io(0, 0, NULL), -XEN_EPERM);
    ck_assert_int_eq(xd_hypercall(x.v, 63, (const uint64_t[6]){0}), -XEN_ENOSYS);
    ck_assert_int_lt(HYPERVISOR_set_debugreg(-1, 0), 0);
    ck_assert_expectations_met(x.d);
    version(); /* nothing is expected any more, and nothing looked at */
    ck_assert_expectations_met(x.d);
}
END_TEST

/* Each is: expectations, calls as letters, and what is told. */
static const struct {
    const char *expect[6];
    const char
        *calls; /* v: xen_version(version); 1-9: send to this port; -: a multicall of nothing */
    const char *told;
} rows[] = {
    {{NULL}, "", ""},
    {{"xen_version"}, "v", ""},
    {{"*", "*"}, "v1", ""},
    {{"xen_version"},
     "",
     "d1 was expected to make 1 calls and made 0:\n"
     "  missing: expectation 1, xen_version\n"},
    {{NULL},
     "v1",
     "d1 was expected to make 0 calls and made 2:\n"
     "  unexpected: call 1, xen_version.version = 0x40011 (v0)\n"
     "  unexpected: call 2, event_channel_op.send port=1 = 0 (v0)\n"},
    {{"event_channel_op.send port=1", "event_channel_op.send port=2"}, "12", ""},
    {{"event_channel_op.send port=1", "event_channel_op.send port=2", "xen_version"},
     "13v",
     "d1 was expected to make 3 calls and made 3:\n"
     "  wrong: expectation 2, event_channel_op.send port=2: call 2 has port=3\n"},
    {{"event_channel_op.send port=1 cmd=5 = EINVAL"},
     "1",
     "d1 was expected to make 1 calls and made 1:\n"
     "  wrong: expectation 1, event_channel_op.send port=1 cmd=5 = EINVAL: call 1 has cmd=4 and was "
     "answered 0\n"},
    {{"event_channel_op.send port=1 = EINVAL"},
     "1",
     "d1 was expected to make 1 calls and made 1:\n"
     "  wrong: expectation 1, event_channel_op.send port=1 = EINVAL: call 1 was answered 0\n"},
    {{"event_channel_op.send port=1", "xen_version"},
     "v1",
     "d1 was expected to make 2 calls and made 2:\n"
     "  out of order: expectation 2, xen_version: call 1 is that\n"},
    {{"event_channel_op.send port=1", "event_channel_op.send port=2", "xen_version",
      "event_channel_op.close"},
     "v14-",
     "d1 was expected to make 4 calls and made 4:\n"
     "  wrong: expectation 2, event_channel_op.send port=2: call 3 has port=4\n"
     "  out of order: expectation 3, xen_version: call 1 is that\n"
     "  missing: expectation 4, event_channel_op.close\n"
     "  unexpected: call 4, multicall calls=0 nr_calls=0 = 0 (v0)\n"},
    {{"event_channel_op.close port=1", "xen_version"},
     "19v",
     "d1 was expected to make 2 calls and made 3:\n"
     "  missing: expectation 1, event_channel_op.close port=1\n"
     "  unexpected: call 1, event_channel_op.send port=1 = 0 (v0)\n"
     "  unexpected: call 2, event_channel_op.send port=9 = EINVAL (v0)\n"},
};

START_TEST(differences_are_told)
{
    char *told;

    xd_expect_none(x.d);
    for (unsigned int i = 0; rows[_i].expect[i]; i++)
        ck_expect_call(x.d, "%s", rows[_i].expect[i]);
    for (const char *c = rows[_i].calls; *c; c++) {
        if (*c == 'v')
            version();
        else if (*c == '-')
            ck_assert_call_ok(HYPERVISOR_multicall(NULL, 0));
        else
            (void)send_to((evtchn_port_t)(*c - '0'));
    }
    told = xd_expect_differences(x.d);
    ck_assert_str_eq(told, rows[_i].told);
    free(told);
}
END_TEST

static const struct {
    const char *text, *says;
} bad[] = {
    {"", "a call is named so"},
    {"event_channel_op.sent", "did you mean send?"},
    {"event_channel_op.send prot=1",
     "\"event_channel_op.send prot=1\": \"prot\" is nothing that this call has: port= cmd= arg="},
    {"xen_version port=1", "\"port\" is nothing that this call has: cmd= arg="},
    {"* port=1", "nothing that this call has"},
    {"event_channel_op.send port", "port wants = and a value"},
    {"event_channel_op.send port=", "port wants a number or a constant here"},
    {"event_channel_op.send port=x", "port wants a number or a constant here, not \"x\""},
    {"event_channel_op.bind_virq virq=TIMRE", "not \"TIMRE\""},
    {"event_channel_op.alloc_unbound dom=dx", "not \"dx\""},
    {"xen_version = EFOO", "the result wants a number or the name of an errno here"},
    {"xen_version = 1 2", "nothing stands behind the result, but \"2\" does"},
    {"update_va_mapping va=1 va=1 va=1 va=1 va=1 va=1 va=1 va=1 va=1 va=1 va=1 va=1 va=1 va=1 va=1 "
     "va=1 va=1",
     "more than 16 values"},
};

START_TEST(what_can_not_be_expected_is_told)
{
    ck_assert_int_eq(xd_expect_call(x.d, "%s", bad[_i].text), -XEN_EINVAL);
    ck_assert_msg(strstr(xd_hv_error(x.hv), bad[_i].says) != NULL, "%s", xd_hv_error(x.hv));
    version(); /* nothing is expected */
}
END_TEST

START_TEST(what_is_ignored_does_not_count)
{
    ck_expect_ignore(x.d, "xen_version");
    ck_expect_call(x.d, "event_channel_op.send port=1");
    version();
    ck_assert_call_ok(send_to(1));
    version();
    ck_assert_int_eq(xd_expect_ignore(x.d, "nothing"), -XEN_EINVAL);
    ck_assert_int_eq(xd_enter(xd_vcpu_at(x.peer, 0)), 0);
    (void)send_to(1); /* of another domain nothing is expected */
}
END_TEST

START_TEST(injected_answers_are_results_too)
{
    xd_fail_nth(x.d, "event_channel_op.send", 2, XEN_EIO);
    ck_expect_call(x.d, "event_channel_op.send port=1 = 0");
    ck_expect_call(x.d, "event_channel_op.send port=1 = EIO");
    ck_assert_call_ok(send_to(1));
    ck_assert_refused(send_to(1), XEN_EIO, "injected");
}
END_TEST

/* A struct that can't be read, and one that the guest overwrites at once. */
START_TEST(calls_are_written_down_as_they_were_made)
{
    struct evtchn_send op = {.port = 1};
    char *told;

    ck_expect_call(x.d, "event_channel_op.send port=1");
    ck_expect_call(x.d, "event_channel_op.send port=1");
    ck_assert_call_ok(HYPERVISOR_event_channel_op(EVTCHNOP_send, &op));
    op.port = 2;
    ck_assert_int_eq(HYPERVISOR_event_channel_op(EVTCHNOP_send, NULL), -XEN_EFAULT);
    told = xd_expect_differences(x.d);
    ck_assert_str_eq(told,
                     "d1 was expected to make 2 calls and made 2:\n"
                     "  wrong: expectation 2, event_channel_op.send port=1: call 2 has port=what "
                     "can't be read\n");
    free(told);
}
END_TEST

/* Long lists are compared in time; the one call that is too many is found. */
START_TEST(long_lists_are_compared_as_well)
{
    char *told;

    for (unsigned int i = 0; i < 1000; i++)
        ck_expect_call(x.d, "event_channel_op.send port=%u", i % 7 % 3);
    for (unsigned int i = 0; i < 1000; i++) {
        (void)send_to(i % 7 % 3);
        if (i == 500)
            version();
    }
    told = xd_expect_differences(x.d);
    ck_assert_str_eq(told, "d1 was expected to make 1000 calls and made 1001:\n"
                           "  unexpected: call 502, xen_version.version = 0x40011 (v0)\n");
    free(told);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("expect");
    TCase *tc = tcase_create("expect");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, what_is_expected_and_done_is_nothing_to_tell);
    tcase_add_loop_test(tc, differences_are_told, 0, (int)(sizeof(rows) / sizeof(rows[0])));
    tcase_add_loop_test(tc, what_can_not_be_expected_is_told, 0,
                        (int)(sizeof(bad) / sizeof(bad[0])));
    tcase_add_test(tc, what_is_ignored_does_not_count);
    tcase_add_test(tc, injected_answers_are_results_too);
    tcase_add_test(tc, calls_are_written_down_as_they_were_made);
    tcase_add_test(tc, long_lists_are_compared_as_well);
    suite_add_tcase(suite, tc);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
