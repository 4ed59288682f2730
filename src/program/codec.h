/* SPDX-License-Identifier: MIT */
/*
 * codec.h: what the files of the byte form share.
 *
 * One walk over the grammar both writes and reads: each choice goes through a function that is
 * given what is there (writing) and returns what is meant (writing and reading), and the program is
 * built from what is meant either way. So reader and writer can't disagree, and what the reader
 * mends (a name taken, a key twice, too deep) is mended alike in both.
 */
#ifndef XD_PROGRAM_CODEC_H
#define XD_PROGRAM_CODEC_H

#include "program/parse.h"

/* Slots of `let` [0] and of captured names [1] in the order they got their meaning, and back. */
struct xd_codec_names {
    uint16_t sort[2][XD_NAMES_MAX], ordinal[XD_NAMES_MAX];
};

struct xd_codec {
    const struct xd_program *from; /* writing: the program; NULL when reading */
    struct xd_program *p;          /* what it means */
    struct xd_str *out;
    size_t floor; /* writing: zeros behind this length of (out) go when the record ends */
    const uint8_t *at, *end;

    /* Where we are. */
    uint32_t step; /* index in (p) of the step that is being made */
    uint32_t last; /* the one before it, which comments belong to; 0: none */
    bool blank, begun;
    bool checking, lasting;   /* behind `=`; nothing of the argument area may be named */
    unsigned int depth, nest; /* of the present expression, as the parser would count */
    uint32_t room;            /* bytes that may still come in this line of text */
    uint32_t text;            /* bytes that may still come in the whole text */

    unsigned int blocks;
    struct {
        uint32_t step, from, end; /* index in (p); writing: in (from), and of the last entry */
    } open[XD_BLOCKS_MAX];
    uint32_t names_outside;

    uint32_t sorts[2]; /* how many names of each sort have a meaning */
    struct xd_codec_names *names;
    uint32_t *known, known_cap, known_nr; /* texts of names and domains, hashed */
    uint32_t *to_name, *to_domain;        /* writing: 1 + index in (p) of those of (from) */
    struct xd_str word;

    /* Sizes and places of tables. */
    uint8_t tags, calls, forms;
    const struct xd_call *call[XD_CALLS];
    uint16_t const_first[XD_KINDS], const_nr[XD_KINDS];
};

static inline bool xd_writing(const struct xd_codec *c)
{
    return c->from != NULL;
}

static inline unsigned int xd_call_place(const struct xd_codec *c, const struct xd_call *call)
{
    unsigned int i = 0;

    while (c->call[i] != call)
        i++;
    return i;
}

/* ---- codec.c: bytes, texts, names ---- */

#define XD_MARK      0xffu /* ends a record */
#define XD_ESCAPE    0xfeu /* what follows it gives the last bit of 0xfe or 0xff */
#define XD_LINE_ROOM (XD_LINE_MAX - 0x10000u) /* the rest is for what can't be left out */

void xd_codec_start(struct xd_codec *c, const char *file);
/* Gives back all but the program. */
void xd_codec_end(struct xd_codec *c);

uint8_t xd_read_escaped(struct xd_codec *c); /* what lies behind an escape */
uint8_t xd_write_byte(struct xd_codec *c, unsigned int have);

/* One byte; beyond the record's end it is 0. */
static inline uint8_t xd_code_byte(struct xd_codec *c, unsigned int have)
{
    if (xd_writing(c))
        return xd_write_byte(c, have);
    if (c->at == c->end || *c->at == XD_MARK)
        return 0;
    return *c->at++ == XD_ESCAPE ? xd_read_escaped(c) : c->at[-1];
}

/* Is there anything left of this record (reading) and of this line? */
static inline bool xd_code_more(const struct xd_codec *c)
{
    return c->room && (xd_writing(c) || (c->at < c->end && *c->at != XD_MARK));
}

void xd_code_mark(struct xd_codec *c); /* writing: the record's end */

/* Writing: zeros up to here stay. */
static inline void xd_code_floor(struct xd_codec *c)
{
    if (xd_writing(c))
        c->floor = c->out->len;
}

uint64_t xd_code_number(struct xd_codec *c, uint64_t have);
/* One of 0..n-1. */
uint32_t xd_code_pick(struct xd_codec *c, uint32_t n, uint32_t have);
/* How many elements follow, and one flag. The elements: while there are more; then a floor. */
uint32_t xd_code_count(struct xd_codec *c, uint32_t n, bool *flag);
/* A text of any bytes, at most (max) long; into c->word. */
void xd_code_text(struct xd_codec *c, const char *have, size_t len, size_t max);

/* A new line of text begins. */
void xd_code_line(struct xd_codec *c);
/* Takes (n) bytes of the line; false if it has no room for them: then nothing more comes. */
static inline bool xd_code_spend(struct xd_codec *c, size_t n)
{
    const bool has = n <= c->room;

    c->room = has ? c->room - (uint32_t)n : 0;
    return has;
}

/*
 * A name that gets its meaning here, (have) being its text, sign included. Its slot; -1 if there
 * are too many. A captured one may be an old one: then *old.
 */
int xd_code_new_name(struct xd_codec *c, char sign, const char *have, bool *old);
/* A name of sort 0 or 1 that has a meaning; there must be one. (have): slot in c->from. */
uint32_t xd_code_name(struct xd_codec *c, unsigned int sort, uint64_t have);
/* The domain of a `domain` step: false if it is declared already. (have): index in c->from. */
bool xd_code_new_domain(struct xd_codec *c, uint32_t have);
bool xd_add_domain(struct xd_codec *c, uint32_t number, unsigned int zeros);
/* One that is declared; there must be one. */
uint32_t xd_code_domain(struct xd_codec *c, uint64_t have);

/* ---- code_leaf.c: (x) is what is there when writing, NULL when reading ---- */

/* Beyond XD_MAY_*: */
#define XD_MAY_SIGN    0x40u /* - or ~ in front */
#define XD_MUST_DOMAIN 0x80u /* begins with a domain's name */

xd_ex xd_leaf_add(struct xd_codec *c, struct xd_expr e);
xd_ex xd_leaf_named(struct xd_codec *c, unsigned int op, unsigned int sub, const char *name,
                    uint64_t num);
xd_ex xd_leaf_number(struct xd_codec *c, unsigned int base, uint64_t num);
/* Stands for what can't be. */
xd_ex xd_leaf_zero(struct xd_codec *c, unsigned int may);
/* A constant of (kind), which has some; any constant with its kind before it. */
xd_ex xd_leaf_const(struct xd_codec *c, const struct xd_expr *x, unsigned int kind);
xd_ex xd_leaf_kind_const(struct xd_codec *c, const struct xd_expr *x);
xd_ex xd_leaf_errno(struct xd_codec *c, const struct xd_expr *x);
xd_ex xd_leaf_text(struct xd_codec *c, const struct xd_expr *x);
xd_ex xd_leaf_name(struct xd_codec *c, const struct xd_expr *x, unsigned int kind,
                   unsigned int may);
xd_ex xd_leaf_captured(struct xd_codec *c, const struct xd_expr *x, unsigned int may);
xd_ex xd_leaf_bind(struct xd_codec *c, const struct xd_expr *x, unsigned int may);
xd_ex xd_leaf_start(struct xd_codec *c, const struct xd_expr *x, bool of_domain);
xd_ex xd_leaf_domain(struct xd_codec *c, const struct xd_expr *x);

/* ---- code_expr.c ---- */

unsigned int xd_expr_tags(void);
/* As xd_parse_value. */
xd_ex xd_code_value(struct xd_codec *c, xd_ex have, unsigned int kind, unsigned int may);
/* The same, or nothing: 0. */
xd_ex xd_code_value_if(struct xd_codec *c, xd_ex have, unsigned int kind, unsigned int may);
/* A value that begins with a domain's name. */
xd_ex xd_code_value_of_domain(struct xd_codec *c, xd_ex have, unsigned int kind);
/* FIRST-LAST */
xd_ex xd_code_range(struct xd_codec *c, xd_ex have);
xd_ex xd_code_text_expr(struct xd_codec *c, xd_ex have);
/* Number (i) of a list of words as XD_EX_WORD meaning (num). */
xd_ex xd_add_word(struct xd_codec *c, const char *word, uint64_t num);

/* ---- code_step.c ---- */

/* A call from what follows its name on; (s) is complete but for its entries. */
void xd_code_call(struct xd_codec *c, struct xd_step *s, const struct xd_step *have);
/* What stands behind the entries of a multicall. */
void xd_code_call_end(struct xd_codec *c, struct xd_step *s, const struct xd_step *have);
/* False: such a step can't be. */
bool xd_code_form(struct xd_codec *c, const struct xd_form *form, struct xd_step *s,
                  const struct xd_step *have);

#endif
