/* SPDX-License-Identifier: MIT */
/* test-tsc.c: an emulated TSC shows what Xen's arithmetic gives, worked out elsewhere with numbers of any length. */
#include "fixture.h"
#include "hv/tsc.h"

#define SECOND UINT64_C(1000000000)

static struct xd_fixture f;

static void setup(void)
{
    fixture_setup(&f);
}

static void teardown(void)
{
    fixture_teardown(&f);
}

/* (since): when it was 0; before all time as a number near 2^64, which Xen takes for a late one. */
static const struct {
    uint32_t khz;
    uint64_t since, ns, ticks;
    uint32_t mul;
    int8_t shift;
} rows[] = {
    {1u, 0, SECOND, 999, 0xf4240000u, 20},
    {1u, 5 * SECOND, 5 * SECOND - 1, 0, 0xf4240000u, 20},
    {1u, -2 * SECOND, 7 * SECOND, UINT64_C(18446725626965492521), 0xf4240000u, 20},
    {999999u, 0, SECOND, 999999000, 0x80000863u, 1},
    {999999u, 0, UINT64_C(1) << 62, UINT64_C(4611681407779995648), 0x80000863u, 1},
    {1000000u, 5 * SECOND, 5 * SECOND - 1, UINT64_MAX, 0x80000000u, 1},
    {1000000u, 5 * SECOND, 5 * SECOND + 1, 1, 0x80000000u, 1},
    {1000000u, -2 * SECOND, 7 * SECOND, UINT64_C(9223372045854775808), 0x80000000u, 1},
    {2000000u, 0, SECOND, 2 * SECOND, 0x80000000u, 0},
    {2000000u, 0, UINT64_C(1) << 62, 0, 0x80000000u, 0},
    {2400000u, 0, SECOND, UINT64_C(2399999999), 0xd5555555u, -1},
    {2400000u, -2 * SECOND, 7 * SECOND, UINT64_C(7378697653660801019), 0xd5555555u, -1},
    {UINT32_MAX, 0, SECOND, UINT64_C(4294967292785), 0xf4240003u, -12},
    {UINT32_MAX, 5 * SECOND, 5 * SECOND - 1, UINT64_C(18446744073709547322), 0xf4240003u, -12},
};

START_TEST(it_shows_what_xens_arithmetic_gives)
{
    const uint64_t now = xd_now_ns(f.hv);
    uint32_t mul;
    int8_t shift;

    xd_tsc_set(f.d1, XD_TSC_EMULATED, now - rows[_i].since, rows[_i].khz, 0);
    xd_tsc_scale(f.d1, &mul, &shift);
    ck_assert_uint_eq(mul, rows[_i].mul);
    ck_assert_int_eq(shift, rows[_i].shift);
    ck_assert_uint_eq(xd_tsc_at(f.d1, rows[_i].ns, 77), rows[_i].ticks);
}
END_TEST

START_TEST(who_is_told_of_what)
{
    const uint32_t own = (uint32_t)f.hv->config.cpu_khz;
    uint32_t khz;

    /* By default it counts since the domain came. */
    ck_assert_uint_eq(xd_tsc_elapsed(f.d1, &khz), 0);
    ck_assert_uint_eq(khz, own);
    ck_assert_uint_eq(xd_tsc_at(f.d1, xd_now_ns(f.hv), 77), 0);
    xd_advance(f.hv, 3 * SECOND);
    ck_assert_uint_eq(xd_tsc_elapsed(f.d1, &khz), 3 * SECOND);

    xd_tsc_set(f.d1, XD_TSC_NATIVE, 9 * SECOND, 5, 41);
    ck_assert_uint_eq(xd_tsc_elapsed(f.d1, &khz), 0);
    ck_assert_uint_eq(khz, 0);
    ck_assert_uint_eq(f.d1->tsc_incarnation, 42);
    ck_assert_uint_eq(xd_tsc_at(f.d1, SECOND, 77), 77);

    /* What would be negative is none. */
    xd_tsc_set(f.d1, XD_TSC_DEFAULT, -5 * SECOND, 5, 0);
    ck_assert_uint_eq(xd_tsc_elapsed(f.d1, &khz), 0);
    ck_assert_uint_eq(khz, 5);
    fixture_audit(f.hv);

    /* The hardware domain has the machine's, whatever is said. */
    xd_tsc_set(f.d0, XD_TSC_EMULATED, SECOND, 5, 6);
    ck_assert_uint_eq(xd_tsc_elapsed(f.d0, &khz), 0);
    ck_assert_uint_eq(khz, own);
    ck_assert_uint_eq(f.d0->tsc_incarnation, 0);
    ck_assert_uint_eq(xd_tsc_at(f.d0, SECOND, 77), 77);
    fixture_audit(f.hv);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("tsc");
    TCase *tc = tcase_create("tsc");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, it_shows_what_xens_arithmetic_gives, 0, XD_ARRAY_SIZE(rows));
    tcase_add_test(tc, who_is_told_of_what);
    suite_add_tcase(s, tc);
    return fixture_main(s);
}
