/* SPDX-License-Identifier: MIT */
/* test-evtchn.c: event_channel_op and the table of ports. */
#include "events.h"

#include "hv/sched.h"

/* ---- The table of ports ---- */

START_TEST(a_built_domain_has_its_two_ports)
{
    for (uint32_t port = 1; port <= 2; port++) {
        struct xd_abi_evtchn_status s = status_of(f.v1, DOMID_SELF, port);

        ck_assert_uint_eq(s.status, XD_STATUS_UNBOUND);
        ck_assert_uint_eq(s.u.unbound.dom, 0);
    }
    ck_assert_uint_eq(xd_domain_start(f.d1)->store_port, 1);
    ck_assert_uint_eq(xd_domain_start(f.d1)->console_port, 2);
    ck_assert_uint_eq(status_of(f.v1, DOMID_SELF, 3).status, XD_STATUS_CLOSED);
    ck_assert_uint_eq(status_of(f.v0, DOMID_SELF, 1).status, XD_STATUS_CLOSED);
}
END_TEST

START_TEST(the_lowest_free_port_is_next)
{
    uint32_t a, b, c;

    ck_ok(f.v1, alloc_unbound(f.v1, DOMID_SELF, 2, &a));
    ck_ok(f.v1, bind_ipi(f.v1, 0, &b));
    ck_assert_uint_eq(a, 3);
    ck_assert_uint_eq(b, 4);
    ck_ok(f.v1, on_port(f.v1, CLOSE, a));
    ck_ok(f.v1, bind_virq(f.v1, 0, 0, &c));
    ck_assert_uint_eq(c, a);
}
END_TEST

START_TEST(valid_ports_grow_by_buckets)
{
    uint32_t port;

    ck_refused(f.v1, on_port(f.v1, UNMASK, 64), EINVAL, EVTCHN_PORT_RANGE);
    do
        ck_ok(f.v1, bind_ipi(f.v1, 0, &port));
    while (port < 63);
    ck_refused(f.v1, on_port(f.v1, UNMASK, 64), EINVAL, EVTCHN_PORT_RANGE);
    ck_ok(f.v1, bind_ipi(f.v1, 0, &port));
    ck_assert_uint_eq(port, 64);
    ck_ok(f.v1, on_port(f.v1, UNMASK, 127));
    ck_refused(f.v1, on_port(f.v1, UNMASK, 128), EINVAL, EVTCHN_PORT_RANGE);
    ck_ok(f.v1, on_port(f.v1, CLOSE, 64));
    ck_ok(f.v1, on_port(f.v1, UNMASK, 64));
}
END_TEST

START_TEST(a_refused_bind_grows_the_table_all_the_same)
{
    uint32_t port;

    do
        ck_ok(f.v1, bind_ipi(f.v1, 0, &port));
    while (port < 63);
    ck_refused(f.v1, bind_interdomain(f.v1, 2, 7, &port), EINVAL, EVTCHN_NOT_UNBOUND);
    ck_ok(f.v1, on_port(f.v1, UNMASK, 64));
}
END_TEST

START_TEST(a_domain_has_as_many_ports_as_configured)
{
    uint64_t used = f.used;
    uint32_t port = 0;

    while (port < 1023) {
        f.used = used;
        ck_ok(f.v1, alloc_unbound(f.v1, DOMID_SELF, 0, &port));
    }
    ck_refused(f.v1, alloc_unbound(f.v1, DOMID_SELF, 0, &port), ENOSPC, EVTCHN_FULL);
    ck_refused(f.v1, bind_ipi(f.v1, 0, &port), ENOSPC, EVTCHN_FULL);
    ck_refused(f.v1, bind_virq(f.v1, 0, 0, &port), ENOSPC, EVTCHN_FULL);
    ck_refused(f.v1, bind_interdomain(f.v1, 2, 99, &port), ENOSPC, EVTCHN_FULL);
    /* Of another domain: whether it has room is looked at before whether one may. */
    ck_refused(f.v2, alloc_unbound(f.v2, 1, 0, &port), ENOSPC, EVTCHN_FULL);
    ck_refused(f.v1, alloc_unbound(f.v1, 2, 0, &port), EPERM, EVTCHN_PERMISSION);
    ck_refused(f.v0, alloc_unbound(f.v0, 1, 0, &port), ENOSPC, EVTCHN_FULL);
    ck_ok(f.v1, on_port(f.v1, CLOSE, 500));
    ck_ok(f.v0, alloc_unbound(f.v0, 1, 0, &port));
    ck_assert_uint_eq(port, 500);
}
END_TEST

/* ---- alloc_unbound, bind_interdomain ---- */

static const struct {
    uint32_t caller, dom;
    int err;
    enum xd_why why;
} allocs[] = {
    {1, DOMID_SELF, 0, XD_WHY_NONE},
    {1, 1, 0, XD_WHY_NONE},
    {1, 2, XD_EPERM, XD_WHY_EVTCHN_PERMISSION},
    {1, 0, XD_EPERM, XD_WHY_EVTCHN_PERMISSION},
    {1, 9, XD_ESRCH, XD_WHY_EVTCHN_DOMAIN_UNKNOWN},
    {1, 0x7ff1, XD_ESRCH, XD_WHY_EVTCHN_DOMAIN_UNKNOWN},
    {1, 0x7ff4, XD_ESRCH, XD_WHY_EVTCHN_DOMAIN_UNKNOWN},
    {0, 1, 0, XD_WHY_NONE},
    {0, 9, XD_ESRCH, XD_WHY_EVTCHN_DOMAIN_UNKNOWN},
};

START_TEST(alloc_unbound_asks_who_and_where)
{
    struct xd_vcpu *v = xd_vcpu_at(xd_domain_find(f.hv, allocs[_i].caller), 0);
    uint32_t port;

    ck_refused_as(v, alloc_unbound(v, allocs[_i].dom, 77, &port), allocs[_i].err, allocs[_i].why);
    ck_assert_int_eq(port == ~0u, allocs[_i].err != 0);
}
END_TEST

START_TEST(alloc_unbound_takes_any_remote_and_self_means_the_caller)
{
    uint32_t port;

    ck_ok(f.v1, alloc_unbound(f.v1, DOMID_SELF, 0xffff, &port));
    ck_assert_uint_eq(status_of(f.v1, DOMID_SELF, port).u.unbound.dom, 0xffff);
    ck_ok(f.v0, alloc_unbound(f.v0, 2, DOMID_SELF, &port));
    ck_assert_uint_eq(status_of(f.v2, DOMID_SELF, port).u.unbound.dom, 0);
    ck_assert_uint_eq(status_of(f.v0, 2, port).vcpu, 0);
}
END_TEST

START_TEST(bind_interdomain_refuses_what_does_not_wait_for_it)
{
    uint32_t unbound, for_d0, ipi, virq, port, p1, p2;

    make_pair(&p1, &p2);
    ck_ok(f.v2, alloc_unbound(f.v2, DOMID_SELF, 1, &unbound));
    ck_ok(f.v2, alloc_unbound(f.v2, DOMID_SELF, 0, &for_d0));
    ck_ok(f.v2, bind_ipi(f.v2, 0, &ipi));
    ck_ok(f.v2, bind_virq(f.v2, 0, 0, &virq));
    ck_refused(f.v1, bind_interdomain(f.v1, 9, 1, &port), ESRCH, EVTCHN_DOMAIN_UNKNOWN);
    ck_refused(f.v1, bind_interdomain(f.v1, 2, 64, &port), EINVAL, EVTCHN_REMOTE_RANGE);
    ck_refused(f.v1, bind_interdomain(f.v1, 2, ~0u, &port), EINVAL, EVTCHN_REMOTE_RANGE);
    ck_refused(f.v1, bind_interdomain(f.v1, 2, 0, &port), EINVAL, EVTCHN_NOT_UNBOUND);
    ck_refused(f.v1, bind_interdomain(f.v1, 2, 50, &port), EINVAL, EVTCHN_NOT_UNBOUND);
    ck_refused(f.v1, bind_interdomain(f.v1, 2, ipi, &port), EINVAL, EVTCHN_NOT_UNBOUND);
    ck_refused(f.v1, bind_interdomain(f.v1, 2, virq, &port), EINVAL, EVTCHN_NOT_UNBOUND);
    ck_refused(f.v1, bind_interdomain(f.v1, 2, p2, &port), EINVAL, EVTCHN_NOT_UNBOUND);
    ck_refused(f.v1, bind_interdomain(f.v1, 2, for_d0, &port), EINVAL, EVTCHN_RESERVED_FOR_OTHER);
    ck_refused(f.v0, bind_interdomain(f.v0, 2, unbound, &port), EINVAL, EVTCHN_RESERVED_FOR_OTHER);
    /* Not even the port that the call itself would take. */
    ck_refused(f.v1, bind_interdomain(f.v1, DOMID_SELF, 4, &port), EINVAL, EVTCHN_NOT_UNBOUND);
    ck_ok(f.v1, bind_interdomain(f.v1, 2, unbound, &port));
    ck_assert_uint_eq(port, 4);
}
END_TEST

START_TEST(bind_interdomain_joins_two_ports_and_tells_the_binder)
{
    struct xd_abi_evtchn_status s;
    uint32_t p1, p2;

    ck_ok(f.v1, alloc_unbound(f.v1, DOMID_SELF, 2, &p1));
    ck_ok(f.v1, bind_vcpu(f.v1, p1, 1));
    ck_ok(f.v2, bind_interdomain(f.v2, 1, p1, &p2));
    ck_assert(pending(f.d2, p2) && selected(f.v2, p2) && upcall_pending(f.v2));
    ck_assert(!pending(f.d1, p1) && !upcall_pending(f.v1b));
    s = status_of(f.v1, DOMID_SELF, p1);
    ck_assert_uint_eq(s.status, XD_STATUS_INTERDOMAIN);
    ck_assert_uint_eq(s.u.interdomain.dom, 2);
    ck_assert_uint_eq(s.u.interdomain.port, p2);
    ck_assert_uint_eq(s.vcpu, 1);
    s = status_of(f.v0, 2, p2);
    ck_assert_uint_eq(s.u.interdomain.dom, 1);
    ck_assert_uint_eq(s.u.interdomain.port, p1);
    ck_assert_uint_eq(s.vcpu, 0);
    ck_ok(f.v2, on_port(f.v2, SEND, p2));
    ck_assert(pending(f.d1, p1) && upcall_pending(f.v1b) && !upcall_pending(f.v1));
}
END_TEST

START_TEST(a_loop_lives_and_dies)
{
    uint64_t shared = fixture_map_shared_info(f.v1);
    uint32_t p, q, again;

    ck_ok(f.v1, alloc_unbound(f.v1, DOMID_SELF, DOMID_SELF, &p));
    ck_ok(f.v1, bind_interdomain(f.v1, DOMID_SELF, p, &q));
    ck_assert_uint_eq(q, p + 1);
    ck_assert(pending(f.d1, q) && !pending(f.d1, p));
    consume(f.v1, shared);
    ck_ok(f.v1, on_port(f.v1, SEND, p));
    ck_assert(pending(f.d1, q) && !pending(f.d1, p));
    ck_ok(f.v1, on_port(f.v1, SEND, q));
    ck_assert(pending(f.d1, p));
    ck_ok(f.v1, on_port(f.v1, CLOSE, p));
    ck_assert(!pending(f.d1, p) && pending(f.d1, q) && selected(f.v1, q));
    ck_assert_uint_eq(status_of(f.v1, DOMID_SELF, p).status, XD_STATUS_CLOSED);
    ck_assert_uint_eq(status_of(f.v1, DOMID_SELF, q).status, XD_STATUS_UNBOUND);
    ck_assert_uint_eq(status_of(f.v1, DOMID_SELF, q).u.unbound.dom, 1);
    consume(f.v1, shared);
    ck_ok(f.v1, on_port(f.v1, SEND, q));
    ck_assert(!pending(f.d1, p) && !pending(f.d1, q));
    ck_ok(f.v1, on_port(f.v1, CLOSE, q));
    ck_refused(f.v1, on_port(f.v1, CLOSE, q), EINVAL, EVTCHN_PORT_FREE);
    ck_ok(f.v1, alloc_unbound(f.v1, DOMID_SELF, DOMID_SELF, &again));
    ck_assert_uint_eq(again, p);
}
END_TEST

START_TEST(closing_one_end_leaves_the_other_waiting)
{
    uint32_t p1, p2, again;

    make_pair(&p1, &p2);
    ck_ok(f.v2, on_port(f.v2, SEND, p2));
    ck_ok(f.v2, on_port(f.v2, CLOSE, p2));
    ck_assert_uint_eq(status_of(f.v1, DOMID_SELF, p1).status, XD_STATUS_UNBOUND);
    ck_assert_uint_eq(status_of(f.v1, DOMID_SELF, p1).u.unbound.dom, 2);
    ck_assert(pending(f.d1, p1));
    ck_ok(f.v1, on_port(f.v1, SEND, p1));
    ck_ok(f.v2, bind_interdomain(f.v2, 1, p1, &again));
    ck_assert_uint_eq(again, p2);
}
END_TEST

START_TEST(a_destroyed_domain_leaves_its_peers_waiting)
{
    uint32_t p1, p2;

    make_pair(&p1, &p2);
    xd_domain_destroy(f.d2);
    ck_assert_uint_eq(status_of(f.v1, DOMID_SELF, p1).status, XD_STATUS_UNBOUND);
    ck_assert_uint_eq(status_of(f.v1, DOMID_SELF, p1).u.unbound.dom, 2);
    ck_assert(!pending(f.d1, p1));
    ck_ok(f.v1, on_port(f.v1, SEND, p1));
}
END_TEST

START_TEST(a_dying_domain_gets_no_port)
{
    uint32_t port;

    f.d1->dying = true; /* as it is for a while when Xen destroys a domain bit by bit */
    ck_refused(f.v0, alloc_unbound(f.v0, 1, 0, &port), EINVAL, EVTCHN_DYING);
    ck_refused(f.v2, alloc_unbound(f.v2, 1, 0, &port), EINVAL, EVTCHN_DYING);
    f.d1->dying = false;
}
END_TEST

/* ---- VIRQs, IPIs, PIRQs ---- */

static const struct {
    uint32_t virq, vcpu;
    int err;
    enum xd_why why;
} virqs[] = {
    {0, 0, 0, XD_WHY_NONE},
    {0, 2, 0, XD_WHY_NONE},
    {1, 1, 0, XD_WHY_NONE},
    {7, 1, 0, XD_WHY_NONE},
    {13, 1, 0, XD_WHY_NONE},
    {0, 3, XD_ENOENT, XD_WHY_EVTCHN_VCPU_UNKNOWN},
    {0, 999, XD_ENOENT, XD_WHY_EVTCHN_VCPU_UNKNOWN},
    {2, 0, 0, XD_WHY_NONE},
    {5, 0, 0, XD_WHY_NONE},
    {23, 0, 0, XD_WHY_NONE},
    {2, 1, XD_EINVAL, XD_WHY_EVTCHN_VIRQ_GLOBAL},
    {3, 999, XD_EINVAL, XD_WHY_EVTCHN_VIRQ_GLOBAL},
    {14, 1, XD_EINVAL, XD_WHY_EVTCHN_VIRQ_GLOBAL},
    {24, 0, XD_EINVAL, XD_WHY_EVTCHN_VIRQ_RANGE},
    {24, 999, XD_EINVAL, XD_WHY_EVTCHN_VIRQ_RANGE},
    {0xffffffff, 0, XD_EINVAL, XD_WHY_EVTCHN_VIRQ_RANGE},
};

START_TEST(bind_virq_asks_which_and_where)
{
    uint32_t port, second;

    ck_refused_as(f.v1, bind_virq(f.v1, virqs[_i].virq, virqs[_i].vcpu, &port), virqs[_i].err,
                  virqs[_i].why);
    if (virqs[_i].err)
        return;
    ck_assert_uint_eq(status_of(f.v1, DOMID_SELF, port).status, XD_STATUS_VIRQ);
    ck_assert_uint_eq(status_of(f.v1, DOMID_SELF, port).u.virq, virqs[_i].virq);
    ck_assert_uint_eq(status_of(f.v1, DOMID_SELF, port).vcpu, virqs[_i].vcpu);
    ck_assert(!pending(f.d1, port));
    ck_refused(f.v1, bind_virq(f.v1, virqs[_i].virq, virqs[_i].vcpu, &second), EEXIST,
               EVTCHN_VIRQ_BOUND);
    ck_ok(f.v1, on_port(f.v1, CLOSE, port));
    ck_ok(f.v1, bind_virq(f.v1, virqs[_i].virq, virqs[_i].vcpu, &second));
}
END_TEST

START_TEST(a_per_vcpu_virq_goes_to_its_vcpu)
{
    uint32_t on0, on1;

    ck_ok(f.v1, bind_virq(f.v1, 0, 0, &on0));
    ck_ok(f.v1, bind_virq(f.v1, 0, 1, &on1));
    xd_virq_raise(f.v1b, 0);
    ck_assert(!pending(f.d1, on0) && pending(f.d1, on1));
    ck_assert(!upcall_pending(f.v1) && upcall_pending(f.v1b));
    xd_virq_raise(f.v1down, 0); /* bound by nobody: lost */
    ck_assert(!upcall_pending(f.v1down));
    xd_virq_raise(f.v1, 99);
    ck_assert_str_ne(xd_hv_error(f.hv), "");
}
END_TEST

START_TEST(a_global_virq_goes_to_the_hardware_domain)
{
    uint32_t mine, dom0;

    xd_virq_raise(f.v1, 3); /* nobody has bound it: lost */
    ck_ok(f.v1, bind_virq(f.v1, 3, 0, &mine));
    ck_ok(f.v0, bind_virq(f.v0, 3, 0, &dom0));
    xd_virq_raise(f.v1, 3);
    ck_assert(!pending(f.d1, mine) && pending(f.d0, dom0) && upcall_pending(f.v0));
}
END_TEST

START_TEST(a_global_virq_can_move)
{
    struct xd_domain_config c = XD_DOMAIN_CONFIG_DEFAULT;
    struct xd_config machine = XD_CONFIG_DEFAULT;
    struct xd_abi_evtchn_bind_virq bind = {3, 0, 0};
    struct xd_abi_evtchn_bind_vcpu move = {0, 1};
    struct xd_fixture g = {0};
    struct xd_vcpu *v;

    ck_assert_int_eq(xd_hv_create(&g.hv, &machine), 0);
    c.domid = 0;
    c.privileged = true;
    c.order = XD_ORDER_DOM0;
    c.vcpus = c.vcpus_online = 2;
    ck_assert_int_eq(xd_domain_create(g.hv, &c, &g.d0), 0);
    v = xd_vcpu_at(g.d0, 0);
    ck_ok(v, fixture_run(&g, v, HC, BIND_VIRQ, &bind));
    move.port = bind.port;
    ck_ok(v, fixture_run(&g, v, HC, BIND_VCPU, &move));
    xd_virq_raise(v, 3);
    ck_assert(!upcall_pending(v) && upcall_pending(xd_vcpu_at(g.d0, 1)));
    ck_refused(v, fixture_run(&g, v, HC, BIND_VIRQ, &bind), EEXIST, EVTCHN_VIRQ_BOUND);
    move = (struct xd_abi_evtchn_bind_vcpu){bind.port, 0};
    ck_ok(v, fixture_call(v, HC, CLOSE, fixture_place(&g, v, &move, 4)));
    ck_ok(v, fixture_run(&g, v, HC, BIND_VIRQ, &bind));
    fixture_teardown(&g);
}
END_TEST

START_TEST(an_ipi_goes_to_its_vcpu)
{
    uint32_t port, other;

    ck_refused(f.v1, bind_ipi(f.v1, 3, &port), ENOENT, EVTCHN_VCPU_UNKNOWN);
    ck_ok(f.v1, bind_ipi(f.v1, 1, &port));
    ck_ok(f.v1, bind_ipi(f.v1, 1, &other));
    ck_assert_uint_eq(status_of(f.v1, DOMID_SELF, port).status, XD_STATUS_IPI);
    ck_ok(f.v1, on_port(f.v1, SEND, port));
    ck_assert(pending(f.d1, port) && !pending(f.d1, other));
    ck_assert(upcall_pending(f.v1b) && !upcall_pending(f.v1));
    ck_assert(!xd_upcall_due(f.v1b)); /* masked from the start */
}
END_TEST

static const struct {
    uint32_t domid, pirq;
    int err;
    enum xd_why why;
} pirqs[] = {
    {1, 0, XD_EPERM, XD_WHY_EVTCHN_PIRQ_RIGHTS},    {1, 55, XD_EPERM, XD_WHY_EVTCHN_PIRQ_RIGHTS},
    {1, 56, XD_EINVAL, XD_WHY_EVTCHN_PIRQ_RANGE},   {0, 55, XD_EPERM, XD_WHY_EVTCHN_PIRQ_RIGHTS},
    {0, 4096, XD_EINVAL, XD_WHY_EVTCHN_PIRQ_RANGE},
};

START_TEST(bind_pirq_is_for_those_with_rights)
{
    struct xd_vcpu *v = xd_vcpu_at(xd_domain_find(f.hv, pirqs[_i].domid), 0);
    struct xd_abi_evtchn_bind_pirq op = {pirqs[_i].pirq, 0, 0};

    ck_refused_as(v, fixture_run(&f, v, HC, BIND_PIRQ, &op), pirqs[_i].err, pirqs[_i].why);
}
END_TEST

/* ---- Ports by state ---- */

static const struct {
    unsigned int cmd;
    enum xd_why why[KINDS];
} by_state[] = {
    {SEND,
     {XD_WHY_EVTCHN_PORT_FREE, XD_WHY_EVTCHN_PORT_RESERVED, XD_WHY_NONE, XD_WHY_NONE,
      XD_WHY_EVTCHN_SEND_VIRQ, XD_WHY_EVTCHN_SEND_VIRQ, XD_WHY_NONE, XD_WHY_EVTCHN_PORT_RANGE}},
    {CLOSE,
     {XD_WHY_EVTCHN_PORT_FREE, XD_WHY_EVTCHN_PORT_RESERVED, XD_WHY_NONE, XD_WHY_NONE, XD_WHY_NONE,
      XD_WHY_NONE, XD_WHY_NONE, XD_WHY_EVTCHN_PORT_RANGE}},
    {UNMASK,
     {XD_WHY_NONE, XD_WHY_NONE, XD_WHY_NONE, XD_WHY_NONE, XD_WHY_NONE, XD_WHY_NONE, XD_WHY_NONE,
      XD_WHY_EVTCHN_PORT_RANGE}},
    {BIND_VCPU,
     {XD_WHY_EVTCHN_PORT_FREE, XD_WHY_EVTCHN_PORT_RESERVED, XD_WHY_NONE, XD_WHY_NONE,
      XD_WHY_EVTCHN_MOVE_VIRQ, XD_WHY_NONE, XD_WHY_EVTCHN_MOVE_IPI, XD_WHY_EVTCHN_PORT_RANGE}},
};

START_TEST(what_a_port_can_be_used_for_depends_on_its_state)
{
    uint32_t port[KINDS];

    one_of_each(port);
    for (unsigned int kind = 0; kind < KINDS; kind++) {
        enum xd_why why = by_state[_i].why[kind];
        long rc = by_state[_i].cmd == BIND_VCPU ? bind_vcpu(f.v1, port[kind], 1)
                                                : on_port(f.v1, by_state[_i].cmd, port[kind]);

        ck_refused_as(f.v1, rc, why ? XD_EINVAL : 0, why);
        fixture_audit(f.hv);
    }
}
END_TEST

START_TEST(bind_vcpu_looks_for_the_vcpu_first)
{
    ck_refused(f.v1, bind_vcpu(f.v1, 4096, 3), ENOENT, EVTCHN_VCPU_UNKNOWN);
    ck_refused(f.v1, bind_vcpu(f.v1, 4096, 2), EINVAL, EVTCHN_PORT_RANGE);
}
END_TEST

START_TEST(bind_vcpu_moves_what_comes_not_what_is_pending)
{
    uint32_t p1, p2;

    make_pair(&p1, &p2);
    ck_ok(f.v2, on_port(f.v2, SEND, p2));
    ck_ok(f.v1, bind_vcpu(f.v1, p1, 1));
    ck_assert(upcall_pending(f.v1) && !upcall_pending(f.v1b));
    ck_ok(f.v2, on_port(f.v2, SEND, p2));
    ck_assert(!upcall_pending(f.v1b));
    consume(f.v1, fixture_map_shared_info(f.v1));
    ck_ok(f.v2, on_port(f.v2, SEND, p2));
    ck_assert(!upcall_pending(f.v1) && upcall_pending(f.v1b) && selected(f.v1b, p1));
}
END_TEST

START_TEST(status_is_for_those_who_may)
{
    struct xd_abi_evtchn_status op = {.dom = 2, .port = 1};

    ck_refused(f.v1, fixture_run(&f, f.v1, HC, STATUS, &op), EPERM, EVTCHN_PERMISSION);
    op.port = 64;
    ck_refused(f.v1, fixture_run(&f, f.v1, HC, STATUS, &op), EINVAL, EVTCHN_PORT_RANGE);
    op.dom = 9;
    ck_refused(f.v1, fixture_run(&f, f.v1, HC, STATUS, &op), ESRCH, EVTCHN_DOMAIN_UNKNOWN);
    op.dom = 1;
    ck_refused(f.v1, fixture_run(&f, f.v1, HC, STATUS, &op), EINVAL, EVTCHN_PORT_RANGE);
}
END_TEST

START_TEST(status_of_a_closed_port_leaves_the_union_alone)
{
    static const uint32_t closed[] = {0, 63};

    for (unsigned int i = 0; i < XD_ARRAY_SIZE(closed); i++) {
        struct xd_abi_evtchn_status s = status_of(f.v1, DOMID_SELF, closed[i]);

        ck_assert_uint_eq(s.status, XD_STATUS_CLOSED);
        ck_assert_uint_eq(s.vcpu, 0);
        ck_assert_uint_eq(s.u.interdomain.port, 0x5a5a5a5a);
    }
}
END_TEST

/* ---- reset, FIFO, the old form, pointers ---- */

START_TEST(reset_closes_everything)
{
    uint64_t shared = fixture_map_shared_info(f.v1);
    uint32_t port[KINDS], again;

    one_of_each(port);
    ck_ok(f.v1, on_port(f.v1, SEND, port[IPI]));
    fixture_set_shared(f.v1, shared, evtchn_mask[0], ~UINT64_C(0));
    ck_ok(f.v1, reset(f.v1, RESET, DOMID_SELF));
    for (uint32_t p = 0; p < 64; p++)
        ck_assert_uint_eq(status_of(f.v1, DOMID_SELF, p).status, XD_STATUS_CLOSED);
    ck_assert_uint_eq(fixture_shared_info(f.d1)->evtchn_mask[0], ~UINT64_C(0));
    ck_assert_uint_eq(fixture_shared_info(f.d1)->evtchn_pending[0], 0);
    ck_assert(upcall_pending(f.v1) && selected(f.v1, 1));
    ck_ok(f.v1, bind_virq(f.v1, 0, 0, &again));
    ck_assert_uint_eq(again, 1);
    ck_ok(f.v1, reset(f.v1, RESET, 1));
}
END_TEST

START_TEST(reset_of_others_is_restricted)
{
    ck_refused(f.v1, reset(f.v1, RESET, 9), ESRCH, EVTCHN_DOMAIN_UNKNOWN);
    ck_refused(f.v1, reset(f.v1, RESET, 2), EPERM, EVTCHN_PERMISSION);
    ck_refused(f.v0, reset(f.v0, RESET, 1), EINVAL, EVTCHN_RESET_NOT_PAUSED);
    f.d1->pauses = 1;
    xd_domain_repause(f.d1);
    ck_ok(f.v0, reset(f.v0, RESET, 1));
    ck_assert_uint_eq(f.d1->ports_active, 0);
    f.d1->pauses = 0;
    xd_domain_repause(f.d1);
    ck_refused(f.v1, reset(f.v1, RESET_CONT, DOMID_SELF), EBUSY, EVTCHN_RESET_NOT_RUNNING);
    ck_refused(f.v1, reset(f.v1, RESET_CONT, 2), EPERM, EVTCHN_PERMISSION);
}
END_TEST

START_TEST(fifo_calls_answer_as_in_2_level_mode)
{
    uint64_t own = xd_domain_mfn(f.d1, xd_domain_start(f.d1)->first_free_pfn);
    uint64_t table = xd_domain_start(f.d1)->cr3_mfn;
    uint64_t other = xd_domain_mfn(f.d2, xd_domain_start(f.d2)->first_free_pfn);
    const struct {
        struct xd_abi_evtchn_init_control op;
        int err;
        enum xd_why why;
    } inits[] = {
        {{own, 0, 3, 0, {0}}, XD_ENOENT, XD_WHY_EVTCHN_VCPU_UNKNOWN},
        {{own, 4025, 0, 0, {0}}, XD_EINVAL, XD_WHY_EVTCHN_FIFO_OFFSET},
        {{own, 4020, 0, 0, {0}}, XD_EINVAL, XD_WHY_EVTCHN_FIFO_ALIGN},
        {{other, 4024, 0, 0, {0}}, XD_EINVAL, XD_WHY_EVTCHN_FIFO_FRAME},
        {{~UINT64_C(0), 0, 0, 0, {0}}, XD_EINVAL, XD_WHY_EVTCHN_FIFO_FRAME},
        {{table, 0, 0, 0, {0}}, XD_EINVAL, XD_WHY_EVTCHN_FIFO_TYPE},
    };
    struct xd_abi_evtchn_expand_array expand = {own};
    struct xd_abi_evtchn_set_priority priority = {64, 0};

    for (unsigned int i = 0; i < XD_ARRAY_SIZE(inits); i++) {
        struct xd_abi_evtchn_init_control op = inits[i].op;

        ck_refused_as(f.v1, fixture_run(&f, f.v1, HC, INIT_CONTROL, &op), inits[i].err,
                      inits[i].why);
    }
    ck_refused(f.v1, fixture_run(&f, f.v1, HC, EXPAND_ARRAY, &expand), EOPNOTSUPP,
               EVTCHN_FIFO_NO_ARRAY);
    ck_refused(f.v1, fixture_run(&f, f.v1, HC, SET_PRIORITY, &priority), EINVAL, EVTCHN_PORT_RANGE);
    priority.port = 63;
    ck_refused(f.v1, fixture_run(&f, f.v1, HC, SET_PRIORITY, &priority), ENOSYS,
               EVTCHN_FIFO_NO_PRIORITY);
}
END_TEST

START_TEST(the_old_form_knows_ten_operations)
{
    uint32_t op[7] = {ALLOC_UNBOUND, DOMID_SELF | 2u << 16, 0};
    uint64_t va = fixture_place(&f, f.v1, op, sizeof(op));
    uint64_t end = fixture_hole(f.v1) - 24;

    ck_ok(f.v1, fixture_call(f.v1, HC_COMPAT, va));
    fixture_load(f.v1, va, op, sizeof(op));
    ck_assert_uint_eq(op[2], 3);
    op[0] = SEND;
    op[1] = 64;
    fixture_store(f.v1, va, op, sizeof(op));
    ck_refused(f.v1, fixture_call(f.v1, HC_COMPAT, va), EINVAL, EVTCHN_PORT_RANGE);
    op[0] = RESET;
    fixture_store(f.v1, va, op, sizeof(op));
    ck_refused(f.v1, fixture_call(f.v1, HC_COMPAT, va), ENOSYS, EVTCHN_COMPAT_OP);
    /* All 28 bytes are read, whatever the operation needs. */
    op[0] = SEND;
    fixture_store(f.v1, end, op, 24);
    ck_refused(f.v1, fixture_call(f.v1, HC_COMPAT, end), EFAULT, COPY_IN);
}
END_TEST

START_TEST(operands_are_read_before_anything_else)
{
    for (unsigned int cmd = 0; cmd <= RESET_CONT; cmd++)
        ck_refused(f.v1, fixture_call(f.v1, HC, cmd, fixture_hole(f.v1)), EFAULT, COPY_IN);
    ck_refused(f.v1, fixture_call(f.v1, HC, 15, fixture_hole(f.v1)), ENOSYS, OP_UNKNOWN);
    ck_refused(f.v1, fixture_call(f.v1, HC, 4, XD_HYPERVISOR_START), EFAULT, COPY_IN);
}
END_TEST

START_TEST(a_port_whose_number_gets_lost_is_bound_all_the_same)
{
    uint64_t read_only =
        xd_domain_start(f.d1)->pt_va + 16; /* an empty slot of the top table: vCPU 0 */
    uint32_t port;

    ck_refused(f.v1, fixture_call(f.v1, HC, BIND_IPI, read_only), EFAULT, COPY_OUT);
    ck_assert_uint_eq(status_of(f.v1, DOMID_SELF, 3).status, XD_STATUS_IPI);
    ck_ok(f.v1, bind_ipi(f.v1, 0, &port));
    ck_assert_uint_eq(port, 4);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("evtchn");
    TCase *tc = tcase_create("evtchn");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, a_built_domain_has_its_two_ports);
    tcase_add_test(tc, the_lowest_free_port_is_next);
    tcase_add_test(tc, valid_ports_grow_by_buckets);
    tcase_add_test(tc, a_refused_bind_grows_the_table_all_the_same);
    tcase_add_test(tc, a_domain_has_as_many_ports_as_configured);
    tcase_add_loop_test(tc, alloc_unbound_asks_who_and_where, 0, XD_ARRAY_SIZE(allocs));
    tcase_add_test(tc, alloc_unbound_takes_any_remote_and_self_means_the_caller);
    tcase_add_test(tc, bind_interdomain_refuses_what_does_not_wait_for_it);
    tcase_add_test(tc, bind_interdomain_joins_two_ports_and_tells_the_binder);
    tcase_add_test(tc, a_loop_lives_and_dies);
    tcase_add_test(tc, closing_one_end_leaves_the_other_waiting);
    tcase_add_test(tc, a_destroyed_domain_leaves_its_peers_waiting);
    tcase_add_test(tc, a_dying_domain_gets_no_port);
    tcase_add_loop_test(tc, bind_virq_asks_which_and_where, 0, XD_ARRAY_SIZE(virqs));
    tcase_add_test(tc, a_per_vcpu_virq_goes_to_its_vcpu);
    tcase_add_test(tc, a_global_virq_goes_to_the_hardware_domain);
    tcase_add_test(tc, a_global_virq_can_move);
    tcase_add_test(tc, an_ipi_goes_to_its_vcpu);
    tcase_add_loop_test(tc, bind_pirq_is_for_those_with_rights, 0, XD_ARRAY_SIZE(pirqs));
    tcase_add_loop_test(tc, what_a_port_can_be_used_for_depends_on_its_state, 0,
                        XD_ARRAY_SIZE(by_state));
    tcase_add_test(tc, bind_vcpu_looks_for_the_vcpu_first);
    tcase_add_test(tc, bind_vcpu_moves_what_comes_not_what_is_pending);
    tcase_add_test(tc, status_is_for_those_who_may);
    tcase_add_test(tc, status_of_a_closed_port_leaves_the_union_alone);
    tcase_add_test(tc, reset_closes_everything);
    tcase_add_test(tc, reset_of_others_is_restricted);
    tcase_add_test(tc, fifo_calls_answer_as_in_2_level_mode);
    tcase_add_test(tc, the_old_form_knows_ten_operations);
    tcase_add_test(tc, operands_are_read_before_anything_else);
    tcase_add_test(tc, a_port_whose_number_gets_lost_is_bound_all_the_same);
    suite_add_tcase(s, tc);
    return fixture_main(s);
}
