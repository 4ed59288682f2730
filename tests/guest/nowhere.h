/* SPDX-License-Identifier: MIT */
/* nowhere.h: addresses that lead nowhere. */
#ifndef XD_TESTS_NOWHERE_H
#define XD_TESTS_NOWHERE_H

#include "guest.h"

#include <sys/mman.h>

/* One of NOWHERE_NR; the last is of a page that nobody can reach and nobody else gets. */
#define NOWHERE_NR 8
static inline uint64_t nowhere(size_t i)
{
    static const uint64_t at[NOWHERE_NR - 1] = {
        0, 8, 0x1000, 0x7fffffffffff, 0x800000000000, 0xffff800000000000, UINT64_MAX - 3};
    static void *hole;

    if (i < XD_ARRAY_SIZE(at))
        return at[i];
    if (!hole)
        hole = mmap(NULL, 65536, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(hole, MAP_FAILED);
    return (uintptr_t)hole;
}

#endif
