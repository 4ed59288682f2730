/* SPDX-License-Identifier: MIT */
/* witness.c: see witness.h. How steps end is told here; view.c tells what they changed. */
#include "witness_state.h"

#include "hv/bounce.h"
#include "hv/copy.h"
#include "hv/sched.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define HC_IRET   23u
#define HC_DOMCTL 36u

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
    const unsigned int byte = f && e->at ? xd_witness_byte(s, e) : 4;
    unsigned char bytes[8];

    w->calls++;
    w->refused += rc < 0;
    xd_witness_call(w, r, m, k, rc);
    xd_str_add(&w->result, " result=");
    xd_show_rc(&w->result, rc);
    if (e->done && xd_look(m->v, bytes, e->done, 4))
        xd_str_addf(&w->result, " done=0x%" PRIx64, xd_witness_number(bytes, 4));
    if (byte < 4)
        xd_witness_forget(w, m->v, e->at + offsetof(struct xd_abi_physdev_apic, value) + byte, 1);
    for (; f && f->name; f++)
        if (f->dir & XD_OUT && f->size <= 8 && e->at && !xens_range(e->at + f->off) &&
            comparable(w, m->v, e->at + f->off, f->size) &&
            xd_look(m->v, bytes, e->at + f->off, f->size))
            xd_str_addf(&w->result, " %s=0x%" PRIx64, f->name,
                        xd_witness_number(bytes, f->size) &
                            ~(byte < 4 ? UINT64_C(0xff) << 8 * byte : 0));
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
            answers(w, r, m, k, (int64_t)xd_witness_number(bytes, 8));
            xd_witness_continued(w, m->v, m->enc[k].nr, at);
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
                    xd_view_loaded(w->view, xd_witness_number(r->cpu.bytes, r->cpu.size)));
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
