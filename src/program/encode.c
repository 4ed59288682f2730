/* SPDX-License-Identifier: MIT */
/*
 * encode.c: the arguments of calls, from a step to registers and guest memory.
 *
 * The rows of src/abi say where each field lies and how wide it is; only the three batches have
 * code of their own.
 */
#include "program/runner.h"

#include <stdlib.h>
#include <string.h>

struct encoder {
    struct xd_runner *r;
    struct xd_vcpu *v;
    const struct xd_program *p;
};

static void put_number(unsigned char *at, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        at[i] = (unsigned char)(value >> 8 * i);
}

/*
 * The value of what is written for an argument or field: lists and texts are put down, and give
 * their address.
 */
static bool written(const struct encoder *en, xd_ex e, unsigned int kind, uint64_t *value)
{
    const struct xd_expr *x = xd_expr_at(en->p, e);
    size_t size = kind == XD_K_PORTS ? 4 : 8;
    unsigned char *bytes;
    uint64_t one, i = 0;
    bool ok = true;

    if (x->op == XD_EX_TEXT) {
        *value = xd_area_put(en->r, en->v, xd_text_at(en->p, x->a), x->num + 1);
        return true;
    }
    if (x->op != XD_EX_LIST)
        return xd_eval(en->r, e, value);
    bytes = xd_zalloc(x->num * size);
    for (xd_ex el = x->a; el && ok; el = xd_expr_at(en->p, el)->next, i++) {
        ok = xd_eval(en->r, el, &one);
        if (ok)
            put_number(bytes + i * size, one, size);
    }
    if (ok)
        *value = xd_area_put(en->r, en->v, bytes, x->num * size);
    free(bytes);
    return ok;
}

static bool plain(const struct encoder *en, const struct xd_step *s, struct xd_encoded *c)
{
    unsigned int skip = s->raw ? 1 : 0;

    for (xd_at i = s->in; i; i = xd_item_at(en->p, i)->next) {
        const struct xd_item *it = xd_item_at(en->p, i);
        unsigned int kind = s->raw ? XD_K_NONE : s->call->arg[it->key].kind;
        uint64_t value;

        if (!written(en, it->value, kind, &value))
            return false;
        if (it->key < skip)
            c->nr = value;
        else
            c->arg[it->key - skip] = c->value[it->key - skip] = value;
    }
    return true;
}

/*
 * The field that says how long the list in field (f) is: the one behind it, or else the one before.
 */
static int length_field(const struct xd_field *fields, unsigned int f)
{
    const struct xd_field *after = &fields[f + 1];

    if (after->name && after->dir & XD_IN && (after->kind == XD_K_U32 || after->kind == XD_K_U64))
        return (int)f + 1;
    return f > 0 && (fields[f - 1].kind == XD_K_U32 || fields[f - 1].kind == XD_K_U64) ? (int)f - 1
                                                                                       : -1;
}

static bool fields(const struct encoder *en, const struct xd_op *op, xd_at items,
                   struct xd_encoded *c, unsigned char *to)
{
    const struct xd_field *f = op->fields();

    for (xd_at i = items; i; i = xd_item_at(en->p, i)->next) {
        const struct xd_item *it = xd_item_at(en->p, i);
        int length;

        if (it->key >= XD_KEY_FIELD_END)
            continue;
        XD_ALWAYS(it->key < XD_ARRAY_SIZE(c->value));
        if (!written(en, it->value, f[it->key].kind, &c->value[it->key]))
            return false;
        put_number(to + f[it->key].off, c->value[it->key], f[it->key].size);
        if (xd_expr_at(en->p, it->value)->op != XD_EX_LIST)
            continue;
        length = length_field(f, it->key);
        if (length < 0 || xd_item_find(en->p, items, (unsigned int)length))
            continue;
        c->value[length] = xd_expr_at(en->p, it->value)->num;
        put_number(to + f[length].off, c->value[length], f[length].size);
    }
    return true;
}

/* A sub-operation: its number in a register and its struct behind a pointer, or both behind one. */
static bool operation(const struct encoder *en, const struct xd_step *s, struct xd_encoded *c)
{
    bool compat = s->call->shape == XD_SHAPE_COMPAT;
    size_t head = compat ? 4 : 0, size = s->op ? s->op->size : 0;
    unsigned char bytes[1024 + 4] = {0};
    const struct xd_item *arg = xd_item_find(en->p, s->in, XD_KEY_ARG);
    uint64_t cmd, start;

    XD_ALWAYS(size <= 1024);
    if (!xd_eval_or(en->r, xd_item_find(en->p, s->in, XD_KEY_OP), s->op ? s->op->nr : 0, &cmd) ||
        !xd_eval_or(en->r, xd_item_find(en->p, s->in, XD_KEY_START), 0, &start))
        return false;
    cmd |= start << 6;
    put_number(bytes, cmd, head);
    if (size && !fields(en, s->op, s->in, c, bytes + head))
        return false;
    if (arg) {
        if (!written(en, arg->value, XD_K_PTR, &c->at))
            return false;
    } else if (size || compat) {
        c->at = xd_area_put(en->r, en->v, bytes, head + size);
    }
    c->arg[0] = compat ? c->at : cmd;
    c->arg[1] = compat ? 0 : c->at;
    c->at += c->at ? head : 0;
    return true;
}

static bool mmu_element(const struct encoder *en, const struct xd_item *it, unsigned char *to)
{
    uint64_t place, value;

    if (!xd_eval(en->r, it->value, &place) || !xd_eval(en->r, it->value2, &value))
        return false;
    if (it->cmd == 1)
        place *= XD_PAGE_SIZE;
    put_number(to, it->cmd == XD_CMD_RAW ? place : place | it->cmd, 8);
    put_number(to + 8, value, 8);
    return true;
}

static bool mmuext_element(const struct encoder *en, const struct xd_item *it, unsigned char *to)
{
    struct xd_encoded unused = {0};
    uint64_t cmd, arg1, arg2;

    if (!xd_eval_or(en->r, xd_item_find(en->p, it->sub, XD_KEY_CMD), it->op ? it->op->nr : 0,
                    &cmd) ||
        !xd_eval_or(en->r, xd_item_find(en->p, it->sub, XD_KEY_ARG1), 0, &arg1) ||
        !xd_eval_or(en->r, xd_item_find(en->p, it->sub, XD_KEY_ARG2), 0, &arg2))
        return false;
    put_number(to, cmd, 4);
    put_number(to + 8, arg1, 8);
    put_number(to + 16, arg2, 8);
    return !it->op || !it->op->fields || fields(en, it->op, it->sub, &unused, to);
}

static uint32_t elements(const struct xd_program *p, const struct xd_step *s)
{
    uint32_t n = 0;

    for (xd_at i = s->in; i; i = xd_item_at(p, i)->next)
        n += xd_item_at(p, i)->key == XD_KEY_ELEMENT;
    return n;
}

static bool element_list(const struct encoder *en, const struct xd_step *s, uint64_t *at)
{
    bool mmu = s->call->shape == XD_SHAPE_MMU, ok = true;
    size_t size = mmu ? sizeof(struct xd_abi_mmu_update) : sizeof(struct xd_abi_mmuext_op), n = 0;
    unsigned char *bytes = xd_zalloc(elements(en->p, s) * size);

    for (xd_at i = s->in; i && ok; i = xd_item_at(en->p, i)->next) {
        const struct xd_item *it = xd_item_at(en->p, i);

        if (it->key != XD_KEY_ELEMENT)
            continue;
        ok = mmu ? mmu_element(en, it, bytes + n) : mmuext_element(en, it, bytes + n);
        n += size;
    }
    if (ok)
        *at = xd_area_put(en->r, en->v, bytes, n);
    free(bytes);
    return ok;
}

static bool batch(const struct encoder *en, const struct xd_step *s, struct xd_encoded *c)
{
    const struct xd_item *list = xd_item_find(en->p, s->in, XD_KEY_LIST);
    const struct xd_item *done = xd_item_find(en->p, s->in, XD_KEY_PDONE);
    const struct xd_item *pfd = xd_item_find(en->p, s->in, XD_KEY_PFD);
    unsigned char preset[4];
    uint64_t foreign;

    put_number(preset, XD_DONE_PRESET, sizeof(preset));
    /* Before the list, so that a count that is too large never reaches it. */
    if (!done)
        c->arg[2] = xd_area_put(en->r, en->v, preset, sizeof(preset));
    else if (!xd_eval(en->r, done->value, &c->arg[2]))
        return false;
    if (list ? !xd_eval(en->r, list->value, &c->arg[0]) : !element_list(en, s, &c->arg[0]))
        return false;
    if (!xd_eval_or(en->r, xd_item_find(en->p, s->in, XD_KEY_COUNT), elements(en->p, s),
                    &c->arg[1]) ||
        !xd_eval_or(en->r, xd_item_find(en->p, s->in, XD_KEY_FD), XD_DOMID_SELF, &c->arg[3]) ||
        !xd_eval_or(en->r, pfd, 0, &foreign))
        return false;
    if (pfd)
        c->arg[3] |= (foreign + 1) << 16;
    c->done = c->arg[2];
    return true;
}

static bool block(const struct encoder *en, uint32_t at, struct xd_encoded *enc)
{
    const struct xd_step *s = &en->p->step[at];
    const struct xd_item *list = xd_item_find(en->p, s->in, XD_KEY_LIST);
    unsigned char *bytes;
    uint64_t n = 0;
    bool ok = true;

    for (uint32_t k = 1; k <= s->parts; k += 1 + en->p->step[at + k].parts)
        n += en->p->step[at + k].kind == XD_STEP_CALL;
    bytes = xd_zalloc(n * sizeof(struct xd_abi_multicall_entry));
    n = 0;
    for (uint32_t k = 1; k <= s->parts && ok; k += 1 + en->p->step[at + k].parts) {
        unsigned char *entry = bytes + n * sizeof(struct xd_abi_multicall_entry);

        if (en->p->step[at + k].kind != XD_STEP_CALL)
            continue;
        ok = xd_encode(en->r, en->v, at + k, &enc[k]);
        put_number(entry, enc[k].nr, 8);
        put_number(entry + 8, UINT64_C(0xdddddddddddddddd), 8);
        for (unsigned int i = 0; i < XD_CALL_ARGS; i++)
            put_number(entry + 16 + 8 * i, enc[k].arg[i], 8);
        n++;
    }
    if (ok && list)
        ok = xd_eval(en->r, list->value, &enc->arg[0]);
    else if (ok)
        enc->arg[0] = xd_area_put(en->r, en->v, bytes, n * sizeof(struct xd_abi_multicall_entry));
    free(bytes);
    return ok && xd_eval_or(en->r, xd_item_find(en->p, s->in, XD_KEY_COUNT), n, &enc->arg[1]);
}

bool xd_encode(struct xd_runner *r, struct xd_vcpu *v, uint32_t at, struct xd_encoded *enc)
{
    const struct encoder en = {r, v, r->p};
    const struct xd_step *s = &r->p->step[at];

    *enc = (struct xd_encoded){.nr = s->call ? s->call->nr : 0};
    if (s->raw)
        return plain(&en, s, enc);
    XD_ALWAYS(s->call != NULL);
    switch ((enum xd_shape)s->call->shape) {
    case XD_SHAPE_OPS:
    case XD_SHAPE_COMPAT: return operation(&en, s, enc);
    case XD_SHAPE_MMU:
    case XD_SHAPE_MMUEXT: return batch(&en, s, enc);
    case XD_SHAPE_MULTI: return block(&en, at, enc);
    case XD_SHAPE_PLAIN: break;
    }
    return plain(&en, s, enc);
}
