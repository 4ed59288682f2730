/* SPDX-License-Identifier: MIT */
/* book.h: the model's books, and the questions its files ask of each other. */
#ifndef XD_TESTS_BOOK_H
#define XD_TESTS_BOOK_H

#include "base/strbuf.h"
#include "model.h"
#include "view.h"

#define P_BIT  UINT64_C(1)
#define RW_BIT UINT64_C(2)
#define US_BIT UINT64_C(4)
#define PS_BIT UINT64_C(0x80)
#define CACHE  UINT64_C(0x98)  /* PWT, PCD, PAT */
#define UPPER  UINT64_C(0x198) /* never in entries above L1: PWT, PCD, PSE, G */

enum { T_NONE, T_L1, T_L2, T_L3, T_L4, T_SEG, T_WRITABLE = 7 };

#define VCPUS   XD_VCPUS
#define DOMAINS XD_DOMAINS_MAX

/* What a vCPU holds. */
struct roots {
    uint32_t up, gdts;      /* no holes: they are compared as bytes */
    mfn_t kernel, user;     /* base pointers; user 0: none */
    mfn_t info;             /* vcpu_info, which Xen writes; 0: in shared_info */
    mfn_t block;            /* control block of its event queues; 0: none */
    mfn_t gdt[16], ldt[16]; /* ldt 0: not in use */
};

struct model {
    struct xd_hv *hv;
    mfn_t frames;
    /* By frame. */
    uint8_t *type;   /* that it is held in as a table or descriptors; T_NONE: it is not */
    uint8_t *last;   /* that it was last held in, as the machine tells and the call goes on */
    uint32_t *wr;    /* writable mappings */
    uint32_t *refs;  /* all that holds it but its allocation */
    uint32_t *users; /* of them, in its type */
    int32_t *linear; /* linear entries that it holds, less those that lead to it */
    uint8_t *pin;    /* level; 0: not pinned */
    uint64_t **copy; /* contents after the requests judged so far, where they differ */
    mfn_t *copied;
    uint32_t copies;
    struct xd_frame *seen;   /* the machine's records, when they were believed */
    struct settled *settled; /* what the books were settled from */
    bool touched;            /* the books were changed since */
    bool compared;           /* ... and agreed with the machine */
    mfn_t *used;             /* frames that anybody has, and Xen's own */
    uint32_t uses;
    uint32_t slots; /* of domains that were ever in use */
    struct roots root[DOMAINS][VCPUS];
    /* What to put back if a request turns out impossible. */
    struct undo {
        void *at;
        uint64_t old;
        uint8_t size;
    } * undo;
    size_t undos, undo_room;
    /* The call under way. */
    bool called;   /* and was looked at: nothing has happened since */
    bool fresh;    /* the books are those of the machine as it is */
    bool hindered; /* by a lever: nothing is foreseen */
    bool predicted;
    bool granted;
    uint32_t ldt_ents; /* of the caller, so far */
    uint64_t ldt_base;
    char why[160]; /* the model's reason, if it is to be refused */
    struct xd_str said;
    struct flushes *flushes;
    struct memory *memory;
    struct ports *ports;
    mfn_t *todo; /* for the walk */
};

/* ---- book.c ---- */
void book_size(struct model *m, struct xd_hv *hv);
/* Believes the machine: pins and roots. */
void book_sync(struct model *m);
/* Have frames or roots changed since? */
bool book_moved(struct model *m, struct xd_hv *hv);
/* Finds what holds what, from the roots; (type) so far tells linear entries from links. */
void book_settle(struct model *m);
void book_compare(struct model *m);
/* Would these three do nothing that they have not done? All they read is compared, nobody is asked whether it changed. */
bool book_is_settled(struct model *m);
/* Would the machine's state be right? Compares what was foreseen: pins, roots, contents. */
void book_compare_foreseen(struct model *m);
void book_forget_copies(struct model *m);
const uint64_t *book_words(const struct model *m, mfn_t f);
uint64_t *book_write(struct model *m, mfn_t f);
/* Stands for what Xen writes into its slots of an L4 table: frames of its own. */
uint64_t book_xens_entry(const struct model *m);
bool book_owned(const struct model *m, mfn_t f, uint32_t domid);
#define COMPLAIN(m, ...)                          \
    do {                                          \
        if ((m)->said.len < 2000) {               \
            xd_str_add(&(m)->said, "model: ");    \
            xd_str_addf(&(m)->said, __VA_ARGS__); \
            xd_str_addc(&(m)->said, '\n');        \
        }                                         \
    } while (0)
#define N(x) ((unsigned long long)(x))

/* ---- settled.c: what book_settle read ---- */
struct settled *settled_new(void);
void settled_free(struct settled *s);
/* (type): what the walk found frames to be; it has read the contents of all tables. */
void settled_remember(struct model *m, const uint8_t *type);
/* From now on they are others, whatever is there. */
void settled_forget(struct model *m);
bool settled_same(struct model *m);
void book_read_roots(struct model *m, struct roots root[DOMAINS][VCPUS]);

/* ---- rules.c ---- */
/* Each: may it be? If not, m->why says why not, and nothing has changed. */
bool rule_take(struct model *m, mfn_t f, unsigned int type); /* it gets a user in this type */
bool rule_change(struct model *m, const struct xd_vcpu *v, mfn_t table, unsigned int slot,
                 uint64_t val, uint32_t pg);
bool rule_descriptor(uint64_t d);
bool rule_io_rights(const struct xd_domain *d);
void rule_remember(struct model *m, void *at, uint8_t size);
#define CHANGE(m, lvalue, value)                       \
    do {                                               \
        rule_remember((m), &(lvalue), sizeof(lvalue)); \
        (lvalue) = (__typeof__(lvalue))(value);        \
    } while (0)
bool no(struct model *m, const char *fmt, ...) XD_PRINTF(2, 3);

/* ---- calls.c ---- */
bool calls_va_ok(uint64_t va);
/* Could the guest write there? */
bool calls_writable(struct model *m, const struct xd_vcpu *v, uint64_t va, size_t n, bool *certain);
void calls_foresee(struct model *m, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg);
/* Reads guest memory as it is after the requests so far; false: it can't be told or can't be read. */
bool calls_read(struct model *m, const struct xd_vcpu *v, uint64_t va, void *to, size_t n,
                bool *certain);

/* ---- flushes.c: which TLBs a call must flush ---- */
struct flushes *flushes_new(void);
void flushes_start(struct model *m);
void flushes_owe(struct model *m, const struct xd_vcpu *v, bool one_address);
/* ... each of (vcpus), a bit each, that is up. */
void flushes_owe_domain(struct model *m, const struct xd_domain *d, uint64_t vcpus,
                        bool one_address);
#define EVERY_VCPU UINT64_MAX
/* Frame (f) gets a user in (type), the first one: who may remember it in another has to forget. */
void flushes_retyped(struct model *m, mfn_t f, unsigned int type);
void flushes_compare(struct model *m);

/* ---- memory.c: exchange ---- */
struct memory *memory_new(void);
void memory_free(struct memory *b);
void memory_foresee(struct model *m, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg);
void memory_after(struct model *m, struct xd_vcpu *v, int64_t rc);

/* ---- ports.c ---- */
struct ports *ports_new(void);
void ports_sync(struct model *m);
void ports_foresee(struct model *m, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg);
void ports_after(struct model *m, struct xd_vcpu *v, int64_t rc);

#endif
