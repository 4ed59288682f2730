/* SPDX-License-Identifier: MIT */
/*
 * double.c: runs a program on the double, laid out as the real machine was, and counts what it met.
 *
 * It lies beside witness.c, by which both sides tell what they did; all else of the command is in src/cli.
 */
#include "witness.h"

#include "cli/oracle.h"
#include "hv/hv.h"
#include "program/runner.h"

#include <stdlib.h>
#include <string.h>

#define VIRQ_CON_RING 8u

struct run {
    struct xd_witness *w; /* first: the witness finds itself here */
    struct xd_counts *c;
    struct xd_doubled *d;
    struct xd_str told; /* explanations of the present step */
    bool left_out;      /* it can't be run */
};

/* ---- What the run shows ---- */

static bool counted(const struct run *run, const struct xd_step *s)
{
    return !run->d->until || s->line < run->d->until;
}

static void called(void *ctx, const struct xd_runner *r, const struct xd_made *m, int64_t rc)
{
    struct run *run = ctx;
    const struct xd_step *s = &r->p->step[m->step];

    if (counted(run, s))
        xd_count_called(run->c, r, m, rc);
    xd_witness_watch.called(ctx, r, m, rc);
}

static void accessed(void *ctx, const struct xd_runner *r, const struct xd_step *s,
                     enum xd_access how, const struct xd_fault *f)
{
    struct run *run = ctx;

    if (counted(run, s))
        xd_count_accessed(run->c, f);
    xd_witness_watch.accessed(ctx, r, s, how, f);
}

/* Real Xen says on the console that its input goes elsewhere and back (xd_xen_type), and tells that of what it says. */
static void writes_on_console(const struct xd_runner *r)
{
    struct xd_domain *d0 = xd_domain_by_id(r->hv, 0);

    if (d0)
        xd_virq_raise(xd_vcpu_at(d0, 0), VIRQ_CON_RING);
}

static void stepped(void *ctx, const struct xd_runner *r, uint32_t at)
{
    struct run *run = ctx;
    const struct xd_step *s = &r->p->step[at];
    const uint32_t line = s->line;

    if (s->kind >= XD_STEP_TRAP && s->kind <= XD_STEP_DELIVER && r->env[r->domain].d &&
        counted(run, s))
        xd_count_entered(run->c, xd_why(xd_vcpu_at(r->env[r->domain].d, r->vcpu)));
    if (line == run->d->explain_line)
        xd_str_add(&run->d->explain, xd_str_text(&run->told));
    xd_str_clear(&run->told);
    if (s->kind == XD_STEP_CONSOLE_INPUT && xd_expr_at(r->p, s->subject[0])->num)
        writes_on_console(r);
    run->c->left_out += run->left_out && counted(run, s);
    run->left_out = false;
    xd_witness_watch.stepped(ctx, r, at);
}

static bool uncertain(void *ctx, uint64_t mfn, bool read)
{
    struct run *run = ctx;
    bool heaps = xd_witness_watch.uncertain(ctx, mfn, read);

    run->left_out |= heaps;
    return heaps;
}

static void tell(void *ctx, const char *lines)
{
    struct run *run = ctx;

    xd_str_add(&run->told, lines);
}

/* Expectations are not what is compared. */
static void failed(void *ctx, const struct xd_failure *f)
{
    struct run *run = ctx;

    if (f->verdict == XD_BROKEN && run->d->broken)
        run->d->broken(run->d->ctx, f);
    if (f->verdict >= XD_UNUSABLE)
        xd_str_addf(&run->d->error, "line %u: %s", f->line, f->details);
}

void xd_oracle_double(const struct xd_program *p, const struct xd_answer *where,
                      struct xd_counts *c, struct xd_doubled *d)
{
    static const struct xd_run_watch watch = {
        .called = called, .accessed = accessed, .stepped = stepped, .uncertain = uncertain};
    struct xd_run_place place[XD_ORACLE_PLACES];
    struct run run = {.c = c, .d = d};
    const struct xd_run_options opt = {.keep_going = true,
                                       .explain = d->explain_line != 0,
                                       .place = place,
                                       .places = where->places,
                                       .watch = &watch,
                                       .ctx = &run,
                                       .failed = failed,
                                       .tell = tell};
    struct xd_run_result result;

    for (uint32_t i = 0; i < where->places; i++) {
        const struct xd_place *from = &where->place[i];

        place[i] = (struct xd_run_place){.domid = from->kernel_pages
                                                      ? (uint32_t)strtoul(from->name + 1, NULL, 10)
                                                      : XD_DOMID_NONE,
                                         .frames = from->machine_frames,
                                         .kernel_pages = from->kernel_pages,
                                         .frame = from->frame,
                                         .nr = from->nr};
    }
    run.w = xd_witness_new(&d->steps);
    xd_program_run(p, &opt, &result);
    xd_witness_free(run.w);
    xd_str_free(&run.told);
}

void xd_doubled_free(struct xd_doubled *d)
{
    xd_str_free(&d->steps);
    xd_str_free(&d->error);
    xd_str_free(&d->explain);
}
