/* SPDX-License-Identifier: MIT */
/* mutator_bytes.c: programs in byte form for engines: changed by steps mostly, else as bytes. */
#include "target.h"

#include "fuzz/mutate.h"

#include <string.h>

static size_t give(struct xd_str *from, uint8_t *out)
{
    size_t n = from->len;

    memcpy(out, xd_str_text(from), n);
    xd_str_free(from);
    return n;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
    uint64_t chance = seed;
    struct xd_str to = {0};

    if (seed % 8 == 0)
        return LLVMFuzzerMutate(data, size, max);
    xd_mutate(&chance, data, size, max, &to);
    return give(&to, data);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len,
                                 uint8_t *out, size_t max, unsigned int seed)
{
    uint64_t chance = seed;
    struct xd_str to = {0};

    xd_crossover(&chance, a, a_len, b, b_len, max, &to);
    return give(&to, out);
}
