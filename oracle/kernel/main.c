/* SPDX-License-Identifier: MIT */
/*
 * main.c: the oracle's kernel: does what the mailbox says, one request after the other, and knows nothing of why.
 *
 * It is a PV guest of the real hypervisor: dom0, and once more the domain that dom0 is made to build.  It keeps no state
 * between requests but the number of upcalls, and reads only its own image, so a program may do to the rest of the domain
 * what it likes.
 */
#include "../mailbox.h"

#include <stdbool.h>
#include <stddef.h>

#define HC_SET_TRAP_TABLE          0
#define HC_SET_CALLBACKS           4
#define HC_CONSOLE_IO              18
#define HC_VCPU_OP                 24
#define HC_SCHED_OP                29
#define HC_EVTCHN_OP               32
#define EVTCHNOP_STATUS            5
#define VCPUOP_STOP_PERIODIC_TIMER 7
#define SCHEDOP_SHUTDOWN           2
#define SHUTDOWN_CRASH             3

/* What entry.S keeps for each vCPU. */
struct own {
    uint64_t resume_at;
    uint64_t vector, error, rip; /* of the last trap */
    uint64_t upcalls;
    uint64_t cs; /* of the last trap */
};

void kernel_main(uint64_t start_info, uint64_t stack, uint64_t vcpu,
                 const volatile struct own *own);
void unexpected_trap(void);
bool guarded(void (*access)(struct xd_mailbox *), struct xd_mailbox *m);
void enter(struct xd_mailbox *m);
extern const char caught_of[]; /* XD_MAIL_CATCHER bytes for each vCPU */
extern const char newcomer[];
extern const unsigned char trap_table[];
extern const char event_entry[], failsafe_entry[];

static struct {
    _Alignas(4096) struct xd_mailbox m;
    unsigned char rest[4096 - sizeof(struct xd_mailbox)];
} page[XD_MAIL_VCPUS];

_Static_assert(offsetof(struct xd_mailbox, enter) == XD_ENTER_AT, "where entry.S looks");
_Static_assert(offsetof(struct xd_mailbox, enter.out) == XD_ENTER_OUT_AT, "where entry.S looks");

/* For entry.S. */
struct xd_mailbox *const mailbox_of[XD_MAIL_VCPUS] = {&page[0].m, &page[1].m, &page[2].m,
                                                      &page[3].m};

/* (*upcalls): taken before it was made, and not while. */
static uint64_t hypercall_after(uint64_t nr, const uint64_t *arg, uint64_t *upcalls)
{
    const volatile struct own *own = (void *)((uint64_t)__builtin_frame_address(0) & -4096ul);
    register uint64_t a3 __asm__("r10") = arg[3];
    register uint64_t a4 __asm__("r8") = arg[4];
    register uint64_t a5 __asm__("r9") = arg[5];
    uint64_t a0 = arg[0], a1 = arg[1], a2 = arg[2];

    __asm__ volatile("mov %[own], %%rbx; syscall"
                     : "+a"(nr), "+D"(a0), "+S"(a1), "+d"(a2), "+r"(a3), "+r"(a4), "+r"(a5),
                       "=&b"(*upcalls)
                     : [own] "m"(own->upcalls)
                     : "rcx", "r11", "memory");
    return nr;
}

static uint64_t hypercall(uint64_t nr, const uint64_t *arg)
{
    uint64_t upcalls;

    return hypercall_after(nr, arg, &upcalls);
}

static void say(const char *text)
{
    uint64_t n = 0;

    while (text[n])
        n++;
    hypercall(HC_CONSOLE_IO, (uint64_t[6]){0, n, (uint64_t)text});
}

static void shut_down(uint32_t reason)
{
    for (;;)
        hypercall(HC_SCHED_OP, (uint64_t[6]){SCHEDOP_SHUTDOWN, (uint64_t)&reason});
}

void unexpected_trap(void)
{
    say("oracle: a trap outside a guarded access\n");
    shut_down(SHUTDOWN_CRASH);
}

static void load(struct xd_mailbox *m)
{
    uint64_t value = 0;

    switch (m->size) {
    case 1: value = *(volatile uint8_t *)m->va; break;
    case 2: value = *(volatile uint16_t *)m->va; break;
    case 4: value = *(volatile uint32_t *)m->va; break;
    default: value = *(volatile uint64_t *)m->va; break;
    }
    m->result = value;
}

static void store(struct xd_mailbox *m)
{
    switch (m->size) {
    case 1: *(volatile uint8_t *)m->va = (uint8_t)m->value; break;
    case 2: *(volatile uint16_t *)m->va = (uint16_t)m->value; break;
    case 4: *(volatile uint32_t *)m->va = (uint32_t)m->value; break;
    default: *(volatile uint64_t *)m->va = m->value; break;
    }
}

static void call(struct xd_mailbox *m)
{
    uint64_t upcalls;

    m->result = hypercall_after(m->nr, m->arg, &upcalls);
    m->upcalls_before = upcalls;
}

static void ports(struct xd_mailbox *m)
{
    uint64_t nr = m->nr, domid = m->value;

    for (m->size = 0; m->size < XD_MAIL_PORTS_MAX; nr++) {
        uint64_t *w = m->ports[m->size].word;

        w[0] = domid | nr << 32; /* dom, port */
        w[1] = w[2] = 0;
        if (hypercall(HC_EVTCHN_OP,
                      (uint64_t[6]){EVTCHNOP_STATUS, (uint64_t)w})) { /* there is no such port */
            m->result = XD_MAIL_PORTS_END;
            m->value = nr;
            return;
        }
        if ((uint32_t)w[1]) /* its status: not closed */
            m->size++;
    }
    m->result = nr;
}

/* A trap table adds to the one before; no table takes that away. */
static uint64_t register_entries(void)
{
    uint64_t refused = 0;

    refused += hypercall(HC_SET_TRAP_TABLE, (uint64_t[6]){0}) != 0;
    refused += hypercall(HC_SET_TRAP_TABLE, (uint64_t[6]){(uint64_t)trap_table}) != 0;
    refused += hypercall(HC_SET_CALLBACKS,
                         (uint64_t[6]){(uint64_t)event_entry, (uint64_t)failsafe_entry}) != 0;
    if (refused)
        say("oracle: the traps and callbacks were refused\n");
    return refused;
}

static void code_out(struct xd_mailbox *m)
{
    for (volatile uint64_t *w = (uint64_t *)m->va; w < (uint64_t *)(m->va + m->nr * XD_MAIL_PAGE);)
        *w++ = 0;
    for (uint32_t i = 0; i < m->size && i < XD_MAIL_CODE_MAX; i++)
        for (uint32_t k = 0; k < m->code[i].size && k < XD_MAIL_CODE; k++)
            ((volatile uint8_t *)m->code[i].va)[k] = m->code[i].byte[k];
}

static void int3(struct xd_mailbox *m)
{
    (void)m;
    __asm__ volatile("int3");
}

static void int_closed(struct xd_mailbox *m)
{
    (void)m;
    __asm__ volatile("int %0" : : "i"(XD_MAIL_INT_VECTOR));
}

/* Where user mode answers, Xen's records are made the kernel's own before it comes back. */
static void enter_and_return(struct xd_mailbox *m, const volatile struct own *own)
{
    uint32_t asked = m->asked;

    m->enter.out.place = 0;
    enter(m);
    if (!(m->enter.out.place & XD_PLACE_USER))
        return;
    __atomic_store_n(&m->answered, asked, __ATOMIC_RELEASE);
    while (__atomic_load_n(&m->asked, __ATOMIC_ACQUIRE) == asked)
        __asm__ volatile("pause");
    guarded(int3, m);
    m->enter.out.from_cs = own->cs;
}

static void carry_out(struct xd_mailbox *m, const volatile struct own *own)
{
    m->result = 0;
    m->trapped = 0;
    switch (m->op) {
    case XD_MAIL_CALL: m->trapped = !guarded(call, m); break;
    case XD_MAIL_LOAD: m->trapped = !guarded(load, m); break;
    case XD_MAIL_STORE: m->trapped = !guarded(store, m); break;
    case XD_MAIL_PORTS: ports(m); break;
    case XD_MAIL_CALLS:
        for (uint32_t i = 0; i < m->size && i < XD_MAIL_CALLS_MAX; i++)
            m->call[i].result = hypercall(m->call[i].nr, m->call[i].arg);
        break;
    case XD_MAIL_ENTRIES: m->result = register_entries(); break;
    case XD_MAIL_CODE_OUT: m->trapped = !guarded(code_out, m); break;
    case XD_MAIL_ENTER: enter_and_return(m, own); break;
    case XD_MAIL_INT: m->trapped = !guarded(int_closed, m); break;
    }
    if (m->trapped) {
        m->vector = own->vector;
        m->error = own->error;
        m->rip = own->rip;
    }
    __asm__ volatile("mov %%cr3, %0"
                     : "=r"(m->cr3)); /* Xen does it, and delivers on the way back */
    m->upcalls = own->upcalls;
}

/* A newcomer has no (start_info), and may have had requests before: it was somebody else then. */
void kernel_main(uint64_t start_info, uint64_t stack, uint64_t vcpu, const volatile struct own *own)
{
    struct xd_mailbox *m = &page[vcpu].m;
    uint32_t seen = m->answered;

    register_entries();
    if (hypercall(HC_VCPU_OP, (uint64_t[6]){VCPUOP_STOP_PERIODIC_TIMER, vcpu}))
        say("oracle: the periodic timer goes on\n");
    m->start_info_va = start_info;
    m->stack_va = stack;
    m->caught = (uint64_t)caught_of + XD_MAIL_CATCHER * vcpu;
    m->newcomer = (uint64_t)newcomer;
    m->upcalls = own->upcalls;
    __asm__ volatile("mov %%cr3, %0" : "=r"(m->cr3));
    m->magic[0] = XD_MAIL_MAGIC0;
    __atomic_store_n(&m->magic[1], XD_MAIL_MAGIC1, __ATOMIC_RELEASE);
    if (start_info)
        say("oracle: ready\n");
    for (;;) {
        while (__atomic_load_n(&m->asked, __ATOMIC_ACQUIRE) == seen)
            __asm__ volatile("pause");
        carry_out(m, own);
        seen = m->asked;
        __atomic_store_n(&m->answered, seen, __ATOMIC_RELEASE);
    }
}
