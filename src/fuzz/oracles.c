/* SPDX-License-Identifier: MIT */
/* oracles.c: when each oracle is asked, and what must be left when all domains are gone. */
#include "fuzz/oracles.h"

#include "base/strbuf.h"
#include "hv/audit.h"
#include "hv/evtchn.h"
#include "hv/frame.h"
#include "hv/holders.h"
#include "hv/tbuf.h"

#include <stdlib.h>

#define MMU_UPDATE 1u
#define MULTICALL  13u
#define MMUEXT_OP  26u
#define DOMCTL     36u
#define ERRNO_MAX  4095
#define LOOKS      64u /* at entries of one list; then at every LOOKS-th, and when it is over */

struct xd_oracles {
    uint32_t which, every;
    uint64_t calls;
    uint64_t entries; /* of lists, since the last step */
    uint64_t served;  /* domains, by place: a privileged one has changed their tables, */
    uint64_t revised; /* ... or their rights to I/O memory or ports */
    bool looked;      /* at the machine as it is */
    bool marked;      /* a call is under way, and the journal has been open since it began */
    bool journaling;  /* it was before, for somebody else */
    size_t mark;
    size_t tidyings; /* of the journal, then: one since, and nobody knows where a request began */
    struct xd_str said;
    struct xd_known *known;
};

struct xd_oracles *xd_oracles_new(uint32_t which, uint32_t every)
{
    struct xd_oracles *o = xd_zalloc(sizeof(*o));

    o->which = which;
    o->every = every ? every : 1;
    o->known = xd_known_new();
    return o;
}

void xd_oracles_free(struct xd_oracles *o)
{
    if (!o)
        return;
    xd_known_free(o->known);
    xd_str_free(&o->said);
    free(o);
}

void xd_oracles_start(struct xd_oracles *o)
{
    o->calls = 0;
    o->entries = 0;
    o->served = o->revised = 0;
    o->looked = false;
    o->marked = false;
    xd_known_forget(o->known);
    xd_str_clear(&o->said);
}

static const char *complaint(const struct xd_oracles *o)
{
    return o->said.len ? xd_str_text(&o->said) : NULL;
}

static void ask_audit(struct xd_oracles *o, struct xd_hv *hv, bool memory)
{
    struct xd_str report = {0};

    if (memory)
        (void)xd_audit_memory(hv, &report);
    (void)xd_audit_events(hv, &report);
    if (report.len)
        xd_str_addf(&o->said, "audit: %s", xd_str_text(&report));
    xd_str_free(&report);
}

static const char *look(struct xd_oracles *o, struct xd_hv *hv)
{
    bool known;

    if (!(o->which & (XD_ORACLE_REACH | XD_ORACLE_AUDIT)))
        return complaint(o);
    for (uint32_t i = 0; i < hv->config.domains_max; i++)
        if (!hv->domain[i].used) {
            o->served &= ~(UINT64_C(1) << i);
            o->revised &= ~(UINT64_C(1) << i);
        }
    known = xd_known_same(o->known, hv, o->served);
    if (o->which & XD_ORACLE_REACH) {
        if (!known)
            xd_oracle_reach(hv, o->served, o->revised, &o->said);
        xd_oracle_reach_vcpus(hv, &o->said);
    }
    if (o->which & XD_ORACLE_AUDIT)
        ask_audit(o, hv, !known);
    if (o->said.len)
        xd_known_forget(o->known);
    else if (!known && o->which & XD_ORACLE_AUDIT)
        xd_known_remember(o->known, hv, o->served);
    return complaint(o);
}

/* A list of calls is no call of its own here: its entries are. */
static bool is_list(uint64_t nr, unsigned int depth)
{
    return nr == MULTICALL && depth == 0;
}

static void ask_running(struct xd_oracles *o, const struct xd_vcpu *v, uint64_t nr)
{
    static const char *const state[] = {[XD_STATE_RUNNING] = "running",
                                        [XD_STATE_BLOCKED] = "blocked",
                                        [XD_STATE_DOWN] = "down",
                                        [XD_STATE_SHUTDOWN] = "shut down",
                                        [XD_STATE_PAUSED] = "paused"};

    if (xd_vcpu_state(v) != XD_STATE_RUNNING)
        xd_str_addf(&o->said, "running: d%uv%u makes call %llu, and it is %s\n", v->domain->domid,
                    v->id, (unsigned long long)nr, state[xd_vcpu_state(v)]);
}

static void note(uint64_t *domains, const struct xd_domain *d)
{
    if (d)
        *domains |= UINT64_C(1) << (d - d->hv->domain);
}

/* What a domain maps stays when its rights go. */
static void note_rights(struct xd_oracles *o, struct xd_vcpu *v, uint64_t at)
{
    enum { IOMEM_PERMISSION = 20, IOPORT_PERMISSION = 21 };
    struct xd_abi_domctl op;

    if (xd_look(v, &op, at, offsetof(struct xd_abi_domctl, u)) &&
        (op.cmd == IOMEM_PERMISSION || op.cmd == IOPORT_PERMISSION))
        note(&o->revised, xd_domain_by_id(v->hv, op.domain));
}

void xd_oracles_before(struct xd_oracles *o, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg,
                       unsigned int depth)
{
    struct xd_arena *a = xd_arena_of(v->hv);
    uint32_t owner = (uint32_t)arg[3] >> 16; /* of the tables, and 1; 0: the caller */

    if (o->which & XD_ORACLE_RUNNING)
        ask_running(o, v, nr);
    if (nr == MMU_UPDATE && v->domain->privileged && owner)
        note(&o->served, xd_domain_by_id(v->hv, (uint16_t)(owner - 1)));
    if (nr == DOMCTL && v->domain->privileged)
        note_rights(o, v, arg[0]);
    if (!(o->which & XD_ORACLE_REFUSED) || is_list(nr, depth) || o->said.len)
        return;
    o->journaling = a->journaling;
    o->mark = xd_arena_mark(a);
    o->tidyings = a->tidyings;
    o->marked = true;
    v->rec.journal = o->mark;
}

/* A batch stops at the request that is refused; those before it are done. */
static size_t refused_since(const struct xd_oracles *o, const struct xd_vcpu *v, uint64_t nr)
{
    return nr == MMU_UPDATE || nr == MMUEXT_OP ? v->rec.journal : o->mark;
}

static void ask_refused(struct xd_oracles *o, struct xd_vcpu *v, uint64_t nr, int64_t rc)
{
    if (!o->marked)
        return;
    o->marked = false;
    if (rc < 0 && rc >= -ERRNO_MAX && xd_arena_of(v->hv)->tidyings == o->tidyings)
        xd_oracle_refused(v, nr, refused_since(o, v, nr), &o->said);
    if (!o->journaling)
        xd_arena_forget(xd_arena_of(v->hv));
}

/* A look costs as much as thousands of calls, and lists have up to 2^32 entries. */
static bool is_due(struct xd_oracles *o, unsigned int depth)
{
    bool due = ++o->calls % o->every == 0;

    return due && (depth == 0 || ++o->entries <= LOOKS || o->entries % LOOKS == 0);
}

const char *xd_oracles_after(struct xd_oracles *o, struct xd_vcpu *v, uint64_t nr,
                             const uint64_t *arg, int64_t rc, unsigned int depth)
{
    (void)arg;
    if (o->said.len || is_list(nr, depth))
        return complaint(o);
    ask_refused(o, v, nr, rc);
    o->looked = is_due(o, depth);
    return o->looked ? look(o, v->hv) : complaint(o);
}

const char *xd_oracles_step(struct xd_oracles *o, struct xd_hv *hv)
{
    bool again = o->looked || (o->every > 1 && ++o->calls % o->every);

    o->looked = false;
    o->entries = 0;
    return o->said.len || again ? complaint(o) : look(o, hv);
}

/* Has a vCPU of (d) tables still, or does a frame of (d) count one that lost it? */
static bool has_tables(const struct xd_domain *d)
{
    for (uint32_t id = 0; id < d->vcpus; id++)
        if (d->vcpu[id].cr3.v || d->vcpu[id].user_cr3.v || d->vcpu[id].gdt_ents)
            return true;
    for (uint64_t mfn = d->hv->heap_first; mfn < d->hv->frames; mfn++)
        if (d->hv->frame[mfn].lost && d->hv->frame[mfn].owner == d->domid)
            return true;
    return false;
}

/*
 * AS-XEN: set_active, set_passive, set_global_virq_handler, arch_set_info_guest: whom the profiler has on its lists, or had, never goes
 * when the profiler is gone; nor, when nobody is there who could take it back, does who was made a VIRQ's handler, or whose vCPU
 * was given tables, while dying.
 */
static bool is_kept(const struct xd_domain *d)
{
    if (!d->used || !d->dead)
        return false;
    return d->pages ? has_tables(d) : d->prof.holds || xd_virq_keeps(d);
}

static bool kept_owner(const struct xd_hv *hv, uint16_t domid)
{
    for (uint32_t i = 0; i < hv->config.domains_max; i++)
        if (hv->domain[i].domid == domid && is_kept(&hv->domain[i]))
            return true;
    return false;
}

static void check_empty(struct xd_oracles *o, struct xd_hv *hv)
{
    uint32_t kept = 0, offline = 0, traced = 0;

    for (uint32_t i = 0; i < hv->config.domains_max; i++) {
        kept += is_kept(&hv->domain[i]);
        if (hv->domain[i].used && !is_kept(&hv->domain[i]))
            xd_str_addf(
                &o->said,
                "teardown: d%u was destroyed, as all were, and is still there with %u pages\n",
                hv->domain[i].domid, hv->domain[i].pages);
    }
    for (uint64_t mfn = hv->heap_first; mfn < hv->frames; mfn++) {
        const struct xd_frame *f = &hv->frame[mfn];

        offline += xd_frame_is_offline(f);
        traced += xd_tbuf_has(hv, xd_mfn_of(mfn)); /* it stays as long as Xen does */
        if (f->count && !xd_tbuf_has(hv, xd_mfn_of(mfn)) && !kept_owner(hv, f->owner))
            xd_str_addf(
                &o->said,
                "teardown: frame 0x%llx is still there: owner d%u, type %s, %u references, %u "
                "in its type\n",
                (unsigned long long)mfn, f->owner, xd_type_name((enum xd_type)f->type), f->count,
                f->type_count);
    }
    if (!o->said.len && !kept && hv->frames_free + offline + traced != hv->frames - hv->heap_first)
        xd_str_addf(
            &o->said,
            "teardown: %u frames are free and %u out of use, and %u there were at the start\n",
            hv->frames_free, offline, hv->frames - hv->heap_first);
}

const char *xd_oracles_end(struct xd_oracles *o, struct xd_hv *hv)
{
    xd_known_forget(o->known); /* here at the latest all of it is looked at */
    if (o->said.len || look(o, hv) || !(o->which & XD_ORACLE_TEARDOWN))
        return complaint(o);
    for (uint32_t i = 0; i < hv->config.domains_max; i++)
        if (hv->domain[i].used)
            xd_domain_destroy(&hv->domain[i]);
    check_empty(o, hv);
    ask_audit(o, hv, true);
    return complaint(o);
}
