/* SPDX-License-Identifier: MIT */
/* test-layout.c: where a builder puts things, and what configurations it refuses with which sentence. */
#include "fixture.h"

#include "hv/layout.h"

#include <string.h>

#define BASE UINT64_C(0xffffffff80000000)
#define MIB  (UINT64_C(1) << 20)

static struct xd_domain_config config(void)
{
    struct xd_domain_config c = XD_DOMAIN_CONFIG_DEFAULT;

    return c;
}

static struct xd_layout laid_out(const struct xd_domain_config *c)
{
    struct xd_layout l;
    const char *bad = xd_layout(c, &l);

    ck_assert_msg(bad == NULL, "%s", bad);
    return l;
}

START_TEST(tables_by_range)
{
    ck_assert_uint_eq(xd_layout_tables(0, 0, 1), 0);
    ck_assert_uint_eq(xd_layout_tables(0, 1, 1), 1);
    ck_assert_uint_eq(xd_layout_tables(0, 2 * MIB, 1), 1);
    ck_assert_uint_eq(xd_layout_tables(0, 2 * MIB + 1, 1), 2);
    ck_assert_uint_eq(xd_layout_tables(2 * MIB - 1, 2 * MIB + 1, 1), 2);
    ck_assert_uint_eq(xd_layout_tables(BASE, BASE + 8 * MIB, 1), 4);
    ck_assert_uint_eq(xd_layout_tables(BASE, BASE + 8 * MIB, 2), 1);
    ck_assert_uint_eq(xd_layout_tables(BASE - 4 * MIB, BASE + 4 * MIB, 2), 2);
    ck_assert_uint_eq(xd_layout_tables(BASE - 4 * MIB, BASE + 4 * MIB, 3), 1);
}
END_TEST

/* The order of the region: each thing starts where the one before ends. */
START_TEST(things_lie_one_behind_the_other)
{
    struct xd_domain_config c = config();
    struct xd_start s;
    uint64_t va;

    c.order = _i & 1 ? XD_ORDER_DOM0 : XD_ORDER_DOMU;
    c.pages = 8192;
    c.kernel_pages = 300;
    if (_i & 2)
        c.initrd_len = 5 * MIB + 1;
    s = laid_out(&c).start;
    va = s.kernel_va + 300 * XD_PAGE_SIZE;
    ck_assert_uint_eq(s.virt_base, s.kernel_va);
    ck_assert_uint_eq(s.hypercall_page_va, s.kernel_va + XD_PAGE_SIZE);
    if (_i & 2) {
        ck_assert_uint_eq(s.mod_start, va);
        ck_assert_uint_eq(s.mod_len, 5 * MIB + 1);
        va += 5 * MIB + XD_PAGE_SIZE;
    }
    ck_assert_uint_eq(s.p2m_va, va);
    va += 16 * XD_PAGE_SIZE;
    ck_assert_uint_eq(s.start_info_va, va);
    va += XD_PAGE_SIZE;
    if (c.order == XD_ORDER_DOMU) {
        ck_assert_uint_eq(s.store_va, va);
        ck_assert_uint_eq(s.console_va, va + XD_PAGE_SIZE);
        va += 2 * XD_PAGE_SIZE;
    } else {
        ck_assert_uint_eq(s.store_va | s.console_va, 0);
    }
    ck_assert_uint_eq(s.pt_va, va);
    ck_assert_uint_eq(s.stack_va, va + s.pt_frames * XD_PAGE_SIZE);
    ck_assert_uint_eq(s.padding_va, s.stack_va + XD_PAGE_SIZE);
    ck_assert_uint_eq(s.virt_end % (4 * MIB), 0);
    ck_assert_uint_ge(s.virt_end - s.padding_va, MIB / 2);
    ck_assert_uint_lt(s.virt_end - s.padding_va, 4 * MIB + MIB / 2);
    ck_assert_uint_eq(s.pt_frames, 1 + xd_layout_tables(BASE, s.virt_end, 1) +
                                       xd_layout_tables(BASE, s.virt_end, 2) +
                                       xd_layout_tables(BASE, s.virt_end, 3));
    ck_assert_uint_eq(s.mapped_pages * XD_PAGE_SIZE, s.virt_end - s.virt_base);
}
END_TEST

/* Whatever the kernel's size, the tables that map the region fit into it, with half a MiB to spare. */
START_TEST(the_tables_map_the_region_they_lie_in)
{
    struct xd_domain_config c = config();

    c.pages = 65536;
    for (c.kernel_pages = 2; c.kernel_pages < 5000; c.kernel_pages += 37)
        for (unsigned int order = 0; order < 2; order++) {
            struct xd_start s;

            c.order = order ? XD_ORDER_DOM0 : XD_ORDER_DOMU;
            s = laid_out(&c).start;
            ck_assert_uint_ge(s.virt_end, s.stack_va + XD_PAGE_SIZE + MIB / 2);
            ck_assert_uint_ge(s.pt_frames, 1 + xd_layout_tables(BASE, s.virt_end, 1) +
                                               xd_layout_tables(BASE, s.virt_end, 2) +
                                               xd_layout_tables(BASE, s.virt_end, 3));
        }
}
END_TEST

START_TEST(what_is_not_mapped_comes_after_the_region)
{
    struct xd_domain_config c = config();
    struct xd_layout l;

    c.pages = 4096;
    c.initrd_len = 10 * XD_PAGE_SIZE - 5;
    c.initrd_unmapped = true;
    c.init_p2m = UINT64_C(0x8000000000);
    for (unsigned int order = 0; order < 2; order++) {
        c.order = order ? XD_ORDER_DOM0 : XD_ORDER_DOMU;
        l = laid_out(&c);
        ck_assert_uint_eq(l.start.mod_start, l.start.mapped_pages); /* a pfn */
        ck_assert_uint_eq(l.start.mod_len, order ? c.initrd_len : 10 * XD_PAGE_SIZE);
        ck_assert_uint_eq(l.p2m_pfn, l.start.mapped_pages + 10);
        ck_assert_uint_eq(l.start.p2m_va, c.init_p2m);
        ck_assert_uint_eq(l.p2m_pages, 8);
        ck_assert_uint_eq(l.p2m_pt_pages, 3);
        ck_assert_uint_eq(l.start.first_free_pfn, l.start.mapped_pages + 10 + 8 + 3);
    }
}
END_TEST

/* ---- Impossible ones ---- */

#define CHANGE(name, what)                       \
    static void name(struct xd_domain_config *c) \
    {                                            \
        what;                                    \
    }

CHANGE(no_pages, c->pages = 0)
CHANGE(many_pages, c->pages = XD_FRAMES_MAX + 1)
CHANGE(no_vcpus, c->vcpus = 0)
CHANGE(many_vcpus, c->vcpus = 65)
CHANGE(online_without_info, c->vcpus = c->vcpus_online = 33)
CHANGE(none_online, c->vcpus_online = 0)
CHANGE(too_many_online, c->vcpus_online = 2)
CHANGE(no_ports, c->port_max = 0)
CHANGE(many_ports, c->port_max = 131072)
CHANGE(no_kernel, c->kernel_pages = 1)
CHANGE(big_kernel, c->kernel_pages = 2049)
CHANGE(huge_kernel, c->kernel_pages = 0xffffffff)
CHANGE(one_port, c->port_max = 1)
CHANGE(big_initrd, c->initrd_len = UINT64_C(2048) * 4096)
CHANGE(huge_initrd, c->initrd_len = ~UINT64_C(0))
CHANGE(unaligned, c->virt_base += 2 * MIB)
CHANGE(in_xen, c->virt_base = UINT64_C(0xffff800000000000))
CHANGE(not_canonical, c->virt_base = UINT64_C(0x800000000000))
CHANGE(into_the_hole, c->virt_base = UINT64_C(0x7fffffc00000); c->kernel_pages = 1000)
CHANGE(at_the_end, c->virt_base = UINT64_C(0xffffffffffc00000))
CHANGE(p2m_unaligned, c->init_p2m = 0x1008)
CHANGE(p2m_in_xen, c->init_p2m = UINT64_C(0xffff800000000000))
CHANGE(p2m_inside, c->init_p2m = BASE + XD_PAGE_SIZE)
CHANGE(p2m_wraps, c->init_p2m = ~UINT64_C(0xfff))
CHANGE(few_pages, c->pages = 1000)

static const struct {
    void (*change)(struct xd_domain_config *c);
    const char *words;
} impossible[] = {
    {no_pages, "pages must be 1 to 1048576"},
    {many_pages, "pages must be 1 to 1048576"},
    {no_vcpus, "vcpus must be 1 to 64"},
    {many_vcpus, "vcpus must be 1 to 64"},
    {online_without_info, "vcpus_online must be 1 to 32"},
    {none_online, "vcpus_online must be 1 to vcpus"},
    {too_many_online, "vcpus_online must be 1 to vcpus"},
    {no_ports, "port_max must be 1 to 131071"},
    {many_ports, "port_max must be 1 to 131071"},
    {no_kernel, "kernel_pages must be 2 or more"},
    {big_kernel, "pages is too small"},
    {big_initrd, "pages is too small"},
    {huge_kernel, "kernel_pages and initrd_len must be less than 4 GiB"},
    {huge_initrd, "kernel_pages and initrd_len must be less than 4 GiB"},
    {one_port, "the xenstore and console ports take two"},
    {unaligned, "virt_base must be 4 MiB aligned"},
    {in_xen, "two address ranges"},
    {not_canonical, "two address ranges"},
    {into_the_hole, "two address ranges"},
    {at_the_end, "two address ranges"},
    {p2m_unaligned, "init_p2m must be page aligned"},
    {p2m_in_xen, "the p2m list at init_p2m"},
    {p2m_inside, "the p2m list at init_p2m"},
    {p2m_wraps, "the p2m list at init_p2m"},
    {few_pages, "pages is too small"},
};

START_TEST(what_cant_be_is_said)
{
    struct xd_domain_config c = config();
    struct xd_layout l;
    const char *bad;

    impossible[_i].change(&c);
    bad = xd_layout(&c, &l);
    ck_assert_ptr_nonnull(bad);
    ck_assert_msg(strstr(bad, impossible[_i].words) != NULL, "\"%s\" does not say \"%s\"", bad,
                  impossible[_i].words);
}
END_TEST

START_TEST(the_least_a_domain_needs)
{
    struct xd_domain_config c = config();
    struct xd_layout l;

    c.kernel_pages = 2;
    c.pages = 1024;
    ck_assert_ptr_null(xd_layout(&c, &l));
    ck_assert_uint_eq(l.start.first_free_pfn, 1024);
    c.pages = 1023;
    ck_assert_ptr_nonnull(xd_layout(&c, &l));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("layout");
    TCase *t = tcase_create("regions");

    tcase_add_test(t, tables_by_range);
    tcase_add_loop_test(t, things_lie_one_behind_the_other, 0, 4);
    tcase_add_test(t, the_tables_map_the_region_they_lie_in);
    tcase_add_test(t, what_is_not_mapped_comes_after_the_region);
    tcase_add_loop_test(t, what_cant_be_is_said, 0, (int)XD_ARRAY_SIZE(impossible));
    tcase_add_test(t, the_least_a_domain_needs);
    suite_add_tcase(suite, t);
    return fixture_main(suite);
}
