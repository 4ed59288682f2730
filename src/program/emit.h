/* SPDX-License-Identifier: MIT */
/*
 * emit.h: what the files share that write a program as a test in C: emit_run.c runs it, emit.c does what stands around
 * steps, emit_step.c steps, emit_call.c calls, emit_raw.c calls that have no other form, emit_out.c what calls answer,
 * emit_expr.c expressions. What is written stands on <xendouble/scenario.h>.
 */
#ifndef XD_PROGRAM_EMIT_H
#define XD_PROGRAM_EMIT_H

#include "program/forms.h"
#include "program/run.h"
#include "program/runner.h"

/* Memory that a call's step put down. */
struct xd_emit_put {
    unsigned char *bytes; /* NULL: zeros */
    size_t n;
};

/* What one step did when the program ran; a step whose list sleeps gets one more each time that the list goes on. */
struct xd_emit_event {
    uint32_t at;      /* the step; the number of all: the program is over */
    bool again;       /* its list goes on */
    bool sleeps;      /* its list is cut short, and goes on later */
    uint32_t current; /* index of the name of the current domain */
    uint32_t domain;  /* of a call: the index of its domain's name */
    /* Of a call: its words and those of its entries, and what it put down. NULL: it was not made. */
    struct xd_encoded *enc;
    struct xd_emit_put *put;
    uint32_t puts;
    uint64_t floor;                  /* of its domain's room for arguments, afterwards */
    struct xd_domain_config *config; /* of a domain's step; NULL: it made none */
    uint64_t window;
    char *failed; /* what was told of it; NULL: nothing */
    uint32_t failed_at;
};

/* How far the run came, for whoever outlives a process that a step ends. */
struct xd_emit_progress {
    uint32_t events; /* that are over */
    uint32_t step;   /* that runs; the number of all: none does */
};

struct xd_emitter {
    const struct xd_program *p;
    struct xd_str *out;
    uint32_t at;   /* the step that is written */
    char **name;   /* of names of the program, in C */
    uint32_t puts; /* variables that hold where something was put down */
    struct xd_str error;
    /* The run. */
    struct xd_config machine;
    bool linked;
    struct xd_emit_event *event;
    uint32_t events, now; /* (now): the one that is written */
    uint32_t *known_at;   /* per name, the event in which it got its value; UINT32_MAX: none */
    uint32_t *created_at; /* per domain, likewise */
};

/* The step can't be written; false. The first complaint counts. */
bool xd_emit_refuse(struct xd_emitter *em, const char *fmt, ...) XD_PRINTF(2, 3);

/* The text in C's quotes. */
void xd_emit_text(struct xd_str *out, const char *text, size_t n);

/* ---- emit_run.c ---- */
/*
 * Runs the program for em->event and what belongs to it; false: it can't be run, and em->error says why. What ended an earlier
 * run, as (end) says, becomes the last event, and is not done; NULL: nothing did.
 */
bool xd_emit_run(struct xd_emitter *em, const struct xd_emit_progress *end,
                 volatile struct xd_emit_progress *progress);
void xd_emit_run_free(struct xd_emitter *em);

/* ---- emit_expr.c ---- */
/* Adds (e) to (out), a uint64_t in C. */
bool xd_emit_expr(struct xd_emitter *em, xd_ex e, struct xd_str *out);
/* The name in C of the domain whose name has this index. */
const char *xd_emit_domain(struct xd_emitter *em, uint32_t index);
void xd_emit_number(struct xd_str *out, uint64_t n, bool hex);

/* ---- emit_step.c ---- */
/* Writes step em->at, which makes neither machine nor domain. */
bool xd_emit_step(struct xd_emitter *em);

/* ---- emit_call.c ---- */
/* A call as C: the expressions for its registers. */
struct xd_emit_call {
    uint32_t at;
    char tag[16]; /* behind the names of its variables; of entries of a list: _ and their number */
    struct xd_str cmd; /* its number */
    struct xd_str arg[XD_CALL_ARGS];
    const struct xd_encoded
        *raw; /* it is written as these words; NULL: its variables hold where things are */
};

bool xd_emit_call(struct xd_emitter *em, uint32_t at);
/* The name of the variable for the list behind field or argument (name). */
void xd_emit_list_name(const struct xd_emit_call *c, const char *name, char *buf, size_t n);

/* ---- emit_raw.c ---- */
/* The call of em->event[em->now] as it was in the run: bare memory and words. */
bool xd_emit_raw(struct xd_emitter *em);

/* ---- emit_out.c ---- */
/* Writes a check of (got), a number of (size) bytes called (what), or gives it a name. */
bool xd_emit_check(struct xd_emitter *em, const char *what, const char *size, xd_ex want,
                   const char *got);
/* How Xen's headers call the struct of an operation; NULL: they have none with these members. (buf): room for it. */
const char *xd_emit_type_of(const struct xd_call *call, const struct xd_op *op, char *buf,
                            size_t n);
/* What the step says of the call's result and of what it wrote. */
bool xd_emit_outcome(struct xd_emitter *em, const struct xd_emit_call *c);

/*
 * Writes (p) as a test in C to (out). *progress follows the run that is made for it; (end) is what it was when such a run
 * ended the process, or NULL: the test then ends with what did. False if it can't be run: *error, to be freed, names the
 * line.
 */
bool xd_program_emit_c(const struct xd_program *p, const struct xd_emit_progress *end,
                       volatile struct xd_emit_progress *progress, struct xd_str *out,
                       char **error);

#endif
