/* SPDX-License-Identifier: MIT */
/* reject.h: the reasons of rejects.def as an enum and a table. */
#ifndef XD_ABI_REJECT_H
#define XD_ABI_REJECT_H

#include "base/bug.h"

enum xd_why {
    XD_WHY_NONE,
#define WHY(id, err, subject, xen, sentence) XD_WHY_##id,
#include "abi/rejects.def"
#undef WHY
    XD_WHYS
};

enum xd_why_subject {
    XD_SUBJECT_NONE,
    XD_SUBJECT_FRAME,
    XD_SUBJECT_PORT,
    XD_SUBJECT_DOMAIN,
    XD_SUBJECT_HEAP,
    XD_SUBJECT_LEVER
};

struct xd_why_row {
    const char *name;     /* the id; programs write it as xd_why_name gives it */
    int err;              /* Xen errno, positive; 0 where the call reports otherwise */
    uint8_t subject;      /* what argument 0 names */
    const char *xen;      /* function in Xen 4.17 */
    const char *sentence; /* with {m0}... as rejects.def says */
};

const struct xd_why_row *xd_why_row(
    enum xd_why why); /* NONE gives a row that says "nothing was refused" */

#define XD_WHY_NAME_MAX 40
/* The name as programs write it: frame-mapped-writable. Returns (buf). */
const char *xd_why_name(enum xd_why why, char buf[XD_WHY_NAME_MAX]);
enum xd_why xd_why_named(const char *name, size_t len); /* XD_WHY_NONE if unknown */

#endif
