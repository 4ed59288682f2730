/* SPDX-License-Identifier: MIT */
/* test-pt.c: the walk, its rights and marks, and reads and writes that stand on it. */
#include "mm.h"

#include "hv/copy.h"
#include "hv/pt.h"

#include <string.h>

static struct xd_fixture f;

static void setup(void)
{
    fixture_setup(&f);
}

static void teardown(void)
{
    fixture_teardown(&f);
}

static struct xd_walk walk(uint64_t va, bool write)
{
    struct xd_walk w;

    xd_walk(f.hv, f.v1->cr3, va, write, &w);
    return w;
}

START_TEST(a_walk_finds_the_byte)
{
    uint64_t va = mm_va(f.d1, 0) + 0x123;
    struct xd_walk w = walk(va, true);

    ck_assert(w.ok && !w.m2p);
    ck_assert_ptr_eq(w.mem, f.hv->mem + mm_mapped(f.d1, 0) * XD_PAGE_SIZE + 0x123);
    for (unsigned int level = 1; level <= 4; level++) {
        ck_assert_uint_eq(*w.entry[level], w.value[level]);
        ck_assert_uint_eq(w.value[level], mm_entry(f.d1, va, level));
    }
    ck_assert_uint_eq(mm_entry(f.d1, va, 1) & XD_PTE_D, 0); /* a walk alone changes nothing */
}
END_TEST

/* One entry on the way loses a bit: at which level the walk stops, and with what error. */
static const struct {
    unsigned int level;
    uint64_t lost;
    bool read_ok, write_ok;
    uint32_t error; /* of a write */
} rights[] = {
    {1, XD_PTE_P, false, false, 2},  {2, XD_PTE_P, false, false, 2},
    {3, XD_PTE_P, false, false, 2},  {4, XD_PTE_P, false, false, 2},
    {1, XD_PTE_RW, true, false, 3},  {2, XD_PTE_RW, true, false, 3},
    {3, XD_PTE_RW, true, false, 3},  {4, XD_PTE_RW, true, false, 3},
    {1, XD_PTE_US, false, false, 3}, {2, XD_PTE_US, false, false, 3},
    {3, XD_PTE_US, false, false, 3}, {4, XD_PTE_US, false, false, 3},
};

START_TEST(rights_are_needed_at_all_levels)
{
    uint64_t va = mm_va(f.d1, 0), buf = 0;
    uint64_t *e = walk(va, false).entry[rights[_i].level], old = *e;
    struct xd_fault fault;
    struct xd_walk w;

    *e &= ~rights[_i].lost;
    w = walk(va, false);
    ck_assert_int_eq(w.ok, rights[_i].read_ok);
    ck_assert_int_eq(xd_copy_in(f.v1, &buf, va, 8), rights[_i].read_ok);
    ck_assert_int_eq(xd_guest_load(f.v1, va, &buf, 8, &fault) == XD_ACCESS_OK, rights[_i].read_ok);
    w = walk(va, true);
    ck_assert_int_eq(w.ok, rights[_i].write_ok);
    ck_assert_uint_eq(w.level, rights[_i].level);
    ck_assert_uint_eq(w.error, rights[_i].error);
    ck_assert(!xd_copy_out(f.v1, va, &buf, 8));
    ck_assert_int_eq(xd_guest_store(f.v1, va, &buf, 8, &fault), XD_ACCESS_FAULT);
    ck_assert_uint_eq(fault.error, rights[_i].error);
    ck_assert_uint_eq(fault.cr2, va);
    *e = old;
}
END_TEST

START_TEST(accesses_leave_their_marks)
{
    uint64_t va = mm_va(f.d1, 0), buf = 0, mfn = mm_mapped(f.d1, 0);

    ck_ok(f.v1, mm_map(f.v1, va, mm_pte(mfn, 0x3)));
    ck_assert_uint_eq(mm_entry(f.d1, va, 1) & (XD_PTE_A | XD_PTE_D), 0);
    ck_assert(xd_copy_in(f.v1, &buf, va, 8));
    ck_assert_uint_eq(mm_entry(f.d1, va, 1) & (XD_PTE_A | XD_PTE_D), XD_PTE_A);
    ck_assert(xd_copy_out(f.v1, va, &buf, 8));
    ck_assert_uint_eq(mm_entry(f.d1, va, 1) & (XD_PTE_A | XD_PTE_D), XD_PTE_A | XD_PTE_D);
    ck_ok(f.v1, mm_map(f.v1, va, mm_pte(mfn, 0x1)));
    ck_assert(!xd_copy_out(f.v1, va, &buf, 8)); /* a fault leaves none */
    ck_assert_uint_eq(mm_entry(f.d1, va, 1) & (XD_PTE_A | XD_PTE_D), 0);
    ck_assert_int_eq(xd_guest_load(f.v1, va, &buf, 8, NULL), XD_ACCESS_OK);
    ck_assert_uint_eq(mm_entry(f.d1, va, 1) & XD_PTE_A, XD_PTE_A);
}
END_TEST

START_TEST(addresses_that_no_walk_follows)
{
    static const uint64_t bad[] = {UINT64_C(0x800000000000), UINT64_C(0xffff7fffffffffff),
                                   UINT64_C(0x8000000000000000)};
    uint64_t buf;

    for (unsigned int i = 0; i < XD_ARRAY_SIZE(bad); i++) {
        struct xd_walk w = walk(bad[i], false);

        ck_assert(!w.ok);
        ck_assert_uint_eq(w.level, 0);
        ck_assert(!xd_copy_in(f.v1, &buf, bad[i], 1));
    }
    ck_assert(!xd_copy_in(f.v1, &buf, UINT64_C(0x7ffffffffffc), 8));
}
END_TEST

/* The processor raises #GP before it looks at any table; Xen's own copies find nothing there. */
START_TEST(an_access_outside_the_canonical_ranges_is_no_page_fault)
{
    static const struct {
        uint64_t va;
        size_t size;
        bool gp;
    } at[] = {
        {UINT64_C(0x800000000000), 1, true},      {UINT64_C(0xffff7fffffffffff), 1, true},
        {UINT64_C(0x7ffffffffff9), 8, false},     {UINT64_C(0xffff7ffffffffff9), 8, true},
        {UINT64_C(0x7ffffffffff8), 8, false},     {UINT64_C(0xffff800000000000) - 4096, 4096, true},
        {UINT64_C(0xfffffffffffffff8), 8, false}, {UINT64_C(0xffff880000000000), 8, false},
    };
    unsigned char buf[4096] = {0};
    struct xd_fault fault;
    uint64_t digest;

    ck_assert_int_eq(xd_guest_load(f.v1, fixture_hole(f.v1), buf, 1, &fault), XD_ACCESS_FAULT);
    digest = xd_digest(f.hv);
    for (unsigned int i = 0; i < XD_ARRAY_SIZE(at); i++) {
        enum xd_access want = at[i].gp ? XD_ACCESS_GP : XD_ACCESS_FAULT;

        ck_assert_int_eq(xd_guest_load(f.v1, at[i].va, buf, at[i].size, &fault), want);
        ck_assert_uint_eq(fault.cr2, at[i].gp ? 0 : at[i].va);
        ck_assert_int_eq(xd_guest_store(f.v1, at[i].va, buf, at[i].size, &fault), want);
        ck_assert_uint_eq(fault.error, at[i].gp ? 0 : XD_PF_WRITE);
        ck_assert_uint_eq(fault.why, 0);
        if (at[i].gp)
            ck_assert(!xd_copy_in(f.v1, buf, at[i].va, at[i].size));
        else
            ck_assert_uint_eq(f.v1->cr2, at[i].va);
        ck_assert_int_eq(xd_guest_load(f.v1, fixture_hole(f.v1), buf, 1, &fault), XD_ACCESS_FAULT);
        ck_assert_uint_eq(xd_digest(f.hv), digest); /* #GP leaves cr2 alone */
    }
}
END_TEST

/* Xen does not follow addresses in its own range for a guest, but the guest itself reads the M2P there. */
START_TEST(the_m2p_is_read_by_guests_and_written_by_nobody)
{
    uint64_t va = XD_RO_M2P_START + 8 * mm_page(f.d1, 7), got = 0;
    struct xd_fault fault;

    ck_assert_int_eq(xd_guest_load(f.v1, va, &got, 8, NULL), XD_ACCESS_OK);
    ck_assert_uint_eq(got, xd_domain_start(f.d1)->first_free_pfn + 7);
    ck_assert_int_eq(xd_guest_store(f.v1, va, &got, 8, &fault), XD_ACCESS_FAULT);
    ck_assert_uint_eq(fault.error, 3);
    ck_assert(!xd_copy_in(f.v1, &got, va, 8));
    ck_assert_int_eq(
        xd_guest_load(f.v1, XD_RO_M2P_START + f.hv->frames * UINT64_C(8), &got, 8, &fault),
        XD_ACCESS_FAULT);
    ck_assert_uint_eq(fault.error, 0);
    ck_ok(f.v1, mm_ext(&f, f.v1, NEW_USER_BASEPTR, mm_table(f.d1, 4)));
    f.v1->kernel_mode = false;
    ck_assert_int_eq(xd_guest_load(f.v1, va, &got, 8, NULL),
                     XD_ACCESS_OK); /* user code, with the slot in its table */
    f.v1->kernel_mode = true;
}
END_TEST

START_TEST(xens_own_slots_are_closed)
{
    uint64_t got;
    struct xd_fault fault;

    for (uint64_t slot = 257; slot < 272; slot++) {
        uint64_t va = UINT64_C(0xffff000000000000) | slot << 39;

        ck_assert_int_eq(xd_guest_load(f.v1, va, &got, 8, &fault), XD_ACCESS_FAULT);
        ck_assert(!xd_copy_in(f.v1, &got, va, 8));
    }
}
END_TEST

/* A self map shows the guest its own tables, never for writing. */
START_TEST(tables_are_read_through_a_self_map)
{
    uint64_t l4 = mm_table(f.d1, 4),
             va = UINT64_C(9) << 39 | UINT64_C(9) << 30 | UINT64_C(9) << 21 | UINT64_C(9) << 12,
             got;

    ck_ok(f.v1, mm_update(&f, f.v1, mm_ptr(l4, 9), mm_pte(l4, 0x1)));
    ck_assert_int_eq(xd_guest_load(f.v1, va + 9 * 8, &got, 8, NULL), XD_ACCESS_OK);
    ck_assert_uint_eq(got | XD_PTE_A, mm_word(f.hv, l4, 9) | XD_PTE_A);
    ck_assert_int_eq(xd_guest_store(f.v1, va + 9 * 8, &got, 8, NULL), XD_ACCESS_FAULT);
    ck_assert_int_eq(xd_guest_load(f.v1,
                                   UINT64_C(9) << 39 | UINT64_C(9) << 30 | UINT64_C(9) << 21 |
                                       UINT64_C(258) << 12,
                                   &got, 8, NULL),
                     XD_ACCESS_FAULT);
}
END_TEST

START_TEST(copies_cross_pages)
{
    unsigned char out[3 * 4096 + 100], in[sizeof(out)];
    uint64_t va = mm_va(f.d1, 0) + 50, hole = fixture_hole(f.v1);

    for (size_t i = 0; i < sizeof(out); i++)
        out[i] = (unsigned char)(i * 7 + i / 251);
    ck_assert(xd_copy_out(f.v1, va, out, sizeof(out)));
    ck_assert(xd_copy_in(f.v1, in, va, sizeof(in)));
    ck_assert_int_eq(memcmp(in, out, sizeof(in)), 0);
    memset(in, 0, sizeof(in));
    ck_assert(!xd_copy_out(f.v1, hole - 100, out, 101));
    ck_assert(xd_copy_in(f.v1, in, hole - 100, 100)); /* what lay before the hole was written */
    ck_assert_int_eq(memcmp(in, out, 100), 0);
    ck_assert(xd_copy_in(f.v1, in, hole, 0));
}
END_TEST

/* A guest's own access is all or nothing. */
START_TEST(a_store_across_a_hole_changes_nothing)
{
    uint64_t hole = fixture_hole(f.v1), word = ~UINT64_C(0), got = 0;
    struct xd_fault fault;

    ck_assert_int_eq(xd_guest_store(f.v1, hole - 4, &word, 8, &fault), XD_ACCESS_FAULT);
    ck_assert_uint_eq(fault.cr2, hole);
    ck_assert_int_eq(xd_guest_load(f.v1, hole - 8, &got, 8, NULL), XD_ACCESS_OK);
    ck_assert_uint_eq(got, 0);
    ck_assert_int_eq(xd_guest_load(f.v1, hole - 4, &got, 8, &fault), XD_ACCESS_FAULT);
    ck_assert_uint_eq(fault.cr2, hole);
    ck_assert_int_eq(xd_guest_store(f.v1, hole - 8, &word, 8, NULL), XD_ACCESS_OK);
}
END_TEST

START_TEST(an_access_is_one_byte_to_a_page)
{
    unsigned char buf[4097] = {0};

    ck_assert_int_eq(xd_guest_store(f.v1, mm_va(f.d1, 0) + 1, buf, 4096, NULL), XD_ACCESS_OK);
    ck_assert_int_eq(xd_guest_store(f.v1, mm_va(f.d1, 0), buf, 4097, NULL), XD_ACCESS_FAULT);
    ck_assert_int_eq(xd_guest_store(f.v1, mm_va(f.d1, 0), buf, 0, NULL), XD_ACCESS_FAULT);
    ck_assert_int_eq(xd_guest_load(f.v1, mm_va(f.d1, 0), buf, 0, NULL), XD_ACCESS_FAULT);
    ck_assert_ptr_nonnull(strstr(xd_hv_error(f.hv), "an access of 0 bytes"));
}
END_TEST

START_TEST(each_mode_has_its_root)
{
    uint64_t got;

    ck_assert_uint_eq(xd_vcpu_root(f.v1).v, f.v1->cr3.v);
    ck_ok(f.v1, mm_ext(&f, f.v1, NEW_USER_BASEPTR, mm_page(f.d1, 0))); /* an empty one */
    f.v1->kernel_mode = false;
    ck_assert_int_eq(xd_guest_load(f.v1, mm_va(f.d1, 0), &got, 8, NULL), XD_ACCESS_FAULT);
    ck_assert(xd_copy_in(f.v1, &got, mm_va(f.d1, 0), 8)); /* hypercalls use the kernel's */
    f.v1->kernel_mode = true;
}
END_TEST

START_TEST(handles_are_judged_by_their_start)
{
    ck_assert(xd_handle_ok(0, 0, 16));
    ck_assert(xd_handle_ok(UINT64_C(0x7fffffffffff), 1000, 16));
    ck_assert(!xd_handle_ok(UINT64_C(0x800000000000), 0, 16));
    ck_assert(!xd_handle_ok(UINT64_C(0xffff87ffffffffff), 1, 8));
    ck_assert(xd_handle_ok(UINT64_C(0xffff880000000000), 1, 8));
    ck_assert(!xd_handle_ok(0x1000, ~UINT64_C(0) / 8, 16));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pt");
    TCase *t = tcase_create("walks");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, a_walk_finds_the_byte);
    tcase_add_loop_test(t, rights_are_needed_at_all_levels, 0, (int)XD_ARRAY_SIZE(rights));
    tcase_add_test(t, accesses_leave_their_marks);
    tcase_add_test(t, addresses_that_no_walk_follows);
    tcase_add_test(t, an_access_outside_the_canonical_ranges_is_no_page_fault);
    tcase_add_test(t, the_m2p_is_read_by_guests_and_written_by_nobody);
    tcase_add_test(t, xens_own_slots_are_closed);
    tcase_add_test(t, tables_are_read_through_a_self_map);
    tcase_add_test(t, copies_cross_pages);
    tcase_add_test(t, a_store_across_a_hole_changes_nothing);
    tcase_add_test(t, an_access_is_one_byte_to_a_page);
    tcase_add_test(t, each_mode_has_its_root);
    tcase_add_test(t, handles_are_judged_by_their_start);
    suite_add_tcase(suite, t);
    return fixture_main(suite);
}
