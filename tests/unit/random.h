/* SPDX-License-Identifier: MIT */
/*
 * random.h: a machine with three domains that do anything at all, chosen by a seed.
 *
 * Hypercalls, stores and the host's own doings are drawn so that few frames meet in many roles. The
 * same seed gives the same steps. A failing test names seed and step; with XD_TEST_SEED and
 * XD_TEST_STEPS in the environment the tests run that program instead of their own.
 */
#ifndef XD_TESTS_RANDOM_H
#define XD_TESTS_RANDOM_H

#include "base/rng.h"
#include "hv/hv.h"

#define RANDOM_DOMAINS 3u
#define RANDOM_POOL    24u
#define RANDOM_ARGS    8192u

struct random {
    struct xd_hv *hv;
    uint64_t seed, rng;
    unsigned int step;
    uint64_t pool[RANDOM_DOMAINS][RANDOM_POOL]; /* frames that steps like to name */
    struct xd_start start[RANDOM_DOMAINS];      /* as they were built last */
    unsigned char args[RANDOM_ARGS]; /* operands where the guest's own memory is out of reach */
    char what[256];                  /* the last step, for people */
    unsigned int calls, refused;     /* how much happened, how much of it was refused */
};

void random_init(struct random *r, uint64_t seed);
void random_fini(struct random *r);

/* Does one thing. */
void random_step(struct random *r);

/* XD_TEST_SEED and XD_TEST_STEPS, or the test's own values. */
uint64_t random_seed(uint64_t own);
unsigned int random_steps(unsigned int own);

#endif
