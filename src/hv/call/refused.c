/* SPDX-License-Identifier: MIT */
/*
 * refused.c: calls of which little is left for PV guests on Xen 4.17 as Debian builds and boots it:
 * XSM, the virtual PMU, profiling, machine checks, and the file system of the hypervisor.
 */
#include "hv/call/call.h"

#include <string.h>

#define HC_XENOPROF_OP 31u
#define HC_HYPFS_OP    42u
#define HC_MCA         48u

static int64_t control_only(struct xd_vcpu *v, uint64_t nr)
{
    return xd_reject(v, XD_WHY_CONTROL_ONLY, nr, v->domain->domid);
}

int64_t xd_hc_xsm_op(struct xd_vcpu *v, const struct xd_args_xsm_op *arg)
{
    (void)arg;
    return xd_reject(v, XD_WHY_XSM_ABSENT);
}

int64_t xd_hc_xenpmu_op(struct xd_vcpu *v, const struct xd_args_xenpmu_op *arg)
{
    (void)arg;
    return xd_reject(v, XD_WHY_XENPMU_OFF);
}

/*
 * ---- xenoprof_op. The hardware domain becomes the primary profiler by init, and ceases to be by shutdown. Nothing is
 * counted, so no domain is on a list.
 */

enum {
    PROF_INIT = 0,
    PROF_RESET_ACTIVE = 1,
    PROF_RESET_PASSIVE = 2,
    PROF_SET_ACTIVE = 3,
    PROF_SET_PASSIVE = 4,
    PROF_RESERVE_COUNTERS = 5,
    PROF_COUNTER = 6,
    PROF_SETUP_EVENTS = 7,
    PROF_ENABLE_VIRQ = 8,
    PROF_START = 9,
    PROF_STOP = 10,
    PROF_DISABLE_VIRQ = 11,
    PROF_RELEASE_COUNTERS = 12,
    PROF_SHUTDOWN = 13,
    PROF_GET_BUFFER = 14,
    PROF_SET_BACKTRACE = 15,
    PROF_GET_IBS_CAPS = 16,
    PROF_IBS_COUNTER = 17
};
#define PROF_LAST   17
#define PROF_EVENTS 4 /* counters of the machine's processor */

/* AS-XEN: xenoprof_op_init: who can't be told has become it all the same. */
static int64_t prof_init(struct xd_vcpu *v, uint64_t at)
{
    static const char cpu[] = "x86-64/hammer";
    struct xd_abi_xenoprof_init op;

    if (!xd_copy_in(v, &op, at, sizeof(op)))
        return xd_reject(v, XD_WHY_COPY_IN, at, sizeof(op));
    op.num_events = PROF_EVENTS;
    memcpy(op.cpu_type, cpu, sizeof(cpu)); /* what lies behind it stays */
    op.is_primary = v->domain->hardware;
    if (op.is_primary)
        XD_PUT(v->hv, v->hv->profiler, true);
    if (!xd_copy_out(v, at, &op, sizeof(op)))
        return xd_reject(v, XD_WHY_COPY_OUT, at, sizeof(op));
    if (op.is_primary)
        XD_PUT(v->hv, v->hv->profiler_ready, true);
    return 0;
}

/* What only the primary profiler may do. */
static int64_t prof_primary(struct xd_vcpu *v, int32_t op, uint64_t at)
{
    uint32_t depth;

    switch (op) {
    case PROF_RESET_ACTIVE:
    case PROF_RESET_PASSIVE:
    case PROF_GET_IBS_CAPS: return 0; /* the processor has none */
    case PROF_SET_BACKTRACE:
        return xd_copy_in(v, &depth, at, sizeof(depth))
                   ? 0
                   : xd_reject(v, XD_WHY_COPY_IN, at, sizeof(depth));
    case PROF_SET_ACTIVE:
    case PROF_SET_PASSIVE:
    case PROF_RESERVE_COUNTERS:
    case PROF_SHUTDOWN:
        if (!v->hv->profiler_ready)
            return xd_reject(v, XD_WHY_XENOPROF_NOT_INITIALISED, (uint64_t)op);
        break;
    case PROF_COUNTER:
    case PROF_SETUP_EVENTS:
    case PROF_START:
    case PROF_STOP:
    case PROF_RELEASE_COUNTERS:
    case PROF_IBS_COUNTER: return xd_reject(v, XD_WHY_XENOPROF_NOT_RESERVED, (uint64_t)op);
    default: break;
    }
    if (op != PROF_SHUTDOWN)
        return xd_reject(v, XD_WHY_NOT_MODELLED, HC_XENOPROF_OP, (uint64_t)op);
    XD_PUT(v->hv, v->hv->profiler, false);
    return 0;
}

static int64_t prof_get_buffer(struct xd_vcpu *v, uint64_t at)
{
    struct xd_abi_xenoprof_get_buffer op;

    if (!xd_copy_in(v, &op, at, sizeof(op)))
        return xd_reject(v, XD_WHY_COPY_IN, at, sizeof(op));
    return xd_reject(v, XD_WHY_NOT_MODELLED, HC_XENOPROF_OP, PROF_GET_BUFFER);
}

int64_t xd_hc_xenoprof_op(struct xd_vcpu *v, const struct xd_args_xenoprof_op *arg)
{
    if (arg->op < 0 || arg->op > PROF_LAST)
        return xd_reject(v, XD_WHY_XENOPROF_OP, (uint64_t)arg->op);
    switch (arg->op) {
    case PROF_INIT: return prof_init(v, arg->arg);
    case PROF_GET_BUFFER: return prof_get_buffer(v, arg->arg);
    case PROF_ENABLE_VIRQ:
    case PROF_DISABLE_VIRQ: return xd_reject(v, XD_WHY_XENOPROF_INACTIVE, v->domain->domid);
    default:
        return v->hv->profiler && v->domain->hardware
                   ? prof_primary(v, arg->op, arg->arg)
                   : xd_reject(v, XD_WHY_XENOPROF_PRIMARY, (uint64_t)arg->op);
    }
}

/* ---- mca. The machine never has a machine check. ---- */

enum { MC_FETCH = 1, MC_PHYSCPUINFO = 3, MC_MSRINJECT, MC_MCEINJECT, MC_INJECT_V2 };
#define MCA_VERSION  0x01ecc003u
#define MCA_QUEUES   3u /* non-urgent 1, urgent 2 */
#define MCA_ACK      4u
#define MCA_NODATA   2u
#define MACHINE_CPUS 1u

static int64_t mca_answer(struct xd_vcpu *v, uint64_t at, const struct xd_abi_mc *op)
{
    return xd_copy_out(v, at, op, sizeof(*op)) ? 0 : xd_reject(v, XD_WHY_COPY_OUT, at, sizeof(*op));
}

static int64_t mca_fetch(struct xd_vcpu *v, uint64_t at, struct xd_abi_mc *op)
{
    uint32_t queue = op->u.fetch.flags & MCA_QUEUES;

    if (queue == 0 || queue == MCA_QUEUES)
        return xd_reject(v, XD_WHY_MCA_FLAGS, op->u.fetch.flags);
    if (op->u.fetch.flags & MCA_ACK)
        return 0;
    if (!op->u.fetch.data)
        return xd_reject(v, XD_WHY_MCA_BUFFER);
    op->u.fetch.flags = MCA_NODATA;
    op->u.fetch.fetch_id = 0;
    return mca_answer(v, at, op);
}

static int64_t mca_cpus(struct xd_vcpu *v, uint64_t at, struct xd_abi_mc *op)
{
    if (op->u.physcpuinfo.info)
        return op->u.physcpuinfo.ncpus == 0
                   ? xd_reject(v, XD_WHY_MCA_COUNT)
                   : xd_reject(v, XD_WHY_NOT_MODELLED, HC_MCA, MC_PHYSCPUINFO);
    op->u.physcpuinfo.ncpus = MACHINE_CPUS;
    return mca_answer(v, at, op);
}

int64_t xd_hc_mca(struct xd_vcpu *v, const struct xd_args_mca *arg)
{
    struct xd_abi_mc op;

    if (!v->domain->privileged)
        return control_only(v, HC_MCA);
    if (!xd_copy_in(v, &op, arg->op, sizeof(op)))
        return xd_reject(v, XD_WHY_COPY_IN, arg->op, sizeof(op));
    if (op.interface_version != MCA_VERSION)
        return xd_reject(v, XD_WHY_CONTROL_VERSION, HC_MCA, op.interface_version, MCA_VERSION);
    switch (op.cmd) {
    case MC_FETCH: return mca_fetch(v, arg->op, &op);
    case MC_PHYSCPUINFO: return mca_cpus(v, arg->op, &op);
    case MC_MSRINJECT:
    case MC_MCEINJECT:
    case MC_INJECT_V2: return xd_reject(v, XD_WHY_NOT_MODELLED, HC_MCA, op.cmd);
    default: return xd_reject(v, XD_WHY_MCA_CMD, op.cmd);
    }
}

/* ---- hypfs_op. What is in the tree is not modelled. ---- */

enum { HYPFS_GET_VERSION, HYPFS_READ, HYPFS_WRITE_CONTENTS };
#define HYPFS_VERSION  1
#define HYPFS_PATH_MAX 1024u

int64_t xd_hc_hypfs_op(struct xd_vcpu *v, const struct xd_args_hypfs_op *arg)
{
    char path[HYPFS_PATH_MAX];

    if (!v->domain->privileged)
        return control_only(v, HC_HYPFS_OP);
    if (arg->cmd == HYPFS_GET_VERSION)
        return arg->arg1 || arg->arg2 || arg->arg3 || arg->arg4 ? xd_reject(v, XD_WHY_HYPFS_ARGS)
                                                                : HYPFS_VERSION;
    if (arg->arg2 > sizeof(path))
        return xd_reject(v, XD_WHY_HYPFS_PATH_LENGTH, arg->arg2);
    if (!xd_copy_in(v, path, arg->arg1, (size_t)arg->arg2))
        return xd_reject(v, XD_WHY_COPY_IN, arg->arg1, arg->arg2);
    if (arg->arg2 == 0 || memchr(path, 0, (size_t)arg->arg2) != path + arg->arg2 - 1)
        return xd_reject(v, XD_WHY_HYPFS_PATH_END, arg->arg2);
    if (path[0] != '/')
        return xd_reject(v, XD_WHY_HYPFS_PATH_ROOT);
    if (arg->cmd > HYPFS_WRITE_CONTENTS && path[1] == '\0')
        return xd_reject(v, XD_WHY_HYPFS_CMD, arg->cmd); /* behind a path that leads somewhere */
    return xd_reject(v, XD_WHY_NOT_MODELLED, HC_HYPFS_OP, arg->cmd);
}
