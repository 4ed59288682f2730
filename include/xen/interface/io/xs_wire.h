/* SPDX-License-Identifier: MIT */
/*
 * xs_wire.h: the xenstore protocol: messages, and the shared page that carries them.
 *
 * A message is an xsd_sockmsg followed by len bytes; the answer repeats its req_id and tx_id.
 */
#ifndef _XS_WIRE_H
#define _XS_WIRE_H

/* Modes of XS_WRITE in an early form of the protocol. */
#define XS_WRITE_NONE        "NONE"
#define XS_WRITE_CREATE      "CREATE"
#define XS_WRITE_CREATE_EXCL "CREATE|EXCL"

#define XENSTORE_RING_SIZE     1024 /* bytes each way */
#define MASK_XENSTORE_IDX(idx) ((idx) & (XENSTORE_RING_SIZE - 1))

/* Bytes: the longest message body, and the longest paths. */
#define XENSTORE_PAYLOAD_MAX  4096
#define XENSTORE_ABS_PATH_MAX 3072
#define XENSTORE_REL_PATH_MAX 2048

/* xenstore_domain_interface.server_features */
#define XENSTORE_SERVER_FEATURE_RECONNECTION 1
#define XENSTORE_SERVER_FEATURE_ERROR        2

/* xenstore_domain_interface.connection */
#define XENSTORE_CONNECTED 0
#define XENSTORE_RECONNECT 1 /* the guest asks for a fresh start */

/* xenstore_domain_interface.error */
#define XENSTORE_ERROR_NONE    0
#define XENSTORE_ERROR_COMM    1
#define XENSTORE_ERROR_RINGIDX 2
#define XENSTORE_ERROR_PROTO   3

#ifndef __ASSEMBLY__

#include <stdint.h>

enum xsd_sockmsg_type {
    XS_CONTROL,
    XS_DIRECTORY,
    XS_READ,
    XS_GET_PERMS,
    XS_WATCH,
    XS_UNWATCH,
    XS_TRANSACTION_START,
    XS_TRANSACTION_END,
    XS_INTRODUCE,
    XS_RELEASE,
    XS_GET_DOMAIN_PATH,
    XS_WRITE,
    XS_MKDIR,
    XS_RM,
    XS_SET_PERMS,
    XS_WATCH_EVENT,
    XS_ERROR,
    XS_IS_DOMAIN_INTRODUCED,
    XS_RESUME,
    XS_SET_TARGET,
    /* 20 has been taken back */
    XS_RESET_WATCHES = 21,
    XS_DIRECTORY_PART,
    XS_TYPE_COUNT, /* one past the last */
    XS_INVALID = 0xffff
};
#define XS_DEBUG XS_CONTROL

struct xsd_sockmsg {
    uint32_t type; /* XS_* */
    uint32_t req_id;
    uint32_t tx_id; /* 0 outside a transaction */
    uint32_t len;
};

/* Order of the strings in an XS_WATCH_EVENT. */
enum xs_watch_type { XS_WATCH_PATH = 0, XS_WATCH_TOKEN };

typedef uint32_t XENSTORE_RING_IDX;

/* Indices run freely.  The guest writes req and reads rsp. */
struct xenstore_domain_interface {
    char req[XENSTORE_RING_SIZE];
    char rsp[XENSTORE_RING_SIZE];
    XENSTORE_RING_IDX req_cons, req_prod;
    XENSTORE_RING_IDX rsp_cons, rsp_prod;
    uint32_t server_features; /* XENSTORE_SERVER_FEATURE_* */
    uint32_t connection;
    uint32_t error;
};

struct xsd_errors {
    int errnum;
    const char *errstring;
};

/* Errors travel by name.  The table exists for those who have included errno.h before. */
#ifdef EINVAL
#define XSD_ERROR(x) \
    {                \
        x, #x        \
    }
#ifdef __GNUC__
__attribute__((unused))
#endif
static const struct xsd_errors xsd_errors[] = {
    XSD_ERROR(EINVAL),    XSD_ERROR(EACCES),  XSD_ERROR(EEXIST), XSD_ERROR(EISDIR),
    XSD_ERROR(ENOENT),    XSD_ERROR(ENOMEM),  XSD_ERROR(ENOSPC), XSD_ERROR(EIO),
    XSD_ERROR(ENOTEMPTY), XSD_ERROR(ENOSYS),  XSD_ERROR(EROFS),  XSD_ERROR(EBUSY),
    XSD_ERROR(EAGAIN),    XSD_ERROR(EISCONN), XSD_ERROR(E2BIG),  XSD_ERROR(EPERM),
};
#endif

#endif /* !__ASSEMBLY__ */

#endif /* _XS_WIRE_H */
