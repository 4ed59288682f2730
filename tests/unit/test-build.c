/* SPDX-License-Identifier: MIT */
/* test-build.c: a domain at its first instruction: tables, counts, p2m and M2P, start_info, registers. */
#include "mm.h"

#include "hv/pt.h"

#include <stdlib.h>
#include <string.h>

static struct xd_hv *hv;

static void setup(void)
{
    struct xd_config c = XD_CONFIG_DEFAULT;

    c.frames = 16384;
    c.domains_max = 4;
    ck_assert_int_eq(xd_hv_create(&hv, &c), 0);
}

static void teardown(void)
{
    fixture_audit(hv);
    xd_hv_destroy(hv);
}

/* The variants every test of the start of day goes through. */
static struct xd_domain_config variant(int i)
{
    struct xd_domain_config c = XD_DOMAIN_CONFIG_DEFAULT;

    c.pages = 3000;
    c.order = i & 1 ? XD_ORDER_DOM0 : XD_ORDER_DOMU;
    c.privileged = i & 1;
    c.initrd_len = i & 2 ? 50001 : 0;
    c.initrd_unmapped = i & 4;
    c.init_p2m = i & 8 ? UINT64_C(0xffffc90000000000) : 0;
    c.command_line = "console=hvc0 quiet";
    return c;
}

#define VARIANTS 16

static struct xd_domain *make(const struct xd_domain_config *c)
{
    struct xd_domain *d;

    ck_assert_msg(xd_domain_create(hv, c, &d) == 0, "%s", xd_hv_error(hv));
    return d;
}

static uint64_t mfn_at(struct xd_domain *d, uint64_t va)
{
    return xd_pte_mfn(mm_entry(d, va, 1)).v;
}

static bool is_table(const struct xd_start *s, uint64_t va)
{
    return va >= s->pt_va && va < s->pt_va + s->pt_frames * XD_PAGE_SIZE;
}

START_TEST(the_region_is_mapped_page_by_page)
{
    struct xd_domain_config c = variant(_i);
    struct xd_domain *d = make(&c);
    const struct xd_start *s = xd_domain_start(d);

    for (uint64_t pfn = 0; pfn < s->mapped_pages; pfn++) {
        uint64_t va = s->virt_base + pfn * XD_PAGE_SIZE, mfn = xd_domain_mfn(d, pfn);
        uint64_t flags =
            XD_PTE_P | XD_PTE_A | XD_PTE_US | XD_PTE_GK | (is_table(s, va) ? 0 : XD_PTE_RW);

        ck_assert_uint_eq(mm_entry(d, va, 1), mm_pte(mfn, flags));
        for (unsigned int level = 2; level <= 4; level++)
            ck_assert_uint_eq(mm_entry(d, va, level) & ~XD_PTE_MFN, 0x67);
        if (!is_table(s, va))
            ck_frame(hv, mfn, XD_TYPE_WRITABLE, 1, 2, ALLOC | VALID);
    }
    for (uint64_t pfn = s->first_free_pfn; pfn < s->pages; pfn++)
        ck_frame(hv, xd_domain_mfn(d, pfn), XD_TYPE_NONE, 0, 1, ALLOC);
}
END_TEST

START_TEST(every_page_is_in_both_lists)
{
    struct xd_domain_config c = variant(_i);
    struct xd_domain *d = make(&c);
    const struct xd_start *s = xd_domain_start(d);

    for (uint64_t pfn = 0; pfn < s->pages; pfn++) {
        uint64_t mfn = xd_domain_mfn(d, pfn), seen;

        ck_assert_uint_ne(mfn, ~UINT64_C(0));
        ck_assert_uint_eq(mm_frame(hv, mfn)->owner, xd_domain_id(d));
        ck_assert_uint_eq(xd_m2p(hv, mfn), pfn);
        ck_assert_int_eq(xd_guest_load(xd_vcpu_at(d, 0), XD_RO_M2P_START + mfn * 8, &seen, 8, NULL),
                         XD_ACCESS_OK);
        ck_assert_uint_eq(seen, pfn);
    }
    ck_assert_uint_eq(xd_domain_mfn(d, s->pages), ~UINT64_C(0));
    ck_assert_uint_eq(xd_m2p(hv, s->shared_info_mfn), ~UINT64_C(0));
    ck_assert_uint_eq(xd_m2p(hv, hv->frames), ~UINT64_C(0));
}
END_TEST

/* Levels of the tables in the order of their pfns. */
static unsigned int level_of(struct xd_domain *d, uint64_t mfn)
{
    return mm_frame(xd_domain_hv(d), mfn)->type;
}

START_TEST(tables_come_in_the_builders_order)
{
    struct xd_domain_config c = variant(_i & 1);
    static const unsigned int dom0[] = {4, 1, 2, 3}, domu[] = {4, 3, 2};
    struct xd_domain *d;
    const struct xd_start *s;
    unsigned int l1 = 0;

    c.kernel_pages = 1000; /* so that there are several L1 tables */
    d = make(&c);
    s = xd_domain_start(d);
    for (uint64_t i = 0; i < s->pt_frames; i++) {
        uint64_t mfn = mfn_at(d, s->pt_va + i * XD_PAGE_SIZE);
        unsigned int level = level_of(d, mfn), want = 1;

        if (c.order == XD_ORDER_DOM0 && i < 4)
            want = dom0[i];
        else if (c.order == XD_ORDER_DOMU && i < 3)
            want = domu[i];
        ck_assert_uint_eq(level, want);
        if (level == 1) { /* the i-th of them maps the i-th 2 MiB */
            ck_assert_uint_eq(mm_entry(d, s->virt_base + ((uint64_t)l1++ << 21), 2) & XD_PTE_MFN,
                              mfn << XD_PAGE_SHIFT);
            ck_frame(hv, mfn, XD_TYPE_L1, 1, 3, ALLOC | VALID);
        } else if (level == 4) {
            ck_assert_uint_eq(mfn, s->cr3_mfn);
            ck_frame(hv, mfn, XD_TYPE_L4, 2, 4, ALLOC | VALID | PINNED);
        } else {
            ck_frame(hv, mfn, level, 1, 3, ALLOC | VALID);
        }
    }
    ck_assert_uint_eq(l1, s->pt_frames - 3);
}
END_TEST

/* A region that crosses 1 GiB and 512 GiB: dom0's builder takes the upper tables when it gets there. */
START_TEST(tables_are_taken_as_they_are_needed)
{
    static const unsigned int dom0[] = {4, 1, 2, 3, 1, 1, 2, 3, 1},
                              domu[] = {4, 3, 3, 2, 2, 1, 1, 1, 1};
    struct xd_domain_config c = variant(_i);
    struct xd_domain *d;
    const struct xd_start *s;

    c.virt_base = (UINT64_C(5) << 39) - (UINT64_C(4) << 20);
    c.kernel_pages = 1100;
    d = make(&c);
    s = xd_domain_start(d);
    ck_assert_uint_eq(s->pt_frames, 9);
    for (unsigned int i = 0; i < 9; i++)
        ck_assert_uint_eq(level_of(d, mfn_at(d, s->pt_va + i * XD_PAGE_SIZE)),
                          _i ? dom0[i] : domu[i]);
}
END_TEST

START_TEST(a_p2m_list_elsewhere_has_tables_that_nothing_maps)
{
    struct xd_domain_config c = variant(8 | _i);
    struct xd_domain *d = make(&c);
    const struct xd_start *s = xd_domain_start(d);
    uint64_t pfn = s->first_free_pfn - 3 - 6; /* 6 pages of list, and L1, L2, L3 */

    for (uint64_t i = 0; i < 6; i++)
        ck_assert_uint_eq(mfn_at(d, s->p2m_va + i * XD_PAGE_SIZE), xd_domain_mfn(d, pfn + i));
    for (unsigned int level = 1; level <= 3; level++) {
        uint64_t mfn = xd_pte_mfn(mm_entry(d, s->p2m_va, level + 1)).v;

        ck_frame(hv, mfn, level, 1, 2, ALLOC | VALID);
        ck_assert_uint_ge(xd_m2p(hv, mfn), pfn + 6);
        ck_assert_uint_lt(xd_m2p(hv, mfn), s->first_free_pfn);
    }
}
END_TEST

START_TEST(xens_slots_of_the_l4)
{
    struct xd_domain_config c = variant(_i);
    struct xd_domain *d = make(&c);
    uint64_t l4 = xd_domain_start(d)->cr3_mfn;

    ck_assert_uint_eq(mm_word(hv, l4, 256), xd_l4_m2p_entry(hv));
    ck_assert_uint_eq(xd_pte_mfn(mm_word(hv, l4, 258)).v, l4);
    ck_assert_uint_eq(mm_word(hv, l4, 258) & XD_PTE_US, 0);
    ck_assert_uint_eq(mm_word(hv, l4, 259), 0);
    ck_assert_uint_eq(mm_word(hv, l4, 255) | mm_word(hv, l4, 272), 0);
}
END_TEST

START_TEST(start_info_tells_the_guest)
{
    struct xd_domain_config c = variant(_i);
    struct xd_domain *d = make(&c);
    const struct xd_start *s = xd_domain_start(d);
    struct xd_abi_start_info si;
    bool dom0 = _i & 1, initrd = _i & 2, unmapped = _i & 4, p2m = _i & 8;

    ck_assert_int_eq(xd_guest_load(xd_vcpu_at(d, 0), s->start_info_va, &si, sizeof(si), NULL),
                     XD_ACCESS_OK);
    ck_assert_str_eq(si.magic, "xen-3.0-x86_64");
    ck_assert_uint_eq(si.nr_pages, 3000);
    ck_assert_uint_eq(si.shared_info, s->shared_info_mfn << XD_PAGE_SHIFT);
    ck_assert_uint_eq(si.flags, (dom0 ? 3 : 16) | (initrd && unmapped ? 8 : 0));
    ck_assert_uint_eq(si.pt_base, s->pt_va);
    ck_assert_uint_eq(si.nr_pt_frames, s->pt_frames);
    ck_assert_uint_eq(si.mfn_list, s->p2m_va);
    ck_assert_uint_eq(si.mod_start, s->mod_start);
    ck_assert_uint_eq(si.mod_len, !initrd ? 0 : unmapped && !dom0 ? 13 * XD_PAGE_SIZE : 50001);
    ck_assert_str_eq(si.cmd_line, "console=hvc0 quiet");
    ck_assert_uint_eq(si.first_p2m_pfn, p2m ? s->first_free_pfn - 9 : dom0 ? s->first_free_pfn : 0);
    ck_assert_uint_eq(si.nr_p2m_frames, p2m ? 9 : 0);
    if (dom0) {
        ck_assert_uint_eq(si.store_mfn | si.store_evtchn | si.console.domU.evtchn, 0);
        return;
    }
    ck_assert_uint_eq(si.store_mfn, mfn_at(d, s->store_va));
    ck_assert_uint_eq(si.console.domU.mfn, mfn_at(d, s->console_va));
    ck_assert_uint_eq(si.store_evtchn, 1);
    ck_assert_uint_eq(si.console.domU.evtchn, 2);
    ck_assert_uint_eq(d->port[1].state, XD_PORT_UNBOUND);
}
END_TEST

START_TEST(vcpus_at_the_first_instruction)
{
    struct xd_domain_config c = variant(_i);
    const struct xd_start *s;
    struct xd_domain *d;

    c.vcpus = 4;
    c.vcpus_online = 2;
    d = make(&c);
    s = xd_domain_start(d);
    for (uint32_t i = 0; i < 4; i++) {
        const struct xd_vcpu *v = xd_vcpu_at(d, i);

        ck_assert_int_eq(xd_vcpu_state(v), i < 2 ? XD_STATE_RUNNING : XD_STATE_DOWN);
        ck_assert_uint_eq(v->cr3.v, i < 2 ? s->cr3_mfn : 0);
        ck_assert_uint_eq(v->user_cr3.v, 0);
        if (i >= 2)
            continue;
        ck_assert_uint_eq(v->regs.rip, s->kernel_va);
        ck_assert_uint_eq(v->regs.rsi, s->start_info_va);
        ck_assert_uint_eq(v->regs.rsp, s->stack_va + XD_PAGE_SIZE);
        ck_assert_uint_eq(v->regs.cs, 0xe033);
        ck_assert_uint_eq(v->regs.ss, 0xe02b);
        ck_assert(v->kernel_mode);
    }
    ck_frame(hv, s->cr3_mfn, XD_TYPE_L4, 3, 5, ALLOC | VALID | PINNED);
    ck_assert_ptr_null(xd_vcpu_at(d, 4));
    ck_assert_uint_eq(d->vm_assist, 0);
    for (uint32_t i = 0; i < 32; i++)
        ck_assert_uint_eq(fixture_shared_info(d)->vcpu_info[i].evtchn_upcall_mask, 1);
}
END_TEST

START_TEST(the_hypercall_page)
{
    struct xd_domain *d = make(NULL);
    const unsigned char *page = xd_frame_contents(hv, xd_domain_mfn(d, 1));

    for (unsigned int i = 0; i < 128; i++) {
        const unsigned char *stub = page + (size_t)i * 32;
        uint32_t nr;

        memcpy(&nr, stub + (i == 23 ? 5 : 4), sizeof(nr));
        ck_assert_uint_eq(nr, i);
        ck_assert_int_eq(stub[i == 23 ? 9 : 8], 0x0f); /* syscall */
        ck_assert_int_eq(stub[i == 23 ? 10 : 9], 0x05);
        ck_assert_int_eq(stub[i == 23 ? 11 : 13], i == 23 ? 0xcc : 0xc3);
        ck_assert_int_eq(stub[31], 0xcc);
    }
}
END_TEST

START_TEST(limits_and_rights)
{
    struct xd_domain_config c = variant(0), c0 = variant(1);
    struct xd_domain *d, *d0 = make(&c0);

    c.pages_max = 5000;
    c.handle[3] = 9;
    d = make(&c);
    ck_assert_uint_eq(xd_domain_id(d0), 0);
    ck_assert_uint_eq(xd_domain_id(d), 1);
    ck_assert_uint_eq(d->pages_max, 5000);
    ck_assert_uint_eq(d0->pages_max, UINT32_MAX);
    ck_assert_uint_eq(d->port_max, 1023);
    ck_assert_uint_eq(d0->port_max, 131071);
    ck_assert(xd_has_io_rights(d0) && !xd_has_io_rights(d));
    ck_assert_uint_eq(d->handle[3], 9);
    c.pages_max = 0;
    ck_assert_uint_eq(make(&c)->pages_max, 3000);
}
END_TEST

/* ---- Refused ---- */

START_TEST(what_the_machine_has_no_room_for)
{
    struct xd_domain_config c = variant(0);
    struct xd_domain *d;
    uint64_t digest;

    c.domid = 7;
    ck_assert_ptr_eq(make(&c), xd_domain_find(hv, 7));
    digest = xd_digest(hv);
    ck_assert_int_eq(xd_domain_create(hv, &c, &d), -XD_HOST_EEXIST);
    ck_assert_ptr_null(d);
    ck_assert_str_eq(xd_hv_error(hv), "there is a domain 7 already");
    c.domid = XD_DOMID_AUTO;
    c.pages = 14000;
    ck_assert_int_eq(xd_domain_create(hv, &c, &d), -XD_HOST_ENOSPC);
    ck_assert_ptr_nonnull(strstr(xd_hv_error(hv), "14000 pages are asked for"));
    c.pages = 3000;
    c.domid = 0x7ff0;
    ck_assert_int_eq(xd_domain_create(hv, &c, &d), -XD_HOST_EINVAL);
    ck_assert_ptr_nonnull(strstr(xd_hv_error(hv), "domid"));
    c.domid = XD_DOMID_AUTO;
    c.evtchn_remote = 0x8000;
    ck_assert_int_eq(xd_domain_create(hv, &c, &d), -XD_HOST_EINVAL);
    ck_assert_ptr_nonnull(strstr(xd_hv_error(hv), "evtchn_remote"));
    c.evtchn_remote = 0;
    c.vcpus = 0;
    ck_assert_int_eq(xd_domain_create(hv, &c, &d), -XD_HOST_EINVAL);
    ck_assert_str_eq(xd_hv_error(hv), "vcpus must be 1 to 64");
    ck_assert_uint_eq(xd_digest(hv), digest); /* none of them left a trace */
    c.vcpus = 1;
    for (unsigned int i = 0; i < 3; i++)
        make(&c);
    c.pages = 1024;
    ck_assert_int_eq(xd_domain_create(hv, &c, &d), -XD_HOST_ENOSPC);
    ck_assert_ptr_nonnull(strstr(xd_hv_error(hv), "room for 4 domains"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("build");
    TCase *t = tcase_create("start of day");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, the_region_is_mapped_page_by_page, 0, VARIANTS);
    tcase_add_loop_test(t, every_page_is_in_both_lists, 0, VARIANTS);
    tcase_add_loop_test(t, tables_come_in_the_builders_order, 0, 2);
    tcase_add_loop_test(t, tables_are_taken_as_they_are_needed, 0, 2);
    tcase_add_loop_test(t, a_p2m_list_elsewhere_has_tables_that_nothing_maps, 0, 2);
    tcase_add_loop_test(t, xens_slots_of_the_l4, 0, 2);
    tcase_add_loop_test(t, start_info_tells_the_guest, 0, VARIANTS);
    tcase_add_loop_test(t, vcpus_at_the_first_instruction, 0, 2);
    tcase_add_test(t, the_hypercall_page);
    tcase_add_test(t, limits_and_rights);
    tcase_add_test(t, what_the_machine_has_no_room_for);
    suite_add_tcase(suite, t);
    return fixture_main(suite);
}
