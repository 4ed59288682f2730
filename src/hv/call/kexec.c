/* SPDX-License-Identifier: MIT */
/*
 * kexec.c: kexec_op of a machine booted without crashkernel=. An image that is loaded takes no memory here, and one that is run ends
 * the machine.
 * What get_range tells of Xen itself are frames of the model.
 */
#include "hv/call/call.h"

#include "hv/frame.h"

#include <string.h>

#define HC_KEXEC_OP 37u

enum { EXEC, LOAD_V1, UNLOAD_V1, GET_RANGE, LOAD, UNLOAD, STATUS };
enum { RANGE_CRASH = 0, RANGE_XEN = 1, RANGE_CPU = 2, RANGE_VMCOREINFO = 6 };

#define TYPES        2u /* default and crash */
#define TYPE_CRASH   1u
#define SEGMENTS_END 16u
#define EM_386       3u
#define EM_X86_64    62u

static int64_t fault(struct xd_vcpu *v, uint64_t arg, size_t size)
{
    return xd_reject(v, XD_WHY_COPY_IN, arg, size);
}

/* A list of pages that leads where there is no memory, or without end. */
static int64_t ends(struct xd_vcpu *v)
{
    return xd_reject(v, XD_WHY_XEN_ENDS, HC_KEXEC_OP, LOAD_V1);
}

static int64_t get_range(struct xd_vcpu *v, uint64_t arg)
{
    struct xd_abi_kexec_range r;

    if (!xd_copy_in(v, &r, arg, sizeof(r)))
        return fault(v, arg, sizeof(r));
    switch (r.range) {
    case RANGE_CRASH: r.start = r.size = 0; break;
    case RANGE_CPU:
        return r.nr ? xd_reject(v, XD_WHY_KEXEC_CPU, (uint64_t)r.nr)
                    : xd_reject(v, XD_WHY_KEXEC_NO_NOTES);
    case RANGE_XEN:
        r.start = (uint64_t)XD_LOW_FRAMES << XD_PAGE_SHIFT;
        r.size = (uint64_t)(v->hv->heap_first - XD_LOW_FRAMES) << XD_PAGE_SHIFT;
        break;
    case RANGE_VMCOREINFO:
        r.start = (uint64_t)(v->hv->heap_first - 1) << XD_PAGE_SHIFT;
        r.size = XD_PAGE_SIZE;
        break;
    default: return xd_reject(v, XD_WHY_KEXEC_RANGE, (uint64_t)r.range);
    }
    return xd_copy_out(v, arg, &r, sizeof(r)) ? 0 : xd_reject(v, XD_WHY_COPY_OUT, arg, sizeof(r));
}

static int64_t exec(struct xd_vcpu *v, uint64_t arg)
{
    uint32_t type;

    if (!xd_copy_in(v, &type, arg, sizeof(type)))
        return fault(v, arg, sizeof(type));
    if (type >= TYPES)
        return xd_reject(v, XD_WHY_KEXEC_TYPE, type);
    if (type == TYPE_CRASH || !v->hv->kexec_loaded)
        return xd_reject(v, XD_WHY_KEXEC_NOT_LOADED, type);
    XD_PUT(v->hv, v->hv->off, true); /* AS-XEN: kexec_reboot: the machine is the image's */
    return 0;
}

/* ---- Images: of what they are made is looked at, and that there is one is kept. ---- */

struct image {
    uint32_t nr;
    struct xd_abi_kexec_segment segment[SEGMENTS_END];
};

/* Whole pages that do not overlap, and hold what is to be put into them. AS-XEN: do_kimage_alloc */
static int64_t alloc(struct xd_vcpu *v, uint8_t type, uint64_t entry, const struct image *m)
{
    const struct xd_abi_kexec_segment *s = m->segment;
    const uint32_t nr = m->nr;

    if (type >= TYPES)
        return xd_reject(v, XD_WHY_KEXEC_TYPE, type);
    if (type == TYPE_CRASH)
        return xd_reject(v, XD_WHY_KEXEC_NO_CRASH_AREA, entry);
    for (uint32_t i = 0; i < nr; i++)
        if ((s[i].dest_maddr | (s[i].dest_maddr + s[i].dest_size)) % XD_PAGE_SIZE)
            return xd_reject(v, XD_WHY_KEXEC_ALIGNMENT, s[i].dest_maddr, s[i].dest_size);
    for (uint32_t i = 0; i < nr; i++)
        for (uint32_t k = 0; k < i; k++)
            if (s[i].dest_maddr + s[i].dest_size > s[k].dest_maddr &&
                s[i].dest_maddr < s[k].dest_maddr + s[k].dest_size)
                return xd_reject(v, XD_WHY_KEXEC_OVERLAP, k, i);
    for (uint32_t i = 0; i < nr; i++)
        if (s[i].buf_size > s[i].dest_size)
            return xd_reject(v, XD_WHY_KEXEC_BUFFER, s[i].buf_size, s[i].dest_size);
    return 0;
}

/* AS-XEN: kexec_swap_images: the two places of an image change roles even if both are empty. */
static int64_t swap(struct xd_vcpu *v, uint8_t type, bool loaded)
{
    if (type >= TYPES)
        return xd_reject(v, XD_WHY_KEXEC_TYPE, type);
    XD_PUT(v->hv, v->hv->kexec_flip[type], !v->hv->kexec_flip[type]);
    if (type != TYPE_CRASH)
        XD_PUT(v->hv, v->hv->kexec_loaded, loaded);
    return 0;
}

/* In the order of their addresses. */
static void sort(struct xd_abi_kexec_segment *s, uint32_t nr)
{
    for (uint32_t i = 1; i < nr; i++)
        for (uint32_t k = i; k && s[k].dest_maddr < s[k - 1].dest_maddr; k--) {
            const struct xd_abi_kexec_segment t = s[k];

            s[k] = s[k - 1];
            s[k - 1] = t;
        }
}

/* Tables, below the one root, that map the first (nr) segments; neighbours share some. */
static uint64_t tables(const struct image *m, uint32_t nr)
{
    struct xd_abi_kexec_segment s[SEGMENTS_END];
    uint64_t all = 0;

    memcpy(s, m->segment, nr * sizeof(s[0]));
    sort(s, nr);
    for (unsigned int shift = 21; shift < 48; shift += 9)
        for (uint64_t i = 0, next = 0; i < nr; i++) {
            const uint64_t end = s[i].dest_maddr + s[i].dest_size;
            uint64_t first = s[i].dest_maddr >> shift;

            if (end <= s[i].dest_maddr)
                continue;
            first = first < next ? next : first;
            next = ((end - 1) >> shift) + 1;
            all += next > first ? next - first : 0;
        }
    return all;
}

/* What is to lie in it, page by page; each takes a frame. */
static int64_t copy(struct xd_vcpu *v, const struct xd_abi_kexec_segment *s)
{
    unsigned char byte;

    for (uint64_t done = 0; done < s->buf_size; done += XD_PAGE_SIZE) {
        const uint64_t left = s->buf_size - done, n = left < XD_PAGE_SIZE ? left : XD_PAGE_SIZE;

        if (done >> XD_PAGE_SHIFT == xd_frames_unclaimed(v->hv))
            return xd_reject(v, XD_WHY_KEXEC_NO_ROOM);
        if (!xd_copy_in(v, &byte, s->buf + done, 1) ||
            !xd_copy_in(v, &byte, s->buf + done + n - 1, 1))
            return fault(v, s->buf + done, n);
    }
    return 0;
}

/*
 * AS-XEN: kimage_load_segment: what came of the copy is forgotten when the segment's pages are mapped; it is told of one that has
 * none, as one whose end lies beyond all addresses. Without a buffer that is a lack of memory.
 */
static int64_t load_segment(struct xd_vcpu *v, const struct image *m, uint32_t i)
{
    const struct xd_abi_kexec_segment *s = &m->segment[i];

    if (tables(m, i + 1) > xd_frames_unclaimed(v->hv))
        return xd_reject(v, XD_WHY_KEXEC_TABLES, s->dest_size >> XD_PAGE_SHIFT);
    if (s->dest_maddr + s->dest_size > s->dest_maddr)
        return 0;
    return s->buf ? copy(v, s) : xd_reject(v, XD_WHY_KEXEC_NO_ROOM);
}

static int64_t load(struct xd_vcpu *v, uint64_t arg)
{
    struct xd_abi_kexec_load op;
    struct image m;
    int64_t rc;

    if (!xd_copy_in(v, &op, arg, sizeof(op)))
        return fault(v, arg, sizeof(op));
    if (op.nr_segments >= SEGMENTS_END)
        return xd_reject(v, XD_WHY_KEXEC_SEGMENTS, op.nr_segments);
    m.nr = op.nr_segments;
    if (!xd_copy_in(v, m.segment, op.segments, m.nr * sizeof(m.segment[0])))
        return fault(v, op.segments, m.nr * sizeof(m.segment[0]));
    rc = alloc(v, op.type, op.entry_maddr, &m);
    for (uint32_t i = 0; i < m.nr && rc == 0; i++)
        rc = load_segment(v, &m, i);
    if (rc)
        return rc;
    if (op.arch != EM_386 && op.arch != EM_X86_64)
        return xd_reject(v, XD_WHY_KEXEC_ARCH, op.arch);
    return swap(v, op.type, true);
}

/* ---- The old way: pages of entries that lie in machine memory ---- */

enum { DESTINATION = 1, INDIRECTION = 2, END = 4, SOURCE = 8 };

/*
 * The next entry behind (*at), 0 at first, of the list whose next page is (*page). False: it leads where Xen would read what is
 * no memory, or without end.
 */
static bool next_entry(const struct xd_hv *hv, uint64_t *page, unsigned int *at, uint32_t *pages,
                       uint64_t *entry)
{
    if (*page < XD_LOW_FRAMES || *page >= hv->frames || *at == XD_PT_SLOTS || *pages > hv->frames)
        return false;
    memcpy(entry, hv->mem + *page * XD_PAGE_SIZE + 8 * (uint64_t)*at, sizeof(*entry));
    ++*at;
    if ((*entry & 0xf) == INDIRECTION) {
        *page = *entry >> XD_PAGE_SHIFT;
        *at = 0;
        ++*pages;
    }
    return true;
}

/* AS-XEN: kexec_segments_add_segment: what follows on is one segment. */
static bool add_destination(struct image *m, uint64_t maddr)
{
    const struct xd_abi_kexec_segment *last = m->nr ? &m->segment[m->nr - 1] : NULL;

    if (last && last->dest_maddr + last->dest_size == maddr)
        return true;
    if (m->nr == SEGMENTS_END)
        return false;
    m->segment[m->nr++] = (struct xd_abi_kexec_segment){.dest_maddr = maddr};
    return true;
}

static int64_t read_list(struct xd_vcpu *v, uint64_t page, struct image *m)
{
    unsigned int at = 0;
    uint32_t pages = 0;
    uint64_t entry;

    for (m->nr = 0; next_entry(v->hv, &page, &at, &pages, &entry);) {
        const unsigned int kind = entry & 0xf;

        if (kind == END)
            return 0;
        if (kind == INDIRECTION)
            continue;
        if ((kind != DESTINATION && kind != SOURCE) || (kind == SOURCE && !m->nr) ||
            (kind == DESTINATION && !add_destination(m, entry >> XD_PAGE_SHIFT << XD_PAGE_SHIFT)))
            return xd_reject(v, XD_WHY_KEXEC_LIST, entry);
        if (kind == SOURCE)
            m->segment[m->nr - 1].dest_size += XD_PAGE_SIZE;
    }
    return ends(v);
}

/* Once more: pages to be copied are the caller's. AS-XEN: kimage_build_ind */
static int64_t check_sources(struct xd_vcpu *v, uint64_t page)
{
    unsigned int at = 0;
    uint32_t pages = 0;
    uint64_t entry;

    while (next_entry(v->hv, &page, &at, &pages, &entry) && (entry & 0xf) != END) {
        const xd_mfn mfn = xd_mfn_of(entry >> XD_PAGE_SHIFT);

        if ((entry & 0xf) != SOURCE)
            continue;
        if (!xd_mfn_valid(v->hv, mfn))
            return ends(v);
        if (!xd_frame_owned(v->hv, mfn, v->domain->domid))
            return xd_reject(v, XD_WHY_KEXEC_SOURCE, mfn.v);
    }
    return 0;
}

static int64_t load_v1(struct xd_vcpu *v, uint64_t arg)
{
    struct xd_abi_kexec_load_v1 op;
    struct image m;
    int64_t rc;

    if (!xd_copy_in(v, &op, arg, sizeof(op)))
        return fault(v, arg, sizeof(op));
    rc = read_list(v, op.indirection_page >> XD_PAGE_SHIFT, &m);
    if (rc == 0)
        rc = alloc(v, (uint8_t)op.type, op.start_address, &m);
    if (rc == 0)
        rc = check_sources(v, op.indirection_page >> XD_PAGE_SHIFT);
    return rc ? rc : swap(v, (uint8_t)op.type, true);
}

static int64_t unload(struct xd_vcpu *v, uint8_t type)
{
    return swap(v, type, false);
}

static int64_t unload_old(struct xd_vcpu *v, uint64_t arg)
{
    struct xd_abi_kexec_load_v1 op;

    return xd_copy_in(v, &op, arg, sizeof(op)) ? unload(v, (uint8_t)op.type)
                                               : fault(v, arg, sizeof(op));
}

static int64_t unload_new(struct xd_vcpu *v, uint64_t arg)
{
    uint8_t type;

    return xd_copy_in(v, &type, arg, sizeof(type)) ? unload(v, type) : fault(v, arg, sizeof(type));
}

/* AS-XEN: kexec_status: tells which place is in use, not whether it holds an image. */
static int64_t status(struct xd_vcpu *v, uint64_t arg)
{
    uint8_t type;

    if (!xd_copy_in(v, &type, arg, sizeof(type)))
        return fault(v, arg, sizeof(type));
    return type < TYPES ? v->hv->kexec_flip[type] : xd_reject(v, XD_WHY_KEXEC_TYPE, type);
}

int64_t xd_hc_kexec_op(struct xd_vcpu *v, const struct xd_args_kexec_op *arg)
{
    if (!v->domain->privileged)
        return xd_reject(v, XD_WHY_CONTROL_ONLY, HC_KEXEC_OP, v->domain->domid);
    switch (arg->op) {
    case EXEC: return exec(v, arg->arg);
    case LOAD_V1: return load_v1(v, arg->arg);
    case UNLOAD_V1: return unload_old(v, arg->arg);
    case GET_RANGE: return get_range(v, arg->arg);
    case LOAD: return load(v, arg->arg);
    case UNLOAD: return unload_new(v, arg->arg);
    case STATUS: return status(v, arg->arg);
    default: return 0; /* AS-XEN: do_kexec_op_internal knows no others, and does not mind */
    }
}
