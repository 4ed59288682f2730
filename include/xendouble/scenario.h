/* SPDX-License-Identifier: MIT */
/*
 * scenario.h: the surroundings that a scenario finds, for tests in C with libcheck. What `xendouble emit-c` writes
 * includes this alone; it brings <xendouble/check.h> and Xen's interface with it. In a test of libcheck's
 * (START_TEST ... END_TEST):
 *
 *     struct sc s = {.file = "mine.xds"};
 *     struct sc_domain d1 = {0};
 *     struct xd_config m = XD_CONFIG_DEFAULT;
 *     struct xd_domain_config c = XD_DOMAIN_CONFIG_DEFAULT;
 *
 *     sc_machine(&s, &m);
 *     sc_domain(&s, &d1, &c, 1024);
 *     sc_step(&s, 3, "update_va_mapping va(0) pte(page(0), P|RW) = 0");
 *     sc_call(&s, __HYPERVISOR_update_va_mapping, sc_va(&s, &d1, 0), sc_pte(sc_page(&s, &d1, 0), SC_P | SC_RW));
 *     sc_result(&s, 0);
 *     sc_forget(&d1);
 *     sc_end(&s);
 *
 * Every domain has free pages with numbers (sc_page), a window of its address space where nothing is mapped
 * (sc_va), and room for the arguments of one step (sc_put). The guest's code is played: calls are made for the
 * current vCPU (sc_at), whose memory is reached through its page tables. A failure names the file, the line and
 * the step that sc_step said last. All functions are for one thread, in the process of one test.
 */
#ifndef XENDOUBLE_SCENARIO_H
#define XENDOUBLE_SCENARIO_H

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

    char *console; /* written since it was looked at last */
    size_t console_nr;
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

/* What follows is step (step) of line (line). */
static inline void sc_step(struct sc *s, unsigned int line, const char *step)
{
    s->line = line;
    s->step = step;
    s->used = 0;
}

/* ---- The machine and its domains ---- */

static inline void sc_returned_(void *ctx, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg,
                                int64_t rc, unsigned int depth)
{
    struct sc *s = (struct sc *)ctx;

    (void)nr, (void)arg, (void)rc;
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

static inline void sc_machine(struct sc *s, const struct xd_config *config)
{
    struct xd_hooks hooks;

    memset(&hooks, 0, sizeof(hooks));
    hooks.ctx = s;
    hooks.ret = sc_returned_;
    hooks.console = sc_console_;
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

/* The end of the test: the machine is sound, and goes. Free the pages' numbers by sc_forget. */
static inline void sc_end(struct sc *s)
{
    sc_audit(s);
    xd_hv_destroy(s->hv);
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

static inline char *sc_explain_(const struct sc *s)
{
    return s->why ? xd_explain(s->v) : NULL;
}

/* What came out of the call is (got), and (want) was expected; both of (n) bytes. */
static inline void sc_equal(const struct sc *s, const char *what, size_t n, uint64_t want,
                            uint64_t got)
{
    uint64_t mask = n >= 8 ? ~UINT64_C(0) : (UINT64_C(1) << 8 * n) - 1;

    if ((want & mask) != got)
        sc_fail(s, sc_explain_(s), "%s: expected %lld (%#llx), got %lld (%#llx)", what,
                (long long)(want & mask), (unsigned long long)(want & mask), (long long)got,
                (unsigned long long)got);
}

static inline void sc_result(const struct sc *s, uint64_t want)
{
    if (s->rc != (int64_t)want)
        sc_fail(s, sc_explain_(s), "result: expected %lld%s, got %lld%s", (long long)want,
                sc_errno((int64_t)want), (long long)s->rc, sc_errno(s->rc));
}

static inline void sc_check_why_(const struct sc *s, const char *want, unsigned int got)
{
    char name[64];

    if ((strcmp(want, "none") ? xd_why_find(want) : 0) != got)
        sc_fail(s, sc_explain_(s), "why: expected %s, got %s", want,
                got ? xd_why_text(got, name, sizeof(name)) : "none");
}

/* The reason of the call's refusal, by its name, or "none". */
static inline void sc_why(const struct sc *s, const char *want)
{
    sc_check_why_(s, want, s->why);
}

/* The vCPU sleeps after the call. */
static inline void sc_blocked(const struct sc *s)
{
    if (xd_vcpu_state(s->v) != XD_STATE_BLOCKED)
        sc_fail(s, NULL, "expected the vCPU to be blocked after the call, it is not");
}

/* The done word at (at): how many elements of the batch are done. */
static inline void sc_done(const struct sc *s, uint64_t at, uint64_t want)
{
    sc_equal(s, "done", 4, want, sc_read(s, "done", at, 4));
}

/* Entry (i) of the list that was called: it was run; its result; if it was run, its reason. */
static inline void sc_entry_ran(const struct sc *s, unsigned int i)
{
    if (i >= s->entries)
        sc_fail(s, NULL, "entry %u: it was not run", i);
}

static inline void sc_entry_result(const struct sc *s, unsigned int i, uint64_t want)
{
    int64_t got;

    sc_entry_ran(s, i);
    got = (int64_t)sc_read(s, "entry", s->arg[0] + i * 64u + 8, 8);
    if (got != (int64_t)want)
        sc_fail(s, sc_explain_(s), "entry %u: result: expected %lld%s, got %lld%s", i,
                (long long)want, sc_errno((int64_t)want), (long long)got, sc_errno(got));
}

static inline void sc_entry_why(const struct sc *s, unsigned int i, const char *want)
{
    if (i < s->entries)
        sc_check_why_(s, want, s->entry[i].why);
}

/* The text at (va). */
static inline void sc_text(const struct sc *s, const char *what, uint64_t va, size_t room,
                           const char *want, size_t n)
{
    char got[1025];

    memset(got, 0, sizeof(got));
    if (n > room || room > sizeof(got) - 1)
        sc_fail(s, NULL, "%s has room for %zu bytes", what, room);
    else if (!xd_guest_peek(s->v, va, got, room))
        sc_fail(s, NULL, "%s: its memory at %#llx can't be read", what, (unsigned long long)va);
    else if (memcmp(got, want, n) != 0 || (n < room && got[n]))
        sc_fail(s, NULL, "%s: expected \"%s\", got \"%.200s\"", what, want, got);
}

/* ---- Accesses ---- */

static inline void sc_can_run_(const struct sc *s)
{
    if (xd_vcpu_state(s->v) != XD_STATE_RUNNING || xd_continuing(s->v))
        sc_fail(s, NULL, "the vCPU can't execute this");
}

static inline void sc_store(struct sc *s, uint64_t va, uint64_t value, size_t size)
{
    sc_can_run_(s);
    s->access = xd_guest_store(s->v, va, &value, size, &s->fault);
    s->why = 0;
}

static inline void sc_load(struct sc *s, uint64_t va, size_t size)
{
    sc_can_run_(s);
    s->loaded = 0;
    s->access = xd_guest_load(s->v, va, &s->loaded, size, &s->fault);
    s->why = 0;
}

/* How the access ended. */
static inline void sc_access(const struct sc *s, enum xd_access want)
{
    static const char *const words[] = {"ok", "emulated", "pf", "gp"};

    if (s->access != want)
        sc_fail(s, NULL, "expected %s, got %s", words[want], words[s->access]);
}

/* ---- The machine's state ---- */

static inline void sc_flag(const struct sc *s, const char *what, bool want, bool got)
{
    if (want != got)
        sc_fail(s, NULL, "expected %s%s, it is %s%s", want ? "" : "!", what, got ? "" : "!", what);
}

static inline void sc_word(const struct sc *s, const char *what, const char *want, const char *got)
{
    if (strcmp(want, got) != 0)
        sc_fail(s, NULL, "%s: expected %s, got %s", what, want, got);
}

static inline struct xd_frame_info sc_frame(const struct sc *s, uint64_t mfn)
{
    struct xd_frame_info info;

    if (!xd_frame_look(s->hv, mfn, &info))
        sc_fail(s, NULL, "there is no frame %#llx", (unsigned long long)mfn);
    if (!info.count) {
        info.type_count = 0; /* it leads to the next free one */
        info.owner = 0x7ff4;
    }
    return info;
}

static inline struct xd_port_info sc_port(const struct sc *s, const struct sc_domain *d,
                                          uint64_t port)
{
    struct xd_port_info info;

    if (!d->d)
        sc_fail(s, NULL, "the domain does not exist any more");
    (void)xd_port_look(d->d, port < 131072 ? (uint32_t)port : 131072, &info);
    return info;
}

static inline struct xd_vcpu_info sc_vcpu(const struct sc *s, const struct sc_domain *d,
                                          uint32_t vcpu)
{
    struct xd_vcpu *v = d->d ? xd_vcpu_at(d->d, vcpu) : NULL;
    struct xd_vcpu_info info;

    memset(&info, 0, sizeof(info));
    if (!v)
        sc_fail(s, NULL, "there is no such vCPU");
    else
        xd_vcpu_look(v, &info);
    return info;
}

static inline struct xd_domain_info sc_domain_info(const struct sc *s, const struct sc_domain *d)
{
    struct xd_domain_info info;

    memset(&info, 0, sizeof(info));
    if (!d->d)
        sc_fail(s, NULL, "the domain does not exist any more");
    else
        xd_domain_look(d->d, &info);
    return info;
}

static inline void sc_console(struct sc *s, const char *want, size_t n)
{
    const char *got = s->console_nr ? s->console : "";

    if (s->console_nr != n || memcmp(got, want, n) != 0)
        sc_fail(s, NULL, "console: expected \"%.400s\", got \"%.400s\"", want, got);
    s->console_nr = 0;
}

#endif

#endif
