/* SPDX-License-Identifier: MIT */
/* test-edit.c: copies of programs, parts taken away, and what can be read again. */
#include "fixture.h"

#include "program/edit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct xd_program *parse(const char *text)
{
    char *error = NULL;
    struct xd_program *p = xd_program_parse("f", text, strlen(text), &error);

    ck_assert_msg(p, "%s", error);
    return p;
}

/* Frees (p) and compares its text. */
static void is(struct xd_program *p, const char *text)
{
    struct xd_str out = {0};

    xd_program_print(p, &out);
    ck_assert_str_eq(xd_str_text(&out), text);
    xd_str_free(&out);
    xd_program_free(p);
}

/* Something of every kind of step, item and expression. */
static const char rich[] =
    "# a note\n"
    "machine frames=0x2000 seed=1\n"
    "domain d1 pages=300 cmdline=\"a\\x00b\" iomem=3-(4+1) vcpus=2\n"
    "domain d2 evtchn_remote=d1 # two\n"
    "\n"
    "@d1.0\n"
    "let t = page(1)\n"
    "let u = pte(d2.page(0), P|RW)&~A\n"
    "mmuext_op [PIN_L1_TABLE mfn=t, cmd=99 arg1=ptr(1, t, 3) arg2=text(\"x\")] fd=SELF = 0 done=2\n"
    "mmu_update [ # first\n"
    "  t[1+2] = u, # second\n"
    "  machphys page(0) = 7,\n"
    "  raw 1 = -2\n"
    "] count=3 = ? done=$n why=none # last\n"
    "hypercall 17 $n 0x10\n"
    "multicall { # block\n"
    "  event_channel_op alloc_unbound dom=SELF remote_dom=d2 = 0 port=$p\n"
    "  # inside\n"
    "  multicall { sched_op yield = 0 } = 0\n"
    "\n"
    "  xen_version version = 0x40011\n"
    "} = 0 blocked\n"
    "sched_op poll ports=[1, $p, 3] nr_ports=2 timeout=start.pages\n"
    "store va(0) 5 size=4 = pf error=6\n"
    "load va(1) = $v\n"
    "advance 10ms\n"
    "inject event_channel_op send nth=2 error=ENOMEM\n"
    "console_input \"abc\"\n"
    "virq TIMER\n"
    "expect frame t type=l1 owner=d1 pinned !validated\n"
    "expect entry t[0] = $n\n"
    "expect d1 port $p unbound remote=d2\n"
    "expect d1.1 down\n"
    "expect audit\n"
    "destroy d2\n";

START_TEST(copies_say_the_same)
{
    struct xd_program *p = parse(rich), *q = xd_program_clone(p), *r = xd_program_compact(p);

    ck_assert(xd_program_sound(p) && xd_program_sound(q) && xd_program_sound(r));
    ck_assert_uint_eq(q->exprs, p->exprs);
    ck_assert_uint_le(r->exprs, p->exprs);
    for (uint32_t i = 1; i < p->steps; i++)
        ck_assert_uint_eq(r->step[i].line, p->step[i].line);
    xd_program_free(p);
    is(xd_program_compact(q), rich);
    is(q, rich);
    is(r, rich);
}
END_TEST

START_TEST(a_copy_has_nothing_that_no_step_names)
{
    struct xd_program *p = parse("domain d1\ndomain d2\nlet a = 1\nlet b = a\nlet c = b\n"), *q;
    bool gone[6] = {false, true, false, false, false, true};

    xd_program_drop_steps(p, gone);
    ck_assert_uint_eq(p->names, 3);
    q = xd_program_compact(p);
    ck_assert_uint_eq(q->names, 2);
    ck_assert_uint_eq(q->domains, 1);
    xd_program_free(p);
    is(q, "domain d2\nlet a = 1\nlet b = a\n");
}
END_TEST

START_TEST(steps_and_entries_go)
{
    struct xd_program *p = parse("domain d1\nmulticall { sched_op yield ; multicall { xen_version "
                                 "version ; sched_op yield = 1 } = 0 ; set_gdt } = 0\n"
                                 "sched_op yield\n"),
                      *q;
    bool gone[9] = {false};

    gone[2 + 1] = gone[2 + 3] = true;
    xd_program_drop_steps(p, gone);
    ck_assert_uint_eq(p->steps, 7);
    ck_assert_uint_eq(p->step[2].parts, 3);
    memset(gone, 0, sizeof(gone));
    is(xd_program_clone(p),
       "domain d1\nmulticall { multicall { sched_op yield = 1 } = 0 ; set_gdt } = 0\nsched_op yield\n");
    q = xd_program_clone(p);
    xd_program_unwrap(q, 3);
    is(q, "domain d1\nmulticall { sched_op yield = 1 ; set_gdt } = 0\nsched_op yield\n");
    q = xd_program_clone(p);
    xd_program_unwrap(q, 2);
    is(q, "domain d1\nmulticall { sched_op yield = 1 } = 0\nset_gdt\nsched_op yield\n");
    gone[2] = true;
    xd_program_drop_steps(p, gone);
    is(p, "domain d1\nsched_op yield\n");
}
END_TEST

START_TEST(items_go_and_come)
{
    struct xd_program *p = parse("domain d1\nmmuext_op [PIN_L1_TABLE mfn=1, NEW_BASEPTR mfn=2, "
                                 "FLUSH_CACHE] fd=3 = 0 done=1\n");
    bool *gone = xd_zalloc(p->items * sizeof(*gone));
    const struct xd_item *second = xd_item_at(p, xd_item_at(p, p->step[2].in)->next);
    xd_ex three = xd_program_expr(p, (struct xd_expr){.op = XD_EX_NUM, .sub = 10, .num = 3});

    gone[second->sub] = gone[p->step[2].out] = gone[p->step[2].in] = true;
    xd_program_drop_items(p, gone);
    free(gone);
    p->step[2].in = xd_program_append_item(p, p->step[2].in,
                                           (struct xd_item){.key = XD_KEY_COUNT, .value = three});
    p->step[2].out = xd_program_append_item(p, p->step[2].out,
                                            (struct xd_item){.key = XD_KEY_DONE, .value = three});
    is(p, "domain d1\nmmuext_op [NEW_BASEPTR, FLUSH_CACHE] fd=3 count=3 = 0 done=3\n");
}
END_TEST

START_TEST(elements_go)
{
    struct xd_program *p = parse("domain d1\nsched_op poll ports=[1, 2, 3]\n");
    xd_ex list = xd_item_at(p, p->step[2].in)->value;
    bool *gone = xd_zalloc(p->exprs * sizeof(*gone));

    gone[xd_expr_at(p, list)->a] = gone[xd_expr_at(p, xd_expr_at(p, list)->a)->next] = true;
    xd_program_drop_elements(p, list, gone);
    free(gone);
    ck_assert_uint_eq(xd_expr_at(p, list)->num, 1);
    is(p, "domain d1\nsched_op poll ports=[3]\n");
}
END_TEST

START_TEST(comments_go)
{
    struct xd_program *p =
        parse("# a\n\ndomain d1 # b\nmulticall { # c\n # d\n\n sched_op yield # e\n} # f\n"
              "mmu_update [ # g\n 1 = 2 # h\n] # i\n");

    xd_program_drop_comments(p);
    is(p, "domain d1\nmulticall {\n  sched_op yield\n}\nmmu_update [\n  1 = 2\n]\n");
}
END_TEST

START_TEST(steps_go_over_to_another_program)
{
    struct xd_program *from = parse("domain d2\ndomain d1\nlet t = page(1)\nlet x = t+d1.page(2)\n"
                                    "multicall { xen_version version = $v } = $t\nlet y = $t+$v\n"),
                      *to = parse("domain d1\nlet t = 1\nlet t_2 = 2\n");
    struct xd_copier c;

    xd_copier_init(&c, from, to);
    for (uint32_t i = 3; i < from->steps; i += 1 + from->step[i].parts)
        xd_copy_step(&c, i);
    xd_copier_free(&c);
    xd_program_free(from);
    ck_assert(xd_program_sound(to));
    is(to, "domain d1\nlet t = 1\nlet t_2 = 2\nlet t_3 = page(1)\nlet x = t_3+d1.page(2)\n"
           "multicall { xen_version version = $v } = $t\nlet y = $t+$v\n");
}
END_TEST

START_TEST(the_depth_of_a_copy_is_its_own)
{
    struct xd_program *p = parse("domain d1\nlet t = page(1+(2+(3+4)))\n"), *q;
    xd_ex root = p->step[2].result;

    ck_assert_uint_eq(xd_expr_at(p, root)->depth, 5);
    xd_program_put_expr(p, xd_expr_at(p, root)->a, (struct xd_expr){.op = XD_EX_NUM, .num = 6});
    q = xd_program_compact(p);
    ck_assert_uint_eq(xd_expr_at(q, q->step[2].result)->depth, 2);
    xd_program_free(p);
    is(q, "domain d1\nlet t = page(6)\n");
}
END_TEST

/* Programs without one of their steps: can they be read? The parser and xd_program_sound agree. */
START_TEST(sound_is_what_can_be_read)
{
    static const char *const texts[] = {
        rich,
        "machine\ndomain d1\nlet a = 1\nlet b = a\nlet c = d1.page(b)\nevent_channel_op send port=1 = $x\n"
        "let d = $x\nexpect d1 port $x free\ndomain d2 evtchn_remote=d1\n@d2.0\ndestroy d2\n",
        "let a = 1\ndomain d1\nmulticall { xen_version version = $v ; sched_op yield = $v } = $w\n"
        "set_gdt $v $w\nload va(a) = $l\nstore va($l) d1\n",
    };
    struct xd_program *p = parse(texts[_i]);
    unsigned int sound = 0;

    xd_program_drop_comments(p);
    for (uint32_t i = 1; i < p->steps; i++) {
        struct xd_program *q = xd_program_clone(p), *small, *again;
        bool *gone = xd_zalloc(p->steps * sizeof(*gone));
        struct xd_str out = {0}, back = {0};
        char *error = NULL;

        gone[i] = true;
        xd_program_drop_steps(q, gone);
        free(gone);
        small = xd_program_compact(q);
        xd_program_print(small, &out);
        again = xd_program_parse("f", xd_str_text(&out), out.len, &error);
        ck_assert_int_eq(xd_program_sound(q), xd_program_sound(small));
        if (xd_program_sound(small)) {
            sound++;
            ck_assert_msg(again, "%s", error);
            xd_program_print(again, &back);
            ck_assert_str_eq(xd_str_text(&back), xd_str_text(&out));
        } else if (again) {
            /* What was a use has become a capture: it can be read, but means something else. */
            ck_assert_msg(strchr(xd_str_text(&out), '$'), "sound after all:\n%s",
                          xd_str_text(&out));
        }
        free(error);
        xd_str_free(&out);
        xd_str_free(&back);
        xd_program_free(again);
        xd_program_free(small);
        xd_program_free(q);
    }
    ck_assert_uint_ge(sound, 3);
    ck_assert_uint_lt(sound, p->steps - 1);
    xd_program_free(p);
}
END_TEST

static void add_place(void *ctx, const struct xd_place *at)
{
    struct xd_str *s = ctx;

    xd_str_addf(s, "%u:%s%s ", at->step, at->checking ? "=" : "", at->parent ? "." : "");
}

/* The places of each step: its number, = for what is checked, a dot for what is inside another. */
START_TEST(places_are_found_in_order)
{
    struct xd_program *p = parse("domain d1\nlet t = page(1)+2\n"
                                 "mmu_update [t[3] = 4] count=5 = 6 done=$n\n");
    struct xd_str s = {0};

    for (uint32_t i = 1; i < p->steps; i++)
        xd_step_places(p, i, add_place, &s);
    ck_assert_str_eq(xd_str_text(&s), "2: 2: 2:. 2:. 2:. 3: 3:. 3:. 3: 3: 3:= 3:= ");
    xd_str_free(&s);
    xd_program_free(p);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("edit");
    TCase *tc = tcase_create("edit");

    tcase_add_test(tc, copies_say_the_same);
    tcase_add_test(tc, a_copy_has_nothing_that_no_step_names);
    tcase_add_test(tc, steps_and_entries_go);
    tcase_add_test(tc, items_go_and_come);
    tcase_add_test(tc, elements_go);
    tcase_add_test(tc, comments_go);
    tcase_add_test(tc, steps_go_over_to_another_program);
    tcase_add_test(tc, the_depth_of_a_copy_is_its_own);
    tcase_add_loop_test(tc, sound_is_what_can_be_read, 0, 3);
    tcase_add_test(tc, places_are_found_in_order);
    suite_add_tcase(suite, tc);
    return fixture_main(suite);
}
