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
    for (size_t i = head; i < bytes_of(map); i++) {
        const unsigned char none = 0;

        if (!xd_copy_out(v, map->at + i, &none, 1))
            return xd_reject(v, XD_WHY_COPY_OUT, map->at + i, 1);
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
