/* SPDX-License-Identifier: MIT */
/*
 * host.h: what the process owns around a machine, and who is told of what is done to it. No state of the machine's.
 */
#ifndef XD_HV_HOST_H
#define XD_HV_HOST_H

#include "abi/reject.h"
#include "base/arena.h"
#include "base/hostclock.h"
#include "base/newtype.h"
#include "hv/pte.h"
#include "xendouble/xendouble.h"

/* What happens to a machine besides the hypercalls of its guests. */
enum xd_deed {
    XD_DEED_TIME,    /* (number) ns pass */
    XD_DEED_VIRQ,    /* (number) is raised on (v) */
    XD_DEED_IRQ,     /* line (number) of the I/O APIC is raised */
    XD_DEED_TYPED,   /* (bytes, number) reach the console */
    XD_DEED_CREATE,  /* (d) was made */
    XD_DEED_DESTROY, /* (d) is taken apart */
    XD_DEED_CRASH,   /* (d) crashes by what its linked code did */
    XD_DEED_RESUME,  /* (d) goes on, in the way (number) */
    XD_DEED_EVENT,   /* an event arrives at port (number) of (d) */
    XD_DEED_UPCALL,  /* (v) gets a spurious upcall */
    XD_DEED_NMI, /* (v)'s linked code is entered by one, or leaves it: (number), one is in service */
    XD_DEED_SCARCE, /* the heap keeps all but (number) frames back */
    XD_DEED_ACCESS, /* (v)'s code faults in a window: (bytes) is a struct xd_told_access */
    XD_DEED_HOOK,   /* whatever a hook, a mock or a spy does around a call */
};

/* An access that Xen was asked to have a look at, and what came of it; known when it is over. */
struct xd_told_access {
    uint64_t va, value; /* a store's */
    uint8_t size;       /* 0: it came to no store */
    bool write, emulated;
    uint32_t error; /* of #PF */
    enum xd_why why;
    const char *cannot; /* NULL, or what no access by value is */
};

struct xd_iret_frame;
struct xd_str;
struct xd_told {
    enum xd_deed what;
    struct xd_domain *d;
    struct xd_vcpu *v;
    uint64_t number;
    const void *bytes;
};

/* Who is told of everything that is done to a machine; it changes nothing. */
struct xd_observer {
    void *ctx;
    void (*call)(void *ctx, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg);
    /* (injected): a hook answered in the call's place. */
    void (*ret)(void *ctx, struct xd_vcpu *v, int64_t rc, bool injected);
    /* An element of the call's batch is carried out, or (injected) answered (rc) by a lever; not told
     * while there are no levers. */
    void (*element)(void *ctx, uint64_t op, int64_t rc, bool injected);
    void (*before)(void *ctx, const struct xd_told *told); /* (d) of CREATE: not known */
    void (*after)(void *ctx, const struct xd_told *told);
};

/* How a domain was asked for, in the order of their making. */
struct xd_asked_domain {
    struct xd_asked_domain *next;
    const struct xd_domain *d;
    struct xd_domain_config config; /* with its number; its command line is a copy */
};

/* What a domain may hold, by what changes together; see xd_changed. */
enum xd_changing {
    XD_CHANGING_PORTS,  /* which are bound */
    XD_CHANGING_FRAMES, /* which are pinned; which of others are mapped, but for their going */
    XD_CHANGING_TIMERS, /* which are set, watchdogs too */
    XD_CHANGING_ALL
};

/* What the process owns around a machine. */
struct xd_host {
    struct xd_arena arena;
    struct xd_hooks hooks;
    /* Frames that the heap hands out in this order: those named for the domain being built, then
     * the spare ones. Without any it scatters them by seed. */
    const uint64_t *place, *spare;
    uint32_t places, place_first; /* how many; heap_taken when they were named */
    uint32_t spares, placed;      /* how many; frames named so far that are not spare */
    bool observed;                /* a hook that sees calls is set, or a lever */
    bool levers_on;               /* a lever is in force, or calls are expected */
    struct xd_levers *levers;     /* hv/lever.h; NULL: there never was one */
    bool long_way;   /* for stubs: a debug build, or a hook may run in the middle of a call */
    bool concurrent; /* guests change shared pages while a call runs */
    bool in_call;    /* a hypercall's handler runs: nobody may make another */
    bool left;       /* linked code made an iret, and has not gone there yet */
    struct {         /* what runs linked guests */
        void *guest;
        void (*free)(void *guest);         /* with the machine */
        void (*gone)(struct xd_domain *d); /* (d) is about to be taken apart */
        void (*up)(struct xd_vcpu *v);     /* it came up by a call */
        void (*reset)(struct xd_vcpu *v);  /* (v) never goes on where it stood */
        /* (v) makes an iret. False: not its linked code does. *frame, if that is 0: where it lies by RSP. */
        bool (*iret)(struct xd_vcpu *v, uint64_t *frame);
        /* ... and this is it: (v) goes there when the call is over, if xd_host.left. */
        void (*leaves)(struct xd_vcpu *v, const struct xd_iret_frame *f);
        void (*leave)(struct xd_vcpu *v, int64_t rax);
        /* The call that (v) stands in, if it does, returns this. */
        void (*returns)(struct xd_vcpu *v, int64_t rc);
        /* What stands in where the host has set no hook. */
        bool (*read)(void *ctx, struct xd_vcpu *v, uint64_t va, void *buf, size_t n);
        bool (*write)(void *ctx, struct xd_vcpu *v, uint64_t va, const void *buf, size_t n);
        /* As (read), for people and after the fact: it leaves no trace, and nobody is to be blamed for it. */
        bool (*look)(struct xd_vcpu *v, uint64_t va, void *buf, size_t n);
        /* Who made (v)'s last call, which was refused: lines for people. */
        void (*tell_caller)(struct xd_vcpu *v, struct xd_str *out);
        /* The struct that it gave, as xd_operand_look read it then. */
        const void *(*operand)(struct xd_vcpu *v);
    } linked;
    struct {
        uint64_t nr;
        size_t mark; /* in the arena's journal */
    } * snapshot;    /* those there are, in the order they were taken */
    uint32_t snapshots, snapshots_cap;
    uint64_t snapshots_made;
    /* How often the machine went back: what is known of its guests may be of another life. */
    uint64_t restored;
    const struct xd_watcher *watcher;   /* NULL: nobody keeps translations */
    const struct xd_observer *observer; /* NULL: none */
    struct xd_asked_domain *asked;
    struct xd_hostclock *clock; /* NULL: time is virtual */
    uint64_t
        changed[XD_CHANGING_ALL]; /* how often, of any domain: whoever watches need not look else */
    char error[256];              /* the last misuse of the host API, in words */
};

/* Whoever keeps translations of linked guests, and is told what Xen would do to those of the
 * processor. All are there but (called), which may be NULL. */
struct xd_watcher {
    void (*inval)(struct xd_vcpu *v, uint64_t va);
    void (*flush)(struct xd_vcpu *v);
    void (*reused)(struct xd_hv *hv, xd_mfn mfn); /* a freed frame is handed out again */
    void (*gone)(struct xd_domain *d);            /* (d) is about to be taken apart */
    void (*called)(struct xd_vcpu *v);            /* a call of (v) is over */
};

#endif
