/* SPDX-License-Identifier: MIT */
/*
 * unit-2008.c: does xen.h still have each name of 2008, and mean the same by it?
 *
 * A missing name keeps this file from compiling; that is the point.
 */
#include <xen/interface/xen.h>

#include "abi.h"

#include <inttypes.h>

#ifndef __XEN_PUBLIC_XEN_H__
#error "The include guard of xen.h has another name than in 2008."
#endif

#ifdef __i386__
#define OF(value64, value32) (value32)
#else
#define OF(value64, value32) (value64)
#endif

struct fact {
    const char *name, *what;
    uint64_t is, was;
    int may_grow;
};

/* 1 if the expression has the type; width and signedness count in arithmetic. */
#define HAS_TYPE(n, type) _Generic((n), type : 1, default : 0)

#define TYPED_CONST(n, value, type) \
    {#n, "value", (uint64_t)(n), (value), 0}, {#n, "type " #type, HAS_TYPE(n, type), 1, 0},
#define CONST(n, value)         TYPED_CONST(n, value, int)
#define U_CONST(n, value)       TYPED_CONST(n, value, unsigned int)
#define UL_CONST(n, value)      TYPED_CONST(n, value, unsigned long)
#define SIZE_CONST(n, v64, v32) TYPED_CONST(n, OF(v64, v32), size_t)
#define TYPE(t, s64, s32)       {#t, "size", sizeof(t), OF(s64, s32), 0},
#define AT_LEAST(t, s64, s32)   {#t, "size", sizeof(t), OF(s64, s32), 1},
#define OFFSET(t, f, o64, o32)  {#t "." #f, "offset", offsetof(t, f), OF(o64, o32), 0},
#define FIELD(t, f, o64, s64, o32, s32) \
    OFFSET(t, f, o64, o32){#t "." #f, "size", sizeof(((t *)0)->f), OF(s64, s32), 0},

static const struct fact facts[] = {
#include "names-2008.def"
};

unsigned int abi_check_2008(FILE *out, unsigned int *checked)
{
    unsigned int differences = 0;

    *checked = sizeof(facts) / sizeof(facts[0]);
    for (unsigned int i = 0; i < *checked; i++) {
        const struct fact *f = &facts[i];

        if (f->may_grow ? f->is >= f->was : f->is == f->was)
            continue;
        differences++;
        fprintf(out, "%s: %s is %" PRIu64 "; in 2008 it was %" PRIu64 "\n", f->name, f->what, f->is,
                f->was);
    }
    return differences;
}
