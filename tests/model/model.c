/* SPDX-License-Identifier: MIT */
/* model.c: the order of things: foresee, let it happen, compare. */
#include "book.h"

#include <stdlib.h>

struct model *model_new(void)
{
    struct model *m = xd_zalloc(sizeof(*m));

    m->flushes = flushes_new();
    m->memory = memory_new();
    m->ports = ports_new();
    m->settled = settled_new();
    return m;
}

void model_free(struct model *m)
{
    book_forget_copies(m);
    free(m->type);
    free(m->last);
    free(m->pin);
    free(m->wr);
    free(m->refs);
    free(m->users);
    free(m->linear);
    free(m->copy);
    free(m->copied);
    free(m->todo);
    free(m->used);
    free(m->seen);
    free(m->undo);
    free(m->flushes);
    memory_free(m->memory);
    free(m->ports);
    settled_free(m->settled);
    xd_str_free(&m->said);
    free(m);
}

static void start(void *ctx)
{
    struct model *m = ctx;

    if (m->type)
        book_forget_copies(m);
    m->frames = 0;
    m->hv = NULL;
    settled_forget(m);
    m->undos = 0;
    m->called = false;
    m->fresh = false;
    xd_str_clear(&m->said);
}

/* The machine as it is, believed. */
static void adopt(struct model *m, struct xd_hv *hv)
{
    book_size(m, hv);
    book_forget_copies(m);
    book_sync(m);
    book_settle(m);
    ports_sync(m);
}

static const char *complaint(struct model *m)
{
    return m->said.len ? xd_str_text(&m->said) : NULL;
}

static bool is_list(uint64_t nr, unsigned int depth)
{
    return nr == 13 && depth == 0;
}

static void before(void *ctx, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg,
                   unsigned int depth)
{
    struct model *m = ctx;

    if (m->said.len || is_list(nr, depth))
        return;
    if (!m->fresh || book_moved(m, v->hv)) /* domains are built by calls and by hand */
        adopt(m, v->hv);
    m->fresh = false;
    ports_sync(m);
    calls_foresee(m, v, nr, arg);
    memory_foresee(m, v, nr, arg);
    ports_foresee(m, v, nr, arg);
    m->hindered = view_levers(m->hv);
}

static const char *after_all(struct model *m)
{
    if (!book_is_settled(m)) {
        book_forget_copies(m);
        book_sync(m);
        book_settle(m);
        book_compare(m);
    }
    m->called = true;
    m->fresh = true;
    return complaint(m);
}

static const char *after(void *ctx, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg, int64_t rc,
                         unsigned int depth)
{
    struct model *m = ctx;

    (void)arg;
    if (m->said.len || is_list(nr, depth))
        return complaint(m);
    if (m->hindered)
        return after_all(m);
    if (m->predicted && m->granted != (rc >= 0))
        COMPLAIN(m, "the call should be %s%s, and the answer was %lld",
                 m->granted ? "granted" : "refused: ", m->granted ? "" : m->why, (long long)rc);
    if (m->predicted) {
        flushes_compare(m);
        book_compare_foreseen(m);
    }
    memory_after(m, v, rc);
    ports_after(m, v, rc);
    return after_all(m);
}

static const char *step(void *ctx, struct xd_hv *hv)
{
    struct model *m = ctx;

    if (!m->said.len && !m->called) {
        if (m->hv == hv && book_is_settled(m)) {
            ports_sync(m);
        } else {
            adopt(m, hv);
            book_compare(m);
        }
        m->fresh = true;
    }
    m->called = false;
    return complaint(m);
}

struct xd_opinion model_opinion(struct model *m)
{
    return (struct xd_opinion){
        .start = start, .before = before, .after = after, .step = step, .ctx = m};
}
