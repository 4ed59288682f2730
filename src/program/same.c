/* SPDX-License-Identifier: MIT */
/*
 * same.c: do two programs mean the same by a step? Names and domains are compared by number, as a
 * run knows them.
 */
#include "program/edit.h"

#include <string.h>

struct pair {
    const struct xd_program *p, *q;
};

static bool same_expr(const struct pair *c, xd_ex e, xd_ex f);

static bool same_list(const struct pair *c, xd_ex e, xd_ex f)
{
    while (e && f && same_expr(c, e, f)) {
        e = xd_expr_at(c->p, e)->next;
        f = xd_expr_at(c->q, f)->next;
    }
    return !e && !f;
}

static bool same_expr(const struct pair *c, xd_ex e, xd_ex f)
{
    const struct xd_expr *x = xd_expr_at(c->p, e), *y = xd_expr_at(c->q, f);

    if (!e || !f)
        return e == f;
    if (x->op != y->op || x->sub != y->sub || x->num != y->num)
        return false;
    switch ((enum xd_expr_op)x->op) {
    case XD_EX_TEXT:
        return memcmp(xd_text_at(c->p, x->a), xd_text_at(c->q, y->a), (size_t)x->num) == 0;
    case XD_EX_NEG:
    case XD_EX_NOT:
    case XD_EX_BINARY:
    case XD_EX_SLOT:
    case XD_EX_RANGE: return same_expr(c, x->a, y->a) && same_expr(c, x->b, y->b);
    case XD_EX_LIST:
    case XD_EX_FN: return same_list(c, x->a, y->a);
    default: return true;
    }
}

static bool same_items(const struct pair *c, xd_at i, xd_at k)
{
    while (i && k) {
        const struct xd_item *a = xd_item_at(c->p, i), *b = xd_item_at(c->q, k);

        if (a->key != b->key || a->negated != b->negated || a->cmd != b->cmd || a->op != b->op ||
            !same_expr(c, a->value, b->value) || !same_expr(c, a->value2, b->value2) ||
            !same_items(c, a->sub, b->sub))
            return false;
        i = a->next;
        k = b->next;
    }
    return !i && !k;
}

static bool same_domain(const struct pair *c, const struct xd_step *a, const struct xd_step *b)
{
    return !xd_step_names_domain(a) ||
           (a->domain == b->domain && !strcmp(xd_text_at(c->p, c->p->domain[a->domain].name),
                                              xd_text_at(c->q, c->q->domain[b->domain].name)));
}

static bool same_one(const struct pair *c, uint32_t at)
{
    const struct xd_step *a = &c->p->step[at], *b = &c->q->step[at];

    return a->kind == b->kind && a->raw == b->raw && a->depth == b->depth && a->parts == b->parts &&
           a->call == b->call && a->op == b->op && a->vcpu == b->vcpu && same_domain(c, a, b) &&
           same_expr(c, a->subject[0], b->subject[0]) &&
           same_expr(c, a->subject[1], b->subject[1]) && same_items(c, a->in, b->in) &&
           same_expr(c, a->result, b->result) && same_items(c, a->out, b->out);
}

bool xd_step_same(const struct xd_program *p, const struct xd_program *q, uint32_t at)
{
    const struct pair c = {p, q};

    if (p->step[at].parts != q->step[at].parts)
        return false;
    for (uint32_t i = at; i <= at + p->step[at].parts; i++)
        if (!same_one(&c, i))
            return false;
    return true;
}
