/* SPDX-License-Identifier: MIT */
/* mirror.c: what is mapped in windows, and when it goes; see mirror.h. */
#define _GNU_SOURCE
#include "guest/mirror.h"

#include "guest/access.h"
#include "guest/tools.h"

#include "hv/tlb.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#if XD_ACCESS_GUARDED

/* Not through libc: sanitizers would clear their shadow of a whole window each time. */
static bool map_at(uint64_t at, uint64_t size, int prot, int flags, int fd, uint64_t off)
{
    long rc = syscall(SYS_mmap, at, size, prot, flags, fd, off);

    if (rc != -1 && (uint64_t)rc != at) { /* an old kernel, which took it for a hint */
        syscall(SYS_munmap, rc, size);
        return false;
    }
    return rc != -1;
}

bool xd_window_clear(uint64_t at, uint64_t size, int how)
{
    if (!map_at(at, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | how, -1, 0))
        return false;
    VALGRIND_MAKE_MEM_DEFINED(at, size); /* a use of it faults, and is then no mistake */
    return true;
}

/* ---- Finding ---- */

struct xd_mirror *xd_mirror_of(const struct xd_domain *d)
{
    struct xd_mirror *m = xd_mirrors();

    while (m && m->d != d)
        m = m->next;
    return m;
}

struct xd_window *xd_window_of(struct xd_mirror *m, uint64_t va)
{
    for (uint32_t i = 0; i < m->windows; i++)
        if (va - m->window[i].base < m->window[i].size)
            return &m->window[i];
    return NULL;
}

struct xd_mirror *xd_mirror_at(uint64_t va, struct xd_window **w)
{
    for (struct xd_mirror *m = xd_mirrors(); m; m = m->next) {
        *w = xd_window_of(m, va);
        if (*w)
            return m;
    }
    return NULL;
}

const struct xd_domain *xd_mirrored_at(uint64_t va)
{
    struct xd_window *w;
    const struct xd_mirror *m = xd_mirror_at(va, &w);

    return m ? m->d : NULL;
}

static uint32_t *first_of(struct xd_mirror *m, uint64_t va)
{
    struct xd_window *w = xd_window_of(m, va);

    return w ? &w->at[(va - w->base) / XD_PAGE_SIZE] : NULL;
}

static bool is_of(const struct xd_mirror *m, const struct xd_translation *t,
                  const struct xd_vcpu *v)
{
    return !m->strict || t->vcpu == v->id;
}

struct xd_translation *xd_mirror_find(struct xd_mirror *m, uint64_t va, const struct xd_vcpu *v)
{
    const uint32_t *first = first_of(m, va);

    for (uint32_t i = first ? *first : 0; i; i = m->tr[i - 1].next)
        if (is_of(m, &m->tr[i - 1], v))
            return &m->tr[i - 1];
    return NULL;
}

/* ---- Dropping ---- */

void xd_mirror_unmap(uint64_t va)
{
    if (!xd_window_clear(va, XD_PAGE_SIZE, MAP_FIXED))
        xd_guest_die("the mirror can't take back the page at %#" PRIx64 ": %s", va,
                     strerror(errno));
}

static void unmap_all(struct xd_mirror *m)
{
    for (uint32_t i = 0; i < m->windows; i++)
        if (!xd_window_clear(m->window[i].base, m->window[i].size, MAP_FIXED))
            xd_guest_die("the mirror can't take back its window: %s", strerror(errno));
}

void xd_cause_release(struct xd_cause *c)
{
    if (c && --c->users == 0) {
        free(c->text);
        free(c);
    }
}

/* Where the index of the (i)th translation stands. */
static uint32_t *link_to(struct xd_mirror *m, uint32_t i)
{
    uint32_t *at = first_of(m, m->tr[i].va);

    while (*at != i + 1)
        at = &m->tr[*at - 1].next;
    return at;
}

static void forget(struct xd_mirror *m, uint32_t i)
{
    uint32_t last = m->trs - 1;

    xd_cause_release(m->tr[i].cause);
    *link_to(m, i) = m->tr[i].next;
    if (i != last) {
        *link_to(m, last) = i + 1;
        m->tr[i] = m->tr[last];
    }
    m->trs = last;
}

void xd_mirror_drop(struct xd_mirror *m, const struct xd_vcpu *v)
{
    const uint32_t before = m->trs;

    for (uint32_t i = before; i-- > 0;)
        if (!v || is_of(m, &m->tr[i], v))
            forget(m, i);
    if (m->trs != before && (!v || !m->strict || m->now == v))
        unmap_all(m);
}

static void drop_page(struct xd_mirror *m, const struct xd_vcpu *v, uint64_t va)
{
    struct xd_translation *t = xd_mirror_find(m, va, v);

    if (!t)
        return;
    forget(m, (uint32_t)(t - m->tr));
    if (!m->strict || m->now == v)
        xd_mirror_unmap(va & ~(uint64_t)(XD_PAGE_SIZE - 1));
}

void xd_mirror_switch(struct xd_vcpu *v)
{
    struct xd_mirror *m = xd_mirror_of(v->domain);

    if (!m)
        return;
    if (m->strict && m->now != v) {
        if (m->trs)
            unmap_all(m);
        m->now = v;
    } else if (!m->strict && m->cr3.v != v->cr3.v) {
        xd_mirror_drop(m, NULL);
        m->cr3 = v->cr3;
    }
}

/* ---- Filling ---- */

static bool map_frame(const struct xd_hv *hv, const struct xd_translation *t)
{
    const struct xd_arena *a = &hv->host->arena;
    int prot = PROT_READ | (t->writable ? PROT_WRITE : 0) | (t->exec ? PROT_EXEC : 0);

    return map_at(t->va, XD_PAGE_SIZE, prot, MAP_SHARED | MAP_FIXED, a->fd,
                  t->mfn.v * XD_PAGE_SIZE);
}

static struct xd_translation *take_slot(struct xd_mirror *m, struct xd_vcpu *v, uint64_t page)
{
    struct xd_translation *t = xd_mirror_find(m, page, v);
    uint32_t *first, next;

    if (t) {
        xd_cause_release(t->cause);
        next = t->next;
    } else {
        if (m->trs == XD_TRANSLATIONS_MAX) /* a TLB is finite too */
            xd_mirror_drop(m, NULL);
        t = &m->tr[m->trs++];
        first = first_of(m, page);
        next = *first;
        *first = m->trs;
    }
    *t = (struct xd_translation){.va = page, .vcpu = (uint16_t)v->id, .next = next};
    return t;
}

/* Writable by the tables, and marked as written. */
static bool may_write(const struct xd_walk *w)
{
    return *w->entry[1] & *w->entry[2] & *w->entry[3] & *w->entry[4] & XD_PTE_RW &&
           *w->entry[1] & XD_PTE_D;
}

bool xd_mirror_fill(struct xd_mirror *m, struct xd_vcpu *v, uint64_t va, const struct xd_walk *w,
                    bool write, bool exec)
{
    const uint64_t page = va & ~(uint64_t)(XD_PAGE_SIZE - 1);
    struct xd_hv *hv = v->hv;
    struct xd_translation *t, *old;
    struct xd_frame *f;

    if (!w->mem || !w->entry[1])
        return false;
    old = xd_mirror_find(m, page, v);
    if (old && old->stale_write) /* a read, by which it does not change */
        return map_at(page, XD_PAGE_SIZE, PROT_READ, MAP_SHARED | MAP_FIXED, hv->host->arena.fd,
                      old->mfn.v * XD_PAGE_SIZE);
    xd_walk_mark(hv, w, write);
    exec |= old && old->exec;
    t = take_slot(m, v, page);
    t->mfn = xd_pte_mfn(*w->entry[1]);
    t->pte = *w->entry[1];
    f = xd_frame_at(hv, t->mfn);
    t->owner = f->owner;
    t->type = f->type;
    t->writable = may_write(w);
    t->exec = exec;
    if (t->writable) /* the guest is going to write past the journal */
        xd_arena_touch(xd_arena_of(hv), xd_frame_words(hv, t->mfn), XD_PAGE_SIZE);
    if (!map_frame(hv, t)) {
        struct xd_translation copy = *t;

        xd_mirror_drop(m, NULL); /* the process has too many mappings */
        t = take_slot(m, v, page);
        copy.next = t->next;
        *t = copy;
        if (!map_frame(hv, t))
            xd_guest_die("the mirror can't map the page at %#" PRIx64 ": %s", page,
                         strerror(errno));
    }
    return true;
}

void xd_mirror_touch(uint64_t va, size_t n, bool write)
{
    struct xd_vcpu *v = xd_this_thread.v;
    struct xd_window *window;
    struct xd_walk w;
    uint64_t page = va & ~(uint64_t)(XD_PAGE_SIZE - 1);

    for (; v && page < va + n; page += XD_PAGE_SIZE) {
        struct xd_mirror *m = xd_mirror_at(page, &window);

        if (!m || m->d != v->domain)
            continue;
        xd_mirror_switch(v);
        xd_walk(v->hv, v->cr3, page, write, &w);
        if (w.ok)
            xd_mirror_fill(m, v, page, &w, write, false);
    }
}

/* ---- What Xen tells ---- */

static void on_inval(struct xd_vcpu *v, uint64_t va)
{
    struct xd_mirror *m = xd_mirror_of(v->domain);

    if (m)
        drop_page(m, v, va);
}

static void on_flush(struct xd_vcpu *v)
{
    struct xd_mirror *m = xd_mirror_of(v->domain);

    if (m)
        xd_mirror_drop(m, v);
}

static void on_reused(struct xd_hv *hv, xd_mfn mfn)
{
    for (struct xd_mirror *m = xd_mirrors(); m; m = m->next)
        for (uint32_t i = 0; m->d->hv == hv && i < m->trs; i++)
            if (m->tr[i].mfn.v == mfn.v) {
                xd_mirror_drop(m, NULL);
                break;
            }
}

static void on_called(struct xd_vcpu *v)
{
    const struct xd_call *call = xd_call_at(v->rec.nr);

    for (struct xd_mirror *m = xd_mirrors(); m; m = m->next)
        if (m->strict && m->d->hv == v->hv)
            xd_mirror_compare(m, call ? call->name : "a hypercall", NULL);
}

static void on_gone(struct xd_domain *d)
{
    struct xd_mirror *m = xd_mirror_of(d);

    if (m)
        xd_mirror_end(m);
}

static void on_settle(void *hv)
{
    for (struct xd_mirror *m = xd_mirrors(); m; m = m->next)
        if (m->d->hv == hv)
            xd_mirror_drop(m, NULL);
}

void xd_mirror_watch(struct xd_hv *hv, bool strict)
{
    static const struct xd_watcher ordinary = {.inval = on_inval,
                                               .flush = on_flush,
                                               .reused = on_reused,
                                               .gone = on_gone},
                                   seeing = {.inval = on_inval,
                                             .flush = on_flush,
                                             .reused = on_reused,
                                             .gone = on_gone,
                                             .called = on_called};
    struct xd_arena *a = xd_arena_of(hv);

    hv->host->watcher = strict ? &seeing : hv->host->watcher ? hv->host->watcher : &ordinary;
    a->settle = on_settle;
    a->settle_ctx = hv;
    xd_hooks_settle(hv);
}

#else

const struct xd_domain *xd_mirrored_at(uint64_t va)
{
    (void)va;
    return NULL;
}

void xd_mirror_switch(struct xd_vcpu *v)
{
    (void)v;
}

void xd_mirror_touch(uint64_t va, size_t n, bool write)
{
    (void)va;
    (void)n;
    (void)write;
}

#endif
