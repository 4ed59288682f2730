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

/* The addresses from (uc) on. (flags): UNW_INIT_SIGNAL_FRAME if it was interrupted, not left by a call.
 * libunwind tries addresses out, which Valgrind would blame on the test. */
static unsigned int walk(unw_context_t *uc, int flags, void **at, unsigned int max)
{
    unw_cursor_t cursor;
    unsigned int nr = 0;

    VALGRIND_DISABLE_ERROR_REPORTING;
    if (unw_init_local2(&cursor, uc, flags) == 0)
        do {
            unw_word_t ip = 0;

            unw_get_reg(&cursor, UNW_REG_IP, &ip);
            if (!ip)
                break;
            at[nr++] = (void *)(uintptr_t)ip;
        } while (nr < max && unw_step(&cursor) > 0);
    VALGRIND_ENABLE_ERROR_REPORTING;
    return nr;
}

/*
 * unw_backtrace is quick by what it keeps for each thread, and gives that up when the thread ends: behind
 * ThreadSanitizer's own end, which a lock there does not survive.
 */
unsigned int xd_backtrace_take(void **at, unsigned int max)
{
    unw_context_t uc;
    int got;

    if (xd_under_tsan()) {
        unw_getcontext(&uc);
        return walk(&uc, 0, at, max);
    }
    VALGRIND_DISABLE_ERROR_REPORTING;
    got = unw_backtrace(at, (int)max);
    VALGRIND_ENABLE_ERROR_REPORTING;
    return got > 0 ? (unsigned int)got : 0;
}

/* ---- Names ---- */

struct names {
    unw_context_t uc;
    unw_cursor_t cursor;
};

static bool names_ready(struct names *n)
{
    unw_getcontext(&n->uc);
    return unw_init_local(&n->cursor, &n->uc) == 0;
}

/* A name is that of the function which a cursor is said to stand in. */
static uint64_t name_of(struct names *n, void *at, char name[SYMBOL_MAX])
{
    unw_word_t off = 0;

    unw_set_reg(&n->cursor, UNW_REG_IP, (unw_word_t)(uintptr_t)at);
    if (unw_get_proc_name(&n->cursor, name, SYMBOL_MAX, &off))
        memcpy(name, "?", 2);
    return off;
}

/* (stood): the first address is where code was interrupted, maybe at a function's first byte, and not where a
 * call returns to. */
static void tell_from(struct xd_str *out, struct names *n, void *const *at, unsigned int nr,
                      bool stood)
{
    for (unsigned int i = 0; i < nr && at[i]; i++) {
        const unsigned int one = stood && i == 0;
        char name[SYMBOL_MAX];
        uint64_t off = name_of(n, (char *)at[i] + one, name) - one;

        xd_str_addf(out, "    #%u %s+%#" PRIx64 " [%#" PRIx64 "]\n", i, name, off,
                    (uint64_t)(uintptr_t)at[i]);
    }
}

static bool is_one_of(const char *name, const char *const *list)
{
    while (*list && strncmp(name, *list, strlen(*list)) != 0)
        list++;
    return *list != NULL;
}

/*
 * How many of the innermost frames are our own. They lie between the place where the guest's code came in
 * and the one where the backtrace was taken; or, where it did not come in by a call, but called another
 * function of ours out of a handler, say, they are those whose names begin as ours do.
 */
static unsigned int count_ours(struct names *n, void *const *at, unsigned int nr)
{
    static const char *const shown[] = {"HYPERVISOR_", NULL},
                             *const hidden[] = {"xd_preempt", "xd_hypercall_entry", "xd_iret_entry",
                                                NULL},
                             *const outward[] = {"xd_deliver_upcalls", "xd_context_main",
                                                 "xd_begin_start", "xd_levers_", NULL},
                             *const ours[] = {"xd_", NULL};
    unsigned int leading = 0;

    for (unsigned int i = 0; i < nr && at[i]; i++) {
        char name[SYMBOL_MAX];

        name_of(n, at[i], name);
        if (is_one_of(name, shown))
            return i;
        if (is_one_of(name, hidden))
            return i + 1;
        if (leading == i && is_one_of(name, ours))
            leading++;
        if (is_one_of(name, outward))
            break;
    }
    return leading;
}

void xd_backtrace_tell(struct xd_str *out, void *const *at, unsigned int nr)
{
    struct names n;
    unsigned int ours;

    if (!names_ready(&n))
        return;
    ours = count_ours(&n, at, nr);
    tell_from(out, &n, at + ours, nr - ours, false);
}

void xd_backtrace_of(struct xd_str *out, const void *uc)
{
    unw_context_t copy = *(const unw_context_t *)uc;
    void *at[DEPTH_MAX];
    unsigned int nr = walk(&copy, UNW_INIT_SIGNAL_FRAME, at, DEPTH_MAX);
    struct names n;

    if (names_ready(&n)) {
        const unsigned int ours = count_ours(&n, at, nr);

        tell_from(out, &n, at + ours, nr - ours, ours == 0);
    }
}

#if XD_OWN_SWITCH

void xd_backtrace_at(struct xd_str *out, const void *sp)
{
    const struct xd_left *left = sp;
    void *at[DEPTH_MAX];
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
    xd_backtrace_tell(out, at, walk(&uc, 0, at, DEPTH_MAX));
}

#endif

#else

#if XD_HAVE_EXECINFO
#include <execinfo.h>
#include <stdlib.h>
#endif

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
#if XD_HAVE_EXECINFO
    char **name = backtrace_symbols(at, (int)nr);

    for (unsigned int i = 0; name && i < nr; i++)
        xd_str_addf(out, "    #%u %s\n", i, name[i]);
    free(name);
#else
    for (unsigned int i = 0; i < nr; i++)
        xd_str_addf(out, "    #%u [%p]\n", i, at[i]);
#endif
}

void xd_backtrace_of(struct xd_str *out, const void *uc)
{
    (void)uc;
    xd_backtrace_here(out);
}

#if XD_OWN_SWITCH

void xd_backtrace_at(struct xd_str *out, const void *sp)
{
    const struct xd_left *left = sp;

    xd_str_addf(out, "    at %#" PRIx64 " (built without libunwind)\n", left->rip);
}

#endif

#endif

void xd_backtrace_here(struct xd_str *out)
{
    void *at[DEPTH_MAX];

    xd_backtrace_tell(out, at, xd_backtrace_take(at, DEPTH_MAX));
}
