/* SPDX-License-Identifier: MIT */
/* test-table.c: the rows of the .def files hold together: names, numbers, structs, reasons. */
#include "fixture.h"

#include "abi/command.h"
#include "abi/reject.h"
#include "abi/show.h"
#include "abi/table.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

START_TEST(calls_are_found_by_number_and_name)
{
    unsigned int n = 0;

    for (uint64_t nr = 0; nr < XD_CALLS; nr++) {
        const struct xd_call *call = xd_call_at(nr);

        if (!call)
            continue;
        n++;
        ck_assert_uint_eq(call->nr, nr);
        ck_assert_ptr_eq(xd_call_named(call->name, strlen(call->name)), call);
        ck_assert_int_eq(call->group != NULL,
                         call->shape != XD_SHAPE_PLAIN && call->shape != XD_SHAPE_MULTI);
    }
    ck_assert_uint_gt(n, 40);
    ck_assert_ptr_null(xd_call_at(38));
    ck_assert_ptr_null(xd_call_at(XD_CALLS));
    ck_assert_ptr_null(xd_call_at(UINT64_C(1) << 32));
    ck_assert_ptr_null(xd_call_named("mmu_updat", 9));
    ck_assert_ptr_null(xd_call_named("mmu_update2", 11));
    ck_assert_ptr_nonnull(xd_call_named("mmu_update2", 10)); /* by length */
}
END_TEST

static void check_fields(const struct xd_op *op)
{
    const struct xd_field *field = op->fields ? op->fields() : NULL;
    unsigned int dir = 0;

    for (; field && field->name; field++) {
        ck_assert_uint_gt(field->size, 0);
        ck_assert(field->size <= 8 || field->kind == XD_K_TEXT);
        ck_assert_msg(field->off + field->size <= op->size, "%s.%s", op->name, field->name);
        ck_assert(field->size > 8 || field->off % field->size == 0);
        ck_assert_uint_lt(field->kind, XD_KINDS);
        dir |= field->dir;
        for (const struct xd_field *other = op->fields(); other != field; other++)
            ck_assert_str_ne(other->name, field->name);
    }
    ck_assert_msg(dir == op->dir, "%s", op->name);
}

START_TEST(operations_fit_their_structs)
{
    for (const struct xd_group *const *g = xd_groups(); *g; g++)
        for (const struct xd_op *op = (*g)->ops; op->name; op++) {
            ck_assert_ptr_eq(xd_op_at(*g, op->nr), op);
            for (const struct xd_op *other = (*g)->ops; other != op; other++) {
                ck_assert_str_ne(other->name, op->name);
                ck_assert_uint_ne(other->nr, op->nr);
            }
            check_fields(op);
        }
    ck_assert_ptr_null(xd_op_at(&xd_group_evtchn, 15));
    ck_assert_ptr_null(xd_op_at(&xd_group_evtchn, UINT64_C(1) << 32));
}
END_TEST

/* ---- Reasons ---- */

/* Each operation of each call has a number of its own, which leads back to it. */
START_TEST(operations_have_one_number_among_all)
{
    unsigned int nr = 0, found = 0;

    for (uint64_t i = 0; i < XD_CALLS; i++) {
        const struct xd_call *c = xd_call_at(i), *call;
        struct xd_commands of;

        if (!c || !xd_commands_of(c, &of))
            continue;
        for (uint64_t cmd = 0; cmd < 2000; cmd++) {
            uint32_t number = xd_operation_of(c, cmd);
            const char *name = xd_command_name(c, cmd);

            ck_assert_int_eq(number == XD_NO_OPERATION, name == NULL);
            if (!name)
                continue;
            nr++;
            ck_assert_uint_lt(number, XD_OPERATIONS);
            ck_assert_str_eq(xd_operation_at(number, &call), name);
            ck_assert_ptr_eq(call, c);
        }
    }
    for (uint32_t i = 0; i <= XD_OPERATIONS; i++) {
        const struct xd_call *call;

        found += xd_operation_at(i, &call) != NULL;
    }
    ck_assert_uint_gt(nr, 350);
    ck_assert_uint_eq(found, nr);
    ck_assert_uint_eq(xd_operation_of(xd_call_at(0), 0), XD_NO_OPERATION);
}
END_TEST

static bool read_memory(void *ctx, void *to, uint64_t at, size_t size)
{
    if (at < 0x1000 || at + size > 0x1000 + 64)
        return false;
    memcpy(to, (const char *)ctx + at - 0x1000, size);
    return true;
}

static const struct {
    uint64_t nr, arg[3];
    bool found;
    uint64_t cmd;
} asked[] = {
    {24, {3, 0, 0}, true, 3},
    {24, {UINT64_C(0x100000003), 0, 0}, true, 3}, /* as wide as the kind */
    {34, {UINT64_C(0x100000003), 0, 0}, true, UINT64_C(0x100000003)},
    {12, {6 | 5 << 6, 0, 0}, true, 6},
    {21, {1, 4, 0}, true, 4},
    {36, {0x1000, 0, 0}, true, 77},
    {16, {0x1000, 0, 0}, true, 77},
    {19, {0x1004, 0, 0}, true, 78},
    {41, {0, 1, 0x1008}, true, 78}, /* the buffer lies at 0x1004 */
    {41, {0, 1, 0x1000}, false, 0},
    {36, {0, 0, 0}, false, 0},
    {26, {0x1000, 1, 0}, false, 0},
    {0, {0, 0, 0}, false, 0},
};

START_TEST(what_a_call_asks_for)
{
    uint32_t memory[16] = {77, 78, 0x1004, 0};
    uint64_t arg[XD_CALL_ARGS] = {asked[_i].arg[0], asked[_i].arg[1], asked[_i].arg[2]}, cmd = 0;
    const struct xd_call *c = xd_call_at(asked[_i].nr);
    struct xd_commands of;

    ck_assert(xd_command_asked(c, arg, read_memory, memory, &cmd) == asked[_i].found);
    ck_assert_uint_eq(cmd, asked[_i].cmd);
    if (xd_commands_of(c, &of) && of.place != XD_CMD_REGISTER)
        ck_assert(!xd_command_asked(c, arg, NULL, NULL, &cmd));
}
END_TEST

START_TEST(reasons_have_names_numbers_and_sentences)
{
    char name[XD_WHY_NAME_MAX], text[64];

    for (int why = 1; why < XD_WHYS; why++) {
        const struct xd_why_row *row = xd_why_row((enum xd_why)why);

        ck_assert_uint_lt(strlen(row->name), XD_WHY_NAME_MAX);
        ck_assert_uint_gt(strlen(row->sentence), 15);
        ck_assert_int_ge(row->err, 0);
        xd_why_name((enum xd_why)why, name);
        for (const char *c = name; *c; c++)
            ck_assert(islower((unsigned char)*c) || isdigit((unsigned char)*c) || *c == '-');
        ck_assert_int_eq((int)xd_why_named(name, strlen(name)), why);
        ck_assert_int_eq((int)xd_why_named(row->name, strlen(row->name)), why);
        ck_assert_uint_eq(xd_why_find(name), (unsigned int)why);
        ck_assert_str_eq(xd_why_text((unsigned int)why, text, sizeof(text)), name);
    }
}
END_TEST

/* {m0} and the like: a letter that explain knows, and one of four arguments. */
START_TEST(sentences_name_arguments_that_exist)
{
    for (int why = 1; why < XD_WHYS; why++) {
        const char *s = xd_why_row((enum xd_why)why)->sentence;

        while ((s = strchr(s, '{')) != NULL) {
            ck_assert_msg(strchr("mtdxopevr", s[1]) != NULL && s[2] >= '0' && s[2] <= '3' &&
                              s[3] == '}',
                          "%s", s);
            s += 4;
        }
    }
}
END_TEST

START_TEST(names_that_are_none)
{
    char text[8];

    ck_assert_uint_eq(xd_why_find(""), 0);
    ck_assert_uint_eq(xd_why_find("frame-mapped-writabl"), 0);
    ck_assert_uint_eq(xd_why_find("frame-mapped-writable-"), 0);
    ck_assert_str_eq(xd_why_text(0, text, sizeof(text)), "none");
    ck_assert_str_eq(xd_why_text(999999, text, sizeof(text)), "none");
    ck_assert_str_eq(xd_why_text(XD_WHY_FRAME_MAPPED_WRITABLE, text, sizeof(text)), "frame-m");
}
END_TEST

/* ---- Values for people ---- */

static const struct {
    enum xd_kind kind;
    uint64_t value;
    const char *text;
} values[] = {
    {XD_K_DOMID, DOMID_SELF, "SELF"},
    {XD_K_DOMID, 3, "d3"},
    {XD_K_DOMID, XD_DOMID_IO, "IO"},
    {XD_K_MFN, 0x1f, "0x1f"},
};

START_TEST(values_as_people_read_them)
{
    struct xd_str s = {0};

    xd_show_value(&s, values[_i].kind, values[_i].value);
    ck_assert_str_eq(xd_str_text(&s), values[_i].text);
    xd_str_free(&s);
}
END_TEST

START_TEST(flags_of_an_entry)
{
    struct xd_str s = {0};

    xd_show_pte_flags(&s, 0x7);
    ck_assert_str_eq(xd_str_text(&s), "P|RW|US");
    xd_str_clear(&s);
    xd_show_pte_flags(&s, 0);
    ck_assert_str_eq(xd_str_text(&s), "0");
    xd_str_free(&s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("table");
    TCase *t = tcase_create("rows");

    tcase_add_test(t, calls_are_found_by_number_and_name);
    tcase_add_test(t, operations_fit_their_structs);
    tcase_add_test(t, operations_have_one_number_among_all);
    tcase_add_loop_test(t, what_a_call_asks_for, 0, (int)XD_ARRAY_SIZE(asked));
    tcase_add_test(t, reasons_have_names_numbers_and_sentences);
    tcase_add_test(t, sentences_name_arguments_that_exist);
    tcase_add_test(t, names_that_are_none);
    tcase_add_loop_test(t, values_as_people_read_them, 0, (int)XD_ARRAY_SIZE(values));
    tcase_add_test(t, flags_of_an_entry);
    suite_add_tcase(suite, t);
    return fixture_main(suite);
}
