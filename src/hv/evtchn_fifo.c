/* SPDX-License-Identifier: MIT */
/*
 * evtchn_fifo.c: how an event reaches a guest that uses queues. AS-XEN: event_fifo.c
 *
 * A port has a word in an array of pages of the guest's: PENDING, MASKED, LINKED, and the next port
 * of its queue. A vCPU has 16 queues; where they begin stands in its control block, where they end is
 * known to Xen alone. An event that is neither masked nor in a queue goes to the end of one. The guest
 * takes queues apart at any time, and believing its words is safe: they only ever name ports.
 */
#include "hv/evtchn_fifo.h"

#include "hv/evtchn.h"
#include "hv/frame.h"
#include "hv/pagetype.h"
#include "hv/sched.h"
#include "hv/shared.h"

/* Bits of a port's word. */
#define LINK    UINT32_C(0x1ffff)
#define BUSY    28u
#define LINKED  29u
#define MASKED  30u
#define PENDING 31u
/* A word that is the end of a queue changes at most this often while its guest may not unmask it. */
#define LINK_TRIES 4u

struct block {
    uint32_t ready, pad, head[XD_FIFO_QUEUES];
};
_Static_assert(sizeof(struct block) == XD_FIFO_BLOCK, "as the guest has it");

/* NULL: its page is not there yet. */
static uint32_t *word_of(struct xd_domain *d, uint32_t port)
{
    if (port / XD_FIFO_WORDS >= d->fifo.pages)
        return NULL;
    return (uint32_t *)(void *)xd_frame_words(d->hv, d->fifo.page[port / XD_FIFO_WORDS]) +
           port % XD_FIFO_WORDS;
}

static struct block *block_of(struct xd_vcpu *v)
{
    unsigned char *page = (unsigned char *)xd_frame_words(v->hv, v->fifo.mfn);

    return (struct block *)(void *)(page + v->fifo.off);
}

/* ---- Queues ---- */

/*
 * Lets the word of a queue's last port name (port) behind it. False: the guest has taken it out, so the
 * queue is empty. A guest that changes the word against the rules loses the event.
 */
static bool set_link(struct xd_hv *hv, uint32_t *word, uint32_t port)
{
    uint32_t w = __atomic_load_n(word, __ATOMIC_ACQUIRE);
    unsigned int tries = 0;

    for (; w >> LINKED & 1 && tries <= LINK_TRIES; tries++) {
        if (xd_shared_swap(hv, word, &w, (w & ~(LINK | UINT32_C(1) << BUSY)) | port))
            return true;
        if (tries)
            continue;
        xd_shared_set(hv, word, BUSY); /* the guest may not unmask it now */
        w = __atomic_load_n(word, __ATOMIC_ACQUIRE);
    }
    if (tries)
        xd_shared_clear(hv, word, BUSY);
    return tries > LINK_TRIES;
}

/* The port goes to the end of the queue of (v) that its priority names. */
static void append(struct xd_vcpu *v, uint32_t port)
{
    struct xd_domain *d = v->domain;
    struct xd_port *p = &d->port[port];
    uint32_t *last = &d->vcpu[p->last_vcpu].fifo.tail[p->last_priority];
    uint32_t *tail = &v->fifo.tail[p->priority];
    struct block *b = block_of(v);
    bool linked = false;

    if (*last == port) /* that queue is empty now */
        XD_PUT(d->hv, *last, 0);
    if (last != tail) {
        XD_PUT(d->hv, p->last_vcpu, (uint16_t)v->id);
        XD_PUT(d->hv, p->last_priority, p->priority);
    }
    if (*tail)
        linked = set_link(d->hv, word_of(d, *tail), port);
    XD_PUT(d->hv, *tail, port);
    if (linked)
        return;
    xd_arena_touch(xd_arena_of(d->hv), &b->head[p->priority], sizeof(b->head[0]));
    __atomic_store_n(&b->head[p->priority], port, __ATOMIC_RELEASE);
    if (!xd_shared_set(d->hv, &b->ready, p->priority))
        xd_vcpu_mark_upcall(v);
}

void xd_fifo_raise_on(struct xd_vcpu *v, uint32_t port)
{
    struct xd_domain *d = v->domain;
    uint32_t *word = word_of(d, port);
    bool is_new;

    if (!word) {
        XD_PUT(d->hv, d->port[port].early, true);
        return;
    }
    if (!v->fifo.mfn.v) /* a guest must not unmask before: the event is lost */
        return;
    is_new = !xd_shared_set(d->hv, word, PENDING);
    if (!xd_shared_test(word, MASKED) && !xd_shared_set(d->hv, word, LINKED))
        append(v, port);
    if (is_new)
        xd_poll_wake(d, port);
}

void xd_fifo_unmask(struct xd_domain *d, uint32_t port)
{
    uint32_t *word = word_of(d, port);

    if (!word)
        return;
    xd_shared_clear(d->hv, word, MASKED);
    if (xd_shared_test(word, PENDING))
        xd_fifo_raise_on(&d->vcpu[d->port[port].notify_vcpu], port);
}

void xd_fifo_clear_pending(struct xd_domain *d, uint32_t port)
{
    uint32_t *word = word_of(d, port);

    if (word)
        xd_shared_clear(d->hv, word, PENDING);
}

bool xd_fifo_is_pending(struct xd_domain *d, uint32_t port)
{
    uint32_t *word = word_of(d, port);

    return word && xd_shared_test(word, PENDING);
}

bool xd_fifo_is_masked(struct xd_domain *d, uint32_t port)
{
    uint32_t *word = word_of(d, port);

    return !word || xd_shared_test(word, MASKED);
}

bool xd_fifo_is_busy(struct xd_domain *d, uint32_t port)
{
    uint32_t *word = word_of(d, port);

    return word && xd_shared_test(word, LINKED);
}

/* ---- From one kind to the other ---- */

/* What waits for the guest in its bitmap is remembered: it is raised when the array has the port's word. */
static void switch_over(struct xd_domain *d)
{
    const uint32_t end = d->ports_valid < XD_PORTS_2L ? d->ports_valid : XD_PORTS_2L;

    for (uint32_t port = 1; port < end; port++) { /* also those that are bound to nothing */
        if (xd_shared_test(xd_shared_info(d)->evtchn_pending, port))
            XD_PUT(d->hv, d->port[port].early, true);
        XD_PUT(d->hv, d->port[port].priority, XD_FIFO_PRIORITY);
    }
    XD_PUT(d->hv, d->fifo.on, true);
}

void xd_fifo_set_block(struct xd_vcpu *v, xd_mfn mfn, uint32_t offset)
{
    XD_PUT(v->hv, v->fifo.mfn, mfn);
    XD_PUT(v->hv, v->fifo.off, offset);
    if (!v->domain->fifo.on)
        switch_over(v->domain);
}

void xd_fifo_add_page(struct xd_domain *d, xd_mfn mfn)
{
    uint32_t port = d->fifo.pages * XD_FIFO_WORDS, end = port + XD_FIFO_WORDS;

    XD_PUT(d->hv, d->fifo.page[d->fifo.pages], mfn);
    XD_PUT(d->hv, d->fifo.pages, d->fifo.pages + 1);
    /* Also ports that were closed since. AS-XEN: add_page_to_event_array */
    for (; port < end && port < d->ports_valid; port++)
        if (d->port[port].early)
            xd_fifo_raise_on(&d->vcpu[d->port[port].notify_vcpu], port);
}

void xd_fifo_end(struct xd_domain *d)
{
    for (uint32_t id = 0; d->fifo.on && id < d->vcpus; id++) {
        struct xd_vcpu *v = &d->vcpu[id];

        if (v->fifo.mfn.v)
            xd_page_and_type_put(d->hv, v->fifo.mfn);
        xd_arena_zero(xd_arena_of(d->hv), &v->fifo, sizeof(v->fifo));
    }
    for (uint32_t i = 0; i < d->fifo.pages; i++)
        xd_page_and_type_put(d->hv, d->fifo.page[i]);
    if (d->fifo.on)
        xd_arena_zero(xd_arena_of(d->hv), &d->fifo, sizeof(d->fifo));
}
