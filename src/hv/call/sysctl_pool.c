/* SPDX-License-Identifier: MIT */
/*
 * sysctl_pool.c: sysctl's cpupool_op and scheduler_op.
 *
 * The machine has one processor, which stays in pool 0 with all domains. Xen allows twice as many pools as there are
 * processors: so there may be one more, without any.
 */
#include "hv/call/sysctl.h"

#include "hv/pool.h"

#define ANY       UINT32_MAX
#define CPUS      1u
#define RATE_MIN  100u
#define RATE_MAX  500000u
#define SLICE_MAX 1000u
#define DELAY_MAX 100000u

static int64_t create(struct xd_sysctl *c)
{
    struct xd_hv *hv = c->v->hv;
    uint32_t id = c->op.u.pool.cpupool_id, sched = c->op.u.pool.sched_id;

    if (hv->pool[1].used)
        return xd_reject(c->v, XD_WHY_POOL_MANY);
    if (id == 0)
        return xd_reject(c->v, XD_WHY_POOL_EXISTS, id);
    if (sched != XD_SCHED_CREDIT && sched != XD_SCHED_CREDIT2)
        return xd_reject(c->v, XD_WHY_POOL_SCHEDULER, sched);
    c->op.u.pool.cpupool_id = id = id == ANY ? 1 : id;
    xd_pool_make(hv, 1, id, sched);
    return 0;
}

static int64_t unknown(struct xd_sysctl *c)
{
    return xd_reject(c->v, XD_WHY_POOL_UNKNOWN, c->op.u.pool.cpupool_id);
}

static int64_t destroy(struct xd_sysctl *c)
{
    struct xd_hv *hv = c->v->hv;
    const struct xd_pool *p = xd_pool_find(hv, c->op.u.pool.cpupool_id);

    if (!p)
        return unknown(c);
    if (p == &hv->pool[0])
        return xd_reject(c->v, XD_WHY_POOL_BUSY);
    XD_PUT(hv, hv->pool[1], ((struct xd_pool){0}));
    return 0;
}

/* Of the pool, or the next one. AS-XEN: complete_domain_destroy: a domain counts until the last of it is gone. */
static int64_t info(struct xd_sysctl *c)
{
    struct xd_hv *hv = c->v->hv;
    const uint32_t id = c->op.u.pool.cpupool_id;
    const struct xd_pool *p = &hv->pool[0];

    if (id)
        p = &hv->pool[1];
    if (!p->used || p->id < id)
        return unknown(c);
    c->op.u.pool.cpupool_id = p->id;
    c->op.u.pool.sched_id = p->sched;
    c->op.u.pool.n_dom = 0;
    for (uint32_t i = 0; p == &hv->pool[0] && i < hv->config.domains_max; i++)
        c->op.u.pool.n_dom += hv->domain[i].used;
    return xd_cpus_out(c->v, &c->op.u.pool.cpumap, p == &hv->pool[0]);
}

/* No processor is free. */
static int64_t add_cpu(struct xd_sysctl *c)
{
    const uint32_t cpu = c->op.u.pool.cpu;

    if (!xd_pool_find(c->v->hv, c->op.u.pool.cpupool_id))
        return unknown(c);
    return cpu < CPUS || cpu == ANY ? xd_reject(c->v, XD_WHY_POOL_NO_CPU)
                                    : xd_reject(c->v, XD_WHY_NO_CPU, cpu);
}

static int64_t remove_cpu(struct xd_sysctl *c)
{
    const struct xd_pool *p = xd_pool_find(c->v->hv, c->op.u.pool.cpupool_id);
    const bool first = p == &c->v->hv->pool[0];
    uint32_t cpu = c->op.u.pool.cpu;

    if (!p)
        return unknown(c);
    if (cpu == ANY)
        cpu = first ? 0 : CPUS;
    if (cpu >= CPUS)
        return xd_reject(c->v, XD_WHY_NO_CPU, cpu);
    return first ? xd_reject(c->v, XD_WHY_POOL_FIRST_CPU) : xd_reject(c->v, XD_WHY_POOL_OTHER_CPU);
}

/* Where there is no processor nobody goes. */
static int64_t move_domain(struct xd_sysctl *c)
{
    const uint32_t domid = c->op.u.pool.domid;
    const struct xd_domain *d = xd_domain_by_id(c->v->hv, (uint16_t)domid);

    if (d == c->v->domain)
        return xd_reject(c->v, XD_WHY_POOL_SELF, c->v->domain->domid);
    if (!d)
        return xd_reject(c->v, XD_WHY_POOL_DOMAIN, (uint16_t)domid);
    if (c->op.u.pool.cpupool_id == 0)
        return 0;
    return unknown(c);
}

enum { CREATE = 1, DESTROY, INFO, ADD_CPU, REMOVE_CPU, MOVE_DOMAIN, FREE_INFO };

int64_t xd_sysctl_pool(struct xd_sysctl *c)
{
    switch (c->op.u.pool.op) {
    case CREATE: return create(c);
    case DESTROY: return destroy(c);
    case INFO: return info(c);
    case ADD_CPU: return add_cpu(c);
    case REMOVE_CPU: return remove_cpu(c);
    case MOVE_DOMAIN: return move_domain(c);
    case FREE_INFO: return xd_cpus_out(c->v, &c->op.u.pool.cpumap, false);
    default: return xd_reject(c->v, XD_WHY_OP_UNKNOWN, c->op.u.pool.op);
    }
}

/* ---- scheduler_op ---- */

enum { PUT_INFO, GET_INFO };

static bool rate_ok(uint32_t us)
{
    return us == 0 || (us >= RATE_MIN && us <= RATE_MAX);
}

static int64_t credit2(struct xd_sysctl *c, struct xd_pool *p, bool put)
{
    if (put && !rate_ok(c->op.u.scheduler.u.credit2.ratelimit_us))
        return xd_reject(c->v, XD_WHY_SCHEDULER_SETTING);
    if (put)
        XD_PUT(c->v->hv, p->ratelimit_us, c->op.u.scheduler.u.credit2.ratelimit_us);
    c->op.u.scheduler.u.credit2.ratelimit_us = p->ratelimit_us;
    return 0;
}

static int64_t credit(struct xd_sysctl *c, struct xd_pool *p, bool put)
{
    const uint32_t slice = c->op.u.scheduler.u.credit.tslice_ms,
                   rate = c->op.u.scheduler.u.credit.ratelimit_us,
                   delay = c->op.u.scheduler.u.credit.migr_delay_us;

    if (put && (slice > SLICE_MAX || slice < 1 || !rate_ok(rate) || rate > slice * 1000 ||
                delay > DELAY_MAX))
        return xd_reject(c->v, XD_WHY_SCHEDULER_SETTING);
    if (put) {
        XD_PUT(c->v->hv, p->tslice_ms, slice);
        XD_PUT(c->v->hv, p->ratelimit_us, rate);
        XD_PUT(c->v->hv, p->migr_delay_us, delay);
    }
    c->op.u.scheduler.u.credit.tslice_ms = p->tslice_ms;
    c->op.u.scheduler.u.credit.ratelimit_us = p->ratelimit_us;
    c->op.u.scheduler.u.credit.migr_delay_us = p->migr_delay_us;
    return 0;
}

int64_t xd_sysctl_scheduler(struct xd_sysctl *c)
{
    const bool put = c->op.u.scheduler.cmd == PUT_INFO;
    struct xd_pool *p;

    if (c->op.u.scheduler.cmd > GET_INFO)
        return xd_reject(c->v, XD_WHY_SCHEDULER_CMD, c->op.u.scheduler.cmd);
    p = xd_pool_find(c->v->hv, c->op.u.scheduler.cpupool_id);
    if (!p)
        return xd_reject(c->v, XD_WHY_SCHEDULER_POOL, c->op.u.scheduler.cpupool_id);
    if (p->sched != c->op.u.scheduler.sched_id)
        return xd_reject(c->v, XD_WHY_SCHEDULER_OTHER, c->op.u.scheduler.sched_id, p->sched);
    return p->sched == XD_SCHED_CREDIT2 ? credit2(c, p, put) : credit(c, p, put);
}
