/* SPDX-License-Identifier: MIT */
/* emit_run.c: the run of a program that is to be written in C: what its steps were made of, and what became of them. */
#include "program/emit.h"

#include <stdlib.h>
#include <string.h>

struct run {
    struct xd_emitter *em;
    const struct xd_emit_progress *end; /* where it has to stop; NULL: nowhere */
    volatile struct xd_emit_progress *progress;
    bool idle; /* the last event is over */
    bool cut;  /* the run has stopped */
    uint32_t failures;
};

static struct xd_emit_event *last(const struct run *run)
{
    return &run->em->event[run->em->events - 1];
}

static struct xd_emit_event *push(struct run *run, const struct xd_runner *r, uint32_t at)
{
    struct xd_emitter *em = run->em;

    run->progress->events = em->events;
    run->progress->step = at;
    em->event = xd_realloc(em->event, (em->events + 1) * sizeof(*em->event));
    em->event[em->events++] = (struct xd_emit_event){.at = at, .current = r->domain};
    run->idle = false;
    return last(run);
}

/* Is the last event the one that must not happen? */
static bool must_stop(struct run *run)
{
    run->cut = run->end && run->end->events == run->em->events - 1;
    return run->cut;
}

static bool began(void *ctx, const struct xd_runner *r)
{
    const uint8_t kind = r->p->step[r->step].kind;

    push(ctx, r, r->step);
    /* Of these it is told later what they are made of. */
    return kind == XD_STEP_CALL || kind == XD_STEP_DOMAIN || !must_stop(ctx);
}

static void *copy_of(const void *from, size_t n)
{
    return memcpy(xd_zalloc(n), from, n);
}

static void put(void *ctx, const struct xd_runner *r, const void *data, size_t n)
{
    struct xd_emit_event *e = last(ctx);

    (void)r;
    e->put = xd_realloc(e->put, (e->puts + 1) * sizeof(*e->put));
    e->put[e->puts++] = (struct xd_emit_put){.bytes = data && n ? copy_of(data, n) : NULL, .n = n};
}

static bool building(void *ctx, const struct xd_runner *r, const struct xd_domain_config *c)
{
    struct run *run = ctx;
    struct xd_emit_event *e = last(run);

    run->em->machine = r->hv->config;
    e->config = copy_of(c, sizeof(*c));
    e->config->command_line = c->command_line ? xd_strdup(c->command_line) : NULL;
    e->window = r->env[r->p->step[r->step].domain].scratch;
    return !must_stop(run);
}

static bool making(void *ctx, const struct xd_runner *r, const struct xd_made *m)
{
    struct run *run = ctx;
    struct xd_emit_event *e = m->suspended ? push(run, r, m->step) : last(run);

    run->em->machine = r->hv->config;
    e->again = m->suspended;
    e->domain = (uint32_t)(m->env - r->env);
    e->enc = copy_of(m->enc, (1 + r->p->step[m->step].parts) * sizeof(*m->enc));
    return !must_stop(run);
}

/* Does the list of step (at) sleep? */
static bool sleeps(const struct xd_runner *r, uint32_t at)
{
    const struct xd_made *m = r->unfinished;

    while (m && m->step != at)
        m = m->later;
    return m != NULL;
}

static void note_names(struct xd_emitter *em, const struct xd_runner *r)
{
    for (uint32_t i = 0; i < em->p->names; i++)
        if (r->known[i] && em->known_at[i] == UINT32_MAX)
            em->known_at[i] = em->events - 1;
    for (uint32_t i = 0; i < em->p->domains; i++)
        if (r->env[i].created && em->created_at[i] == UINT32_MAX)
            em->created_at[i] = em->events - 1;
}

static void over(void *ctx, const struct xd_runner *r)
{
    struct run *run = ctx;
    struct xd_emit_event *e;

    if (run->cut || r->p->domains > XD_DOMAINS_MAX)
        return;
    if (run->idle) /* a list is given up, since no step comes any more */
        push(run, r, run->em->p->steps);
    run->idle = true;
    e = last(run);
    if (e->at < run->em->p->steps) {
        e->sleeps = sleeps(r, e->at);
        e->floor = r->env[e->domain].area_floor;
    }
    run->em->linked = r->linked;
    if (r->hv)
        run->em->machine = r->hv->config;
    note_names(run->em, r);
    run->progress->events = run->em->events;
    run->progress->step = run->em->p->steps;
}

static void failed(void *ctx, const struct xd_failure *f)
{
    struct run *run = ctx;
    struct xd_emit_event *e;

    if (run->cut)
        return;
    if (f->verdict == XD_UNUSABLE && !run->failures)
        xd_str_addf(&run->em->error, "%s:%u: it can't be run: %s", run->em->p->file, f->line,
                    f->details);
    run->failures++;
    if (!run->em->events)
        return;
    e = last(run);
    if (!e->failed) {
        e->failed = xd_strdup(f->details);
        e->failed_at = f->at;
    }
}

bool xd_emit_run(struct xd_emitter *em, const struct xd_emit_progress *end,
                 volatile struct xd_emit_progress *progress)
{
    static const struct xd_run_watch watch = {
        .put = put, .building = building, .making = making, .began = began, .over = over};
    struct run run = {.em = em, .end = end, .progress = progress};
    const struct xd_run_options opt = {
        .keep_going = true, .watch = &watch, .ctx = &run, .failed = failed};
    struct xd_run_result result;

    em->known_at = xd_zalloc(em->p->names * sizeof(*em->known_at));
    em->created_at = xd_zalloc(em->p->domains * sizeof(*em->created_at));
    memset(em->known_at, 0xff, em->p->names * sizeof(*em->known_at));
    memset(em->created_at, 0xff, em->p->domains * sizeof(*em->created_at));
    progress->events = 0;
    progress->step = em->p->steps;
    xd_program_run(em->p, &opt, &result);
    return !em->error.len;
}

void xd_emit_run_free(struct xd_emitter *em)
{
    for (uint32_t i = 0; i < em->events; i++) {
        struct xd_emit_event *e = &em->event[i];

        for (uint32_t k = 0; k < e->puts; k++)
            free(e->put[k].bytes);
        free(e->put);
        free(e->enc);
        if (e->config)
            free((char *)(uintptr_t)e->config->command_line);
        free(e->config);
        free(e->failed);
    }
    free(em->event);
    free(em->known_at);
    free(em->created_at);
}
