/* SPDX-License-Identifier: MIT */
/*
 * first.c: the smallest unit test of guest code: this thread becomes a vCPU, and guest functions are
 * called like any other.
 *
 *     cc first.c $(pkg-config --cflags --libs xendouble check) -o first && ./first
 */
#include <check.h>
#include <stdlib.h>
#include <xen/interface/event_channel.h>
#include <xen/interface/xen.h>
#include <xendouble/guest.h>

/* The guest code under test: a port that domain (remote) may bind to, or a negative errno. */
static int offer_port(domid_t remote)
{
    struct evtchn_alloc_unbound op = {.dom = DOMID_SELF, .remote_dom = remote};
    int rc = HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, &op);

    return rc ? rc : (int)op.port;
}

START_TEST(a_port_is_offered)
{
    struct xd_hv *hv;
    struct xd_domain *d;

    ck_assert_int_eq(xd_hv_create(&hv, NULL), 0);
    ck_assert_int_eq(xd_domain_create(hv, NULL, &d), 0);
    ck_assert_int_eq(xd_enter(xd_vcpu_at(d, 0)), 0);
    ck_assert_int_eq(offer_port(0), 3); /* 1 and 2 are xenstore's and the console's */
    xd_hv_destroy(hv);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("first");
    Suite *suite = suite_create("first");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tc, a_port_is_offered);
    suite_add_tcase(suite, tc);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
