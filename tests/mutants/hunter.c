/* SPDX-License-Identifier: MIT */
/*
 * hunter.c: switches planted bugs on, one after the other, and hunts each with generated programs from
 * nothing: how many programs, calls and seconds until the oracles or the second opinion complain, or
 * the process dies; then the small program that still shows it.
 *
 * Each hunt is a process of its own, and so is each candidate while shrinking.
 */
#define _GNU_SOURCE
#include "hunt.h"
#include "model/model.h"
#include "program/edit.h"
#include "program/shrink.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int xd_mutant; /* number of the bug that is switched on; 0: none */

static const struct {
    const char *name, *xsa, *what;
} mutant[] = {
    {"none", "-", "no bug at all"},
#define MUTANT(name, xsa, what) {name, xsa, what},
#include "mutants.def"
#undef MUTANT
};

#define SEEDS_MAX    9u
#define HANGS_AFTER  30 /* seconds of the processor for one program */
#define SHRINK_CALLS 1500u
#define SAYS         400u

static struct {
    uint64_t seed, from, programs, twice;
    uint32_t seeds, seconds;
    bool shrink, markdown, blind;
} ask = {.seed = 1, .programs = UINT64_MAX, .twice = 2, .seeds = 1, .seconds = 600, .shrink = true};

/* What a hunt tells, also one whose process died. */
struct report {
    uint64_t program, calls;
    double seconds; /* of the processor */
    bool found;
    char says[SAYS];
};

static struct xd_judge bench(void)
{
    static struct xd_opinion opinion;

    opinion = model_opinion(model_new());
    return (struct xd_judge){.oracles = xd_oracles_new(XD_ORACLE_ALL, 8), .opinion = &opinion};
}

/* Of the processor, in this process: a busy machine hunts no worse. */
static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void keep(struct report *r, const char *words)
{
    snprintf(r->says, sizeof(r->says), "%.*s", (int)strcspn(words, "\n"), words);
}

/* A busy machine is not a program that hangs. */
static void clock_starts(void)
{
    static const struct itimerval limit = {.it_value.tv_sec = HANGS_AFTER};

    setitimer(ITIMER_PROF, &limit, NULL);
}

static FILE *heard; /* what the child writes to standard error */

static void listen_to_child(void)
{
    if (!heard)
        heard = tmpfile();
    XD_ALWAYS(heard && ftruncate(fileno(heard), 0) == 0);
}

/* In the child. */
static void quiet(void)
{
    static const struct rlimit none = {0, 0};

    setrlimit(RLIMIT_CORE, &none);
    if (lseek(fileno(heard), 0, SEEK_SET) || dup2(fileno(heard), STDERR_FILENO) < 0)
        _exit(2);
}

static struct xd_program *parsed(const struct xd_str *text)
{
    char *error = NULL;
    struct xd_program *p = xd_program_parse("generated", xd_str_text(text), text->len, &error);

    XD_ALWAYS(p);
    return p;
}

/* In a process of its own. */
static void hunt(uint64_t seed, struct report *r)
{
    struct xd_judge judge = bench();
    struct xd_session *session = xd_session_new(0);
    double end = now() + ask.seconds;

    quiet();
    for (; r->program < ask.programs && now() < end && !r->found; r->program++) {
        struct xd_str text = {0};
        bool twice = ask.twice && r->program % ask.twice == 0;
        struct xd_judgement j;
        struct xd_program *p;

        clock_starts();
        hunt_program(seed, r->program, &text);
        p = parsed(&text);
        r->found = hunt_judge(p, &judge, twice ? session : NULL, &j);
        if (r->found)
            keep(r, j.complaint);
        r->calls += j.calls;
        free(j.complaint);
        xd_program_free(p);
        xd_str_free(&text);
    }
    _exit(0);
}

static double of_timeval(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

/* How it ended, and the line of what it wrote that tells most. */
static void keep_end(struct report *r, int status)
{
    char wrote[4096] = "";
    ssize_t n = pread(fileno(heard), wrote, sizeof(wrote) - 1, 0);
    const char *how = !WIFSIGNALED(status)          ? "Ended"
                      : WTERMSIG(status) == SIGPROF ? "it hangs"
                                                    : strsignal(WTERMSIG(status)),
               *line;

    wrote[n > 0 ? n : 0] = '\0';
    line = xd_complaint_line(wrote);
    snprintf(r->says, sizeof(r->says), "%s%s%.*s", how, *line ? ": " : "", (int)strcspn(line, "\n"),
             line);
}

/* Waits for (pid), which may have died rather than found something. */
static void wait_for(pid_t pid, struct report *r)
{
    struct rusage use = {0};
    int status;
    bool ended = wait4(pid, &status, 0, &use) == pid;

    r->seconds = of_timeval(use.ru_utime) + of_timeval(use.ru_stime);
    if (!ended || status == 0)
        return;
    r->found = true;
    r->program++;
    keep_end(r, status);
}

static struct report *shared(void)
{
    struct report *r =
        mmap(NULL, sizeof(*r), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    XD_ALWAYS(r != MAP_FAILED);
    return r;
}

static void run_hunt(uint64_t seed, struct report *r)
{
    pid_t pid;

    memset(r, 0, sizeof(*r));
    r->program = ask.from;
    listen_to_child();
    fflush(stdout);
    pid = fork();
    XD_ALWAYS(pid >= 0);
    if (pid == 0)
        hunt(seed, r);
    wait_for(pid, r);
}

/* ---- Shrinking ---- */

/* Judges (p) in a process of its own, with bug (nr) switched on, (twice) if need be. True: guilty. */
static bool judge_apart(const struct xd_program *p, int nr, bool twice, struct report *r)
{
    struct xd_judgement j = {0};
    struct xd_judge judge;
    pid_t pid;

    memset(r, 0, sizeof(*r));
    listen_to_child();
    pid = fork();
    XD_ALWAYS(pid >= 0);
    if (pid == 0) {
        xd_mutant = nr;
        quiet();
        clock_starts();
        judge = bench();
        r->found = hunt_judge(p, &judge, twice ? xd_session_new(0) : NULL, &j);
        if (j.guilty)
            keep(r, j.complaint);
        _exit(0);
    }
    wait_for(pid, r);
    return r->found;
}

struct search {
    struct report *r;
    struct xd_str kind; /* of the complaint that is looked for */
    bool twice;         /* it is that runs end differently */
};

/* The same complaint, and none without the bug. */
static bool still_fails(void *ctx, const struct xd_program *p)
{
    struct search *s = ctx;
    struct xd_str kind = {0};
    bool same;

    if (!judge_apart(p, xd_mutant, s->twice, s->r))
        return false;
    xd_complaint_kind(s->r->says, &kind);
    same = strcmp(xd_str_text(&kind), xd_str_text(&s->kind)) == 0;
    xd_str_free(&kind);
    return same && (xd_mutant == 0 || !judge_apart(p, 0, s->twice, s->r));
}

/*
 * The small program inside program (i) of (seed) that makes somebody say the same, a line each with four
 * spaces before it; (says) becomes what is said of that one.
 */
static void add_small(uint64_t seed, uint64_t i, char says[SAYS], struct xd_str *out)
{
    const struct xd_shrink_options opt = {.calls_max = SHRINK_CALLS};
    struct search s = {.r = shared(), .twice = xd_complaint_of_digest(says)};
    struct xd_str text = {0};
    struct xd_program *p, *small;
    char *line;

    hunt_program(seed, i, &text);
    p = parsed(&text);
    xd_complaint_kind(says, &s.kind);
    small = xd_shrink(p, still_fails, &s, &opt, NULL);
    xd_str_clear(&text);
    if (small) {
        xd_program_print(small, &text);
        XD_ALWAYS(judge_apart(small, xd_mutant, s.twice, s.r));
        memcpy(says, s.r->says, SAYS);
    } else {
        xd_str_add(
            &text,
            "(no small program: alone it says something else, or fails without the bug too)\n");
    }
    for (line = strtok(text.text, "\n"); line; line = strtok(NULL, "\n"))
        xd_str_addf(out, "    %s\n", line);
    if (small)
        xd_program_free(small);
    xd_program_free(p);
    xd_str_free(&text);
    xd_str_free(&s.kind);
    munmap(s.r, sizeof(*s.r));
}

/* ---- The table ---- */

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *v, uint32_t nr)
{
    qsort(v, nr, sizeof(*v), compare);
    return v[nr / 2];
}

struct row {
    uint32_t found; /* with so many seeds */
    double seconds, programs;
    char says[SAYS]; /* whoever noticed it */
    struct xd_str small;
};

static struct xd_str small_programs; /* for the end of the table */

static void show_row(int nr, const struct row *w)
{
    FILE *plain = ask.markdown ? stderr : stdout;

    if (ask.markdown) {
        printf("| %s | %s | %s | %u of %u | %.1f | %.0f |\n", mutant[nr].name, mutant[nr].xsa,
               mutant[nr].what, w->found, ask.seeds, w->seconds, w->programs);
        xd_str_addf(&small_programs, "\n**%s**: %s\n\n%s", mutant[nr].name,
                    w->found ? w->says : "not found", xd_str_text(&w->small));
    }
    fprintf(plain, "%-20s %-15s %u of %u  %7.1f s %7.0f programs  %s\n%s", mutant[nr].name,
            mutant[nr].xsa, w->found, ask.seeds, w->seconds, w->programs,
            w->found ? w->says : mutant[nr].what, xd_str_text(&w->small));
    fflush(stdout);
}

/* True: found with every seed; of `none`, and of all with --blind: nothing was. */
static bool hunt_mutant(int nr, double *median_seconds)
{
    double seconds[SEEDS_MAX], programs[SEEDS_MAX];
    struct report *r = shared();
    struct row w = {0};
    uint64_t seed = 0, program = 0;

    xd_mutant = nr;
    for (uint32_t i = 0; i < ask.seeds; i++) {
        run_hunt(ask.seed + i, r);
        seconds[i] = r->seconds;
        programs[i] = (double)r->program;
        if (r->found) {
            w.found++;
            memcpy(w.says, r->says, sizeof(w.says));
            seed = ask.seed + i;
            program = r->program - 1;
        }
    }
    munmap(r, sizeof(*r));
    w.seconds = *median_seconds = median(seconds, ask.seeds);
    w.programs = median(programs, ask.seeds);
    if (w.found && ask.shrink)
        add_small(seed, program, w.says, &w.small);
    show_row(nr, &w);
    xd_str_free(&w.small);
    return nr && !ask.blind ? w.found == ask.seeds : !w.found;
}

static void begin_table(void)
{
    printf(
        "<!-- SPDX-License-Identifier: MIT -->\n"
        "# Planted bugs, and how soon they are found\n\n"
        "Written by `./dev mutants --markdown`; [FUZZING.md](FUZZING.md) tells what is hunted and how. Each bug was "
        "hunted from nothing\n"
        "with %u seeds, %u seconds of one processor at most. Seconds (of the processor) and programs are medians.\n\n"
        "| bug | class of | what is wrong then | found | seconds | programs |\n"
        "|---|---|---|---|---|---|\n",
        ask.seeds, ask.seconds);
    fflush(stdout);
}

static void end_table(uint32_t hunted, uint32_t found, double seconds)
{
    printf("\n%u bugs, %u found with every seed; the median of all is %.1f s.\n\n"
           "## What was noticed, and the small program that shows it\n%s",
           hunted, found, seconds, xd_str_text(&small_programs));
}

static int find(const char *name)
{
    for (size_t i = 0; i < XD_ARRAY_SIZE(mutant); i++)
        if (strcmp(mutant[i].name, name) == 0)
            return (int)i;
    fprintf(stderr, "hunter: no bug is called %s; `hunter --list` shows them\n", name);
    exit(2);
}

static int list(void)
{
    for (size_t i = 1; i < XD_ARRAY_SIZE(mutant); i++)
        printf("%-20s %-15s %s\n", mutant[i].name, mutant[i].xsa, mutant[i].what);
    return 0;
}

static int usage(void)
{
    fprintf(
        stderr,
        "usage: hunter [--seed N] [--seeds N] [--from N] [--programs N] [--time SECONDS] [--twice N] [--blind] [--no-shrink] [--markdown] [NAME...]\n"
        "       hunter --list\n"
        "Hunts all planted bugs, or those named; `none` is no bug, of which nothing may be found. The limits\n"
        "are for each bug and seed (600 seconds of the processor unless given). One program of --twice (2; 0: none) runs again,\n"
        "for its digest. --blind: nothing may be found of any. --markdown: the table as docs/MUTANTS.md\n"
        "has it, and lines about its progress to standard error. Exit codes: 0 all found, 1 not all, 2 usage.\n");
    return 2;
}

static uint64_t number(const char *text)
{
    char *end;
    uint64_t n = strtoull(text ? text : "", &end, 0);

    if (!text || !*text || *end)
        exit(usage());
    return n;
}

int main(int argc, char **argv)
{
    double seconds[XD_ARRAY_SIZE(mutant)];
    uint32_t hunted = 0, found = 0;
    int i = 1;

    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "--list") == 0)
            return list();
        if (strcmp(argv[i], "--no-shrink") == 0)
            ask.shrink = false;
        else if (strcmp(argv[i], "--markdown") == 0)
            ask.markdown = true;
        else if (strcmp(argv[i], "--blind") == 0)
            ask.blind = true;
        else if (strcmp(argv[i], "--twice") == 0)
            ask.twice = number(argv[++i]);
        else if (strcmp(argv[i], "--seed") == 0)
            ask.seed = number(argv[++i]);
        else if (strcmp(argv[i], "--seeds") == 0)
            ask.seeds = (uint32_t)number(argv[++i]);
        else if (strcmp(argv[i], "--programs") == 0)
            ask.programs = number(argv[++i]);
        else if (strcmp(argv[i], "--from") == 0)
            ask.from = number(argv[++i]);
        else if (strcmp(argv[i], "--time") == 0)
            ask.seconds = (uint32_t)number(argv[++i]);
        else
            return usage();
    }
    if (ask.seeds < 1 || ask.seeds > SEEDS_MAX)
        return usage();
    if ((size_t)(argc - i) > XD_ARRAY_SIZE(mutant))
        return usage();
    for (int k = i; k < argc; k++)
        (void)find(argv[k]);
    if (ask.markdown)
        begin_table();
    for (size_t nr = i < argc ? 0 : 1; nr < (i < argc ? (size_t)(argc - i) : XD_ARRAY_SIZE(mutant));
         nr++) {
        found += hunt_mutant(i < argc ? find(argv[(size_t)i + nr]) : (int)nr, &seconds[hunted]);
        hunted++;
    }
    if (ask.markdown)
        end_table(hunted, found, median(seconds, hunted));
    else
        printf("%u hunted, %u as they should be\n", hunted, found);
    return found == hunted ? 0 : 1;
}
