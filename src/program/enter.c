/* SPDX-License-Identifier: MIT */
/* enter.c: steps in which a guest runs into something that enters its kernel, and its registers. */
#include "program/runner.h"

#include "hv/bounce.h"

struct xd_vcpu *xd_current_or(struct xd_runner *r)
{
    struct xd_vcpu *v = xd_current(r);

    if (!v)
        xd_report(r, "the current vCPU does not exist");
    return v;
}

static bool number(struct xd_runner *r, const struct xd_step *s, const char *key, uint64_t *value)
{
    return xd_eval_or(r, xd_form_item(r->p, s, key), *value, value);
}

void xd_run_regs(struct xd_runner *r, const struct xd_step *s)
{
    struct xd_vcpu *v = xd_current_or(r);
    struct xd_registers regs;

    if (!v)
        return;
    xd_guest_registers(v, &regs);
    if (number(r, s, "rip", &regs.rip) && number(r, s, "rsp", &regs.rsp) &&
        number(r, s, "rflags", &regs.rflags) && number(r, s, "rax", &regs.rax) &&
        number(r, s, "rcx", &regs.rcx) && number(r, s, "r11", &regs.r11) &&
        xd_guest_registers_set(v, &regs))
        xd_report(r, "%s", xd_hv_error(r->hv));
}

static void check(struct xd_runner *r, const struct xd_step *s, struct xd_vcpu *v,
                  enum xd_entered how)
{
    const struct xd_expr *x = xd_expr_at(r->p, s->result);
    const struct xd_item *why = xd_form_item(r->p, s, "why");
    const size_t before = r->report.len;

    if (how == XD_ENTERED_MISUSE) {
        xd_report(r, "%s", xd_hv_error(r->hv));
        return;
    }
    if (s->result && x->op == XD_EX_WORD) {
        r->result->checks++;
        if (x->num != (uint64_t)how)
            xd_report(r, "expected %s, got %s", xd_entered_words[x->num], xd_entered_words[how]);
    }
    if (why)
        xd_check_why(r, why->value, xd_why(v));
    if (r->report.len > before && xd_why(v))
        r->explain = v;
    if (r->opt->explain && xd_why(v))
        xd_tell_refusal(r, v);
    if (r->opt->fill && !s->result) {
        xd_fill_word(r, (uint32_t)(s - r->p->step), xd_entered_words[how]);
        if (xd_why(v) && !why)
            xd_fill_why(r, (uint32_t)(s - r->p->step),
                        XD_KEY_FORM + (s->kind == XD_STEP_TRAP ? 1u : 0u), xd_why(v));
    }
}

static enum xd_entered trap(struct xd_runner *r, const struct xd_step *s, struct xd_vcpu *v,
                            uint64_t vector)
{
    uint64_t error = 0, cr2 = 0;

    if (vector != 1 && xd_form_item(r->p, s, "dr6")) {
        xd_report(r, "dr6= says why a #DB comes, which is `trap 1`");
        return XD_ENTERED_MISUSE;
    }
    if (!number(r, s, "error", &error) || !number(r, s, vector == 1 ? "dr6" : "cr2", &cr2))
        return XD_ENTERED_MISUSE;
    return xd_guest_trap(v, vector < 32 ? (unsigned int)vector : 32, (uint32_t)error, cr2);
}

void xd_run_enter(struct xd_runner *r, const struct xd_step *s)
{
    struct xd_vcpu *v = xd_current_or(r);
    uint64_t vector = 0;

    if (!v || (s->subject[0] && !xd_eval(r, s->subject[0], &vector)))
        return;
    switch (s->kind) {
    case XD_STEP_TRAP: check(r, s, v, trap(r, s, v, vector)); break;
    case XD_STEP_INT:
        check(r, s, v, xd_guest_int(v, vector < 256 ? (unsigned int)vector : 256));
        break;
    case XD_STEP_SYSCALL: check(r, s, v, xd_guest_syscall(v)); break;
    case XD_STEP_FAILSAFE: check(r, s, v, xd_guest_failsafe(v)); break;
    default: check(r, s, v, xd_guest_deliver(v)); break;
    }
}

void xd_deliver_fault(struct xd_runner *r, struct xd_vcpu *v, enum xd_access how,
                      struct xd_fault *f)
{
    enum xd_entered entered = XD_ENTERED_NONE;

    if (how == XD_ACCESS_FAULT)
        entered = xd_guest_trap(v, XD_VECTOR_PF, f->error, f->cr2);
    else if (how == XD_ACCESS_GP)
        entered = xd_guest_trap(v, XD_VECTOR_GP, 0, 0);
    if (entered == XD_ENTERED_MISUSE)
        xd_report(r, "%s", xd_hv_error(r->hv));
    else if (entered == XD_ENTERED_CRASH)
        f->why = xd_why(v);
}

/* ---- What is expected of them ---- */

static void look(struct xd_runner *r, const struct xd_step *s, const char *key, uint64_t actual)
{
    const struct xd_item *it = xd_form_item(r->p, s, key);

    if (it)
        xd_check_value(r, key, XD_K_PTR, ~UINT64_C(0), it->value, actual);
}

void xd_expect_registers(struct xd_runner *r, const struct xd_step *s, const struct xd_vcpu *v)
{
    struct xd_registers regs;

    xd_guest_registers(v, &regs);
    xd_check_state(r, s, "user", regs.user);
    look(r, s, "rip", regs.rip);
    look(r, s, "rsp", regs.rsp);
    look(r, s, "rflags", regs.rflags);
    look(r, s, "cs", regs.cs);
    look(r, s, "ss", regs.ss);
    look(r, s, "rax", regs.rax);
    look(r, s, "rcx", regs.rcx);
    look(r, s, "r11", regs.r11);
    look(r, s, "cr2", regs.cr2);
    xd_check_state(r, s, "nmi_pending", regs.nmi_pending);
    xd_check_state(r, s, "nmi_in_service", regs.nmi_in_service);
}

void xd_expect_stack(struct xd_runner *r, const struct xd_step *s)
{
    const bool error = xd_form_item(r->p, s, "error");
    struct xd_vcpu *v = xd_current_or(r);
    uint64_t word[XD_FRAME_WORDS + 1];

    if (!v)
        return;
    if (!xd_look(v, word, v->regs.rsp, (XD_FRAME_WORDS + error) * sizeof(word[0]))) {
        xd_report(r, "no frame can be at RSP, 0x%llx: nothing is mapped there",
                  (unsigned long long)v->regs.rsp);
        return;
    }
    look(r, s, "rcx", word[XD_FRAME_RCX]);
    look(r, s, "r11", word[XD_FRAME_R11]);
    look(r, s, "error", word[XD_FRAME_RIP]);
    look(r, s, "rip", word[XD_FRAME_RIP + error]);
    look(r, s, "cs", word[XD_FRAME_CS + error] & UINT32_MAX);
    look(r, s, "mask", word[XD_FRAME_CS + error] >> 32);
    look(r, s, "rflags", word[XD_FRAME_RFLAGS + error]);
    look(r, s, "rsp", word[XD_FRAME_RSP + error]);
    look(r, s, "ss", word[XD_FRAME_SS + error]);
}
