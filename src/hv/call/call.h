/* SPDX-License-Identifier: MIT */
/*
 * call.h: the handlers of all hypercalls, and the one way sub-operations are run.
 *
 * Prototypes come from hypercalls.def: long xd_hc_<name>(vcpu, const struct xd_args_<name> *),
 * arguments already cut to their width. A handler returns what RAX gets; it refuses with `return
 * xd_reject(v, XD_WHY_...)`. Handlers read in two paragraphs: decide (every check, in Xen's order,
 * nothing changed) and commit (cannot refuse).
 */
#ifndef XD_HV_CALL_CALL_H
#define XD_HV_CALL_CALL_H

#include "hv/copy.h"
#include "hv/frame.h"
#include "hv/hv.h"

#define K(name, type) typedef type xd_arg_##name;
#include "abi/kinds.def"
#undef K

#define VAL(kind, name) xd_arg_##kind name;
#define HC(nr, name, shape, args) \
    struct xd_args_##name {       \
        args                      \
    };                            \
    int64_t xd_hc_##name(struct xd_vcpu *v, const struct xd_args_##name *arg);
#define TODO(nr, name, args)
#include "abi/hypercalls.def"
#undef HC
#undef TODO
#undef VAL

/* May (v) make a hypercall? xd_vcpu_state says RUNNING, nothing is left to continue, and no handler
 * is at work. */
static inline bool xd_may_call(const struct xd_vcpu *v)
{
    return !(v->stopped | v->hv->off | v->hv->host->in_call);
}

/* Runs call (nr) on (v): records, observers, the table. (depth) is 1 inside a multicall. */
int64_t xd_call_run(struct xd_vcpu *v, uint64_t nr, const uint64_t *arg, unsigned int depth);

/*
 * What the present call of (v) has done outside of it, with (v) paused, came to (rc): gives what the call itself results in. In a list
 * of calls that is 0, and (rc) goes to RAX when the list was left, if the machine is still on. AS-XEN: continue_hypercall_on_cpu
 */
int64_t xd_answer_outside(struct xd_vcpu *v, int64_t rc);

/* Its parts, for those who know that nobody looks on: call (nr) is noted, and where its arguments are to be is
 * returned; it is looked up and run. */
typedef int64_t xd_call_fn(struct xd_vcpu *v, const uint64_t *arg);
extern xd_call_fn *const xd_call_handler[XD_CALLS]; /* NULL: there is no such call */
int64_t xd_call_unknown(struct xd_vcpu *v);

/* Back to the guest behind an iret, by SYSRET if it came by SYSCALL; false: the domain crashed. In iret.c. */
bool xd_iret_leave(struct xd_vcpu *v, bool sysret);

static inline uint64_t *xd_call_note(struct xd_vcpu *v, uint64_t nr)
{
    struct xd_record *rec = &v->rec;

    rec->nr = nr;
    rec->reject.why = XD_WHY_NONE;
    rec->batch = false;
    return rec->arg;
}

static inline int64_t xd_call_asked(struct xd_vcpu *v, uint64_t nr, const uint64_t *arg)
{
    if (XD_UNLIKELY(nr >= XD_CALLS || !xd_call_handler[nr]))
        return xd_call_unknown(v);
    return xd_call_handler[nr](v, arg);
}

/*
 * LIMIT: elements of a list, of a length that only the caller knows, that a call looks at. Xen reads on for as long as there is
 * memory, and a caller can map one page wherever it likes. What is longer is not modelled, and shall not hold up the host.
 */
#define XD_LIST_MAX (1u << 20)

typedef int64_t xd_op_fn(struct xd_vcpu *v, void *copy);

/*
 * Runs sub-operation (cmd) of (group): copies its struct in once from (arg), runs it on the private
 * copy, copies it out once if it returned 0 and the row has an OUT field. (run) is indexed by
 * number and has (run_nr) elements; a row without a function is not modelled. AS-XEN:
 * do_event_channel_op and others: when copying out fails the effect stays.
 */
int64_t xd_op_run(struct xd_vcpu *v, const struct xd_group *group, xd_op_fn *const *run,
                  size_t run_nr, uint64_t cmd, uint64_t arg);

/*
 * Lists of bits of the guest's, in bits.c: the first (n) bytes, those that it has not got being 0; behind them, zeros as far as it has
 * room. -EFAULT where that is no memory. AS-XEN: xenctl_bitmap_to_bitmap, bitmap_to_xenctl_bitmap
 */
int64_t xd_bits_in(struct xd_vcpu *v, const struct xd_abi_bitmap *map, unsigned char *bits,
                   size_t n);
int64_t xd_bits_out(struct xd_vcpu *v, const struct xd_abi_bitmap *map, const unsigned char *bits,
                    size_t n);
/* The same of processors, of which there is one: bit 0. */
int64_t xd_cpus_in(struct xd_vcpu *v, const struct xd_abi_bitmap *map, bool *cpu0);
int64_t xd_cpus_out(struct xd_vcpu *v, const struct xd_abi_bitmap *map, bool cpu0);

/*
 * A file joins its handlers to the rows of its group like this:
 *     #define OP0 XD_OP0_THUNK / #define OP XD_OP_THUNK / #include "abi/ops_x.def" / #undef both
 *     static xd_op_fn *const run[] = { (the same with XD_OP0_SLOT, XD_OP_SLOT) };
 * where the handler of row (name) is `static long name(struct xd_vcpu *v, struct xd_abi_<type>
 * *op)`, or (v) alone.
 */
#define XD_OP0_THUNK(group, nr, name)                        \
    static int64_t run_##name(struct xd_vcpu *v, void *copy) \
    {                                                        \
        (void)copy;                                          \
        return name(v);                                      \
    }
#define XD_OP_THUNK(group, nr, name, type, fields)           \
    static int64_t run_##name(struct xd_vcpu *v, void *copy) \
    {                                                        \
        return name(v, (struct xd_abi_##type *)copy);        \
    }
#define XD_OP0_SLOT(group, nr, name)              [nr] = run_##name,
#define XD_OP_SLOT(group, nr, name, type, fields) [nr] = run_##name,

#endif
