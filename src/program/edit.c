/* SPDX-License-Identifier: MIT */
/* edit.c: copying programs and their parts, and taking parts away. */
#include "program/edit.h"

#include <stdlib.h>
#include <string.h>

/* ---- Copying ---- */

static void *duplicate(const void *array, size_t n, size_t size)
{
    void *copy = xd_zalloc(n * size);

    if (n)
        memcpy(copy, array, n * size);
    return copy;
}

struct xd_program *xd_program_clone(const struct xd_program *p)
{
    struct xd_program *q = xd_zalloc(sizeof(*q));

    *q = *p;
    q->file = xd_strdup(p->file);
    q->step = duplicate(p->step, p->steps, sizeof(*p->step));
    q->expr = duplicate(p->expr, p->exprs, sizeof(*p->expr));
    q->item = duplicate(p->item, p->items, sizeof(*p->item));
    q->text = duplicate(p->text, p->texts, 1);
    q->name = duplicate(p->name, p->names, sizeof(*p->name));
    q->domain = duplicate(p->domain, p->domains, sizeof(*p->domain));
    q->step_cap = p->steps;
    q->expr_cap = p->exprs;
    q->item_cap = p->items;
    q->text_cap = p->texts;
    q->name_cap = p->names;
    q->domain_cap = p->domains;
    return q;
}

struct xd_program *xd_program_new(const char *file)
{
    struct xd_program *p = xd_zalloc(sizeof(*p));

    p->file = xd_strdup(file);
    xd_program_step(p, (struct xd_step){0}); /* index 0 is none */
    xd_program_expr(p, (struct xd_expr){0});
    xd_program_item(p, (struct xd_item){0});
    xd_program_text(p, "", 0);
    return p;
}

void xd_copier_init(struct xd_copier *c, const struct xd_program *from, struct xd_program *to)
{
    c->from = from;
    c->to = to;
    c->name = xd_zalloc(from->names * sizeof(*c->name));
    c->domain = xd_zalloc(from->domains * sizeof(*c->domain));
    c->fresh = to->names == 0;
}

void xd_copier_free(struct xd_copier *c)
{
    free(c->name);
    free(c->domain);
}

static xd_text copy_text(struct xd_copier *c, xd_text t)
{
    const char *text = xd_text_at(c->from, t);

    return t ? xd_program_text(c->to, text, strlen(text)) : 0;
}

static bool taken(const struct xd_program *p, const char *name)
{
    for (uint32_t i = 0; i < p->names; i++)
        if (!strcmp(xd_text_at(p, p->name[i].name), name))
            return true;
    return false;
}

static uint32_t copy_name(struct xd_copier *c, uint64_t slot)
{
    struct xd_program *to = c->to;
    struct xd_str name = {0};

    if (c->name[slot])
        return c->name[slot] - 1;
    xd_str_add(&name, xd_text_at(c->from, c->from->name[slot].name));
    for (unsigned int nr = 2; !c->fresh && taken(to, xd_str_text(&name)); nr++) {
        xd_str_clear(&name);
        xd_str_addf(&name, "%s_%u", xd_text_at(c->from, c->from->name[slot].name), nr);
    }
    if (to->names == to->name_cap) {
        to->name_cap = to->name_cap * 2 + 16;
        to->name = xd_realloc(to->name, to->name_cap * sizeof(*to->name));
    }
    to->name[to->names] = (struct xd_name){.name = xd_program_text(to, name.text, name.len),
                                           .line = c->from->name[slot].line};
    xd_str_free(&name);
    c->name[slot] = ++to->names;
    return to->names - 1;
}

static uint32_t copy_domain(struct xd_copier *c, uint64_t index)
{
    const char *name = xd_text_at(c->from, c->from->domain[index].name);
    struct xd_program *to = c->to;
    uint32_t i = 0;

    if (c->domain[index])
        return c->domain[index] - 1;
    while (i < to->domains && strcmp(xd_text_at(to, to->domain[i].name), name))
        i++;
    if (i == to->domains && to->domains == to->domain_cap) {
        to->domain_cap = to->domain_cap * 2 + 4;
        to->domain = xd_realloc(to->domain, to->domain_cap * sizeof(*to->domain));
    }
    if (i == to->domains) {
        xd_text at = copy_text(c, c->from->domain[index].name);

        to->domain[to->domains++] =
            (struct xd_name){.name = at, .line = c->from->domain[index].line};
    }
    c->domain[index] = i + 1;
    return i;
}

/* The elements that (e) begins, linked by next; deepens *depth by the deepest. */
static xd_ex copy_elements(struct xd_copier *c, xd_ex e, uint16_t *depth)
{
    xd_ex first = 0, last = 0;

    for (; e; e = xd_expr_at(c->from, e)->next) {
        xd_ex copy = xd_copy_expr(c, e);

        if (last)
            c->to->expr[last].next = copy;
        else
            first = copy;
        last = copy;
        if (c->to->expr[copy].depth > *depth)
            *depth = c->to->expr[copy].depth;
    }
    return first;
}

xd_ex xd_copy_expr(struct xd_copier *c, xd_ex e)
{
    struct xd_expr x = *xd_expr_at(c->from, e);
    uint16_t depth = 0;

    if (!e)
        return 0;
    x.next = 0;
    switch ((enum xd_expr_op)x.op) {
    case XD_EX_NONE:
    case XD_EX_NUM:
    case XD_EX_ANY: break;
    case XD_EX_NAME:
    case XD_EX_CAPTURE:
    case XD_EX_BIND: x.num = copy_name(c, x.num); break;
    case XD_EX_CONST:
    case XD_EX_ERRNO:
    case XD_EX_WORD: x.a = copy_text(c, x.a); break;
    case XD_EX_TEXT: x.a = xd_program_text(c->to, xd_text_at(c->from, x.a), x.num); break;
    case XD_EX_DOMAIN: x.num = copy_domain(c, x.num); break;
    case XD_EX_FN: x.num = x.num ? copy_domain(c, x.num - 1) + 1u : 0; break;
    case XD_EX_START: x.num = x.num ? copy_domain(c, x.num - 1) + 1u : 0; break;
    case XD_EX_LIST: break;
    case XD_EX_NEG:
    case XD_EX_NOT:
    case XD_EX_BINARY:
    case XD_EX_SLOT:
    case XD_EX_RANGE:
        x.a = xd_copy_expr(c, x.a);
        x.b = xd_copy_expr(c, x.b);
        depth = c->to->expr[x.a].depth > c->to->expr[x.b].depth ? c->to->expr[x.a].depth
                                                                : c->to->expr[x.b].depth;
        break;
    }
    if (x.op == XD_EX_FN || x.op == XD_EX_LIST)
        x.a = copy_elements(c, x.a, &depth);
    x.depth = (uint16_t)(depth + 1);
    return xd_program_expr(c->to, x);
}

xd_at xd_copy_items(struct xd_copier *c, xd_at i)
{
    xd_at first = 0, last = 0;

    for (; i; i = xd_item_at(c->from, i)->next) {
        struct xd_item it = *xd_item_at(c->from, i);
        xd_at copy;

        it.value = xd_copy_expr(c, it.value);
        it.value2 = xd_copy_expr(c, it.value2);
        it.sub = xd_copy_items(c, it.sub);
        it.note = copy_text(c, it.note);
        it.next = 0;
        copy = xd_program_item(c->to, it);
        if (last)
            c->to->item[last].next = copy;
        else
            first = copy;
        last = copy;
    }
    return first;
}

uint32_t xd_copy_step(struct xd_copier *c, uint32_t at)
{
    struct xd_step s = c->from->step[at];
    uint32_t there = xd_program_step(c->to, s);

    s.note = copy_text(c, s.note);
    s.note_end = copy_text(c, s.note_end);
    if (xd_step_names_domain(&s))
        s.domain = copy_domain(c, s.domain);
    s.subject[0] = xd_copy_expr(c, s.subject[0]);
    s.subject[1] = xd_copy_expr(c, s.subject[1]);
    s.in = xd_copy_items(c, s.in);
    s.result = xd_copy_expr(c, s.result);
    s.out = xd_copy_items(c, s.out);
    for (uint32_t k = at + 1; k <= at + s.parts; k += 1 + c->from->step[k].parts)
        xd_copy_step(c, k);
    s.parts = c->to->steps - there - 1;
    c->to->step[there] = s;
    return there;
}

struct xd_program *xd_program_compact(const struct xd_program *p)
{
    struct xd_program *q = xd_program_new(p->file);
    struct xd_copier c;

    xd_copier_init(&c, p, q);
    for (uint32_t i = 1; i < p->steps; i += 1 + p->step[i].parts)
        xd_copy_step(&c, i);
    xd_copier_free(&c);
    return q;
}

/* ---- Taking away ---- */

/* Moves what stays of step (at) to place (to) of the array; the next free place. */
static uint32_t pack(struct xd_program *p, const bool *gone, uint32_t at, uint32_t to)
{
    const uint32_t end = at + p->step[at].parts;
    uint32_t first = to++, parts;

    if (first != at)
        p->step[first] = p->step[at];
    for (uint32_t k = at + 1; k <= end; k += 1 + parts) {
        parts = p->step[k].parts;
        if (!gone[k])
            to = pack(p, gone, k, to);
    }
    p->step[first].parts = to - first - 1;
    return to;
}

void xd_program_drop_steps(struct xd_program *p, const bool *gone)
{
    uint32_t to = 1, parts;

    for (uint32_t i = 1; i < p->steps; i += 1 + parts) {
        parts = p->step[i].parts;
        if (!gone[i])
            to = pack(p, gone, i, to);
    }
    p->steps = to;
}

void xd_program_unwrap(struct xd_program *p, uint32_t at)
{
    uint32_t parts = p->step[at].parts;

    for (uint32_t i = 1; i < at; i++)
        if (i + p->step[i].parts >= at)
            p->step[i].parts--;
    for (uint32_t k = at + 1; k <= at + parts; k++)
        p->step[k].depth--;
    p->steps--;
    memmove(&p->step[at], &p->step[at + 1], (p->steps - at) * sizeof(*p->step));
}

static void unlink_items(struct xd_program *p, xd_at *head, const bool *gone)
{
    while (*head) {
        struct xd_item *it = &p->item[*head];

        if (gone[*head]) {
            *head = it->next;
            continue;
        }
        unlink_items(p, &it->sub, gone);
        head = &it->next;
    }
}

void xd_program_drop_items(struct xd_program *p, const bool *gone)
{
    for (uint32_t i = 1; i < p->steps; i++) {
        unlink_items(p, &p->step[i].in, gone);
        unlink_items(p, &p->step[i].out, gone);
    }
}

void xd_program_drop_elements(struct xd_program *p, xd_ex e, const bool *gone)
{
    for (xd_ex *head = &p->expr[e].a; *head;) {
        if (!gone[*head]) {
            head = &p->expr[*head].next;
            continue;
        }
        *head = p->expr[*head].next;
        if (p->expr[e].op == XD_EX_LIST)
            p->expr[e].num--;
    }
}

void xd_program_drop_comments(struct xd_program *p)
{
    bool *gone = xd_zalloc(p->steps * sizeof(*gone));

    for (uint32_t i = 1; i < p->steps; i++) {
        gone[i] = p->step[i].kind == XD_STEP_NOTE;
        p->step[i].blank = false;
        p->step[i].note = p->step[i].note_end = 0;
    }
    for (xd_at i = 1; i < p->items; i++)
        p->item[i].note = 0;
    xd_program_drop_steps(p, gone);
    free(gone);
}

static bool binds(const struct xd_program *p, xd_ex e)
{
    const struct xd_expr *x = xd_expr_at(p, e);
    bool any = x->op == XD_EX_BIND;

    for (xd_ex el = x->op == XD_EX_LIST ? x->a : 0; el && !any; el = xd_expr_at(p, el)->next)
        any = binds(p, el);
    return any;
}

/* Where an answer stays, there must be some result before it. */
static void drop_answers(struct xd_program *p, struct xd_step *s)
{
    for (xd_at *head = &s->out; *head;)
        if (binds(p, p->item[*head].value))
            head = &p->item[*head].next;
        else
            *head = p->item[*head].next;
    if (!s->result || binds(p, s->result))
        return;
    s->result = s->out ? xd_program_expr(p, (struct xd_expr){.op = XD_EX_ANY, .depth = 1}) : 0;
}

void xd_program_drop_checks(struct xd_program *p)
{
    bool *gone = xd_zalloc(p->steps * sizeof(*gone));

    for (uint32_t i = 1; i < p->steps; i++) {
        struct xd_step *s = &p->step[i];

        if (s->kind >= XD_STEP_EXPECT_FRAME)
            gone[i] = !binds(p, s->result);
        else if (s->kind != XD_STEP_LET)
            drop_answers(p, s);
    }
    xd_program_drop_steps(p, gone);
    free(gone);
}

void xd_program_put_expr(struct xd_program *p, xd_ex e, struct xd_expr with)
{
    with.next = p->expr[e].next;
    p->expr[e] = with;
}

xd_at xd_program_append_item(struct xd_program *p, xd_at first, struct xd_item it)
{
    xd_at last = first, item = xd_program_item(p, it);

    while (last && p->item[last].next)
        last = p->item[last].next;
    if (last)
        p->item[last].next = item;
    return first ? first : item;
}
