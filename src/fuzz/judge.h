/* SPDX-License-Identifier: MIT */
/* judge.h: runs a program with the oracles on, and says what was found. */
#ifndef XD_FUZZ_JUDGE_H
#define XD_FUZZ_JUDGE_H

#include "fuzz/oracles.h"
#include "program/run.h"

/*
 * A second opinion on the machine, from somebody who keeps books of its own. tests/model has one.
 * Complaints are whole lines and last until the next program.
 */
struct xd_opinion {
    void (*start)(void *ctx); /* a program begins */
    void (*before)(void *ctx, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg,
                   unsigned int depth);
    const char *(*after)(void *ctx, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg, int64_t rc,
                         unsigned int depth);
    const char *(*step)(void *ctx, struct xd_hv *hv);
    void *ctx;
};

struct xd_judge {
    struct xd_oracles *oracles;
    const struct xd_opinion *opinion; /* or NULL */
    /*
     * Each program again: the digest must be the same. In a session that is a machine that went back, and then a third
     * time it is a new one.
     */
    bool twice;
    /* To run in, or NULL. Not with an opinion, which wants to see every step. */
    struct xd_session *session;
    uint64_t *why; /* counts reasons, XD_WHYS of them; or NULL */
};

struct xd_judgement {
    bool guilty;             /* xendouble is wrong */
    uint32_t step, line;     /* where it was noticed */
    char *complaint;         /* what was noticed; free it. NULL if not guilty */
    uint64_t digest;         /* of the machine before it was taken apart */
    uint32_t calls, refused; /* entries of multicalls too */
};

/* Where in (said) the line begins that tells most: an invariant's, a sanitizer's, else the first. */
const char *xd_complaint_line(const char *said);
/*
 * Adds that line to (out), with # for its numbers, which are another program's others:
 * complaints are told apart by it.
 */
/* Does it (or its kind) say that two runs differ? For all others one run is enough. */
bool xd_complaint_of_digest(const char *said);
void xd_complaint_kind(const char *said, struct xd_str *out);

/* A broken XD_INVARIANT ends the process: fork where that must be survived. */
void xd_judge_program(const struct xd_program *p, const struct xd_judge *judge,
                      struct xd_judgement *j);

#endif
