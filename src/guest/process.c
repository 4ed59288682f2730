/* SPDX-License-Identifier: MIT */
/*
 * process.c: what belongs to a thread or to the process and not to a machine: who the thread is,
 * and where memory faults go. The only writable globals of the library.
 *
 * A fault on the way to a guest's memory is an answer (-EFAULT); every other one goes to whoever
 * handled it before us, so a test's own handler, a sanitizer's and the default action still work.
 */
#define _GNU_SOURCE
#include "guest/guest.h"

#include "guest/access.h"
#include "guest/mirror.h"
#include "guest/record.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

XD_TLS struct xd_self xd_this_thread;

/* Mirrors belong to addresses, and these to the process. */
static struct xd_mirror *mirrors;
static uint64_t room;

struct xd_mirror *xd_mirrors(void)
{
    return mirrors;
}

#if XD_ACCESS_GUARDED
static bool fork_is_known;

static void after_in_parent(void)
{
    xd_mirrors_after_fork(false);
}

static void after_in_child(void)
{
    xd_mirrors_after_fork(true);
}
#endif

void xd_mirrors_set(struct xd_mirror *first)
{
    mirrors = first;
#if XD_ACCESS_GUARDED
    if (!fork_is_known)
        fork_is_known =
            pthread_atfork(xd_mirrors_before_fork, after_in_parent, after_in_child) == 0;
#endif
}

uint64_t *xd_mirrors_room(void)
{
    return &room;
}

struct xd_vcpu *xd_self(void)
{
    return xd_this_thread.v;
}

/*
 * How many recordings there are of this process and of those that forked from it: in memory that they
 * share, so that each gets a number of its own. Made when the program starts, before any fork.
 */
static atomic_uint *recordings;

__attribute__((constructor)) static void share_recordings(void)
{
    void *at;

    if (!getenv("XENDOUBLE_RECORD"))
        return;
    at = mmap(NULL, sizeof(*recordings), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (at != MAP_FAILED)
        recordings = at;
}

char *xd_record_path(const char *name)
{
    static atomic_uint unshared;
    unsigned int nr = atomic_fetch_add(recordings ? recordings : &unshared, 1) + 1;
    const char *base = strrchr(name, '/'), *dot = strrchr(base ? base : name, '.');
    struct xd_str path = {0};

    for (const char *c = name; *c; c++) {
        if (nr > 1 && c == dot)
            xd_str_addf(&path, "-%u", nr);
        if (c[0] == '%' && c[1] == 'p') {
            xd_str_addf(&path, "%ld", (long)getpid());
            c++;
        } else {
            xd_str_addc(&path, *c);
        }
    }
    if (nr > 1 && !dot)
        xd_str_addf(&path, "-%u", nr);
    return path.text;
}

#if XD_ACCESS_GUARDED

static const int signals[] = {SIGSEGV, SIGBUS};

/*
 * Ours is one of several handlers, each of which knows whom it came after: a test may install its own over
 * ours, see us come first again, and then put back the one of ours that it had found, whose predecessor is
 * still the right one. The first of ours is never used for another.
 */
#define HANDLERS 4
static struct sigaction before[HANDLERS][XD_ARRAY_SIZE(signals)];
static bool used[XD_ARRAY_SIZE(signals)];         /* the first is */
static unsigned int last[XD_ARRAY_SIZE(signals)]; /* the one that was given out last */

/* A handler that was installed over ours and calls it in turn would go round for ever: each time with
 * a deeper stack, which faults that a handler left by siglongjmp do not have for long. */
#define ROUNDS_MAX 100
static XD_TLS struct {
    uintptr_t frame;
    unsigned int nr;
} rounds;

/* Did somebody send it, by kill() or raise()? A fault's code is positive. */
static bool was_sent(const siginfo_t *info)
{
    return info->si_code <= 0;
}

/* The handler of before gets it as if we were not there. */
static void pass_on(const struct sigaction *old, int sig, siginfo_t *info, void *uc)
{
    uintptr_t frame = (uintptr_t)__builtin_frame_address(0);

    if (was_sent(info) && old->sa_handler == SIG_IGN)
        return;
    if (was_sent(info) && old->sa_handler == SIG_DFL) {
        signal(sig, SIG_DFL);
        raise(sig); /* it arrives when this handler returns */
        return;
    }
    rounds.nr = frame < rounds.frame ? rounds.nr + 1 : 0;
    rounds.frame = frame;
    if (rounds.nr > ROUNDS_MAX || old->sa_handler == SIG_DFL || old->sa_handler == SIG_IGN) {
        xd_guest_tell_fault(&xd_this_thread, sig, (uintptr_t)info->si_addr, uc);
        /* The faulting instruction runs again, and then the kernel does what it always does. */
        signal(sig, SIG_DFL);
        return;
    }
    if (old->sa_flags & SA_SIGINFO)
        old->sa_sigaction(sig, info, uc);
    else
        old->sa_handler(sig);
    __asm__ volatile("" : : : "memory"); /* no tail call: rounds are told by the stack */
}

static void on_fault(unsigned int ours, int sig, siginfo_t *info, void *uc)
{
    const struct xd_context *c;

    if (was_sent(info)) {
        pass_on(&before[ours][sig == SIGBUS], sig, info, uc);
        return;
    }
    if (mirrors && sig == SIGSEGV && xd_mirror_fault((uintptr_t)info->si_addr, uc))
        return;
    if (xd_access_fixup(uc))
        return;
    c = sig == SIGSEGV ? xd_context_overflown((uintptr_t)info->si_addr) : NULL;
    if (c)
        xd_context_tell_overflow(c);
    pass_on(&before[ours][sig == SIGBUS], sig, info, uc);
}

#define HANDLER(nr)                                               \
    static void on_fault_##nr(int sig, siginfo_t *info, void *uc) \
    {                                                             \
        on_fault(nr, sig, info, uc);                              \
        __asm__ volatile("" : : : "memory"); /* as in pass_on */  \
    }
HANDLER(0)
HANDLER(1)
HANDLER(2)
HANDLER(3)

typedef void handler_fn(int sig, siginfo_t *info, void *uc);
static handler_fn *const handlers[HANDLERS] = {on_fault_0, on_fault_1, on_fault_2, on_fault_3};

static bool is_ours(const struct sigaction *now)
{
    for (unsigned int h = 0; now->sa_flags & SA_SIGINFO && h < HANDLERS; h++)
        if (now->sa_sigaction == handlers[h])
            return true;
    return false;
}

/* Which of ours is to come before (now): the one that did already, or the next one. */
static unsigned int handler_for(size_t i, const struct sigaction *now)
{
    for (unsigned int h = 0; used[i] && h < HANDLERS; h++)
        if (before[h][i].sa_sigaction == now->sa_sigaction &&
            before[h][i].sa_flags == now->sa_flags)
            return h;
    last[i] = used[i] ? 1 + last[i] % (HANDLERS - 1) : 0;
    used[i] = true;
    return last[i];
}

void xd_faults_install(void)
{
    for (size_t i = 0; i < XD_ARRAY_SIZE(signals); i++) {
        struct sigaction ours = {.sa_flags = SA_SIGINFO | SA_ONSTACK}, now;
        unsigned int h;

        if (sigaction(signals[i], NULL, &now) || is_ours(&now))
            continue;
        h = handler_for(i, &now);
        sigemptyset(&ours.sa_mask);
        ours.sa_sigaction = handlers[h];
        before[h][i] = now;
        sigaction(signals[i], &ours, NULL);
    }
}

const char *xd_faults_blocked(void)
{
    sigset_t now;

    if (pthread_sigmask(SIG_BLOCK, NULL, &now))
        return NULL;
    return sigismember(&now, SIGSEGV) ? "SIGSEGV" : sigismember(&now, SIGBUS) ? "SIGBUS" : NULL;
}

#else

void xd_faults_install(void)
{
}

const char *xd_faults_blocked(void)
{
    return NULL;
}

#endif

#define SIGNAL_STACK ((size_t)65536)

void *xd_faults_stack(void)
{
    stack_t now, ours = {.ss_size = SIGNAL_STACK};

    if (sigaltstack(NULL, &now) || !(now.ss_flags & SS_DISABLE))
        return NULL;
    ours.ss_sp =
        mmap(NULL, SIGNAL_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (ours.ss_sp == MAP_FAILED)
        return NULL;
    sigaltstack(&ours, NULL);
    return ours.ss_sp;
}

void xd_faults_unstack(void *stack)
{
    stack_t none = {.ss_flags = SS_DISABLE};

    if (!stack)
        return;
    sigaltstack(&none, NULL);
    munmap(stack, SIGNAL_STACK);
}
