/* SPDX-License-Identifier: MIT */
/*
 * view.h: what was last seen of the domains of a program, and lines of text for what has changed since.
 *
 * Looked at after every step: all frames of a domain as it started and those that the heap gave it later; the words of its
 * tables, its first free pages, its argument area and its shared_info; ports, event bits and base pointers. At the end of a
 * program the words of all its other pages too.
 */
#ifndef XD_ORACLE_VIEW_H
#define XD_ORACLE_VIEW_H

#include "program/runner.h"

struct xd_view;

/* Lines go to (out). */
struct xd_view *xd_view_new(struct xd_str *out);
void xd_view_free(struct xd_view *s);

/* Tells what has changed in every domain of the program; (all): in pages too that are not looked at after each step. */
void xd_view_look(struct xd_view *s, const struct xd_runner *r, bool all);

/* ---- What a step has done, to be said before it is looked at ---- */

/* The frame may have become an L4 in the middle of the step, or (certain) was one; (walked): even a base pointer. */
void xd_view_root(struct xd_view *s, uint64_t mfn, bool walked, bool certain);
/* Frame (to) may be a copy of (from). */
void xd_view_copied(struct xd_view *s, uint64_t to, uint64_t from);
/* What Xen put into these (n) bytes of (v)'s is the machine's, and no two have it alike: they are made zero. */
void xd_view_machines(struct xd_view *s, struct xd_vcpu *v, uint64_t va, uint64_t n);
/* The TSC of the program's domain (i) is another by now. */
enum xd_view_tsc { XD_VIEW_TSC_MACHINES, XD_VIEW_TSC_GIVEN, XD_VIEW_TSC_UNTOLD };
void xd_view_tsc(struct xd_view *s, uint32_t i, enum xd_view_tsc tsc);
/* The frame was given back. */
void xd_view_given_back(struct xd_view *s, uint64_t mfn);
/* Frames were handed out: any that had been given back before may be among them. */
void xd_view_handed_out(struct xd_view *s);
/* This one was. From now on it is looked at under a name of its own, and its contents are made zero. */
void xd_view_new_frame(struct xd_view *s, struct xd_hv *hv, uint64_t mfn);
/* ... that Xen shares with a domain: what lies in it is Xen's to say. */
void xd_view_shared_frame(struct xd_view *s, struct xd_hv *hv, uint64_t mfn);

/* ---- Questions ---- */

/* Is this the shared_info of a domain of the program? */
bool xd_view_is_info(const struct xd_view *s, uint64_t mfn);

/* Is this a frame that a domain of the program had at its start, or got later? */
bool xd_view_ours(const struct xd_view *s, uint64_t mfn);
/* Is what lies there in such a frame, and neither time, but for a rate that was given to the TSC, nor a vCPU's event bits, which its kernel looks after? */
bool xd_view_comparable(const struct xd_view *s, uint64_t maddr);
/* Can the rate of its TSC be told alike: one that was given, or none? */
bool xd_view_rate(const struct xd_view *s, uint32_t i);
/* Does it depend on the heap who has this frame? */
bool xd_view_uncertain(const struct xd_view *s, uint64_t mfn);
/* A frame's number as both machines can tell it. */
uint64_t xd_view_number(const struct xd_view *s, uint64_t mfn);
/* A word that a guest has read, in which a number or address of such a frame may stand. */
uint64_t xd_view_loaded(const struct xd_view *s, uint64_t value);

#endif
