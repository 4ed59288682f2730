/* SPDX-License-Identifier: MIT */
/* emit_expr.c: expressions in C: numbers of 64 bits without a sign. */
#include "program/emit.h"

#include "base/lexer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void xd_emit_number(struct xd_str *out, uint64_t n, bool hex)
{
    char digits[32];

    snprintf(digits, sizeof(digits), hex || n > UINT32_MAX ? "%#" PRIx64 : "%" PRIu64, n);
    if (n > INT32_MAX)
        xd_str_addf(out, "UINT64_C(%s)", digits);
    else
        xd_str_add(out, digits);
}

/* A number where C would compute with int. */
static void operand_number(struct xd_str *out, const struct xd_expr *x)
{
    xd_str_addf(out, x->sub == 16 ? "UINT64_C(%#" PRIx64 ")" : "UINT64_C(%" PRIu64 ")", x->num);
}

/* DOMID_SELF, VIRQ_TIMER; others are numbers with their name beside them. */
static void constant(struct xd_emitter *em, const struct xd_expr *x, struct xd_str *out,
                     bool operand)
{
    const char *name = xd_text_at(em->p, x->a);

    for (const struct xd_flag_row *f = xd_flag_rows(); f->name; f++)
        if (!strcmp(f->name, name) && f->value == x->num) {
            xd_str_addf(out, "SC_%s", name);
            return;
        }
    if (!strcmp(name, "SELF") && x->num == 0x7ff0) {
        xd_str_add(out, "DOMID_SELF");
        return;
    }
    if (operand)
        operand_number(out, x);
    else
        xd_emit_number(out, x->num, x->num > 9);
    xd_str_addf(out, " /* %s */", name);
}

const char *xd_emit_domain(struct xd_emitter *em, uint32_t index)
{
    return xd_text_at(em->p, em->p->domain[index].name);
}

/* Has the domain been made? */
static bool exists(struct xd_emitter *em, uint32_t index)
{
    return (index < em->p->domains && em->created_at[index] < em->now) ||
           xd_emit_refuse(em, "a domain that does not exist");
}

static bool expr(struct xd_emitter *em, xd_ex e, struct xd_str *out, bool operand);

static bool arguments(struct xd_emitter *em, const struct xd_expr *x, struct xd_str *out)
{
    for (xd_ex a = x->a; a; a = xd_expr_at(em->p, a)->next) {
        xd_str_add(out, ", ");
        if (!expr(em, a, out, false))
            return false;
    }
    return true;
}

/* What is put down gets a line of its own before the step's, since C leaves open in which order operands are made. */
static void put_down(struct xd_emitter *em, struct xd_str *out)
{
    xd_str_addf(out, "put%u", em->puts);
    xd_str_addf(em->out, "%suint64_t put%u = ",
                em->p->step[em->at].kind == XD_STEP_CALL ? "        " : "    ", em->puts++);
}

static bool values(struct xd_emitter *em, const struct xd_expr *x, unsigned int size,
                   struct xd_str *out)
{
    struct xd_str list = {0};
    unsigned int n = 0;
    bool ok = true;

    for (xd_ex a = x->a; a && ok; a = xd_expr_at(em->p, a)->next, n++) {
        xd_str_add(&list, n ? ", " : "");
        ok = expr(em, a, &list, false);
    }
    put_down(em, out);
    if (n)
        xd_str_addf(em->out, "sc_put%u(&s, %u, (const uint64_t[]){%s});\n", size, n,
                    xd_str_text(&list));
    else
        xd_str_add(em->out, "sc_put(&s, NULL, 0);\n");
    xd_str_free(&list);
    return ok;
}

static bool function(struct xd_emitter *em, const struct xd_expr *x, struct xd_str *out)
{
    static const char *const names[XD_FNS] = {
        [XD_FN_PAGE] = "sc_page",   [XD_FN_VA] = "sc_va",     [XD_FN_PFN] = "sc_pfn",
        [XD_FN_TABLE] = "sc_table", [XD_FN_CR3] = "sc_cr3",   [XD_FN_USER_CR3] = "sc_user_cr3",
        [XD_FN_PTE] = "sc_pte",     [XD_FN_MACH] = "sc_mach", [XD_FN_ENTRY] = "sc_entry_at",
        [XD_FN_M2P] = "xd_m2p",
    };
    const uint32_t of = x->num ? (uint32_t)x->num - 1 : em->event[em->now].current;
    const struct xd_expr *first = xd_expr_at(em->p, x->a);
    const char *domain = "";
    struct xd_str args = {0};
    bool ok;

    if (x->sub < XD_FN_OF_DOMAIN_END) {
        if (!exists(em, of))
            return false;
        domain = xd_emit_domain(em, of);
    }
    switch (x->sub) {
    case XD_FN_SHARED_INFO: xd_str_addf(out, "%s.start.shared_info_mfn", domain); return true;
    case XD_FN_FRAMES: xd_str_addf(out, "%u", em->machine.frames); return true;
    case XD_FN_PTR:
    case XD_FN_PTR8: return values(em, x, 8, out);
    case XD_FN_PTR4: return values(em, x, 4, out);
    case XD_FN_TEXT:
        put_down(em, out);
        xd_str_add(em->out, "sc_put(&s, ");
        xd_emit_text(em->out, xd_text_at(em->p, first->a), first->num);
        xd_str_addf(em->out, ", %" PRIu64 ");\n", first->num + 1);
        return true;
    case XD_FN_BUF:
        ok = expr(em, x->a, &args, false);
        put_down(em, out);
        xd_str_addf(em->out, "sc_put(&s, NULL, %s);\n", xd_str_text(&args));
        xd_str_free(&args);
        return ok;
    }
    ok = arguments(em, x, &args);
    if (x->sub < XD_FN_OF_DOMAIN_END)
        xd_str_addf(out, "%s(&s, &%s%s)", names[x->sub], domain, xd_str_text(&args));
    else if (x->sub == XD_FN_ENTRY || x->sub == XD_FN_M2P)
        xd_str_addf(out, "%s(%s%s)", names[x->sub], x->sub == XD_FN_M2P ? "s.hv" : "&s",
                    xd_str_text(&args));
    else
        xd_str_addf(out, "%s(%s)", names[x->sub], xd_str_text(&args) + 2);
    xd_str_free(&args);
    return ok;
}

static bool binary(struct xd_emitter *em, const struct xd_expr *x, struct xd_str *out)
{
    const char *call = x->sub == XD_OP_SHL   ? "sc_shl("
                       : x->sub == XD_OP_SHR ? "sc_shr("
                       : x->sub == '/'       ? "sc_div(&s, "
                       : x->sub == '%'       ? "sc_mod(&s, "
                                             : NULL;
    const char op[2] = {(char)x->sub, '\0'};
    bool ok;

    xd_str_add(out, call ? call : "(");
    ok = expr(em, x->a, out, !call);
    xd_str_addf(out, call ? ", " : " %s ", op);
    ok = ok && expr(em, x->b, out, !call);
    xd_str_addc(out, ')');
    return ok;
}

/* (operand): C is to compute with it. */
static bool expr(struct xd_emitter *em, xd_ex e, struct xd_str *out, bool operand)
{
    const struct xd_expr *x = xd_expr_at(em->p, e);
    bool ok;

    switch ((enum xd_expr_op)x->op) {
    case XD_EX_NUM:
        if (operand)
            operand_number(out, x);
        else
            xd_emit_number(out, x->num, x->sub == 16);
        return true;
    case XD_EX_CONST: constant(em, x, out, operand); return true;
    case XD_EX_ERRNO:
        if (xd_errno_name((int64_t)x->num))
            xd_str_addf(out, "(uint64_t)-XEN_%s", xd_errno_name((int64_t)x->num));
        else
            xd_emit_number(out, x->num, true);
        return true;
    case XD_EX_WORD: xd_emit_number(out, x->num, false); return true;
    case XD_EX_NAME:
    case XD_EX_CAPTURE:
        xd_str_add(out, em->name[x->num]);
        return em->known_at[x->num] <= em->now ||
               xd_emit_refuse(em, "%s has no value", em->name[x->num]);
    case XD_EX_DOMAIN:
        xd_str_addf(out, "%s.id", xd_emit_domain(em, (uint32_t)x->num));
        return exists(em, (uint32_t)x->num);
    case XD_EX_NEG:
    case XD_EX_NOT:
        xd_str_add(out, x->op == XD_EX_NEG ? "(0 - " : "(~");
        ok = expr(em, x->a, out, true);
        xd_str_addc(out, ')');
        return ok;
    case XD_EX_BINARY: return binary(em, x, out);
    case XD_EX_SLOT:
        xd_str_add(out, "sc_slot(");
        ok = expr(em, x->a, out, false);
        xd_str_add(out, ", ");
        ok = ok && expr(em, x->b, out, false);
        xd_str_addc(out, ')');
        return ok;
    case XD_EX_FN: return function(em, x, out);
    case XD_EX_START:
        if (!exists(em, x->num ? (uint32_t)x->num - 1 : em->event[em->now].current))
            return false;
        xd_str_addf(out, "%s.start.%s",
                    xd_emit_domain(em, x->num ? (uint32_t)x->num - 1 : em->event[em->now].current),
                    xd_start_rows()[x->sub].name);
        return true;
    default: return xd_emit_refuse(em, "an expression that C has no words for");
    }
}

bool xd_emit_expr(struct xd_emitter *em, xd_ex e, struct xd_str *out)
{
    return expr(em, e, out, false);
}
