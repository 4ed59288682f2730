/* SPDX-License-Identifier: MIT */
/*
 * context.h: code on a stack of its own, and going from one such stack to another.
 *
 * The tools that watch stacks are told of every switch: AddressSanitizer and ThreadSanitizer by weak
 * references, so that it does not matter whether this library was built with them, and Valgrind.
 */
#ifndef XD_GUEST_CONTEXT_H
#define XD_GUEST_CONTEXT_H

#include "guest/guest.h"
#include "hv/sched.h"

#if defined(__x86_64__)
#define XD_OWN_SWITCH 1

/* What xd_switch leaves on a stack. */
struct xd_left {
    uint32_t mxcsr;
    uint16_t fpu_cw, pad;
    uint64_t r15, r14, r13, r12, rbx, rbp;
    uint64_t rip;
};
#else
#define XD_OWN_SWITCH 0
#include <ucontext.h>
#endif

/* A place to go on: a context's stack, or the one that xd_run was called on. */
struct xd_place {
#if XD_OWN_SWITCH
    void *sp;
#else
    ucontext_t uc;
#endif
    const void *stack; /* lowest byte */
    size_t size;
    void *asan;    /* its fake stack, while it stands still */
    void *tsan;    /* its fiber */
    bool finished; /* never comes back */
};

#define XD_STACK_SIZE ((size_t)256 * 1024)

struct xd_begun;
struct xd_context {
    struct xd_context *next;
    struct xd_guest *g;
    struct xd_vcpu *v;
    struct xd_side *side; /* of (v) */
    void (*fn)(void *arg);
    void *arg;
    bool done;         /* its code returned, */
    bool reset;        /* or never goes on, since its vCPU was reset */
    bool preempted;    /* it comes to the next point by xd_preempt, not by a hypercall */
    bool yields;       /* its hypercall said that others shall run */
    uint64_t priority; /* PCT: the highest runs */
    struct xd_place place;
    bool begun;            /* its code ran, on its own stack or as a thread */
    struct xd_begun *regs; /* it began with them, on the stack that they name; NULL: it did not */
    struct xd_thread *thread; /* NULL: it takes turns with the others on one thread */
    unsigned char *map;       /* guard page, stack, guard page */
    size_t map_size;
    unsigned int valgrind;
};

/* Can (c) go on, if it is let? */
static inline bool xd_context_can_run(const struct xd_context *c)
{
    return !c->done && !c->reset && xd_vcpu_running(c->v);
}

/* Its domain shut down, and nobody can bring it back. */
static inline bool xd_context_ended(const struct xd_context *c)
{
    const struct xd_domain *d = c->v->domain;

    return xd_vcpu_state(c->v) == XD_STATE_SHUTDOWN &&
           (c->v->hv->off || d->shutdown_code != XD_SHUTDOWN_SUSPEND);
}

/* Something is left to do for (c), and it is not going to be done by itself. */
static inline bool xd_context_waits(const struct xd_context *c)
{
    return !c->done && !c->reset && xd_vcpu_state(c->v) == XD_STATE_BLOCKED;
}

/* Leaves (from) for (to); returns when somebody leaves for (from). */
void xd_place_switch(struct xd_place *from, struct xd_place *to);

#if XD_OWN_SWITCH
void xd_switch(void **from, void *to);

/* (p) begins at (at), with a stack pointer that is a multiple of 16: (top) is one. */
void xd_place_prepare(struct xd_place *p, unsigned char *top, void (*at)(void));
#endif

/* The code of a vCPU that begins with the registers of its context: (arg) is its struct xd_context. In begin.c. */
void xd_begin(void *arg);
void xd_begun_free(struct xd_begun *b);
/* Back from the stack that (c), a thread, began on to the thread's own, where xd_begin returns. */
_Noreturn void xd_begin_end(struct xd_context *c);

/* Gives vCPUs that have come up to begin so their contexts. */
void xd_contexts_adopt(struct xd_guest *g);

/* Takes the stack and all else of a context that is done, or never goes on. */
void xd_context_free(struct xd_context *c);

/* (v) never goes on where it stood: if its code has begun, that is over. */
void xd_context_reset(struct xd_vcpu *v);

/* Lets time pass to the next timer. False: there is none. In sched.c. */
bool xd_sched_skip_time(struct xd_hv *hv);

/* (c) was given its code in the middle of a run, maybe. In sched.c. */
void xd_sched_join(struct xd_context *c);

/* Begins the report of a run that did not finish: what happened, and who waits for what. */
void xd_sched_report(struct xd_guest *g, const struct xd_vcpu *until, const char *what);

/* Threads, in threads.c: runs all code of (g), each vCPU's on its own. */
enum xd_run_end xd_threads_run(struct xd_guest *g, const struct xd_run_config *config);
/* (c) was given its code in the middle of such a run, maybe, the machine being locked: it gets its thread. */
void xd_threads_join(struct xd_context *c);
/* Adds the backtrace of (c), a thread that waits; the machine is locked. */
void xd_threads_backtrace(struct xd_context *c, struct xd_str *out);
/* Ends the thread of (c), which waits or is done. False: fork() left it behind, and libc may still have
 * something on its stack. */
bool xd_thread_end(struct xd_context *c);

/* The end of a context's code, in sched.c: goes to the next one. */
_Noreturn void xd_sched_finish(struct xd_context *c);

#endif
