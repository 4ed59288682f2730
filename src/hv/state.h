/* SPDX-License-Identifier: MIT */
/*
 * state.h: all state of a machine, field by field, for files that outlive the process.
 *
 * The rows of state.c name every field that is kept, and what may stand in it. What follows from others is
 * not kept but made anew: pointers, a machine's fixed frames, what I/O rights allow. A field without a row
 * would be lost on the way through a file; test-state.c compares digests.
 *
 * A file is little-endian:
 *
 *     "xendoubl" version:4 0:4
 *     sections: name:4 0:4 length:8 hash:8, then that many bytes
 *
 * MACH, DOM (one for each domain), FRAM (runs of equal records of frames), MEM (words that are not as a new
 * machine has them), END. The hash covers name and length too.
 */
#ifndef XD_HV_STATE_H
#define XD_HV_STATE_H

#include "base/strbuf.h"
#include "hv/frame.h"

#define XD_STATE_VERSION 8u
#define XD_STATE_HEAD    16u /* bytes before the first section */
#define XD_STATE_SECTION 24u /* before what is in one */

/* What a field may hold. */
enum xd_state_rule {
    XD_STATE_MAX,  /* at most (limit) */
    XD_STATE_BITS, /* none but those of (limit) */
    XD_STATE_MFN,  /* a frame of the machine */
    XD_STATE_VA,   /* a canonical address */
    XD_STATE_OK,   /* an address that Xen follows for a guest */
};

struct xd_state_row {
    const char *name; /* NULL: the last row was the one before */
    uint32_t at;
    uint32_t nr, stride; /* of an array; 1 otherwise */
    uint8_t size;        /* 1, 2, 4 or 8 bytes */
    uint8_t rule;
    uint64_t limit;
};

extern const struct xd_state_row xd_state_machine[], xd_state_domain[], xd_state_vcpu[],
    xd_state_e820[], xd_state_vnuma[], xd_state_range[], xd_state_policy[], xd_state_port[],
    xd_state_frame[];

/* What stands in word (slot) of a frame of a machine that nothing happened to yet. */
static inline uint64_t xd_state_blank(const struct xd_hv *hv, uint64_t mfn)
{
    return mfn >= hv->m2p_first.v && mfn < hv->m2p_l3.v ? ~UINT64_C(0) : 0;
}

/* Adds the file of (hv) to (out). */
void xd_state_write(struct xd_hv *hv, struct xd_str *out);

/* Makes lengths and hashes of sections fit what is in them, as far as there are sections to be seen. */
void xd_state_seal(unsigned char *file, size_t n);

/* A machine from a file: 0, -EINVAL if this is none or -ENOMEM, with one line or more in (error). */
int xd_state_read(struct xd_hv **hv, const void *file, size_t n, struct xd_str *error);

#endif
