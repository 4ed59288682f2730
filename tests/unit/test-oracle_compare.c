/* SPDX-License-Identifier: MIT */
/*
 * test-oracle_compare.c: two sides of a program differ or do not, and what of it docs/DIFFERENCES.md explains. That is the only
 * code which hides a difference, so each condition of it has a pair of blocks here that fails it alone.
 */
#include "fixture.h"

#include "cli/oracle.h"

#define PIN    "12: mmuext_op [PIN_L4_TABLE mfn=page(3)]\n"
#define FAILED "  result=EINVAL done=0x0\n"
#define HALF   "  d1 pfn 37: refs=2 l2=1 owner=1 linear=0\n"
#define COUNT  "  d1 pfn 40: refs=3 writable=1 validated owner=1 linear=0\n"
#define LIST   "12: multicall { mmuext_op [PIN_L4_TABLE mfn=page(3)]; xen_version version }\n"
#define LEAK   16
#define ONE    "  d1 pfn 38: refs=1 none=0 owner=1 linear=0\n"
#define TWO    "  d1 pfn 38: refs=2 none=0 owner=1 linear=0\n"
#define THREE  "  d1 pfn 38: refs=3 none=0 owner=1 linear=0\n"
#define HELD   28
/* Its entries lie in memory. */
#define IN_MEMORY "12: multicall { xen_version version } calls=va(6)+4032 nr_calls=2\n"

/* Compares what (xen) and (dbl) say behind an equal step. */
static bool differ(const char *xen, const char *dbl, struct xd_difference *d)
{
    static struct xd_str x, y;
    const char before[] = "11: sched_op yield\n  result=0\n";
    struct xd_answer a = {.kind = XD_ANSWER_END};
    struct xd_doubled doubled = {0};

    xd_str_clear(&x);
    xd_str_clear(&y);
    xd_str_addf(&x, "%s%s", before, xen);
    xd_str_addf(&y, "%s%s", before, dbl);
    a.steps = x;
    doubled.steps = y;
    *d = (struct xd_difference){0};
    return xd_oracle_differ(&a, &doubled, d);
}

/* The entry of docs/DIFFERENCES.md that says why they differ; 0: none. */
static unsigned int known(const char *xen, const char *dbl)
{
    struct xd_difference d;

    ck_assert(differ(xen, dbl, &d));
    ck_assert_uint_eq(d.line, 12);
    ck_assert_ptr_null(d.what);
    return d.known;
}

START_TEST(equal_blocks_do_not_differ)
{
    struct xd_difference d;

    ck_assert(!differ(PIN FAILED HALF, PIN FAILED HALF, &d));
    ck_assert(!differ("", "", &d));
}
END_TEST

START_TEST(an_l2_that_a_failed_audit_left_is_the_leak)
{
    ck_assert_uint_eq(known(PIN FAILED HALF, PIN FAILED), LEAK);
    /* counts of what the L2 still holds, on one side or both */
    ck_assert_uint_eq(known(PIN FAILED HALF COUNT, PIN FAILED), LEAK);
    ck_assert_uint_eq(
        known(PIN FAILED HALF COUNT, PIN FAILED "  d1 pfn 40: refs=1 none=0 owner=1 linear=0\n"),
        LEAK);
    /* more than one, and one whose domain is another */
    ck_assert_uint_eq(
        known(PIN FAILED HALF "  d0 pfn 9: refs=2 l2=1 owner=0 linear=0\n", PIN FAILED), LEAK);
}
END_TEST

START_TEST(any_other_line_is_a_difference)
{
    ck_assert_uint_eq(known(PIN FAILED HALF "  d1 port 3: ipi vcpu=0\n", PIN FAILED), 0);
    ck_assert_uint_eq(known(PIN FAILED HALF, PIN FAILED "  d1 port 3: ipi vcpu=0\n"), 0);
    ck_assert_uint_eq(known(PIN FAILED HALF "  d1 pfn 4 m2p: 0x4\n", PIN FAILED), 0);
    ck_assert_uint_eq(known(PIN FAILED HALF "  d1 pfn 4 word 3: 0x4\n", PIN FAILED), 0);
    ck_assert_uint_eq(known(PIN FAILED HALF, PIN FAILED "  d1 pfn 4 word 3: 0x4\n"), 0);
    ck_assert_uint_eq(known(PIN FAILED HALF, PIN "  result=EBUSY done=0x0\n"), 0);
    ck_assert_uint_eq(known(PIN FAILED HALF, ""), 0);
    ck_assert_uint_eq(known("", PIN FAILED HALF), 0);
}
END_TEST

START_TEST(other_frames_are_no_leak)
{
    ck_assert_uint_eq(known(PIN FAILED COUNT, PIN FAILED), 0);
    /* validated, an L3, or one that the double left */
    ck_assert_uint_eq(
        known(PIN FAILED "  d1 pfn 37: refs=2 l2=1 validated owner=1 linear=0\n", PIN FAILED), 0);
    ck_assert_uint_eq(known(PIN FAILED "  d1 pfn 38: refs=2 l3=1 owner=1 linear=0\n", PIN FAILED),
                      0);
    ck_assert_uint_eq(
        known(PIN FAILED HALF "  d1 pfn 38: refs=2 l3=1 owner=1 linear=0\n", PIN FAILED), 0);
    ck_assert_uint_eq(known(PIN FAILED, PIN FAILED HALF), 0);
    ck_assert_uint_eq(
        known(PIN FAILED HALF, PIN FAILED "  d1 pfn 36: refs=2 l2=1 owner=1 linear=0\n"), 0);
}
END_TEST

START_TEST(only_a_step_that_audits_a_root_in_vain_leaks)
{
    static const char *const audits[] = {
        "12: mmuext_op [NEW_BASEPTR mfn=page(3)]\n",
        "12: mmuext_op [NEW_USER_BASEPTR mfn=page(3)]\n",
        "12: mmuext_op [UNPIN_TABLE mfn=page(9), PIN_L4_TABLE mfn=page(3)]\n",
        "12: vcpu_op 0 2 va(2)\n", "12: hypercall 26 va(0) 1 0 0x7ff0\n"};
    static const char *const others[] = {
        "12: mmuext_op [PIN_L2_TABLE mfn=page(3)]\n", "12: mmuext_op [PIN_L3_TABLE mfn=page(3)]\n",
        "12: mmuext_op [UNPIN_TABLE mfn=page(3)]\n", "12: mmu_update [page(3)[0] = 0]\n",
        "12: store va(0) 1\n"};
    struct xd_str xen = {0}, dbl = {0};

    for (unsigned int i = 0; i < XD_ARRAY_SIZE(audits) + XD_ARRAY_SIZE(others); i++) {
        const bool audit = i < XD_ARRAY_SIZE(audits);
        const char *step = audit ? audits[i] : others[i - XD_ARRAY_SIZE(audits)];

        xd_str_clear(&xen);
        xd_str_clear(&dbl);
        xd_str_addf(&xen, "%s" FAILED HALF, step);
        xd_str_addf(&dbl, "%s" FAILED, step);
        ck_assert_msg(known(xd_str_text(&xen), xd_str_text(&dbl)) == (audit ? LEAK : 0), "%s",
                      step);
    }
    xd_str_free(&xen);
    xd_str_free(&dbl);
    /* granted */
    ck_assert_uint_eq(known(PIN "  result=0 done=0x1\n" HALF, PIN "  result=0 done=0x1\n"), 0);
}
END_TEST

/* Entries behind the failed audit may meet the table. */
START_TEST(in_a_list_results_and_words_are_part_of_the_leak)
{
    const char granted[] = LIST "  result=0\n  entry 1: result=EINVAL\n  entry 2: result=0x40011\n";

    ck_assert_uint_eq(
        known(LIST "  result=0\n  entry 1: result=EINVAL\n  entry 2: result=EBUSY\n" HALF, granted),
        LEAK);
    ck_assert_uint_eq(known(LIST "  result=0\n  entry 1: result=EINVAL\n  entry 2: result=0x40011\n"
                                 "  d1 pfn 4 word 3: 0x4\n" HALF,
                            granted),
                      LEAK);
    ck_assert_uint_eq(known(LIST "  result=0\n  entry 1: result=EINVAL\n  entry 2: result=0x40011\n"
                                 "  d1 port 3: free\n" HALF,
                            granted),
                      0);
    ck_assert_uint_eq(
        known(LIST "  result=0\n  entry 1: result=EINVAL\n  entry 2: result=EBUSY\n", granted), 0);
    ck_assert_uint_eq(known(IN_MEMORY "  result=0\n" HALF, IN_MEMORY "  result=0\n"), LEAK);
}
END_TEST

static bool by_chance(const char *xen, const char *dbl)
{
    struct xd_difference d;

    ck_assert(differ(xen, dbl, &d));
    ck_assert_uint_eq(d.known, d.by_chance ? HELD : 0);
    return d.by_chance;
}

START_TEST(a_reference_more_behind_a_failed_audit_may_be_chance)
{
    struct xd_difference d;

    ck_assert(by_chance(PIN FAILED TWO, PIN FAILED));
    ck_assert(by_chance(PIN FAILED TWO, PIN FAILED ONE));
    ck_assert(by_chance(PIN FAILED THREE, PIN FAILED TWO));
    ck_assert(by_chance(PIN FAILED COUNT TWO, PIN FAILED COUNT));
    ck_assert(by_chance(LIST "  result=0\n" TWO, LIST "  result=0\n"));
    ck_assert(differ(PIN FAILED HALF, PIN FAILED, &d));
    ck_assert(!d.by_chance);
}
END_TEST

START_TEST(any_other_reference_is_a_difference)
{
    /* fewer, or two more, or none */
    ck_assert(!by_chance(PIN FAILED ONE, PIN FAILED TWO));
    ck_assert(!by_chance(PIN FAILED, PIN FAILED TWO));
    ck_assert(!by_chance(PIN FAILED THREE, PIN FAILED ONE));
    ck_assert(!by_chance(PIN FAILED ONE, PIN FAILED));
    /* of a frame with a type, of two frames, of another than the double tells of */
    ck_assert(!by_chance(PIN FAILED COUNT, PIN FAILED));
    ck_assert(
        !by_chance(PIN FAILED TWO "  d1 pfn 39: refs=2 none=0 owner=1 linear=0\n", PIN FAILED));
    ck_assert(
        !by_chance(PIN FAILED TWO, PIN FAILED "  d1 pfn 37: refs=1 none=0 owner=1 linear=0\n"));
    /* something else besides, or another step */
    ck_assert(!by_chance(PIN FAILED TWO "  d1 port 3: ipi vcpu=0\n", PIN FAILED));
    ck_assert(!by_chance(PIN FAILED TWO, PIN FAILED "  d1 port 3: ipi vcpu=0\n"));
    ck_assert(!by_chance(PIN "  result=0 done=0x1\n" TWO, PIN "  result=0 done=0x1\n"));
    ck_assert(!by_chance("12: mmu_update [page(3)[0] = 0]\n" FAILED TWO,
                         "12: mmu_update [page(3)[0] = 0]\n" FAILED));
    ck_assert(!by_chance(PIN FAILED TWO, ""));
}
END_TEST

START_TEST(the_end_of_a_domain_is_never_explained)
{
    struct xd_difference d;

    ck_assert(differ(PIN FAILED HALF "  d1 ended: reason 3\n", PIN FAILED, &d));
    ck_assert_ptr_nonnull(d.what);
    ck_assert_uint_eq(d.known, 0);
    ck_assert(differ(PIN FAILED HALF, PIN FAILED "  d1 ended: reason 3\n", &d));
    ck_assert_ptr_nonnull(d.what);
    ck_assert_uint_eq(d.known, 0);
    ck_assert(!differ(PIN "  d1 ended: reason 3\n", PIN "  d1 ended: reason 3\n", &d));
    ck_assert(differ(PIN "  d1 ended: reason 3\n", PIN "  d1 ended: reason 1\n", &d));
    ck_assert_uint_eq(d.known, 0);
}
END_TEST

START_TEST(an_end_that_no_step_tells_of_is_a_difference)
{
    struct xd_answer a = {.kind = XD_ANSWER_DIED};
    struct xd_doubled doubled = {0};
    struct xd_difference d;

    xd_str_add(&a.steps, PIN FAILED);
    xd_str_add(&doubled.steps, PIN FAILED);
    ck_assert(xd_oracle_differ(&a, &doubled, &d));
    ck_assert_ptr_nonnull(d.what);
    ck_assert_uint_eq(d.line, 12);
    xd_str_free(&a.steps);
    xd_str_free(&doubled.steps);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("oracle_compare");
    TCase *t = tcase_create("differences");

    tcase_add_test(t, equal_blocks_do_not_differ);
    tcase_add_test(t, an_l2_that_a_failed_audit_left_is_the_leak);
    tcase_add_test(t, any_other_line_is_a_difference);
    tcase_add_test(t, other_frames_are_no_leak);
    tcase_add_test(t, only_a_step_that_audits_a_root_in_vain_leaks);
    tcase_add_test(t, in_a_list_results_and_words_are_part_of_the_leak);
    tcase_add_test(t, a_reference_more_behind_a_failed_audit_may_be_chance);
    tcase_add_test(t, any_other_reference_is_a_difference);
    tcase_add_test(t, the_end_of_a_domain_is_never_explained);
    tcase_add_test(t, an_end_that_no_step_tells_of_is_a_difference);
    suite_add_tcase(suite, t);
    return fixture_main(suite);
}
