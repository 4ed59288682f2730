/* SPDX-License-Identifier: MIT */
/*
 * runstate.c: how long a vCPU has been in which state.
 *
 * Accounts are brought up to date when a vCPU goes to sleep or runs again, and before time moves
 * on; so a state that begins and ends at one moment is seen by nobody but the guest itself.
 */
#include "hv/copy.h"
#include "hv/sched.h"
#include "hv/shared.h"

#define ASSIST_RUNSTATE_UPDATE_FLAG 5
#define BEING_WRITTEN               (UINT64_C(1) << 63) /* XEN_RUNSTATE_UPDATE, in state_entry_time */

enum { RUNNING, RUNNABLE, BLOCKED, OFFLINE };

static uint32_t runstate_of(const struct xd_vcpu *v)
{
    if (xd_vcpu_state(v) == XD_STATE_RUNNING)
        return RUNNING;
    return v->blocked ? BLOCKED : OFFLINE;
}

void xd_runstate_init(struct xd_vcpu *v)
{
    XD_PUT(v->hv, v->runstate, runstate_of(v));
    XD_PUT(v->hv, v->runstate_since, v->hv->now_ns);
}

/* Writes the byte that holds BEING_WRITTEN, wherever the rest lies. */
static void write_flag(struct xd_vcpu *v, uint64_t since)
{
    const uint8_t top = (uint8_t)(since >> 56);

    (void)xd_copy_out(
        v, v->runstate_area + offsetof(struct xd_abi_vcpu_runstate_info, state_entry_time) + 7,
        &top, sizeof(top));
}

/*
 * Brings the guest's copy up to date; nobody hears of a failure. For a domain that asks for it the copy is marked
 * meanwhile, so that who reads it on another vCPU knows to read again. AS-XEN: update_runstate_area
 */
static void tell(struct xd_vcpu *v)
{
    const bool flag = v->domain->vm_assist >> ASSIST_RUNSTATE_UPDATE_FLAG & 1;
    struct xd_abi_vcpu_runstate_info info;

    xd_runstate_get(v, &info);
    if (flag) {
        info.state_entry_time |= BEING_WRITTEN;
        write_flag(v, info.state_entry_time);
        xd_shared_order();
    }
    (void)xd_copy_out(v, v->runstate_area, &info, sizeof(info));
    if (flag) {
        xd_shared_order();
        write_flag(v, info.state_entry_time & ~BEING_WRITTEN);
    }
}

void xd_runstate_note(struct xd_vcpu *v)
{
    struct xd_hv *hv = v->hv;
    uint32_t state = runstate_of(v);

    if (state == v->runstate)
        return;
    XD_PUT(hv, v->runstate_time[v->runstate],
           v->runstate_time[v->runstate] + (hv->now_ns - v->runstate_since));
    XD_PUT(hv, v->runstate_since, hv->now_ns);
    XD_PUT(hv, v->runstate, state);
    if (!v->runstate_area || !v->cr3.v || v->domain->dying)
        return;
    tell(v);
}

void xd_runstate_noted(const struct xd_vcpu *v, struct xd_abi_vcpu_runstate_info *info)
{
    *info = (struct xd_abi_vcpu_runstate_info){.state = (int32_t)v->runstate,
                                               .state_entry_time = v->runstate_since};
    for (unsigned int i = 0; i < XD_ARRAY_SIZE(info->time); i++)
        info->time[i] = v->runstate_time[i];
}

void xd_runstate_get(const struct xd_vcpu *v, struct xd_abi_vcpu_runstate_info *info)
{
    xd_runstate_noted(v, info);
    info->time[v->runstate] += v->hv->now_ns - v->runstate_since;
}
