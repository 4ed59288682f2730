/* SPDX-License-Identifier: MIT */
/*
 * oracle_refused.c: what a refused call may have changed.
 *
 * The journal names every word that was written since the call began; those that differ now must be
 * among what Xen leaves behind for that refusal. All partial effects stand in one table below.
 */
#include "fuzz/oracles.h"

#include "base/strbuf.h"
#include "hv/frame.h"
#include "hv/profile.h"

#include <stdlib.h>
#include <string.h>

#define SAID_MAX 2000u

enum {
    ACCESSED = 1,   /* A and D bits, set on the way to arguments */
    ADJUSTED = 2,   /* bits that a failed audit has added to entries and descriptors */
    RETYPED = 4,    /* the type of a frame that nobody uses in it */
    FLUSHED = 8,    /* TLB flushes */
    ANSWER = 16,    /* how far it came: a word of the caller's memory, and how Xen continues it */
    TABLE = 32,     /* the table of ports has grown */
    VCPU = 64,      /* the vCPU: what came before in a list is in force */
    DONE = 128,     /* all the call does: it failed in what comes behind, telling or a flush */
    CLOCK = 256,    /* the clock in a vcpu_info of the domain */
    TOLD = 512,     /* memory that the caller can write to: what could be told of a longer answer */
    PIRQS = 1024,   /* the record of a pirq that was looked for, and is not used */
    COPIED = 2048,  /* the part before the place that can't be written, of what was copied out */
    PORTS = 4096,   /* a port was bound: its record and its peer's, and what leads to it */
    SENT = 8192,    /* an event: its bits, and who woke for it */
    LINES = 16384,  /* a pirq was mapped */
    INPUT = 32768,  /* bytes typed on the console that were handed over */
    VECTOR = 65536, /* where the next vector is looked for; one that a line got */
    EMPTIED = 131072, /* buffers for samples: none is in there now */
    NUMBER = 262144,  /* the number that Xen chose last for a domain */
    ALWAYS = ACCESSED | FLUSHED,
    AUDIT = ADJUSTED | RETYPED,
};

#define MMU_UPDATE         1u
#define PLATFORM_OP        7u
#define SET_GDT            2u
#define SET_TRAP_TABLE     0u
#define UPDATE_DESCRIPTOR  10u
#define MEMORY_OP          12u
#define UPDATE_VA_MAPPING  14u
#define CONSOLE_IO         18u
#define PHYSDEV_OP2        19u
#define UPDATE_VA_MAPPING2 22u
#define IRET               23u
#define VCPU_OP            24u
#define EVENT_COMPAT       16u
#define XENOPROF_OP        31u
#define EVENT_CHANNEL_OP   32u
#define MMUEXT_OP          26u
#define PHYSDEV_OP         33u
#define SYSCTL             35u
#define DOMCTL             36u
#define HYPFS_OP           42u
#define MCA                48u

enum { BIND_INTERDOMAIN = 0, BIND_VIRQ = 1, BIND_PIRQ = 2, ALLOC_UNBOUND = 6, BIND_IPI = 7 };
#define INIT_CONTROL      11u
#define VCPUOP_INITIALISE 0u
#define XENMEM_EXCHANGE   11u
#define XENOPROF_INIT     0u
#define XENOPROF_PASSIVE  4u
#define XENOPROF_BUFFER   14u
#define ALLOC_IRQ_VECTOR  10u
#define MAP_PIRQ          13u
#define GET_FREE_PIRQ     23u

/* AS-XEN: partial effects, by call and by reason. XD_WHY_NONE: any. */
static const struct {
    uint16_t nr, why;
    uint32_t leaves;
} effects[] = {
    {MMU_UPDATE, XD_WHY_NONE, AUDIT | ANSWER},
    {MMUEXT_OP, XD_WHY_NONE, AUDIT | ANSWER},
    {UPDATE_VA_MAPPING, XD_WHY_NONE, AUDIT},
    {UPDATE_VA_MAPPING2, XD_WHY_NONE, AUDIT},
    {UPDATE_VA_MAPPING, XD_WHY_VA_FLUSH_MASK, DONE},
    {UPDATE_VA_MAPPING2, XD_WHY_VA_FLUSH_MASK, DONE},
    {SET_GDT, XD_WHY_NONE, AUDIT},
    {SET_TRAP_TABLE, XD_WHY_NONE, VCPU},
    {PHYSDEV_OP, XD_WHY_NONE, ANSWER}, /* map_pirq: how it was understood */
    {PHYSDEV_OP2, XD_WHY_NONE, ANSWER},
    {PHYSDEV_OP, XD_WHY_PHYSDEV_MAP_RIGHTS, PIRQS},
    {PHYSDEV_OP2, XD_WHY_PHYSDEV_MAP_RIGHTS, PIRQS},
    {PHYSDEV_OP, XD_WHY_PHYSDEV_PIRQ_RANGE, PIRQS},
    {PHYSDEV_OP, XD_WHY_PHYSDEV_NO_DEVICE, PIRQS},
    {PHYSDEV_OP, XD_WHY_PHYSDEV_GSI_NO_VECTOR, DONE},  /* setup_gsi: it was tried */
    {PLATFORM_OP, XD_WHY_PLATFORM_CPU_ADD_FULL, DONE}, /* the APIC id was tried */
    {PLATFORM_OP, XD_WHY_PLATFORM_SLEEP_NONE, DONE},   /* all but the sleep */
    {PLATFORM_OP, XD_WHY_COPY_OUT, DONE | COPIED},     /* a type of memory stays set */
    {PLATFORM_OP, XD_WHY_COPY_IN, DONE}, /* idle states before one that can't be read */
    {PHYSDEV_OP, XD_WHY_PHYSDEV_EOI_TWICE,
     RETYPED},                            /* it was taken as a writable page, and put back */
    {VCPU_OP, XD_WHY_NONE, AUDIT | VCPU}, /* of a new vCPU, which holds what came before */
    {DOMCTL, XD_WHY_NONE, AUDIT | VCPU},  /* the same of another domain's; an affinity */
    {DOMCTL, XD_WHY_DOMCTL_CAP, DONE},    /* the weight */
    {DOMCTL, XD_WHY_DOMCTL_RESET_PV, DONE},
    {SYSCTL, XD_WHY_TBUF_NO_MEMORY,
     DONE}, /* what was taken is free in another order, and the list has a size */
    {DOMCTL, XD_WHY_COPY_IN, TOLD}, /* what was told of a list before its end */
    {DOMCTL, XD_WHY_POLICY_ROOM, TOLD},
    {DOMCTL, XD_WHY_POLICY_LEAVES, TOLD}, /* what was wrong in a policy */
    {DOMCTL, XD_WHY_POLICY_LEAF, TOLD},
    {DOMCTL, XD_WHY_POLICY_MSRS, TOLD},
    {DOMCTL, XD_WHY_POLICY_MSR_FLAGS, TOLD},
    {DOMCTL, XD_WHY_POLICY_MSR, TOLD},
    {DOMCTL, XD_WHY_POLICY_MSR_VALUE, TOLD},
    {DOMCTL, XD_WHY_POLICY_MORE, TOLD},
    {DOMCTL, XD_WHY_POLICY_MSR_MORE, TOLD},
    {DOMCTL, XD_WHY_DOMCTL_MSR_ROOM, TOLD}, /* how many there are, or were set */
    {DOMCTL, XD_WHY_DOMCTL_MSR_RESERVED, TOLD},
    {DOMCTL, XD_WHY_DOMCTL_MSR, TOLD},
    {DOMCTL, XD_WHY_COPY_OUT, DONE},
    {VCPU_OP, XD_WHY_VCPU_INFO_OFFSET, CLOCK}, /* the old vcpu_info's is written anew */
    {VCPU_OP, XD_WHY_VCPU_INFO_TWICE, CLOCK},
    {VCPU_OP, XD_WHY_VCPU_INFO_OTHER, CLOCK},
    {VCPU_OP, XD_WHY_VCPU_INFO_FRAME, CLOCK},
    {VCPU_OP, XD_WHY_VCPU_INFO_TYPE, CLOCK},
    {CONSOLE_IO, XD_WHY_CONSOLE_READ_COPY, TOLD | INPUT},
    {IRET, XD_WHY_NONE, DONE}, /* the domain crashes, or its kernel is entered */
    {MEMORY_OP, XD_WHY_NONE, ANSWER},
    {MEMORY_OP, XD_WHY_MEMMAP_ROOM, TOLD}, /* the entries before */
    {MEMORY_OP, XD_WHY_VNUMA_ROOM, TOLD},  /* how many there are */
    {MEMORY_OP, XD_WHY_EXCHANGE_LIST, DONE},
    {MEMORY_OP, XD_WHY_EXCHANGE_FRAME, DONE},
    {MEMORY_OP, XD_WHY_STEAL_BUSY, DONE},
    {MEMORY_OP, XD_WHY_EXCHANGE_NO_MEMORY, DONE},
    {SYSCTL, XD_WHY_NONE, TOLD},          /* lists as far as they go, states of frames */
    {SYSCTL, XD_WHY_COPY_OUT, DONE},      /* what was set, and can't be told */
    {SYSCTL, XD_WHY_OFFLINE_FRAME, DONE}, /* frames before are out of use, or back */
    {SYSCTL, XD_WHY_COPY_IN, DONE},       /* what keys did before one that can't be read */
    {HYPFS_OP, XD_WHY_NONE, TOLD},
    {HYPFS_OP, XD_WHY_HYPFS_VALUE, DONE}, /* log levels are set as far as they are understood */
    {MCA, XD_WHY_NONE, TOLD},             /* the number of processors, if not which they are */
    {XENOPROF_OP, XD_WHY_XENOPROF_INACTIVE, EMPTIED},
    {XENOPROF_OP, XD_WHY_XENOPROF_NO_BUFFER, EMPTIED}, /* of passive domains */
    {XENOPROF_OP, XD_WHY_XENOPROF_BUSY,
     DONE}, /* the domain is not profiled; pages before are nobody's */
};

/* ... by operation, if it was done and its answer could not be told. Others only read. */
static const struct {
    uint8_t nr, op;
    uint16_t leaves;
} untold[] = {
    {EVENT_CHANNEL_OP, BIND_INTERDOMAIN, PORTS | SENT},
    {EVENT_CHANNEL_OP, BIND_VIRQ, PORTS},
    {EVENT_CHANNEL_OP, BIND_PIRQ, PORTS | PIRQS},
    {EVENT_CHANNEL_OP, ALLOC_UNBOUND, PORTS},
    {EVENT_CHANNEL_OP, BIND_IPI, PORTS},
    {EVENT_CHANNEL_OP, INIT_CONTROL, DONE},
    {PHYSDEV_OP, ALLOC_IRQ_VECTOR, PIRQS | LINES},
    {PHYSDEV_OP, MAP_PIRQ, PIRQS | LINES},
    {PHYSDEV_OP, GET_FREE_PIRQ, PIRQS | LINES},
    {MEMORY_OP, XENMEM_EXCHANGE, DONE},
    {XENOPROF_OP, XENOPROF_INIT, DONE},
    {XENOPROF_OP, XENOPROF_PASSIVE, DONE},
    {XENOPROF_OP, XENOPROF_BUFFER, DONE},
};

/* ... and by reason, whatever the call. */
static const struct {
    uint16_t why;
    uint32_t leaves;
} reasons[] = {
    {XD_WHY_COPY_OUT, COPIED},
    /* An MSI's IRQ was made, and given back; a line that is written gets a vector first. */
    {XD_WHY_PHYSDEV_PIRQ_RANGE, VECTOR},
    {XD_WHY_PHYSDEV_NO_DEVICE, VECTOR},
    {XD_WHY_PHYSDEV_NO_MSI, VECTOR | PIRQS},
    {XD_WHY_PHYSDEV_MSI_COUNT, VECTOR},
    {XD_WHY_PHYSDEV_MSI_SEVERAL, VECTOR},
    {XD_WHY_PHYSDEV_NO_FREE_PIRQ, VECTOR},
    {XD_WHY_PHYSDEV_MAP_RIGHTS, VECTOR},
    {XD_WHY_EVTCHN_REMOTE_RANGE, TABLE},
    {XD_WHY_EVTCHN_PIRQ_BUSY, TABLE},
    {XD_WHY_EVTCHN_NOT_UNBOUND, TABLE},
    {XD_WHY_EVTCHN_RESERVED_FOR_OTHER, TABLE},
    {XD_WHY_EVTCHN_PERMISSION, TABLE},
    {XD_WHY_NOT_MODELLED, TOLD},
};

/* By the old numbers the operation stands in memory, which is not the guest's last word: any. */
static unsigned int leaves_untold(uint64_t nr, uint64_t op)
{
    const bool any = nr == EVENT_COMPAT || nr == PHYSDEV_OP2;
    const uint64_t is = nr == EVENT_COMPAT ? EVENT_CHANNEL_OP : nr == PHYSDEV_OP2 ? PHYSDEV_OP : nr;
    unsigned int l = nr == MEMORY_OP ? TOLD : 0; /* elements before the one that fails */

    for (size_t i = 0; i < XD_ARRAY_SIZE(untold); i++)
        if (untold[i].nr == is && (any || untold[i].op == (nr == MEMORY_OP ? op & 63 : op)))
            l |= untold[i].leaves;
    return l;
}

static unsigned int leaves(uint64_t nr, uint64_t op, unsigned int why)
{
    unsigned int l = ALWAYS | (why == XD_WHY_COPY_OUT ? leaves_untold(nr, op) : 0);

    for (size_t i = 0; i < XD_ARRAY_SIZE(effects); i++)
        if (effects[i].nr == nr && (effects[i].why == XD_WHY_NONE || effects[i].why == why))
            l |= effects[i].leaves;
    for (size_t i = 0; i < XD_ARRAY_SIZE(reasons); i++)
        if (reasons[i].why == why)
            l |= reasons[i].leaves;
    if (why >= XD_WHY_DOMCTL_NEW_FLAGS && why <= XD_WHY_DOMCTL_NEW_POOL_EMPTY)
        l |= NUMBER;
    return l;
}

struct change {
    struct xd_hv *hv;
    struct xd_domain *d; /* the caller's */
    const struct xd_vcpu *v;
    unsigned int leaves;
    uint64_t word, was, is;
    unsigned int answers; /* changed words of memory so far that could be the answer */
    unsigned int answers_max;
};

#define ADDED_BY_AUDIT (XD_PTE_US | XD_PTE_GK | XD_PTE_G | XD_PTE_A)
#define DESC_DPL       (UINT64_C(3) << 45)
#define DESC_RPL       (UINT64_C(3) << 16)

static bool is_clock(const struct change *c)
{
    const unsigned char *at = xd_arena_of(c->hv)->base + c->word * 8;

    for (uint32_t id = 0; id < c->d->vcpus; id++) {
        const struct xd_abi_vcpu_info *info = xd_vcpu_info(&c->d->vcpu[id]);
        const unsigned char *time = (const unsigned char *)&info->time;

        if (at >= time && at < time + sizeof(info->time))
            return true;
    }
    return false;
}

/* Its own, or one that it may map; nobody can write to what is not of the type for that. */
static bool is_callers(const struct change *c)
{
    const unsigned char *at = xd_arena_of(c->hv)->base + c->word * 8;
    const struct xd_frame *f = &c->hv->frame[(uint64_t)(at - c->hv->mem) / XD_PAGE_SIZE];

    return f->type == XD_TYPE_WRITABLE && f->type_count &&
           (f->owner == c->d->domid || c->d->privileged);
}

/* Does byte (off) of a page stand for one of the (n) at (va)? */
static bool is_at(uint64_t off, uint64_t va, uint64_t n)
{
    return ((off - va) & (XD_PAGE_SIZE - 1)) < n;
}

/* Are all bytes that differ of the caller's memory, and some of the (n) at (va), or the (m) at (wa)? */
static bool lies_in(const struct change *c, uint64_t va, uint64_t n, uint64_t wa, uint64_t m)
{
    const uint64_t off = c->word * 8 % XD_PAGE_SIZE;
    unsigned char was[8], is[8];

    memcpy(was, &c->was, 8);
    memcpy(is, &c->is, 8);
    for (unsigned int i = 0; i < 8; i++)
        if (was[i] != is[i] && !is_at(off + i, va, n) && !is_at(off + i, wa, m))
            return false;
    return is_callers(c);
}

static bool is_copied_clock(const struct change *c)
{
    for (uint32_t id = 0; id < c->d->vcpus; id++)
        if (c->d->vcpu[id].time_area &&
            lies_in(c, c->d->vcpu[id].time_area, sizeof(struct xd_abi_vcpu_time_info), 0, 0))
            return true;
    return false;
}

/* Where events are told, of any domain. */
static bool is_events(const struct change *c)
{
    const unsigned char *at = xd_arena_of(c->hv)->base + c->word * 8;
    const uint64_t mfn = (uint64_t)(at - c->hv->mem) / XD_PAGE_SIZE;
    bool is = false;

    for (uint32_t i = 0; i < c->hv->config.domains_max; i++) {
        const struct xd_domain *d = &c->hv->domain[i];

        is |= d->used && d->shared_info.v == mfn;
        for (uint32_t k = 0; d->used && k < d->fifo.pages; k++)
            is |= d->fifo.page[k].v == mfn;
        for (uint32_t id = 0; d->used && id < d->vcpus; id++)
            is |= d->vcpu[id].info_mfn.v == mfn || d->vcpu[id].fifo.mfn.v == mfn;
    }
    return is;
}

/* How far a batch came, or the arguments by which Xen continues it. Of others, whose answer lies in their struct: a word. */
static bool is_answer(struct change *c)
{
    const struct xd_record *r = &c->v->rec;

    if (r->nr != MMU_UPDATE && r->nr != MMUEXT_OP)
        return ++c->answers <= c->answers_max;
    return lies_in(c, r->arg[2], r->arg[2] ? sizeof(uint32_t) : 0,
                   c->v->entry + offsetof(struct xd_abi_multicall_entry, args),
                   c->v->in_multicall ? sizeof(((struct xd_abi_multicall_entry *)NULL)->args) : 0);
}

/* Head and tail of a buffer for samples. */
static bool is_emptied(const struct change *c)
{
    const unsigned char *at = xd_arena_of(c->hv)->base + c->word * 8;

    return !c->is && xd_profile_of(c->hv, xd_mfn_of((uint64_t)(at - c->hv->mem) / XD_PAGE_SIZE));
}

static bool memory_fine(struct change *c)
{
    uint64_t differs = c->was ^ c->is;

    if ((c->leaves & TOLD && is_callers(c)) ||
        (c->leaves & CLOCK && (is_clock(c) || is_copied_clock(c))))
        return true;
    if (c->leaves & COPIED && lies_in(c, c->v->rec.reject.arg[0], c->v->rec.reject.arg[1], 0, 0))
        return true;
    if (c->leaves & EMPTIED && is_emptied(c))
        return true;
    if (c->leaves & (PORTS | SENT) && is_events(c))
        return true;
    if (c->leaves & (ACCESSED | CLOCK) && !(differs & ~(XD_PTE_A | XD_PTE_D)) && c->is & XD_PTE_P)
        return true;
    if (c->leaves & ADJUSTED && (!(differs & ~(ADDED_BY_AUDIT | XD_PTE_CACHE | XD_PTE_RW)) ||
                                 !(differs & ~(DESC_DPL | DESC_RPL))))
        return true;
    return c->leaves & ANSWER && is_answer(c);
}

/* A frame's record is two words: the counts; owner, type, flags and linear count. */
static bool frame_fine(struct change *c, const struct xd_frame *now, bool second)
{
    struct xd_frame old = *now;

    memcpy((unsigned char *)&old + 8 * second, &c->was, 8);
    return second && c->leaves & RETYPED && old.owner == now->owner && !now->type_count &&
           !((old.flags ^ now->flags) & ~XD_FRAME_VALIDATED);
}

#define IN_FIELD(off, type, field)     \
    ((off) >= offsetof(type, field) && \
     (off) < offsetof(type, field) + sizeof(((type *)NULL)->field))

static bool vcpu_fine(const struct change *c, uint64_t off)
{
    if (c->leaves & (ANSWER | ADJUSTED) && IN_FIELD(off, struct xd_vcpu, table_left))
        return true;
    if (c->leaves & PORTS && IN_FIELD(off, struct xd_vcpu, virq_port))
        return true;
    if (c->leaves & SENT &&
        (IN_FIELD(off, struct xd_vcpu, stopped) || IN_FIELD(off, struct xd_vcpu, polling_any) ||
         IN_FIELD(off, struct xd_vcpu, runstate) || IN_FIELD(off, struct xd_vcpu, runstate_since) ||
         IN_FIELD(off, struct xd_vcpu, runstate_time) || IN_FIELD(off, struct xd_vcpu, fifo.tail)))
        return true;
    return IN_FIELD(off, struct xd_vcpu, tlb_flushes) ||
           IN_FIELD(off, struct xd_vcpu, tlb_invlpgs) || c->leaves & VCPU;
}

static bool domain_byte_fine(const struct change *c, uint64_t off)
{
    if (IN_FIELD(off, struct xd_domain, vcpu))
        return vcpu_fine(c, (off - offsetof(struct xd_domain, vcpu)) % sizeof(struct xd_vcpu));
    if (IN_FIELD(off, struct xd_domain, pirq))
        return c->leaves & PIRQS;
    if (IN_FIELD(off, struct xd_domain, line))
        return c->leaves & LINES;
    if (IN_FIELD(off, struct xd_domain, port) || IN_FIELD(off, struct xd_domain, ports_active))
        return c->leaves & PORTS;
    if (IN_FIELD(off, struct xd_domain, poll_mask))
        return c->leaves & SENT;
    return c->leaves & (TABLE | PORTS) && IN_FIELD(off, struct xd_domain, ports_valid);
}

/* Byte by byte: on a host of 32 bits a field of 64 may lie across two words. */
static bool domain_fine(const struct change *c, uint64_t off)
{
    unsigned char was[8], is[8];

    memcpy(was, &c->was, 8);
    memcpy(is, &c->is, 8);
    for (unsigned int i = 0; i < 8; i++)
        if (was[i] != is[i] && !domain_byte_fine(c, (off + i) % sizeof(struct xd_domain)))
            return false;
    return true;
}

/* What waits on the console, and where the first of it stands; what vCPUs without vcpu_info share; vectors. */
static bool machine_byte_fine(const struct change *c, uint64_t off)
{
    if (IN_FIELD(off, struct xd_hv, console_nr) || IN_FIELD(off, struct xd_hv, console_at))
        return c->leaves & INPUT;
    if (IN_FIELD(off, struct xd_hv, no_info))
        return c->leaves & (CLOCK | SENT);
    if (IN_FIELD(off, struct xd_hv, domid_last))
        return c->leaves & NUMBER;
    return c->leaves & VECTOR &&
           (IN_FIELD(off, struct xd_hv, vector_last) ||
            IN_FIELD(off, struct xd_hv, vector_offset) || IN_FIELD(off, struct xd_hv, gsi));
}

static bool machine_fine(const struct change *c, uint64_t off)
{
    unsigned char was[8], is[8];

    memcpy(was, &c->was, 8);
    memcpy(is, &c->is, 8);
    for (unsigned int i = 0; i < 8; i++)
        if (was[i] != is[i] && !machine_byte_fine(c, off + i))
            return false;
    return true;
}

/* May Xen have left this? (what): what it is. */
static bool fine(struct change *c, struct xd_str *what)
{
    struct xd_hv *hv = c->hv;
    unsigned char *at = xd_arena_of(hv)->base + c->word * 8;

    if (c->leaves & DONE)
        return true;
    if (at >= hv->mem) {
        xd_str_addf(what, "word %llu of frame 0x%llx",
                    (unsigned long long)((uint64_t)(at - hv->mem) % XD_PAGE_SIZE / 8),
                    (unsigned long long)((uint64_t)(at - hv->mem) / XD_PAGE_SIZE));
        return memory_fine(c);
    }
    if (at >= (unsigned char *)hv->frame) {
        uint64_t off = (uint64_t)(at - (unsigned char *)hv->frame);

        xd_str_addf(what, "the %s of frame 0x%llx", off % 16 ? "type" : "counts",
                    (unsigned long long)(off / 16));
        return frame_fine(c, &hv->frame[off / 16], off % 16 != 0);
    }
    if (at >= (unsigned char *)hv->domain) {
        uint64_t off = (uint64_t)(at - (unsigned char *)hv->domain);

        xd_str_addf(what, "byte %llu of domain %llu",
                    (unsigned long long)(off % sizeof(struct xd_domain)),
                    (unsigned long long)(off / sizeof(struct xd_domain)));
        return domain_fine(c, off);
    }
    xd_str_addf(what, "word %llu of the machine", (unsigned long long)c->word);
    return machine_fine(c, (uint64_t)(at - (unsigned char *)hv));
}

/* A value of the changed word, as (out) is to say it. */
static void add_value(const struct change *c, uint64_t value, struct xd_str *out)
{
    const unsigned char *at = xd_arena_of(c->hv)->base + c->word * 8,
                        *frames = (const unsigned char *)c->hv->frame;
    struct xd_frame f = {0};

    if (at < frames || at >= c->hv->mem) {
        xd_str_addf(out, "0x%llx", (unsigned long long)value);
        return;
    }
    memcpy((unsigned char *)&f + (size_t)(at - frames) % sizeof(f), &value, 8);
    if ((size_t)(at - frames) % sizeof(f) == 0)
        xd_str_addf(out, "%u references, %u of the type", f.count, f.type_count);
    else
        xd_str_addf(out, "%s with flags 0x%x, owner 0x%x, linear count %d",
                    xd_type_name((enum xd_type)f.type), f.flags, f.owner, f.linear);
}

/* A record of the journal: the word, and which record it is. */
struct written {
    uint64_t word;
    size_t at;
};

static int by_word(const void *a, const void *b)
{
    const struct written *x = a, *y = b;

    if (x->word != y->word)
        return x->word < y->word ? -1 : 1;
    return x->at < y->at ? -1 : 1;
}

static int by_time(const void *a, const void *b)
{
    const struct written *x = a, *y = b;

    return x->at < y->at ? -1 : x->at > y->at;
}

/*
 * The first record of each word since (mark), which says how it was, in the order of the journal;
 * to be freed.
 */
static struct written *first_records(const struct xd_arena *a, size_t mark, size_t *nr)
{
    size_t all = a->undo_nr - mark, n = 0;
    struct written *w;

    XD_ALWAYS(mark <= a->undo_nr);
    w = xd_zalloc((all + 1) * sizeof(*w));
    for (size_t i = 0; i < all; i++)
        w[i] = (struct written){a->undo[mark + i].word, mark + i};
    qsort(w, all, sizeof(*w), by_word);
    for (size_t i = 0; i < all; i++)
        if (!n || w[n - 1].word != w[i].word)
            w[n++] = w[i];
    qsort(w, n, sizeof(*w), by_time);
    *nr = n;
    return w;
}

/* AS-XEN: arch_set_info_guest: the kernel's root table stays with the vCPU if only the user's is refused. */
static bool keeps_a_root(const struct xd_domain *d, const struct xd_record *r)
{
    const struct xd_vcpu *v = r->arg[1] < d->vcpus ? &d->vcpu[r->arg[1]] : NULL;

    return r->arg[0] == VCPUOP_INITIALISE && v && !v->initialised && v->cr3.v;
}

void xd_oracle_refused(struct xd_vcpu *v, uint64_t nr, size_t mark, struct xd_str *out)
{
    const struct xd_arena *a = xd_arena_of(v->hv);
    struct change c = {
        .hv = v->hv,
        .d = v->domain,
        .v = v,
        .leaves = leaves(nr, v->rec.arg[0], v->rec.reject.why),
        /* An answer may lie across two words; in a list of calls the entry shows where Xen continued. */
        .answers_max = v->in_multicall ? 2 + XD_CALL_ARGS : 2,
    };
    struct xd_str what = {0};
    struct written *w;
    size_t words;

    if (nr == VCPU_OP && keeps_a_root(v->domain, &v->rec))
        c.leaves |= DONE;
    w = first_records(a, mark, &words);
    for (size_t i = 0; i < words; i++) {
        c.word = w[i].word;
        c.was = a->undo[w[i].at].old;
        memcpy(&c.is, a->base + c.word * 8, 8);
        if (c.is == c.was)
            continue;
        xd_str_clear(&what);
        if (fine(&c, &what) || out->len >= SAID_MAX)
            continue;
        xd_str_addf(out, "refused: the call was, and yet %s was ", xd_str_text(&what));
        add_value(&c, c.was, out);
        xd_str_add(out, " and is ");
        add_value(&c, c.is, out);
        xd_str_addc(out, '\n');
    }
    xd_str_free(&what);
    free(w);
}
