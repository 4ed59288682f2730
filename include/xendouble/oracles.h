/* SPDX-License-Identifier: MIT */
/*
 * oracles.h: judges of a machine while calls are made on it: they notice wrong states, not only crashes. What they complain
 * of is a bug of xendouble, whatever the guests did. `xendouble fuzz` asks them, and so do the tests that `xendouble emit-c`
 * writes.
 *
 *     struct xd_oracles *o = xd_oracles_new(XD_ORACLE_ALL, 1);
 *     // the machine's hooks (xd_hooks_set), with ctx = o, call
 *     //     xd_oracles_before(ctx, v, nr, arg, depth) out of (call), and
 *     //     xd_oracles_after(ctx, v, nr, arg, rc, depth) out of (ret), keeping the text that it returns;
 *     // after what is no call: xd_oracles_step(o, hv); when all is done: xd_oracles_end(o, hv)
 *     xd_oracles_free(o);
 *
 * One asks about one machine, whose guests' memory is the machine's. The first complaint stands; after it the machine is not
 * to be trusted.
 */
#ifndef XENDOUBLE_ORACLES_H
#define XENDOUBLE_ORACLES_H

#include <xendouble/xendouble.h>

#ifdef __cplusplus
extern "C" {
#endif

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
XD_PUBLIC struct xd_oracles *xd_oracles_new(uint32_t which, uint32_t every);
XD_PUBLIC void xd_oracles_free(struct xd_oracles *o);
/* Forgets complaints and counts, for the next program or after going back to a snapshot. */
XD_PUBLIC void xd_oracles_start(struct xd_oracles *o);

/* (v) makes call (nr), now at (depth). */
XD_PUBLIC void xd_oracles_before(struct xd_oracles *o, struct xd_vcpu *v, uint64_t nr,
                                 const uint64_t *arg, unsigned int depth);
/* It returned (rc). What is wrong, whole lines, until the next start; NULL: nothing. */
XD_PUBLIC const char *xd_oracles_after(struct xd_oracles *o, struct xd_vcpu *v, uint64_t nr,
                                       const uint64_t *arg, int64_t rc, unsigned int depth);
/* A call is over, or something else happened: a load, a store, time, a destroyed domain. */
XD_PUBLIC const char *xd_oracles_step(struct xd_oracles *o, struct xd_hv *hv);
/* All is done. TEARDOWN destroys all domains. */
XD_PUBLIC const char *xd_oracles_end(struct xd_oracles *o, struct xd_hv *hv);

#ifdef __cplusplus
}
#endif

#endif
