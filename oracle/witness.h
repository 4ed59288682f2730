/* SPDX-License-Identifier: MIT */
/*
 * witness.h: what a run did, as text that two runs of one program can be compared by.
 *
 * A block for each step: its line and text, how it ended, then every change of what can be seen: references, types and
 * owners of all the domain's frames, the words of its tables and first free pages, ports, event bits, the base pointer.
 */
#ifndef XD_ORACLE_WITNESS_H
#define XD_ORACLE_WITNESS_H

#include "program/run.h"

struct xd_witness;

/* Text goes to (out), to be read after the run. */
struct xd_witness *xd_witness_new(struct xd_str *out);
void xd_witness_free(struct xd_witness *w);

/* For xd_run_options.watch; their context is a pointer to struct xd_witness *. */
extern const struct xd_run_watch xd_witness_watch;

/* How many calls were made, and how many of those gave a negative result. */
void xd_witness_counts(const struct xd_witness *w, uint64_t *calls, uint64_t *refused);

#endif
