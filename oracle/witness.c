/* SPDX-License-Identifier: MIT */
/*
 * witness.c: see witness.h.
 *
 * The start of day is told as what differs from pages that are mapped or free, and its tables by digests.
 *
 * Left out is what can't be equal: accessed and dirty bits (a real TLB keeps them from being set), Xen's own L4 slots,
 * memory that is no RAM, what a page was once validated as, and frames once they were freed.
 */
#include "witness.h"

#include "hv/copy.h"
#include "hv/evtchn.h"
#include "hv/frame.h"
#include "program/runner.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PORTS_SEEN 48u
#define PAGES_SEEN 32u /* free pages whose contents are looked at, the window's tables included */
#define LIST_SEEN  1024u
#define BITS_SEEN  4u
#define WORDS_SEEN 4u
#define VCPUS_SEEN 2u

/* What was last seen of a domain. */
struct seen {
    bool started, told;
    char name[8];
    uint64_t pages;
    uint64_t *mfn; /* by pfn, as built */
    struct xd_frame *frame;
    bool *lost; /* it was given back: who gets it next is up to the heap */
    uint64_t *m2p;
    uint64_t *words; /* of the frames looked at, 512 each, in pfn order */
    struct xd_port port[PORTS_SEEN];
    uint64_t word[WORDS_SEEN]; /* of shared_info's bits */
    struct {
        uint64_t bits[BITS_SEEN], cr3;
    } vcpu[VCPUS_SEEN];
};

struct xd_witness {
    struct xd_str *out;
    struct xd_str result; /* of the step, until its text is out */
    uint64_t calls, refused;
    bool over; /* a domain ended: no more is told */
    uint32_t frames;
    bool *ours;                                     /* by mfn */
    enum { KNOWN, GIVEN_BACK, HANDED_OUT } * whose; /* by mfn; HANDED_OUT: perhaps */
    struct seen seen[XD_DOMAINS_MAX];
};

struct xd_witness *xd_witness_new(struct xd_str *out)
{
    struct xd_witness *w = xd_zalloc(sizeof(*w));

    w->out = out;
    return w;
}

void xd_witness_free(struct xd_witness *w)
{
    for (unsigned int i = 0; i < XD_DOMAINS_MAX; i++) {
        free(w->seen[i].mfn);
        free(w->seen[i].frame);
        free(w->seen[i].lost);
        free(w->seen[i].m2p);
        free(w->seen[i].words);
    }
    xd_str_free(&w->result);
    free(w->ours);
    free(w->whose);
    free(w);
}

void xd_witness_counts(const struct xd_witness *w, uint64_t *calls, uint64_t *refused)
{
    *calls = w->calls;
    *refused = w->refused;
}

/* ---- State ---- */

static void start(struct xd_witness *w, struct seen *s, const struct xd_env *env)
{
    s->pages = env->start.pages;
    s->mfn = xd_zalloc(s->pages * sizeof(*s->mfn));
    s->frame = xd_zalloc(s->pages * sizeof(*s->frame));
    s->lost = xd_zalloc(s->pages * sizeof(*s->lost));
    s->m2p = xd_zalloc(s->pages * sizeof(*s->m2p));
    s->words = xd_zalloc((PAGES_SEEN + env->start.pt_frames) * XD_PAGE_SIZE);
    snprintf(s->name, sizeof(s->name), "d%u", env->domid);
    w->frames = env->d->hv->frames;
    if (!w->ours)
        w->ours = xd_zalloc(w->frames * sizeof(*w->ours));
    if (!w->whose)
        w->whose = xd_zalloc(w->frames * sizeof(*w->whose));
    for (uint64_t pfn = 0; pfn < s->pages; pfn++) {
        bool mapped = pfn < env->start.mapped_pages;

        s->mfn[pfn] = xd_domain_mfn(env->d, pfn);
        if (s->mfn[pfn] < w->frames)
            w->ours[s->mfn[pfn]] = true;
        s->m2p[pfn] = pfn;
        s->frame[pfn] =
            (struct xd_frame){.count = mapped ? 2 : 1,
                              .type_count = mapped,
                              .type = mapped ? XD_TYPE_WRITABLE : XD_TYPE_NONE,
                              .owner = env->domid,
                              .flags = XD_FRAME_ALLOCATED | (mapped ? XD_FRAME_VALIDATED : 0)};
    }
    for (unsigned int id = 0; id < VCPUS_SEEN; id++)
        s->vcpu[id].cr3 = ~UINT64_C(0);
    s->started = true;
}

/* What a table holds, in short. */
static uint64_t digest(const uint64_t *word)
{
    uint64_t sum = UINT64_C(14695981039346656037);

    for (unsigned int i = 0; i < XD_PT_SLOTS; i++)
        sum = (sum ^ word[i]) * UINT64_C(1099511628211);
    return sum;
}

static void lose(struct xd_witness *w, uint64_t mfn)
{
    for (unsigned int i = 0; i < XD_DOMAINS_MAX; i++)
        for (uint64_t pfn = 0; pfn < w->seen[i].pages; pfn++)
            if (w->seen[i].mfn[pfn] == mfn)
                w->seen[i].lost[pfn] = true;
    if (mfn >= w->frames)
        return;
    w->ours[mfn] = false;
    if (w->whose[mfn] == KNOWN)
        w->whose[mfn] = GIVEN_BACK;
}

static void frame(struct xd_witness *w, struct seen *s, struct xd_hv *hv, uint64_t pfn)
{
    struct xd_frame f = *xd_frame_at(hv, xd_mfn_of(s->mfn[pfn]));
    uint64_t m2p = xd_m2p(hv, s->mfn[pfn]);

    if (!f.count) {
        xd_str_addf(w->out, "  %s pfn %" PRIu64 ": given up\n", s->name, pfn);
        lose(w, s->mfn[pfn]);
        return;
    }
    if (!f.type_count)
        f = (struct xd_frame){
            .count = f.count, .owner = f.owner, .flags = f.flags & XD_FRAME_ALLOCATED};
    f.flags &= XD_FRAME_ALLOCATED | XD_FRAME_PINNED | XD_FRAME_VALIDATED;
    f.pad = 0;
    if (memcmp(&f, &s->frame[pfn], sizeof(f)))
        xd_str_addf(w->out, "  %s pfn %" PRIu64 ": refs=%u %s=%u%s%s%s owner=%u linear=%d\n",
                    s->name, pfn, f.count, xd_type_name((enum xd_type)f.type), f.type_count,
                    f.flags & XD_FRAME_PINNED ? " pinned" : "",
                    f.flags & XD_FRAME_VALIDATED ? " validated" : "",
                    f.flags & XD_FRAME_ALLOCATED ? "" : " !allocated", f.owner, f.linear);
    if (m2p != s->m2p[pfn])
        xd_str_addf(w->out, "  %s m2p of pfn %" PRIu64 ": 0x%" PRIx64 "\n", s->name, pfn, m2p);
    s->frame[pfn] = f;
    s->m2p[pfn] = m2p;
}

/* Slots that Xen fills in when the frame becomes an L4, and leaves filled in behind it. */
static bool xens_own(const struct xd_witness *w, unsigned int slot, uint64_t value)
{
    uint64_t mfn = (value & XD_PTE_MFN) / XD_PAGE_SIZE;

    return slot >= XD_L4_XEN_FIRST && slot < XD_L4_XEN_END &&
           (slot == XD_L4_SLOT_LINEAR || !(value & XD_PTE_P) || mfn >= w->frames || !w->ours[mfn]);
}

/* A present entry, without what hardware writes, and with one number for all frames that came from the heap later. */
static uint64_t told(const struct xd_witness *w, uint64_t value)
{
    uint64_t mfn = (value & XD_PTE_MFN) / XD_PAGE_SIZE;

    value &= ~(XD_PTE_A | XD_PTE_D);
    if (mfn >= XD_LOW_FRAMES && mfn < w->frames && !w->ours[mfn])
        value |= XD_PTE_MFN;
    return value;
}

static void contents(struct xd_witness *w, const struct seen *s, struct xd_hv *hv, uint64_t pfn,
                     uint64_t *old)
{
    const uint64_t *now = xd_frame_words(hv, xd_mfn_of(s->mfn[pfn]));

    if (s->lost[pfn])
        return;
    for (unsigned int i = 0; i < XD_PT_SLOTS; i++) {
        uint64_t value = now[i];

        if (value == old[i] || xens_own(w, i, value))
            continue;
        if (value & XD_PTE_P)
            value = told(w, value);
        if (value != old[i] && s->told)
            xd_str_addf(w->out, "  %s pfn %" PRIu64 " word %u: 0x%" PRIx64 "\n", s->name, pfn, i,
                        value);
        old[i] = value;
    }
    if (!s->told)
        xd_str_addf(w->out, "  %s pfn %" PRIu64 " words: digest 0x%" PRIx64 "\n", s->name, pfn,
                    digest(old));
}

static void port(struct xd_witness *w, struct seen *s, struct xd_domain *d, uint32_t nr)
{
    const struct xd_port *p = xd_port_find(d, nr);
    struct xd_port seen = {0};

    if (p && xd_port_usable(p)) {
        seen.state = p->state;
        seen.notify_vcpu = p->notify_vcpu;
        seen.remote_dom =
            p->state == XD_PORT_UNBOUND || p->state == XD_PORT_INTERDOMAIN ? p->remote_dom : 0;
        seen.remote_port = p->state == XD_PORT_INTERDOMAIN ? p->remote_port : 0;
        seen.virq = p->state == XD_PORT_VIRQ || p->state == XD_PORT_PIRQ ? p->virq : 0;
    }
    if (memcmp(&seen, &s->port[nr], sizeof(seen)))
        xd_str_addf(w->out, "  %s port %u: %s vcpu=%u remote=%u:%u virq=%u\n", s->name, nr,
                    xd_port_state_name(seen.state), seen.notify_vcpu, seen.remote_dom,
                    seen.remote_port, seen.virq);
    s->port[nr] = seen;
}

static void event_words(struct xd_witness *w, struct seen *s, struct xd_domain *d)
{
    static const char *const names[WORDS_SEEN] = {"pending[0]", "pending[1]", "mask[0]", "mask[1]"};
    const struct xd_abi_shared_info *si = xd_shared_info(d);
    const uint64_t now[WORDS_SEEN] = {si->evtchn_pending[0], si->evtchn_pending[1],
                                      si->evtchn_mask[0], si->evtchn_mask[1]};

    for (unsigned int i = 0; i < WORDS_SEEN; i++) {
        if (now[i] != s->word[i])
            xd_str_addf(w->out, "  %s %s: 0x%" PRIx64 "\n", s->name, names[i], now[i]);
        s->word[i] = now[i];
    }
}

static void vcpu(struct xd_witness *w, struct seen *s, struct xd_vcpu *v)
{
    static const char *const names[BITS_SEEN] = {"upcall_pending", "upcall_mask", "pending_sel",
                                                 "upcall due"};
    const struct xd_abi_vcpu_info *vi = xd_vcpu_info(v);
    const uint64_t now[BITS_SEEN] = {vi->evtchn_upcall_pending, vi->evtchn_upcall_mask,
                                     vi->evtchn_pending_sel, xd_upcall_due(v)};

    for (unsigned int i = 0; i < BITS_SEEN; i++) {
        if (now[i] != s->vcpu[v->id].bits[i])
            xd_str_addf(w->out, "  %s.%u %s: 0x%" PRIx64 "\n", s->name, v->id, names[i], now[i]);
        s->vcpu[v->id].bits[i] = now[i];
    }
    if (v->cr3.v != s->vcpu[v->id].cr3)
        xd_str_addf(w->out, "  %s.%u cr3: 0x%" PRIx64 "\n", s->name, v->id,
                    s->vcpu[v->id].cr3 = v->cr3.v);
}

static void state(struct xd_witness *w, struct seen *s, const struct xd_env *env)
{
    struct xd_domain *d = env->d;
    uint64_t first_pt = (env->start.pt_va - env->start.virt_base) / XD_PAGE_SIZE;
    uint64_t *words;

    if (!s->started)
        start(w, s, env);
    for (uint64_t pfn = 0; pfn < s->pages; pfn++)
        if (s->mfn[pfn] < w->frames && !s->lost[pfn])
            frame(w, s, d->hv, pfn);
    words = s->words;
    for (uint64_t i = 0; i < env->start.pt_frames; i++, words += XD_PT_SLOTS)
        contents(w, s, d->hv, first_pt + i, words);
    for (uint64_t i = 0; i < PAGES_SEEN && env->start.first_free_pfn + i < s->pages;
         i++, words += XD_PT_SLOTS)
        contents(w, s, d->hv, env->start.first_free_pfn + i, words);
    s->told = true;
    for (uint32_t nr = 1; nr < PORTS_SEEN; nr++)
        port(w, s, d, nr);
    event_words(w, s, d);
    for (unsigned int id = 0; id < VCPUS_SEEN && xd_vcpu_at(d, id); id++)
        vcpu(w, s, xd_vcpu_at(d, id));
}

/* ---- Steps ---- */

static uint64_t number(const unsigned char *bytes, size_t n)
{
    uint64_t value = 0;

    for (size_t i = 0; i < n && i < 8; i++)
        value |= (uint64_t)bytes[i] << 8 * i;
    return value;
}

/* Frames were handed out: any that had been given back before may be among them. */
static void handed_out(struct xd_witness *w)
{
    for (uint32_t mfn = 0; mfn < w->frames; mfn++)
        if (w->whose[mfn] == GIVEN_BACK)
            w->whose[mfn] = HANDED_OUT;
}

/* What the step put into field (name). */
static uint64_t asked(const struct xd_step *s, const struct xd_encoded *e, const char *name)
{
    const struct xd_field *f = s->op->fields();

    for (unsigned int i = 0; f[i].name; i++)
        if (!strcmp(f[i].name, name))
            return e->value[i];
    return 0;
}

/*
 * Frames that a call gave back may be handed out again before it returns. A decrease alone leaves them free, or held by
 * those who map them; that is looked at.
 */
static void reserved(struct xd_witness *w, const struct xd_runner *r, const struct xd_made *m,
                     uint32_t k, int64_t rc)
{
    const struct xd_step *s = &r->p->step[m->step + k];
    const struct xd_encoded *e = &m->enc[k];
    struct xd_abi_memory_exchange x = {0};
    uint64_t first = 0, nr = 0, mfn;

    if (!s->op || xd_item_find(r->p, s->in, XD_KEY_ARG) || s->call->group != &xd_group_memory ||
        !w->whose || !xd_look(m->v, &x, e->at, sizeof(x.in)))
        return;
    if (!strcmp(s->op->name, "exchange") && xd_look(m->v, &x, e->at, sizeof(x)))
        first = asked(s, e, "nr_exchanged"), nr = x.nr_exchanged;
    else if (!strcmp(s->op->name, "decrease_reservation") && k && rc > 0)
        nr = (uint64_t)rc;
    else if (rc > 0 && (!strcmp(s->op->name, "populate_physmap") ||
                        !strcmp(s->op->name, "increase_reservation")))
        handed_out(w);
    if (nr > x.in.nr_extents)
        nr = 0; /* refused before it began */
    if (nr > first && k == 0)
        handed_out(w);
    for (uint64_t i = first; i < nr && i < LIST_SEEN; i++)
        if (xd_look(m->v, &mfn, x.in.extent_start + i * 8, sizeof(mfn)))
            lose(w, mfn);
    if (nr > first + 1 || (nr > first && k))
        handed_out(w);
}

/* What lies there is the machine's, and no two have it alike. */
static bool xens_range(uint64_t va)
{
    return va >= XD_GUEST_LOW_END && va < XD_HYPERVISOR_END;
}

/* Is what lies at (va) the domain's RAM? Other memory holds what the machine put there. */
static bool own_ram(const struct xd_witness *w, struct xd_vcpu *v, uint64_t va)
{
    uint64_t table, mfn;

    if (!w->ours || (va >= XD_RO_M2P_START && va < XD_RO_M2P_END) || !xd_table_of(v, 1, va, &table))
        return true;
    mfn = (xd_frame_words(v->hv, xd_mfn_of(table))[va / XD_PAGE_SIZE % XD_PT_SLOTS] & XD_PTE_MFN) /
          XD_PAGE_SIZE;
    return mfn < w->frames && w->ours[mfn];
}

static void answers(struct xd_witness *w, const struct xd_runner *r, const struct xd_made *m,
                    uint32_t k, int64_t rc)
{
    const struct xd_step *s = &r->p->step[m->step + k];
    const struct xd_encoded *e = &m->enc[k];
    const struct xd_field *f =
        s->op && s->op->fields && s->call->group != &xd_group_mmuext ? s->op->fields() : NULL;
    unsigned char bytes[8];

    w->calls++;
    w->refused += rc < 0;
    reserved(w, r, m, k, rc);
    xd_str_add(&w->result, " result=");
    xd_show_rc(&w->result, rc);
    if (e->done && xd_look(m->v, bytes, e->done, 4))
        xd_str_addf(&w->result, " done=0x%" PRIx64, number(bytes, 4));
    for (; f && f->name; f++)
        if (f->dir & XD_OUT && f->size <= 8 && e->at && !xens_range(e->at + f->off) &&
            own_ram(w, m->v, e->at + f->off) && xd_look(m->v, bytes, e->at + f->off, f->size))
            xd_str_addf(&w->result, " %s=0x%" PRIx64, f->name, number(bytes, f->size));
    xd_str_addc(&w->result, '\n');
}

static void called(void *ctx, const struct xd_runner *r, const struct xd_made *m, int64_t rc)
{
    struct xd_witness *w = *(struct xd_witness **)ctx;
    uint32_t parts = r->p->step[m->step].parts, index = 0;
    unsigned char bytes[8];

    for (uint32_t k = 1; k <= parts; k += 1 + r->p->step[m->step + k].parts) {
        if (r->p->step[m->step + k].kind != XD_STEP_CALL)
            continue;
        if (xd_look(m->v, bytes,
                    m->enc[0].arg[0] + index * sizeof(struct xd_abi_multicall_entry) + 8, 8)) {
            xd_str_addf(&w->result, "  entry %u:", index);
            answers(w, r, m, k, (int64_t)number(bytes, 8));
        }
        index++;
    }
    xd_str_addc(&w->result, ' ');
    answers(w, r, m, 0, rc);
}

static void accessed(void *ctx, const struct xd_runner *r, const struct xd_step *s,
                     enum xd_access how, const struct xd_fault *f)
{
    struct xd_witness *w = *(struct xd_witness **)ctx;

    xd_str_addf(&w->result, "  %s", xd_access_words[how]);
    if (how == XD_ACCESS_FAULT)
        xd_str_addf(&w->result, " error=0x%x cr2=0x%" PRIx64, f->error, f->cr2);
    else if (how != XD_ACCESS_GP && s->kind == XD_STEP_LOAD &&
             own_ram(w, xd_vcpu_at(r->env[r->domain].d, r->vcpu), r->cpu.va))
        xd_str_addf(&w->result, " 0x%" PRIx64, number(r->cpu.bytes, r->cpu.size));
    xd_str_addc(&w->result, '\n');
}

static void stepped(void *ctx, const struct xd_runner *r, uint32_t at)
{
    struct xd_witness *w = *(struct xd_witness **)ctx;
    struct xd_str step = {0};

    if (w->over)
        return;
    xd_step_print(r->p, at, &step);
    xd_str_addf(w->out, "%u: %s\n%s", r->p->step[at].line, xd_str_text(&step),
                xd_str_text(&w->result));
    xd_str_clear(&w->result);
    xd_str_free(&step);
    for (uint32_t i = 0; i < r->p->domains; i++)
        if (r->env[i].d && xd_vcpu_state(xd_vcpu_at(r->env[i].d, 0)) == XD_STATE_SHUTDOWN)
            w->over = true;
    for (uint32_t i = 0; i < r->p->domains && !w->over; i++)
        if (r->env[i].d)
            state(w, &w->seen[i], &r->env[i]);
}

static bool uncertain(void *ctx, uint64_t mfn)
{
    const struct xd_witness *w = *(struct xd_witness **)ctx;

    return w->whose && mfn < w->frames && w->whose[mfn] == HANDED_OUT;
}

const struct xd_run_watch xd_witness_watch = {
    .uncertain = uncertain, .called = called, .accessed = accessed, .stepped = stepped};
