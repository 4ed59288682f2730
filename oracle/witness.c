/* SPDX-License-Identifier: MIT */
/* witness.c: see witness.h. How steps end is told here; view.c tells what they changed. */
#include "witness.h"

#include "view.h"

#include "abi/sysctl64.h"
#include "hv/bounce.h"
#include "hv/copy.h"
#include "hv/sched.h"
#include "hv/tsc.h"
#include "program/runner.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define LIST_SEEN        1024u
#define VCPUS_TOLD       4u /* of a domain: how they come up */
#define BATCH_SEEN       1024u
#define HC_MMU_UPDATE    1u
#define HC_MEMORY_OP     12u
#define HC_MMUEXT_OP     26u
#define HC_PLATFORM_OP   7u
#define HC_IRET          23u
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

/* What is to be forgotten when the step is over. */
struct place {
    struct xd_vcpu *v;
    uint64_t va, n;
};

struct xd_witness {
    struct xd_str *out;
    struct xd_str result; /* of the step, until its text is out */
    struct xd_view *view;
    uint64_t calls, refused;
    bool over; /* a domain ended: no more is told */
    struct place *machines;
    unsigned int nr_machines, room;
    bool begins[XD_DOMAINS_MAX][VCPUS_TOLD]; /* with a context, when it comes up */
};

struct xd_witness *xd_witness_new(struct xd_str *out)
{
    struct xd_witness *w = xd_zalloc(sizeof(*w));

    w->out = out;
    w->view = xd_view_new(out);
    return w;
}

void xd_witness_free(struct xd_witness *w)
{
    xd_view_free(w->view);
    xd_str_free(&w->result);
    free(w->machines);
    free(w);
}

void xd_witness_counts(const struct xd_witness *w, uint64_t *calls, uint64_t *refused)
{
    *calls = w->calls;
    *refused = w->refused;
}

/* ---- Steps ---- */

static uint64_t number(const unsigned char *bytes, size_t n)
{
    uint64_t value = 0;

    for (size_t i = 0; i < n && i < 8; i++)
        value |= (uint64_t)bytes[i] << 8 * i;
    return value;
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
    *done = number(bytes, sizeof(bytes));
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

/* What lies there is to be forgotten when the step is over. */
static void forget(struct xd_witness *w, struct xd_vcpu *v, uint64_t va, uint64_t n)
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
            forget(w, m->v, e->at, rows[i].n);
    if (s->op && s->call->group == &xd_group_memory && is_op(s, "machphys_mfn_list") &&
        xd_look(m->v, &list, e->at, sizeof(list))) {
        uint64_t nr = list.max_extents < LIST_SEEN ? list.max_extents : LIST_SEEN;

        forget(w, m->v, list.extent_start,
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
        forget(w, v, u + offsetof(struct xd_abi_pcpuinfo, max_present), sizeof(uint32_t));
    if (op.cmd == SYMBOL) {
        forget(w, v, u, sizeof(op.u.symdata));
        forget(w, v, op.u.symdata.name, SYMBOL_MAX);
    }
    for (uint64_t i = 0; op.cmd == RESOURCE_OP && i < op.u.resource_op.nr_entries && i < ENTRIES;
         i++)
        if (xd_look(v, &entry, op.u.resource_op.entries + i * sizeof(entry), sizeof(entry)) &&
            entry.idx == TSC)
            forget(w, v,
                   op.u.resource_op.entries + i * sizeof(entry) +
                       offsetof(struct xd_abi_resource_entry, val),
                   sizeof(entry.val));
}

/*
 * The byte of a pin's register that depends on the machine, by what apic_read asks for: of a low half the vector, which depends on how
 * many interrupts were set up since the boot, but of the old PC's lines; of a high half the processors that take it. None: 4.
 */
static unsigned int machines_byte(const struct xd_step *s, const struct xd_encoded *e)
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
        forget(w, v, at + offsetof(struct xd_abi_domctl, u.info.shared_info_frame), sizeof(mfn));
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
        forget(w, v, at + offsetof(struct xd_abi_domctl, u.tsc_info.gtsc_khz), sizeof(khz));
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
            forget(w, v, at + rows[i].at, rows[i].n);
    tsc(w, r, v, &op, at);
    if (op.cmd == GETDOMAININFO)
        created(w, v, at, op.u.info.shared_info_frame);
    for (size_t i = 0; i < XD_ARRAY_SIZE(kernels) && op.cmd == GETVCPUCONTEXT; i++)
        if (runs_there(r, op.domain, op.u.vcpucontext.vcpu))
            forget(w, v, op.u.vcpucontext.ctxt + kernels[i].from, kernels[i].end - kernels[i].from);
}

/*
 * The arguments of a multicall's entry at (va) show where Xen continued the call. It does so to give up a table that was let
 * go, which a scenario can hold fast (multicall/continued); but it looks for other work to do there, too, which is chance.
 */
static void continued(struct xd_witness *w, struct xd_vcpu *v, uint64_t nr, uint64_t va)
{
    struct xd_abi_multicall_entry e;

    if (!xd_look(v, &e, va, sizeof(e))) /* it may be gone by now */
        return;
    va += offsetof(struct xd_abi_multicall_entry, args);
    if (nr == HC_MMU_UPDATE || nr == HC_MMUEXT_OP)
        forget(w, v, va, 4 * sizeof(*e.args));
    else if (nr == HC_MEMORY_OP)
        forget(w, v, va, sizeof(*e.args));
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
        forget(w, v, at + offsetof(struct xd_abi_sysctl, u.cputopo.num_cpus),
               sizeof(op.u.cputopo.num_cpus));
}

/* What lies there is the machine's, and no two have it alike. */
static bool xens_range(uint64_t va)
{
    return va >= XD_GUEST_LOW_END && va < XD_HYPERVISOR_END;
}

/* Can the (n) bytes at (va) be equal? Only RAM of the domains: other memory holds what the machine put there. */
static bool comparable(const struct xd_witness *w, struct xd_vcpu *v, uint64_t va, uint64_t n)
{
    for (uint64_t at = va; at < va + n; at++) {
        uint64_t table, e;

        if ((at > va && at % 8) || (at >= XD_RO_M2P_START && at < XD_RO_M2P_END) ||
            !xd_table_of(v, 1, at, &table))
            continue;
        e = xd_frame_words(v->hv, xd_mfn_of(table))[at / XD_PAGE_SIZE % XD_PT_SLOTS];
        if (!xd_view_comparable(w->view, (e & XD_PTE_MFN) | at % XD_PAGE_SIZE))
            return false;
    }
    return true;
}

static void answers(struct xd_witness *w, const struct xd_runner *r, const struct xd_made *m,
                    uint32_t k, int64_t rc)
{
    const struct xd_step *s = &r->p->step[m->step + k];
    const struct xd_encoded *e = &m->enc[k];
    const struct xd_field *f =
        s->op && s->op->fields && s->call->group != &xd_group_mmuext ? s->op->fields() : NULL;
    const unsigned int byte = f && e->at ? machines_byte(s, e) : 4;
    unsigned char bytes[8];

    w->calls++;
    w->refused += rc < 0;
    reserved(w, r, m, k, rc);
    batched(w, m, k);
    machines(w, r, m, k);
    if (e->nr == HC_XENOPROF_OP && rc == 0)
        profiled(w, m, k);
    if (e->nr == HC_HVM_OP && e->arg[0] == HVMOP_GET_TIME && rc == 0)
        forget(w, m->v, e->arg[1], sizeof(uint64_t));
    if (e->nr == HC_PLATFORM_OP && rc >= 0)
        platforms(w, m->v, e->arg[0]);
    if (e->nr == HC_DOMCTL &&
        (rc == 0 || rc == FAULT)) /* which leaves the beginning of an answer */
        told_by_domctl(w, r, m->v, e->arg[0]);
    given_context(w, r, m->v, e, rc);
    if (e->nr == HC_SYSCTL && rc == 0)
        told_by_sysctl(w, m->v, e->arg[0]);
    xd_str_add(&w->result, " result=");
    xd_show_rc(&w->result, rc);
    if (e->done && xd_look(m->v, bytes, e->done, 4))
        xd_str_addf(&w->result, " done=0x%" PRIx64, number(bytes, 4));
    if (byte < 4)
        forget(w, m->v, e->at + offsetof(struct xd_abi_physdev_apic, value) + byte, 1);
    for (; f && f->name; f++)
        if (f->dir & XD_OUT && f->size <= 8 && e->at && !xens_range(e->at + f->off) &&
            comparable(w, m->v, e->at + f->off, f->size) &&
            xd_look(m->v, bytes, e->at + f->off, f->size))
            xd_str_addf(&w->result, " %s=0x%" PRIx64, f->name,
                        number(bytes, f->size) & ~(byte < 4 ? UINT64_C(0xff) << 8 * byte : 0));
    xd_str_addc(&w->result, '\n');
}

static void called(void *ctx, const struct xd_runner *r, const struct xd_made *m, int64_t rc)
{
    struct xd_witness *w = *(struct xd_witness **)ctx;
    uint32_t parts = r->p->step[m->step].parts, index = 0;
    unsigned char bytes[8];
    uint64_t at;

    for (uint32_t k = 1; k <= parts; k += 1 + r->p->step[m->step + k].parts) {
        if (r->p->step[m->step + k].kind != XD_STEP_CALL)
            continue;
        at = m->enc[0].arg[0] + index * sizeof(struct xd_abi_multicall_entry);
        if (!xens_range(at + 8) && xd_look(m->v, bytes, at + 8, 8)) {
            xd_str_addf(&w->result, "  entry %u:", index);
            answers(w, r, m, k, (int64_t)number(bytes, 8));
            continued(w, m->v, m->enc[k].nr, at);
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
             comparable(w, xd_vcpu_at(r->env[r->domain].d, r->vcpu), r->cpu.va, r->cpu.size))
        xd_str_addf(&w->result, " 0x%" PRIx64,
                    xd_view_loaded(w->view, number(r->cpu.bytes, r->cpu.size)));
    xd_str_addc(&w->result, '\n');
}

static bool is_last(const struct xd_program *p, uint32_t at)
{
    for (at += 1 + p->step[at].parts; at < p->steps; at++)
        if (p->step[at].kind != XD_STEP_NOTE)
            return false;
    return true;
}

/* Can somebody resume a domain behind step (at)? */
static bool resumes(const struct xd_program *p, uint32_t at)
{
    for (at += 1 + p->step[at].parts; at < p->steps; at++)
        if (p->step[at].kind == XD_STEP_RESUME ||
            (p->step[at].kind == XD_STEP_CALL && p->step[at].call &&
             p->step[at].call->nr == HC_DOMCTL))
            return true;
    return false;
}

/* Tells which domains have ended, and of what, or only suspended, or that all went off with the machine; true if one has ended. */
static bool ended(struct xd_witness *w, const struct xd_runner *r, uint32_t at)
{
    bool any = false;

    for (uint32_t i = 0; i < r->p->domains; i++) {
        const struct xd_domain *d = r->env[i].d;

        if (!d || d->shutdown_code < 0 || !(d->shutting_down || d->shut_down))
            continue;
        if (d->domid && d->shutdown_code == XD_SHUTDOWN_SUSPEND && resumes(r->p, at)) {
            xd_str_addf(w->out, "  d%u suspended\n", d->domid);
        } else {
            xd_str_addf(w->out, "  d%u ended: reason %d\n", d->domid, d->shutdown_code);
            any = true;
        }
    }
    if (!any && r->hv->off)
        xd_str_add(w->out, "  the machine ended: reason off\n");
    return any || r->hv->off;
}

/* Does step (at) enter a guest's kernel, or leave it, as far as it can be seen? An iret may be a part of it: an entry of its list. */
static bool enters(const struct xd_program *p, uint32_t at)
{
    const struct xd_step *s = &p->step[at];

    if (s->kind == XD_STEP_LOAD || s->kind == XD_STEP_STORE)
        return xd_form_item(p, s, "deliver");
    if (s->kind >= XD_STEP_TRAP && s->kind <= XD_STEP_DELIVER)
        return true;
    for (uint32_t k = 0; k <= s->parts; k++)
        if (s[k].kind == XD_STEP_CALL && s[k].call && s[k].call->nr == HC_IRET)
            return true;
    return false;
}

/* RF lasts for the next instruction only. */
static void tell_registers(struct xd_witness *w, const struct xd_registers *regs)
{
    xd_str_addf(w->out,
                "  %s rip=0x%" PRIx64 " rsp=0x%" PRIx64 " rflags=0x%" PRIx64 " cs=0x%x ss=0x%x\n"
                "  rax=0x%" PRIx64 " rcx=0x%" PRIx64 " r11=0x%" PRIx64 "\n",
                regs->user ? "user" : "kernel", regs->rip, regs->rsp,
                regs->rflags & ~(uint64_t)XD_RFLAGS_RF, regs->cs, regs->ss, regs->rax, regs->rcx,
                regs->r11 & ~(uint64_t)XD_RFLAGS_RF);
}

static void registers(struct xd_witness *w, const struct xd_vcpu *v)
{
    struct xd_registers regs;

    if (!v)
        return;
    xd_guest_registers(v, &regs);
    tell_registers(w, &regs);
}

/*
 * vCPUs that came up with a context, and with what in their registers. Flags that it does not know a processor does not
 * load, and IF Xen sets whenever a guest goes on.
 */
static void newcomers(struct xd_witness *w, const struct xd_runner *r)
{
    for (uint32_t i = 0; i < r->p->domains; i++)
        for (uint32_t id = 0; id < VCPUS_TOLD; id++) {
            struct xd_vcpu *v = r->env[i].d ? xd_vcpu_at(r->env[i].d, id) : NULL;
            struct xd_registers regs;

            if (!w->begins[i][id] || !v || xd_vcpu_state(v) != XD_STATE_RUNNING)
                continue;
            w->begins[i][id] = false;
            xd_guest_registers(v, &regs);
            regs.rflags = (regs.rflags & XD_RFLAGS_KNOWN) | XD_RFLAGS_FIXED | XD_RFLAGS_IF;
            xd_str_addf(w->out, "  d%u.%u begins:\n", r->env[i].domid, id);
            tell_registers(w, &regs);
        }
}

/* Of a step in which a domain ends nothing else is told: the call did not return, and what it did is on its way down. */
static void stepped(void *ctx, const struct xd_runner *r, uint32_t at)
{
    struct xd_witness *w = *(struct xd_witness **)ctx;
    struct xd_str step = {0};

    if (w->over)
        return;
    xd_step_print(r->p, at, &step);
    xd_str_addf(w->out, "%u: %s\n", r->p->step[at].line, xd_str_text(&step));
    xd_str_free(&step);
    w->over = ended(w, r, at);
    if (!w->over)
        xd_str_add(w->out, xd_str_text(&w->result));
    if (!w->over && enters(r->p, at) && r->env[r->domain].d)
        registers(w, xd_vcpu_at(r->env[r->domain].d, r->vcpu));
    if (!w->over)
        newcomers(w, r);
    xd_str_clear(&w->result);
    for (unsigned int i = 0; i < w->nr_machines; i++)
        xd_view_machines(w->view, w->machines[i].v, w->machines[i].va, w->machines[i].n);
    w->nr_machines = 0;
    if (!w->over)
        xd_view_look(w->view, r, is_last(r->p, at));
}

static bool uncertain(void *ctx, uint64_t mfn, bool read)
{
    const struct xd_witness *w = *(struct xd_witness **)ctx;

    return xd_view_uncertain(w->view, mfn) || (read && !xd_view_ours(w->view, mfn));
}

const struct xd_run_watch xd_witness_watch = {
    .uncertain = uncertain, .called = called, .accessed = accessed, .stepped = stepped};
