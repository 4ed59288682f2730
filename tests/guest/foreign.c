/* SPDX-License-Identifier: MIT */
/*
 * foreign.c: guest code that knows Xen's public headers and the hypercall page, and nothing of
 * xendouble. Compiled with Debian's libxen-dev.
 */
#define __XEN_INTERFACE_VERSION__ 0x00040e00
#include <stdint.h>
#include <xen/xen.h>
#include <xen/event_channel.h>
#include <xen/version.h>

int foreign_alloc_unbound(unsigned int remote, unsigned int *port);
int foreign_send(unsigned int port);
long foreign_version(void);

#define STR(x)  STR_(x)
#define STR_(x) #x

#define hypercall2(nr, a, b)                                                  \
    __extension__({                                                           \
        unsigned long ret_, a_ = (unsigned long)(a), b_ = (unsigned long)(b); \
        __asm__ volatile("call hypercall_page + " STR(nr) " * 32"             \
                         : "=a"(ret_), "+D"(a_), "+S"(b_)                     \
                         :                                                    \
                         : "memory", "rcx", "r11");                           \
        (long)ret_;                                                           \
    })

int foreign_alloc_unbound(unsigned int remote, unsigned int *port)
{
    evtchn_alloc_unbound_t op = {.dom = DOMID_SELF, .remote_dom = (domid_t)remote};
    int rc = (int)hypercall2(__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, &op);

    *port = op.port;
    return rc;
}

int foreign_send(unsigned int port)
{
    evtchn_send_t op = {.port = port};

    return (int)hypercall2(__HYPERVISOR_event_channel_op, EVTCHNOP_send, &op);
}

long foreign_version(void)
{
    return hypercall2(__HYPERVISOR_xen_version, XENVER_version, 0);
}
