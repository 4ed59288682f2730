/* SPDX-License-Identifier: MIT */
/* cmd_oracle.c: compares the double with the real hypervisor; docs/ORACLE.md tells how. */
#define _GNU_SOURCE
#include "cli/oracle.h"

#include "fuzz/generate.h"

#include <getopt.h>
#include <stdio.h>
#include <time.h>

#define PROGRAMS_MAX UINT64_C(1000000000)
#define STEPS_MAX    UINT64_C(10000)
#define TIMEOUT_S    120 /* far more than a boot under emulation takes */
#define SHRINK_S     60

static bool part(const char *option, const char *path, const char **to)
{
    *to = path;
    if (!*path)
        xd_complain("oracle: --%s needs a path, and this one is empty", option);
    return *path;
}

/* 0; a code to end with; or -1 after the help. */
static int options(struct xd_oracle *o, int argc, char **argv)
{
    enum {
        QEMU = 256,
        XEN,
        KERNEL,
        RUNNER,
        SCENARIOS,
        ONLY,
        ONE,
        KEEP,
        REPORT,
        STOP,
        MAX,
        TIMEOUT,
        NO_SHRINK,
        SHRINK_TIME
    };
    static const struct option longs[] = {{"seed", required_argument, NULL, 's'},
                                          {"programs", required_argument, NULL, 'n'},
                                          {"steps", required_argument, NULL, 'l'},
                                          {"jobs", required_argument, NULL, 'j'},
                                          {"verbose", no_argument, NULL, 'v'},
                                          {"help", no_argument, NULL, 'h'},
                                          {"scenarios", required_argument, NULL, SCENARIOS},
                                          {"only", required_argument, NULL, ONLY},
                                          {"one-domain", no_argument, NULL, ONE},
                                          {"keep", required_argument, NULL, KEEP},
                                          {"report", no_argument, NULL, REPORT},
                                          {"max-differences", required_argument, NULL, MAX},
                                          {"stop", required_argument, NULL, STOP},
                                          {"timeout", required_argument, NULL, TIMEOUT},
                                          {"no-shrink", no_argument, NULL, NO_SHRINK},
                                          {"shrink-time", required_argument, NULL, SHRINK_TIME},
                                          {"qemu", required_argument, NULL, QEMU},
                                          {"xen", required_argument, NULL, XEN},
                                          {"kernel", required_argument, NULL, KERNEL},
                                          {"runner", required_argument, NULL, RUNNER},
                                          {NULL, 0, NULL, 0}};
    bool ok = true;
    int c;

    while (ok && (c = getopt_long(argc, argv, "s:n:l:j:vh", longs, NULL)) != -1) {
        switch (c) {
        case 's': ok = xd_option_number("seed", optarg, 0, UINT64_MAX, &o->seed); break;
        case 'n': ok = xd_option_number("programs", optarg, 0, PROGRAMS_MAX, &o->programs); break;
        case 'l': ok = xd_option_number("steps", optarg, 1, STEPS_MAX, &o->steps); break;
        case 'j': ok = xd_option_number("jobs", optarg, 1, XD_ORACLE_JOBS_MAX, &o->jobs); break;
        case 'v': o->verbose = true; break;
        case SCENARIOS: ok = xd_find_scenarios(&o->files, &optarg, 1) == 0; break;
        case ONLY: ok = xd_option_group(optarg, XD_GENERATE_GUEST, &o->only); break;
        case ONE: o->one_domain = true; break;
        case KEEP: o->keep = optarg; break;
        case REPORT: o->report = true; break;
        case MAX:
            ok = xd_option_number("max-differences", optarg, 0, PROGRAMS_MAX, &o->max_differences);
            break;
        case STOP: ok = xd_option_number("stop", optarg, 1, PROGRAMS_MAX, &o->stop); break;
        case TIMEOUT: ok = xd_option_number("timeout", optarg, 1, 86400, &o->timeout_s); break;
        case NO_SHRINK: o->no_shrink = true; break;
        case SHRINK_TIME:
            ok = xd_option_number("shrink-time", optarg, 1, 86400, &o->shrink_s);
            break;
        case QEMU: ok = part("qemu", optarg, &o->parts.qemu); break;
        case XEN: ok = part("xen", optarg, &o->parts.xen); break;
        case KERNEL: ok = part("kernel", optarg, &o->parts.kernel); break;
        case RUNNER: ok = part("runner", optarg, &o->parts.runner); break;
        case 'h': xd_usage(&xd_cmd_oracle, true); return -1;
        default: return xd_usage(&xd_cmd_oracle, false);
        }
    }
    if (ok && xd_find_scenarios(&o->files, argv + optind, argc - optind))
        ok = false;
    if (ok && o->files.nr + o->programs == 0) {
        xd_complain("oracle: which scenarios, or how many --programs?");
        return xd_usage(&xd_cmd_oracle, false);
    }
    return ok && (!o->keep || xd_option_directory("keep", o->keep)) ? 0 : XD_UNUSABLE;
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int oracle(int argc, char **argv)
{
    struct xd_oracle o = {
        .seed = 1, .jobs = 1, .max_differences = 10, .timeout_s = TIMEOUT_S, .shrink_s = SHRINK_S};
    struct xd_counts sum = {0};
    uint64_t left_out = 0;
    int code = options(&o, argc, argv);

    if (code == 0)
        code = xd_oracle_find(&o.parts);
    if (code == 0) {
        double start = now();

        code = xd_oracle_run(&o, &sum, &left_out);
        if (left_out)
            printf("%llu more program%s (--max-differences shows more of them)\n",
                   (unsigned long long)left_out, left_out == 1 ? " differs" : "s differ");
        xd_oracle_totals(&o, &sum, now() - start);
        if (sum.passing > xd_oracle_passing_max(&sum) && code < XD_FAILED)
            code = XD_FAILED;
        if (sum.known > xd_oracle_known_max(&sum) && code < XD_FAILED)
            code = XD_FAILED;
        if (sum.unfit > xd_oracle_unfit_max(&sum) && code < XD_UNUSABLE)
            code = XD_UNUSABLE;
        if (!sum.programs && code == 0)
            code = xd_complain("oracle: nothing was compared: no program could be run on real Xen");
        if (o.report)
            xd_counts_report(&sum, "compared");
        code = xd_flush(code);
    }
    xd_oracle_parts_free(&o.parts);
    xd_paths_free(&o.files);
    return code < 0 ? xd_flush(XD_PASSED) : code;
}

const struct xd_command xd_cmd_oracle = {
    .name = "oracle",
    .summary = "run programs on real Xen too, and show what goes differently",
    .run = oracle,
    .usage =
        "usage: xendouble oracle [OPTION...] [FILE|DIR...]\n\n"
        "Runs the same programs on the real Xen hypervisor, in QEMU, and on the double, and compares what both do, step by\n"
        "step. Programs are scenarios, whose expectations do not matter here, and generated ones behind them.\n\n"
        "  -n, --programs N        generate N programs\n"
        "  -s, --seed N            from this seed (1); each difference names the seed that shows it alone\n"
        "  -l, --steps N           of N steps each\n"
        "      --only GROUP        about this only: mm, tables, ptwr, desc, memory, events, multicall, misc, traps; may be repeated\n"
        "      --one-domain        in dom0 alone; else in an unprivileged domain too\n"
        "      --scenarios DIR     the same as naming it last\n"
        "      --keep DIR          write a scenario for each difference shown, shrunk, into DIR\n"
        "      --max-differences N shrink and show so many (10); the others are counted\n"
        "      --no-shrink         show them as they were met, each with its whole program\n"
        "      --shrink-time N     shrink none for longer than N seconds (60)\n"
        "      --stop N            end the run when N programs differ\n"
        "      --report            list how often each reason, call and operation was compared, and those never compared\n"
        "  -j, --jobs N            run N hypervisors at the same time\n"
        "  -v, --verbose           tell which programs were skipped, why Xen was booted again, and all that differ\n"
        "      --timeout N         wait N seconds for an answer (120)\n\n"
        "What is needed, by its option, else by the environment variable, else where it is expected:\n"
        "      --qemu PATH         XENDOUBLE_QEMU, qemu-system-x86_64\n"
        "      --xen PATH          XENDOUBLE_XEN, /boot/xen-4.17-amd64 or the same with .gz\n"
        "      --kernel PATH       XENDOUBLE_ORACLE_KERNEL, oracle-kernel.elf of the build or installation\n"
        "      --runner PATH       XENDOUBLE_ORACLE_RUNNER, xendouble-oracle, likewise\n\n"
        "exit codes: 0 no difference, 1 differences, or more by chance or explained than may be, 2 bad usage, an interrupt, another\n"
        "Xen, or programs that could not be compared (whether others differ or not), 3 xendouble itself is wrong, 77 QEMU, Xen or a part of the oracle is missing\n",
};
