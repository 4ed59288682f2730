/* SPDX-License-Identifier: MIT */
/* test-mirror-tables.c: writes to page tables through a mirror: which Xen carries out, and how. */
#define _GNU_SOURCE
#include "mirror.h"

#define EMULATED_FORMS 20

/* Stores by the (i)th form what makes *e, which is pte(g.mfn, ...), an entry for g.other or nothing;
 * returns what *e must be then, but for what Xen adds. */
static uint64_t store_by(int i, uint64_t *e, uint64_t old)
{
    const uint64_t new = pte(g.other, RW);
    uint64_t out = new, acc = old;
    uint8_t flag;

    switch (i) {
    case 0: __asm__ volatile("movq %1, %0" : "=m"(*e) : "r"(new)); return new;
    case 1: __asm__ volatile("movq $0, %0" : "=m"(*e)); return 0;
    case 2:
        __asm__ volatile("xchgq %1, %0" : "+m"(*e), "+r"(out));
        ck_assert_uint_eq(out, old);
        return new;
    case 3:
        __asm__ volatile("lock cmpxchgq %3, %0\n\tsetz %2"
                         : "+m"(*e), "+a"(acc), "=r"(flag)
                         : "r"(new)
                         : "cc");
        ck_assert_uint_eq(flag, 1);
        return new;
    case 4:
        acc = old ^ 8;
        __asm__ volatile("lock cmpxchgq %3, %0\n\tsetz %2"
                         : "+m"(*e), "+a"(acc), "=r"(flag)
                         : "r"(new)
                         : "cc");
        ck_assert_uint_eq(flag, 0);
        ck_assert_uint_eq(acc, old);
        return old;
    case 5:
        __asm__ volatile("lock btrq $1, %0\n\tsetc %1" : "+m"(*e), "=r"(flag) : : "cc");
        ck_assert_uint_eq(flag, 1);
        return old & ~XD_PTE_RW;
    case 6:
        __asm__ volatile("lock btsq %2, %0\n\tsetc %1"
                         : "+m"(*e), "=r"(flag)
                         : "r"(UINT64_C(9))
                         : "cc");
        ck_assert_uint_eq(flag, 0);
        return old | UINT64_C(1) << 9;
    case 7:
        __asm__ volatile("lock orq %1, %0" : "+m"(*e) : "r"(UINT64_C(0x400)) : "cc");
        return old | 0x400;
    case 8: __asm__ volatile("andq $-3, %0" : "+m"(*e) : : "cc"); return old & ~XD_PTE_RW;
    case 9:
        __asm__ volatile("lock andb $0xfd, %0" : "+m"(*(uint8_t *)e) : : "cc");
        return old & ~XD_PTE_RW;
    case 10: __asm__ volatile("movb $0, %0" : "=m"(*(uint8_t *)e)); return old & ~UINT64_C(0xff);
    case 11:
        __asm__ volatile("movw %1, %0" : "=m"(*(uint16_t *)e) : "r"((uint16_t)0));
        return old & ~UINT64_C(0xffff);
    case 12:
        __asm__ volatile("movl $0, %0" : "=m"(*(uint32_t *)e));
        return old & ~UINT64_C(0xffffffff);
    case 13:
        acc = 0x200;
        __asm__ volatile("lock xaddq %1, %0\n\tsetz %2" : "+m"(*e), "+r"(acc), "=r"(flag) : : "cc");
        ck_assert_uint_eq(acc, old);
        ck_assert_uint_eq(flag, 0);
        return old + 0x200;
    case 14: __asm__ volatile("xorq $0x200, %0" : "+m"(*e) : : "cc"); return old ^ 0x200;
    case 15:
        __asm__ volatile("rep stosq" : "+D"(e), "=m"(*e), "+c"((uint64_t){1}) : "a"(UINT64_C(0)));
        return 0;
    case 16: {
        const uint64_t *from = &out;
        uint64_t *to = e;

        __asm__ volatile("movsq" : "+D"(to), "+S"(from) : : "memory");
        ck_assert_ptr_eq(to, e + 1);
        return new;
    }
    case 17: __asm__ volatile("movnti %1, %0" : "=m"(*e) : "r"(new)); return new;
    case 18:
        __asm__ volatile("movq %1, %%xmm3\n\tmovq %%xmm3, %0" : "=m"(*e) : "r"(new) : "xmm3");
        return new;
    case 19:
        __asm__ volatile("lock cmpxchg8b %0"
                         : "+m"(*e), "+a"((uint64_t){(uint32_t)old}), "+d"((uint64_t){old >> 32})
                         : "b"((uint32_t) new), "c"(new >> 32)
                         : "cc");
        return new;
    default: ck_abort_msg("no such form");
    }
    return 0;
}

START_TEST(xen_carries_out_stores_of_every_form)
{
    uint64_t *e, old, want;

    assist(true);
    g.page[0] = 1;
    e = entry_va(&g, g.page);
    old = *(volatile uint64_t *)e;
    want = store_by(_i, e, old);
    ck_assert_uint_eq(*entry_of(&g, g.page), xd_pte_adjust(want, 1));
    ck_assert_uint_eq(*(volatile uint64_t *)e, xd_pte_adjust(want, 1));
    ck_assert_uint_eq(pf.nr, 0);
    map(g.page, pte(g.mfn, RW), UVMF_INVLPG | UVMF_LOCAL); /* not half an entry for the end */
}
END_TEST

static void store_by_shift(void)
{
    uint64_t *e = entry_va(&g, g.page);

    assist(true);
    __asm__ volatile("shlq $1, %0" : "+m"(*e) : : "cc");
}

START_TEST(other_forms_are_reported)
{
    ck_dies_saying(store_by_shift, "instruction that is not emulated here", ": 48 d1",
                   "store_by_shift");
}
END_TEST

static void expect_fault(uint64_t *e, unsigned int why)
{
    ck_assert_uint_eq(pf.nr, 1);
    ck_assert_uint_eq(pf.cr2, (uintptr_t)e);
    ck_assert_uint_eq(pf.frame.error, XD_PF_WRITE | XD_PF_PRESENT);
    ck_assert_uint_eq(why, xd_why(g.v0));
    pf.nr = 0;
}

START_TEST(what_xen_refuses_is_a_page_fault)
{
    uint64_t *e = entry_va(&g, g.page), *l4 = xd_guest_page_table(g.d),
             old = *(volatile uint64_t *)e;

    traps(g.v0, 0);
    pf.skip = 3; /* movq %rax, (%rdi) */
    store(e, 0);
    expect_fault(e, XD_WHY_PTWR_OFF);
    assist(true);
    store(l4 + 3, 0);
    expect_fault(l4 + 3, XD_WHY_PTWR_NOT_L1);
    store(e, pte(g.s->cr3_mfn, RW));
    expect_fault(e, XD_WHY_L1E_RW_TABLE);
    pf.skip = 3; /* movaps %xmm0, (%rdi) */
    e = (uint64_t *)((uintptr_t)e & ~(uintptr_t)15);
    __asm__ volatile("movaps %%xmm0, (%0)" : : "D"(e) : "memory");
    expect_fault(e, XD_WHY_PTWR_SHAPE);
    ck_assert_uint_eq(*entry_of(&g, g.page), old);
}
END_TEST

START_TEST(a_table_page_is_read_only)
{
    uint64_t *e = entry_va(&g, g.page);

    traps(g.v0, 0);
    pf.skip = 3;
    store(e, 0);
    ck_assert_uint_eq(pf.nr, 1);
    ck_refused(g.v0, HYPERVISOR_xen_version(XENVER_extraversion, e), EFAULT, COPY_OUT);
}
END_TEST

int main(void)
{
    if (xd_access_hider())
        return mirror_is_refused();
    Suite *suite = suite_create("mirror-tables");
    TCase *tc = tcase_create("mirror-tables");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, xen_carries_out_stores_of_every_form, 0, EMULATED_FORMS);
    tcase_add_test(tc, other_forms_are_reported);
    tcase_add_test(tc, what_xen_refuses_is_a_page_fault);
    tcase_add_test(tc, a_table_page_is_read_only);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
