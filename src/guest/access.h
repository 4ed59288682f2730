/* SPDX-License-Identifier: MIT */
/*
 * access.h: copying to and from addresses that a guest named, which may lead nowhere.
 *
 * On x86-64 Linux the copy is a few instructions whose faults the process's handler turns into "not
 * all of it"; elsewhere, and under Valgrind, the kernel is asked to copy.
 */
#ifndef XD_GUEST_ACCESS_H
#define XD_GUEST_ACCESS_H

#include "hv/hv.h"

#if defined(__x86_64__) && defined(__linux__)
#define XD_ACCESS_GUARDED 1
#else
#define XD_ACCESS_GUARDED 0
#endif

/* Sets the hooks `read`, `write` and `look` of linked guests: the next three, or quicker ones if no tool watches. A write
 * of 1, 2, 4 or 8 bytes is one store. */
void xd_access_hook(struct xd_host *host);
bool xd_access_read(void *ctx, struct xd_vcpu *v, uint64_t va, void *buf, size_t n);
bool xd_access_write(void *ctx, struct xd_vcpu *v, uint64_t va, const void *buf, size_t n);
bool xd_access_look(struct xd_vcpu *v, uint64_t va, void *buf, size_t n);

/* Have the sanitizers' or Valgrind's runtime a say in accesses? Then more runs below a hypercall
 * than what keeps off the vector registers. */
bool xd_access_watched(void);

/* The tool that shows a fault's handler other registers than the code has, or defers it; NULL: none. */
const char *xd_access_hider(void);

#if XD_ACCESS_GUARDED
/* Does the fault of (uc), a ucontext, lie in the copying? */
bool xd_access_is_copy(const void *uc);

/* If the fault of (uc), a ucontext, lies in the copying: makes it end there. */
bool xd_access_fixup(void *uc);
#endif

#endif
