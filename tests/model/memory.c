/* SPDX-License-Identifier: MIT */
/*
 * memory.c: exchange: what it answers, which frames go, and which come.
 *
 * Foreseen is the answer, how many frames are exchanged, and which frames the domain has then: those
 * that it had, without those that went, with those that it was told of. Which frames come is the
 * machine's choice.
 */
#include "book.h"

#include <stdlib.h>
#include <string.h>

enum { MEMORY_OP = 12, EXCHANGE = 11 };
enum { PERM = -1, SRCH = -3, FAULT = -14, INVAL = -22 };

#define MODELLED_MAX 64u /* frames of one exchange */

/* As it lies in guest memory. */
struct list {
    uint64_t start, nr;
    uint32_t order, flags;
    uint16_t domid, pad[3];
};
struct request {
    struct list in, out;
    uint64_t done;
};

_Static_assert(sizeof(struct request) == 72, "xen_memory_exchange");

struct memory {
    bool predicted;
    bool told; /* how many were exchanged is written back */
    bool lost; /* the last frame that came is nobody's to know */
    int64_t rc;
    uint64_t at, first, done;
    struct request r;
    const struct xd_domain *d;
    uint64_t pfn[MODELLED_MAX]; /* that the new frames stand for */
    uint8_t *had;               /* by frame: the domain has it */
    uint8_t *went;              /* by frame: it was given for another */
    mfn_t frames;
};

struct memory *memory_new(void)
{
    return xd_zalloc(sizeof(struct memory));
}

void memory_free(struct memory *b)
{
    free(b->had);
    free(b->went);
    free(b);
}

static bool has(const struct xd_frame *r, uint32_t domid)
{
    return r->count && r->owner == domid && r->flags & XD_FRAME_ALLOCATED &&
           !(r->flags & XD_FRAME_XEN_HEAP);
}

static void read_frames(struct model *m, struct memory *b)
{
    if (b->frames != m->frames) {
        b->frames = m->frames;
        b->had = xd_realloc(b->had, b->frames);
        b->went = xd_realloc(b->went, b->frames);
    }
    memset(b->went, 0, b->frames);
    for (mfn_t f = 0; f < m->frames; f++)
        b->had[f] = has(view_frame(m->hv, f), b->d->domid);
}

/* Nothing holds it but that it is the domain's. */
static bool can_go(const struct model *m, const struct memory *b, mfn_t f)
{
    return f < m->frames && f >= m->hv->heap_first && b->had[f] && !m->refs[f];
}

static unsigned int order_max(const struct xd_domain *d)
{
    if (d->privileged)
        return 18;
    return rule_io_rights(d) ? 12 : 9;
}

static bool sizes_match(const struct request *r)
{
    return r->done <= r->in.nr && r->in.domid == r->out.domid &&
           r->in.nr <= UINT64_MAX >> r->in.order && r->out.nr <= UINT64_MAX >> r->out.order &&
           r->in.nr << r->in.order == r->out.nr << r->out.order;
}

/* The elements from (first) on may be there. */
static bool list_ok(const struct list *l, uint64_t first)
{
    return calls_va_ok(l->start + 8 * first) && l->nr - first < UINT64_MAX / 8;
}

static bool apart(const struct request *r)
{
    return r->in.start + 8 * r->in.nr <= r->out.start ||
           r->out.start + 8 * r->out.nr <= r->in.start;
}

static int64_t element(struct model *m, struct xd_vcpu *v, const struct list *l, uint64_t i,
                       uint64_t *value)
{
    if (calls_read(m, v, l->start + 8 * i, value, 8, &m->memory->predicted))
        return 0;
    return FAULT;
}

/* Frames for a larger one: what is wrong with the first of those is foreseen. Whether there is a run for them is the heap's
 * business. */
static int64_t chunk(struct model *m, struct xd_vcpu *v, struct memory *b)
{
    uint64_t nr = UINT64_C(1) << b->r.out.order, f;

    b->first = b->done = b->first >> b->r.out.order << b->r.out.order;
    for (uint64_t i = b->first; i < b->first + nr; i++) {
        if (element(m, v, &b->r.in, i, &f))
            return FAULT;
        if (!can_go(m, b, f))
            return INVAL;
        for (uint64_t k = b->first; k < i; k++) {
            uint64_t before;

            if (!element(m, v, &b->r.in, k, &before) && before == f)
                return INVAL;
        }
    }
    b->predicted = false;
    return 0;
}

static int64_t one(struct model *m, struct xd_vcpu *v, struct memory *b, uint64_t i)
{
    bool certain = true;
    uint64_t f;

    if (i - b->first >= MODELLED_MAX) {
        b->predicted = false;
        return 0;
    }
    if (element(m, v, &b->r.in, i, &f))
        return FAULT;
    if (!can_go(m, b, f)) {
        /* What nobody had may be what came for the element before. */
        b->predicted &=
            i == b->first || f >= m->frames || (!b->went[f] && view_frame(m->hv, f)->count);
        return INVAL;
    }
    b->had[f] = false;
    b->went[f] = true;
    if (element(m, v, &b->r.out, i, &b->pfn[i - b->first]) ||
        !calls_writable(m, v, b->r.out.start + 8 * i, 8, &certain)) {
        b->lost = true; /* the old one is gone, the new one can't be told of */
        b->predicted &= certain;
        return FAULT;
    }
    return 0;
}

/* The answer. */
static int64_t judge(struct model *m, struct xd_vcpu *v, struct memory *b)
{
    struct request *r = &b->r;
    uint32_t order = r->in.order > r->out.order ? r->in.order : r->out.order;
    const struct xd_domain *d;
    int64_t rc = 0;

    b->told = true;
    b->first = b->done = r->done;
    if (order > order_max(v->domain))
        return PERM;
    if (!sizes_match(r))
        return INVAL;
    if (r->done == r->in.nr) {
        b->told = false;
        return 0;
    }
    if (!list_ok(&r->in, r->done) || !list_ok(&r->out, r->done >> r->out.order))
        return FAULT;
    b->predicted = !r->out.flags && apart(r) && !r->in.order &&
                   m->hv->frames_free > m->hv->frames_kept + MODELLED_MAX;
    d = view_domain(m->hv, r->in.domid == XD_DOMID_SELF ? v->domain->domid : r->in.domid);
    if (!d)
        return SRCH;
    if (d != v->domain && !v->domain->privileged)
        return PERM;
    b->predicted &= !d->dying;
    b->d = d;
    read_frames(m, b);
    if (r->out.order)
        return b->predicted ? chunk(m, v, b) : 0;
    for (; b->predicted && b->done < r->in.nr && !rc; b->done += !rc)
        rc = one(m, v, b, b->done);
    return rc;
}

void memory_foresee(struct model *m, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg)
{
    struct memory *b = m->memory;
    bool certain;

    b->predicted = nr == MEMORY_OP && arg[0] == EXCHANGE;
    b->d = NULL;
    b->lost = false;
    if (!b->predicted)
        return;
    b->at = arg[1] + offsetof(struct request, done);
    if (!calls_read(m, v, arg[1], &b->r, sizeof(b->r), &certain)) {
        b->predicted = certain;
        b->told = false;
        b->rc = FAULT;
        return;
    }
    b->rc = judge(m, v, b);
    if (b->told && !calls_writable(m, v, b->at, 8, &certain)) {
        b->predicted &= certain;
        b->told = false;
        b->rc = FAULT;
    }
}

static void compare_new(struct model *m, struct xd_vcpu *v, struct memory *b, uint64_t i)
{
    const uint64_t *m2p = view_words(m->hv, m->hv->m2p_first.v);
    const struct xd_frame *r;
    uint64_t f;

    if (element(m, v, &b->r.out, i, &f) || !b->predicted)
        return;
    if (f >= m->frames || f < m->hv->heap_first) {
        COMPLAIN(m, "exchange told of frame 0x%llx", N(f));
        return;
    }
    r = view_frame(m->hv, f);
    if (b->had[f] || !has(r, b->d->domid) || r->count != 1)
        COMPLAIN(m, "exchange told of frame 0x%llx, which is not new, or held already", N(f));
    if (m2p[f] != b->pfn[i - b->first])
        COMPLAIN(m, "frame 0x%llx stands for 0x%llx in the M2P, and was to for 0x%llx", N(f),
                 N(m2p[f]), N(b->pfn[i - b->first]));
    b->had[f] = true;
}

void memory_after(struct model *m, struct xd_vcpu *v, int64_t rc)
{
    struct memory *b = m->memory;
    uint32_t strangers = 0;
    uint64_t told;

    if (!b->predicted)
        return;
    if (rc != b->rc) {
        COMPLAIN(m, "exchange should answer %lld, and answered %lld", (long long)b->rc,
                 (long long)rc);
        return;
    }
    if (b->told && calls_read(m, v, b->at, &told, 8, &b->predicted) && told != b->done)
        COMPLAIN(m, "exchange should tell of %llu frames, and tells of %llu", N(b->done), N(told));
    if (!b->d)
        return;
    for (uint64_t i = b->first; i < b->done && i < b->first + MODELLED_MAX; i++)
        compare_new(m, v, b, i);
    for (mfn_t f = m->hv->heap_first; f < m->frames; f++) {
        bool now = has(view_frame(m->hv, f), b->d->domid);

        strangers += now && !b->had[f];
        if (b->had[f] && !now)
            COMPLAIN(m, "exchange: d%u lost frame 0x%llx", b->d->domid, N(f));
    }
    if (strangers != b->lost)
        COMPLAIN(m, "exchange: d%u has got %u frames that it was not told of", b->d->domid,
                 strangers);
}
