/* SPDX-License-Identifier: MIT */
/* tlb.h: telling whatever executes a guest which translations die. */
#ifndef XD_HV_TLB_H
#define XD_HV_TLB_H

#include "hv/hv.h"

void xd_tlb_flush(struct xd_vcpu *v);
void xd_tlb_invlpg(struct xd_vcpu *v, uint64_t va);
void xd_tlb_flush_domain(struct xd_domain *d);
void xd_tlb_invlpg_domain(struct xd_domain *d, uint64_t va);

/*
 * Reads the bitmap of vCPUs at (ptr). A domain has at most 64, so it is one word. False if it can't
 * be read. AS-XEN: vcpumask_to_pcpumask
 */
bool xd_vcpumask_get(struct xd_vcpu *v, uint64_t ptr, uint64_t *mask);

/* Flushes *va, or everything where (va) is NULL, on the vCPUs of (mask). */
void xd_flush_mask(struct xd_vcpu *v, uint64_t mask, const uint64_t *va);

#endif
