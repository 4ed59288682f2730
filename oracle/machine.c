/* SPDX-License-Identifier: MIT */
/* machine.c: see machine.h. */
#include "machine.h"
#include "resume.h"
#include "wait.h"

#include "abi/guest64.h"
#include "hv/pte.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HC_MEMORY_OP         12u
#define MEM_MAXIMUM_RAM_PAGE 2u
#define MEM_CURRENT          3u
#define HC_SET_DEBUGREG      8u
#define HC_GET_DEBUGREG      9u
#define HC_XEN_VERSION       17u
#define XEN_4_17             (4 << 16 | 17)
#define DOMID_SELF           0x7ff0u
#define RECORD_COUNT_MAX     4096u /* references to a page of dom0's after it was built: fewer */
#define GAVE_BACK_MAX        20u /* programs that gave frames back, before the heap is arranged anew */

static bool differs(struct xd_machine *m, const char *fmt, ...) XD_PRINTF(2, 3);

/* The machine is not as it was at the start, because ... Always false. */
static bool differs(struct xd_machine *m, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(m->reason, sizeof(m->reason), fmt, ap);
    va_end(ap);
    return false;
}

static int64_t reservation(struct xd_machine *m, unsigned int nr)
{
    uint16_t self[4] = {DOMID_SELF};

    return xd_xen_call(&m->xen, xd_xen_guest(nr, 0), HC_MEMORY_OP, (uint64_t[6]){MEM_CURRENT}, 1,
                       self, sizeof(self));
}

bool xd_machine_ports(struct xd_machine *m, unsigned int nr, struct xd_real_port *port,
                      uint64_t *valid)
{
    bool waits = m->xen.guest[xd_xen_guest(nr, 0)].waits ||
                 m->xen.guest[xd_xen_guest(nr, 0)].down ||
                 xd_machine_still(m, nr); /* dom0 is asked */
    unsigned int g = waits ? 0 : xd_xen_guest(nr, 0);
    volatile struct xd_mailbox *mail = m->xen.guest[g].mail;

    memset(port, 0, XD_PORTS_SEEN * sizeof(*port));
    *valid = XD_PORTS_SEEN;
    xd_xen_flush(&m->xen, g);
    for (mail->nr = 0; mail->nr < XD_PORTS_SEEN; mail->nr = mail->result) {
        mail->op = XD_MAIL_PORTS;
        mail->value = waits ? nr : DOMID_SELF;
        if (!xd_xen_ask(&m->xen, g))
            return false;
        for (unsigned int i = 0; i < mail->size && i < XD_MAIL_PORTS_MAX; i++) {
            uint64_t at = mail->ports[i].word[0] >> 32;

            if (at < XD_PORTS_SEEN)
                memcpy(&port[at], (const void *)(uintptr_t)&mail->ports[i], sizeof(*port));
        }
        if (mail->result == XD_MAIL_PORTS_END)
            *valid = mail->value;
    }
    return true;
}

/* ---- The start, and whether the machine is there again ---- */

static void frame_now(struct xd_machine *m, uint64_t mfn, struct xd_xen_frame *f)
{
    xd_xen_frame_at(&m->xen, mfn, f);
    f->validated = false;
    if (!f->type_count)
        f->type = 0;
}

/* The address of the last page fault, which the kernel may have met on its way: the double's guests have met none. */
static void forget_faults(struct xd_machine *m, const struct xd_real_guest *g)
{
    struct xd_abi_vcpu_info *v = (void *)xd_machine_words(m, g->start.shared_info_mfn);

    for (unsigned int id = 0; id < XD_MAIL_VCPUS; id++)
        v[id].cr2 = 0;
}

static void debug_registers(struct xd_machine *m, unsigned int nr,
                            uint64_t value[XD_MAIL_VCPUS][XD_DEBUG_REGISTERS])
{
    memset(value, 0, XD_MAIL_VCPUS * sizeof(*value));
    for (uint32_t id = 0; id < m->guest[nr].config.vcpus_online; id++)
        for (unsigned int reg = 0; reg < XD_DEBUG_REGISTERS; reg++)
            value[id][reg] = (uint64_t)xd_xen_call(&m->xen, xd_xen_guest(nr, id), HC_GET_DEBUGREG,
                                                   (uint64_t[6]){reg}, 0, NULL, 0);
}

static void remember(struct xd_machine *m, unsigned int nr)
{
    struct xd_real_guest *g = &m->guest[nr];

    g->there = g->back = true;
    m->spent[nr] = NULL;
    m->nmi[nr] = false;
    g->reservation = reservation(m, nr);
    g->tables = g->start.pt_frames < XD_WORDS_START ? g->start.pt_frames : XD_WORDS_START;
    g->word = xd_realloc(g->word, g->tables * XD_PAGE_SIZE);
    g->frame = xd_realloc(g->frame, g->start.pages * sizeof(*g->frame));
    g->memory = xd_realloc(g->memory, g->start.pages * XD_PAGE_SIZE);
    g->port = xd_realloc(g->port, XD_PORTS_SEEN * sizeof(*g->port));
    for (uint64_t i = 0; i < g->tables; i++)
        memcpy(g->word + i * XD_PT_SLOTS, xd_machine_words(m, g->mfn[xd_first_table(g) + i]),
               XD_PAGE_SIZE);
    for (uint64_t pfn = 0; pfn < g->start.pages; pfn++)
        frame_now(m, g->mfn[pfn], &g->frame[pfn]);
    for (uint64_t pfn = 0; pfn < g->start.pages; pfn++)
        memcpy(g->memory + pfn * XD_PAGE_SIZE, xd_machine_words(m, g->mfn[pfn]), XD_PAGE_SIZE);
    xd_machine_ports(m, nr, g->port, &g->ports);
    debug_registers(m, nr, g->debug);
    forget_faults(m, g);
    memcpy(g->info, xd_machine_words(m, g->start.shared_info_mfn), XD_PAGE_SIZE);
    frame_now(m, g->start.shared_info_mfn, &g->info_frame);
}

static bool same_frame(const struct xd_xen_frame *a, const struct xd_xen_frame *b)
{
    return a->count == b->count && a->type_count == b->type_count && a->type == b->type &&
           a->owner == b->owner && a->allocated == b->allocated && a->pinned == b->pinned &&
           a->partial == b->partial && a->linear == b->linear;
}

/*
 * All of the domain's memory but its tables and what its kernel writes to. Every frame has been found to be what it was at
 * the start, so these are plain pages, and what a hypercall would write into them is written from here.
 */
static void restore_memory(struct xd_machine *m, unsigned int nr)
{
    const struct xd_real_guest *g = &m->guest[nr];

    for (uint64_t pfn = 0; pfn < g->start.pages; pfn++) {
        void *now = xd_machine_words(m, g->mfn[pfn]);
        const void *then = g->memory + pfn * XD_PAGE_SIZE;
        bool table = pfn >= xd_first_table(g) && pfn < xd_first_table(g) + g->tables,
             kernels = pfn >= XD_KERNEL_OWN_FIRST && pfn < XD_KERNEL_OWN_END;

        if (!table && !kernels && memcmp(now, then, XD_PAGE_SIZE))
            memcpy(now, then, XD_PAGE_SIZE);
    }
}

/* What no frame and no port shows, and a call tells. */
static bool same_registers(struct xd_machine *m, unsigned int nr)
{
    uint64_t debug[XD_MAIL_VCPUS][XD_DEBUG_REGISTERS];

    for (uint32_t id = 0; id < m->guest[nr].config.vcpus_online; id++) {
        const struct xd_xen_guest *g = &m->xen.guest[xd_xen_guest(nr, id)];

        if (g->surprised)
            return differs(m,
                           "hypercall %u, by which vCPU %u of domain %u goes back, resulted in %ld",
                           (unsigned int)g->unexpected.nr, id, nr, (long)g->unexpected.result);
    }
    if (!xd_machine_used(m, HC_SET_DEBUGREG))
        return true;
    debug_registers(m, nr, debug);
    return !memcmp(debug, m->guest[nr].debug, sizeof(debug)) ||
           differs(m, "debug registers of domain %u are not as they were", nr);
}

static bool same_start(struct xd_machine *m, unsigned int nr)
{
    static struct xd_real_port port[XD_PORTS_SEEN];
    const struct xd_real_guest *g = &m->guest[nr];
    struct xd_xen_frame f;
    uint64_t ports;

    if (m->spent[nr])
        return differs(m, "domain %u has %s", nr, m->spent[nr]);
    for (uint32_t id = 0; id < g->config.vcpus_online; id++)
        if (m->xen.guest[xd_xen_guest(nr, id)].dead)
            return differs(m, "vCPU %u of domain %u gives no answer", id, nr);
    if (!xd_machine_ports(m, nr, port, &ports))
        return differs(m, "domain %u gives no answer", nr);
    if (ports != g->ports)
        return differs(m, "domain %u has %" PRIu64 " valid ports, at the start %" PRIu64, nr, ports,
                       g->ports);
    if (!same_registers(m, nr))
        return false;
    for (uint32_t id = 0; id < g->config.vcpus_online; id++)
        if ((m->xen.guest[xd_xen_guest(nr, id)].mail->cr3 & XD_PTE_MFN) !=
            g->start.cr3_mfn * XD_PAGE_SIZE)
            return differs(m, "vCPU %u of domain %u has another base pointer", id, nr);
    for (uint64_t pfn = 0; pfn < g->start.pages; pfn++) {
        const struct xd_xen_frame *s = &g->frame[pfn];

        frame_now(m, g->mfn[pfn], &f);
        if (!same_frame(&f, s))
            return differs(
                m,
                "pfn %" PRIu64 " of domain %u has %" PRIu64 " references, type %u x %" PRIu64
                "%s%s, owner %u, linear %d; at the start %" PRIu64 ", type %u x %" PRIu64,
                pfn, nr, f.count, f.type, f.type_count, f.pinned ? ", pinned" : "",
                f.partial ? ", half validated" : "", f.owner, f.linear, s->count, s->type,
                s->type_count);
    }
    for (uint64_t i = 0; i < g->tables * XD_PT_SLOTS; i++) {
        uint64_t pfn = xd_first_table(g) + i / XD_PT_SLOTS,
                 now = xd_machine_words(m, g->mfn[pfn])[i % XD_PT_SLOTS];
        bool l4 = g->mfn[pfn] == g->start.cr3_mfn;

        if (now != g->word[i] && xd_start_entry(now, l4, i % XD_PT_SLOTS) !=
                                     xd_start_entry(g->word[i], l4, i % XD_PT_SLOTS))
            return differs(m, "entry %u of pfn %" PRIu64 " of domain %u is 0x%" PRIx64,
                           (unsigned int)(i % XD_PT_SLOTS), pfn, nr, now);
    }
    for (unsigned int i = 0; i < XD_PORTS_SEEN; i++)
        if (memcmp(&port[i], &g->port[i], sizeof(*port)))
            return differs(
                m,
                "port %u of domain %u is 0x%" PRIx64 " 0x%" PRIx64 ", not 0x%" PRIx64 " 0x%" PRIx64,
                i, nr, port[i].word[1], port[i].word[2], g->port[i].word[1], g->port[i].word[2]);
    for (uint64_t pfn = 0; pfn < g->start.pages; pfn++)
        if (xd_xen_m2p(&m->xen, g->mfn[pfn]) != pfn)
            return differs(m, "the M2P entry of pfn %" PRIu64 " of domain %u is another", pfn, nr);
    if (xd_xen_m2p(&m->xen, g->start.shared_info_mfn) != ~UINT64_C(0))
        return differs(m, "the M2P entry of shared_info of domain %u is another", nr);
    frame_now(m, g->start.shared_info_mfn, &f);
    if (!same_frame(&f, &g->info_frame))
        return differs(m,
                       "shared_info of domain %u has %" PRIu64 " references, at the start %" PRIu64,
                       nr, f.count, g->info_frame.count);
    if (xd_machine_used(m, HC_MEMORY_OP) && reservation(m, nr) != g->reservation)
        return differs(m, "domain %u has %ld frames", nr, (long)reservation(m, nr));
    restore_memory(m, nr);
    m->nmi[nr] = false; /* no more: what unregisters it was granted */
    return true;
}

/* ---- Boots ---- */

static uint64_t word_at(struct xd_xen *x, uint64_t va)
{
    const unsigned char *p = xd_xen_at(x, x->xen_cr3, va, XD_PTE_P);
    uint64_t w = 0;

    if (p)
        memcpy(&w, p, 8);
    return w;
}

/* What Xen's builder laid out for dom0, by its start_info. */
static void see_dom0(struct xd_machine *m)
{
    struct xd_xen *x = &m->xen;
    struct xd_real_guest *g = &m->guest[0];
    struct xd_start *s = &g->start;
    uint64_t si = x->guest[0].mail->start_info_va;

    *s = (struct xd_start){.virt_base = UINT64_C(0xffffffff80000000), .start_info_va = si};
    s->kernel_va = s->virt_base;
    s->hypercall_page_va = s->virt_base + XD_PAGE_SIZE;
    s->pages = word_at(x, si + 32);
    s->shared_info_mfn = word_at(x, si + 40) / XD_PAGE_SIZE;
    s->pt_va = word_at(x, si + 88);
    s->pt_frames = word_at(x, si + 96);
    s->p2m_va = word_at(x, si + 104);
    s->mod_start = word_at(x, si + 112);
    s->mod_len = word_at(x, si + 120);
    s->padding_va = x->guest[0].mail->stack_va;
    s->stack_va = s->padding_va - XD_PAGE_SIZE;
    for (s->virt_end = s->padding_va; xd_xen_at(x, x->xen_cr3, s->virt_end, XD_PTE_P);)
        s->virt_end += XD_PAGE_SIZE;
    s->mapped_pages = (s->virt_end - s->virt_base) / XD_PAGE_SIZE;
    s->first_free_pfn = s->mapped_pages;
    s->cr3_mfn = x->xen_cr3 / XD_PAGE_SIZE;
    g->mfn = xd_realloc(g->mfn, s->pages * sizeof(*g->mfn));
    for (uint64_t pfn = 0; pfn < s->pages; pfn++)
        g->mfn[pfn] = word_at(x, s->p2m_va + pfn * 8);
    for (uint64_t pfn = (s->padding_va - s->virt_base) / XD_PAGE_SIZE; pfn < s->pages; pfn++)
        memset(xd_machine_words(m, g->mfn[pfn]), 0, XD_PAGE_SIZE);
}

static int64_t version(struct xd_machine *m)
{
    return xd_xen_call(&m->xen, xd_xen_guest(0, 0), HC_XEN_VERSION, (uint64_t[6]){0}, 0, NULL, 0);
}

/* Where Xen's records lie, and what is in them, is another thing in each version. */
static bool known_version(struct xd_machine *m)
{
    int64_t is = version(m);

    if (is == XEN_4_17)
        return true;
    snprintf(m->xen.error, sizeof(m->xen.error),
             "%s is Xen %u.%u; the oracle knows the frame table of 4.17 only", m->config.xen,
             (unsigned int)(is >> 16), (unsigned int)(is & 0xffff));
    return false;
}

/* A 4.17 that was configured in another way (CONFIG_BIGMEM) has other records: those of dom0's pages would say nonsense. */
static bool known_records(struct xd_machine *m)
{
    const struct xd_real_guest *g = &m->guest[0];
    struct xd_xen_frame f;

    for (uint64_t pfn = 0; pfn < g->start.pages; pfn++) {
        xd_xen_frame_at(&m->xen, g->mfn[pfn], &f);
        if (f.owner == 0 && f.allocated && f.count > 0 && f.count < RECORD_COUNT_MAX)
            continue;
        snprintf(m->xen.error, sizeof(m->xen.error),
                 "%s has records of frames that are not those of Debian's 4.17: pfn %" PRIu64
                 " of dom0 has owner %d and %" PRIu64 " references",
                 m->config.xen, pfn, (int)f.owner, (uint64_t)f.count);
        return false;
    }
    return true;
}

/* Who boots a second time will do so again: from then on machines go on from where that one was. */
static bool boot_xen(struct xd_machine *m)
{
    const uint32_t cpus = m->config.cpus, vcpus = m->config.dom0_vcpus;
    struct xd_xen_saved *saved = &m->booted[cpus][vcpus].saved;

    if (!m->booted[cpus][vcpus].boots++ || m->unsaved)
        return xd_xen_boot(&m->xen, &m->config);
    if (!saved->there) {
        if (!xd_xen_boot(&m->xen, &m->config))
            return false;
        if (xd_xen_save(&m->xen, saved))
            xd_xen_end(&m->xen);
    }
    if (saved->there && xd_xen_restore(&m->xen, &m->config, saved)) {
        if (version(m) >= 0)
            return true;
        snprintf(m->xen.error, sizeof(m->xen.error), "Xen gives no answer behind that");
    }
    fprintf(
        stderr,
        "warning: a machine can't be saved and loaded, so Xen boots each time, which is slower: %s\n",
        m->xen.error);
    m->unsaved = true;
    xd_xen_forget(saved);
    xd_xen_end(&m->xen);
    return xd_xen_boot(&m->xen, &m->config);
}

/* dom0's other vCPUs; (one): all share a processor. */
static bool start_others(struct xd_machine *m, uint32_t online, bool one)
{
    struct xd_real_guest *g = &m->guest[0];

    g->config.vcpus = m->config.dom0_vcpus;
    g->config.vcpus_online = online;
    for (uint32_t id = 1; id < online; id++)
        if (!xd_toolstack_start_dom0(&m->xen, id, one ? 0 : id, &g->start, g->mfn))
            return false;
    return true;
}

static bool boot(struct xd_machine *m, uint32_t online, bool one)
{
    if (m->up)
        xd_xen_end(&m->xen);
    m->boots++;
    m->lost = m->typed = false;
    m->ring = NULL;
    m->guest[0].config = (struct xd_domain_config)XD_DOMAIN_CONFIG_DEFAULT;
    for (unsigned int nr = 0; nr < XD_XEN_DOMAINS; nr++)
        m->guest[nr].there = m->guest[nr].back = false;
    m->up = boot_xen(m) && known_version(m);
    if (!m->up) {
        xd_xen_end(&m->xen);
        return false;
    }
    see_dom0(m);
    if (!known_records(m) || !start_others(m, online, one)) {
        xd_xen_end(&m->xen);
        return m->up = false;
    }
    m->frames = (uint32_t)xd_xen_call(&m->xen, xd_xen_guest(0, 0), HC_MEMORY_OP,
                                      (uint64_t[6]){MEM_MAXIMUM_RAM_PAGE}, 0, NULL, 0);
    remember(m, 0);
    return !m->xen.dead;
}

static bool build(struct xd_machine *m, unsigned int nr, uint32_t cpu,
                  const struct xd_domain_config *c)
{
    struct xd_real_guest *g = &m->guest[nr];

    g->mfn = xd_realloc(g->mfn, XD_TOOLSTACK_PAGES * sizeof(*g->mfn));
    g->config = *c;
    if (!xd_toolstack_build(&m->xen, nr, cpu, c, m->config.kernel, m->guest[0].start.padding_va,
                            &g->start, g->mfn))
        return false;
    remember(m, nr);
    return !m->xen.dead;
}

static bool destroy(struct xd_machine *m, unsigned int nr)
{
    m->guest[nr].there = false;
    return xd_toolstack_destroy(&m->xen, nr);
}

static void unpause(struct xd_machine *m)
{
    for (unsigned int nr = 0; nr < XD_XEN_DOMAINS; nr++)
        for (; m->paused[nr]; m->paused[nr]--)
            if (!m->xen.dead)
                xd_toolstack_unpause(&m->xen, nr);
}

void xd_machine_settle(struct xd_machine *m)
{
    if (!m->up || m->settled)
        return;
    m->reason[0] = '\0';
    m->settled = true;
    unpause(m);
    xd_resume_end(m);
    xd_wait_end(m);
    if (!m->xen.dead)
        xd_machine_undo(m);
    for (unsigned int nr = 0; nr < XD_XEN_DOMAINS; nr++)
        m->guest[nr].back = !m->xen.dead && m->guest[nr].there && same_start(m, nr);
    if (m->xen.dead)
        differs(m, "there came no more answers");
    if (!m->xen.dead && !xd_machine_empty_console(m))
        m->guest[0].back = differs(m, "what was typed on the console can't be read away");
    m->lost = !m->guest[0].back;
}

static bool same_vcpus(const struct xd_domain_config *a, const struct xd_domain_config *b)
{
    return a->vcpus == b->vcpus && a->vcpus_online == b->vcpus_online;
}

/* Back at the start, by booting if need be. */
static bool start_again(struct xd_machine *m, uint32_t cpus, const struct xd_domain_config *dom0,
                        bool one)
{
    const struct xd_domain_config *is = &m->guest[0].config;

    xd_machine_settle(m);
    if (m->up && !m->lost && m->config.cpus != cpus)
        m->lost = !differs(m, "%u processors are needed, there are %u", cpus, m->config.cpus);
    if (m->up && !m->lost && !same_vcpus(is, dom0))
        m->lost = !differs(m, "dom0 is to have %u vCPUs, %u of them up, and has %u, %u of them up",
                           dom0->vcpus, dom0->vcpus_online, is->vcpus, is->vcpus_online);
    m->config.cpus = cpus;
    m->config.dom0_vcpus = dom0->vcpus;
    return (m->up && !m->lost) || boot(m, dom0->vcpus_online, one);
}

static bool same_config(const struct xd_domain_config *a, const struct xd_domain_config *b)
{
    return a->port_max == b->port_max && same_vcpus(a, b) &&
           a->pages_max - a->pages == b->pages_max - b->pages && a->ioports == b->ioports &&
           !memcmp(a->iomem, b->iomem, sizeof(a->iomem)) && !a->command_line && !b->command_line;
}

/* Domain (nr), as (want) says, or if that is NULL as it was. */
static bool ready(struct xd_machine *m, unsigned int nr, uint32_t cpu,
                  const struct xd_domain_config *want)
{
    struct xd_real_guest *g = &m->guest[nr];
    struct xd_domain_config c = want ? *want : g->config;
    bool same = g->there && same_config(&g->config, &c);

    if (!want) /* it was another program's */
        c.command_line = NULL;
    if (same && g->back)
        return true;
    m->rebuilds += same;
    return (!g->there || destroy(m, nr)) && build(m, nr, cpu, &c);
}

/*
 * There is a processor for each vCPU, and none left over: an idle one clears freed frames behind everybody's back, which
 * makes it a matter of chance who gets them. So domains that are not wanted stay where they are. Only where (one) processor is asked for they take turns, which is slow.
 */
static bool make_ready(struct xd_machine *m,
                       const struct xd_domain_config *const want[XD_XEN_DOMAINS], bool one)
{
    const struct xd_domain_config plain = XD_DOMAIN_CONFIG_DEFAULT,
                                  *dom0 = want[0] ? want[0] : &plain;
    uint32_t cpu = dom0->vcpus_online, kept = cpu, needed = cpu;
    uint64_t made = m->boots + m->rebuilds;
    bool fits = m->up, renewed = false;

    for (unsigned int nr = 1; nr < XD_XEN_DOMAINS; nr++) {
        const struct xd_real_guest *g = &m->guest[nr];

        kept += want[nr] ? want[nr]->vcpus_online : g->there ? g->config.vcpus_online : 0;
        needed += want[nr] ? want[nr]->vcpus_online : 0;
        fits =
            fits && (!want[nr] || (g->there && g->config.vcpus_online == want[nr]->vcpus_online));
    }
    if (!start_again(m, one ? 1 : fits ? kept : needed, dom0, one))
        return false;
    for (unsigned int nr = 1; nr < XD_XEN_DOMAINS; nr++) {
        if (!want[nr] && !m->guest[nr].there)
            continue;
        renewed = renewed || !m->guest[nr].there;
        if (!ready(m, nr, one ? 0 : cpu, want[nr]))
            return false;
        cpu += m->guest[nr].config.vcpus_online;
    }
    memset(m->used, 0, sizeof(m->used));
    m->settled = false;
    renewed = renewed || m->boots + m->rebuilds != made || m->gave_back > GAVE_BACK_MAX;
    if (renewed)
        m->gave_back = 0;
    return !renewed || xd_toolstack_scatter(&m->xen);
}

bool xd_machine_ready(struct xd_machine *m,
                      const struct xd_domain_config *const want[XD_XEN_DOMAINS], bool one)
{
    char why[sizeof(m->reason)];

    if (make_ready(m, want, one))
        return true;
    if (!m->up) /* it can't be booted */
        return false;
    /* A domain that lost a frame for good can't be destroyed; a new machine has none. */
    snprintf(why, sizeof(why), "%.*s", (int)sizeof(why) - 1, m->xen.error);
    xd_xen_end(&m->xen);
    m->up = false;
    if (!make_ready(m, want, one))
        return false;
    memcpy(m->reason, why, sizeof(why));
    return true;
}

void xd_machine_end(struct xd_machine *m)
{
    if (m->up)
        xd_xen_end(&m->xen);
    m->up = false;
    for (unsigned int cpus = 0; cpus <= XD_XEN_GUESTS; cpus++)
        for (unsigned int vcpus = 0; vcpus <= XD_MAIL_VCPUS; vcpus++)
            xd_xen_forget(&m->booted[cpus][vcpus].saved);
    for (unsigned int nr = 0; nr < XD_XEN_DOMAINS; nr++) {
        free(m->guest[nr].mfn);
        free(m->guest[nr].word);
        free(m->guest[nr].frame);
        free(m->guest[nr].memory);
        free(m->guest[nr].port);
        m->guest[nr] = (struct xd_real_guest){0};
    }
}
