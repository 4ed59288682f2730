/* SPDX-License-Identifier: MIT */
/*
 * lever.c: levers: which calls they are about, and what becomes of those.
 *
 * Host functions run in the middle of a call here. They may set and clear levers and make calls of
 * their own; so levers are found by number anew at each turn, and the record of the call is put back.
 */
#include "hv/lever.h"

#include "abi/errno.h"
#include "abi/select.h"
#include "base/rng.h"
#include "hv/holders.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct xd_lever {
    struct xd_lever_config c; /* its text is not ours */
    struct xd_select select;
    uint64_t chance; /* state of its sequence */
    uint64_t met, hits;
    bool ended;
};

struct xd_levers *xd_levers_of(struct xd_hv *hv)
{
    if (!hv->host->levers)
        hv->host->levers = xd_zalloc(sizeof(*hv->host->levers));
    return hv->host->levers;
}

void xd_levers_settle(struct xd_hv *hv)
{
    struct xd_levers *ls = xd_levers_of(hv);

    while (ls->first < ls->nr && ls->lever[ls->first]->ended)
        ls->first++;
    hv->host->levers_on = ls->first < ls->nr || ls->expecting;
    xd_hooks_settle(hv);
}

static struct xd_lever *lever_at(const struct xd_hv *hv, uint64_t id)
{
    const struct xd_levers *ls = hv->host->levers;

    return ls && id >= 1 && id <= ls->nr ? ls->lever[id - 1] : NULL;
}

/* ---- Setting ---- */

bool xd_lever_select(struct xd_hv *hv, const char *text, struct xd_select *s)
{
    struct xd_str error = {0};
    struct xd_lexer l;
    bool ok;

    xd_lex_init(&l, text, strlen(text));
    ok = xd_select_parse(&l, s, &error);
    if (ok && l.tok.kind != XD_TOK_END) {
        ok = false;
        xd_str_addf(&error, "\"%s\" goes on behind the name of a call", text);
    }
    if (!ok)
        xd_hv_misuse(hv, XD_HOST_EINVAL, "%s", xd_str_text(&error));
    xd_str_free(&error);
    return ok;
}

int xd_lever_set(struct xd_hv *hv, const struct xd_lever_config *config)
{
    struct xd_levers *ls = xd_levers_of(hv);
    struct xd_lever l = {.c = *config, .chance = config->seed};
    struct xd_lever *at;

    if (config->percent > 100)
        return xd_hv_misuse(hv, XD_HOST_EINVAL, "a chance is 1 to 100 in 100, not %u",
                            config->percent);
    if (config->mock && config->spy)
        return xd_hv_misuse(hv, XD_HOST_EINVAL, "a lever answers calls or watches them, not both");
    if ((config->domain && config->domain->hv != hv) || (config->vcpu && config->vcpu->hv != hv))
        return xd_hv_misuse(hv, XD_HOST_EINVAL, "a lever is about domains of its own machine");
    if (!xd_lever_select(hv, config->call ? config->call : "*", &l.select))
        return -XD_HOST_EINVAL;
    l.c.nth = config->nth ? config->nth : 1;
    l.c.percent = config->percent ? config->percent : 100;
    if (ls->nr == ls->cap) {
        ls->cap = ls->cap ? 2 * ls->cap : 8;
        ls->lever = xd_realloc(ls->lever, ls->cap * sizeof(struct xd_lever *));
    }
    at = xd_zalloc(sizeof(*at));
    *at = l;
    ls->lever[ls->nr++] = at;
    xd_levers_settle(hv);
    return (int)ls->nr;
}

static int fail(struct xd_domain *d, struct xd_lever_config c, int err)
{
    if (err < 1 || err > 4095)
        return xd_hv_misuse(d->hv, XD_HOST_EINVAL,
                            "a call fails with an errno of 1 to 4095, such as XEN_ENOMEM, not %d",
                            err);
    c.domain = d;
    c.answer = -err;
    return xd_lever_set(d->hv, &c);
}

int xd_fail_nth(struct xd_domain *d, const char *call, uint64_t nth, int err)
{
    return fail(d, (struct xd_lever_config){.call = call, .nth = nth, .times = 1}, err);
}

int xd_fail_randomly(struct xd_domain *d, const char *call, uint32_t percent, uint64_t seed,
                     int err)
{
    return fail(d, (struct xd_lever_config){.call = call, .percent = percent, .seed = seed}, err);
}

int xd_mock(struct xd_domain *d, const char *call, xd_mock_fn *fn, void *ctx)
{
    if (!fn)
        return xd_hv_misuse(d->hv, XD_HOST_EINVAL, "xd_mock: there is no function to answer %s",
                            call);
    return xd_lever_set(
        d->hv, &(struct xd_lever_config){.call = call, .domain = d, .mock = fn, .ctx = ctx});
}

int xd_spy(struct xd_domain *d, const char *call, xd_spy_fn *fn, void *ctx)
{
    if (!fn)
        return xd_hv_misuse(d->hv, XD_HOST_EINVAL, "xd_spy: there is no function to call behind %s",
                            call);
    return xd_lever_set(
        d->hv, &(struct xd_lever_config){.call = call, .domain = d, .spy = fn, .ctx = ctx});
}

/* ---- Ending ---- */

void xd_lever_clear(struct xd_hv *hv, int lever)
{
    struct xd_levers *ls = xd_levers_of(hv);

    for (uint32_t i = 0; i < ls->nr; i++)
        if (lever == 0 || lever == (int)i + 1)
            ls->lever[i]->ended = true;
    xd_levers_settle(hv);
}

void xd_levers_forget(struct xd_domain *d)
{
    struct xd_levers *ls = d->hv->host->levers;

    if (!ls)
        return;
    for (uint32_t i = 0; i < ls->nr; i++) {
        struct xd_lever *l = ls->lever[i];

        if (l->c.domain != d && !(l->c.vcpu && l->c.vcpu->domain == d))
            continue;
        l->c.domain = NULL;
        l->c.vcpu = NULL;
        l->ended = true;
    }
    xd_expecting_end(ls, xd_expecting_of(ls, d));
    xd_levers_settle(d->hv);
}

void xd_levers_free(struct xd_host *host)
{
    struct xd_levers *ls = host->levers;

    for (uint32_t i = 0; ls && i < ls->nr; i++)
        free(ls->lever[i]);
    if (!ls)
        return;
    while (ls->expecting)
        xd_expecting_end(ls, ls->expecting);
    free(ls->lever);
    free(ls);
}

struct copy {
    uint32_t nr;
    struct xd_lever lever[];
};

void *xd_levers_copy(struct xd_hv *hv)
{
    const struct xd_levers *ls = xd_levers_of(hv);
    struct copy *c = xd_zalloc(sizeof(*c) + ls->nr * sizeof(c->lever[0]));

    c->nr = ls->nr;
    for (uint32_t i = 0; i < ls->nr; i++)
        c->lever[i] = *ls->lever[i];
    return c;
}

void xd_levers_put_back(struct xd_hv *hv, const void *copy)
{
    struct xd_levers *ls = xd_levers_of(hv);
    const struct copy *c = copy;

    XD_INVARIANT(hv, c->nr <= ls->nr);
    while (ls->nr > c->nr)
        free(ls->lever[--ls->nr]);
    for (uint32_t i = 0; i < ls->nr; i++)
        *ls->lever[i] = c->lever[i];
    ls->first = 0;
    xd_levers_settle(hv);
}

uint64_t xd_lever_hits(const struct xd_hv *hv, int lever)
{
    const struct xd_lever *l = lever > 0 ? lever_at(hv, (uint64_t)lever) : NULL;

    return l ? l->hits : 0;
}

/* ---- At a call ---- */

static const struct xd_told hook = {.what = XD_DEED_HOOK};

void xd_hook_begins(struct xd_vcpu *v)
{
    xd_tell_before(v->hv, &hook);
}

void xd_hook_ended(struct xd_vcpu *v)
{
    if (!v->hv)
        xd_misused("a hook, mock or spy destroyed the domain whose call it was shown");
    xd_tell_after(v->hv, &hook);
}

static bool is_about(const struct xd_lever *l, const struct xd_vcpu *v, const struct xd_asked *a)
{
    const struct xd_select *s = &l->select;

    if (l->ended || (l->c.domain && l->c.domain != v->domain) || (l->c.vcpu && l->c.vcpu != v))
        return false;
    if (s->any || s->nr != a->nr)
        return s->any && !a->item;
    return s->has_op ? a->has_op && s->op == a->op : !a->item;
}

/* A call that it is about: is it hit? */
static bool hits(struct xd_hv *hv, struct xd_lever *l)
{
    l->met++;
    if (l->met < l->c.nth || (l->c.percent < 100 && xd_rng_next(&l->chance) % 100 >= l->c.percent))
        return false;
    l->hits++;
    if (l->hits == l->c.times) {
        l->ended = true;
        xd_levers_settle(hv);
    }
    return true;
}

void xd_lever_answered(struct xd_vcpu *v, int id, int64_t rc)
{
    if (rc < 0)
        xd_reject(v, XD_WHY_INJECTED, (uint64_t)id, (uint64_t)-rc);
}

bool xd_levers_answer(struct xd_vcpu *v, const struct xd_asked *a, int64_t *rc)
{
    struct xd_levers *ls = xd_levers_of(v->hv);
    uint32_t nr = ls->nr; /* one that is set meanwhile is about later calls */

    for (uint32_t i = ls->first; i < nr; i++) {
        struct xd_lever *l = ls->lever[i];
        bool answered = true;

        if (l->c.spy || !is_about(l, v, a) || !hits(v->hv, l))
            continue;
        *rc = l->c.answer;
        if (l->c.mock) {
            struct xd_record rec = v->rec;

            xd_hook_begins(v);
            answered = l->c.mock(l->c.ctx, v, a->nr, a->arg, rc);
            v->rec = rec;
            xd_hook_ended(v);
        }
        if (!answered)
            continue;
        xd_lever_answered(v, (int)i + 1, *rc);
        return true;
    }
    return false;
}

static void tell_spies(struct xd_vcpu *v, const struct xd_asked *a, int64_t rc)
{
    struct xd_levers *ls = xd_levers_of(v->hv);
    uint32_t nr = ls->nr;

    for (uint32_t i = ls->first; i < nr; i++) {
        struct xd_lever *l = ls->lever[i];

        if (l->c.spy && is_about(l, v, a) && hits(v->hv, l)) {
            struct xd_record rec = v->rec;

            xd_hook_begins(v);
            l->c.spy(l->c.ctx, v, a->nr, a->arg, rc);
            v->rec = rec;
            xd_hook_ended(v);
        }
    }
}

void xd_levers_called(struct xd_vcpu *v, uint64_t nr, const uint64_t *arg, struct xd_asked *a)
{
    const struct xd_call *c = xd_call_at(nr);

    *a = (struct xd_asked){.nr = nr, .arg = arg};
    if (c)
        a->has_op = xd_command_asked(c, arg, xd_look_command, v, &a->op);
    xd_expect_note(v, a);
}

void xd_levers_returned(struct xd_vcpu *v, const struct xd_asked *a, int64_t rc)
{
    xd_expect_answered(v, a, rc);
    tell_spies(v, a, rc);
}

int xd_levers_item(struct xd_vcpu *v, uint64_t op, const uint64_t words[XD_LEVER_WORDS],
                   int (*run)(void *ctx), void *ctx)
{
    struct xd_asked a = {.nr = v->rec.nr, .op = op, .has_op = true, .item = true, .arg = words};
    const struct xd_observer *o = v->hv->host->observer;
    bool answered;
    int64_t rc;

    answered = xd_levers_answer(v, &a, &rc);
    if (!answered)
        rc = run(ctx);
    if (o)
        o->element(o->ctx, op, rc, answered);
    tell_spies(v, &a, rc);
    return (int)rc;
}

/* ---- For people ---- */

static const char *ordinal(uint64_t n)
{
    static const char *const ending[] = {"th", "st", "nd", "rd"};

    return n % 10 > 3 || n / 10 % 10 == 1 ? ending[0] : ending[n % 10];
}

static void add_which(struct xd_str *out, const struct xd_lever_config *c)
{
    if (c->times == 1)
        xd_str_addf(out, "the %" PRIu64 "%s", c->nth, ordinal(c->nth));
    else if (c->times)
        xd_str_addf(out, "%" PRIu64 " from the %" PRIu64 "%s on", c->times, c->nth,
                    ordinal(c->nth));
    else if (c->nth > 1)
        xd_str_addf(out, "all from the %" PRIu64 "%s on", c->nth, ordinal(c->nth));
    else
        xd_str_add(out, "all");
    if (c->percent < 100)
        xd_str_addf(out, " with a chance of %u in 100 (seed %" PRIu64 ")", c->percent, c->seed);
}

/* "lever 2 (event_channel_op.send of d1, the 3rd: ENOMEM)" */
static void describe(struct xd_str *out, uint64_t id, const struct xd_lever *l)
{
    const struct xd_lever_config *c = &l->c;
    const char *name = xd_errno_name(c->answer);

    xd_str_addf(out, "lever %" PRIu64 " (", id);
    xd_select_show(out, &l->select);
    if (c->vcpu)
        xd_str_addf(out, " of d%uv%u", c->vcpu->domain->domid, c->vcpu->id);
    else if (c->domain)
        xd_str_addf(out, " of d%u", c->domain->domid);
    xd_str_add(out, ", ");
    add_which(out, c);
    if (c->mock || c->spy)
        xd_str_addf(out, ": %s)", c->mock ? "a mock" : "a spy");
    else if (c->answer < 0 && name)
        xd_str_addf(out, ": %s)", name);
    else
        xd_str_addf(out, ": %" PRId64 ")", c->answer);
}

void xd_explain_lever(struct xd_hv *hv, uint64_t id, struct xd_str *out)
{
    const struct xd_lever *l = lever_at(hv, id);

    xd_str_add(out, "  it was answered by ");
    if (l)
        describe(out, id, l);
    else
        xd_str_add(out, "the host's hook (inject)");
    xd_str_addc(out, '\n');
}

char *xd_levers_left(struct xd_hv *hv)
{
    const struct xd_levers *ls = xd_levers_of(hv);
    struct xd_str out = {0};

    for (uint32_t i = ls->first; i < ls->nr; i++) {
        const struct xd_lever *l = ls->lever[i];
        uint64_t wanted = l->c.times ? l->c.times : 1;

        if (l->ended || l->c.spy || l->c.percent < 100 || l->hits >= wanted)
            continue;
        describe(&out, i + 1, l);
        xd_str_addf(&out, " hit %" PRIu64 " calls; there were %" PRIu64 " such calls\n", l->hits,
                    l->met);
    }
    return out.text ? out.text : xd_strdup("");
}
