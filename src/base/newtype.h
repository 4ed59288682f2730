/* SPDX-License-Identifier: MIT */
/*
 * newtype.h: integers that must not be mixed.
 *
 * A machine frame number and a guest address are one-field structs, so passing one for the other does not compile.
 */
#ifndef XD_BASE_NEWTYPE_H
#define XD_BASE_NEWTYPE_H

#include <stdint.h>

typedef struct {
    uint64_t v;
} xd_mfn; /* machine frame number */

typedef struct {
    uint64_t v;
} xd_gva; /* guest linear address: only the walk may follow it */

static inline xd_mfn xd_mfn_of(uint64_t v)
{
    return (xd_mfn){v};
}

static inline xd_gva xd_gva_of(uint64_t v)
{
    return (xd_gva){v};
}

#endif
