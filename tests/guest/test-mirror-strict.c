/* SPDX-License-Identifier: MIT */
/* test-mirror-strict.c: missing TLB flushes are found, and only those. */
#define _GNU_SOURCE
#include "mirror.h"

static __attribute__((noinline)) void change_and_forget_to_flush(void)
{
    map(g.page, pte(g.other, RW), UVMF_NONE);
    __asm__ volatile("");
}

static __attribute__((noinline)) void use_it(void)
{
    put_7(g.page);
    __asm__ volatile(""); /* no tail call: it is to be seen in backtraces */
}

static void miss_a_flush(void)
{
    use_it();
    change_and_forget_to_flush();
    use_it();
}

START_TEST(a_missing_flush_is_found)
{
    ck_dies_saying(miss_a_flush, "missing TLB flush: write of 0x", "update_va_mapping of d1v0",
                   "change_and_forget_to_flush", "used here", "use_it",
                   "d1v0's TLB may still lead");
}
END_TEST

static void free_and_use(void)
{
    xen_pfn_t pfn = g.mfn;
    struct xen_memory_reservation r = {.nr_extents = 1, .domid = DOMID_SELF};

    use_it();
    set_xen_guest_handle(r.extent_start, &pfn);
    map(g.page, 0, UVMF_NONE);
    ck_assert_int_eq(HYPERVISOR_memory_op(XENMEM_decrease_reservation, &r), 1);
    use_it();
}

START_TEST(a_frame_that_changed_hands_is_told)
{
    ck_dies_saying(free_and_use, "missing TLB flush", "is free of d32756 now",
                   "the page tables say: nothing");
}
END_TEST

static void write_what_became_read_only(void)
{
    use_it();
    map(g.page, pte(g.mfn, XD_PTE_P), UVMF_NONE);
    ck_assert_uint_eq(*(volatile unsigned char *)g.page, 7); /* no harm */
    use_it();
}

START_TEST(less_rights_are_a_change)
{
    ck_dies_saying(write_what_became_read_only, "missing TLB flush: write of 0x");
}
END_TEST

static void other_vcpu(void)
{
    use_it();
    xd_enter(g.v1);
    use_it();
    map(g.page, pte(g.other, RW), UVMF_INVLPG | UVMF_LOCAL);
    use_it();
    xd_enter(g.v0);
    use_it();
}

START_TEST(a_local_flush_is_not_the_other_vcpus)
{
    ck_dies_saying(other_vcpu, "missing TLB flush", "d1v0's TLB may still lead",
                   "update_va_mapping of d1v1");
}
END_TEST

static void by_emulation(void)
{
    uint64_t *e = entry_va(&g, g.page);

    assist(true);
    use_it();
    store(e, pte(g.other, RW));
    use_it();
}

START_TEST(emulated_writes_are_changes_too)
{
    ck_dies_saying(by_emulation, "missing TLB flush", "a write to a page table of d1v0", "store");
}
END_TEST

START_TEST(who_flushes_hears_nothing)
{
    use_it();
    map(g.page, pte(g.other, RW), UVMF_NONE);
    map(g.page + PAGE, 0, UVMF_TLB_FLUSH | UVMF_ALL);
    use_it();
    change_and_forget_to_flush(); /* nothing changes */
    use_it();
    map(g.page, pte(g.mfn, RW), UVMF_NONE);
    map(g.page, pte(g.other, RW), UVMF_NONE); /* and back */
    use_it();
    map(g.page, pte(g.mfn, RW), UVMF_INVLPG | UVMF_ALL);
    xd_enter(g.v1);
    use_it();
}
END_TEST

static unsigned char peeked(struct xd_vcpu *v, const void *va)
{
    unsigned char b = 0;

    ck_assert(xd_guest_peek(v, (uintptr_t)va, &b, 1));
    return b;
}

START_TEST(a_look_is_no_use)
{
    const uint64_t *e = entry_of(&g, g.page);
    struct xd_domain *other;
    unsigned char both[2];

    use_it();
    ck_assert_uint_eq(peeked(g.v0, g.page), 7);
    change_and_forget_to_flush();
    ck_assert_uint_eq(peeked(g.v0, g.page), 0); /* as the tables say */
    ck_assert_uint_eq(peeked(g.v1, g.page), 0);
    ck_assert_uint_eq(*e & XD_PTE_A, 0);
    map(g.page, pte(g.mfn, RW), UVMF_INVLPG);
    ck_assert_uint_eq(peeked(g.v0, g.page), 7);
    ck_assert_uint_eq(*e & XD_PTE_A, 0);
    map(g.page + PAGE, 0, UVMF_INVLPG);
    ck_assert(xd_guest_peek(g.v0, (uintptr_t)g.page + PAGE - 1, both, 1));
    ck_assert(!xd_guest_peek(g.v0, (uintptr_t)g.page + PAGE - 1, both, 2));
    ck_assert_int_eq(xd_domain_create(hv, NULL, &other), 0);
    ck_assert(!xd_guest_peek(xd_vcpu_at(other, 0), (uintptr_t)g.page, both, 1));
}
END_TEST

int main(void)
{
    if (xd_access_hider())
        return mirror_is_refused();
    Suite *suite = suite_create("mirror-strict");
    TCase *tc = tcase_create("mirror-strict");

    tcase_add_checked_fixture(tc, setup_strict, teardown);
    tcase_add_test(tc, a_missing_flush_is_found);
    tcase_add_test(tc, a_frame_that_changed_hands_is_told);
    tcase_add_test(tc, less_rights_are_a_change);
    tcase_add_test(tc, a_local_flush_is_not_the_other_vcpus);
    tcase_add_test(tc, emulated_writes_are_changes_too);
    tcase_add_test(tc, who_flushes_hears_nothing);
    tcase_add_test(tc, a_look_is_no_use);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
