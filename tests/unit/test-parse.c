/* SPDX-License-Identifier: MIT */
/* test-parse.c: what is no program is refused, with the place and what would be right. */
#include "fixture.h"

#include "program/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define D1 "domain d1\n"

/* The text, the place of the error, and words its message must hold. */
static const struct {
    const char *text, *place, *words;
} wrong[] = {
    {"mmu_updat []", "1:1", "did you mean mmu_update?"},
    {"frobnicate 1", "1:1", "no hypercall and no other step"},
    {"domain x", "1:8", "d and its number"},
    {D1 "domain d1", "2:8", "declared in line 1"},
    {D1 "domain d2 pagse=3", "2:11", "there is: id= pages="},
    {D1 "domain d2 pages=3 pages=4", "2:19", "said twice"},
    {D1 "domain d2 order=domX", "2:17", "domU, dom0"},
    {D1 "domain d2 cmdline=x", "2:19", "double quotes"},
    {D1 "domain d2 iomem=1", "2:18", "last frame"},
    {D1 "machine", "2:1", "comes first"},
    {"xen_version version", "1:1", "no domain is declared"},
    {D1 "@d2.0", "2:2", "there is d1"},
    {D1 "@d1", "2:4", "number of a vCPU"},
    {D1 "@d1.64", "2:5", "number of a vCPU"},
    {D1 "let a = b", "2:9", "give it a value with let"},
    {D1 "let a = 1\nlet a = 2", "3:5", "since line 2"},
    {D1 "let P = 1", "2:5", "already means something"},
    {D1 "let page = 1", "2:5", "already means something"},
    {D1 "let d5 = 1", "2:5", "already means something"},
    {D1 "let a = $x", "2:9", "no value yet"},
    {D1 "let abc = 1\nlet b = abd", "3:9", "did you mean abc?"},
    {D1 "let a = TIMER", "2:9", "VIRQ.TIMER"},
    {D1 "let a = VIRQ.FOO", "2:14", "no constant of kind VIRQ"},
    {D1 "let a = page()", "2:9", "page(K)"},
    {D1 "let a = page 1", "2:14", "wants ( here"},
    {D1 "let a = pte(1)", "2:9", "pte(FRAME, FLAGS)"},
    {D1 "let a = ptr(1)", "2:15", "argument area"},
    {D1 "let a = 1+text(\"x\")", "2:20", "argument area"},
    {D1 "expect entry 0 = 1+text(\"x\")", "2:20", "can't be compared"},
    {D1 "multicall { sched_op block = 0 blocked }", "2:32", "behind the whole block"},
    {D1 "let a = start.foo", "2:15", "no such field"},
    {D1 "let a = d1.frames()", "2:12", "behind a domain's dot"},
    {D1 "let a = (1", "2:11", "\")\""},
    {D1 "let a = 1 2", "2:11", "nothing more is wanted"},
    {D1 "let a = 1 -2", "2:11", "nothing more is wanted"},
    {D1 "let a = \"x\"", "2:9", "text(\"...\")"},
    {D1 "let a =", "2:8", "wants a value"},
    {D1 "let a", "2:6", "wants = and a value"},
    {D1 "event_channel_op sned port=3", "2:18", "did you mean send?"},
    {D1 "event_channel_op", "2:17", "wants an operation"},
    {D1 "event_channel_op send prot=3", "2:23", "there is: port="},
    {D1 "event_channel_op send port=3 port=4", "2:30", "said twice"},
    {D1 "event_channel_op bind_ipi port=3", "2:27", "stands behind the result"},
    {D1 "event_channel_op op=3 send", "2:23", "FIELD=VALUE"},
    {D1 "xen_version version=3", "2:13", "with blanks on both sides"},
    {D1 "xen_version version = 0 why=frame-maped-writable", "2:29",
     "did you mean frame-mapped-writable?"},
    {D1 "xen_version version = 0 done=1", "2:25", "there is: why= blocked"},
    {D1 "xen_version version = EFOO", "2:23", "unknown name"},
    {D1 "update_va_mapping 1 2 3 4", "2:25", "va val flags"},
    {D1 "set_callbacks [1]", "2:15", "a list can't stand here"},
    {D1 "hypercall", "2:10", "number"},
    {D1 "hypercall 1 2 3 4 5 6 7 8", "2:25", "at most six"},
    {D1 "mmu_update [1]", "2:14", "= and the new value"},
    {D1 "mmu_update [1 = 2", "2:18", "\"]\""},
    {D1 "mmu_update [1 = 2] fb=3", "2:20", "fd= pfd= count="},
    {D1 "mmu_update [ # a\n # b\n 1 = 2]", "3:2", "line of its own"},
    {D1 "mmuext_op [PIN_L1_TABLE mnf=3]", "2:25", "mfn="},
    {D1 "mmuext_op [PIN_L5_TABLE]", "2:12", "did you mean PIN_L"},
    {D1 "multicall { xen_version version", "2:11", "no closing }"},
    {D1 "multicall { let a = 1 }", "2:13", "only hypercalls"},
    {D1 "multicall { xen_version version = $a ; event_channel_op send port=$a }", "2:67",
     "when the whole block has run"},
    {D1 "store va(0)", "2:12", "wants a value"},
    {D1 "store va(0) 1 = maybe", "2:17", "ok, emulated, pf"},
    {D1 "advance 10", "2:9", "ns, us, ms or s"},
    {D1 "advance 10m", "2:9", "ns, us, ms or s"},
    {D1 "advance 99999999999999999s", "2:9", "2^62"},
    {D1 "inject foo", "2:8", "name of a hypercall"},
    {D1 "inject mmuext_op PIN_L9_TABLE error=EBUSY", "2:18", "did you mean PIN_L"},
    {D1 "inject set_gdt up error=EBUSY", "2:16", "nth= error= times= percent= seed="},
    {D1 "event", "2:6", "wants a value"},
    {D1 "upcall 1", "2:8", "nothing more"},
    {D1 "scarce", "2:7", "wants a value"},
    {D1 "expect", "2:7", "frame, entry"},
    {D1 "expect frame 1 type=l5", "2:21", "none, l1, l2"},
    {D1 "expect frame 1 !count=1", "2:17", "can't be denied"},
    {D1 "expect d1 port 1 closed", "2:18", "there is: remote="},
    {D1 "expect entry 1", "2:15", "wants = and a value"},
    {D1 "expect audit 1", "2:14", "nothing more"},
    {D1 "let a = 1/\x80", "2:11", "a byte that can"},
    {D1 "console_input \"a\\q\"", "2:17", "no such escape"},
    {"machine cmdline=\"\\x10\\0\"\n", "1:22", "no such escape"}, /* its line is the text's first */
    {D1 "let a = 99999999999999999999", "2:9", "64 bits"},
};

START_TEST(errors_name_place_and_remedy)
{
    char *error = NULL, place[32];
    struct xd_program *p = xd_program_parse("f", wrong[_i].text, strlen(wrong[_i].text), &error);

    ck_assert_ptr_null(p);
    snprintf(place, sizeof(place), "f:%s: ", wrong[_i].place);
    ck_assert_msg(!strncmp(error, place, strlen(place)), "%s is not at %s", error, wrong[_i].place);
    ck_assert_msg(strstr(error, wrong[_i].words), "%s does not say: %s", error, wrong[_i].words);
    ck_assert_msg(strstr(error, "^\n"), "%s has no caret", error);
    free(error);
}
END_TEST

static char *repeated(const char *head, const char *piece, size_t times)
{
    struct xd_str s = {0};

    xd_str_add(&s, head);
    for (size_t i = 0; i < times; i++)
        xd_str_add(&s, piece);
    return s.text;
}

static const struct {
    const char *head, *piece;
    size_t times;
    const char *words;
} deep[] = {
    {D1 "let a = ", "(", 100000, "brackets inside each other"},
    {D1 "let a = ", "-", 100000, "inside each other"},
    {D1 "let a = 1", "+1", 100000, "too long"},
    {D1 "let a = 1", "[1]", 100000, "too long"},
    {D1 "let a = ", "1[", 100000, "brackets inside each other"},
    {D1 "let a = ", "page(", 100000, "brackets inside each other"},
    {D1, "multicall { ", 1000, "blocks inside each other"},
    {D1, "a", XD_LINE_MAX + 1, "longer than"},
};

START_TEST(no_depth_is_too_deep_for_it)
{
    char *text = repeated(deep[_i].head, deep[_i].piece, deep[_i].times), *error = NULL;

    ck_assert_ptr_null(xd_program_parse("f", text, strlen(text), &error));
    ck_assert_msg(strstr(error, deep[_i].words), "%s does not say: %s", error, deep[_i].words);
    ck_assert_uint_lt(strlen(error), 600);
    free(error);
    free(text);
}
END_TEST

START_TEST(names_are_bounded)
{
    struct xd_str s = {0};
    char *error = NULL;

    for (unsigned int i = 0; i <= XD_NAMES_MAX; i++)
        xd_str_addf(&s, "let n%u = 0\n", i);
    ck_assert_ptr_null(xd_program_parse("f", s.text, s.len, &error));
    ck_assert_ptr_nonnull(strstr(error, "f:4097:5: more than 4096 names"));
    free(error);
    xd_str_free(&s);
}
END_TEST

START_TEST(a_program_is_laid_out_in_steps)
{
    static const char text[] = "# note\nmachine\n\ndomain d3 pages=7\nlet a = 2\n"
                               "multicall { xen_version version ; sched_op yield } = 0\n"
                               "mmuext_op [PIN_L2_TABLE mfn=a] = EINVAL done=$n why=none\n";
    char *error = NULL;
    struct xd_program *p = xd_program_parse("f", text, strlen(text), &error);
    const struct xd_step *s;

    ck_assert_msg(p, "%s", error);
    ck_assert_uint_eq(
        p->steps, 9); /* none, note, machine, domain, let, multicall and two entries, mmuext_op */
    ck_assert_uint_eq(p->domains, 1);
    ck_assert_uint_eq(p->names, 2);
    ck_assert_int_eq(p->step[3].kind, XD_STEP_DOMAIN);
    ck_assert(p->step[3].blank);
    ck_assert_uint_eq(p->step[5].parts, 2);
    ck_assert_uint_eq(p->step[6].depth, 1);
    s = &p->step[8];
    ck_assert_str_eq(s->call->name, "mmuext_op");
    ck_assert_uint_eq(s->line, 7);
    ck_assert_int_eq((int64_t)xd_expr_at(p, s->result)->num, -22);
    ck_assert_str_eq(xd_item_find(p, s->in, XD_KEY_ELEMENT)->op->name, "PIN_L2_TABLE");
    ck_assert_int_eq(xd_expr_at(p, xd_item_find(p, s->out, XD_KEY_DONE)->value)->op, XD_EX_BIND);
    ck_assert_uint_eq(xd_expr_at(p, xd_item_find(p, s->out, XD_KEY_WHY)->value)->num, XD_WHY_NONE);
    xd_program_free(p);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("parse");
    TCase *tc = tcase_create("parse");

    tcase_add_loop_test(tc, errors_name_place_and_remedy, 0, XD_ARRAY_SIZE(wrong));
    tcase_add_loop_test(tc, no_depth_is_too_deep_for_it, 0, XD_ARRAY_SIZE(deep));
    tcase_add_test(tc, names_are_bounded);
    tcase_add_test(tc, a_program_is_laid_out_in_steps);
    suite_add_tcase(suite, tc);
    return fixture_main(suite);
}
