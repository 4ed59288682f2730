/* SPDX-License-Identifier: MIT */
/* test-begin-again.c: vCPUs that begin in another life or in a window, and what nothing can begin with. */
#include "begin.h"

/* ---- Lives ---- */

static void initialises(void *unused)
{
    (void)unused;
    must(HYPERVISOR_vcpu_op(VCPUOP_initialise, 1, &context) == 0);
}

static void ups(void *unused)
{
    (void)unused;
    must(HYPERVISOR_vcpu_op(VCPUOP_up, 1, NULL) == 0);
}

/* The machine goes back to where it had not begun. */
START_TEST(it_begins_in_each_life)
{
    struct xd_snapshot s;

    start(m.v0, initialises, NULL);
    ck_assert_int_eq(run(false), XD_RUN_FINISHED);
    s = xd_snapshot(m.hv);
    for (unsigned int i = 1; i < 4; i++) {
        start(m.v0, ups, NULL);
        ck_assert_int_eq(run(false), XD_RUN_FINISHED);
        ck_assert_uint_eq(begun.times, i);
        ck_assert_int_eq(xd_restore(m.hv, s), 0);
    }
}
END_TEST

static uint64_t pfn_of(uint64_t va)
{
    return (va - xd_domain_start(m.d1)->virt_base) >> 12;
}

static void suspends(void *unused)
{
    const struct xd_start *s = xd_domain_start(m.d1);
    struct start_info *si = xd_guest_start_info(m.d1);

    brings_up(unused);
    while (!begun.times)
        HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
    si->store_mfn = pfn_of(s->store_va);
    si->console.domU.mfn = (uint32_t)pfn_of(s->console_va);
    HYPERVISOR_suspend(xd_domain_mfn(m.d1, pfn_of(s->start_info_va)));
    context.ctrlreg[3] = xd_domain_start(m.d1)->cr3_mfn << 12;
    brings_up(unused);
}

static void yields(struct begun *b)
{
    b->times++;
    while (HYPERVISOR_sched_op(SCHEDOP_yield, NULL) == 0)
        ;
}

/* A domain that comes back elsewhere brings its vCPUs up anew. */
START_TEST(it_begins_again_when_it_was_reset)
{
    struct xd_run_config c = XD_RUN_CONFIG_DEFAULT;

    c.points_max = 1000;
    c.quiet = true;
    begun.main = yields;
    start(m.v0, suspends, NULL);
    ck_assert_int_eq(xd_run(m.hv, &c), XD_RUN_FINISHED);
    ck_assert_int_eq(xd_domain_shutdown_code(m.d1), SHUTDOWN_suspend);
    ck_assert_uint_eq(begun.times, 1);
    ck_assert_int_eq(xd_domain_resume(m.d1, XD_RESUME_ANEW), 0);
    ck_assert_int_eq(xd_run(m.hv, &c), XD_RUN_LIMIT);
    ck_assert_uint_eq(begun.times, 2);
}
END_TEST

/* ---- In a window of the guest's own addresses ---- */

/* False: a tool that hides faults is there. */
static bool setup_window(void)
{
    struct xd_domain_config c = XD_DOMAIN_CONFIG_DEFAULT;
    struct xd_mirror_config w = XD_MIRROR_CONFIG_DEFAULT;

    c.vcpus = 2;
    c.virt_base = xd_guest_room(w.size);
    xd_hv_destroy(m.hv);
    ck_assert_int_eq(xd_hv_create(&m.hv, NULL), 0);
    ck_assert_int_eq(xd_domain_create(m.hv, &c, &m.d1), 0);
    m.v0 = xd_vcpu_at(m.d1, 0);
    m.v1 = xd_vcpu_at(m.d1, 1);
    context.ctrlreg[3] = xd_domain_start(m.d1)->cr3_mfn << 12;
    return xd_guest_mirror(m.d1, &w) == 0;
}

static void writes_code(void *at)
{
    static const unsigned char jmp_rax[] = {0xff, 0xe0};

    memcpy(at, jmp_rax, sizeof(jmp_rax));
    brings_up(NULL);
}

/* Pages of the padding, which nobody uses: code that jumps on, and a stack. */
START_TEST(code_and_stack_may_lie_in_a_window)
{
    uint64_t free;

    if (!setup_window())
        return;
    free = xd_domain_start(m.d1)->padding_va;
    context.user_regs.rip = free;
    context.user_regs.rax = (uintptr_t)begin_entry;
    context.user_regs.rsp = free + 17 * 4096;
    start(m.v0, writes_code, (void *)(uintptr_t)free);
    ck_assert_int_eq(run(false), XD_RUN_FINISHED);
    ck_assert_uint_eq(begun.times, 1);
    ck_assert_uint_eq(begun.rsp, free + 17 * 4096);
}
END_TEST

START_TEST(code_in_a_window_that_is_not_mapped_crashes_the_domain)
{
    if (!setup_window())
        return;
    context.user_regs.rip = xd_domain_start(m.d1)->virt_base + (UINT64_C(512) << 20);
    start(m.v0, brings_up, NULL);
    ck_assert_int_eq(run(false), XD_RUN_FINISHED);
    ck_assert_int_eq(xd_domain_shutdown_code(m.d1), SHUTDOWN_crash);
    ck_assert_uint_eq(begun.times, 0);
}
END_TEST

/* ---- What nothing can begin with ---- */

static int data;

static void begins_and_runs(void *threads)
{
    struct xd_run_config c = XD_RUN_CONFIG_DEFAULT;

    c.threads = threads != NULL;
    if (xd_vcpu_start(m.v0, brings_up, NULL) == 0)
        (void)xd_run(m.hv, &c);
}

static const struct {
    uint64_t rip, rsp;
    uint64_t flags;
    const char *says;
} wrong[] = {
    {8, 1, VGCF_in_kernel, "RIP is 0x8, where this process has no code"},
    {0, 1, VGCF_in_kernel, "RIP is 0, where this process has no code"},
    {1, 1, VGCF_in_kernel, "where this process has no code"},
    {2, 0, VGCF_in_kernel, "RSP is 0, below which nothing can be written"},
    {2, 4096, VGCF_in_kernel, "RSP is 0x1000, below which nothing can be written"},
    {2, 1, 0, "they are of user mode"},
};

START_TEST(what_nothing_can_begin_with_is_told)
{
    const unsigned int i = (unsigned int)_i / 2;
    void *const threads = _i % 2 ? &data : NULL;

    context.user_regs.rip = wrong[i].rip == 1   ? (uintptr_t)&data
                            : wrong[i].rip == 2 ? (uintptr_t)begin_entry
                                                : wrong[i].rip;
    if (wrong[i].rsp != 1)
        context.user_regs.rsp = wrong[i].rsp;
    context.flags = wrong[i].flags;
    context.ctrlreg[1] = wrong[i].flags ? 0 : context.ctrlreg[3];
    ck_dies_saying(begins_and_runs, threads, wrong[i].says);
    ck_dies_saying(begins_and_runs, threads,
                   "d1v1 can't begin with the registers that VCPUOP_initialise gave it: ");
#if XD_HAVE_UNWIND
    ck_dies_saying(begins_and_runs, threads, "brought up by:\n    #0 HYPERVISOR_vcpu_op");
#endif
}
END_TEST

/* It is not a multiple of 16, and its last word lies beyond what there is. */
START_TEST(rsp_beyond_memory_is_told)
{
    unsigned char *at = mmap(NULL, STACK + 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    ck_assert_ptr_ne(at, MAP_FAILED);
    ck_assert_int_eq(mprotect(at, STACK, PROT_READ | PROT_WRITE), 0);
    context.user_regs.rsp = (uintptr_t)at + STACK + 8;
    ck_dies_saying(begins_and_runs, _i ? &data : NULL, "below which nothing can be written");
}
END_TEST

static void takes_its_machine(struct begun *b)
{
    (void)b;
    xd_hv_destroy(m.hv);
}

START_TEST(it_does_not_take_its_machine_away)
{
    begun.main = takes_its_machine;
    ck_dies_saying(begins_and_runs, _i ? &data : NULL, "xd_hv_destroy: called by code of d1v1");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("begin-again");
    TCase *tc = tcase_create("begin-again");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, it_begins_in_each_life);
    tcase_add_test(tc, it_begins_again_when_it_was_reset);
    tcase_add_test(tc, code_and_stack_may_lie_in_a_window);
    tcase_add_test(tc, code_in_a_window_that_is_not_mapped_crashes_the_domain);
    tcase_add_loop_test(tc, what_nothing_can_begin_with_is_told, 0, 2 * XD_ARRAY_SIZE(wrong));
    tcase_add_loop_test(tc, rsp_beyond_memory_is_told, 0, 2);
    tcase_add_loop_test(tc, it_does_not_take_its_machine_away, 0, 2);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
