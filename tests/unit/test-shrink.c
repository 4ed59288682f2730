/* SPDX-License-Identifier: MIT */
/* test-shrink.c: what remains of programs, and what the predicate is shown on the way. */
#include "fixture.h"

#include "base/arena.h"
#include "program/run.h"
#include "program/shrink.h"

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

/* A predicate that looks at text: all of (needle), ended by NULL, stand in it. */
struct looking {
    const char *const *needle;
    unsigned int one_of; /* or: its hash is a multiple of this; 0: no */
    struct xd_str asked; /* hashes of all texts so far */
    uint64_t calls, stop_after;
};

static bool holds(const struct looking *l, const char *text)
{
    for (unsigned int i = 0; l->needle && l->needle[i]; i++)
        if (!strstr(text, l->needle[i]))
            return false;
    return !l->one_of || xd_hash64(7, text, strlen(text)) % l->one_of == 0;
}

/* Besides the answer: every candidate reads back as it is, and none comes twice. */
static bool look(void *ctx, const struct xd_program *p)
{
    struct looking *l = ctx;
    struct xd_str out = {0}, back = {0};
    struct xd_program *again;
    char *error = NULL;
    uint64_t hash;
    bool yes;

    xd_program_print(p, &out);
    again = xd_program_parse("f", xd_str_text(&out), out.len, &error);
    ck_assert_msg(again, "%s\n%s", error, xd_str_text(&out));
    xd_program_print(again, &back);
    ck_assert_str_eq(xd_str_text(&back), xd_str_text(&out));
    ck_assert_uint_eq(again->names, p->names);
    ck_assert_uint_eq(again->domains, p->domains);
    yes = holds(l, xd_str_text(&out));
    hash = xd_hash64(1, xd_str_text(&out), out.len);
    for (size_t i = 0; l->calls && i < l->asked.len; i += sizeof(hash))
        ck_assert_msg(memcmp(l->asked.text + i, &hash, sizeof(hash)), "asked again:\n%s",
                      xd_str_text(&out));
    if (l->calls++) /* the program itself, with its comments, is asked about first */
        xd_str_addn(&l->asked, (const char *)&hash, sizeof(hash));
    xd_program_free(again);
    xd_str_free(&back);
    xd_str_free(&out);
    return yes;
}

/* The text that is left of (text); to be freed. */
static char *shrunk(const char *text, struct looking *l, const struct xd_shrink_options *o,
                    struct xd_shrink_stats *stats)
{
    struct xd_program *p = parse(text), *small = xd_shrink(p, look, l, o, stats);
    struct xd_str out = {0};

    if (small)
        xd_program_print(small, &out);
    if (small && !out.text)
        xd_str_add(&out, "");
    xd_program_free(small);
    xd_program_free(p);
    xd_str_free(&l->asked);
    return out.text;
}

static const struct {
    const char *text, *needle[4], *left;
} small[] = {
    {"domain d1\nsched_op yield\n", {NULL}, ""},
    {"# a\ndomain d1 # b\n\nsched_op yield = 0 # c\n", {"yield"}, "domain d1\nsched_op yield\n"},
    /* What is used stays; what uses it goes first, or with it. */
    {"domain d1\nlet a = 7\nlet b = page(a)\nlet c = b\nset_gdt c b\n", {"let b"}, "let b = 0\n"},
    {"domain d1\nlet a = page(1)\nlet b = a[1]\nload b\nload a\n", {"load"}, "domain d1\nload 0\n"},
    {"domain d1\nevent_channel_op alloc_unbound dom=SELF = 0 port=$p\nload $p\nload $p\n",
     {"port=$p"},
     "domain d1\nevent_channel_op alloc_unbound = ? port=$p\n"},
    {"domain d1\ndomain d2\n@d2.0\ndestroy d2\nsched_op yield\n",
     {"destroy"},
     "domain d2\ndestroy d2\n"},
    {"machine frames=9 seed=1\ndomain d1 pages=3 vcpus=2\n@d1.1\n", {"@"}, "domain d1\n@d1.0\n"},
    /* Entries and elements. */
    {"domain d1\nmulticall {\n  sched_op yield\n  xen_version version = 1\n  set_gdt 1 2\n} = 0\n",
     {"xen_version"},
     "domain d1\nxen_version version\n"},
    {"domain d1\nmulticall { sched_op yield = 0 ; multicall { set_gdt ; xen_version version = $v } }\n"
     "load $v\n",
     {"multicall", "xen_version"},
     "domain d1\nmulticall { xen_version version }\n"},
    {"domain d1\nmmu_update [\n  1 = 2, # x\n  preserve_ad 3 = 4,\n  raw 5 = 6\n] count=2 fd=SELF = 0 done=3\n",
     {"mmu_update", "4"},
     "domain d1\nmmu_update [0 = 4]\n"},
    {"domain d1\nmmuext_op [PIN_L1_TABLE mfn=1, cmd=7 arg1=2 arg2=3] = 0 done=none\n",
     {"cmd"},
     "domain d1\nmmuext_op [cmd=0]\n"},
    /* Arguments. */
    {"domain d1\nupdate_va_mapping va(3) pte(page(7), P|RW|US|A) UVMF_INVLPG = 0 why=none\n",
     {"pte(", "RW"},
     "domain d1\nupdate_va_mapping 0 pte(0, RW)\n"},
    {"domain d1\nupdate_va_mapping va(3) pte(page(7), P|RW|US|A) UVMF_INVLPG\n",
     {"page(", "P", "A)"},
     "domain d1\nupdate_va_mapping 0 pte(page(0), P|A)\n"},
    {"domain d1\nhypercall 17 1 2 3 = 0\n", {"hypercall 1", "2"}, "domain d1\nhypercall 1 0 2\n"},
    {"domain d1\nsched_op op=6 arg=[1, 2, 3]\n", {"arg=["}, "domain d1\nsched_op op=0 arg=[]\n"},
    {"domain d1\nsched_op poll ports=[1, 2, 9] timeout=4\n",
     {"9]"},
     "domain d1\nsched_op poll ports=[9]\n"},
    {"domain d1\nlet a = 0xf1f3\nlet b = 1000\nload a\n", {"0xf", "f3"}, "let a = 0xf0f3\n"},
    {"domain d1 cmdline=\"abcdefgh\" iomem=7-(9+8)\nconsole_input \"0123456789\"\n",
     {"cmdline", "3"},
     "domain d1 cmdline=\"\"\nconsole_input \"0123\"\n"},
    {"domain d1\nload ptr(1, 2, 5)+text(\"xyz\")\n", {"domain"}, "domain d1\n"},
    {"domain d1\nload ptr(1, 2, 5)+text(\"xyz\")\n",
     {"5", "ext"},
     "domain d1\nload ptr(5)+text(\"\")\n"},
    {"domain d1\nload -(d1.page(3)+4)\n", {"page"}, "domain d1\nload page(0)\n"},
    {"domain d1\nload d1.start.p2m_va+d1\n", {"start"}, "domain d1\nload start.p2m_va\n"},
    {"domain d1\nadvance 77ms\n", {"advance"}, "domain d1\nadvance 1ns\n"},
    {"domain d1\nexpect frame page(3) owner=d1 type=l1 count=3\n",
     {"owner"},
     "domain d1\nexpect frame 0 owner=d1\n"},
    {"domain d1\nload va(30)\nload va(5)+5\nload va(30)+30\n",
     {"0)\nload va(5)", "0)+30"},
     "domain d1\nload va(0)\nload va(5)\nload va(0)+30\n"},
    {"domain d1\nload (1+-2)[3]\n", {"[", "2"}, "domain d1\nload 2[0]\n"},
};

START_TEST(what_is_left)
{
    struct looking l = {.needle = small[_i].needle};
    struct xd_shrink_stats st;
    char *left = shrunk(small[_i].text, &l, NULL, &st);

    ck_assert_ptr_nonnull(left);
    ck_assert_str_eq(left, small[_i].left);
    ck_assert(st.fails && st.minimal);
    ck_assert_uint_eq(st.calls, l.calls);
    ck_assert_uint_eq(st.candidates, st.calls - 1 + st.repeated + st.unsound);
    free(left);
}
END_TEST

START_TEST(what_does_not_fail_is_not_shrunk)
{
    static const char *const needle[] = {"nowhere", NULL};
    struct looking l = {.needle = needle};
    struct xd_shrink_stats st;

    ck_assert_ptr_null(shrunk("domain d1\n", &l, NULL, &st));
    ck_assert(!st.fails && !st.minimal);
    ck_assert_uint_eq(st.calls, 1);
    ck_assert_uint_eq(st.candidates, 0);
}
END_TEST

/* A text of (n) steps that use names of each other, some of them multicalls. */
static char *long_program(unsigned int n, uint64_t seed)
{
    struct xd_str s = {0};
    unsigned int names = 0, ports = 0;

    xd_str_add(&s, "machine seed=3\ndomain d1 pages=100\ndomain d2\n");
    for (unsigned int i = 0; i < n; i++) {
        uint64_t x = xd_hash64(seed, &i, sizeof(i));
        unsigned int a = (unsigned int)(x >> 8) % 100, b = (unsigned int)(x >> 16) % 64;

        switch (x % 8) {
        case 0: xd_str_addf(&s, "let n%u = page(%u)+d2.start.pages\n", names++, a); break;
        case 1:
            if (names)
                xd_str_addf(&s, "update_va_mapping va(%u) pte(n%u, P|RW|US) UVMF_INVLPG\n", b,
                            a % names);
            break;
        case 2:
            xd_str_addf(&s, "event_channel_op alloc_unbound dom=SELF remote_dom=d2 = 0 port=$p%u\n",
                        ports++);
            break;
        case 3:
            if (ports)
                xd_str_addf(
                    &s, "multicall { event_channel_op send port=$p%u = 0 ; sched_op yield } = 0\n",
                    a % ports);
            break;
        case 4:
            xd_str_addf(&s, "mmu_update [page(%u)[%u] = 0x%x, %u = -%u] = 0 done=2\n", a, b, a * b,
                        b, a);
            break;
        case 5: xd_str_addf(&s, "@d%u.0 # %u\n", 1 + b % 2, a); break;
        case 6: xd_str_addf(&s, "expect frame page(%u) type=none count=0\n", a); break;
        default: xd_str_addf(&s, "set_gdt ptr(%u, %u) 1 = 0\n", a, b); break;
        }
    }
    return s.text;
}

/*
 * Whatever the predicate, its candidates can be read (look sees to that), the answer depends on
 * nothing else, and no line of what is left can go.
 */
START_TEST(any_predicate)
{
    struct looking l = {.one_of = 2 + (unsigned int)_i % 3}, m = {.one_of = l.one_of};
    struct xd_shrink_stats one, two;
    char *text = NULL, *left, *again;

    for (uint64_t seed = (uint64_t)_i * 100; !text || !holds(&l, text); seed++) {
        free(text);
        text = long_program(60, seed);
    }
    left = shrunk(text, &l, NULL, &one);
    again = shrunk(text, &m, NULL, &two);
    ck_assert_ptr_nonnull(left);
    ck_assert_str_eq(left, again);
    ck_assert(one.minimal);
    ck_assert_uint_eq(one.calls, two.calls);
    ck_assert_uint_eq(one.candidates, two.candidates);
    ck_assert(holds(&l, left));
    for (char *line = left, *end; *line; line = end) {
        struct xd_str without = {0};
        char *error = NULL;
        struct xd_program *p;

        end = strchr(line, '\n') + 1;
        xd_str_addn(&without, left, (size_t)(line - left));
        xd_str_add(&without, end);
        p = xd_program_parse("f", xd_str_text(&without), without.len, &error);
        /* Where a use would become a capture, nothing is lost. */
        ck_assert_msg(!p || !holds(&l, xd_str_text(&without)) || strstr(line, "= 0 port=$"),
                      "%.*scan go from:\n%s", (int)(end - line), line, left);
        xd_program_free(p);
        xd_str_free(&without);
        free(error);
    }
    free(text);
    free(left);
    free(again);
}
END_TEST

static bool not_too_long(void *ctx, const struct xd_shrink_stats *so_far)
{
    const struct looking *l = ctx;

    ck_assert_uint_eq(so_far->calls, l->calls);
    return l->calls < l->stop_after;
}

START_TEST(limits_leave_what_was_found)
{
    static const char *const needle[] = {"culprit", NULL};
    char *text = long_program(500, 4), *whole;
    struct xd_str s = {0};

    xd_str_addf(&s, "%sconsole_input \"culprit\"\n%s", text, "sched_op yield\nsched_op yield\n");
    for (unsigned int calls = 1; calls < 30; calls += 3) {
        const struct xd_shrink_options by_number = {.calls_max = calls},
                                       by_time = {.go_on = not_too_long};
        struct looking l = {.needle = needle}, m = {.needle = needle, .stop_after = calls};
        struct xd_shrink_stats one, two;
        char *left = shrunk(s.text, &l, &by_number, &one),
             *same = shrunk(s.text, &m, &by_time, &two);

        ck_assert_ptr_nonnull(strstr(left, "culprit"));
        ck_assert_str_eq(left, same);
        ck_assert(!one.minimal && !two.minimal);
        ck_assert_uint_eq(one.calls, calls);
        ck_assert_uint_eq(l.calls, calls);
        free(left);
        free(same);
    }
    {
        struct looking l = {.needle = needle};

        whole = shrunk(s.text, &l, NULL, NULL);
        ck_assert_str_eq(whole, "domain d1\nconsole_input \"culprit\"\n");
    }
    free(whole);
    free(text);
    xd_str_free(&s);
}
END_TEST

/* ---- Runs as predicate ---- */

static void failed(void *ctx, const struct xd_failure *f)
{
    xd_str_add(ctx, f->details);
}

static void tell(void *ctx, const char *lines)
{
    (void)ctx;
    (void)lines;
}

/* Fails, and says EBUSY instead of 0. */
static bool busy(void *ctx, const struct xd_program *p)
{
    struct xd_str said = {0};
    const struct xd_run_options opt = {.ctx = &said, .failed = failed, .tell = tell};
    struct xd_run_result result;
    bool yes;

    (void)ctx;
    xd_program_run(p, &opt, &result);
    yes = result.verdict == XD_FAILED && strstr(xd_str_text(&said), "expected 0, got EBUSY");
    xd_str_free(&said);
    return yes;
}

START_TEST(two_steps_far_apart_are_found_in_ten_thousand)
{
    struct xd_str s = {0}, out = {0};
    struct xd_shrink_stats st;
    struct xd_program *p, *left;

    xd_str_add(&s, "domain d1\n");
    for (unsigned int i = 0; i < 10000; i++)
        if (i == 3333)
            xd_str_add(
                &s,
                "let t = page(70)\nmmuext_op [PIN_L2_TABLE mfn=page(9), PIN_L1_TABLE mfn=t] = 0\n");
        else if (i == 7777)
            xd_str_add(
                &s,
                "multicall { sched_op yield ; update_va_mapping va(5) pte(t, P|RW|A) UVMF_INVLPG = 0 }\n");
        else
            xd_str_addf(&s, "update_va_mapping va(%u) pte(page(%u), P|RW|US) UVMF_INVLPG = 0\n",
                        i % 50, 10 + i % 60);
    p = parse(s.text);
    left = xd_shrink(p, busy, NULL, NULL, &st);
    ck_assert_ptr_nonnull(left);
    xd_program_print(left, &out);
    ck_assert_str_eq(xd_str_text(&out), "domain d1\n"
                                        "let t = page(0)\n"
                                        "mmuext_op [PIN_L1_TABLE mfn=t]\n"
                                        "update_va_mapping va(0) pte(t, P|RW) = 0\n");
    ck_assert_uint_eq(st.steps_before, 10004);
    ck_assert_uint_eq(st.steps_after, 4);
    ck_assert_uint_lt(st.calls, 250);
    xd_program_free(left);
    xd_program_free(p);
    xd_str_free(&out);
    xd_str_free(&s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("shrink");
    TCase *tc = tcase_create("shrink");

    tcase_set_timeout(tc, 300);
    tcase_add_loop_test(tc, what_is_left, 0, XD_ARRAY_SIZE(small));
    tcase_add_test(tc, what_does_not_fail_is_not_shrunk);
    tcase_add_loop_test(tc, any_predicate, 0, 12);
    tcase_add_test(tc, limits_leave_what_was_found);
    tcase_add_test(tc, two_steps_far_apart_are_found_in_ten_thousand);
    suite_add_tcase(suite, tc);
    return fixture_main(suite);
}
