/* SPDX-License-Identifier: MIT */
/*
 * real.c: the machine's interface once more, carried out by the real hypervisor.
 *
 * Linked instead of src/hv, it makes the runner of programs run them on Xen: struct xd_hv is a view of the real machine,
 * with its RAM as frame contents and its frame records copied after every request. What only a double can do is
 * refused or does nothing.
 */
#include "real.h"
#include "newcomer.h"
#include "records.h"
#include "resume.h"
#include "wait.h"

#include "enter.h"

#include "hv/lever.h"
#include "hv/sched.h"
#include "hv/call/cpu.h"
#include "hv/copy.h"
#include "hv/evtchn.h"
#include "hv/frame.h"
#include "hv/pt.h"
#include "program/runner.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HC_EVENT_CHANNEL_OP     32u
#define HC_MULTICALL            13u
#define HC_MEMORY_OP            12u
#define HC_EVENT_CHANNEL_COMPAT 16u
#define HC_XEN_VERSION          17u
#define HC_XENOPROF_OP          31u
#define HC_IRET                 23u
#define HC_VCPU_OP              24u
#define VCPUOP_REGISTER_INFO    10u
#define HC_SET_SEGMENT_BASE     25u
#define GS_USER_SEL             3u
#define HC_NUMBERS              64u
#define TRIES                   50u /* of a call before which Xen does something */

struct xd_machine xd_real_machine = {
    .config = {.qemu = "qemu-system-x86_64", .ram_mb = 128, .dom0_mb = 6, .dom0_vcpus = 1}};

static struct xd_machine *const machine = &xd_real_machine;
static struct xd_xen *const xen = &xd_real_machine.xen;
static struct xd_host host;
static struct xd_hv hv;
static struct xd_domain domain[XD_XEN_DOMAINS];
/* Each vCPU's events as it sees them: its kernel takes upcalls and leaves the mask that Xen sets. */
static struct {
    uint64_t upcalls; /* that it had taken by the last look */
    bool taken;       /* it took one: the program has the mask clear */
    struct xd_abi_vcpu_info info;
} events[XD_XEN_GUESTS];
static bool died, hung;
static bool came_back; /* the last call did, to where it was made */
static const char *unfit;

bool xd_real_died(void)
{
    return died;
}

bool xd_real_hung(void)
{
    return hung;
}

void xd_real_cant(const char *why)
{
    unfit = unfit ? unfit : why;
}

const char *xd_real_unfit(void)
{
    return unfit;
}

/* ---- What can be seen from outside ---- */

static void see_ports(unsigned int domid)
{
    static struct xd_real_port port[XD_PORTS_SEEN];
    uint64_t valid;

    if (!xd_machine_ports(machine, domid, port, &valid))
        return;
    for (uint32_t nr = 0; nr < XD_PORTS_SEEN; nr++) {
        struct xd_port *p = &domain[domid].port[nr];
        struct xd_abi_evtchn_status st;

        *p = (struct xd_port){0};
        if (!port[nr].word[1])
            continue;
        memcpy(&st, port[nr].word, sizeof(st));
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

static struct xd_abi_vcpu_info *info_at(const struct xd_vcpu *v)
{
    static struct xd_abi_vcpu_info none; /* Xen's own, which nobody sees */

    return v->info_mfn.v ? (void *)(hv.mem + v->info_mfn.v * XD_PAGE_SIZE + v->info_off) : &none;
}

static struct xd_abi_vcpu_info *vcpu_info_of(unsigned int g)
{
    return info_at(&domain[g / XD_MAIL_VCPUS].vcpu[g % XD_MAIL_VCPUS]);
}

/* Did this call move a vcpu_info? From now on it is looked for there. */
static void follow_info(struct xd_vcpu *v, uint64_t nr, const uint64_t *arg, int64_t rc)
{
    struct xd_abi_vcpu_register_vcpu_info op;
    struct xd_vcpu *t = xd_vcpu_at(v->domain, (uint32_t)arg[1]);

    if (nr != HC_VCPU_OP || (uint32_t)arg[0] != VCPUOP_REGISTER_INFO || rc || !t ||
        !xd_look(v, &op, arg[2], sizeof(op)))
        return;
    t->info_mfn.v = op.mfn;
    t->info_off = op.offset;
    t->info_moved = true;
}

/*
 * Xen delivers when it returns to the guest, so one that has the mask clear is made to enter Xen once. It may have taken an upcall
 * already, of which its mailbox tells only then.
 */
static void see_events(unsigned int g)
{
    struct xd_abi_vcpu_info *now = vcpu_info_of(g);
    volatile struct xd_mailbox *m = xen->guest[g].mail;
    const bool clear = !events[g].taken && !events[g].info.evtchn_upcall_mask;

    if (!xen->guest[g].waits && !xd_machine_still(machine, g / XD_MAIL_VCPUS) &&
        now->evtchn_upcall_pending && (clear || !now->evtchn_upcall_mask) &&
        m->upcalls == events[g].upcalls)
        xd_xen_call(xen, g, HC_XEN_VERSION, (uint64_t[6]){0}, 0, NULL, 0);
    if (m->upcalls != events[g].upcalls)
        events[g].taken = true;
    events[g].upcalls = m->upcalls;
    events[g].info = *now;
    if (events[g].taken)
        events[g].info.evtchn_upcall_mask = 0;
}

static unsigned int guest_of(const struct xd_vcpu *v)
{
    return xd_xen_guest(v->domain->domid, v->id);
}

static void ended(unsigned int nr, const struct xd_xen_guest *g)
{
    died = true;
    hung = hung || g->hung;
    hv.off = xen->off;
    if (hv.off)
        return;
    domain[nr].shut_down = true;
    domain[nr].shutdown_code = g->reason;
}

/* A domain that died ends the program: what the rest of it did would be compared with one that goes on. */
static void see(bool ports, bool frames)
{
    for (unsigned int nr = 0; nr < XD_XEN_DOMAINS; nr++) {
        if (!domain[nr].used)
            continue;
        for (uint32_t id = 0; id < domain[nr].vcpus && id < XD_MAIL_VCPUS; id++) {
            unsigned int g = xd_xen_guest(nr, id);

            if (domain[nr].vcpu[id].down) /* it is asked nothing, or does not exist */
                continue;
            if (!xd_machine_still(machine, nr))
                xd_wait_look(&domain[nr].vcpu[id]);
            if (xen->dead || xen->guest[g].dead) {
                ended(nr, &xen->guest[g]);
                return;
            }
            domain[nr].vcpu[id].cr3.v = xen->guest[g].mail->cr3 >> 12 & 0xffffffffffu;
            see_events(g);
        }
        if (ports)
            see_ports(nr);
    }
    xd_records_look(frames);
}

/* The guest goes on with the mask as the program left it. */
static void give_mask_back(unsigned int g)
{
    if (events[g].taken)
        vcpu_info_of(g)->evtchn_upcall_mask = 0;
    events[g].taken = false;
}

bool xd_real_takes_mask(unsigned int g)
{
    const bool taken = events[g].taken;

    events[g].taken = false;
    return taken;
}

/* Another domain could write it, too, and kick the vCPU; it is let in when that enters Xen the next time, as by any other way. */
void xd_upcall_spurious(struct xd_vcpu *v)
{
    give_mask_back(guest_of(v));
    vcpu_info_of(guest_of(v))->evtchn_upcall_pending |= 1;
    if (v->blocked && (v->continuing || !xd_wait_wake(v)))
        unfit = "a vCPU waits that can't be woken but by an event";
    see(false, false);
}

struct xd_abi_vcpu_info *xd_real_info(unsigned int g)
{
    return vcpu_info_of(g);
}

void xd_real_came_up(const struct xd_vcpu *v)
{
    const unsigned int g = guest_of(v);

    events[g].upcalls = xen->guest[g].mail->upcalls;
    events[g].taken = false;
    events[g].info = *vcpu_info_of(g);
}

void xd_real_look(void)
{
    see(false, false);
}

/*
 * A poll that an upcall which is due ends at once. Where an interrupt comes in before the call, Xen delivers the upcall, with
 * the mask set, and the poll finds none due: then once more.
 */
static int64_t poll_when_due(struct xd_vcpu *v, uint64_t nr, const uint64_t *arg, bool *slept)
{
    unsigned int g = guest_of(v);
    const volatile struct xd_mailbox *m = xen->guest[g].mail;
    int64_t rc = 0;

    for (unsigned int tries = 0; tries < TRIES && !xen->guest[g].dead; tries++) {
        bool waited;

        events[g].taken = true;
        give_mask_back(g);
        rc = xd_wait_call(v, nr, arg);
        waited = v->blocked;
        if (!xd_wait_wake(v)) {
            unfit =
                "a vCPU waits that can't be woken, so nobody can tell whether an upcall came before";
            return rc;
        }
        if (m->upcalls_before == events[g].upcalls) {
            *slept = waited; /* the upcall did not end it */
            return rc;
        }
        events[g].upcalls = m->upcalls;
    }
    unfit = "the upcall that is to end a poll was delivered before it, each time";
    return rc;
}

static bool selected[XD_XEN_GUESTS]; /* a program loaded a selector into GS of this vCPU */

/*
 * Xen loads it again whenever it switches to the vCPU, and ends a domain without a failsafe callback whose descriptor is gone by then.
 * The double never switches (entry 15 of DIFFERENCES.md). So no vCPU keeps one.
 */
static void select_nothing(struct xd_vcpu *v)
{
    const unsigned int g = guest_of(v);

    if (!selected[g] || v->blocked || v->continuing)
        return;
    selected[g] = false;
    xd_xen_call(xen, g, HC_SET_SEGMENT_BASE, (uint64_t[6]){GS_USER_SEL, 0}, 0, NULL, 0);
}

static void note(struct xd_vcpu *v, uint64_t nr, const uint64_t *arg, int64_t rc)
{
    selected[guest_of(v)] |= nr == HC_SET_SEGMENT_BASE && (uint32_t)arg[0] == GS_USER_SEL && !rc;
    xd_real_note(v, nr, arg, rc);
}

int64_t xd_hypercall(struct xd_vcpu *v, uint64_t nr, const uint64_t arg[6])
{
    bool slept = false;
    uint64_t at;
    int64_t rc;

    came_back = false;
    if (nr < HC_NUMBERS)
        machine->used[nr] = true;
    if (nr == HC_IRET)
        return xd_enter_iret(v, arg[0]);
    if (!xd_enter_before_call(v, nr, arg) || !xd_newcomer_before(v, nr, arg))
        return XD_NOT_RUNNING;
    if (xd_enter_list(v, nr, arg, &at)) {
        rc = xd_enter_iret_in_list(v, arg, at);
        see(true, true);
        return died ? XD_NOT_RUNNING : rc;
    }
    if (xd_wait_polls(nr, arg) && xd_upcall_due(v)) {
        rc = poll_when_due(v, nr, arg, &slept);
    } else {
        give_mask_back(guest_of(v));
        rc = xd_wait_call(v, nr, arg);
    }
    xd_newcomer_after(v, nr, arg, rc);
    xd_enter_after_call(v, nr, arg, rc);
    came_back = true;
    follow_info(v, nr, arg, rc);
    note(v, nr, arg, rc);
    see(nr == HC_EVENT_CHANNEL_OP || nr == HC_EVENT_CHANNEL_COMPAT || nr == HC_MULTICALL ||
            xd_real_reset(v, nr, arg),
        nr == HC_MEMORY_OP || nr == HC_MULTICALL || nr == HC_XENOPROF_OP);
    v->blocked |= slept; /* as this step is told; it was woken */
    return died ? XD_NOT_RUNNING : rc;
}

/* ---- The machine ---- */

int xd_hv_create(struct xd_hv **out, const struct xd_config *config)
{
    (void)config;
    memset(domain, 0, sizeof(domain));
    memset(&events, 0, sizeof(events));
    died = hung = hv.off = false;
    unfit = NULL;
    xd_wait_begin();
    xd_newcomer_begin();
    hv.host = &host;
    hv.mem = xen->ram;
    hv.domain = domain;
    hv.frames = machine->frames;
    xd_records_begin(&hv, machine);
    *out = &hv;
    return 0;
}

void xd_hv_destroy(struct xd_hv *h)
{
    if (h)
        h->host->hooks = (struct xd_hooks){0};
}

int xd_domain_create(struct xd_hv *h, const struct xd_domain_config *c, struct xd_domain **out)
{
    const struct xd_real_guest *real = &machine->guest[c->domid];
    struct xd_domain *d = &domain[c->domid];

    XD_ALWAYS(c->domid < XD_XEN_DOMAINS && real->there && !d->used &&
              c->vcpus == real->config.vcpus);
    d->hv = h;
    d->domid = (uint16_t)c->domid;
    d->used = true;
    d->privileged = d->hardware = c->domid == 0;
    d->vcpus = c->vcpus;
    d->ports_valid = XD_PORTS_SEEN;
    d->start = real->start;
    d->shared_info.v = d->start.shared_info_mfn;
    d->shutdown_code = -1;
    for (uint64_t pfn = 0; pfn < d->start.pages; pfn++)
        xd_records_lively(real->mfn[pfn]);
    xd_records_lively(d->shared_info.v);
    for (uint32_t id = 0; id < c->vcpus; id++) {
        struct xd_vcpu *v = &d->vcpu[id];

        v->hv = h;
        v->domain = d;
        v->id = id;
        v->down = id >= c->vcpus_online;
        v->initialised = !v->down;
        v->kernel_mode = true;
        v->user_cr3.v = 0;
        v->info_mfn = id < XD_VCPUS_SHARED ? d->shared_info : xd_mfn_of(0);
        v->info_off = id < XD_VCPUS_SHARED ? id * (uint32_t)sizeof(struct xd_abi_vcpu_info) : 0;
        v->info_moved = false;
        if (v->down)
            continue;
        v->cr3.v = d->start.cr3_mfn;
        events[xd_xen_guest(c->domid, id)].upcalls =
            xen->guest[xd_xen_guest(c->domid, id)].mail->upcalls;
    }
    for (uint32_t id = 0; id < c->vcpus_online; id++)
        xd_enter_start(&d->vcpu[id]);
    see(true, true);
    *out = d;
    return 0;
}

void xd_domain_destroy(struct xd_domain *d)
{
    d->used = false;
    xd_toolstack_kill(xen, d->domid);
    see(true, true);
}

uint64_t xd_domain_mfn(struct xd_domain *d, uint64_t pfn)
{
    return pfn < d->start.pages ? machine->guest[d->domid].mfn[pfn] : ~UINT64_C(0);
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
    return id < d->vcpus ? &d->vcpu[id] : NULL;
}

enum xd_state xd_vcpu_state(const struct xd_vcpu *v)
{
    return died || v->domain->shut_down ? XD_STATE_SHUTDOWN
           : v->down                    ? XD_STATE_DOWN
           : v->domain->pauses          ? XD_STATE_PAUSED
           : v->blocked                 ? XD_STATE_BLOCKED
                                        : XD_STATE_RUNNING;
}

bool xd_continuing(const struct xd_vcpu *v)
{
    return v->continuing;
}

bool xd_upcall_due(struct xd_vcpu *v)
{
    const struct xd_abi_vcpu_info *info = xd_vcpu_info(v);

    return info->evtchn_upcall_pending && !info->evtchn_upcall_mask;
}

unsigned int xd_why(const struct xd_vcpu *v)
{
    (void)v;
    return 0;
}

char *xd_explain(struct xd_vcpu *v)
{
    (void)v;
    return xd_xen_log(xen);
}

uint64_t xd_m2p(struct xd_hv *h, uint64_t mfn)
{
    return mfn < h->frames ? xd_xen_m2p(xen, mfn) : ~UINT64_C(0);
}

struct xd_abi_shared_info *xd_shared_info(struct xd_domain *d)
{
    return (void *)(hv.mem + d->shared_info.v * XD_PAGE_SIZE);
}

struct xd_abi_vcpu_info *xd_vcpu_info(struct xd_vcpu *v)
{
    if (v->down)
        return info_at(v);
    return &events[guest_of(v)].info;
}

/* ---- Memory ---- */

/* Looks at the entries of (v)'s list that were done since the last look. */
static void entries_returned(struct xd_vcpu *v)
{
    struct xd_abi_multicall_entry e;
    enum xd_list_entry how;
    bool any = false;

    while ((how = xd_list_next(v, &e)) == XD_LIST_DONE) {
        xd_newcomer_listed(v, e.op, e.args, (int64_t)e.result);
        follow_info(v, e.op, e.args, (int64_t)e.result);
        note(v, e.op, e.args, (int64_t)e.result);
        host.hooks.ret(host.hooks.ctx, v, e.op, e.args, (int64_t)e.result, 1);
        any = true;
    }
    if (how == XD_LIST_LOST)
        xd_machine_note_lost(machine, v->domain->domid);
    if (any) /* a vcpu_info may have moved, a domain have been ended */
        see(false, false);
}

/* A hypercall, or what is left of a list after its vCPU was woken. */
static void make_call(struct xd_vcpu *v, const struct xd_encoded *c, struct xd_outcome *out)
{
    out->kind = XD_OUTCOME_RETURNED;
    if (v->continuing) {
        out->rc = xd_wait_go_on(v);
        see(true, true);
    } else {
        xd_list_begin(v, c);
        out->rc = xd_hypercall(v, c->nr, c->arg);
        if (came_back)
            xd_enter_came_back(v, out->rc);
    }
    if (!died)
        entries_returned(v);
    if (!died)
        select_nothing(v);
    if (!died && v->blocked && !xd_list_over(v)) {
        xd_wait_in_list(v);
        out->kind = XD_OUTCOME_SUSPENDED;
    }
    unfit = unfit ? unfit : xd_wait_unfit(v);
}

/* Is this the byte of (v)'s mask? */
static bool is_mask(const struct xd_program_cpu *c, unsigned int g, const unsigned char *through)
{
    const unsigned char *mask = (unsigned char *)&vcpu_info_of(g)->evtchn_upcall_mask;

    return through && c->what == XD_DO_STORE && mask >= through && mask < through + c->size;
}

/* Whose mask was stored has it as it was stored, but where that let an upcall in. */
static void masks_stored(const struct xd_program_cpu *c, const unsigned char *through)
{
    for (unsigned int g = 0; g < XD_XEN_GUESTS; g++)
        if (domain[g / XD_MAIL_VCPUS].used && is_mask(c, g, through)) {
            events[g].taken = false;
            events[g].info.evtchn_upcall_mask = 0;
        }
}

/* A plain load or store of the guest. */
static void make_access(struct xd_program_cpu *c, struct xd_vcpu *v, struct xd_outcome *out)
{
    unsigned int g = guest_of(v);
    volatile struct xd_mailbox *m = xen->guest[g].mail;
    unsigned char *through = xd_xen_at(xen, v->cr3.v * XD_PAGE_SIZE, c->va, XD_GUEST_WRITES);
    uint64_t trapped, vector, error, result;

    c->done = false;
    if (xd_enter_access(v, c, out))
        return;
    m->op = c->what == XD_DO_LOAD ? XD_MAIL_LOAD : XD_MAIL_STORE;
    m->va = c->va;
    m->size = c->size;
    memcpy((void *)(uintptr_t)&m->value, c->bytes, 8);
    if (!is_mask(c, g, through)) /* else what it stores is the mask */
        give_mask_back(g);
    xd_xen_ask(xen, g);
    trapped = m->trapped;
    vector = m->vector;
    error = m->error;
    result = m->result;
    masks_stored(c, through);
    see(false, false); /* which may ask the same kernel */
    c->done = !died && !trapped && (c->what == XD_DO_LOAD || through);
    if (died) {
        out->kind = XD_OUTCOME_CRASHED;
        return;
    }
    if (trapped) {
        out->kind = XD_OUTCOME_TRAP;
        out->vector = (uint8_t)vector;
        out->fault.error = (uint32_t)error;
        out->fault.cr2 = vcpu_info_of(g)->cr2;
    } else if (!c->done) {
        out->kind = XD_OUTCOME_EMULATED;
    }
    if (c->what == XD_DO_LOAD)
        memcpy(c->bytes, &result, sizeof(result));
}

/* The step is not decoded again: what the program's CPU holds is what the guest's kernel is told to do. */
void xd_cpu_step(struct xd_cpu *cpu, struct xd_vcpu *v, struct xd_outcome *out)
{
    struct xd_program_cpu *c = (struct xd_program_cpu *)(void *)cpu;

    *out = (struct xd_outcome){.kind = XD_OUTCOME_NOTHING};
    if (c->what == XD_DO_CALL)
        make_call(v, c->call, out);
    else
        make_access(c, v, out);
}
