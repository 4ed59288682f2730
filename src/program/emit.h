/* SPDX-License-Identifier: MIT */
/*
 * emit.h: what the files share that write a program as a test in C: emit.c does what stands around
 * steps, emit_step.c steps, emit_call.c calls, emit_expr.c expressions. What is written stands on <xendouble/scenario.h>.
 */
#ifndef XD_PROGRAM_EMIT_H
#define XD_PROGRAM_EMIT_H

#include "program/forms.h"
#include "program/run.h"

struct xd_emitter {
    const struct xd_program *p;
    struct xd_str *out;
    uint32_t at;      /* the step that is written */
    uint32_t current; /* index of the current domain's name */
    char **name;      /* of names of the program, in C */
    uint32_t puts;    /* variables that hold where something was put down */
    struct xd_str error;
    /* What the program's domains and machine were made of when it ran. */
    struct xd_config machine;
    struct {
        struct xd_domain_config config;
        uint64_t window;
        uint32_t at; /* the step; 0: it did not come so far */
    } * made;
    uint32_t mades;
    bool ran;
    volatile uint32_t *runs; /* the step that runs */
    uint32_t suspended;      /* a step whose list was cut short; 0: none */
};

/* The step can't be written; false. The first complaint counts. */
bool xd_emit_refuse(struct xd_emitter *em, const char *fmt, ...) XD_PRINTF(2, 3);

/* The text in C's quotes. */
void xd_emit_text(struct xd_str *out, const char *text, size_t n);

/* ---- emit_expr.c ---- */
/* Adds (e) to (out), a uint64_t in C. */
bool xd_emit_expr(struct xd_emitter *em, xd_ex e, struct xd_str *out);
/* The name in C of the domain whose name has this index. */
const char *xd_emit_domain(struct xd_emitter *em, uint32_t index);

/* ---- emit_step.c ---- */
/* Writes step em->at, which makes neither machine nor domain. */
bool xd_emit_step(struct xd_emitter *em);

/* ---- emit_call.c ---- */
bool xd_emit_call(struct xd_emitter *em, uint32_t at);
/* Writes a check of (got), a number of (size) bytes called (what), or gives it a name. */
bool xd_emit_check(struct xd_emitter *em, const char *what, const char *size, xd_ex want,
                   const char *got);

/*
 * Writes (p), up to and including step (last), as a test in C to (out). The steps before that one are run, and need not
 * pass; *runs is always the one that runs, for whoever outlives a process that a step ends. False if there are steps that C
 * has no words for: *error, to be freed, names the line.
 */
bool xd_program_emit_c(const struct xd_program *p, uint32_t last, volatile uint32_t *runs,
                       struct xd_str *out, char **error);

#endif
