/* SPDX-License-Identifier: MIT */
/* xen.c: asks the real hypervisor's guests, and looks into it. */
#define _GNU_SOURCE
#include "xen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE    4096u
#define ADDRESS UINT64_C(0x000ffffffffff000)
#define PRESENT 1u
#define LARGE   0x80u
#define LOG_MAX (1u << 18)
#define ANSWER_NS \
    UINT64_C(20000000000) /* a death is told of at once; this is for guests that hang */
#define DOUBT_NS \
    UINT64_C(20000000)            /* without an answer: then it is asked whether the domain ended */
#define WAIT_NS UINT64_C(2000000) /* the same for a call that may wait: whether it does */
#define SPINS   200u              /* looks at the mailbox before others may have the processor... */
#define NAP_NS \
    20000u /* ... for so long: who only yields keeps his turn, and others' work makes five times as slow */
#define SUSPEND 2u /* SHUTDOWN_suspend */
#define CRASH   3u /* SHUTDOWN_crash */

uint64_t xd_xen_now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

bool xd_xen_gone(struct xd_xen *x)
{
    if (!x->dead && x->pid > 0 && waitpid(x->pid, &x->status, WNOHANG) == x->pid) {
        x->dead = true;
        x->pid = 0;
    }
    return x->dead;
}

bool xd_xen_said(struct xd_xen *x, const char *words)
{
    size_t at = x->log_at;
    char *log = xd_xen_log(x);
    bool found = log && strstr(log, words);

    x->log_at = at;
    free(log);
    return found;
}

/* What Xen says when the hardware domain ends, and the reason that means. */
static bool hardware_domain_ended(struct xd_xen *x, uint8_t *reason)
{
    static const struct {
        const char *words;
        uint8_t reason;
    } rows[] = {
        {"Hardware Dom0 halted", 0},       {"Hardware Dom0 shutdown: rebooting", 1},
        {"Hardware Dom0 crashed", CRASH},  {"Hardware Dom0 shutdown: watchdog", 4},
        {"did unsupported soft reset", 5}, {"Hardware Dom0 shutdown (unknown reason ", UINT8_MAX}};
    size_t at = x->log_at;
    char *log = xd_xen_log(x);
    bool found = false;

    x->log_at = at;
    for (size_t i = 0; log && i < sizeof(rows) / sizeof(*rows) && !found; i++) {
        const char *said = strstr(log, rows[i].words);

        found = said != NULL;
        if (found)
            *reason = rows[i].reason == UINT8_MAX
                          ? (uint8_t)strtoul(said + strlen(rows[i].words), NULL, 10)
                          : rows[i].reason;
    }
    free(log);
    return found;
}

/* Xen says so before a call switches the machine off, starts it anew, or gives it away. */
static bool switched_off(struct xd_xen *x)
{
    return xd_xen_said(x, "pressed -> rebooting machine") ||
           xd_xen_said(x, "Entering ACPI S5 state") || xd_xen_said(x, "Executing kexec image");
}

/* Guest (g) gives no answer. True: and it will give none. */
static bool no_answer(struct xd_xen *x, unsigned int g, bool late)
{
    struct xd_xen_guest *guest = &x->guest[g];
    bool over = xd_xen_gone(x);

    guest->hung = false;
    if (hardware_domain_ended(x, &x->guest[0].reason)) {
        guest->reason = x->guest[0].reason;
        x->dead = true;
    } else if (!over && g >= XD_MAIL_VCPUS && x->ended && x->ended(x, g, &guest->reason)) {
        guest->suspended = guest->waits = guest->may_suspend && guest->reason == SUSPEND;
        if (guest->suspended)
            return true;
    } else if (over && switched_off(x)) {
        x->off = true;
    } else if (over || late) {
        guest->hung = true;
        x->dead = x->dead || g == 0;
    } else {
        return false;
    }
    return guest->dead = true;
}

/* Waits for the answer to what guest (g) was asked last. */
static bool answered(struct xd_xen *x, unsigned int g)
{
    struct xd_xen_guest *guest = &x->guest[g];
    volatile struct xd_mailbox *m = guest->mail;
    uint64_t start = 0, looked = 0, doubted = 0, now;
    uint32_t nr = m->asked;

    for (unsigned int spins = 1; __atomic_load_n(&m->answered, __ATOMIC_ACQUIRE) != nr; spins++) {
        __builtin_ia32_pause();
        if (spins % SPINS)
            continue;
        nanosleep(&(struct timespec){.tv_nsec = NAP_NS}, NULL);
        now = xd_xen_now_ns();
        start = start ? start : now;
        if (guest->may_wait && now - start >= WAIT_NS && now - doubted >= WAIT_NS) {
            guest->waits = x->waits && x->waits(x, g);
            doubted = xd_xen_now_ns();
            if (guest->waits || x->dead)
                return false;
        }
        if (now - start < DOUBT_NS || now - looked < DOUBT_NS)
            continue;
        looked = now;
        if (no_answer(x, g, now - start > ANSWER_NS))
            return false;
    }
    return true;
}

bool xd_xen_ask(struct xd_xen *x, unsigned int g)
{
    volatile struct xd_mailbox *m = x->guest[g].mail;

    if (x->dead || x->guest[g].dead || x->guest[g].waits || x->guest[g].down)
        return false;
    __atomic_store_n(&m->asked, m->asked + 1, __ATOMIC_RELEASE);
    return answered(x, g);
}

/* Xen went back to the guest's handler: nobody knows the result of its call, or what else is wrong there. */
static bool call_trapped(struct xd_xen *x, unsigned int g)
{
    if (x->guest[g].mail->trapped) {
        x->guest[g].dead = x->guest[g].hung = true;
        x->dead = x->dead || g == 0;
    }
    return x->guest[g].mail->trapped;
}

int64_t xd_xen_call_woken(struct xd_xen *x, unsigned int g)
{
    x->guest[g].waits = false;
    if (x->dead || x->guest[g].dead || !answered(x, g) || call_trapped(x, g))
        return -1;
    return (int64_t)x->guest[g].mail->result;
}

int64_t xd_xen_call(struct xd_xen *x, unsigned int g, uint64_t nr, const uint64_t arg[6],
                    unsigned int at, void *data, size_t n)
{
    volatile struct xd_mailbox *m = x->guest[g].mail;
    void *room = (void *)(uintptr_t)m->scratch;

    xd_xen_flush(x, g);
    m->op = XD_MAIL_CALL;
    m->nr = nr;
    for (unsigned int i = 0; i < 6; i++)
        m->arg[i] = arg[i];
    if (n) {
        m->arg[at] = x->guest[g].mail_va + offsetof(struct xd_mailbox, scratch);
        memcpy(room, data, n);
    }
    if (!xd_xen_ask(x, g) || call_trapped(x, g))
        return -1;
    if (n)
        memcpy(data, room, n);
    return (int64_t)m->result;
}

void xd_xen_queue(struct xd_xen *x, unsigned int g, uint64_t nr, const uint64_t arg[6],
                  unsigned int at, const void *data, size_t n)
{
    struct xd_xen_guest *guest = &x->guest[g];
    volatile struct xd_mailbox *m = guest->mail;

    if (guest->queued == XD_MAIL_CALLS_MAX || guest->queued_bytes + n > sizeof(m->scratch))
        xd_xen_flush(x, g);
    guest->expected[guest->queued].judged = false;
    m->call[guest->queued].nr = nr;
    for (unsigned int i = 0; i < 6; i++)
        m->call[guest->queued].arg[i] = arg[i];
    if (n) {
        m->call[guest->queued].arg[at] =
            guest->mail_va + offsetof(struct xd_mailbox, scratch) + guest->queued_bytes;
        memcpy((char *)(uintptr_t)m->scratch + guest->queued_bytes, data, n);
    }
    guest->queued++;
    guest->queued_bytes += (n + 7) & ~(size_t)7;
}

void xd_xen_expect(struct xd_xen *x, unsigned int g, int64_t other)
{
    struct xd_xen_guest *guest = &x->guest[g];

    guest->expected[guest->queued - 1].judged = true;
    guest->expected[guest->queued - 1].other = other;
}

void xd_xen_flush(struct xd_xen *x, unsigned int g)
{
    struct xd_xen_guest *guest = &x->guest[g];
    unsigned int nr = guest->queued;

    if (!nr)
        return;
    guest->mail->op = XD_MAIL_CALLS;
    guest->mail->size = nr;
    guest->queued = 0;
    guest->queued_bytes = 0;
    if (!xd_xen_ask(x, g))
        return;
    for (unsigned int i = 0; i < nr && !guest->surprised; i++) {
        int64_t result = (int64_t)guest->mail->call[i].result;

        if (!guest->expected[i].judged || !result || result == guest->expected[i].other)
            continue;
        guest->surprised = true;
        guest->unexpected.nr = guest->mail->call[i].nr;
        guest->unexpected.result = result;
    }
}

unsigned char *xd_xen_at(struct xd_xen *x, uint64_t cr3, uint64_t va, uint64_t need)
{
    uint64_t table = cr3 & ADDRESS;

    if ((int64_t)(va << 16) >> 16 != (int64_t)va) /* not canonical */
        return NULL;
    for (unsigned int level = 4; level >= 1; level--) {
        unsigned int shift = 12 + 9 * (level - 1);
        uint64_t e;

        if (table + PAGE > x->ram_size)
            return NULL;
        e = ((volatile uint64_t *)(void *)(x->ram + table))[va >> shift & 511];
        if ((e & need) != need)
            return NULL;
        if (level == 1 || (level < 4 && e & LARGE)) {
            uint64_t in = va & ((UINT64_C(1) << shift) - 1);
            uint64_t at = (e & ADDRESS & ~((UINT64_C(1) << shift) - 1)) + in;

            return at < x->ram_size ? x->ram + at : x->beyond;
        }
        table = e & ADDRESS;
    }
    return NULL;
}

void xd_xen_frame_at(struct xd_xen *x, uint64_t mfn, struct xd_xen_frame *f)
{
    const unsigned char *p =
        x->records[mfn * XD_XEN_RECORD_SIZE / PAGE] + mfn * XD_XEN_RECORD_SIZE % PAGE;
    uint64_t count, type;
    uint32_t owner;
    int16_t linear;

    memcpy(&count, p + 8, 8);
    memcpy(&type, p + 16, 8);
    memcpy(&owner, p + 24, 4);
    memcpy(&linear, p + 30, 2);
    *f = (struct xd_xen_frame){
        .owner = ~0u,
        .count = count & ((UINT64_C(1) << 57) - 1),
        .allocated = count >> 63,
        .xen_heap = count >> 62 & 1,
        .type_count = type & ((UINT64_C(1) << 55) - 1),
        .type = (unsigned int)(type >> 61),
        .pinned = type >> 59 & 1,
        .validated = type >> 58 & 1,
        .partial = type >> 56 & 1,
    };
    if (f->type >= 1 && f->type <= 4) /* else the time of a flush stands there */
        f->linear = linear;
    if (f->count && owner && (uint64_t)owner * PAGE + 2 <= x->ram_size) {
        uint16_t domid;

        memcpy(&domid, x->ram + (uint64_t)owner * PAGE, 2);
        f->owner = domid;
    }
}

uint64_t xd_xen_m2p(const struct xd_xen *x, uint64_t mfn)
{
    uint64_t pfn;

    memcpy(&pfn, x->m2p[mfn * XD_XEN_M2P_SIZE / PAGE] + mfn * XD_XEN_M2P_SIZE % PAGE, sizeof(pfn));
    return pfn;
}

char *xd_xen_log(struct xd_xen *x)
{
    char *text = calloc(1, LOG_MAX);
    ssize_t n = text ? pread(x->serial_fd, text, LOG_MAX - 1, (off_t)x->log_at) : 0;

    x->log_at += n > 0 ? (size_t)n : 0;
    return text;
}

/*
 * Xen takes input in by an interrupt, byte by byte. CTRL-A three times lets it take input for itself, and once more for dom0, of
 * which it tells: then it has seen all that came before.
 */
bool xd_xen_type(struct xd_xen *x, const void *bytes, size_t n)
{
    static const char there_and_back[6] = {1, 1, 1, 1, 1, 1};
    const uint64_t end = xd_xen_now_ns() + ANSWER_NS;

    if (x->dead || n > XD_XEN_TYPED_MAX)
        return false;
    free(xd_xen_log(x));
    if (write(x->type_fd, bytes, n) != (ssize_t)n ||
        write(x->type_fd, there_and_back, sizeof(there_and_back)) != sizeof(there_and_back))
        return false;
    while (!xd_xen_said(x, "Serial input to DOM0 (type")) {
        if (xd_xen_now_ns() > end || xd_xen_gone(x))
            return false;
        nanosleep(&(struct timespec){.tv_nsec = NAP_NS}, NULL);
    }
    return true;
}
