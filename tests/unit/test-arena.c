/* SPDX-License-Identifier: MIT */
/* test-arena.c: the mapping, the journal's words, and the hash. */
#include "fixture.h"

#include "base/arena.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#define SIZE 65536u

static struct xd_arena a;

static void setup(void)
{
    ck_assert_int_eq(xd_arena_init(&a, SIZE), 0);
}

static void teardown(void)
{
    xd_arena_fini(&a);
}

START_TEST(memory_is_zeroed_and_page_aligned)
{
    ck_assert_uint_eq((uintptr_t)a.base % 4096, 0);
    for (size_t i = 0; i < SIZE; i++)
        ck_assert_uint_eq(a.base[i], 0);
    xd_arena_fini(&a);
    xd_arena_fini(&a); /* once more does no harm */
    ck_assert_ptr_null(a.base);
}
END_TEST

START_TEST(more_than_there_is)
{
    struct xd_arena huge;

    ck_assert_int_eq(xd_arena_init(&huge, (size_t)1 << (sizeof(size_t) * 8 - 2)), -ENOMEM);
    ck_assert_ptr_null(huge.base);
}
END_TEST

/* Writes of any length at any place are undone to the byte. */
START_TEST(every_length_at_every_offset)
{
    unsigned char from[40], before[256];
    size_t mark;

    for (size_t i = 0; i < sizeof(before); i++)
        a.base[i] = (unsigned char)(i * 31);
    memcpy(before, a.base, sizeof(before));
    memset(from, 0xee, sizeof(from));
    mark = xd_arena_mark(&a);
    for (size_t off = 0; off < 24; off++)
        for (size_t n = 0; n <= sizeof(from); n++) {
            xd_arena_write(&a, a.base + off, from, n);
            ck_assert_int_eq(memcmp(a.base + off, from, n), 0);
            ck_assert_int_eq(memcmp(a.base + off + n, before + off + n, sizeof(before) - off - n),
                             0);
            if (n % 2)
                xd_arena_zero(&a, a.base + off, n);
            xd_arena_undo(&a, mark);
            ck_assert_int_eq(memcmp(a.base, before, sizeof(before)), 0);
        }
}
END_TEST

START_TEST(the_oldest_value_wins)
{
    uint32_t *w = (uint32_t *)(void *)(a.base + 100);
    size_t first, second;

    *w = 1;
    first = xd_arena_mark(&a);
    XD_SET(&a, *w, 2);
    XD_SET(&a, *w, 3);
    second = xd_arena_mark(&a);
    XD_SET(&a, *w, 4);
    XD_SET(&a, w[1], 9);
    xd_arena_undo(&a, second);
    ck_assert_uint_eq(*w, 3);
    ck_assert_uint_eq(w[1], 0);
    xd_arena_undo(&a, first);
    ck_assert_uint_eq(*w, 1);
    xd_arena_undo(&a, first); /* nothing left to do */
    ck_assert_uint_eq(*w, 1);
}
END_TEST

START_TEST(nothing_is_recorded_while_no_journal_is_open)
{
    XD_SET(&a, a.base[5], 1);
    ck_assert_uint_eq(a.undo_nr, 0);
    xd_arena_mark(&a);
    XD_SET(&a, a.base[5], 2);
    ck_assert_uint_eq(a.undo_nr, 1);
    xd_arena_forget(&a);
    ck_assert_uint_eq(a.undo_nr, 0);
    XD_SET(&a, a.base[5], 3);
    ck_assert_uint_eq(a.undo_nr, 0);
    ck_assert_uint_eq(a.base[5], 3);
}
END_TEST

/* Rounds over all words: what stands in the journal again is dropped, what marks need is not. */
START_TEST(a_journal_grows_with_what_was_touched_only)
{
    const size_t words = SIZE / 8;
    size_t mark[3];

    for (unsigned int m = 0; m < 3; m++) {
        mark[m] = xd_arena_mark(&a);
        for (unsigned int round = 0; round < 100; round++)
            for (size_t i = 0; i < SIZE; i += 8)
                XD_SET(&a, a.base[i], (unsigned char)(100 * m + round + 1));
    }
    ck_assert_uint_lt(a.undo_nr, 100 * words); /* and not 300 times */
    for (unsigned int m = 3; m-- > 0;) {
        xd_arena_undo(&a, mark[m]);
        for (size_t i = 0; i < SIZE; i++)
            ck_assert_uint_eq(a.base[i], i % 8 ? 0 : 100 * m);
    }
}
END_TEST

START_TEST(a_merged_mark_is_tidied_with_the_one_before)
{
    size_t first = xd_arena_mark(&a);

    for (unsigned int round = 0; round < 100; round++) {
        xd_arena_mark(&a);
        for (size_t i = 0; i < SIZE; i += 8)
            XD_SET(&a, a.base[i], (unsigned char)(round + 1));
        xd_arena_merge(&a, first);
    }
    ck_assert_uint_lt(a.undo_nr, 16 * (SIZE / 8));
    xd_arena_undo(&a, first);
    for (size_t i = 0; i < SIZE; i++)
        ck_assert_uint_eq(a.base[i], 0);
}
END_TEST

START_TEST(the_last_byte_belongs_to_it)
{
    size_t mark = xd_arena_mark(&a);

    XD_SET(&a, a.base[SIZE - 1], 7);
    xd_arena_undo(&a, mark);
    ck_assert_uint_eq(a.base[SIZE - 1], 0);
}
END_TEST

START_TEST(a_byte_behind_it_does_not)
{
    xd_arena_mark(&a);
    xd_arena_record(&a, a.base + SIZE, 1);
}
END_TEST

START_TEST(a_byte_before_it_does_not)
{
    xd_arena_mark(&a);
    xd_arena_record(&a, a.base - 8, 8);
}
END_TEST

START_TEST(a_mark_that_is_gone_is_a_bug)
{
    size_t mark;

    xd_arena_mark(&a);
    XD_SET(&a, a.base[0], 1);
    mark = xd_arena_mark(&a);
    xd_arena_undo(&a, 0);
    xd_arena_undo(&a, mark);
}
END_TEST

START_TEST(hashes_tell_apart)
{
    unsigned char data[40] = {0}, same[40] = {0};
    uint64_t h = xd_hash64(1, data, sizeof(data));

    ck_assert_uint_eq(xd_hash64(1, same, sizeof(same)), h);
    ck_assert_uint_ne(xd_hash64(2, data, sizeof(data)), h);
    ck_assert_uint_ne(xd_hash64(1, data, 39), h); /* zeros at the end count */
    ck_assert_uint_ne(xd_hash64(1, data, 32), h);
    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = 1;
        ck_assert_uint_ne(xd_hash64(1, data, sizeof(data)), h);
        data[i] = 0;
    }
}
END_TEST

/* ---- Memory that is mapped elsewhere too ---- */

#if defined(__linux__)

static unsigned int settled;

static void settle(void *ctx)
{
    (*(unsigned int *)ctx)++;
}

static bool is_used(void *ctx, size_t page)
{
    (void)ctx;
    return page == 1; /* counted from where it is shared */
}

START_TEST(shared_memory_stays_where_it_is)
{
    unsigned char *other;
    size_t mark;

    for (size_t i = 0; i < 3 * 4096; i++)
        a.base[i] = (unsigned char)(i % 251 + 1);
    memset(a.base + 4096, 0, 4096);
    ck_assert_int_eq(xd_arena_share(&a, 4096, is_used, NULL), 0);
    ck_assert_int_eq(xd_arena_share(&a, 4096, is_used, NULL), 0);
    for (size_t i = 0; i < SIZE; i++)
        ck_assert_uint_eq(a.base[i], i < 3 * 4096 && i / 4096 != 1 ? i % 251 + 1 : 0);
    other = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, a.fd, 4096);
    ck_assert_ptr_ne(other, MAP_FAILED);
    ck_assert_int_eq(memcmp(other, a.base + 2 * 4096, 4096), 0);
    other[7] = 99;
    ck_assert_uint_eq(a.base[2 * 4096 + 7], 99);
    a.settle = settle;
    a.settle_ctx = &settled;
    mark = xd_arena_mark(&a);
    ck_assert_uint_eq(settled, 1);
    XD_SET(&a, a.base[2 * 4096 + 7], 98);
    ck_assert_uint_eq(other[7], 98);
    xd_arena_undo(&a, mark);
    ck_assert_uint_eq(settled, 2);
    ck_assert_uint_eq(other[7], 99);
    munmap(other, 4096);
}
END_TEST

#endif

int main(void)
{
    Suite *suite = suite_create("arena");
    TCase *t = tcase_create("journal");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, memory_is_zeroed_and_page_aligned);
    tcase_add_test(t, more_than_there_is);
    tcase_add_test(t, every_length_at_every_offset);
    tcase_add_test(t, the_oldest_value_wins);
    tcase_add_test(t, nothing_is_recorded_while_no_journal_is_open);
    tcase_add_test(t, a_journal_grows_with_what_was_touched_only);
    tcase_add_test(t, a_merged_mark_is_tidied_with_the_one_before);
    tcase_add_test(t, the_last_byte_belongs_to_it);
    tcase_add_test_raise_signal(t, a_byte_behind_it_does_not, SIGABRT);
    tcase_add_test_raise_signal(t, a_byte_before_it_does_not, SIGABRT);
    tcase_add_test_raise_signal(t, a_mark_that_is_gone_is_a_bug, SIGABRT);
    tcase_add_test(t, hashes_tell_apart);
#if defined(__linux__)
    tcase_add_test(t, shared_memory_stays_where_it_is);
#endif
    suite_add_tcase(suite, t);
    return fixture_main(suite);
}
