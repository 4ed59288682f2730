/* SPDX-License-Identifier: MIT */
/* strict.c: of a strict mirror, which translations the page tables no longer bear out, and since when. */
#include "guest/mirror.h"

#if XD_ACCESS_GUARDED

#include <stdlib.h>

static struct xd_cause *cause_of(const char *what, const void *uc)
{
    struct xd_cause *c = xd_zalloc(sizeof(*c));
    struct xd_str text = {0};
    const struct xd_vcpu *v = xd_this_thread.v;

    if (v)
        xd_str_addf(&text, "  by %s of d%uv%u, and not flushed since:\n", what, v->domain->domid,
                    v->id);
    else
        xd_str_addf(&text, "  by %s of the test, and not flushed since:\n", what);
    if (uc)
        xd_backtrace_of(&text, uc);
    else
        xd_backtrace_here(&text);
    c->text = xd_strdup(xd_str_text(&text));
    xd_str_free(&text);
    return c;
}

static void judge(struct xd_mirror *m, const struct xd_translation *t, bool *read, bool *write)
{
    struct xd_vcpu *v = &m->d->vcpu[t->vcpu];
    struct xd_walk w;

    xd_walk(v->hv, v->cr3, t->va, false, &w);
    *read = !w.ok || !w.entry[1] || xd_pte_mfn(w.value[1]).v != t->mfn.v;
    *write =
        *read || (t->writable && !(w.value[1] & w.value[2] & w.value[3] & w.value[4] & XD_PTE_RW));
}

void xd_mirror_compare(struct xd_mirror *m, const char *what, const void *uc)
{
    struct xd_cause *cause = NULL;

    for (uint32_t i = 0; i < m->trs; i++) {
        struct xd_translation *t = &m->tr[i];
        bool read, write;

        judge(m, t, &read, &write);
        if (read == t->stale_read && write == t->stale_write)
            continue;
        t->stale_read = read;
        t->stale_write = write;
        xd_cause_release(t->cause);
        t->cause = NULL;
        if (m->now && t->vcpu == m->now->id)
            xd_mirror_unmap(t->va);
        if (!write)
            continue; /* the tables say again what they said */
        cause = cause ? cause : cause_of(what, uc);
        cause->users++;
        t->cause = cause;
    }
}

#endif
