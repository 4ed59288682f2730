/* SPDX-License-Identifier: MIT */
/*
 * record_call.c: a finished call as a line of the language.
 *
 * The rows of src/abi say where its arguments lie. What the call read and wrote in guest memory was
 * noted; a line is good if it says all of that. Where it can't, or where places overlap that a line keeps apart, the call
 * is written as bare registers, after `memory` steps that put the very same bytes at the very same addresses.
 */
#include "guest/record.h"

#include "abi/guest64.h"
#include "hv/sched.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define PTR_MAX         200u                     /* values in a ptr() */
#define SCHED_OP_COMPAT 6u                       /* the hypercall */
#define OP_SHUTDOWN     2u                       /* of it, and of sched_op */
#define USER_END        UINT64_C(0x800000000000) /* addresses below are all alike to a call */

/* One call that is being put into words. */
struct words {
    struct xd_recorder *r;
    struct xd_said *c;
    struct xd_str in, out;
    bool good;
};

/* ---- Pointers ---- */

static void say_list(struct words *w, unsigned int kind, const unsigned char *bytes, size_t n,
                     struct xd_str *out)
{
    size_t size = kind == XD_K_PORTS ? 4 : 8;

    xd_str_addc(out, '[');
    for (size_t i = 0; i < n; i += size) {
        xd_str_add(out, i ? ", " : "");
        xd_say_value(w->r, w->c->v,
                     kind == XD_K_ENTRIES ? XD_K_MFN
                     : kind == XD_K_PORTS ? XD_K_PORT
                                          : XD_K_NONE,
                     xd_number_at(bytes + i, size), out);
    }
    xd_str_addc(out, ']');
}

static bool is_plain_text(const unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((bytes[i] < ' ' && bytes[i] != '\n' && bytes[i] != '\t' && bytes[i] != '\r') ||
            bytes[i] > 0x7e)
            return false;
    return n > 0;
}

/*
 * What is behind pointer (p), called (name), at most (elements) where it is a list: before the result,
 * and behind it what was written. Returns the number of elements, for a list.
 */
static size_t pointer(struct words *w, const char *name, unsigned int kind, uint64_t p,
                      uint64_t elements)
{
    size_t size = kind == XD_K_PORTS ? 4 : 8, most = 1 << 20, n, put;
    bool list = kind == XD_K_ENTRIES || kind == XD_K_PORTS;
    unsigned char *bytes = xd_zalloc(most);

    if (list && elements < most / size)
        most = elements * size;
    n = p ? xd_said_read(w->c, p, bytes, most) : 0;
    put = p ? xd_said_written(w->c, p, NULL, most) : 0;
    if ((n && put > n) || (list && (n % size || put % size)) || xd_said_readonly(w->c, p))
        w->good = false;
    if (!n && !put)
        xd_say_value(w->r, w->c->v, XD_K_PTR, p, &w->in);
    else if (!n)
        xd_str_addf(&w->in, "buf(%zu)", put);
    else if (list)
        say_list(w, kind, bytes, n, &w->in);
    else if (is_plain_text(bytes, n) || n % 8 || n / 8 > PTR_MAX)
        xd_say_text(&w->in, bytes, n);
    else {
        xd_str_add(&w->in, "ptr(");
        for (size_t i = 0; i < n; i += 8) {
            xd_str_add(&w->in, i ? ", " : "");
            xd_say_pte(w->r, w->c->v, xd_number_at(bytes + i, 8), &w->in);
        }
        xd_str_addc(&w->in, ')');
    }
    if (put) {
        xd_said_written(w->c, p, bytes, put);
        xd_str_addf(&w->out, " %s=", name);
        if (list || put % 8 == 0)
            say_list(w, kind, bytes, put, &w->out);
        else
            xd_say_text(&w->out, bytes, put);
    }
    xd_said_tell(w->c, p, n > put ? n : put);
    free(bytes);
    return list ? n / size : 0;
}

static bool is_pointer(unsigned int kind)
{
    return kind == XD_K_PTR || kind == XD_K_ENTRIES || kind == XD_K_PORTS;
}

/* ---- Operations ---- */

/* The field that says how long the list in field (f) is, as the reader of the line knows it. */
static int length_field(const struct xd_field *fields, unsigned int f)
{
    const struct xd_field *after = &fields[f + 1];

    if (after->name && after->dir & XD_IN && (after->kind == XD_K_U32 || after->kind == XD_K_U64))
        return (int)f + 1;
    return f > 0 && (fields[f - 1].kind == XD_K_U32 || fields[f - 1].kind == XD_K_U64) ? (int)f - 1
                                                                                       : -1;
}

static void fields(struct words *w, const struct xd_op *op, uint64_t at, const unsigned char *was)
{
    const struct xd_field *f = op->fields();
    unsigned char now[1024];
    int told_length = -1;

    for (unsigned int i = 0; f[i].name; i++) {
        uint64_t value = xd_number_at(was + f[i].off, f[i].size);
        uint64_t said;
        size_t n;
        int length;

        if (!(f[i].dir & XD_IN) || f[i].size > 8)
            continue;
        if (is_pointer(f[i].kind) && value) {
            xd_str_addf(&w->in, " %s=", f[i].name);
            length = f[i].kind == XD_K_PTR ? -1 : length_field(f, i);
            said = length < 0 ? UINT64_MAX : xd_number_at(was + f[length].off, f[length].size);
            n = pointer(w, f[i].name, f[i].kind, value, said);
            if (n && length >= 0) {
                told_length = length;
                if (said != n && length > (int)i)
                    xd_str_addf(&w->in, " %s=%" PRIu64, f[length].name, said);
                else if (said != n) /* it stands before the list, and was left out or is right */
                    w->good &= said != 0;
            }
        } else if (value && (int)i != told_length) {
            xd_str_addf(&w->in, " %s=", f[i].name);
            xd_say_value(w->r, w->c->v, f[i].kind, value, &w->in);
        }
    }
    for (unsigned int i = 0; f[i].name; i++) {
        size_t size = f[i].size;
        bool in = f[i].dir & XD_IN;

        if (!(f[i].dir & XD_OUT) || size > sizeof(now) ||
            xd_said_written(w->c, at + f[i].off, now, size) != size)
            continue;
        /* What was not set shows what stood there, which is not in the line. */
        if (!in && xd_number_at(was + f[i].off, size) && !memcmp(now, was + f[i].off, size))
            continue;
        xd_str_addf(&w->out, " %s=", f[i].name);
        if (f[i].kind == XD_K_TEXT) {
            const unsigned char *end = memchr(now, 0, size);

            xd_say_text(&w->out, now, end ? (size_t)(end - now) : size);
        } else {
            xd_say_value(w->r, w->c->v, f[i].kind, xd_number_at(now, size), &w->out);
        }
    }
}

static void operation(struct words *w, const struct xd_call *call)
{
    struct xd_said *c = w->c;
    bool memory = call->group == &xd_group_memory;
    uint64_t nr = memory ? c->arg[0] & 63 : (uint32_t)c->arg[0], at = c->arg[1];
    const struct xd_op *op = xd_op_at(call->group, nr);
    unsigned char was[1024];

    w->good &= memory || c->arg[0] <= UINT32_MAX; /* the register is wider than the number */
    if (op)
        xd_str_addf(&w->in, " %s", op->name);
    else
        xd_str_addf(&w->in, " op=%" PRIu64, nr);
    if (op && op->size && op->size <= sizeof(was) &&
        xd_said_read(c, at, was, op->size) == op->size && !xd_said_readonly(c, at)) {
        xd_said_tell(c, at, op->size);
        if (op->fields)
            fields(w, op, at, was);
    } else if (at) {
        xd_str_addf(&w->in, " arg=%#" PRIx64, at);
    } else if (op && op->size) {
        xd_str_add(&w->in, " arg=0");
    }
    if (memory && c->arg[0] >> 6)
        xd_str_addf(&w->in, " start=%" PRIu64, c->arg[0] >> 6);
}

/* ---- Batches ---- */

static void mmu_element(struct words *w, const unsigned char *e)
{
    uint64_t ptr = xd_number_at(e, 8), val = xd_number_at(e + 8, 8), cmd = ptr & 7;
    const struct xd_vcpu *v = w->c->v;

    if (cmd == 1 && (ptr & (XD_PAGE_SIZE - 1)) == 1) {
        xd_str_add(&w->in, "machphys ");
        xd_say_frame(w->r, v, ptr / XD_PAGE_SIZE, &w->in);
        xd_str_add(&w->in, " = ");
        xd_say_number(&w->in, val);
        return;
    }
    if (cmd == 0 || cmd == 2 || cmd == 3) {
        if (cmd)
            xd_str_addf(&w->in, "%s ", xd_op_at(&xd_group_mmu, cmd)->name);
        xd_say_frame(w->r, v, ptr / XD_PAGE_SIZE, &w->in);
        xd_str_addf(&w->in, "[%" PRIu64 "]", ptr % XD_PAGE_SIZE / 8);
    } else {
        xd_str_addf(&w->in, "raw %#" PRIx64, ptr);
    }
    xd_str_add(&w->in, " = ");
    xd_say_pte(w->r, v, val, &w->in);
}

static void mmuext_element(struct words *w, const unsigned char *e)
{
    uint64_t cmd = xd_number_at(e, 4), arg1 = xd_number_at(e + 8, 8),
             arg2 = xd_number_at(e + 16, 8);
    const struct xd_op *op = xd_op_at(&xd_group_mmuext, cmd);
    const struct xd_field *f = op && op->fields ? op->fields() : NULL;

    if (!op) {
        xd_str_addf(&w->in, "cmd=%" PRIu64 " arg1=%#" PRIx64 " arg2=%#" PRIx64, cmd, arg1, arg2);
        return;
    }
    xd_str_add(&w->in, op->name);
    for (; f && f->name; f++) {
        uint64_t value = xd_number_at(e + f->off, f->size);

        if (!value)
            continue;
        xd_str_addf(&w->in, " %s=", f->name);
        if (is_pointer(f->kind))
            pointer(w, f->name, f->kind, value, UINT64_MAX);
        else
            xd_say_value(w->r, w->c->v, f->kind, value, &w->in);
    }
}

static void done_word(struct words *w)
{
    struct xd_said *c = w->c;
    unsigned char done[4];

    if (xd_said_written(c, c->arg[2], done, 4) == 4) {
        xd_str_addf(&w->out, " done=%" PRIu64, xd_number_at(done, 4));
        xd_said_tell(c, c->arg[2], 4);
    } else if (c->arg[2] && c->arg[2] < USER_END && !xd_said_readonly(c, c->arg[2])) {
        xd_str_add(&w->out, " done=none");
    } else {
        xd_str_addf(&w->in, " pdone=%#" PRIx64, c->arg[2]);
    }
}

static void batch(struct words *w, bool mmu)
{
    struct xd_said *c = w->c;
    size_t size = mmu ? sizeof(struct xd_abi_mmu_update) : sizeof(struct xd_abi_mmuext_op), n = 0;
    unsigned char e[24];
    uint64_t fd = c->arg[3] & 0xffff, pfd = (uint32_t)c->arg[3] >> 16;

    xd_str_add(&w->in, " [");
    for (; xd_said_read(c, c->arg[0] + n * size, e, size) == size && n < c->arg[1]; n++) {
        xd_str_add(&w->in, n ? ", " : "");
        if (mmu)
            mmu_element(w, e);
        else
            mmuext_element(w, e);
    }
    xd_str_addc(&w->in, ']');
    xd_said_tell(c, c->arg[0], n * size);
    if (fd != XD_DOMID_SELF) {
        xd_str_add(&w->in, " fd=");
        xd_say_value(w->r, c->v, XD_K_DOMID, fd, &w->in);
    }
    w->good &= mmu || !pfd;
    if (pfd && mmu) {
        xd_str_add(&w->in, " pfd=");
        xd_say_value(w->r, c->v, XD_K_DOMID, pfd - 1, &w->in);
    }
    if (n != c->arg[1])
        xd_str_addf(&w->in, " count=%#" PRIx64, c->arg[1]);
    if (!n && (c->arg[1] || c->arg[0] >= USER_END))
        xd_str_addf(&w->in, " %s=%#" PRIx64, mmu ? "reqs" : "ops", c->arg[0]);
    done_word(w);
}

/* ---- Lines ---- */

static bool call_line(struct xd_recorder *r, struct xd_said *c, bool inner, struct xd_str *out);

static void block(struct words *w)
{
    struct xd_said *c = w->c;
    const size_t size = sizeof(struct xd_abi_multicall_entry);
    uint64_t n = 0;

    xd_str_add(&w->in, " {");
    for (struct xd_said *e = c->entry; e; e = e->next, n++) {
        xd_str_add(&w->in, n ? " ; " : " ");
        w->good &= call_line(w->r, e, true, &w->in);
    }
    xd_str_add(&w->in, " }");
    xd_said_tell(c, c->arg[0], n * size);
    if (n != c->arg[1])
        xd_str_addf(&w->in, " nr_calls=%#" PRIx64, c->arg[1]);
    if (!n && (c->arg[1] || c->arg[0] >= USER_END))
        xd_str_addf(&w->in, " calls=%#" PRIx64, c->arg[0]);
    for (size_t i = 0; i < c->reaches; i++) /* entries that can be read and not written */
        w->good &= c->reach[i].ok || !c->reach[i].write;
}

static void positional(struct words *w, const struct xd_call *call)
{
    unsigned int nr = XD_CALL_ARGS;
    static const struct xd_field none = {0};

    while (nr && !w->c->arg[nr - 1])
        nr--;
    for (unsigned int i = 0; i < nr; i++) {
        const struct xd_field *f = &none;

        for (unsigned int k = 0; k <= i && call->arg[k].name; k++)
            f = k == i ? &call->arg[k] : &none;
        if (!f->name)
            break; /* registers that the call does not look at */
        xd_str_addc(&w->in, ' ');
        if (is_pointer(f->kind))
            pointer(w, f->name, f->kind, w->c->arg[i], UINT64_MAX);
        else
            xd_say_value(w->r, w->c->v, f->kind, w->c->arg[i], &w->in);
    }
}

static void outcome(struct words *w, bool inner)
{
    const struct xd_said *c = w->c;
    char name[64];

    xd_str_add(&w->in, " = ");
    xd_say_rc(&w->in, c->rc);
    if (w->out.len)
        xd_str_add(&w->in, w->out.text);
    if (c->why && !(c->nr == 13 && c->rc == 0))
        xd_str_addf(&w->in, " why=%s", xd_why_text(c->why, name, sizeof(name)));
    if (c->blocked && !inner)
        xd_str_add(&w->in, " blocked");
}

/* What the toolstack of a domain that suspends finds in RDX, which is no argument of the call, but stays there. */
static bool leaves_rdx(const struct xd_said *c, const struct xd_call *call)
{
    return (call->group == &xd_group_sched || call->nr == SCHED_OP_COMPAT) &&
           (uint32_t)c->arg[0] == OP_SHUTDOWN && c->arg[2];
}

/* The call in words. False: it can't be said so. */
static bool call_line(struct xd_recorder *r, struct xd_said *c, bool inner, struct xd_str *out)
{
    const struct xd_call *call = xd_call_at(c->nr);
    struct words w = {.r = r, .c = c, .good = call && (inner || !leaves_rdx(c, call))};

    if (call) {
        xd_str_add(&w.in, call->name);
        switch ((enum xd_shape)call->shape) {
        case XD_SHAPE_OPS: operation(&w, call); break;
        case XD_SHAPE_MMU: batch(&w, true); break;
        case XD_SHAPE_MMUEXT: batch(&w, false); break;
        case XD_SHAPE_MULTI: block(&w); break;
        case XD_SHAPE_COMPAT: w.good = false; break;
        case XD_SHAPE_PLAIN: positional(&w, call); break;
        }
        outcome(&w, inner);
        w.good &= xd_said_all_told(c);
    }
    if (w.good)
        xd_str_addn(out, w.in.text, w.in.len);
    xd_str_free(&w.in);
    xd_str_free(&w.out);
    return w.good;
}

/* ---- Bare registers ---- */

static bool bare_call(const struct xd_said *c, struct xd_str *out)
{
    unsigned int nr = XD_CALL_ARGS;
    struct xd_str after = {0};
    char name[64];
    bool good = xd_said_memory(c, out, &after);

    while (nr && !c->arg[nr - 1])
        nr--;
    xd_str_addf(out, "hypercall %" PRIu64, c->nr);
    for (unsigned int i = 0; i < nr; i++)
        xd_str_addf(out, c->arg[i] > 9999 ? " %#" PRIx64 : " %" PRIu64, c->arg[i]);
    xd_str_add(out, " = ");
    xd_say_rc(out, c->rc);
    if (c->why && !(c->nr == 13 && c->rc == 0))
        xd_str_addf(out, " why=%s", xd_why_text(c->why, name, sizeof(name)));
    xd_str_addc(out, '\n');
    xd_str_addn(out, xd_str_text(&after), after.len);
    xd_str_free(&after);
    return good;
}

/* ---- Answers that a hook gave ---- */

static bool alike(const struct xd_said *a, const struct xd_said *b)
{
    const struct xd_call *call = xd_call_at(a->nr);
    uint64_t mask = call && call->group == &xd_group_memory ? 63 : UINT64_MAX;

    return a->nr == b->nr &&
           (!call || call->shape != XD_SHAPE_OPS || !xd_op_at(call->group, a->arg[0] & mask) ||
            (a->arg[0] & mask) == (b->arg[0] & mask));
}

/* (before): calls, or elements, like it in the same step that come before it and are not answered so. */
static void say_injection(struct xd_recorder *r, uint64_t nr, const struct xd_op *op,
                          unsigned int before, int64_t rc, struct xd_str *out)
{
    const struct xd_call *call = xd_call_at(nr);

    if (!call) {
        xd_record_give_up(r, "a hook answered hypercall %" PRIu64 ", which has no name", nr);
        return;
    }
    xd_str_addf(out, "inject %s", call->name);
    if (op)
        xd_str_addf(out, " %s", op->name);
    if (before)
        xd_str_addf(out, " nth=%u", before + 1);
    xd_str_add(out, " error=");
    xd_say_rc(out, rc);
    xd_str_addc(out, '\n');
}

static void inject_call(struct xd_recorder *r, const struct xd_said *c, unsigned int before,
                        struct xd_str *out)
{
    const struct xd_call *call = xd_call_at(c->nr);
    const struct xd_op *op = NULL;

    if (call && call->shape == XD_SHAPE_OPS)
        op = xd_op_at(call->group, call->group == &xd_group_memory ? c->arg[0] & 63 : c->arg[0]);
    say_injection(r, c->nr, op, before, c->rc, out);
}

/* Elements of (c) that could have been answered as its (end)th was, before that one. */
static unsigned int elements_alike(const struct xd_said *c, const struct xd_said *of, size_t nth,
                                   size_t end)
{
    unsigned int n = 0;

    for (size_t i = 0; c->nr == of->nr && i < end; i++)
        n += c->element[i].op == of->element[nth].op && !c->element[i].injected;
    return n;
}

/* Those of (c), itself (top) or an entry of it. */
static void inject_elements(struct xd_recorder *r, const struct xd_said *top,
                            const struct xd_said *c, struct xd_str *out)
{
    const struct xd_group *group =
        c->elements && xd_call_at(c->nr)->shape == XD_SHAPE_MMU ? &xd_group_mmu : &xd_group_mmuext;

    for (size_t i = 0; i < c->elements; i++) {
        unsigned int before = elements_alike(c, c, i, i);
        const struct xd_op *op = xd_op_at(group, c->element[i].op);

        if (!c->element[i].injected)
            continue;
        for (const struct xd_said *e = top->entry; c != top && e != c; e = e->next)
            before += elements_alike(e, c, i, e->elements);
        if (op)
            say_injection(r, c->nr, op, before, c->element[i].rc, out);
        else
            xd_record_give_up(r, "a lever answered an element of %s that has no name",
                              xd_call_at(c->nr)->name);
    }
}

static void injections(struct xd_recorder *r, const struct xd_said *c, struct xd_str *out)
{
    if (c->injected)
        inject_call(r, c, 0, out);
    inject_elements(r, c, c, out);
    for (const struct xd_said *e = c->entry; e; e = e->next) {
        unsigned int before = alike(c, e);

        for (const struct xd_said *k = c->entry; e->injected && k != e; k = k->next)
            before += alike(e, k) && !k->injected;
        if (e->injected)
            inject_call(r, e, before, out);
        inject_elements(r, c, e, out);
    }
}

void xd_said_text(struct xd_recorder *r, struct xd_said *c, struct xd_str *out)
{
    struct xd_str line = {0};

    injections(r, c, out);
    if (call_line(r, c, false, &line) && xd_said_apart(c))
        xd_str_addf(out, "%s\n", xd_str_text(&line));
    else if (c->suspended)
        xd_record_give_up(r,
                          "a multicall that was put to sleep, and reads what has no form in words");
    else if (!bare_call(c, out))
        xd_record_give_up(r, "memory that a call read changed in the middle of it");
    xd_str_free(&line);
    if (c->late.len)
        xd_str_addn(out, c->late.text, c->late.len);
}
