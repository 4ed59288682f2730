/* SPDX-License-Identifier: MIT */
/*
 * enter.h: how a guest's kernel is entered, and how it leaves, on real Xen.
 *
 * A program that does such things has its traps, callbacks and stack kept apart from those of the kernel that plays its
 * guest: Xen's own records of them are found in RAM, and hold the program's wherever a step depends on them, else the
 * kernel's. For such a step the vCPU is given the registers of the program, and code is laid where it may go on: at the
 * instruction that it runs into, and behind each entry that the program registered. That code reports back.
 */
#ifndef XD_ORACLE_ENTER_H
#define XD_ORACLE_ENTER_H

#include "hv/hv.h"
#include "program/runner.h"

/* Does a program of this kind follow? */
void xd_enter_expect(const struct xd_program *p);
/* Vcpu (v) starts as a program finds it. */
void xd_enter_start(struct xd_vcpu *v);
/* Why the program can't be run as it is; NULL: it could. */
const char *xd_enter_unfit(void);

/* Before hypercall (nr) of a program; false: it must not be made, since the program can't be run. */
bool xd_enter_before_call(struct xd_vcpu *v, uint64_t nr, const uint64_t *arg);
/* Behind it; it resulted in (rc). */
void xd_enter_after_call(struct xd_vcpu *v, uint64_t nr, const uint64_t *arg, int64_t rc);
/*
 * And if it was a step's: the vCPU is behind its SYSCALL, with that result. Calls by which a host prepares a program (its scratch
 * window) leave the registers alone, as on the double.
 */
void xd_enter_came_back(const struct xd_vcpu *v, int64_t rc);
/* The hypercall iret, with its frame at (at), or where the stack pointer is. */
int64_t xd_enter_iret(struct xd_vcpu *v, uint64_t at);
/* Is this a list of calls with an iret? (at): where that one's frame is, as far as its entry says. */
bool xd_enter_list(struct xd_vcpu *v, uint64_t nr, const uint64_t *arg, uint64_t *at);
/* Such a list. */
int64_t xd_enter_iret_in_list(struct xd_vcpu *v, const uint64_t *arg, uint64_t at);
/* The program loads or stores. True: in user mode, and here is what became of it. */
bool xd_enter_access(struct xd_vcpu *v, const struct xd_program_cpu *c, struct xd_outcome *out);

/* ---- enter_code.c: code where the program has none ---- */

struct xd_laid;

#define XD_LAID_BYTES 14u /* of an instruction */

/* Starts anew for vCPU (v). */
void xd_lay_begin(struct xd_vcpu *v);
/* The same for one that does not run yet: the first vCPU of dom0 writes the code, and the upcall mask is not shown. */
void xd_lay_begin_by_dom0(struct xd_vcpu *v);
enum xd_code { XD_CODE_KERNEL, XD_CODE_USER, XD_CODE_USER_32 };
/* What reports that the vCPU came to (rip), in code of (mode), behind an instruction of (n) bytes that is to stand right before it. False: there can be no code; xd_lay_why. */
bool xd_lay(uint64_t rip, enum xd_code mode, const void *instruction, size_t n);
const char *xd_lay_why(void);
/* Is any of the (n) bytes at (va) on a page of it? */
bool xd_lay_touches(uint64_t va, uint64_t n);
/* Lets the code be seen under root tables (cr3) and, if not 0, (user_cr3). */
bool xd_lay_show(uint64_t cr3, uint64_t user_cr3);
/* The address of the upcall mask of the vCPU, which is shown there only with the code. */
uint64_t xd_lay_mask(void);
/* Takes it away again. False: the processor may go on seeing it; xd_lay_why. */
bool xd_lay_hide(void);
/* Where code number (place) reported from. */
uint64_t xd_laid_at(unsigned int place);
enum xd_code xd_laid_mode(unsigned int place);
/* The low half of the address that all code writes to first. */
uint64_t xd_lay_mark(void);

#endif
