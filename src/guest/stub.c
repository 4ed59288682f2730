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

/* With vector registers saved. */
static int64_t whole_call(uint64_t nr, const uint64_t *arg)
{
    return xd_guest_call(nr, arg);
}

static int64_t way_back(uint64_t rc, const uint64_t *unused)
{
    (void)unused;
    return xd_guest_return(&xd_this_thread, (int64_t)rc);
}

static bool keeps_off_vectors(const struct xd_self *self)
{
    const struct xd_host *host = self->v->hv->host;

    return !XD_INSTRUMENTED && !host->foreign && !host->arena.journaling && !self->watched;
}

int64_t xd_stub_call(uint64_t nr, const uint64_t *arg)
{
    struct xd_self *self = &xd_this_thread;
    struct xd_vcpu *v = self->v;
    int64_t rc;

    if (XD_UNLIKELY(!xd_self_runs(self) || !keeps_off_vectors(self)))
        return xd_with_vectors(whole_call, nr, arg);
    rc = xd_call_run(v, nr, arg, 0);
    if (XD_LIKELY(xd_goes_on(self, v)))
        return rc;
    return xd_with_vectors(way_back, (uint64_t)rc, NULL);
}

static int64_t not_a_vcpu(uint64_t nr, const uint64_t *unused)
{
    (void)unused;
    xd_cannot_call(&xd_this_thread, nr);
}

static int64_t to_user(uint64_t a, const uint64_t *unused)
{
    const struct xd_vcpu *v = xd_this_thread.v;

    (void)a;
    (void)unused;
    xd_guest_die("d%uv%u: iret to user mode (CS %#x): linked code has no user mode",
                 v->domain->domid, v->id, (unsigned int)a);
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
    struct xd_self *self = &xd_this_thread;

    if (!xd_self_runs(self))
        xd_with_vectors(not_a_vcpu, 23, NULL);
    if ((f->cs & 3) == 3)
        xd_with_vectors(to_user, f->cs, NULL);
    XD_PUT(self->v->hv, xd_vcpu_info(self->v)->evtchn_upcall_mask, !(f->rflags & RFLAGS_IF));
    /* Who returns to xd_bounce finds there what else is due; here the stack would grow and grow. */
    if (f->rip != (uintptr_t)xd_bounce_back && !xd_goes_on(self, self->v))
        xd_with_vectors(way_back, 0, NULL);
    leave_to(f, f->rip, f->rflags & RFLAGS_KEEP, f->rsp);
}
