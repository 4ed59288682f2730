/* SPDX-License-Identifier: MIT */
/* generate_mm.c: single changes of tables and mappings, and stores that Xen carries out. */
#include "fuzz/grammar.h"

/* ---- mmu_update ---- */

/* Bits that entries above L1 never have: PWT, PCD, PSE, G. */
static const struct xd_alt never_upper[] = {A(1, "<0x8/0x10/0x80/0x100>")};
static const struct xd_alt update_plain[] = {
    A(16, "<at1> = <leaf>"),
    A(14, "<at2> = <node1>"),
    A(10, "<at3> = <node2>"),
    A(8, "<at4> = <node3>"),
    A(8, "<at2> = <leaf>"),
    A(6, "<at4> = <<node1>/<node2>>"),
    A(3, "<at1@0> = entry(<@0>)^<bit>"),
    A(3, "<at2@0> = entry(<@0>)^<bit>"),
    A(2, "<at4@0> = entry(<@0>)^<bit>"),
    A(2, "<<at2@0>/<at3@0>/<at4@0>> = entry(<@0>)^<never-upper>"),
    A(2, "<<x2>[0]/<x3>[0]/<x4>[1]> = entry(<<x2>[0]/<x3>[0]/<x4>[1]>)^<never-upper>"),
    A(4, "<x1>[<0/1/2/3/4/5>] = <ram>"),
    A(6, "<x1>[<16/17/18/19/40/41>] = <leaf>"),
    A(4, "<x2>[<2/3/4/511>] = <node1>"),
    A(3, "<x3>[<3/5/511>] = <node2>"),
    A(3, "<x4>[<0/2/5/6/200/255/256/258/260/271/272/300/510>] = <node3>"),
    A(2, "<x4>[511] = entry(<x4>[511])"),
    A(2, "shared_info()[<256/260/319>] = <0/1/0xffffffffffffffff>"),
    A(2, "<plain>[<slot4>] = <0/1/0xff/0x1000>"),
    A(2, "<page>[3] = <leaf>"),
    A(6, "<stranger>[2] = <leaf>"),
    A(5, "<alien>[0] = 0"),
    A(1, "<at1> = 0"),
    A(1, "<at2> = 0"),
    A(1, "<at3> = 0"),
    A(1, "<at4> = 0"),
};
static const struct xd_alt update[] = {
    A(60, "<update-plain>"),
    A(6, "preserve_ad <update-plain>"),
    A(2, "no_translate <update-plain>"),
    A(4, "machphys <page> = <<pfn>/<pfn>/0/0xffffffffffffffff/0x5555555555555555/0x1000000>"),
    A(1, "machphys <stranger> = <pfn>"),
    A(1, "raw mach(<l1>)+<4/5/6/7/12> = <leaf>"),
};
static const struct xd_alt updates[] = {A(4, "<update>"), A(5, "<update>, <update>"),
                                        A(5, "<update>, <update>, <update>"),
                                        A(3, "<update>, <update>, <update>, <update>")};
static const struct xd_alt mmu_tail[] = {
    A(24, ""),
    A(8, " fd=<domid>"),
    A(1, " fd=<domid> pfd=<domid>"),
    A(1, " pfd=<SELF/0/7/IO>"),
    A(3, " count=<count>"),
    A(1, " count=0x80000001 pdone=ptr4(<0/1/0xfffffffe>)"),
    A(2, " pdone=<0/<bad-out>>"),
    A(1, " reqs=<bad-in> count=<0/1/2>"),
    A(1, " reqs=0 count=0x80000000"),
};
static const struct xd_alt mmu[] = {A(1, "mmu_update [<updates>]<mmu-tail>")};

/* ---- mmuext_op ---- */

static const struct xd_alt ext[] = {
    A(30, "<pin>"),
    A(20, "<unpin>"),
    A(8, "PIN_L<1/2/3/4>_TABLE mfn=<stranger>"),
    A(4, "PIN_L<1/2/3/4>_TABLE mfn=<<l1>/<l2>/<l3>/<l4>>"),
    A(4, "UNPIN_TABLE mfn=<stranger>"),
    A(5, "NEW_USER_BASEPTR mfn=<l4>"),
    A(2, "NEW_USER_BASEPTR mfn=0"),
    A(3, "NEW_USER_BASEPTR mfn=<stranger>"),
    A(3, "NEW_USER_BASEPTR mfn=<<l1>/<l2>/<l3>/<plain>>"),
    A(10, "PIN_L<1/2/3/4>_TABLE mfn=<page>"),
    A(10, "UNPIN_TABLE mfn=<page>"),
    A(3, "NEW_BASEPTR mfn=<x4>"),
    A(1, "NEW_BASEPTR mfn=cr3()"),
    A(3, "NEW_BASEPTR mfn=<frames()/0xa0/shared_info()/0xffffffffff>"),
    A(3, "TLB_FLUSH_LOCAL"),
    A(2, "TLB_FLUSH_ALL"),
    A(2, "TLB_FLUSH_MULTI vcpumask=<mask-pointer>"),
    A(2, "INVLPG_MULTI linear_addr=va(0) vcpumask=<mask-pointer>"),
    A(2, "INVLPG_LOCAL linear_addr=<va(0)/0/0xffff830000000000/0x800000000000>"),
    A(2, "INVLPG_ALL linear_addr=<va(1)/0/0x800000000000/0xffff880000000000>"),
    A(2, "FLUSH_CACHE"),
    A(2, "FLUSH_CACHE_GLOBAL"),
    A(6, "CLEAR_PAGE mfn=<page>"),
    A(4, "CLEAR_PAGE mfn=<<l1>/<l2>/<l4>/<x1>>"),
    A(4, "CLEAR_PAGE mfn=<plain>"),
    A(2, "CLEAR_PAGE mfn=<alien>"),
    A(6, "COPY_PAGE mfn=<plain> src_mfn=<plain>"),
    A(2, "COPY_PAGE mfn=<l1> src_mfn=<stranger>"),
    A(1, "COPY_PAGE mfn=<alien> src_mfn=<plain>"),
    A(3, "SET_LDT linear_addr=<window> nr_ents=<0/1/512>"),
    A(1, "<MARK_SUPER/UNMARK_SUPER> mfn=<page>"),
    A(2, "cmd=<14/21/22/0x40/0x99/0x80000000/0xffffffff> arg1=<page> arg2=0"),
};
static const struct xd_alt exts[] = {A(5, "<ext>"), A(6, "<ext>, <ext>"),
                                     A(3, "<ext>, <ext>, <ext>"),
                                     A(1, "<unpin>, <unpin>, <unpin>, <unpin>")};
static const struct xd_alt ext_tail[] = {A(22, ""),
                                         A(8, " fd=<domid>"),
                                         A(3, " count=<count>"),
                                         A(1, " count=0x80000001 pdone=ptr4(<0/1/0xfffffffe>)"),
                                         A(2, " pdone=<0/<bad-out>>"),
                                         A(1, " ops=<bad-in> count=<0/1/2>"),
                                         A(1, " ops=0 count=0x80000000")};
static const struct xd_alt mmuext[] = {A(1, "mmuext_op [<exts>]<ext-tail>")};

/* ---- update_va_mapping ---- */

/* The slots of what is mapped, by an address that is none. */
static const struct xd_alt alias[] = {
    A(1, "va(<16/17/18/19>)^<0x1000000000000/0x80000000000000/0x8000000000000000>")};
static const struct xd_alt uvm[] = {
    A(20, "update_va_mapping <window> <ram> <map-flags>"),
    A(30, "update_va_mapping va(<16/17/18/19>) <leaf> <map-flags>"),
    A(3, "update_va_mapping va(<16/17>) <leaf> <UVMF_TLB_FLUSH/UVMF_INVLPG>|<mask-pointer>"),
    A(1, "update_va_mapping va(16) <leaf> <0/3/4/7/8/0x8000000000000001>"),
    A(5, "update_va_mapping va(512)+<0/4096/8192> <leaf> <map-flags>"),
    A(5, "update_va_mapping <0/0x7ffffffff000/0x900000000000/va(0)+0x40000000> <leaf> <map-flags>"),
    A(5, "update_va_mapping <0xffff800000000000/0xffff830000000000/0xffff87fffffff000/"
         "0xffff880000000000> <leaf> "
         "<map-flags>"),
    A(1, "update_va_mapping <0x800000000000/0xffff7ffffffff000/0xffffffffffffffff> <leaf> "
         "<map-flags>"),
    A(2, "update_va_mapping <alias> <leaf> <map-flags>"),
    A(2, "update_va_mapping start.padding_va+0x100000+<0/4096/8192> <ram> <map-flags>"),
    A(2, "update_va_mapping <window>+<1/7/8/4095> <ram> <map-flags>"),
    A(3, "update_va_mapping_otherdomain va(<16/17>) <leaf> UVMF_INVLPG <domid>"),
    TWO(5,
        "update_va_mapping_otherdomain va(<16/17>) pte(<their-plain>, P|RW) UVMF_INVLPG <other>"),
};

/* ---- Loads and stores ---- */

static const struct xd_alt offset[] = {A(6, ""),   A(2, "+8"),    A(2, "+16"),  A(1, "+1"),
                                       A(1, "+4"), A(1, "+2040"), A(1, "+4088")};
static const struct xd_alt access_width[] = {A(8, ""), A(1, " size=4"), A(1, " size=2"),
                                             A(1, " size=1")};
static const struct xd_alt accesses[] = {
    A(10, "update_va_mapping <window@1> pte(<PLAIN>, P|RW<40%|US>) UVMF_INVLPG\n"
          "store <@1><offset> <<leaf>/<wild>>\n"
          "load <@1><offset><50%\nmmuext_op [PIN_L1_TABLE mfn=<plain>]>"),
    A(4, "update_va_mapping <window@1> <ram> UVMF_INVLPG\nload <@1><offset><access-width>\n"
         "store <@1><offset> <wild>"),
    A(8, "<flush>\nload <window><offset><access-width>"),
    A(6, "<flush>\nstore <window><offset> <leaf>"),
    A(2, "<flush>\nstore <window><offset> <0/0x7f/0xe1> size=<1/2/4>"),
    A(2, "<flush>\nload <window><offset>\nstore <window><offset> <wild>"),
    A(1, "<flush>\nload va(7)-<1/4/7>"),
    A(1, "<flush>\nstore va(8)+<8/4088> 1"),
    A(1, "<flush>\nload <0x700000000000/va(0)+0x40000000>"),
};

static const struct xd_alt mm[] = {
    A(30, "<mmu>"),    A(26, "<mmuext>"),  A(26, "<uvm>"),
    A(12, "<access>"), TWO(8, "<across>"), A(1, "<list-page>"),
};

/* The page of call lists at va(6), writable, and at va(8), not. */
static const struct xd_alt list_page[] = {
    A(1,
      "mmuext_op [CLEAR_PAGE mfn=<CALLS>]\nupdate_va_mapping va(6) pte(<CALLS>, P|RW) UVMF_INVLPG\n"
      "update_va_mapping va(8) pte(<CALLS>, P) UVMF_INVLPG\n<flush>"),
};

/* ---- Between two domains ---- */

static const struct xd_alt across[] = {
    A(6, "mmu_update [<x1>[<18/19/20>] = pte(<their-plain>, <ram-flags>)] fd=<other>"),
    A(2, "mmu_update [<at1> = pte(<their-gone>, <P/P|RW>)] fd=<other>"),
    A(2, "mmu_update [<at2> = pte(<their-l1>, P|RW|US)] fd=<other>"),
    A(4, "update_va_mapping_otherdomain va(<18/19/20>) pte(<their-plain>, <ram-flags>) UVMF_INVLPG "
         "<other>"),
    A(3, "mmuext_op [PIN_L1_TABLE mfn=<their-l1>] fd=<other>"),
    A(2, "mmuext_op [UNPIN_TABLE mfn=<their-l1>] fd=<other>"),
    A(1, "mmuext_op [PIN_L<1/2/3/4>_TABLE mfn=<their-l2>] fd=<other>"),
    A(3, "mmuext_op [<CLEAR_PAGE/CLEAR_PAGE/MARK_SUPER> mfn=<their-plain>] fd=<other>"),
    A(2, "mmuext_op [COPY_PAGE mfn=<their-plain> src_mfn=<their-gone>] fd=<other>"),
    A(2,
      "mmuext_op [<TLB_FLUSH_LOCAL/NEW_BASEPTR mfn=frames()/INVLPG_ALL linear_addr=0>] fd=<other>"),
    A(3, "mmu_update [<their-l1>[<slot4>] = pte(<their-plain>, P|RW)] fd=<other> pfd=<other>"),
    A(2, "mmu_update [<their-l2>[<slot4>] = pte(<their-l1>, P|RW|US)] fd=<other> pfd=<other>"),
    A(1, "mmu_update [<their-l2>[<slot4>] = pte(<their-l1>, P|RW|US)] fd=SELF pfd=<other>"),
    A(2, "mmu_update [machphys <their-plain> = <pfn>] fd=<other>"),
    A(1, "mmu_update [machphys <page> = <pfn>] pfd=<other>"),
    A(1, "update_va_mapping va(21) pte(<their-plain>, P) UVMF_INVLPG"),
};

/* ---- Stores to live tables ---- */

static const struct xd_alt ptwr_offset[] = {A(10, ""),  A(8, "+8"),    A(6, "+16"),
                                            A(1, "+4"), A(1, "+1"),    A(1, "+7"),
                                            A(1, "+2"), A(2, "+4088"), A(1, "+4092")};
static const struct xd_alt ptwr_store[] = {
    A(20, "<flush>\nstore <@1><ptwr-offset> <leaf>"),
    A(6, "<flush>\nstore <@1><ptwr-offset> <ram>"),
    A(3, "<flush>\nstore <@1><ptwr-offset> <0x67/0x65/0x0/0xff> size=1"),
    A(2, "<flush>\nstore <@1><ptwr-offset> <0x67/0xe067/0x25> size=2"),
    A(3, "<flush>\nstore <@1><ptwr-offset> pte(<plain>, P|RW)&0xffffffff size=4"),
    A(2, "<flush>\nload <@1><ptwr-offset>"),
    A(2, "mmu_update [<at1> = <leaf>]"),
};
static const struct xd_alt ptwr_assist[] = {A(12, "vm_assist enable writable_pagetables"),
                                            A(1, "vm_assist disable writable_pagetables")};
/* A table that is mapped read-only and stored to. */
static const struct xd_alt ptwr[] = {
    A(12, "<ptwr-assist>\nmmuext_op [PIN_L1_TABLE mfn=<L1@2>]\n"
          "update_va_mapping <window@1> pte(<@2>, P) UVMF_INVLPG\n<ptwr-store><60%\n"
          "<ptwr-store>><40%\n<ptwr-store>>"),
    A(4, "mmuext_op [CLEAR_PAGE mfn=<L1@2>]\nmmu_update [<x2>[<2/3>] = pte(<@2>, P|RW|US)]\n"
         "<ptwr-assist>\n"
         "update_va_mapping <window@1> pte(<@2>, P) UVMF_INVLPG\n<ptwr-store><50%\n<ptwr-store>>"),
    A(3, "<ptwr-assist>\nupdate_va_mapping <window@1> pte(<x1>, P) UVMF_INVLPG\n<flush>\n"
         "store <@1>+<128/136/144> <leaf>"),
    A(2, "<ptwr-assist>\nmmuext_op [PIN_L<2/3/4>_TABLE mfn=<page@2>]\n"
         "update_va_mapping <window@1> pte(<@2>, P) UVMF_INVLPG\n<ptwr-store>"),
    A(1, "vm_assist <enable/disable> writable_pagetables"),
    A(1, "update_va_mapping <window@1> pte(<plain>, P) UVMF_INVLPG\n<ptwr-store>"),
    TWO(2, "<ptwr-assist>\nupdate_va_mapping_otherdomain va(18) pte(<their-l1>, P) UVMF_INVLPG "
           "<other>\n<flush>\n"
           "store va(18) 0"),
};

const struct xd_rule xd_rules_mm[] = {
    RULE("mm", mm),
    RULE("never-upper", never_upper),
    RULE("update-plain", update_plain),
    RULE("update", update),
    RULE("updates", updates),
    RULE("mmu-tail", mmu_tail),
    RULE("mmu", mmu),
    RULE("ext", ext),
    RULE("exts", exts),
    RULE("ext-tail", ext_tail),
    RULE("mmuext", mmuext),
    RULE("alias", alias),
    RULE("uvm", uvm),
    RULE("offset", offset),
    RULE("access-width", access_width),
    RULE("access", accesses),
    RULE("list-page", list_page),
    RULE("across", across),
    RULE("ptwr", ptwr),
    RULE("ptwr-offset", ptwr_offset),
    RULE("ptwr-store", ptwr_store),
    RULE("ptwr-assist", ptwr_assist),
    {0},
};
