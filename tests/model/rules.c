/* SPDX-License-Identifier: MIT */
/*
 * rules.c: what page tables and descriptors may be.
 *
 * To take a frame as a table is to take, in order, all that its entries name. What was taken is
 * written down, so that it can be put back if one entry turns out impossible.
 */
#include "book.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define COUNTED  UINT64_C(0x000ffffffffff09b) /* frame, P, RW, PWT, PCD, PAT */
#define FRAME(e) (((e)&UINT64_C(0x000ffffffffff000)) >> 12)
#define GNTTAB   (UINT64_C(1) << 62)
#define NO_FRAME UINT64_C(0xffffffffff)
#define IO_APIC  0xfec00u /* its page may be looked at */

bool no(struct model *m, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(m->why, sizeof(m->why), fmt, ap);
    va_end(ap);
    return false;
}

void rule_remember(struct model *m, void *at, uint8_t size)
{
    struct undo *u;

    m->touched = true;
    if (m->undos == m->undo_room) {
        m->undo_room = m->undo_room * 2 + 64;
        m->undo = xd_realloc(m->undo, m->undo_room * sizeof(*m->undo));
    }
    u = &m->undo[m->undos++];
    *u = (struct undo){.at = at, .size = size};
    memcpy(&u->old, at, size);
}

static void back_to(struct model *m, size_t mark)
{
    while (m->undos > mark) {
        const struct undo *u = &m->undo[--m->undos];

        memcpy(u->at, &u->old, u->size);
    }
}

bool rule_io_rights(const struct xd_domain *d)
{
    return d->iomem.nr || d->ioport.nr;
}

static bool in(const struct xd_range *r, unsigned int nr, mfn_t f)
{
    for (unsigned int i = 0; i < nr; i++)
        if (f >= r[i].first && f <= r[i].last)
            return true;
    return false;
}

/* ---- Leaves ---- */

/* I/O memory: both the tables' owner and who hands it out need the right. It is never cached. */
static bool take_io(struct model *m, uint64_t *e, const struct xd_domain *d,
                    const struct xd_vcpu *v, uint32_t pg)
{
    const struct xd_domain *from = pg == XD_DOMID_IO && v ? v->domain : view_domain(m->hv, pg);
    mfn_t f = FRAME(*e);

    if (!from || !in(from->iomem.range, from->iomem.nr, f) || !in(d->iomem.range, d->iomem.nr, f))
        return no(m, "d%u has no right to I/O frame 0x%llx", d->domid, N(f));
    if (f == IO_APIC || in(m->hv->mmio_ro, XD_RANGES, f))
        *e &= ~RW_BIT;
    switch (*e & CACHE) {
    case 0x00: *e |= 0x18; break;
    case 0x08: *e |= 0x10; break;
    case 0x88: *e = (*e & ~UINT64_C(0x80)) | 0x10; break;
    default: break;
    }
    return true;
}

/* Bits that no L1 entry of the domain may have: a debug build of Xen marks grants by the last. */
static uint64_t l1_forbidden(const struct xd_domain *d)
{
    return (rule_io_rights(d) ? 0 : CACHE) |
           (d->hv->config.profile == XD_PROFILE_DEBUG ? GNTTAB : 0);
}

static bool take_leaf(struct model *m, uint64_t *e, const struct xd_domain *d,
                      const struct xd_vcpu *v, uint32_t pg)
{
    mfn_t f = FRAME(*e);
    const struct xd_frame *r;
    const struct xd_domain *from;

    if (*e & l1_forbidden(d))
        return no(m, "d%u may not set cache attributes, or bit 62", d->domid);
    if (f >= m->frames || (f < 256 && view_frame(m->hv, f)->owner == XD_DOMID_IO))
        return take_io(m, e, d, v, pg);
    r = view_frame(m->hv, f);
    from = view_domain(m->hv, pg);
    if (!book_owned(m, f, r->owner))
        return no(m, "frame 0x%llx is nobody's", N(f));
    if (r->owner != pg && !(from && from != d && from->privileged && r->owner != XD_DOMID_NONE))
        return no(m, "frame 0x%llx is not d%u's", N(f), pg);
    if (*e & CACHE && r->flags & XD_FRAME_XEN_HEAP)
        return no(m, "frame 0x%llx is Xen's, and always cached", N(f));
    if (!(*e & RW_BIT))
        return true;
    if (m->type[f] || f < m->hv->heap_first)
        return no(m, "frame 0x%llx is in use as type %u: not to be written", N(f), m->type[f]);
    if (!m->wr[f])
        flushes_retyped(m, f, T_WRITABLE);
    CHANGE(m, m->wr[f], m->wr[f] + 1);
    return true;
}

/* ---- Links ---- */

static bool take(struct model *m, mfn_t f, unsigned int type);

static bool take_linear(struct model *m, uint64_t e, unsigned int level, mfn_t table)
{
    mfn_t f = FRAME(e);

    if (e & RW_BIT)
        return no(m, "a linear entry must not be writable");
    if (f == table)
        return true;
    if (m->type[f] != level)
        return false; /* for the reason that it can't be a link */
    if (m->linear[table] < 0 || m->linear[f] > 0)
        return no(m, "linear entries lead one step only");
    CHANGE(m, m->linear[table], m->linear[table] + 1);
    CHANGE(m, m->linear[f], m->linear[f] - 1);
    return true;
}

static bool take_link(struct model *m, uint64_t e, unsigned int level, mfn_t table,
                      const struct xd_domain *d)
{
    size_t mark = m->undos;

    if (e & UPPER)
        return no(m, "an L%u entry has bits 0x%llx", level, N(e & UPPER));
    if (!book_owned(m, FRAME(e), d->domid))
        return no(m, "frame 0x%llx is not d%u's", N(FRAME(e)), d->domid);
    if (take(m, FRAME(e), level - 1))
        return true;
    back_to(m, mark);
    return take_linear(m, e, level, table);
}

/* ---- Frames ---- */

bool rule_descriptor(uint64_t d)
{
    unsigned int type = (unsigned int)(d >> 40 & 0xf), sel = (unsigned int)(d >> 16 & 0xffff);

    if (!(d >> 47 & 1) || d >> 44 & 1 || type == 0)
        return true; /* absent; code or data; the second half of a gate */
    return type == 0xc && !(d >> 32 & 0xff) && (sel < 7168 * 8 || sel == 0xe033 || sel & 4);
}

static bool take_contents(struct model *m, mfn_t f, unsigned int type)
{
    const struct xd_domain *d = view_domain(m->hv, view_frame(m->hv, f)->owner);
    const uint64_t *e = book_words(m, f);

    for (unsigned int i = 0; i < 512; i++) {
        uint64_t entry = e[i];

        if (type == T_SEG) {
            if (!rule_descriptor(entry))
                return no(m, "descriptor %u of frame 0x%llx is 0x%llx", i, N(f), N(entry));
        } else if (!(entry & P_BIT) || (type == T_L4 && i >= 256 && i < 272)) {
            continue;
        } else if (type > T_L1) {
            if (!take_link(m, entry, type, f, d))
                return false;
        } else if (!take_leaf(m, &entry, d, NULL, d->domid)) {
            return false;
        } else if (entry != e[i]) {
            book_write(m, f)[i] = entry;
            e = book_words(m, f);
        }
    }
    return true;
}

static bool take(struct model *m, mfn_t f, unsigned int type)
{
    if (m->type[f] == type)
        return true;
    if (m->type[f])
        return no(m, "frame 0x%llx is in use as type %u, not %u", N(f), m->type[f], type);
    if (m->wr[f] || f < m->hv->heap_first || view_frame(m->hv, f)->flags & XD_FRAME_XEN_HEAP)
        return no(m, "frame 0x%llx is mapped writable", N(f));
    flushes_retyped(m, f, type);
    CHANGE(m, m->type[f], type);
    CHANGE(m, m->linear[f], 0);
    if (!take_contents(m, f, type))
        return false;
    /* They stay when it is no L4 table any more. */
    for (unsigned int i = 256; type == T_L4 && i < 272; i++)
        book_write(m, f)[i] = book_xens_entry(m);
    return true;
}

bool rule_take(struct model *m, mfn_t f, unsigned int type)
{
    size_t mark = m->undos;

    if (take(m, f, type))
        return true;
    back_to(m, mark);
    return false;
}

bool rule_change(struct model *m, const struct xd_vcpu *v, mfn_t table, unsigned int slot,
                 uint64_t val, uint32_t pg)
{
    const struct xd_domain *d = view_domain(m->hv, view_frame(m->hv, table)->owner);
    unsigned int level = m->type[table];
    uint64_t old = book_words(m, table)[slot];
    size_t mark = m->undos;
    bool fine = true;

    if (level == 4 && slot >= 256 && slot < 272)
        return no(m, "slot %u of an L4 table is Xen's", slot);
    if (val & P_BIT) {
        if (level > 1 ? val & UPPER : val & l1_forbidden(d))
            return no(m, "entry 0x%llx has bits that it must not have", N(val));
        if ((old ^ val) & COUNTED)
            fine = level > 1 ? take_link(m, val, level, table, d) : take_leaf(m, &val, d, v, pg);
    }
    if (!fine) {
        back_to(m, mark);
        return false;
    }
    /* A guest's kernel runs in ring 3, so each of its entries is for users too. */
    book_write(m, table)[slot] = val & P_BIT ? val | US_BIT : val;
    return true;
}
