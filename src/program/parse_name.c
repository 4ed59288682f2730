/* SPDX-License-Identifier: MIT */
/* parse_name.c: what names mean, and what is said of those that mean nothing. */
#include "program/parse.h"

#include "abi/reject.h"

#include <string.h>

static bool same(const struct xd_program *p, xd_text name, char sign, const char *text, size_t len)
{
    const char *have = xd_text_at(p, name);

    if (sign)
        return *have == sign && strlen(have + 1) == len && !memcmp(have + 1, text, len);
    return strlen(have) == len && !memcmp(have, text, len);
}

int xd_slot_of(const struct xd_program *p, char sign, const struct xd_token *t)
{
    for (uint32_t i = p->names; i-- > 0;)
        if (same(p, p->name[i].name, sign, t->text, t->len))
            return (int)i;
    return -1;
}

int xd_add_name(struct xd_parser *ps, char sign, const struct xd_token *t)
{
    struct xd_program *p = ps->p;
    char dollar[2] = {sign, '\0'};
    xd_text at;

    if (p->names == XD_NAMES_MAX) {
        xd_parse_fail_at(ps, t, "more than %u names", XD_NAMES_MAX);
        return -1;
    }
    if (p->names == p->name_cap) {
        p->name_cap = p->name_cap * 2 + 16;
        p->name = xd_realloc(p->name, p->name_cap * sizeof(*p->name));
    }
    at = xd_program_text(p, dollar, sign ? 1 : 0);
    p->texts--; /* the name goes on where the sign ended */
    xd_program_text(p, t->text, t->len);
    p->name[p->names] = (struct xd_name){.name = at, .line = t->line};
    return (int)p->names++;
}

bool xd_is_domain_word(const struct xd_token *t)
{
    if (t->kind != XD_TOK_WORD || t->len < 2 || t->text[0] != 'd')
        return false;
    for (size_t i = 1; i < t->len; i++)
        if (t->text[i] < '0' || t->text[i] > '9')
            return false;
    return true;
}

int xd_kind_named(const struct xd_token *t)
{
    for (int k = XD_K_NONE + 1; k < XD_KINDS; k++)
        if (xd_is_word(t, xd_kind_name((enum xd_kind)k)))
            return k;
    return -1;
}

const struct xd_flag_row *xd_flag_named(const struct xd_token *t)
{
    for (const struct xd_flag_row *f = xd_flag_rows(); f->name; f++)
        if (xd_is_word(t, f->name))
            return f;
    return NULL;
}

bool xd_name_reserved(const struct xd_token *t)
{
    return xd_is_domain_word(t) || xd_fn_named(t->text, t->len) >= 0 || xd_is_word(t, "start") ||
           xd_kind_named(t) >= 0 || xd_flag_named(t) || xd_errno_named(t->text, t->len) ||
           xd_op_named(&xd_group_mmu, t->text, t->len) || xd_is_word(t, "raw") ||
           xd_is_word(t, "none") || xd_is_word(t, "pf") || xd_is_word(t, "gp");
}

int xd_parse_new_name(struct xd_parser *ps)
{
    const struct xd_token *t = &ps->lex.tok;
    int slot;

    if (t->kind != XD_TOK_WORD || (*t->text >= '0' && *t->text <= '9')) {
        xd_parse_fail(ps, "wants a name here: letters, digits and _");
        return -1;
    }
    if (xd_name_reserved(t)) {
        xd_parse_fail(ps, "\"%.*s\" already means something; choose another name", (int)t->len,
                      t->text);
        return -1;
    }
    slot = xd_slot_of(ps->p, 0, t);
    if (slot >= 0) {
        xd_parse_fail(ps, "\"%.*s\" has its value since line %u", (int)t->len, t->text,
                      ps->p->name[slot].line);
        return -1;
    }
    slot = xd_add_name(ps, 0, t);
    xd_lex_next(&ps->lex);
    return slot;
}

int xd_parse_domain_name(struct xd_parser *ps)
{
    struct xd_program *p = ps->p;
    const struct xd_token *t = &ps->lex.tok;
    struct xd_str list = {0};

    if (!xd_is_domain_word(t)) {
        xd_parse_fail(ps, "wants a domain here: d and a number");
        return -1;
    }
    for (uint32_t i = 0; i < p->domains; i++)
        if (same(p, p->domain[i].name, 0, t->text, t->len)) {
            xd_lex_next(&ps->lex);
            return (int)i;
        }
    for (uint32_t i = 0; i < p->domains; i++)
        xd_str_addf(&list, "%s%s", i ? ", " : "; there is ", xd_text_at(p, p->domain[i].name));
    xd_parse_fail(
        ps, "no domain %.*s is declared above%s (a number of no domain is written without the d)",
        (int)t->len, t->text, xd_str_text(&list));
    xd_str_free(&list);
    return -1;
}

void xd_parse_unknown_name(struct xd_parser *ps, const struct xd_token *t, unsigned int kind)
{
    struct xd_suggest near;
    bool other = false;

    xd_suggest_init(&near, t->text, t->len);
    for (const struct xd_const *c = xd_consts(); c->name; c++) {
        if (c->kind == kind)
            xd_suggest_offer(&near, c->name);
        else if (xd_is_word(t, c->name)) {
            xd_parse_fail_at(ps, t, "\"%s\" is a name of another kind; here it is written %s.%s",
                             c->name, xd_kind_name((enum xd_kind)c->kind), c->name);
            return;
        }
    }
    for (uint32_t i = 0; i < ps->p->names; i++)
        if (*xd_text_at(ps->p, ps->p->name[i].name) != '$')
            xd_suggest_offer(&near, xd_text_at(ps->p, ps->p->name[i].name));
        else
            other |= same(ps->p, ps->p->name[i].name, '$', t->text, t->len);
    for (unsigned int i = 0; i < XD_FNS; i++)
        if (xd_fn_row(i))
            xd_suggest_offer(&near, xd_fn_row(i)->name);
    if (other)
        xd_parse_fail_at(ps, t, "unknown name \"%.*s\"; the captured one is written $%.*s",
                         (int)t->len, t->text, (int)t->len, t->text);
    else if (near.best)
        xd_parse_fail_at(ps, t, "unknown name \"%.*s\" (did you mean %s?)", (int)t->len, t->text,
                         near.best);
    else
        xd_parse_fail_at(ps, t, "unknown name \"%.*s\"; give it a value with let", (int)t->len,
                         t->text);
}

xd_ex xd_parse_why(struct xd_parser *ps)
{
    const struct xd_token *t = &ps->lex.tok;
    char name[XD_WHY_NAME_MAX];
    enum xd_why why = XD_WHY_NONE;
    struct xd_suggest near;
    xd_ex e;

    if (t->kind != XD_TOK_WORD) {
        xd_parse_fail(ps, "wants the name of a reason here, or none (`xendouble list reasons`)");
        return 0;
    }
    xd_lex_dashed(&ps->lex);
    if (!xd_is_word(t, "none")) {
        why = xd_why_named(t->text, t->len);
        xd_suggest_init(&near, t->text, t->len);
        for (int w = 1; why == XD_WHY_NONE && w < XD_WHYS; w++)
            xd_suggest_offer(&near, xd_why_row((enum xd_why)w)->name);
        if (why == XD_WHY_NONE) {
            enum xd_why best = near.best ? xd_why_named(near.best, strlen(near.best)) : XD_WHY_NONE;

            xd_parse_fail(ps, "no reason is called \"%.*s\"%s%s%s", (int)t->len, t->text,
                          best ? " (did you mean " : "",
                          best ? xd_why_name(best, name) : "; see `xendouble list reasons`",
                          best ? "?)" : "");
            return 0;
        }
    }
    xd_why_name(why, name);
    e = xd_program_expr(ps->p, (struct xd_expr){.op = XD_EX_WORD,
                                                .depth = 1,
                                                .a = xd_program_text(ps->p, name, strlen(name)),
                                                .num = why});
    xd_lex_next(&ps->lex);
    return e;
}
