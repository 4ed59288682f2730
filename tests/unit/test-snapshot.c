/* SPDX-License-Identifier: MIT */
/*
 * test-snapshot.c: states that can be gone back to. That undoing gives back every byte is
 * test-journal.c's; here it is the order of snapshots, and what is said to those who get it wrong.
 */
#include "fixture.h"
#include "hv/frame.h"
#include "random.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct random r;

static void setup(void)
{
    random_init(&r, random_seed(3));
}

static void teardown(void)
{
    random_fini(&r);
}

static void steps(unsigned int n)
{
    while (n--)
        random_step(&r);
}

#define ck_misuse(rc, text)                                                               \
    do {                                                                                  \
        ck_assert_int_eq((rc), -EINVAL);                                                  \
        ck_assert_msg(strstr(xd_hv_error(r.hv), text), "it says: %s", xd_hv_error(r.hv)); \
    } while (0)

/* Everything but observers' records, byte for byte: all of memory and of what lies before it. */
static unsigned char *copy_of_memory(void)
{
    size_t n = (size_t)r.hv->frames * (sizeof(struct xd_frame) + XD_PAGE_SIZE);
    unsigned char *copy = malloc(n);

    ck_assert_ptr_nonnull(copy);
    memcpy(copy, r.hv->frame, sizeof(struct xd_frame) * r.hv->frames);
    memcpy(copy + sizeof(struct xd_frame) * r.hv->frames, r.hv->mem,
           (size_t)r.hv->frames * XD_PAGE_SIZE);
    return copy;
}

START_TEST(restored_again_and_again)
{
    struct xd_snapshot s;
    unsigned char *before, *after;
    uint64_t digest;
    struct random keep;

    steps(200);
    keep = r;
    digest = xd_digest(r.hv);
    before = copy_of_memory();
    s = xd_snapshot(r.hv);
    for (unsigned int i = 0; i < 10; i++) {
        r = keep;
        r.rng = random_seed(50 + i);
        steps(200);
        ck_assert_uint_ne(xd_digest(r.hv), digest);
        ck_assert_int_eq(xd_restore(r.hv, s), 0);
        ck_assert_uint_eq(xd_digest(r.hv), digest);
        after = copy_of_memory();
        ck_assert_int_eq(
            memcmp(before, after, (size_t)r.hv->frames * (sizeof(struct xd_frame) + XD_PAGE_SIZE)),
            0);
        free(after);
    }
    free(before);
    ck_assert_uint_eq(xd_audit(r.hv, NULL), 0);
}
END_TEST

/* Equal programs from a restored state end equal. */
START_TEST(what_follows_is_the_same)
{
    struct xd_snapshot s = xd_snapshot(r.hv);
    struct random keep = r;
    uint64_t digest;

    steps(300);
    digest = xd_digest(r.hv);
    ck_assert_int_eq(xd_restore(r.hv, s), 0);
    r = keep;
    steps(300);
    ck_assert_uint_eq(xd_digest(r.hv), digest);
}
END_TEST

START_TEST(nested)
{
    struct xd_snapshot s[4];
    uint64_t digest[4];

    for (unsigned int i = 0; i < 4; i++) {
        digest[i] = xd_digest(r.hv);
        s[i] = xd_snapshot(r.hv);
        steps(100);
    }
    ck_assert_int_eq(xd_discard(r.hv, s[3]), 0);
    ck_assert_int_eq(xd_restore(r.hv, s[2]), 0);
    ck_assert_uint_eq(xd_digest(r.hv), digest[2]);
    steps(100);
    ck_assert_int_eq(xd_discard(r.hv, s[2]), 0); /* the steps now belong to s[1] */
    steps(100);
    ck_assert_int_eq(xd_restore(r.hv, s[1]), 0);
    ck_assert_uint_eq(xd_digest(r.hv), digest[1]);
    steps(10);
    ck_assert_int_eq(xd_restore(r.hv, s[0]), 0);
    ck_assert_uint_eq(xd_digest(r.hv), digest[0]);
    ck_misuse(xd_restore(r.hv, s[1]), "snapshot 2 is gone");
    ck_misuse(xd_discard(r.hv, s[3]), "snapshot 4 is gone");
    ck_assert_int_eq(xd_discard(r.hv, s[0]), 0);
    ck_assert(!r.hv->host->arena.journaling);
}
END_TEST

START_TEST(discarding_keeps_the_state)
{
    struct xd_snapshot s = xd_snapshot(r.hv);
    uint64_t digest;

    steps(100);
    digest = xd_digest(r.hv);
    ck_assert_int_eq(xd_discard(r.hv, s), 0);
    ck_assert_uint_eq(xd_digest(r.hv), digest);
    ck_assert_uint_eq(r.hv->host->arena.undo_nr, 0);
    ck_misuse(xd_restore(r.hv, s), "snapshot 1 is gone: it was discarded");
    ck_misuse(xd_discard(r.hv, s), "snapshot 1 is gone");
}
END_TEST

START_TEST(misuse_changes_nothing)
{
    struct xd_snapshot a = xd_snapshot(r.hv), b, other;
    struct xd_hv *hv2;
    uint64_t digest;

    steps(50);
    b = xd_snapshot(r.hv);
    steps(50);
    digest = xd_digest(r.hv);
    ck_assert_int_eq(xd_hv_create(&hv2, NULL), 0);
    other = xd_snapshot(hv2);
    ck_misuse(xd_restore(r.hv, other), "snapshot 1 is one of another machine");
    ck_misuse(xd_discard(r.hv, other), "another machine");
    ck_misuse(xd_discard(r.hv, a), "snapshot 1 can't be discarded before snapshot 2");
    ck_misuse(xd_restore(r.hv, (struct xd_snapshot){r.hv, a.machine, 3}),
              "snapshot 3 was never taken");
    ck_misuse(xd_restore(r.hv, (struct xd_snapshot){r.hv, a.machine, 0}),
              "snapshot 0 was never taken");
    ck_misuse(xd_restore(r.hv, (struct xd_snapshot){0}), "another machine");
    ck_assert_uint_eq(xd_digest(r.hv), digest);
    ck_assert_int_eq(xd_discard(r.hv, b), 0);
    ck_assert_int_eq(xd_discard(r.hv, a), 0);
    xd_hv_destroy(hv2);
}
END_TEST

/* The host gives the next machine the same address, as a rule at once. */
START_TEST(a_machine_that_is_gone)
{
    bool met = false;

    for (unsigned int i = 0; i < 100 && !met; i++) {
        struct xd_snapshot s;
        struct xd_hv *hv, *next;

        ck_assert_int_eq(xd_hv_create(&hv, NULL), 0);
        s = xd_snapshot(hv);
        xd_hv_destroy(hv);
        ck_assert_int_eq(xd_hv_create(&next, NULL), 0);
        met = next == hv;
        (void)xd_snapshot(next);
        ck_assert_int_eq(xd_restore(next, s), -EINVAL);
        ck_assert_ptr_nonnull(strstr(xd_hv_error(next), "snapshot 1 is one of another machine"));
        ck_assert_int_eq(xd_discard(next, s), -EINVAL);
        xd_hv_destroy(next);
    }
    ck_assert_msg(met, "no address came back: nothing was tested");
}
END_TEST

/* Domains made since are gone, those destroyed since are back, at the same place. */
START_TEST(domains_come_and_go)
{
    struct xd_domain *d, *old = xd_domain_find(r.hv, 1);
    struct xd_domain_config c = XD_DOMAIN_CONFIG_DEFAULT;
    struct xd_snapshot s = xd_snapshot(r.hv);
    uint64_t digest = xd_digest(r.hv);

    ck_assert_ptr_nonnull(old);
    c.domid = 77;
    c.pages = 1100;
    xd_domain_destroy(old);
    ck_assert_msg(xd_domain_create(r.hv, &c, &d) == 0, "%s", xd_hv_error(r.hv));
    ck_assert_int_eq(xd_restore(r.hv, s), 0);
    ck_assert_ptr_null(xd_domain_find(r.hv, 77));
    ck_assert_ptr_eq(xd_domain_find(r.hv, 1), old);
    ck_assert_int_eq(xd_hypercall(xd_vcpu_at(old, 0), 17, (uint64_t[6]){0}), 0x40011);
    ck_assert_int_eq(xd_restore(r.hv, s), 0);
    ck_assert_uint_eq(xd_digest(r.hv), digest);
}
END_TEST

/* A journal that is tidied while it grows still gives back every byte. */
START_TEST(a_long_time)
{
    struct xd_snapshot s = xd_snapshot(r.hv), inner;
    uint64_t digest = xd_digest(r.hv), middle;

    steps(2000);
    middle = xd_digest(r.hv);
    inner = xd_snapshot(r.hv);
    steps(2000);
    for (unsigned int i = 0; i < 100; i++)
        xd_arena_zero(xd_arena_of(r.hv), r.hv->mem + XD_PAGE_SIZE * r.hv->heap_first,
                      XD_PAGE_SIZE * 16);
    ck_assert_int_eq(xd_restore(r.hv, inner), 0);
    ck_assert_uint_eq(xd_digest(r.hv), middle);
    ck_assert_int_eq(xd_restore(r.hv, s), 0);
    ck_assert_uint_eq(xd_digest(r.hv), digest);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("snapshot");
    TCase *t = tcase_create("snapshot");

    tcase_set_timeout(t, 300);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, restored_again_and_again);
    tcase_add_test(t, what_follows_is_the_same);
    tcase_add_test(t, nested);
    tcase_add_test(t, discarding_keeps_the_state);
    tcase_add_test(t, misuse_changes_nothing);
    tcase_add_test(t, a_machine_that_is_gone);
    tcase_add_test(t, domains_come_and_go);
    tcase_add_test(t, a_long_time);
    suite_add_tcase(suite, t);
    return fixture_main(suite);
}
