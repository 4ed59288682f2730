/* SPDX-License-Identifier: MIT */
/* fate.c: what a program's call did to domains, and to Xen, that later steps and programs must know of. */
#include "real.h"
#include "resume.h"

#include "hv/holders.h"

#define HC_PLATFORM_OP          7u
#define HC_SYSCTL               35u
#define HC_DOMCTL               36u
#define CREATEDOMAIN            1u
#define DESTROYDOMAIN           2u
#define SYSCTL_DEBUG_KEYS       7u
#define PAUSEDOMAIN             3u
#define UNPAUSEDOMAIN           4u
#define RESUMEDOMAIN            27u
#define SOFT_RESET_CONT         23u
#define SOFT_RESET              79u
#define HC_MCA                  48u
#define MEMORY_CMDS             63u /* above: where a call goes on that was cut short */
#define SCHEDOP_REMOTE_SHUTDOWN 4u
#define HC_SCHED_OP             29u
#define HC_MEMORY_OP            12u
#define XD_EFAULT               14

static struct xd_machine *const machine = &xd_real_machine;
static struct xd_xen *const xen = &xd_real_machine.xen;

/* A domain that another one ended is not the one whose answer does not come. */
static void look_for_ends(struct xd_domain *domain)
{
    uint8_t reason;

    for (unsigned int nr = 1; nr < XD_XEN_DOMAINS; nr++) {
        if (!domain[nr].used || machine->suspended[nr] ||
            !xd_toolstack_ended(xen, xd_xen_guest(nr, 0), &reason))
            continue;
        if (reason == XD_SHUTDOWN_SUSPEND) {
            xd_resume_note(&domain[nr]);
            continue;
        }
        for (uint32_t id = 0; id < XD_MAIL_VCPUS; id++) {
            xen->guest[xd_xen_guest(nr, id)].dead = true;
            xen->guest[xd_xen_guest(nr, id)].reason = reason;
        }
    }
}

/* What dom0 pauses stands still until it is unpaused as often: its kernel is asked nothing. Who is destroyed is gone. */
static void note_fate(struct xd_vcpu *v, uint64_t at)
{
    struct xd_domain *const domain = v->hv->domain;
    struct xd_abi_domctl op;

    if (!xd_look(v, &op, at, offsetof(struct xd_abi_domctl, u)) || op.domain >= XD_XEN_DOMAINS ||
        !domain[op.domain].used)
        return;
    if (op.cmd == DESTROYDOMAIN) {
        domain[op.domain].dying = true;
        machine->paused[op.domain] = 0;
        machine->suspended[op.domain] = false;
        xd_domain_destroy(&domain[op.domain]);
    }
    if (op.cmd == RESUMEDOMAIN)
        xd_resume_over(&domain[op.domain], 0);
    if (op.cmd != PAUSEDOMAIN && op.cmd != UNPAUSEDOMAIN)
        return;
    machine->paused[op.domain] += op.cmd == PAUSEDOMAIN ? 1 : -1;
    domain[op.domain].pauses = machine->paused[op.domain];
    xd_resume_return(&domain[op.domain]);
}

/* A domain that was refused under the number that its creator chose: nothing is left of it. */
static bool never_was(struct xd_vcpu *v, uint64_t at, int64_t rc)
{
    struct xd_abi_domctl op;

    return rc < 0 && rc != -XD_EFAULT && xd_look(v, &op, at, offsetof(struct xd_abi_domctl, u)) &&
           op.cmd == CREATEDOMAIN && op.domain && op.domain < XD_DOMID_FIRST_RESERVED;
}

/* A sysctl that presses keys of the console which mean nothing to Xen. */
static bool idle_keys(struct xd_vcpu *v, const uint32_t sysctl[XD_SYSCTL_WORDS])
{
    const uint64_t keys = sysctl[2] | (uint64_t)sysctl[3] << 32;
    uint32_t n = 0;
    char key;

    if (sysctl[0] != SYSCTL_DEBUG_KEYS)
        return false;
    while (n < sysctl[4] && xd_look(v, &key, keys + n, 1) && key == '@')
        n++;
    return n == sysctl[4];
}

bool xd_real_reset(struct xd_vcpu *v, uint64_t nr, const uint64_t *arg)
{
    struct xd_domain *const domain = v->hv->domain;
    struct xd_abi_domctl op;

    if (nr != HC_DOMCTL || !xd_look(v, &op, arg[0], offsetof(struct xd_abi_domctl, u)) ||
        (op.cmd != SOFT_RESET && op.cmd != SOFT_RESET_CONT) || op.domain >= XD_XEN_DOMAINS ||
        !domain[op.domain].used)
        return false;
    for (uint32_t id = 0; id < domain[op.domain].vcpus && id < XD_VCPUS_SHARED; id++) {
        struct xd_vcpu *t = &domain[op.domain].vcpu[id];
        struct xd_xen_frame now;

        if (!t->info_moved)
            continue;
        xd_xen_frame_at(xen, t->info_mfn.v, &now);
        if (now.count >= v->hv->frame[t->info_mfn.v].count)
            continue;
        t->info_mfn = domain[op.domain].shared_info;
        t->info_off = id * (uint32_t)sizeof(struct xd_abi_vcpu_info);
        t->info_moved = false;
    }
    return true;
}

void xd_real_note(struct xd_vcpu *v, uint64_t nr, const uint64_t *arg, int64_t rc)
{
    uint64_t cmd =
        nr == HC_MEMORY_OP ? arg[0] & MEMORY_CMDS : (uint32_t)arg[0]; /* as Xen takes it */
    uint32_t told, words[XD_SYSCTL_WORDS];

    if ((nr == HC_DOMCTL || nr == HC_MCA || nr == HC_PLATFORM_OP) &&
        xd_look(v, &told, arg[0], sizeof(told)))
        cmd = told;
    if (nr == HC_SYSCTL && xd_look(v, words, arg[0], sizeof(words))) {
        cmd = words[0];
        if (xd_machine_only_told(words) || idle_keys(v, words))
            return;
    }
    if (nr == HC_DOMCTL && never_was(v, arg[0], rc))
        return;
    xd_machine_note(machine, v->domain->domid, nr, cmd, rc);
    if (rc == 0 && nr == HC_DOMCTL)
        note_fate(v, arg[0]);
    if (rc == 0 && ((nr == HC_SCHED_OP && cmd == SCHEDOP_REMOTE_SHUTDOWN) || nr == HC_DOMCTL))
        look_for_ends(v->hv->domain);
}
