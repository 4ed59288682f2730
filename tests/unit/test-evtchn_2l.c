/* SPDX-License-Identifier: MIT */
/* test-evtchn_2l.c: how events reach a guest through the 2-level bitmaps. */
#include "events.h"

START_TEST(a_masked_port_holds_its_event_until_unmasked)
{
    uint64_t shared = fixture_map_shared_info(f.v1);
    uint32_t p1, p2;

    make_pair(&p1, &p2);
    fixture_set_shared(f.v1, shared, evtchn_mask[0], UINT64_C(1) << p1);
    ck_ok(f.v2, on_port(f.v2, SEND, p2));
    ck_assert(pending(f.d1, p1) && !selected(f.v1, p1) && !upcall_pending(f.v1));
    ck_ok(f.v1, on_port(f.v1, UNMASK, p1));
    ck_assert(pending(f.d1, p1) && selected(f.v1, p1) && upcall_pending(f.v1));
    ck_assert_uint_eq(fixture_shared_info(f.d1)->evtchn_mask[0], 0);
    fixture_set_shared(f.v1, shared, vcpu_info[0].evtchn_upcall_pending, 0);
    fixture_set_shared(f.v1, shared, vcpu_info[0].evtchn_pending_sel, 0);
    ck_ok(f.v1, on_port(f.v1, UNMASK, p1)); /* was not masked: nothing is raised again */
    ck_assert(!selected(f.v1, p1) && !upcall_pending(f.v1));
}
END_TEST

START_TEST(unmask_of_a_masked_port_without_event_only_unmasks)
{
    uint64_t shared = fixture_map_shared_info(f.v1);

    fixture_set_shared(f.v1, shared, evtchn_mask[0], ~UINT64_C(0));
    ck_ok(f.v1, on_port(f.v1, UNMASK, 1));
    ck_ok(f.v1, on_port(f.v1, UNMASK, 0)); /* reserved and free ports stay masked */
    ck_ok(f.v1, on_port(f.v1, UNMASK, 63));
    ck_assert_uint_eq(fixture_shared_info(f.d1)->evtchn_mask[0], ~UINT64_C(2));
    ck_assert(!upcall_pending(f.v1));
}
END_TEST

START_TEST(an_event_that_is_pending_already_changes_nothing)
{
    uint64_t shared = fixture_map_shared_info(f.v1);
    uint32_t p1, p2;

    make_pair(&p1, &p2);
    ck_ok(f.v2, on_port(f.v2, SEND, p2));
    fixture_set_shared(f.v1, shared, vcpu_info[0].evtchn_upcall_pending, 0);
    fixture_set_shared(f.v1, shared, vcpu_info[0].evtchn_pending_sel, 0);
    ck_ok(f.v2, on_port(f.v2, SEND, p2));
    ck_assert(pending(f.d1, p1) && !selected(f.v1, p1) && !upcall_pending(f.v1));
}
END_TEST

START_TEST(a_selector_bit_found_set_ends_delivery)
{
    uint64_t shared = fixture_map_shared_info(f.v1);
    uint32_t p1, p2;

    make_pair(&p1, &p2);
    fixture_set_shared(f.v1, shared, vcpu_info[0].evtchn_pending_sel, 1);
    ck_ok(f.v2, on_port(f.v2, SEND, p2));
    ck_assert(pending(f.d1, p1) && !upcall_pending(f.v1));
}
END_TEST

START_TEST(an_upcall_is_due_when_pending_and_let_in)
{
    uint64_t shared = fixture_map_shared_info(f.v1);
    uint32_t p1, p2;

    make_pair(&p1, &p2);
    ck_ok(f.v2, on_port(f.v2, SEND, p2));
    ck_assert(!xd_upcall_due(f.v1));
    fixture_set_shared(f.v1, shared, vcpu_info[0].evtchn_upcall_mask, 0);
    ck_assert(xd_upcall_due(f.v1));
    fixture_set_shared(f.v1, shared, vcpu_info[0].evtchn_upcall_pending, 0);
    ck_assert(!xd_upcall_due(f.v1));
}
END_TEST

START_TEST(ports_of_all_words_are_delivered)
{
    uint32_t port = 0;

    while (port < 200)
        ck_ok(f.v1, bind_ipi(f.v1, 0, &port));
    ck_ok(f.v1, on_port(f.v1, SEND, 130));
    ck_ok(f.v1, on_port(f.v1, SEND, 199));
    ck_assert_uint_eq(fixture_vcpu_info(f.v1)->evtchn_pending_sel, 1u << 2 | 1u << 3);
    ck_assert_uint_eq(fixture_shared_info(f.d1)->evtchn_pending[2], UINT64_C(1) << 2);
    ck_assert_uint_eq(fixture_shared_info(f.d1)->evtchn_pending[3], UINT64_C(1) << 7);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("evtchn_2l");
    TCase *tc = tcase_create("evtchn_2l");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, a_masked_port_holds_its_event_until_unmasked);
    tcase_add_test(tc, unmask_of_a_masked_port_without_event_only_unmasks);
    tcase_add_test(tc, an_event_that_is_pending_already_changes_nothing);
    tcase_add_test(tc, a_selector_bit_found_set_ends_delivery);
    tcase_add_test(tc, an_upcall_is_due_when_pending_and_let_in);
    tcase_add_test(tc, ports_of_all_words_are_delivered);
    suite_add_tcase(s, tc);
    return fixture_main(s);
}
