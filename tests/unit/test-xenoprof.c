/* SPDX-License-Identifier: MIT */
/*
 * test-xenoprof.c: buffers for samples: how many fit, whose the pages are, and what keeps a domain that is profiled from going away.
 */
#include "mm.h"

#include "hv/profile.h"

enum { HC_DOMCTL = 36, HC_XENOPROF_OP = 31 };
enum {
    INIT = 0,
    RESET_ACTIVE = 1,
    RESET_PASSIVE = 2,
    SET_ACTIVE = 3,
    SET_PASSIVE = 4,
    RESERVE = 5,
    SETUP = 7,
    ENABLE = 8,
    START = 9,
    DISABLE = 11,
    RELEASE = 12,
    SHUTDOWN = 13,
    GET_BUFFER = 14
};

static struct xd_fixture f;

static void setup(void)
{
    struct xd_abi_xenoprof_init op = {0};

    fixture_setup_large(&f, 65536);
    ck_ok(f.v0, fixture_run(&f, f.v0, HC_XENOPROF_OP, INIT, &op));
}

static void teardown(void)
{
    fixture_teardown(&f);
}

static long simple(struct xd_vcpu *v, uint64_t op)
{
    return fixture_call(v, HC_XENOPROF_OP, op, 0);
}

static long activate(uint16_t domid)
{
    return fixture_run(&f, f.v0, HC_XENOPROF_OP, SET_ACTIVE, &domid);
}

static long passive(uint16_t domid, int32_t samples, struct xd_abi_xenoprof_passive *op)
{
    *op = (struct xd_abi_xenoprof_passive){.domain_id = domid, .max_samples = samples};
    return fixture_run(&f, f.v0, HC_XENOPROF_OP, SET_PASSIVE, op);
}

static long buffers(struct xd_vcpu *v, int32_t samples, struct xd_abi_xenoprof_get_buffer *op)
{
    *op = (struct xd_abi_xenoprof_get_buffer){.max_samples = samples};
    return fixture_run(&f, v, HC_XENOPROF_OP, GET_BUFFER, op);
}

/* d1 has three vCPUs: 43690 bytes for each of them at most, 48 of them before the samples of 16. */
static const struct {
    int32_t samples;
    uint32_t got, size, pages;
} sizes[] = {
    {0, 0, 48, 1},           {1, 1, 64, 1},
    {82, 82, 1360, 1},       {83, 83, 1376, 2},
    {768, 768, 12336, 10},   {2727, 2727, 43680, 32},
    {2728, 2727, 43680, 32}, {INT32_MAX, 2727, 43680, 32},
    {-1, 2727, 43680, 32},   {INT32_MIN, 2727, 43680, 32},
};

START_TEST(as_many_samples_as_fit)
{
    const uint32_t before = f.hv->frames_free;
    struct xd_abi_xenoprof_get_buffer op;
    uint32_t words[4];

    ck_ok(f.v1, buffers(f.v1, sizes[_i].samples, &op));
    ck_assert_int_eq(op.nbuf, 3);
    ck_assert_uint_eq((uint32_t)op.bufsize, sizes[_i].size);
    ck_assert_uint_eq(f.d1->prof.pages, sizes[_i].pages);
    ck_assert_uint_eq(before - f.hv->frames_free, 1u << xd_profile_order(sizes[_i].pages));
    for (uint64_t i = 0; i < sizes[_i].pages; i++)
        ck_ok(f.v1, mm_map(f.v1, mm_va(f.d1, i), (op.buf_gmaddr + i * XD_PAGE_SIZE) | 0x7));
    for (uint32_t id = 0; id < 3; id++) {
        const uint64_t at = (uint64_t)id * sizes[_i].size;

        fixture_load(f.v1, mm_va(f.d1, at / XD_PAGE_SIZE) + at % XD_PAGE_SIZE, words, 16);
        ck_assert_uint_eq(words[0] | words[1], 0);
        ck_assert_uint_eq(words[2], sizes[_i].got);
        ck_assert_uint_eq(words[3], id);
    }
    /* What lies behind them is nobody's to map. */
    if (sizes[_i].pages == 10)
        ck_assert_int_lt(mm_map(f.v1, mm_va(f.d1, 20), (op.buf_gmaddr + 10 * XD_PAGE_SIZE) | 0x7),
                         0);
    fixture_audit(f.hv);
    ck_refused(f.v1, buffers(f.v1, 1, &op), EBUSY, XENOPROF_BUSY);
    xd_domain_destroy(f.d1);
    fixture_audit(f.hv);
    ck_assert_ptr_null(xd_domain_find(f.hv, 1));
}
END_TEST

START_TEST(no_memory)
{
    struct xd_abi_xenoprof_get_buffer op;
    struct xd_abi_xenoprof_passive p;
    const uint32_t kept = f.hv->frames_kept;

    f.hv->frames_kept = f.hv->frames_free;
    ck_refused(f.v1, buffers(f.v1, 1, &op), ENOMEM, XENOPROF_NO_MEMORY);
    ck_refused(f.v0, passive(2, -1, &p), ENOMEM, XENOPROF_NO_MEMORY);
    f.hv->frames_kept = kept;
    ck_assert_uint_eq(f.d1->prof.pages | f.d2->prof.pages, 0);
    ck_ok(f.v1, buffers(f.v1, 1, &op));
}
END_TEST

/* The first page was given back by all, the second is mapped: the first has no owner then, and nobody can give it back. */
START_TEST(shared_in_part)
{
    struct xd_abi_xenoprof_get_buffer op;

    ck_ok(f.v2, buffers(f.v2, 500, &op));
    ck_assert_uint_eq(f.d2->prof.pages, 2);
    ck_ok(f.v2, mm_map(f.v2, mm_va(f.d2, 0), (op.buf_gmaddr + XD_PAGE_SIZE) | 0x7));
    ck_ok(f.v0, activate(2));
    ck_ok(f.v2, simple(f.v2, DISABLE));
    ck_assert_uint_eq(f.hv->activated, UINT32_MAX); /* nobody was ready */
    ck_refused(f.v2, buffers(f.v2, 500, &op), EBUSY, XENOPROF_BUSY);
    fixture_audit(f.hv);
    ck_ok(f.v0, activate(2));
    ck_refused(f.v2, simple(f.v2, DISABLE), ENOSYS, XEN_ENDS);
    ck_ok(f.v2, mm_map(f.v2, mm_va(f.d2, 0), 0));
    ck_ok(f.v2, buffers(f.v2, 500, &op));
    ck_ok(f.v2, simple(f.v2, DISABLE));
}
END_TEST

/* Who is on the list is held until it is taken off; if it never was ready, for ever. */
START_TEST(a_listed_domain_stays)
{
    struct xd_abi_xenoprof_get_buffer op;
    struct xd_domain *d1 = f.d1;

    ck_ok(f.v1, buffers(f.v1, 10, &op));
    ck_ok(f.v0, activate(1));
    ck_ok(f.v0, activate(1));
    ck_ok(f.v1, simple(f.v1, ENABLE));
    ck_ok(f.v0, simple(f.v0, RESERVE));
    ck_ok(f.v0, simple(f.v0, SETUP));
    ck_refused(f.v0, simple(f.v0, START), EPERM, XENOPROF_NOT_ALL);
    ck_ok(f.v1, simple(f.v1, ENABLE)); /* counts twice */
    ck_ok(f.v0, simple(f.v0, START));
    xd_domain_destroy(d1);
    fixture_audit(f.hv);
    ck_assert_ptr_eq(xd_domain_find(f.hv, 1), d1);
    ck_assert(d1->dead);
    ck_assert_uint_eq(d1->prof.holds, 2);
    ck_ok(f.v0, simple(f.v0, RESET_ACTIVE));
    ck_assert_ptr_eq(xd_domain_find(f.hv, 1), d1);
    ck_assert_uint_eq(d1->prof.holds, 1); /* that of the second entry is lost */
    fixture_audit(f.hv);
}
END_TEST

START_TEST(a_ready_domain_goes_when_it_is_taken_off)
{
    struct xd_abi_xenoprof_get_buffer op;
    const uint32_t before = f.hv->frames_free + f.d1->pages + 1;

    ck_ok(f.v1, buffers(f.v1, 1000, &op));
    ck_ok(f.v0, activate(1));
    ck_ok(f.v1, simple(f.v1, ENABLE));
    xd_domain_destroy(f.d1);
    ck_assert_ptr_nonnull(xd_domain_find(f.hv, 1));
    ck_ok(f.v0, simple(f.v0, RESET_ACTIVE));
    ck_assert_ptr_null(xd_domain_find(f.hv, 1));
    ck_assert_uint_eq(f.hv->frames_free, before);
}
END_TEST

START_TEST(shutdown_forgets_who_is_held)
{
    ck_ok(f.v0, activate(2));
    ck_ok(f.v0, simple(f.v0, SHUTDOWN));
    ck_assert_uint_eq(f.d2->prof.holds, 1);
    xd_domain_destroy(f.d2);
    ck_assert_ptr_nonnull(xd_domain_find(f.hv, 2));
    fixture_audit(f.hv);
}
END_TEST

/* A passive domain that is dead can be profiled, is there until the profiler lets it go, and its pages until they are not mapped. */
START_TEST(a_passive_domain_stays)
{
    struct xd_abi_xenoprof_passive op;
    const uint32_t before = f.hv->frames_free + f.d1->pages + 1;

    ck_ok(f.v0, passive(1, 5, &op));
    ck_assert_int_eq(op.nbuf, 3);
    ck_assert_int_eq(op.bufsize, 128);
    ck_ok(f.v0, mm_map(f.v0, mm_va(f.d0, 0), op.buf_gmaddr | 0x7));
    xd_domain_destroy(f.d1);
    ck_assert_ptr_nonnull(xd_domain_find(f.hv, 1));
    ck_refused(f.v0, passive(1, 5, &op), EBUSY, XENOPROF_BUSY);
    ck_ok(f.v0, simple(f.v0, RESET_PASSIVE));
    ck_assert_ptr_null(xd_domain_find(f.hv, 1));
    fixture_audit(f.hv);
    ck_assert_uint_eq(f.hv->frames_free, before - 1);
    ck_ok(f.v0, mm_map(f.v0, mm_va(f.d0, 0), 0));
    ck_assert_uint_eq(f.hv->frames_free, before);
}
END_TEST

/* d0 maps a buffer that is d1's own: d1 is there until it lets go. */
START_TEST(a_buffer_that_others_map_keeps_its_domain)
{
    struct xd_abi_xenoprof_get_buffer op;

    ck_ok(f.v1, buffers(f.v1, 5, &op));
    ck_ok(f.v0, fixture_call(f.v0, 22, mm_va(f.d0, 0), op.buf_gmaddr | 0x7, 0, 1));
    xd_domain_destroy(f.d1);
    ck_assert_ptr_nonnull(xd_domain_find(f.hv, 1));
    fixture_audit(f.hv);
    ck_ok(f.v0, mm_map(f.v0, mm_va(f.d0, 0), 0));
    ck_assert_ptr_null(xd_domain_find(f.hv, 1));
}
END_TEST

/* The list of passive domains outlives the profiler, and is full with 25 entries. */
START_TEST(passive_list)
{
    struct xd_abi_xenoprof_passive op;
    uint64_t frame;

    ck_ok(f.v0, passive(0, 5, &op));
    frame = op.buf_gmaddr / XD_PAGE_SIZE;
    for (unsigned int i = 1; i < XD_PROFILED; i++) { /* dom0 can give its page back */
        xd_frame_put_allocated(f.hv, xd_mfn_of(frame));
        ck_ok(f.v0, passive(0, 5, &op));
    }
    ck_refused(f.v0, passive(77, 5, &op), E2BIG, XENOPROF_MANY);
    ck_ok(f.v0, simple(f.v0, SHUTDOWN));
    ck_assert_uint_eq(f.hv->passive_nr, XD_PROFILED);
    ck_assert_uint_eq(f.d0->prof.holds, XD_PROFILED);
    fixture_audit(f.hv);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("xenoprof");
    TCase *tc = tcase_create("buffers");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, as_many_samples_as_fit, 0, (int)XD_ARRAY_SIZE(sizes));
    tcase_add_test(tc, no_memory);
    tcase_add_test(tc, shared_in_part);
    tcase_add_test(tc, a_listed_domain_stays);
    tcase_add_test(tc, a_ready_domain_goes_when_it_is_taken_off);
    tcase_add_test(tc, shutdown_forgets_who_is_held);
    tcase_add_test(tc, a_passive_domain_stays);
    tcase_add_test(tc, a_buffer_that_others_map_keeps_its_domain);
    tcase_add_test(tc, passive_list);
    suite_add_tcase(s, tc);
    return fixture_main(s);
}
