/* SPDX-License-Identifier: MIT */
/* codec.c: the byte form's bytes, numbers, texts and names. */
#include "program/codec.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

#define IS_DOMAIN (1u << 31) /* in the hash: not a name */

/* Room for about what (n) bytes make, so that little is moved. */
static void reserve(struct xd_program *p, uint32_t n)
{
    p->step = xd_realloc(NULL, (p->step_cap = 8 + n / 6) * sizeof(*p->step));
    p->expr = xd_realloc(NULL, (p->expr_cap = 8 + n / 2) * sizeof(*p->expr));
    p->item = xd_realloc(NULL, (p->item_cap = 8 + n / 4) * sizeof(*p->item));
    p->text = xd_realloc(NULL, p->text_cap = 64 + n);
}

void xd_codec_start(struct xd_codec *c, const char *file)
{
    struct xd_program *p = xd_zalloc(sizeof(*p));
    uint32_t n = xd_writing(c) ? 0 : (uint32_t)(c->end - c->at);

    c->p = p;
    reserve(p, n < 4096 ? n : 4096);
    c->room = XD_LINE_ROOM;
    c->text = XD_SOURCE_MAX - 4 * XD_LINE_MAX;
    p->file = xd_strdup(file);
    xd_program_step(p, (struct xd_step){0}); /* index 0 is none */
    xd_program_expr(p, (struct xd_expr){0});
    xd_program_item(p, (struct xd_item){0});
    xd_program_text(p, "", 0);
    c->tags = (uint8_t)xd_expr_tags();
    for (uint64_t nr = 0; nr < XD_CALLS; nr++) {
        const struct xd_call *call = xd_call_at(nr);

        if (call)
            c->call[c->calls++] = call;
    }
    for (const struct xd_const *first = xd_consts(), *k = first; k->name; k++)
        if (!c->const_nr[k->kind]++)
            c->const_first[k->kind] = (uint16_t)(k - first);
    for (const struct xd_form *f = xd_forms(); f->name; f++)
        c->forms++;
    if (!xd_writing(c))
        return;
    c->to_name = xd_zalloc((c->from->names + 1) * sizeof(*c->to_name));
    c->to_domain = xd_zalloc((c->from->domains + 1) * sizeof(*c->to_domain));
}

void xd_codec_end(struct xd_codec *c)
{
    free(c->known);
    free(c->names);
    free(c->to_name);
    free(c->to_domain);
    xd_str_free(&c->word);
}

/* ---- Bytes ---- */

uint8_t xd_read_escaped(struct xd_codec *c)
{
    const bool more = c->at < c->end && *c->at != XD_MARK;

    return (uint8_t)(XD_ESCAPE | (more ? *c->at++ & 1u : 0));
}

uint8_t xd_write_byte(struct xd_codec *c, unsigned int have)
{
    XD_ALWAYS(have <= 0xff);
    xd_str_addc(c->out, (char)(have < XD_ESCAPE ? have : XD_ESCAPE));
    if (have >= XD_ESCAPE)
        xd_str_addc(c->out, (char)(2 | (have & 1))); /* never 0, which may be dropped */
    return (uint8_t)have;
}

void xd_code_mark(struct xd_codec *c)
{
    while (c->out->len > c->floor && !c->out->text[c->out->len - 1])
        c->out->len--;
    xd_str_addc(c->out, (char)XD_MARK);
    xd_code_floor(c);
}

uint64_t xd_code_number(struct xd_codec *c, uint64_t have)
{
    uint64_t n = 0;
    uint8_t b;

    if (xd_writing(c)) {
        for (n = have; n >= 0x80; n >>= 7)
            xd_code_byte(c, (n & 0x7f) | 0x80);
        xd_code_byte(c, (unsigned int)n);
        return have;
    }
    for (unsigned int shift = 0; shift < 64; shift += 7) {
        b = xd_code_byte(c, 0);
        n |= (uint64_t)(b & 0x7fu) << shift;
        if (!(b & 0x80u))
            break;
    }
    return n;
}

uint32_t xd_code_pick(struct xd_codec *c, uint32_t n, uint32_t have)
{
    if (n <= 1)
        return 0;
    have = have < n ? have : 0;
    return (uint32_t)((n <= XD_MARK ? xd_code_byte(c, have & XD_MARK) : xd_code_number(c, have)) %
                      n);
}

/* As pick, but written alike however many there are: one more of them leaves what follows as it is. */
static uint32_t among(struct xd_codec *c, uint32_t n, uint32_t have)
{
    return (uint32_t)(xd_code_number(c, have) % n);
}

#define DIRECT 15u /* counts below are in the first byte */

uint32_t xd_code_count(struct xd_codec *c, uint32_t n, bool *flag)
{
    uint32_t first = xd_code_pick(c, (DIRECT + 1) * 2, (n < DIRECT ? n : DIRECT) * 2 + *flag);
    uint64_t more = 0;

    *flag = first & 1;
    if (first / 2 == DIRECT)
        more = xd_code_number(c, n - DIRECT);
    return first / 2 + (more > XD_SOURCE_MAX ? XD_SOURCE_MAX : (uint32_t)more);
}

void xd_code_text(struct xd_codec *c, const char *have, size_t len, size_t max)
{
    uint64_t n = xd_code_number(c, len);

    xd_str_clear(&c->word);
    for (uint64_t i = 0; i < n && i < max && xd_code_more(c); i++)
        xd_str_addc(&c->word, (char)xd_code_byte(c, xd_writing(c) ? (unsigned char)have[i] : 0));
    if (n)
        xd_code_floor(c);
}

void xd_code_line(struct xd_codec *c)
{
    uint32_t used = XD_LINE_ROOM - c->room;

    c->text -= used < c->text ? used : c->text;
    c->room = c->text ? XD_LINE_ROOM : 0;
}

/* ---- The hash of what is called something ---- */

static const char *text_of(const struct xd_codec *c, uint32_t entry)
{
    return xd_text_at(c->p, entry & IS_DOMAIN ? c->p->domain[entry & ~IS_DOMAIN].name
                                              : c->p->name[entry].name);
}

/* The place of (text), or where it would stand. Entries are 1 + index. */
static uint32_t *find(struct xd_codec *c, const char *text)
{
    uint32_t i = (uint32_t)xd_hash64(0, text, strlen(text));

    for (;; i++) {
        uint32_t *e = &c->known[i & (c->known_cap - 1)];

        if (!*e || !strcmp(text_of(c, *e - 1), text))
            return e;
    }
}

static void make_room(struct xd_codec *c)
{
    uint32_t *old = c->known, cap = c->known_cap;

    if (c->known_nr * 2 < cap)
        return;
    c->known_cap = cap ? cap * 4 : 64;
    c->known = xd_zalloc(c->known_cap * sizeof(*c->known));
    for (uint32_t i = 0; i < cap; i++)
        if (old[i])
            *find(c, text_of(c, old[i] - 1)) = old[i];
    free(old);
}

static bool is_known(struct xd_codec *c, const char *text)
{
    make_room(c);
    return *find(c, text) != 0;
}

static struct xd_name *grow(struct xd_name *names, uint32_t nr, uint32_t *cap)
{
    if (nr < *cap)
        return names;
    *cap = *cap * 2 + 4;
    return xd_realloc(names, *cap * sizeof(*names));
}

static uint32_t add_name(struct xd_codec *c, const char *text, unsigned int sort)
{
    struct xd_program *p = c->p;
    uint32_t *e = find(c, text), slot = p->names;

    p->name = grow(p->name, slot, &p->name_cap);
    p->name[slot].name = xd_program_text(p, text, strlen(text));
    p->name[slot].line = c->step; /* until lines are counted */
    if (!c->names)
        c->names = xd_realloc(NULL, sizeof(*c->names));
    c->names->ordinal[slot] = (uint16_t)c->sorts[sort];
    c->names->sort[sort][c->sorts[sort]++] = (uint16_t)slot;
    *e = ++p->names;
    c->known_nr++;
    return slot;
}

/* ---- Names ---- */

static bool word_char(unsigned int b)
{
    return (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z') || (b >= '0' && b <= '9') || b == '_';
}

/* What the next name is called if nothing else is said. */
static void set_automatic(const struct xd_codec *c, char sign, struct xd_str *out)
{
    xd_str_clear(out);
    xd_str_addf(out, "%sn%u", sign ? "$" : "", c->p->names);
}

static bool is_automatic(const struct xd_codec *c, char sign, const char *name)
{
    struct xd_str automatic = {0};
    bool is;

    set_automatic(c, sign, &automatic);
    is = !strcmp(name, automatic.text);
    xd_str_free(&automatic);
    return is;
}

/*
 * The letters of a name, the last one with its high bit set, into c->word behind the sign; a 0
 * stands for the automatic one. (have) has its sign, if any.
 */
static void letters(struct xd_codec *c, char sign, const char *have, size_t max)
{
    static const char some[] = "abcdefghijklmnopqrstuvwxyz_ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    bool write = xd_writing(c), plain = !write || !have[sign != 0] || is_automatic(c, sign, have);
    unsigned int b = 0, next = 0;

    xd_str_clear(&c->word);
    if (sign)
        xd_str_addc(&c->word, sign);
    if (write && sign) /* else (have) may be NULL */
        have++;
    do {
        if (write && !plain) {
            next = (unsigned char)*have++;
            next |= *have ? 0 : 0x80u;
        }
        b = xd_code_byte(c, next);
        if (!b && c->word.len == (sign != 0))
            set_automatic(c, sign, &c->word);
        if (b)
            xd_str_addc(&c->word, word_char(b & 0x7fu) ? (char)(b & 0x7fu)
                                                       : some[(b & 0x7fu) % (sizeof(some) - 1)]);
    } while (b && !(b & 0x80u) && c->word.len < max);
}

static bool can_be_name(const struct xd_str *s, size_t sign)
{
    struct xd_lexer l;

    xd_lex_init(&l, s->text + sign, s->len - sign);
    if ((l.tok.kind != XD_TOK_WORD && l.tok.kind != XD_TOK_NUMBER) || l.tok.len != s->len - sign)
        return false;
    return sign || (l.tok.kind == XD_TOK_WORD && (s->text[0] < '0' || s->text[0] > '9') &&
                    !xd_name_reserved(&l.tok));
}

int xd_code_new_name(struct xd_codec *c, char sign, const char *have, bool *old)
{
    struct xd_program *p = c->p;

    if (p->names == XD_NAMES_MAX)
        return -1;
    letters(c, sign, have, c->room / 2);
    if (!can_be_name(&c->word, sign != 0))
        set_automatic(c, sign, &c->word);
    *old = is_known(c, c->word.text);
    if (*old && sign)
        return (int)*find(c, c->word.text) - 1;
    if (*old)
        xd_str_addf(&c->word, "_%u", p->names);
    while (is_known(c, c->word.text))
        xd_str_addc(&c->word, '_');
    *old = false;
    xd_code_spend(c, c->word.len + 2);
    return (int)add_name(c, c->word.text, sign != 0);
}

uint32_t xd_code_name(struct xd_codec *c, unsigned int sort, uint64_t have)
{
    uint32_t n = c->sorts[sort], slot = 0, ordinal = 0;

    XD_ALWAYS(n);
    if (xd_writing(c) && have < c->from->names && c->to_name[have]) {
        slot = c->to_name[have] - 1;
        ordinal = c->names->ordinal[slot];
    }
    /* `let` stands at the top and is counted from there; what was captured is used soon. */
    ordinal = sort ? n - 1 - among(c, n, n - 1 - ordinal) : among(c, n, ordinal);
    return c->names->sort[sort][ordinal];
}

/* ---- Domains ---- */

#define DOMAIN_DIGITS  5u
#define DOMAIN_NUMBERS 100000u

bool xd_add_domain(struct xd_codec *c, uint32_t number, unsigned int zeros)
{
    struct xd_program *p = c->p;
    unsigned int digits = 1;
    uint32_t *e;

    for (uint32_t n = number; n > 9; n /= 10)
        digits++;
    zeros = zeros > DOMAIN_DIGITS - digits ? DOMAIN_DIGITS - digits : zeros;
    xd_str_clear(&c->word);
    xd_str_addf(&c->word, "d%0*u", (int)(digits + zeros), number);
    if (is_known(c, c->word.text))
        return false;
    e = find(c, c->word.text);
    p->domain = grow(p->domain, p->domains, &p->domain_cap);
    p->domain[p->domains].name = xd_program_text(p, c->word.text, c->word.len);
    p->domain[p->domains].line = c->step;
    *e = (p->domains++ | IS_DOMAIN) + 1;
    c->known_nr++;
    return true;
}

bool xd_code_new_domain(struct xd_codec *c, uint32_t have)
{
    uint32_t number = 0;
    uint64_t n;
    unsigned int zeros = 0;
    bool added;

    if (xd_writing(c)) {
        const char *digit = xd_text_at(c->from, c->from->domain[have].name) + 1;

        for (; digit[0] == '0' && digit[1]; digit++)
            zeros++;
        for (; *digit; digit++)
            number = number * 10 + (uint32_t)(*digit - '0');
    }
    n = xd_code_number(c, (uint64_t)number << 3 | zeros);
    added = xd_add_domain(c, (uint32_t)((n >> 3) % DOMAIN_NUMBERS), n & 7);
    if (added && xd_writing(c))
        c->to_domain[have] = c->p->domains;
    return added;
}

uint32_t xd_code_domain(struct xd_codec *c, uint64_t have)
{
    uint32_t to = xd_writing(c) && have < c->from->domains ? c->to_domain[have] : 0;

    XD_ALWAYS(c->p->domains);
    return among(c, c->p->domains, to ? to - 1 : 0);
}
