/* SPDX-License-Identifier: MIT */
/*
 * shrink_values.c: simpler values in the same places.
 *
 * What replaces a value is always simpler by one measure (fewer parts, then a number instead of a
 * name, then a smaller number), so the search ends.
 */
#include "program/shrinker.h"

#include <stdlib.h>
#include <string.h>

struct places {
    const struct xd_program *p;
    struct xd_place *at;
    uint32_t n, cap;
};

static void add_place(void *ctx, const struct xd_place *at)
{
    struct places *l = ctx;

    if (l->n == l->cap) {
        l->cap = l->cap * 2 + 64;
        l->at = xd_realloc(l->at, l->cap * sizeof(*l->at));
    }
    l->at[l->n++] = *at;
}

static struct places places_of(const struct xd_program *p)
{
    struct places l = {.p = p};

    for (uint32_t i = 1; i < p->steps; i++)
        xd_step_places(p, i, add_place, &l);
    return l;
}

/* ---- One replacement ---- */

static const struct xd_expr *now(const struct xd_shrinker *s, xd_ex e)
{
    return xd_expr_at(s->now, e);
}

static bool put(struct xd_shrinker *s, xd_ex e, struct xd_expr with)
{
    struct xd_program *q = xd_program_clone(s->now);

    xd_program_put_expr(q, e, with);
    return xd_shrink_try(s, q);
}

/* A number may stand where (at) is: it is an argument, and none that takes only words. */
static bool takes_number(const struct xd_program *p, const struct xd_place *at)
{
    const struct xd_step *s = &p->step[at->step];
    unsigned int type;

    if (xd_place_defines(p, at))
        return false;
    if (s->kind == XD_STEP_CALL || s->kind == XD_STEP_NOTE)
        return !at->checking;
    if (!at->item)
        return !at->checking || xd_form_of((enum xd_step_kind)s->kind)->value == XD_V_EXPR;
    type = xd_form_of((enum xd_step_kind)s->kind)
               ->keys[xd_item_at(p, at->item)->key - XD_KEY_FORM]
               .type;
    return !at->checking && type != XD_T_OWNER && type != XD_T_ERRNO;
}

/* Will it be read as it is meant where (at) is? A frame before [ has no sign. */
static bool fits(const struct xd_shrinker *s, const struct xd_place *at, const struct xd_expr *x)
{
    const struct xd_expr *above = now(s, at->parent);

    return !(above->op == XD_EX_SLOT && above->a == at->e &&
             (x->op == XD_EX_NEG || x->op == XD_EX_NOT));
}

static bool promote(struct xd_shrinker *s, const struct xd_place *at, xd_ex part)
{
    const struct xd_expr *x = now(s, part);

    return fits(s, at, x) && put(s, at->e, *x);
}

static bool put_number(struct xd_shrinker *s, xd_ex e, uint64_t value)
{
    return put(s, e, (struct xd_expr){.op = XD_EX_NUM, .sub = 10, .depth = 1, .num = value});
}

/* 0 or 1 instead of something that is no number, if that is not its value already. */
static bool make_number(struct xd_shrinker *s, xd_ex e)
{
    const struct xd_expr *x = now(s, e);
    uint64_t value = x->op == XD_EX_CONST ? x->num : ~UINT64_C(0);

    return (value > 0 && put_number(s, e, 0)) || (value > 1 && put_number(s, e, 1));
}

/* ---- By kind ---- */

/*
 * The numbers that are changed together with (e): it alone, or all that are equal to it and are
 * arguments of the same function, so that va(3) becomes va(0) wherever it is meant.
 */
struct group {
    xd_ex *e;
    uint32_t n;
};

static bool put_group(struct xd_shrinker *s, const struct group *g, uint64_t value)
{
    struct xd_program *q = xd_program_clone(s->now);

    for (uint32_t i = 0; i < g->n; i++) {
        q->expr[g->e[i]].num = value;
        q->expr[g->e[i]].sub = value > 1 ? q->expr[g->e[i]].sub : 10;
    }
    return xd_shrink_try(s, q);
}

static bool smaller_numbers(struct xd_shrinker *s, const struct group *g)
{
    uint64_t start = now(s, g->e[0])->num, v = start;

    if ((v > 0 && put_group(s, g, 0)) || (v > 1 && put_group(s, g, 1)))
        return true;
    if (now(s, g->e[0])->sub == 16) {
        for (uint64_t bit = UINT64_C(1) << 63; bit; bit >>= 1)
            if (v & bit && v != bit && put_group(s, g, v & ~bit))
                v &= ~bit;
        return v != start;
    }
    for (uint64_t cut = v / 2; cut; cut /= 2)
        while (v > cut + 1 && put_group(s, g, v - cut))
            v -= cut;
    return v != start;
}

static bool smaller_number(struct xd_shrinker *s, xd_ex e)
{
    return smaller_numbers(s, &(struct group){&e, 1});
}

/* A number that is an argument of a function. */
struct argument {
    unsigned int fn;
    xd_ex e;
    uint64_t num;
};

static int by_function_and_number(const void *a, const void *b)
{
    const struct argument *x = a, *y = b;

    if (x->fn != y->fn)
        return x->fn < y->fn ? -1 : 1;
    if (x->num != y->num)
        return x->num < y->num ? -1 : 1;
    return x->e < y->e ? -1 : x->e > y->e;
}

static bool smaller_together(struct xd_shrinker *s)
{
    struct places l = places_of(s->now);
    struct argument *arg = xd_zalloc(l.n * sizeof(*arg));
    struct group g = {.e = xd_zalloc(l.n * sizeof(*g.e))};
    uint32_t n = 0;
    bool any = false;

    for (uint32_t i = 0; i < l.n; i++) {
        const struct xd_expr *x = now(s, l.at[i].e), *above = now(s, l.at[i].parent);

        if (x->op == XD_EX_NUM && x->num && above->op == XD_EX_FN)
            arg[n++] = (struct argument){.fn = above->sub, .e = l.at[i].e, .num = x->num};
    }
    qsort(arg, n, sizeof(*arg), by_function_and_number);
    for (uint32_t i = 0; i < n && !s->over; i += g.n) {
        for (g.n = 0; i + g.n < n && arg[i + g.n].fn == arg[i].fn && arg[i + g.n].num == arg[i].num;
             g.n++)
            g.e[g.n] = arg[i + g.n].e;
        any |= g.n > 1 && smaller_numbers(s, &g);
    }
    free(arg);
    free(g.e);
    free(l.at);
    return any;
}

static bool shorter_text(struct xd_shrinker *s, xd_ex e)
{
    struct xd_expr x = *now(s, e);
    uint64_t start = x.num;

    for (uint64_t cut = x.num; cut; cut /= 2)
        while (x.num >= cut && !s->over) {
            x.num -= cut;
            if (!put(s, e, x)) {
                x.num += cut;
                break;
            }
        }
    return x.num != start;
}

static void collect_list(const struct xd_program *p, xd_ex of, struct xd_units *u)
{
    for (xd_ex el = xd_expr_at(p, of)->a; el; el = xd_expr_at(p, el)->next)
        xd_units_add(u, el);
}

static void leave_out_of_list(struct xd_program *q, xd_ex of, const uint32_t *nr, uint32_t n)
{
    bool *gone = xd_zalloc(q->exprs * sizeof(*gone));

    for (uint32_t i = 0; i < n; i++)
        gone[nr[i]] = true;
    xd_program_drop_elements(q, of, gone);
    free(gone);
}

static bool shorter_list(struct xd_shrinker *s, xd_ex e)
{
    return xd_shrink_sweep(s, &(struct xd_phase){collect_list, leave_out_of_list, e});
}

/* A function or field of the current domain instead of a named one's. */
static bool without_domain(struct xd_shrinker *s, xd_ex e)
{
    struct xd_expr x = *now(s, e);

    if (!x.num)
        return false;
    x.num = 0;
    return put(s, e, x);
}

/* One thing that is simpler at (at), if there is any. */
static bool simplify_once(struct xd_shrinker *s, const struct xd_place *at)
{
    const struct xd_expr *x = now(s, at->e);

    switch ((enum xd_expr_op)x->op) {
    case XD_EX_TEXT: return !at->checking && shorter_text(s, at->e);
    case XD_EX_LIST:
        return takes_number(s->now, at) && (make_number(s, at->e) || shorter_list(s, at->e));
    case XD_EX_NUM: return takes_number(s->now, at) && smaller_number(s, at->e);
    case XD_EX_CONST:
    case XD_EX_NAME:
    case XD_EX_CAPTURE:
    case XD_EX_DOMAIN: return takes_number(s->now, at) && make_number(s, at->e);
    case XD_EX_START:
        return takes_number(s->now, at) && (make_number(s, at->e) || without_domain(s, at->e));
    case XD_EX_FN:
        return takes_number(s->now, at) &&
               (make_number(s, at->e) || without_domain(s, at->e) ||
                (xd_fn_row(now(s, at->e)->sub)->args_max == 255 && shorter_list(s, at->e)));
    case XD_EX_SLOT: return takes_number(s->now, at) && make_number(s, at->e);
    case XD_EX_NEG:
    case XD_EX_NOT:
        return takes_number(s->now, at) &&
               (make_number(s, at->e) || promote(s, at, now(s, at->e)->a));
    case XD_EX_BINARY:
        return takes_number(s->now, at) &&
               (make_number(s, at->e) || promote(s, at, now(s, at->e)->a) ||
                promote(s, at, now(s, at->e)->b));
    case XD_EX_NONE:
    case XD_EX_BIND:
    case XD_EX_ERRNO:
    case XD_EX_WORD:
    case XD_EX_ANY:
    case XD_EX_RANGE: break;
    }
    return false;
}

/* ---- What is no expression ---- */

static bool simpler_step(struct xd_shrinker *s, uint32_t i)
{
    const struct xd_step *step = &s->now->step[i];
    const struct xd_expr *time = now(s, step->subject[0]);
    struct xd_program *q;
    bool any = false;

    if (step->parts) {
        q = xd_program_clone(s->now);
        xd_program_unwrap(q, i);
        if (xd_shrink_try(s, q))
            return true;
    }
    if (step->kind == XD_STEP_AT && step->vcpu) {
        q = xd_program_clone(s->now);
        q->step[i].vcpu = 0;
        any |= xd_shrink_try(s, q);
    } else if (step->kind == XD_STEP_ADVANCE && time->num > 1) {
        q = xd_program_clone(s->now);
        q->expr[step->subject[0]].a = xd_program_text(q, "1ns", 3);
        q->expr[step->subject[0]].num = 1;
        any |= xd_shrink_try(s, q);
    }
    for (xd_at k = s->now->step[i].in; k; k = xd_item_at(s->now, k)->next) {
        if (!xd_item_at(s->now, k)->cmd)
            continue;
        q = xd_program_clone(s->now);
        q->item[k].cmd = 0;
        any |= xd_shrink_try(s, q);
    }
    return any;
}

/* The value of let (i) in the place of its name, which is used at the (n) places (at). */
static bool inline_let(struct xd_shrinker *s, uint32_t i, const struct xd_place *at, uint32_t n)
{
    const struct xd_expr value = *now(s, s->now->step[i].result);
    bool plain = value.op == XD_EX_NUM || value.op == XD_EX_CONST, *gone, ok = plain || n == 1,
         taken;
    struct xd_program *q;

    for (uint32_t k = 0; k < n; k++)
        ok &= fits(s, &at[k], &value) && now(s, at[k].root)->depth + value.depth < XD_NEST_MAX;
    if (!ok)
        return false;
    q = xd_program_clone(s->now);
    gone = xd_zalloc(q->steps * sizeof(*gone));
    for (uint32_t k = 0; k < n; k++)
        xd_program_put_expr(q, at[k].e, value);
    gone[i] = true;
    xd_program_drop_steps(q, gone);
    free(gone);
    taken = xd_shrink_try(s, q);
    return taken;
}

static bool inline_lets(struct xd_shrinker *s)
{
    bool any = false;

    for (uint32_t i = s->now->steps; i-- > 1 && !s->over;) {
        const struct xd_step *let = &s->now->step[i];
        struct places all, uses = {0};

        if (let->kind != XD_STEP_LET)
            continue;
        all = places_of(s->now);
        for (uint32_t k = 0; k < all.n; k++) {
            const struct xd_expr *x = now(s, all.at[k].e);

            if (x->op == XD_EX_NAME && x->num == now(s, let->subject[0])->num &&
                !xd_place_defines(s->now, &all.at[k]))
                add_place(&uses, &all.at[k]);
        }
        any |= uses.n && inline_let(s, i, uses.at, uses.n);
        free(all.at);
        free(uses.at);
    }
    return any;
}

bool xd_shrink_values(struct xd_shrinker *s)
{
    struct places l = places_of(s->now);
    bool any = false;

    for (uint32_t i = 0; i < l.n; i++)
        while (!s->over && simplify_once(s, &l.at[i]))
            any = true;
    free(l.at);
    any |= smaller_together(s);
    for (uint32_t i = s->now->steps; i-- > 1 && !s->over;)
        any |= simpler_step(s, i);
    return inline_lets(s) || any;
}
