/* SPDX-License-Identifier: MIT */
/* arena.c: the mapping and its undo journal. */
#define _GNU_SOURCE
#include "base/arena.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static uint64_t now_ns(void)
{
    struct timespec t = {0};

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int xd_arena_init(struct xd_arena *a, size_t size)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                   -1, 0);

    *a = (struct xd_arena){0};
    if (p == MAP_FAILED)
        return -ENOMEM;
    a->base = p;
    a->size = size;
    a->born_ns = now_ns();
    return 0;
}

void xd_arena_fini(struct xd_arena *a)
{
    if (a->base)
        munmap(a->base, a->size);
    if (a->shared)
        close(a->fd);
    free(a->undo);
    *a = (struct xd_arena){0};
}

#if defined(__linux__)

#define PAGE 4096u

/* A new file with what lies in [from, a->size). */
static int copy_out(const struct xd_arena *a, size_t from)
{
    int fd = memfd_create("xendouble", MFD_CLOEXEC);

    if (fd < 0)
        return fd;
    if (ftruncate(fd, (off_t)(a->size - from)) == 0) {
        size_t at = 0;

        while (at < a->size - from &&
               (!a->used(a->used_ctx, at / PAGE) ||
                pwrite(fd, a->base + from + at, PAGE, (off_t)at) == (ssize_t)PAGE))
            at += PAGE;
        if (at >= a->size - from)
            return fd;
    }
    close(fd);
    return -1;
}

static bool map_shared(struct xd_arena *a, size_t from, int fd)
{
    return mmap(a->base + from, a->size - from, PROT_READ | PROT_WRITE,
                MAP_SHARED | MAP_FIXED | MAP_NORESERVE, fd, 0) != MAP_FAILED;
}

int xd_arena_share(struct xd_arena *a, size_t from, bool (*used)(void *ctx, size_t page), void *ctx)
{
    int fd;

    if (a->shared)
        return 0;
    XD_ALWAYS(from % PAGE == 0 && a->size % PAGE == 0 && from < a->size);
    a->used = used;
    a->used_ctx = ctx;
    fd = copy_out(a, from);
    if (fd < 0)
        return -ENOMEM;
    if (!map_shared(a, from, fd)) {
        close(fd);
        return -ENOMEM;
    }
    a->shared = true;
    a->fd = fd;
    a->shared_from = from;
    return 0;
}

int xd_arena_before_fork(struct xd_arena *a)
{
    a->twin = copy_out(a, a->shared_from);
    return a->twin < 0 ? -ENOMEM : 0;
}

void xd_arena_after_fork(struct xd_arena *a, bool child)
{
    XD_ALWAYS(a->twin >= 0 || !child);
    if (child) {
        XD_ALWAYS(map_shared(a, a->shared_from, a->twin));
        close(a->fd);
        a->fd = a->twin;
    } else if (a->twin >= 0) {
        close(a->twin);
    }
}

#else

int xd_arena_share(struct xd_arena *a, size_t from, bool (*used)(void *ctx, size_t page), void *ctx)
{
    (void)a, (void)from, (void)used, (void)ctx;
    return -ENOSYS;
}

int xd_arena_before_fork(struct xd_arena *a)
{
    (void)a;
    return 0;
}

void xd_arena_after_fork(struct xd_arena *a, bool child)
{
    (void)a, (void)child;
}

#endif

static void settle(struct xd_arena *a)
{
    if (a->settle)
        a->settle(a->settle_ctx);
}

#define TIDY_FROM ((size_t)1 << 16) /* records: a megabyte, below which it isn't worth the while */

/* Of the records since the last mark keeps the first of each word, which is the one that counts. */
static void tidy(struct xd_arena *a)
{
    unsigned char *seen = xd_zalloc(a->size / 64 + 1);
    size_t kept = a->mark;

    for (size_t i = a->mark; i < a->undo_nr; i++) {
        size_t w = (size_t)a->undo[i].word;

        if (seen[w / 8] >> w % 8 & 1)
            continue;
        seen[w / 8] |= (unsigned char)(1u << w % 8);
        a->undo[kept++] = a->undo[i];
    }
    a->undo_nr = kept;
    a->tidied = kept - a->mark;
    a->tidyings++;
    free(seen);
}

/* Each tidying looks at twice what the last one left, so a record costs the same however many come. */
static void tidy_if_due(struct xd_arena *a)
{
    if (a->undo_nr - a->mark >= 2 * a->tidied + TIDY_FROM)
        tidy(a);
}

static XD_COLD void make_room(struct xd_arena *a, size_t n)
{
    tidy_if_due(a);
    if (a->undo_nr + n <= a->undo_cap / 2)
        return;
    a->undo_cap = (a->undo_nr + n) * 2 + 1024;
    a->undo = xd_realloc(a->undo, a->undo_cap * sizeof(*a->undo));
}

void xd_arena_record(struct xd_arena *a, const void *p, size_t n)
{
    size_t at = (size_t)((const unsigned char *)p - a->base), w = at / 8, to = (at + n + 7) / 8;
    struct xd_undo *u;

    XD_ALWAYS(w <= to && to <= a->size / 8);
    if (XD_UNLIKELY(a->undo_nr + (to - w) > a->undo_cap))
        make_room(a, to - w);
    u = a->undo + a->undo_nr;
    a->undo_nr += to - w;
    for (const unsigned char *old = a->base + w * 8; w < to; w++, u++, old += 8) {
        u->word = w;
        memcpy(&u->old, old, 8);
    }
}

void xd_arena_record_word(struct xd_arena *a, const void *p)
{
    const size_t w = (size_t)((const unsigned char *)p - a->base) / 8, nr = a->undo_nr;

    if (XD_UNLIKELY(w >= a->size / 8 || nr == a->undo_cap)) {
        xd_arena_record(a, p, 1);
        return;
    }
    a->undo[nr].word = w;
    memcpy(&a->undo[nr].old, a->base + w * 8, 8);
    a->undo_nr = nr + 1;
}

size_t xd_arena_mark(struct xd_arena *a)
{
    settle(a);
    a->journaling = true;
    a->mark = a->undo_nr;
    return a->mark;
}

void xd_arena_undo(struct xd_arena *a, size_t mark)
{
    unsigned char *const base = a->base;

    XD_ALWAYS(mark <= a->undo_nr);
    settle(a);
    for (const struct xd_undo *u = a->undo + a->undo_nr, *end = a->undo + mark; u > end;) {
        u--;
        memcpy(base + u->word * 8, &u->old, 8);
    }
    a->undo_nr = mark;
    a->mark = mark;
}

void xd_arena_merge(struct xd_arena *a, size_t mark)
{
    XD_ALWAYS(mark <= a->mark);
    a->mark = mark;
    tidy_if_due(a);
}

void xd_arena_forget(struct xd_arena *a)
{
    a->undo_nr = 0;
    a->mark = 0;
    a->tidied = 0;
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
