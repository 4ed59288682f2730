/* SPDX-License-Identifier: MIT */
/*
 * hostclock.h: the host's time, counted as a guest counts it: from a moment whose TSC and ns are known, by a multiplier and
 * a shift.
 *
 * All that is told comes from one formula and one moment. So what a guest adds to an older stamp is never more than
 * what the next one says: its time does not run backwards.
 */
#ifndef XD_BASE_HOSTCLOCK_H
#define XD_BASE_HOSTCLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define XD_SECOND_NS UINT64_C(1000000000)

struct xd_hostclock {
    bool
        tsc; /* it is the processor's counter, which guests read; else one of 1 GHz, made from CLOCK_MONOTONIC */
    uint64_t khz; /* its rate */
    uint32_t mul; /* ns of a tick, shifted left by (shift), times 2^32 */
    int8_t shift;
    uint64_t base_tsc, base_ns; /* the moment */
    uint64_t at_tsc, at_ns;     /* the last look */
};

/* Finds out the rate, which takes ten milliseconds; (mul, shift) are the caller's to set. */
struct xd_hostclock *xd_hostclock_make(void);

/* It is (ns) now, whatever it was before. */
void xd_hostclock_set(struct xd_hostclock *c, uint64_t ns);

/* What time it is, in ns; keeps the moment. */
uint64_t xd_hostclock_look(struct xd_hostclock *c);

/* The last moment was (ns) later than was thought. */
void xd_hostclock_skip(struct xd_hostclock *c, uint64_t ns);

/* ns from 1970 to the moment when it was 0; 0 if that was before. */
uint64_t xd_hostclock_epoch(struct xd_hostclock *c);

/* Does nothing for (ns), or for less if a signal comes. */
void xd_hostclock_sleep(uint64_t ns);

#endif
