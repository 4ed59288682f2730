/* SPDX-License-Identifier: MIT */
/*
 * mutate.c: mutation by steps. A step is a record of the byte form (two for a block), and records
 * can be moved about without knowing what they say.
 */
#include "fuzz/mutate.h"

#include "fuzz/generate.h"
#include "fuzz/mutator.h"
#include "program/bytes.h"

#include <stdlib.h>
#include <string.h>

#define MARK       '\xff'
#define FRAMES     2048u /* of the machines made here: audits cost by the frame */
#define RUN_MAX    6u    /* records moved at once */
#define FRESH_MAX  6u    /* steps generated at once */
#define ROUNDS_MAX 6u

/* ---- Programs as lists of records ---- */

struct record {
    const char *at;
    size_t len; /* with its mark */
};

struct source {
    struct xd_program *p;
    struct xd_str bytes;
    struct record *rec;
    uint32_t nr, cap;
    uint32_t head; /* records of the machine, the domains and the first names */
};

static void insert(struct source *s, uint32_t at, const struct record *from, uint32_t n)
{
    if (!n)
        return;
    while (s->nr + n > s->cap) {
        s->cap = s->cap * 2 + 64;
        s->rec = xd_realloc(s->rec, s->cap * sizeof(*s->rec));
    }
    memmove(s->rec + at + n, s->rec + at, (s->nr - at) * sizeof(*s->rec));
    memcpy(s->rec + at, from, n * sizeof(*from));
    s->nr += n;
}

static void cut(struct source *s, uint32_t at, uint32_t n)
{
    s->nr -= n;
    if (n)
        memmove(s->rec + at, s->rec + at + n, (s->nr - at) * sizeof(*s->rec));
}

static void split(struct source *s)
{
    const char *at = xd_str_text(&s->bytes), *end = at + s->bytes.len;

    while (at < end) {
        const char *mark = memchr(at, MARK, (size_t)(end - at));
        size_t len = (size_t)((mark ? mark + 1 : end) - at);

        insert(s, s->nr, &(struct record){at, len}, 1);
        at += len;
    }
}

static bool is_head(const struct xd_step *s)
{
    return s->kind == XD_STEP_MACHINE || s->kind == XD_STEP_DOMAIN || s->kind == XD_STEP_LET;
}

/* Takes (p); its records as they are written, what only checks left out. */
static struct source *take(struct xd_program *p)
{
    struct source *s = xd_zalloc(sizeof(*s));

    s->p = p;
    xd_program_to_bytes(p, &s->bytes);
    split(s);
    while (s->head + 1 < p->steps && is_head(&p->step[s->head + 1]))
        s->head++;
    return s;
}

static struct xd_program *read_bytes(const void *bytes, size_t n)
{
    struct xd_program *p = xd_program_from_bytes("mutated", bytes, n);

    xd_program_drop_comments(p);
    xd_program_drop_checks(p);
    return p;
}

static struct xd_program *read_text(const struct xd_str *text)
{
    char *error = NULL;
    struct xd_program *p = xd_program_parse("made", xd_str_text(text), text->len, &error);

    XD_ALWAYS(p);
    return p;
}

static void done(struct source *s)
{
    xd_program_free(s->p);
    xd_str_free(&s->bytes);
    free(s->rec);
    free(s);
}

/* ---- What is new ---- */

/* One to three domains: a control domain, guests, one of them privileged. */
static struct source *new_head(uint64_t *chance)
{
    uint32_t domains = 1 + xd_mut_below(chance, 3);
    struct xd_generate g = {.two_domains = domains > 1,
                            .frames = FRAMES,
                            .seed = xd_rng_next(chance),
                            .groups = 1u << XD_GENERATE_HOST};
    struct xd_str text = {0};
    struct source *s;

    xd_generate_head(&g, &text);
    if (domains > 2)
        xd_str_addf(&text, "domain d2 pages=48 kernel_pages=%u vcpus=3 online=3%s\n",
                    XD_GENERATE_KERNEL_PAGES, xd_mut_percent(chance, 50) ? " privileged" : "");
    s = take(read_text(&text));
    xd_str_free(&text);
    return s;
}

static struct source *new_program(uint64_t *chance, uint32_t steps, bool two_domains)
{
    struct xd_generate g = {
        .seed = xd_rng_next(chance), .steps = steps, .two_domains = two_domains, .frames = FRAMES};
    struct xd_str text = {0};
    struct source *s;

    if (xd_mut_percent(chance, 50))
        g.groups = 1u << xd_mut_below(chance, XD_GENERATE_GROUPS);
    else if (xd_mut_percent(chance, 20))
        g.groups = XD_GENERATE_GUEST | 1u << XD_GENERATE_HOST;
    xd_generate_text(&g, &text);
    s = take(read_text(&text));
    xd_str_free(&text);
    return s;
}

/* ---- Changes ---- */

/* A run of records of the body; 0 if there is none. */
static uint32_t draw_run(uint64_t *chance, const struct source *s, uint32_t *at)
{
    uint32_t body = s->nr > s->head ? s->nr - s->head : 0, n;

    if (!body)
        return 0;
    *at = s->head + xd_mut_below(chance, body);
    n = xd_mut_percent(chance, 60) ? 1 : 1 + xd_mut_below(chance, RUN_MAX);
    return n < s->nr - *at ? n : s->nr - *at;
}

/* Where a record can come, the end included. */
static uint32_t draw_place(uint64_t *chance, const struct source *s)
{
    return s->nr > s->head ? s->head + xd_mut_below(chance, s->nr - s->head + 1) : s->nr;
}

static void copy_run(uint64_t *chance, struct source *s, const struct source *from)
{
    uint32_t at, n = draw_run(chance, from, &at);
    struct record *run;

    if (!n)
        return;
    run = xd_zalloc(n * sizeof(*run)); /* the array may move */
    memcpy(run, from->rec + at, n * sizeof(*run));
    insert(s, draw_place(chance, s), run, n);
    free(run);
}

static void move_run(uint64_t *chance, struct source *s)
{
    struct record run[RUN_MAX];
    uint32_t at, n = draw_run(chance, s, &at);

    if (!n)
        return;
    memcpy(run, s->rec + at, n * sizeof(*run));
    cut(s, at, n);
    insert(s, draw_place(chance, s), run, n);
}

static void leave_out(uint64_t *chance, struct source *s)
{
    uint32_t at, n = draw_run(chance, s, &at);

    if (n)
        cut(s, at, n);
}

/* A multicall begins before a run, and ends behind it; the first record of (block) and the others. */
static void wrap(uint64_t *chance, struct source *s, const struct source *block)
{
    uint32_t at, n = draw_run(chance, s, &at);

    if (!n)
        return;
    insert(s, at + n, &block->rec[block->head + 1], block->nr - block->head - 1);
    insert(s, at, &block->rec[block->head], 1);
}

/* All records that lists name must last until the result is written. */
struct sources {
    struct source *all[2 * ROUNDS_MAX + 4];
    uint32_t nr;
};

static struct source *keep(struct sources *ss, struct source *s)
{
    XD_ALWAYS(ss->nr < XD_ARRAY_SIZE(ss->all));
    return ss->all[ss->nr++] = s;
}

static void change_steps(uint64_t *chance, struct source *s, struct sources *ss)
{
    static const char list[] = "domain d0\nmulticall { }\n",
                      ended[] = "domain d0\nmulticall { iret [0, 1, 2, 0, 0x1000, 0xe030, 2, "
                                "start.padding_va, 0xe02b] }\n";
    uint32_t dice = xd_mut_below(chance, 100);
    struct xd_str text = {0};

    if (dice < 20) {
        leave_out(chance, s);
    } else if (dice < 35) {
        copy_run(chance, s, s);
    } else if (dice < 50) {
        move_run(chance, s);
    } else if (dice < 93) {
        struct source *fresh =
            keep(ss, new_program(chance, 1 + xd_mut_below(chance, FRESH_MAX), s->p->domains > 1));

        if (dice < 60)
            leave_out(chance, s);
        insert(s, draw_place(chance, s), fresh->rec + fresh->head, fresh->nr - fresh->head);
    } else if (dice < 98) {
        xd_str_add(&text, xd_mut_percent(chance, 30) ? ended : list);
        wrap(chance, s, keep(ss, take(read_text(&text))));
        xd_str_free(&text);
    } else {
        struct source *head = keep(ss, new_head(chance));

        cut(s, 0, s->head);
        insert(s, 0, head->rec, head->nr);
        s->head = head->nr;
    }
}

/* As many whole records as there is room for; of one that is longer, the beginning. */
static void write_out(const struct source *s, size_t max, struct xd_str *out)
{
    size_t room = max;

    for (uint32_t i = 0; i < s->nr && (s->rec[i].len <= room || room == max); i++) {
        size_t len = s->rec[i].len < room ? s->rec[i].len : room;

        xd_str_addn(out, s->rec[i].at, len);
        room -= len;
    }
}

static bool is_empty(const struct source *s)
{
    return s->nr <= s->head;
}

/* ---- For callers ---- */

void xd_mutate(uint64_t *chance, const void *bytes, size_t n, size_t max, struct xd_str *out)
{
    struct xd_program *p = read_bytes(bytes, n);
    uint32_t rounds = 1, values = 0;
    struct sources ss = {0};
    struct source *s;

    while (rounds < ROUNDS_MAX && xd_mut_percent(chance, 50))
        rounds++;
    for (uint32_t i = 0; i < rounds; i++)
        values += xd_mut_percent(chance, 55);
    if (p->steps < 2)
        values = 0;
    for (uint32_t i = 0; i < values; i++)
        xd_mutate_value(chance, p);
    s = keep(&ss, take(p));
    if (is_empty(s)) {
        xd_mutate_new(chance, max, out);
        rounds = 0;
    }
    for (uint32_t i = values; i < rounds; i++)
        change_steps(chance, s, &ss);
    write_out(s, rounds ? max : 0, out);
    while (ss.nr)
        done(ss.all[--ss.nr]);
}

void xd_crossover(uint64_t *chance, const void *a, size_t a_len, const void *b, size_t b_len,
                  size_t max, struct xd_str *out)
{
    struct source *s = take(read_bytes(a, a_len)), *from = take(read_bytes(b, b_len));
    uint32_t at = draw_place(chance, s), with = draw_place(chance, from);

    if (xd_mut_percent(chance, 50)) {
        copy_run(chance, s, from);
    } else { /* the beginning of one, the end of the other */
        cut(s, at, s->nr - at);
        insert(s, s->nr, from->rec + with, from->nr - with);
    }
    write_out(s, max, out);
    done(s);
    done(from);
}

void xd_mutate_new(uint64_t *chance, size_t max, struct xd_str *out)
{
    struct source *head = new_head(chance);
    struct source *s = new_program(chance, 1 + xd_mut_below(chance, 16), head->p->domains > 1);

    cut(s, 0, s->head);
    insert(s, 0, head->rec, head->nr);
    write_out(s, max, out);
    done(s);
    done(head);
}
