/* SPDX-License-Identifier: MIT */
/*
 * code_expr.c: expressions in the byte form: a byte each, and then its parts.
 *
 * What can't stand where it is read becomes a leaf, and its parts are not read. The limits are
 * those that the parser meets in the printed text.
 */
#include "program/codec.h"

#include <string.h>

/* Bytes below SMALL are decimal numbers, the others tags. */
#define SMALL 96u

static const char operators[] = {'|', '^', '&', XD_OP_SHL, XD_OP_SHR, '+', '-', '*', '/', '%'};

enum tag {
    T_DECIMAL,
    T_HEX,
    T_HEX_NOT, /* the complement of what follows */
    T_NAME,
    T_CAPTURE,
    T_BIND,
    T_ANY,
    T_ERRNO,
    T_DOMAIN,
    T_CONST,      /* of the kind that is meant here */
    T_KIND_CONST, /* KIND.NAME */
    T_TEXT,
    T_LIST,
    T_NEG,
    T_NOT,
    T_SLOT,
    T_START,
    T_DOMAIN_START,
    T_BINARY,
    T_FN = T_BINARY + sizeof(operators),
    T_DOMAIN_FN = T_FN + XD_FNS,
    T_FLAG = T_DOMAIN_FN + XD_FN_OF_DOMAIN_END,
};

static unsigned int flags(void)
{
    unsigned int n = 0;

    while (xd_flag_rows()[n].name)
        n++;
    return n;
}

/* ---- Writing: which byte says what is there ---- */

static unsigned int count_digits(uint64_t n)
{
    unsigned int digits = 1;

    for (; n >= 0x80; n >>= 7)
        digits++;
    return digits;
}

static unsigned int head_of_const(const struct xd_codec *c, const struct xd_expr *x,
                                  unsigned int kind)
{
    const char *name = xd_text_at(c->from, x->a);

    if (x->sub)
        return SMALL + T_KIND_CONST;
    if (kind != XD_K_NONE && xd_const_named(name, strlen(name), (enum xd_kind)kind))
        return SMALL + T_CONST;
    for (unsigned int i = 0; xd_flag_rows()[i].name; i++)
        if (!strcmp(xd_flag_rows()[i].name, name))
            return SMALL + T_FLAG + i;
    return SMALL + T_HEX;
}

static unsigned int head_of(const struct xd_codec *c, const struct xd_expr *x, unsigned int kind)
{
    switch ((enum xd_expr_op)x->op) {
    case XD_EX_NUM:
        if (x->sub == 16)
            return SMALL + (count_digits(~x->num) < count_digits(x->num) ? T_HEX_NOT : T_HEX);
        return x->num < SMALL ? (unsigned int)x->num : SMALL + T_DECIMAL;
    case XD_EX_NAME: return SMALL + T_NAME;
    case XD_EX_CAPTURE: return SMALL + T_CAPTURE;
    case XD_EX_BIND: return SMALL + T_BIND;
    case XD_EX_ANY: return SMALL + T_ANY;
    case XD_EX_ERRNO: return SMALL + T_ERRNO;
    case XD_EX_DOMAIN: return SMALL + T_DOMAIN;
    case XD_EX_CONST: return head_of_const(c, x, kind);
    case XD_EX_TEXT: return SMALL + T_TEXT;
    case XD_EX_LIST: return SMALL + T_LIST;
    case XD_EX_NEG: return SMALL + T_NEG;
    case XD_EX_NOT: return SMALL + T_NOT;
    case XD_EX_SLOT: return SMALL + T_SLOT;
    case XD_EX_START: return SMALL + (x->num ? T_DOMAIN_START : T_START);
    case XD_EX_FN: return SMALL + (x->num ? T_DOMAIN_FN : T_FN) + x->sub;
    case XD_EX_BINARY:
        for (unsigned int i = 0; i < sizeof(operators); i++)
            if (operators[i] == (char)x->sub)
                return SMALL + T_BINARY + i;
        return 0;
    case XD_EX_NONE:
    case XD_EX_WORD:
    case XD_EX_RANGE: break;
    }
    return 0;
}

/* ---- What has parts ---- */

static xd_ex expr(struct xd_codec *c, xd_ex have, unsigned int kind, unsigned int may,
                  unsigned int level, bool optional);

static unsigned int deeper(const struct xd_codec *c, xd_ex a, xd_ex b)
{
    unsigned int da = c->p->expr[a].depth, db = c->p->expr[b].depth;

    return da > db ? da : db;
}

static xd_ex over(struct xd_codec *c, unsigned int op, unsigned int sub, xd_ex a, xd_ex b)
{
    xd_code_spend(c, 6);
    return xd_leaf_add(c, (struct xd_expr){.op = (uint8_t)op,
                                           .sub = (uint8_t)sub,
                                           .depth = (uint16_t)(deeper(c, a, b) + 1),
                                           .a = a,
                                           .b = b});
}

/* Elements linked by next: from (least) on, up to (most) of them. */
static xd_ex elements(struct xd_codec *c, xd_ex have, uint32_t least, uint32_t most,
                      unsigned int kind, unsigned int may, uint32_t *nr, unsigned int *deepest)
{
    xd_ex first = 0, last = 0;
    uint32_t n = 0;
    bool no = false;

    for (xd_ex e = have; e; e = xd_expr_at(c->from, e)->next)
        n++;
    if (least < most)
        n = xd_code_count(c, n, &no);
    n = c->depth == XD_DEPTH_MAX || n < least ? least : n > most ? most : n;
    *deepest = 0;
    for (*nr = 0; *nr < n && (*nr < least || xd_code_more(c)); ++*nr) {
        xd_ex e = expr(c, have, kind, may | XD_MAY_SIGN, 0, false);

        xd_code_spend(c, 2);
        if (last)
            c->p->expr[last].next = e;
        else
            first = e;
        last = e;
        *deepest = c->p->expr[e].depth > *deepest ? c->p->expr[e].depth : *deepest;
        have = have ? xd_expr_at(c->from, have)->next : 0;
    }
    if (n && least < most)
        xd_code_floor(c);
    return first;
}

static xd_ex function(struct xd_codec *c, const struct xd_expr *x, unsigned int fn, bool of_domain)
{
    const struct xd_fn_row *row = xd_fn_row(fn);
    uint64_t num = of_domain ? 1 + xd_code_domain(c, x ? x->num - 1 : 0) : 0;
    unsigned int deepest = 1, nr;
    xd_ex args;

    xd_code_spend(c, strlen(row->name) + 10);
    c->nest++;
    if (fn == XD_FN_TEXT)
        args = xd_leaf_text(c, x ? xd_expr_at(c->from, x->a) : NULL);
    else
        args = elements(c, x ? x->a : 0, row->args_min,
                        row->args_max == 255 ? UINT32_MAX : row->args_max, XD_K_NONE, 0, &nr,
                        &deepest);
    c->nest--;
    return xd_leaf_add(c, (struct xd_expr){.op = XD_EX_FN,
                                           .sub = (uint8_t)fn,
                                           .depth = (uint16_t)(deepest + 1),
                                           .a = args,
                                           .num = num});
}

static xd_ex list(struct xd_codec *c, const struct xd_expr *x, unsigned int kind, unsigned int may)
{
    unsigned int nr, deepest;
    xd_ex first;

    c->nest++;
    xd_code_spend(c, 4);
    first = elements(c, x ? x->a : 0, 0, UINT32_MAX, kind, may & (XD_MAY_BIND | XD_MAY_ANY), &nr,
                     &deepest);
    c->nest--;
    return xd_leaf_add(
        c, (struct xd_expr){
               .op = XD_EX_LIST, .depth = (uint16_t)(deepest + 1), .a = first, .num = nr});
}

/* What is on the left, where nothing but an errno may stand that is no number. */
#define LEFT (XD_MAY_ERRNO | XD_MUST_DOMAIN)

static xd_ex parts(struct xd_codec *c, const struct xd_expr *x, unsigned int tag, unsigned int kind,
                   unsigned int may)
{
    xd_ex a = x ? x->a : 0, b = x ? x->b : 0;
    unsigned int op = 0, tight;

    switch (tag) {
    case T_NEG:
    case T_NOT:
        c->nest++;
        a = expr(c, a, kind, XD_MAY_SIGN, 7, false);
        c->nest--;
        return over(c, tag == T_NEG ? XD_EX_NEG : XD_EX_NOT, 0, a, 0);
    case T_SLOT:
        a = expr(c, a, kind, may & LEFT, 8, false);
        c->nest++;
        b = expr(c, b, XD_K_NONE, XD_MAY_SIGN, 0, false);
        c->nest--;
        return over(c, XD_EX_SLOT, 0, a, b);
    default:
        op = (unsigned char)operators[tag - T_BINARY];
        tight = xd_tightness((char)op);
        a = expr(c, a, kind, (may & LEFT) | XD_MAY_SIGN, tight, false);
        b = expr(c, b, kind, XD_MAY_SIGN, tight + 1, false);
        return over(c, XD_EX_BINARY, op, a, b);
    }
}

/* ---- All ---- */

static bool is_binary(unsigned int tag)
{
    return tag >= T_BINARY && tag < T_FN;
}

static bool is_fn(unsigned int tag)
{
    return tag >= T_FN && tag < T_FLAG;
}

static unsigned int fn_of(unsigned int tag)
{
    return tag - (tag < T_DOMAIN_FN ? T_FN : T_DOMAIN_FN);
}

/* Is there anything of the kind, and may it stand here? (wrap): in parentheses. */
static bool fits(const struct xd_codec *c, unsigned int tag, unsigned int kind, unsigned int may,
                 bool wrap)
{
    bool bracket = tag == T_NEG || tag == T_NOT || tag == T_SLOT || tag == T_LIST || is_fn(tag);
    bool part = is_binary(tag) || tag == T_NEG || tag == T_NOT || tag == T_SLOT;
    bool of_domain =
        tag == T_DOMAIN || tag == T_DOMAIN_START || (tag >= T_DOMAIN_FN && tag < T_FLAG);
    const struct xd_fn_row *row = is_fn(tag) ? xd_fn_row(fn_of(tag)) : NULL;

    if (c->nest + wrap + bracket > XD_NEST_MAX || !c->room)
        return false;
    if (c->depth == XD_DEPTH_MAX && (part || (row && row->args_min)))
        return false;
    if ((may & XD_MUST_DOMAIN) && (wrap || !(of_domain || is_binary(tag) || tag == T_SLOT)))
        return false;
    if (of_domain && !c->p->domains)
        return false;
    if (is_fn(tag))
        return row && !(row->transient && (c->checking || c->lasting));
    switch (tag) {
    case T_NAME: return c->sorts[0] > 0;
    case T_CAPTURE: return c->sorts[1] > 0;
    case T_CONST: return c->const_nr[kind] > 0;
    case T_BIND: return may & XD_MAY_BIND;
    case T_ANY: return may & XD_MAY_ANY;
    case T_ERRNO: return (may & XD_MAY_ERRNO) && !wrap;
    case T_TEXT: return may & XD_MAY_TEXT;
    case T_LIST: return may & XD_MAY_LIST;
    case T_NEG:
    case T_NOT: return may & XD_MAY_SIGN;
    default: return true;
    }
}

static xd_ex by_tag(struct xd_codec *c, const struct xd_expr *x, unsigned int tag,
                    unsigned int kind, unsigned int may)
{
    switch (tag) {
    case T_DECIMAL: return xd_leaf_number(c, 10, xd_code_number(c, x ? x->num : 0));
    case T_HEX: return xd_leaf_number(c, 16, xd_code_number(c, x ? x->num : 0));
    case T_HEX_NOT: return xd_leaf_number(c, 16, ~xd_code_number(c, x ? ~x->num : 0));
    case T_NAME: return xd_leaf_name(c, x, kind, may);
    case T_CAPTURE: return xd_leaf_captured(c, x, may);
    case T_BIND: return xd_leaf_bind(c, x, may);
    case T_ANY: return xd_leaf_add(c, (struct xd_expr){.op = XD_EX_ANY});
    case T_ERRNO: return xd_leaf_errno(c, x);
    case T_DOMAIN: return xd_leaf_domain(c, x);
    case T_CONST: return xd_leaf_const(c, x, kind);
    case T_KIND_CONST: return xd_leaf_kind_const(c, x);
    case T_TEXT: return xd_leaf_text(c, x);
    case T_LIST: return list(c, x, kind, may);
    case T_START:
    case T_DOMAIN_START: return xd_leaf_start(c, x, tag == T_DOMAIN_START);
    default: break;
    }
    if (is_fn(tag))
        return function(c, x, fn_of(tag), tag >= T_DOMAIN_FN);
    if (tag >= T_FLAG) {
        const struct xd_flag_row *f = &xd_flag_rows()[tag - T_FLAG];

        return xd_leaf_named(c, XD_EX_CONST, 0, f->name, f->value);
    }
    return parts(c, x, tag, kind, may);
}

static unsigned int tightness(unsigned int tag)
{
    if (is_binary(tag))
        return xd_tightness(operators[tag - T_BINARY]);
    return tag == T_NEG || tag == T_NOT ? 7 : 8;
}

static xd_ex expr(struct xd_codec *c, xd_ex have, unsigned int kind, unsigned int may,
                  unsigned int level, bool optional)
{
    const struct xd_expr *x = have ? xd_expr_at(c->from, have) : NULL;
    unsigned int tag, head = x ? head_of(c, x, kind) + optional : 0;
    bool wrap;
    xd_ex e;

    head = xd_code_byte(c, head);
    if (optional && !head)
        return 0;
    head -= optional;
    if (head < SMALL)
        return may & XD_MUST_DOMAIN ? xd_leaf_zero(c, may) : xd_leaf_number(c, 10, head);
    tag = (head - SMALL) % c->tags;
    wrap = tightness(tag) < level;
    if (wrap)
        may &= ~XD_MAY_ERRNO;
    c->depth++;
    if (fits(c, tag, kind, may, wrap)) {
        c->nest += wrap;
        e = by_tag(c, x, tag, kind, may);
        c->nest -= wrap;
    } else {
        e = xd_leaf_zero(c, may);
    }
    c->depth--;
    return e;
}

unsigned int xd_expr_tags(void)
{
    unsigned int tags = T_FLAG + flags();

    XD_ALWAYS(SMALL + tags <= XD_MARK); /* one byte holds all, and "none" */
    return tags;
}

xd_ex xd_code_value(struct xd_codec *c, xd_ex have, unsigned int kind, unsigned int may)
{
    return expr(c, have, kind, may | XD_MAY_SIGN, 0, false);
}

xd_ex xd_code_value_if(struct xd_codec *c, xd_ex have, unsigned int kind, unsigned int may)
{
    return expr(c, have, kind, may | XD_MAY_SIGN, 0, true);
}

xd_ex xd_code_value_of_domain(struct xd_codec *c, xd_ex have, unsigned int kind)
{
    return expr(c, have, kind, XD_MUST_DOMAIN, 0, false);
}

xd_ex xd_code_range(struct xd_codec *c, xd_ex have)
{
    const struct xd_expr *x = have ? xd_expr_at(c->from, have) : NULL;
    xd_ex a = x ? x->a : 0, b = x ? x->b : 0;

    a = expr(c, a, XD_K_NONE, XD_MAY_SIGN, 8, false);
    b = expr(c, b, XD_K_NONE, XD_MAY_SIGN, 8, false);
    return xd_program_expr(
        c->p, (struct xd_expr){.op = XD_EX_RANGE, .depth = XD_DEPTH_MAX, .a = a, .b = b});
}
