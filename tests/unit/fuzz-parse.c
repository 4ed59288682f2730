/* SPDX-License-Identifier: MIT */
/*
 * fuzz-parse.c: whatever bytes it is given, the parser neither crashes nor leaks, and what it
 * accepts it prints in a form that reads back to itself; with `run`, whatever is accepted can also
 * be run, and the audit agrees after every step.
 *
 *     fuzz-parse SEED ITERATIONS [DIRECTORY [run]]
 *
 * Programs below DIRECTORY are what it starts from. Everything follows from SEED; a failure prints
 * the seed of the one input, which alone shows it again with ITERATIONS 1.
 */
#define _GNU_SOURCE
#include "base/rng.h"
#include "program/run.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX 8192u

static const char *const pieces[] = {
    "domain d1\n",
    "machine frames=2048\n",
    "@d1.0\n",
    "let a = ",
    "mmu_update [",
    "mmuext_op [",
    "multicall { ",
    " }",
    "] = 0",
    " = EINVAL",
    " done=1",
    " why=none",
    "page(0)",
    "va(0)",
    "pte(1, P|RW)",
    "[1]",
    "(",
    ")",
    "$p",
    " port=$p",
    "event_channel_op ",
    "alloc_unbound ",
    "send port=",
    "PIN_L1_TABLE mfn=",
    "expect frame ",
    "expect d1 port ",
    "expect d1.0 ",
    "store ",
    "load ",
    " size=4",
    "0xffffffffffffffff",
    "99999999999999999999",
    "\"",
    "\\x",
    "#",
    "\n",
    ";",
    "~",
    "-",
    "<<",
    "?",
    ",",
    "\xff",
    "memory_op ",
    "extent_start=[",
    "start.",
    "d1.",
    "table(1, ",
    "inject ",
    " percent=50",
    "event ",
    "upcall",
    "scarce ",
    "advance 10ms",
    "console_io ",
    "hypercall 1 ",
    "!pinned",
};

static char *corpus[256];
static size_t corpus_nr;

static void load(const char *dir)
{
    DIR *d = opendir(dir);
    struct dirent *e;

    while (d && (e = readdir(d))) {
        char *path = NULL, *text;
        size_t n;
        FILE *f;

        if (*e->d_name == '.' || asprintf(&path, "%s/%s", dir, e->d_name) < 0)
            continue;
        if (e->d_type == DT_DIR)
            load(path);
        f = e->d_type == DT_REG && corpus_nr < XD_ARRAY_SIZE(corpus) ? fopen(path, "r") : NULL;
        free(path);
        if (!f)
            continue;
        text = xd_zalloc(INPUT_MAX);
        n = fread(text, 1, INPUT_MAX - 1, f);
        text[n] = '\0';
        corpus[corpus_nr++] = text;
        fclose(f);
    }
    if (d)
        closedir(d);
}

struct input {
    char text[INPUT_MAX];
    size_t len;
};

/* Replaces (cut) bytes at (at) by (n) others. */
static void splice(struct input *in, size_t at, size_t cut, const char *with, size_t n)
{
    at = at > in->len ? in->len : at;
    cut = cut > in->len - at ? in->len - at : cut;
    if (in->len - cut + n > INPUT_MAX)
        return;
    memmove(in->text + at + n, in->text + at + cut, in->len - at - cut);
    memmove(in->text + at, with, n);
    in->len += n - cut;
}

static void mutate(struct input *in, uint64_t *rng)
{
    uint64_t r = xd_rng_next(rng);
    size_t at = in->len ? (size_t)(r >> 8) % in->len : 0, n = (size_t)(r >> 40) % 24;
    const char *piece = pieces[(r >> 32) % XD_ARRAY_SIZE(pieces)];
    char byte = (char)(r >> 24), copy[24];

    switch (r % 8) {
    case 0: splice(in, at, 1, &byte, 1); break;
    case 1: splice(in, at, n, "", 0); break;
    case 2:
    case 3: splice(in, at, 0, piece, strlen(piece)); break;
    case 4: splice(in, at, n, piece, strlen(piece)); break;
    case 5: /* a bit of it once more */
        n = n > in->len - at ? in->len - at : n;
        memcpy(copy, in->text + at, n);
        splice(in, (size_t)(xd_rng_next(rng) % (in->len + 1)), 0, copy, n);
        break;
    case 6:
        if (corpus_nr) { /* a bit of another one */
            const char *other = corpus[(r >> 48) % corpus_nr];
            size_t len = strlen(other), from = len ? (size_t)(xd_rng_next(rng) % len) : 0;

            splice(in, at, 0, other + from, len - from < 200 ? len - from : 200);
        }
        break;
    default:
        if (in->len)
            in->text[at] ^= (char)(1 << (r >> 56) % 8);
        break;
    }
}

static void make(struct input *in, uint64_t seed, bool mostly_whole)
{
    uint64_t rng = seed;
    uint64_t kind = xd_rng_next(&rng) % 8;

    in->len = 0;
    if (kind == 0 && !mostly_whole) { /* noise */
        in->len = (size_t)(xd_rng_next(&rng) % 512);
        for (size_t i = 0; i < in->len; i++)
            in->text[i] = (char)xd_rng_next(&rng);
    } else if ((kind < 4 && !mostly_whole) || !corpus_nr) {
        splice(in, 0, 0, "domain d1\n", 10);
        for (uint64_t n = xd_rng_next(&rng) % 40; n; n--) {
            const char *piece = pieces[xd_rng_next(&rng) % XD_ARRAY_SIZE(pieces)];

            splice(in, in->len, 0, piece, strlen(piece));
        }
    } else {
        const char *from = corpus[xd_rng_next(&rng) % corpus_nr];

        splice(in, 0, 0, from, strlen(from));
    }
    for (uint64_t n = kind ? xd_rng_next(&rng) % (mostly_whole ? 5 : 12) : 0; n; n--)
        mutate(in, &rng);
}

static void on_failed(void *ctx, const struct xd_failure *f)
{
    (void)ctx; /* failed expectations are no wonder here */
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
    static const struct xd_run_options opt = {.audit = true,
                                              .keep_going = true,
                                              .trace = true,
                                              .explain = true,
                                              .failed = on_failed,
                                              .tell = on_tell};
    struct xd_run_result result;

    xd_program_run(p, &opt, &result);
    return result.verdict != XD_BROKEN;
}

/* NULL, or what is wrong. */
static const char *judge(const struct input *in, bool run, bool *accepted)
{
    char *copy = malloc(in->len ? in->len : 1),
         *error = NULL; /* so that a read past the end is seen */
    struct xd_str once = {0}, twice = {0};
    struct xd_program *p, *q = NULL;
    const char *wrong = NULL;

    if (!copy)
        return "no memory";
    memcpy(copy, in->text, in->len);
    p = xd_program_parse("f", copy, in->len, &error);
    free(copy);
    *accepted = p != NULL;
    if (!p) {
        wrong = error && strncmp(error, "f:", 2) == 0 && error[strlen(error) - 1] == '\n'
                    ? NULL
                    : "an error without place";
        free(error);
        return wrong;
    }
    xd_program_print(p, &once);
    q = xd_program_parse("f", xd_str_text(&once), once.len, &error);
    if (!q) {
        wrong = "what was printed can't be read";
        fputs(error, stderr);
        free(error);
    } else {
        xd_program_print(q, &twice);
        if (strcmp(xd_str_text(&once), xd_str_text(&twice)))
            wrong = "what was printed is not canonical";
    }
    if (run && !runs(p))
        wrong = "the audit disagrees";
    xd_program_free(p);
    xd_program_free(q);
    xd_str_free(&once);
    xd_str_free(&twice);
    return wrong;
}

int main(int argc, char **argv)
{
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
    uint64_t iterations = argc > 2 ? strtoull(argv[2], NULL, 0) : 1, accepted = 0;
    static struct input in;
    int code = 0;

    if (argc > 3)
        load(argv[3]);
    for (uint64_t i = 0; i < iterations && !code; i++) {
        bool fine = false;
        const char *wrong;

        make(&in, seed + i, argc > 4);
        wrong = judge(&in, argc > 4, &fine);
        accepted += fine;
        if (wrong) {
            fprintf(stderr, "seed %llu: %s:\n", (unsigned long long)(seed + i), wrong);
            fwrite(in.text, 1, in.len, stderr);
            code = 1;
        }
    }
    printf("%llu inputs from seed %llu on, %llu of them programs\n", (unsigned long long)iterations,
           (unsigned long long)seed, (unsigned long long)accepted);
    for (size_t i = 0; i < corpus_nr; i++)
        free(corpus[i]);
    return code;
}
