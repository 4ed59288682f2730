/* SPDX-License-Identifier: MIT */
/* pt.c: the walk, and guest accesses that stand on it. */
#include "hv/pt.h"

#include "hv/copy.h"
#include "hv/ptwr.h"

#include <string.h>

/* A guest reaches the M2P through L4 slot 256; the tables below it are Xen's and not modelled entry
 * by entry. */
static bool walk_m2p(struct xd_hv *hv, uint64_t va, bool write, struct xd_walk *w)
{
    uint64_t off = va - XD_RO_M2P_START;

    w->m2p = true;
    if (off >= (uint64_t)hv->frames * 8) {
        w->level = 2;
        return false;
    }
    if (write) {
        w->level = 2;
        w->error |= XD_PF_PRESENT;
        return false;
    }
    w->mem = (unsigned char *)xd_frame_words(hv, hv->m2p_first) + off;
    return true;
}

/* Rights are judged when the whole path is known to be present, as the processor does. */
static bool walk(struct xd_hv *hv, xd_mfn cr3, uint64_t va, bool write, struct xd_walk *w)
{
    uint64_t need = XD_PTE_US | (write ? XD_PTE_RW : 0);
    unsigned int forbids = 0;
    xd_mfn table = cr3;

    if (!xd_va_canonical(va))
        return false;
    for (unsigned int level = 4; level >= 1; level--) {
        uint64_t *e = &xd_frame_words(hv, table)[xd_pt_slot(va, level)];

        w->level = level;
        w->entry[level] = e;
        w->value[level] = *e;
        if (XD_UNLIKELY(!(*e & XD_PTE_P)))
            return false;
        if (XD_UNLIKELY((*e & need) != need) && !forbids)
            forbids = level;
        table = xd_pte_mfn(*e);
        if (level == 4 && xd_pt_slot(va, 4) == XD_L4_SLOT_RO_M2P && table.v == hv->m2p_l3.v)
            return walk_m2p(hv, va, write, w);
        if (level > 1 &&
            (!xd_mfn_valid(hv, table) || (level == 4 && !xd_l4_slot_guest(xd_pt_slot(va, 4)))))
            break; /* Xen's own mappings: nothing below them is the guest's */
    }
    if (forbids || w->level > 1) {
        w->level = forbids ? forbids : w->level;
        w->error |= XD_PF_PRESENT;
        return false;
    }
    if (xd_mfn_valid(hv, table))
        w->mem = (unsigned char *)xd_frame_words(hv, table) + (va & (XD_PAGE_SIZE - 1));
    return true;
}

void xd_walk(struct xd_hv *hv, xd_mfn cr3, uint64_t va, bool write, struct xd_walk *w)
{
    memset(w, 0, sizeof(*w));
    w->error = write ? XD_PF_WRITE : 0;
    w->ok = walk(hv, cr3, va, write, w);
}

void xd_walk_mark(struct xd_hv *hv, const struct xd_walk *w, bool write)
{
    for (unsigned int level = 4; level >= 1; level--) {
        uint64_t set = XD_PTE_A | (write && level == 1 ? XD_PTE_D : 0);

        if (w->entry[level] && (*w->entry[level] & set) != set)
            XD_PUT(hv, *w->entry[level], *w->entry[level] | set);
    }
}

/*
 * The common case of a walk: all present, allowed, marked before, and in RAM; it is kept. NULL: walk
 * properly. What is not canonical or Xen's has no such path: the tables of slots 256 to 271 are empty here
 * or out of the guest's reach.
 */
static unsigned char *walk_quick(struct xd_vcpu *v, uint64_t va, bool write)
{
    uint64_t need = XD_PTE_P | XD_PTE_US | XD_PTE_A | (write ? XD_PTE_RW : 0), all = ~UINT64_C(0);
    struct xd_walked *w = &v->walked;
    struct xd_hv *hv = v->hv;
    xd_mfn table = v->cr3;

    w->mem = NULL;
    if (XD_UNLIKELY(!xd_va_canonical(va)))
        return NULL;
    for (unsigned int level = 4; level >= 1; level--) {
        const uint64_t *e = &xd_frame_words(hv, table)[xd_pt_slot(va, level)];

        if (level == 1 && write)
            need |= XD_PTE_D;
        if (XD_UNLIKELY((*e & need) != need))
            return NULL;
        table = xd_pte_mfn(*e);
        if (XD_UNLIKELY(!xd_mfn_valid(hv, table)))
            return NULL;
        w->entry[level - 1] = e;
        w->value[level - 1] = *e;
        all &= *e;
    }
    w->page = va & ~(uint64_t)(XD_PAGE_SIZE - 1);
    w->cr3 = v->cr3.v;
    w->mem = (unsigned char *)xd_frame_words(hv, table);
    w->writable = all & XD_PTE_RW && w->value[0] & XD_PTE_D;
    return w->mem + va % XD_PAGE_SIZE;
}

/* The byte at (va) for Xen's own access; false if it faults. *mem is NULL beyond RAM. */
static bool reach(struct xd_vcpu *v, uint64_t va, bool write, unsigned char **mem)
{
    struct xd_walk w;

    *mem = walk_quick(v, va, write);
    if (XD_LIKELY(*mem != NULL))
        return true;
    xd_walk(v->hv, v->cr3, va, write, &w);
    *mem = w.mem;
    if (w.ok)
        xd_walk_mark(v->hv, &w, write);
    return w.ok;
}

static void fetch(void *to, const unsigned char *mem, size_t n)
{
    if (mem)
        memcpy(to, mem, n);
    else
        memset(to, 0xff, n); /* nothing answers beyond RAM */
}

static size_t piece(uint64_t va, size_t n)
{
    size_t left = XD_PAGE_SIZE - (size_t)(va & (XD_PAGE_SIZE - 1));

    return n < left ? n : left;
}

static XD_COLD bool copy_in_far(struct xd_vcpu *v, void *dst, uint64_t va, size_t n)
{
    unsigned char *to = dst, *mem;

    if (n == 0)
        return true;
    if (!xd_va_ok(va))
        return false;
    for (size_t len; n; va += len, to += len, n -= len) {
        len = piece(va, n);
        if (!reach(v, va, false, &mem))
            return false;
        fetch(to, mem, len);
    }
    return true;
}

bool xd_copy_in(struct xd_vcpu *v, void *dst, uint64_t va, size_t n)
{
    const struct xd_hooks *h = &v->hv->host->hooks;

    if (h->read)
        return n == 0 || h->read(h->ctx, v, va, dst, n); /* of nothing, whatever the address */
    if (XD_UNLIKELY(!xd_walk_holds(v, va, n)))
        return copy_in_far(v, dst, va, n);
    memcpy(dst, v->walked.mem + (va - v->walked.page), n);
    return true;
}

static XD_COLD bool copy_out_far(struct xd_vcpu *v, uint64_t va, const void *src, size_t n)
{
    const unsigned char *from = src;
    unsigned char *mem;

    if (n == 0)
        return true;
    if (!xd_va_ok(va))
        return false;
    for (size_t len; n; va += len, from += len, n -= len) {
        len = piece(va, n);
        if (!reach(v, va, true, &mem))
            return false;
        if (mem)
            xd_arena_write(xd_arena_of(v->hv), mem, from, len);
    }
    return true;
}

bool xd_copy_out(struct xd_vcpu *v, uint64_t va, const void *src, size_t n)
{
    const struct xd_hooks *h = &v->hv->host->hooks;

    if (XD_UNLIKELY(h->write && h->write == v->hv->host->linked.write && xd_one_store(n) &&
                    piece(va, n) < n)) /* it would be one store */
        return h->write(h->ctx, v, va, src, piece(va, n)) &&
               h->write(h->ctx, v, va + piece(va, n), (const char *)src + piece(va, n),
                        n - piece(va, n));
    if (h->write)
        return n == 0 || h->write(h->ctx, v, va, src, n);
    if (!xd_walk_holds(v, va, n) || !v->walked.writable)
        return copy_out_far(v, va, src, n);
    xd_arena_write(xd_arena_of(v->hv), v->walked.mem + (va - v->walked.page), src, n);
    return true;
}

bool xd_store_out(struct xd_vcpu *v, uint64_t va, const void *src, size_t n)
{
    const struct xd_hooks *h = &v->hv->host->hooks;
    unsigned char *mem;
    size_t first = piece(va, n);

    if (XD_LIKELY(first == n || !xd_one_store(n)))
        return xd_copy_out(v, va, src, n);
    if (h->write)
        return h->write(h->ctx, v, va, src, n);
    return xd_va_ok(va) && reach(v, va, true, &mem) && reach(v, va + first, true, &mem) &&
           xd_copy_out(v, va, src, n);
}

bool xd_handle_ok(uint64_t va, uint64_t count, size_t size)
{
    return xd_va_ok(va) && count < UINT64_MAX / size;
}

enum xd_access xd_page_fault(struct xd_vcpu *v, uint64_t va, const struct xd_walk *w,
                             struct xd_fault *fault)
{
    fault->error = w->error | (v->kernel_mode ? 0 : XD_PF_USER);
    fault->cr2 = va;
    XD_PUT(v->hv, v->cr2, va);
    XD_PUT(v->hv, xd_vcpu_info(v)->cr2, va);
    return XD_ACCESS_FAULT;
}

/* An access may cross into a second page; both are walked before anything is done. */
struct access {
    struct xd_walk walk[2];
    size_t len[2];
    unsigned int nr;
};

static bool access_walk(struct xd_vcpu *v, uint64_t va, size_t size, bool write, struct access *a)
{
    a->nr = 0;
    for (size_t done = 0; done < size; done += a->len[a->nr++]) {
        a->len[a->nr] = piece(va + done, size - done);
        xd_walk(v->hv, xd_vcpu_root(v), va + done, write, &a->walk[a->nr]);
        if (!a->walk[a->nr].ok)
            return false;
    }
    for (unsigned int i = 0; i < a->nr; i++)
        xd_walk_mark(v->hv, &a->walk[i], write);
    return true;
}

static uint64_t access_va(const struct access *a, uint64_t va)
{
    return a->nr ? va + a->len[0] : va;
}

/* The host asks for something a guest could do. */
static bool possible(struct xd_vcpu *v, size_t size)
{
    if (v->down)
        xd_hv_misuse(v->hv, XD_HOST_EINVAL, "d%uv%u is down and accesses nothing", v->domain->domid,
                     v->id);
    else if (size < 1 || size > XD_PAGE_SIZE)
        xd_hv_misuse(v->hv, XD_HOST_EINVAL, "an access of %zu bytes: 1 to %u can be made at once",
                     size, XD_PAGE_SIZE);
    else
        return true;
    return false;
}

enum xd_access xd_guest_load(struct xd_vcpu *v, uint64_t va, void *buf, size_t size,
                             struct xd_fault *fault)
{
    struct xd_fault ignored;
    struct access a;
    unsigned char *to = buf;

    fault = fault ? fault : &ignored;
    *fault = (struct xd_fault){0};
    if (!possible(v, size))
        return XD_ACCESS_FAULT;
    if (!access_walk(v, va, size, false, &a))
        return a.walk[a.nr].level == 0 ? XD_ACCESS_GP
                                       : xd_page_fault(v, access_va(&a, va), &a.walk[a.nr], fault);
    for (unsigned int i = 0; i < a.nr; to += a.len[i++])
        fetch(to, a.walk[i].mem, a.len[i]);
    return XD_ACCESS_OK;
}

enum xd_access xd_guest_store(struct xd_vcpu *v, uint64_t va, const void *buf, size_t size,
                              struct xd_fault *fault)
{
    struct xd_fault ignored;
    struct access a;
    const unsigned char *from = buf;

    fault = fault ? fault : &ignored;
    *fault = (struct xd_fault){0};
    if (!possible(v, size))
        return XD_ACCESS_FAULT;
    v->rec.reject.why = XD_WHY_NONE;
    if (!access_walk(v, va, size, true, &a)) {
        if (a.walk[a.nr].level == 0)
            return XD_ACCESS_GP;
        if (a.nr == 0 && xd_ptwr(v, va, &a.walk[0], buf, size))
            return XD_ACCESS_EMULATED;
        fault->why = v->rec.reject.why;
        return xd_page_fault(v, access_va(&a, va), &a.walk[a.nr], fault);
    }
    for (unsigned int i = 0; i < a.nr; from += a.len[i++])
        if (a.walk[i].mem)
            xd_arena_write(xd_arena_of(v->hv), a.walk[i].mem, from, a.len[i]);
    return XD_ACCESS_OK;
}
