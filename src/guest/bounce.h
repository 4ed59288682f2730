/* SPDX-License-Identifier: MIT */
/*
 * bounce.h: entering a guest's own assembly handler as Xen does, and coming back by the iret
 * hypercall.
 */
#ifndef XD_GUEST_BOUNCE_H
#define XD_GUEST_BOUNCE_H

#include "guest/guest.h"
#include "hv/bounce.h"

#define XD_RED_ZONE 128u /* bytes below the stack pointer that C code may use */

/*
 * xd_bounce(handler): builds Xen's frame on the present stack, whose RIP leads back into xd_bounce,
 * and jumps to the handler; returns when an iret hypercall with that frame did. (mask) was the
 * vCPU's before, (rflags) is what the interrupted context shows.
 */
#if defined(__x86_64__)
#define XD_CAN_BOUNCE 1
void xd_bounce(uint64_t handler);
extern const char xd_bounce_back[]; /* the RIP of such frames */

/* The same whatever the mask was; (sel), if it is not NULL: with the failsafe callback's frame, in which Xen says
 * which selectors it could not load (load_segments). */
void xd_bounce_frame(uint64_t handler, uint64_t cs_and_mask, uint64_t rflags,
                     const struct xd_selectors *sel);
extern const char xd_iret_over_red_zone[]; /* ret $XD_RED_ZONE */

/* Leaves for where xd_leave_ready says. */
_Noreturn void xd_leave_by(const struct xd_iret_frame *f);
#else
#define XD_CAN_BOUNCE 0
static inline void xd_bounce(uint64_t handler)
{
    (void)handler;
}
static inline void xd_bounce_frame(uint64_t handler, uint64_t cs_and_mask, uint64_t rflags,
                                   const struct xd_selectors *sel)
{
    (void)handler, (void)cs_and_mask, (void)rflags, (void)sel;
}
#endif

/* Runs fn(a, b) with all vector state saved around it. In entry.S. */
int64_t xd_with_vectors(int64_t (*fn)(uint64_t a, const uint64_t *b), uint64_t a,
                        const uint64_t *b);

/* What the stub does with the frame of the iret hypercall: (flags) becomes the stack pointer to leave with, which
 * finds RFLAGS and RIP there. */
bool xd_stub_iret(struct xd_iret_frame *f);
/* Makes (flags) of (f) that stack pointer. (here): the stack below it is not in use any more. */
void xd_leave_to(struct xd_iret_frame *f, uint64_t rflags, uintptr_t here);

#define XD_RFLAGS_CODE 0x240cd5u /* what user code may set: CF PF AF ZF SF DF OF AC ID */

/* What a stub returns, in two registers. */
struct xd_stub_end {
    int64_t rc;
    uint64_t
        spoiled; /* argument registers that are to be overwritten; XD_STUB_LEAVES: (rc) is where to find the others */
};
#define XD_STUB_LEAVES UINT64_C(0x100)

/* (at): RSP as Xen sees it in its own page's stub, which has pushed RCX and R11. */
struct xd_stub_end xd_stub_call(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
                                uint64_t f, uint64_t nr, uint64_t at);

#endif
