/* SPDX-License-Identifier: MIT */
/* control.h: what a control domain gives another one, or its vCPUs, and Xen keeps for them. */
#ifndef XD_HV_CONTROL_H
#define XD_HV_CONTROL_H

#include "abi/guest64.h"

#define XD_NODES_MAX    64u  /* nodes of memory that a machine can have */
#define XD_VNODES       32u  /* AS-XEN: vnuma_alloc: a page for distances, 4 bytes each, */
#define XD_VMEMRANGES   170u /* ... and one for ranges, of 24 */
#define XD_VNODES_VCPUS 64u  /* XD_VCPUS */

/* Nodes of memory that a domain was told it has. What lies beyond the numbers of them is 0. */
struct xd_vnuma {
    uint32_t nodes; /* 0: nothing was told */
    uint32_t ranges;
    uint32_t distance[XD_VNODES * XD_VNODES]; /* (nodes) of each */
    uint32_t of_vcpu[XD_VNODES_VCPUS];
    uint8_t node[XD_VNODES]; /* of the machine, that each lies on */
    struct xd_abi_vmemrange range[XD_VMEMRANGES];
};

#endif
