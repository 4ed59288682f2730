/* SPDX-License-Identifier: MIT */
/* test-va-mapping.c: update_va_mapping: finding the entry, changing it, and the flush afterwards. */
#include "mm.h"

#define HC       14
#define HC_OTHER 22

enum { TLB_FLUSH = 1, INVLPG = 2, ALL = 4 };

static struct xd_fixture f;

static void setup(void)
{
    fixture_setup(&f);
}

static void teardown(void)
{
    fixture_teardown(&f);
}

START_TEST(the_address_must_be_one_a_guest_can_map)
{
    static const uint64_t bad[] = {UINT64_C(0x0000800000000000), UINT64_C(0x8000000000000000),
                                   UINT64_C(0xffff7fffffffffff), UINT64_C(0xffff800000000000),
                                   UINT64_C(0xffff87ffffffffff)};

    ck_refused(f.v1, mm_map(f.v1, bad[_i], 0), EINVAL, VA_RANGE);
}
END_TEST

START_TEST(every_level_above_must_be_present)
{
    uint64_t l3 = mm_page(f.d1, 0), l2 = mm_page(f.d1, 1), l1 = mm_page(f.d1, 2),
             va = UINT64_C(5) << 39 | 0x7000;

    ck_refused(f.v1, mm_map(f.v1, va, 0), EINVAL, VA_NO_TABLE);
    ck_assert_uint_eq(f.v1->rec.reject.arg[1], 4);
    ck_ok(f.v1, mm_update(&f, f.v1, mm_ptr(mm_table(f.d1, 4), 5), mm_pte(l3, 0x7)));
    ck_refused(f.v1, mm_map(f.v1, va, 0), EINVAL, VA_NO_TABLE);
    ck_assert_uint_eq(f.v1->rec.reject.arg[1], 3);
    ck_ok(f.v1, mm_update(&f, f.v1, mm_ptr(l3, 0), mm_pte(l2, 0x7)));
    ck_refused(f.v1, mm_map(f.v1, va, 0), EINVAL, VA_NO_TABLE);
    ck_assert_uint_eq(f.v1->rec.reject.arg[1], 2);
    ck_ok(f.v1, mm_update(&f, f.v1, mm_ptr(l2, 0), mm_pte(l1, 0x7)));
    ck_ok(f.v1, mm_map(f.v1, va, mm_pte(mm_page(f.d1, 3), 0x3)));
    ck_assert_uint_eq(mm_word(f.hv, l1, 7), mm_pte(mm_page(f.d1, 3), 0x7 | XD_PTE_GK));
    ck_ok(f.v1, mm_map(f.v1, va + 0xfff, 0)); /* any address of the page */
    ck_assert_uint_eq(mm_word(f.hv, l1, 7), 0);
}
END_TEST

/* Through a self map the walk ends one level early: at an L2 instead of an L1. */
START_TEST(a_linear_entry_leads_to_no_l1)
{
    uint64_t l4 = mm_table(f.d1, 4), base = xd_domain_start(f.d1)->virt_base;
    uint64_t through = UINT64_C(9) << 39 | (uint64_t)xd_pt_slot(base, 4) << 30 |
                       (uint64_t)xd_pt_slot(base, 3) << 21;

    ck_ok(f.v1, mm_update(&f, f.v1, mm_ptr(l4, 9), mm_pte(l4, 0x5)));
    ck_refused(f.v1, mm_map(f.v1, through, 0), EINVAL, VA_TABLE_TYPE);
    ck_refused(f.v1, mm_map(f.v1, UINT64_C(9) << 39 | UINT64_C(9) << 30 | UINT64_C(9) << 21, 0),
               EINVAL, VA_TABLE_TYPE);
    ck_refused(f.v1, mm_map(f.v1, UINT64_C(9) << 39 | UINT64_C(9) << 30 | UINT64_C(260) << 21, 0),
               EINVAL, VA_TABLE_FOREIGN); /* Xen's own slots, met on this way */
}
END_TEST

START_TEST(what_an_entry_may_map_is_told_by_its_reason)
{
    uint64_t va = mm_va(f.d1, 0), before = mm_entry(f.d1, va, 1);

    ck_refused(f.v1, mm_map(f.v1, va, mm_pte(mm_page(f.d2, 0), 0x1)), EBUSY, L1E_NOT_OWNER);
    ck_refused(f.v1, mm_map(f.v1, va, mm_pte(0xa0, 0x1)), EPERM, L1E_IOMEM);
    ck_refused(f.v1, mm_map(f.v1, va, mm_pte(mm_table(f.d1, 3), 0x3)), EBUSY, L1E_RW_TABLE);
    ck_refused(f.v1, mm_map(f.v1, va, mm_pte(mm_page(f.d1, 0), 0x9)), EINVAL, L1E_BITS);
    ck_assert_uint_eq(mm_entry(f.d1, va, 1), before);
}
END_TEST

/* (whom) of the flags: 0 this vCPU, 4 all, else the address of a bitmap. d1 has two vCPUs that run. */
static const struct {
    uint64_t type, whom, mask;
    unsigned int flush[2], invlpg[2];
} flushes[] = {
    {0, 0, 0, {0, 0}, {0, 0}},
    {0, ALL, 0, {0, 0}, {0, 0}},
    {3, ALL, 0, {0, 0}, {0, 0}},
    {TLB_FLUSH, 0, 0, {1, 0}, {0, 0}},
    {TLB_FLUSH, ALL, 0, {1, 1}, {0, 0}},
    {INVLPG, 0, 0, {0, 0}, {1, 0}},
    {INVLPG, ALL, 0, {0, 0}, {1, 1}},
    {INVLPG, 8, 2, {0, 0}, {0, 1}},
    {TLB_FLUSH, 8, 0xfffe, {0, 1}, {0, 0}},
    {TLB_FLUSH, 8, 0, {0, 0}, {0, 0}},
};

START_TEST(the_flush_is_the_one_asked_for)
{
    uint64_t whom =
        flushes[_i].whom > ALL ? fixture_place(&f, f.v1, &flushes[_i].mask, 8) : flushes[_i].whom;
    struct xd_vcpu *v[2] = {f.v1, f.v1b};
    uint64_t flush[2], invlpg[2];

    for (unsigned int i = 0; i < 2; i++) {
        flush[i] = v[i]->tlb_flushes;
        invlpg[i] = v[i]->tlb_invlpgs;
    }
    ck_ok(f.v1, fixture_call(f.v1, HC, mm_va(f.d1, 0), 0, whom | flushes[_i].type));
    for (unsigned int i = 0; i < 2; i++) {
        ck_assert_uint_eq(v[i]->tlb_flushes - flush[i], flushes[_i].flush[i]);
        ck_assert_uint_eq(v[i]->tlb_invlpgs - invlpg[i], flushes[_i].invlpg[i]);
    }
}
END_TEST

START_TEST(a_bitmap_that_cant_be_read_is_found_after_the_change)
{
    uint64_t hole = fixture_hole(f.v1);

    ck_refused(f.v1, fixture_call(f.v1, HC, mm_va(f.d1, 0), 0x1230, hole | TLB_FLUSH), EFAULT,
               VA_FLUSH_MASK);
    ck_assert_uint_eq(mm_entry(f.d1, mm_va(f.d1, 0), 1), 0x1230);
    ck_ok(f.v1, fixture_call(f.v1, HC, mm_va(f.d1, 0), 0, hole)); /* no flush: nobody looks */
    ck_refused(f.v1, fixture_call(f.v1, HC, mm_va(f.d1, 0), 0x9, hole | TLB_FLUSH), EINVAL,
               L1E_BITS);
}
END_TEST

/* update_va_mapping_otherdomain: the caller's tables, the other domain's frames. */
static const struct {
    unsigned int caller;
    uint64_t domid;
    bool own; /* the frame is the caller's, else d2's */
    int err;
    enum xd_why why;
} others[] = {
    {1, DOMID_SELF, true, 0, XD_WHY_NONE},
    {1, 1, true, XD_ESRCH, XD_WHY_FD_UNKNOWN},
    {1, 9, true, XD_ESRCH, XD_WHY_FD_UNKNOWN},
    {1, 0x7ff3, true, XD_ESRCH, XD_WHY_FD_UNKNOWN},
    {1, 2, false, XD_EPERM, XD_WHY_VA_MAPPING_PERMISSION},
    {1, XD_DOMID_IO, true, XD_EPERM, XD_WHY_VA_MAPPING_PERMISSION},
    {1, XD_DOMID_XEN, true, XD_EPERM, XD_WHY_VA_MAPPING_PERMISSION},
    {0, 2, false, 0, XD_WHY_NONE},
    {0, 2, true, XD_EBUSY, XD_WHY_L1E_NOT_OWNER},
    {0, 1, false, XD_EBUSY, XD_WHY_L1E_NOT_OWNER},
    {0, XD_DOMID_IO, false, XD_EBUSY, XD_WHY_L1E_NOT_OWNER},
};

START_TEST(frames_of_another_domain)
{
    struct xd_vcpu *v = others[_i].caller ? f.v1 : f.v0;
    uint64_t mfn = mm_page(others[_i].own ? v->domain : f.d2, 0);

    ck_refused_as(
        v, fixture_call(v, HC_OTHER, mm_va(v->domain, 0), mm_pte(mfn, 0x3), 0, others[_i].domid),
        others[_i].err, others[_i].why);
    if (others[_i].err == XD_EPERM) /* asked before the address is looked at */
        ck_refused(v, fixture_call(v, HC_OTHER, XD_HYPERVISOR_START, 0, 0, others[_i].domid), EPERM,
                   VA_MAPPING_PERMISSION);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("va-mapping");
    TCase *t = tcase_create("update_va_mapping");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, the_address_must_be_one_a_guest_can_map, 0, 5);
    tcase_add_test(t, every_level_above_must_be_present);
    tcase_add_test(t, a_linear_entry_leads_to_no_l1);
    tcase_add_test(t, what_an_entry_may_map_is_told_by_its_reason);
    tcase_add_loop_test(t, the_flush_is_the_one_asked_for, 0, (int)XD_ARRAY_SIZE(flushes));
    tcase_add_test(t, a_bitmap_that_cant_be_read_is_found_after_the_change);
    tcase_add_loop_test(t, frames_of_another_domain, 0, (int)XD_ARRAY_SIZE(others));
    suite_add_tcase(suite, t);
    return fixture_main(suite);
}
