/* SPDX-License-Identifier: MIT */
/*
 * test-control.c: calls of the control domain: who may, in which order it is found out, and that a
 * refusal changes nothing.
 */
#include "mm.h"

#include <string.h>

enum {
    HC_PLATFORM_OP = 7,
    HC_XENPROF_OP = 31,
    HC_HVM_OP = 34,
    HC_SYSCTL = 35,
    HC_DOMCTL = 36,
    HC_KEXEC_OP = 37,
    HC_DM_OP = 41,
    HC_HYPFS_OP = 42,
    HC_MCA = 48,
    HC_PAGING_DOMCTL_CONT = 49,
};

static struct xd_fixture f;

static void setup(void)
{
    fixture_setup(&f);
}

static void teardown(void)
{
    fixture_teardown(&f);
}

/* Heads {command, version} that d1 is refused for lack of privilege, and where the version counts. */
static const struct {
    uint64_t nr;
    uint32_t version;
} heads[] = {
    {HC_PLATFORM_OP, 0x03000001}, {HC_SYSCTL, 0x15}, {HC_DOMCTL, 0x15}, {HC_MCA, 0x01ecc003}};

START_TEST(no_command_gets_an_unprivileged_domain_further)
{
    uint32_t op[38] = {0, heads[_i].version, 1};
    uint64_t at = fixture_place(&f, f.v1, op, sizeof(op)), digest = xd_digest(f.hv);

    for (op[0] = 0; op[0] < 1100; op[0]++) {
        fixture_store(f.v1, at, op, sizeof(op));
        ck_assert_int_lt(fixture_call(f.v1, heads[_i].nr, at), 0);
        ck_assert_uint_ne(xd_why(f.v1), XD_WHY_NOT_MODELLED);
        ck_assert_uint_ne(xd_why(f.v1), XD_WHY_OP_UNKNOWN);
    }
    op[0] = 0;
    fixture_store(f.v1, at, op, sizeof(op));
    ck_assert_uint_eq(xd_digest(f.hv), digest);
}
END_TEST

START_TEST(the_version_comes_first_but_for_mca)
{
    uint32_t op[38] = {1, heads[_i].version + 1, 77};
    uint64_t at = fixture_place(&f, f.v1, op, sizeof(op)), hole = fixture_hole(f.v1);

    if (heads[_i].nr == HC_MCA) {
        ck_refused(f.v1, fixture_call(f.v1, HC_MCA, hole), EPERM, CONTROL_ONLY);
        ck_refused(f.v1, fixture_call(f.v1, HC_MCA, at), EPERM, CONTROL_ONLY);
    } else {
        ck_refused(f.v1, fixture_call(f.v1, heads[_i].nr, hole - 8), EFAULT, COPY_IN);
        ck_refused(f.v1, fixture_call(f.v1, heads[_i].nr, at), EACCES, CONTROL_VERSION);
    }
    at = fixture_place(&f, f.v0, op, sizeof(op));
    ck_refused(f.v0, fixture_call(f.v0, heads[_i].nr, at), EACCES, CONTROL_VERSION);
}
END_TEST

START_TEST(calls_that_touch_nothing_but_their_operand)
{
    static const struct {
        uint64_t nr, arg[5];
    } calls[] = {
        {HC_XENPROF_OP, {8, 0}}, {HC_HVM_OP, {5, 0}},   {HC_HVM_OP, {24, 0}},
        {HC_DM_OP, {0, 1, 0}},   {HC_HYPFS_OP, {0, 0}}, {HC_KEXEC_OP, {99, 0}},
    };
    uint64_t digest = xd_digest(f.hv);

    for (unsigned int i = 0; i < XD_ARRAY_SIZE(calls); i++) {
        fixture_call(f.v0, calls[i].nr, calls[i].arg[0], calls[i].arg[1], calls[i].arg[2]);
        fixture_call(f.v1, calls[i].nr, calls[i].arg[0], calls[i].arg[1], calls[i].arg[2]);
        ck_assert_uint_eq(xd_digest(f.hv), digest);
    }
}
END_TEST

/* Each image keeps its own account of which of its places is in use; undoing gives it back. */
START_TEST(unloading_nothing_changes_places)
{
    uint8_t type = 1;
    uint64_t at = fixture_place(&f, f.v0, &type, sizeof(type)), digest = xd_digest(f.hv);
    size_t mark = xd_arena_mark(xd_arena_of(f.hv));

    ck_answered(f.v0, fixture_call(f.v0, HC_KEXEC_OP, 6, at), 0);
    ck_ok(f.v0, fixture_call(f.v0, HC_KEXEC_OP, 5, at));
    ck_answered(f.v0, fixture_call(f.v0, HC_KEXEC_OP, 6, at), 1);
    ck_assert(!f.hv->kexec_flip[0]);
    ck_assert_uint_ne(xd_digest(f.hv), digest);
    xd_arena_undo(xd_arena_of(f.hv), mark);
    ck_assert_uint_eq(xd_digest(f.hv), digest);
    ck_answered(f.v0, fixture_call(f.v0, HC_KEXEC_OP, 6, at), 0);
    xd_arena_forget(xd_arena_of(f.hv));
}
END_TEST

/* getdomaininfo looks for the next domain, which may be the last or none. */
START_TEST(the_search_for_a_domain_ends)
{
    uint32_t op[36] = {5, 0x15, 0};
    static const struct {
        uint32_t from;
        int err;
        enum xd_why why;
    } from[] = {
        {0, XD_EPERM, XD_WHY_CONTROL_ONLY},          {2, XD_EPERM, XD_WHY_CONTROL_ONLY},
        {3, XD_ESRCH, XD_WHY_DOMCTL_DOMAIN},         {0x7fef, XD_ESRCH, XD_WHY_DOMCTL_DOMAIN},
        {0x7ff0, XD_EINVAL, XD_WHY_DOMCTL_RESERVED}, {0xffff, XD_EINVAL, XD_WHY_DOMCTL_RESERVED}};

    for (unsigned int i = 0; i < XD_ARRAY_SIZE(from); i++) {
        op[2] = from[i].from;
        ck_refused_as(f.v1, fixture_call(f.v1, HC_DOMCTL, fixture_place(&f, f.v1, op, sizeof(op))),
                      from[i].err, from[i].why);
    }
}
END_TEST

/* Nothing is under way for a domain that is going either, and there success is told. */
START_TEST(a_dying_domain_has_nothing_to_continue)
{
    uint32_t op[36] = {10, 0x15, 2};
    uint64_t at = fixture_place(&f, f.v0, op, sizeof(op)), mfn = mm_page(f.d2, 0);

    ck_refused(f.v0, fixture_call(f.v0, HC_PAGING_DOMCTL_CONT, at), EBUSY, PAGING_NOTHING_BEGUN);
    ck_ok(f.v0, fixture_call(f.v0, 22, mm_va(f.d0, 0), mm_pte(mfn, 0x7), 0, 2));
    xd_domain_destroy(f.d2);
    ck_ok(f.v0, fixture_call(f.v0, HC_PAGING_DOMCTL_CONT, at));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("control");
    TCase *t = tcase_create("control");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, no_command_gets_an_unprivileged_domain_further, 0,
                        (int)XD_ARRAY_SIZE(heads));
    tcase_add_loop_test(t, the_version_comes_first_but_for_mca, 0, (int)XD_ARRAY_SIZE(heads));
    tcase_add_test(t, calls_that_touch_nothing_but_their_operand);
    tcase_add_test(t, unloading_nothing_changes_places);
    tcase_add_test(t, the_search_for_a_domain_ends);
    tcase_add_test(t, a_dying_domain_has_nothing_to_continue);
    suite_add_tcase(suite, t);
    return fixture_main(suite);
}
