/* SPDX-License-Identifier: MIT */
/* parse.c: lines into steps and blocks, and the one place where errors get their text. */
#include "program/parse.h"

#include <stdlib.h>
#include <string.h>

#define SHOWN 100 /* bytes of a line that a message shows */

/* How many bytes the UTF-8 character at (p) has; 0: it is none. */
static size_t character(const char *p, const char *end)
{
    const unsigned char *c = (const unsigned char *)p;
    size_t n = *c < 0x80                 ? 1
               : *c >= 0xc2 && *c < 0xe0 ? 2
               : *c >= 0xe0 && *c < 0xf0 ? 3
               : *c >= 0xf0 && *c < 0xf5 ? 4
                                         : 0;

    if (n == 0 || (size_t)(end - p) < n)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((c[i] & 0xc0) != 0x80)
            return 0;
    return n;
}

/*
 * The line of the token with a caret below it; of a long line the part around the token. What can't
 * be shown is a ?.
 */
static void show_line(const struct xd_parser *ps, const struct xd_token *t, struct xd_str *out)
{
    const char *start = t->text - (t->col - 1), *limit = ps->text + ps->len, *p;
    struct xd_str caret = {0};

    p = start + (t->col > SHOWN ? t->col - SHOWN / 2 : 0);
    limit = (size_t)(limit - p) > SHOWN ? p + SHOWN : limit;
    xd_str_add(out, "    ");
    while (p < limit && *p != '\n' && *p != '\r') {
        size_t n = character(p, limit);
        bool shown = n && (unsigned char)*p >= ' ' && *p != 0x7f;

        if (p < t->text)
            xd_str_addc(&caret, ' ');
        if (shown)
            xd_str_addn(out, p, n);
        else
            xd_str_addc(out, *p == '\t' ? ' ' : '?');
        p += shown ? n : 1;
    }
    xd_str_addf(out, "\n    %s^\n", xd_str_text(&caret));
    xd_str_free(&caret);
}

static void fail(struct xd_parser *ps, const struct xd_token *t, const char *fmt, va_list ap)
    XD_PRINTF(3, 0);
static void fail(struct xd_parser *ps, const struct xd_token *t, const char *fmt, va_list ap)
{
    struct xd_str out = {0};

    if (!ps->error) {
        xd_str_addf(&out, "%s:%u:%u: ", ps->file, t->line, t->col);
        if (t->kind == XD_TOK_BAD && t->why)
            xd_str_add(&out, t->why);
        else
            xd_str_vaddf(&out, fmt, ap);
        xd_str_addc(&out, '\n');
        show_line(ps, t, &out);
        ps->error = out.text;
    }
    ps->lex.tok.kind = XD_TOK_BAD;
}

void xd_parse_fail(struct xd_parser *ps, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    fail(ps, &ps->lex.tok, fmt, ap);
    va_end(ap);
}

void xd_parse_fail_at(struct xd_parser *ps, const struct xd_token *t, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    fail(ps, t, fmt, ap);
    va_end(ap);
}

bool xd_is_key(const struct xd_parser *ps)
{
    const struct xd_lexer *l = &ps->lex;

    return l->tok.kind == XD_TOK_WORD && l->at < l->end && *l->at == '=';
}

bool xd_at_step_end(const struct xd_parser *ps)
{
    enum xd_tok k = ps->lex.tok.kind;

    return k == XD_TOK_END || k == XD_TOK_NEWLINE || k == XD_TOK_COMMENT || k == XD_TOK_BAD ||
           (ps->depth && (xd_is_punct(ps, ';') || xd_is_punct(ps, '}')));
}

bool xd_parse_punct(struct xd_parser *ps, char op, const char *what)
{
    if (!xd_is_punct(ps, op)) {
        xd_parse_fail(ps, "wants %s here", what);
        return false;
    }
    xd_lex_next(&ps->lex);
    return true;
}

struct xd_item *xd_items_add(struct xd_parser *ps, struct xd_items *list, unsigned int key)
{
    xd_at i = xd_program_item(ps->p, (struct xd_item){.key = (uint8_t)key});

    if (list->last)
        ps->p->item[list->last].next = i;
    else
        list->first = i;
    list->last = i;
    return &ps->p->item[i];
}

/* Something that is no comment has been said before. */
static bool begun(const struct xd_program *p)
{
    for (uint32_t i = 1; i < p->steps; i++)
        if (p->step[i].kind != XD_STEP_NOTE)
            return true;
    return false;
}

/* A step, the present token being its first; not its comment. */
static void parse_step(struct xd_parser *ps, bool blank)
{
    struct xd_program *p = ps->p;
    struct xd_token first = ps->lex.tok;
    struct xd_step s = {.blank = blank, .line = first.line, .depth = (uint8_t)ps->depth};
    bool late = begun(p);
    uint32_t at = xd_program_step(p, s);
    const struct xd_form *form = xd_parse_form_name(ps, &s);

    if (ps->error)
        return;
    if (form && ps->depth) {
        xd_parse_fail_at(ps, &first, "only hypercalls stand inside a multicall");
        return;
    }
    if (form && form->step == XD_STEP_MACHINE && late) {
        xd_parse_fail_at(ps, &first, "the machine comes first, and there is one of them");
        return;
    }
    if (p->domains == 0 &&
        (!form || (form->step != XD_STEP_MACHINE && form->step != XD_STEP_DOMAIN &&
                   form->step != XD_STEP_LET && form->step != XD_STEP_AT))) {
        struct xd_step probe = s;

        if (!form)
            xd_parse_call(ps, &probe); /* an unknown word is the better message */
        xd_parse_fail_at(ps, &first, "no domain is declared above; `domain d1` makes one");
        return;
    }
    if (form)
        xd_parse_form(ps, form, &s);
    else
        xd_parse_call(ps, &s);
    if (!ps->error && !xd_at_step_end(ps))
        xd_parse_fail(ps, "nothing more is wanted here");
    s.parts = p->steps - at - 1;
    p->step[at] = s;
}

/* The comment that ends the step (i). */
static void attach_note(struct xd_parser *ps, uint32_t i)
{
    const struct xd_token *t = &ps->lex.tok;
    xd_text at;

    if (t->kind != XD_TOK_COMMENT)
        return;
    at = xd_program_text(ps->p, t->text, t->len);
    if (ps->p->step[i].spread)
        ps->p->step[i].note_end = at;
    else
        ps->p->step[i].note = at;
    xd_lex_next(&ps->lex);
}

static void note_step(struct xd_parser *ps, bool blank)
{
    const struct xd_token *t = &ps->lex.tok;
    xd_text at = xd_program_text(ps->p, t->text, t->len);

    xd_program_step(ps->p, (struct xd_step){.kind = XD_STEP_NOTE,
                                            .blank = blank,
                                            .line = t->line,
                                            .depth = (uint8_t)ps->depth,
                                            .note = at});
    xd_lex_next(&ps->lex);
}

/* Steps up to the end of the text, or of the block. */
static void parse_lines(struct xd_parser *ps)
{
    bool blank = false, line_empty = true;

    while (!ps->error) {
        enum xd_tok k = ps->lex.tok.kind;

        if (k == XD_TOK_END || (ps->depth && xd_is_punct(ps, '}')))
            return;
        if (k == XD_TOK_NEWLINE) {
            blank |= line_empty;
            line_empty = true;
            xd_lex_next(&ps->lex);
            continue;
        }
        if (ps->depth && xd_is_punct(ps, ';')) {
            xd_lex_next(&ps->lex);
            continue;
        }
        if (k == XD_TOK_COMMENT) {
            note_step(ps, blank);
        } else {
            uint32_t at = ps->p->steps;

            parse_step(ps, blank);
            attach_note(ps, at);
        }
        blank = line_empty = false;
    }
}

void xd_parse_block(struct xd_parser *ps, struct xd_step *s)
{
    const struct xd_token open = ps->lex.tok;

    if (ps->depth == XD_BLOCKS_MAX) {
        xd_parse_fail(ps, "more than %u multicall blocks inside each other", XD_BLOCKS_MAX);
        return;
    }
    if (!ps->depth)
        ps->names_outside = ps->p->names;
    ps->depth++;
    xd_lex_next(&ps->lex);
    s->spread = ps->lex.tok.kind == XD_TOK_NEWLINE || ps->lex.tok.kind == XD_TOK_COMMENT;
    if (ps->lex.tok.kind == XD_TOK_COMMENT) {
        s->note = xd_program_text(ps->p, ps->lex.tok.text, ps->lex.tok.len);
        xd_lex_next(&ps->lex);
    }
    if (s->spread && ps->lex.tok.kind == XD_TOK_NEWLINE)
        xd_lex_next(&ps->lex);
    parse_lines(ps);
    if (ps->lex.tok.kind == XD_TOK_END)
        xd_parse_fail_at(ps, &open, "this block has no closing }");
    s->spread |= ps->lex.tok.line != open.line;
    xd_parse_punct(ps, '}', "a hypercall or }");
    ps->depth--;
}

/* What is wrong with the text as a whole; NULL: nothing. */
static char *unfit(const char *file, const char *text, size_t len)
{
    struct xd_str out = {0};
    uint32_t line = 1;

    if (len > XD_SOURCE_MAX) {
        xd_str_addf(&out, "%s: larger than %u MiB; a scenario is a short text\n", file,
                    XD_SOURCE_MAX >> 20);
        return out.text;
    }
    for (const char *p = text, *end = text + len; p < end; line++) {
        const char *eol = memchr(p, '\n', (size_t)(end - p));

        if ((size_t)((eol ? eol : end) - p) > XD_LINE_MAX) {
            xd_str_addf(&out, "%s:%u: this line is longer than %u bytes\n", file, line,
                        XD_LINE_MAX);
            return out.text;
        }
        p = eol ? eol + 1 : end;
    }
    return NULL;
}

struct xd_program *xd_program_parse(const char *file, const char *text, size_t len, char **error)
{
    struct xd_parser ps = {.file = file, .text = text, .len = len};

    *error = unfit(file, text, len);
    if (*error)
        return NULL;
    ps.p = xd_zalloc(sizeof(*ps.p));
    ps.p->file = xd_strdup(file);
    xd_program_step(ps.p, (struct xd_step){0}); /* index 0 is none */
    xd_program_expr(ps.p, (struct xd_expr){0});
    xd_program_item(ps.p, (struct xd_item){0});
    xd_program_text(ps.p, "", 0);
    xd_lex_init(&ps.lex, text, len);
    parse_lines(&ps);
    if (!ps.error)
        return ps.p;
    *error = ps.error;
    xd_program_free(ps.p);
    return NULL;
}
