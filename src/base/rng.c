/* SPDX-License-Identifier: MIT */
/* rng.c: a Feistel network over the next even number of bits, walked until it lands inside the
 * range. */
#include "base/rng.h"

uint64_t xd_rng_permute(uint64_t seed, uint64_t n, uint64_t i)
{
    unsigned int half = 1;

    while (half < 32 && (UINT64_C(1) << (2 * half)) < n)
        half++;
    do {
        uint64_t mask = (UINT64_C(1) << half) - 1;
        uint64_t left = i >> half, right = i & mask;

        for (uint64_t round = 0; round < 4; round++) {
            uint64_t f = xd_rng_mix(seed ^ (round << 56) ^ right) & mask;
            uint64_t next = left ^ f;

            left = right;
            right = next;
        }
        i = left << half | right;
    } while (i >= n);
    return i;
}
