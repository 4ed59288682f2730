/* SPDX-License-Identifier: MIT */
/* hostclock.c: the host's time, by its TSC where that counts evenly. */
#define _GNU_SOURCE
#include "base/hostclock.h"

#include "base/bug.h"

#include <time.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#define CALIBRATE_NS 10000000u
#define TRIES        16u

#if defined(CLOCK_MONOTONIC_RAW)
#define EVEN_CLOCK CLOCK_MONOTONIC_RAW
#else
#define EVEN_CLOCK CLOCK_MONOTONIC
#endif

static uint64_t read_ns(clockid_t which)
{
    struct timespec t = {0};

    clock_gettime(which, &t);
    return (uint64_t)t.tv_sec * XD_SECOND_NS + (uint64_t)t.tv_nsec;
}

#if defined(__x86_64__)

#define POWER_LEAF    0x80000007u
#define INVARIANT_TSC (1u << 8)

static bool counts_evenly(void)
{
    unsigned int a, b, c, d = 0;

    return __get_cpuid(POWER_LEAF, &a, &b, &c, &d) && d & INVARIANT_TSC;
}

/* Not before what stands before it is done. */
static uint64_t read_tsc(void)
{
    uint32_t low, high;

    __asm__ volatile("lfence\n\trdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

#else

static bool counts_evenly(void)
{
    return false;
}

static uint64_t read_tsc(void)
{
    return 0;
}

#endif

/* What both say at one moment: the pair that was read fastest. */
static void read_both(uint64_t *tsc, uint64_t *ns)
{
    uint64_t best = UINT64_MAX;

    for (unsigned int i = 0; i < TRIES; i++) {
        const uint64_t before = read_tsc(), now = read_ns(EVEN_CLOCK), took = read_tsc() - before;

        if (took >= best)
            continue;
        best = took;
        *tsc = before + took / 2;
        *ns = now;
    }
}

static uint64_t calibrate(void)
{
    uint64_t tsc0 = 0, tsc1 = 0, ns0 = 0, ns1 = 0;

    read_both(&tsc0, &ns0);
    do {
        xd_hostclock_sleep(CALIBRATE_NS);
        read_both(&tsc1, &ns1);
    } while (ns1 - ns0 < CALIBRATE_NS);
    /* A thousandth of a second is not lost, nor does a minute overflow. */
    return (tsc1 - tsc0) / ((ns1 - ns0) / 1000) * 1000 +
           (tsc1 - tsc0) % ((ns1 - ns0) / 1000) * 1000 / ((ns1 - ns0) / 1000);
}

static uint64_t ticks(const struct xd_hostclock *c)
{
    return c->tsc ? read_tsc() : read_ns(CLOCK_MONOTONIC);
}

struct xd_hostclock *xd_hostclock_make(void)
{
    struct xd_hostclock *c = xd_zalloc(sizeof(*c));

    c->tsc = counts_evenly();
    c->khz = c->tsc ? calibrate() : XD_SECOND_NS / 1000;
    return c;
}

void xd_hostclock_set(struct xd_hostclock *c, uint64_t ns)
{
    c->base_tsc = c->at_tsc = ticks(c);
    c->base_ns = c->at_ns = ns;
}

/* The low 64 bits of ticks * mul / 2^32, without a product of 128 bits. */
static uint64_t scale(const struct xd_hostclock *c, uint64_t nr)
{
    nr = c->shift < 0 ? nr >> -c->shift : nr << c->shift;
    return (nr >> 32) * c->mul + ((nr & UINT32_MAX) * c->mul >> 32);
}

uint64_t xd_hostclock_look(struct xd_hostclock *c)
{
    const uint64_t now = ticks(c);

    /* Another processor's counter may lag behind by some ticks. */
    if (now > c->at_tsc) {
        c->at_tsc = now;
        c->at_ns = c->base_ns + scale(c, now - c->base_tsc);
    }
    return c->at_ns;
}

void xd_hostclock_skip(struct xd_hostclock *c, uint64_t ns)
{
    c->base_ns += ns;
    c->at_ns += ns;
}

uint64_t xd_hostclock_epoch(struct xd_hostclock *c)
{
    const uint64_t now = read_ns(CLOCK_REALTIME), passed = xd_hostclock_look(c);

    return now > passed ? now - passed : 0;
}

void xd_hostclock_sleep(uint64_t ns)
{
    const struct timespec t = {.tv_sec = (time_t)(ns / XD_SECOND_NS),
                               .tv_nsec = (long)(ns % XD_SECOND_NS)};

    nanosleep(&t, NULL);
}
