/* SPDX-License-Identifier: MIT */
/*
 * test-oracles.c: each oracle says nothing of a sound machine, and complains of one that is broken
 * by hand in the way that it is there for.
 */
#include "mm.h"

#include "fuzz/generate.h"
#include "fuzz/judge.h"

#include <stdlib.h>
#include <string.h>

static struct xd_fixture f;
static struct xd_oracles *o;

static void setup(void)
{
    fixture_setup(&f);
}

static void teardown(void)
{
    xd_oracles_free(o);
    o = NULL;
    if (f.hv)
        xd_hv_destroy(f.hv); /* without the fixture's audit: these machines are broken */
}

static void ask(uint32_t which)
{
    xd_oracles_free(o);
    o = xd_oracles_new(which, 1);
    xd_oracles_start(o);
}

#define ck_says(said, words)                                                                  \
    do {                                                                                      \
        const char *said_ = (said);                                                           \
        ck_assert_msg(said_ &&strstr(said_, words), "said: %s", said_ ? said_ : "(nothing)"); \
    } while (0)

START_TEST(audit_tells_of_a_wrong_count)
{
    ask(XD_ORACLE_AUDIT);
    ck_assert_ptr_null(xd_oracles_step(o, f.hv));
    mm_frame(f.hv, mm_page(f.d1, 0))->count++;
    ck_says(xd_oracles_step(o, f.hv), "audit: frame");
}
END_TEST

/* What the counts would not show: each is written past all rules. */
static uint64_t l1_slot_of(struct xd_domain *d, unsigned int k)
{
    return mm_entry_at(d, mm_va(d, k), 1);
}

static void poke_entry(uint64_t at, uint64_t e)
{
    mm_poke(f.hv, at >> XD_PAGE_SHIFT, (unsigned int)(at / 8 % XD_PT_SLOTS), e);
}

START_TEST(reach_tells_of_a_writable_table)
{
    ask(XD_ORACLE_REACH);
    ck_assert_ptr_null(xd_oracles_step(o, f.hv));
    poke_entry(l1_slot_of(f.d1, 0), mm_pte(mm_table(f.d1, 2), XD_PTE_P | XD_PTE_RW | XD_PTE_US));
    ck_says(xd_oracles_step(o, f.hv), "writable, which is in use as l2");
}
END_TEST

START_TEST(reach_tells_of_frames_of_others)
{
    ask(XD_ORACLE_REACH);
    poke_entry(l1_slot_of(f.d0, 0), mm_pte(mm_page(f.d1, 0), XD_PTE_P | XD_PTE_US));
    ck_assert_ptr_null(xd_oracles_step(o, f.hv)); /* the control domain may */
    poke_entry(l1_slot_of(f.d1, 0), mm_pte(mm_page(f.d2, 0), XD_PTE_P | XD_PTE_US));
    ck_says(xd_oracles_step(o, f.hv), "of another owner");
}
END_TEST

/* What the control domain puts into tables of one domain, another must not have. */
START_TEST(reach_lets_a_domain_have_what_it_was_given)
{
    const uint64_t of_d1[6] = {0, 1, 0, (uint64_t)(f.d1->domid + 1) << 16 | f.d2->domid};

    ask(XD_ORACLE_REACH);
    xd_oracles_before(o, f.v0, 1, of_d1, 0);
    poke_entry(l1_slot_of(f.d1, 0), mm_pte(mm_page(f.d2, 0), XD_PTE_P | XD_PTE_US));
    ck_assert_ptr_null(xd_oracles_step(o, f.hv));
    poke_entry(l1_slot_of(f.d2, 0), mm_pte(mm_page(f.d1, 0), XD_PTE_P | XD_PTE_US));
    ck_says(xd_oracles_step(o, f.hv), "of another owner");
}
END_TEST

START_TEST(reach_tells_of_free_frames_and_io_memory)
{
    ask(XD_ORACLE_REACH);
    poke_entry(l1_slot_of(f.d1, 0), mm_pte(mm_free(f.hv), XD_PTE_P | XD_PTE_US));
    poke_entry(l1_slot_of(f.d1, 1), mm_pte(0xa0, XD_PTE_P | XD_PTE_US));
    ck_says(xd_oracles_step(o, f.hv), "which is free");
    ck_says(xd_oracles_step(o, f.hv), "maps I/O memory 0xa0");
}
END_TEST

/* What a domain maps stays when the control domain takes its rights; another must have some. */
START_TEST(reach_lets_a_domain_keep_what_it_had)
{
    const struct xd_abi_domctl op = {.cmd = 20, .interface_version = 0x15, .domain = f.d1->domid};
    const uint64_t of_d1[6] = {fixture_place(&f, f.v0, &op, sizeof(op))};

    ask(XD_ORACLE_REACH);
    xd_oracles_before(o, f.v0, 36, of_d1, 0);
    poke_entry(l1_slot_of(f.d1, 0), mm_pte(0xa0, XD_PTE_P | XD_PTE_US | XD_PTE_PCD));
    ck_assert_ptr_null(xd_oracles_step(o, f.hv));
    poke_entry(l1_slot_of(f.d2, 0), mm_pte(0xa0, XD_PTE_P | XD_PTE_US | XD_PTE_PCD));
    ck_says(xd_oracles_step(o, f.hv), "maps I/O memory 0xa0");
}
END_TEST

START_TEST(reach_tells_of_superpages_and_bits)
{
    uint64_t at = mm_entry_at(f.d1, mm_va(f.d1, 0), 2);

    ask(XD_ORACLE_REACH);
    poke_entry(at, mm_entry(f.d1, mm_va(f.d1, 0), 2) | XD_PTE_PSE);
    ck_says(xd_oracles_step(o, f.hv), "is a superpage at level 2");
    ck_says(xd_oracles_step(o, f.hv), "has bits 0x80");
}
END_TEST

/* The table's own entry for itself makes all tables mapped through it; read-only that is harmless. */
START_TEST(reach_follows_linear_entries)
{
    uint64_t l4 = mm_table(f.d1, 4);

    ask(XD_ORACLE_REACH);
    mm_poke(f.hv, l4, 5, mm_pte(l4, XD_PTE_P | XD_PTE_US));
    ck_assert_ptr_null(xd_oracles_step(o, f.hv));
    mm_poke(f.hv, l4, 5, mm_pte(l4, XD_PTE_P | XD_PTE_US | XD_PTE_RW));
    ck_says(xd_oracles_step(o, f.hv), "writable, which is in use as l3");
}
END_TEST

START_TEST(reach_tells_of_xens_slots)
{
    ask(XD_ORACLE_REACH);
    mm_poke(f.hv, mm_table(f.d1, 4), 260, mm_pte(mm_page(f.d1, 0), XD_PTE_P | XD_PTE_US));
    ck_says(xd_oracles_step(o, f.hv), "Xen's slot 260");
}
END_TEST

static const uint64_t bad_descriptor[] = {
    UINT64_C(0x00cf9b000000ffff), /* code of ring 0 */
    UINT64_C(0x0000e9000000ffff), /* a TSS */
    UINT64_C(0x0000ec0000230000), /* a call gate of ring 3 */
    UINT64_C(0x00008c00e0200000), /* ... to a selector of ring 0 */
};

START_TEST(reach_tells_of_descriptors)
{
    uint64_t gdt = mm_page(f.d1, 0), list = fixture_place(&f, f.v1, &gdt, sizeof(gdt));

    ask(XD_ORACLE_REACH);
    ck_ok(f.v1, fixture_call(f.v1, 2, list, 512));
    ck_assert_ptr_null(xd_oracles_step(o, f.hv));
    mm_poke(f.hv, gdt, 7, bad_descriptor[_i]);
    ck_says(xd_oracles_step(o, f.hv), "descriptor 7 of frame");
}
END_TEST

/* A call that says no and does something; (why) is what it says. */
static const char *refused(enum xd_why why, uint64_t nr, void (*change)(void))
{
    uint64_t arg[6] = {0, 1};

    ask(XD_ORACLE_REFUSED);
    xd_oracles_before(o, f.v1, nr, arg, 0);
    f.v1->rec.reject.why = (uint16_t)why;
    f.v1->rec.arg[1] = arg[1];
    change();
    return xd_oracles_after(o, f.v1, nr, arg, -XD_EINVAL, 0);
}

static void a_reference(void)
{
    struct xd_frame *page = mm_frame(f.hv, mm_page(f.d1, 0));

    XD_PUT(f.hv, page->count, page->count + 1);
}

static void a_reference_and_back(void)
{
    struct xd_frame *page = mm_frame(f.hv, mm_page(f.d1, 0));

    XD_PUT(f.hv, page->count, page->count + 1);
    XD_PUT(f.hv, page->count, page->count - 1);
}

static void a_pin(void)
{
    struct xd_frame *page = mm_frame(f.hv, mm_page(f.d1, 0));

    XD_PUT(f.hv, page->flags, page->flags | XD_FRAME_PINNED);
}

static void a_type(void)
{
    struct xd_frame *page = mm_frame(f.hv, mm_page(f.d1, 0));

    XD_PUT(f.hv, page->type, (uint8_t)(page->type ^ XD_TYPE_L1));
}

static void a_port(void)
{
    XD_PUT(f.hv, f.d1->ports_active, f.d1->ports_active + 1);
}

static void more_ports(void)
{
    XD_PUT(f.hv, f.d1->ports_valid, f.d1->ports_valid + 64);
}

static void an_accessed_bit(void)
{
    uint64_t at = mm_entry_at(f.d1, mm_va(f.d1, 0), 1);
    uint64_t *e = xd_frame_words(f.hv, xd_mfn_of(at >> XD_PAGE_SHIFT)) + at / 8 % XD_PT_SLOTS;

    XD_PUT(f.hv, *e, *e ^ XD_PTE_A);
}

static void an_entry(void)
{
    uint64_t at = mm_entry_at(f.d1, mm_va(f.d1, 0), 1);
    uint64_t *e = xd_frame_words(f.hv, xd_mfn_of(at >> XD_PAGE_SHIFT)) + at / 8 % XD_PT_SLOTS;

    XD_PUT(f.hv, *e, *e ^ XD_PTE_NX);
}

static void a_text(void)
{
    uint64_t *text = xd_frame_words(f.hv, xd_mfn_of(mm_mapped(f.d1, 1)));

    XD_PUT(f.hv, *text, *text + 1);
}

static void anothers_text(void)
{
    uint64_t *text = xd_frame_words(f.hv, xd_mfn_of(mm_mapped(f.d2, 1)));

    XD_PUT(f.hv, *text, *text + 1);
}

static void nothing(void)
{
}

static uint64_t place_of_answer(void)
{
    return mm_va(f.d1, 1) + 4;
}

static void half_of(uint64_t off, uint32_t value)
{
    uint32_t *at = (uint32_t *)(void *)(xd_frame_words(f.hv, xd_mfn_of(mm_mapped(f.d1, 1)))) + off;

    XD_PUT(f.hv, *at, value);
}

static void the_answer(void)
{
    half_of(1, 7);
}

static void beside_the_answer(void)
{
    half_of(0, 7);
}

/* A batch whose request (index) is refused: what those before did, and what this one does. */
static const char *refused_batch(uint32_t index, void (*before)(void), void (*change)(void))
{
    const uint64_t arg[6] = {0, 3, place_of_answer()};

    ask(XD_ORACLE_REFUSED);
    xd_oracles_before(o, f.v1, 1, arg, 0);
    before();
    f.v1->rec.nr = 1;
    f.v1->rec.reject.why = XD_WHY_L1E_RW_TABLE;
    memcpy(f.v1->rec.arg, arg, sizeof(arg));
    f.v1->rec.batch = true;
    f.v1->rec.index = index;
    f.v1->rec.journal = xd_arena_of(f.hv)->undo_nr;
    change();
    return xd_oracles_after(o, f.v1, 1, arg, -XD_EINVAL, 0);
}

START_TEST(refused_batches_keep_what_came_before)
{
    ck_says(refused_batch(0, nothing, a_reference), "the counts of frame");
    ck_says(refused_batch(2, nothing, a_reference), "the counts of frame");
    ck_says(refused_batch(2, a_port, a_reference), "the counts of frame");
    ck_assert_ptr_null(refused_batch(2, a_reference, nothing));
    ck_assert_ptr_null(refused_batch(2, a_reference, the_answer));
    ck_says(refused_batch(2, nothing, beside_the_answer), "word 0 of frame");
}
END_TEST

/* ... a call whose answer can't be told, of (n) bytes at the second page of the window. */
static const char *untold(uint64_t nr, uint64_t op, uint64_t n, void (*change)(void))
{
    const uint64_t arg[6] = {op};

    ask(XD_ORACLE_REFUSED);
    xd_oracles_before(o, f.v1, nr, arg, 0);
    f.v1->rec.nr = nr;
    f.v1->rec.arg[0] = op;
    f.v1->rec.reject = (struct xd_reject){.why = XD_WHY_COPY_OUT, .arg = {place_of_answer(), n}};
    change();
    return xd_oracles_after(o, f.v1, nr, arg, -XD_EFAULT, 0);
}

static void a_pirq(void)
{
    XD_PUT(f.hv, f.d1->pirq[3].irq, 5);
}

START_TEST(calls_that_can_not_tell_leave_what_they_do)
{
    ck_assert_ptr_null(untold(32, 6, 4, a_port)); /* alloc_unbound */
    ck_assert_ptr_null(untold(32, 6, 4, more_ports));
    ck_says(untold(32, 6, 4, a_reference), "the counts of frame");
    ck_says(untold(32, 6, 4, a_pirq), "of domain");
    ck_says(untold(32, 5, 24, a_port), "of domain"); /* status */
    ck_assert_ptr_null(untold(33, 13, 24, a_pirq));  /* map_pirq */
    ck_says(untold(33, 5, 8, a_port), "of domain");  /* irq_status_query */
    ck_assert_ptr_null(untold(17, 1, 4, the_answer));
    half_of(1, 0);
    ck_says(untold(17, 1, 4, beside_the_answer), "word 0 of frame");
    ck_says(untold(17, 1, 4, anothers_text), "word 0 of frame");
    ck_says(untold(17, 1, 4, a_port), "of domain");
    ck_says(untold(12, 12, 24, a_reference), "the counts of frame"); /* machphys_mapping */
    ck_assert_ptr_null(untold(12, 11, 24, a_reference));             /* exchange */
}
END_TEST

START_TEST(refused_calls_leave_what_xen_leaves_and_nothing_else)
{
    ck_says(refused(XD_WHY_L1E_RW_TABLE, 1, a_reference), "the counts of frame");
    ck_says(refused(XD_WHY_L1E_RW_TABLE, 1, a_reference), " references, ");
    ck_assert_ptr_null(strstr(refused(XD_WHY_L1E_RW_TABLE, 1, a_reference), "was 0x"));
    ck_assert_ptr_null(refused(XD_WHY_L1E_RW_TABLE, 1, a_reference_and_back));
    ck_says(refused(XD_WHY_PIN_FRAME, 26, a_pin), "the type of frame");
    ck_assert_ptr_null(refused(XD_WHY_FRAME_OTHER_TYPE, 26, a_type));
    ck_says(refused(XD_WHY_EVTCHN_FULL, 32, a_type), "the type of frame");
    ck_says(refused(XD_WHY_EVTCHN_FULL, 32, a_type), " linear count 0 and is ");
    ck_says(refused(XD_WHY_EVTCHN_FULL, 32, a_port), "of domain");
    ck_says(refused(XD_WHY_EVTCHN_FULL, 32, more_ports), "of domain");
    ck_assert_ptr_null(refused(XD_WHY_EVTCHN_NOT_UNBOUND, 32, more_ports));
    ck_assert_ptr_null(refused(XD_WHY_EVTCHN_FULL, 32, an_accessed_bit));
    ck_says(refused(XD_WHY_EVTCHN_FULL, 32, an_entry), "word");
    ck_says(refused(XD_WHY_VA_TABLE_TYPE, 14, an_entry), "word");
    ck_says(refused(XD_WHY_CONSOLE_READ_COUNT, 18, an_entry), "word");
    ck_says(refused(XD_WHY_CONSOLE_READ_COPY, 18, an_entry), "word");
    ck_assert_ptr_null(refused(XD_WHY_CONSOLE_READ_COPY, 18, a_text));
    ck_says(refused(XD_WHY_CONSOLE_READ_COPY, 18, anothers_text), "word");
    ck_says(refused(XD_WHY_NOT_MODELLED, 18, a_port), "of domain");
    ck_assert_ptr_null(refused(XD_WHY_VA_FLUSH_MASK, 14, an_entry));
}
END_TEST

/* Asked of entries of lists too: a list must not go on when its vCPU can't. */
START_TEST(running_tells_of_calls_by_who_cannot_run)
{
    const uint64_t arg[6] = {0};

    ask(XD_ORACLE_RUNNING);
    xd_oracles_before(o, f.v0, 17, arg, 0);
    ck_assert_ptr_null(xd_oracles_after(o, f.v0, 17, arg, 0, 0));
    xd_oracles_before(o, f.v1down, 17, arg, 1);
    ck_says(xd_oracles_after(o, f.v1down, 17, arg, 0, 1),
            "running: d1v2 makes call 17, and it is down");
    ask(XD_ORACLE_RUNNING);
    ck_ok(f.v1, fixture_call(f.v1, 29, 1, 0)); /* block */
    xd_oracles_before(o, f.v1, 17, arg, 1);
    ck_says(xd_oracles_step(o, f.hv), "running: d1v0 makes call 17, and it is blocked");
}
END_TEST

/* One entry of a list comes back. */
static const char *entry_is_over(void)
{
    const uint64_t arg[6] = {0};

    xd_oracles_before(o, f.v0, 17, arg, 1);
    return xd_oracles_after(o, f.v0, 17, arg, 0, 1);
}

/* After each of the first 64 entries, then every 64th, and when the list is over. */
START_TEST(long_lists_are_looked_at_now_and_then)
{
    unsigned int n;

    ask(XD_ORACLE_AUDIT);
    for (n = 0; n < 64; n++)
        ck_assert_ptr_null(entry_is_over());
    mm_frame(f.hv, mm_page(f.d1, 0))->count++;
    for (; n < 127; n++)
        ck_assert_ptr_null(entry_is_over());
    ck_says(entry_is_over(), "audit: frame");
    mm_frame(f.hv, mm_page(f.d1, 0))->count--;

    ask(XD_ORACLE_AUDIT);
    for (n = 0; n < 63; n++)
        ck_assert_ptr_null(entry_is_over());
    mm_frame(f.hv, mm_page(f.d1, 0))->count++;
    ck_says(entry_is_over(), "audit: frame");
    mm_frame(f.hv, mm_page(f.d1, 0))->count--;

    ask(XD_ORACLE_AUDIT);
    for (n = 0; n < 65; n++)
        ck_assert_ptr_null(entry_is_over());
    mm_frame(f.hv, mm_page(f.d1, 0))->count++;
    ck_assert_ptr_null(entry_is_over());
    ck_says(xd_oracles_step(o, f.hv), "audit: frame");
}
END_TEST

START_TEST(teardown_tells_of_what_is_left)
{
    ask(XD_ORACLE_TEARDOWN);
    mm_frame(f.hv, mm_page(f.d1, 0))->count++;
    ck_says(xd_oracles_end(o, f.hv),
            "d1 was destroyed, as all were, and is still there with 1 pages");
    ck_says(xd_oracles_end(o, f.hv), "is still there: owner d1");
}
END_TEST

START_TEST(teardown_is_content_with_a_sound_machine)
{
    ask(XD_ORACLE_ALL);
    ck_ok(f.v0, fixture_call(f.v0, 14, mm_va(f.d0, 0), mm_pte(mm_page(f.d0, 0), XD_PTE_P)));
    ck_assert_ptr_null(xd_oracles_end(o, f.hv));
    ck_assert_ptr_null(f.hv->domain[0].used ? "used" : NULL);
}
END_TEST

START_TEST(generated_programs_are_not_guilty)
{
    const struct xd_judge judge = {.oracles = o = xd_oracles_new(XD_ORACLE_ALL, 1), .twice = true};

    for (uint64_t seed = 0; seed < 40; seed++) {
        const struct xd_generate g = {.seed = seed, .steps = 24, .two_domains = seed % 3};
        struct xd_str text = {0};
        struct xd_judgement j;
        struct xd_program *p;
        char *error = NULL;

        xd_generate_text(&g, &text);
        p = xd_program_parse("generated", xd_str_text(&text), text.len, &error);
        ck_assert_ptr_nonnull(p);
        xd_judge_program(p, &judge, &j);
        ck_assert_msg(!j.guilty, "seed %d, line %u: %s", (int)seed, j.line, j.complaint);
        ck_assert_uint_gt(j.calls, 0);
        ck_assert_uint_ne(j.digest, 0);
        xd_program_free(p);
        xd_str_free(&text);
    }
}
END_TEST

static struct xd_judgement judged(const char *text)
{
    const struct xd_judge judge = {.oracles = o = xd_oracles_new(XD_ORACLE_ALL, 1)};
    char *error = NULL;
    struct xd_program *p = xd_program_parse("text", text, strlen(text), &error);
    struct xd_judgement j;

    ck_assert_msg(p != NULL, "%s", error);
    xd_judge_program(p, &judge, &j);
    xd_program_free(p);
    xd_oracles_free(o);
    o = NULL;
    return j;
}

#define IRET "iret [-22, 1, 2, 0, 0x1000, 0xe030, 2, start.padding_va, 0xe02b]"

/* It goes to a context whose RAX may look like an error; behind it a list has no result either. */
START_TEST(an_iret_is_not_refused)
{
    const uint32_t building = judged("domain d1\n").calls;
    struct xd_judgement j =
        judged("domain d1\n" IRET "\nmulticall { sched_op yield ; " IRET " }\n"
               "multicall { sched_op yield ; event_channel_op send port=99 }\nhypercall 29 99 0\n");

    ck_assert_msg(!j.guilty, "%s", j.complaint);
    ck_assert_uint_eq(j.calls - building, 8);
    ck_assert_uint_eq(j.refused, 2);
}
END_TEST

/* A root table of a new vCPU whose audit fails behind its first entry is given up by the caller's next batch. */
START_TEST(a_refused_root_may_be_left)
{
    struct xd_judgement j = judged("domain d1 vcpus=2\nmmu_update [page(1)[1] = 1]\n"
                                   "update_va_mapping va(2) pte(page(0), P|RW)\n"
                                   "update_va_mapping va(3) pte(page(2), P|RW)\n"
                                   "store va(2)+512 4\nstore va(2)+5008 mach(page(1))\n"
                                   "vcpu_op 0 1 va(2)\n");

    ck_assert_msg(!j.guilty, "%s", j.complaint);
    ck_assert_uint_eq(j.refused, 1);
}
END_TEST

/* AS-XEN: iret_exit_to_guest clears VM on the way out, whatever a context says. */
START_TEST(a_context_may_ask_for_vm86)
{
    struct xd_judgement j = judged("domain d1 vcpus=2 online=1\n"
                                   "update_va_mapping va(0) pte(page(0), P|RW|US)\n"
                                   "update_va_mapping va(1) pte(page(1), P|RW|US)\n"
                                   "store va(0)+512 4\nstore va(0)+648 start.kernel_va\n"
                                   "store va(0)+664 0x20002\nstore va(0)+5008 mach(cr3())\n"
                                   "vcpu_op 0 1 va(0)\nvcpu_op 1 1 0\n");

    ck_assert_msg(!j.guilty, "%s", j.complaint);
    ck_assert_uint_eq(j.refused, 0);
}
END_TEST

/* The processor looks where it goes when its list is over. */
START_TEST(an_iret_in_a_list_may_go_anywhere)
{
    struct xd_judgement j = judged("domain d1\nmulticall { iret [0, 0, 0, 0, 0x800000000000] }\n");

    ck_assert_msg(!j.guilty, "%s", j.complaint);
}
END_TEST

/* An opinion that changes the machine, otherwise in each run, in ways that no oracle minds. */
static uint64_t runs;

static void run_begins(void *ctx)
{
    (void)ctx;
    runs++;
}

static void call_begins(void *ctx, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg,
                        unsigned int depth)
{
    (void)ctx, (void)v, (void)nr, (void)arg, (void)depth;
}

static const char *call_ended(void *ctx, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg,
                              int64_t rc, unsigned int depth)
{
    (void)ctx, (void)v, (void)nr, (void)arg, (void)rc, (void)depth;
    return NULL;
}

static const char *time_passes(void *ctx, struct xd_hv *hv)
{
    hv->now_ns += *(const uint64_t *)ctx * runs;
    return NULL;
}

static const char *second_run_is_bad(void *ctx, struct xd_hv *hv)
{
    (void)ctx, (void)hv;
    return runs == 2 ? "model: it is wrong\n" : NULL;
}

static const struct xd_judgement *judged_twice(const char *(*step)(void *, struct xd_hv *),
                                               uint64_t ns, bool twice)
{
    static const char text[] = "domain d0\nsched_op yield\n";
    static struct xd_judgement j;
    const struct xd_opinion opinion = {run_begins, call_begins, call_ended, step, &ns};
    const struct xd_judge judge = {
        .oracles = o = xd_oracles_new(XD_ORACLE_ALL, 1), .opinion = &opinion, .twice = twice};
    char *error = NULL;
    struct xd_program *p = xd_program_parse("text", text, strlen(text), &error);

    runs = 0;
    free(j.complaint);
    xd_judge_program(p, &judge, &j);
    xd_program_free(p);
    xd_oracles_free(o);
    o = NULL;
    return &j;
}

START_TEST(digest_tells_of_runs_that_differ)
{
    const struct xd_judgement *j = judged_twice(time_passes, 1, true);

    ck_assert(j->guilty);
    ck_says(j->complaint, "digest: the program ran twice, and the machines were 0x");
    ck_says(j->complaint, " and, a new machine, 0x");
    ck_assert_uint_eq(runs, 2);
    j = judged_twice(time_passes, 0, true);
    ck_assert_msg(!j->guilty, "%s", j->complaint);
    ck_assert_uint_eq(runs, 2);
    ck_assert(!judged_twice(time_passes, 1, false)->guilty);
    ck_assert_uint_eq(runs, 1);
    ck_says(
        judged_twice(second_run_is_bad, 0, true)->complaint,
        "digest: the program ran twice, and only the second time, on a new machine, model: it is");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("oracles");
    TCase *t = tcase_create("each alone");

    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, audit_tells_of_a_wrong_count);
    tcase_add_test(t, reach_tells_of_a_writable_table);
    tcase_add_test(t, reach_tells_of_frames_of_others);
    tcase_add_test(t, reach_lets_a_domain_have_what_it_was_given);
    tcase_add_test(t, reach_tells_of_free_frames_and_io_memory);
    tcase_add_test(t, reach_lets_a_domain_keep_what_it_had);
    tcase_add_test(t, reach_tells_of_superpages_and_bits);
    tcase_add_test(t, reach_follows_linear_entries);
    tcase_add_test(t, reach_tells_of_xens_slots);
    tcase_add_loop_test(t, reach_tells_of_descriptors, 0, XD_ARRAY_SIZE(bad_descriptor));
    tcase_add_test(t, refused_calls_leave_what_xen_leaves_and_nothing_else);
    tcase_add_test(t, refused_batches_keep_what_came_before);
    tcase_add_test(t, calls_that_can_not_tell_leave_what_they_do);
    tcase_add_test(t, running_tells_of_calls_by_who_cannot_run);
    tcase_add_test(t, long_lists_are_looked_at_now_and_then);
    tcase_add_test(t, teardown_tells_of_what_is_left);
    tcase_add_test(t, teardown_is_content_with_a_sound_machine);
    tcase_add_test(t, generated_programs_are_not_guilty);
    tcase_add_test(t, an_iret_is_not_refused);
    tcase_add_test(t, an_iret_in_a_list_may_go_anywhere);
    tcase_add_test(t, a_refused_root_may_be_left);
    tcase_add_test(t, a_context_may_ask_for_vm86);
    tcase_add_test(t, digest_tells_of_runs_that_differ);
    suite_add_tcase(suite, t);
    return fixture_main(suite);
}
