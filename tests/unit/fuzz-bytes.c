/* SPDX-License-Identifier: MIT */
/*
 * fuzz-bytes.c: whatever bytes there are, they are a program; its text reads back to the same
 * program, and its byte form too; with `run`, it can be run as well, and the audit agrees.
 *
 *     fuzz-bytes SEED ITERATIONS [DIRECTORY [run]]
 *
 * Scenarios below DIRECTORY are what it starts from; their own way through bytes and back is
 * checked first. Everything follows from SEED; a failure prints the seed of the one input, which
 * alone shows it again with ITERATIONS 1.
 */
#define _GNU_SOURCE
#include "base/rng.h"
#include "program/bytes.h"
#include "program/run.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX 8192u

static struct xd_str corpus[512];
static size_t corpus_nr;
static uint64_t text_bytes, steps;

static struct xd_program *parse(const char *path, const struct xd_str *text)
{
    char *error = NULL;
    struct xd_program *p = xd_program_parse(path, xd_str_text(text), text->len, &error);

    if (!p)
        fputs(error, stderr);
    free(error);
    return p;
}

static bool equal(const struct xd_str *a, const struct xd_str *b)
{
    return a->len == b->len && !memcmp(xd_str_text(a), xd_str_text(b), a->len);
}

/* Are steps of two programs that print alike on the same lines? */
static bool same_lines(const struct xd_program *a, const struct xd_program *b)
{
    bool same = a->steps == b->steps;

    for (uint32_t i = 1; same && i < a->steps; i++)
        same = a->step[i].line == b->step[i].line;
    return same;
}

static void on_failed(void *ctx, const struct xd_failure *f)
{
    (void)ctx;
    if (f->verdict == XD_BROKEN)
        fprintf(stderr, "line %u: %s\n%s\n", f->line, f->step, f->details);
}

static void on_tell(void *ctx, const char *lines)
{
    (void)ctx;
    (void)lines;
}

static bool runs(const struct xd_program *p)
{
    static const struct xd_run_options opt = {
        .audit = true, .keep_going = true, .failed = on_failed, .tell = on_tell};
    struct xd_run_result result;

    xd_program_run(p, &opt, &result);
    return result.verdict != XD_BROKEN;
}

static void show(const char *what, const struct xd_str *bytes)
{
    fprintf(stderr, "%s:", what);
    for (size_t i = 0; i < bytes->len; i++)
        fprintf(stderr, " %02x%s", (unsigned char)bytes->text[i],
                bytes->text[i] == '\xff' ? "\n" : "");
    fprintf(stderr, "\n");
}

/* NULL, or what is wrong with (p), a program made from bytes. */
static const char *judge_program(const struct xd_program *p)
{
    struct xd_str text = {0}, again = {0}, bytes = {0}, other = {0};
    struct xd_program *q, *r = NULL;
    const char *wrong = NULL;

    xd_program_print(p, &text);
    q = parse("text", &text);
    xd_program_to_bytes(p, &bytes);
    if (!q) {
        wrong = "what was printed can't be read";
    } else {
        xd_program_print(q, &again);
        xd_program_to_bytes(q, &other);
        if (!equal(&text, &again))
            wrong = "the text is not canonical";
        else if (!equal(&bytes, &other))
            wrong = "the text is another program";
        else if (!same_lines(p, q))
            wrong = "lines are counted wrong";
    }
    if (!wrong) {
        r = xd_program_from_bytes("bytes", xd_str_text(&bytes), bytes.len);
        xd_str_clear(&again);
        xd_program_print(r, &again);
        if (!equal(&text, &again))
            wrong = "the program's own bytes are another one";
    }
    if (wrong) {
        fprintf(stderr, "%s---\n%s---\n", xd_str_text(&text), xd_str_text(&again));
        show("its bytes", &bytes);
        show("those of its text", &other);
    }
    steps += p->steps - 1;
    xd_program_free(q);
    xd_program_free(r);
    xd_str_free(&text);
    xd_str_free(&again);
    xd_str_free(&bytes);
    xd_str_free(&other);
    return wrong;
}

static const char *judge(const struct xd_str *in, bool run)
{
    void *copy = malloc(in->len ? in->len : 1); /* so that a read past the end is seen */
    struct xd_program *p;
    const char *wrong;

    if (!copy)
        return "no memory";
    memcpy(copy, xd_str_text(in), in->len);
    p = xd_program_from_bytes("f", copy, in->len);
    free(copy);
    wrong = judge_program(p);
    if (!wrong && run && !runs(p))
        wrong = "the audit disagrees";
    xd_program_free(p);
    return wrong;
}

/* ---- Inputs ---- */

static bool add_scenario(const char *path, FILE *f)
{
    struct xd_str text = {0}, back = {0}, canonical = {0}, *bytes = &corpus[corpus_nr];
    struct xd_program *p, *q;
    char part[4096];
    bool same;
    size_t n;

    while ((n = fread(part, 1, sizeof(part), f)) > 0)
        xd_str_addn(&text, part, n);
    p = parse(path, &text);
    if (!p) {
        xd_str_free(&text);
        return false;
    }
    xd_program_print(p, &canonical);
    xd_program_to_bytes(p, bytes);
    q = xd_program_from_bytes(path, xd_str_text(bytes), bytes->len);
    xd_program_print(q, &back);
    same = equal(&canonical, &back) && same_lines(p, q);
    if (!same)
        fprintf(stderr, "%s: bytes and back it is\n%s", path, xd_str_text(&back));
    text_bytes += text.len;
    corpus_nr++;
    xd_program_free(p);
    xd_program_free(q);
    xd_str_free(&text);
    xd_str_free(&back);
    xd_str_free(&canonical);
    return same;
}

static bool load(const char *dir)
{
    DIR *d = opendir(dir);
    struct dirent *e;
    bool ok = d != NULL;

    while (d && (e = readdir(d))) {
        size_t n = strlen(e->d_name);
        char *path = NULL;
        FILE *f;

        if (*e->d_name == '.' || asprintf(&path, "%s/%s", dir, e->d_name) < 0)
            continue;
        if (e->d_type == DT_DIR) {
            ok = load(path) && ok;
        } else if (n > 4 && !strcmp(e->d_name + n - 4, ".xds") &&
                   corpus_nr < XD_ARRAY_SIZE(corpus) && (f = fopen(path, "r"))) {
            ok = add_scenario(path, f) && ok;
            fclose(f);
        }
        free(path);
    }
    if (d)
        closedir(d);
    return ok;
}

/* Replaces (cut) bytes at (at) by (n) others. */
static void splice(struct xd_str *in, size_t at, size_t cut, const char *with, size_t n)
{
    struct xd_str out = {0};

    at = at > in->len ? in->len : at;
    cut = cut > in->len - at ? in->len - at : cut;
    if (in->len - cut + n > INPUT_MAX)
        return;
    xd_str_addn(&out, xd_str_text(in), at);
    xd_str_addn(&out, with, n);
    xd_str_addn(&out, xd_str_text(in) + at + cut, in->len - at - cut);
    xd_str_free(in);
    *in = out;
}

static void mutate(struct xd_str *in, uint64_t *rng)
{
    uint64_t r = xd_rng_next(rng);
    size_t at = in->len ? (size_t)(r >> 8) % in->len : 0, n = (size_t)(r >> 40) % 24, from;
    char byte = (char)(r >> 24);
    const struct xd_str *other;

    switch (r % 6) {
    case 0: splice(in, at, 1, &byte, 1); break;
    case 1: splice(in, at, n, "", 0); break;
    case 2: splice(in, at, 0, &byte, 1); break;
    case 3: splice(in, at, 0, "\xff", 1); break;
    case 4: /* a bit of another one, or of this */
        other = corpus_nr ? &corpus[(r >> 48) % corpus_nr] : in;
        from = other->len ? (size_t)(xd_rng_next(rng) % other->len) : 0;
        splice(in, at, 0, xd_str_text(other) + from,
               other->len - from < 40 ? other->len - from : 40);
        break;
    default:
        if (in->len)
            in->text[at] = (char)(in->text[at] ^ (1 << (r >> 56) % 8));
        break;
    }
}

static void make(struct xd_str *in, uint64_t seed, bool mostly_whole)
{
    uint64_t rng = seed, kind = xd_rng_next(&rng) % 8;

    xd_str_clear(in);
    if ((kind < 3 && !mostly_whole) || !corpus_nr) { /* noise */
        for (uint64_t n = xd_rng_next(&rng) % 512; n; n--) {
            uint64_t r = xd_rng_next(&rng);

            xd_str_addc(in, (char)(kind == 0 ? r : r % (r >> 40 & 1 ? 200 : 8)));
        }
        for (uint64_t n = kind == 2 ? xd_rng_next(&rng) % 8 : 0; n; n--) { /* a bit many times */
            size_t from = (size_t)(xd_rng_next(&rng) % (in->len + 1)), len = 1 + n % 3;
            char part[4] = "";

            len = len > in->len - from ? in->len - from : len;
            memcpy(part, xd_str_text(in) + from, len);
            for (uint64_t k = xd_rng_next(&rng) % 300; k; k--)
                splice(in, from, 0, part, len);
        }
    } else {
        const struct xd_str *from = &corpus[xd_rng_next(&rng) % corpus_nr];

        xd_str_addn(in, xd_str_text(from), from->len < INPUT_MAX ? from->len : INPUT_MAX);
    }
    for (uint64_t n = kind ? xd_rng_next(&rng) % (mostly_whole ? 5 : 12) : 0; n; n--)
        mutate(in, &rng);
}

int main(int argc, char **argv)
{
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
    uint64_t iterations = argc > 2 ? strtoull(argv[2], NULL, 0) : 1, bytes = 0;
    struct xd_str in = {0};
    int code = argc > 3 && !load(argv[3]);

    for (size_t i = 0; i < corpus_nr; i++)
        bytes += corpus[i].len;
    if (corpus_nr)
        printf("%zu scenarios of %llu bytes of text: %llu bytes\n", corpus_nr,
               (unsigned long long)text_bytes, (unsigned long long)bytes);
    for (uint64_t i = 0; i < iterations && !code; i++) {
        const char *wrong;

        make(&in, seed + i, argc > 4);
        wrong = judge(&in, argc > 4);
        if (wrong)
            fprintf(stderr, "seed %llu: %s\n", (unsigned long long)(seed + i), wrong);
        code = wrong != NULL;
    }
    printf("%llu inputs from seed %llu on, programs of %llu steps together\n",
           (unsigned long long)iterations, (unsigned long long)seed, (unsigned long long)steps);
    for (size_t i = 0; i < corpus_nr; i++)
        xd_str_free(&corpus[i]);
    xd_str_free(&in);
    return code;
}
