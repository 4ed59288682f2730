/* SPDX-License-Identifier: MIT */
/* test-explain.c: what a refused call of linked code asked for, told when its stack is another's. */
#include "says.h"

#include <xen/interface/errno.h>
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

static __attribute__((noinline)) void overwrite_the_stack(void)
{
    volatile unsigned char mine[8192];

    for (size_t i = 0; i < sizeof(mine); i++)
        mine[i] = 0x41;
}

static __attribute__((noinline)) int send_in_a_list(evtchn_port_t port)
{
    struct evtchn_send op = {.port = port};
    struct multicall_entry list[] = {
        {.op = __HYPERVISOR_event_channel_op, .args = {EVTCHNOP_send, (uintptr_t)&op}},
        {.op = __HYPERVISOR_xen_version},
    };

    return HYPERVISOR_multicall(list, 2);
}

static __attribute__((noinline)) int status_of(evtchn_port_t port)
{
    struct evtchn_status op = {.dom = DOMID_SELF, .port = port};

    return HYPERVISOR_event_channel_op(EVTCHNOP_status, &op);
}

START_TEST(what_was_asked_is_told_when_its_stack_is_gone)
{
    ck_assert_refused(send_to(99), XEN_EINVAL, "evtchn_port_range");
    overwrite_the_stack();
    says(xd_explain(x.v), "  send port=99\n");
    ck_assert_refused(status_of(98), XEN_EINVAL, "evtchn_port_range");
    overwrite_the_stack();
    says(xd_explain(x.v), "  status dom=SELF port=98\n");
    ck_assert_call_ok(send_in_a_list(97));
    overwrite_the_stack();
    says(xd_explain(x.v), "  send port=97\n");
    xd_fail_nth(x.d, "event_channel_op.send", 1, XEN_ENOSPC);
    ck_assert_refused(send_to(96), XEN_ENOSPC, "injected");
    overwrite_the_stack();
    says(xd_explain(x.v), "  send port=96\n");
}
END_TEST

START_TEST(what_was_asked_before_is_not_told)
{
    static struct evtchn_send op = {.port = 95};
    const uint64_t arg[6] = {EVTCHNOP_send, (uintptr_t)&op};
    char *text;

    ck_assert_refused(send_to(99), XEN_EINVAL, "evtchn_port_range");
    ck_assert_refused(HYPERVISOR_event_channel_op(EVTCHNOP_send, NULL), XEN_EFAULT, "copy_in");
    text = xd_explain(x.v);
    ck_assert_msg(!strstr(text, "  send"), "%s", text);
    free(text);
    /* By the host's door nobody keeps it: it is read again. */
    ck_assert_int_eq((int)xd_hypercall(x.v, __HYPERVISOR_event_channel_op, arg), -XEN_EINVAL);
    says(xd_explain(x.v), "  send port=95\n");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("explain");
    TCase *tc = tcase_create("explain");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, what_was_asked_is_told_when_its_stack_is_gone);
    tcase_add_test(tc, what_was_asked_before_is_not_told);
    suite_add_tcase(suite, tc);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
