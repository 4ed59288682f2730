/* SPDX-License-Identifier: MIT */
/*
 * test-bytes.c: the byte form: nothing is lost, everything is a program, damage stays where it is.
 */
#include "fixture.h"

#include "program/bytes.h"

#include <stdlib.h>
#include <string.h>

#define MARK 0xffu

static struct xd_program *parsed(const char *text)
{
    char *error = NULL;
    struct xd_program *p = xd_program_parse("f", text, strlen(text), &error);

    ck_assert_msg(p, "%s", error);
    return p;
}

static struct xd_str printed(const struct xd_program *p)
{
    struct xd_str out = {0};

    xd_program_print(p, &out);
    return out;
}

static struct xd_str bytes_of(const char *text)
{
    struct xd_program *p = parsed(text);
    struct xd_str out = {0};

    xd_program_to_bytes(p, &out);
    xd_program_free(p);
    return out;
}

static struct xd_str text_of(const void *bytes, size_t n)
{
    struct xd_program *p = xd_program_from_bytes("f", bytes, n);
    struct xd_str out = printed(p);

    xd_program_free(p);
    return out;
}

/* What these bytes are is read back as the same, in the same lines. */
static void check_valid(const void *bytes, size_t n)
{
    struct xd_program *p = xd_program_from_bytes("f", bytes, n), *q;
    struct xd_str text = printed(p), again, own = {0}, other = {0};

    q = parsed(xd_str_text(&text));
    again = printed(q);
    ck_assert_str_eq(xd_str_text(&text), xd_str_text(&again));
    ck_assert_uint_eq(p->steps, q->steps);
    for (uint32_t i = 1; i < p->steps; i++)
        ck_assert_uint_eq(p->step[i].line, q->step[i].line);
    xd_program_to_bytes(p, &own);
    xd_program_to_bytes(q, &other);
    ck_assert_uint_eq(own.len, other.len);
    ck_assert(own.len == 0 || !memcmp(own.text, other.text, own.len));
    xd_program_free(p);
    xd_program_free(q);
    xd_str_free(&text);
    xd_str_free(&again);
    xd_str_free(&own);
    xd_str_free(&other);
}

/* Canonical texts. */
#define D "domain d1\n"
static const char *const texts[] = {
    "",
    "# a note\n",
    "machine frames=2048 seed=3\n\n# domains\ndomain d1 id=5 pages=9 privileged order=dom0 iomem=1-2 "
    "iomem=(1+2)-0x5 cmdline=\"x y\" # here\ndomain d007 evtchn_remote=d1\n",
    D "@d1.0\nlet t = page(0)\nlet u = t[3]+d1.page(1)*2\nlet u2 = ~(1|2)>>3%-2/1\n",
    D
    "let t = d1.start.p2m_va-start.pages\nlet v = VIRQ.TIMER\nlet w = entry(t[0xfffffffffffffff])\n",
    D "let SELF = 1\nevent_channel_op alloc_unbound dom=SELF remote_dom=DOMID.SELF = 0 port=$p\n"
      "update_va_mapping SELF P|RW|US UVMF_INVLPG|SELF\n",
    D "event_channel_op send port=0xffffffffffffffff = EINVAL why=evtchn-port-range\n",
    D "event_channel_op arg=ptr(1, 2) op=99 = ENOSYS+0\nevent_channel_op_compat close port=3\n",
    D "sched_op block = 0 blocked\nsched_op poll ports=[] = ?\nsched_op poll ports=[0, 0, 0] = 0\n",
    D "memory_op populate_physmap extent_start=[1, 2] start=1 = 1 extent_start=[$m, ?]\n",
    D "set_gdt [page(0), page(1)] 1024 = ?\nset_gdt [page(0)] = $0x1\n",
    D "console_io write 5 \"a\\\"\\\\\\n\\x01\\x00\\xfe\\xff\" = 5 buffer=\"x\\x00\"\n",
    D "hypercall 60 1 2 \"x\" [3] = ENOSYS\nhypercall 0\n",
    D "mmu_update [] reqs=0 count=0x80000000 pdone=0 fd=9 = 9\nmmu_update [\n] = 0\n",
    D
    "mmu_update [page(0)[1] = 0, machphys 3 = 4, preserve_ad 8 = 0, no_translate 8 = 0, raw 4 = 0] "
    "pfd=d1 fd=d1 = 0 done=5\n",
    D "mmu_update [ # first\n  0 = 1, # a\n  raw 2 = 3 # b\n] = 0 done=none # end\n",
    D
    "mmuext_op [PIN_L1_TABLE mfn=page(0), TLB_FLUSH_LOCAL, cmd=21 arg2=1 arg1=2] = EINVAL done=$d\n",
    D "multicall { xen_version version = 0x40011 ; sched_op yield } nr_calls=1 = 0 # both\n",
    D "multicall { }\nmulticall {\n}\n",
    D
    "multicall { # open\n  xen_version version = $v\n\n  # note\n  mmu_update [\n    0 = 1 # x\n  ] = 0 # y\n"
    "  multicall { sched_op yield } = $v # z\n} = 0 # end\nhypercall $v\n",
    D "store va(0)+8 0x1 size=4 = pf error=0x3 why=ptwr-off\nstore va(0) 1 = ok\nstore 1 2 = ?\n",
    D "load va(0) = $x\nload va(0) size=1 error=0x5 = pf error=0x4\n",
    D "advance 0010ms\nadvance 0s\nadvance 4611686018427387904ns\n",
    D "inject event_channel_op send nth=2 error=ENOMEM\ninject mmu_update error=-1\n",
    D "inject mmuext_op PIN_L1_TABLE times=2 percent=50 seed=7 error=EBUSY # x\n",
    D "inject mmu_update machphys error=EBUSY\nevent 3\nevent start.console_port\nupcall # y\n"
      "scarce 0\nscarce frames()\n",
    D "console_input \"hi\\n\"\nvirq TIMER\nvirq 3\ndestroy d1\ncrash d1\n",
    D "resume d1\nresume d1 cancelled\nresume d1 anew # x\nresume d1 restored\n",
    D "poke page(0)[1] [1, pte(page(1), P)]\npoke 1 2\npoke 1 \"x\"\n",
    D "memory 0x7000 \"a\\x00\" readonly\nmemory 1 [2]\nincomplete \"why\"\n",
    "machine boot_ns=5 mmio_ro=1-2 mmio_ro=7-8 extraversion=\".8\" cmdline=\"x\" profile=debug linked\ndomain d1 total=1200 handle=\"h\"\n",
    D "expect frame page(0) type=l1 count=1 refs=2 owner=d1 pinned !validated allocated\n"
      "expect frame 0 owner=io\nexpect frame 0 owner=d1.start.pages[3]+1\n",
    D "expect entry page(0)[3] = pte(page(1), P|NX)\nexpect mem va(0) size=4 = $y size=2\n",
    D "expect d1 port 3 unbound remote=d1 virq=TIMER !masked\nexpect d1 port 3 virq=1 pending\n",
    D "expect d1.31 running cr3=cr3() !due\nexpect d1 shutdown=crash\nexpect d1 shutdown=none\n",
    D "expect console \"x\"\nexpect audit # \xc3\xbc\n",
};

START_TEST(nothing_is_lost)
{
    struct xd_str bytes = bytes_of(texts[_i]), back = text_of(bytes.text, bytes.len);

    ck_assert_str_eq(xd_str_text(&back), texts[_i]);
    check_valid(bytes.text, bytes.len);
    xd_str_free(&bytes);
    xd_str_free(&back);
}
END_TEST

START_TEST(a_prefix_is_the_beginning)
{
    struct xd_str bytes = bytes_of(texts[_i]);

    for (size_t n = 0; n < bytes.len; n++) {
        struct xd_str text;
        size_t whole = n; /* up to the last mark before */

        check_valid(bytes.text, n);
        while (whole && (unsigned char)bytes.text[whole - 1] != MARK)
            whole--;
        text = text_of(bytes.text, whole);
        if (!strpbrk(texts[_i], "{#")) /* an open block is closed; comments come behind */
            ck_assert_int_eq(strncmp(xd_str_text(&text), texts[_i], text.len ? text.len - 1 : 0),
                             0);
        xd_str_free(&text);
    }
    xd_str_free(&bytes);
}
END_TEST

static const char steady[] = D "event_channel_op send port=3 = 0\n"
                               "mmu_update [page(0)[1] = pte(page(1), P|RW)] fd=d1 = 0 done=1\n"
                               "console_io write 2 \"ab\" = 2\n"
                               "expect d1.0 running cr3=cr3() !due\n"
                               "store d1.va(0) 0x1122334455667788 = ok\n"
                               "memory_op decrease_reservation extent_start=[0, 0] = 2\n"
                               "expect audit\n";

/* (at) is in record (k): the lines before and behind that record's are still there. */
START_TEST(damage_ends_at_the_mark)
{
    struct xd_str bytes = bytes_of(steady);
    const char *line = steady, *behind;

    for (size_t at = 0; at < bytes.len; at++) {
        unsigned char was = (unsigned char)bytes.text[at];

        if (was == MARK) {
            line = strchr(line, '\n') + 1;
            continue;
        }
        behind = strchr(line, '\n') + 1;
        for (unsigned int to = 0; to < MARK; to++) {
            struct xd_str text;

            bytes.text[at] = (char)to;
            text = text_of(bytes.text, bytes.len);
            /* Up to a comment behind the line before; down to where a block may begin. */
            if (line > steady)
                ck_assert_int_eq(strncmp(xd_str_text(&text), steady, (size_t)(line - steady) - 1),
                                 0);
            if (line > steady && !strstr(xd_str_text(&text), "multicall"))
                ck_assert_msg(text.len >= strlen(behind) &&
                                  !strcmp(text.text + text.len - strlen(behind), behind),
                              "byte %zu as %02x:\n%s", at, to, xd_str_text(&text));
            xd_str_free(&text);
            if (to % 16 == 0)
                check_valid(bytes.text, bytes.len);
        }
        bytes.text[at] = (char)was;
    }
    xd_str_free(&bytes);
}
END_TEST

START_TEST(steps_are_short)
{
    static const struct {
        const char *text;
        size_t most;
    } steps[] = {
        {"sched_op yield = 0\n", 5},
        {"event_channel_op send port=3 = 0\n", 7},
        {"update_va_mapping va(0) pte(page(1), P|RW) UVMF_INVLPG = 0\n", 16},
        {"mmuext_op [PIN_L1_TABLE mfn=page(0)] = EINVAL done=0 why=frame-mapped-writable\n", 19},
        {"expect audit\n", 2},
    };

    for (size_t i = 0; i < XD_ARRAY_SIZE(steps); i++) {
        struct xd_str text = {0}, bytes;

        xd_str_addf(&text, D "%s", steps[i].text);
        bytes = bytes_of(xd_str_text(&text));
        ck_assert_msg(bytes.len <= steps[i].most + 3, "%s: %zu", steps[i].text, bytes.len - 3);
        xd_str_free(&text);
        xd_str_free(&bytes);
    }
}
END_TEST

/* The bytes of what begins so: as much of it as the parser takes, and that again and again. */
START_TEST(too_much_is_cut)
{
    static const char *const parts[] = {"-1",      "~1",     "1+(1+1)", "m2p(1)",
                                        "(1+1)+1", "ptr(1)", "t[1]"};

    for (size_t i = 0; i < XD_ARRAY_SIZE(parts); i++) {
        struct xd_str text = {0}, bytes, all = {0};
        size_t from;

        xd_str_addf(&text, D "let t = 1\nhypercall %s", parts[i]);
        bytes = bytes_of(xd_str_text(&text));
        from = bytes.len - 1;
        while ((unsigned char)bytes.text[from - 1] != MARK)
            from--;
        /* The number of arguments, then the first one's parts without their last leaf. */
        for (size_t cut = from + 2; cut < bytes.len; cut++) {
            xd_str_clear(&all);
            xd_str_addn(&all, bytes.text, cut);
            for (unsigned int n = 0; n < 2000; n++)
                xd_str_addn(&all, bytes.text + from + 2, cut - from - 2);
            check_valid(all.text, all.len);
        }
        xd_str_free(&text);
        xd_str_free(&bytes);
        xd_str_free(&all);
    }
}
END_TEST

/* ---- What is mended ---- */

/* The bytes of (step), which stands behind (head), (n) times behind those of (head). */
static struct xd_str repeated(const char *head, const char *step, unsigned int n)
{
    struct xd_str text = {0}, all = bytes_of(head), whole;
    size_t len = all.len;

    xd_str_addf(&text, "%s%s", head, step);
    whole = bytes_of(xd_str_text(&text));
    for (unsigned int i = 0; i < n; i++)
        xd_str_addn(&all, whole.text + len, whole.len - len);
    xd_str_free(&text);
    xd_str_free(&whole);
    return all;
}

static const struct {
    const char *head, *step;
    unsigned int times;
    const char *text;
} mended[] = {
    {"", "machine seed=1\n", 2, "machine seed=1\n"},
    {"", D, 2, D},
    {D, "let t = t\n", 2, D "let t = t\nlet t_1 = t\n"},
    {D, "let n0 = 7\n", 2, D "let n0 = 7\nlet n1 = 7\n"},
    {D, "load 1 = $p\n", 2, D "load 1 = $p\nload 1 = $p\n"},
};

START_TEST(what_can_not_be_is_mended)
{
    struct xd_str bytes = repeated(mended[_i].head, mended[_i].step, mended[_i].times);
    struct xd_str text = text_of(bytes.text, bytes.len);

    ck_assert_str_eq(xd_str_text(&text), mended[_i].text);
    xd_str_free(&bytes);
    xd_str_free(&text);
}
END_TEST

/* Appends the last record of the bytes of (text). */
static void add_last(struct xd_str *out, const char *text)
{
    struct xd_str bytes = bytes_of(text);
    size_t from = bytes.len - 1;

    while (from && (unsigned char)bytes.text[from - 1] != MARK)
        from--;
    xd_str_addn(out, bytes.text + from, bytes.len - from);
    xd_str_free(&bytes);
}

/* The last steps of two texts. */
static const struct {
    const char *first, *second, *text;
} pairs[] = {
    {D "sched_op yield\n", D "sched_op block\n", D "sched_op yield\nsched_op block\n"},
    {D "sched_op yield\n", "machine seed=1\n", D "sched_op yield\n"},
    {"# x\n", "machine seed=1\n", "# x\nmachine seed=1\n"},
    {D "let t = d1\n", D "expect d1 pages=d1\n", "let t = 0\n" D "expect d1 pages=d1\n"},
    {D "load 1 = $p\n", D "load 1 = $p\nload $p\n", D "load 1 = $p\nload $p\n"},
    {D "load 1\n", D "load 1 = $p\nload $p\n", D "load 1\nload 0\n"},
    {D "let SELF = 1\n", D "let t = 1\nevent_channel_op reset dom=t\n",
     "let SELF = 1\n" D "event_channel_op reset dom=SELF\n"},
};

START_TEST(a_step_gets_what_it_needs)
{
    struct xd_str bytes = {0}, text;

    add_last(&bytes, pairs[_i].first);
    add_last(&bytes, pairs[_i].second);
    text = text_of(bytes.text, bytes.len);
    check_valid(bytes.text, bytes.len);

    ck_assert_str_eq(xd_str_text(&text), pairs[_i].text);
    xd_str_free(&bytes);
    xd_str_free(&text);
}
END_TEST

static unsigned int count(const char *text, const char *what)
{
    unsigned int n = 0;

    for (; (text = strstr(text, what)); text++)
        n++;
    return n;
}

/* A domain and the beginning of a block in one line; returns the length of both. */
static size_t open_block(struct xd_str *out)
{
    struct xd_str bytes = bytes_of(D "multicall { sched_op yield }\n");
    size_t marks = 0, n = 0;

    while (marks < 2)
        marks += (unsigned char)bytes.text[n++] == MARK;
    xd_str_addn(out, bytes.text, n);
    xd_str_free(&bytes);
    return n;
}

START_TEST(blocks_end_somewhere)
{
    struct xd_str open = {0}, all = {0}, text;
    size_t n = open_block(&open);

    for (unsigned int i = 0; i < 9; i++)
        xd_str_addn(&all, open.text, n);
    text = text_of(all.text, all.len);
    ck_assert_uint_eq(count(xd_str_text(&text), "multicall"), 9); /* a domain closes the block */
    xd_str_free(&text);
    for (unsigned int i = 0; i < 9; i++)
        xd_str_addn(&all, open.text + 3, n - 3);
    text = text_of(all.text, all.len);
    ck_assert_uint_eq(count(xd_str_text(&text), "multicall"), 8 + XD_BLOCKS_MAX);
    check_valid(all.text, all.len);
    xd_str_free(&open);
    xd_str_free(&all);
    xd_str_free(&text);
}
END_TEST

START_TEST(names_are_limited)
{
    struct xd_str bytes = repeated(D, "let t = 1\n", 5000), text = text_of(bytes.text, bytes.len);

    ck_assert_uint_eq(count(xd_str_text(&text), "let "), XD_NAMES_MAX);
    check_valid(bytes.text, bytes.len);
    xd_str_free(&bytes);
    xd_str_free(&text);
}
END_TEST

START_TEST(lines_are_limited)
{
    struct xd_str bytes = {0}, entry = {0}, text, input = {0}, long_name = {0};

    /* One line of entries, many more than fit. */
    open_block(&bytes);
    add_last(&entry, D "sched_op yield\n");
    for (unsigned int i = 0; i < 100000; i++)
        xd_str_addn(&bytes, entry.text, entry.len);
    check_valid(bytes.text, bytes.len);
    xd_str_free(&entry);
    xd_str_free(&bytes);

    /* A name that doesn't fit twice. */
    xd_str_add(&long_name, "let ");
    for (unsigned int i = 0; i < 400000; i++)
        xd_str_addc(&long_name, 'a');
    xd_str_add(&long_name, " = 1\n");
    xd_str_add(&input, xd_str_text(&long_name));
    xd_str_add(&input, "domain d1\nhypercall ");
    xd_str_addn(&input, xd_str_text(&long_name) + 4, 400000);
    xd_str_add(&input, " 1 1 1 1\n");
    bytes = bytes_of(xd_str_text(&input));
    text = text_of(bytes.text, bytes.len);
    ck_assert_str_eq(xd_str_text(&text), xd_str_text(&input));
    xd_str_free(&text);
    for (size_t i = bytes.len - 5; i < bytes.len - 1; i++)
        bytes.text[i] = bytes.text[bytes.len - 7]; /* the name again, wherever a number is */
    check_valid(bytes.text, bytes.len);
    xd_str_free(&bytes);
    xd_str_free(&input);
    xd_str_free(&long_name);
}
END_TEST

START_TEST(texts_are_limited)
{
    struct xd_str text = {0}, bytes;

    xd_str_add(&text, D "console_input \"");
    for (unsigned int i = 0; i < 300000; i++)
        xd_str_add(&text, "xx");
    xd_str_add(&text, "\"\n");
    bytes = bytes_of(xd_str_text(&text));
    for (size_t i = 20; i < bytes.len - 1; i++)
        bytes.text[i] = '\x01'; /* printed it is four times as long */
    check_valid(bytes.text, bytes.len);
    xd_str_free(&bytes);
    xd_str_free(&text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("bytes");
    TCase *tc = tcase_create("bytes");

    tcase_add_loop_test(tc, nothing_is_lost, 0, XD_ARRAY_SIZE(texts));
    tcase_add_loop_test(tc, a_prefix_is_the_beginning, 0, XD_ARRAY_SIZE(texts));
    tcase_add_test(tc, damage_ends_at_the_mark);
    tcase_add_test(tc, steps_are_short);
    tcase_add_test(tc, too_much_is_cut);
    tcase_add_loop_test(tc, what_can_not_be_is_mended, 0, XD_ARRAY_SIZE(mended));
    tcase_add_loop_test(tc, a_step_gets_what_it_needs, 0, XD_ARRAY_SIZE(pairs));
    tcase_add_test(tc, blocks_end_somewhere);
    tcase_add_test(tc, names_are_limited);
    tcase_add_test(tc, lines_are_limited);
    tcase_add_test(tc, texts_are_limited);
    suite_add_tcase(suite, tc);
    return fixture_main(suite);
}
