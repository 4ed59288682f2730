/* SPDX-License-Identifier: MIT */
/*
 * oracle.h: what the parts of `xendouble oracle` share.
 *
 * A *peer* is the process that runs programs on the real hypervisor. A worker is a process of ours that has one peer, runs
 * each of its programs on both sides, and sends a record for each to the command, which adds them up and prints them in
 * the order of the programs. So what is printed does not depend on the number of workers.
 */
#ifndef XD_CLI_ORACLE_H
#define XD_CLI_ORACLE_H

#include "cli/cli.h"

#include <sys/types.h>

#define XD_ORACLE_MISSING  77 /* exit code: QEMU, Xen or our own parts of it are not there */
#define XD_ORACLE_PLACES   8u /* domains of a machine */
#define XD_ORACLE_JOBS_MAX 64u

/* ---- oracle_find.c: what must be there ---- */

struct xd_oracle_parts {
    const char *qemu, *xen, *kernel, *runner; /* as asked for by options; then as found */
    const char *named[4]; /* as asked for by options or the environment; NULL: by neither */
    char *found[5];       /* to be freed */
    const char *packed;   /* what (xen) was unpacked from, or NULL */
    int unpacked;         /* then: the open file that (xen) names */
};
/* 0; or an exit code after complaining: XD_ORACLE_MISSING what is missing and how to get it, XD_UNUSABLE of what is no Xen. */
int xd_oracle_find(struct xd_oracle_parts *parts);
void xd_oracle_parts_free(struct xd_oracle_parts *parts);

/* ---- oracle_peer.c: the process on the other side ---- */

int64_t xd_oracle_now_ms(void); /* of a clock that nobody sets */

struct xd_peer {
    const struct xd_oracle_parts *parts;
    int timeout_s;
    int64_t end_ms; /* when nothing is waited for any more; 0: never */
    pid_t pid;      /* 0: not started */
    int to, from;
    bool answered;    /* since it was started */
    bool unstartable; /* it could not be started at all */
};

/*
 * False after putting into (why) what is wrong: it can't be started, ended, or does not say what it should. Then it is
 * stopped, and the next xd_peer_send starts another.
 */
bool xd_peer_send(struct xd_peer *peer, const void *request, size_t n, struct xd_str *why);
bool xd_peer_receive(struct xd_peer *peer, struct xd_str *answer, struct xd_str *why);
void xd_peer_stop(struct xd_peer *peer);

/* ---- oracle_answer.c: what it says ---- */

/* Where Xen put a domain. */
struct xd_place {
    char name[8];
    uint32_t kernel_pages, machine_frames;
    uint64_t *frame, nr;
};

enum xd_answer_kind {
    XD_ANSWER_END,    /* it was run */
    XD_ANSWER_DIED,   /* the domain ended before the program */
    XD_ANSWER_UNFIT,  /* real Xen can't run it */
    XD_ANSWER_HUNG,   /* no more answers came, and nobody knows why */
    XD_ANSWER_FAILED, /* Xen can't be booted */
};

struct xd_answer {
    enum xd_answer_kind kind;
    struct xd_str steps;    /* what witness.h says */
    struct xd_str why;      /* UNFIT, HUNG, FAILED: why */
    struct xd_str messages; /* DIED: what Xen wrote, lines */
    bool booted,
        rebuilt; /* Xen, or a domain: the next program would not have found it as this one did, */
    struct xd_str renewal; /* because of this */
    struct xd_place place[XD_ORACLE_PLACES];
    uint32_t places;
};
/* False after putting into (why) what is wrong with the text. */
bool xd_answer_parse(struct xd_answer *a, const char *text, size_t n, struct xd_str *why);
bool xd_answer_same_places(const struct xd_answer *a, const struct xd_answer *b);
void xd_answer_free(struct xd_answer *a);

/* ---- oracle_double.c (in oracle/): the same on the double ---- */

struct xd_doubled {
    struct xd_str steps;   /* what witness.h says */
    uint32_t until;        /* line of the step from which on nothing is counted; 0: all is */
    struct xd_str error;   /* why it could not be run */
    struct xd_str explain; /* of what was refused in the step of line (explain_line) */
    uint32_t explain_line; /* 0: nothing is to be explained */
    void (*broken)(void *ctx,
                   const struct xd_failure *f); /* xendouble is wrong, and about to abort */
    void *ctx;
};
/* Domains of (p) are laid out as (where) says. Counts are added to (*c). */
void xd_oracle_double(const struct xd_program *p, const struct xd_answer *where,
                      struct xd_counts *c, struct xd_doubled *d);
void xd_doubled_free(struct xd_doubled *d);

/* ---- oracle_compare.c ---- */

struct xd_difference {
    uint32_t line;         /* of the step */
    unsigned int known;    /* entry of docs/DIFFERENCES.md that says why; 0: none */
    bool by_chance;        /* which is so only if the program does not always differ like this */
    const char *what;      /* in words; NULL: the two blocks tell */
    const char *xen, *dbl; /* the step's block on each side; "" if there is none */
};
/* Is that all there is to say of it? Else it is seen whether it differs again. */
static inline bool xd_explained(const struct xd_difference *d)
{
    return d->known && !d->by_chance;
}
/* True: they differ, and (*d) tells where; it points into both texts. */
bool xd_oracle_differ(const struct xd_answer *a, const struct xd_doubled *dbl,
                      struct xd_difference *d);
/*
 * What it is about, as text that is equal for two differences that are: what lines tell of that one side alone has, the numbers in
 * that left out, and both sides' results; of a list of calls those of the entry that differs first.
 */
void xd_oracle_about(const struct xd_difference *d, struct xd_str *out);
/* The two blocks side by side: lines that differ, and what is needed to understand them. */
void xd_oracle_show(const struct xd_difference *d, const char *margin, struct xd_str *out);

/* ---- oracle_work.c: one program ---- */

struct xd_oracle {
    struct xd_oracle_parts parts;
    struct xd_paths files; /* come first; behind them: */
    uint64_t programs;     /* generated */
    uint64_t seed, steps;  /* steps of each; 0: as the generator likes */
    bool one_domain, verbose, report, no_shrink;
    uint32_t only;    /* 1 << enum xd_generate_group; 0: all */
    const char *keep; /* directory, or NULL */
    uint64_t jobs, max_differences, timeout_s;
    uint64_t shrink_s; /* how long one program may be shrunk */
    uint64_t stop;     /* behind so many differences; 0: at the end */
};

/* What is to be told of a program. Which of two ways a difference is told in, only who prints knows. */
struct xd_oracle_told {
    bool differs;
    struct xd_str text;  /* in any case */
    struct xd_str full;  /* behind it: the difference, if it is among the first max_differences */
    struct xd_str brief; /* else */
    struct xd_str keep;  /* the file of --keep, if the difference is told in full; empty: none */
};

struct xd_oracle_record {
    uint64_t index; /* of the program */
    int code;       /* enum xd_verdict */
    bool fatal;     /* nothing can be compared any more */
    struct xd_counts counts;
    struct xd_oracle_told told;
};

struct xd_oracle_worker {
    const struct xd_oracle *o;
    struct xd_peer peer;
    struct xd_answer last;          /* the latest answer */
    uint64_t different;             /* programs that differed, those of the workers before it too */
    const volatile uint64_t *shown; /* differences that the command has printed in full by now */
    bool before_any;                /* a program was run before: */
    uint64_t before;                /* this one */
    unsigned int troubles;          /* programs in a row that could not be compared */
    void (*broken)(void *ctx,
                   struct xd_oracle_record *r); /* a last word, before xendouble aborts */
    void *ctx;
    struct xd_oracle_record *record; /* being made */
    const struct xd_program *running;
};

/* A program as both sides read it. */
struct xd_candidate {
    struct xd_program *p;
    struct xd_str request; /* its byte form */
    struct xd_str text;    /* its canonical text, for people */
};

/* What came of it on both. */
struct xd_oracle_both {
    struct xd_answer answer;
    struct xd_doubled dbl;
    struct xd_counts met; /* by the double */
};

void xd_oracle_work(struct xd_oracle_worker *w, uint64_t index, struct xd_oracle_record *r);
/* Runs (c) after it was counted, only boots of Xen are. True: it could be run and differs; *d points into *b, which is to be freed in any case. */
bool xd_oracle_differs_again(struct xd_oracle_worker *w, const struct xd_candidate *c,
                             struct xd_oracle_both *b, struct xd_difference *d);
void xd_oracle_both_free(struct xd_oracle_both *b);
void xd_oracle_worker_end(struct xd_oracle_worker *w);
void xd_oracle_told_clear(struct xd_oracle_told *t);
void xd_oracle_told_free(struct xd_oracle_told *t);

/* ---- oracle_shrink.c: a program that differs ---- */

/* Shrinks it, unless it must not or can't be, and tells it in full. (d), of (b), is how it was met. */
void xd_oracle_tell_difference(struct xd_oracle_worker *w, const struct xd_candidate *c,
                               const struct xd_oracle_both *b, const struct xd_difference *d);
/* Tells the difference as it was met. They (how) what runs the program again. */
void xd_oracle_tell_whole(struct xd_oracle_worker *w, const struct xd_candidate *c,
                          const struct xd_oracle_both *b, const struct xd_difference *d,
                          const char *how);
/* Runs the program that this one was run behind. */
void xd_oracle_run_before(struct xd_oracle_worker *w);

/* ---- oracle_source.c: where programs come from ---- */

/* False after putting into (error) what is wrong with it. */
bool xd_candidate_load(struct xd_candidate *c, const struct xd_oracle *o, uint64_t index,
                       struct xd_str *error);
/* Another reading of what (p) prints. */
void xd_candidate_of(struct xd_candidate *c, const struct xd_program *p);
void xd_candidate_free(struct xd_candidate *c);
/* NULL, or why it is not to be run. */
const char *xd_oracle_unfit(const struct xd_oracle *o, uint64_t index, const struct xd_program *p);

/* The seed of generated program (i): the run's own for the first. */
uint64_t xd_oracle_seed(const struct xd_oracle *o, uint64_t i);
/* What the program is called in messages, and the command that runs it alone. */
void xd_oracle_name(const struct xd_oracle *o, uint64_t index, struct xd_str *out);
void xd_oracle_again(const struct xd_oracle *o, uint64_t index, struct xd_str *out);

/* ---- oracle_tell.c: a difference, for people ---- */

/* The step of difference (d) and what both sides say of it. */
void xd_oracle_tell_step(const struct xd_difference *d, const struct xd_answer *a,
                         const struct xd_doubled *dbl, struct xd_str *out);
/* The file that --keep is to write: the program (text), with what was told of it as a comment before it. */
void xd_oracle_keepable(const struct xd_oracle *o, uint64_t index, const char *what,
                        const char *told, const char *text, struct xd_str *file);
/* Writes it into the directory of --keep; says so in (out). */
void xd_oracle_keep(const struct xd_oracle *o, uint64_t index, const struct xd_str *file,
                    struct xd_str *out);
/* Prints (text), of files and of the other side too: what is no character of UTF-8, or controls a terminal, as \xNN. */
void xd_oracle_print(const char *text);
/* (text), each line behind (margin). */
void xd_oracle_indent(struct xd_str *out, const char *margin, const char *text);

/* ---- oracle_jobs.c, oracle_report.c ---- */

/* How many programs may differ once and not again without making a run fail: real Xen looks at its clock, the double has another. A
   short run, as all of the tests are, may have none. */
uint64_t xd_oracle_passing_max(const struct xd_counts *c);
/* How many generated programs may turn out, when they run, to be what real Xen can't: where a kernel goes on follows from what came before. */
uint64_t xd_oracle_unfit_max(const struct xd_counts *c);
/* ... and so many that meet what docs/DIFFERENCES.md explains. */
uint64_t xd_oracle_known_max(const struct xd_counts *c);
/* Runs all. Returns the exit code so far; *left_out is how many differences were not printed in full. */
int xd_oracle_run(const struct xd_oracle *o, struct xd_counts *sum, uint64_t *left_out);
void xd_oracle_totals(const struct xd_oracle *o, const struct xd_counts *c, double seconds);

#endif
