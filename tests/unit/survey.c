/* SPDX-License-Identifier: MIT */
/* survey.c: runs generated programs on the double and counts what they met. */
#include "survey.h"

#include "program/runner.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void count_why(struct survey *s, unsigned int why)
{
    if (!s->why[why]++)
        s->seed_of[why] = s->seed;
}

static void count(struct survey *s, uint64_t nr, long rc, unsigned int why)
{
    bool granted = rc >= 0 && why == XD_WHY_NONE;

    s->calls++;
    s->granted += granted;
    if (nr < XD_ARRAY_SIZE(s->call_nr)) {
        s->call_nr[nr]++;
        s->call_granted[nr] += granted;
    }
    count_why(s, why);
}

static void called(void *ctx, const struct xd_runner *r, const struct xd_made *m, long rc)
{
    struct survey *s = ctx;
    const struct xd_step *step = &r->p->step[m->step];

    count(s, m->enc[0].nr, rc, step->parts && rc == 0 ? XD_WHY_NONE : xd_why(m->v));
    if (m->v->rec.reject.also)
        count_why(s, m->v->rec.reject.also);
    for (uint32_t k = 1; k <= step->parts; k++)
        if (m->seen[k].ran)
            count(s, m->enc[k].nr, m->seen[k].rc, m->seen[k].why);
}

static void accessed(void *ctx, const struct xd_runner *r, const struct xd_step *step,
                     enum xd_access how, const struct xd_fault *f)
{
    struct survey *s = ctx;

    (void)r;
    (void)step;
    s->accesses++;
    s->done += how != XD_ACCESS_FAULT;
    count_why(s, how == XD_ACCESS_FAULT ? f->why : XD_WHY_NONE);
}

static void stepped(void *ctx, const struct xd_runner *r, uint32_t at)
{
    struct survey *s = ctx;
    const uint8_t kind = r->p->step[at].kind;

    s->steps++;
    if (kind >= XD_STEP_TRAP && kind <= XD_STEP_DELIVER && r->env[r->domain].d)
        count_why(s, xd_why(xd_vcpu_at(r->env[r->domain].d, r->vcpu)));
}

static void failed(void *ctx, const struct xd_failure *f)
{
    struct survey *s = ctx;

    s->unfit_now = true;
    if (f->verdict != XD_FAILED || s->tell_unfit)
        xd_str_addf(&s->complaints, "seed %" PRIu64 ", line %u: %s\n  %s", s->seed, f->line,
                    f->step, f->details);
    if (f->verdict == XD_BROKEN && xd_str_text(&s->complaints)[0])
        fprintf(stderr, "%s", xd_str_text(&s->complaints)); /* the process may be about to die */
}

void survey_run(struct survey *s, const struct xd_generate *g)
{
    const struct xd_run_watch watch = {.called = called, .accessed = accessed, .stepped = stepped};
    const struct xd_run_options opt = {
        .audit = s->audit, .keep_going = true, .watch = &watch, .ctx = s, .failed = failed};
    struct xd_run_result result;
    struct xd_program *p;
    struct xd_str text = {0};
    char *error = NULL;

    s->seed = g->seed;
    s->unfit_now = false;
    s->programs++;
    xd_generate_text(g, &text);
    p = xd_program_parse("generated", xd_str_text(&text), text.len, &error);
    if (p) {
        xd_program_run(p, &opt, &result);
        s->bad += result.verdict > XD_FAILED;
        s->unfit += s->unfit_now;
    } else {
        s->bad++;
        xd_str_addf(&s->complaints, "seed %" PRIu64 ": %s\n", s->seed, error);
        free(error);
    }
    xd_program_free(p);
    xd_str_free(&text);
}

void survey_free(struct survey *s)
{
    xd_str_free(&s->complaints);
}
