/* SPDX-License-Identifier: MIT */
/* parse_call.c: hypercalls, in the shapes that hypercalls.def gives them. */
#include "program/parse.h"

#include <string.h>

unsigned int xd_call_args(const struct xd_call *c)
{
    unsigned int n = 0;

    while (n < XD_CALL_ARGS && c->arg[n].name)
        n++;
    return n;
}

static bool is_list_kind(unsigned int kind)
{
    return kind == XD_K_ENTRIES || kind == XD_K_PORTS;
}

unsigned int xd_in_may(unsigned int kind)
{
    return is_list_kind(kind) ? XD_MAY_LIST : kind == XD_K_PTR ? XD_MAY_LIST | XD_MAY_TEXT : 0;
}

unsigned int xd_out_may(unsigned int kind)
{
    unsigned int may = XD_MAY_BIND | XD_MAY_ANY;

    if (is_list_kind(kind))
        return may | XD_MAY_LIST;
    if (kind == XD_K_PTR)
        return may | XD_MAY_LIST | XD_MAY_TEXT;
    return kind == XD_K_TEXT ? XD_MAY_TEXT | XD_MAY_ANY : may;
}

const unsigned int *xd_keys_in(const struct xd_call *c)
{
    static const unsigned int plain[] = {0};
    static const unsigned int ops[] = {XD_KEY_OP, XD_KEY_ARG, 0};
    static const unsigned int memory[] = {XD_KEY_OP, XD_KEY_ARG, XD_KEY_START, 0};
    static const unsigned int mmu[] = {XD_KEY_FD,   XD_KEY_PFD,   XD_KEY_COUNT,
                                       XD_KEY_LIST, XD_KEY_PDONE, 0};
    static const unsigned int mmuext[] = {XD_KEY_FD, XD_KEY_COUNT, XD_KEY_LIST, XD_KEY_PDONE, 0};
    static const unsigned int multi[] = {XD_KEY_COUNT, XD_KEY_LIST, 0};

    switch (c ? c->shape : XD_SHAPE_PLAIN) {
    case XD_SHAPE_OPS:
    case XD_SHAPE_COMPAT: return c->group == &xd_group_memory ? memory : ops;
    case XD_SHAPE_MMU: return mmu;
    case XD_SHAPE_MMUEXT: return mmuext;
    case XD_SHAPE_MULTI: return multi;
    default: return plain;
    }
}

const unsigned int *xd_keys_out(const struct xd_call *c)
{
    static const unsigned int batch[] = {XD_KEY_WHY, XD_KEY_DONE, XD_KEY_BLOCKED, 0};
    static const unsigned int other[] = {XD_KEY_WHY, XD_KEY_BLOCKED, 0};

    return c && (c->shape == XD_SHAPE_MMU || c->shape == XD_SHAPE_MMUEXT) ? batch : other;
}

/* Passes the present key and its equals sign. */
static void pass_key(struct xd_parser *ps)
{
    xd_lex_next(&ps->lex);
    xd_lex_next(&ps->lex);
}

static void once(struct xd_parser *ps, const struct xd_items *list, unsigned int key)
{
    if (!ps->error && xd_item_find(ps->p, list->first, key))
        xd_parse_fail(ps, "\"%.*s\" is said twice", (int)ps->lex.tok.len, ps->lex.tok.text);
}

/* The number of the field of (op) that the present token names; -1: none. */
static int field_named(const struct xd_parser *ps, const struct xd_op *op)
{
    const struct xd_field *f = op && op->fields ? op->fields() : NULL;

    for (int i = 0; f && f[i].name; i++)
        if (xd_is_word(&ps->lex.tok, f[i].name))
            return i;
    return -1;
}

static void unknown_key(struct xd_parser *ps, const struct xd_call *call, const struct xd_op *op,
                        unsigned int dir, const unsigned int *keys)
{
    const struct xd_field *f = op && op->fields ? op->fields() : NULL;
    struct xd_str known = {0};

    for (; f && f->name; f++)
        if (f->dir & dir || (dir == XD_OUT && is_list_kind(f->kind)))
            xd_str_addf(&known, " %s=", f->name);
    for (; *keys; keys++)
        xd_str_addf(&known, *keys == XD_KEY_BLOCKED ? " %s" : " %s=", xd_key_name(call, *keys));
    xd_parse_fail(ps, "\"%.*s\" is unknown here; there is:%s", (int)ps->lex.tok.len,
                  ps->lex.tok.text, xd_str_text(&known));
    xd_str_free(&known);
}

/* The operation that the present token names in (g); NULL after failing. */
static const struct xd_op *operation(struct xd_parser *ps, const struct xd_group *g,
                                     const char *what)
{
    const struct xd_token *t = &ps->lex.tok;
    const struct xd_op *op = t->kind == XD_TOK_WORD ? xd_op_named(g, t->text, t->len) : NULL;
    struct xd_str known = {0};
    struct xd_suggest near;

    if (op) {
        xd_lex_next(&ps->lex);
        return op;
    }
    xd_suggest_init(&near, t->text, t->kind == XD_TOK_WORD ? t->len : 0);
    for (const struct xd_op *o = g->ops; o->name; o++) {
        xd_suggest_offer(&near, o->name);
        xd_str_addf(&known, "%s%s", known.len ? ", " : "", o->name);
    }
    if (t->kind != XD_TOK_WORD)
        xd_parse_fail(ps, "wants an operation of %s here: %s", what, xd_str_text(&known));
    else if (near.best)
        xd_parse_fail(ps, "%s has no operation \"%.*s\" (did you mean %s?)", what, (int)t->len,
                      t->text, near.best);
    else
        xd_parse_fail(ps, "%s has no operation \"%.*s\"; it has %s", what, (int)t->len, t->text,
                      xd_str_text(&known));
    xd_str_free(&known);
    return NULL;
}

/* Registers in order, up to (limit) of them; items get the keys 0, 1, ... */
static void positional(struct xd_parser *ps, const struct xd_call *call, unsigned int limit,
                       struct xd_items *in)
{
    for (unsigned int i = 0; !ps->error && !xd_at_step_end(ps) && !xd_is_punct(ps, '='); i++) {
        unsigned int kind = call && i < limit ? call->arg[i].kind : XD_K_NONE;
        unsigned int may = call ? xd_in_may(kind) : XD_MAY_LIST | XD_MAY_TEXT;
        struct xd_str args = {0};
        xd_ex value;

        if (i == limit) {
            for (unsigned int k = 0; call && k < limit; k++)
                xd_str_addf(&args, " %s", call->arg[k].name);
            xd_parse_fail(ps, "too many arguments; %s takes%s", call ? call->name : "hypercall",
                          call && !limit ? " none"
                          : call         ? xd_str_text(&args)
                                         : " a number and at most six arguments");
            xd_str_free(&args);
            return;
        }
        value = xd_parse_value(ps, kind, may);
        xd_items_add(ps, in, i)->value = value;
    }
}

static void operands(struct xd_parser *ps, struct xd_step *s, struct xd_items *in)
{
    bool memory = s->call->group == &xd_group_memory;
    const unsigned int *keys = xd_keys_in(s->call);
    bool numbered = false;

    while (!ps->error && !xd_at_step_end(ps) && !xd_is_punct(ps, '=')) {
        unsigned int key, kind = XD_K_NONE, may = 0;
        xd_ex value;
        int f;

        if (!xd_is_key(ps)) {
            if (s->op || numbered) {
                xd_parse_fail(ps, "wants FIELD=VALUE, or = and the result, here");
                return;
            }
            s->op = operation(ps, s->call->group, s->call->name);
            continue;
        }
        f = field_named(ps, s->op);
        if (f >= 0 && s->op->fields()[f].dir & XD_IN) {
            key = (unsigned int)f;
            kind = s->op->fields()[f].kind;
            may = xd_in_may(kind);
        } else if (f >= 0) {
            xd_parse_fail(ps, "%s is an answer; it stands behind the result",
                          s->op->fields()[f].name);
            return;
        } else if (xd_is_word(&ps->lex.tok, "op") && !s->op) {
            key = XD_KEY_OP;
            numbered = true;
        } else if (xd_is_word(&ps->lex.tok, "arg")) {
            key = XD_KEY_ARG;
            may = XD_MAY_LIST | XD_MAY_TEXT;
        } else if (xd_is_word(&ps->lex.tok, "start") && memory) {
            key = XD_KEY_START;
        } else if (!s->op && xd_op_named(s->call->group, ps->lex.tok.text, ps->lex.tok.len)) {
            xd_parse_fail(ps, "the result stands behind \" = \", with blanks on both sides");
            return;
        } else {
            unknown_key(ps, s->call, s->op, XD_IN, s->op ? keys + 1 : keys);
            return;
        }
        once(ps, in, key);
        pass_key(ps);
        value = xd_parse_value(ps, kind, may);
        xd_items_add(ps, in, key)->value = value;
    }
    if (!s->op && !numbered)
        operation(ps, s->call->group, s->call->name);
}

/* One element of mmu_update: [COMMAND] PLACE = VALUE */
static void mmu_element(struct xd_parser *ps, struct xd_items *in)
{
    const struct xd_token t = ps->lex.tok;
    const struct xd_op *cmd =
        t.kind == XD_TOK_WORD ? xd_op_named(&xd_group_mmu, t.text, t.len) : NULL;
    unsigned int nr = cmd ? cmd->nr : 0;
    xd_ex place, value;
    struct xd_item *it;

    if (xd_is_word(&t, "raw"))
        nr = XD_CMD_RAW;
    if (cmd || nr == XD_CMD_RAW)
        xd_lex_next(&ps->lex);
    place = xd_parse_value(ps, XD_K_NONE, 0);
    if (!xd_parse_punct(ps, '=', "= and the new value"))
        return;
    value = xd_parse_value(ps, XD_K_NONE, 0);
    it = xd_items_add(ps, in, XD_KEY_ELEMENT);
    it->cmd = (uint8_t)nr;
    it->value = place;
    it->value2 = value;
}

/* One element of mmuext_op: COMMAND field=VALUE..., or cmd=N arg1=A arg2=B */
static void mmuext_element(struct xd_parser *ps, struct xd_items *in)
{
    static const unsigned int keys[] = {XD_KEY_CMD, XD_KEY_ARG1, XD_KEY_ARG2, 0};
    struct xd_items fields = {0};
    const struct xd_op *op = NULL;
    struct xd_item *it;

    if (!xd_is_word(&ps->lex.tok, "cmd"))
        op = operation(ps, &xd_group_mmuext, "mmuext_op");
    while (!ps->error && xd_is_key(ps)) {
        int f = field_named(ps, op);
        unsigned int key = XD_KEY_CMD, kind = XD_K_NONE;
        xd_ex value;

        if (op && f >= 0) {
            key = (unsigned int)f;
            kind = op->fields()[f].kind;
        } else if (xd_is_word(&ps->lex.tok, "arg1")) {
            key = XD_KEY_ARG1;
        } else if (xd_is_word(&ps->lex.tok, "arg2")) {
            key = XD_KEY_ARG2;
        } else if (!xd_is_word(&ps->lex.tok, "cmd") || op) {
            unknown_key(ps, NULL, op, XD_IN, op ? keys + 1 : keys);
            return;
        }
        once(ps, &fields, key);
        pass_key(ps);
        value = xd_parse_value(ps, kind, xd_in_may(kind));
        xd_items_add(ps, &fields, key)->value = value;
    }
    it = xd_items_add(ps, in, XD_KEY_ELEMENT);
    it->op = op;
    it->sub = fields.first;
}

/*
 * Line ends and comments between the elements of a batch; a comment goes to the element before it.
 */
static void element_gap(struct xd_parser *ps, struct xd_step *s, struct xd_items *in)
{
    const struct xd_token *t = &ps->lex.tok;
    xd_text *note = in->last ? &ps->p->item[in->last].note : &s->note;
    bool fresh = true;

    while (t->kind == XD_TOK_NEWLINE || t->kind == XD_TOK_COMMENT) {
        s->spread = true;
        if (t->kind == XD_TOK_COMMENT && (!fresh || *note)) {
            xd_parse_fail(
                ps, "inside [ ] a comment stands behind an element, not on a line of its own");
            return;
        }
        if (t->kind == XD_TOK_COMMENT) {
            xd_text at = xd_program_text(ps->p, t->text, t->len);

            note = in->last ? &ps->p->item[in->last].note : &s->note;
            *note = at;
        }
        fresh = false;
        xd_lex_next(&ps->lex);
    }
}

static void elements(struct xd_parser *ps, struct xd_step *s, struct xd_items *in)
{
    xd_lex_next(&ps->lex);
    element_gap(ps, s, in);
    while (!ps->error && !xd_is_punct(ps, ']')) {
        if (s->call->shape == XD_SHAPE_MMU)
            mmu_element(ps, in);
        else
            mmuext_element(ps, in);
        if (!xd_is_punct(ps, ',')) {
            element_gap(ps, s, in);
            break;
        }
        xd_lex_next(&ps->lex);
        element_gap(ps, s, in);
    }
    xd_parse_punct(ps, ']', "\",\" or \"]\"");
}

/* The arguments of a batch that are not its elements. */
static void batch_keys(struct xd_parser *ps, struct xd_step *s, struct xd_items *in)
{
    const unsigned int *keys = xd_keys_in(s->call);

    while (!ps->error && !xd_at_step_end(ps) && !xd_is_punct(ps, '=')) {
        const unsigned int *k = keys;
        xd_ex value;

        while (*k && !(xd_is_key(ps) && xd_is_word(&ps->lex.tok, xd_key_name(s->call, *k))))
            k++;
        if (!*k) {
            unknown_key(ps, s->call, NULL, XD_IN, keys);
            return;
        }
        once(ps, in, *k);
        pass_key(ps);
        value = xd_parse_value(ps, *k == XD_KEY_FD || *k == XD_KEY_PFD ? XD_K_DOMID : XD_K_NONE, 0);
        xd_items_add(ps, in, *k)->value = value;
    }
}

/*
 * The number of the argument of a PLAIN call that the present token names and that points at
 * something; -1: none.
 */
static int pointer_named(const struct xd_parser *ps, const struct xd_call *c)
{
    for (unsigned int i = 0; c && c->shape == XD_SHAPE_PLAIN && i < xd_call_args(c); i++)
        if (xd_is_word(&ps->lex.tok, c->arg[i].name) && xd_in_may(c->arg[i].kind))
            return (int)i;
    return -1;
}

static xd_ex done_value(struct xd_parser *ps)
{
    if (!xd_is_word(&ps->lex.tok, "none"))
        return xd_parse_value(ps, XD_K_NONE, XD_MAY_BIND | XD_MAY_ANY);
    xd_lex_next(&ps->lex);
    return xd_program_expr(
        ps->p,
        (struct xd_expr){.op = XD_EX_WORD, .depth = 1, .a = xd_program_text(ps->p, "none", 4)});
}

/* What stands behind the result. */
static void outcome(struct xd_parser *ps, const struct xd_step *s, struct xd_items *out)
{
    const unsigned int *keys = xd_keys_out(s->call);
    bool done = keys[1] == XD_KEY_DONE;

    while (!ps->error && !xd_at_step_end(ps)) {
        int f = field_named(ps, s->op), a = pointer_named(ps, s->call);
        unsigned int key = XD_KEY_WHY, kind = XD_K_NONE;
        xd_ex value;

        if (xd_is_word(&ps->lex.tok, "blocked")) {
            once(ps, out, XD_KEY_BLOCKED);
            if (ps->depth)
                xd_parse_fail(ps, "blocked stands behind the whole block");
            xd_items_add(ps, out, XD_KEY_BLOCKED);
            xd_lex_next(&ps->lex);
            continue;
        }
        if (xd_is_key(ps) && f >= 0) {
            key = (unsigned int)f;
            kind = s->op->fields()[f].kind;
        } else if (xd_is_key(ps) && a >= 0) {
            key = (unsigned int)a;
            kind = s->call->arg[a].kind;
        } else if (xd_is_key(ps) && xd_is_word(&ps->lex.tok, "done") && done) {
            key = XD_KEY_DONE;
        } else if (!xd_is_key(ps) || !xd_is_word(&ps->lex.tok, "why")) {
            unknown_key(ps, s->call, s->op, XD_OUT, keys);
            return;
        }
        once(ps, out, key);
        pass_key(ps);
        value = key == XD_KEY_WHY    ? xd_parse_why(ps)
                : key == XD_KEY_DONE ? done_value(ps)
                                     : xd_parse_value(ps, kind, xd_out_may(kind));
        xd_items_add(ps, out, key)->value = value;
    }
}

static void result(struct xd_parser *ps, struct xd_step *s)
{
    struct xd_items out = {0};
    bool before = ps->checking;

    if (!xd_is_punct(ps, '='))
        return;
    xd_lex_next(&ps->lex);
    ps->checking = true;
    s->result = xd_parse_value(ps, XD_K_NONE, XD_MAY_BIND | XD_MAY_ANY | XD_MAY_ERRNO);
    outcome(ps, s, &out);
    s->out = out.first;
    ps->checking = before;
}

static void unknown_call(struct xd_parser *ps)
{
    const struct xd_token *t = &ps->lex.tok;
    struct xd_suggest near;

    xd_suggest_init(&near, t->text, t->len);
    for (uint64_t nr = 0; nr < XD_CALLS; nr++)
        if (xd_call_at(nr))
            xd_suggest_offer(&near, xd_call_at(nr)->name);
    for (const struct xd_form *f = xd_forms(); f->name; f++)
        if (f->name[0] != '@')
            xd_suggest_offer(&near, f->name);
    xd_suggest_offer(&near, "hypercall");
    xd_parse_fail(ps, "\"%.*s\" is no hypercall and no other step%s%s%s", (int)t->len, t->text,
                  near.best ? " (did you mean " : "",
                  near.best ? near.best : "; see `xendouble list`", near.best ? "?)" : "");
}

void xd_parse_call_name(struct xd_parser *ps, struct xd_step *s)
{
    s->call =
        ps->lex.tok.kind == XD_TOK_WORD ? xd_call_named(ps->lex.tok.text, ps->lex.tok.len) : NULL;
    if (!s->call) {
        xd_parse_fail(ps, "wants the name of a hypercall here (`xendouble list hypercalls`)");
        return;
    }
    xd_lex_next(&ps->lex);
    if (s->call->group && ps->lex.tok.kind == XD_TOK_WORD && !xd_is_key(ps))
        s->op = operation(ps, s->call->group, s->call->name);
}

void xd_parse_call(struct xd_parser *ps, struct xd_step *s)
{
    const struct xd_token t = ps->lex.tok;
    struct xd_items in = {0};

    s->kind = XD_STEP_CALL;
    s->raw = xd_is_word(&t, "hypercall");
    s->call = s->raw || t.kind != XD_TOK_WORD ? NULL : xd_call_named(t.text, t.len);
    if (!s->call && !s->raw) {
        unknown_call(ps);
        return;
    }
    xd_lex_next(&ps->lex);
    if (s->raw && (xd_at_step_end(ps) || xd_is_punct(ps, '='))) {
        xd_parse_fail(ps, "wants the hypercall's number here");
    } else if (s->raw) {
        positional(ps, NULL, 1 + XD_CALL_ARGS, &in);
    } else if (s->call->shape == XD_SHAPE_PLAIN) {
        positional(ps, s->call, xd_call_args(s->call), &in);
    } else if (s->call->group &&
               (s->call->shape == XD_SHAPE_OPS || s->call->shape == XD_SHAPE_COMPAT)) {
        operands(ps, s, &in);
    } else if (s->call->shape == XD_SHAPE_MULTI) {
        if (xd_is_punct(ps, '{'))
            xd_parse_block(ps, s);
        batch_keys(ps, s, &in);
    } else {
        if (xd_is_punct(ps, '['))
            elements(ps, s, &in);
        batch_keys(ps, s, &in);
    }
    s->in = in.first;
    result(ps, s);
}
