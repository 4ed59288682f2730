/* SPDX-License-Identifier: MIT */
/*
 * generate_misc.c: the small calls, the lists of calls, and what a host does.
 *
 * No call here but those of "end", with which a program may end, may end or stop the guest: no shutdown of its own domain,
 * no block, and a poll only where a reset and a bind have made sure that its port is pending, or where it is refused.
 */
#include "fuzz/grammar.h"

static const struct xd_alt version[] = {
    A(3, "xen_version <version/pagesize/version arg=<bad-out>>"),
    A(3, "xen_version get_features submap_idx=<0/0/0/1/2/0xffffffff>"),
    A(2, "xen_version <extraversion/capabilities/changeset/platform_parameters/guest_handle/"
         "compile_info/commandline>"),
    A(3, "<flush>\nxen_version <extraversion/capabilities/changeset/platform_parameters/"
         "guest_handle/get_features/"
         "compile_info/commandline> arg=<bad-out>"),
    A(1, "<flush>\nxen_version pagesize arg=<1/<bad-in>>"),
    A(2, "xen_version build_id len=<0/1/19/20/21/0xffffffff>"),
    A(2, "<flush>\nxen_version build_id arg=<0/<bad-out>>"),
    A(1, "xen_version op=<11/12/64/0x80000000/0xffffffff>"),
};

static const struct xd_alt sched[] = {
    A(4, "sched_op yield<20% arg=<bad-in>>"),
    A(1, "sched_op_compat <0/0/3/4/99/0xffffffff> 0"),
    A(3, "sched_op poll ports=[<50/51>] timeout=0"),
    A(2, "sched_op poll ports=[<0/64/4095/4096/0xffffffff>] timeout=<0/1>"),
    A(2, "sched_op poll ports=[50] nr_ports=<129/130/0x80000000/0xffffffff> timeout=0"),
    A(1, "<flush>\nsched_op poll ports=<0/va(7)/0x800000000000/0xffff830000000000/va(7)-2> "
         "nr_ports=<1/128> timeout=0"),
    A(1, "<flush>\nsched_op <poll/remote_shutdown/pin_override> arg=<0/va(7)/"
         "0x800000000000/va(7)-1>"),
    A(3, "<reset>\n<bind-ipi>\nevent_channel_op send port=1\n"
         "sched_op poll ports=[1<30%, 1>] timeout=<0/1>"),
    A(1, "sched_op watchdog id=0 timeout=1000000\nsched_op watchdog id=0 timeout=1000000\n"
         "sched_op watchdog id=0 timeout=1000000\nsched_op watchdog id=1 timeout=0\n"
         "sched_op watchdog id=2 timeout=0"),
    A(3, "sched_op watchdog id=<0/0/1/2/3/0xffffffff> timeout=<1000000/86400>\n"
         "sched_op watchdog id=<1/2/1/2/3> timeout=<1000000/0>\n"
         "sched_op watchdog id=<0/1/2> timeout=1000000\nsched_op watchdog id=1 timeout=0\n"
         "sched_op watchdog id=2 timeout=0"),
    A(2, "sched_op watchdog id=<1/2/3/0x80000000> timeout=0"),
    A(2, "sched_op pin_override pcpu=<0/0/0xffffffff>\nsched_op pin_override pcpu=<0/99/"
         "0x7fffffff/0xffffffff>\n"
         "sched_op pin_override pcpu=<0xffffffff/0x80000000>"),
    /* Who is pinned keeps its processor, whatever its own domain asks for. */
    CTL(1,
        "sched_op pin_override pcpu=0\n"
        "domctl ptr(0x1500000009, 0, <0x100000000/0x300000000>, ptr(<1/0xff>), <8/64>, ptr(1), 64, "
        "<zeros>)\n"
        "sched_op pin_override pcpu=0xffffffff"),
    A(1, "sched_op remote_shutdown domain_id=<SELF/7/IO/INVALID> reason=<0/3/99>"),
    DOMU(1, "sched_op remote_shutdown domain_id=d0 reason=<0/3/99>"),
    A(1, "sched_op op=<8/9/64/0x80000000/0xffffffff>"),
};

static const struct xd_alt console[] = {
    A(3, "console_io write <1/2/5> \"hello\""),
    A(1, "console_io write 0 0"),
    A(1, "<flush>\nconsole_io write <1/8/128> <bad-in>"),
    A(3, "<console_io read 0 buf(16)/console_io read 1 buf(16)/"
         "console_input \"hello\"\nconsole_io read 16 buf(16)>"),
    A(1,
      "<<flush>\nconsole_io read 1/console_input \"hello\"\n<flush>\nconsole_io read 16> <bad-out>"),
    A(1, "console_io read <0x80000000/0xffffffff> buf(16)"),
    A(1, "console_io <2/3/99/0xffffffff> 0 0"),
};

/* Addresses that Xen takes: nothing is ever delivered there, upcalls stay masked. */
static const struct xd_alt callback_address[] = {
    A(3, "start.kernel_va"),    A(1, "0"),
    A(1, "0x7fffffffffff"),     A(2, "0x800000000000"),
    A(1, "0xffff7fffffffffff"), A(1, "0xffff800000000000"),
    A(1, "0x8000000000000000")};
static const struct xd_alt callbacks[] = {
    A(2, "set_callbacks <callback-address> <callback-address> <callback-address>"),
    A(4, "callback_op register type=<event/failsafe/syscall/syscall32/sysenter> flags=<0/0/1/2/"
         "0xffff> address=<callback-address>"),
    A(1, "callback_op register type=<3/6/8/99/0xffff> flags=0 address=<callback-address>"),
    A(1, "callback_op register type=nmi address=<0x800000000000/start.kernel_va>\n"
         "callback_op unregister type=nmi"),
    A(1,
      "callback_op unregister type=<event/failsafe/syscall/sysenter/syscall32/nmi/3/6/8/0xffff>"),
    A(1, "<flush>\ncallback_op <register/unregister> arg=<0/va(7)/0x800000000000/va(7)-1>"),
    A(1, "callback_op op=<2/3/0x80000000/0xffffffff>"),
};

static const struct xd_alt assist[] = {
    A(6, "vm_assist <enable/disable> <4gb_segments/4gb_segments_notify/writable_pagetables/"
         "pae_extended_cr3/"
         "architectural_iopl/runstate_update_flag>"),
    A(1, "vm_assist <enable/disable> <m2p_strict/32>"),
    A(2, "vm_assist <enable/disable> <6/7/31/33/63/64/0x80000000/0xffffffff>"),
    A(1, "vm_assist <2/3/0x80000000/0xffffffff> <0/2/6>"),
};

static const struct xd_alt unknown[] = {
    A(4, "hypercall <11/38/39/43/44/45/46/47/50/55/56/62/63/64/100/0x7fffffff/0x80000000/"
         "0xffffffff/0x100000001/"
         "0xffffffffffffffff>"),
    A(1, "hypercall <11/39/63> <wild> <bad-in> 1 2 3 4"),
    A(1, "xsm_op <bad-in>"),
    A(1, "xenpmu_op <0/1/2/3/4/5/6/7/99> <bad-in>"),
    DOMU(4, "hypercall <7/35/36/37/42/48> 0 0 0"),
};

static const struct xd_alt misc[] = {
    A(8, "<version>"),      A(10, "<sched>"),       A(6, "<console>"),
    A(6, "<callbacks>"),    A(4, "<assist>"),       A(6, "<unknown>"),
    A(14, "<control>"),     A(9, "<cpu>"),          DOMU(8, "<third-vcpu>"),
    CTL(12, "<of_sysctl>"), DOMU(1, "<of_sysctl>"), CTL(4, "<domctl-self>"),
    CTL2(22, "<domctl-d1>")};

/* The last two steps of a program that ends a domain. Not by a fault: on the double, the guest's kernel is told of it by its host. */
static const struct xd_alt reason[] = {A(2, "poweroff"), A(2, "reboot"), A(2, "suspend"),
                                       A(2, "crash"),    A(1, "4"),      A(1, "5"),
                                       A(1, "6"),        A(1, "99"),     A(1, "255")};
/* What a control domain changes in the machine for good. */
#define TYPED  "platform_op ptr(0x030000010000001f, "
#define STATES "platform_op ptr(0x0300000100000036, "
#define ZEROS  "0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)\n"
#define STATE  "ptr(2000, 0, 0, 0, 0, 0, 1000, 0, 0, 0, 0, 0), "
#define WC(at) TYPED at ", 1, 1, " ZEROS
/* What lies within another of another type, or around it; then all registers, and more. */
#define ALL_TYPES                                                                              \
    TYPED "0x20000, 0x100, 1, " ZEROS TYPED "0x20000, <0x10/0x80>, <4/5/6>, " ZEROS TYPED      \
          "0x20000, <0x200/0x1000>, <4/6>, " ZEROS "multicall {\n" WC("0x40000") WC("0x42000") \
              WC("0x44000") WC("0x46000") WC("0x48000") WC("0x4a000")                          \
                  WC("0x4<c/d/e>000") "}\nplatform_op ptr4(33, 0x3000001, <1/7>, <zeros>)"
static const struct xd_alt memory_types[] = {
    A(3, ALL_TYPES), A(1, TYPED "0x20000, 0x100, <1/6>, " ZEROS TYPED
                                "0x20000, <0x10/0x100/0x200/0x1000>, <0/1/4/6>, " ZEROS TYPED
                                "<0x20000/0x20100>, <0x10/0x100/0x200>, <0/1/4/6>, " ZEROS
                                "platform_op ptr4(33, 0x3000001, <1/2/3>, <zeros>)\n"
                                "platform_op ptr4(32, 0x3000001, 0, <0/1/2>, <zeros>)\n"
                                "platform_op ptr4(33, 0x3000001, <0/1/2/3>, <zeros>)")};
static const struct xd_alt processors[] = {
    A(2, "platform_op ptr4(58, 0x3000001, <100/101>, <100/101>, 0, <zeros>)\n"
         "platform_op ptr4(58, 0x3000001, <100/101>, <0/100/101>, 0, <zeros>)"),
    A(3, "platform_op ptr4(54, 0x3000001, 0, 1, <15/2/15>, 0, 0, 0, 0, 0, 0, 0, 0, 0, "
         "<0/1/2/0x5555556/0x5555556>, <zeros>)"),
    A(2, "platform_op ptr4(51, 0x3000001, 0x2000, <0/6/0xffffffff>, 0, <zeros>)\n"
         "platform_op ptr4(60, 0x3000001, 2, 0, <zeros>)"),
    A(3, STATES "0x100000000, <8/9/12/15>, <0/0x100000000>, 0, <0/0x100000000>, 0, 2, "
                "<buf(96)/buf(96)/va(9)>, 0, 0, 0, 0, 0, <0/1/3/4>, 0, 0)\n" STATES
                "0x100000000, <4/12>, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0)"),
    A(1, STATES "0, 1, <buf(48)/va(9)/0x800000000000>, " ZEROS
                "platform_op ptr4(48, 0x3000001, 0, <zeros>)"),
    A(1, "platform_op ptr4(60, 0x3000001, <1/2>, 0, <zeros>)"),
    A(1, "platform_op ptr4(39, 0x3000001, <1/2/3>, <zeros>)"),
};
/* A processor too many; all that there is to be told of frequencies, a limit to be changed, and still nobody who sets them. */
#define TELL(parts, shared) \
    STATES "0x100000000, " parts ", 0, 0, 0, 0, 2, " STATE "0, 0, 0, 0, 0, " shared ", 0, 0)\n"
#define ALL_TOLD                                                                                \
    "platform_op ptr4(58, 0x3000001, <100/101>, <100/101>, 0, <zeros>)\n" TELL("15", "<1/2/3>") \
        TELL("<4/12/15>", "1") "sysctl ptr(0x150000000c, <0x11/0x12/0x13>, <noughts>)"
static const struct xd_alt told[] = {A(1, ALL_TOLD)};
static const struct xd_alt known_device[] = {
    A(2,
      "physdev_op manage_pci_add bus=0 devfn=<some-devfn@1>\n"
      "physdev_op <restore_msi/manage_pci_add/manage_pci_remove> bus=0 devfn=<<@1>/0/8>\n"
      "physdev_op map_pirq domid=SELF type=<0/3> index=-1 pirq=<-1/30> bus=<0/0x10000> "
      "devfn=<<@1>/<@1>/0> entry_nr=<0/1> table_base=<0/0/0x1000>\n"
      "physdev_op map_pirq domid=SELF type=<0/3/4> index=-1 pirq=-1 bus=0 devfn=<<@1>/8> entry_nr=1 "
      "table_base=0\n"
      "physdev_op manage_pci_remove bus=0 devfn=<0/8>"),
    A(1, "physdev_op <manage_pci_add_ext bus=3 devfn=4 is_extfn=<0/1> is_virtfn=<0/1>/"
         "pci_device_add seg=<0/7> bus=0 devfn=1 flags=<0/1/2/4/7>>\n"
         "physdev_op restore_msi_ext seg=<0/7> bus=<0/3> devfn=<0/1/4>\n"
         "physdev_op pci_device_remove seg=<0/7> bus=0 devfn=<0/1>"),
};
static const struct xd_alt some_devfn[] = {A(2, "0"), A(2, "8"), A(1, "9"), A(1, "255")};
/* A context for d1's kernel: with other tables than it has, and assists that there are not. It is lost by that, so nothing runs behind it. */
#define ROOM                                                       \
    "update_va_mapping va(2) pte(page(20), P|RW|US) UVMF_INVLPG\n" \
    "update_va_mapping va(3) pte(page(21), P|RW|US) UVMF_INVLPG\n"
#define IN_KERNEL \
    "store va(2)+512 0x24\nstore va(2)+656 0xe033\nstore va(2)+664 0x202\nstore va(2)+680 0xe02b\n"
#define SET_CONTEXT  "domctl ptr(0x150000000c, d1, 0, va(2), <zeros>)"
#define DEAD_CONTEXT "domctl ptr(0x150000000c, 1, <2/2/2/2/9>, va(2), <zeros>)"
static const struct xd_alt its_context[] = {
    A(1, "domctl ptr4(3, 0x15, d1, 0, <zeros>)\n" ROOM IN_KERNEL "<50%" SET_CONTEXT
         "\n>store va(2)+5136 <0x40/0x80000000/0x8000000000000000>\n" SET_CONTEXT),
};
/* A domain is created, is given what a toolstack gives it, and goes, or stays until the machine does. */
#define CREATE                                                                         \
    "domctl ptr4(1, 0x15, 7, 0, 0, 1, 2, 3, 4, <0/8/0x10>, 0, <1/3>, <0/63/1023>, 4, " \
    "<0/16>, <1/2>, 0, 0, <0/0x100>, <0/1>, <zeros>)\n"
static const struct xd_alt its_like[] = {
    A(2, "domctl ptr4(<5/15/16/36/59/69/82>, 0x15, 7, 0, <0/3/6, 1, 0x100>, <zeros>)\n"),
    A(1, "domctl ptr4(<9/13/14/25/28/42/62/63/72>, 0x15, 7, 0, <0/2/9>, <zeros>)\n"),
    A(1, "domctl ptr4(<10/12/18/27/35/56/60/77>, 0x15, 7, 0, <0/2/64>, <zeros>)\n"),
    A(1, "domctl ptr4(<3/4>, 0x15, 7, 0, <zeros>)\n"),
    A(1, "domctl ptr4(1, 0x15, 7, 0, <zeros>)\n"),
    A(2, "memory_op <populate_physmap/increase_reservation> extent_start=[5] domid=7\n"),
    A(1, "memory_op <current_reservation/maximum_reservation/maximum_gpfn> domid=7\n"),
    A(2, "mmu_update [<l1>[0] = 0] pfd=7\n"),
    A(4, "<its-policy>\n"),
    A(1,
      "event_channel_op <alloc_unbound dom=7 remote_dom=<SELF/7>/status dom=7 port=<0/1/64>/reset "
      "dom=7>\n"),
    A(1, "sched_op remote_shutdown domain_id=7 reason=<reason>\n"),
    A(1, "domctl ptr4(<10, 0x15, 7, 0, 0/56, 0x15, 7, 0, <1/2>, 2>, <zeros>)\n"),
    A(1, "paging_domctl_cont ptr4(10, 0x15, 7, 0, <zeros>)\n"),
};
static const struct xd_alt created[] = {
    A(3, CREATE
      "<40%xenoprof_op 0 buf(72)\nxenoprof_op 4 ptr4(7, 0, 0, 0, 0, 0, 0, 0)\n><its-like><its-like><its-like><its-like><its-like><50%domctl ptr4(2, 0x15, 7, 0, <zeros>)\n>"
      "domctl ptr4(3, 0x15, 7, 0, <zeros>)"),
    A(4, CREATE
      "domctl ptr4(15, 0x15, 7, 0, <1/3>, <zeros>)\n"
      "domctl ptr4(11, 0x15, 7, 0, <4/8/8>, <zeros>)\n<its-like><its-like>"
      "memory_op populate_physmap extent_start=[<1/0x1000>] domid=7 = ? extent_start=[$m<new-name@5>]\n"
      "<its-like><50%mmuext_op [PIN_L4_TABLE mfn=$m<@5>] fd=7\n>"
      "<50%domctl ptr(22|0x1500000000, 7, $m<@5>, <zeros>)\n>"
      "<its-like>domctl ptr4(<2/3>, 0x15, 7, 0, <zeros>)"),
    A(3, CREATE "<its-refusals>"),
    A(4, CREATE "<its-policies>"),
};
static const struct xd_alt end[] = {
    A(4, "sched_op yield\nsched_op shutdown reason=<reason>"),
    A(2, "sched_op shutdown_code reason=<reason>\nsched_op shutdown reason=<reason>"),
    A(2, "xen_version version\nmulticall { xen_version version; sched_op shutdown reason=<reason>; "
         "sched_op yield }"),
    A(1, "sched_op yield\nsched_op_compat 2 <0/1/3/0x101>"),
    CTL2(12, "sched_op yield\nsched_op remote_shutdown domain_id=d1 reason=<reason>"),
    /* Lines and a domain that is taken apart: what these leave behind the real machine can't take back either. */
    CTL(5,
        "<reset>\nphysdev_op setup_gsi gsi=17 triggering=1 polarity=1\n"
        "physdev_op setup_gsi gsi=17 triggering=<0/1> polarity=0\n"
        "physdev_op map_pirq domid=SELF type=1 index=17 pirq=17\n"
        "physdev_op map_pirq domid=SELF type=1 index=17 pirq=18\n"
        "event_channel_op bind_pirq pirq=17 flags=<0/1>\nevent_channel_op bind_pirq pirq=17 flags=0\n"
        "event_channel_op send port=1\nphysdev_op unmap_pirq domid=SELF pirq=17\n"
        "physdev_op map_pirq domid=SELF type=1 index=17 pirq=-1"),
    CTL(3, "physdev_op apic_write apic_physbase=0xfec00000 reg=<16/20/34/48/50> "
           "value=<0x10000/0x8010/0x8011/18/0xa009>\n"
           "physdev_op apic_read apic_physbase=0xfec00000 reg=50\n"
           "physdev_op map_pirq domid=SELF type=1 index=17 pirq=17\n"
           "event_channel_op bind_pirq pirq=17 flags=0\n"
           "physdev_op apic_read apic_physbase=0xfec00000 reg=<50/50/34>\n"
           "physdev_op apic_write apic_physbase=0xfec00000 reg=50 value=<0x8011/0x10000/17>\n"
           "physdev_op apic_read apic_physbase=0xfec00000 reg=50\n"
           "event_channel_op close port=1\nphysdev_op unmap_pirq domid=SELF pirq=17\n"
           "physdev_op apic_write apic_physbase=0xfec00000 reg=50 value=<0x8011/0x18000>\n"
           "physdev_op apic_read apic_physbase=0xfec00000 reg=50"),
    CTL(8, "<memory-types>"),
    CTL(5, "<processors>"),
    CTL(7, "<told>"),
    CTL(6, "<known-device>"),
    CTL2(20, "<its-context>"),
    CTL2(40, "<created>"),
    A(2, "physdev_op pirq_eoi_gmfn_v2 gmfn=<plain>\nphysdev_op pirq_eoi_gmfn_v1 gmfn=<plain>"),
    CTL2(12, "<reset>\nphysdev_op map_pirq domid=SELF type=1 index=9 pirq=9\n"
             "physdev_op map_pirq domid=d1 type=1 index=9 pirq=16\n"
             "event_channel_op bind_pirq pirq=9 flags=<0/1>\n@d1.0\n"
             "event_channel_op bind_pirq pirq=16 flags=<0/1>"),
    CTL2(20, "<reset>\nupdate_va_mapping_otherdomain va(0) pte(d1.page(0), P|RW) 0 d1\ndestroy d1\n"
             "event_channel_op alloc_unbound dom=1 remote_dom=SELF\n"
             "event_channel_op bind_interdomain remote_dom=1 remote_port=1\n"
             "memory_op populate_physmap domid=1 nr_extents=1 extent_start=buf(0)"),
    /* A vCPU of a dying domain gets tables, and they keep it. */
    CTL2(12, "<reset>\n" ROOM IN_KERNEL "store va(2)+512 <0x24/4/0>\n"
             "update_va_mapping_otherdomain va(0) pte(d1.page(0), P) 0 d1\n"
             "update_va_mapping_otherdomain va(1) pte(d1.page(1), <P/P/P|RW>) 0 d1\n"
             "store va(2)+4832 d1.page(<0/0/0/2>)\nstore va(2)+4960 <0/512/512/513>\n"
             "store va(2)+5008 mach(d1.page(<1/1/1/0/2>))\n"
             "store va(2)+4992 <0/0/mach(d1.page(<1/0/2>))>\ndestroy d1\n" DEAD_CONTEXT
             "\n<50%domctl ptr(0x150000000d, 1, <1/2>, 0, <zeros>)\n><50%" DEAD_CONTEXT
             "\n>update_va_mapping va(0) 0 0\nupdate_va_mapping va(1) 0 0\n"
             "domctl ptr4(3, 0x15, 1, 0, <zeros>)\n"
             "<80%domctl ptr4(12, 0x15, 1, 0, 2, <zeros>)\n>domctl ptr4(3, 0x15, 1, 0, <zeros>)"),
    /* Who is dying becomes a handler of VIRQs, and stays until another one is. */
    CTL2(8, "<reset>\n<60%event_channel_op bind_virq virq=DOM_EXC vcpu=0\n>"
            "update_va_mapping_otherdomain va(0) pte(d1.page(0), P|RW) 0 d1\ndestroy d1\n"
            "domctl ptr4(66, 0x15, 1, 0, <3/3/3/0/24>, <zeros>)\nupdate_va_mapping va(0) 0 0\n"
            "domctl ptr4(3, 0x15, 1, 0, <zeros>)\ndomctl ptr4(66, 0x15, 0, 0, 3, <zeros>)\n"
            "domctl ptr4(3, 0x15, 1, 0, <zeros>)"),
};

/* ---- Lists of calls ---- */

/*
 * Lists that run out of readable or writable memory. A list is never longer than what was written:
 * behind it lie zeros, and call 0 would take the guest's traps away.
 */
static const struct xd_alt call_list[] = {
    A(3, "multicall { xen_version version } calls=<0/va(7)/0x800000000000/0xffff830000000000/"
         "0xffff87fffffffff8/va(7)-8> "
         "nr_calls=<1/2/0xffffffff>"),
    A(2, "multicall { xen_version version; hypercall 39 } nr_calls=<0/1/2>"),
    A(3, "<list-page>\nstore va(6)+4032 17\nstore va(6)+4048 0\n"
         "multicall { xen_version version } calls=va(6)+4032 nr_calls=<1/2/3>"),
    A(3, "<list-page>\nstore va(6)+4032 17\nstore va(6)+4048 0\n"
         "multicall { xen_version version } calls=va(8)+4032 nr_calls=<1/2>"),
    A(3, "multicall { xen_version version; multicall { xen_version version }; <mmuext> }"),
    A(1, "multicall { multicall { <mmu>; multicall { sched_op yield } }; sched_op yield } "
         "nr_calls=<1/2>"),
};

/* Behind a list that was right. */
static const struct xd_alt list_edge[] = {
    A(2, " nr_calls=<0/1>"),
    A(2, " calls=<0/va(7)/0x800000000000/0xffff830000000000/0xffff87fffffffff8/va(7)-8>"),
    A(1,
      " calls=<0xffff7fffffffffff/0xffffffffffffffff/va(7)-63> nr_calls=<1/2/0x80000000/0xffffffff>")};

const struct xd_rule xd_rules_misc[] = {
    RULE("misc", misc),
    RULE("version", version),
    RULE("sched", sched),
    RULE("console", console),
    RULE("callback-address", callback_address),
    RULE("callbacks", callbacks),
    RULE("assist", assist),
    RULE("unknown", unknown),
    RULE("reason", reason),
    RULE("end", end),
    RULE("memory-types", memory_types),
    RULE("processors", processors),
    RULE("told", told),
    RULE("known-device", known_device),
    RULE("some-devfn", some_devfn),
    RULE("its-context", its_context),
    RULE("its-like", its_like),
    RULE("created", created),
    RULE("call-list", call_list),
    RULE("list-edge", list_edge),
    {0},
};
