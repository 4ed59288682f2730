/* SPDX-License-Identifier: MIT */
/*
 * enter.c: being a vCPU, and what happens between a hypercall's end and the guest's next
 * instruction.
 *
 * The order is Xen's: other vCPUs and time first, then what was suspended is finished, then upcalls
 * until none is due.
 */
#include "guest/context.h"
#include "guest/guest.h"

#include "guest/access.h"
#include "guest/mirror.h"
#include "guest/record.h"
#include "hv/call/call.h"
#include "hv/frame.h"
#include "hv/sched.h"

#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- Who called ---- */

void xd_keep_caller(struct xd_vcpu *v)
{
    struct xd_side *s = xd_side_of(v);

    s->callers = xd_backtrace_take(s->caller, XD_STACK_KEPT);
    v->rec.stack_kept = s->callers > 0;
    v->rec.operand_kept = xd_operand_look(v, s->operand);
}

static void tell_caller(struct xd_vcpu *v, struct xd_str *out)
{
    const struct xd_side *s = xd_side_of(v);

    xd_str_add(out, "  called from:\n");
    xd_backtrace_tell(out, s->caller, s->callers);
}

static const void *operand(struct xd_vcpu *v)
{
    return xd_side_of(v)->operand;
}

/* ---- A machine's linked guests ---- */

/* No stack may be taken away by whom it carries. One that longjmp left behind carries nobody. */
static void refuse_from_inside(const char *what, const struct xd_hv *hv)
{
    const struct xd_self *self = &xd_this_thread;

    if (self->context && self->v->hv == hv && xd_context_is_here(self->context))
        xd_guest_die(
            "%s: called by code of d%uv%u, which xd_run runs: it would take that code's own "
            "stack away; the code returns first",
            what, self->v->domain->domid, self->v->id);
}

/* (d) is about to be taken apart: nobody is a vCPU of it any more, and its code never goes on. */
static void guest_gone(struct xd_domain *d)
{
    struct xd_guest *g = xd_guest_of(d->hv);

    if (xd_this_thread.v && xd_this_thread.v->domain == d) {
        refuse_from_inside("xd_domain_destroy", d->hv);
        xd_this_thread = (struct xd_self){0};
    }
    xd_contexts_gone(g, d);
    xd_watch_gone(g, d);
    memset(&g->side[(size_t)(d - d->hv->domain) * XD_VCPUS], 0, XD_VCPUS * sizeof(*g->side));
}

static void guest_returns(struct xd_vcpu *v, int64_t rc)
{
    struct xd_side *s = xd_side_of(v);

    s->answered = true;
    s->answer = rc;
}

static void guest_free(void *guest)
{
    struct xd_guest *g = guest;

    refuse_from_inside("xd_hv_destroy", g->hv);
    if (xd_this_thread.v && xd_this_thread.v->hv == g->hv)
        xd_this_thread = (struct xd_self){0};
    xd_record_end(g);
    xd_mirrors_end(g->hv);
    xd_contexts_free(g);
    xd_threads_free(g);
    xd_watches_free(g);
    xd_str_free(&g->report);
    free(g->side);
    free(g);
}

struct xd_guest *xd_guest_of(struct xd_hv *hv)
{
    struct xd_host *host = hv->host;
    struct xd_guest *g = host->linked.guest;

    if (g)
        return g;
    g = xd_zalloc(sizeof(*g));
    g->hv = hv;
    g->side = xd_zalloc((size_t)hv->config.domains_max * XD_VCPUS * sizeof(*g->side));
    host->linked.guest = g;
    host->linked.free = guest_free;
    host->linked.gone = guest_gone;
    host->linked.reset = xd_context_reset;
    host->linked.up = xd_context_up;
    xd_leave_hook(host);
    host->linked.returns = guest_returns;
    xd_access_hook(host);
    host->linked.tell_caller = tell_caller;
    host->linked.operand = operand;
    xd_record_begin(g);
    xd_hooks_settle(hv);
    return g;
}

void xd_guest_link(struct xd_hv *hv)
{
    xd_guest_of(hv);
    xd_faults_install();
}

struct xd_side *xd_side_of(struct xd_vcpu *v)
{
    struct xd_domain *d = v->domain;
    struct xd_guest *g = xd_guest_of(v->hv);
    struct xd_side *s = &g->side[(size_t)(d - v->hv->domain) * XD_VCPUS + v->id];

    if (s->domid != d->domid) /* another domain has the slot */
        *s = (struct xd_side){.domid = d->domid};
    return s;
}

void xd_must_exist(const char *what, const struct xd_vcpu *v)
{
    if (!v)
        xd_guest_die(
            "%s: the vCPU is NULL, as xd_vcpu_at() returns for one that the domain has not", what);
    if (!v->hv)
        xd_guest_die("%s: the vCPU is none: its domain was destroyed", what);
}

static const char *state_text(const struct xd_vcpu *v)
{
    static const char *const text[] = {"running", "blocked", "down", "shut down", "paused"};

    return text[xd_vcpu_state(v)];
}

int xd_enter(struct xd_vcpu *v)
{
    struct xd_self *self = &xd_this_thread;
    enum xd_state state;
    const char *blocked = xd_faults_blocked();

    xd_must_exist("xd_enter", v);
    if (self->context)
        return xd_hv_misuse(v->hv, XD_HOST_EINVAL,
                            "code that xd_run runs is a vCPU already and can't enter another");
    xd_guest_link(v->hv);
    xd_guest_lock(v->hv);
    xd_clock_follow(v->hv);
    xd_guest_unlock(v->hv);
    state = xd_vcpu_state(v);
    if (state != XD_STATE_RUNNING && state != XD_STATE_BLOCKED)
        return xd_hv_misuse(v->hv, XD_HOST_EINVAL, "d%uv%u can't be entered: it is %s",
                            v->domain->domid, v->id, state_text(v));
    if (blocked)
        return xd_hv_misuse(
            v->hv, XD_HOST_EINVAL,
            "d%uv%u can't be entered: this thread blocks %s, by which bad pointers are "
            "found (pthread_sigmask)",
            v->domain->domid, v->id, blocked);
    if (xd_side_of(v)->context)
        return xd_hv_misuse(v->hv, XD_HOST_EINVAL,
                            "d%uv%u can't be entered: xd_vcpu_start gave it code of its own",
                            v->domain->domid, v->id);
    *self = (struct xd_self){.v = v,
                             .side = xd_side_of(v),
                             .watched = xd_access_watched() || xd_guest_of(v->hv)->watches};
    self->side->codeless = 0;
    xd_self_settle(self);
    xd_faults_stack();
    if (v->hv->host->watcher)
        xd_mirror_switch(v);
    return 0;
}

void xd_leave(void)
{
    if (!xd_this_thread.context)
        xd_this_thread = (struct xd_self){0};
}

/* ---- What can't be answered ---- */

#define TOLD_MAX 8192 /* of a backtrace and a setting: less than 200 bytes for each of 32 lines */

_Noreturn void xd_guest_die(const char *fmt, ...)
{
    struct xd_str out = {0};
    va_list ap;

    va_start(ap, fmt);
    xd_str_vaddf(&out, fmt, ap);
    va_end(ap);
    xd_str_addc(&out, '\n');
    xd_tell_place(&out, NULL);
    fflush(stdout);
    fprintf(stderr, "xendouble: %s", xd_str_text(&out));
    abort();
}

void xd_tell_place(struct xd_str *out, const void *uc)
{
    if (uc)
        xd_backtrace_of(out, uc);
    else
        xd_backtrace_here(out);
    xd_sched_tell_setting(out);
}

/* Without malloc (if there is libunwind), in the middle of which the fault may have come. The first line goes ahead: what follows
 * takes more of the stack. */
void xd_guest_tell_fault(const struct xd_self *self, int sig, uintptr_t addr, const void *uc)
{
    const struct xd_side *s;
    const char *code;
    char text[TOLD_MAX];
    struct xd_str out = {.text = text, .cap = sizeof(text), .fixed = true};

    if (!self->v)
        return;
    s = xd_side_of(self->v);
    code = s->nmis        ? "the NMI handler"
           : s->failsafes ? "the failsafe handler"
           : s->handling  ? "the upcall handler"
                          : "guest code";
    xd_str_addf(&out, "xendouble: signal %d at %#" PRIxPTR " in %s of d%uv%u\n", sig, addr, code,
                self->v->domain->domid, self->v->id);
    if (write(STDERR_FILENO, out.text, out.len) < 0)
        return; /* nowhere to say so */
    xd_str_clear(&out);
    xd_tell_place(&out, uc);
    if (write(STDERR_FILENO, out.text, out.len) < 0)
        return;
}

_Noreturn void xd_cannot_call(const struct xd_self *self, uint64_t nr)
{
    const struct xd_call *call = xd_call_at(nr);
    const char *name = call ? call->name : "an unknown hypercall";
    const struct xd_vcpu *v = self->v;

    if (!v)
        xd_guest_die("%s: this thread is no vCPU; xd_enter() makes it one", name);
    if (v->hv->host->in_call)
        xd_guest_die("%s: d%uv%u can't make a hypercall in the middle of one (%s), as a signal's "
                     "handler may try to",
                     name, v->domain->domid, v->id, xd_call_at(v->rec.nr)->name);
    xd_guest_die("%s: d%uv%u is %s and can't make a hypercall", name, v->domain->domid, v->id,
                 v->continuing ? "in the middle of another call" : state_text(v));
}

/* An entered vCPU whose code can't go on, ever. */
static _Noreturn void stuck(struct xd_self *self)
{
    const struct xd_vcpu *v = self->v;

    if (xd_vcpu_state(v) == XD_STATE_SHUTDOWN)
        xd_guest_die(
            "d%u shut down with code %d, and this thread, which entered v%u by xd_enter, has "
            "nowhere to go: code that may shut its domain down is run by xd_vcpu_start and "
            "xd_run",
            v->domain->domid, v->domain->shutdown_code, v->id);
    if (xd_vcpu_state(v) == XD_STATE_DOWN)
        xd_guest_die("d%uv%u took itself down, and this thread, which entered it by xd_enter, has "
                     "nowhere to go",
                     v->domain->domid, v->id);
    if (xd_vcpu_state(v) == XD_STATE_PAUSED)
        xd_guest_die(
            "d%u is paused, and this thread, which entered v%u by xd_enter, has nowhere to go until it is not",
            v->domain->domid, v->id);
    xd_guest_die("%s", xd_str_text(&xd_guest_of(v->hv)->report));
}

/* ---- The way back ---- */

/* What its call, which came to (rc), returns then. */
static int64_t wait_until_it_runs(struct xd_self *self, int64_t rc)
{
    self->side->answered = false;
    if (self->context)
        xd_sched_point(self->context);
    else if (!xd_vcpu_running(self->v) && !xd_sched_wait(xd_guest_of(self->v->hv), self->v))
        stuck(self);
    return self->side->answered ? self->side->answer : rc;
}

bool xd_crash_is_news(struct xd_domain *d)
{
    const uint64_t life = d->hv->host->restored + 1;
    struct xd_side *s = xd_side_of(&d->vcpu[0]);
    const bool news = s->crash_told != life;

    s->crash_told = life;
    return news;
}

/* NULL: (d) is gone, or its machine has no linked guests, and is not to have some because of a question. */
static struct xd_side *side_if_any(struct xd_domain *d)
{
    return d->hv && d->hv->host->linked.guest ? xd_side_of(&d->vcpu[0]) : NULL;
}

void xd_guest_end_known(struct xd_domain *d)
{
    struct xd_side *s = side_if_any(d);

    if (s)
        s->end_known = d->hv->host->restored + 1;
}

bool xd_guest_crashed_unasked(struct xd_domain *d)
{
    const struct xd_side *s = side_if_any(d);

    return s && xd_domain_shutdown_code(d) == XD_SHUTDOWN_CRASH &&
           s->end_known != d->hv->host->restored + 1;
}

/* Once: the code that is here made the call by which its domain crashed, or is the first of it to come by. */
static void xd_tell_crash(struct xd_vcpu *v)
{
    struct xd_domain *d = v->domain;
    struct xd_str out = {0};

    if (!xd_crash_is_news(d))
        return;
    xd_str_addf(&out, "xendouble: d%u crashed (shutdown code %d); d%uv%u is here:\n", d->domid,
                d->shutdown_code, d->domid, v->id);
    xd_tell_place(&out, NULL);
    fflush(stdout);
    fputs(xd_str_text(&out), stderr);
    xd_str_free(&out);
}

/*
 * The call of (self) made an iret, to *f. It is kept here while others have their turn: handlers that interrupt the
 * target may make one of their own.
 */
static bool take_iret(struct xd_self *self, struct xd_iret_frame *f)
{
    struct xd_host *host = self->v->hv->host;
    const bool took = host->left;

    host->left = false;
    if (XD_UNLIKELY(took))
        *f = self->side->left;
    return took;
}

static void keep_iret(struct xd_self *self, const struct xd_iret_frame *f)
{
    self->side->left = *f;
    self->side->leaves = true;
}

/* Who goes back to xd_bounce by an iret finds there what else is due; here the stack would grow and grow. */
static bool deliver(struct xd_self *self, const struct xd_iret_frame *to)
{
    return (to && xd_is_way_back(to->rip)) || xd_deliver_upcalls(self);
}

int64_t xd_guest_return(struct xd_self *self, int64_t rc)
{
    struct xd_iret_frame f;
    bool leaves = take_iret(self, &f);

    /* Most often nothing is due but upcalls. */
    if (!self->context && xd_runs(self->v) && deliver(self, leaves ? &f : NULL)) {
        if (XD_UNLIKELY(leaves))
            keep_iret(self, &f);
        return rc;
    }
    if (self->v->domain->shut_down && self->v->domain->shutdown_code == XD_SHUTDOWN_CRASH)
        xd_tell_crash(self->v);
    do {
        rc = wait_until_it_runs(self, rc);
        while (self->v->continuing) {
            rc = xd_continue_guarded(self->v);
            leaves |= take_iret(self, &f);
            if (self->v->rec.reject.why)
                xd_keep_caller(self->v);
            rc = wait_until_it_runs(self, rc);
        }
    } while (!deliver(self, leaves ? &f : NULL)); /* crashed: waiting for it never ends */
    if (XD_UNLIKELY(leaves))
        keep_iret(self, &f);
    return rc;
}

/*
 * The machine is locked. A timer that fires by now may stop the vCPU, as a watchdog does, and so may other threads: then
 * it makes no call before it runs.
 */
static void come_in(struct xd_self *self, uint64_t nr)
{
    struct xd_vcpu *v = self->v;
    const bool ran = xd_vcpu_running(v);

    if (v->hv->host->in_call || v->continuing)
        xd_cannot_call(self, nr);
    xd_clock_follow(v->hv);
    if (self->threads) {
        xd_threads_enter(self->context);
    } else if (ran && !xd_vcpu_running(v)) {
        if (self->context)
            self->context->preempted = true;
        wait_until_it_runs(self, 0);
    }
    if (!xd_may_call(v))
        xd_cannot_call(self, nr);
}

/* A vCPU on a thread of its own waits for another: that one may need this processor of the host. */
static void let_others(const struct xd_self *self)
{
    if (self->context && self->context->thread)
        sched_yield();
}

/* A call of a vCPU that is not plain. */
int64_t xd_call_with_care(struct xd_self *self, uint64_t nr, const uint64_t *arg)
{
    int64_t rc;

    if (!self->v)
        xd_cannot_call(self, nr);
    xd_self_lock(self);
    if (self->watched)
        xd_faults_install();
    come_in(self, nr);
    rc = xd_call_guarded(self->v, nr, arg);
    if (self->v->rec.reject.why)
        xd_keep_caller(self->v);
    if (self->watched)
        xd_watch_call(self->v);
    if (self->context || !xd_self_goes_on(self))
        rc = xd_guest_return(self, rc);
    xd_self_unlock(self);
    if (xd_is_yield(nr, arg))
        let_others(self);
    return rc;
}

void xd_guest_iret(struct xd_self *self, bool events, bool deliver)
{
    xd_self_lock(self);
    come_in(self, XD_CALL_IRET);
    xd_info_set_mask(self->v->hv, xd_vcpu_info(self->v), !events);
    xd_nmi_end(self->v);
    if (deliver && (self->context || !xd_self_goes_on(self)))
        xd_guest_return(self, 0);
    xd_self_unlock(self);
}

void xd_preempt(void)
{
    struct xd_self *self = &xd_this_thread;

    if (!self->v)
        xd_guest_die("xd_preempt: this thread is no vCPU; xd_enter() makes it one");
    xd_self_lock(self);
    if (self->watched)
        xd_faults_install();
    if (!self->v->hv->host->in_call)
        xd_clock_follow(self->v->hv);
    if (!self->v->hv->host->in_call && (self->context || !xd_self_goes_on(self))) {
        if (self->context)
            self->context->preempted = true;
        xd_guest_return(self, 0);
    }
    xd_self_unlock(self);
    let_others(self);
}

/* ---- Shared pages ---- */

#if !defined(__i386__)

struct shared_info *xd_guest_shared_info(struct xd_domain *d)
{
    return (struct shared_info *)(void *)xd_shared_info(d);
}

struct vcpu_info *xd_guest_vcpu_info(struct xd_vcpu *v)
{
    return (struct vcpu_info *)(void *)xd_vcpu_info(v);
}

struct start_info *xd_guest_start_info(struct xd_domain *d)
{
    const struct xd_start *s = xd_domain_start(d);
    uint64_t mfn = xd_domain_mfn(d, (s->start_info_va - s->virt_base) / XD_PAGE_SIZE);

    return mfn < d->hv->frames ? (struct start_info *)(void *)xd_frame_words(d->hv, xd_mfn_of(mfn))
                               : NULL;
}

#endif
