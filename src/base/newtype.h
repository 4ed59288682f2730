/* SPDX-License-Identifier: MIT */
/*
 * newtype.h: integers that must not be mixed.
 *
 * A machine frame number is a one-field struct, so passing a pfn or an address for one does not
 * compile.
 */
#ifndef XD_BASE_NEWTYPE_H
#define XD_BASE_NEWTYPE_H

#include <stdint.h>

typedef struct {
    uint64_t v;
} xd_mfn; /* machine frame number */

static inline xd_mfn xd_mfn_of(uint64_t v)
{
    return (xd_mfn){v};
}

#endif
