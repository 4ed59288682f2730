/* SPDX-License-Identifier: MIT */
/* table.c: expands the rows of the .def files into arrays. Nothing here knows what a call does. */
#include "abi/table.h"

#include "abi/errno.h"
#include "abi/guest64.h"

/* Field lists: one function an operation, since only inside it can S_ name the row's own struct. */
#define FIELD(kind, dir, name, path) \
    {name, XD_K_##kind, dir, offsetof(S_, path), sizeof(((S_ *)0)->path), #path},
#define IN(kind, m)            FIELD(kind, XD_IN, #m, m)
#define OUT(kind, m)           FIELD(kind, XD_OUT, #m, m)
#define INOUT(kind, m)         FIELD(kind, XD_INOUT, #m, m)
#define INM(kind, name, path)  FIELD(kind, XD_IN, #name, path)
#define OUTM(kind, name, path) FIELD(kind, XD_OUT, #name, path)
#define OP0(group, nr, name)
#define OP(group, nr, name, type, list)                                    \
    static const struct xd_field *group##_##name##_fields(void)            \
    {                                                                      \
        typedef struct xd_abi_##type S_;                                   \
        static const struct xd_field f[] = {list{NULL, 0, 0, 0, 0, NULL}}; \
        return f;                                                          \
    }
#include "abi/ops_callback.def"
#include "abi/ops_evtchn.def"
#include "abi/ops_memory.def"
#include "abi/ops_mmu.def"
#include "abi/ops_nmi.def"
#include "abi/ops_physdev.def"
#include "abi/ops_sched.def"
#include "abi/ops_version.def"
#undef OP
#undef OP0
#undef IN
#undef OUT
#undef INOUT
#undef INM
#undef OUTM
#undef FIELD

/* Operation tables: a row reads and writes what any of its fields does. */
#define IN(kind, m)            | XD_IN
#define OUT(kind, m)           | XD_OUT
#define INOUT(kind, m)         | XD_INOUT
#define INM(kind, name, path)  | XD_IN
#define OUTM(kind, name, path) | XD_OUT
#define OP0(group, nr, name)   {#name, nr, 0, 0, NULL, NULL},
#define OP(group, nr, name, type, list) \
    {#name, nr, sizeof(struct xd_abi_##type), 0 list, group##_##name##_fields, #type},
#define END                       \
    {                             \
        NULL, 0, 0, 0, NULL, NULL \
    }
static const struct xd_op callback_ops[] = {
#include "abi/ops_callback.def"
    END};
static const struct xd_op evtchn_ops[] = {
#include "abi/ops_evtchn.def"
    END};
static const struct xd_op memory_ops[] = {
#include "abi/ops_memory.def"
    END};
static const struct xd_op mmuext_ops[] = {
#include "abi/ops_mmu.def"
    END};
static const struct xd_op nmi_ops[] = {
#include "abi/ops_nmi.def"
    END};
static const struct xd_op physdev_ops[] = {
#include "abi/ops_physdev.def"
    END};
static const struct xd_op sched_ops[] = {
#include "abi/ops_sched.def"
    END};
static const struct xd_op version_ops[] = {
#include "abi/ops_version.def"
    END};
#undef OP
#undef OP0
#define CMD(nr, name) {#name, nr, sizeof(struct xd_abi_mmu_update), 0, NULL, NULL},
static const struct xd_op mmu_cmds[] = {
#include "abi/ops_mmu.def"
    END};
#undef CMD
#undef IN
#undef OUT
#undef INOUT
#undef INM
#undef OUTM

/* Numbers of the first operations, and of what is behind the last. */
#define BEHIND(first, ops) ((first) + XD_ARRAY_SIZE(ops) - 1)
enum {
    FIRST_CALLBACK = 0,
    FIRST_EVTCHN = BEHIND(FIRST_CALLBACK, callback_ops),
    FIRST_MEMORY = BEHIND(FIRST_EVTCHN, evtchn_ops),
    FIRST_MMUEXT = BEHIND(FIRST_MEMORY, memory_ops),
    FIRST_MMU = BEHIND(FIRST_MMUEXT, mmuext_ops),
    FIRST_NMI = BEHIND(FIRST_MMU, mmu_cmds),
    FIRST_PHYSDEV = BEHIND(FIRST_NMI, nmi_ops),
    FIRST_SCHED = BEHIND(FIRST_PHYSDEV, physdev_ops),
    FIRST_VERSION = BEHIND(FIRST_SCHED, sched_ops),
    GROUPS_OPS = BEHIND(FIRST_VERSION, version_ops)
};

#define GROUP(name, ops, first)                  \
    {                                            \
        name, ops, XD_ARRAY_SIZE(ops) - 1, first \
    }
const struct xd_group xd_group_callback = GROUP("CALLBACKOP", callback_ops, FIRST_CALLBACK);
const struct xd_group xd_group_evtchn = GROUP("EVTCHNOP", evtchn_ops, FIRST_EVTCHN);
const struct xd_group xd_group_memory = GROUP("XENMEM", memory_ops, FIRST_MEMORY);
const struct xd_group xd_group_mmuext = GROUP("MMUEXT", mmuext_ops, FIRST_MMUEXT);
const struct xd_group xd_group_mmu = GROUP("MMU", mmu_cmds, FIRST_MMU);
const struct xd_group xd_group_nmi = GROUP("NMIOP", nmi_ops, FIRST_NMI);
const struct xd_group xd_group_physdev = GROUP("PHYSDEVOP", physdev_ops, FIRST_PHYSDEV);
const struct xd_group xd_group_sched = GROUP("SCHEDOP", sched_ops, FIRST_SCHED);
const struct xd_group xd_group_version = GROUP("XENVER", version_ops, FIRST_VERSION);

const struct xd_group *const *xd_groups(void)
{
    static const struct xd_group *const all[] = {
        &xd_group_mmu,     &xd_group_mmuext,   &xd_group_memory, &xd_group_evtchn,  &xd_group_sched,
        &xd_group_version, &xd_group_callback, &xd_group_nmi,    &xd_group_physdev, NULL};

    return all;
}

uint32_t xd_groups_ops(void)
{
    return GROUPS_OPS;
}

/* Hypercalls, found by number. */
#define GROUP_XENMEM              &xd_group_memory
#define GROUP_XENVER              &xd_group_version
#define GROUP_SCHEDOP             &xd_group_sched
#define GROUP_CALLBACKOP          &xd_group_callback
#define GROUP_EVTCHNOP            &xd_group_evtchn
#define GROUP_NMIOP               &xd_group_nmi
#define GROUP_PHYSDEVOP           &xd_group_physdev
#define PLAIN                     XD_SHAPE_PLAIN, false, NULL
#define IN_PART                   XD_SHAPE_PLAIN, true, NULL
#define OPS(g)                    XD_SHAPE_OPS, false, GROUP_##g
#define COMPAT(g)                 XD_SHAPE_COMPAT, false, GROUP_##g
#define MMU                       XD_SHAPE_MMU, false, &xd_group_mmu
#define MMUEXT                    XD_SHAPE_MMUEXT, false, &xd_group_mmuext
#define MULTI                     XD_SHAPE_MULTI, false, NULL
#define VAL(kind, name)           {#name, XD_K_##kind, XD_IN, 0, 8, NULL},
#define HC(nr, name, shape, args) [nr] = {#name, nr, true, shape, {args}},
#define TODO(nr, name, args)      [nr] = {#name, nr, false, PLAIN, {args}},
static const struct xd_call calls[XD_CALLS] = {
#include "abi/hypercalls.def"
};
#undef HC
#undef TODO
#undef VAL

const struct xd_call *xd_call_at(uint64_t nr)
{
    return nr < XD_CALLS && calls[nr].name ? &calls[nr] : NULL;
}

static bool same(const char *a, const char *text, size_t len)
{
    size_t i = 0;

    while (i < len && a[i] && a[i] == text[i])
        i++;
    return i == len && !a[i];
}

const struct xd_call *xd_call_named(const char *name, size_t len)
{
    for (size_t i = 0; i < XD_CALLS; i++)
        if (calls[i].name && same(calls[i].name, name, len))
            return &calls[i];
    return NULL;
}

const struct xd_op *xd_op_search(const struct xd_group *g, uint64_t nr)
{
    for (const struct xd_op *op = g->ops; op->name; op++)
        if (op->nr == nr)
            return op;
    return NULL;
}

const struct xd_op *xd_op_named(const struct xd_group *g, const char *name, size_t len)
{
    for (const struct xd_op *op = g->ops; op->name; op++)
        if (same(op->name, name, len))
            return op;
    return NULL;
}

static const struct {
    const char *name;
    unsigned int bits;
} kinds[XD_KINDS] = {
    {"none", 0},
#define K(name, type) {#name, sizeof(type) * 8},
#include "abi/kinds.def"
#undef K
};

const char *xd_kind_name(enum xd_kind k)
{
    return kinds[k].name;
}

unsigned int xd_kind_bits(enum xd_kind k)
{
    return kinds[k].bits;
}

static const struct xd_const consts[] = {
#define C(kind, name, value) {#name, value, XD_K_##kind},
#include "abi/consts.def"
#include "abi/consts_control.def"
#undef C
    {NULL, 0, 0}};

/* The operations of the groups may have a second number each. */
_Static_assert(2 * GROUPS_OPS + XD_ARRAY_SIZE(consts) <= XD_OPERATIONS, "operations");

const struct xd_const *xd_consts(void)
{
    return consts;
}

size_t xd_consts_nr(void)
{
    return XD_ARRAY_SIZE(consts) - 1;
}

const struct xd_const *xd_const_named(const char *name, size_t len, enum xd_kind kind)
{
    for (const struct xd_const *c = consts; c->name; c++)
        if ((kind == XD_K_NONE || kind == c->kind) && same(c->name, name, len))
            return c;
    return NULL;
}

const struct xd_const *xd_const_of(enum xd_kind kind, uint64_t value)
{
    for (const struct xd_const *c = consts; c->name; c++)
        if (c->kind == kind && c->value == value)
            return c;
    return NULL;
}

static const struct {
    const char *name;
    int nr;
} errnos[] = {
#define X(name, nr) {#name, nr},
    XD_ERRNOS(X)
#undef X
};

const char *xd_errno_name(int64_t nr)
{
    for (size_t i = 0; i < XD_ARRAY_SIZE(errnos); i++)
        if (errnos[i].nr == nr || errnos[i].nr == -nr)
            return errnos[i].name;
    return NULL;
}

int xd_errno_named(const char *name, size_t len)
{
    for (size_t i = 0; i < XD_ARRAY_SIZE(errnos); i++)
        if (same(errnos[i].name, name, len))
            return errnos[i].nr;
    return 0;
}
