/* SPDX-License-Identifier: MIT */
/*
 * hv.h: one machine: all its state, in one arena.
 *
 *   [struct xd_hv][struct xd_domain, domains_max][struct xd_frame, frames][frame contents, frames]
 *
 * Pointers in here lead into the same arena, but for xd_hv.host. What is changed is changed through
 * XD_SET & co. (base/arena.h). Scratch records for observers (xd_vcpu.rec) are not machine state:
 * not journaled, not in the digest.
 */
#ifndef XD_HV_HV_H
#define XD_HV_HV_H

#include "abi/guest64.h"
#include "abi/reject.h"
#include "abi/table.h"
#include "base/arena.h"
#include "base/hostclock.h"
#include "base/newtype.h"
#include "hv/control.h"
#include "hv/device.h"
#include "hv/host.h"
#include "hv/pte.h"
#include "xendouble/xendouble.h"

#define XD_VCPUS        64u     /* a domain's vCPUs */
#define XD_VCPUS_SHARED 32u     /* those with a slot in shared_info */
#define XD_PORTS        131072u /* event channels that a domain can have, */
#define XD_PORTS_2L     4096u   /* and while it uses the 2-level bitmaps */
#define XD_PORT_BUCKET  64u     /* ports become valid in groups of this size */
#define XD_VIRQS        24u
#define XD_GDT_FRAMES   16u /* room in a vCPU context; 14 can be used */
/* Bits of CR4 that a PV guest has a say in. AS-XEN: PV_CR4_GUEST_MASK */
#define XD_CR4_TSD      0x4u
#define XD_CR4_DE       0x8u
#define XD_CR4_FSGSBASE 0x10000u
#define XD_CR4_OSXSAVE  0x40000u
#define XD_CR4_GUESTS   (XD_CR4_TSD | XD_CR4_DE | XD_CR4_FSGSBASE | XD_CR4_OSXSAVE)

#define XD_GDT_ENTRIES_MAX      7168u
#define XD_LDT_PAGES            16u
#define XD_RANGES               8u
#define XD_RIGHTS               4096u /* ranges of I/O memory, and of ports, that a domain may have */
#define XD_E820_MAX             1024u /* entries of a memory map */
#define XD_WATCHDOGS            2u    /* a domain's */
#define XD_CONSOLE_INPUT        128u
#define XD_POOLS                2u      /* of processors: twice as many as there are of them */
#define XD_PROFILED             25u     /* domains that can be on each of xenoprof's lists */
#define XD_LOW_FRAMES           256u    /* the first MiB is I/O memory */
#define XD_DOMID_NONE           0x7ff4u /* owner of nothing's frames (DOMID_INVALID) */
#define XD_DOMID_IO             0x7ff1u
#define XD_DOMID_XEN            0x7ff2u
#define XD_DOMID_SELF           0x7ff0u
#define XD_DOMID_FIRST_RESERVED 0x7ff0u
#define XD_WEIGHT_DEFAULT       256u        /* of credit2 */
#define XD_NODES                UINT64_C(1) /* nodes of memory that there are */
#define XD_VGCF_IN_KERNEL       UINT64_C(0x04)
#define XD_VGCF_ONLINE          UINT64_C(0x20)

/*
 * Of vm_assist: 4gb_segments and its notify, writable_pagetables, pae_extended_cr3, architectural_iopl,
 * runstate_update_flag; m2p_strict
 */
#define XD_ASSISTS (UINT64_C(0x3f) | UINT64_C(1) << 32)

struct xd_frame;

enum xd_port_state {
    XD_PORT_FREE,
    XD_PORT_RESERVED,
    XD_PORT_UNBOUND,
    XD_PORT_INTERDOMAIN,
    XD_PORT_PIRQ,
    XD_PORT_VIRQ,
    XD_PORT_IPI
};

/* A port. What is FIFO's outlives its binding. */
struct xd_port {
    uint8_t state;
    uint8_t priority;      /* FIFO: its queue is this one from now on */
    uint8_t last_priority; /* FIFO: the one it was put into last, */
    bool early;            /* FIFO: an event came before its word was there */
    uint16_t last_vcpu;    /* ... and of which vCPU */
    uint16_t notify_vcpu;
    uint16_t remote_dom;  /* UNBOUND: who may bind; INTERDOMAIN: the peer */
    uint16_t virq;        /* VIRQ; PIRQ: the pirq */
    uint32_t remote_port; /* INTERDOMAIN */
};

#define XD_FIFO_QUEUES 16u
#define XD_FIFO_PAGES  128u
#define XD_FIFO_WORDS  1024u /* of a page */

struct xd_trap {
    uint8_t vector, flags;
    uint16_t cs;
    uint32_t pad;
    uint64_t address;
};

struct xd_callback {
    uint64_t address; /* 0: none */
    bool mask;        /* entering masks events */
};

/* A call that Xen would restart: the registers that re-executing the SYSCALL would find. */
struct xd_continuation {
    uint64_t nr;
    uint64_t arg[XD_CALL_ARGS];
};

#define XD_REJECT_ARGS 4
#define XD_REJECT_VIA  4

/* The last refusal. Raw; text is made by xd_explain. */
struct xd_reject {
    uint16_t why;  /* enum xd_why; NONE: the call was not refused */
    uint16_t also; /* why the linear-table way out was closed too; NONE mostly */
    uint16_t via_nr;
    uint64_t arg[XD_REJECT_ARGS];
    uint64_t also_arg[XD_REJECT_ARGS];
    struct {
        uint64_t mfn;
        uint16_t level, slot;
    } via[XD_REJECT_VIA]; /* tables under audit around the refusal, innermost first */
};

#define XD_NR_NONE UINT64_MAX /* of xd_record: no call, but what the guest ran into */

/* What observers may look at after a call; scratch. */
struct xd_record {
    uint64_t nr;
    uint64_t arg[XD_CALL_ARGS];
    struct xd_reject reject;
    bool batch;        /* (item) holds the element of a batch that was refused */
    bool stack_kept;   /* what runs linked guests knows who made the call, */
    bool operand_kept; /* ... and what it gave */
    uint32_t index;    /* its number in the batch */
    uint64_t item[3];  /* mmu_update: ptr, val; mmuext_op: cmd, arg1, arg2 */
    size_t journal;    /* of a batch: where the journal stood when its last element began */
};

/* General registers at the last exit, and what the next entry loads. */
struct xd_regs {
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp, r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t rip, rflags;
    uint16_t cs, ss, ds, es, fs, gs, pad[2]; /* copied whole */
};

/*
 * The page of guest memory that Xen reached last, and the entries that this rests on: while they and the
 * base pointer are what they were, a walk would find the same. Scratch: pointers into the arena.
 */
struct xd_walked {
    uint64_t page; /* its address */
    uint64_t cr3;
    const uint64_t *entry[4];
    uint64_t value[4];
    unsigned char *mem; /* NULL: nothing is held */
    bool writable;      /* and dirty already */
};

struct xd_vcpu {
    struct xd_hv *hv;
    struct xd_domain *domain;
    uint32_t id;

    /* Why it makes no hypercalls; hv.off besides. */
    union {
        struct {
            bool blocked, down, paused_for_shutdown;
            bool continuing; /* a call (cont) is left to finish */
            bool paused;     /* with its domain */
            bool unused[3];
        };
        uint64_t stopped; /* 0: none of them */
    };
    bool initialised;
    bool begins;    /* when it is up, with the registers of VCPUOP_initialise */
    bool up_asleep; /* (down), and told that it is up: nothing has woken it */
    bool kernel_mode;
    bool in_multicall;
    bool sysret;        /* an iret in a list: how it leaves, when the list is over */
    bool answered;      /* by what Xen did outside of the present entry of a list: with (answer) */
    bool table_left;    /* by the present request of a batch: Xen gives it up in a continuation */
    bool polling_any;   /* for any port of the domain */
    bool poll_timer_on; /* outlives the poll that set it, as in Xen */
    bool pin_override;  /* SCHEDOP_pin_override is in force */
    bool soft_nowhere;  /* its soft affinity names no processor, where it should name all */
    bool shot_on;       /* the single-shot timer is set */
    bool tick_loose;    /* the periodic one runs though the vCPU does not */
    uint32_t poll_port; /* the only one polled for; 0: none or any */
    uint32_t runstate;  /* RUNSTATE_*, as last accounted */
    int64_t answer;
    uint64_t poll_timer_ns; /* absolute system time */
    uint64_t shot_ns;       /* when it fires: absolute system time */
    uint64_t period_ns;     /* of the periodic timer; 0: stopped */
    uint64_t tick_ns;       /* when it fired last */
    uint64_t runstate_since;
    uint64_t runstate_time[4];
    uint64_t runstate_area; /* guest address of a copy of it; 0: none */
    uint64_t entry;         /* guest address of the multicall's entry that is run */
    uint64_t time_area;     /* guest address of a copy of vcpu_info.time; 0: none */

    xd_mfn cr3;      /* kernel base pointer; holds an L4 reference; 0: none yet */
    xd_mfn user_cr3; /* 0: none */

    struct xd_regs regs;
    uint64_t cr2;
    uint64_t kernel_ss, kernel_sp;
    uint64_t fs_base, gs_base_kernel, gs_base_user;

    struct xd_callback event, failsafe, syscall, syscall32, sysenter;
    struct xd_trap trap[256];
    bool nmi_pending;
    bool nmi_in_service; /* delivered, and no iret since */
    bool ts;             /* virtual CR0.TS */
    uint8_t iopl;        /* virtual, 0 to 3 */
    uint32_t io_ports;   /* (io_bitmap) speaks of */
    uint64_t io_bitmap;  /* address of the bitmap of I/O ports */
    uint64_t dr[4], dr6, dr7;
    uint32_t cr4; /* virtual: those of XD_CR4_GUESTS that it was given */

    uint64_t context_flags; /* VGCF_* that it was given by a context */
    bool half_context;      /* the last one was refused behind its registers, which it has now */

    uint32_t gdt_ents;
    xd_mfn gdt_frame[XD_GDT_FRAMES];
    uint64_t ldt_base;
    uint32_t ldt_ents;
    xd_mfn ldt_frame[XD_LDT_PAGES]; /* pages of the LDT in use; 0: not */

    uint32_t virq_port[XD_VIRQS]; /* 0: not bound */
    xd_mfn info_mfn;              /* where vcpu_info lies; 0: it has none, see hv.no_info */
    uint32_t info_off;
    bool info_moved; /* into a page of the guest's: held writable for the vCPU's life */

    struct {
        xd_mfn mfn; /* where its control block lies; 0: it has none */
        uint32_t off;
        uint32_t tail[XD_FIFO_QUEUES]; /* the last port of each queue; 0: there was none */
        uint32_t pad;
    } fifo;

    uint64_t tlb_flushes, tlb_invlpgs; /* what reached this vCPU's TLB */
    struct xd_continuation cont;
    struct xd_given given;

    struct xd_record rec; /* this and the rest: scratch, see the head of this file */
    struct xd_walked walked;
};

/* Rights to I/O memory or to ports; in rights.c. */
struct xd_rights {
    uint32_t nr, pad;
    struct xd_range range[XD_RIGHTS];
};

struct xd_domain {
    struct xd_hv *hv;
    uint16_t domid;
    bool used;
    bool privileged; /* control domain */
    bool hardware;   /* hardware domain; here the control domain */
    uint8_t pauses;  /* by its controller, who has not gone back on them */
    bool debugged;   /* DOMCTL_setdebugging */
    bool dying;      /* being destroyed, or gone but for frames that others still map */
    bool dead;       /* all that could be released is; the last of its frames takes it away */
    bool finished;   /* its controller let it run once: it is no domain in the making any more */
    bool xenstore;   /* it was created as the domain that runs xenstore, */
    bool pit;        /* ... and with Xen's timer of a PC, as the hardware domain is */
    bool nodes_said; /* (nodes) were said, and do not follow from where its vCPUs may run */
    uint64_t l1_disallowed;    /* bits it may not set in L1 entries; follows from its I/O rights */
    uint32_t vcpus;            /* that it has, */
    uint32_t vcpus_max;        /* ... and that it was created for: all of them or none are there */
    uint32_t pages, pages_max; /* frames that belong to it (allocated); its limit */
    uint64_t vm_assist;        /* bit per VMASST type */
    uint8_t handle[16];
    xd_mfn shared_info;
    xd_mfn perdomain;      /* what L4 slot 260 points at */
    struct xd_start start; /* what the builder laid out */

    bool shutting_down, shut_down;
    int32_t shutdown_code; /* -1: none latched */

    struct {
        bool used;
        bool armed; /* not yet expired */
        uint64_t deadline_ns;
    } watchdog[XD_WATCHDOGS];

    uint32_t ports_valid;  /* ports below are valid */
    uint32_t port_max;     /* highest port that may be handed out */
    uint32_t ports_active; /* bound ones */
    uint64_t poll_mask;    /* a bit for each vCPU that is in SCHEDOP_poll, and blocked */
    struct {
        bool on; /* queues are used, not bitmaps */
        uint32_t pages;
        xd_mfn page[XD_FIFO_PAGES]; /* of the event array */
    } fifo;
    uint32_t claimed;       /* pages set aside for it that it has not taken yet */
    uint32_t e820_nr;       /* entries of (e820); 0: it was given no memory map */
    uint32_t irqs;          /* a bit for each IRQ that it may be given */
    uint16_t evtchn_remote; /* that the ports of xenstore and console are to wait for */
    bool auto_unmask;       /* PHYSDEVOP_eoi unmasks the port, too */
    xd_mfn eoi_map;         /* a page of its own: which pirqs want an EOI; 0: none */
    struct {
        xd_mfn first;   /* of its buffers' pages */
        uint32_t pages; /* 0: it has none */
        uint32_t size;  /* bytes of a buffer; each vCPU has one */
        uint32_t
            holds; /* the profiler keeps it from going away; more than there are entries: some are lost */
        uint8_t how, pad[7]; /* enum xd_profiled */
    } prof;
    struct xd_pirq pirq[XD_PIRQS];
    struct xd_line line[XD_GSIS]; /* the way back */

    /* What its controller said by domctl. */
    int64_t time_offset;                /* seconds, of its wall clock to the machine's */
    uint32_t tsc_mode, tsc_incarnation; /* XD_TSC_* */
    uint32_t suspend_port;              /* hears that it suspended; 0: none */
    uint32_t vtsc_khz;    /* of the TSC that Xen emulates for it, 0: it has the machine's; */
    uint64_t vtsc_since;  /* and when that was 0, which may be before all time */
    uint16_t weight, cap; /* of credit2; 100 is one processor, 0 no limit */
    uint64_t nodes;       /* of memory that it prefers */

    struct xd_vcpu vcpu[XD_VCPUS];
    struct xd_abi_e820entry e820[XD_E820_MAX];
    struct xd_vnuma vnuma;
    struct xd_rights iomem, ioport; /* that it may use */
    struct xd_cpu_policy policy;    /* that was set for it; see xd_policy_of_domain() */
    struct xd_port port[XD_PORTS];  /* last member: what is not valid is never touched */
};

/* A pool of processors, and the settings of its scheduler: of credit2 the rate limit only. */
struct xd_pool {
    bool used;
    uint8_t gran; /* enum xd_granularity */
    uint16_t pad;
    uint32_t id, sched;
    uint32_t ratelimit_us, tslice_ms, migr_delay_us;
};

#define XD_SETTING_TEXTS 6u
#define XD_SETTING_TEXT  32u /* bytes that a text has at most */

/* Parameters of Xen's that can be set while it runs. In setting.c. */
struct xd_settings {
    uint32_t grant_frames, maptrack_frames;
    uint8_t pcid, timestamps, global_pages, pad;
    uint8_t loglvl[2], guest_loglvl[2];  /* always written; written, but not too often */
    uint8_t text_size[XD_SETTING_TEXTS]; /* with the 0 at its end */
    char text[XD_SETTING_TEXTS * XD_SETTING_TEXT];
};

struct xd_hv {
    struct xd_host *host; /* the only way out of the arena */
    struct xd_config config;
    uint64_t now_ns; /* system time */

    uint32_t frames;     /* mfns 0..frames-1 exist */
    uint32_t heap_first; /* first frame that is handed out; below: I/O memory and Xen's own */
    uint32_t heap_taken; /* frames handed out from the permutation so far */
    uint32_t heap_early; /* frames that were handed out in a run, before their turn in it came */
    uint32_t heap_next;  /* where the next run is looked for first */
    uint32_t free_list;  /* freed frames, linked through xd_frame.type_count; 0: none */
    uint32_t scrub_list; /* likewise, of those to be cleared before they are handed out */
    uint32_t frames_free;
    uint32_t frames_kept; /* of them, kept back so that memory is short */
    uint32_t claimed;     /* of them, set aside for domains: the sum of theirs */
    xd_mfn m2p_first;     /* the M2P's frames, contiguous */
    xd_mfn m2p_l3;        /* what L4 slot 256 points at */
    struct xd_range mmio_ro[XD_RANGES];

    struct xd_gsi gsi[XD_GSIS];
    uint8_t vector_last;   /* handed out; the search for the next one starts behind it */
    uint8_t vector_offset; /* how often that search came round, modulo 8 */
    uint8_t
        vector_lost[XD_VECTORS / 8]; /* a bit for each that is an MSI's and will not come back */
    struct xd_mtrr mtrr[XD_MTRRS];
    struct xd_pci pci[XD_PCI_DEVICES]; /* that Xen was told of, */
    uint32_t pci_nr;                   /* so many */
    uint8_t cpu_ids[XD_APIC_IDS / 8]; /* a bit for each APIC id that a processor was said to have */
    bool px_known;                    /* Xen was told all about how fast the processor can be */
    uint16_t virq_handler[XD_VIRQS];  /* 1 + domid of who gets it; 0: the hardware domain */
    uint16_t
        domid_last; /* the last number that Xen chose for a domain, even if there came none of it */

    uint64_t no_info[8]; /* AS-XEN: dummy_vcpu_info: of all vCPUs that have none */
    bool off;            /* the hardware domain shut the machine down, or another call did so */
    bool kexec_flip[2];  /* which of the two places of an image is in use, by its type */
    bool kexec_loaded;   /* there is an image to boot into */
    uint64_t
        wc_sec; /* the wall clock at system time 0: the epoch, unless it was set, or the host's is followed */
    uint32_t wc_nsec;
    bool profiler;          /* the hardware domain is the primary profiler */
    uint8_t profiler_state; /* AS-XEN: xenoprof_state: 0 idle to 4 profiling */
    uint8_t profiled_nr;    /* entries of its list of active domains, */
    uint16_t
        profiled[XD_PROFILED]; /* ... and which they are; XD_DOMID_NONE: it is over with that one */
    bool profiled_ready[XD_PROFILED];
    uint32_t activated; /* AS-XEN: how many are ready, by how often it was said; may go below 0 */
    uint8_t passive_nr; /* the same of those that know nothing of it */
    uint16_t passive[XD_PROFILED];
    bool smt_saves_power;      /* the scheduler's option */
    uint32_t cstate_max[2];    /* deepest idle state, and state within it, that may be used */
    uint8_t cx_states;         /* ... and how many there are, as far as Xen was told */
    bool cx_told;              /* Xen was told of them, so it counts how often they are entered */
    bool mcg_is_posed;         /* see mcg_posed */
    uint32_t trace_mask;       /* events that would be traced */
    uint32_t trace_pages;      /* of the buffer for them; 0: there is none */
    uint32_t trace_info_pages; /* of its list, or of one for which there was no memory */
    xd_mfn trace_info;         /* where that begins; 0: there is none */
    uint64_t mcg_status,
        mcg_posed; /* a register, and what Xen reads in its place if mcg_is_posed */
    struct xd_pool pool[XD_POOLS];
    struct xd_settings setting;
    uint32_t console_nr; /* bytes of console input waiting, */
    uint32_t console_at; /* where in the ring the first of them stands */
    unsigned char console[XD_CONSOLE_INPUT];

    struct xd_domain *domain; /* domains_max of them */
    struct xd_frame *frame;
    unsigned char *mem; /* contents, frames * 4096 */
};

/* A build of Xen with its checks: it spoils the registers and entries that held arguments, and more. */
static inline bool xd_is_debug_build(const struct xd_hv *hv)
{
    return hv->config.profile == XD_PROFILE_DEBUG;
}

static inline struct xd_arena *xd_arena_of(struct xd_hv *hv)
{
    return &hv->host->arena;
}

/* XD_SET for state reached from (hv). */
#define XD_PUT(hv, lvalue, value) XD_SET(xd_arena_of(hv), lvalue, value)

/* Something of this kind has changed, or may be about to. */
static inline void xd_changed(struct xd_hv *hv, enum xd_changing kind)
{
    hv->host->changed[kind]++;
}

/* Our own promise about a machine; broken, the hooks may print how to get here, then the process
 * ends. */
#define XD_INVARIANT(hv, cond) \
    (XD_LIKELY(cond) ? (void)0 : xd_hv_bug((hv), __FILE__, __LINE__, __func__, #cond))
_Noreturn void xd_hv_bug(struct xd_hv *hv, const char *file, int line, const char *func,
                         const char *cond);

#define XD_HOST_EINVAL \
    22 /* host errnos, so that no header with the host's names is needed here \
                           */
#define XD_HOST_ENOMEM 12
#define XD_HOST_EEXIST 17
#define XD_HOST_ENOSPC 28

/* The host misused the API: remembers the sentence, returns -err. */
int xd_hv_misuse(struct xd_hv *hv, int err, const char *fmt, ...) XD_PRINTF(3, 4);

/* The domain called (domid), or NULL. Does not know DOMID_SELF. */
struct xd_domain *xd_domain_by_id(struct xd_hv *hv, uint16_t domid);

/* As Xen's "any id" lookups: DOMID_SELF is the caller. NULL if there is none. */
struct xd_domain *xd_domain_any_id(struct xd_vcpu *v, uint16_t domid);

/* The hardware domain: the first that was made a control domain. NULL if there is none. */
struct xd_domain *xd_hardware_domain(struct xd_hv *hv);

/* May the caller act on (target)? Itself, or it is the control domain. AS-XEN: xsm_default_action,
 * XSM_TARGET */
static inline bool xd_may_target(const struct xd_vcpu *v, const struct xd_domain *target)
{
    return v->domain == target || v->domain->privileged;
}

/* Does (d) have rights to I/O memory or ports? */
static inline bool xd_has_rights(const struct xd_domain *d)
{
    return d->iomem.nr || d->ioport.nr;
}

/* The vCPU (id) of (d), or NULL. */
static inline struct xd_vcpu *xd_vcpu_find(struct xd_domain *d, uint32_t id)
{
    return id < d->vcpus ? &d->vcpu[id] : NULL;
}

/* Records a refusal and gives the negative errno of its row. xd_reject(v, XD_WHY_X, up to 4
 * arguments) */
#define xd_reject(v, ...) xd_reject_record((v), (const uint64_t[XD_REJECT_ARGS + 1]){__VA_ARGS__})
int64_t xd_reject_record(struct xd_vcpu *v, const uint64_t *why_and_args);

/* The audit of slot (slot) of table (mfn) failed for a reason recorded deeper. */
void xd_reject_via(struct xd_vcpu *v, xd_mfn mfn, unsigned int level, unsigned int slot);

/* Pages that Xen shares with guests. The pointers are for reading; writing goes through XD_PUT. */
struct xd_abi_shared_info *xd_shared_info(struct xd_domain *d);
struct xd_abi_vcpu_info *xd_vcpu_info(struct xd_vcpu *v);

/* Makes the contents of frames memory that can be mapped elsewhere too: frame (mfn) lies at mfn * 4096 in
 * xd_arena.fd. 0 or a negative errno. */
int xd_hv_share(struct xd_hv *hv);

/* Runs what is due until (hv->now_ns) has moved by (ns). In vtime.c. */
void xd_vtime_advance(struct xd_hv *hv, uint64_t ns);

void xd_clock_catch_up(struct xd_hv *hv);
/* Time is another one, and goes on from there. */
void xd_clock_went_back(struct xd_hv *hv);

/* Lets pass what has passed on the host since the last look; nothing if time is virtual. Not in the middle of a call. */
static inline void xd_clock_follow(struct xd_hv *hv)
{
    if (XD_UNLIKELY(hv->host->clock != NULL))
        xd_clock_catch_up(hv);
}

/* When the next timer fires that may wake somebody; false: none is set, or the machine is off. */
bool xd_vtime_next(struct xd_hv *hv, uint64_t *deadline_ns);

/* Tells the observer; in hv.c. */
void xd_tell_before(struct xd_hv *hv, const struct xd_told *told);
void xd_tell_after(struct xd_hv *hv, const struct xd_told *told);

/* A hash of all machine state but the contents of frames. */
uint64_t xd_digest_state(struct xd_hv *hv);

/* Looks anew at what the hooks, and what runs linked guests, mean for calls. After a change of
 * xd_host.linked. */
void xd_hooks_settle(struct xd_hv *hv);

#endif
