/* SPDX-License-Identifier: MIT */
/* real.h: what the machine of real.c can do that no double can. */
#ifndef XD_ORACLE_REAL_H
#define XD_ORACLE_REAL_H

#include "base/strbuf.h"
#include "machine.h"

#define XD_GUEST_READS  (XD_PTE_P | XD_PTE_US)
#define XD_GUEST_WRITES (XD_GUEST_READS | XD_PTE_RW)

/* The machine that programs run on: one per process. Its config is to be set before the first program. */
extern struct xd_machine xd_real_machine;

/* Did a domain end before the program did? */
bool xd_real_died(void);
/* Did one give no answer, without having ended as far as anybody can tell? */
bool xd_real_hung(void);
/* Why the program can't be compared, which shows only when it runs; NULL: it can. */
const char *xd_real_unfit(void);
/* It is so, for this reason, which lives as long as the process. */
void xd_real_cant(const char *why);
/* Does guest (g) have its upcall mask set by Xen, where the program has it clear? From now on it does not: whoever asks clears it. */
bool xd_real_takes_mask(unsigned int g);
/* The vcpu_info that Xen has of guest (g). */
struct xd_abi_vcpu_info *xd_real_info(unsigned int g);
/* (v) runs the kernel from now on. */
void xd_real_came_up(const struct xd_vcpu *v);
/* Something was done by another way than a call or an access: the view is made new. */
void xd_real_look(void);

/* ---- fate.c ---- */

/* (v)'s call (nr) came to (rc): who ended, is paused or gone on, and what lasts. */
void xd_real_note(struct xd_vcpu *v, uint64_t nr, const uint64_t *arg, int64_t rc);
/*
 * Was this a domctl that resets a domain? Even one that is refused may have closed its ports, and taken moved vcpu_infos back, of which
 * their frames tell.
 */
bool xd_real_reset(struct xd_vcpu *v, uint64_t nr, const uint64_t *arg);

/* ---- Of real.c ---- */

/* The lines by which a double can be laid out like the machine of the last run. */
void xd_real_print_place(struct xd_str *out);

#endif
