/* SPDX-License-Identifier: MIT */
/* test-resume.c: which domains can be resumed, and that a refusal changes nothing. Scenarios have what comes of it. */
#include "fixture.h"
#include "hv/frame.h"
#include "hv/pt.h"
#include "hv/sched.h"

#include <string.h>

#define HC       29
#define VCPU_OP  24
#define DOWN     2u
#define SHUTDOWN 2u

static struct xd_fixture f;

static void setup(void)
{
    fixture_setup(&f);
}

static void teardown(void)
{
    fixture_teardown(&f);
}

static uint64_t start_info_mfn(struct xd_domain *d)
{
    return xd_domain_mfn(d, (d->start.start_info_va - d->start.virt_base) / XD_PAGE_SIZE);
}

static struct xd_abi_start_info *start_info(struct xd_domain *d)
{
    return (void *)xd_frame_words(f.hv, xd_mfn_of(start_info_mfn(d)));
}

/* As a guest that does all it must; RDX is that of (v). */
static void suspend(struct xd_vcpu *v, uint64_t mfn)
{
    const struct xd_start *s = &v->domain->start;
    struct xd_abi_sched_shutdown op = {XD_SHUTDOWN_SUSPEND};
    struct xd_abi_start_info *si = start_info(v->domain);

    si->store_mfn = (s->store_va - s->virt_base) / XD_PAGE_SIZE;
    si->console.domU.mfn = (s->console_va - s->virt_base) / XD_PAGE_SIZE;
    ck_ok(v, fixture_call(v, HC, SHUTDOWN, fixture_place(&f, v, &op, sizeof(op)), mfn));
    ck_assert_int_eq(xd_domain_shutdown_code(v->domain), XD_SHUTDOWN_SUSPEND);
}

static void ck_not_resumed(struct xd_domain *d, enum xd_resume how, const char *why)
{
    const uint64_t before = xd_digest(f.hv);

    ck_assert_int_eq(xd_domain_resume(d, how), -XD_HOST_EINVAL);
    ck_assert_msg(strstr(xd_hv_error(f.hv), why) != NULL, "%s", xd_hv_error(f.hv));
    ck_assert_uint_eq(xd_digest(f.hv), before);
}

START_TEST(who_runs_is_not_resumed)
{
    ck_not_resumed(f.d1, (enum xd_resume)_i, "d1 can't be resumed: it runs");
    suspend(f.v1, start_info_mfn(f.d1));
    ck_assert_int_eq(xd_domain_resume(f.d1, (enum xd_resume)_i), 0);
    ck_not_resumed(f.d1, (enum xd_resume)_i, "it runs");
}
END_TEST

START_TEST(nor_is_who_ended_otherwise)
{
    xd_domain_crash(f.d1);
    ck_not_resumed(f.d1, (enum xd_resume)_i, "it shut down with code 3");
}
END_TEST

START_TEST(nor_is_anybody_while_the_machine_is_off)
{
    struct xd_abi_sched_shutdown op = {XD_SHUTDOWN_SUSPEND};

    suspend(f.v1, start_info_mfn(f.d1));
    ck_ok(f.v0, fixture_run(&f, f.v0, HC, SHUTDOWN, &op));
    ck_not_resumed(f.d0, (enum xd_resume)_i, "the machine is off");
    ck_not_resumed(f.d1, (enum xd_resume)_i, "the machine is off");
}
END_TEST

START_TEST(there_is_no_fourth_way)
{
    suspend(f.v1, start_info_mfn(f.d1));
    ck_not_resumed(f.d1, (enum xd_resume)3, "no way 3");
}
END_TEST

START_TEST(rdx_names_a_frame_of_the_domain_that_is_no_table)
{
    const uint64_t bad[] = {0, f.hv->frames, start_info_mfn(f.d2), f.d1->shared_info.v, UINT64_MAX};

    suspend(f.v1, bad[_i]);
    ck_not_resumed(f.d1, XD_RESUME_ANEW, "no frame of its own");
    ck_not_resumed(f.d1, XD_RESUME_RESTORED, "no frame of its own");
    ck_assert_int_eq(xd_domain_resume(f.d1, XD_RESUME_CANCELLED), 0);
    suspend(f.v1, f.v1->cr3.v);
    ck_not_resumed(f.d1, XD_RESUME_ANEW, "in use as l4");
}
END_TEST

/* Linux without its suspend handler, for one: the mfns that the builder wrote still stand there. */
START_TEST(start_info_holds_pfns)
{
    suspend(f.v1, start_info_mfn(f.d1));
    start_info(f.d1)->store_mfn = f.d1->start.pages;
    ck_not_resumed(f.d1, _i ? XD_RESUME_ANEW : XD_RESUME_RESTORED, "start_info.store_mfn is 0x");
    start_info(f.d1)->store_mfn = 1;
    start_info(f.d1)->console.domU.mfn = UINT64_MAX;
    ck_not_resumed(f.d1, _i ? XD_RESUME_ANEW : XD_RESUME_RESTORED,
                   "start_info.console.domU.mfn is 0xffffffffffffffff, and d1 has no such pfn");
    start_info(f.d1)->console.domU.mfn = 1;
    ck_assert_int_eq(xd_domain_resume(f.d1, _i ? XD_RESUME_ANEW : XD_RESUME_RESTORED), 0);
    ck_assert_uint_eq(start_info(f.d1)->store_mfn, xd_domain_mfn(f.d1, 1));
}
END_TEST

/* Another vCPU suspends the domain; what the toolstack reads is vCPU 0's. */
static void suspend_without_the_first(void)
{
    ck_ok(f.v1b, fixture_call(f.v1b, VCPU_OP, DOWN, f.v1->id, 0));
    f.v1->regs.rdx = start_info_mfn(f.d1);
    suspend(f.v1b, 0);
    ck_assert(f.v1->down && f.v1->initialised);
}

START_TEST(nothing_is_saved_of_a_first_vcpu_that_is_down)
{
    suspend_without_the_first();
    ck_not_resumed(f.d1, XD_RESUME_RESTORED,
                   "d1 can't be resumed: its vCPU 0 is down, of which no toolstack saves anything");
    ck_assert_int_eq(xd_domain_resume(f.d1, _i ? XD_RESUME_ANEW : XD_RESUME_CANCELLED), 0);
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_DOWN);
    ck_assert_int_eq(xd_vcpu_state(f.v1b), _i ? XD_STATE_DOWN : XD_STATE_RUNNING);
}
END_TEST

START_TEST(it_is_up_if_it_only_sleeps)
{
    suspend_without_the_first();
    f.v1->up_asleep = true;
    ck_assert_int_eq(xd_domain_resume(f.d1, XD_RESUME_RESTORED), 0);
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_RUNNING);
}
END_TEST

START_TEST(a_first_vcpu_without_registers_has_no_rdx)
{
    suspend_without_the_first();
    xd_vcpu_reset(f.v1);
    ck_not_resumed(
        f.d1, (enum xd_resume)_i,
        "d1 can't be resumed: its vCPU 0 is down, of which nobody can read the registers");
}
END_TEST

/* AS-XEN: process_start_info tells how many pages there are by what the guest wrote, if it did. */
START_TEST(nr_pages_is_the_guests_or_the_builders)
{
    const uint64_t said[] = {0, 1, UINT64_C(1) << 40};

    fixture_set_shared(f.v1, fixture_map_shared_info(f.v1), max_pfn, said[_i]);
    start_info(f.d1)->nr_pages = 5;
    suspend(f.v1, start_info_mfn(f.d1));
    ck_assert_int_eq(xd_domain_resume(f.d1, XD_RESUME_RESTORED), 0);
    ck_assert_uint_eq(start_info(f.d1)->nr_pages, said[_i] ? said[_i] : f.d1->start.pages);
}
END_TEST

START_TEST(nobody_is_cancelled_in_the_middle_of_a_list)
{
    struct xd_abi_sched_shutdown op = {XD_SHUTDOWN_SUSPEND};
    struct xd_abi_multicall_entry e[2] = {{.op = HC, .args = {SHUTDOWN}}, {.op = 17}};

    e[0].args[1] = fixture_place(&f, f.v1, &op, sizeof(op));
    fixture_call(f.v1, 13, fixture_place(&f, f.v1, e, sizeof(e)), 2);
    ck_assert(xd_continuing(f.v1));
    ck_not_resumed(f.d1, XD_RESUME_CANCELLED, "in the middle of a multicall");
}
END_TEST

/* A journal gives all of it back. */
START_TEST(a_machine_goes_back_over_it)
{
    struct xd_snapshot s;
    uint64_t digest;

    suspend(f.v1, start_info_mfn(f.d1));
    digest = xd_digest(f.hv);
    s = xd_snapshot(f.hv);
    for (unsigned int how = XD_RESUME_CANCELLED; how <= XD_RESUME_RESTORED; how++) {
        ck_assert_int_eq(xd_domain_resume(f.d1, (enum xd_resume)how), 0);
        ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_RUNNING);
        ck_assert_uint_eq(f.v1->regs.rax, how == XD_RESUME_CANCELLED);
        fixture_audit(f.hv);
        ck_assert_int_eq(xd_restore(f.hv, s), 0);
        ck_assert_uint_eq(xd_digest(f.hv), digest);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("resume");
    TCase *tc = tcase_create("resume");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, who_runs_is_not_resumed, 0, 3);
    tcase_add_loop_test(tc, nor_is_who_ended_otherwise, 0, 3);
    tcase_add_loop_test(tc, nor_is_anybody_while_the_machine_is_off, 0, 3);
    tcase_add_test(tc, there_is_no_fourth_way);
    tcase_add_loop_test(tc, rdx_names_a_frame_of_the_domain_that_is_no_table, 0, 5);
    tcase_add_loop_test(tc, start_info_holds_pfns, 0, 2);
    tcase_add_loop_test(tc, nothing_is_saved_of_a_first_vcpu_that_is_down, 0, 2);
    tcase_add_test(tc, it_is_up_if_it_only_sleeps);
    tcase_add_loop_test(tc, a_first_vcpu_without_registers_has_no_rdx, 0, 3);
    tcase_add_loop_test(tc, nr_pages_is_the_guests_or_the_builders, 0, 3);
    tcase_add_test(tc, nobody_is_cancelled_in_the_middle_of_a_list);
    tcase_add_test(tc, a_machine_goes_back_over_it);
    suite_add_tcase(suite, tc);
    return fixture_main(suite);
}
