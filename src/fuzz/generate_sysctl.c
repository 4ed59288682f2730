/* SPDX-License-Identifier: MIT */
/*
 * generate_sysctl.c: sysctl, hypfs_op and their like, of whoever may and who may not.
 *
 * What would hurt a real machine is left out, and what depends on how many processors it has: those of a program with two
 * domains are more than this machine's. What lasts comes seldom, since it costs a boot of the real one.
 * First words hold the command and the version, 0x15.
 */
#include "fuzz/grammar.h"

static const struct xd_alt noughts[] = {A(1, "0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0")};

static const struct xd_alt sysctl_power[] = {
    A(2,
      "sysctl ptr(0x150000000a, <0x10/0x21/0x23/0x24/0x30/0x6300000021/0x6300000010>, <noughts>)"),
    A(1, "sysctl ptr(0x150000000a, 0x22, 2, 0, <bad-in>, <noughts>)"),
    A(2, "sysctl ptr(0x150000000c, <0/0x11/0x14/0x24/0x26/0x27/0x22/0x100000022/0x200000022/"
         "0x200000023/0x100000021/0x6300000011>, <noughts>)"),
    A(1, "sysctl ptr(0x150000000b, <0x200000000/0x300000000/0x400000000>, <noughts>)"),
    A(1,
      "sysctl ptr(0x150000000b, <0/0x100000000>, <noughts>)"), /* the first processor is up, and stays */
};

static const struct xd_alt sysctl_pool[] = {
    A(2, "sysctl ptr(0x1500000012, <0x900000002/2/0x900000003/0x900000004/4/0x900000005/"
         "0x900000006/6/0x900000008>, <noughts>)"),
    A(1, "sysctl ptr(0x1500000012, 4, 0, 99, <noughts>)"),
    A(1, "sysctl ptr(0x1500000012, 5, 0, <0/999>, <noughts>)"),
    A(1, "sysctl ptr(0x1500000012, 0x900000006, <0x4d00000000/0x7ff000000000>, <noughts>)"),
    A(1, "sysctl ptr(0x1500000012, <1, 6/1, 9/0x500000001, 9>, 0, 0, 0, 9, <noughts>)"),
    A(1, "sysctl ptr(0x1500000012, 7, 0, 0, <buf(8)/<bad-in>>, <0/8>, <noughts>)"),
    A(1, "sysctl ptr(0x1500000013, <0x600000000/0x500000000/0x600000009>, <1/2>, <noughts>)"),
    A(1, "sysctl ptr(0x1500000013, 0x600000000, 0, <99/500001>, <noughts>)"),
    CTL(1,
        "sysctl ptr(0x1500000012, 0x700000001, <5/6>, <noughts>)\n<second-pool>"
        "sysctl ptr(0x1500000013, <0x600000007/0x500000007>, <0/1>, <0/5/1001/100/0x6400000001>, "
        "<50/200000>, <noughts>)\n"
        "sysctl ptr(0x1500000012, <0x700000005/0x700000004/0x700000003>, <noughts>)\n"
        "hypfs_op 2 text(\"/cpupool/7/sched-gran\\x00\") 22 text(\"core\\x00\") <4/5/9>\n"
        "sysctl ptr(0x1500000012, 0x700000002, <noughts>)"),
};

/* One too many where there is one processor. */
static const struct xd_alt second_pool[] = {
    TWO(1, ""),
    ALONE(1, "sysctl ptr(0x1500000012, <0x800000001/0xffffffff00000001>, 6, <noughts>)\n"),
};

static const struct xd_alt sysctl_machine[] = {
    A(1, "sysctl ptr(0x1500000004, <noughts>)"),
    A(1, "sysctl ptr(0x1500000019, <noughts>)"),
    A(1, "sysctl ptr(0x1500000006, 0, <bad-in>, <noughts>)"),
    A(1, "sysctl ptr(0x1500000008, 0, <bad-in>, <noughts>)"),
    A(1, "sysctl ptr(0x1500000009, 0, 5, <noughts>)"),
    A(1, "sysctl ptr(0x1500000011, <0/1>, <bad-in>, <bad-in>, <noughts>)"),
    /* Of more than one processor the first is told as another one, and half of it may be written. */
    ALONE(1, "sysctl ptr(0x1500000010, 1, <bad-in>, <noughts>)"),
    CTL2(1, "sysctl ptr(0x1500000010, 1, 0x800000000000, <noughts>)"),
    A(2, "sysctl ptr(0x150000001a, <0/5/0x1300000006/1>, <0/<bad-in>>, <noughts>)"),
    A(2, "sysctl ptr(0x150000001d, <0/1/5/6>, <0/0x100000000>, <0/<bad-in>>, <0/<bad-in>>, "
         "<noughts>)"),
    A(1, "sysctl ptr(0x150000001d, <2/0x100000004>, <0/1>, buf(24), buf(32), <noughts>)"),
    A(3, "sysctl ptr(0x150000000e, <0x9e00000003/0x9e00000002/0x9f00000001/0x9e00000009/"
         "0xa200000003>, <0xa1/0xa0>, <buf(64)/buf(64)/<bad-in>>, <noughts>)"),
    A(1, "sysctl ptr(0x150000000e, <0x200000003/0x200000002>, 0x30000000, buf(8), <noughts>)"),
    A(1,
      "sysctl ptr(0x150000000e, 3 | (frames() - 1) * 0x100000000, frames() + 1, buf(64), <noughts>)"),
    A(1, "sysctl ptr(0x1500000016, <0/1/2>, <0/buf(8)/<bad-in>>, <0/buf(8)/<bad-in>>, <noughts>)"),
    A(1, "sysctl ptr(0x1500000016, 1, ptr(0x00ff00ff), buf(8), <noughts>)"),
    A(2, "sysctl ptr(<0x1500000014/0x1500000015/0x1500000017>, <0/1/2/3>, <noughts>)"),
    A(1, "sysctl ptr(0x1500000017, <2/3/4>, <noughts>)"),
    A(1, "sysctl ptr(0x150000000e, <0x9e00000000/0x9e00000004>, 0x9f, buf(8), <noughts>)"),
};

static const struct xd_alt livepatch_name[] = {A(4, "text(\"abc\\x00\"), 4"),
                                               A(1, "text(\"abc\\x00\"), <0/3/129/0x100000004>"),
                                               A(1, "<bad-in>, 4")};
static const struct xd_alt sysctl_xen[] = {
    A(1, "sysctl ptr(0x1500000007, <bad-in>, <0/1>, <noughts>)"),
    A(1, "sysctl ptr(0x1500000007, text(\"@@\"), 2, <noughts>)"),
    A(3, "sysctl ptr(0x1500000002, <0/3/4/5/6>, <noughts>)"),
    A(1, "sysctl ptr(0x1500000002, 1, <bad-in>, <0/5>, <noughts>)"),
    A(2, "sysctl ptr(0x150000001b, <2/4/0x100000002>, <noughts>)"),
    A(1, "sysctl ptr(0x150000001b, 2, 0, <1/1025/0x100000000>, 0, 0x8000000000000000, <noughts>)"),
    A(2, "sysctl ptr(0x150000001b, <1/3>, <livepatch_name>, 1, <0/0/0x100000000>, <noughts>)"),
    A(2, "sysctl ptr(0x150000001b, 0, <livepatch_name>, <0/64/0x200001>, <buf(64)/<bad-in>>, "
         "<noughts>)"),
};

static const struct xd_alt hypfs_read[] = {
    A(2, "hypfs_op 1 text(\"/\\x00\") 2 <buf(96)/buf(96)/<bad-in>> <0/11/12/81/82/96>"),
    A(2, "hypfs_op 1 text(\"/buildinfo\\x00\") <10/11> buf(128) <12/107/108>"),
    A(2, "hypfs_op 1 text(\"/buildinfo/<config/changeset/x/compileinfo>\\x00\") <12/18/21> "
         "buf(1024) 1024"),
    A(2, "hypfs_op 1 text(\"/cpupool/<0/00/1/x/>/<sched-gran/x/>\\x00\") <12/22/13/11/23> buf(64) "
         "<64/12>"),
    A(2, "hypfs_op 1 text(\"/params/<ept/pcid/none/conswitch/crash-debug-panic>\\x00\") "
         "<12/13/18/26> buf(64) 64"),
};
static const struct xd_alt hypfs_write[] = {
    A(1, "hypfs_op 2 text(\"/<params/cpupool/buildinfo>\\x00\") <8/9/11> text(\"x\") 1"),
    A(2, "hypfs_op 2 text(\"/cpupool/0/sched-gran\\x00\") 22 text(\"<cpu/core/socket/x>\\x00\") "
         "<0/2/4/5/9>"),
    A(2, "hypfs_op 2 text(\"/params/pcid\\x00\") 13 text(\"<maybe/xpti=q/no->\\x00\") <4/6/7/129>"),
    A(2, "hypfs_op 2 text(\"/params/gnttab_max_frames\\x00\") 26 "
         "text(\"<-1/5g/2147483648/x>\\x00\") <2/3/11/200>"),
    A(1, "hypfs_op 2 text(\"/params/gnttab_max_maptrack_frames\\x00\") 35 "
         "text(\"4294967296\\x00\") 11"),
    A(1, "hypfs_op 2 text(\"/params/conswitch\\x00\") 18 text(\"abc\\x00\") <0/2/3/4>"),
    A(1, "hypfs_op 2 text(\"/params/global-pages\\x00\") 21 <bad-in> <0/1/2>"),
    A(1, "hypfs_op 2 text(\"/params/loglvl\\x00\") 15 <bad-in> <1/16/129>"),
    CTL(1,
        "hypfs_op 2 text(\"/params/console_timestamps\\x00\") 27 text(\"<none/boot/date/raws>\\x00\") <4/5>\n"
        "hypfs_op 1 text(\"/params/console_timestamps\\x00\") 27 buf(64) 64"),
};

static const struct xd_alt injected[] = {
    A(2, "mca ptr4(4, 0x01ecc003, <0/99>, <0/1>, 1, 0, <0x10/0x400/0x428/0xc0010015>, <zeros>)"),
    A(1, "mca ptr4(4, 0x01ecc003, 0, 2, 1, 77, 0x17a, <zeros>)"),
    A(1,
      "mca ptr(0x01ecc00300000004, <0/0x100000000>, <9/20>, 0x17a, 0, 0x17a, 0, 0x17a, 0, 0x17a, 0, "
      "0x17a, 0, 0x17a, 0, 0x17a, 0, 0x17a, 0, 0)"),
    A(1, "mca ptr4(1, 0x01ecc003, <1/2/3/5>, <zeros>)"),
    A(1, "mca ptr4(5, 0x01ecc003, <99/0>, <zeros>)"),
    A(2, "mca ptr4(6, 0x01ecc003, <9/10/15/0/1>, <zeros>)"),
    A(1, "mca ptr4(3, 0x01ecc003, <0x80000000/0>, 0, 0x1000, 0, <zeros>)"),
};

static const struct xd_alt kexec_segments[] = {
    A(1, "kexec_op 4 ptr(0x10000003e0000, <bad-in>, 0x1000)"),
    A(2,
      "kexec_op 4 ptr(0x1003e0000, ptr(0, <0/0x1001>, <0x1000/0x1001>, <0x1000/0xfff>), 0x1001)"),
    A(1, "kexec_op 4 ptr(0x2003e0000, ptr(0, 0, 0x1000, 0x2000, 0, 0, 0x2000, 0x1000), 0x1000)"),
    A(1, "kexec_op 4 ptr(0x1003e0000, ptr(0, 0, 0x1000, 0), 0x1001)"),
    A(1, "kexec_op 4 ptr(<0x00280000/0>, 0, 0x1000)"),
    A(1, "kexec_op 4 ptr(0x1003e0001, ptr(0, 0, 0, 0), 0)"),
};

static const struct xd_alt profiling[] = {
    CTL(1, "xenoprof_op 0 buf(72)\n"
           "xenoprof_op <6/7/9/10/12/17> buf(48)\n"
           "xenoprof_op <3/3/4> <ptr(77)/ptr(0x7ff0)/<bad-in>>\n"
           "<40%xenoprof_op 3 ptr(0)\n>"
           "xenoprof_op 5 0\n"
           "<50%xenoprof_op 6 ptr(8)\n>"
           "xenoprof_op <6/6/17/13/3> <ptr(7)/ptr(8)/<bad-in>>\n"
           "<70%xenoprof_op 7 0\n>"
           "xenoprof_op <8/9/9/12> 0\n"
           "xenoprof_op <10/9/12/11> 0\n"
           "xenoprof_op <12/10/1> 0"),
    CTL(1, "xenoprof_op 0 buf(72)\n"
           "<70%xenoprof_op 14 ptr(<4/0>, 0, 0)\n>"
           "<40%xenoprof_op 4 ptr(0, 4, 0)\n>"
           "<80%xenoprof_op 3 ptr(0)\n>"
           "<50%xenoprof_op 14 ptr(4, 0, 0)\n>"
           "<40%xenoprof_op <11/2> 0\n>"
           "xenoprof_op 5 0\n"
           "xenoprof_op 7 0\n"
           "xenoprof_op 8 0\n"
           "xenoprof_op <9/9/14> 0\n"
           "xenoprof_op <11/10> 0\n"
           "xenoprof_op <10/12/1> 0\n"
           "xenoprof_op <12/2/11> 0"),
};

static const struct xd_alt sysctl[] = {
    A(12, "<sysctl_power>"), A(12, "<sysctl_pool>"),   A(16, "<sysctl_machine>"),
    A(12, "<sysctl_xen>"),   A(12, "<hypfs_read>"),    A(12, "<hypfs_write>"),
    A(8, "<injected>"),      A(8, "<kexec_segments>"), CTL(2, "<profiling>"),
};

const struct xd_rule xd_rules_sysctl[] = {
    RULE("noughts", noughts),
    RULE("sysctl_power", sysctl_power),
    RULE("sysctl_pool", sysctl_pool),
    RULE("second-pool", second_pool),
    RULE("sysctl_machine", sysctl_machine),
    RULE("livepatch_name", livepatch_name),
    RULE("sysctl_xen", sysctl_xen),
    RULE("hypfs_read", hypfs_read),
    RULE("hypfs_write", hypfs_write),
    RULE("injected", injected),
    RULE("kexec_segments", kexec_segments),
    RULE("profiling", profiling),
    RULE("of_sysctl", sysctl),
    {0},
};
