/* SPDX-License-Identifier: MIT */
/* expect.c: the state of the machine, compared with what `expect` says of it. */
#include "program/runner.h"

#include "hv/evtchn.h"
#include "hv/frame.h"

#include <stdlib.h>
#include <string.h>

static const char *domain_name(const struct xd_runner *r, const struct xd_step *s)
{
    return xd_text_at(r->p, r->p->domain[s->domain].name);
}

static const struct xd_item *item(const struct xd_runner *r, const struct xd_step *s,
                                  const char *key)
{
    return xd_form_item(r->p, s, key);
}

static void check_number(struct xd_runner *r, const struct xd_step *s, const char *key,
                         unsigned int kind, uint64_t actual)
{
    const struct xd_item *it = item(r, s, key);

    if (it)
        xd_check_value(r, key, kind, ~UINT64_C(0), it->value, actual);
}

void xd_check_state(struct xd_runner *r, const struct xd_step *s, const char *key, bool actual)
{
    const struct xd_item *it = item(r, s, key);

    if (!it)
        return;
    r->result->checks++;
    if (it->negated == actual)
        xd_report(r, "expected %s%s, it is %s%s", it->negated ? "!" : "", key, actual ? "" : "!",
                  key);
}

static void check_word(struct xd_runner *r, const struct xd_step *s, const char *key,
                       uint64_t actual, const char *name)
{
    const struct xd_item *it = item(r, s, key);
    const struct xd_expr *x;

    if (!it)
        return;
    x = xd_expr_at(r->p, it->value);
    r->result->checks++;
    if (x->num != actual)
        xd_report(r, "%s: expected %s, got %s", key, xd_text_at(r->p, x->a), name);
}

static void check_owner(struct xd_runner *r, const struct xd_step *s, uint16_t owner)
{
    static const uint16_t ids[] = {XD_DOMID_XEN, XD_DOMID_IO, XD_DOMID_NONE};
    const struct xd_item *it = item(r, s, "owner");
    const struct xd_expr *x;

    if (!it)
        return;
    x = xd_expr_at(r->p, it->value);
    if (x->op != XD_EX_WORD) {
        xd_check_value(r, "owner", XD_K_DOMID, UINT16_MAX, it->value, owner);
        return;
    }
    r->result->checks++;
    if (ids[x->num] != owner)
        xd_report(r, "owner: expected %s, got domain 0x%x", xd_text_at(r->p, x->a), owner);
}

static void frame(struct xd_runner *r, const struct xd_step *s)
{
    const struct xd_frame *f;
    uint64_t mfn;

    if (!xd_eval(r, s->subject[0], &mfn))
        return;
    if (!xd_mfn_valid(r->hv, xd_mfn_of(mfn))) {
        xd_report(r, "there is no frame 0x%llx", (unsigned long long)mfn);
        return;
    }
    f = xd_frame_at(r->hv, xd_mfn_of(mfn));
    check_word(r, s, "type", f->type, xd_type_name((enum xd_type)f->type));
    check_number(r, s, "count", XD_K_U32, f->count ? f->type_count : 0);
    check_number(r, s, "refs", XD_K_U32, f->count);
    check_owner(r, s, f->count ? f->owner : XD_DOMID_NONE);
    xd_check_state(r, s, "pinned", f->flags & XD_FRAME_PINNED);
    xd_check_state(r, s, "validated", f->flags & XD_FRAME_VALIDATED);
    xd_check_state(r, s, "allocated", f->flags & XD_FRAME_ALLOCATED);
}

static void entry(struct xd_runner *r, const struct xd_step *s)
{
    uint64_t maddr;
    xd_mfn mfn;

    if (!xd_eval(r, s->subject[0], &maddr))
        return;
    mfn = xd_mfn_of(maddr / XD_PAGE_SIZE);
    if (!xd_mfn_valid(r->hv, mfn))
        xd_report(r, "there is no frame 0x%llx", (unsigned long long)mfn.v);
    else
        xd_check_value(r, "entry", XD_K_PTE, ~UINT64_C(0), s->result,
                       xd_frame_words(r->hv, mfn)[maddr % XD_PAGE_SIZE / 8]);
}

static void mem(struct xd_runner *r, const struct xd_step *s)
{
    struct xd_vcpu *v = xd_current(r);
    unsigned char bytes[8] = {0};
    uint64_t va, size, value = 0;

    if (!v || !xd_eval(r, s->subject[0], &va) || !xd_eval_or(r, item(r, s, "size"), 8, &size))
        return;
    if (size < 1 || size > 8)
        xd_report(r, "size=%llu: 1 to 8 bytes can be looked at", (unsigned long long)size);
    else if (!xd_look(v, bytes, va, size))
        xd_report(r, "nothing is mapped at 0x%llx", (unsigned long long)va);
    else {
        for (unsigned int i = 0; i < size; i++)
            value |= (uint64_t)bytes[i] << 8 * i;
        xd_check_value(r, "memory", XD_K_PTR,
                       size < 8 ? (UINT64_C(1) << 8 * size) - 1 : ~UINT64_C(0), s->result, value);
    }
}

static void m2p(struct xd_runner *r, const struct xd_step *s)
{
    uint64_t mfn;

    if (!xd_eval(r, s->subject[0], &mfn))
        return;
    if (mfn >= r->hv->frames)
        xd_report(r, "there is no frame 0x%llx", (unsigned long long)mfn);
    else
        xd_check_value(r, "m2p entry", XD_K_MFN, ~UINT64_C(0), s->result, xd_m2p(r->hv, mfn));
}

/* The domain that the step names; NULL with a report if it is not there. */
static struct xd_domain *domain_of(struct xd_runner *r, const struct xd_step *s)
{
    struct xd_domain *d = r->env[s->domain].d;

    if (!d)
        xd_report(r, "%s does not exist %s", domain_name(r, s),
                  r->env[s->domain].created ? "any more" : "yet");
    return d;
}

static void port(struct xd_runner *r, const struct xd_step *s)
{
    static const struct xd_port invalid = {.state = XD_PORT_FREE};
    struct xd_domain *d = domain_of(r, s);
    const struct xd_port *p;
    uint64_t nr;
    size_t before = r->report.len;

    if (!d || !xd_eval(r, s->subject[0], &nr))
        return;
    p = nr < XD_PORTS ? xd_port_find(d, (uint32_t)nr) : NULL;
    if (!p)
        p = &invalid;
    check_word(r, s, "state", p->state, xd_port_state_name(p->state));
    check_number(r, s, "remote", XD_K_DOMID, p->remote_dom);
    check_number(r, s, "remote_port", XD_K_PORT, p->remote_port);
    check_number(r, s, "virq", XD_K_VIRQ, p->virq);
    check_number(r, s, "vcpu", XD_K_VCPU, p->notify_vcpu);
    xd_check_state(r, s, "pending", p != &invalid && xd_port_is_pending(d, (uint32_t)nr));
    xd_check_state(r, s, "masked", p != &invalid && xd_port_is_masked(d, (uint32_t)nr));
    if (r->report.len > before) {
        struct xd_str text = {0};

        xd_explain_port(d, (uint32_t)(nr < XD_PORTS ? nr : XD_PORTS), &text);
        xd_report(r, "%s", xd_str_text(&text));
        xd_str_free(&text);
    }
}

static void vcpu(struct xd_runner *r, const struct xd_step *s)
{
    static const char *const states[] = {"running", "blocked", "down", "shutdown", "paused"};
    struct xd_domain *d = domain_of(r, s);
    struct xd_vcpu *v = d ? xd_vcpu_at(d, s->vcpu) : NULL;
    const struct xd_abi_vcpu_info *info;

    if (!v) {
        if (d)
            xd_report(r, "%s has no vCPU %u", domain_name(r, s), s->vcpu);
        return;
    }
    info = xd_vcpu_info(v);
    check_word(r, s, "state", xd_vcpu_state(v), states[xd_vcpu_state(v)]);
    xd_check_state(r, s, "upcall_pending", info->evtchn_upcall_pending);
    xd_check_state(r, s, "upcall_mask", info->evtchn_upcall_mask);
    check_number(r, s, "sel", XD_K_PTR, info->evtchn_pending_sel);
    check_number(r, s, "cr3", XD_K_MFN, v->cr3.v);
    check_number(r, s, "user_cr3", XD_K_MFN, v->user_cr3.v);
    check_number(r, s, "event", XD_K_VA, v->event.address);
    check_number(r, s, "failsafe", XD_K_VA, v->failsafe.address);
    check_number(r, s, "syscall", XD_K_VA, v->syscall.address);
    check_number(r, s, "flushes", XD_K_U64, v->tlb_flushes);
    check_number(r, s, "invlpgs", XD_K_U64, v->tlb_invlpgs);
    xd_check_state(r, s, "due", xd_upcall_due(v));
    xd_check_state(r, s, "continuing", xd_continuing(v));
    xd_expect_registers(r, s, v);
}

static void check_shutdown(struct xd_runner *r, const struct xd_step *s, const struct xd_domain *d)
{
    const struct xd_item *it = item(r, s, "shutdown");
    const struct xd_expr *x = it ? xd_expr_at(r->p, it->value) : NULL;
    bool down = d->shutting_down || d->shut_down;

    if (!it)
        return;
    if (x->op == XD_EX_WORD || !down) {
        r->result->checks++;
        if (down != (x->op != XD_EX_WORD))
            xd_report(
                r, down ? "shutdown: expected none, got code %d" : "shutdown: it is not shut down",
                (int)d->shutdown_code);
        return;
    }
    xd_check_value(r, "shutdown", XD_K_SHUTDOWN, ~UINT64_C(0), it->value,
                   (uint64_t)(int64_t)d->shutdown_code);
}

static void domain(struct xd_runner *r, const struct xd_step *s)
{
    struct xd_domain *d = domain_of(r, s);

    if (!d)
        return;
    check_shutdown(r, s, d);
    check_number(r, s, "pages", XD_K_U32, d->pages);
    check_number(r, s, "assist", XD_K_PTR, d->vm_assist);
}

static void console(struct xd_runner *r, const struct xd_step *s)
{
    const struct xd_expr *x = xd_expr_at(r->p, s->subject[0]);

    r->result->checks++;
    if (r->console.len != x->num ||
        memcmp(xd_str_text(&r->console), xd_text_at(r->p, x->a), x->num))
        xd_report(r, "console: expected \"%s\", got \"%s\"", xd_text_at(r->p, x->a),
                  xd_str_text(&r->console));
    xd_str_clear(&r->console);
}

static void audit(struct xd_runner *r)
{
    char *report;

    r->result->checks++;
    if (xd_audit(r->hv, &report))
        xd_report_as(r, XD_BROKEN, "the audit disagrees:\n%s", report);
    free(report);
}

void xd_run_expect(struct xd_runner *r, const struct xd_step *s)
{
    switch (s->kind) {
    case XD_STEP_EXPECT_FRAME: frame(r, s); break;
    case XD_STEP_EXPECT_ENTRY: entry(r, s); break;
    case XD_STEP_EXPECT_MEM: mem(r, s); break;
    case XD_STEP_EXPECT_M2P: m2p(r, s); break;
    case XD_STEP_EXPECT_STACK: xd_expect_stack(r, s); break;
    case XD_STEP_EXPECT_PORT: port(r, s); break;
    case XD_STEP_EXPECT_VCPU: vcpu(r, s); break;
    case XD_STEP_EXPECT_DOMAIN: domain(r, s); break;
    case XD_STEP_EXPECT_CONSOLE: console(r, s); break;
    default: audit(r); break;
    }
}
