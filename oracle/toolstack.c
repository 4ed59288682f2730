/* SPDX-License-Identifier: MIT */
/*
 * toolstack.c: see toolstack.h.
 *
 * The same start of day as the double's for a domU (src/hv/layout.c says where things lie), made by a toolstack's calls:
 * createdomain, max_mem, populate_physmap, PIN_L4_TABLE on the domain's behalf, setvcpucontext, unpausedomain.
 * What a toolstack writes through foreign mappings is written straight into the machine's RAM.
 */
#include "toolstack.h"

#include "hv/layout.h"
#include "hv/pte.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define __XEN_TOOLS__ 1 /* NOLINT: asks the headers for the control operations */
#include <xen/domctl.h>
#include <xen/event_channel.h>
#include <xen/memory.h>
#include <xen/vcpu.h>

#define TABLE_FLAGS  (XD_PTE_P | XD_PTE_RW | XD_PTE_US | XD_PTE_A | XD_PTE_D)
#define BATCH        32u
#define DOM0         0u      /* its vCPU 0 makes the calls */
#define HOLDER       0x5a5au /* a number that no program thinks of */
#define HOLDER_PAGES 512u
#define SPARE_PORTS  0x300u /* of I/O */
#define SECOND_NS    1000000000L
#define GONE_TRIES   50u /* milliseconds that Xen may take to forget a domain that nobody holds */
#define XD_ESRCH     3

struct build {
    struct xd_xen *x;
    uint32_t domid, cpu;
    const struct xd_domain_config *c;
    struct xd_layout l;
    uint64_t *mfn, room_va;
};

static bool refused(struct xd_xen *x, uint32_t domid, const char *what, int64_t rc)
{
    snprintf(x->error, sizeof(x->error), "domain %u of the real machine: %s: result %ld", domid,
             what, rc);
    return false;
}

static unsigned char *page(const struct build *b, uint64_t pfn)
{
    return b->x->ram + b->mfn[pfn] * XD_PAGE_SIZE;
}

static int64_t control(struct xd_xen *x, uint32_t domid, struct xen_domctl *op)
{
    op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    op->domain = (domid_t)domid;
    return xd_xen_call(x, DOM0, __HYPERVISOR_domctl, (uint64_t[6]){0}, 0, op, sizeof(*op));
}

static bool domctl(struct build *b, const char *what, struct xen_domctl *op)
{
    int64_t rc = control(b->x, b->domid, op);

    return rc == 0 || refused(b->x, b->domid, what, rc);
}

static bool create(struct build *b)
{
    struct xen_domctl op = {.cmd = XEN_DOMCTL_createdomain};
    struct xen_domctl vcpus = {.cmd = XEN_DOMCTL_max_vcpus}, limit = {.cmd = XEN_DOMCTL_max_mem};

    op.u.createdomain.max_vcpus = b->c->vcpus;
    op.u.createdomain.max_evtchn_port = b->c->port_max;
    op.u.createdomain.max_grant_frames = 4;
    op.u.createdomain.max_maptrack_frames = 16;
    op.u.createdomain.grant_opts = XEN_DOMCTL_GRANT_version(1);
    vcpus.u.max_vcpus.max = b->c->vcpus;
    limit.u.max_mem.max_memkb = (XD_TOOLSTACK_PAGES + b->c->pages_max - b->c->pages) * 4;
    return domctl(b, "createdomain", &op) && domctl(b, "max_vcpus", &vcpus) &&
           domctl(b, "max_mem", &limit);
}

/* Frames, and some ports that are nobody's. */
static bool give_rights(struct build *b)
{
    for (unsigned int i = 0; i < XD_RANGES_CONFIG; i++) {
        struct xen_domctl op = {.cmd = XEN_DOMCTL_iomem_permission};

        if (b->c->iomem[i].first > b->c->iomem[i].last || !b->c->iomem[i].last)
            continue;
        op.u.iomem_permission.first_mfn = b->c->iomem[i].first;
        op.u.iomem_permission.nr_mfns = b->c->iomem[i].last - b->c->iomem[i].first + 1;
        op.u.iomem_permission.allow_access = 1;
        if (!domctl(b, "iomem_permission", &op))
            return false;
    }
    if (b->c->ioports) {
        struct xen_domctl op = {.cmd = XEN_DOMCTL_ioport_permission};

        op.u.ioport_permission.first_port = SPARE_PORTS;
        op.u.ioport_permission.nr_ports = 8;
        op.u.ioport_permission.allow_access = 1;
        return domctl(b, "ioport_permission", &op);
    }
    return true;
}

/* Frames of the domain to be built: numbers to come, or to be given back. */
struct frames {
    struct xen_memory_reservation r;
    xen_pfn_t extent[BATCH];
};

static int64_t memory(struct build *b, uint64_t cmd, struct frames *a, unsigned int nr)
{
    memset(&a->r, 0, sizeof(a->r));
    a->r.nr_extents = nr;
    a->r.domid = (domid_t)b->domid;
    set_xen_guest_handle(a->r.extent_start,
                         (xen_pfn_t *)(b->x->guest[DOM0].mail_va +
                                       offsetof(struct xd_mailbox, scratch) + sizeof(a->r)));
    return xd_xen_call(b->x, DOM0, __HYPERVISOR_memory_op, (uint64_t[6]){cmd}, 1, a, sizeof(*a));
}

static bool populate(struct build *b, uint64_t pages)
{
    struct frames a;

    for (uint64_t pfn = 0; pfn < pages; pfn += BATCH) {
        int64_t rc;

        for (uint64_t i = 0; i < BATCH; i++)
            a.extent[i] = pfn + i;
        rc = memory(b, XENMEM_populate_physmap, &a, BATCH);
        if (rc != BATCH)
            return refused(b->x, b->domid, "populate_physmap", rc);
        memcpy(b->mfn + pfn, a.extent, sizeof(a.extent));
        for (uint64_t i = 0; i < BATCH; i++)
            memset(page(b, pfn + i), 0, XD_PAGE_SIZE);
    }
    return true;
}

static bool load_kernel(struct build *b, const char *path)
{
    static const char what[] = "the kernel's file can't be read";
    unsigned char image[XD_KERNEL_PAGES * XD_PAGE_SIZE] = {0}, *file;
    FILE *f = fopen(path, "rb");
    const Elf64_Phdr *ph;
    Elf64_Ehdr eh;
    bool ok;
    size_t n;

    if (!f)
        return refused(b->x, b->domid, what, -1);
    file = calloc(1, 1u << 20);
    n = file ? fread(file, 1, 1u << 20, f) : 0;
    fclose(f);
    ok = n > sizeof(eh);
    if (ok)
        memcpy(&eh, file, sizeof(eh));
    for (unsigned int i = 0; ok && i < eh.e_phnum; i++) {
        ph = (const void *)(file + eh.e_phoff + i * sizeof(*ph));
        if (ph->p_type != PT_LOAD)
            continue;
        ok = ph->p_offset + ph->p_filesz <= n && ph->p_paddr + ph->p_memsz <= sizeof(image);
        if (ok)
            memcpy(image + ph->p_paddr, file + ph->p_offset, ph->p_filesz);
    }
    for (uint64_t pfn = 0; ok && pfn < XD_KERNEL_PAGES; pfn++)
        memcpy(page(b, pfn), image + pfn * XD_PAGE_SIZE, XD_PAGE_SIZE);
    free(file);
    return ok || refused(b->x, b->domid, what, -1);
}

static void map(struct build *b, uint64_t next[4], uint64_t va, uint64_t pfn, bool writable)
{
    uint64_t *table = (void *)page(b, b->l.pt_pfn);

    for (unsigned int level = 4; level > 1; level--) {
        uint64_t *e = &table[xd_pt_slot(va, level)];

        if (!*e)
            *e = xd_pte_make(xd_mfn_of(b->mfn[next[level - 1]++]), TABLE_FLAGS);
        table = (void *)(b->x->ram + (*e & XD_PTE_MFN));
    }
    table[xd_pt_slot(va, 1)] =
        xd_pte_make(xd_mfn_of(b->mfn[pfn]), XD_PTE_P | XD_PTE_A | (writable ? XD_PTE_RW : 0));
}

static void make_tables(struct build *b)
{
    const struct xd_start *s = &b->l.start;
    uint64_t pt = b->l.pt_pfn, next[4];

    next[3] = pt + 1;
    next[2] = next[3] + xd_layout_tables(s->virt_base, s->virt_end, 3);
    next[1] = next[2] + xd_layout_tables(s->virt_base, s->virt_end, 2);
    for (uint64_t pfn = 0; pfn < s->mapped_pages; pfn++)
        map(b, next, s->virt_base + pfn * XD_PAGE_SIZE, pfn, pfn < pt || pfn >= pt + s->pt_frames);
}

bool xd_toolstack_open_port(struct xd_xen *x, uint32_t domid, uint32_t *port)
{
    struct evtchn_alloc_unbound a = {.dom = (domid_t)domid, .remote_dom = 0};
    int64_t rc = xd_xen_call(x, DOM0, __HYPERVISOR_event_channel_op,
                             (uint64_t[6]){EVTCHNOP_alloc_unbound}, 1, &a, sizeof(a));

    *port = a.port;
    return rc == 0 || refused(x, domid, "alloc_unbound", rc);
}

static bool make_infos(struct build *b)
{
    struct xen_domctl op = {.cmd = XEN_DOMCTL_getdomaininfo};
    struct xd_start *s = &b->l.start;
    struct shared_info *shared;
    struct start_info si;

    if (!domctl(b, "getdomaininfo", &op) ||
        !xd_toolstack_open_port(b->x, b->domid, &s->store_port) ||
        !xd_toolstack_open_port(b->x, b->domid, &s->console_port))
        return false;
    s->shared_info_mfn = op.u.getdomaininfo.shared_info_frame;
    s->cr3_mfn = b->mfn[b->l.pt_pfn];
    shared = (void *)(b->x->ram + s->shared_info_mfn * XD_PAGE_SIZE);
    for (unsigned int i = 0; i < XEN_LEGACY_MAX_VCPUS; i++)
        shared->vcpu_info[i].evtchn_upcall_mask = 1;
    memset(&si, 0, sizeof(si));
    snprintf(si.magic, sizeof(si.magic), "xen-3.0-x86_64");
    si.nr_pages = s->pages;
    si.shared_info = s->shared_info_mfn * XD_PAGE_SIZE;
    si.flags = SIF_VIRT_P2M_4TOOLS;
    si.store_mfn = b->mfn[(s->store_va - s->virt_base) / XD_PAGE_SIZE];
    si.store_evtchn = s->store_port;
    si.console.domU.mfn = b->mfn[(s->console_va - s->virt_base) / XD_PAGE_SIZE];
    si.console.domU.evtchn = s->console_port;
    si.pt_base = s->pt_va;
    si.nr_pt_frames = s->pt_frames;
    si.mfn_list = s->p2m_va;
    if (b->c->command_line)
        snprintf((char *)si.cmd_line, sizeof(si.cmd_line), "%s", b->c->command_line);
    memcpy(page(b, (s->start_info_va - s->virt_base) / XD_PAGE_SIZE), &si, sizeof(si));
    for (uint64_t pfn = 0; pfn < XD_TOOLSTACK_PAGES; pfn++)
        memcpy(page(b, b->l.p2m_pfn + pfn / XD_PT_SLOTS) + pfn % XD_PT_SLOTS * 8, &b->mfn[pfn], 8);
    return true;
}

static bool pin(struct build *b)
{
    struct mmuext_op op = {.cmd = MMUEXT_PIN_L4_TABLE};
    int64_t rc;

    op.arg1.mfn = b->l.start.cr3_mfn;
    rc = xd_xen_call(b->x, DOM0, __HYPERVISOR_mmuext_op, (uint64_t[6]){0, 1, 0, b->domid}, 0, &op,
                     sizeof(op));
    return rc == 0 || refused(b->x, b->domid, "PIN_L4_TABLE", rc);
}

/* The pages for arguments that are longer than a mailbox has room for. */
static void fill_room(struct build *b, const unsigned char *bytes)
{
    for (unsigned int i = 0; i < 2; i++) {
        unsigned char *at = xd_xen_at(b->x, b->x->xen_cr3, b->room_va + i * XD_PAGE_SIZE, XD_PTE_P);

        if (bytes)
            memcpy(at, bytes + i * XD_PAGE_SIZE, XD_PAGE_SIZE);
        else
            memset(at, 0, XD_PAGE_SIZE);
    }
}

/* What a vCPU begins with, at (room_va); (online): nothing more is needed. */
static void make_context(struct build *b, uint32_t id, bool online)
{
    const struct xd_start *s = &b->l.start;
    union {
        struct vcpu_guest_context c;
        unsigned char bytes[2 * XD_PAGE_SIZE];
    } ctx;

    memset(&ctx, 0, sizeof(ctx));
    ctx.c.flags = VGCF_in_kernel | (online ? VGCF_online : 0);
    ctx.c.user_regs.rip = s->kernel_va;
    ctx.c.user_regs.rsp = ctx.c.kernel_sp = s->stack_va + XD_PAGE_SIZE;
    ctx.c.user_regs.rsi = online ? s->start_info_va : 0;
    ctx.c.user_regs.rdi = id;
    ctx.c.user_regs.rflags = 0x200;
    ctx.c.user_regs.cs = 0xe033;
    ctx.c.user_regs.ss = ctx.c.kernel_ss = 0xe02b;
    ctx.c.ctrlreg[3] = s->cr3_mfn * XD_PAGE_SIZE;
    fill_room(b, ctx.bytes);
}

static bool start_vcpu(struct build *b, uint32_t id)
{
    struct xen_domctl op = {.cmd = XEN_DOMCTL_setvcpucontext};

    make_context(b, id, true);
    op.u.vcpucontext.vcpu = id;
    set_xen_guest_handle(op.u.vcpucontext.ctxt, (struct vcpu_guest_context *)b->room_va);
    return domctl(b, "setvcpucontext", &op);
}

/* A vCPU that waits takes its processor all the time, so each needs its own. */
static bool pin_vcpu(struct build *b, uint32_t id)
{
    struct {
        struct xen_domctl op;
        uint64_t cpus;
    } a = {.op = {.cmd = XEN_DOMCTL_setvcpuaffinity}, .cpus = UINT64_C(1) << (b->cpu + id)};
    struct xen_domctl_vcpuaffinity *af = &a.op.u.vcpuaffinity;
    int64_t rc;

    af->vcpu = id;
    af->flags = XEN_VCPUAFFINITY_HARD;
    af->cpumap_hard.nr_bits = 64;
    set_xen_guest_handle(af->cpumap_hard.bitmap,
                         (uint8_t *)(b->x->guest[DOM0].mail_va +
                                     offsetof(struct xd_mailbox, scratch) + sizeof(a.op)));
    a.op.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    a.op.domain = (domid_t)b->domid;
    rc = xd_xen_call(b->x, DOM0, __HYPERVISOR_domctl, (uint64_t[6]){0}, 0, &a, sizeof(a));
    return rc == 0 || refused(b->x, b->domid, "setvcpuaffinity", rc);
}

static bool start_domain(struct build *b)
{
    struct xen_domctl op = {.cmd = XEN_DOMCTL_hypercall_init},
                      go = {.cmd = XEN_DOMCTL_unpausedomain};

    op.u.hypercall_init.gmfn = b->mfn[1];
    if (!domctl(b, "hypercall_init", &op))
        return false;
    for (uint32_t id = 0; id < b->c->vcpus_online; id++)
        if (!start_vcpu(b, id) || !pin_vcpu(b, id))
            return false;
    return domctl(b, "unpausedomain", &go);
}

/* The kernel is the same as dom0's, so its mailboxes lie at the same addresses. */
static bool wait_for_mailbox(struct build *b, uint32_t id)
{
    struct xd_xen_guest *g = &b->x->guest[xd_xen_guest(b->domid, id)];
    uint64_t va = b->x->guest[DOM0].mail_va + id * XD_PAGE_SIZE;
    uint64_t in = va - b->l.start.virt_base;
    volatile struct xd_mailbox *m = (volatile void *)(page(b, in / XD_PAGE_SIZE));

    for (unsigned int i = 0; i < 5000; i++) {
        if (m->magic[1] == XD_MAIL_MAGIC1) {
            *g = (struct xd_xen_guest){.mail = m, .mail_va = va};
            return true;
        }
        nanosleep(&(struct timespec){0, SECOND_NS / 1000}, NULL);
    }
    return refused(b->x, b->domid, "its kernel does not run", 0);
}

bool xd_toolstack_build(struct xd_xen *x, uint32_t domid, uint32_t cpu,
                        const struct xd_domain_config *config, const char *path, uint64_t room_va,
                        struct xd_start *start, uint64_t *mfn)
{
    struct xd_domain_config c = XD_DOMAIN_CONFIG_DEFAULT;
    struct build b = {
        .x = x, .domid = domid, .cpu = cpu, .c = config, .mfn = mfn, .room_va = room_va};
    const char *wrong;

    c.domid = domid;
    c.pages = XD_TOOLSTACK_PAGES;
    c.kernel_pages = XD_KERNEL_PAGES;
    wrong = xd_layout(&c, &b.l);
    if (wrong)
        return refused(x, domid, wrong, 0);
    if (!create(&b) || !give_rights(&b) || !populate(&b, XD_TOOLSTACK_PAGES) ||
        !load_kernel(&b, path))
        return false;
    make_tables(&b);
    if (!make_infos(&b) || !pin(&b) || !start_domain(&b))
        return false;
    for (uint32_t id = 0; id < config->vcpus_online; id++)
        if (!wait_for_mailbox(&b, id))
            return false;
    fill_room(&b, NULL);
    *start = b.l.start;
    return true;
}

static bool vcpu_op(struct build *b, uint64_t cmd, uint32_t id, uint64_t arg, const char *what)
{
    int64_t rc =
        xd_xen_call(b->x, DOM0, __HYPERVISOR_vcpu_op, (uint64_t[6]){cmd, id, arg}, 0, NULL, 0);

    return rc == 0 || refused(b->x, b->domid, what, rc);
}

/* Nobody may give a vCPU of one's own domain a context by domctl. */
bool xd_toolstack_start_dom0(struct xd_xen *x, uint32_t id, uint32_t cpu,
                             const struct xd_start *start, uint64_t *mfn)
{
    struct build b = {.x = x, .cpu = cpu - id, .l.start = *start, .mfn = mfn};
    bool ok;

    b.room_va = start->padding_va;
    make_context(&b, id, false);
    ok = pin_vcpu(&b, id) && vcpu_op(&b, VCPUOP_initialise, id, b.room_va, "VCPUOP_initialise") &&
         vcpu_op(&b, VCPUOP_up, id, 0, "VCPUOP_up") && wait_for_mailbox(&b, id);
    fill_room(&b, NULL);
    return ok;
}

bool xd_toolstack_destroy(struct xd_xen *x, uint32_t domid)
{
    struct xen_domctl op;
    int64_t rc = -1;

    for (unsigned int id = 0; domid < XD_XEN_DOMAINS && id < XD_MAIL_VCPUS; id++)
        x->guest[xd_xen_guest(domid, id)] = (struct xd_xen_guest){0};
    for (unsigned int i = 0; i < 3000 && !x->dead; i++) {
        memset(&op, 0, sizeof(op));
        op.cmd = XEN_DOMCTL_destroydomain;
        rc = control(x, domid, &op);
        if (rc == -XD_ESRCH) /* it is gone altogether, its number free */
            return true;
        nanosleep(&(struct timespec){0, SECOND_NS / 5000}, NULL);
    }
    return refused(x, domid, "it can't be destroyed", rc);
}

void xd_toolstack_kill(struct xd_xen *x, uint32_t domid)
{
    struct xen_domctl op = {.cmd = XEN_DOMCTL_destroydomain};

    for (unsigned int id = 0; id < XD_MAIL_VCPUS; id++)
        x->guest[xd_xen_guest(domid, id)].dead = true;
    control(x, domid, &op);
    for (unsigned int i = 0; i < GONE_TRIES && !x->dead; i++) {
        memset(&op, 0, sizeof(op));
        op.cmd = XEN_DOMCTL_destroydomain;
        if (control(x, domid, &op) == -XD_ESRCH)
            return;
        nanosleep(&(struct timespec){0, SECOND_NS / 1000}, NULL);
    }
}

bool xd_toolstack_ended(struct xd_xen *x, unsigned int g, uint8_t *reason)
{
    struct xen_domctl op = {.cmd = XEN_DOMCTL_getdomaininfo};

    if (control(x, g / XD_MAIL_VCPUS, &op) != 0 ||
        !(op.u.getdomaininfo.flags & XEN_DOMINF_shutdown))
        return false;
    *reason =
        (uint8_t)(op.u.getdomaininfo.flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask);
    return true;
}

bool xd_toolstack_waits(struct xd_xen *x, unsigned int g)
{
    struct xen_domctl op = {.cmd = XEN_DOMCTL_getvcpuinfo};

    op.u.getvcpuinfo.vcpu = g % XD_MAIL_VCPUS;
    /* One that still runs is on its way to sleep, or finds that it need not. */
    return control(x, g / XD_MAIL_VCPUS, &op) == 0 &&
           (op.u.getvcpuinfo.blocked || !op.u.getvcpuinfo.online) && !op.u.getvcpuinfo.running;
}

void xd_toolstack_unpause(struct xd_xen *x, uint32_t domid)
{
    struct xen_domctl op = {.cmd = XEN_DOMCTL_unpausedomain};

    control(x, domid, &op);
}

bool xd_toolstack_wake(struct xd_xen *x, unsigned int g)
{
    struct xen_domctl op = {.cmd = XEN_DOMCTL_sendtrigger};

    op.u.sendtrigger.trigger = XEN_DOMCTL_SENDTRIGGER_NMI;
    op.u.sendtrigger.vcpu = g % XD_MAIL_VCPUS;
    return control(x, g / XD_MAIL_VCPUS, &op) == 0;
}

bool xd_toolstack_scatter(struct xd_xen *x)
{
    struct xd_domain_config c = XD_DOMAIN_CONFIG_DEFAULT;
    uint64_t mfn[HOLDER_PAGES];
    struct build b = {.x = x, .domid = HOLDER, .c = &c, .mfn = mfn};
    struct frames a;
    unsigned int nr = 0;

    c.pages_max = c.pages;
    if (!xd_toolstack_destroy(x, HOLDER) || !create(&b) || !populate(&b, HOLDER_PAGES))
        return false;
    for (unsigned int i = 0; i + 1 < HOLDER_PAGES; i++) {
        if ((mfn[i] ^ mfn[i + 1]) != 1)
            continue;
        a.extent[nr++] = mfn[i++];
        if (nr == BATCH && memory(&b, XENMEM_decrease_reservation, &a, nr) != BATCH)
            return refused(x, HOLDER, "decrease_reservation", nr);
        nr %= BATCH;
    }
    return true;
}
