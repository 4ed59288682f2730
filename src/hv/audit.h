/* SPDX-License-Identifier: MIT */
/* audit.h: what the parts of the audit share. */
#ifndef XD_HV_AUDIT_H
#define XD_HV_AUDIT_H

#include "base/strbuf.h"
#include "hv/frame.h"

/* A line for (a)->out, and one more in (a)->found, unless (cond) holds. */
#define EXPECT(a, cond, ...)                    \
    do {                                        \
        if (!(cond)) {                          \
            (a)->found++;                       \
            xd_str_addf((a)->out, __VA_ARGS__); \
            xd_str_addc((a)->out, '\n');        \
        }                                       \
    } while (0)

/* The parts of xd_audit: each adds a line to (out) for each fault and counts them. */

/* Each frame by itself; (used) are all that ever were, upwards. */
unsigned int xd_audit_frames(struct xd_hv *hv, const uint32_t *used, uint32_t uses,
                             struct xd_str *out);
/*
 * ... and what holds them: all that xd_audit says of memory. It follows from the records of frames, the contents of those
 * that are of a table's or descriptors' type, and the fields that fuzz/oracle_known.c compares.
 */
unsigned int xd_audit_memory(struct xd_hv *hv, struct xd_str *out);

/* The domain that (owner) names, as frames do: mostly the same one as the last time. */
static inline struct xd_domain *xd_audit_owner(struct xd_hv *hv, uint16_t owner,
                                               struct xd_domain **last)
{
    if (!*last || (*last)->domid != owner)
        *last = xd_domain_by_id(hv, owner);
    return *last;
}

#endif
