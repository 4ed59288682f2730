/* SPDX-License-Identifier: MIT */
/* witness_calls.c: what calls did, and what their answers say of the machine. */
#include "witness_state.h"

#include "abi/sysctl64.h"
#include "hv/copy.h"
#include "hv/tsc.h"

#include <stddef.h>
#include <string.h>

#define LIST_SEEN        1024u
#define BATCH_SEEN       1024u
#define HC_MMU_UPDATE    1u
#define HC_MEMORY_OP     12u
#define HC_MMUEXT_OP     26u
#define HC_PLATFORM_OP   7u
#define HC_XENOPROF_OP   31u
#define HC_HVM_OP        34u
#define HC_SYSCTL        35u
#define HC_DOMCTL        36u
#define GETDOMAININFO    5u
#define GETTSCINFO       59u
#define SETTSCINFO       60u
#define SETVCPUCONTEXT   12u
#define GETVCPUCONTEXT   13u
#define HC_VCPU_OP       24u
#define HVMOP_GET_TIME   10u
#define FAULT            (-14) /* -EFAULT */
#define PIN_L4           3u
#define NEW_BASEPTR      5u
#define NEW_USER_BASEPTR 15u
#define COPY_PAGE        17u

/* What the step put into field (name). */
static uint64_t asked(const struct xd_step *s, const struct xd_encoded *e, const char *name)
{
    const struct xd_field *f = s->op->fields();

    for (unsigned int i = 0; f[i].name; i++)
        if (!strcmp(f[i].name, name))
            return e->value[i];
    return 0;
}

/* Frames (first) to (nr) of a list of the guest's: each was given back, or is new. */
static void listed(struct xd_witness *w, struct xd_vcpu *v, uint64_t list, uint64_t first,
                   uint64_t nr, bool is_new)
{
    uint64_t mfn;

    for (uint64_t i = first; i < nr && i < LIST_SEEN; i++) {
        if (!xd_look(v, &mfn, list + i * 8, sizeof(mfn)))
            continue;
        if (is_new)
            xd_view_new_frame(w->view, v->hv, mfn);
        else
            xd_view_given_back(w->view, mfn);
    }
}

static bool is_op(const struct xd_step *s, const char *name)
{
    return !strcmp(s->op->name, name);
}

static void exchanged(struct xd_witness *w, const struct xd_step *s, const struct xd_made *m,
                      uint32_t k)
{
    const struct xd_encoded *e = &m->enc[k];
    struct xd_abi_memory_exchange x = {0};
    uint64_t first = asked(s, e, "nr_exchanged"), nr;

    if (!xd_look(m->v, &x, e->at, sizeof(x)))
        return;
    nr = x.nr_exchanged > x.in.nr_extents ? 0 : x.nr_exchanged; /* else refused before it began */
    if (nr > first && k == 0)
        xd_view_handed_out(w->view);
    listed(w, m->v, x.in.extent_start, first, nr, false);
    if (nr > first + 1 || (nr > first && k))
        xd_view_handed_out(w->view);
    listed(w, m->v, x.out.extent_start, first, nr, true);
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
    struct xd_abi_memory_reservation x;
    uint64_t start = e->arg[0] >> 6;

    if (!s->op || xd_item_find(r->p, s->in, XD_KEY_ARG) || s->call->group != &xd_group_memory ||
        !xd_look(m->v, &x, e->at, sizeof(x)))
        return;
    if (is_op(s, "exchange")) {
        exchanged(w, s, m, k);
    } else if (is_op(s, "decrease_reservation") && k && rc > 0) {
        listed(w, m->v, x.extent_start, start, (uint64_t)rc, false);
    } else if (rc > 0 && (is_op(s, "populate_physmap") || is_op(s, "increase_reservation"))) {
        xd_view_handed_out(w->view);
        listed(w, m->v, x.extent_start, start, (uint64_t)rc, true);
    }
}

/* Pages of Xen's that it shares for samples from now on. */
static void profiled(struct xd_witness *w, const struct xd_made *m, uint32_t k)
{
    enum { SET_PASSIVE = 4, GET_BUFFER = 14, PAGES_MAX = 32 };
    const struct xd_encoded *e = &m->enc[k];
    struct xd_abi_xenoprof_get_buffer own;
    struct xd_abi_xenoprof_passive others;
    uint64_t at = 0, n = 0;

    if ((uint32_t)e->arg[0] == GET_BUFFER && xd_look(m->v, &own, e->arg[1], sizeof(own))) {
        at = own.buf_gmaddr;
        n = (uint64_t)own.nbuf * (uint32_t)own.bufsize;
    } else if ((uint32_t)e->arg[0] == SET_PASSIVE &&
               xd_look(m->v, &others, e->arg[1], sizeof(others))) {
        at = others.buf_gmaddr;
        n = (uint64_t)others.nbuf * (uint32_t)others.bufsize;
    }
    if (n)
        xd_view_handed_out(w->view);
    for (uint64_t i = 0; i < PAGES_MAX && i * XD_PAGE_SIZE < n; i++)
        xd_view_shared_frame(w->view, m->v->hv, at / XD_PAGE_SIZE + i);
}

/* Frames of trace buffers, when Xen tells where they are listed. The number of the list stands where the list says it begins. */
static void traced(struct xd_witness *w, struct xd_vcpu *v, const struct xd_abi_sysctl *op)
{
    const uint64_t mfn = op->u.tbuf.buffer_mfn;
    uint16_t head[2];

    if (op->u.tbuf.cmd != 0 || !mfn || mfn >= v->hv->frames)
        return;
    memcpy(head, xd_frame_words(v->hv, xd_mfn_of(mfn)), sizeof(head));
    xd_view_handed_out(w->view);
    xd_view_shared_frame(w->view, v->hv, mfn);
    for (uint32_t i = 0; i < head[0] && (head[1] + i + 1) * sizeof(uint32_t) <= XD_PAGE_SIZE; i++) {
        uint32_t page;

        memcpy(&page,
               (unsigned char *)xd_frame_words(v->hv, xd_mfn_of(mfn)) +
                   (head[1] + i) * sizeof(page),
               sizeof(page));
        xd_view_shared_frame(w->view, v->hv, page);
    }
}

/* How many elements of a batch were carried out. False: nobody told, or the answer can't be read any more. */
static bool elements_done(struct xd_vcpu *v, const struct xd_encoded *e, uint64_t *done)
{
    unsigned char bytes[4];

    if (!e->done || !xd_look(v, bytes, e->done, sizeof(bytes)))
        return false;
    *done = xd_witness_number(bytes, sizeof(bytes));
    return *done != XD_DONE_PRESET;
}

/* Elements of an mmuext_op by which frames become tables and lose it again, or are copied, before the step is over. */
static void batched(struct xd_witness *w, const struct xd_made *m, uint32_t k)
{
    const struct xd_encoded *e = &m->enc[k];
    uint64_t nr = e->arg[1] & 0x7fffffff, done;

    if (!elements_done(m->v, e, &done))
        done = 0;
    for (uint64_t i = 0; e->nr == HC_MMUEXT_OP && i < nr && i < BATCH_SEEN; i++) {
        struct xd_abi_mmuext_op op;

        if (!xd_look(m->v, &op, e->arg[0] + i * sizeof(op), sizeof(op)))
            return;
        if (op.cmd == PIN_L4 || op.cmd == NEW_BASEPTR || op.cmd == NEW_USER_BASEPTR)
            xd_view_root(w->view, op.arg1, op.cmd == NEW_BASEPTR, i < done);
        else if (op.cmd == COPY_PAGE)
            xd_view_copied(w->view, op.arg1, op.arg2);
    }
}

void xd_witness_forget(struct xd_witness *w, struct xd_vcpu *v, uint64_t va, uint64_t n)
{
    if (w->nr_machines == w->room) {
        w->room = w->room * 2 + 16;
        w->machines = xd_realloc(w->machines, w->room * sizeof(*w->machines));
    }
    w->machines[w->nr_machines].v = v;
    w->machines[w->nr_machines].va = va;
    w->machines[w->nr_machines++].n = n;
}

/* Answers behind pointers, and in structs, that say what machine it is. */
static void machines(struct xd_witness *w, const struct xd_runner *r, const struct xd_made *m,
                     uint32_t k)
{
    static const struct {
        const struct xd_group *group;
        const char *op;
        uint32_t n;
    } rows[] = {{&xd_group_version, "extraversion", 16},   {&xd_group_version, "compile_info", 144},
                {&xd_group_version, "changeset", 64},      {&xd_group_version, "commandline", 1024},
                {&xd_group_version, "build_id", 4 + 20},   {&xd_group_version, "guest_handle", 16},
                {&xd_group_memory, "machphys_mapping", 24}};
    const struct xd_step *s = &r->p->step[m->step + k];
    const struct xd_encoded *e = &m->enc[k];
    struct xd_abi_memory_machphys_mfn_list list;

    for (size_t i = 0; s->op && e->at && i < XD_ARRAY_SIZE(rows); i++)
        if (s->call->group == rows[i].group && is_op(s, rows[i].op))
            xd_witness_forget(w, m->v, e->at, rows[i].n);
    if (s->op && s->call->group == &xd_group_memory && is_op(s, "machphys_mfn_list") &&
        xd_look(m->v, &list, e->at, sizeof(list))) {
        uint64_t nr = list.max_extents < LIST_SEEN ? list.max_extents : LIST_SEEN;

        xd_witness_forget(w, m->v, list.extent_start,
                          8 * nr); /* written before the count is, which a fault keeps back */
    }
}

/* Answers of platform_op: how many processors there are, Xen's symbols, and its time. */
static void platforms(struct xd_witness *w, struct xd_vcpu *v, uint64_t va)
{
    enum {
        CPU_VERSION = 48,
        CPUINFO = 55,
        RESOURCE_OP = 61,
        SYMBOL = 63,
        ENTRIES = 3,
        TSC = 16,
        SYMBOL_MAX = 128
    };
    const uint64_t u = va + offsetof(struct xd_abi_platform_op, u);
    struct xd_abi_resource_entry entry;
    struct xd_abi_platform_op op;

    if (!xd_look(v, &op, va, sizeof(op)))
        return;
    if (op.cmd == CPU_VERSION || op.cmd == CPUINFO)
        xd_witness_forget(w, v, u + offsetof(struct xd_abi_pcpuinfo, max_present),
                          sizeof(uint32_t));
    if (op.cmd == SYMBOL) {
        xd_witness_forget(w, v, u, sizeof(op.u.symdata));
        xd_witness_forget(w, v, op.u.symdata.name, SYMBOL_MAX);
    }
    for (uint64_t i = 0; op.cmd == RESOURCE_OP && i < op.u.resource_op.nr_entries && i < ENTRIES;
         i++)
        if (xd_look(v, &entry, op.u.resource_op.entries + i * sizeof(entry), sizeof(entry)) &&
            entry.idx == TSC)
            xd_witness_forget(w, v,
                              op.u.resource_op.entries + i * sizeof(entry) +
                                  offsetof(struct xd_abi_resource_entry, val),
                              sizeof(entry.val));
}

/*
 * The byte of a pin's register that depends on the machine, by what apic_read asks for: of a low half the vector, which depends on how
 * many interrupts were set up since the boot, but of the old PC's lines; of a high half the processors that take it. None: 4.
 */
unsigned int xd_witness_byte(const struct xd_step *s, const struct xd_encoded *e)
{
    const uint64_t reg = asked(s, e, "reg") & 0xff, first = 0x10, later = first + 2 * 16;

    if (s->call->group != &xd_group_physdev || !is_op(s, "apic_read") || reg < first ||
        reg >= first + 2 * XD_GSIS)
        return 4;
    return reg % 2 ? 3 : reg >= later ? 0 : 4;
}

/* A vCPU that is up runs a kernel of the oracle's on Xen, and has its state. */
static bool runs_there(const struct xd_runner *r, uint16_t domid, uint32_t vcpu)
{
    for (uint32_t i = 0; i < r->p->domains; i++) {
        struct xd_domain *d = r->env[i].d;

        if (d && d->domid == domid && vcpu < d->vcpus)
            return !d->vcpu[vcpu].down;
    }
    return false;
}

/* Where the shared_info of a domain lies that the program created is the heap's choice. */
static void created(struct xd_witness *w, struct xd_vcpu *v, uint64_t at, uint64_t mfn)
{
    if (!xd_view_is_info(w->view, mfn))
        xd_witness_forget(w, v, at + offsetof(struct xd_abi_domctl, u.info.shared_info_frame),
                          sizeof(mfn));
}

static void tsc(struct xd_witness *w, const struct xd_runner *r, struct xd_vcpu *v,
                const struct xd_abi_domctl *op, uint64_t at)
{
    const uint32_t khz = op->u.tsc_info.gtsc_khz;
    uint32_t i = 0;

    while (i < r->p->domains && !(r->env[i].d && r->env[i].d->domid == op->domain))
        i++;
    if (op->cmd == SETTSCINFO && op->domain && i < r->p->domains)
        xd_view_tsc(w->view, i,
                    op->u.tsc_info.tsc_mode == XD_TSC_NATIVE ? XD_VIEW_TSC_UNTOLD
                    : khz                                    ? XD_VIEW_TSC_GIVEN
                                                             : XD_VIEW_TSC_MACHINES);
    if (op->cmd == GETTSCINFO && (i == r->p->domains || !xd_view_rate(w->view, i)))
        xd_witness_forget(w, v, at + offsetof(struct xd_abi_domctl, u.tsc_info.gtsc_khz),
                          sizeof(khz));
}

/*
 * What domctl answers of the machine: of getdomaininfo cpu_time and the highest pfn that an HVM guest may have, of getvcpuinfo
 * cpu_time and the processor, of getvcpucontext all but tables and assists, of gettscinfo the clock, and the rate that is the machine's.
 */
static void told_by_domctl(struct xd_witness *w, const struct xd_runner *r, struct xd_vcpu *v,
                           uint64_t at)
{
    static const struct {
        uint32_t cmd, at, n;
    } rows[] = {{5, 16 + 56, 8}, {5, 16 + 96, 1}, {14, 16 + 8, 12}, {GETTSCINFO, 32, 8}};
#define AT(field) offsetof(struct xd_abi_vcpu_guest_context, field)
    static const struct {
        uint64_t from, end;
    } kernels[] = {{0, AT(ldt_base)},
                   {AT(kernel_ss), AT(ctrlreg[1])},
                   {AT(ctrlreg[2]), AT(ctrlreg[3])},
                   {AT(ctrlreg[4]), AT(vm_assist)},
                   {AT(vm_assist) + 8, sizeof(struct xd_abi_vcpu_guest_context)}};
#undef AT
    struct xd_abi_domctl op;

    if (!xd_look(v, &op, at, sizeof(op)))
        return;
    for (size_t i = 0; i < XD_ARRAY_SIZE(rows); i++)
        if (rows[i].cmd == op.cmd)
            xd_witness_forget(w, v, at + rows[i].at, rows[i].n);
    tsc(w, r, v, &op, at);
    if (op.cmd == GETDOMAININFO)
        created(w, v, at, op.u.info.shared_info_frame);
    for (size_t i = 0; i < XD_ARRAY_SIZE(kernels) && op.cmd == GETVCPUCONTEXT; i++)
        if (runs_there(r, op.domain, op.u.vcpucontext.vcpu))
            xd_witness_forget(w, v, op.u.vcpucontext.ctxt + kernels[i].from,
                              kernels[i].end - kernels[i].from);
}

/*
 * The arguments of a multicall's entry at (va) show where Xen continued the call. It does so to give up a table that was let
 * go, which a scenario can hold fast (multicall/continued); but it looks for other work to do there, too, which is chance.
 */
void xd_witness_continued(struct xd_witness *w, struct xd_vcpu *v, uint64_t nr, uint64_t va)
{
    struct xd_abi_multicall_entry e;

    if (!xd_look(v, &e, va, sizeof(e))) /* it may be gone by now */
        return;
    va += offsetof(struct xd_abi_multicall_entry, args);
    if (nr == HC_MMU_UPDATE || nr == HC_MMUEXT_OP)
        xd_witness_forget(w, v, va, 4 * sizeof(*e.args));
    else if (nr == HC_MEMORY_OP)
        xd_witness_forget(w, v, va, sizeof(*e.args));
}

/* Did this call give a vCPU a context? That of a vCPU which runs counts even if it is refused, as far as it was stored. */
static void given_context(struct xd_witness *w, const struct xd_runner *r, struct xd_vcpu *v,
                          const struct xd_encoded *e, int64_t rc)
{
    enum { INITIALISE = 0 };
    uint32_t vcpu = (uint32_t)e->arg[1];
    uint16_t domid = v->domain->domid;
    struct xd_abi_domctl op;

    if (e->nr == HC_DOMCTL) {
        if (!xd_look(v, &op, e->arg[0], sizeof(op)) || op.cmd != SETVCPUCONTEXT)
            return;
        domid = op.domain;
        vcpu = op.u.vcpucontext.vcpu;
    } else if (e->nr != HC_VCPU_OP || (uint32_t)e->arg[0] != INITIALISE) {
        return;
    }
    for (uint32_t i = 0; i < r->p->domains && vcpu < VCPUS_TOLD; i++)
        if (r->env[i].d && r->env[i].d->domid == domid && vcpu < r->env[i].d->vcpus &&
            (!rc || (e->nr == HC_DOMCTL && runs_there(r, domid, vcpu))))
            w->begins[i][vcpu] = true;
}

/* How many processors there are, as sysctl's cputopoinfo tells who gives it no room, in the same field. */
static void told_by_sysctl(struct xd_witness *w, struct xd_vcpu *v, uint64_t at)
{
    enum { TBUF_OP = 2, CPUTOPOINFO = 16 };
    struct xd_abi_sysctl op;

    if (!xd_look(v, &op, at, sizeof(op)))
        return;
    if (op.cmd == TBUF_OP)
        traced(w, v, &op);
    if (op.cmd == CPUTOPOINFO)
        xd_witness_forget(w, v, at + offsetof(struct xd_abi_sysctl, u.cputopo.num_cpus),
                          sizeof(op.u.cputopo.num_cpus));
}

void xd_witness_call(struct xd_witness *w, const struct xd_runner *r, const struct xd_made *m,
                     uint32_t k, int64_t rc)
{
    const struct xd_encoded *e = &m->enc[k];

    reserved(w, r, m, k, rc);
    batched(w, m, k);
    machines(w, r, m, k);
    if (e->nr == HC_XENOPROF_OP && rc == 0)
        profiled(w, m, k);
    if (e->nr == HC_HVM_OP && e->arg[0] == HVMOP_GET_TIME && rc == 0)
        xd_witness_forget(w, m->v, e->arg[1], sizeof(uint64_t));
    if (e->nr == HC_PLATFORM_OP && rc >= 0)
        platforms(w, m->v, e->arg[0]);
    if (e->nr == HC_DOMCTL &&
        (rc == 0 || rc == FAULT)) /* which leaves the beginning of an answer */
        told_by_domctl(w, r, m->v, e->arg[0]);
    given_context(w, r, m->v, e, rc);
    if (e->nr == HC_SYSCTL && rc == 0)
        told_by_sysctl(w, m->v, e->arg[0]);
}
