/* SPDX-License-Identifier: MIT */
/*
 * generate_policy.c: what CPUID and MSRs are to be to a domain in the making: said by its toolstack, and told again.
 */
#include "fuzz/grammar.h"

#define SET  "domctl ptr(83|0x1500000000, 7, "
#define TELL "domctl ptr(82|0x1500000000, 7, 0x200000078, buf(2880), buf(32), <words>)"

static const struct xd_alt one_bit[] = {
    A(1,
      "<0x1/0x2/0x4/0x8/0x10/0x20/0x40/0x80/0x100/0x200/0x400/0x800/0x1000/0x2000/0x4000/0x8000/0x10000/"
      "0x20000/0x40000/0x80000/0x100000/0x200000/0x400000/0x800000/0x1000000/0x2000000/0x4000000/"
      "0x8000000/0x10000000/0x20000000/0x40000000/0x80000000>"),
};
static const struct xd_alt any_reg[] = {
    A(2, "0"),
    A(2, "0xffffffff"),
    A(2, "<one-bit>"),
    A(3, "0xffffffff-<one-bit>"),
    A(2, "<0x21/0x43/0x163/0x1ff01ff/0x12345678/0xdeadbeef>"),
};
static const struct xd_alt vendor[] = {
    A(5, "0x68747541, 0x444d4163, 0x69746e65"),
    A(2, "0x756e6547, 0x6c65746e, 0x49656e69"),
    A(1, "0x6f677948, 0x656e6975, 0x6e65476e"),
    A(1, "<0/0x746e6543>, <1/0x736c7561>, <2/0x48727561>"),
};
#define FOUR "<any-reg>, <any-reg>, <any-reg>, <any-reg>"
static const struct xd_alt some_leaf[] = {
    A(4, "0, 0xffffffff, <13/13/13/0/3/4/6/7/10/11/12/14/0xffffffff>, <vendor>"),
    A(5, "1, 0xffffffff, <any-reg>, <any-reg>, 0xf6f83203<30%-<0x4000000/0x10000000/1/0x200>>, "
         "0x1fc9c3f5<40%-<0x1/0x10/0x40/0x200/0x800000/0x1000000/0x2000000/0x4000000>>"),
    A(4, "1, 0xffffffff, " FOUR),
    A(4, "7, 0, <2/2/0/1/3/0xffffffff>, <any-reg>, <any-reg>, <any-reg>"),
    A(2, "7, <1/2>, " FOUR),
    A(2, "4, <0/0/1/2/5>, <0x21/0x43/0xffffc162/0x4/0/<any-reg>>, <any-reg>, <any-reg>, <any-reg>"),
    A(1, "11, <0/1>, " FOUR),
    A(4, "13, <0/1/1/2/9/62>, " FOUR),
    A(2, "<2/3/5/6/8/9/10/12>, 0xffffffff, " FOUR),
    A(1, "<0x40000000/0x40000100>, 0xffffffff, " FOUR),
    A(3, "0x80000000, 0xffffffff, "
         "<0x80000021/0x80000021/0x8/0x7/0x80000001/0x8000001f/0x80000022/0>, <vendor>"),
    A(4, "0x80000001, 0xffffffff, " FOUR),
    A(3, "<0x80000007/0x80000008/0x80000021>, 0xffffffff, " FOUR),
    A(2, "<0x80000002/0x80000005/0x80000006/0x80000009/0x8000000a/0x80000018/0x80000019/0x8000001a/"
         "0x8000001b/0x80000020>, 0xffffffff, " FOUR),
};
static const struct xd_alt its_policy[] = {
    A(2, SET "<0/0x79/0x300000000>, 0, 0, <words>)"),
    A(1, SET "1, <0x800000000000/ptr4(<14, 0xffffffff/0, 0/4, 6>, 0, 0, 0, 0)>, 0, <words>)"),
    A(1, SET "1, ptr4(<0, 0xffffffff, 14/7, 0, 3/0x80000000, 0xffffffff, 0x80000022>, 0, 0, 0), "
             "0, <words>)"),
    A(2, SET
      "0x100000000, 0, ptr4(<0xce, 1, 0, 0/0x10, 0, 0, 0/0xce, 0, 0, 1/0xce, 0, 1, 0/0xce, 0, 0x80000000, 0/"
      "0x10a, 0, <any-reg>, <any-reg>>), <words>)"),
    A(4, SET "1, ptr4(<some-leaf>), 0, <words>)"),
    A(2, SET "2, ptr4(<some-leaf>, <some-leaf>), 0, <words>)"),
    A(2, SET "0x100000003, ptr4(<some-leaf>, <some-leaf>, <some-leaf>), ptr4(0xce, 0, 0, 0), "
             "<words>)"),
};
/* One for each reason: programs that come here are few. */
#define ONE_MSR SET "0x100000000, 0, "
static const struct xd_alt its_refusals[] = {
    A(1, SET "<0x79/0x100000079>, 0, 0, <words>)\n" SET "0x300000000, 0, 0, <words>)\n" SET
             "1, 0x800000000000, 0, <words>)\n" SET
             "1, ptr4(<14, 0xffffffff/0, 0/4, 6/13, 63/0x40000001, 0xffffffff>, " FOUR
             "), 0, <words>)\n" SET
             "1, ptr4(<0, 0xffffffff, 14/7, 0, 3/0x80000000, 0xffffffff, 0x80000022>, 0, 0, 0), 0, "
             "<words>)\n" ONE_MSR "ptr4(<0xce/0x10a>, <one-bit>, 0, 0), <words>)\n" ONE_MSR
             "ptr4(<0x10/0xcf/0x10b>, 0, 0, 0), <words>)\n" ONE_MSR
             "ptr4(0xce, 0, 0, <one-bit>), <words>)\n" ONE_MSR
             "ptr4(0xce, 0, <one-bit>, 0), <words>)"),
};
/* How many processors there are shows in leaves that nobody chose anything for, so that is chosen first. */
static const struct xd_alt its_policies[] = {
    A(1,
      SET "3, ptr4(1, 0xffffffff, 0x60fb1, 0x800, 0xf6d83203, 0xfc9c3f5, 0x80000001, 0xffffffff, "
          "0x60fb1, 0, 0x61, 0xe8500800, 0x80000008, 0xffffffff, 0x3928, 0, 0, 0), 0, <words>)\n"
          "<its-policy>\n" TELL "\n<its-policy>\n<50%" TELL "\n><its-policy>\n" TELL
          "\n<its-policy>\n" TELL),
};

const struct xd_rule xd_rules_policy[] = {
    RULE("one-bit", one_bit),
    RULE("any-reg", any_reg),
    RULE("vendor", vendor),
    RULE("some-leaf", some_leaf),
    RULE("its-policy", its_policy),
    RULE("its-refusals", its_refusals),
    RULE("its-policies", its_policies),
    {0},
};
