/* SPDX-License-Identifier: MIT */
/*
 * layout.c: the initial region of a domain.
 *
 * kernel, initrd, p2m list, start_info, (xenstore and console page: domU), page tables, stack,
 * padding; page i of it is pfn i. It ends on a 4 MiB boundary with at least 512 KiB to spare. The
 * tables map the region they lie in, so their number is found by trying. AS-XEN: dom0_construct_pv;
 * libxenguest alloc_pgtables_pv
 */
#include "hv/layout.h"

#include "hv/pte.h"

#define MIB4             (UINT64_C(4) << 20)
#define SPARE            (UINT64_C(512) << 10)
#define DOMU_SLACK_PAGES 129u /* 512 KiB and the stack */

static uint64_t pages_of(uint64_t bytes)
{
    return (bytes + XD_PAGE_SIZE - 1) / XD_PAGE_SIZE;
}

static uint64_t round_up(uint64_t x, uint64_t to)
{
    return (x + to - 1) & ~(to - 1);
}

uint64_t xd_layout_tables(uint64_t start, uint64_t end, unsigned int level)
{
    unsigned int shift = XD_PAGE_SHIFT + 9 * level;

    return end > start ? ((end - 1) >> shift) - (start >> shift) + 1 : 0;
}

static uint64_t tables(uint64_t start, uint64_t end)
{
    return xd_layout_tables(start, end, 1) + xd_layout_tables(start, end, 2) +
           xd_layout_tables(start, end, 3);
}

static uint64_t region_end(enum xd_order order, uint64_t pt_va, uint64_t pt_frames)
{
    uint64_t stack_end = pt_va + (pt_frames + 1) * XD_PAGE_SIZE, end;

    if (order == XD_ORDER_DOMU)
        return round_up(pt_va + (pt_frames + DOMU_SLACK_PAGES) * XD_PAGE_SIZE, MIB4);
    end = round_up(stack_end, MIB4);
    return end - stack_end < SPARE ? end + MIB4 : end;
}

static const char *config_error(const struct xd_domain_config *c)
{
    if (c->vcpus < 1 || c->vcpus > XD_VCPUS)
        return "vcpus must be 1 to 64";
    if (c->vcpus_online < 1 || c->vcpus_online > c->vcpus)
        return "vcpus_online must be 1 to vcpus";
    if (c->vcpus_online > XD_VCPUS_SHARED)
        return "vcpus_online must be 1 to 32: vCPUs above have no vcpu_info until the guest gives them one";
    if (c->port_max < 1 || c->port_max >= XD_PORTS)
        return "port_max must be 1 to 131071";
    if (c->order == XD_ORDER_DOMU && c->port_max < 2)
        return "port_max must be 2 to 131071 in domU order: the xenstore and console ports take two";
    if (c->kernel_pages < 2)
        return "kernel_pages must be 2 or more (page 1 is the hypercall page)";
    if (c->kernel_pages > XD_FRAMES_MAX || c->initrd_len / XD_PAGE_SIZE > XD_FRAMES_MAX)
        return "kernel_pages and initrd_len must be less than 4 GiB";
    if (c->virt_base % MIB4)
        return "virt_base must be 4 MiB aligned";
    if (c->init_p2m % XD_PAGE_SIZE)
        return "init_p2m must be page aligned";
    if (c->pages < 1 || c->pages > XD_FRAMES_MAX)
        return "pages must be 1 to 1048576";
    return NULL;
}

/* [start, end) must be memory a guest can map, without wrapping. */
static bool guest_range(uint64_t start, uint64_t end)
{
    return start < end && ((end <= XD_GUEST_LOW_END) || start >= XD_HYPERVISOR_END);
}

/* All but whether it fits into c->pages. */
static const char *lay_out(const struct xd_domain_config *c, struct xd_layout *l)
{
    struct xd_start *s = &l->start;
    const char *bad = config_error(c);
    uint64_t va, base = c->virt_base, p2m_end;

    if (bad)
        return bad;
    *l = (struct xd_layout){.initrd_pages = pages_of(c->initrd_len),
                            .p2m_pages = pages_of((uint64_t)c->pages * 8)};
    s->virt_base = s->kernel_va = base;
    s->hypercall_page_va = base + XD_PAGE_SIZE;
    s->pages = c->pages;
    va = base + (uint64_t)c->kernel_pages * XD_PAGE_SIZE;
    if (l->initrd_pages && !c->initrd_unmapped) {
        l->initrd_pfn = (va - base) / XD_PAGE_SIZE;
        s->mod_start = va;
        va += l->initrd_pages * XD_PAGE_SIZE;
    }
    if (!c->init_p2m) {
        l->p2m_pfn = (va - base) / XD_PAGE_SIZE;
        s->p2m_va = va;
        va += l->p2m_pages * XD_PAGE_SIZE;
    }
    s->start_info_va = va;
    va += XD_PAGE_SIZE;
    if (c->order == XD_ORDER_DOMU) {
        s->store_va = va;
        s->console_va = va + XD_PAGE_SIZE;
        va += 2 * XD_PAGE_SIZE;
    }
    s->pt_va = va;
    l->pt_pfn = (va - base) / XD_PAGE_SIZE;
    s->pt_frames = 1;
    do {
        s->pt_frames++;
        s->virt_end = region_end(c->order, s->pt_va, s->pt_frames);
    } while (1 + tables(base, s->virt_end) > s->pt_frames);
    s->stack_va = s->pt_va + s->pt_frames * XD_PAGE_SIZE;
    s->padding_va = s->stack_va + XD_PAGE_SIZE;
    s->mapped_pages = (s->virt_end - base) / XD_PAGE_SIZE;
    s->first_free_pfn = s->mapped_pages;
    if (!guest_range(base, s->virt_end))
        return "the initial region must lie in one of the guest's two address ranges";
    if (l->initrd_pages && c->initrd_unmapped) {
        l->initrd_pfn = s->mod_start = s->first_free_pfn;
        s->first_free_pfn += l->initrd_pages;
    }
    if (l->initrd_pages) /* AS-XEN: the toolstack tells whole pages of an initrd that is not mapped
                          */
        s->mod_len = c->initrd_unmapped && c->order == XD_ORDER_DOMU
                         ? l->initrd_pages * XD_PAGE_SIZE
                         : c->initrd_len;
    if (c->init_p2m) {
        p2m_end = c->init_p2m + l->p2m_pages * XD_PAGE_SIZE;
        if (!guest_range(c->init_p2m, p2m_end) || (c->init_p2m < s->virt_end && base < p2m_end))
            return "the p2m list at init_p2m must lie in a guest address range and outside the initial region";
        s->p2m_va = c->init_p2m;
        l->p2m_pfn = s->first_free_pfn;
        l->p2m_pt_pfn = l->p2m_pfn + l->p2m_pages;
        l->p2m_pt_pages = tables(c->init_p2m, p2m_end);
        s->first_free_pfn += l->p2m_pages + l->p2m_pt_pages;
    }
    return NULL;
}

const char *xd_layout(const struct xd_domain_config *c, struct xd_layout *l)
{
    const char *bad = lay_out(c, l);

    if (!bad && l->start.first_free_pfn > c->pages)
        bad =
            "pages is too small for what the builder lays out (with its padding, a domain starts with 1024 pages or more)";
    return bad;
}

/* The p2m list grows with the domain, so what is needed is found by trying. */
uint32_t xd_layout_pages(const struct xd_domain_config *c, uint64_t spare)
{
    struct xd_domain_config try = *c;
    struct xd_layout l;
    uint64_t need = XD_FRAMES_MIN + spare;

    do {
        if (need > XD_FRAMES_MAX)
            return 0;
        try.pages = (uint32_t)need;
        if (lay_out(&try, &l))
            return 0;
        need = l.start.first_free_pfn + spare;
    } while (need > try.pages);
    return (uint32_t)need;
}
