/* SPDX-License-Identifier: MIT */
/*
 * events.h: what the tests of event channels share: the fixture, the calls as short as they get,
 * and a look at the bits. A test program includes it once.
 */
#ifndef XD_TESTS_EVENTS_H
#define XD_TESTS_EVENTS_H

#include "fixture.h"

#include "hv/evtchn.h"

#include <string.h>

#define HC        32
#define HC_COMPAT 16

enum {
    BIND_INTERDOMAIN,
    BIND_VIRQ,
    BIND_PIRQ,
    CLOSE,
    SEND,
    STATUS,
    ALLOC_UNBOUND,
    BIND_IPI,
    BIND_VCPU,
    UNMASK,
    RESET,
    INIT_CONTROL,
    EXPAND_ARRAY,
    SET_PRIORITY,
    RESET_CONT
};

static struct xd_fixture f;

static inline void setup(void)
{
    fixture_setup(&f);
}

static inline void teardown(void)
{
    fixture_teardown(&f);
}

static inline long alloc_unbound(struct xd_vcpu *v, uint32_t dom, uint32_t remote, uint32_t *port)
{
    struct xd_abi_evtchn_alloc_unbound op = {(uint16_t)dom, (uint16_t)remote, ~0u};
    long rc = fixture_run(&f, v, HC, ALLOC_UNBOUND, &op);

    *port = op.port;
    return rc;
}

static inline long bind_interdomain(struct xd_vcpu *v, uint32_t dom, uint32_t remote_port,
                                    uint32_t *port)
{
    struct xd_abi_evtchn_bind_interdomain op = {(uint16_t)dom, 0, remote_port, ~0u};
    long rc = fixture_run(&f, v, HC, BIND_INTERDOMAIN, &op);

    *port = op.local_port;
    return rc;
}

static inline long bind_virq(struct xd_vcpu *v, uint32_t virq, uint32_t vcpu, uint32_t *port)
{
    struct xd_abi_evtchn_bind_virq op = {virq, vcpu, ~0u};
    long rc = fixture_run(&f, v, HC, BIND_VIRQ, &op);

    *port = op.port;
    return rc;
}

static inline long bind_ipi(struct xd_vcpu *v, uint32_t vcpu, uint32_t *port)
{
    struct xd_abi_evtchn_bind_ipi op = {vcpu, ~0u};
    long rc = fixture_run(&f, v, HC, BIND_IPI, &op);

    *port = op.port;
    return rc;
}

static inline long on_port(struct xd_vcpu *v, unsigned int cmd, uint32_t port)
{
    struct xd_abi_evtchn_port op = {port};
    uint64_t used = f.used;
    long rc = fixture_run(&f, v, HC, cmd, &op);

    f.used = used; /* called in long loops */
    return rc;
}

static inline long bind_vcpu(struct xd_vcpu *v, uint32_t port, uint32_t vcpu)
{
    struct xd_abi_evtchn_bind_vcpu op = {port, vcpu};

    return fixture_run(&f, v, HC, BIND_VCPU, &op);
}

static inline long reset(struct xd_vcpu *v, unsigned int cmd, uint32_t dom)
{
    struct xd_abi_evtchn_reset op = {(uint16_t)dom};

    return fixture_run(&f, v, HC, cmd, &op);
}

static inline struct xd_abi_evtchn_status status_of(struct xd_vcpu *v, uint32_t dom, uint32_t port)
{
    struct xd_abi_evtchn_status op;

    memset(&op, 0x5a, sizeof(op));
    op.dom = (uint16_t)dom;
    op.port = port;
    ck_ok(v, fixture_run(&f, v, HC, STATUS, &op));
    return op;
}

static inline bool pending(struct xd_domain *d, uint32_t port)
{
    return fixture_shared_info(d)->evtchn_pending[port / 64] >> port % 64 & 1;
}

static inline bool selected(struct xd_vcpu *v, uint32_t port)
{
    return fixture_vcpu_info(v)->evtchn_pending_sel >> port / 64 & 1;
}

static inline bool upcall_pending(struct xd_vcpu *v)
{
    return fixture_vcpu_info(v)->evtchn_upcall_pending & 1;
}

/* What a guest's upcall handler does. */
static inline void consume(struct xd_vcpu *v, uint64_t shared)
{
    fixture_set_shared(v, shared, vcpu_info[v->id].evtchn_upcall_pending, 0);
    fixture_set_shared(v, shared, vcpu_info[v->id].evtchn_pending_sel, 0);
    for (unsigned int i = 0; i < 64; i++)
        fixture_set_shared(v, shared, evtchn_pending[i], 0);
}

/* A pair: *p1 in d1, *p2 in d2, and nothing pending anywhere in d2. */
static inline void make_pair(uint32_t *p1, uint32_t *p2)
{
    ck_ok(f.v1, alloc_unbound(f.v1, DOMID_SELF, 2, p1));
    ck_ok(f.v2, bind_interdomain(f.v2, 1, *p1, p2));
    consume(f.v2, fixture_map_shared_info(f.v2));
}

/* ---- Ports by state ---- */

enum { FREE, RESERVED, UNBOUND, INTERDOMAIN, TIMER, GLOBAL, IPI, RANGE, KINDS };

/* The same ports in d1 for each test below. */
static inline void one_of_each(uint32_t port[KINDS])
{
    uint32_t p2;

    port[FREE] = 60;
    port[RESERVED] = 0;
    port[UNBOUND] = 1;
    ck_ok(f.v1, bind_virq(f.v1, 0, 0, &port[TIMER]));
    ck_ok(f.v1, bind_virq(f.v1, 2, 0, &port[GLOBAL]));
    ck_ok(f.v1, bind_ipi(f.v1, 0, &port[IPI]));
    make_pair(&port[INTERDOMAIN], &p2);
    port[RANGE] = 64;
}

#endif
