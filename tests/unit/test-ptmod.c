/* SPDX-License-Identifier: MIT */
/* test-ptmod.c: changing one entry of a live table: short ways, adjusted bits, and what is taken and given back. */
#include "mm.h"

#include <signal.h>

static struct xd_fixture f;

static void setup(void)
{
    fixture_setup(&f);
}

static void teardown(void)
{
    fixture_teardown(&f);
}

/* Bits that count for nothing: changing them looks at no frame. */
static const struct {
    uint64_t bits;
    bool upper; /* allowed above L1 too */
} fast[] = {
    {XD_PTE_A, true},  {XD_PTE_D, true},        {XD_PTE_G, false},
    {XD_PTE_NX, true}, {UINT64_C(0xe00), true}, {UINT64_C(0x7ff0000000000000), true},
};

START_TEST(bits_that_are_not_counted_change_without_a_check)
{
    uint64_t va = mm_va(f.d1, 0), e = mm_entry(f.d1, va, 1), at = mm_entry_at(f.d1, va, 1);
    uint64_t mfn = xd_pte_mfn(e).v, l2 = mm_table(f.d1, 2), slot = xd_pt_slot(va, 2),
             up = mm_word(f.hv, l2, (unsigned int)slot);
    struct xd_frame before = *mm_frame(f.hv, mfn);

    /* A foreign domain that owns nothing shows it: on the full way this would be refused. */
    ck_ok(f.v1, mm_update_as(&f, f.v1, at, e ^ fast[_i].bits, XD_DOMID_IO));
    ck_assert_uint_eq(mm_frame(f.hv, mfn)->count, before.count);
    ck_refused(f.v1, mm_update_as(&f, f.v1, at, e ^ XD_PTE_RW, XD_DOMID_IO), EBUSY, L1E_NOT_OWNER);
    if (fast[_i].upper) {
        ck_ok(f.v1, mm_update(&f, f.v1, mm_ptr(l2, (unsigned int)slot), up ^ fast[_i].bits));
        ck_assert_uint_eq(mm_word(f.hv, l2, (unsigned int)slot), (up ^ fast[_i].bits) | XD_PTE_US);
    } else {
        ck_refused(f.v1, mm_update(&f, f.v1, mm_ptr(l2, (unsigned int)slot), up ^ fast[_i].bits),
                   EINVAL, L2E_BITS);
    }
}
END_TEST

/* What a guest writes and what it finds: L1. */
static const struct {
    uint64_t in, out;
} adjusted[] = {
    {0x1, 0x5 | XD_PTE_GK},
    {0x3, 0x7 | XD_PTE_GK},
    {0x63, 0x67 | XD_PTE_GK},
    {0x7, 0x107},
    {0x67, 0x167},
    {0x163, 0x167 | XD_PTE_GK}, /* a global kernel entry is kept as it is */
    {0x3 | XD_PTE_GK, 0x7 | XD_PTE_GK},
    {0x7 | XD_PTE_GK, 0x7 | XD_PTE_GK},
    {0x107, 0x107},
    {0x3 | XD_PTE_NX | 0xa00, 0x7 | XD_PTE_GK | XD_PTE_NX | 0xa00},
    {0x2, 0x2}, /* not present: not touched */
    {0x4, 0x4},
};

START_TEST(l1_entries_get_the_marks_of_kernel_and_user)
{
    uint64_t va = mm_va(f.d1, 0), mfn = mm_page(f.d1, 0);

    ck_ok(f.v1, mm_map(f.v1, va, mm_pte(mfn, adjusted[_i].in)));
    ck_assert_uint_eq(mm_entry(f.d1, va, 1), mm_pte(mfn, adjusted[_i].out));
}
END_TEST

START_TEST(entries_above_get_user_access)
{
    unsigned int level = (unsigned int)_i;
    uint64_t t = mm_table(f.d1, level), child = mm_page(f.d1, 0), a = level == 4 ? XD_PTE_A : 0;

    ck_ok(f.v1, mm_update(&f, f.v1, mm_ptr(t, 400), mm_pte(child, 0x1)));
    ck_assert_uint_eq(mm_word(f.hv, t, 400), mm_pte(child, 0x5 | a));
    ck_frame(f.hv, child, level - 1, 1, 2, ALLOC | VALID);
    ck_ok(f.v1, mm_update(&f, f.v1, mm_ptr(t, 400),
                          mm_pte(child, 0x3))); /* RW counts, but holds nothing here */
    ck_assert_uint_eq(mm_word(f.hv, t, 400), mm_pte(child, 0x7 | a));
    ck_frame(f.hv, child, level - 1, 1, 2, ALLOC | VALID);
    ck_ok(f.v1, mm_update(&f, f.v1, mm_ptr(t, 400), 0x7770));
    ck_assert_uint_eq(mm_word(f.hv, t, 400), 0x7770);
    ck_frame(f.hv, child, level - 1, 0, 1, ALLOC);
}
END_TEST

START_TEST(a_refused_change_changes_nothing)
{
    unsigned int level = (unsigned int)_i;
    static const enum xd_why bits[] = {
        [2] = XD_WHY_L2E_BITS, [3] = XD_WHY_L3E_BITS, [4] = XD_WHY_L4E_BITS};
    uint64_t t = mm_table(f.d1, level), child = mm_page(f.d1, 0), before;

    ck_ok(f.v1, mm_update(&f, f.v1, mm_ptr(t, 400), mm_pte(child, 0x7)));
    before = mm_word(f.hv, t, 400);
    ck_refused_as(f.v1, mm_update(&f, f.v1, mm_ptr(t, 400), before | XD_PTE_PSE), XD_EINVAL,
                  bits[level]);
    ck_refused_as(f.v1, mm_update(&f, f.v1, mm_ptr(t, 400), before | XD_PTE_PWT), XD_EINVAL,
                  bits[level]);
    ck_refused(f.v1, mm_update(&f, f.v1, mm_ptr(t, 400), mm_pte(mm_mapped(f.d1, 0), 0x7)), EINVAL,
               FRAME_MAPPED_WRITABLE);
    ck_refused(f.v1, mm_update(&f, f.v1, mm_ptr(t, 400), mm_pte(mm_page(f.d2, 0), 0x7)), EINVAL,
               CHILD_NOT_OWNED);
    ck_assert_uint_eq(mm_word(f.hv, t, 400), before);
    ck_frame(f.hv, child, level - 1, 1, 2, ALLOC | VALID);
}
END_TEST

START_TEST(xens_l4_slots_are_out_of_reach)
{
    uint64_t l4 = mm_table(f.d1, 4), before = mm_word(f.hv, l4, (unsigned int)_i);

    ck_refused(f.v1, mm_update(&f, f.v1, mm_ptr(l4, (unsigned int)_i), 0), EINVAL,
               L4_SLOT_RESERVED);
    ck_refused(f.v1, mm_update(&f, f.v1, mm_ptr(l4, (unsigned int)_i), before), EINVAL,
               L4_SLOT_RESERVED);
    ck_refused(f.v1, mm_update(&f, f.v1, mm_ptr(l4, (unsigned int)_i), 0x81), EINVAL,
               L4_SLOT_RESERVED);
    ck_assert_uint_eq(mm_word(f.hv, l4, (unsigned int)_i), before);
    ck_ok(f.v1, mm_update(&f, f.v1, mm_ptr(l4, 255), 0));
    ck_ok(f.v1, mm_update(&f, f.v1, mm_ptr(l4, 272), 0));
}
END_TEST

START_TEST(a_and_d_are_kept_on_request)
{
    uint64_t va = mm_va(f.d1, 0), at = mm_entry_at(f.d1, va, 1), mfn = mm_page(f.d1, 0);
    uint64_t l2 = mm_ptr(mm_table(f.d1, 2), 400);

    ck_ok(f.v1, mm_update(&f, f.v1, at, mm_pte(mfn, 0x63)));
    ck_ok(f.v1, mm_update(&f, f.v1, at | 2, mm_pte(mfn, 0x3))); /* a short way */
    ck_assert_uint_eq(mm_entry(f.d1, va, 1), mm_pte(mfn, 0x67 | XD_PTE_GK));
    ck_ok(f.v1, mm_update(&f, f.v1, at | 2, mm_pte(mm_page(f.d1, 1), 0x1))); /* the full one */
    ck_assert_uint_eq(mm_entry(f.d1, va, 1), mm_pte(mm_page(f.d1, 1), 0x65 | XD_PTE_GK));
    ck_ok(f.v1, mm_update(&f, f.v1, at | 2, 0));
    ck_assert_uint_eq(mm_entry(f.d1, va, 1), 0x60);
    ck_ok(f.v1, mm_update(&f, f.v1, at, mm_pte(mfn, 0x3)));
    ck_assert_uint_eq(mm_entry(f.d1, va, 1), mm_pte(mfn, 0x7 | XD_PTE_GK));
    ck_ok(f.v1, mm_update(&f, f.v1, l2, mm_pte(mm_page(f.d1, 2), 0x67)));
    ck_ok(f.v1, mm_update(&f, f.v1, l2 | 2, mm_pte(mm_page(f.d1, 3), 0x7)));
    ck_assert_uint_eq(mm_word(f.hv, mm_table(f.d1, 2), 400), mm_pte(mm_page(f.d1, 3), 0x67));
}
END_TEST

START_TEST(a_page_keeps_its_hold_while_it_moves)
{
    uint64_t va = mm_va(f.d1, 0), mfn = mm_page(f.d1, 0);

    ck_ok(f.v1, mm_map(f.v1, va, mm_pte(mfn, 0x3)));
    ck_ok(f.v1, mm_map(f.v1, va, mm_pte(mfn, 0x1)));
    ck_frame(f.hv, mfn, XD_TYPE_WRITABLE, 0, 2, ALLOC | VALID);
    ck_ok(f.v1, mm_map(f.v1, va, mm_pte(mfn, 0x7)));
    ck_frame(f.hv, mfn, XD_TYPE_WRITABLE, 1, 2, ALLOC | VALID);
    ck_ok(f.v1, mm_map(f.v1, va, mm_pte(mm_page(f.d1, 1), 0x7)));
    ck_frame(f.hv, mfn, XD_TYPE_WRITABLE, 0, 1, ALLOC | VALID);
}
END_TEST

/* The last link of a table may be dropped by an entry of another that it maps itself. */
START_TEST(a_tree_is_taken_down_from_within)
{
    uint64_t l4 = mm_table(f.d1, 4), l3 = mm_page(f.d1, 0), l2 = mm_page(f.d1, 1),
             l1 = mm_page(f.d1, 2);

    ck_ok(f.v1, mm_update(&f, f.v1, mm_ptr(l4, 9), mm_pte(l3, 0x7)));
    ck_ok(f.v1, mm_update(&f, f.v1, mm_ptr(l3, 0), mm_pte(l2, 0x7)));
    ck_ok(f.v1, mm_update(&f, f.v1, mm_ptr(l2, 0), mm_pte(l1, 0x7)));
    ck_ok(f.v1, mm_update(&f, f.v1, mm_ptr(l1, 0), mm_pte(l1, 0x1)));
    ck_ok(f.v1, mm_update(&f, f.v1, mm_ptr(l1, 1), mm_pte(l2, 0x1)));
    ck_frame(f.hv, l1, XD_TYPE_L1, 1, 3, ALLOC | VALID);
    ck_ok(f.v1, mm_update(&f, f.v1, mm_ptr(l4, 9), 0));
    ck_frame(f.hv, l1, XD_TYPE_L1, 0, 1, ALLOC);
    ck_frame(f.hv, l2, XD_TYPE_L2, 0, 1, ALLOC);
}
END_TEST

START_TEST(a_page_that_is_no_live_table_has_no_entries)
{
    xd_entry_mod(f.v1, xd_mfn_of(mm_page(f.d1, 0)), 1, 0, 0, 1, false);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ptmod");
    TCase *t = tcase_create("entries");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, bits_that_are_not_counted_change_without_a_check, 0,
                        (int)XD_ARRAY_SIZE(fast));
    tcase_add_loop_test(t, l1_entries_get_the_marks_of_kernel_and_user, 0,
                        (int)XD_ARRAY_SIZE(adjusted));
    tcase_add_loop_test(t, entries_above_get_user_access, 2, 5);
    tcase_add_loop_test(t, a_refused_change_changes_nothing, 2, 5);
    tcase_add_loop_test(t, xens_l4_slots_are_out_of_reach, 256, 272);
    tcase_add_test(t, a_and_d_are_kept_on_request);
    tcase_add_test(t, a_page_keeps_its_hold_while_it_moves);
    tcase_add_test(t, a_tree_is_taken_down_from_within);
    tcase_add_test_raise_signal(t, a_page_that_is_no_live_table_has_no_entries, SIGABRT);
    suite_add_tcase(suite, t);
    return fixture_main(suite);
}
