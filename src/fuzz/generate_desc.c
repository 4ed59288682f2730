/* SPDX-License-Identifier: MIT */
/* generate_desc.c: descriptor tables and the descriptors in them. */
#include "fuzz/grammar.h"

/* Data and code at the guest's privilege, absent ones, call gates. */
static const struct xd_alt good_descriptor[] = {
    A(4, "0"),
    A(3, "0x00affb000000ffff"),
    A(3, "0x00cff3000000ffff"),
    A(2, "0x00cffb000000ffff"),
    A(2, "0x0000e4000000ffff"),
    A(2, "0x0040f20000000fff"),
    A(2, "0x0000ec00e0330000"),
    A(1, "0xffffec01e033ffff"),
    A(1, "0x00cf73000000ffff"),
    A(2, "0x00cfb3000000ffff"),
};
/* Xen's own selectors, system segments, gates of other kinds, long mode with the wrong width. */
static const struct xd_alt odd_descriptor[] = {
    A(2, "0x00cf92000000ffff"),       A(2, "0x00af9b000000ffff"),
    A(2, "0x0000890000000067"),       A(2, "0x0000820000000067"),
    A(1, "0x00008c0000000067"),       A(2, "0x0000e9000000ffff"),
    A(2, "0x0000eb000000ffff"),       A(2, "0x0000ee00e0330000"),
    A(1, "0x0000ef00e0330000"),       A(2, "0x0000ec0000080000"),
    A(1, "0x00008c00e0330000"),       A(1, "0x00effb000000ffff"),
    A(1, "0x0000ec00e0080000"),       A(3, "<wild>"),
    A(2, "0x00affb000000ffff^<bit>"), A(1, "0x00cff3000000ffff^<bit>"),
};
static const struct xd_alt descriptor[] = {A(1, "<good-descriptor>"), A(1, "<odd-descriptor>")};
static const struct xd_alt maddr[] = {A(12, "mach(<seg>)+<0/8/16/2048/4088>"),
                                      A(4, "mach(<plain>)+<0/8/4088>"),
                                      A(4, "mach(<page>)+<0/8>"),
                                      A(1, "mach(<seg>)+<1/4/7>"),
                                      A(1, "mach(<stranger>)"),
                                      A(1, "mach(<alien>)+8")};

static const struct xd_alt gdt[] = {
    A(6, "set_gdt [<seg>] <1/2/15/511/512>"),
    A(4, "set_gdt [<SEG>, <SEG>] <513/1024>"),
    A(3, "set_gdt [page(9), page(10)] 1024"),
    A(2, "set_gdt [<seg>, <plain>, <plain>] <1025/1536>"),
    A(3, "set_gdt [<seg>] <513/7168/7169/0xffffffff/0x10000001>"),
    A(2, "set_gdt [<SEG>, <SEG>, <SEG>, <SEG>, <SEG>, <SEG>, <SEG>, <SEG>, <SEG>, <SEG>, <SEG>, "
         "<SEG>, <SEG>, <SEG>] "
         "<7167/7168/7169>"),
    A(4, "set_gdt [<stranger>] <1/512>"),
    A(4, "set_gdt [<SEG>, <alien>] 1024"),
    A(1, "set_gdt [0] 0"),
    A(1, "set_gdt 0 0"),
    A(2, "<flush>\nset_gdt <bad-in> <0/1/512/7168>"),
};
static const struct xd_alt ldt[] = {
    A(6, "mmuext_op [SET_LDT linear_addr=<window> nr_ents=<1/2/512/513/8192>]"),
    A(2, "mmuext_op [SET_LDT linear_addr=<window> nr_ents=0]"),
    A(2, "mmuext_op [SET_LDT linear_addr=0 nr_ents=0]"),
    A(2, "mmuext_op [SET_LDT linear_addr=<window> nr_ents=<8193/0x10000/0xffffffff>]"),
    A(1, "mmuext_op [SET_LDT linear_addr=<window>+<1/8/4095> nr_ents=1]"),
    A(1, "mmuext_op [SET_LDT linear_addr=<0x800000000000/0xffff800000000000/0xffff830000000000/"
         "0xffff87fffffff000/"
         "0xffff880000000000/0xfffffffffffff000> nr_ents=<1/8192>]"),
};

static const struct xd_alt gdt_life[] = {
    A(4,
      "mmuext_op [CLEAR_PAGE mfn=<SEG@1>]\nupdate_descriptor mach(<@1>)+8 <descriptor>\n"
      "set_gdt [<@1>] <2/512>\n"
      "update_descriptor mach(<@1>)+16 <descriptor>\nupdate_descriptor mach(<@1>)+8 <descriptor>\n"
      "update_va_mapping <window> pte(<@1>, P|RW) UVMF_INVLPG\nset_gdt [0] 0\n"
      "update_va_mapping <window> pte(<@1>, P|RW) UVMF_INVLPG"),
    A(2, "mmuext_op [CLEAR_PAGE mfn=<SEG@1>]\nupdate_descriptor mach(<@1>)+8 "
         "0x00<cf/af>f<0/2/4/6/8/a/c/e/3/b>000000ffff\n"
         "set_gdt [<@1>] 512\nset_segment_base 3 <8/11/0x10008>\nset_gdt [0] 0\n"
         "update_va_mapping <window@2> pte(<@1>, P) UVMF_INVLPG\nload <@2>+8"),
    A(2, "mmuext_op [CLEAR_PAGE mfn=<SEG@1>]\nmmu_update [<@1>[<0/1/511>] = <odd-descriptor>]\n"
         "set_gdt [<@1>] <1/512>\n"
         "mmu_update [<@1>[<0/1/511>] = <good-descriptor>]\nset_gdt [<@1>] 512"),
    A(2, "update_va_mapping <window@1> pte(<SEG@2>, <P/P/P|RW>) UVMF_INVLPG\n"
         "mmuext_op [SET_LDT linear_addr=<@1> nr_ents=512]\nset_gdt [<@2>] 8\n"
         "mmuext_op [PIN_L1_TABLE mfn=<@2>]\nset_gdt [0] 0"),
    A(2, "set_gdt [<SEG@1>] 512\nmmuext_op [<PIN_L1_TABLE/PIN_L4_TABLE/CLEAR_PAGE/UNPIN_TABLE> "
         "mfn=<@1>]\n"
         "memory_op decrease_reservation extent_start=[<@1>] domid=SELF\nset_gdt [0] 0"),
};

static const struct xd_alt desc[] = {
    A(20, "update_descriptor <maddr> <descriptor>"),
    A(12, "<gdt>"),
    A(6, "<ldt>"),
    A(8, "<gdt-life>"),
    A(3, "update_va_mapping <window> pte(<SEG>, <ram-flags>) UVMF_INVLPG"),
    A(3, "mmu_update [<SEG>[<0/1/2/511>] = <descriptor>]"),
    A(3, "mmuext_op [CLEAR_PAGE mfn=<SEG>]")};

const struct xd_rule xd_rules_desc[] = {
    RULE("desc", desc),
    RULE("good-descriptor", good_descriptor),
    RULE("gdt", gdt),
    RULE("odd-descriptor", odd_descriptor),
    RULE("ldt", ldt),
    RULE("descriptor", descriptor),
    RULE("maddr", maddr),
    RULE("gdt-life", gdt_life),
    {0},
};
