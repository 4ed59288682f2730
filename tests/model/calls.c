/* SPDX-License-Identifier: MIT */
/*
 * calls.c: what calls about page tables and descriptors ask for, and whether they may have it.
 *
 * Requests of a batch are judged one after the other, each on the state that those before it leave.
 */
#include "book.h"

#include <string.h>

enum {
    SET_GDT = 2,
    MMU_UPDATE = 1,
    UPDATE_DESCRIPTOR = 10,
    VA_MAPPING = 14,
    VA_OTHER = 22,
    MMUEXT = 26
};
enum {
    PIN_L1,
    PIN_L4 = 3,
    UNPIN,
    NEW_BASE,
    FLUSH_LOCAL,
    INVLPG_LOCAL,
    FLUSH_MULTI,
    INVLPG_MULTI,
    FLUSH_ALL,
    INVLPG_ALL,
    FLUSH_CACHE,
    SET_LDT,
    NEW_USER = 15,
    CLEAR,
    COPY,
    FLUSH_CACHE_GLOBAL
};

#define FRAME(e)  (((e)&UINT64_C(0x000ffffffffff000)) >> 12)
#define NO_DOMAIN 0xffffffffu
#define NO_FRAME  UINT64_MAX
#define PREEMPTED 0x80000000u

bool calls_va_ok(uint64_t va)
{
    return va < UINT64_C(0x0000800000000000) || va >= UINT64_C(0xffff880000000000);
}

static struct roots *roots_of(struct model *m, const struct xd_vcpu *v)
{
    return &m->root[v->domain - m->hv->domain][v->id];
}

/* Where (va) leads; NO_FRAME: nowhere, or nobody can tell. */
static mfn_t reach(struct model *m, const struct xd_vcpu *v, uint64_t va, bool write, bool *certain)
{
    uint64_t top = va >> 47, need = P_BIT | US_BIT | (write ? RW_BIT : 0);
    mfn_t f = roots_of(m, v)->kernel;

    if (!calls_va_ok(va) || (top != 0 && top != 0x1ffff))
        return NO_FRAME;
    for (unsigned int level = 4; level >= 1; level--) {
        unsigned int slot = (unsigned int)(va >> (12 + 9 * (level - 1)) & 511);
        uint64_t e = book_words(m, f)[slot];

        *certain &= level < 4 || slot < 256 || slot >= 272;
        if (!*certain || (e & need) != need)
            return NO_FRAME;
        f = FRAME(e);
        *certain &= f < m->frames;
        if (!*certain)
            return NO_FRAME;
    }
    return f;
}

bool calls_read(struct model *m, const struct xd_vcpu *v, uint64_t va, void *to, size_t n,
                bool *certain)
{
    unsigned char *out = to;

    *certain = true;
    if (view_aside(v))
        return view_aside_read(v, va, to, n);
    for (; n; n--, va++, out++) {
        mfn_t f = reach(m, v, va, false, certain);

        if (f == NO_FRAME)
            return false;
        *out = ((const unsigned char *)book_words(m, f))[va & 4095];
    }
    return true;
}

bool calls_writable(struct model *m, const struct xd_vcpu *v, uint64_t va, size_t n, bool *certain)
{
    *certain = true;
    if (view_aside(v))
        return view_aside_writable(v, va, n);
    return reach(m, v, va, true, certain) != NO_FRAME &&
           reach(m, v, va + n - 1, true, certain) != NO_FRAME;
}

/* ---- Who ---- */

/* The domain that (id) names here; NO_DOMAIN: none. The caller must call itself SELF. */
static uint32_t foreign(const struct model *m, const struct xd_vcpu *v, uint32_t id)
{
    if (id == XD_DOMID_SELF)
        return v->domain->domid;
    if (id == XD_DOMID_IO || id == XD_DOMID_XEN)
        return id;
    return id == v->domain->domid || !view_domain(m->hv, id) ? NO_DOMAIN : id;
}

static bool may(const struct xd_vcpu *v, uint32_t domid)
{
    return v->domain->privileged || domid == v->domain->domid;
}

/* ---- One request ---- */

static bool plain_write(struct model *m, mfn_t f, unsigned int slot, uint64_t val)
{
    if (m->type[f])
        return no(m, "frame 0x%llx is in use as type %u: not to be written", N(f), m->type[f]);
    flushes_retyped(m, f, T_WRITABLE);
    book_write(m, f)[slot] = val;
    return true;
}

/* (upper): a table above L1 was changed, and its domain's TLBs are flushed at the end. */
static bool mmu_request(struct model *m, struct xd_vcpu *v, const uint64_t req[2], uint32_t fd,
                        uint32_t pt, bool *upper)
{
    unsigned int slot = (unsigned int)(req[0] >> 3 & 511), cmd = (unsigned int)req[0] & 7;
    mfn_t f = req[0] >> 12;

    if (cmd > 3)
        return no(m, "there is no command %u", cmd);
    if (cmd == 1 && pt != v->domain->domid)
        return no(m, "M2P entries of others");
    if ((fd != XD_DOMID_IO && !may(v, fd)) || !may(v, pt))
        return no(m, "d%u has no privilege over d%u and d%u", v->domain->domid, fd, pt);
    if (cmd == 1)
        return book_owned(m, f, fd) || no(m, "frame 0x%llx is not d%u's", N(f), fd);
    if (!book_owned(m, f, pt))
        return no(m, "frame 0x%llx is not d%u's", N(f), pt);
    if (m->type[f] < T_L1 || m->type[f] > T_L4)
        return plain_write(m, f, slot, req[1]);
    if (m->type[f] > T_L1 && fd != pt)
        return no(m, "frames of others are for L1 entries");
    if (!rule_change(m, v, f, slot, req[1], fd))
        return false;
    *upper |= m->type[f] > T_L1;
    return true;
}

static bool pin(struct model *m, mfn_t f, unsigned int level, uint32_t fd)
{
    const struct xd_domain *d = view_domain(m->hv, fd);

    if (!book_owned(m, f, fd))
        return no(m, "frame 0x%llx is not d%u's", N(f), fd);
    if (!rule_take(m, f, level))
        return false;
    if (m->pin[f])
        return no(m, "frame 0x%llx is pinned", N(f));
    m->touched = true;
    if (!d || !d->dying)
        m->pin[f] = (uint8_t)level;
    return true;
}

static bool base(struct model *m, struct xd_vcpu *v, mfn_t f, bool user)
{
    struct roots *r = roots_of(m, v);

    if (f == (user ? r->user : r->kernel)) {
        if (!user)
            flushes_owe(m, v, false);
        return true;
    }
    if (!user || f) {
        if (!book_owned(m, f, v->domain->domid))
            return no(m, "frame 0x%llx is not the caller's", N(f));
        if (!rule_take(m, f, T_L4))
            return false;
    }
    *(user ? &r->user : &r->kernel) = f;
    if (!user) {
        memset(r->ldt, 0, sizeof(r->ldt));
        flushes_owe(m, v, false);
    }
    return true;
}

static bool fill_page(struct model *m, mfn_t to, mfn_t from, bool copy, uint32_t fd)
{
    uint64_t page[512] = {0};

    if (fd == XD_DOMID_IO || (copy && !book_owned(m, from, fd)) || !book_owned(m, to, fd))
        return no(m, "a frame is not d%u's", fd);
    if (m->type[to] || view_frame(m->hv, to)->owner == XD_DOMID_XEN)
        return no(m, "frame 0x%llx is in use as type %u", N(to), m->type[to]);
    flushes_retyped(m, to, T_WRITABLE);
    if (copy)
        memcpy(page, book_words(m, from), sizeof(page));
    memcpy(book_write(m, to), page, sizeof(page));
    return true;
}

static bool ldt(struct model *m, struct xd_vcpu *v, uint64_t at, uint32_t ents)
{
    struct roots *r = roots_of(m, v);
    bool loaded = false;

    if (ents > 8192 || (ents && (at % 4096 || !calls_va_ok(at))))
        return no(m, "no LDT can be of %u entries at 0x%llx", ents, N(at));
    if (ents == m->ldt_ents && (ents ? at : 0) == m->ldt_base)
        return true;
    for (uint32_t k = 0; k < XD_ARRAY_SIZE(r->ldt) && !loaded; k++)
        loaded = r->ldt[k];
    if (loaded)
        flushes_owe(m, v, false);
    memset(r->ldt, 0, sizeof(r->ldt));
    m->ldt_ents = ents;
    m->ldt_base = ents ? at : 0;
    return true;
}

/* The bitmap of vCPUs at (at). */
static bool mask_of(struct model *m, const struct xd_vcpu *v, uint64_t at, uint64_t *mask)
{
    bool certain;

    if (calls_read(m, v, at, mask, sizeof(*mask), &certain))
        return true;
    m->predicted = certain;
    return no(m, "the bitmap at 0x%llx can't be read", N(at));
}

/* Addresses that can't be translated need no flush. */
static bool flush(struct model *m, const struct xd_vcpu *v, uint32_t cmd, const uint64_t op[3])
{
    bool one_address = cmd == INVLPG_LOCAL || cmd == INVLPG_MULTI || cmd == INVLPG_ALL;
    uint64_t mask = cmd == FLUSH_ALL || cmd == INVLPG_ALL ? EVERY_VCPU : UINT64_C(1) << v->id;
    uint64_t top = op[1] >> 47;

    if ((cmd == FLUSH_MULTI || cmd == INVLPG_MULTI) && !mask_of(m, v, op[2], &mask))
        return false;
    if (!one_address || (cmd == INVLPG_LOCAL ? top == 0 || top == 0x1ffff : calls_va_ok(op[1])))
        flushes_owe_domain(m, v->domain, mask, one_address);
    return true;
}

static bool ext_request(struct model *m, struct xd_vcpu *v, const uint64_t op[3], uint32_t fd)
{
    uint32_t cmd = (uint32_t)op[0];
    bool own = cmd >= NEW_BASE && cmd <= NEW_USER && cmd != 14;

    if ((own || cmd == FLUSH_CACHE_GLOBAL) && fd != v->domain->domid)
        return no(m, "command %u is for oneself", cmd);
    switch (cmd) {
    case UNPIN:
        if (!book_owned(m, op[1], fd) || !m->pin[op[1]])
            return no(m, "frame 0x%llx is not d%u's, or not pinned", N(op[1]), fd);
        m->touched = true;
        m->pin[op[1]] = 0;
        return true;
    case NEW_BASE: return base(m, v, op[1], false);
    case NEW_USER: return base(m, v, op[1], true);
    case CLEAR: return fill_page(m, op[1], 0, false, fd);
    case COPY: return fill_page(m, op[1], op[2], true, fd);
    case SET_LDT: return ldt(m, v, op[1], (uint32_t)op[2]);
    case FLUSH_CACHE:
    case FLUSH_CACHE_GLOBAL: return rule_io_rights(v->domain) || no(m, "caches are not d%u's", fd);
    case FLUSH_MULTI:
    case INVLPG_MULTI:
    case FLUSH_LOCAL:
    case INVLPG_LOCAL:
    case FLUSH_ALL:
    case INVLPG_ALL: return flush(m, v, cmd, op);
    default:
        return cmd <= PIN_L4 ? pin(m, op[1], cmd + 1, fd) : no(m, "there is no command %u", cmd);
    }
}

/* ---- Calls ---- */

static bool requests(struct model *m, struct xd_vcpu *v, const uint64_t *arg, bool ext, uint32_t fd,
                     uint32_t pt, bool *upper)
{
    uint32_t count = (uint32_t)arg[1] & ~PREEMPTED;
    size_t size = ext ? 24 : 16;
    bool certain;

    for (uint32_t i = 0; i < count && m->predicted; i++) {
        uint64_t req[3] = {0};

        m->undos = 0;
        if (!calls_read(m, v, arg[0] + i * size, req, size, &certain)) {
            m->predicted = certain;
            return no(m, "request %u can't be read", i);
        }
        if (ext ? !ext_request(m, v, req, fd) : !mmu_request(m, v, req, fd, pt, upper))
            return false;
        if (i + 1 < count) /* after the last one the machine itself is looked at */
            book_settle(m);
    }
    return true;
}

static bool batch(struct model *m, struct xd_vcpu *v, const uint64_t *arg, bool ext)
{
    uint32_t count = (uint32_t)arg[1], domids = (uint32_t)arg[3];
    uint32_t fd, pt = v->domain->domid;
    bool upper = false, fine;

    if (count == PREEMPTED && !arg[0]) {
        m->predicted = false;
        return true;
    }
    if (!calls_va_ok(arg[0]))
        return no(m, "the list can't be at 0x%llx", N(arg[0]));
    if (!ext && domids >> 16) {
        pt = (domids >> 16) - 1;
        if (pt >= XD_DOMID_SELF || !view_domain(m->hv, pt))
            return no(m, "there is no domain %u", pt);
    }
    fd = foreign(m, v, domids & 0xffff);
    if (fd == NO_DOMAIN)
        return no(m, "there is no domain 0x%x here", domids & 0xffff);
    if (ext && !may(v, fd))
        return no(m, "d%u has no privilege over d%u", v->domain->domid, fd);
    fine = requests(m, v, arg, ext, fd, pt, &upper);
    if (upper)
        flushes_owe_domain(m, view_domain(m->hv, pt), EVERY_VCPU, false);
    return fine;
}

static bool va_mapping(struct model *m, struct xd_vcpu *v, const uint64_t *arg, uint32_t fd)
{
    mfn_t f = roots_of(m, v)->kernel;
    uint64_t type = arg[2] & 3, whom = arg[2] & ~UINT64_C(3), mask = UINT64_C(1) << v->id;

    if (fd == NO_DOMAIN || !may(v, fd))
        return no(m, "d%u has no privilege over d%u", v->domain->domid, fd);
    if (!calls_va_ok(arg[0]))
        return no(m, "0x%llx is Xen's, or nothing at all", N(arg[0]));
    for (unsigned int level = 4; level > 1; level--) {
        uint64_t e = book_words(m, f)[arg[0] >> (12 + 9 * (level - 1)) & 511];

        if (!(e & P_BIT) || FRAME(e) >= m->frames)
            return no(m, "nothing is below the L%u entry for 0x%llx", level, N(arg[0]));
        f = FRAME(e);
    }
    if (!book_owned(m, f, v->domain->domid) || m->type[f] != T_L1)
        return no(m, "frame 0x%llx is no L1 table of the caller", N(f));
    if (!rule_change(m, v, f, (unsigned int)(arg[0] >> 12 & 511), arg[1], fd))
        return false;
    if (type == 0 || type == 3)
        return true;
    if (whom & ~UINT64_C(4)) { /* too late for the entry, which is changed */
        if (!mask_of(m, v, whom, &mask))
            return false;
    } else if (whom) {
        mask = EVERY_VCPU;
    }
    flushes_owe_domain(m, v->domain, mask, type == 2);
    return true;
}

static bool set_gdt(struct model *m, struct xd_vcpu *v, const uint64_t *arg)
{
    uint32_t ents = (uint32_t)arg[1], nr = (ents + 511) / 512;
    struct roots *r = roots_of(m, v), old = *r;
    mfn_t list[16] = {0};
    bool certain;

    if (ents > 7168)
        return no(m, "a GDT of %u entries", ents);
    if (nr && !calls_read(m, v, arg[0], list, nr * 8, &certain)) {
        m->predicted = certain;
        return no(m, "the list can't be read");
    }
    for (uint32_t i = 0; i < nr; i++)
        if (!book_owned(m, list[i], v->domain->domid) || !rule_take(m, list[i], T_SEG)) {
            *r = old;
            return no(m, "frame 0x%llx can't be a GDT page", N(list[i]));
        }
    r->gdts = nr;
    memset(r->gdt, 0, sizeof(r->gdt));
    memcpy(r->gdt, list, nr * 8);
    flushes_owe(m, v, false);
    return true;
}

static bool update_descriptor(struct model *m, struct xd_vcpu *v, const uint64_t *arg)
{
    mfn_t f = arg[0] >> 12;

    if (arg[0] & 7 || !rule_descriptor(arg[1]))
        return no(m, "descriptor 0x%llx, to be at 0x%llx", N(arg[1]), N(arg[0]));
    if (!book_owned(m, f, v->domain->domid))
        return no(m, "frame 0x%llx is not the caller's", N(f));
    if (m->type[f] != T_NONE && m->type[f] != T_SEG)
        return no(m, "frame 0x%llx is in use as type %u", N(f), m->type[f]);
    if (m->last[f] != T_SEG)
        flushes_retyped(m, f, T_WRITABLE);
    return true;
}

void calls_foresee(struct model *m, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg)
{
    m->predicted = true;
    m->undos = 0;
    m->ldt_ents = v->ldt_ents;
    m->ldt_base = v->ldt_base;
    flushes_start(m);
    m->why[0] = '\0';
    switch (nr) {
    case MMU_UPDATE: m->granted = batch(m, v, arg, false); break;
    case MMUEXT: m->granted = batch(m, v, arg, true); break;
    case VA_MAPPING: m->granted = va_mapping(m, v, arg, v->domain->domid); break;
    case VA_OTHER:
        m->granted = va_mapping(m, v, arg, foreign(m, v, (uint32_t)arg[3] & 0xffff));
        break;
    case SET_GDT: m->granted = set_gdt(m, v, arg); break;
    case UPDATE_DESCRIPTOR: m->granted = update_descriptor(m, v, arg); break;
    default: m->predicted = false; break;
    }
}
