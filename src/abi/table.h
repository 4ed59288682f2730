/* SPDX-License-Identifier: MIT */
/* table.h: the rows of the .def files here as plain arrays, and lookup by number and by name. */
#ifndef XD_ABI_TABLE_H
#define XD_ABI_TABLE_H

#include "base/bug.h"

enum xd_kind {
    XD_K_NONE,
#define K(name, type) XD_K_##name,
#include "abi/kinds.def"
#undef K
    XD_KINDS
};

enum xd_dir { XD_IN = 1, XD_OUT = 2, XD_INOUT = 3 };

struct xd_field {
    const char *name;
    uint8_t kind, dir;
    uint16_t off, size; /* place in the struct, bytes */
    const char *member; /* its path in the struct: "in.extent_start"; NULL: of an argument */
};

struct xd_op {
    const char *name; /* NULL ends a table */
    uint32_t nr;
    uint16_t size;                          /* of the struct; 0 where the operation takes none */
    uint8_t dir;                            /* XD_IN: a field of it is read; XD_OUT: written */
    const struct xd_field *(*fields)(void); /* list ended by a NULL name; NULL for none */
    const char *type;                       /* the struct's name; NULL for none */
};

struct xd_group {
    const char *name;
    const struct xd_op *ops;
    size_t nr;      /* of them */
    uint32_t first; /* number of the first among the operations of all groups */
};

#define XD_OPERATIONS 640u /* room for the operations of all calls (command.h) */

enum xd_shape {
    XD_SHAPE_PLAIN,
    XD_SHAPE_OPS,
    XD_SHAPE_COMPAT,
    XD_SHAPE_MMU,
    XD_SHAPE_MMUEXT,
    XD_SHAPE_MULTI
};

#define XD_CALL_ARGS 6 /* registers rdi rsi rdx r10 r8 r9 */

struct xd_call {
    const char *name; /* NULL: Xen has no such hypercall */
    uint16_t nr;
    bool modelled;
    uint8_t shape;                     /* enum xd_shape */
    bool in_part;                      /* modelled, but for what COVERAGE.md tells */
    const struct xd_group *group;      /* OPS and COMPAT */
    struct xd_field arg[XD_CALL_ARGS]; /* in register order, ended by a NULL name */
};

#define XD_CALLS 64 /* numbers 0..63 are looked up; beyond, nothing exists */

const struct xd_call *xd_call_at(uint64_t nr); /* NULL if there is no row */
const struct xd_call *xd_call_named(const char *name, size_t len);

extern const struct xd_group xd_group_evtchn, xd_group_sched, xd_group_callback, xd_group_version,
    xd_group_memory, xd_group_mmuext, xd_group_mmu, xd_group_nmi, xd_group_physdev;
/* All of the above, ended by NULL. */
const struct xd_group *const *xd_groups(void);
uint32_t xd_groups_ops(void); /* how many operations they have */

const struct xd_op *xd_op_search(const struct xd_group *g, uint64_t nr);
static inline const struct xd_op *xd_op_at(const struct xd_group *g, uint64_t nr)
{
    /* nearly all groups count up from 0 */
    return XD_LIKELY(nr < g->nr && g->ops[nr].nr == nr) ? &g->ops[nr] : xd_op_search(g, nr);
}
const struct xd_op *xd_op_named(const struct xd_group *g, const char *name, size_t len);

const char *xd_kind_name(enum xd_kind k);
unsigned int xd_kind_bits(enum xd_kind k);

struct xd_const {
    const char *name;
    uint64_t value;
    uint8_t kind;
};
/* All named constants, ended by a NULL name. */
const struct xd_const *xd_consts(void);
const struct xd_const *xd_const_named(const char *name, size_t len,
                                      enum xd_kind kind); /* XD_K_NONE: any kind */
const struct xd_const *xd_const_of(enum xd_kind kind, uint64_t value);
size_t xd_consts_nr(void);

/* "EINVAL" for 22 or -22; NULL if unknown. */
const char *xd_errno_name(int64_t nr);
int xd_errno_named(const char *name, size_t len); /* 0 if unknown */

#endif
