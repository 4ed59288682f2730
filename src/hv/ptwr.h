/* SPDX-License-Identifier: MIT */
/* ptwr.h: a guest's store to a page that it has mapped read-only, carried out by Xen if that is a
 * page-table write. */
#ifndef XD_HV_PTWR_H
#define XD_HV_PTWR_H

#include "hv/pt.h"

/* The store at (va) faulted as (w) says. Would Xen look at the instruction? If not, the record holds the
 * reason if it was its business at all. */
bool xd_ptwr_wants(struct xd_vcpu *v, uint64_t va, const struct xd_walk *w);

/* It looked, and the instruction does not store an entry, or part of one, in its place. */
void xd_ptwr_misshapen(struct xd_vcpu *v, uint64_t va, size_t size);

/*
 * The store at (va) faulted as (w) says. True: Xen checked and did it. False: the guest gets the
 * #PF; the record holds the reason if it was Xen's business.
 */
bool xd_ptwr(struct xd_vcpu *v, uint64_t va, const struct xd_walk *w, const void *buf, size_t size);

#endif
