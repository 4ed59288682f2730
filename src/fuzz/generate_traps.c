/* SPDX-License-Identifier: MIT */
/*
 * generate_traps.c: what enters a guest's kernel, and iret; for the double only, what real Xen can be made to do is in generate_enter.c.
 *
 * Each story leaves the vCPU in kernel mode and its domain alive: handlers, callbacks and stacks are given before they are
 * used, and nothing of it is spoiled. How a domain ends by a trap is what `trap-crash` is for.
 */
#include "fuzz/grammar.h"

#define STACK "start.padding_va+0x20000"

static const struct xd_alt stories[] = {
    A(4, "<handlers>\n<on-stack>\n<exception>\n<10%<exception>>"),
    A(3, "<handlers>\n<on-stack>\nupcall\n<to-kernel>\ndeliver"),
    A(3, "<handlers>\n<user-table>\n<on-stack>\n<to-user>\n<in-user>\n<back>"),
    A(2, "<handlers>\n<user-table>\n<on-stack>\n<to-user-quietly>\n<in-user>\nsyscall"),
    A(2,
      "<handlers>\n<on-stack>\nnmi_op register_callback handler_address=0x2200\nvcpu_op 11 0 0\ndeliver\n"
      "vcpu_op 11 0 0\n<to-kernel>"),
    A(1, "nmi_op unregister_callback\nvcpu_op 11 0 0\n<handlers>\n<on-stack>\ndeliver"),
    A(2, "<handlers>\n<on-stack>\n<to-odd>"),
    A(1,
      "<handlers>\n<on-stack>\ncallback_op register type=failsafe flags=<0/1> address=0x9000\nfailsafe"),
    A(1, "<own-ldt>\nset_segment_base 3 <0xc/0x14/0xffc/0x1004>\n<handlers>\n<on-stack>\n<to-ldt>"),
    A(1, "vm_assist <enable/disable> architectural_iopl"),
};
/* DPL in bits 0 and 1 of the flags, bit 2 masks events. */
static const struct xd_alt handlers[] = {
    A(2,
      "set_trap_table ptr(0xe0330<0/3/4/7>06, 0x6000, 0xe0330007, 0x7000, 0xe033000a, 0xa000, 0xe033000b, "
      "0xb000, 0xe033040c, 0xc000, 0xe0330<0/1/3/7>0d, 0xd000, 0xe0330<0/4>0e, 0xe000, 0, 0)\n<callback>"),
    A(1,
      "set_trap_table ptr(0xe0330006, 0x6000, 0xe0330007, 0x7000, 0xe033000a, 0xa000, 0xe033000b, 0xb000, "
      "0xe033000c, 0xc000, 0xe033000d, 0xd000, 0xe033000e, 0xe000, 0xe0330<0/1/3/4>80, 0x8000, "
      "0xe0330<0/1/2/3>21, 0x2100, 0, 0)\n<callback>"),
};
static const struct xd_alt callback[] = {
    A(3, "callback_op register type=event address=0x4000"),
    A(1, "set_callbacks 0x4000 0x9000 <0/0x5000>"),
};
static const struct xd_alt on_stack[] = {
    A(6, "regs rip=<0x1000/start.kernel_va/0x7ffffffffffe> rsp=" STACK "<+8/-8/+24/-64/-0xfc8> "
         "rflags=<2/0x246/0x50d03/0xffffffff>"),
};
static const struct xd_alt exception[] = {
    A(3,
      "trap <6/13 error=<0/0x10/0xe008>/10 error=8/14 error=<0/2/7> cr2=<va(9)/0x800000000000>>"),
    A(2, "int <0x80/0x21/0x20/6/13>"),
    A(2, "load <va(9)/va(5)/0x800000000000> deliver"),
    A(2, "store <va(9)/va(5)/start.pt_va> <0/1/pte(<plain>, P|RW)> deliver"),
    A(1, "trap 7"),
};
#define FRAME(flags, rip, cs, ss) \
    "iret [<0/5>, 1, 2, " flags ", " rip ", " cs ", <2/0x202/0x3202/0x40346>, " STACK ", " ss "]"
static const struct xd_alt to_kernel[] = {
    A(1, FRAME("<0/0x100>", "0x1000", "<0xe030/0xe031>", "0xe02b")),
};
static const struct xd_alt to_user[] = {
    A(3, FRAME("<0/0x100>", "0x400000", "0xe033", "0xe02b")),
    A(1, FRAME("<0/0x100>", "0x400000", "0xe023", "0xe02b")),
    A(1, FRAME("0", "<0x400000/0x800000000000>", "<0xe033/0xe008/3/11>", "<0xe02b/0/0xe033/0x13>")),
};
/* Nothing can be delivered before it runs. */
static const struct xd_alt to_user_quietly[] = {
    A(1, "iret [0, 1, 2, <0/0x100>, 0x400000, <0xe033/0xe023>, 2, 0x7000, 0xe02b]"),
};
static const struct xd_alt to_odd[] = {
    A(1, FRAME("<0/0x100>", "<0x1000/0x100000000/0x800000000000>",
               "<0xe030/0xe020/0/8/0x10/0xe008>", "<0xe02b/0/0xe033/0x10/0xe010>")),
};
static const struct xd_alt to_ldt[] = {
    A(1, FRAME("0", "0x1000", "<0xc/0x14/0xffc>", "<0xe02b/0xc/0x14>")),
};
static const struct xd_alt user_table[] = {
    A(1,
      "stack_switch 0xe02b " STACK "<-0x1000/-0x1008/+0x100>\ncallback_op register type=syscall "
      "flags=<0/1> address=<0/0x5000>\ncallback_op register type=syscall32 flags=0 address=<0/0x5100>\n"
      "mmuext_op [NEW_USER_BASEPTR mfn=cr3()]"),
};
static const struct xd_alt in_user[] = {
    A(2, "load <va(9)/start.kernel_va>"),
    A(1, "store <va(9)/va(5)> 1"),
    A(1, "upcall"),
};
/* What enters the kernel in any case, if it is not there yet. */
static const struct xd_alt back[] = {
    A(2, "trap 6"),
    A(2, "int <0x80/0x20/13>"),
    A(1, "load 0x800000000000 deliver"),
};
static const struct xd_alt own_ldt[] = {
    A(1,
      "update_va_mapping va(6) pte(<plain@1>, P|RW|US) UVMF_INVLPG\nstore va(6)+8 0x<00cff3/00affb/"
      "12cff3>345678ffff\nstore va(6)+16 0x<00cff3/00affb/00cf73>000000ffff\nupdate_va_mapping va(6) "
      "pte(<@1>, P|US) UVMF_INVLPG\nmmuext_op [SET_LDT linear_addr=va(6) nr_ents=<512/8>]"),
};
/* For the end of a domain: nothing of it runs after that. */
static const struct xd_alt trap_crash[] = {
    A(1, "regs rsp=<0/0xffff800000000010/0xffff87fffffffff8/0xffff880000000040/va(9)>\ntrap 6"),
    A(1, "set_trap_table 0\ntrap <0/6>"),
    A(3, "<on-stack>\ncallback_op register type=event address=0\nupcall\n<to-kernel>"),
    A(1, "regs rsp=<va(9)/0xffff830000000000>\niret"),
    A(1,
      "mmuext_op [NEW_USER_BASEPTR mfn=0]\niret [0, 0, 0, 0, 0x400000, 0xe033, 2, 0x7000, 0xe02b]"),
    A(1,
      "<handlers>\nupdate_va_mapping va(7) pte(<plain>, P|RW|US) UVMF_INVLPG\nregs rsp=va(7)+<16/48>\ntrap 13"),
};

static void story(struct xd_gen *g, unsigned int arg, struct xd_str *out)
{
    (void)arg;
    g->whole = true;
    xd_gen_rule(g, "trap-story", out);
}

const struct xd_rule xd_rules_traps[] = {
    MAKE("host-traps", story, 0),
    RULE("trap-story", stories),
    RULE("handlers", handlers),
    RULE("callback", callback),
    RULE("on-stack", on_stack),
    RULE("exception", exception),
    RULE("to-kernel", to_kernel),
    RULE("to-user", to_user),
    RULE("to-user-quietly", to_user_quietly),
    RULE("to-odd", to_odd),
    RULE("to-ldt", to_ldt),
    RULE("user-table", user_table),
    RULE("in-user", in_user),
    RULE("back", back),
    RULE("own-ldt", own_ldt),
    RULE("trap-crash", trap_crash),
    {0},
};
