/* SPDX-License-Identifier: MIT */
/*
 * generate-survey.c: runs generated programs and says what they reached. For whoever turns the
 * weights of the generator.
 *
 *     generate-survey SEED PROGRAMS [STEPS] [one|two] [GROUP|all|guest] [audit] [unfit]
 *     generate-survey print SEED STEPS one|two GROUP
 */
#define _GNU_SOURCE
#include "survey.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint32_t groups(const char *name)
{
    int nr = xd_generate_group_find(name);

    if (strcmp(name, "all") == 0)
        return XD_GENERATE_GUEST | 1u << XD_GENERATE_HOST;
    return nr < 0 ? 0 : 1u << nr;
}

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double generating(struct xd_generate g, uint64_t programs)
{
    double start = seconds();

    for (uint64_t i = 0; i < programs; i++, g.seed++) {
        struct xd_str text = {0};

        xd_generate_text(&g, &text);
        xd_str_free(&text);
    }
    return (double)programs / (seconds() - start);
}

static double percent(uint64_t part, uint64_t whole)
{
    return whole ? 100.0 * (double)part / (double)whole : 0;
}

static void print(const struct survey *s)
{
    char name[XD_WHY_NAME_MAX];

    printf("%s", xd_str_text(&s->complaints));
    printf("%" PRIu64 " programs, %" PRIu64 " steps, %" PRIu64 " calls, %.1f%% granted; %" PRIu64
           " accesses, %.1f%% done; %" PRIu64 " unfit, %" PRIu64 " bad\n",
           s->programs, s->steps, s->calls, percent(s->granted, s->calls), s->accesses,
           percent(s->done, s->accesses), s->unfit, s->bad);
    for (unsigned int nr = 0; nr < XD_ARRAY_SIZE(s->call_nr); nr++)
        if (s->call_nr[nr])
            printf("call %2u: %8" PRIu64 "  %5.1f%% granted\n", nr, s->call_nr[nr],
                   percent(s->call_granted[nr], s->call_nr[nr]));
    for (unsigned int i = 1; i < XD_WHYS; i++)
        if (s->why[i])
            printf("%8" PRIu64 " %s (seed %" PRIu64 ")\n", s->why[i],
                   xd_why_name((enum xd_why)i, name), s->seed_of[i]);
    for (unsigned int i = 1; i < XD_WHYS; i++)
        if (!s->why[i])
            printf("   never %s\n", xd_why_name((enum xd_why)i, name));
}

int main(int argc, char **argv)
{
    struct xd_generate g = {.steps = 16};
    struct survey s = {0};
    struct xd_str text = {0};
    uint64_t programs;

    if (argc == 6 && strcmp(argv[1], "print") == 0) {
        g = (struct xd_generate){.seed = strtoull(argv[2], NULL, 0),
                                 .steps = (uint32_t)atoi(argv[3]),
                                 .groups = groups(argv[5]),
                                 .two_domains = strcmp(argv[4], "two") == 0};
        xd_generate_text(&g, &text);
        fputs(xd_str_text(&text), stdout);
        xd_str_free(&text);
        return 0;
    }
    if (argc < 3) {
        fprintf(stderr,
                "usage: generate-survey SEED PROGRAMS [STEPS] [one|two] [GROUP] [audit] [unfit]\n");
        return 2;
    }
    g.seed = strtoull(argv[1], NULL, 0);
    programs = strtoull(argv[2], NULL, 0);
    for (int i = 3; i < argc; i++) {
        if (strcmp(argv[i], "audit") == 0)
            s.audit = true;
        else if (strcmp(argv[i], "unfit") == 0)
            s.tell_unfit = true;
        else if (strcmp(argv[i], "one") == 0 || strcmp(argv[i], "two") == 0)
            g.two_domains = argv[i][0] == 't';
        else if (argv[i][0] >= '0' && argv[i][0] <= '9')
            g.steps = (uint32_t)atoi(argv[i]);
        else
            g.groups = groups(argv[i]);
    }
    printf("%.0f programs generated a second\n", generating(g, programs));
    for (uint64_t i = 0; i < programs; i++, g.seed++)
        survey_run(&s, &g);
    print(&s);
    survey_free(&s);
    return s.bad != 0;
}
