/* SPDX-License-Identifier: MIT */
/* ports.c: event channels: who may bind, send and close, and where an event must arrive. */
#include "book.h"

#include <string.h>

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
    RESET
};
enum { CALL = 32, SCHED = 29, POLL = 3 };

#define PORTS 4096u

struct port {
    uint32_t state; /* enum xd_port_state */
    uint16_t dom, vcpu;
    uint32_t port, virq;
};

_Static_assert(sizeof(struct port) == 16, "no holes: ports are compared as bytes");

struct ports {
    struct port port[3][PORTS]; /* of the domains with the first slots */
    uint32_t valid[3];
    /* The call under way. */
    bool predicted, granted;
    bool raise; /* ... is to set the pending bit of raise_port of domain raise_dom */
    uint32_t raise_dom, raise_port;
};

struct ports *ports_new(void)
{
    return xd_zalloc(sizeof(struct ports));
}

static int slot_of(const struct model *m, uint32_t domid)
{
    for (int i = 0; i < 3 && i < (int)m->hv->config.domains_max; i++)
        if (m->hv->domain[i].used && m->hv->domain[i].domid == domid)
            return i;
    return -1;
}

static void read_port(const struct xd_port *p, struct port *to)
{
    *to = (struct port){.state = p->state};
    if (p->state == XD_PORT_UNBOUND || p->state == XD_PORT_INTERDOMAIN)
        to->dom = p->remote_dom;
    if (p->state == XD_PORT_INTERDOMAIN)
        to->port = p->remote_port;
    if (p->state == XD_PORT_VIRQ)
        to->virq = p->virq;
    if (p->state > XD_PORT_RESERVED)
        to->vcpu = p->notify_vcpu;
}

void ports_sync(struct model *m)
{
    struct ports *b = m->ports;

    for (uint32_t i = 0; i < 3 && i < m->hv->config.domains_max; i++) {
        const struct xd_domain *d = &m->hv->domain[i];

        b->valid[i] = d->used ? d->ports_valid : 0;
        for (uint32_t k = 0; k < b->valid[i]; k++)
            read_port(&d->port[k], &b->port[i][k]);
    }
}

/* The one that (id) names, or -1. */
static int named(const struct model *m, const struct xd_vcpu *v, uint32_t id)
{
    return slot_of(m, id == XD_DOMID_SELF ? v->domain->domid : id);
}

static bool virq_is_global(uint32_t virq)
{
    return virq != 0 && virq != 1 && virq != 7 && virq != 13;
}

/* The word of (port) of a domain that has queues; 0 while its page is not there. */
static uint32_t word(const struct model *m, const struct xd_domain *d, uint32_t port)
{
    if (port / 1024 >= d->fifo.pages)
        return 0;
    return ((const uint32_t *)(const void *)view_words(m->hv,
                                                       d->fifo.page[port / 1024].v))[port % 1024];
}

/* In a queue, where it must stay although nobody is bound to it. */
static bool is_queued(const struct model *m, const struct xd_domain *d, uint32_t port)
{
    return d->fifo.on && word(m, d, port) >> 29 & 1;
}

/* A free port of domain (i), which becomes (as). */
static bool get(struct model *m, int i, struct port as)
{
    const struct xd_domain *d = &m->hv->domain[i];
    struct ports *b = m->ports;
    uint32_t k = 1;

    while (k < b->valid[i] && (b->port[i][k].state != XD_PORT_FREE || is_queued(m, d, k)))
        k++;
    if (d->dying || k > d->port_max || k >= PORTS)
        return false;
    b->port[i][k] = as;
    if (as.state == XD_PORT_INTERDOMAIN) { /* the other end knows it from now on */
        struct port *peer = &b->port[slot_of(m, as.dom)][as.port];

        peer->state = XD_PORT_INTERDOMAIN;
        peer->dom = d->domid;
        peer->port = k;
        b->raise = true;
        b->raise_dom = (uint32_t)i;
        b->raise_port = k;
    }
    return true;
}

static void drop(struct model *m, int i, uint32_t k)
{
    struct ports *b = m->ports;
    struct port was = b->port[i][k];

    b->port[i][k] = (struct port){0};
    if (was.state == XD_PORT_INTERDOMAIN && slot_of(m, was.dom) >= 0) {
        struct port *peer = &b->port[slot_of(m, was.dom)][was.port];

        peer->state = XD_PORT_UNBOUND;
        peer->dom = m->hv->domain[i].domid;
        peer->port = 0;
    }
}

static bool bind_interdomain(struct model *m, const struct xd_vcpu *v, int i, const uint32_t *op)
{
    int r = named(m, v, op[0] & 0xffff);
    const struct port *p = r >= 0 && op[1] < m->ports->valid[r] ? &m->ports->port[r][op[1]] : NULL;

    return p && p->state == XD_PORT_UNBOUND && p->dom == v->domain->domid &&
           get(m, i,
               (struct port){
                   .state = XD_PORT_INTERDOMAIN, .dom = m->hv->domain[r].domid, .port = op[1]});
}

static bool bind_virq(struct model *m, const struct xd_vcpu *v, int i, uint32_t virq, uint32_t vcpu)
{
    if (virq >= XD_VIRQS || (virq_is_global(virq) && vcpu) || vcpu >= v->domain->vcpus)
        return false;
    /* One port a VIRQ, wherever its events go by now. */
    for (uint32_t k = 0; k < m->ports->valid[i]; k++) {
        const struct port *p = &m->ports->port[i][k];

        if (p->state == XD_PORT_VIRQ && p->virq == virq &&
            (virq_is_global(virq) || p->vcpu == vcpu))
            return false;
    }
    return get(m, i, (struct port){.state = XD_PORT_VIRQ, .virq = virq, .vcpu = (uint16_t)vcpu});
}

static bool send(struct model *m, int i, const struct port *p, uint32_t port)
{
    struct ports *b = m->ports;
    int r = i;

    if (!p || p->state == XD_PORT_FREE || p->state == XD_PORT_RESERVED ||
        p->state == XD_PORT_VIRQ || p->state == XD_PORT_PIRQ)
        return false;
    if (p->state == XD_PORT_INTERDOMAIN)
        r = slot_of(m, p->dom);
    b->raise = (p->state == XD_PORT_INTERDOMAIN || p->state == XD_PORT_IPI) && r >= 0;
    b->raise_dom = (uint32_t)r;
    b->raise_port = p->state == XD_PORT_INTERDOMAIN ? p->port : port;
    return true;
}

static bool move(struct model *m, int i, struct port *p, uint32_t vcpu)
{
    if (!p || p->state <= XD_PORT_RESERVED || vcpu >= m->hv->domain[i].vcpus ||
        p->state == XD_PORT_IPI || (p->state == XD_PORT_VIRQ && !virq_is_global(p->virq)))
        return false;
    p->vcpu = (uint16_t)vcpu;
    return true;
}

static bool may(const struct xd_vcpu *v, const struct model *m, int of)
{
    return of >= 0 && (v->domain->privileged || m->hv->domain[of].domid == v->domain->domid);
}

static bool reset(struct model *m, const struct xd_vcpu *v, int i, int of)
{
    if (!may(v, m, of) || (of != i && !m->hv->domain[of].pauses))
        return false;
    for (uint32_t k = 1; k < m->ports->valid[of]; k++)
        if (m->ports->port[of][k].state > XD_PORT_RESERVED)
            drop(m, of, k);
    return true;
}

/* A line that is mapped goes to who asks, unless others have it and one of them does not share. */
static bool bind_pirq(struct model *m, int i, uint32_t pirq, uint32_t flags)
{
    const struct xd_domain *d = &m->hv->domain[i];
    int irq = pirq < (d->hardware ? 208 : 56) ? d->pirq[pirq].irq : 0;

    if (irq <= 0 || !(d->irqs >> irq & 1) || d->pirq[pirq].port)
        return false;
    for (uint32_t o = 0; o < m->hv->config.domains_max; o++)
        if (m->hv->domain[o].used && m->hv->domain[o].line[irq].guests &&
            !(flags & 1 && m->hv->gsi[irq].shared))
            return false;
    return get(m, i, (struct port){.state = XD_PORT_PIRQ});
}

static bool judge(struct model *m, const struct xd_vcpu *v, uint32_t cmd, int i, const uint32_t *op)
{
    struct ports *b = m->ports;
    struct port *p = op[0] < b->valid[i] ? &b->port[i][op[0]] : NULL;
    int of = named(m, v, op[0] & 0xffff);

    switch (cmd) {
    case BIND_INTERDOMAIN: return bind_interdomain(m, v, i, op);
    case BIND_VIRQ: return bind_virq(m, v, i, op[0], op[1]);
    case BIND_PIRQ: return bind_pirq(m, i, op[0], op[1]);
    case CLOSE:
        if (!p || p->state <= XD_PORT_RESERVED)
            return false;
        drop(m, i, op[0]);
        return true;
    case SEND: return send(m, i, p, op[0]);
    case STATUS: return may(v, m, of) && op[1] < b->valid[of];
    case ALLOC_UNBOUND: {
        uint32_t remote = op[0] >> 16 == XD_DOMID_SELF ? v->domain->domid : op[0] >> 16;

        return may(v, m, of) &&
               get(m, of, (struct port){.state = XD_PORT_UNBOUND, .dom = (uint16_t)remote});
    }
    case BIND_IPI:
        return op[0] < v->domain->vcpus &&
               get(m, i, (struct port){.state = XD_PORT_IPI, .vcpu = (uint16_t)op[0]});
    case BIND_VCPU: return move(m, i, p, op[1]);
    case UNMASK: return p != NULL;
    default: return reset(m, v, i, of);
    }
}

static bool is_pending(const struct model *m, const struct xd_domain *d, uint32_t port)
{
    const struct xd_abi_shared_info *si = (const void *)view_words(m->hv, d->shared_info.v);

    if (d->fifo.on)
        return word(m, d, port) >> 31;
    return si->evtchn_pending[port / 64] >> port % 64 & 1;
}

/* Looks at the ports in order, as far as one that holds an event. */
static bool poll(struct model *m, struct xd_vcpu *v, int i, uint64_t at, bool *certain)
{
    struct {
        uint64_t ports;
        uint32_t nr, pad;
        uint64_t timeout;
    } op;
    const struct ports *b = m->ports;
    uint32_t port;

    if (!calls_read(m, v, at, &op, sizeof(op), certain) || op.nr > 128 || !calls_va_ok(op.ports))
        return false;
    for (uint32_t k = 0; k < op.nr && !view_upcall_due(v); k++) {
        if (!calls_read(m, v, op.ports + 4 * k, &port, 4, certain) || port >= b->valid[i] ||
            b->port[i][port].state <= XD_PORT_RESERVED)
            return false;
        if (is_pending(m, v->domain, port))
            return true;
    }
    return true;
}

void ports_foresee(struct model *m, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg)
{
    static const uint8_t size[] = {12, 12, 12, 4, 4, 24, 8, 8, 8, 4, 2};
    struct ports *b = m->ports;
    uint32_t op[6] = {0}, cmd = (uint32_t)arg[0];
    int i = slot_of(m, v->domain->domid);
    bool certain;

    b->predicted = i >= 0 && ((nr == CALL && cmd <= RESET) || (nr == SCHED && cmd == POLL));
    b->raise = false;
    if (!b->predicted)
        return;
    if (nr == SCHED) {
        b->granted = poll(m, v, i, arg[1], &b->predicted);
        return;
    }
    if (!calls_read(m, v, arg[1], op, size[cmd], &certain)) {
        b->predicted = certain;
        b->granted = false;
        return;
    }
    b->granted = judge(m, v, cmd, i, op);
}

/* Failing to tell of what was done, which the model does not look into. */
static bool only_untold(const struct xd_vcpu *v)
{
    return v->rec.reject.why == XD_WHY_COPY_OUT;
}

void ports_after(struct model *m, struct xd_vcpu *v, int64_t rc)
{
    struct ports *b = m->ports;

    if (!b->predicted)
        return;
    if (b->granted != (rc == 0) && !(b->granted && only_untold(v))) {
        COMPLAIN(m, "the event channel operation should be %s, and the answer was %lld",
                 b->granted ? "granted" : "refused", (long long)rc);
        return;
    }
    for (uint32_t i = 0; i < 3 && i < m->hv->config.domains_max; i++)
        for (uint32_t k = 0; m->hv->domain[i].used && k < b->valid[i]; k++) {
            struct port now;

            read_port(&m->hv->domain[i].port[k], &now);
            if (memcmp(&now, &b->port[i][k], sizeof(now)) != 0)
                COMPLAIN(
                    m,
                    "port %u of domain %u should be in state %u, to d%u port %u, vCPU %u; it is in state %u, to d%u port %u, vCPU %u",
                    k, i, b->port[i][k].state, b->port[i][k].dom, b->port[i][k].port,
                    b->port[i][k].vcpu, now.state, now.dom, now.port, now.vcpu);
        }
    if (rc == 0 && b->raise) {
        const struct xd_domain *d = &m->hv->domain[b->raise_dom];

        /* Without a control block it is lost, without a word it waits. */
        if (d->fifo.on && (b->raise_port / 1024 >= d->fifo.pages ||
                           !d->vcpu[d->port[b->raise_port].notify_vcpu].fifo.mfn.v))
            return;
        if (!is_pending(m, d, b->raise_port))
            COMPLAIN(m, "the event for port %u of d%u did not arrive", b->raise_port, d->domid);
    }
}
