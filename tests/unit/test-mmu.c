/* SPDX-License-Identifier: MIT */
/* test-mmu.c: mmu_update: who may name whom, what a batch does and counts, and every target of a write. */
#include "mm.h"

#define HC        1
#define PREEMPTED 0x80000000u

static struct xd_fixture f;

static void setup(void)
{
    fixture_setup(&f);
}

static void teardown(void)
{
    fixture_teardown(&f);
}

static uint32_t done; /* what the last batch wrote; 0xdead where it wrote nothing */

static long batch(struct xd_vcpu *v, const struct xd_abi_mmu_update *req, uint32_t nr, uint64_t fd)
{
    uint32_t unwritten = 0xdead;
    uint64_t reqs = fixture_place(&f, v, req, (nr + 1) * sizeof(*req));
    uint64_t pdone = fixture_place(&f, v, &unwritten, sizeof(unwritten));
    long rc = fixture_call(v, HC, reqs, nr, pdone, fd);

    fixture_load(v, pdone, &done, sizeof(done));
    return rc;
}

#define UPPER(domid) ((uint64_t)((domid) + 1) << 16)

/* Foreign domain and page-table domain, with a request (none if !nr) to the caller's own L1. */
static const struct {
    unsigned int caller;
    uint64_t fd;
    uint32_t nr;
    int err;
    enum xd_why why;
    uint32_t done;
} domains[] = {
    {1, DOMID_SELF, 1, 0, XD_WHY_NONE, 1},
    {1, DOMID_SELF | UPPER(1), 1, 0, XD_WHY_NONE,
     1}, /* the own number is fine as page-table domain */
    {1, 1, 0, XD_ESRCH, XD_WHY_FD_UNKNOWN, 0},
    {0, 0, 1, XD_ESRCH, XD_WHY_FD_UNKNOWN, 0},
    {1, 7, 1, XD_ESRCH, XD_WHY_FD_UNKNOWN, 0},
    {1, 0x7ff3, 1, XD_ESRCH, XD_WHY_FD_UNKNOWN, 0},
    {1, 0x7ff4, 1, XD_ESRCH, XD_WHY_FD_UNKNOWN, 0},
    {1, 0x7fff, 1, XD_ESRCH, XD_WHY_FD_UNKNOWN, 0},
    {1, 0xffff, 0, XD_ESRCH, XD_WHY_FD_UNKNOWN, 0},
    {1, DOMID_SELF | UPPER(7), 1, XD_ESRCH, XD_WHY_PT_DOM_UNKNOWN, 0xdead},
    {1, DOMID_SELF | UPPER(DOMID_SELF), 1, XD_ESRCH, XD_WHY_PT_DOM_UNKNOWN, 0xdead},
    {1, 7 | UPPER(7), 1, XD_ESRCH, XD_WHY_PT_DOM_UNKNOWN, 0xdead},
    {1, 2, 1, XD_EPERM, XD_WHY_FD_PERMISSION, 0},
    {1, 2, 0, 0, XD_WHY_NONE, 0}, /* nothing to do: nobody asks for rights */
    {1, 0x7ff2, 1, XD_EPERM, XD_WHY_FD_PERMISSION, 0},
    {1, DOMID_SELF | UPPER(2), 1, XD_EPERM, XD_WHY_FD_PERMISSION, 0},
    {1, DOMID_SELF | UPPER(2), 0, 0, XD_WHY_NONE, 0},
    {1, XD_DOMID_IO, 1, 0, XD_WHY_NONE, 1}, /* nothing is mapped by an entry that is not present */
    {0, 1, 1, 0, XD_WHY_NONE, 1},
    {0, 0x7ff2, 1, 0, XD_WHY_NONE, 1},
};

START_TEST(domains_are_found_and_rights_asked_for)
{
    struct xd_vcpu *v = domains[_i].caller ? f.v1 : f.v0;
    struct xd_abi_mmu_update req[2] = {{mm_entry_at(v->domain, mm_va(v->domain, 0), 1), 0}};

    ck_refused_as(v, batch(v, req, domains[_i].nr, domains[_i].fd), domains[_i].err,
                  domains[_i].why);
    ck_assert_uint_eq(done, domains[_i].done);
}
END_TEST

START_TEST(a_batch_stops_at_the_first_refusal)
{
    struct xd_abi_mmu_update req[4] = {
        {mm_entry_at(f.d1, mm_va(f.d1, 0), 1), 0x100},
        {mm_entry_at(f.d1, mm_va(f.d1, 1), 1), mm_pte(mm_table(f.d1, 1), 0x3)},
        {mm_entry_at(f.d1, mm_va(f.d1, 2), 1), 0x300}};
    uint64_t third = mm_entry(f.d1, mm_va(f.d1, 2), 1);

    ck_refused(f.v1, batch(f.v1, req, 3, DOMID_SELF), EBUSY, L1E_RW_TABLE);
    ck_assert_uint_eq(done, 1);
    ck_assert_uint_eq(mm_entry(f.d1, mm_va(f.d1, 0), 1), 0x100);
    ck_assert_uint_eq(mm_entry(f.d1, mm_va(f.d1, 2), 1), third);
    ck_assert(f.v1->rec.batch);
    ck_assert_uint_eq(f.v1->rec.index, 1);
    req[1].val = 0;
    ck_ok(f.v1, batch(f.v1, req, 3, DOMID_SELF));
    ck_assert_uint_eq(done, 3);
}
END_TEST

START_TEST(only_the_start_of_the_list_is_checked_beforehand)
{
    uint64_t hole = fixture_hole(f.v1), last = hole - sizeof(struct xd_abi_mmu_update);
    uint64_t pdone = fixture_place(&f, f.v1, NULL, 4);
    struct xd_abi_mmu_update req = {mm_entry_at(f.d1, mm_va(f.d1, 0), 1), 0};
    uint32_t n;

    ck_refused(f.v1, fixture_call(f.v1, HC, XD_HYPERVISOR_START, 0, pdone, DOMID_SELF), EFAULT,
               HANDLE_RANGE);
    ck_refused(f.v1, fixture_call(f.v1, HC, XD_GUEST_LOW_END, 1, pdone, DOMID_SELF), EFAULT,
               HANDLE_RANGE);
    ck_refused(f.v1, fixture_call(f.v1, HC, hole, 1, pdone, DOMID_SELF), EFAULT, COPY_IN);
    ck_ok(f.v1, fixture_call(f.v1, HC, hole, 0, pdone, DOMID_SELF));
    fixture_store(f.v1, last, &req, sizeof(req));
    ck_refused(f.v1, fixture_call(f.v1, HC, last, 3, pdone, DOMID_SELF), EFAULT, COPY_IN);
    fixture_load(f.v1, pdone, &n, sizeof(n));
    ck_assert_uint_eq(n, 1);
    ck_assert_uint_eq(mm_entry(f.d1, mm_va(f.d1, 0), 1), 0);
    ck_refused(f.v1, fixture_call(f.v1, HC, last + 8, 1, pdone, DOMID_SELF), EFAULT,
               COPY_IN); /* half of it */
}
END_TEST

START_TEST(a_done_count_that_cant_be_written_does_not_matter)
{
    struct xd_abi_mmu_update req = {mm_entry_at(f.d1, mm_va(f.d1, 0), 1), 0};
    uint64_t reqs = fixture_place(&f, f.v1, &req, sizeof(req));

    ck_ok(f.v1, fixture_call(f.v1, HC, reqs, 1, fixture_hole(f.v1), DOMID_SELF));
    ck_ok(f.v1, fixture_call(f.v1, HC, reqs, 1, xd_domain_start(f.d1)->pt_va,
                             DOMID_SELF)); /* read-only */
    ck_ok(f.v1, fixture_call(f.v1, HC, reqs, 1, XD_HYPERVISOR_START, DOMID_SELF));
    ck_ok(f.v1, fixture_call(f.v1, HC, reqs, 1, 0, DOMID_SELF));
    ck_ok(f.v1, fixture_call(f.v1, HC, reqs, 1, reqs,
                             DOMID_SELF)); /* over the list itself: it was read before */
}
END_TEST

START_TEST(the_form_of_a_continuation)
{
    struct xd_abi_mmu_update req[2] = {{mm_entry_at(f.d1, mm_va(f.d1, 0), 1), 0}, {4, 0}};
    uint64_t reqs = fixture_place(&f, f.v1, req, sizeof(req));
    uint32_t n = 40;
    uint64_t pdone = fixture_place(&f, f.v1, &n, sizeof(n));

    ck_answered(f.v1, fixture_call(f.v1, HC, 0, PREEMPTED, pdone, 77), 77);
    ck_answered(f.v1, fixture_call(f.v1, HC, 0, PREEMPTED, pdone, UINT64_C(0x12345678fffffff0)),
                -16);
    fixture_load(f.v1, pdone, &n, sizeof(n));
    ck_assert_uint_eq(n, 40);
    ck_refused(f.v1, fixture_call(f.v1, HC, reqs, PREEMPTED | 2, pdone, DOMID_SELF), ENOSYS,
               MMU_CMD);
    fixture_load(f.v1, pdone, &n, sizeof(n));
    ck_assert_uint_eq(n, 41); /* counts on */
    ck_refused(f.v1, fixture_call(f.v1, HC, reqs, PREEMPTED | 2, fixture_hole(f.v1), DOMID_SELF),
               ENOSYS, MMU_CMD);
    ck_ok(f.v1, fixture_call(f.v1, HC, reqs, PREEMPTED, pdone, DOMID_SELF));
}
END_TEST

START_TEST(there_are_four_commands)
{
    uint64_t at = mm_entry_at(f.d1, mm_va(f.d1, 0), 1);
    bool known = _i == 0 || _i == 2 || _i == 3;

    if (known)
        ck_ok(f.v1, mm_update(&f, f.v1, at | (uint64_t)_i, 0x4440));
    else if (_i != 1)
        ck_refused(f.v1, mm_update(&f, f.v1, at | (uint64_t)_i, 0x4440), ENOSYS, MMU_CMD);
    if (known)
        ck_assert_uint_eq(mm_entry(f.d1, mm_va(f.d1, 0), 1),
                          _i == 2 ? 0x4460 : 0x4440); /* A is kept by command 2 */
}
END_TEST

/* ---- What a frame is decides what a write to it means ---- */

enum kind {
    NEVER_USED,
    MAPPED_RO,
    MAPPED_RW,
    FORMER_TABLE,
    FORMER_GDT,
    LIVE_GDT,
    PINNED_L1,
    LIVE_L4,
    OWN_SHARED,
    OTHERS,
    NOBODYS,
    IO,
    M2P,
    NO_RAM,
    HIGH
};

static uint64_t frame_of(enum kind kind)
{
    uint64_t mfn = mm_page(f.d1, 0);

    switch (kind) {
    case MAPPED_RO: ck_ok(f.v1, mm_map(f.v1, mm_va(f.d1, 0), mm_pte(mfn, 0x1))); break;
    case MAPPED_RW: ck_ok(f.v1, mm_map(f.v1, mm_va(f.d1, 0), mm_pte(mfn, 0x3))); break;
    case PINNED_L1:
    case FORMER_TABLE: ck_ok(f.v1, mm_ext(&f, f.v1, PIN_L1, mfn)); break;
    case LIVE_GDT:
    case FORMER_GDT:
        ck_ok(f.v1, fixture_call(f.v1, 2, fixture_place(&f, f.v1, &mfn, 8), 512));
        break;
    case LIVE_L4: return mm_table(f.d1, 4);
    case OWN_SHARED: return xd_domain_start(f.d1)->shared_info_mfn;
    case OTHERS: return mm_page(f.d2, 0);
    case NOBODYS: return mm_free(f.hv);
    case IO: return 0xa0;
    case M2P: return f.hv->m2p_first.v;
    case NO_RAM: return f.hv->frames;
    case HIGH: return UINT64_C(1) << 44 | mfn; /* cutting it to 40 bits would give a frame */
    default: break;
    }
    if (kind == FORMER_TABLE)
        ck_ok(f.v1, mm_ext(&f, f.v1, UNPIN, mfn));
    if (kind == FORMER_GDT)
        ck_ok(f.v1, fixture_call(f.v1, 2, 0, 0));
    return mfn;
}

static const struct {
    enum kind kind;
    int err;
    enum xd_why why;
    uint64_t stored; /* of 0x5a1 | NX, which as an entry names frame 0: I/O memory */
} targets[] = {
    {NEVER_USED, 0, XD_WHY_NONE, 0x5a1},
    {MAPPED_RO, 0, XD_WHY_NONE, 0x5a1},
    {MAPPED_RW, 0, XD_WHY_NONE, 0x5a1},
    {FORMER_TABLE, 0, XD_WHY_NONE, 0x5a1},
    {FORMER_GDT, 0, XD_WHY_NONE, 0x5a1},
    {LIVE_GDT, XD_EINVAL, XD_WHY_MMU_TARGET_TYPE, 0},
    {PINNED_L1, XD_EINVAL, XD_WHY_L1E_BITS, 0},
    {LIVE_L4, XD_EINVAL, XD_WHY_L4E_BITS, 0},
    {OWN_SHARED, 0, XD_WHY_NONE, 0x5a1},
    {OTHERS, XD_EINVAL, XD_WHY_MMU_PTR_FRAME, 0},
    {NOBODYS, XD_EINVAL, XD_WHY_MMU_PTR_FRAME, 0},
    {IO, XD_EINVAL, XD_WHY_MMU_PTR_FRAME, 0},
    {M2P, XD_EINVAL, XD_WHY_MMU_PTR_FRAME, 0},
    {NO_RAM, XD_EINVAL, XD_WHY_MMU_PTR_FRAME, 0},
    {HIGH, XD_EINVAL, XD_WHY_MMU_PTR_FRAME, 0},
};

START_TEST(the_frame_decides_what_a_write_means)
{
    uint64_t mfn = frame_of(targets[_i].kind), val = XD_PTE_NX | 0x5a1;
    bool ok = !targets[_i].err;

    ck_refused_as(f.v1, mm_update(&f, f.v1, mm_ptr(mfn, 5), val), targets[_i].err, targets[_i].why);
    if (ok)
        ck_assert_uint_eq(mm_word(f.hv, mfn, 5), val);
    if (ok && targets[_i].kind != OWN_SHARED) { /* and plain memory it is from now on */
        ck_assert_uint_eq(mm_frame(f.hv, mfn)->type, XD_TYPE_WRITABLE);
        ck_assert_uint_eq(mm_frame(f.hv, mfn)->type_count, targets[_i].kind == MAPPED_RW);
    }
}
END_TEST

START_TEST(preserve_ad_is_for_tables)
{
    uint64_t mfn = mm_page(f.d1, 0);

    mm_poke(f.hv, mfn, 0, 0x60);
    ck_ok(f.v1, mm_update(&f, f.v1, mm_ptr(mfn, 0) | 2, 0x4000));
    ck_assert_uint_eq(mm_word(f.hv, mfn, 0), 0x4000);
}
END_TEST

START_TEST(entries_above_l1_take_no_foreign_frames)
{
    uint64_t ptr = mm_ptr(mm_table(f.d1, (unsigned int)_i), 500);
    uint64_t own = mm_ptr(mm_table(f.d0, (unsigned int)_i), 500);

    ck_refused(f.v1, mm_update_as(&f, f.v1, ptr, 0, XD_DOMID_IO), EINVAL, MMU_FD_NOT_L1);
    ck_refused(f.v0, mm_update_as(&f, f.v0, own, 0, 1), EINVAL, MMU_FD_NOT_L1);
    ck_ok(f.v0, mm_update_as(&f, f.v0, ptr, 0, 1 | UPPER(1))); /* all of it in the other domain */
    ck_refused(f.v0, mm_update_as(&f, f.v0, ptr, 0, 2 | UPPER(1)), EINVAL, MMU_FD_NOT_L1);
}
END_TEST

START_TEST(the_control_domain_edits_tables_of_others)
{
    uint64_t at = mm_entry_at(f.d1, mm_va(f.d1, 0), 1), mine = mm_page(f.d0, 0),
             theirs = mm_page(f.d1, 0);

    ck_refused(f.v0, mm_update(&f, f.v0, at, 0), EINVAL, MMU_PTR_FRAME);
    ck_ok(f.v0, mm_update_as(&f, f.v0, at, mm_pte(theirs, 0x3), 1 | UPPER(1)));
    ck_assert_uint_eq(mm_entry(f.d1, mm_va(f.d1, 0), 1), mm_pte(theirs, 0x7 | XD_PTE_GK));
    ck_ok(f.v0, mm_update_as(&f, f.v0, at, mm_pte(mine, 0x3), DOMID_SELF | UPPER(1)));
    ck_frame(f.hv, mine, XD_TYPE_WRITABLE, 1, 2, ALLOC | VALID);
    ck_refused(f.v0, mm_update_as(&f, f.v0, at, mm_pte(theirs, 0x3 | XD_PTE_PCD), 1 | UPPER(1)),
               EINVAL, L1E_BITS);
    ck_ok(f.v0, mm_update_as(&f, f.v0, at, 0, DOMID_SELF | UPPER(1)));
    ck_frame(f.hv, mine, XD_TYPE_WRITABLE, 0, 1, ALLOC | VALID);
}
END_TEST

/* ---- MMU_MACHPHYS_UPDATE ---- */

static const struct {
    unsigned int caller;
    enum kind kind;
    uint64_t fd;
    int err;
    enum xd_why why;
} m2p[] = {
    {1, NEVER_USED, DOMID_SELF, 0, XD_WHY_NONE},
    {1, MAPPED_RW, DOMID_SELF, 0, XD_WHY_NONE},
    {1, LIVE_L4, DOMID_SELF, 0, XD_WHY_NONE},
    {1, LIVE_GDT, DOMID_SELF, 0, XD_WHY_NONE},
    {1, OWN_SHARED, DOMID_SELF, 0, XD_WHY_NONE},
    {1, NEVER_USED, DOMID_SELF | UPPER(1), 0, XD_WHY_NONE},
    {1, IO, XD_DOMID_IO, 0, XD_WHY_NONE},
    {1, OTHERS, DOMID_SELF, XD_EINVAL, XD_WHY_M2P_FRAME},
    {1, NOBODYS, DOMID_SELF, XD_EINVAL, XD_WHY_M2P_FRAME},
    {1, NO_RAM, DOMID_SELF, XD_EINVAL, XD_WHY_M2P_FRAME},
    {1, HIGH, DOMID_SELF, XD_EINVAL, XD_WHY_M2P_FRAME},
    {1, IO, DOMID_SELF, XD_EINVAL, XD_WHY_M2P_FRAME},
    {1, NEVER_USED, XD_DOMID_IO, XD_EINVAL, XD_WHY_M2P_FRAME},
    {1, OTHERS, 2, XD_EPERM, XD_WHY_FD_PERMISSION},
    {1, M2P, XD_DOMID_XEN, XD_EPERM, XD_WHY_FD_PERMISSION},
    {1, NEVER_USED, DOMID_SELF | UPPER(2), XD_EPERM, XD_WHY_M2P_PT_DOM},
    {0, OTHERS, 2, 0, XD_WHY_NONE},
    {0, M2P, XD_DOMID_XEN, 0, XD_WHY_NONE},
    {0, NEVER_USED, 1 | UPPER(1), XD_EPERM, XD_WHY_M2P_PT_DOM},
};

START_TEST(the_owner_sets_m2p_entries)
{
    struct xd_vcpu *v = m2p[_i].caller ? f.v1 : f.v0;
    uint64_t mfn = frame_of(m2p[_i].kind), before = xd_m2p(f.hv, mfn);

    ck_refused_as(v, mm_update_as(&f, v, mfn << XD_PAGE_SHIFT | 0x7f1, ~UINT64_C(7), m2p[_i].fd),
                  m2p[_i].err, m2p[_i].why);
    ck_assert_uint_eq(xd_m2p(f.hv, mfn), m2p[_i].err ? before : ~UINT64_C(7));
}
END_TEST

/* ---- Flushes ---- */

START_TEST(changing_a_table_above_l1_flushes_all_vcpus)
{
    uint64_t l1 = mm_entry_at(f.d1, mm_va(f.d1, 0), 1), l2 = mm_ptr(mm_table(f.d1, 2), 500);
    uint64_t before = f.v1b->tlb_flushes, down = f.v1down->tlb_flushes;
    struct xd_abi_mmu_update req[3] = {{l2, 0x800}, {4, 0}};

    ck_ok(f.v1, mm_update(&f, f.v1, l1, 0));
    ck_assert_uint_eq(f.v1b->tlb_flushes, before);
    ck_ok(f.v1, mm_update(&f, f.v1, l2, 0x400));
    ck_assert_uint_eq(f.v1b->tlb_flushes, before + 1);
    ck_refused(f.v1, batch(f.v1, req, 2, DOMID_SELF), ENOSYS,
               MMU_CMD); /* though a later request fails */
    ck_assert_uint_eq(f.v1b->tlb_flushes, before + 2);
    ck_refused(f.v1, mm_update(&f, f.v1, l2, 0x81), EINVAL, L2E_BITS);
    ck_assert_uint_eq(f.v1b->tlb_flushes, before + 2);
    ck_assert_uint_eq(f.v1down->tlb_flushes, down);
}
END_TEST

/* A list longer than a page whose own mapping goes while it is read. */
START_TEST(the_list_is_read_through_the_tables_as_they_are)
{
    struct xd_abi_mmu_update req[2] = {{mm_entry_at(f.d1, mm_va(f.d1, 0), 1), 0},
                                       {mm_entry_at(f.d1, mm_va(f.d1, 1), 1), 0}};
    uint32_t n;
    uint64_t pdone = fixture_place(&f, f.v1, NULL, 4);

    fixture_store(f.v1, mm_va(f.d1, 0), req, sizeof(req)); /* the first request unmaps the list */
    ck_refused(f.v1, fixture_call(f.v1, HC, mm_va(f.d1, 0), 2, pdone, DOMID_SELF), EFAULT, COPY_IN);
    fixture_load(f.v1, pdone, &n, sizeof(n));
    ck_assert_uint_eq(n, 1);
    ck_assert_uint_ne(mm_entry(f.d1, mm_va(f.d1, 1), 1), 0);
}
END_TEST

START_TEST(a_list_may_cross_pages_that_lie_apart)
{
    struct xd_abi_mmu_update req[600];
    uint64_t reqs, at = mm_entry_at(f.d1, mm_va(f.d1, 0), 1);

    for (unsigned int i = 0; i < XD_ARRAY_SIZE(req); i++)
        req[i] = (struct xd_abi_mmu_update){at, (uint64_t)i << 12};
    fixture_place(&f, f.v1, NULL, 8); /* so that an element lies on two pages */
    reqs = fixture_place(&f, f.v1, NULL, sizeof(req) + 16) + 8;
    fixture_store(f.v1, reqs, req, sizeof(req));
    ck_ok(f.v1, fixture_call(f.v1, HC, reqs, XD_ARRAY_SIZE(req), 0, DOMID_SELF));
    ck_assert_uint_eq(mm_entry(f.d1, mm_va(f.d1, 0), 1), UINT64_C(599) << 12);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mmu");
    TCase *t = tcase_create("mmu_update");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, domains_are_found_and_rights_asked_for, 0, (int)XD_ARRAY_SIZE(domains));
    tcase_add_test(t, a_batch_stops_at_the_first_refusal);
    tcase_add_test(t, only_the_start_of_the_list_is_checked_beforehand);
    tcase_add_test(t, a_done_count_that_cant_be_written_does_not_matter);
    tcase_add_test(t, the_form_of_a_continuation);
    tcase_add_loop_test(t, there_are_four_commands, 0, 8);
    tcase_add_loop_test(t, the_frame_decides_what_a_write_means, 0, (int)XD_ARRAY_SIZE(targets));
    tcase_add_test(t, preserve_ad_is_for_tables);
    tcase_add_loop_test(t, entries_above_l1_take_no_foreign_frames, 2, 5);
    tcase_add_test(t, the_control_domain_edits_tables_of_others);
    tcase_add_loop_test(t, the_owner_sets_m2p_entries, 0, (int)XD_ARRAY_SIZE(m2p));
    tcase_add_test(t, changing_a_table_above_l1_flushes_all_vcpus);
    tcase_add_test(t, the_list_is_read_through_the_tables_as_they_are);
    tcase_add_test(t, a_list_may_cross_pages_that_lie_apart);
    suite_add_tcase(suite, t);
    return fixture_main(suite);
}
