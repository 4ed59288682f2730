/* SPDX-License-Identifier: MIT */
/* select.c: reads and writes the names of calls and operations. */
#include "abi/select.h"

#include "base/suggest.h"

#include <inttypes.h>

static bool op_named(const struct xd_commands *of, const struct xd_token *t, uint64_t *nr)
{
    const struct xd_op *op = of->group ? xd_op_named(of->group, t->text, t->len) : NULL;
    const struct xd_const *k = of->group ? NULL : xd_const_named(t->text, t->len, of->kind);

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

static void unknown_op(const struct xd_call *c, const struct xd_commands *of,
                       const struct xd_token *t, struct xd_str *error)
{
    struct xd_suggest near;

    xd_suggest_init(&near, t->text, t->len);
    for (const struct xd_op *op = of->group ? of->group->ops : NULL; op && op->name; op++)
        xd_suggest_offer(&near, op->name);
    for (const struct xd_const *k = xd_consts(); !of->group && k->name; k++)
        if (k->kind == of->kind)
            xd_suggest_offer(&near, k->name);
    xd_str_addf(error, "%s has no operation \"%.*s\"", c->name, (int)t->len, t->text);
    did_you_mean(error, &near, of->group ? "ops" : "commands");
}

static bool parse_op(struct xd_lexer *l, struct xd_select *s, struct xd_str *error)
{
    const struct xd_call *c = xd_call_at(s->nr);
    const struct xd_token *t = &l->tok;
    struct xd_commands of;

    xd_lex_next(l);
    s->has_op = true;
    if (!c || !xd_commands_of(c, &of)) {
        xd_str_addf(error, "%s has no operations", c ? c->name : "a hypercall that Xen has not");
        return false;
    }
    if (t->kind == XD_TOK_NUMBER) {
        s->op = t->num;
    } else if (t->kind != XD_TOK_WORD) {
        xd_str_addf(error, "the dot behind %s wants the name or number of an operation behind it",
                    c->name);
        return false;
    } else if (!op_named(&of, t, &s->op)) {
        unknown_op(c, &of, t, error);
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
    const char *op = c && s->has_op ? xd_command_name(c, s->op) : NULL;

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
