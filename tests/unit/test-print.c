/* SPDX-License-Identifier: MIT */
/* test-print.c: canonical text, and its identity under reading and printing. */
#include "fixture.h"

#include "program/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *canonical(const char *text)
{
    struct xd_str out = {0};
    char *error = NULL;
    struct xd_program *p = xd_program_parse("f", text, strlen(text), &error);

    ck_assert_msg(p, "%s", error);
    xd_program_print(p, &out);
    xd_program_free(p);
    if (!out.text)
        xd_str_add(&out, "");
    return out.text;
}

/* Behind "domain d1" and "domain d2". */
static const char *const formatted[] = {
    "# a note\n",
    "@d1.0\n",
    "let t = page(0)\n",
    "let t = 0xabc # why\n",
    "let t = (1+2)*3-(4-5)-6\n",
    "let t = 1|2^3&4<<5+6*-7\n",
    "let t = ~(1|2)>>3%2/1\n",
    "let t = -(1+2)\n",
    "let t = d2.page(1)[3]+d1.start.p2m_va-start.pages\n",
    "let t = table(2, va(0))[entry(d1)]\n",
    "let t = VIRQ.TIMER\n",
    "let t = (1+2)[3]\n",
    "event_channel_op send port=3 = EINVAL why=evtchn-port-range\n",
    "event_channel_op alloc_unbound dom=SELF remote_dom=d2 = 0 port=$p\n",
    "sched_op block = 0 blocked\n",
    "event_channel_op op=99 arg=ptr(1, 2) = ENOSYS\n",
    "event_channel_op_compat close port=3\n",
    "memory_op decrease_reservation start=1 extent_start=[page(1), page(2)] domid=SELF = 2\n",
    "memory_op populate_physmap extent_start=[1] = 1 extent_start=[$m]\n",
    "update_va_mapping va(0) pte(page(1), P|RW) UVMF_INVLPG = 0\n",
    "update_va_mapping va(0) -1 3\n",
    "set_gdt [page(0), page(1)] 1024 = ?\n",
    "console_io write 5 \"a\\\"\\\\\\n\\x01\" = 5 buffer=\"x\"\n",
    "hypercall 60 1 2 \"x\" [3] = ENOSYS\n",
    "mmu_update [] reqs=0 count=0x80000000 pdone=0 fd=9 = 9\n",
    "mmu_update [page(0)[1] = 0, machphys 3 = 4, preserve_ad 8 = 0, no_translate 8 = 0, raw 4 = 0] fd=d2 pfd=d1 = 0 done=5\n",
    "mmu_update [ # first\n  0 = 1, # a\n  raw 2 = 3 # b\n] = 0 # end\n",
    "mmuext_op [PIN_L1_TABLE mfn=page(0), TLB_FLUSH_LOCAL, cmd=21 arg1=1 arg2=2] = EINVAL done=none\n",
    "multicall { xen_version version = 0x40011 ; sched_op yield } nr_calls=1 = 0\n",
    "multicall {\n  xen_version version\n\n  # note\n  mmu_update [\n    0 = 1\n  ] = 0 # x\n  multicall { sched_op yield }\n} = 0 # end\n",
    "multicall { # open\n  sched_op block = 0\n} = 0\n",
    "store va(0)+8 0x1 size=4 = pf error=0x3 why=ptwr-off\n",
    "store va(0) 1 = ok\n",
    "load va(0) = $x\n",
    "load va(0) size=1 = pf error=0x4\n",
    "advance 10ms\n",
    "inject event_channel_op send nth=2 error=ENOMEM\n",
    "inject mmu_update error=-1\n",
    "inject mmuext_op PIN_L1_TABLE times=2 percent=50 seed=7 error=EBUSY\n",
    "event 3\n",
    "upcall\n",
    "scarce frames()\n",
    "console_input \"hi\\n\"\n",
    "virq TIMER\n",
    "destroy d2\n",
    "crash d2\n",
    "poke shared_info()[320] 0x2\n",
    "poke mach(page(0))+1 [pte(page(1), P), 2]\n",
    "memory 0x7000 \"a\\x00b\"\n",
    "memory 0x7000 [1, 2] readonly\n",
    "incomplete \"why\"\n",
    "expect frame page(0) type=l1 count=1 refs=2 owner=d1 pinned !validated allocated\n",
    "expect frame 0 owner=io\n",
    "expect entry page(0)[3] = pte(page(1), P|RW|US|A|D|GK|NX)\n",
    "expect mem va(0) size=4 = 1\n",
    "expect m2p page(0) = pfn(0)\n",
    "expect d1 port 3 unbound remote=d2 remote_port=1 virq=TIMER vcpu=0 pending !masked\n",
    "expect d1 port 3 !pending\n",
    "expect d1.0 running upcall_pending !upcall_mask sel=1 cr3=cr3() user_cr3=0 event=va(0) failsafe=1 syscall=2 flushes=3 invlpgs=4 due !continuing\n",
    "expect d1.0 !due\n",
    "expect d1 shutdown=crash pages=5 assist=0x20\n",
    "expect d1 shutdown=none\n",
    "expect console \"x\"\n",
    "expect audit\n",
};

#define HEAD                                                                                                      \
    "machine frames=2048 seed=3 domains=2 khz=1\n\n# domains\n"                                                   \
    "domain d1 id=5 pages=9 pages_max=9 vcpus=2 online=1 privileged ioports order=dom0 initrd=5 initrd_unmapped " \
    "init_p2m=0x1000 port_max=9 evtchn_remote=0 iomem=1-2 iomem=(1+2)-0x5 cmdline=\"x y\" scratch=3\ndomain d2\n\n"

START_TEST(canonical_text_stays_as_it_is)
{
    char text[2000], *out, *again;

    snprintf(text, sizeof(text), HEAD "%s", formatted[_i]);
    out = canonical(text);
    ck_assert_str_eq(out, text);
    again = canonical(out);
    ck_assert_str_eq(again, out);
    free(again);
    free(out);
}
END_TEST

static const struct {
    const char *text, *canonical;
} messy[] = {
    {"", ""},
    {"\n\n\n", ""},
    {"\n# a\n\n\n\n#b  \n\n", "# a\n\n#b\n"},
    {"domain d1\r\n\tlet  a=1+2 #x", "domain d1\nlet a = 1+2 #x\n"},
    {"let a = ((1))", "let a = 1\n"},
    {"let a = 1 + 2*(3)", "let a = 1+2*3\n"},
    {"let a = 0X00Ff", "let a = 0xff\n"},
    {"domain d1\nevent_channel_op port=3 send", NULL}, /* fields stand behind their operation */
    {"domain d1\nevent_channel_op arg=3 send", "domain d1\nevent_channel_op send arg=3\n"},
    {"domain d1\nmmu_update[1=2,]=0", "domain d1\nmmu_update [1 = 2] = 0\n"},
    {"domain d1\nmmu_update [normal 8 = 2]", "domain d1\nmmu_update [8 = 2]\n"},
    {"domain d1\nmulticall{sched_op yield;\nsched_op yield}=0",
     "domain d1\nmulticall {\n  sched_op yield\n  sched_op yield\n} = 0\n"},
    {"domain d1\nexpect mem 0 = 1 size=4", "domain d1\nexpect mem 0 = 1 size=4\n"},
};

START_TEST(other_text_is_brought_into_form)
{
    char *out, *again, *error = NULL;

    if (!messy[_i].canonical) {
        ck_assert_ptr_null(xd_program_parse("f", messy[_i].text, strlen(messy[_i].text), &error));
        free(error);
        return;
    }
    out = canonical(messy[_i].text);
    ck_assert_str_eq(out, messy[_i].canonical);
    again = canonical(out);
    ck_assert_str_eq(again, out);
    free(again);
    free(out);
}
END_TEST

/*
 * Every shape of a tree of four numbers and three operators keeps its value through print and
 * parse.
 */
static uint64_t value_of(const struct xd_program *p, xd_ex e)
{
    const struct xd_expr *x = xd_expr_at(p, e);
    uint64_t a, b;

    if (x->op == XD_EX_NUM)
        return x->num;
    ck_assert_int_eq(x->op, XD_EX_BINARY);
    a = value_of(p, x->a);
    b = value_of(p, x->b);
    switch (x->sub) {
    case '+': return a + b;
    case '-': return a - b;
    case '*': return a * b;
    case '|': return a | b;
    case '&': return a & b;
    default: return a << (b & 63);
    }
}

START_TEST(parentheses_are_kept_where_they_matter)
{
    static const char *const shapes[] = {"((%d%s%d)%s%d)%s%d", "(%d%s(%d%s%d))%s%d",
                                         "(%d%s%d)%s(%d%s%d)", "%d%s((%d%s%d)%s%d)",
                                         "%d%s(%d%s(%d%s%d))"};
    static const char *const ops[] = {"+", "-", "*", "|", "&", "<<"};
    unsigned int combinations = 6 * 6 * 6;

    for (unsigned int i = 0; i < combinations; i++) {
        char text[80], head[96], *out, *error;
        struct xd_program *p, *q;

        snprintf(text, sizeof(text), shapes[_i], 7, ops[i % 6], 3, ops[i / 6 % 6], 5, ops[i / 36],
                 2);
        snprintf(head, sizeof(head), "let a = %s\n", text);
        p = xd_program_parse("f", head, strlen(head), &error);
        ck_assert_ptr_nonnull(p);
        out = canonical(head);
        q = xd_program_parse("f", out, strlen(out), &error);
        ck_assert_ptr_nonnull(q);
        ck_assert_msg(value_of(p, p->step[1].result) == value_of(q, q->step[1].result),
                      "%s became %s", head, out);
        xd_program_free(p);
        xd_program_free(q);
        free(out);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("print");
    TCase *tc = tcase_create("print");

    tcase_add_loop_test(tc, canonical_text_stays_as_it_is, 0, XD_ARRAY_SIZE(formatted));
    tcase_add_loop_test(tc, other_text_is_brought_into_form, 0, XD_ARRAY_SIZE(messy));
    tcase_add_loop_test(tc, parentheses_are_kept_where_they_matter, 0, 5);
    suite_add_tcase(suite, tc);
    return fixture_main(suite);
}
