/* SPDX-License-Identifier: MIT */
/*
 * emit_call.c: a call in C: its operands as structs that Xen's headers declare, the call, and what is looked at
 * afterwards. Operands of entries of a list have the entry's number behind their names.
 */
#include "program/emit.h"

#include "abi/reject.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SCHED_OP 29u /* Xen's headers call the old form sched_op */
#define ARCH_0   48u /* from here on their names are of no architecture */

static void free_call(struct xd_emit_call *c)
{
    xd_str_free(&c->cmd);
    for (unsigned int i = 0; i < XD_CALL_ARGS; i++)
        xd_str_free(&c->arg[i]);
}

/* A list or text is put down first; (var) then names its address. */
static bool put_first(struct xd_emitter *em, xd_ex e, unsigned int kind, const char *var,
                      struct xd_str *value)
{
    const struct xd_expr *x = xd_expr_at(em->p, e);
    struct xd_str list = {0};
    unsigned int n = 0;
    bool ok = true;

    if (x->op == XD_EX_TEXT) {
        xd_str_addf(em->out, "        uint64_t %s = sc_put(&s, ", var);
        xd_emit_text(em->out, xd_text_at(em->p, x->a), x->num);
        xd_str_addf(em->out, ", %" PRIu64 ");\n", x->num + 1);
    } else if (x->op == XD_EX_LIST) {
        for (xd_ex a = x->a; a && ok; a = xd_expr_at(em->p, a)->next, n++) {
            xd_str_add(&list, n ? ", " : "");
            ok = xd_emit_expr(em, a, &list);
        }
        if (n)
            xd_str_addf(em->out,
                        "        uint64_t %s = sc_put%u(&s, %u, (const uint64_t[]){%s});\n", var,
                        kind == XD_K_PORTS ? 4 : 8, n, xd_str_text(&list));
        else
            xd_str_addf(em->out, "        uint64_t %s = sc_put(&s, NULL, 0);\n", var);
        xd_str_free(&list);
    } else {
        return xd_emit_expr(em, e, value);
    }
    xd_str_add(value, var);
    return ok;
}

void xd_emit_list_name(const struct xd_emit_call *c, const char *name, char *buf, size_t n)
{
    snprintf(buf, n, "%s_list%s", name, c->tag);
}

/* ---- Operands ---- */

static int length_field(const struct xd_field *fields, unsigned int f)
{
    const struct xd_field *after = &fields[f + 1];

    if (after->name && after->dir & XD_IN && (after->kind == XD_K_U32 || after->kind == XD_K_U64))
        return (int)f + 1;
    return f > 0 && (fields[f - 1].kind == XD_K_U32 || fields[f - 1].kind == XD_K_U64) ? (int)f - 1
                                                                                       : -1;
}

/* One field of the operand called (var). */
static void set(struct xd_emitter *em, const char *type, const char *var, const struct xd_field *f,
                const char *value)
{
    if (type)
        xd_str_addf(em->out, "        SC_SET(%s.%s, %s);\n", var, f->member, value);
    else
        xd_str_addf(em->out, "        sc_store_at(%s, %u, %u, %s); /* %s */\n", var, f->off,
                    f->size, value, f->name);
}

static bool fields(struct xd_emitter *em, const struct xd_emit_call *c, const char *type,
                   const char *var, const struct xd_op *op, xd_at items)
{
    const struct xd_field *f = op->fields();
    bool ok = true;

    for (xd_at i = items; i && ok; i = xd_item_at(em->p, i)->next) {
        const struct xd_item *it = xd_item_at(em->p, i);
        const struct xd_expr *x = xd_expr_at(em->p, it->value);
        struct xd_str value = {0};
        char list[80];
        int length;

        if (it->key >= XD_KEY_FIELD_END)
            continue;
        xd_emit_list_name(c, f[it->key].name, list, sizeof(list));
        ok = put_first(em, it->value, f[it->key].kind, list, &value);
        if (ok)
            set(em, type, var, &f[it->key], xd_str_text(&value));
        xd_str_free(&value);
        length = x->op == XD_EX_LIST ? length_field(f, it->key) : -1;
        if (!ok || length < 0 || xd_item_find(em->p, items, (unsigned int)length))
            continue;
        xd_str_addf(&value, "%" PRIu64, x->num);
        set(em, type, var, &f[length], xd_str_text(&value));
        xd_str_free(&value);
    }
    return ok;
}

static bool or_number(struct xd_emitter *em, const struct xd_item *it, uint64_t otherwise,
                      struct xd_str *out)
{
    if (it)
        return xd_emit_expr(em, it->value, out);
    xd_str_addf(out, otherwise > 9 ? "%#" PRIx64 : "%" PRIu64, otherwise);
    return true;
}

static bool operation(struct xd_emitter *em, struct xd_emit_call *c)
{
    const struct xd_step *s = &em->p->step[c->at];
    const struct xd_item *arg = xd_item_find(em->p, s->in, XD_KEY_ARG),
                         *start = xd_item_find(em->p, s->in, XD_KEY_START),
                         *number = xd_item_find(em->p, s->in, XD_KEY_OP);
    bool compat = s->call->shape == XD_SHAPE_COMPAT;
    struct xd_str cmd = {0}, value = {0};
    char var[32], buf[64];
    const char *type =
        s->op && s->op->size ? xd_emit_type_of(s->call, s->op, buf, sizeof(buf)) : NULL;
    bool ok = true;

    if (number || !s->op)
        ok = or_number(em, number, 0, &cmd);
    else if (s->call->group == &xd_group_physdev || s->call->group == &xd_group_nmi)
        xd_str_addf(&cmd, "%" PRIu32 " /* %s */", s->op->nr,
                    s->op->name); /* named otherwise there */
    else
        xd_str_addf(&cmd, "%s_%s", s->call->group->name, s->op->name);
    if (ok && start) {
        xd_str_add(&cmd, " | (");
        ok = xd_emit_expr(em, start->value, &cmd);
        xd_str_add(&cmd, ") << 6");
    }
    snprintf(var, sizeof(var), "op%s", c->tag);
    if (ok && s->op && s->op->size && !arg) {
        if (type)
            xd_str_addf(em->out, "        struct %s %s = {0};\n", type, var);
        else
            xd_str_addf(em->out, "        unsigned char %s[%u] = {0};\n", var, s->op->size);
        if (compat)
            xd_str_addf(em->out, "        uint32_t cmd%s = (uint32_t)(%s);\n", c->tag,
                        xd_str_text(&cmd));
        ok = fields(em, c, type, var, s->op, s->in);
    } else if (ok && s->op && s->op->size) {
        for (xd_at i = s->in; i && ok; i = xd_item_at(em->p, i)->next)
            if (xd_item_at(em->p, i)->key < XD_KEY_FIELD_END)
                ok = xd_emit_refuse(em, "arg= beside fields");
    }
    if (ok && arg) {
        snprintf(var, sizeof(var), "arg%s", c->tag);
        ok = put_first(em, arg->value, XD_K_PTR, var, &value);
        xd_str_addf(em->out, "        uint64_t at%s = %s;\n", c->tag, xd_str_text(&value));
    } else if (ok && compat) {
        if (!s->op || !s->op->size)
            xd_str_addf(em->out,
                        "        uint64_t at%s = sc_put_compat(&s, (uint32_t)(%s), NULL, 0);\n",
                        c->tag, xd_str_text(&cmd));
        else
            xd_str_addf(em->out,
                        "        uint64_t at%s = sc_put_compat(&s, cmd%s, &%s, sizeof(%s));\n",
                        c->tag, c->tag, var, var);
    } else if (ok && s->op && s->op->size) {
        xd_str_addf(em->out, "        uint64_t at%s = sc_put(&s, &%s, sizeof(%s));\n", c->tag, var,
                    var);
    }
    if (compat) {
        xd_str_addf(&c->arg[0], "at%s", c->tag);
    } else {
        xd_str_add(&c->arg[0], xd_str_text(&cmd));
        if (arg || (s->op && s->op->size))
            xd_str_addf(&c->arg[1], "at%s", c->tag);
    }
    xd_str_free(&cmd);
    xd_str_free(&value);
    return ok;
}

static bool mmu_element(struct xd_emitter *em, const struct xd_item *it, const char *var,
                        unsigned int i)
{
    static const char *const cmds[] = {"", " | MMU_MACHPHYS_UPDATE", " | MMU_PT_UPDATE_PRESERVE_AD",
                                       " | 3"};
    struct xd_str ptr = {0}, val = {0};
    bool ok = xd_emit_expr(em, it->value, &ptr) && xd_emit_expr(em, it->value2, &val);

    if (it->cmd == XD_CMD_RAW || it->cmd == 0)
        xd_str_addf(em->out, "        %s[%u].ptr = %s;\n", var, i, xd_str_text(&ptr));
    else
        xd_str_addf(em->out,
                    it->cmd == 1 ? "        %s[%u].ptr = sc_mach(%s)%s;\n"
                                 : "        %s[%u].ptr = %s%s;\n",
                    var, i, xd_str_text(&ptr), cmds[it->cmd & 3]);
    xd_str_addf(em->out, "        %s[%u].val = %s;\n", var, i, xd_str_text(&val));
    xd_str_free(&ptr);
    xd_str_free(&val);
    return ok;
}

static bool mmuext_element(struct xd_emitter *em, const struct xd_emit_call *c,
                           const struct xd_item *it, const char *var, unsigned int i)
{
    static const struct {
        unsigned int key;
        const char *name;
    } raw[] = {{XD_KEY_CMD, "cmd"}, {XD_KEY_ARG1, "arg1"}, {XD_KEY_ARG2, "arg2"}};
    struct xd_emit_call part_of = {.at = c->at};
    char element[48];
    bool ok = true;

    snprintf(part_of.tag, sizeof(part_of.tag), "%.8s_%u", c->tag, i);
    snprintf(element, sizeof(element), "%s[%u]", var, i);
    if (it->op)
        xd_str_addf(em->out, "        %s.cmd = MMUEXT_%s;\n", element, it->op->name);
    for (size_t k = 0; k < XD_ARRAY_SIZE(raw) && ok; k++) {
        const struct xd_item *part = xd_item_find(em->p, it->sub, raw[k].key);
        struct xd_str value = {0};

        if (part && (ok = xd_emit_expr(em, part->value, &value)))
            xd_str_addf(em->out, "        SC_SET(%s.%s, %s);\n", element, raw[k].name,
                        xd_str_text(&value));
        xd_str_free(&value);
    }
    return ok && (!it->op || !it->op->fields ||
                  fields(em, &part_of, "mmuext_op", element, it->op, it->sub));
}

static bool elements(struct xd_emitter *em, struct xd_emit_call *c, unsigned int n)
{
    const struct xd_step *s = &em->p->step[c->at];
    bool mmu = s->call->shape == XD_SHAPE_MMU, ok = true;
    char var[32];
    unsigned int k = 0;

    snprintf(var, sizeof(var), "req%s", c->tag);
    if (n)
        xd_str_addf(em->out, "        struct %s %s[%u] = {0};\n", mmu ? "mmu_update" : "mmuext_op",
                    var, n);
    for (xd_at i = s->in; i && ok; i = xd_item_at(em->p, i)->next) {
        const struct xd_item *it = xd_item_at(em->p, i);

        if (it->key == XD_KEY_ELEMENT)
            ok = mmu ? mmu_element(em, it, var, k++) : mmuext_element(em, c, it, var, k++);
    }
    xd_str_addf(em->out,
                n ? "        uint64_t list%s = sc_put(&s, %s, sizeof(%s));\n"
                  : "        uint64_t list%s = sc_put(&s, NULL, 0);\n",
                c->tag, var, var);
    xd_str_addf(&c->arg[0], "list%s", c->tag);
    return ok;
}

static bool batch(struct xd_emitter *em, struct xd_emit_call *c)
{
    const struct xd_step *s = &em->p->step[c->at];
    const struct xd_item *list = xd_item_find(em->p, s->in, XD_KEY_LIST),
                         *done = xd_item_find(em->p, s->in, XD_KEY_PDONE),
                         *fd = xd_item_find(em->p, s->in, XD_KEY_FD),
                         *pfd = xd_item_find(em->p, s->in, XD_KEY_PFD);
    struct xd_str value = {0};
    unsigned int n = 0;
    bool ok = true;

    for (xd_at i = s->in; i; i = xd_item_at(em->p, i)->next)
        n += xd_item_at(em->p, i)->key == XD_KEY_ELEMENT;
    if (done)
        ok = xd_emit_expr(em, done->value, &value);
    else
        xd_str_add(&value, "sc_put4(&s, 1, (const uint64_t[]){SC_DONE_PRESET})");
    xd_str_addf(em->out, "        uint64_t done%s = %s;\n", c->tag, xd_str_text(&value));
    xd_str_free(&value);
    ok = ok && (list ? xd_emit_expr(em, list->value, &c->arg[0]) : elements(em, c, n)) &&
         or_number(em, xd_item_find(em->p, s->in, XD_KEY_COUNT), n, &c->arg[1]);
    xd_str_addf(&c->arg[2], "done%s", c->tag);
    if (ok && fd)
        ok = xd_emit_expr(em, fd->value, &c->arg[3]);
    else
        xd_str_add(&c->arg[3], "DOMID_SELF");
    if (ok && pfd) {
        xd_str_add(&c->arg[3], " | (UINT64_C(1) + ");
        ok = xd_emit_expr(em, pfd->value, &c->arg[3]);
        xd_str_add(&c->arg[3], ") << 16");
    }
    return ok;
}

static bool plain(struct xd_emitter *em, struct xd_emit_call *c)
{
    const struct xd_step *s = &em->p->step[c->at];
    unsigned int skip = s->raw ? 1 : 0;
    bool ok = true;

    for (xd_at i = s->in; i && ok; i = xd_item_at(em->p, i)->next) {
        const struct xd_item *it = xd_item_at(em->p, i);
        const struct xd_field *f = s->raw ? NULL : &s->call->arg[it->key];
        struct xd_str value = {0};
        char list[80];

        if (f)
            xd_emit_list_name(c, f->name, list, sizeof(list));
        else
            snprintf(list, sizeof(list), "arg%u%s", it->key, c->tag);
        ok = put_first(em, it->value, f ? f->kind : XD_K_NONE, list, &value);
        xd_str_add(it->key < skip ? &c->cmd : &c->arg[it->key - skip], xd_str_text(&value));
        xd_str_free(&value);
    }
    return ok;
}

static bool number_of(struct xd_emitter *em, struct xd_emit_call *c);

static void registers(struct xd_emitter *em, const struct xd_emit_call *c)
{
    unsigned int last = XD_CALL_ARGS;

    while (last && !c->arg[last - 1].len)
        last--;
    for (unsigned int i = 0; i < last; i++)
        xd_str_addf(em->out, ", %s", c->arg[i].len ? xd_str_text(&c->arg[i]) : "0");
}

/* ---- Lists ---- */

static bool entries(struct xd_emitter *em, struct xd_emit_call *c)
{
    const struct xd_step *s = &em->p->step[c->at];
    const struct xd_item *list = xd_item_find(em->p, s->in, XD_KEY_LIST);
    struct xd_str rows = {0}, after = {0}, *out = em->out;
    unsigned int n = 0;
    bool ok = true;

    for (uint32_t k = 1; k <= s->parts && ok; k++) {
        struct xd_emit_call e = {.at = c->at + k};

        if (em->p->step[e.at].kind != XD_STEP_CALL)
            continue;
        if (em->p->step[e.at].parts || em->p->step[e.at].depth != s->depth + 1)
            ok = xd_emit_refuse(em, "a list in a list");
        snprintf(e.tag, sizeof(e.tag), "_%u", n);
        ok = ok && number_of(em, &e);
        xd_str_addf(&rows,
                    "        list[%u].op = %s;\n        list[%u].result = "
                    "0xdddddddddddddddd;\n",
                    n, xd_str_text(&e.cmd), n);
        for (unsigned int i = 0; i < XD_CALL_ARGS; i++)
            if (e.arg[i].len)
                xd_str_addf(&rows, "        list[%u].args[%u] = %s;\n", n, i,
                            xd_str_text(&e.arg[i]));
        em->out = &after;
        ok = ok && xd_emit_outcome(em, &e);
        em->out = out;
        free_call(&e);
        n++;
    }
    if (n)
        xd_str_addf(out, "        struct multicall_entry list[%u] = {0};\n%s", n,
                    xd_str_text(&rows));
    if (list)
        ok = ok && xd_emit_expr(em, list->value, &c->arg[0]);
    else
        xd_str_add(&c->arg[0], n ? "sc_put(&s, list, sizeof(list))" : "sc_put(&s, NULL, 0)");
    ok = ok && or_number(em, xd_item_find(em->p, s->in, XD_KEY_COUNT), n, &c->arg[1]);
    xd_str_addf(out, "%s        sc_call(&s, __HYPERVISOR_multicall",
                n && list ? "        (void)list;\n" : "");
    registers(em, c);
    xd_str_addf(out, ");\n%s", xd_str_text(&after));
    xd_str_free(&rows);
    xd_str_free(&after);
    return ok && xd_emit_outcome(em, c);
}

/* Writes the operands; (c) then says what the registers hold. */
static bool number_of(struct xd_emitter *em, struct xd_emit_call *c)
{
    const struct xd_step *s = &em->p->step[c->at];

    if (s->raw)
        return plain(em, c);
    if (s->call->nr >= ARCH_0)
        xd_str_addf(&c->cmd, "%u /* %s */", s->call->nr, s->call->name);
    else
        xd_str_addf(&c->cmd, "__HYPERVISOR_%s%s", s->call->name,
                    s->call->nr == SCHED_OP ? "_new" : "");
    switch ((enum xd_shape)s->call->shape) {
    case XD_SHAPE_OPS:
    case XD_SHAPE_COMPAT: return operation(em, c);
    case XD_SHAPE_MMU:
    case XD_SHAPE_MMUEXT: return batch(em, c);
    case XD_SHAPE_PLAIN: return plain(em, c);
    case XD_SHAPE_MULTI: break;
    }
    return xd_emit_refuse(em, "a list in a list");
}

bool xd_emit_call(struct xd_emitter *em, uint32_t at)
{
    const struct xd_step *s = &em->p->step[at];
    struct xd_emit_call c = {.at = at};
    bool ok;

    xd_str_add(em->out, "    {\n");
    if (!s->raw && s->call->shape == XD_SHAPE_MULTI) {
        ok = entries(em, &c);
    } else {
        ok = number_of(em, &c);
        xd_str_addf(em->out, "        sc_call(&s, %s", xd_str_text(&c.cmd));
        registers(em, &c);
        xd_str_add(em->out, ");\n");
        ok = ok && xd_emit_outcome(em, &c);
    }
    xd_str_add(em->out, "    }\n");
    free_call(&c);
    return ok;
}
