/* SPDX-License-Identifier: MIT */
/*
 * scenario_guest.h: the part of <xendouble/scenario.h> that plays a guest: the machine and its domains, names for its pages and
 * tables, its memory, its calls. Include that one.
 */
#ifndef XENDOUBLE_SCENARIO_GUEST_H
#define XENDOUBLE_SCENARIO_GUEST_H

#include <xendouble/scenario_core.h>

#if !defined(__cplusplus) /* for tests in C */

/* ---- The machine and its domains ---- */

static inline void sc_calling_(void *ctx, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg,
                               unsigned int depth)
{
    struct sc *s = (struct sc *)ctx;

    xd_oracles_before(s->oracles, v, nr, arg, depth);
}

static inline void sc_add_entry_(struct sc *s, unsigned int why, int64_t rc)
{
    if (s->entries == s->entry_room) {
        unsigned int room = s->entry_room * 2 + 64;
        struct sc_entry *more =
            (struct sc_entry *)realloc(s->entry, (size_t)room * sizeof(*s->entry));

        if (!more) {
            sc_fail(s, NULL, "the host has no memory");
            return;
        }
        s->entry = more;
        s->entry_room = room;
    }
    s->entry[s->entries].why = why;
    s->entry[s->entries++].rc = rc;
}

static inline void sc_returned_(void *ctx, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg,
                                int64_t rc, unsigned int depth)
{
    struct sc *s = (struct sc *)ctx;

    (void)xd_oracles_after(s->oracles, v, nr, arg, rc, depth); /* told when the step is over */
    if (depth == 1)
        sc_add_entry_(s, xd_why(v), rc);
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
    if (s->linked) {
        hooks.read = sc_read_beside_;
        hooks.write = sc_write_beside_;
    }
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
    if (dom) {
        s->dom = dom;
        s->v = dom == d ? xd_vcpu_at(d->d, s->vcpu) : v;
    }
}

static inline void sc_at(struct sc *s, struct sc_domain *d, uint32_t vcpu)
{
    struct xd_vcpu *v = d->d ? xd_vcpu_at(d->d, vcpu) : NULL;

    if (!v)
        sc_fail(s, NULL, "there is no such vCPU");
    s->dom = d;
    s->v = v;
    s->vcpu = vcpu;
}

static inline void sc_destroy(struct sc *s, struct sc_domain *d)
{
    if (!d->d)
        sc_fail(s, NULL, "it does not exist");
    xd_domain_destroy(d->d);
    d->d = NULL;
    if (s->dom == d)
        s->v = NULL;
}

/* The domain crashes, as linked code makes it by what the double sees nothing of. */
static inline void sc_crash(const struct sc *s, struct sc_domain *d)
{
    if (d->d)
        xd_domain_crash(d->d);
    else
        sc_fail(s, NULL, "it does not exist");
}

/* The domain, which suspended, goes on in this way. */
static inline void sc_resume(const struct sc *s, struct sc_domain *d, enum xd_resume how)
{
    if (!d->d)
        sc_fail(s, NULL, "it does not exist");
    if (xd_domain_resume(d->d, how))
        sc_fail(s, NULL, "%s", xd_hv_error(s->hv));
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
    while (s->pieces)
        free(s->piece[--s->pieces].bytes);
    free(s->piece);
    s->piece = NULL;
    free(s->entry);
    s->entry = NULL;
    s->entry_room = 0;
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

static inline uint64_t sc_div(const struct sc *s, uint64_t a, uint64_t b)
{
    if (!b)
        sc_fail(s, NULL, "division by zero");
    return b ? a / b : 0;
}

static inline uint64_t sc_mod(const struct sc *s, uint64_t a, uint64_t b)
{
    return a - sc_div(s, a, b) * b;
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

    if (level < 1 || level > 4)
        sc_fail(s, NULL, "table(): levels are 1 to 4");
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
    struct xd_vcpu *v = sc_self(s);
    uint64_t at = (s->linked ? s->dom->aside : s->dom->start.padding_va) + s->dom->floor + s->used;

    if (s->linked) { /* with a gap behind it, so that who goes too far meets nothing */
        sc_add_piece_(s, s->dom, at, data, n, false);
        s->used += ((n + 15) & ~(size_t)15) + 16;
        return at;
    }
    if (at + n > s->dom->start.virt_end)
        sc_fail(s, NULL, "the arguments of this step do not fit");
    s->used += (n + 15) & ~(size_t)15;
    /* What can't be written stays as it is: the call finds the same unmapped page. */
    for (size_t done = 0, len; !data && done < n; done += len) {
        len = n - done < sizeof(zeros) ? n - done : sizeof(zeros);
        (void)xd_guest_poke(v, at + done, zeros, len);
    }
    if (data)
        (void)xd_guest_poke(v, at, data, n);
    return at;
}

static inline uint64_t sc_put8(struct sc *s, size_t n, const uint64_t *values)
{
    return sc_put(s, values, n * 8);
}

static inline uint64_t sc_put4(struct sc *s, size_t n, const uint64_t *values)
{
    uint32_t *small = (uint32_t *)calloc(n + 1, sizeof(*small));
    uint64_t at;

    if (!small) {
        sc_fail(s, NULL, "the host has no memory");
        return 0;
    }
    for (size_t i = 0; i < n; i++)
        small[i] = (uint32_t)values[i];
    at = sc_put(s, small, n * sizeof(*small));
    free(small);
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
static inline uint64_t sc_read(const struct sc *s, const char *what, uint64_t va, uint64_t n)
{
    uint64_t value = 0;

    if (n < 1 || n > 8)
        sc_fail(s, NULL, "size=%llu: 1 to 8 bytes can be looked at", (unsigned long long)n);
    if (!xd_guest_peek(sc_self(s), va, &value, n < 8 ? (size_t)n : 8))
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
#define sc_call(s_, ...) sc_make_call_((s_), NULL, (const uint64_t[7]){__VA_ARGS__})
/* sc_call_sleeps(s, list, number, argument, ...): it calls a list that is cut short, since the vCPU sleeps. */
#define sc_call_sleeps(s_, l_, ...) sc_make_call_((s_), (l_), (const uint64_t[7]){__VA_ARGS__})

static inline struct sc_list sc_present_(const struct sc *s)
{
    struct sc_list now = {.dom = s->dom,
                          .v = s->v,
                          .entry = s->entry,
                          .entries = s->entries,
                          .entry_room = s->entry_room};

    memcpy(now.arg, s->arg, sizeof(now.arg));
    return now;
}

/* The list that was called sleeps now, and its arguments stay where they are. */
static inline void sc_sleep_(struct sc *s, struct sc_list *l)
{
    *l = sc_present_(s);
    s->entry = NULL;
    s->entries = s->entry_room = 0;
    s->dom->floor += s->used;
    s->used = 0;
}

static inline void sc_make_call_(struct sc *s, struct sc_list *l, const uint64_t *nr_and_args)
{
    struct xd_registers regs;

    xd_guest_registers(sc_self(s), &regs);
    if (regs.user)
        sc_fail(s, NULL, "no hypercall can be made in user mode");
    if (s->given_used)
        sc_take_pieces_(s, true);
    s->given_used = true;
    s->entries = 0;
    for (unsigned int i = 0; i < 6; i++)
        s->arg[i] = nr_and_args[i + 1];
    regs.rdx = s->arg[2];
    /* RDX outlives a guest's own call. Where it can't be set, no call can be made, or linked code has its own. */
    s->rc = xd_guest_registers_set(s->v, &regs);
    s->rc = xd_hypercall(s->v, nr_and_args[0], s->arg);
    s->why = xd_why(s->v);
    if (s->rc == XD_NOT_RUNNING)
        sc_fail(s, NULL, "%s", xd_hv_error(s->hv));
    if (xd_continuing(s->v) != (l != NULL))
        sc_fail(s, NULL, "the list was %scut short by the sleep of its vCPU", l ? "not " : "");
    if (l)
        sc_sleep_(s, l);
}

/* The list's call and vCPU become the current ones, those that were so the list's. */
static inline void sc_go_back(struct sc *s, struct sc_list *l)
{
    struct sc_list was = *l;

    *l = sc_present_(s);
    s->dom = was.dom;
    s->v = was.v;
    memcpy(s->arg, was.arg, sizeof(s->arg));
    s->entry = was.entry;
    s->entries = was.entries;
    s->entry_room = was.entry_room;
}

/* The list goes on, to its end or (again) to its next sleep. Until sc_go_back it is the last call. */
static inline void sc_go_on(struct sc *s, struct sc_list *l, bool again)
{
    sc_go_back(s, l);
    if (!xd_continuing(s->v) || xd_vcpu_state(s->v) != XD_STATE_RUNNING)
        sc_fail(s, NULL, "the list that slept can't go on here");
    s->rc = xd_continue(s->v);
    s->why = xd_why(s->v);
    if (xd_continuing(s->v) != again)
        sc_fail(s, NULL, again ? "the list did not sleep again" : "the list sleeps again");
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
