/* SPDX-License-Identifier: MIT */
/*
 * sound.c: where the expressions of a program stand, and whether its names and its order are such
 * that it can be read again.
 */
#include "program/edit.h"

#include <stdlib.h>

/* ---- Places ---- */

struct visitor {
    const struct xd_program *p;
    void (*visit)(void *ctx, const struct xd_place *place);
    void *ctx;
};

static void visit_below(const struct visitor *v, struct xd_place at, xd_ex e, xd_ex parent)
{
    const struct xd_expr *x = xd_expr_at(v->p, e);

    if (!e)
        return;
    at.e = e;
    at.parent = parent;
    v->visit(v->ctx, &at);
    switch ((enum xd_expr_op)x->op) {
    case XD_EX_NEG:
    case XD_EX_NOT:
    case XD_EX_BINARY:
    case XD_EX_SLOT:
    case XD_EX_RANGE:
        visit_below(v, at, x->a, e);
        visit_below(v, at, x->b, e);
        break;
    case XD_EX_LIST:
    case XD_EX_FN:
        for (xd_ex el = x->a; el; el = xd_expr_at(v->p, el)->next)
            visit_below(v, at, el, e);
        break;
    default: break;
    }
}

static void visit_value(const struct visitor *v, uint32_t step, xd_at item, xd_ex e, bool checking)
{
    visit_below(v, (struct xd_place){.step = step, .item = item, .root = e, .checking = checking},
                e, 0);
}

static void visit_items(const struct visitor *v, uint32_t step, xd_at i, bool checking)
{
    for (; i; i = xd_item_at(v->p, i)->next) {
        visit_value(v, step, i, xd_item_at(v->p, i)->value, checking);
        visit_value(v, step, i, xd_item_at(v->p, i)->value2, checking);
        visit_items(v, step, xd_item_at(v->p, i)->sub, checking);
    }
}

void xd_step_places(const struct xd_program *p, uint32_t at,
                    void (*visit)(void *ctx, const struct xd_place *place), void *ctx)
{
    const struct visitor v = {p, visit, ctx};
    const struct xd_step *s = &p->step[at];

    visit_value(&v, at, 0, s->subject[0], false);
    visit_value(&v, at, 0, s->subject[1], false);
    visit_items(&v, at, s->in, false);
    visit_value(&v, at, 0, s->result, s->kind != XD_STEP_LET);
    visit_items(&v, at, s->out, true);
}

bool xd_step_names_domain(const struct xd_step *s)
{
    unsigned int subject;

    if (s->kind == XD_STEP_NOTE || s->kind == XD_STEP_CALL)
        return false;
    subject = xd_form_of((enum xd_step_kind)s->kind)->subject;
    return subject == XD_S_NEW_DOMAIN || subject == XD_S_DOMAIN || subject == XD_S_VCPU ||
           subject == XD_S_PORT;
}

bool xd_place_defines(const struct xd_program *p, const struct xd_place *place)
{
    const struct xd_step *s = &p->step[place->step];

    return xd_expr_at(p, place->e)->op == XD_EX_BIND ||
           (s->kind == XD_STEP_LET && place->e == s->subject[0]);
}

/* ---- Soundness ---- */

struct reader {
    const struct xd_program *p;
    bool *domain;    /* declared */
    uint32_t *since; /* of names: 0 none yet, 1 outside of blocks, else 1 + the outermost block */
    uint32_t block;  /* the outermost one around here, or 0 */
    uint32_t let;    /* 1 + slot that gets its value when the step is over */
    bool any_domain, ok;
};

static void read_domain(struct reader *r, uint64_t index)
{
    r->ok &= index < r->p->domains && r->domain[index];
}

static void read_place(void *ctx, const struct xd_place *at)
{
    struct reader *r = ctx;
    const struct xd_expr *x = xd_expr_at(r->p, at->e);

    r->ok &= x->depth <= XD_DEPTH_MAX;
    switch ((enum xd_expr_op)x->op) {
    case XD_EX_NAME:
    case XD_EX_CAPTURE:
    case XD_EX_BIND:
        if (x->num >= r->p->names) {
            r->ok = false;
        } else if (xd_place_defines(r->p, at)) {
            r->ok &= !r->since[x->num];
            if (x->op == XD_EX_BIND)
                r->since[x->num] = 1 + r->block;
            else
                r->let = 1 + (uint32_t)x->num;
        } else {
            r->ok &= r->since[x->num] &&
                     !(r->block && !at->checking && r->since[x->num] == 1 + r->block);
        }
        break;
    case XD_EX_DOMAIN: read_domain(r, x->num); break;
    case XD_EX_FN:
    case XD_EX_START:
        if (x->num)
            read_domain(r, x->num - 1);
        break;
    default: break;
    }
}

/* In the order of the text: what is in a block comes before what is behind it. */
static void read_step(struct reader *r, uint32_t at)
{
    const struct xd_step *s = &r->p->step[at];
    uint32_t outer = r->block;

    if (s->kind == XD_STEP_NOTE)
        return;
    r->ok &= r->any_domain || s->kind == XD_STEP_MACHINE || s->kind == XD_STEP_DOMAIN ||
             s->kind == XD_STEP_LET || s->kind == XD_STEP_AT;
    if (xd_step_names_domain(s) && s->kind != XD_STEP_DOMAIN)
        read_domain(r, s->domain);
    if (!outer)
        r->block = at;
    for (uint32_t k = at + 1; k <= at + s->parts; k += 1 + r->p->step[k].parts)
        read_step(r, k);
    r->block = outer;
    r->let = 0;
    xd_step_places(r->p, at, read_place, r);
    if (r->let)
        r->since[r->let - 1] = 1;
    if (s->kind == XD_STEP_DOMAIN) {
        r->ok &= s->domain < r->p->domains && !r->domain[s->domain];
        if (r->ok)
            r->domain[s->domain] = r->any_domain = true;
    }
}

bool xd_program_sound(const struct xd_program *p)
{
    struct reader r = {.p = p, .ok = p->names <= XD_NAMES_MAX};
    bool begun = false;

    r.domain = xd_zalloc(p->domains * sizeof(*r.domain));
    r.since = xd_zalloc(p->names * sizeof(*r.since));
    for (uint32_t i = 1; i < p->steps && r.ok; i += 1 + p->step[i].parts) {
        r.ok &= p->step[i].kind != XD_STEP_MACHINE || !begun;
        begun |= p->step[i].kind != XD_STEP_NOTE;
        read_step(&r, i);
    }
    free(r.domain);
    free(r.since);
    return r.ok;
}
