/* SPDX-License-Identifier: MIT */
/* book.c: what holds what, found by walking from the roots; and whether the machine agrees. */
#include "book.h"

#include <stdlib.h>
#include <string.h>

void book_size(struct model *m, struct xd_hv *hv)
{
    if (m->hv != hv || m->frames != view_frames(hv))
        settled_forget(m);
    m->hv = hv;
    if (m->frames == view_frames(hv))
        return;
    m->slots = 0;
    m->frames = view_frames(hv);
    m->type = xd_realloc(m->type, m->frames);
    m->last = xd_realloc(m->last, m->frames);
    m->pin = xd_realloc(m->pin, m->frames);
    m->wr = xd_realloc(m->wr, m->frames * sizeof(*m->wr));
    m->refs = xd_realloc(m->refs, m->frames * sizeof(*m->refs));
    m->users = xd_realloc(m->users, m->frames * sizeof(*m->users));
    m->linear = xd_realloc(m->linear, m->frames * sizeof(*m->linear));
    m->copy = xd_realloc(m->copy, m->frames * sizeof(*m->copy));
    m->copied = xd_realloc(m->copied, m->frames * sizeof(*m->copied));
    m->todo = xd_realloc(m->todo, m->frames * sizeof(*m->todo));
    m->seen = xd_realloc(m->seen, m->frames * sizeof(*m->seen));
    m->used = xd_realloc(m->used, m->frames * sizeof(*m->used));
    m->uses = 0;
    memset(m->copy, 0, m->frames * sizeof(*m->copy));
    memset(m->type, 0, m->frames);
    memset(m->pin, 0, m->frames);
    memset(m->wr, 0, m->frames * sizeof(*m->wr));
    memset(m->refs, 0, m->frames * sizeof(*m->refs));
    memset(m->users, 0, m->frames * sizeof(*m->users));
    memset(m->linear, 0, m->frames * sizeof(*m->linear));
}

static void forget_holders(struct model *m)
{
    for (uint32_t i = 0; i < m->uses; i++) {
        mfn_t f = m->used[i];

        m->wr[f] = 0;
        m->refs[f] = 0;
        m->users[f] = 0;
        m->linear[f] = 0;
    }
}

void book_forget_copies(struct model *m)
{
    while (m->copies) {
        mfn_t f = m->copied[--m->copies];

        free(m->copy[f]);
        m->copy[f] = NULL;
    }
}

const uint64_t *book_words(const struct model *m, mfn_t f)
{
    return m->copy[f] ? m->copy[f] : view_words(m->hv, f);
}

uint64_t *book_write(struct model *m, mfn_t f)
{
    m->touched = true;
    if (!m->copy[f]) {
        m->copy[f] = xd_realloc(NULL, 4096);
        memcpy(m->copy[f], view_words(m->hv, f), 4096);
        m->copied[m->copies++] = f;
    }
    return m->copy[f];
}

uint64_t book_xens_entry(const struct model *m)
{
    return (uint64_t)(m->hv->heap_first - 1) << 12 | 0x63;
}

/* It is there, and (domid)'s. */
bool book_owned(const struct model *m, mfn_t f, uint32_t domid)
{
    const struct xd_frame *r;

    if (f >= m->frames)
        return false;
    r = view_frame(m->hv, f);
    if (!r->count || r->owner != domid)
        return false;
    return f < m->hv->heap_first || r->flags & XD_FRAME_ALLOCATED || m->refs[f];
}

static void read_roots_of(const struct xd_vcpu *v, struct roots *r)
{
    r->up =
        v->initialised && (v->cr3.v || !v->domain->dying); /* one that was destroyed just goes */
    r->kernel = v->cr3.v;
    r->user = v->user_cr3.v;
    r->info = v->info_moved ? v->info_mfn.v : 0;
    r->block = v->fifo.mfn.v;
    r->gdts = (v->gdt_ents + 511) / 512;
    for (uint32_t k = 0; k < r->gdts && k < 16; k++)
        r->gdt[k] = v->gdt_frame[k].v;
    for (uint32_t k = 0; k < 16; k++)
        r->ldt[k] = v->ldt_frame[k].v;
}

/* Of the slots that domains ever had; what is not there holds nothing. */
void book_read_roots(struct model *m, struct roots root[DOMAINS][VCPUS])
{
    for (uint32_t i = m->slots; i < m->hv->config.domains_max; i++)
        if (m->hv->domain[i].used)
            m->slots = i + 1;
    for (uint32_t i = 0; i < m->slots; i++) {
        const struct xd_domain *d = &m->hv->domain[i];

        memset(root[i], 0, sizeof(root[i]));
        for (uint32_t id = 0; d->used && id < d->vcpus; id++)
            read_roots_of(&d->vcpu[id], &root[i][id]);
    }
}

bool book_moved(struct model *m, struct xd_hv *hv)
{
    static struct roots now[DOMAINS][VCPUS];

    if (m->hv != hv || m->frames != view_frames(hv) ||
        memcmp(m->seen, view_frame(hv, 0), m->frames * sizeof(*m->seen)) != 0)
        return true;
    book_read_roots(m, now);
    return memcmp(now, m->root, m->slots * sizeof(now[0])) != 0;
}

void book_sync(struct model *m)
{
    memcpy(m->seen, view_frame(m->hv, 0), m->frames * sizeof(*m->seen));
    book_read_roots(m, m->root);
    forget_holders(m);
    for (uint32_t i = 0; i < m->uses; i++)
        if (!view_frame(m->hv, m->used[i])->count)
            m->type[m->used[i]] = T_NONE;
    m->uses = 0;
    memset(m->pin, 0, m->frames);
    memset(m->last, 0, m->frames);
    for (mfn_t f = 0; f < m->frames; f++) {
        const struct xd_frame *r = view_frame(m->hv, f);
        uint64_t words[2];

        memcpy(words, r, sizeof(words));
        if (f >= m->hv->heap_first && !(words[0] | words[1]))
            continue; /* most never were */
        m->pin[f] = r->count && r->flags & XD_FRAME_PINNED ? r->type : 0;
        m->last[f] = r->type;
        if (r->count || f < m->hv->heap_first)
            m->used[m->uses++] = f;
    }
}

/* ---- The walk ---- */

struct walk {
    struct model *m;
    uint8_t *type; /* of what was reached; the model's own still says what things were */
    uint32_t todo;
};

/* Is it there to be held? */
static bool is_there(struct walk *w, mfn_t f, const char *by, mfn_t holder)
{
    if (f < w->m->frames && (f < w->m->hv->heap_first || view_frame(w->m->hv, f)->count))
        return true;
    COMPLAIN(w->m, "frame 0x%llx is held by %s 0x%llx, and nobody has it", N(f), by, N(holder));
    return false;
}

static void hold(struct walk *w, mfn_t f, unsigned int type)
{
    if (!is_there(w, f, "something of type", type))
        return;
    w->m->refs[f]++;
    w->m->users[f]++;
    if (w->type[f] == type)
        return;
    if (w->type[f] != T_NONE) {
        COMPLAIN(w->m, "frame 0x%llx is held as type %u and as type %u", N(f), w->type[f], type);
        return;
    }
    w->type[f] = (uint8_t)type;
    if (type >= T_L1 && type <= T_L4)
        w->m->todo[w->todo++] = f;
}

static void hold_writable(struct walk *w, mfn_t f, const char *by, mfn_t holder)
{
    if (!is_there(w, f, by, holder))
        return;
    w->m->refs[f]++;
    w->m->users[f]++;
    w->m->wr[f]++;
}

static bool is_io(const struct model *m, mfn_t f)
{
    return f >= m->frames ||
           (view_frame(m->hv, f)->count && view_frame(m->hv, f)->owner == XD_DOMID_IO);
}

static void walk_leaves(struct walk *w, mfn_t table)
{
    const uint64_t *e = book_words(w->m, table);

    for (unsigned int i = 0; i < 512; i++) {
        mfn_t f = (e[i] & UINT64_C(0x000ffffffffff000)) >> 12;

        if (!(e[i] & P_BIT) || is_io(w->m, f))
            continue;
        if (e[i] & RW_BIT)
            hold_writable(w, f, "an entry of table", table);
        else if (is_there(w, f, "an entry of table", table))
            w->m->refs[f]++;
    }
}

static void walk_links(struct walk *w, mfn_t table, unsigned int level)
{
    const uint64_t *e = book_words(w->m, table);

    for (unsigned int i = 0; i < 512; i++) {
        mfn_t f = (e[i] & UINT64_C(0x000ffffffffff000)) >> 12;

        if (!(e[i] & P_BIT) || (level == 4 && i >= 256 && i < 272) || f == table)
            continue; /* an entry that leads to its own table holds nothing */
        if (f < w->m->frames && w->m->type[f] == level) {
            w->m->linear[table]++;
            w->m->linear[f]--;
            hold(w, f, level);
        } else {
            hold(w, f, level - 1);
        }
    }
}

void book_settle(struct model *m)
{
    struct walk w = {.m = m, .type = xd_zalloc(m->frames)};

    forget_holders(m);
    for (uint32_t i = 0; i < m->uses; i++)
        if (m->pin[m->used[i]])
            hold(&w, m->used[i], m->pin[m->used[i]]);
    for (mfn_t f = m->hv->heap_first; f < m->frames; f++)
        for (uint32_t k = 0; k < view_frame(m->hv, f)->lost; k++)
            hold(&w, f, T_L4);
    for (uint32_t i = 0; i < m->slots; i++)
        for (uint32_t id = 0; id < VCPUS; id++) {
            const struct roots *r = &m->root[i][id];

            if (r->kernel)
                hold(&w, r->kernel, T_L4);
            if (r->user)
                hold(&w, r->user, T_L4);
            if (r->info)
                hold_writable(&w, r->info, "a vcpu_info of domain", i);
            if (r->block)
                hold_writable(&w, r->block, "a control block of domain", i);
            for (uint32_t k = 0; k < r->gdts && k < 16; k++)
                hold(&w, r->gdt[k], T_SEG);
            for (uint32_t k = 0; k < 16; k++)
                if (r->ldt[k])
                    hold(&w, r->ldt[k], T_SEG);
        }
    for (uint32_t i = 0; i < m->slots; i++)
        for (uint32_t k = 0; m->hv->domain[i].used && k < m->hv->domain[i].fifo.pages; k++)
            hold_writable(&w, m->hv->domain[i].fifo.page[k].v, "the event array of domain", i);
    for (uint32_t i = 0; i < m->slots; i++)
        if (m->hv->domain[i].used && m->hv->domain[i].eoi_map.v)
            hold_writable(&w, m->hv->domain[i].eoi_map.v, "the EOI map of domain", i);
    while (w.todo) {
        mfn_t table = m->todo[--w.todo];

        if (w.type[table] == T_L1)
            walk_leaves(&w, table);
        else
            walk_links(&w, table, w.type[table]);
    }
    for (uint32_t i = 0; i < m->uses; i++) {
        mfn_t f = m->used[i];

        if (w.type[f] && m->wr[f])
            COMPLAIN(m, "frame 0x%llx is of type %u and is mapped writable %u times", N(f),
                     w.type[f], m->wr[f]);
    }
    if (memcmp(m->type, w.type, m->frames) == 0)
        settled_remember(m, w.type);
    else
        settled_forget(m); /* it might tell linear entries from links otherwise the next time */
    m->touched = false;
    m->compared = false;
    memcpy(m->type, w.type, m->frames);
    free(w.type);
}

/* ---- What the machine says ---- */

static void compare_frame(struct model *m, mfn_t f)
{
    const struct xd_frame *r = view_frame(m->hv, f);
    bool allocated = r->flags & XD_FRAME_ALLOCATED, heap = r->flags & XD_FRAME_XEN_HEAP;
    uint32_t count = m->refs[f] + allocated, users = m->users[f] + heap;
    const bool list =
        r->owner == XD_DOMID_XEN && r->type == T_NONE; /* of the trace buffer, read-only */
    unsigned int type = m->type[f] ? m->type[f] : users && !list ? T_WRITABLE : T_NONE;

    if (r->count != count || r->type_count != users || (users && r->type != type))
        COMPLAIN(
            m,
            "frame 0x%llx has %u references, %u users as type %u; found were %u and %u as type %u",
            N(f), r->count, r->type_count, r->type, count, users, type);
    else if (m->type[f] && r->linear != m->linear[f])
        COMPLAIN(m, "frame 0x%llx has linear count %d; found was %d", N(f), r->linear,
                 m->linear[f]);
    if (m->type[f] && !(r->flags & XD_FRAME_VALIDATED))
        COMPLAIN(m, "frame 0x%llx is held as type %u and was never audited", N(f), m->type[f]);
}

void book_compare(struct model *m)
{
    for (uint32_t i = 0; i < m->uses; i++)
        if (m->used[i] >= m->hv->heap_first)
            compare_frame(m, m->used[i]);
    m->compared = true;
}

bool book_is_settled(struct model *m)
{
    return !m->touched && m->compared && settled_same(m);
}

#define SEEN_BY_CPU UINT64_C(0x60) /* A and D: set by accesses, whatever the model foresees */

static void compare_contents(struct model *m, mfn_t f)
{
    const uint64_t *is = view_words(m->hv, f), *want = m->copy[f];

    if (!view_frame(m->hv, f)->count)
        return;
    for (unsigned int i = 0; i < 512; i++)
        if ((is[i] ^ want[i]) & ~(m->type[f] >= T_L1 && m->type[f] <= T_L4
                                      ? SEEN_BY_CPU | UINT64_C(0x0010000000000104)
                                      : 0) &&
            !(m->type[f] == T_L4 && i >= 256 && i < 272) && m->type[f] &&
            want[i] != book_xens_entry(m))
            COMPLAIN(m, "word %u of frame 0x%llx should be 0x%llx and is 0x%llx", i, N(f),
                     N(want[i]), N(is[i]));
}

void book_compare_foreseen(struct model *m)
{
    static struct roots now[DOMAINS][VCPUS];

    book_read_roots(m, now);
    for (uint32_t i = 0; i < m->slots; i++)
        for (uint32_t id = 0; id < VCPUS; id++)
            if (memcmp(&now[i][id], &m->root[i][id], sizeof(struct roots)) != 0)
                COMPLAIN(
                    m,
                    "base pointers or descriptor tables of domain %u, vCPU %u are not as foreseen: L4 0x%llx, user 0x%llx, %u GDT frames; foreseen were 0x%llx, 0x%llx, %u",
                    i, id, N(now[i][id].kernel), N(now[i][id].user), now[i][id].gdts,
                    N(m->root[i][id].kernel), N(m->root[i][id].user), m->root[i][id].gdts);
    for (uint32_t i = 0; i < m->uses; i++) {
        mfn_t f = m->used[i];
        const struct xd_frame *r = view_frame(m->hv, f);
        unsigned int pin = r->count && r->flags & XD_FRAME_PINNED ? r->type : 0;

        if (pin != m->pin[f])
            COMPLAIN(m, "frame 0x%llx should be pinned at level %u (0: not) and is at %u", N(f),
                     m->pin[f], pin);
    }
    for (uint32_t i = 0; i < m->copies; i++)
        compare_contents(m, m->copied[i]);
}
