/* SPDX-License-Identifier: MIT */
/* test-child.c: what is done in a process of its own, and the ways it may end. */
#define _GNU_SOURCE
#include "cli/cli.h"

#include "unit/fixture.h"

#include <signal.h>
#include <unistd.h>

static int says_and_returns(void *ctx)
{
    (void)!write(2, "two\nlines\n", 10);
    return *(int *)ctx;
}

static int is_killed(void *ctx)
{
    (void)ctx;
    (void)!write(2, "last words", 10);
    raise(SIGUSR1);
    return 0;
}

static int hangs(void *ctx)
{
    for (volatile bool *on = ctx; *on;)
        ;
    return 0;
}

/* As a program does on a machine that has no time for it. */
static int waits(void *ctx)
{
    (void)ctx;
    usleep(1500000);
    return 5;
}

START_TEST(what_it_says_and_returns_arrives)
{
    struct xd_str said = {0};
    int code = 7;

    ck_assert_int_eq(xd_in_child(says_and_returns, &code, 10, &said), 7);
    ck_assert_str_eq(xd_str_text(&said), "two\nlines\n");
    xd_str_free(&said);
}
END_TEST

START_TEST(a_signal_is_told)
{
    struct xd_str said = {0};
    int code = xd_in_child(is_killed, NULL, 10, &said);

    ck_assert_int_eq(code, 128 + SIGUSR1);
    ck_assert(!xd_patience_lost(code));
    ck_assert_str_eq(xd_str_text(&said), "last words");
    xd_str_free(&said);
}
END_TEST

START_TEST(what_hangs_is_ended)
{
    struct xd_str said = {0};
    bool on = true;

    ck_assert(xd_patience_lost(xd_in_child(hangs, &on, 1, &said)));
    xd_str_free(&said);
}
END_TEST

START_TEST(what_only_waits_is_left_alone)
{
    struct xd_str said = {0};

    ck_assert_int_eq(xd_in_child(waits, NULL, 1, &said), 5);
    xd_str_free(&said);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("child");
    TCase *t = tcase_create("child");

    tcase_add_test(t, what_it_says_and_returns_arrives);
    tcase_add_test(t, a_signal_is_told);
    tcase_add_test(t, what_hangs_is_ended);
    tcase_add_test(t, what_only_waits_is_left_alone);
    suite_add_tcase(suite, t);
    return fixture_main(suite);
}
