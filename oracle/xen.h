/* SPDX-License-Identifier: MIT */
/*
 * xen.h: a running Xen in QEMU with the oracle's kernel in its domains, and its whole memory open to us.
 *
 * RAM is a file that both map, so page tables, Xen's frame records and guest memory are read where they lie; only what a
 * guest must do itself goes through its mailbox.
 */
#ifndef XD_ORACLE_XEN_H
#define XD_ORACLE_XEN_H

#include "mailbox.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

#define XD_XEN_DOMAINS     4u           /* dom0, and those it can build */
#define XD_XEN_RECORD_SIZE UINT64_C(32) /* bytes of Xen's for each frame: its record, */
#define XD_XEN_M2P_SIZE    UINT64_C(8)  /* and its pfn */
#define XD_XEN_GUESTS      (XD_XEN_DOMAINS * XD_MAIL_VCPUS)

/* The vCPUs that run the kernel have one number each. */
static inline unsigned int xd_xen_guest(unsigned int domid, unsigned int vcpu)
{
    return domid * XD_MAIL_VCPUS + vcpu;
}

struct xd_xen;

struct xd_xen_config {
    const char *qemu, *xen, *kernel;
    uint32_t ram_mb, dom0_mb;
    uint32_t cpus;
    uint32_t dom0_vcpus; /* that it may have; the first one runs */
    /* Has the domain of guest (g), which gives no answer, been shut down, and why? NULL: nobody can tell. */
    bool (*ended)(struct xd_xen *x, unsigned int g, uint8_t *reason);
    /* Does the vCPU of guest (g), which gives no answer, wait for an event? NULL: nobody can tell. */
    bool (*waits)(struct xd_xen *x, unsigned int g);
};

/* One of them. */
struct xd_xen_guest {
    volatile struct xd_mailbox *mail; /* NULL: it does not exist */
    uint64_t mail_va;
    bool dead;      /* it ended, or gives no answer: */
    bool hung;      /* nobody can tell why */
    uint8_t reason; /* else: SHUTDOWN_* */
    bool may_wait;  /* what it is asked next may put it to sleep, */
    bool waits; /* and has: the answer comes when it is woken. Until then it must not be asked */
    bool down;  /* it was taken down, and is asked nothing until it comes up again: */
    bool down_by_own; /* by a call of its own, which comes back then */
    bool may_suspend; /* what it is asked next may suspend its domain, */
    bool suspended;   /* and has: the answer comes when that is resumed. It waits, too */
    bool in_list;     /* it does in the middle of a list of calls, the rest of which is to come */
    unsigned int queued; /* calls that its mailbox holds */
    size_t queued_bytes;
    struct {
        bool judged;
        int64_t other; /* than 0 */
    } expected[XD_MAIL_CALLS_MAX];
    bool surprised; /* a call resulted in what was not expected, and this was the first: */
    struct {
        uint64_t nr;
        int64_t result;
    } unexpected;
};

struct xd_xen {
    pid_t pid;
    int status; /* how it ended, if it did (wait(2)) */
    unsigned char *ram;
    uint64_t ram_size;
    struct xd_xen_guest guest[XD_XEN_GUESTS];
    uint64_t xen_cr3; /* a root under which Xen's own addresses are mapped: dom0's first one */
    unsigned char beyond[4096]; /* stands for memory that is not RAM */
    unsigned char **records;    /* pages of Xen's frame records, */
    unsigned char **m2p;        /* and of its table from mfn to pfn, for all frames of RAM */
    bool dead;                  /* all of it ended, or dom0 gives no answer; */
    bool off;                   /* since it was switched off, or reset */
    bool (*ended)(struct xd_xen *x, unsigned int g, uint8_t *reason);
    bool (*waits)(struct xd_xen *x, unsigned int g);
    int ram_fd, serial_fd; /* files without names: RAM, and what Xen and the domains write */
    int type_fd;           /* a pipe: what is typed on the console */
    int monitor_fd;        /* a socket: QEMU's monitor */
    uint64_t mail_at;      /* dom0's first mailbox, in RAM */
    size_t log_at;         /* bytes of that which were taken */
    char error[512];
};

/* What Xen knows of a frame. */
struct xd_xen_frame {
    uint64_t count, type_count;
    unsigned int type; /* 0 none, 1..4 tables, 5 segment descriptors, 6 shared, 7 writable */
    uint32_t owner;    /* domid; ~0: none */
    bool allocated, xen_heap, pinned, validated, partial;
    int linear;
};

/* A machine as it was. Zeros: none. */
struct xd_xen_saved {
    bool there;
    int ram_fd, state_fd; /* files without names: RAM, and all else, as QEMU writes it */
    uint64_t mail_at;
};

/* Boots, up to dom0's first request; false: (x->error) says why not. In any case xd_xen_end is due. */
bool xd_xen_boot(struct xd_xen *x, const struct xd_xen_config *c);
void xd_xen_end(struct xd_xen *x);

/* ---- saved.c ---- */

/* Keeps the machine, which was just booted: it stands still from now on, and is to be ended. False: x->error says why it can't be. */
bool xd_xen_save(struct xd_xen *x, struct xd_xen_saved *s);
/* As xd_xen_boot, but in no time: another machine of the same configuration goes on where that one stopped. */
bool xd_xen_restore(struct xd_xen *x, const struct xd_xen_config *c, const struct xd_xen_saved *s);
void xd_xen_forget(struct xd_xen_saved *s);

/* ---- xen.c ---- */

uint64_t xd_xen_now_ns(void);
/* Has QEMU ended? */
bool xd_xen_gone(struct xd_xen *x);
/* Is (words) in the serial text since xd_xen_log was called last? */
bool xd_xen_said(struct xd_xen *x, const char *words);

/* Lets guest (g) do what its mailbox asks. False: no answer came, the guest or all of Xen is gone, or it waits. */
bool xd_xen_ask(struct xd_xen *x, unsigned int g);

/* A hypercall of guest (g), whose (n) bytes of arguments at (data) are put into its mailbox and read back; arg[(at)] becomes their address.
   -1: or no answer came; one that ends in a trap is none. */
int64_t xd_xen_call(struct xd_xen *x, unsigned int g, uint64_t nr, const uint64_t arg[6],
                    unsigned int at, void *data, size_t n);
/* The same of a call by which it waited, and which goes on. It may wait again. */
int64_t xd_xen_call_woken(struct xd_xen *x, unsigned int g);

/* The same, later: all that is queued is made by one request, at the latest by xd_xen_flush, and nobody learns the results */
void xd_xen_queue(struct xd_xen *x, unsigned int g, uint64_t nr, const uint64_t arg[6],
                  unsigned int at, const void *data, size_t n);
/* but whether the call that was queued last resulted in 0 or (other): if not, x->guest[g].unexpected says so. */
void xd_xen_expect(struct xd_xen *x, unsigned int g, int64_t other);
void xd_xen_flush(struct xd_xen *x, unsigned int g);

/* The byte at linear address (va) under (cr3); NULL: an entry on the way lacks one of (need_flags). What is no RAM is x->beyond. */
unsigned char *xd_xen_at(struct xd_xen *x, uint64_t cr3, uint64_t va, uint64_t need_flags);

/* (mfn) must be a frame of RAM. */
void xd_xen_frame_at(struct xd_xen *x, uint64_t mfn, struct xd_xen_frame *f);
uint64_t xd_xen_m2p(const struct xd_xen *x, uint64_t mfn);

#define XD_XEN_TYPED_MAX 4000u /* a pipe takes so much at once */

/* Types (n) bytes on the console, none of them CTRL-A, and waits until Xen has seen them. False: it did not. */
bool xd_xen_type(struct xd_xen *x, const void *bytes, size_t n);

/* The serial text since the last call of this; to be freed. */
char *xd_xen_log(struct xd_xen *x);

#endif
