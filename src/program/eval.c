/* SPDX-License-Identifier: MIT */
/* eval.c: the value of an expression, here and now. */
#include "program/runner.h"

#include "base/lexer.h"
#include "hv/frame.h"
#include "hv/pte.h"

#include <string.h>

static bool no_value(struct xd_runner *r, const char *why)
{
    xd_report(r, "%s", why);
    return false;
}

/* The domain that a function or field is about, and a vCPU to look through. */
static struct xd_env *env_for(struct xd_runner *r, const struct xd_expr *x, struct xd_vcpu **v)
{
    uint32_t index = x->num ? (uint32_t)x->num - 1 : r->domain;
    struct xd_env *env = &r->env[index];

    *v = NULL;
    if (index >= r->p->domains) {
        xd_report(r, "there is no domain; a step before this one, such as `domain d1`, makes one");
        return NULL;
    }
    if (env->d)
        *v = xd_vcpu_at(env->d, index == r->domain ? r->vcpu : 0);
    if (!env->created) {
        xd_report(r, "%s does not exist yet", xd_text_at(r->p, r->p->domain[index].name));
        return NULL;
    }
    return env;
}

static bool page(struct xd_runner *r, const struct xd_env *env, uint64_t k, bool pfn,
                 uint64_t *value)
{
    if (k >= env->pages) {
        xd_report(r, "%s(%llu): the domain has %llu free pages", pfn ? "pfn" : "page",
                  (unsigned long long)k, (unsigned long long)env->pages);
        return false;
    }
    *value = pfn ? env->first_pfn + k : env->page[k];
    if (!pfn && r->opt->watch && r->opt->watch->uncertain &&
        r->opt->watch->uncertain(r->opt->ctx, *value, false))
        return no_value(r, "page(): it was given back, and frames were handed out since");
    return true;
}

static bool of_domain(struct xd_runner *r, const struct xd_expr *x, const uint64_t *arg,
                      uint64_t *value)
{
    struct xd_vcpu *v;
    const struct xd_env *env = env_for(r, x, &v);

    if (!env)
        return false;
    switch (x->sub) {
    case XD_FN_PAGE:
    case XD_FN_PFN: return page(r, env, arg[0], x->sub == XD_FN_PFN, value);
    case XD_FN_VA:
        if (arg[0] >= env->scratch) {
            xd_report(r, "va(%llu): the scratch window has %llu pages (scratch= of the domain)",
                      (unsigned long long)arg[0], (unsigned long long)env->scratch);
            return false;
        }
        *value = XD_SCRATCH_VA + arg[0] * XD_PAGE_SIZE;
        return true;
    case XD_FN_SHARED_INFO: *value = env->start.shared_info_mfn; return true;
    }
    if (!v)
        return no_value(r, "the domain is gone, or has no such vCPU");
    if (x->sub == XD_FN_CR3)
        *value = v->cr3.v;
    else if (x->sub == XD_FN_USER_CR3)
        *value = v->user_cr3.v;
    else if (arg[0] < 1 || arg[0] > 4)
        return no_value(r, "table(): levels are 1 to 4");
    else if (!xd_table_of(v, (unsigned int)arg[0], arg[1], value)) {
        xd_report(r, "table(%llu, 0x%llx): no such table; an entry above it is not present",
                  (unsigned long long)arg[0], (unsigned long long)arg[1]);
        return false;
    }
    return true;
}

static bool entry_at(struct xd_runner *r, uint64_t maddr, uint64_t *value)
{
    xd_mfn mfn = xd_mfn_of(maddr / XD_PAGE_SIZE);
    uint64_t slot = maddr % XD_PAGE_SIZE / 8;

    if (!xd_mfn_valid(r->hv, mfn) || mfn.v < XD_LOW_FRAMES) {
        xd_report(r, "entry(): there is no frame 0x%llx%s", (unsigned long long)mfn.v,
                  xd_mfn_valid(r->hv, mfn) ? " of RAM" : "");
        return false;
    }
    if (r->opt->watch && r->opt->watch->uncertain && slot >= XD_L4_XEN_FIRST &&
        slot < XD_L4_XEN_END)
        return no_value(r, "entry(): in an L4 this is Xen's own, which no two machines have alike");
    if (r->opt->watch && r->opt->watch->uncertain &&
        r->opt->watch->uncertain(r->opt->ctx, mfn.v, true))
        return no_value(r, "entry(): no domain has this frame; what lies there is up to the heap");
    *value = xd_frame_words(r->hv, mfn)[slot];
    return true;
}

/* ptr(...): the elements one after the other. */
static bool values(struct xd_runner *r, xd_ex e, size_t size, uint64_t *at)
{
    struct xd_str bytes = {0};
    uint64_t one = 0;
    bool ok = true;

    for (; e && ok; e = xd_expr_at(r->p, e)->next) {
        ok = xd_eval(r, e, &one);
        for (size_t i = 0; i < size; i++)
            xd_str_addc(&bytes, (char)(one >> 8 * i));
    }
    if (ok)
        *at = xd_area_put(r, xd_current(r), xd_str_text(&bytes), bytes.len);
    xd_str_free(&bytes);
    return ok;
}

/* Is there what the function asks or writes to? */
static bool has_place(struct xd_runner *r, const struct xd_expr *x)
{
    const char *name = xd_fn_row(x->sub)->name;

    switch (x->sub) {
    case XD_FN_PTE:
    case XD_FN_MACH: return true;
    case XD_FN_PTR:
    case XD_FN_PTR8:
    case XD_FN_PTR4:
    case XD_FN_TEXT:
    case XD_FN_BUF:
        if (!xd_current(r))
            xd_report(r,
                      "%s() puts bytes into memory of the current domain, and there is none; "
                      "`domain` makes one, `@` goes to another",
                      name);
        return xd_current(r) != NULL;
    default:
        if (!r->hv)
            xd_report(r, "%s() asks the machine, and before `machine` is done there is none", name);
        return r->hv != NULL;
    }
}

static bool function(struct xd_runner *r, const struct xd_expr *x, uint64_t *value)
{
    uint64_t arg[2] = {0, 0};
    const struct xd_expr *first = xd_expr_at(r->p, x->a);
    unsigned int n = 0;

    if (!has_place(r, x))
        return false;
    if (x->sub == XD_FN_PTR || x->sub == XD_FN_PTR8 || x->sub == XD_FN_PTR4)
        return values(r, x->a, x->sub == XD_FN_PTR4 ? 4 : 8, value);
    if (x->sub == XD_FN_TEXT) {
        *value = xd_area_put(r, xd_current(r), xd_text_at(r->p, first->a), first->num + 1);
        return true;
    }
    for (xd_ex e = x->a; e; e = xd_expr_at(r->p, e)->next)
        if (!xd_eval(r, e, &arg[n++]))
            return false;
    if (x->sub < XD_FN_OF_DOMAIN_END)
        return of_domain(r, x, arg, value);
    switch (x->sub) {
    case XD_FN_PTE: *value = xd_pte_make(xd_mfn_of(arg[0]), arg[1]); return true;
    case XD_FN_MACH: *value = arg[0] * XD_PAGE_SIZE; return true;
    case XD_FN_ENTRY: return entry_at(r, arg[0], value);
    case XD_FN_M2P: *value = xd_m2p(r->hv, arg[0]); return true;
    case XD_FN_FRAMES: *value = r->hv->frames; return true;
    default:
        if (arg[0] > r->env[r->domain].area_size)
            return no_value(r, "buf(): larger than all there is for arguments");
        *value = xd_area_put(r, xd_current(r), NULL, arg[0]);
        return true;
    }
}

static bool binary(struct xd_runner *r, const struct xd_expr *x, uint64_t *value)
{
    uint64_t a, b;

    if (!xd_eval(r, x->a, &a) || !xd_eval(r, x->b, &b))
        return false;
    if ((x->sub == '/' || x->sub == '%') && b == 0)
        return no_value(r, "division by zero");
    switch (x->sub) {
    case '|': *value = a | b; break;
    case '^': *value = a ^ b; break;
    case '&': *value = a & b; break;
    case XD_OP_SHL: *value = b < 64 ? a << b : 0; break;
    case XD_OP_SHR: *value = b < 64 ? a >> b : 0; break;
    case '+': *value = a + b; break;
    case '-': *value = a - b; break;
    case '*': *value = a * b; break;
    case '/': *value = a / b; break;
    default: *value = a % b; break;
    }
    return true;
}

static bool name(struct xd_runner *r, uint64_t slot, uint64_t *value)
{
    if (!r->known[slot]) {
        xd_report(r, "%s has no value: the step that gives it one (line %u) did not come so far",
                  xd_text_at(r->p, r->p->name[slot].name), r->p->name[slot].line);
        return false;
    }
    *value = r->value[slot];
    return true;
}

bool xd_eval(struct xd_runner *r, xd_ex e, uint64_t *value)
{
    const struct xd_expr *x = xd_expr_at(r->p, e);
    const struct xd_start_row *row;
    const struct xd_env *env;
    struct xd_vcpu *v;
    uint64_t a, b;

    switch ((enum xd_expr_op)x->op) {
    case XD_EX_NUM:
    case XD_EX_CONST:
    case XD_EX_ERRNO:
    case XD_EX_WORD: *value = x->num; return true;
    case XD_EX_NAME:
    case XD_EX_CAPTURE: return name(r, x->num, value);
    case XD_EX_DOMAIN:
        *value = r->env[x->num].domid;
        return r->env[x->num].created || no_value(r, "this domain does not exist yet");
    case XD_EX_NEG:
    case XD_EX_NOT:
        if (!xd_eval(r, x->a, &a))
            return false;
        *value = x->op == XD_EX_NEG ? 0 - a : ~a;
        return true;
    case XD_EX_BINARY: return binary(r, x, value);
    case XD_EX_SLOT:
        if (!xd_eval(r, x->a, &a) || !xd_eval(r, x->b, &b))
            return false;
        *value = a * XD_PAGE_SIZE + b * 8;
        return true;
    case XD_EX_FN: return function(r, x, value);
    case XD_EX_START:
        env = env_for(r, x, &v);
        if (!env)
            return false;
        row = &xd_start_rows()[x->sub];
        *value = 0;
        memcpy(value, (const unsigned char *)&env->start + row->off, row->size);
        return true;
    default: return no_value(r, "this is no number");
    }
}

bool xd_eval_or(struct xd_runner *r, const struct xd_item *it, uint64_t otherwise, uint64_t *value)
{
    *value = otherwise;
    return !it || xd_eval(r, it->value, value);
}

void xd_bind(struct xd_runner *r, xd_ex e, uint64_t value)
{
    uint64_t slot = xd_expr_at(r->p, e)->num;

    r->value[slot] = value;
    r->known[slot] = true;
}
