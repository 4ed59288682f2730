/* SPDX-License-Identifier: MIT */
/*
 * test-mirror.c: guest memory by the pointer: translations that are found and flushed, #PF at the guest's
 * handler, several vCPUs, domains, machines and processes.
 */
#define _GNU_SOURCE
#include "mirror.h"

#include <sys/mman.h>

/* ---- Start of day ---- */

START_TEST(the_start_of_day_is_there_to_be_read)
{
    const struct start_info *si = xd_guest_at(g.d, g.s->start_info_va);
    const uint64_t *p2m = xd_guest_p2m(g.d), *l4 = xd_guest_page_table(g.d);
    const struct shared_info *shared = (const void *)g.page;

    ck_assert_int_eq(memcmp(si->magic, "xen-3.0-x86_64", 14), 0);
    ck_assert_uint_eq(si->nr_pages, g.s->pages);
    ck_assert_uint_eq(si->mfn_list, (uintptr_t)p2m);
    ck_assert_uint_eq(si->pt_base, (uintptr_t)l4);
    for (uint64_t pfn = 0; pfn < g.s->pages; pfn++)
        ck_assert_uint_eq(p2m[pfn], xd_domain_mfn(g.d, pfn));
    for (unsigned int i = 0; i < 512; i++)
        ck_assert_uint_eq(l4[i], word(g.s->cr3_mfn, i));
    map(g.page, pte(si->shared_info >> 12, RW), UVMF_INVLPG | UVMF_LOCAL);
    ck_assert_uint_eq(shared->vcpu_info[0].evtchn_upcall_mask, 1);
    xd_guest_shared_info(g.d)->wc_sec_hi = 12345;
    ck_assert_uint_eq(shared->wc_sec_hi, 12345);
}
END_TEST

START_TEST(impossible_windows_are_refused)
{
    struct xd_mirror_config c = XD_MIRROR_CONFIG_DEFAULT;
    uint64_t size;

    c.base = (uintptr_t)g.page;
    ck_assert_int_eq(xd_guest_mirror(g.d, &c), -XD_HOST_EEXIST);
    ck_assert_ptr_nonnull(strstr(xd_hv_error(hv), "something of this process"));
    c.base = 0x1001;
    ck_assert_int_eq(xd_guest_mirror(g.d, &c), -XD_HOST_EINVAL);
    c.base = UINT64_C(0x7fffffff0000);
    ck_assert_int_eq(xd_guest_mirror(g.d, &c), -XD_HOST_EINVAL);
    c.base = UINT64_C(0xffffffff80000000);
    ck_assert_int_eq(xd_guest_mirror(g.d, &c), -XD_HOST_EINVAL);
    c.base = 0;
    c.size = 0;
    ck_assert_int_eq(xd_guest_mirror(g.d, &c), -XD_HOST_EINVAL);
    ck_assert_ptr_null(xd_guest_at(g.d, 0x1000));
    c.size = 64 * PAGE;
    for (unsigned int i = 1; i < 4; i++) {
        ck_assert_int_eq(xd_guest_mirror(g.d, &c), 0);
        ck_assert_ptr_ne(xd_guest_window(g.d, &size), g.page);
        ck_assert_uint_eq(size, 64 * PAGE);
    }
    ck_assert_int_eq(xd_guest_mirror(g.d, &c), -XD_HOST_ENOSPC);
}
END_TEST

/* ---- Use ---- */

START_TEST(what_is_mapped_is_used_by_the_pointer)
{
    map(g.page, pte(g.other, RW), UVMF_INVLPG | UVMF_LOCAL);
    g.page[17] = 99;
    ck_assert_uint_eq(((const unsigned char *)xd_frame_contents(hv, g.other))[17], 99);
    map(g.page, pte(g.mfn, RW), UVMF_INVLPG | UVMF_LOCAL);
    ck_assert_uint_eq(g.page[17], 0);
    g.page[17] = 1;
    ck_assert_uint_eq(((const unsigned char *)xd_frame_contents(hv, g.mfn))[17], 1);
}
END_TEST

START_TEST(accessed_and_dirty_are_set_as_by_a_walk)
{
    uint64_t *e;

    map(g.page, pte(g.other, RW), UVMF_INVLPG | UVMF_LOCAL);
    e = entry_of(&g, g.page);
    ck_assert_uint_eq(*e & (XD_PTE_A | XD_PTE_D), 0);
    ck_assert_uint_eq(*(volatile unsigned char *)g.page, 0);
    ck_assert_uint_eq(*e & (XD_PTE_A | XD_PTE_D), XD_PTE_A);
    g.page[0] = 1;
    ck_assert_uint_eq(*e & (XD_PTE_A | XD_PTE_D), XD_PTE_A | XD_PTE_D);
}
END_TEST

/* As hardware may: until it is flushed. */
START_TEST(a_translation_lives_until_it_is_flushed)
{
    g.page[0] = 1;
    map(g.page, pte(g.other, RW), UVMF_NONE);
    ck_assert_uint_eq(*(volatile unsigned char *)g.page, 1);
    map(g.page, pte(g.other, RW), UVMF_INVLPG | UVMF_LOCAL);
    ck_assert_uint_eq(*(volatile unsigned char *)g.page, 0);
    map(g.page, pte(g.mfn, RW), UVMF_NONE);
    ck_assert_uint_eq(*(volatile unsigned char *)g.page, 0);
    map(g.page + PAGE, 0, UVMF_TLB_FLUSH | UVMF_ALL);
    ck_assert_uint_eq(*(volatile unsigned char *)g.page, 1);
}
END_TEST

START_TEST(operands_of_hypercalls_may_lie_in_a_window)
{
    struct evtchn_alloc_unbound *op = (void *)g.page;

    map(g.page, pte(g.other, RW), UVMF_INVLPG | UVMF_LOCAL);
    op->dom = DOMID_SELF;
    op->remote_dom = 0;
    map(g.page, pte(g.other, RW), UVMF_INVLPG | UVMF_LOCAL); /* Xen's access comes first now */
    ok(g.v0, HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, op));
    ck_assert_uint_eq(op->port, 3);
    map(g.page, pte(g.other, XD_PTE_P), UVMF_INVLPG | UVMF_LOCAL);
    ck_refused(g.v0, HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, op), EFAULT, COPY_OUT);
    map(g.page, 0, UVMF_INVLPG | UVMF_LOCAL);
    ck_refused(g.v0, HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, op), EFAULT, COPY_IN);
}
END_TEST

/* ---- #PF ---- */

START_TEST(an_absent_page_is_a_page_fault_of_the_guests)
{
    traps(g.v0, 0);
    map(g.page, 0, UVMF_INVLPG | UVMF_LOCAL);
    pf.map = pte(g.other, RW);
    put_7(g.page + 5);
    ck_assert_uint_eq(pf.nr, 1);
    ck_assert_uint_eq(pf.cr2, (uintptr_t)g.page + 5);
    ck_assert_uint_eq(pf.frame.error, XD_PF_WRITE);
    ck_assert_uint_eq(pf.frame.ss, FLAT_KERNEL_SS);
    ck_assert_uint_eq(pf.frame.cs, UINT64_C(0x10000e030)); /* events were masked */
    ck_assert_uint_eq(pf.frame.rflags & 0x3200, 0);
    ck_assert_uint_eq(pf.entry_rsp % 16, 0);
    ck_assert_uint_eq(pf.mask, 1);
    ck_assert_uint_eq(g.page[5], 7); /* the instruction ran again */
    map(g.page, 0, UVMF_INVLPG | UVMF_LOCAL);
    ck_assert_uint_eq(((volatile unsigned char *)g.page)[5], 7);
    ck_assert_uint_eq(pf.nr, 2);
    ck_assert_uint_eq(pf.frame.error, 0);
}
END_TEST

START_TEST(a_handler_may_go_on_elsewhere)
{
    traps(g.v0, 0);
    map(g.page, pte(g.other, XD_PTE_P), UVMF_INVLPG | UVMF_LOCAL);
    pf.skip = 3;
    put_7(g.page);
    ck_assert_uint_eq(pf.nr, 1);
    ck_assert_uint_eq(pf.frame.error, XD_PF_WRITE | XD_PF_PRESENT);
    ck_assert_uint_eq(g.page[0], 0);
}
END_TEST

START_TEST(a_trap_gate_may_mask_events)
{
    for (unsigned int masks = 0; masks < 2; masks++) {
        traps(g.v0, masks ? 4 : 0);
        xd_guest_vcpu_info(g.v0)->evtchn_upcall_mask = 0;
        map(g.page, 0, UVMF_INVLPG | UVMF_LOCAL);
        pf.map = pte(g.other, RW);
        put_7(g.page);
        ck_assert_uint_eq(pf.mask, masks);
        ck_assert_uint_eq(pf.frame.cs, 0xe030);
        ck_assert_uint_eq(pf.frame.rflags & 0x200, 0x200);
        ck_assert_uint_eq(xd_guest_vcpu_info(g.v0)->evtchn_upcall_mask, 0);
    }
}
END_TEST

/* Everything survives a fault that the handler repaired: registers, flags, the red zone. */
START_TEST(nothing_is_lost_on_the_way)
{
    uint64_t out[6], zone;

    traps(g.v0, 0);
    map(g.page, 0, UVMF_INVLPG | UVMF_LOCAL);
    pf.map = pte(g.other, RW);
    __asm__ volatile("movq %%rbx, -120(%%rsp)\n\t"
                     "movq $1, %%rax\n\t"
                     "movq $2, %%rcx\n\t"
                     "movq $3, %%rdx\n\t"
                     "movq $11, %%r11\n\t"
                     "movq %%rsp, %%r10\n\t"
                     "stc\n\t"
                     "movb $7, (%%rbx)\n\t"
                     "setc (%%rsi)\n\t"
                     "movq %%rax, 8(%%rsi)\n\t"
                     "movq %%rcx, 16(%%rsi)\n\t"
                     "movq %%rdx, 24(%%rsi)\n\t"
                     "movq %%r11, 32(%%rsi)\n\t"
                     "subq %%rsp, %%r10\n\t"
                     "movq %%r10, 40(%%rsi)\n\t"
                     "movq -120(%%rsp), %%rdi"
                     : "=D"(zone)
                     : "b"(g.page), "S"(out)
                     : "rax", "rcx", "rdx", "r10", "r11", "memory", "cc");
    ck_assert_uint_eq(pf.nr, 1);
    ck_assert_uint_eq(out[0] & 0xff, 1);
    ck_assert_uint_eq(out[1], 1);
    ck_assert_uint_eq(out[2], 2);
    ck_assert_uint_eq(out[3], 3);
    ck_assert_uint_eq(out[4], 11);
    ck_assert_uint_eq(out[5], 0);
    ck_assert_uint_eq(zone, (uintptr_t)g.page);
}
END_TEST

static void upcall_that_faults(void *ctx)
{
    (void)ctx;
    xd_guest_vcpu_info(g.v0)->evtchn_upcall_pending = 0;
    put_7(g.page);
}

START_TEST(an_upcall_handler_may_fault)
{
    traps(g.v0, 0);
    map(g.page, 0, UVMF_INVLPG | UVMF_LOCAL);
    pf.map = pte(g.other, RW);
    xd_guest_on_upcall(g.v0, upcall_that_faults, NULL);
    xd_guest_vcpu_info(g.v0)->evtchn_upcall_pending = 1;
    xd_guest_vcpu_info(g.v0)->evtchn_upcall_mask = 0;
    xd_preempt();
    ck_assert_uint_eq(pf.nr, 1);
    ck_assert_uint_eq(pf.mask, 1);
    ck_assert_uint_eq(g.page[0], 7);
    ck_assert_uint_eq(xd_guest_vcpu_info(g.v0)->evtchn_upcall_mask, 0);
}
END_TEST

/* ---- What ends the process, and what it says ---- */

static void fault_without_handler(void)
{
    map(g.page, 0, UVMF_INVLPG | UVMF_LOCAL);
    put_7(g.page);
}

/* The child's writes are its own, as everywhere in memory. */
START_TEST(a_child_process_has_memory_of_its_own)
{
    int status;
    pid_t child;

    g.page[0] = 1;
    child = fork();
    if (child == 0) {
        if (g.page[0] != 1)
            _exit(1);
        g.page[0] = 2;
        map(g.page + PAGE, pte(g.other, RW), UVMF_INVLPG | UVMF_LOCAL);
        g.page[PAGE] = 3;
        _exit(g.page[0] == 2 && g.page[PAGE] == 3 ? 0 : 2);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert_uint_eq(g.page[0], 1);
    ck_assert_uint_eq(g.page[PAGE], 0);
}
END_TEST

START_TEST(without_a_handler_the_domain_crashes)
{
    ck_dies_saying(fault_without_handler, "page fault, write of 0x", "error code 0x2",
                   "no handler in the trap table", "put_7", "d1 shut down with code 3");
}
END_TEST

static void use_by_nobody(void)
{
    xd_leave();
    put_7(g.page);
}

START_TEST(a_thread_that_is_no_vcpu_has_no_page_tables)
{
    ck_dies_saying(use_by_nobody, "in a window of d1 by a thread that is no vCPU", "put_7");
}
END_TEST

static void crash_in_a_run(void *arg)
{
    (void)arg;
    put_7(g.page);
    ck_abort_msg("it went on");
}

START_TEST(in_a_run_the_others_go_on)
{
    map(g.page, 0, UVMF_INVLPG | UVMF_LOCAL);
    xd_leave();
    ck_assert_int_eq(xd_vcpu_start(g.v0, crash_in_a_run, NULL), 0);
    ck_assert_int_eq(xd_run(hv, NULL), XD_RUN_FINISHED);
    ck_assert_int_eq(xd_vcpu_state(g.v0), XD_STATE_SHUTDOWN);
}
END_TEST

/* ---- Other vCPUs, other machines ---- */

/* An L4 table of (g)'s own that is a copy of its first one. */
static uint64_t copy_of_l4(void)
{
    uint64_t mfn = g.other;
    uint64_t *l4 = (uint64_t *)(void *)g.page, *from = xd_guest_page_table(g.d);
    struct mmuext_op pin = {.cmd = MMUEXT_PIN_L4_TABLE, .arg1.mfn = mfn};

    map(g.page, pte(mfn, RW), UVMF_INVLPG | UVMF_LOCAL);
    for (unsigned int i = 0; i < 512; i++)
        l4[i] = i < 256 || i >= 272 ? from[i] & ~(XD_PTE_A | XD_PTE_D) : 0;
    map(g.page, pte(g.mfn, RW), UVMF_INVLPG | UVMF_LOCAL);
    ok(g.v0, HYPERVISOR_mmuext_op(&pin, 1, NULL, DOMID_SELF));
    return mfn;
}

/* Makes of the copy one that has nothing at the window. */
static void cut(uint64_t l4)
{
    struct mmu_update u = {.ptr = l4 << 12 | xd_pt_slot((uintptr_t)g.page, 4) * 8, .val = 0};

    ok(g.v0, HYPERVISOR_mmu_update(&u, 1, NULL, DOMID_SELF));
}

START_TEST(the_window_follows_the_running_vcpu)
{
    uint64_t l4 = copy_of_l4();
    struct mmuext_op base = {.cmd = MMUEXT_NEW_BASEPTR, .arg1.mfn = l4};
    volatile unsigned char *p = g.page;

    cut(l4);
    *p = 1;
    xd_enter(g.v1);
    traps(g.v1, 0);
    ck_assert_uint_eq(*p, 1); /* the same tables still */
    ok(g.v1, HYPERVISOR_mmuext_op(&base, 1, NULL, DOMID_SELF));
    pf.skip = 3;
    put_7(g.page);
    ck_assert_uint_eq(pf.nr, 1);
    ck_assert_uint_eq(pf.frame.error, XD_PF_WRITE);
    xd_enter(g.v0);
    ck_assert_uint_eq(*p, 1);
    xd_enter(g.v1);
    put_7(g.page);
    ck_assert_uint_eq(pf.nr, 2);
}
END_TEST

static unsigned int turns;

static void with_turns(void *arg)
{
    struct guest *of = arg;
    volatile unsigned char *p = of->page;

    for (unsigned int i = 0; i < 50; i++) {
        *p = (unsigned char)(i + of->v0->domain->domid);
        xd_preempt();
        ck_assert_uint_eq(*p, (unsigned char)(i + of->v0->domain->domid));
        turns++;
    }
}

START_TEST(domains_and_machines_do_not_meet)
{
    struct xd_hv *mine = hv;
    struct guest peer, far;

    guest_make(&peer, false);
    ck_assert_int_eq(xd_hv_create(&hv, NULL), 0);
    guest_make(&far, false);
    ck_assert_ptr_ne(peer.page, g.page);
    ck_assert_ptr_ne(far.page, g.page);
    g.page[0] = 1;
    xd_enter(far.v0);
    far.page[0] = 2;
    xd_enter(peer.v0);
    peer.page[0] = 3;
    ck_assert_uint_eq(((const unsigned char *)xd_frame_contents(mine, g.mfn))[0], 1);
    ck_assert_uint_eq(((const unsigned char *)xd_frame_contents(hv, far.mfn))[0], 2);
    ck_assert_uint_eq(((const unsigned char *)xd_frame_contents(mine, peer.mfn))[0], 3);
    xd_leave();
    xd_hv_destroy(hv);
    hv = mine;
    ck_assert_int_eq(xd_vcpu_start(g.v0, with_turns, &g), 0);
    ck_assert_int_eq(xd_vcpu_start(peer.v0, with_turns, &peer), 0);
    ck_assert_int_eq(xd_run(hv, NULL), XD_RUN_FINISHED);
    ck_assert_uint_eq(turns, 100);
    xd_domain_destroy(peer.d);
    ck_assert_int_eq(mprotect(peer.page, PAGE, PROT_READ), -1); /* the window ended with it */
    ck_assert_int_eq(xd_enter(g.v0), 0);
    g.page[0] = 4;
    ck_assert_uint_eq(((const unsigned char *)xd_frame_contents(hv, g.mfn))[0], 4);
}
END_TEST

/* ---- Going back ---- */

START_TEST(a_snapshot_covers_what_is_written_through_a_window)
{
    uint64_t before;
    struct xd_snapshot s;

    g.page[0] = 1;
    before = xd_digest(hv);
    s = xd_snapshot(hv);
    for (unsigned int round = 0; round < 3; round++) {
        g.page[0] = 2;
        g.page[PAGE] = 3;
        map(g.page, pte(g.other, RW), UVMF_NONE);
        ck_assert_int_eq(xd_restore(hv, s), 0);
        ck_assert_uint_eq(xd_digest(hv), before);
        ck_assert_uint_eq(*(volatile unsigned char *)g.page, 1);
    }
    ck_assert_int_eq(xd_discard(hv, s), 0);
}
END_TEST

int main(void)
{
    if (xd_access_hider())
        return mirror_is_refused();
    Suite *suite = suite_create("mirror");
    TCase *tc = tcase_create("mirror");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, the_start_of_day_is_there_to_be_read);
    tcase_add_test(tc, impossible_windows_are_refused);
    tcase_add_test(tc, what_is_mapped_is_used_by_the_pointer);
    tcase_add_test(tc, accessed_and_dirty_are_set_as_by_a_walk);
    tcase_add_test(tc, a_translation_lives_until_it_is_flushed);
    tcase_add_test(tc, operands_of_hypercalls_may_lie_in_a_window);
    tcase_add_test(tc, an_absent_page_is_a_page_fault_of_the_guests);
    tcase_add_test(tc, a_handler_may_go_on_elsewhere);
    tcase_add_test(tc, a_trap_gate_may_mask_events);
    tcase_add_test(tc, nothing_is_lost_on_the_way);
    tcase_add_test(tc, an_upcall_handler_may_fault);
    tcase_add_test(tc, a_child_process_has_memory_of_its_own);
    tcase_add_test(tc, without_a_handler_the_domain_crashes);
    tcase_add_test(tc, a_thread_that_is_no_vcpu_has_no_page_tables);
    tcase_add_test(tc, in_a_run_the_others_go_on);
    tcase_add_test(tc, the_window_follows_the_running_vcpu);
    tcase_add_test(tc, domains_and_machines_do_not_meet);
    tcase_add_test(tc, a_snapshot_covers_what_is_written_through_a_window);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
