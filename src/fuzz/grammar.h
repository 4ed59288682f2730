/* SPDX-License-Identifier: MIT */
/*
 * grammar.h: rules that text is made from, and what they know of the program so far.
 *
 * A rule has a name and weighted alternatives. In the text of an alternative
 *   <name>        is replaced by what the rule makes
 *   <name@2>      likewise, and remembered as 2 for the rest of this story; <@2> is that again
 *   <30%text>     is there three times in ten
 *   <one/two>     is one of these texts, which may hold < > themselves
 * and a line break begins the next step. Rules that must know what went before are C functions.
 * What they know are guesses: a step may have been refused.
 */
#ifndef XD_FUZZ_GRAMMAR_H
#define XD_FUZZ_GRAMMAR_H

#include "fuzz/generate.h"

/*
 * Roles of a domain's pages. Pages of the first role may become base pointers, so nothing but the
 * kernel's own entry is ever written to their slot 511; XD_ROLE_CALLS holds lists of calls, so
 * nothing else ever names it.
 */
enum xd_role {
    XD_ROLE_L4,
    XD_ROLE_L3,
    XD_ROLE_L2,
    XD_ROLE_L1,
    XD_ROLE_SEG,
    XD_ROLE_PLAIN,
    XD_ROLE_GONE, /* given back and got again */
    XD_ROLE_CALLS,
    XD_ROLES
};
#define XD_GEN_PAGES         18u /* pages 0..17 have the roles before XD_ROLE_CALLS */
#define XD_GEN_CALLS         18u
#define XD_GEN_PORTS         32u
#define XD_GEN_REMEMBER      8u
#define XD_GEN_TEXT          96u
#define XD_GEN_NAMES         512u
#define XD_GEN_DEPTH_MAX     40u
#define XD_GEN_SPOIL_PERCENT 70u /* of steps that could go wrong in some place do */

enum xd_gen_port {
    XD_GEN_FREE,
    XD_GEN_UNBOUND,
    XD_GEN_PAIR,
    XD_GEN_VIRQ,
    XD_GEN_IPI,
    XD_GEN_RESERVED
};

/* What the program has probably done to a domain. */
struct xd_gen_domain {
    uint8_t pinned[XD_GEN_PAGES]; /* level, 0: not */
    bool gone[XD_GEN_PAGES];
    struct {
        uint8_t state; /* enum xd_gen_port */
        uint8_t dom;   /* at the other end; 2: one that does not exist */
        uint8_t port;  /* of a pair */
    } port[XD_GEN_PORTS];
    bool over;       /* it can't run any more */
    bool third_vcpu; /* may have a context */
};

struct xd_rule;
struct xd_gen {
    const struct xd_generate *ask;
    uint64_t chance; /* state of the random numbers */
    struct xd_gen_domain domain[2];
    unsigned int at;   /* the domain that makes the next step; */
    unsigned int vcpu; /* and in a story of traps, its vCPU */
    bool enters;       /* such stories come at the end */
    unsigned int depth;
    bool whole; /* nothing of the present story may go wrong */
    unsigned int names_used;
    char remember[XD_GEN_REMEMBER][XD_GEN_TEXT];
    const struct xd_rule *name[XD_GEN_NAMES]; /* by hash */
};

/* When an alternative can be taken. */
enum xd_when {
    XD_ALWAYS_ALT,
    XD_IF_TWO,        /* there are two domains */
    XD_IF_ALONE,      /* there is one */
    XD_IF_CONTROL,    /* the step is the control domain's */
    XD_IF_GUEST,      /* ... the other's */
    XD_IF_CONTROL_TWO /* the control domain's, and there is another */
};

struct xd_alt {
    uint16_t weight;
    uint8_t when;
    const char *text;
};
#define A(weight, text)             \
    {                               \
        weight, XD_ALWAYS_ALT, text \
    }
#define TWO(weight, text)       \
    {                           \
        weight, XD_IF_TWO, text \
    }
#define ALONE(weight, text)       \
    {                             \
        weight, XD_IF_ALONE, text \
    }
#define CTL(weight, text)           \
    {                               \
        weight, XD_IF_CONTROL, text \
    }
#define CTL2(weight, text)              \
    {                                   \
        weight, XD_IF_CONTROL_TWO, text \
    }
#define DOMU(weight, text)        \
    {                             \
        weight, XD_IF_GUEST, text \
    }

struct xd_rule {
    const char *name;
    const struct xd_alt *alt;
    uint16_t alts;
    uint16_t arg;
    void (*make)(struct xd_gen *g, unsigned int arg, struct xd_str *out); /* instead of (alt) */
};
#define RULE(name, alternatives)                                 \
    {                                                            \
        name, alternatives, XD_ARRAY_SIZE(alternatives), 0, NULL \
    }
#define MAKE(name, function, arg)    \
    {                                \
        name, NULL, 0, arg, function \
    }

/* Ended by a NULL name; one list a file. */
extern const struct xd_rule xd_rules_common[], xd_rules_mm[], xd_rules_tables[], xd_rules_desc[],
    xd_rules_memory[], xd_rules_events[], xd_rules_misc[], xd_rules_control[], xd_rules_cpu[],
    xd_rules_host[], xd_rules_enter[], xd_rules_traps[], xd_rules_spoil[], xd_rules_sysctl[],
    xd_rules_policy[];

uint32_t xd_gen_below(struct xd_gen *g, uint32_t n); /* 0..n-1 */
bool xd_gen_percent(struct xd_gen *g, unsigned int percent);
struct xd_gen_domain *xd_gen_here(struct xd_gen *g);

/* Learns from a line of the program which pages are pinned from now on. */
void xd_gen_note(struct xd_gen *g, const char *line, size_t len);
/* Lets some steps of (story) go wrong. */
void xd_gen_spoil(struct xd_gen *g, struct xd_str *story);
void xd_gen_ports_start(struct xd_gen *g);
void xd_gen_names(struct xd_gen *g);
/* Adds what (text) makes. Names must be known: tests expand every rule. */
void xd_gen_expand(struct xd_gen *g, const char *text, struct xd_str *out);
void xd_gen_rule(struct xd_gen *g, const char *name, struct xd_str *out);

#endif
