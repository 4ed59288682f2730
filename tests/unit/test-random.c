/* SPDX-License-Identifier: MIT */
/* test-random.c: whatever guests do, no process ends and every count stays what an audit makes it. */
#include "fixture.h"
#include "random.h"

#include <inttypes.h>
#include <stdlib.h>

#define SEEDS 16
#define STEPS 1500u

START_TEST(every_state_a_guest_can_reach_passes_the_audit)
{
    struct random r;
    unsigned int steps = random_steps(STEPS);
    char *report;

    random_init(&r, random_seed((uint64_t)_i + 1));
    for (unsigned int i = 0; i < steps; i++) {
        random_step(&r);
        ck_assert_msg(xd_audit(r.hv, &report) == 0, "seed %" PRIu64 ", step %u: %s\n%s", r.seed,
                      r.step, r.what, report);
    }
    ck_assert_uint_gt(r.calls, steps / 4);
    ck_assert_uint_gt(r.calls - r.refused, r.calls / 20);
    random_fini(&r);
}
END_TEST

static unsigned int drawn(unsigned int *refused)
{
    struct random r;

    random_init(&r, 7);
    for (unsigned int i = 0; i < 300; i++)
        random_step(&r);
    *refused = r.refused;
    unsigned int digest = (unsigned int)xd_digest(r.hv);
    random_fini(&r);
    return digest;
}

START_TEST(the_same_seed_gives_the_same_machine)
{
    unsigned int refused1, refused2, digest = drawn(&refused1);

    ck_assert_uint_eq(drawn(&refused2), digest);
    ck_assert_uint_eq(refused1, refused2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("random");
    TCase *t = tcase_create("random programs");

    tcase_set_timeout(t, 300);
    tcase_add_loop_test(t, every_state_a_guest_can_reach_passes_the_audit, 0, SEEDS);
    tcase_add_test(t, the_same_seed_gives_the_same_machine);
    suite_add_tcase(suite, t);
    return fixture_main(suite);
}
