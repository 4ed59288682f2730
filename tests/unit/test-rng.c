/* SPDX-License-Identifier: MIT */
/* test-rng.c: the sequence is splitmix64's, and a permutation is one, whatever its size. */
#include "fixture.h"

#include "base/rng.h"

#include <stdlib.h>

/* The published first numbers for seed 1234567. */
START_TEST(the_sequence_is_splitmix64)
{
    static const uint64_t want[] = {UINT64_C(6457827717110365317), UINT64_C(3203168211198807973),
                                    UINT64_C(9817491932198370423), UINT64_C(4593380528125082431),
                                    UINT64_C(16408922859458223821)};
    uint64_t state = 1234567;

    for (unsigned int i = 0; i < XD_ARRAY_SIZE(want); i++)
        ck_assert_uint_eq(xd_rng_next(&state), want[i]);
}
END_TEST

static const uint64_t sizes[] = {1, 2, 3, 4, 5, 15, 16, 17, 1000, 4096, 32000, 100003};

START_TEST(each_place_is_taken_once)
{
    uint64_t n = sizes[_i];
    unsigned char *seen = calloc(n, 1);

    for (uint64_t seed = 0; seed < 3; seed++) {
        for (uint64_t i = 0; i < n; i++) {
            uint64_t to = xd_rng_permute(seed, n, i);

            ck_assert_uint_lt(to, n);
            ck_assert_uint_eq(seen[to], seed);
            seen[to]++;
        }
    }
    free(seen);
}
END_TEST

START_TEST(seeds_permute_differently)
{
    unsigned int same = 0, fixed = 0;

    for (uint64_t i = 0; i < 10000; i++) {
        same += xd_rng_permute(1, 10000, i) == xd_rng_permute(2, 10000, i);
        fixed += xd_rng_permute(1, 10000, i) == i;
    }
    ck_assert_uint_lt(same, 20);
    ck_assert_uint_lt(fixed, 20);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rng");
    TCase *t = tcase_create("chance");

    tcase_add_test(t, the_sequence_is_splitmix64);
    tcase_add_loop_test(t, each_place_is_taken_once, 0, (int)XD_ARRAY_SIZE(sizes));
    tcase_add_test(t, seeds_permute_differently);
    suite_add_tcase(suite, t);
    return fixture_main(suite);
}
