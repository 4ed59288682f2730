/* SPDX-License-Identifier: MIT */
/* show.h: values, structs and calls as people read them, by the rows of the tables. */
#ifndef XD_ABI_SHOW_H
#define XD_ABI_SHOW_H

#include "abi/table.h"
#include "base/strbuf.h"

/* A value of (kind): SELF, d3, 0x1f, writable_pagetables, P|RW|... */
void xd_show_value(struct xd_str *out, enum xd_kind kind, uint64_t value);

/* The flags of a page-table entry as P|RW|US; 0 for none. */
void xd_show_pte_flags(struct xd_str *out, uint64_t pte);

/* name(arg=value, ...) for hypercall (nr). */
void xd_show_call(struct xd_str *out, uint64_t nr, const uint64_t *arg);

/* The fields of (op) that go in direction (dir), " name=value" each, from a struct in host memory.
 */
void xd_show_fields(struct xd_str *out, const struct xd_op *op, const void *copy, enum xd_dir dir);

#endif
