/* SPDX-License-Identifier: MIT */
/*
 * guest.h: running guest code in this process: who the thread is, and what a hypercall does on its
 * way back.
 *
 * The state of a machine's linked guests lies in host memory (struct xd_guest); what belongs to the
 * process or to a thread lies in process.c, the only file of the library that has writable globals.
 */
#ifndef XD_GUEST_GUEST_H
#define XD_GUEST_GUEST_H

#include "base/strbuf.h"
#include "hv/bounce.h"
#include "hv/call/call.h"
#include "hv/frame.h"
#include "hv/holders.h"
#include "hv/hv.h"
#include "hv/shared.h"
#include "xendouble/guest.h"

struct xd_context;
struct xd_place;
struct xd_threads;

/* Who this thread is. */
struct xd_self {
    struct xd_vcpu *v;          /* NULL: no vCPU */
    struct xd_vcpu *plain;      /* (v), if nobody else has a say in its calls; see xd_self_settle */
    struct xd_side *side;       /* of (v) */
    struct xd_context *context; /* of a run; NULL: the thread entered (v) itself */
    struct xd_threads *threads; /* of the machine, if (context) is one; its lock is to be taken */
    bool watched;               /* xd_access_watched(), or the machine has watches */
    struct xd_place *came_from; /* the stack that the present one was entered from */
};

#define XD_STACK_KEPT 16u

/* What the host keeps of a vCPU. */
struct xd_side {
    uint32_t domid; /* whom the rest was said of: the slot may hold another domain by now */
    void (*upcall)(void *ctx);
    void *upcall_ctx;
    uint64_t upcalls; /* delivered */
    void (*nmi)(void *ctx);
    void *nmi_ctx;
    void (*failsafe)(void *ctx, const struct xd_selectors *sel);
    void *failsafe_ctx;
    struct xd_selectors failsafe_sel;
    uint64_t failsafe_raised;   /* in which life of the machine it is to be entered; 0: it is not */
    struct xd_context *context; /* NULL: no code */
    uint64_t codeless;          /* in which life linked code brought it up without any; or 0 */
    bool begins;                /* ... and it is to begin with the registers of its context */
    uint64_t frame_at;          /* RSP of its last multicall as Xen sees it; 0: a function's */
    bool leaves;                /* its call is over, and it goes on at (left) */
    struct xd_iret_frame left;
    void *up_caller[XD_STACK_KEPT]; /* who brought it up: as (caller) */
    unsigned int up_callers;
    bool answered; /* while it waited: its call returns (answer) */
    int64_t answer;
    unsigned int handling; /* upcall handlers that are running, one inside the other */
    unsigned int nmis, failsafes;
    uint64_t crash_told; /* of vCPU 0: in which life the domain's crash was told; 0: it was not */
    uint64_t
        end_known; /* of vCPU 0: in which life somebody said that the domain was to end; 0: nobody */
    void *caller[XD_STACK_KEPT]; /* of its last refused call: return addresses, innermost first */
    unsigned int callers;
    unsigned char operand[XD_OPERAND_MAX]; /* what it gave */
};

/* A machine's linked guests. */
struct xd_guest {
    struct xd_hv *hv;
    struct xd_side *side;         /* domains_max * XD_VCPUS */
    struct xd_context *contexts;  /* all of them, in the order of their start */
    bool awaited;                 /* a vCPU may have come up that is to begin */
    struct xd_sched *sched;       /* of the run under way; NULL: none */
    struct xd_threads *threads;   /* its vCPUs' threads; NULL: there never were any */
    struct xd_watch *watches;     /* of domains whose holdings are watched */
    struct xd_recorder *recorder; /* NULL: nothing is recorded */
    struct xd_str report;
};

/* The thread's state. initial-exec: no call is made to find it, which could spoil registers. */
#if defined(__GNUC__)
#define XD_TLS _Thread_local __attribute__((tls_model("initial-exec")))
#else
#define XD_TLS _Thread_local
#endif
extern XD_TLS struct xd_self xd_this_thread;

/* After a change of the thread's state. Most calls of a plain vCPU need one look at (plain). */
static inline void xd_self_settle(struct xd_self *self)
{
    const bool failsafe = self->side && self->side->failsafe_raised;
    const bool clock = self->v && self->v->hv->host->clock;

    self->plain = self->context || self->watched || failsafe || clock ? NULL : self->v;
}

/* Makes sure that faults come to us first; keeps whatever handler the process had for the rest. */
void xd_faults_install(void);

/* The signal that this thread blocks and that a fault would need; NULL: it blocks none of them. */
const char *xd_faults_blocked(void);

/* A stack overflow can only be told from another stack: gives the thread one for signals, and tells
 * which; NULL: it has one. */
void *xd_faults_stack(void);
/* Takes that away again, when the thread ends. */
void xd_faults_unstack(void *stack);

/* The machine's linked guests; makes them, and links the machine, at the first call. */
struct xd_guest *xd_guest_of(struct xd_hv *hv);
struct xd_side *xd_side_of(struct xd_vcpu *v);

/* The crash of (d) is being told. False: it was, and the machine did not go back since. */
bool xd_crash_is_news(struct xd_domain *d);

/* A fault that nobody handles is about to end the process: says whose it is, if a vCPU's. For the
 * fault handler. */
void xd_guest_tell_fault(const struct xd_self *self, int sig, uintptr_t addr, const void *uc);

/* Ends every report of what went wrong: where the code is, or was when it was interrupted (uc), and, if a run is
 * under way, the setting that does it again. */
void xd_tell_place(struct xd_str *out, const void *uc);
void xd_sched_tell_setting(struct xd_str *out);

/* Ends the process if function (what) was given no vCPU, or one of a domain that is gone. */
void xd_must_exist(const char *what, const struct xd_vcpu *v);

/* Ends the process: a sentence, who the thread is, and where it is. */
_Noreturn void xd_guest_die(const char *fmt, ...) XD_PRINTF(1, 2);

/* ---- The way of a hypercall ---- */

/* Makes hypercall (nr) as the thread's vCPU and returns when its guest code may go on; not, if it goes on elsewhere by
 * an iret. */
int64_t xd_guest_call(uint64_t nr, const uint64_t *arg);
/* The same, but it is left to the caller to go there (xd_side.leaves). */
int64_t xd_guest_call_stays(uint64_t nr, const uint64_t *arg);

/* The same of a vCPU that is not plain; in enter.c. */
int64_t xd_call_with_care(struct xd_self *self, uint64_t nr, const uint64_t *arg);

/* Is (v) running, with no call left to finish? */
static inline bool xd_runs(const struct xd_vcpu *v)
{
    return !(v->stopped | v->hv->off);
}

static inline bool xd_nmi_due(const struct xd_vcpu *v)
{
    return XD_UNLIKELY(v->nmi_pending) && !v->nmi_in_service;
}

/* Nothing is to be done before the guest code of (v) goes on after a call. */
static inline bool xd_goes_on(const struct xd_vcpu *v)
{
    return xd_runs(v) && !xd_info_upcall_due(xd_info_place(v)) && !xd_nmi_due(v) &&
           !v->hv->host->left;
}

/* The failsafe callback is to be entered; not, if the machine went back behind the lever. */
static inline bool xd_failsafe_due(const struct xd_self *self)
{
    const uint64_t raised = self->side->failsafe_raised;

    return XD_UNLIKELY(raised != 0) && raised == self->v->hv->host->restored + 1;
}

/* The same of a thread that need not be plain. */
static inline bool xd_self_goes_on(const struct xd_self *self)
{
    return xd_goes_on(self->v) && !xd_failsafe_due(self);
}

/* (v)'s linked code was refused its call: keeps who made it, and what it gave, for xd_explain. */
void xd_keep_caller(struct xd_vcpu *v);

/* xd_call_run and xd_continue, during which nobody makes another call: it would find the machine half changed. */
static inline int64_t xd_call_guarded(struct xd_vcpu *v, uint64_t nr, const uint64_t *arg)
{
    struct xd_host *host = v->hv->host;
    int64_t rc;

    host->in_call = true;
    rc = xd_call_run(v, nr, arg, 0);
    host->in_call = false;
    return rc;
}

static inline int64_t xd_continue_guarded(struct xd_vcpu *v)
{
    struct xd_host *host = v->hv->host;
    int64_t rc;

    host->in_call = true;
    rc = xd_continue(v);
    host->in_call = false;
    return rc;
}

/* The iret hypercall, but for leaving: lets events in or not, and delivers what is due. */
#define XD_CALL_IRET 23
void xd_guest_iret(struct xd_self *self, bool events, bool deliver);

/* ---- Iret in a list of calls, and by xd_hypercall; in leave.c ---- */

#define XD_CALL_MULTICALL 13

/* Linked code has no user mode, which (cs) of its frame means. */
_Noreturn void xd_no_user_mode(const struct xd_vcpu *v, uint64_t cs);

/* What iret.c asks: struct xd_host.linked. */
void xd_leave_hook(struct xd_host *host);

/* The thread's vCPU goes where its iret leads, if its call, which came to (rc), made one; else (rc). */
int64_t xd_leave_if(struct xd_self *self, int64_t rc);

/* The registers to go there with; (here): the stack below it is not in use any more. */
struct xd_iret_frame *xd_leave_ready(struct xd_side *s, int64_t rax, uintptr_t here);

/* Says why the thread can't make hypercall (nr), and ends the process. */
_Noreturn void xd_cannot_call(const struct xd_self *self, uint64_t nr);

/*
 * What lies between the end of a call, whose result is (rc), and the guest's next instruction:
 * other vCPUs, waiting, finishing a suspended call, upcalls. Returns the result. The machine is
 * locked before and after.
 */
int64_t xd_guest_return(struct xd_self *self, int64_t rc);

/* Is (rip) that of a frame of xd_bounce? */
bool xd_is_way_back(uint64_t rip);

/* An iret of (v): no NMI is in service any more. */
void xd_nmi_end(struct xd_vcpu *v);

/* Delivers what is due on the thread's vCPU until nothing is. False: its domain crashed. The machine
 * is locked before and after, and not while handlers run. */
bool xd_deliver_upcalls(struct xd_self *self);

/* ---- Threads; in threads.c ---- */

void xd_threads_lock(struct xd_threads *t);
void xd_threads_unlock(struct xd_threads *t);

/* Nobody else touches the machine of this thread's vCPU in between. */
static inline void xd_self_lock(const struct xd_self *self)
{
    if (XD_UNLIKELY(self->threads != NULL))
        xd_threads_lock(self->threads);
}
static inline void xd_self_unlock(const struct xd_self *self)
{
    if (XD_UNLIKELY(self->threads != NULL))
        xd_threads_unlock(self->threads);
}

/* The thread of (c) comes with a hypercall, the machine being locked: it waits until its vCPU runs,
 * since others may have stopped it meanwhile. */
void xd_threads_enter(struct xd_context *c);

/* A preemption point of (c), which is a thread, the machine being locked. */
void xd_threads_point(struct xd_context *c);

void xd_threads_free(struct xd_guest *g);

/* ---- Watches; in leak.c ---- */

/* A call of (v)'s linked code returned: looks who holds what. */
void xd_watch_call(struct xd_vcpu *v);
void xd_watches_free(struct xd_guest *g);
void xd_watch_gone(struct xd_guest *g, const struct xd_domain *d);

/* ---- Mirrors; see mirror.h ---- */

/* Ends those of (hv)'s domains. */
void xd_mirrors_end(struct xd_hv *hv);

/* ---- Contexts; in context.c and sched.c ---- */

/* A preemption point of (c): returns when its vCPU runs and it is its turn. */
void xd_sched_point(struct xd_context *c);

/* A call that gives its turn away: SCHEDOP_yield, by either number. */
bool xd_is_yield(uint64_t nr, const uint64_t *arg);

/* An entered thread's vCPU can't run: lets others run and time pass until it can. False: it never
 * will; the machine's report says why. */
bool xd_sched_wait(struct xd_guest *g, struct xd_vcpu *v);

/* (d) is about to be taken apart: frees its contexts. Dies if one of them may be running. */
void xd_contexts_gone(struct xd_guest *g, const struct xd_domain *d);

/* Does the calling code run on the stack of (c)? */
bool xd_context_is_here(const struct xd_context *c);

/* (v) comes up. */
void xd_context_up(struct xd_vcpu *v);

/* Adds a line for each vCPU that its guest brought up and that has no code. False: there is none. */
bool xd_contexts_missing(struct xd_guest *g, struct xd_str *out);

/* Frees all contexts of (g). */
void xd_contexts_free(struct xd_guest *g);

/* The context whose guard page holds (addr); NULL: none of the thread's. For the fault handler. */
const struct xd_context *xd_context_overflown(uintptr_t addr);
void xd_context_tell_overflow(const struct xd_context *c);

/* ---- Backtraces ---- */

/* Adds the callers of this function, innermost first, a line each, but for our own. */
void xd_backtrace_here(struct xd_str *out);

/* The addresses that they return to, (max) at most; and the lines for these, our own left out. Each returns or
 * takes how many. */
unsigned int xd_backtrace_take(void **at, unsigned int max);
void xd_backtrace_tell(struct xd_str *out, void *const *at, unsigned int nr);

/* Those of the code that a signal interrupted, given its ucontext, and where it was. */
void xd_backtrace_of(struct xd_str *out, const void *uc);

/* The same of a context that stands still, given its saved stack pointer. */
void xd_backtrace_at(struct xd_str *out, const void *sp);

#endif
