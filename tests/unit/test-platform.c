/* SPDX-License-Identifier: MIT */
/* test-platform.c: what a control domain gets done by platform_op, and what it leaves in the machine. */
#include "mm.h"

#include "hv/mtrr.h"

#include <string.h>

enum { HC = 7, VERSION = 0x03000001 };

static struct xd_fixture f;

static void setup(void)
{
    fixture_setup(&f);
}

static void teardown(void)
{
    fixture_teardown(&f);
}

/* Makes the call, whose answer is read back. */
static long run(struct xd_abi_platform_op *op, uint32_t cmd)
{
    uint64_t at;
    long rc;

    op->cmd = cmd;
    op->interface_version = VERSION;
    at = fixture_place(&f, f.v0, op, sizeof(*op));
    rc = fixture_call(f.v0, HC, at);
    fixture_load(f.v0, at, op, sizeof(*op));
    return rc;
}

static long add(uint64_t first, uint64_t frames, uint32_t type, uint32_t *reg)
{
    struct xd_abi_platform_op op = {
        .u.add_memtype = {.mfn = first, .nr_mfns = frames, .type = type, .handle = 7}};
    long rc = run(&op, 31);

    ck_assert_uint_eq(op.u.add_memtype.handle, rc ? 7 : 0);
    *reg = op.u.add_memtype.reg;
    return rc;
}

static long del(uint32_t reg)
{
    struct xd_abi_platform_op op = {.u.del_memtype = {.reg = reg}};

    return run(&op, 32);
}

static const struct {
    uint64_t first, frames;
    uint32_t type;
    int err;
    enum xd_why why;
} shapes[] = {
    {0x20000, 0x100, 1, 0, XD_WHY_NONE},
    {0, UINT64_C(1) << 28, 4, 0, XD_WHY_NONE}, /* around the firmware's, which is uncachable */
    {0, UINT64_C(1) << 29, 4, XD_EINVAL, XD_WHY_PLATFORM_MTRR_WIDTH},
    {UINT64_C(1) << 28, 1, 4, XD_EINVAL, XD_WHY_PLATFORM_MTRR_WIDTH},
    {0x20000, 0x101, 1, XD_EINVAL, XD_WHY_PLATFORM_MTRR_SHAPE},
    {0x20010, 0x100, 1, XD_EINVAL, XD_WHY_PLATFORM_MTRR_SHAPE},
    {0x20000, 0, 1, XD_EINVAL, XD_WHY_PLATFORM_MTRR_SHAPE},
    {0x20000, 0, 7, XD_EINVAL, XD_WHY_PLATFORM_MTRR_SHAPE},
    {0x20000, 1, 7, XD_EINVAL, XD_WHY_PLATFORM_MTRR_TYPE},
    {0, 0, 7, XD_EINVAL, XD_WHY_PLATFORM_MTRR_TYPE},
    {0, 0, 1, XD_EINVAL, XD_WHY_PLATFORM_MTRR_EMPTY},
    {0x80000, 0x10, 0, 0, XD_WHY_NONE}, /* the firmware's register */
};

START_TEST(ranges_have_a_shape)
{
    const uint64_t digest = xd_digest(f.hv);
    uint32_t reg;

    ck_refused_as(f.v0, add(shapes[_i].first, shapes[_i].frames, shapes[_i].type, &reg),
                  shapes[_i].err, shapes[_i].why);
    if (!shapes[_i].err)
        ck_assert_uint_ne(xd_digest(f.hv), digest);
}
END_TEST

START_TEST(a_range_is_counted_and_grows)
{
    uint32_t reg;

    ck_ok(f.v0, add(0x20000, 0x100, 1, &reg));
    ck_assert_uint_eq(reg, 1);
    ck_ok(f.v0, add(0x20010, 0x10, 1, &reg)); /* within */
    ck_assert_uint_eq(reg, 1);
    ck_assert_uint_eq(f.hv->mtrr[1].users, 2);
    ck_ok(f.v0, add(0x20000, 0x400, 1, &reg)); /* around */
    ck_assert_uint_eq(reg, 1);
    ck_assert_uint_eq(f.hv->mtrr[1].users, 3);
    ck_assert_uint_eq(f.hv->mtrr[1].frames, 0x400);
    for (unsigned int i = 0; i < 3; i++)
        ck_ok(f.v0, del(1));
    ck_refused(f.v0, del(1), EINVAL, PLATFORM_MTRR_UNUSED);
    ck_assert_uint_eq(f.hv->mtrr[1].frames, 0);
}
END_TEST

/* Two of one type within: neither grows. */
START_TEST(around_two_a_third_is_taken)
{
    uint32_t reg;

    ck_ok(f.v0, add(0x20000, 0x100, 1, &reg));
    ck_ok(f.v0, add(0x20100, 0x100, 1, &reg));
    ck_ok(f.v0, add(0x20000, 0x400, 1, &reg));
    ck_assert_uint_eq(reg, 3);
    ck_refused(f.v0, add(0x20000, 0x800, 6, &reg), EINVAL, PLATFORM_MTRR_OVERLAP);
    ck_refused(f.v0, add(0x20200, 0x100, 6, &reg), EINVAL, PLATFORM_MTRR_MISMATCH);
    for (uint64_t i = 0; i < 4; i++)
        ck_ok(f.v0, add(0x40000 + 2 * i, 1, 1, &reg));
    ck_refused(f.v0, add(0x50000, 1, 1, &reg), ENOSPC, PLATFORM_MTRR_FULL);
    ck_ok(f.v0, del(0)); /* the firmware's */
    ck_ok(f.v0, add(0x50000, 1, 1, &reg));
    ck_assert_uint_eq(reg, 0);
}
END_TEST

START_TEST(a_processor_that_was_tried_counts)
{
    struct xd_abi_platform_op op = {.u.cpu_hotadd = {.apic_id = 1023, .acpi_id = 511, .pxm = 255}};

    ck_refused(f.v0, run(&op, 58), ENOSPC, PLATFORM_CPU_ADD_FULL);
    op.u.cpu_hotadd.acpi_id = 1;
    ck_refused(f.v0, run(&op, 58), EEXIST, PLATFORM_CPU_ADD_TWICE);
    op.u.cpu_hotadd.apic_id = 1024;
    ck_refused(f.v0, run(&op, 58), EINVAL, PLATFORM_CPU_ADD_RANGE);
}
END_TEST

START_TEST(the_tsc_is_told_as_time)
{
    struct xd_abi_resource_entry entry[2] = {{.idx = 16}, {.idx = 17}};
    struct xd_abi_platform_op op = {
        .u.resource_op = {.nr_entries = 2,
                          .entries = fixture_place(&f, f.v0, entry, sizeof(entry))}};
    const uint64_t at = op.u.resource_op.entries;
    uint64_t first;

    ck_assert_int_eq(run(&op, 61), 1);
    fixture_load(f.v0, at, entry, sizeof(entry));
    ck_assert_int_eq((int32_t)entry[1].cmd, -XD_EPERM);
    first = entry[0].val;
    xd_advance(f.hv, 1234);
    entry[1].cmd = 0;
    fixture_store(f.v0, at, entry, sizeof(entry));
    ck_assert_int_eq(run(&op, 61), 1);
    fixture_load(f.v0, at, entry, sizeof(entry));
    ck_assert_uint_eq(entry[0].val - first, 1234);
}
END_TEST

START_TEST(symbols_end)
{
    char name[64] = "";
    struct xd_abi_platform_op op = {
        .u.symdata = {.name = fixture_place(&f, f.v0, name, sizeof(name))}};
    const uint64_t at = op.u.symdata.name;
    uint32_t nr;

    for (nr = 0; nr < 100; nr++) {
        op.u.symdata.namelen = sizeof(name);
        ck_ok(f.v0, run(&op, 63));
        fixture_load(f.v0, at, name, sizeof(name));
        ck_assert_uint_eq(op.u.symdata.namelen, strlen(name) + 1);
        if (!*name)
            break;
        ck_assert_uint_eq(op.u.symdata.symnum, nr + 1);
        ck_assert(!strncmp(name, "do_", 3));
    }
    ck_assert_uint_gt(nr, 30);
    op.u.symdata.symnum = nr + 1;
    ck_refused(f.v0, run(&op, 63), ERANGE, PLATFORM_SYMBOL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("platform");
    TCase *t = tcase_create("platform_op");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, ranges_have_a_shape, 0, (int)XD_ARRAY_SIZE(shapes));
    tcase_add_test(t, a_range_is_counted_and_grows);
    tcase_add_test(t, around_two_a_third_is_taken);
    tcase_add_test(t, a_processor_that_was_tried_counts);
    tcase_add_test(t, the_tsc_is_told_as_time);
    tcase_add_test(t, symbols_end);
    suite_add_tcase(suite, t);
    return fixture_main(suite);
}
