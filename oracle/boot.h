/* SPDX-License-Identifier: MIT */
/* boot.h: what starting a machine and saving one have in common. */
#ifndef XD_ORACLE_BOOT_H
#define XD_ORACLE_BOOT_H

#include "xen.h"

/* x->error becomes (what) and the reason of errno. Always false. */
bool xd_xen_fail(struct xd_xen *x, const char *what);

/* QEMU with a RAM of zeros, which boots or, if (incoming), waits for a state that its monitor tells it to load. */
bool xd_xen_start(struct xd_xen *x, const struct xd_xen_config *c, bool incoming);

/* If dom0's first mailbox lies (at) that place of RAM, it is known from now on, and so is what Xen knows of frames. */
bool xd_xen_found(struct xd_xen *x, uint64_t at);

#endif
