/* SPDX-License-Identifier: MIT */
/*
 * sched.c: who runs next, and what if nobody can.
 *
 * One thread, one vCPU at a time: turns change at hypercalls and at xd_preempt only, by a policy
 * whose every choice follows from its configuration. While a run goes on, (sched.home) is the stack
 * that it was started on; contexts go to each other directly and home only when the run is over.
 */
#define _POSIX_C_SOURCE 200809L
#include "guest/context.h"
#include "guest/record.h"

#include "base/rng.h"
#include "guest/access.h"
#include "guest/mirror.h"
#include "hv/sched.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CALL_SCHED_OP_COMPAT 6
#define CALL_SCHED_OP        29
#define OP_YIELD             0
#define DEPTH_MAX            65u
#define PRIORITY_DRAWN       (UINT64_MAX / 2 + 1) /* those that are drawn are this and up */
#define IDLE_TIMES_MAX       100000u
#define NAP_NS               UINT64_C(1000000000) /* at a time */

struct xd_sched {
    struct xd_guest *g;
    struct xd_run_config config;
    struct xd_place home;
    struct xd_self home_self;
    struct xd_vcpu *until; /* an entered thread waits for it; NULL: all code is to finish */
    struct xd_context *now;
    uint64_t rng, points;
    uint64_t turn;   /* points that the present turn has lasted */
    uint64_t lowest; /* PCT: below all priorities given so far */
    uint32_t changes;
    uint64_t change[DEPTH_MAX - 1]; /* PCT: the points where priorities change */
    enum xd_run_end end;
};

/* ---- Choosing ---- */

/* One that is a thread runs in runs of threads only. */
static bool can_run(const struct xd_context *c)
{
    return !c->thread && xd_context_can_run(c);
}

/* The next one after (c), going round, that can run; (c) itself comes last. NULL: none. */
static struct xd_context *next_after(struct xd_guest *g, struct xd_context *c)
{
    struct xd_context *start = c && c->next ? c->next : g->contexts, *at = start;

    do {
        if (can_run(at))
            return at;
        at = at->next ? at->next : g->contexts;
    } while (at != start);
    return NULL;
}

static struct xd_context *any(struct xd_sched *s)
{
    struct xd_context *c;
    uint64_t nr = 0, k;

    for (c = s->g->contexts; c; c = c->next)
        nr += can_run(c);
    k = nr ? xd_rng_next(&s->rng) % nr : 0;
    for (c = s->g->contexts; c; c = c->next)
        if (can_run(c) && k-- == 0)
            return c;
    return NULL;
}

static struct xd_context *highest(struct xd_guest *g)
{
    struct xd_context *best = NULL;

    for (struct xd_context *c = g->contexts; c; c = c->next)
        if (can_run(c) && (!best || c->priority > best->priority))
            best = c;
    return best;
}

static struct xd_context *choose(struct xd_sched *s)
{
    struct xd_context *now = s->now;

    switch (s->config.policy) {
    case XD_POLICY_RANDOM: return any(s);
    case XD_POLICY_PCT:
        for (uint32_t i = 0; now && i < s->changes; i++)
            if (s->change[i] == s->points)
                now->priority = s->lowest--;
        if (now && can_run(now) && now->yields)
            now->priority = s->lowest--;
        return highest(s->g);
    case XD_POLICY_ROUND_ROBIN: break;
    }
    if (now && can_run(now) && ++s->turn < s->config.slice && !now->yields)
        return now;
    s->turn = 0;
    return next_after(s->g, now);
}

/* ---- When nobody can run ---- */

static void tell_what_it_waits_for(struct xd_str *out, const struct xd_vcpu *v)
{
    struct xd_vcpu *w = (struct xd_vcpu *)(uintptr_t)v;

    xd_str_addf(out, "  d%uv%u is blocked", v->domain->domid, v->id);
    if (xd_vcpu_polls(v) && !v->polling_any)
        xd_str_addf(out, ": SCHEDOP_poll for port %u", v->poll_port);
    else if (xd_vcpu_polls(v))
        xd_str_add(out, ": SCHEDOP_poll for any port of the domain");
    else
        xd_str_add(out, ": SCHEDOP_block");
    xd_str_addf(out, ", events %s\n", xd_vcpu_info(w)->evtchn_upcall_mask ? "masked" : "let in");
}

static void tell_setting(struct xd_str *out, const struct xd_guest *g,
                         const struct xd_run_config *c)
{
    if (g->hv->host->clock) {
        xd_str_add(out,
                   "  the machine follows the host's clock, so the next run may end otherwise\n");
        return;
    }
    xd_str_add(out, "  the same again: XENDOUBLE_SCHED=");
    switch (c->policy) {
    case XD_POLICY_ROUND_ROBIN: xd_str_addf(out, "round-robin:%u\n", c->slice); break;
    case XD_POLICY_RANDOM: xd_str_addf(out, "random:%" PRIu64 "\n", c->seed); break;
    case XD_POLICY_PCT:
        xd_str_addf(out, "pct:%" PRIu64 ":%u:%u\n", c->seed, c->depth, c->points);
        break;
    }
}

void xd_sched_tell_setting(struct xd_str *out)
{
    const struct xd_context *c = xd_this_thread.context;

    if (c && c->thread)
        xd_str_add(out, "  the vCPUs run at once, so the next run may end otherwise\n");
    else if (c && c->g->sched)
        tell_setting(out, c->g, &c->g->sched->config);
}

static void tell_where(struct xd_str *out, struct xd_context *c)
{
    if (c->thread)
        xd_threads_backtrace(c, out);
#if XD_OWN_SWITCH
    else
        xd_backtrace_at(out, c->place.sp);
#endif
}

void xd_sched_report(struct xd_guest *g, const struct xd_vcpu *until, const char *what)
{
    struct xd_str *out = &g->report;

    xd_str_clear(out);
    xd_str_addf(out, "%s\n", what);
    if (until && xd_vcpu_state(until) == XD_STATE_BLOCKED)
        tell_what_it_waits_for(out, until);
    for (struct xd_context *c = g->contexts; c; c = c->next) {
        if (xd_context_waits(c))
            tell_what_it_waits_for(out, c->v);
        else if (xd_context_can_run(c))
            xd_str_addf(out, "  d%uv%u can run\n", c->v->domain->domid, c->v->id);
        else
            continue;
        tell_where(out, c);
    }
    (void)xd_contexts_missing(g, out);
}

/* No code is left to run, and vCPUs are up that never had any. */
static bool code_is_missing(struct xd_guest *g, bool quiet)
{
    struct xd_str *out = &g->report;

    xd_str_clear(out);
    xd_str_add(out, "the run ended, but not all vCPUs that are up have code\n");
    if (!xd_contexts_missing(g, out)) {
        xd_str_clear(out);
        return false;
    }
    if (!quiet)
        fprintf(stderr, "xendouble: %s", xd_str_text(out));
    return true;
}

static void report(struct xd_sched *s, const char *what)
{
    xd_sched_report(s->g, s->until, what);
    if (s->g->contexts)
        tell_setting(&s->g->report, s->g, &s->config);
    if (!s->config.quiet && !s->until)
        fprintf(stderr, "xendouble: %s", xd_str_text(&s->g->report));
}

bool xd_sched_skip_time(struct xd_hv *hv)
{
    uint64_t deadline;

    if (!xd_vtime_next(hv, &deadline))
        return false;
    if (hv->host->clock) {
        xd_clock_follow(hv);
        if (deadline > hv->now_ns)
            xd_hostclock_sleep(deadline - hv->now_ns < NAP_NS ? deadline - hv->now_ns : NAP_NS);
        xd_clock_follow(hv);
        return true;
    }
    xd_vtime_advance(hv, deadline > hv->now_ns ? deadline - hv->now_ns : 0);
    return true;
}

/* Who goes on; NULL: the run is over, and (end) says how. Lets time pass if nobody can. */
static struct xd_context *pick(struct xd_sched *s)
{
    struct xd_context *c;

    if (s->config.points_max && s->points >= s->config.points_max) {
        s->end = XD_RUN_LIMIT;
        return NULL;
    }
    for (unsigned int idle = 0; idle < IDLE_TIMES_MAX; idle++) {
        bool blocked = s->until != NULL;

        if (s->until && xd_vcpu_state(s->until) != XD_STATE_BLOCKED) {
            s->end = XD_RUN_FINISHED;
            return NULL;
        }
        xd_contexts_adopt(s->g);
        c = s->g->contexts ? choose(s) : NULL;
        if (c)
            return c;
        for (c = s->g->contexts; c; c = c->next)
            blocked |= !c->thread && xd_context_waits(c);
        if (!blocked) {
            s->end = XD_RUN_FINISHED;
            return NULL;
        }
        if (!xd_sched_skip_time(s->g->hv))
            break;
    }
    s->end = XD_RUN_DEADLOCK;
    return NULL;
}

/* ---- Taking turns ---- */

static void make_thread(struct xd_context *c)
{
    xd_this_thread.v = c->v;
    xd_this_thread.side = c->side;
    xd_this_thread.context = c;
    xd_self_settle(&xd_this_thread);
    if (c->v->hv->host->watcher)
        xd_mirror_switch(c->v);
}

/* Leaves (from) for whoever is next, which may be itself. */
static void go_on(struct xd_sched *s, struct xd_place *from)
{
    struct xd_context *c = pick(s);

    s->now = c;
    if (c)
        make_thread(c);
    else
        xd_this_thread = s->home_self;
    if (!c && s->home_self.v && s->home_self.v->hv->host->watcher)
        xd_mirror_switch(s->home_self.v);
    if ((c ? &c->place : &s->home) != from)
        xd_place_switch(from, c ? &c->place : &s->home);
}

bool xd_is_yield(uint64_t nr, const uint64_t *arg)
{
    return (nr == CALL_SCHED_OP || nr == CALL_SCHED_OP_COMPAT) && arg[0] == OP_YIELD;
}

void xd_sched_point(struct xd_context *c)
{
    if (c->thread) {
        xd_threads_point(c);
        return;
    }
    c->yields = !c->preempted && xd_is_yield(c->v->rec.nr, c->v->rec.arg);
    c->preempted = false;
    /* A run that was over may have begun again meanwhile: it is looked up anew each time. */
    do {
        c->g->sched->points++;
        go_on(c->g->sched, &c->place);
        c->yields = false;
    } while (!can_run(c));
}

_Noreturn void xd_sched_finish(struct xd_context *c)
{
    go_on(c->g->sched, &c->place);
    XD_INVARIANT(c->g->hv, !"a context that is done does not go on");
    abort();
}

/* ---- Runs ---- */

static _Noreturn void text_is_none(const char *text)
{
    xd_guest_die("XENDOUBLE_SCHED=%s is none of round-robin:SLICE, random:SEED, "
                 "pct:SEED:DEPTH:POINTS and threads, where SEED is a 64-bit number, SLICE and "
                 "POINTS are 1 to %u and DEPTH is 1 to %u",
                 text, UINT32_MAX, DEPTH_MAX);
}

/* Is (text) the policy (name) with (n) numbers behind it? They have no signs, nor blanks. */
static bool has_numbers(const char *text, const char *name, uint64_t *nr, unsigned int n)
{
    const char *at = text + strlen(name);

    if (strncmp(text, name, strlen(name)) != 0)
        return false;
    for (unsigned int i = 0; i < n; i++) {
        char *end;

        if (at[0] != ':' || at[1] < '0' || at[1] > '9')
            return false;
        errno = 0;
        nr[i] = strtoull(at + 1, &end, 10);
        if (errno)
            return false;
        at = end;
    }
    return !*at;
}

static bool is_count(uint64_t nr, uint32_t max)
{
    return nr && nr <= max;
}

static void take_setting(struct xd_run_config *c, const char *text)
{
    uint64_t nr[3];

    c->threads = strcmp(text, "threads") == 0;
    if (c->threads)
        return;
    if (has_numbers(text, "round-robin", nr, 1) && is_count(nr[0], UINT32_MAX)) {
        c->policy = XD_POLICY_ROUND_ROBIN;
        c->slice = (uint32_t)nr[0];
    } else if (has_numbers(text, "random", nr, 1)) {
        c->policy = XD_POLICY_RANDOM;
        c->seed = nr[0];
    } else if (has_numbers(text, "pct", nr, 3) && is_count(nr[1], DEPTH_MAX) &&
               is_count(nr[2], UINT32_MAX)) {
        c->policy = XD_POLICY_PCT;
        c->seed = nr[0];
        c->depth = (uint32_t)nr[1];
        c->points = (uint32_t)nr[2];
    } else {
        text_is_none(text);
    }
}

/* What holds of (config): the environment wins, and no number is 0. */
static struct xd_run_config settled(const struct xd_run_config *config)
{
    static const struct xd_run_config standard = XD_RUN_CONFIG_DEFAULT;
    struct xd_run_config c = config ? *config : standard;
    const char *env = getenv("XENDOUBLE_SCHED");

    if (c.policy > XD_POLICY_PCT)
        xd_guest_die(
            "xd_run: there is no policy %u: it is one of enum xd_policy, 0 to %u; start from "
            "XD_RUN_CONFIG_DEFAULT",
            (unsigned int)c.policy, (unsigned int)XD_POLICY_PCT);
    if (env)
        take_setting(&c, env);
    c.slice += !c.slice;
    c.depth += !c.depth;
    c.points += !c.points;
    if (c.policy == XD_POLICY_PCT && c.depth > DEPTH_MAX)
        xd_guest_die("xd_run: a PCT run has a depth of 1 to %u, not %u", DEPTH_MAX, c.depth);
    return c;
}

/* AS in the paper of Burckhardt and others, 2010: random priorities above all that points of change
 * give. */
static void draw_priority(struct xd_sched *s, struct xd_context *c)
{
    c->priority = PRIORITY_DRAWN + xd_rng_next(&s->rng) % PRIORITY_DRAWN;
}

void xd_sched_join(struct xd_context *c)
{
    if (c->g->sched && c->g->sched->config.policy == XD_POLICY_PCT)
        draw_priority(c->g->sched, c);
}

static void set_priorities(struct xd_sched *s)
{
    s->lowest = PRIORITY_DRAWN - 1;
    s->changes = s->config.depth - 1;
    for (uint32_t i = 0; i < s->changes; i++)
        s->change[i] = 1 + xd_rng_next(&s->rng) % s->config.points;
    for (struct xd_context *c = s->g->contexts; c; c = c->next)
        draw_priority(s, c);
}

static enum xd_run_end run(struct xd_sched *s)
{
    struct xd_guest *g = s->g;
    struct xd_sched *outer = g->sched;

    xd_str_clear(&g->report);
    xd_faults_install();
    xd_faults_stack();
    s->rng = s->config.seed;
    if (s->config.policy == XD_POLICY_PCT)
        set_priorities(s);
    s->home_self = xd_this_thread;
    g->sched = s;
    go_on(s, &s->home);
    g->sched = outer;
    if (s->end == XD_RUN_DEADLOCK)
        report(s, "deadlock: no vCPU can run and no timer is set");
    else if (s->end == XD_RUN_LIMIT)
        report(s, "the run was given up: it passed as many preemption points as it may");
    return s->end;
}

/* Contexts that are done, or whose domain is gone for good. */
static void drop_finished(struct xd_guest *g)
{
    for (struct xd_context **at = &g->contexts; *at;) {
        struct xd_context *c = *at;

        if (!c->done && !c->reset && !xd_context_ended(c)) {
            at = &c->next;
            continue;
        }
        *at = c->next;
        if (xd_side_of(c->v)->context == c)
            xd_side_of(c->v)->context = NULL;
        xd_context_free(c);
    }
}

enum xd_run_end xd_run(struct xd_hv *hv, const struct xd_run_config *config)
{
    struct xd_sched s = {.config = settled(config)};

    if (!hv)
        xd_guest_die("xd_run: the machine is NULL");
    if (xd_this_thread.context)
        xd_guest_die("xd_run: called by code that a run is running");
    s.g = xd_guest_of(hv);
    xd_guest_lock(hv);
    xd_clock_follow(hv);
    xd_guest_unlock(hv);
    xd_this_thread.watched = xd_access_watched() || s.g->watches;
    if (s.config.threads && hv->host->watcher)
        xd_guest_die(
            "xd_run: vCPUs as threads have no mirror (xd_guest_mirror): its windows follow one thread");
    if (s.config.threads && s.g->recorder)
        xd_record_give_up(s.g->recorder,
                          "vCPUs run as threads, in an order that no replay could repeat");
    if (s.config.threads)
        s.end = xd_threads_run(s.g, &s.config);
    else
        run(&s);
    drop_finished(s.g);
    if (s.end == XD_RUN_FINISHED && code_is_missing(s.g, s.config.quiet))
        s.end = XD_RUN_NO_CODE;
    return s.end;
}

bool xd_sched_wait(struct xd_guest *g, struct xd_vcpu *v)
{
    struct xd_sched s = {.g = g, .config = settled(NULL), .until = v};

    run(&s);
    return xd_vcpu_state(v) == XD_STATE_RUNNING;
}

const char *xd_run_report(struct xd_hv *hv)
{
    return xd_str_text(&xd_guest_of(hv)->report);
}
