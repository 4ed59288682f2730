/* SPDX-License-Identifier: MIT */
/*
 * guest.h: what the tests of linked guests share: a machine with two domains, d1 having two vCPUs,
 * and judging calls by errno and reason.
 */
#ifndef XD_TESTS_GUEST_H
#define XD_TESTS_GUEST_H

#include "abi/errno.h"
#include "abi/reject.h"
#include "xendouble/guest.h"

#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <xen/interface/event_channel.h>
#include <xen/interface/sched.h>
#include <xen/interface/version.h>
#include <xen/interface/xen.h>

struct machine {
    struct xd_hv *hv;
    struct xd_domain *d1, *d2;
    struct xd_vcpu *v0, *v1, *peer;
};

static inline void machine_setup(struct machine *m)
{
    struct xd_domain_config c = XD_DOMAIN_CONFIG_DEFAULT;

    c.vcpus = c.vcpus_online = 2;
    ck_assert_int_eq(xd_hv_create(&m->hv, NULL), 0);
    ck_assert_int_eq(xd_domain_create(m->hv, &c, &m->d1), 0);
    ck_assert_int_eq(xd_domain_create(m->hv, NULL, &m->d2), 0);
    m->v0 = xd_vcpu_at(m->d1, 0);
    m->v1 = xd_vcpu_at(m->d1, 1);
    m->peer = xd_vcpu_at(m->d2, 0);
    xd_guest_link(m->hv);
}

static inline void machine_teardown(struct machine *m)
{
    char *report = NULL;

    ck_assert_msg(xd_audit(m->hv, &report) == 0, "%s", report);
    free(report);
    xd_hv_destroy(m->hv);
}

/* The same with this thread being d1's first vCPU. */
static inline void machine_enter(struct machine *m)
{
    machine_setup(m);
    ck_assert_int_eq(xd_enter(m->v0), 0);
}

static inline void machine_leave(struct machine *m)
{
    xd_leave();
    machine_teardown(m);
}

static inline void start(struct xd_vcpu *v, void (*fn)(void *), void *arg)
{
    ck_assert_int_eq(xd_vcpu_start(v, fn, arg), 0);
}

/* Joins a port of d1 and one of d2. */
static inline void machine_connect(struct machine *m, evtchn_port_t *of_d1, evtchn_port_t *of_d2)
{
    struct evtchn_alloc_unbound un = {.dom = DOMID_SELF, .remote_dom = 2};
    struct evtchn_bind_interdomain bind = {.remote_dom = 1};
    uint64_t arg[6] = {EVTCHNOP_alloc_unbound, (uintptr_t)&un};

    ck_assert_int_eq((int)xd_hypercall(m->v0, __HYPERVISOR_event_channel_op, arg), 0);
    bind.remote_port = *of_d1 = un.port;
    arg[0] = EVTCHNOP_bind_interdomain;
    arg[1] = (uintptr_t)&bind;
    ck_assert_int_eq((int)xd_hypercall(m->peer, __HYPERVISOR_event_channel_op, arg), 0);
    *of_d2 = bind.local_port;
}

/* The call was refused: with this errno and for this reason. */
#define ck_refused(v, rc, errno_, why_)                                                \
    do {                                                                               \
        long rc_ = (rc);                                                               \
        ck_assert_msg(rc_ == -(long)XD_##errno_ && xd_why(v) == XD_WHY_##why_,         \
                      "got %ld for reason %s instead of -" #errno_ " for " #why_, rc_, \
                      xd_why_row((enum xd_why)xd_why(v))->name);                       \
    } while (0)

#if XD_HAVE_VALGRIND
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif

/* A fault on purpose: a write to what can only be read, which no tool takes for a mistake. */
static inline void fault(void)
{
    static const int constant = 7;
    volatile int *volatile p = (volatile int *)(uintptr_t)&constant;

    *p = 1;
}

/* What ends in a memory fault: sanitizers make an exit code of it. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define XD_CRASH_CODE 1
#elif __has_feature(thread_sanitizer)
#define XD_CRASH_CODE 66
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define XD_CRASH_CODE 1
#elif defined(__SANITIZE_THREAD__)
#define XD_CRASH_CODE 66
#endif
#ifdef XD_CRASH_CODE
#define tcase_add_crash(tc, test) tcase_add_exit_test(tc, test, XD_CRASH_CODE)
#else
#define tcase_add_crash(tc, test) tcase_add_test_raise_signal(tc, test, SIGSEGV)
#endif

static inline int run_suite(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    int failed;

    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
