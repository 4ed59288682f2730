/* SPDX-License-Identifier: MIT */
/*
 * stub.c: what the stubs of hypercall_page come to, in C.
 *
 * Their caller assumes that everything but rax survives. entry.S keeps the general
 * registers; the vector registers survive because nothing on the common way uses them (this file and
 * all below is compiled so, see base/vectorless.h). Where other code gets its turn, the host's hooks,
 * upcalls, other vCPUs, a sanitizer's runtime, they are saved around it, which costs more than the
 * rest.
 */
#include "guest/bounce.h"
#include "guest/tools.h"

#include "abi/errno.h"
#include "abi/table.h"
#include "hv/call/call.h"

#define NO_ASAN     __attribute__((no_sanitize_address))
#define RFLAGS_STAY 0x240500u /* what a function leaves as it was: TF DF AC ID */

/* Can a call of (v) be made, and without using vector registers? */
static bool on_common_way(const struct xd_vcpu *v)
{
    const struct xd_host *host = v->hv->host;

    return !XD_INSTRUMENTED && xd_may_call(v) && !(host->long_way | host->arena.journaling);
}

/* What runs with vector registers saved has these arguments. */
static int64_t xd_whole_call(uint64_t nr, const uint64_t *arg)
{
    return xd_guest_call_stays(nr, arg);
}

static int64_t way_back(uint64_t rc, const uint64_t *unused)
{
    (void)unused;
    return xd_guest_return(&xd_this_thread, (int64_t)rc);
}

static int64_t xd_stub_refused(uint64_t unused, const uint64_t *neither)
{
    (void)unused;
    (void)neither;
    xd_keep_caller(xd_this_thread.v);
    return 0;
}

/* AS-XEN: clobber_regs64, debug builds: the registers that held arguments, of a call that there is. */
static struct xd_stub_end ended(uint64_t nr, int64_t rc)
{
    const struct xd_self *self = &xd_this_thread;
    const struct xd_call *call = xd_call_at(nr);
    struct xd_stub_end end = {.rc = rc};

    if (self->v && xd_is_debug_build(self->v->hv) && call && rc != -XD_ENOSYS)
        while (end.spoiled < XD_CALL_ARGS && call->arg[end.spoiled].name)
            end.spoiled++;
    return end;
}

/* Where the code goes on by an iret in the list that it gave. */
static XD_COLD struct xd_stub_end leaving(struct xd_stub_end end, uint64_t at)
{
    end.rc = (int64_t)(uintptr_t)xd_leave_ready(xd_this_thread.side, end.rc, at);
    end.spoiled |= XD_STUB_LEAVES;
    return end;
}

static inline struct xd_stub_end stays_or_leaves(struct xd_stub_end end, uint64_t at)
{
    const struct xd_side *s = xd_this_thread.side;

    return XD_UNLIKELY(s && s->leaves) ? leaving(end, at) : end;
}

/* AddressSanitizer would make room for the array by a call of its own, before the vector registers are saved. */
static NO_ASAN XD_COLD struct xd_stub_end xd_stub_long_way(uint64_t a, uint64_t b, uint64_t c,
                                                           uint64_t d, uint64_t e, uint64_t f,
                                                           uint64_t nr, uint64_t at)
{
    const uint64_t arg[XD_CALL_ARGS] = {a, b, c, d, e, f};
    const int64_t rc = xd_with_vectors(xd_whole_call, nr, arg);

    return stays_or_leaves(ended(nr, rc), at);
}

/* The call was refused, or the guest's code does not just go on. */
static XD_COLD int64_t xd_stub_after(struct xd_vcpu *v, int64_t rc)
{
    if (v->rec.reject.why)
        xd_with_vectors(xd_stub_refused, 0, NULL);
    return xd_goes_on(v) ? rc : xd_with_vectors(way_back, (uint64_t)rc, NULL);
}

/* What the registers held, in the order of a function's arguments. */
struct xd_stub_end xd_stub_call(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
                                uint64_t f, uint64_t nr, uint64_t at)
{
    struct xd_vcpu *v = xd_this_thread.plain;
    uint64_t *arg;
    int64_t rc;

    if (nr == XD_CALL_MULTICALL && xd_this_thread.side)
        xd_this_thread.side->frame_at = at;
    if (XD_UNLIKELY(!v || !on_common_way(v)))
        return xd_stub_long_way(a, b, c, d, e, f, nr, at);
    v->hv->host->in_call = true;
    arg = xd_call_note(v, nr);
    arg[0] = a, arg[1] = b, arg[2] = c, arg[3] = d, arg[4] = e, arg[5] = f;
    rc = xd_call_asked(v, nr, arg);
    v->hv->host->in_call = false;
    if (XD_UNLIKELY(v->rec.reject.why || !xd_goes_on(v)))
        return stays_or_leaves((struct xd_stub_end){.rc = xd_stub_after(v, rc)}, at);
    return (struct xd_stub_end){.rc = rc};
}

static int64_t whole_iret(uint64_t frame, const uint64_t *unused)
{
    const struct xd_iret_frame *f = (const struct xd_iret_frame *)(uintptr_t)frame;
    struct xd_self *self = &xd_this_thread;

    (void)unused;
    if (!self->v)
        xd_cannot_call(self, XD_CALL_IRET);
    if ((f->cs & 3) == 3)
        xd_no_user_mode(self->v, f->cs);
    /* Who returns to xd_bounce finds there what else is due; here the stack would grow and grow. */
    xd_guest_iret(self, f->rflags & XD_RFLAGS_IF, !xd_is_way_back(f->rip));
    return 0;
}

/*
 * Left by popf and ret, since iretq wants selectors that only Xen has. What they pop lies below the
 * target's stack pointer: below its red zone too, which a fault in C code may have found in use, if that
 * is not where the frame itself lies. (What Valgrind is told by is an array, as above.)
 */
NO_ASAN void xd_leave_to(struct xd_iret_frame *f, uint64_t rflags, uintptr_t here)
{
    uint64_t *target = (uint64_t *)(uintptr_t)(f->rsp - XD_RED_ZONE) - 3;

    if ((uintptr_t)target >= here) {
        VALGRIND_MAKE_MEM_UNDEFINED(target, 3 * sizeof(*target));
        target[2] = f->rip;
        target[1] = (uintptr_t)xd_iret_over_red_zone;
    } else {
        target = (uint64_t *)(uintptr_t)f->rsp - 2;
        target[1] = f->rip;
    }
    target[0] = rflags;
    f->flags = (uintptr_t)target;
}

/*
 * AS-XEN: do_iret: the mask follows IF, and then what is due is delivered before the target runs. True: RFLAGS need not
 * be loaded, which takes longer than the rest: the target is a return from a function, and all that it
 * could miss stands there already.
 */
bool xd_stub_iret(struct xd_iret_frame *f)
{
    const bool back = f->rip == (uintptr_t)xd_bounce_back && (f->cs & 3) != 3;
    const uint64_t rflags = f->rflags & XD_RFLAGS_CODE;
    struct xd_vcpu *v = xd_this_thread.plain;

    /* Back to xd_bounce there is little to do. */
    if (XD_LIKELY(v && back && on_common_way(v) && !v->nmi_in_service))
        xd_info_set_mask(v->hv, xd_info_place(v), !(f->rflags & XD_RFLAGS_IF));
    else
        xd_with_vectors(whole_iret, (uintptr_t)f, NULL);
    xd_leave_to(f, rflags, (uintptr_t)&f->rip);
    return back && !((rflags ^ __builtin_ia32_readeflags_u64()) & RFLAGS_STAY);
}
