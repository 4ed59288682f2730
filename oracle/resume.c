/* SPDX-License-Identifier: MIT */
/* resume.c: see resume.h. What Xen itself does is DOMCTL_resumedomain; the rest is a toolstack's, as in src/hv/resume.c. */
#include "resume.h"

#include "newcomer.h"

#include "hv/layout.h"

#include <string.h>

#define __XEN_TOOLS__ 1 /* NOLINT: asks the headers for the control operations */
#include <xen/domctl.h>

#define DOM0               0u /* its vCPU 0 makes the calls */
#define HC_SCHED_OP_COMPAT 6u
#define HC_SCHED_OP        29u
#define SCHEDOP_SHUTDOWN   2u /* in the old form, too */

static struct xd_machine *const machine = &xd_real_machine;
static struct xd_xen *const xen = &xd_real_machine.xen;

/* What the calls return with by which domains were suspended that are resumed. */
static int64_t results[XD_XEN_DOMAINS];

/* A vCPU's context. */
union context {
    struct vcpu_guest_context c;
    unsigned char bytes[2 * XD_PAGE_SIZE];
};

static int64_t control(const struct xd_domain *d, struct xen_domctl *op)
{
    op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    op->domain = (domid_t)d->domid;
    return xd_xen_call(xen, DOM0, __HYPERVISOR_domctl, (uint64_t[6]){0}, 0, op, sizeof(*op));
}

static unsigned char *room(unsigned int page)
{
    return xd_xen_at(xen, xen->xen_cr3, machine->guest[0].start.padding_va + page * XD_PAGE_SIZE,
                     XD_PTE_P);
}

/* vCPU 0's context is read, or written, in two pages of dom0's where its program's arguments lie, and do again afterwards. */
static bool context(const struct xd_domain *d, uint32_t cmd, union context *ctx)
{
    struct xen_domctl op = {.cmd = cmd};
    unsigned char before[2][XD_PAGE_SIZE];
    bool ok;

    for (unsigned int i = 0; i < 2; i++) {
        memcpy(before[i], room(i), XD_PAGE_SIZE);
        memcpy(room(i), ctx->bytes + i * XD_PAGE_SIZE, XD_PAGE_SIZE);
    }
    set_xen_guest_handle(op.u.vcpucontext.ctxt,
                         (struct vcpu_guest_context *)machine->guest[0].start.padding_va);
    ok = control(d, &op) == 0;
    for (unsigned int i = 0; i < 2; i++) {
        memcpy(ctx->bytes + i * XD_PAGE_SIZE, room(i), XD_PAGE_SIZE);
        memcpy(room(i), before[i], XD_PAGE_SIZE);
    }
    return ok;
}

/* ---- Who suspends ---- */

bool xd_resume_may_suspend(uint64_t nr, const uint64_t arg[6])
{
    return (nr == HC_SCHED_OP || nr == HC_SCHED_OP_COMPAT) && (uint32_t)arg[0] == SCHEDOP_SHUTDOWN;
}

void xd_resume_note(struct xd_domain *d)
{
    machine->suspended[d->domid] = true;
    machine->spent[d->domid] = "been suspended";
    d->shut_down = true;
    d->shutdown_code = XD_SHUTDOWN_SUSPEND;
}

void xd_resume_look(struct xd_vcpu *v)
{
    if (!xen->guest[xd_xen_guest(v->domain->domid, v->id)].suspended)
        return;
    xd_resume_note(v->domain);
    v->blocked = false;
}

void xd_resume_over(struct xd_domain *d, int64_t result)
{
    if (!machine->suspended[d->domid])
        return;
    machine->suspended[d->domid] = false;
    d->shut_down = false;
    d->shutdown_code = -1;
    results[d->domid] = result;
    xd_resume_return(d);
}

void xd_resume_return(struct xd_domain *d)
{
    for (uint32_t id = 0; !xd_machine_still(machine, d->domid) && id < XD_MAIL_VCPUS; id++) {
        struct xd_xen_guest *guest = &xen->guest[xd_xen_guest(d->domid, id)];

        if (!guest->suspended)
            continue;
        guest->suspended = false;
        if (!d->vcpu[id].down &&
            xd_xen_call_woken(xen, xd_xen_guest(d->domid, id)) != results[d->domid])
            guest->dead = guest->hung = true;
    }
}

void xd_resume_end(struct xd_machine *m)
{
    for (unsigned int g = 0; g < XD_XEN_GUESTS; g++)
        if (m->suspended[g / XD_MAIL_VCPUS] || m->xen.guest[g].suspended)
            m->xen.guest[g].dead = true;
    memset(m->suspended, 0, sizeof(m->suspended));
}

/* ---- What a toolstack does ---- */

/* By the M2P, as the double does. */
static bool find_pfn(const struct xd_domain *d, uint64_t pfn, uint64_t *mfn)
{
    for (*mfn = 0; *mfn < machine->frames; ++*mfn) {
        struct xd_xen_frame f;

        xd_xen_frame_at(xen, *mfn, &f);
        if (f.owner == d->domid && !f.xen_heap && xd_xen_m2p(xen, *mfn) == pfn)
            return true;
    }
    return false;
}

/* Frames stand in start_info again, which vCPU 0 named by its third argument. */
static bool write_frames(const struct xd_domain *d, uint64_t si_mfn)
{
    struct xd_xen_frame f = {.owner = ~0u};
    struct xd_abi_start_info *si;
    uint64_t store, console;

    if (si_mfn < machine->frames)
        xd_xen_frame_at(xen, si_mfn, &f);
    if (f.owner != d->domid || f.xen_heap)
        return false;
    si = (void *)xd_machine_words(machine, si_mfn);
    if (!find_pfn(d, si->store_mfn, &store) || !find_pfn(d, si->console.domU.mfn, &console))
        return false;
    si->store_mfn = store;
    si->console.domU.mfn = console;
    return true;
}

/* All but the first forget what they were, and are down. */
static bool reset_others(struct xd_domain *d)
{
    for (uint32_t id = 1; id < d->vcpus; id++) {
        struct xen_domctl op = {.cmd = XEN_DOMCTL_setvcpucontext};
        struct xd_vcpu *v = &d->vcpu[id];

        op.u.vcpucontext.vcpu = id;
        if (control(d, &op))
            return false;
        xd_newcomer_forget(v);
    }
    return true;
}

int xd_domain_resume(struct xd_domain *d, enum xd_resume how)
{
    struct xen_domctl op = {.cmd = XEN_DOMCTL_resumedomain};
    union context ctx = {.bytes = {0}};
    const int64_t result = how == XD_RESUME_CANCELLED; /* that the guest's call returns with */
    bool done;

    if (how == XD_RESUME_RESTORED) {
        xd_real_cant("a domain that is restored is another one there, in other frames");
        return -XD_HOST_EINVAL;
    }
    if (!machine->suspended[d->domid])
        return -XD_HOST_EINVAL;
    if (!xen->guest[xd_xen_guest(d->domid, 0)].suspended) {
        xd_real_cant("the kernel under it uses the registers of a vCPU that is in no call itself");
        return -XD_HOST_EINVAL;
    }
    done = context(d, XEN_DOMCTL_getvcpucontext, &ctx);
    if (how == XD_RESUME_CANCELLED) {
        ctx.c.user_regs.rax = (uint64_t)result;
        done = done && context(d, XEN_DOMCTL_setvcpucontext, &ctx);
    } else {
        if (done && !write_frames(d, ctx.c.user_regs.rdx))
            return -XD_HOST_EINVAL;
        done = done && reset_others(d);
    }
    if (!done || control(d, &op))
        xd_real_cant("its toolstack could not resume a domain");
    else
        xd_resume_over(d, result);
    xd_real_look();
    return 0;
}
