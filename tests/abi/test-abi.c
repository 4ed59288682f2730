/* SPDX-License-Identifier: MIT */
/*
 * test-abi.c: our interface headers against Xen's own, and against the header of 2008.
 */
#define _GNU_SOURCE /* open_memstream */

#include "abi.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* All that a check printed, so that one failure message has all differences. */
static char *text;
static size_t text_size;
static FILE *out;

static void open_text(void)
{
    out = open_memstream(&text, &text_size);
    ck_assert_ptr_nonnull(out);
}

static void close_text(void)
{
    fclose(out);
    free(text);
}

static const char *printed(void)
{
    ck_assert_int_eq(fflush(out), 0);
    return text;
}

START_TEST(header_means_what_it_meant_in_2008)
{
    unsigned int checked, differences = abi_check_2008(out, &checked);

    ck_assert_uint_gt(checked, 250);
    ck_assert_msg(differences == 0, "%u differences:\n%s", differences, printed());
}
END_TEST

#if ABI_HAVE_XEN
START_TEST(headers_equal_those_of_xen)
{
    unsigned int differences = abi_compare(&abi_ours, &abi_theirs, out);

    ck_assert_uint_gt(abi_ours.count, 1700);
    ck_assert_msg(differences == 0, "%u differences:\n%s", differences, printed());
}
END_TEST

enum damage { VALUE_CHANGED, WIDTH_CHANGED, TEXT_CHANGED, ROW_LOST, DAMAGES };

/* The row that the damage is done to must exist, and be of the kind. */
static size_t row_named(const char *name)
{
    for (size_t i = 0; i < abi_ours.count; i++) {
        if (strcmp(abi_ours.rows[i].name, name) == 0)
            return i;
    }
    ck_abort_msg("names.def has no row for %s", name);
}

START_TEST(comparison_finds_what_was_changed)
{
    static const char *const victim[DAMAGES] = {
        [VALUE_CHANGED] = "MMUEXT_COPY_PAGE",
        [WIDTH_CHANGED] = "struct start_info.cmd_line",
        [TEXT_CHANGED] = "XEN_IO_PROTO_ABI_NATIVE",
        [ROW_LOST] = "XENVER_version",
    };
    struct abi_row *rows = malloc(abi_ours.count * sizeof(*rows));
    struct abi_table damaged = {rows, abi_ours.count};
    size_t i = row_named(victim[_i]);

    ck_assert_ptr_nonnull(rows);
    memcpy(rows, abi_ours.rows, abi_ours.count * sizeof(*rows));
    switch (_i) {
    case VALUE_CHANGED: rows[i].value++; break;
    case WIDTH_CHANGED: rows[i].width--; break;
    case TEXT_CHANGED: rows[i].text = "x86-abi"; break;
    case ROW_LOST: damaged.count--; break;
    }
    ck_assert_uint_eq(abi_compare(&damaged, &abi_ours, out), 1);
    if (_i != ROW_LOST)
        ck_assert_ptr_nonnull(strstr(printed(), victim[_i]));
    free(rows);
}
END_TEST
#endif

int main(void)
{
    Suite *suite = suite_create("abi");
    TCase *tc = tcase_create("headers");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tc, open_text, close_text);
    tcase_add_test(tc, header_means_what_it_meant_in_2008);
#if ABI_HAVE_XEN
    tcase_add_test(tc, headers_equal_those_of_xen);
    tcase_add_loop_test(tc, comparison_finds_what_was_changed, 0, DAMAGES);
#endif
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
