/* SPDX-License-Identifier: MIT */
/*
 * session.c: programs that begin alike share the run of their beginnings.
 *
 * A place to go back to is a snapshot of the machine and a copy of what the runner knows. It is taken
 * between steps where nothing hangs in the air: no call waits, nothing failed.
 */
#include "program/edit.h"
#include "hv/lever.h"
#include "program/runner.h"

#include <stdlib.h>
#include <string.h>

struct place {
    uint32_t at; /* the step that comes next */
    struct xd_snapshot snapshot;
    uint32_t domain, vcpu;
    bool has_vcpu;
    struct xd_env *env; /* domains of them */
    uint32_t domains, names;
    uint64_t *value;
    bool *known;
    void *levers;
    struct xd_str console;
    struct xd_run_result result;
};

struct xd_session {
    uint32_t every;
    struct xd_runner *r;
    uint32_t domains;        /* of the program that ran last */
    struct xd_program *base; /* the program whose beginnings the places are */
    bool noted;              /* places of the program that runs now: they are not yet base's */
    struct place *place;
    uint32_t places, cap;
};

struct xd_session *xd_session_new(uint32_t every)
{
    struct xd_session *s = xd_zalloc(sizeof(*s));

    s->every = every;
    return s;
}

static void *copy_of(const void *from, size_t n)
{
    void *to = xd_zalloc(n);

    if (n)
        memcpy(to, from, n);
    return to;
}

static void forget_place(struct xd_session *s)
{
    struct place *c = &s->place[--s->places];

    free(c->env);
    free(c->value);
    free(c->known);
    free(c->levers);
    xd_str_free(&c->console);
}

static void end_machine(struct xd_session *s)
{
    while (s->places)
        forget_place(s);
    if (s->r)
        xd_runner_free(s->r);
    s->r = NULL;
}

void xd_session_free(struct xd_session *s)
{
    if (!s)
        return;
    end_machine(s);
    if (s->base)
        xd_program_free(s->base);
    free(s->place);
    free(s);
}

static bool is_head(const struct xd_step *s)
{
    return s->kind == XD_STEP_MACHINE || s->kind == XD_STEP_DOMAIN || s->kind == XD_STEP_LET;
}

void xd_session_note(struct xd_session *s, uint32_t at)
{
    struct xd_runner *r = s->r;
    struct place *c;

    if (!r->hv || r->unfinished || r->result->failures || r->pieces || is_head(&r->p->step[at]))
        return;
    if (s->places && (!s->every || at - s->place[s->places - 1].at < s->every))
        return;
    if (s->places == s->cap) {
        s->cap = s->cap * 2 + 16;
        s->place = xd_realloc(s->place, s->cap * sizeof(*s->place));
    }
    c = &s->place[s->places++];
    *c = (struct place){.at = at,
                        .snapshot = xd_snapshot(r->hv),
                        .domain = r->domain,
                        .vcpu = r->vcpu,
                        .has_vcpu = r->has_vcpu,
                        .env = copy_of(r->env, r->p->domains * sizeof(*r->env)),
                        .domains = r->p->domains,
                        .names = r->p->names,
                        .value = copy_of(r->value, r->p->names * sizeof(*r->value)),
                        .known = copy_of(r->known, r->p->names * sizeof(*r->known)),
                        .levers = xd_levers_copy(r->hv),
                        .result = *r->result};
    xd_str_addn(&c->console, xd_str_text(&r->console), r->console.len);
    s->noted = true;
}

/* The first step in which the programs differ, if that is before (end). */
static uint32_t parting(const struct xd_program *p, const struct xd_program *q, uint32_t end)
{
    uint32_t i = 1;

    while (i < end && i < p->steps && i < q->steps && xd_step_same(p, q, i))
        i += 1 + p->step[i].parts;
    return i;
}

static void make_room(struct xd_runner *r, uint32_t names)
{
    free(r->value);
    free(r->known);
    r->value = xd_zalloc(names * sizeof(*r->value));
    r->known = xd_zalloc(names * sizeof(*r->known));
}

/* Puts machine and runner back to the last place. */
static void go_back(struct xd_session *s)
{
    const struct place *c = &s->place[s->places - 1];
    const uint32_t domains = c->domains > s->domains ? c->domains : s->domains;
    struct xd_runner *r = s->r;
    uint32_t names;
    int rc = xd_restore(r->hv, c->snapshot);

    XD_ALWAYS(rc == 0);
    for (uint32_t i = 0; i < domains; i++) {
        struct xd_env was = i < c->domains ? c->env[i] : (struct xd_env){0};

        if (r->env[i].page != was.page)
            free(r->env[i].page);
        r->env[i] = was;
    }
    r->domain = c->domain;
    r->vcpu = c->vcpu;
    r->has_vcpu = c->has_vcpu;
    r->stop = false;
    xd_levers_put_back(r->hv, c->levers);
    xd_aside_free(r); /* no place has any memory beside the machine */
    xd_str_clear(&r->console);
    xd_str_addn(&r->console, xd_str_text(&c->console), c->console.len);
    /* Either program may have more names; what the shared steps named comes first in both. */
    names = c->names < r->p->names ? c->names : r->p->names;
    if (names) {
        memcpy(r->value, c->value, names * sizeof(*r->value));
        memcpy(r->known, c->known, names * sizeof(*r->known));
    }
    *r->result = c->result;
}

/* The step to begin with. */
static uint32_t resume(struct xd_session *s, const struct xd_program *p)
{
    uint32_t same = s->places ? parting(s->base, p, s->place[s->places - 1].at) : 0;

    /* The last step is always run, so that whoever watches sees how it ends. */
    while (s->places &&
           (s->place[s->places - 1].at > same || s->place[s->places - 1].at >= p->steps))
        forget_place(s);
    if (!s->places)
        end_machine(s);
    if (!s->r)
        s->r = xd_zalloc(sizeof(*s->r));
    return s->places ? s->place[s->places - 1].at : 1;
}

void xd_session_run(struct xd_session *s, const struct xd_program *p, uint32_t end,
                    const struct xd_run_options *opt, struct xd_run_result *result)
{
    uint32_t from = resume(s, p);
    struct xd_runner *r = s->r;

    r->p = p;
    r->opt = opt;
    r->result = result;
    r->session = s;
    make_room(r, p->names);
    if (s->places)
        go_back(s);
    s->domains = p->domains;
    s->noted = false;
    xd_run_steps(r, from, end);
    xd_runner_settle(r);
    r->p = NULL;
    r->opt = NULL;
    r->result = NULL;
    if (!s->noted)
        return;
    if (s->base)
        xd_program_free(s->base);
    s->base = xd_program_clone(p);
}

void xd_session_prepare(const struct xd_program *p, uint32_t end, const struct xd_run_options *opt,
                        struct xd_run_result *result)
{
    *result = (struct xd_run_result){.verdict = XD_PASSED};
    if (p->domains <= XD_DOMAINS_MAX)
        xd_session_run(opt->session, p, end, opt, result);
}
