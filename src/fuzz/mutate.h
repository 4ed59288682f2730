/* SPDX-License-Identifier: MIT */
/*
 * mutate.h: programs in byte form changed by steps and by values, for fuzzers.
 *
 * What comes out decodes, as all bytes do; it is at most (max) bytes long, whole records where
 * there is room for one; and it follows from what goes in and *chance alone, on every host.
 * Comments and empty lines go. *chance is the state of the random numbers and moves on.
 */
#ifndef XD_FUZZ_MUTATE_H
#define XD_FUZZ_MUTATE_H

#include "base/strbuf.h"

#include <stdint.h>

/*
 * Appends a program like (bytes) with some of these changes: steps left out, said twice, moved, put
 * into a multicall, new ones by the rules of generate.h; another operation, key or element; a value
 * replaced by one that the place is likely to be about, be it one that the program uses elsewhere
 * (ports, frames, domains, addresses), one of the rules, a constant or a number near by; another
 * machine to begin with.
 */
void xd_mutate(uint64_t *chance, const void *bytes, size_t n, size_t max, struct xd_str *out);

/* Appends the beginning of one program and steps of another. */
void xd_crossover(uint64_t *chance, const void *a, size_t a_len, const void *b, size_t b_len,
                  size_t max, struct xd_str *out);

/* The byte form of a generated program: what there is when there is nothing to mutate. */
void xd_mutate_new(uint64_t *chance, size_t max, struct xd_str *out);

#endif
