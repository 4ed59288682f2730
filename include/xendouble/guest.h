/* SPDX-License-Identifier: MIT */
/*
 * guest.h: guest code in this process: its hypercalls, its vCPUs, its upcalls.
 *
 *     #include <xen/interface/version.h>
 *
 *     xd_hv_create(&hv, NULL);
 *     xd_domain_create(hv, NULL, &d);
 *     xd_enter(xd_vcpu_at(d, 0)); // this thread is d's vCPU 0 now
 *     long rc = HYPERVISOR_xen_version(XENVER_version, NULL); // 0x40011
 *     xd_leave();
 *
 * Three doors lead to the machine, all at once: the HYPERVISOR_ functions below; the symbol
 * `hypercall_page` for guest objects that `call hypercall_page + 32 * number` (x86-64); and
 * xd_hypercall() of the host. Pointers in hypercalls of a linked machine are this process's own; one
 * that leads nowhere is answered -EFAULT, it does not crash the test. For that this library handles SIGSEGV and
 * SIGBUS, and passes on what is not its own to whoever handled them before. A handler of the test's own is
 * installed before xd_enter; one that comes later gets such faults too, until xd_enter, xd_guest_link, xd_run or
 * xd_guest_mirror is called again, or any call where the domain is watched (as in check.h). A thread that
 * blocks these signals is ended by the kernel, without a word. A call that has no sensible
 * answer (a thread that is no vCPU, code that goes on after its domain shut down) ends the process
 * with a sentence and a backtrace.
 */
#ifndef XENDOUBLE_GUEST_H
#define XENDOUBLE_GUEST_H

#include <xendouble/xendouble.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The thread becomes (v), whose guest code it is going to run; it stops being whom it was before.
 * From the first such call on, the machine of (v) is linked: pointers in its hypercalls are host
 * pointers. 0, or -EINVAL if (v) is down or its domain shut down, inside xd_run, or if the thread blocks
 * SIGSEGV or SIGBUS. When the domain is destroyed, the thread is no vCPU any more.
 */
XD_PUBLIC int xd_enter(struct xd_vcpu *v);
/* The thread is no vCPU any more. Code that xd_run runs stays one: there this does nothing. */
XD_PUBLIC void xd_leave(void);
/* Whom the thread is; NULL: no vCPU. */
XD_PUBLIC struct xd_vcpu *xd_self(void);
/* Makes a machine linked before anybody enters one of its vCPUs. */
XD_PUBLIC void xd_guest_link(struct xd_hv *hv);

/* ---- vCPUs as contexts ---- */

/*
 * Gives (v) code to run: fn(arg) on a stack of its own, as soon as xd_run lets it. A vCPU that is
 * down waits until it is brought up. Code of a run may give others code too, which that run runs then. 0; -EINVAL if it has code to run already; -ENOMEM if there is
 * no room for a stack.
 *
 * A vCPU that linked code brings up as a kernel does, by VCPUOP_initialise and VCPUOP_up, needs none (x86-64): in a run it begins at RIP of its
 * context, with the context's general registers, its RSP and the flags that user code can set; selectors and the bases of FS and GS are the host's.
 * What is due is delivered first, on that stack. Code given here before it has begun goes first. When it takes itself
 * down and is brought up again it goes on behind that call. It has nowhere to return to. If RIP is no code of this process (or of a
 * mirror's window), if nothing can be written below RSP, or if the context is of user mode, the process ends with a sentence that names the vCPU.
 */
XD_PUBLIC XD_MUST_CHECK int xd_vcpu_start(struct xd_vcpu *v, void (*fn)(void *arg), void *arg);

/* Who runs next at a preemption point: at a hypercall's return, and where the guest says
 * xd_preempt. */
enum xd_policy {
    XD_POLICY_ROUND_ROBIN, /* the next one, after (slice) points */
    XD_POLICY_RANDOM,      /* any of those that can run, by (seed) */
    XD_POLICY_PCT,         /* strict priorities by (seed), which change (depth) - 1 times within
                              (points) points: finds every bug of that depth with a known
                              probability */
};

/* Start from XD_RUN_CONFIG_DEFAULT; a NULL config is that. The environment variable
 * XENDOUBLE_SCHED, "round-robin:SLICE", "random:SEED", "pct:SEED:DEPTH:POINTS" or "threads", wins, and holds too
 * (but "threads") where a thread that entered its vCPU waits and others run meanwhile. */
struct xd_run_config {
    enum xd_policy policy;
    uint64_t seed;
    uint32_t slice;      /* 1 and up */
    uint32_t depth;      /* 1 to 65 */
    uint32_t points;     /* about how many preemption points a run has; 1 and up */
    uint64_t points_max; /* a run that needs more is given up; 0: no limit */
    bool quiet;          /* do not print reports to stderr */
    bool threads;        /* all at once, each on a thread of its own; no policy holds, no order */
};
#define XD_RUN_CONFIG_DEFAULT                                                               \
    {                                                                                       \
        .policy = XD_POLICY_ROUND_ROBIN, .seed = 1, .slice = 1, .depth = 3, .points = 1000, \
        .points_max = 100000000                                                             \
    }

enum xd_run_end {
    XD_RUN_FINISHED, /* all code returned, or its domain shut down, or it is that of vCPUs that are down; that of a domain which
                        suspended, or is paused, goes on in a later run, if it is resumed (xd_domain_resume) or unpaused */
    XD_RUN_DEADLOCK, /* no vCPU can run and no timer is set; see xd_run_report */
    XD_RUN_LIMIT,    /* points_max were passed */
    XD_RUN_NO_CODE, /* all code returned, but linked code brought a vCPU up (VCPUOP_up) that has nothing to go on with: it does not begin
                        with VCPUOP_initialise, and what it ran is over, or nobody gave it any (xd_vcpu_start, xd_enter); see xd_run_report */
};

/*
 * Runs the vCPUs of (hv) that have code, one at a time on this thread, until all are done or none
 * can go on. Same code, same configuration: same order. When all sleep, virtual time moves to the
 * next timer; on the host's clock (XD_CLOCK_HOST) the run sleeps until then. After XD_RUN_DEADLOCK
 * or XD_RUN_LIMIT it can be called again; contexts go on where they were.
 *
 * A periodic timer that another vCPU set for one which was blocked goes on meanwhile, and may wake nobody, as while its
 * events are masked. After 100000 ticks on end that did not (or naps of at most 1 s, on the host's clock, which take
 * 17 minutes at 10 ms) the run ends in XD_RUN_DEADLOCK; with config.threads it does not end.
 *
 * With config.threads each vCPU has a thread, and guest code really runs at the same time, as on as
 * many processors: ThreadSanitizer then sees races of it. Hypercalls come one after the other, and
 * event bits and upcall bytes in shared pages are changed atomically, so the guest must do likewise.
 * Waiting, time, upcalls and deadlocks are as above. Code that has begun as one kind goes on as
 * that kind only. Threads do not survive a fork().
 */
XD_PUBLIC enum xd_run_end xd_run(struct xd_hv *hv, const struct xd_run_config *config);

/* What the last run of (hv) that did not finish has to say: who waits for what, with backtraces,
 * and the setting that does it again. "" if it finished. Valid until the next. */
XD_PUBLIC const char *xd_run_report(struct xd_hv *hv);

/*
 * Code that runs as a thread calls functions of this library which look at the machine or change it,
 * xd_advance, xd_hypercall, xd_virq_raise and so on, between these two, and makes no hypercall of its
 * own there. They nest, and do nothing where there are no threads.
 */
XD_PUBLIC void xd_guest_lock(struct xd_hv *hv);
XD_PUBLIC void xd_guest_unlock(struct xd_hv *hv);

/*
 * Says that (d) was to end as it did, which ck_assert_shutdown does; and asks whether it crashed without
 * anybody having said so, which fails a test in xd_check_teardown.
 */
XD_PUBLIC void xd_guest_end_known(struct xd_domain *d);
XD_PUBLIC bool xd_guest_crashed_unasked(struct xd_domain *d);

/* Guest code that computes for long offers the others a turn, and takes upcalls that are due. */
XD_PUBLIC void xd_preempt(void);

/* ---- Upcalls ---- */

/*
 * fn(ctx) is called instead of the event callback that (v) registered with Xen: on the vCPU's own
 * stack, at a hypercall's return or a preemption point, when upcall_pending is set and upcall_mask
 * is not; masked meanwhile. NULL: back to the registered address, which is entered with Xen's
 * bounce frame (x86-64) and returns by the iret hypercall.
 */
XD_PUBLIC void xd_guest_on_upcall(struct xd_vcpu *v, void (*fn)(void *ctx), void *ctx);

/* How many upcalls have been delivered to (v), in either way. */
XD_PUBLIC uint64_t xd_guest_upcalls(struct xd_vcpu *v);

/* ---- NMIs ---- */

/*
 * fn(ctx) is called instead of the NMI handler that (v) registered with Xen (nmi_op, callback_op, set_trap_table): on the
 * vCPU's own stack, at a hypercall's return or a preemption point, when an NMI is pending (VCPUOP_send_nmi) and none is in
 * service, whatever upcall_mask is; before events that are due, which are masked meanwhile unless set_trap_table
 * registered it without that. NULL: back to the registered address, which is entered with Xen's bounce frame (x86-64) and
 * returns by the iret hypercall. Neither: the NMI is lost, as in Xen (set_guest_nmi_trapbounce). Its service ends with the
 * next iret hypercall or return of any such function: its own, or that of a handler which interrupts it.
 */
XD_PUBLIC void xd_guest_on_nmi(struct xd_vcpu *v, void (*fn)(void *ctx), void *ctx);

/* ---- The failsafe callback ---- */

/* Data segment selectors that Xen could not load; it loaded null selectors in their place. */
struct xd_selectors {
    uint16_t ds, es, fs, gs;
};

/*
 * Where Xen switches to a vCPU and can't load its data segments, it enters its failsafe callback (load_segments). Linked
 * code has the host's, which nobody loads anew, so a test says when: at the next hypercall's return or preemption
 * point of (v), Xen finds (sel) and can't load it. NULL: what the caller's registers hold, as if all could be loaded
 * by now. The callback is entered once; an NMI that is due comes before its first instruction, and so does an event, unless
 * it was registered with CALLBACKF_mask_events. xd_restore takes the lever back.
 */
XD_PUBLIC void xd_failsafe_raise(struct xd_vcpu *v, const struct xd_selectors *sel);

/*
 * fn(ctx, sel) is called instead of the failsafe callback that (v) registered, on the vCPU's own stack. NULL: back to
 * the registered address, which is entered with Xen's frame (x86-64), upwards from RSP: RCX R11 DS ES FS GS RIP CS
 * RFLAGS RSP SS, and returns by the iret hypercall, having taken the first six off. Neither: the domain crashes.
 */
XD_PUBLIC void xd_guest_on_failsafe(struct xd_vcpu *v,
                                    void (*fn)(void *ctx, const struct xd_selectors *sel),
                                    void *ctx);

/* ---- Guest memory as it is: the mirror (x86-64 Linux; not under ThreadSanitizer, nor with vCPUs as threads) ---- */

/*
 * A window of guest virtual addresses that are addresses of this process too: what the guest maps there
 * by its page tables, it uses by the pointer. Start from XD_MIRROR_CONFIG_DEFAULT.
 *
 * Translations are found by walking the running vCPU's page tables at the first use, which sets A and D,
 * and stay until Xen would flush them, as in a TLB. A write to a page table goes to Xen, which carries it
 * out (vm_assist writable_pagetables), as does not any instruction but mov, xchg, cmpxchg, xadd, bts, btr,
 * btc, arithmetic, stos, movs and short SSE moves. Any other fault arrives as #PF at the guest's trap table:
 * by Xen's bounce frame, with CR2 in vcpu_info; without a handler the domain crashes.
 *
 * All mirrors of a process are made, used and ended by one thread at a time.
 *
 * Valgrind must be told to show faults as they are: --vex-iropt-register-updates=allregs-at-mem-access
 * --vex-guest-chase=no. Even so it takes no flags back: stores to page tables that set them, SSE moves and
 * rep end the process there. What a function kept below its stack pointer over a #PF looks uninitialised.
 */
struct xd_mirror_config {
    uint64_t base; /* first address, of a page; 0: the domain's virt_base, if that is an address of
                      processes (below 2^47) and the domain has no window yet, else a free range */
    uint64_t size; /* bytes, whole pages, up to 64 GiB; costs nothing until used */
    bool
        strict; /* each vCPU has a TLB of its own; use of a translation that the page tables no longer
                      bear out, because the guest did not flush, ends the process with the backtraces
                      of who changed them and who used it */
};
#define XD_MIRROR_CONFIG_DEFAULT      \
    {                                 \
        .size = UINT64_C(0x40000000), \
    }

/*
 * Gives (d) a window; a NULL config is the default. Up to 4; one of them strict makes all so. The window
 * ends with the domain. 0; -EINVAL for an impossible window, or while vCPUs run as threads; -EEXIST if something of this process lies
 * there; -ENOMEM; -ENOSPC for a fifth.
 */
XD_PUBLIC XD_MUST_CHECK int xd_guest_mirror(struct xd_domain *d,
                                            const struct xd_mirror_config *config);

/* An address from which (size) bytes are free in this process, 1 GiB aligned: for virt_base, init_p2m
 * and windows. Different ones each time, the same in each run. 0: there is none. */
XD_PUBLIC uint64_t xd_guest_room(uint64_t size);

/* The first byte of the last window of (d), and its size; NULL: it has none. */
XD_PUBLIC void *xd_guest_window(struct xd_domain *d, uint64_t *size);

/* The pointer for guest address (va); NULL if it lies in no window of (d) (see xd_hv_error). The p2m list
 * and the initial page tables, the L4 first, as the builder laid them out, likewise. */
XD_PUBLIC void *xd_guest_at(struct xd_domain *d, uint64_t va);
XD_PUBLIC uint64_t *xd_guest_p2m(struct xd_domain *d);
XD_PUBLIC uint64_t *xd_guest_page_table(struct xd_domain *d);

/* ---- Looking at what a guest holds ---- */

/* A port as Xen has it. False: the domain's table does not have it. */
struct xd_port_info {
    const char *state;    /* "free" "reserved" "unbound" "interdomain" "virq" "ipi" */
    uint32_t remote_dom;  /* unbound: who may bind; interdomain: whose the other end is */
    uint32_t remote_port; /* interdomain */
    uint32_t virq;        /* virq */
    uint32_t vcpu;        /* who is told */
    bool pending, masked;
};
XD_PUBLIC bool xd_port_look(struct xd_domain *d, uint32_t port, struct xd_port_info *info);

/* A frame as Xen has it. False: the machine does not have it. */
struct xd_frame_info {
    const char *type; /* "none" "l1" "l2" "l3" "l4" "seg_desc" "shared" "writable" */
    uint32_t type_count, count;
    uint32_t owner; /* a domain's number, or a reserved one */
    bool pinned, validated;
    bool allocated; /* its domain still has it */
};
XD_PUBLIC bool xd_frame_look(struct xd_hv *hv, uint64_t mfn, struct xd_frame_info *info);

/* A vCPU as Xen has it, with what its vcpu_info says. */
struct xd_vcpu_info {
    const char *state;                 /* "running" "blocked" "down" "shutdown" "paused" */
    uint64_t cr3_mfn, user_cr3_mfn;    /* frames of its L4 tables; 0: none */
    uint64_t event, failsafe, syscall; /* addresses of its callbacks; 0: none */
    uint64_t tlb_flushes, tlb_invlpgs; /* that have reached it so far */
    uint64_t pending_sel;              /* evtchn_pending_sel */
    bool upcall_pending, upcall_mask;
    bool upcall_due;               /* xd_upcall_due */
    bool continuing;               /* xd_continuing */
    struct xd_registers registers; /* of no meaning for linked guests */
};
XD_PUBLIC void xd_vcpu_look(struct xd_vcpu *v, struct xd_vcpu_info *info);

/* A domain as Xen has it. */
struct xd_domain_info {
    uint32_t pages;        /* frames that belong to it */
    uint64_t vm_assist;    /* a bit for each VMASST_TYPE_* that is on */
    int32_t shutdown_code; /* SHUTDOWN_*; -1: it runs */
};
XD_PUBLIC void xd_domain_look(struct xd_domain *d, struct xd_domain_info *info);

/* (n) bytes of the guest's memory at (va), as hypercalls of (v) reach it, without a trace: no accessed bit is
 * set, and nobody faults. False: part of it can't be reached. */
XD_PUBLIC bool xd_guest_peek(struct xd_vcpu *v, uint64_t va, void *buf, size_t n);

/* Writes (n) bytes to the guest's memory at (va), as hypercalls of (v) do (Xen: copy_to_guest): through the kernel's
 * tables whatever the mode, nothing is emulated and nobody faults. False: part of it can't be written; what lies
 * before it is. */
XD_PUBLIC bool xd_guest_poke(struct xd_vcpu *v, uint64_t va, const void *buf, size_t n);

/*
 * From now on it is remembered which call of linked code made what (d) holds; what (d) holds already
 * is none of it. Costs a call about 0.5 us, and one that pins tables or maps frames of others a look at all
 * frames, some 60 us.
 */
XD_PUBLIC void xd_guest_watch(struct xd_domain *d);

/*
 * What (d) holds that it did not hold when it was first watched: bound ports, pinned tables, frames of
 * others in its page tables, timers and watchdogs that are set; each with the backtrace of the call that
 * made it, or set it last, if linked code did. Text for people, to be freed with free(); "" if there is
 * nothing; a domain that was never watched is told so.
 */
XD_PUBLIC char *xd_guest_leaks(struct xd_domain *d);

/*
 * Where hypercall_page's stubs go; for assembly only. The first is called, with the number in RAX; with that of iret it is
 * jumped to, as is the second, with Xen's whole frame (struct iret_context) on the stack.
 *
 * An iret as an entry of a multicall ends the list and leads where its frame says when the call is over (do_iret): RAX is what the list
 * would return. The frame is named by the entry's first argument; if that is 0, it lies where RSP points when Xen is entered, which is
 * below RCX and R11 that the stub of hypercall_page pushes: lowest R11, RCX, the return address, and what the caller
 * pushed: flags RIP CS RFLAGS RSP SS. xd_hypercall of the running vCPU's own code can make an iret too, whose frame is named.
 */
#if defined(__x86_64__)
XD_PUBLIC void xd_hypercall_entry(void);
XD_PUBLIC void xd_iret_entry(void);
#endif

/* ---- Hypercalls, with Linux's names and arguments ---- */

/* The interface of a 32-bit x86 guest differs from this machine's. */
#if !defined(__i386__)

struct mmu_update;
struct mmuext_op;
struct shared_info;
struct start_info;
struct trap_info;
struct vcpu_info;

/*
 * The pages that the guest shares with Xen, and the one it is started with, where they really are:
 * for reading and writing without a mapping. Of a vCPU, its own vcpu_info. Lost with the domain.
 */
XD_PUBLIC struct shared_info *xd_guest_shared_info(struct xd_domain *d);
XD_PUBLIC struct vcpu_info *xd_guest_vcpu_info(struct xd_vcpu *v);
XD_PUBLIC struct start_info *xd_guest_start_info(struct xd_domain *d);

XD_PUBLIC int HYPERVISOR_set_trap_table(struct trap_info *table);
XD_PUBLIC int HYPERVISOR_mmu_update(struct mmu_update *req, int count, int *success_count,
                                    uint16_t domid);
XD_PUBLIC int HYPERVISOR_set_gdt(unsigned long *frame_list, int entries);
XD_PUBLIC int HYPERVISOR_stack_switch(unsigned long ss, unsigned long esp);
XD_PUBLIC int HYPERVISOR_set_callbacks(unsigned long event_address, unsigned long failsafe_address,
                                       unsigned long syscall_address);
XD_PUBLIC int HYPERVISOR_fpu_taskswitch(int set);
XD_PUBLIC int HYPERVISOR_sched_op_compat(int cmd, unsigned long arg);
XD_PUBLIC int HYPERVISOR_platform_op(void *op);
XD_PUBLIC int HYPERVISOR_set_debugreg(int reg, unsigned long value);
XD_PUBLIC unsigned long HYPERVISOR_get_debugreg(int reg);
XD_PUBLIC int HYPERVISOR_update_descriptor(uint64_t ma, uint64_t desc);
XD_PUBLIC long HYPERVISOR_memory_op(unsigned int cmd, void *arg);
XD_PUBLIC int HYPERVISOR_multicall(void *call_list, int nr_calls);
/* (new_val) is what Linux's pte_t holds. */
XD_PUBLIC int HYPERVISOR_update_va_mapping(unsigned long va, uint64_t new_val, unsigned long flags);
XD_PUBLIC long HYPERVISOR_set_timer_op(uint64_t timeout);
XD_PUBLIC int HYPERVISOR_event_channel_op_compat(void *op);
XD_PUBLIC int HYPERVISOR_xen_version(int cmd, void *arg);
XD_PUBLIC int HYPERVISOR_console_io(int cmd, int count, char *str);
XD_PUBLIC int HYPERVISOR_physdev_op_compat(void *op);
XD_PUBLIC int HYPERVISOR_grant_table_op(unsigned int cmd, void *uop, unsigned int count);
XD_PUBLIC int HYPERVISOR_vm_assist(unsigned int cmd, unsigned int type);
XD_PUBLIC int HYPERVISOR_update_va_mapping_otherdomain(unsigned long va, uint64_t new_val,
                                                       unsigned long flags, uint16_t domid);
XD_PUBLIC int HYPERVISOR_vcpu_op(int cmd, int vcpuid, void *extra_args);
XD_PUBLIC int HYPERVISOR_set_segment_base(int reg, unsigned long value);
XD_PUBLIC int HYPERVISOR_mmuext_op(struct mmuext_op *op, int count, int *success_count,
                                   uint16_t domid);
XD_PUBLIC int HYPERVISOR_xsm_op(void *op);
XD_PUBLIC int HYPERVISOR_nmi_op(unsigned long op, unsigned long arg);
/* The present sched_op, 29. */
XD_PUBLIC int HYPERVISOR_sched_op(int cmd, void *arg);
XD_PUBLIC int HYPERVISOR_callback_op(int cmd, void *arg);
XD_PUBLIC int HYPERVISOR_xenoprof_op(int op, void *arg);
XD_PUBLIC int HYPERVISOR_event_channel_op(int cmd, void *arg);
XD_PUBLIC int HYPERVISOR_physdev_op(int cmd, void *arg);
XD_PUBLIC unsigned long HYPERVISOR_hvm_op(int op, void *arg);
XD_PUBLIC int HYPERVISOR_sysctl(void *op);
XD_PUBLIC int HYPERVISOR_domctl(void *op);
XD_PUBLIC int HYPERVISOR_kexec_op(unsigned long op, void *args);
XD_PUBLIC int HYPERVISOR_tmem_op(void *op); /* gone from Xen 4.17 */
XD_PUBLIC int HYPERVISOR_argo_op(unsigned int cmd, void *arg1, void *arg2, unsigned long arg3,
                                 unsigned long arg4);
XD_PUBLIC int HYPERVISOR_xenpmu_op(unsigned int op, void *arg);
XD_PUBLIC int HYPERVISOR_dm_op(uint16_t domid, unsigned int nr_bufs, void *bufs);
XD_PUBLIC int HYPERVISOR_hypfs_op(unsigned int cmd, void *arg1, unsigned long arg2, void *arg3,
                                  unsigned long arg4);
XD_PUBLIC int HYPERVISOR_mca(void *mc_op);
/* SCHEDOP_shutdown for suspending, which names the frame of start_info in a third argument. */
XD_PUBLIC int HYPERVISOR_suspend(unsigned long start_info_mfn);

#endif

#ifdef __cplusplus
}
#endif

#endif
