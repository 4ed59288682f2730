/* SPDX-License-Identifier: MIT */
/*
 * real.c: the machine's interface once more, carried out by the real hypervisor.
 *
 * Linked instead of src/hv, it makes the runner of scenarios run them on Xen: struct xd_hv is a view of the real machine,
 * with its RAM as frame contents and its frame records copied after every request.  The view has one domain, dom0.
 */
#include "real.h"

#include "hv/call/cpu.h"
#include "hv/copy.h"
#include "hv/evtchn.h"
#include "hv/frame.h"
#include "hv/pt.h"
#include "program/runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KERNEL_PAGES            8u
#define PORTS_SEEN              48u
#define HC_EVENT_CHANNEL_OP     32u
#define EVTCHNOP_STATUS         5u
#define HC_MULTICALL            13u
#define HC_EVENT_CHANNEL_COMPAT 16u
#define PTE_PRESENT             UINT64_C(1)
#define GUEST_READS             (XD_PTE_P | XD_PTE_US)
#define GUEST_WRITES            (GUEST_READS | XD_PTE_RW)

static bool died;
static struct xd_xen xen; /* one per process: its machine is a process too */
static struct xd_host host;
static struct xd_hv hv;
static struct xd_domain domain;
static char *step_log;
static uint64_t *placed; /* frames by pfn at the start; outlives the machine */
static uint32_t placed_machine;

struct xd_xen_config xd_real_config = {.qemu = "qemu-system-x86_64", .ram_mb = 128, .dom0_mb = 32};

void xd_real_print_place(FILE *f)
{
    fprintf(f, "place %u %u 0x%llx", KERNEL_PAGES, placed_machine,
            (unsigned long long)domain.start.shared_info_mfn);
    for (uint64_t pfn = 0; pfn < domain.start.pages; pfn++)
        fprintf(f, " 0x%llx", (unsigned long long)placed[pfn]);
    fputc('\n', f);
}

const char *xd_real_died(void)
{
    return died || xen.dead ? "the domain gave no more answers" : NULL;
}

static void see_frames(void)
{
    for (uint64_t mfn = 0; mfn < hv.frames; mfn++) {
        struct xd_frame *to = &hv.frame[mfn];
        struct xd_xen_frame f;

        if (!xd_xen_frame_at(&xen, mfn, &f))
            continue;
        *to = (struct xd_frame){
            .count = (uint32_t)f.count,
            .type_count = (uint32_t)f.type_count,
            .type = (uint8_t)f.type,
            .owner = f.owner == ~0u ? XD_DOMID_NONE : (uint16_t)f.owner,
            .linear = (int16_t)f.linear,
            .flags =
                (uint8_t)((f.allocated ? XD_FRAME_ALLOCATED : 0) |
                          (f.xen_heap ? XD_FRAME_XEN_HEAP : 0) | (f.pinned ? XD_FRAME_PINNED : 0) |
                          (f.validated ? XD_FRAME_VALIDATED : 0)),
        };
    }
}

static uint64_t ask_call(uint64_t nr, const uint64_t *arg)
{
    xen.mail->op = XD_MAIL_CALL;
    xen.mail->nr = nr;
    for (unsigned int i = 0; i < 6; i++)
        xen.mail->arg[i] = arg[i];
    return xd_xen_ask(&xen) ? xen.mail->result : (uint64_t)XD_NOT_RUNNING;
}

static void see_ports(void)
{
    for (uint32_t port = 0; port < PORTS_SEEN && !xen.dead; port++) {
        struct xd_abi_evtchn_status st = {.dom = XD_DOMID_SELF, .port = port};
        struct xd_port *p = &domain.port[port];

        memcpy((void *)(uintptr_t)xen.mail->scratch, &st, sizeof(st));
        *p = (struct xd_port){0};
        if (ask_call(
                HC_EVENT_CHANNEL_OP,
                (uint64_t[6]){EVTCHNOP_STATUS, xen.mail_va + offsetof(struct xd_mailbox, scratch)}))
            continue;
        memcpy(&st, (const void *)(uintptr_t)xen.mail->scratch, sizeof(st));
        p->state = (uint8_t)(st.status ? st.status + 1 : 0);
        p->notify_vcpu = (uint16_t)st.vcpu;
        if (st.status == XD_STATUS_UNBOUND)
            p->remote_dom = st.u.unbound.dom;
        if (st.status == XD_STATUS_INTERDOMAIN) {
            p->remote_dom = st.u.interdomain.dom;
            p->remote_port = st.u.interdomain.port;
        }
        if (st.status == XD_STATUS_VIRQ || st.status == XD_STATUS_PIRQ)
            p->virq = st.u.virq;
    }
}

static void see(uint64_t nr)
{
    struct xd_vcpu *v = &domain.vcpu[0];

    if (xen.dead) {
        domain.shut_down = true;
        domain.shutdown_code = 3;
        return;
    }
    v->cr3.v = xen.mail->cr3 >> 12 & 0xffffffffffu;
    if (nr == HC_EVENT_CHANNEL_OP || nr == HC_EVENT_CHANNEL_COMPAT || nr == HC_MULTICALL)
        see_ports();
    see_frames();
}

long xd_hypercall(struct xd_vcpu *v, uint64_t nr, const uint64_t arg[6])
{
    long rc = (long)ask_call(nr, arg);

    (void)v;
    see(nr);
    return rc;
}

/* ---- The machine ---- */

static uint64_t word_at(uint64_t va)
{
    const unsigned char *p = xd_xen_at(&xen, xen.xen_cr3, va, PTE_PRESENT);
    uint64_t w = 0;

    if (p)
        memcpy(&w, p, 8);
    return w;
}

static void see_start(void)
{
    struct xd_start *s = &domain.start;
    uint64_t si = xen.mail->start_info_va, initial;

    s->virt_base = UINT64_C(0xffffffff80000000);
    s->kernel_va = s->virt_base;
    s->hypercall_page_va = s->virt_base + XD_PAGE_SIZE;
    s->start_info_va = si;
    s->pages = word_at(si + 32);
    s->shared_info_mfn = word_at(si + 40) / XD_PAGE_SIZE;
    s->pt_va = word_at(si + 88);
    s->pt_frames = word_at(si + 96);
    s->p2m_va = word_at(si + 104);
    s->mod_start = word_at(si + 112);
    s->mod_len = word_at(si + 120);
    s->stack_va = xen.mail->stack_va - XD_PAGE_SIZE;
    s->padding_va = s->stack_va + XD_PAGE_SIZE;
    for (initial = s->padding_va; xd_xen_at(&xen, xen.xen_cr3, initial, PTE_PRESENT);
         initial += XD_PAGE_SIZE)
        ;
    s->virt_end = initial;
    s->mapped_pages = (s->virt_end - s->virt_base) / XD_PAGE_SIZE;
    s->first_free_pfn = s->mapped_pages;
    s->cr3_mfn = xen.xen_cr3 / XD_PAGE_SIZE;
}

int xd_hv_create(struct xd_hv **out, const struct xd_config *config)
{
    (void)config;
    *out = NULL;
    if (!xd_xen_boot(&xen, &xd_real_config)) {
        fprintf(stderr, "%s\n", xen.error);
        return -XD_HOST_ENOMEM;
    }
    memset(&domain, 0, sizeof(domain));
    memset(&hv, 0, sizeof(hv));
    hv.host = &host;
    hv.mem = xen.ram;
    hv.domain = &domain;
    hv.frames = (uint32_t)(xen.ram_size / XD_PAGE_SIZE);
    hv.frame = xd_zalloc(hv.frames * sizeof(*hv.frame));
    *out = &hv;
    return 0;
}

void xd_hv_destroy(struct xd_hv *h)
{
    if (!h)
        return;
    died = xen.dead;
    xd_xen_end(&xen);
    free(hv.frame);
    hv.frame = NULL;
}

int xd_domain_create(struct xd_hv *h, const struct xd_domain_config *c, struct xd_domain **d)
{
    struct xd_vcpu *v = &domain.vcpu[0];

    if (domain.used || c->domid != 0 || c->vcpus != 1) {
        snprintf(host.error, sizeof(host.error),
                 "the oracle's machine has one domain, d0, with one vCPU");
        return -XD_HOST_EINVAL;
    }
    domain.hv = h;
    domain.used = domain.privileged = domain.hardware = true;
    domain.vcpus = 1;
    domain.ports_valid = PORTS_SEEN;
    see_start();
    domain.shared_info.v = domain.start.shared_info_mfn;
    v->hv = h;
    v->domain = &domain;
    v->initialised = v->kernel_mode = true;
    v->cr3.v = domain.start.cr3_mfn;
    v->info_mfn = domain.shared_info;
    for (uint64_t pfn = domain.start.first_free_pfn; pfn < domain.start.first_free_pfn + 1024;
         pfn++) {
        uint64_t mfn = xd_domain_mfn(&domain, pfn);

        if (mfn < hv.frames)
            memset(hv.mem + mfn * XD_PAGE_SIZE, 0, XD_PAGE_SIZE);
    }
    placed_machine = hv.frames;
    placed = xd_zalloc(domain.start.pages * sizeof(*placed));
    for (uint64_t pfn = 0; pfn < domain.start.pages; pfn++)
        placed[pfn] = xd_domain_mfn(&domain, pfn);
    see(HC_MULTICALL);
    *d = &domain;
    return 0;
}

uint64_t xd_domain_mfn(struct xd_domain *d, uint64_t pfn)
{
    return word_at(d->start.p2m_va + pfn * 8);
}

const char *xd_hv_error(const struct xd_hv *h)
{
    return h->host->error;
}

void xd_hooks_set(struct xd_hv *h, const struct xd_hooks *hooks)
{
    h->host->hooks = *hooks;
}

const struct xd_start *xd_domain_start(const struct xd_domain *d)
{
    return &d->start;
}

uint32_t xd_domain_id(const struct xd_domain *d)
{
    return d->domid;
}

struct xd_vcpu *xd_vcpu_at(struct xd_domain *d, uint32_t id)
{
    return id == 0 ? &d->vcpu[0] : NULL;
}

enum xd_state xd_vcpu_state(const struct xd_vcpu *v)
{
    (void)v;
    return xen.dead ? XD_STATE_SHUTDOWN : XD_STATE_RUNNING;
}

bool xd_continuing(const struct xd_vcpu *v)
{
    (void)v;
    return false;
}

bool xd_upcall_due(struct xd_vcpu *v)
{
    return xd_vcpu_info(v)->evtchn_upcall_pending && !xd_vcpu_info(v)->evtchn_upcall_mask;
}

unsigned int xd_why(const struct xd_vcpu *v)
{
    (void)v;
    return 0;
}

char *xd_real_log(void)
{
    char *s = step_log ? step_log : xd_xen_log(&xen);

    step_log = NULL;
    return s;
}

char *xd_explain(struct xd_vcpu *v)
{
    (void)v;
    return xd_real_log();
}

unsigned int xd_audit(struct xd_hv *h, char **report)
{
    (void)h;
    *report = NULL;
    return 0;
}

void xd_advance(struct xd_hv *h, uint64_t ns)
{
    (void)h;
    (void)ns;
}

size_t xd_console_input(struct xd_hv *h, const void *bytes, size_t n)
{
    (void)h;
    (void)bytes;
    return n;
}

void xd_virq_raise(struct xd_vcpu *v, uint32_t virq)
{
    (void)v;
    (void)virq;
}

void xd_domain_destroy(struct xd_domain *d)
{
    (void)d;
}

uint64_t xd_m2p(struct xd_hv *h, uint64_t mfn)
{
    (void)h;
    return xd_xen_m2p(&xen, mfn);
}

struct xd_abi_shared_info *xd_shared_info(struct xd_domain *d)
{
    return (void *)(hv.mem + d->shared_info.v * XD_PAGE_SIZE);
}

struct xd_abi_vcpu_info *xd_vcpu_info(struct xd_vcpu *v)
{
    return (void *)(hv.mem + v->info_mfn.v * XD_PAGE_SIZE + v->info_off);
}

/* ---- Memory ---- */

bool xd_look(struct xd_vcpu *v, void *dst, uint64_t va, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const unsigned char *p = xd_xen_at(&xen, v->cr3.v * XD_PAGE_SIZE, va + i, GUEST_READS);

        if (!p)
            return false;
        ((unsigned char *)dst)[i] = *p;
    }
    return true;
}

bool xd_copy_out(struct xd_vcpu *v, uint64_t va, const void *src, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char *p = xd_xen_at(&xen, v->cr3.v * XD_PAGE_SIZE, va + i, GUEST_WRITES);

        if (!p)
            return false;
        *p = ((const unsigned char *)src)[i];
    }
    return true;
}

static void entries_returned(struct xd_vcpu *v, const struct xd_encoded *c)
{
    for (uint64_t i = 0; i < c->arg[1] && i < 4096; i++) {
        struct xd_abi_multicall_entry e;

        if (!xd_look(v, &e, c->arg[0] + i * sizeof(e), sizeof(e)) ||
            (uint64_t)e.result == UINT64_C(0xdddddddddddddddd))
            return;
        host.hooks.ret(host.hooks.ctx, v, e.op, e.args, (long)e.result, 1);
    }
}

/* The step is not decoded again: what the program's CPU holds is what the kernel is told to do. */
void xd_cpu_step(struct xd_cpu *cpu, struct xd_vcpu *v, struct xd_outcome *out)
{
    struct xd_program_cpu *c = (struct xd_program_cpu *)(void *)cpu;
    unsigned char *through;

    *out = (struct xd_outcome){.kind = XD_OUTCOME_NOTHING};
    free(step_log);
    step_log = NULL;
    free(xd_xen_log(&xen));
    if (c->what == XD_DO_CALL) {
        out->rc = xd_hypercall(v, c->call->nr, c->call->arg);
        if (c->call->nr == HC_MULTICALL && !xen.dead)
            entries_returned(v, c->call);
        out->kind = XD_OUTCOME_RETURNED;
        step_log = xd_xen_log(&xen);
        return;
    }
    through = xd_xen_at(&xen, v->cr3.v * XD_PAGE_SIZE, c->va, GUEST_WRITES);
    xen.mail->op = c->what == XD_DO_LOAD ? XD_MAIL_LOAD : XD_MAIL_STORE;
    xen.mail->va = c->va;
    xen.mail->size = c->size;
    memcpy((void *)(uintptr_t)&xen.mail->value, c->bytes, 8);
    xd_xen_ask(&xen);
    see(0);
    c->done = !xen.dead && !xen.mail->trapped && (c->what == XD_DO_LOAD || through);
    step_log = xd_xen_log(&xen);
    if (xen.dead) {
        out->kind = XD_OUTCOME_CRASHED;
    } else if (xen.mail->trapped) {
        out->kind = XD_OUTCOME_TRAP;
        out->vector = (uint8_t)xen.mail->vector;
        out->fault.error = (uint32_t)xen.mail->error;
        out->fault.cr2 = xd_vcpu_info(v)->cr2;
        if (xen.mail->vector != 14)
            out->fault.error = 0x1000u + (uint32_t)xen.mail->vector;
    } else if (!c->done) {
        out->kind = XD_OUTCOME_EMULATED;
    }
    if (c->what == XD_DO_LOAD)
        memcpy(c->bytes, (const void *)(uintptr_t)&xen.mail->result, 8);
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
    (void)d;
    xd_str_addf(out, "on Xen: port %u is %s", port,
                port < PORTS_SEEN ? xd_port_state_name(domain.port[port].state) : "?");
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
