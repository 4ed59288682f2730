/* SPDX-License-Identifier: MIT */
/*
 * print.c: programs as canonical text.
 *
 * The rule: what is printed is read back as the same program, and canonical text comes out as it
 * went in.
 */
#include "program/parse.h"

#include <string.h>

#define SHORT 3u /* entries of a block that are shown when its step is shown alone */

struct printer {
    const struct xd_program *p;
    struct xd_str *out;
    bool alone; /* one step, in one line, without comments */
};

static void text(struct printer *pr, const struct xd_expr *x)
{
    const char *s = xd_text_at(pr->p, x->a);

    xd_str_addc(pr->out, '"');
    for (uint64_t i = 0; i < x->num; i++) {
        unsigned char c = (unsigned char)s[i];

        if (c == '"' || c == '\\')
            xd_str_addf(pr->out, "\\%c", c);
        else if (c == '\n' || c == '\t' || c == '\r')
            xd_str_add(pr->out, c == '\n' ? "\\n" : c == '\t' ? "\\t" : "\\r");
        else if (c < ' ' || c >= 0x7f)
            xd_str_addf(pr->out, "\\x%02x", c);
        else
            xd_str_addc(pr->out, (char)c);
    }
    xd_str_addc(pr->out, '"');
}

static unsigned int tightness(const struct xd_expr *x)
{
    if (x->op == XD_EX_NEG || x->op == XD_EX_NOT)
        return 7;
    if (x->op != XD_EX_BINARY)
        return 8;
    return xd_tightness((char)x->sub);
}

static void expr(struct printer *pr, xd_ex e);

static void expr_above(struct printer *pr, xd_ex e, unsigned int level)
{
    bool wrap = tightness(xd_expr_at(pr->p, e)) < level;

    if (wrap)
        xd_str_addc(pr->out, '(');
    expr(pr, e);
    if (wrap)
        xd_str_addc(pr->out, ')');
}

static void listed(struct printer *pr, xd_ex e)
{
    for (xd_ex first = e; e; e = xd_expr_at(pr->p, e)->next) {
        if (e != first)
            xd_str_add(pr->out, ", ");
        expr(pr, e);
    }
}

static void of_domain(struct printer *pr, const struct xd_expr *x)
{
    if (x->num)
        xd_str_addf(pr->out, "%s.", xd_text_at(pr->p, pr->p->domain[x->num - 1].name));
}

static void expr(struct printer *pr, xd_ex e)
{
    const struct xd_program *p = pr->p;
    const struct xd_expr *x = xd_expr_at(p, e);
    struct xd_str *out = pr->out;

    switch ((enum xd_expr_op)x->op) {
    case XD_EX_NONE: break;
    case XD_EX_NUM:
        xd_str_addf(out, x->sub == 16 ? "0x%llx" : "%llu", (unsigned long long)x->num);
        break;
    case XD_EX_NAME:
    case XD_EX_CAPTURE:
    case XD_EX_BIND: xd_str_add(out, xd_text_at(p, p->name[x->num].name)); break;
    case XD_EX_CONST:
        if (x->sub)
            xd_str_addf(out, "%s.", xd_kind_name((enum xd_kind)x->sub));
        xd_str_add(out, xd_text_at(p, x->a));
        break;
    case XD_EX_ERRNO:
    case XD_EX_WORD: xd_str_add(out, xd_text_at(p, x->a)); break;
    case XD_EX_DOMAIN: xd_str_add(out, xd_text_at(p, p->domain[x->num].name)); break;
    case XD_EX_TEXT: text(pr, x); break;
    case XD_EX_LIST:
        xd_str_addc(out, '[');
        listed(pr, x->a);
        xd_str_addc(out, ']');
        break;
    case XD_EX_ANY: xd_str_addc(out, '?'); break;
    case XD_EX_NEG:
    case XD_EX_NOT:
        xd_str_addc(out, x->op == XD_EX_NEG ? '-' : '~');
        expr_above(pr, x->a, 7);
        break;
    case XD_EX_BINARY:
        expr_above(pr, x->a, tightness(x));
        if (x->sub == XD_OP_SHL || x->sub == XD_OP_SHR)
            xd_str_add(out, x->sub == XD_OP_SHL ? "<<" : ">>");
        else
            xd_str_addc(out, (char)x->sub);
        expr_above(pr, x->b, tightness(x) + 1);
        break;
    case XD_EX_SLOT:
        expr_above(pr, x->a, 8);
        xd_str_addc(out, '[');
        expr(pr, x->b);
        xd_str_addc(out, ']');
        break;
    case XD_EX_FN:
        of_domain(pr, x);
        xd_str_addf(out, "%s(", xd_fn_row(x->sub)->name);
        listed(pr, x->a);
        xd_str_addc(out, ')');
        break;
    case XD_EX_START:
        of_domain(pr, x);
        xd_str_addf(out, "start.%s", xd_start_rows()[x->sub].name);
        break;
    case XD_EX_RANGE:
        expr_above(pr, x->a, 8);
        xd_str_addc(out, '-');
        expr_above(pr, x->b, 8);
        break;
    }
}

static void named(struct printer *pr, const char *name, xd_ex value)
{
    xd_str_addf(pr->out, " %s=", name);
    expr(pr, value);
}

static void field(struct printer *pr, const struct xd_step *s, const struct xd_op *op,
                  const struct xd_item *it)
{
    if (it->key == XD_KEY_BLOCKED)
        xd_str_add(pr->out, " blocked");
    else if (it->key >= XD_KEY_FIELD_END)
        named(pr, xd_key_name(s->call, it->key), it->value);
    else if (op)
        named(pr, op->fields()[it->key].name, it->value);
    else
        named(pr, s->call->arg[it->key].name, it->value);
}

static void indent(struct printer *pr, unsigned int depth)
{
    for (unsigned int i = 0; i < depth; i++)
        xd_str_add(pr->out, "  ");
}

static void note(struct printer *pr, xd_text t)
{
    if (t && !pr->alone)
        xd_str_addf(pr->out, " %s", xd_text_at(pr->p, t));
}

static void element(struct printer *pr, const struct xd_step *s, const struct xd_item *it)
{
    size_t from = pr->out->len;

    if (s->call->shape == XD_SHAPE_MMU) {
        if (it->cmd == XD_CMD_RAW)
            xd_str_add(pr->out, "raw ");
        else if (it->cmd)
            xd_str_addf(pr->out, "%s ", xd_op_at(&xd_group_mmu, it->cmd)->name);
        expr(pr, it->value);
        xd_str_add(pr->out, " = ");
        expr(pr, it->value2);
        return;
    }
    if (it->op)
        xd_str_add(pr->out, it->op->name);
    for (xd_at i = it->sub; i; i = xd_item_at(pr->p, i)->next) {
        field(pr, s, it->op, xd_item_at(pr->p, i));
        if (!it->op && i == it->sub) /* no command's name before it: no blank either */
            memmove(pr->out->text + from, pr->out->text + from + 1, pr->out->len-- - from);
    }
}

static void batch(struct printer *pr, const struct xd_step *s)
{
    bool spread = s->spread && !pr->alone, any = false;

    xd_str_add(pr->out, " [");
    if (spread)
        note(pr, s->note);
    for (xd_at i = s->in; i; i = xd_item_at(pr->p, i)->next) {
        const struct xd_item *it = xd_item_at(pr->p, i);
        xd_at next = it->next;

        if (it->key != XD_KEY_ELEMENT)
            continue;
        if (spread) {
            xd_str_addc(pr->out, '\n');
            indent(pr, s->depth + 1u);
        } else if (any) {
            xd_str_add(pr->out, ", ");
        }
        any = true;
        element(pr, s, it);
        while (next && xd_item_at(pr->p, next)->key != XD_KEY_ELEMENT)
            next = xd_item_at(pr->p, next)->next;
        if (spread && next)
            xd_str_addc(pr->out, ',');
        if (spread)
            note(pr, it->note);
    }
    if (spread) {
        xd_str_addc(pr->out, '\n');
        indent(pr, s->depth);
    }
    xd_str_addc(pr->out, ']');
}

static void step(struct printer *pr, uint32_t i);

static void block(struct printer *pr, uint32_t i)
{
    const struct xd_step *s = &pr->p->step[i];
    bool spread = s->spread && !pr->alone, any = false;

    if (pr->alone && s->parts > SHORT) {
        xd_str_add(pr->out, " { ... }");
        return;
    }
    xd_str_add(pr->out, " {");
    if (spread)
        note(pr, s->note);
    for (uint32_t k = i + 1; k <= i + s->parts; k += 1 + pr->p->step[k].parts) {
        const struct xd_step *entry = &pr->p->step[k];

        if (spread) {
            xd_str_add(pr->out, entry->blank && any ? "\n\n" : "\n");
            indent(pr, s->depth + 1u);
        } else if (entry->kind == XD_STEP_NOTE) {
            continue;
        } else {
            xd_str_add(pr->out, any ? " ; " : " ");
        }
        any = true;
        step(pr, k);
    }
    if (spread) {
        xd_str_addc(pr->out, '\n');
        indent(pr, s->depth);
        xd_str_addc(pr->out, '}');
    } else {
        xd_str_add(pr->out, " }");
    }
}

static void call(struct printer *pr, uint32_t at)
{
    const struct xd_step *s = &pr->p->step[at];
    bool is_batch =
        s->call && (s->call->shape == XD_SHAPE_MMU || s->call->shape == XD_SHAPE_MMUEXT);

    XD_ALWAYS(s->raw || s->call);
    xd_str_add(pr->out, s->raw ? "hypercall" : s->call->name);
    if (s->op)
        xd_str_addf(pr->out, " %s", s->op->name);
    if (is_batch)
        batch(pr, s);
    else if (s->call && s->call->shape == XD_SHAPE_MULTI)
        block(pr, at);
    for (xd_at i = s->in; i; i = xd_item_at(pr->p, i)->next) {
        const struct xd_item *it = xd_item_at(pr->p, i);

        if (it->key == XD_KEY_ELEMENT)
            continue;
        if (s->raw || s->call->shape == XD_SHAPE_PLAIN) {
            xd_str_addc(pr->out, ' ');
            expr(pr, it->value);
        } else {
            field(pr, s, s->op, it);
        }
    }
}

static void form_items(struct printer *pr, const struct xd_form *form, xd_at i)
{
    for (; i; i = xd_item_at(pr->p, i)->next) {
        const struct xd_item *it = xd_item_at(pr->p, i);
        const struct xd_form_key *k = &form->keys[it->key - XD_KEY_FORM];

        xd_str_addf(pr->out, " %s%s", it->negated ? "!" : "",
                    k->type == XD_T_STATUS ? "" : k->name);
        if (k->type != XD_T_FLAG && k->type != XD_T_STATE && k->type != XD_T_STATUS)
            xd_str_addc(pr->out, '=');
        expr(pr, it->value);
    }
}

static void form(struct printer *pr, const struct xd_step *s, const struct xd_form *f)
{
    const struct xd_program *p = pr->p;
    const char *domain = s->domain < p->domains ? xd_text_at(p, p->domain[s->domain].name) : "";

    xd_str_add(pr->out, f->name);
    switch (f->subject) {
    case XD_S_VCPU: xd_str_addf(pr->out, "%s%s.%u", f->second ? " " : "", domain, s->vcpu); break;
    case XD_S_PORT:
        xd_str_addf(pr->out, " %s port ", domain);
        expr(pr, s->subject[0]);
        break;
    case XD_S_NEW_DOMAIN:
    case XD_S_DOMAIN: xd_str_addf(pr->out, " %s", domain); break;
    case XD_S_CALL:
        xd_str_addf(pr->out, " %s%s%s", s->call->name, s->op ? " " : "", s->op ? s->op->name : "");
        break;
    default:
        if (f->second)
            xd_str_addf(pr->out, " %s", f->second);
        for (unsigned int i = 0; i < 2 && s->subject[i]; i++) {
            xd_str_addc(pr->out, ' ');
            expr(pr, s->subject[i]);
        }
    }
    form_items(pr, f, s->in);
}

/* Without the line end. */
static void step(struct printer *pr, uint32_t i)
{
    const struct xd_step *s = &pr->p->step[i];

    if (s->kind == XD_STEP_NOTE) {
        xd_str_add(pr->out, xd_text_at(pr->p, s->note));
        return;
    }
    if (s->kind == XD_STEP_CALL)
        call(pr, i);
    else
        form(pr, s, xd_form_of((enum xd_step_kind)s->kind));
    if (s->result) {
        xd_str_add(pr->out, " = ");
        expr(pr, s->result);
        if (s->kind != XD_STEP_CALL)
            form_items(pr, xd_form_of((enum xd_step_kind)s->kind), s->out);
        for (xd_at k = s->out; k && s->kind == XD_STEP_CALL; k = xd_item_at(pr->p, k)->next)
            field(pr, s, s->op, xd_item_at(pr->p, k));
    }
    note(pr, s->spread ? s->note_end : s->note);
}

void xd_program_print(const struct xd_program *p, struct xd_str *out)
{
    struct printer pr = {.p = p, .out = out};

    for (uint32_t i = 1; i < p->steps; i += 1 + p->step[i].parts) {
        if (p->step[i].blank && i > 1)
            xd_str_addc(out, '\n');
        step(&pr, i);
        xd_str_addc(out, '\n');
    }
}

void xd_step_print(const struct xd_program *p, uint32_t i, struct xd_str *out)
{
    struct printer pr = {.p = p, .out = out, .alone = true};

    step(&pr, i);
}

void xd_expr_print(const struct xd_program *p, xd_ex e, struct xd_str *out)
{
    struct printer pr = {.p = p, .out = out};

    expr(&pr, e);
}
