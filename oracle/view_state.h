/* SPDX-License-Identifier: MIT */
/* view_state.h: what was last seen of domains; shared by view.c and view_words.c only. */
#ifndef XD_ORACLE_VIEW_STATE_H
#define XD_ORACLE_VIEW_STATE_H

#include "view.h"

#include "hv/frame.h"

#define FREE_SEEN \
    32u /* free pages whose contents are looked at after each step, the window's tables included */
#define AREA_SEEN    8u   /* likewise of the argument area */
#define START_SEEN   256u /* pages from pfn 0 on that need not be zero at the start */
#define FRESH_MAX    256u
#define BITS_SEEN    6u
#define VCPUS_SEEN   4u
#define INFO_WORDS   392u /* of shared_info */
#define INFO_PENDING 256u
#define INFO_CLOCK   384u
#define INFO_ARCH    386u
#define VCPU_WORDS   8u /* of a vcpu_info, of which */
#define VCPU_CLOCK   4u /* and up is time, */
#define VCPU_RATE    7u /* here the rate of the TSC */
#define VCPU_EVENTS  2u /* the first ones */
#define MOVED_MAX    8u
#define L4_OWN       (XD_L4_XEN_END - XD_L4_XEN_FIRST)
#define OTHER_FRAME \
    UINT64_C(0x000ffffff0000000) /* in place of a frame number: Xen's, or another's */
#define HEAPS_FRAME \
    UINT64_C(0x000ffff000000000) /* ... one that the heap handed out, or might have */

/* A page whose words are looked at after each step. */
struct xd_seen_page {
    uint64_t now[XD_PT_SLOTS];  /* as it lay there */
    uint64_t told[XD_PT_SLOTS]; /* as it was told */
    uint16_t xens; /* of words XD_L4_XEN_FIRST and on: Xen wrote it, nobody else since */
    bool is_new;
};

/* A frame of a domain. */
struct xd_held {
    uint64_t mfn, m2p;
    struct xd_frame raw, told;
    struct xd_seen_page *page; /* NULL: its words are looked at in the end only */
    bool lost;                 /* it was given back: who gets it next is up to the heap */
    bool table; /* it is a page table, or was one: the processor may have written to it */
};

struct xd_seen_domain {
    bool started;
    char name[8];
    uint64_t pages, area;       /* pfn of the argument area */
    struct xd_held *held;       /* by pfn */
    struct xd_seen_page *store; /* room for those that are looked at */
    uint64_t *at_start;         /* of pages 0 to START_SEEN - 1 */
    struct xd_held info;        /* shared_info */
    uint64_t info_now[INFO_WORDS];
    enum xd_view_tsc tsc;
    struct xd_port *port; /* XD_PORTS */
    uint32_t ports;       /* of them were looked at */
    struct {
        uint64_t bits[BITS_SEEN], cr3;
    } vcpu[VCPUS_SEEN];
};

/* What a step is known to do. */
struct xd_doing {
    enum { ROOT, WALKED, COPIED } what;
    bool certain;
    uint64_t mfn, from;
};

struct xd_view {
    struct xd_str *out;
    uint32_t frames;
    bool *ours;                                          /* by mfn */
    enum { KNOWN, GIVEN_BACK, HANDED_OUT, NEW } * whose; /* by mfn; HANDED_OUT: perhaps */
    struct xd_seen_domain domain[XD_DOMAINS_MAX];
    struct xd_held fresh[FRESH_MAX]; /* that came from the heap, in this order */
    uint32_t nr_fresh;
    struct xd_doing *doing;
    size_t nr_doing, room_doing;
    struct {
        uint64_t at;
        bool runs;      /* its vCPU; then what concerns events is told by vcpu() */
    } moved[MOVED_MAX]; /* each vcpu_info that does not lie in shared_info */
    unsigned int nr_moved;
    unsigned char *has; /* by mfn: does the frame have memory? */
    bool anew;          /* numbers of frames may mean something else now */
};

/* Who holds the frame, if it was not given back; NULL: nobody. */
struct xd_held *xd_held_by(struct xd_view *s, uint64_t mfn);
/* Is the frame the heap's to give, or was it? */
bool xd_heaps(const struct xd_view *s, uint64_t mfn);

/* Does time lie there, or what is told otherwise, in a vcpu_info that was moved? */
bool xd_hidden(const struct xd_view *s, uint64_t maddr);

/* ---- view_words.c ---- */

/* Tells which words of a page have changed. */
void xd_look_at_words(struct xd_view *s, struct xd_hv *hv, const char *name, uint64_t nr,
                      struct xd_held *h);
/* ... of all pages of a domain that are not looked at after each step. */
void xd_look_at_others(struct xd_view *s, struct xd_hv *hv, const char *name,
                       const struct xd_seen_domain *d);
/* To be called before. */
void xd_find_memory(struct xd_view *s, const struct xd_hv *hv);

#endif
