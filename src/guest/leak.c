/* SPDX-License-Identifier: MIT */
/*
 * leak.c: what a domain holds, compared with what it held when it was first watched, and which call
 * made it.
 *
 * What is held is found by looking at the machine, so that the report misses nothing. After a call only
 * that is looked at of which the machine says that it may have changed (xd_changed), which is nothing
 * for most calls; what is found to be new was made by this call, and its return addresses are kept.
 */
#include "guest/guest.h"

#include "hv/copy.h"
#include "hv/evtchn.h"
#include "hv/frame.h"
#include "hv/holders.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum held_kind { PORT, PIN, FOREIGN, TIMER, TICKS, WATCHDOG };

static enum xd_changing changes_with(enum held_kind kind)
{
    switch (kind) {
    case PORT: return XD_CHANGING_PORTS;
    case PIN:
    case FOREIGN: return XD_CHANGING_FRAMES;
    case TIMER:
    case TICKS:
    case WATCHDOG: break;
    }
    return XD_CHANGING_TIMERS;
}

/* One thing that a domain holds. */
struct held {
    enum held_kind kind;
    uint64_t id; /* port, mfn, number of a vCPU or of a watchdog */
    uint64_t
        what; /* of what was set anew: when it is due; of a frame of others: the entry that maps it */
    bool before; /* since before it was watched */
    bool seen;   /* in the present look */
    unsigned int callers;
    void *caller[XD_STACK_KEPT]; /* of the call that made it, as in struct xd_side */
};

struct xd_watch {
    struct xd_watch *next;
    struct xd_domain *d;
    struct held *held;
    size_t nr, cap;
    uint64_t life;                     /* of the machine, when it was last looked at */
    uint64_t changed[XD_CHANGING_ALL]; /* what the machine said then */
    bool in_call;                      /* who made it is the call that is being looked at */
};

/* Known, and not set anew since. */
static struct held *find(struct xd_watch *w, enum held_kind kind, uint64_t id, uint64_t what)
{
    for (size_t i = 0; i < w->nr; i++)
        if (w->held[i].kind == kind && w->held[i].id == id &&
            (kind == FOREIGN || w->held[i].what == what))
            return &w->held[i];
    return NULL;
}

static void meet(struct xd_watch *w, enum held_kind kind, uint64_t id, uint64_t what)
{
    struct held *h = find(w, kind, id, what);

    if (!h) {
        if (w->nr == w->cap) {
            w->cap = w->cap ? 2 * w->cap : 32;
            w->held = xd_realloc(w->held, w->cap * sizeof(*w->held));
        }
        h = &w->held[w->nr++];
        *h = (struct held){.kind = kind, .id = id};
        if (w->in_call)
            h->callers = xd_backtrace_take(h->caller, XD_STACK_KEPT);
    }
    h->what = what;
    h->seen = true;
}

static bool maps_foreign(const struct xd_domain *d, uint64_t e)
{
    xd_mfn mfn = xd_pte_mfn(e);

    return (e & XD_PTE_P) && xd_mfn_valid(d->hv, mfn) && xd_frame_at(d->hv, mfn)->owner != d->domid;
}

static bool is_table(const struct xd_domain *d, xd_mfn mfn)
{
    const struct xd_frame *f = xd_frame_at(d->hv, mfn);

    return f->owner == d->domid && f->count && f->type == XD_TYPE_L1 &&
           f->flags & XD_FRAME_VALIDATED;
}

static void meet_entries(struct xd_watch *w, xd_mfn table)
{
    const uint64_t *e = xd_frame_words(w->d->hv, table);

    for (unsigned int slot = 0; slot < XD_PT_SLOTS; slot++)
        if (maps_foreign(w->d, e[slot]))
            meet(w, FOREIGN, xd_pte_mfn(e[slot]).v, table.v * XD_PT_SLOTS + slot);
}

/* An entry that mapped a frame of others maps it still. Who takes one away changes nothing else. */
static bool still_mapped(const struct xd_domain *d, const struct held *h)
{
    const xd_mfn table = xd_mfn_of(h->what / XD_PT_SLOTS);
    const uint64_t e = xd_frame_words(d->hv, table)[h->what % XD_PT_SLOTS];

    return is_table(d, table) && maps_foreign(d, e) && xd_pte_mfn(e).v == h->id;
}

static void look_at_ports(struct xd_watch *w)
{
    struct xd_domain *d = w->d;

    for (uint32_t port = 0; port < d->ports_valid; port++)
        if (xd_port_usable(&d->port[port]))
            meet(w, PORT, port, 0);
}

static void look_at_frames(struct xd_watch *w)
{
    struct xd_domain *d = w->d;

    for (xd_mfn mfn = xd_mfn_of(d->hv->heap_first); mfn.v < d->hv->frames; mfn.v++) {
        const struct xd_frame *f = xd_frame_at(d->hv, mfn);

        if (f->owner != d->domid || f->count == 0)
            continue;
        if (f->flags & XD_FRAME_PINNED)
            meet(w, PIN, mfn.v, 0);
        if (is_table(d, mfn))
            meet_entries(w, mfn);
    }
}

static void look_at_timers(struct xd_watch *w)
{
    struct xd_domain *d = w->d;

    for (uint32_t id = 0; id < d->vcpus; id++) {
        if (d->vcpu[id].shot_on)
            meet(w, TIMER, id, d->vcpu[id].shot_ns);
        if (d->vcpu[id].period_ns)
            meet(w, TICKS, id, d->vcpu[id].period_ns);
    }
    for (uint32_t i = 0; i < XD_WATCHDOGS; i++)
        if (d->watchdog[i].armed)
            meet(w, WATCHDOG, i, d->watchdog[i].deadline_ns);
}

static void look(struct xd_watch *w, const bool at[XD_CHANGING_ALL])
{
    const struct xd_host *host = w->d->hv->host;
    size_t kept = 0;

    for (size_t i = 0; i < w->nr; i++)
        w->held[i].seen = !at[changes_with(w->held[i].kind)];
    if (at[XD_CHANGING_PORTS])
        look_at_ports(w);
    if (at[XD_CHANGING_FRAMES])
        look_at_frames(w);
    if (at[XD_CHANGING_TIMERS])
        look_at_timers(w);
    for (size_t i = 0; i < w->nr; i++)
        if (w->held[i].seen)
            w->held[kept++] = w->held[i];
    w->nr = kept;
    w->life = host->restored;
    memcpy(w->changed, host->changed, sizeof(w->changed));
}

static void look_at_all(struct xd_watch *w)
{
    static const bool all[XD_CHANGING_ALL] = {true, true, true};

    look(w, all);
}

static struct xd_watch *watch_of(struct xd_domain *d)
{
    struct xd_watch *w = xd_guest_of(d->hv)->watches;

    while (w && w->d != d)
        w = w->next;
    return w;
}

void xd_guest_watch(struct xd_domain *d)
{
    struct xd_guest *g = xd_guest_of(d->hv);
    struct xd_watch *w;

    xd_guest_lock(d->hv);
    w = watch_of(d);
    if (!w) {
        w = xd_zalloc(sizeof(*w));
        w->d = d;
        w->next = g->watches;
        g->watches = w;
        look_at_all(w);
        for (size_t i = 0; i < w->nr; i++)
            w->held[i].before = true;
    }
    if (xd_this_thread.v && xd_this_thread.v->hv == d->hv)
        xd_this_thread.watched = true;
    xd_self_settle(&xd_this_thread);
    xd_guest_unlock(d->hv);
}

void xd_watch_call(struct xd_vcpu *v)
{
    struct xd_watch *w = watch_of(v->domain);
    const struct xd_host *host = v->hv->host;
    bool at[XD_CHANGING_ALL], any = false;

    if (!w)
        return;
    for (unsigned int i = 0; i < XD_CHANGING_ALL; i++)
        any |= at[i] = w->life != host->restored || w->changed[i] != host->changed[i];
    for (size_t i = 0; i < w->nr && !at[XD_CHANGING_FRAMES]; i++)
        if (w->held[i].kind == FOREIGN && !still_mapped(w->d, &w->held[i]))
            any = at[XD_CHANGING_FRAMES] = true;
    if (!any)
        return;
    w->in_call = true;
    look(w, at);
    w->in_call = false;
}

static void tell(struct xd_str *out, const struct xd_watch *w, const struct held *h)
{
    struct xd_domain *d = w->d;

    switch (h->kind) {
    case PORT:
        xd_str_addf(out, "d%u: port %" PRIu64 " is still bound (%s)\n", d->domid, h->id,
                    xd_port_state_name(d->port[h->id].state));
        break;
    case PIN:
        xd_str_addf(out, "d%u: frame %#" PRIx64 " is still pinned as %s\n", d->domid, h->id,
                    xd_type_name((enum xd_type)xd_frame_at(d->hv, xd_mfn_of(h->id))->type));
        break;
    case FOREIGN:
        xd_str_addf(out, "d%u: frame %#" PRIx64 " of domain %u is still mapped\n", d->domid, h->id,
                    xd_frame_at(d->hv, xd_mfn_of(h->id))->owner);
        break;
    case WATCHDOG:
        xd_str_addf(out, "d%u: watchdog %" PRIu64 " is still armed\n", d->domid, h->id + 1);
        break;
    case TIMER:
        xd_str_addf(out, "d%u: the timer of v%" PRIu64 " is still set\n", d->domid, h->id);
        break;
    case TICKS:
        xd_str_addf(
            out, "d%u: the periodic timer of v%" PRIu64 " is still running, every %" PRIu64 " ns\n",
            d->domid, h->id, h->what);
        break;
    }
    if (h->callers) {
        xd_str_add(out, "  by the call from\n");
        xd_backtrace_tell(out, h->caller, h->callers);
    }
}

char *xd_guest_leaks(struct xd_domain *d)
{
    struct xd_watch *w;
    struct xd_str out = {0};

    if (!d->hv) /* gone, and all that it held with it */
        return xd_strdup("");
    xd_guest_lock(d->hv);
    w = watch_of(d);
    if (w)
        look_at_all(w);
    else if (!d->dying)
        xd_str_addf(
            &out,
            "d%u is not watched: call xd_guest_watch before the code whose leaks are wanted\n",
            d->domid);
    for (size_t i = 0; w && i < w->nr; i++)
        if (!w->held[i].before)
            tell(&out, w, &w->held[i]);
    xd_guest_unlock(d->hv);
    return out.text ? out.text : xd_strdup("");
}

void xd_watch_gone(struct xd_guest *g, const struct xd_domain *d)
{
    for (struct xd_watch **at = &g->watches; *at; at = &(*at)->next)
        if ((*at)->d == d) {
            struct xd_watch *w = *at;

            *at = w->next;
            free(w->held);
            free(w);
            return;
        }
}

void xd_watches_free(struct xd_guest *g)
{
    while (g->watches) {
        struct xd_watch *w = g->watches;

        g->watches = w->next;
        free(w->held);
        free(w);
    }
}

/* ---- Looking ---- */

static bool port_look(struct xd_domain *d, uint32_t port, struct xd_port_info *info)
{
    const struct xd_port *p = port < XD_PORTS ? xd_port_find(d, port) : NULL;

    *info = (struct xd_port_info){.state = "free"};
    if (!p)
        return false;
    *info = (struct xd_port_info){.state = xd_port_state_name(p->state),
                                  .remote_dom = p->remote_dom,
                                  .remote_port = p->remote_port,
                                  .virq = p->virq,
                                  .vcpu = p->notify_vcpu,
                                  .pending = xd_port_is_pending(d, port),
                                  .masked = xd_port_is_masked(d, port)};
    return true;
}

bool xd_port_look(struct xd_domain *d, uint32_t port, struct xd_port_info *info)
{
    bool there;

    xd_guest_lock(d->hv);
    there = port_look(d, port, info);
    xd_guest_unlock(d->hv);
    return there;
}

static bool frame_look(struct xd_hv *hv, uint64_t mfn, struct xd_frame_info *info)
{
    const struct xd_frame *f;

    *info = (struct xd_frame_info){.type = "none"};
    if (mfn >= hv->frames)
        return false;
    f = xd_frame_at(hv, xd_mfn_of(mfn));
    *info = (struct xd_frame_info){.type = xd_type_name((enum xd_type)f->type),
                                   .type_count = f->type_count,
                                   .count = f->count,
                                   .owner = f->owner,
                                   .pinned = f->flags & XD_FRAME_PINNED,
                                   .allocated = f->flags & XD_FRAME_ALLOCATED,
                                   .validated = f->flags & XD_FRAME_VALIDATED};
    return true;
}

bool xd_frame_look(struct xd_hv *hv, uint64_t mfn, struct xd_frame_info *info)
{
    bool there;

    xd_guest_lock(hv);
    there = frame_look(hv, mfn, info);
    xd_guest_unlock(hv);
    return there;
}

void xd_vcpu_look(struct xd_vcpu *v, struct xd_vcpu_info *info)
{
    static const char *const states[] = {"running", "blocked", "down", "shutdown", "paused"};
    const struct xd_abi_vcpu_info *shared;

    xd_guest_lock(v->hv);
    shared = xd_vcpu_info(v);
    *info = (struct xd_vcpu_info){.state = states[xd_vcpu_state(v)],
                                  .cr3_mfn = v->cr3.v,
                                  .user_cr3_mfn = v->user_cr3.v,
                                  .event = v->event.address,
                                  .failsafe = v->failsafe.address,
                                  .syscall = v->syscall.address,
                                  .tlb_flushes = v->tlb_flushes,
                                  .tlb_invlpgs = v->tlb_invlpgs,
                                  .pending_sel = shared->evtchn_pending_sel,
                                  .upcall_pending = shared->evtchn_upcall_pending,
                                  .upcall_mask = shared->evtchn_upcall_mask,
                                  .upcall_due = xd_upcall_due(v),
                                  .continuing = xd_continuing(v)};
    xd_guest_registers(v, &info->registers);
    xd_guest_unlock(v->hv);
}

void xd_domain_look(struct xd_domain *d, struct xd_domain_info *info)
{
    xd_guest_lock(d->hv);
    *info = (struct xd_domain_info){.pages = d->pages,
                                    .vm_assist = d->vm_assist,
                                    .shutdown_code =
                                        d->shutting_down || d->shut_down ? d->shutdown_code : -1};
    xd_guest_unlock(d->hv);
}

bool xd_guest_peek(struct xd_vcpu *v, uint64_t va, void *buf, size_t n)
{
    bool there;

    xd_guest_lock(v->hv);
    there = xd_look(v, buf, va, n);
    xd_guest_unlock(v->hv);
    return there;
}

bool xd_guest_poke(struct xd_vcpu *v, uint64_t va, const void *buf, size_t n)
{
    bool there;

    xd_guest_lock(v->hv);
    there = xd_copy_out(v, va, buf, n);
    xd_guest_unlock(v->hv);
    return there;
}
