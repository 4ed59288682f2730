/* SPDX-License-Identifier: MIT */
/* record_deed.c: the head of a recording, and what the host does to the machine besides calls. */
#include "guest/record.h"

#include "hv/hv.h"

#include <inttypes.h>
#include <string.h>

/* ---- The head ---- */

void xd_record_machine(struct xd_recorder *r)
{
    static const struct xd_config standard = XD_CONFIG_DEFAULT;
    const struct xd_config *c = &r->hv->config;
    struct xd_str out = {0};

    xd_str_addf(&out, "machine frames=%u seed=%" PRIu64 " domains=%u khz=%" PRIu64, c->frames,
                c->seed, c->domains_max, c->cpu_khz);
    if (c->boot_ns != standard.boot_ns)
        xd_str_addf(&out, " boot_ns=%" PRIu64, c->boot_ns);
    if (c->profile == XD_PROFILE_DEBUG)
        xd_str_add(&out, " profile=debug");
    for (unsigned int i = 0; i < XD_ARRAY_SIZE(c->mmio_ro); i++)
        if (c->mmio_ro[i].last)
            xd_str_addf(&out, " mmio_ro=%#" PRIx64 "-%#" PRIx64, c->mmio_ro[i].first,
                        c->mmio_ro[i].last);
    if (strcmp(c->extraversion, standard.extraversion)) {
        xd_str_add(&out, " extraversion=");
        xd_say_text(&out, c->extraversion, strlen(c->extraversion));
    }
    if (strcmp(c->command_line, standard.command_line)) {
        xd_str_add(&out, " cmdline=");
        xd_say_text(&out, c->command_line, strlen(c->command_line));
    }
    xd_str_add(&out, " linked\n");
    xd_record_say(r, NULL, out.text);
    xd_str_free(&out);
}

void xd_record_domain(struct xd_recorder *r, const struct xd_asked_domain *a)
{
    static const struct xd_domain_config standard = XD_DOMAIN_CONFIG_DEFAULT;
    static const uint8_t no_handle[16];
    const struct xd_domain_config *c = &a->config;
    struct xd_str out = {0};

    if (r->declared[c->domid / 8] >> c->domid % 8 & 1)
        xd_record_give_up(r, "d%u is made a second time, and a name of a program is one domain's",
                          c->domid);
    r->declared[c->domid / 8] |= (uint8_t)(1 << c->domid % 8);
    if (c->domid == 0 && !c->privileged)
        xd_record_give_up(r, "domain 0 is not privileged, and the language has no words for that");
    xd_str_addf(&out, "domain d%u total=%u", c->domid, c->pages);
    if (c->pages_max)
        xd_str_addf(&out, " pages_max=%u", c->pages_max);
    xd_str_addf(&out, " vcpus=%u online=%u order=%s", c->vcpus, c->vcpus_online,
                c->order == XD_ORDER_DOM0 ? "dom0" : "domU");
    if (c->privileged && c->domid)
        xd_str_add(&out, " privileged");
    if (c->ioports)
        xd_str_add(&out, " ioports");
    if (c->virt_base != standard.virt_base)
        xd_str_addf(&out, " virt_base=%#" PRIx64, c->virt_base);
    if (c->kernel_pages != standard.kernel_pages)
        xd_str_addf(&out, " kernel_pages=%u", c->kernel_pages);
    if (c->initrd_len)
        xd_str_addf(&out, " initrd=%" PRIu64, c->initrd_len);
    if (c->initrd_unmapped)
        xd_str_add(&out, " initrd_unmapped");
    if (c->init_p2m)
        xd_str_addf(&out, " init_p2m=%#" PRIx64, c->init_p2m);
    if (c->port_max != standard.port_max)
        xd_str_addf(&out, " port_max=%u", c->port_max);
    if (c->evtchn_remote)
        xd_str_addf(&out, " evtchn_remote=%u", c->evtchn_remote);
    for (unsigned int i = 0; i < XD_RANGES_CONFIG; i++)
        if (c->iomem[i].last && c->iomem[i].first <= c->iomem[i].last)
            xd_str_addf(&out, " iomem=%#" PRIx64 "-%#" PRIx64, c->iomem[i].first, c->iomem[i].last);
    if (c->command_line) {
        xd_str_add(&out, " cmdline=");
        xd_say_text(&out, c->command_line, strlen(c->command_line));
    }
    if (memcmp(c->handle, no_handle, sizeof(no_handle))) {
        xd_str_add(&out, " handle=");
        xd_say_text(&out, c->handle, sizeof(c->handle));
    }
    xd_str_addc(&out, '\n');
    xd_record_say(r, NULL, out.text);
    xd_str_free(&out);
}

/* ---- Deeds ---- */

static const struct xd_asked_domain *asked_of(struct xd_recorder *r, const struct xd_domain *d)
{
    const struct xd_asked_domain *found = NULL;

    for (const struct xd_asked_domain *a = r->hv->host->asked; a; a = a->next)
        if (a->d == d) /* the last one that had the slot */
            found = a;
    return found;
}

/* The step "event" is about the domain of the current vCPU. */
static const struct xd_vcpu *vcpu_of(const struct xd_recorder *r, const struct xd_domain *d)
{
    return r->current && r->current->domain == d ? r->current : &d->vcpu[0];
}

/* A hook, a mock or a spy runs. In the middle of a call, what it does can't be said. */
static void hook_begins(struct xd_recorder *r)
{
    r->hook++;
    if (r->now)
        xd_shadow_take(r);
}

static void hook_ended(struct xd_recorder *r)
{
    r->hook--;
    if (r->now && !xd_shadow_same(r))
        xd_record_hooked(r, "stored into the machine");
}

void xd_record_hooked(struct xd_recorder *r, const char *what)
{
    xd_record_give_up(
        r, "a hook, a mock or a spy %s in the middle of a call, and no step can be there", what);
}

void xd_record_before(void *ctx, const struct xd_told *told)
{
    struct xd_recorder *r = ctx;

    if (r->over)
        return;
    if (told->what == XD_DEED_HOOK) {
        hook_begins(r);
        return;
    }
    if (r->now) {
        xd_record_hooked(r, "did something to the machine");
        return;
    }
    xd_record_turn(r, NULL);
    xd_shadow_stores(r);
}

/* Code in a window made an access that faulted. */
static void say_access(struct xd_recorder *r, const struct xd_vcpu *v,
                       const struct xd_told_access *a, struct xd_str *out)
{
    char why[64];

    if (!a->size)
        return;
    if (a->cannot)
        xd_record_give_up(r,
                          "d%uv%u made a fault at %#" PRIx64 " in its mirror: %s, which no step is",
                          v->domain->domid, v->id, a->va, a->cannot);
    xd_str_addf(out, "%s %#" PRIx64, a->write ? "store" : "load", a->va);
    if (a->write) {
        xd_str_addc(out, ' ');
        if (a->size == 8)
            xd_say_pte(r, v, a->value, out);
        else
            xd_say_number(out, a->value);
    }
    if (a->size != 8)
        xd_str_addf(out, " size=%u", a->size);
    if (a->emulated)
        xd_str_add(out, " = emulated");
    else
        xd_str_addf(out, " = pf error=%" PRIu32, a->error);
    if (a->why)
        xd_str_addf(out, " why=%s", xd_why_text(a->why, why, sizeof(why)));
    xd_str_addc(out, '\n');
}

/* Another step than a domain's. */
static const struct xd_vcpu *deed(struct xd_recorder *r, const struct xd_told *told,
                                  struct xd_str *out)
{
    switch (told->what) {
    case XD_DEED_TIME: xd_str_addf(out, "advance %" PRIu64 "ns\n", told->number); break;
    case XD_DEED_VIRQ:
        xd_str_add(out, "virq ");
        xd_say_value(r, told->v, XD_K_VIRQ, told->number, out);
        xd_str_addc(out, '\n');
        return told->v;
    case XD_DEED_IRQ: xd_str_addf(out, "irq %" PRIu64 "\n", told->number); break;
    case XD_DEED_TYPED:
        xd_str_add(out, "console_input ");
        xd_say_text(out, told->bytes, told->number);
        xd_str_addc(out, '\n');
        break;
    case XD_DEED_DESTROY:
        for (uint32_t i = 0; i < r->hv->config.domains_max; i++)
            if (&r->hv->domain[i] == told->d)
                xd_str_addf(out, "destroy d%u\n", r->known[i].domid);
        if (r->current && r->current->domain == told->d)
            r->current = NULL;
        break;
    case XD_DEED_CRASH: xd_str_addf(out, "crash d%u\n", told->d->domid); break;
    case XD_DEED_RESUME:
        xd_str_addf(out, "resume d%u %s\n", told->d->domid,
                    told->number == XD_RESUME_CANCELLED ? "cancelled"
                    : told->number == XD_RESUME_ANEW    ? "anew"
                                                        : "restored");
        break;
    case XD_DEED_EVENT:
        xd_str_addf(out, "event %" PRIu64 "\n", told->number);
        return vcpu_of(r, told->d);
    case XD_DEED_ACCESS: say_access(r, told->v, told->bytes, out); return told->v;
    case XD_DEED_UPCALL: xd_str_add(out, "upcall\n"); return told->v;
    case XD_DEED_NMI:
        xd_record_give_up(r, "d%uv%u is entered by an NMI, and no step of linked code is that",
                          told->v->domain->domid, told->v->id);
        break;
    case XD_DEED_SCARCE:
        xd_str_add(out, "scarce ");
        xd_say_number(out, told->number);
        xd_str_addc(out, '\n');
        break;
    case XD_DEED_CREATE:
    case XD_DEED_HOOK: break;
    }
    return NULL;
}

void xd_record_after(void *ctx, const struct xd_told *told)
{
    struct xd_recorder *r = ctx;
    const struct xd_vcpu *by;
    struct xd_str out = {0};

    if (r->over)
        return;
    if (told->what == XD_DEED_HOOK) {
        hook_ended(r);
        return;
    }
    if (told->what == XD_DEED_CREATE) {
        xd_record_domain(r, asked_of(r, told->d));
        xd_record_names(r, told->d);
        xd_shadow_settle(r, false);
        xd_shadow_settle(r, true);
        return;
    }
    by = deed(r, told, &out);
    xd_record_say(r, by, xd_str_text(&out));
    xd_str_free(&out);
    xd_record_sleepers(r);
    if (!r->over)
        xd_shadow_settle(r, false);
}
