/* SPDX-License-Identifier: MIT */
/*
 * callback.h: callback_op: where the hypervisor enters the guest kernel.
 */
#ifndef __XEN_PUBLIC_CALLBACK_H__
#define __XEN_PUBLIC_CALLBACK_H__

#include <xen/interface/xen.h>

#define CALLBACKTYPE_event               0 /* an event is pending */
#define CALLBACKTYPE_failsafe            1 /* the context to return to could not be loaded */
#define CALLBACKTYPE_syscall             2 /* 64-bit: syscall from 64-bit user code */
#define CALLBACKTYPE_sysenter_deprecated 3
#define CALLBACKTYPE_nmi                 4
#define CALLBACKTYPE_sysenter            5
#define CALLBACKTYPE_syscall32           7 /* 64-bit: syscall from 32-bit user code */

/* Mask event upcalls on entry. */
#define _CALLBACKF_mask_events 0
#define CALLBACKF_mask_events  (xen_mk_uint(1) << _CALLBACKF_mask_events)

#define CALLBACKOP_register   0
#define CALLBACKOP_unregister 1

#ifndef __ASSEMBLY__

struct callback_register {
    uint16_t type;  /* CALLBACKTYPE_* */
    uint16_t flags; /* CALLBACKF_* */
    xen_callback_t address;
};
DEFINE_GUEST_HANDLE_STRUCT(callback_register);

/* Only an nmi callback can be taken back. */
struct callback_unregister {
    uint16_t type; /* CALLBACKTYPE_* */
    uint16_t _unused;
};
DEFINE_GUEST_HANDLE_STRUCT(callback_unregister);

#endif /* !__ASSEMBLY__ */

#endif /* __XEN_PUBLIC_CALLBACK_H__ */
