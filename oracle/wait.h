/* SPDX-License-Identifier: MIT */
/*
 * wait.h: vCPUs of real guests that Xen puts to sleep while the program goes on.
 *
 * v->blocked says that one sleeps; v->continuing that it did in the middle of a list of calls, the rest of which has not
 * come back.  dom0's first vCPU never waits: it is who asks Xen about the others.
 */
#ifndef XD_ORACLE_WAIT_H
#define XD_ORACLE_WAIT_H

#include "machine.h"

#include "hv/hv.h"
#include "program/runner.h"

/* A program begins: nobody waits. */
void xd_wait_begin(void);

/* The call's result: 0 if (v) sleeps, which v->blocked says. */
int64_t xd_wait_call(struct xd_vcpu *v, uint64_t nr, const uint64_t arg[6]);
/* Is it a poll? An upcall that is due ends it at once, unless it is delivered before. */
bool xd_wait_polls(uint64_t nr, const uint64_t arg[6]);
/* Lets a call that is not to wait come back. False: that can't be done, and it still waits. */
bool xd_wait_wake(struct xd_vcpu *v);

/* Does (v) still sleep? If not, its call comes back, but for a list. */
void xd_wait_look(struct xd_vcpu *v);

/* ---- Lists of calls ---- */

enum xd_list_entry {
    XD_LIST_DONE,
    XD_LIST_NOT_YET, /* nor any behind it */
    XD_LIST_LOST,    /* it can't be read any more, or there are too many */
};

/* (v) is to make call (c), which may be a list. */
void xd_list_begin(struct xd_vcpu *v, const struct xd_encoded *c);
/* The next entry of its list. */
enum xd_list_entry xd_list_next(struct xd_vcpu *v, struct xd_abi_multicall_entry *e);
/* Were all of them done? So it is if the call is none. */
bool xd_list_over(const struct xd_vcpu *v);

/* (v) sleeps in the middle of its list. */
void xd_wait_in_list(struct xd_vcpu *v);
/* It was woken: the result of the list, or v->blocked again. */
int64_t xd_wait_go_on(struct xd_vcpu *v);

/* (v) made a call. Why what it did, and lists that it woke do, can't be compared; NULL: it can. */
const char *xd_wait_unfit(struct xd_vcpu *v);

/* The program is over: wakes who waits. A domain in which that does not help is spent. */
void xd_wait_end(struct xd_machine *m);

#endif
