/* SPDX-License-Identifier: MIT */
/*
 * test-journal.c: what the undo journal promises: after whatever happened since a mark, undoing it
 * gives back every byte. A write to machine state that goes round XD_PUT is found here.
 */
#include "fixture.h"
#include "random.h"

#include "hv/frame.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define STEPS 4000u
#define SEEDS 4
#define RUNS  40u

static struct random r;

static void setup(void)
{
    random_init(&r, random_seed(1));
}

static void teardown(void)
{
    random_fini(&r);
}

static struct xd_arena *arena(void)
{
    return &r.hv->host->arena;
}

/* All bytes of the machine but the observers' records, which are no state. */
static unsigned char *copy_of_state(void)
{
    size_t size = arena()->size;
    unsigned char *copy = malloc(size);

    ck_assert_ptr_nonnull(copy);
    memcpy(copy, arena()->base, size);
    for (unsigned int i = 0; i < r.hv->config.domains_max; i++)
        for (unsigned int id = 0; id < XD_VCPUS; id++) {
            const unsigned char *rec = (const unsigned char *)&r.hv->domain[i].vcpu[id].rec;

            memset(copy + (rec - arena()->base), 0, sizeof(struct xd_record));
        }
    return copy;
}

static void ck_same_state(const unsigned char *want)
{
    unsigned char *got = copy_of_state();
    size_t at = 0;

    if (memcmp(got, want, arena()->size) != 0) {
        while (got[at] == want[at])
            at++;
        ck_abort_msg("seed %" PRIu64 ", %u steps: byte %#zx of the arena is %#x and was %#x (domains begin at %#zx, "
                     "frames at %#zx, memory at %#zx; a domain has %#zx bytes)",
                     r.seed, r.step, at, got[at], want[at],
                     (size_t)((unsigned char *)r.hv->domain - arena()->base),
                     (size_t)((unsigned char *)r.hv->frame - arena()->base), (size_t)(r.hv->mem - arena()->base),
                     sizeof(struct xd_domain));
    }
    free(got);
}

static void steps(unsigned int n)
{
    for (unsigned int i = 0; i < n; i++)
        random_step(&r);
}

START_TEST(undo_gives_back_every_byte_after_a_long_program)
{
    unsigned char *before;
    uint64_t digest;
    size_t mark;

    random_fini(&r);
    random_init(&r, random_seed((uint64_t)_i + 100));
    steps(200); /* not from the start of day only */
    before = copy_of_state();
    digest = xd_digest(r.hv);
    mark = xd_arena_mark(arena());
    steps(random_steps(STEPS));
    ck_assert_uint_ne(xd_digest(r.hv), digest);
    xd_arena_undo(arena(), mark);
    ck_assert_uint_eq(xd_digest(r.hv), digest);
    ck_same_state(before);
    ck_assert_uint_eq(xd_audit(r.hv, NULL), 0);
    free(before);
}
END_TEST

/* Many short programs from one state: each is undone before the next. A broken undo would let them pile up. */
START_TEST(a_machine_can_be_reset_again_and_again)
{
    unsigned char *before;
    struct random keep;
    size_t mark;

    steps(300);
    keep = r;
    before = copy_of_state();
    mark = xd_arena_mark(arena());
    for (unsigned int i = 0; i < RUNS; i++) {
        r = keep;
        r.rng = r.seed = random_seed(1000 + i);
        steps(60);
        xd_arena_undo(arena(), mark);
        ck_same_state(before);
    }
    free(before);
}
END_TEST

START_TEST(marks_nest)
{
    uint64_t digest[5];
    size_t mark[5];

    for (unsigned int i = 0; i < 5; i++) {
        digest[i] = xd_digest(r.hv);
        mark[i] = xd_arena_mark(arena());
        steps(100);
    }
    xd_arena_undo(arena(), mark[4]);
    ck_assert_uint_eq(xd_digest(r.hv), digest[4]);
    xd_arena_undo(arena(), mark[2]); /* two at once */
    ck_assert_uint_eq(xd_digest(r.hv), digest[2]);
    steps(100);
    xd_arena_undo(arena(), mark[2]); /* a mark can be gone back to twice */
    ck_assert_uint_eq(xd_digest(r.hv), digest[2]);
    xd_arena_undo(arena(), mark[0]);
    ck_assert_uint_eq(xd_digest(r.hv), digest[0]);
}
END_TEST

START_TEST(what_is_forgotten_stays)
{
    uint64_t digest;

    xd_arena_mark(arena());
    steps(100);
    digest = xd_digest(r.hv);
    xd_arena_forget(arena());
    ck_assert_uint_eq(arena()->undo_nr, 0);
    ck_assert_uint_eq(xd_digest(r.hv), digest);
    steps(50);
    ck_assert_uint_eq(arena()->undo_nr, 0); /* closed: nothing is recorded */
    ck_assert_uint_eq(xd_audit(r.hv, NULL), 0);
}
END_TEST

/* The same steps, journaled or not, come out the same. */
START_TEST(a_journal_changes_nothing)
{
    uint64_t digest;

    steps(500);
    digest = xd_digest(r.hv);
    random_fini(&r);
    random_init(&r, random_seed(1));
    xd_arena_mark(arena());
    steps(500);
    ck_assert_uint_eq(xd_digest(r.hv), digest);
}
END_TEST

START_TEST(the_comparison_finds_a_write_that_was_not_recorded)
{
    unsigned char *before = copy_of_state();
    uint64_t digest = xd_digest(r.hv);
    size_t mark = xd_arena_mark(arena());

    r.hv->frame[r.hv->heap_first + 9].count ^= 1;
    xd_arena_undo(arena(), mark);
    ck_assert_uint_ne(xd_digest(r.hv), digest);
    ck_assert_int_ne(memcmp(before, arena()->base, arena()->size), 0);
    r.hv->frame[r.hv->heap_first + 9].count ^= 1;
    ck_assert_uint_eq(xd_digest(r.hv), digest);
    free(before);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("journal");
    TCase *t = tcase_create("undo");

    tcase_set_timeout(t, 300);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, undo_gives_back_every_byte_after_a_long_program, 0, SEEDS);
    tcase_add_test(t, a_machine_can_be_reset_again_and_again);
    tcase_add_test(t, marks_nest);
    tcase_add_test(t, what_is_forgotten_stays);
    tcase_add_test(t, a_journal_changes_nothing);
    tcase_add_test(t, the_comparison_finds_a_write_that_was_not_recorded);
    suite_add_tcase(suite, t);
    return fixture_main(suite);
}
