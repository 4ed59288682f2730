/* SPDX-License-Identifier: MIT */
/* shrinker.h: the state of a search, shared by what leaves parts out and what makes them simpler. */
#ifndef XD_PROGRAM_SHRINKER_H
#define XD_PROGRAM_SHRINKER_H

#include "program/edit.h"
#include "program/shrink.h"

struct xd_shrinker {
    struct xd_program *now; /* the smallest so far */
    uint64_t now_text;      /* hash of its text */
    bool (*still_fails)(void *ctx, const struct xd_program *candidate);
    void *ctx;
    struct xd_shrink_options opt;
    struct xd_shrink_stats *stats;
    uint64_t *tried; /* hashes of texts, open addressing, 0: free */
    size_t tried_nr, tried_cap;
    bool over; /* a limit was reached */
};

/*
 * Takes (edited), a changed clone of s->now, in its place if it still fails, or frees it. True: it
 * has been taken.
 */
bool xd_shrink_try(struct xd_shrinker *s, struct xd_program *edited);

/* What may be left out: numbers, in the order of the text. */
struct xd_units {
    uint32_t *nr;
    uint32_t n, cap;
};
void xd_units_add(struct xd_units *u, uint32_t nr);

struct xd_phase {
    /* The units of p; an earlier one keeps its index when later ones go. */
    void (*collect)(const struct xd_program *p, xd_ex of, struct xd_units *u);
    /* Leaves out the units nr[0..n) of (q), which is a clone. */
    void (*leave_out)(struct xd_program *q, xd_ex of, const uint32_t *nr, uint32_t n);
    xd_ex of; /* the list whose elements are the units, or 0 */
};
/* Leaves out what can be left out: all, halves, quarters, ... single ones. True: it found some. */
bool xd_shrink_sweep(struct xd_shrinker *s, const struct xd_phase *phase);

/* Makes values simpler, one at a time. True: some are. */
bool xd_shrink_values(struct xd_shrinker *s);

#endif
