/* SPDX-License-Identifier: MIT */
/*
 * double.c: runs a program on the double, laid out as the real machine was, and counts what it met.
 *
 * It lies beside witness.c, by which both sides tell what they did; all else of the command is in src/cli.
 */
#include "witness.h"

#include "cli/oracle.h"
#include "program/runner.h"

#include <stdlib.h>
#include <string.h>

#define HC_MEMORY_OP 12u
#define MEMORY_CMDS  63u /* above: where a call goes on that was cut short */

struct run {
    struct xd_witness *w; /* first: the witness finds itself here */
    struct xd_oracle_counts *c;
    struct xd_doubled *d;
    struct xd_str told; /* explanations of the present step */
    bool left_out;      /* it can't be run */
};

/* ---- Operations have one number among all groups ---- */

unsigned int xd_oracle_op_index(const struct xd_group *g, const struct xd_op *op)
{
    unsigned int base = 0;

    for (const struct xd_group *const *at = xd_groups(); *at && *at != g; at++)
        for (const struct xd_op *o = (*at)->ops; o->name; o++)
            base++;
    base += (unsigned int)(op - g->ops);
    XD_ALWAYS(base < XD_ORACLE_OPS);
    return base;
}

const struct xd_op *xd_oracle_op_at(unsigned int index, const struct xd_group **g)
{
    for (const struct xd_group *const *at = xd_groups(); *at; at++)
        for (const struct xd_op *o = (*at)->ops; o->name; o++)
            if (index-- == 0) {
                *g = *at;
                return o;
            }
    return NULL;
}

/* ---- Counting ---- */

/* The elements of a batch that were looked at: Xen stops at the first that it refuses. */
static void count_elements(struct run *run, const struct xd_program *p, const struct xd_made *m,
                           const struct xd_step *s, const struct xd_encoded *e, int64_t rc)
{
    const struct xd_group *g = s->call->group;
    unsigned char bytes[4];
    uint32_t looked_at;

    if (!e->done || !xd_look(m->v, bytes, e->done, 4))
        return;
    looked_at =
        bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
    if (looked_at == XD_DONE_PRESET)
        return;
    looked_at += rc < 0;
    for (xd_at i = s->in; i && looked_at; i = xd_item_at(p, i)->next) {
        const struct xd_item *it = xd_item_at(p, i);
        const struct xd_op *op;

        if (it->key != XD_KEY_ELEMENT)
            continue;
        op = s->call->shape == XD_SHAPE_MMUEXT ? it->op
             : it->cmd < XD_CMD_RAW            ? xd_op_at(g, it->cmd)
                                               : NULL;
        if (op)
            run->c->op[xd_oracle_op_index(g, op)]++;
        looked_at--;
    }
}

static void count_why(struct run *run, unsigned int why)
{
    if (!why || why >= XD_WHYS)
        return;
    run->c->refused++;
    run->c->why[why]++;
}

static void count_call(struct run *run, const struct xd_program *p, const struct xd_made *m,
                       uint32_t k, int64_t rc, unsigned int why)
{
    const struct xd_step *s = &p->step[m->step + k];
    const struct xd_encoded *e = &m->enc[k];
    const struct xd_call *call = xd_call_at(e->nr);

    run->c->calls++;
    run->c->guests += !m->v->domain->privileged;
    run->c->granted += rc >= 0;
    count_why(run, why);
    if (!call)
        return;
    run->c->call[e->nr]++;
    if (s->call == call && (call->shape == XD_SHAPE_MMU || call->shape == XD_SHAPE_MMUEXT) &&
        !s->raw) {
        count_elements(run, p, m, s, e, rc);
    } else if (call->group && (call->shape == XD_SHAPE_OPS || call->shape == XD_SHAPE_COMPAT)) {
        uint64_t nr = e->nr == HC_MEMORY_OP ? e->arg[0] & MEMORY_CMDS : e->arg[0];
        const struct xd_op *op = s->op                         ? s->op
                                 : call->shape == XD_SHAPE_OPS ? xd_op_at(call->group, nr)
                                                               : NULL;

        if (op)
            run->c->op[xd_oracle_op_index(call->group, op)]++;
    }
}

/* ---- What the run shows ---- */

static bool counted(const struct run *run, const struct xd_step *s)
{
    return !run->d->until || s->line < run->d->until;
}

static void called(void *ctx, const struct xd_runner *r, const struct xd_made *m, int64_t rc)
{
    struct run *run = ctx;
    const struct xd_step *s = &r->p->step[m->step];

    if (!counted(run, s)) {
        xd_witness_watch.called(ctx, r, m, rc);
        return;
    }
    for (uint32_t k = 1; k <= s->parts; k += 1 + s[k].parts)
        if (s[k].kind == XD_STEP_CALL && m->seen[k].ran)
            count_call(run, r->p, m, k, m->seen[k].rc, m->seen[k].why);
    /* The reason is that of the last refused entry, unless the multicall itself was refused. */
    count_call(run, r->p, m, 0, rc, s->parts && rc >= 0 ? 0 : xd_why(m->v));
    if (xd_why(m->v) && m->v->rec.reject.also < XD_WHYS)
        run->c->why[m->v->rec.reject.also] += m->v->rec.reject.also != XD_WHY_NONE;
    xd_witness_watch.called(ctx, r, m, rc);
}

static void accessed(void *ctx, const struct xd_runner *r, const struct xd_step *s,
                     enum xd_access how, const struct xd_fault *f)
{
    struct run *run = ctx;

    if (counted(run, s)) {
        run->c->accesses++;
        count_why(run, f->why);
    }
    xd_witness_watch.accessed(ctx, r, s, how, f);
}

static void stepped(void *ctx, const struct xd_runner *r, uint32_t at)
{
    struct run *run = ctx;
    uint32_t line = r->p->step[at].line;

    if (line == run->d->explain_line)
        xd_str_add(&run->d->explain, xd_str_text(&run->told));
    xd_str_clear(&run->told);
    run->c->left_out += run->left_out && counted(run, &r->p->step[at]);
    run->left_out = false;
    xd_witness_watch.stepped(ctx, r, at);
}

static bool uncertain(void *ctx, uint64_t mfn)
{
    struct run *run = ctx;
    bool heaps = xd_witness_watch.uncertain(ctx, mfn);

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
                      struct xd_oracle_counts *c, struct xd_doubled *d)
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
