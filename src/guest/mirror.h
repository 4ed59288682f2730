/* SPDX-License-Identifier: MIT */
/*
 * mirror.h: windows of guest virtual addresses that are really mapped.
 *
 * What is mapped in a window are translations as a TLB holds them: found by walking the page tables at
 * the first use, and kept until Xen would flush them. An ordinary mirror has one TLB, of the vCPU that
 * ran last and of all others with its cr3. A strict one has a TLB for each vCPU and never lets a
 * translation be used whose tables say something else by now.
 */
#ifndef XD_GUEST_MIRROR_H
#define XD_GUEST_MIRROR_H

#include "guest/access.h"
#include "guest/guest.h"
#include "hv/pt.h"

#define XD_WINDOWS_MAX      4u
#define XD_TRANSLATIONS_MAX 16384u /* each is a mapping of the process, which has 65530 at most */

/* Which call made translations stale: shared by them. */
struct xd_cause {
    uint32_t users;
    char *text;
};

/* A translation that was used. */
struct xd_translation {
    uint64_t va; /* of the page */
    xd_mfn mfn;
    uint64_t pte;         /* its L1 entry, then */
    uint32_t next;        /* 1 + index of another one of the same page; 0: none */
    uint16_t owner, vcpu; /* of the frame, then; whose TLB: strict mirrors only */
    uint8_t type;         /* of the frame, then */
    bool writable, exec;
    bool stale_read, stale_write; /* the tables no longer allow what it does */
    struct xd_cause *cause;       /* of being stale */
};

struct xd_window {
    uint64_t base, size;
    uint32_t *at; /* by page: 1 + index of its first translation; 0: none */
};

/* A domain's. */
struct xd_mirror {
    struct xd_mirror *next; /* of the process */
    struct xd_domain *d;
    bool strict;
    struct xd_vcpu *now; /* strict: whose translations are mapped */
    xd_mfn cr3;          /* else: whose tables they were found in */
    struct xd_window window[XD_WINDOWS_MAX];
    uint32_t windows;
    struct xd_translation *tr;
    uint32_t trs;
};

/* ---- In process.c: all of them ---- */

struct xd_mirror *xd_mirrors(void);
void xd_mirrors_set(struct xd_mirror *first);

/* In window.c: a child process gets memory of its own. */
void xd_mirrors_before_fork(void);
void xd_mirrors_after_fork(bool child);

/* Where the next free range is looked for. */
uint64_t *xd_mirrors_room(void);

/* ---- In mirror.c ---- */

struct xd_mirror *xd_mirror_of(const struct xd_domain *d);
struct xd_mirror *xd_mirror_at(uint64_t va, struct xd_window **w);
/* Whose window holds (va); NULL: none does. */
const struct xd_domain *xd_mirrored_at(uint64_t va);

/* (v) is about to run. Called only where the machine has a watcher. */
void xd_mirror_switch(struct xd_vcpu *v);

/* The translation of (va) that the running vCPU's TLB holds; NULL: none. */
struct xd_translation *xd_mirror_find(struct xd_mirror *m, uint64_t va, const struct xd_vcpu *v);

/* Maps the page of (va) as (walk), which was ok, says. False: it leads to no RAM. */
bool xd_mirror_fill(struct xd_mirror *m, struct xd_vcpu *v, uint64_t va, const struct xd_walk *walk,
                    bool write, bool exec);

struct xd_window *xd_window_of(struct xd_mirror *m, uint64_t va); /* that holds (va); NULL: none */

/* Drops translations: (v)'s, or all; of an ordinary mirror they are one vCPU's as much as another's. */
void xd_mirror_drop(struct xd_mirror *m, const struct xd_vcpu *v);

/* Nothing is mapped in [at, at+size) from now on; (how): MAP_FIXED or MAP_FIXED_NOREPLACE. */
bool xd_window_clear(uint64_t at, uint64_t size, int how);

/* Makes mirrors the watcher of (hv). */
void xd_mirror_watch(struct xd_hv *hv, bool strict);

/* In window.c: takes (m) and its windows away. */
void xd_mirror_end(struct xd_mirror *m);

/* Takes the page at (va) out of its window. */
void xd_mirror_unmap(uint64_t va);

void xd_cause_release(struct xd_cause *c);

/* In strict.c: looks which translations the tables no longer bear out; whoever calls caused it, by (what). (uc) is
 * where the guest's code stood, NULL: here. */
void xd_mirror_compare(struct xd_mirror *m, const char *what, const void *uc);

/* Lets the kernel reach [va, va+n) where page tables allow it. */
void xd_mirror_touch(uint64_t va, size_t n, bool write);

/* ---- In fault.c ---- */

#if XD_ACCESS_GUARDED
/* The access at (addr), of the ucontext (uc), faulted. False: it is not a mirror's business. */
bool xd_mirror_fault(uintptr_t addr, void *uc);
#endif

#endif
