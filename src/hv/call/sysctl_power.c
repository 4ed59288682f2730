/* SPDX-License-Identifier: MIT */
/*
 * sysctl_power.c: sysctl's commands about power, and processors that come and go. Xen has a driver for idle states
 * of the processor, C0 and C1 until it is told of more (platform_op), and none for frequencies.
 */
#include "hv/call/sysctl.h"

#define CPUS        1u
#define CATEGORY    0xf0u
#define CATEGORY_PX 0x10u
#define CATEGORY_CX 0x20u

enum { MAX_CX = 0x21, GET_CX, RESET_CX };

static int64_t bad_cpu(struct xd_sysctl *c, uint32_t cpu)
{
    return xd_reject(c->v, XD_WHY_NO_CPU, cpu);
}

/* Zeros for the states of packages and cores that counters would be there for. AS-XEN: PUT_xC */
static int64_t tell_deep(struct xd_sysctl *c, uint64_t at, uint32_t room, const uint8_t *states,
                         size_t n)
{
    const uint64_t none = 0;
    int64_t rc = 0;

    for (size_t i = 0; i < n && rc == 0; i++)
        if (room >= states[i])
            rc = xd_sysctl_write(c, at + (states[i] - 1u) * sizeof(none), &none, sizeof(none));
    return rc;
}

/*
 * How often and how long the processor was in a state. It was never idle. AS-XEN: pmstat_get_cx_stat: where nobody told of states, it
 * was in each of two once. There is no more told than there is room for.
 */
static int64_t get_cx(struct xd_sysctl *c)
{
    static const uint8_t packages[] = {2, 3, 4, 6, 7, 8, 9, 10}, cores[] = {1, 3, 6, 7};
    const struct xd_hv *hv = c->v->hv;
    struct xd_abi_pm_cx_stat *s = &c->op.u.pmstat.u.cx;
    const uint64_t once = !hv->cx_told, times[XD_CX_STATES_MAX] = {once, once},
                   ns[XD_CX_STATES_MAX] = {hv->now_ns};
    const uint32_t nr = s->nr < hv->cx_states ? s->nr : hv->cx_states;
    int64_t rc = 0;

    s->nr = hv->cx_told ? hv->cx_states : XD_CX_STATES;
    s->last = 0;
    s->idle_time = 0;
    if (hv->cx_told)
        rc = tell_deep(c, s->pc, s->nr_pc, packages, sizeof(packages));
    if (hv->cx_told && rc == 0)
        rc = tell_deep(c, s->cc, s->nr_cc, cores, sizeof(cores));
    if (rc == 0)
        rc = xd_sysctl_write(c, s->triggers, times, nr * sizeof(*times));
    if (rc == 0)
        rc = xd_sysctl_write(c, s->residencies, ns, nr * sizeof(*ns));
    s->nr_pc = s->nr_cc = 0;
    return rc;
}

int64_t xd_sysctl_pmstat(struct xd_sysctl *c)
{
    const uint32_t type = c->op.u.pmstat.type;

    if (c->op.u.pmstat.cpuid >= CPUS)
        return bad_cpu(c, c->op.u.pmstat.cpuid);
    if ((type & CATEGORY) != CATEGORY_CX)
        return xd_reject(c->v, XD_WHY_PM_NO_DRIVER, type);
    switch (type) {
    case MAX_CX: c->op.u.pmstat.u.cx.nr = c->v->hv->cx_states; return 0;
    case GET_CX: return get_cx(c);
    case RESET_CX: return 0;
    default: return xd_reject(c->v, XD_WHY_OP_UNKNOWN, type);
    }
}

enum {
    GET_PARA = 0x11,
    SET_GOVERNOR,
    SET_PARA,
    GET_AVERAGE,
    SET_SMT = 0x21,
    GET_CSTATE,
    SET_CSTATE,
    TURBO_ON = 0x26,
    TURBO_OFF
};

/* (cpuid) says which of two limits is meant: states, or what is below them. */
static int64_t cstate(struct xd_sysctl *c, bool set)
{
    const uint32_t which = c->op.u.pm.cpuid;

    if (which >= XD_ARRAY_SIZE(c->v->hv->cstate_max))
        return xd_reject(c->v, XD_WHY_PM_LIMIT, which);
    if (set)
        XD_PUT(c->v->hv, c->v->hv->cstate_max[which], c->op.u.pm.u.value);
    else
        c->op.u.pm.u.value = c->v->hv->cstate_max[which];
    return 0;
}

static int64_t set_smt(struct xd_sysctl *c)
{
    struct xd_hv *hv = c->v->hv;
    const bool was = hv->smt_saves_power;

    if (c->op.u.pm.cpuid)
        return bad_cpu(c, c->op.u.pm.cpuid);
    XD_PUT(hv, hv->smt_saves_power, c->op.u.pm.u.value != 0);
    c->op.u.pm.u.value = was;
    return 0;
}

/* Xen may have been told of frequencies, but has no driver that sets them. AS-XEN: cpufreq_driver_getavg: so the average is 0. */
static int64_t frequency(struct xd_sysctl *c, uint32_t cmd)
{
    if (!c->v->hv->px_known)
        return xd_reject(c->v, XD_WHY_PM_NO_STATES, cmd);
    switch (cmd) {
    case GET_PARA:
    case SET_GOVERNOR:
    case SET_PARA: return xd_reject(c->v, XD_WHY_PM_NO_POLICY, cmd);
    case GET_AVERAGE: c->op.u.pm.u.avg_freq = 0; return 0;
    default: return xd_reject(c->v, XD_WHY_OP_UNKNOWN, cmd);
    }
}

int64_t xd_sysctl_pm(struct xd_sysctl *c)
{
    const uint32_t cmd = c->op.u.pm.cmd;

    switch (cmd) {
    case SET_SMT: return set_smt(c);
    case GET_CSTATE:
    case SET_CSTATE: return cstate(c, cmd == SET_CSTATE);
    default: break;
    }
    if (c->op.u.pm.cpuid >= CPUS)
        return bad_cpu(c, c->op.u.pm.cpuid);
    if ((cmd & CATEGORY) == CATEGORY_PX)
        return frequency(c, cmd);
    if (cmd == TURBO_ON || cmd == TURBO_OFF)
        return xd_reject(c->v, XD_WHY_PM_TURBO);
    return xd_reject(c->v, XD_WHY_OP_UNKNOWN, cmd);
}

enum { CPU_ONLINE, CPU_OFFLINE };

int64_t xd_sysctl_hotplug(struct xd_sysctl *c)
{
    const uint32_t cpu = c->op.u.hotplug.cpu;

    c->copyback = XD_COPYBACK_NEVER;
    switch (c->op.u.hotplug.op) {
    case CPU_ONLINE:
        return xd_answer_outside(c->v, cpu < CPUS ? xd_reject(c->v, XD_WHY_CPU_IS_UP, cpu)
                                                  : bad_cpu(c, cpu));
    case CPU_OFFLINE:
        return xd_answer_outside(c->v,
                                 cpu ? bad_cpu(c, cpu) : xd_reject(c->v, XD_WHY_CPU_IS_FIRST));
    default: return xd_reject(c->v, XD_WHY_CPU_HOTPLUG, c->op.u.hotplug.op);
    }
}
