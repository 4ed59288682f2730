/* SPDX-License-Identifier: MIT */
/*
 * lasting.c: what a program may do to a domain on real Xen that lasts, and that nobody can see from outside.
 *
 * All else is undone by undo.c and compared by machine.c. A domain that did one of these is built again, and dom0 booted.
 */
#include "machine.h"

#define HC_PLATFORM_OP    7u
#define HC_PHYSDEV_COMPAT 19u
#define HC_GRANT_TABLE_OP 20u
#define HC_VCPU_OP        24u
#define HC_NMI_OP         28u
#define HC_SCHED_OP       29u
#define HC_CALLBACK_OP    30u
#define HC_XENOPROF_OP    31u
#define HC_EVENT_CHANNEL  32u
#define HC_PHYSDEV_OP     33u
#define HC_SYSCTL         35u
#define HC_DOMCTL         36u
#define HC_KEXEC_OP       37u
#define HC_HYPFS_OP       42u
#define HC_MCA            48u
#define ANY               UINT64_MAX
#define REGISTER          0u /* a callback */
#define VCPUOP_SEND_NMI   11u
#define XENOPROF_INIT     0u
#define XENOPROF_PASSIVE  4u
#define XENOPROF_BUFFER   14u
#define XD_EPERM          1
#define XD_EFAULT         14
#define XD_EEXIST         17
/* Commands, by bit: status and EOI of an interrupt, iopl, the I/O bitmap, reading an APIC, asking for a vector, a debug port, */
#define PHYSDEV_HARMLESS \
    (UINT64_C(0x1f) << 4 | UINT64_C(1) << 10 | UINT64_C(1) << 12 | UINT64_C(1) << 29)
/*
 * getdomaininfo, getvcpucontext, getvcpuinfo, max_vcpus, hypercall_init, getvcpuaffinity, sizes of addresses, memory_mapping of a
 * PV guest, get_ext_vcpucontext, the version of vm_event_op, gettscinfo, getpageframeinfo3, getvcpuextstate; pausedomain and
 * unpausedomain are undone.
 */
#define BIT(n) (UINT64_C(1) << (n))
#define DOMCTL_HARMLESS                                                                     \
    (BIT(3) | BIT(4) | BIT(5) | BIT(10) | BIT(13) | BIT(14) | BIT(15) | BIT(22) | BIT(25) | \
     BIT(35) | BIT(36) | BIT(39) | BIT(43) | BIT(56) | BIT(59) | BIT(61) | BIT(63))
#define CREATEDOMAIN   1u
#define GET_VCPU_MSRS  72u /* likewise */
#define GET_CPU_POLICY 82u
/* Of sysctl what only tells: physinfo, the scheduler, domains, processors, free memory, idle states, nodes, devices, policies, */
#define SYSCTL_HARMLESS                                                              \
    (UINT64_C(1) << 3 | UINT64_C(1) << 4 | UINT64_C(1) << 6 | UINT64_C(1) << 8 |     \
     UINT64_C(1) << 9 | UINT64_C(1) << 10 | UINT64_C(1) << 16 | UINT64_C(1) << 17 |  \
     UINT64_C(1) << 22 | UINT64_C(1) << 25 | UINT64_C(1) << 26 | UINT64_C(1) << 27 | \
     UINT64_C(1) << 29)
/* ... and, by command, what of others only tells, by the word (at) that says what is to be done. */
static const struct {
    uint64_t cmd, at, harmless;
} sysctl_parts[] = {
    {2, 2, UINT64_C(1) << 0},                     /* tbuf_op: get_info */
    {12, 2, UINT64_C(1) << 0x22},                 /* pm_op: get_max_cstate */
    {14, 2, UINT64_C(1) << 2 | UINT64_C(1) << 3}, /* page_offline_op: none is offline */
    {18, 2, UINT64_C(1) << 3 | UINT64_C(1) << 7}, /* cpupool_op: info */
    {19, 4, UINT64_C(1) << 1},                    /* scheduler_op: getinfo */
};
/* Reading types of memory; processors, and whether they are there; firmware; registers; symbols. */
#define PLATFORM_HARMLESS                                                            \
    (UINT64_C(1) << 33 | UINT64_C(1) << 48 | UINT64_C(1) << 50 | UINT64_C(1) << 55 | \
     UINT64_C(1) << 56 | UINT64_C(1) << 61 | UINT64_C(1) << 63)
#define PLATFORM_CPU_ADD 58u
/* What the machine checked, and its processors. */
#define MCA_HARMLESS (UINT64_C(1) << 1 | UINT64_C(1) << 3)

static const struct {
    uint64_t nr, cmd;
    bool all; /* it may have been done to another domain */
    const char *what;
} rows[] = {
    /* Xen keeps priorities and the last queue of each port, whoever has it next. */
    {HC_EVENT_CHANNEL, 11, false, "used FIFO event channels"},
    {HC_SCHED_OP, 5, false, "said of what it will have ended"},
    {HC_GRANT_TABLE_OP, ANY, false, "used grants"},
    {HC_HYPFS_OP, 2, true, "lived under another setting of Xen's"},
    {HC_PLATFORM_OP, ANY, true, "lived through a platform operation"},
    {HC_SYSCTL, ANY, true, "lived through a sysctl"},
    {HC_DOMCTL, ANY, true, "lived through a domctl"},
    {HC_PHYSDEV_OP, ANY, true, "been given a part of a device"},
    {HC_XENOPROF_OP, ANY, true, "lived through profiling"},
    /* load and unload, old and new; commands that Xen does not know result in 0. */
    {HC_KEXEC_OP, 1, true, "lived with another kernel to crash into"},
    {HC_KEXEC_OP, 2, true, "lived with another kernel to crash into"},
    {HC_KEXEC_OP, 4, true, "lived with another kernel to crash into"},
    {HC_KEXEC_OP, 5, true, "lived with another kernel to crash into"},
    {HC_MCA, ANY, true, "lived through a machine check"},
    {HC_PHYSDEV_COMPAT, ANY, true, "been given a part of a device"},
};

/* Of these Xen only answers, or it is undone. Asking for profiling makes only a control domain the profiler. */
static bool harmless(unsigned int domid, uint64_t nr, uint64_t cmd)
{
    if (nr == HC_DOMCTL && (cmd == GET_VCPU_MSRS || cmd == GET_CPU_POLICY))
        return true;
    return cmd < 64 && ((nr == HC_XENOPROF_OP && cmd == XENOPROF_INIT && domid > 0) ||
                        (nr == HC_PHYSDEV_OP && PHYSDEV_HARMLESS >> cmd & 1) ||
                        (nr == HC_PLATFORM_OP && PLATFORM_HARMLESS >> cmd & 1) ||
                        (nr == HC_DOMCTL && DOMCTL_HARMLESS >> cmd & 1) ||
                        (nr == HC_SYSCTL && SYSCTL_HARMLESS >> cmd & 1) ||
                        (nr == HC_MCA && MCA_HARMLESS >> cmd & 1));
}

bool xd_machine_only_told(const uint32_t sysctl[XD_SYSCTL_WORDS])
{
    for (size_t i = 0; i < XD_ARRAY_SIZE(sysctl_parts); i++) {
        const uint32_t part = sysctl[sysctl_parts[i].at];

        if (sysctl_parts[i].cmd == sysctl[0])
            return part < 64 && sysctl_parts[i].harmless >> part & 1;
    }
    return false;
}

static void spend(struct xd_machine *m, unsigned int domid, bool all, const char *what)
{
    for (unsigned int nr = 0; nr < XD_XEN_DOMAINS; nr++)
        if (nr == domid || all)
            m->spent[nr] = what;
}

/* A kernel to which an NMI went is inside it for Xen until it makes the hypercall iret, which ours does not. */
static void note_nmi(struct xd_machine *m, unsigned int domid, uint64_t nr, uint64_t cmd)
{
    if ((nr == HC_NMI_OP || nr == HC_CALLBACK_OP) && cmd == REGISTER)
        m->nmi[domid] = true;
    if (nr == HC_VCPU_OP && cmd == VCPUOP_SEND_NMI && m->nmi[domid])
        spend(m, domid, false, "taken an NMI");
}

/*
 * Of a processor that can't be had Xen remembers the number, unless it knew it. Buffers for samples are there when Xen can't tell of
 * them. A number that Xen chose for a domain is not chosen again soon, even if there came none of it, and a domain is there when Xen
 * can't tell of it.
 */
static bool remembered(uint64_t nr, uint64_t cmd, int64_t rc)
{
    return (nr == HC_DOMCTL && cmd == CREATEDOMAIN && rc != -XD_EPERM) ||
           (nr == HC_PLATFORM_OP && cmd == PLATFORM_CPU_ADD && rc != -XD_EEXIST) ||
           (nr == HC_XENOPROF_OP && (cmd == XENOPROF_PASSIVE || cmd == XENOPROF_BUFFER) &&
            rc == -XD_EFAULT);
}

void xd_machine_note(struct xd_machine *m, unsigned int domid, uint64_t nr, uint64_t cmd,
                     int64_t rc)
{
    if (rc < 0 && !remembered(nr, cmd, rc))
        return;
    note_nmi(m, domid, nr, cmd);
    for (size_t i = 0; i < XD_ARRAY_SIZE(rows); i++)
        if (rows[i].nr == nr && (rows[i].cmd == cmd || rows[i].cmd == ANY) &&
            !harmless(domid, nr, cmd))
            spend(m, domid, rows[i].all, rows[i].what);
}

void xd_machine_note_lost(struct xd_machine *m, unsigned int domid)
{
    spend(m, domid, true, "made a list of calls that took its own results away");
}
