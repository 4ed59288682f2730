/* SPDX-License-Identifier: MIT */
/* test-ptwr.c: stores to pages mapped read-only: which of them Xen carries out, and what it stores. */
#include "mm.h"

#include <string.h>

static struct xd_fixture f;

static void setup(void)
{
    fixture_setup(&f);
}

static void teardown(void)
{
    fixture_teardown(&f);
}

static void assist(struct xd_vcpu *v, bool on)
{
    ck_ok(v, fixture_call(v, 21, on ? 0 : 1, 2));
}

static struct xd_fault fault;

static enum xd_access store(struct xd_vcpu *v, uint64_t va, uint64_t val, size_t size)
{
    return xd_guest_store(v, va, &val, size, &fault);
}

/* A table of (level) that d1 has pinned and maps read-only at the returned address. */
static uint64_t mapped_table(unsigned int level, uint64_t mfn)
{
    ck_ok(f.v1, mm_ext(&f, f.v1, PIN_L1 + level - 1, mfn));
    ck_ok(f.v1, mm_map(f.v1, mm_va(f.d1, 0), mm_pte(mfn, 0x1)));
    return mm_va(f.d1, 0);
}

static void ck_fault(uint64_t va, enum xd_why why)
{
    ck_assert_uint_eq(fault.error, 3); /* present, write; a kernel's own */
    ck_assert_uint_eq(fault.cr2, va);
    ck_assert_str_eq(xd_why_row(fault.why)->name, xd_why_row(why)->name);
    ck_assert_uint_eq(f.v1->cr2, va);
    ck_assert_uint_eq(fixture_vcpu_info(f.v1)->cr2, va);
}

START_TEST(xen_carries_out_stores_to_l1_tables_if_asked_to)
{
    uint64_t t = mm_page(f.d1, 0), data = mm_page(f.d1, 1), va = mapped_table(1, t),
             flushes = f.v1->tlb_flushes;

    ck_assert_int_eq(store(f.v1, va + 24, mm_pte(data, 0x3), 8), XD_ACCESS_FAULT);
    ck_fault(va + 24, XD_WHY_PTWR_OFF);
    assist(f.v1, true);
    ck_assert_int_eq(store(f.v1, va + 24, mm_pte(data, 0x3), 8), XD_ACCESS_EMULATED);
    ck_assert_uint_eq(mm_word(f.hv, t, 3), mm_pte(data, 0x7 | XD_PTE_GK)); /* adjusted */
    ck_frame(f.hv, data, XD_TYPE_WRITABLE, 1, 2, ALLOC | VALID);
    ck_assert_int_eq(store(f.v1, va + 24, mm_pte(data, 0x1), 8), XD_ACCESS_EMULATED);
    ck_frame(f.hv, data, XD_TYPE_WRITABLE, 0, 2, ALLOC | VALID);
    ck_assert_int_eq(store(f.v1, va + 24, 0x4440, 8), XD_ACCESS_EMULATED);
    ck_assert_uint_eq(mm_word(f.hv, t, 3), 0x4440);
    ck_assert_uint_eq(f.v1->tlb_flushes, flushes); /* flushing is the guest's business */
    assist(f.v1, false);
    ck_assert_int_eq(store(f.v1, va + 24, 0, 8), XD_ACCESS_FAULT);
}
END_TEST

START_TEST(entries_are_checked_as_ever)
{
    uint64_t t = mm_page(f.d1, 0), va = mapped_table(1, t);
    const struct {
        uint64_t val;
        enum xd_why why;
    } bad[] = {
        {mm_pte(t, 0x3), XD_WHY_L1E_RW_TABLE},
        {mm_pte(mm_page(f.d2, 0), 0x1), XD_WHY_L1E_NOT_OWNER},
        {mm_pte(0xa0, 0x3), XD_WHY_L1E_IOMEM},
        {mm_pte(mm_page(f.d1, 1), 0x11), XD_WHY_L1E_BITS},
    };

    assist(f.v1, true);
    for (unsigned int i = 0; i < XD_ARRAY_SIZE(bad); i++) {
        ck_assert_int_eq(store(f.v1, va, bad[i].val, 8), XD_ACCESS_FAULT);
        ck_fault(va, bad[i].why);
        ck_assert_uint_eq(mm_word(f.hv, t, 0), 0);
    }
}
END_TEST

/* There is no short way: a flag that counts for nothing is checked in full too, and A and D are not kept. */
START_TEST(an_equal_frame_is_counted_afresh)
{
    uint64_t t = mm_page(f.d1, 0), va = mapped_table(1, t), data = mm_page(f.d1, 1);

    assist(f.v1, true);
    ck_assert_int_eq(store(f.v1, va, mm_pte(data, 0x63), 8), XD_ACCESS_EMULATED);
    ck_assert_int_eq(store(f.v1, va, mm_pte(data, 0x7), 8), XD_ACCESS_EMULATED);
    ck_assert_uint_eq(mm_word(f.hv, t, 0), mm_pte(data, 0x107));
    ck_frame(f.hv, data, XD_TYPE_WRITABLE, 1, 2, ALLOC | VALID);
}
END_TEST

START_TEST(parts_of_an_entry_are_merged)
{
    uint64_t t = mm_page(f.d1, 0), va = mapped_table(1, t), data = mm_page(f.d1, 1);

    assist(f.v1, true);
    ck_assert_int_eq(store(f.v1, va + 8, mm_pte(data, 0), 8), XD_ACCESS_EMULATED);
    ck_assert_int_eq(store(f.v1, va + 8, 0x3, 1), XD_ACCESS_EMULATED);
    ck_assert_uint_eq(mm_word(f.hv, t, 1), mm_pte(data, 0x7 | XD_PTE_GK));
    ck_assert_int_eq(store(f.v1, va + 12, 0x80000000, 4),
                     XD_ACCESS_EMULATED); /* NX, and the rest of the upper half */
    ck_assert_uint_eq(mm_word(f.hv, t, 1), (mm_pte(data, 0x7) & 0xffffffff) | XD_PTE_NX | XD_PTE_G);
    ck_assert_int_eq(store(f.v1, va + 8, 0, 2), XD_ACCESS_EMULATED);
    ck_assert_uint_eq(mm_word(f.hv, t, 1) & 0xffff, 0);
}
END_TEST

static const struct {
    unsigned int off;
    size_t size;
    bool ok;
} shapes[] = {
    {0, 8, true},  {8, 4, true},  {6, 2, true},   {5, 1, true},  {4, 8, false},  {2, 4, false},
    {1, 2, false}, {0, 3, false}, {0, 16, false}, {0, 5, false}, {0, 64, false},
};

START_TEST(stores_must_be_plain)
{
    uint64_t va = mapped_table(1, mm_page(f.d1, 0)) + shapes[_i].off;
    unsigned char zeros[64] = {0};

    assist(f.v1, true);
    ck_assert_int_eq(xd_guest_store(f.v1, va, zeros, shapes[_i].size, &fault),
                     shapes[_i].ok ? XD_ACCESS_EMULATED : XD_ACCESS_FAULT);
    if (!shapes[_i].ok)
        ck_fault(va, XD_WHY_PTWR_SHAPE);
}
END_TEST

START_TEST(only_live_l1_tables_of_ones_own)
{
    uint64_t gdt = mm_page(f.d1, 2), va = mm_va(f.d1, 1);

    assist(f.v1, true);
    for (unsigned int level = 2; level <= 4; level++) {
        ck_assert_int_eq(store(f.v1, mapped_table(level, mm_page(f.d1, 10 + level)), 0, 8),
                         XD_ACCESS_FAULT);
        ck_fault(mm_va(f.d1, 0), XD_WHY_PTWR_NOT_L1);
    }
    ck_ok(f.v1, mm_map(f.v1, va, mm_pte(mm_page(f.d1, 1), 0x1))); /* plain memory */
    ck_assert_int_eq(store(f.v1, va, 0, 8), XD_ACCESS_FAULT);
    ck_fault(va, XD_WHY_PTWR_NOT_L1);
    ck_ok(f.v1, fixture_call(f.v1, 2, fixture_place(&f, f.v1, &gdt, 8), 1));
    ck_ok(f.v1, mm_map(f.v1, va, mm_pte(gdt, 0x1)));
    ck_assert_int_eq(store(f.v1, va, 0, 8), XD_ACCESS_FAULT);
    ck_fault(va, XD_WHY_PTWR_NOT_L1);
}
END_TEST

START_TEST(tables_of_others_are_not_written_so)
{
    uint64_t va = mm_va(f.d0, 0), at = mm_entry_at(f.d0, va, 1);

    assist(f.v0, true);
    ck_ok(f.v0, mm_update_as(&f, f.v0, at, mm_pte(mm_table(f.d1, 1), 0x1), 1));
    ck_assert_int_eq(store(f.v0, va, 0, 8), XD_ACCESS_FAULT);
    ck_assert_uint_eq(fault.why, XD_WHY_PTWR_NOT_OWNED);
}
END_TEST

START_TEST(what_is_the_guests_own_fault)
{
    uint64_t l1 = mm_page(f.d1, 0), rw = mm_page(f.d1, 1), va = mm_va(f.d1, 0);
    uint64_t at = mm_entry_at(f.d1, va, 2), l2 = at >> 12, e = mm_entry(f.d1, va, 2);

    assist(f.v1, true);
    ck_assert_int_eq(store(f.v1, fixture_hole(f.v1), 0, 8), XD_ACCESS_FAULT); /* nothing there */
    ck_assert_uint_eq(fault.error, 2);
    ck_assert_uint_eq(fault.why, 0);
    ck_assert_int_eq(store(f.v1, XD_HYPERVISOR_START, 0, 8), XD_ACCESS_FAULT); /* the M2P */
    ck_assert_uint_eq(fault.error, 3);
    ck_assert_uint_eq(fault.why, 0);
    ck_assert_int_eq(store(f.v1, UINT64_C(0x800000000000), 0, 8), XD_ACCESS_GP);
    ck_ok(f.v1, mm_map(f.v1, va, mm_pte(rw, 0x3))); /* writable, below a read-only L2 entry */
    ck_ok(f.v1, mm_update(&f, f.v1, at, e & ~XD_PTE_RW));
    ck_assert_int_eq(store(f.v1, va, 0, 8), XD_ACCESS_FAULT);
    ck_assert_uint_eq(fault.error, 3);
    ck_assert_uint_eq(fault.why, 0);
    ck_assert_uint_eq(mm_word(f.hv, l2, xd_pt_slot(va, 2)), e & ~XD_PTE_RW);
    (void)l1;
}
END_TEST

START_TEST(user_code_gets_no_help)
{
    uint64_t t = mm_page(f.d1, 0), va = mapped_table(1, t);

    assist(f.v1, true);
    ck_ok(f.v1, mm_ext(&f, f.v1, NEW_USER_BASEPTR, mm_table(f.d1, 4)));
    f.v1->kernel_mode = false;
    ck_assert_int_eq(store(f.v1, va, 0x4440, 8), XD_ACCESS_FAULT);
    ck_assert_uint_eq(fault.error, 7);
    ck_assert_uint_eq(fault.why, 0);
    f.v1->kernel_mode = true;
    ck_assert_uint_eq(mm_word(f.hv, t, 0), 0);
}
END_TEST

/* The hardware domain's stores to read-only I/O memory vanish; its page tables it may write without the assist. */
START_TEST(the_hardware_domain)
{
    uint64_t va = mm_va(f.d0, 0), l1 = mm_entry_at(f.d0, va, 1) >> 12, word = 0;
    const struct xd_start *s = xd_domain_start(f.d0);
    uint64_t ro = 0;

    f.hv->mmio_ro[0] = (struct xd_range){0xb0, 0xb0};
    ck_ok(f.v0, mm_map(f.v0, va, mm_pte(0xb0, 0x3)));
    ck_assert_int_eq(store(f.v0, va + 8, 5, 8), XD_ACCESS_EMULATED);
    ck_assert_int_eq(store(f.v0, va + 3, 5, 8), XD_ACCESS_FAULT); /* not aligned */
    ck_assert_uint_eq(mm_word(f.hv, 0xb0, 1), 0);
    for (uint64_t i = 0; i < s->pt_frames; i++)
        if (xd_domain_mfn(f.d0, (s->pt_va - s->virt_base) / XD_PAGE_SIZE + i) == l1)
            ro = s->pt_va + i * XD_PAGE_SIZE;
    ck_assert_uint_ne(ro, 0);
    ck_assert_int_eq(store(f.v0, ro + 8 * xd_pt_slot(va, 1), 0, 8), XD_ACCESS_EMULATED);
    ck_assert_uint_eq(mm_entry(f.d0, va, 1), word);
}
END_TEST

/* A hypercall's own writes are never emulated. */
START_TEST(answers_are_not_written_into_tables)
{
    uint64_t t = mm_page(f.d1, 0), va = mapped_table(1, t);

    assist(f.v1, true);
    ck_refused(f.v1, fixture_call(f.v1, 17, 1, va), EFAULT, COPY_OUT);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ptwr");
    TCase *t = tcase_create("stores");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, xen_carries_out_stores_to_l1_tables_if_asked_to);
    tcase_add_test(t, entries_are_checked_as_ever);
    tcase_add_test(t, an_equal_frame_is_counted_afresh);
    tcase_add_test(t, parts_of_an_entry_are_merged);
    tcase_add_loop_test(t, stores_must_be_plain, 0, (int)XD_ARRAY_SIZE(shapes));
    tcase_add_test(t, only_live_l1_tables_of_ones_own);
    tcase_add_test(t, tables_of_others_are_not_written_so);
    tcase_add_test(t, what_is_the_guests_own_fault);
    tcase_add_test(t, user_code_gets_no_help);
    tcase_add_test(t, the_hardware_domain);
    tcase_add_test(t, answers_are_not_written_into_tables);
    suite_add_tcase(suite, t);
    return fixture_main(suite);
}
