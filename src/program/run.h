/* SPDX-License-Identifier: MIT */
/* run.h: running a program on a machine of its own, and hearing what happens. */
#ifndef XD_PROGRAM_RUN_H
#define XD_PROGRAM_RUN_H

#include "program/program.h"
#include "xendouble/xendouble.h"

/* How a run ended; the worst wins. Also the exit codes of the commands. */
enum xd_verdict {
    XD_PASSED = 0,
    XD_FAILED = 1, /* something else happened than was expected */
    XD_UNUSABLE =
        2, /* the program can't be run at all: an impossible machine, the host is short of memory */
    XD_BROKEN = 3, /* xendouble is wrong: the audit disagrees */
};

/* Something that went otherwise than the program says. */
struct xd_failure {
    enum xd_verdict verdict;
    uint32_t at, line;   /* number of the step, and where it stands in its file */
    unsigned int why;    /* the refusal that (explain) is about, or XD_WHY_NONE */
    const char *step;    /* its canonical text */
    const char *details; /* lines: what was expected, what happened */
    const char *explain; /* xd_explain's text of the refusal, or "" */
};

struct xd_runner;
struct xd_made;

/* A domain that is to be laid out as another is, whatever the program says of its size. */
struct xd_run_place {
    uint32_t domid;  /* XD_DOMID_NONE: what is left for all */
    uint32_t frames; /* of the machine */
    uint32_t kernel_pages;
    const uint64_t *frame; /* what it gets: its shared_info frame, then those of pfn 0, 1, ... */
    uint64_t nr;           /* of them */
};

/* For comparing runs of one program: is shown what each step did. What it is shown is declared in runner.h. Each may be NULL. */
struct xd_run_watch {
    void (*called)(void *ctx, const struct xd_runner *r, const struct xd_made *m,
                   int64_t rc); /* a call came back */
    void (*accessed)(void *ctx, const struct xd_runner *r, const struct xd_step *s,
                     enum xd_access how, const struct xd_fault *f);
    void (*stepped)(void *ctx, const struct xd_runner *r,
                    uint32_t at); /* the step is over, and calls that it woke */
    /* Does it depend on the machine's heap who has this frame, or (read) what lies in it? Then no step may name it, or read there. NULL: never. */
    bool (*uncertain)(void *ctx, uint64_t mfn, bool read);
    /* Each may be NULL. A step begins; what it does, or its list that goes on, is over; its arguments are put down: (n) bytes, zeros
     * where (data) is NULL; a domain is to be made; a call is to be made or goes on (m->suspended). False: the run ends. */
    bool (*began)(void *ctx, const struct xd_runner *r);
    void (*over)(void *ctx, const struct xd_runner *r);
    void (*put)(void *ctx, const struct xd_runner *r, const void *data, size_t n);
    bool (*building)(void *ctx, const struct xd_runner *r, const struct xd_domain_config *c);
    bool (*making)(void *ctx, const struct xd_runner *r, const struct xd_made *m);
    /* For judging the double. Around every call, entries of multicalls too (depth 1). */
    void (*calling)(void *ctx, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg,
                    unsigned int depth);
    void (*returned)(void *ctx, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg, int64_t rc,
                     unsigned int depth);
    /* After each step, and once more (over) before the machine goes: what is wrong with it, whole lines; NULL: nothing. */
    const char *(*wrong)(void *ctx, struct xd_hv *hv, bool over);
};

/*
 * Programs that begin with the same steps, run one after the other: a session keeps its machine, with
 * snapshots between steps, and goes back to the last one before a program becomes another one. What
 * is told and counted is as without, but that hooks, (watch) and (tell) see the steps that are not run
 * again only once. All programs of a session run with the same seed and places.
 */
struct xd_session;
/* Keeps a snapshot before the first step that makes no domain and gives no name, and then one every
 * (every) steps; 0: no more. */
struct xd_session *xd_session_new(uint32_t every);
void xd_session_free(struct xd_session *s);

struct xd_run_options {
    bool audit;      /* after every step */
    bool keep_going; /* past a failed expectation */
    bool explain;    /* tell of every refusal, not only of failures */
    bool trace;      /* tell of every step */
    bool has_seed;
    uint64_t seed;                    /* of the machine, instead of the program's own */
    struct xd_program *fill;          /* the program itself, to write results into; or NULL */
    const struct xd_run_place *place; /* or NULL */
    uint32_t places;                  /* of them; all are of one machine */
    const struct xd_run_watch *watch; /* or NULL */
    struct xd_session *session;       /* to go on from, or NULL */
    void *ctx;                        /* of all functions here */
    void (*failed)(void *ctx, const struct xd_failure *f);
    void (*tell)(void *ctx, const char *lines); /* trace and explanations, whole lines */
    void (*ended)(void *ctx,
                  struct xd_hv *hv); /* before the machine goes; not of a session; or NULL */
};

struct xd_run_result {
    enum xd_verdict verdict;
    uint32_t steps, calls; /* run */
    uint32_t
        not_modelled; /* calls, entries of multicalls too, that met what xendouble does not model */
    uint32_t checks;  /* expectations looked at */
    uint32_t failures;
};

void xd_program_run(const struct xd_program *p, const struct xd_run_options *opt,
                    struct xd_run_result *result);

/* Runs the steps before (end) in opt->session, which must be there, for its snapshots. */
void xd_session_prepare(const struct xd_program *p, uint32_t end, const struct xd_run_options *opt,
                        struct xd_run_result *result);

#endif
