/* SPDX-License-Identifier: MIT */
/* domctl_memory.c: domctl: frames of a domain, looked at and written, and what watches its memory. */
#include "hv/call/domctl.h"
#include "hv/layout.h"
#include "hv/pagetype.h"

#define FRAMES_MAX  1024u
#define TYPE_SHIFT  28
#define TYPE_PINNED UINT64_C(0x80000000)
#define TYPE_NONE   UINT64_C(0xf0000000) /* no frame of the domain's that it can use */
#define LOG_DIRTY   4u
#define FINAL_LOOK  1u
#define LOG_BYTES \
    (UINT64_C(1) << 39) /* of a log of all frames that can be: 512 * 512 * 512 pages */

enum {
    SHADOW_ENABLE_LOGDIRTY = 2,
    SHADOW_CLEAN = 11,
    SHADOW_PEEK = 12,
    SHADOW_ENABLE = 32,
};

/* ---- Frames ---- */

/* AS-XEN: arch_do_domctl: of a pinned frame the type is told, of another one only if it is validated. */
static uint64_t type_of(struct xd_domctl *c, uint64_t mfn)
{
    const struct xd_frame *f;
    uint64_t type;

    if (!xd_frame_owned(c->v->hv, xd_mfn_of(mfn), c->d->domid))
        return TYPE_NONE;
    f = xd_frame_at(c->v->hv, xd_mfn_of(mfn));
    if (f->flags & XD_FRAME_XEN_HEAP)
        return TYPE_NONE;
    type = f->type >= XD_TYPE_L1 && f->type <= XD_TYPE_L4 ? (uint64_t)f->type << TYPE_SHIFT : 0;
    if (f->flags & XD_FRAME_PINNED)
        return type | TYPE_PINNED;
    return f->flags & XD_FRAME_VALIDATED ? type : 0;
}

/* Each number is replaced by what the frame is, one after the other. */
static int64_t getpageframeinfo3(struct xd_domctl *c)
{
    const uint64_t nr = c->op.u.pageframes.num;
    int64_t rc = 0;

    if (nr > FRAMES_MAX)
        return xd_reject(c->v, XD_WHY_DOMCTL_FRAMES, nr, FRAMES_MAX);
    for (uint64_t i = 0; i < nr && rc == 0; i++) {
        const uint64_t at = c->op.u.pageframes.array + i * sizeof(uint64_t);
        uint64_t word;

        rc = xd_domctl_read(c, &word, at, sizeof(word));
        if (rc)
            return rc;
        word = type_of(c, word);
        rc = xd_domctl_write(c, at, &word, sizeof(word));
    }
    return rc;
}

static int64_t hypercall_init(struct xd_domctl *c)
{
    const xd_mfn mfn = xd_mfn_of(c->op.u.hypercall_init.gmfn);
    struct xd_hv *hv = c->v->hv;
    unsigned char page[XD_PAGE_SIZE];

    if (!xd_frame_get(hv, mfn, c->d->domid))
        return xd_reject(c->v, XD_WHY_DOMCTL_FRAME, mfn.v, c->d->domid);
    if (!xd_writable_get(hv, mfn)) {
        xd_frame_put(hv, mfn);
        return xd_reject(c->v, XD_WHY_DOMCTL_FRAME_TYPE, mfn.v, xd_frame_at(hv, mfn)->type);
    }

    xd_hypercall_page_fill(page);
    xd_arena_write(xd_arena_of(hv), xd_frame_words(hv, mfn), page, sizeof(page));
    xd_page_and_type_put(hv, mfn);
    return 0;
}

/* ---- The log of what a domain writes ---- */

/* Nothing was logged, so all bits are 0; as many are written as were asked for. AS-XEN: paging_log_dirty_op */
static int64_t tell_dirty(struct xd_domctl *c)
{
    static const unsigned char zeros[XD_PAGE_SIZE];
    const uint64_t at = c->op.u.shadow_op.dirty_bitmap, pages = c->op.u.shadow_op.pages;
    uint64_t bytes = (pages + 7) / 8; /* none of the last numbers that there are, as in Xen */

    c->op.u.shadow_op.fault_count = c->op.u.shadow_op.dirty_count = 0;
    if (bytes == 0)
        c->op.u.shadow_op.pages = 0;
    if (bytes > LOG_BYTES) {
        bytes = LOG_BYTES;
        c->op.u.shadow_op.pages = LOG_BYTES * 8;
    }
    for (uint64_t done = 0; at && done < bytes; done += sizeof(zeros)) {
        const size_t n = bytes - done < sizeof(zeros) ? (size_t)(bytes - done) : sizeof(zeros);
        int64_t rc = xd_domctl_write(c, at + done, zeros, n);

        if (rc)
            return rc;
    }
    return 0;
}

/* AS-XEN: paging_domctl: shadow page tables are not built in. The struct goes back whatever came out. */
static int64_t shadow_op(struct xd_domctl *c)
{
    const uint32_t op = c->op.u.shadow_op.op, mode = c->op.u.shadow_op.mode;

    c->copyback = true;
    if (c->d == c->v->domain)
        return xd_reject(c->v, XD_WHY_PAGING_SELF, c->d->domid);
    if (c->d->dying)
        return 0;
    if (!c->d->vcpus)
        return xd_reject(c->v, XD_WHY_DOMCTL_BLANK, c->d->domid);
    switch (op) {
    case SHADOW_ENABLE:
        if (mode & LOG_DIRTY)
            return xd_reject(c->v, XD_WHY_PAGING_NO_LOG, c->d->domid);
        break;
    case SHADOW_ENABLE_LOGDIRTY: return xd_reject(c->v, XD_WHY_PAGING_NO_LOG, c->d->domid);
    case SHADOW_CLEAN:
    case SHADOW_PEEK:
        if (mode & ~FINAL_LOOK)
            return xd_reject(c->v, XD_WHY_PAGING_MODE, mode);
        return tell_dirty(c);
    default: break;
    }
    return xd_reject(c->v, XD_WHY_PAGING_NO_SHADOW, op);
}

/* AS-XEN: arch_get_paging_mempool_size, arch_set_paging_mempool_size */
static int64_t mempool(struct xd_domctl *c)
{
    return xd_reject(c->v, XD_WHY_DOMCTL_HVM_ONLY, c->d->domid);
}

static int64_t set_broken_page_p2m(struct xd_domctl *c)
{
    return xd_reject(c->v, XD_WHY_DOMCTL_HVM_PAGES, c->d->domid);
}

/* A debug build of Xen looks for what is wrong, and of a PV domain there is no list to look at: nothing is. AS-XEN: audit_p2m */
static int64_t audit_p2m(struct xd_domctl *c)
{
    if (!xd_is_debug_build(c->v->hv))
        return xd_reject(c->v, XD_WHY_OP_UNKNOWN, c->op.cmd);
    if (c->d == c->v->domain)
        return xd_reject(c->v, XD_WHY_DOMCTL_SELF_RIGHT, c->d->domid);
    c->op.u.audit_p2m.orphans = c->op.u.audit_p2m.m2p_bad = c->op.u.audit_p2m.p2m_bad = 0;
    c->copyback = true;
    return 0;
}

const struct xd_domctl_row xd_domctl_memory[] = {
    {10, shadow_op},
    {22, hypercall_init},
    {61, getpageframeinfo3},
    {65, audit_p2m},
    {67, set_broken_page_p2m},
    {74, xd_domctl_setvnumainfo},
    {85, mempool},
    {86, mempool},
    {0, NULL},
};
