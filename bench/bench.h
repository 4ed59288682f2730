/* SPDX-License-Identifier: MIT */
/*
 * bench.h: one measurement is an operation and its floor, run in turns so that both see the same
 * machine.
 *
 * The floor is the least that any implementation has to do: the same memory touched, no checks.
 * What counts is the ratio.
 */
#ifndef XD_BENCH_H
#define XD_BENCH_H

#include "hv/copy.h"
#include "hv/hv.h"

struct bench {
    const char *name;
    const char *floor;   /* what the floor does */
    double target;       /* ratio to reach; below 0: so many nanoseconds; 0: none set */
    unsigned int rounds; /* odd; the medians of so many are shown; 1: one unit, once */
    void *(*setup)(const struct bench *b);
    void (*run)(void *ctx, uint64_t n);       /* (n) units of the operation */
    void (*run_floor)(void *ctx, uint64_t n); /* (n) units of the floor */
    void (*teardown)(void *ctx);
    uint64_t arg;
};

extern const struct bench bench_calls[], bench_events[], bench_guest[], bench_memory[],
    bench_process[], bench_snapshot[], bench_traps[]; /* ended by a NULL name */

/* Keeps (x) from being optimised away. */
static inline void bench_use(uint64_t x)
{
    __asm__ volatile("" : : "r"(x) : "memory");
}

/* A machine of (frames) with one domain of (pages); ends the program if it can't be. */
struct xd_domain *bench_domain(uint32_t frames, uint32_t pages, bool privileged);

/* Writes guest memory through the page tables. */
void bench_store(struct xd_vcpu *v, uint64_t va, const void *data, size_t n);

#endif
