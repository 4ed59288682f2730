/* SPDX-License-Identifier: MIT */
/* oracle_work.c: one program on both sides: run, compare, and if they differ, shrink and tell. */
#include "cli/oracle.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define TRIES           2u
#define TRIES_BY_CHANCE 6u
#define TROUBLES_MAX    3u /* programs in a row that can't be compared: then none can */
#define RECUR_TRIES     4u /* more runs of a program that differs, before it is said to be chance */

/* ---- Both sides ---- */

void xd_oracle_both_free(struct xd_oracle_both *b)
{
    xd_answer_free(&b->answer);
    xd_doubled_free(&b->dbl);
}

/* xendouble is wrong, and about to abort. */
static void broken(void *ctx, const struct xd_failure *f)
{
    struct xd_oracle_worker *w = ctx;
    struct xd_oracle_record *r = w->record;
    struct xd_str text = {0};

    r->code = XD_BROKEN;
    xd_oracle_told_clear(&r->told);
    xd_oracle_name(w->o, r->index, &r->told.text);
    xd_str_addf(&r->told.text, ": xendouble is wrong in line %u: %s\n  again: ", f->line, f->step);
    xd_oracle_again(w->o, r->index, &r->told.text);
    xd_str_add(&r->told.text, "\n  the program:\n");
    xd_program_print(w->running, &text);
    xd_oracle_indent(&r->told.text, "    ", xd_str_text(&text));
    xd_str_free(&text);
    w->broken(w->ctx, r);
}

/* The machine stays as it is between programs: the double can be laid out before the answer comes. */
static void keep_places(struct xd_oracle_worker *w, const struct xd_answer *a)
{
    xd_answer_free(&w->last);
    for (uint32_t i = 0; i < a->places; i++) {
        struct xd_place *p = &w->last.place[w->last.places++];

        *p = a->place[i];
        p->frame = xd_realloc(NULL, p->nr * sizeof(*p->frame));
        memcpy(p->frame, a->place[i].frame, p->nr * sizeof(*p->frame));
    }
}

static void on_double(struct xd_oracle_worker *w, const struct xd_candidate *c,
                      struct xd_oracle_both *b)
{
    xd_doubled_free(&b->dbl);
    b->dbl = (struct xd_doubled){.explain_line = b->dbl.explain_line, .broken = broken, .ctx = w};
    b->met = (struct xd_counts){0};
    w->running = c->p;
    xd_oracle_double(c->p, &w->last, &b->met, &b->dbl);
    w->running = NULL;
}

/* Sends, runs the double meanwhile if it is known how, and takes the answer. */
static bool ask(struct xd_oracle_worker *w, const struct xd_candidate *c, struct xd_oracle_both *b,
                struct xd_str *why)
{
    struct xd_str text = {0};
    bool ok;

    if (!xd_peer_send(&w->peer, xd_str_text(&c->request), c->request.len, why))
        return false;
    if (w->last.places)
        on_double(w, c, b);
    ok = xd_peer_receive(&w->peer, &text, why);
    if (ok && !xd_answer_parse(&b->answer, xd_str_text(&text), text.len, why)) {
        xd_peer_stop(&w->peer);
        ok = false;
    }
    xd_str_free(&text);
    return ok;
}

/* Counts boots; what the double met is not counted yet. False after putting into (why) what kept it from being run. */
static bool run_once(struct xd_oracle_worker *w, const struct xd_candidate *c,
                     struct xd_counts *counts, struct xd_oracle_both *b, struct xd_str *why)
{
    xd_answer_free(&b->answer);
    counts->boots += w->peer.pid == 0;
    if (!ask(w, c, b, why))
        return false;
    counts->boots += b->answer.booted;
    counts->rebuilds += b->answer.rebuilt;
    if (b->answer.kind == XD_ANSWER_HUNG) {
        xd_str_add(why, xd_str_text(&b->answer.why));
        return false;
    }
    if (b->answer.kind > XD_ANSWER_DIED)
        return true;
    if (!xd_answer_same_places(&b->answer, &w->last)) {
        keep_places(w, &b->answer);
        on_double(w, c, b);
    }
    if (b->dbl.error.len) {
        xd_str_addf(why, "the double could not run it: %s", xd_str_text(&b->dbl.error));
        return false;
    }
    return true;
}

/* What fails once may have failed by chance, and more often if it says so. */
static bool run_both(struct xd_oracle_worker *w, const struct xd_candidate *c,
                     struct xd_counts *counts, struct xd_oracle_both *b, struct xd_str *why)
{
    for (unsigned int times = 1;; times++) {
        const bool ok = run_once(w, c, counts, b, why),
                   unfit = ok && b->answer.kind == XD_ANSWER_UNFIT,
                   chance = unfit && strstr(xd_str_text(&b->answer.why), "by chance");

        if ((ok && !unfit) || times == (chance ? TRIES_BY_CHANCE : TRIES))
            return ok;
        xd_str_clear(why);
    }
}

enum again { SAME, DIFFERS, NOT_RUN };

/* Runs it again, after it was counted: only boots of Xen are. */
static enum again run_again(struct xd_oracle_worker *w, const struct xd_candidate *c,
                            struct xd_oracle_both *b, struct xd_difference *d)
{
    struct xd_counts met = {0};
    struct xd_str why = {0};
    enum again again = NOT_RUN;

    if (run_both(w, c, &met, b, &why) && b->answer.kind <= XD_ANSWER_DIED)
        again = xd_oracle_differ(&b->answer, &b->dbl, d) ? DIFFERS : SAME;
    w->record->counts.boots += met.boots;
    w->record->counts.rebuilds += met.rebuilds;
    xd_str_free(&why);
    return again;
}

bool xd_oracle_differs_again(struct xd_oracle_worker *w, const struct xd_candidate *c,
                             struct xd_oracle_both *b, struct xd_difference *d)
{
    return run_again(w, c, b, d) == DIFFERS;
}

/* ---- Chance ---- */

/*
 * By turns behind itself and behind its predecessor. What differs in another way, or can't even be run again, is no chance; nor
 * what is explained (by_chance) and yet differs each time.
 */
static bool recurs(struct xd_oracle_worker *w, const struct xd_candidate *c, bool by_chance)
{
    bool recurs = false, same = false;

    for (unsigned int i = 0; i < RECUR_TRIES && !recurs; i++) {
        struct xd_difference d;
        struct xd_oracle_both b = {0};
        enum again again;

        if (i % 2)
            xd_oracle_run_before(w);
        again = run_again(w, c, &b, &d);
        recurs = again == NOT_RUN || (again == DIFFERS && !d.known);
        same |= again == SAME;
        xd_oracle_both_free(&b);
    }
    return recurs || (by_chance && !same);
}

static void tell_passing(struct xd_oracle_worker *w, const struct xd_candidate *c,
                         const struct xd_oracle_both *b, const struct xd_difference *d)
{
    struct xd_oracle_record *r = w->record;

    r->counts.passing++;
    xd_oracle_name(w->o, r->index, &r->told.full);
    xd_str_addf(&r->told.full,
                ": Xen and the double differed once, and not in %u more runs: by chance\n  again: ",
                RECUR_TRIES);
    xd_oracle_again(w->o, r->index, &r->told.full);
    xd_str_addc(&r->told.full, '\n');
    xd_oracle_tell_whole(w, c, b, d, "differed once, by chance, in");
}

/* ---- One program ---- */

static void trouble(struct xd_oracle_worker *w, struct xd_oracle_record *r, const char *why)
{
    r->counts.unusable++;
    r->code = XD_UNUSABLE;
    r->fatal = ++w->troubles >= TROUBLES_MAX || w->peer.unstartable;
    xd_oracle_name(w->o, r->index, &r->told.text);
    xd_str_addf(&r->told.text, ": it could not be compared: %s\n", why);
    if (r->fatal && !w->peer.unstartable)
        xd_str_addf(&r->told.text, "%u programs in a row could not be compared: giving up\n",
                    w->troubles);
}

static void skip(const struct xd_oracle *o, struct xd_oracle_record *r, const char *why)
{
    bool generated = r->index >= o->files.nr;

    r->counts.unfit += generated;
    r->counts.skipped += !generated;
    if (!o->verbose && !generated)
        return;
    xd_oracle_name(o, r->index, &r->told.text);
    xd_str_addf(&r->told.text, ": skipped: %s\n", why);
}

/* Only when it ran it was seen that a file can't be: it has to say so, else nobody would miss it. */
static void unfit(struct xd_oracle_worker *w, struct xd_oracle_record *r, const char *why)
{
    if (r->index >= w->o->files.nr) {
        skip(w->o, r, why);
        return;
    }
    r->counts.unusable++;
    r->code = XD_UNUSABLE;
    xd_oracle_name(w->o, r->index, &r->told.text);
    xd_str_addf(&r->told.text,
                ": it could not be compared: %s; a scenario that can't be says why in a comment: "
                "\"# not on Xen: ...\"\n",
                why);
}

/* What was compared is what lies before the difference. */
static void count_until(struct xd_oracle_worker *w, const struct xd_candidate *c, uint32_t line,
                        struct xd_counts *counts)
{
    struct xd_doubled again = {.until = line};

    xd_oracle_double(c->p, &w->last, counts, &again);
    xd_doubled_free(&again);
}

static void different(struct xd_oracle_worker *w, const struct xd_candidate *c,
                      const struct xd_oracle_both *b, const struct xd_difference *d)
{
    struct xd_oracle_record *r = w->record;

    r->counts.different++;
    r->code = XD_FAILED;
    r->told.differs = true;
    if (w->o->verbose) {
        xd_oracle_name(w->o, r->index, &r->told.brief);
        xd_str_addf(&r->told.brief, ": Xen and the double differ in line %" PRIu32 "\n", d->line);
    }
    /* It may be printed in full if so many of this worker's own have not come before it, nor been printed by now. */
    if (w->different++ < w->o->max_differences && *w->shown < w->o->max_differences)
        xd_oracle_tell_difference(w, c, b, d);
}

static void compared(struct xd_oracle_worker *w, const struct xd_candidate *c,
                     const struct xd_oracle_both *b, struct xd_oracle_record *r)
{
    struct xd_difference d;

    w->troubles = 0;
    r->counts.programs++;
    r->counts.died += b->answer.kind == XD_ANSWER_DIED;
    if (w->o->verbose && b->answer.renewal.len) {
        xd_oracle_name(w->o, r->index, &r->told.text);
        xd_str_addf(&r->told.text, ": %s: %s\n",
                    b->answer.booted ? "Xen was booted again" : "a domain was built again",
                    xd_str_text(&b->answer.renewal));
    }
    if (!xd_oracle_differ(&b->answer, &b->dbl, &d)) {
        xd_counts_add(&r->counts, &b->met);
        return;
    }
    count_until(w, c, d.line, &r->counts);
    if (!xd_explained(&d) && recurs(w, c, d.by_chance)) {
        different(w, c, b, &d);
        return;
    }
    if (!d.known) {
        tell_passing(w, c, b, &d);
        return;
    }
    r->counts.known++;
    if (w->o->verbose) {
        xd_oracle_name(w->o, r->index, &r->told.text);
        xd_str_addf(&r->told.text, ": line %" PRIu32 " meets entry %u of DIFFERENCES.md\n", d.line,
                    d.known);
    }
}

static void compare(struct xd_oracle_worker *w, const struct xd_candidate *c,
                    struct xd_oracle_record *r)
{
    struct xd_oracle_both b = {0};
    struct xd_str why = {0};

    if (!run_both(w, c, &r->counts, &b, &why)) {
        trouble(w, r, xd_str_text(&why));
    } else if (b.answer.kind == XD_ANSWER_FAILED) {
        r->code = XD_UNUSABLE;
        r->fatal = true;
        r->counts.unusable++;
        xd_str_addf(&r->told.text, "Xen can't be used: %s\n", xd_str_text(&b.answer.why));
        if (w->o->parts.packed)
            xd_str_addf(&r->told.text, "(%s is what %s was unpacked into)\n", w->o->parts.xen,
                        w->o->parts.packed);
    } else if (b.answer.kind == XD_ANSWER_UNFIT) {
        w->troubles = 0;
        unfit(w, r, xd_str_text(&b.answer.why));
    } else {
        compared(w, c, &b, r);
    }
    xd_oracle_both_free(&b);
    xd_str_free(&why);
}

void xd_oracle_work(struct xd_oracle_worker *w, uint64_t index, struct xd_oracle_record *r)
{
    struct xd_str error = {0};
    struct xd_candidate c;
    const char *why;

    *r = (struct xd_oracle_record){.index = index};
    w->record = r;
    if (!xd_candidate_load(&c, w->o, index, &error)) {
        r->code = XD_UNUSABLE;
        r->counts.unusable++;
        xd_str_add(&r->told.text, xd_str_text(&error));
    } else if ((why = xd_oracle_unfit(w->o, index, c.p))) {
        skip(w->o, r, why);
    } else {
        compare(w, &c, r);
        w->before_any = r->code == XD_PASSED; /* else something else was run last */
        w->before = index;
    }
    xd_candidate_free(&c);
    xd_str_free(&error);
}

void xd_oracle_told_clear(struct xd_oracle_told *t)
{
    xd_oracle_told_free(t);
    *t = (struct xd_oracle_told){0};
}

void xd_oracle_told_free(struct xd_oracle_told *t)
{
    xd_str_free(&t->text);
    xd_str_free(&t->full);
    xd_str_free(&t->brief);
    xd_str_free(&t->keep);
}

void xd_oracle_worker_end(struct xd_oracle_worker *w)
{
    xd_peer_stop(&w->peer);
    xd_answer_free(&w->last);
}
