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

/* ---- As steps ---- */

void xd_said_memory(const struct xd_said *c, struct xd_str *out)
{
    for (size_t i = 0; i < c->reaches; i++) {
        const struct xd_reach *a = &c->reach[i];
        unsigned char *bytes = xd_zalloc(a->n + 1);

        if (a->ok && !is_area(c, a)) {
            for (size_t k = 0; k < a->n; k++)
                xd_said_read(c, a->va + k, bytes + k, 1);
            xd_str_addf(out, "memory %#" PRIx64 " ", a->va);
            xd_say_text(out, bytes, a->n);
            xd_str_add(out, xd_said_readonly(c, a->va) ? " readonly\n" : "\n");
        }
        free(bytes);
    }
    for (const struct xd_said *e = c->entry; e; e = e->next)
        xd_said_memory(e, out);
}

void xd_said_stored(const struct xd_said *c, struct xd_str *out)
{
    for (size_t i = 0; i < c->reaches; i++) {
        const struct xd_reach *a = &c->reach[i];

        for (size_t k = 0; a->ok && a->write && !is_area(c, a) && k < a->n; k += 8) {
            size_t n = a->n - k < 8 ? a->n - k : 8;
            unsigned char now[8] = {0};

            xd_said_written(c, a->va + k, now, n);
            xd_str_addf(out, "expect mem %#" PRIx64, a->va + k);
            if (n < 8)
                xd_str_addf(out, " size=%zu", n);
            xd_str_addf(out, " = %#" PRIx64 "\n", xd_number_at(now, n));
        }
    }
    for (const struct xd_said *e = c->entry; e; e = e->next)
        xd_said_stored(e, out);
}
