/* SPDX-License-Identifier: MIT */
/*
 * expectation.c: the calls that a domain is expected to make, and those it makes, as two lists.
 *
 * A call is written down when it is made, with the struct behind it, since the guest may change that
 * afterwards; an element of a batch counts as a call. Nothing is judged before the host asks.
 */
#include "hv/lever.h"

#include "abi/errno.h"
#include "abi/show.h"
#include "hv/expectation.h"
#include "hv/holders.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MADE_MAX  100000u /* calls of a domain that are written down */
#define BATCH_MAX 1024u   /* elements of one batch */

#define MMU_UPDATE_PREEMPTED 0x80000000u

static const struct xd_field mmu_words[] = {{"ptr", XD_K_MADDR, XD_IN, 0, 8, NULL},
                                            {"val", XD_K_U64, XD_IN, 8, 8, NULL},
                                            {NULL, 0, 0, 0, 0, NULL}};

const struct xd_field *xd_expect_fields(const struct xd_call *c, uint64_t nr)
{
    const struct xd_op *op = c && c->group ? xd_op_at(c->group, nr) : NULL;

    if (c && c->shape == XD_SHAPE_MMU)
        return mmu_words;
    return op && op->fields ? op->fields() : NULL;
}

/* ---- Beginning and ending ---- */

struct xd_expecting *xd_expecting_of(const struct xd_levers *ls, const struct xd_domain *d)
{
    struct xd_expecting *e = ls->expecting;

    while (e && e->d != d)
        e = e->next;
    return e;
}

static struct xd_expecting *begin(struct xd_domain *d)
{
    struct xd_levers *ls = xd_levers_of(d->hv);
    struct xd_expecting *e = xd_expecting_of(ls, d);

    if (e)
        return e;
    e = xd_zalloc(sizeof(*e));
    e->d = d;
    e->serial = ++ls->serial;
    e->next = ls->expecting;
    ls->expecting = e;
    xd_levers_settle(d->hv);
    return e;
}

void xd_expecting_end(struct xd_levers *ls, struct xd_expecting *e)
{
    struct xd_expecting **at = &ls->expecting;

    if (!e)
        return;
    while (*at != e)
        at = &(*at)->next;
    *at = e->next;
    for (size_t i = 0; i < e->expected_nr; i++)
        free(e->expected[i].text);
    free(e->expected);
    free(e->ignored);
    free(e->made);
    free(e);
}

void xd_expect_none(struct xd_domain *d)
{
    begin(d);
}

int xd_expect_ignore(struct xd_domain *d, const char *call)
{
    struct xd_select s;
    struct xd_expecting *e;

    if (!xd_lever_select(d->hv, call, &s))
        return -XD_HOST_EINVAL;
    e = begin(d);
    e->ignored = xd_realloc(e->ignored, (e->ignored_nr + 1) * sizeof(*e->ignored));
    e->ignored[e->ignored_nr++] = s;
    return 0;
}

/* ---- Reading an expectation ---- */

/* Finds what (t) names in calls of (s): a field of the struct, else a register. */
static bool find_name(const struct xd_select *s, const struct xd_token *t, struct xd_wanted *w)
{
    const struct xd_call *c = s->any ? NULL : xd_call_at(s->nr);
    const struct xd_field *f = s->has_op ? xd_expect_fields(c, s->op) : NULL;

    for (int pass = 0; pass < 2; pass++, f = c ? c->arg : NULL)
        for (unsigned int i = 0; f && (!pass || i < XD_CALL_ARGS) && f[i].name; i++)
            if (t->kind == XD_TOK_WORD && strlen(f[i].name) == t->len &&
                !memcmp(f[i].name, t->text, t->len) && f[i].dir & XD_IN && f[i].kind != XD_K_TEXT) {
                w->field = &f[i];
                w->reg = pass ? (int)i : -1;
                return true;
            }
    return false;
}

static void known_names(const struct xd_select *s, struct xd_str *out)
{
    const struct xd_call *c = s->any ? NULL : xd_call_at(s->nr);
    const struct xd_field *f = s->has_op ? xd_expect_fields(c, s->op) : NULL;

    for (; f && f->name; f++)
        if (f->dir & XD_IN)
            xd_str_addf(out, " %s=", f->name);
    for (unsigned int i = 0; c && i < XD_CALL_ARGS && c->arg[i].name; i++)
        xd_str_addf(out, " %s=", c->arg[i].name);
}

/* A number, a constant, dN; a result: also an errno. */
static bool read_value(struct xd_lexer *l, enum xd_kind kind, bool result, uint64_t *value)
{
    const struct xd_token *t = &l->tok;
    bool negative = t->kind == XD_TOK_PUNCT && t->op == '-';
    const struct xd_const *c;
    bool ok = true;

    if (negative)
        xd_lex_next(l);
    if (t->kind == XD_TOK_NUMBER) {
        *value = negative ? -t->num : t->num;
    } else if (t->kind != XD_TOK_WORD || negative) {
        ok = false;
    } else if (result) {
        *value = (uint64_t) - (int64_t)xd_errno_named(t->text, t->len);
        ok = *value != 0;
    } else if (kind == XD_K_DOMID && t->len > 1 && t->text[0] == 'd') {
        *value = 0;
        for (size_t i = 1; i < t->len && ok; i++) {
            ok = t->text[i] >= '0' && t->text[i] <= '9' && *value < 0x10000;
            *value = *value * 10 + (uint64_t)(t->text[i] - '0');
        }
    } else {
        c = xd_const_named(t->text, t->len, kind);
        ok = c != NULL;
        *value = ok ? c->value : 0;
    }
    if (ok)
        xd_lex_next(l);
    return ok;
}

static bool no_value(const struct xd_token *t, const char *what, const char *kind,
                     struct xd_str *error)
{
    xd_str_addf(error, "%s wants a number%s here, not \"%.*s\"", what, kind, (int)t->len, t->text);
    return false;
}

static bool wanted(struct xd_lexer *l, struct xd_expected *x, struct xd_str *error)
{
    const struct xd_token name = l->tok;
    struct xd_wanted *w = &x->want[x->want_nr];

    if (x->want_nr == XD_WANTED_MAX) {
        xd_str_addf(error, "more than %u values are more than a call has", XD_WANTED_MAX);
        return false;
    }
    if (!find_name(&x->select, &name, w)) {
        xd_str_addf(error, "\"%.*s\" is nothing that this call has:", (int)name.len, name.text);
        known_names(&x->select, error);
        return false;
    }
    xd_lex_next(l);
    if (l->tok.kind != XD_TOK_PUNCT || l->tok.op != '=') {
        xd_str_addf(error, "%s wants = and a value behind it", w->field->name);
        return false;
    }
    xd_lex_next(l);
    if (!read_value(l, (enum xd_kind)w->field->kind, false, &w->value))
        return no_value(&l->tok, w->field->name, " or a constant", error);
    x->want_nr++;
    return true;
}

/* CALL [NAME=VALUE]... [= RESULT] */
static bool read_expectation(struct xd_expected *x, struct xd_str *error)
{
    struct xd_lexer l;

    xd_lex_init(&l, x->text, strlen(x->text));
    if (!xd_select_parse(&l, &x->select, error))
        return false;
    while (l.tok.kind != XD_TOK_END && !(l.tok.kind == XD_TOK_PUNCT && l.tok.op == '='))
        if (!wanted(&l, x, error))
            return false;
    if (l.tok.kind == XD_TOK_END)
        return true;
    xd_lex_next(&l);
    x->has_rc = read_value(&l, XD_K_NONE, true, &x->rc);
    if (!x->has_rc)
        return no_value(&l.tok, "the result", " or the name of an errno", error);
    if (l.tok.kind != XD_TOK_END)
        xd_str_addf(error, "nothing stands behind the result, but \"%.*s\" does", (int)l.tok.len,
                    l.tok.text);
    return l.tok.kind == XD_TOK_END;
}

int xd_expect_call(struct xd_domain *d, const char *format, ...)
{
    struct xd_str text = {0}, error = {0};
    struct xd_expected x = {0};
    struct xd_expecting *e;
    va_list ap;

    va_start(ap, format);
    xd_str_vaddf(&text, format, ap);
    va_end(ap);
    x.text = text.text ? text.text : xd_strdup("");
    if (!read_expectation(&x, &error)) {
        xd_hv_misuse(d->hv, XD_HOST_EINVAL, "\"%s\": %s", x.text, xd_str_text(&error));
        xd_str_free(&error);
        free(x.text);
        return -XD_HOST_EINVAL;
    }
    e = begin(d);
    e->expected = xd_realloc(e->expected, (e->expected_nr + 1) * sizeof(*e->expected));
    e->expected[e->expected_nr++] = x;
    return 0;
}

/* ---- Writing down ---- */

static void note(struct xd_expecting *e, struct xd_asked *a, const struct xd_made *m)
{
    if (e->made_nr == MADE_MAX) {
        e->beyond++;
        return;
    }
    if (e->made_nr == e->made_cap) {
        e->made_cap = e->made_cap ? 2 * e->made_cap : 32;
        e->made = xd_realloc(e->made, e->made_cap * sizeof(*e->made));
    }
    e->made[e->made_nr++] = *m;
    a->noteds++;
}

/* Reads the struct of the operation. */
static void look_at(struct xd_vcpu *v, struct xd_made *m, uint64_t at, size_t size)
{
    m->known = size <= sizeof(m->copy) && xd_look(v, m->copy, at, size);
}

static void note_elements(struct xd_vcpu *v, struct xd_expecting *e, struct xd_asked *a,
                          struct xd_made *m, const struct xd_call *c)
{
    size_t size = c->shape == XD_SHAPE_MMU ? sizeof(struct xd_abi_mmu_update)
                                           : sizeof(struct xd_abi_mmuext_op);
    uint32_t nr = (uint32_t)m->arg[1] & ~MMU_UPDATE_PREEMPTED;

    for (uint32_t i = 0; i < nr && i < BATCH_MAX; i++) {
        uint64_t first;

        look_at(v, m, m->arg[0] + i * size, size);
        if (!m->known)
            break;
        memcpy(&first, m->copy, sizeof(first));
        m->select.has_op = true;
        m->select.op = c->shape == XD_SHAPE_MMU ? first & 7 : (uint32_t)first;
        note(e, a, m);
    }
    if (!a->noteds)
        note(e, a, m);
}

void xd_expect_note(struct xd_vcpu *v, struct xd_asked *a)
{
    struct xd_expecting *e = xd_expecting_of(xd_levers_of(v->hv), v->domain);
    const struct xd_call *c = xd_call_at(a->nr);
    const struct xd_op *op = c && c->group && a->has_op ? xd_op_at(c->group, a->op) : NULL;
    struct xd_made m = {.vcpu = v->id, .select = {.nr = a->nr, .has_op = a->has_op, .op = a->op}};

    if (!e)
        return;
    memcpy(m.arg, a->arg, sizeof(m.arg));
    a->serial = e->serial;
    a->noted = e->made_nr;
    if (c && (c->shape == XD_SHAPE_MMU || c->shape == XD_SHAPE_MMUEXT)) {
        note_elements(v, e, a, &m, c);
        return;
    }
    if (op && op->size)
        look_at(v, &m, c->shape == XD_SHAPE_COMPAT ? m.arg[0] + 4 : m.arg[1], op->size);
    note(e, a, &m);
}

void xd_expect_answered(struct xd_vcpu *v, const struct xd_asked *a, int64_t rc)
{
    struct xd_expecting *e = xd_expecting_of(xd_levers_of(v->hv), v->domain);

    if (!e || e->serial != a->serial)
        return;
    for (size_t i = a->noted; i < a->noted + a->noteds; i++) {
        e->made[i].answered = true;
        e->made[i].rc = rc;
    }
}
