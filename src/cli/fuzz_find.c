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
    const struct xd_program *p;
    uint64_t every;
    bool twice;
};

static int judge(void *ctx)
{
    const struct trial *t = ctx;
    const struct xd_judge judge = {.oracles = xd_oracles_new(XD_ORACLE_ALL, (uint32_t)t->every),
                                   .opinion = xd_fuzz_opinion(),
                                   .session = t->twice ? xd_session_new(0) : NULL,
                                   .twice = t->twice};
    struct xd_judgement j;

    xd_judge_program(t->p, &judge, &j);
    if (j.guilty)
        (void)xd_write_all(2, j.complaint, strlen(j.complaint));
    return j.guilty ? XD_BROKEN : XD_PASSED;
}

int xd_fuzz_judge(const struct xd_program *p, uint64_t every, bool twice, struct xd_str *how,
                  struct xd_str *said)
{
    struct trial t = {p, every, twice};
    struct xd_str text = {0};
    int code;

    do { /* an interrupt of the whole group of processes, which is not the program's doing, reaches it, too */
        xd_str_clear(&text);
        code = xd_in_child(judge, &t, XD_FUZZ_PATIENCE_S, &text);
    } while (code == 128 + SIGINT || code == 128 + SIGTERM);
    if (code < 0)
        return xd_complain("processes can't be started: %s", strerror(errno));
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
    return code ? XD_BROKEN : XD_PASSED;
}

struct search {
    const struct xd_fuzz *f;
    const char *how;
    bool stuck; /* there was no process to judge one in */
};

static bool still_shows(void *ctx, const struct xd_program *p)
{
    struct search *s = ctx;
    struct xd_str how = {0};
    int code = xd_fuzz_judge(p, s->f->every, xd_complaint_of_digest(s->how), &how, NULL);
    bool same = code == XD_BROKEN && !strcmp(xd_str_text(&how), s->how);

    s->stuck |= code == XD_UNUSABLE;
    xd_str_free(&how);
    return same;
}

static bool go_on(void *ctx, const struct xd_shrink_stats *so_far)
{
    const struct search *s = ctx;

    (void)so_far;
    return !xd_fuzz_interrupted() && !s->stuck;
}

/* Writes the scenario into --keep, as (name). NULL after complaining. */
static char *keep(const struct xd_fuzz *f, const char *name, const char *text)
{
    struct xd_str path = {0};
    const bool alone = f->files.nr != 0; /* files of several directories may have one name */
    FILE *to;

    xd_str_addf(&path, "%s/%s" XD_TEXT_SUFFIX, f->keep, name);
    to = fopen(path.text, alone ? "wxe" : "we");
    for (unsigned int i = 2; !to && alone && errno == EEXIST; i++) {
        xd_str_clear(&path);
        xd_str_addf(&path, "%s/%s-%u" XD_TEXT_SUFFIX, f->keep, name, i);
        to = fopen(path.text, "wxe");
    }
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

/* The options that decide how, and from what, programs are judged and made. */
static void add_options(const struct xd_fuzz *f, bool made, struct xd_str *out)
{
    if (f->every != 1)
        xd_str_addf(out, " --every %" PRIu64, f->every);
    if (!f->twice)
        xd_str_add(out, " --twice 0");
    if (made && f->steps)
        xd_str_addf(out, " --steps %" PRIu64, f->steps);
    for (unsigned int i = 0; made && i < XD_GENERATE_GROUPS; i++)
        if (f->groups >> i & 1)
            xd_str_addf(out, " --only %s", xd_generate_group_name(i));
}

/* (who) showed that xendouble is wrong as (how) says; (again) would show it again, (name) is for --keep. */
struct telling {
    const char *who, *how, *name, *again;
};

static void tell(const struct xd_fuzz *f, const struct xd_program *p, const struct telling *t)
{
    struct search s = {.f = f, .how = t->how};
    const struct xd_shrink_options limits = {.calls_max = TRIES, .go_on = go_on};
    struct xd_str out = {0}, said = {0}, options = {0};
    struct xd_shrink_stats st = {0};
    struct xd_program *small = xd_shrink(p, still_shows, &s, &limits, &st);
    char *path = NULL;

    (void)xd_fuzz_judge(small ? small : p, f->every, f->twice, NULL, &said);
    if (small)
        printf("%s; %u steps, %s%u of them tell:\n", t->who, st.steps_before,
               st.minimal ? "" : "at most ", st.steps_after);
    else
        printf("%s; %u steps, not shrunk:\n", t->who, st.steps_before);
    fputs(said.len ? xd_str_text(&said) : t->how, stdout);
    add_comment(&out, said.len ? xd_str_text(&said) : t->how);
    xd_program_print(small ? small : p, &out);
    if (f->keep)
        path = keep(f, t->name, xd_str_text(&out));
    add_options(f, false, &options);
    if (path)
        printf("again: %s%s %s\n", xd_fuzz_command, xd_str_text(&options), path);
    else
        printf("%sagain: %s%s\n", xd_str_text(&out), xd_fuzz_command, t->again);
    free(path);
    if (small)
        xd_program_free(small);
    xd_str_free(&out);
    xd_str_free(&said);
    xd_str_free(&options);
}

void xd_fuzz_tell(const struct xd_fuzz *f, const struct xd_finding *found)
{
    struct xd_str text = {0}, who = {0}, name = {0}, again = {0}, how = {0};
    const uint64_t seed = xd_generate_seed(f->seed, found->number);
    struct xd_program *p;
    char *error;

    xd_fuzz_text(f, found->number, &text);
    p = xd_program_parse("generated", xd_str_text(&text), text.len, &error);
    XD_ALWAYS(p != NULL);
    if (!found->unasked || xd_fuzz_judge(p, f->every, f->twice, &how, NULL) != XD_BROKEN)
        xd_str_add(&how, xd_str_text(&found->how));
    xd_str_addf(&who, "seed 0x%" PRIx64 ": xendouble is wrong", seed);
    if (found->times > 1)
        xd_str_addf(&who, ", as in %" PRIu64 " more program%s", found->times - 1,
                    found->times == 2 ? "" : "s");
    xd_str_addf(&name, "fuzz-0x%" PRIx64, seed);
    xd_str_addf(&again, " --seed 0x%" PRIx64 " --programs 1", seed);
    add_options(f, true, &again);
    tell(f, p,
         &(struct telling){xd_str_text(&who), xd_str_text(&how), xd_str_text(&name),
                           xd_str_text(&again)});
    xd_program_free(p);
    xd_str_free(&text);
    xd_str_free(&who);
    xd_str_free(&name);
    xd_str_free(&again);
    xd_str_free(&how);
}

int xd_fuzz_file(const struct xd_fuzz *f, const char *path, const struct xd_program *p)
{
    struct xd_str how = {0}, who = {0}, name = {0}, again = {0};
    const char *base = strrchr(path, '/'), *dot;
    int code = xd_fuzz_judge(p, f->every, f->twice, &how, NULL);

    base = base ? base + 1 : path;
    dot = strrchr(base, '.');
    if (code == XD_BROKEN) {
        xd_str_addf(&who, "%s: xendouble is wrong", path);
        xd_str_addf(&name, "small-%.*s", (int)(dot ? dot - base : (ptrdiff_t)strlen(base)), base);
        add_options(f, false, &again);
        xd_str_addf(&again, " %s", path);
        tell(f, p,
             &(struct telling){xd_str_text(&who), xd_str_text(&how), xd_str_text(&name),
                               xd_str_text(&again)});
    }
    xd_str_free(&how);
    xd_str_free(&who);
    xd_str_free(&name);
    xd_str_free(&again);
    return code;
}
