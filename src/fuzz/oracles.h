/* SPDX-License-Identifier: MIT */
/*
 * oracles.h: what the files of the oracles share. <xendouble/oracles.h> says who they are; judge.h asks them about a program.
 */
#ifndef XD_FUZZ_ORACLES_H
#define XD_FUZZ_ORACLES_H

#include "hv/hv.h"
#include "xendouble/oracles.h"

struct xd_str;
/*
 * Adds a line to (out) for each thing that REACH forbids. (served): a bit for each domain, by its
 * place in the machine, in whose tables a privileged one has put what it likes, frames of any domain; (revised): whose
 * rights it has changed, which does not take what they mapped before.
 */
void xd_oracle_reach(struct xd_hv *hv, uint64_t served, uint64_t revised, struct xd_str *out);
/* ... and for what vCPUs must not have. */
void xd_oracle_reach_vcpus(struct xd_hv *hv, struct xd_str *out);
/*
 * ... for each change since (mark) of the journal that refusal (v->rec) does not leave in Xen: since the call began,
 * or that element of its batch that was refused. (nr): the call.
 */
void xd_oracle_refused(struct xd_vcpu *v, uint64_t nr, size_t mark, struct xd_str *out);

/* ---- oracle_known.c: memory in which nothing was wrong, to be compared with what is there ---- */

struct xd_known;
struct xd_known *xd_known_new(void);
void xd_known_free(struct xd_known *k);
void xd_known_forget(struct xd_known *k);
/* The audit and REACH have just found nothing. */
void xd_known_remember(struct xd_known *k, const struct xd_hv *hv, uint64_t served);
/* Is all that they read of memory as it was then? They would find nothing again. */
bool xd_known_same(struct xd_known *k, const struct xd_hv *hv, uint64_t served);

#endif
