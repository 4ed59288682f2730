/* SPDX-License-Identifier: MIT */
/*
 * threads.c: vCPUs that run at once, each on a thread of its own.
 *
 * One lock guards the machine: a thread has it from the begin of a hypercall to its end, and at each
 * preemption point, and not while it runs guest code. Whoever gives it up wakes the vCPUs that can
 * run by then. A thread whose vCPU can't run is parked; the last one to be parked lets time pass, and
 * when that helps nobody the run is over. Then all are parked, until they are let go on or are ended.
 */
#define _GNU_SOURCE
#include "guest/context.h"

#include "guest/access.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct xd_threads {
    struct xd_guest *g;
    pid_t process;        /* whose threads they are: fork leaves them behind */
    pthread_mutex_t lock; /* recursive: the host may take it before it looks at things */
    unsigned int depth;   /* how often its owner has it */
    pthread_cond_t home;  /* for who waits for the threads */
    bool on;              /* a run is under way */
    unsigned int awake;   /* threads that are not parked */
    uint64_t points, points_max;
    enum xd_run_end end;
};

struct xd_thread {
    pthread_t id;
    pthread_cond_t wake;
    bool awake;             /* else parked, */
    uint64_t until_ns;      /* ... until then, in the machine's time, if nobody signals before */
    bool quit;              /* it is to end */
    struct xd_str *tell_to; /* where it is to say where it is */
    jmp_buf end;
};

/* Until somebody signals, or until (ns) have passed. */
static void wait_for_ns(struct xd_threads *t, pthread_cond_t *cond, uint64_t ns)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    ns += (uint64_t)until.tv_nsec;
    until.tv_sec += (time_t)(ns / XD_SECOND_NS);
    until.tv_nsec = (long)(ns % XD_SECOND_NS);
    t->depth = 0;
    pthread_cond_timedwait(cond, &t->lock, &until);
    t->depth = 1;
}

static void wait_for(struct xd_threads *t, pthread_cond_t *cond)
{
    t->depth = 0;
    pthread_cond_wait(cond, &t->lock);
    t->depth = 1;
}

/* ---- Parking and waking ---- */

/* The host's clock goes on by itself: who is parked looks when the next timer fires, and sleeps no longer. */
static void wake_who_oversleeps(struct xd_threads *t)
{
    uint64_t deadline;

    if (!t->g->hv->host->clock || !t->on || !xd_vtime_next(t->g->hv, &deadline))
        return;
    for (struct xd_context *c = t->g->contexts; c; c = c->next)
        if (c->thread && !c->thread->awake && c->thread->until_ns > deadline) {
            c->thread->until_ns = deadline;
            pthread_cond_signal(&c->thread->wake);
        }
}

static void wake_who_can_run(struct xd_threads *t)
{
    if (t->on)
        xd_contexts_adopt(t->g);
    wake_who_oversleeps(t);
    for (struct xd_context *c = t->g->contexts; c && t->on; c = c->next)
        if (c->thread && !c->thread->awake && xd_context_can_run(c)) {
            c->thread->awake = true;
            t->awake++;
            pthread_cond_signal(&c->thread->wake);
        }
}

static bool anybody_waits(const struct xd_threads *t)
{
    for (const struct xd_context *c = t->g->contexts; c; c = c->next)
        if (c->thread && xd_context_waits(c))
            return true;
    return false;
}

static void end_run(struct xd_threads *t, enum xd_run_end how)
{
    t->on = false;
    t->end = how;
}

/* A thread is awake no more: who is to run instead? */
static void settle(struct xd_threads *t)
{
    uint64_t deadline;

    wake_who_can_run(t);
    while (t->on && !t->awake) {
        if (!anybody_waits(t))
            end_run(t, XD_RUN_FINISHED);
        else if (t->g->hv->host->clock && xd_vtime_next(t->g->hv, &deadline))
            return; /* those that are parked see to it */
        else if (!xd_sched_skip_time(t->g->hv))
            end_run(t, XD_RUN_DEADLOCK);
        wake_who_can_run(t);
    }
    if (!t->on && !t->awake)
        pthread_cond_signal(&t->home);
}

/* (c) waits as long as there is nothing to do: on the host's clock, until a timer fires. */
static void doze(struct xd_threads *t, struct xd_context *c)
{
    struct xd_hv *hv = t->g->hv;
    uint64_t deadline;

    if (!hv->host->clock || !t->on || !xd_vtime_next(hv, &deadline)) {
        c->thread->until_ns = UINT64_MAX;
        wait_for(t, &c->thread->wake);
        return;
    }
    c->thread->until_ns = deadline;
    xd_clock_follow(hv);
    if (deadline > hv->now_ns) {
        wait_for_ns(t, &c->thread->wake,
                    deadline - hv->now_ns < XD_SECOND_NS ? deadline - hv->now_ns : XD_SECOND_NS);
        if (!t->on) /* the machine is the host's, who does not take the lock */
            return;
        xd_clock_follow(hv);
    }
    wake_who_can_run(t);
    if (t->on && !t->awake && !(anybody_waits(t) && xd_vtime_next(hv, &deadline)))
        settle(t);
}

/* (c), the calling thread, which is not counted as awake, sleeps until somebody wakes it. */
static void park(struct xd_threads *t, struct xd_context *c)
{
    struct xd_thread *self = c->thread;

    while (!self->awake) {
        if (self->quit && c->regs)
            xd_begin_end(c);
        if (self->quit)
            longjmp(self->end, 1);
        if (self->tell_to) {
            xd_backtrace_here(self->tell_to);
            self->tell_to = NULL;
            pthread_cond_signal(&t->home);
        }
        doze(t, c);
    }
}

/* Returns when a run is under way and the vCPU of (c), the calling thread, runs. */
static void run_or_park(struct xd_threads *t, struct xd_context *c)
{
    if (t->depth > 1)
        xd_guest_die("d%uv%u comes to a preemption point between xd_guest_lock and "
                     "xd_guest_unlock: nobody else can run before it returns",
                     c->v->domain->domid, c->v->id);
    while (!t->on || !xd_context_can_run(c)) {
        c->thread->awake = false;
        t->awake--;
        settle(t);
        park(t, c);
    }
}

void xd_threads_enter(struct xd_context *c)
{
    run_or_park(c->g->threads, c);
}

void xd_threads_point(struct xd_context *c)
{
    struct xd_threads *t = c->g->threads;

    if (t->points_max && ++t->points >= t->points_max && t->on)
        end_run(t, XD_RUN_LIMIT);
    run_or_park(t, c);
}

void xd_threads_lock(struct xd_threads *t)
{
    pthread_mutex_lock(&t->lock);
    t->depth++;
}

void xd_threads_unlock(struct xd_threads *t)
{
    if (t->depth == 1)
        wake_who_can_run(t);
    t->depth--;
    pthread_mutex_unlock(&t->lock);
}

void xd_guest_lock(struct xd_hv *hv)
{
    const struct xd_guest *g = hv->host->linked.guest;

    if (g && g->threads)
        xd_threads_lock(g->threads);
}

void xd_guest_unlock(struct xd_hv *hv)
{
    const struct xd_guest *g = hv->host->linked.guest;

    if (g && g->threads)
        xd_threads_unlock(g->threads);
}

/* ---- A thread's life ---- */

/* Nobody could wake whom it leaves behind. */
static void ended_from_inside(void *context)
{
    const struct xd_context *c = context;

    xd_guest_die(
        "the code of d%uv%u ended its thread, by pthread_exit or pthread_cancel: code that "
        "xd_run runs returns, or shuts its domain down",
        c->v->domain->domid, c->v->id);
}

static void live(struct xd_context *c)
{
    struct xd_threads *t = c->g->threads;
    void *signal_stack = xd_faults_stack();

    xd_this_thread = (struct xd_self){.v = c->v, .side = c->side, .context = c, .threads = t};
    xd_threads_lock(t);
    xd_this_thread.watched = xd_access_watched() || c->g->watches;
    if (!setjmp(c->thread->end)) {
        park(t, c);
        c->begun = true;
        run_or_park(t, c);
        xd_threads_unlock(t);
        c->fn(c->arg);
        if (!c->regs) /* else it was parked, and is to end */
            xd_threads_lock(t);
    }
    c->done = true;
    if (c->thread->awake) {
        c->thread->awake = false;
        t->awake--;
        settle(t);
    }
    xd_threads_unlock(t);
    xd_faults_unstack(signal_stack);
}

static void *thread_main(void *context)
{
    pthread_cleanup_push(ended_from_inside, context);
    live(context);
    pthread_cleanup_pop(0);
    return NULL;
}

static void start(struct xd_context *c)
{
    pthread_condattr_t clock;
    pthread_attr_t attr;
    int rc;

    if (c->thread)
        return;
    if (c->begun)
        xd_guest_die("xd_run: d%uv%u has begun without a thread and can't go on as one",
                     c->v->domain->domid, c->v->id);
    c->thread = xd_zalloc(sizeof(*c->thread));
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&c->thread->wake, &clock);
    pthread_condattr_destroy(&clock);
    pthread_attr_init(&attr);
    pthread_attr_setstack(&attr, (void *)(uintptr_t)c->place.stack, c->place.size);
    rc = pthread_create(&c->thread->id, &attr, thread_main, c);
    pthread_attr_destroy(&attr);
    if (rc)
        xd_guest_die("there is no thread for d%uv%u: %s", c->v->domain->domid, c->v->id,
                     strerror(rc));
}

void xd_threads_join(struct xd_context *c)
{
    if (c->g->threads && c->g->hv->host->concurrent)
        start(c);
}

bool xd_thread_end(struct xd_context *c)
{
    struct xd_threads *t = c->g->threads;
    bool here = t->process == getpid();

    if (here) {
        xd_threads_lock(t);
        c->thread->quit = true;
        pthread_cond_signal(&c->thread->wake);
        xd_threads_unlock(t);
        pthread_join(c->thread->id, NULL);
        pthread_cond_destroy(&c->thread->wake);
    }
    free(c->thread);
    return here;
}

/* ---- Runs ---- */

static struct xd_threads *threads_of(struct xd_guest *g)
{
    pthread_mutexattr_t attr;

    if (g->threads)
        return g->threads;
    g->threads = xd_zalloc(sizeof(*g->threads));
    g->threads->g = g;
    g->threads->process = getpid();
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&g->threads->lock, &attr);
    pthread_mutexattr_destroy(&attr);
    pthread_cond_init(&g->threads->home, NULL);
    return g->threads;
}

void xd_threads_free(struct xd_guest *g)
{
    if (!g->threads)
        return;
    pthread_cond_destroy(&g->threads->home);
    pthread_mutex_destroy(&g->threads->lock);
    free(g->threads);
    g->threads = NULL;
}

void xd_threads_backtrace(struct xd_context *c, struct xd_str *out)
{
    struct xd_threads *t = c->g->threads;

    if (t->process != getpid())
        return;
    c->thread->tell_to = out;
    pthread_cond_signal(&c->thread->wake);
    while (c->thread->tell_to)
        wait_for(t, &t->home);
}

static void report(struct xd_threads *t, bool quiet)
{
    struct xd_str *out = &t->g->report;

    xd_sched_report(t->g, NULL,
                    t->end == XD_RUN_DEADLOCK
                        ? "deadlock: no vCPU can run and no timer is set"
                        : "the run was given up: it passed as many preemption points as it may");
    xd_str_add(out, "  the vCPUs ran at once, so the next run may end otherwise\n");
    if (!quiet)
        fprintf(stderr, "xendouble: %s", xd_str_text(out));
}

enum xd_run_end xd_threads_run(struct xd_guest *g, const struct xd_run_config *config)
{
    struct xd_threads *t = threads_of(g);

    if (t->process != getpid())
        xd_guest_die("xd_run: fork() left the threads of this machine's vCPUs behind");
    xd_str_clear(&g->report);
    xd_faults_install();
    xd_threads_lock(t);
    for (struct xd_context *c = g->contexts; c; c = c->next)
        start(c);
    g->hv->host->concurrent = true;
    t->on = true;
    t->points = 0;
    t->points_max = config->points_max;
    settle(t);
    while (t->on || t->awake)
        wait_for(t, &t->home);
    if (t->end != XD_RUN_FINISHED)
        report(t, config->quiet);
    g->hv->host->concurrent = false;
    xd_threads_unlock(t);
    return t->end;
}
