/* SPDX-License-Identifier: MIT */
/* test-pagetype.c: what it takes to become a table, what a failed audit leaves, and linear tables. */
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

static uint64_t page(unsigned int k)
{
    return mm_page(f.d1, k);
}

static long pin(unsigned int level, uint64_t mfn)
{
    return mm_ext(&f, f.v1, PIN_L1 + level - 1, mfn);
}

static long unpin(uint64_t mfn)
{
    return mm_ext(&f, f.v1, UNPIN, mfn);
}

static long set(uint64_t table, unsigned int slot, uint64_t mfn, uint64_t flags)
{
    return mm_update(&f, f.v1, mm_ptr(table, slot), mm_pte(mfn, flags));
}

/* ---- Audits ---- */

START_TEST(a_tree_is_validated_from_its_top_and_falls_with_it)
{
    uint64_t data = page(10);

    for (unsigned int level = 4; level > 1; level--) {
        mm_poke(f.hv, page(level), level, mm_pte(page(level - 1), 0x63));
        mm_poke(f.hv, page(level), 300, 0x123456780); /* not present: no matter */
    }
    mm_poke(f.hv, page(1), 1, mm_pte(data, 0x63));
    mm_poke(f.hv, page(1), 2, mm_pte(data, 0x7));
    ck_ok(f.v1, pin(4, page(4)));
    ck_frame(f.hv, page(4), XD_TYPE_L4, 1, 2, ALLOC | VALID | PINNED);
    for (unsigned int level = 1; level < 4; level++)
        ck_frame(f.hv, page(level), level, 1, 2, ALLOC | VALID);
    ck_frame(f.hv, data, XD_TYPE_WRITABLE, 2, 3, ALLOC | VALID);
    ck_assert_uint_eq(mm_word(f.hv, page(4), 4), mm_pte(page(3), 0x67)); /* adjusted, A was set */
    ck_assert_uint_eq(mm_word(f.hv, page(3), 3), mm_pte(page(2), 0x67));
    ck_assert_uint_eq(mm_word(f.hv, page(1), 1), mm_pte(data, 0x67 | XD_PTE_GK));
    ck_assert_uint_eq(mm_word(f.hv, page(1), 2), mm_pte(data, 0x107));
    ck_ok(f.v1, unpin(page(4)));
    for (unsigned int level = 1; level <= 4; level++)
        ck_frame(f.hv, page(level), level, 0, 1, ALLOC);
    ck_frame(f.hv, data, XD_TYPE_WRITABLE, 0, 1, ALLOC | VALID);
    ck_assert_uint_eq(mm_word(f.hv, page(1), 1),
                      mm_pte(data, 0x67 | XD_PTE_GK)); /* contents stay */
}
END_TEST

/* What stands in slot 7 of an L1 that is pinned; slot 3 holds a good writable entry. */
static const struct {
    uint64_t flags;
    enum { OWN, OTHERS, ITSELF, TABLE, IO, NONE, SHARED } target;
    int err;
    enum xd_why why;
} bad_l1[] = {
    {0x9, OWN, XD_EINVAL, XD_WHY_L1E_BITS},
    {0x3, ITSELF, XD_EBUSY, XD_WHY_L1E_RW_TABLE},
    {0x1, ITSELF, 0, XD_WHY_NONE},
    {0x3, TABLE, XD_EBUSY, XD_WHY_L1E_RW_TABLE},
    {0x1, OTHERS, XD_EBUSY, XD_WHY_L1E_NOT_OWNER},
    {0x3, IO, XD_EPERM, XD_WHY_L1E_IOMEM},
    {0x1, NONE, XD_EINVAL, XD_WHY_L1E_MFN_INVALID},
    {0x3, SHARED, 0, XD_WHY_NONE},
};

static uint64_t l1_target(unsigned int i, uint64_t itself)
{
    switch (bad_l1[i].target) {
    case OWN: return page(11);
    case OTHERS: return mm_page(f.d2, 0);
    case ITSELF: return itself;
    case TABLE: return mm_table(f.d1, 2);
    case IO: return 0xa0;
    case SHARED: return xd_domain_start(f.d1)->shared_info_mfn;
    default: return XD_MFN_INVALID;
    }
}

START_TEST(an_l1_is_taken_with_all_its_entries_or_not_at_all)
{
    uint64_t t = page(0), data = page(1), last = page(2), bad;

    mm_poke(f.hv, t, 3, mm_pte(data, 0x3));
    bad = mm_pte(l1_target((unsigned int)_i, t), bad_l1[_i].flags);
    mm_poke(f.hv, t, 7, bad);
    mm_poke(f.hv, t, 9, mm_pte(last, 0x3));
    ck_refused_as(f.v1, pin(1, t), bad_l1[_i].err, bad_l1[_i].why);
    if (!bad_l1[_i].err)
        return;
    ck_frame(f.hv, t, XD_TYPE_NONE, 0, 1, ALLOC); /* the type is gone at once */
    ck_frame(f.hv, data, XD_TYPE_WRITABLE, 0, 1, ALLOC | VALID);
    ck_frame(f.hv, last, XD_TYPE_NONE, 0, 1, ALLOC); /* was not reached */
    ck_assert_uint_eq(mm_word(f.hv, t, 3),
                      mm_pte(data, 0x7 | XD_PTE_GK)); /* adjusted all the same */
    ck_assert_uint_eq(mm_word(f.hv, t, 7), bad);
    ck_assert_uint_eq(mm_word(f.hv, t, 9), mm_pte(last, 0x3));
    ck_assert_uint_eq(f.v1->rec.reject.via_nr, 1);
    ck_assert_uint_eq(f.v1->rec.reject.via[0].mfn, t);
    ck_assert_uint_eq(f.v1->rec.reject.via[0].slot, 7);
}
END_TEST

/* What a table above L1 refuses, at every level. */
START_TEST(a_table_links_tables_of_the_level_below)
{
    unsigned int level = (unsigned int)_i;
    static const enum xd_why bits[] = {
        [2] = XD_WHY_L2E_BITS, [3] = XD_WHY_L3E_BITS, [4] = XD_WHY_L4E_BITS};
    uint64_t t = page(0), good = page(1), gdt = page(5),
             shared = xd_domain_start(f.d1)->shared_info_mfn;
    const struct {
        uint64_t mfn, flags;
        enum xd_why why;
    } bad[] = {
        {page(2), 0x1 | XD_PTE_PWT, bits[level]},
        {page(2), 0x1 | XD_PTE_PCD, bits[level]},
        {page(2), 0x1 | XD_PTE_PSE, bits[level]},
        {page(2), 0x3 | XD_PTE_G, bits[level]},
        {mm_page(f.d2, 0), 0x1, XD_WHY_CHILD_NOT_OWNED},
        {mm_free(f.hv), 0x1, XD_WHY_CHILD_NOT_OWNED},
        {0xa0, 0x1, XD_WHY_CHILD_NOT_OWNED},
        {f.hv->frames, 0x1, XD_WHY_CHILD_NOT_OWNED},
        {XD_MFN_INVALID, 0x1, XD_WHY_CHILD_NOT_OWNED},
        {f.hv->m2p_first.v, 0x1, XD_WHY_CHILD_NOT_OWNED},
        {mm_mapped(f.d1, 0), 0x1, XD_WHY_FRAME_MAPPED_WRITABLE},
        {shared, 0x1, XD_WHY_FRAME_MAPPED_WRITABLE},
        {gdt, 0x1, XD_WHY_FRAME_OTHER_TYPE},
        {mm_table(f.d1, level == 4 ? 2 : level + 1), 0x1, XD_WHY_FRAME_OTHER_TYPE},
    };

    ck_ok(f.v1, fixture_call(f.v1, 2, fixture_place(&f, f.v1, &gdt, 8), 1));
    for (unsigned int i = 0; i < XD_ARRAY_SIZE(bad); i++) {
        mm_poke(f.hv, t, 2, mm_pte(good, 0x3));
        mm_poke(f.hv, t, 8, mm_pte(bad[i].mfn, bad[i].flags));
        ck_refused_as(f.v1, pin(level, t), XD_EINVAL, bad[i].why);
        ck_frame(f.hv, t, level, 0, 1,
                 ALLOC); /* something was taken before: the type stays behind */
        ck_frame(f.hv, good, level - 1, 0, 1, ALLOC);
        mm_poke(f.hv, t, 8, 0);
        mm_poke(f.hv, t, 2, 0);
        mm_poke(f.hv, t, 0, mm_pte(bad[i].mfn, bad[i].flags));
        ck_refused_as(f.v1, pin(level, t), XD_EINVAL, bad[i].why);
        ck_frame(f.hv, t, XD_TYPE_NONE, 0, 1, ALLOC); /* slot 0: nothing to unwind */
        mm_poke(f.hv, t, 0, 0);
    }
}
END_TEST

START_TEST(a_refusal_deep_down_is_told_with_its_way)
{
    for (unsigned int level = 4; level > 1; level--)
        mm_poke(f.hv, page(level), level * 2, mm_pte(page(level - 1), 0x3));
    mm_poke(f.hv, page(1), 100, mm_pte(page(2), 0x3)); /* its own L2, writable */
    ck_refused(f.v1, pin(4, page(4)), EBUSY, L1E_RW_TABLE);
    ck_assert_uint_eq(f.v1->rec.reject.via_nr, 4);
    for (unsigned int i = 0; i < 4; i++) {
        ck_assert_uint_eq(f.v1->rec.reject.via[i].mfn, page(i + 1));
        ck_assert_uint_eq(f.v1->rec.reject.via[i].level, i + 1);
        ck_assert_uint_eq(f.v1->rec.reject.via[i].slot, i ? 2 * (i + 1) : 100);
    }
}
END_TEST

/* The same two tables: which rule is broken first depends on the order of the slots. */
START_TEST(the_first_slot_that_fails_decides)
{
    uint64_t l2 = page(0), a = page(1), b = page(2);

    mm_poke(f.hv, a, 0, mm_pte(b, 0x3)); /* a maps b writable, and the L2 links both */
    mm_poke(f.hv, l2, 1, mm_pte(a, 0x3));
    mm_poke(f.hv, l2, 2, mm_pte(b, 0x3));
    ck_refused(f.v1, pin(2, l2), EINVAL, FRAME_MAPPED_WRITABLE);
    mm_poke(f.hv, l2, 1, mm_pte(b, 0x3));
    mm_poke(f.hv, l2, 2, mm_pte(a, 0x3));
    ck_refused(f.v1, pin(2, l2), EBUSY, L1E_RW_TABLE);
}
END_TEST

START_TEST(xens_slots_are_not_looked_at_but_written)
{
    uint64_t t = page(0);

    for (unsigned int slot = 256; slot < 272; slot++)
        mm_poke(f.hv, t, slot, mm_pte(mm_page(f.d2, 0), 0xfff));
    ck_ok(f.v1, pin(4, t));
    ck_assert_uint_eq(mm_word(f.hv, t, 256), 0);
    ck_assert_uint_eq(mm_word(f.hv, t, 258), mm_pte(t, 0x63 | XD_PTE_NX));
    ck_assert_uint_eq(mm_word(f.hv, t, 259), 0);
    for (unsigned int slot = 256; slot < 272; slot++)
        ck_assert_uint_ne(mm_word(f.hv, t, slot), mm_pte(mm_page(f.d2, 0), 0xfff));
    mm_poke(f.hv, page(1), 272, mm_pte(mm_page(f.d2, 0), 0x1));
    ck_refused(f.v1, pin(4, page(1)), EINVAL, CHILD_NOT_OWNED);
}
END_TEST

/* ---- Types ---- */

START_TEST(the_type_changes_only_while_nobody_uses_it)
{
    uint64_t mfn = page(0), va = mm_va(f.d1, 0);

    ck_ok(f.v1, mm_map(f.v1, va, mm_pte(mfn, 0x1))); /* read-only: no use of a type */
    ck_ok(f.v1, pin(1, mfn));
    ck_refused(f.v1, mm_map(f.v1, va, mm_pte(mfn, 0x3)), EBUSY, L1E_RW_TABLE);
    ck_ok(f.v1, unpin(mfn));
    ck_ok(f.v1, mm_map(f.v1, va, mm_pte(mfn, 0x3)));
    ck_refused(f.v1, pin(1, mfn), EINVAL, FRAME_MAPPED_WRITABLE);
    ck_ok(f.v1, mm_map(f.v1, va, 0));
    ck_ok(f.v1, pin(2, mfn));
    ck_frame(f.hv, mfn, XD_TYPE_L2, 1, 2, ALLOC | VALID | PINNED);
}
END_TEST

/* AS-XEN: _get_page_type: whoever may hold a translation of the old kind loses it. */
START_TEST(a_change_of_type_flushes_the_owner)
{
    uint64_t mfn = page(0), va = mm_va(f.d1, 0), before;

    before = f.v1b->tlb_flushes;
    ck_ok(f.v1, mm_map(f.v1, va, mm_pte(mfn, 0x3))); /* from none: nobody can hold any */
    ck_assert_uint_eq(f.v1b->tlb_flushes, before);
    ck_ok(f.v1, mm_map(f.v1, va, 0));
    ck_ok(f.v1, mm_map(f.v1, va, mm_pte(mfn, 0x3)));
    ck_assert_uint_eq(f.v1b->tlb_flushes, before);
    ck_ok(f.v1, mm_map(f.v1, va, 0));
    ck_ok(f.v1, pin(1, mfn));
    ck_assert_uint_eq(f.v1b->tlb_flushes, before + 1);
    ck_ok(f.v1, unpin(mfn));
    ck_ok(f.v1, pin(1, mfn));
    ck_assert_uint_eq(f.v1b->tlb_flushes, before + 1);
    ck_ok(f.v1, unpin(mfn));
    ck_ok(f.v1, mm_map(f.v1, va, mm_pte(mfn, 0x3)));
    ck_assert_uint_eq(f.v1b->tlb_flushes, before + 2);
}
END_TEST

/* ---- Linear tables ---- */

START_TEST(a_table_may_map_itself_read_only)
{
    unsigned int level = (unsigned int)_i;
    uint64_t t = page(0);
    struct xd_frame before;

    ck_ok(f.v1, pin(level, t));
    before = *mm_frame(f.hv, t);
    ck_refused(f.v1, set(t, 5, t, 0x3), EINVAL, FRAME_OTHER_TYPE);
    ck_assert_uint_eq(f.v1->rec.reject.also, XD_WHY_LINEAR_WRITABLE);
    ck_ok(f.v1, set(t, 5, t, 0x1));
    ck_assert_uint_eq(mm_frame(f.hv, t)->count, before.count);
    ck_assert_uint_eq(mm_frame(f.hv, t)->type_count, before.type_count);
    ck_assert_int_eq(mm_frame(f.hv, t)->linear, 0);
    ck_refused(f.v1, set(t, 5, t, 0x3), EINVAL,
               FRAME_OTHER_TYPE);    /* no short way to a writable one */
    ck_ok(f.v1, set(t, 5, t, 0x61)); /* bits that don't count */
    ck_ok(f.v1, unpin(t));
    ck_ok(f.v1, pin(level, t)); /* and it is audited like that */
    ck_ok(f.v1, set(t, 5, 0, 0));
}
END_TEST

START_TEST(linear_entries_reach_one_step)
{
    unsigned int level = (unsigned int)_i;
    uint64_t a = page(0), b = page(1), c = page(2), d = page(3);

    for (unsigned int i = 0; i < 3; i++)
        ck_ok(f.v1, pin(level, page(i)));
    ck_ok(f.v1, set(a, 0, b, 0x1));
    ck_assert_int_eq(mm_frame(f.hv, a)->linear, 1);
    ck_assert_int_eq(mm_frame(f.hv, b)->linear, -1);
    ck_frame(f.hv, b, level, 2, 3, ALLOC | VALID | PINNED);
    ck_ok(f.v1, set(a, 1, b, 0x1)); /* as often as one likes */
    ck_ok(f.v1, set(c, 0, b, 0x1));
    ck_assert_int_eq(mm_frame(f.hv, b)->linear, -3);
    ck_refused(f.v1, set(b, 0, a, 0x1), EINVAL, FRAME_OTHER_TYPE);
    ck_assert_uint_eq(f.v1->rec.reject.also, XD_WHY_LINEAR_HOLDER_IS_TARGET);
    ck_refused(f.v1, set(c, 1, a, 0x1), EINVAL, FRAME_OTHER_TYPE);
    ck_assert_uint_eq(f.v1->rec.reject.also, XD_WHY_LINEAR_TARGET_IS_HOLDER);
    ck_ok(f.v1, set(b, 0, b, 0x1)); /* itself: always */
    ck_ok(f.v1, set(a, 0, 0, 0));
    ck_ok(f.v1, unpin(a));
    ck_assert_int_eq(mm_frame(f.hv, b)->linear, -1);
    ck_ok(f.v1, set(c, 0, 0, 0));
    ck_ok(f.v1, set(b, 0, c, 0x1)); /* nobody leads to b any more */
    ck_ok(f.v1, set(c, 3, d, 0x1)); /* an ordinary link, of the level below */
    ck_assert_int_eq(mm_frame(f.hv, c)->linear, -1);
}
END_TEST

START_TEST(linear_entries_hold_their_target)
{
    uint64_t a = page(0), b = page(1);

    ck_ok(f.v1, pin(3, a));
    ck_ok(f.v1, pin(3, b));
    ck_ok(f.v1, set(a, 4, b, 0x1));
    ck_ok(f.v1, unpin(b));
    ck_frame(f.hv, b, XD_TYPE_L3, 1, 2, ALLOC | VALID);
    ck_ok(f.v1, unpin(a));
    ck_frame(f.hv, b, XD_TYPE_L3, 0, 1, ALLOC);
    ck_ok(f.v1, pin(3, a)); /* the same entry now makes an L2 of it */
    ck_frame(f.hv, b, XD_TYPE_L2, 1, 2, ALLOC | VALID);
}
END_TEST

/* A table that is being validated is no target: two that lead to each other can't come into being at once either. */
START_TEST(a_table_under_validation_is_no_target)
{
    uint64_t top = page(0), a = page(1), b = page(2);

    mm_poke(f.hv, top, 0, mm_pte(a, 0x3));
    mm_poke(f.hv, a, 0, mm_pte(b, 0x1));
    mm_poke(f.hv, b, 0, mm_pte(top, 0x1)); /* L1 entry of an L3 under validation: fine, read-only */
    ck_ok(f.v1, pin(3, top));
    ck_ok(f.v1, unpin(top));
    mm_poke(f.hv, a, 0, mm_pte(top, 0x1)); /* L2 entry to the L3 above it */
    ck_refused(f.v1, pin(3, top), EINVAL, FRAME_OTHER_TYPE);
    ck_assert_uint_eq(f.v1->rec.reject.also, XD_WHY_NONE);
}
END_TEST

/* The target exists at this level, but only while its own audit runs. */
START_TEST(a_linear_target_must_be_validated)
{
    uint64_t t = page(0), child = page(1);

    mm_frame(f.hv, child)->type =
        XD_TYPE_L2; /* as in the middle of its audit: used once, not validated */
    mm_frame(f.hv, child)->type_count = 1;
    ck_ok(f.v1, pin(2, t));
    ck_refused(f.v1, set(t, 0, child, 0x1), EINVAL, FRAME_OTHER_TYPE);
    ck_assert_uint_eq(f.v1->rec.reject.also, XD_WHY_LINEAR_NOT_VALIDATED);
    mm_frame(f.hv, child)->type = XD_TYPE_NONE;
    mm_frame(f.hv, child)->type_count = 0;
}
END_TEST

/* ---- Promises of our own ---- */

START_TEST(a_type_put_without_a_get_is_a_bug)
{
    xd_type_put(f.hv, xd_mfn_of(page(0)));
}
END_TEST

START_TEST(a_table_that_lost_its_validation_is_a_bug)
{
    ck_ok(f.v1, pin(1, page(0)));
    mm_frame(f.hv, page(0))->flags &= (uint8_t)~VALID;
    xd_type_put(f.hv, xd_mfn_of(page(0)));
}
END_TEST

START_TEST(a_type_got_of_a_table_half_validated_is_a_bug)
{
    ck_ok(f.v1, pin(1, page(0)));
    mm_frame(f.hv, page(0))->flags &= (uint8_t)~VALID;
    ck_ok(f.v1, xd_type_get(f.v1, xd_mfn_of(page(0)), XD_TYPE_L1));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pagetype");
    TCase *t = tcase_create("types");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, a_tree_is_validated_from_its_top_and_falls_with_it);
    tcase_add_loop_test(t, an_l1_is_taken_with_all_its_entries_or_not_at_all, 0,
                        (int)XD_ARRAY_SIZE(bad_l1));
    tcase_add_loop_test(t, a_table_links_tables_of_the_level_below, 2, 5);
    tcase_add_test(t, a_refusal_deep_down_is_told_with_its_way);
    tcase_add_test(t, the_first_slot_that_fails_decides);
    tcase_add_test(t, xens_slots_are_not_looked_at_but_written);
    tcase_add_test(t, the_type_changes_only_while_nobody_uses_it);
    tcase_add_test(t, a_change_of_type_flushes_the_owner);
    tcase_add_loop_test(t, a_table_may_map_itself_read_only, 2, 5);
    tcase_add_loop_test(t, linear_entries_reach_one_step, 2, 5);
    tcase_add_test(t, linear_entries_hold_their_target);
    tcase_add_test(t, a_table_under_validation_is_no_target);
    tcase_add_test(t, a_linear_target_must_be_validated);
    tcase_add_test_raise_signal(t, a_type_put_without_a_get_is_a_bug, SIGABRT);
    tcase_add_test_raise_signal(t, a_table_that_lost_its_validation_is_a_bug, SIGABRT);
    tcase_add_test_raise_signal(t, a_type_got_of_a_table_half_validated_is_a_bug, SIGABRT);
    suite_add_tcase(suite, t);
    return fixture_main(suite);
}
