/* SPDX-License-Identifier: MIT */
/* test-dispatch.c: from a number to a handler: numbers, widths of arguments, states of the vCPU, operands. */
#include "mm.h"

#include "abi/table.h"

#include <string.h>

static struct xd_fixture f;

static void setup(void)
{
    fixture_setup(&f);
}

#define HC_IRET 23

static void teardown(void)
{
    fixture_teardown(&f);
}

START_TEST(numbers_without_a_row_do_not_exist)
{
    static const uint64_t far[] = {64, 0xffffffff, UINT64_C(1) << 32 | 17, ~UINT64_C(0)};

    for (uint64_t nr = 0; nr < XD_CALLS; nr++) {
        const struct xd_call *call = xd_call_at(nr);
        uint64_t none[6] = {0};

        if (nr == HC_IRET) /* without a frame it ends the domain */
            continue;
        if (!call)
            ck_refused(f.v1, xd_hypercall(f.v1, nr, none), ENOSYS, HYPERCALL_UNKNOWN);
        else if (!call->modelled)
            ck_refused(f.v1, xd_hypercall(f.v1, nr, none), ENOSYS, NOT_MODELLED);
        else if (xd_hypercall(f.v1, nr, none) == -XD_ENOSYS)
            ck_assert_uint_ne(xd_why(f.v1), XD_WHY_HYPERCALL_UNKNOWN);
    }
    for (unsigned int i = 0; i < XD_ARRAY_SIZE(far); i++)
        ck_refused(f.v1, fixture_call(f.v1, far[i], 0), ENOSYS, HYPERCALL_UNKNOWN);
}
END_TEST

START_TEST(arguments_are_cut_to_their_width)
{
    uint64_t high = UINT64_C(0xabcdef0100000000);

    ck_answered(f.v1, fixture_call(f.v1, 17, high, 0), 0x40011);       /* a 32-bit command */
    ck_ok(f.v1, fixture_call(f.v1, 1, 0, high, 0, high | DOMID_SELF)); /* count and domain */
    ck_ok(f.v1, fixture_call(f.v1, 22, mm_va(f.d1, 0), 0, 0,
                             high | 0xabcd0000 | DOMID_SELF)); /* 16 bits of a domid */
    ck_ok(f.v1, fixture_call(f.v1, 2, 0, high));
}
END_TEST

START_TEST(a_vcpu_that_does_not_run_makes_no_calls)
{
    ck_assert_int_eq(fixture_call(f.v1down, 17, 0, 0), XD_NOT_RUNNING);
    ck_assert_str_ne(xd_hv_error(f.hv), "");
    f.v1->blocked = true;
    ck_assert_int_eq(fixture_call(f.v1, 17, 0, 0), XD_NOT_RUNNING);
    f.v1->blocked = false;
    ck_assert_int_eq(xd_continue(f.v1), XD_NOT_RUNNING);
}
END_TEST

START_TEST(the_last_call_is_on_record)
{
    ck_refused(f.v1, fixture_call(f.v1, 14, XD_HYPERVISOR_START, 7, 8), EINVAL, VA_RANGE);
    ck_assert_uint_eq(f.v1->rec.nr, 14);
    ck_assert_uint_eq(f.v1->rec.arg[1], 7);
    ck_assert_uint_eq(f.v1->rec.arg[2], 8);
    ck_answered(f.v1, fixture_call(f.v1, 17, 0, 0), 0x40011);
    ck_assert_uint_eq(f.v1->rec.nr, 17);
}
END_TEST

/* One operation of each group that copies in and out. */
static const struct {
    uint64_t nr, cmd;
    bool writes;
} ops[] = {{32, 6, true},  {32, 4, false}, {32, 5, true},
           {12, 3, false}, {29, 2, false}, {30, 0, false}};

START_TEST(operands_are_copied_in_and_out)
{
    uint64_t hole = fixture_hole(f.v1), ro = xd_domain_start(f.d1)->pt_va;

    ck_refused(f.v1, fixture_call(f.v1, ops[_i].nr, ops[_i].cmd, hole), EFAULT, COPY_IN);
    ck_refused(f.v1, fixture_call(f.v1, ops[_i].nr, ops[_i].cmd, hole - 1), EFAULT, COPY_IN);
    ck_refused(f.v1, fixture_call(f.v1, ops[_i].nr, ops[_i].cmd, XD_HYPERVISOR_START), EFAULT,
               COPY_IN);
    ck_refused(f.v1, fixture_call(f.v1, ops[_i].nr, ops[_i].cmd, UINT64_C(0x7ffffffffff8)), EFAULT,
               COPY_IN);
    /* What is only written need not be readable. */
    ck_refused(f.v1, fixture_call(f.v1, 12, 12, ro), EFAULT, COPY_OUT);
    ck_refused(f.v1, fixture_call(f.v1, 12, 12, hole), EFAULT, COPY_OUT);
    ck_refused(f.v1, fixture_call(f.v1, ops[_i].nr, 63, hole), ENOSYS,
               OP_UNKNOWN); /* before the operand is read */
}
END_TEST

static const uint64_t refused[] = {27, 40, 37, 42, 48};

START_TEST(calls_answered_in_one_line)
{
    static const enum xd_why why[] = {XD_WHY_XSM_ABSENT, XD_WHY_XENPMU_OFF, XD_WHY_CONTROL_ONLY,
                                      XD_WHY_CONTROL_ONLY, XD_WHY_CONTROL_ONLY};
    static const int err[] = {XD_ENOSYS, XD_EOPNOTSUPP, XD_EPERM, XD_EPERM, XD_EPERM};

    ck_refused_as(f.v1, fixture_call(f.v1, refused[_i], 0), err[_i], why[_i]);
    if (err[_i] != XD_EPERM)
        ck_refused_as(f.v0, fixture_call(f.v0, refused[_i], 0), err[_i], why[_i]);
}
END_TEST

/* With hooks for guest memory, operands need no page tables. */
static unsigned char memory[64];

static bool hook_read(void *ctx, struct xd_vcpu *v, uint64_t va, void *buf, size_t n)
{
    (void)ctx;
    (void)v;
    if (va < 0x1000 || va - 0x1000 + n > sizeof(memory))
        return false;
    memcpy(buf, memory + (va - 0x1000), n);
    return true;
}

static bool hook_write(void *ctx, struct xd_vcpu *v, uint64_t va, const void *buf, size_t n)
{
    (void)ctx;
    (void)v;
    if (va < 0x1000 || va - 0x1000 + n > sizeof(memory))
        return false;
    memcpy(memory + (va - 0x1000), buf, n);
    return true;
}

START_TEST(hosts_may_stand_in_for_guest_memory)
{
    struct xd_hooks hooks = {.read = hook_read, .write = hook_write};
    struct xd_abi_mmu_update req[2] = {{mm_entry_at(f.d1, mm_va(f.d1, 0), 1), 0}, {4, 0}};
    uint32_t done;

    xd_hooks_set(f.hv, &hooks);
    memcpy(memory, req, sizeof(req));
    ck_refused(f.v1, fixture_call(f.v1, 1, 0x1000, 2, 0x1030, DOMID_SELF), ENOSYS, MMU_CMD);
    memcpy(&done, memory + 0x30, sizeof(done));
    ck_assert_uint_eq(done, 1);
    ck_refused(f.v1, fixture_call(f.v1, 1, 0x9000, 1, 0, DOMID_SELF), EFAULT, COPY_IN);
    ck_refused(f.v1, fixture_call(f.v1, 12, 12, 0x1030), EFAULT, COPY_OUT); /* it reads nothing */
    ck_ok(f.v1, fixture_call(f.v1, 12, 12, 0x1000));
    xd_hooks_set(f.hv, NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dispatch");
    TCase *t = tcase_create("calls");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, numbers_without_a_row_do_not_exist);
    tcase_add_test(t, arguments_are_cut_to_their_width);
    tcase_add_test(t, a_vcpu_that_does_not_run_makes_no_calls);
    tcase_add_test(t, the_last_call_is_on_record);
    tcase_add_loop_test(t, operands_are_copied_in_and_out, 0, (int)XD_ARRAY_SIZE(ops));
    tcase_add_loop_test(t, calls_answered_in_one_line, 0, (int)XD_ARRAY_SIZE(refused));
    tcase_add_test(t, hosts_may_stand_in_for_guest_memory);
    suite_add_tcase(suite, t);
    return fixture_main(suite);
}
