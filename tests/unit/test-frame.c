/* SPDX-License-Identifier: MIT */
/* test-frame.c: the heap, general references, and frames taken away whole. */
#include "mm.h"
#include "xendouble/levers.h"

#include <signal.h>
#include <stdlib.h>

static struct xd_fixture f;

static void setup(void)
{
    fixture_setup(&f);
}

static void teardown(void)
{
    fixture_teardown(&f);
}

START_TEST(neighbours_for_a_guest_are_none_for_the_machine)
{
    const struct xd_start *s = xd_domain_start(f.d1);
    unsigned int next = 0, same = 0;

    for (uint64_t pfn = 0; pfn + 1 < s->pages; pfn++) {
        next += xd_domain_mfn(f.d1, pfn + 1) == xd_domain_mfn(f.d1, pfn) + 1;
        same += xd_domain_mfn(f.d1, pfn) == pfn;
    }
    ck_assert_uint_lt(next, s->pages / 100);
    ck_assert_uint_lt(same, s->pages / 100);
}
END_TEST

START_TEST(every_frame_is_handed_out_once)
{
    unsigned char *seen = calloc(f.hv->frames, 1);
    uint32_t left = f.hv->frames_free;
    xd_mfn mfn;

    for (uint32_t i = 0; i < left; i++) {
        ck_assert(xd_frame_alloc(f.hv, f.d1, i, true, UINT64_MAX, &mfn));
        ck_assert_uint_ge(mfn.v, f.hv->heap_first);
        ck_assert(!seen[mfn.v]++);
        ck_frame(f.hv, mfn.v, XD_TYPE_NONE, 0, 1, ALLOC);
        ck_assert_uint_eq(xd_m2p(f.hv, mfn.v), i);
    }
    ck_assert(!xd_frame_alloc(f.hv, f.d1, 0, true, UINT64_MAX, &mfn));
    ck_assert(!xd_frame_alloc_xen(f.hv, 1, &mfn));
    for (uint64_t i = f.hv->heap_first; i < f.hv->frames; i++)
        if (seen[i])
            xd_frame_put_allocated(f.hv, xd_mfn_of(i));
    ck_assert_uint_eq(f.hv->frames_free, left);
    fixture_audit(f.hv);
    for (uint32_t i = 0; i < left; i++)
        ck_assert(xd_frame_alloc(f.hv, f.d1, i, true, UINT64_MAX, &mfn));
    free(seen);
}
END_TEST

/* Runs come from what was never handed out and from what was given back, and nothing is handed out twice. */
START_TEST(runs_of_frames_begin_at_a_multiple_of_their_size)
{
    unsigned char *seen = calloc(f.hv->frames, 1);
    uint32_t left = f.hv->frames_free, runs = 0;
    xd_mfn mfn;

    for (unsigned int i = 0; i < 100; i++) {
        ck_assert(xd_frame_alloc(f.hv, f.d1, i, true, UINT64_MAX, &mfn));
        xd_frame_put_allocated(f.hv, mfn);
    }
    for (unsigned int order = 4; order > 0; order--)
        while (xd_frames_alloc(f.d1, order, UINT64_MAX, &mfn)) {
            ck_assert_uint_eq(mfn.v % (1u << order), 0);
            for (uint64_t i = mfn.v; i < mfn.v + (1u << order); i++) {
                ck_assert(!seen[i]++);
                ck_frame(f.hv, i, XD_TYPE_NONE, 0, 1, ALLOC);
                ck_assert_uint_eq(xd_m2p(f.hv, i), ~UINT64_C(0));
            }
            left -= 1u << order;
            ck_assert_uint_eq(f.hv->frames_free, left);
            if (runs++ % 64 == 0)
                fixture_audit(f.hv);
        }
    ck_assert_uint_gt(runs, 100);
    for (; left; left--) {
        ck_assert(xd_frame_alloc(f.hv, f.d1, 0, true, UINT64_MAX, &mfn));
        ck_assert(!seen[mfn.v]++);
    }
    ck_assert(!xd_frame_alloc(f.hv, f.d1, 0, true, UINT64_MAX, &mfn));
    free(seen);
}
END_TEST

START_TEST(runs_lie_where_they_may)
{
    uint64_t below = f.hv->heap_first + 64;
    xd_mfn mfn;

    while (xd_frames_alloc(f.d1, 1, below, &mfn))
        ck_assert_uint_lt(mfn.v + 1, below);
    ck_assert(!xd_frames_alloc(f.d1, 1, 1, &mfn));
    xd_frames_scarce(f.hv, 3);
    ck_assert(!xd_frames_alloc(f.d1, 2, UINT64_MAX, &mfn));
    ck_assert(xd_frames_alloc(f.d1, 1, UINT64_MAX, &mfn));
}
END_TEST

START_TEST(another_seed_scatters_otherwise)
{
    struct xd_config c = XD_CONFIG_DEFAULT;
    uint64_t mfn[3];

    for (unsigned int i = 0; i < 3; i++) {
        struct xd_domain *d;
        struct xd_hv *hv;

        c.frames = 4096;
        c.seed = i / 2 + 5;
        ck_assert_int_eq(xd_hv_create(&hv, &c), 0);
        ck_assert_int_eq(xd_domain_create(hv, NULL, &d), 0);
        mfn[i] = xd_domain_mfn(d, 700) << 32 | xd_domain_mfn(d, 3);
        xd_hv_destroy(hv);
    }
    ck_assert_uint_eq(mfn[0], mfn[1]);
    ck_assert_uint_ne(mfn[0], mfn[2]);
}
END_TEST

START_TEST(a_reference_asks_for_the_owner)
{
    uint64_t mine = mm_page(f.d1, 0);

    ck_assert(xd_frame_get(f.hv, xd_mfn_of(mine), 1));
    ck_frame(f.hv, mine, XD_TYPE_NONE, 0, 2, ALLOC);
    ck_assert(!xd_frame_get(f.hv, xd_mfn_of(mine), 2));
    ck_assert(!xd_frame_get(f.hv, xd_mfn_of(mm_free(f.hv)), XD_DOMID_NONE)); /* free */
    ck_assert(!xd_frame_get(f.hv, xd_mfn_of(f.hv->frames), 1));
    ck_assert(!xd_frame_get(f.hv, xd_mfn_of(~UINT64_C(0)), 1));
    ck_assert(xd_frame_get(f.hv, f.hv->m2p_first, XD_DOMID_XEN));
    xd_frame_put(f.hv, f.hv->m2p_first);
    xd_frame_put_allocated(f.hv, xd_mfn_of(mine)); /* not the last one */
    ck_frame(f.hv, mine, XD_TYPE_NONE, 0, 1, 0);
    xd_frame_put_allocated(f.hv, xd_mfn_of(mine));
    ck_frame(f.hv, mine, XD_TYPE_NONE, 0, 1, 0);
    xd_frame_put(f.hv, xd_mfn_of(mine));
    ck_assert_uint_eq(mm_frame(f.hv, mine)->count, 0);
    ck_assert_uint_eq(xd_m2p(f.hv, mine), ~UINT64_C(0));
}
END_TEST

START_TEST(only_a_frame_in_no_use_can_be_stolen)
{
    uint64_t idle = mm_page(f.d1, 0), ro = mm_page(f.d1, 1), given = mm_page(f.d1, 2),
             was = mm_page(f.d1, 3);
    uint32_t pages = f.d1->pages;

    ck_ok(f.v1, mm_map(f.v1, mm_va(f.d1, 0), mm_pte(ro, 0x1)));
    ck_ok(f.v1, mm_map(f.v1, mm_va(f.d1, 1), mm_pte(given, 0x1)));
    xd_frame_put_allocated(f.hv, xd_mfn_of(given));
    ck_ok(f.v1, mm_map(f.v1, mm_va(f.d1, 2), mm_pte(was, 0x3)));
    ck_ok(f.v1, mm_map(f.v1, mm_va(f.d1, 2), 0));
    ck_assert(!xd_frame_steal(f.hv, f.d1, xd_mfn_of(ro)));
    ck_assert(!xd_frame_steal(f.hv, f.d1, xd_mfn_of(given)));
    ck_assert(!xd_frame_steal(f.hv, f.d1, xd_mfn_of(xd_domain_start(f.d1)->shared_info_mfn)));
    ck_assert(!xd_frame_steal(f.hv, f.d2, xd_mfn_of(idle)));
    ck_assert(xd_frame_steal(f.hv, f.d1, xd_mfn_of(idle)));
    ck_assert(xd_frame_steal(f.hv, f.d1, xd_mfn_of(was)));
    ck_frame(f.hv, was, XD_TYPE_NONE, 0, 1, 0); /* nothing of its type is left */
    ck_assert_uint_eq(f.d1->pages, pages - 2);
    xd_frame_put(f.hv, xd_mfn_of(idle));
    xd_frame_put(f.hv, xd_mfn_of(was));
}
END_TEST

/* Fresh ones, one given back by a living domain, one by a dead one, and one that somebody has: none is handed out. */
START_TEST(what_is_out_of_use_is_not_handed_out)
{
    uint64_t out[5] = {mm_page(f.d1, 0), mm_page(f.d2, 0), mm_page(f.d1, 1), f.hv->frames - 1, 0};
    uint32_t left;
    xd_mfn mfn;

    for (out[4] = f.hv->heap_first; xd_frame_ever_used(f.hv, xd_mfn_of(out[4]));)
        out[4]++;
    while (xd_frame_ever_used(f.hv, xd_mfn_of(out[3])))
        out[3]--;
    xd_frame_put_allocated(f.hv, xd_mfn_of(out[0]));
    xd_domain_destroy(f.d2);
    left = f.hv->frames_free;
    for (unsigned int i = 0; i < XD_ARRAY_SIZE(out); i++) {
        xd_frame_offline(f.hv, xd_mfn_of(out[i]));
        xd_frame_offline(f.hv, xd_mfn_of(out[i]));
        ck_assert(xd_frame_is_offline(mm_frame(f.hv, out[i])) == (i != 2));
    }
    ck_assert_uint_eq(f.hv->frames_free, left - 4);
    fixture_audit(f.hv);
    xd_frame_put_allocated(f.hv, xd_mfn_of(out[2]));
    ck_assert(xd_frame_is_offline(mm_frame(f.hv, out[2])));
    ck_assert_uint_eq(f.hv->frames_free, left - 4);
    fixture_audit(f.hv);
    for (uint32_t i = 0; i < left - 4; i++) {
        ck_assert(xd_frame_alloc(f.hv, f.d1, i, false, UINT64_MAX, &mfn));
        for (unsigned int k = 0; k < XD_ARRAY_SIZE(out); k++)
            ck_assert_uint_ne(mfn.v, out[k]);
    }
    ck_assert(!xd_frame_alloc(f.hv, f.d1, 0, false, UINT64_MAX, &mfn));
    ck_assert(!xd_frames_alloc(f.d1, 1, UINT64_MAX, &mfn));
    fixture_audit(f.hv);
    for (unsigned int i = 0; i < XD_ARRAY_SIZE(out); i++)
        xd_frame_online(f.hv, xd_mfn_of(out[i]));
    ck_assert_uint_eq(f.hv->frames_free, 5);
    fixture_audit(f.hv);
    ck_assert(xd_frame_alloc(f.hv, f.d1, 0, false, UINT64_MAX, &mfn));
    ck_assert_uint_eq(mfn.v, out[4]);
    xd_frame_offline(f.hv, mfn);
    xd_frame_online(f.hv, mfn);
    xd_frame_put_allocated(f.hv, mfn);
    ck_assert_uint_eq(f.hv->frames_free, 5);
}
END_TEST

START_TEST(names_of_types)
{
    ck_assert_str_eq(xd_type_name(XD_TYPE_NONE), "none");
    ck_assert_str_eq(xd_type_name(XD_TYPE_L4), "l4");
    ck_assert_str_eq(xd_type_name(XD_TYPE_WRITABLE), "writable");
    ck_assert_str_eq(xd_type_name((enum xd_type)99), "?");
}
END_TEST

/* ---- Promises of our own ---- */

START_TEST(a_put_without_a_get_is_a_bug)
{
    xd_frame_put(f.hv, xd_mfn_of(mm_free(f.hv)));
}
END_TEST

START_TEST(a_frame_freed_in_use_is_a_bug)
{
    mm_frame(f.hv, mm_page(f.d1, 0))->type_count = 1;
    xd_frame_put_allocated(f.hv, xd_mfn_of(mm_page(f.d1, 0)));
}
END_TEST

START_TEST(a_frame_freed_while_pinned_is_a_bug)
{
    mm_frame(f.hv, mm_page(f.d1, 0))->flags |= PINNED;
    xd_frame_put_allocated(f.hv, xd_mfn_of(mm_page(f.d1, 0)));
}
END_TEST

START_TEST(a_frame_of_xens_own_freed_is_a_bug)
{
    xd_frame_put(f.hv, f.hv->m2p_l3);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("frame");
    TCase *t = tcase_create("frames");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, neighbours_for_a_guest_are_none_for_the_machine);
    tcase_add_test(t, every_frame_is_handed_out_once);
    tcase_add_test(t, runs_of_frames_begin_at_a_multiple_of_their_size);
    tcase_add_test(t, runs_lie_where_they_may);
    tcase_add_test(t, another_seed_scatters_otherwise);
    tcase_add_test(t, a_reference_asks_for_the_owner);
    tcase_add_test(t, only_a_frame_in_no_use_can_be_stolen);
    tcase_add_test(t, what_is_out_of_use_is_not_handed_out);
    tcase_add_test(t, names_of_types);
    tcase_add_test_raise_signal(t, a_put_without_a_get_is_a_bug, SIGABRT);
    tcase_add_test_raise_signal(t, a_frame_freed_in_use_is_a_bug, SIGABRT);
    tcase_add_test_raise_signal(t, a_frame_freed_while_pinned_is_a_bug, SIGABRT);
    tcase_add_test_raise_signal(t, a_frame_of_xens_own_freed_is_a_bug, SIGABRT);
    suite_add_tcase(suite, t);
    return fixture_main(suite);
}
