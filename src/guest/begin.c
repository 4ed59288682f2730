/* SPDX-License-Identifier: MIT */
/*
 * begin.c: a vCPU that begins as Xen lets it: with the registers that VCPUOP_initialise gave it.
 *
 * It begins on a stack of ours, as all contexts do, where it is seen whether there is code and a stack to go on with;
 * moves to that stack, where what is due is delivered first; and then all registers but selectors and the bases of FS
 * and GS, which are the host's, are its context's. AS-XEN: arch_set_info_guest, test_all_events
 */
#define _GNU_SOURCE
#include "guest/context.h"

#include "guest/access.h"
#include "guest/bounce.h"
#include "guest/mirror.h"
#include "guest/tools.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What it begins with, and where a thread comes from. */
struct xd_begun {
    struct xd_regs r;
    struct xd_place own;
    bool known;            /* its stack, to Valgrind */
    unsigned int valgrind; /* ... by this number */
};

void xd_begun_free(struct xd_begun *b)
{
    if (b && b->known)
        VALGRIND_STACK_DEREGISTER(b->valgrind);
    free(b);
}

/* Who brought it up can be told: there is nothing of interest on the present stack. */
static _Noreturn XD_PRINTF(2, 3) void cannot_begin(const struct xd_context *c, const char *fmt, ...)
{
    struct xd_str out = {0};
    va_list ap;

    xd_str_addf(&out, "d%uv%u can't begin with the registers that VCPUOP_initialise gave it: ",
                c->v->domain->domid, c->v->id);
    va_start(ap, fmt);
    xd_str_vaddf(&out, fmt, ap);
    va_end(ap);
    xd_str_add(&out, " (xd_vcpu_start gives it other code to run)\n  brought up by:\n");
    xd_backtrace_tell(&out, c->side->up_caller, c->side->up_callers);
    xd_guest_die("%s", xd_str_text(&out));
}

#if XD_OWN_SWITCH

void xd_begin_start(void);
const struct xd_regs *xd_begin_main(void);

_Static_assert(offsetof(struct xd_regs, rsp) == 56 && offsetof(struct xd_regs, r15) == 120 &&
                   offsetof(struct xd_regs, rip) == 128 && offsetof(struct xd_regs, rflags) == 136,
               "switch.S loads them from there");

/* ---- Is there something to begin with? ---- */

struct mapping {
    uint64_t from, to;
    char may[8];
};

/* What is mapped at (at), as the kernel lists it. False: nothing is. If the list can't be read nothing is known to be wrong. */
static bool find_mapping(uint64_t at, struct mapping *m)
{
    FILE *f = fopen("/proc/self/maps", "r");
    bool found = !f;

    *m = (struct mapping){.to = UINT64_MAX, .may = "rwx"};
    while (f && !found &&
           fscanf(f, "%" SCNx64 "-%" SCNx64 " %7s%*[^\n]", &m->from, &m->to, m->may) == 3)
        found = at >= m->from && at < m->to;
    if (f)
        fclose(f);
    return found;
}

static bool is_code(uint64_t at)
{
    struct mapping m;

    return find_mapping(at, &m) && m.may[2] == 'x';
}

/* What an event's frame would overwrite, too, which lies below a multiple of 16. */
static bool is_stack(struct xd_vcpu *v, uint64_t rsp)
{
    unsigned char bytes[XD_RED_ZONE + 15];
    const size_t n = XD_RED_ZONE + rsp % 16;

    return rsp >= n && xd_access_read(NULL, v, rsp - n, bytes, n) &&
           xd_access_write(NULL, v, rsp - n, bytes, n);
}

static void check(const struct xd_context *c, const struct xd_regs *r)
{
    struct xd_vcpu *v = c->v;

    if (!v->kernel_mode)
        cannot_begin(c, "they are of user mode (flags without VGCF_in_kernel), and linked code has "
                        "none");
    /* In a window a fault says what is wrong, to the guest's handler if it has one. */
    if (xd_mirrored_at(r->rip) != v->domain && !is_code(r->rip))
        cannot_begin(c, "RIP is %#" PRIx64 ", where this process has no code", r->rip);
    if (!is_stack(v, r->rsp))
        cannot_begin(c, "RSP is %#" PRIx64 ", below which nothing can be written", r->rsp);
}

/* ---- Beginning ---- */

static void tell_asan(struct xd_place *from, const struct xd_place *to)
{
    xd_this_thread.came_from = from;
    if (__sanitizer_start_switch_fiber != NULL)
        __sanitizer_start_switch_fiber(from->finished ? NULL : &from->asan, to->stack, to->size);
}

static void tell_asan_arrived(void *asan)
{
    struct xd_place *from = xd_this_thread.came_from;

    if (__sanitizer_finish_switch_fiber != NULL)
        __sanitizer_finish_switch_fiber(asan, &from->stack, &from->size);
}

static void set_stack(struct xd_context *c, uint64_t low, uint64_t top)
{
    c->place.stack = (const void *)(uintptr_t)low;
    c->place.size = top - low;
    if (c->regs->known)
        VALGRIND_STACK_CHANGE(c->regs->valgrind, low, top);
    else
        c->regs->valgrind = VALGRIND_STACK_REGISTER(low, top);
    c->regs->known = true;
}

/*
 * How far its stack reaches nobody knows: not beyond what is mapped in one piece, nor to another such stack, and it is
 * taken to be no larger than ours are. Tools are told.
 */
static void bound_stack(struct xd_context *c, uint64_t top)
{
    struct mapping m;
    uint64_t low = top > XD_STACK_SIZE ? top - XD_STACK_SIZE : 0;

    if (find_mapping(top - 1, &m) && m.from > low)
        low = m.from;
    for (struct xd_context *o = c->g->contexts; o; o = o->next) {
        const uint64_t its_low = (uintptr_t)o->place.stack, its_top = its_low + o->place.size;

        if (o == c || !o->regs || !o->regs->known)
            continue;
        if (its_top < top && its_top > low)
            low = its_top;
        if (its_low < top && its_top > top)
            set_stack(o, top, its_top);
    }
    set_stack(c, low, top);
}

/* A thread comes back to end on the stack that libc knows it by. */
static void move(struct xd_context *c)
{
    const uint64_t top = c->regs->r.rsp & ~UINT64_C(15);
    struct xd_place *own = &c->regs->own;

    *own = c->place;
    own->finished = !c->thread;
    xd_self_lock(&xd_this_thread);
    bound_stack(c, top);
    xd_self_unlock(&xd_this_thread);
    xd_place_prepare(&c->place, (unsigned char *)(uintptr_t)top, xd_begin_start);
    tell_asan(own, &c->place);
    xd_switch(&own->sp, c->place.sp);
    tell_asan_arrived(own->asan);
}

_Noreturn void xd_begin_end(struct xd_context *c)
{
    c->place.finished = true;
    tell_asan(&c->place, &c->regs->own);
    xd_switch(&c->place.sp, c->regs->own.sp);
    abort();
}

/* On its own stack. What it returns is loaded. */
const struct xd_regs *xd_begin_main(void)
{
    struct xd_self *self = &xd_this_thread;
    struct xd_regs *r = &self->context->regs->r;

    tell_asan_arrived(NULL);
    xd_self_lock(self);
    if (!xd_self_goes_on(self) && !xd_deliver_upcalls(self))
        (void)xd_guest_return(self, 0); /* its domain crashed */
    xd_self_unlock(self);
    return r;
}

void xd_begin(void *arg)
{
    struct xd_context *c = arg;
    struct xd_begun *b = xd_zalloc(sizeof(*b));

    b->r = c->v->regs;
    b->r.rflags &= XD_RFLAGS_CODE;
    check(c, &b->r);
    c->regs = b;
    move(c);
}

#else

_Noreturn void xd_begin_end(struct xd_context *c)
{
    (void)c;
    abort();
}

void xd_begin(void *arg)
{
    cannot_begin(arg, "that is done on x86-64 hosts only");
}

#endif
