/* SPDX-License-Identifier: MIT */
/* cmd_fuzz.c: searches for programs that show xendouble wrong, and judges programs that are given. */
#define _GNU_SOURCE
#include "abi/command.h"
#include "cli/fuzz.h"

#include "fuzz/generate.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PROGRAMS_MAX UINT64_C(1000000000000)
#define JOBS_MAX     256u
#define SECONDS_ELSE 10u
#define TWICE_EVERY  64u /* programs: a digest costs more than a program */

/* 0; a code to end with; or -1 after the help. */
static int options(struct xd_fuzz *f, int argc, char **argv)
{
    enum { ONLY = 256, KEEP, REPORT, EVERY, TWICE, MAX };
    static const struct option longs[] = {{"seed", required_argument, NULL, 's'},
                                          {"programs", required_argument, NULL, 'n'},
                                          {"time", required_argument, NULL, 't'},
                                          {"steps", required_argument, NULL, 'l'},
                                          {"jobs", required_argument, NULL, 'j'},
                                          {"help", no_argument, NULL, 'h'},
                                          {"only", required_argument, NULL, ONLY},
                                          {"keep", required_argument, NULL, KEEP},
                                          {"report", no_argument, NULL, REPORT},
                                          {"every", required_argument, NULL, EVERY},
                                          {"twice", required_argument, NULL, TWICE},
                                          {"max-findings", required_argument, NULL, MAX},
                                          {NULL, 0, NULL, 0}};
    bool ok = true, making = false; /* an option is about programs that are made */
    int c;

    while (ok && (c = getopt_long(argc, argv, "s:n:t:l:j:h", longs, NULL)) != -1) {
        making |= c != EVERY && c != TWICE && c != KEEP;
        switch (c) {
        case 's': ok = xd_option_number("seed", optarg, 0, UINT64_MAX, &f->seed); break;
        case 'n': ok = xd_option_number("programs", optarg, 1, PROGRAMS_MAX, &f->programs); break;
        case 't': ok = xd_option_number("time", optarg, 1, 1000000000, &f->seconds); break;
        case 'l': ok = xd_option_number("steps", optarg, 1, 10000, &f->steps); break;
        case 'j': ok = xd_option_number("jobs", optarg, 1, JOBS_MAX, &f->jobs); break;
        case EVERY: ok = xd_option_number("every", optarg, 1, UINT32_MAX, &f->every); break;
        case TWICE: ok = xd_option_number("twice", optarg, 0, UINT32_MAX, &f->twice); break;
        case MAX: ok = xd_option_number("max-findings", optarg, 1, 1000, &f->max_findings); break;
        case ONLY: ok = xd_option_group(optarg, (1u << XD_GENERATE_GROUPS) - 1, &f->groups); break;
        case KEEP: f->keep = optarg; break;
        case REPORT: f->report = true; break;
        case 'h': xd_usage(&xd_cmd_fuzz, true); return -1;
        default: return xd_usage(&xd_cmd_fuzz, false);
        }
    }
    if (ok && xd_find_scenarios(&f->files, argv + optind, argc - optind))
        ok = false;
    if (ok && making && f->files.nr) {
        xd_complain(
            "files are judged as they are: beside them there are only --every, --twice and --keep");
        ok = false;
    }
    if (!f->seconds && !f->programs)
        f->seconds = SECONDS_ELSE;
    return ok && (!f->keep || xd_option_directory("keep", f->keep)) ? 0 : XD_UNUSABLE;
}

static int judge_file(const struct xd_fuzz *f, const char *path)
{
    char *error;
    struct xd_program *p = xd_load_program(path, &error);
    int code;

    if (!p) {
        fputs(error, stderr);
        free(error);
        return XD_UNUSABLE;
    }
    code = xd_fuzz_file(f, path, p);
    fflush(stdout);
    xd_program_free(p);
    return code;
}

static int judge_files(const struct xd_fuzz *f)
{
    size_t nr[XD_BROKEN + 1] = {0}, judged, not ;

    for (size_t i = 0; i < f->files.nr && !xd_fuzz_interrupted(); i++)
        nr[judge_file(f, f->files.path[i])]++;
    judged = nr[XD_PASSED] + nr[XD_BROKEN];
    not = f->files.nr - judged;
    printf("%zu program%s judged, %zu show%s xendouble wrong", judged, judged == 1 ? "" : "s",
           nr[XD_BROKEN], nr[XD_BROKEN] == 1 ? "s" : "");
    if (nr[XD_UNUSABLE])
        printf("; %zu can't be", nr[XD_UNUSABLE]);
    if (not > nr[XD_UNUSABLE])
        printf("; %zu not looked at: interrupted", not -nr[XD_UNUSABLE]);
    puts("");
    return nr[XD_BROKEN] ? XD_BROKEN : not ? XD_UNUSABLE : XD_PASSED;
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void tell_totals(const struct xd_fuzz *f, const struct xd_counts *c, double seconds)
{
    unsigned int whys = 0, met = 0, ops = 0, asked = 0;
    const struct xd_call *call;

    for (uint32_t i = 0; i < XD_OPERATIONS; i++)
        if (xd_operation_at(i, &call)) {
            ops++;
            asked += c->op[i] != 0;
        }
    for (unsigned int why = 1; why < XD_WHYS; why++, whys++)
        met += c->why[why] != 0;
    printf("%" PRIu64 " program%s (seed 0x%" PRIx64 ", %" PRIu64 " job%s), %" PRIu64
           " calls, %" PRIu64
           " of them refused, for %u of %u reasons, %u of %u operations; %.1f s, %.0f programs and "
           "%.0f calls a second\n",
           c->programs, c->programs == 1 ? "" : "s", f->seed, f->jobs, f->jobs == 1 ? "" : "s",
           c->calls, c->refused, met, whys, asked, ops, seconds, (double)c->programs / seconds,
           (double)c->calls / seconds);
}

static int search(const struct xd_fuzz *f)
{
    struct xd_counts *sum = xd_zalloc(sizeof(*sum));
    struct xd_findings found = {0};
    double start = now();
    int code = xd_fuzz_run(f, sum, &found);

    tell_totals(f, sum, now() - start);
    if (f->report)
        xd_counts_report(sum, "met");
    if (!found.nr)
        puts(code ? "nothing found so far" : "nothing found");
    fflush(stdout); /* shrinking may take long */
    for (size_t i = 0; i < found.nr; i++) {
        xd_fuzz_tell(f, &found.item[i]);
        fflush(stdout);
        xd_str_free(&found.item[i].how);
        code = XD_BROKEN;
    }
    free(found.item);
    free(sum);
    return code;
}

static int fuzz(int argc, char **argv)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    struct xd_fuzz f = {.seed = 1, .every = 1, .twice = TWICE_EVERY, .max_findings = 10};
    int code;

    f.jobs = cores < 1 ? 1 : cores > (long)JOBS_MAX ? JOBS_MAX : (uint64_t)cores;
    code = options(&f, argc, argv);
    if (f.programs && f.jobs > f.programs)
        f.jobs = f.programs;
    if (code == 0)
        xd_fuzz_heed_interrupts();
    if (code == 0)
        code = f.files.nr ? judge_files(&f) : search(&f);
    xd_paths_free(&f.files);
    return xd_flush(code < 0 ? XD_PASSED : code);
}

const struct xd_command xd_cmd_fuzz = {
    .name = "fuzz",
    .summary = "search for programs that show xendouble itself wrong",
    .run = fuzz,
    .usage =
        "usage: xendouble fuzz [OPTION...] [FILE|DIR...]\n\n"
        "Makes programs, runs them with oracles looking on, and tells which of them show that xendouble is wrong: counts\n"
        "and links that disagree, a table or another's frame that a guest can write to, a refused call that changed\n"
        "something, a machine that is not free again in the end, two runs that end differently, a broken promise. What\n"
        "is found is shrunk. With files, judges those instead, and shrinks those that show something; then there are only\n"
        "--every, --twice and --keep.\n\n"
        "  -s, --seed N          from this seed (1); each finding names the seed that shows it alone\n"
        "  -t, --time N          make programs for N seconds (10, if neither this nor -n is given); what was found is shrunk then\n"
        "  -n, --programs N      end after N programs\n"
        "  -l, --steps N         of N steps each (24 or 60)\n"
        "  -j, --jobs N          use N processes (one for each of the host's processors)\n"
        "      --only GROUP      about this only (else about some or all of them in turn): mm, tables, ptwr, desc, memory, events, multicall, misc, traps, host; may be\n"
        "                        repeated\n"
        "      --every N         look at the whole machine after every Nth call only (1)\n"
        "      --twice N         run one of N programs (64; 0: none) again, on a machine that went back and on a new one, to see that it\n"
        "                        ends alike; a file is run so in any case but 0\n"
        "      --keep DIR        write the scenario of each finding into DIR, which is made if need be\n"
        "      --max-findings N  end after N findings that differ (10)\n"
        "      --report          list how often each reason was met, each call and operation asked for, and those that never were\n\n"
        "exit codes: 0 nothing found, 2 bad usage or a file that can't be read, 3 xendouble itself is wrong\n",
};
