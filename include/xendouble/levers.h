/* SPDX-License-Identifier: MIT */
/*
 * levers.h: what a test does to a guest from outside: lets its calls fail, answers them itself, says
 * which calls it expects, raises events, takes the memory away.
 *
 *     xd_fail_nth(d, "event_channel_op.bind_virq", 2, XEN_ENOSPC); // the second one will fail
 *     xd_expect_call(d, "event_channel_op.close port=%u = 0", port); // and this is what is to follow
 *     driver_start();
 *     char *differences = xd_expect_differences(d); // "" if that is what happened
 *
 * Calls are named as "event_channel_op" or "event_channel_op.bind_virq" (by number: "32", "32.1"), or
 * "*" for all. Operations are those of `xendouble list ops` and `xendouble list commands`: "vcpu_op.up",
 * "domctl.pausedomain". A command that lies in memory is read when the call is made.
 *
 * The entries of a multicall are calls like any other. A named operation of mmu_update or mmuext_op,
 * "mmuext_op.PIN_L4_TABLE", means single elements of the list: one that fails ends its list as Xen
 * does, with those before it done; "mmuext_op" alone means the whole call.
 *
 * While nothing of this is in force, calls cost what they always do. What is set here lies outside
 * the machine: it is in no digest. Time is moved by xd_advance, virtual interrupts are raised by
 * xd_virq_raise (xendouble.h).
 *
 * Functions that return an int return a negative host errno when asked for what can't be, and then
 * xd_hv_error says what; check.h has assertions that look.
 */
#ifndef XENDOUBLE_LEVERS_H
#define XENDOUBLE_LEVERS_H

#include <xendouble/xendouble.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define XD_TEXT_LIKE_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define XD_TEXT_LIKE_PRINTF(fmt, args)
#endif

/* ---- Calls that are answered otherwise, or watched ---- */

/*
 * Called in the place of a call: true: it is not run and answered *rc; false: it is run. (arg) are
 * the six registers; of an element of mmu_update its ptr and val, of mmuext_op its cmd, arg1, arg2.
 */
typedef bool xd_mock_fn(void *ctx, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg,
                        int64_t *rc);
/* Called after a call, whoever answered it. Neither may destroy the machine, or the domain whose call it is. */
typedef void xd_spy_fn(void *ctx, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg, int64_t rc);

/* A lever: which calls, and what becomes of them. Zeros are: all calls of everybody, answered 0. */
struct xd_lever_config {
    const char *call;         /* as above; NULL: all */
    struct xd_domain *domain; /* whose; NULL: everybody's */
    struct xd_vcpu *vcpu;     /* only this vCPU's; NULL: any */
    uint64_t nth;             /* the first that is hit, counted from now on; 0 is 1 */
    uint64_t times;           /* how many are hit; 0: all from there on */
    uint32_t percent;         /* each of them with this chance, 1..100; 0 is 100 */
    uint64_t seed;            /* of that chance: same seed, same calls, same hits */
    int64_t answer;           /* what they are answered without being run: -XEN_ENOMEM */
    xd_mock_fn *mock;         /* or: asks this function instead */
    xd_spy_fn *spy;           /* or: leaves them alone and calls this afterwards */
    void *ctx;                /* for the function */
};

/*
 * Sets a lever. Returns its number, 1 and up, or -EINVAL. A call is offered to levers in the order in
 * which they were set, until one answers it; those behind do not count it. Before them all the
 * (inject) hook of xd_hooks_set is asked. Spies see all calls.
 *
 * Where the answer is a negative number xd_why is "injected", and xd_explain says which lever it was.
 * A lever ends when it is cleared, has hit (times) calls, or its domain is destroyed.
 */
XD_PUBLIC int xd_lever_set(struct xd_hv *hv, const struct xd_lever_config *config);

/* The usual ones. The (nth) such call of (d) from now on, 1 being the next, fails with Xen errno
 * (err), positive as XEN_ENOMEM is. */
XD_PUBLIC int xd_fail_nth(struct xd_domain *d, const char *call, uint64_t nth, int err);
/* Each fails with a chance of (percent) in 100. */
XD_PUBLIC int xd_fail_randomly(struct xd_domain *d, const char *call, uint32_t percent,
                               uint64_t seed, int err);
XD_PUBLIC int xd_mock(struct xd_domain *d, const char *call, xd_mock_fn *fn, void *ctx);
XD_PUBLIC int xd_spy(struct xd_domain *d, const char *call, xd_spy_fn *fn, void *ctx);

/* Ends lever (lever), or with 0 all of them. Unknown ones are ended already. */
XD_PUBLIC void xd_lever_clear(struct xd_hv *hv, int lever);

/* How many calls the lever has hit; 0 for one that never was. */
XD_PUBLIC uint64_t xd_lever_hits(const struct xd_hv *hv, int lever);

/*
 * The levers in force that should have hit a call by now and have not (no spies, none with a chance):
 * a line each, text for people, to be freed with free(); "" if there is none.
 */
XD_PUBLIC char *xd_levers_left(struct xd_hv *hv);

/* ---- Calls that are expected ---- */

/*
 * The next call of (d) that nobody has expected yet will be this one: a printf format that gives
 *     CALL [NAME=VALUE]... [= RESULT]
 * NAME is a field of the operation's struct (`xendouble list ops`), of an element (ptr, val in
 * mmu_update), or an argument (`xendouble list hypercalls`); what is not named may be anything. VALUE is
 * a number, a constant (TIMER, SELF), dN; RESULT a number or an errno (EINVAL). From the first
 * expectation on all calls of (d) are written down, and each must be expected. 0, or -EINVAL.
 */
XD_PUBLIC int xd_expect_call(struct xd_domain *d, const char *format, ...)
    XD_TEXT_LIKE_PRINTF(2, 3);
/* From now on (d) makes no call that is not expected. */
XD_PUBLIC void xd_expect_none(struct xd_domain *d);
/* Calls so named are not looked at. 0, or -EINVAL. */
XD_PUBLIC int xd_expect_ignore(struct xd_domain *d, const char *call);

/*
 * All differences between what (d) was expected to do and did, a line each: calls with wrong
 * arguments or results, out of order, missing, unexpected. Text for people, to be freed with free();
 * "" if there is none. Afterwards nothing is expected of (d).
 */
XD_PUBLIC char *xd_expect_differences(struct xd_domain *d);

/* ---- Out of nowhere ---- */

/* An event arrives at (port) of (d), as if the other end had sent one or the source behind it had.
 * 0; -EINVAL if nothing can arrive there. */
XD_PUBLIC int xd_event_raise(struct xd_domain *d, uint32_t port);

/* What EVTCHNOP_send on (port) by (d) would do. 0; -EINVAL if it would be refused. */
XD_PUBLIC int xd_event_send(struct xd_domain *d, uint32_t port);

/*
 * A device raises line (irq) of the machine's I/O APIC, 1 to 23, once: each domain that has it (PHYSDEVOP_map_pirq,
 * EVTCHNOP_bind_pirq) gets an event. A level-triggered line that was raised before and is not acknowledged by all
 * (PHYSDEVOP_eoi) waits until it is. Nothing happens where nobody has the line. 0; -EINVAL if there is no such line.
 */
XD_PUBLIC int xd_irq_raise(struct xd_hv *hv, uint32_t irq);

/* (d) crashes, as a guest does that Xen can't go on with (Xen: domain_crash): it shuts down with SHUTDOWN_crash, unless it is
 * shutting down already. */
XD_PUBLIC void xd_domain_crash(struct xd_domain *d);

/* (v) is told of an event and will find none: evtchn_upcall_pending is set, and the vCPU wakes. */
XD_PUBLIC void xd_upcall_spurious(struct xd_vcpu *v);

/*
 * Lets the machine's heap have (left) frames to hand out and no more; frames that are given back come
 * on top. UINT64_MAX, or any number above what there is: all. Calls and xd_domain_create that want
 * more are told what Xen tells them when memory is short.
 */
XD_PUBLIC void xd_frames_scarce(struct xd_hv *hv, uint64_t left);

#ifdef __cplusplus
}
#endif

#endif
