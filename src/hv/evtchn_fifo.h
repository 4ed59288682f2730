/* SPDX-License-Identifier: MIT */
/* evtchn_fifo.h: event channels by queues: a domain uses them from its first control block until it resets its ports. */
#ifndef XD_HV_EVTCHN_FIFO_H
#define XD_HV_EVTCHN_FIFO_H

#include "hv/hv.h"

#define XD_FIFO_BLOCK        72u /* bytes of a vCPU's control block */
#define XD_FIFO_LINK_BITS    17u
#define XD_FIFO_PRIORITY     7u  /* of a port, until it is given another */
#define XD_FIFO_PRIORITY_MIN 15u /* the lowest, and the largest number */

/*
 * The vCPU's control block lies at (offset) of frame (mfn), of which a writable type is held for it. The first one of a domain
 * switches it over.
 */
void xd_fifo_set_block(struct xd_vcpu *v, xd_mfn mfn, uint32_t offset);
/* Words for 1024 ports more, in frame (mfn), held likewise; there must be room. What waited for them is raised. */
void xd_fifo_add_page(struct xd_domain *d, xd_mfn mfn);
/* Back to the bitmaps; the frames are let go. All ports must be closed. */
void xd_fifo_end(struct xd_domain *d);

/* What hv/evtchn.h promises, for a domain that has switched over. The port must be valid. */
void xd_fifo_raise_on(struct xd_vcpu *v, uint32_t port);
void xd_fifo_unmask(struct xd_domain *d, uint32_t port);
void xd_fifo_clear_pending(struct xd_domain *d, uint32_t port);
bool xd_fifo_is_pending(struct xd_domain *d, uint32_t port);
bool xd_fifo_is_masked(struct xd_domain *d, uint32_t port);
/* The port is in a queue, so it must not be bound anew. */
bool xd_fifo_is_busy(struct xd_domain *d, uint32_t port);

#endif
