/* SPDX-License-Identifier: MIT */
/*
 * event_channel.h: event_channel_op and the FIFO event ABI.
 *
 * Each sub-operation has a struct; fields marked OUT are the hypervisor's answer.
 */
#ifndef __XEN_PUBLIC_EVENT_CHANNEL_H__
#define __XEN_PUBLIC_EVENT_CHANNEL_H__

#include <xen/interface/xen.h>

#define EVTCHNOP_bind_interdomain 0
#define EVTCHNOP_bind_virq        1
#define EVTCHNOP_bind_pirq        2
#define EVTCHNOP_close            3
#define EVTCHNOP_send             4
#define EVTCHNOP_status           5
#define EVTCHNOP_alloc_unbound    6
#define EVTCHNOP_bind_ipi         7
#define EVTCHNOP_bind_vcpu        8
#define EVTCHNOP_unmask           9
#define EVTCHNOP_reset            10
#define EVTCHNOP_init_control     11
#define EVTCHNOP_expand_array     12
#define EVTCHNOP_set_priority     13
#define EVTCHNOP_reset_cont       14 /* the hypervisor's own way to go on with a reset */

/* evtchn_bind_pirq.flags */
#define BIND_PIRQ__WILL_SHARE 1

/* evtchn_status.status */
#define EVTCHNSTAT_closed      0
#define EVTCHNSTAT_unbound     1
#define EVTCHNSTAT_interdomain 2
#define EVTCHNSTAT_pirq        3
#define EVTCHNSTAT_virq        4
#define EVTCHNSTAT_ipi         5

/* FIFO queues: a lower number is served first. */
#define EVTCHN_FIFO_PRIORITY_MAX     0
#define EVTCHN_FIFO_PRIORITY_DEFAULT 7
#define EVTCHN_FIFO_PRIORITY_MIN     15
#define EVTCHN_FIFO_MAX_QUEUES       (EVTCHN_FIFO_PRIORITY_MIN + 1)

/* Bit numbers in an event word; the low EVTCHN_FIFO_LINK_BITS name the next port queued. */
#define EVTCHN_FIFO_PENDING 31
#define EVTCHN_FIFO_MASKED  30
#define EVTCHN_FIFO_LINKED  29
#define EVTCHN_FIFO_BUSY    28

#define EVTCHN_FIFO_LINK_BITS   17
#define EVTCHN_FIFO_LINK_MASK   ((1 << EVTCHN_FIFO_LINK_BITS) - 1)
#define EVTCHN_FIFO_NR_CHANNELS (1 << EVTCHN_FIFO_LINK_BITS)

#ifndef __ASSEMBLY__

typedef uint32_t evtchn_port_t;
DEFINE_GUEST_HANDLE(evtchn_port_t);

#define EVTCHN_2L_NR_CHANNELS NR_EVENT_CHANNELS

/* A port of dom that waits for remote_dom; dom may be other than DOMID_SELF for tools only. */
struct evtchn_alloc_unbound {
    domid_t dom, remote_dom;
    evtchn_port_t port; /* OUT */
};

/* Connect to a port that waits for the caller. */
struct evtchn_bind_interdomain {
    domid_t remote_dom;
    evtchn_port_t remote_port;
    evtchn_port_t local_port; /* OUT */
};

struct evtchn_bind_virq {
    uint32_t virq;      /* VIRQ_* */
    uint32_t vcpu;      /* must be 0 for a domain-wide virq */
    evtchn_port_t port; /* OUT */
};

struct evtchn_bind_pirq {
    uint32_t pirq;
    uint32_t flags;     /* BIND_PIRQ__* */
    evtchn_port_t port; /* OUT */
};

struct evtchn_bind_ipi {
    uint32_t vcpu;
    evtchn_port_t port; /* OUT */
};

struct evtchn_close {
    evtchn_port_t port;
};

struct evtchn_send {
    evtchn_port_t port;
};

struct evtchn_status {
    domid_t dom;
    evtchn_port_t port;
    uint32_t status; /* OUT: EVTCHNSTAT_* */
    uint32_t vcpu;   /* OUT: vCPU that is notified */
    union {
        struct {
            domid_t dom; /* OUT: who may bind */
        } unbound;
        struct {
            domid_t dom;        /* OUT */
            evtchn_port_t port; /* OUT */
        } interdomain;
        uint32_t pirq; /* OUT */
        uint32_t virq; /* OUT */
    } u;
};

/* Notify another vCPU from now on; refused for ipi ports and per-vCPU virqs. */
struct evtchn_bind_vcpu {
    evtchn_port_t port;
    uint32_t vcpu;
};

/* Clear the mask bit and deliver what is pending. */
struct evtchn_unmask {
    evtchn_port_t port;
};

/* Close all ports of dom and leave the FIFO ABI. */
struct evtchn_reset {
    domid_t dom;
};
typedef struct evtchn_reset evtchn_reset_t;

/* Enter the FIFO ABI (first call) and give a vCPU its control block. */
struct evtchn_init_control {
    uint64_t control_gfn;
    uint32_t offset; /* of the block in the frame, a multiple of 8 */
    uint32_t vcpu;
    uint8_t link_bits; /* OUT */
    uint8_t _pad[7];
};

/* Give the FIFO ABI one more page of event words. */
struct evtchn_expand_array {
    uint64_t array_gfn;
};

struct evtchn_set_priority {
    evtchn_port_t port;
    uint32_t priority; /* EVTCHN_FIFO_PRIORITY_* */
};

/* Argument of event_channel_op_compat, and of nothing else. */
struct evtchn_op {
    uint32_t cmd; /* EVTCHNOP_* */
    union {
        struct evtchn_alloc_unbound alloc_unbound;
        struct evtchn_bind_interdomain bind_interdomain;
        struct evtchn_bind_virq bind_virq;
        struct evtchn_bind_pirq bind_pirq;
        struct evtchn_bind_ipi bind_ipi;
        struct evtchn_close close;
        struct evtchn_send send;
        struct evtchn_status status;
        struct evtchn_bind_vcpu bind_vcpu;
        struct evtchn_unmask unmask;
    } u;
};
DEFINE_GUEST_HANDLE_STRUCT(evtchn_op);

typedef uint32_t event_word_t;

/* Per vCPU: `ready` has a bit for each queue that is not empty; head[q] is its first port. */
struct evtchn_fifo_control_block {
    uint32_t ready;
    uint32_t _rsvd;
    event_word_t head[EVTCHN_FIFO_MAX_QUEUES];
};

#endif /* !__ASSEMBLY__ */

#endif /* __XEN_PUBLIC_EVENT_CHANNEL_H__ */
