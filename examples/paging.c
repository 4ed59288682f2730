/* SPDX-License-Identifier: MIT */
/*
 * paging.c: a small paging layer of a guest, and its tests: map, unmap, pinned tables, pages that come when they are
 * touched, copy on write. What the guest maps it uses by the pointer, since the tests give it a mirror.
 *
 *     cc -mno-red-zone paging.c paging.S $(pkg-config --cflags --libs xendouble check) -o paging && ./paging
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <xen/interface/errno.h>
#include <xen/interface/xen.h>
#include <xendouble/check.h>
#include <xendouble/levers.h>

/* What is behind it happens behind what is before it: a compiler does not know of page faults. */
#define barrier() __asm__ volatile("" : : : "memory")

#define PAGE             4096ul
#define SLOTS            512u
#define P                1ul
#define RW               2ul
#define US               4ul
#define MFN(pte)         ((pte) >> 12 & 0xfffffffffful)
#define INDEX(va, level) ((unsigned int)((uintptr_t)(va) >> (3 + 9 * (level)) & (SLOTS - 1)))

/* ---- The guest: where its memory is ---- */

static struct {
    const struct start_info *si;
    unsigned char *base; /* pfn 0 is mapped here, and the next behind it */
    const struct vcpu_info *vcpu;
    unsigned long spare, spares;    /* pfns that are mapped, for tables */
    unsigned long free, frees;      /* and that are not */
    unsigned char *lazy, *lazy_end; /* pages come here when they are touched */
    unsigned char *shared[8];       /* pages that are copied when they are written */
    unsigned int shares, faults;
} guest;

static unsigned long mfn_of(unsigned long pfn)
{
    return ((const unsigned long *)guest.si->mfn_list)[pfn];
}

static unsigned long *table_at(unsigned long mfn)
{
    for (unsigned long pfn = 0; pfn < guest.spares; pfn++)
        if (mfn_of(pfn) == mfn)
            return (unsigned long *)(void *)(guest.base + pfn * PAGE);
    return NULL;
}

static unsigned long pte(unsigned long pfn, unsigned long flags)
{
    return mfn_of(pfn) << 12 | flags;
}

/* ---- Map and unmap ---- */

static int set(void *va, unsigned long entry)
{
    return HYPERVISOR_update_va_mapping((uintptr_t)va, entry, UVMF_INVLPG | UVMF_ALL);
}

/* A page that is to be a table: Xen wants no writable mapping of it. */
static int make_table(unsigned long *pfn)
{
    void *page = guest.base + guest.spare * PAGE;
    struct mmuext_op pin = {.cmd = MMUEXT_PIN_L1_TABLE};
    int rc;

    if (guest.spare == guest.spares)
        return -XEN_ENOMEM;
    memset(page, 0, PAGE);
    rc = set(page, pte(guest.spare, P));
    if (rc)
        return rc;
    pin.arg1.mfn = mfn_of(guest.spare);
    rc = HYPERVISOR_mmuext_op(&pin, 1, NULL, DOMID_SELF);
    if (rc) {
        if (set(page, pte(guest.spare, P | RW)))
            guest.spare++; /* it stays as it is */
        return rc;
    }
    *pfn = guest.spare++;
    return 0;
}

/* The page that became a table last is memory again. */
static void free_table(unsigned long pfn)
{
    struct mmuext_op unpin = {.cmd = MMUEXT_UNPIN_TABLE, .arg1.mfn = mfn_of(pfn)};

    if (!HYPERVISOR_mmuext_op(&unpin, 1, NULL, DOMID_SELF) &&
        !set(guest.base + pfn * PAGE, pte(pfn, P | RW)))
        guest.spare = pfn;
}

/* Links a new L1 table into slot (slot) of the L2 table (l2). */
static int add_table(unsigned long l2, unsigned int slot)
{
    struct mmu_update link = {.ptr = (l2 << 12 | slot * 8) | MMU_NORMAL_PT_UPDATE};
    unsigned long pfn;
    int rc = make_table(&pfn);

    if (rc)
        return rc;
    link.val = pte(pfn, P | RW | US);
    rc = HYPERVISOR_mmu_update(&link, 1, NULL, DOMID_SELF);
    if (rc)
        free_table(pfn);
    return rc;
}

/* The entry of (va) in its L1 table, which is made if there is none; 0 or a negative errno. */
static int find(const void *va, bool make, unsigned long **entry)
{
    unsigned long *table = (unsigned long *)guest.si->pt_base, mfn = 0;

    for (unsigned int level = 4; level > 1; level--) {
        unsigned long *e = &table[INDEX(va, level)];

        if (!(*e & P)) {
            int rc = make && level == 2 ? add_table(mfn, INDEX(va, level)) : -XEN_ENOENT;

            if (rc)
                return rc;
        }
        mfn = MFN(*e);
        table = table_at(mfn);
        if (!table)
            return -XEN_ENOENT;
    }
    *entry = &table[INDEX(va, 1)];
    return 0;
}

static int map(void *va, unsigned long pfn, unsigned long flags)
{
    unsigned long *entry;
    int rc = find(va, true, &entry);

    return rc ? rc : set(va, pte(pfn, P | flags));
}

static int unmap(void *va)
{
    return set(va, 0);
}

static int take_page(unsigned long *pfn)
{
    if (guest.free == guest.frees)
        return -XEN_ENOMEM;
    *pfn = guest.free++;
    return 0;
}

/* ---- Page faults ---- */

extern void page_fault_entry(void);
void page_fault(unsigned long error);

/* Maps the page (pfn) at one more place; from now on whoever writes gets a copy of its own. */
static int share(void *va, unsigned long pfn)
{
    int rc = guest.shares == 8 ? -XEN_ENOSPC : map(va, pfn, 0);

    if (!rc)
        guest.shared[guest.shares++] = va;
    return rc;
}

static int copy_on_write(unsigned int i)
{
    unsigned char *va = guest.shared[i], *aside = guest.lazy_end;
    unsigned long pfn;
    int rc = take_page(&pfn);

    if (!rc)
        rc = map(aside, pfn, RW);
    if (rc)
        return rc;
    memcpy(aside, va, PAGE);
    guest.shared[i] = guest.shared[--guest.shares];
    rc = map(va, pfn, RW);
    return rc ? rc : unmap(aside);
}

static int handle(unsigned char *va, unsigned long error)
{
    unsigned long pfn;
    int rc;

    for (unsigned int i = 0; i < guest.shares && error & RW; i++)
        if (guest.shared[i] == va)
            return copy_on_write(i);
    if (va < guest.lazy || va >= guest.lazy_end || error & P)
        return -XEN_EFAULT;
    rc = take_page(&pfn);
    return rc ? rc : map(va, pfn, RW);
}

void page_fault(unsigned long error)
{
    unsigned char *va = (unsigned char *)(uintptr_t)(guest.vcpu->arch.cr2 & ~(PAGE - 1));
    int rc;

    guest.faults++;
    rc = handle(va, error);
    if (rc) {
        fprintf(stderr, "page fault at %p, error code %#lx: %d\n", (void *)va, error, rc);
        abort();
    }
}

static int start(const struct start_info *si, const struct vcpu_info *vcpu, unsigned long spare,
                 unsigned long spares, unsigned long free)
{
    struct trap_info traps[2] = {
        {.vector = 14, .cs = FLAT_KERNEL_CS, .address = (uintptr_t)page_fault_entry}};

    memset(&guest, 0, sizeof(guest));
    guest.si = si;
    guest.vcpu = vcpu;
    guest.base = (unsigned char *)((uintptr_t)si & ~(0x40000000ul - 1));
    guest.spare = spare;
    guest.spares = spares;
    guest.free = free;
    guest.frees = si->nr_pages;
    guest.lazy = guest.base + 0x20000000;
    guest.lazy_end = guest.lazy + 64 * PAGE;
    return HYPERVISOR_set_trap_table(traps);
}

/* ---- The tests ---- */

static struct xd_hv *hv;
static struct xd_domain *d;

static void setup(void)
{
    struct xd_domain_config c = XD_DOMAIN_CONFIG_DEFAULT;
    const struct xd_start *s;

    ck_assert_int_eq(xd_hv_create(&hv, NULL), 0);
    c.virt_base = xd_guest_room(0x40000000);
    ck_assert_int_eq(xd_domain_create(hv, &c, &d), 0);
    ck_assert_msg(xd_guest_mirror(d, NULL) == 0, "%s", xd_hv_error(hv));
    ck_assert_int_eq(xd_enter(xd_vcpu_at(d, 0)), 0);
    s = xd_domain_start(d);
    ck_assert_call_ok(start(xd_guest_at(d, s->start_info_va), xd_guest_vcpu_info(xd_self()),
                            (s->padding_va - s->virt_base) / PAGE, s->mapped_pages,
                            s->first_free_pfn));
}

static void teardown(void)
{
    char *wrong = NULL;

    ck_assert_msg(xd_audit(hv, &wrong) == 0, "%s", wrong);
    free(wrong);
    xd_leave();
    xd_hv_destroy(hv);
}

/* A frame's contents, as Xen sees them. */
static const unsigned char *contents(unsigned long pfn)
{
    return xd_frame_contents(hv, mfn_of(pfn));
}

START_TEST(what_is_mapped_can_be_used)
{
    unsigned char *va = guest.lazy_end + PAGE;
    unsigned long pfn;

    ck_assert_int_eq(take_page(&pfn), 0);
    ck_assert_call_ok(map(va, pfn, RW));
    memset(va, 0xa5, PAGE);
    barrier();
    ck_assert_uint_eq(contents(pfn)[PAGE - 1], 0xa5);
    ck_assert_frame(hv, mfn_of(pfn), "writable", 1);
    ck_assert_call_ok(unmap(va));
    ck_assert_frame(hv, mfn_of(pfn), "writable", 0);
    ck_assert_uint_eq(guest.faults, 0);
}
END_TEST

START_TEST(tables_are_pinned_and_never_writable)
{
    unsigned long table = guest.spare, pfn, *entry;
    unsigned char *va = guest.lazy;

    ck_assert_int_eq(take_page(&pfn), 0);
    ck_assert_call_ok(map(va, pfn, RW));
    ck_assert_uint_eq(guest.spare, table + 1);
    ck_assert_pinned(hv, mfn_of(table));
    ck_assert_refused(set(va + PAGE, pte(table, P | RW)), XEN_EBUSY, "l1e-rw-table");
    ck_assert_call_ok(set(va + PAGE, pte(table, P)));
    ck_assert_call_ok(find(va, false, &entry));
    ck_assert_uint_eq(((const unsigned long *)(void *)(va + PAGE))[INDEX(va, 1)], *entry);
    ck_assert_uint_eq(MFN(*entry), mfn_of(pfn));
}
END_TEST

START_TEST(pages_come_when_they_are_touched)
{
    unsigned long before = guest.free;

    for (unsigned int i = 0; i < 64; i += 2)
        guest.lazy[i * PAGE] = (unsigned char)i;
    barrier();
    ck_assert_uint_eq(guest.faults, 32);
    ck_assert_uint_eq(guest.free, before + 32);
    for (unsigned int i = 0; i < 64; i++)
        ck_assert_uint_eq(guest.lazy[i * PAGE], i % 2 ? 0 : i);
    barrier();
    ck_assert_uint_eq(guest.faults, 64);
}
END_TEST

START_TEST(a_shared_page_is_copied_when_it_is_written)
{
    unsigned char *one = guest.lazy_end + PAGE, *two = one + PAGE;
    unsigned long pfn;

    ck_assert_int_eq(take_page(&pfn), 0);
    ck_assert_call_ok(map(one, pfn, RW));
    strcpy((char *)one, "written once");
    barrier();
    ck_assert_call_ok(share(one, pfn));
    ck_assert_call_ok(share(two, pfn));
    ck_assert_frame(hv, mfn_of(pfn), "writable", 0);
    ck_assert_str_eq((char *)two, "written once");
    ck_assert_uint_eq(guest.faults, 0);

    two[8] = 't'; /* here */
    memcpy(two + 9, "wice", 5);
    barrier();
    ck_assert_uint_eq(guest.faults, 1);
    ck_assert_str_eq((char *)two, "written twice");
    ck_assert_str_eq((char *)one, "written once");
    ck_assert_str_eq((const char *)contents(pfn), "written once");
    one[0] = 'W';
    barrier();
    ck_assert_uint_eq(guest.faults, 2);
    ck_assert_str_eq((const char *)contents(pfn), "written once");
}
END_TEST

/* A handler that did not keep the vector registers would spoil these. */
START_TEST(a_copy_goes_on_where_the_fault_was)
{
    static unsigned char from[3 * PAGE];
    unsigned char *to = guest.lazy + PAGE - 7;

    for (unsigned int i = 0; i < sizeof(from); i++)
        from[i] = (unsigned char)(i * 37 + i / 256);
    memcpy(to, from, sizeof(from));
    barrier();
    ck_assert_uint_eq(guest.faults, 4);
    ck_assert_int_eq(memcmp(to, from, sizeof(from)), 0);
}
END_TEST

START_TEST(a_table_that_xen_refuses_is_no_table)
{
    static const char *const steps[] = {"mmuext_op", "mmu_update"};
    unsigned long spare = guest.spare, pfn;

    ck_assert_int_eq(take_page(&pfn), 0);
    for (unsigned int i = 0; i < 2; i++) {
        ck_assert_int_ge(xd_fail_nth(d, steps[i], 1, XEN_ENOMEM), 0);
        ck_assert_int_eq(map(guest.lazy, pfn, RW), -XEN_ENOMEM);
        ck_assert_uint_eq(guest.spare, spare);
        guest.base[spare * PAGE] = 1; /* it is memory again */
    }
    ck_assert_call_ok(map(guest.lazy, pfn, RW));
    ck_assert_pinned(hv, mfn_of(spare));
}
END_TEST

/* A mirror needs the machine's own page faults, which some tools take for themselves. */
static bool there_are_mirrors(void)
{
    bool there;

    if (xd_hv_create(&hv, NULL) || xd_domain_create(hv, NULL, &d))
        abort();
    there = xd_guest_mirror(d, NULL) == 0;
    if (!there)
        printf("skipped: %s\n", xd_hv_error(hv));
    xd_hv_destroy(hv);
    return there;
}

int main(void)
{
    Suite *suite;
    TCase *tc;
    SRunner *runner;
    int failed;

    if (!there_are_mirrors())
        return 77;
    suite = suite_create("paging");
    tc = tcase_create("paging");
    runner = srunner_create(suite);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, what_is_mapped_can_be_used);
    tcase_add_test(tc, tables_are_pinned_and_never_writable);
    tcase_add_test(tc, pages_come_when_they_are_touched);
    tcase_add_test(tc, a_shared_page_is_copied_when_it_is_written);
    tcase_add_test(tc, a_copy_goes_on_where_the_fault_was);
    tcase_add_test(tc, a_table_that_xen_refuses_is_no_table);
    suite_add_tcase(suite, tc);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
