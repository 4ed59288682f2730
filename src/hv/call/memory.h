/* SPDX-License-Identifier: MIT */
/* memory.h: memory_op is spread over files; what they share. */
#ifndef XD_HV_CALL_MEMORY_H
#define XD_HV_CALL_MEMORY_H

#include "hv/call/call.h"

#define XD_MEMOP_SHIFT 6u /* above the number of the operation: the start extent */

/* The largest order of an extent that (d) may ask for. AS-XEN: max_order */
unsigned int xd_memory_order_max(const struct xd_domain *d);

/* May (d) ask for memory of the node that (flags) name? */
bool xd_memory_node_ok(const struct xd_domain *d, uint32_t flags);

/* Only frames below this can be given to who asks with (flags). */
uint64_t xd_memory_below(const struct xd_domain *d, uint32_t flags);

/* May a list of (nr) frame numbers be used from element (first) on? AS-XEN: guest_handle_subrange_okay */
bool xd_memory_list_ok(uint64_t list, uint64_t first, uint64_t nr);

/* Finds the domain that a question is about. 0, or a refusal. */
int64_t xd_memory_domain(struct xd_vcpu *v, uint16_t domid, struct xd_domain **d);

/* In exchange.c. */
int64_t xd_memory_exchange(struct xd_vcpu *v, uint64_t at);

/* Handlers of rows of ops_memory.def, given the copy of the operand; in memory_map.c, memory_other.c. */
xd_op_fn xd_memory_map, xd_memory_machine_map, xd_memory_set_map, xd_memory_rdm_map;
xd_op_fn xd_memory_add_to_physmap, xd_memory_add_to_physmap_batch, xd_memory_remove_from_physmap,
    xd_memory_pod_target, xd_memory_sharing, xd_memory_access, xd_memory_claim,
    xd_memory_compat_m2p;
/* They read their operand themselves, at (at). The latter in domctl_vnuma.c. */
int64_t xd_memory_resource(struct xd_vcpu *v, uint64_t at);
int64_t xd_memory_vnuma(struct xd_vcpu *v, uint64_t at);

#endif
