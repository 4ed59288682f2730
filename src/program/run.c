/* SPDX-License-Identifier: MIT */
/* run.c: one step after the other, and the telling of what went wrong. */
#include "hv/sched.h"
#include "program/runner.h"

#include "abi/select.h"
#include "xendouble/levers.h"

#include <stdlib.h>
#include <string.h>

void xd_report_as(struct xd_runner *r, enum xd_verdict verdict, const char *fmt, ...)
{
    va_list ap;

    if (verdict > r->verdict)
        r->verdict = verdict;
    va_start(ap, fmt);
    xd_str_vaddf(&r->report, fmt, ap);
    va_end(ap);
    if (r->report.text[r->report.len - 1] != '\n')
        xd_str_addc(&r->report, '\n');
}

void xd_report(struct xd_runner *r, const char *fmt, ...)
{
    struct xd_str line = {0};
    va_list ap;

    va_start(ap, fmt);
    xd_str_vaddf(&line, fmt, ap);
    va_end(ap);
    xd_report_as(r, XD_FAILED, "%s", xd_str_text(&line));
    xd_str_free(&line);
}

struct xd_vcpu *xd_current(struct xd_runner *r)
{
    struct xd_domain *d = r->env[r->domain].d;

    return d ? xd_vcpu_at(d, r->vcpu) : NULL;
}

/* ---- Hooks ---- */

static void on_call(void *ctx, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg,
                    unsigned int depth)
{
    struct xd_runner *r = ctx;
    const struct xd_run_watch *watch = r->opt->watch;

    if (watch && watch->calling)
        watch->calling(r->opt->ctx, v, nr, arg, depth);
    if (r->now && r->opt->trace)
        xd_trace_call(r, v, nr, arg, depth);
}

static void on_ret(void *ctx, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg, int64_t rc,
                   unsigned int depth)
{
    struct xd_runner *r = ctx;
    const struct xd_run_watch *watch = r->opt->watch;

    if (watch && watch->returned)
        watch->returned(r->opt->ctx, v, nr, arg, rc, depth);
    if (!r->now)
        return;
    if (depth)
        xd_entry_returned(r, v, rc);
    if (xd_why(v) == XD_WHY_NOT_MODELLED && nr == v->rec.nr)
        r->result->not_modelled++;
    if (r->opt->trace)
        xd_trace_ret(r, v, nr, arg, rc, depth);
    if (r->opt->explain && xd_why(v) && !(depth == 0 && r->p->step[r->now->step].parts))
        xd_tell_refusal(r, v);
}

static void on_console(void *ctx, struct xd_domain *d, const char *text, size_t n)
{
    struct xd_runner *r = ctx;

    (void)d;
    xd_str_addn(&r->console, text, n);
}

static void on_bug(void *ctx, struct xd_hv *hv)
{
    struct xd_runner *r = ctx;
    struct xd_str step = {0};

    (void)hv;
    xd_step_print(r->p, r->step, &step);
    xd_report_as(r, XD_BROKEN, "xendouble is wrong here");
    r->opt->failed(r->opt->ctx, &(struct xd_failure){.verdict = XD_BROKEN,
                                                     .at = r->step,
                                                     .line = r->p->step[r->step].line,
                                                     .step = xd_str_text(&step),
                                                     .details = xd_str_text(&r->report),
                                                     .explain = ""});
    xd_str_free(&step);
}

/* ---- Steps ---- */

static void inject(struct xd_runner *r, const struct xd_step *s)
{
    const struct xd_item *error = xd_form_item(r->p, s, "error"),
                         *percent = xd_form_item(r->p, s, "percent"),
                         *times = xd_form_item(r->p, s, "times");
    struct xd_lever_config c = {.vcpu = xd_current_or(r)};
    struct xd_str call = {0};
    uint64_t chance, answer;

    if (!c.vcpu)
        return;
    if (!error) {
        xd_report(r, "error= says what the call is to answer; it is missing");
        return;
    }
    if (!xd_eval_or(r, xd_form_item(r->p, s, "nth"), 1, &c.nth) ||
        !xd_eval_or(r, times, percent ? 0 : 1, &c.times) || !xd_eval_or(r, percent, 100, &chance) ||
        !xd_eval_or(r, xd_form_item(r->p, s, "seed"), 0, &c.seed) ||
        !xd_eval(r, error->value, &answer))
        return;
    if (c.nth == 0)
        xd_report(r, "nth=0: the next call is the first");
    if (times && c.times == 0)
        xd_report(r, "times=0: then nothing is injected");
    if (chance < 1 || chance > 100)
        xd_report(r, "percent= is a chance of 1 to 100 in 100");
    if (r->verdict != XD_PASSED)
        return;
    c.percent = (uint32_t)chance;
    c.answer = (int64_t)answer;
    xd_select_show(&call, &(struct xd_select){.nr = s->call->nr,
                                              .has_op = s->op != NULL,
                                              .op = s->op ? s->op->nr : 0});
    c.call = call.text;
    XD_ALWAYS(xd_lever_set(r->hv, &c) > 0);
    xd_str_free(&call);
}

static void destroy(struct xd_runner *r, const struct xd_step *s)
{
    struct xd_domain *d = r->env[s->domain].d;

    if (!d) {
        xd_report(r, "%s does not exist", xd_text_at(r->p, r->p->domain[s->domain].name));
        return;
    }
    while (r->verdict == XD_PASSED && xd_drop_unfinished(r, d))
        ;
    xd_domain_destroy(d);
    xd_forget_domain(r, s->domain);
}

static void crash(struct xd_runner *r, const struct xd_step *s)
{
    if (r->env[s->domain].d)
        xd_domain_crash(r->env[s->domain].d);
    else
        xd_report(r, "%s does not exist", xd_text_at(r->p, r->p->domain[s->domain].name));
}

static void resume(struct xd_runner *r, const struct xd_step *s)
{
    const struct xd_item *how = xd_form_item(r->p, s, "how");
    struct xd_domain *d = r->env[s->domain].d;

    if (!d)
        xd_report(r, "%s does not exist", xd_text_at(r->p, r->p->domain[s->domain].name));
    else if (xd_domain_resume(d, how ? (enum xd_resume)xd_expr_at(r->p, how->value)->num
                                     : XD_RESUME_ANEW))
        xd_report(r, "%s", xd_hv_error(r->hv));
}

static void let(struct xd_runner *r, const struct xd_step *s)
{
    uint64_t value;

    if (xd_eval(r, s->result, &value))
        xd_bind(r, s->subject[0], value);
}

static void virq(struct xd_runner *r, const struct xd_step *s)
{
    struct xd_vcpu *v;
    uint64_t nr;

    if (!xd_eval(r, s->subject[0], &nr))
        return;
    if (nr >= XD_VIRQS)
        xd_report(r, "there are VIRQs 0 to %u", XD_VIRQS - 1);
    else if ((v = xd_current_or(r)))
        xd_virq_raise(v, (uint32_t)nr);
}

static void event(struct xd_runner *r, const struct xd_step *s)
{
    struct xd_vcpu *v = xd_current_or(r);
    uint64_t port;

    if (v && xd_eval(r, s->subject[0], &port) &&
        xd_event_raise(v->domain, port < UINT32_MAX ? (uint32_t)port : UINT32_MAX))
        xd_report(r, "%s", xd_hv_error(r->hv));
}

static void irq(struct xd_runner *r, const struct xd_step *s)
{
    uint64_t line;

    if (xd_eval(r, s->subject[0], &line) &&
        xd_irq_raise(r->hv, line < UINT32_MAX ? (uint32_t)line : UINT32_MAX))
        xd_report(r, "%s", xd_hv_error(r->hv));
}

static void upcall(struct xd_runner *r)
{
    struct xd_vcpu *v = xd_current_or(r);

    if (v)
        xd_upcall_spurious(v);
}

static void scarce(struct xd_runner *r, const struct xd_step *s)
{
    uint64_t left;

    if (xd_eval(r, s->subject[0], &left))
        xd_frames_scarce(r->hv, left);
}

static void go_to(struct xd_runner *r, const struct xd_step *s)
{
    struct xd_domain *d = r->env[s->domain].d;

    if (!d || !xd_vcpu_at(d, s->vcpu)) {
        xd_report(r, "%s has no vCPU %u", xd_text_at(r->p, r->p->domain[s->domain].name), s->vcpu);
        return;
    }
    r->domain = s->domain;
    r->vcpu = s->vcpu;
    r->has_vcpu = true;
}

static void run_step(struct xd_runner *r, uint32_t at)
{
    const struct xd_step *s = &r->p->step[at];
    const struct xd_expr *x = xd_expr_at(r->p, s->subject[0]);

    switch ((enum xd_step_kind)s->kind) {
    case XD_STEP_NOTE: break;
    case XD_STEP_CALL: xd_run_call(r, at); break;
    case XD_STEP_MACHINE: xd_make_machine(r, s); break;
    case XD_STEP_DOMAIN: xd_make_domain(r, s); break;
    case XD_STEP_AT: go_to(r, s); break;
    case XD_STEP_LET: let(r, s); break;
    case XD_STEP_STORE: xd_run_store(r, s); break;
    case XD_STEP_LOAD: xd_run_load(r, s); break;
    case XD_STEP_ADVANCE: xd_advance(r->hv, x->num); break;
    case XD_STEP_INJECT: inject(r, s); break;
    case XD_STEP_CONSOLE_INPUT: xd_console_input(r->hv, xd_text_at(r->p, x->a), x->num); break;
    case XD_STEP_VIRQ: virq(r, s); break;
    case XD_STEP_EVENT: event(r, s); break;
    case XD_STEP_IRQ: irq(r, s); break;
    case XD_STEP_UPCALL: upcall(r); break;
    case XD_STEP_SCARCE: scarce(r, s); break;
    case XD_STEP_DESTROY: destroy(r, s); break;
    case XD_STEP_CRASH: crash(r, s); break;
    case XD_STEP_RESUME: resume(r, s); break;
    case XD_STEP_POKE: xd_run_poke(r, s); break;
    case XD_STEP_MEMORY: xd_run_memory(r, s); break;
    case XD_STEP_REGS: xd_run_regs(r, s); break;
    case XD_STEP_TRAP:
    case XD_STEP_INT:
    case XD_STEP_SYSCALL:
    case XD_STEP_FAILSAFE:
    case XD_STEP_DELIVER: xd_run_enter(r, s); break;
    case XD_STEP_INCOMPLETE:
        xd_report_as(r, XD_UNUSABLE, "this recording is not whole: %s", xd_text_at(r->p, x->a));
        break;
    default: xd_run_expect(r, s); break;
    }
}

static void audit(struct xd_runner *r)
{
    char *report = NULL;

    if (r->hv && xd_audit(r->hv, &report))
        xd_report_as(r, XD_BROKEN, "after this step the audit disagrees:\n%s", report);
    free(report);
}

static void judge(struct xd_runner *r, bool over)
{
    const struct xd_run_watch *watch = r->opt->watch;
    const char *wrong = NULL;

    if (r->hv && watch && watch->wrong && r->verdict != XD_BROKEN)
        wrong = watch->wrong(r->opt->ctx, r->hv, over);
    if (wrong)
        xd_report_as(r, XD_BROKEN, "%s", wrong);
}

/* The step that r->step names is over: tells what went wrong in it. */
static void step_over(struct xd_runner *r)
{
    const struct xd_run_watch *watch = r->opt->watch;
    struct xd_str step = {0};
    char *explain = NULL;

    if (watch && watch->over)
        watch->over(r->opt->ctx, r);
    if (r->opt->audit)
        audit(r);
    judge(r, false);
    if (r->verdict != XD_PASSED) {
        xd_step_print(r->p, r->step, &step);
        if (r->explain)
            explain = xd_explain(r->explain);
        r->opt->failed(r->opt->ctx, &(struct xd_failure){.verdict = r->verdict,
                                                         .at = r->step,
                                                         .why = r->explain ? xd_why(r->explain) : 0,
                                                         .line = r->p->step[r->step].line,
                                                         .step = xd_str_text(&step),
                                                         .details = xd_str_text(&r->report),
                                                         .explain = explain ? explain : ""});
        free(explain);
        xd_str_free(&step);
        r->result->failures++;
        if (r->verdict > r->result->verdict)
            r->result->verdict = r->verdict;
        r->stop = r->stop || r->verdict != XD_FAILED || !r->opt->keep_going;
    }
    r->verdict = XD_PASSED;
    r->explain = NULL;
    xd_str_clear(&r->report);
    xd_aside_settle(r);
    for (uint32_t i = 0; i < r->p->domains; i++)
        r->env[i].area_used = r->env[i].area_floor;
}

static void start(struct xd_runner *r)
{
    struct xd_hooks hooks = {
        .ctx = r, .call = on_call, .ret = on_ret, .console = on_console, .bug = on_bug};

    if (!r->hv)
        xd_make_machine(r, NULL);
    if (r->linked) {
        hooks.read = xd_aside_read;
        hooks.write = xd_aside_write;
    }
    if (r->hv)
        xd_hooks_set(r->hv, &hooks);
}

/* A control domain's call may have destroyed others. */
static void see_who_is_gone(struct xd_runner *r)
{
    for (uint32_t i = 0; i < r->p->domains; i++) {
        struct xd_domain *d = r->env[i].d;

        if (!d || (d->used && !d->dying))
            continue;
        while (r->verdict == XD_PASSED && xd_drop_unfinished(r, d))
            ;
        xd_forget_domain(r, i);
    }
}

void xd_run_steps(struct xd_runner *r, uint32_t from, uint32_t end)
{
    const struct xd_run_watch *watch = r->opt->watch;
    const struct xd_program *p = r->p;

    for (uint32_t i = from; i < end && !r->stop; i += 1 + p->step[i].parts) {
        if (p->step[i].kind == XD_STEP_NOTE)
            continue;
        if (r->session)
            xd_session_note(r->session, i);
        r->step = i;
        if (p->step[i].kind != XD_STEP_MACHINE && !r->hv)
            start(r);
        if (watch && watch->began && !watch->began(r->opt->ctx, r)) {
            r->stop = true;
            return;
        }
        if (r->verdict == XD_PASSED)
            run_step(r, i);
        if (p->step[i].kind == XD_STEP_MACHINE && r->hv)
            start(r);
        if (r->opt->trace && p->step[i].kind != XD_STEP_CALL && p->step[i].kind != XD_STEP_STORE &&
            p->step[i].kind != XD_STEP_LOAD)
            xd_trace_step(r, i, r->verdict == XD_PASSED ? "" : "  # failed");
        r->result->steps++;
        if (p->step[i].kind == XD_STEP_CALL)
            see_who_is_gone(r);
        step_over(r);
        while (!r->stop && xd_resume(r))
            step_over(r);
        if (r->opt->watch && r->opt->watch->stepped)
            r->opt->watch->stepped(r->opt->ctx, r, i);
    }
    if (end < p->steps)
        return;
    while (!r->stop && xd_drop_unfinished(r, NULL))
        step_over(r);
    if (!r->stop)
        judge(r, true);
    if (r->verdict != XD_PASSED)
        step_over(r);
}

void xd_runner_settle(struct xd_runner *r)
{
    while (xd_drop_unfinished(r, NULL))
        ;
    r->verdict = XD_PASSED;
    r->explain = NULL;
    xd_str_clear(&r->report);
}

void xd_runner_free(struct xd_runner *r)
{
    xd_runner_settle(r);
    xd_hv_destroy(r->hv);
    for (uint32_t i = 0; i < XD_DOMAINS_MAX; i++)
        free(r->env[i].page);
    xd_aside_free(r);
    xd_str_free(&r->console);
    xd_str_free(&r->line[0]);
    xd_str_free(&r->line[1]);
    xd_str_free(&r->report);
    free(r->value);
    free(r->known);
    free(r);
}

static void run_once(const struct xd_program *p, const struct xd_run_options *opt,
                     struct xd_run_result *result)
{
    struct xd_runner *r = xd_zalloc(sizeof(*r));

    r->p = p;
    r->opt = opt;
    r->result = result;
    r->value = xd_zalloc(p->names * sizeof(*r->value));
    r->known = xd_zalloc(p->names * sizeof(*r->known));
    if (p->domains > XD_DOMAINS_MAX) {
        r->step = 1;
        xd_report_as(r, XD_UNUSABLE, "%u domains are declared; a machine has at most %u",
                     p->domains, XD_DOMAINS_MAX);
        step_over(r);
    } else {
        xd_run_steps(r, 1, p->steps);
    }
    if (opt->ended && r->hv)
        opt->ended(opt->ctx, r->hv);
    xd_runner_free(r);
}

void xd_program_run(const struct xd_program *p, const struct xd_run_options *opt,
                    struct xd_run_result *result)
{
    *result = (struct xd_run_result){.verdict = XD_PASSED};
    if (opt->session && p->domains <= XD_DOMAINS_MAX)
        xd_session_run(opt->session, p, p->steps, opt, result);
    else
        run_once(p, opt, result);
}
