/* SPDX-License-Identifier: MIT */
/*
 * xendouble.h: the host's side of xendouble: make a machine, put domains in it, make their
 * hypercalls, ask why.
 *
 *     struct xd_hv *hv;
 *     struct xd_domain *d;
 *     xd_hv_create(&hv, NULL);
 *     xd_domain_create(hv, NULL, &d);
 *     long rc = xd_hypercall(xd_vcpu_at(d, 0), 17, (uint64_t[6]){0}); // xen_version: 0x40011
 *     xd_hv_destroy(hv);
 *
 * Three kinds of failure, never mixed: a guest that is refused gets a negative Xen errno and a
 * reason (xd_why, xd_explain); a host that misuses these functions gets a negative host errno and a
 * sentence (xd_hv_error); a broken promise of xendouble itself ends the process with a report. No
 * guest can end the process.
 *
 * A machine is not thread safe, but for what <xendouble/guest.h> says of threads; any number of machines may exist in a process.
 */
#ifndef XENDOUBLE_XENDOUBLE_H
#define XENDOUBLE_XENDOUBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define XD_PUBLIC     __attribute__((visibility("default")))
#define XD_MUST_CHECK __attribute__((warn_unused_result))
#else
#define XD_PUBLIC
#define XD_MUST_CHECK
#endif

struct xd_hv;     /* a machine */
struct xd_domain; /* a PV domain in it */
struct xd_vcpu;   /* one of a domain's virtual CPUs */

/* ---- The machine ---- */

#define XD_FRAMES_MIN  1024u      /* 4 MiB */
#define XD_FRAMES_MAX  (1u << 20) /* 4 GiB */
#define XD_DOMAINS_MAX 64u

/*
 * How Xen was built. A debug build answers as Debian's does, but for what can't be relied on: argument registers of a hypercall are
 * overwritten when it returns (linked guests' stubs), and so are entries of a multicall but for their results; bit 62
 * of L1 entries is Xen's; every domain may write to Xen's console.
 */
enum xd_profile { XD_PROFILE_RELEASE, XD_PROFILE_DEBUG };

/*
 * What system time follows. XD_CLOCK_VIRTUAL: it stands still but for xd_advance, and for sleep (xd_run): equal runs give equal bytes.
 * XD_CLOCK_HOST: what passes on the host passes in the machine, too, whenever linked code makes a hypercall, comes to xd_preempt or is entered,
 * and whenever the host calls xd_advance, with 0 ns at least; timers fire at their deadlines then, in order; when all vCPUs of a run sleep, so
 * does the process. cpu_khz is the rate of the host's TSC then, and a guest's own rdtsc counts on from its clock's tsc_timestamp; XEN_PVCLOCK_TSC_STABLE_BIT (bit 0 of
 * flags) says so: where the host has no invariant TSC it is clear, and the machine's TSC counts ns, which rdtsc does not read. The wall clock is
 * the host's. xd_advance jumps ahead of the host by as much; xd_restore goes on from the snapshot's time. No two runs are the same; a recording
 * holds what passed as `advance` steps and is replayed on virtual time, and so goes on a machine that xd_load makes.
 */
enum xd_clock { XD_CLOCK_VIRTUAL, XD_CLOCK_HOST };

/* What a machine is made of. Start from XD_CONFIG_DEFAULT; a NULL config is that. */
struct xd_config {
    uint32_t frames; /* machine frames of 4 KiB, XD_FRAMES_MIN..XD_FRAMES_MAX; they cost nothing
                        until touched */
    uint32_t domains_max; /* 1..XD_DOMAINS_MAX */
    uint64_t seed;        /* scatters machine frame numbers */
    struct {
        uint64_t first, last;
    } mmio_ro
        [8]; /* I/O frames that may be mapped read-only at most, inclusive, besides the I/O APIC's (0xfec00);
                     unused: both 0 */
    uint64_t
        cpu_khz; /* what guests read of the clock's rate; 1..1000000000; the default with XD_CLOCK_HOST */
    uint64_t boot_ns; /* system time at the start, ns; up to 2^62 */
    enum xd_profile profile;
    enum xd_clock clock;
    char extraversion[16]; /* xen_version(extraversion) */
    char command_line
        [256]; /* Xen's own, for xen_version(commandline) and the settings that hypfs_op tells */
};
#define XD_CONFIG_DEFAULT                                                                        \
    {                                                                                            \
        .frames = 32768, .domains_max = 8, .seed = 1, .cpu_khz = 1000000, .boot_ns = 1000000000, \
        .extraversion = ".7", .command_line = "console=com1"                                     \
    }

/* NULL if the configuration is possible, else the sentence that says what is not. */
XD_PUBLIC const char *xd_config_error(const struct xd_config *config);

/*
 * Makes a machine. 0; -EINVAL for an impossible configuration (see xd_config_error); -ENOMEM when
 * the host has no address space for it. *hv is NULL on failure.
 */
XD_PUBLIC XD_MUST_CHECK int xd_hv_create(struct xd_hv **hv, const struct xd_config *config);
XD_PUBLIC void xd_hv_destroy(struct xd_hv *hv);

/* The sentence for the last thing the host asked that can't be; "" if there was none. Valid until
 * the next. */
XD_PUBLIC const char *xd_hv_error(const struct xd_hv *hv);

/* System time, ns, as it was when it last moved; looking moves it by no clock (see enum xd_clock). */
XD_PUBLIC uint64_t xd_now_ns(const struct xd_hv *hv);

/* Lets (ns) of virtual time pass: timers that fall due fire in order. With XD_CLOCK_HOST first what has passed on the host. */
XD_PUBLIC void xd_advance(struct xd_hv *hv, uint64_t ns);

/* Bytes typed on the machine's console, of 7 bits each; VIRQ_CONSOLE tells the control domain.
 * Returns how many found room: 128 wait at most. CTRL-A is a byte like others, while three of them
 * switch a real console from a domain to Xen. Where in Xen: __serial_rx. */
XD_PUBLIC size_t xd_console_input(struct xd_hv *hv, const void *bytes, size_t n);

/* Raises (virq) as Xen would: per-vCPU ones on (v), global ones wherever they are bound. */
XD_PUBLIC void xd_virq_raise(struct xd_vcpu *v, uint32_t virq);

/* ---- Domains ---- */

enum xd_order {
    XD_ORDER_DOMU, /* as the toolstack builds: p2m, start_info, xenstore, console, all L4, L3, L2,
                      L1, stack */
    XD_ORDER_DOM0, /* as Xen builds dom0: p2m, start_info, then tables L4, L1, L2, L3, L1..., stack
                    */
};

#define XD_RANGES_CONFIG 8

/*
 * A domain at its start of day. Start from XD_DOMAIN_CONFIG_DEFAULT; a NULL config is that.
 * vCPUs from number 32 on have no vcpu_info until the guest registers one (VCPUOP_register_vcpu_info), so 32 can be
 * online at most. AS-XEN: dummy_vcpu_info
 */
struct xd_domain_config {
    uint32_t domid;        /* 0..0x7fef, or XD_DOMID_AUTO: the lowest free number (1 and up unless
                              privileged) */
    uint32_t pages;        /* frames it gets; it must have room for what the builder lays out */
    uint32_t pages_max;    /* its limit, which may be less than it has; 0: (pages), or none for a
                              privileged domain */
    uint32_t vcpus;        /* 1..64 */
    uint32_t vcpus_online; /* vCPUs running from the start, with vCPU 0's page tables; 1..vcpus */
    bool privileged;       /* control and hardware domain, as dom0 */
    bool ioports;          /* I/O port rights (a privileged domain always has them) */
    enum xd_order order;
    uint64_t virt_base;    /* start of the initial region, 4 MiB aligned */
    uint32_t kernel_pages; /* size of the kernel image at virt_base; page 1 of it is the hypercall
                              page */
    uint64_t initrd_len;   /* bytes; 0: none */
    bool initrd_unmapped;  /* as with the ELF note MOD_START_PFN */
    uint64_t
        init_p2m; /* VA for the p2m list, as with the ELF note INIT_P2M; 0: inside the region */
    uint32_t port_max; /* highest event-channel port it may have, 1..131071 (above 4095: with FIFO
                          event channels only), 2 and up in domU order; not for a privileged one */
    uint32_t evtchn_remote; /* domain that the xenstore and console ports of a domU wait for */
    struct {
        uint64_t first, last;
    } iomem[XD_RANGES_CONFIG]; /* I/O frames it may map, inclusive; unused: first > last or both 0;
                                  not for a privileged one */
    const char *command_line;  /* up to 1023 bytes of it; NULL: empty */
    uint8_t handle[16];        /* UUID */
};
#define XD_DOMID_AUTO 0xffffffffu
#define XD_DOMAIN_CONFIG_DEFAULT                                                     \
    {                                                                                \
        .domid = XD_DOMID_AUTO, .pages = 2048, .vcpus = 1, .vcpus_online = 1,        \
        .order = XD_ORDER_DOMU, .virt_base = 0xffffffff80000000u, .kernel_pages = 4, \
        .port_max = 1023                                                             \
    }

/*
 * Builds a domain as Xen or the toolstack would, up to its first instruction. 0; -EINVAL for an
 * impossible configuration; -ENOSPC when the machine has no frames or no domain slot left; -EEXIST
 * for a number in use. *d is NULL on failure.
 */
XD_PUBLIC XD_MUST_CHECK int xd_domain_create(struct xd_hv *hv,
                                             const struct xd_domain_config *config,
                                             struct xd_domain **d);

/*
 * Takes a domain apart as Xen does. Frames that others still map stay until those mappings go, and
 * so long the domain can be found, dying, and not destroyed again.
 */
XD_PUBLIC void xd_domain_destroy(struct xd_domain *d);

/* The domain of this number, NULL if there is none. A destroyed one is found while others map
 * frames of it. */
XD_PUBLIC struct xd_domain *xd_domain_find(struct xd_hv *hv, uint32_t domid);
XD_PUBLIC uint32_t xd_domain_id(const struct xd_domain *d);
XD_PUBLIC struct xd_hv *xd_domain_hv(const struct xd_domain *d);
XD_PUBLIC struct xd_vcpu *xd_vcpu_at(struct xd_domain *d, uint32_t id); /* NULL if there is none */
XD_PUBLIC struct xd_domain *xd_vcpu_domain(struct xd_vcpu *v);

/* The SHUTDOWN_* code that (d) shut down with; -1 while it runs. */
XD_PUBLIC int xd_domain_shutdown_code(const struct xd_domain *d);

/*
 * What a toolstack does to a domain that suspended, by sched_op(SCHEDOP_shutdown, {SHUTDOWN_suspend}, mfn of start_info)
 * on vCPU 0: HYPERVISOR_suspend. Xen's part (domain_resume) is the same in all ways: the domain runs again, and nothing is
 * left of its shutdown code.
 */
enum xd_resume {
    /* Suspending was cancelled (xc_domain_resume, fast): the call of vCPU 0 returns 1, all else is as it was. For
     * guests with XEN_ELFNOTE_SUSPEND_CANCEL. */
    XD_RESUME_CANCELLED,
    /* As if anew, in the same domain (xc_domain_resume, not fast): the call returns 0; in start_info, store_mfn and
     * console.domU.mfn, where the guest has put pfns, are mfns again; all vCPUs but 0 are down and as if never
     * initialised. Ports, timers and registered areas are what they were. */
    XD_RESUME_ANEW,
    /*
     * As after a restore on another host (xc_domain_save, xc_domain_restore): the call returns 0; start_info besides has
     * nr_pages (shared_info's arch.max_pfn, or the builder's), shared_info and no flags, and names new ports for
     * xenstore and console, if the builder made some, that wait for evtchn_remote; all other ports are gone, as are FIFO event channels, pirqs, timers and watchdogs, registered areas, vcpu_info
     * outside shared_info, claims; no event is pending, all ports are masked, pfn_to_mfn_frame_list_list is 0; vCPUs
     * that were up run, out of a block or poll too; the others were never initialised.
     * Unlike there, the number of the domain and its frames stay the same, as on a host that had just these free, and
     * system time goes on.
     */
    XD_RESUME_RESTORED,
};

/*
 * Resumes (d). 0; -EINVAL, and nothing has changed, for a domain that is not suspended
 * (xd_domain_shutdown_code is not 2), whose vCPU 0 was never initialised or (XD_RESUME_RESTORED) is
 * down, or is in the middle of a multicall (XD_RESUME_CANCELLED), or, in the other ways, whose RDX
 * names no frame of its own that could be start_info, or whose start_info has no pfns there. Unlike
 * xc, which reads the p2m list that shared_info leads to, pfns are looked up in the M2P. Code of
 * xd_run goes on in its next run, or in the present one; that of vCPUs which are reset never does.
 */
XD_PUBLIC XD_MUST_CHECK int xd_domain_resume(struct xd_domain *d, enum xd_resume how);

/* What the builder laid out. Addresses are guest linear addresses, pfns pseudo-physical. */
struct xd_start {
    uint64_t virt_base, virt_end; /* the initial region */
    uint64_t kernel_va, hypercall_page_va;
    uint64_t mod_start, mod_len;
    uint64_t p2m_va;
    uint64_t start_info_va;
    uint64_t store_va, console_va; /* 0: none (dom0 order) */
    uint64_t pt_va, pt_frames;
    uint64_t stack_va;       /* its page; RSP starts at the end of it */
    uint64_t padding_va;     /* mapped, writable, unused: at least 512 KiB up to virt_end */
    uint64_t pages;          /* p2m entries */
    uint64_t mapped_pages;   /* pfns 0..mapped_pages-1 are mapped from virt_base on */
    uint64_t first_free_pfn; /* first page that nothing uses and nothing maps */
    uint64_t cr3_mfn, shared_info_mfn;
    uint32_t store_port, console_port; /* 0: none */
};
XD_PUBLIC const struct xd_start *xd_domain_start(const struct xd_domain *d);

/* The frame behind (pfn) in the p2m list as built; ~0 if there is none. Reads the guest's own list.
 */
XD_PUBLIC uint64_t xd_domain_mfn(struct xd_domain *d, uint64_t pfn);

/* ---- Hypercalls ---- */

/*
 * Makes a hypercall from guest kernel mode and returns what RAX would hold. (arg) are rdi rsi rdx
 * r10 r8 r9. Look at the vCPU's state afterwards: the call may have blocked it, shut its domain
 * down, or left a continuation. XD_NOT_RUNNING (no errno Xen can give) if the vCPU is in no state
 * to make one: see xd_hv_error.
 */
#define XD_NOT_RUNNING (-0x7fffffffL)
XD_PUBLIC int64_t xd_hypercall(struct xd_vcpu *v, uint64_t nr, const uint64_t arg[6]);

enum xd_state {
    XD_STATE_RUNNING,
    XD_STATE_BLOCKED,  /* SCHEDOP_block or poll, until an event or a timer */
    XD_STATE_DOWN,     /* never brought up, or VCPUOP_down */
    XD_STATE_SHUTDOWN, /* its domain shut down or crashed, or the machine is off */
    XD_STATE_PAUSED, /* by its domain's controller, or since that was destroyed; it may be blocked, too */
};
XD_PUBLIC enum xd_state xd_vcpu_state(const struct xd_vcpu *v);

/* A call was cut short (by blocking inside a multicall); finish it with xd_continue once the vCPU
 * runs again. */
XD_PUBLIC bool xd_continuing(const struct xd_vcpu *v);
XD_PUBLIC int64_t xd_continue(struct xd_vcpu *v);

/* True when an upcall would be delivered now: upcall_pending is set and upcall_mask is not. */
XD_PUBLIC bool xd_upcall_due(struct xd_vcpu *v);

/* The reason of the last refusal of (v)'s last call (of the last refused one inside a multicall); 0
 * if there was none. */
XD_PUBLIC unsigned int xd_why(const struct xd_vcpu *v);
/* The name of a reason, "frame-mapped-writable"; its number, or 0. */
XD_PUBLIC const char *xd_why_text(unsigned int why, char *buf, size_t size);
XD_PUBLIC unsigned int xd_why_find(const char *name);

/*
 * Explains the last refusal: the request decoded, the rule, the state that broke it, who holds the
 * frame or port concerned; and who made the call, if linked code did. Text for people, in several
 * lines; the caller frees it with free(). "" if nothing was refused.
 */
XD_PUBLIC char *xd_explain(struct xd_vcpu *v);

/* ---- Guest memory ---- */

/* How an access by guest code ended. */
enum xd_access {
    XD_ACCESS_OK,
    XD_ACCESS_EMULATED, /* a write to a page table, which Xen checked and carried out */
    XD_ACCESS_FAULT,    /* #PF goes to the guest */
    XD_ACCESS_GP,       /* #GP with error code 0: it reaches an address that is not canonical */
};
struct xd_fault {
    uint32_t error; /* as the guest sees it: bit 0 present, 1 write, 2 user */
    uint64_t cr2;
    unsigned int why; /* why Xen did not carry out the write; 0: it was not its business */
};

/*
 * Loads and stores as (v)'s code would, 1 to 4096 bytes at once. XD_ACCESS_FAULT with nothing in
 * *fault if the host asks for what no guest does: another size, or a vCPU that is down (see
 * xd_hv_error). (fault) may be NULL.
 */
XD_PUBLIC enum xd_access xd_guest_load(struct xd_vcpu *v, uint64_t va, void *buf, size_t size,
                                       struct xd_fault *fault);
XD_PUBLIC enum xd_access xd_guest_store(struct xd_vcpu *v, uint64_t va, const void *buf,
                                        size_t size, struct xd_fault *fault);

/* ---- What a guest runs into ---- */

/*
 * Entries of a guest's kernel, on (v) as its registers stand. Xen pushes its bounce frame onto the kernel's stack
 * through the kernel's page tables (entry.S, create_bounce_frame), the registers are the handler's then, and a
 * pending NMI or event that is due follows at once. Not for linked guests, whose registers are the host's.
 */
enum xd_entered {
    XD_ENTERED_HANDLER, /* the kernel's handler is about to run */
    XD_ENTERED_GP,      /* that of #GP, in its stead */
    XD_ENTERED_UD,      /* that of #UD, in its stead */
    XD_ENTERED_CRASH,   /* the domain crashed: xd_why says by what */
    XD_ENTERED_NONE,    /* nothing reaches the guest */
    XD_ENTERED_MISUSE,  /* no guest could do that here: see xd_hv_error */
};

/* The exception (vector) that an instruction of the guest raises. (error) where the vector has one, bit U of a page
 * fault's apart, which is the mode's; (cr2): of a page fault; of a #DB, the causes that the processor tells in DR6 (bits 0 to 3, 13 to 15),
 * which Xen adds to the guest's (do_debug). #NM reaches the guest only while TS is set. */
XD_PUBLIC enum xd_entered xd_guest_trap(struct xd_vcpu *v, unsigned int vector, uint32_t error,
                                        uint64_t cr2);
/* INT (vector), 0 to 255, an instruction of two bytes. */
XD_PUBLIC enum xd_entered xd_guest_int(struct xd_vcpu *v, unsigned int vector);
/* SYSCALL in user mode; RIP stands behind it. */
XD_PUBLIC enum xd_entered xd_guest_syscall(struct xd_vcpu *v);
/* Xen switches to the vCPU and finds that a data segment of it can't be loaded. */
XD_PUBLIC enum xd_entered xd_guest_failsafe(struct xd_vcpu *v);
/* Xen returns to the guest: a pending NMI and an event that is due are delivered. */
XD_PUBLIC enum xd_entered xd_guest_deliver(struct xd_vcpu *v);

struct xd_registers {
    uint64_t rax, rcx, r11, rip, rsp, rflags; /* rflags as Xen holds them: IF is always set */
    uint64_t cr2;
    uint64_t rdx; /* the last hypercall left it, and who resumes the domain looks at it */
    uint16_t cs, ss;
    bool user; /* in user mode */
    bool nmi_pending, nmi_in_service;
};
XD_PUBLIC void xd_guest_registers(const struct xd_vcpu *v, struct xd_registers *r);
/* Sets rax to rflags, and rdx, of *r, as the guest's own code could; the rest is left alone. 0; -EINVAL if it could not. */
XD_PUBLIC XD_MUST_CHECK int xd_guest_registers_set(struct xd_vcpu *v, const struct xd_registers *r);

/* The contents of a machine frame, for looking at; NULL if there is no such frame. */
XD_PUBLIC const void *xd_frame_contents(struct xd_hv *hv, uint64_t mfn);

/* The M2P entry of (mfn). */
XD_PUBLIC uint64_t xd_m2p(struct xd_hv *hv, uint64_t mfn);

/* ---- Going back ---- */

/*
 * A state of a machine to go back to. It covers all that xd_digest covers, and memory byte for byte:
 * frames, domains, vCPUs, ports, timers, time. It does not cover what lies outside the machine: the
 * host's own variables, hooks and what they remember, and of linked guests (guest.h) everything in
 * the host's memory, such as their variables and stacks. So restore between calls, never out of a
 * hook, and with linked guests only where none of their vCPUs stands still in a call.
 *
 * While there is a snapshot, every write to the machine is recorded. That costs a few ns a word;
 * going back costs as much again, and nothing where nothing changed. Xen has no such thing.
 */
struct xd_snapshot {
    struct xd_hv *hv;
    uint64_t machine; /* tells (hv) from those that were at its address before it */
    uint64_t nr;      /* 1 is the machine's first */
};

/* Takes one. Snapshots nest; each lasts until it is discarded, an older one is restored, or the
 * machine ends. */
XD_PUBLIC struct xd_snapshot xd_snapshot(struct xd_hv *hv);

/*
 * Puts the machine back into the state of (s). (s) stays, so it can be restored any number of times;
 * younger ones are gone. Pointers to domains and vCPUs made since (s) lead to nothing; those of
 * domains destroyed since are good again. 0; -EINVAL if (s) is gone or another machine's.
 */
XD_PUBLIC int xd_restore(struct xd_hv *hv, struct xd_snapshot s);

/* Gives (s) up; the machine stays as it is. 0; -EINVAL if (s) is gone, another machine's, or there
 * are younger ones. */
XD_PUBLIC int xd_discard(struct xd_hv *hv, struct xd_snapshot s);

/* ---- Files ---- */

/*
 * Writes the machine to a file, from which xd_load makes it again, in this process or another: the same
 * xd_digest, the same answers to all that follows. What is not of the machine stays behind, as for
 * xd_snapshot: the reason of the last refusal, hooks, levers and expected calls, snapshots. So save between
 * calls, never out of a hook. The file is written whole or not at all, and holds only what differs from
 * an empty machine; its format belongs to this version of xendouble. Hosts of another word size load it, too,
 * but their digests differ.
 *
 * 0; the host's negative errno, with a sentence in xd_hv_error: -EINVAL for a machine that can't leave
 * this process, since its guests are linked (guest.h), hooks read and write give them other memory, or a
 * guest's call is under way, or the host says which frames its heap hands out; what the host says if the file can't be written.
 */
XD_PUBLIC XD_MUST_CHECK int xd_save(struct xd_hv *hv, const char *path);

/*
 * Makes a machine of a file. Find its domains by xd_domain_find. Nothing in the file is believed: what is
 * damaged, of another version, impossible, or does not pass xd_audit is refused.
 *
 * 0; the host's negative errno with *hv NULL: -EINVAL for such a file, -ENOMEM when the host has no
 * address space, or what the host says if the file can't be read. *error (if not NULL) then gets the
 * sentence, which names the file, the place in it and what stands there, to be freed with free(); else
 * NULL.
 */
XD_PUBLIC XD_MUST_CHECK int xd_load(struct xd_hv **hv, const char *path, char **error);

/* ---- Checking ---- */

/*
 * Recomputes every count, type, owner and event-channel link from first principles and compares.
 * Returns the number of disagreements; *report (if not NULL) gets a line for each, to be freed, or
 * NULL when there is none. A disagreement is a bug of xendouble.
 */
XD_PUBLIC unsigned int xd_audit(struct xd_hv *hv, char **report);

/* A hash of all machine state. Equal states, equal digests. */
XD_PUBLIC uint64_t xd_digest(struct xd_hv *hv);

/* ---- Observers ---- */

/* All may be NULL. They see; only (inject), (read) and (write) change what happens. None may destroy the machine, or the domain
 * whose call it is shown. */
struct xd_hooks {
    void *ctx;
    /* Before a call runs, multicall entries too (depth 1). */
    void (*call)(void *ctx, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg,
                 unsigned int depth);
    /* After it ran, with its result. */
    void (*ret)(void *ctx, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg, int64_t rc,
                unsigned int depth);
    /* True: do not run the call, answer *rc. */
    bool (*inject)(void *ctx, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg, int64_t *rc);
    /* Text written by console_io. */
    void (*console)(void *ctx, struct xd_domain *d, const char *text, size_t n);
    /* A translation of (v) died: one page, or all of them. */
    void (*inval)(void *ctx, struct xd_vcpu *v, uint64_t va);
    void (*flush)(void *ctx, struct xd_vcpu *v);
    /* How hypercalls reach this machine's guests' memory; NULL: through their page tables. False:
     * -EFAULT. */
    bool (*read)(void *ctx, struct xd_vcpu *v, uint64_t va, void *buf, size_t n);
    bool (*write)(void *ctx, struct xd_vcpu *v, uint64_t va, const void *buf, size_t n);
    /* xendouble found itself broken and is about to abort: say how to get here. */
    void (*bug)(void *ctx, struct xd_hv *hv);
};
XD_PUBLIC void xd_hooks_set(struct xd_hv *hv, const struct xd_hooks *hooks); /* NULL: none */

#ifdef __cplusplus
}
#endif

#endif
