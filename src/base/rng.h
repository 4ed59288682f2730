/* SPDX-License-Identifier: MIT */
/*
 * rng.h: the one source of chance (splitmix64), and a seeded permutation that needs no table.
 */
#ifndef XD_BASE_RNG_H
#define XD_BASE_RNG_H

#include <stdint.h>

static inline uint64_t xd_rng_mix(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* The next number of the sequence whose state is *state. */
static inline uint64_t xd_rng_next(uint64_t *state)
{
    uint64_t r = xd_rng_mix(*state);

    *state += UINT64_C(0x9e3779b97f4a7c15);
    return r;
}

/* Where (seed)'s permutation of 0..n-1 puts (i). i < n, n >= 1. */
uint64_t xd_rng_permute(uint64_t seed, uint64_t n, uint64_t i);

#endif
