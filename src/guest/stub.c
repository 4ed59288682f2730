/* SPDX-License-Identifier: MIT */
/*
 * stub.c: what the stubs of hypercall_page come to, in C.
 *
 * Their caller assumes that everything but rax, rcx and r11 survives. entry.S keeps the general
 * registers; the vector registers survive because nothing on the common way uses them (this file and
 * all below is compiled so, see base/vectorless.h). Where other code gets its turn, the host's hooks,
 * upcalls, other vCPUs, a sanitizer's runtime, they are saved around it, which costs more than the
 * rest.
 */
#include "guest/bounce.h"

#include "hv/call/call.h"

#define RFLAGS_IF   0x200u
#define RFLAGS_TF   0x100u
#define RFLAGS_KEEP 0x240cd5u /* what user code may set: CF PF AF ZF SF DF OF AC ID */

static bool keeps_off_vectors(const struct xd_host *host)
{
    return !XD_INSTRUMENTED && !host->foreign && !host->arena.journaling;
}

/* What runs with vector registers saved has these arguments. */
static int64_t xd_whole_call(uint64_t nr, const uint64_t *arg)
{
    return xd_guest_call(nr, arg);
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

int64_t xd_stub_call(uint64_t nr, const uint64_t *arg)
{
    struct xd_vcpu *v = xd_this_thread.plain;
    int64_t rc;

    if (XD_UNLIKELY(!v || !xd_may_call(v) || !keeps_off_vectors(v->hv->host)))
        return xd_with_vectors(xd_whole_call, nr, arg);
    rc = xd_call_guarded(v, nr, arg);
    if (XD_UNLIKELY(v->rec.reject.why))
        xd_with_vectors(xd_stub_refused, 0, NULL);
    if (XD_LIKELY(xd_goes_on(v)))
        return rc;
    return xd_with_vectors(way_back, (uint64_t)rc, NULL);
}

static int64_t whole_iret(uint64_t frame, const uint64_t *unused)
{
    const struct xd_iret_frame *f = (const struct xd_iret_frame *)(uintptr_t)frame;
    struct xd_self *self = &xd_this_thread;

    (void)unused;
    if (!self->v)
        xd_cannot_call(self, XD_CALL_IRET);
    if ((f->cs & 3) == 3)
        xd_guest_die("d%uv%u: iret to user mode (CS %#x): linked code has no user mode",
                     self->v->domain->domid, self->v->id, (unsigned int)f->cs);
    /* Who returns to xd_bounce finds there what else is due; here the stack would grow and grow. */
    xd_guest_iret(self, f->rflags & RFLAGS_IF, f->rip != (uintptr_t)xd_bounce_back);
    return 0;
}

/*
 * Left by popf and ret, since iretq wants selectors that only Xen has. What they pop lies below the
 * target's stack pointer: below its red zone too, which a fault in C code may have found in use, if that
 * is not where the frame itself lies.
 */
static void leave_to(struct xd_iret_frame *f, uint64_t rip, uint64_t rflags, uint64_t rsp)
{
    uint64_t *target = (uint64_t *)(uintptr_t)(rsp - XD_RED_ZONE) - 3;

    if (target >= &f->rip) {
        target[2] = rip;
        target[1] = (uintptr_t)xd_iret_over_red_zone;
    } else {
        target = (uint64_t *)(uintptr_t)rsp - 2;
        target[1] = rip;
    }
    target[0] = rflags;
    f->flags = (uintptr_t)target;
}

/* AS-XEN: do_iret: the mask follows IF, and then what is due is delivered before the target runs. */
void xd_stub_iret(struct xd_iret_frame *f)
{
    struct xd_vcpu *v = xd_this_thread.plain;

    /* Back to xd_bounce there is little to do. */
    if (XD_LIKELY(v && f->rip == (uintptr_t)xd_bounce_back && (f->cs & 3) != 3 && xd_may_call(v) &&
                  keeps_off_vectors(v->hv->host)))
        xd_info_set_mask(v->hv, xd_vcpu_info(v), !(f->rflags & RFLAGS_IF));
    else
        xd_with_vectors(whole_iret, (uintptr_t)f, NULL);
    leave_to(f, f->rip, f->rflags & RFLAGS_KEEP, f->rsp);
}
