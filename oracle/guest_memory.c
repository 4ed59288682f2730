/* SPDX-License-Identifier: MIT */
/* guest_memory.c: a real guest's memory, by its own addresses. */
#include "real.h"

#include "hv/copy.h"
#include "hv/holders.h"

#include <string.h>

static struct xd_xen *const xen = &xd_real_machine.xen;

static size_t on_page(uint64_t va, size_t n)
{
    size_t left = XD_PAGE_SIZE - va % XD_PAGE_SIZE;

    return n < left ? n : left;
}

bool xd_look(struct xd_vcpu *v, void *dst, uint64_t va, size_t n)
{
    for (size_t at = 0, len; at < n; at += len) {
        const unsigned char *p = xd_xen_at(xen, v->cr3.v * XD_PAGE_SIZE, va + at, XD_GUEST_READS);

        len = on_page(va + at, n - at);
        if (!p)
            return false;
        if (p == xen->beyond) /* no RAM: one byte stands for all of it */
            memset((char *)dst + at, 0, len);
        else
            memcpy((char *)dst + at, p, len);
    }
    return true;
}

bool xd_copy_out(struct xd_vcpu *v, uint64_t va, const void *src, size_t n)
{
    for (size_t at = 0, len; at < n; at += len) {
        unsigned char *p = xd_xen_at(xen, v->cr3.v * XD_PAGE_SIZE, va + at, XD_GUEST_WRITES);

        len = on_page(va + at, n - at);
        if (!p)
            return false;
        if (p != xen->beyond)
            memcpy(p, (const char *)src + at, len);
    }
    return true;
}
