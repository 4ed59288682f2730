/* SPDX-License-Identifier: MIT */
/* absent.c: the rest of the machine's interface beside real.c: names, and what is never called for a real machine. */
#include "hv/evtchn.h"
#include "hv/frame.h"
#include "hv/lever.h"
#include "hv/pt.h"
#include "hv/sched.h"
#include "program/runner.h"

#include <stdlib.h>

unsigned int xd_audit(struct xd_hv *h, char **report)
{
    (void)h;
    *report = NULL;
    return 0;
}

/* A real machine can't go back, so its programs run in no session. */
struct xd_snapshot xd_snapshot(struct xd_hv *h)
{
    return (struct xd_snapshot){.hv = h};
}

int xd_restore(struct xd_hv *h, struct xd_snapshot s)
{
    (void)h;
    (void)s;
    return -XD_HOST_EINVAL;
}

void xd_advance(struct xd_hv *h, uint64_t ns)
{
    (void)h;
    (void)ns;
}

void xd_domain_crash(struct xd_domain *d)
{
    (void)d;
}

int xd_irq_raise(struct xd_hv *h, uint32_t irq)
{
    (void)h;
    (void)irq;
    return 1;
}

void xd_virq_raise(struct xd_vcpu *v, uint32_t virq)
{
    (void)v;
    (void)virq;
}

int xd_lever_set(struct xd_hv *h, const struct xd_lever_config *config)
{
    (void)h;
    (void)config;
    return 1;
}

void *xd_levers_copy(struct xd_hv *h)
{
    (void)h;
    return NULL;
}

void xd_levers_put_back(struct xd_hv *h, const void *copy)
{
    (void)h;
    (void)copy;
}

int xd_event_raise(struct xd_domain *d, uint32_t port)
{
    (void)d;
    (void)port;
    return 0;
}

void xd_frames_scarce(struct xd_hv *h, uint64_t left)
{
    (void)h;
    (void)left;
}

int64_t xd_continue(struct xd_vcpu *v)
{
    (void)v;
    return XD_NOT_RUNNING;
}

enum xd_access xd_guest_load(struct xd_vcpu *v, uint64_t va, void *buf, size_t size,
                             struct xd_fault *f)
{
    (void)v, (void)va, (void)buf, (void)size, (void)f;
    abort();
}

enum xd_access xd_guest_store(struct xd_vcpu *v, uint64_t va, const void *buf, size_t size,
                              struct xd_fault *f)
{
    (void)v, (void)va, (void)buf, (void)size, (void)f;
    abort();
}

void xd_walk(struct xd_hv *h, xd_mfn cr3, uint64_t va, bool write, struct xd_walk *w)
{
    (void)h, (void)cr3, (void)va, (void)write, (void)w;
    abort();
}

bool xd_port_is_pending(struct xd_domain *d, uint32_t port)
{
    return ((const uint64_t *)(const void *)xd_shared_info(d))[256 + port / 64] >> port % 64 & 1;
}

bool xd_port_is_masked(struct xd_domain *d, uint32_t port)
{
    return ((const uint64_t *)(const void *)xd_shared_info(d))[320 + port / 64] >> port % 64 & 1;
}

const char *xd_port_state_name(unsigned int state)
{
    static const char *const names[] = {"free", "reserved", "unbound", "interdomain",
                                        "pirq", "virq",     "ipi"};

    return state < 7 ? names[state] : "?";
}

void xd_explain_port(struct xd_domain *d, uint32_t port, struct xd_str *out)
{
    xd_str_addf(out, "on Xen: port %u is %s", port,
                port < XD_PORTS ? xd_port_state_name(d->port[port].state) : "?");
}

const char *xd_type_name(enum xd_type t)
{
    static const char *const names[] = {"none", "l1",       "l2",     "l3",
                                        "l4",   "seg_desc", "shared", "writable"};

    return names[t & 7];
}

const char *xd_config_error(const struct xd_config *config)
{
    (void)config;
    return NULL;
}
