/* SPDX-License-Identifier: MIT */
/* lexer.c: one pass over the bytes, never past the end, never back. */
#include "base/lexer.h"

#include <string.h>

static bool word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* -1: not a digit. */
static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static void bad(struct xd_lexer *l, const char *why)
{
    l->tok.kind = XD_TOK_BAD;
    l->tok.why = why;
    l->at = l->tok.text;
}

/* A word that begins with a digit: is all of it a number? */
static void number(struct xd_lexer *l)
{
    struct xd_token *t = &l->tok;
    size_t i = 0;
    unsigned int base = 10;

    if (t->len > 2 && t->text[0] == '0' && (t->text[1] == 'x' || t->text[1] == 'X')) {
        base = 16;
        i = 2;
    }
    for (; i < t->len; i++) {
        int d = digit(t->text[i]);

        if (d < 0 || (unsigned int)d >= base)
            return;
        if (t->num > (UINT64_MAX - (unsigned int)d) / base) {
            bad(l, "this number needs more than 64 bits");
            return;
        }
        t->num = t->num * base + (unsigned int)d;
    }
    t->kind = XD_TOK_NUMBER;
    t->hex = base == 16;
}

static void text(struct xd_lexer *l)
{
    const char *p = l->at + 1;

    for (; p < l->end && *p != '"' && *p != '\n'; p++) {
        if ((unsigned char)*p < ' ' && *p != '\t') {
            l->tok.text = p;
            l->tok.col = (uint32_t)(p - l->line_start) + 1;
            bad(l, "a control character can't stand in a text; write it as \\xHH");
            return;
        }
        if (*p == '\\' && p + 1 < l->end && p[1] != '\n')
            p++;
    }
    if (p >= l->end || *p != '"') {
        bad(l, "this text has no closing \"");
        return;
    }
    l->tok.kind = XD_TOK_TEXT;
    l->tok.text = l->at + 1;
    l->tok.len = (size_t)(p - l->at) - 1;
    l->at = p + 1;
}

static void comment(struct xd_lexer *l)
{
    const char *p = l->at;

    for (; p < l->end && *p != '\n'; p++)
        if ((unsigned char)*p < ' ' && *p != '\t' &&
            !(*p == '\r' && p + 1 < l->end && p[1] == '\n')) {
            l->tok.text = p;
            l->tok.col = (uint32_t)(p - l->line_start) + 1;
            bad(l, "a control character can't stand in a comment");
            return;
        }
    l->tok.kind = XD_TOK_COMMENT;
    l->tok.len = (size_t)(p - l->at);
    l->at = p;
    while (l->tok.len && (unsigned char)l->tok.text[l->tok.len - 1] <= ' ')
        l->tok.len--;
}

static bool skip_blanks(struct xd_lexer *l)
{
    const char *from = l->at;

    while (l->at < l->end) {
        if (*l->at == '\r' && (l->at + 1 == l->end || l->at[1] == '\n'))
            l->at++;
        else if (*l->at == ' ' || *l->at == '\t')
            l->at++;
        else
            break;
    }
    return l->at != from || l->at == l->line_start;
}

void xd_lex_next(struct xd_lexer *l)
{
    struct xd_token *t = &l->tok;

    if (t->kind == XD_TOK_BAD)
        return;
    if (t->kind == XD_TOK_NEWLINE) {
        l->line++;
        l->line_start = l->at;
    }
    *t = (struct xd_token){.spaced = skip_blanks(l), .line = l->line};
    t->text = l->at;
    t->col = (uint32_t)(l->at - l->line_start) + 1;
    if (l->at == l->end) {
        t->kind = XD_TOK_END;
    } else if (word_char(*l->at)) {
        while (l->at < l->end && word_char(*l->at))
            l->at++;
        t->kind = XD_TOK_WORD;
        t->len = (size_t)(l->at - t->text);
        if (digit(*t->text) >= 0 && digit(*t->text) < 10)
            number(l);
    } else if (*l->at == '"') {
        text(l);
    } else if (*l->at == '#') {
        comment(l);
    } else if (*l->at == '\n') {
        t->kind = XD_TOK_NEWLINE;
        l->at++;
    } else if (*l->at > ' ' && *l->at < 0x7f) {
        t->kind = XD_TOK_PUNCT;
        t->op = *l->at;
        t->len = 1;
        if ((t->op == '<' || t->op == '>') && l->at + 1 < l->end && l->at[1] == t->op) {
            t->op = t->op == '<' ? XD_OP_SHL : XD_OP_SHR;
            t->len = 2;
        }
        l->at += t->len;
    } else {
        bad(l, *l->at == '\0' ? "a NUL byte: this is not a text file"
               : l->end - l->at > 2 && !memcmp(l->at, "\xef\xbb\xbf", 3)
                   ? "a byte order mark: it can't be seen, and a scenario has none"
                   : "a byte that can stand only in a text or comment");
    }
}

void xd_lex_init(struct xd_lexer *l, const char *from, size_t len)
{
    *l = (struct xd_lexer){.at = from, .end = from + len, .line_start = from, .line = 1};
    xd_lex_next(l);
}

bool xd_lex_blank_follows(const struct xd_lexer *l)
{
    return l->at == l->end || (unsigned char)*l->at <= ' ';
}

void xd_lex_dashed(struct xd_lexer *l)
{
    while (l->at < l->end && (word_char(*l->at) || *l->at == '-'))
        l->at++;
    l->tok.kind = XD_TOK_WORD;
    l->tok.len = (size_t)(l->at - l->tok.text);
}

long xd_lex_unescape(const char *from, size_t len, char *out, size_t *wrong)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        char c = from[i];

        if (c == '\\') {
            *wrong = i;
            if (++i == len)
                return -1;
            c = from[i];
            if (c == 'x') {
                if (len - i < 3 || digit(from[i + 1]) < 0 || digit(from[i + 2]) < 0)
                    return -1;
                c = (char)(digit(from[i + 1]) * 16 + digit(from[i + 2]));
                i += 2;
            } else if (c == 'n' || c == 't' || c == 'r') {
                c = c == 'n' ? '\n' : c == 't' ? '\t' : '\r';
            } else if (c != '\\' && c != '"') {
                return -1;
            }
        }
        out[n++] = c;
    }
    return (long)n;
}
