/* SPDX-License-Identifier: MIT */
/* target.c: the two forms of a program compared, and the end of a target that found something. */
#include "target.h"

#include "base/number.h"
#include "hv/state.h"
#include "program/bytes.h"
#include "program/run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fuzz_wrong(const struct xd_program *p, const char *fmt, ...)
{
    struct xd_str text = {0};
    va_list ap;

    if (p) {
        xd_program_print(p, &text);
        fprintf(stderr, "--- the program\n%s---\n", xd_str_text(&text));
        xd_str_clear(&text);
    }
    va_start(ap, fmt);
    xd_str_vaddf(&text, fmt, ap);
    va_end(ap);
    fprintf(stderr, "wrong: %s\n", xd_str_text(&text));
    abort();
}

uint64_t fuzz_number(const char *what, const char *text, uint64_t min, uint64_t max)
{
    uint64_t n;

    if (xd_parse_number(text, &n) && n >= min && n <= max)
        return n;
    fprintf(stderr, "%s: \"%s\" is no number from %" PRIu64 " to %" PRIu64 "\n", what, text, min,
            max);
    exit(2);
}

uint64_t fuzz_environment(const char *variable, uint64_t min, uint64_t max, uint64_t otherwise)
{
    const char *text = getenv(variable);

    return text ? fuzz_number(variable, text, min, max) : otherwise;
}

static void keep(void *ctx, struct xd_hv *hv)
{
    xd_state_write(hv, ctx);
}

static void ignore(void *ctx, const struct xd_failure *f)
{
    (void)ctx;
    (void)f;
}

void fuzz_machine_of(const struct xd_program *p, struct xd_str *out)
{
    const struct xd_run_options opt = {
        .keep_going = true, .ctx = out, .failed = ignore, .ended = keep};
    struct xd_run_result result;

    xd_program_run(p, &opt, &result);
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

static void print(const struct xd_program *p, struct xd_str *text, struct xd_str *bytes)
{
    xd_program_print(p, text);
    xd_program_to_bytes(p, bytes);
}

void fuzz_check_forms(const struct xd_program *p, bool lines)
{
    struct xd_str text = {0}, bytes = {0}, q_text = {0}, q_bytes = {0}, r_text = {0}, r_bytes = {0};
    struct xd_program *q, *r;
    char *error = NULL;

    print(p, &text, &bytes);
    q = xd_program_parse("text", xd_str_text(&text), text.len, &error);
    if (!q)
        fuzz_wrong(p, "what was printed can't be read: %s", error);
    print(q, &q_text, &q_bytes);
    if (!equal(&text, &q_text))
        fuzz_wrong(q, "the text is not canonical: this is what it is read as");
    if (!equal(&bytes, &q_bytes))
        fuzz_wrong(p, "its text has other bytes, so it is another program");
    r = xd_program_from_bytes("bytes", xd_str_text(&bytes), bytes.len);
    print(r, &r_text, &r_bytes);
    if (!equal(&text, &r_text))
        fuzz_wrong(p, "its bytes are another program:\n%s", xd_str_text(&r_text));
    if (!same_lines(q, r) || (lines && !same_lines(p, q)))
        fuzz_wrong(p, "its lines are counted wrong");
    xd_program_free(q);
    xd_program_free(r);
    xd_str_free(&text);
    xd_str_free(&bytes);
    xd_str_free(&q_text);
    xd_str_free(&q_bytes);
    xd_str_free(&r_text);
    xd_str_free(&r_bytes);
}
