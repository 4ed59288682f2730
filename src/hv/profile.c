/* SPDX-License-Identifier: MIT */
/* profile.c: see profile.h. */
#include "hv/profile.h"

#include "hv/frame.h"

#include <string.h>

/* The beginning of a buffer. */
struct buffer {
    uint32_t head, tail, size, vcpu;
};

unsigned int xd_profile_order(uint32_t pages)
{
    unsigned int order = 0;

    while (UINT32_C(1) << order < pages)
        order++;
    return order;
}

static struct xd_frame *page(const struct xd_domain *d, uint32_t i)
{
    return xd_frame_at(d->hv, xd_mfn_of(d->prof.first.v + i));
}

static struct buffer *buffer(const struct xd_domain *d, uint32_t vcpu)
{
    unsigned char *first = d->hv->mem + d->prof.first.v * XD_PAGE_SIZE;

    return (struct buffer *)(void *)(first + (size_t)vcpu * d->prof.size);
}

/* Xen's, and shared with nobody. */
static void keep_for_xen(struct xd_domain *d)
{
    for (uint32_t i = 0; i < UINT32_C(1) << xd_profile_order(d->prof.pages); i++)
        XD_PUT(d->hv, *page(d, i),
               ((struct xd_frame){.type_count = 1,
                                  .owner = XD_DOMID_NONE,
                                  .type = XD_TYPE_WRITABLE,
                                  .flags = XD_FRAME_XEN_HEAP | XD_FRAME_VALIDATED}));
}

/* How many of (samples) fit. */
static uint32_t samples_of(const struct xd_domain *d, int32_t samples)
{
    const uint32_t room = (uint32_t)(XD_PROFILE_PAGES * XD_PAGE_SIZE / d->vcpus),
                   most = (room - XD_PROFILE_HEAD) / XD_PROFILE_SAMPLE;

    return (uint32_t)samples < most ? (uint32_t)samples : most;
}

static uint32_t size_of(uint32_t samples)
{
    return XD_PROFILE_HEAD + samples * XD_PROFILE_SAMPLE;
}

uint32_t xd_profile_pages(const struct xd_domain *d, int32_t samples)
{
    return (uint32_t)((d->vcpus * size_of(samples_of(d, samples)) - 1) / XD_PAGE_SIZE + 1);
}

bool xd_profile_make(struct xd_domain *d, int32_t samples)
{
    const uint32_t nr = samples_of(d, samples), pages = xd_profile_pages(d, samples);
    struct xd_hv *hv = d->hv;
    xd_mfn first;

    if (!xd_frames_take(hv, xd_profile_order(pages), UINT64_MAX, &first))
        return false;
    XD_PUT(hv, d->prof.first, first);
    XD_PUT(hv, d->prof.pages, pages);
    XD_PUT(hv, d->prof.size, size_of(nr));
    keep_for_xen(d);
    xd_arena_touch(xd_arena_of(hv), xd_frame_words(hv, first), pages * XD_PAGE_SIZE);
    memset(xd_frame_words(hv, first), 0, pages * XD_PAGE_SIZE);
    for (uint32_t id = 0; id < d->vcpus; id++) {
        XD_PUT(hv, buffer(d, id)->size, nr);
        XD_PUT(hv, buffer(d, id)->vcpu, id);
    }
    return true;
}

bool xd_profile_share(struct xd_domain *d, const struct xd_domain *with, xd_mfn *busy)
{
    struct xd_hv *hv = d->hv;

    for (uint32_t i = 0; i < d->prof.pages; i++) {
        *busy = xd_mfn_of(d->prof.first.v + i);
        if (page(d, i)->count)
            return false;
        XD_PUT(hv, page(d, i)->owner, XD_DOMID_NONE);
    }
    for (uint32_t i = 0; i < d->prof.pages; i++) {
        XD_PUT(hv, *page(d, i),
               ((struct xd_frame){.count = 1,
                                  .type_count = 1,
                                  .owner = with->domid,
                                  .type = XD_TYPE_WRITABLE,
                                  .flags = (uint8_t)(page(d, i)->flags | XD_FRAME_ALLOCATED |
                                                     XD_FRAME_XEN_HEAP | XD_FRAME_VALIDATED)}));
        XD_PUT(hv, *xd_m2p_entry(hv, xd_mfn_of(d->prof.first.v + i)), ~UINT64_C(0));
    }
    return true;
}

bool xd_profile_is_with(const struct xd_domain *d, const struct xd_domain *with)
{
    for (uint32_t i = 0; i < d->prof.pages; i++)
        if (page(d, i)->owner != with->domid)
            return false;
    return true;
}

void xd_profile_unshare(struct xd_domain *d)
{
    for (uint32_t i = 0; i < d->prof.pages; i++)
        xd_frame_put_allocated(d->hv, xd_mfn_of(d->prof.first.v + i));
}

void xd_profile_empty(struct xd_domain *d)
{
    for (uint32_t id = 0; d->prof.pages && id < d->vcpus; id++) {
        XD_PUT(d->hv, buffer(d, id)->head, 0);
        XD_PUT(d->hv, buffer(d, id)->tail, 0);
    }
}

void xd_profile_hold(struct xd_domain *d)
{
    XD_PUT(d->hv, d->prof.holds, d->prof.holds + 1);
}

void xd_profile_let_go(struct xd_domain *d)
{
    XD_INVARIANT(d->hv, d->prof.holds > 0);
    XD_PUT(d->hv, d->prof.holds, d->prof.holds - 1);
    xd_domain_go(d);
}

/* The next page of anybody's buffers, from (*i) of domain (*of) on, that is or was shared with (d); NULL: no more. */
static struct xd_frame *next_with(const struct xd_domain *d, uint32_t *of, uint32_t *i, xd_mfn *mfn)
{
    for (; *of < d->hv->config.domains_max; ++*of, *i = 0) {
        const struct xd_domain *has = &d->hv->domain[*of];

        for (; has->used && *i < has->prof.pages; ++*i)
            if (page(has, *i)->owner == d->domid) {
                *mfn = xd_mfn_of(has->prof.first.v + *i);
                return page(has, (*i)++);
            }
    }
    return NULL;
}

bool xd_profile_keeps(const struct xd_domain *d)
{
    uint32_t of = 0, i = 0;
    const struct xd_frame *f;
    xd_mfn mfn;

    while ((f = next_with(d, &of, &i, &mfn)))
        if (f->count)
            return true;
    return d->prof.holds;
}

/* AS-XEN: domain_relinquish_resources: what is shared with the domain, its own buffers and, with the profiler, those of others */
void xd_profile_end(struct xd_domain *d)
{
    uint32_t of = 0, i = 0;
    xd_mfn mfn;

    while (next_with(d, &of, &i, &mfn))
        xd_frame_put_allocated(d->hv, mfn);
}

void xd_profile_free(struct xd_domain *d)
{
    const uint32_t nr = d->prof.pages ? UINT32_C(1) << xd_profile_order(d->prof.pages) : 0;
    uint32_t of = 0, i = 0;
    struct xd_frame *f;
    xd_mfn mfn;

    for (uint32_t k = 0; k < nr; k++)
        xd_frame_unshare(d->hv, xd_mfn_of(d->prof.first.v + k));
    XD_PUT(d->hv, d->prof.pages, 0);
    while ((f = next_with(d, &of, &i, &mfn)))
        XD_PUT(d->hv, f->owner, XD_DOMID_NONE);
}

const struct xd_domain *xd_profile_of(const struct xd_hv *hv, xd_mfn mfn)
{
    for (uint32_t i = 0; i < hv->config.domains_max; i++) {
        const struct xd_domain *d = &hv->domain[i];

        if (d->used && d->prof.pages &&
            mfn.v - d->prof.first.v < UINT64_C(1) << xd_profile_order(d->prof.pages))
            return d;
    }
    return NULL;
}
