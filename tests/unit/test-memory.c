/* SPDX-License-Identifier: MIT */
/* test-memory.c: memory_op: pages given back, got, exchanged and counted. */
#include "mm.h"

#include <string.h>

#define HC 12

enum {
    INCREASE,
    DECREASE,
    MAX_RAM_PAGE,
    CURRENT,
    MAXIMUM,
    MFN_LIST,
    POPULATE,
    MACHINE_MAP = 10,
    EXCHANGE,
    MAPPING,
    MAX_GPFN = 14
};

static struct xd_fixture f;

static void setup(void)
{
    fixture_setup(&f);
}

static void teardown(void)
{
    fixture_teardown(&f);
}

static uint64_t list[8]; /* of the last reservation call, as the guest finds it afterwards */

static long reserve(struct xd_vcpu *v, uint64_t cmd, struct xd_abi_memory_reservation op)
{
    uint64_t at = fixture_place(&f, v, list, sizeof(list));
    long rc;

    op.extent_start = at;
    rc = fixture_run(&f, v, HC, cmd, &op);
    fixture_load(v, at, list, sizeof(list));
    return rc;
}

static struct xd_abi_memory_reservation rsv_as(uint64_t nr, uint32_t order, uint16_t domid)
{
    return (struct xd_abi_memory_reservation){
        .nr_extents = nr, .extent_order = order, .domid = domid};
}

static struct xd_abi_memory_reservation rsv(uint64_t nr)
{
    return rsv_as(nr, 0, DOMID_SELF);
}

/* ---- Reservation calls say how many extents they did; never an errno. ---- */

static const struct {
    uint64_t cmd;
    struct xd_abi_memory_reservation op;
    unsigned int caller;
    long done;
    enum xd_why why;
} checks[] = {
    {INCREASE, {.nr_extents = 0, .domid = DOMID_SELF}, 1, 0, XD_WHY_RESERVE_COUNT},
    {INCREASE, {.nr_extents = 0x4000000, .domid = DOMID_SELF}, 1, 0, XD_WHY_RESERVE_COUNT},
    {INCREASE | 5 << 6, {.nr_extents = 5, .domid = DOMID_SELF}, 1, 5, XD_WHY_RESERVE_COUNT},
    {INCREASE | 9 << 6, {.nr_extents = 5, .domid = DOMID_SELF}, 1, 9, XD_WHY_RESERVE_COUNT},
    {INCREASE, {.nr_extents = 1, .domid = 9}, 1, 0, XD_WHY_RESERVE_DOMAIN},
    {DECREASE, {.nr_extents = 1, .domid = 2}, 1, 0, XD_WHY_RESERVE_PERMISSION},
    {POPULATE, {.nr_extents = 1, .domid = 0}, 1, 0, XD_WHY_RESERVE_PERMISSION},
    {INCREASE, {.nr_extents = 1, .domid = DOMID_SELF, .mem_flags = 12}, 1, 0, XD_WHY_RESERVE_FLAGS},
    {INCREASE,
     {.nr_extents = 1, .domid = DOMID_SELF, .mem_flags = 1u << 17 | 1u << 8},
     1,
     0,
     XD_WHY_RESERVE_FLAGS},
    {INCREASE,
     {.nr_extents = 1, .domid = DOMID_SELF, .mem_flags = 1u << 17},
     1,
     0,
     XD_WHY_RESERVE_LIMIT}, /* no node */
    {INCREASE,
     {.nr_extents = 2, .domid = DOMID_SELF, .mem_flags = 1u << 17 | 1u << 8},
     0,
     2,
     XD_WHY_NONE},
    {INCREASE,
     {.nr_extents = 1, .domid = DOMID_SELF, .mem_flags = 200u << 8},
     0,
     0,
     XD_WHY_RESERVE_FLAGS},
    {POPULATE,
     {.nr_extents = 1, .domid = DOMID_SELF, .mem_flags = 1u << 16},
     1,
     0,
     XD_WHY_RESERVE_FLAGS},
    {INCREASE,
     {.nr_extents = 1, .domid = DOMID_SELF, .extent_order = 10},
     1,
     0,
     XD_WHY_RESERVE_ORDER},
    {DECREASE,
     {.nr_extents = 1, .domid = DOMID_SELF, .extent_order = 19},
     0,
     0,
     XD_WHY_RESERVE_ORDER},
    {INCREASE,
     {.nr_extents = 1, .domid = DOMID_SELF, .extent_order = 18},
     0,
     0,
     XD_WHY_RESERVE_NO_MEMORY},
    {INCREASE, {.nr_extents = 1, .domid = DOMID_SELF}, 1, 0, XD_WHY_RESERVE_LIMIT},
    {POPULATE,
     {.nr_extents = 1, .domid = DOMID_SELF, .extent_order = 1},
     1,
     0,
     XD_WHY_RESERVE_LIMIT},
    {INCREASE,
     {.nr_extents = 2, .domid = DOMID_SELF, .mem_flags = 13},
     0,
     0,
     XD_WHY_RESERVE_NO_MEMORY}, /* only frames 0 and 1 would do */
    {INCREASE, {.nr_extents = 2, .domid = DOMID_SELF, .mem_flags = 40}, 0, 2, XD_WHY_NONE},
    {INCREASE, {.nr_extents = 1, .domid = 1}, 0, 0, XD_WHY_RESERVE_LIMIT},
};

START_TEST(reservations_are_checked_in_order)
{
    struct xd_vcpu *v = checks[_i].caller ? f.v1 : f.v0;
    uint32_t pages = v->domain->pages;

    ck_assert_int_eq(reserve(v, checks[_i].cmd, checks[_i].op), checks[_i].done);
    ck_assert_str_eq(fixture_why(v), xd_why_row(checks[_i].why)->name);
    ck_assert_uint_eq(v->domain->pages, pages + (checks[_i].why == XD_WHY_NONE ? 2 : 0));
}
END_TEST

START_TEST(reservation_operands_that_cant_be_reached)
{
    struct xd_abi_memory_reservation op = rsv(2), blind = rsv_as(2, 0, DOMID_SELF);
    uint64_t hole = fixture_hole(f.v1);

    op.extent_start = XD_HYPERVISOR_START;
    ck_answered(f.v0, fixture_run(&f, f.v0, HC, INCREASE, &blind), 2); /* a list is not needed */
    ck_assert_int_eq(fixture_call(f.v1, HC, DECREASE | 3 << 6, hole), 3);
    ck_assert_uint_eq(xd_why(f.v1), XD_WHY_RESERVE_ARG);
    ck_assert_int_eq(fixture_run(&f, f.v1, HC, DECREASE, &op), 0);
    ck_assert_uint_eq(xd_why(f.v1), XD_WHY_RESERVE_LIST);
    op.extent_start = hole - 8;
    list[0] = mm_page(f.d1, 0);
    fixture_store(f.v1, hole - 8, list, 8);
    ck_assert_int_eq(fixture_run(&f, f.v1, HC, DECREASE, &op),
                     1); /* the second element lies beyond */
    ck_assert_uint_eq(xd_why(f.v1), XD_WHY_RESERVE_LIST);
    op.nr_extents =
        1; /* the page is there again, but its number can't be told: it stays with the domain */
    op.extent_start = xd_domain_start(f.d1)->pt_va;
    ck_assert_int_eq(fixture_run(&f, f.v1, HC, INCREASE, &op), 0);
    ck_assert_uint_eq(xd_why(f.v1), XD_WHY_RESERVE_LIST);
    ck_assert_uint_eq(f.d1->pages, f.d1->pages_max);
}
END_TEST

START_TEST(pages_go_and_come)
{
    uint64_t a = mm_page(f.d1, 0), b = mm_page(f.d1, 1);
    uint32_t pages = f.d1->pages, free = f.hv->frames_free;

    list[0] = a;
    list[1] = b;
    ck_answered(f.v1, reserve(f.v1, DECREASE, rsv(2)), 2);
    ck_assert_uint_eq(mm_frame(f.hv, a)->count, 0);
    ck_assert_uint_eq(mm_frame(f.hv, a)->owner, XD_DOMID_NONE);
    ck_assert_uint_eq(xd_m2p(f.hv, a), ~UINT64_C(0));
    ck_assert_uint_eq(f.d1->pages, pages - 2);
    ck_assert_uint_eq(f.hv->frames_free, free + 2);
    ck_refused(f.v1, mm_map(f.v1, mm_va(f.d1, 0), mm_pte(a, 0x1)), EBUSY, L1E_NOT_OWNER);
    list[0] = 77; /* a pfn */
    ck_answered(f.v1, reserve(f.v1, POPULATE, rsv(1)), 1);
    ck_frame(f.hv, list[0], XD_TYPE_NONE, 0, 1, ALLOC);
    ck_assert_uint_eq(xd_m2p(f.hv, list[0]), 77);
    ck_answered(f.v1, reserve(f.v1, INCREASE, rsv(1)), 1);
    ck_assert_uint_eq(xd_m2p(f.hv, list[0]), ~UINT64_C(0));
    ck_assert_uint_eq(f.d1->pages, pages);
    ck_assert_int_eq(reserve(f.v1, INCREASE, rsv(1)), 0);
    ck_assert_uint_eq(xd_why(f.v1), XD_WHY_RESERVE_LIMIT);
}
END_TEST

/* AS-XEN: free_domheap_pages: only what a dying domain leaves is cleared before somebody else gets it. */
START_TEST(a_page_given_back_by_a_living_domain_keeps_its_contents)
{
    uint64_t word = 0xabcdef, mfn = mm_mapped(f.d1, 0);

    ck_assert_int_eq(xd_guest_store(f.v1, mm_va(f.d1, 0), &word, 8, NULL), XD_ACCESS_OK);
    ck_ok(f.v1, mm_map(f.v1, mm_va(f.d1, 0), 0));
    list[0] = mfn;
    ck_answered(f.v1, reserve(f.v1, DECREASE, rsv(1)), 1);
    list[0] = 5;
    ck_answered(f.v1, reserve(f.v1, POPULATE, rsv(1)), 1);
    ck_assert_uint_eq(list[0], mfn); /* freed frames are taken first */
    ck_assert_uint_eq(mm_word(f.hv, mfn, 0), word);
}
END_TEST

/* A table that is given back lives on until nothing holds it. */
START_TEST(a_frame_in_use_goes_when_its_last_user_does)
{
    uint64_t mfn = mm_page(f.d1, 0);

    ck_ok(f.v1, mm_ext(&f, f.v1, PIN_L1, mfn));
    for (unsigned int i = 0; i < 2; i++) { /* twice is as once */
        list[0] = mfn;
        ck_answered(f.v1, reserve(f.v1, DECREASE, rsv(1)), 1);
        ck_frame(f.hv, mfn, XD_TYPE_L1, 1, 1, VALID | PINNED);
    }
    ck_ok(f.v1, mm_map(f.v1, mm_va(f.d1, 0), mm_pte(mfn, 0x1)));
    ck_ok(f.v1, mm_ext(&f, f.v1, UNPIN, mfn));
    ck_frame(f.hv, mfn, XD_TYPE_L1, 0, 1, 0);
    ck_ok(f.v1, mm_map(f.v1, mm_va(f.d1, 0), 0));
    ck_assert_uint_eq(mm_frame(f.hv, mfn)->owner, XD_DOMID_NONE);
}
END_TEST

START_TEST(what_cant_be_given_back)
{
    const uint64_t bad[] = {mm_page(f.d2, 0), mm_free(f.hv),    f.hv->frames, 0xa0,
                            ~UINT64_C(0),     f.hv->m2p_first.v};

    for (unsigned int i = 0; i < XD_ARRAY_SIZE(bad); i++) {
        list[0] = mm_page(f.d1, i);
        list[1] = bad[i];
        list[2] = mm_page(f.d1, 20);
        ck_assert_int_eq(reserve(f.v1, DECREASE, rsv(3)), 1);
        ck_assert_uint_eq(xd_why(f.v1), XD_WHY_RESERVE_FRAME);
    }
    ck_frame(f.hv, mm_page(f.d1, 20), XD_TYPE_NONE, 0, 1, ALLOC);
}
END_TEST

START_TEST(runs_of_pages_are_given_back_one_by_one)
{
    uint64_t mfn = f.hv->heap_first;

    /* A place where two neighbours belong to one domain, and the third does not. */
    while (!(xd_frame_owned(f.hv, xd_mfn_of(mfn), 1) && mm_frame(f.hv, mfn)->count == 1 &&
             mm_frame(f.hv, mfn + 1)->owner == 1 && mm_frame(f.hv, mfn + 1)->count == 1 &&
             !(mm_frame(f.hv, mfn)->flags & XD_FRAME_XEN_HEAP) && mfn % 4 == 0 &&
             mm_frame(f.hv, mfn + 2)->owner != 1))
        mfn++;
    list[0] = mfn;
    ck_answered(f.v1, reserve(f.v1, DECREASE, rsv_as(1, 1, DOMID_SELF)), 1);
    ck_assert_uint_eq(mm_frame(f.hv, mfn)->count + mm_frame(f.hv, mfn + 1)->count, 0);
    list[0] = mfn;
    ck_assert_int_eq(reserve(f.v1, DECREASE, rsv_as(1, 2, DOMID_SELF)), 0);
    ck_assert_uint_eq(xd_why(f.v1), XD_WHY_RESERVE_FRAME);
}
END_TEST

START_TEST(shared_info_given_back_is_lost_to_the_guest_only)
{
    uint64_t mfn = xd_domain_start(f.d1)->shared_info_mfn, va = fixture_map_shared_info(f.v1);

    list[0] = mfn;
    ck_answered(f.v1, reserve(f.v1, DECREASE, rsv(1)), 1);
    fixture_set_shared(f.v1, va, evtchn_mask[5], 1); /* mapped: it goes on working */
    fixture_audit(f.hv);
    ck_ok(f.v1, mm_map(f.v1, va, 0));
    ck_refused(f.v1, mm_map(f.v1, va, mm_pte(mfn, 0x3)), EBUSY, L1E_NOT_OWNER);
    ck_assert_uint_eq(fixture_shared_info(f.d1)->evtchn_mask[5], 1);
    list[0] = mfn;
    ck_assert_int_eq(reserve(f.v1, DECREASE, rsv(1)), 0);
}
END_TEST

START_TEST(the_control_domain_moves_pages_of_others)
{
    list[0] = mm_page(f.d1, 0);
    ck_answered(f.v0, reserve(f.v0, DECREASE, rsv_as(1, 0, 1)), 1);
    list[0] = 9;
    ck_answered(f.v0, reserve(f.v0, POPULATE, rsv_as(1, 0, 1)), 1);
    ck_assert_uint_eq(mm_frame(f.hv, list[0])->owner, 1);
}
END_TEST

START_TEST(what_a_dead_domain_leaves_is_cleared)
{
    uint64_t mfn = mm_mapped(f.d2, 0), word = 0xabcdef;
    struct xd_abi_memory_reservation all = rsv(f.hv->frames_free);

    ck_assert_int_eq(xd_guest_store(f.v2, mm_va(f.d2, 0), &word, 8, NULL), XD_ACCESS_OK);
    ck_assert_int_eq(fixture_run(&f, f.v0, HC, INCREASE, &all), (long)all.nr_extents);
    xd_domain_destroy(f.d2);
    do {
        list[0] = 5;
        ck_answered(f.v0, reserve(f.v0, POPULATE, rsv(1)), 1);
    } while (list[0] != mfn);
    ck_assert_uint_eq(mm_word(f.hv, mfn, 0), 0);
}
END_TEST

START_TEST(a_dying_domain_gets_nothing_new)
{
    uint64_t mfn = mm_page(f.d2, 0);

    ck_ok(f.v0, fixture_call(f.v0, 22, mm_va(f.d0, 0), mm_pte(mfn, 0x1), 0, 2)); /* this keeps it */
    xd_domain_destroy(f.d2);
    ck_assert_int_eq(reserve(f.v0, INCREASE, rsv_as(1, 0, 2)), 0);
    ck_assert_uint_eq(xd_why(f.v0), XD_WHY_RESERVE_DYING);
    ck_ok(f.v0, mm_map(f.v0, mm_va(f.d0, 0), 0));
    ck_assert_int_eq(reserve(f.v0, INCREASE, rsv_as(1, 0, 2)), 0);
    ck_assert_uint_eq(xd_why(f.v0), XD_WHY_RESERVE_DOMAIN);
}
END_TEST

START_TEST(a_machine_runs_out_of_frames)
{
    uint32_t left = f.hv->frames_free;
    struct xd_abi_memory_reservation op = rsv(left + 5);

    ck_assert_int_eq(fixture_run(&f, f.v0, HC, INCREASE, &op), left);
    ck_assert_uint_eq(xd_why(f.v0), XD_WHY_RESERVE_NO_MEMORY);
    ck_assert_uint_eq(f.hv->frames_free, 0);
}
END_TEST

/* ---- Queries ---- */

static const struct {
    uint64_t cmd;
    unsigned int caller;
    uint16_t domid;
    long want; /* or -errno */
    enum xd_why why;
} queries[] = {
    {MAX_RAM_PAGE, 1, 0, 12288, XD_WHY_NONE},
    {CURRENT, 1, DOMID_SELF, 2048, XD_WHY_NONE},
    {CURRENT, 1, 1, 2048, XD_WHY_NONE},
    {CURRENT, 1, 2, -XD_EPERM, XD_WHY_MEMOP_PERMISSION},
    {CURRENT, 1, 9, -XD_ESRCH, XD_WHY_MEMOP_DOMAIN},
    {CURRENT, 0, 2, 2048, XD_WHY_NONE},
    {MAXIMUM, 1, DOMID_SELF, 2048, XD_WHY_NONE},
    {MAXIMUM, 0, DOMID_SELF, 0xffffffff, XD_WHY_NONE},
    {MAXIMUM, 1, 0, -XD_EPERM, XD_WHY_MEMOP_PERMISSION},
    {MAX_GPFN, 1, DOMID_SELF, 0, XD_WHY_NONE},
    {MAX_GPFN, 1, 9, -XD_ESRCH, XD_WHY_MEMOP_DOMAIN},
    {CURRENT | 1 << 6, 1, DOMID_SELF, -XD_EINVAL, XD_WHY_MEMOP_START_EXTENT},
    {MAX_RAM_PAGE | 1 << 6, 1, DOMID_SELF, -XD_EINVAL, XD_WHY_MEMOP_START_EXTENT},
    {MFN_LIST | 1 << 6, 1, DOMID_SELF, -XD_ENOSYS, XD_WHY_OP_UNKNOWN},
    {MAPPING | 1 << 6, 1, DOMID_SELF, -XD_ENOSYS, XD_WHY_OP_UNKNOWN},
    {8, 1, DOMID_SELF, -XD_ENOSYS, XD_WHY_OP_UNKNOWN},
    {20, 1, DOMID_SELF, -XD_ENOSYS, XD_WHY_OP_UNKNOWN},
    {22, 1, DOMID_SELF, -XD_ENOSYS, XD_WHY_OP_UNKNOWN},
    {29, 1, DOMID_SELF, -XD_ENOSYS, XD_WHY_OP_UNKNOWN},
    {63, 1, DOMID_SELF, -XD_ENOSYS, XD_WHY_OP_UNKNOWN},
    {63 | 1 << 6, 1, DOMID_SELF, -XD_ENOSYS, XD_WHY_OP_UNKNOWN},
};

START_TEST(questions_and_their_answers)
{
    struct xd_vcpu *v = queries[_i].caller ? f.v1 : f.v0;
    struct xd_abi_memory_domid op = {queries[_i].domid};
    long rc = fixture_run(&f, v, HC, queries[_i].cmd, &op);

    ck_assert_int_eq(rc, queries[_i].want);
    ck_assert_str_eq(fixture_why(v), xd_why_row(queries[_i].why)->name);
    if (queries[_i].want > 0 && (queries[_i].cmd & 63) != MAX_RAM_PAGE)
        ck_refused(v, fixture_call(v, HC, queries[_i].cmd, fixture_hole(v)), EFAULT, COPY_IN);
}
END_TEST

START_TEST(the_highest_pfn_is_what_the_guest_says)
{
    struct xd_abi_memory_domid op = {DOMID_SELF};

    fixture_set_shared(f.v1, fixture_map_shared_info(f.v1), max_pfn, 1000);
    ck_answered(f.v1, fixture_run(&f, f.v1, HC, MAX_GPFN, &op), 999);
}
END_TEST

/*
 * Of the entries, those that are written before one has no room: 6 with two gaps at the end, or 5 with one in the middle,
 * which only who has no right to it is told. AS-XEN: there must be room for one more than there are.
 */
static const unsigned int written[2][8] = {{0, 0, 0, 0, 0, 4, 5, 6}, {0, 0, 0, 0, 0, 3, 5, 5}};

START_TEST(the_machines_map_keeps_to_its_room)
{
    const unsigned int room = (unsigned int)_i % 8, want = written[_i / 8][room];
    struct xd_abi_e820entry map[8], was;
    struct xd_abi_memory_map op = {.nr_entries = room};
    unsigned int n = 0;
    long rc;

    if (_i / 8)
        f.d0->iomem.nr = 0;
    memset(map, 0xa5, sizeof(map));
    was = map[0];
    op.buffer = fixture_place(&f, f.v0, map, sizeof(map));
    rc = fixture_run(&f, f.v0, HC, MACHINE_MAP, &op);
    if (want < written[_i / 8][7])
        ck_refused(f.v0, rc, EINVAL, MEMMAP_ROOM);
    else
        ck_ok(f.v0, rc);
    fixture_load(f.v0, op.buffer, map, sizeof(map));
    while (n < XD_ARRAY_SIZE(map) && memcmp(&map[n], &was, sizeof(was)) != 0)
        n++;
    ck_assert_uint_eq(n, want);
}
END_TEST

START_TEST(the_machines_map_is_told_to_nobody_of_too_few)
{
    struct xd_abi_memory_map op = {.nr_entries = (uint32_t)_i, .buffer = UINT64_C(1) << 47};

    if (_i < 5)
        ck_refused(f.v0, fixture_run(&f, f.v0, HC, MACHINE_MAP, &op), EINVAL, MEMMAP_ROOM);
    else
        ck_refused(f.v0, fixture_run(&f, f.v0, HC, MACHINE_MAP, &op), EFAULT, HANDLE_RANGE);
    op.buffer = 0;
    ck_ok(f.v0, fixture_run(&f, f.v0, HC, MACHINE_MAP, &op));
    ck_assert_uint_eq(op.nr_entries, 6);
}
END_TEST

START_TEST(the_m2p_is_told_in_chunks)
{
    struct xd_abi_memory_machphys_mfn_list op = {.max_extents = 4};
    uint64_t mfns[4] = {0};

    op.extent_start = fixture_place(&f, f.v1, mfns, sizeof(mfns));
    ck_ok(f.v1, fixture_run(&f, f.v1, HC, MFN_LIST, &op));
    ck_assert_uint_eq(op.nr_extents, 1); /* 12288 frames are 96 KiB of M2P */
    fixture_load(f.v1, op.extent_start, mfns, sizeof(mfns));
    ck_assert_uint_eq(mfns[0], f.hv->m2p_first.v);
    op.max_extents = 0;
    ck_ok(f.v1, fixture_run(&f, f.v1, HC, MFN_LIST, &op));
    ck_assert_uint_eq(op.nr_extents, 0);
    op.max_extents = 1;
    op.extent_start = fixture_hole(f.v1);
    ck_refused(f.v1, fixture_run(&f, f.v1, HC, MFN_LIST, &op), EFAULT, COPY_OUT);
}
END_TEST

START_TEST(where_the_m2p_lies)
{
    struct xd_abi_memory_machphys_mapping op = {0};

    ck_ok(f.v1, fixture_run(&f, f.v1, HC, MAPPING, &op));
    ck_assert_uint_eq(op.v_start, UINT64_C(0xffff800000000000));
    ck_assert_uint_eq(op.v_end, UINT64_C(0xffff804000000000));
    ck_assert_uint_eq(op.max_mfn, UINT64_C(0x7ffffffff));
    ck_ok(f.v0, fixture_run(&f, f.v0, HC, MAPPING, &op));
    ck_assert_uint_eq(op.max_mfn, 12287);
    ck_refused(f.v1, fixture_call(f.v1, HC, MAPPING, xd_domain_start(f.d1)->pt_va), EFAULT,
               COPY_OUT);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("memory");
    TCase *t = tcase_create("reservations");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, reservations_are_checked_in_order, 0, (int)XD_ARRAY_SIZE(checks));
    tcase_add_test(t, reservation_operands_that_cant_be_reached);
    tcase_add_test(t, pages_go_and_come);
    tcase_add_test(t, a_page_given_back_by_a_living_domain_keeps_its_contents);
    tcase_add_test(t, a_frame_in_use_goes_when_its_last_user_does);
    tcase_add_test(t, what_cant_be_given_back);
    tcase_add_test(t, runs_of_pages_are_given_back_one_by_one);
    tcase_add_test(t, shared_info_given_back_is_lost_to_the_guest_only);
    tcase_add_test(t, the_control_domain_moves_pages_of_others);
    tcase_add_test(t, what_a_dead_domain_leaves_is_cleared);
    tcase_add_test(t, a_dying_domain_gets_nothing_new);
    tcase_add_test(t, a_machine_runs_out_of_frames);
    suite_add_tcase(suite, t);
    t = tcase_create("queries");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, questions_and_their_answers, 0, (int)XD_ARRAY_SIZE(queries));
    tcase_add_test(t, the_highest_pfn_is_what_the_guest_says);
    tcase_add_loop_test(t, the_machines_map_keeps_to_its_room, 0, 16);
    tcase_add_loop_test(t, the_machines_map_is_told_to_nobody_of_too_few, 0, 8);
    tcase_add_test(t, the_m2p_is_told_in_chunks);
    tcase_add_test(t, where_the_m2p_lies);
    suite_add_tcase(suite, t);
    return fixture_main(suite);
}
