/* SPDX-License-Identifier: MIT */
/*
 * oracle_known.c: is the memory still as it was when nothing was found wrong with it?
 *
 * What the audit and REACH say of memory follows from what is kept here, and half of all calls change none of it.
 * Nobody is asked what changed: everything is compared. Contents of frames are those of all tables and descriptors; that
 * tables lead to tables alone, the audit has said then.
 */
#include "fuzz/oracles.h"

#include "hv/pagetype.h"

#include <stdlib.h>
#include <string.h>

struct xd_known {
    const struct xd_hv *hv; /* NULL: nothing is known */
    uint64_t born;
    uint32_t frames;
    struct xd_frame *record;
    struct xd_str rest, now; /* of the machine, domains and vCPUs; so far, and as it is */
    uint32_t *table;         /* frames whose contents count */
    uint32_t tables;
    unsigned char *contents;
    uint32_t room;
};

struct xd_known *xd_known_new(void)
{
    return xd_zalloc(sizeof(struct xd_known));
}

void xd_known_free(struct xd_known *k)
{
    if (!k)
        return;
    free(k->record);
    free(k->table);
    free(k->contents);
    xd_str_free(&k->rest);
    xd_str_free(&k->now);
    free(k);
}

void xd_known_forget(struct xd_known *k)
{
    k->hv = NULL;
}

static void add(struct xd_str *out, const void *p, size_t n)
{
    xd_str_addn(out, p, n);
}

#define ADD_FIELDS(out, s, first, behind)                             \
    add((out), (const char *)(s) + offsetof(__typeof__(*(s)), first), \
        offsetof(__typeof__(*(s)), behind) - offsetof(__typeof__(*(s)), first))

static void add_rights(struct xd_str *out, const struct xd_rights *r)
{
    add(out, &r->nr, sizeof(r->nr));
    add(out, r->range, sizeof(r->range[0]) * r->nr);
}

/* All that is read but records and contents. */
static void write_rest(const struct xd_hv *hv, uint64_t served, struct xd_str *out)
{
    xd_str_clear(out);
    add(out, &served, sizeof(served));
    ADD_FIELDS(out, hv, frames, gsi);
    for (uint32_t i = 0; i < hv->config.domains_max; i++) {
        const struct xd_domain *d = &hv->domain[i];

        add(out, &d->claimed, sizeof(d->claimed));
        if (!d->used)
            continue;
        add(out, &i, sizeof(i));
        ADD_FIELDS(out, d, domid, start);
        ADD_FIELDS(out, d, fifo, e820_nr);
        ADD_FIELDS(out, d, eoi_map, pirq);
        add_rights(out, &d->iomem);
        add_rights(out, &d->ioport);
        for (uint32_t id = 0; id < d->vcpus; id++) {
            const struct xd_vcpu *v = &d->vcpu[id];

            add(out, &v->initialised, sizeof(v->initialised));
            ADD_FIELDS(out, v, cr3, regs);
            ADD_FIELDS(out, v, gdt_ents, virq_port);
            ADD_FIELDS(out, v, info_mfn, tlb_flushes);
        }
    }
}

static const unsigned char *contents(const struct xd_hv *hv, uint32_t mfn)
{
    return hv->mem + (size_t)mfn * XD_PAGE_SIZE;
}

bool xd_known_same(struct xd_known *k, const struct xd_hv *hv, uint64_t served)
{
    if (k->hv != hv || k->born != hv->host->arena.born_ns || k->frames != hv->frames ||
        memcmp(k->record, hv->frame, hv->frames * sizeof(*k->record)) != 0)
        return false;
    write_rest(hv, served, &k->now);
    if (k->now.len != k->rest.len || memcmp(k->now.text, k->rest.text, k->now.len) != 0)
        return false;
    for (uint32_t i = 0; i < k->tables; i++)
        if (memcmp(k->contents + (size_t)i * XD_PAGE_SIZE, contents(hv, k->table[i]),
                   XD_PAGE_SIZE) != 0)
            return false;
    return true;
}

static void add_contents(struct xd_known *k, const struct xd_hv *hv, uint32_t mfn)
{
    if (k->tables == k->room) {
        k->room = k->room * 2 + 64;
        k->contents = xd_realloc(k->contents, (size_t)k->room * XD_PAGE_SIZE);
        k->table = xd_realloc(k->table, k->room * sizeof(*k->table));
    }
    memcpy(k->contents + (size_t)k->tables * XD_PAGE_SIZE, contents(hv, mfn), XD_PAGE_SIZE);
    k->table[k->tables++] = mfn;
}

void xd_known_remember(struct xd_known *k, const struct xd_hv *hv, uint64_t served)
{
    if (k->frames != hv->frames)
        k->record = xd_realloc(k->record, hv->frames * sizeof(*k->record));
    k->hv = hv;
    k->born = hv->host->arena.born_ns;
    k->frames = hv->frames;
    memcpy(k->record, hv->frame, hv->frames * sizeof(*k->record));
    write_rest(hv, served, &k->rest);
    k->tables = 0;
    for (uint32_t mfn = 0; (mfn = xd_frame_next_used(hv, mfn)) < hv->frames; mfn++) {
        unsigned int type = hv->frame[mfn].type;

        if (xd_type_is_table(type) || type == XD_TYPE_SEG_DESC)
            add_contents(k, hv, mfn);
    }
}
