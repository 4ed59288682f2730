/* SPDX-License-Identifier: MIT */
/*
 * mutate_value.c: mutation inside a step: its operation, its elements, its keys, its values. A value
 * is replaced by one of the kind that its place is about.
 */
#include "fuzz/mutator.h"

#include "program/parse.h"

#include <stdlib.h>
#include <string.h>

#define TRIES    8u
#define COPY_MAX 12u /* of the depth of what is copied to another place */

static void add_place(void *ctx, const struct xd_place *at)
{
    struct xd_mutator *m = ctx;

    if (at->checking || xd_place_defines(m->p, at))
        return;
    switch ((enum xd_expr_op)xd_expr_at(m->p, at->e)->op) {
    case XD_EX_WORD:
    case XD_EX_ERRNO:
    case XD_EX_ANY:
    case XD_EX_TEXT:
    case XD_EX_RANGE: return; /* the language wants these where they are */
    default: break;
    }
    if (m->places == m->cap) {
        m->cap = m->cap * 2 + 64;
        m->place = xd_realloc(m->place, m->cap * sizeof(*m->place));
    }
    m->place[m->places++] = *at;
}

/* ---- Values that are there already ---- */

static struct xd_expr copy_of(struct xd_mutator *m, xd_ex e);

static xd_ex add_copy(struct xd_mutator *m, xd_ex e)
{
    return e ? xd_program_expr(m->p, copy_of(m, e)) : 0;
}

static struct xd_expr copy_of(struct xd_mutator *m, xd_ex e)
{
    struct xd_expr x = *xd_expr_at(m->p, e);
    xd_ex last = 0;

    x.next = 0;
    switch ((enum xd_expr_op)x.op) {
    case XD_EX_NEG:
    case XD_EX_NOT:
    case XD_EX_BINARY:
    case XD_EX_SLOT:
        x.a = add_copy(m, x.a);
        x.b = add_copy(m, x.b);
        break;
    case XD_EX_FN:
    case XD_EX_LIST:
        for (xd_ex el = x.a; el; el = xd_expr_at(m->p, el)->next) {
            xd_ex copy = add_copy(m, el);

            if (last)
                m->p->expr[last].next = copy;
            else
                x.a = copy;
            last = copy;
        }
        break;
    default: break;
    }
    return x;
}

/* A value that stands in another place of the kind: false if none was met. */
static bool from_elsewhere(struct xd_mutator *m, const struct xd_place *to, unsigned int kind,
                           struct xd_expr *x)
{
    for (unsigned int i = 0; i < TRIES * 4; i++) {
        const struct xd_place *from = &m->place[xd_mut_below(m->chance, m->places)];
        const struct xd_expr *there = xd_expr_at(m->p, from->e);

        if (from->e == to->e || there->depth > COPY_MAX || xd_mut_kind(m->p, from) != kind)
            continue;
        *x = copy_of(m, from->e);
        return true;
    }
    return false;
}

/* A name that has been given to a value: ports mostly, and the pages of `let`. */
static bool from_names(struct xd_mutator *m, unsigned int kind, struct xd_expr *x)
{
    uint32_t slot_nr;

    if (!m->p->names || (kind != XD_K_PORT && kind != XD_K_MFN))
        return false;
    slot_nr = xd_mut_below(m->chance, m->p->names);
    if ((xd_text_at(m->p, m->p->name[slot_nr].name)[0] == '$') != (kind == XD_K_PORT))
        return false;
    *x = (struct xd_expr){
        .op = kind == XD_K_PORT ? XD_EX_CAPTURE : XD_EX_NAME, .depth = 1, .num = slot_nr};
    return true;
}

static uint64_t nearby(struct xd_mutator *m, uint64_t n)
{
    switch (xd_mut_below(m->chance, 5)) {
    case 0: return n + 1;
    case 1: return n - 1;
    case 2: return n ^ UINT64_C(1) << xd_mut_below(m->chance, 64);
    case 3: return n ^ UINT64_C(1) << xd_mut_below(m->chance, 12);
    default: return n * 2;
    }
}

static void change_value(struct xd_mutator *m, const struct xd_place *at)
{
    unsigned int kind = xd_mut_kind(m->p, at);
    uint32_t dice = xd_mut_below(m->chance, 100);
    struct xd_expr x = *xd_expr_at(m->p, at->e);

    if (dice < 25 && x.op == XD_EX_NUM)
        x = xd_mut_number(nearby(m, x.num));
    else if (dice >= 60 || !(from_names(m, kind, &x) || from_elsewhere(m, at, kind, &x)))
        x = xd_mut_make(m, kind);
    xd_program_put_expr(m->p, at->e, x);
}

/* ---- What surrounds values ---- */

static const struct xd_op *other_op(struct xd_mutator *m, const struct xd_group *g)
{
    return &g->ops[xd_mut_below(m->chance, (uint32_t)g->nr)];
}

/* The (n)th element of a batch, or 0. */
static xd_at element(const struct xd_program *p, const struct xd_step *s, uint32_t n)
{
    for (xd_at i = s->in; i; i = xd_item_at(p, i)->next)
        if (xd_item_at(p, i)->key == XD_KEY_ELEMENT && n-- == 0)
            return i;
    return 0;
}

static uint32_t elements(const struct xd_program *p, const struct xd_step *s)
{
    uint32_t n = 0;

    while (element(p, s, n))
        n++;
    return n;
}

static void change_operation(struct xd_mutator *m, struct xd_step *s)
{
    uint32_t n = elements(m->p, s);
    struct xd_item *it = n ? &m->p->item[element(m->p, s, xd_mut_below(m->chance, n))] : NULL;

    switch ((enum xd_shape)s->call->shape) {
    case XD_SHAPE_OPS:
    case XD_SHAPE_COMPAT: s->op = other_op(m, s->call->group); break;
    case XD_SHAPE_MMU:
        if (it)
            it->cmd = (uint8_t)xd_mut_below(m->chance, (uint32_t)xd_group_mmu.nr);
        break;
    case XD_SHAPE_MMUEXT:
        if (it && it->op)
            it->op = other_op(m, &xd_group_mmuext);
        break;
    case XD_SHAPE_PLAIN:
    case XD_SHAPE_MULTI: break;
    }
}

/* An element goes, or is there twice. */
static void change_elements(struct xd_mutator *m, struct xd_step *s)
{
    uint32_t n = elements(m->p, s);
    xd_at i = n ? element(m->p, s, xd_mut_below(m->chance, n)) : 0;
    xd_at *head = &s->in;

    if (!i)
        return;
    if (xd_mut_percent(m->chance, 60)) {
        struct xd_item copy = *xd_item_at(m->p, i);

        copy.value = add_copy(m, copy.value);
        copy.value2 = add_copy(m, copy.value2);
        i = xd_program_item(m->p, copy); /* its fields are the same ones */
        for (head = &s->in; xd_mut_percent(m->chance, 70) && *head;)
            head = &m->p->item[*head].next;
        m->p->item[i].next = *head;
        *head = i;
        return;
    }
    while (*head != i)
        head = &m->p->item[*head].next;
    *head = m->p->item[i].next;
}

/* A key that a call may have gets a value, or one that it has goes. */
static void change_keys(struct xd_mutator *m, struct xd_step *s)
{
    const unsigned int *keys = xd_keys_in(s->call);
    const struct xd_field *fields = s->op && s->op->fields ? s->op->fields() : NULL;
    uint32_t nr = 0, nr_fields = 0, at;
    unsigned int key, kind;
    xd_at *head = &s->in;

    while (keys[nr])
        nr++;
    while (fields && fields[nr_fields].name)
        nr_fields++;
    if (nr + nr_fields == 0)
        return;
    at = xd_mut_below(m->chance, nr + nr_fields);
    if (at >= nr && !fields)
        return;
    key = at < nr ? keys[at] : at - nr;
    kind = at < nr ? xd_mut_kind_of_key(key) : fields[key].kind;
    while (*head && xd_item_at(m->p, *head)->key != key)
        head = &m->p->item[*head].next;
    if (*head) {
        *head = m->p->item[*head].next;
        return;
    }
    at = xd_program_expr(m->p, xd_mut_make(m, kind));
    s->in = xd_program_append_item(m->p, s->in, (struct xd_item){.key = (uint8_t)key, .value = at});
}

static void change_call(struct xd_mutator *m, struct xd_step *s)
{
    bool batch = !s->raw && (s->call->shape == XD_SHAPE_MMU || s->call->shape == XD_SHAPE_MMUEXT);

    if (s->raw || s->call->shape == XD_SHAPE_PLAIN)
        return;
    switch (xd_mut_below(m->chance, 3)) {
    case 0: change_operation(m, s); break;
    case 1:
        if (batch) {
            change_elements(m, s);
            break;
        }
        /* fall through */
    default: change_keys(m, s); break;
    }
}

void xd_mutate_value(uint64_t *chance, struct xd_program *p)
{
    struct xd_mutator m = {.chance = chance, .p = p};
    struct xd_step *s;

    for (uint32_t i = 1; i < p->steps; i++)
        if (p->step[i].kind != XD_STEP_MACHINE && p->step[i].kind != XD_STEP_DOMAIN)
            xd_step_places(p, i, add_place, &m);
    for (unsigned int i = 0; i < TRIES && p->steps > 1; i++) {
        s = &p->step[1 + xd_mut_below(m.chance, p->steps - 1)];
        if (s->kind == XD_STEP_AT) {
            s->domain = xd_mut_below(m.chance, p->domains);
            s->vcpu = xd_mut_below(m.chance, 3);
            break;
        }
        if (m.places && xd_mut_percent(m.chance, 70)) {
            change_value(&m, &m.place[xd_mut_below(m.chance, m.places)]);
            break;
        }
        if (s->kind == XD_STEP_CALL) {
            change_call(&m, s);
            break;
        }
    }
    free(m.place);
}
