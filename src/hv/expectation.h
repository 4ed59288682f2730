/* SPDX-License-Identifier: MIT */
/* expectation.h: what expectation.c writes down and difference.c compares. */
#ifndef XD_HV_EXPECTATION_H
#define XD_HV_EXPECTATION_H

#include "hv/lever.h"

#define XD_WANTED_MAX 16u

/* NAME=VALUE */
struct xd_wanted {
    const struct xd_field *field;
    int reg; /* the register that it is, or -1: a field of the struct */
    uint64_t value;
};

struct xd_expected {
    char *text;
    struct xd_select select;
    struct xd_wanted want[XD_WANTED_MAX];
    unsigned int want_nr;
    bool has_rc;
    uint64_t rc;
};

/* A call that was made, or an element of one. */
struct xd_made {
    struct xd_select select;
    uint32_t vcpu;
    uint64_t arg[XD_CALL_ARGS];
    bool known; /* (copy) holds its struct */
    bool answered;
    int64_t rc;
    unsigned char copy[104];
};

struct xd_expecting {
    struct xd_expecting *next;
    const struct xd_domain *d;
    uint64_t serial;
    struct xd_expected *expected;
    struct xd_made *made;
    struct xd_select *ignored;
    size_t expected_nr, made_nr, made_cap, ignored_nr;
    uint64_t beyond; /* calls that were not written down any more */
};

/* The fields of operation (nr) of (c), in its struct or element; NULL: none. */
const struct xd_field *xd_expect_fields(const struct xd_call *c, uint64_t nr);

#endif
