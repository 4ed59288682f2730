/* SPDX-License-Identifier: MIT */
/* mutator_text.c: programs as text for engines: what can be read is changed by steps, the rest as bytes. */
#include "target.h"

#include "fuzz/mutate.h"
#include "program/bytes.h"

#include <stdlib.h>
#include <string.h>

/* False: it can't be read. */
static bool to_bytes(const uint8_t *text, size_t size, struct xd_str *bytes)
{
    char *error = NULL;
    struct xd_program *p = xd_program_parse("f", (const char *)text, size, &error);

    free(error);
    if (p)
        xd_program_to_bytes(p, bytes);
    xd_program_free(p);
    return p != NULL;
}

/* 0, and nothing is written: the text is longer than (max), and half a text is none. */
static size_t give_text(struct xd_str *bytes, uint8_t *out, size_t max)
{
    struct xd_program *p = xd_program_from_bytes("f", xd_str_text(bytes), bytes->len);
    struct xd_str text = {0};
    size_t n;

    xd_program_print(p, &text);
    n = text.len <= max ? text.len : 0;
    memcpy(out, xd_str_text(&text), n);
    xd_program_free(p);
    xd_str_free(&text);
    xd_str_free(bytes);
    return n;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
    struct xd_str from = {0}, to = {0};
    uint64_t chance = seed;
    size_t n = 0;

    if (seed % 2 && to_bytes(data, size, &from)) {
        xd_mutate(&chance, xd_str_text(&from), from.len, max, &to);
        n = give_text(&to, data, max);
    }
    xd_str_free(&from);
    return n ? n : LLVMFuzzerMutate(data, size, max);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len,
                                 uint8_t *out, size_t max, unsigned int seed)
{
    struct xd_str from = {0}, other = {0}, to = {0};
    uint64_t chance = seed;
    size_t n = 0;

    if (to_bytes(a, a_len, &from) && to_bytes(b, b_len, &other)) {
        xd_crossover(&chance, xd_str_text(&from), from.len, xd_str_text(&other), other.len, max,
                     &to);
        n = give_text(&to, out, max);
    }
    xd_str_free(&from);
    xd_str_free(&other);
    return n;
}
