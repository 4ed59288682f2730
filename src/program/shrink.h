/* SPDX-License-Identifier: MIT */
/*
 * shrink.h: the small program inside a large one that still shows what the large one shows.
 *
 * What that is, a predicate of the caller decides. It must be a function of what the program's
 * text says, comments and layout apart: for the same text always the same answer.
 */
#ifndef XD_PROGRAM_SHRINK_H
#define XD_PROGRAM_SHRINK_H

#include "program/program.h"

struct xd_shrink_stats {
    bool fails;   /* the program itself does; if not, nothing was tried */
    bool minimal; /* no single part can be left out or made simpler any more */
    /* Steps, entries of multicalls too, comments not: at first, and by now. */
    uint32_t steps_before, steps_after;
    uint64_t calls;      /* of the predicate, that for the program itself too */
    uint64_t candidates; /* made */
    uint64_t repeated;   /* of them: had been tried before, as their text tells */
    uint64_t unsound;    /* of them: used a name that nothing declared any more */
};

struct xd_shrink_options {
    uint64_t calls_max; /* of the predicate; 0: as many as it takes */
    /*
     * Asked before each call of the predicate, with the same ctx; false ends the search. What was
     * found so far is the result. NULL: go on.
     */
    bool (*go_on)(void *ctx, const struct xd_shrink_stats *so_far);
};

/*
 * A part of (p) for which (still_fails) says true, without comments; to be freed. NULL if it does
 * not say so for (p) itself. (o) may be NULL, for no limits; so may (stats).
 *
 * Unless a limit ended the search, the result is minimal: the predicate says false for every
 * program that is made from it by one of
 * - leaving out a step, an entry of a multicall or an element of a batch; where others use a name
 *   that it declares, they go with it;
 * - leaving out an item that may be left out: FIELD=VALUE, an expected answer, `= RESULT`, the last
 *   of the arguments in order; or making a RESULT with answers behind it into ?;
 * - making an argument 0 or 1, a decimal number smaller by one, a hexadecimal one less by one of
 *   its bits, `a|b` to a or b (likewise for other operators), `-a` and `~a` to a, `dN.f()` to
 *   `f()`; leaving out an element of a list, or the last character of a text;
 * - making a number smaller, in the same way, in all places where it is an argument of one function;
 * - putting the entries of a multicall in its place;
 * - turning an mmu_update command into the plain one, `@dN.V` into `@dN.0`, a time into 1ns;
 * - putting the value of a let in the place of its name, if it is used once or is a plain number.
 * Every candidate that the predicate is shown can be printed and read again.
 */
struct xd_program *xd_shrink(const struct xd_program *p,
                             bool (*still_fails)(void *ctx, const struct xd_program *candidate),
                             void *ctx, const struct xd_shrink_options *o,
                             struct xd_shrink_stats *stats);

#endif
