/* SPDX-License-Identifier: MIT */
/*
 * parse_expr.c: expressions.
 *
 * One rule tells `f a -1` (two arguments) from `a - 1`: an operator with a blank before it and none
 * behind it does not continue an expression, nor does a [ with a blank before it.
 */
#include "program/parse.h"

#include <stdlib.h>
#include <string.h>

static unsigned int depth_of(const struct xd_parser *ps, xd_ex e)
{
    return ps->p->expr[e].depth;
}

static unsigned int deeper(const struct xd_parser *ps, xd_ex a, xd_ex b)
{
    return depth_of(ps, a) > depth_of(ps, b) ? depth_of(ps, a) : depth_of(ps, b);
}

/*
 * (deepest): the depth of the deepest part. What evaluates and prints recurses, so the tree must
 * stay shallow.
 */
static xd_ex add_over(struct xd_parser *ps, struct xd_expr e, unsigned int deepest)
{
    if (!ps->error && deepest >= XD_DEPTH_MAX)
        xd_parse_fail(ps, "this expression is too long; break it up with let");
    e.depth = (uint16_t)(deepest + 1);
    return ps->error ? 0 : xd_program_expr(ps->p, e);
}

static xd_ex add(struct xd_parser *ps, struct xd_expr e)
{
    return add_over(ps, e, 0);
}

static xd_ex named(struct xd_parser *ps, unsigned int op, unsigned int sub,
                   const struct xd_token *t, uint64_t num)
{
    if (ps->error)
        return 0;
    return add(ps, (struct xd_expr){.op = (uint8_t)op,
                                    .sub = (uint8_t)sub,
                                    .a = xd_program_text(ps->p, t->text, t->len),
                                    .num = num});
}

xd_ex xd_parse_text(struct xd_parser *ps)
{
    const struct xd_token t = ps->lex.tok;
    size_t bad = 0;
    xd_ex e = 0;
    char *plain;
    int64_t n;

    if (t.kind != XD_TOK_TEXT) {
        xd_parse_fail(ps, "wants a text in double quotes here");
        return 0;
    }
    plain = xd_zalloc(t.len + 1);
    n = xd_lex_unescape(t.text, t.len, plain, &bad);
    if (n < 0) {
        struct xd_token at = t;

        at.text += bad; /* behind the quote, at which the token stands */
        at.col += (uint32_t)bad + 1;
        xd_parse_fail_at(ps, &at, "no such escape; there are \\n \\t \\r \\\\ \\\" and \\xHH");
    } else {
        e = add(ps, (struct xd_expr){.op = XD_EX_TEXT,
                                     .a = xd_program_text(ps->p, plain, (size_t)n),
                                     .num = (uint64_t)n});
        xd_lex_next(&ps->lex);
    }
    free(plain);
    return e;
}

/*
 * What follows an opening ( or [ up to the closing one: elements linked by next; returns the first.
 */
static xd_ex elements(struct xd_parser *ps, char close, unsigned int kind, unsigned int may,
                      unsigned int *count, unsigned int *deepest)
{
    xd_ex first = 0, last = 0;

    *count = *deepest = 0;
    if (++ps->nest > XD_NEST_MAX)
        xd_parse_fail(ps, "more than %u brackets inside each other", XD_NEST_MAX);
    while (!ps->error && !xd_is_punct(ps, close)) {
        xd_ex e = xd_parse_value(ps, kind, may);

        if (!e || ps->error)
            break;
        if (last)
            ps->p->expr[last].next = e;
        else
            first = e;
        last = e;
        ++*count;
        if (depth_of(ps, e) > *deepest)
            *deepest = depth_of(ps, e);
        if (!xd_is_punct(ps, ','))
            break;
        xd_lex_next(&ps->lex);
    }
    ps->nest--;
    xd_parse_punct(ps, close, close == ')' ? "\",\" or \")\"" : "\",\" or \"]\"");
    return first;
}

/*
 * A function, its name just passed; (domain) is 1 + the index of the domain before the dot, or 0.
 */
static xd_ex function(struct xd_parser *ps, int fn, const struct xd_token *t, uint64_t domain)
{
    const struct xd_fn_row *row = xd_fn_row((unsigned int)fn);
    unsigned int n = 0, deepest;
    xd_ex args;

    if (row->transient && ps->checking)
        xd_parse_fail_at(ps, t, "%s() makes an argument; what happened can't be compared with it",
                         row->name);
    if (!xd_is_punct(ps, '(') || ps->lex.tok.spaced) {
        xd_parse_fail(ps, "wants ( here; %s", row->usage);
        return 0;
    }
    xd_lex_next(&ps->lex);
    args = elements(ps, ')', XD_K_NONE, fn == XD_FN_TEXT ? XD_MAY_TEXT : 0, &n, &deepest);
    if (!ps->error && (n < row->args_min || (row->args_max != 255 && n > row->args_max)))
        xd_parse_fail_at(ps, t, "%u values between the parentheses; %s", n, row->usage);
    if (!ps->error && fn == XD_FN_TEXT && ps->p->expr[args].op != XD_EX_TEXT)
        xd_parse_fail_at(ps, t, "wants a text in double quotes; %s", row->usage);
    return add_over(ps,
                    (struct xd_expr){.op = XD_EX_FN, .sub = (uint8_t)fn, .a = args, .num = domain},
                    deepest);
}

/* start.FIELD, the dot being the present token. */
static xd_ex start_field(struct xd_parser *ps, uint64_t domain)
{
    const struct xd_start_row *rows = xd_start_rows();
    struct xd_suggest near;

    xd_lex_next(&ps->lex);
    for (unsigned int i = 0; rows[i].name; i++)
        if (xd_is_word(&ps->lex.tok, rows[i].name)) {
            xd_lex_next(&ps->lex);
            return add(ps, (struct xd_expr){.op = XD_EX_START, .sub = (uint8_t)i, .num = domain});
        }
    xd_suggest_init(&near, ps->lex.tok.text, ps->lex.tok.len);
    for (unsigned int i = 0; rows[i].name; i++)
        xd_suggest_offer(&near, rows[i].name);
    xd_parse_fail(ps, "the start of day has no such field%s%s%s",
                  near.best ? " (did you mean " : "", near.best ? near.best : "",
                  near.best ? "?)" : "");
    return 0;
}

/* A domain, alone or with a function or field of it behind a dot. */
static xd_ex domain(struct xd_parser *ps)
{
    int d = xd_parse_domain_name(ps), fn;
    struct xd_token t;

    if (d < 0)
        return 0;
    if (!xd_is_punct(ps, '.') || ps->lex.tok.spaced)
        return add(ps, (struct xd_expr){.op = XD_EX_DOMAIN, .num = (uint64_t)d});
    xd_lex_next(&ps->lex);
    t = ps->lex.tok;
    if (xd_is_word(&t, "start")) {
        xd_lex_next(&ps->lex);
        if (xd_is_punct(ps, '.'))
            return start_field(ps, (uint64_t)d + 1);
        xd_parse_fail(ps, "wants . and a field of the start of day here");
        return 0;
    }
    fn = t.kind == XD_TOK_WORD ? xd_fn_named(t.text, t.len) : -1;
    if (fn < 0 || fn >= XD_FN_OF_DOMAIN_END) {
        xd_parse_fail(
            ps,
            "behind a domain's dot stands page, va, pfn, table, cr3, user_cr3, shared_info or start");
        return 0;
    }
    xd_lex_next(&ps->lex);
    return function(ps, fn, &t, (uint64_t)d + 1);
}

/*
 * $name: a value that an earlier step captured, or, where that is allowed, one to be captured here.
 */
static xd_ex captured(struct xd_parser *ps, unsigned int may)
{
    const struct xd_token sign = ps->lex.tok;
    struct xd_token t;
    int slot;

    xd_lex_next(&ps->lex);
    t = ps->lex.tok;
    if ((t.kind != XD_TOK_WORD && t.kind != XD_TOK_NUMBER) || t.spaced) {
        xd_parse_fail(ps, "wants a name right behind $");
        return 0;
    }
    slot = xd_slot_of(ps->p, '$', &t);
    if (slot < 0 && !(may & XD_MAY_BIND)) {
        xd_parse_fail_at(ps, &sign,
                         "$%.*s has no value yet; an earlier step must capture it behind its =",
                         (int)t.len, t.text);
        return 0;
    }
    if (slot >= 0 && ps->depth && !ps->checking && (uint32_t)slot >= ps->names_outside) {
        xd_parse_fail_at(ps, &sign, "$%.*s gets its value when the whole block has run", (int)t.len,
                         t.text);
        return 0;
    }
    if (slot < 0) {
        slot = xd_add_name(ps, '$', &t);
        xd_lex_next(&ps->lex);
        return slot < 0 ? 0 : add(ps, (struct xd_expr){.op = XD_EX_BIND, .num = (uint64_t)slot});
    }
    xd_lex_next(&ps->lex);
    return add(ps, (struct xd_expr){.op = XD_EX_CAPTURE, .num = (uint64_t)slot});
}

/* A name that stands for a number. */
static xd_ex word(struct xd_parser *ps, unsigned int kind, unsigned int may)
{
    const struct xd_token t = ps->lex.tok;
    const struct xd_const *c =
        kind == XD_K_NONE ? NULL : xd_const_named(t.text, t.len, (enum xd_kind)kind);
    const struct xd_flag_row *flag;
    int n;

    if (xd_is_domain_word(&t))
        return domain(ps);
    xd_lex_next(&ps->lex);
    if (xd_is_word(&t, "start") &&
        xd_is_punct(ps, '.')) /* xenoprof_op has a command of that name */
        return start_field(ps, 0);
    if (c)
        return named(ps, XD_EX_CONST, 0, &t, c->value);
    n = xd_slot_of(ps->p, 0, &t);
    if (n >= 0)
        return add(ps, (struct xd_expr){.op = XD_EX_NAME, .num = (uint64_t)n});
    n = xd_fn_named(t.text, t.len);
    if (n >= 0)
        return function(ps, n, &t, 0);
    n = xd_kind_named(&t);
    if (n >= 0 && xd_is_punct(ps, '.')) {
        struct xd_token name;

        xd_lex_next(&ps->lex);
        name = ps->lex.tok;
        c = name.kind == XD_TOK_WORD ? xd_const_named(name.text, name.len, (enum xd_kind)n) : NULL;
        if (!c) {
            xd_parse_fail(ps, "no constant of kind %s is called so", xd_kind_name((enum xd_kind)n));
            return 0;
        }
        xd_lex_next(&ps->lex);
        return named(ps, XD_EX_CONST, (unsigned int)n, &name, c->value);
    }
    flag = xd_flag_named(&t);
    if (flag)
        return named(ps, XD_EX_CONST, 0, &t, flag->value);
    n = may & XD_MAY_ERRNO ? xd_errno_named(t.text, t.len) : 0;
    if (n)
        return named(ps, XD_EX_ERRNO, 0, &t, (uint64_t) - (int64_t)n);
    xd_parse_unknown_name(ps, &t, kind);
    return 0;
}

static xd_ex unary(struct xd_parser *ps, unsigned int op, unsigned int kind)
{
    xd_ex e = 0;

    xd_lex_next(&ps->lex);
    if (++ps->nest > XD_NEST_MAX)
        xd_parse_fail(ps, "more than %u signs and brackets inside each other", XD_NEST_MAX);
    else
        e = xd_parse_primary(ps, kind, 0);
    ps->nest--;
    return add_over(ps, (struct xd_expr){.op = (uint8_t)op, .a = e}, depth_of(ps, e));
}

static xd_ex parenthesis(struct xd_parser *ps, unsigned int kind)
{
    xd_ex e = 0;

    xd_lex_next(&ps->lex);
    if (++ps->nest > XD_NEST_MAX)
        xd_parse_fail(ps, "more than %u brackets inside each other", XD_NEST_MAX);
    else
        e = xd_parse_value(ps, kind, 0);
    ps->nest--;
    xd_parse_punct(ps, ')', "\")\"");
    return e;
}

static xd_ex list(struct xd_parser *ps, unsigned int kind, unsigned int may)
{
    unsigned int n, deepest;
    xd_ex first;

    xd_lex_next(&ps->lex);
    first = elements(ps, ']', kind, may & (XD_MAY_BIND | XD_MAY_ANY), &n, &deepest);
    return add_over(ps, (struct xd_expr){.op = XD_EX_LIST, .a = first, .num = n}, deepest);
}

static xd_ex atom(struct xd_parser *ps, unsigned int kind, unsigned int may)
{
    const struct xd_token t = ps->lex.tok;

    switch (t.kind) {
    case XD_TOK_NUMBER:
        xd_lex_next(&ps->lex);
        return add(ps, (struct xd_expr){.op = XD_EX_NUM, .sub = t.hex ? 16 : 10, .num = t.num});
    case XD_TOK_WORD: return word(ps, kind, may);
    case XD_TOK_TEXT:
        if (may & XD_MAY_TEXT)
            return xd_parse_text(ps);
        xd_parse_fail(ps, "a text can't stand here; text(\"...\") is its address");
        return 0;
    case XD_TOK_PUNCT:
        if (t.op == '(')
            return parenthesis(ps, kind);
        if (t.op == '-')
            return unary(ps, XD_EX_NEG, kind);
        if (t.op == '~')
            return unary(ps, XD_EX_NOT, kind);
        if (t.op == '$')
            return captured(ps, may);
        if (t.op == '[' && (may & XD_MAY_LIST))
            return list(ps, kind, may);
        if (t.op == '?' && (may & XD_MAY_ANY)) {
            xd_lex_next(&ps->lex);
            return add(ps, (struct xd_expr){.op = XD_EX_ANY});
        }
        if (t.op == '[') {
            xd_parse_fail(ps, "a list can't stand here; ptr(...) is the address of values");
            return 0;
        }
        break;
    case XD_TOK_END:
    case XD_TOK_NEWLINE:
    case XD_TOK_COMMENT:
    case XD_TOK_BAD: break;
    }
    xd_parse_fail(ps,
                  "wants a value here: a number, a name, page(K), va(K), pte(FRAME, FLAGS), ...");
    return 0;
}

xd_ex xd_parse_primary(struct xd_parser *ps, unsigned int kind, unsigned int may)
{
    xd_ex e = atom(ps, kind, may);

    while (e && xd_is_punct(ps, '[') && !ps->lex.tok.spaced) {
        unsigned int op = ps->p->expr[e].op;
        xd_ex index;

        if (op == XD_EX_TEXT || op == XD_EX_LIST || op == XD_EX_ANY || op == XD_EX_BIND ||
            op == XD_EX_NEG || op == XD_EX_NOT) {
            xd_parse_fail(ps, "what is before [ must be a table's frame");
            return 0;
        }
        xd_lex_next(&ps->lex);
        if (++ps->nest > XD_NEST_MAX)
            xd_parse_fail(ps, "more than %u brackets inside each other", XD_NEST_MAX);
        index = ps->error ? 0 : xd_parse_value(ps, XD_K_NONE, 0);
        ps->nest--;
        if (!xd_parse_punct(ps, ']', "\"]\""))
            return 0;
        e = add_over(ps, (struct xd_expr){.op = XD_EX_SLOT, .a = e, .b = index},
                     deeper(ps, e, index));
    }
    return ps->error ? 0 : e;
}

unsigned int xd_tightness(char op)
{
    switch (op) {
    case '|': return 1;
    case '^': return 2;
    case '&': return 3;
    case XD_OP_SHL:
    case XD_OP_SHR: return 4;
    case '+':
    case '-': return 5;
    case '*':
    case '/':
    case '%': return 6;
    default: return 0;
    }
}

static bool continues(const struct xd_parser *ps, unsigned int level)
{
    const struct xd_token *t = &ps->lex.tok;

    return t->kind == XD_TOK_PUNCT && xd_tightness(t->op) && xd_tightness(t->op) >= level &&
           !(t->spaced && !xd_lex_blank_follows(&ps->lex));
}

static xd_ex binary(struct xd_parser *ps, unsigned int kind, unsigned int may, unsigned int level)
{
    xd_ex left = xd_parse_primary(ps, kind, may);

    while (left && continues(ps, level)) {
        unsigned int op = ps->p->expr[left].op;
        const struct xd_token t = ps->lex.tok;
        xd_ex right;

        if (op == XD_EX_TEXT || op == XD_EX_LIST || op == XD_EX_ANY || op == XD_EX_BIND) {
            xd_parse_fail(ps, "what is before this operator is no number");
            return 0;
        }
        xd_lex_next(&ps->lex);
        right = binary(ps, kind, 0, xd_tightness(t.op) + 1);
        if (!right)
            return 0;
        left = add_over(
            ps, (struct xd_expr){.op = XD_EX_BINARY, .sub = (uint8_t)t.op, .a = left, .b = right},
            deeper(ps, left, right));
    }
    return left;
}

xd_ex xd_parse_value(struct xd_parser *ps, unsigned int kind, unsigned int may)
{
    return binary(ps, kind, may, 1);
}
