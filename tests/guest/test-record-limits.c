/* SPDX-License-Identifier: MIT */
/* test-record-limits.c: what no recording can hold, and where recordings go. */
#define _DEFAULT_SOURCE
#include "recorded.h"

#include <xendouble/levers.h>

/* ---- What can't be recorded ---- */

static void no_replay_of_it(const char *why)
{
    char list[8][160];

    machine_teardown(&m);
    ck_assert_int_eq(files(list, 8), 1);
    text = read_file(list[0]);
    ck_says("incomplete ");
    ck_says(why);
    replay(XD_UNUSABLE);
}

START_TEST(a_machine_that_was_used_before)
{
    struct xd_hv *hv;
    struct xd_domain *d;
    char list[8][160];

    machine_teardown(&m);
    remove_all();
    begin("r.xds");
    ck_assert_int_eq(xd_hv_create(&hv, NULL), 0);
    ck_assert_int_eq(xd_domain_create(hv, NULL, &d), 0);
    xd_advance(hv, 1000);
    ck_assert_int_eq(xd_enter(xd_vcpu_at(d, 0)), 0);
    ck_assert_int_eq(HYPERVISOR_xen_version(XENVER_version, NULL), 0x40011); /* the test goes on */
    xd_hv_destroy(hv);
    ck_assert_int_eq(files(list, 8), 1);
    text = read_file(list[0]);
    ck_says("incomplete \"the machine was used before it was linked");
    replay(XD_UNUSABLE);
}
END_TEST

START_TEST(a_change_that_is_no_step)
{
    struct xd_snapshot s = xd_snapshot(m.hv);

    connect();
    ck_assert_int_eq(xd_restore(m.hv, s), 0);
    ck_assert_int_eq(HYPERVISOR_xen_version(XENVER_version, NULL), 0x40011);
    no_replay_of_it("something that is no step");
}
END_TEST

/* ---- What is done in the middle of a call ---- */

static bool binds_another(void *ctx, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg,
                          int64_t *rc)
{
    struct evtchn_alloc_unbound un = {.dom = DOMID_SELF};
    uint64_t mine[6] = {EVTCHNOP_alloc_unbound, (uintptr_t)&un};

    (void)ctx;
    (void)nr;
    (void)arg;
    *rc = xd_hypercall(v, __HYPERVISOR_event_channel_op, mine);
    return true;
}

static void changes_the_struct(void *ctx, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg,
                               int64_t rc)
{
    struct evtchn_alloc_unbound *un = ctx;

    (void)v;
    (void)nr;
    (void)arg;
    (void)rc;
    un->remote_dom = 7;
}

/* Entries that share a struct which is written, and which somebody else writes to between them. */
START_TEST(memory_that_changes_in_the_middle)
{
    struct evtchn_alloc_unbound un = {.dom = DOMID_SELF, .remote_dom = 2};
    struct multicall_entry e[2];

    for (unsigned int i = 0; i < 2; i++)
        e[i] = (struct multicall_entry){.op = __HYPERVISOR_event_channel_op,
                                        .args = {EVTCHNOP_alloc_unbound, (uintptr_t)&un}};
    ck_assert_int_gt(xd_spy(m.d1, "event_channel_op.alloc_unbound", changes_the_struct, &un), 0);
    ck_assert_int_eq(HYPERVISOR_multicall(e, 2), 0);
    ck_assert_int_eq((int)e[1].result, 0);
    no_replay_of_it("memory that a call read changed in the middle of it");
}
END_TEST

START_TEST(a_mock_that_makes_a_call)
{
    struct evtchn_bind_ipi bind = {0};
    struct multicall_entry e = {.op = __HYPERVISOR_event_channel_op,
                                .args = {EVTCHNOP_bind_ipi, (uintptr_t)&bind}};

    xd_mock(m.d1, _i ? "multicall" : "event_channel_op.bind_ipi", binds_another, NULL);
    if (_i)
        ck_assert_int_eq(HYPERVISOR_multicall(&e, 1), 0);
    else
        ck_assert_int_eq(HYPERVISOR_event_channel_op(EVTCHNOP_bind_ipi, &bind), 0);
    no_replay_of_it("a spy made a call in the middle of a call");
}
END_TEST

static void lets_time_pass(void *ctx, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg,
                           int64_t rc)
{
    (void)v;
    (void)nr;
    (void)arg;
    (void)rc;
    xd_advance(ctx, 5000);
}

static void masks_a_port(void *ctx, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg, int64_t rc)
{
    (void)ctx;
    (void)nr;
    (void)arg;
    (void)rc;
    xd_guest_shared_info(xd_vcpu_domain(v))->evtchn_mask[0] |= 4;
}

START_TEST(a_spy_that_does_something_to_the_machine)
{
    xd_spy(m.d1, "xen_version", _i ? masks_a_port : lets_time_pass, m.hv);
    ck_assert_int_eq(HYPERVISOR_xen_version(XENVER_version, NULL), 0x40011);
    no_replay_of_it(_i ? "a spy stored into the machine in the middle of a call"
                       : "a spy did something to the machine in the middle of a call");
}
END_TEST

START_TEST(a_domain_number_that_is_used_again)
{
    struct xd_domain_config c = XD_DOMAIN_CONFIG_DEFAULT;

    xd_domain_destroy(m.d2);
    c.domid = 2;
    ck_assert_int_eq(xd_domain_create(m.hv, &c, &m.d2), 0);
    no_replay_of_it("d2 is made a second time");
}
END_TEST

static bool no_memory(void *ctx, struct xd_vcpu *v, uint64_t va, void *buf, size_t n)
{
    (void)ctx;
    (void)v;
    (void)va;
    (void)buf;
    (void)n;
    return false;
}

START_TEST(hooks_before_the_guests_memory)
{
    struct xd_hooks hooks = {.read = no_memory};

    xd_hooks_set(m.hv, &hooks);
    ck_assert_int_eq(HYPERVISOR_xen_version(XENVER_version, NULL), 0x40011);
    no_replay_of_it("hooks of the host's");
}
END_TEST

START_TEST(a_multicall_that_never_ends)
{
    struct multicall_entry e[2] = {{.op = __HYPERVISOR_sched_op_new, .args = {SCHEDOP_block}},
                                   {.op = __HYPERVISOR_xen_version}};
    uint64_t arg[6] = {(uintptr_t)e, 2};

    ck_assert_int_eq((int)xd_hypercall(m.v1, __HYPERVISOR_multicall, arg), 0);
    ck_assert_int_eq(HYPERVISOR_xen_version(XENVER_version, NULL), 0x40011);
    no_replay_of_it("in the middle of a multicall of d1v1");
}
END_TEST

static void sleeps_in_a_list(struct multicall_entry *e)
{
    uint64_t arg[6] = {(uintptr_t)e, 2};

    e[0] = (struct multicall_entry){.op = __HYPERVISOR_sched_op_new, .args = {SCHEDOP_block}};
    e[1] = (struct multicall_entry){.op = __HYPERVISOR_xen_version};
    ck_assert_int_eq((int)xd_hypercall(m.v1, __HYPERVISOR_multicall, arg), 0);
    ck_assert(xd_continuing(m.v1));
}

static void suspend_and_resume_anew(void)
{
    const struct xd_start *s = xd_domain_start(m.d1);
    struct start_info *si = xd_guest_start_info(m.d1);
    uint32_t reason = SHUTDOWN_suspend;
    uint64_t arg[6] = {SCHEDOP_shutdown, (uintptr_t)&reason};

    si->store_mfn = (s->store_va - s->virt_base) / 4096;
    si->console.domU.mfn = (uint32_t)((s->console_va - s->virt_base) / 4096);
    arg[2] = xd_domain_mfn(m.d1, (s->start_info_va - s->virt_base) / 4096);
    ck_assert_int_eq((int)xd_hypercall(m.v0, __HYPERVISOR_sched_op_new, arg), 0);
    ck_assert_int_eq(xd_domain_resume(m.d1, XD_RESUME_ANEW), 0);
}

/* What its vCPU does next is not what is left of the list. */
START_TEST(a_multicall_whose_vcpu_is_reset)
{
    struct multicall_entry e[2];
    uint64_t version[6] = {XENVER_version};

    sleeps_in_a_list(e);
    xd_leave();
    if (_i)
        xd_domain_destroy(m.d1);
    else
        suspend_and_resume_anew();
    ck_assert_int_eq((int)xd_hypercall(m.peer, __HYPERVISOR_xen_version, version), 0x40011);
    no_replay_of_it("d1v1 was reset, or its domain destroyed, in the middle of a multicall");
}
END_TEST

START_TEST(a_multicall_that_went_on_late)
{
    evtchn_port_t port = connect(), mine = 3;
    struct sched_poll poll = {.nr_ports = 1};
    struct multicall_entry e[2] = {
        {.op = __HYPERVISOR_sched_op_new, .args = {SCHEDOP_poll, (uintptr_t)&poll}},
        {.op = __HYPERVISOR_xen_version}};
    uint64_t arg[6] = {(uintptr_t)e, 2};

    set_xen_guest_handle(poll.ports, &mine);
    xd_guest_vcpu_info(m.v0)->evtchn_upcall_mask = 1;
    ck_assert_int_eq((int)xd_hypercall(m.v1, __HYPERVISOR_multicall, arg), 0);
    send_as(m.peer, port);
    ck_assert_int_eq(HYPERVISOR_xen_version(XENVER_version, NULL), 0x40011);
    ck_assert_int_eq((int)xd_continue(m.v1), 0);
    no_replay_of_it("only after others had done more");
}
END_TEST

/* ---- Files ---- */

START_TEST(every_machine_and_every_process_has_a_file)
{
    struct machine other;
    char list[8][160];
    int status;
    pid_t child;

    machine_setup(&other);
    connect();
    fflush(stdout);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        struct evtchn_send nowhere = {.port = 77};

        HYPERVISOR_event_channel_op(EVTCHNOP_send, &nowhere);
        xd_hv_destroy(m.hv);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    machine_teardown(&m);
    machine_teardown(&other);
    ck_assert_int_eq(files(list, 8), 3);
    for (int i = 0; i < 3; i++) {
        free(text);
        text = read_file(list[i]);
        replay(XD_PASSED);
    }
}
END_TEST

START_TEST(the_name_can_have_the_process_in_it)
{
    char list[8][160], want[32];

    machine_teardown(&m);
    remove_all();
    begin("of-%p.xds");
    machine_setup(&m);
    machine_teardown(&m);
    ck_assert_int_eq(files(list, 8), 1);
    snprintf(want, sizeof(want), "/of-%ld", (long)getpid());
    ck_assert_msg(strstr(list[0], want) != NULL, "%s", list[0]);
}
END_TEST

START_TEST(a_file_that_cannot_be_made_is_told)
{
    machine_teardown(&m);
    remove_all();
    setenv("XENDOUBLE_RECORD", "/nowhere/at/all.xds", 1);
    machine_setup(&m);
    ck_assert_int_eq(xd_enter(m.v0), 0);
    ck_assert_int_eq(HYPERVISOR_xen_version(XENVER_version, NULL), 0x40011);
    machine_teardown(&m);
    strcpy(dir, "/nowhere");
    unsetenv("XENDOUBLE_RECORD");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("record-limits");
    TCase *tc = tcase_create("record");

    tcase_add_checked_fixture(tc, setup, teardown_files);
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, a_machine_that_was_used_before);
    tcase_add_test(tc, a_change_that_is_no_step);
    tcase_add_test(tc, memory_that_changes_in_the_middle);
    tcase_add_loop_test(tc, a_mock_that_makes_a_call, 0, 2);
    tcase_add_loop_test(tc, a_spy_that_does_something_to_the_machine, 0, 2);
    tcase_add_test(tc, a_domain_number_that_is_used_again);
    tcase_add_test(tc, hooks_before_the_guests_memory);
    tcase_add_test(tc, a_multicall_that_never_ends);
    tcase_add_loop_test(tc, a_multicall_whose_vcpu_is_reset, 0, 2);
    tcase_add_test(tc, a_multicall_that_went_on_late);
    tcase_add_test(tc, every_machine_and_every_process_has_a_file);
    tcase_add_test(tc, the_name_can_have_the_process_in_it);
    tcase_add_test(tc, a_file_that_cannot_be_made_is_told);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
