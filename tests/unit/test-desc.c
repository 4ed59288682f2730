/* SPDX-License-Identifier: MIT */
/* test-desc.c: set_gdt, update_descriptor, and which descriptors a guest may have. */
#include "mm.h"

#define HC_GDT    2
#define HC_UPDATE 10

#define CODE  UINT64_C(0x00af9b000000ffff) /* 64-bit, DPL 0 */
#define CODE3 UINT64_C(0x00affb000000ffff)
#define TSS   UINT64_C(0x0000890000000067)
#define GATE(sel, high) \
    ((UINT64_C(0xc) << 40) | (UINT64_C(1) << 47) | (uint64_t)(sel) << 16 | (uint64_t)(high) << 32)

static struct xd_fixture f;

static void setup(void)
{
    fixture_setup(&f);
}

static void teardown(void)
{
    fixture_teardown(&f);
}

/* ---- Descriptors ---- */

static const struct {
    uint64_t in, out;
    bool ok;
} descs[] = {
    {0, 0, true},
    {UINT64_C(0xffff7fffffffffff), UINT64_C(0xffff7fffffffffff), true}, /* not present: anything */
    {CODE, CODE3, true},
    {CODE3, CODE3, true},
    {UINT64_C(0x00cf93000000ffff), UINT64_C(0x00cff3000000ffff), true}, /* data */
    {UINT64_C(0x0000900000000000), UINT64_C(0x0000f00000000000), true},
    {UINT64_C(0x0000800000000123), UINT64_C(0x0000800000000123),
     true},                                   /* upper half of a 16-byte gate */
    {UINT64_C(0x0000820000000000), 0, false}, /* LDT */
    {TSS, 0, false},
    {UINT64_C(0x00008b0000000067), 0, false}, /* busy TSS */
    {UINT64_C(0x00008e0000080000), 0, false}, /* interrupt gate */
    {UINT64_C(0x00008f0000080000), 0, false}, /* trap gate */
    {UINT64_C(0x0000850000080000), 0, false}, /* task gate */
    {UINT64_C(0x0000840000080000), 0, false}, /* 16-bit call gate */
    {GATE(0x0008, 0), GATE(0x000b, 0), true}, /* the gate's DPL goes into the target's RPL */
    {GATE(0x0008, 0x6000), GATE(0x000b, 0), true},
    {GATE(0xe033, 0), GATE(0xe033, 0), true},
    {GATE(0xdff8, 0), GATE(0xdffb, 0), true}, /* the last of the guest's GDT */
    {GATE(0xe000, 0), 0, false},
    {GATE(0xe030, 0), 0, false},
    {GATE(0xe02b, 0), 0, false},
    {GATE(0xfffc, 0), GATE(0xffff, 0), true}, /* an LDT selector */
    {GATE(0x0008, 1), 0, false},
    {GATE(0x0008, 0x80), 0, false},
};

START_TEST(descriptors_are_judged_and_raised_to_ring_3)
{
    uint64_t mfn = mm_page(f.d1, 0), at = mm_ptr(mfn, 7);

    if (!descs[_i].ok) {
        ck_refused(f.v1, fixture_call(f.v1, HC_UPDATE, at, descs[_i].in), EINVAL, DESC_VALUE);
        ck_assert_uint_eq(mm_word(f.hv, mfn, 7), 0);
        return;
    }
    ck_ok(f.v1, fixture_call(f.v1, HC_UPDATE, at, descs[_i].in));
    ck_assert_uint_eq(mm_word(f.hv, mfn, 7), descs[_i].out);
}
END_TEST

/* ---- set_gdt ---- */

static long set_gdt(const uint64_t *frames, uint32_t nr, uint32_t entries)
{
    return fixture_call(f.v1, HC_GDT, fixture_place(&f, f.v1, frames, nr * sizeof(*frames)),
                        entries);
}

START_TEST(a_gdt_holds_its_frames)
{
    uint64_t frames[2] = {mm_page(f.d1, 0), mm_page(f.d1, 1)};

    mm_poke(f.hv, frames[0], 2, CODE);
    mm_poke(f.hv, frames[1], 511, CODE);
    ck_ok(f.v1, set_gdt(frames, 2, 513));
    ck_assert_uint_eq(f.v1->gdt_ents, 513);
    ck_frame(f.hv, frames[0], XD_TYPE_SEG_DESC, 1, 2, ALLOC | VALID);
    ck_frame(f.hv, frames[1], XD_TYPE_SEG_DESC, 1, 2, ALLOC | VALID);
    ck_assert_uint_eq(mm_word(f.hv, frames[0], 2), CODE3);
    ck_assert_uint_eq(mm_word(f.hv, frames[1], 511), CODE3); /* beyond the entries, yet audited */
    ck_ok(f.v1, set_gdt(frames, 2, 512));
    ck_frame(f.hv, frames[1], XD_TYPE_SEG_DESC, 0, 1, ALLOC | VALID);
    frames[1] = frames[0];
    ck_ok(f.v1, set_gdt(frames, 2, 1024)); /* one frame twice */
    ck_frame(f.hv, frames[0], XD_TYPE_SEG_DESC, 2, 3, ALLOC | VALID);
    ck_ok(f.v1, fixture_call(f.v1, HC_GDT, 0, 0)); /* none: the list is not read */
    ck_frame(f.hv, frames[0], XD_TYPE_SEG_DESC, 0, 1, ALLOC | VALID);
    ck_assert_uint_eq(f.v1->gdt_ents, 0);
}
END_TEST

START_TEST(a_gdt_has_at_most_14_pages)
{
    uint64_t frames[14];

    for (unsigned int i = 0; i < 14; i++)
        frames[i] = mm_page(f.d1, i);
    ck_ok(f.v1, set_gdt(frames, 14, 7168));
    ck_refused(f.v1, set_gdt(frames, 14, 7169), EINVAL, GDT_ENTRIES);
    ck_refused(f.v1, fixture_call(f.v1, HC_GDT, 0, 0xffffffff), EINVAL, GDT_ENTRIES);
    ck_assert_uint_eq(f.v1->gdt_ents, 7168);
    ck_refused(f.v1, fixture_call(f.v1, HC_GDT, fixture_hole(f.v1) - 8, 513), EFAULT, GDT_LIST);
    ck_assert_uint_eq(f.v1->gdt_ents, 7168);
}
END_TEST

START_TEST(a_refused_gdt_leaves_the_old_one)
{
    uint64_t good = mm_page(f.d1, 0), bad = mm_page(f.d1, 1), second = mm_page(f.d1, 2);
    const struct {
        uint64_t mfn;
        enum xd_why why;
    } refused[] = {
        {mm_page(f.d2, 0), XD_WHY_GDT_FRAME},
        {f.hv->frames, XD_WHY_GDT_FRAME},
        {0, XD_WHY_GDT_FRAME},
        {mm_mapped(f.d1, 0), XD_WHY_FRAME_MAPPED_WRITABLE},
        {mm_table(f.d1, 1), XD_WHY_FRAME_OTHER_TYPE},
        {bad, XD_WHY_DESC_BAD},
    };

    mm_poke(f.hv, bad, 3, CODE);
    mm_poke(f.hv, bad, 4, TSS);
    mm_poke(f.hv, bad, 5, CODE);
    ck_ok(f.v1, set_gdt(&good, 1, 9));
    for (unsigned int i = 0; i < XD_ARRAY_SIZE(refused); i++) {
        uint64_t frames[2] = {second, refused[i].mfn};

        ck_refused_as(f.v1, set_gdt(frames, 2, 1024), XD_EINVAL, refused[i].why);
        ck_assert_uint_eq(mm_frame(f.hv, second)->type_count, 0);
        ck_assert_uint_eq(f.v1->gdt_ents, 9);
        ck_frame(f.hv, good, XD_TYPE_SEG_DESC, 1, 2, ALLOC | VALID);
    }
    ck_frame(f.hv, bad, XD_TYPE_NONE, 0, 1, ALLOC);
    ck_assert_uint_eq(mm_word(f.hv, bad, 3), CODE3); /* rewritten before the bad one was met */
    ck_assert_uint_eq(mm_word(f.hv, bad, 5), CODE);
}
END_TEST

START_TEST(each_vcpu_has_its_own)
{
    uint64_t mfn = mm_page(f.d1, 0), list = fixture_place(&f, f.v1, &mfn, 8);
    uint64_t flushes = f.v1->tlb_flushes;

    ck_ok(f.v1, fixture_call(f.v1, HC_GDT, list, 1));
    ck_assert_uint_eq(f.v1->tlb_flushes, flushes + 1);
    ck_ok(f.v1b, fixture_call(f.v1b, HC_GDT, list, 1));
    ck_frame(f.hv, mfn, XD_TYPE_SEG_DESC, 2, 3, ALLOC | VALID);
}
END_TEST

/* ---- update_descriptor ---- */

START_TEST(the_place_of_a_descriptor)
{
    uint64_t gdt = mm_page(f.d1, 0), table = mm_table(f.d1, 2), former = mm_page(f.d1, 1);
    uint64_t old = mm_word(f.hv, table, 9);

    ck_refused(f.v1, fixture_call(f.v1, HC_UPDATE, mm_ptr(gdt, 0) + 4, CODE), EINVAL, DESC_ALIGN);
    ck_refused(f.v1, fixture_call(f.v1, HC_UPDATE, mm_ptr(mm_page(f.d2, 0), 0), CODE), EINVAL,
               DESC_FRAME);
    ck_refused(f.v1, fixture_call(f.v1, HC_UPDATE, mm_ptr(f.hv->frames, 0), CODE), EINVAL,
               DESC_FRAME);
    ck_refused(f.v1, fixture_call(f.v1, HC_UPDATE, mm_ptr(table, 9), CODE), EINVAL, DESC_TYPE);
    ck_assert_uint_eq(mm_word(f.hv, table, 9), old);
    ck_ok(f.v1, set_gdt(&gdt, 1, 1));
    ck_ok(f.v1, fixture_call(f.v1, HC_UPDATE, mm_ptr(gdt, 3), CODE)); /* live */
    ck_assert_uint_eq(mm_word(f.hv, gdt, 3), CODE3);
    ck_ok(f.v1, fixture_call(f.v1, HC_GDT, 0, 0));
    ck_ok(f.v1, fixture_call(f.v1, HC_UPDATE, mm_ptr(gdt, 4), CODE)); /* still of that type */
    ck_frame(f.hv, gdt, XD_TYPE_SEG_DESC, 0, 1, ALLOC | VALID);
    ck_ok(f.v1, fixture_call(f.v1, HC_UPDATE, mm_ptr(mm_mapped(f.d1, 0), 0), CODE));
    ck_ok(f.v1, mm_ext(&f, f.v1, PIN_L1, former));
    ck_refused(f.v1, fixture_call(f.v1, HC_UPDATE, mm_ptr(former, 0), CODE), EINVAL, DESC_TYPE);
    ck_ok(f.v1, mm_ext(&f, f.v1, UNPIN, former));
    ck_ok(f.v1, fixture_call(f.v1, HC_UPDATE, mm_ptr(former, 0), CODE));
    ck_frame(f.hv, former, XD_TYPE_WRITABLE, 0, 1, ALLOC | VALID);
}
END_TEST

/* A seg_desc page whose contents may have changed is audited again; one whose contents can't have is not. */
START_TEST(a_page_that_was_written_meanwhile_is_audited_again)
{
    uint64_t mfn = mm_page(f.d1, 0);

    ck_ok(f.v1, set_gdt(&mfn, 1, 1));
    ck_ok(f.v1, fixture_call(f.v1, HC_GDT, 0, 0));
    ck_ok(f.v1, mm_update(&f, f.v1, mm_ptr(mfn, 0), TSS)); /* becomes plain memory by this */
    ck_refused(f.v1, set_gdt(&mfn, 1, 1), EINVAL, DESC_BAD);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("desc");
    TCase *t = tcase_create("descriptor tables");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, descriptors_are_judged_and_raised_to_ring_3, 0,
                        (int)XD_ARRAY_SIZE(descs));
    tcase_add_test(t, a_gdt_holds_its_frames);
    tcase_add_test(t, a_gdt_has_at_most_14_pages);
    tcase_add_test(t, a_refused_gdt_leaves_the_old_one);
    tcase_add_test(t, each_vcpu_has_its_own);
    tcase_add_test(t, the_place_of_a_descriptor);
    tcase_add_test(t, a_page_that_was_written_meanwhile_is_audited_again);
    suite_add_tcase(suite, t);
    return fixture_main(suite);
}
