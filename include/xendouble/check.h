/* SPDX-License-Identifier: MIT */
/*
 * check.h: unit tests of guest code with libcheck: a fixture, and ck_assert_* for hypercalls, ports,
 * frames and leaks.
 *
 *     static struct xd_check x;
 *     static void setup(void) { xd_check_setup(&x); }
 *     static void teardown(void) { xd_check_teardown(&x); }
 *     tcase_add_checked_fixture(tc, setup, teardown);
 *
 * Everything here is in this header; a program that includes it links libcheck. Failures say why: an
 * answer that was not expected comes with xd_explain's text.
 */
#ifndef XENDOUBLE_CHECK_H
#define XENDOUBLE_CHECK_H

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <xendouble/guest.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A machine with two domains. The test's thread is the first one's vCPU 0. */
struct xd_check {
    struct xd_hv *hv;
    struct xd_domain *d;    /* the guest under test: domain 1, two vCPUs, both up */
    struct xd_domain *peer; /* somebody to talk to: domain 2 */
    struct xd_vcpu *v;      /* whom the thread is */
};

#if !defined(__cplusplus) /* the fixture is for tests in C */

static inline void xd_check_setup(struct xd_check *x)
{
    struct xd_domain_config c = XD_DOMAIN_CONFIG_DEFAULT;

    c.vcpus = c.vcpus_online = 2;
    if (xd_hv_create(&x->hv, NULL))
        ck_abort_msg("the host has no room for a machine");
    if (xd_domain_create(x->hv, &c, &x->d) || xd_domain_create(x->hv, NULL, &x->peer))
        ck_abort_msg("%s", xd_hv_error(x->hv));
    x->v = xd_vcpu_at(x->d, 0);
    if (xd_enter(x->v))
        ck_abort_msg("%s", xd_hv_error(x->hv));
    xd_guest_watch(x->d);
}

#endif

/* The text is freed before the test fails: a failing test leaves the function for good. */
#define XD_CK_FAIL_WITH(text_, ...)                   \
    do {                                              \
        char copy_[4096];                             \
        char *from_ = (text_);                        \
                                                      \
        copy_[0] = '\0';                              \
        if (from_)                                    \
            strncat(copy_, from_, sizeof(copy_) - 1); \
        free(from_);                                  \
        ck_abort_msg(__VA_ARGS__, copy_);             \
    } while (0)

/* The domain holds nothing that it did not hold when it was first watched (in the setup). */
#define ck_assert_no_leaks(d_)                               \
    do {                                                     \
        char *leaks_ = xd_guest_leaks(d_);                   \
                                                             \
        if (leaks_[0])                                       \
            XD_CK_FAIL_WITH(leaks_, "the guest leaks:\n%s"); \
        free(leaks_);                                        \
    } while (0)

#if !defined(__cplusplus)

/* Fails if the guest leaks, or if xendouble itself disagrees with what it counts. */
static inline void xd_check_teardown(struct xd_check *x)
{
    char *report = NULL;

    ck_assert_no_leaks(x->d);
    if (xd_audit(x->hv, &report))
        XD_CK_FAIL_WITH(report, "xendouble is wrong:\n%s");
    xd_hv_destroy(x->hv);
    x->hv = NULL;
}

#endif

/*
 * The hypercall (call_), an expression that the test's vCPU has made, was answered with (want_):
 *     ck_assert_call(HYPERVISOR_xen_version(XENVER_version, NULL), 0x40011);
 */
#define ck_assert_call(call_, want_)                                                           \
    do {                                                                                       \
        long rc_ = (long)(call_), want_rc_ = (long)(want_);                                    \
                                                                                               \
        if (rc_ != want_rc_)                                                                   \
            XD_CK_FAIL_WITH(xd_explain(xd_self()), "%s was answered %ld, not %ld\n%s", #call_, \
                            rc_, want_rc_);                                                    \
    } while (0)

#define ck_assert_call_ok(call_) ck_assert_call(call_, 0)

/*
 * It was refused: with this errno, positive, as of <xen/interface/errno.h>, and for this reason, a
 * name that `xendouble list reasons` knows:
 *     ck_assert_refused(rc, XEN_EINVAL, "evtchn-port-range");
 */
#define ck_assert_refused(call_, err_, why_)                                                      \
    do {                                                                                          \
        long rc_ = (long)(call_);                                                                 \
        unsigned int wanted_ = xd_why_find(why_), got_ = xd_why(xd_self());                       \
        char name_[64];                                                                           \
                                                                                                  \
        ck_assert_msg(wanted_ != 0, "there is no reason called %s", (why_));                      \
        if (rc_ != -(long)(err_) || got_ != wanted_)                                              \
            XD_CK_FAIL_WITH(xd_explain(xd_self()),                                                \
                            "%s was answered %ld for reason %s, not %ld for %s\n%s", #call_, rc_, \
                            xd_why_text(got_, name_, sizeof(name_)), -(long)(err_), (why_));      \
    } while (0)

/* The port is in this state: "free" "reserved" "unbound" "interdomain" "virq" "ipi". */
#define ck_assert_port(d_, port_, state_)                                                      \
    do {                                                                                       \
        struct xd_port_info info_;                                                             \
        unsigned int nr_ = (unsigned int)(port_);                                              \
                                                                                               \
        xd_port_look((d_), nr_, &info_);                                                       \
        ck_assert_msg(strcmp(info_.state, (state_)) == 0, "port %u of d%u is %s, not %s", nr_, \
                      (unsigned int)xd_domain_id(d_), info_.state, (state_));                  \
    } while (0)

/* An event is pending on the port; none is. */
#define ck_assert_pending(d_, port_)     XD_CK_PENDING(d_, port_, true, "no event is pending on")
#define ck_assert_not_pending(d_, port_) XD_CK_PENDING(d_, port_, false, "an event is pending on")
#define XD_CK_PENDING(d_, port_, want_, what_)                                      \
    do {                                                                            \
        struct xd_port_info info_;                                                  \
        unsigned int nr_ = (unsigned int)(port_);                                   \
                                                                                    \
        ck_assert_msg(xd_port_look((d_), nr_, &info_), "there is no port %u", nr_); \
        ck_assert_msg(info_.pending == (want_), what_ " port %u of d%u", nr_,       \
                      (unsigned int)xd_domain_id(d_));                              \
    } while (0)

/* The frame has this type, and this many users in it. */
#define ck_assert_frame(hv_, mfn_, type_, users_)                                              \
    do {                                                                                       \
        struct xd_frame_info info_;                                                            \
        unsigned long nr_ = (unsigned long)(mfn_);                                             \
        unsigned int want_users_ = (unsigned int)(users_);                                     \
                                                                                               \
        ck_assert_msg(xd_frame_look((hv_), nr_, &info_), "there is no frame %#lx", nr_);       \
        ck_assert_msg(strcmp(info_.type, (type_)) == 0 && info_.type_count == want_users_,     \
                      "frame %#lx has type %s (count %u), not %s (count %u)", nr_, info_.type, \
                      (unsigned int)info_.type_count, (type_), want_users_);                   \
    } while (0)

#ifdef __cplusplus
}
#endif

#endif
