/* SPDX-License-Identifier: MIT */
/*
 * generate_enter.c: what enters a guest's kernel, and iret, as far as the oracle can have it done on real Xen.
 *
 * Stories come at the end of a program, so they find what its steps have made. Each begins with the entries, the stack and
 * the registers that it needs, and ends in kernel mode with events masked. Entries and code lie below an L4 slot that nothing
 * else uses (84). Not here: TF, 32-bit code, odd vectors and descriptors of the guest's own GDT, which the oracle can't do.
 */
#include "fuzz/grammar.h"

#define STACK   "start.padding_va+0x20000"
#define AT      "0x2a0000" /* six digits more */
#define KERNEL  AT "005000"
#define USER    AT "006800"
#define NOWHERE AT "009000" /* nothing is mapped there */

static const struct xd_alt stories[] = {
    A(25, "<enter-start>\n<enter-kernel>\n<masked>"),
    A(18, "<enter-start>\n<user-root>\n<enter-at>\n<enter-user>\n<masked>"),
    A(6, "<enter-start>\n<enter-ldt>\n<enter-at>\n<enter-to-ldt>\n<masked>"),
};
/* Rows by vector: DPL in bits 0 and 1 of the flags, bit 2 masks events. */
static const struct xd_alt start[] = {
    A(1, "set_callbacks " AT "004000 " AT "004100 <0/" AT "004200/" AT "004200>\n"
         "set_trap_table ptr(0xe0330<0/1/4>00, " AT "001000, 0xe0330<0/1/3/4>03, " AT
         "0010c0, 0xe0330<0/3>04, " AT "001100, 0xe0330<0/3/4/7>06, " AT
         "001180, 0xe0330<0/4>07, " AT "0011c0, 0xe033000b, " AT "0012c0, 0xe033000c, " AT
         "001300, 0xe0330<0/1/3/4/7>0d, " AT "001340, 0xe0330<0/4>0e, " AT
         "001380, 0xe0330<0/1/2/3/5/7>20, " AT "001800, 0xe0330<0/1/2/3/4>22, " AT
         "001880, 0xe0330<0/1/3/4>80, <0/" AT "003000/" AT "003000>, 0, 0)"),
};
static const struct xd_alt at[] = {
    A(4, "regs rip=<" KERNEL "/" AT "005ffd/" AT "007123> rsp=" STACK "<+8/-8/+24/-64/-0xfc8> "
         "rflags=<2/0x246/0x8d7/0x44ed7/0xcd3>"),
    A(1, "regs rip=" KERNEL " rsp=" STACK "-0x200 rcx=0x77 r11=0x88 rax=<0/0x99>"),
};
static const struct xd_alt exception[] = {
    A(3, "trap <0/3/4/6/13 error=<0/0xe008>/6>"),
    A(3, "int <0x20/0x22/0x80/3/4/0x24>"),
    A(2, "load <va(9)/va(5)/" NOWHERE "/0x800000000000> deliver"),
    A(2, "store <va(9)/va(5)/" NOWHERE "+<1/8>> <0/1/pte(<plain>, P|RW)> deliver"),
    A(1, "trap 14 error=<0/2> cr2=" NOWHERE),
};
#define FRAME(flags, rip, cs, rflags, ss)                                                          \
    "iret [<0/5>, 1, 2, " flags ", " rip ", " cs ", " rflags ", " STACK "<-8/-0x340/-0xfd0/+32>, " \
    "" ss "]"
static const struct xd_alt to_kernel[] = {
    A(1, FRAME("<0/0x100>", AT "005900", "<0xe030/0xe031>", "<2/0x202/0x3202/0x40246/0x4ed5>",
               "0xe02b")),
};
/* IF lets events in. */
static const struct xd_alt to_kernel_open[] = {
    A(1, FRAME("<0/0x100>", AT "005400", "0xe030", "<0x202/0x200/0xa02>", "<0xe02b/0xe028>")),
};
static const struct xd_alt to_odd[] = {
    A(3, FRAME("<0/0/0x100>", "<" AT "005900/0x800000000000>",
               "<0xe030/0/0xe008/0xe010/0xe028/0xe040/0xfff8>", "<2/0x202>",
               "<0xe02b/0/0xe033/0xe010/0xe008/0xfff8>")),
    A(1, FRAME("0", "0x800000000000", "0xe030", "<2/0x202>", "0xe02b")),
};
static const struct xd_alt masked[] = {
    A(1, "iret [0, 1, 2, <0/0x100>, " AT "005800, 0xe030, 2, " STACK ", 0xe02b]"),
};
static const struct xd_alt in_kernel[] = {
    A(5, "<enter-at>\n<enter-exception>\n<enter-at>\n<enter-exception>"),
    A(2, "<flush>\n<enter-at>\n<enter-exception>"),
    A(2, "<enter-at>\nupcall\n<enter-to-kernel>\ndeliver"),
    A(2, "<reset>\nevent_channel_op bind_ipi vcpu=<0/<self-vcpu>>\nevent_channel_op send port=1\n"
         "<enter-at>\n<enter-to-kernel>\ndeliver"),
    A(3, "<enter-at>\n<to-kernel-open>\nupcall\n<enter-at>\n<enter-exception>\ndeliver"),
    A(3, "<enter-at>\n<enter-to-odd>\n<enter-at>\n<enter-exception>"),
    A(2, "fpu_taskswitch <0/1/1>\n<enter-at>\ntrap 7\n<enter-at>\ntrap 7"),
};
static const struct xd_alt user_root[] = {
    A(3, "stack_switch 0xe02b " STACK "<-0x1000/-0x1008/+0x100/-0x428>\n"
         "mmuext_op [NEW_USER_BASEPTR mfn=cr3()]"),
    A(1, "callback_op register type=syscall flags=<0/1> address=" AT "004200\n"
         "stack_switch 0xe02b " STACK "<-0xc00/+0x38>\nmmuext_op [NEW_USER_BASEPTR mfn=cr3()]"),
};
/* Where nothing can be delivered before it runs, or where events are let in, and it may be the kernel that runs. */
static const struct xd_alt to_user_quietly[] = {
    A(1, FRAME("<0/0x100>", USER, "0xe033", "<2/0/0x8d7/0x44cd5>", "0xe02b")),
};
static const struct xd_alt to_user[] = {
    A(3, FRAME("<0/0x100>", USER, "0xe033", "<0x202/0x602>", "<0xe02b/0xe02b/0>")),
    A(1, FRAME("<0/0x100>", "<" USER "/0x800000000000>", "<0xe00b/3/0xe033/0xe02b/0xe043>",
               "<0x202/2>", "<0xe02b/0/0xe033/0xe013>")),
};
static const struct xd_alt in_user[] = {
    A(4, "trap <0/3/4/6/13 error=<0/0xe008>/6>"),
    A(3, "int <0x20/0x22/0x80/3/4/0x24>"),
    A(2, "load <" NOWHERE "/0x800000000000> deliver"),
    A(1, "store " NOWHERE " 1 deliver"),
};
static const struct xd_alt by_user[] = {
    A(4, "<enter-user-quietly>\nsyscall"),
    A(3, "<enter-user-quietly>\n<enter-in-user>"),
    A(2, "<enter-to-user>\n<enter-at>\n<enter-in-user>"),
    A(1, "upcall\n<enter-to-user>\n<enter-at>\n<enter-in-user>"),
};
/* A page of descriptors: 64-bit code, and data that may be written, or not. */
static const struct xd_alt by_ldt[] = {
    A(1, "update_va_mapping va(6) pte(<plain@1>, P|RW|US) UVMF_INVLPG\n"
         "store va(6)+8 0x00affb000000ffff\nstore va(6)+16 0x00<cff3/cff1>000000ffff\n"
         "update_va_mapping va(6) pte(<@1>, P|<US/US/RW>) UVMF_INVLPG\n"
         "mmuext_op [SET_LDT linear_addr=va(6) nr_ents=<512/8>]\n"
         "set_segment_base 3 <0xc/0x14/0xffc/0x1004>"),
};
static const struct xd_alt to_ldt[] = {
    A(1, FRAME("0", AT "005a00", "<0xc/0xc/0x14/0x1004>", "<2/0x202>", "<0xe02b/0xc/0x14>")),
};
/* The domain ends by it. */
static const struct xd_alt ends[] = {
    A(2, "<enter-start>\nregs rip=" KERNEL " rsp=<0/0xffff800000000010/0xffff87fffffffff8/"
         "0xffff880000000040>\ntrap 6"),
    A(1, "<enter-start>\nset_trap_table 0\n<enter-at>\ntrap <0/6>"),
    A(1, "set_callbacks 0 0 0\n<enter-at>\nupcall\n<to-kernel-open>"),
    A(1, "<enter-start>\nregs rip=" KERNEL " rsp=0xffff830000000000\niret"),
    A(1, "<enter-start>\n<enter-at>\nmmuext_op [NEW_USER_BASEPTR mfn=0]\n<enter-user-quietly>"),
};

static void self_vcpu(struct xd_gen *g, unsigned int arg, struct xd_str *out)
{
    (void)arg;
    xd_str_addf(out, "%u", g->vcpu);
}

const struct xd_rule xd_rules_enter[] = {
    RULE("traps", stories),
    RULE("traps-end", ends),
    RULE("enter-start", start),
    RULE("enter-at", at),
    RULE("enter-exception", exception),
    RULE("enter-to-kernel", to_kernel),
    RULE("to-kernel-open", to_kernel_open),
    RULE("enter-to-odd", to_odd),
    RULE("masked", masked),
    RULE("enter-kernel", in_kernel),
    RULE("user-root", user_root),
    RULE("enter-user-quietly", to_user_quietly),
    RULE("enter-to-user", to_user),
    RULE("enter-in-user", in_user),
    RULE("enter-user", by_user),
    RULE("enter-ldt", by_ldt),
    RULE("enter-to-ldt", to_ldt),
    MAKE("self-vcpu", self_vcpu, 0),
    {0},
};
