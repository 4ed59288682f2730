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
    if (there && map->nr % 8 && there == bytes_of(map))
        bits[there - 1] &= (unsigned char)~(0xff << map->nr % 8);
    return 0;
}

int64_t xd_bits_out(struct xd_vcpu *v, const struct xd_abi_bitmap *map, const unsigned char *bits,
                    size_t n)
{
    static const unsigned char zeros[XD_PAGE_SIZE];
    const size_t head = bytes_of(map) < n ? bytes_of(map) : n;

    if (head && !xd_copy_out(v, map->at, bits, head))
        return xd_reject(v, XD_WHY_COPY_OUT, map->at, head);
    /* By pages: what Xen writes byte by byte is written or not as far as a page goes. */
    for (size_t i = head, part; i < bytes_of(map); i += part) {
        const uint64_t at = map->at + i;

        part = XD_PAGE_SIZE - at % XD_PAGE_SIZE;
        if (part > bytes_of(map) - i)
            part = bytes_of(map) - i;
        if (!xd_copy_out(v, at, zeros, part))
            return xd_reject(v, XD_WHY_COPY_OUT, at, part);
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
