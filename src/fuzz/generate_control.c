/* SPDX-License-Identifier: MIT */
/*
 * generate_control.c: calls of control domains and of HVM guests, where they leave nothing behind.
 *
 * A privileged domain must get nothing done here that lasts: domctl could destroy the other one, kexec load a kernel. sysctl and its like:
 * generate_sysctl.c.
 * What is told to domctl and its like is always a whole struct, so nothing stale is read behind it.
 */
#include "fuzz/grammar.h"

static const struct xd_alt zeros[] = {A(
    1, "0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, "
       "0, 0, 0, 0, 0, 0, 0, 0, 0, "
       "0, 0, 0")};
static const struct xd_alt nobody[] = {A(1, "7"), A(1, "0x7ff0"), A(1, "0x7ff1"), A(1, "0x7fef"),
                                       A(1, "0x7ff4")};

static const struct xd_alt domctl[] = {
    A(1, "<domctl/sysctl/platform_op/paging_domctl_cont> <bad-in>"),
    A(1, "domctl ptr4(<1/5/19/56/99>, <0/0x14/0x16/0xffffffff>, 0, 0, <zeros>)"),
    A(2, "domctl ptr4(<2/3/10/19/20/38/40/46/50/99>, 0x15, <nobody>, 0, <zeros>)"),
    A(1, "domctl ptr4(5, 0x15, <0x7ff0/0xffff/0x7fef>, 0, <zeros>)"),
    A(1, "domctl ptr4(19, 0x15, 0, 0, <9999/0x10000/0xffffffff>, <zeros>)"),
    A(1, "domctl ptr4(20, 0x15, 0, 0, 2, 0, 0xffffffff, 0xffffffff, <zeros>)"),
    A(1, "domctl ptr4(21, 0x15, 0, 0, <0, 0/0xffff, 2/0x10000, 1/0xffffffff, 2>, <zeros>)"),
    A(1, "domctl ptr4(39, 0x15, 0, 0, <0, 0, 0, 0x1000000, 1, 0/0, 0, 5, 0, 0, 0/0xffffffff, "
         "0xffffffff, 5, 0, 2, 0>, <zeros>)"),
    A(2, "domctl ptr4(<27/38/40/48/50/99>, 0x15, 0, 0, <zeros>)"),
    A(1, "domctl ptr4(46, 0x15, 0, 0, <0/7>, <zeros>)"),
    A(1, "domctl ptr4(56, 0x15, <0/7>, 0, 3, <zeros>)"),
    A(1, "domctl ptr4(<1000/1001/1002/1003>, 0x15, <0/7>, 0, <0/9>, <zeros>)"),
    A(1, "paging_domctl_cont ptr4(<10/10/11>, <0x15/0x15/0x14>, <0/7>, 0, <zeros>)"),
    A(1, "<sysctl/platform_op> ptr4(<1/99>, 0, <zeros>)"),
    A(1, "sysctl ptr4(<0/5/13/15/24/28/30/99>, 0x15, <zeros>)"),
    A(1, "platform_op ptr4(<0/16/64/99>, 0x03000001, <zeros>)"),
    CTL(1,
        "platform_op ptr4(<17/62>, 0x03000001, 5, <0/1>, <7/1000000000>, <0/0/1>, 0, 0, <zeros>)"),
    DOMU(1, "domctl ptr4(19, 0x15, 0, 0, <5/16/55>, <zeros>)"),
    DOMU(3, "<sysctl ptr4(1, 0x15, <zeros>)/platform_op ptr4(17, 0x03000001, <zeros>)/domctl "
            "ptr4(<2/3/4>, 0x15, 0, 0, <zeros>)>"),
    CTL2(1, "domctl ptr4(<38/40/48>, 0x15, d1, 0, <zeros>)"),
    CTL2(1, "domctl ptr4(46, 0x15, <d1/0>, 0, d1, <zeros>)"),
    CTL2(1, "domctl ptr4(<1000/1001/1002/1003>, 0x15, d1, 0, <0/9>, <zeros>)"),
    CTL2(1, "paging_domctl_cont ptr4(10, 0x15, d1, 0, <zeros>)"),
};
/*
 * platform_op of a control domain, as far as it leaves nothing behind: other commands are among those of a host, and of ends.
 * The real machine may have more processors than 0, so none of theirs is named.
 */
#define PLATFORM(cmd) "platform_op ptr(0x03000001000000" #cmd ", "
static const struct xd_alt platform[] = {
    A(2, "platform_op ptr4(33, 0x3000001, <0/1/7/8/0xffffffff>, <zeros>)"),
    A(3, PLATFORM(1f) "<0x20000, 0x30, 1/0x20010, 0x20, 1/0x20000, 0, 1/0x20000, 0x10, "
                      "<7/0xffffffff>/0, 0, 1/0x10000000, 0x1000, 1>, <words>)"),
    A(2, "platform_op ptr4(32, 0x3000001, <0/0/1>, <7/8/0x80000000/0xffffffff>, <zeros>)"),
    A(1, PLATFORM(23) "<0/buf(16)/0x800000000000>, <0/16/0xffffffff>, <words>)"),
    A(1, "platform_op ptr4(39, 0x3000001, <0/4/0xffffffff>, <zeros>)"),
    A(2, "platform_op ptr4(50, 0x3000001, <0/1/2/3/4/5/5/6>, <0/0/1/0xffffffff>, <zeros>)"),
    A(1, PLATFORM(31) "<0/1/11/99>, <words>)"),
    A(3, "platform_op ptr4(51, 0x3000001, <0/0x2000>, <0/3/6/0xffffffff>, <1/2/3/0x80000001>, "
         "<zeros>)"),
    A(1, "platform_op ptr4(51, 0x3000001, 0x12000, <0/5>, <0/2>, <zeros>)"),
    A(1, "platform_op ptr4(51, 0x3000001, <0/0x2000/0x20012000>, <0/6/0xffffffff>, 0, <zeros>)"),
    ALONE(1, "platform_op ptr4(51, 0x3000001, <0/0x2000/0x20012000>, <1/2/4>, 0, <zeros>)"),
    A(1, "platform_op ptr4(<52/53>, 0x3000001, <0/1>, <zeros>)"),
    A(1, "platform_op ptr4(54, 0x3000001, <0/9999>, <2/4/0xffffffff>, <zeros>)"),
    A(1, PLATFORM(36) "9999, <0/1>, <0/0xffff830000000000>, <words>)"),
    /* What is wrong with the frequencies that Xen is told of: different spaces, too few, too many, no way to share one. */
    A(3, PLATFORM(
             36) "0x100000000, <1, 0x100000000, 0, <0/0x200000000>, 0, 0, 0/2, 0, 0, 0, 0, <0/1>, "
                 "0/2, 0, 0, 0, 0, 0x5555556, 0>, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)"),
    A(1,
      PLATFORM(36) "0x100000000, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, <0/4/0xffffffff>, 0, 0, 0)"),
    A(1, PLATFORM(36) "0x10000270f, <0/15>, <words>)"),
    A(4, PLATFORM(36) "<0x300000000/0x30000270f/0x3ffffffff>, "
                      "<ptr4(<1/1/1/2>, <0/1>, <0/0xffffffff>)/0/0x800000000000/va(9)>, <words>)"),
    A(2, "platform_op ptr4(<48/55>, 0x3000001, <0/200/0xffffffff>, <zeros>)"),
    A(3, "platform_op ptr4(<56/57>, 0x3000001, <0/200/0x80000000>, <zeros>)"),
    A(1, "platform_op ptr4(58, 0x3000001, <0, 0, 0/0, 100, 255/1024, 0, 0/0, 512, 0/0, 0, 256/100, "
         "0, 0>, <zeros>)"),
    A(2, PLATFORM(3b) "<0, 0/0x100100, 0x200000/0x100000, 0x110000/0x100000, "
                      "0x100000200/0x100000, 0x200000>, 0, <words>)"),
    A(1, "platform_op ptr4(60, 0x3000001, <0/3/0xffffffff>, <zeros>)"),
    A(3, PLATFORM(3d) "<0/1/1/2/3/4/0xffffffff/0xc800000001/0xc800000001>, "
                      "<buf(96)/0/0x800000000000/<entries>>, <words>)"),
    A(1, PLATFORM(3d) "<0xc800000001/0xc800000002/2>, ptr(0, 16, 0, 0, <16/0xc8f>, 0), <words>)"),
    A(2, PLATFORM(3f) "<0/4/64/0x100000040/0xffffffff00000000>, <buf(64)/0x800000000000>, "
                      "<words>)"),
};
static const struct xd_alt words[] = {A(1, "0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0")};
static const struct xd_alt entries[] = {
    A(1, "ptr(<0/1/2>, <16/16/0x1b/1>, 0, <0/0/1>, <16/0x100000010>, 0, 0, <16/0xc8f>, 0)")};
/*
 * What no domain is created for, under a number that the caller chose: of one that Xen chose something is left. In order: flags, an
 * IOMMU's options, vCPUs, ports, frames of grants and of mappings, grants' version, traces, pool, emulated devices, x86's flags.
 */
#define NEW "domctl ptr4(1, 0x15, <7/0x7fef>, 0, 0, 0, 0, 0, 0, "
static const struct xd_alt domctl_new[] = {
    A(2, NEW "<0x100/0x80000001/0x1ff>, 0, 1, 63, 4, 16, 1, 0, 0, 0, 0, <zeros>)"),
    A(1, NEW "<0/8>, 0, 1, 63, 4, 16, <0x11/0x80000001>, 0, 0, 0, 0, <zeros>)"),
    A(1, NEW "<0/8/0x10>, 0, 0, 63, 4, 16, 1, 0, 0, 0, 0, <zeros>)"),
    A(1, NEW "<2/6/0xfe>, 0, 1, 63, 4, 16, 1, 0, 0, 0, 0, <zeros>)"),
    A(2, NEW "<0x20/0x21>, <0/1/2/0xffffffff>, <1/8193>, 63, 4, 16, 1, 0, 0, 0, 0, <zeros>)"),
    A(1, NEW "0, <1/2>, 1, 63, 4, 16, 1, 0, 0, 0, 0, <zeros>)"),
    A(1, NEW "<0/1>, 0, 1, 63, 4, 16, 1, <1/4096>, 0, 0, 0, <zeros>)"),
    A(1, NEW "<0x80/0x84>, 0, 1, 63, 4, 16, 1, 0, 0, 0, 0, <zeros>)"),
    A(2, NEW
      "<0, 0, 8193/4, 0, 0xffffffff/1, 0, 129/1, 0, 1/3, 0, 1/0x43, 0, 1>, 63, 4, 16, 1, 0, 0, 0, 0, <zeros>)"),
    A(1, NEW "<4/5/0x44>, 0, 1, 63, 4, 16, 1, 0, 0, 0, 0, <zeros>)"),
    A(1, NEW "<0x40/0x41/0x48>, 0, 8192, 63, 4, 16, 1, 0, 0, 0, 0, <zeros>)"),
    A(1, NEW "0, 0, 1, 63, 4, 16, 1, 0, 0, <0/1>, <2/0x80000000>, <zeros>)"),
    A(2, NEW "0, 0, 64, 63, 4, 16, 1, 0, 0, <0x800/1/0x101/0x7ff/0x80000100>, 0, <zeros>)"),
    A(3, NEW "0, 0, 1, 0, <0, 16, 1/65, 16, 1/4, 1025, 1/4, 16, 0/4, 16, 3/0x80000000, 1025, 2>, "
             "0, <0/9>, 0x100, 1, <zeros>)"),
    A(1, NEW "0x18, 0, 1, 0xffffffff, <1/64/0xffffffff>, <0/1024/0xffffffff>, <1/2>, 0, "
             "<9/0xffffffff>, 0, 0, <zeros>)"),
    CTL2(1, "domctl ptr4(1, 0x15, d1, 0, 0, 0, 0, 0, 0, <0/0x100>, 0, 1, 63, 4, 16, 1, 0, 0, 0, 0, "
            "<zeros>)"),
    A(1, "domctl ptr4(<3/4/14/15>, 0x15, <7/0x7fef>, 0, <zeros>)"),
};
/* The control domain about the other one, and about itself: what is answered, or refused, and leaves nothing. */
static const struct xd_alt domctl_self[] = {
    A(1, "domctl ptr4(<3/12/15/18/33/59/60/79>, 0x15, 0, 0, <zeros>)"),
    A(1, "domctl ptr4(<64/77>, 0x15, 0, 0, <zeros>)"),
    A(1, "domctl ptr4(<13/62/63/72/73/42>, 0x15, 0, 0, 0, 64, <zeros>)"),
    A(1, "domctl ptr4(4, 0x15, 0, 0, <zeros>)"),
    A(1, "domctl ptr4(10, 0x15, 0, 0, <0/2/12>, <zeros>)"),
};
static const struct xd_alt domctl_asks[] = {
    A(6, "domctl ptr4(5, 0x15, <d1/d1/0>, 0, <zeros>)"),
    A(4, "domctl ptr4(14, 0x15, <d1/d1/0>, 0, <0/0/0/9>, <zeros>)"),
    A(2, "domctl ptr4(36, 0x15, <d1/0>, 0, <zeros>)"),
    A(2, "domctl ptr4(59, 0x15, d1, 0, <zeros>)"),
    A(3, "domctl ptr(61|0x1500000000, <d1/d1/0>, <1/2/4/4/1025>, va(<0/1/2/3/9>), <zeros>)"),
    A(2, "domctl ptr4(77, 0x15, d1, 0, 2, 5, <zeros>)"),
    A(2, "domctl ptr4(35, 0x15, d1, 0, <64/64/32/16>, <zeros>)"),
    A(2, "domctl ptr(13|0x1500000000, d1, <0/1/2/2/9>, va(<0/1/2>), <zeros>)"),
    A(2, "domctl ptr(69|0x1500000000, d1, va(<0/1/2/3>), <0/8/64/72>, <zeros>)"),
    A(2, "domctl ptr(25|0x1500000000, d1, <0x100000009/0/0x100000000/0x200000000>, 0, <zeros>)"),
    A(1, "domctl ptr(43|0x1500000000, d1, <0/1/2/9>, <words>)"),
    A(2, "domctl ptr(63|0x1500000000, d1, <0/1/2>, <0/7/0x21f/0x21f>, <0/15/16/4096>, "
         "<buf(16)/buf(16)/0/0x800000000000>, <words>)"),
    A(1, "domctl ptr(72|0x1500000000, d1, <0/1/2/0x700000000>, <0/buf(112)>, <words>)"),
    A(1, "domctl ptr(82|0x1500000000, <d1/0>, <0x200000000/0x200000001/1>, "
         "<0/0/buf(24)/0x800000000000>, <0/buf(32)/buf(32)>, <words>)"),
};
#define SAVED  "domctl ptr(62|0x1500000000, d1, <0/1>, 0, " /* what XSAVE saved */
#define VNODES "domctl ptr(74|0x1500000000, d1, "
static const struct xd_alt domctl_does[] = {
    A(4, "multicall { domctl ptr4(3, 0x15, d1, 0, <zeros>) ; <50%event_channel_op reset dom=d1 ; >"
         "domctl ptr4(4, 0x15, d1, 0, <zeros>) }"),
    A(1, "domctl ptr4(4, 0x15, d1, 0, <zeros>)"),
    A(2, "domctl ptr4(15, 0x15, d1, 0, <3/3/2/9>, <zeros>)"),
    A(3,
      "domctl ptr(22|0x1500000000, d1, <<their-plain>/<their-plain>/<their-l1>/d1.cr3()/0x3ffffffff>, <zeros>)"),
    A(3, "domctl ptr4(10, 0x15, d1, 0, <0/1/2/11/12/12/30/32/99>, <0/0/1/2/4>, <zeros>)"),
    A(2, "domctl ptr4(16, 0x15, d1, 0, <5, 1/6, 4/6, 2/6, 0, 0x0fff0000>, <zeros>)"),
    A(1, "domctl ptr(9|0x1500000000, d1, <0/0x100000000>, va(0), 0, <zeros>)"),
    A(1, "domctl ptr(20|0x1500000000, d1, <0xfee00/0xfedff>, 2, 1, <zeros>)"),
    A(1, "domctl ptr4(21, 0x15, d1, 0, <0x20/0x1f>, 2, 1, <zeros>)"),
    A(1, "domctl ptr4(28, 0x15, d1, 0, <1, 0/3, 0/4, 0/0, 9>, <zeros>)"),
    A(1, "domctl ptr4(12, 0x15, d1, 0, 9, <zeros>)"),
    A(1, "domctl ptr(12|0x1500000000, d1, 0, 0x1000, <zeros>)"),
    A(1, "domctl ptr4(<37/45/47>, 0x15, <d1/0x7ff1>, 0, <zeros>)"),
    A(1, "domctl ptr4(<75, 0x15, d1, 0, 0/78, 0x15, d1, 0, <0/2/10>>, <zeros>)"),
    A(1, "domctl ptr4(68, 0x15, d1, 0, <zeros>)"),
    A(3, "domctl ptr4(56, 0x15, d1, 0, <0, 0/1, 1/7, 2/1, 2/2, 2>, <zeros>)"),
    A(1, "domctl ptr4(77, 0x15, d1, 0, <0, 32/1, 5/3, 1/5, 0>, <zeros>)"),
    A(3, "domctl ptr4(<33/34/55/67/84/85/86>, 0x15, d1, 0, <zeros>)"),
    A(1, "domctl ptr4(54, 0x15, d1, 0, 0, <0/9>, <zeros>)"),
    A(1, "domctl ptr4(60, 0x15, d1, 0, 3, <zeros>)"),
    A(1,
      "domctl ptr4(60, 0x15, d1, 0, <0/1/2>, <0/1/999999/2000000/0xffffffff>, <0/7/0xffffffff>, 0, "
      "<0/1>, <0/5>)\n"
      "domctl ptr4(59, 0x15, d1, 0, <zeros>)"),
    A(1, "domctl ptr4(42, 0x15, d1, 0, <9, 64/0, 29>, <zeros>)"),
    A(1, "domctl ptr4(42, 0x15, d1, 0, 0, 64, 0, 0x80000000, <zeros>)"),
    A(2, "domctl ptr4(<62/63/72/73>, 0x15, d1, 0, 9, <zeros>)"),
    A(1, "domctl ptr4(66, 0x15, d1, 0, <0/13/24>, <zeros>)"),
    A(1, "domctl ptr4(79, 0x15, d1, 0, <zeros>)"),
    /* Of these nothing is granted, since it would last. */
    A(1, SAVED "<15/2713/16>, ptr(1, 0))"),
    A(1, SAVED "<17/591/592>, ptr(0, <0/1>, <words>, <words>, <words>, <words>, <words>))"),
    A(1, SAVED "592, ptr(<2, 3/1, 5/3, 1/1, 9>, <words>, <words>, <words>, <words>, <words>))"),
    A(1, SAVED "592, ptr(1, 1, <words>, <words>, <words>, <words>, 0, <1, 0/0, 1>, 0, 0, 0, 0, 0, "
               "0))"),
    A(1, "domctl ptr(73|0x1500000000, d1, <0x800000000/0x100000000>, <0/ptr(0x1c0000103, 1)/ptr(<"
         "0x48/0x140/0xc0000103>, 0x100000000)>, <words>)"),
    A(1, VNODES "<0, 3/33, 3/0xab00000001, 3/1, 2/1, 0x100000003>, <words>)"),
    A(1, VNODES "1, 3, ptr4(10), ptr4(<1, 0, 0/0, 1, 0/0, 0, 0>), <0/ptr4(64)>, 0, <words>)"),
    A(1, VNODES "0x100000001, 3, ptr4(10), ptr4(0, 0, 0), ptr4(<0/0/64>), ptr(0, 4096, 1), "
                "<words>)"),
    A(1, "domctl ptr4(83, 0x15, <0/d1>, 0, <zeros>)"),
};
static const struct xd_alt kexec[] = {
    A(2, "kexec_op <7/8/99/0xffffffff/0x100000000> 0"),
    A(1, "kexec_op <0/4/6> <bad-in>"),
    A(2, "kexec_op 3 ptr4(<0/2/2/3/7/0xffffffff>, <0/0/4096/0xffffffff>, 0, 0, 0, 0)"),
    A(1, "kexec_op 0 ptr4(<0/1/2/0xffffffff>)"),
    A(1, "kexec_op 4 ptr4(<2/0xff>, 0, 0, 0, 0, 0)"),
    A(1, "kexec_op 4 ptr4(0x003e0000, <16/0xffffffff>, 0, 0, 0, 0)"),
    A(1, "kexec_op 4 ptr4(0x003e0001, 0, 0, 0, 0x1000, 0)"),
    A(1, "kexec_op <5/6> ptr4(<2/0xff>)"),
};
static const struct xd_alt refused[] = {
    A(1, "mca <bad-in>"),
    A(1, "mca ptr4(1, 0, <zeros>)"),
    A(1, "mca ptr4(<0/2/7/99>, 0x01ecc003, <zeros>)"),
    A(1, "mca ptr4(1, 0x01ecc003, <0/1/2/3/5/6>, <zeros>)"),
    A(1, "mca ptr4(3, 0x01ecc003, 0, 0, 0x1000, 0, <zeros>)"),
    A(2, "hypfs_op 0 <0 0 0 0/0 0 0 0/1 0 0 0/0 0 0 1>"),
    A(1, "hypfs_op <1/2> <bad-in> <1/16/1024> 0 0"),
    A(3, "hypfs_op 1 text(\"path\") <0/3/5/1025/1025/0xffffffff> 0 0"),
    A(1, "hypfs_op 3 text(\"\") 1 0 0"),
    A(1, "hypfs_op <3/99> ptr(0x2f) 2 0 0"),
    A(2, "xenoprof_op <1/2/3/7/8/9/11/13/15/16/17/18/99/0xffffffff> 0"),
    A(1, "xenoprof_op 0 <bad-in>"),
    DOMU(1, "xenoprof_op 0 buf(72)"),
};
static const struct xd_alt hvm[] = {
    A(1, "hvm_op <0/1/9/11/15> <bad-in>"),
    A(3, "hvm_op <0/1> ptr4(<0/0x7ff0/7>, <0/1/38/39/0xffffffff>, 0, 0)"),
    A(1, "hvm_op <5/24> <0/8>"),
    A(1, "hvm_op 9 ptr4(<0x7ff0/0/7>, 0, 0, 0)"),
    CTL2(1, "hvm_op 9 ptr4(d1, 0, 0, 0)"),
    A(1, "hvm_op 11 ptr4(<0xfff/0x1000>, <0/28/29>, 0, 0, 0, 0, 0, 0, 0, 0)"),
    A(4, "hvm_op 15 ptr4(<0x7ff0/0/7>, 0, 0, 0)"),
    A(1, "hvm_op <2/23/25/26/99/0x100000001> 0"),
    A(1, "dm_op <0/SELF/7> <0/3/0xffffffff> ptr(0, 0, 0, 0)"),
    A(1, "dm_op <0/7/SELF> 1 <bad-in>"),
    A(2, "dm_op <0/SELF/7/<own>/<other>> <1/2> ptr(0, 0, 0, 0)"),
    A(3,
      "dm_op <<other>/<other>/7> <1/2> ptr(ptr(<0/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20/"
      "21>, 0, 0, 0, 0, 0, 0, 0), <0/4/64>, 0, 0)"),
    A(1, "hvm_op 10 <buf(8)/buf(8)/<bad-out>>"),
};
static const struct xd_alt domctl_d1[] = {A(2, "<domctl-asks>"), A(5, "<domctl-does>")};
static const struct xd_alt control[] = {
    A(5, "<domctl>"),      A(3, "<kexec>"),        A(4, "<refused>"),      A(4, "<hvm>"),
    CTL(12, "<platform>"), CTL(6, "<domctl-new>"), DOMU(1, "<domctl-new>")};

const struct xd_rule xd_rules_control[] = {
    RULE("control", control),
    RULE("zeros", zeros),
    RULE("nobody", nobody),
    RULE("domctl", domctl),
    RULE("kexec", kexec),
    RULE("refused", refused),
    RULE("hvm", hvm),
    RULE("platform", platform),
    RULE("words", words),
    RULE("entries", entries),
    RULE("domctl-new", domctl_new),
    RULE("domctl-self", domctl_self),
    RULE("domctl-asks", domctl_asks),
    RULE("domctl-does", domctl_does),
    RULE("domctl-d1", domctl_d1),
    {0},
};
