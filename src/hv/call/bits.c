/* SPDX-License-Identifier: MIT */
/* bits.c: lists of bits, of processors and nodes, that domctl, sysctl and mca take and give. */
#include "hv/call/call.h"

#include <string.h>

/* AS-XEN: bitmap_to_xenctl_bitmap: 0 again for the largest numbers. */
static uint32_t bytes_of(const struct xd_abi_bitmap *map)
{
    return (map->nr + 7) / 8;
}

int64_t xd_bits_in(struct xd_vcpu *v, const struct xd_abi_bitmap *map, unsigned char *bits,
                   size_t n)
{
    const size_t there = bytes_of(map) < n ? bytes_of(map) : n;

    memset(bits, 0, n);
    if (there && !xd_copy_in(v, bits, map->at, there))
        return xd_reject(v, XD_WHY_COPY_IN, map->at, there);
    return 0;
}

int64_t xd_bits_out(struct xd_vcpu *v, const struct xd_abi_bitmap *map, const unsigned char *bits,
                    size_t n)
{
    const size_t head = bytes_of(map) < n ? bytes_of(map) : n;

    if (head && !xd_copy_out(v, map->at, bits, head))
        return xd_reject(v, XD_WHY_COPY_OUT, map->at, head);
    for (size_t i = head, size; i < bytes_of(map); i += size) {
        static const unsigned char none[XD_PAGE_SIZE];
        const size_t left = bytes_of(map) - i;

        size = XD_PAGE_SIZE - (map->at + i) % XD_PAGE_SIZE;
        size = size < left ? size : left;
        if (!xd_copy_out(v, map->at + i, none, size))
            return xd_reject(v, XD_WHY_COPY_OUT, map->at + i, size);
    }
    return 0;
}

int64_t xd_cpus_in(struct xd_vcpu *v, const struct xd_abi_bitmap *map, bool *cpu0)
{
    unsigned char bits = 0;
    int64_t rc = xd_bits_in(v, map, &bits, 1);

    *cpu0 = bits & 1;
    return rc;
}

int64_t xd_cpus_out(struct xd_vcpu *v, const struct xd_abi_bitmap *map, bool cpu0)
{
    const unsigned char bits = cpu0;

    return xd_bits_out(v, map, &bits, 1);
}
