/* SPDX-License-Identifier: MIT */
/* test-l1e.c: what an L1 entry may map, what it then holds, and what Xen makes of I/O memory. */
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

#define BEYOND UINT64_C(0x3000) /* first frame that is no RAM */

/* What a test maps, by name, since frame numbers differ from run to run. */
enum target {
    DATA,
    DATA_MAPPED,
    TABLE,
    TABLE_L4,
    GDT,
    SHARED_INFO,
    OTHERS,
    OTHERS_SHARED,
    FREE,
    XEN_PRIVATE,
    M2P,
    IO,
    NO_RAM,
    NO_FRAME
};

static uint64_t mfn_of(enum target t)
{
    switch (t) {
    case DATA: return mm_page(f.d1, 0);
    case DATA_MAPPED: return mm_mapped(f.d1, 1);
    case TABLE: return mm_table(f.d1, 1);
    case TABLE_L4: return mm_table(f.d1, 4);
    case GDT: return mm_page(f.d1, 1);
    case SHARED_INFO: return xd_domain_start(f.d1)->shared_info_mfn;
    case OTHERS: return mm_page(f.d2, 0);
    case OTHERS_SHARED: return xd_domain_start(f.d2)->shared_info_mfn;
    case FREE: return mm_free(f.hv);
    case XEN_PRIVATE: return f.hv->m2p_l3.v;
    case M2P: return f.hv->m2p_first.v;
    case IO: return 0xa0;
    case NO_RAM: return BEYOND;
    default: return XD_MFN_INVALID;
    }
}

/* A domU without I/O rights, mapping with foreign domain SELF. */
static const struct {
    enum target target;
    int ro;
    enum xd_why ro_why;
    int rw;
    enum xd_why rw_why;
} matrix[] = {
    {DATA, 0, XD_WHY_NONE, 0, XD_WHY_NONE},
    {DATA_MAPPED, 0, XD_WHY_NONE, 0, XD_WHY_NONE},
    {TABLE, 0, XD_WHY_NONE, XD_EBUSY, XD_WHY_L1E_RW_TABLE},
    {TABLE_L4, 0, XD_WHY_NONE, XD_EBUSY, XD_WHY_L1E_RW_TABLE},
    {GDT, 0, XD_WHY_NONE, XD_EBUSY, XD_WHY_L1E_RW_TABLE},
    {SHARED_INFO, 0, XD_WHY_NONE, 0, XD_WHY_NONE},
    {OTHERS, XD_EBUSY, XD_WHY_L1E_NOT_OWNER, XD_EBUSY, XD_WHY_L1E_NOT_OWNER},
    {OTHERS_SHARED, XD_EBUSY, XD_WHY_L1E_NOT_OWNER, XD_EBUSY, XD_WHY_L1E_NOT_OWNER},
    {FREE, XD_EBUSY, XD_WHY_L1E_NOT_OWNER, XD_EBUSY, XD_WHY_L1E_NOT_OWNER},
    {XEN_PRIVATE, XD_EBUSY, XD_WHY_L1E_NOT_OWNER, XD_EBUSY, XD_WHY_L1E_NOT_OWNER},
    {M2P, XD_EBUSY, XD_WHY_L1E_NOT_OWNER, XD_EBUSY, XD_WHY_L1E_NOT_OWNER},
    {IO, XD_EPERM, XD_WHY_L1E_IOMEM, XD_EPERM, XD_WHY_L1E_IOMEM},
    {NO_RAM, XD_EPERM, XD_WHY_L1E_IOMEM, XD_EPERM, XD_WHY_L1E_IOMEM},
    {NO_FRAME, XD_EINVAL, XD_WHY_L1E_MFN_INVALID, XD_EINVAL, XD_WHY_L1E_MFN_INVALID},
};

static void use_as_gdt(uint64_t mfn)
{
    ck_ok(f.v1, fixture_call(f.v1, 2, fixture_place(&f, f.v1, &mfn, sizeof(mfn)), 1));
}

START_TEST(a_guest_maps_its_own_memory_and_writes_what_is_no_table)
{
    uint64_t va = mm_va(f.d1, 0), mfn, old;

    use_as_gdt(mfn_of(GDT));
    mfn = mfn_of(matrix[_i].target);
    for (unsigned int rw = 0; rw < 2; rw++) {
        struct xd_frame before = {0};
        bool ram = mfn < BEYOND;
        int err = rw ? matrix[_i].rw : matrix[_i].ro;

        ck_ok(f.v1, mm_map(f.v1, va, 0));
        if (ram)
            before = *mm_frame(f.hv, mfn);
        ck_refused_as(f.v1, mm_map(f.v1, va, mm_pte(mfn, 0x1 | rw << 1)), err,
                      rw ? matrix[_i].rw_why : matrix[_i].ro_why);
        old = mm_entry(f.d1, va, 1);
        ck_assert_uint_eq(old, err ? 0 : mm_pte(mfn, 0x5 | rw << 1 | XD_PTE_GK));
        if (ram) {
            ck_assert_uint_eq(mm_frame(f.hv, mfn)->count, before.count + !err);
            ck_assert_uint_eq(mm_frame(f.hv, mfn)->type_count, before.type_count + (rw && !err));
        }
        fixture_audit(f.hv);
    }
}
END_TEST

START_TEST(a_writable_mapping_is_one_more_user_of_the_writable_type)
{
    uint64_t mfn = mm_page(f.d1, 0);

    ck_frame(f.hv, mfn, XD_TYPE_NONE, 0, 1, ALLOC);
    ck_ok(f.v1, mm_map(f.v1, mm_va(f.d1, 0), mm_pte(mfn, 0x3)));
    ck_frame(f.hv, mfn, XD_TYPE_WRITABLE, 1, 2, ALLOC | VALID);
    ck_ok(f.v1, mm_map(f.v1, mm_va(f.d1, 1), mm_pte(mfn, 0x3)));
    ck_ok(f.v1, mm_map(f.v1, mm_va(f.d1, 2), mm_pte(mfn, 0x1)));
    ck_frame(f.hv, mfn, XD_TYPE_WRITABLE, 2, 4, ALLOC | VALID);
    for (unsigned int i = 0; i < 3; i++)
        ck_ok(f.v1, mm_map(f.v1, mm_va(f.d1, i), 0));
    ck_frame(f.hv, mfn, XD_TYPE_WRITABLE, 0, 1, ALLOC | VALID); /* the type stays */
}
END_TEST

/* Bits in an entry, and whether a domain without I/O rights may set them; the control domain may set all. */
static const struct {
    uint64_t bits;
    bool allowed;
} bits[] = {
    {XD_PTE_PWT, false}, {XD_PTE_PCD, false},
    {XD_PTE_PAT, false}, {XD_PTE_PWT | XD_PTE_PCD, false},
    {XD_PTE_G, true},    {XD_PTE_A | XD_PTE_D, true},
    {XD_PTE_NX, true},   {UINT64_C(0xe00), true},
    {XD_PTE_GK, true},   {UINT64_C(0x7fe0000000000000), true}, /* 53 to 62 */
};

START_TEST(cache_attributes_need_io_rights)
{
    uint64_t with = 0x3 | bits[_i].bits;

    if (bits[_i].allowed)
        ck_ok(f.v1, mm_map(f.v1, mm_va(f.d1, 0), mm_pte(mm_page(f.d1, 0), with)));
    else
        ck_refused(f.v1, mm_map(f.v1, mm_va(f.d1, 0), mm_pte(mm_page(f.d1, 0), with)), EINVAL,
                   L1E_BITS);
    ck_ok(f.v0, mm_map(f.v0, mm_va(f.d0, 0), mm_pte(mm_page(f.d0, 0), with)));
    ck_assert_uint_eq(mm_entry(f.d0, mm_va(f.d0, 0), 1) & with, with);
}
END_TEST

START_TEST(the_bits_are_judged_before_the_frame)
{
    ck_refused(f.v1, mm_map(f.v1, mm_va(f.d1, 0), mm_pte(XD_MFN_INVALID, 0x1 | XD_PTE_PCD)), EINVAL,
               L1E_BITS);
    ck_refused(f.v1, mm_map(f.v1, mm_va(f.d1, 0), mm_pte(mm_page(f.d2, 0), 0x1 | XD_PTE_PCD)),
               EINVAL, L1E_BITS);
}
END_TEST

START_TEST(an_entry_that_is_not_present_may_hold_anything)
{
    uint64_t junk = UINT64_C(0xdeadbeefcafef0fe);

    ck_ok(f.v1, mm_map(f.v1, mm_va(f.d1, 0), junk));
    ck_assert_uint_eq(mm_entry(f.d1, mm_va(f.d1, 0), 1), junk);
}
END_TEST

/* I/O memory as the control domain asks for it, and what is stored: cached mappings become uncached. */
static const struct {
    uint64_t asked, stored;
} cache[] = {
    {0, XD_PTE_PCD | XD_PTE_PWT},
    {XD_PTE_PWT, XD_PTE_PCD | XD_PTE_PWT},
    {XD_PTE_PAT | XD_PTE_PWT, XD_PTE_PCD | XD_PTE_PWT},
    {XD_PTE_PCD, XD_PTE_PCD},
    {XD_PTE_PCD | XD_PTE_PWT, XD_PTE_PCD | XD_PTE_PWT},
    {XD_PTE_PAT, XD_PTE_PAT},
    {XD_PTE_PAT | XD_PTE_PCD, XD_PTE_PAT | XD_PTE_PCD},
    {XD_PTE_CACHE, XD_PTE_CACHE},
};

START_TEST(io_memory_is_never_mapped_cached)
{
    static const uint64_t where[] = {0xa0, BEYOND, 0xfec01, 0xfcfffff};
    struct xd_frame before = *mm_frame(f.hv, 0xa0);

    for (unsigned int i = 0; i < XD_ARRAY_SIZE(where); i++) {
        ck_ok(f.v0, mm_map(f.v0, mm_va(f.d0, 0), mm_pte(where[i], 0x3 | cache[_i].asked)));
        ck_assert_uint_eq(mm_entry(f.d0, mm_va(f.d0, 0), 1),
                          mm_pte(where[i], 0x7 | XD_PTE_GK | cache[_i].stored));
    }
    ck_ok(f.v0, mm_map(f.v0, mm_va(f.d0, 0), mm_pte(0xa0, 0x3 | cache[_i].asked)));
    ck_assert_int_eq(memcmp(&before, mm_frame(f.hv, 0xa0), sizeof(before)),
                     0); /* nothing is held */
}
END_TEST

START_TEST(ram_keeps_the_attributes_it_was_given)
{
    uint64_t e = mm_pte(mm_page(f.d0, 0), 0x3 | cache[_i].asked);

    ck_ok(f.v0, mm_map(f.v0, mm_va(f.d0, 0), e));
    ck_assert_uint_eq(mm_entry(f.d0, mm_va(f.d0, 0), 1), e | XD_PTE_US | XD_PTE_GK);
}
END_TEST

START_TEST(even_the_control_domain_has_no_right_to_local_apics)
{
    static const uint64_t kept[] = {0xfee00, 0xfeeff, 0xfd00000, 0xfffffff, 0x10000000};

    ck_refused(f.v0, mm_map(f.v0, mm_va(f.d0, 0), mm_pte(kept[_i], 0x3)), EPERM, L1E_IOMEM);
}
END_TEST

START_TEST(read_only_io_memory_loses_the_write_bit)
{
    f.hv->mmio_ro[2] = (struct xd_range){0xb0, 0xb3};
    ck_ok(f.v0, mm_map(f.v0, mm_va(f.d0, 0), mm_pte(0xb3, 0x3)));
    ck_assert_uint_eq(mm_entry(f.d0, mm_va(f.d0, 0), 1),
                      mm_pte(0xb3, 0x5 | XD_PTE_PCD | XD_PTE_PWT | XD_PTE_GK));
    ck_ok(f.v0, mm_map(f.v0, mm_va(f.d0, 0), mm_pte(0xb4, 0x3)));
    ck_assert(mm_entry(f.d0, mm_va(f.d0, 0), 1) & XD_PTE_RW);
}
END_TEST

START_TEST(xens_own_frames_take_no_cache_attributes)
{
    uint64_t shared = xd_domain_start(f.d0)->shared_info_mfn;
    struct xd_frame before = *mm_frame(f.hv, shared);

    for (uint64_t rw = 0; rw < 4; rw += 2) {
        ck_refused(f.v0, mm_map(f.v0, mm_va(f.d0, 0), mm_pte(shared, 0x1 | rw | XD_PTE_PCD)),
                   EACCES, L1E_CACHE_SPECIAL);
        ck_assert_int_eq(memcmp(&before, mm_frame(f.hv, shared), sizeof(before)), 0);
    }
}
END_TEST

START_TEST(rights_to_io_memory_are_given_by_range)
{
    struct xd_domain_config c = XD_DOMAIN_CONFIG_DEFAULT;
    struct xd_domain *d;
    struct xd_vcpu *v;

    c.pages = 1100;
    c.iomem[0].first = 0xb8;
    c.iomem[0].last = 0xb9;
    c.iomem[1].first = c.iomem[1].last = 0xfd000;
    ck_assert_int_eq(xd_domain_create(f.hv, &c, &d), 0);
    v = xd_vcpu_at(d, 0);
    ck_ok(v, mm_map(v, mm_va(d, 0), mm_pte(0xb8, 0x3)));
    ck_ok(v, mm_map(v, mm_va(d, 0), mm_pte(0xb9, 0x3)));
    ck_ok(v, mm_map(v, mm_va(d, 0), mm_pte(0xfd000, 0x3)));
    ck_refused(v, mm_map(v, mm_va(d, 0), mm_pte(0xb7, 0x3)), EPERM, L1E_IOMEM);
    ck_refused(v, mm_map(v, mm_va(d, 0), mm_pte(0xba, 0x3)), EPERM, L1E_IOMEM);
    ck_ok(v, mm_map(v, mm_va(d, 0),
                    mm_pte(mm_page(d, 0), 0x3 | XD_PTE_PAT))); /* and with them, cache bits */
    ck_assert(xd_has_io_rights(d) && xd_has_io_rights(f.d0) && !xd_has_io_rights(f.d1));
}
END_TEST

START_TEST(io_port_rights_alone_allow_cache_attributes)
{
    struct xd_domain_config c = XD_DOMAIN_CONFIG_DEFAULT;
    struct xd_domain *d;
    struct xd_vcpu *v;

    c.pages = 1100;
    c.ioports = true;
    ck_assert_int_eq(xd_domain_create(f.hv, &c, &d), 0);
    v = xd_vcpu_at(d, 0);
    ck_ok(v, mm_map(v, mm_va(d, 0), mm_pte(mm_page(d, 0), 0x3 | XD_PTE_PCD)));
    ck_refused(v, mm_map(v, mm_va(d, 0), mm_pte(0xa0, 0x3)), EPERM, L1E_IOMEM);
}
END_TEST

/* mmu_update by (caller) of its own L1 entry, mapping (target) with foreign domain (fd). */
static const struct {
    unsigned int caller;
    uint64_t fd;
    enum target target;
    uint64_t flags;
    int err;
    enum xd_why why;
} foreign[] = {
    {0, 1, DATA, 0x3, 0, XD_WHY_NONE},
    {0, 1, TABLE, 0x1, 0, XD_WHY_NONE},
    {0, 1, TABLE, 0x3, XD_EBUSY, XD_WHY_L1E_RW_TABLE},
    {0, 1, SHARED_INFO, 0x3, 0, XD_WHY_NONE},
    {0, 1, OTHERS, 0x1, XD_EBUSY, XD_WHY_L1E_NOT_OWNER},
    {0, 2, OTHERS, 0x3, 0, XD_WHY_NONE},
    {0, DOMID_SELF, DATA, 0x1, XD_EBUSY, XD_WHY_L1E_NOT_OWNER},
    {0, XD_DOMID_IO, IO, 0x3, 0, XD_WHY_NONE},
    {0, XD_DOMID_IO, DATA, 0x1, XD_EBUSY, XD_WHY_L1E_NOT_OWNER},
    {0, XD_DOMID_XEN, M2P, 0x1, 0, XD_WHY_NONE},
    {0, XD_DOMID_XEN, M2P, 0x3, XD_EBUSY, XD_WHY_L1E_RW_TABLE},
    {0, XD_DOMID_XEN, XEN_PRIVATE, 0x1, XD_EBUSY, XD_WHY_L1E_NOT_OWNER},
    {1, XD_DOMID_IO, IO, 0x1, XD_EPERM, XD_WHY_L1E_IOMEM},
    {1, XD_DOMID_IO, NO_FRAME, 0x1, XD_EINVAL, XD_WHY_L1E_MFN_INVALID},
    {1, XD_DOMID_IO, DATA, 0x1, XD_EBUSY, XD_WHY_L1E_NOT_OWNER},
    {1, XD_DOMID_XEN, M2P, 0x1, XD_EPERM, XD_WHY_FD_PERMISSION},
    {1, 2, OTHERS, 0x1, XD_EPERM, XD_WHY_FD_PERMISSION},
    {1, 0, DATA, 0x1, XD_EPERM, XD_WHY_FD_PERMISSION},
    {1, 1, DATA, 0x1, XD_ESRCH, XD_WHY_FD_UNKNOWN},
};

START_TEST(frames_of_a_foreign_domain)
{
    struct xd_vcpu *v = foreign[_i].caller ? f.v1 : f.v0;
    uint64_t mfn = mfn_of(foreign[_i].target), at;

    ck_ok(v, mm_map(v, mm_va(v->domain, 0), 0));
    at = mm_entry_at(v->domain, mm_va(v->domain, 0), 1);
    ck_refused_as(v, mm_update_as(&f, v, at, mm_pte(mfn, foreign[_i].flags), foreign[_i].fd),
                  foreign[_i].err, foreign[_i].why);
    fixture_audit(f.hv);
    ck_ok(v, mm_update(&f, v, at, 0));
}
END_TEST

/* The control domain's stub domain may hand out what its target could: here, a domain that is privileged itself. */
START_TEST(a_privileged_foreign_domain_may_hand_out_frames_of_others)
{
    struct xd_domain_config c = XD_DOMAIN_CONFIG_DEFAULT;
    struct xd_domain *second;
    uint64_t at = mm_entry_at(f.d0, mm_va(f.d0, 0), 1);

    c.privileged = true;
    c.pages = 1100;
    c.domid = 9;
    ck_assert_int_eq(xd_domain_create(f.hv, &c, &second), 0);
    ck_ok(f.v0, mm_update_as(&f, f.v0, at, mm_pte(mm_page(f.d1, 0), 0x3), 9));
    ck_frame(f.hv, mm_page(f.d1, 0), XD_TYPE_WRITABLE, 1, 2, ALLOC | VALID);
    ck_refused(f.v0, mm_update_as(&f, f.v0, at, mm_pte(mm_free(f.hv), 0x1), 9), EBUSY,
               L1E_NOT_OWNER);
}
END_TEST

START_TEST(a_store_to_io_memory_goes_to_its_frame_and_beyond_ram_nowhere)
{
    uint64_t word = 0x1234567890abcdef, got = 0;

    ck_ok(f.v0, mm_map(f.v0, mm_va(f.d0, 0), mm_pte(0xb8, 0x3)));
    ck_assert_int_eq(xd_guest_store(f.v0, mm_va(f.d0, 0), &word, 8, NULL), XD_ACCESS_OK);
    ck_assert_uint_eq(mm_word(f.hv, 0xb8, 0), word);
    ck_ok(f.v0, mm_map(f.v0, mm_va(f.d0, 0), mm_pte(BEYOND, 0x3)));
    ck_assert_int_eq(xd_guest_store(f.v0, mm_va(f.d0, 0), &word, 8, NULL), XD_ACCESS_OK);
    ck_assert_int_eq(xd_guest_load(f.v0, mm_va(f.d0, 0), &got, 8, NULL), XD_ACCESS_OK);
    ck_assert_uint_eq(got, ~UINT64_C(0));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("l1e");
    TCase *t = tcase_create("entries");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, a_guest_maps_its_own_memory_and_writes_what_is_no_table, 0,
                        (int)XD_ARRAY_SIZE(matrix));
    tcase_add_test(t, a_writable_mapping_is_one_more_user_of_the_writable_type);
    tcase_add_loop_test(t, cache_attributes_need_io_rights, 0, (int)XD_ARRAY_SIZE(bits));
    tcase_add_test(t, the_bits_are_judged_before_the_frame);
    tcase_add_test(t, an_entry_that_is_not_present_may_hold_anything);
    tcase_add_loop_test(t, io_memory_is_never_mapped_cached, 0, (int)XD_ARRAY_SIZE(cache));
    tcase_add_loop_test(t, ram_keeps_the_attributes_it_was_given, 0, (int)XD_ARRAY_SIZE(cache));
    tcase_add_loop_test(t, even_the_control_domain_has_no_right_to_local_apics, 0, 5);
    tcase_add_test(t, read_only_io_memory_loses_the_write_bit);
    tcase_add_test(t, xens_own_frames_take_no_cache_attributes);
    tcase_add_test(t, rights_to_io_memory_are_given_by_range);
    tcase_add_test(t, io_port_rights_alone_allow_cache_attributes);
    tcase_add_loop_test(t, frames_of_a_foreign_domain, 0, (int)XD_ARRAY_SIZE(foreign));
    tcase_add_test(t, a_privileged_foreign_domain_may_hand_out_frames_of_others);
    tcase_add_test(t, a_store_to_io_memory_goes_to_its_frame_and_beyond_ram_nowhere);
    suite_add_tcase(suite, t);
    return fixture_main(suite);
}
