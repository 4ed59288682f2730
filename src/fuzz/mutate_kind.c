/* SPDX-License-Identifier: MIT */
/*
 * mutate_kind.c: what the values of a program are about, and new ones that are about the same.
 */
#include "fuzz/mutator.h"

#include "program/parse.h"

#include <string.h>

#define PAGES 19u /* page(0) to page(18) are what generated programs are about */
#define PORTS 9u

/* ---- What a place is about ---- */

/* The operation of the batch's element that item (i) is a field of. */
static const struct xd_op *element_op(const struct xd_program *p, const struct xd_step *s, xd_at i)
{
    for (xd_at el = s->in; el; el = xd_item_at(p, el)->next)
        for (xd_at f = xd_item_at(p, el)->sub; f; f = xd_item_at(p, f)->next)
            if (f == i)
                return xd_item_at(p, el)->op;
    return NULL;
}

unsigned int xd_mut_kind_of_key(unsigned int key)
{
    switch (key) {
    case XD_KEY_ARG:
    case XD_KEY_LIST:
    case XD_KEY_PDONE: return XD_K_PTR;
    case XD_KEY_FD:
    case XD_KEY_PFD: return XD_K_DOMID;
    case XD_KEY_ARG1: return XD_K_MFN;
    case XD_KEY_ARG2: return XD_K_VA;
    default: return XD_MUT_NUMBER;
    }
}

/* The operation may be another one than the field was said for. */
static unsigned int kind_of_field(const struct xd_op *op, unsigned int key)
{
    const struct xd_field *f = op && op->fields ? op->fields() : NULL;

    for (unsigned int i = 0; f && f[i].name; i++)
        if (i == key)
            return f[i].kind;
    return XD_MUT_NUMBER;
}

static unsigned int kind_of_item(const struct xd_program *p, const struct xd_step *s,
                                 const struct xd_place *at)
{
    const struct xd_item *it = xd_item_at(p, at->item);
    const struct xd_op *op = s->op;

    if (s->kind != XD_STEP_CALL)
        return it->key < XD_KEY_FORM
                   ? (unsigned int)XD_MUT_NUMBER
                   : xd_form_of((enum xd_step_kind)s->kind)->keys[it->key - XD_KEY_FORM].kind;
    if (it->key == XD_KEY_ELEMENT)
        return at->root == it->value ? XD_K_MADDR : XD_K_PTE;
    if (it->key >= XD_KEY_FIELD_END)
        return xd_mut_kind_of_key(it->key);
    if (s->raw)
        return it->key ? (unsigned int)XD_K_PTR : (unsigned int)XD_MUT_NUMBER;
    if (s->call->shape == XD_SHAPE_PLAIN)
        return s->call->arg[it->key].kind;
    if (s->call->shape == XD_SHAPE_MMUEXT)
        op = element_op(p, s, at->item);
    return kind_of_field(op, it->key);
}

static unsigned int kind_of_root(const struct xd_program *p, const struct xd_place *at)
{
    const struct xd_step *s = &p->step[at->step];

    if (at->item)
        return kind_of_item(p, s, at);
    switch ((enum xd_step_kind)s->kind) {
    case XD_STEP_STORE: return at->root == s->subject[0] ? XD_K_VA : XD_K_PTE;
    case XD_STEP_LOAD: return XD_K_VA;
    case XD_STEP_LET: return XD_K_MFN;
    default: return XD_MUT_NUMBER;
    }
}

static unsigned int kind_of_argument(const struct xd_expr *fn, xd_ex e)
{
    switch (fn->sub) {
    case XD_FN_PAGE:
    case XD_FN_PFN:
    case XD_FN_VA: return XD_MUT_INDEX;
    case XD_FN_PTE: return fn->a == e ? XD_K_MFN : XD_MUT_FLAGS;
    case XD_FN_TABLE: return fn->a == e ? XD_MUT_INDEX : XD_K_VA;
    case XD_FN_MACH:
    case XD_FN_M2P: return XD_K_MFN;
    case XD_FN_ENTRY: return XD_K_MADDR;
    default: return XD_K_PTE; /* words in memory */
    }
}

unsigned int xd_mut_kind(const struct xd_program *p, const struct xd_place *at)
{
    unsigned int root = kind_of_root(p, at);
    const struct xd_expr *parent = xd_expr_at(p, at->parent);

    switch ((enum xd_expr_op)parent->op) {
    case XD_EX_NONE: return root;
    case XD_EX_SLOT: return parent->a == at->e ? XD_K_MFN : XD_MUT_SLOT;
    case XD_EX_FN: return kind_of_argument(parent, at->e);
    case XD_EX_LIST:
        return root == XD_K_PORTS ? XD_K_PORT : root == XD_K_ENTRIES ? XD_K_MFN : XD_MUT_NUMBER;
    default: return xd_expr_at(p, at->e)->op == XD_EX_CONST ? XD_MUT_FLAGS : XD_MUT_NUMBER;
    }
}

/* ---- New values ---- */

struct xd_expr xd_mut_number(uint64_t n)
{
    return (struct xd_expr){.op = XD_EX_NUM, .sub = n > 4095 ? 16 : 10, .depth = 1, .num = n};
}

static xd_ex add(struct xd_mutator *m, struct xd_expr x)
{
    return xd_program_expr(m->p, x);
}

static struct xd_expr call(unsigned int fn, uint32_t domain, xd_ex first)
{
    return (struct xd_expr){
        .op = XD_EX_FN, .sub = (uint8_t)fn, .depth = 3, .a = first, .num = domain};
}

static struct xd_expr binary(char op, xd_ex a, xd_ex b)
{
    return (struct xd_expr){.op = XD_EX_BINARY, .sub = (uint8_t)op, .depth = 4, .a = a, .b = b};
}

static struct xd_expr constant(struct xd_mutator *m, const char *name, uint64_t value,
                               unsigned int kind)
{
    return (struct xd_expr){.op = XD_EX_CONST,
                            .sub = (uint8_t)kind,
                            .depth = 1,
                            .a = xd_program_text(m->p, name, strlen(name)),
                            .num = value};
}

static struct xd_expr interesting(struct xd_mutator *m)
{
    static const uint64_t numbers[] = {0,
                                       1,
                                       2,
                                       3,
                                       7,
                                       8,
                                       31,
                                       32,
                                       64,
                                       255,
                                       256,
                                       511,
                                       512,
                                       4095,
                                       4096,
                                       0x7ff0,
                                       0x7fff,
                                       0xffff,
                                       0x7fffffff,
                                       0x80000000,
                                       0xffffffff,
                                       UINT64_C(0x7fffffffffff),
                                       UINT64_C(0x800000000000),
                                       UINT64_C(0xffff800000000000),
                                       UINT64_C(0xffff830000000000),
                                       UINT64_C(0x7fffffffffffffff),
                                       UINT64_C(0x8000000000000000),
                                       UINT64_MAX};

    if (xd_mut_percent(m->chance, 50))
        return xd_mut_number(xd_mut_below(m->chance, 16));
    if (xd_mut_percent(m->chance, 20))
        return xd_mut_number(UINT64_C(1) << xd_mut_below(m->chance, 64));
    return xd_mut_number(numbers[xd_mut_below(m->chance, XD_ARRAY_SIZE(numbers))]);
}

/* 1 + a domain to stand before a dot, or mostly 0. */
static uint32_t some_domain(struct xd_mutator *m)
{
    return m->p->domains && xd_mut_percent(m->chance, 15)
               ? 1 + xd_mut_below(m->chance, m->p->domains)
               : 0;
}

static struct xd_expr frame(struct xd_mutator *m)
{
    uint32_t dice = xd_mut_below(m->chance, 100), domain = some_domain(m);

    if (dice < 70)
        return call(XD_FN_PAGE, domain, add(m, xd_mut_number(xd_mut_below(m->chance, PAGES))));
    if (dice < 80) {
        xd_ex va = add(m, call(XD_FN_VA, domain, add(m, xd_mut_number(0))));
        xd_ex level = add(m, xd_mut_number(1 + xd_mut_below(m->chance, 4)));

        m->p->expr[level].next = va;
        return call(XD_FN_TABLE, domain, level);
    }
    if (dice < 84)
        return call(XD_FN_CR3, domain, 0);
    if (dice < 88)
        return call(XD_FN_SHARED_INFO, domain, 0);
    if (dice < 93)
        return binary('+', add(m, call(XD_FN_FRAMES, 0, 0)),
                      add(m, xd_mut_number(xd_mut_below(m->chance, 3))));
    return interesting(m);
}

static struct xd_expr flags(struct xd_mutator *m)
{
    static const uint64_t usual[] = {0x1, 0x3, 0x5, 0x7, 0x27, 0x67, 0x63};
    uint64_t value = usual[xd_mut_below(m->chance, XD_ARRAY_SIZE(usual))];

    if (xd_mut_percent(m->chance, 30)) {
        const struct xd_flag_row *row = xd_flag_rows();
        uint32_t n = 0;

        while (row[n].name)
            n++;
        value ^= row[xd_mut_below(m->chance, n)].value;
    }
    if (xd_mut_percent(m->chance, 3))
        value ^= UINT64_C(1) << xd_mut_below(m->chance, 64);
    return xd_mut_number(value);
}

static struct xd_expr entry(struct xd_mutator *m)
{
    xd_ex of, bits;

    if (xd_mut_percent(m->chance, 12))
        return xd_mut_number(0);
    if (xd_mut_percent(m->chance, 4))
        return xd_mut_number(xd_rng_next(m->chance));
    of = add(m, frame(m));
    bits = add(m, flags(m));
    m->p->expr[of].next = bits;
    return call(XD_FN_PTE, 0, of);
}

static struct xd_expr slot(struct xd_mutator *m)
{
    static const uint16_t slots[] = {0,   1,   2,   3,   5,   255, 256, 257,
                                     260, 262, 271, 272, 300, 510, 511};

    return xd_mut_number(slots[xd_mut_below(m->chance, XD_ARRAY_SIZE(slots))]);
}

static struct xd_expr address(struct xd_mutator *m)
{
    uint32_t dice = xd_mut_below(m->chance, 100);
    xd_ex page = add(m, call(XD_FN_VA, 0, add(m, xd_mut_number(xd_mut_below(m->chance, 10)))));

    if (dice < 60)
        return *xd_expr_at(m->p, page);
    if (dice < 75)
        return binary('+', page, add(m, xd_mut_number(8u * xd_mut_below(m->chance, 512))));
    if (dice < 80)
        return binary('-', page, add(m, xd_mut_number(1 + xd_mut_below(m->chance, 8))));
    if (dice < 90) {
        uint32_t rows = 0;

        while (xd_start_rows()[rows].name)
            rows++;
        return (struct xd_expr){
            .op = XD_EX_START, .sub = (uint8_t)xd_mut_below(m->chance, rows), .depth = 1};
    }
    return interesting(m);
}

static struct xd_expr domain_id(struct xd_mutator *m)
{
    static const uint16_t ids[] = {0,      1,      2,      3,      7,      0x7fef,
                                   0x7ff0, 0x7ff1, 0x7ff2, 0x7ff3, 0x7ff4, 0xffff};

    if (m->p->domains && xd_mut_percent(m->chance, 60))
        return (struct xd_expr){
            .op = XD_EX_DOMAIN, .depth = 1, .num = xd_mut_below(m->chance, m->p->domains)};
    return xd_mut_number(ids[xd_mut_below(m->chance, XD_ARRAY_SIZE(ids))]);
}

/* One of the named constants of the kind; a number if there are none. */
static struct xd_expr named(struct xd_mutator *m, unsigned int kind)
{
    const struct xd_const *all = xd_consts();
    uint32_t nr = 0, at;

    for (const struct xd_const *k = all; k->name; k++)
        nr += k->kind == kind;
    if (!nr || xd_mut_percent(m->chance, 25))
        return interesting(m);
    at = xd_mut_below(m->chance, nr);
    while (all->name && (all->kind != kind || at--))
        all++;
    XD_ALWAYS(all->name);
    return constant(m, all->name, all->value, kind);
}

struct xd_expr xd_mut_make(struct xd_mutator *m, unsigned int kind)
{
    switch (kind) {
    case XD_K_MFN: return frame(m);
    case XD_K_MADDR:
        return (struct xd_expr){
            .op = XD_EX_SLOT, .depth = 4, .a = add(m, frame(m)), .b = add(m, slot(m))};
    case XD_K_PTE: return entry(m);
    case XD_K_VA:
    case XD_K_PTR:
    case XD_K_ENTRIES:
    case XD_K_PORTS: return address(m);
    case XD_K_PORT:
        return xd_mut_percent(m->chance, 80) ? xd_mut_number(xd_mut_below(m->chance, PORTS))
                                             : interesting(m);
    case XD_K_DOMID: return domain_id(m);
    case XD_MUT_FLAGS: return flags(m);
    case XD_MUT_INDEX: return xd_mut_number(xd_mut_below(m->chance, PAGES));
    case XD_MUT_SLOT: return slot(m);
    case XD_K_NONE:
    case XD_MUT_NUMBER: return interesting(m);
    default: return named(m, kind);
    }
}
