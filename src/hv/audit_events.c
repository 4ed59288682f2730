/* SPDX-License-Identifier: MIT */
/*
 * audit_events.c: do ports, VIRQ tables, sleepers and shutdown state agree with each other?
 *
 * Judges what guests can't write. Pending bits, masks and selectors are theirs to break, so nothing
 * is said of them.
 */
#include "hv/audit.h"
#include "hv/bounce.h"
#include "hv/evtchn.h"
#include "hv/evtchn_fifo.h"
#include "hv/frame.h"
#include "hv/pirq.h"
#include "hv/profile.h"
#include "hv/sched.h"
#include "hv/tsc.h"

struct audit {
    struct xd_str *out;
    unsigned int found;
};

static void audit_pair(struct audit *a, struct xd_domain *d, uint32_t port)
{
    const struct xd_port *p = &d->port[port], *peer;
    struct xd_domain *rd = xd_domain_by_id(d->hv, p->remote_dom);

    EXPECT(a, rd, "d%u port %u: its peer's domain d%u does not exist", d->domid, port,
           p->remote_dom);
    if (!rd)
        return;
    peer = xd_port_find(rd, p->remote_port);
    EXPECT(a, peer, "d%u port %u: its peer d%u port %u is not valid", d->domid, port, rd->domid,
           p->remote_port);
    if (!peer)
        return;
    EXPECT(a,
           peer->state == XD_PORT_INTERDOMAIN && peer->remote_dom == d->domid &&
               peer->remote_port == port,
           "d%u port %u: its peer d%u port %u is %s and leads to d%u port %u", d->domid, port,
           rd->domid, p->remote_port, xd_port_state_name(peer->state), peer->remote_dom,
           peer->remote_port);
    EXPECT(a, rd != d || p->remote_port != port, "d%u port %u: is its own peer", d->domid, port);
}

static void audit_virq(struct audit *a, struct xd_domain *d, uint32_t port)
{
    const struct xd_port *p = &d->port[port];
    uint32_t owner = p->virq < XD_VIRQS && xd_virq_is_global(p->virq) ? 0 : p->notify_vcpu;

    EXPECT(a, p->virq < XD_VIRQS, "d%u port %u: bound to VIRQ %u, which does not exist", d->domid,
           port, p->virq);
    if (p->virq >= XD_VIRQS || owner >= d->vcpus)
        return;
    EXPECT(a, d->vcpu[owner].virq_port[p->virq] == port,
           "d%u port %u: bound to VIRQ %u of vCPU %u, whose table says %u", d->domid, port, p->virq,
           owner, d->vcpu[owner].virq_port[p->virq]);
}

static void audit_port(struct audit *a, struct xd_domain *d, uint32_t port)
{
    const struct xd_port *p = &d->port[port];

    EXPECT(a, p->state <= XD_PORT_IPI, "d%u port %u: impossible state %u", d->domid, port,
           p->state);
    EXPECT(a, p->state != XD_PORT_PIRQ || (p->virq < xd_pirqs(d) && d->pirq[p->virq].port == port),
           "d%u port %u: bound to pirq %u, which leads elsewhere", d->domid, port, p->virq);
    EXPECT(a, (p->state == XD_PORT_RESERVED) == (port == 0), "d%u port %u: is %s", d->domid, port,
           xd_port_state_name(p->state));
    EXPECT(a,
           p->priority < XD_FIFO_QUEUES && p->last_priority < XD_FIFO_QUEUES &&
               p->last_vcpu < d->vcpus_max,
           "d%u port %u: priority %u, and last in queue %u of vCPU %u", d->domid, port, p->priority,
           p->last_priority, p->last_vcpu);
    EXPECT(a, p->notify_vcpu < d->vcpus_max, "d%u port %u: notifies vCPU %u of %u", d->domid, port,
           p->notify_vcpu, d->vcpus_max);
    EXPECT(a,
           p->state != XD_PORT_FREE ||
               (!p->notify_vcpu && !p->remote_dom && !p->remote_port && !p->virq),
           "d%u port %u: free, but not empty", d->domid, port);
    EXPECT(a, !xd_port_usable(p) || port <= d->port_max,
           "d%u port %u: bound, and above the highest it may have, %u", d->domid, port,
           d->port_max);
    EXPECT(a, !xd_port_usable(p) || d->fifo.on || port < XD_PORTS_2L,
           "d%u port %u: bound, and beyond the 2-level bitmaps", d->domid, port);
    EXPECT(a, p->state == XD_PORT_INTERDOMAIN || !p->remote_port,
           "d%u port %u: %s, but has a peer's port %u", d->domid, port,
           xd_port_state_name(p->state), p->remote_port);
    if (p->state == XD_PORT_INTERDOMAIN)
        audit_pair(a, d, port);
    if (p->state == XD_PORT_VIRQ)
        audit_virq(a, d, port);
}

static void audit_ports(struct audit *a, struct xd_domain *d)
{
    uint32_t active = 0;

    EXPECT(a,
           d->ports_valid >= XD_PORT_BUCKET && d->ports_valid <= XD_PORTS &&
               d->ports_valid % XD_PORT_BUCKET == 0,
           "d%u: %u valid ports", d->domid, d->ports_valid);
    EXPECT(a, d->port_max < XD_PORTS, "d%u: highest port %u", d->domid, d->port_max);
    for (uint32_t port = 0; port < d->ports_valid; port++) {
        audit_port(a, d, port);
        active += xd_port_usable(&d->port[port]);
    }
    for (uint32_t port = d->ports_valid; port < d->ports_valid + XD_PORT_BUCKET && port < XD_PORTS;
         port++)
        EXPECT(a, d->port[port].state == XD_PORT_FREE, "d%u port %u: %s, but not valid", d->domid,
               port, xd_port_state_name(d->port[port].state));
    EXPECT(a, active == d->ports_active, "d%u: %u ports are bound, and its count says %u", d->domid,
           active, d->ports_active);
}

/* Queues end at ports that have a word; without FIFO there are none. */
static void audit_fifo(struct audit *a, struct xd_domain *d)
{
    EXPECT(a, d->fifo.pages <= (d->fifo.on ? XD_FIFO_PAGES : 0), "d%u: %u pages of an event array",
           d->domid, d->fifo.pages);
    for (uint32_t id = 0; id < d->vcpus; id++) {
        const struct xd_vcpu *v = &d->vcpu[id];

        EXPECT(a,
               (d->fifo.on || !v->fifo.mfn.v) && v->fifo.off % 8 == 0 &&
                   v->fifo.off <= XD_PAGE_SIZE - XD_FIFO_BLOCK,
               "d%uv%u: a FIFO control block at offset %u of frame 0x%llx", d->domid, id,
               v->fifo.off, (unsigned long long)v->fifo.mfn.v);
        for (unsigned int i = 0; i < XD_FIFO_QUEUES; i++)
            EXPECT(a, !v->fifo.tail[i] || v->fifo.tail[i] / XD_FIFO_WORDS < d->fifo.pages,
                   "d%uv%u: queue %u ends at port %u, which has no word", d->domid, id, i,
                   v->fifo.tail[i]);
    }
}

/* What leads from a device to a port leads back; who is to acknowledge it was told. */
static void audit_pirqs(struct audit *a, struct xd_domain *d)
{
    uint32_t bound = 0, guests = 0;

    for (uint32_t i = 0; i < XD_PIRQS; i++) {
        const struct xd_pirq *p = &d->pirq[i];
        const struct xd_port *port = xd_port_find(d, p->port);
        bool line = p->irq > 0 && p->irq < (int)XD_GSIS;

        EXPECT(a, p->irq < (int)XD_GSIS && p->irq > -(int)XD_GSIS,
               "d%u pirq %u: leads to IRQ %d, which is not there", d->domid, i, p->irq);
        bound += p->port != 0;
        EXPECT(a, p->known || (!p->irq && !p->port), "d%u pirq %u: in use, and not known", d->domid,
               i);
        EXPECT(a, i < xd_pirqs(d) || !p->known, "d%u pirq %u: it may have %u", d->domid, i,
               xd_pirqs(d));
        EXPECT(a, !p->port || (port && port->state == XD_PORT_PIRQ && port->virq == i),
               "d%u pirq %u: leads to port %u, which does not receive it", d->domid, i, p->port);
        EXPECT(a,
               !p->masked ||
                   (line && d->line[p->irq].guests && d->hv->gsi[p->irq].trigger == XD_GSI_LEVEL &&
                    d->hv->gsi[p->irq].eoi_ns),
               "d%u pirq %u: waits for an EOI of nothing", d->domid, i);
    }
    for (uint32_t irq = 0; irq < XD_GSIS; irq++) {
        const int pirq = d->line[irq].pirq;

        EXPECT(a,
               pirq < (int)xd_pirqs(d) && pirq > -(int)xd_pirqs(d) &&
                   (pirq <= 0 || d->pirq[pirq].irq == (int)irq),
               "d%u IRQ %u: leads to pirq %d, which is not there or does not lead back", d->domid,
               irq, pirq);
        guests += d->line[irq].guests;
    }
    EXPECT(a, guests <= bound, "d%u: gets lines %u times, with %u ports for them", d->domid, guests,
           bound);
}

static void audit_virq_table(struct audit *a, struct xd_vcpu *v)
{
    struct xd_domain *d = v->domain;

    for (uint32_t virq = 0; virq < XD_VIRQS; virq++) {
        uint32_t port = v->virq_port[virq];
        const struct xd_port *p = xd_port_find(d, port);

        if (port == 0)
            continue;
        EXPECT(a, v->id == 0 || !xd_virq_is_global(virq),
               "d%uv%u: has a port for VIRQ %u, which is global", d->domid, v->id, virq);
        EXPECT(a, p && p->state == XD_PORT_VIRQ && p->virq == virq,
               "d%uv%u: VIRQ %u leads to port %u, which does not receive it", d->domid, v->id, virq,
               port);
        EXPECT(a, !p || xd_virq_is_global(virq) || p->notify_vcpu == v->id,
               "d%uv%u: VIRQ %u leads to port %u, which notifies vCPU %u", d->domid, v->id, virq,
               port, p ? p->notify_vcpu : 0);
    }
}

static void audit_sleep(struct audit *a, struct xd_vcpu *v)
{
    unsigned int domid = v->domain->domid;

    EXPECT(a, !xd_vcpu_polls(v) || v->blocked, "d%uv%u: polls without being blocked", domid, v->id);
    EXPECT(a, xd_vcpu_polls(v) || (!v->polling_any && !v->poll_port),
           "d%uv%u: has a port to poll for, but does not poll", domid, v->id);
    EXPECT(a, !xd_vcpu_polls(v) || v->polling_any == (v->poll_port == 0),
           "d%uv%u: polls for one port and for all", domid, v->id);
    EXPECT(a, v->poll_port < v->domain->ports_valid,
           "d%uv%u: polls for port %u, which is not valid", domid, v->id, v->poll_port);
    EXPECT(a,
           v->poll_timer_on ? v->hv->off || v->poll_timer_ns > v->hv->now_ns
                            : v->poll_timer_ns == 0,
           "d%uv%u: its poll timer should have fired", domid, v->id);
    EXPECT(a, v->tick_ns <= v->hv->now_ns && v->runstate_since <= v->hv->now_ns,
           "d%uv%u: ticked or changed its state in the future", domid, v->id);
    EXPECT(a, !v->continuing || v->cont.nr == 13, "d%uv%u: call %llu is to go on, and is no list",
           domid, v->id, (unsigned long long)v->cont.nr);
    EXPECT(a, v->paused_for_shutdown == v->domain->shutting_down,
           "d%uv%u: does not stand still with its domain", domid, v->id);
    EXPECT(a, v->paused == (v->domain->pauses || v->domain->dying),
           "d%uv%u: is paused, and by nobody, or it is not", domid, v->id);
}

/*
 * vcpu_info lies in the vCPU's slot of shared_info, or in a frame of the domain that can't become a
 * table.
 */
static void audit_info(struct audit *a, struct xd_vcpu *v)
{
    struct xd_domain *d = v->domain;
    struct xd_hv *hv = v->hv;
    const struct xd_frame *f;

    if (!v->info_mfn.v) {
        EXPECT(a, v->id >= XD_VCPUS_SHARED && !v->info_moved && v->info_off == 0,
               "d%uv%u: it has no vcpu_info", d->domid, v->id);
        return;
    }
    EXPECT(a, v->info_off % 8 == 0 && v->info_off <= XD_PAGE_SIZE - sizeof(struct xd_abi_vcpu_info),
           "d%uv%u: its vcpu_info at offset %u of a page", d->domid, v->id, v->info_off);
    /* Its owner alone: the guest may have given shared_info back, and Xen goes on using it. */
    EXPECT(a, xd_mfn_valid(hv, v->info_mfn) && xd_frame_at(hv, v->info_mfn)->owner == d->domid,
           "d%uv%u: its vcpu_info in frame 0x%llx, which is not its own", d->domid, v->id,
           (unsigned long long)v->info_mfn.v);
    if (!xd_frame_owned(hv, v->info_mfn, d->domid))
        return;
    f = xd_frame_at(hv, v->info_mfn);
    EXPECT(a, f->type == XD_TYPE_WRITABLE && f->type_count,
           "d%uv%u: its vcpu_info in frame 0x%llx, which may become a table", d->domid, v->id,
           (unsigned long long)v->info_mfn.v);
    EXPECT(a,
           v->info_moved || (v->id < XD_VCPUS_SHARED && v->info_mfn.v == d->shared_info.v &&
                             v->info_off == v->id * sizeof(struct xd_abi_vcpu_info)),
           "d%uv%u: its vcpu_info at offset %u of shared_info", d->domid, v->id, v->info_off);
}

static void audit_callback(struct audit *a, struct xd_vcpu *v, const char *name,
                           const struct xd_callback *cb)
{
    EXPECT(a, xd_va_canonical(cb->address),
           "d%uv%u: its %s callback at 0x%llx, which is not canonical", v->domain->domid, v->id,
           name, (unsigned long long)cb->address);
}

static void audit_life(struct audit *a, const struct xd_vcpu *v)
{
    unsigned int domid = v->domain->domid;

    EXPECT(a, v->initialised || (v->down && !v->user_cr3.v && !v->gdt_ents),
           "d%uv%u: was never brought up, and has what a running vCPU has", domid, v->id);
}

/* What a guest must never run with. */
static void audit_registers(struct audit *a, const struct xd_vcpu *v)
{
    const struct xd_regs *r = &v->regs;

    /* Behind an iret in a list it has not left Xen, where this shows, before the list is over. */
    EXPECT(a, !v->initialised || v->in_multicall || xd_va_canonical(r->rip),
           "d%uv%u: runs at 0x%llx, which is not canonical", v->domain->domid, v->id,
           (unsigned long long)r->rip);
    EXPECT(a,
           !v->initialised || v->half_context ||
               ((r->cs & r->ss & XD_RPL) == XD_RPL && r->rflags & XD_RFLAGS_IF &&
                !(r->rflags & XD_RFLAGS_IOPL)),
           "d%uv%u: runs with CS 0x%x, SS 0x%x and flags 0x%llx", v->domain->domid, v->id, r->cs,
           r->ss, (unsigned long long)r->rflags);
}

static void audit_tsc(struct audit *a, const struct xd_domain *d)
{
    EXPECT(a, !d->hardware || (!d->tsc_mode && !d->vtsc_khz && !d->tsc_incarnation),
           "d%u: something was said of the hardware domain's TSC", d->domid);
    EXPECT(a,
           d->tsc_mode == XD_TSC_NATIVE     ? !d->vtsc_khz
           : d->tsc_mode == XD_TSC_EMULATED ? d->vtsc_khz != 0
                                            : true,
           "d%u: by mode %u of its TSC the rate is not %u kHz", d->domid, d->tsc_mode, d->vtsc_khz);
    EXPECT(a, d->vtsc_khz || !d->vtsc_since, "d%u: its TSC is the machine's, and began at 0x%llx",
           d->domid, (unsigned long long)d->vtsc_since);
}

static void audit_vcpu(struct audit *a, struct xd_vcpu *v)
{
    EXPECT(a,
           !v->initialised || v->half_context || v->kernel_mode || v->user_cr3.v ||
               v->domain->dying,
           "d%uv%u: in user mode, without a root table for it", v->domain->domid, v->id);
    EXPECT(a, !v->ldt_ents || v->ldt_base % XD_PAGE_SIZE == 0,
           "d%uv%u: its LDT begins within a page, at 0x%llx", v->domain->domid, v->id,
           (unsigned long long)v->ldt_base);
    audit_life(a, v);
    if (!v->domain->shutting_down)
        audit_registers(a, v);
    audit_virq_table(a, v);
    audit_sleep(a, v);
    audit_info(a, v);
    audit_callback(a, v, "event", &v->event);
    audit_callback(a, v, "failsafe", &v->failsafe);
    audit_callback(a, v, "syscall", &v->syscall);
    audit_callback(a, v, "syscall32", &v->syscall32);
    audit_callback(a, v, "sysenter", &v->sysenter);
}

static void audit_lifecycle(struct audit *a, struct xd_domain *d)
{
    EXPECT(a, d->shutting_down == d->shut_down, "d%u: is neither running nor shut down", d->domid);
    EXPECT(a,
           d->dying == d->dead && (!d->dead || d->pages || xd_profile_keeps(d) || xd_virq_keeps(d)),
           "d%u: is destroyed by half", d->domid);
    EXPECT(a, d->vcpus_max && d->vcpus_max <= XD_VCPUS && (!d->vcpus || d->vcpus == d->vcpus_max),
           "d%u: has %u of %u vCPUs", d->domid, d->vcpus, d->vcpus_max);
    EXPECT(a, d->finished || d->pauses || d->dying, "d%u: is in the making, and not paused",
           d->domid);
    EXPECT(a, !d->dying || !d->ports_active, "d%u: is destroyed and has ports", d->domid);
    EXPECT(a, !d->hardware || (d->privileged && xd_hardware_domain(d->hv) == d),
           "d%u: is a hardware domain, and can't be", d->domid);
    EXPECT(a, d->shutdown_code >= (d->shutting_down ? 0 : -1) && d->shutdown_code <= UINT8_MAX,
           "d%u: shutdown code %d", d->domid, d->shutdown_code);
    EXPECT(a, !d->hardware || !d->shut_down || d->hv->off,
           "d%u: the hardware domain shut down and the machine is on", d->domid);
    for (unsigned int i = 0; i < XD_WATCHDOGS; i++)
        EXPECT(a, d->watchdog[i].used || (!d->watchdog[i].armed && !d->watchdog[i].deadline_ns),
               "d%u: watchdog %u ticks, but is not in use", d->domid, i + 1);
}

unsigned int xd_audit_events(struct xd_hv *hv, struct xd_str *out)
{
    struct audit a = {out, 0};

    for (uint32_t i = 0; i < hv->config.domains_max; i++) {
        struct xd_domain *d = &hv->domain[i];

        if (!d->used)
            continue;
        audit_ports(&a, d);
        audit_fifo(&a, d);
        audit_pirqs(&a, d);
        audit_lifecycle(&a, d);
        audit_tsc(&a, d);
        EXPECT(&a, (d->vcpus == XD_VCPUS || d->poll_mask >> d->vcpus == 0),
               "d%u: a vCPU polls that it has not", d->domid);
        for (uint32_t id = 0; id < d->vcpus; id++)
            audit_vcpu(&a, &d->vcpu[id]);
    }
    EXPECT(&a, hv->console_nr <= XD_CONSOLE_INPUT, "%u bytes of console input wait",
           hv->console_nr);
    return a.found;
}
