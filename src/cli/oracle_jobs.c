/* SPDX-License-Identifier: MIT */
/*
 * oracle_jobs.c: workers, and what comes back from them.
 *
 * Worker j of n has programs j, j + n, j + 2n, ... One that dies, as the double makes it when it finds itself wrong, is
 * followed by another that goes on behind its last program. Workers are in process groups of their own, so that an
 * interrupt from the terminal reaches the command alone, which then ends them; their peers end when their input does.
 */
#define _GNU_SOURCE
#include "cli/oracle.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define TICK_MS       200
#define PLAIN_TICK_MS 10000 /* where there is no terminal */
#define DEATHS_MAX    3u    /* of workers in a row that had nothing to say: then none will have */

static volatile sig_atomic_t interrupted;

static void on_interrupt(int nr)
{
    interrupted = nr;
}

struct job {
    pid_t pid; /* 0: not running */
    int fd;
    uint64_t next;       /* the program whose record comes next */
    uint64_t different;  /* programs before it that differed */
    unsigned int deaths; /* of its workers in a row, before a single record came */
    bool broken;         /* the last one told that xendouble is wrong */
    struct xd_str data;
};

struct run {
    const struct xd_oracle *o;
    struct xd_counts *sum;
    struct job *job;
    uint64_t total, came, printed;
    struct xd_oracle_told **told; /* of programs whose record came and is not printed */
    uint64_t *shown;              /* differences printed in full; workers see it, too */
    uint64_t left_out;            /* and those that were not */
    int code;
    bool stop;
    int64_t start, ticked;
    bool line; /* a progress line stands on the terminal */
};

/* ---- In a worker ---- */

static bool send_record(int fd, const struct xd_oracle_record *r)
{
    const struct xd_oracle_told *t = &r->told;

    return xd_write_all(fd, r, sizeof(*r)) &&
           xd_write_all(fd, xd_str_text(&t->text), t->text.len) &&
           xd_write_all(fd, xd_str_text(&t->full), t->full.len) &&
           xd_write_all(fd, xd_str_text(&t->brief), t->brief.len) &&
           xd_write_all(fd, xd_str_text(&t->keep), t->keep.len);
}

static void last_word(void *ctx, struct xd_oracle_record *r)
{
    const int *fd = ctx;

    send_record(*fd, r);
    _exit(0); /* what it could still say of this program would be said twice */
}

static void work(const struct run *run, const struct job *j, int fd, pid_t command)
{
    const struct xd_oracle *o = run->o;
    struct xd_oracle_worker w = {.o = o,
                                 .peer = {.parts = &o->parts, .timeout_s = (int)o->timeout_s},
                                 .different = j->different,
                                 .shown = run->shown,
                                 .broken = last_word,
                                 .ctx = &fd};
    bool go_on;

    prctl(PR_SET_PDEATHSIG,
          SIGKILL); /* others may hold the pipe's other end, so no write would fail */
    if (getppid() != command)
        _exit(0);
    setpgid(0, 0);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGPIPE, SIG_IGN);
    go_on = !interrupted; /* before it had no handler of its own */
    for (uint64_t i = j->next; i < run->total && go_on; i += o->jobs) {
        struct xd_oracle_record r;

        xd_oracle_work(&w, i, &r);
        go_on = send_record(fd, &r) && !r.fatal;
        xd_oracle_told_free(&r.told);
    }
    xd_oracle_worker_end(&w);
    _exit(0);
}

/* ---- In the command ---- */

static void progress_end(struct run *run)
{
    if (run->line)
        fputs("\r\033[K", stderr);
    run->line = false;
}

static void progress(struct run *run)
{
    bool terminal = isatty(STDERR_FILENO);
    int64_t now = xd_oracle_now_ms(), passed = now - run->start;
    uint64_t left = run->total - run->came,
             left_s = run->came ? left * (uint64_t)passed / run->came / 1000 : 0,
             tenths = passed ? run->came * 10000 / (uint64_t)passed : 0;
    struct xd_str s = {0};

    if (now - run->ticked < (terminal ? TICK_MS : PLAIN_TICK_MS) || passed < 1000)
        return;
    run->ticked = now;
    xd_str_addf(&s, "%" PRIu64 "/%" PRIu64 " programs, %" PRIu64 ".%" PRIu64 "/s", run->came,
                run->total, tenths / 10, tenths % 10);
    if (run->came && left)
        xd_str_addf(&s, ", %" PRIu64 " min %02" PRIu64 " s left", left_s / 60, left_s % 60);
    xd_str_addf(&s, "; %" PRIu64 " differ", run->sum->different);
    fprintf(stderr, terminal ? "\r\033[K%.100s" : "%s\n", xd_str_text(&s));
    fflush(stderr);
    run->line = terminal;
    xd_str_free(&s);
}

/* What is told of program (i) goes out, a difference in full or not. */
static void print_one(struct run *run, uint64_t i)
{
    struct xd_oracle_told *t = run->told[i];
    bool full = !t->differs || *run->shown < run->o->max_differences;

    if (t->differs && full)
        ++*run->shown;
    run->left_out += !full;
    xd_str_add(&t->text, xd_str_text(full ? &t->full : &t->brief));
    if (full && t->keep.len)
        xd_oracle_keep(run->o, i, &t->keep, &t->text);
    if (t->text.len) {
        progress_end(run);
        xd_oracle_print(xd_str_text(&t->text));
        fflush(stdout);
    }
    xd_oracle_told_free(t);
    free(t);
    run->told[i] = NULL;
}

/* Prints what has come of the programs in their order. */
static void print(struct run *run)
{
    while (run->printed < run->total && run->told[run->printed])
        print_one(run, run->printed++);
}

/* (s) is a worker's own, and its text stands at *data: makes it ours, and goes on behind it. */
static void take_text(struct xd_str *s, const char **data)
{
    struct xd_str mine = {0};

    if (s->len)
        xd_str_addn(&mine, *data, s->len);
    *data += s->len;
    *s = mine;
}

/* The strings of (r) are the command's from now on. */
static void take(struct run *run, struct job *j, const struct xd_oracle_record *r)
{
    xd_counts_add(run->sum, &r->counts);
    run->code = r->code > run->code ? r->code : run->code;
    run->stop = run->stop || r->fatal || (run->o->stop && run->sum->different >= run->o->stop);
    run->came++;
    XD_ALWAYS(r->index == j->next && r->index < run->total && !run->told[r->index]);
    run->told[r->index] = xd_zalloc(sizeof(r->told));
    *run->told[r->index] = r->told;
    j->next += run->o->jobs;
    j->different += r->told.differs;
    j->broken = r->code == XD_BROKEN;
    j->deaths = 0;
    print(run);
}

/* The whole records in j->data. */
static void take_all(struct run *run, struct job *j)
{
    size_t at = 0;

    for (;;) {
        struct xd_oracle_record r;
        const char *data;
        size_t n;

        if (j->data.len - at < sizeof(r))
            break;
        memcpy(&r, j->data.text + at, sizeof(r));
        n = r.told.text.len + r.told.full.len + r.told.brief.len + r.told.keep.len;
        if (j->data.len - at - sizeof(r) < n)
            break;
        data = j->data.text + at + sizeof(r);
        take_text(&r.told.text, &data);
        take_text(&r.told.full, &data);
        take_text(&r.told.brief, &data);
        take_text(&r.told.keep, &data);
        take(run, j, &r);
        at += sizeof(r) + n;
    }
    if (at) {
        memmove(j->data.text, j->data.text + at, j->data.len - at);
        j->data.len -= at;
    }
}

static bool start(struct run *run, struct job *j)
{
    const pid_t command = getpid();
    int ends[2];

    if (pipe2(ends, O_CLOEXEC))
        return false;
    fflush(stdout);
    fflush(stderr);
    j->pid = fork();
    if (j->pid == 0) {
        close(ends[0]);
        work(run, j, ends[1], command);
    }
    close(ends[1]);
    if (j->pid < 0) {
        close(ends[0]);
        j->pid = 0;
        return false;
    }
    j->fd = ends[0];
    return true;
}

/* It is gone before it was done: its program is a result too, and another goes on behind it. */
static void died(struct run *run, struct job *j, int status)
{
    struct xd_oracle_record r = {.index = j->next, .code = XD_BROKEN};
    const unsigned int deaths = j->deaths + 1;

    r.counts.unusable = 1;
    if (WIFEXITED(status) && WEXITSTATUS(status) == XD_UNUSABLE)
        r.code = XD_UNUSABLE; /* no memory; it has said so */
    xd_oracle_name(run->o, r.index, &r.told.text);
    xd_str_addf(&r.told.text, ": xendouble ended the process that ran it (%s %d)\n  again: ",
                WIFSIGNALED(status) ? "signal" : "exit code",
                WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    xd_oracle_again(run->o, r.index, &r.told.text);
    xd_str_addc(&r.told.text, '\n');
    if (deaths >= DEATHS_MAX) {
        r.fatal = true;
        xd_str_addf(&r.told.text,
                    "%u such processes in a row ended before they told of a program: giving up\n",
                    deaths);
    }
    take(run, j, &r);
    j->deaths = deaths;
}

static void end(struct run *run, struct job *j)
{
    int status = 0;

    close(j->fd);
    while (waitpid(j->pid, &status, 0) < 0 && errno == EINTR)
        ;
    j->pid = 0;
    xd_str_clear(&j->data);
    if (j->next >= run->total || run->stop || interrupted)
        return;
    if (!j->broken)
        died(run, j, status);
    j->broken = false;
    if (j->next < run->total && !run->stop && !start(run, j)) {
        run->stop = true;
        run->code = xd_complain("no process can be started: %s", strerror(errno));
    }
}

/* Reads what has come; false at the end. */
static bool read_job(struct job *j)
{
    char buf[16384];
    ssize_t n = read(j->fd, buf, sizeof(buf));

    if (n < 0)
        return errno == EINTR;
    xd_str_addn(&j->data, buf, (size_t)n);
    return n > 0;
}

/* False: nothing runs any more. */
static bool turn(struct run *run)
{
    struct pollfd fd[XD_ORACLE_JOBS_MAX];
    struct job *of[XD_ORACLE_JOBS_MAX];
    nfds_t nr = 0;

    for (uint64_t i = 0; i < run->o->jobs; i++)
        if (run->job[i].pid) {
            of[nr] = &run->job[i];
            fd[nr++] = (struct pollfd){.fd = run->job[i].fd, .events = POLLIN};
        }
    if (nr == 0)
        return false;
    if (poll(fd, nr, TICK_MS) > 0)
        for (nfds_t i = 0; i < nr && !interrupted; i++) {
            bool more = !fd[i].revents || read_job(of[i]);

            take_all(run, of[i]);
            if (!more)
                end(run, of[i]);
        }
    progress(run);
    return true;
}

static void stop_all(struct run *run)
{
    for (uint64_t i = 0; i < run->o->jobs; i++) {
        struct job *j = &run->job[i];

        if (j->pid) {
            kill(j->pid, SIGTERM);
            close(j->fd);
            while (waitpid(j->pid, NULL, 0) < 0 && errno == EINTR)
                ;
        }
        xd_str_free(&j->data);
    }
}

static void catch_interrupts(struct sigaction old[2])
{
    struct sigaction sa = {.sa_handler = on_interrupt};

    interrupted = 0;
    sigaction(SIGINT, &sa, &old[0]);
    sigaction(SIGTERM, &sa, &old[1]);
}

int xd_oracle_run(const struct xd_oracle *o, struct xd_counts *sum, uint64_t *left_out)
{
    struct run run = {
        .o = o, .sum = sum, .total = o->files.nr + o->programs, .start = xd_oracle_now_ms()};
    struct sigaction old[2];

    run.ticked = run.start;
    run.shown =
        mmap(NULL, sizeof(*run.shown), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (run.shown == MAP_FAILED)
        return xd_complain("the host has not enough memory");
    run.told = xd_zalloc((size_t)(run.total + 1) * sizeof(*run.told));
    run.job = xd_zalloc((size_t)o->jobs * sizeof(*run.job));
    catch_interrupts(old);
    for (uint64_t i = 0; i < o->jobs && i < run.total && !run.stop; i++) {
        run.job[i].next = i;
        if (!start(&run, &run.job[i])) {
            run.stop = true;
            run.code = xd_complain("no process can be started: %s", strerror(errno));
        }
    }
    while (!run.stop && !interrupted && turn(&run))
        ;
    stop_all(&run);
    progress_end(&run);
    for (; run.printed < run.total; run.printed++) /* what came behind a program that did not */
        if (run.told[run.printed])
            print_one(&run, run.printed);
    if (interrupted)
        run.code = xd_complain("interrupted: %" PRIu64 " of %" PRIu64 " programs are done",
                               run.came, run.total);
    sigaction(SIGINT, &old[0], NULL);
    sigaction(SIGTERM, &old[1], NULL);
    *left_out = run.left_out;
    munmap(run.shown, sizeof(*run.shown));
    free(run.told);
    free(run.job);
    return run.code;
}
