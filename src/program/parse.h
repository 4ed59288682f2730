/* SPDX-License-Identifier: MIT */
/*
 * parse.h: what the parser's files share.
 *
 * The first error ends the parse: xd_parse_fail() turns the present token into BAD, which no rule
 * accepts and no loop survives, so callers need not look at every return value.
 */
#ifndef XD_PROGRAM_PARSE_H
#define XD_PROGRAM_PARSE_H

#include "base/lexer.h"
#include "base/suggest.h"
#include "program/forms.h"

struct xd_parser {
    struct xd_lexer lex;
    struct xd_program *p;
    const char *file, *text;
    size_t len;
    unsigned int nest;      /* parentheses and lists around here */
    unsigned int depth;     /* multicall blocks around here */
    uint32_t names_outside; /* names that had a value before the outermost block */
    bool checking;          /* behind `=`: what happened, not what is asked */
    char *error;
};

/* What may stand where a value is wanted, besides an expression. */
#define XD_MAY_TEXT  0x01u
#define XD_MAY_LIST  0x02u
#define XD_MAY_BIND  0x04u /* a $name that has no value yet gets it here */
#define XD_MAY_ANY   0x08u /* ? */
#define XD_MAY_ERRNO 0x10u /* ENAME, as the negative number */

/* Records the error at the present token, once. */
void xd_parse_fail(struct xd_parser *ps, const char *fmt, ...) XD_PRINTF(2, 3);
/* The same at (t). */
void xd_parse_fail_at(struct xd_parser *ps, const struct xd_token *t, const char *fmt, ...)
    XD_PRINTF(3, 4);

static inline bool xd_is_punct(const struct xd_parser *ps, char op)
{
    return ps->lex.tok.kind == XD_TOK_PUNCT && ps->lex.tok.op == op;
}

static inline bool xd_is_word(const struct xd_token *t, const char *word)
{
    size_t i = 0;

    if (t->kind != XD_TOK_WORD)
        return false;
    while (i < t->len && word[i] && word[i] == t->text[i])
        i++;
    return i == t->len && !word[i];
}

/* Is the present token a word with "=" right behind it? */
bool xd_is_key(const struct xd_parser *ps);
/* Nothing more of this step: the line, the entry or the block ends. */
bool xd_at_step_end(const struct xd_parser *ps);
/* Goes on if the present token is (op), else fails, saying (what) was wanted. */
bool xd_parse_punct(struct xd_parser *ps, char op, const char *what);

/*
 * An expression whose bare names are constants of (kind); (may) as above. Returns XD_EX_NONE's
 * index 0 on failure.
 */
xd_ex xd_parse_value(struct xd_parser *ps, unsigned int kind, unsigned int may);
/* How tightly an operator binds; 0: it is none. Unary signs bind tighter: 7, all else 8. */
unsigned int xd_tightness(char op);
/* A value without operators around it. */
xd_ex xd_parse_primary(struct xd_parser *ps, unsigned int kind, unsigned int may);
/* The domain name that the present token is: its index, or -1 after failing. */
int xd_parse_domain_name(struct xd_parser *ps);
/* Is this token d and digits? */
bool xd_is_domain_word(const struct xd_token *t);
/* The text token, its escapes read. */
xd_ex xd_parse_text(struct xd_parser *ps);

/* Can no `let` be called so, since the word means something already? */
bool xd_name_reserved(const struct xd_token *t);
/* The name of a new `let`: its slot, or -1 after failing. */
int xd_parse_new_name(struct xd_parser *ps);

/* The slot of a name with (sign) '$' or 0 in front; -1 if there is none. */
int xd_slot_of(const struct xd_program *p, char sign, const struct xd_token *t);
/* A new slot for it, or -1 after failing. */
int xd_add_name(struct xd_parser *ps, char sign, const struct xd_token *t);
int xd_kind_named(const struct xd_token *t);                       /* -1: none */
const struct xd_flag_row *xd_flag_named(const struct xd_token *t); /* NULL: none */
void xd_parse_unknown_name(struct xd_parser *ps, const struct xd_token *t, unsigned int kind);

/* Collects items in order. */
struct xd_items {
    xd_at first, last;
};
struct xd_item *xd_items_add(struct xd_parser *ps, struct xd_items *list, unsigned int key);

/*
 * A call from its name on, up to the end of the step; fills (*s). For a multicall the entries
 * follow (*s) in the array.
 */
void xd_parse_call(struct xd_parser *ps, struct xd_step *s);
/* `NAME [OP]` for inject. */
void xd_parse_call_name(struct xd_parser *ps, struct xd_step *s);
/*
 * The form whose name is the present token, which passes; NULL if it is a call, or after failing.
 */
const struct xd_form *xd_parse_form_name(struct xd_parser *ps, struct xd_step *s);
void xd_parse_form(struct xd_parser *ps, const struct xd_form *form, struct xd_step *s);
/* why=NAME behind the equals sign. */
xd_ex xd_parse_why(struct xd_parser *ps);

/*
 * What a call takes, for all who read calls. How many registers (c) has; what may be written for an
 * argument or field of (kind) besides a number, before and behind `=`; the keys that are not fields,
 * ended by 0: before `=` (the first one of an operation's only where the operation has no name), and
 * behind it. (c) is NULL for `hypercall`.
 */
unsigned int xd_call_args(const struct xd_call *c);
unsigned int xd_in_may(unsigned int kind);
unsigned int xd_out_may(unsigned int kind);
const unsigned int *xd_keys_in(const struct xd_call *c);
const unsigned int *xd_keys_out(const struct xd_call *c);

/* The entries of a multicall block up to and with the brace. */
void xd_parse_block(struct xd_parser *ps, struct xd_step *s);

#endif
