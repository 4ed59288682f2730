/* SPDX-License-Identifier: MIT */
/*
 * begin.h: a machine with a vCPU that begins with the registers of VCPUOP_initialise, and what its code (begin.S) leads to.
 *
 * Guest code here does not use ck_assert, which writes to a file unguarded; must() does for it.
 */
#ifndef XD_TESTS_GUEST_BEGIN_H
#define XD_TESTS_GUEST_BEGIN_H

#define _GNU_SOURCE
#include "dies.h"
#include "guest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <xen/interface/nmi.h>
#include <xen/interface/vcpu.h>

#define STACK 65536u

/* What begin_entry tells; known to begin.S. */
struct begun {
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp, r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t rip, rflags;
    uint32_t mxcsr;
    uint16_t fpu_cw, pad;
    void (*main)(struct begun *b);
    unsigned int times;
};

void begin_entry(void);
void begun_main(struct begun *b);
void bare_entry(void);
void event_entry(void);
void nmi_entry(void);
void failsafe_entry(void);

static struct machine m;
static struct begun begun;
static struct vcpu_guest_context context;
static unsigned char stack[STACK] __attribute__((aligned(4096)));
static unsigned int went, upcalls, nmis, order_of_upcall, order_of_nmi, other_code;
static const uint64_t *frame_of_event;

#define must(cond) ((cond) ? (void)0 : broken(#cond, __LINE__))

static inline void broken(const char *what, int line)
{
    fprintf(stderr, "test-begin.c:%d: %s does not hold\n", line, what);
    abort();
}

static inline bool is_up(unsigned int id)
{
    return HYPERVISOR_vcpu_op(VCPUOP_is_up, (int)id, NULL) == 1;
}

static inline void go_down(void)
{
    must(HYPERVISOR_vcpu_op(VCPUOP_down, 1, NULL) == 0);
}

/* Is down for good, as far as it knows. */
static inline void ends(struct begun *b)
{
    b->times++;
    for (;;)
        go_down();
}

void begun_main(struct begun *b)
{
    must(xd_self() == m.v1);
    went++;
    b->main(b);
    must(!"there is nowhere to return to");
}

/* Above it there is nothing, where looking for who called would come to. */
void bare_main(struct begun *b);
void bare_main(struct begun *b)
{
    struct evtchn_send send = {.port = 4000};

    must(HYPERVISOR_event_channel_op(EVTCHNOP_send, &send) == -EINVAL);
    ends(b);
}

/* Xen's frame stands at RSP. */
void handle_event(const uint64_t *frame);
void handle_event(const uint64_t *frame)
{
    frame_of_event = frame;
    upcalls++;
    order_of_upcall = ++went;
    must(xd_self() == m.v1);
    must(xd_guest_vcpu_info(m.v1)->evtchn_upcall_mask == 1);
    xd_guest_vcpu_info(m.v1)->evtchn_upcall_pending = 0;
}

void handle_nmi(const uint64_t *frame);
void handle_nmi(const uint64_t *frame)
{
    (void)frame;
    nmis++;
    order_of_nmi = ++went;
}

void handle_failsafe(const uint64_t *frame);
void handle_failsafe(const uint64_t *frame)
{
    (void)frame;
    must(!"nobody raises it");
}

static inline void on_upcall(void *unused)
{
    const char *here = __builtin_frame_address(0); /* a sanitizer has variables elsewhere */

    (void)unused;
    must(here > (char *)stack && here < (char *)stack + STACK);
    handle_event(NULL);
}

static inline void setup(void)
{
    struct xd_domain_config c = XD_DOMAIN_CONFIG_DEFAULT;

    c.vcpus = 2;
    ck_assert_int_eq(xd_hv_create(&m.hv, NULL), 0);
    ck_assert_int_eq(xd_domain_create(m.hv, &c, &m.d1), 0);
    m.v0 = xd_vcpu_at(m.d1, 0);
    m.v1 = xd_vcpu_at(m.d1, 1);
    xd_guest_link(m.hv);
    went = upcalls = nmis = other_code = 0;
    memset(&begun, 0, sizeof(begun));
    begun.main = ends;
    memset(&context, 0, sizeof(context));
    context.flags = VGCF_in_kernel;
    context.ctrlreg[3] = xd_domain_start(m.d1)->cr3_mfn << 12;
    context.user_regs.rip = (uintptr_t)begin_entry;
    context.user_regs.rsp = (uintptr_t)stack + STACK;
    context.user_regs.rdi = (uintptr_t)&begun;
}

static inline void teardown(void)
{
    machine_teardown(&m);
}

static inline enum xd_run_end run(bool threads)
{
    struct xd_run_config c = XD_RUN_CONFIG_DEFAULT;

    c.threads = threads;
    c.quiet = true;
    return xd_run(m.hv, &c);
}

static inline void brings_up(void *unused)
{
    (void)unused;
    must(HYPERVISOR_vcpu_op(VCPUOP_initialise, 1, &context) == 0);
    must(HYPERVISOR_vcpu_op(VCPUOP_up, 1, NULL) == 0);
}

#endif
