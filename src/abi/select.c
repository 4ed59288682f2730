/* SPDX-License-Identifier: MIT */
/* select.c: reads and writes the names of calls and operations. */
#include "abi/select.h"

#include "base/suggest.h"

#include <inttypes.h>

/* The constants that name the operations of a call without group; NONE: it has no operations. */
static enum xd_kind op_kind(const struct xd_call *c)
{
    if (c->shape == XD_SHAPE_PLAIN)
        for (const struct xd_const *k = xd_consts(); k->name; k++)
            if (c->arg[0].name && k->kind == c->arg[0].kind)
                return (enum xd_kind)k->kind;
    return XD_K_NONE;
}

bool xd_call_op(const struct xd_call *c, const uint64_t *arg, uint64_t *op)
{
    unsigned int bits = xd_kind_bits((enum xd_kind)c->arg[0].kind);

    if (c->shape != XD_SHAPE_OPS && op_kind(c) == XD_K_NONE)
        return false;
    *op = bits < 64 ? arg[0] & ((UINT64_C(1) << bits) - 1) : arg[0];
    if (c->group == &xd_group_memory)
        *op &= 63; /* the rest is the start extent */
    return true;
}

static const char *op_name(const struct xd_call *c, uint64_t nr)
{
    const struct xd_op *op = c->group ? xd_op_at(c->group, nr) : NULL;
    const struct xd_const *k = c->group ? NULL : xd_const_of(op_kind(c), nr);

    return op ? op->name : k ? k->name : NULL;
}

static bool op_named(const struct xd_call *c, const struct xd_token *t, uint64_t *nr)
{
    const struct xd_op *op = c->group ? xd_op_named(c->group, t->text, t->len) : NULL;
    const struct xd_const *k = c->group ? NULL : xd_const_named(t->text, t->len, op_kind(c));

    if (op || k)
        *nr = op ? op->nr : k->value;
    return op || k;
}

static void did_you_mean(struct xd_str *error, const struct xd_suggest *near, const char *list)
{
    if (near->best)
        xd_str_addf(error, " (did you mean %s?)", near->best);
    else
        xd_str_addf(error, "; `xendouble list %s` tells what there is", list);
}

static void unknown_call(const struct xd_token *t, struct xd_str *error)
{
    struct xd_suggest near;

    xd_suggest_init(&near, t->text, t->len);
    for (uint64_t nr = 0; nr < XD_CALLS; nr++)
        if (xd_call_at(nr))
            xd_suggest_offer(&near, xd_call_at(nr)->name);
    xd_str_addf(error, "there is no hypercall \"%.*s\"", (int)t->len, t->text);
    did_you_mean(error, &near, "hypercalls");
}

static void unknown_op(const struct xd_call *c, const struct xd_token *t, struct xd_str *error)
{
    struct xd_suggest near;

    xd_suggest_init(&near, t->text, t->len);
    for (const struct xd_op *op = c->group ? c->group->ops : NULL; op && op->name; op++)
        xd_suggest_offer(&near, op->name);
    for (const struct xd_const *k = xd_consts(); !c->group && k->name; k++)
        if (k->kind == op_kind(c))
            xd_suggest_offer(&near, k->name);
    xd_str_addf(error, "%s has no operation \"%.*s\"", c->name, (int)t->len, t->text);
    did_you_mean(error, &near, "ops");
}

static bool parse_op(struct xd_lexer *l, struct xd_select *s, struct xd_str *error)
{
    const struct xd_call *c = xd_call_at(s->nr);
    const struct xd_token *t = &l->tok;

    xd_lex_next(l);
    s->has_op = true;
    if (!c || (!c->group && op_kind(c) == XD_K_NONE)) {
        xd_str_addf(error, "%s has no operations", c ? c->name : "a hypercall that Xen has not");
        return false;
    }
    if (t->kind == XD_TOK_NUMBER) {
        s->op = t->num;
    } else if (t->kind != XD_TOK_WORD) {
        xd_str_addf(error, "the dot behind %s wants the name or number of an operation behind it",
                    c->name);
        return false;
    } else if (!op_named(c, t, &s->op)) {
        unknown_op(c, t, error);
        return false;
    }
    xd_lex_next(l);
    return true;
}

bool xd_select_parse(struct xd_lexer *l, struct xd_select *s, struct xd_str *error)
{
    const struct xd_token *t = &l->tok;
    const struct xd_call *c = t->kind == XD_TOK_WORD ? xd_call_named(t->text, t->len) : NULL;

    *s = (struct xd_select){0};
    if (t->kind == XD_TOK_PUNCT && t->op == '*') {
        s->any = true;
    } else if (t->kind == XD_TOK_NUMBER) {
        s->nr = t->num;
    } else if (c) {
        s->nr = c->nr;
    } else if (t->kind == XD_TOK_WORD) {
        unknown_call(t, error);
        return false;
    } else {
        xd_str_add(error, "a call is named so: event_channel_op, event_channel_op.send, 32.4, or * "
                          "for all");
        return false;
    }
    xd_lex_next(l);
    if (s->any || t->kind != XD_TOK_PUNCT || t->op != '.')
        return true;
    return parse_op(l, s, error);
}

void xd_select_show(struct xd_str *out, const struct xd_select *s)
{
    const struct xd_call *c = xd_call_at(s->nr);
    const char *op = c && s->has_op ? op_name(c, s->op) : NULL;

    if (s->any)
        xd_str_addc(out, '*');
    else if (c)
        xd_str_add(out, c->name);
    else
        xd_str_addf(out, "%" PRIu64, s->nr);
    if (op)
        xd_str_addf(out, ".%s", op);
    else if (s->has_op)
        xd_str_addf(out, ".%" PRIu64, s->op);
}
