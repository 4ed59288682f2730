/* SPDX-License-Identifier: MIT */
/* code_step.c: calls and other steps in the byte form, by the tables that the parser reads them by. */
#include "program/codec.h"

#include "abi/reject.h"
#include "hv/pt.h"

#include <string.h>

#define KEYS_MAX (XD_KEY_FIELD_END + 16)

static const char *const none[] = {"none", NULL};

/* What an item list may hold here, and how a value of it is written. */
struct key {
    const char *name;
    const char *const *words;
    uint64_t base;
    uint8_t key, type, kind, may;
};

struct keys {
    unsigned int nr;
    struct key key[KEYS_MAX];
};

static struct key *add_key(struct keys *ks, const char *name, unsigned int key, unsigned int kind,
                           unsigned int may)
{
    struct key *k = &ks->key[ks->nr++];

    XD_ALWAYS(ks->nr <= KEYS_MAX);
    *k = (struct key){.name = name,
                      .key = (uint8_t)key,
                      .type = XD_T_NUM,
                      .kind = (uint8_t)kind,
                      .may = (uint8_t)may};
    return k;
}

static void fields_of(struct keys *ks, const struct xd_op *op, unsigned int dir)
{
    const struct xd_field *f = op && op->fields ? op->fields() : NULL;

    for (unsigned int i = 0; f && f[i].name; i++)
        if (f[i].dir & dir)
            add_key(ks, f[i].name, i, f[i].kind,
                    dir == XD_IN ? xd_in_may(f[i].kind) : xd_out_may(f[i].kind));
}

static void keys_before(struct keys *ks, const struct xd_step *s)
{
    bool ops = s->call->shape == XD_SHAPE_OPS || s->call->shape == XD_SHAPE_COMPAT;
    const unsigned int *k = xd_keys_in(s->call) + (ops && s->op ? 1 : 0);

    ks->nr = 0;
    fields_of(ks, s->op, XD_IN);
    for (; *k; k++)
        add_key(ks, xd_key_name(s->call, *k), *k,
                *k == XD_KEY_FD || *k == XD_KEY_PFD ? XD_K_DOMID : XD_K_NONE,
                *k == XD_KEY_ARG ? XD_MAY_LIST | XD_MAY_TEXT : 0);
}

static void keys_behind(struct keys *ks, const struct xd_step *s, bool in_block)
{
    struct key *key;

    ks->nr = 0;
    fields_of(ks, s->op, XD_INOUT);
    for (unsigned int i = 0;
         s->call && s->call->shape == XD_SHAPE_PLAIN && i < xd_call_args(s->call); i++)
        if (xd_in_may(s->call->arg[i].kind))
            add_key(ks, s->call->arg[i].name, i, s->call->arg[i].kind,
                    xd_out_may(s->call->arg[i].kind));
    for (const unsigned int *k = xd_keys_out(s->call); *k; k++) {
        if (*k == XD_KEY_BLOCKED && in_block)
            continue;
        key = add_key(ks, xd_key_name(s->call, *k), *k, XD_K_NONE, XD_MAY_BIND | XD_MAY_ANY);
        key->type = *k == XD_KEY_WHY       ? XD_T_WHY
                    : *k == XD_KEY_BLOCKED ? XD_T_FLAG
                                           : XD_T_WORD_OR_NUM;
        key->words = none;
    }
}

static void keys_of_form(struct keys *ks, const struct xd_form *form)
{
    ks->nr = 0;
    for (unsigned int i = 0; form->keys[i].name; i++) {
        const struct xd_form_key *f = &form->keys[i];
        struct key *k = add_key(ks, f->name, XD_KEY_FORM + i, f->kind, 0);

        k->type = f->type;
        k->words = f->words;
        k->base = f->type == XD_T_WORD_OR_NUM ? XD_WORD_BASE : 0;
        k->may = f->type == XD_T_ERRNO ? XD_MAY_ERRNO : 0;
    }
}

/* ---- Values of keys ---- */

/* A word of (words) or, if (other), something else: then 0. (*is) says which. */
static xd_ex word_of(struct xd_codec *c, xd_ex have, const char *const *words, uint64_t base,
                     bool other, bool *is)
{
    uint32_t n = 0, at = 0;

    for (; words[n]; n++)
        if (have && xd_expr_at(c->from, have)->op == XD_EX_WORD &&
            !strcmp(words[n], xd_text_at(c->from, xd_expr_at(c->from, have)->a)))
            at = n + other;
    at = xd_code_pick(c, n + other, at);
    *is = !other || at;
    return *is ? xd_add_word(c, words[at - other], base + at - other) : 0;
}

static xd_ex why(struct xd_codec *c, xd_ex have)
{
    enum xd_why w =
        (enum xd_why)xd_code_pick(c, XD_WHYS, have ? (uint32_t)xd_expr_at(c->from, have)->num : 0);
    char name[XD_WHY_NAME_MAX];

    return xd_add_word(c, xd_why_name(w, name), w);
}

static xd_ex key_value(struct xd_codec *c, const struct key *k, xd_ex have)
{
    bool is;
    xd_ex e;

    switch (k->type) {
    case XD_T_FLAG:
    case XD_T_STATE: return 0;
    case XD_T_TEXT: return xd_code_text_expr(c, have);
    case XD_T_RANGE: return xd_code_range(c, have);
    case XD_T_WORD:
    case XD_T_STATUS: return word_of(c, have, k->words, k->base, false, &is);
    case XD_T_OWNER:
        e = word_of(c, have, k->words, k->base, true, &is);
        return is ? e : xd_code_value_of_domain(c, have, XD_K_DOMID);
    case XD_T_WORD_OR_NUM:
        e = word_of(c, have, k->words, k->base, true, &is);
        return is ? e : xd_code_value(c, have, k->kind, k->may);
    case XD_T_WHY: return why(c, have);
    default: return xd_code_value(c, have, k->kind, k->may);
    }
}

/* ---- Items ---- */

struct items {
    xd_at first, last;
    uint64_t used[4]; /* bit per key that can't come again */
};

static bool is_used(const struct items *list, const struct key *k)
{
    return list->used[k->key / 64] >> k->key % 64 & 1;
}

static struct xd_item *add_item(struct xd_codec *c, struct items *list, unsigned int key,
                                xd_ex value)
{
    xd_at i = xd_program_item(c->p, (struct xd_item){.key = (uint8_t)key, .value = value});

    if (list->last)
        c->p->item[list->last].next = i;
    else
        list->first = i;
    list->last = i;
    list->used[key / 64] |= UINT64_C(1) << key % 64;
    return &c->p->item[i];
}

/* The first item of (i) that is one of (ks): *at is its key's place there. */
static xd_at next_of(const struct xd_codec *c, const struct keys *ks, xd_at i, unsigned int *at)
{
    for (; i; i = xd_item_at(c->from, i)->next)
        for (*at = 0; *at < ks->nr; ++*at)
            if (ks->key[*at].key == xd_item_at(c->from, i)->key)
                return i;
    return 0;
}

/* Keys with their values: 0, or 1 + a key's place in (ks). One that is used stands for the next. */
static void items(struct xd_codec *c, const struct keys *ks, struct items *list, xd_at have)
{
    while (ks->nr && c->room) {
        unsigned int at = 0, tried = 0;
        const struct xd_item *it;
        const struct key *k;
        bool negated = false;
        xd_ex e;

        have = next_of(c, ks, have, &at);
        it = have ? xd_item_at(c->from, have) : NULL;
        at = xd_code_pick(c, ks->nr + 1, it ? at + 1 : 0);
        if (!at)
            return;
        for (at--; tried < ks->nr; at = (at + 1) % ks->nr, tried++)
            if (!is_used(list, &ks->key[at]) && (ks->key[at].type != XD_T_STATUS || !list->first))
                break;
        if (tried == ks->nr)
            return;
        k = &ks->key[at];
        xd_code_spend(c, strlen(k->name) + 4);
        if (k->type == XD_T_STATE)
            negated = xd_code_pick(c, 2, it && it->negated);
        e = key_value(c, k, it ? it->value : 0);
        add_item(c, list, k->key, e)->negated = negated;
        if (k->type == XD_T_RANGE)
            list->used[k->key / 64] &= ~(UINT64_C(1) << k->key % 64);
        have = it ? it->next : 0;
    }
}

/* ---- Calls ---- */

static const struct xd_op *operation(struct xd_codec *c, const struct xd_group *g,
                                     const struct xd_op *have)
{
    uint32_t at = xd_code_pick(c, (uint32_t)g->nr + 1, have ? (uint32_t)(have - g->ops) + 1 : 0);

    return at ? &g->ops[at - 1] : NULL;
}

static void positional(struct xd_codec *c, struct xd_step *s, const struct xd_step *have,
                       struct items *list)
{
    unsigned int least = s->raw, most = s->raw ? 1 + XD_CALL_ARGS : xd_call_args(s->call), n = 0;
    xd_at i = have ? have->in : 0;

    for (xd_at k = i; k; k = xd_item_at(c->from, k)->next)
        n++;
    n = least + xd_code_pick(c, most + 1 - least, n - least);
    for (unsigned int k = 0; k < n; k++) {
        unsigned int kind = s->raw ? XD_K_NONE : s->call->arg[k].kind;
        xd_ex value = i ? xd_item_at(c->from, i)->value : 0;

        value = xd_code_value(c, value, kind, s->raw ? XD_MAY_LIST | XD_MAY_TEXT : xd_in_may(kind));
        xd_code_spend(c, 1);
        add_item(c, list, k, value);
        i = i ? xd_item_at(c->from, i)->next : 0;
    }
}

static void mmu_element(struct xd_codec *c, struct items *list, const struct xd_item *have)
{
    uint32_t raw = (uint32_t)xd_group_mmu.nr, cmd = have ? have->cmd : 0;
    struct xd_item *it;
    xd_ex place, value;

    cmd = xd_code_pick(c, raw + 1, cmd == XD_CMD_RAW ? raw : cmd);
    place = xd_code_value(c, have ? have->value : 0, XD_K_NONE, 0);
    value = xd_code_value(c, have ? have->value2 : 0, XD_K_NONE, 0);
    it = add_item(c, list, XD_KEY_ELEMENT, place);
    it->cmd = (uint8_t)(cmd == raw ? XD_CMD_RAW : cmd);
    it->value2 = value;
}

static void mmuext_element(struct xd_codec *c, struct items *list, const struct xd_item *have)
{
    const struct xd_op *op = operation(c, &xd_group_mmuext, have ? have->op : NULL);
    struct items fields = {0};
    struct xd_item *it;
    struct keys ks;

    if (!op) { /* the command's number comes first */
        const struct xd_item *cmd = have ? xd_item_find(c->from, have->sub, XD_KEY_CMD) : NULL;
        xd_ex e = xd_code_value(c, cmd ? cmd->value : 0, XD_K_NONE, 0);

        add_item(c, &fields, XD_KEY_CMD, e);
    }
    ks.nr = 0;
    fields_of(&ks, op, XD_IN);
    add_key(&ks, xd_key_name(NULL, XD_KEY_ARG1), XD_KEY_ARG1, XD_K_NONE, 0);
    add_key(&ks, xd_key_name(NULL, XD_KEY_ARG2), XD_KEY_ARG2, XD_K_NONE, 0);
    items(c, &ks, &fields, have ? have->sub : 0);
    it = add_item(c, list, XD_KEY_ELEMENT, 0);
    it->op = op;
    it->sub = fields.first;
}

static const struct xd_item *element_from(const struct xd_codec *c, xd_at i)
{
    while (i && xd_item_at(c->from, i)->key != XD_KEY_ELEMENT)
        i = xd_item_at(c->from, i)->next;
    return i ? xd_item_at(c->from, i) : NULL;
}

static void batch(struct xd_codec *c, struct xd_step *s, const struct xd_step *have,
                  struct items *list)
{
    const struct xd_item *e = have ? element_from(c, have->in) : NULL;
    uint32_t n = 0;

    for (const struct xd_item *k = e; k; k = element_from(c, k->next))
        n++;
    s->spread = have && have->spread;
    n = xd_code_count(c, n, &s->spread);
    for (uint32_t i = 0; i < n && xd_code_more(c); i++) {
        if (s->spread)
            xd_code_line(c);
        xd_code_spend(c, 40);
        if (s->call->shape == XD_SHAPE_MMU)
            mmu_element(c, list, e);
        else
            mmuext_element(c, list, e);
        e = e ? element_from(c, e->next) : NULL;
    }
    if (n)
        xd_code_floor(c);
    if (s->spread)
        xd_code_line(c);
}

static void result(struct xd_codec *c, struct xd_step *s, const struct xd_step *have)
{
    struct items list = {0};
    struct keys ks;

    c->checking = true;
    s->result = xd_code_value_if(c, have ? have->result : 0, XD_K_NONE,
                                 XD_MAY_BIND | XD_MAY_ANY | XD_MAY_ERRNO);
    if (s->result) {
        keys_behind(&ks, s, c->blocks > 0);
        items(c, &ks, &list, have ? have->out : 0);
    }
    s->out = list.first;
    c->checking = false;
}

void xd_code_call_end(struct xd_codec *c, struct xd_step *s, const struct xd_step *have)
{
    struct items list = {0};
    struct keys ks;

    keys_before(&ks, s);
    items(c, &ks, &list, have ? have->in : 0);
    s->in = list.first;
    result(c, s, have);
}

void xd_code_call(struct xd_codec *c, struct xd_step *s, const struct xd_step *have)
{
    unsigned int shape = s->raw ? XD_SHAPE_PLAIN : s->call->shape;
    struct items list = {0};
    struct keys ks;

    if (shape == XD_SHAPE_PLAIN) {
        positional(c, s, have, &list);
    } else if (shape == XD_SHAPE_OPS || shape == XD_SHAPE_COMPAT) {
        s->op = operation(c, s->call->group, have ? have->op : NULL);
        keys_before(&ks, s);
        items(c, &ks, &list, have ? have->in : 0);
        if (!s->op && !xd_item_find(c->p, list.first, XD_KEY_OP))
            add_item(
                c, &list, XD_KEY_OP,
                xd_program_expr(c->p, (struct xd_expr){.op = XD_EX_NUM, .sub = 10, .depth = 1}));
    } else {
        batch(c, s, have, &list);
        keys_before(&ks, s);
        items(c, &ks, &list, have ? have->in : 0);
    }
    s->in = list.first;
    result(c, s, have);
}

/* ---- Other steps ---- */

static xd_ex duration(struct xd_codec *c, const struct xd_expr *have)
{
    const struct xd_unit_row *units = xd_unit_rows();
    const char *text = have ? xd_text_at(c->from, have->a) : "";
    size_t digits = strspn(text, "0123456789"), zeros = strspn(text, "0");
    uint32_t nr = 0, unit = 0;
    uint64_t n, most;

    for (; units[nr].name; nr++)
        if (!strcmp(units[nr].name, text + digits))
            unit = nr;
    zeros -= zeros && zeros == digits ? 1 : 0; /* the number itself is 0 */
    unit = xd_code_pick(c, nr, unit);
    most = XD_TIME_MAX_NS / units[unit].ns;
    n = xd_code_number(c, have ? have->num / units[unit].ns : 0);
    n = n > most ? n % (most + 1) : n;
    zeros = (size_t)(xd_code_number(c, zeros) % 32);
    xd_str_clear(&c->word);
    while (zeros-- && xd_code_spend(c, 1))
        xd_str_addc(&c->word, '0');
    xd_str_addf(&c->word, "%llu%s", (unsigned long long)n, units[unit].name);
    return xd_add_word(c, c->word.text, n * units[unit].ns);
}

static xd_ex new_name(struct xd_codec *c, const struct xd_expr *have)
{
    bool old = false;
    int slot = xd_code_new_name(
        c, 0, have ? xd_text_at(c->from, c->from->name[have->num].name) : NULL, &old);

    if (slot < 0)
        return 0;
    if (have)
        c->to_name[have->num] = (uint32_t)slot + 1;
    return xd_program_expr(c->p,
                           (struct xd_expr){.op = XD_EX_NAME, .depth = 1, .num = (uint64_t)slot});
}

static void call_name(struct xd_codec *c, struct xd_step *s, const struct xd_step *have)
{
    uint32_t at = have ? xd_call_place(c, have->call) : 0;

    s->call = c->call[xd_code_pick(c, c->calls, at)];
    if (s->call->group)
        s->op = operation(c, s->call->group, have ? have->op : NULL);
    xd_code_spend(c, 80);
}

/* False: there can be none. */
static bool subject(struct xd_codec *c, const struct xd_form *form, struct xd_step *s,
                    const struct xd_step *have)
{
    xd_ex a = have ? have->subject[0] : 0, b = have ? have->subject[1] : 0;

    switch ((enum xd_subject)form->subject) {
    case XD_S_NONE: break;
    case XD_S_EXPR:
    case XD_S_CONST: s->subject[0] = xd_code_value(c, a, form->kind, 0); break;
    case XD_S_TWO:
        s->subject[0] = xd_code_value(c, a, XD_K_NONE, 0);
        s->subject[1] = xd_code_value(c, b, XD_K_NONE, 0);
        break;
    case XD_S_PUT:
        s->subject[0] = xd_code_value(c, a, XD_K_NONE, 0);
        s->subject[1] = xd_code_value(c, b, XD_K_NONE, XD_MAY_LIST | XD_MAY_TEXT);
        break;
    case XD_S_NEW_DOMAIN:
        if (!xd_code_new_domain(c, have ? have->domain : 0))
            return false;
        s->domain = c->p->domains - 1;
        break;
    case XD_S_PORT:
        s->domain = xd_code_domain(c, have ? have->domain : 0);
        s->subject[0] = xd_code_value(c, a, XD_K_PORT, 0);
        break;
    case XD_S_VCPU:
        s->domain = xd_code_domain(c, have ? have->domain : 0);
        s->vcpu = xd_code_pick(c, XD_VCPUS_SAID, have ? have->vcpu : 0);
        break;
    case XD_S_DOMAIN: s->domain = xd_code_domain(c, have ? have->domain : 0); break;
    case XD_S_LET:
        s->subject[0] = new_name(c, have ? xd_expr_at(c->from, a) : NULL);
        return s->subject[0] != 0;
    case XD_S_TEXT: s->subject[0] = xd_code_text_expr(c, a); break;
    case XD_S_TIME: s->subject[0] = duration(c, have ? xd_expr_at(c->from, a) : NULL); break;
    case XD_S_CALL: call_name(c, s, have); break;
    }
    return true;
}

/* What stands behind the form's `=`; 0: nothing does. */
static xd_ex form_value(struct xd_codec *c, const struct xd_form *form, xd_ex have)
{
    bool is = false;
    xd_ex e;

    switch ((enum xd_value)form->value) {
    case XD_V_EXPR: return xd_code_value(c, have, XD_K_NONE, c->checking ? XD_MAY_BIND : 0);
    case XD_V_ACCESS: /* nothing, ?, or a word */
    case XD_V_ENTERED:
        e = xd_code_pick(c, 2, have && xd_expr_at(c->from, have)->op == XD_EX_WORD)
                ? word_of(c, have, form->value == XD_V_ACCESS ? xd_access_words : xd_entered_words,
                          0, false, &is)
                : 0;
        if (is)
            return e;
        return xd_code_pick(c, 2, have != 0)
                   ? xd_program_expr(c->p, (struct xd_expr){.op = XD_EX_ANY, .depth = 1})
                   : 0;
    case XD_V_LOADED:
        e = word_of(c, have, xd_access_words + XD_ACCESS_FAULT, XD_ACCESS_FAULT, true, &is);
        return is ? e : xd_code_value_if(c, have, XD_K_NONE, XD_MAY_BIND | XD_MAY_ANY);
    case XD_V_NONE: break;
    }
    return 0;
}

bool xd_code_form(struct xd_codec *c, const struct xd_form *form, struct xd_step *s,
                  const struct xd_step *have)
{
    struct items in = {0}, out = {0};
    struct keys ks;

    s->kind = form->step;
    xd_code_spend(c, 40);
    if (!subject(c, form, s, have))
        return false;
    keys_of_form(&ks, form);
    items(c, &ks, &in, have ? have->in : 0);
    s->in = in.first;
    c->lasting = form->step == XD_STEP_LET;
    c->checking = form->value != XD_V_NONE && !c->lasting;
    s->result = form_value(c, form, have ? have->result : 0);
    c->lasting = c->checking = false;
    if (s->result)
        items(c, &ks, &out, have ? have->out : 0);
    s->out = out.first;
    return true;
}
