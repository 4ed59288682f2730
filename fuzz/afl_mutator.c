/* SPDX-License-Identifier: MIT */
/*
 * afl_mutator.c: the mutator of a target as a library for AFL++ (AFL_CUSTOM_MUTATOR_LIBRARY).
 * AFL++ changes bytes by itself, so that is left to it: where the mutator wants that there is no input, of 0 bytes,
 * which AFL++ passes over.
 */
#include "target.h"

#include "base/rng.h"

#include <stdlib.h>
#include <string.h>

#define API __attribute__((visibility("default")))

API void *afl_custom_init(void *afl, unsigned int seed);
API void afl_custom_deinit(void *mutator);
API size_t afl_custom_fuzz(void *mutator, uint8_t *data, size_t size, uint8_t **out, uint8_t *other,
                           size_t other_size, size_t max);

struct mutator {
    uint64_t chance;
    uint8_t *out;
    size_t cap;
};

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max)
{
    (void)data;
    (void)size;
    (void)max;
    return 0;
}

void *afl_custom_init(void *afl, unsigned int seed)
{
    struct mutator *m = xd_zalloc(sizeof(*m));

    (void)afl;
    m->chance = seed;
    return m;
}

void afl_custom_deinit(void *mutator)
{
    struct mutator *m = mutator;

    free(m->out);
    free(m);
}

size_t afl_custom_fuzz(void *mutator, uint8_t *data, size_t size, uint8_t **out, uint8_t *other,
                       size_t other_size, size_t max)
{
    struct mutator *m = mutator;
    unsigned int seed = (unsigned int)xd_rng_next(&m->chance);
    size_t n = 0;

    if (max > m->cap) {
        m->out = xd_realloc(m->out, max);
        m->cap = max;
    }
    *out = m->out;
    if (other && other_size && seed % 5 == 0)
        n = LLVMFuzzerCustomCrossOver(data, size, other, other_size, m->out, max, seed / 5);
    if (n)
        return n;
    n = size < max ? size : max;
    memcpy(m->out, data, n);
    return LLVMFuzzerCustomMutator(m->out, n, max, seed);
}
