/* SPDX-License-Identifier: MIT */
/*
 * record.c: the recording of a machine: its file, its head, and the order of what goes into it.
 *
 * A line is written, and flushed, as soon as it is whole, so that a test that ends in a crash leaves
 * what led to it. Only behind a multicall that sleeps do lines wait until it is over. What can't be
 * recorded is told on stderr and ends the recording with `incomplete`, which no replay accepts.
 */
#define _POSIX_C_SOURCE 200809L
#include "guest/record.h"

#include "guest/access.h"
#include "hv/frame.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- The file ---- */

static void put(struct xd_recorder *r, const char *text, size_t n)
{
    if (!r->file)
        return;
    if (fwrite(text, 1, n, r->file) == n && fflush(r->file) == 0)
        return;
    fprintf(stderr, "xendouble: %s: %s: the recording ends here\n", r->path, strerror(errno));
    fclose(r->file);
    r->file = NULL;
    r->over = true;
}

static void open_file(struct xd_recorder *r)
{
    r->path = xd_record_path(getenv("XENDOUBLE_RECORD"));
    r->pid = (long)getpid();
    r->file = fopen(r->path, "w");
    if (!r->file)
        fprintf(stderr, "xendouble: XENDOUBLE_RECORD: %s: %s: nothing is recorded\n", r->path,
                strerror(errno));
    r->over = !r->file;
}

/* A process that forked off goes on in a file of its own, which begins as the other one did. */
static void follow_fork(struct xd_recorder *r)
{
    FILE *from = NULL, *old = r->file;
    char *path = r->path, buf[4096];

    if (!old || r->pid == (long)getpid())
        return;
    from = fopen(path, "r");
    open_file(r);
    for (size_t n; from && (n = fread(buf, 1, sizeof(buf), from)) > 0;)
        put(r, buf, n);
    if (from)
        fclose(from);
    fclose(old); /* nothing waits in it: every line was flushed */
    free(path);
}

/* ---- Order ---- */

static struct xd_chunk *add_chunk(struct xd_recorder *r, struct xd_said *waits)
{
    struct xd_chunk *k = xd_zalloc(sizeof(*k));

    k->waits = waits;
    *r->last_chunk = k;
    r->last_chunk = &k->next;
    return k;
}

static void write_chunks(struct xd_recorder *r)
{
    while (r->chunk && !r->chunk->waits) {
        struct xd_chunk *k = r->chunk;

        r->chunk = k->next;
        if (!r->chunk)
            r->last_chunk = &r->chunk;
        put(r, xd_str_text(&k->text), k->text.len);
        xd_str_free(&k->text);
        free(k);
    }
}

static void drop_chunks(struct xd_recorder *r)
{
    while (r->chunk) {
        struct xd_chunk *k = r->chunk;

        r->chunk = k->next;
        xd_str_free(&k->text);
        free(k);
    }
    r->last_chunk = &r->chunk;
}

void xd_record_say(struct xd_recorder *r, const struct xd_vcpu *v, const char *text)
{
    struct xd_chunk *k;

    if (r->over)
        return;
    k = add_chunk(r, NULL);
    if (v && v != r->current) {
        xd_str_addf(&k->text, "@d%u.%u\n", v->domain->domid, v->id);
        r->current = v;
    }
    xd_str_add(&k->text, text);
    write_chunks(r);
}

void xd_record_give_up(struct xd_recorder *r, const char *fmt, ...)
{
    struct xd_str why = {0}, line = {0};
    va_list ap;

    if (r->over)
        return;
    va_start(ap, fmt);
    xd_str_vaddf(&why, fmt, ap);
    va_end(ap);
    fprintf(stderr, "xendouble: XENDOUBLE_RECORD: %s: the recording ends here: %s\n", r->path,
            xd_str_text(&why));
    xd_str_add(&line, "incomplete ");
    xd_say_text(&line, xd_str_text(&why), why.len);
    xd_str_addc(&line, '\n');
    drop_chunks(r); /* what lies behind a call that is not over rests on it */
    xd_record_say(r, NULL, xd_str_text(&line));
    r->over = true;
    xd_str_free(&why);
    xd_str_free(&line);
}

/* A call that sleeps is finished by a replay as soon as its vCPU wakes: nothing may come before it. */
static void check_sleepers(struct xd_recorder *r, const struct xd_vcpu *v)
{
    for (struct xd_said *c = r->suspended; c && !r->over; c = c->next)
        if (c->ready && c->v != v)
            xd_record_give_up(r,
                              "d%uv%u went on with a multicall only after others had done more "
                              "since it was woken",
                              c->v->domain->domid, c->v->id);
}

/* A vCPU that was reset, or is gone, never goes on with its list, and a later call of its is another. */
void xd_record_sleepers(struct xd_recorder *r)
{
    for (struct xd_said *c = r->suspended; c && !r->over; c = c->next)
        if (!xd_continuing(c->v))
            xd_record_give_up(r,
                              "d%uv%u was reset, or its domain destroyed, in the middle of a "
                              "multicall, and no step says how far that came",
                              c->domid, c->id);
}

void xd_record_turn(struct xd_recorder *r, const struct xd_vcpu *v)
{
    follow_fork(r);
    check_sleepers(r, v);
}

/* ---- Memory ---- */

static void note(struct xd_recorder *r, uint64_t va, const void *bytes, size_t n, bool write,
                 bool ok)
{
    struct xd_said *c = r->now;
    struct xd_reach *a;

    if (r->over || !c)
        return;
    if (c->reaches == c->reach_cap) {
        c->reach_cap = c->reach_cap * 2 + 4;
        c->reach = xd_realloc(c->reach, c->reach_cap * sizeof(*c->reach));
    }
    a = &c->reach[c->reaches++];
    *a = (struct xd_reach){.va = va,
                           .n = n,
                           .order = r->reached++,
                           .write = write,
                           .ok = ok,
                           .bytes = xd_zalloc(n + 1)};
    if (ok)
        memcpy(a->bytes, bytes, n);
}

static struct xd_recorder *recorder_of(struct xd_vcpu *v)
{
    return ((struct xd_guest *)v->hv->host->linked.guest)->recorder;
}

static bool read_noted(void *ctx, struct xd_vcpu *v, uint64_t va, void *buf, size_t n)
{
    bool ok = xd_access_read(ctx, v, va, buf, n);

    note(recorder_of(v), va, buf, n, false, ok);
    return ok;
}

static bool write_noted(void *ctx, struct xd_vcpu *v, uint64_t va, const void *buf, size_t n)
{
    struct xd_recorder *r = recorder_of(v);
    uint64_t from = (uintptr_t)r->hv->mem, size = (uint64_t)r->hv->frames * XD_PAGE_SIZE;
    bool ok = xd_access_write(ctx, v, va, buf, n);

    note(r, va, buf, n, true, ok);
    if (ok && !r->over && r->now && va - from < size) {
        struct xd_said *c = r->now;

        while (c->outer)
            c = c->outer;
        xd_shadow_wrote(r, (const unsigned char *)(uintptr_t)va, n, &c->late);
    }
    return ok;
}

/* ---- Calls ---- */

static struct xd_said *take_suspended(struct xd_recorder *r, const struct xd_vcpu *v)
{
    for (struct xd_said **at = &r->suspended; *at; at = &(*at)->next)
        if ((*at)->v == v) {
            struct xd_said *c = *at;

            *at = c->next;
            c->next = NULL;
            return c;
        }
    return NULL;
}

static void on_call(void *ctx, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg)
{
    struct xd_recorder *r = ctx;
    struct xd_said *c = NULL;

    if (r->over)
        return;
    if (r->now && r->hook) {
        xd_record_hooked(r, "made a call");
        return;
    }
    if (r->hv->host->hooks.read != read_noted || r->hv->host->hooks.write != write_noted) {
        xd_record_give_up(r, "hooks of the host's stand before the guests' memory");
        return;
    }
    if (!r->now) {
        xd_record_turn(r, v);
        if (v != r->current) /* names of pages are about the domain of the last `@` */
            xd_record_say(r, v, "");
        c = take_suspended(r, v);
        if (c) /* going on has taken its continuation */
            xd_shadow_know(r, &v->continuing, sizeof(v->continuing));
        xd_shadow_stores(r);
        if (r->over) {
            if (c)
                xd_said_free(c);
            return;
        }
    }
    if (!c) {
        c = xd_zalloc(sizeof(*c));
        c->v = v;
        c->nr = nr;
        memcpy(c->arg, arg, sizeof(c->arg));
        c->last_entry = &c->entry;
    }
    c->outer = r->now;
    if (r->now) {
        *r->now->last_entry = c;
        r->now->last_entry = &c->next;
    }
    r->now = c;
}

static struct xd_chunk *chunk_of(struct xd_recorder *r, const struct xd_said *c)
{
    struct xd_chunk *k = r->chunk;

    while (k && k->waits != c)
        k = k->next;
    return k;
}

/* The call sleeps: its line comes here when it is over. */
static void suspend(struct xd_recorder *r, struct xd_said *c)
{
    if (!c->suspended)
        add_chunk(r, c);
    c->suspended = true;
    c->ready = false;
    c->domid = c->v->domain->domid;
    c->id = c->v->id;
    c->next = r->suspended;
    r->suspended = c;
}

static void finish(struct xd_recorder *r, struct xd_said *c)
{
    struct xd_str text = {0};
    struct xd_chunk *k;

    xd_said_text(r, c, &text);
    k = chunk_of(r, c); /* giving up drops it */
    if (k) {
        xd_str_addn(&k->text, xd_str_text(&text), text.len);
        k->waits = NULL;
        write_chunks(r);
    } else {
        xd_record_say(r, c->v, xd_str_text(&text));
    }
    xd_str_free(&text);
    xd_said_free(c);
}

/* A call that a hook answered reads nothing; its line shows what it would have. */
static void note_operand(struct xd_recorder *r, struct xd_vcpu *v)
{
    const struct xd_said *c = r->now;
    const struct xd_call *call = xd_call_at(c->nr);
    const struct xd_op *op;
    unsigned char operand[1024];

    if (!call || call->shape != XD_SHAPE_OPS)
        return;
    op = xd_op_at(call->group, call->group == &xd_group_memory ? c->arg[0] & 63 : c->arg[0]);
    if (op && op->size && op->size <= sizeof(operand) &&
        xd_access_read(NULL, v, c->arg[1], operand, op->size))
        note(r, c->arg[1], operand, op->size, false, true);
}

static void on_ret(void *ctx, struct xd_vcpu *v, int64_t rc, bool injected)
{
    struct xd_recorder *r = ctx;
    struct xd_said *c = r->now;

    if (r->over || !c)
        return;
    c->rc = rc;
    c->why = xd_why(v);
    c->injected = injected;
    if (injected)
        note_operand(r, v);
    r->now = c->outer;
    if (c->outer)
        return;
    c->blocked = xd_vcpu_state(v) == XD_STATE_BLOCKED;
    if (xd_continuing(v))
        suspend(r, c);
    else
        finish(r, c);
    xd_shadow_settle(r, false);
}

static void on_element(void *ctx, uint64_t op, int64_t rc, bool injected)
{
    struct xd_recorder *r = ctx;
    struct xd_said *c = r->now;

    if (r->over || !c)
        return;
    if (c->elements == c->element_cap) {
        c->element_cap = c->element_cap * 2 + 4;
        c->element = xd_realloc(c->element, c->element_cap * sizeof(*c->element));
    }
    c->element[c->elements++] = (struct xd_element){.op = op, .rc = rc, .injected = injected};
}

/* ---- Beginning and end ---- */

/* Is the machine as its configurations make it? They are all that the head can say. */
static bool is_as_made(struct xd_hv *hv)
{
    struct xd_hv *fresh;
    struct xd_domain *d;
    bool same;

    if (xd_hv_create(&fresh, &hv->config))
        return false;
    if (hv->host->clock) { /* the host's wall clock is no use of it */
        fresh->wc_sec = hv->wc_sec;
        fresh->wc_nsec = hv->wc_nsec;
    }
    same = true;
    for (const struct xd_asked_domain *a = hv->host->asked; a && same; a = a->next)
        same = xd_domain_create(fresh, &a->config, &d) == 0;
    for (uint32_t i = 0; hv->host->clock && i < hv->config.domains_max; i++) { /* nor its TSC */
        fresh->domain[i].vtsc_khz = hv->domain[i].vtsc_khz;
        fresh->domain[i].vtsc_since = hv->domain[i].vtsc_since;
    }
    same = same && xd_digest_state(fresh) == xd_digest_state(hv);
    xd_hv_destroy(fresh);
    return same;
}

void xd_record_begin(struct xd_guest *g)
{
    const char *name = getenv("XENDOUBLE_RECORD");
    struct xd_host *host = g->hv->host;
    struct xd_recorder *r;

    if (!name || !*name || g->recorder)
        return;
    r = xd_zalloc(sizeof(*r));
    r->g = g;
    r->hv = g->hv;
    r->last_chunk = &r->chunk;
    open_file(r);
    g->recorder = r;
    if (!xd_shadow_make(r)) {
        xd_record_give_up(r, "there is no memory for a copy of the machine");
        return;
    }
    xd_record_machine(r);
    for (const struct xd_asked_domain *a = host->asked; a && !r->over; a = a->next) {
        xd_record_domain(r, a);
        xd_record_names(r, (struct xd_domain *)(uintptr_t)a->d);
    }
    if (!r->over && !is_as_made(g->hv))
        xd_record_give_up(r, "the machine was used before it was linked: call xd_guest_link() or "
                             "xd_enter() first");
    if (r->over)
        return;
    xd_shadow_settle(r, false);
    r->observer = (struct xd_observer){.ctx = r,
                                       .call = on_call,
                                       .ret = on_ret,
                                       .element = on_element,
                                       .before = xd_record_before,
                                       .after = xd_record_after};
    host->observer = &r->observer;
    host->linked.read = read_noted;
    host->linked.write = write_noted;
}

void xd_record_end(struct xd_guest *g)
{
    struct xd_recorder *r = g->recorder;

    if (!r)
        return;
    if (!r->over) {
        follow_fork(r);
        xd_shadow_stores(r);
        if (r->suspended)
            xd_record_give_up(r, "the machine ended in the middle of a multicall of d%uv%u",
                              r->suspended->v->domain->domid, r->suspended->v->id);
        xd_shadow_expect_frames(r);
        xd_record_say(r, NULL, "expect audit\n");
    }
    g->hv->host->observer = NULL;
    while (r->now && r->now->outer)
        r->now = r->now->outer;
    if (r->now) /* it was given up in the middle */
        xd_said_free(r->now);
    while (r->suspended)
        xd_said_free(take_suspended(r, r->suspended->v));
    drop_chunks(r);
    if (r->file)
        fclose(r->file);
    xd_shadow_free(r);
    free(r->path);
    free(r);
    g->recorder = NULL;
}
