/* SPDX-License-Identifier: MIT */
/*
 * check.h: unit tests of guest code with libcheck: a fixture, and ck_assert_* for hypercalls, ports,
 * frames, vCPUs, time, leaks, and for what levers.h sets.
 *
 *     static struct xd_check x;
 *     static void setup(void) { xd_check_setup(&x); }
 *     static void teardown(void) { xd_check_teardown(&x); }
 *     tcase_add_checked_fixture(tc, setup, teardown);
 *
 * xd_check_setup_with() makes another machine. The teardown fails a test that leaks, whose
 * expectations are not met, whose domain has crashed unasked, or that set a lever which never hit.
 *
 * Everything here is in this header; a program that includes it links libcheck. Failures say why: an
 * answer that was not expected comes with xd_explain's text.
 */
#ifndef XENDOUBLE_CHECK_H
#define XENDOUBLE_CHECK_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xendouble/guest.h>
#include <xendouble/levers.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A machine with two domains. The test's thread is the first one's vCPU 0. */
struct xd_check {
    struct xd_hv *hv;
    struct xd_domain *d;    /* the guest under test: domain 1, two vCPUs, both up */
    struct xd_domain *peer; /* somebody to talk to: domain 2 */
    struct xd_vcpu *v;      /* whom the thread is */
    bool peer_too;          /* as the options say */
};

/* What the machine is to be otherwise. Zeros are the usual one. */
struct xd_check_options {
    bool privileged; /* the guest is the control domain: domain 0, and its peer is domain 1 */
    uint32_t vcpus;  /* of the guest: 1..32; 0: 2 */
    uint32_t online; /* so many of them are up, the others the guest brings up: 1..vcpus; 0: all */
    uint32_t pages;  /* of the guest; 0: 2048 */
    uint32_t frames; /* of the machine; 0: 32768 */
    uint64_t seed;   /* scatters machine frames; 0: 1 */
    bool mirror;     /* the guest's addresses are those of the process: xd_guest_mirror */
    bool strict;     /* the mirror is strict: it finds missing TLB flushes */
    bool peer_too;   /* the peer is under test too: what it leaks fails the test */
};

#if !defined(__cplusplus) /* the fixture is for tests in C */

static inline void xd_check_setup_with(struct xd_check *x, const struct xd_check_options *o)
{
    struct xd_config m = XD_CONFIG_DEFAULT;
    struct xd_domain_config c = XD_DOMAIN_CONFIG_DEFAULT;
    struct xd_mirror_config w = XD_MIRROR_CONFIG_DEFAULT;

    if (o->mirror || o->strict)
        c.virt_base = xd_guest_room(w.size);
    w.strict = o->strict;
    m.frames = o->frames ? o->frames : m.frames;
    m.seed = o->seed ? o->seed : m.seed;
    c.vcpus = o->vcpus ? o->vcpus : 2;
    c.vcpus_online = o->online ? o->online : c.vcpus;
    c.pages = o->pages ? o->pages : c.pages;
    c.privileged = o->privileged;
    if (xd_config_error(&m))
        ck_abort_msg("%s", xd_config_error(&m));
    if (xd_hv_create(&x->hv, &m))
        ck_abort_msg("the host has no room for a machine");
    if (xd_domain_create(x->hv, &c, &x->d) || xd_domain_create(x->hv, NULL, &x->peer))
        ck_abort_msg("%s", xd_hv_error(x->hv));
    if ((o->mirror || o->strict) && xd_guest_mirror(x->d, &w))
        ck_abort_msg("%s", xd_hv_error(x->hv));
    x->v = xd_vcpu_at(x->d, 0);
    if (xd_enter(x->v))
        ck_abort_msg("%s", xd_hv_error(x->hv));
    xd_guest_watch(x->d);
    x->peer_too = o->peer_too;
    if (x->peer_too)
        xd_guest_watch(x->peer);
}

static inline void xd_check_setup(struct xd_check *x)
{
    struct xd_check_options usual;

    memset(&usual, 0, sizeof(usual));
    xd_check_setup_with(x, &usual);
}

#endif

/*
 * The text is freed before the test fails: a failing test leaves the function for good. libcheck ends a
 * test whose message is longer than about 4000 bytes without a word, so the whole of such a text goes to
 * standard error.
 */
#define XD_CK_TEXT_MAX 3000
static inline void xd_ck_take(char *copy, char *text)
{
    const bool fits = !text || strlen(text) <= XD_CK_TEXT_MAX;

    snprintf(copy, XD_CK_TEXT_MAX + 100, "%.*s%s", XD_CK_TEXT_MAX, text ? text : "",
             fits ? "" : "\n(cut here; standard error has the whole text)");
    if (!fits)
        fprintf(stderr, "%s\n", text);
    free(text);
}

#define XD_CK_FAIL_WITH(text_, ...)       \
    do {                                  \
        char copy_[XD_CK_TEXT_MAX + 100]; \
                                          \
        xd_ck_take(copy_, (text_));       \
        ck_abort_msg(__VA_ARGS__, copy_); \
    } while (0)

/* A text for people, to be freed, that is empty if all is well. */
#define XD_CK_EMPTY(text_, what_)                \
    do {                                         \
        char *found_ = (text_);                  \
                                                 \
        if (found_[0])                           \
            XD_CK_FAIL_WITH(found_, what_ "%s"); \
        free(found_);                            \
    } while (0)

/* The domain holds nothing that it did not hold when it was first watched (in the setup). */
#define ck_assert_no_leaks(d_) XD_CK_EMPTY(xd_guest_leaks(d_), "the guest leaks:\n")

/* ---- Levers ---- */

/* xd_expect_call; a text that can't be meant fails the test. */
#define ck_expect_call(d_, ...)     XD_CK_HOST(d_, xd_expect_call((d_), __VA_ARGS__))
#define ck_expect_ignore(d_, call_) XD_CK_HOST(d_, xd_expect_ignore((d_), (call_)))
#define XD_CK_HOST(d_, said_)                                  \
    do {                                                       \
        if ((said_) < 0)                                       \
            ck_abort_msg("%s", xd_hv_error(xd_domain_hv(d_))); \
    } while (0)

/* All that was expected of the domain was done, in that order, and nothing else. Ends the
 * expectations. */
#define ck_assert_expectations_met(d_) XD_CK_EMPTY(xd_expect_differences(d_), "")

/* All levers have hit what they were to hit. */
#define ck_assert_no_levers_left(hv_) \
    XD_CK_EMPTY(xd_levers_left(hv_), "levers were set and have not hit:\n")

/* The lever has hit so many calls. */
#define ck_assert_lever_hits(hv_, lever_, hits_)                                               \
    do {                                                                                       \
        int nr_ = (lever_);                                                                    \
        unsigned long got_ = (unsigned long)xd_lever_hits((hv_), nr_);                         \
        unsigned long want_ = (unsigned long)(hits_);                                          \
                                                                                               \
        ck_assert_msg(got_ == want_, "lever %d has hit %lu calls, not %lu", nr_, got_, want_); \
    } while (0)

#define XD_CK_NO_CRASH(d_)                                                              \
    ck_assert_msg(!xd_guest_crashed_unasked(d_),                                        \
                  "d%u has crashed; a test that wants that says ck_assert_shutdown(d, " \
                  "SHUTDOWN_crash)",                                                    \
                  (unsigned int)xd_domain_id(d_))

#if !defined(__cplusplus)

/* Fails if a domain has crashed unasked, if the guest leaks, if something else happened than was expected, or if xendouble itself
 * disagrees with what it counts. */
static inline void xd_check_teardown(struct xd_check *x)
{
    char *report = NULL;

    ck_assert_expectations_met(x->d);
    ck_assert_expectations_met(x->peer);
    ck_assert_no_levers_left(x->hv);
    ck_assert_no_leaks(x->d);
    XD_CK_NO_CRASH(x->d);
    XD_CK_NO_CRASH(x->peer);
    if (x->peer_too)
        ck_assert_no_leaks(x->peer);
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

/* It is masked; it is not. */
#define ck_assert_masked(d_, port_)     XD_CK_MASKED(d_, port_, true, "is not masked")
#define ck_assert_not_masked(d_, port_) XD_CK_MASKED(d_, port_, false, "is masked")
#define XD_CK_MASKED(d_, port_, want_, what_)                                       \
    do {                                                                            \
        struct xd_port_info info_;                                                  \
        unsigned int nr_ = (unsigned int)(port_);                                   \
                                                                                    \
        ck_assert_msg(xd_port_look((d_), nr_, &info_), "there is no port %u", nr_); \
        ck_assert_msg(info_.masked == (want_), "port %u of d%u " what_, nr_,        \
                      (unsigned int)xd_domain_id(d_));                              \
    } while (0)

/* So many upcalls have been delivered to the vCPU so far. */
#define ck_assert_upcalls(v_, nr_)                                                        \
    do {                                                                                  \
        unsigned long got_ = (unsigned long)xd_guest_upcalls(v_);                         \
        unsigned long want_ = (unsigned long)(nr_);                                       \
                                                                                          \
        ck_assert_msg(got_ == want_, "%lu upcalls were delivered, not %lu", got_, want_); \
    } while (0)

/* The vCPU is in this state: "running" "blocked" "down" "shutdown" "paused". */
#define ck_assert_vcpu(v_, state_)                                                                \
    do {                                                                                          \
        static const char *const names_[] = {"running", "blocked", "down", "shutdown", "paused"}; \
        const char *is_ = names_[xd_vcpu_state(v_)];                                              \
                                                                                                  \
        ck_assert_msg(strcmp(is_, (state_)) == 0, "the vCPU is %s, not %s", is_, (state_));       \
    } while (0)

/* The domain runs; it shut down with this code, SHUTDOWN_crash for one. */
#define ck_assert_domain_runs(d_)     XD_CK_SHUTDOWN(d_, -1)
#define ck_assert_shutdown(d_, code_) XD_CK_SHUTDOWN(d_, code_)
#define XD_CK_SHUTDOWN(d_, code_)                                                      \
    do {                                                                               \
        int got_ = xd_domain_shutdown_code(d_), want_ = (int)(code_);                  \
                                                                                       \
        ck_assert_msg(got_ == want_, "d%u has shutdown code %d, not %d (-1: it runs)", \
                      (unsigned int)xd_domain_id(d_), got_, want_);                    \
        if (got_ >= 0)                                                                 \
            xd_guest_end_known(d_);                                                    \
    } while (0)

/* The machine's time, ns. */
#define ck_assert_now(hv_, ns_)                                               \
    do {                                                                      \
        unsigned long long now_ = (unsigned long long)xd_now_ns(hv_);         \
        unsigned long long want_ = (unsigned long long)(ns_);                 \
                                                                              \
        ck_assert_msg(now_ == want_, "it is %llu ns, not %llu", now_, want_); \
    } while (0)

/* The frame belongs to this domain, by its number; it is pinned; it is not. */
#define ck_assert_frame_owner(hv_, mfn_, owner_)                                          \
    do {                                                                                  \
        struct xd_frame_info info_;                                                       \
        unsigned long nr_ = (unsigned long)(mfn_);                                        \
        unsigned int want_ = (unsigned int)(owner_);                                      \
                                                                                          \
        ck_assert_msg(xd_frame_look((hv_), nr_, &info_), "there is no frame %#lx", nr_);  \
        ck_assert_msg(info_.owner == want_, "frame %#lx belongs to d%u, not to d%u", nr_, \
                      (unsigned int)info_.owner, want_);                                  \
    } while (0)
#define ck_assert_pinned(hv_, mfn_)     XD_CK_PINNED(hv_, mfn_, true, "is not pinned")
#define ck_assert_not_pinned(hv_, mfn_) XD_CK_PINNED(hv_, mfn_, false, "is pinned")
#define XD_CK_PINNED(hv_, mfn_, want_, what_)                                            \
    do {                                                                                 \
        struct xd_frame_info info_;                                                      \
        unsigned long nr_ = (unsigned long)(mfn_);                                       \
                                                                                         \
        ck_assert_msg(xd_frame_look((hv_), nr_, &info_), "there is no frame %#lx", nr_); \
        ck_assert_msg(info_.pinned == (want_), "frame %#lx " what_, nr_);                \
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
