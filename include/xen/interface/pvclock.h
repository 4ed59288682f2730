/* SPDX-License-Identifier: MIT */
/*
 * pvclock.h: the paravirtual clock records inside vcpu_info and shared_info.
 *
 * A reader takes `version`, waits while it is odd, reads, and starts again if it has changed.
 */
#ifndef __XEN_PUBLIC_PVCLOCK_H__
#define __XEN_PUBLIC_PVCLOCK_H__

#include <xen/interface/base.h>

/* Bits of pvclock_vcpu_time_info.flags. */
#define PVCLOCK_TSC_STABLE_BIT     (1 << 0)
#define PVCLOCK_GUEST_STOPPED      (1 << 1)
#define XEN_PVCLOCK_TSC_STABLE_BIT PVCLOCK_TSC_STABLE_BIT
#define XEN_PVCLOCK_GUEST_STOPPED  PVCLOCK_GUEST_STOPPED

#ifndef __ASSEMBLY__

/*
 * Time now, in ns since boot, is system_time plus the ticks since tsc_timestamp: shifted left by
 * tsc_shift (right when negative), multiplied by tsc_to_system_mul, divided by 2^32.
 */
struct pvclock_vcpu_time_info {
    uint32_t version;
    uint32_t pad0;
    uint64_t tsc_timestamp;
    uint64_t system_time;
    uint32_t tsc_to_system_mul;
    int8_t tsc_shift;
    uint8_t flags;
    uint8_t pad[2];
};

/* Wall-clock time at the moment system_time was 0; the high half of sec is stored elsewhere. */
struct pvclock_wall_clock {
    uint32_t version;
    uint32_t sec;
    uint32_t nsec;
};

#endif /* !__ASSEMBLY__ */

#endif /* __XEN_PUBLIC_PVCLOCK_H__ */
