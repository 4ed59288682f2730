/* SPDX-License-Identifier: MIT */
/*
 * generate_cpu.c: traps, debug registers, segment bases, vCPUs and timers, devices.
 *
 * A kernel goes on using all of these behind the program's back, so what would change the way it
 * runs is only asked for where it is refused: no trap is taken away, no breakpoint armed, no timer
 * set, no vCPU brought down, no device touched.
 */
#include "fuzz/grammar.h"

static const struct xd_alt context[] = {
    A(2,
      "set_trap_table ptr(<3/14/255>, <0x800000000000/0xffff7fffffffffff/0x8000000000000000>, 0, 0)"),
    A(1, "set_trap_table <va(7)/0x800000000000/0xffff830000000000/va(7)-8>"),
    A(1, "stack_switch <0/0x10/0xe02b/0xe033/0xffff> <0/start.stack_va+4096/0x800000000000>"),
    A(1, "fpu_taskswitch <1/2/0x100000000>\nfpu_taskswitch 0"),
    A(2, "set_segment_base <4/5/99/0xffffffff> 0"),
    A(2, "set_segment_base <0/1/2> <0x800000000000/0xffff7fffffffffff/0x8000000000000000>"),
    A(1, "set_segment_base <0/1> <0/va(0)/start.kernel_va>"),
    A(1, "set_segment_base 3 <0/3/0xe02b/0xe033/0xe008/8>"),
};
static const struct xd_alt debug_register[] = {
    A(4, "get_debugreg <0/1/2/3/4/5/6/7>"),
    A(2, "get_debugreg <8/99/0x7fffffff/0x80000000/0xffffffff>"),
    A(2, "set_debugreg <0/1/2/3> <0/0x1000/0x7fffffffffff/va(0)>"),
    A(2,
      "set_debugreg <0/1/2/3> <0x800000000000/0xffff800000000000/0xffff830000000000/0xffff87ffffffffff/"
      "0x8000000000000000>"),
    A(2, "set_debugreg <4/6> <0/0x1000/0xffff0ff0/0xffffffff/0x100000000>"),
    A(1, "set_debugreg <5/7> <0x2000/0x20001/0x200004>"),
    A(2, "set_debugreg <5/7> <0/0x400/0x500/0x300/0x2000/0x20001/0x200004/0x100000000>"),
    A(1, "set_debugreg <8/99/0x80000000/0xffffffff> 0"),
};
static const struct xd_alt vcpu_call[] = {
    A(2, "vcpu_op 3 <vcpu> 0"),
    A(2, "vcpu_op 0 0 <buf(5168)/va(7)/0>"),
    A(1, "vcpu_op <1/7> 0 <0/0x1000>\nvcpu_op 1 0 0"),
    A(1, "vcpu_op <1/3/4/7/12> <1/64/128/0xffffffff> 0"),
    A(1, "vcpu_op <4/5/6/8/12/13> 0 <bad-out>"),
    A(2, "vcpu_op <5/13> 0 ptr(<0xffff830000000000/0xffff87fffffffff8/0>)"),
    A(1, "vcpu_op 6 0 ptr(<0/1/999999/0x4000000000000000/0xffffffffffffffff>)"),
    A(1, "vcpu_op <7/9> 0 <0/0>\nset_timer_op 0"),
    A(2, "vcpu_op 12 0 buf(8)"),
    DOMU(2, "vcpu_op 12 0 buf(8)"),
    A(2, "vcpu_op 11 0 <1/0x1000>"),
    A(1, "vcpu_op <14/15/64/0x80000000/0xffffffff> 0 0"),
    A(2, "vcpu_op 10 0 ptr(<plain>, <4033/4/0xffffffff>)"),
    A(1, "vcpu_op 10 0 <ptr(<x1>, 0)/ptr(0xffffffffffffffff, 64)/ptr(0, 0)/<bad-in>>"),
    DOMU(2, "vcpu_op <8/9> 1 ptr(1, 0)"),
    DOMU(1, "vcpu_op 3 <1/2> 0"),
    DOMU(3, "vcpu_op 10 1 ptr(<plain>, <0/64/4033>)"),
    DOMU(1, "vcpu_op 10 2 ptr(<plain>, <4/4033>)"),
    DOMU(
        2,
        "vcpu_op 10 2 ptr(<plain>, <0/8/64/4032>)\n<30%event_channel_op bind_ipi vcpu=2\n>vcpu_op 10 2 "
        "ptr(<plain>, <0/64>)"),
    A(1, "nmi_op <op=2/op=99/register_callback arg=<bad-in>>"),
    A(3, "nmi_op register_callback handler_address=<0x800000000000/0xffff7fffffffffff/"
         "0x8000000000000000>"),
    A(1, "nmi_op unregister_callback"),
};
/*
 * The context of d1's third vCPU, at va(2): it lies down until somebody brings it up, which nobody does. Root tables
 * are good ones, or refused for what they are, not by an audit (docs/DIFFERENCES.md, 21).
 */
static const struct xd_alt third_context[] = {
    A(2, "vcpu_op 0 <1/2> <buf(5168)/va(5)/va(7)>"),
    A(3,
      "<room>\nstore va(2)+<648/672/728/4808/4976/5112/5120/5128/5144/5152/5160> <non-canonical>\nvcpu_op 0 2 va(2)"),
    A(2, "<room>\nstore va(2)+4816 <0x1008/0x800000000000/0xffff830000000000/0>\nstore va(2)+4824 "
         "<0/8192/8193>\nvcpu_op 0 2 va(2)"),
    A(2, "<room>\nstore va(2)+512 <0/4>\nstore va(2)+4960 "
         "<8192/8193/0xffffffff/0xffffffffffffffff/0x100000000/0x20000001c01>\nvcpu_op 0 2 va(2)"),
    A(2,
      "<room>\nstore va(2)+512 4\nstore va(2)+4832 <stranger>\nstore va(2)+4960 <512/513>\nvcpu_op 0 2 va(2)"),
    A(2,
      "<room>\nstore va(2)+512 4\nstore va(2)+4960 0\nstore va(2)+5008 mach(cr3())\n"
      "store va(2)+4992 <mach(d0.cr3())/mach(d0.page(0))/0x3ffffffff000>\nvcpu_op 0 2 va(2)\n<50%vcpu_op 0 2 va(2)\n>"
      "mmuext_op [UNPIN_TABLE mfn=<l4>]"),
    A(1, "<room>\nstore va(2)+512 4\nstore va(2)+4960 0\nstore va(2)+4992 0\nstore va(2)+5008 "
         "<mach(d0.cr3())/mach(d0.page(0))/0x3ffffffff000>\nvcpu_op 0 2 va(2)"),
    A(1, "<room>\nstore va(2)+512 4\nstore va(2)+4960 0\nstore va(2)+4992 0\nstore va(2)+5008 "
         "mach(cr3())\nvcpu_op 0 2 va(2)\nvcpu_op <0/3> 2 va(2)"),
};

/* Once it may have a context, nobody brings it up: what would run then? */
static void third_vcpu(struct xd_gen *g, unsigned int arg, struct xd_str *out)
{
    struct xd_gen_domain *d = &g->domain[g->at];

    (void)arg;
    if (!d->third_vcpu && xd_gen_percent(g, 20)) {
        xd_str_add(out, "vcpu_op 1 2 0");
        return;
    }
    d->third_vcpu = true;
    xd_gen_rule(g, "third-context", out);
}

static const struct xd_alt room[] = {
    A(1, "update_va_mapping va(2) pte(<plain>, P|RW|US) UVMF_INVLPG\nupdate_va_mapping va(3) "
         "pte(<plain>, P|RW|US) UVMF_INVLPG")};
static const struct xd_alt non_canonical[] = {A(1, "0x800000000000"), A(1, "0xffff7fffffffffff"),
                                              A(1, "0x8000000000000000"),
                                              A(1, "0xffff000000000000")};
static const struct xd_alt bad_pirq[] = {A(1, "9999"), A(1, "0x10000"), A(1, "0x7fffffff"),
                                         A(1, "0xffffffff")};
static const struct xd_alt device[] = {
    A(1, "physdev_op irq_unmask_notify"),
    A(1, "physdev_op <irq_status_query/eoi> irq=<bad-pirq>"),
    A(1, "physdev_op eoi irq=<5/16/55>"),
    A(1, "physdev_op <apic_read/apic_write> apic_physbase=<0/0xfec01000/0xffffffff> reg=<0/1>"),
    A(2, "physdev_op set_iopl iopl=<4/5/0xffffffff>"),
    A(1, "physdev_op set_iobitmap bitmap=<0/0xffff830000000000> nr_ports=<65537/0xffffffff>"),
    A(1, "physdev_op set_iobitmap bitmap=0xffff830000000000 nr_ports=1"),
    A(1, "physdev_op map_pirq domid=<7/0x7fef/INVALID> type=<0/1> index=0 pirq=0"),
    A(1, "physdev_op map_pirq domid=SELF type=<2/5/0x7fffffff/0xffffffff> index=0 pirq=0"),
    A(1, "hypercall 33 13 ptr4(0x7ff0, 4, 0, 0, 0, 0, 0, 0, 1, 0)"),
    A(1, "physdev_op unmap_pirq domid=<7/INVALID> pirq=0"),
    A(1, "physdev_op unmap_pirq domid=SELF pirq=<bad-pirq>"),
    A(1, "physdev_op manage_pci_remove bus=0xff devfn=0xff"),
    A(1, "physdev_op restore_msi bus=0xff devfn=0xff"),
    A(1, "physdev_op manage_pci_add_ext bus=0xff devfn=0xff is_extfn=<2/0/2> is_virtfn=<2/3>"),
    A(1, "physdev_op setup_gsi gsi=<24/0x7fffffff/0xffffffff> triggering=0 polarity=0"),
    A(1, "physdev_op <pci_device_remove/restore_msi_ext> seg=<0/1/0xffff> bus=0xff devfn=0xff"),
    A(1, "physdev_op <irq_status_query/set_iopl/eoi/setup_gsi/map_pirq> arg=<bad-in>"),
    A(1, "physdev_op op=<0/3/11/18/22/32/99/0xffffffff>"),
    /* What is refused leaves nothing. Behind what is granted the real machine boots anew, so that comes at the end alone. */
    A(2, "physdev_op <pirq_eoi_gmfn_v1/pirq_eoi_gmfn_v2> gmfn=<<alien>/<x1>/0xffffffffffffffff>"),
    CTL(2, "physdev_op map_pirq domid=SELF type=1 index=<0/24/-1> pirq=<7/100>"),
    CTL(2, "physdev_op map_pirq domid=SELF type=<0/3> index=<0/23/24/-1> pirq=100 bus=0xff"),
    CTL(2, "physdev_op map_pirq domid=SELF type=4 index=-1 pirq=-1 entry_nr=<0/2/33/0xffffffff>"),
    CTL(1, "physdev_op setup_gsi gsi=0 triggering=0 polarity=0"),
    CTL(1, "physdev_op alloc_irq_vector irq=<9/0xffffffff>"),
    CTL(3, "physdev_op apic_read apic_physbase=0xfec00000 "
           "reg=<0/1/2/16/18/19/20/26/34/50/51/63/64/255/257>"),
    CTL(2, "physdev_op apic_write apic_physbase=0xfec00000 reg=<26/50/62> "
           "value=<0x200/0x10711/0x2d0>"),
    CTL(1, "physdev_op <prepare_msix/release_msix> seg=<0/1/0xffff> bus=0xff devfn=0xff"),
    CTL(3,
        "physdev_op pci_mmcfg_reserved address=0xb0000000 segment=<0/1> start_bus=0 end_bus=255 flags=<0/1/2/3>"),
    CTL(1, "physdev_op dbgp_op op=<0/1/2/99> bus=<0/1/99>"),
    A(1, "physdev_op_compat <bad-in>"),
    A(2, "physdev_op_compat ptr4(<3/4/5/6/7/12/12/17/19/22/27/28/32>, 0, <0/4/56/0xffffffff>, "
         "<0/1>, <0/65537>, 0, 0, 0, 0, 0, 0, 0, 0, 0)"),
    DOMU(3, "physdev_op_compat ptr4(<8/9/10/13/14/15/16/20/21/24/25/26/29/30/31>, 0, "
            "<0x7ff0/9/99>, <0/1>, 9, 9, 0, 0, 0, 0, 0, 0, 0, 0)"),
    CTL(3,
        "physdev_op_compat ptr4(<13, 0, 99, 1/14, 0, 99, 5/16, 0, 255, 255/21, 0, 99, 1/24, 0, 0, "
        "0/26, 0, 0, 255/30, 0, 7, 255/31, 0, 7, 255>, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)"),
    DOMU(
        4,
        "physdev_op <apic_read/apic_write/alloc_irq_vector/manage_pci_add/setup_gsi/pci_mmcfg_reserved/"
        "pci_device_add/dbgp_op/prepare_msix/release_msix/map_pirq domid=SELF/unmap_pirq domid=SELF>"),
};
static const struct xd_alt cpu[] = {A(4, "<flush>\n<context>"), A(4, "<debug-register>"),
                                    A(5, "<flush>\n<vcpu-call>"), A(5, "<flush>\n<device>")};

const struct xd_rule xd_rules_cpu[] = {
    RULE("cpu", cpu),
    RULE("context", context),
    RULE("debug-register", debug_register),
    RULE("vcpu-call", vcpu_call),
    RULE("third-context", third_context),
    MAKE("third-vcpu", third_vcpu, 0),
    RULE("room", room),
    RULE("non-canonical", non_canonical),
    RULE("bad-pirq", bad_pirq),
    RULE("device", device),
    {0},
};
