/* SPDX-License-Identifier: MIT */
/* view_words.c: the words of pages, as two machines can tell them alike. */
#define _GNU_SOURCE /* mincore */
#include "view_state.h"

#include "mailbox.h"

#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

/* Two numbers of frames that came from the heap later, or one in the upper half: of a list of Xen's. */
static bool is_list(const struct xd_view *s, uint64_t value)
{
    const uint32_t lower = (uint32_t)value;

    return value >> 32 && xd_heaps(s, value >> 32) && (!lower || xd_heaps(s, lower));
}

/*
 * A word as both machines can tell it. In a table the bits that the processor writes are no matter; frames that came from
 * the heap later have one number for all, and so have those that no domain of the program has.
 */
static uint64_t told(const struct xd_view *s, const struct xd_held *h, uint64_t value)
{
    uint64_t mfn = (value & XD_PTE_MFN) / XD_PAGE_SIZE;

    if (xd_heaps(s, value)) /* a number alone */
        return HEAPS_FRAME / XD_PAGE_SIZE;
    if (is_list(s, value))
        return HEAPS_FRAME / XD_PAGE_SIZE << 32 |
               ((uint32_t)value ? HEAPS_FRAME / XD_PAGE_SIZE : 0);
    if (value & XD_PTE_P && (!h || h->table))
        value &= ~(XD_PTE_A | XD_PTE_D);
    if (xd_heaps(s, mfn))
        return (value & ~XD_PTE_MFN) | HEAPS_FRAME;
    if (mfn >= XD_LOW_FRAMES && mfn < s->frames && !s->ours[mfn])
        return (value & ~XD_PTE_MFN) | OTHER_FRAME;
    return value;
}

/* Xen's entry for the table itself, by which a frame shows that it was made an L4. */
static bool shows_root(const uint64_t *now, uint64_t mfn)
{
    return now[XD_L4_SLOT_LINEAR] ==
           (mfn * XD_PAGE_SIZE | XD_PTE_P | XD_PTE_RW | XD_PTE_A | XD_PTE_D | XD_PTE_NX);
}

static bool is_root(const struct xd_view *s, const struct xd_held *h, const uint64_t *now)
{
    bool perhaps = false;

    if (h->told.type == XD_TYPE_L4 && h->told.type_count)
        return true;
    for (size_t i = 0; i < s->nr_doing; i++) {
        if (s->doing[i].what == COPIED || s->doing[i].mfn != h->mfn)
            continue;
        if (s->doing[i].certain)
            return true;
        perhaps = true;
    }
    return perhaps && shows_root(now, h->mfn);
}

/* Which of words XD_L4_XEN_FIRST and on Xen has written now, in a table or in one that was copied. */
static uint16_t xens_words(struct xd_view *s, struct xd_hv *hv, const struct xd_held *h,
                           const uint64_t *now)
{
    const struct xd_seen_page *p = h->page;
    uint16_t xens = 0;

    if (is_root(s, h, now))
        return UINT16_MAX;
    for (unsigned int i = 0; p->xens && i < L4_OWN; i++)
        if (p->xens >> i & 1 && now[XD_L4_XEN_FIRST + i] == p->now[XD_L4_XEN_FIRST + i])
            xens |= (uint16_t)(1u << i);
    for (size_t k = 0; k < s->nr_doing; k++) {
        const struct xd_held *from = s->doing[k].what == COPIED && s->doing[k].mfn == h->mfn
                                         ? xd_held_by(s, s->doing[k].from)
                                         : NULL;
        const uint64_t *there = from ? xd_frame_words(hv, xd_mfn_of(from->mfn)) : NULL;
        uint16_t of = !from                     ? 0
                      : is_root(s, from, there) ? UINT16_MAX
                      : from->page              ? from->page->xens
                                                : 0;

        for (unsigned int i = 0; of && i < L4_OWN; i++)
            if (of >> i & 1 && now[XD_L4_XEN_FIRST + i] == there[XD_L4_XEN_FIRST + i])
                xens |= (uint16_t)(1u << i);
    }
    return xens;
}

/* The processor may have written to tables that came and went within the step, and to what was copied from one. */
static void note_table(struct xd_view *s, struct xd_held *h)
{
    for (size_t i = 0; i < s->nr_doing && !h->table; i++) {
        const struct xd_held *from = s->doing[i].what == COPIED && s->doing[i].mfn == h->mfn
                                         ? xd_held_by(s, s->doing[i].from)
                                         : NULL;

        h->table = s->doing[i].what == WALKED || (from && from->table);
    }
}

/* What a table holds, in short. */
static uint64_t digest(const uint64_t *word)
{
    uint64_t sum = UINT64_C(14695981039346656037);

    for (unsigned int i = 0; i < XD_PT_SLOTS; i++)
        sum = (sum ^ word[i]) * UINT64_C(1099511628211);
    return sum;
}

void xd_look_at_words(struct xd_view *s, struct xd_hv *hv, const char *name, uint64_t nr,
                      struct xd_held *h)
{
    const uint64_t *now = xd_frame_words(hv, xd_mfn_of(h->mfn));
    struct xd_seen_page *p = h->page;
    uint16_t xens;

    note_table(s, h);
    if (!p->is_new && !s->anew && !memcmp(now, p->now, XD_PAGE_SIZE))
        return;
    xens = xens_words(s, hv, h, now);
    for (unsigned int i = 0; i < XD_PT_SLOTS; i++) {
        uint64_t value = now[i];
        bool own = i >= XD_L4_XEN_FIRST && i < XD_L4_XEN_END;

        if (own && xens >> (i - XD_L4_XEN_FIRST) & 1) {
            p->told[i] = 0;
            continue;
        }
        if (value == p->now[i] && !s->anew && !(own && p->xens >> (i - XD_L4_XEN_FIRST) & 1))
            continue;
        value = xd_hidden(s, h->mfn * XD_PAGE_SIZE + i * 8) ? 0 : told(s, h, value);
        if (value != p->told[i] && !p->is_new)
            xd_str_addf(s->out, "  %s %" PRIu64 " word %u: 0x%" PRIx64 "\n", name, nr, i, value);
        p->told[i] = value;
    }
    if (p->is_new)
        xd_str_addf(s->out, "  %s %" PRIu64 " words: digest 0x%" PRIx64 "\n", name, nr,
                    digest(p->told));
    memcpy(p->now, now, XD_PAGE_SIZE);
    p->xens = xens;
    p->is_new = false;
}

/* The kernel's own stacks and mailboxes: on the double nobody uses them. */
static bool kernels_own(uint64_t pfn)
{
    return pfn >= XD_KERNEL_OWN_FIRST && pfn < XD_KERNEL_OWN_END;
}

/* Which frames of the machine have memory: one that has none was never written to. */
void xd_find_memory(struct xd_view *s, const struct xd_hv *hv)
{
    if (!s->has)
        s->has = xd_zalloc(hv->frames);
    if (mincore(hv->mem, (size_t)hv->frames * XD_PAGE_SIZE, s->has))
        memset(s->has, 1, hv->frames);
}

/* Pages that no step was expected to change. */
void xd_look_at_others(struct xd_view *s, struct xd_hv *hv, const char *name,
                       const struct xd_seen_domain *d)
{
    static const uint64_t zeros[XD_PT_SLOTS];

    for (uint64_t pfn = 0; pfn < d->pages; pfn++) {
        const struct xd_held *h = &d->held[pfn];
        const uint64_t *old = pfn < START_SEEN ? d->at_start + pfn * XD_PT_SLOTS : zeros, *now;

        if (h->page || h->lost || kernels_own(pfn) || !(s->has[h->mfn] & 1))
            continue;
        now = xd_frame_words(hv, xd_mfn_of(h->mfn));
        if (!memcmp(now, old, XD_PAGE_SIZE))
            continue;
        for (unsigned int i = 0; i < XD_PT_SLOTS; i++)
            if (now[i] != old[i] && !xd_hidden(s, h->mfn * XD_PAGE_SIZE + i * 8))
                xd_str_addf(s->out, "  %s %" PRIu64 " word %u in the end: 0x%" PRIx64 "\n", name,
                            pfn, i, told(s, NULL, now[i]));
    }
}
