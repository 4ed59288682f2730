/* SPDX-License-Identifier: MIT */
/*
 * layout.h: where the builder puts things: a pure calculation, from a configuration to addresses
 * and pfns.
 */
#ifndef XD_HV_LAYOUT_H
#define XD_HV_LAYOUT_H

#include "hv/hv.h"

struct xd_layout {
    struct xd_start start;
    uint64_t initrd_pfn, initrd_pages;
    uint64_t p2m_pfn, p2m_pages;
    uint64_t pt_pfn;
    uint64_t p2m_pt_pfn, p2m_pt_pages; /* tables of a p2m list outside the region */
};

/* Lays (c) out. NULL, or the sentence that says why it can't be. */
const char *xd_layout(const struct xd_domain_config *c, struct xd_layout *l);

/* How many tables of (level) 1 to 3 it takes to map [start, end). */
uint64_t xd_layout_tables(uint64_t start, uint64_t end, unsigned int level);

/*
 * How many pages a domain laid out as (c) says must have for (spare) of them to be left over;
 * c->pages does not matter. 0 if no domain can be that large or (c) is impossible.
 */
uint32_t xd_layout_pages(const struct xd_domain_config *c, uint64_t spare);

/* What a hypercall page holds: a stub for each call. In build.c. AS-XEN: init_hypercall_page */
void xd_hypercall_page_fill(unsigned char page[XD_PAGE_SIZE]);

#endif
