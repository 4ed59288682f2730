/* SPDX-License-Identifier: MIT */
/*
 * netif.h: network interfaces: transmit, receive and control rings of a front end.
 *
 * A packet may take several slots (more_data); extra_info says that slots with xen_netif_extra_info
 * stand between the first slot and the next.
 */
#ifndef __XEN_PUBLIC_IO_NETIF_H__
#define __XEN_PUBLIC_IO_NETIF_H__

#include <xen/interface/grant_table.h>
#include <xen/interface/io/ring.h>

/* A back end takes packets of at least so many slots. */
#define XEN_NETIF_NR_SLOTS_MIN 18
#define XEN_NETIF_MAX_TX_SIZE  0xFFFF /* bytes */

/* xen_netif_tx_request.flags */
#define _XEN_NETTXF_csum_blank     (0) /* the checksum is still to be computed */
#define XEN_NETTXF_csum_blank      (xen_mk_uint(1) << _XEN_NETTXF_csum_blank)
#define _XEN_NETTXF_data_validated (1) /* no need to verify the checksum */
#define XEN_NETTXF_data_validated  (xen_mk_uint(1) << _XEN_NETTXF_data_validated)
#define _XEN_NETTXF_more_data      (2)
#define XEN_NETTXF_more_data       (xen_mk_uint(1) << _XEN_NETTXF_more_data)
#define _XEN_NETTXF_extra_info     (3)
#define XEN_NETTXF_extra_info      (xen_mk_uint(1) << _XEN_NETTXF_extra_info)

/* xen_netif_rx_response.flags */
#define _XEN_NETRXF_data_validated (0)
#define XEN_NETRXF_data_validated  (xen_mk_uint(1) << _XEN_NETRXF_data_validated)
#define _XEN_NETRXF_csum_blank     (1)
#define XEN_NETRXF_csum_blank      (xen_mk_uint(1) << _XEN_NETRXF_csum_blank)
#define _XEN_NETRXF_more_data      (2)
#define XEN_NETRXF_more_data       (xen_mk_uint(1) << _XEN_NETRXF_more_data)
#define _XEN_NETRXF_extra_info     (3)
#define XEN_NETRXF_extra_info      (xen_mk_uint(1) << _XEN_NETRXF_extra_info)
#define _XEN_NETRXF_gso_prefix     (4) /* the slot only announces segments; offset is their size */
#define XEN_NETRXF_gso_prefix      (xen_mk_uint(1) << _XEN_NETRXF_gso_prefix)

/* xen_netif_extra_info.type and .flags */
#define XEN_NETIF_EXTRA_TYPE_NONE      (0)
#define XEN_NETIF_EXTRA_TYPE_GSO       (1)
#define XEN_NETIF_EXTRA_TYPE_MCAST_ADD (2)
#define XEN_NETIF_EXTRA_TYPE_MCAST_DEL (3)
#define XEN_NETIF_EXTRA_TYPE_HASH      (4)
#define XEN_NETIF_EXTRA_TYPE_MAX       (5)
#define _XEN_NETIF_EXTRA_FLAG_MORE     (0)
#define XEN_NETIF_EXTRA_FLAG_MORE      (xen_mk_uint(1) << _XEN_NETIF_EXTRA_FLAG_MORE)

/* xen_netif_extra_info.u.gso.type */
#define XEN_NETIF_GSO_TYPE_NONE  (0)
#define XEN_NETIF_GSO_TYPE_TCPV4 (1)
#define XEN_NETIF_GSO_TYPE_TCPV6 (2)

/* status of a response; on the receive ring a number of bytes, or one of the negative ones */
#define XEN_NETIF_RSP_DROPPED (-2)
#define XEN_NETIF_RSP_ERROR   (-1)
#define XEN_NETIF_RSP_OKAY    0
#define XEN_NETIF_RSP_NULL    1 /* answers an extra-info slot */

/* Kinds of packets to hash, and how. */
#define _XEN_NETIF_CTRL_HASH_TYPE_IPV4         0
#define XEN_NETIF_CTRL_HASH_TYPE_IPV4          (1 << _XEN_NETIF_CTRL_HASH_TYPE_IPV4)
#define _XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP     1
#define XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP      (1 << _XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP)
#define _XEN_NETIF_CTRL_HASH_TYPE_IPV6         2
#define XEN_NETIF_CTRL_HASH_TYPE_IPV6          (1 << _XEN_NETIF_CTRL_HASH_TYPE_IPV6)
#define _XEN_NETIF_CTRL_HASH_TYPE_IPV6_TCP     3
#define XEN_NETIF_CTRL_HASH_TYPE_IPV6_TCP      (1 << _XEN_NETIF_CTRL_HASH_TYPE_IPV6_TCP)
#define XEN_NETIF_CTRL_HASH_ALGORITHM_NONE     0
#define XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ 1

/* xen_netif_ctrl_request.type */
#define XEN_NETIF_CTRL_TYPE_INVALID               0
#define XEN_NETIF_CTRL_TYPE_GET_HASH_FLAGS        1
#define XEN_NETIF_CTRL_TYPE_SET_HASH_FLAGS        2
#define XEN_NETIF_CTRL_TYPE_SET_HASH_KEY          3
#define XEN_NETIF_CTRL_TYPE_GET_HASH_MAPPING_SIZE 4
#define XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE 5
#define XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING      6
#define XEN_NETIF_CTRL_TYPE_SET_HASH_ALGORITHM    7
#define XEN_NETIF_CTRL_TYPE_GET_GREF_MAPPING_SIZE 8
#define XEN_NETIF_CTRL_TYPE_ADD_GREF_MAPPING      9
#define XEN_NETIF_CTRL_TYPE_DEL_GREF_MAPPING      10

/* xen_netif_ctrl_response.status */
#define XEN_NETIF_CTRL_STATUS_SUCCESS           0
#define XEN_NETIF_CTRL_STATUS_NOT_SUPPORTED     1
#define XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER 2
#define XEN_NETIF_CTRL_STATUS_BUFFER_OVERFLOW   3

/* xen_netif_gref.flags */
#define _XEN_NETIF_CTRLF_GREF_readonly 0
#define XEN_NETIF_CTRLF_GREF_readonly  (xen_mk_uint(1) << _XEN_NETIF_CTRLF_GREF_readonly)

#ifndef __ASSEMBLY__

struct xen_netif_tx_request {
    grant_ref_t gref;
    uint16_t offset; /* bytes into the page */
    uint16_t flags;  /* XEN_NETTXF_* */
    uint16_t id;     /* the response repeats it */
    uint16_t size;   /* bytes: of the whole packet in its first slot, else of this slot */
};

struct xen_netif_extra_info {
    uint8_t type;  /* XEN_NETIF_EXTRA_TYPE_* */
    uint8_t flags; /* XEN_NETIF_EXTRA_FLAG_* */
    union {
        struct {
            uint16_t size; /* bytes of payload in each segment */
            uint8_t type;  /* XEN_NETIF_GSO_TYPE_* */
            uint8_t pad;
            uint16_t features;
        } gso;
        struct {
            uint8_t addr[6];
        } mcast;
        struct {
            uint8_t type; /* bit number of XEN_NETIF_CTRL_HASH_TYPE_* */
            uint8_t algorithm;
            uint8_t value[4];
        } hash;
        uint16_t pad[3];
    } u;
};

struct xen_netif_tx_response {
    uint16_t id;
    int16_t status; /* XEN_NETIF_RSP_* */
};

struct xen_netif_rx_request {
    uint16_t id;
    uint16_t pad;
    grant_ref_t gref; /* a page to fill */
};

struct xen_netif_rx_response {
    uint16_t id;
    uint16_t offset; /* bytes into the page */
    uint16_t flags;  /* XEN_NETRXF_* */
    int16_t status;
};

DEFINE_RING_TYPES(xen_netif_tx, struct xen_netif_tx_request, struct xen_netif_tx_response);
DEFINE_RING_TYPES(xen_netif_rx, struct xen_netif_rx_request, struct xen_netif_rx_response);

struct xen_netif_ctrl_request {
    uint16_t id;
    uint16_t type; /* XEN_NETIF_CTRL_TYPE_* */
    uint32_t data[3];
};

struct xen_netif_ctrl_response {
    uint16_t id;
    uint16_t type;
    uint32_t status; /* XEN_NETIF_CTRL_STATUS_* */
    uint32_t data;
};

/* Entry of the list that ADD_GREF_MAPPING and DEL_GREF_MAPPING point at. */
struct xen_netif_gref {
    grant_ref_t ref;
    uint16_t flags;  /* XEN_NETIF_CTRLF_GREF_* */
    uint16_t status; /* OUT: XEN_NETIF_CTRL_STATUS_* */
};

DEFINE_RING_TYPES(xen_netif_ctrl, struct xen_netif_ctrl_request, struct xen_netif_ctrl_response);

#endif /* !__ASSEMBLY__ */

#endif /* __XEN_PUBLIC_IO_NETIF_H__ */
