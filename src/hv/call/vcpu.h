/* SPDX-License-Identifier: MIT */
/* vcpu.h: what the files that handle vcpu_op share. */
#ifndef XD_HV_CALL_VCPU_H
#define XD_HV_CALL_VCPU_H

#include "hv/call/call.h"

/* VCPUOP_initialise: gives (t) the context at guest address (arg). In vcpu_context.c. */
int64_t xd_vcpu_initialise(struct xd_vcpu *v, struct xd_vcpu *t, uint64_t arg);

/* (t) gets context (c), in whatever state it is, but for whether it is up: 0 or why not, with what was stored before. */
int64_t xd_vcpu_set_context(struct xd_vcpu *v, struct xd_vcpu *t,
                            const struct xd_abi_vcpu_guest_context *c);

/*
 * Debug register (reg) of (v) becomes (value), by the rules of set_debugreg; otherwise the reason
 * why not. In debugreg.c.
 */
enum xd_why xd_debugreg_set(struct xd_vcpu *v, int32_t reg, uint64_t value);
void xd_debugreg_reset(struct xd_vcpu *v);

#endif
