/* SPDX-License-Identifier: MIT */
/* platform.h: what the files that carry out platform_op say to each other. */
#ifndef XD_HV_CALL_PLATFORM_H
#define XD_HV_CALL_PLATFORM_H

#include "hv/call/call.h"

/* Writes the (n) bytes at (from), which lie in (op), to where the caller's struct at (at) has them. AS-XEN:
 * __copy_field_to_guest: only what the command is about goes back. */
int64_t xd_platform_back(struct xd_vcpu *v, uint64_t at, const struct xd_abi_platform_op *op,
                         const void *from, size_t n);

/* Commands about processors. (op) is the caller's struct at (at), private. */
int64_t xd_platform_pminfo(struct xd_vcpu *v, const struct xd_abi_set_processor_pminfo *pm);
int64_t xd_platform_cpuinfo(struct xd_vcpu *v, struct xd_abi_platform_op *op, uint64_t at);
int64_t xd_platform_cpu_version(struct xd_vcpu *v, struct xd_abi_platform_op *op, uint64_t at);
int64_t xd_platform_cpu_online(struct xd_vcpu *v, uint32_t cpu);
int64_t xd_platform_cpu_offline(struct xd_vcpu *v, uint32_t cpu);
int64_t xd_platform_cpu_add(struct xd_vcpu *v, const struct xd_abi_cpu_hotadd *op);
int64_t xd_platform_core_parking(struct xd_vcpu *v, struct xd_abi_platform_op *op, uint64_t at);
int64_t xd_platform_resource_op(struct xd_vcpu *v, const struct xd_abi_resource_op *op);

#endif
