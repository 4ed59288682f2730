/* SPDX-License-Identifier: MIT */
/* test-explain.c: a refusal in words: the request, the rule, and every kind of holder of the frame concerned. */
#include "mm.h"

#include <stdio.h>
#include <stdlib.h>
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

/* The explanation of (v)'s last refusal says (words), with %lx for (mfn). */
static void ck_says(struct xd_vcpu *v, const char *words, uint64_t mfn)
{
    char *text = xd_explain(v), want[256];

    snprintf(want, sizeof(want), words, (unsigned long)mfn);
    ck_assert_msg(strstr(text, want) != NULL, "%.1500s\ndoes not say: %s", text, want);
    free(text);
}

START_TEST(nothing_refused_nothing_said)
{
    char *text;

    ck_ok(f.v1, mm_map(f.v1, mm_va(f.d1, 0), 0));
    text = xd_explain(f.v1);
    ck_assert_str_eq(text, "");
    free(text);
}
END_TEST

START_TEST(the_request_the_rule_and_the_mapping_that_breaks_it)
{
    uint64_t mfn = mm_mapped(f.d1, 0);

    ck_refused(f.v1, mm_ext(&f, f.v1, PIN_L1, mfn), EINVAL, FRAME_MAPPED_WRITABLE);
    ck_says(f.v1, "d1v0: mmuext_op(", 0);
    ck_says(f.v1, "request 0: PIN_L1_TABLE mfn=%#lx", mfn);
    ck_says(f.v1, "refused: EINVAL, frame-mapped-writable: frame %#lx is mapped writable (count 1)",
            mfn);
    ck_says(f.v1, "[Xen: _get_page_type]", 0);
    ck_says(f.v1, "frame %#lx: owner d1, pfn ", mfn);
    ck_says(f.v1, "type writable (count 1), 2 references", 0);
    ck_says(f.v1, "mapped writable by slot ", 0);
    ck_says(f.v1, "(at %#lx), d1", mm_va(f.d1, 0));
}
END_TEST

/* Every way to hold a frame, and the words for it. */
static const struct {
    enum { PIN, LINK, BASE, USER_BASE, GDT_USE, LDT_USE, RO_MAP, FOREIGN_MAP } how;
    const char *words;
} holders[] = {
    {PIN, "    pinned\n"},
    {LINK, "    linked by slot 77 of L3 table"},
    {BASE, "    the kernel base pointer of d1v0\n"},
    {USER_BASE, "    the user base pointer of d1v0\n"},
    {GDT_USE, "    a GDT frame of d1v0\n"},
    {LDT_USE, "    an LDT page of d1v0\n"},
    {RO_MAP, "    mapped read-only by slot "},
    {FOREIGN_MAP, ", d0\n"},
};

static uint64_t held(int how)
{
    uint64_t mfn = mm_page(f.d1, 0);

    switch (how) {
    case PIN: ck_ok(f.v1, mm_ext(&f, f.v1, PIN_L2, mfn)); break;
    case LINK:
        ck_ok(f.v1, mm_update(&f, f.v1, mm_ptr(mm_table(f.d1, 3), 77), mm_pte(mfn, 0x7)));
        break;
    case BASE: return mm_table(f.d1, 4);
    case USER_BASE: ck_ok(f.v1, mm_ext(&f, f.v1, NEW_USER_BASEPTR, mfn)); break;
    case GDT_USE: ck_ok(f.v1, fixture_call(f.v1, 2, fixture_place(&f, f.v1, &mfn, 8), 1)); break;
    case LDT_USE:
        ck_assert_int_eq(
            xd_page_and_type_get(f.v1, xd_mfn_of(mfn), 1, XD_TYPE_SEG_DESC, XD_WHY_GDT_FRAME), 0);
        f.v1->ldt_frame[1] = xd_mfn_of(mfn);
        break;
    case RO_MAP:
        ck_ok(f.v1, mm_ext(&f, f.v1, PIN_L2, mfn));
        ck_ok(f.v1, mm_map(f.v1, mm_va(f.d1, 1), mm_pte(mfn, 0x1)));
        break;
    default:
        ck_ok(f.v1, mm_ext(&f, f.v1, PIN_L2, mfn));
        ck_ok(f.v0, fixture_call(f.v0, 22, mm_va(f.d0, 0), mm_pte(mfn, 0x1), 0, 1));
        break;
    }
    return mfn;
}

START_TEST(who_holds_a_frame)
{
    uint64_t mfn = held(holders[_i].how);

    ck_refused(f.v1, mm_map(f.v1, mm_va(f.d1, 0), mm_pte(mfn, 0x3)), EBUSY, L1E_RW_TABLE);
    ck_says(f.v1, holders[_i].words, 0);
}
END_TEST

START_TEST(many_holders_are_counted)
{
    uint64_t mfn = mm_table(f.d1, 1);

    for (unsigned int i = 0; i < 20; i++)
        ck_ok(f.v1, mm_map(f.v1, mm_va(f.d1, i), mm_pte(mfn, 0x1)));
    ck_refused(f.v1, mm_map(f.v1, mm_va(f.d1, 21), mm_pte(mfn, 0x3)), EBUSY, L1E_RW_TABLE);
    ck_says(f.v1, "    and 10 more\n", 0); /* 22 in all: 20, the first mapping and the link */
}
END_TEST

START_TEST(frames_of_all_kinds)
{
    uint64_t given = mm_page(f.d1, 0);

    ck_refused(f.v1, mm_map(f.v1, mm_va(f.d1, 0), mm_pte(mm_free(f.hv), 0x1)), EBUSY,
               L1E_NOT_OWNER);
    ck_says(f.v1, "(its owner is nobody)", 0);
    ck_says(f.v1, ": free\n", 0);
    ck_refused(f.v1, mm_map(f.v1, mm_va(f.d1, 0), mm_pte(f.hv->m2p_first.v, 0x1)), EBUSY,
               L1E_NOT_OWNER);
    ck_says(f.v1, "(its owner is DOMID_XEN, the owner of Xen's shared memory)", 0);
    ck_refused(f.v1, mm_map(f.v1, mm_va(f.d1, 0), mm_pte(f.hv->m2p_l3.v, 0x1)), EBUSY,
               L1E_NOT_OWNER);
    ck_says(f.v1, "owner Xen", 0);
    ck_refused(f.v1, mm_map(f.v1, mm_va(f.d1, 0), mm_pte(f.hv->frames, 0x1)), EPERM, L1E_IOMEM);
    ck_says(f.v1, "not RAM: the machine's frames end at %#lx", f.hv->frames);
    ck_ok(f.v1, mm_ext(&f, f.v1, PIN_L1, given));
    xd_frame_put_allocated(f.hv, xd_mfn_of(given));
    ck_refused(f.v1, mm_ext(&f, f.v1, PIN_L1, given), EINVAL, PIN_TWICE);
    ck_says(f.v1, ", pinned, given back\n", 0);
    ck_refused(f.v1, mm_ext(&f, f.v1, PIN_L1, xd_domain_start(f.d1)->shared_info_mfn), EINVAL,
               FRAME_MAPPED_WRITABLE);
    ck_says(f.v1, ", shared by Xen\n", 0);
}
END_TEST

START_TEST(the_way_down_and_the_linear_way_out)
{
    uint64_t l2 = mm_page(f.d1, 0), l1 = mm_page(f.d1, 1);

    mm_poke(f.hv, l2, 8, mm_pte(l1, 0x3));
    mm_poke(f.hv, l1, 5, mm_pte(mm_page(f.d2, 0), 0x1));
    ck_refused(f.v1, mm_ext(&f, f.v1, PIN_L2, l2), EBUSY, L1E_NOT_OWNER);
    ck_says(f.v1, "found in slot 5 of L1 table %#lx, which was being validated\n", l1);
    ck_says(f.v1, "found in slot 8 of L2 table %#lx, which was being validated\n", l2);
    mm_poke(f.hv, l1, 5, 0);
    ck_ok(f.v1, mm_ext(&f, f.v1, PIN_L2, l2));
    ck_refused(f.v1, mm_update(&f, f.v1, mm_ptr(l2, 9), mm_pte(l2, 0x3)), EINVAL, FRAME_OTHER_TYPE);
    ck_says(f.v1, "nor is it a linear entry: a linear entry to table %#lx must not be writable",
            l2);
    ck_says(f.v1, "request 0: normal: entry %#lx[9] = ", l2);
}
END_TEST

START_TEST(domains_and_operands)
{
    struct xd_abi_evtchn_alloc_unbound alloc = {2, 0, 0};
    struct xd_abi_memory_domid domid = {2};

    ck_refused(f.v1, fixture_run(&f, f.v1, 32, 6, &alloc), EPERM, EVTCHN_PERMISSION);
    ck_says(f.v1, "  alloc_unbound dom=d2 remote_dom=d0\n", 0);
    ck_says(f.v1, "  d2: unprivileged, 1 vCPUs, 2048 pages of at most 2048", 0);
    ck_refused(f.v1, fixture_run(&f, f.v1, 12, 3, &domid), EPERM, MEMOP_PERMISSION);
    ck_says(f.v1, "d1 has no privilege over domain d2", 0);
}
END_TEST

/* Where a command lies in memory, and where it is a register. */
START_TEST(commands_are_named)
{
    uint32_t op[64] = {29, 0x15}, first;
    uint64_t buf[2];

    ck_refused(f.v1, fixture_call(f.v1, 35, fixture_place(&f, f.v1, op, sizeof(op))), EPERM,
               CONTROL_ONLY);
    ck_says(f.v1, "\n  get_cpu_policy\n", 0);
    op[0] = 77777;
    ck_refused(f.v1, fixture_call(f.v1, 35, fixture_place(&f, f.v1, op, sizeof(op))), EPERM,
               CONTROL_ONLY);
    ck_says(f.v1, "\n  command 77777\n", 0);
    first = 14;
    buf[0] = fixture_place(&f, f.v1, &first, sizeof(first));
    buf[1] = sizeof(first);
    ck_refused(f.v1, fixture_call(f.v1, 41, 0, 1, fixture_place(&f, f.v1, buf, sizeof(buf))),
               EINVAL, DM_NOT_HVM);
    ck_says(f.v1, "\n  inject_msi\n", 0);
    ck_refused(f.v1, fixture_call(f.v1, 37, 4), EPERM, CONTROL_ONLY);
    ck_says(f.v1, "kexec_op(op=kexec_load, arg=0)", 0);
}
END_TEST

/* Reading guest memory for people leaves no mark. */
START_TEST(explaining_changes_nothing)
{
    uint64_t digest;

    ck_refused(f.v1, mm_ext(&f, f.v1, PIN_L1, mm_mapped(f.d1, 0)), EINVAL, FRAME_MAPPED_WRITABLE);
    digest = xd_digest(f.hv);
    free(xd_explain(f.v1));
    ck_assert_uint_eq(xd_digest(f.hv), digest);
    ck_assert_uint_eq(xd_why(f.v1), XD_WHY_FRAME_MAPPED_WRITABLE);
}
END_TEST

/* Whatever stands in a record, it can be told: every reason, with wild arguments. */
START_TEST(every_reason_can_be_told)
{
    static const uint64_t wild[] = {0, 1, 5, 0x7ff0, 0xfff, UINT64_C(0xffffffffff), ~UINT64_C(0)};
    char *text;

    for (uint64_t why = 1; why < XD_WHYS; why++)
        for (unsigned int i = 0; i < XD_ARRAY_SIZE(wild); i++) {
            char name[XD_WHY_NAME_MAX];

            xd_reject(f.v1, why, wild[i], wild[(i + 1) % 7], wild[(i + 2) % 7], wild[(i + 3) % 7]);
            text = xd_explain(f.v1);
            ck_assert_ptr_nonnull(strstr(text, xd_why_name((enum xd_why)why, name)));
            ck_assert_ptr_null(strstr(text, "{"));
            free(text);
        }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("explain");
    TCase *t = tcase_create("words");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, nothing_refused_nothing_said);
    tcase_add_test(t, the_request_the_rule_and_the_mapping_that_breaks_it);
    tcase_add_loop_test(t, who_holds_a_frame, 0, (int)XD_ARRAY_SIZE(holders));
    tcase_add_test(t, many_holders_are_counted);
    tcase_add_test(t, frames_of_all_kinds);
    tcase_add_test(t, the_way_down_and_the_linear_way_out);
    tcase_add_test(t, domains_and_operands);
    tcase_add_test(t, commands_are_named);
    tcase_add_test(t, explaining_changes_nothing);
    tcase_add_test(t, every_reason_can_be_told);
    suite_add_tcase(suite, t);
    return fixture_main(suite);
}
