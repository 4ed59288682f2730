/* SPDX-License-Identifier: MIT */
/* newcomer.c: see newcomer.h. */
#include "newcomer.h"

#include "enter_apart.h"
#include "real.h"

#include "hv/copy.h"
#include "hv/holders.h"
#include "hv/pt.h"

#include <stddef.h>
#include <string.h>
#include <time.h>

#define HC_MULTICALL   13u
#define HC_VCPU_OP     24u
#define HC_DOMCTL      36u
#define INITIALISE     0u /* of vcpu_op */
#define UP             1u
#define DOWN           2u
#define SETVCPUCONTEXT 12u
#define LIST_SEEN      1024u
#define SAVED_REGISTERS \
    6u /* that the kernel takes from its stack when it was caught; rbx is the last */
#define ARRIVAL_NS UINT64_C(10000000000)
#define DOUBT_NS   UINT64_C(50000000)
#define NAP_NS     50000u

static struct xd_machine *const machine = &xd_real_machine;
static struct xd_xen *const xen = &xd_real_machine.xen;

static const char UNSEEN[] = "a vCPU comes up in a list of calls, or in a domain that stands still";

/* What a vCPU begins with when it comes up. */
struct context {
    bool there; /* it has not run with it yet */
    bool user, online;
    uint64_t rip, cr3;
};

static struct context contexts[XD_XEN_GUESTS];

/* The vCPU that the present call is to bring up with a context, NULL: none; and what was known of it. */
static struct {
    struct xd_vcpu *t;
    struct context c;
    struct xd_xen_guest was;
    bool laid; /* code; else it begins where the kernel does */
} coming;

void xd_newcomer_begin(void)
{
    memset(contexts, 0, sizeof(contexts));
    coming.t = NULL;
}

static bool cant(const char *why)
{
    xd_real_cant(why);
    return false;
}

/* ---- What calls do ---- */

static bool read_context(struct xd_vcpu *v, uint64_t at, struct context *c)
{
    struct xd_abi_vcpu_guest_context ctx;

    if (!xd_look(v, &ctx, at, sizeof(ctx)))
        return false;
    *c = (struct context){.there = true,
                          .user = !(ctx.flags & XD_VGCF_IN_KERNEL),
                          .online = ctx.flags & XD_VGCF_ONLINE,
                          .rip = ctx.user_regs.rip,
                          .cr3 = ctx.ctrlreg[3] >> XD_PAGE_SHIFT};
    return true;
}

/* The vCPU that a vcpu_op or domctl speaks of; (*at) is the address of the command's own argument. NULL: it is none of these, or of no vCPU. */
static struct xd_vcpu *subject(struct xd_vcpu *v, uint64_t nr, const uint64_t *arg, uint32_t *cmd,
                               uint64_t *at)
{
    struct xd_domain *const domain = v->hv->domain;
    struct xd_abi_domctl op;

    if (nr == HC_VCPU_OP) {
        *cmd = (uint32_t)arg[0];
        *at = arg[2];
        return *cmd <= DOWN ? xd_vcpu_at(v->domain, (uint32_t)arg[1]) : NULL;
    }
    if (nr != HC_DOMCTL || !xd_look(v, &op, arg[0], sizeof(op)) || op.cmd != SETVCPUCONTEXT ||
        op.domain >= XD_XEN_DOMAINS || !domain[op.domain].used)
        return NULL;
    *cmd = SETVCPUCONTEXT;
    *at = op.u.vcpucontext.ctxt;
    return xd_vcpu_at(&domain[op.domain], op.u.vcpucontext.vcpu);
}

static struct context *context_of(const struct xd_vcpu *t)
{
    static struct context none; /* of one that nobody could bring up here */

    return t->id < XD_MAIL_VCPUS ? &contexts[xd_number_of(t)] : &none;
}

/* ---- Coming up with a context ---- */

/* Its kernel must be where the domain has it: it is what the vCPU runs later on. */
static bool sees_kernel(const struct xd_domain *d, uint64_t cr3)
{
    for (uint64_t pfn = 0; pfn < XD_KERNEL_OWN_END; pfn++)
        if (xd_xen_at(xen, cr3 * XD_PAGE_SIZE, d->start.virt_base + pfn * XD_PAGE_SIZE,
                      pfn < XD_KERNEL_OWN_FIRST ? XD_GUEST_READS : XD_GUEST_WRITES) !=
            xen->ram + machine->guest[d->domid].mfn[pfn] * XD_PAGE_SIZE)
            return false;
    return true;
}

static unsigned char *kernels_page(const struct xd_domain *d, uint64_t nr)
{
    return xen->ram + machine->guest[d->domid].mfn[nr] * XD_PAGE_SIZE;
}

static void set_detour(const struct xd_domain *d, uint64_t to)
{
    __atomic_store_n((uint64_t *)(void *)(kernels_page(d, XD_KERNEL_OWN_FIRST) + XD_DETOUR_AT), to,
                     __ATOMIC_RELEASE);
}

static bool detour_taken(const struct xd_domain *d)
{
    return !__atomic_load_n(
        (uint64_t *)(void *)(kernels_page(d, XD_KERNEL_OWN_FIRST) + XD_DETOUR_AT),
        __ATOMIC_ACQUIRE);
}

/* Its mailbox, and a stack on which the code that catches it finds where to go on. */
static void prepare(const struct xd_vcpu *t)
{
    const struct xd_domain *d = t->domain;
    struct xd_xen_guest *guest = &xen->guest[xd_number_of(t)];
    const uint64_t first_va = xen->guest[xd_xen_guest(d->domid, 0)].mail_va;
    const uint64_t mail_page = (first_va - d->start.virt_base) / XD_PAGE_SIZE + t->id,
                   stack_page = XD_KERNEL_OWN_FIRST + t->id;
    const struct xd_mailbox *first = (const void *)kernels_page(d, mail_page - t->id);
    volatile struct xd_mailbox *m = (volatile void *)kernels_page(d, mail_page);
    uint64_t frame[SAVED_REGISTERS + 1] = {
        [SAVED_REGISTERS - 1] = t->id, [SAVED_REGISTERS] = first->newcomer};

    *guest = (struct xd_xen_guest){.mail = m, .mail_va = first_va + t->id * XD_PAGE_SIZE};
    memcpy(kernels_page(d, stack_page) + XD_KERNEL_ROOM_AT, frame, sizeof(frame));
    m->magic[1] = 0;
    m->answered = m->asked; /* whatever it was asked before */
    m->enter.caught = first->caught + t->id * (uint64_t)XD_MAIL_CATCHER;
    m->enter.kernel_sp = d->start.virt_base + stack_page * XD_PAGE_SIZE + XD_KERNEL_ROOM_AT;
    m->enter.out.place = 0;
}

/* It does not come. */
static void over_without(void)
{
    struct xd_vcpu *t = coming.t;

    coming.t = NULL;
    xen->guest[xd_number_of(t)] = coming.was;
    set_detour(t->domain, 0);
    if (coming.laid && !xd_lay_hide())
        cant(xd_lay_why());
}

/* Call of (v) is to bring (t) up with (c). */
static bool expect(const struct xd_vcpu *v, struct xd_vcpu *t, const struct context *c)
{
    const struct xd_domain *d = t->domain;
    const struct xd_abi_vcpu_info *info;

    if (t->id >= XD_MAIL_VCPUS)
        return cant("there is room for four vCPUs of a domain that run there");
    if (c->user)
        return cant("a vCPU that begins in user mode has no way back to its kernel");
    if (v == t)
        return cant("a vCPU can't begin anew by its own call");
    if (xd_machine_still(machine, d->domid)) /* follow() looks whether it is refused */
        return true;
    if (!sees_kernel(d, c->cr3))
        return cant("a vCPU comes up below tables without the kernel that plays its domain");
    info = xd_real_info(xd_number_of(t));
    if (info->evtchn_upcall_pending && !info->evtchn_upcall_mask)
        return cant("an event is delivered before a new vCPU's first instruction");
    coming.t = t;
    coming.c = *c;
    coming.was = xen->guest[xd_number_of(t)];
    coming.laid = c->rip != d->start.kernel_va;
    prepare(t);
    if (!coming.laid) {
        set_detour(d, xen->guest[xd_number_of(t)].mail->enter.caught);
        return true;
    }
    xd_lay_begin_by_dom0(t);
    if (xd_lay(c->rip, XD_CODE_KERNEL, NULL, 0) && xd_lay_show(c->cr3, 0))
        return true;
    cant(xd_lay_why() ? xd_lay_why() : "dom0 gave no answer");
    over_without();
    return false;
}

/* Waits until it has reported and runs the kernel. False: its domain has ended, or it went elsewhere. */
static bool arrived(struct xd_vcpu *t)
{
    struct xd_xen_guest *guest = &xen->guest[xd_number_of(t)];
    const uint64_t start = xd_xen_now_ns();
    uint64_t looked = start, now;

    while (__atomic_load_n(&guest->mail->magic[1], __ATOMIC_ACQUIRE) != XD_MAIL_MAGIC1) {
        nanosleep(&(struct timespec){.tv_nsec = NAP_NS}, NULL);
        now = xd_xen_now_ns();
        if (now - looked < DOUBT_NS)
            continue;
        looked = now;
        if (xd_xen_gone(xen) || xd_toolstack_ended(xen, xd_number_of(t), &guest->reason)) {
            guest->dead = true;
            return false;
        }
        if (now - start > ARRIVAL_NS) {
            guest->dead = guest->hung = true;
            return false;
        }
    }
    return true;
}

/* What it reported: what a program finds in its registers. */
static bool take_report(struct xd_vcpu *t)
{
    const volatile struct xd_mailbox *m = xen->guest[xd_number_of(t)].mail;
    struct xd_apart *g = &xd_apart[xd_number_of(t)];
    const uint64_t rip = coming.laid ? xd_laid_at((unsigned int)m->enter.out.place) : coming.c.rip;

    if (coming.laid ? !m->enter.out.place : !detour_taken(t->domain))
        return cant("a vCPU that came up did not come to where its context says");
    g->regs = (struct xd_registers){.rip = rip,
                                    .rsp = m->enter.out.rsp,
                                    .rax = m->enter.out.rax,
                                    .rcx = m->enter.out.rcx,
                                    .r11 = m->enter.out.r11,
                                    .rflags = m->enter.out.rflags,
                                    .cs = (uint16_t)m->enter.out.cs,
                                    .ss = (uint16_t)m->enter.out.ss};
    return true;
}

/*
 * What is stored of a context by the time it is refused stays, so a vCPU that ran may go on with that. An empty request is carried out
 * by who is there: the kernel as it was, or the newcomer.
 */
static bool came_all_the_same(struct xd_vcpu *t)
{
    struct xd_xen_guest *guest = &xen->guest[xd_number_of(t)];

    if (!coming.was.mail || coming.was.dead || coming.was.down)
        return false;
    if (coming.was.waits)
        return cant("a vCPU that waits may go on with a context that was refused");
    guest->mail->op = XD_MAIL_CALLS;
    guest->mail->size = 0;
    return xd_xen_ask(xen, xd_number_of(t)) && guest->mail->magic[1] == XD_MAIL_MAGIC1;
}

static void over(int64_t rc)
{
    struct xd_vcpu *t = coming.t;

    if (rc && !came_all_the_same(t)) {
        over_without();
        return;
    }
    coming.t = NULL;
    contexts[xd_number_of(t)].there = false;
    machine->spent[t->domain->domid] = "had a vCPU that came up by a program";
    t->initialised = true;
    t->cr3.v = coming.c.cr3;
    t->up_asleep = t->blocked = t->continuing = false;
    t->down = false;
    t->kernel_mode = true;
    if (arrived(t) && take_report(t))
        xd_real_came_up(t);
    if (coming.laid && !xd_lay_hide())
        cant(xd_lay_why());
}

/* ---- Going down, and up again ---- */

static void went_down(struct xd_vcpu *v, struct xd_vcpu *t)
{
    struct xd_xen_guest *guest = t->id < XD_MAIL_VCPUS ? &xen->guest[xd_number_of(t)] : NULL;

    t->up_asleep = false;
    if (t->down || !guest)
        return;
    machine->spent[t->domain->domid] = "had a vCPU that a program took down";
    t->down = guest->down = true;
    guest->down_by_own = v == t;
    if (v != t)
        return;
    t->blocked = guest->waits = false; /* nobody wakes it */
}

static void went_up(struct xd_vcpu *t)
{
    struct xd_xen_guest *guest = &xen->guest[xd_number_of(t)];
    const bool own = guest->down_by_own;

    t->down = guest->down = guest->down_by_own = false;
    if (own && xd_xen_call_woken(xen, xd_number_of(t)) && !guest->dead)
        guest->dead = guest->hung = true;
}

/* ---- Around calls ---- */

static bool list_fits(struct xd_vcpu *v, const uint64_t *arg)
{
    struct xd_abi_multicall_entry e;

    for (uint64_t i = 0;
         i < (uint32_t)arg[1] && i < LIST_SEEN && xd_look(v, &e, arg[0] + i * sizeof(e), sizeof(e));
         i++) {
        uint32_t cmd;
        uint64_t at;
        struct xd_vcpu *t = subject(v, e.op, e.args, &cmd, &at);

        if (t &&
            ((cmd == UP && t->down && t->initialised && !t->up_asleep) || (cmd == DOWN && t == v)))
            return cant("a vCPU comes up, or goes down itself, in a list of calls");
    }
    return true;
}

bool xd_newcomer_before(struct xd_vcpu *v, uint64_t nr, const uint64_t *arg)
{
    struct xd_vcpu *t;
    struct context c;
    uint32_t cmd;
    uint64_t at;

    coming.t = NULL;
    if (nr == HC_MULTICALL)
        return list_fits(v, arg);
    t = subject(v, nr, arg, &cmd, &at);
    if (!t)
        return true;
    if (cmd == SETVCPUCONTEXT)
        return !at || !read_context(v, at, &c) || !c.online || expect(v, t, &c);
    return cmd != UP || !t->down || t->up_asleep || !t->initialised || !context_of(t)->there ||
           expect(v, t, context_of(t));
}

static void follow(struct xd_vcpu *v, uint64_t nr, const uint64_t *arg, int64_t rc, bool listed)
{
    struct xd_vcpu *t;
    uint32_t cmd;
    uint64_t at;

    t = rc ? NULL : subject(v, nr, arg, &cmd, &at);
    if (!t)
        return;
    switch (cmd) {
    case INITIALISE:
        t->initialised = read_context(v, at, context_of(t));
        t->up_asleep = context_of(t)->online;
        t->cr3.v = context_of(t)->cr3;
        break;
    case UP:
        if (t->down && t->initialised && !t->up_asleep)
            listed || context_of(t)->there ? (void)cant(UNSEEN) : went_up(t);
        break;
    case DOWN: went_down(v, t); break;
    case SETVCPUCONTEXT:
        if (!at) {
            xd_newcomer_forget(t);
            break;
        }
        t->initialised = read_context(v, at, context_of(t));
        t->cr3.v = context_of(t)->cr3;
        went_down(v, t); /* else it would have been expected */
        if (context_of(t)->online)
            cant(UNSEEN);
        break;
    }
}

void xd_newcomer_after(struct xd_vcpu *v, uint64_t nr, const uint64_t *arg, int64_t rc)
{
    if (coming.t)
        over(rc);
    else
        follow(v, nr, arg, rc, false);
}

void xd_newcomer_listed(struct xd_vcpu *v, uint64_t nr, const uint64_t *arg, int64_t rc)
{
    follow(v, nr, arg, rc, true);
}

void xd_newcomer_forget(struct xd_vcpu *t)
{
    if (!t->down)
        went_down(NULL, t);
    t->down = true;
    t->initialised = t->blocked = t->continuing = t->up_asleep = false;
    t->cr3.v = t->user_cr3.v = 0;
    context_of(t)->there = false;
}
