/* SPDX-License-Identifier: MIT */
/* bug.c: the end of the process, and allocation that can only succeed. */
#include "base/bug.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void xd_bug(const char *file, int line, const char *func, const char *cond)
{
    fprintf(stderr, "xendouble: BUG at %s:%d in %s: this must hold: %s\n", file, line, func, cond);
    abort();
}

_Noreturn void xd_misused(const char *fmt, ...)
{
    va_list ap;

    fputs("xendouble: ", stderr);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    abort();
}

static void *must(void *p)
{
    if (!p) {
        fputs("xendouble: the host is out of memory\n", stderr);
        abort();
    }
    return p;
}

#define ZEROED_HERE \
    1024u /* glibc's calloc passes by the small pieces that the thread gave back last */

void *xd_zalloc(size_t size)
{
    if (size > ZEROED_HERE)
        return must(calloc(1, size));
    return memset(must(malloc(size ? size : 1)), 0, size);
}

void *xd_realloc(void *old, size_t size)
{
    return must(realloc(old, size ? size : 1));
}

char *xd_strdup(const char *text)
{
    size_t n = strlen(text) + 1;

    return memcpy(xd_zalloc(n), text, n);
}
