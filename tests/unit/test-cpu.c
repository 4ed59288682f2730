/* SPDX-License-Identifier: MIT */
/* test-cpu.c: what follows from each way a CPU can stop. */
#include "fixture.h"

#include "hv/call/cpu.h"

#include <string.h>

#define HC_VM_ASSIST        21
#define HC_MULTICALL        13
#define HC_SCHED_OP         29
#define HC_VERSION          17
#define WRITABLE_PAGETABLES 2

static struct xd_fixture f;

/* A CPU that stops as it was told. */
struct scripted {
    struct xd_cpu cpu;
    struct xd_exit exit;
    unsigned int runs;
};

static void stop(struct xd_cpu *cpu, struct xd_vcpu *v, struct xd_exit *e)
{
    struct scripted *s = (struct scripted *)(void *)cpu;

    (void)v;
    s->runs++;
    *e = s->exit;
}

static struct scripted cpu;
static struct xd_outcome out;

static void setup(void)
{
    fixture_setup(&f);
    memset(&cpu, 0, sizeof(cpu));
    cpu.cpu.run = stop;
}

static void teardown(void)
{
    fixture_teardown(&f);
}

static void step(struct xd_vcpu *v, struct xd_exit e)
{
    cpu.exit = e;
    xd_cpu_step(&cpu.cpu, v, &out);
}

START_TEST(a_kick_changes_nothing)
{
    uint64_t before = xd_digest(f.hv);

    step(f.v1, (struct xd_exit){.kind = XD_EXIT_KICKED});
    ck_assert_int_eq(out.kind, XD_OUTCOME_NOTHING);
    ck_assert_uint_eq(xd_digest(f.hv), before);
}
END_TEST

START_TEST(a_hypercall_is_made_from_registers_and_answered_in_rax)
{
    f.v1->regs.rax = HC_VERSION;
    f.v1->regs.rdi = 0;
    step(f.v1, (struct xd_exit){.kind = XD_EXIT_HYPERCALL});
    ck_assert_int_eq(out.kind, XD_OUTCOME_RETURNED);
    ck_assert_int_eq(out.rc, 0x40011);
    ck_assert_uint_eq(f.v1->regs.rax, 0x40011);
    f.v1->regs.rax = 62;
    step(f.v1, (struct xd_exit){.kind = XD_EXIT_HYPERCALL});
    ck_refused(f.v1, out.rc, ENOSYS, HYPERCALL_UNKNOWN);
    ck_assert_uint_eq(f.v1->regs.rax, (uint64_t) - (int64_t)XD_ENOSYS);
}
END_TEST

START_TEST(a_suspended_call_is_finished_before_the_guest_runs_on)
{
    struct xd_abi_multicall_entry list[2] = {{.op = HC_SCHED_OP, .args = {1}}, {.op = HC_VERSION}};

    f.v1->regs.rax = HC_MULTICALL;
    f.v1->regs.rdi = fixture_place(&f, f.v1, list, sizeof(list));
    f.v1->regs.rsi = 2;
    step(f.v1, (struct xd_exit){.kind = XD_EXIT_HYPERCALL});
    ck_assert_int_eq(out.kind, XD_OUTCOME_SUSPENDED);
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_BLOCKED);
    ck_assert_uint_eq(f.v1->regs.rax, HC_MULTICALL);
    f.v1->blocked = false;
    step(f.v1, (struct xd_exit){.kind = XD_EXIT_KICKED});
    ck_assert_int_eq(out.kind, XD_OUTCOME_RETURNED);
    ck_assert_int_eq(out.rc, 0);
    ck_assert_uint_eq(cpu.runs, 1);
    ck_assert_uint_eq(f.v1->regs.rax, 0);
}
END_TEST

/* The VA of a page of page tables, mapped read-only from the start, and the frame behind it. */
static uint64_t table_va(struct xd_vcpu *v)
{
    const struct xd_start *s = xd_domain_start(xd_vcpu_domain(v));

    return s->pt_va + (s->pt_frames - 1) * XD_PAGE_SIZE; /* the last one is an L1 */
}

START_TEST(a_legal_write_to_a_page_table_is_carried_out)
{
    struct xd_exit e = {.kind = XD_EXIT_EXCEPTION, .vector = XD_VECTOR_PF, .error = 3, .size = 8};
    uint64_t word;

    e.va = e.addr = table_va(f.v1) + 511 * 8;
    step(f.v1, e);
    ck_assert_int_eq(out.kind, XD_OUTCOME_TRAP); /* the assist is off */
    ck_assert_uint_eq(out.vector, XD_VECTOR_PF);
    ck_assert_uint_eq(out.fault.error, 3);
    ck_assert_uint_eq(fixture_vcpu_info(f.v1)->cr2, e.addr);
    ck_ok(f.v1, fixture_call(f.v1, HC_VM_ASSIST, 0, WRITABLE_PAGETABLES));
    step(f.v1, e);
    ck_assert_int_eq(out.kind, XD_OUTCOME_EMULATED);
    fixture_load(f.v1, e.va, &word, sizeof(word));
    ck_assert_uint_eq(word, 0);
}
END_TEST

/* Whatever the CPU took it for: an address that is not canonical is #GP, and no page fault. */
START_TEST(a_store_at_no_canonical_address_is_a_general_protection_fault)
{
    uint64_t cr2 = f.v1->cr2;

    step(f.v1, (struct xd_exit){.kind = XD_EXIT_EXCEPTION,
                                .vector = XD_VECTOR_PF,
                                .error = 2,
                                .size = 8,
                                .va = UINT64_C(0x800000000000),
                                .addr = UINT64_C(0x800000000000)});
    ck_assert_int_eq(out.kind, XD_OUTCOME_TRAP);
    ck_assert_uint_eq(out.vector, XD_VECTOR_GP);
    ck_assert_uint_eq(out.fault.error, 0);
    ck_assert_uint_eq(f.v1->cr2, cr2);
}
END_TEST

START_TEST(other_faults_go_to_the_guest)
{
    struct xd_exit e = {
        .kind = XD_EXIT_EXCEPTION, .vector = XD_VECTOR_PF, .error = 4, .addr = 0x1234};

    step(f.v1, e);
    ck_assert_int_eq(out.kind, XD_OUTCOME_TRAP);
    ck_assert_uint_eq(out.fault.cr2, 0x1234);
    ck_assert_uint_eq(f.v1->cr2, 0x1234);
    ck_assert_uint_eq(fixture_vcpu_info(f.v1)->cr2, 0x1234);
    step(f.v1, (struct xd_exit){.kind = XD_EXIT_EXCEPTION, .vector = 13});
    ck_assert_uint_eq(out.vector, 13);
    ck_assert_uint_eq(f.v1->cr2, 0x1234);
    step(f.v1, (struct xd_exit){.kind = XD_EXIT_SOFTINT, .vector = 0x80});
    ck_assert_int_eq(out.kind, XD_OUTCOME_TRAP);
    ck_assert_uint_eq(out.vector, 0x80);
}
END_TEST

START_TEST(a_guest_that_can_not_go_on_crashes)
{
    step(f.v1, (struct xd_exit){.kind = XD_EXIT_FATAL});
    ck_assert_int_eq(out.kind, XD_OUTCOME_CRASHED);
    ck_assert_int_eq(xd_vcpu_state(f.v1b), XD_STATE_SHUTDOWN);
    ck_assert_int_eq(f.d1->shutdown_code, 3);
    ck_assert_int_eq(xd_vcpu_state(f.v2), XD_STATE_RUNNING);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cpu");
    TCase *tc = tcase_create("cpu");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, a_kick_changes_nothing);
    tcase_add_test(tc, a_hypercall_is_made_from_registers_and_answered_in_rax);
    tcase_add_test(tc, a_suspended_call_is_finished_before_the_guest_runs_on);
    tcase_add_test(tc, a_legal_write_to_a_page_table_is_carried_out);
    tcase_add_test(tc, a_store_at_no_canonical_address_is_a_general_protection_fault);
    tcase_add_test(tc, other_faults_go_to_the_guest);
    tcase_add_test(tc, a_guest_that_can_not_go_on_crashes);
    suite_add_tcase(suite, tc);
    return fixture_main(suite);
}
