/* SPDX-License-Identifier: MIT */
/*
 * scenario_core.h: the part of <xendouble/scenario.h> that everything there stands on: what a test knows, how it fails, steps, and
 * the memory of linked code. Include that one.
 */
#ifndef XENDOUBLE_SCENARIO_CORE_H
#define XENDOUBLE_SCENARIO_CORE_H

#include <xen/interface/xen.h>
#include <xen/interface/callback.h>
#include <xen/interface/errno.h>
#include <xen/interface/event_channel.h>
#include <xen/interface/memory.h>
#include <xen/interface/nmi.h>
#include <xen/interface/physdev.h>
#include <xen/interface/sched.h>
#include <xen/interface/vcpu.h>
#include <xen/interface/version.h>
#include <xendouble/check.h>
#include <xendouble/oracles.h>

#if !defined(__cplusplus) /* for tests in C */

#include <stdarg.h>
#include <stdio.h>

/* Bits of page-table entries. */
#define SC_P   UINT64_C(0x001)
#define SC_RW  UINT64_C(0x002)
#define SC_US  UINT64_C(0x004)
#define SC_PWT UINT64_C(0x008)
#define SC_PCD UINT64_C(0x010)
#define SC_A   UINT64_C(0x020)
#define SC_D   UINT64_C(0x040)
#define SC_PAT UINT64_C(0x080)
#define SC_PSE UINT64_C(0x080)
#define SC_G   UINT64_C(0x100)
#define SC_AV0 UINT64_C(0x200)
#define SC_AV1 UINT64_C(0x400)
#define SC_AV2 UINT64_C(0x800)
#define SC_GK  (UINT64_C(1) << 52)
#define SC_NX  (UINT64_C(1) << 63)

#define SC_PAGE        UINT64_C(4096)
#define SC_WINDOW      UINT64_C(0x0000008000000000)
#define SC_DONE_PRESET 0xddddddddu /* stands in the done word of a batch until Xen writes it */

struct sc_domain {
    struct xd_domain *d; /* NULL: destroyed */
    struct xd_start start;
    uint32_t id;
    uint64_t *page, pages; /* the free ones' frames */
    uint64_t first_pfn;    /* of page 0 */
    uint64_t window;       /* pages of it */
    uint64_t
        aside; /* where it has room for arguments beside the machine, in a linked one; 0: in its memory */
    uint64_t floor; /* of its room for arguments, as much holds those of lists that sleep */
};

/* An entry of a list that was run. */
struct sc_entry {
    unsigned int why;
    int64_t rc;
};

/* Memory beside the machine, which is all that pointers of linked code reach. Later pieces hide earlier ones. */
struct sc_piece {
    const struct sc_domain *dom; /* whose argument it is; NULL: sc_memory gave it */
    uint64_t va;
    size_t n;
    unsigned char *bytes;
    bool readonly;
};

/* A list of calls that sleeps, and what its vCPU's next call must not lose. */
struct sc_list {
    struct sc_domain *dom;
    struct xd_vcpu *v;
    uint64_t arg[6];
    struct sc_entry *entry;
    unsigned int entries, entry_room;
};

struct sc {
    const char *file; /* the scenario's name, for messages */
    unsigned int line;
    const char *step;
    struct xd_hv *hv;
    struct sc_domain *dom; /* the current vCPU's */
    struct xd_vcpu *v;     /* NULL: its domain is gone */
    uint32_t vcpu;         /* its number */
    uint64_t used;         /* of the domain's room for arguments, above its floor */

    /* The last call, and the entries of the list that it was. */
    int64_t rc;
    unsigned int why;
    uint64_t arg[6];
    struct sc_entry *entry;
    unsigned int entries, entry_room;
    /* The last access. */
    enum xd_access access;
    struct xd_fault fault;
    uint64_t loaded;
    size_t size;             /* of both */
    enum xd_entered entered; /* the last time something entered the guest's kernel */

    char *console; /* written since it was looked at last */
    size_t console_nr;

    bool linked; /* the machine's guests are linked code, with memory beside it */
    struct sc_piece *piece;
    size_t pieces;
    bool given_used; /* by a call: the next one finds nothing that sc_memory gave before */

    struct xd_oracles *oracles; /* asked after every step, and after every call within one */
    uint64_t digest;            /* of the machine, when it went */
};

/* ---- Failing ---- */

/* Fails the test at the present step; (explain) is freed, or NULL. */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
static inline void
sc_fail(const struct sc *s, char *explain, const char *format, ...)
{
    char text[1024], why[4096];
    va_list ap;

    why[0] = '\0';
    if (explain && explain[0])
        (void)snprintf(why, sizeof(why), "\n%s", explain);
    free(explain);
    va_start(ap, format);
    (void)vsnprintf(text, sizeof(text), format, ap);
    va_end(ap);
    ck_abort_msg("%s:%u: %s\n  %s%s", s->file, s->line, s->step, text, why);
}

static inline void sc_judge_(const struct sc *s, const char *wrong)
{
    if (wrong)
        sc_fail(s, NULL, "xendouble is wrong here: %s", wrong);
}

/* The current vCPU; a test fails whose current domain is gone. */
static inline struct xd_vcpu *sc_self(const struct sc *s)
{
    if (!s->v)
        sc_fail(s, NULL, "the current vCPU does not exist");
    return s->v;
}

/* ---- Memory beside the machine ---- */

/* A copy of (data), or zeros where it is NULL, at (va); an argument of (dom)'s, or given. */
static inline void sc_add_piece_(struct sc *s, const struct sc_domain *dom, uint64_t va,
                                 const void *data, size_t n, bool readonly)
{
    struct sc_piece *more =
        (struct sc_piece *)realloc(s->piece, (s->pieces + 1) * sizeof(*s->piece));
    unsigned char *bytes = (unsigned char *)calloc(n + 1, 1);

    s->piece = more ? more : s->piece;
    if (!more || !bytes) {
        free(bytes);
        sc_fail(s, NULL, "the host has no memory");
        return;
    }
    if (data && n)
        memcpy(bytes, data, n);
    s->piece[s->pieces].dom = dom;
    s->piece[s->pieces].va = va;
    s->piece[s->pieces].n = n;
    s->piece[s->pieces].bytes = bytes;
    s->piece[s->pieces++].readonly = readonly;
}

/* Takes what was given, or arguments that no list needs which sleeps. */
static inline void sc_take_pieces_(struct sc *s, bool given)
{
    size_t kept = 0;

    for (size_t i = 0; i < s->pieces; i++) {
        struct sc_piece *p = &s->piece[i];

        if (given ? !p->dom : p->dom && p->va >= p->dom->aside + p->dom->floor)
            free(p->bytes);
        else
            s->piece[kept++] = *p;
    }
    s->pieces = kept;
}

/* Where the byte at (va) lies; NULL: nowhere, or it is to be written and can't. */
static inline unsigned char *sc_beside_(const struct sc *s, uint64_t va, bool write)
{
    for (size_t i = s->pieces; i-- > 0;)
        if (va - s->piece[i].va < s->piece[i].n)
            return write && s->piece[i].readonly ? NULL : s->piece[i].bytes + (va - s->piece[i].va);
    return NULL;
}

static inline bool sc_read_beside_(void *ctx, struct xd_vcpu *v, uint64_t va, void *buf, size_t n)
{
    (void)v;
    for (size_t i = 0; i < n; i++) {
        const unsigned char *byte = sc_beside_((const struct sc *)ctx, va + i, false);

        if (!byte)
            return false;
        if (buf)
            ((unsigned char *)buf)[i] = *byte;
    }
    return true;
}

static inline bool sc_write_beside_(void *ctx, struct xd_vcpu *v, uint64_t va, const void *buf,
                                    size_t n)
{
    (void)v;
    for (size_t i = 0; i < n; i++) {
        unsigned char *byte = sc_beside_((const struct sc *)ctx, va + i, true);

        if (!byte)
            return false;
        *byte = ((const unsigned char *)buf)[i];
    }
    return true;
}

/* Linked code has these bytes at (va) when it makes its next call. */
static inline void sc_memory(struct sc *s, uint64_t va, const void *data, size_t n, bool readonly)
{
    if (!s->linked)
        sc_fail(s, NULL, "only a linked machine's guests have memory beside it (machine linked)");
    if (s->given_used)
        sc_take_pieces_(s, true);
    s->given_used = false;
    sc_add_piece_(s, NULL, va, data, n, readonly);
}

/* Linked code writes to a frame, at a machine address, without asking anybody. */
static inline void sc_poke(const struct sc *s, uint64_t maddr, const void *data, size_t n)
{
    unsigned char *page = (unsigned char *)(uintptr_t)xd_frame_contents(s->hv, maddr / SC_PAGE);

    if (!page)
        sc_fail(s, NULL, "there is no frame %#llx", (unsigned long long)(maddr / SC_PAGE));
    else if (maddr % SC_PAGE + n > SC_PAGE)
        sc_fail(s, NULL, "%zu bytes at %#llx go past the end of the frame", n,
                (unsigned long long)maddr);
    else
        memcpy(page + maddr % SC_PAGE, data, n);
}

/* ---- Steps ---- */

/* What follows is step (step) of line (line). The one before is over: the oracles are asked what is wrong. */
static inline void sc_step(struct sc *s, unsigned int line, const char *step)
{
    if (s->hv && s->step)
        sc_judge_(s, xd_oracles_step(s->oracles, s->hv));
    s->line = line;
    s->step = step;
    s->used = 0;
    sc_take_pieces_(s, false);
}

#endif

#endif
