/* SPDX-License-Identifier: MIT */
/* record_memory.c: what a call that is recorded found in guest memory and left there. */
#include "guest/record.h"

#include <inttypes.h>
#include <stdlib.h>

void xd_said_free(struct xd_said *c)
{
    while (c->entry) {
        struct xd_said *e = c->entry;

        c->entry = e->next;
        xd_said_free(e);
    }
    for (size_t i = 0; i < c->reaches; i++)
        free(c->reach[i].bytes);
    free(c->reach);
    free(c->span);
    free(c->element);
    xd_str_free(&c->late);
    free(c);
}

/* The first access that holds the byte at (va): what it read was there before the call. */
static const struct xd_reach *first_at(const struct xd_said *c, uint64_t va)
{
    for (size_t i = 0; i < c->reaches; i++)
        if (c->reach[i].ok && va - c->reach[i].va < c->reach[i].n)
            return &c->reach[i];
    return NULL;
}

static const struct xd_reach *last_written_at(const struct xd_said *c, uint64_t va)
{
    for (size_t i = c->reaches; i-- > 0;)
        if (c->reach[i].ok && c->reach[i].write && va - c->reach[i].va < c->reach[i].n)
            return &c->reach[i];
    return NULL;
}

size_t xd_said_read(const struct xd_said *c, uint64_t va, unsigned char *to, size_t max)
{
    size_t n = 0;

    for (const struct xd_reach *a; n < max; n++) {
        a = first_at(c, va + n);
        if (!a || a->write)
            break;
        if (to)
            to[n] = a->bytes[va + n - a->va];
    }
    return n;
}

size_t xd_said_written(const struct xd_said *c, uint64_t va, unsigned char *to, size_t max)
{
    size_t n = 0;

    for (const struct xd_reach *a; n < max; n++) {
        a = last_written_at(c, va + n);
        if (!a)
            break;
        if (to)
            to[n] = a->bytes[va + n - a->va];
    }
    return n;
}

void xd_said_tell(struct xd_said *c, uint64_t va, size_t n)
{
    for (size_t i = 0; i < c->reaches; i++)
        if (c->reach[i].va - va < n && c->reach[i].va + c->reach[i].n - va <= n)
            c->reach[i].told = true;
    if (!n)
        return;
    if (c->spans == c->span_cap) {
        c->span_cap = c->span_cap * 2 + 4;
        c->span = xd_realloc(c->span, c->span_cap * sizeof(*c->span));
    }
    c->span[c->spans++] = (struct xd_span){va, n};
}

/* Areas that Xen keeps writing to, and nobody hears of a failure. */
static bool is_area(const struct xd_said *c, const struct xd_reach *a)
{
    for (uint32_t id = 0; a->write && id < c->v->domain->vcpus; id++) {
        const struct xd_vcpu *v = &c->v->domain->vcpu[id];

        if ((v->runstate_area && a->va - v->runstate_area < 64) ||
            (v->time_area && a->va - v->time_area < 64))
            return true;
    }
    return false;
}

bool xd_said_all_told(const struct xd_said *c)
{
    for (size_t i = 0; i < c->reaches; i++)
        if (c->reach[i].ok && !c->reach[i].told && !is_area(c, &c->reach[i]))
            return false;
    return true;
}

bool xd_said_readonly(const struct xd_said *c, uint64_t va)
{
    for (size_t i = 0; i < c->reaches; i++)
        if (!c->reach[i].ok && c->reach[i].write && va - c->reach[i].va < c->reach[i].n)
            return true;
    return false;
}

/* ---- All that a call and its entries did ---- */

struct all {
    const struct xd_reach **reach; /* in their order */
    const struct xd_span **span;
    size_t reaches, spans;
};

static void count(const struct xd_said *c, struct all *all)
{
    all->reaches += c->reaches;
    all->spans += c->spans;
    for (const struct xd_said *e = c->entry; e; e = e->next)
        count(e, all);
}

static void collect(const struct xd_said *c, struct all *all)
{
    for (size_t i = 0; i < c->reaches; i++)
        all->reach[all->reaches++] = &c->reach[i];
    for (size_t i = 0; i < c->spans; i++)
        all->span[all->spans++] = &c->span[i];
    for (const struct xd_said *e = c->entry; e; e = e->next)
        collect(e, all);
}

static int by_order(const void *a, const void *b)
{
    const struct xd_reach *x = *(const struct xd_reach *const *)a,
                          *y = *(const struct xd_reach *const *)b;

    return x->order < y->order ? -1 : x->order > y->order;
}

static int by_va(const void *a, const void *b)
{
    const struct xd_span *x = *(const struct xd_span *const *)a,
                         *y = *(const struct xd_span *const *)b;

    return x->va < y->va ? -1 : x->va > y->va;
}

static struct all all_of(const struct xd_said *c)
{
    struct all all = {0};

    count(c, &all);
    all.reach = xd_zalloc((all.reaches + 1) * sizeof(*all.reach));
    all.span = xd_zalloc((all.spans + 1) * sizeof(*all.span));
    all.reaches = all.spans = 0;
    collect(c, &all);
    qsort(all.reach, all.reaches, sizeof(*all.reach), by_order);
    qsort(all.span, all.spans, sizeof(*all.span), by_va);
    return all;
}

static void all_free(struct all *all)
{
    free(all->reach);
    free(all->span);
}

static bool meets(const struct xd_reach *a, uint64_t va, size_t n)
{
    return a->va - va < n || va - a->va < a->n;
}

/* It failed, and may have written what lies before the edge of a page. */
static bool is_half_written(const struct xd_reach *a)
{
    return a->write && !a->ok && a->va % XD_PAGE_SIZE + a->n > XD_PAGE_SIZE;
}

/* Does what was written there come out otherwise if each of the line's places has memory of its own? */
static bool is_written(const struct xd_said *c, const struct all *all, uint64_t va, size_t n,
                       bool shared)
{
    for (size_t i = 0; i < all->reaches; i++) {
        const struct xd_reach *a = all->reach[i];

        if (a->write && meets(a, va, n) &&
            (shared ? a->ok : is_half_written(a) || (a->ok && is_area(c, a))))
            return true;
    }
    return false;
}

static bool places_are_apart(const struct xd_said *c, const struct all *all)
{
    uint64_t end = 0;

    for (size_t i = 0; i < all->spans; i++) {
        const struct xd_span *s = all->span[i];
        const uint64_t last = s->va + s->n;

        if (is_written(c, all, s->va, s->n, false) ||
            (s->va < end && is_written(c, all, s->va, (last < end ? last : end) - s->va, true)))
            return false;
        end = last > end ? last : end;
    }
    return true;
}

/* ---- Memory that gives them the same ---- */

enum { KNOWN = 1, WRITTEN = 2, HALF_WRITTEN = 4 };

/* Bytes that belong together because an access reached several of them. */
struct piece {
    uint64_t va;
    size_t n;
    bool readonly;
    unsigned char *was, *is, *state;
};

struct pieces {
    struct piece *at;
    size_t nr;
};

static int by_reach(const void *a, const void *b)
{
    const struct xd_reach *x = *(const struct xd_reach *const *)a,
                          *y = *(const struct xd_reach *const *)b;

    return x->va < y->va ? -1 : x->va > y->va;
}

static struct pieces pieces_of(const struct xd_said *c, const struct all *all)
{
    struct pieces p = {.at = xd_zalloc((all->reaches + 1) * sizeof(*p.at))};
    const struct xd_reach **sorted = xd_zalloc((all->reaches + 1) * sizeof(*sorted));

    for (size_t i = 0; i < all->reaches; i++)
        sorted[i] = all->reach[i];
    qsort(sorted, all->reaches, sizeof(*sorted), by_reach);
    for (size_t i = 0; i < all->reaches; i++) {
        const struct xd_reach *a = sorted[i];
        struct piece *last = p.nr ? &p.at[p.nr - 1] : NULL;

        if (!a->ok || !a->n || is_area(c, a))
            continue;
        if (last && a->va < last->va + last->n) {
            if (a->va + a->n > last->va + last->n)
                last->n = a->va + a->n - last->va;
        } else {
            p.at[p.nr++] = (struct piece){.va = a->va, .n = a->n};
        }
    }
    free(sorted);
    for (size_t i = 0; i < p.nr; i++) {
        p.at[i].was = xd_zalloc(3 * p.at[i].n);
        p.at[i].is = p.at[i].was + p.at[i].n;
        p.at[i].state = p.at[i].is + p.at[i].n;
    }
    return p;
}

static void pieces_free(struct pieces *p)
{
    for (size_t i = 0; i < p->nr; i++)
        free(p->at[i].was);
    free(p->at);
}

/* The first piece that does not end before (va). */
static size_t piece_from(const struct pieces *p, uint64_t va)
{
    size_t low = 0, high = p->nr;

    while (low < high) {
        size_t mid = (low + high) / 2;

        if (p->at[mid].va + p->at[mid].n <= va)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* One byte of access (a), whose value was (byte). False: it read what nobody had put there. */
static bool replay_byte(struct piece *p, size_t at, const struct xd_reach *a, unsigned char byte,
                        bool area)
{
    unsigned char *state = &p->state[at];

    if (!a->ok) {
        p->readonly |= a->write;
        if (is_half_written(a))
            *state = HALF_WRITTEN;
    } else if (a->write) {
        p->is[at] = byte;
        *state = KNOWN | (area ? 0 : WRITTEN);
    } else if (*state & KNOWN) {
        return p->is[at] == byte;
    } else {
        if (*state & HALF_WRITTEN)
            return false;
        p->was[at] = p->is[at] = byte;
        *state = KNOWN;
    }
    return true;
}

/* Does all again with the bytes of its pieces. */
static bool replays(const struct xd_said *c, const struct all *all, struct pieces *p)
{
    bool same = true;

    for (size_t i = 0; i < all->reaches; i++) {
        const struct xd_reach *a = all->reach[i];
        const bool area = a->ok && is_area(c, a);
        size_t held = 0;

        for (size_t k = piece_from(p, a->va); k < p->nr && meets(a, p->at[k].va, p->at[k].n); k++) {
            const struct piece *piece = &p->at[k];
            size_t at = a->va > piece->va ? a->va - piece->va : 0;

            for (size_t in = piece->va + at - a->va; at < piece->n && in < a->n; at++, in++, held++)
                same &= replay_byte(&p->at[k], at, a, a->bytes[in], area);
        }
        same &= a->ok || a->write || !a->n || held < a->n; /* it fails again */
    }
    for (size_t k = 0; k < p->nr; k++)
        for (size_t at = 0; at < p->at[k].n; at++)
            same &= !(p->at[k].readonly && p->at[k].state[at] & WRITTEN);
    return same;
}

/* Alone, without its entries. */
static bool reads_are_steady(const struct xd_said *c)
{
    struct xd_said alone = *c;
    struct all all;
    struct pieces p;
    bool same;

    alone.entry = NULL;
    all = all_of(&alone);
    p = pieces_of(&alone, &all);
    same = replays(&alone, &all, &p);
    pieces_free(&p);
    all_free(&all);
    for (const struct xd_said *e = c->entry; e && same; e = e->next)
        same = reads_are_steady(e);
    return same;
}

bool xd_said_apart(const struct xd_said *c)
{
    struct all all = all_of(c);
    bool apart = places_are_apart(c, &all) && reads_are_steady(c);

    all_free(&all);
    return apart;
}

/* ---- As steps ---- */

static void say_stored(const struct piece *p, struct xd_str *out)
{
    for (size_t at = 0, n; at < p->n; at += n) {
        n = 0;
        while (n < 8 && at + n < p->n && p->state[at + n] & WRITTEN)
            n++;
        if (!n) {
            n = 1;
            continue;
        }
        xd_str_addf(out, "expect mem %#" PRIx64, p->va + at);
        if (n < 8)
            xd_str_addf(out, " size=%zu", n);
        xd_str_addf(out, " = %#" PRIx64 "\n", xd_number_at(p->is + at, n));
    }
}

bool xd_said_memory(const struct xd_said *c, struct xd_str *before, struct xd_str *after)
{
    struct all all = all_of(c);
    struct pieces p = pieces_of(c, &all);
    bool same = replays(c, &all, &p);

    for (size_t i = 0; i < p.nr; i++) {
        xd_str_addf(before, "memory %#" PRIx64 " ", p.at[i].va);
        xd_say_text(before, p.at[i].was, p.at[i].n);
        xd_str_add(before, p.at[i].readonly ? " readonly\n" : "\n");
        say_stored(&p.at[i], after);
    }
    pieces_free(&p);
    all_free(&all);
    return same;
}
