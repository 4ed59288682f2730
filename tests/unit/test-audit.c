/* SPDX-License-Identifier: MIT */
/* test-audit.c: the audit finds every kind of disagreement, planted by writing past all rules, and says where. */
#include "mm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct xd_fixture f;
static struct xd_arena *arena;
static size_t mark;

static void setup(void)
{
    fixture_setup(&f);
    arena = &f.hv->host->arena;
    mark = xd_arena_mark(arena);
}

/* What was planted is dug out again, so that the audit of the teardown means something. */
static void teardown(void)
{
    xd_arena_undo(arena, mark);
    fixture_teardown(&f);
}

static void plant(void *p, size_t n)
{
    xd_arena_touch(arena, p, n);
}

#define PLANT(lvalue, value) (plant(&(lvalue), sizeof(lvalue)), (lvalue) = (value))

/* The audit complains, and one of the lines says (words). */
static void ck_found(const char *words)
{
    char *report = NULL;
    unsigned int found = xd_audit(f.hv, &report);

    ck_assert_msg(found > 0, "nothing found; wanted: %s", words);
    ck_assert_msg(strstr(report, words) != NULL, "%.1000s\nwanted: %s", report, words);
    free(report);
}

static struct xd_frame *l1(void)
{
    return mm_frame(f.hv, mm_table(f.d1, 1));
}

static uint64_t *entry(unsigned int level)
{
    return (uint64_t *)(void *)(f.hv->mem + mm_entry_at(f.d1, mm_va(f.d1, 0), level));
}

START_TEST(a_sound_machine_gives_no_report)
{
    char *report = (char *)1;

    ck_assert_uint_eq(xd_audit(f.hv, &report), 0);
    ck_assert_ptr_null(report);
    ck_assert_uint_eq(xd_audit(f.hv, NULL), 0);
}
END_TEST

/* Records of one frame that say something else than what holds it. */
static void plant_record(int i)
{
    struct xd_frame *idle = mm_frame(f.hv, mm_page(f.d1, 0)),
                    *mapped = mm_frame(f.hv, mm_mapped(f.d1, 0));

    switch (i) {
    case 0: PLANT(idle->count, 2); break;
    case 1: PLANT(mapped->count, 1); break;
    case 2: PLANT(idle->type_count, 1); break;
    case 3: PLANT(mapped->type_count, 0); break;
    case 4: PLANT(mapped->type_count, 2); break;
    case 5: PLANT(idle->flags, 0); break; /* its allocation is gone, the reference is there */
    case 6: PLANT(mm_frame(f.hv, mm_table(f.d1, 4))->flags, ALLOC | VALID); break; /* the pin */
    case 7: PLANT(l1()->linear, 1); break;
    case 8:
        PLANT(l1()->flags, ALLOC);
        break; /* not validated: what its entries hold hangs in the air */
    case 9: PLANT(mm_frame(f.hv, 0xa0)->count, 3); break;
    case 10: PLANT(mm_frame(f.hv, f.hv->m2p_first.v)->type_count, 0); break;
    case 11: PLANT(mm_frame(f.hv, mm_free(f.hv))->count, 1); break;
    default: PLANT(mm_frame(f.hv, xd_domain_start(f.d1)->shared_info_mfn)->type_count, 0); break;
    }
}

START_TEST(counts_that_nothing_holds)
{
    plant_record(_i);
    ck_found("references and");
}
END_TEST

static uint64_t *l4_slot(unsigned int slot)
{
    return &xd_frame_words(f.hv, xd_mfn_of(mm_table(f.d1, 4)))[slot];
}

static void plant_other(int i)
{
    switch (i) {
    case 0: PLANT(mm_frame(f.hv, mm_mapped(f.d1, 0))->type, XD_TYPE_SEG_DESC); break;
    case 1: PLANT(l1()->type, XD_TYPE_L2); break;
    case 2: PLANT(*entry(1), mm_pte(mm_table(f.d1, 1), 0x7 | XD_PTE_GK)); break;
    case 3: PLANT(*entry(1), mm_pte(f.hv->frames + 5, 0x7 | XD_PTE_GK)); break;
    case 4: PLANT(*entry(1), *entry(1) & ~XD_PTE_US); break;
    case 5: PLANT(*entry(1), *entry(1) & ~XD_PTE_GK); break;
    case 6: PLANT(*entry(2), *entry(2) | XD_PTE_PSE); break;
    case 7: PLANT(*entry(3), mm_pte(f.hv->frames, 0x67)); break;
    case 8: PLANT(*entry(2), mm_pte(mm_table(f.d2, 1), 0x67)); break;
    case 9: PLANT(*entry(3), mm_pte(mm_table(f.d1, 3), 0x67)); break;
    case 10: PLANT(f.v1->cr3, xd_mfn_of(mm_table(f.d1, 3))); break;
    case 11: PLANT(f.v1->user_cr3, xd_mfn_of(f.hv->frames)); break;
    case 12: PLANT(f.v1->gdt_ents, 1); break;
    case 13: PLANT(f.v1->ldt_frame[2], xd_mfn_of(mm_page(f.d1, 0))); break;
    case 14: PLANT(mm_frame(f.hv, mm_page(f.d1, 0))->flags, ALLOC | PINNED); break;
    case 15: PLANT(f.d1->pages, f.d1->pages - 1); break;
    case 16: PLANT(mm_frame(f.hv, mm_page(f.d1, 0))->owner, 2); break;
    case 17: PLANT(f.hv->frames_free, f.hv->frames_free + 1); break;
    case 18: PLANT(f.d1->shared_info, xd_mfn_of(mm_page(f.d1, 0))); break;
    case 19: PLANT(mm_frame(f.hv, f.d1->shared_info.v)->owner, 2); break;
    case 20: PLANT(mm_frame(f.hv, mm_page(f.d1, 0))->owner, 55); break;
    case 21: PLANT(mm_frame(f.hv, mm_page(f.d1, 0))->type, XD_TYPE_SHARED); break;
    case 22: PLANT(l1()->flags, ALLOC); break;
    case 23:
        PLANT(mm_frame(f.hv, mm_page(f.d1, 0))->type, XD_TYPE_L1);
        PLANT(mm_frame(f.hv, mm_page(f.d1, 0))->flags, ALLOC | VALID);
        break;
    case 24: PLANT(*l4_slot(XD_L4_SLOT_LINEAR), *l4_slot(XD_L4_SLOT_LINEAR) | XD_PTE_US); break;
    case 25: PLANT(*l4_slot(XD_L4_SLOT_RO_M2P), mm_pte(mm_page(f.d1, 0), 7)); break;
    case 26:
        PLANT(mm_frame(f.hv, mm_page(f.d1, 0))->type, XD_TYPE_SEG_DESC);
        PLANT(mm_frame(f.hv, mm_page(f.d1, 0))->flags, ALLOC | VALID);
        PLANT(xd_frame_words(f.hv, xd_mfn_of(mm_page(f.d1, 0)))[7], UINT64_C(0x82) << 40);
        break;
    case 27: PLANT(mm_frame(f.hv, mm_free(f.hv))->owner, XD_DOMID_NONE); break;
    case 28: PLANT(f.hv->heap_taken, f.hv->heap_taken + 1); break;
    case 29: PLANT(*entry(1), mm_pte(f.hv->m2p_l3.v, 0x5 | XD_PTE_GK)); break;
    default: PLANT(f.v1->cr3, xd_mfn_of(mm_table(f.d2, 4))); break;
    }
}

static const char *const words[] = {
    "but its type is seg_desc",
    "as l1, but its type is writable", /* its entries now read as links */
    "as writable, but its type is l1",
    "2 references and 1 in its type are recorded, 1 and 0 are held", /* nothing is held beyond RAM */
    "is not adjusted",
    "is not adjusted",
    "which no check lets through",
    "which does not exist",
    "of another owner",
    "maps the table itself writable",
    "as l4, but its type is l3",
    "which does not exist",
    "as seg_desc, but its type is",
    "as seg_desc, but its type is none",
    "is pinned but is no table",
    "pages are recorded",
    "pages are recorded",
    "frames are recorded as free",
    "which is not shared with it",
    "is not its shared_info",
    "belongs to d55, which does not exist",
    "has type 6",
    "was not validated",
    "validated as a table that nobody uses",
    "which is Xen's, holds",
    "which is Xen's, holds",
    "descriptor 7 of frame",
    "is free and stands on no list",
    "were never handed out, the heap says",
    "is Xen's alone",
    "which is not d1's",
};

START_TEST(disagreements_of_every_kind)
{
    plant_other(_i);
    ck_found(words[_i]);
}
END_TEST

START_TEST(a_broken_list_of_free_frames)
{
    uint64_t a = mm_page(f.d1, 0), b = mm_page(f.d1, 1);

    xd_frame_put_allocated(f.hv, xd_mfn_of(a));
    xd_frame_put_allocated(f.hv, xd_mfn_of(b));
    ck_assert_uint_eq(xd_audit(f.hv, NULL), 0);
    PLANT(mm_frame(f.hv, b)->type_count, (uint32_t)b); /* leads to itself */
    ck_found("the list of free frames is broken");
    PLANT(mm_frame(f.hv, b)->type_count, f.hv->frames);
    ck_found("the list of free frames is broken");
    PLANT(mm_frame(f.hv, b)->type_count, (uint32_t)mm_page(f.d2, 0));
    ck_found("the list of free frames is broken");
    PLANT(mm_frame(f.hv, b)->type_count, 0); /* one is lost */
    ck_found("frames are recorded as free");
}
END_TEST

START_TEST(linear_entries_are_counted_too)
{
    uint64_t a = mm_page(f.d1, 0), b = mm_page(f.d1, 1);

    ck_ok(f.v1, mm_ext(&f, f.v1, PIN_L3, a));
    ck_ok(f.v1, mm_ext(&f, f.v1, PIN_L3, b));
    ck_ok(f.v1, mm_update(&f, f.v1, mm_ptr(a, 1), mm_pte(b, 0x1)));
    ck_assert_uint_eq(xd_audit(f.hv, NULL), 0);
    PLANT(mm_frame(f.hv, b)->linear, 0);
    ck_found("linear 0, -1");
}
END_TEST

/* Twice refused for its user root: the first kernel root is lost. */
static uint64_t lose_a_root(void)
{
    static struct xd_abi_vcpu_guest_context c;
    const uint64_t roots[] = {mm_page(f.d1, 0), mm_page(f.d1, 1)};

    c.flags = 4; /* VGCF_in_kernel */
    c.ctrlreg[1] = mm_mapped(f.d1, 0) << XD_PAGE_SHIFT;
    for (unsigned int i = 0; i < XD_ARRAY_SIZE(roots); i++) {
        c.ctrlreg[3] = roots[i] << XD_PAGE_SHIFT;
        ck_refused(f.v1,
                   fixture_call(f.v1, 24, 0, f.v1down->id, fixture_place(&f, f.v1, &c, sizeof(c))),
                   EINVAL, FRAME_MAPPED_WRITABLE);
    }
    ck_assert_uint_eq(mm_frame(f.hv, roots[0])->lost, 1);
    return roots[0];
}

START_TEST(lost_roots_are_held)
{
    uint64_t lost = lose_a_root();

    ck_frame(f.hv, lost, XD_TYPE_L4, 1, 2, ALLOC | VALID);
    ck_assert_uint_eq(xd_audit(f.hv, NULL), 0);
    PLANT(mm_frame(f.hv, lost)->lost, 0);
    ck_found("2 references and 1 in its type are recorded, 1 and 0 are held");
    PLANT(mm_frame(f.hv, lost)->lost, 2);
    ck_found("2 references and 1 in its type are recorded, 3 and 2 are held");
    PLANT(mm_frame(f.hv, mm_page(f.d1, 2))->lost, 1);
    ck_found("which is no root table");
}
END_TEST

/* Frames that never were are compared only if the sums of all references differ: a lost one is in both of them. */
START_TEST(a_lost_root_hides_no_stray_reference)
{
    char says[80];
    uint64_t stray = mm_free(f.hv);

    lose_a_root();
    PLANT(*entry(1), mm_pte(stray, 0x5 | XD_PTE_GK));
    snprintf(says, sizeof(says), "frame 0x%llx (none): 0 references and 0 in its type",
             (unsigned long long)stray);
    ck_found(says);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("audit");
    TCase *t = tcase_create("planted");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, a_sound_machine_gives_no_report);
    tcase_add_loop_test(t, counts_that_nothing_holds, 0, 13);
    tcase_add_loop_test(t, disagreements_of_every_kind, 0, (int)XD_ARRAY_SIZE(words));
    tcase_add_test(t, a_broken_list_of_free_frames);
    tcase_add_test(t, linear_entries_are_counted_too);
    tcase_add_test(t, lost_roots_are_held);
    tcase_add_test(t, a_lost_root_hides_no_stray_reference);
    suite_add_tcase(suite, t);
    return fixture_main(suite);
}
