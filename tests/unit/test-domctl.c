/* SPDX-License-Identifier: MIT */
/* test-domctl.c: what a control domain gets done by domctl, where a scenario can't see it: over time, and by chance. */
#include "fixture.h"

#include "base/rng.h"
#include "hv/pagetype.h"
#include "hv/rights.h"
#include "hv/sched.h"

#include <string.h>

enum {
    HC_DOMCTL = 36,
    HC_EVENT_CHANNEL = 32,
    PAUSE = 3,
    UNPAUSE = 4,
    GETDOMAININFO = 5,
    SETCONTEXT = 12,
    GETCONTEXT = 13,
    IOMEM = 20,
    IOPORT = 21,
    SECOND = 1000000000,
};

static struct xd_fixture f;
static uint64_t at; /* of the struct, in dom0's memory */

static void setup(void)
{
    fixture_setup(&f);
    at = fixture_place(&f, f.v0, NULL, sizeof(struct xd_abi_domctl));
}

static void teardown(void)
{
    fixture_teardown(&f);
}

/* dom0 calls; the struct is what it was given, or what came back. */
static long domctl(struct xd_abi_domctl *op, uint32_t cmd, struct xd_domain *d)
{
    long rc;

    op->cmd = cmd;
    op->interface_version = 0x15;
    op->domain = d->domid;
    fixture_store(f.v0, at, op, sizeof(*op));
    rc = fixture_call(f.v0, HC_DOMCTL, at);
    fixture_load(f.v0, at, op, sizeof(*op));
    return rc;
}

static void ck_done(uint32_t cmd, struct xd_domain *d)
{
    struct xd_abi_domctl op = {0};

    ck_answered(f.v0, domctl(&op, cmd, d), 0);
}

/* ---- Pausing ---- */

START_TEST(time_of_a_paused_domain_goes_by)
{
    struct xd_abi_vcpu_runstate_info blocked, offline, runs;

    ck_answered(f.v1, fixture_call(f.v1, 29, 1, 0), 0); /* block */
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_BLOCKED);
    ck_done(PAUSE, f.d1);
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_PAUSED);
    ck_assert_int_eq(xd_vcpu_state(f.v1down), XD_STATE_DOWN);
    ck_assert_int_eq(xd_vcpu_state(f.v2), XD_STATE_RUNNING);
    xd_advance(f.hv, SECOND);
    xd_runstate_get(f.v1, &blocked);
    xd_vcpu_kick(f.v1); /* woken, and still it does not run */
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_PAUSED);
    xd_advance(f.hv, SECOND);
    xd_runstate_get(f.v1, &offline);
    ck_done(UNPAUSE, f.d1);
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_RUNNING);
    xd_runstate_get(f.v1, &runs);
    ck_assert_int_eq(blocked.state, 2);
    ck_assert_uint_ge(blocked.time[2], SECOND);
    ck_assert_int_eq(offline.state, 3);
    ck_assert_uint_eq(offline.time[3], SECOND);
    ck_assert_uint_eq(offline.time[2], blocked.time[2]);
    ck_assert_int_eq(runs.state, 0);
}
END_TEST

START_TEST(calls_of_a_paused_domain_are_not_made)
{
    ck_done(PAUSE, f.d1);
    ck_assert_int_eq(fixture_call(f.v1, 17, 0, 0), XD_NOT_RUNNING);
    ck_done(UNPAUSE, f.d1);
    ck_answered(f.v1, fixture_call(f.v1, 17, 0, 0), 0x40011);
}
END_TEST

START_TEST(a_shutdown_of_a_paused_domain_is_over_when_both_are)
{
    ck_done(PAUSE, f.d1);
    xd_domain_crash(f.d1);
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_SHUTDOWN);
    ck_done(27, f.d1);
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_PAUSED);
    ck_done(UNPAUSE, f.d1);
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_RUNNING);
}
END_TEST

/* ---- What is told ---- */

START_TEST(a_domain_is_blocked_when_all_its_vcpus_are)
{
    struct xd_abi_domctl op = {0};

    ck_answered(f.v1, fixture_call(f.v1, 29, 1, 0), 0);
    ck_answered(f.v0, domctl(&op, GETDOMAININFO, f.d1), 0);
    ck_assert_uint_eq(op.u.info.flags, 0xffff0020);
    ck_answered(f.v1b, fixture_call(f.v1b, 29, 1, 0), 0);
    ck_answered(f.v0, domctl(&op, GETDOMAININFO, f.d1), 0);
    ck_assert_uint_eq(op.u.info.flags, 0xffff0010);
    ck_assert_uint_eq(op.u.info.nr_online_vcpus, 2);
    ck_assert_uint_eq(op.u.info.max_vcpu_id, 2);
    xd_domain_crash(f.d1);
    ck_answered(f.v0, domctl(&op, GETDOMAININFO, f.d1), 0);
    ck_assert_uint_eq(op.u.info.flags, 3 << 16 | 0x14);
}
END_TEST

START_TEST(cpu_time_is_that_of_all_vcpus)
{
    struct xd_abi_domctl op = {0};
    uint64_t before;

    ck_answered(f.v0, domctl(&op, GETDOMAININFO, f.d1), 0);
    before = op.u.info.cpu_time;
    xd_advance(f.hv, SECOND);
    ck_answered(f.v0, domctl(&op, GETDOMAININFO, f.d1), 0);
    ck_assert_uint_eq(op.u.info.cpu_time - before, 2 * UINT64_C(1000000000));
}
END_TEST

/* ---- Contexts ---- */

/* What is told can be set, and then nothing is another than before. */
START_TEST(a_context_goes_round)
{
    struct xd_abi_domctl op = {0};
    uint64_t ctxt = fixture_place(&f, f.v0, NULL, sizeof(struct xd_abi_vcpu_guest_context));
    uint64_t digest = 0;

    f.v1->regs.rax = 0x1234;
    f.v1->iopl = 1;
    f.v1->given.fpu = true;
    memset(f.v1->given.xsave, 0x5a, XD_FPU_IMAGE);
    for (unsigned int i = 0; i < 3; i++) {
        op.u.vcpucontext.vcpu = 0;
        op.u.vcpucontext.ctxt = ctxt;
        ck_answered(f.v0, domctl(&op, GETCONTEXT, f.d1), 0);
        ck_answered(f.v0, domctl(&op, SETCONTEXT, f.d1), 0);
        ck_assert(i < 2 || xd_digest_state(f.hv) == digest);
        digest = xd_digest_state(f.hv);
    }
    ck_assert_uint_eq(f.v1->regs.rax, 0x1234);
    ck_assert_uint_eq(f.v1->iopl, 1);
    ck_assert(f.v1->given.fpu);
    for (unsigned int i = 0; i < XD_FPU_IMAGE; i++)
        ck_assert_uint_eq(f.v1->given.xsave[i], 0x5a);
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_RUNNING);
}
END_TEST

/* ---- Rights ---- */

#define WINDOW 64u

struct rights {
    bool has[WINDOW];
};

static bool in_ranges(const struct xd_rights *r, uint64_t n)
{
    bool in = false;

    for (uint32_t i = 0; i < r->nr; i++)
        in |= n >= r->range[i].first && n <= r->range[i].last;
    return in;
}

/* In order, none empty, none beside another, and nothing behind them. */
static void ck_tidy(const struct xd_rights *r)
{
    bool tidy = true;

    for (uint32_t i = 0; i < XD_RIGHTS; i++) {
        const struct xd_range *is = &r->range[i];

        tidy &= i < r->nr ? is->first <= is->last && (!i || is->first > is[-1].last + 1)
                          : !is->first && !is->last;
    }
    ck_assert(tidy);
}

START_TEST(rights_are_those_of_a_row_of_flags)
{
    const bool memory = _i;
    const uint64_t base = memory ? 0xa0 : 0x600;
    const struct xd_rights *list = memory ? &f.d2->iomem : &f.d2->ioport;
    struct rights r = {{false}};
    uint64_t chance = 7;

    for (unsigned int turn = 0; turn < 4000; turn++) {
        uint64_t first = xd_rng_next(&chance) % WINDOW,
                 nr = 1 + xd_rng_next(&chance) % (turn % 5 ? 4 : WINDOW - first);
        bool allow = xd_rng_next(&chance) % 2;
        struct xd_abi_domctl op = {0};
        long rc;

        if (first + nr > WINDOW || (!memory && first + nr > 8))
            nr = 1, first %= 8;
        op.u.iomem_permission.first_mfn = base + first;
        op.u.iomem_permission.nr_mfns = nr;
        op.u.iomem_permission.allow_access = allow;
        if (!memory) {
            op.u.ioport_permission.first_port = (uint32_t)(base + first);
            op.u.ioport_permission.nr_ports = (uint32_t)nr;
            op.u.ioport_permission.allow_access = allow;
        }
        rc = domctl(&op, memory ? IOMEM : IOPORT, f.d2);
        ck_answered(f.v0, rc, 0);
        memset(r.has + first, allow, nr);
        for (unsigned int i = 0; i < WINDOW; i++)
            ck_assert_msg(in_ranges(list, base + i) == r.has[i], "turn %u: %u", turn, i);
        ck_tidy(list);
        ck_assert_uint_eq(f.d2->l1_disallowed, xd_l1_disallowed(f.d2));
    }
}
END_TEST

START_TEST(the_last_frame_of_all_can_be_given)
{
    struct xd_abi_domctl op = {0};

    ck_assert(xd_rights_change(f.hv, &f.d0->iomem, UINT64_MAX - 7, UINT64_MAX, true));
    op.u.iomem_permission.first_mfn = UINT64_MAX - 3;
    op.u.iomem_permission.nr_mfns = 4;
    op.u.iomem_permission.allow_access = 1;
    ck_answered(f.v0, domctl(&op, IOMEM, f.d2), 0);
    ck_assert(in_ranges(&f.d2->iomem, UINT64_MAX));
    op.u.iomem_permission.first_mfn = 0;
    op.u.iomem_permission.nr_mfns = 1;
    ck_answered(f.v0, domctl(&op, IOMEM, f.d2), 0);
    ck_assert(in_ranges(&f.d2->iomem, UINT64_MAX) && in_ranges(&f.d2->iomem, 0));
    op.u.iomem_permission.first_mfn = UINT64_MAX - 1;
    op.u.iomem_permission.nr_mfns = 2;
    op.u.iomem_permission.allow_access = 0;
    ck_answered(f.v0, domctl(&op, IOMEM, f.d2), 0);
    ck_assert(!in_ranges(&f.d2->iomem, UINT64_MAX) && in_ranges(&f.d2->iomem, UINT64_MAX - 2));
    ck_tidy(&f.d2->iomem);
}
END_TEST

/* Every second port, and as many frames; then there is no room for one frame more, and there is when the gaps close. */
START_TEST(there_is_room_for_many_ranges)
{
    const uint64_t behind = 2 * (uint64_t)XD_RIGHTS;
    struct xd_abi_domctl op = {0};

    for (uint64_t i = 0; i < XD_RIGHTS; i++) {
        op.u.iomem_permission.first_mfn = 2 * i;
        op.u.iomem_permission.nr_mfns = 1;
        op.u.iomem_permission.allow_access = 1;
        ck_answered(f.v0, domctl(&op, IOMEM, f.d2), 0);
    }
    ck_assert_uint_eq(f.d2->iomem.nr, XD_RIGHTS);
    op.u.iomem_permission.first_mfn = behind;
    ck_refused(f.v0, domctl(&op, IOMEM, f.d2), ENOMEM, DOMCTL_RIGHTS_ROOM);
    ck_assert(!in_ranges(&f.d2->iomem, behind));
    ck_tidy(&f.d2->iomem);
    op.u.iomem_permission.first_mfn = 0;
    op.u.iomem_permission.nr_mfns = behind + 1;
    ck_answered(f.v0, domctl(&op, IOMEM, f.d2), 0);
    ck_assert_uint_eq(f.d2->iomem.nr, 1);
    ck_tidy(&f.d2->iomem);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("domctl");
    TCase *t = tcase_create("domctl");

    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, time_of_a_paused_domain_goes_by);
    tcase_add_test(t, calls_of_a_paused_domain_are_not_made);
    tcase_add_test(t, a_shutdown_of_a_paused_domain_is_over_when_both_are);
    tcase_add_test(t, a_domain_is_blocked_when_all_its_vcpus_are);
    tcase_add_test(t, cpu_time_is_that_of_all_vcpus);
    tcase_add_test(t, a_context_goes_round);
    tcase_add_loop_test(t, rights_are_those_of_a_row_of_flags, 0, 2);
    tcase_add_test(t, the_last_frame_of_all_can_be_given);
    tcase_add_test(t, there_is_room_for_many_ranges);
    suite_add_tcase(suite, t);
    return fixture_main(suite);
}
