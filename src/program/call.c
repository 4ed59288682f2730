/* SPDX-License-Identifier: MIT */
/* call.c: making calls and accesses through the CPU seam, and finishing what was suspended. */
#include "program/runner.h"

#include "hv/pt.h"

#include <stdlib.h>
#include <string.h>

static const char *state_text(const struct xd_vcpu *v)
{
    static const char *const text[] = {"running", "blocked", "down", "shut down", "paused"};

    return text[xd_vcpu_state(v)];
}

/* The current vCPU if it can execute, else NULL with a report. */
static struct xd_vcpu *ready(struct xd_runner *r)
{
    struct xd_vcpu *v = xd_current(r);

    if (!v) {
        xd_report(r, "%s.%u does not exist", xd_text_at(r->p, r->p->domain[r->domain].name),
                  r->vcpu);
        return NULL;
    }
    if (xd_vcpu_state(v) == XD_STATE_RUNNING && !xd_continuing(v))
        return v;
    xd_report(r, "%s.%u can't execute this: it is %s",
              xd_text_at(r->p, r->p->domain[r->domain].name), r->vcpu,
              xd_continuing(v) ? "in the middle of a call" : state_text(v));
    return NULL;
}

static void make_call(struct xd_vcpu *v, const struct xd_encoded *c, struct xd_exit *e)
{
    struct xd_regs *r = &v->regs;

    XD_PUT(v->hv, r->rax, c->nr);
    XD_PUT(v->hv, r->rdi, c->arg[0]);
    XD_PUT(v->hv, r->rsi, c->arg[1]);
    XD_PUT(v->hv, r->rdx, c->arg[2]);
    XD_PUT(v->hv, r->r10, c->arg[3]);
    XD_PUT(v->hv, r->r8, c->arg[4]);
    XD_PUT(v->hv, r->r9, c->arg[5]);
    e->kind = XD_EXIT_HYPERCALL;
}

static void page_fault(struct xd_vcpu *v, struct xd_exit *e, uint32_t error, uint64_t addr)
{
    e->kind = XD_EXIT_EXCEPTION;
    e->vector = XD_VECTOR_PF;
    e->error = error | (v->kernel_mode ? 0 : XD_PF_USER);
    e->addr = addr;
}

static void general_protection(struct xd_exit *e)
{
    e->kind = XD_EXIT_EXCEPTION;
    e->vector = XD_VECTOR_GP;
}

static void load(struct xd_program_cpu *c, struct xd_vcpu *v, struct xd_exit *e)
{
    struct xd_fault f;
    enum xd_access how = xd_guest_load(v, c->va, c->bytes, c->size, &f);

    c->done = how == XD_ACCESS_OK;
    if (how == XD_ACCESS_GP)
        general_protection(e);
    else if (!c->done)
        page_fault(v, e, f.error, f.cr2);
}

static void store(struct xd_program_cpu *c, struct xd_vcpu *v, struct xd_exit *e)
{
    uint64_t last = c->va + c->size - 1;
    struct xd_fault f;
    struct xd_walk w;

    xd_walk(v->hv, xd_vcpu_root(v), c->va, true, &w);
    if (w.ok && last / XD_PAGE_SIZE != c->va / XD_PAGE_SIZE)
        xd_walk(v->hv, xd_vcpu_root(v), last, true, &w);
    if (w.ok) {
        c->done = xd_guest_store(v, c->va, c->bytes, c->size, &f) == XD_ACCESS_OK;
        XD_ALWAYS(c->done);
        return;
    }
    if (w.level == 0) {
        general_protection(e);
        return;
    }
    page_fault(v, e, w.error, c->va);
    e->va = c->va;
    e->size = c->size;
    memcpy(e->bytes, c->bytes, sizeof(e->bytes));
}

/* The step that (c) holds, up to its one exit. */
static void run(struct xd_cpu *cpu, struct xd_vcpu *v, struct xd_exit *e)
{
    struct xd_program_cpu *c = (struct xd_program_cpu *)(void *)cpu;

    c->done = false;
    switch (c->what) {
    case XD_DO_CALL: make_call(v, c->call, e); break;
    case XD_DO_LOAD: load(c, v, e); break;
    case XD_DO_STORE: store(c, v, e); break;
    }
}

static uint32_t next_entry(const struct xd_runner *r, const struct xd_made *m, uint32_t from)
{
    const struct xd_step *s = &r->p->step[m->step];

    for (uint32_t k = from; k <= s->parts; k += 1 + s[k].parts)
        if (s[k].kind == XD_STEP_CALL)
            return k;
    return 0;
}

/*
 * A call with (parts) entries: in one piece, for there is one for each step that is run. What calls are
 * encoded into is not cleared: xd_encode writes all of it.
 */
static struct xd_made *new_made(uint32_t parts)
{
    const size_t entries = (size_t)parts + 1;
    struct xd_made *m =
        xd_realloc(NULL, sizeof(*m) + entries * (sizeof(*m->enc) + sizeof(*m->seen)));

    *m = (struct xd_made){.enc = (struct xd_encoded *)(void *)(m + 1)};
    m->seen = (struct xd_seen *)(void *)(m->enc + entries);
    memset(m->seen, 0, entries * sizeof(*m->seen));
    return m;
}

static void finish(struct xd_runner *r, struct xd_made *m, int64_t rc)
{
    struct xd_made **at = &r->unfinished;

    xd_check_call(r, m, rc, xd_why(m->v));
    while (*at && *at != m)
        at = &(*at)->later;
    if (*at)
        *at = m->later;
    m->env->area_floor = 0;
    for (const struct xd_made *other = r->unfinished; other; other = other->later)
        if (other->env == m->env && other->area_end > m->env->area_floor)
            m->env->area_floor = other->area_end;
    free(m);
}

/* Linked code has no registers of the machine's: its calls come by the host's door. */
static void step_linked(struct xd_runner *r, struct xd_made *m)
{
    int64_t rc;

    r->now = m;
    rc = xd_continuing(m->v) ? xd_continue(m->v) : xd_hypercall(m->v, m->enc[0].nr, m->enc[0].arg);
    r->now = NULL;
    r->given_used = true;
    if (!xd_continuing(m->v))
        finish(r, m, rc);
}

/* Runs (m) until it returns or is suspended. */
static void step(struct xd_runner *r, struct xd_made *m)
{
    const struct xd_run_watch *watch = r->opt->watch;
    struct xd_outcome out;

    if (watch && watch->making && !watch->making(r->opt->ctx, r, m)) {
        r->stop = true;
        return;
    }
    if (r->linked) {
        step_linked(r, m);
        return;
    }
    r->now = m;
    r->cpu.cpu.run = run;
    r->cpu.what = XD_DO_CALL;
    r->cpu.call = &m->enc[0];
    xd_cpu_step(&r->cpu.cpu, m->v, &out);
    r->now = NULL;
    if (out.kind != XD_OUTCOME_SUSPENDED)
        finish(r, m, out.rc);
}

void xd_run_call(struct xd_runner *r, uint32_t at)
{
    const struct xd_step *s = &r->p->step[at];
    struct xd_vcpu *v = ready(r);
    struct xd_made *m, **last;

    if (!v)
        return;
    if (!v->kernel_mode) {
        xd_report(
            r, "%s.%u is in user mode, where no hypercall can be made: `syscall` enters its kernel",
            xd_text_at(r->p, r->p->domain[r->domain].name), r->vcpu);
        return;
    }
    xd_aside_forget_given(r);
    m = new_made(s->parts);
    m->step = at;
    m->v = v;
    m->env = &r->env[r->domain];
    if (!xd_encode(r, v, at, m->enc) || r->verdict != XD_PASSED) {
        free(m);
        return;
    }
    m->next = next_entry(r, m, 1);
    m->area_end = m->env->area_used;
    for (last = &r->unfinished; *last; last = &(*last)->later)
        ;
    *last = m;
    r->result->calls++;
    step(r, m);
    for (m = r->unfinished; m && m->step != at; m = m->later)
        ;
    if (m) {
        m->suspended = true;
        m->env->area_floor = m->area_end;
        if (xd_item_find(r->p, s->out, XD_KEY_BLOCKED) && xd_vcpu_state(v) != XD_STATE_BLOCKED)
            xd_report(r, "expected the vCPU to be blocked, it is %s", state_text(v));
    }
}

void xd_entry_returned(struct xd_runner *r, struct xd_vcpu *v, int64_t rc)
{
    struct xd_made *m = r->now;

    if (!m || !m->next)
        return;
    m->seen[m->next] = (struct xd_seen){.ran = true, .rc = rc, .why = xd_why(v)};
    m->next = next_entry(r, m, m->next + 1 + r->p->step[m->step + m->next].parts);
}

/*
 * The unfinished call that comes first in the order of domains and vCPUs, among those that can go
 * on. Of a vCPU only the last can: those before it were lost when it was reset.
 */
static struct xd_made *first_ready(struct xd_runner *r)
{
    struct xd_made *best = NULL;

    for (struct xd_made *m = r->unfinished; m; m = m->later)
        if (xd_continuing(m->v) && xd_vcpu_state(m->v) == XD_STATE_RUNNING &&
            (!best || m->env < best->env || (m->env == best->env && m->v->id <= best->v->id)))
            best = m;
    return best;
}

bool xd_resume(struct xd_runner *r)
{
    struct xd_made *m = first_ready(r);

    if (!m)
        return false;
    r->step = m->step;
    step(r, m);
    return true;
}

bool xd_drop_unfinished(struct xd_runner *r, const struct xd_domain *of)
{
    struct xd_made **at = &r->unfinished;

    while (*at && of && (*at)->env->d != of)
        at = &(*at)->later;
    if (*at) {
        struct xd_made *m = *at;
        const struct xd_step *s = &r->p->step[m->step];

        *at = m->later;
        r->step = m->step;
        if (s->result && xd_expr_at(r->p, s->result)->op != XD_EX_ANY)
            xd_report(r, "this call never came back%s", of ? ": its domain was destroyed" : "");
        free(m);
        return true;
    }
    return false;
}

static bool size_of(struct xd_runner *r, const struct xd_step *s, uint8_t *size)
{
    uint64_t n;

    if (!xd_eval_or(r, xd_form_item(r->p, s, "size"), 8, &n))
        return false;
    *size = (uint8_t)n;
    if (n == 1 || n == 2 || n == 4 || n == 8)
        return true;
    xd_report(r, "size=%llu: accesses have 1, 2, 4 or 8 bytes", (unsigned long long)n);
    return false;
}

/* Loads or stores as (r->cpu) says; tells how it ended. */
static enum xd_access access(struct xd_runner *r, struct xd_vcpu *v, struct xd_fault *f)
{
    enum xd_access how;
    struct xd_outcome out;

    r->cpu.cpu.run = run;
    xd_cpu_step(&r->cpu.cpu, v, &out);
    *f = out.fault;
    how = r->cpu.done                       ? XD_ACCESS_OK
          : out.kind == XD_OUTCOME_EMULATED ? XD_ACCESS_EMULATED
          : out.vector == XD_VECTOR_GP      ? XD_ACCESS_GP
                                            : XD_ACCESS_FAULT;
    if (r->opt->trace)
        xd_trace_access(r, v, how, f);
    if (r->opt->explain && f->why)
        xd_tell_refusal(r, v);
    return how;
}

void xd_run_store(struct xd_runner *r, const struct xd_step *s)
{
    struct xd_vcpu *v = ready(r);
    struct xd_fault f;
    uint64_t value;
    enum xd_access how;

    if (!v || !xd_eval(r, s->subject[0], &r->cpu.va) || !xd_eval(r, s->subject[1], &value) ||
        !size_of(r, s, &r->cpu.size))
        return;
    r->cpu.what = XD_DO_STORE;
    for (unsigned int i = 0; i < 8; i++)
        r->cpu.bytes[i] = (unsigned char)(value >> 8 * i);
    how = access(r, v, &f);
    if (xd_form_item(r->p, s, "deliver"))
        xd_deliver_fault(r, v, how, &f);
    xd_check_access(r, s, how, &f);
}

void xd_run_load(struct xd_runner *r, const struct xd_step *s)
{
    struct xd_vcpu *v = ready(r);
    struct xd_fault f;
    enum xd_access how;

    if (!v || !xd_eval(r, s->subject[0], &r->cpu.va) || !size_of(r, s, &r->cpu.size))
        return;
    r->cpu.what = XD_DO_LOAD;
    memset(r->cpu.bytes, 0, sizeof(r->cpu.bytes));
    how = access(r, v, &f);
    if (xd_form_item(r->p, s, "deliver"))
        xd_deliver_fault(r, v, how, &f);
    xd_check_access(r, s, how, &f);
}
