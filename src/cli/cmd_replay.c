/* SPDX-License-Identifier: MIT */
/*
 * cmd_replay.c: runs scenarios and says how they fared.
 *
 * Each file is run on a machine of its own, with --jobs in a process of its own; what is printed is
 * the same, in the same order, however many there are.
 */
#define _GNU_SOURCE
#include "cli/cli.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define JOBS_MAX 256u

struct replay {
    struct xd_run_options opt;
    bool tap, quiet, report;
    const char *junit;
    const char *save; /* where the machine goes at the end; NULL: nowhere */
    uint64_t jobs;
    struct xd_paths files;
    struct xd_file_result *result;
    size_t printed; /* files whose results are out */
    bool progress;  /* a progress line stands on the terminal */
    uint64_t start_ns;
};

/* A file being run in this process. */
struct running {
    const char *path;
    struct xd_file_result *result;
    bool direct; /* what the run tells may go out at once */
    int pipe;    /* of a process that may die before it can report; or -1 */
    const char *save;
    bool saved; /* or told that it can't be */
    bool lost;  /* the machine could not be saved */
};

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void tell(void *ctx, const char *lines)
{
    struct running *r = ctx;

    if (r->direct)
        fputs(lines, stdout);
    else
        xd_str_add(&r->result->out, lines);
}

static void send_result(int fd, const struct xd_file_result *r)
{
    if (xd_write_all(fd, r, sizeof(*r)) && xd_write_all(fd, xd_str_text(&r->out), r->out.len))
        xd_write_all(fd, xd_str_text(&r->messages), r->messages.len);
}

static void failed(void *ctx, const struct xd_failure *f)
{
    struct running *r = ctx;

    xd_tell_failure(&r->result->messages, r->path, f);
    if (f->verdict != XD_BROKEN)
        return;
    if (r->pipe >= 0) { /* the process may be about to die */
        struct xd_file_result so_far = *r->result;

        so_far.code = XD_BROKEN;
        send_result(r->pipe, &so_far);
        _exit(XD_BROKEN);
    }
    fflush(stdout);
    fputs(xd_str_text(&r->result->messages), stderr);
    xd_str_clear(&r->result->messages);
    xd_str_addf(&r->result->messages, "%s:%u: xendouble is wrong here\n", r->path, f->line);
}

static void ended(void *ctx, struct xd_hv *hv)
{
    struct running *r = ctx;

    r->saved = true;
    if (!r->save || !xd_save(hv, r->save))
        return;
    xd_str_addf(&r->result->messages, "--save: %s\n", xd_hv_error(hv));
    r->lost = true;
}

static void called(void *ctx, const struct xd_runner *r, const struct xd_made *m, int64_t rc)
{
    struct running *run = ctx;

    xd_count_called(&run->result->met, r, m, rc);
}

static void accessed(void *ctx, const struct xd_runner *r, const struct xd_step *s,
                     enum xd_access how, const struct xd_fault *f)
{
    struct running *run = ctx;

    (void)r, (void)s, (void)how;
    xd_count_accessed(&run->result->met, f);
}

static void again(const struct replay *rp, const char *path, struct xd_str *out)
{
    xd_str_addf(out, "again: xendouble replay --trace%s", rp->opt.audit ? " --audit" : "");
    if (rp->opt.has_seed)
        xd_str_addf(out, " --seed %llu", (unsigned long long)rp->opt.seed);
    xd_str_addf(out, " %s\n", path);
}

static void run_file(const struct replay *rp, const char *path, struct xd_file_result *result,
                     bool direct, int pipe_fd)
{
    static const struct xd_run_watch watch = {.called = called, .accessed = accessed};
    struct running run = {
        .path = path, .result = result, .direct = direct, .pipe = pipe_fd, .save = rp->save};
    struct xd_run_options opt = rp->opt;
    uint64_t start = now_ns();
    char *error;
    struct xd_program *p = xd_load_program(path, &error);

    if (!p) {
        xd_str_add(&result->messages, error);
        free(error);
        result->code = XD_UNUSABLE;
        return;
    }
    run.path = p->file;
    opt.ctx = &run;
    opt.tell = tell;
    opt.failed = failed;
    opt.ended = ended;
    opt.watch = rp->report ? &watch : NULL;
    xd_program_run(p, &opt, &result->run);
    result->code = (int)result->run.verdict;
    if (rp->save && !run.saved) {
        xd_str_addf(&result->messages, "--save: %s: it makes no machine\n", p->file);
        run.lost = true;
    }
    xd_program_free(p);
    if (run.lost && result->code < XD_UNUSABLE)
        result->code = XD_UNUSABLE;
    if ((result->code == XD_FAILED || result->code == XD_BROKEN) && strcmp(path, "-"))
        again(rp, path, &result->messages);
    result->ns = now_ns() - start;
}

/* ---- Printing ---- */

static void progress(struct replay *rp, const char *path)
{
    if (rp->quiet || rp->tap || rp->files.nr < 2 || !isatty(STDERR_FILENO))
        return;
    if (!rp->progress && now_ns() - rp->start_ns < 500000000)
        return;
    fprintf(stderr, "\r\033[K[%zu/%zu] %.60s", rp->printed, rp->files.nr, path);
    fflush(stderr);
    rp->progress = true;
}

static void progress_end(struct replay *rp)
{
    if (rp->progress)
        fputs("\r\033[K", stderr);
    rp->progress = false;
}

static void print_result(struct replay *rp)
{
    struct xd_file_result *r = &rp->result[rp->printed];
    const char *path = rp->files.path[rp->printed];

    rp->printed++;
    if (r->out.len || r->messages.len)
        progress_end(rp);
    fputs(xd_str_text(&r->out), stdout);
    if (rp->tap) {
        xd_print_tap(rp->printed, path, r);
    } else if (r->messages.len) {
        fflush(stdout);
        fputs(xd_str_text(&r->messages), stderr);
    }
    xd_str_free(&r->out);
}

static int summary(struct replay *rp)
{
    size_t bad[4] = {0};
    uint64_t calls = 0, checks = 0, not_modelled = 0;
    int worst = 0;

    progress_end(rp);
    for (size_t i = 0; i < rp->files.nr; i++) {
        bad[rp->result[i].code]++;
        calls += rp->result[i].run.calls;
        checks += rp->result[i].run.checks;
        not_modelled += rp->result[i].run.not_modelled;
        worst = rp->result[i].code > worst ? rp->result[i].code : worst;
    }
    if (rp->quiet)
        return worst;
    printf("%s%zu scenario%s: %zu passed", rp->tap ? "# " : "", rp->files.nr,
           rp->files.nr == 1 ? "" : "s", bad[0]);
    if (bad[1])
        printf(", %zu failed", bad[1]);
    if (bad[2])
        printf(", %zu could not be run", bad[2]);
    if (bad[3])
        printf(", %zu found xendouble wrong", bad[3]);
    printf("; %llu call%s, %llu expectation%s\n", (unsigned long long)calls, calls == 1 ? "" : "s",
           (unsigned long long)checks, checks == 1 ? "" : "s");
    if (not_modelled)
        printf(
            "%s%llu of the calls met what Xen answers and xendouble does not model yet (--explain tells what)\n",
            rp->tap ? "# " : "", (unsigned long long)not_modelled);
    return worst;
}

static void report(const struct replay *rp)
{
    struct xd_counts *sum = xd_zalloc(sizeof(*sum));

    for (size_t i = 0; i < rp->files.nr; i++)
        xd_counts_add_met(sum, &rp->result[i].met);
    xd_counts_report(sum, "met by scenarios");
    free(sum);
}

/* ---- One after the other ---- */

static void run_here(struct replay *rp)
{
    bool direct = !rp->tap;

    for (size_t i = 0; i < rp->files.nr; i++) {
        progress(rp, rp->files.path[i]);
        if (direct && (rp->opt.trace || rp->opt.explain) && rp->files.nr > 1)
            printf("== %s\n", rp->files.path[i]);
        run_file(rp, rp->files.path[i], &rp->result[i], direct, -1);
        print_result(rp);
    }
}

/* ---- Several at a time ---- */

struct job {
    pid_t pid;
    int fd;
    size_t file;
    struct xd_str data;
};

static bool start_job(struct replay *rp, struct job *j, size_t file)
{
    int ends[2];

    if (pipe(ends))
        return false;
    fflush(stdout);
    fflush(stderr);
    j->pid = fork();
    if (j->pid < 0) {
        close(ends[0]);
        close(ends[1]);
        return false;
    }
    if (j->pid == 0) {
        struct xd_file_result *r = &rp->result[file];

        close(ends[0]);
        if ((rp->opt.trace || rp->opt.explain) && rp->files.nr > 1 && !rp->tap)
            xd_str_addf(&r->out, "== %s\n", rp->files.path[file]);
        run_file(rp, rp->files.path[file], r, false, ends[1]);
        send_result(ends[1], r);
        _exit(0);
    }
    close(ends[1]);
    j->fd = ends[0];
    j->file = file;
    j->data = (struct xd_str){0};
    return true;
}

/* The process is gone; what it sent becomes the file's result. */
static void end_job(struct replay *rp, struct job *j)
{
    struct xd_file_result *r = &rp->result[j->file], sent;
    int status = 0;

    close(j->fd);
    while (waitpid(j->pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (j->data.len >= sizeof(sent))
        memcpy(&sent, j->data.text, sizeof(sent));
    if (j->data.len >= sizeof(sent) &&
        j->data.len - sizeof(sent) == sent.out.len + sent.messages.len) {
        r->code = sent.code;
        r->run = sent.run;
        r->met = sent.met;
        r->ns = sent.ns;
        xd_str_addn(&r->out, j->data.text + sizeof(sent), sent.out.len);
        xd_str_addn(&r->messages, j->data.text + sizeof(sent) + sent.out.len, sent.messages.len);
    } else {
        r->code = WIFEXITED(status) && WEXITSTATUS(status) == XD_UNUSABLE ? XD_UNUSABLE : XD_BROKEN;
        xd_str_addf(&r->messages, "%s: its process ended without a result (%s %d)\n",
                    rp->files.path[j->file], WIFSIGNALED(status) ? "signal" : "exit code",
                    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
        again(rp, rp->files.path[j->file], &r->messages);
    }
    xd_str_free(&j->data);
    j->pid = 0;
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

static bool run_jobs(struct replay *rp)
{
    struct job job[JOBS_MAX] = {{0}};
    bool *done = xd_zalloc(rp->files.nr * sizeof(*done)), ok = true;
    size_t next = 0, running = 0;

    while (rp->printed < rp->files.nr && (ok || running)) {
        struct pollfd fd[JOBS_MAX];
        size_t of[JOBS_MAX], nr = 0;

        for (size_t i = 0; i < rp->jobs && next < rp->files.nr && ok; i++) {
            if (job[i].pid)
                continue;
            if (!start_job(rp, &job[i], next)) {
                ok = running > 0; /* with what runs already it goes on */
                break;
            }
            next++;
            running++;
        }
        for (size_t i = 0; i < rp->jobs; i++)
            if (job[i].pid) {
                of[nr] = i;
                fd[nr++] = (struct pollfd){.fd = job[i].fd, .events = POLLIN};
            }
        if (nr == 0 || (poll(fd, nr, -1) < 0 && errno != EINTR))
            break;
        for (size_t i = 0; i < nr; i++)
            if (fd[i].revents && !read_job(&job[of[i]])) {
                end_job(rp, &job[of[i]]);
                done[job[of[i]].file] = true;
                running--;
            }
        while (rp->printed < rp->files.nr && done[rp->printed])
            print_result(rp);
        progress(rp, rp->printed < rp->files.nr ? rp->files.path[rp->printed] : "");
    }
    free(done);
    return rp->printed == rp->files.nr;
}

/* ---- The command ---- */

static int options(struct replay *rp, int argc, char **argv)
{
    static const struct option longs[] = {{"trace", no_argument, NULL, 't'},
                                          {"explain", no_argument, NULL, 'e'},
                                          {"audit", no_argument, NULL, 'a'},
                                          {"keep-going", no_argument, NULL, 'k'},
                                          {"quiet", no_argument, NULL, 'q'},
                                          {"tap", no_argument, NULL, 'T'},
                                          {"junit", required_argument, NULL, 'J'},
                                          {"jobs", required_argument, NULL, 'j'},
                                          {"save", required_argument, NULL, 'S'},
                                          {"seed", required_argument, NULL, 's'},
                                          {"report", no_argument, NULL, 'R'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    int o;

    while ((o = getopt_long(argc, argv, "teakqj:s:h", longs, NULL)) != -1) {
        switch (o) {
        case 't': rp->opt.trace = true; break;
        case 'e': rp->opt.explain = true; break;
        case 'a': rp->opt.audit = true; break;
        case 'k': rp->opt.keep_going = true; break;
        case 'q': rp->quiet = true; break;
        case 'T': rp->tap = true; break;
        case 'R': rp->report = true; break;
        case 'J': rp->junit = optarg; break;
        case 'S': rp->save = optarg; break;
        case 'j':
            if (!xd_parse_number(optarg, &rp->jobs) || rp->jobs < 1 || rp->jobs > JOBS_MAX)
                return xd_complain("--jobs: \"%s\" is no number from 1 to %u", optarg, JOBS_MAX);
            break;
        case 's':
            rp->opt.has_seed = true;
            if (!xd_parse_number(optarg, &rp->opt.seed))
                return xd_complain("--seed: \"%s\" is no number of 64 bits", optarg);
            break;
        case 'h': xd_usage(&xd_cmd_replay, true); return -1;
        default: return xd_usage(&xd_cmd_replay, false);
        }
    }
    if (optind == argc) {
        xd_complain("replay: which files or directories?");
        return xd_usage(&xd_cmd_replay, false);
    }
    if (xd_find_scenarios(&rp->files, argv + optind, argc - optind))
        return XD_UNUSABLE;
    if (rp->report && rp->tap)
        return xd_complain(
            "--report prints tables, --tap the Test Anything Protocol: one of them, please");
    if (rp->save && rp->files.nr != 1)
        return xd_complain("--save: one scenario, please; here are %zu", rp->files.nr);
    return 0;
}

static int replay(int argc, char **argv)
{
    struct replay rp = {.jobs = 1, .start_ns = now_ns()};
    int code = options(&rp, argc, argv);

    if (code) {
        xd_paths_free(&rp.files);
        return code < 0 ? xd_flush(XD_PASSED) : code;
    }
    rp.result = xd_zalloc(rp.files.nr * sizeof(*rp.result));
    if (rp.tap)
        printf("1..%zu\n", rp.files.nr);
    if (rp.jobs > 1 && rp.files.nr > 1 && !run_jobs(&rp))
        code = xd_complain("processes can't be started: %s", strerror(errno));
    else if (rp.jobs == 1 || rp.files.nr == 1)
        run_here(&rp);
    if (!code)
        code = summary(&rp);
    if (rp.report && rp.printed == rp.files.nr)
        report(&rp);
    if (rp.junit && !xd_write_junit(rp.junit, &rp.files, rp.result)) {
        int bad = xd_complain("%s: %s", rp.junit, strerror(errno));

        code = bad > code ? bad : code;
    }
    for (size_t i = 0; i < rp.files.nr; i++)
        xd_file_result_free(&rp.result[i]);
    free(rp.result);
    xd_paths_free(&rp.files);
    return xd_flush(code);
}

const struct xd_command xd_cmd_replay = {
    .name = "replay",
    .summary = "run scenarios and compare what happens with what they expect",
    .run = replay,
    .usage =
        "usage: xendouble replay [OPTION...] FILE|DIR...\n\n"
        "Runs each scenario on a machine of its own. A directory stands for all *.xds files below it; - is standard\n"
        "input. The first failed expectation ends a file; the other files are run all the same.\n\n"
        "  -t, --trace        print every step, calls decoded, with their results and reasons\n"
        "  -e, --explain      explain every refusal: the rule, the state that broke it, who holds the frame\n"
        "  -a, --audit        recompute all counts and links after every step\n"
        "  -k, --keep-going   go on in a file after a failed expectation\n"
        "  -j, --jobs N       run up to N files at the same time\n"
        "  -s, --seed N       scatter machine frames by this seed, whatever the files say\n"
        "  -q, --quiet        print failures only\n"
        "      --report       then list how many of the files met each reason, call and operation, and what none did\n"
        "      --tap          print results in the Test Anything Protocol\n"
        "      --junit FILE   write results as JUnit XML\n"
        "      --save FILE    write the machine that is there at the end of the one scenario, for `xendouble show` and\n"
        "                     xd_load(); after a failed expectation as it was then\n\n"
        "exit codes: 0 all passed, 1 an expectation failed, 2 bad usage or a file that can't be read or run,\n"
        "3 xendouble itself is wrong; the worst wins\n",
};
