/* SPDX-License-Identifier: MIT */
/*
 * fuzz_dispatch.c: a program in byte form is run, under the oracles' eyes.
 *
 * Whatever a guest can do a program can say: stores to memory that then is a page table, a request
 * array (reqs=, ops=) or a list of calls (calls=), hypercalls by number with any registers.
 */
#include "target.h"

#include "base/arena.h"
#include "fuzz/judge.h"
#include "model/model.h"
#include "program/bytes.h"
#include "program/edit.h"

#include <stdio.h>
#include <stdlib.h>

const enum fuzz_input fuzz_input = FUZZ_BYTES;
const char fuzz_help[] =
    "Each input is a program in byte form, which is run; after every call the oracles must find nothing.\n"
    "In the environment:\n"
    "  XENDOUBLE_FUZZ_ORACLES=N  a sum of 1 audit, 2 reach, 4 refused calls, 8 teardown, 16 who can't run makes no call (31)\n"
    "  XENDOUBLE_FUZZ_EVERY=N    the first two look after every Nth step only (1)\n"
    "  XENDOUBLE_FUZZ_TWICE=N    one program of N runs again, for its digest (16; 0: none)\n"
    "  XENDOUBLE_FUZZ_SESSION=1  programs that begin alike go on from a snapshot (0)\n"
    "  XENDOUBLE_FUZZ_MODEL=1    the second opinion is asked, too; not with SESSION, for it wants to see every step (0)\n";

static struct xd_judge judge;
static struct xd_opinion opinion;
static uint32_t twice; /* one of so many programs; 0: none */

/* What a program may cost; more is no other test, only a slower one. */
#define FRAMES_MAX  8192u
#define PAGES_MAX   1024u
#define DOMAINS_MAX 4u

/* Is the value of (key) said to be at most (max), or not at all? */
static bool small(const struct xd_program *p, const struct xd_step *s, const char *key,
                  uint64_t max)
{
    const struct xd_item *it = xd_form_item(p, s, key);
    const struct xd_expr *x = it ? xd_expr_at(p, it->value) : NULL;

    return !x || (x->op == XD_EX_NUM && x->num <= max);
}

static bool affordable(const struct xd_program *p)
{
    for (uint32_t i = 1; i < p->steps; i++) {
        const struct xd_step *s = &p->step[i];

        if (s->kind == XD_STEP_MACHINE && !small(p, s, "frames", FRAMES_MAX))
            return false;
        if (s->kind == XD_STEP_DOMAIN &&
            (!small(p, s, "pages", PAGES_MAX) || !small(p, s, "scratch", PAGES_MAX) ||
             !small(p, s, "kernel_pages", PAGES_MAX) || !small(p, s, "initrd", PAGES_MAX * 4096u)))
            return false;
    }
    return p->domains <= DOMAINS_MAX;
}

/* What hangs on a session's machine, no leak checker sees: the machine is mapped, not allocated. */
static void end_session(void)
{
    xd_session_free(judge.session);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    judge.oracles = xd_oracles_new(
        (uint32_t)fuzz_environment("XENDOUBLE_FUZZ_ORACLES", 0, XD_ORACLE_ALL, XD_ORACLE_ALL),
        (uint32_t)fuzz_environment("XENDOUBLE_FUZZ_EVERY", 1, UINT32_MAX, 1));
    if (fuzz_environment("XENDOUBLE_FUZZ_SESSION", 0, 1, 0)) {
        judge.session = xd_session_new(0);
        atexit(end_session);
    }
    if (fuzz_environment("XENDOUBLE_FUZZ_MODEL", 0, 1, 0)) {
        if (judge.session) {
            fputs(
                "XENDOUBLE_FUZZ_MODEL=1 can't be had with XENDOUBLE_FUZZ_SESSION=1: the second opinion sees "
                "every step of a program, a session runs the last ones only\n",
                stderr);
            exit(2);
        }
        opinion = model_opinion(model_new());
        judge.opinion = &opinion;
    }
    twice = (uint32_t)fuzz_environment("XENDOUBLE_FUZZ_TWICE", 0, UINT32_MAX, 16);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct xd_program *p = xd_program_from_bytes("f", data, size);
    struct xd_judgement j;

    if (affordable(p)) {
        judge.twice = twice && xd_hash64(0, data, size) % twice == 0;
        xd_program_drop_checks(p);
        xd_judge_program(p, &judge, &j);
        if (j.guilty)
            fuzz_wrong(p, "line %u: %s", j.line, j.complaint);
    }
    xd_program_free(p);
    return 0;
}
