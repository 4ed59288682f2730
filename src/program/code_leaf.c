/* SPDX-License-Identifier: MIT */
/*
 * code_leaf.c: expressions without parts in the byte form. (x) is what is there when writing, NULL
 * when reading.
 */
#include "program/codec.h"

#include "abi/errno.h"

#include <string.h>

static const struct {
    const char *name;
    int nr;
} errnos[] = {
#define X(name, nr) {#name, nr},
    XD_ERRNOS(X)
#undef X
};

static unsigned int start_rows(void)
{
    unsigned int n = 0;

    while (xd_start_rows()[n].name)
        n++;
    return n;
}

xd_ex xd_leaf_add(struct xd_codec *c, struct xd_expr e)
{
    e.depth = e.depth ? e.depth : 1;
    return xd_program_expr(c->p, e);
}

xd_ex xd_leaf_named(struct xd_codec *c, unsigned int op, unsigned int sub, const char *name,
                    uint64_t num)
{
    size_t len = strlen(name);

    xd_code_spend(c, len + 16);
    return xd_leaf_add(c, (struct xd_expr){.op = (uint8_t)op,
                                           .sub = (uint8_t)sub,
                                           .a = xd_program_text(c->p, name, len),
                                           .num = num});
}

xd_ex xd_add_word(struct xd_codec *c, const char *word, uint64_t num)
{
    return xd_leaf_named(c, XD_EX_WORD, 0, word, num);
}

xd_ex xd_leaf_number(struct xd_codec *c, unsigned int base, uint64_t num)
{
    xd_code_spend(c, num < 1000 ? 6 : 24);
    return xd_leaf_add(c, (struct xd_expr){.op = XD_EX_NUM, .sub = (uint8_t)base, .num = num});
}

xd_ex xd_leaf_zero(struct xd_codec *c, unsigned int may)
{
    if (may & XD_MUST_DOMAIN)
        return xd_leaf_add(c, (struct xd_expr){.op = XD_EX_DOMAIN});
    return xd_leaf_number(c, 10, 0);
}

static xd_ex add_const(struct xd_codec *c, const struct xd_const *k, unsigned int kind)
{
    return xd_leaf_named(c, XD_EX_CONST, k->kind == kind ? XD_K_NONE : k->kind, k->name, k->value);
}

static const struct xd_const *const_of(const struct xd_codec *c, const struct xd_expr *x,
                                       unsigned int kind)
{
    const char *name = x ? xd_text_at(c->from, x->a) : "";

    return x ? xd_const_named(name, strlen(name), (enum xd_kind)kind) : NULL;
}

xd_ex xd_leaf_const(struct xd_codec *c, const struct xd_expr *x, unsigned int kind)
{
    const struct xd_const *k = const_of(c, x, kind), *all = xd_consts() + c->const_first[kind];

    return add_const(c, all + xd_code_pick(c, c->const_nr[kind], k ? (uint32_t)(k - all) : 0),
                     kind);
}

xd_ex xd_leaf_kind_const(struct xd_codec *c, const struct xd_expr *x)
{
    const struct xd_const *k = x ? const_of(c, x, x->sub) : NULL, *all = xd_consts();
    uint32_t n = 0;

    while (all[n].name)
        n++;
    return add_const(c, all + xd_code_pick(c, n, k ? (uint32_t)(k - all) : 0), XD_K_NONE);
}

xd_ex xd_leaf_errno(struct xd_codec *c, const struct xd_expr *x)
{
    uint32_t i = 0;

    while (x && i < XD_ARRAY_SIZE(errnos) && strcmp(errnos[i].name, xd_text_at(c->from, x->a)))
        i++;
    i = xd_code_pick(c, XD_ARRAY_SIZE(errnos), i);
    return xd_leaf_named(c, XD_EX_ERRNO, 0, errnos[i].name, (uint64_t) - (int64_t)errnos[i].nr);
}

xd_ex xd_leaf_text(struct xd_codec *c, const struct xd_expr *x)
{
    xd_code_text(c, x ? xd_text_at(c->from, x->a) : NULL, x ? (size_t)x->num : 0, c->room / 4);
    xd_code_spend(c, c->word.len * 4 + 2);
    return xd_leaf_add(
        c, (struct xd_expr){.op = XD_EX_TEXT,
                            .a = xd_program_text(c->p, xd_str_text(&c->word), c->word.len),
                            .num = c->word.len});
}

xd_ex xd_code_text_expr(struct xd_codec *c, xd_ex have)
{
    return xd_leaf_text(c, xd_writing(c) ? xd_expr_at(c->from, have) : NULL);
}

/* A name of any length: one that the line has no room for can't be. */
static xd_ex add_slot(struct xd_codec *c, unsigned int op, uint32_t slot, unsigned int may)
{
    if (!xd_code_spend(c, strlen(xd_text_at(c->p, c->p->name[slot].name)) + 2))
        return xd_leaf_zero(c, may);
    return xd_leaf_add(c, (struct xd_expr){.op = (uint8_t)op, .num = slot});
}

xd_ex xd_leaf_name(struct xd_codec *c, const struct xd_expr *x, unsigned int kind, unsigned int may)
{
    uint32_t slot = xd_code_name(c, 0, x ? x->num : 0);
    const char *called = xd_text_at(c->p, c->p->name[slot].name);
    const struct xd_const *k =
        kind == XD_K_NONE ? NULL : xd_const_named(called, strlen(called), (enum xd_kind)kind);

    return k ? add_const(c, k, kind) : add_slot(c, XD_EX_NAME, slot, may);
}

xd_ex xd_leaf_captured(struct xd_codec *c, const struct xd_expr *x, unsigned int may)
{
    uint32_t slot = xd_code_name(c, 1, x ? x->num : 0);

    if (c->blocks && !c->checking && slot >= c->names_outside)
        return xd_leaf_zero(c, may);
    return add_slot(c, XD_EX_CAPTURE, slot, may);
}

xd_ex xd_leaf_bind(struct xd_codec *c, const struct xd_expr *x, unsigned int may)
{
    bool old = false;
    int slot =
        xd_code_new_name(c, '$', x ? xd_text_at(c->from, c->from->name[x->num].name) : NULL, &old);

    if (slot < 0)
        return xd_leaf_zero(c, may);
    if (x)
        c->to_name[x->num] = (uint32_t)slot + 1;
    if (old)
        return add_slot(c, XD_EX_CAPTURE, (uint32_t)slot, may);
    return xd_leaf_add(
        c, (struct xd_expr){.op = XD_EX_BIND, .num = (uint64_t)slot}); /* has its room */
}

xd_ex xd_leaf_start(struct xd_codec *c, const struct xd_expr *x, bool of_domain)
{
    uint32_t row = xd_code_pick(c, start_rows(), x ? x->sub : 0);
    uint64_t domain = of_domain ? 1 + xd_code_domain(c, x ? x->num - 1 : 0) : 0;

    xd_code_spend(c, 40);
    return xd_leaf_add(c, (struct xd_expr){.op = XD_EX_START, .sub = (uint8_t)row, .num = domain});
}

xd_ex xd_leaf_domain(struct xd_codec *c, const struct xd_expr *x)
{
    xd_code_spend(c, 8);
    return xd_leaf_add(
        c, (struct xd_expr){.op = XD_EX_DOMAIN, .num = xd_code_domain(c, x ? x->num : 0)});
}
