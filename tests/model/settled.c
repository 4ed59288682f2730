/* SPDX-License-Identifier: MIT */
/*
 * settled.c: all that the books were last settled from, to be compared with what is there.
 *
 * A walk of all tables costs more than to see that not one word of them is another.
 */
#include "book.h"

#include <stdlib.h>
#include <string.h>

/* What a domain shares with Xen, besides its vCPUs' roots. */
struct shared {
    uint32_t used, pages;
    mfn_t page[XD_FIFO_PAGES], eoi_map;
};

struct settled {
    bool known;
    uint32_t slots;
    struct roots root[DOMAINS][VCPUS];
    struct shared shared[DOMAINS];
    mfn_t *table;
    uint32_t tables, room;
    uint8_t (*words)[4096];
};

struct settled *settled_new(void)
{
    return xd_zalloc(sizeof(struct settled));
}

void settled_free(struct settled *s)
{
    free(s->table);
    free(s->words);
    free(s);
}

void settled_forget(struct model *m)
{
    m->settled->known = false;
}

static void read_shared(const struct xd_domain *d, struct shared *s)
{
    memset(s, 0, sizeof(*s));
    s->used = d->used;
    if (!d->used)
        return;
    s->pages = d->fifo.pages;
    for (uint32_t i = 0; i < s->pages && i < XD_FIFO_PAGES; i++)
        s->page[i] = d->fifo.page[i].v;
    s->eoi_map = d->eoi_map.v;
}

static void remember_words(struct model *m, mfn_t f)
{
    struct settled *s = m->settled;

    if (s->tables == s->room) {
        s->room = s->room * 2 + 64;
        s->table = xd_realloc(s->table, s->room * sizeof(*s->table));
        s->words = xd_realloc(s->words, s->room * sizeof(*s->words));
    }
    memcpy(s->words[s->tables], view_words(m->hv, f), sizeof(*s->words));
    s->table[s->tables++] = f;
}

void settled_remember(struct model *m, const uint8_t *type)
{
    struct settled *s = m->settled;

    s->slots = m->slots;
    memcpy(s->root, m->root, m->slots * sizeof(s->root[0]));
    for (uint32_t i = 0; i < m->slots; i++)
        read_shared(&m->hv->domain[i], &s->shared[i]);
    s->tables = 0;
    for (uint32_t i = 0; i < m->uses; i++)
        if (type[m->used[i]] >= T_L1 && type[m->used[i]] <= T_L4)
            remember_words(m, m->used[i]);
    s->known = true;
}

/* The roots that calls foresaw are the machine's again, or this is false. */
static bool roots_same(struct model *m)
{
    static struct roots now[DOMAINS][VCPUS];
    const struct settled *s = m->settled;
    struct shared shared;

    book_read_roots(m, now);
    if (m->slots != s->slots || memcmp(now, s->root, m->slots * sizeof(now[0])) != 0 ||
        memcmp(now, m->root, m->slots * sizeof(now[0])) != 0)
        return false;
    for (uint32_t i = 0; i < m->slots; i++) {
        read_shared(&m->hv->domain[i], &shared);
        if (memcmp(&shared, &s->shared[i], sizeof(shared)) != 0)
            return false;
    }
    return true;
}

bool settled_same(struct model *m)
{
    const struct settled *s = m->settled;

    if (!s->known || m->copies ||
        memcmp(m->seen, view_frame(m->hv, 0), m->frames * sizeof(*m->seen)) != 0 || !roots_same(m))
        return false;
    for (uint32_t i = 0; i < s->tables; i++)
        if (memcmp(s->words[i], view_words(m->hv, s->table[i]), sizeof(*s->words)) != 0)
            return false;
    return true;
}
