/* SPDX-License-Identifier: MIT */
/* create.h: how a domain comes to be, and its vCPUs: what is the same of one that the host has built and of one that a control
 * domain creates. */
#ifndef XD_HV_CREATE_H
#define XD_HV_CREATE_H

#include "hv/hv.h"

#define XD_NODES_ALL UINT64_MAX /* the 64 that Xen is built for */

/* What is said of a domain when it is created; of each only what it begins with. */
struct xd_newborn {
    uint16_t domid;
    uint32_t vcpus;        /* that it may have, 1 to XD_VCPUS */
    uint32_t port_max;     /* below XD_PORTS */
    const uint8_t *handle; /* 16 bytes */
    bool hardware;
};

/* A slot that no domain has, or NULL. */
struct xd_domain *xd_domain_slot(struct xd_hv *hv);

/*
 * (d), a free slot, is a domain as Xen makes it: an empty shared_info, no vCPU, no page, no right. One frame must be free.
 * AS-XEN: domain_create, arch_domain_create
 */
void xd_domain_make(struct xd_hv *hv, struct xd_domain *d, const struct xd_newborn *as);

/* vCPU (id) of (d) is there, as it begins: without a context, and down unless (up). AS-XEN: vcpu_create */
void xd_vcpu_make(struct xd_domain *d, uint32_t id, bool up);

/* All vCPUs that it was created for are there: those that were not, down. */
void xd_domain_make_vcpus(struct xd_domain *d);

/* The nodes that it prefers are those of where its vCPUs may run, if it has any. AS-XEN: domain_update_node_affinity */
void xd_domain_nodes_follow(struct xd_domain *d);

#endif
