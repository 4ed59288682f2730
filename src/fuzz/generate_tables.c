/* SPDX-License-Identifier: MIT */
/*
 * generate_tables.c: trees of tables, right and wrong.
 *
 * The rule that keeps kernels alive: every NEW_BASEPTR of a page comes right behind the step that
 * writes the kernel's slot 511 to it. Whatever refuses that step refuses the switch as well.
 */
#include "fuzz/grammar.h"

static const struct xd_alt fresh[] = {
    A(5, "mmuext_op [CLEAR_PAGE mfn=<@1>, CLEAR_PAGE mfn=<@2>, CLEAR_PAGE mfn=<@3>, CLEAR_PAGE "
         "mfn=<@4>]"),
    A(2, "mmuext_op [UNPIN_TABLE mfn=<@4>]\nmmuext_op [UNPIN_TABLE mfn=<@3>]\n"
         "mmuext_op [UNPIN_TABLE mfn=<@2>]\n"
         "mmuext_op [UNPIN_TABLE mfn=<@1>]\nmmuext_op [CLEAR_PAGE mfn=<@1>, CLEAR_PAGE mfn=<@2>]"),
    A(1, "<link1>"),
};

static const struct xd_alt low_slot[] = {A(6, "0"), A(3, "1"), A(2, "2"), A(1, "300"), A(2, "511")};
static const struct xd_alt top_slot[] = {A(6, "0"),   A(3, "2"),   A(1, "5"),
                                         A(1, "200"), A(1, "272"), A(1, "300")};
static const struct xd_alt fill1[] = {
    A(8, "mmu_update [<@1>[0] = pte(<plain>, P|RW|US), <@1>[<1/2/511>] = pte(<PLAIN>, P|RW)]"),
    A(3, "mmu_update [<@1>[<slot4>] = <leaf>]"),
    A(2,
      "mmu_update [<@1>[0] = pte(<PLAIN>, P|RW), <@1>[1] = pte(<@2>, P), <@1>[2] = pte(<@4>, P)]"),
    A(2, "mmu_update [<@1>[0] = pte(<@1>, P), <@1>[5] = pte(<@3>, P|RW)]"),
};
/* <@1>..<@4> are tables of levels 1 to 4. */
static const struct xd_alt link1[] = {
    A(10, "mmu_update [<@2>[<low-slot>] = pte(<@1>, <table-flags>)]"),
    A(2, "mmu_update [<@2>[0] = pte(<@1>, P|RW), <@2>[<1/511>] = pte(<@1>, P|RW|US)]"),
    A(10, "mmu_update [<@2>[<low-slot>] = <node1>]")};
static const struct xd_alt link2[] = {
    A(10, "mmu_update [<@3>[<low-slot>] = pte(<@2>, <table-flags>)]"),
    A(2, "mmu_update [<@3>[1] = pte(<@2>, P|RW), <@3>[<0/510>] = pte(<@2>, P|RW|US)]"),
    A(10, "mmu_update [<@3>[<low-slot>] = <node2>]")};
static const struct xd_alt link3[] = {
    A(10, "mmu_update [<@4>[<top-slot>] = pte(<@3>, <table-flags>)]"),
    A(2, "mmu_update [<@4>[0] = pte(<@3>, P|RW), <@4>[2] = pte(<@3>, P|RW|US)]"),
    A(10, "mmu_update [<@4>[<top-slot>] = <node3>]")};
static const struct xd_alt links[] = {
    /* Tables first, entries later: each is checked when it is made. */
    A(12, "mmuext_op [PIN_L1_TABLE mfn=<@1>, PIN_L2_TABLE mfn=<@2>, PIN_L3_TABLE mfn=<@3>, "
          "PIN_L4_TABLE mfn=<@4>]\n"
          "mmu_update [<@2>[0] = pte(<@1>, <table-flags>), <@3>[0] = pte(<@2>, <table-flags>), "
          "<@4>[0] = pte(<@3>, <table-flags>)]\n"
          "<link1>\n<link2>\n<link3>"),
    A(12, "<fill1>\n<link1>\n<link2>\n<link3>"),
    A(3, "mmu_update [<@1>[0] = pte(<plain>, P|RW), <@2>[0] = pte(<@1>, P|RW|US), <@3>[0] = "
         "pte(<@2>, P|RW|US), "
         "<@4>[0] = pte(<@3>, P|RW|US)]"),
    A(2, "<link3>\n<link2>\n<link1>\n<fill1>"),
    A(2, "<link2>\n<fill1>\n<link3>\n<link1>"),
    A(2, "<fill1>\n<link1>\n<wrong>\n<link2>\n<link3>"),
};

/* Linear tables: an entry that points to a table of the same level. */
static const struct xd_alt wrong[] = {
    A(4, "mmu_update [<@4>[<2/5/200/300>] = pte(<@4>, <P/P/P|US/P|RW>)]"),
    A(3, "mmu_update [<@3>[<2/5/300>] = pte(<@3>, <P/P/P|US/P|RW>)]"),
    A(3, "mmu_update [<@2>[<2/5/300>] = pte(<@2>, <P/P/P|US/P|RW>)]"),
    A(2, "mmu_update [<@4>[<5/300>] = pte(<L4>, <P/P|RW>)]"),
    A(2, "mmu_update [<@3>[<5/300>] = pte(<L3>, <P/P|RW>)]"),
    A(2, "mmu_update [<@2>[<5/300>] = pte(<L2>, <P/P|RW>)]"),
    A(1, "mmu_update [<@4>[300] = pte(<x4>, P)]"),
    A(1, "mmu_update [<@3>[300] = pte(<x3>, P)]"),
    A(1, "mmu_update [<@2>[300] = pte(<x2>, P)]"),
    A(1, "mmu_update [<@2>[3] = pte(<@3>, P|RW|US)]"),
    A(1, "mmu_update [<@3>[3] = pte(<@1>, P|RW|US)]"),
    A(1, "mmu_update [<@1>[3] = pte(<@1>, P|RW)]"),
    /* A bit that entries above L1 never have, in a table before its audit. */
    A(3, "mmuext_op [CLEAR_PAGE mfn=<L2@5>, CLEAR_PAGE mfn=<L1@6>]\n"
         "mmu_update [<@5>[<low-slot>] = pte(<@6>, P|RW|US)^<never-upper>]\n"
         "mmuext_op [PIN_L2_TABLE mfn=<@5>]"),
    A(2, "mmuext_op [CLEAR_PAGE mfn=<L3@5>, CLEAR_PAGE mfn=<L2@6>]\n"
         "mmu_update [<@5>[<low-slot>] = pte(<@6>, P|RW|US)^<never-upper>]\n"
         "mmuext_op [PIN_L3_TABLE mfn=<@5>]"),
};

static const struct xd_alt use[] = {
    A(6, "mmuext_op [PIN_L4_TABLE mfn=<@4>]"),
    A(3, "mmuext_op [PIN_L3_TABLE mfn=<@3>]"),
    A(3, "mmuext_op [PIN_L2_TABLE mfn=<@2>]"),
    A(3, "mmuext_op [PIN_L1_TABLE mfn=<@1>]"),
    A(2, "mmuext_op [PIN_L1_TABLE mfn=<@1>, PIN_L2_TABLE mfn=<@2>, PIN_L3_TABLE mfn=<@3>, "
         "PIN_L4_TABLE mfn=<@4>]"),
    A(5, "<switch>"),
    A(3, "mmuext_op [NEW_USER_BASEPTR mfn=<@4>]"),
    A(4, "mmu_update [<x4>[<0/2/5/6/300>] = pte(<@3>, <table-flags>)]"),
    A(4, "mmu_update [<x3>[<3/5>] = pte(<@2>, <table-flags>)]"),
    A(4, "mmu_update [<x2>[<2/3>] = pte(<@1>, <table-flags>)]"),
};
static const struct xd_alt switch_to[] = {
    A(6, "mmu_update [<@4>[511] = entry(<x4>[511]), <@4>[1] = entry(<x4>[1])]\n"
         "mmuext_op [<20%PIN_L4_TABLE mfn=<@4>, >NEW_BASEPTR mfn=<@4>]"),
    A(1, "mmu_update [<@4>[511] = entry(<x4>[511])]\nmmuext_op [NEW_BASEPTR mfn=<@4>]"),
};
static const struct xd_alt mutate[] = {
    A(6, "mmu_update [<@1>[<low-slot>] = <leaf>]"),
    A(10, "mmu_update [<@2>[<low-slot>] = <node1>]"),
    A(10, "mmu_update [<@3>[<low-slot>] = <node2>]"),
    A(10, "mmu_update [<@4>[<top-slot>] = <node3>]"),
    A(4, "update_va_mapping <window> pte(<<@1>/<@2>/<@3>/<@4>>, P|RW) UVMF_INVLPG"),
    A(4, "mmuext_op [PIN_L<1/2/3/4>_TABLE mfn=<<@1>/<@2>/<@3>/<@4>>]"),
    A(1, "mmu_update [<@4>[<top-slot>] = 0]"),
    A(1, "mmu_update [<@3>[<low-slot>] = 0]"),
    A(1, "mmu_update [<@2>[<low-slot>] = 0]"),
    A(2, "mmu_update [<@2>[0] = pte(<@1>, <flags>)]"),
    A(2, "mmu_update [<@3>[0] = pte(<@2>, <flags>)]"),
    A(2, "mmu_update [<@4>[0] = pte(<@3>, <flags>)]"),
    A(2, "mmu_update [<@2>[0] = entry(<@2>[0])^<bit>]"),
    A(2, "mmu_update [<@2>[0] = entry(<@2>[0])^<never-upper>]"),
    A(2, "mmu_update [<@1>[0] = entry(<@1>[0])^<bit>]"),
    A(2, "mmu_update [preserve_ad <@1>[0] = entry(<@1>[0])^<bit>]"),
    A(1, "mmu_update [<@4>[0] = entry(<@4>[0])^<bit>]"),
    A(3, "<wrong>"),
    A(2, "update_va_mapping <window> pte(<<@1>/<@2>/<@3>/<@4>>, <P/P/P|RW>) UVMF_INVLPG"),
    A(2, "mmuext_op [CLEAR_PAGE mfn=<<@1>/<@2>/<@3>/<@4>>]"),
    A(2, "mmu_update [<@1>[0] = pte(<PLAIN@5>, P|RW)]\nmmuext_op [PIN_L1_TABLE mfn=<@5>]"),
};
static const struct xd_alt take_down[] = {
    A(4, "mmuext_op [UNPIN_TABLE mfn=<@4>]"),
    A(2, "mmuext_op [UNPIN_TABLE mfn=<@3>]"),
    A(2, "mmuext_op [UNPIN_TABLE mfn=<@2>]"),
    A(2, "mmuext_op [UNPIN_TABLE mfn=<@1>]"),
    A(4, "mmuext_op [NEW_BASEPTR mfn=<x4>]\nmmuext_op [UNPIN_TABLE mfn=<@4>]"),
    A(2, "mmuext_op [NEW_USER_BASEPTR mfn=0]"),
    A(2, "mmu_update [<x4>[0] = 0, <x4>[2] = 0, <x4>[5] = 0, <x4>[6] = 0, <x4>[300] = 0]"),
    A(2, "mmu_update [<x3>[3] = 0, <x3>[5] = 0]\nmmu_update [<x2>[2] = 0, <x2>[3] = 0]"),
    A(2, "<everything-down>"),
};
static const struct xd_alt everything_down[] = {
    A(1, "mmuext_op [NEW_BASEPTR mfn=<x4>]\nmmuext_op [NEW_USER_BASEPTR mfn=0]\n"
         "mmu_update [<x4>[0] = 0, <x4>[2] = 0, <x4>[5] = 0, <x4>[6] = 0, <x4>[300] = 0, <x3>[3] = "
         "0, <x3>[5] = 0, "
         "<x2>[2] = 0, <x2>[3] = 0]\n<unmap-all>\n<unpin-all>"),
    A(1, "<unpin-all>\n<unmap-all>"),
};
static const struct xd_alt unmap_all[] = {A(
    1, "mmu_update [<x1>[0] = 0, <x1>[1] = 0, <x1>[2] = 0, <x1>[3] = 0, <x1>[4] = 0, <x1>[5] = 0]\n"
       "<flush>")};

/* The whole life of a tree, or what a shorter program has room for. */
static const struct xd_alt tree[] = {
    A(6, "<fresh>\n<links>\n<use>\n<mutate>\n<70%<mutate>\n><50%<mutate>\n><50%<mm>\n><take-down>"),
    A(3, "<fresh>\n<links>\n<use>\n<use>\n<mutate>\n<take-down>\n<take-down>"),
    A(2, "<fresh>\n<links>\n<50%<wrong>\n><use>\n<mutate>\n<mutate>\n<mutate>"),
};

/* ---- Short stories about one rule each; <@1>..<@4> as above ---- */

static const struct xd_alt own_upper[] = {A(1, "<<x4>/<x3>/<x2>>")};
static const struct xd_alt linear[] = {
    A(3, "mmuext_op [CLEAR_PAGE mfn=page(0)]\nmmuext_op [CLEAR_PAGE mfn=page(1)]\n"
         "mmuext_op [PIN_L4_TABLE mfn=page(0)]\n"
         "mmu_update [page(1)[<5/300>] = pte(page(0), <P/P/P|RW>)]\n"
         "mmuext_op [PIN_L4_TABLE mfn=page(1)]\n"
         "mmu_update [page(0)[<5/300>] = pte(page(1), <P/P|RW>)]\n"
         "mmu_update [<x4>[300] = pte(page(<0/1>), P)]"),
    A(3, "mmuext_op [CLEAR_PAGE mfn=page(2), CLEAR_PAGE mfn=page(3), PIN_L3_TABLE mfn=page(2), "
         "PIN_L3_TABLE mfn=page(3)]\n"
         "mmu_update [page(2)[5] = pte(page(3), P)]\nmmu_update [page(3)[5] = pte(page(2), P)]\n"
         "mmu_update [<x3>[5] = pte(page(2), P)]\n"
         "mmu_update [page(<2/3>)[6] = pte(page(<2/3>), <P/P|RW>)]\nmmu_update [page(2)[5] = 0]"),
    A(3, "mmuext_op [CLEAR_PAGE mfn=page(4), CLEAR_PAGE mfn=page(5), PIN_L2_TABLE mfn=page(4), "
         "PIN_L2_TABLE mfn=page(5)]\n"
         "mmu_update [page(4)[5] = pte(page(5), P)]\nmmu_update [page(5)[5] = pte(page(4), P)]\n"
         "mmu_update [<x2>[5] = pte(page(4), P)]\n"
         "mmuext_op [UNPIN_TABLE mfn=page(5)]\nmmu_update [page(4)[5] = 0]"),
    A(2, "mmu_update [<x4>[<5/300>] = pte(<x4>, <P/P/P|RW>)]\n<flush>\n"
         "load <0x28000000000/0x28000001000/0xffff960000000000>\n"
         "update_va_mapping <0x28000000000/0x28000001000/0x28000a00000> <leaf> UVMF_INVLPG\n"
         "mmu_update [<x4>[<5/300>] = 0]"),
    /* What was right when it was made, and is changed later in its flags only. */
    A(4, "mmu_update [<own-upper@0>[5] = pte(<@0>, P)]\n"
         "mmu_update [<@0>[5] = entry(<@0>[5])^<0x2/0x2/<bit>>]\nmmu_update [<@0>[5] = 0]"),
    /* A chain: a table in the middle would hold a linear entry and be the target of one. */
    A(3,
      "mmuext_op [CLEAR_PAGE mfn=page(<4/5>), PIN_L2_TABLE mfn=page(4), PIN_L2_TABLE "
      "mfn=page(5)]\n"
      "mmu_update [<x2>[<5/300>] = pte(page(4), P)]\n"
      "mmu_update [page(4)[<5/300>] = pte(page(5), P)]\nmmu_update [<x2>[5] = 0, <x2>[300] = 0]"),
    A(2, "mmuext_op [CLEAR_PAGE mfn=page(<2/3>), PIN_L3_TABLE mfn=page(2), PIN_L3_TABLE "
         "mfn=page(3)]\n"
         "mmu_update [page(2)[<5/300>] = pte(page(3), P)]\n"
         "mmu_update [<x3>[<5/300>] = pte(page(2), P)]\nmmu_update [page(2)[5] = 0]\n"
         "mmu_update [<x3>[<5/300>] = pte(page(2), P)]\n"
         "mmu_update [page(2)[6] = pte(page(3), P)]"),
    /* The self map shows L4 slots as L1 tables: slot 256 and on lead to Xen's. */
    A(2, "mmu_update [<x4>[5] = pte(<x4>, P)]\nupdate_va_mapping 0x28000000000+<0/1/256/262/"
         "511>*0x40000000+5*0x200000 0 UVMF_INVLPG\n"
         "update_va_mapping 0x28140000000+<256/262/511/300>*0x200000 0 UVMF_INVLPG\n"
         "update_va_mapping 0x28140a00000+<256/262/1/0>*0x1000 <leaf> UVMF_INVLPG"),
};

static const struct xd_alt story[] = {
    /* A frame mapped writable does not become a table, nor a table writable. */
    A(3, "update_va_mapping <window@5> pte(<@1>, P|RW) UVMF_INVLPG\n"
         "mmuext_op [PIN_L<1/2/3/4>_TABLE mfn=<@1>]\n"
         "update_va_mapping <@5> pte(<@1>, P) UVMF_INVLPG\nmmuext_op [PIN_L1_TABLE mfn=<@1>]\n"
         "update_va_mapping <@5> pte(<@1>, P|RW) UVMF_INVLPG"),
    /* One frame, one type at a time. */
    A(3, "mmuext_op [CLEAR_PAGE mfn=<@2>]\nmmuext_op [PIN_L<1/2/3/4>_TABLE mfn=<@2>]\n"
         "mmuext_op [PIN_L<1/2/3/4>_TABLE mfn=<@2>]\n"
         "mmuext_op [UNPIN_TABLE mfn=<@2>]\nmmuext_op [PIN_L<1/2/3/4>_TABLE mfn=<@2>]\n"
         "mmuext_op [UNPIN_TABLE mfn=<@2>]"),
    /* A table lives as long as somebody uses it. */
    A(3, "mmuext_op [CLEAR_PAGE mfn=<@1>, PIN_L1_TABLE mfn=<@1>]\n"
         "mmu_update [<x2>[2] = pte(<@1>, P|RW|US)]\n"
         "mmuext_op [UNPIN_TABLE mfn=<@1>]\nupdate_va_mapping <window> pte(<@1>, P|RW) "
         "UVMF_INVLPG\nmmu_update [<x2>[2] = 0]\n"
         "update_va_mapping <window> pte(<@1>, P|RW) UVMF_INVLPG"),
    /* An audit that fails on the way takes back what it did. */
    A(3, "<fresh>\nmmu_update [<@2>[0] = pte(<@1>, P|RW), <@2>[<1/511>] = pte(<x4>, P|RW)]\n"
         "mmuext_op [PIN_L2_TABLE mfn=<@2>]\n"
         "mmu_update [<@3>[<1/2>] = pte(<@2>, P|RW)]\nmmuext_op [PIN_L3_TABLE mfn=<@3>]\n"
         "mmu_update [<@2>[<1/511>] = 0]\n"
         "mmuext_op [PIN_L3_TABLE mfn=<@3>]"),
    /* Base pointers there and back. */
    A(4, "mmuext_op [CLEAR_PAGE mfn=<@4>]\n<switch>\nmmu_update [<@4>[0] = <node3>]\n"
         "mmuext_op [NEW_BASEPTR mfn=<x4>]\n"
         "mmuext_op [NEW_USER_BASEPTR mfn=<@4>]\nmmu_update [<@4>[<slot4>] = <node3>]\n"
         "mmuext_op [NEW_USER_BASEPTR mfn=0]"),
    A(1,
      "mmuext_op [NEW_BASEPTR mfn=<x4>]\nmmuext_op [UNPIN_TABLE mfn=<x4>, PIN_L4_TABLE mfn=<x4>]"),
    A(1, "<switch>\nmmuext_op [<UNPIN_TABLE/CLEAR_PAGE/PIN_L4_TABLE> mfn=<@4>]"),
    A(2, "<switch>\nmemory_op decrease_reservation extent_start=[<@4>] domid=SELF\n"
         "mmuext_op [NEW_BASEPTR mfn=<x4>]"),
    A(10, "<linear>"),
    A(3, "<everything-down>"),
};

/* Live tables of every level, linked or pinned, for the steps that follow. */
static const struct xd_alt world[] = {
    A(6, "mmuext_op [<world-fresh>, PIN_L1_TABLE mfn=page(6), PIN_L1_TABLE mfn=page(7), "
         "PIN_L2_TABLE mfn=page(4), "
         "PIN_L3_TABLE mfn=page(2), PIN_L4_TABLE mfn=page(<0/1>)]\n"
         "mmu_update [page(6)[0] = pte(<PLAIN>, P|RW), page(4)[0] = pte(page(6), P|RW|US), "
         "page(2)[0] = pte(page(4), P|RW|US), page(0)[0] = pte(page(2), P|RW|US), page(7)[0] = "
         "pte(<PLAIN>, P|RW|US)]"
         "<40%\n<windows>>"),
    A(3, "mmuext_op [<world-fresh>, PIN_L1_TABLE mfn=page(6), PIN_L1_TABLE mfn=page(7), "
         "PIN_L2_TABLE mfn=page(4), "
         "PIN_L3_TABLE mfn=page(2), PIN_L4_TABLE mfn=page(<0/1>)]<60%\n<windows>>"),
    A(2, "mmuext_op [<world-fresh>, PIN_L4_TABLE mfn=page(0), PIN_L4_TABLE mfn=page(1), "
         "PIN_L3_TABLE mfn=page(2), "
         "PIN_L3_TABLE mfn=page(3), PIN_L2_TABLE mfn=page(4), PIN_L2_TABLE mfn=page(5)]\n"
         "mmu_update [<x2>[2] = pte(page(6), P|RW|US), <x2>[3] = pte(page(7), P|RW|US)]<40%\n"
         "<windows>>"),
};
static const struct xd_alt world_fresh[] = {
    A(1, "CLEAR_PAGE mfn=page(0), CLEAR_PAGE mfn=page(1), CLEAR_PAGE mfn=page(2), CLEAR_PAGE "
         "mfn=page(3), "
         "CLEAR_PAGE mfn=page(4), CLEAR_PAGE mfn=page(5), CLEAR_PAGE mfn=page(6), CLEAR_PAGE "
         "mfn=page(7), "
         "CLEAR_PAGE mfn=page(8)")};
static const struct xd_alt windows[] = {
    A(1, "mmu_update [<x1>[0] = pte(<PLAIN>, P|RW), <x1>[1] = pte(<PLAIN>, P|RW|US), <x1>[2] = "
         "pte(<L1>, P), "
         "<x1>[3] = pte(<PLAIN>, P)]")};
static const struct xd_alt any_tree[] = {A(12, "<tree>"), A(12, "<story>")};

/* Draws the four tables, then tells what happens to them. */
static void tables(struct xd_gen *g, unsigned int arg, struct xd_str *out)
{
    struct xd_str unseen = {0};

    (void)arg;
    xd_gen_expand(g, "<tree1@1><tree2@2><tree3@3><L4@4>", &unseen);
    xd_str_free(&unseen);
    xd_gen_rule(g, "any-tree", out);
}

/* Takes the pins off that are believed to be there. */
static void unpin_all(struct xd_gen *g, unsigned int arg, struct xd_str *out)
{
    struct xd_gen_domain *d = xd_gen_here(g);
    unsigned int nr = 0;

    (void)arg;
    for (unsigned int k = 0; k < XD_GEN_PAGES; k++)
        if (d->pinned[k])
            xd_str_addf(out, "%smmuext_op [UNPIN_TABLE mfn=page(%u)]", nr++ ? "\n" : "", k);
    if (!nr)
        xd_gen_rule(g, "flush", out);
}

const struct xd_rule xd_rules_tables[] = {
    MAKE("tables", tables, 0),
    MAKE("unpin-all", unpin_all, 0),
    RULE("any-tree", any_tree),
    RULE("tree", tree),
    RULE("story", story),
    RULE("own-upper", own_upper),
    RULE("linear", linear),
    RULE("world", world),
    RULE("world-fresh", world_fresh),
    RULE("windows", windows),
    RULE("fresh", fresh),
    RULE("low-slot", low_slot),
    RULE("top-slot", top_slot),
    RULE("fill1", fill1),
    RULE("link1", link1),
    RULE("link2", link2),
    RULE("link3", link3),
    RULE("links", links),
    RULE("wrong", wrong),
    RULE("use", use),
    RULE("switch", switch_to),
    RULE("mutate", mutate),
    RULE("take-down", take_down),
    RULE("everything-down", everything_down),
    RULE("unmap-all", unmap_all),
    {0},
};
