/* SPDX-License-Identifier: MIT */
/* explain_port.c: a port in words. */
#include "abi/table.h"
#include "hv/evtchn.h"
#include "hv/evtchn_fifo.h"

const char *xd_port_state_name(unsigned int state)
{
    static const char *const name[] = {
        [XD_PORT_FREE] = "free",       [XD_PORT_RESERVED] = "reserved",
        [XD_PORT_UNBOUND] = "unbound", [XD_PORT_INTERDOMAIN] = "interdomain",
        [XD_PORT_PIRQ] = "pirq",       [XD_PORT_VIRQ] = "virq",
        [XD_PORT_IPI] = "ipi",
    };

    return state < XD_ARRAY_SIZE(name) ? name[state] : "?";
}

static void explain_virq(const struct xd_port *p, struct xd_str *out)
{
    const struct xd_const *c = xd_const_of(XD_K_VIRQ, p->virq);

    xd_str_addf(out, "virq: receives %s VIRQ %u%s%s%s",
                xd_virq_is_global(p->virq) ? "the machine's" : "its vCPU's", p->virq, c ? " (" : "",
                c ? c->name : "", c ? ")" : "");
}

static void explain_state(struct xd_domain *d, const struct xd_port *p, struct xd_str *out)
{
    switch (p->state) {
    case XD_PORT_FREE:
        xd_str_add(out, "free: the next bind that finds no lower one takes it");
        break;
    case XD_PORT_RESERVED: xd_str_add(out, "reserved: never bound"); break;
    case XD_PORT_UNBOUND:
        xd_str_addf(out, "unbound: waits for d%u to bind to it%s", p->remote_dom,
                    xd_domain_by_id(d->hv, p->remote_dom) ? "" : ", which does not exist");
        break;
    case XD_PORT_INTERDOMAIN:
        xd_str_addf(out, "interdomain: its other end is port %u of d%u", p->remote_port,
                    p->remote_dom);
        break;
    case XD_PORT_VIRQ: explain_virq(p, out); break;
    case XD_PORT_PIRQ:
        xd_str_addf(out, "pirq: receives physical IRQ %u, which is line %d%s", p->virq,
                    d->pirq[p->virq].irq < 0 ? -d->pirq[p->virq].irq : d->pirq[p->virq].irq,
                    d->pirq[p->virq].irq <= 0 ? ", taken away"
                    : d->pirq[p->virq].masked ? ", and is to acknowledge it (PHYSDEVOP_eoi)"
                                              : "");
        break;
    case XD_PORT_IPI: xd_str_add(out, "ipi: its own domain sends through it"); break;
    default: xd_str_add(out, xd_port_state_name(p->state)); break;
    }
}

/* Where its event stands, step by step as the guest would look for it. */
static void explain_bits(struct xd_domain *d, uint32_t port, const struct xd_port *p,
                         struct xd_str *out)
{
    struct xd_vcpu *v = &d->vcpu[p->notify_vcpu];
    const struct xd_abi_vcpu_info *info = xd_vcpu_info(v);

    xd_str_addf(out, "    notifies vCPU %u; %s, %s\n", p->notify_vcpu,
                xd_port_is_pending(d, port) ? "pending" : "not pending",
                xd_port_is_masked(d, port) ? "masked" : "not masked");
    if (d->fifo.on) {
        xd_str_addf(out, "    FIFO, priority %u; vCPU %u: %s, upcall_pending %u, upcall_mask %u\n",
                    p->priority, v->id,
                    !v->fifo.mfn.v             ? "no control block, so events are lost"
                    : xd_fifo_is_busy(d, port) ? "in a queue"
                                               : "in no queue",
                    info->evtchn_upcall_pending, info->evtchn_upcall_mask);
        return;
    }
    xd_str_addf(out, "    vCPU %u: selector bit %u %s, upcall_pending %u, upcall_mask %u\n", v->id,
                port / 64, info->evtchn_pending_sel >> port / 64 & 1 ? "set" : "clear",
                info->evtchn_upcall_pending, info->evtchn_upcall_mask);
}

void xd_explain_port(struct xd_domain *d, uint32_t port, struct xd_str *out)
{
    const struct xd_port *p = xd_port_find(d, port);

    xd_str_addf(out, "  port %u of d%u: ", port, d->domid);
    if (!p) {
        xd_str_addf(out, "not valid: valid are 0 to %u, of which %u are bound\n",
                    d->ports_valid - 1, d->ports_active);
        return;
    }
    explain_state(d, p, out);
    xd_str_addc(out, '\n');
    if (xd_port_usable(p))
        explain_bits(d, port, p, out);
}
