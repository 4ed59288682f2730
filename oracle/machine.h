/* SPDX-License-Identifier: MIT */
/*
 * machine.h: the real machine that many programs run on, one after the other, each from the same start.
 *
 * Between programs each domain undoes what was done to it by ordinary hypercalls; then everything that can be seen is
 * compared with the start, and where plain memory differs it is written.  A domain that does not come back is built again, and for dom0 the machine boots again.
 */
#ifndef XD_ORACLE_MACHINE_H
#define XD_ORACLE_MACHINE_H

#include "toolstack.h"

#include "hv/pte.h"

#define XD_PORTS_SEEN      4096u /* all that 2-level events can have, and programs come to */
#define XD_WORDS_START     64u   /* tables of a start of day that are looked after */
#define XD_DEBUG_REGISTERS 8u

struct xd_real_port {
    uint64_t word[3]; /* an evtchn_status; all zeros: closed, or never there */
};

/* A domain of the real machine as it started. */
struct xd_real_guest {
    bool there;
    bool back; /* and as it was at its start */
    struct xd_domain_config config;
    struct xd_start start;
    int64_t reservation;
    uint64_t *mfn;              /* by pfn */
    uint64_t tables;            /* frames of its start of day's tables, in pfn order */
    uint64_t *word;             /* their contents */
    struct xd_xen_frame *frame; /* by pfn */
    struct xd_real_port *port;  /* XD_PORTS_SEEN */
    uint64_t ports;             /* the first number that is no valid port: it never falls */
    uint64_t debug[XD_MAIL_VCPUS][XD_DEBUG_REGISTERS];
    unsigned char *memory;          /* contents of all its pages, by pfn */
    unsigned char info[4096];       /* its shared_info */
    struct xd_xen_frame info_frame; /* and what Xen knows of that frame */
};

struct xd_machine {
    struct xd_xen_config config;
    struct xd_xen xen;
    /* By processors and dom0's vCPUs: how often it was booted, and as it was when that was done a second time. */
    struct {
        uint64_t boots;
        struct xd_xen_saved saved;
    } booted[XD_XEN_GUESTS + 1][XD_MAIL_VCPUS + 1];
    bool unsaved; /* QEMU can't do that */
    bool up;
    uint32_t frames; /* as Xen counts them */
    struct xd_real_guest guest[XD_XEN_DOMAINS];
    uint64_t boots, rebuilds;
    unsigned int gave_back; /* programs with memory_op since the heap was arranged */
    const char *
        spent[XD_XEN_DOMAINS]; /* it did what nobody can undo or see: lasting.c; NULL: it did not */
    bool nmi[XD_XEN_DOMAINS];  /* a program gave it a callback for NMIs */
    bool used[64];             /* hypercalls made since the start; a multicall counts as all */
    uint8_t paused[XD_XEN_DOMAINS]; /* how often dom0 paused it: its kernel gives no answer */
    bool suspended[XD_XEN_DOMAINS]; /* one suspended it: the same, until dom0 resumes it */
    bool typed;                     /* on the console; typed.c: */
    unsigned char *ring;            /* where Xen keeps that; NULL: not known yet */
    bool settled;                   /* what programs did is undone: */
    bool lost;                      /* but not all of it */
    char reason[256];               /* why the last boot or rebuilding was needed */
};

/*
 * Makes the machine ready for a program that needs the domains want[domid] (NULL: does not matter; dom0 is always there),
 * of which what xd_toolstack_build looks at counts. (one): all vCPUs share one processor; no domain has two that are online. False:
 * m->xen.error says why it can't be.
 */
bool xd_machine_ready(struct xd_machine *m,
                      const struct xd_domain_config *const want[XD_XEN_DOMAINS], bool one);
/* Undoes what the last program did. The next xd_machine_ready would; it may as well be done while nobody waits. */
void xd_machine_settle(struct xd_machine *m);
void xd_machine_end(struct xd_machine *m);

/* The statuses of domain (nr)'s ports 0..XD_PORTS_SEEN-1, and how many are (valid). False: it gives no answer. */
bool xd_machine_ports(struct xd_machine *m, unsigned int nr, struct xd_real_port *port,
                      uint64_t *valid);

/* ---- lasting.c ---- */

/*
 * A program's call (nr) by domain (domid), told by its command (cmd), resulted in (rc). If it changed something in Xen that can't be changed back, or
 * that nobody can see, the domain is spent, or all of them are.
 */
void xd_machine_note(struct xd_machine *m, unsigned int domid, uint64_t nr, uint64_t cmd,
                     int64_t rc);
/* Did a sysctl that begins with these words change nothing that xd_machine_note would need to know of? Of its commands. */
#define XD_SYSCTL_WORDS 5u
bool xd_machine_only_told(const uint32_t sysctl[XD_SYSCTL_WORDS]);
/* The results of a list of calls that domain (domid) made can't be read any more. */
void xd_machine_note_lost(struct xd_machine *m, unsigned int domid);

/* ---- typed.c ---- */

/* If a program typed on the console: nothing waits there any more, and the next byte begins Xen's ring. False: it failed. */
bool xd_machine_empty_console(struct xd_machine *m);

/* ---- undo.c, and what both parts use ---- */

/* Each living domain undoes what programs did to it. */
void xd_machine_undo(struct xd_machine *m);

static inline uint64_t *xd_machine_words(struct xd_machine *m, uint64_t mfn)
{
    return (uint64_t *)(void *)(m->xen.ram + mfn * XD_PAGE_SIZE);
}

static inline uint64_t xd_first_table(const struct xd_real_guest *g)
{
    return (g->start.pt_va - g->start.virt_base) / XD_PAGE_SIZE;
}

/* Does domain (nr) stand still, so that its kernel can't be asked? */
static inline bool xd_machine_still(const struct xd_machine *m, unsigned int nr)
{
    return m->paused[nr] || m->suspended[nr];
}

/* Was hypercall (nr) made since the start? It may have been in any multicall (13). */
static inline bool xd_machine_used(const struct xd_machine *m, unsigned int nr)
{
    return m->used[nr] || m->used[13];
}

/* An entry of a table of the start as far as it can be told from another: not by what hardware and Xen write. */
static inline uint64_t xd_start_entry(uint64_t value, bool l4, unsigned int slot)
{
    if (l4 && slot >= XD_L4_XEN_FIRST && slot < XD_L4_XEN_END)
        return 0;
    return value & XD_PTE_P ? value & ~(XD_PTE_A | XD_PTE_D) : value;
}

#endif
