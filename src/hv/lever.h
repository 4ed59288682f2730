/* SPDX-License-Identifier: MIT */
/*
 * lever.h: levers and expectations, as the dispatcher meets them. Their state is the host's, not the
 * machine's.
 *
 * Nobody asks here while xd_host.levers_on is false, which is the usual thing.
 */
#ifndef XD_HV_LEVER_H
#define XD_HV_LEVER_H

#include "abi/select.h"
#include "hv/hv.h"
#include "xendouble/levers.h"

/* A call, or an element of a batch, that is under way. */
struct xd_asked {
    uint64_t nr, op;
    bool has_op;
    bool item;            /* an element */
    const uint64_t *arg;  /* registers, or the element's words */
    uint64_t serial;      /* of the expectations that it was written down for */
    size_t noted, noteds; /* the first of them in their list, and how many */
};

/* Around every hook, mock and spy. Ends the process if it destroyed the domain whose call it was shown. */
void xd_hook_begins(struct xd_vcpu *v);
void xd_hook_ended(struct xd_vcpu *v);

/* A call is about to be made. */
void xd_levers_called(struct xd_vcpu *v, uint64_t nr, const uint64_t *arg, struct xd_asked *a);
/* Does a lever answer it? Then *rc, and the reason is recorded. */
bool xd_levers_answer(struct xd_vcpu *v, const struct xd_asked *a, int64_t *rc);
/* It was answered. */
void xd_levers_returned(struct xd_vcpu *v, const struct xd_asked *a, int64_t rc);

/* An element of a batch: asks levers, or (run)s it. */
#define XD_LEVER_WORDS 3
int xd_levers_item(struct xd_vcpu *v, uint64_t op, const uint64_t words[XD_LEVER_WORDS],
                   int (*run)(void *ctx), void *ctx);

/* The host, by lever (id) or, if that is 0, by its hook, answered (rc) in Xen's place. */
void xd_lever_answered(struct xd_vcpu *v, int id, int64_t rc);
void xd_explain_lever(struct xd_hv *hv, uint64_t id, struct xd_str *out);

/* (d) is being destroyed; the machine is. */
void xd_levers_forget(struct xd_domain *d);
void xd_levers_free(struct xd_host *host);

/*
 * For whoever takes snapshots of a machine: its levers as they are, to be freed, and back to what
 * they were at a copy, which must be of this machine's past. Expectations stay as they are.
 */
void *xd_levers_copy(struct xd_hv *hv);
void xd_levers_put_back(struct xd_hv *hv, const void *copy);

/* ---- Shared by lever.c and expectation.c ---- */

struct xd_expecting; /* what is expected of one domain; a list of them */

/* What the host keeps; made at first use. */
struct xd_levers {
    struct xd_lever **lever; /* number i + 1 at i; they stay, so that they can be told of */
    uint32_t nr, cap;
    uint32_t first; /* those before have ended */
    struct xd_expecting *expecting;
    uint64_t serial; /* of those that were begun last */
};
struct xd_levers *xd_levers_of(struct xd_hv *hv);
/* Looks anew whether anything is in force. */
void xd_levers_settle(struct xd_hv *hv);

/* The call that (text) names; false: the host is told what is wrong with it. */
bool xd_lever_select(struct xd_hv *hv, const char *text, struct xd_select *s);

struct xd_expecting *xd_expecting_of(const struct xd_levers *ls, const struct xd_domain *d);
void xd_expecting_end(struct xd_levers *ls, struct xd_expecting *e); /* NULL: nothing */
void xd_expect_note(struct xd_vcpu *v, struct xd_asked *a);
void xd_expect_answered(struct xd_vcpu *v, const struct xd_asked *a, int64_t rc);

#endif
