/* SPDX-License-Identifier: MIT */
/* toolstack.h: builds the oracle's unprivileged domains on real Xen, by dom0's hypercalls. */
#ifndef XD_ORACLE_TOOLSTACK_H
#define XD_ORACLE_TOOLSTACK_H

#include "xen.h"

#include "xendouble/xendouble.h"

#define XD_TOOLSTACK_PAGES 1536u
#define XD_KERNEL_PAGES    12u /* of the oracle's kernel, in every domain */

/*
 * Makes domain (domid), unprivileged, with a copy of the kernel at (path) in it, and waits for its mailboxes. Of (c) only
 * port_max, vcpus, vcpus_online, ioports, iomem, command_line and how much pages_max is above pages matter. (*start) is what the builder laid out, mfn[pfn] its XD_TOOLSTACK_PAGES frames. (room_va): 8 KiB of
 * dom0's memory nobody uses. Its vCPUs get processors (cpu) and up for themselves. False: x->error says which step was refused.
 */
bool xd_toolstack_build(struct xd_xen *x, uint32_t domid, uint32_t cpu,
                        const struct xd_domain_config *c, const char *path, uint64_t room_va,
                        struct xd_start *start, uint64_t *mfn);

/* Brings up vCPU (id) of dom0, as the builder does those of others, on processor (cpu). */
bool xd_toolstack_start_dom0(struct xd_xen *x, uint32_t id, uint32_t cpu,
                             const struct xd_start *start, uint64_t *mfn);

/* Takes the domain away again. False: x->error says why it can't be. */
bool xd_toolstack_destroy(struct xd_xen *x, uint32_t domid);
/* The same while a program runs, whose domains may hold frames of it: then its number stays known. */
void xd_toolstack_kill(struct xd_xen *x, uint32_t domid);

/*
 * Leaves Xen's heap with many single free frames, by a domain that holds their neighbours: a frame that a program gives
 * back then lies behind them and is not handed out again at once, whatever was there before. Made anew each time.
 */
bool xd_toolstack_scatter(struct xd_xen *x);

/* For xd_xen_config.ended. */
bool xd_toolstack_ended(struct xd_xen *x, unsigned int g, uint8_t *reason);

/* For xd_xen_config.waits: has Xen put it to sleep, or is it down, so that it does nothing more until it is woken or brought up? */
bool xd_toolstack_waits(struct xd_xen *x, unsigned int g);
/* Wakes it, by no event: an NMI that its domain has no callback for. */
bool xd_toolstack_wake(struct xd_xen *x, unsigned int g);

/* Takes one of its pauses back. */
void xd_toolstack_unpause(struct xd_xen *x, uint32_t domid);

/* Opens a port of the domain for dom0, as its builder did. */
bool xd_toolstack_open_port(struct xd_xen *x, uint32_t domid, uint32_t *port);

#endif
