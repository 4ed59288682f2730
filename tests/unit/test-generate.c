/* SPDX-License-Identifier: MIT */
/*
 * test-generate.c: generated programs are the same for ever, can be run, leave a sound machine,
 * and reach every reason that steps of a program can reach. tests/unit/generate-survey shows the
 * numbers behind it.
 */
#include "fixture.h"
#include "survey.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* What no step that is generated can bring about, and why. */
static const struct {
    enum xd_why why;
    const char *because;
} unreached[] = {
    {XD_WHY_NOT_MODELLED, "such calls are left out"},
    {XD_WHY_LINEAR_NOT_VALIDATED, "needs a second CPU in the middle of an audit"},
    {XD_WHY_EVTCHN_PIRQ_BUSY, "needs two who have a line: scenarios/physdev/shared-line.xds"},
    {XD_WHY_PHYSDEV_NO_FREE_PIRQ, "needs 41 calls: scenarios/physdev/free-pirq.xds"},
    {XD_WHY_PHYSDEV_MAP_UNKNOWN,
     "needs two control domains: scenarios/physdev/second-control-domain.xds"},
    {XD_WHY_VCPU_NO_INFO, "needs 33 vCPUs: scenarios/vcpu/beyond-shared-info.xds"},
    {XD_WHY_PHYSDEV_NO_VECTOR, "needs 179 calls: scenarios/physdev/vectors-used-up.xds"},
    {XD_WHY_PHYSDEV_GSI_NO_VECTOR, "likewise"},
    {XD_WHY_EVTCHN_FIFO_FULL, "needs 129 calls: scenarios/events/fifo-full.xds"},
    {XD_WHY_KEXEC_LIST, "a list of pages in machine memory is read without care on a real machine: "
                        "scenarios/control/kexec-images.xds"},
    {XD_WHY_KEXEC_SOURCE, "likewise: scenarios/control/kexec-foreign.xds"},
    {XD_WHY_CPU_IS_UP,
     "in a list of calls Xen tells the result elsewhere: scenarios/control/sysctl-power.xds"},
    {XD_WHY_CPU_IS_FIRST, "likewise"},
    {XD_WHY_PM_NO_POLICY,
     "a real machine would stay told of frequencies: scenarios/control/sysctl-frequencies.xds"},
    {XD_WHY_POOL_MANY,
     "how many pools there can be depends on the processors: scenarios/control/sysctl-pools.xds"},
    {XD_WHY_XENOPROF_MANY, "needs 26 calls: scenarios/control/profiler-counters.xds"},
    {XD_WHY_XENOPROF_NOT_INITIALISED,
     "a real machine would stay profiled: scenarios/control/profiler-not-ready.xds"},
    {XD_WHY_XENOPROF_PROFILED,
     "nine calls have to go well before: scenarios/control/profiler-buffers.xds"},
    {XD_WHY_XENOPROF_NO_MEMORY,
     "needs frames that are scarce: scenarios/control/profiler-no-memory.xds"},
    {XD_WHY_DOMCTL_PAUSES, "needs 256 calls: scenarios/control/domctl-pause-limit.xds"},
    {XD_WHY_DOMCTL_RESET_PV,
     "needs one who has shut down and is paused: scenarios/control/domctl-soft-reset.xds"},
    {XD_WHY_DOMCTL_AFFINITY_BUSY, "needs one who is pinned: scenarios/control/domctl-affinity.xds"},
    {XD_WHY_DOMCTL_CONTEXT_TABLES,
     "the other domain's kernel would be lost: scenarios/control/domctl-context.xds"},
    {XD_WHY_VCPU_CONTEXT_ASSIST, "likewise: scenarios/control/domctl-context-up.xds"},
    {XD_WHY_VNUMA_ROOM,
     "a domain would keep its virtual nodes: scenarios/control/domctl-virtual-nodes.xds"},
    {XD_WHY_DOMCTL_EXT_MCE,
     "it would keep its entries: scenarios/control/domctl-entries-banks.xds"},
    {XD_WHY_DOMCTL_MSR_ROOM, "... and its MSRs: scenarios/control/domctl-msrs.xds"},
};

static bool can_be_reached(enum xd_why why)
{
    for (size_t i = 0; i < XD_ARRAY_SIZE(unreached); i++)
        if (unreached[i].why == why)
            return false;
    return true;
}

static uint64_t text_hash(const struct xd_generate *g, uint64_t hash)
{
    struct xd_str text = {0};

    xd_generate_text(g, &text);
    for (size_t i = 0; i < text.len; i++)
        hash = (hash ^ (unsigned char)text.text[i]) * 1099511628211u;
    xd_str_free(&text);
    return hash;
}

START_TEST(equal_parameters_give_equal_text)
{
    for (uint64_t seed = 0; seed < 50; seed++) {
        const struct xd_generate g = {.seed = seed, .two_domains = seed % 2};

        ck_assert_uint_eq(text_hash(&g, 1), text_hash(&g, 1));
    }
    ck_assert_uint_ne(text_hash(&(struct xd_generate){.seed = 1}, 1),
                      text_hash(&(struct xd_generate){.seed = 2}, 1));
}
END_TEST

START_TEST(programs_have_the_steps_asked_for)
{
    for (uint64_t seed = 1; seed < 40; seed++) {
        const struct xd_generate g = {.seed = seed, .steps = (uint32_t)seed};
        struct survey s = {0};

        survey_run(&s, &g);
        ck_assert_uint_eq(s.steps, 6 + seed); /* machine, domain and four names are its head */
        survey_free(&s);
    }
}
END_TEST

/* Each group alone, with one domain and two: every rule makes steps that can be made. */
START_TEST(programs_can_be_run_and_leave_a_consistent_machine)
{
    struct survey s = {.audit = true, .tell_unfit = true};

    for (uint64_t seed = 0; seed < 100; seed++) {
        const struct xd_generate g = {.seed = (uint64_t)_i * 1000 + seed,
                                      .steps = 24,
                                      .groups = 1u << _i,
                                      .two_domains = seed % 2};

        survey_run(&s, &g);
    }
    ck_assert_msg(s.bad == 0 && s.unfit == 0, "%s", xd_str_text(&s.complaints));
    ck_assert_uint_gt(s.calls, 500);
    survey_free(&s);
}
END_TEST

START_TEST(every_reason_is_reached_and_half_of_the_calls_are_granted)
{
    struct survey s = {.tell_unfit = true};
    struct xd_str missed = {0};
    char name[XD_WHY_NAME_MAX];

    for (uint64_t seed = 0; seed < 10000; seed++) {
        const struct xd_generate g = {.seed = seed,
                                      .steps = 16,
                                      .groups = XD_GENERATE_GUEST | 1u << XD_GENERATE_HOST,
                                      .two_domains = seed % 3};

        survey_run(&s, &g);
    }
    ck_assert_msg(s.bad == 0 && s.unfit == 0, "%s", xd_str_text(&s.complaints));
    for (unsigned int why = 1; why < XD_WHYS; why++)
        if (can_be_reached((enum xd_why)why) && !s.why[why])
            xd_str_addf(&missed, " %s", xd_why_name((enum xd_why)why, name));
    ck_assert_msg(!missed.len, "no program was refused for%s", xd_str_text(&missed));
    xd_str_free(&missed);
    ck_assert_msg(s.granted > s.calls * 45 / 100 && s.granted < s.calls * 55 / 100,
                  "%" PRIu64 " of %" PRIu64 " calls were granted", s.granted, s.calls);
    survey_free(&s);
}
END_TEST

/* A debug build, and an iret in a list: real Xen runs none of these, so its programs have none. */
static const char *const of_the_double[] = {" profile=debug\n", "\niret "};

static bool in_a_list(const char *text, const char *call)
{
    const char *at = strstr(text, call), *open, *close;

    for (; at; at = strstr(at + 1, call)) {
        open = strchr(at, '{');
        close = strchr(at, '}');
        if (close && (!open || close < open))
            return true;
    }
    return false;
}

START_TEST(only_the_double_gets_debug_builds_and_irets_in_lists)
{
    const uint32_t guest = XD_GENERATE_GUEST, all = guest | 1u << XD_GENERATE_HOST;
    unsigned int seen[XD_ARRAY_SIZE(of_the_double)][2] = {{0}};

    for (uint64_t seed = 0; seed < 1200; seed++)
        for (unsigned int host = 0; host < 2; host++) {
            const struct xd_generate g = {.seed = seed,
                                          .steps = 24,
                                          .groups = host       ? all
                                                    : seed % 2 ? guest
                                                               : 0,
                                          .two_domains = seed % 3};
            struct xd_str text = {0};

            xd_generate_text(&g, &text);
            seen[0][host] += strstr(xd_str_text(&text), of_the_double[0]) != NULL;
            for (unsigned int i = 1; i < XD_ARRAY_SIZE(of_the_double); i++)
                seen[i][host] += in_a_list(xd_str_text(&text), of_the_double[i]);
            xd_str_free(&text);
        }
    for (unsigned int i = 0; i < XD_ARRAY_SIZE(of_the_double); i++) {
        ck_assert_uint_eq(seen[i][0], 0);
        ck_assert_uint_gt(seen[i][1], 5);
    }
}
END_TEST

START_TEST(groups_have_names)
{
    for (unsigned int i = 0; i < XD_GENERATE_GROUPS; i++)
        ck_assert_int_eq(xd_generate_group_find(xd_generate_group_name(i)), (int)i);
    ck_assert_ptr_null(xd_generate_group_name(XD_GENERATE_GROUPS));
    ck_assert_int_eq(xd_generate_group_find("none"), -1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("generate");
    TCase *t = tcase_create("generated programs");

    tcase_set_timeout(t, 300);
    tcase_add_test(t, equal_parameters_give_equal_text);
    tcase_add_test(t, programs_have_the_steps_asked_for);
    tcase_add_loop_test(t, programs_can_be_run_and_leave_a_consistent_machine, 0,
                        XD_GENERATE_GROUPS);
    tcase_add_test(t, every_reason_is_reached_and_half_of_the_calls_are_granted);
    tcase_add_test(t, only_the_double_gets_debug_builds_and_irets_in_lists);
    tcase_add_test(t, groups_have_names);
    suite_add_tcase(suite, t);
    return fixture_main(suite);
}
