/* SPDX-License-Identifier: MIT */
/*
 * bytes.c: the byte form's records: steps, the ends of blocks, comments.
 *
 * A record ends where its last part does; a mark behind it may come sooner, then the rest of it is
 * zeros, or later, then there are more records before it. So damage ends at the next mark.
 */
#include "program/bytes.h"

#include "program/codec.h"

#include <string.h>

/* What a record is; behind these come the forms, and behind them the calls. */
enum record {
    R_BLANK, /* the next step has an empty line before it */
    R_END,   /* of the innermost block, and what stands behind it */
    R_NOTE,  /* a comment on a line of its own; the others belong to the step before */
    R_NOTE_BEHIND,
    R_NOTE_OPEN,    /* behind [ or { */
    R_NOTE_ELEMENT, /* its number and text */
    R_RAW,          /* hypercall */
    R_FORM,
};

static const struct xd_step *from_at(const struct xd_codec *c, uint32_t i)
{
    return xd_writing(c) ? &c->from->step[i] : NULL;
}

/* ---- Blocks ---- */

static void spread_all(struct xd_codec *c)
{
    for (unsigned int i = 0; i < c->blocks; i++)
        c->p->step[c->open[i].step].spread = true;
}

static void open_block(struct xd_codec *c, uint32_t have, const struct xd_step *had)
{
    struct xd_step *s = &c->p->step[c->step];

    s->spread = xd_code_pick(c, 2, had && had->spread);
    if (!c->blocks)
        c->names_outside = c->p->names;
    c->open[c->blocks].step = c->step;
    c->open[c->blocks].from = have;
    c->open[c->blocks++].end = had ? have + had->parts : 0;
    if (s->spread)
        spread_all(c);
}

/* (had): the multicall as it is written. */
static void close_block(struct xd_codec *c, const struct xd_step *had, bool silent)
{
    uint32_t at = c->open[--c->blocks].step;
    struct xd_step s = c->p->step[at];

    c->step = at;
    if (s.spread)
        xd_code_line(c);
    if (!silent)
        xd_code_call_end(c, &s, had);
    s.parts = c->p->steps - at - 1;
    c->p->step[at] = s;
    c->last = at;
}

static void close_all(struct xd_codec *c)
{
    while (c->blocks)
        close_block(c, NULL, true);
}

/* ---- Steps ---- */

/* Does an empty line before the next step show? */
static bool blank_shows(const struct xd_codec *c)
{
    uint32_t before = c->blocks ? c->open[c->blocks - 1].step : 0;

    return c->p->steps > before + 1;
}

static struct xd_step *new_step(struct xd_codec *c)
{
    bool blank = c->blank && blank_shows(c);
    uint32_t at =
        xd_program_step(c->p, (struct xd_step){.blank = blank, .depth = (uint8_t)c->blocks});

    if (blank || c->room < XD_LINE_ROOM / 2) /* or a long block in one line */
        spread_all(c);
    if (!c->blocks || c->p->step[c->open[c->blocks - 1].step].spread)
        xd_code_line(c);
    c->blank = false;
    c->step = at;
    c->last = at;
    return &c->p->step[at];
}

static void drop_step(struct xd_codec *c)
{
    c->p->steps--;
    c->last = 0;
}

/* A step that needs a domain gets one. */
static void need_domain(struct xd_codec *c)
{
    if (c->p->domains)
        return;
    new_step(c)->kind = XD_STEP_DOMAIN;
    xd_add_domain(c, 1, 0);
    c->begun = true;
}

static void call(struct xd_codec *c, const struct xd_call *of, uint32_t i)
{
    const struct xd_step *have = from_at(c, i);
    struct xd_step s;

    need_domain(c);
    if (of && of->shape == XD_SHAPE_MULTI && c->blocks == XD_BLOCKS_MAX)
        return;
    s = *new_step(c);
    s.kind = XD_STEP_CALL;
    s.call = of;
    s.raw = !of;
    xd_code_spend(c, 80);
    if (of && of->shape == XD_SHAPE_MULTI) {
        c->p->step[c->step] = s;
        open_block(c, i, have);
    } else {
        xd_code_call(c, &s, have);
        c->p->step[c->step] = s;
    }
    if (s.spread)
        spread_all(c);
    c->begun = true;
}

static void form(struct xd_codec *c, const struct xd_form *f, uint32_t i)
{
    bool late = f->step == XD_STEP_MACHINE && c->begun;
    struct xd_step s;

    close_all(c);
    if (f->step != XD_STEP_MACHINE && f->step != XD_STEP_DOMAIN && f->step != XD_STEP_LET)
        need_domain(c);
    s = *new_step(c);
    if (!xd_code_form(c, f, &s, from_at(c, i)) || late) {
        drop_step(c);
        return;
    }
    c->p->step[c->step] = s;
    c->begun = true;
}

/* ---- Comments ---- */

/* A comment's text, its # put before it, such as the lexer would have read. */
static xd_text note_text(struct xd_codec *c, xd_text have)
{
    const char *text = xd_writing(c) ? xd_text_at(c->from, have) + 1 : NULL;
    char *t;
    size_t n;

    xd_code_text(c, text, text ? strlen(text) : 0, c->room / 2);
    xd_code_spend(c, c->word.len + 2);
    xd_str_addc(&c->word, '#'); /* goes round to the front */
    t = c->word.text;
    n = c->word.len;
    memmove(t + 1, t, n - 1);
    t[0] = '#';
    for (size_t i = 1; i < n; i++)
        if ((unsigned char)t[i] < ' ' && t[i] != '\t')
            t[i] = '?';
    while ((unsigned char)t[n - 1] <= ' ')
        n--;
    return xd_program_text(c->p, t, n);
}

static struct xd_item *element(struct xd_codec *c, const struct xd_step *s, uint64_t nr)
{
    for (xd_at i = s->in; i; i = c->p->item[i].next)
        if (c->p->item[i].key == XD_KEY_ELEMENT && nr-- == 0)
            return &c->p->item[i];
    return NULL;
}

static void note(struct xd_codec *c, enum record kind, xd_text have, uint64_t nr)
{
    struct xd_item *it = NULL;
    struct xd_step *s;
    xd_text t;

    if (kind == R_NOTE) {
        new_step(c)->note = note_text(c, have); /* its kind is 0 */
        c->last = 0;
        spread_all(c);
        return;
    }
    if (kind == R_NOTE_ELEMENT)
        nr = xd_code_number(c, nr);
    t = note_text(c, have);
    if (!c->last)
        return;
    s = &c->p->step[c->last];
    if (c->blocks && c->open[c->blocks - 1].step == c->last) {
        s->spread = true; /* only behind the { of a block that is still open */
        kind = R_NOTE_OPEN;
    }
    if (kind == R_NOTE_ELEMENT && s->spread)
        it = element(c, s, nr);
    if (it)
        it->note = t;
    else if (s->spread && kind != R_NOTE_OPEN)
        s->note_end = t;
    else
        s->note = t;
    spread_all(c);
}

/* ---- Lines of the canonical text ---- */

static uint32_t count_lines(struct xd_program *p, uint32_t at, uint32_t line)
{
    struct xd_step *s = &p->step[at];

    s->line = line;
    for (uint32_t k = at + 1; k <= at + s->parts; k += 1 + p->step[k].parts) {
        line += s->spread ? 1u + (p->step[k].blank && k > at + 1) : 0;
        line = count_lines(p, k, line);
    }
    for (xd_at i = s->spread ? s->in : 0; i; i = p->item[i].next)
        line += p->item[i].key == XD_KEY_ELEMENT;
    return line + s->spread;
}

static void set_lines(struct xd_program *p)
{
    uint32_t line = 0;

    for (uint32_t i = 1; i < p->steps; i += 1 + p->step[i].parts)
        line = count_lines(p, i, line + 1 + (p->step[i].blank && i > 1));
    for (uint32_t i = 0; i < p->names; i++)
        p->name[i].line = p->step[p->name[i].line].line;
    for (uint32_t i = 0; i < p->domains; i++)
        p->domain[i].line = p->step[p->domain[i].line].line;
}

/* ---- Both ways ---- */

/* The record of step (i), and what (kind) says it is. */
static void record(struct xd_codec *c, unsigned int kind, uint32_t i)
{
    kind = xd_code_pick(c, R_FORM + c->forms + c->calls, kind);
    xd_code_floor(c);
    switch (kind) {
    case R_BLANK: c->blank = true; break;
    case R_END:
        if (c->blocks)
            close_block(c, from_at(c, i), false);
        break;
    case R_NOTE: note(c, R_NOTE, xd_writing(c) ? c->from->step[i].note : 0, 0); break;
    case R_NOTE_BEHIND:
    case R_NOTE_OPEN:
    case R_NOTE_ELEMENT: note(c, (enum record)kind, 0, 0); break;
    case R_RAW: call(c, NULL, i); break;
    default:
        if (kind < (unsigned int)R_FORM + c->forms)
            form(c, &xd_forms()[kind - R_FORM], i);
        else
            call(c, c->call[kind - R_FORM - c->forms], i);
    }
    if (xd_writing(c))
        xd_code_mark(c);
}

static unsigned int kind_of(const struct xd_codec *c, const struct xd_step *s)
{
    if (s->kind == XD_STEP_NOTE)
        return R_NOTE;
    if (s->kind != XD_STEP_CALL)
        return R_FORM + (unsigned int)(xd_form_of((enum xd_step_kind)s->kind) - xd_forms());
    if (s->raw)
        return R_RAW;
    return R_FORM + c->forms + xd_call_place(c, s->call);
}

static void write_note(struct xd_codec *c, enum record kind, xd_text text, uint64_t nr)
{
    if (!text)
        return;
    xd_code_pick(c, R_FORM + c->forms + c->calls, kind);
    xd_code_floor(c);
    note(c, kind, text, nr);
    xd_code_mark(c);
}

/* The comments of step (i), apart from one behind a block's closing brace. */
static void write_notes(struct xd_codec *c, uint32_t i, bool block)
{
    const struct xd_step *s = &c->from->step[i];
    uint64_t nr = 0;

    if (s->spread)
        write_note(c, R_NOTE_OPEN, s->note, 0);
    for (xd_at k = s->in; k && s->spread && !block; k = xd_item_at(c->from, k)->next)
        if (xd_item_at(c->from, k)->key == XD_KEY_ELEMENT)
            write_note(c, R_NOTE_ELEMENT, xd_item_at(c->from, k)->note, nr++);
    if (!block)
        write_note(c, R_NOTE_BEHIND, s->spread ? s->note_end : s->note, 0);
}

static void write_end(struct xd_codec *c)
{
    uint32_t i = c->open[c->blocks - 1].from;
    const struct xd_step *s = &c->from->step[i];

    record(c, R_END, i);
    write_note(c, R_NOTE_BEHIND, s->spread ? s->note_end : s->note, 0);
}

void xd_program_to_bytes(const struct xd_program *p, struct xd_str *out)
{
    struct xd_codec codec = {.from = p, .out = out, .floor = out->len}, *c = &codec;

    xd_codec_start(c, "");
    for (uint32_t i = 1; i < p->steps; i++) {
        const struct xd_step *s = &p->step[i];
        unsigned int before = c->blocks;

        if (s->blank && blank_shows(c))
            record(c, R_BLANK, i);
        record(c, kind_of(c, s), i);
        if (s->kind != XD_STEP_NOTE)
            write_notes(c, i, c->blocks > before);
        while (c->blocks && i == c->open[c->blocks - 1].end)
            write_end(c);
    }
    xd_codec_end(c);
    xd_program_free(c->p);
}

struct xd_program *xd_program_from_bytes(const char *file, const void *bytes, size_t n)
{
    const uint8_t *at = n ? bytes : (const uint8_t *)"";
    struct xd_codec codec = {.at = at, .end = at + (n < XD_SOURCE_MAX ? n : XD_SOURCE_MAX)};
    struct xd_codec *c = &codec;
    struct xd_program *p;

    xd_codec_start(c, file);
    while (c->at < c->end && c->text) {
        if (*c->at == XD_MARK)
            c->at++;
        else
            record(c, 0, 0);
    }
    close_all(c);
    p = c->p;
    xd_codec_end(c);
    set_lines(p);
    return p;
}
