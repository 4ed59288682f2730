/* SPDX-License-Identifier: MIT */
/* generate_host.c: what a host does around its guests, which real machines can't be told to do. */
#include "fuzz/grammar.h"

static const struct xd_alt host[] = {
    A(6, "advance <1ns/1us/10ms/1s/100s>"),
    A(5, "virq <TIMER/DEBUG/CONSOLE/DOM_EXC/TBUF/ARGO/ARCH_0/ARCH_7/5/14>"),
    A(3, "console_input \"<x/hello/a line that is typed on the console>\"\n"
         "console_io read <1/16/64> buf(64)"),
    A(2, "console_input \"hello\"\n<flush>\nconsole_io read 3 <bad-out>"),
    A(2, "inject event_channel_op <alloc_unbound/bind_virq/bind_ipi> error=<ENOSPC/ENOMEM>\n"
         "<bind-ipi>\n<alloc>"),
    A(2, "inject <mmu_update/mmuext_op/update_va_mapping/memory_op> error=<EFAULT/ENOMEM/EBUSY>\n"
         "<mm>"),
    A(2,
      "inject mmuext_op <PIN_L1_TABLE/UNPIN_TABLE/INVLPG_LOCAL> percent=50 seed=<1/2> error=EBUSY\n"
      "<mm>\n<mm>"),
    A(1, "upcall"),
    A(2,
      "scarce <0/1/2>\n"
      "memory_op <populate_physmap/increase_reservation> extent_start=[<pfn>, <pfn>] domid=SELF\n"
      "scarce frames()"),
    A(3, "<reset>\nevent_channel_op bind_virq virq=1 vcpu=0\nvirq DEBUG\n"
         "sched_op poll ports=[1] timeout=0"),
    A(3, "<reset>\n<bind-ipi>\nsched_op poll ports=[1] timeout=<1/1000000>\nadvance 1000s"),
    /* A list whose vCPU sleeps in the middle: the rest waits. */
    A(6, "<reset>\n<bind-ipi>\nmulticall { sched_op poll ports=[1] timeout=<0/0x3b9aca00000>; "
         "<mmuext>; xen_version version }\nevent 1\nadvance <1ns/100000s>"),
    A(1, "event_channel_op bind_virq virq=0 vcpu=0\nadvance 1s"),
    A(3, "<runs>"),
    A(12, "<pirqs>"),
    CTL(8, "<lasting-platform>"),
    CTL(5, "<devices>"),
    A(1, "scarce 0\nmemory_op exchange in=[<give-page>] out=[<take-page>] in_domid=SELF "
         "out_domid=SELF\nscarce frames()"),
    CTL(1, "memory_op machine_memory_map nr_entries=<5/6/7/128> buffer=<0/buf(160)/<bad-out>>"),
    DOMU(3, "<new-vcpu>"),
    DOMU(1, "vcpu_op 10 1 ptr(<plain>, 8)"),
    A(1, "vcpu_op 10 0 ptr(<plain>, <0/8/64/4032>)\n<bind-ipi>\nvcpu_op 10 0 ptr(<plain>, 0)"),
    A(14, "<host-traps>"),
    CTL(2, "<fifo>"),
    CTL2(2, "<end-of-other>"),
    CTL2(8, "<trapped-end>"),
    CTL2(8, "<suspended>"),
};

/* Extents of more than one page: whether there are such runs of frames is up to each heap. */
static const struct xd_alt runs[] = {
    A(2, "memory_op <populate_physmap/increase_reservation> extent_start=[<pfn>] extent_order=<1/"
         "3/9> domid=SELF<mem-flags>"),
    A(1, "memory_op decrease_reservation extent_start=[<give-page>] extent_order=1 domid=SELF"),
    A(2, "memory_op exchange in=[<give-page>, <give-page>] out=[<take-page>] out_order=1 "
         "in_domid=SELF out_domid=SELF = ? out=[$m<new-name@5>]\n"
         "memory_op exchange in=[$m<@5>] in_order=1 out=[<take-page>, <take-page>] in_domid=SELF "
         "out_domid=SELF"),
    CTL(2, "memory_op populate_physmap extent_start=[<0x1000/0xffffffffffffffff>] "
           "extent_order=<1/2> domid=SELF = ? extent_start=[$m<new-name@5>]\n"
           "<50%memory_op exchange in=[$m<@5>] in_order=1 out=[0x2000] out_order=1 in_domid=SELF "
           "out_domid=SELF\n>"
           "memory_op decrease_reservation extent_start=[$m<@5>] extent_order=1 domid=SELF"),
};

/* Behind an iret a list does not go on; what is due is delivered when it is over. Rules of generate_traps.c. */
static const struct xd_alt listed[] = {
    A(2, "event_channel_op send port=<port>"),
    A(1, "vcpu_op 11 0 0"),
    A(1, "sched_op yield"),
    A(1, "fpu_taskswitch <0/1>"),
    A(2, "<mmuext>"),
};
static const struct xd_alt listed_iret[] = {
    A(4,
      "<handlers>\n<on-stack>\nmulticall {\n<70%<listed>\n><to-kernel>\n<listed>\n}\n<50%deliver>"),
    A(3,
      "<handlers>\n<user-table>\n<on-stack>\nmulticall {\n<70%<listed>\n><to-user>\n<listed>\n}\n<in-user>\n<back>"),
    A(2,
      "<handlers>\n<user-table>\n<on-stack>\nmulticall {\n<to-user-quietly>\n<listed>\n}\n<in-user>\nsyscall"),
    A(2, "<handlers>\n<on-stack>\nmulticall {\n<listed>\n<to-odd>\n}\n<50%deliver>"),
};

/* Interrupts of devices. Behind what is granted a real machine would have to boot anew each time. */
static const struct xd_alt pirqs[] = {
    A(1, "physdev_op get_free_pirq type=<0/1>\nphysdev_op eoi irq=<16/55>"),
    A(2,
      "physdev_op <pirq_eoi_gmfn_v1/pirq_eoi_gmfn_v2> gmfn=<<plain>/<alien>/<l1>/shared_info()>"),
    A(1, "physdev_op pirq_eoi_gmfn_v2 gmfn=<plain>\nphysdev_op pirq_eoi_gmfn_v1 gmfn=<plain>"),
    CTL(4, "physdev_op map_pirq domid=<SELF/SELF/<domid>> type=1 index=<0/9/16/17/18/24> "
           "pirq=<-1/9/16/17/0/208>\n"
           "event_channel_op bind_pirq pirq=<9/16/17/0> flags=<0/1>\nirq <9/16/17>\n"
           "physdev_op <eoi irq=<9/16/17>/irq_unmask_notify/irq_status_query irq=9>"),
    CTL(12,
        "<reset>\nphysdev_op setup_gsi gsi=17 triggering=<0/1> polarity=0\n"
        "physdev_op map_pirq domid=SELF type=1 index=17 pirq=17\n"
        "event_channel_op bind_pirq pirq=17 flags=0\n"
        "event_channel_op <bind_pirq pirq=17 flags=0/send port=1/send port=1/status dom=SELF port=1/"
        "close port=1/unmask port=1/bind_vcpu port=1 vcpu=0>\n"
        "irq 17\nadvance <1us/1ms>\nirq 17\nphysdev_op eoi irq=17"),
    CTL(3, "physdev_op map_pirq domid=SELF type=1 index=18 pirq=18\n"
           "event_channel_op bind_pirq pirq=18 flags=1\n"
           "physdev_op unmap_pirq domid=SELF pirq=18\n"
           "physdev_op map_pirq domid=SELF type=1 index=18 pirq=<-1/-1/18/19>\n"
           "irq 18\nevent_channel_op close port=<port>"),
    CTL(2, "physdev_op map_pirq domid=SELF type=1 index=<9/10> pirq=20\n"
           "physdev_op map_pirq domid=SELF type=<1/0> index=<9/10> pirq=<20/21/-1>"),
    CTL(3, "physdev_op apic_write apic_physbase=0xfec00000 reg=<apic-entry@1> "
           "value=<0x10000/0x8010/0x8011/18/0xa009/0x1a011/0xd0>\n"
           "physdev_op apic_read apic_physbase=0xfec00000 reg=<<@1>/51>\n"
           "<50%event_channel_op bind_pirq pirq=<9/16/17/18> flags=0\n>"
           "physdev_op apic_write apic_physbase=0xfec00000 reg=<@1> value=<0x10000/0x8011/18>\n"
           "<50%physdev_op unmap_pirq domid=SELF pirq=<9/16/17/18>\n>"
           "physdev_op apic_write apic_physbase=0xfec00000 reg=<<@1>/51/64/0xfffffffe> value=17"),
    CTL(1, "physdev_op setup_gsi gsi=<0/9/17/18> triggering=1 polarity=0\n"
           "physdev_op setup_gsi gsi=<17/18> triggering=0 polarity=0"),
};

static const struct xd_alt apic_entry[] = {A(1, "16"), A(1, "20"), A(2, "34"),
                                           A(2, "48"), A(3, "50"), A(1, "52")};

/* PCI devices: known ones have no MSIs. On real Xen, one that is asked for MSI-X is the end. */
static const struct xd_alt devices[] = {
    A(2, "physdev_op manage_pci_add bus=0 devfn=<0/8>\n"
         "physdev_op <prepare_msix/release_msix/restore_msi_ext> seg=0 bus=0 devfn=<0/8>"),
    A(3, "<known-device>"),
};

/* What platform_op leaves in the machine. */
#define TYPED "platform_op ptr(0x030000010000001f, "
#define ZEROS "0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)\n"
static const struct xd_alt lasting_platform[] = {
    A(2, "<memory-types>"),
    A(1, TYPED "0x4<0/1/2/3>000, 1, 1, " ZEROS TYPED "0x4<4/5>000, 1, 1, " ZEROS TYPED
               "0x4<6/7>000, 1, 1, " ZEROS TYPED "0x48000, 1, 1, " ZEROS TYPED
               "0x49000, 1, 1, " ZEROS TYPED "0x4a000, 1, 1, " ZEROS TYPED
               "0x4b000, 1, 1, " ZEROS TYPED "0x4c000, 1, 1, " ZEROS "xen_version version"),
    A(2, "<processors>"),
    A(1,
      "update_va_mapping va(2) pte(<plain>, P|RW|US) UVMF_INVLPG\nstore va(2) 0x030000010000001f\n"
      "store va(2)+8 0x60000\nstore va(2)+16 1\nstore va(2)+24 1\n"
      "update_va_mapping va(2) pte(<plain>, P|US) UVMF_INVLPG\nplatform_op va(2)"),
};

/* vCPU 2 of the guest, which the builder gave no context. */
#define CONTEXT "start.padding_va+0x40000"
static const struct xd_alt new_vcpu[] = {
    A(1, "vcpu_op 0 2 <bad-in>"),
    A(1, "store " CONTEXT "+512 0\nvcpu_op 0 2 " CONTEXT),
    A(2,
      "store " CONTEXT "+<648/5112/728> <0x800000000000/0xffff7fffffffffff>\nvcpu_op 0 2 " CONTEXT),
    A(1, "store " CONTEXT "+4816 <8/0xffff800000000000>\nvcpu_op 0 2 " CONTEXT),
    A(1,
      "store " CONTEXT "+4960 <8193/8192/0xffffffffffffffff/0x20000000000>\nvcpu_op 0 2 " CONTEXT),
    A(3, "store " CONTEXT "+512 <4/0x24/0>\nstore " CONTEXT "+4960 <0/512>\nstore " CONTEXT
         "+4832 <plain>\nstore " CONTEXT "+5008 mach(<cr3()/<l4>/<plain>>)\nstore " CONTEXT
         "+4992 <0/mach(<cr3()/<l1>>)>\nvcpu_op 0 2 " CONTEXT "\nvcpu_op <1/2/3> 2 0"),
};

/* The other domain ends: frames mapped here outlive it, and its number stays known so long. */
static const struct xd_alt end_of_other[] = {
    A(6, "update_va_mapping_otherdomain va(18) pte(<their-plain>, P|RW) UVMF_INVLPG d1\n"
         "<50%<across>\n>destroy d1\n"
         "event_channel_op alloc_unbound dom=d1 remote_dom=d0\n"
         "memory_op populate_physmap extent_start=[pfn(1)] domid=d1\n"
         "event_channel_op <status dom=d1 port=1/reset dom=d1/bind_interdomain remote_dom=d1 "
         "remote_port=1>\n"
         "update_va_mapping va(18) 0 UVMF_INVLPG\nevent_channel_op alloc_unbound dom=d1 "
         "remote_dom=d0"),
    A(2, "destroy d1\nevent_channel_op send port=<port>\nevent_channel_op close port=<port>"),
    A(2, "sched_op remote_shutdown domain_id=d1 reason=<poweroff/reboot/crash/99>\n<across>\n"
         "sched_op remote_shutdown domain_id=d1 reason=crash"),
};

static const struct xd_alt trap_end[] = {A(1, "@d1.0\n<trap-crash>\n@d0.0")};

/* The other domain suspends, and comes back. */
static const struct xd_alt suspends[] = {
    A(3, "sched_op remote_shutdown domain_id=d1 reason=suspend\nresume d1 cancelled"),
    A(1, "sched_op remote_shutdown domain_id=d1 reason=<0/2>\n"
         "domctl ptr4(27, 0x15, d1, 0, <zeros>)"),
    A(6,
      "@d1.0\n<50%vcpu_op register_runstate_memory_area 1 ptr(<0x10/va(9)/start.start_info_va+0x800>)\n>"
      "<50%vcpu_op 11 1 0\n>"
      "store start.start_info_va+56 (start.store_va-start.virt_base)>>12\n"
      "store start.start_info_va+72 (start.console_va-start.virt_base)>>12\n"
      "<20%event_channel_op close port=<1/2>\n>hypercall 29 2 ptr4(2) "
      "entry(table(1, start.start_info_va)[start.start_info_va>>12&511])>>12&0xffffffffff\n"
      "resume d1 <anew/restored/cancelled>\n@d0.0"),
};

/* What only works while the other domain lives. */
static void unless_over(struct xd_gen *g, unsigned int arg, struct xd_str *out)
{
    (void)arg;
    g->whole = !g->domain[1].over;
    xd_gen_rule(g, g->whole ? "suspends" : "mm", out);
}

static void over(struct xd_gen *g, unsigned int trapped, struct xd_str *out)
{
    if (g->domain[1].over) {
        xd_gen_rule(g, "mm", out);
        return;
    }
    g->domain[1].over = true;
    g->whole = trapped;
    xd_gen_rule(g, trapped ? "trap-end" : "the-end", out);
}

const struct xd_rule xd_rules_host[] = {
    RULE("host", host),
    RULE("runs", runs),
    RULE("listed", listed),
    RULE("listed-iret", listed_iret),
    RULE("pirqs", pirqs),
    RULE("apic-entry", apic_entry),
    RULE("devices", devices),
    RULE("lasting-platform", lasting_platform),
    RULE("new-vcpu", new_vcpu),
    RULE("the-end", end_of_other),
    MAKE("end-of-other", over, 0),
    RULE("trap-end", trap_end),
    MAKE("trapped-end", over, 1),
    RULE("suspends", suspends),
    MAKE("suspended", unless_over, 0),
    {0},
};
