/* SPDX-License-Identifier: MIT */
/*
 * nmi.h: nmi_op: non-maskable interrupts, with the reasons in arch_shared_info.nmi_reason.
 */
#ifndef __XEN_PUBLIC_NMI_H__
#define __XEN_PUBLIC_NMI_H__

#include <xen/interface/xen.h>

#define _XEN_NMIREASON_io_error 0
#define XEN_NMIREASON_io_error  (xen_mk_ulong(1) << _XEN_NMIREASON_io_error)
#define _XEN_NMIREASON_pci_serr 1
#define XEN_NMIREASON_pci_serr  (xen_mk_ulong(1) << _XEN_NMIREASON_pci_serr)
/* The earlier name of pci_serr. */
#define _XEN_NMIREASON_parity_error 1
#define XEN_NMIREASON_parity_error  (xen_mk_ulong(1) << _XEN_NMIREASON_parity_error)
#define _XEN_NMIREASON_unknown      2
#define XEN_NMIREASON_unknown       (xen_mk_ulong(1) << _XEN_NMIREASON_unknown)

#define XENNMI_register_callback   0 /* xennmi_callback */
#define XENNMI_unregister_callback 1 /* no argument */

#ifndef __ASSEMBLY__

struct xennmi_callback {
    unsigned long handler_address;
    unsigned long pad;
};
DEFINE_GUEST_HANDLE_STRUCT(xennmi_callback);

#endif /* !__ASSEMBLY__ */

#endif /* __XEN_PUBLIC_NMI_H__ */
