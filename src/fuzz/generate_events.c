/* SPDX-License-Identifier: MIT */
/* generate_events.c: the lives of ports, followed so that most calls name ports that are there. */
#include "fuzz/grammar.h"

#define NOBODY 2u

/* A domU starts with two ports, xenstore's and the console's, that wait for d0. */
void xd_gen_ports_start(struct xd_gen *g)
{
    for (unsigned int d = 0; d < 2; d++)
        g->domain[d].port[0].state = XD_GEN_RESERVED;
    for (unsigned int p = 1; p <= 2; p++)
        g->domain[1].port[p].state = XD_GEN_UNBOUND;
}

/* Binds the lowest free port, as Xen does. */
static unsigned int bind(struct xd_gen_domain *d, unsigned int state, unsigned int dom)
{
    unsigned int p = 1;

    while (p < XD_GEN_PORTS - 1 && d->port[p].state != XD_GEN_FREE)
        p++;
    d->port[p].state = (uint8_t)state;
    d->port[p].dom = (uint8_t)dom;
    d->port[p].port = 0;
    return p;
}

static void unbind(struct xd_gen *g, struct xd_gen_domain *d, unsigned int p)
{
    if (d->port[p].state == XD_GEN_PAIR)
        g->domain[d->port[p].dom].port[d->port[p].port].state = XD_GEN_UNBOUND;
    d->port[p].state = XD_GEN_FREE;
}

/* A port in use, starting to look anywhere; 0 if there is none. */
static unsigned int used(struct xd_gen *g, const struct xd_gen_domain *d)
{
    unsigned int from = xd_gen_below(g, XD_GEN_PORTS);

    for (unsigned int i = 0; i < XD_GEN_PORTS; i++) {
        unsigned int p = (from + i) % XD_GEN_PORTS, state = d->port[p].state;

        if (state != XD_GEN_FREE && state != XD_GEN_RESERVED)
            return p;
    }
    return 0;
}

enum { ANY, CLOSE };

static void port(struct xd_gen *g, unsigned int why, struct xd_str *out)
{
    struct xd_gen_domain *d = xd_gen_here(g);
    unsigned int p = used(g, d);

    if (!p || xd_gen_percent(g, 24)) {
        xd_gen_rule(g, "odd-port", out);
        return;
    }
    if (why == CLOSE)
        unbind(g, d, p);
    xd_str_addf(out, "%u", p);
}

static void their_port(struct xd_gen *g, unsigned int why, struct xd_str *out)
{
    (void)why;
    xd_str_addf(out, "%u", used(g, &g->domain[1 - g->at]));
}

static void alloc(struct xd_gen *g, unsigned int arg, struct xd_str *out)
{
    static const char *const partner[] = {"d0", "d1", "7"};
    unsigned int dom = xd_gen_percent(g, 10) ? NOBODY
                       : g->ask->two_domains ? xd_gen_below(g, 2)
                                             : 0;

    (void)arg;
    (void)bind(xd_gen_here(g), XD_GEN_UNBOUND, dom);
    xd_str_addf(out, "event_channel_op alloc_unbound dom=SELF remote_dom=%s",
                dom == g->at && xd_gen_percent(g, 70) ? "SELF" : partner[dom]);
}

/* To a port that waits for the caller, in its own domain or the other one. */
static void bind_interdomain(struct xd_gen *g, unsigned int arg, struct xd_str *out)
{
    unsigned int from = xd_gen_below(g, XD_GEN_PORTS),
                 rd = g->ask->two_domains ? xd_gen_below(g, 2) : 0;
    struct xd_gen_domain *here = xd_gen_here(g), *there = &g->domain[rd];

    (void)arg;
    for (unsigned int i = 0; i < XD_GEN_PORTS; i++) {
        unsigned int p = (from + i) % XD_GEN_PORTS, local;

        if (there->port[p].state != XD_GEN_UNBOUND || there->port[p].dom != g->at)
            continue;
        local = bind(here, XD_GEN_PAIR, rd);
        here->port[local].port = (uint8_t)p;
        there->port[p].state = XD_GEN_PAIR;
        there->port[p].dom = (uint8_t)g->at;
        there->port[p].port = (uint8_t)local;
        xd_str_addf(out, "event_channel_op bind_interdomain remote_dom=%s remote_port=%u",
                    rd == g->at ? "SELF"
                    : rd        ? "d1"
                                : "d0",
                    p);
        return;
    }
    xd_gen_rule(g, xd_gen_percent(g, 70) ? "alloc" : "odd-interdomain", out);
}

static void bind_virq(struct xd_gen *g, unsigned int arg, struct xd_str *out)
{
    /* Not 3: Xen tells of domains that ended when it has time to. Nor 8: the console's, which Xen's own messages raise. */
    static const uint8_t virqs[] = {0, 1, 1, 2, 4, 5, 6, 7, 9, 9, 10, 12, 13, 14, 15, 16, 20, 23};

    (void)arg;
    (void)bind(xd_gen_here(g), XD_GEN_VIRQ, 0);
    xd_str_addf(out, "event_channel_op bind_virq virq=%u vcpu=0",
                virqs[xd_gen_below(g, XD_ARRAY_SIZE(virqs))]);
}

static void bind_ipi(struct xd_gen *g, unsigned int arg, struct xd_str *out)
{
    unsigned int p = bind(xd_gen_here(g), XD_GEN_IPI, 0);

    (void)arg;
    xd_str_add(out, "event_channel_op bind_ipi vcpu=0");
    if (xd_gen_percent(g, 10)) /* it can't move */
        xd_str_addf(out, "\nevent_channel_op bind_vcpu port=%u vcpu=0", p);
}

static void reset(struct xd_gen *g, unsigned int arg, struct xd_str *out)
{
    (void)arg;
    for (unsigned int p = 1; p < XD_GEN_PORTS; p++)
        unbind(g, xd_gen_here(g), p);
    xd_str_add(out, "event_channel_op reset dom=SELF");
}

static const struct xd_alt odd_port[] = {A(8, "<1/2/3/4/5/6/7/8>"),
                                         A(2, "0"),
                                         A(1, "<31/32/47/62/63>"),
                                         A(2, "<64/65/127/128>"),
                                         A(1, "<1022/1023/1024>"),
                                         A(1, "<4094/4095/4096/0x20000>"),
                                         A(1, "<0x7fffffff/0x80000000/0xffffffff>")};
static const struct xd_alt vcpu[] = {A(8, "0"), A(2, "1"),
                                     A(1, "<31/32/127/128/8191/8192/0x7fffffff/0xffffffff>")};
static const struct xd_alt odd_interdomain[] = {
    A(3, "event_channel_op bind_interdomain remote_dom=<SELF/<domid>> remote_port=<odd-port>"),
    A(2, "event_channel_op bind_interdomain remote_dom=SELF remote_port=<port>"),
    TWO(3, "event_channel_op bind_interdomain remote_dom=<other> remote_port=<their-port>")};

static const struct xd_alt event[] = {
    A(16, "<alloc>"),
    A(14, "<bind-interdomain>"),
    A(8, "<bind-virq>"),
    A(6, "<bind-ipi>"),
    A(13, "event_channel_op close port=<close-port>"),
    A(16, "event_channel_op send port=<port>"),
    A(8, "event_channel_op unmask port=<port>"),
    A(9, "event_channel_op status dom=<SELF/SELF/SELF/<own>> port=<port>"),
    A(5, "event_channel_op bind_vcpu port=<port> vcpu=<vcpu>"),
    A(2, "<reset>"),
};
static const struct xd_alt odd_event[] = {
    A(3, "event_channel_op alloc_unbound dom=<domid> remote_dom=<domid>"),
    A(3, "<odd-interdomain>"),
    A(3,
      "event_channel_op bind_virq virq=<0/1/2/5/11/22/23/24/25/0x80000000/0xffffffff> vcpu=<vcpu>"),
    A(1, "event_channel_op bind_ipi vcpu=<vcpu>"),
    A(2, "event_channel_op status dom=<domid> port=<port>"),
    A(1, "event_channel_op reset dom=<1/7/IO/INVALID/0xffff/<other>>"),
    A(1, "event_channel_op reset_cont dom=SELF"),
    A(1, "event_channel_op bind_pirq pirq=<9999/0x10000/0x7fffffff/0xffffffff> flags=<0/1>"),
    DOMU(2, "event_channel_op bind_pirq pirq=<0/1/16/55/56/57> flags=0"),
    A(1, "event_channel_op op=<15/16/99/0x7fffffff/0x80000000/0xffffffff>"),
    A(3, "<flush>\nevent_channel_op <alloc_unbound/bind_interdomain/bind_virq/close/send/status/"
         "bind_ipi/bind_vcpu/"
         "unmask/reset> arg=<bad-out>"),
    A(1, "event_channel_op_compat <alloc_unbound dom=SELF remote_dom=SELF/send port=<port>/close "
         "port=63/"
         "status dom=SELF port=<port>/bind_ipi vcpu=<vcpu>>"),
    A(1, "event_channel_op_compat <reset dom=SELF/op=<10/11/99/0xffffffff>>"),
    A(1, "<flush>\nhypercall 16 <bad-out>"),
    A(1, "event_channel_op init_control control_gfn=<alien> offset=<0/8/4024> vcpu=0"),
    A(1, "event_channel_op init_control control_gfn=<x1> offset=<0/4/4024/4025/4032/0xffffffff> "
         "vcpu=<0/0/<vcpu>>"),
    A(1, "event_channel_op expand_array array_gfn=<page>"),
    A(1, "event_channel_op set_priority port=<port> priority=<0/15/16>"),
    DOMU(2, "<fifo>"),
};

/*
 * Queues, and what one may do with them. The real machine is built anew after each program with them, and for a control
 * domain it would have to boot: see generate_host.c.
 */
static const struct xd_alt fifo[] = {
    A(3,
      "<fifo-start>\nevent_channel_op expand_array array_gfn=<plain>\n<bind-ipi>\n<fifo-call>\n<fifo-call>\n"
      "<fifo-call>\n<fifo-call>"),
    A(1,
      "<bind-ipi>\nevent_channel_op send port=<port>\n<fifo-start>\nevent_channel_op send port=<port>\n"
      "event_channel_op expand_array array_gfn=<plain>\n<fifo-call>"),
    A(1, "<fifo-start>\n<fifo-call>\nevent_channel_op reset dom=SELF\n<fifo-call>"),
};
static const struct xd_alt fifo_start[] = {
    A(4, "event_channel_op init_control control_gfn=<plain@1> offset=<0/8/4024> vcpu=0"),
    A(1, "event_channel_op init_control control_gfn=<plain@1> offset=0 vcpu=0\n"
         "event_channel_op init_control control_gfn=<@1> offset=80 vcpu=1"),
    A(1, "event_channel_op init_control control_gfn=<plain> offset=<0/8/4024> vcpu=1"),
};
static const struct xd_alt fifo_call[] = {
    A(6, "event_channel_op send port=<port>"),
    A(3, "event_channel_op set_priority port=<port> priority=<0/7/15/15/16/0xffffffff>"),
    A(2, "event_channel_op <unmask/close> port=<port>"),
    A(1, "event_channel_op expand_array array_gfn=<<plain>/<alien>/<x1>/<page>>"),
    A(1,
      "event_channel_op init_control control_gfn=<<plain>/<alien>/<x1>> offset=<0/8> vcpu=<0/1/<vcpu>>"),
    A(2, "<bind-ipi>"),
};

/* Stories of ports, on numbers that a reset makes certain. */
static const struct xd_alt event_life[] = {
    DOMU(1, "<full>"),
    A(3, "<reset>\n<bind-ipi>\nevent_channel_op send port=1\nsched_op poll ports=[1] timeout=0\n"
         "event_channel_op <unmask/status dom=SELF/close> port=1"),
    A(3,
      "event_channel_op reset dom=SELF\nevent_channel_op alloc_unbound dom=SELF remote_dom=SELF\n"
      "event_channel_op bind_interdomain remote_dom=SELF remote_port=1\n"
      "event_channel_op send port=<1/2>\n"
      "event_channel_op close port=<1/2>\nevent_channel_op send port=<1/2>\n"
      "event_channel_op close port=<1/2>\n"
      "event_channel_op status dom=SELF port=<1/2>\n<reset>"),
    A(2, "event_channel_op reset dom=SELF\nevent_channel_op bind_virq virq=1 vcpu=0\n"
         "event_channel_op <send/unmask> port=1\nevent_channel_op bind_vcpu port=1 vcpu=0\n"
         "event_channel_op bind_virq virq=1 vcpu=0\nevent_channel_op close port=1\n<reset>"),
    /* The guest's own bits, in shared_info: 2048 pending, 2560 masked. */
    A(3, "update_va_mapping va(9) pte(shared_info(), P|RW) UVMF_INVLPG\n"
         "store va(9)+<2560/2568> <0/2/0xff/0xffffffffffffffff>\n"
         "event_channel_op send port=<port>\nevent_channel_op unmask port=<port>\n"
         "load va(9)+<2048/2056/2560>\n"
         "store va(9)+2048 <0/2/0xff>\nevent_channel_op <send/unmask> port=<port>\nload va(9)+8\n"
         "store va(9)+8 0"),
    A(1, "update_va_mapping va(9) pte(shared_info(), P|RW) UVMF_INVLPG\n"
         "store va(9)+<2048/3068> 0xff size=<1/2/4>\n"
         "load va(9)+<2048/2052/3064> size=4\nload va(9) size=2"),
};

#define IPI  "event_channel_op bind_ipi vcpu=0; "
#define FIVE IPI IPI IPI IPI IPI
/* As many ports as the domain may have, and more. */
static const struct xd_alt full[] = {A(1,
                                       "<reset>\nmulticall { " FIVE FIVE FIVE FIVE FIVE FIVE FIVE
                                       "event_channel_op send port=1 }\nmulticall { " FIVE
                                       "event_channel_op alloc_unbound dom=SELF remote_dom=SELF }\n"
                                       "event_channel_op bind_virq virq=1 vcpu=0\n<reset>")};

/*
 * The last steps of some programs of two domains: a vCPU waits, another one goes on. In a list of calls it does by block: a
 * poll behind an upcall is another thing on real Xen (DIFFERENCES 4). A list wakes by its last call, lest both go on at a time.
 */
static const struct xd_alt to_sleep[] = {
    A(1, "event_channel_op reset dom=SELF\nevent_channel_op bind_ipi vcpu=<0/1>\n"
         "event_channel_op bind_ipi vcpu=<0/1>\n<sleep-call>")};
static const struct xd_alt sleep_call[] = {
    A(5, "sched_op block"),
    A(1, "sched_op_compat 1 <0/0x1234>"),
    A(5, "sched_op poll ports=[<1/2>] timeout=<0/0/0x3fffffffffffffff>"),
    A(5, "sched_op poll ports=[<1, 2/2, 1/>] timeout=0"),
    A(2, "multicall { xen_version version; sched_op block; event_channel_op close port=<1/2>; "
         "event_channel_op bind_ipi vcpu=1 }"),
    A(1, "multicall { sched_op_compat 1 0; sched_op block; event_channel_op close port=1 }"),
    A(1, "multicall { event_channel_op bind_ipi vcpu=1; sched_op block }"),
};
static const struct xd_alt wake[] = {
    A(3, "<wake-call>\n<wake-call>"), A(2, "<wake-call>\n<wake-call>\n<wake-call>"),
    A(2, "<reset>\nevent_channel_op bind_ipi vcpu=<0/1>\nevent_channel_op bind_ipi vcpu=<0/1>\n"
         "event_channel_op send port=<1/2>")};
static const struct xd_alt wake_call[] = {
    A(7, "event_channel_op send port=<1/2>"),
    A(2, "event_channel_op unmask port=<1/2>"),
    A(1, "event_channel_op close port=<1/2>"),
    A(1, "sched_op yield"),
    A(2, "multicall { event_channel_op close port=1; event_channel_op send port=2 }"),
};

static const struct xd_alt events[] = {A(56, "<event>"), A(40, "<odd-event>"),
                                       A(5, "<event-life>")};

const struct xd_rule xd_rules_events[] = {
    RULE("fifo", fifo),
    RULE("fifo-start", fifo_start),
    RULE("fifo-call", fifo_call),
    RULE("events", events),
    RULE("event", event),
    RULE("odd-event", odd_event),
    RULE("event-life", event_life),
    RULE("full", full),
    RULE("sleep", to_sleep),
    RULE("sleep-call", sleep_call),
    RULE("wake", wake),
    RULE("wake-call", wake_call),
    RULE("odd-port", odd_port),
    RULE("odd-interdomain", odd_interdomain),
    RULE("vcpu", vcpu),
    MAKE("port", port, ANY),
    MAKE("close-port", port, CLOSE),
    MAKE("their-port", their_port, 0),
    MAKE("alloc", alloc, 0),
    MAKE("bind-interdomain", bind_interdomain, 0),
    MAKE("bind-virq", bind_virq, 0),
    MAKE("bind-ipi", bind_ipi, 0),
    MAKE("reset", reset, 0),
    {0},
};
