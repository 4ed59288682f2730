/* SPDX-License-Identifier: MIT */
/*
 * cpu.h: the seam between whatever executes a guest and the machine.
 *
 * A CPU runs a vCPU until something happens that is not its business and says what. What follows is
 * decided here alone: the hypercall is made, the write emulated, the fault given to the guest. The
 * registers at an exit, and those the next entry loads, are v->regs; a CPU changes them through
 * XD_PUT. Which translations it must forget, it learns from the hooks `inval` and `flush`. A CPU is
 * stopped by a flag that it looks at (KICKED), never in the middle.
 *
 * It lies above src/hv because it makes hypercalls.
 */
#ifndef XD_HV_CALL_CPU_H
#define XD_HV_CALL_CPU_H

#include "hv/bounce.h"
#include "hv/hv.h"

enum xd_exit_kind {
    XD_EXIT_KICKED,    /* nothing happened; somebody wants to look */
    XD_EXIT_HYPERCALL, /* number in rax, arguments in rdi rsi rdx r10 r8 r9 */
    XD_EXIT_EXCEPTION, /* (vector), (error); of a page fault (addr); of its write the rest too */
    XD_EXIT_SOFTINT,   /* int (vector) */
    XD_EXIT_FATAL,     /* the guest can't go on */
};

struct xd_exit {
    enum xd_exit_kind kind;
    uint8_t vector;
    uint32_t error;
    uint64_t addr;
    uint64_t va;  /* where the write begins; (addr) lies behind it if only the second page faults */
    uint8_t size; /* 0: no write, or not a plain one */
    unsigned char bytes[8];
};

struct xd_cpu {
    void (*run)(struct xd_cpu *cpu, struct xd_vcpu *v, struct xd_exit *exit);
};

enum xd_outcome_kind {
    XD_OUTCOME_NOTHING,
    XD_OUTCOME_RETURNED,  /* a hypercall came back with (rc), now in rax */
    XD_OUTCOME_SUSPENDED, /* it waits until the vCPU runs again; the next step finishes it */
    XD_OUTCOME_EMULATED,  /* Xen did the write */
    XD_OUTCOME_TRAP,      /* the guest's handler of (vector) is to run */
    XD_OUTCOME_CRASHED,
};

struct xd_outcome {
    enum xd_outcome_kind kind;
    int64_t rc;
    uint8_t vector;
    struct xd_fault fault; /* of a page fault */
};

/* Runs (v), which must be in state RUNNING, up to its next exit, and does what follows from it. */
void xd_cpu_step(struct xd_cpu *cpu, struct xd_vcpu *v, struct xd_outcome *out);

#endif
