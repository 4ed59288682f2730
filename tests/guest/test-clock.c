/* SPDX-License-Identifier: MIT */
/*
 * test-clock.c: the clocks of a guest: by the version protocol.
 */
#define _GNU_SOURCE
#include "guest.h"

#include <string.h>
#include <ucontext.h>

static struct machine m;

static void setup(void)
{
    machine_setup(&m);
}

static void teardown(void)
{
    machine_teardown(&m);
}

/* ---- Never half written ---- */

#if defined(__x86_64__)

#define RFLAGS_TF 0x100

static struct pvclock_vcpu_time_info was;
static unsigned int looks, odd, torn;

/* As another vCPU would at this moment: between two instructions. */
static void look(int sig, siginfo_t *info, void *uc)
{
    const struct pvclock_vcpu_time_info *t = &xd_guest_vcpu_info(m.v0)->time;
    const uint64_t passed = t->version == was.version ? 0 : 1000;

    (void)sig, (void)info, (void)uc;
    looks++;
    if (t->version % 2)
        odd++;
    else if (t->system_time != was.system_time + passed || t->tsc_timestamp != t->system_time ||
             t->tsc_to_system_mul != was.tsc_to_system_mul)
        torn++;
}

static void step_through(bool on)
{
    uint64_t flags = __builtin_ia32_readeflags_u64();

    __builtin_ia32_writeeflags_u64(on ? flags | RFLAGS_TF : flags & ~(uint64_t)RFLAGS_TF);
}

START_TEST(between_two_instructions_a_clock_is_whole_or_odd)
{
    struct sigaction act = {.sa_sigaction = look, .sa_flags = SA_SIGINFO};

    if (RUNNING_ON_VALGRIND) /* it has no trap flag */
        return;
    was = xd_guest_vcpu_info(m.v0)->time;
    sigaction(SIGTRAP, &act, NULL);
    step_through(true);
    xd_advance(m.hv, 1000);
    step_through(false);
    ck_assert_uint_gt(looks, odd);
    ck_assert_uint_gt(odd, 0);
    ck_assert_uint_eq(torn, 0);
    ck_assert_uint_eq(xd_guest_vcpu_info(m.v0)->time.version, was.version + 2);
}
END_TEST

#endif

int main(void)
{
    Suite *suite = suite_create("clock");
    TCase *tc = tcase_create("clock");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
#if defined(__x86_64__)
    tcase_add_test(tc, between_two_instructions_a_clock_is_whole_or_odd);
#endif
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
