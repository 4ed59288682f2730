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
/* Commands, by bit: status and EOI of an interrupt, iopl, the I/O bitmap, reading an APIC; */
#define PHYSDEV_HARMLESS (UINT64_C(0x1f) << 4 | UINT64_C(1) << 12)
/* getdomaininfo, memory_mapping of a PV guest, the version of vm_event_op. */
#define DOMCTL_HARMLESS (UINT64_C(1) << 5 | UINT64_C(1) << 39 | UINT64_C(1) << 56)
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

/* Of these Xen only answers, or it is undone. */
static bool harmless(uint64_t nr, uint64_t cmd)
{
    return cmd < 64 && ((nr == HC_PHYSDEV_OP && PHYSDEV_HARMLESS >> cmd & 1) ||
                        (nr == HC_DOMCTL && DOMCTL_HARMLESS >> cmd & 1) ||
                        (nr == HC_MCA && MCA_HARMLESS >> cmd & 1));
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

void xd_machine_note(struct xd_machine *m, unsigned int domid, uint64_t nr, uint64_t cmd,
                     int64_t rc)
{
    if (rc < 0)
        return;
    note_nmi(m, domid, nr, cmd);
    for (size_t i = 0; i < XD_ARRAY_SIZE(rows); i++)
        if (rows[i].nr == nr && (rows[i].cmd == cmd || rows[i].cmd == ANY) && !harmless(nr, cmd))
            spend(m, domid, rows[i].all, rows[i].what);
}

void xd_machine_note_lost(struct xd_machine *m, unsigned int domid)
{
    spend(m, domid, true, "made a list of calls that took its own results away");
}
