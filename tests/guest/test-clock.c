/* SPDX-License-Identifier: MIT */
/* test-clock.c: the clocks of a guest, by the version protocol, on virtual time. */
#define _GNU_SOURCE
#include "dies.h"
#include "guest.h"

#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>
#include <xen/interface/vcpu.h>

static struct machine m;

static void setup(void)
{
    machine_setup(&m);
}

static void teardown(void)
{
    machine_teardown(&m);
}

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
    else if (t->system_time != was.system_time + passed ||
             t->tsc_timestamp != was.tsc_timestamp + passed ||
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

static unsigned int stage;

#define TICKS 20000u
#define TICK  ((UINT64_C(1) << 32) + 1) /* ns: another number in each of its words */

/* Time passes while (read_clock) looks, until that has met more than one of them: on a busy machine this is later. */
static void pass_time(void *times)
{
    while (!__atomic_load_n(&stage, __ATOMIC_SEQ_CST))
        ;
    for (unsigned int i = 0;
         i < TICKS || __atomic_load_n((unsigned int *)times, __ATOMIC_SEQ_CST) < 2; i++) {
        xd_guest_lock(m.hv);
        xd_advance(m.hv, TICK);
        xd_guest_unlock(m.hv);
    }
    __atomic_store_n(&stage, 2, __ATOMIC_SEQ_CST);
}

/* The version and what it stands for lie in different cache lines, so that who tears them is soon found out. */
static void move_info(struct xd_vcpu *v)
{
    struct vcpu_register_vcpu_info op = {
        .mfn = xd_domain_mfn(m.d1, xd_domain_start(m.d1)->first_free_pfn), .offset = 16};
    uint64_t arg[6] = {VCPUOP_register_vcpu_info, 0, (uintptr_t)&op};

    ck_assert_int_eq((int)xd_hypercall(v, __HYPERVISOR_vcpu_op, arg), 0);
}

/* As a kernel reads it. The domain's TSC counts ns, so both times move as one, and the version tells how far. */
static void read_clock(void *times)
{
    struct pvclock_vcpu_time_info *t = &xd_guest_vcpu_info(m.v0)->time;
    const uint64_t ns0 = t->system_time, tsc0 = t->tsc_timestamp;
    const uint32_t version0 = t->version;
    uint64_t tsc, ns, last = 0;
    uint32_t version;

    __atomic_store_n(&stage, 1, __ATOMIC_SEQ_CST);
    do {
        do {
            version = __atomic_load_n(&t->version, __ATOMIC_ACQUIRE);
            ns = __atomic_load_n(&t->system_time, __ATOMIC_ACQUIRE);
            tsc = __atomic_load_n(&t->tsc_timestamp, __ATOMIC_ACQUIRE);
        } while (version % 2 || version != __atomic_load_n(&t->version, __ATOMIC_RELAXED));
        if (tsc - tsc0 != ns - ns0 || ns != ns0 + (uint64_t)(version - version0) / 2 * TICK)
            abort();
        __atomic_add_fetch((unsigned int *)times, ns > last, __ATOMIC_SEQ_CST);
        last = ns;
    } while (__atomic_load_n(&stage, __ATOMIC_SEQ_CST) == 1);
}

START_TEST(a_clock_is_never_seen_half_written)
{
    struct xd_run_config c = XD_RUN_CONFIG_DEFAULT;
    unsigned int seen = 0;

    c.threads = true;
    move_info(m.v0);
    start(m.v0, pass_time, &seen);
    start(m.v1, read_clock, &seen);
    ck_assert_int_eq(xd_run(m.hv, &c), XD_RUN_FINISHED);
    ck_assert_uint_ge(seen, 2);
    ck_assert_uint_eq(xd_guest_vcpu_info(m.v0)->time.system_time, xd_now_ns(m.hv));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("clock");
    TCase *tc = tcase_create("clock");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
#if defined(__x86_64__)
    tcase_add_test(tc, between_two_instructions_a_clock_is_whole_or_odd);
#endif
    tcase_add_test(tc, a_clock_is_never_seen_half_written);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
