/* SPDX-License-Identifier: MIT */
/*
 * mutator.h: what the mutator's files share: mutate.c moves records, mutate_value.c changes what is
 * in them, mutate_kind.c knows what values are about.
 */
#ifndef XD_FUZZ_MUTATOR_H
#define XD_FUZZ_MUTATOR_H

#include "base/rng.h"
#include "program/edit.h"

static inline uint32_t xd_mut_below(uint64_t *chance, uint32_t n)
{
    return (uint32_t)((xd_rng_next(chance) >> 32) * n >> 32);
}

static inline bool xd_mut_percent(uint64_t *chance, unsigned int percent)
{
    return xd_mut_below(chance, 100) < percent;
}

/* Kinds of places that no field has. */
enum {
    XD_MUT_FLAGS = XD_KINDS, /* of a table's entry */
    XD_MUT_INDEX,            /* of a page */
    XD_MUT_SLOT,
    XD_MUT_NUMBER,
};

struct xd_mutator {
    uint64_t *chance;
    struct xd_program *p;
    struct xd_place *place;
    uint32_t places, cap;
};

/* The kind of what stands there: enum xd_kind, or one of those above. */
unsigned int xd_mut_kind(const struct xd_program *p, const struct xd_place *at);
unsigned int xd_mut_kind_of_key(unsigned int key);
struct xd_expr xd_mut_number(uint64_t n);
/* A new value of (kind). */
struct xd_expr xd_mut_make(struct xd_mutator *m, unsigned int kind);

/*
 * Changes one thing inside one step of (p). Names may come to be used before they have a meaning;
 * the byte form mends that.
 */
void xd_mutate_value(uint64_t *chance, struct xd_program *p);

#endif
