/* SPDX-License-Identifier: MIT */
/* counts.h: what programs met: reasons, calls and operations, for `replay`, `fuzz` and `oracle` to report. */
#ifndef XD_CLI_COUNTS_H
#define XD_CLI_COUNTS_H

#include "abi/reject.h"
#include "abi/table.h"
#include "program/runner.h"

/* All of them are uint64_t, for adding up. */
struct xd_counts {
    uint64_t programs;
    uint64_t accesses; /* loads and stores */
    uint64_t calls;    /* entries of multicalls too */
    uint64_t guests;   /* of them: those of unprivileged domains */
    uint64_t left;     /* of them: those without a result: iret, and lists that one ended */
    uint64_t granted;  /* of them: those whose result is no error */
    uint64_t refused;  /* calls and accesses with a reason */
    uint64_t why[XD_WHYS];
    uint64_t call[XD_CALLS];
    uint64_t op[XD_OPERATIONS]; /* by number of the operation */
    /* `xendouble oracle` alone: */
    uint64_t skipped;   /* that real Xen can't run, or that have nothing of --only in them */
    uint64_t unfit;     /* generated ones that real Xen can't run: one in a thousand at most */
    uint64_t unusable;  /* that could not be compared for a reason that should not be */
    uint64_t different; /* programs with a difference that nobody can explain */
    uint64_t passing;   /* with one that did not come back when they were run again: chance */
    uint64_t known;     /* with one that docs/DIFFERENCES.md explains; compared as far as that */
    uint64_t died;      /* programs in which Xen ended the domain */
    uint64_t boots;     /* of the hypervisor */
    uint64_t rebuilds;  /* of a domain, the hypervisor going on */
    uint64_t
        left_out; /* steps run on neither side: who has a frame that they name is up to the heap */
};

/* Number (command.h) of the operation that a call of (v) with these arguments asks for; XD_NO_OPERATION: none. Batches have one
 * for each element, not here. */
uint32_t xd_operation_called(struct xd_vcpu *v, uint64_t nr, const uint64_t arg[XD_CALL_ARGS]);

void xd_counts_add(struct xd_counts *sum, const struct xd_counts *more);
/* Adds 1 for each reason, call and operation that (one) has any of. */
void xd_counts_add_met(struct xd_counts *sum, const struct xd_counts *one);

/* A call came back (xd_run_watch.called), with all entries if it is a multicall. */
void xd_count_called(struct xd_counts *c, const struct xd_runner *r, const struct xd_made *m,
                     int64_t rc);
/* A load or store ended (xd_run_watch.accessed). */
void xd_count_accessed(struct xd_counts *c, const struct xd_fault *f);
/* A step of a guest's kernel's, that is no call, came to (why) (xd_run_watch.stepped). */
void xd_count_entered(struct xd_counts *c, unsigned int why);
/* What the program asks for, before it runs. */
void xd_count_asked(struct xd_counts *c, const struct xd_program *p);

/* Reasons met, most first: "12 copy-in, 3 pin-twice, ...". */
void xd_counts_print_reasons(const struct xd_counts *c);
/* Lists what was (done), "compared", how often, and what never was. */
void xd_counts_report(const struct xd_counts *c, const char *done);

#endif
