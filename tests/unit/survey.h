/* SPDX-License-Identifier: MIT */
/*
 * survey.h: what became of many generated programs: which reasons they met, how many calls were
 * granted, what was wrong with them.
 */
#ifndef XD_TESTS_SURVEY_H
#define XD_TESTS_SURVEY_H

#include "abi/reject.h"
#include "fuzz/generate.h"
#include "program/run.h"

struct survey {
    uint64_t programs, steps;
    uint64_t calls, granted;                /* entries of lists too */
    uint64_t call_nr[64], call_granted[64]; /* by hypercall number */
    uint64_t accesses, done;                /* loads and stores */
    uint64_t why[XD_WHYS];                  /* of calls and accesses */
    uint64_t seed_of[XD_WHYS];              /* where it was met first */
    uint64_t unfit;                         /* programs with a step that could not be made */
    uint64_t bad;             /* programs that don't parse, can't be run, or break the double */
    struct xd_str complaints; /* of the bad, and of the unfit if (tell_unfit) */
    bool audit, tell_unfit;
    uint64_t seed; /* of the program that runs */
    bool unfit_now;
};

/* Generates one program, runs it, and counts. */
void survey_run(struct survey *s, const struct xd_generate *g);
void survey_free(struct survey *s);

#endif
