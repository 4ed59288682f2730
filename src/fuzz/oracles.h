/* SPDX-License-Identifier: MIT */
/*
 * oracles.h: judges of a machine while programs run on it: they notice wrong states, not only
 * crashes.
 *
 * Call xd_oracles_before and xd_oracles_after around each call (hooks `call` and `ret`, entries of
 * multicalls too), xd_oracles_step after what is no call, and xd_oracles_end when the program is
 * over. The first complaint stands; after it the machine is not to be trusted. judge.h does all of
 * this for a program.
 */
#ifndef XD_FUZZ_ORACLES_H
#define XD_FUZZ_ORACLES_H

#include "hv/hv.h"

enum xd_oracle_which {
    XD_ORACLE_AUDIT = 1,    /* xd_audit: counts, types, ports agree with what holds them */
    XD_ORACLE_REACH = 2,    /* no vCPU can write to a table or descriptors, or reach what is not its
                               own; tables hold only what they may */
    XD_ORACLE_REFUSED = 4,  /* a refused call changed nothing but what Xen leaves */
    XD_ORACLE_TEARDOWN = 8, /* when all domains are destroyed, every frame and domain is free */
    XD_ORACLE_RUNNING = 16, /* who is blocked, down or shut down makes no call, in lists too */
    XD_ORACLE_ALL = 31,
};

struct xd_oracles;

/* (which): enum xd_oracle_which, or'ed. AUDIT and REACH look after every (every)-th call
 * or step, and at the end; 0 is 1. In a list of calls that is for the first 64 entries, then for
 * every 64th. */
struct xd_oracles *xd_oracles_new(uint32_t which, uint32_t every);
void xd_oracles_free(struct xd_oracles *o);
/* Forgets complaints and counts, for the next program or after going back to a snapshot. */
void xd_oracles_start(struct xd_oracles *o);

/* (v) makes call (nr), now at (depth). */
void xd_oracles_before(struct xd_oracles *o, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg,
                       unsigned int depth);
/* It returned (rc). What is wrong, whole lines, until the next start; NULL: nothing. */
const char *xd_oracles_after(struct xd_oracles *o, struct xd_vcpu *v, uint64_t nr,
                             const uint64_t *arg, int64_t rc, unsigned int depth);
/* Something else happened: a load, a store, time, a destroyed domain. */
const char *xd_oracles_step(struct xd_oracles *o, struct xd_hv *hv);
/* The program is over. TEARDOWN destroys all domains. */
const char *xd_oracles_end(struct xd_oracles *o, struct xd_hv *hv);

/* ---- For the files of the oracles ---- */

struct xd_str;
/*
 * Adds a line to (out) for each thing that REACH forbids. (served): a bit for each domain, by its
 * place in the machine, in whose tables a privileged one has put what it likes, frames of any domain.
 */
void xd_oracle_reach(struct xd_hv *hv, uint64_t served, struct xd_str *out);
/*
 * ... for each change since (mark) of the journal that refusal (v->rec) does not leave in Xen.
 * (nr): the call.
 */
void xd_oracle_refused(struct xd_vcpu *v, uint64_t nr, size_t mark, struct xd_str *out);

#endif
