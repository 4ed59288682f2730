/* SPDX-License-Identifier: MIT */
/* test-multicall.c: a list of calls: results, what ends the list, and what becomes of the rest when a vCPU sleeps. */
#include "mm.h"

#include <string.h>

#define HC 13

static struct xd_fixture f;

static void setup(void)
{
    fixture_setup(&f);
}

static void teardown(void)
{
    fixture_teardown(&f);
}

#define ENTRY(nr, ...)                                        \
    {                                                         \
        .op = (nr), .result = 0x5555, .args = { __VA_ARGS__ } \
    }

static int64_t result_at(struct xd_vcpu *v, uint64_t list, unsigned int i)
{
    struct xd_abi_multicall_entry e;

    fixture_load(v, list + i * sizeof(e), &e, sizeof(e));
    return e.result;
}

START_TEST(each_entry_has_its_own_result)
{
    struct xd_abi_multicall_entry e[] = {
        ENTRY(17, 0, 0), ENTRY(14, XD_HYPERVISOR_START, 0),
        ENTRY(38, 0),    ENTRY(UINT64_C(1) << 32 | 17, 0),
        ENTRY(13, 0, 0), ENTRY(17, 0, 0),
    };
    uint64_t list = fixture_place(&f, f.v1, e, sizeof(e));

    ck_assert_int_eq(fixture_call(f.v1, HC, list, XD_ARRAY_SIZE(e)), 0);
    ck_assert_int_eq(result_at(f.v1, list, 0), 0x40011);
    ck_assert_int_eq(result_at(f.v1, list, 1), -XD_EINVAL);
    ck_assert_int_eq(result_at(f.v1, list, 2), -XD_ENOSYS);
    ck_assert_int_eq(result_at(f.v1, list, 3), -XD_ENOSYS);
    ck_assert_int_eq(result_at(f.v1, list, 4), -XD_EINVAL);
    ck_assert_int_eq(result_at(f.v1, list, 5), 0x40011);
    ck_assert_uint_eq(xd_why(f.v1), XD_WHY_MULTICALL_NESTED); /* the last that was refused */
    ck_ok(f.v1, fixture_call(f.v1, HC, list, 1));             /* and none is left over */
    ck_ok(f.v1, fixture_call(f.v1, HC, list, 0));
}
END_TEST

START_TEST(the_list_must_be_reachable)
{
    struct xd_abi_multicall_entry e = ENTRY(17, 0, 0);
    uint64_t hole = fixture_hole(f.v1), ro = xd_domain_start(f.d1)->pt_va, last = hole - sizeof(e);

    ck_refused(f.v1, fixture_call(f.v1, HC, XD_HYPERVISOR_START, 0), EFAULT, MULTICALL_RANGE);
    ck_refused(f.v1, fixture_call(f.v1, HC, hole, 1), EFAULT, MULTICALL_ENTRY);
    fixture_store(f.v1, last, &e, sizeof(e));
    ck_refused(f.v1, fixture_call(f.v1, HC, last, 2), EFAULT, MULTICALL_ENTRY);
    ck_assert_int_eq(result_at(f.v1, last, 0), 0x40011);
    ck_refused(f.v1, fixture_call(f.v1, HC, ro, 1), EFAULT, MULTICALL_RESULT);
    ck_assert_uint_eq(f.v1->rec.nr, HC);
    ck_assert(!f.v1->in_multicall);
}
END_TEST

START_TEST(an_entry_may_change_the_entries_after_it)
{
    struct xd_abi_multicall_entry e[2] = {ENTRY(17, 0, 0), ENTRY(17, 0, 0)};
    uint64_t list = mm_va(f.d1, 0), mfn = mm_mapped(f.d1, 0);

    e[0] = (struct xd_abi_multicall_entry){
        .op = 14, .args = {list, mm_pte(mfn, 0x1), 0}}; /* the list read-only */
    fixture_store(f.v1, list, e, sizeof(e));
    ck_refused(f.v1, fixture_call(f.v1, HC, list, 2), EFAULT, MULTICALL_RESULT);
    ck_assert_uint_eq(f.v1->rec.reject.arg[1], 0);
    ck_assert_uint_eq(mm_frame(f.hv, mfn)->type_count, 0); /* the entry itself was carried out */
}
END_TEST

START_TEST(a_sleeping_vcpu_finishes_the_list_later)
{
    struct xd_abi_multicall_entry e[3] = {ENTRY(17, 0, 0), ENTRY(29, 1, 0), ENTRY(17, 0, 0)};
    uint64_t list = fixture_place(&f, f.v1, e, sizeof(e));

    fixture_call(f.v1, HC, list, 3);
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_BLOCKED);
    ck_assert(xd_continuing(f.v1));
    ck_assert_int_eq(result_at(f.v1, list, 1), 0);
    ck_assert_int_eq(result_at(f.v1, list, 2), 0x5555);
    ck_assert_int_eq(fixture_call(f.v1, 17, 0, 0), XD_NOT_RUNNING);
    ck_assert_int_eq(xd_continue(f.v1), XD_NOT_RUNNING); /* it sleeps still */
    xd_virq_raise(f.v1, 0);
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_BLOCKED); /* nothing is bound to it */
    f.v1->blocked = false;
    ck_assert_int_eq(fixture_call(f.v1, 17, 0, 0), XD_NOT_RUNNING); /* first things first */
    ck_assert_ptr_nonnull(strstr(xd_hv_error(f.hv), "xd_continue"));
    ck_assert_int_eq(xd_continue(f.v1), 0);
    ck_assert_int_eq(result_at(f.v1, list, 2), 0x40011);
    ck_assert(!xd_continuing(f.v1));
    ck_assert_int_eq(xd_continue(f.v1), XD_NOT_RUNNING);
}
END_TEST

struct seen {
    unsigned int calls, depth1;
    long rc;
};

static void see_call(void *ctx, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg,
                     unsigned int depth)
{
    struct seen *s = ctx;

    (void)v;
    (void)nr;
    (void)arg;
    s->calls++;
    s->depth1 += depth == 1;
}

static void see_ret(void *ctx, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg, long rc,
                    unsigned int depth)
{
    (void)v;
    (void)nr;
    (void)arg;
    if (depth)
        ((struct seen *)ctx)->rc = rc;
}

static bool refuse_version(void *ctx, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg, long *rc)
{
    (void)ctx;
    (void)v;
    (void)arg;
    *rc = -99;
    return nr == 17;
}

START_TEST(observers_see_the_entries_and_may_answer_for_them)
{
    struct xd_abi_multicall_entry e[2] = {ENTRY(17, 0, 0), ENTRY(21, 0, 2)};
    uint64_t list = fixture_place(&f, f.v1, e, sizeof(e));
    struct seen s = {0};
    struct xd_hooks hooks = {.ctx = &s, .call = see_call, .ret = see_ret};

    xd_hooks_set(f.hv, &hooks);
    ck_ok(f.v1, fixture_call(f.v1, HC, list, 2));
    ck_assert_uint_eq(s.calls, 3);
    ck_assert_uint_eq(s.depth1, 2);
    ck_assert_int_eq(s.rc, 0);
    hooks.inject = refuse_version;
    xd_hooks_set(f.hv, &hooks);
    ck_assert_int_eq(fixture_call(f.v1, HC, list, 1), 0);
    ck_assert_int_eq(xd_why(f.v1), XD_WHY_INJECTED); /* of the last entry that was refused */
    ck_assert_int_eq(result_at(f.v1, list, 0), -99);
    xd_hooks_set(f.hv, NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("multicall");
    TCase *t = tcase_create("lists");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, each_entry_has_its_own_result);
    tcase_add_test(t, the_list_must_be_reachable);
    tcase_add_test(t, an_entry_may_change_the_entries_after_it);
    tcase_add_test(t, a_sleeping_vcpu_finishes_the_list_later);
    tcase_add_test(t, observers_see_the_entries_and_may_answer_for_them);
    suite_add_tcase(suite, t);
    return fixture_main(suite);
}
