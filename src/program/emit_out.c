/* SPDX-License-Identifier: MIT */
/* emit_out.c: what a call answered and wrote, looked at in C. */
#include "program/emit.h"

#include "abi/reject.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *xd_emit_type_of(const struct xd_call *call, const struct xd_op *op, char *buf, size_t n)
{
    static const char *const others[][2] = {
        {"memory_reservation", "xen_memory_reservation"},
        {"memory_exchange", "xen_memory_exchange"},
        {"memory_domid", "xen_memory_domain"},
        {"memory_machphys_mfn_list", "xen_machphys_mfn_list"},
        {"memory_machphys_mapping", "xen_machphys_mapping"},
        {"memory_add_to_physmap", "xen_add_to_physmap"},
        {"memory_add_to_physmap_batch", "xen_add_to_physmap_range"},
        {"memory_remove_from_physmap", "xen_remove_from_physmap"},
        {"memory_map", "xen_memory_map"},
        {"memory_foreign_map", "xen_foreign_memory_map"},
        {"memory_pod_target", "xen_pod_target"},
        {"memory_rdm_map", "xen_reserved_device_memory_map"},
        {"memory_resource", "xen_mem_acquire_resource"},
    };

    for (size_t i = 0; i < XD_ARRAY_SIZE(others); i++)
        if (!strcmp(op->type, others[i][0]))
            return others[i][1];
    if (!strcmp(op->type, "evtchn_port")) {
        snprintf(buf, n, "evtchn_%s", op->name);
        return buf;
    }
    return !strncmp(op->type, "evtchn_", 7) || !strncmp(op->type, "sched_", 6) ||
                   !strncmp(op->type, "callback_", 9) || call->shape == XD_SHAPE_MMUEXT
               ? op->type
               : NULL;
}

bool xd_emit_check(struct xd_emitter *em, const char *what, const char *size, xd_ex want,
                   const char *got)
{
    const struct xd_expr *x = xd_expr_at(em->p, want);
    struct xd_str value = {0};
    bool ok;

    if (!want || x->op == XD_EX_ANY)
        return true;
    if (x->op == XD_EX_BIND) {
        xd_str_addf(em->out, "        %s = %s;\n", em->name[x->num], got);
        return true;
    }
    ok = xd_emit_expr(em, want, &value);
    xd_str_addf(em->out, "        sc_equal(&s, \"%s\", %s, %s, %s);\n", what, size,
                xd_str_text(&value), got);
    xd_str_free(&value);
    return ok;
}

/* Where something of the call's lies: in the variable (var), or where the run had it. */
static void place(const struct xd_emit_call *c, const char *var, uint64_t known, char *buf,
                  size_t n)
{
    if (c->raw)
        snprintf(buf, n, "UINT64_C(%#" PRIx64 ")", known);
    else
        snprintf(buf, n, "%s%s", var, c->tag);
}

static bool check_list(struct xd_emitter *em, const struct xd_field *f, xd_ex list, const char *at)
{
    unsigned int size = f->kind == XD_K_PORTS ? 4 : 8, n = 0;
    char what[96], got[256], bytes[8];
    bool ok = true;

    snprintf(bytes, sizeof(bytes), "%u", size);
    for (xd_ex e = xd_expr_at(em->p, list)->a; e && ok; e = xd_expr_at(em->p, e)->next, n++) {
        snprintf(what, sizeof(what), "%s[%u]", f->name, n);
        snprintf(got, sizeof(got), "sc_read(&s, \"%s\", %s + %u, %u)", f->name, at, n * size, size);
        ok = xd_emit_check(em, what, bytes, e, got);
    }
    return ok;
}

static bool check_text(struct xd_emitter *em, const char *name, xd_ex e, const char *at,
                       uint64_t room)
{
    const struct xd_expr *x = xd_expr_at(em->p, e);

    xd_str_addf(em->out, "        sc_text(&s, \"%s\", %s, %" PRIu64 ", ", name, at, room);
    xd_emit_text(em->out, xd_text_at(em->p, x->a), x->num);
    xd_str_addf(em->out, ", %" PRIu64 ");\n", x->num);
    return true;
}

static bool check_field(struct xd_emitter *em, const struct xd_emit_call *c, unsigned int key,
                        xd_ex e)
{
    const struct xd_step *s = &em->p->step[c->at];
    const struct xd_field *f = &s->op->fields()[key];
    const struct xd_expr *x = xd_expr_at(em->p, e);
    const struct xd_item *in = xd_item_find(em->p, s->in, key);
    char at[256], got[400], size[16], buf[64];
    const char *type = xd_emit_type_of(s->call, s->op, buf, sizeof(buf));

    if (x->op == XD_EX_LIST) {
        if (!c->raw && !(in && xd_expr_at(em->p, in->value)->op == XD_EX_LIST))
            return xd_emit_refuse(em, "%s= is looked at as a list, and is none", f->name);
        snprintf(buf, sizeof(buf), "%s_list", f->name);
        place(c, buf, c->raw ? c->raw->value[key] : 0, at, sizeof(at));
        return check_list(em, f, e, at);
    }
    place(c, s->call->shape == XD_SHAPE_COMPAT ? "4 + at" : "at", c->raw ? c->raw->at + f->off : 0,
          at, sizeof(at));
    if (!c->raw && type)
        snprintf(at + strlen(at), sizeof(at) - strlen(at), " + offsetof(struct %s, %s)", type,
                 f->member);
    else if (!c->raw)
        snprintf(at + strlen(at), sizeof(at) - strlen(at), " + %u", f->off);
    if (x->op == XD_EX_TEXT)
        return check_text(em, f->name, e, at, f->size);
    snprintf(size, sizeof(size), "%u", f->size > 8 ? 8 : f->size);
    snprintf(got, sizeof(got), "sc_read(&s, \"%s\", %s, %s)", f->name, at, size);
    return xd_emit_check(em, f->name, size, e, got);
}

/* What stands where a PLAIN argument points. */
static bool check_pointed(struct xd_emitter *em, const struct xd_emit_call *c, unsigned int key,
                          xd_ex e)
{
    const struct xd_step *s = &em->p->step[c->at];
    const struct xd_expr *x = xd_expr_at(em->p, e);
    const struct xd_field *f = &s->call->arg[key];
    char at[48], var[32], got[160];

    if (*c->tag && !c->raw)
        return xd_emit_refuse(em, "what an argument of an entry points at");
    snprintf(var, sizeof(var), "s.arg[%u]", key);
    place(c, var, c->raw ? c->raw->value[key] : 0, at, sizeof(at));
    if (x->op == XD_EX_LIST)
        return check_list(em, f, e, at);
    if (x->op == XD_EX_TEXT)
        return check_text(em, f->name, e, at, x->num);
    snprintf(got, sizeof(got), "sc_read(&s, \"%s\", %s, 8)", f->name, at);
    return xd_emit_check(em, f->name, "8", e, got);
}

static bool check_done(struct xd_emitter *em, const struct xd_emit_call *c, xd_ex e)
{
    char at[48], got[96];

    place(c, "done", c->raw ? c->raw->done : 0, at, sizeof(at));
    if (xd_expr_at(em->p, e)->op == XD_EX_WORD) { /* not written; or there is none */
        xd_str_addf(em->out, "        if (%s)\n            sc_done(&s, %s, SC_DONE_PRESET);\n", at,
                    at);
        return true;
    }
    snprintf(got, sizeof(got), "sc_read(&s, \"done\", %s, 4)", at);
    return xd_emit_check(em, "done", "4", e, got);
}

static bool outs(struct xd_emitter *em, const struct xd_emit_call *c)
{
    const struct xd_step *s = &em->p->step[c->at];
    const bool fields = s->op && s->op->fields;
    bool ok = true;

    for (xd_at i = s->out; i && ok; i = xd_item_at(em->p, i)->next) {
        const struct xd_item *it = xd_item_at(em->p, i);
        char why[XD_WHY_NAME_MAX];

        if (it->key == XD_KEY_WHY) {
            xd_why_name((enum xd_why)xd_expr_at(em->p, it->value)->num, why);
            if (*c->tag)
                xd_str_addf(em->out, "        sc_entry_why(&s, %s, \"%s\");\n", c->tag + 1, why);
            else
                xd_str_addf(em->out, "        sc_why(&s, \"%s\");\n", why);
        } else if (it->key == XD_KEY_DONE) {
            ok = check_done(em, c, it->value);
        } else if (it->key == XD_KEY_BLOCKED) {
            if (!em->event[em->now].again) /* then it was, while the list slept */
                xd_str_add(em->out, "        sc_blocked(&s);\n");
        } else if (fields) {
            ok = check_field(em, c, it->key, it->value);
        } else {
            ok = check_pointed(em, c, it->key, it->value);
        }
    }
    return ok;
}

/* An entry's result is read where the list lies: Xen writes it there. */
static bool result(struct xd_emitter *em, const struct xd_emit_call *c)
{
    const struct xd_step *s = &em->p->step[c->at];
    const struct xd_expr *x = xd_expr_at(em->p, s->result);
    const char *entry = *c->tag ? c->tag + 1 : NULL;
    struct xd_str want = {0};
    bool ok = true;

    if (!s->result || x->op == XD_EX_ANY)
        return true;
    if (x->op == XD_EX_BIND) {
        xd_str_addf(em->out,
                    entry ? "        %s = sc_entry_rc(&s, %s);\n"
                          : "        %s = (uint64_t)s.rc;\n",
                    em->name[x->num], entry);
        return true;
    }
    ok = xd_emit_expr(em, s->result, &want);
    if (entry)
        xd_str_addf(em->out, "        sc_entry_result(&s, %s, %s);\n", entry, xd_str_text(&want));
    else
        xd_str_addf(em->out, "        sc_result(&s, %s);\n", xd_str_text(&want));
    xd_str_free(&want);
    return ok;
}

bool xd_emit_outcome(struct xd_emitter *em, const struct xd_emit_call *c)
{
    const struct xd_step *s = &em->p->step[c->at];
    bool ok;

    if (*c->tag && s->result && xd_expr_at(em->p, s->result)->op == XD_EX_ANY)
        xd_str_addf(em->out, "        sc_entry_ran(&s, %s);\n", c->tag + 1);
    else if (*c->tag && !s->result && s->out)
        xd_str_addf(em->out, "        if (s.entries > %s) {\n", c->tag + 1);
    ok = result(em, c) && outs(em, c);
    if (*c->tag && !s->result && s->out)
        xd_str_add(em->out, "        }\n");
    return ok;
}
