/* SPDX-License-Identifier: MIT */
/*
 * record.h: writing down, as a program that `xendouble replay` runs, everything that linked guests do.
 *
 * A recording is text that grows: a head (machine, domains), then a line for each call, each store
 * that can be seen in a frame, and all else that is done to the machine, with what came of it. Guests'
 * pointers lead to the host's memory, so what a call read there is written into its line.
 */
#ifndef XD_GUEST_RECORD_H
#define XD_GUEST_RECORD_H

#include "guest/guest.h"

/* One access of a call to guest memory. */
struct xd_reach {
    uint64_t va;
    size_t n;
    uint64_t order; /* among all */
    bool write, ok;
    bool told; /* the line says what was read or written here */
    unsigned char *bytes;
};

/* Bytes of guest memory that have one place in a line. */
struct xd_span {
    uint64_t va;
    size_t n;
};

/* An element of a batch, while there are levers. */
struct xd_element {
    uint64_t op;
    int64_t rc;
    bool injected;
};

/* A call under way, or one that is suspended. */
struct xd_said {
    struct xd_said *next;  /* of the entries of a multicall, or of those that are suspended */
    struct xd_said *outer; /* the multicall that it is an entry of */
    struct xd_said *entry, **last_entry;
    struct xd_vcpu *v;
    uint64_t nr, arg[XD_CALL_ARGS];
    struct xd_reach *reach;
    size_t reaches, reach_cap;
    struct xd_span *span; /* that its line speaks of */
    size_t spans, span_cap;
    struct xd_element *element;
    size_t elements, element_cap;
    int64_t rc;
    unsigned int why;
    bool injected, finished, suspended, blocked;
    bool ready;         /* suspended, and its vCPU has been woken since */
    uint32_t domid, id; /* of (v), which may be gone when it is suspended */
    struct xd_str late; /* stores that the call itself made through pointers into frames */
};

/* Text that is to be written, in order. */
struct xd_chunk {
    struct xd_chunk *next;
    struct xd_said *waits; /* for this call to finish; NULL: it is text */
    struct xd_str text;
};

/* What is known of a domain. */
struct xd_known {
    bool used;
    uint16_t domid;
    uint64_t pending[64]; /* its ports' bits, as last seen */
    struct {
        uint8_t state, upcall;
    } vcpu[XD_VCPUS];
};

struct xd_recorder {
    struct xd_guest *g;
    struct xd_hv *hv;
    struct xd_observer observer;
    char *path;
    void *file;        /* FILE; NULL: given up */
    long pid;          /* whose file it is */
    bool over;         /* something could not be recorded: nothing more is */
    uint64_t reached;  /* accesses to guest memory so far */
    unsigned int hook; /* hooks, mocks and spies that run now */
    struct xd_chunk *chunk, **last_chunk;
    struct xd_said *now;           /* the innermost call under way */
    struct xd_said *suspended;     /* calls */
    const struct xd_vcpu *current; /* of the last `@` */

    uint8_t declared[XD_DOMID_FIRST_RESERVED / 8]; /* a bit for each number that was a domain's */
    struct xd_known *known;                        /* domains_max */
    struct {
        uint16_t domid;
        bool named;
        uint32_t page; /* it is page(page) of domain (domid) */
    } * frame;
    unsigned char *shadow;   /* the arena as it was last seen */
    unsigned char *resident; /* for mincore: a byte a page of the arena */
    struct xd_frame *first;  /* frames as they were at the start */
};

/* ---- record.c ---- */
/* Begins to record (g) if the environment says so. */
void xd_record_begin(struct xd_guest *g);
/* The machine ends. */
void xd_record_end(struct xd_guest *g);
/* Something can't be recorded: says so, ends the recording. */
void xd_record_give_up(struct xd_recorder *r, const char *fmt, ...) XD_PRINTF(2, 3);
/* A line, or several, of the recording; (v): made by it; NULL: by the host. */
void xd_record_say(struct xd_recorder *r, const struct xd_vcpu *v, const char *text);
/* Something was done to the machine: do all calls that sleep go on some time? */
void xd_record_sleepers(struct xd_recorder *r);
/* A step of (v)'s, or with NULL of the host's, begins. */
void xd_record_turn(struct xd_recorder *r, const struct xd_vcpu *v);

/* ---- record_deed.c ---- */
void xd_record_machine(struct xd_recorder *r);
void xd_record_domain(struct xd_recorder *r, const struct xd_asked_domain *a);
/* What the host does: of struct xd_observer. */
void xd_record_before(void *ctx, const struct xd_told *told);
void xd_record_after(void *ctx, const struct xd_told *told);
/* Gives up: a hook, a mock or a spy did (what) in the middle of a call. */
void xd_record_hooked(struct xd_recorder *r, const char *what);

/* ---- record_state.c ---- */
bool xd_shadow_make(struct xd_recorder *r);
void xd_shadow_free(struct xd_recorder *r);
/* (n) bytes of Xen's state at (at) are known to be as they are. */
void xd_shadow_know(struct xd_recorder *r, const void *at, size_t n);
/* What the guests have stored in frames since it was last looked. */
void xd_shadow_stores(struct xd_recorder *r);
/* The machine is known to be as it is now. */
void xd_shadow_take(struct xd_recorder *r);
/* Is it as it was when that was known last? */
bool xd_shadow_same(struct xd_recorder *r);
/* What Xen has done since: expectations of it, unless (quiet). */
void xd_shadow_settle(struct xd_recorder *r, bool quiet);
/* A call wrote (n) bytes at (at), which lies in a frame, by a guest's pointer: adds it to (out). */
void xd_shadow_wrote(struct xd_recorder *r, const unsigned char *at, size_t n, struct xd_str *out);
/* The end: frames that are not as they were at the start. */
void xd_shadow_expect_frames(struct xd_recorder *r);
void xd_record_names(struct xd_recorder *r, struct xd_domain *d);

/* ---- record_memory.c ---- */
void xd_said_free(struct xd_said *c);
/* How many bytes from (va) on were read, or written, at most (max); their values go to (to). */
size_t xd_said_read(const struct xd_said *c, uint64_t va, unsigned char *to, size_t max);
size_t xd_said_written(const struct xd_said *c, uint64_t va, unsigned char *to, size_t max);
/* The line speaks of [va, va + n). */
void xd_said_tell(struct xd_said *c, uint64_t va, size_t n);
/* Everything that went well is in the line; what failed fails again, as nothing is there. */
bool xd_said_all_told(const struct xd_said *c);
/* Something was read well and could not be written. */
bool xd_said_readonly(const struct xd_said *c, uint64_t va);
/* Nothing that (c) or an entry of it wrote has two places in its line, and what was read twice was the same. */
bool xd_said_apart(const struct xd_said *c);
/* Steps: `memory` that holds what (c) and its entries read, to (before); and expectations of what they wrote. False: no
 * memory that only they write to gives them what they read. */
bool xd_said_memory(const struct xd_said *c, struct xd_str *before, struct xd_str *after);

static inline uint64_t xd_number_at(const unsigned char *at, size_t size)
{
    uint64_t value = 0;

    for (size_t i = 0; i < size && i < 8; i++)
        value |= (uint64_t)at[i] << 8 * i;
    return value;
}

/* ---- record_call.c ---- */
/* The lines of a finished call. */
void xd_said_text(struct xd_recorder *r, struct xd_said *c, struct xd_str *out);

/* ---- record_value.c ---- */
void xd_say_number(struct xd_str *out, uint64_t value);
void xd_say_frame(struct xd_recorder *r, const struct xd_vcpu *v, uint64_t mfn, struct xd_str *out);
void xd_say_word(struct xd_str *out, uint64_t value);
/* Is it some domain's shared_info? */
bool xd_is_shared_info(const struct xd_recorder *r, uint64_t mfn);
void xd_say_pte(struct xd_recorder *r, const struct xd_vcpu *v, uint64_t pte, struct xd_str *out);
void xd_say_value(struct xd_recorder *r, const struct xd_vcpu *v, unsigned int kind, uint64_t value,
                  struct xd_str *out);
void xd_say_text(struct xd_str *out, const void *bytes, size_t n);
void xd_say_rc(struct xd_str *out, int64_t rc);

/* ---- process.c ---- */
/* The file of the next recording of this process and those that fork from it, by the pattern (name):
 * %p is the process's number; from the second on the recording's own stands before the suffix. */
char *xd_record_path(const char *name);

#endif
