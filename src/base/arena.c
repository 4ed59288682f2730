/* SPDX-License-Identifier: MIT */
/* arena.c: the mapping and its undo journal. */
#define _GNU_SOURCE
#include "base/arena.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

int xd_arena_init(struct xd_arena *a, size_t size)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                   -1, 0);

    *a = (struct xd_arena){0};
    if (p == MAP_FAILED)
        return -ENOMEM;
    a->base = p;
    a->size = size;
    return 0;
}

void xd_arena_fini(struct xd_arena *a)
{
    if (a->base)
        munmap(a->base, a->size);
    free(a->undo);
    *a = (struct xd_arena){0};
}

void xd_arena_record(struct xd_arena *a, const void *p, size_t n)
{
    size_t from = (size_t)((const unsigned char *)p - a->base) / 8;
    size_t to = ((size_t)((const unsigned char *)p - a->base) + n + 7) / 8;

    XD_ALWAYS(from <= to && to <= a->size / 8);
    if (a->undo_nr + (to - from) > a->undo_cap) {
        a->undo_cap = (a->undo_nr + (to - from)) * 2 + 1024;
        a->undo = xd_realloc(a->undo, a->undo_cap * sizeof(*a->undo));
    }
    for (size_t w = from; w < to; w++) {
        struct xd_undo *u = &a->undo[a->undo_nr++];

        u->word = w;
        memcpy(&u->old, a->base + w * 8, 8);
    }
}

size_t xd_arena_mark(struct xd_arena *a)
{
    a->journaling = true;
    return a->undo_nr;
}

void xd_arena_undo(struct xd_arena *a, size_t mark)
{
    XD_ALWAYS(mark <= a->undo_nr);
    while (a->undo_nr > mark) {
        const struct xd_undo *u = &a->undo[--a->undo_nr];

        memcpy(a->base + u->word * 8, &u->old, 8);
    }
}

void xd_arena_forget(struct xd_arena *a)
{
    a->undo_nr = 0;
    a->journaling = false;
}

static uint64_t mix(uint64_t h, uint64_t w)
{
    h ^= w;
    h *= UINT64_C(0x9e3779b97f4a7c15);
    return h ^ (h >> 29);
}

uint64_t xd_hash64(uint64_t seed, const void *p, size_t n)
{
    const unsigned char *b = p;
    uint64_t h = mix(seed, n), w;

    for (; n >= 8; b += 8, n -= 8) {
        memcpy(&w, b, 8);
        h = mix(h, w);
    }
    w = 0;
    memcpy(&w, b, n);
    return mix(h, w);
}
