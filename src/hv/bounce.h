/* SPDX-License-Identifier: MIT */
/*
 * bounce.h: how Xen enters a guest's kernel, and how that kernel leaves again: the frames of both, and the
 * rules of flags and selectors.
 *
 * A vCPU's registers (xd_vcpu.regs) are those of its guest while Xen runs. They mean nothing for linked
 * guests, whose registers are the host's (src/guest/upcall.c builds the same frame for them).
 */
#ifndef XD_HV_BOUNCE_H
#define XD_HV_BOUNCE_H

#include "hv/hv.h"

/* Vectors by name. */
#define XD_VECTOR_DB    1u
#define XD_VECTOR_NMI   2u
#define XD_VECTOR_BP    3u
#define XD_VECTOR_OF    4u
#define XD_VECTOR_UD    6u
#define XD_VECTOR_NM    7u
#define XD_VECTOR_NP    11u
#define XD_VECTOR_SS    12u
#define XD_VECTOR_GP    13u
#define XD_VECTOR_PF    14u
#define XD_VECTOR_INT80 0x80u

#define XD_RPL            3u
#define XD_FLAT_USER_CS32 0xe023u
#define XD_FLAT_SS        0xe02bu
#define XD_FLAT_CS64      0xe033u

#define XD_RFLAGS_FIXED 0x2u
#define XD_RFLAGS_TF    0x100u
#define XD_RFLAGS_IF    0x200u
#define XD_RFLAGS_DF    0x400u
#define XD_RFLAGS_IOPL  0x3000u
#define XD_RFLAGS_NT    0x4000u
#define XD_RFLAGS_RF    0x10000u
#define XD_RFLAGS_VM    0x20000u
#define XD_RFLAGS_AC    0x40000u
#define XD_RFLAGS_KNOWN 0x3f7fd7u /* what the processor has at all */

#define XD_TRAP_DPL_MASK 3u /* of xd_trap.flags: who may reach it by `int` */
#define XD_TRAP_MASKS    4u /* entering it masks events */

#define XD_VGCF_IN_SYSCALL 0x100u

/* The words of a bounce frame from the new stack pointer up; an error code stands above R11. */
enum xd_frame_word {
    XD_FRAME_RCX,
    XD_FRAME_R11,
    XD_FRAME_RIP,
    XD_FRAME_CS, /* selector in bits 0 to 15, the upcall mask before in 32 to 39 */
    XD_FRAME_RFLAGS,
    XD_FRAME_RSP,
    XD_FRAME_SS,
    XD_FRAME_WORDS
};

/* What the iret hypercall takes from the stack. */
struct xd_iret_frame {
    uint64_t rax, r11, rcx, flags, rip, cs, rflags, rsp, ss;
};

/* Does the guests' code run where its memory is, beside the machine? Then its registers are there too. */
static inline bool xd_registers_elsewhere(const struct xd_hv *hv)
{
    return hv->host->hooks.read || hv->host->hooks.write;
}

/* Where a guest's kernel is entered. */
struct xd_entry_point {
    uint64_t address; /* 0: nowhere, which ends the domain */
    bool mask;        /* events are masked from then on */
    bool has_error;
    uint32_t error;
    enum xd_why nowhere; /* why a domain without (address) crashes, */
    uint64_t vector;     /* and its argument */
};

/*
 * Pushes the frame of (v)'s registers onto its kernel's stack and puts it at the entry point. From user
 * mode: into kernel mode, onto the stack that stack_switch registered. False: that can't be done, the
 * reason is recorded and the domain has crashed. AS-XEN: create_bounce_frame
 */
bool xd_bounce_to(struct xd_vcpu *v, const struct xd_entry_point *to);

/* Exception (vector) of hardware. AS-XEN: pv_inject_event */
bool xd_bounce_trap(struct xd_vcpu *v, unsigned int vector, uint32_t error);

/* On the way back to the guest: a pending NMI, then an event that is due, until there is none. (*nr)
 * counts frames: from 1, if one was pushed already; with one, the way back is SYSRET. False: the domain
 * crashed. AS-XEN: test_all_events */
bool xd_bounce_due(struct xd_vcpu *v, unsigned int *nr);

/* The processor returns to the registers' context by SYSRET, which takes RIP from RCX and RFLAGS from R11, and
 * knows two kinds of code and one stack segment. False: those are loaded, but RIP is not canonical.
 * AS-XEN: restore_all_guest */
bool xd_sysret(struct xd_vcpu *v);

/* From kernel to user mode or back: the other root table, the other GS base. AS-XEN: toggle_guest_mode */
void xd_toggle_mode(struct xd_vcpu *v);

/* The guest did what ends it: (why) was recorded. Returns false. */
bool xd_bounce_crash(struct xd_vcpu *v);

/* Its guest ran, so flags are what the processor keeps; (rf): what it ran into was a fault. */
void xd_ran(struct xd_vcpu *v, bool rf);

/* The processor returns to the registers' context by IRETQ. False: it finds something wrong, *bad says which
 * exception, and the reason is recorded. */
struct xd_bad_return {
    unsigned int vector;
    uint32_t error;
    uint64_t cr2;
};
bool xd_iretq(struct xd_vcpu *v, struct xd_bad_return *bad);

/* Is the code that (v) runs 64-bit code? */
bool xd_code_is_long(struct xd_vcpu *v);

/* What a frame shows of (rflags) where the upcall mask was (mask): Xen's own IF and IOPL never. */
uint64_t xd_frame_flags(const struct xd_vcpu *v, uint64_t rflags, uint8_t mask);

#endif
