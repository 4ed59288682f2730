/* SPDX-License-Identifier: MIT */
/*
 * generate.h: random programs that go where page tables, ports and reservations are decided.
 *
 * A program is text in the language of scenarios, without expectations: what matters is what the
 * machine makes of it. Equal parameters give equal text on every host. No program ends or hangs the
 * guest that runs it, what a guest's kernel stands on (its image, stack, tables, traps) is never
 * touched: but one of 200 ends a domain by its last step (of 500, if dom0 is alone), and one of 16 enters kernels by its
 * last steps, with entries of its own; one of 25 of these ends a domain. Of programs with XD_GENERATE_HOST one of eight runs
 * on a debug build of Xen, and one of sixteen has an iret in a list of calls.
 */
#ifndef XD_FUZZ_GENERATE_H
#define XD_FUZZ_GENERATE_H

#include "base/strbuf.h"

#include <stdint.h>

/* What programs are about. A mask of 0 means XD_GENERATE_GUEST. */
enum xd_generate_group {
    XD_GENERATE_MM,        /* single changes of entries, pins, mappings; loads and stores */
    XD_GENERATE_TABLES,    /* whole trees: built, linked wrongly, switched to, taken down */
    XD_GENERATE_PTWR,      /* stores to live page tables */
    XD_GENERATE_DESC,      /* GDT, LDT and descriptors */
    XD_GENERATE_MEMORY,    /* reservations, exchange, questions */
    XD_GENERATE_EVENTS,    /* ports */
    XD_GENERATE_MULTICALL, /* calls in lists; the lists themselves */
    XD_GENERATE_MISC,      /* versions, scheduling, console, callbacks, assists, unknown numbers */
    XD_GENERATE_TRAPS, /* what enters a kernel, and iret: at the end of one program of 16; alone, all of it */
    XD_GENERATE_HOST, /* what a host does around a guest; the double only */
    XD_GENERATE_GROUPS
};
/* Of each domain of a program, as the oracle's kernel has. */
#define XD_GENERATE_KERNEL_PAGES 12u
#define XD_GENERATE_GUEST        ((1u << XD_GENERATE_HOST) - 1)

struct xd_generate {
    uint64_t seed;
    uint32_t steps;   /* calls, loads and stores on lines of their own; 0: 16 */
    uint32_t frames;  /* of the machine; 0: 32768 */
    uint32_t groups;  /* 1 << enum xd_generate_group, or'ed */
    bool two_domains; /* also an unprivileged d1; else d0 is alone */
};

/* The seed of program (nr) of a run with (seed), by which alone it is program 0 again; neighbouring runs have none in common. */
uint64_t xd_generate_seed(uint64_t seed, uint64_t nr);

/* The shapes that programs have in turn: steps, groups and domains of the (nr)-th are filled in. */
void xd_generate_shape(uint64_t nr, struct xd_generate *g);

/* The machine and its domains; every program begins with it. */
void xd_generate_head(const struct xd_generate *g, struct xd_str *out);
void xd_generate_text(const struct xd_generate *g, struct xd_str *out);

/* The name of group (i), "mm"; NULL past the last. The number of the group called so, or -1. */
const char *xd_generate_group_name(unsigned int i);
int xd_generate_group_find(const char *name);

#endif
