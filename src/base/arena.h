/* SPDX-License-Identifier: MIT */
/*
 * arena.h: the one mapping that holds all state of a machine, and the undo journal over it.
 *
 * The rule: machine state is changed through XD_SET, xd_arena_write and xd_arena_zero only. They
 * record the old words while a journal is open, so that undoing it gives back every byte. A write
 * that goes round them is a bug that the digest test finds.
 */
#ifndef XD_BASE_ARENA_H
#define XD_BASE_ARENA_H

#include "base/bug.h"

struct xd_undo {
    uint64_t word; /* index of the 8-byte word in the arena */
    uint64_t old;
};

struct xd_arena {
    unsigned char *base; /* page aligned; stays where it is */
    size_t size;
    uint64_t born_ns; /* of the host's clock: tells it from all that ever were at (base) */
    bool journaling;  /* a journal is open */
    struct xd_undo *undo;
    size_t undo_nr, undo_cap;
    size_t mark;     /* the last one; words recorded since need to be there once */
    size_t tidied;   /* what the last tidying left since its mark */
    size_t tidyings; /* so far; records moved in each */
    bool shared;     /* see xd_arena_share */
    int fd;
    int twin; /* between xd_arena_fork's two calls: the child's fd */
    size_t shared_from;
    bool (*used)(void *ctx, size_t page);
    void *used_ctx;
    void (*settle)(void *ctx); /* whoever lets others write there stops it; NULL: nobody does */
    void *settle_ctx;
};

/* Reserves (size) bytes of zeroed memory that costs nothing until touched. 0 or -ENOMEM. */
int xd_arena_init(struct xd_arena *a, size_t size);
void xd_arena_fini(struct xd_arena *a);

/* Records the words that hold [p, p+n). Called through the helpers below. */
void xd_arena_record(struct xd_arena *a, const void *p, size_t n);
void xd_arena_record_word(struct xd_arena *a, const void *p); /* the one that holds byte (p) */

/*
 * From byte (from) on, which is page aligned, the memory is (fd)'s from now on, at offset 0, so that it
 * can be mapped elsewhere too. Pages for which (used) is false are all zeros. Writes made elsewhere are
 * not recorded: (settle) is called whenever a mark is made or gone back to, and nothing may be writable
 * elsewhere after it but pages recorded since. 0, also if it was so already; -ENOMEM or -ENOSYS, and
 * then nothing changed.
 */
int xd_arena_share(struct xd_arena *a, size_t from, bool (*used)(void *ctx, size_t page),
                   void *ctx);

/*
 * What is shared is not to be shared with a child process, which fork() does not know: before it, a copy
 * is made (-ENOMEM: there is no room); after it, the child takes that copy and its parent drops it. All
 * other mappings of (fd) are the old ones.
 */
int xd_arena_before_fork(struct xd_arena *a);
void xd_arena_after_fork(struct xd_arena *a, bool child);

/*
 * Opens the journal (it stays open) and returns the mark to go back to. Marks nest. However long it
 * stays open, the journal is bounded by what was touched since each mark: before it grows, words
 * that stand in it again are dropped.
 */
size_t xd_arena_mark(struct xd_arena *a);

/* Puts back every word written since (mark). The journal stays open and stands at (mark). */
void xd_arena_undo(struct xd_arena *a, size_t mark);

/* Nobody will go back to the last mark: what was recorded since belongs to the one before, (mark). */
void xd_arena_merge(struct xd_arena *a, size_t mark);

/* Forgets what is recorded and closes the journal. */
void xd_arena_forget(struct xd_arena *a);

/* A hash of [p, p+n), continuing from (seed). Not cryptographic: it tells states apart in tests. */
uint64_t xd_hash64(uint64_t seed, const void *p, size_t n);

static inline void xd_arena_touch(struct xd_arena *a, const void *p, size_t n)
{
    if (XD_LIKELY(!a->journaling))
        return;
    if ((uintptr_t)p % 8 + n <= 8)
        xd_arena_record_word(a, p);
    else
        xd_arena_record(a, p, n);
}

/* Assigns to a field of machine state. */
#define XD_SET(a, lvalue, value)                        \
    do {                                                \
        xd_arena_touch((a), &(lvalue), sizeof(lvalue)); \
        (lvalue) = (value);                             \
    } while (0)

/* Copies (n) bytes into machine state; the ranges do not overlap. */
static inline void xd_arena_write(struct xd_arena *a, void *dst, const void *src, size_t n)
{
    xd_arena_touch(a, dst, n);
    __builtin_memcpy(dst, src, n);
}

static inline void xd_arena_zero(struct xd_arena *a, void *dst, size_t n)
{
    xd_arena_touch(a, dst, n);
    __builtin_memset(dst, 0, n);
}

#endif
