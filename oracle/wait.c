/* SPDX-License-Identifier: MIT */
/* wait.c: see wait.h. */
#include "wait.h"

#include "real.h"
#include "resume.h"

#include "hv/holders.h"

#include <string.h>

#define HC_SCHED_OP_COMPAT        6u
#define HC_MULTICALL              13u
#define HC_EVENT_CHANNEL_COMPAT   16u
#define HC_VCPU_OP                24u
#define HC_MMUEXT_OP              26u
#define HC_SCHED_OP               29u
#define HC_EVENT_CHANNEL_OP       32u
#define SCHEDOP_BLOCK             1u /* in the old form, too */
#define SCHEDOP_POLL              3u
#define EVTCHNOP_BIND_INTERDOMAIN 0u
#define EVTCHNOP_SEND             4u
#define EVTCHNOP_UNMASK           9u
#define VCPUOP_DOWN               2u /* of itself, maybe */
#define VCPUOP_SEND_NMI           11u
#define LIST_SEEN                 4096u                        /* entries */
#define NO_RESULT                 UINT64_C(0xdddddddddddddddd) /* stands in an entry until it is done */

static struct xd_xen *const xen = &xd_real_machine.xen;

/* The list of calls that each vCPU makes, or made last. */
static struct list {
    struct xd_vcpu *v; /* NULL: none */
    const struct xd_encoded *call;
    uint64_t there, seen; /* entries that could be read at the beginning; that were done */
    bool fresh;           /* none had a result then */
    bool let_in;          /* upcalls are, as far as the program knows */
} lists[XD_XEN_GUESTS];

static unsigned int guest_of(const struct xd_vcpu *v)
{
    return xd_xen_guest(v->domain->domid, v->id);
}

static const struct xd_abi_vcpu_info *info_of(const struct xd_vcpu *v)
{
    return (const void *)(xen->ram + v->info_mfn.v * XD_PAGE_SIZE + v->info_off);
}

void xd_wait_begin(void)
{
    memset(lists, 0, sizeof(lists));
}

/* A call came back with (rc), or (v) sleeps. */
static int64_t returned(struct xd_vcpu *v, int64_t rc)
{
    struct xd_xen_guest *guest = &xen->guest[guest_of(v)];

    v->blocked = guest->may_wait = guest->waits;
    return v->blocked ? 0 : rc;
}

static int64_t woken(struct xd_vcpu *v)
{
    return returned(v, xd_xen_call_woken(xen, guest_of(v)));
}

int64_t xd_wait_call(struct xd_vcpu *v, uint64_t nr, const uint64_t arg[6])
{
    unsigned int g = guest_of(v);
    int64_t rc;

    xen->guest[g].may_wait =
        g && (nr == HC_SCHED_OP || nr == HC_SCHED_OP_COMPAT || nr == HC_MULTICALL ||
              (nr == HC_VCPU_OP && (uint32_t)arg[0] == VCPUOP_DOWN));
    xen->guest[g].may_suspend = v->domain->domid && xd_resume_may_suspend(nr, arg);
    rc = returned(v, xd_xen_call(xen, g, nr, arg, 0, NULL, 0));
    xen->guest[g].may_suspend = false;
    xd_resume_look(v);
    return rc;
}

bool xd_wait_polls(uint64_t nr, const uint64_t arg[6])
{
    return nr == HC_SCHED_OP && (uint32_t)arg[0] == SCHEDOP_POLL;
}

/* An NMI that a program's handler takes is never over. */
static bool wake(const struct xd_machine *m, unsigned int g)
{
    return !m->nmi[g / XD_MAIL_VCPUS] && xd_toolstack_wake(xen, g);
}

bool xd_wait_wake(struct xd_vcpu *v)
{
    if (v->blocked && wake(&xd_real_machine, guest_of(v)))
        woken(v);
    return !v->blocked;
}

void xd_wait_look(struct xd_vcpu *v)
{
    struct xd_xen_guest *guest = &xen->guest[guest_of(v)];

    if (!v->blocked || guest->dead || xd_toolstack_waits(xen, guest_of(v)))
        return;
    v->blocked = false;
    if (!v->continuing && woken(v) && !guest->dead) /* such a call results in 0, which was told */
        guest->dead = guest->hung = true;
}

/* ---- Lists ---- */

static bool entry_at(const struct list *l, uint64_t i, struct xd_abi_multicall_entry *e)
{
    return i < (uint32_t)l->call->arg[1] && i < LIST_SEEN &&
           xd_look(l->v, e, l->call->arg[0] + i * sizeof(*e), sizeof(*e));
}

static bool done(const struct list *l, uint64_t i)
{
    struct xd_abi_multicall_entry e;

    return entry_at(l, i, &e) && (uint64_t)e.result != NO_RESULT;
}

void xd_list_begin(struct xd_vcpu *v, const struct xd_encoded *c)
{
    struct list *l = &lists[guest_of(v)];
    struct xd_abi_multicall_entry e;

    *l = (struct list){.v = c->nr == HC_MULTICALL ? v : NULL,
                       .call = c,
                       .fresh = true,
                       .let_in = !xd_vcpu_info(v)->evtchn_upcall_mask};
    for (; l->v && entry_at(l, l->there, &e); l->there++)
        l->fresh = l->fresh && (uint64_t)e.result == NO_RESULT;
}

enum xd_list_entry xd_list_next(struct xd_vcpu *v, struct xd_abi_multicall_entry *e)
{
    struct list *l = &lists[guest_of(v)];

    if (l->v && l->seen == LIST_SEEN && l->seen < (uint32_t)l->call->arg[1])
        return XD_LIST_LOST;
    if (!l->v || l->seen == l->there)
        return XD_LIST_NOT_YET;
    if (!entry_at(l, l->seen, e))
        return XD_LIST_LOST;
    if ((uint64_t)e->result == NO_RESULT)
        return XD_LIST_NOT_YET;
    l->let_in = l->let_in || ((e->op == HC_SCHED_OP || e->op == HC_SCHED_OP_COMPAT) &&
                              (uint32_t)e->args[0] == SCHEDOP_BLOCK);
    l->seen++;
    return XD_LIST_DONE;
}

bool xd_list_over(const struct xd_vcpu *v)
{
    const struct list *l = &lists[guest_of(v)];

    return !l->v || l->seen == (uint32_t)l->call->arg[1];
}

void xd_wait_in_list(struct xd_vcpu *v)
{
    v->continuing = xen->guest[guest_of(v)].in_list = true;
}

int64_t xd_wait_go_on(struct xd_vcpu *v)
{
    v->continuing = xen->guest[guest_of(v)].in_list = false;
    return woken(v);
}

static bool may_wake(const struct xd_abi_multicall_entry *e)
{
    uint32_t cmd = (uint32_t)e->args[0];

    return e->op == HC_EVENT_CHANNEL_OP || e->op == HC_EVENT_CHANNEL_COMPAT
               ? cmd == EVTCHNOP_BIND_INTERDOMAIN || cmd == EVTCHNOP_SEND || cmd == EVTCHNOP_UNMASK
               : e->op == HC_VCPU_OP && cmd == VCPUOP_SEND_NMI;
}

/* Its vCPU sleeps. */
static const char *unfit_sleep(const struct list *l)
{
    struct xd_abi_multicall_entry e;

    /* What waits is a poll, which the upcall would have ended at once: it was delivered between that and the entry before. */
    if (l->let_in && info_of(l->v)->evtchn_upcall_pending && info_of(l->v)->evtchn_upcall_mask)
        return "an upcall is delivered there between two calls of a list, and the second one waits";
    if (!l->fresh)
        return "nobody can tell how much was done of a list in which a vCPU waits";
    for (uint64_t i = 0; entry_at(l, i, &e); i++)
        if (e.op == HC_MMUEXT_OP)
            return "the base pointer of a vCPU that waits in a list can't be seen";
    return NULL;
}

/* Lists that a call of (v) woke go on at once: beside each other, and beside the rest of its own. */
static const char *unfit_wake(const struct xd_vcpu *v)
{
    const struct list *own = &lists[guest_of(v)];
    struct xd_abi_multicall_entry e;
    unsigned int woken = 0;
    bool early = false;

    for (const struct list *l = lists; l < lists + XD_XEN_GUESTS; l++)
        woken += l->v && l->v != v && l->v->continuing && (!l->v->blocked || done(l, l->seen));
    for (uint64_t i = 0; own->v && i + 1 < (uint32_t)own->call->arg[1] && entry_at(own, i, &e); i++)
        early = early || may_wake(&e);
    return woken > 1        ? "two lists of calls would go on at the same time"
           : woken && early ? "a list of calls would go on beside the rest of the one that woke it"
                            : NULL;
}

const char *xd_wait_unfit(struct xd_vcpu *v)
{
    const char *why = NULL;

    for (const struct list *l = lists; l < lists + XD_XEN_GUESTS && !why; l++)
        if (l->v && l->v->blocked && (l->v == v || l->v->continuing))
            why = unfit_sleep(l);
    return why ? why : unfit_wake(v);
}

void xd_wait_end(struct xd_machine *m)
{
    for (unsigned int g = 0; g < XD_XEN_GUESTS && !m->xen.dead; g++) {
        struct xd_xen_guest *guest = &m->xen.guest[g];
        unsigned int nr = g / XD_MAIL_VCPUS;

        if (guest->down) /* its domain is spent */
            guest->dead = true;
        if (!guest->waits || guest->dead)
            continue;
        /* The rest of a list may do anything. */
        if (!guest->in_list && wake(m, g) && xd_xen_call_woken(&m->xen, g) == 0) {
            guest->may_wait = false;
            continue;
        }
        guest->dead = true;
        m->spent[nr] = "a vCPU that waits and can't be woken";
    }
}
