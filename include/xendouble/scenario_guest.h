/* SPDX-License-Identifier: MIT */
/*
 * scenario_guest.h: the part of <xendouble/scenario.h> that plays a guest: the machine and its domains, names for its pages and
 * tables, its memory, its calls. Include that one.
 */
#ifndef XENDOUBLE_SCENARIO_GUEST_H
#define XENDOUBLE_SCENARIO_GUEST_H

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
#define SC_ENTRIES     512u

struct sc_domain {
    struct xd_domain *d; /* NULL: destroyed */
    struct xd_start start;
    uint32_t id;
    uint64_t *page, pages; /* the free ones' frames */
    uint64_t first_pfn;    /* of page 0 */
    uint64_t window;       /* pages of it */
};

struct sc {
    const char *file; /* the scenario's name, for messages */
    unsigned int line;
    const char *step;
    struct xd_hv *hv;
    struct sc_domain *dom; /* the current vCPU's */
    struct xd_vcpu *v;
    uint64_t used; /* of the domain's room for arguments */

    /* The last call, and the entries of the list that it was. */
    int64_t rc;
    unsigned int why;
    uint64_t arg[6];
    struct {
        unsigned int why;
    } entry[SC_ENTRIES];
    unsigned int entries;
    /* The last access. */
    enum xd_access access;
    struct xd_fault fault;
    uint64_t loaded;
    enum xd_entered entered; /* the last time something entered the guest's kernel */

    char *console; /* written since it was looked at last */
    size_t console_nr;

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

/* What follows is step (step) of line (line). The one before is over: the oracles are asked what is wrong. */
static inline void sc_step(struct sc *s, unsigned int line, const char *step)
{
    if (s->hv && s->step)
        sc_judge_(s, xd_oracles_step(s->oracles, s->hv));
    s->line = line;
    s->step = step;
    s->used = 0;
}

/* ---- The machine and its domains ---- */

static inline void sc_calling_(void *ctx, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg,
                               unsigned int depth)
{
    struct sc *s = (struct sc *)ctx;

    xd_oracles_before(s->oracles, v, nr, arg, depth);
}

static inline void sc_returned_(void *ctx, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg,
                                int64_t rc, unsigned int depth)
{
    struct sc *s = (struct sc *)ctx;

    (void)xd_oracles_after(s->oracles, v, nr, arg, rc, depth); /* told when the step is over */
    if (depth == 1 && s->entries < SC_ENTRIES)
        s->entry[s->entries++].why = xd_why(v);
}

static inline void sc_console_(void *ctx, struct xd_domain *d, const char *text, size_t n)
{
    struct sc *s = (struct sc *)ctx;
    char *longer = (char *)realloc(s->console, s->console_nr + n + 1);

    (void)d;
    if (!longer) {
        sc_fail(s, NULL, "the host has no memory");
        return;
    }
    s->console = longer;
    memcpy(s->console + s->console_nr, text, n);
    s->console_nr += n;
    s->console[s->console_nr] = '\0';
}

/* The process ends now. */
static inline void sc_bug_(void *ctx, struct xd_hv *hv)
{
    const struct sc *s = (const struct sc *)ctx;

    (void)hv;
    (void)fprintf(stderr, "%s:%u: %s\n  xendouble is wrong here\n", s->file, s->line,
                  s->step ? s->step : "");
}

static inline void sc_machine(struct sc *s, const struct xd_config *config)
{
    struct xd_hooks hooks;

    memset(&hooks, 0, sizeof(hooks));
    hooks.ctx = s;
    hooks.call = sc_calling_;
    hooks.ret = sc_returned_;
    hooks.console = sc_console_;
    hooks.bug = sc_bug_;
    s->oracles = xd_oracles_new(XD_ORACLE_ALL, 1);
    if (xd_hv_create(&s->hv, config))
        sc_fail(s, NULL, "this machine can't be: %s",
                xd_config_error(config) ? xd_config_error(config) : "the host has no memory");
    xd_hooks_set(s->hv, &hooks);
}

static inline void sc_update_(struct sc *s, uint64_t table, uint64_t slot, uint64_t child);

/* The window's tables are free pages too, and made by hypercalls: L1 first, the L4 last. */
static inline void sc_make_window_(struct sc *s, struct sc_domain *d, uint64_t l4)
{
    uint64_t nr1 = (d->window + 511) / 512, nr2 = (nr1 + 511) / 512, nr = nr1 + nr2 + 1;

    for (uint64_t i = 0; i < nr1; i++)
        sc_update_(s, d->page[nr1 + i / 512], i % 512, d->page[i]);
    for (uint64_t i = 0; i < nr2; i++)
        sc_update_(s, d->page[nr1 + nr2], i, d->page[nr1 + i]);
    sc_update_(s, l4, SC_WINDOW >> 39 & 511, d->page[nr1 + nr2]);
    d->pages -= nr;
    d->first_pfn += nr;
    memmove(d->page, d->page + nr, (size_t)d->pages * sizeof(*d->page));
}

/* Makes a domain with a window of (window) pages. The first one's vCPU 0 is current until sc_at. */
static inline void sc_domain(struct sc *s, struct sc_domain *d,
                             const struct xd_domain_config *config, uint64_t window)
{
    struct sc_domain *dom = s->dom;
    struct xd_vcpu *v = s->v;

    if (xd_domain_create(s->hv, config, &d->d))
        sc_fail(s, NULL, "this domain can't be: %s", xd_hv_error(s->hv));
    d->id = xd_domain_id(d->d);
    d->start = *xd_domain_start(d->d);
    d->first_pfn = d->start.first_free_pfn;
    d->pages = d->start.pages - d->first_pfn;
    free(d->page);
    d->page = (uint64_t *)calloc((size_t)d->pages + 1, sizeof(*d->page));
    if (!d->page)
        sc_fail(s, NULL, "the host has no memory");
    for (uint64_t i = 0; i < d->pages; i++)
        d->page[i] = xd_domain_mfn(d->d, d->first_pfn + i);
    d->window = window;
    s->dom = d;
    s->v = xd_vcpu_at(d->d, 0);
    if (window)
        sc_make_window_(s, d, d->start.cr3_mfn);
    if (v) {
        s->dom = dom;
        s->v = v;
    }
}

static inline void sc_at(struct sc *s, struct sc_domain *d, uint32_t vcpu)
{
    struct xd_vcpu *v = d->d ? xd_vcpu_at(d->d, vcpu) : NULL;

    if (!v)
        sc_fail(s, NULL, "there is no such vCPU");
    s->dom = d;
    s->v = v;
}

static inline void sc_destroy(struct sc *s, struct sc_domain *d)
{
    if (!d->d)
        sc_fail(s, NULL, "it does not exist");
    xd_domain_destroy(d->d);
    d->d = NULL;
}

static inline void sc_audit(struct sc *s)
{
    char *report = NULL;

    if (xd_audit(s->hv, &report))
        sc_fail(s, report, "the audit disagrees:");
}

/* The end of the test: the machine is sound; its domains go, which leaves nothing, and it goes too. Free the pages'
 * numbers by sc_forget. */
static inline void sc_end(struct sc *s)
{
    sc_judge_(s, xd_oracles_step(s->oracles, s->hv));
    s->digest = xd_digest(s->hv);
    sc_judge_(s, xd_oracles_end(s->oracles, s->hv));
    xd_oracles_free(s->oracles);
    xd_hv_destroy(s->hv);
    s->oracles = NULL;
    s->hv = NULL;
    free(s->console);
    s->console = NULL;
    s->console_nr = 0;
}

static inline void sc_forget(struct sc_domain *d)
{
    free(d->page);
    d->page = NULL;
}

/* Runs (scenario), which returns its digest, twice: the machine must end the same way. */
static inline void sc_twice(const char *file, uint64_t (*scenario)(void))
{
    uint64_t digest = scenario(), again = scenario();

    if (digest != again)
        ck_abort_msg("%s: digest: the scenario ran twice, and the machines were %#llx and %#llx",
                     file, (unsigned long long)digest, (unsigned long long)again);
}

/* ---- Names for things ---- */

/* The frame of the k-th free page, and its pseudo-physical number. */
static inline uint64_t sc_page(const struct sc *s, const struct sc_domain *d, uint64_t k)
{
    if (k >= d->pages)
        sc_fail(s, NULL, "page(%llu): the domain has %llu free pages", (unsigned long long)k,
                (unsigned long long)d->pages);
    return d->page[k];
}

static inline uint64_t sc_pfn(const struct sc *s, const struct sc_domain *d, uint64_t k)
{
    (void)sc_page(s, d, k);
    return d->first_pfn + k;
}

/* The address of the k-th page of the window. */
static inline uint64_t sc_va(const struct sc *s, const struct sc_domain *d, uint64_t k)
{
    if (k >= d->window)
        sc_fail(s, NULL, "va(%llu): the scratch window has %llu pages", (unsigned long long)k,
                (unsigned long long)d->window);
    return SC_WINDOW + k * SC_PAGE;
}

/* An entry; the machine address of a frame; that of a slot of a table. */
static inline uint64_t sc_pte(uint64_t mfn, uint64_t flags)
{
    return (mfn << 12 & UINT64_C(0x000ffffffffff000)) | flags;
}

static inline uint64_t sc_mach(uint64_t mfn)
{
    return mfn * SC_PAGE;
}

static inline uint64_t sc_slot(uint64_t table, uint64_t slot)
{
    return table * SC_PAGE + slot * 8;
}

/* Shifts by any number. */
static inline uint64_t sc_shl(uint64_t a, uint64_t n)
{
    return n < 64 ? a << n : 0;
}

static inline uint64_t sc_shr(uint64_t a, uint64_t n)
{
    return n < 64 ? a >> n : 0;
}

/* The 8 bytes at a machine address. */
static inline uint64_t sc_entry_at(const struct sc *s, uint64_t maddr)
{
    const unsigned char *page = (const unsigned char *)xd_frame_contents(s->hv, maddr / SC_PAGE);
    uint64_t e = 0;

    if (!page)
        sc_fail(s, NULL, "there is no frame %#llx", (unsigned long long)(maddr / SC_PAGE));
    else
        memcpy(&e, page + maddr % SC_PAGE / 8 * 8, 8);
    return e;
}

/* (d)'s vCPU that is looked through: the current one, or the first. */
static inline struct xd_vcpu *sc_vcpu_of(const struct sc *s, const struct sc_domain *d)
{
    if (!d->d)
        sc_fail(s, NULL, "the domain is gone");
    return d == s->dom ? s->v : xd_vcpu_at(d->d, 0);
}

static inline uint64_t sc_cr3(const struct sc *s, const struct sc_domain *d)
{
    struct xd_vcpu_info info;

    xd_vcpu_look(sc_vcpu_of(s, d), &info);
    return info.cr3_mfn;
}

static inline uint64_t sc_user_cr3(const struct sc *s, const struct sc_domain *d)
{
    struct xd_vcpu_info info;

    xd_vcpu_look(sc_vcpu_of(s, d), &info);
    return info.user_cr3_mfn;
}

/* The frame of the table of (level) 1 to 4 that maps (va) now. */
static inline uint64_t sc_table(const struct sc *s, const struct sc_domain *d, uint64_t level,
                                uint64_t va)
{
    uint64_t table = sc_cr3(s, d);

    for (uint64_t l = 4; l > level; l--) {
        uint64_t e = sc_entry_at(s, sc_slot(table, va >> (12 + 9 * (l - 1)) & 511));

        if (!(e & SC_P))
            sc_fail(s, NULL, "table(%llu, %#llx): an entry above it is not present",
                    (unsigned long long)level, (unsigned long long)va);
        table = (e & UINT64_C(0x000ffffffffff000)) >> 12;
    }
    return table;
}

/* ---- The guest's memory ---- */

/* (n) bytes, zeros if (data) is NULL, where the current vCPU's domain has room for arguments; the address. */
static inline uint64_t sc_put(struct sc *s, const void *data, size_t n)
{
    static const unsigned char zeros[256];
    uint64_t at = s->dom->start.padding_va + s->used;

    if (at + n > s->dom->start.virt_end)
        sc_fail(s, NULL, "the arguments of this step do not fit");
    s->used += (n + 15) & ~(size_t)15;
    /* What can't be written stays as it is: the call finds the same unmapped page. */
    for (size_t done = 0, len; !data && done < n; done += len) {
        len = n - done < sizeof(zeros) ? n - done : sizeof(zeros);
        (void)xd_guest_poke(s->v, at + done, zeros, len);
    }
    if (data)
        (void)xd_guest_poke(s->v, at, data, n);
    return at;
}

static inline uint64_t sc_put8(struct sc *s, size_t n, const uint64_t *values)
{
    return sc_put(s, values, n * 8);
}

static inline uint64_t sc_put4(struct sc *s, size_t n, const uint64_t *values)
{
    uint32_t small[64];
    uint64_t at = sc_put(s, NULL, 0);

    for (size_t done = 0, len; done < n;
         done += len) { /* each piece begins where the last one ends */
        len = n - done < 64 ? n - done : 64;
        for (size_t i = 0; i < len; i++)
            small[i] = (uint32_t)values[done + i];
        (void)sc_put(s, small, len * 4);
    }
    return at;
}

/* Sets a number of (size) bytes that a struct without a declaration here holds at (off). */
static inline void sc_store_at(unsigned char *bytes, size_t off, size_t size, uint64_t value)
{
    memcpy(bytes + off, &value, size < 8 ? size : 8);
}

/* The old form of an operation: its number, and its struct behind it. */
static inline uint64_t sc_put_compat(struct sc *s, uint32_t cmd, const void *op, size_t n)
{
    unsigned char bytes[1028];

    if (n > sizeof(bytes) - 4) {
        sc_fail(s, NULL, "an operation's struct has %zu bytes at most", sizeof(bytes) - 4);
        return 0;
    }
    memcpy(bytes, &cmd, 4);
    if (n)
        memcpy(bytes + 4, op, n);
    return sc_put(s, bytes, 4 + n);
}

/* Sets a number, a pointer or a union of a struct that is handed over. */
#define SC_SET(place_, value_)                                                \
    do {                                                                      \
        uint64_t value__ = (value_);                                          \
                                                                              \
        memcpy(&(place_), &value__, sizeof(place_) < 8 ? sizeof(place_) : 8); \
    } while (0)

/* The number of (n) bytes, 1 to 8, at an address, looked at without a trace. */
static inline uint64_t sc_read(const struct sc *s, const char *what, uint64_t va, size_t n)
{
    uint64_t value = 0;

    if (!xd_guest_peek(s->v, va, &value, n < 8 ? n : 8))
        sc_fail(s, NULL, "%s: its memory at %#llx can't be read", what, (unsigned long long)va);
    return value;
}

/* ---- Calls ---- */

static inline const char *sc_errno(int64_t rc)
{
    switch (-rc) {
    case XEN_EPERM: return " (EPERM)";
    case XEN_ENOENT: return " (ENOENT)";
    case XEN_ESRCH: return " (ESRCH)";
    case XEN_E2BIG: return " (E2BIG)";
    case XEN_ENOMEM: return " (ENOMEM)";
    case XEN_EACCES: return " (EACCES)";
    case XEN_EFAULT: return " (EFAULT)";
    case XEN_EBUSY: return " (EBUSY)";
    case XEN_EEXIST: return " (EEXIST)";
    case XEN_EINVAL: return " (EINVAL)";
    case XEN_ENOSPC: return " (ENOSPC)";
    case XEN_ENOSYS: return " (ENOSYS)";
    case XEN_EOPNOTSUPP: return " (EOPNOTSUPP)";
    default: return "";
    }
}

/* sc_call(s, number, argument, ...): the current vCPU makes a hypercall. */
#define sc_call(s_, ...) sc_make_call_((s_), (const uint64_t[7]){__VA_ARGS__})

static inline void sc_make_call_(struct sc *s, const uint64_t *nr_and_args)
{
    s->entries = 0;
    for (unsigned int i = 0; i < 6; i++)
        s->arg[i] = nr_and_args[i + 1];
    s->rc = xd_hypercall(s->v, nr_and_args[0], s->arg);
    s->why = xd_why(s->v);
    if (s->rc == XD_NOT_RUNNING)
        sc_fail(s, NULL, "%s", xd_hv_error(s->hv));
    if (xd_continuing(s->v))
        sc_fail(s, NULL, "the list was cut short: its vCPU sleeps");
}

static inline void sc_update_(struct sc *s, uint64_t table, uint64_t slot, uint64_t child)
{
    struct mmu_update u;

    u.ptr = sc_slot(table, slot);
    u.val = sc_pte(child, SC_P | SC_RW | SC_US);
    s->used = 0;
    sc_call(s, __HYPERVISOR_mmu_update, sc_put(s, &u, sizeof(u)), 1, 0, DOMID_SELF);
    if (s->rc)
        sc_fail(s, NULL, "the tables of the scratch window can't be made (result %lld)",
                (long long)s->rc);
}

#endif

#endif
