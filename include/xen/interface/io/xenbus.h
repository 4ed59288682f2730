/* SPDX-License-Identifier: MIT */
/*
 * xenbus.h: the states that the two ends of a split driver announce in their "state" nodes.
 */
#ifndef _XEN_PUBLIC_IO_XENBUS_H
#define _XEN_PUBLIC_IO_XENBUS_H

#ifndef __ASSEMBLY__

enum xenbus_state {
    XenbusStateUnknown = 0,
    XenbusStateInitialising = 1,
    XenbusStateInitWait = 2,    /* set up, but it waits for the other end or for a hotplug script */
    XenbusStateInitialised = 3, /* has published all that the other end needs to connect */
    XenbusStateConnected = 4,
    XenbusStateClosing = 5, /* the device goes away, by an error or by a wish */
    XenbusStateClosed = 6,
    XenbusStateReconfiguring = 7,
    XenbusStateReconfigured = 8
};

#endif /* !__ASSEMBLY__ */

#endif /* _XEN_PUBLIC_IO_XENBUS_H */
