/* SPDX-License-Identifier: MIT */
/*
 * view.h: all that the model sees of a machine.
 *
 * Facts that the model has no rule for (who owns a frame, what was given back, rights) it believes;
 * everything else it only compares with what it found itself.
 */
#ifndef XD_TESTS_VIEW_H
#define XD_TESTS_VIEW_H

#include "hv/evtchn.h"
#include "hv/frame.h"
#include "hv/hv.h"

typedef uint64_t mfn_t;

static inline mfn_t view_frames(const struct xd_hv *hv)
{
    return hv->frames;
}

static inline const struct xd_frame *view_frame(const struct xd_hv *hv, mfn_t f)
{
    return &hv->frame[f];
}

static inline const uint64_t *view_words(const struct xd_hv *hv, mfn_t f)
{
    return (const uint64_t *)(const void *)(hv->mem + f * 4096);
}

static inline const struct xd_domain *view_domain(const struct xd_hv *hv, uint32_t domid)
{
    for (uint32_t i = 0; i < hv->config.domains_max; i++)
        if (hv->domain[i].used && hv->domain[i].domid == domid)
            return &hv->domain[i];
    return NULL;
}

/* Levers let calls fail that would not. */
static inline bool view_levers(const struct xd_hv *hv)
{
    return hv->host->levers_on;
}

/* A linked machine's guests have their memory beside it: only the program's hooks reach that. */
static inline bool view_aside(const struct xd_vcpu *v)
{
    return v->hv->host->hooks.read != NULL;
}

static inline bool view_aside_read(const struct xd_vcpu *v, uint64_t va, void *to, size_t n)
{
    const struct xd_hooks *h = &v->hv->host->hooks;

    return h->read(h->ctx, &v->domain->vcpu[v->id], va, to, n);
}

/* Tried with what is there. */
static inline bool view_aside_writable(const struct xd_vcpu *v, uint64_t va, size_t n)
{
    const struct xd_hooks *h = &v->hv->host->hooks;
    struct xd_vcpu *by = &v->domain->vcpu[v->id];
    uint8_t byte;

    for (; n; n--, va++)
        if (!h->read(h->ctx, by, va, &byte, 1) || !h->write(h->ctx, by, va, &byte, 1))
            return false;
    return true;
}

/* An upcall is due to (v), which a poll then does not wait for. */
static inline bool view_upcall_due(const struct xd_vcpu *v)
{
    const uint8_t *info = (const uint8_t *)view_words(v->hv, v->info_mfn.v) + v->info_off;

    return info[0] && !info[1]; /* evtchn_upcall_pending, evtchn_upcall_mask */
}

#endif
