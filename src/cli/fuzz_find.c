/* SPDX-License-Identifier: MIT */
/* fuzz_find.c: what a program shows, the small program that shows it too, and the telling of both. */
#define _GNU_SOURCE
#include "cli/fuzz.h"

#include "fuzz/generate.h"
#include "fuzz/judge.h"
#include "program/shrink.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRIES 4000u /* what finding a shorter program may cost */

struct trial {
    const struct xd_fuzz *f;
    const struct xd_program *p;
};

static int judge(void *ctx)
{
    const struct trial *t = ctx;
    const struct xd_judge judge = {.oracles = xd_oracles_new(XD_ORACLE_ALL, (uint32_t)t->f->every),
                                   .opinion = xd_fuzz_opinion(),
                                   .twice = true};
    struct xd_judgement j;

    xd_judge_program(t->p, &judge, &j);
    if (j.guilty)
        (void)xd_write_all(2, j.complaint, strlen(j.complaint));
    return j.guilty ? XD_BROKEN : XD_PASSED;
}

bool xd_fuzz_judge(const struct xd_fuzz *f, const struct xd_program *p, struct xd_str *how,
                   struct xd_str *said)
{
    struct trial t = {f, p};
    struct xd_str text = {0};
    int code = xd_in_child(judge, &t, XD_FUZZ_PATIENCE_S, &text);

    if (code > 128 && text.len && text.text[text.len - 1] != '\n')
        xd_str_addc(&text, '\n');
    if (xd_patience_lost(code))
        xd_str_addf(&text, "it was not done after %u s of processor time\n", XD_FUZZ_PATIENCE_S);
    else if (code > 128)
        xd_str_addf(&text, "the process ended by signal %d (%s)\n", code - 128,
                    strsignal(code - 128));
    if (how && code > 0)
        xd_complaint_kind(xd_str_text(&text), how);
    if (said)
        xd_str_add(said, xd_str_text(&text));
    xd_str_free(&text);
    return code > 0;
}

struct search {
    const struct xd_fuzz *f;
    const char *how;
};

static bool still_shows(void *ctx, const struct xd_program *p)
{
    const struct search *s = ctx;
    struct xd_str how = {0};
    bool same = xd_fuzz_judge(s->f, p, &how, NULL) && !strcmp(xd_str_text(&how), s->how);

    xd_str_free(&how);
    return same;
}

/* Writes the scenario into --keep. NULL after complaining. */
static char *keep(const struct xd_fuzz *f, const struct xd_finding *found, const char *text)
{
    struct xd_str path = {0};
    FILE *to;

    xd_str_addf(&path, "%s/fuzz-0x%" PRIx64 XD_TEXT_SUFFIX, f->keep, f->seed + found->number);
    to = fopen(path.text, "we");
    if (to && fputs(text, to) >= 0 && fclose(to) == 0)
        return path.text;
    xd_complain("%s: it can't be written: %s", path.text, strerror(errno));
    xd_str_free(&path);
    return NULL;
}

static void add_comment(struct xd_str *out, const char *lines)
{
    for (const char *end; *lines; lines = *end ? end + 1 : end) {
        end = strchrnul(lines, '\n');
        xd_str_addf(out, "# %.*s\n", (int)(end - lines), lines);
    }
}

static void print_again(const struct xd_fuzz *f, uint64_t seed)
{
    printf("again: %s --seed 0x%" PRIx64 " --programs 1", xd_fuzz_command, seed);
    if (f->steps)
        printf(" --steps %" PRIu64, f->steps);
    for (unsigned int i = 0; i < XD_GENERATE_GROUPS; i++)
        if (f->groups & 1u << i)
            printf(" --only %s", xd_generate_group_name(i));
    putchar('\n');
}

void xd_fuzz_tell(const struct xd_fuzz *f, const struct xd_finding *found)
{
    struct search s = {f, xd_str_text(&found->how)};
    const struct xd_shrink_options limits = {.calls_max = TRIES};
    struct xd_str text = {0}, out = {0}, said = {0};
    struct xd_program *p, *small;
    struct xd_shrink_stats st = {0};
    char *error, *path = NULL;

    xd_fuzz_text(f, found->number, &text);
    p = xd_program_parse("generated", xd_str_text(&text), text.len, &error);
    XD_ALWAYS(p != NULL);
    small = xd_shrink(p, still_shows, &s, &limits, &st);
    xd_fuzz_judge(f, small ? small : p, NULL, &said);
    printf("seed 0x%" PRIx64 ": xendouble is wrong", f->seed + found->number);
    if (found->times > 1)
        printf(", as in %" PRIu64 " more program%s", found->times - 1,
               found->times == 2 ? "" : "s");
    printf("; %u steps, %s%u of them tell:\n", st.steps_before,
           small && !st.minimal ? "at most " : "", st.steps_after);
    fputs(said.len ? xd_str_text(&said) : xd_str_text(&found->how), stdout);
    add_comment(&out, said.len ? xd_str_text(&said) : xd_str_text(&found->how));
    xd_program_print(small ? small : p, &out);
    if (f->keep)
        path = keep(f, found, xd_str_text(&out));
    if (path) {
        printf("again: %s %s\n", xd_fuzz_command, path);
    } else {
        fputs(xd_str_text(&out), stdout);
        print_again(f, f->seed + found->number);
    }
    free(path);
    xd_program_free(p);
    if (small)
        xd_program_free(small);
    xd_str_free(&text);
    xd_str_free(&out);
    xd_str_free(&said);
}
