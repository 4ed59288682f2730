/* SPDX-License-Identifier: MIT */
/*
 * xen.h: a running Xen in QEMU with the oracle's kernel as dom0, and its whole memory open to us.
 *
 * RAM is a file that both map, so page tables, Xen's frame records and guest memory are read where they lie; only what a
 * guest must do itself goes through the mailbox.
 */
#ifndef XD_ORACLE_XEN_H
#define XD_ORACLE_XEN_H

#include "mailbox.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct xd_xen_config {
    const char *qemu, *xen, *kernel;
    uint32_t ram_mb, dom0_mb;
    const char *options; /* more of Xen's command line */
};

struct xd_xen {
    pid_t pid;
    unsigned char *ram;
    uint64_t ram_size;
    volatile struct xd_mailbox *mail;
    uint64_t mail_va;
    uint64_t xen_cr3; /* a root under which Xen's own addresses are mapped: dom0's first one */
    unsigned char beyond[4096]; /* stands for memory that is not RAM */
    uint64_t record_page;       /* 1 + number of the page of frame records looked at last */
    const unsigned char *records;
    bool dead; /* it ended, or gives no answer */
    char dir[64];
    size_t log_at; /* bytes of the serial text that were shown */
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

/* Boots; false: (x->error) says why not. */
bool xd_xen_boot(struct xd_xen *x, const struct xd_xen_config *c);
void xd_xen_end(struct xd_xen *x);

/* One request. False: no answer came, the domain is gone. */
bool xd_xen_ask(struct xd_xen *x);

/* The byte at linear address (va) under (cr3); NULL: an entry on the way lacks one of (need_flags). What is no RAM is x->beyond. */
unsigned char *xd_xen_at(struct xd_xen *x, uint64_t cr3, uint64_t va, uint64_t need_flags);

/* False: there is no record for (mfn). */
bool xd_xen_frame_at(struct xd_xen *x, uint64_t mfn, struct xd_xen_frame *f);
uint64_t xd_xen_m2p(struct xd_xen *x, uint64_t mfn);

/* The serial text since the last call of this; to be freed. */
char *xd_xen_log(struct xd_xen *x);

#endif
