/* SPDX-License-Identifier: MIT */
/* witness_state.h: what a witness keeps of a program; shared by witness.c and witness_calls.c only. */
#ifndef XD_ORACLE_WITNESS_STATE_H
#define XD_ORACLE_WITNESS_STATE_H

#include "view.h"
#include "witness.h"

#include "program/runner.h"

#define VCPUS_TOLD 4u /* of a domain: how they come up */

/* What is to be forgotten when the step is over. */
struct place {
    struct xd_vcpu *v;
    uint64_t va, n;
};

struct xd_witness {
    struct xd_str *out;
    struct xd_str result; /* of the step, until its text is out */
    struct xd_view *view;
    uint64_t calls, refused;
    bool over; /* a domain ended: no more is told */
    struct place *machines;
    unsigned int nr_machines, room;
    bool begins[XD_DOMAINS_MAX][VCPUS_TOLD]; /* with a context, when it comes up */
};

static inline uint64_t xd_witness_number(const unsigned char *bytes, size_t n)
{
    uint64_t value = 0;

    for (size_t i = 0; i < n && i < 8; i++)
        value |= (uint64_t)bytes[i] << 8 * i;
    return value;
}

/* ---- witness_calls.c ---- */

/*
 * Call (k) of (m) resulted in (rc): what it did to frames is told to the view, and what its answer says of the machine, not of Xen, is
 * noted, to be forgotten when the step is over.
 */
void xd_witness_call(struct xd_witness *w, const struct xd_runner *r, const struct xd_made *m,
                     uint32_t k, int64_t rc);
/* Which byte of an I/O APIC's register that is told is the machine's; 4: none. */
unsigned int xd_witness_byte(const struct xd_step *s, const struct xd_encoded *e);
/* The entry at (va) of a list, by which call (nr) was made, may say how far that came. */
void xd_witness_continued(struct xd_witness *w, struct xd_vcpu *v, uint64_t nr, uint64_t va);
/* What lies there is to be forgotten when the step is over. */
void xd_witness_forget(struct xd_witness *w, struct xd_vcpu *v, uint64_t va, uint64_t n);

#endif
