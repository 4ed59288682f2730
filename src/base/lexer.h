/* SPDX-License-Identifier: MIT */
/*
 * lexer.h: text into tokens, one at a time, each with its place.
 *
 * Any bytes are accepted: what no token can hold comes back as XD_TOK_BAD with the sentence that
 * says why. Tokens point into the text, which must outlive them; nothing is allocated.
 */
#ifndef XD_BASE_LEXER_H
#define XD_BASE_LEXER_H

#include "base/bug.h"

enum xd_tok {
    XD_TOK_END,
    XD_TOK_NEWLINE,
    XD_TOK_WORD,    /* letters, digits and _ that are no number */
    XD_TOK_NUMBER,  /* decimal, or hexadecimal after 0x; fits 64 bits */
    XD_TOK_TEXT,    /* "..." on one line; (text) is what stands between the quotes */
    XD_TOK_COMMENT, /* # to the end of the line, trailing blanks cut */
    XD_TOK_PUNCT,   /* (op) */
    XD_TOK_BAD,
};

/* Two-character punctuation in xd_token.op; everything else is its character. */
#define XD_OP_SHL 'l'
#define XD_OP_SHR 'r'

struct xd_token {
    enum xd_tok kind;
    char op;
    bool spaced; /* something blank, or the start of the line, before it */
    bool hex;
    uint32_t line, col; /* from 1; col in bytes */
    const char *text;
    size_t len;
    uint64_t num;
    const char *why; /* BAD */
};

struct xd_lexer {
    const char *at, *end;
    const char *line_start;
    uint32_t line;
    struct xd_token tok; /* the present token */
};

/* The present token becomes the first one of (text). */
void xd_lex_init(struct xd_lexer *l, const char *text, size_t len);

/* Goes on to the next token. After END or BAD it stays where it is. */
void xd_lex_next(struct xd_lexer *l);

/* Is the byte right behind the present token blank, or the end of the line? */
bool xd_lex_blank_follows(const struct xd_lexer *l);

/*
 * The present token is a word: lets it swallow what follows it of [A-Za-z0-9_-], as names with
 * dashes need.
 */
void xd_lex_dashed(struct xd_lexer *l);

/*
 * Reads the escapes \n \t \r \\ \" \xHH of a TEXT token of (len) bytes into (out), which has room
 * for (len) of them. Returns the length, or -1 if there is another escape; then *bad is its offset.
 */
long xd_lex_unescape(const char *text, size_t len, char *out, size_t *bad);

#endif
