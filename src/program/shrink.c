/* SPDX-License-Identifier: MIT */
/*
 * shrink.c: leaving out parts of a program, large ones first.
 *
 * Every sweep goes from the end to the beginning, so that what uses a name goes before what
 * declares it.
 */
#include "program/shrinker.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

#define RESULT 0x80000000u /* a unit: the result of the step of this number */

/* ---- Candidates ---- */

static uint64_t hash_of(const struct xd_program *p)
{
    struct xd_str text = {0};
    uint64_t hash;

    xd_program_print(p, &text);
    hash = xd_hash64(0, xd_str_text(&text), text.len);
    xd_str_free(&text);
    return hash ? hash : 1;
}

static void put_tried(struct xd_shrinker *s, uint64_t hash)
{
    size_t i = hash & (s->tried_cap - 1);

    while (s->tried[i])
        i = (i + 1) & (s->tried_cap - 1);
    s->tried[i] = hash;
    s->tried_nr++;
}

/* Was it tried? From now on it is. */
static bool tried_before(struct xd_shrinker *s, uint64_t hash)
{
    uint64_t *old = s->tried;
    size_t old_cap = s->tried_cap;

    for (size_t i = hash & (old_cap - 1); old_cap && old[i]; i = (i + 1) & (old_cap - 1))
        if (old[i] == hash)
            return true;
    if (s->tried_nr * 2 >= old_cap) {
        s->tried_cap = old_cap ? old_cap * 2 : 256;
        s->tried = xd_zalloc(s->tried_cap * sizeof(*s->tried));
        s->tried_nr = 0;
        for (size_t i = 0; i < old_cap; i++)
            if (old[i])
                put_tried(s, old[i]);
        free(old);
    }
    put_tried(s, hash);
    return false;
}

static bool within_limits(struct xd_shrinker *s)
{
    if ((s->opt.calls_max && s->stats->calls >= s->opt.calls_max) ||
        (s->opt.go_on && !s->opt.go_on(s->ctx, s->stats)))
        s->over = true;
    return !s->over;
}

static uint32_t count_steps(const struct xd_program *p)
{
    uint32_t n = 0;

    for (uint32_t i = 1; i < p->steps; i++)
        n += p->step[i].kind != XD_STEP_NOTE;
    return n;
}

static bool ask(struct xd_shrinker *s, const struct xd_program *p)
{
    if (!within_limits(s))
        return false;
    s->stats->calls++;
    return s->still_fails(s->ctx, p);
}

bool xd_shrink_try(struct xd_shrinker *s, struct xd_program *edited)
{
    struct xd_program *small = s->over ? NULL : xd_program_compact(edited);
    uint64_t hash = small ? hash_of(small) : s->now_text;
    bool taken = false;

    if (hash != s->now_text) {
        s->stats->candidates++;
        if (tried_before(s, hash))
            s->stats->repeated++;
        else if (!xd_program_sound(small))
            s->stats->unsound++;
        else
            taken = ask(s, small);
    }
    if (taken) {
        s->stats->steps_after = count_steps(small);
        s->now_text = hash;
        xd_program_free(s->now);
        s->now = edited;
    } else {
        xd_program_free(edited);
    }
    xd_program_free(small);
    return taken;
}

/* ---- Sweeps ---- */

void xd_units_add(struct xd_units *u, uint32_t nr)
{
    if (u->n == u->cap) {
        u->cap = u->cap * 2 + 64;
        u->nr = xd_realloc(u->nr, u->cap * sizeof(*u->nr));
    }
    u->nr[u->n++] = nr;
}

/* One sweep in pieces of (size) units. True: some could be left out. */
static bool sweep_once(struct xd_shrinker *s, const struct xd_phase *phase, struct xd_units *u,
                       uint32_t size)
{
    bool any = false;

    for (uint32_t end = u->n, start; end > 0 && !s->over; end = start) {
        struct xd_program *q = xd_program_clone(s->now);

        start = end > size ? end - size : 0;
        phase->leave_out(q, phase->of, u->nr + start, end - start);
        if (!xd_shrink_try(s, q))
            continue;
        any = true;
        u->n = 0;
        phase->collect(s->now, phase->of, u);
        if (start > u->n)
            start = u->n;
    }
    return any;
}

bool xd_shrink_sweep(struct xd_shrinker *s, const struct xd_phase *phase)
{
    struct xd_units u = {0};
    uint32_t size;
    bool any = false, more = true;

    phase->collect(s->now, phase->of, &u);
    for (size = u.n; size > 1 && !s->over; size = (size + 1) / 2) {
        any |= sweep_once(s, phase, &u, size);
        if (size > u.n && u.n > 1)
            size = u.n;
    }
    while (u.n && more && !s->over) {
        more = sweep_once(s, phase, &u, 1);
        any |= more;
    }
    free(u.nr);
    return any;
}

/* ---- Steps ---- */

/* Which step declares each name and domain; 0: none does. */
struct declared {
    const struct xd_program *p;
    uint32_t *name, *domain;
    bool *gone;
    bool changed, uses_gone;
};

static void note_name(void *ctx, const struct xd_place *at)
{
    struct declared *d = ctx;

    if (xd_place_defines(d->p, at))
        d->name[xd_expr_at(d->p, at->e)->num] = at->step;
}

static void declared_init(struct declared *d, const struct xd_program *p)
{
    *d = (struct declared){.p = p};
    d->name = xd_zalloc(p->names * sizeof(*d->name));
    d->domain = xd_zalloc(p->domains * sizeof(*d->domain));
    d->gone = xd_zalloc(p->steps * sizeof(*d->gone));
    for (uint32_t i = 1; i < p->steps; i++) {
        xd_step_places(p, i, note_name, d);
        if (p->step[i].kind == XD_STEP_DOMAIN)
            d->domain[p->step[i].domain] = i;
    }
}

static void declared_free(struct declared *d)
{
    free(d->name);
    free(d->domain);
    free(d->gone);
}

static uint32_t declared_by(const struct declared *d, const struct xd_place *at)
{
    const struct xd_expr *x = xd_expr_at(d->p, at->e);

    switch ((enum xd_expr_op)x->op) {
    case XD_EX_NAME:
    case XD_EX_CAPTURE: return d->name[x->num];
    case XD_EX_DOMAIN: return d->domain[x->num];
    case XD_EX_FN:
    case XD_EX_START: return x->num ? d->domain[x->num - 1] : 0;
    default: return 0;
    }
}

/* Step (at) stays after all, and with it the blocks around it. */
static void bring_back(struct declared *d, uint32_t at)
{
    if (!at || !d->gone[at])
        return;
    d->changed = true;
    d->gone[at] = false;
    for (uint32_t i = at; d->p->step[at].depth && i-- > 1;)
        if (i + d->p->step[i].parts >= at)
            d->gone[i] = false;
}

static void keep_what_is_used(void *ctx, const struct xd_place *at)
{
    bring_back(ctx, declared_by(ctx, at));
}

static void look_for_gone(void *ctx, const struct xd_place *at)
{
    struct declared *d = ctx;
    uint32_t by = declared_by(d, at);

    d->uses_gone |= by && d->gone[by];
}

static void mark(struct declared *d, const uint32_t *nr, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        memset(d->gone + nr[i], true, (1 + d->p->step[nr[i]].parts) * sizeof(*d->gone));
}

/*
 * What others still use stays; but if that is all, then these others go too.
 */
static void leave_out_steps(struct xd_program *q, xd_ex of, const uint32_t *nr, uint32_t n)
{
    struct declared d;
    bool left = false;

    (void)of;
    declared_init(&d, q);
    mark(&d, nr, n);
    do {
        d.changed = false;
        for (uint32_t i = q->steps; i-- > 1;) {
            if (d.gone[i])
                continue;
            xd_step_places(q, i, keep_what_is_used, &d);
            if (xd_step_names_domain(&q->step[i]))
                bring_back(&d, d.domain[q->step[i].domain]);
        }
    } while (d.changed);
    for (uint32_t i = 1; i < q->steps; i++)
        left |= d.gone[i];
    if (!left) {
        mark(&d, nr, n);
        for (uint32_t i = 1; i < q->steps; i++) {
            d.uses_gone = xd_step_names_domain(&q->step[i]) && d.gone[d.domain[q->step[i].domain]];
            xd_step_places(q, i, look_for_gone, &d);
            if (d.uses_gone)
                mark(&d, &i, 1);
        }
    }
    xd_program_drop_steps(q, d.gone);
    declared_free(&d);
}

static void collect_steps(const struct xd_program *p, xd_ex of, struct xd_units *u)
{
    (void)of;
    for (uint32_t i = 1; i < p->steps; i += 1 + p->step[i].parts)
        xd_units_add(u, i);
}

static void collect_entries(const struct xd_program *p, xd_ex of, struct xd_units *u)
{
    (void)of;
    for (uint32_t i = 1; i < p->steps; i++)
        if (p->step[i].depth)
            xd_units_add(u, i);
}

/* ---- Elements and other items ---- */

struct used {
    const struct xd_program *p;
    bool *name;
    bool found;
};

static void note_use(void *ctx, const struct xd_place *at)
{
    struct used *w = ctx;
    const struct xd_expr *x = xd_expr_at(w->p, at->e);

    if ((x->op == XD_EX_NAME || x->op == XD_EX_CAPTURE) && !xd_place_defines(w->p, at))
        w->name[x->num] = true;
}

/* Does (e), a value behind `=`, capture what another step uses? */
static bool captures_used(const struct used *w, xd_ex e)
{
    const struct xd_expr *x = xd_expr_at(w->p, e);

    if (x->op == XD_EX_BIND)
        return w->name[x->num];
    if (x->op == XD_EX_LIST)
        for (xd_ex el = x->a; el; el = xd_expr_at(w->p, el)->next)
            if (captures_used(w, el))
                return true;
    return false;
}

static void collect_elements(const struct xd_program *p, xd_ex of, struct xd_units *u)
{
    (void)of;
    for (uint32_t i = 1; i < p->steps; i++)
        for (xd_at k = p->step[i].in; k; k = xd_item_at(p, k)->next)
            if (xd_item_at(p, k)->key == XD_KEY_ELEMENT)
                xd_units_add(u, k);
}

static bool may_lack(const struct xd_step *s, const struct xd_item *it)
{
    if (s->kind != XD_STEP_CALL)
        return true;
    if (s->raw || s->call->shape == XD_SHAPE_PLAIN)
        return !it->next && !(s->raw && it->key == 0);
    return it->key != XD_KEY_OP && it->key != XD_KEY_ELEMENT;
}

static bool result_may_lack(const struct used *w, const struct xd_step *s)
{
    bool needed =
        s->kind != XD_STEP_CALL && xd_form_of((enum xd_step_kind)s->kind)->value == XD_V_EXPR;

    return s->result && !needed && !captures_used(w, s->result) &&
           !(s->out && xd_expr_at(w->p, s->result)->op == XD_EX_ANY);
}

static void collect_items(const struct xd_program *p, xd_ex of, struct xd_units *u)
{
    struct used w = {.p = p, .name = xd_zalloc(p->names * sizeof(*w.name))};

    (void)of;
    for (uint32_t i = 1; i < p->steps; i++)
        xd_step_places(p, i, note_use, &w);
    for (uint32_t i = 1; i < p->steps; i++) {
        const struct xd_step *s = &p->step[i];

        for (xd_at k = s->in; k; k = xd_item_at(p, k)->next) {
            const struct xd_item *it = xd_item_at(p, k);

            if (may_lack(s, it))
                xd_units_add(u, k);
            for (xd_at f = it->sub; f; f = xd_item_at(p, f)->next)
                if (xd_item_at(p, f)->key != XD_KEY_CMD)
                    xd_units_add(u, f);
        }
        for (xd_at k = s->out; k; k = xd_item_at(p, k)->next)
            if (!captures_used(&w, xd_item_at(p, k)->value))
                xd_units_add(u, k);
        if (result_may_lack(&w, s))
            xd_units_add(u, RESULT | i);
    }
    free(w.name);
}

static void leave_out_items(struct xd_program *q, xd_ex of, const uint32_t *nr, uint32_t n)
{
    bool *gone = xd_zalloc(q->items * sizeof(*gone));

    (void)of;
    for (uint32_t i = 0; i < n; i++)
        if (!(nr[i] & RESULT))
            gone[nr[i]] = true;
    xd_program_drop_items(q, gone);
    free(gone);
    for (uint32_t i = 0; i < n; i++) {
        struct xd_step *s = &q->step[nr[i] & ~RESULT];

        if (nr[i] & RESULT)
            s->result =
                s->out ? xd_program_expr(q, (struct xd_expr){.op = XD_EX_ANY, .depth = 1}) : 0;
    }
}

/* ---- The whole ---- */

static bool leave_out(struct xd_shrinker *s)
{
    static const struct xd_phase phases[] = {{collect_steps, leave_out_steps, 0},
                                             {collect_entries, leave_out_steps, 0},
                                             {collect_elements, leave_out_items, 0},
                                             {collect_items, leave_out_items, 0}};
    bool any = false;

    for (unsigned int i = 0; i < XD_ARRAY_SIZE(phases); i++)
        any |= xd_shrink_sweep(s, &phases[i]);
    return any;
}

/* Rids s->now of what nothing names any more. */
static void tidy(struct xd_shrinker *s)
{
    struct xd_program *small = xd_program_compact(s->now);

    xd_program_free(s->now);
    s->now = small;
}

/* A list or block of at most one part needs no lines of its own. */
static void join_lines(struct xd_program *p)
{
    for (uint32_t i = 1; i < p->steps; i++) {
        struct xd_step *s = &p->step[i];
        uint32_t n = s->parts;

        for (xd_at k = s->in; k; k = xd_item_at(p, k)->next)
            n += xd_item_at(p, k)->key == XD_KEY_ELEMENT;
        s->spread &= n > 1;
    }
}

static void search(struct xd_shrinker *s)
{
    do {
        while (leave_out(s) && !s->over)
            tidy(s);
    } while (!s->over && xd_shrink_values(s));
    s->stats->minimal = !s->over;
}

struct xd_program *xd_shrink(const struct xd_program *p,
                             bool (*still_fails)(void *ctx, const struct xd_program *candidate),
                             void *ctx, const struct xd_shrink_options *o,
                             struct xd_shrink_stats *stats)
{
    struct xd_shrink_stats unused;
    struct xd_shrinker s = {.still_fails = still_fails, .ctx = ctx};

    s.stats = stats ? stats : &unused;
    *s.stats = (struct xd_shrink_stats){.steps_before = count_steps(p)};
    s.stats->steps_after = s.stats->steps_before;
    if (o)
        s.opt = *o;
    s.stats->fails = ask(&s, p);
    if (!s.stats->fails)
        return NULL;
    s.now = xd_program_compact(p);
    xd_program_drop_comments(s.now);
    s.now_text = hash_of(s.now);
    search(&s);
    tidy(&s);
    join_lines(s.now);
    free(s.tried);
    return s.now;
}
