/* SPDX-License-Identifier: MIT */
/*
 * test-generate.c: generated programs are the same for ever, can be run, leave a sound machine, and those that the oracle
 * compares reach every reason, but for a list. tests/unit/generate-survey shows the numbers behind it.
 */
#include "fixture.h"
#include "survey.h"

#include "cli/oracle.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * What no program of the oracle's fixed runs is refused for, and what compares it on real Xen instead: a scenario, or nothing,
 * and why.
 */
static const struct {
    enum xd_why why;
    const char *scenario; /* below scenarios/ */
    const char *because;  /* there is none */
} unreached[] = {
    {XD_WHY_NOT_MODELLED, NULL, "Xen has no such answer; such calls are left out"},
    {XD_WHY_XEN_ENDS, NULL, "real Xen does not survive it"},
    {XD_WHY_INJECTED, NULL, "the host of a double injects, nobody else"},
    {XD_WHY_LINEAR_NOT_VALIDATED, NULL, "it takes a second processor in the middle of an audit"},
    {XD_WHY_PHYSDEV_APIC_PIN, NULL, "Xen does not survive it, or not whole"},
    {XD_WHY_PHYSDEV_NO_MSIX, NULL, "Xen does not survive it"},
    {XD_WHY_PHYSDEV_PCI_ROOM, NULL, "real Xen has room for more, and devices stay"},
    {XD_WHY_KEXEC_TABLES, NULL, "real Xen has other memory"},
    {XD_WHY_DOMCTL_NEW_VCPU_ROOM, NULL, "real Xen has room for more"},
    {XD_WHY_DOMCTL_RIGHTS_ROOM, NULL, "real Xen has room for more"},
    {XD_WHY_PHYSDEV_MAP_UNKNOWN, NULL,
     "it takes a second control domain, and lines that are mapped stay so"},
    {XD_WHY_PHYSDEV_NO_FREE_PIRQ, "physdev/free-pirq", NULL},        /* 41 calls */
    {XD_WHY_PHYSDEV_NO_VECTOR, "physdev/vectors-used-up", NULL},     /* 179 calls */
    {XD_WHY_PHYSDEV_GSI_NO_VECTOR, "physdev/vectors-used-up", NULL}, /* likewise */
    {XD_WHY_VCPU_NO_INFO, "vcpu/beyond-shared-info", NULL},          /* 33 vCPUs */
    {XD_WHY_EVTCHN_FIFO_FULL, "events/fifo-full", NULL},             /* 129 calls */
    {XD_WHY_KEXEC_LIST, "control/kexec-images", NULL},               /* machine memory is read */
    {XD_WHY_KEXEC_SOURCE, "control/kexec-foreign", NULL},            /* likewise */
    {XD_WHY_XENOPROF_MANY, "control/profiler-counters", NULL},       /* 26 calls */
    {XD_WHY_DOMCTL_PAUSES, "control/domctl-pause-limit", NULL},      /* 256 calls */
    {XD_WHY_XENOPROF_NO_MEMORY, NULL, "it takes a heap that is used up"},
    {XD_WHY_DOMCTL_RESET_PV, "control/domctl-soft-reset", NULL},   /* d1 has ended by then */
    {XD_WHY_VNUMA_ROOM, "control/domctl-virtual-nodes", NULL},     /* virtual nodes stay */
    {XD_WHY_DOMCTL_EXT_MCE, "control/domctl-entries-banks", NULL}, /* entries stay */
    {XD_WHY_DOMCTL_MSR_ROOM, "control/domctl-msrs", NULL},         /* MSRs stay */
    {XD_WHY_DOMCTL_NEW_POOL_EMPTY, "control/domctl-create-refused", NULL}, /* pools stay */
    {XD_WHY_TBUF_RESIZE, "control/sysctl-trace", NULL},                    /* buffers stay */
    {XD_WHY_TBUF_BUSY, "control/sysctl-trace", NULL},
    {XD_WHY_TBUF_NO_MEMORY, NULL, "it takes a heap that is used up"},
    {XD_WHY_DOMCTL_NEW_FULL, NULL, "it takes as much memory as the machine has"},
    {XD_WHY_DOMCTL_NEW_NO_MEMORY, NULL, "it takes a heap that is used up"},
};

/* What only steps of the host's bring about. */
static const enum xd_why of_a_host[] = {XD_WHY_INJECTED, XD_WHY_PHYSDEV_APIC_PIN,
                                        XD_WHY_PHYSDEV_NO_MSIX};

static bool is_listed(enum xd_why why)
{
    for (size_t i = 0; i < XD_ARRAY_SIZE(unreached); i++)
        if (unreached[i].why == why)
            return true;
    return false;
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

/* tests/oracle/meson.build: 5,000 programs of seeds 1 and 2, and of 3 and 4 in dom0 alone. */
START_TEST(the_oracles_programs_reach_what_is_not_listed_and_half_of_the_calls_are_granted)
{
    struct survey s = {.tell_unfit = true};
    struct xd_str wrong = {0};
    char name[XD_WHY_NAME_MAX];

    for (uint64_t run = 1; run <= 4; run++)
        for (uint64_t nr = 0; nr < 5000; nr++) {
            const struct xd_generate g = {.seed = xd_generate_seed(run, nr),
                                          .two_domains = run < 3};

            survey_run(&s, &g);
        }
    ck_assert_msg(s.bad == 0 && s.unfit == 0, "%s", xd_str_text(&s.complaints));
    for (unsigned int why = 1; why < XD_WHYS; why++)
        if (is_listed((enum xd_why)why) == (s.why[why] != 0))
            xd_str_addf(&wrong,
                        s.why[why] ? "\nrefused, though listed, for %s by seed 0x%" PRIx64
                                   : "\nno program was refused for %s",
                        xd_why_name((enum xd_why)why, name), s.seed_of[why]);
    ck_assert_msg(!wrong.len, "%s", xd_str_text(&wrong));
    xd_str_free(&wrong);
    ck_assert_msg(s.granted > s.calls * 45 / 100 && s.granted < s.calls * 55 / 100,
                  "%" PRIu64 " of %" PRIu64 " calls were granted", s.granted, s.calls);
    survey_free(&s);
}
END_TEST

/* Does a step, which no comment is, expect to be refused for (name)? */
static bool expects(const char *text, const char *name)
{
    struct xd_str why = {0};
    bool found = false;

    xd_str_addf(&why, "why=%s", name);
    for (const char *line = text; *line && !found;
         line += strcspn(line, "\n"), line += *line != 0) {
        const char *at = strstr(line, xd_str_text(&why));

        found = at && at < line + strcspn(line, "#\n") && !strchr("-_", at[why.len]) &&
                !isalnum((unsigned char)at[why.len]);
    }
    xd_str_free(&why);
    return found;
}

/* main.c's, for what finds files; nothing here does. */
int xd_complain(const char *fmt, ...)
{
    ck_abort_msg("%s", fmt);
    return XD_UNUSABLE;
}

static void read_text(const char *path, struct xd_str *text)
{
    FILE *f = fopen(path, "r");

    ck_assert_msg(f != NULL, "%s is missing", path);
    for (int c; (c = getc(f)) != EOF;)
        xd_str_addc(text, (char)c);
    fclose(f);
}

START_TEST(a_scenario_that_real_xen_runs_compares_what_is_listed_or_nothing_can)
{
    const size_t i = (size_t)_i;
    const struct xd_oracle o = {.files.nr = 1};
    struct xd_str path = {0}, text = {0};
    char name[XD_WHY_NAME_MAX], *error = NULL;
    struct xd_program *p;
    const char *unfit;

    xd_why_name(unreached[i].why, name);
    ck_assert_msg(!unreached[i].scenario == (unreached[i].because != NULL), "%s", name);
    if (!unreached[i].scenario)
        return;
    xd_str_addf(&path, SCENARIO_DIR "/%s.xds", unreached[i].scenario);
    read_text(xd_str_text(&path), &text);
    p = xd_program_parse(xd_str_text(&path), xd_str_text(&text), text.len, &error);
    ck_assert_msg(p != NULL, "%s", error);
    unfit = xd_oracle_unfit(&o, 0, p);
    ck_assert_msg(!unfit, "%s: %s", xd_str_text(&path), unfit);
    ck_assert_msg(expects(xd_str_text(&text), name), "%s expects no why=%s", xd_str_text(&path),
                  name);
    xd_program_free(p);
    xd_str_free(&text);
    xd_str_free(&path);
}
END_TEST

START_TEST(only_marks_of_whole_names_in_steps_are_expectations)
{
    ck_assert(expects("# a\nsched_op yield = 0 why=pin-twice\n", "pin-twice"));
    ck_assert(expects("sched_op yield = 0 why=pin-twice done=0", "pin-twice"));
    ck_assert(!expects("sched_op yield = 0 why=pin-twice", "pin"));
    ck_assert(!expects("# why=pin-twice\nsched_op yield = 0 # why=pin-twice\n", "pin-twice"));
    ck_assert(!expects("sched_op yield\n", "pin-twice"));
}
END_TEST

START_TEST(a_host_brings_about_reasons_of_its_own)
{
    struct survey s = {.tell_unfit = true};
    char name[XD_WHY_NAME_MAX];

    for (uint64_t seed = 0; seed < 2500; seed++) {
        const struct xd_generate g = {.seed = seed,
                                      .groups = XD_GENERATE_GUEST | 1u << XD_GENERATE_HOST,
                                      .two_domains = seed % 3};

        survey_run(&s, &g);
    }
    ck_assert_msg(s.bad == 0 && s.unfit == 0, "%s", xd_str_text(&s.complaints));
    for (size_t i = 0; i < XD_ARRAY_SIZE(of_a_host); i++)
        ck_assert_msg(s.why[of_a_host[i]] != 0, "no program was refused for %s",
                      xd_why_name(of_a_host[i], name));
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
    tcase_add_test(t,
                   the_oracles_programs_reach_what_is_not_listed_and_half_of_the_calls_are_granted);
    tcase_add_loop_test(t, a_scenario_that_real_xen_runs_compares_what_is_listed_or_nothing_can, 0,
                        XD_ARRAY_SIZE(unreached));
    tcase_add_test(t, only_marks_of_whole_names_in_steps_are_expectations);
    tcase_add_test(t, a_host_brings_about_reasons_of_its_own);
    tcase_add_test(t, only_the_double_gets_debug_builds_and_irets_in_lists);
    tcase_add_test(t, groups_have_names);
    suite_add_tcase(suite, t);
    return fixture_main(suite);
}
