/* SPDX-License-Identifier: MIT */
/* window.c: mirrors and their windows: making them, ending them, and what fork() makes of them; see mirror.h. */
#define _GNU_SOURCE
#include "guest/mirror.h"
#include "guest/tools.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#if XD_ACCESS_GUARDED

#define GIB         (UINT64_C(1) << 30)
#define SIZE_MAX_   (64 * GIB)
#define ROOM_FIRST  UINT64_C(0x200000000000) /* above the shadow of AddressSanitizer */
#define ROOM_TSAN   UINT64_C(0x7e9000000000) /* ThreadSanitizer leaves little else */
#define ROOM_STEP   (256 * GIB)
#define ROOM_TRIES  96u
#define TABLE_BYTES (XD_TRANSLATIONS_MAX * sizeof(struct xd_translation))

/* ---- Ending ---- */

static void close_windows(struct xd_mirror *m)
{
    while (m->windows) {
        struct xd_window *w = &m->window[--m->windows];

        syscall(SYS_munmap, w->base, w->size);
        munmap(w->at, w->size / XD_PAGE_SIZE * sizeof(*w->at));
    }
}

void xd_mirror_end(struct xd_mirror *m)
{
    struct xd_mirror *first = xd_mirrors(), **at = &first;

    while (*at != m)
        at = &(*at)->next;
    *at = m->next;
    xd_mirrors_set(first);
    for (uint32_t i = 0; i < m->trs; i++)
        xd_cause_release(m->tr[i].cause);
    close_windows(m);
    munmap(m->tr, TABLE_BYTES);
    free(m);
}

void xd_mirrors_end(struct xd_hv *hv)
{
    for (struct xd_mirror *m = xd_mirrors(), *next; m; m = next) {
        next = m->next;
        if (m->d->hv == hv)
            xd_mirror_end(m);
    }
}

/* ---- fork() ---- */

/* The first mirror of each machine stands for it. */
static bool is_first_of_machine(const struct xd_mirror *m)
{
    const struct xd_mirror *at = xd_mirrors();

    while (at->d->hv != m->d->hv)
        at = at->next;
    return at == m;
}

void xd_mirrors_before_fork(void)
{
    for (struct xd_mirror *m = xd_mirrors(); m; m = m->next)
        if (is_first_of_machine(m) && xd_arena_before_fork(xd_arena_of(m->d->hv)))
            fputs("xendouble: no memory for the child's copy of a mirrored machine\n", stderr);
}

void xd_mirrors_after_fork(bool child)
{
    for (struct xd_mirror *m = xd_mirrors(); m; m = m->next) {
        if (is_first_of_machine(m))
            xd_arena_after_fork(xd_arena_of(m->d->hv), child);
        if (child)
            xd_mirror_drop(m, NULL); /* they lead to the parent's */
    }
}

/* ---- Making one ---- */

uint64_t xd_guest_room(uint64_t size)
{
    uint64_t *next = xd_mirrors_room();

    if (!*next)
        *next = xd_under_tsan() ? ROOM_TSAN : ROOM_FIRST;
    size = (size + GIB - 1) & ~(GIB - 1);
    for (unsigned int i = 0; i < ROOM_TRIES; i++) {
        uint64_t at = *next + i * (xd_under_tsan() ? GIB : ROOM_STEP);

        if (!xd_window_clear(at, size, MAP_FIXED_NOREPLACE))
            continue;
        syscall(SYS_munmap, at, size);
        *next = at + size;
        return at;
    }
    return 0;
}

/* Where the window shall be; 0: nowhere. */
static uint64_t place_of(const struct xd_domain *d, const struct xd_mirror_config *c)
{
    if (c->base)
        return c->base;
    return d->start.virt_base < XD_GUEST_LOW_END && d->start.virt_base && !xd_mirror_of(d)
               ? d->start.virt_base
               : xd_guest_room(c->size);
}

static int open_window(struct xd_mirror *m, uint64_t base, uint64_t size)
{
    const size_t bytes = size / XD_PAGE_SIZE * sizeof(uint32_t);
    struct xd_hv *hv = m->d->hv;
    struct xd_window *w = &m->window[m->windows];
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (at == MAP_FAILED)
        return xd_hv_misuse(hv, XD_HOST_ENOMEM, "no memory for a window of %#" PRIx64 " bytes",
                            size);
    if (!xd_window_clear(base, size, MAP_FIXED_NOREPLACE)) {
        munmap(at, bytes);
        return xd_hv_misuse(hv, XD_HOST_EEXIST,
                            "a window of %#" PRIx64 " bytes at %#" PRIx64
                            " can't be had: something of this process lies there (a sanitizer's "
                            "shadow, or Valgrind); xd_guest_room() finds free addresses",
                            size, base);
    }
    *w = (struct xd_window){.base = base, .size = size, .at = at};
    m->windows++;
    return 0;
}

static struct xd_mirror *make(struct xd_domain *d)
{
    struct xd_mirror *m = xd_mirror_of(d);

    if (m)
        return m;
    m = xd_zalloc(sizeof(*m));
    m->d = d;
    m->tr = mmap(NULL, TABLE_BYTES, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    XD_ALWAYS(m->tr != MAP_FAILED);
    m->next = xd_mirrors();
    xd_mirrors_set(m);
    return m;
}

int xd_guest_mirror(struct xd_domain *d, const struct xd_mirror_config *config)
{
    static const struct xd_mirror_config standard = XD_MIRROR_CONFIG_DEFAULT;
    const struct xd_mirror_config *c = config ? config : &standard;
    struct xd_hv *hv = d->hv;
    struct xd_mirror *m;
    uint64_t base;
    int rc;

    if (xd_access_hider())
        return xd_hv_misuse(
            hv, XD_HOST_EINVAL,
            "there is no mirror under %s: what faults in a window is carried out by "
            "its registers, which it keeps to itself",
            xd_access_hider());
    if (d->dying)
        return xd_hv_misuse(hv, XD_HOST_EINVAL, "d%u is gone: no mirror of it", d->domid);
    if (hv->host->concurrent)
        return xd_hv_misuse(
            hv, XD_HOST_EINVAL,
            "vCPUs run as threads, which have no mirror: its windows follow one thread");
    if (!c->size || c->size % XD_PAGE_SIZE || c->size > SIZE_MAX_ || c->base % XD_PAGE_SIZE ||
        c->base >= XD_GUEST_LOW_END || c->base + c->size > XD_GUEST_LOW_END)
        return xd_hv_misuse(
            hv, XD_HOST_EINVAL,
            "a window is made of pages, 4 KiB to 64 GiB below 2^47, not of %#" PRIx64
            " bytes at %#" PRIx64,
            c->size, c->base);
    base = place_of(d, c);
    if (!base)
        return xd_hv_misuse(hv, XD_HOST_ENOMEM, "no free range of %#" PRIx64 " bytes was found",
                            c->size);
    if (xd_hv_share(hv))
        return xd_hv_misuse(hv, XD_HOST_ENOMEM, "the machine's frames can't be shared: no memfd");
    m = make(d);
    if (m->windows == XD_WINDOWS_MAX)
        return xd_hv_misuse(hv, XD_HOST_ENOSPC, "d%u has %u windows already", d->domid,
                            XD_WINDOWS_MAX);
    rc = open_window(m, base, c->size);
    if (!m->windows)
        xd_mirror_end(m);
    if (rc)
        return rc;
    if (c->strict && !m->strict)
        xd_mirror_drop(m, NULL);
    m->strict |= c->strict; /* NOLINT(clang-analyzer-unix.Malloc): xd_mirror_drop frees no mirror */
    m->now = NULL;
    m->cr3 = xd_mfn_of(0);
    xd_guest_link(hv);
    xd_faults_stack();
    xd_mirror_watch(hv, m->strict);
    return 0;
}

void *xd_guest_window(struct xd_domain *d, uint64_t *size)
{
    struct xd_mirror *m = xd_mirror_of(d);
    const struct xd_window *w = m ? &m->window[m->windows - 1] : NULL;

    if (size)
        *size = w ? w->size : 0;
    return w ? (void *)(uintptr_t)w->base : NULL;
}

void *xd_guest_at(struct xd_domain *d, uint64_t va)
{
    struct xd_mirror *m = xd_mirror_of(d);

    if (m && xd_window_of(m, va))
        return (void *)(uintptr_t)va;
    xd_hv_misuse(d->hv, XD_HOST_EINVAL,
                 "%#" PRIx64
                 " lies in no window of d%u: it needs an xd_guest_mirror(), whose window holds "
                 "the start of day if the domain was made with a virt_base of xd_guest_room()",
                 va, d->domid);
    return NULL;
}

#else

int xd_guest_mirror(struct xd_domain *d, const struct xd_mirror_config *config)
{
    (void)config;
    return xd_hv_misuse(d->hv, XD_HOST_EINVAL, "a mirror needs Linux on x86-64");
}

uint64_t xd_guest_room(uint64_t size)
{
    (void)size;
    return 0;
}

void *xd_guest_window(struct xd_domain *d, uint64_t *size)
{
    (void)d;
    if (size)
        *size = 0;
    return NULL;
}

void *xd_guest_at(struct xd_domain *d, uint64_t va)
{
    (void)d;
    (void)va;
    return NULL;
}

void xd_mirrors_end(struct xd_hv *hv)
{
    (void)hv;
}

#endif

uint64_t *xd_guest_p2m(struct xd_domain *d)
{
    return xd_guest_at(d, xd_domain_start(d)->p2m_va);
}

uint64_t *xd_guest_page_table(struct xd_domain *d)
{
    return xd_guest_at(d, xd_domain_start(d)->pt_va);
}
