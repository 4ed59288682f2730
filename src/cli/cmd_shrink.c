/* SPDX-License-Identifier: MIT */
/*
 * cmd_shrink.c: the small scenario inside a large one that fails.
 *
 * Every candidate runs in a process of its own, for it may well end that process. What the process
 * says about its first failure is what candidates are compared by. Our own process has a session, in
 * which it ran the smallest program so far up to where that fails, with snapshots on the way: a
 * candidate goes on from the last one before it becomes another program.
 */
#define _GNU_SOURCE
#include "cli/fuzz.h"
#include "fuzz/judge.h"
#include "program/shrink.h"

#include "abi/reject.h"
#include "base/file.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SIGN '|' /* begins the lines that failures are compared by */
#define SHOW '>' /* begins the lines that are for people */
#define AT   '@' /* begins the line with the number of the step that failed */

#define PLACES    100u        /* snapshots of a program */
#define LIMIT_MAX 1000000000u /* of runs, and of seconds */

struct shrink {
    const char *path, *out;
    struct xd_run_options run;
    struct xd_shrink_options opt;
    bool oracles;     /* those of `xendouble fuzz` judge, and nobody else */
    uint64_t seconds; /* 0: no limit */
    uint64_t start_ns, shown_ns;
    unsigned int patience_s; /* for one candidate */
    struct xd_str failure;   /* how the file fails */
    bool progress;           /* a progress line stands on the terminal */
    bool stuck;              /* there was no process to run a candidate in */
    struct xd_session *session;
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int nr)
{
    (void)nr;
    interrupted = 1;
}

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ---- What a failure is compared by ---- */

static size_t digits(const char *text, const char *end, const char *of)
{
    size_t n = 0;

    while (text + n < end && text[n] && strchr(of, text[n]))
        n++;
    return n;
}

/*
 * Without what moves when steps go: frames and addresses (hexadecimal numbers of three digits and
 * more), numbers of lines, and how an expected value is written.
 */
static void add_line(struct xd_str *out, const char *line, size_t len)
{
    const char *end = line + len, *expected = strstr(line, "expected "), *skip = NULL, *to = NULL;

    if (expected && expected < end) {
        skip = strstr(expected, " (");
        to = skip ? strstr(skip, "), got ") : NULL;
    }
    while (line < end) {
        size_t n = 0;

        if (line == skip && to && to < end) {
            line = to + 1;
        } else if (!strncmp(line, "0x", 2) &&
                   (n = digits(line + 2, end, "0123456789abcdef")) >= 3) {
            xd_str_add(out, "0x?");
            line += 2 + n;
        } else if (!strncmp(line, "line ", 5) && (n = digits(line + 5, end, "0123456789"))) {
            xd_str_add(out, "line ?");
            line += 5 + n;
        } else {
            xd_str_addc(out, *line++);
        }
    }
    xd_str_addc(out, '\n');
}

/*
 * The first thing that went wrong, with what it is about: of an entry of a multicall the name of
 * its call.
 */
static void add_details(struct xd_str *out, const char *text)
{
    bool header = true;

    for (const char *end; *text && header; text = *end ? end + 1 : end) {
        const char *colon = strstr(text, ": ");
        bool entry = !strncmp(text, "entry ", 6);

        end = strchrnul(text, '\n');
        header = entry || (end > text && end[-1] == ':');
        xd_str_addc(out, SIGN);
        if (entry && colon && colon < end)
            add_line(out, colon, 2 + strcspn(colon + 2, " \n"));
        else
            add_line(out, text, (size_t)(end - text));
    }
}

static void add_shown(struct xd_str *out, const char *text)
{
    for (const char *end; *text; text = *end ? end + 1 : end) {
        end = strchrnul(text, '\n');
        xd_str_addf(out, "%c%.*s\n", SHOW, (int)(end - text), text);
    }
}

/* ---- In the process of a candidate ---- */

struct child {
    const struct shrink *sh;
    const struct xd_program *p;
};

static void failed(void *ctx, const struct xd_failure *f)
{
    const struct child *c = ctx;
    const struct xd_step *s = &c->p->step[f->at];
    char why[XD_WHY_NAME_MAX];
    struct xd_str out = {0}, shown = {0};

    xd_str_addf(&out, "%c%d %u %s %s %s\n", SIGN, (int)f->verdict, s->kind,
                s->raw    ? "hypercall"
                : s->call ? s->call->name
                          : "-",
                s->op ? s->op->name : "-", xd_why_name((enum xd_why)f->why, why));
    xd_str_addf(&out, "%c%u\n", AT, f->at);
    add_details(&out, f->details);
    xd_tell_failure(&shown, c->sh->path, f);
    add_shown(&out, xd_str_text(&shown));
    (void)xd_write_all(STDERR_FILENO, out.text, out.len);
    xd_str_free(&out);
    xd_str_free(&shown);
}

static void tell(void *ctx, const char *lines)
{
    (void)ctx;
    (void)lines;
}

static int run_child(void *ctx)
{
    struct child *c = ctx;
    struct xd_run_options opt = c->sh->run;
    struct xd_run_result result;

    opt.session = c->sh->session;
    opt.ctx = c;
    opt.failed = failed;
    opt.tell = tell;
    xd_program_run(c->p, &opt, &result);
    return (int)result.verdict;
}

/* ---- Judging ---- */

/* The lines of (all) that begin with (mark), without it, and what a broken promise said. */
static void select_lines(struct xd_str *out, const struct xd_str *all, char mark)
{
    for (const char *line = xd_str_text(all), *end; *line; line = *end ? end + 1 : end) {
        end = strchrnul(line, '\n');
        if (*line == mark)
            xd_str_addf(out, "%.*s\n", (int)(end - line - 1), line + 1);
        else if (*line != SIGN && *line != SHOW && *line != AT && strstr(line, "BUG at ") &&
                 strstr(line, "BUG at ") < end)
            xd_str_addf(out, "%.*s\n", (int)(end - line), line);
    }
}

static uint32_t step_named(const struct xd_str *said)
{
    const char mark[] = {'\n', AT, 0}, *line = said->len ? strstr(said->text, mark) : NULL;

    return line ? (uint32_t)strtoul(line + 2, NULL, 10) : 0;
}

/*
 * How (p) fails, empty if it does not; the exit code. What is for people goes to *shown, the number of
 * the step that fails to *at, if it is known.
 */
static int judge(const struct shrink *sh, const struct xd_program *p, struct xd_str *failure,
                 struct xd_str *shown, uint32_t *at)
{
    struct child c = {sh, p};
    struct xd_str said = {0};
    int code;

    *at = 0;
    if (sh->oracles)
        return xd_fuzz_judge(p, 1,
                             !sh->failure.len || xd_complaint_of_digest(xd_str_text(&sh->failure)),
                             failure, shown);
    code = xd_in_child(run_child, &c, sh->patience_s, &said);

    if (shown)
        select_lines(shown, &said, SHOW);
    *at = step_named(&said);
    if (code > 0 && code != XD_UNUSABLE && code != 128 + SIGINT && !xd_patience_lost(code)) {
        xd_str_addf(failure, "%d\n", code);
        select_lines(failure, &said, SIGN);
    }
    xd_str_free(&said);
    return code;
}

/* (p) is the smallest so far; what comes before its step (at) ends no process. */
static void prepare(const struct shrink *sh, const struct xd_program *p, uint32_t at)
{
    struct child c = {sh, p};
    struct xd_run_options opt = sh->run;
    struct xd_run_result result;

    opt.session = sh->session;
    opt.ctx = &c;
    opt.failed = failed;
    opt.tell = tell;
    xd_session_prepare(p, at, &opt, &result);
}

static bool still_fails(void *ctx, const struct xd_program *p)
{
    struct shrink *sh = ctx;
    struct xd_str failure = {0};
    uint32_t at;
    bool same;
    int code = judge(sh, p, &failure, NULL, &at);

    sh->stuck |= code < 0 || (sh->oracles && code == XD_UNUSABLE);
    same = failure.len && !strcmp(failure.text, sh->failure.text);
    xd_str_free(&failure);
    if (same && at)
        prepare(sh, p, at);
    return same;
}

/* ---- The command ---- */

static bool go_on(void *ctx, const struct xd_shrink_stats *st)
{
    struct shrink *sh = ctx;
    uint64_t t = now_ns();

    if (isatty(STDERR_FILENO) && t - sh->shown_ns > 100000000) {
        fprintf(stderr, "\r\033[K%u of %u steps, %llu runs", st->steps_after, st->steps_before,
                (unsigned long long)st->calls);
        fflush(stderr);
        sh->shown_ns = t;
        sh->progress = true;
    }
    return !interrupted && !sh->stuck &&
           (!sh->seconds || t - sh->start_ns < sh->seconds * 1000000000u);
}

/* What took long to find is not lost because a file can't be written. */
static int put_result(const struct shrink *sh, const struct xd_str *text)
{
    int err = sh->out ? xd_file_write(sh->out, xd_str_text(text), text->len) : 0;

    if (err)
        xd_complain("%s: it can't be written: %s", sh->out, xd_file_error(err));
    if (err || !sh->out)
        (void)fwrite(xd_str_text(text), 1, text->len, stdout); /* xd_flush says if it can't be */
    return err ? XD_UNUSABLE : XD_PASSED;
}

static void tell_stats(const struct shrink *sh, const struct xd_shrink_stats *st)
{
    uint64_t ns = now_ns() - sh->start_ns;

    fprintf(stderr, "%s: %u steps shrunk to %u; %llu runs for %llu candidates, %llu.%02llu s\n",
            sh->path, st->steps_before, st->steps_after, (unsigned long long)st->calls,
            (unsigned long long)st->candidates, (unsigned long long)(ns / 1000000000),
            (unsigned long long)(ns / 10000000 % 100));
    if (sh->stuck)
        fputs("processes can't be started any more\n", stderr);
    if (!st->minimal)
        fputs("the search was ended before its time; there may be a smaller one\n", stderr);
}

/* What was found must fail in the same way when it is read from a file. */
static int check_text(struct shrink *sh, const struct xd_str *text)
{
    char *error;
    struct xd_program *p = xd_program_parse(sh->path, xd_str_text(text), text->len, &error);
    bool same = p && (interrupted || sh->stuck || still_fails(sh, p) || sh->stuck);

    if (!p) {
        fputs(error, stderr);
        free(error);
    }
    xd_program_free(p);
    if (same)
        return XD_PASSED;
    xd_complain("what shrink found does not fail in the same way when it is read again");
    return XD_BROKEN;
}

static int shrink_program(struct shrink *sh, const struct xd_program *p)
{
    struct xd_shrink_stats st;
    struct xd_program *small = xd_shrink(p, still_fails, sh, &sh->opt, &st);
    struct xd_str text = {0};
    int code;

    if (sh->progress)
        fputs("\r\033[K", stderr);
    if (!small && interrupted)
        return xd_complain("interrupted");
    if (!small && sh->stuck)
        return xd_complain("processes can't be started any more");
    if (!small)
        return xd_complain("%s: it does not fail in the same way each time", sh->path);
    xd_program_print(small, &text);
    xd_program_free(small);
    code = check_text(sh, &text);
    if (!code)
        code = put_result(sh, &text);
    if (!code)
        tell_stats(sh, &st);
    xd_str_free(&text);
    return code;
}

static int shrink_file(struct shrink *sh)
{
    struct xd_str shown = {0};
    char *error;
    struct xd_program *p = xd_load_program(sh->path, &error);
    uint32_t at;
    int code;

    if (!p) {
        fputs(error, stderr);
        free(error);
        return XD_UNUSABLE;
    }
    sh->path = p->file;
    sh->session = xd_session_new(p->steps / PLACES + 1);
    code = judge(sh, p, &sh->failure, &shown, &at);
    sh->patience_s = 10 + (unsigned int)((now_ns() - sh->start_ns) / 100000000);
    fputs(xd_str_text(&shown), stderr);
    if (sh->failure.len) {
        sh->start_ns = now_ns();
        code = shrink_program(sh, p);
    } else if (code == XD_PASSED) {
        xd_complain(sh->oracles
                        ? "%s: no oracle complains; only what one complains of can be shrunk"
                        : "%s: it passes; only what fails can be shrunk",
                    sh->path);
        code = XD_FAILED;
    } else if (code < 0) {
        xd_complain("processes can't be started: %s", strerror(errno));
        code = XD_UNUSABLE;
    } else {
        if (interrupted)
            xd_complain("interrupted");
        else if (!sh->oracles) /* else it was told that there is no process */
            xd_complain("%s: it can't be run", sh->path);
        code = XD_UNUSABLE;
    }
    xd_str_free(&shown);
    xd_str_free(&sh->failure);
    xd_session_free(sh->session);
    xd_program_free(p);
    return code;
}

static int shrink(int argc, char **argv)
{
    enum { ORACLES = 256 };
    static const struct option longs[] = {
        {"output", required_argument, NULL, 'o'}, {"audit", no_argument, NULL, 'a'},
        {"oracles", no_argument, NULL, ORACLES},  {"seed", required_argument, NULL, 's'},
        {"runs", required_argument, NULL, 'n'},   {"time", required_argument, NULL, 't'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0}};
    struct shrink sh = {.opt.go_on = go_on, .start_ns = now_ns()};
    int o;

    while ((o = getopt_long(argc, argv, "o:as:n:t:h", longs, NULL)) != -1) {
        switch (o) {
        case 'o': sh.out = optarg; break;
        case 'a': sh.run.audit = true; break;
        case ORACLES: sh.oracles = true; break;
        case 's':
            if (!xd_option_number("seed", optarg, 0, UINT64_MAX, &sh.run.seed))
                return XD_UNUSABLE;
            sh.run.has_seed = true;
            break;
        case 'n':
            if (!xd_option_number("runs", optarg, 1, LIMIT_MAX, &sh.opt.calls_max))
                return XD_UNUSABLE;
            break;
        case 't':
            if (!xd_option_number("time", optarg, 1, LIMIT_MAX, &sh.seconds))
                return XD_UNUSABLE;
            break;
        case 'h': return xd_usage(&xd_cmd_shrink, true);
        default: return xd_usage(&xd_cmd_shrink, false);
        }
    }
    if (optind + 1 != argc) {
        xd_complain("shrink: which file? It takes one");
        return xd_usage(&xd_cmd_shrink, false);
    }
    if (sh.oracles && (sh.run.audit || sh.run.has_seed))
        return xd_complain(
            "oracles judge a file as it is: with --oracles there is no --audit and no --seed");
    sh.path = argv[optind];
    signal(SIGINT, on_interrupt);
    return xd_flush(shrink_file(&sh));
}

const struct xd_command xd_cmd_shrink = {
    .name = "shrink",
    .summary = "find the small scenario inside a large one that fails",
    .run = shrink,
    .usage =
        "usage: xendouble shrink [OPTION...] FILE\n\n"
        "Leaves out steps, entries, elements and fields of a scenario that fails, and makes its values simpler, as long\n"
        "as it fails in the same way. What remains goes to standard output, without comments; - is standard input.\n\n"
        "  -o, --output FILE  write the result to FILE instead; to standard output all the same if that can't be\n"
        "  -a, --audit        recompute all counts and links after every step, as with replay\n"
        "      --oracles      fail means that an oracle of xendouble fuzz complains; whether expectations hold is not asked\n"
        "  -s, --seed N       scatter machine frames by this seed, whatever the file says\n"
        "  -n, --runs N       end the search after N runs\n"
        "  -t, --time N       end the search after N seconds; so does an interrupt from the keyboard\n\n"
        "exit codes: 0 the file fails and was shrunk, 1 it passes, 2 bad usage or a file that can't be read or run,\n"
        "3 xendouble itself is wrong\n",
};
