/* SPDX-License-Identifier: MIT */
/* memory_map.c: memory_op: the memory map that a domain was given, and the machine's. */
#include "hv/call/memory.h"

#include <stdlib.h>

#define ENTRY_SIZE      ((uint64_t)sizeof(struct xd_abi_e820entry))
#define RDM_ENTRY_SIZE  16u
#define RDM_ALL         1u
#define RAM             1u
#define RESERVED        2u
#define EBDA            0x9fc00u /* where the first 640 KiB of a PC end for its system */
#define VIDEO           0xa0000u
#define ROM             0xf0000u
#define MIB             0x100000u
#define PFN_WIDTH       28u /* of physical addresses of 40 bits */
#define MACHINE_ENTRIES 4u

static struct xd_abi_e820entry entry_of(uint64_t from, uint64_t to, uint32_t type)
{
    uint64_t size = to - from;

    return (struct xd_abi_e820entry){.addr = {(uint32_t)from, (uint32_t)(from >> 32)},
                                     .size = {(uint32_t)size, (uint32_t)(size >> 32)},
                                     .type = type};
}

/* AS-XEN: arch_memory_op: a domain may describe itself, and whom it controls; nobody believes it. */
int64_t xd_memory_set_map(struct xd_vcpu *v, void *copy)
{
    const struct xd_abi_memory_foreign_map *op = copy;
    uint32_t nr = op->map.nr_entries;
    struct xd_abi_e820entry *map;
    struct xd_domain *d;
    int64_t rc;

    if (nr > XD_E820_MAX)
        return xd_reject(v, XD_WHY_MEMMAP_ENTRIES, nr);
    rc = xd_memory_domain(v, op->domid, &d);
    if (rc)
        return rc;
    map = xd_zalloc((nr + 1) * sizeof(*map));
    if (xd_copy_in(v, map, op->map.buffer, nr * ENTRY_SIZE)) {
        xd_arena_write(xd_arena_of(v->hv), d->e820, map, nr * sizeof(*map));
        XD_PUT(v->hv, d->e820_nr, nr);
    } else {
        rc = xd_reject(v, XD_WHY_COPY_IN, op->map.buffer, nr * ENTRY_SIZE);
    }
    free(map);
    return rc;
}

int64_t xd_memory_map(struct xd_vcpu *v, void *copy)
{
    struct xd_abi_memory_map *op = copy;
    const struct xd_domain *d = v->domain;

    if (d->e820_nr == 0)
        return xd_reject(v, XD_WHY_MEMMAP_NONE, d->domid);
    if (op->nr_entries > d->e820_nr)
        op->nr_entries = d->e820_nr;
    if (!xd_copy_out(v, op->buffer, d->e820, op->nr_entries * ENTRY_SIZE))
        return xd_reject(v, XD_WHY_COPY_OUT, op->buffer, op->nr_entries * ENTRY_SIZE);
    return 0;
}

/* ---- The machine's map ---- */

/* The entries are told one after the other, to a buffer with room for (room) or, if it is NULL, to nobody. */
struct teller {
    struct xd_vcpu *v;
    uint64_t buffer;
    uint32_t room, told;
    uint64_t next; /* the first frame that nothing was said of yet */
};

static int64_t tell(struct teller *t, struct xd_abi_e820entry e)
{
    uint64_t at = t->buffer + t->told++ * ENTRY_SIZE;

    if (t->buffer && !xd_copy_out(t->v, at, &e, sizeof(e)))
        return xd_reject(t->v, XD_WHY_COPY_OUT, at, sizeof(e));
    return 0;
}

/* What lies before frame (first) is told as reserved; (last) is the next frame to be spoken of, less one. */
static int64_t tell_gap(struct teller *t, uint64_t first, uint64_t last)
{
    int64_t rc = 0;

    if (first > t->next && !(first >> PFN_WIDTH)) {
        if (t->buffer && t->told + 1 >= t->room)
            return xd_reject(t->v, XD_WHY_MEMMAP_ROOM, t->room);
        rc = tell(t, entry_of(t->next << XD_PAGE_SHIFT, first << XD_PAGE_SHIFT, RESERVED));
    }
    t->next = last + 1;
    return rc;
}

/* The same, but that the I/O APIC is told as part of a gap, though dom0 may have the right to look at it. */
static int64_t tell_range(struct teller *t, uint64_t first, uint64_t last)
{
    int64_t rc;

    if (first > XD_IO_APIC_FRAME || last < XD_IO_APIC_FRAME)
        return tell_gap(t, first, last);
    rc = first < XD_IO_APIC_FRAME ? tell_gap(t, first, XD_IO_APIC_FRAME - 1) : 0;
    return rc || last == XD_IO_APIC_FRAME ? rc : tell_gap(t, XD_IO_APIC_FRAME + 1, last);
}

/* Between entries dom0 may take all for I/O memory but what it has no right to. AS-XEN: handle_iomem_range */
static int64_t tell_until(struct teller *t, uint64_t end)
{
    const struct xd_domain *d = t->v->domain;
    uint64_t from = t->next;
    int64_t rc = 0;

    for (uint32_t i = 0; i < d->iomem.nr && rc == 0; i++) {
        struct xd_range r = d->iomem.range[i];

        if (r.last < from || r.first >= end)
            continue;
        rc = tell_range(t, r.first < from ? from : r.first, r.last >= end ? end - 1 : r.last);
    }
    return rc ? rc : tell_gap(t, end, end);
}

int64_t xd_memory_machine_map(struct xd_vcpu *v, void *copy)
{
    struct xd_abi_memory_map *op = copy;
    const uint64_t end = (uint64_t)v->hv->frames << XD_PAGE_SHIFT;
    const struct {
        uint64_t from, to;
        uint32_t type;
    } machine[MACHINE_ENTRIES] = {
        {0, EBDA, RAM}, {EBDA, VIDEO, RESERVED}, {ROM, MIB, RESERVED}, {MIB, end, RAM}};
    struct teller t = {.v = v, .buffer = op->buffer, .room = op->nr_entries};
    int64_t rc = 0;

    if (t.buffer && t.room < MACHINE_ENTRIES + 1)
        return xd_reject(v, XD_WHY_MEMMAP_ROOM, t.room);
    if (t.buffer && !xd_handle_ok(t.buffer, t.room, ENTRY_SIZE))
        return xd_reject(v, XD_WHY_HANDLE_RANGE, t.buffer, t.room);
    for (unsigned int i = 0; i < MACHINE_ENTRIES && rc == 0; i++) {
        if (machine[i].from >> XD_PAGE_SHIFT > t.next)
            rc = tell_until(&t, machine[i].from >> XD_PAGE_SHIFT);
        if (rc == 0 && t.buffer && t.told + (MACHINE_ENTRIES - i) >= t.room)
            rc = xd_reject(v, XD_WHY_MEMMAP_ROOM, t.room);
        if (rc == 0)
            rc = tell(&t, entry_of(machine[i].from, machine[i].to, machine[i].type));
        t.next = (machine[i].to + XD_PAGE_SIZE - 1) >> XD_PAGE_SHIFT;
    }
    if (rc == 0)
        rc = tell_until(&t, UINT64_MAX);
    op->nr_entries = t.told;
    return rc;
}

/* What devices need for themselves, by an IOMMU's tables. There is none here. */
int64_t xd_memory_rdm_map(struct xd_vcpu *v, void *copy)
{
    struct xd_abi_memory_rdm_map *op = copy;

    if (!xd_handle_ok(op->buffer, op->nr_entries, RDM_ENTRY_SIZE))
        return xd_reject(v, XD_WHY_HANDLE_RANGE, op->buffer, op->nr_entries);
    if (op->flags & ~RDM_ALL)
        return xd_reject(v, XD_WHY_MEMMAP_RDM_FLAGS, op->flags);
    op->nr_entries = 0;
    return 0;
}
