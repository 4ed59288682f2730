/* SPDX-License-Identifier: MIT */
/*
 * difference.c: what was expected of a domain against what it did.
 *
 * As many expectations as possible are met in order (a longest common subsequence). Of the others one
 * that was met elsewhere is out of order; one that has a call of its name between its neighbours'
 * calls has wrong values; the rest is missing, and calls that are left over are unexpected.
 */
#include "hv/expectation.h"

#include "abi/errno.h"
#include "abi/show.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define NONE      SIZE_MAX
#define TABLE_MAX ((size_t)4 << 20) /* cells; larger problems are compared from the front only */

struct comparison {
    const struct xd_expecting *e;
    const struct xd_made **made; /* those that are looked at */
    size_t made_nr;
    size_t *call_of; /* of each expectation: its call, or NONE */
    bool *in_order;  /* ... and it came when it should */
    bool *taken;     /* of each call */
    struct xd_str *out;
};

/* ---- One against one ---- */

static bool named(const struct xd_select *s, const struct xd_made *m)
{
    const struct xd_select *is = &m->select;

    return s->any || (s->nr == is->nr && (!s->has_op || (is->has_op && s->op == is->op)));
}

/* What (m) has where (w) looks. False: its struct could not be read. */
static bool value_of(const struct xd_made *m, const struct xd_field *f, int reg, uint64_t *value)
{
    unsigned int bits = xd_kind_bits((enum xd_kind)f->kind);

    *value = 0;
    if (reg < 0 && !m->known)
        return false;
    if (reg < 0)
        memcpy(value, m->copy + f->off, f->size < sizeof(*value) ? f->size : sizeof(*value));
    else
        *value = m->arg[reg];
    if (bits < 64)
        *value &= (UINT64_C(1) << bits) - 1;
    return true;
}

static bool has(const struct xd_made *m, const struct xd_wanted *w)
{
    unsigned int bits = xd_kind_bits((enum xd_kind)w->field->kind);
    uint64_t mask = bits < 64 ? (UINT64_C(1) << bits) - 1 : UINT64_MAX, value;

    return value_of(m, w->field, w->reg, &value) && value == (w->value & mask);
}

static bool answered_so(const struct xd_expected *x, const struct xd_made *m)
{
    return !x->has_rc || (m->answered && m->rc == (int64_t)x->rc);
}

static bool meets(const struct xd_made *m, const struct xd_expected *x)
{
    bool all = named(&x->select, m) && answered_so(x, m);

    for (unsigned int i = 0; i < x->want_nr && all; i++)
        all = has(m, &x->want[i]);
    return all;
}

/* ---- All against all ---- */

static void pair(struct comparison *c, size_t i, size_t j, bool in_order)
{
    c->call_of[i] = j;
    c->in_order[i] = in_order;
    c->taken[j] = true;
}

static bool met(const struct comparison *c, size_t i, size_t j)
{
    return meets(c->made[j], &c->e->expected[i]);
}

/* Pairs what lies from (i) and (j) on, up to (i_end) and (j_end). */
static void pair_most(struct comparison *c, size_t i, size_t i_end, size_t j, size_t j_end)
{
    size_t rows = i_end - i, width = j_end - j + 1;
    uint32_t *best; /* [a][b]: pairs among what lies from a and b on */

    if (!rows || width == 1 || rows + 1 > TABLE_MAX / width)
        return;
    best = xd_zalloc((rows + 1) * width * sizeof(*best));
    for (size_t a = rows; a-- > 0;)
        for (size_t b = width - 1; b-- > 0;) {
            uint32_t down = best[(a + 1) * width + b], right = best[a * width + b + 1];

            best[a * width + b] = met(c, i + a, j + b) ? best[(a + 1) * width + b + 1] + 1
                                  : down > right       ? down
                                                       : right;
        }
    for (size_t a = 0, b = 0; a < rows && b < width - 1;) {
        if (met(c, i + a, j + b)) {
            pair(c, i + a, j + b, true);
            a++;
            b++;
        } else if (best[(a + 1) * width + b] > best[a * width + b + 1]) {
            a++;
        } else {
            b++;
        }
    }
    free(best);
}

static void pair_in_order(struct comparison *c)
{
    size_t first = 0, i_end = c->e->expected_nr, j_end = c->made_nr;

    for (; first < i_end && first < j_end && met(c, first, first); first++)
        pair(c, first, first, true);
    for (; i_end > first && j_end > first && met(c, i_end - 1, j_end - 1); i_end--, j_end--)
        pair(c, i_end - 1, j_end - 1, true);
    pair_most(c, first, i_end, first, j_end);
}

static void pair_elsewhere(struct comparison *c)
{
    for (size_t i = 0; i < c->e->expected_nr; i++)
        for (size_t j = 0; c->call_of[i] == NONE && j < c->made_nr; j++)
            if (!c->taken[j] && met(c, i, j))
                pair(c, i, j, false);
}

/* The calls between those of the neighbours of expectation (i): from *from on, before *end. */
static void gap(const struct comparison *c, size_t i, size_t *from, size_t *end)
{
    size_t k;

    *from = 0;
    *end = c->made_nr;
    for (k = i; k-- > 0 && *from == 0;)
        if (c->in_order[k])
            *from = c->call_of[k] + 1;
    for (k = i + 1; k < c->e->expected_nr && *end == c->made_nr; k++)
        if (c->in_order[k])
            *end = c->call_of[k];
}

static void pair_alike(struct comparison *c)
{
    for (size_t i = 0; i < c->e->expected_nr; i++) {
        size_t from, end;

        gap(c, i, &from, &end);
        for (size_t j = from; c->call_of[i] == NONE && j < end; j++)
            if (!c->taken[j] && named(&c->e->expected[i].select, c->made[j]))
                pair(c, i, j, true);
    }
}

/* ---- Telling ---- */

static void add_value(struct xd_str *out, unsigned int kind, uint64_t value)
{
    if (kind == XD_K_PTE)
        xd_str_addf(out, "%#" PRIx64, value);
    else
        xd_show_value(out, (enum xd_kind)kind, value);
}

static void add_rc(struct xd_str *out, int64_t rc)
{
    const char *name = rc < 0 ? xd_errno_name(rc) : NULL;

    if (name)
        xd_str_add(out, name);
    else
        xd_str_addf(out, rc > 9999 ? "%#" PRIx64 : "%" PRId64, rc);
}

static void add_fields(struct xd_str *out, const struct xd_made *m, const struct xd_field *f,
                       bool registers)
{
    uint64_t value;

    for (unsigned int i = 0; f && f[i].name && (!registers || i < XD_CALL_ARGS); i++) {
        if (!(f[i].dir & XD_IN) || f[i].kind == XD_K_TEXT ||
            !value_of(m, &f[i], registers ? (int)i : -1, &value))
            continue;
        xd_str_addf(out, " %s=", f[i].name);
        add_value(out, f[i].kind, value);
    }
}

/* As one would write an expectation of it. */
static void add_made(struct xd_str *out, const struct xd_made *m)
{
    const struct xd_call *c = xd_call_at(m->select.nr);
    const struct xd_op *op =
        c && c->group && m->select.has_op ? xd_op_at(c->group, m->select.op) : NULL;

    xd_select_show(out, &m->select);
    if (m->known)
        add_fields(out, m, xd_expect_fields(c, m->select.op), false);
    else if (c && !(op && op->size == 0))
        add_fields(out, m, c->arg, true);
    xd_str_add(out, " = ");
    if (m->answered)
        add_rc(out, m->rc);
    else
        xd_str_add(out, "?");
}

static void tell_wrong(struct comparison *c, const struct xd_expected *x, const struct xd_made *m)
{
    const char *sep = " has ";
    uint64_t value;

    for (unsigned int k = 0; k < x->want_nr; k++) {
        const struct xd_wanted *w = &x->want[k];

        if (has(m, w))
            continue;
        xd_str_addf(c->out, "%s%s=", sep, w->field->name);
        if (value_of(m, w->field, w->reg, &value))
            add_value(c->out, w->field->kind, value);
        else
            xd_str_add(c->out, "what can't be read");
        sep = ", ";
    }
    if (answered_so(x, m))
        return;
    xd_str_add(c->out, sep[1] == 'h' ? " was answered " : " and was answered ");
    if (m->answered)
        add_rc(c->out, m->rc);
    else
        xd_str_add(c->out, "nothing yet");
}

static void tell_expected(struct comparison *c, size_t i)
{
    const struct xd_expected *x = &c->e->expected[i];
    size_t j = c->call_of[i];
    const char *what = j == NONE ? "missing" : !c->in_order[i] ? "out of order" : "wrong";

    if (j != NONE && c->in_order[i] && meets(c->made[j], x))
        return;
    xd_str_addf(c->out, "  %s: expectation %zu, %s", what, i + 1, x->text);
    if (j != NONE) {
        xd_str_addf(c->out, ": call %zu", j + 1);
        if (c->in_order[i])
            tell_wrong(c, x, c->made[j]);
        else
            xd_str_add(c->out, " is that");
    }
    xd_str_addc(c->out, '\n');
}

static void tell(struct comparison *c)
{
    const struct xd_expecting *e = c->e;

    for (size_t i = 0; i < e->expected_nr; i++)
        tell_expected(c, i);
    for (size_t j = 0; j < c->made_nr; j++) {
        if (c->taken[j])
            continue;
        xd_str_addf(c->out, "  unexpected: call %zu, ", j + 1);
        add_made(c->out, c->made[j]);
        xd_str_addf(c->out, " (v%u)\n", c->made[j]->vcpu);
    }
    if (e->beyond)
        xd_str_addf(c->out, "  %" PRIu64 " more calls were not written down\n", e->beyond);
    if (c->out->len) {
        struct xd_str all = {0};

        xd_str_addf(&all, "d%u was expected to make %zu calls and made %zu:\n%s", e->d->domid,
                    e->expected_nr, c->made_nr + (size_t)e->beyond, c->out->text);
        xd_str_free(c->out);
        *c->out = all;
    }
}

static bool ignored(const struct xd_expecting *e, const struct xd_made *m)
{
    for (size_t i = 0; i < e->ignored_nr; i++)
        if (named(&e->ignored[i], m))
            return true;
    return false;
}

char *xd_expect_differences(struct xd_domain *d)
{
    struct xd_levers *ls = xd_levers_of(d->hv);
    struct xd_expecting *e = xd_expecting_of(ls, d);
    struct xd_str out = {0};
    struct comparison c = {.e = e, .out = &out};

    if (!e)
        return xd_strdup("");
    c.made = xd_zalloc((e->made_nr + 1) * sizeof(*c.made));
    for (size_t j = 0; j < e->made_nr; j++)
        if (!ignored(e, &e->made[j]))
            c.made[c.made_nr++] = &e->made[j];
    c.call_of = xd_zalloc((e->expected_nr + 1) * sizeof(*c.call_of));
    c.in_order = xd_zalloc((e->expected_nr + 1) * sizeof(*c.in_order));
    c.taken = xd_zalloc((c.made_nr + 1) * sizeof(*c.taken));
    for (size_t i = 0; i < e->expected_nr; i++)
        c.call_of[i] = NONE;
    pair_in_order(&c);
    pair_elsewhere(&c);
    pair_alike(&c);
    tell(&c);
    free(c.made);
    free(c.call_of);
    free(c.in_order);
    free(c.taken);
    xd_expecting_end(ls, e);
    xd_levers_settle(d->hv);
    return out.text ? out.text : xd_strdup("");
}
