/* SPDX-License-Identifier: MIT */
/* test-destroy.c: nothing of a destroyed domain stays but what others hold, and that goes with its last holder. */
#include "mm.h"

static struct xd_fixture f;
static uint32_t free_before; /* as if d1 had never been */

static void setup(void)
{
    fixture_setup(&f);
    free_before = f.hv->frames_free + f.d1->pages + 1; /* and its shared_info */
}

static void teardown(void)
{
    fixture_teardown(&f);
}

static void ck_gone(void)
{
    ck_assert_ptr_null(xd_domain_find(f.hv, 1));
    ck_assert_uint_eq(f.hv->frames_free, free_before);
    for (uint64_t mfn = f.hv->heap_first; mfn < f.hv->frames; mfn++)
        ck_assert(mm_frame(f.hv, mfn)->owner != 1);
    fixture_audit(f.hv);
}

START_TEST(a_fresh_domain_goes_without_a_trace)
{
    xd_domain_destroy(f.d1);
    ck_gone();
}
END_TEST

START_TEST(whatever_it_held_is_given_back)
{
    uint64_t gdt = mm_page(f.d1, 0), l4 = mm_page(f.d1, 1), given = mm_page(f.d1, 2);

    ck_ok(f.v1, fixture_call(f.v1, 2, fixture_place(&f, f.v1, &gdt, 8), 1));
    ck_ok(f.v1b, fixture_call(f.v1b, 2, fixture_place(&f, f.v1, &gdt, 8), 1));
    ck_ok(f.v1, mm_ext(&f, f.v1, NEW_USER_BASEPTR, l4));
    ck_ok(f.v1, mm_update(&f, f.v1, mm_ptr(l4, 3), mm_pte(l4, 0x1))); /* maps itself */
    for (unsigned int level = 1; level <= 4; level++)
        ck_ok(f.v1, mm_ext(&f, f.v1, PIN_L1 + level - 1, mm_page(f.d1, 10 + level)));
    ck_ok(f.v1, mm_map(f.v1, mm_va(f.d1, 0), mm_pte(given, 0x3)));
    xd_frame_put_allocated(f.hv, xd_mfn_of(given)); /* ballooned out while mapped */
    fixture_map_shared_info(f.v1);
    xd_domain_destroy(f.d1);
    ck_gone();
}
END_TEST

/* Linear L4 entries, so that whichever of the two is visited first is still held by the other. */
START_TEST(linear_tables_are_cut)
{
    uint64_t a = mm_page(f.d1, 0), b = mm_page(f.d1, 1), low = a < b ? a : b, high = a < b ? b : a;

    ck_ok(f.v1, mm_ext(&f, f.v1, PIN_L4, low));
    ck_ok(f.v1, mm_ext(&f, f.v1, PIN_L4, high));
    ck_ok(f.v1, mm_update(&f, f.v1, mm_ptr(_i ? low : high, 3), mm_pte(_i ? high : low, 0x1)));
    ck_ok(f.v1, mm_update(&f, f.v1, mm_ptr(_i ? high : low, 4), mm_pte(mm_page(f.d1, 2), 0x3)));
    xd_domain_destroy(f.d1);
    ck_gone();
}
END_TEST

/* d0 maps frames of d1: memory, a page table, shared_info. */
START_TEST(frames_that_others_map_stay_until_they_let_go)
{
    uint64_t mfn[3] = {mm_page(f.d1, 0), mm_table(f.d1, 2), xd_domain_start(f.d1)->shared_info_mfn};
    static const uint64_t flags[3] = {0x3, 0x1, 0x3};
    uint64_t word = 77, got = 0;

    for (unsigned int i = 0; i < 3; i++)
        ck_ok(f.v0, fixture_call(f.v0, 22, mm_va(f.d0, i), mm_pte(mfn[i], flags[i]), 0, 1));
    xd_domain_destroy(f.d1);
    fixture_audit(f.hv);
    ck_frame(f.hv, mfn[0], XD_TYPE_WRITABLE, 1, 1, VALID);
    ck_frame(f.hv, mfn[1], XD_TYPE_L2, 0, 1, 0);
    ck_assert_int_eq(xd_guest_store(f.v0, mm_va(f.d0, 0), &word, 8, NULL), XD_ACCESS_OK);
    ck_assert_int_eq(xd_guest_load(f.v0, mm_va(f.d0, 0), &got, 8, NULL), XD_ACCESS_OK);
    ck_assert_uint_eq(got, word);
    for (unsigned int i = 0; i < 3; i++) {
        ck_ok(f.v0, mm_map(f.v0, mm_va(f.d0, i), 0));
        fixture_audit(f.hv);
    }
    ck_gone();
}
END_TEST

START_TEST(what_it_mapped_of_others_is_let_go)
{
    uint64_t at = mm_entry_at(f.d0, mm_va(f.d0, 0), 1), mfn = mm_page(f.d1, 0);
    uint32_t with_d0 = f.hv->frames_free + f.d0->pages + 1;

    ck_ok(f.v0, mm_update_as(&f, f.v0, at, mm_pte(mfn, 0x3), 1));
    ck_frame(f.hv, mfn, XD_TYPE_WRITABLE, 1, 2, ALLOC | VALID);
    xd_domain_destroy(f.d0);
    ck_frame(f.hv, mfn, XD_TYPE_WRITABLE, 0, 1, ALLOC | VALID);
    ck_assert_uint_eq(f.hv->frames_free, with_d0);
}
END_TEST

START_TEST(a_dying_domain_is_named_until_its_last_frame_goes)
{
    ck_ok(f.v0, fixture_call(f.v0, 22, mm_va(f.d0, 0), mm_pte(mm_page(f.d1, 0), 0x1), 0, 1));
    xd_domain_destroy(f.d1);
    ck_assert_int_ne(xd_vcpu_state(f.v1), XD_STATE_RUNNING);
    ck_assert_int_eq(fixture_call(f.v1, 17, 0, 0), XD_NOT_RUNNING);
    xd_domain_destroy(f.d1); /* once is enough */
    fixture_audit(f.hv);
    ck_ok(f.v0, fixture_call(f.v0, 22, mm_va(f.d0, 1), mm_pte(mm_page(f.d0, 0), 0), 0,
                             1)); /* a name still */
    ck_ok(f.v0, mm_map(f.v0, mm_va(f.d0, 0), 0));
    ck_refused(f.v0, fixture_call(f.v0, 22, mm_va(f.d0, 1), 0, 0, 1), ESRCH, FD_UNKNOWN);
    ck_gone();
}
END_TEST

START_TEST(the_number_and_the_slot_are_free_again)
{
    struct xd_domain_config c = XD_DOMAIN_CONFIG_DEFAULT;
    struct xd_domain *d;

    for (unsigned int i = 0; i < 5; i++) {
        xd_domain_destroy(xd_domain_find(f.hv, 1));
        c.domid = 1;
        ck_assert_msg(xd_domain_create(f.hv, &c, &d) == 0, "%s", xd_hv_error(f.hv));
        ck_assert_ptr_eq(d, f.d1);
        fixture_audit(f.hv);
    }
    ck_assert_uint_eq(f.hv->frames_free + d->pages + 1, free_before);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("destroy");
    TCase *t = tcase_create("domains");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, a_fresh_domain_goes_without_a_trace);
    tcase_add_test(t, whatever_it_held_is_given_back);
    tcase_add_loop_test(t, linear_tables_are_cut, 0, 2);
    tcase_add_test(t, frames_that_others_map_stay_until_they_let_go);
    tcase_add_test(t, what_it_mapped_of_others_is_let_go);
    tcase_add_test(t, a_dying_domain_is_named_until_its_last_frame_goes);
    tcase_add_test(t, the_number_and_the_slot_are_free_again);
    suite_add_tcase(suite, t);
    return fixture_main(suite);
}
