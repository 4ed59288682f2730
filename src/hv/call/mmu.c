/* SPDX-License-Identifier: MIT */
/*
 * mmu.c: mmu_update: a batch of checked writes to page tables, of plain writes to writable memory,
 * and of M2P entries.
 *
 * It stops at the first request that fails; what came before stays done, and the done count says
 * how many that were.
 */
#include "hv/call/foreign.h"
#include "hv/lever.h"
#include "hv/pagetype.h"
#include "hv/tlb.h"

enum { CMD_NORMAL, CMD_MACHPHYS, CMD_PRESERVE_AD, CMD_NO_TRANSLATE };

#define PREFETCH_FIRST  16u /* requests ahead */
#define PREFETCH_SECOND 8u

/* The domains of one call: who owns the tables, who the frames they map. */
struct scope {
    struct xd_domain *pt;
    struct xd_foreign fd;
    bool flush; /* an entry above L1 was changed */
};

/* AS-XEN: xsm_mmu_update. DOMID_IO passes here: each mapping then needs I/O rights of its own. */
static bool allowed_fd(const struct xd_vcpu *v, const struct scope *s)
{
    return s->fd.id == XD_DOMID_IO || xd_foreign_allowed(v, &s->fd);
}

static int table_update(struct xd_vcpu *v, struct scope *s, xd_mfn mfn, unsigned int slot,
                        uint64_t val, unsigned int cmd)
{
    unsigned int level = xd_frame_at(v->hv, mfn)->type;
    int rc;

    if (level > 1 && s->fd.d != s->pt)
        return (int)xd_reject(v, XD_WHY_MMU_FD_NOT_L1, mfn.v, level, s->fd.id);
    rc = xd_entry_mod(v, mfn, level, slot, val, s->fd.id, cmd == CMD_PRESERVE_AD);
    if (rc == 0 && level > 1)
        s->flush = true;
    return rc;
}

static int pt_update(struct xd_vcpu *v, struct scope *s, uint64_t ptr, uint64_t val,
                     unsigned int cmd)
{
    struct xd_hv *hv = v->hv;
    xd_mfn mfn = xd_mfn_of((ptr & XD_PTE_MFN) >> XD_PAGE_SHIFT);
    unsigned int slot = (unsigned int)(ptr / 8) & (XD_PT_SLOTS - 1);
    struct xd_frame *f;

    if (XD_UNLIKELY(s->fd.d != v->domain) && !allowed_fd(v, s))
        return (int)xd_reject(v, XD_WHY_FD_PERMISSION, s->fd.id, v->domain->domid);
    if (XD_UNLIKELY(s->pt != v->domain) && !v->domain->privileged)
        return (int)xd_reject(v, XD_WHY_FD_PERMISSION, s->pt->domid, v->domain->domid);
    if (XD_UNLIKELY(ptr >> 52 || !xd_frame_owned(hv, mfn, s->pt->domid)))
        return (int)xd_reject(v, XD_WHY_MMU_PTR_FRAME, ptr >> XD_PAGE_SHIFT, s->pt->domid);
    f = xd_frame_at(hv, mfn);
    if (XD_LIKELY(xd_frame_lockable(f) && xd_type_is_table(f->type)))
        return table_update(v, s, mfn, slot, val, cmd);
    if (!xd_writable_get(hv,
                         mfn)) /* memory that nobody uses becomes writable by this, and stays so */
        return (int)xd_reject(v, XD_WHY_MMU_TARGET_TYPE, mfn.v, f->type);
    XD_PUT(hv, xd_frame_words(hv, mfn)[slot], val);
    xd_type_put(hv, mfn);
    return 0;
}

static int m2p_update(struct xd_vcpu *v, struct scope *s, uint64_t ptr, uint64_t val)
{
    xd_mfn mfn = xd_mfn_of(ptr >> XD_PAGE_SHIFT);

    if (s->pt != v->domain)
        return (int)xd_reject(v, XD_WHY_M2P_PT_DOM, s->pt->domid);
    if (!allowed_fd(v, s))
        return (int)xd_reject(v, XD_WHY_FD_PERMISSION, s->fd.id, v->domain->domid);
    if (!xd_frame_owned(v->hv, mfn, s->fd.id))
        return (int)xd_reject(v, XD_WHY_M2P_FRAME, mfn.v, s->fd.id);
    XD_PUT(v->hv, *xd_m2p_entry(v->hv, mfn), val);
    return 0;
}

static int request(struct xd_vcpu *v, struct scope *s, const struct xd_abi_mmu_update *req)
{
    unsigned int cmd = (unsigned int)req->ptr & 7;

    switch (cmd) {
    case CMD_NORMAL:
    case CMD_PRESERVE_AD:
    case CMD_NO_TRANSLATE: return pt_update(v, s, req->ptr & ~UINT64_C(7), req->val, cmd);
    case CMD_MACHPHYS: return m2p_update(v, s, req->ptr, req->val);
    default: return (int)xd_reject(v, XD_WHY_MMU_CMD, req->ptr, cmd);
    }
}

static void note_item(struct xd_vcpu *v, uint32_t index, const struct xd_abi_mmu_update *req)
{
    v->rec.batch = true;
    v->rec.index = index;
    v->rec.item[0] = req->ptr;
    v->rec.item[1] = req->val;
}

/*
 * Memory is far away on a large machine, so what requests ahead will touch is asked for early:
 * first the entry and the records of table and new frame; then, when the entry is there, the record
 * of the frame it gives up. Wrong guesses cost nothing.
 */
static void prefetch_first(struct xd_hv *hv, const struct xd_abi_mmu_update *req)
{
    uint64_t table = req->ptr >> XD_PAGE_SHIFT, target = xd_pte_mfn(req->val).v;

    if (table < hv->frames) {
        __builtin_prefetch(hv->mem + (req->ptr & ~UINT64_C(7)), 1);
        __builtin_prefetch(&hv->frame[table], 1);
    }
    if (target < hv->frames)
        __builtin_prefetch(&hv->frame[target], 1);
}

static void prefetch_second(struct xd_hv *hv, const struct xd_abi_mmu_update *req)
{
    uint64_t old;

    if (req->ptr >> XD_PAGE_SHIFT >= hv->frames)
        return;
    __builtin_memcpy(&old, hv->mem + (req->ptr & ~UINT64_C(7)), sizeof(old));
    if (xd_pte_mfn(old).v < hv->frames)
        __builtin_prefetch(&hv->frame[xd_pte_mfn(old).v], 1);
}

/* (at) is the request about to run; those ahead are looked at only while they lie in the page that
 * was walked to. */
static void prefetch(const struct xd_vcpu *v, uint64_t at)
{
    uint64_t off = at - v->walked.page;
    const struct xd_abi_mmu_update *req;

    if (!v->walked.mem || off % sizeof(*req) || off >= XD_PAGE_SIZE - PREFETCH_FIRST * sizeof(*req))
        return;
    req = (const void *)(v->walked.mem + off);
    prefetch_first(v->hv, req + PREFETCH_FIRST);
    prefetch_second(v->hv, req + PREFETCH_SECOND);
}

/* A request while levers are in force. */
struct levered {
    struct xd_vcpu *v;
    struct scope *s;
    const struct xd_abi_mmu_update *req;
};

static int run_levered(void *ctx)
{
    const struct levered *l = ctx;

    return request(l->v, l->s, l->req);
}

static int levered(struct xd_vcpu *v, struct scope *s, const struct xd_abi_mmu_update *req)
{
    struct levered l = {v, s, req};

    return xd_levers_item(v, req->ptr & 7, (const uint64_t[XD_LEVER_WORDS]){req->ptr, req->val},
                          run_levered, &l);
}

static int run_requests(struct xd_vcpu *v, struct scope *s, const struct xd_batch *b,
                        uint32_t *done)
{
    const struct xd_arena *a = xd_arena_of(v->hv);
    bool levers = v->hv->host->levers_on;
    struct xd_abi_mmu_update req;
    int rc = 0;

    for (*done = 0; *done < b->count; ++*done) {
        uint64_t at = b->reqs + (uint64_t)*done * sizeof(req);

        v->rec.journal = a->undo_nr;
        if (XD_UNLIKELY(!xd_batch_go_on(v, b, *done, &rc)))
            break;
        if (XD_UNLIKELY(!xd_copy_next(v, &req, at, sizeof(req))))
            return (int)xd_reject(v, XD_WHY_COPY_IN, at, sizeof(req));
        prefetch(v, at);
        rc = XD_UNLIKELY(levers) ? levered(v, s, &req) : request(v, s, &req);
        if (XD_UNLIKELY(rc)) {
            note_item(v, *done, &req);
            break;
        }
    }
    return rc;
}

/* Upper half of foreigndom: 0 is the caller, else a domain's real number plus one. */
static struct xd_domain *table_domain(struct xd_vcpu *v, uint32_t foreigndom)
{
    uint32_t pfd = foreigndom >> 16;

    return pfd ? xd_domain_find(v->hv, pfd - 1) : v->domain;
}

int64_t xd_hc_mmu_update(struct xd_vcpu *v, const struct xd_args_mmu_update *arg)
{
    struct xd_batch b = {.reqs = arg->reqs,
                         .pdone = arg->pdone,
                         .count = arg->count,
                         .size = sizeof(struct xd_abi_mmu_update),
                         .foreigndom = arg->foreigndom};
    struct scope s = {0};
    uint32_t done;
    int64_t rc;

    if (xd_batch_begin(v, &b, &rc))
        return rc;
    s.pt = table_domain(v, arg->foreigndom);
    if (!s.pt)
        return xd_reject(v, XD_WHY_PT_DOM_UNKNOWN, (arg->foreigndom >> 16) - 1);
    if (!s.pt->vcpus)
        return xd_batch_end(v, &b, 0, (int)xd_reject(v, XD_WHY_PT_DOM_BLANK, s.pt->domid));
    if (!xd_foreign_find(v, (uint16_t)arg->foreigndom, &s.fd)) {
        return xd_batch_end(v, &b, 0,
                            (int)xd_reject(v, XD_WHY_FD_UNKNOWN, (uint16_t)arg->foreigndom));
    }
    rc = run_requests(v, &s, &b, &done);
    rc = xd_batch_end(v, &b, done, (int)rc);
    if (s.flush)
        xd_tlb_flush_domain(s.pt);
    return rc;
}
