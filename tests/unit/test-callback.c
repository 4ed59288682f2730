/* SPDX-License-Identifier: MIT */
/* test-callback.c: set_callbacks and callback_op. */
#include "fixture.h"

#include <string.h>

#define HC     30
#define HC_SET 4

enum { REGISTER, UNREGISTER };
enum { EVENT, FAILSAFE, SYSCALL, SYSENTER_OLD, NMI, SYSENTER, UNUSED, SYSCALL32 };

#define HIGH          UINT64_C(0xffffffff80001000)
#define NOT_CANONICAL UINT64_C(0x8000000000000000)

static struct xd_fixture f;

static void setup(void)
{
    fixture_setup(&f);
}

static void teardown(void)
{
    fixture_teardown(&f);
}

static long register_callback(uint32_t type, uint32_t flags, uint64_t address)
{
    struct xd_abi_callback_register op = {(uint16_t)type, (uint16_t)flags, 0, address};

    return fixture_run(&f, f.v1, HC, REGISTER, &op);
}

static long unregister(uint32_t type)
{
    struct xd_abi_callback_unregister op = {(uint16_t)type, 0};

    return fixture_run(&f, f.v1, HC, UNREGISTER, &op);
}

static struct xd_callback *callback(uint32_t type)
{
    switch (type) {
    case EVENT: return &f.v1->event;
    case FAILSAFE: return &f.v1->failsafe;
    case SYSCALL: return &f.v1->syscall;
    case SYSENTER: return &f.v1->sysenter;
    default: return &f.v1->syscall32;
    }
}

static const struct {
    uint32_t type;
    int err;
    enum xd_why why;
    int un_err;
    enum xd_why un_why;
} types[] = {
    {EVENT, 0, XD_WHY_NONE, XD_EINVAL, XD_WHY_CALLBACK_KEEP},
    {FAILSAFE, 0, XD_WHY_NONE, XD_EINVAL, XD_WHY_CALLBACK_KEEP},
    {SYSCALL, 0, XD_WHY_NONE, XD_EINVAL, XD_WHY_CALLBACK_KEEP},
    {SYSENTER_OLD, XD_ENOSYS, XD_WHY_CALLBACK_TYPE, XD_ENOSYS, XD_WHY_CALLBACK_TYPE},
    {NMI, 0, XD_WHY_NONE, 0, XD_WHY_NONE},
    {SYSENTER, 0, XD_WHY_NONE, XD_EINVAL, XD_WHY_CALLBACK_KEEP},
    {UNUSED, XD_ENOSYS, XD_WHY_CALLBACK_TYPE, XD_ENOSYS, XD_WHY_CALLBACK_TYPE},
    {SYSCALL32, 0, XD_WHY_NONE, XD_EINVAL, XD_WHY_CALLBACK_KEEP},
    {8, XD_ENOSYS, XD_WHY_CALLBACK_TYPE, XD_ENOSYS, XD_WHY_CALLBACK_TYPE},
    {99, XD_ENOSYS, XD_WHY_CALLBACK_TYPE, XD_ENOSYS, XD_WHY_CALLBACK_TYPE},
    {0xffff, XD_ENOSYS, XD_WHY_CALLBACK_TYPE, XD_ENOSYS, XD_WHY_CALLBACK_TYPE},
};

START_TEST(types_are_known_or_not)
{
    ck_refused_as(f.v1, register_callback(types[_i].type, 0, HIGH), types[_i].err, types[_i].why);
    ck_refused(f.v1, register_callback(types[_i].type, 0, NOT_CANONICAL), EINVAL, CALLBACK_ADDRESS);
    if (types[_i].un_why == XD_WHY_CALLBACK_KEEP)
        ck_assert_uint_eq(callback(types[_i].type)->address, HIGH);
    ck_refused_as(f.v1, unregister(types[_i].type), types[_i].un_err, types[_i].un_why);
    if (types[_i].un_why == XD_WHY_CALLBACK_KEEP)
        ck_assert_uint_eq(callback(types[_i].type)->address, HIGH);
}
END_TEST

static const uint32_t with_mask[] = {FAILSAFE, SYSCALL, SYSENTER, SYSCALL32};

START_TEST(flags_say_whether_events_are_masked)
{
    uint32_t type = with_mask[_i];

    ck_ok(f.v1, register_callback(type, 1, HIGH));
    ck_assert(callback(type)->mask);
    ck_ok(f.v1, register_callback(type, 0xfffe, 0)); /* address 0 is none, and is accepted */
    ck_assert(!callback(type)->mask);
    ck_assert_uint_eq(callback(type)->address, 0);
    ck_assert_uint_eq(callback(type == SYSCALL ? FAILSAFE : SYSCALL)->address, 0);
}
END_TEST

START_TEST(an_upcall_always_masks_events)
{
    ck_ok(f.v1, register_callback(EVENT, 0, HIGH));
    ck_assert(f.v1->event.mask);
    ck_assert_uint_eq(f.v1b->event.address, 0); /* each vCPU has its own */
}
END_TEST

START_TEST(nmi_is_an_entry_of_the_trap_table)
{
    ck_ok(f.v1, register_callback(NMI, 0, HIGH));
    ck_assert_uint_eq(f.v1->trap[2].address, HIGH);
    ck_assert_uint_eq(f.v1->trap[2].cs, 0xe033);
    ck_assert_uint_eq(f.v1->trap[2].flags, 4);
    ck_assert(!f.v1->nmi_pending);
    ck_ok(f.v1, unregister(NMI));
    ck_assert_uint_eq(f.v1->trap[2].address, 0);
    ck_assert_uint_eq(f.v1->trap[2].cs, 0);
    fixture_set_shared(f.v1, fixture_map_shared_info(f.v1), nmi_reason, 1);
    ck_ok(f.v1, register_callback(NMI, 0, HIGH));
    ck_assert(f.v1->nmi_pending);
}
END_TEST

START_TEST(only_vcpu_0_gets_the_nmi_that_waited)
{
    struct xd_abi_callback_register op = {NMI, 0, 0, HIGH};

    fixture_set_shared(f.v1, fixture_map_shared_info(f.v1), nmi_reason, 1);
    ck_ok(f.v1b, fixture_run(&f, f.v1b, HC, REGISTER, &op));
    ck_assert(!f.v1b->nmi_pending && !f.v1->nmi_pending);
}
END_TEST

START_TEST(the_address_is_looked_at_before_the_type)
{
    ck_refused(f.v1, register_callback(99, 0, NOT_CANONICAL), EINVAL, CALLBACK_ADDRESS);
    ck_refused(f.v1, register_callback(99, 0, HIGH), ENOSYS, CALLBACK_TYPE);
    ck_refused(f.v1, register_callback(EVENT, 0, UINT64_C(1) << 47), EINVAL, CALLBACK_ADDRESS);
    ck_ok(f.v1, register_callback(EVENT, 0, (UINT64_C(1) << 47) - 1));
    ck_ok(f.v1,
          register_callback(EVENT, 0, XD_HYPERVISOR_START)); /* canonical is all that is asked */
}
END_TEST

START_TEST(operands_are_read_first)
{
    uint64_t end = fixture_hole(f.v1);

    ck_refused(f.v1, fixture_call(f.v1, HC, REGISTER, end), EFAULT, COPY_IN);
    ck_refused(f.v1, fixture_call(f.v1, HC, REGISTER, end - 8), EFAULT, COPY_IN);
    ck_refused(f.v1, fixture_call(f.v1, HC, UNREGISTER, end - 3), EFAULT, COPY_IN);
    ck_refused(f.v1, fixture_call(f.v1, HC, UNREGISTER, end - 4), EINVAL, CALLBACK_KEEP);
    ck_refused(f.v1, fixture_call(f.v1, HC, 2, end), ENOSYS, OP_UNKNOWN);
}
END_TEST

START_TEST(set_callbacks_takes_what_is_canonical_and_never_complains)
{
    ck_ok(f.v1, register_callback(FAILSAFE, 1, 0x1000));
    ck_ok(f.v1, register_callback(SYSCALL, 1, 0x2000));
    ck_ok(f.v1, fixture_call(f.v1, HC_SET, HIGH, HIGH + 16, NOT_CANONICAL));
    ck_assert_uint_eq(f.v1->event.address, HIGH);
    ck_assert_uint_eq(f.v1->failsafe.address, HIGH + 16);
    ck_assert(!f.v1->failsafe.mask);
    ck_assert_uint_eq(f.v1->syscall.address, 0x2000);
    ck_assert(f.v1->syscall.mask);
    ck_ok(f.v1, fixture_call(f.v1, HC_SET, NOT_CANONICAL, NOT_CANONICAL, 0));
    ck_assert_uint_eq(f.v1->event.address, HIGH);
    ck_assert_uint_eq(f.v1->failsafe.address, HIGH + 16);
    ck_assert_uint_eq(f.v1->syscall.address, 0);
    ck_assert(!f.v1->syscall.mask);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("callback");
    TCase *tc = tcase_create("callback");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, types_are_known_or_not, 0, XD_ARRAY_SIZE(types));
    tcase_add_loop_test(tc, flags_say_whether_events_are_masked, 0, XD_ARRAY_SIZE(with_mask));
    tcase_add_test(tc, an_upcall_always_masks_events);
    tcase_add_test(tc, nmi_is_an_entry_of_the_trap_table);
    tcase_add_test(tc, only_vcpu_0_gets_the_nmi_that_waited);
    tcase_add_test(tc, the_address_is_looked_at_before_the_type);
    tcase_add_test(tc, operands_are_read_first);
    tcase_add_test(tc, set_callbacks_takes_what_is_canonical_and_never_complains);
    suite_add_tcase(s, tc);
    return fixture_main(s);
}
