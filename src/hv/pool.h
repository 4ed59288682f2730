/* SPDX-License-Identifier: MIT */
/* pool.h: pools of processors: the first, and perhaps one that has none. */
#ifndef XD_HV_POOL_H
#define XD_HV_POOL_H

#include "hv/hv.h"

#define XD_SCHED_CREDIT  5u
#define XD_SCHED_CREDIT2 6u

/* By what a pool's processors are scheduled: each, cores or sockets together. */
enum xd_granularity { XD_GRAN_CPU, XD_GRAN_CORE, XD_GRAN_SOCKET };

#define XD_RATELIMIT_US 1000u
#define XD_TSLICE_MS    30u

/* The pool called (id), or NULL. */
static inline struct xd_pool *xd_pool_find(struct xd_hv *hv, uint32_t id)
{
    for (unsigned int i = 0; i < XD_POOLS; i++)
        if (hv->pool[i].used && hv->pool[i].id == id)
            return &hv->pool[i];
    return NULL;
}

/* Pool (nr) comes to be, with the settings that its scheduler begins with. */
static inline void xd_pool_make(struct xd_hv *hv, unsigned int nr, uint32_t id, uint32_t sched)
{
    XD_PUT(hv, hv->pool[nr],
           ((struct xd_pool){.used = true,
                             .id = id,
                             .sched = sched,
                             .ratelimit_us = XD_RATELIMIT_US,
                             .tslice_ms = sched == XD_SCHED_CREDIT ? XD_TSLICE_MS : 0}));
}

#endif
