/* SPDX-License-Identifier: MIT */
/*
 * bug.h: what to do when we ourselves are wrong.
 *
 * Guests are refused and hosts get errors; only a broken promise of this code base ends the
 * process, and a call by which nothing can be meant.
 */
#ifndef XD_BASE_BUG_H
#define XD_BASE_BUG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* For constant tables whose size is known where they are used. */
#define XD_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#if defined(__GNUC__)
#define XD_LIKELY(x)         __builtin_expect(!!(x), 1)
#define XD_UNLIKELY(x)       __builtin_expect(!!(x), 0)
#define XD_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
/* A function on no common way: it is kept out of those that call it, and costs them nothing. */
#define XD_COLD __attribute__((cold, noinline))
#else
#define XD_LIKELY(x)   (x)
#define XD_UNLIKELY(x) (x)
#define XD_PRINTF(fmt, args)
#define XD_COLD
#endif

/* Prints the broken condition and aborts. (cond) is its source text. */
_Noreturn void xd_bug(const char *file, int line, const char *func, const char *cond);

/* The caller asked for what has no answer: prints the sentence and aborts. */
_Noreturn void xd_misused(const char *fmt, ...) XD_PRINTF(1, 2);

/* A statement about our own state that must hold whatever guest and host do. Always compiled in. */
#define XD_ALWAYS(cond) (XD_LIKELY(cond) ? (void)0 : xd_bug(__FILE__, __LINE__, __func__, #cond))

/* malloc/realloc that never return NULL: host memory for small bookkeeping; out of it, we abort. */
void *xd_zalloc(size_t size);
void *xd_realloc(void *old, size_t size);
char *xd_strdup(const char *text);

#endif
