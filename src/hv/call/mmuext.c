/* SPDX-License-Identifier: MIT */
/* mmuext.c: mmuext_op: pins, base pointers, flushes, LDT, and whole-page work. A batch, as
 * mmu_update is. */
#include "hv/call/foreign.h"
#include "hv/descriptor.h"
#include "hv/lever.h"
#include "hv/tlb.h"
#include "hv/pagetype.h"

#include <string.h>

enum {
#define OP0(group, nr, name)              CMD_##name = nr,
#define OP(group, nr, name, type, fields) CMD_##name = nr,
#include "abi/ops_mmu.def"
#undef OP
#undef OP0
};

#define LDT_ENTRIES_MAX 8192u

static int pin(struct xd_vcpu *v, const struct xd_foreign *fd, xd_mfn mfn, unsigned int level)
{
    struct xd_hv *hv = v->hv;
    struct xd_frame *f;
    int rc;

    rc = xd_page_and_type_get(v, mfn, fd->id, (enum xd_type)level, XD_WHY_PIN_FRAME);
    if (rc)
        return rc;
    f = xd_frame_at(hv, mfn);
    if (f->flags & XD_FRAME_PINNED) {
        xd_page_and_type_put(hv, mfn);
        if (level > 1)
            XD_PUT(hv, v->table_left, true);
        return (int)xd_reject(v, XD_WHY_PIN_TWICE, mfn.v);
    }
    if (fd->d && fd->d->dying) { /* AS-XEN: do_mmuext_op: a pin of a dying domain is dropped at
                                    once, without a word */
        xd_page_and_type_put(hv, mfn);
        if (level > 1)
            XD_PUT(hv, v->table_left, true);
        return 0;
    }
    XD_PUT(hv, f->flags, f->flags | XD_FRAME_PINNED);
    xd_changed(hv, XD_CHANGING_FRAMES);
    return 0;
}

static int unpin(struct xd_vcpu *v, const struct xd_foreign *fd, xd_mfn mfn)
{
    struct xd_frame *f;

    if (!xd_frame_owned(v->hv, mfn, fd->id))
        return (int)xd_reject(v, XD_WHY_PIN_FRAME, mfn.v, fd->id);
    f = xd_frame_at(v->hv, mfn);
    if (!(f->flags & XD_FRAME_PINNED))
        return (int)xd_reject(v, XD_WHY_UNPIN_NOT_PINNED, mfn.v);
    XD_PUT(v->hv, f->flags, (uint8_t)(f->flags & ~XD_FRAME_PINNED));
    xd_changed(v->hv, XD_CHANGING_FRAMES);
    xd_page_and_type_put(v->hv, mfn);
    return 0;
}

static int new_baseptr(struct xd_vcpu *v, xd_mfn mfn)
{
    xd_mfn old = v->cr3;
    int rc;

    if (mfn.v != old.v) {
        rc = xd_page_and_type_get(v, mfn, v->domain->domid, XD_TYPE_L4, XD_WHY_BASEPTR_FRAME);
        if (rc)
            return rc;
        xd_ldt_release(v);
        if (!xd_m2p_strict(v->domain))
            xd_l4_show_m2p(v->hv, mfn, true);
        XD_PUT(v->hv, v->cr3, mfn);
        xd_page_and_type_put(v->hv, old);
    }
    xd_tlb_flush(v);
    return 0;
}

static int new_user_baseptr(struct xd_vcpu *v, xd_mfn mfn)
{
    xd_mfn old = v->user_cr3;
    int rc;

    if (mfn.v == old.v)
        return 0;
    if (mfn.v) {
        rc = xd_page_and_type_get(v, mfn, v->domain->domid, XD_TYPE_L4, XD_WHY_BASEPTR_FRAME);
        if (rc)
            return rc;
        if (xd_m2p_strict(v->domain))
            xd_l4_show_m2p(v->hv, mfn, false);
    }
    XD_PUT(v->hv, v->user_cr3, mfn);
    if (old.v)
        xd_page_and_type_put(v->hv, old);
    return 0;
}

static int flush_multi(struct xd_vcpu *v, const struct xd_abi_mmuext_op *op)
{
    uint64_t mask;

    if (!xd_vcpumask_get(v, op->arg2, &mask))
        return (int)xd_reject(v, XD_WHY_VCPUMASK, op->arg2);
    if (op->cmd == CMD_TLB_FLUSH_MULTI)
        xd_flush_mask(v, mask, NULL);
    else if (xd_va_ok(op->arg1))
        xd_flush_mask(v, mask, &op->arg1);
    return 0;
}

static int set_ldt(struct xd_vcpu *v, const struct xd_abi_mmuext_op *op)
{
    uint32_t ents = (uint32_t)op->arg2;
    uint64_t base = ents ? op->arg1 : 0;

    if (ents > LDT_ENTRIES_MAX)
        return (int)xd_reject(v, XD_WHY_LDT_ENTRIES, ents);
    if (ents && (base % XD_PAGE_SIZE || !xd_va_ok(base)))
        return (int)xd_reject(v, XD_WHY_LDT_BASE, base);
    if (ents == v->ldt_ents && base == v->ldt_base)
        return 0;
    if (xd_ldt_release(v))
        xd_tlb_flush(v);
    XD_PUT(v->hv, v->ldt_base, base);
    XD_PUT(v->hv, v->ldt_ents, ents);
    return 0;
}

/* A frame of (fd) that may be written as a whole. DOMID_IO's frames are I/O memory, not memory. */
static int writable_frame(struct xd_vcpu *v, const struct xd_foreign *fd, xd_mfn mfn)
{
    if (fd->id == XD_DOMID_IO || !xd_frame_get(v->hv, mfn, fd->id))
        return (int)xd_reject(v, XD_WHY_CLEAR_FRAME, mfn.v, fd->id);
    if (!xd_writable_get(v->hv, mfn)) {
        xd_frame_put(v->hv, mfn);
        return (int)xd_reject(v, XD_WHY_CLEAR_TYPE, mfn.v, xd_frame_at(v->hv, mfn)->type);
    }
    return 0;
}

static int clear_page(struct xd_vcpu *v, const struct xd_foreign *fd, xd_mfn mfn)
{
    int rc = writable_frame(v, fd, mfn);

    if (rc)
        return rc;
    xd_arena_zero(xd_arena_of(v->hv), xd_frame_words(v->hv, mfn), XD_PAGE_SIZE);
    xd_page_and_type_put(v->hv, mfn);
    return 0;
}

static int copy_page(struct xd_vcpu *v, const struct xd_foreign *fd, xd_mfn to, xd_mfn from)
{
    unsigned char page[XD_PAGE_SIZE];
    int rc;

    if (fd->id == XD_DOMID_IO || !xd_frame_owned(v->hv, from, fd->id))
        return (int)xd_reject(v, XD_WHY_COPY_SOURCE, from.v, fd->id);
    rc = writable_frame(v, fd, to);
    if (rc)
        return rc;
    memcpy(page, xd_frame_words(v->hv, from),
           sizeof(page)); /* source and destination may be one frame */
    xd_arena_write(xd_arena_of(v->hv), xd_frame_words(v->hv, to), page, sizeof(page));
    xd_page_and_type_put(v->hv, to);
    return 0;
}

/* Commands that work on the caller only: a foreign domain is refused before anything else is looked
 * at. */
static int own_command(struct xd_vcpu *v, const struct xd_abi_mmuext_op *op)
{
    bool io = xd_has_io_rights(v->domain);

    switch (op->cmd) {
    case CMD_NEW_BASEPTR: return new_baseptr(v, xd_mfn_of(op->arg1));
    case CMD_NEW_USER_BASEPTR: return new_user_baseptr(v, xd_mfn_of(op->arg1));
    case CMD_TLB_FLUSH_LOCAL: xd_tlb_flush(v); return 0;
    case CMD_INVLPG_LOCAL:
        if (xd_va_canonical(op->arg1))
            xd_tlb_invlpg(v, op->arg1);
        return 0;
    case CMD_TLB_FLUSH_MULTI:
    case CMD_INVLPG_MULTI: return flush_multi(v, op);
    case CMD_TLB_FLUSH_ALL: xd_tlb_flush_domain(v->domain); return 0;
    case CMD_INVLPG_ALL:
        if (xd_va_ok(op->arg1))
            xd_tlb_invlpg_domain(v->domain, op->arg1);
        return 0;
    case CMD_FLUSH_CACHE: return io ? 0 : (int)xd_reject(v, XD_WHY_FLUSH_CACHE_RIGHTS);
    case CMD_FLUSH_CACHE_GLOBAL:
        return io ? 0 : (int)xd_reject(v, XD_WHY_FLUSH_CACHE_GLOBAL_RIGHTS);
    default: return set_ldt(v, op);
    }
}

static int request(struct xd_vcpu *v, const struct xd_foreign *fd,
                   const struct xd_abi_mmuext_op *op)
{
    switch (op->cmd) {
    case CMD_PIN_L1_TABLE:
    case CMD_PIN_L2_TABLE:
    case CMD_PIN_L3_TABLE:
    case CMD_PIN_L4_TABLE: return pin(v, fd, xd_mfn_of(op->arg1), op->cmd - CMD_PIN_L1_TABLE + 1);
    case CMD_UNPIN_TABLE: return unpin(v, fd, xd_mfn_of(op->arg1));
    case CMD_CLEAR_PAGE: return clear_page(v, fd, xd_mfn_of(op->arg1));
    case CMD_COPY_PAGE: return copy_page(v, fd, xd_mfn_of(op->arg1), xd_mfn_of(op->arg2));
    case CMD_MARK_SUPER:
    case CMD_UNMARK_SUPER: return (int)xd_reject(v, XD_WHY_SUPERPAGES);
    case CMD_NEW_BASEPTR:
    case CMD_NEW_USER_BASEPTR:
    case CMD_TLB_FLUSH_LOCAL:
    case CMD_INVLPG_LOCAL:
    case CMD_TLB_FLUSH_MULTI:
    case CMD_INVLPG_MULTI:
    case CMD_TLB_FLUSH_ALL:
    case CMD_INVLPG_ALL:
    case CMD_FLUSH_CACHE:
    case CMD_FLUSH_CACHE_GLOBAL:
    case CMD_SET_LDT:
        if (fd->d != v->domain)
            return (int)xd_reject(v, XD_WHY_MMUEXT_FOREIGN, fd->id, op->cmd);
        return own_command(v, op);
    default: return (int)xd_reject(v, XD_WHY_MMUEXT_UNKNOWN, op->cmd);
    }
}

/* A request while levers are in force. */
struct levered {
    struct xd_vcpu *v;
    const struct xd_foreign *fd;
    const struct xd_abi_mmuext_op *op;
};

static int run_levered(void *ctx)
{
    const struct levered *l = ctx;

    return request(l->v, l->fd, l->op);
}

static int levered(struct xd_vcpu *v, const struct xd_foreign *fd,
                   const struct xd_abi_mmuext_op *op)
{
    struct levered l = {v, fd, op};

    return xd_levers_item(v, op->cmd, (const uint64_t[XD_LEVER_WORDS]){op->cmd, op->arg1, op->arg2},
                          run_levered, &l);
}

int64_t xd_hc_mmuext_op(struct xd_vcpu *v, const struct xd_args_mmuext_op *arg)
{
    struct xd_batch b = {.reqs = arg->ops,
                         .pdone = arg->pdone,
                         .count = arg->count,
                         .size = sizeof(struct xd_abi_mmuext_op),
                         .foreigndom = arg->foreigndom};
    const struct xd_arena *a = xd_arena_of(v->hv);
    struct xd_abi_mmuext_op op;
    bool levers = v->hv->host->levers_on;
    struct xd_foreign fd;
    int64_t answer;
    uint32_t i;
    int rc = 0;

    if (xd_batch_begin(v, &b, &answer))
        return answer;
    if (!xd_foreign_find(v, (uint16_t)arg->foreigndom,
                         &fd)) /* AS-XEN: the upper half is ignored here */
        return xd_reject(v, XD_WHY_FD_UNKNOWN, (uint16_t)arg->foreigndom);
    if (!xd_foreign_allowed(v, &fd))
        return xd_reject(v, XD_WHY_MMUEXT_PERMISSION, fd.id, v->domain->domid);
    for (i = 0; i < b.count; i++) {
        uint64_t at = b.reqs + (uint64_t)i * sizeof(op);

        v->rec.journal = a->undo_nr;
        if (!xd_batch_go_on(v, &b, i, &rc))
            break;
        if (!xd_copy_next(v, &op, at, sizeof(op))) {
            rc = (int)xd_reject(v, XD_WHY_COPY_IN, at, sizeof(op));
            break;
        }
        rc = XD_UNLIKELY(levers) ? levered(v, &fd, &op) : request(v, &fd, &op);
        if (rc) {
            v->rec.batch = true;
            v->rec.index = i;
            v->rec.item[0] = op.cmd;
            v->rec.item[1] = op.arg1;
            v->rec.item[2] = op.arg2;
            break;
        }
    }
    return xd_batch_end(v, &b, i, rc);
}
