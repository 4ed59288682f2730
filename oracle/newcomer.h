/* SPDX-License-Identifier: MIT */
/*
 * newcomer.h: vCPUs of real domains that come up, and go down, while a program runs.
 *
 * One that was never up, or got another context, begins with the registers of its context. Code that reports is laid where that leads, or
 * if it is the kernel's own entry, stands there. When it has reported, the vCPU runs the kernel that plays its domain, as others do.
 */
#ifndef XD_ORACLE_NEWCOMER_H
#define XD_ORACLE_NEWCOMER_H

#include "machine.h"

#include "hv/hv.h"

/* A program begins. */
void xd_newcomer_begin(void);
/* Before (v)'s call (nr), or a list with it; false: it must not be made, since the program can't be run. */
bool xd_newcomer_before(struct xd_vcpu *v, uint64_t nr, const uint64_t *arg);
/* Behind it; it came to (rc). */
void xd_newcomer_after(struct xd_vcpu *v, uint64_t nr, const uint64_t *arg, int64_t rc);
/* The same of an entry of a list. */
void xd_newcomer_listed(struct xd_vcpu *v, uint64_t nr, const uint64_t *arg, int64_t rc);
/* (t) was reset: it has no context any more. */
void xd_newcomer_forget(struct xd_vcpu *t);

#endif
