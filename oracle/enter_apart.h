/* SPDX-License-Identifier: MIT */
/* enter_apart.h: what the files of enter.h share: the entries of a program, apart from those of its guest's kernel. */
#ifndef XD_ORACLE_ENTER_APART_H
#define XD_ORACLE_ENTER_APART_H

#include "enter.h"
#include "real.h"

#include "hv/bounce.h"

#define XD_TRAP_ROWS   256u
#define XD_TRAP_ROW    16u /* bytes of a trap_info */
#define XD_ASSIST_IOPL 4u  /* VMASST_TYPE_architectural_iopl */

/* What is the program's, or while that is in place, the kernel's. */
struct xd_records {
    unsigned char row[XD_TRAP_ROWS * XD_TRAP_ROW];
    uint64_t callback[3]; /* event, failsafe, syscall */
    uint64_t stack[2];    /* kernel_ss, kernel_sp */
};

struct xd_apart {
    bool apart;
    struct xd_records other;
    unsigned char *rows; /* in RAM */
    uint64_t *callback, *stack;
    struct xd_registers regs;
    bool root_unknown;  /* that of user mode */
    uint64_t syscall32; /* callback that no kernel of ours has */
    struct {
        uint64_t va, value;
        unsigned int size;
        bool store;
        bool delivered;
    } access; /* the last one */
};

/* By the numbers that vCPUs have among all. */
extern struct xd_apart xd_apart[XD_XEN_GUESTS];

static inline unsigned int xd_number_of(const struct xd_vcpu *v)
{
    return xd_xen_guest(v->domain->domid, v->id);
}

static inline uint64_t xd_kept_flags(uint64_t flags)
{
    flags &= XD_RFLAGS_KNOWN & ~(uint64_t)(XD_RFLAGS_IOPL | XD_RFLAGS_VM | XD_RFLAGS_RF);
    return flags | XD_RFLAGS_FIXED | XD_RFLAGS_IF;
}

/* QEMU 7.2 makes the error code of a closed gate by 16 bytes a gate in 64-bit mode, so Xen takes INT n for INT 2n. */
extern unsigned int xd_times_int;

/* A step that enters a kernel, or leaves it. */
struct xd_going {
    struct xd_vcpu *v;
    struct xd_apart *g;
    uint64_t rdi, rsi, rax, rsp;
    uint64_t cr2;       /* before */
    uint64_t rip;       /* where the instruction begins */
    bool fault;         /* what the processor reports before it is one */
    bool calls;         /* it is SYSCALL of a kernel, of which selectors can't be seen */
    bool passes;        /* it may be carried out */
    bool user;          /* it begins or ends in user mode */
    unsigned int place; /* where it went on, and where that is: */
    uint64_t at;
};

/* Begins such a step for (v). False: that can't be done. */
bool xd_going_begin(struct xd_going *go, struct xd_vcpu *v);
/* What code it is that (cs) names: other descriptors of 32-bit code could have limits, at which QEMU does not look. */
enum xd_code xd_mode_of(bool user, uint64_t cs);
/*
 * Lays the instruction, and lets the vCPU run into it. (go->passes) or not, it ends in one of the places laid before. False:
 * it can't be done, or the domain ended.
 */
bool xd_run_into(struct xd_going *go, const void *instruction, size_t n);

/* The program can't be run, since...; the first reason stays. Always false. */
bool xd_enter_cant(const char *why);
/* The program's traps and stack take the place of the kernel's, or the other way round; */
void xd_exchange_rows(struct xd_apart *g);
/* the same of callbacks. */
void xd_exchange_callbacks(struct xd_apart *g);

#endif
