/* SPDX-License-Identifier: MIT */
/* outcome.c: what a call or an access did, compared with what its step says. */
#include "program/runner.h"

#include "abi/reject.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool xd_check_value(struct xd_runner *r, const char *what, unsigned int kind, uint64_t mask,
                    xd_ex e, uint64_t actual)
{
    const struct xd_expr *x = xd_expr_at(r->p, e);
    struct xd_str line = {0};
    uint64_t expected;

    if (!e || x->op == XD_EX_ANY)
        return true;
    if (x->op == XD_EX_BIND) {
        xd_bind(r, e, actual);
        return true;
    }
    r->result->checks++;
    if (!xd_eval(r, e, &expected))
        return false;
    if ((expected & mask) == actual)
        return true;
    xd_str_addf(&line, "%s: expected ", what);
    xd_show(&line, kind, expected & mask);
    if (x->op != XD_EX_NUM && x->op != XD_EX_ERRNO && x->op != XD_EX_CONST) {
        xd_str_add(&line, " (");
        xd_expr_print(r->p, e, &line);
        xd_str_addc(&line, ')');
    }
    xd_str_add(&line, ", got ");
    xd_show(&line, kind, actual);
    xd_report(r, "%s", xd_str_text(&line));
    xd_str_free(&line);
    return false;
}

/* A call being compared: its step and where it lies. */
struct looked {
    struct xd_runner *r;
    uint32_t at;
    const struct xd_encoded *enc;
    struct xd_vcpu *v;
    int64_t rc;
    unsigned int why;
    bool suspended; /* and so looked at before */
};

static bool read_guest(const struct looked *l, const char *what, uint64_t va, void *buf, size_t n)
{
    if (xd_look(l->v, buf, va, n))
        return true;
    xd_report(l->r, "%s: its memory at 0x%llx can't be read", what, (unsigned long long)va);
    return false;
}

static uint64_t get_number(const unsigned char *at, size_t size)
{
    uint64_t value = 0;

    for (size_t i = 0; i < size; i++)
        value |= (uint64_t)at[i] << 8 * i;
    return value;
}

static uint64_t mask_of(size_t size)
{
    return size >= 8 ? ~UINT64_C(0) : (UINT64_C(1) << 8 * size) - 1;
}

static void check_list(const struct looked *l, const char *name, unsigned int kind, xd_ex list,
                       uint64_t va)
{
    size_t size = kind == XD_K_PORTS ? 4 : 8;
    unsigned char bytes[8];
    char what[96];
    unsigned int i = 0;

    for (xd_ex e = xd_expr_at(l->r->p, list)->a; e; e = xd_expr_at(l->r->p, e)->next, i++) {
        snprintf(what, sizeof(what), "%s[%u]", name, i);
        if (!read_guest(l, name, va + i * size, bytes, size))
            return;
        xd_check_value(l->r, what, kind == XD_K_PORTS ? XD_K_PORT : XD_K_MFN, mask_of(size), e,
                       get_number(bytes, size));
    }
}

static void check_text(const struct looked *l, const char *name, xd_ex e, uint64_t va, size_t size)
{
    const struct xd_expr *x = xd_expr_at(l->r->p, e);
    const char *want = xd_text_at(l->r->p, x->a);
    char *got;

    l->r->result->checks++;
    if (x->num > size) {
        xd_report(l->r, "%s has room for %zu bytes", name, size);
        return;
    }
    got = xd_zalloc(size + 1);
    if (read_guest(l, name, va, got, size) &&
        (memcmp(got, want, x->num) || (x->num < size && got[x->num])))
        xd_report(l->r, "%s: expected \"%s\", got \"%.200s\"", name, want, got);
    free(got);
}

static void check_field(const struct looked *l, const struct xd_field *f, unsigned int key, xd_ex e)
{
    const struct xd_expr *x = xd_expr_at(l->r->p, e);
    unsigned char bytes[8];

    if (x->op == XD_EX_LIST) {
        check_list(l, f->name, f->kind, e, l->enc->value[key]);
    } else if (x->op == XD_EX_TEXT) {
        check_text(l, f->name, e, l->enc->at + f->off, f->size);
    } else if (read_guest(l, f->name, l->enc->at + f->off, bytes, f->size > 8 ? 8 : f->size)) {
        xd_check_value(l->r, f->name, f->kind, mask_of(f->size), e,
                       get_number(bytes, f->size > 8 ? 8 : f->size));
    }
}

/* What stands where a PLAIN argument points. */
static void check_pointed(const struct looked *l, const struct xd_field *arg, unsigned int key,
                          xd_ex e)
{
    const struct xd_expr *x = xd_expr_at(l->r->p, e);
    unsigned char bytes[8];

    if (x->op == XD_EX_LIST) {
        check_list(l, arg->name, arg->kind, e, l->enc->value[key]);
    } else if (x->op == XD_EX_TEXT) {
        check_text(l, arg->name, e, l->enc->value[key], x->num);
    } else if (read_guest(l, arg->name, l->enc->value[key], bytes, 8)) {
        xd_check_value(l->r, arg->name, XD_K_U64, ~UINT64_C(0), e, get_number(bytes, 8));
    }
}

static void check_done(const struct looked *l, xd_ex e)
{
    const struct xd_expr *x = xd_expr_at(l->r->p, e);
    unsigned char bytes[4];
    uint64_t done;

    if (!l->enc->done) {
        if (x->op != XD_EX_WORD)
            xd_report(l->r, "done: the call had no done word (pdone=0)");
        return;
    }
    if (!read_guest(l, "done", l->enc->done, bytes, sizeof(bytes)))
        return;
    done = get_number(bytes, sizeof(bytes));
    if (x->op == XD_EX_WORD) {
        l->r->result->checks++;
        if (done != XD_DONE_PRESET)
            xd_report(l->r, "done: expected nothing written, got %llu", (unsigned long long)done);
    } else if (!xd_check_value(l->r, "done", XD_K_U32, UINT32_MAX, e, done) &&
               done == XD_DONE_PRESET) {
        xd_report(l->r, "(0x%x stood there before: it was not written)", XD_DONE_PRESET);
    }
}

void xd_check_why(struct xd_runner *r, xd_ex e, unsigned int why)
{
    char want[XD_WHY_NAME_MAX], got[XD_WHY_NAME_MAX];
    uint64_t expected = xd_expr_at(r->p, e)->num;

    r->result->checks++;
    if (expected != why)
        xd_report(r, "why: expected %s, got %s", xd_why_name((enum xd_why)expected, want),
                  xd_why_name((enum xd_why)why, got));
}

static void check_blocked(const struct looked *l)
{
    l->r->result->checks++;
    if (xd_vcpu_state(l->v) != XD_STATE_BLOCKED && !l->suspended)
        xd_report(l->r, "expected the vCPU to be blocked after the call, it is not");
}

static const struct xd_field *fields_of(const struct xd_step *s)
{
    return s->op && s->op->fields ? s->op->fields() : NULL;
}

static void check_outs(const struct looked *l, const struct xd_step *s)
{
    const struct xd_field *f = fields_of(s);

    for (xd_at i = s->out; i; i = xd_item_at(l->r->p, i)->next) {
        const struct xd_item *it = xd_item_at(l->r->p, i);

        if (it->key == XD_KEY_WHY)
            xd_check_why(l->r, it->value, l->why);
        else if (it->key == XD_KEY_DONE)
            check_done(l, it->value);
        else if (it->key == XD_KEY_BLOCKED)
            check_blocked(l);
        else if (f)
            check_field(l, &f[it->key], it->key, it->value);
        else
            check_pointed(l, &s->call->arg[it->key], it->key, it->value);
    }
}

static size_t text_length(const unsigned char *text, size_t size)
{
    const unsigned char *end = memchr(text, '\0', size);

    return end ? (size_t)(end - text) : size;
}

/* Writes into the program what it does not say. */
static void fill(const struct looked *l, const struct xd_step *s)
{
    const struct xd_field *f = fields_of(s);
    bool batch = s->call && (s->call->shape == XD_SHAPE_MMU || s->call->shape == XD_SHAPE_MMUEXT);
    xd_at out = s->out;
    unsigned char bytes[1024];

    if (!s->result)
        xd_fill_result(l->r, l->at, (uint64_t)l->rc, true);
    if (batch && l->enc->done && !xd_item_find(l->r->p, out, XD_KEY_DONE) &&
        xd_look(l->v, bytes, l->enc->done, 4)) {
        if (get_number(bytes, 4) == XD_DONE_PRESET)
            xd_fill_text(l->r, l->at, XD_KEY_DONE, NULL, 0);
        else
            xd_fill_item(l->r, l->at, XD_KEY_DONE, XD_K_U32, get_number(bytes, 4));
    }
    for (unsigned int k = 0; f && f[k].name && l->rc == 0 && l->enc->at; k++) {
        if (!(f[k].dir & XD_OUT) || xd_item_find(l->r->p, out, k) || f[k].size > sizeof(bytes) ||
            !xd_look(l->v, bytes, l->enc->at + f[k].off, f[k].size))
            continue;
        if (f[k].kind == XD_K_TEXT)
            xd_fill_text(l->r, l->at, k, (const char *)bytes, text_length(bytes, f[k].size));
        else
            xd_fill_item(l->r, l->at, k, f[k].kind, get_number(bytes, f[k].size));
    }
    if (l->why && !xd_item_find(l->r->p, out, XD_KEY_WHY) &&
        !(s->parts && l->rc == 0)) /* entries say theirs */
        xd_fill_why(l->r, l->at, XD_KEY_WHY, l->why);
}

static void look_at(struct looked *l)
{
    const struct xd_step *s = &l->r->p->step[l->at];

    xd_check_value(l->r, "result", XD_K_RC, ~UINT64_C(0), s->result, (uint64_t)l->rc);
    check_outs(l, s);
    if (l->r->opt->fill)
        fill(l, s);
}

/*
 * The result that the guest finds in its list; what the call returned if the list can't be read any
 * more.
 */
static int64_t stored_result(const struct xd_made *m, unsigned int index, int64_t rc)
{
    unsigned char bytes[8];

    if (!xd_look(m->v, bytes, m->enc[0].arg[0] + index * sizeof(struct xd_abi_multicall_entry) + 8,
                 sizeof(bytes)))
        return rc;
    return (int64_t)get_number(bytes, sizeof(bytes));
}

/* What the report says from (from) on is about entry (index) of a multicall, step (at). */
static void name_entry(struct xd_runner *r, unsigned int index, uint32_t at, size_t from)
{
    char *said = xd_strdup(r->report.text + from);

    r->report.len = from;
    xd_str_addf(&r->report, "entry %u, line %u: ", index, r->p->step[at].line);
    xd_step_print(r->p, at, &r->report);
    xd_str_addc(&r->report, '\n');
    for (char *line = said, *end; *line; line = end) {
        end = strchr(line, '\n') + 1;
        xd_str_addf(&r->report, "  %.*s", (int)(end - line), line);
    }
    free(said);
}

void xd_check_call(struct xd_runner *r, const struct xd_made *m, int64_t rc, unsigned int why)
{
    uint32_t parts = r->p->step[m->step].parts;
    unsigned int index = 0;
    size_t before = r->report.len;

    if (r->opt->watch && r->opt->watch->called)
        r->opt->watch->called(r->opt->ctx, r, m, rc);
    for (uint32_t k = 1; k <= parts; k += 1 + r->p->step[m->step + k].parts) {
        struct looked l = {
            .r = r, .at = m->step + k, .enc = &m->enc[k], .v = m->v, .why = m->seen[k].why};
        size_t entry = r->report.len;

        if (r->p->step[m->step + k].kind != XD_STEP_CALL)
            continue;
        l.rc = stored_result(m, index, m->seen[k].rc);
        if (m->seen[k].ran)
            look_at(&l);
        else if (r->p->step[l.at].result)
            xd_report(r, "it was not run");
        if (r->report.len > entry)
            name_entry(r, index, l.at, entry);
        index++;
    }
    look_at(&(struct looked){.r = r,
                             .at = m->step,
                             .enc = &m->enc[0],
                             .v = m->v,
                             .rc = rc,
                             .why = why,
                             .suspended = m->suspended});
    if (r->report.len > before && why)
        r->explain = m->v;
}

void xd_check_access(struct xd_runner *r, const struct xd_step *s, enum xd_access how,
                     const struct xd_fault *f)
{
    const struct xd_expr *x = xd_expr_at(r->p, s->result);
    const struct xd_item *error = xd_form_item(r->p, s, "error"),
                         *why = xd_form_item(r->p, s, "why");
    uint32_t at = (uint32_t)(s - r->p->step);
    size_t before = r->report.len;
    bool load = s->kind == XD_STEP_LOAD;

    if (r->opt->watch && r->opt->watch->accessed)
        r->opt->watch->accessed(r->opt->ctx, r, s, how, f);
    if (s->result && x->op == XD_EX_WORD) {
        r->result->checks++;
        if (x->num != (uint64_t)how)
            xd_report(r, "expected %s, got %s", xd_access_words[x->num], xd_access_words[how]);
    } else if (s->result && x->op != XD_EX_ANY && how == XD_ACCESS_FAULT) {
        r->result->checks++;
        xd_report(r, "the load ended in a page fault at 0x%llx", (unsigned long long)f->cr2);
    } else if (s->result && x->op != XD_EX_ANY && how == XD_ACCESS_GP) {
        r->result->checks++;
        xd_report(r, "the load ended in #GP: the address is not canonical");
    } else if (load && how == XD_ACCESS_OK) {
        xd_check_value(r, "value", XD_K_PTR, mask_of(r->cpu.size), s->result,
                       get_number(r->cpu.bytes, r->cpu.size));
    }
    if (error && (how == XD_ACCESS_FAULT || how == XD_ACCESS_GP))
        xd_check_value(r, "error", XD_K_PTR, UINT32_MAX, error->value, f->error);
    if (why)
        xd_check_why(r, why->value, f->why);
    if (r->report.len > before && f->why)
        r->explain = xd_current(r);
    if (r->opt->fill && !s->result) {
        if (load && how == XD_ACCESS_OK)
            xd_fill_result(r, at, get_number(r->cpu.bytes, r->cpu.size), false);
        else
            xd_fill_word(r, at, xd_access_words[how]);
        if (how == XD_ACCESS_FAULT && !error)
            xd_fill_item(r, at, XD_KEY_FORM + 1, XD_K_PTR, f->error);
        if (f->why && !why)
            xd_fill_why(r, at, XD_KEY_FORM + 2, f->why);
    }
}
