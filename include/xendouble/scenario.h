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
 * the step that sc_step said last. All oracles (<xendouble/oracles.h>) are asked after each step, when the next one begins,
 * and at the end. All functions are for one thread, in the process of one test.
 */
#ifndef XENDOUBLE_SCENARIO_H
#define XENDOUBLE_SCENARIO_H

#include <xendouble/scenario_guest.h>

#if !defined(__cplusplus) /* for tests in C */

/* ---- What came out ---- */

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

/* As the guest finds it in its list; what the entry returned where that can't be read any more. */
static inline int64_t sc_entry_rc(const struct sc *s, unsigned int i)
{
    int64_t rc = i < s->entries ? s->entry[i].rc : 0;

    sc_entry_ran(s, i);
    (void)xd_guest_peek(sc_self(s), s->arg[0] + i * UINT64_C(64) + 8, &rc, sizeof(rc));
    return rc;
}

static inline void sc_entry_result(const struct sc *s, unsigned int i, uint64_t want)
{
    int64_t got = sc_entry_rc(s, i);

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
    else if (!xd_guest_peek(sc_self(s), va, got, room))
        sc_fail(s, NULL, "%s: its memory at %#llx can't be read", what, (unsigned long long)va);
    else if (memcmp(got, want, n) != 0 || (n < room && got[n]))
        sc_fail(s, NULL, "%s: expected \"%s\", got \"%.200s\"", what, want, got);
}

/* ---- Accesses ---- */

static inline void sc_can_run_(const struct sc *s)
{
    if (xd_vcpu_state(sc_self(s)) != XD_STATE_RUNNING || xd_continuing(s->v))
        sc_fail(s, NULL, "the vCPU can't execute this");
}

static inline void sc_size_(struct sc *s, uint64_t size)
{
    if (size != 1 && size != 2 && size != 4 && size != 8)
        sc_fail(s, NULL, "size=%llu: accesses have 1, 2, 4 or 8 bytes", (unsigned long long)size);
    s->size = (size_t)size;
}

static inline void sc_store(struct sc *s, uint64_t va, uint64_t value, uint64_t size)
{
    sc_can_run_(s);
    sc_size_(s, size);
    s->access = xd_guest_store(s->v, va, &value, s->size, &s->fault);
    s->why = 0;
}

static inline void sc_load(struct sc *s, uint64_t va, uint64_t size)
{
    sc_can_run_(s);
    sc_size_(s, size);
    s->loaded = 0;
    s->access = xd_guest_load(s->v, va, &s->loaded, s->size, &s->fault);
    s->why = 0;
}

/* How the access ended. */
static inline void sc_access(const struct sc *s, enum xd_access want)
{
    static const char *const words[] = {"ok", "emulated", "pf", "gp"};

    if (s->access != want)
        sc_fail(s, NULL, "expected %s, got %s", words[want], words[s->access]);
}

/* A number of 64 bits for a parameter of 32: one that is too large is (most), which is too large as well. */
static inline uint32_t sc_at_most_(uint64_t number, uint32_t most)
{
    return number < most ? (uint32_t)number : most;
}

static inline void sc_virq(const struct sc *s, uint64_t virq)
{
    if (virq >= 24)
        sc_fail(s, NULL, "there are VIRQs 0 to 23");
    xd_virq_raise(sc_self(s), (uint32_t)virq);
}

/* What became of the guest whose kernel was to be entered. */
static inline void sc_entered_(struct sc *s, enum xd_entered got)
{
    s->entered = got;
    s->why = xd_why(s->v);
    if (got == XD_ENTERED_MISUSE)
        sc_fail(s, NULL, "%s", xd_hv_error(s->hv));
}

static inline void sc_enters(const struct sc *s, enum xd_entered want)
{
    static const char *const words[] = {"handler", "gp", "ud", "crash", "none"};

    if (s->entered != want)
        sc_fail(s, xd_explain(s->v), "expected %s, got %s", words[want], words[s->entered]);
}

/* The last access enters the guest's kernel if it ended in an exception. */
static inline void sc_deliver_fault(struct sc *s)
{
    enum xd_entered got = XD_ENTERED_NONE;

    if (s->access == XD_ACCESS_FAULT)
        got = xd_guest_trap(s->v, 14, s->fault.error, s->fault.cr2);
    else if (s->access == XD_ACCESS_GP)
        got = xd_guest_trap(s->v, 13, 0, 0);
    if (got == XD_ENTERED_CRASH)
        s->fault.why = xd_why(s->v);
    if (got == XD_ENTERED_MISUSE)
        sc_fail(s, NULL, "%s", xd_hv_error(s->hv));
}

/* Word (at) of the frame that RSP points to. */
static inline uint64_t sc_stack(const struct sc *s, unsigned int at)
{
    struct xd_registers regs;

    xd_guest_registers(sc_self(s), &regs);
    return sc_read(s, "the stack", regs.rsp + 8u * at, 8);
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
