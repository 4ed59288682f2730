/* SPDX-License-Identifier: MIT */
/*
 * generate_memory.c: reservations, exchange and questions about memory.
 *
 * Extents of more than one page are only asked for where they are refused: on a machine of other
 * fragmentation they end otherwise.
 */
#include "fuzz/grammar.h"

enum { GIVE, TAKE };

/* A page to give back, or the number of one that was. */
static void page_of(struct xd_gen *g, unsigned int what, struct xd_str *out)
{
    struct xd_gen_domain *d = xd_gen_here(g);
    unsigned int k = 15 + xd_gen_below(g, 3);

    if (xd_gen_percent(g, 6))
        k = xd_gen_below(g, XD_GEN_PAGES);
    for (int i = 0; i < 3 && d->gone[k] != (what == TAKE) && xd_gen_percent(g, 85); i++)
        k = k < 17 ? k + 1 : 15;
    d->gone[k] = what == GIVE;
    xd_str_addf(out, what == GIVE ? "page(%u)" : "pfn(%u)", k);
}

static const struct xd_alt bad_frame[] = {
    A(3, "<alien>"), A(2, "<x1>"), A(1, "<l1>"), A(1, "shared_info()"), A(1, "0xffffffffffffffff"),
    A(1, "0")};
/* Lists that can't be written: numbers of new frames are no two machines' alike. */
static const struct xd_alt bad_list[] = {A(3, "0"),
                                         A(3, "va(7)"),
                                         A(3, "va(7)-<1/2/4/7>"),
                                         A(2, "0x800000000000"),
                                         A(2, "0xffff830000000000"),
                                         A(2, "va(8)+<0/8/4088/4092>")};
static const struct xd_alt extent_tail[] = {
    A(30, ""), A(1, " nr_extents=0"),
    A(1, " nr_extents=<0x3ffffff/0x4000000/0xffffffff/0x100000000/0xffffffffffffffff>"),
    A(1, " start=<1/2/3/0x3ffffff>"), A(1, " extent_order=<19/20/31/32/64/255/0xffffffff>")};
static const struct xd_alt order_tail[] = {A(20, ""),
                                           A(1, " extent_order=<19/20/31/32/64/255/0xffffffff>")};
/* Of lists that pages are got for: a count that could be met would drain the machine. */
static const struct xd_alt take_tail[] = {
    A(30, "<order-tail>"), A(1, " nr_extents=0"),
    A(1, " nr_extents=<0x4000000/0xffffffff/0x100000000/0xffffffffffffffff>"),
    A(1, " start=<1/2/3/0x3ffffff>")};
static const struct xd_alt give[] = {
    A(14, "memory_op decrease_reservation extent_start=[<give-page>] domid=<SELF/SELF/SELF/"
          "<own>><extent-tail>"),
    A(4, "memory_op decrease_reservation extent_start=[<give-page>, <give-page>] "
         "domid=SELF<extent-tail>"),
    A(2, "memory_op decrease_reservation extent_start=[<give-page>, <their-plain>, <give-page>] "
         "domid=SELF"),
    A(1, "memory_op decrease_reservation extent_start=[<alien>] domid=SELF"),
    A(1, "memory_op decrease_reservation extent_start=[<give-page>] domid=<domid>"),
    A(1, "<flush>\nmemory_op decrease_reservation extent_start=<bad-in> nr_extents=<0/1/2> "
         "domid=SELF"),
    TWO(2, "memory_op decrease_reservation extent_start=[<their-plain>] domid=<other>"),
};
static const struct xd_alt mem_flags[] = {
    A(20, ""), A(1, " mem_flags=<1/12/13/14/27/28/31/32/40/255>"),
    A(1, " mem_flags=<0x300/0x200/0x4100/0x20000/0x20100/0x20200>"),
    A(1, " mem_flags=<0x10000/0x40000/0x40100/0x60100/0x60400>")};
static const struct xd_alt take[] = {
    A(14, "memory_op populate_physmap extent_start=[<take-page>] domid=<SELF/SELF/SELF/"
          "<own>><take-tail><mem-flags>"),
    A(4,
      "memory_op populate_physmap extent_start=[<take-page>, <take-page>] domid=SELF<take-tail>"),
    A(2, "memory_op populate_physmap extent_start=[<0/0x1000000/0xffffffffffffffff/0x8000000000>] "
         "domid=SELF"),
    A(1, "memory_op populate_physmap extent_start=[<pfn>] domid=<domid><mem-flags>"),
    A(1,
      "<flush>\nmemory_op populate_physmap extent_start=<bad-list> nr_extents=<0/1/2> domid=SELF"),
    A(3, "memory_op increase_reservation extent_start=[0] domid=<SELF/SELF/<domid>><mem-flags>"),
    A(1, "memory_op increase_reservation extent_start=<0/<bad-list>> nr_extents=1 "
         "domid=SELF<order-tail>"),
    TWO(2, "memory_op <populate_physmap/increase_reservation> extent_start=[<take-page>] "
           "domid=<other>"),
    DOMU(2, "memory_op populate_physmap extent_start=[pfn(15), pfn(16), pfn(17), pfn(30), pfn(31), "
            "pfn(32), pfn(33)] "
            "domid=SELF"),
};
static const struct xd_alt exchange_tail[] = {
    A(24, ""),
    A(1, " nr_exchanged=<1/2/0xffffffffffffffff>"),
    A(1, " in_order=<1/18/19/64/0xffffffff>"),
    A(1, " out_order=<1/18/19/64/0xffffffff>"),
    A(1, " in_nr=<0/2/3/0x8000000000000000>"),
    A(1, " out_nr=<0/2/3>"),
    A(1, " out_flags=<1/13/32/0x300/0x20100/0x40000/0x4100/0xff00>"),
};
static const struct xd_alt many[] = {
    A(1, "<0x1fffffffffffffff/0x2000000000000000/0xffffffffffffffff>")};
static const struct xd_alt nowhere[] = {
    A(1, "<0x800000000000/0xffff830000000000/0xffff87fffffffff8>")};
static const struct xd_alt exchange[] = {
    A(10, "memory_op exchange in=[<give-page>] out=[<take-page>] in_domid=SELF "
          "out_domid=SELF<exchange-tail>"),
    A(3, "memory_op exchange in=[<give-page>, <give-page>] out=[<take-page>, <take-page>] "
         "in_domid=SELF out_domid=SELF"
         "<exchange-tail>"),
    A(2, "memory_op exchange in=[<give-page>, <bad-frame>] out=[<take-page>, <pfn>] in_domid=SELF "
         "out_domid=SELF"),
    A(2, "memory_op exchange in=[<bad-frame>] out=[<pfn>] in_domid=SELF out_domid=SELF"),
    A(2,
      "memory_op exchange in=[<give-page>] out=[<take-page>] in_domid=<domid> out_domid=<domid>"),
    A(1,
      "<flush>\nmemory_op exchange in=<bad-in> in_nr=1 out=[<pfn>] in_domid=SELF out_domid=SELF"),
    A(1, "<flush>\nmemory_op exchange in=[<give-page>] out=<bad-list> out_nr=1 in_domid=SELF "
         "out_domid=SELF"),
    A(1, "<flush>\nmemory_op exchange arg=<bad-out>"),
    /* For one larger extent; the second frame can't be had, and the first is given back. */
    A(3, "memory_op exchange in=[<give-page>, <<alien>/<x1>>] out=[<take-page>] out_order=1 "
         "in_domid=SELF out_domid=SELF"),
    /* Lists that are longer than memory, or where none can be: nothing is exchanged. */
    A(3, "memory_op exchange in=[<give-page>] out=[<take-page>] in_nr=<many@0> out_nr=<@0> "
         "in_domid=SELF out_domid=SELF"),
    A(2, "memory_op exchange in=[<give-page>] out=[<take-page>] in_nr=0x2000000000000000 "
         "out_nr=0x1000000000000000 out_order=1 in_domid=SELF out_domid=SELF"),
    A(3, "<flush>\nmemory_op exchange in=[<give-page>] out=<nowhere> out_nr=1 in_domid=SELF "
         "out_domid=SELF"),
    A(1, "<flush>\nmemory_op exchange in=<nowhere> in_nr=1 out=[<pfn>] in_domid=7 out_domid=7"),
};
static const struct xd_alt question[] = {
    A(4,
      "memory_op <current_reservation/maximum_reservation/maximum_gpfn> domid=<SELF/SELF/<domid>>"),
    A(1, "memory_op maximum_ram_page"),
    A(2, "memory_op machphys_mapping<10% arg=<bad-out>>"),
    A(2, "memory_op machphys_mfn_list max_extents=<0/1/2/64> extent_start=<buf(512)/buf(512)/"
         "<bad-out>>"),
    A(1, "memory_op op=63"),
    A(1,
      "memory_op start=<1/2> <current_reservation domid=SELF/maximum_ram_page/machphys_mapping>"),
    A(1, "<flush>\nmemory_op <current_reservation/populate_physmap/decrease_reservation/"
         "maximum_gpfn> arg=<bad-in>"),
};

/* Memory maps: a domain's is what it was given; the machine's is no two machines' alike, so nobody is told it here. */
static const struct xd_alt one_entry[] = {A(1, "ptr4(0, 0, <4096/0x9f000>, 0, <1/2/99>)")};
static const struct xd_alt maps[] = {
    A(4, "memory_op set_memory_map domid=<SELF/SELF/<own>/<domid>> nr_entries=<0/1/2> "
         "buffer=<buf(40)/<one-entry>>\n"
         "memory_op memory_map nr_entries=<0/1/2/3/0xffffffff> buffer=buf(60)"),
    A(3, "memory_op memory_map nr_entries=<0/1/128> buffer=<buf(64)/0>"),
    A(1, "memory_op set_memory_map domid=<SELF/<domid>> nr_entries=<1025/0xffffffff> "
         "buffer=buf(8)"),
    A(2, "<flush>\nmemory_op set_memory_map domid=<SELF/<domid>> nr_entries=<1/2> "
         "buffer=<bad-in>"),
    A(2, "memory_op set_memory_map domid=SELF nr_entries=1 buffer=<one-entry>\n"
         "<flush>\nmemory_op memory_map nr_entries=<0/1/2> buffer=<bad-out>"),
    A(2, "<flush>\nmemory_op <memory_map/set_memory_map/machine_memory_map/"
         "reserved_device_memory_map> arg=<bad-in>"),
    DOMU(2, "memory_op machine_memory_map nr_entries=<0/4> buffer=<buf(80)/<bad-in>>"),
    CTL(2, "memory_op machine_memory_map nr_entries=<0/1/4> buffer=<buf(80)/va(7)>"),
    A(3, "memory_op reserved_device_memory_map flags=<0/1/2/0x80000000> nr_entries=<0/1> "
         "buffer=<0/buf(16)/0x800000000000>"),
};
static const struct xd_alt claims[] = {
    A(3, "memory_op claim_pages <extent_start=[0]/nr_extents=1 extent_order=1/nr_extents=1 "
         "mem_flags=<1/0x100>> "
         "domid=<<own>/SELF>"),
    A(2, "memory_op claim_pages nr_extents=<0/1/0x7fffffff> domid=<SELF/<own>/<domid>>"),
    A(1, "<flush>\nmemory_op claim_pages arg=<bad-in>"),
    CTL(2, "memory_op claim_pages nr_extents=<0/1/0xffffffff/0x100000000> domid=<own>"),
    CTL(1, "memory_op claim_pages nr_extents=<0x7ffffff0/0x40000000> domid=d0"),
    CTL(8, "memory_op current_reservation domid=d0 = $m<new-name@6>\n"
           "memory_op claim_pages nr_extents=$m<@6>+<1/2/16> domid=<own>\n"
           "memory_op claim_pages nr_extents=$m<@6>+<2/3> domid=<own>\n"
           "memory_op claim_pages nr_extents=<$m<@6>+3/$m<@6>+1/0> domid=<own>\n"
           "<50%memory_op decrease_reservation extent_start=[<give-page>] domid=SELF\n>"
           "memory_op claim_pages domid=<own>"),
};
static const struct xd_alt for_others[] = {
    A(3, "memory_op add_to_physmap domid=<SELF/<own>/<domid>> space=<0/1/2/3/4/5/6> gpfn=<pfn>"),
    A(3, "memory_op add_to_physmap_batch domid=<SELF/<own>/<domid>> space=<0/1/2/3/4/5> size=1 "
         "foreign_domid=<domid> idxs=[0] gpfns=[<pfn>] errs=buf(8)"),
    A(2, "memory_op start=<1/0xffff/0x10000> <add_to_physmap/add_to_physmap_batch> "
         "<domid=SELF/arg=<bad-in>>"),
    A(2, "memory_op remove_from_physmap domid=<SELF/<domid>> gpfn=<pfn>"),
    A(2, "memory_op <set_pod_target target_pages=16/get_pod_target> domid=<SELF/<domid>>"),
    A(1, "memory_op <get_sharing_freed_pages/get_sharing_shared_pages/machphys_compat_mfn_list>"),
    A(2, "memory_op access_op op=<0/1/9> domid=<SELF/<own>/<domid>> nr=1"),
    A(2, "memory_op get_vnumainfo domid=<SELF/<domid>><30% pad=<1/0xffff>> nr_vnodes=1 nr_vcpus=1"),
    /* No frames of a grant table (type 1): they are not modelled. */
    A(3, "memory_op acquire_resource domid=<<own>/SELF/<domid>> type=<0/9/2/3>"
         "<20% pad=1><20% frame=<0x100000000/0xffffffff>> nr_frames=<0/1> frame_list=<0/buf(8)>"),
    CTL2(5, "memory_op acquire_resource domid=<other> type=<0/2/3/9> id=<0/7> "
            "nr_frames=<0/1/0x3ffffff/0x4000000> "
            "frame_list=<0/buf(8)>"),
    CTL2(3, "memory_op acquire_resource domid=<other> type=1 id=<2/9> frame_list=<0/buf(8)>"),
    CTL2(5, "memory_op start=<1/2> acquire_resource domid=<other> type=<3/9> nr_frames=<0/1/2> "
            "frame_list=<0/buf(8)>"),
    CTL2(1, "memory_op acquire_resource domid=<other> type=<3/9> nr_frames=<1/2>"),
    TWO(1, "memory_op <access_op/get_vnumainfo/acquire_resource> domid=<other>"),
    A(1, "<flush>\nmemory_op <add_to_physmap/add_to_physmap_batch/remove_from_physmap/access_op/"
         "get_vnumainfo/set_pod_target/acquire_resource> arg=<bad-in>"),
    A(1, "memory_op start=1 <memory_map/set_memory_map/get_vnumainfo/claim_pages/"
         "remove_from_physmap/get_pod_target/get_sharing_freed_pages/machphys_compat_mfn_list>"),
    A(1, "memory_op op=<8/20/22/29> arg=buf(64)"),
};

/* What becomes of a page that is given back while it is used, and of its successor. */
static const struct xd_alt memory_life[] = {
    A(3, "update_va_mapping <window@1> pte(page(15), P|RW) UVMF_INVLPG\n"
         "memory_op decrease_reservation extent_start=[page(15)] domid=SELF\n"
         "mmuext_op [PIN_L1_TABLE mfn=page(15)]\n"
         "update_va_mapping <@1> 0 UVMF_INVLPG\nupdate_va_mapping <@1> pte(page(15), P|RW) "
         "UVMF_INVLPG"),
    A(3,
      "mmuext_op [PIN_L<1/2/3/4>_TABLE mfn=page(16)]\nmemory_op decrease_reservation "
      "extent_start=[page(16)] domid=SELF\n"
      "mmuext_op [UNPIN_TABLE mfn=page(16)]\nmmuext_op [<CLEAR_PAGE/PIN_L1_TABLE> mfn=page(16)]"),
    A(3, "memory_op decrease_reservation extent_start=[page(17)] domid=SELF\n"
         "memory_op populate_physmap extent_start=[pfn(17)] domid=SELF = ? "
         "extent_start=[$m<new-name@7>]\n"
         "update_va_mapping va(16) pte($m<@7>, P|RW) UVMF_INVLPG\n"
         "mmu_update [machphys $m<@7> = pfn(17)]\n"
         "mmuext_op [PIN_L1_TABLE mfn=$m<@7>]"),
    A(2, "update_va_mapping <window@1> pte(page(15), P) UVMF_INVLPG\n"
         "memory_op exchange in=[page(15)] out=[pfn(15)] in_domid=SELF out_domid=SELF\n"
         "update_va_mapping <@1> 0 UVMF_INVLPG\n"
         "memory_op exchange in=[page(15)] out=[pfn(15)] in_domid=SELF out_domid=SELF"),
};

/* Names can be bound once in a program. */
static void new_name(struct xd_gen *g, unsigned int arg, struct xd_str *out)
{
    (void)arg;
    xd_str_addf(out, "%u", g->names_used++);
}

static const struct xd_alt memory[] = {
    A(22, "<give>"),
    A(24, "<take>"),
    A(22, "<exchange>"),
    A(11, "<question>"),
    A(6, "<maps>"),
    A(5, "<claims>"),
    A(5, "<for-others>"),
    A(8, "<memory-life>"),
    A(4, "update_va_mapping <window> pte(page(<15/16/17>), P|RW) UVMF_INVLPG"),
    A(4, "mmuext_op [<CLEAR_PAGE/PIN_L1_TABLE/UNPIN_TABLE> mfn=page(<15/16/17>)]")};

const struct xd_rule xd_rules_memory[] = {
    RULE("bad-list", bad_list),
    RULE("memory", memory),
    MAKE("give-page", page_of, GIVE),
    MAKE("take-page", page_of, TAKE),
    MAKE("new-name", new_name, 0),
    RULE("bad-frame", bad_frame),
    RULE("extent-tail", extent_tail),
    RULE("order-tail", order_tail),
    RULE("take-tail", take_tail),
    RULE("mem-flags", mem_flags),
    RULE("give", give),
    RULE("take", take),
    RULE("exchange-tail", exchange_tail),
    RULE("many", many),
    RULE("nowhere", nowhere),
    RULE("exchange", exchange),
    RULE("question", question),
    RULE("one-entry", one_entry),
    RULE("maps", maps),
    RULE("claims", claims),
    RULE("for-others", for_others),
    RULE("memory-life", memory_life),
    {0},
};
