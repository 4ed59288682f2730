/* SPDX-License-Identifier: MIT */
/* test-console.c: console_io, and what is typed on the machine's console. */
#include "fixture.h"

#include <string.h>

#define HC           18
#define HC_EVTCHN    32
#define VIRQ_CONSOLE 2

enum { WRITE, READ };

static struct xd_fixture f;

static void setup(void)
{
    fixture_setup(&f);
}

static void teardown(void)
{
    fixture_teardown(&f);
}

START_TEST(the_console_is_for_the_control_domain)
{
    for (unsigned int cmd = 0; cmd < 4; cmd++)
        ck_refused(f.v1, fixture_call(f.v1, HC, cmd, 5, fixture_hole(f.v1)), EPERM, CONSOLE_RIGHTS);
    ck_refused(f.v0, fixture_call(f.v0, HC, 2, 5, fixture_hole(f.v0)), ENOSYS, CONSOLE_CMD);
}
END_TEST

static const size_t lengths[] = {0, 1, 126, 127, 128, 254, 255, 1000};

START_TEST(text_is_written_in_chunks)
{
    size_t n = lengths[_i];
    char text[1000];

    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)(i * 7);
    ck_ok(f.v0, fixture_call(f.v0, HC, WRITE, n, fixture_place(&f, f.v0, text, sizeof(text))));
    ck_assert_uint_eq(f.console_nr, n);
    ck_assert_uint_eq(f.console_writes, (n + 126) / 127);
    if (n)
        ck_assert_mem_eq(f.console, text, n);
}
END_TEST

START_TEST(chunks_before_an_unreadable_one_are_written)
{
    char text[200];
    uint64_t va = fixture_hole(f.v0) - sizeof(text);

    memset(text, 'a', sizeof(text));
    fixture_store(f.v0, va, text, sizeof(text));
    ck_refused(f.v0, fixture_call(f.v0, HC, WRITE, sizeof(text) + 1, va), EFAULT,
               CONSOLE_WRITE_COPY);
    ck_assert_uint_eq(f.console_nr, 127);
    ck_refused(f.v0, fixture_call(f.v0, HC, WRITE, 1, XD_HYPERVISOR_START), EFAULT,
               CONSOLE_WRITE_COPY);
    ck_ok(f.v0, fixture_call(f.v0, HC, WRITE, 0, XD_HYPERVISOR_START));
    ck_assert_uint_eq(f.console_nr, 127);
}
END_TEST

START_TEST(input_is_announced_and_read_in_order)
{
    struct xd_abi_evtchn_bind_virq bind = {VIRQ_CONSOLE, 0, 0};
    static const char typed[] = "hello, dom0";
    char got[16] = "";
    uint64_t va = fixture_place(&f, f.v0, NULL, sizeof(got));

    ck_ok(f.v0, fixture_run(&f, f.v0, HC_EVTCHN, 1, &bind));
    ck_ok(f.v0, fixture_call(f.v0, HC, READ, 16, va));
    ck_assert_uint_eq(xd_console_input(f.hv, typed, 0), 0);
    ck_assert_uint_eq(fixture_shared_info(f.d0)->evtchn_pending[0], 0);
    ck_assert_uint_eq(xd_console_input(f.hv, typed, strlen(typed)), strlen(typed));
    ck_assert_uint_eq(fixture_shared_info(f.d0)->evtchn_pending[0], UINT64_C(1) << bind.port);
    ck_answered(f.v0, fixture_call(f.v0, HC, READ, 5, va), 5);
    fixture_load(f.v0, va, got, sizeof(got));
    ck_assert_str_eq(got, "hello");
    ck_refused(f.v0, fixture_call(f.v0, HC, READ, 16, fixture_hole(f.v0)), EFAULT,
               CONSOLE_READ_COPY);
    ck_answered(f.v0, fixture_call(f.v0, HC, READ, 0x7fffffff, va), 6);
    fixture_load(f.v0, va, got, sizeof(got));
    ck_assert_str_eq(got, ", dom0");
    ck_ok(f.v0, fixture_call(f.v0, HC, READ, 16, fixture_hole(f.v0)));
    ck_refused(f.v0, fixture_call(f.v0, HC, READ, 0x80000000, va), E2BIG, CONSOLE_READ_COUNT);
}
END_TEST

START_TEST(input_beyond_the_buffer_is_lost)
{
    char text[XD_CONSOLE_INPUT + 10];
    uint64_t va = fixture_place(&f, f.v0, NULL, sizeof(text));

    memset(text, 'k', sizeof(text));
    ck_assert_uint_eq(xd_console_input(f.hv, text, sizeof(text)), XD_CONSOLE_INPUT);
    ck_assert_uint_eq(xd_console_input(f.hv, text, 1), 0);
    ck_answered(f.v0, fixture_call(f.v0, HC, READ, 1, va), 1);
    ck_assert_uint_eq(xd_console_input(f.hv, "z", 1), 1);
    ck_answered(f.v0, fixture_call(f.v0, HC, READ, sizeof(text), va), XD_CONSOLE_INPUT);
    fixture_load(f.v0, va, text, sizeof(text));
    ck_assert_int_eq(text[XD_CONSOLE_INPUT - 1], 'z');
}
END_TEST

/* The ring ends behind (before) bytes, where a read that goes on is made in two pieces. */
START_TEST(input_before_the_end_of_the_ring_is_gone)
{
    enum { BEFORE = 5, TYPED = 12 };
    char text[XD_CONSOLE_INPUT];
    uint64_t hole = fixture_hole(f.v0), va = hole - sizeof(text);

    memset(text, 'f', sizeof(text));
    xd_console_input(f.hv, text, sizeof(text) - BEFORE);
    ck_answered(f.v0, fixture_call(f.v0, HC, READ, sizeof(text), va), sizeof(text) - BEFORE);
    ck_assert_uint_eq(xd_console_input(f.hv, "hello, again", TYPED), TYPED);
    ck_refused(f.v0, fixture_call(f.v0, HC, READ, TYPED, hole - BEFORE), EFAULT, CONSOLE_READ_COPY);
    fixture_load(f.v0, hole - BEFORE, text, BEFORE);
    ck_assert_mem_eq(text, "hello", BEFORE);
    ck_answered(f.v0, fixture_call(f.v0, HC, READ, TYPED, va), TYPED - BEFORE);
    fixture_load(f.v0, va, text, TYPED - BEFORE);
    ck_assert_mem_eq(text, ", again", TYPED - BEFORE);
}
END_TEST

START_TEST(input_has_seven_bits)
{
    char text[2];
    uint64_t va = fixture_place(&f, f.v0, NULL, sizeof(text));

    ck_assert_uint_eq(xd_console_input(f.hv, "\xe9\x80", 2), 2);
    ck_answered(f.v0, fixture_call(f.v0, HC, READ, 2, va), 2);
    fixture_load(f.v0, va, text, sizeof(text));
    ck_assert_mem_eq(text, "\x69\0", 2);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("console");
    TCase *tc = tcase_create("console");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, the_console_is_for_the_control_domain);
    tcase_add_loop_test(tc, text_is_written_in_chunks, 0, XD_ARRAY_SIZE(lengths));
    tcase_add_test(tc, chunks_before_an_unreadable_one_are_written);
    tcase_add_test(tc, input_is_announced_and_read_in_order);
    tcase_add_test(tc, input_beyond_the_buffer_is_lost);
    tcase_add_test(tc, input_before_the_end_of_the_ring_is_gone);
    tcase_add_test(tc, input_has_seven_bits);
    suite_add_tcase(s, tc);
    return fixture_main(s);
}
