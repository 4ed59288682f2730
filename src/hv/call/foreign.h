/* SPDX-License-Identifier: MIT */
/* foreign.h: the domain whose frames a memory-management call works on. */
#ifndef XD_HV_CALL_FOREIGN_H
#define XD_HV_CALL_FOREIGN_H

#include "hv/call/call.h"

/* An ordinary domain, or one of the two owners that are no domains: DOMID_IO and DOMID_XEN. */
struct xd_foreign {
    uint16_t id;         /* as frames' owner */
    struct xd_domain *d; /* NULL for DOMID_IO and DOMID_XEN */
};

/*
 * Finds foreign domain (domid). False if it can't be named. AS-XEN: get_pg_owner: the caller's own
 * number can't be, only DOMID_SELF.
 */
bool xd_foreign_find(struct xd_vcpu *v, uint16_t domid, struct xd_foreign *f);

/* Has the caller privilege over it? Over DOMID_IO and DOMID_XEN only the control domain has. */
bool xd_foreign_allowed(const struct xd_vcpu *v, const struct xd_foreign *f);

/*
 * What mmu_update and mmuext_op have in common: a batch of (size)-byte requests with a done count,
 * either of which may be called in the form Xen itself uses to continue a call. True: *rc is the
 * answer already.
 */
struct xd_batch {
    uint64_t reqs, pdone;
    uint32_t count, done; /* done: what *pdone said before, where the call is a continuation */
    size_t size;
    uint32_t foreigndom;
};
/* Takes what (b) says from the arguments; the others are filled in. */
bool xd_batch_begin(struct xd_vcpu *v, struct xd_batch *b, int64_t *rc);

/*
 * Before request (n) is looked at. False: the batch ends with *rc. AS-XEN: do_mmu_update: where a request let go of a table,
 * Xen continues the call to give it up, which nobody notices but who reads a multicall's entry: there stand the arguments of
 * the continuation.
 */
bool xd_batch_go_on(struct xd_vcpu *v, const struct xd_batch *b, uint32_t n, int *rc);

/* Adds (n) to the done count and writes it, if it can be. Returns (rc). */
int xd_batch_end(struct xd_vcpu *v, const struct xd_batch *b, uint32_t n, int rc);

#endif
