/* SPDX-License-Identifier: MIT */
/*
 * test-sysctl.c: sysctl and hypfs_op of the control domain: what they tell follows from the machine's state, what is set
 * is there until it is taken back, and a refusal changes nothing.
 */
#include "mm.h"

#include "abi/sysctl64.h"
#include "base/rng.h"
#include "hv/cpupolicy.h"
#include "hv/setting.h"

#include <string.h>

enum { HC_PLATFORM_OP = 7, HC_SYSCTL = 35, HC_HYPFS_OP = 42, HC_MCA = 48 };
enum {
    TBUF = 2,
    PHYSINFO = 3,
    DOMAINS = 6,
    DEBUG_KEYS = 7,
    AVAILHEAP = 9,
    PMSTAT = 10,
    PM_OP = 12,
    CPUPOOL = 18,
    SCHEDULER = 19,
    PCITOPO = 22,
    POLICY = 29,
    SET_PROCESSOR_PMINFO = 54
};
enum { FREE_INFO = 7 };

static struct xd_fixture f;
static struct xd_abi_sysctl op;

static void setup(void)
{
    fixture_setup(&f);
    memset(&op, 0, sizeof(op));
}

static void teardown(void)
{
    fixture_teardown(&f);
}

/* Makes the call with (op), which is what the guest finds there afterwards. */
static int64_t run(uint32_t cmd)
{
    uint64_t at;
    int64_t rc;

    op.cmd = cmd;
    op.interface_version = 0x15;
    at = fixture_place(&f, f.v0, &op, sizeof(op));
    rc = fixture_call(f.v0, HC_SYSCTL, at);
    fixture_load(f.v0, at, &op, sizeof(op));
    return rc;
}

START_TEST(free_memory_is_what_the_heap_has)
{
    uint64_t before, all;

    ck_ok(f.v0, run(PHYSINFO));
    before = op.u.physinfo.free_pages;
    ck_assert_uint_eq(before, f.hv->frames_free);
    ck_assert_uint_eq(op.u.physinfo.max_mfn, f.hv->frames - 1);
    memset(&op, 0, sizeof(op));
    op.u.availheap.node = -1;
    ck_ok(f.v0, run(AVAILHEAP));
    ck_assert_uint_eq(op.u.availheap.avail_bytes, before * XD_PAGE_SIZE);
    all = before;
    for (uint32_t bits = 13; bits < 45; bits++) { /* what lies below and above adds up */
        uint64_t below;

        memset(&op, 0, sizeof(op));
        op.u.availheap.max_bitwidth = bits;
        ck_ok(f.v0, run(AVAILHEAP));
        below = op.u.availheap.avail_bytes;
        memset(&op, 0, sizeof(op));
        op.u.availheap.min_bitwidth = bits + 1;
        ck_ok(f.v0, run(AVAILHEAP));
        ck_assert_uint_eq(below + op.u.availheap.avail_bytes, all * XD_PAGE_SIZE);
    }
    xd_domain_destroy(f.d2);
    memset(&op, 0, sizeof(op));
    ck_ok(f.v0, run(PHYSINFO));
    ck_assert_uint_gt(op.u.physinfo.free_pages, before);
}
END_TEST

START_TEST(domains_are_told_by_number)
{
    unsigned char list[4][112];
    uint16_t domid;

    op.u.domains.max_domains = 4;
    op.u.domains.buffer = fixture_place(&f, f.v0, NULL, sizeof(list));
    ck_ok(f.v0, run(DOMAINS));
    ck_assert_uint_eq(op.u.domains.num_domains, 3);
    fixture_load(f.v0, op.u.domains.buffer, list, sizeof(list));
    for (unsigned int i = 0; i < 3; i++) {
        memcpy(&domid, list[i], sizeof(domid));
        ck_assert_uint_eq(domid, i);
    }
    op.u.domains.first_domain = 2;
    ck_ok(f.v0, run(DOMAINS));
    ck_assert_uint_eq(op.u.domains.num_domains, 1);
    op.u.domains.first_domain = 0;
    op.u.domains.buffer = fixture_hole(f.v0) - sizeof(list[0]);
    ck_refused(f.v0, run(DOMAINS), EFAULT, COPY_OUT);
}
END_TEST

/* A pool, its scheduler's setting and one of power are there, and gone when the journal is undone. */
START_TEST(what_is_set_can_be_undone)
{
    uint64_t digest;
    size_t mark;

    fixture_place(&f, f.v0, NULL, sizeof(op)); /* the pages of arguments are in use */
    digest = xd_digest_state(f.hv);
    mark = xd_arena_mark(xd_arena_of(f.hv));
    op.u.pool.op = 1;
    op.u.pool.cpupool_id = 5;
    op.u.pool.sched_id = 5;
    ck_ok(f.v0, run(CPUPOOL));
    memset(&op, 0, sizeof(op));
    op.u.scheduler.cpupool_id = op.u.scheduler.sched_id = 5;
    op.u.scheduler.u.credit.tslice_ms = 7;
    ck_ok(f.v0, run(SCHEDULER));
    memset(&op, 0, sizeof(op));
    op.u.pm.cmd = 0x23;
    op.u.pm.u.value = 4;
    ck_ok(f.v0, run(PM_OP));
    memset(&op, 0, sizeof(op));
    op.u.tbuf.cmd = 2;
    op.u.tbuf.evt_mask = 0x1000;
    ck_ok(f.v0, run(TBUF));
    ck_assert_uint_eq(f.hv->pool[1].tslice_ms, 7);
    ck_assert_uint_eq(f.hv->cstate_max[0], 4);
    ck_assert_uint_eq(f.hv->trace_mask, 0x1000);
    ck_assert_uint_ne(xd_digest_state(f.hv), digest);
    xd_arena_undo(xd_arena_of(f.hv), mark);
    ck_assert_uint_eq(xd_digest_state(f.hv), digest);
    xd_arena_forget(xd_arena_of(f.hv));
}
END_TEST

/* Once Xen was told of idle states it counts how often they are entered: never; and tells of deeper ones, of which there are none. */
START_TEST(idle_states_are_counted_when_they_are_known)
{
    const uint64_t once = fixture_place(&f, f.v0, NULL, 4 * sizeof(once)),
                   deep = fixture_place(&f, f.v0, "................", 16);
    uint64_t times[4];

    for (unsigned int told = 0; told < 2; told++) {
        if (told) {
            const struct xd_abi_processor_cx state = {.space_id = 1, .address = 0x414, .type = 4};
            struct xd_abi_platform_op pm = {.cmd = SET_PROCESSOR_PMINFO,
                                            .interface_version = 0x03000001};

            pm.u.set_processor_pminfo.u.cx.count = 1;
            pm.u.set_processor_pminfo.u.cx.states = fixture_place(&f, f.v0, &state, sizeof(state));
            ck_ok(f.v0,
                  fixture_call(f.v0, HC_PLATFORM_OP, fixture_place(&f, f.v0, &pm, sizeof(pm))));
        }
        memset(&op, 0, sizeof(op));
        op.u.pmstat.type = 0x22;
        op.u.pmstat.u.cx.nr = 4;
        op.u.pmstat.u.cx.nr_pc = 2;
        op.u.pmstat.u.cx.pc = deep;
        op.u.pmstat.u.cx.triggers = op.u.pmstat.u.cx.residencies = once;
        ck_ok(f.v0, run(PMSTAT));
        ck_assert_uint_eq(op.u.pmstat.u.cx.nr, told ? 3 : 2);
        ck_assert_uint_eq(op.u.pmstat.u.cx.nr_pc, 0);
        fixture_load(f.v0, deep, times, 16);
        ck_assert(times[0] != 0 && (times[1] == 0) == told); /* the second place is of PC2 */
        op.u.pmstat.u.cx.nr = 1;
        op.u.pmstat.u.cx.residencies = fixture_hole(f.v0);
        ck_refused(f.v0, run(PMSTAT), EFAULT, COPY_OUT);
        fixture_load(f.v0, once, times, 8);
        ck_assert_uint_eq(times[0], !told);
    }
}
END_TEST

/* A list of leaves is as long as it says, has no leaf twice, and its feature sets lie within those of the processor. */
START_TEST(policies_are_lists_of_leaves)
{
    const enum xd_policy policy = (enum xd_policy)_i;
    struct xd_cpu_policy is, processor;
    struct xd_abi_cpuid_leaf leaf, last = {.leaf = UINT32_MAX};
    uint32_t n = 0, raw[XD_FEATURE_WORDS], set[XD_FEATURE_WORDS];

    xd_policy_of_machine(policy, &is);
    xd_policy_of_machine(XD_POLICY_RAW, &processor);
    for (; xd_policy_nth(&is, n, &leaf); n++) {
        ck_assert(n == 0 || leaf.leaf > last.leaf ||
                  (leaf.leaf == last.leaf && leaf.subleaf > last.subleaf));
        last = leaf;
    }
    ck_assert_uint_le(n, XD_POLICY_LEAVES);
    xd_policy_features(&processor, raw);
    xd_policy_features(&is, set);
    if (policy == XD_POLICY_HOST)
        for (unsigned int i = 0; i < 8; i++)
            ck_assert_uint_eq(set[i] & ~raw[i], 0);
    op.u.policy.index = policy;
    op.u.policy.nr_leaves = n - 1;
    op.u.policy.leaves = fixture_place(&f, f.v0, NULL, n * sizeof(leaf));
    ck_refused(f.v0, run(POLICY), ENOBUFS, POLICY_ROOM);
    op.u.policy.nr_leaves = n;
    ck_ok(f.v0, run(POLICY));
    ck_assert_uint_eq(op.u.policy.nr_leaves, n);
    ck_assert_uint_eq(op.u.policy.nr_msrs, XD_POLICY_MSRS);
}
END_TEST

static uint32_t below(uint64_t *rng, uint32_t n)
{
    return (uint32_t)(xd_rng_next(rng) % n);
}

/* A leaf that there is room for, of any values; mostly bits of the processor's. */
static struct xd_abi_cpuid_leaf any_leaf(uint64_t *rng)
{
    static const uint32_t leaves[] = {0,   1,          2,          4,          7,         0xb,
                                      0xd, 0x80000000, 0x80000001, 0x80000008, 0x80000021};
    const uint32_t leaf = leaves[below(rng, XD_ARRAY_SIZE(leaves))];
    const bool many = leaf == 4 || leaf == 7 || leaf == 0xb || leaf == 0xd;
    const uint32_t subleaf = many ? below(rng, 2) : XD_CPUID_NO_SUBLEAF;
    struct xd_abi_cpuid_leaf l = xd_policy_leaf(XD_POLICY_RAW, leaf, subleaf);
    uint32_t *const reg[] = {&l.a, &l.b, &l.c, &l.d};
    const bool numbers = leaf == 0 || leaf == 0x80000000;

    if (numbers && below(rng, 2))
        l.a = leaf + below(rng, 16);
    for (size_t i = numbers ? 1 : 0; i < XD_ARRAY_SIZE(reg); i++)
        if (below(rng, 3) == 0)
            *reg[i] ^= UINT32_C(1) << below(rng, 32);
    return l;
}

static void remake(struct xd_cpu_policy *p)
{
    xd_policy_trim(p);
    xd_policy_remake(p);
}

/* What a domain gets of a policy has no feature that there can't be, and is what it gets of that, too, if it is brought. */
START_TEST(a_policy_that_is_told_is_taken_as_it_is)
{
    uint64_t rng = 1;
    struct xd_cpu_policy most, start, is, again;
    uint32_t can[XD_FEATURE_WORDS], set[XD_FEATURE_WORDS];

    xd_policy_of_machine(XD_POLICY_PV_MAX, &most);
    xd_policy_features(&most, can);
    xd_policy_of_machine(XD_POLICY_HOST, &is);
    can[XD_FEATURES_E1D] |= XD_POLICY_COMMON_E1D;  /* told twice */
    can[XD_FEATURES_7B0] |= is.feat[0].b & 0x2040; /* ways of its FPU */
    xd_policy_of_domain(f.d1, &start);
    for (unsigned int round = 0; round < 2000; round++) {
        struct xd_abi_cpuid_leaf told, same;
        uint32_t n;

        is = start;
        for (uint32_t i = below(&rng, 5); i-- > 0;) {
            const struct xd_abi_cpuid_leaf l = any_leaf(&rng);

            ck_assert(xd_policy_merge(&is, &l));
        }
        remake(&is);
        xd_policy_features(&is, set);
        for (unsigned int i = 0; i < XD_FEATURE_WORDS; i++)
            ck_assert_msg(!(set[i] & ~can[i]), "round %u, word %u: %#x", round, i, set[i]);
        again = start;
        for (n = 0; xd_policy_nth(&is, n, &told); n++)
            ck_assert(xd_policy_merge(&again, &told));
        remake(&again);
        for (n = 0; xd_policy_nth(&is, n, &told); n++) {
            ck_assert(xd_policy_nth(&again, n, &same));
            ck_assert_msg(!memcmp(&told, &same, sizeof(told)), "round %u, leaf %#x", round,
                          told.leaf);
        }
        ck_assert(!xd_policy_nth(&again, n, &same));
    }
}
END_TEST

/* ---- Lists that go on and on, in memory that never ends ---- */

#define AT 0x10000u

static union {
    struct xd_abi_sysctl sysctl;
    struct xd_abi_platform_op platform;
} endless;
static uint64_t written;

static bool read_endless(void *ctx, struct xd_vcpu *v, uint64_t va, void *buf, size_t n)
{
    (void)ctx;
    (void)v;
    memset(buf, 0, n);
    if (va == AT)
        memcpy(buf, &endless, n);
    return true;
}

static bool write_endless(void *ctx, struct xd_vcpu *v, uint64_t va, const void *buf, size_t n)
{
    (void)ctx;
    (void)v;
    written += va == AT ? 0 : n;
    if (va == AT)
        memcpy(&endless, buf, n);
    return true;
}

static int64_t run_endless(uint32_t cmd)
{
    written = 0;
    endless.sysctl.cmd = cmd;
    endless.sysctl.interface_version = 0x15;
    return fixture_call(f.v0, HC_SYSCTL, AT);
}

START_TEST(a_list_without_end_does_not_hold_up_the_host)
{
    const struct xd_hooks hooks = {.read = read_endless, .write = write_endless};

    xd_hooks_set(f.hv, &hooks);
    memset(&endless, 0, sizeof(endless));
    endless.sysctl.u.debug_keys.keys = 0x20000;
    endless.sysctl.u.debug_keys.nr_keys = UINT32_MAX;
    ck_refused(f.v0, run_endless(DEBUG_KEYS), ENOSYS, NOT_MODELLED);

    memset(&endless, 0, sizeof(endless));
    endless.sysctl.u.pcitopo.devs = endless.sysctl.u.pcitopo.nodes = 0x20000;
    endless.sysctl.u.pcitopo.num_devs = UINT32_MAX;
    ck_ok(f.v0, run_endless(PCITOPO)); /* it says how far it came */
    ck_assert_uint_lt(endless.sysctl.u.pcitopo.num_devs, UINT32_MAX);
    ck_assert_uint_eq(written, UINT64_C(4) * endless.sysctl.u.pcitopo.num_devs);

    memset(&endless, 0, sizeof(endless));
    endless.sysctl.u.pool.op = FREE_INFO;
    endless.sysctl.u.pool.cpumap = (struct xd_abi_bitmap){.at = 0x20001, .nr = 0xfffffff0};
    ck_ok(f.v0, run_endless(CPUPOOL)); /* zeros to its end, page by page */
    ck_assert_uint_eq(written, 0xfffffff0 / 8);

    memset(&endless, 0, sizeof(endless));
    endless.platform.cmd = SET_PROCESSOR_PMINFO;
    endless.platform.interface_version = 0x03000001;
    endless.platform.u.set_processor_pminfo.u.cx.count = UINT32_MAX;
    ck_refused(f.v0, fixture_call(f.v0, HC_PLATFORM_OP, AT), ENOSYS, NOT_MODELLED);
}
END_TEST

/* ---- Settings ---- */

static const struct {
    enum xd_setting which;
    const char *text;
    enum xd_setting_rc rc;
    const char *is;
} settings[] = {
    {XD_SETTING_LOGLVL, "error/all", XD_SETTING_DONE, "error/all"},
    {XD_SETTING_LOGLVL, "all/none", XD_SETTING_DONE, "all/all"},
    {XD_SETTING_LOGLVL, "info/", XD_SETTING_BAD, "info/info"},
    {XD_SETTING_LOGLVL, "/", XD_SETTING_BAD, "warning/warning"},
    {XD_SETTING_GUEST_LOGLVL, "debug", XD_SETTING_DONE, "all/all"},
    {XD_SETTING_GUEST_LOGLVL, "infos", XD_SETTING_BAD, "info/info"},
    {XD_SETTING_PCID, "enable", XD_SETTING_DONE, "on"},
    {XD_SETTING_PCID, "no-xpti", XD_SETTING_DONE, "noxpti"},
    {XD_SETTING_PCID, "no-xpti=1", XD_SETTING_BAD, "xpti"},
    {XD_SETTING_GRANT_FRAMES, "0x7fffffff", XD_SETTING_DONE, "2147483647"},
    {XD_SETTING_GRANT_FRAMES, "017", XD_SETTING_DONE, "15"},
    {XD_SETTING_GRANT_FRAMES, "0x", XD_SETTING_BAD, "64"},
    {XD_SETTING_GRANT_FRAMES, "2147483648", XD_SETTING_RANGE, "64"},
    {XD_SETTING_MAPTRACK_FRAMES, "", XD_SETTING_DONE, "0"},
    {XD_SETTING_TIMESTAMPS, "", XD_SETTING_DONE, "date"},
    {XD_SETTING_TIMESTAMPS, "datems", XD_SETTING_DONE, "datems"},
    {XD_SETTING_TIMESTAMPS, "Date", XD_SETTING_BAD, "none"},
    {XD_SETTING_EPT, "exec-sp", XD_SETTING_DONE, ""},
};

START_TEST(texts_are_understood_as_in_xen)
{
    char is[XD_SETTING_SIZE];
    uint32_t n;

    ck_assert_int_eq(xd_setting_parse(f.hv, settings[_i].which, settings[_i].text),
                     settings[_i].rc);
    n = xd_setting_tell(f.hv, settings[_i].which, is);
    ck_assert_str_eq(is, settings[_i].is);
    ck_assert_uint_eq(n, strlen(is) + 1);
    ck_assert_uint_le(n, xd_setting_room(settings[_i].which));
}
END_TEST

/* hypfs is for the control domain; and every entry that the root lists is there. */
START_TEST(only_the_control_domain_reads_the_tree)
{
    const uint64_t root = fixture_place(&f, f.v0, "/", 2), there = fixture_place(&f, f.v1, "/", 2),
                   room = fixture_place(&f, f.v0, NULL, 128);
    uint32_t head[3];

    ck_refused(f.v1, fixture_call(f.v1, HC_HYPFS_OP, 1, there, 2, there, 2), EPERM, CONTROL_ONLY);
    ck_ok(f.v0, fixture_call(f.v0, HC_HYPFS_OP, 1, root, 2, room, 128));
    fixture_load(f.v0, room, head, sizeof(head));
    ck_assert_uint_eq(head[0], 0);
    ck_refused(f.v0, fixture_call(f.v0, HC_HYPFS_OP, 1, root, 2, room, head[1] + 11), ENOBUFS,
               HYPFS_SHORT);
    ck_ok(f.v0, fixture_call(f.v0, HC_HYPFS_OP, 1, root, 2, room, head[1] + 12));
    ck_refused(f.v0, fixture_call(f.v0, HC_HYPFS_OP, 2, root, 2, room, 1), EACCES, HYPFS_READ_ONLY);
}
END_TEST

static int64_t put(uint32_t flags, uint64_t value)
{
    enum { MSRINJECT = 4, MCG_STATUS = 0x17a };
    struct xd_abi_mc mc = {.cmd = MSRINJECT, .interface_version = 0x01ecc003};

    mc.u.msrinject.flags = flags;
    mc.u.msrinject.count = 1;
    mc.u.msrinject.msr[0] = (struct xd_abi_mc_msr){MCG_STATUS, value};
    return fixture_call(f.v0, HC_MCA, fixture_place(&f, f.v0, &mc, sizeof(mc)));
}

static int64_t raise_check(void)
{
    enum { MCEINJECT = 5 };
    struct xd_abi_mc mc = {.cmd = MCEINJECT, .interface_version = 0x01ecc003};

    return fixture_call(f.v0, HC_MCA, fixture_place(&f, f.v0, &mc, sizeof(mc)));
}

/* Bit 2 of MCG_STATUS, a check is in progress, is cleared with all others; of a value that is interposed only that goes. Bit 3 ends the
 * machine. */
START_TEST(machine_check_in_progress)
{
    ck_ok(f.v0, put(0, 1));
    ck_ok(f.v0, raise_check());
    ck_assert_uint_eq(f.hv->mcg_status, 1);
    ck_ok(f.v0, put(0, 5));
    ck_ok(f.v0, raise_check());
    ck_assert_uint_eq(f.hv->mcg_status, 0);
    ck_ok(f.v0, put(0, 12));
    ck_refused(f.v0, raise_check(), ENOSYS, XEN_ENDS);
    ck_ok(f.v0, put(1, 3)); /* in place of that */
    ck_ok(f.v0, raise_check());
    ck_ok(f.v0, raise_check());
    ck_ok(f.v0, put(1, 4));
    ck_ok(f.v0, raise_check());
    ck_refused(f.v0, raise_check(), ENOSYS, XEN_ENDS);
    ck_assert_uint_eq(f.hv->mcg_status, 12);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sysctl");
    TCase *t = tcase_create("sysctl");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, free_memory_is_what_the_heap_has);
    tcase_add_test(t, domains_are_told_by_number);
    tcase_add_test(t, what_is_set_can_be_undone);
    tcase_add_test(t, idle_states_are_counted_when_they_are_known);
    tcase_add_test(t, a_list_without_end_does_not_hold_up_the_host);
    tcase_add_test(t, a_policy_that_is_told_is_taken_as_it_is);
    tcase_add_loop_test(t, policies_are_lists_of_leaves, 0, XD_POLICIES);
    tcase_add_loop_test(t, texts_are_understood_as_in_xen, 0, (int)XD_ARRAY_SIZE(settings));
    tcase_add_test(t, only_the_control_domain_reads_the_tree);
    tcase_add_test(t, machine_check_in_progress);
    suite_add_tcase(suite, t);
    return fixture_main(suite);
}
