/* SPDX-License-Identifier: MIT */
/* test-strbuf.c: text that grows, and the nearest name. */
#include "fixture.h"

#include "base/strbuf.h"
#include "base/suggest.h"

#include <stdlib.h>
#include <string.h>

START_TEST(an_empty_buffer_is_empty_text)
{
    struct xd_str s = {0};

    ck_assert_str_eq(xd_str_text(&s), "");
    xd_str_clear(&s);
    xd_str_free(&s);
    xd_str_add(&s, "");
    ck_assert_str_eq(s.text, "");
    xd_str_free(&s);
    ck_assert_ptr_null(s.text);
}
END_TEST

START_TEST(pieces_are_joined)
{
    struct xd_str s = {0};

    xd_str_add(&s, "pin");
    xd_str_addc(&s, '-');
    xd_str_addn(&s, "table and more", 5);
    xd_str_addf(&s, " %#x %s", 0x1f, "L1");
    ck_assert_str_eq(xd_str_text(&s), "pin-table 0x1f L1");
    ck_assert_uint_eq(s.len, strlen(s.text));
    xd_str_clear(&s);
    ck_assert_str_eq(xd_str_text(&s), "");
    xd_str_add(&s, "again");
    ck_assert_str_eq(xd_str_text(&s), "again");
    xd_str_free(&s);
}
END_TEST

/* Around the room that is tried first, and far beyond. */
START_TEST(formatted_text_of_every_length)
{
    char filler[400];

    memset(filler, 'x', sizeof(filler));
    for (int n = 0; n < 400; n++) {
        struct xd_str s = {0};

        xd_str_addc(&s, '<');
        xd_str_addf(&s, "%.*s>", n, filler);
        ck_assert_uint_eq(s.len, (size_t)n + 2);
        ck_assert_uint_eq(strlen(s.text), s.len);
        ck_assert_int_eq(s.text[n + 1], '>');
        xd_str_free(&s);
    }
}
END_TEST

START_TEST(a_long_text)
{
    struct xd_str s = {0};

    for (unsigned int i = 0; i < 20000; i++)
        xd_str_addf(&s, "%05u", i);
    ck_assert_uint_eq(s.len, 100000);
    ck_assert_int_eq(memcmp(s.text + 99990, "1999819999", 10), 0);
    xd_str_free(&s);
}
END_TEST

static const struct {
    const char *wanted, *best;
} near[] = {
    {"alloc_unbound", "alloc_unbound"},
    {"aloc_unbound", "alloc_unbound"},
    {"ALLOC_UNBOUND", "alloc_unbound"},
    {"sned", "send"},
    {"stat", "status"},
    {"completely_else", NULL},
    {"x", NULL},
};

START_TEST(the_name_that_was_meant)
{
    static const char *const names[] = {"bind_virq", "send", "status", "alloc_unbound", "close"};
    struct xd_suggest s;

    xd_suggest_init(&s, near[_i].wanted, strlen(near[_i].wanted));
    for (unsigned int i = 0; i < XD_ARRAY_SIZE(names); i++)
        xd_suggest_offer(&s, names[i]);
    if (near[_i].best)
        ck_assert_str_eq(s.best, near[_i].best);
    else
        ck_assert_ptr_null(s.best);
}
END_TEST

START_TEST(what_has_no_room_is_cut)
{
    char text[8];
    struct xd_str s = {.text = text, .cap = sizeof(text), .fixed = true};

    xd_str_add(&s, "abc");
    xd_str_addf(&s, "%u", 123456u);
    ck_assert_str_eq(text, "abc1234");
    xd_str_addc(&s, 'x');
    xd_str_addf(&s, "%s", "yz");
    ck_assert_str_eq(text, "abc1234");
    xd_str_clear(&s);
    xd_str_addn(&s, "0123456789", 10);
    ck_assert_str_eq(xd_str_text(&s), "0123456");
    ck_assert_ptr_eq(s.text, text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("strbuf");
    TCase *t = tcase_create("text");

    tcase_add_test(t, an_empty_buffer_is_empty_text);
    tcase_add_test(t, pieces_are_joined);
    tcase_add_test(t, formatted_text_of_every_length);
    tcase_add_test(t, a_long_text);
    tcase_add_test(t, what_has_no_room_is_cut);
    tcase_add_loop_test(t, the_name_that_was_meant, 0, (int)XD_ARRAY_SIZE(near));
    suite_add_tcase(suite, t);
    return fixture_main(suite);
}
