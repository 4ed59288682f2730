/* SPDX-License-Identifier: MIT */
/* parse_form.c: the steps that are no hypercalls, by the tables of forms.c. */
#include "program/parse.h"

#include <string.h>

/*
 * A word of (words) at the present token: an expression that means its number, plus (base). 0 after
 * failing.
 */
static xd_ex word_of(struct xd_parser *ps, const char *const *words, uint64_t base,
                     const char *what)
{
    const struct xd_token *t = &ps->lex.tok;
    struct xd_str known = {0};
    xd_ex e;

    for (unsigned int i = 0; words[i]; i++) {
        xd_str_addf(&known, "%s%s", i ? ", " : "", words[i]);
        if (!xd_is_word(t, words[i]))
            continue;
        e = xd_program_expr(ps->p, (struct xd_expr){.op = XD_EX_WORD,
                                                    .depth = 1,
                                                    .a = xd_program_text(ps->p, t->text, t->len),
                                                    .num = base + i});
        xd_lex_next(&ps->lex);
        xd_str_free(&known);
        return e;
    }
    xd_parse_fail(ps, "wants %s here: %s", what, xd_str_text(&known));
    xd_str_free(&known);
    return 0;
}

static bool is_word_of(const struct xd_parser *ps, const char *const *words)
{
    for (; *words; words++)
        if (xd_is_word(&ps->lex.tok, *words))
            return true;
    return false;
}

static xd_ex range(struct xd_parser *ps)
{
    xd_ex a = xd_parse_primary(ps, XD_K_NONE, 0), b;

    if (!xd_parse_punct(ps, '-', "- and the last frame"))
        return 0;
    b = xd_parse_primary(ps, XD_K_NONE, 0);
    return ps->error
               ? 0
               : xd_program_expr(
                     ps->p,
                     (struct xd_expr){.op = XD_EX_RANGE, .depth = XD_DEPTH_MAX, .a = a, .b = b});
}

/* The value of a key, the present token being the first one behind the equals sign. */
static xd_ex key_value(struct xd_parser *ps, const struct xd_form_key *k)
{
    switch ((enum xd_key_type)k->type) {
    case XD_T_TEXT: return xd_parse_text(ps);
    case XD_T_RANGE: return range(ps);
    case XD_T_WORD: return word_of(ps, k->words, 0, "one of these words");
    case XD_T_OWNER:
        if (xd_is_domain_word(&ps->lex.tok))
            return xd_parse_value(ps, XD_K_DOMID, 0);
        return word_of(ps, k->words, 0, "a domain or one of these words");
    case XD_T_WORD_OR_NUM:
        return is_word_of(ps, k->words) ? word_of(ps, k->words, XD_WORD_BASE, "")
                                        : xd_parse_value(ps, k->kind, 0);
    case XD_T_WHY: return xd_parse_why(ps);
    case XD_T_ERRNO: return xd_parse_value(ps, XD_K_NONE, XD_MAY_ERRNO);
    default: return xd_parse_value(ps, k->kind, 0);
    }
}

static void unknown_form_key(struct xd_parser *ps, const struct xd_form_key *keys)
{
    struct xd_str known = {0};

    for (; keys->name; keys++)
        if (keys->type == XD_T_FLAG)
            xd_str_addf(&known, " %s", keys->name);
        else if (keys->type == XD_T_STATE)
            xd_str_addf(&known, " %s (or !%s)", keys->name, keys->name);
        else if (keys->type != XD_T_STATUS)
            xd_str_addf(&known, " %s=", keys->name);
    if (ps->lex.tok.kind == XD_TOK_WORD && known.len)
        xd_parse_fail(ps, "\"%.*s\" is unknown here; there is:%s", (int)ps->lex.tok.len,
                      ps->lex.tok.text, xd_str_text(&known));
    else if (known.len)
        xd_parse_fail(ps, "wants one of these here:%s", xd_str_text(&known));
    else
        xd_parse_fail(ps, "nothing more is wanted here");
    xd_str_free(&known);
}

/* Keys of (form) up to the end of the step, or to `=` if a value may follow. */
static void form_keys(struct xd_parser *ps, const struct xd_form *form, struct xd_items *list)
{
    const struct xd_form_key *keys = form->keys;

    if (keys[0].name && keys[0].type == XD_T_STATUS && !xd_is_key(ps) &&
        is_word_of(ps, keys[0].words)) {
        xd_ex e = word_of(ps, keys[0].words, 0, "its state");

        xd_items_add(ps, list, XD_KEY_FORM)->value = e;
    }
    while (!ps->error && !xd_at_step_end(ps) && !(form->value && xd_is_punct(ps, '='))) {
        bool negated = xd_is_punct(ps, '!');
        unsigned int k = 0;
        xd_ex e = 0;
        struct xd_item *it;

        if (negated)
            xd_lex_next(&ps->lex);
        while (keys[k].name &&
               (keys[k].type == XD_T_STATUS || !xd_is_word(&ps->lex.tok, keys[k].name)))
            k++;
        if (!keys[k].name) {
            unknown_form_key(ps, keys);
            return;
        }
        if (keys[k].type != XD_T_RANGE && xd_item_find(ps->p, list->first, XD_KEY_FORM + k)) {
            xd_parse_fail(ps, "\"%s\" is said twice", keys[k].name);
            return;
        }
        if (negated && keys[k].type != XD_T_STATE) {
            xd_parse_fail(ps, "\"%s\" can't be denied with !", keys[k].name);
            return;
        }
        xd_lex_next(&ps->lex);
        if (keys[k].type != XD_T_FLAG && keys[k].type != XD_T_STATE) {
            if (!xd_parse_punct(ps, '=', "= and a value"))
                return;
            e = key_value(ps, &keys[k]);
        }
        it = xd_items_add(ps, list, XD_KEY_FORM + k);
        it->value = e;
        it->negated = negated;
    }
}

/* "10ms" as nanoseconds. */
static xd_ex duration(struct xd_parser *ps)
{
    const struct xd_token t = ps->lex.tok;
    uint64_t n = 0;
    size_t i = 0;

    while (t.kind == XD_TOK_WORD && i < t.len && t.text[i] >= '0' && t.text[i] <= '9' &&
           n <= XD_TIME_MAX_NS / 10)
        n = n * 10 + (uint64_t)(t.text[i++] - '0');
    for (const struct xd_unit_row *u = xd_unit_rows(); i && u->name; u++)
        if (t.len - i == strlen(u->name) && !memcmp(t.text + i, u->name, t.len - i) &&
            n <= XD_TIME_MAX_NS / u->ns) {
            xd_lex_next(&ps->lex);
            return xd_program_expr(ps->p,
                                   (struct xd_expr){.op = XD_EX_WORD,
                                                    .depth = 1,
                                                    .a = xd_program_text(ps->p, t.text, t.len),
                                                    .num = n * u->ns});
        }
    xd_parse_fail(
        ps, "wants a time here: a number and ns, us, ms or s right behind it (at most 2^62 ns)");
    return 0;
}

static void new_domain(struct xd_parser *ps, struct xd_step *s)
{
    struct xd_program *p = ps->p;
    const struct xd_token t = ps->lex.tok;

    if (!xd_is_domain_word(&t) || t.len > 6) {
        xd_parse_fail(ps, "wants the new domain's name here: d and its number");
        return;
    }
    for (uint32_t i = 0; i < p->domains; i++)
        if (xd_is_word(&t, xd_text_at(p, p->domain[i].name))) {
            xd_parse_fail(ps, "%.*s is declared in line %u", (int)t.len, t.text, p->domain[i].line);
            return;
        }
    if (p->domains == p->domain_cap) {
        p->domain_cap = p->domain_cap * 2 + 4;
        p->domain = xd_realloc(p->domain, p->domain_cap * sizeof(*p->domain));
    }
    s->domain = p->domains;
    p->domain[p->domains].name = xd_program_text(p, t.text, t.len);
    p->domain[p->domains++].line = t.line;
    xd_lex_next(&ps->lex);
}

/* dN.V */
static void vcpu(struct xd_parser *ps, struct xd_step *s)
{
    int d = xd_parse_domain_name(ps);

    if (d < 0 || !xd_parse_punct(ps, '.', ". and the number of a vCPU"))
        return;
    if (ps->lex.tok.kind != XD_TOK_NUMBER || ps->lex.tok.num >= XD_VCPUS_SAID) {
        xd_parse_fail(ps, "wants the number of a vCPU here");
        return;
    }
    s->domain = (uint32_t)d;
    s->vcpu = (uint32_t)ps->lex.tok.num;
    xd_lex_next(&ps->lex);
}

static void subject(struct xd_parser *ps, const struct xd_form *form, struct xd_step *s)
{
    int n;

    switch ((enum xd_subject)form->subject) {
    case XD_S_NONE: break;
    case XD_S_EXPR:
    case XD_S_CONST: s->subject[0] = xd_parse_value(ps, form->kind, 0); break;
    case XD_S_TWO:
        s->subject[0] = xd_parse_value(ps, XD_K_NONE, 0);
        s->subject[1] = xd_parse_value(ps, XD_K_NONE, 0);
        break;
    case XD_S_PUT:
        s->subject[0] = xd_parse_value(ps, XD_K_NONE, 0);
        s->subject[1] = xd_parse_value(ps, XD_K_NONE, XD_MAY_LIST | XD_MAY_TEXT);
        break;
    case XD_S_NEW_DOMAIN: new_domain(ps, s); break;
    case XD_S_PORT: /* the domain and `port` are passed */
        s->subject[0] = xd_parse_value(ps, XD_K_PORT, 0);
        break;
    case XD_S_DOMAIN:
        n = xd_parse_domain_name(ps);
        s->domain = n < 0 ? 0 : (uint32_t)n;
        break;
    case XD_S_VCPU: vcpu(ps, s); break;
    case XD_S_LET:
        n = xd_parse_new_name(ps);
        s->subject[0] =
            n < 0 ? 0
                  : xd_program_expr(
                        ps->p, (struct xd_expr){.op = XD_EX_NAME, .depth = 1, .num = (uint64_t)n});
        break;
    case XD_S_TEXT: s->subject[0] = xd_parse_text(ps); break;
    case XD_S_TIME: s->subject[0] = duration(ps); break;
    case XD_S_CALL: xd_parse_call_name(ps, s); break;
    }
}

/* Does (e) hold something that lives in the argument area? */
static bool transient(const struct xd_program *p, xd_ex e)
{
    const struct xd_expr *x = xd_expr_at(p, e);

    if (!e)
        return false;
    if (x->op == XD_EX_FN && xd_fn_row(x->sub)->transient)
        return true;
    if (x->op == XD_EX_FN) {
        for (xd_ex a = x->a; a; a = xd_expr_at(p, a)->next)
            if (transient(p, a))
                return true;
        return false;
    }
    return (x->op == XD_EX_BINARY || x->op == XD_EX_SLOT || x->op == XD_EX_NEG ||
            x->op == XD_EX_NOT) &&
           (transient(p, x->a) || transient(p, x->b));
}

static void form_value(struct xd_parser *ps, const struct xd_form *form, struct xd_step *s)
{
    bool let = form->step == XD_STEP_LET;

    if (!xd_is_punct(ps, '=')) {
        if (form->value == XD_V_EXPR)
            xd_parse_fail(ps, "wants = and a value here");
        return;
    }
    xd_lex_next(&ps->lex);
    ps->checking = !let;
    if (form->value == XD_V_ACCESS && !xd_is_punct(ps, '?'))
        s->result = word_of(ps, xd_access_words, 0, "how the store ends");
    else if (form->value == XD_V_ENTERED && !xd_is_punct(ps, '?'))
        s->result = word_of(ps, xd_entered_words, 0, "what becomes of the guest");
    else if (form->value == XD_V_LOADED &&
             (xd_is_word(&ps->lex.tok, "pf") || xd_is_word(&ps->lex.tok, "gp")))
        s->result = word_of(ps, xd_access_words, 0, "");
    else
        s->result = xd_parse_value(ps, XD_K_NONE,
                                   let                        ? 0
                                   : form->value == XD_V_EXPR ? XD_MAY_BIND
                                                              : XD_MAY_BIND | XD_MAY_ANY);
    if (let && !ps->error && transient(ps->p, s->result))
        xd_parse_fail(
            ps, "the argument area is used anew by each step, so an address in it can't be kept");
    ps->checking = false;
}

static const struct xd_form *second_word(struct xd_parser *ps, struct xd_step *s)
{
    int d;

    for (const struct xd_form *f = xd_forms(); f->name; f++)
        if (f->second && xd_is_word(&ps->lex.tok, f->second)) {
            xd_lex_next(&ps->lex);
            return f;
        }
    if (!xd_is_domain_word(&ps->lex.tok)) {
        xd_parse_fail(
            ps,
            "wants what is expected here: frame, entry, mem, m2p, stack, console, audit, dN, dN.V or dN port");
        return NULL;
    }
    if (ps->lex.at < ps->lex.end && *ps->lex.at == '.')
        return xd_form_of(XD_STEP_EXPECT_VCPU);
    d = xd_parse_domain_name(ps);
    s->domain = d < 0 ? 0 : (uint32_t)d;
    if (xd_is_word(&ps->lex.tok, "port")) {
        xd_lex_next(&ps->lex);
        return xd_form_of(XD_STEP_EXPECT_PORT);
    }
    return xd_form_of(XD_STEP_EXPECT_DOMAIN);
}

const struct xd_form *xd_parse_form_name(struct xd_parser *ps, struct xd_step *s)
{
    const struct xd_form *f = xd_forms();

    if (xd_is_punct(ps, '@')) {
        xd_lex_next(&ps->lex);
        return xd_form_of(XD_STEP_AT);
    }
    while (f->name && !xd_is_word(&ps->lex.tok, f->name))
        f++;
    if (!f->name)
        return NULL;
    xd_lex_next(&ps->lex);
    return f->second ? second_word(ps, s) : f;
}

void xd_parse_form(struct xd_parser *ps, const struct xd_form *form, struct xd_step *s)
{
    struct xd_items in = {0}, out = {0};

    s->kind = form->step;
    if (form->step != XD_STEP_EXPECT_DOMAIN) /* its domain is passed */
        subject(ps, form, s);
    form_keys(ps, form, &in);
    if (form->value) {
        form_value(ps, form, s);
        if (!ps->error && !xd_at_step_end(ps))
            form_keys(ps, form, &out);
    }
    s->in = in.first;
    s->out = out.first;
}
