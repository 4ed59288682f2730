/* SPDX-License-Identifier: MIT */
/*
 * resume.h: domains that suspend on real Xen, and go on.
 *
 * The vCPU that suspends its domain is inside its hypercall until dom0 resumes the domain; the call returns then. What a toolstack
 * does before that is done here.
 */
#ifndef XD_ORACLE_RESUME_H
#define XD_ORACLE_RESUME_H

#include "real.h"

#include "hv/sched.h"

/* Can call (nr) suspend its domain, alone in a step? */
bool xd_resume_may_suspend(uint64_t nr, const uint64_t arg[6]);
/* Was that what the call of (v) did, to which no answer came? */
void xd_resume_look(struct xd_vcpu *v);
/* (d) is suspended, by another one's call. */
void xd_resume_note(struct xd_domain *d);
/* Somebody resumed (d), by DOMCTL_resumedomain: the call by which it was suspended returns with (result). */
void xd_resume_over(struct xd_domain *d, int64_t result);
/* A domain that was resumed is not paused any more: now the call returns. */
void xd_resume_return(struct xd_domain *d);
/* The program is over: who is suspended yet is not looked after any more. */
void xd_resume_end(struct xd_machine *m);

#endif
