/* SPDX-License-Identifier: MIT */
/*
 * fuzz_work.c: processes that make programs and judge them.
 *
 * Program k is made and run by process k modulo their number, whatever happens to the others, so what
 * a run finds depends on its seed alone. A process says in memory that it shares with us which program
 * it is at. When it ends by itself, that program is what ended it, and another one takes over behind
 * it.
 */
#define _GNU_SOURCE
#include "cli/fuzz.h"

#include "fuzz/generate.h"
#include "fuzz/judge.h"
#include "program/program.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FRAMES \
    4096u /* room for the domains of generated programs; small, for it is audited often */
#define TURN_NS     20000000
#define STUCK_TURNS 100u

static volatile sig_atomic_t interrupted;

/* Written by one process, read by the one that started it. */
struct job {
    struct xd_counts counts;
    uint64_t number; /* of the program that runs */
    bool done;       /* all its programs are */
};

void xd_fuzz_text(const struct xd_fuzz *f, uint64_t number, struct xd_str *out)
{
    struct xd_generate g = {.seed = xd_generate_seed(f->seed, number), .frames = FRAMES};

    xd_generate_shape(g.seed, &g);
    if (f->steps)
        g.steps = (uint32_t)f->steps;
    if (f->groups)
        g.groups = f->groups;
    xd_generate_text(&g, out);
}

static bool judge_one(const struct xd_fuzz *f, struct job *job, struct xd_judge *judge)
{
    struct xd_str text = {0};
    struct xd_judgement j;
    struct xd_program *p;
    char *error;

    xd_fuzz_text(f, job->number, &text);
    p = xd_program_parse("generated", xd_str_text(&text), text.len, &error);
    XD_ALWAYS(p != NULL);
    judge->twice = f->twice && job->number % f->twice == 0;
    judge->why = job->counts.why;
    xd_count_asked(&job->counts, p); /* it may be the last that this process does */
    job->counts.programs++;
    xd_judge_program(p, judge, &j);
    job->counts.calls += j.calls;
    job->counts.refused += j.refused;
    free(j.complaint);
    xd_program_free(p);
    xd_str_free(&text);
    return !j.guilty;
}

static _Noreturn void work(const struct xd_fuzz *f, struct job *job, pid_t parent)
{
    struct xd_judge judge = {.oracles = xd_oracles_new(XD_ORACLE_ALL, (uint32_t)f->every),
                             .opinion = xd_fuzz_opinion(),
                             .session = xd_session_new(0)};
    FILE *quiet = freopen("/dev/null", "w", stderr); /* it is run again for what it says */

    (void)quiet;
    /* Who watches over us hears them, too, and no program must seem to end us. */
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    for (; (!f->programs || job->number < f->programs) && getppid() == parent;
         job->number += f->jobs) {
        xd_patience(XD_FUZZ_PATIENCE_S);
        if (!judge_one(f, job, &judge))
            _exit(XD_BROKEN);
    }
    job->done = true;
    _exit(XD_PASSED);
}

/* ---- The process that watches over them ---- */

static void on_interrupt(int nr)
{
    (void)nr;
    interrupted = 1;
}

void xd_fuzz_heed_interrupts(void)
{
    const struct sigaction once = {.sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND};

    sigaction(SIGINT, &once, NULL);
    sigaction(SIGTERM, &once, NULL);
}

bool xd_fuzz_interrupted(void)
{
    return interrupted;
}

struct watcher {
    const struct xd_fuzz *f;
    struct job *job;
    pid_t *pid; /* 0: it is over */
    struct xd_findings *found;
    struct timespec start;
    bool progress;
    bool wanting;       /* it was told that processes can't be started */
    unsigned int stuck; /* turns in which there was none */
};

static double seconds(const struct watcher *w)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)(t.tv_sec - w->start.tv_sec) + (double)(t.tv_nsec - w->start.tv_nsec) / 1e9;
}

/* If it can't be had, its programs wait, and it is tried again. */
static void start_job(struct watcher *w, uint64_t i)
{
    pid_t self = getpid();

    fflush(stdout);
    fflush(stderr);
    w->pid[i] = fork();
    if (w->pid[i] == 0)
        work(w->f, &w->job[i], self);
    if (w->pid[i] > 0)
        return;
    w->pid[i] = 0;
    if (!w->wanting)
        xd_complain("processes can't be started: %s", strerror(errno));
    w->wanting = true;
}

/* Program (number) ended its process. What for, it is asked anew. */
static void note_finding(struct watcher *w, uint64_t number, int status)
{
    struct xd_findings *found = w->found;
    struct xd_str text = {0}, how = {0};
    struct xd_program *p;
    char *error;
    int code;

    xd_fuzz_text(w->f, number, &text);
    p = xd_program_parse("generated", xd_str_text(&text), text.len, &error);
    XD_ALWAYS(p != NULL);
    code = xd_fuzz_judge(p, w->f->every, w->f->twice, &how, NULL);
    if (code == XD_PASSED)
        xd_str_addf(&how,
                    "it ended its process (status 0x%x) after other programs, but not alone\n",
                    (unsigned int)status);
    else if (code == XD_UNUSABLE)
        xd_str_addf(&how,
                    "it ended its process (status 0x%x), and there was none to ask it what for\n",
                    (unsigned int)status);
    xd_program_free(p);
    xd_str_free(&text);
    for (size_t i = 0; i < found->nr && code != XD_UNUSABLE; i++)
        if (!strcmp(xd_str_text(&found->item[i].how), xd_str_text(&how))) {
            found->item[i].times++;
            if (number < found->item[i].number)
                found->item[i].number = number;
            xd_str_free(&how);
            return;
        }
    if (found->nr == found->cap) {
        found->cap = found->cap * 2 + 8;
        found->item = xd_realloc(found->item, found->cap * sizeof(*found->item));
    }
    found->item[found->nr++] = (struct xd_finding){
        .number = number, .how = how, .times = 1, .unasked = code == XD_UNUSABLE};
}

/* Process (i) has ended. */
static void ended(struct watcher *w, uint64_t i, int status)
{
    w->pid[i] = 0;
    if (w->job[i].done)
        return;
    note_finding(w, w->job[i].number, status);
    w->job[i].number += w->f->jobs;
}

enum looked { ALL_DONE, AT_WORK, STUCK };

/* STUCK: there are programs to run, and for long no process that runs any. */
static enum looked look(struct watcher *w)
{
    bool any = false, waiting = false;
    int status;

    for (uint64_t i = 0; i < w->f->jobs; i++) {
        if (w->pid[i] && waitpid(w->pid[i], &status, WNOHANG) == w->pid[i])
            ended(w, i, status);
        if (!w->pid[i] && !w->job[i].done && w->found->nr < w->f->max_findings)
            start_job(w, i);
        any |= w->pid[i] != 0;
        waiting |= !w->job[i].done;
    }
    if (!waiting || w->found->nr >= w->f->max_findings)
        return ALL_DONE;
    w->stuck = any ? 0 : w->stuck + 1;
    return w->stuck < STUCK_TURNS ? AT_WORK : STUCK;
}

static void show_progress(struct watcher *w)
{
    uint64_t programs = 0, calls = 0;

    if (!isatty(STDERR_FILENO))
        return;
    for (uint64_t i = 0; i < w->f->jobs; i++) {
        programs += w->job[i].counts.programs;
        calls += w->job[i].counts.calls;
    }
    fprintf(stderr, "\r\033[K%llu programs, %llu calls, %zu findings", (unsigned long long)programs,
            (unsigned long long)calls, w->found->nr);
    fflush(stderr);
    w->progress = true;
}

static void end_jobs(struct watcher *w)
{
    for (uint64_t i = 0; i < w->f->jobs; i++)
        if (w->pid[i]) {
            kill(w->pid[i], SIGKILL);
            waitpid(w->pid[i], NULL, 0);
        }
    if (w->progress)
        fputs("\r\033[K", stderr);
}

static int by_number(const void *a, const void *b)
{
    const struct xd_finding *x = a, *y = b;

    return (x->number > y->number) - (x->number < y->number);
}

int xd_fuzz_run(const struct xd_fuzz *f, struct xd_counts *sum, struct xd_findings *found)
{
    const struct timespec turn = {.tv_nsec = TURN_NS};
    struct watcher w = {.f = f, .found = found, .pid = xd_zalloc(f->jobs * sizeof(*w.pid))};
    size_t size = f->jobs * sizeof(*w.job);
    enum looked looked = AT_WORK;

    w.job = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (w.job == MAP_FAILED) {
        free(w.pid);
        return xd_complain("there is no memory for %llu jobs", (unsigned long long)f->jobs);
    }
    clock_gettime(CLOCK_MONOTONIC, &w.start);
    for (uint64_t i = 0; i < f->jobs; i++)
        w.job[i].number = i;
    while (looked == AT_WORK && (looked = look(&w)) == AT_WORK && !interrupted &&
           (!f->seconds || seconds(&w) < (double)f->seconds)) {
        show_progress(&w);
        nanosleep(&turn, NULL);
    }
    end_jobs(&w);
    for (uint64_t i = 0; i < f->jobs; i++)
        xd_counts_add(sum, &w.job[i].counts);
    if (found->nr)
        qsort(found->item, found->nr, sizeof(*found->item), by_number);
    munmap(w.job, size);
    free(w.pid);
    return looked == STUCK ? XD_UNUSABLE : 0;
}
