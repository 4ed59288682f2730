/* SPDX-License-Identifier: MIT */
/* context.c: see context.h. */
#define _GNU_SOURCE
#include "guest/context.h"

#include "guest/bounce.h"
#include "guest/tools.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define GUARD ((size_t)65536) /* of any page size, and wider than most frames */

/* ---- Switching ---- */

static void leave(struct xd_place *from, struct xd_place *to)
{
    xd_this_thread.came_from = from;
    if (xd_under_tsan()) {
        if (!from->tsan)
            from->tsan = __tsan_get_current_fiber();
        __tsan_switch_to_fiber(to->tsan, 0);
    }
    if (__sanitizer_start_switch_fiber != NULL)
        __sanitizer_start_switch_fiber(from->finished ? NULL : &from->asan, to->stack, to->size);
}

static void arrive(struct xd_place *here)
{
    if (__sanitizer_finish_switch_fiber != NULL) {
        struct xd_place *from = xd_this_thread.came_from;
        const void *stack;
        size_t size;

        __sanitizer_finish_switch_fiber(here ? here->asan : NULL, &stack, &size);
        if (!from->stack) { /* the thread's own: now we know where it is */
            from->stack = stack;
            from->size = size;
        }
    }
}

#if XD_OWN_SWITCH

void xd_context_start(void);
void xd_context_main(void);

static void go(struct xd_place *from, struct xd_place *to)
{
    xd_switch(&from->sp, to->sp);
}

void xd_place_prepare(struct xd_place *p, unsigned char *top, void (*at)(void))
{
    struct xd_left left = {.mxcsr = 0x1f80, .fpu_cw = 0x37f};

    left.rip = (uintptr_t)at;
    p->sp = top - 16 - sizeof(left);
    memcpy(p->sp, &left, sizeof(left));
}

static void prepare(struct xd_place *p)
{
    xd_place_prepare(p, (unsigned char *)(uintptr_t)p->stack + p->size, xd_context_start);
}

#else

void xd_context_main(void);

static void go(struct xd_place *from, struct xd_place *to)
{
    swapcontext(&from->uc, &to->uc);
}

static void prepare(struct xd_place *p)
{
    getcontext(&p->uc);
    p->uc.uc_stack.ss_sp = (void *)(uintptr_t)p->stack;
    p->uc.uc_stack.ss_size = p->size;
    p->uc.uc_link = NULL;
    makecontext(&p->uc, xd_context_main, 0);
}

#endif

void xd_place_switch(struct xd_place *from, struct xd_place *to)
{
    leave(from, to);
    go(from, to);
    arrive(from);
}

/* Where a context begins. Whoever switched here has made the thread it. */
void xd_context_main(void)
{
    struct xd_context *c = xd_this_thread.context;

    c->begun = true;
    arrive(NULL);
    c->fn(c->arg);
    c->done = true;
    c->place.finished = true;
    xd_sched_finish(c);
}

/* ---- Making and ending ---- */

/* A thread has its thread-local variables there too; ThreadSanitizer's take most of a megabyte. */
static size_t stack_size(void)
{
    return XD_STACK_SIZE + (xd_under_tsan() ? (size_t)1 << 20 : 0);
}

static bool make_stack(struct xd_context *c)
{
    const size_t size = stack_size();

    c->map_size = size + 2 * GUARD;
    c->map = mmap(NULL, c->map_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (c->map == MAP_FAILED)
        return false;
    if (mprotect(c->map + GUARD, size, PROT_READ | PROT_WRITE)) {
        munmap(c->map, c->map_size);
        return false;
    }
    c->place.stack = c->map + GUARD;
    c->place.size = size;
    c->valgrind = VALGRIND_STACK_REGISTER(c->map + GUARD, c->map + GUARD + size);
    return true;
}

/* The machine is locked. */
static int give_code(struct xd_vcpu *v, void (*fn)(void *arg), void *arg)
{
    struct xd_context *c, **last;
    struct xd_side *side = xd_side_of(v);

    c = side->context;
    if (c && !c->done && !c->reset && !c->begun && c->fn == xd_begin) {
        c->fn = fn;
        c->arg = arg;
        return 0;
    }
    if (c && !c->done && !c->reset)
        return xd_hv_misuse(v->hv, XD_HOST_EINVAL, "d%uv%u has code to run already",
                            v->domain->domid, v->id);
    if (xd_this_thread.v == v)
        return xd_hv_misuse(v->hv, XD_HOST_EINVAL, "d%uv%u is this thread, by xd_enter",
                            v->domain->domid, v->id);
    c = xd_zalloc(sizeof(*c));
    c->g = xd_guest_of(v->hv);
    c->v = v;
    c->side = side;
    c->fn = fn;
    c->arg = fn == xd_begin ? c : arg;
    if (!make_stack(c)) {
        free(c);
        return xd_hv_misuse(v->hv, XD_HOST_ENOMEM, "there is no room for a stack of %zu bytes",
                            stack_size());
    }
    prepare(&c->place);
    if (xd_under_tsan())
        c->place.tsan = __tsan_create_fiber(0);
    for (last = &c->g->contexts; *last; last = &(*last)->next)
        ;
    *last = c;
    side->context = c;
    side->codeless = 0;
    xd_sched_join(c);
    xd_threads_join(c);
    return 0;
}

int xd_vcpu_start(struct xd_vcpu *v, void (*fn)(void *arg), void *arg)
{
    int rc;

    xd_must_exist("xd_vcpu_start", v);
    if (!fn)
        xd_guest_die("xd_vcpu_start: there is no code for d%uv%u to run: fn is NULL",
                     v->domain->domid, v->id);
    xd_guest_lock(v->hv);
    rc = give_code(v, fn, arg);
    xd_guest_unlock(v->hv);
    return rc;
}

void xd_context_free(struct xd_context *c)
{
    bool stack_is_ours = !c->thread || xd_thread_end(c);

    VALGRIND_STACK_DEREGISTER(c->valgrind);
    if (xd_under_tsan() && c->place.tsan)
        __tsan_destroy_fiber(c->place.tsan);
    if (stack_is_ours) {
        /* It may have ended in the middle of its code, and something else may lie here next. */
        if (xd_under_asan())
            __asan_unpoison_memory_region(c->map + GUARD, c->map_size - 2 * GUARD);
        munmap(c->map, c->map_size);
    }
    xd_begun_free(c->regs);
    free(c);
}

void xd_contexts_free(struct xd_guest *g)
{
    while (g->contexts) {
        struct xd_context *c = g->contexts;

        g->contexts = c->next;
        xd_context_free(c);
    }
}

void xd_context_reset(struct xd_vcpu *v)
{
    struct xd_side *s = xd_side_of(v);

    if (s->context && s->context->begun)
        s->context->reset = true;
    s->handling = s->nmis = s->failsafes = 0;
    s->failsafe_raised = s->codeless = 0;
    s->answered = s->begins = false;
}

static int64_t keep_up_caller(uint64_t side, const uint64_t *unused)
{
    struct xd_side *s = (struct xd_side *)(uintptr_t)side;

    (void)unused;
    s->up_callers = xd_backtrace_take(s->up_caller, XD_STACK_KEPT);
    return 0;
}

/*
 * Where the host makes the call (xd_hypercall), it runs what it brings up by itself. What a vCPU ran before it was
 * initialised anew, in a life of the machine that was taken back maybe, is over.
 */
void xd_context_up(struct xd_vcpu *v)
{
    struct xd_side *s = xd_side_of(v);
    const uint64_t life = v->hv->host->restored + 1;

    if (!v->hv->host->in_call)
        return;
    if (v->begins && s->context && s->context->begun)
        s->context->reset = true;
    if (s->context && !s->context->done && !s->context->reset)
        return;
    s->begins = v->begins || (s->begins && s->codeless == life);
    s->codeless = life;
    xd_guest_of(v->hv)->awaited = true;
    if (v->begins)
#if XD_CAN_BOUNCE /* a stub's caller keeps its vector registers */
        xd_with_vectors(keep_up_caller, (uintptr_t)s, NULL);
#else
        keep_up_caller((uintptr_t)s, NULL);
#endif
}

/* Was (v) brought up by linked code, is up, and has no code? */
static bool is_codeless(struct xd_vcpu *v)
{
    return xd_side_of(v)->codeless == v->hv->host->restored + 1 &&
           (xd_vcpu_state(v) == XD_STATE_RUNNING || xd_vcpu_state(v) == XD_STATE_BLOCKED);
}

void xd_contexts_adopt(struct xd_guest *g)
{
    if (XD_LIKELY(!g->awaited))
        return;
    g->awaited = false;
    for (uint32_t i = 0; i < g->hv->config.domains_max; i++) {
        struct xd_domain *d = &g->hv->domain[i];

        for (uint32_t id = 0; d->used && !d->dying && id < d->vcpus; id++)
            if (is_codeless(&d->vcpu[id]) && xd_side_of(&d->vcpu[id])->begins &&
                give_code(&d->vcpu[id], xd_begin, NULL))
                xd_guest_die("d%uv%u can't begin: %s", d->domid, id, xd_hv_error(g->hv));
    }
}

bool xd_contexts_missing(struct xd_guest *g, struct xd_str *out)
{
    bool any = false;

    for (uint32_t i = 0; i < g->hv->config.domains_max; i++) {
        struct xd_domain *d = &g->hv->domain[i];

        for (uint32_t id = 0; d->used && !d->dying && id < d->vcpus; id++) {
            struct xd_vcpu *v = &d->vcpu[id];

            if (!is_codeless(v))
                continue;
            any = true;
            xd_str_addf(
                out,
                "  d%uv%u was brought up by VCPUOP_up and has no code: it is no new vCPU, which would begin "
                "with the registers of VCPUOP_initialise, and what it ran before is over or was never "
                "known; xd_vcpu_start gives it code\n",
                d->domid, id);
        }
    }
    return any;
}

bool xd_context_is_here(const struct xd_context *c)
{
    return (uintptr_t)__builtin_frame_address(0) - (uintptr_t)c->place.stack < c->place.size;
}

void xd_contexts_gone(struct xd_guest *g, const struct xd_domain *d)
{
    for (struct xd_context **at = &g->contexts; *at;) {
        struct xd_context *c = *at;

        if (c->v->domain != d) {
            at = &c->next;
            continue;
        }
        if (c->thread && !c->done && g->hv->host->concurrent)
            xd_guest_die("xd_domain_destroy: d%uv%u runs on its thread: xd_run returns first",
                         d->domid, c->v->id);
        *at = c->next;
        c->side->context = NULL;
        xd_context_free(c);
    }
}

const struct xd_context *xd_context_overflown(uintptr_t addr)
{
    const struct xd_context *c = xd_this_thread.context;

    return c && addr >= (uintptr_t)c->map && addr < (uintptr_t)c->map + GUARD ? c : NULL;
}

void xd_context_tell_overflow(const struct xd_context *c)
{
    char text[160];
    int n = snprintf(text, sizeof(text),
                     "xendouble: the stack of d%uv%u overflows: it has %zu bytes (xd_vcpu_start)\n",
                     c->v->domain->domid, c->v->id, c->map_size - 2 * GUARD);

    if (write(STDERR_FILENO, text, (size_t)n) < 0)
        return; /* nowhere to say so */
}
