/* SPDX-License-Identifier: MIT */
/*
 * backtrace.c: who called, in words: by libunwind where there is one, which walks through the stubs
 * and over stacks that stand still; else by what libc has, which knows the present stack only.
 */
#define _GNU_SOURCE
#include "guest/guest.h"

#include "guest/context.h"
#include "guest/tools.h"

#include <inttypes.h>

#define DEPTH_MAX  32
#define SYMBOL_MAX 128

#if XD_HAVE_UNWIND

#define UNW_LOCAL_ONLY
#include <libunwind.h>
#include <string.h>

static void add_frame(struct xd_str *out, unw_cursor_t *cursor, unsigned int nr)
{
    char name[SYMBOL_MAX];
    unw_word_t ip = 0, off = 0;

    unw_get_reg(cursor, UNW_REG_IP, &ip);
    if (unw_get_proc_name(cursor, name, sizeof(name), &off))
        strcpy(name, "?");
    xd_str_addf(out, "    #%u %s+%#" PRIx64 " [%#" PRIx64 "]\n", nr, name, (uint64_t)off,
                (uint64_t)ip);
}

/* (flags): UNW_INIT_SIGNAL_FRAME if the innermost frame was interrupted, not left by a call. */
static void walk(struct xd_str *out, unw_context_t *uc, unsigned int skip, int flags)
{
    unw_cursor_t cursor;
    unsigned int nr = 0;

    if (unw_init_local2(&cursor, uc, flags))
        return;
    do {
        unw_word_t ip = 0;

        unw_get_reg(&cursor, UNW_REG_IP, &ip);
        if (!ip)
            break;
        if (skip) {
            skip--;
            continue;
        }
        add_frame(out, &cursor, nr++);
    } while (nr < DEPTH_MAX && unw_step(&cursor) > 0);
}

/* libunwind tries addresses out, which Valgrind would blame on the test. */
static void add_frames(struct xd_str *out, unw_context_t *uc, unsigned int skip)
{
    VALGRIND_DISABLE_ERROR_REPORTING;
    walk(out, uc, skip, 0);
    VALGRIND_ENABLE_ERROR_REPORTING;
}

void xd_backtrace_here(struct xd_str *out, unsigned int skip)
{
    unw_context_t uc;

    unw_getcontext(&uc);
    add_frames(out, &uc, skip + 1);
}

void xd_backtrace_of(struct xd_str *out, const void *uc)
{
    unw_context_t copy = *(const unw_context_t *)uc;

    VALGRIND_DISABLE_ERROR_REPORTING;
    walk(out, &copy, 0, UNW_INIT_SIGNAL_FRAME);
    VALGRIND_ENABLE_ERROR_REPORTING;
}

static unsigned int step_by_step(void **at, unsigned int max)
{
    unw_context_t uc;
    unw_cursor_t cursor;
    unsigned int nr = 0;

    unw_getcontext(&uc);
    if (unw_init_local(&cursor, &uc))
        return 0;
    do {
        unw_word_t ip = 0;

        unw_get_reg(&cursor, UNW_REG_IP, &ip);
        at[nr++] = (void *)(uintptr_t)ip;
    } while (nr < max && unw_step(&cursor) > 0);
    return nr;
}

/*
 * unw_backtrace is quick by what it keeps for each thread, and gives that up when the thread ends: behind
 * ThreadSanitizer's own end, which a lock there does not survive.
 */
unsigned int xd_backtrace_take(void **at, unsigned int max)
{
    unsigned int nr;

    VALGRIND_DISABLE_ERROR_REPORTING;
    if (xd_under_tsan()) {
        nr = step_by_step(at, max);
    } else {
        int got = unw_backtrace(at, (int)max);

        nr = got > 0 ? (unsigned int)got : 0;
    }
    VALGRIND_ENABLE_ERROR_REPORTING;
    return nr;
}

/* Our own functions lie between the call and its refusal: their names all begin so. */
static bool is_ours(const char *name)
{
    return !strncmp(name, "xd_", 3);
}

/* A name is that of the function which a cursor is said to stand in. */
void xd_backtrace_tell(struct xd_str *out, void *const *at, unsigned int nr)
{
    unw_context_t uc;
    unw_cursor_t cursor;

    unw_getcontext(&uc);
    if (unw_init_local(&cursor, &uc))
        return;
    for (unsigned int i = 0, told = 0; i < nr; i++) {
        char name[SYMBOL_MAX];
        unw_word_t off;

        unw_set_reg(&cursor, UNW_REG_IP, (unw_word_t)(uintptr_t)at[i]);
        if (!at[i])
            break;
        if (!told && !unw_get_proc_name(&cursor, name, sizeof(name), &off) && is_ours(name))
            continue;
        add_frame(out, &cursor, told++);
    }
}

#if XD_OWN_SWITCH

void xd_backtrace_at(struct xd_str *out, const void *sp)
{
    const struct xd_left *left = sp;
    unw_context_t uc;
    greg_t *r = uc.uc_mcontext.gregs;

    memset(&uc, 0, sizeof(uc));
    r[REG_R15] = (greg_t)left->r15;
    r[REG_R14] = (greg_t)left->r14;
    r[REG_R13] = (greg_t)left->r13;
    r[REG_R12] = (greg_t)left->r12;
    r[REG_RBX] = (greg_t)left->rbx;
    r[REG_RBP] = (greg_t)left->rbp;
    r[REG_RSP] = (greg_t)(uintptr_t)(left + 1);
    r[REG_RIP] = (greg_t)left->rip;
    add_frames(out, &uc, 0);
}

#endif

#else

#if XD_HAVE_EXECINFO
#include <execinfo.h>
#include <stdlib.h>
#endif

void xd_backtrace_here(struct xd_str *out, unsigned int skip)
{
#if XD_HAVE_EXECINFO
    void *at[DEPTH_MAX];
    int nr = backtrace(at, DEPTH_MAX);
    char **name = backtrace_symbols(at, nr);

    for (int i = 1 + (int)skip; name && i < nr; i++)
        xd_str_addf(out, "    #%d %s\n", i - 1 - (int)skip, name[i]);
    free(name);
#else
    (void)out;
    (void)skip;
#endif
}

unsigned int xd_backtrace_take(void **at, unsigned int max)
{
#if XD_HAVE_EXECINFO
    int nr = backtrace(at, (int)max);

    return nr > 0 ? (unsigned int)nr : 0;
#else
    (void)at;
    (void)max;
    return 0;
#endif
}

void xd_backtrace_tell(struct xd_str *out, void *const *at, unsigned int nr)
{
    for (unsigned int i = 0; i < nr; i++)
        xd_str_addf(out, "    #%u [%p]\n", i, at[i]);
}

void xd_backtrace_of(struct xd_str *out, const void *uc)
{
    (void)uc;
    xd_backtrace_here(out, 2);
}

#if XD_OWN_SWITCH

void xd_backtrace_at(struct xd_str *out, const void *sp)
{
    const struct xd_left *left = sp;

    xd_str_addf(out, "    at %#" PRIx64 " (built without libunwind)\n", left->rip);
}

#endif

#endif
