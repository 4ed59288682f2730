/* SPDX-License-Identifier: MIT */
/*
 * oracle_shrink.c: a program that differs is made small, and told.
 *
 * A shorter program may differ in another way, and what would be told then is not what was met. So it must be alike in all that
 * says what a difference is about: how its step begins, both results, and what the lines tell of that only one side has.
 */
#include "cli/oracle.h"

#include "program/shrink.h"

#include <inttypes.h>
#include <string.h>

#define SAME_WORDS   64u   /* of a step's text */
#define SHRINK_COST  1500u /* what finding a shorter program may cost: each try 1, and more: */
#define BOOT_COST    100u  /* if Xen boots for it */
#define REBUILD_COST 25u   /* if a domain is built for it */

/* ---- Is it the same difference? ---- */

/* What makes two differences one. */
struct likeness {
    char step[SAME_WORDS]; /* the words in which the step begins */
    const char *what;
    struct xd_str about; /* xd_oracle_about() */
};

static void liken(struct likeness *l, const struct xd_difference *d)
{
    const char *block = *d->xen ? d->xen : d->dbl, *s = strchr(block, ' ');
    unsigned int words = 0;
    size_t n = 0;

    *l = (struct likeness){.what = d->what};
    for (s = s ? s + 1 : block; *s && *s != '\n' && n + 1 < sizeof(l->step); s++) {
        if (*s == ' ' && ++words == 2)
            break;
        l->step[n++] = *s;
    }
    if (!d->what)
        xd_oracle_about(d, &l->about);
}

static void likeness_free(struct likeness *l)
{
    xd_str_free(&l->about);
}

/* The step and the kind are the same; of a list of calls one may be left. */
static bool alike_step(const struct likeness *a, const struct likeness *b)
{
    return a->what == b->what && (!strcmp(a->step, b->step) || !strncmp(a->step, "multicall", 9));
}

static bool alike(const struct likeness *like, const struct xd_difference *d)
{
    struct likeness other;
    bool alike;

    liken(&other, d);
    alike = !xd_explained(d) && alike_step(like, &other) &&
            !strcmp(xd_str_text(&like->about), xd_str_text(&other.about));
    likeness_free(&other);
    return alike;
}

/* ---- Shrinking ---- */

struct shrinking {
    struct xd_oracle_worker *w;
    const struct likeness *like;
    uint64_t boots, rebuilds; /* at the beginning */
    int64_t end_ms;           /* no try goes on behind that */
};

static bool still_differs(void *ctx, const struct xd_program *p)
{
    struct shrinking *s = ctx;
    struct xd_difference d;
    struct xd_candidate c;
    struct xd_oracle_both b = {0};
    bool differs;

    xd_candidate_of(&c, p);
    differs = !xd_oracle_unfit(s->w->o, s->w->record->index, c.p) &&
              xd_oracle_differs_again(s->w, &c, &b, &d) && alike(s->like, &d);
    xd_oracle_both_free(&b);
    xd_candidate_free(&c);
    return differs;
}

static bool worth_it(void *ctx, const struct xd_shrink_stats *so_far)
{
    const struct shrinking *s = ctx;
    const struct xd_counts *c = &s->w->record->counts;

    const uint64_t cost = so_far->calls + BOOT_COST * (c->boots - s->boots) +
                          REBUILD_COST * (c->rebuilds - s->rebuilds);

    return cost < SHRINK_COST && xd_oracle_now_ms() < s->end_ms;
}

/* ---- Telling ---- */

void xd_oracle_tell_whole(struct xd_oracle_worker *w, const struct xd_candidate *c,
                          const struct xd_oracle_both *b, const struct xd_difference *d,
                          const char *how)
{
    struct xd_oracle_record *r = w->record;
    struct xd_str told = {0};

    xd_oracle_tell_step(d, &b->answer, &b->dbl, &told);
    xd_oracle_indent(&r->told.full, "  ", xd_str_text(&told));
    if (w->o->keep)
        xd_oracle_keepable(w->o, r->index, how, xd_str_text(&told), xd_str_text(&c->text),
                           &r->told.keep);
    xd_str_free(&told);
}

void xd_oracle_run_before(struct xd_oracle_worker *w)
{
    struct xd_str error = {0};
    struct xd_candidate c;
    struct xd_oracle_both b = {0};
    struct xd_difference d;

    if (w->before_any && xd_candidate_load(&c, w->o, w->before, &error)) {
        xd_oracle_differs_again(w, &c, &b, &d);
        xd_oracle_both_free(&b);
        xd_candidate_free(&c);
    }
    xd_str_free(&error);
}

/*
 * On a Xen that no other program ran on, or only the one before, it differs in the same step. What was met may have had more to
 * it: from then on it is what is seen there that shorter ones must be like.
 */
static bool differs_fresh(struct xd_oracle_worker *w, const struct xd_candidate *c,
                          struct likeness *like, bool behind)
{
    struct xd_difference d;
    struct xd_oracle_both b = {0};
    struct likeness other;
    bool differs = false;

    xd_peer_stop(&w->peer);
    if (behind)
        xd_oracle_run_before(w);
    if (xd_oracle_differs_again(w, c, &b, &d) && !xd_explained(&d)) {
        liken(&other, &d);
        differs = alike_step(like, &other);
        likeness_free(differs ? like : &other);
        *like = differs ? other : *like;
    }
    xd_oracle_both_free(&b);
    return differs;
}

/* What the machine kept of other programs is what makes this one differ: no shorter one would say more. */
static void tell_behind(struct xd_oracle_worker *w, const struct xd_candidate *c,
                        const struct xd_oracle_both *b, const struct xd_difference *d,
                        struct likeness *like)
{
    struct xd_str *out = &w->record->told.full;

    xd_str_add(out, "  alone on a Xen that was just booted it does not differ so: only behind ");
    if (w->before_any && differs_fresh(w, c, like, true))
        xd_oracle_name(w->o, w->before, out);
    else
        xd_str_add(out, "programs that were run before it, or by chance");
    xd_str_addc(out, '\n');
    xd_oracle_tell_whole(w, c, b, d, "differed, not alone, in");
}

/* The lines of (was), which was met, if those of (d) are others. */
static void tell_met(const struct xd_difference *was, const struct xd_difference *d,
                     struct xd_str *out)
{
    const char *head = *was->xen ? was->xen : was->dbl;
    struct xd_str met = {0}, now = {0};

    xd_oracle_show(was, "    ", &met);
    xd_oracle_show(d, "    ", &now);
    if (!was->what && strcmp(xd_str_text(&met), xd_str_text(&now)))
        xd_str_addf(out, "  as it was met in the whole program: line %.*s\n%s",
                    (int)strcspn(head, "\n"), head, xd_str_text(&met));
    xd_str_free(&met);
    xd_str_free(&now);
}

/*
 * Tells of the program (c), which is all or what is left of the one that met (was), below (heading). They (how) it. False: alone on this
 * Xen it does not differ so.
 */
static bool tell_alone(struct xd_oracle_worker *w, const struct xd_candidate *c,
                       const struct likeness *like, const struct xd_difference *was,
                       const char *heading, const char *how)
{
    struct xd_oracle_record *r = w->record;
    struct xd_str told = {0};
    struct xd_difference d;
    struct xd_oracle_both b = {0};
    bool differs = xd_oracle_differs_again(w, c, &b, &d) && alike(like, &d);

    if (differs) { /* once more: now it is known what to explain */
        b.dbl.explain_line = d.line;
        differs = xd_oracle_differs_again(w, c, &b, &d) && alike(like, &d);
    }
    if (differs) {
        xd_oracle_tell_step(&d, &b.answer, &b.dbl, &told);
        xd_str_add(&r->told.full, heading);
        xd_oracle_indent(&r->told.full, "    ", xd_str_text(&c->text));
        xd_oracle_indent(&r->told.full, "  ", xd_str_text(&told));
        tell_met(was, &d, &r->told.full);
        if (w->o->keep)
            xd_oracle_keepable(w->o, r->index, how, xd_str_text(&told), xd_str_text(&c->text),
                               &r->told.keep);
    }
    xd_oracle_both_free(&b);
    xd_str_free(&told);
    return differs;
}

static bool tell_small(struct xd_oracle_worker *w, const struct xd_program *p,
                       const struct likeness *like, const struct xd_difference *was,
                       const struct xd_shrink_stats *stats, bool late)
{
    struct xd_str heading = {0};
    struct xd_candidate c;
    bool told;

    xd_str_addf(&heading, "  shrunk from %u to %u step%s", stats->steps_before, stats->steps_after,
                stats->steps_after == 1 ? "" : "s");
    if (!stats->minimal && late)
        xd_str_addf(&heading,
                    " (the %" PRIu64 " s of --shrink-time were over: it might become shorter yet)",
                    w->o->shrink_s);
    else if (!stats->minimal)
        xd_str_add(&heading, " (it might become shorter yet)");
    xd_str_add(&heading, ":\n");
    xd_candidate_of(&c, p);
    told = tell_alone(w, &c, like, was, xd_str_text(&heading), "differ here; shrunk from");
    xd_candidate_free(&c);
    xd_str_free(&heading);
    return told;
}

static void tell_shrunk(struct xd_oracle_worker *w, const struct xd_candidate *c,
                        const struct xd_oracle_both *b, const struct xd_difference *d,
                        const struct likeness *like)
{
    struct xd_oracle_record *r = w->record;
    struct shrinking s = {.w = w,
                          .like = like,
                          .boots = r->counts.boots,
                          .rebuilds = r->counts.rebuilds,
                          .end_ms = xd_oracle_now_ms() + (int64_t)w->o->shrink_s * 1000};
    const struct xd_shrink_options opt = {.go_on = worth_it};
    struct xd_shrink_stats stats;
    struct xd_program *p;
    bool late;

    w->peer.end_ms = s.end_ms;
    p = xd_shrink(c->p, still_differs, &s, &opt, &stats);
    w->peer.end_ms = 0;
    late = xd_oracle_now_ms() >= s.end_ms;
    xd_peer_stop(&w->peer); /* what was tried before must not help */
    if (!p || !tell_small(w, p, like, d, &stats, late)) {
        if (!p && late)
            xd_str_addf(&r->told.full,
                        "  not shrunk: the %" PRIu64 " s of --shrink-time were over\n",
                        w->o->shrink_s);
        else
            xd_str_add(&r->told.full, "  a shorter one differs so only behind others\n");
        xd_oracle_tell_whole(w, c, b, d, "differ in");
    }
    xd_program_free(p);
}

void xd_oracle_tell_difference(struct xd_oracle_worker *w, const struct xd_candidate *c,
                               const struct xd_oracle_both *b, const struct xd_difference *d)
{
    struct xd_str *out = &w->record->told.full;
    struct likeness like;

    xd_oracle_name(w->o, w->record->index, out);
    xd_str_add(out, ": Xen and the double differ\n  again: ");
    xd_oracle_again(w->o, w->record->index, out);
    xd_str_addc(out, '\n');
    liken(&like, d);
    if (!differs_fresh(w, c, &like, false))
        tell_behind(w, c, b, d, &like);
    else if (!w->o->no_shrink)
        tell_shrunk(w, c, b, d, &like);
    else if (!tell_alone(w, c, &like, d, "  not shrunk:\n", "differ in"))
        xd_oracle_tell_whole(w, c, b, d, "differ in");
    likeness_free(&like);
}
