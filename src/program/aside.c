/* SPDX-License-Identifier: MIT */
/*
 * aside.c: memory of a linked machine's guests. It lies beside the machine, as the host's memory does
 * for linked code: what a step's arguments are put into, what `memory` gives, and nothing else. And
 * what such code can do to frames without asking anybody: `poke`.
 */
#include "program/runner.h"

#include "hv/frame.h"

#include <stdlib.h>
#include <string.h>

void xd_aside_put(struct xd_runner *r, uint64_t va, const void *data, size_t n, bool given,
                  bool readonly)
{
    struct xd_piece *p;

    if (r->pieces == r->piece_cap) {
        r->piece_cap = r->piece_cap * 2 + 16;
        r->piece = xd_realloc(r->piece, r->piece_cap * sizeof(*r->piece));
    }
    p = &r->piece[r->pieces++];
    *p = (struct xd_piece){
        .va = va, .n = n, .bytes = xd_zalloc(n + 1), .given = given, .readonly = readonly};
    if (data)
        memcpy(p->bytes, data, n); /* NOLINT(clang-analyzer-unix.Malloc): it is new */
}

/* The piece that holds the byte at (va), the newest one; NULL: none does. */
static struct xd_piece *piece_at(struct xd_runner *r, uint64_t va)
{
    for (size_t i = r->pieces; i-- > 0;)
        if (va - r->piece[i].va < r->piece[i].n)
            return &r->piece[i];
    return NULL;
}

static bool move(struct xd_runner *r, uint64_t va, unsigned char *in, const unsigned char *out,
                 size_t n)
{
    while (n) {
        struct xd_piece *p = piece_at(r, va);
        size_t len = 1, at;

        if (!p || (out && p->readonly))
            return false;
        at = (size_t)(va - p->va);
        while (len < n && at + len < p->n && piece_at(r, va + len) == p)
            len++;
        if (out)
            memcpy(p->bytes + at, out, len);
        else if (in)
            memcpy(in, p->bytes + at, len);
        in = in ? in + len : NULL;
        out = out ? out + len : NULL;
        va += len;
        n -= len;
    }
    return true;
}

bool xd_aside_read(void *ctx, struct xd_vcpu *v, uint64_t va, void *buf, size_t n)
{
    (void)v;
    return move(ctx, va, buf, NULL, n);
}

bool xd_aside_write(void *ctx, struct xd_vcpu *v, uint64_t va, const void *buf, size_t n)
{
    (void)v;
    return move(ctx, va, NULL, buf, n);
}

static bool needed(const struct xd_runner *r, const struct xd_piece *p)
{
    if (p->given)
        return true;
    for (uint32_t i = 0; i < r->p->domains && i < XD_DOMAINS_MAX; i++)
        if (p->va >= r->env[i].area && p->va < r->env[i].area + r->env[i].area_floor)
            return true;
    return false;
}

static void take(struct xd_runner *r, bool given)
{
    size_t kept = 0;

    for (size_t i = 0; i < r->pieces; i++) {
        struct xd_piece *p = &r->piece[i];

        if (given ? p->given : !needed(r, p))
            free(p->bytes);
        else
            r->piece[kept++] = *p;
    }
    r->pieces = kept;
}

void xd_aside_settle(struct xd_runner *r)
{
    if (r->pieces)
        take(r, false);
}

void xd_aside_forget_given(struct xd_runner *r)
{
    if (r->given_used && r->pieces)
        take(r, true);
    r->given_used = false;
}

void xd_aside_free(struct xd_runner *r)
{
    for (size_t i = 0; i < r->pieces; i++)
        free(r->piece[i].bytes);
    free(r->piece);
    r->piece = NULL;
    r->pieces = r->piece_cap = 0;
    r->given_used = false;
}

/* What `poke` and `memory` put somewhere: the bytes of a text, or values of eight bytes. To be freed;
 * NULL with a report. */
static unsigned char *bytes_of(struct xd_runner *r, xd_ex e, size_t *n)
{
    const struct xd_expr *x = xd_expr_at(r->p, e);
    unsigned char *bytes;
    size_t i = 0;
    uint64_t value;

    *n = x->op == XD_EX_TEXT ? x->num : x->op == XD_EX_LIST ? x->num * 8 : 8;
    bytes = xd_zalloc(*n + 1);
    if (x->op == XD_EX_TEXT) {
        memcpy(bytes, xd_text_at(r->p, x->a), *n);
        return bytes;
    }
    for (xd_ex el = x->op == XD_EX_LIST ? x->a : e; el && i < *n;
         el = xd_expr_at(r->p, el)->next, i += 8) {
        if (!xd_eval(r, el, &value)) {
            free(bytes);
            return NULL;
        }
        for (unsigned int k = 0; k < 8; k++)
            bytes[i + k] = (unsigned char)(value >> 8 * k);
    }
    return bytes;
}

void xd_run_poke(struct xd_runner *r, const struct xd_step *s)
{
    unsigned char *bytes;
    uint64_t maddr;
    xd_mfn mfn;
    size_t n;

    if (!xd_eval(r, s->subject[0], &maddr) || !(bytes = bytes_of(r, s->subject[1], &n)))
        return;
    mfn = xd_mfn_of(maddr / XD_PAGE_SIZE);
    if (!xd_mfn_valid(r->hv, mfn))
        xd_report(r, "there is no frame 0x%llx", (unsigned long long)mfn.v);
    else if (maddr % XD_PAGE_SIZE + n > XD_PAGE_SIZE)
        xd_report(r, "%zu bytes at 0x%llx go past the end of the frame", n,
                  (unsigned long long)maddr);
    else
        xd_arena_write(xd_arena_of(r->hv),
                       (unsigned char *)xd_frame_words(r->hv, mfn) + maddr % XD_PAGE_SIZE, bytes,
                       n);
    free(bytes);
}

void xd_run_memory(struct xd_runner *r, const struct xd_step *s)
{
    unsigned char *bytes;
    uint64_t va;
    size_t n;

    if (!r->linked) {
        xd_report(r, "only a linked machine's guests have memory beside it (machine linked)");
        return;
    }
    if (!xd_eval(r, s->subject[0], &va) || !(bytes = bytes_of(r, s->subject[1], &n)))
        return;
    xd_aside_forget_given(r);
    xd_aside_put(r, va, bytes, n, true, xd_form_item(r->p, s, "readonly") != NULL);
    free(bytes);
}
