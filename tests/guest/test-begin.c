/* SPDX-License-Identifier: MIT */
/*
 * test-begin.c: vCPUs that begin with the registers of their context, as a kernel brings its other processors up:
 * VCPUOP_initialise, VCPUOP_up. (_i): with vCPUs as threads.
 *
 * Guest code here does not use ck_assert, which writes to a file unguarded; must() does for it.
 */
#define _GNU_SOURCE
#include "dies.h"
#include "guest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <xen/interface/nmi.h>
#include <xen/interface/vcpu.h>

#define STACK 65536u

/* What begin_entry tells; known to begin.S. */
struct begun {
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp, r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t rip, rflags;
    uint32_t mxcsr;
    uint16_t fpu_cw, pad;
    void (*main)(struct begun *b);
    unsigned int times;
};

void begin_entry(void);
void begun_main(struct begun *b);
void bare_entry(void);
void event_entry(void);
void nmi_entry(void);
void failsafe_entry(void);

static struct machine m;
static struct begun begun;
static struct vcpu_guest_context context;
static unsigned char stack[STACK] __attribute__((aligned(4096)));
static unsigned int went, upcalls, nmis, order_of_upcall, order_of_nmi, other_code;
static const uint64_t *frame_of_event;

#define must(cond) ((cond) ? (void)0 : broken(#cond, __LINE__))

static void broken(const char *what, int line)
{
    fprintf(stderr, "test-begin.c:%d: %s does not hold\n", line, what);
    abort();
}

static bool is_up(unsigned int id)
{
    return HYPERVISOR_vcpu_op(VCPUOP_is_up, (int)id, NULL) == 1;
}

static void go_down(void)
{
    must(HYPERVISOR_vcpu_op(VCPUOP_down, 1, NULL) == 0);
}

/* Is down for good, as far as it knows. */
static void ends(struct begun *b)
{
    b->times++;
    for (;;)
        go_down();
}

void begun_main(struct begun *b)
{
    must(xd_self() == m.v1);
    went++;
    b->main(b);
    must(!"there is nowhere to return to");
}

/* Xen's frame stands at RSP. */
void handle_event(const uint64_t *frame);
void handle_event(const uint64_t *frame)
{
    frame_of_event = frame;
    upcalls++;
    order_of_upcall = ++went;
    must(xd_self() == m.v1);
    must(xd_guest_vcpu_info(m.v1)->evtchn_upcall_mask == 1);
    xd_guest_vcpu_info(m.v1)->evtchn_upcall_pending = 0;
}

void handle_nmi(const uint64_t *frame);
void handle_nmi(const uint64_t *frame)
{
    (void)frame;
    nmis++;
    order_of_nmi = ++went;
}

void handle_failsafe(const uint64_t *frame);
void handle_failsafe(const uint64_t *frame)
{
    (void)frame;
    must(!"nobody raises it");
}

static void on_upcall(void *unused)
{
    const char *here = __builtin_frame_address(0); /* a sanitizer has variables elsewhere */

    (void)unused;
    must(here > (char *)stack && here < (char *)stack + STACK);
    handle_event(NULL);
}

static void setup(void)
{
    struct xd_domain_config c = XD_DOMAIN_CONFIG_DEFAULT;

    c.vcpus = 2;
    ck_assert_int_eq(xd_hv_create(&m.hv, NULL), 0);
    ck_assert_int_eq(xd_domain_create(m.hv, &c, &m.d1), 0);
    m.v0 = xd_vcpu_at(m.d1, 0);
    m.v1 = xd_vcpu_at(m.d1, 1);
    xd_guest_link(m.hv);
    went = upcalls = nmis = other_code = 0;
    memset(&begun, 0, sizeof(begun));
    begun.main = ends;
    memset(&context, 0, sizeof(context));
    context.flags = VGCF_in_kernel;
    context.ctrlreg[3] = xd_domain_start(m.d1)->cr3_mfn << 12;
    context.user_regs.rip = (uintptr_t)begin_entry;
    context.user_regs.rsp = (uintptr_t)stack + STACK;
    context.user_regs.rdi = (uintptr_t)&begun;
}

static void teardown(void)
{
    machine_teardown(&m);
}

static enum xd_run_end run(bool threads)
{
    struct xd_run_config c = XD_RUN_CONFIG_DEFAULT;

    c.threads = threads;
    c.quiet = true;
    return xd_run(m.hv, &c);
}

static void brings_up(void *unused)
{
    (void)unused;
    must(HYPERVISOR_vcpu_op(VCPUOP_initialise, 1, &context) == 0);
    must(HYPERVISOR_vcpu_op(VCPUOP_up, 1, NULL) == 0);
}

/* ---- Where and how ---- */

START_TEST(it_has_its_registers)
{
    const uint64_t flags = 0xcd5; /* all of them, and DF */
    struct begun expected = {.rip = (uintptr_t)begin_entry, .mxcsr = 0x1f80, .fpu_cw = 0x37f};

#define REG(name, value) context.user_regs.name = expected.name = UINT64_C(value)
    REG(rax, 0xa1a2a3a4a5a6a7a8);
    REG(rbx, 0xb1b2b3b4b5b6b7b8);
    REG(rcx, 0xc1c2c3c4c5c6c7c8);
    REG(rdx, 0xd1d2d3d4d5d6d7d8);
    REG(rsi, 0xe1e2e3e4e5e6e7e8);
    REG(rbp, 0xf1f2f3f4f5f6f7f8);
    REG(r8, 0x8182838485868788);
    REG(r9, 0x9192939495969798);
    REG(r10, 0x1011121314151617);
    REG(r11, 0x1112131415161718);
    REG(r12, 0x1213141516171819);
    REG(r13, 0x131415161718191a);
    REG(r14, 0x1415161718191a1b);
    REG(r15, 0x15161718191a1b1c);
#undef REG
    expected.rsp = context.user_regs.rsp = (uintptr_t)stack + STACK - 24; /* aligned or not */
    expected.rdi = (uintptr_t)&begun;
    context.user_regs.rflags = flags | 0x3000; /* IOPL is Xen's business */
    expected.rflags = flags;
    start(m.v0, brings_up, NULL);
    ck_assert_int_eq(run(_i), XD_RUN_FINISHED);
    ck_assert_uint_eq(begun.times, 1);
    begun.times = 0;
    begun.main = NULL;
    begun.rflags &= ~UINT64_C(0x202); /* IF; Valgrind has none */
    ck_assert_mem_eq(&begun, &expected, sizeof(begun));
    ck_assert_str_eq(xd_run_report(m.hv), "");
}
END_TEST

static void waits_for_it(void *unused)
{
    brings_up(unused);
    while (is_up(1))
        HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
    must(HYPERVISOR_vcpu_op(VCPUOP_initialise, 1, &context) == -EEXIST);
    must(HYPERVISOR_vcpu_op(VCPUOP_up, 1, NULL) == 0);
}

/* A vCPU that took itself down goes on behind the call, as it would on Xen. */
START_TEST(it_goes_on_when_it_is_up_again)
{
    start(m.v0, waits_for_it, NULL);
    ck_assert_int_eq(run(_i), XD_RUN_FINISHED);
    ck_assert_uint_eq(begun.times, 1);
    ck_assert_uint_eq(went, 1);
}
END_TEST

static volatile unsigned int rounds;

static void comes_back(struct begun *b)
{
    (void)b;
    for (;;) {
        rounds++;
        go_down();
    }
}

static void brings_up_again(void *unused)
{
    (void)unused;
    must(HYPERVISOR_vcpu_op(VCPUOP_initialise, 1, &context) == -EEXIST);
    must(HYPERVISOR_vcpu_op(VCPUOP_up, 1, NULL) == 0);
}

START_TEST(it_goes_on_in_a_later_run)
{
    rounds = 0;
    begun.main = comes_back;
    start(m.v0, brings_up, NULL);
    for (unsigned int i = 1; i < 4; i++) {
        ck_assert_int_eq(run(_i), XD_RUN_FINISHED);
        ck_assert_uint_eq(rounds, i);
        ck_assert_uint_eq(went, 1);
        start(m.v0, brings_up_again, NULL);
    }
}
END_TEST

/* It was down again before it had its turn. */
static void brings_up_twice(void *unused)
{
    brings_up(unused);
    must(HYPERVISOR_vcpu_op(VCPUOP_down, 1, NULL) == 0);
}

START_TEST(it_begins_when_it_is_up_at_last)
{
    struct xd_run_config c = XD_RUN_CONFIG_DEFAULT;

    c.slice = 100;
    start(m.v0, brings_up_twice, NULL);
    ck_assert_int_eq(xd_run(m.hv, &c), XD_RUN_FINISHED);
    ck_assert_uint_eq(begun.times, 0);
    start(m.v0, brings_up_again, NULL);
    ck_assert_int_eq(xd_run(m.hv, &c), XD_RUN_FINISHED);
    ck_assert_uint_eq(begun.times, 1);
}
END_TEST

/* Above it there is nothing, where looking for who called would come to. */
void bare_main(struct begun *b);
void bare_main(struct begun *b)
{
    struct evtchn_send send = {.port = 4000};

    must(HYPERVISOR_event_channel_op(EVTCHNOP_send, &send) == -EINVAL);
    ends(b);
}

START_TEST(its_stack_may_end_where_memory_does)
{
    unsigned char *at = mmap(NULL, STACK + 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    ck_assert_ptr_ne(at, MAP_FAILED);
    ck_assert_int_eq(mprotect(at, STACK, PROT_READ | PROT_WRITE), 0);
    context.user_regs.rip = (uintptr_t)bare_entry;
    context.user_regs.rsp = (uintptr_t)at + STACK;
    start(m.v0, brings_up, NULL);
    ck_assert_int_eq(run(_i), XD_RUN_FINISHED);
    ck_assert_uint_eq(begun.times, 1);
}
END_TEST

/* ---- What is due ---- */

static void with_an_event(void *unused)
{
    struct evtchn_bind_ipi bind = {.vcpu = 1};
    struct evtchn_send send;

    must(HYPERVISOR_event_channel_op(EVTCHNOP_bind_ipi, &bind) == 0);
    send.port = bind.port;
    must(HYPERVISOR_event_channel_op(EVTCHNOP_send, &send) == 0);
    brings_up(unused);
}

static void with_both(void *unused)
{
    must(HYPERVISOR_vcpu_op(VCPUOP_initialise, 1, &context) == 0);
    must(HYPERVISOR_vcpu_op(VCPUOP_send_nmi, 1, NULL) == 0);
    must(HYPERVISOR_vcpu_op(VCPUOP_up, 1, NULL) == 0);
    (void)unused;
}

static const struct {
    bool by_address, masked;
    void (*code)(void *unused);
    unsigned int upcalls, nmis;
} due[] = {
    {true, false, with_an_event, 1, 0},
    {false, false, with_an_event, 1, 0},
    {true, true, with_an_event, 0, 0},
    {true, true, with_both, 0, 1},
};

START_TEST(what_is_due_comes_first)
{
    const bool threads = _i >= (int)XD_ARRAY_SIZE(due);
    const unsigned int i = (unsigned int)_i % XD_ARRAY_SIZE(due);

    xd_guest_vcpu_info(m.v1)->evtchn_upcall_mask = due[i].masked;
    if (due[i].by_address)
        context.event_callback_eip = (uintptr_t)event_entry;
    else
        xd_guest_on_upcall(m.v1, on_upcall, NULL);
    context.failsafe_callback_eip = (uintptr_t)failsafe_entry;
    context.trap_ctxt[2].address = (uintptr_t)nmi_entry;
    context.user_regs.rbx = 0x1234;
    start(m.v0, due[i].code, NULL);
    ck_assert_int_eq(run(threads), XD_RUN_FINISHED);
    ck_assert_uint_eq(upcalls, due[i].upcalls);
    ck_assert_uint_eq(nmis, due[i].nmis);
    ck_assert_uint_eq(went, 1 + due[i].upcalls + due[i].nmis); /* the code's is the last */
    ck_assert_uint_eq(begun.times, 1);
    ck_assert_uint_eq(begun.rbx, 0x1234);
    ck_assert_uint_eq(begun.rsp, (uintptr_t)stack + STACK);
    if (due[i].by_address && due[i].upcalls) { /* on the stack of the context */
        ck_assert_uint_gt((uintptr_t)frame_of_event, (uintptr_t)stack);
        ck_assert_uint_lt((uintptr_t)frame_of_event, (uintptr_t)stack + STACK);
    }
}
END_TEST

/* No callback: as for any vCPU. */
START_TEST(without_a_callback_it_does_not_begin)
{
    xd_guest_vcpu_info(m.v1)->evtchn_upcall_mask = 0;
    start(m.v0, with_an_event, NULL);
    ck_assert_int_eq(run(_i), XD_RUN_FINISHED);
    ck_assert_int_eq(xd_domain_shutdown_code(m.d1), SHUTDOWN_crash);
    ck_assert_uint_eq(begun.times, 0);
}
END_TEST

/* ---- Who else runs it ---- */

static void other(void *unused)
{
    (void)unused;
    must(xd_self() == m.v1);
    other_code++;
}

static void takes_it_down_and_up(void *unused)
{
    (void)unused;
    must(HYPERVISOR_vcpu_op(VCPUOP_down, 1, NULL) == 0);
    must(HYPERVISOR_vcpu_op(VCPUOP_up, 1, NULL) == 0);
}

static void gives_code(void *unused)
{
    brings_up(unused);
    must(xd_vcpu_start(m.v1, other, NULL) == 0);
}

START_TEST(code_that_is_given_goes_first)
{
    start(m.v1, other, NULL);
    start(m.v0, brings_up, NULL);
    ck_assert_int_eq(run(_i), XD_RUN_FINISHED);
    ck_assert_uint_eq(other_code, 1);
    ck_assert_uint_eq(begun.times, 0);
}
END_TEST

/* As long as it has not begun. */
START_TEST(code_that_is_given_later_does_too)
{
    struct xd_run_config c = XD_RUN_CONFIG_DEFAULT;

    c.slice = 100;
    start(m.v0, gives_code, NULL);
    ck_assert_int_eq(xd_run(m.hv, &c), XD_RUN_FINISHED);
    ck_assert_uint_eq(other_code, 1);
    ck_assert_uint_eq(begun.times, 0);
}
END_TEST

/* What it ran returned: there is nowhere to go on, as there would be none on Xen. */
START_TEST(it_begins_once_only)
{
    start(m.v1, other, NULL);
    start(m.v0, brings_up, NULL);
    ck_assert_int_eq(run(_i), XD_RUN_FINISHED);
    start(m.v0, takes_it_down_and_up, NULL);
    ck_assert_int_eq(run(_i), XD_RUN_NO_CODE);
    ck_assert_ptr_nonnull(
        strstr(xd_run_report(m.hv), "d1v1 was brought up by VCPUOP_up and has no code"));
    ck_assert_uint_eq(begun.times, 0);
}
END_TEST

/* A thread that entered its vCPU waits, and the other one begins meanwhile. */
static evtchn_port_t to_v0;

static void tells(struct begun *b)
{
    struct evtchn_send send = {.port = to_v0};

    must(HYPERVISOR_event_channel_op(EVTCHNOP_send, &send) == 0);
    ends(b);
}

START_TEST(beside_a_thread_that_entered)
{
    struct evtchn_bind_ipi bind = {.vcpu = 0};
    struct sched_poll poll = {.nr_ports = 1};

    ck_assert_int_eq(xd_enter(m.v0), 0);
    ck_assert_int_eq(HYPERVISOR_event_channel_op(EVTCHNOP_bind_ipi, &bind), 0);
    to_v0 = bind.port;
    set_xen_guest_handle(poll.ports, &to_v0);
    begun.main = tells;
    brings_up(NULL);
    ck_assert_uint_eq(went, 0);
    ck_assert_int_eq(HYPERVISOR_sched_op(SCHEDOP_poll, &poll), 0);
    ck_assert_uint_eq(went, 1);
    xd_leave();
    ck_assert_int_eq(run(false), XD_RUN_FINISHED);
    ck_assert_uint_eq(begun.times, 1);
}
END_TEST

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
    Suite *suite = suite_create("begin");
    TCase *tc = tcase_create("begin");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, it_has_its_registers, 0, 2);
    tcase_add_loop_test(tc, it_goes_on_when_it_is_up_again, 0, 2);
    tcase_add_loop_test(tc, it_goes_on_in_a_later_run, 0, 2);
    tcase_add_test(tc, it_begins_when_it_is_up_at_last);
    tcase_add_loop_test(tc, its_stack_may_end_where_memory_does, 0, 2);
    tcase_add_loop_test(tc, what_is_due_comes_first, 0, 2 * XD_ARRAY_SIZE(due));
    tcase_add_loop_test(tc, without_a_callback_it_does_not_begin, 0, 2);
    tcase_add_loop_test(tc, code_that_is_given_goes_first, 0, 2);
    tcase_add_test(tc, code_that_is_given_later_does_too);
    tcase_add_loop_test(tc, it_begins_once_only, 0, 2);
    tcase_add_test(tc, beside_a_thread_that_entered);
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
