/* SPDX-License-Identifier: MIT */
/* test-doors.c: the HYPERVISOR_ functions, being a vCPU, and pointers that lead nowhere. */
#define _GNU_SOURCE
#include "nowhere.h"

#include "abi/table.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xen/interface/memory.h>

static struct machine m;

static void setup(void)
{
    machine_enter(&m);
}

static void teardown(void)
{
    machine_leave(&m);
}

START_TEST(a_call_is_answered)
{
    ck_assert_int_eq(HYPERVISOR_xen_version(XENVER_version, NULL), 0x40011);
    ck_assert_int_eq((int)xd_why(m.v0), XD_WHY_NONE);
}
END_TEST

START_TEST(operands_are_read_and_written_where_they_are)
{
    struct evtchn_alloc_unbound op = {.dom = DOMID_SELF, .remote_dom = 2, .port = 77};
    struct evtchn_status status = {.dom = DOMID_SELF};

    ck_assert_int_eq(HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, &op), 0);
    ck_assert_uint_eq(op.port, 3);
    status.port = op.port;
    ck_assert_int_eq(HYPERVISOR_event_channel_op(EVTCHNOP_status, &status), 0);
    ck_assert_uint_eq(status.status, EVTCHNSTAT_unbound);
    ck_assert_uint_eq(status.u.unbound.dom, 2);
}
END_TEST

/* Two pages, of which the second can't be written. */
static unsigned char *before_an_edge(void)
{
    unsigned char *at =
        mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    ck_assert_ptr_ne(at, MAP_FAILED);
    memset(at, 0xff, 8192);
    return at + 4096;
}

/* AS-XEN: __copy_to_guest of a size that is known, and copy_to_guest. */
START_TEST(a_number_across_an_edge_is_there_whole_or_byte_by_byte)
{
    unsigned char *edge = before_an_edge();
    struct evtchn_alloc_unbound op = {.dom = DOMID_SELF, .remote_dom = 2, .port = 0x77777777};

    memcpy(edge - 6, &op, sizeof(op));
    ck_assert_int_eq(mprotect(edge, 4096, PROT_READ), 0);
    ck_refused(m.v0, HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, edge - 6), EFAULT,
               COPY_OUT);
    ck_assert_mem_eq(edge - 6, &op, 6);
    ck_refused(m.v0, HYPERVISOR_xen_version(XENVER_platform_parameters, edge - 3), EFAULT,
               COPY_OUT);
    ck_assert_mem_eq(edge - 3, "\0\0\0", 3);
    munmap(edge - 4096, 8192);
}
END_TEST

START_TEST(the_hosts_door_takes_the_same_pointers)
{
    struct evtchn_alloc_unbound op = {.dom = DOMID_SELF, .remote_dom = 1};
    uint64_t arg[6] = {EVTCHNOP_alloc_unbound, (uintptr_t)&op};

    ck_assert_int_eq((int)xd_hypercall(m.peer, __HYPERVISOR_event_channel_op, arg), 0);
    ck_assert_uint_eq(op.port, 3);
}
END_TEST

/* Number, argument count and width of each function are those of its row. */
struct seen {
    uint64_t nr, arg[6];
    unsigned int calls;
};

static bool take(void *ctx, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg, long *rc)
{
    struct seen *s = ctx;

    (void)v;
    s->nr = nr;
    memcpy(s->arg, arg, sizeof(s->arg));
    s->calls++;
    *rc = -1234567;
    return true;
}

#define P(n) ((void *)(uintptr_t)(n))

static void call_all(unsigned int which, const char **name, unsigned int *args)
{
    static char *const text = P(3);

#define ONE(i, name_, nr_args, ...)                                       \
    case i:                                                               \
        *name = #name_;                                                   \
        *args = nr_args;                                                  \
        ck_assert_int_eq((int)HYPERVISOR_##name_(__VA_ARGS__), -1234567); \
        return;
    switch (which) {
        ONE(0, set_trap_table, 1, P(1))
        ONE(1, mmu_update, 4, P(1), 2, P(3), 4)
        ONE(2, set_gdt, 2, P(1), 2)
        ONE(3, stack_switch, 2, 1, 2)
        ONE(4, set_callbacks, 3, 1, 2, 3)
        ONE(5, fpu_taskswitch, 1, 1)
        ONE(6, sched_op_compat, 2, 1, 2)
        ONE(7, platform_op, 1, P(1))
        ONE(8, set_debugreg, 2, 1, 2)
        ONE(9, get_debugreg, 1, 1)
        ONE(10, update_descriptor, 2, 1, 2)
        ONE(12, memory_op, 2, 1, P(2))
        ONE(13, multicall, 2, P(1), 2)
        ONE(14, update_va_mapping, 3, 1, 2, 3)
        ONE(15, set_timer_op, 1, 1)
        ONE(16, event_channel_op_compat, 1, P(1))
        ONE(17, xen_version, 2, 1, P(2))
        ONE(18, console_io, 3, 1, 2, text)
        ONE(19, physdev_op_compat, 1, P(1))
        ONE(20, grant_table_op, 3, 1, P(2), 3)
        ONE(21, vm_assist, 2, 1, 2)
        ONE(22, update_va_mapping_otherdomain, 4, 1, 2, 3, 4)
        ONE(24, vcpu_op, 3, 1, 2, P(3))
        ONE(25, set_segment_base, 2, 1, 2)
        ONE(26, mmuext_op, 4, P(1), 2, P(3), 4)
        ONE(27, xsm_op, 1, P(1))
        ONE(28, nmi_op, 2, 1, 2)
        ONE(29, sched_op, 2, 1, P(2))
        ONE(30, callback_op, 2, 1, P(2))
        ONE(31, xenoprof_op, 2, 1, P(2))
        ONE(32, event_channel_op, 2, 1, P(2))
        ONE(33, physdev_op, 2, 1, P(2))
        ONE(34, hvm_op, 2, 1, P(2))
        ONE(35, sysctl, 1, P(1))
        ONE(36, domctl, 1, P(1))
        ONE(37, kexec_op, 2, 1, P(2))
        ONE(40, xenpmu_op, 2, 1, P(2))
        ONE(41, dm_op, 3, 1, 2, P(3))
        ONE(42, hypfs_op, 5, 1, P(2), 3, P(4), 5)
        ONE(48, mca, 1, P(1))
    default: *args = 0;
    }
#undef ONE
}

START_TEST(functions_agree_with_the_rows)
{
    struct seen seen = {0};
    struct xd_hooks hooks = {.ctx = &seen, .inject = take};
    const char *name = "";
    unsigned int args, nr;
    const struct xd_call *row = xd_call_at((uint64_t)_i);

    xd_hooks_set(m.hv, &hooks);
    call_all((unsigned int)_i, &name, &args);
    xd_hooks_set(m.hv, NULL);
    /* iret has no function; nobody calls the second half of paging_domctl. */
    ck_assert_msg((row != NULL && _i != 23 && _i != 49) == (args != 0), "hypercall %d %s", _i,
                  row ? row->name : "exists for nobody");
    if (!args)
        return;
    ck_assert_str_eq(name, row->name);
    ck_assert_uint_eq(seen.nr, (unsigned int)_i);
    for (nr = 0; nr < XD_CALL_ARGS && row->arg[nr].name; nr++)
        ck_assert_uint_eq(seen.arg[nr], nr + 1);
    ck_assert_uint_eq(nr, args);
}
END_TEST

START_TEST(suspend_names_the_frame_of_start_info)
{
    struct seen seen = {0};
    struct xd_hooks hooks = {.ctx = &seen, .inject = take};

    xd_hooks_set(m.hv, &hooks);
    HYPERVISOR_suspend(0x1234);
    xd_hooks_set(m.hv, NULL);
    ck_assert_uint_eq(seen.nr, __HYPERVISOR_sched_op_new);
    ck_assert_uint_eq(seen.arg[0], SCHEDOP_shutdown);
    ck_assert_uint_eq(seen.arg[2], 0x1234);
}
END_TEST

/* ---- Pointers that lead nowhere ---- */

START_TEST(a_bad_pointer_is_efault)
{
    void *bad = P(nowhere(_i));

    ck_refused(m.v0, HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, bad), EFAULT, COPY_IN);
    ck_refused(m.v0, HYPERVISOR_xen_version(XENVER_extraversion, bad), EFAULT, COPY_OUT);
}
END_TEST

/* Two pages, the second of which can't be reached: what lies before is. */
static unsigned char *two_pages(int second)
{
    unsigned char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    ck_assert_ptr_ne(p, MAP_FAILED);
    ck_assert_int_eq(mprotect(p + 4096, 4096, second), 0);
    return p;
}

START_TEST(a_range_that_ends_in_nothing_is_copied_as_far_as_it_goes)
{
    unsigned char *p = two_pages(PROT_NONE);
    struct evtchn_alloc_unbound *op = (struct evtchn_alloc_unbound *)(void *)(p + 4096 - 8);

    memset(op, 0, sizeof(*op));
    op->dom = DOMID_SELF;
    ck_assert_int_eq(HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, op), 0);
    for (unsigned int left = 1; left < 16; left++) {
        memset(p, 0xaa, 4096);
        ck_refused(m.v0, HYPERVISOR_xen_version(XENVER_extraversion, p + 4096 - left), EFAULT,
                   COPY_OUT);
        ck_assert_uint_eq(p[4096 - left - 1], 0xaa);
        ck_assert_uint_eq(p[4096 - left], '.');
        for (unsigned int i = 3; i < left; i++)
            ck_assert_msg(p[4096 - left + i] == 0, "byte %u of %u was not copied", i, left);
    }
    munmap(p, 8192);
}
END_TEST

START_TEST(what_may_be_read_only_is_not_written)
{
    unsigned char *p = two_pages(PROT_READ | PROT_WRITE);
    struct evtchn_alloc_unbound *op = (struct evtchn_alloc_unbound *)(void *)(p + 4096);

    op->dom = DOMID_SELF;
    ck_assert_int_eq(mprotect(op, 4096, PROT_READ), 0);
    ck_refused(m.v0, HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, op), EFAULT, COPY_OUT);
    munmap(p, 8192);
}
END_TEST

START_TEST(long_copies_are_guarded_too)
{
    unsigned char *p = two_pages(PROT_NONE);

    ck_refused(m.v0, HYPERVISOR_xen_version(XENVER_capabilities, p + 4096 - 1000), EFAULT,
               COPY_OUT);
    ck_assert_int_eq(HYPERVISOR_xen_version(XENVER_capabilities, p + 4096 - 1024), 0);
    ck_assert_int_eq(memcmp(p + 4096 - 1024, "xen-3.0-x86_64 ", 15), 0);
    munmap(p, 8192);
}
END_TEST

START_TEST(no_hypercall_crashes_on_wild_arguments)
{
    uint64_t seed = 12345;

    for (unsigned int round = 0; round < 4000; round++) {
        uint64_t arg[6], nr;

        for (unsigned int i = 0; i < 6; i++) {
            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
            arg[i] = seed >> 60 < 8 ? nowhere(seed >> 60) : seed >> 60 < 14 ? seed >> 58 : seed;
        }
        nr = round % 64;
        /* Those that end the domain or put the vCPU to sleep are for other tests. */
        if (nr == __HYPERVISOR_sched_op_new || nr == __HYPERVISOR_sched_op ||
            xd_vcpu_state(m.peer) != XD_STATE_RUNNING)
            continue;
        xd_hypercall(m.peer, nr, arg);
    }
}
END_TEST

/* ---- The test's own handler ---- */

static sigjmp_buf back;
static volatile sig_atomic_t heard;

static void on_segv(int sig, siginfo_t *info, void *uc)
{
    (void)sig;
    (void)info;
    (void)uc;
    heard++;
    siglongjmp(back, 1);
}

static void crash(void)
{
    if (!sigsetjmp(back, 1))
        fault();
}

START_TEST(other_faults_go_to_the_handler_that_was_there)
{
    struct sigaction sa = {.sa_flags = SA_SIGINFO};
    struct machine other;

    sa.sa_sigaction = on_segv;
    sigaction(SIGSEGV, &sa, NULL);
    machine_setup(&other); /* after the test's handler: ours comes first again */
    xd_enter(other.v0);
    ck_refused(other.v0, HYPERVISOR_event_channel_op(EVTCHNOP_send, NULL), EFAULT, COPY_IN);
    ck_assert_int_eq(heard, 0);
    crash();
    ck_assert_int_eq(heard, 1);
    crash();
    ck_assert_int_eq(heard, 2);
    ck_refused(other.v0, HYPERVISOR_event_channel_op(EVTCHNOP_send, NULL), EFAULT, COPY_IN);
    machine_teardown(&other);
}
END_TEST

static struct sigaction chained;

static void call_the_former(int sig, siginfo_t *info, void *uc)
{
    heard++;
    chained.sa_sigaction(sig, info, uc);
}

START_TEST(handlers_that_call_each_other_come_to_an_end)
{
    struct sigaction sa = {.sa_flags = SA_SIGINFO};

    sa.sa_sigaction = call_the_former;
    sigaction(SIGSEGV, &sa, &chained);
    ck_refused(m.v0, HYPERVISOR_event_channel_op(EVTCHNOP_send, NULL), EFAULT, COPY_IN);
    ck_assert(heard > 0 || RUNNING_ON_VALGRIND); /* there the kernel copies, and nothing faults */
    xd_enter(m.v0);
    crash();
}
END_TEST

START_TEST(a_crash_of_the_test_is_still_a_crash)
{
    fault();
}
END_TEST

/* ---- Who the thread is ---- */

START_TEST(two_machines_at_once)
{
    struct machine other;
    struct evtchn_alloc_unbound op = {.dom = DOMID_SELF};

    machine_setup(&other);
    ck_assert_int_eq(xd_enter(other.v1), 0);
    ck_assert_ptr_eq(xd_self(), other.v1);
    ck_assert_int_eq(HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, &op), 0);
    ck_assert_uint_eq(op.port, 3);
    ck_assert_int_eq(xd_enter(m.v0), 0);
    ck_assert_int_eq(HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, &op), 0);
    ck_assert_uint_eq(op.port, 3);
    machine_teardown(&other);
    ck_assert_ptr_eq(xd_self(), m.v0);
}
END_TEST

START_TEST(a_machine_that_goes_takes_its_vcpu_along)
{
    struct machine other;

    machine_setup(&other);
    ck_assert_int_eq(xd_enter(other.v0), 0);
    machine_teardown(&other);
    ck_assert_ptr_null(xd_self());
}
END_TEST

START_TEST(what_is_down_or_shut_down_is_not_entered)
{
    struct xd_domain_config c = XD_DOMAIN_CONFIG_DEFAULT;
    struct sched_shutdown off = {SHUTDOWN_poweroff};
    uint64_t arg[6] = {SCHEDOP_shutdown, (uintptr_t)&off};
    struct xd_domain *d;

    c.vcpus = 2;
    ck_assert_int_eq(xd_domain_create(m.hv, &c, &d), 0);
    ck_assert_int_lt(xd_enter(xd_vcpu_at(d, 1)), 0);
    ck_assert_str_eq(xd_hv_error(m.hv), "d3v1 can't be entered: it is down");
    ck_assert_int_eq((int)xd_hypercall(m.peer, __HYPERVISOR_sched_op_new, arg), 0);
    ck_assert_int_lt(xd_enter(m.peer), 0);
    ck_assert_str_eq(xd_hv_error(m.hv), "d2v0 can't be entered: it is shut down");
    ck_assert_ptr_eq(xd_self(), m.v0);
}
END_TEST

START_TEST(a_linked_machine_cant_leave_the_process)
{
    ck_assert_int_eq(xd_save(m.hv, "/nowhere/at/all"), -EINVAL);
    ck_assert_ptr_nonnull(strstr(xd_hv_error(m.hv), "its guests are linked"));
}
END_TEST

START_TEST(the_host_looks_at_vcpus_and_domains)
{
    const struct xd_start *start = xd_domain_start(m.d1);
    struct xd_domain_info d;
    struct xd_vcpu_info v;
    char here[] = "here", copy[sizeof(here)] = "";

    xd_vcpu_look(m.v1, &v);
    ck_assert_str_eq(v.state, "running");
    ck_assert_uint_eq(v.cr3_mfn, start->cr3_mfn);
    ck_assert_uint_eq(v.user_cr3_mfn, 0);
    ck_assert(v.upcall_mask && !v.upcall_pending && !v.upcall_due && !v.continuing);
    ck_assert_int_eq(HYPERVISOR_vm_assist(VMASST_CMD_enable, VMASST_TYPE_writable_pagetables), 0);
    xd_domain_look(m.d1, &d);
    ck_assert_uint_eq(d.pages, start->pages);
    ck_assert_uint_eq(d.vm_assist, 1u << VMASST_TYPE_writable_pagetables);
    ck_assert_int_eq(d.shutdown_code, -1);
    ck_assert(xd_guest_peek(m.v0, (uint64_t)(uintptr_t)here, copy, sizeof(here)));
    ck_assert_str_eq(copy, here);
    ck_assert(!xd_guest_peek(m.v0, 8, copy, 1));
}
END_TEST

START_TEST(a_call_without_a_vcpu_ends_the_test)
{
    xd_leave();
    HYPERVISOR_xen_version(XENVER_version, NULL);
}
END_TEST

START_TEST(a_shutdown_of_an_entered_vcpu_ends_the_test)
{
    struct sched_shutdown off = {SHUTDOWN_poweroff};

    HYPERVISOR_sched_op(SCHEDOP_shutdown, &off);
}
END_TEST

START_TEST(waiting_for_ever_ends_the_test)
{
    HYPERVISOR_sched_op(SCHEDOP_block, NULL);
}
END_TEST

START_TEST(waiting_lets_time_pass)
{
    struct evtchn_bind_ipi ipi = {.vcpu = 0};
    struct sched_poll poll = {.nr_ports = 1, .timeout = xd_now_ns(m.hv) + 5000};

    xd_advance(m.hv, 123); /* no multiple of what d2's tick, which goes on, might be */
    poll.timeout += 123;
    ck_assert_int_eq(HYPERVISOR_event_channel_op(EVTCHNOP_bind_ipi, &ipi), 0);
    set_xen_guest_handle(poll.ports, &ipi.port);
    ck_assert_int_eq(HYPERVISOR_sched_op(SCHEDOP_poll, &poll), 0);
    ck_assert_uint_eq(xd_now_ns(m.hv), poll.timeout);
}
END_TEST

START_TEST(start_of_day_can_be_read)
{
    struct start_info *si = xd_guest_start_info(m.d1);

    ck_assert_str_eq(si->magic, "xen-3.0-x86_64");
    ck_assert_uint_eq(si->shared_info, xd_domain_start(m.d1)->shared_info_mfn << 12);
    ck_assert_uint_eq(xd_guest_shared_info(m.d1)->vcpu_info[0].evtchn_upcall_mask, 1);
    ck_assert_ptr_eq(xd_guest_vcpu_info(m.v1), &xd_guest_shared_info(m.d1)->vcpu_info[1]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("doors");
    TCase *tc = tcase_create("doors");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, a_call_is_answered);
    tcase_add_test(tc, operands_are_read_and_written_where_they_are);
    if (!RUNNING_ON_VALGRIND) /* there the kernel copies, page by page */
        tcase_add_test(tc, a_number_across_an_edge_is_there_whole_or_byte_by_byte);
    tcase_add_test(tc, the_hosts_door_takes_the_same_pointers);
    tcase_add_loop_test(tc, functions_agree_with_the_rows, 0, XD_CALLS);
    tcase_add_test(tc, suspend_names_the_frame_of_start_info);
    tcase_add_loop_test(tc, a_bad_pointer_is_efault, 0, NOWHERE_NR);
    tcase_add_test(tc, a_range_that_ends_in_nothing_is_copied_as_far_as_it_goes);
    tcase_add_test(tc, what_may_be_read_only_is_not_written);
    tcase_add_test(tc, long_copies_are_guarded_too);
    tcase_add_test(tc, no_hypercall_crashes_on_wild_arguments);
    tcase_add_test(tc, other_faults_go_to_the_handler_that_was_there);
    tcase_add_crash(tc, handlers_that_call_each_other_come_to_an_end);
    tcase_add_crash(tc, a_crash_of_the_test_is_still_a_crash);
    tcase_add_test(tc, two_machines_at_once);
    tcase_add_test(tc, a_machine_that_goes_takes_its_vcpu_along);
    tcase_add_test(tc, what_is_down_or_shut_down_is_not_entered);
    tcase_add_test(tc, a_linked_machine_cant_leave_the_process);
    tcase_add_test(tc, the_host_looks_at_vcpus_and_domains);
    tcase_add_test_raise_signal(tc, a_call_without_a_vcpu_ends_the_test, SIGABRT);
    tcase_add_test_raise_signal(tc, a_shutdown_of_an_entered_vcpu_ends_the_test, SIGABRT);
    tcase_add_test_raise_signal(tc, waiting_for_ever_ends_the_test, SIGABRT);
    tcase_add_test(tc, waiting_lets_time_pass);
    tcase_add_test(tc, start_of_day_can_be_read);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
